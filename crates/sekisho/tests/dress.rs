//! Banners by real workers that do nothing else: on in a moment, off again byte for byte, and a message that kills the
//! worker costs its banner.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot run fails")]

use sekisho_engine::worker::{Dresser, Recipe};
use sekisho_policy::{Wish, apply, banner::undress, neutral};
use sekisho_record::{Change, FieldChange, Level};

/// The change, or why there is none.
fn dressed(raw: &[u8], fields: &[FieldChange]) -> Result<Option<Change>, String> {
    let arguments = ["worker", "--dress", "--misbehave"].map(Into::into).to_vec();
    let dresser = Dresser::new(Recipe::new(env!("CARGO_BIN_EXE_sekisho").into(), arguments));
    let banner = neutral(Level::Notice, "en", &Wish { mark: "4f9c".into(), ..Wish::default() });
    dresser.dress(raw, &banner, fields).map_err(|fault| fault.reason().to_owned())
}

#[test]
fn a_worker_puts_a_banner_on_that_comes_off() {
    let raw = b"From: a@b.example\r\nSubject: x\r\n\r\nhello\r\n";
    let field = FieldChange::Insert { name: "Sekisho-Verdict".into(), value: " unjudged".into() };
    let after = apply(raw, &dressed(raw, &[field]).unwrap().unwrap());
    let text = String::from_utf8_lossy(&after).into_owned();
    assert!(text.starts_with("Sekisho-Verdict: unjudged\r\n"), "{text}");
    assert!(text.contains("could not be checked"), "{text}");
    assert_eq!(undress(&after).as_deref(), Some(&raw[..]));
    let signed = b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n";
    assert_eq!(dressed(signed, &[]).unwrap(), None);
}

#[test]
fn who_kills_the_worker_gets_none() {
    for (how, reason) in [("abort", "failed"), ("loop", "timed_out"), ("exit", "failed")] {
        let raw = format!("X-Misbehave: {how}\r\nFrom: a@b.example\r\n\r\nx\r\n");
        assert_eq!(dressed(raw.as_bytes(), &[]).unwrap_err(), reason, "{how}");
    }
}
