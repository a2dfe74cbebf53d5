//! How mail programs quote what is answered: Outlook's header block, Gmail's line, Lotus Notes' line.

use time::OffsetDateTime;

use crate::write::template::escape;

/// A message of the thread.
#[derive(Debug, Clone)]
pub(in crate::write) struct Message {
    pub(in crate::write) from: (String, String),
    pub(in crate::write) to: (String, String),
    pub(in crate::write) sent: i64,
    pub(in crate::write) subject: String,
    pub(in crate::write) text: String,
}

/// The program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::write) enum Style {
    Outlook,
    Gmail,
    Notes,
}

/// The answer with the thread below, as plain text.
pub(in crate::write) fn text(answer: &str, thread: &[Message], style: Style, language: &str) -> String {
    let mut out = format!("{answer}\n");
    for (depth, message) in thread.iter().enumerate() {
        match style {
            Style::Outlook => {
                let labels = labels(language);
                let lines: Vec<String> =
                    labels.iter().zip(block(message, language)).map(|(l, v)| format!("{l} {v}")).collect();
                out.push_str(&format!(
                    "\n________________________________\n{}\n\n{}\n",
                    lines.join("\n"),
                    message.text
                ));
            }
            Style::Gmail => {
                let mark = "> ".repeat(depth);
                out.push_str(&format!("\n{mark}{}\n{mark}>\n", attribution(message, language)));
                for line in message.text.lines() {
                    out.push_str(&format!("{mark}> {line}\n"));
                }
            }
            Style::Notes => {
                let t = moment(message.sent);
                let (hour, half) = twelve(t.hour());
                out.push_str(&format!(
                    "\n{} wrote on {:02}/{:02}/{} {hour:02}:{:02}:{:02} {half}:\n\n{}\n",
                    message.from.0,
                    u8::from(t.month()),
                    t.day(),
                    t.year(),
                    t.minute(),
                    t.second(),
                    message.text
                ));
            }
        }
    }
    out
}

/// The same as HTML.
pub(in crate::write) fn html(answer: &str, thread: &[Message], style: Style, language: &str) -> String {
    let mut out = String::from(
        "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head>\n<body>\n",
    );
    out.push_str(&paragraphs(answer, true));
    let mut close = String::new();
    for message in thread {
        if style == Style::Gmail {
            out.push_str(&format!(
                "<br>\n<div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">{}<br></div>\n<blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex\">\n{}",
                escape(&attribution(message, language)),
                paragraphs(&message.text, false)
            ));
            close.push_str("</blockquote></div>\n");
            continue;
        }
        let lines: Vec<String> = labels(language)
            .iter()
            .zip(block(message, language))
            .map(|(l, v)| format!("<b>{l}</b> {}", escape(&v)))
            .collect();
        out.push_str(&format!(
            "<div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\">\n<p class=\"MsoNormal\">{}</p></div>\n{}",
            lines.join("<br>\n"),
            paragraphs(&message.text, false)
        ));
    }
    out.push_str(&close);
    out.push_str("</body></html>\n");
    out
}

fn paragraphs(text: &str, links: bool) -> String {
    let mut out = String::new();
    for paragraph in text.split("\n\n") {
        let lines: Vec<String> = paragraph
            .lines()
            .map(|l| match l.find("https://").filter(|_| links) {
                Some(at) => {
                    let (front, url) = l.split_at(at);
                    format!("{}<a href=\"{url}\">{url}</a>", escape(front))
                }
                None => escape(l),
            })
            .collect();
        out.push_str(&format!("<p class=\"MsoNormal\">{}</p>\n", lines.join("<br>\n")));
    }
    out
}

pub(in crate::write) fn labels(language: &str) -> [&'static str; 4] {
    match language {
        "sv" => ["Från:", "Skickat:", "Till:", "Ämne:"],
        "ja" => ["差出人:", "送信日時:", "宛先:", "件名:"],
        _ => ["From:", "Sent:", "To:", "Subject:"],
    }
}

/// Values of the header block in the language's way.
pub(in crate::write) fn block(message: &Message, language: &str) -> [String; 4] {
    let mailbox = |(name, address): &(String, String)| format!("{name} <{address}>");
    let t = moment(message.sent);
    let date = match language {
        "sv" => format!("den {} {} {} {:02}:{:02}", t.day(), month_sv(t), t.year(), t.hour(), t.minute()),
        "ja" => {
            format!("{}年{}月{}日 {:02}:{:02}", t.year(), u8::from(t.month()), t.day(), t.hour(), t.minute())
        }
        _ => {
            let (hour, half) = twelve(t.hour());
            format!(
                "{}, {} {}, {} {hour}:{:02} {half}",
                t.weekday(),
                t.month(),
                t.day(),
                t.year(),
                t.minute()
            )
        }
    };
    [mailbox(&message.from), date, mailbox(&message.to), message.subject.clone()]
}

/// Gmail's line.
pub(in crate::write) fn attribution(message: &Message, language: &str) -> String {
    let (name, address) = &message.from;
    let t = moment(message.sent);
    let day = t.weekday().number_days_from_monday() as usize;
    let short = |text: String| text.chars().take(3).collect::<String>();
    match language {
        "sv" => {
            let weekday =
                ["mån", "tis", "ons", "tors", "fre", "lör", "sön"].get(day).copied().unwrap_or_default();
            let (m, y) = (short(month_sv(t).to_owned()), t.year());
            format!(
                "Den {weekday} {} {m}. {y} kl {:02}:{:02} skrev {name} <{address}>:",
                t.day(),
                t.hour(),
                t.minute()
            )
        }
        "ja" => {
            let weekday = ["月", "火", "水", "木", "金", "土", "日"].get(day).copied().unwrap_or_default();
            let (y, m, d) = (t.year(), u8::from(t.month()), t.day());
            format!("{y}年{m}月{d}日({weekday}) {}:{:02} {name} <{address}>:", t.hour(), t.minute())
        }
        _ => {
            let (hour, half) = twelve(t.hour());
            let (weekday, month) = (short(t.weekday().to_string()), short(t.month().to_string()));
            format!(
                "On {weekday}, {month} {}, {} at {hour}:{:02} {half} {name} <{address}> wrote:",
                t.day(),
                t.year(),
                t.minute()
            )
        }
    }
}

fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn twelve(hour: u8) -> (u8, &'static str) {
    let half = if hour < 12 { "AM" } else { "PM" };
    (if hour.is_multiple_of(12) { 12 } else { hour % 12 }, half)
}

pub(in crate::write) fn month_sv(t: OffsetDateTime) -> &'static str {
    const NAMES: [&str; 12] = [
        "januari",
        "februari",
        "mars",
        "april",
        "maj",
        "juni",
        "juli",
        "augusti",
        "september",
        "oktober",
        "november",
        "december",
    ];
    NAMES.get(usize::from(u8::from(t.month())) - 1).copied().unwrap_or_default()
}
