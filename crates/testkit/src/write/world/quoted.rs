//! How mail programs show what is answered, with every link still a link.

use time::{OffsetDateTime, UtcOffset};

use super::people::Client;
use crate::{
    message,
    write::{reply::quote, template::escape},
};

/// A message as those who answer it see it.
pub(super) use quote::Message;

/// Quoted messages that are kept at most.
const DEPTH_MAX: usize = 6;

/// The answer with the thread below, newest first.
pub(super) fn text(answer: &str, thread: &[Message], client: Client, language: &str) -> String {
    let mut out = format!("{answer}\n");
    for (depth, message) in thread.iter().take(DEPTH_MAX).enumerate() {
        if in_blocks(client) {
            let lines: Vec<String> = quote::labels(language)
                .iter()
                .zip(quote::block(message, language))
                .map(|(l, v)| format!("{l} {v}"))
                .collect();
            let rule = if client == Client::Notes { "-----" } else { "________________________________" };
            out.push_str(&format!("\n{rule}\n{}\n\n{}\n", lines.join("\n"), message.text));
            continue;
        }
        let mark = "> ".repeat(depth);
        out.push('\n');
        for line in introduction(message, client, language).lines() {
            out.push_str(&format!("{mark}{line}\n"));
        }
        out.push_str(&format!("{mark}>\n"));
        for line in message.text.lines() {
            out.push_str(&format!("{mark}> {line}\n"));
        }
    }
    out
}

/// The same as HTML.
pub(super) fn html(answer: &str, thread: &[Message], client: Client, language: &str) -> String {
    let mut out = String::from(
        "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head>\n<body>\n",
    );
    out.push_str(&paragraphs(answer, client));
    let mut close = String::new();
    for message in thread.iter().take(DEPTH_MAX) {
        if in_blocks(client) {
            let lines: Vec<String> = quote::labels(language)
                .iter()
                .zip(quote::block(message, language))
                .map(|(l, v)| format!("<b>{l}</b> {}", escape(&v)))
                .collect();
            out.push_str(&format!(
                "<div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\">\n<p class=\"MsoNormal\">{}</p></div>\n{}",
                lines.join("<br>\n"),
                paragraphs(&message.text, client)
            ));
            continue;
        }
        let who = escape(&introduction(message, client, language));
        out.push_str(&match client {
            Client::Gmail => format!(
                "<br>\n<div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">{who}<br></div>\n<blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex\">\n"
            ),
            Client::Thunderbird => format!("<div class=\"moz-cite-prefix\">{who}<br></div>\n<blockquote type=\"cite\">\n"),
            _ => format!("<div><br><blockquote type=\"cite\"><div>{who}</div><br>\n"),
        });
        out.push_str(&paragraphs(&message.text, client));
        close.push_str(if client == Client::Thunderbird {
            "</blockquote>\n"
        } else {
            "</blockquote></div>\n"
        });
    }
    out.push_str(&close);
    out.push_str("</body></html>\n");
    out
}

/// The program shows the header of what is answered, not one line.
fn in_blocks(client: Client) -> bool {
    use Client::{Bare, Notes, Outlook, Robot, Script, SmtpOutlook};
    matches!(client, Outlook | SmtpOutlook | Notes | Script | Bare | Robot)
}

/// The line above a quotation.
fn introduction(message: &Message, client: Client, language: &str) -> String {
    let (name, address) = &message.from;
    let zone = UtcOffset::from_hms(if language == "ja" { 9 } else { 1 }, 0, 0).unwrap_or(UtcOffset::UTC);
    let t = OffsetDateTime::from_unix_timestamp(message.sent)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .to_offset(zone);
    let (y, m, d, hour, minute) = (t.year(), u8::from(t.month()), t.day(), t.hour(), t.minute());
    match (client, language) {
        (Client::Thunderbird | Client::Roundcube, "sv") => {
            format!("Den {y}-{m:02}-{d:02} kl. {hour:02}:{minute:02}, skrev {name}:")
        }
        (Client::Thunderbird | Client::Roundcube, "ja") => {
            format!("On {y}/{m:02}/{d:02} {hour}:{minute:02}, {name} wrote:")
        }
        (Client::Thunderbird | Client::Roundcube, _) => {
            format!("On {d:02}/{m:02}/{y} {hour:02}:{minute:02}, {name} wrote:")
        }
        (Client::Becky, _) => format!("On {}\n{name} <{address}> wrote:", message::date(message.sent, 9)),
        (Client::Apple | Client::Iphone, "ja") => {
            format!("{y}/{m:02}/{d:02} {hour}:{minute:02}、{name} <{address}>のメール:")
        }
        (Client::Apple | Client::Iphone, "sv") => {
            format!(
                "{d} {} {y} kl. {hour:02}:{minute:02} skrev {name} <{address}>:",
                quote::month_sv(t).get(..3).unwrap_or("maj")
            )
        }
        (Client::Apple | Client::Iphone, _) => {
            let month: String = t.month().to_string().chars().take(3).collect();
            format!("On {d} {month} {y}, at {hour:02}:{minute:02}, {name} <{address}> wrote:")
        }
        _ => quote::attribution(message, language),
    }
}

/// Text as HTML; what begins with https:// becomes a link.
fn paragraphs(text: &str, client: Client) -> String {
    let (open, close) = match client {
        Client::Outlook | Client::SmtpOutlook => ("<p class=\"MsoNormal\">", "</p>\n"),
        Client::Gmail | Client::Apple | Client::Iphone => ("<div>", "</div><div><br></div>\n"),
        _ => ("<p>", "</p>\n"),
    };
    let mut out = String::new();
    for paragraph in text.split("\n\n") {
        let lines: Vec<String> = paragraph
            .lines()
            .map(|line| match line.find("https://") {
                Some(at) => {
                    let (front, rest) = line.split_at(at);
                    let (url, behind) = rest.split_once(' ').unwrap_or((rest, ""));
                    let gap = if behind.is_empty() { "" } else { " " };
                    format!(
                        "{}<a href=\"{}\">{}</a>{gap}{}",
                        escape(front),
                        escape(url),
                        escape(url),
                        escape(behind)
                    )
                }
                None => escape(line),
            })
            .collect();
        out.push_str(&format!("{open}{}{close}", lines.join("<br>\n")));
    }
    out
}
