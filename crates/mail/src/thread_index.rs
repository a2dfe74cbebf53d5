//! `Thread-Index`: which conversation a message belongs to, as Outlook and Exchange count it.
//!
//! [MS-OXOMSG] §2.2.1.3, in base64: six bytes with the time at which the conversation began (the upper ones of a
//! FILETIME, of which the first is 1), sixteen that name it, and five for every reply. Mail servers and gateways that
//! take `References` away leave it alone. It is no secret: whoever saw one message of a conversation can write it, so it
//! says which conversation a message claims to continue and nothing more.

use serde::{Deserialize, Serialize};

use crate::{DefectKind, Field, defect::Defects, limits, transfer};

/// Bytes before the name.
const BEGAN: usize = 6;
/// Bytes of the name.
const NAME: usize = 16;
/// Bytes of one reply.
const REPLY: usize = 5;

/// What a `Thread-Index` says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ThreadIndex {
    /// The conversation: 32 lower-case hexadecimal digits.
    pub conversation: String,
    /// How many replies led to this message; 0 for the first one.
    pub replies: u32,
}

/// Reads the field. What does not name a conversation gives `None` and a defect; a reply that is cut off costs only
/// itself.
pub(crate) fn parse(field: &Field, defects: &mut Defects) -> Option<ThreadIndex> {
    let mut note = |kind, detail: &str| defects.note(kind, Some(field.value_span), detail);
    let written = field.value.as_bytes();
    let text = written.get(..limits::THREAD_INDEX_BYTES_MAX).unwrap_or(written);
    if text.len() < written.len() {
        note(DefectKind::OverLimit, "THREAD_INDEX_BYTES_MAX");
    }
    let (bytes, broken) = transfer::base64(text);
    if broken {
        note(DefectKind::MalformedField, "Thread-Index: no base64");
        return None;
    }
    let named =
        bytes.split_at_checked(BEGAN).and_then(|(began, rest)| Some((began, rest.split_at_checked(NAME)?)));
    let Some((began, (name, replies))) = named else {
        note(DefectKind::MalformedField, "Thread-Index: shorter than 22 bytes");
        return None;
    };
    if began.first() != Some(&1) || name.iter().all(|byte| *byte == 0) {
        note(DefectKind::MalformedField, "Thread-Index: names no conversation");
        return None;
    }
    if !replies.len().is_multiple_of(REPLY) && text.len() == written.len() {
        note(DefectKind::MalformedField, "Thread-Index: its last reply is cut off");
    }
    let digits = name.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Some(ThreadIndex {
        conversation: digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect(),
        replies: u32::try_from(replies.len() / REPLY).unwrap_or(u32::MAX),
    })
}

#[cfg(test)]
mod tests {
    use crate::{DefectKind, parse};

    /// A field of that many bytes that begin as they should.
    fn bytes(count: usize) -> String {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let all: Vec<u8> = (0..count).map(|n| if n == 0 { 1 } else { (n % 251) as u8 }).collect();
        STANDARD.encode(all)
    }

    fn check(value: &str, want: &str) {
        let message = parse(format!("From: a@x.example\nThread-Index: {value}\n\nText.\n").as_bytes());
        let mut got =
            message.thread_index.map_or_else(String::new, |i| format!("{} {}", i.conversation, i.replies));
        for defect in &message.defects {
            got.push_str(&format!(" [{}]", defect.detail));
        }
        assert_eq!(got.trim(), want, "{value}");
    }

    const NAME: &str = "060708090a0b0c0d0e0f101112131415";

    #[test]
    fn conversations_and_replies() {
        check("AdfVQIzYNcZ1+k0nQm6NDvYqf4n9rw==", "35c675fa4d27426e8d0ef62a7f89fdaf 0");
        check(&bytes(22), &format!("{NAME} 0"));
        check(&bytes(27), &format!("{NAME} 1"));
        check(&bytes(22 + 5 * 9), &format!("{NAME} 9"));
        // Folded, as long ones are.
        let long = bytes(22 + 5 * 20);
        let (first, rest) = long.split_at(60);
        check(&format!("{first}\n {rest}"), &format!("{NAME} 20"));
    }

    #[test]
    fn damage_is_told() {
        check("", "[Thread-Index: shorter than 22 bytes]");
        check(&bytes(21), "[Thread-Index: shorter than 22 bytes]");
        check(&bytes(24), &format!("{NAME} 0 [Thread-Index: its last reply is cut off]"));
        check(&bytes(22).replace('E', "!"), "[Thread-Index: no base64]");
        check(&"A".repeat(40), "[Thread-Index: names no conversation]");
        check(&format!("AQ{}", "A".repeat(38)), "[Thread-Index: names no conversation]");
    }

    #[test]
    fn replies_without_end_are_cut() {
        let at_limit = crate::limits::THREAD_INDEX_BYTES_MAX / 4 * 3;
        let whole = at_limit - (at_limit - 22) % 5;
        check(&bytes(whole), &format!("{NAME} {}", (whole - 22) / 5));
        let raw = format!("From: a@x.example\nThread-Index: {}\n\n", bytes(99_997));
        let message = parse(raw.as_bytes());
        assert_eq!(message.thread_index.unwrap().conversation, NAME);
        assert_eq!(message.defects.iter().map(|d| d.kind).collect::<Vec<_>>(), [DefectKind::OverLimit]);
    }
}
