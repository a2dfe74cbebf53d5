//! What the console shows of a message, made where the message is read: an explanation, the verdict, and its text.

use sekisho_console::{Examined, Preview, PreviewFile, PreviewLink};
use sekisho_record::Record;

use crate::{explain, words::Words};

/// Bytes of the text: what a person reads, not what a program would search. The console cuts again.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Links and files: what is more is not shown, which the preview says.
const MANY: usize = 100;

/// The JSON of [`Examined`].
pub(crate) fn render(record: &Record, language: &str) -> Option<String> {
    let examined = Examined {
        explanation: explain::render(record, &Words::new(language)),
        verdict: serde_json::to_value(&record.verdict).ok()?,
        preview: preview(record),
    };
    serde_json::to_string(&examined).ok()
}

fn preview(record: &Record) -> Preview {
    let model = &record.evidence.model;
    let (sender, body) = (&model.sender, &model.body);
    let mailbox = |name: Option<&String>, address: &str| match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} <{address}>"),
        None => address.to_owned(),
    };
    let address = sender.email.as_ref().map_or("", |email| email.email.as_str());
    let people = model.recipients.to.iter().chain(&model.recipients.cc);
    // HTML is what a reader sees where there are both.
    let page = body.html.as_ref().map(|html| html.dom.display_text.as_str());
    let page = page.filter(|text| !text.trim().is_empty());
    let text = page.or(body.plain.as_ref().map(|plain| plain.raw.as_str())).unwrap_or_default();
    let shown = explain::bytes(text, TEXT_BYTES_MAX);
    let link = |link: &sekisho_mail::Link| PreviewLink {
        shown: link
            .display_text
            .clone()
            .or_else(|| link.display_url.as_ref().map(|url| url.url.clone()))
            .unwrap_or_default(),
        to: link.href_url.url.clone(),
    };
    let file = |file: &sekisho_mail::Attachment| PreviewFile {
        name: file.file_name.clone().unwrap_or_default(),
        kind: file.file_type.clone(),
        size: u64::try_from(file.size).unwrap_or(0),
    };
    Preview {
        from: mailbox(sender.display_name.as_ref(), address),
        to: people.take(MANY).map(|one| mailbox(one.display_name.as_ref(), &one.email.email)).collect(),
        subject: model.subject.subject.clone().unwrap_or_default(),
        date: model.headers.date,
        text: shown.to_owned(),
        cut: shown.len() < text.len() || body.links.len() > MANY || model.attachments.len() > MANY,
        links: body.links.iter().take(MANY).map(link).collect(),
        files: model.attachments.iter().take(MANY).map(file).collect(),
    }
}
