//! Whether the key that seals is the one that is published.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sekisho_engine::{
    Sealer,
    world::{Ask, TxtFound},
};
use sekisho_policy::SealAlgorithm;

use super::{Check, Doctor};
use crate::{config::Config, marks, world};

impl Doctor<'_> {
    /// The check; `None` when nothing is sealed.
    pub(super) fn arc(&self, config: &Config) -> Option<Check> {
        let sealer = match marks::sealer(config) {
            Ok(sealer) => sealer?,
            Err(error) => {
                return Some(self.bad("arc", "doctor-arc-wrong", &[("why", &format!("{error:#}"))]));
            }
        };
        let desk = world::desk(config).ok()?.with_deadline(Duration::from_secs(5));
        if desk.is_closed() {
            return Some(self.warning("arc", "doctor-arc-unverified", &[]));
        }
        let name = sealer.record_name();
        let ask = Ask { txt: vec![name.clone()], ..Ask::default() };
        let answered = desk.answer_blocking(&ask, &mut Duration::from_secs(5));
        let record = record(&sealer);
        let told = [("name", name.as_str()), ("record", &record)];
        Some(match answered.txt.into_iter().next() {
            Some(TxtFound::Records(texts)) if texts.iter().any(|text| fits(text, &sealer)) => {
                self.good("arc", "doctor-arc", &told)
            }
            Some(TxtFound::Records(_)) => self.bad("arc", "doctor-arc-other", &told),
            Some(TxtFound::Absent(_)) => self.bad("arc", "doctor-arc-none", &told),
            Some(TxtFound::Failed(why)) => {
                self.bad("arc", "doctor-arc-failed", &[("name", &name), ("why", &why)])
            }
            None => self.bad("arc", "doctor-dns-silent", &[]),
        })
    }
}

fn tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut tags = text.split(';').filter_map(|tag| tag.split_once('='));
    tags.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// A record (RFC 6376 §3.6.1) publishes this key. Its `p=` has an identifier before an RSA key, or not.
fn fits(text: &str, sealer: &Sealer) -> bool {
    let kind = match sealer.sealing().algorithm {
        SealAlgorithm::Rsa => "rsa",
        SealAlgorithm::Ed25519 => "ed25519",
    };
    let key: String = tag(text, "p").unwrap_or_default().split_ascii_whitespace().collect();
    let key = STANDARD.decode(key).unwrap_or_default();
    tag(text, "k").unwrap_or("rsa").eq_ignore_ascii_case(kind) && key.ends_with(sealer.public_key())
}

/// The record to publish. What stands before an RSA key there, `openssl rsa -in KEY -pubout` writes.
fn record(sealer: &Sealer) -> String {
    match sealer.sealing().algorithm {
        SealAlgorithm::Rsa => "v=DKIM1; k=rsa; p=…".to_owned(),
        SealAlgorithm::Ed25519 => format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(sealer.public_key())),
    }
}
