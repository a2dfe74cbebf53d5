//! A gatekeeper for tests: the message says in a field `X-Do` what is to be done with it, and everything is written down.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "not every test needs all of it"
)]

pub mod ruled;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sekisho_engine::gate::{Arrival, Gatekeeper, Passage};
use sekisho_engine::resolver::Answer;
use sekisho_record::{Action, Change, Decision, Decisions, FieldChange, Level, Patch};

/// The body that a banner puts in the place of any other: four megabytes.
pub fn banner_body() -> Vec<u8> {
    let mut body = b"<html><body><div>Careful!</div>\r\n".to_vec();
    while body.len() < 4_000_000 {
        body.extend_from_slice(format!("<p>{} .dots and ordinary text</p>\r\n..\r\n", body.len()).as_bytes());
    }
    body
}

/// The field of every message that passes, folded and with more than one blank.
pub const FIELD: &str = "X-Sekisho:  id=1,\r\n\tclass=benign\r\n";

/// What is written down of everything that arrives.
#[derive(Default)]
pub struct Gate {
    arrivals: Mutex<Vec<Arrival>>,
    judging: AtomicUsize,
}

/// Counts a message that is being judged, until it is or nobody wants to know any more.
struct Judging<'a>(&'a AtomicUsize);

impl Drop for Judging<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Gate {
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Everything that arrived.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().unwrap().clone()
    }

    /// Messages that are being judged now.
    pub fn judging(&self) -> usize {
        self.judging.load(Ordering::SeqCst)
    }

    /// The last arrival.
    pub fn last(&self) -> Arrival {
        self.arrivals().pop().expect("something arrived")
    }
}

impl Gatekeeper for Gate {
    fn pass(&self, arrival: Arrival) -> Answer<'_, Passage> {
        self.arrivals.lock().unwrap().push(arrival.clone());
        self.judging.fetch_add(1, Ordering::SeqCst);
        let judging = Judging(&self.judging);
        Box::pin(async move {
            let _judging = judging;
            let text = String::from_utf8_lossy(&arrival.raw).into_owned();
            let wish = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
                line.trim().to_owned()
            };
            if let Ok(seconds) = wish("X-Wait:").parse() {
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            }
            assert!(wish("X-Panic:").is_empty(), "the message wants it");
            passage(&arrival, &wish("X-Do:"), &wish("X-Remove:"))
        })
    }
}

fn action(wish: &str) -> Action {
    let (word, rest) = wish.split_once(' ').unwrap_or((wish, ""));
    match word {
        "banner" => Action::Banner { level: Level::Warning },
        "hold" => Action::Quarantine,
        "reject" => Action::Reject { text: rest.into() },
        "defer" => Action::Defer { text: rest.into() },
        "redirect" => Action::Redirect { to: rest.into() },
        _ => Action::Deliver,
    }
}

/// `deliver; hold`: one wish for each recipient, the last for all that follow.
fn passage(arrival: &Arrival, wishes: &str, remove: &str) -> Passage {
    let recipients = arrival.envelope.as_ref().map_or(0, |envelope| envelope.rcpt_to.len());
    let wishes: Vec<&str> = wishes.split(';').map(str::trim).collect();
    let decision = |at: usize| Decision {
        action: action(wishes.get(at).or(wishes.last()).unwrap_or(&"")),
        clause: "test".into(),
        recipients: vec![u32::try_from(at).unwrap()],
    };
    let (name, value) = FIELD.trim_end().split_once(':').unwrap();
    let mut fields = vec![
        FieldChange::Insert { name: name.into(), value: value.into() },
        FieldChange::Insert { name: "X-Second".into(), value: " below".into() },
    ];
    if !remove.is_empty() {
        fields.push(FieldChange::Remove { name: remove.into(), nth: 1 });
        fields.push(FieldChange::Remove { name: remove.into(), nth: 3 });
        fields.push(FieldChange::Replace { name: remove.into(), nth: 2, value: "  changed\r\n here".into() });
    }
    let start = arrival.raw.windows(4).position(|four| four == b"\r\n\r\n").map_or(2, |at| at + 4);
    let body = vec![Patch { at: 0, cut: arrival.raw.len() - start, put: banner_body() }];
    Passage {
        id: "1".into(),
        decisions: Decisions { each: (0..recipients).map(decision).collect(), ..Decisions::default() },
        plain: Change { fields: fields.clone(), body: Vec::new() },
        bannered: Some(Change { fields, body }),
        ..Passage::default()
    }
}
