//! Builds raw RFC 5322 messages: header fields in the order given, text and HTML, attachments, quoted threads.
//!
//! The builder adds nothing by itself except the MIME fields; every other byte is the caller's.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc2822};

/// A message under construction.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    fields: Vec<(String, String)>,
    text: Option<String>,
    html: Option<String>,
    attachments: Vec<Attachment>,
    boundary: String,
    raw_body: Option<Vec<u8>>,
}

/// A file that the message carries.
#[derive(Debug, Clone, Default)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// Declared media type.
    pub media_type: String,
    /// Content.
    pub bytes: Vec<u8>,
}

impl Builder {
    /// An empty message; the boundary makes multipart messages reproducible.
    #[must_use]
    pub fn new(boundary: &str) -> Self {
        Self { boundary: boundary.to_owned(), ..Self::default() }
    }

    /// A field with a value as it stands (already encoded and folded).
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A field that holds one mailbox, with the display name quoted or encoded as needed.
    #[must_use]
    pub fn mailbox(self, field: &str, name: &str, address: &str) -> Self {
        let value = mailbox(name, address);
        self.field(field, &value)
    }

    /// The subject, encoded as needed.
    #[must_use]
    pub fn subject(self, subject: &str) -> Self {
        let value = words(subject);
        self.field("Subject", &value)
    }

    /// The date, from seconds since the epoch and hours east of Greenwich.
    #[must_use]
    pub fn date(self, seconds: i64, hours: i8) -> Self {
        let value = date(seconds, hours);
        self.field("Date", &value)
    }

    /// The plain text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.text = Some(text.to_owned());
        self
    }

    /// The HTML text.
    #[must_use]
    pub fn html(mut self, html: &str) -> Self {
        self.html = Some(html.to_owned());
        self
    }

    /// A file.
    #[must_use]
    pub fn attach(mut self, name: &str, media_type: &str, bytes: Vec<u8>) -> Self {
        self.attachments.push(Attachment { name: name.to_owned(), media_type: media_type.to_owned(), bytes });
        self
    }

    /// A body as it stands; the caller writes the MIME fields.
    #[must_use]
    pub fn raw_body(mut self, body: &[u8]) -> Self {
        self.raw_body = Some(body.to_vec());
        self
    }

    /// The bytes.
    #[must_use]
    pub fn build(self) -> Vec<u8> {
        let mut out = String::new();
        for (name, value) in &self.fields {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = self.raw_body {
            return [out.as_bytes(), b"\r\n", &body].concat();
        }
        out.push_str("MIME-Version: 1.0\r\n");
        let content = self.content();
        out.push_str(&content);
        out.into_bytes()
    }

    /// The content with its MIME fields.
    fn content(&self) -> String {
        let body = match (&self.text, &self.html) {
            (Some(text), Some(html)) => multipart(
                "alternative",
                &format!("{}a", self.boundary),
                &[text_part("plain", text), text_part("html", html)],
            ),
            (None, Some(html)) => text_part("html", html),
            (text, None) => text_part("plain", text.as_deref().unwrap_or_default()),
        };
        if self.attachments.is_empty() {
            return body;
        }
        let mut parts = vec![body];
        parts.extend(self.attachments.iter().map(file_part));
        multipart("mixed", &format!("{}m", self.boundary), &parts)
    }
}

/// Puts trace fields on top of a message, the first of them topmost.
#[must_use]
pub fn on_top(fields: &[String], raw: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = fields.iter().flat_map(|f| [f.as_bytes(), b"\r\n"].concat()).collect();
    out.extend_from_slice(raw);
    out
}

/// `Tue, 13 Jul 2021 09:30:00 +0000`.
#[must_use]
pub fn date(seconds: i64, hours: i8) -> String {
    let zone = UtcOffset::from_hms(hours, 0, 0).unwrap_or(UtcOffset::UTC);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.to_offset(zone).format(&Rfc2822).unwrap_or_default()
}

/// `20210713093000`, in UTC.
#[must_use]
pub fn stamp(seconds: i64) -> String {
    let t = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (t.year(), u8::from(t.month()), t.day());
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", t.hour(), t.minute(), t.second())
}

