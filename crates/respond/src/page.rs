//! One content, written twice: as plain text and as HTML that stands on its own, in light and in dark.

use crate::{safe::escaped, words::Words};

/// A part of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// A paragraph of ours.
    Words(String),
    /// Something that is listed.
    Item {
        /// Its title, a text of a stranger that is safe.
        title: String,
        /// Names of ours, and what strangers say, which is safe.
        rows: Vec<(String, String)>,
        /// Name and address of its link.
        link: Option<(String, String)>,
    },
}

/// As plain text.
pub(crate) fn text(blocks: &[Block]) -> String {
    let mut out = String::new();
    let mut number = 0;
    for block in blocks {
        match block {
            Block::Words(words) => out.push_str(&format!("{words}\r\n\r\n")),
            Block::Item { title, rows, link } => {
                number += 1;
                out.push_str(&format!("{number}. \"{title}\"\r\n"));
                for (name, value) in rows.iter().chain(link) {
                    out.push_str(&format!("   {name}: {value}\r\n"));
                }
                out.push_str("\r\n");
            }
        }
    }
    out.truncate(out.trim_end().len());
    out.push_str("\r\n");
    out
}

/// Programs that look for telephone numbers and addresses are asked not to make links of them.
const HEAD: &str = "<meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
<meta name=\"format-detection\" content=\"telephone=no,date=no,address=no,email=no,url=no\">\
<meta name=\"viewport\" content=\"width=device-width\">";
const BOX: &str = "border:1px solid #888888;border-radius:6px;padding:0 14px;margin:14px 0";
const BUTTON: &str = "display:inline-block;border:1px solid currentColor;border-radius:4px;padding:6px 12px";

/// As HTML.
pub(crate) fn html(title: &str, blocks: &[Block], words: Words) -> String {
    let title = escaped(title);
    let mut out = format!(
        "<!DOCTYPE html>\r\n<html lang=\"{}\"><head>{HEAD}<title>{title}</title></head>\r\n\
         <body style=\"font-family:sans-serif;line-height:1.5;max-width:44em;margin:0 auto;padding:8px\">\r\n",
        words.tag()
    );
    let mut number = 0;
    for block in blocks {
        match block {
            Block::Words(words) => out.push_str(&format!("<p>{}</p>\r\n", escaped(words))),
            Block::Item { title, rows, link } => {
                number += 1;
                let title = escaped(title);
                out.push_str(&format!(
                    "<div style=\"{BOX}\">\r\n<p><b>{number}. <bdi>{title}</bdi></b></p>\r\n<p>"
                ));
                for (name, value) in rows {
                    let (name, value) = (escaped(name), escaped(value));
                    out.push_str(&format!("{name}: <bdi>{value}</bdi><br>\r\n"));
                }
                out.push_str("</p>\r\n");
                if let Some((name, to)) = link {
                    let (name, to) = (escaped(name), escaped(to));
                    out.push_str(&format!("<p><a href=\"{to}\" style=\"{BUTTON}\">{name}</a></p>\r\n"));
                }
                out.push_str("</div>\r\n");
            }
        }
    }
    out.push_str("</body></html>\r\n");
    out
}
