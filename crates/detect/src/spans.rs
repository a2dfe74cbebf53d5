//! From a path in the data model back to the bytes of the message.

use sekisho_mail::Span;
use sekisho_record::Evidence;

/// Where the value at `path` (`headers.hops[0].fields[2].value`, `body.links[3].href_url.url`) was read from; `None`
/// for what was computed.
pub(crate) fn locate(evidence: &Evidence, path: &str) -> Option<Span> {
    let model = &evidence.model;
    let field = |name: &str| model.field_spans.iter().find(|(n, _)| n == name).map(|(_, span)| *span);
    let (root, rest) = path.split_once(['.', '[']).unwrap_or((path, ""));
    match root {
        "sender" | "identity" => field("from"),
        "subject" => field("subject"),
        "recipients" if rest.starts_with("cc") => field("cc"),
        "recipients" => field("to"),
        "attachments" => model.attachments.get(number(rest)?).map(|a| a.span),
        "headers" => headers(evidence, rest).or_else(|| field(header_name(rest)?)),
        "body" => body(evidence, rest),
        "link" | "content" => body(evidence, ""),
        _ => None,
    }
}

/// The first number of a path: `3].file_name` and `hops[3].x` give 3.
fn number(path: &str) -> Option<usize> {
    let digits: String =
        path.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn headers(evidence: &Evidence, rest: &str) -> Option<Span> {
    let hop = evidence.model.headers.hops.get(number(rest.strip_prefix("hops[")?)?)?;
    let (_, below) = rest.split_once("fields[")?;
    hop.fields.get(number(below)?).map(|f| f.span)
}

fn header_name(rest: &str) -> Option<&'static str> {
    let member = rest.split(['.', '[']).next()?;
    Some(match member {
        "reply_to" => "reply-to",
        "return_path" => "return-path",
        "message_id" => "message-id",
        "in_reply_to" => "in-reply-to",
        "references" => "references",
        "date" => "date",
        "delivered_to" => "delivered-to",
        "auth_summary" => "authentication-results",
        "mailer" => "x-mailer",
        _ => return None,
    })
}

fn body(evidence: &Evidence, rest: &str) -> Option<Span> {
    let body = &evidence.model.body;
    if let Some(below) = rest.strip_prefix("links[")
        && let Some(span) = body.links.get(number(below)?).and_then(|l| l.span)
    {
        return Some(span);
    }
    let html = body.html.as_ref().map(|h| h.span);
    let plain = body.plain.as_ref().map(|p| p.span);
    if rest.starts_with("plain") { plain } else { html.or(plain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_paths() {
        assert_eq!(number("3].file_name"), Some(3));
        assert_eq!(number("file_name"), None);
    }
}
