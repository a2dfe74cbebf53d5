//! Envelope journal reports of Exchange and Microsoft 365: who sent a message to whom, beside the message itself.
//!
//! ```text
//! X-MS-Journal-Report:
//! Content-Type: multipart/mixed; boundary=b
//!
//! --b                                            the report: text, one fact a line
//! Content-Type: text/plain; charset="utf-8"
//!
//! Sender: ann@corp.example
//! Subject: Minutes
//! Message-Id: <1@corp.example>
//! To: bo@corp.example, Expanded: board@corp.example
//! Bcc: cy@other.example
//! --b                                            the message as it was sent, or as TNEF
//! Content-Type: message/rfc822
//! ```
//!
//! The report is the envelope: lists are expanded in it, and blind copies are named. Its text comes in UTF-8, UTF-16 or
//! another charset, with labels in English or in the server's language ([`labels`]). In a language that is not known the
//! order tells: sender, subject, message id, then recipients.
//!
//! Reading is total. What is wrong or missing is a [`Fault`], and the caller has the whole report still. One report is
//! opened, once: a message that looks like a report and was sent by somebody is the enclosed message, not a second report.

use std::borrow::Cow;

use crate::{Span, charset, defect::Defects, header, limits, mime, mime::Content, mime::Leaf};

mod labels;

use labels::Label;

/// A report, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Who sent the message.
    pub sender: Option<String>,
    /// In whose name, when somebody else did.
    pub on_behalf_of: Option<String>,
    /// Its Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// For whom it was, each address once, at most [`limits::JOURNAL_RECIPIENTS_MAX`].
    pub recipients: Vec<Recipient>,
    /// The message.
    pub enclosed: Enclosed,
    /// What is wrong with the report, the worst first.
    pub faults: Vec<Fault>,
}

/// Somebody who got the message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipient {
    /// The address.
    pub address: String,
    /// The list or the mailbox that the message was addressed to, where that was another one.
    pub through: Option<String>,
}

/// Where the message is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Enclosed {
    /// There is none that can be read.
    #[default]
    Nowhere,
    /// These bytes of the report.
    Within(Span),
    /// It travelled encoded (which RFC 2046 5.2.1 forbids); these are its bytes.
    Decoded(Vec<u8>),
}

/// What can be wrong with a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Neither its header nor its text is that of a report.
    NoReport,
    /// No message is enclosed.
    NoMessage,
    /// The message is enclosed as TNEF, which has no header as it was sent.
    Tnef,
    /// The report names no sender.
    NoSender,
    /// The report names no recipient.
    NoRecipients,
    /// More recipients than are kept, or more bytes than are looked at.
    OverLimit,
    /// More than one message is enclosed; the first counts.
    SeveralMessages,
}

impl Fault {
    /// One word for logs and gaps.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoReport => "no_report",
            Self::NoMessage => "no_message",
            Self::Tnef => "tnef",
            Self::NoSender => "no_sender",
            Self::NoRecipients => "no_recipients",
            Self::OverLimit => "over_limit",
            Self::SeveralMessages => "several_messages",
        }
    }
}

/// Reads a report. Total: any bytes give one.
pub fn read(raw: &[u8]) -> Report {
    let mut defects = Defects::default();
    let bytes = raw.get(..limits::MESSAGE_BYTES_MAX).unwrap_or(raw);
    let (fields, body) = header::read(bytes, &mut defects);
    let marked = fields.iter().any(|f| f.is("X-MS-Journal-Report") || f.is("X-MS-Exchange-Journal-Report"));
    let content = Content::of_message(&fields, &mut defects);
    let leaves = mime::leaves(bytes, body, content, &mut defects);
    let mut report = Report::default();
    if bytes.len() < raw.len() {
        report.faults.push(Fault::OverLimit);
    }
    let first = leaves.first().filter(|leaf| is(leaf, "text/plain"));
    let told = first.is_some_and(|leaf| report.tell(&text(bytes, leaf)));
    report.enclose(bytes, &leaves);
    if !marked && (!told || report.enclosed == Enclosed::Nowhere) {
        // An ordinary message with a colon in a line is no report.
        return Report { faults: vec![Fault::NoReport], ..Report::default() };
    }
    if report.sender.is_none() {
        report.faults.push(Fault::NoSender);
    }
    if report.recipients.is_empty() {
        report.faults.push(Fault::NoRecipients);
    }
    report.faults.sort_unstable();
    report
}