/// A mailbox with its display name quoted or encoded as needed.
#[must_use]
pub fn mailbox(name: &str, address: &str) -> String {
    if name.is_empty() {
        return address.to_owned();
    }
    if !name.is_ascii() {
        return format!("{} <{address}>", words(name));
    }
    format!("\"{}\" <{address}>", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Encoded words (RFC 2047) when the text is not ASCII: base64, cut between characters.
#[must_use]
pub fn words(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = Vec::new();
    let mut chunk = String::new();
    for c in text.chars() {
        if chunk.len() + c.len_utf8() > 42 {
            out.push(std::mem::take(&mut chunk));
        }
        chunk.push(c);
    }
    out.push(chunk);
    let encoded: Vec<String> = out.iter().map(|c| format!("=?UTF-8?B?{}?=", STANDARD.encode(c))).collect();
    encoded.join("\r\n ")
}

fn text_part(subtype: &str, text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let head = format!("Content-Type: text/{subtype}; charset=\"utf-8\"\r\n");
    let letters = text.chars().filter(|c| !c.is_ascii()).count();
    if letters == 0 && text.lines().all(|l| l.len() <= 900) && subtype == "plain" {
        return format!("{head}Content-Transfer-Encoding: 7bit\r\n\r\n{}\r\n", text.trim_end());
    }
    if letters * 4 > text.chars().count() {
        return format!("{head}Content-Transfer-Encoding: base64\r\n\r\n{}", base64_lines(text.as_bytes()));
    }
    format!(
        "{head}Content-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n",
        quoted_printable(text.trim_end())
    )
}

fn file_part(file: &Attachment) -> String {
    let name = if file.name.is_ascii() {
        format!("\"{}\"", file.name)
    } else {
        format!("\"{}\"", words(&file.name))
    };
    format!(
        "Content-Type: {}; name={name}\r\nContent-Disposition: attachment; filename={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        file.media_type,
        base64_lines(&file.bytes)
    )
}

fn multipart(subtype: &str, boundary: &str, parts: &[String]) -> String {
    let mut out = format!("Content-Type: multipart/{subtype}; boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        out.push_str(&format!("--{boundary}\r\n{part}"));
        if !out.ends_with("\r\n") {
            out.push_str("\r\n");
        }
    }
    out.push_str(&format!("--{boundary}--\r\n"));
    out
}

fn base64_lines(bytes: &[u8]) -> String {
    let mut out = String::new();
    for line in STANDARD.encode(bytes).as_bytes().chunks(76) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push_str("\r\n");
    }
    out
}

/// RFC 2045 §6.7.
fn quoted_printable(text: &str) -> String {
    let mut out = String::new();
    for (at, line) in text.split("\r\n").enumerate() {
        if at > 0 {
            out.push_str("\r\n");
        }
        let mut column = 0;
        let bytes = line.as_bytes();
        for (at, &byte) in bytes.iter().enumerate() {
            let last = at + 1 == bytes.len();
            let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (matches!(byte, b' ' | b'\t') && !last);
            let width = if plain { 1 } else { 3 };
            if column + width > 75 {
                out.push_str("=\r\n");
                column = 0;
            }
            if plain {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("={byte:02X}"));
            }
            column += width;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_names_are_encoded_when_they_must_be() {
        let raw = Builder::new("b")
            .mailbox("From", "Say \"hi\"", "a@b.example")
            .mailbox("To", "田中", "c@d.example")
            .subject("Größe")
            .date(1_626_168_600, 9)
            .text("one\ntwo")
            .build();
        assert_eq!(
            String::from_utf8_lossy(&raw),
            "From: \"Say \\\"hi\\\"\" <a@b.example>\r\nTo: =?UTF-8?B?55Sw5Lit?= <c@d.example>\r\n\
             Subject: =?UTF-8?B?R3LDtsOfZQ==?=\r\nDate: Tue, 13 Jul 2021 18:30:00 +0900\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\none\r\ntwo\r\n"
        );
    }

    #[test]
    fn lines_of_quoted_printable_are_short_and_end_visibly() {
        let text = quoted_printable(&format!("{} é \r\nx=y", "a".repeat(80)));
        assert!(text.lines().all(|l| l.len() <= 76), "{text}");
        assert!(text.contains("=C3=A9=20\r\n") && text.ends_with("x=3Dy"), "{text}");
    }
}
