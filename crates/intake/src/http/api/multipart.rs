//! Forms (RFC 7578) of two parts: `message`, and perhaps `envelope`. The whole form is there already, and bounded.

use std::ops::Range;

use memchr::memmem;

use super::super::refused::Refused;
use crate::limits::{HTTP_ENVELOPE_BYTES_MAX, HTTP_PARTS_MAX};

/// The parts that are looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Form<'a> {
    pub(super) envelope: Option<&'a [u8]>,
    /// Where in the form the message is.
    pub(super) message: Range<usize>,
}

/// The boundary, if this content type is that of a form.
pub(super) fn boundary(kind: &[u8]) -> Option<Vec<u8>> {
    let kind = std::str::from_utf8(kind).ok()?;
    let (name, parameters) = kind.split_once(';')?;
    if !name.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary")?;
    (1..=70).contains(&boundary.len()).then(|| boundary.into_bytes())
}

/// The parts of a form.
pub(super) fn form<'a>(bytes: &'a [u8], boundary: &[u8]) -> Result<Form<'a>, Refused> {
    let (mut envelope, mut message) = (None, None);
    for (count, part) in parts(bytes, boundary).enumerate() {
        if count >= HTTP_PARTS_MAX {
            return Err(Refused::Form);
        }
        let all = bytes.get(part.clone()).unwrap_or_default();
        let Some(head) = memmem::find(all, b"\r\n\r\n") else { continue };
        let body = part.start + head + 4..part.end;
        match name(all.get(..head).unwrap_or_default()).as_deref() {
            Some("message") => message = message.or(Some(body)),
            Some("envelope") if body.len() > HTTP_ENVELOPE_BYTES_MAX => return Err(Refused::Envelope),
            Some("envelope") => envelope = envelope.or(bytes.get(body)),
            _ => {}
        }
    }
    Ok(Form { envelope, message: message.ok_or(Refused::Form)? })
}

/// Where the parts are: their header, an empty line, their body. A part without an end is none.
fn parts<'a>(bytes: &'a [u8], boundary: &[u8]) -> impl Iterator<Item = Range<usize>> + 'a {
    let line = [b"\r\n--", boundary].concat();
    let first = [b"--", boundary].concat();
    let mut at = if bytes.starts_with(&first) {
        Some(first.len())
    } else {
        memmem::find(bytes, &line).map(|found| found + line.len())
    };
    std::iter::from_fn(move || {
        let rest = bytes.get(at?..)?;
        if rest.starts_with(b"--") {
            return None;
        }
        let start = at? + memmem::find(rest, b"\r\n")?;
        let end = start + memmem::find(bytes.get(start..)?, &line)?;
        at = Some(end + line.len());
        Some(start..end)
    })
}

/// The name of a part, in the header of it.
fn name(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))?;
    parameter(value, "name")
}

/// A parameter, quoted or not.
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    let mut parameters = parameters.split(';').filter_map(|one| one.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))?;
    let value = value.trim();
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    Some(quoted.unwrap_or(value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, form: &str) -> String {
        let Some(boundary) = boundary(kind.as_bytes()) else { return "no form".into() };
        match super::form(form.as_bytes(), &boundary) {
            Ok(found) => {
                let envelope = found.envelope.map(String::from_utf8_lossy);
                format!("{:?} {}", &form[found.message], envelope.unwrap_or_default())
            }
            Err(refused) => format!("{refused:?}"),
        }
    }

    const KIND: &str = "multipart/form-data; boundary=\"b\"";
    const MESSAGE: &str =
        "--b\r\nContent-Disposition: form-data; name=\"message\"; filename=x\r\n\r\nA: b\r\n\r\nc--b\r\n--b";

    #[test]
    fn parts_are_found_by_their_names() {
        assert_eq!(check(KIND, &format!("{MESSAGE}--\r\n")), r#""A: b\r\n\r\nc--b" "#);
        let envelope = "\r\ncontent-disposition: form-data; name=envelope\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--";
        assert_eq!(check(KIND, &format!("{MESSAGE}{envelope}")), r#""A: b\r\n\r\nc--b" {}"#);
        assert_eq!(check(KIND, &format!("preamble\r\n{MESSAGE}--")), r#""A: b\r\n\r\nc--b" "#);
        assert_eq!(
            check("multipart/form-data;boundary=b", &format!("{MESSAGE}--")),
            r#""A: b\r\n\r\nc--b" "#
        );
    }

    #[test]
    fn what_is_no_form_with_a_message_is_refused() {
        assert_eq!(check("message/rfc822", MESSAGE), "no form");
        assert_eq!(check("multipart/form-data", MESSAGE), "no form");
        assert_eq!(check("multipart/mixed; boundary=b", MESSAGE), "no form");
        assert_eq!(check(KIND, ""), "Form");
        assert_eq!(check(KIND, "--b--\r\n"), "Form");
        assert_eq!(check(KIND, &MESSAGE.replace("message", "other")), "Form");
        assert_eq!(check(KIND, MESSAGE.trim_end_matches("--b").trim_end()), "Form", "it was cut off");
        let many = "--b\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n".repeat(HTTP_PARTS_MAX + 1);
        assert_eq!(check(KIND, &format!("{many}{MESSAGE}--")), "Form");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(form in proptest::collection::vec(proptest::sample::select(b"-b\r\n:; name=\"message\xff".to_vec()), 0..96), kind in "multipart/form-data;[ b=\"oundary;]{0,24}") {
            let boundary = boundary(kind.as_bytes()).unwrap_or_else(|| b"b".to_vec());
            if let Ok(found) = super::form(&form, &boundary) {
                proptest::prop_assert!(form.get(found.message).is_some());
            }
        }
    }
}