fn is(leaf: &Leaf, media: &str) -> bool {
    leaf.content.media_type(&leaf.parent) == media
}

fn text(raw: &[u8], leaf: &Leaf) -> String {
    let (bytes, _) = leaf.content.transfer().0.decode(leaf.body.slice(raw));
    let bytes = bytes.get(..limits::JOURNAL_TEXT_BYTES_MAX).unwrap_or(&bytes);
    let label = leaf.content.kind.as_ref().and_then(|kind| kind.get("charset")).filter(|c| !c.is_empty());
    charset::decode(bytes, label).text.into_owned()
}

impl Report {
    /// Finds the message.
    fn enclose(&mut self, raw: &[u8], leaves: &[Leaf]) {
        let mut messages =
            leaves.iter().filter(|leaf| is(leaf, "message/rfc822") || is(leaf, "message/global"));
        let Some(leaf) = messages.next() else {
            let tnef = |leaf: &Leaf| is(leaf, "application/ms-tnef") || is(leaf, "application/vnd.ms-tnef");
            let tnef = leaves.iter().any(tnef);
            return self.faults.push(if tnef { Fault::Tnef } else { Fault::NoMessage });
        };
        if messages.next().is_some() {
            self.faults.push(Fault::SeveralMessages);
        }
        self.enclosed = match leaf.content.transfer().0.decode(leaf.body.slice(raw)).0 {
            Cow::Borrowed(bytes) if bytes.len() == leaf.body.slice(raw).len() => Enclosed::Within(leaf.body),
            bytes => Enclosed::Decoded(bytes.into_owned()),
        };
    }

    /// Reads the text; whether it is one of a report.
    fn tell(&mut self, text: &str) -> bool {
        let lines: Vec<(&str, &str)> = text.lines().filter_map(labelled).collect();
        let known = lines.iter().any(|(label, _)| Label::of(label) == Some(Label::Sender));
        if known {
            self.tell_by_label(text)
        } else {
            self.tell_by_order(&lines)
        }
        self.sender.is_some() && (known || !self.recipients.is_empty())
    }

    fn tell_by_label(&mut self, text: &str) {
        let mut last = None;
        for line in text.lines() {
            let (label, value) = match labelled(line) {
                Some((label, value)) => (Label::of(label), value),
                // Exchange 2003: `Recipients:`, and one address a line.
                None => (last.filter(|label| *label == Label::Recipient), line),
            };
            match label {
                Some(Label::Sender) => self.sender = self.sender.take().or_else(|| address(value)),
                Some(Label::OnBehalfOf) => self.on_behalf_of = address(value),
                Some(Label::MessageId) => self.message_id = Some(bare(value)),
                Some(Label::Recipient) => self.recipient(value),
                Some(Label::Aside) | None => {}
            }
            last = label;
        }
    }

    /// Sender, subject, message id, recipients: the labels say nothing.
    fn tell_by_order(&mut self, lines: &[(&str, &str)]) {
        let Some((_, first)) = lines.first() else { return };
        let id =
            |(_, value): &(&str, &str)| value.starts_with('<') && value.ends_with('>') && value.contains('@');
        let Some(at) = lines.iter().skip(1).take(4).position(id).map(|at| at + 1) else { return };
        self.sender = address(first);
        self.message_id = lines.get(at).map(|(_, value)| bare(value));
        for (_, value) in lines.get(at + 1..).unwrap_or_default() {
            self.recipient(value);
        }
    }

    /// `bo@corp.example, Expanded: board@corp.example`
    fn recipient(&mut self, value: &str) {
        let (to, through) = match value.split_once(',') {
            Some((to, rest)) => (to, labelled(rest).and_then(|(_, through)| address(through))),
            None => (value, None),
        };
        let Some(address) = address(to) else { return };
        if self.recipients.len() >= limits::JOURNAL_RECIPIENTS_MAX {
            if !self.faults.contains(&Fault::OverLimit) {
                self.faults.push(Fault::OverLimit);
            }
            return;
        }
        self.recipients.push(Recipient { address, through });
    }

    /// The addresses of the recipients, each once, in the order in which the report names them.
    pub fn addresses(&self) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        let addresses = self.recipients.iter().map(|recipient| &recipient.address);
        addresses.filter(|address| seen.insert(address.to_lowercase())).cloned().collect()
    }
}

