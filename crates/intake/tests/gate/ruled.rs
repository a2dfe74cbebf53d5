//! A gatekeeper for tests that decides as the policy says: everything is benign, and what names `X-Inside` comes from one of
//! our people. And a message with forgeries of our fields.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "not every test needs all of it")]

use std::sync::Arc;

use sekisho_engine::{
    gate::{Arrival, Gatekeeper, Passage},
    resolver::Answer,
};
use sekisho_policy::{Policy, Ruling, Wish, rule, settings};
use sekisho_record::{Evidence, Verdict};

/// Decides by this policy.
pub struct Ruled(Policy);

impl Ruled {
    /// Our domain and our authserv-id are `tests.example`.
    pub fn new() -> Arc<Self> {
        let authserv_id = Some("tests.example".to_owned());
        let written = settings::Policy { authserv_id, ..settings::Policy::default() };
        Arc::new(Self(Policy::new(&written, &["tests.example".to_owned()]).unwrap()))
    }
}

impl Gatekeeper for Ruled {
    fn pass(&self, arrival: Arrival) -> Answer<'_, Passage> {
        let mut evidence = Evidence::default();
        evidence.authentication.source = "verified".into();
        evidence.authentication.spf = Some("none".into());
        evidence.model.direction.outbound = Some(memchr::memmem::find(&arrival.raw, b"X-Inside").is_some());
        let verdict = Verdict::default();
        let wish = Wish { id: "r1".into(), splits: arrival.splits, now: arrival.at, ..Wish::default() };
        let envelope = arrival.envelope.as_ref();
        let ruling = rule(&arrival.raw, &verdict, Some(&evidence), envelope, &self.0, &wish);
        let Ruling { decisions, plain, bannered, outside } = ruling;
        let passage =
            Passage { id: wish.id, verdict, decisions, plain, bannered, outside, ..Passage::default() };
        Box::pin(std::future::ready(passage))
    }
}

/// Fields in our name, between others that look like them, in all the ways that they can be written.
pub const FORGED: &str = "Authentication-Results: tests.example;\r\n\tspf=pass;\r\n dkim=pass\r\n\
    SEKISHO-verdict: benign\r\n\
    Authentication-Results: other.example; spf=fail\r\n\
    authentication-RESULTS: (a\r\n comment \\) still) \"Tests.Example\" ;\r\n\tdmarc=pass\r\n\
    Sekisho-Banner: v=1;\r\n h=x\r\n\
    Authentication-Results:\r\n\tTESTS.example (x) 1; spf=pass\r\n\
    X-Keep:  two\r\n\tfold \r\n\
    Authentication-Results:\r\n other.example;\r\n\tspf=neutral\r\n\
    sekisho-verdict:benign\r\n\
    AUTHENTICATION-results:tests.example(comment);spf=pass\r\n\
    Subject: x\r\n\r\nAuthentication-Results: tests.example; spf=pass\r\n";

/// What is left of it: the others, byte for byte.
pub const LEFT: &str = "Authentication-Results: other.example; spf=fail\r\n\
    X-Keep:  two\r\n\tfold \r\n\
    Authentication-Results:\r\n other.example;\r\n\tspf=neutral\r\n\
    Subject: x\r\n\r\nAuthentication-Results: tests.example; spf=pass\r\n";

/// What stands above it.
pub const OURS: &str = "Sekisho-Verdict: benign; score=0; clause=rest-is-delivered; id=r1\r\n\
    Authentication-Results: tests.example;\r\n\tspf=none\r\n";
