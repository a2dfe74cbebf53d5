//! Banners on messages that are not judged at that moment: released ones, and those that nobody could judge.

use sekisho_record::{Action, Change, Class, Decisions, FieldChange, Level, quarantine::Held};

use crate::{
    Secret, Wish,
    banner::{Banner, Wording, dress_with},
    ruling::advice,
};

/// The banner of a message that nobody could judge: it says no more than that.
pub fn neutral(level: Level, language: &str, wish: &Wish) -> Banner {
    Banner {
        level,
        wording: Wording::default(),
        language: language.to_owned(),
        report: wish.report.clone(),
        details: wish.details.clone(),
        mark: wish.mark.clone(),
    }
}

/// The banner of a held message that is released with one: what was known when it was held.
pub fn of_held(held: &Held, language: &str, wish: &Wish) -> Banner {
    let level = match held.class {
        Class::Malicious => Level::Danger,
        Class::Suspicious => Level::Warning,
        Class::Benign => Level::Notice,
    };
    let wording = Wording {
        risk: held.threat,
        claims: held.claimed.clone(),
        really: held.really.clone(),
        through: held.through.clone(),
        advice: advice(held.threat),
    };
    Banner { wording, ..neutral(level, language, wish) }
}

/// Nobody can put a banner on: it is delivered with our header fields only.
pub fn without_banner(decisions: &mut Decisions) {
    for decision in &mut decisions.each {
        if let Action::Banner { .. } = decision.action {
            decision.action = Action::Deliver;
        }
    }
}

/// The change that puts a banner on a message in the name of this key, with these changes of its fields; `None` where
/// none can be put on. Reads the message's bytes, so it runs in a worker.
///
/// It is never sealed: a seal says what held when the message came (SPF, DKIM, DMARC, the chain before), and nobody has
/// looked. One that says `none` would tell nobody anything, and above another seal nobody knows its `cv=`.
pub fn dress_only(raw: &[u8], banner: &Banner, fields: &[FieldChange], key: &Secret) -> Option<Change> {
    let dressed = dress_with(raw, &sekisho_mail::header_only(raw), banner, fields, key.bytes());
    (dressed.parts > 0).then_some(dressed.change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        apply,
        banner::{undress, undress_own},
    };

    const MAIL: &[u8] = b"From: a@a.example\r\nSubject: x\r\n\r\nhello\r\n";

    #[test]
    fn what_was_held_gets_a_banner_that_comes_off() {
        let held = Held {
            class: Class::Malicious,
            threat: Some(sekisho_record::Threat::CredentialPhishing),
            claimed: Some("Microsoft".into()),
            really: Some("grill.example".into()),
            ..Held::default()
        };
        let wish = Wish { mark: "4f9c".into(), ..Wish::default() };
        let banner = of_held(&held, "en", &wish);
        let key = Secret::new(*b"ours");
        let change = dress_only(MAIL, &banner, &[], &key).unwrap();
        let dressed = apply(MAIL, &change);
        let text = String::from_utf8_lossy(&dressed).into_owned();
        assert!(text.contains("grill.example") && text.contains("Microsoft"), "{text}");
        assert_eq!(undress(&dressed).as_deref(), Some(MAIL));
        assert_eq!(undress_own(&dressed, b"ours").as_deref(), Some(MAIL));
        assert_eq!(undress_own(&dressed, b"theirs"), None);
        let signed = b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n";
        assert_eq!(dress_only(signed, &banner, &[], &key), None);
    }
}