/// A line `label: value`.
fn labelled(line: &str) -> Option<(&str, &str)> {
    let (label, value) = line.split_once([':', '：'])?;
    let (label, value) = (label.trim().trim_start_matches('\u{feff}'), value.trim());
    (!label.is_empty() && label.chars().count() <= 40 && !label.contains(['@', '<']))
        .then_some((label, value))
}

/// The address of `ann@corp.example`, `<ann@corp.example>` or `"Ann" <ann@corp.example>`.
fn address(value: &str) -> Option<String> {
    let value = value.trim().trim_end_matches([',', ';']).trim();
    let inner = value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner);
    let found = inner.unwrap_or(value).trim();
    let found = found.strip_prefix("mailto:").or_else(|| found.strip_prefix("smtp:")).unwrap_or(found);
    let fits = found.len() <= limits::JOURNAL_ADDRESS_BYTES_MAX
        && found.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !found.chars().any(|c| c.is_whitespace() || c.is_control());
    fits.then(|| found.to_owned())
}

fn bare(value: &str) -> String {
    value.trim_start_matches('<').trim_end_matches('>').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = "From: Ann <ann@corp.example>\r\nSubject: Minutes\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nbody\r\n--i--\r\n";

    /// A report around a message, with this text.
    fn around(head: &str, text: &str, kind: &str, inner: &str) -> String {
        format!(
            "From: x\r\nX-MS-Journal-Report:\r\nContent-Type: multipart/mixed; boundary=\"o\"\r\n\r\n--o\r\n{head}\r\n\r\n{text}\r\n--o\r\nContent-Type: {kind}\r\n\r\n{inner}\r\n--o--\r\n"
        )
    }

    /// What is read of it, in one line.
    fn check(raw: &[u8]) -> String {
        let report = read(raw);
        let all: Vec<String> = report
            .recipients
            .iter()
            .map(|r| {
                format!("{}{}", r.address, r.through.as_ref().map_or(String::new(), |t| format!("({t})")))
            })
            .collect();
        let enclosed = match &report.enclosed {
            Enclosed::Nowhere => "-",
            Enclosed::Within(span) if span.slice(raw) == INNER.as_bytes() => "whole",
            Enclosed::Within(_) => "part",
            Enclosed::Decoded(bytes) if bytes == INNER.as_bytes() => "decoded",
            Enclosed::Decoded(_) => "broken",
        };
        let faults: Vec<_> = report.faults.iter().map(|fault| fault.word()).collect();
        format!(
            "{}{} -> {} [{}] {enclosed} {}",
            report.sender.unwrap_or_default(),
            report.on_behalf_of.map_or(String::new(), |o| format!(" for {o}")),
            all.join(" "),
            report.message_id.unwrap_or_default(),
            faults.join(" "),
        )
        .trim_end()
        .to_owned()
    }

    fn plain(text: &str) -> String {
        check(around("Content-Type: text/plain; charset=utf-8", text, "message/rfc822", INNER).as_bytes())
    }

    #[test]
    fn the_envelope_is_read() {
        let text = "Sender: ann@corp.example\r\nOn-Behalf-Of: boss@corp.example\r\nSubject: Minutes: b@c.example\r\n\
            Message-Id: <1@corp.example>\r\nTo: bo@corp.example, Expanded: board@corp.example\r\n\
            To: \"Di\" <di@corp.example>, Forwarded: old@corp.example\r\nCc: bo@corp.example\r\nBcc: cy@other.example\r\n\
            Recipient: el@corp.example\r\nSentUtc: 1/2/2026\r\nLabel: x@y.example\r\n";
        insta::assert_snapshot!(plain(text), @"ann@corp.example for boss@corp.example -> bo@corp.example(board@corp.example) di@corp.example(old@corp.example) bo@corp.example cy@other.example el@corp.example [1@corp.example] whole");
        let report = read(around("Content-Type: text/plain", text, "message/rfc822", INNER).as_bytes());
        let addresses = report.addresses();
        assert_eq!(addresses, ["bo@corp.example", "di@corp.example", "cy@other.example", "el@corp.example"]);
    }

    #[test]
    fn other_languages() {
        let german = "Absender: ann@corp.example\r\nBetreff: x@y.example\r\nNachrichten-ID: <1@c>\r\nAn: bo@corp.example, Erweitert: l@corp.example\r\n";
        let japanese = "送信者: ann@corp.example\r\n件名: x@y.example\r\nメッセージ ID: <1@c>\r\n宛先： bo@corp.example, 展開済み: l@corp.example\r\n";
        let unknown = "Lähettäjä: ann@corp.example\r\nAihe: x@y.example\r\nViestin tunnus: <1@c>\r\nVastaanottaja: bo@corp.example, Laajennettu: l@corp.example\r\n";
        for text in [german, japanese, unknown] {
            assert_eq!(plain(text), "ann@corp.example -> bo@corp.example(l@corp.example) [1@c] whole");
        }
    }

    #[test]
    fn charsets_and_encodings() {
        let text = "Sender: ann@corp.example\r\nMessage-Id: <1@c>\r\nTo: bo@corp.example\r\n";
        let wide: Vec<u8> =
            [0xfeff_u16].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let encoded = base64(&wide);
        let head = "Content-Type: text/plain; charset=\"utf-16\"\r\nContent-Transfer-Encoding: base64";
        let want = "ann@corp.example -> bo@corp.example [1@c]";
        assert_eq!(
            check(around(head, &encoded, "message/rfc822", INNER).as_bytes()),
            format!("{want} whole")
        );
        let kind = "message/rfc822\r\nContent-Transfer-Encoding: base64";
        let inner = base64(INNER.as_bytes());
        assert_eq!(
            check(around("Content-Type: text/plain", text, kind, &inner).as_bytes()),
            format!("{want} decoded")
        );
    }

    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for three in bytes.chunks(3) {
            let all =
                three.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            for at in 0..4 {
                let letter = char::from(LETTERS[(all >> (18 - 6 * at)) as usize & 63]);
                out.push(if at <= three.len() { letter } else { '=' });
            }
        }
        out
    }

    #[test]
    fn the_form_of_exchange_2003() {
        let text = "Sender: \"Ann\" <ann@corp.example>\r\nMessage-ID: <1@c>\r\nRecipients:\r\nbo@corp.example,\r\ncy@other.example\r\n";
        assert_eq!(plain(text), "ann@corp.example -> bo@corp.example cy@other.example [1@c] whole");
    }

    #[test]
    fn what_is_wrong_has_a_name() {
        let head = "Content-Type: text/plain";
        let good = "Sender: a@b.example\r\nTo: c@d.example";
        let with = |text: &str, kind: &str| check(around(head, text, kind, INNER).as_bytes());
        insta::assert_snapshot!([
            with("", "message/rfc822"),
            with("Sender: a@b.example", "message/rfc822"),
            with("Sender: nobody\r\nTo: c@d.example", "message/rfc822"),
            with(good, "application/ms-tnef"),
            with(good, "text/html"),
            check(b"From: a@b.example\r\n\r\nSender: a@b.example\r\nTo: c@d.example\r\n"),
            check(b""),
        ].join("\n"), @r"
         ->  [] whole no_sender no_recipients
        a@b.example ->  [] whole no_recipients
         -> c@d.example [] whole no_sender
        a@b.example -> c@d.example [] - tnef
        a@b.example -> c@d.example [] - no_message
         ->  [] - no_report
         ->  [] - no_report
        ");
    }

    #[test]
    fn a_forwarded_message_is_no_report_and_a_report_without_its_mark_is_one() {
        let marked = around(
            "Content-Type: text/plain",
            "Sender: a@b.example\r\nTo: c@d.example",
            "message/rfc822",
            INNER,
        );
        let unmarked = marked.replace("X-MS-Journal-Report:\r\n", "");
        assert_eq!(check(unmarked.as_bytes()), "a@b.example -> c@d.example [] whole");
        let forwarded =
            around("Content-Type: text/plain", "Hello Bo,\r\nsee: below", "message/rfc822", INNER)
                .replace("X-MS-Journal-Report:\r\n", "");
        assert_eq!(check(forwarded.as_bytes()), " ->  [] - no_report");
    }

    #[test]
    fn a_report_within_is_a_message() {
        let forged = around(
            "Content-Type: text/plain",
            "Sender: e@vil.example\r\nTo: c@d.example",
            "message/rfc822",
            INNER,
        )
        .replace("\"o\"", "p")
        .replace("--o", "--p");
        let raw = around(
            "Content-Type: text/plain",
            "Sender: a@b.example\r\nTo: c@d.example",
            "message/rfc822",
            &forged,
        );
        let report = read(raw.as_bytes());
        assert_eq!(report.sender.as_deref(), Some("a@b.example"));
        let Enclosed::Within(span) = report.enclosed else { unreachable!() };
        assert_eq!(span.slice(raw.as_bytes()), forged.as_bytes());
    }
}
