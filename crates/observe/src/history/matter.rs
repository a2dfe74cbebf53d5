//! Whether a reply has anything to say: words that are left when greetings, names, thanks and the handing over of
//! something are taken away. `Please find the documents you asked for here` fits every thread; `the drawings of bay 4`
//! fits one.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use sekisho_mail::Mailbox;
use sekisho_record::Evidence;

use super::shingles;
use crate::limits;

/// Letters of a Latin word from which on it can be the name of a matter: `PO`, `BOM`.
const LETTERS_MIN: usize = 2;

/// Stems of words that say nothing of the matter.
static HANDOVER: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    let lines = include_str!("../../data/handover.txt").lines().filter(|line| !line.starts_with('#'));
    let words = lines.flat_map(str::split_whitespace);
    words.flat_map(|word| shingles::stems(word, 1, usize::MAX)).collect()
});

/// The word says nothing of the matter.
pub(super) fn is_handover(stem: &str) -> bool {
    HANDOVER.contains(stem)
}

/// Different words of a reply's own text that say what it is about; `None` when it is no reply.
pub(super) fn own_matter(evidence: &Evidence) -> Option<u64> {
    if !super::words::claims_reply(evidence) {
        return None;
    }
    let own = shingles::stems(shingles::own(evidence), LETTERS_MIN, limits::HISTORY_WORDS_MAX * 4);
    let mut left: Vec<String> =
        own.into_iter().filter(|stem| !stem.chars().any(char::is_numeric) && !is_handover(stem)).collect();
    if !left.is_empty() {
        let names = names(evidence);
        left.retain(|stem| !names.contains(stem));
    }
    u64::try_from(left.len()).ok()
}

/// Stems of the names and addresses of author and recipients.
pub(super) fn names(evidence: &Evidence) -> FxHashSet<String> {
    let recipients = &evidence.model.recipients;
    let named = recipients.to.iter().chain(&recipients.cc).take(limits::HISTORY_RECIPIENTS_MAX);
    let of = |mailbox: &Mailbox| {
        let name = mailbox.display_name.as_deref().unwrap_or_default();
        format!("{name} {}", mailbox.email.email.replace(['@', '.', '_', '-'], " "))
    };
    let sender = &evidence.model.sender;
    let author = sender.email.as_ref().map(|e| e.email.replace(['@', '.', '_', '-'], " "));
    let author =
        format!("{} {}", sender.display_name.as_deref().unwrap_or_default(), author.unwrap_or_default());
    let all = named.map(of).chain([author]);
    all.flat_map(|text| shingles::stems(&text, LETTERS_MIN, usize::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use sekisho_record::Submission;

    use crate::{Answers, Context, Knowledge, observe};

    fn check(text: &str) -> Option<u64> {
        let raw = format!(
            "From: Marta Lindqvist <marta@x.example>\r\nTo: Jonas Berg <jonas.berg@y.example>\r\n\
             Subject: Re: berth 4\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\r\nMarta\r\n"
        );
        let message = sekisho_mail::parse(raw.as_bytes());
        let submission = Submission::from_bytes(raw.as_bytes());
        let evidence =
            observe(message, &submission, &Answers::default(), &Context::default(), Knowledge::builtin());
        evidence.thread.own_matter
    }

    #[test]
    fn handing_over_says_nothing() {
        for text in [
            "Hello Jonas,\r\n\r\nplease find the documents you asked for here: https://x.test/a/1234567",
            "Hi Jonas,\r\n\r\nthe attached archive holds the invoice copies. Password: 7029",
            "Hej Jonas,\r\n\r\nhär är dokumentet du bad om.",
            "Anbei die besprochenen Unterlagen.",
            "Voici les documents demandés.",
            "Adjunto el documento. Contraseña: 70655",
            "In allegato il documento.",
            "お世話になっております。添付資料をご確認ください。",
        ] {
            assert_eq!(check(text), Some(0), "{text}");
        }
    }

    #[test]
    fn a_matter_has_a_name() {
        for text in [
            "Hello Jonas,\r\n\r\nthe drawings of the crane are here: https://x.test/a/1234567",
            "Coverage report attached.",
            "Hej Jonas, kranritningarna kommer i morgon.",
            "Restaurant for Thursday: https://x.test/a",
            "クレーンの図面を送ります。",
        ] {
            assert!(check(text) > Some(0), "{text}");
        }
    }
}
