//! The banner as HTML: pure ASCII, one table, every element styled by itself.
//!
//! An element's own `!important` declarations are stronger than any style sheet, so nothing in the message can recolour
//! or hide the banner's elements. Programs that know no `!important` (Outlook's) find the same in attributes and `font`.

use std::fmt::Write as _;

use sekisho_mail::Html;
use sekisho_record::Level;

use super::{armour::Armour, snippet::Snippet, words::Said};

/// What the id of every banner begins with.
pub(super) const ID: &str = "sekisho-";
/// The product, as banners name it.
pub(super) const PRODUCT: &str = "Sekisho";

/// Colours of a level. All pairs of text and ground contrast 4.5:1 or more.
struct Look {
    sign: &'static str,
    accent: &'static str,
    ground: &'static str,
    ink: &'static str,
}

fn look(level: Level) -> Look {
    match level {
        Level::Notice => Look { sign: "i", accent: "#1f5fa8", ground: "#e8f1fb", ink: "#10263f" },
        Level::Warning => Look { sign: "!", accent: "#8a5a00", ground: "#fff4d6", ink: "#3d2a00" },
        Level::Danger => Look { sign: "X", accent: "#b3141b", ground: "#fde7e7", ink: "#4a0a0a" },
    }
}

/// The grounds of all banners as style sheets write them, without blanks.
pub(super) fn grounds() -> [&'static str; 6] {
    ["#e8f1fb", "rgb(232,241,251)", "#fff4d6", "rgb(255,244,214)", "#fde7e7", "rgb(253,231,231)"]
}

/// The sign of a level, for text.
pub(super) fn sign(level: Level) -> &'static str {
    look(level).sign
}

/// A style that owes nothing to the page: all properties at their first value, then these.
fn style(display: &str, more: &[&str]) -> String {
    let mut out = String::from("all:initial!important");
    let always = ["visibility:visible", "opacity:1", "direction:ltr", "unicode-bidi:isolate"];
    let mut add = |declaration: &str| {
        let _ = write!(out, ";{declaration}!important");
    };
    add(&format!("display:{display}"));
    always.iter().chain(more).for_each(|declaration| add(declaration));
    out
}

/// Style of text in this colour.
fn ink(color: &str, px: u8, more: &[&str]) -> String {
    let (color, size, height) =
        (format!("color:{color}"), format!("font-size:{px}px"), format!("line-height:{}px", px + px / 2));
    let fill = format!("-webkit-text-fill-{color}");
    let mut all = vec![
        color.as_str(),
        fill.as_str(),
        size.as_str(),
        height.as_str(),
        "font-family:Arial,Helvetica,sans-serif",
        "text-align:left",
        "white-space:normal",
        "overflow-wrap:anywhere",
    ];
    all.extend(more);
    style("inline", &all)
}

/// Before a banner on a page that hides its own root.
const SHOWN: &str = "display:block;visibility:visible;opacity:1;transform:none;translate:none;scale:none;rotate:none;\
    filter:none;clip:auto;clip-path:none;mask:none;-webkit-mask:none;position:static;left:0;top:0;overflow:visible;\
    float:none;max-height:none;max-width:none;min-width:0;height:auto;width:auto;margin-top:0;margin-left:0;\
    text-indent:0;font-size:16px;zoom:1;contain:none;content-visibility:visible;mix-blend-mode:normal;\
    animation:none;transition:none;writing-mode:horizontal-tb;columns:auto;content:normal;perspective:none";

/// The same, stronger than every style sheet.
fn shown() -> String {
    SHOWN.split(';').map(|declaration| format!("{declaration}!important")).collect::<Vec<_>>().join(";")
}

/// The banner. It begins and ends with a line end; blanks put before the last one change nothing.
pub(super) fn render(said: &Said, armour: &Armour, line_end: &str) -> Snippet {
    let look = look(said.level);
    let mut lines: Vec<String> = vec![String::new()];
    if let Some((html, body)) = &armour.root {
        let style = shown();
        for (tag, own) in [("html", html), ("body", body)] {
            let own = own.trim_end_matches([' ', ';']);
            let own = if own.is_empty() { String::new() } else { wrapped(&ascii(&format!("{own}; "))) };
            lines.push(format!("<{tag} style=\"{own}"));
            lines.push(format!("{style}\">"));
        }
    }
    if armour.pseudo {
        lines.push(without_pseudo(&said.mark, armour.plane));
    }
    open(said, &look, &mut lines);
    let text = ink(look.ink, 14, &[]);
    let font = |style: &str, color: &str| {
        format!("<font color=\"{color}\" face=\"Arial\" size=\"2\" style=\"{style}\">")
    };
    let bold = ink(look.ink, 15, &["font-weight:700"]);
    lines.push(format!("{}<b", font(&text, look.ink)));
    lines.push(format!("style=\"{bold}\">{} &#183; {PRODUCT}</b><br", ascii(&said.head)));
    lines.push(format!("style=\"{}\" />", style("inline", &[])));
    lines.push(wrapped(&ascii(&said.sentences.join(if said.tag == "ja" { "" } else { " " }))));
    links(said, &look, &mut lines);
    lines.push("</font></td></tr></tbody></table></div>".to_owned());
    if armour.plane {
        // Never closed: no end tag in the message can name it.
        let style = "display:block!important;position:relative!important;z-index:0!important;isolation:isolate!important";
        lines.push(format!("<x-{} style=\"{style}\">", said.mark.to_ascii_lowercase()));
    }
    let text = lines.join("\n");
    let pad_at = text.len();
    let text = format!("{text}\n");
    Snippet::new(&text, pad_at, " ", line_end)
}

/// The notice before a text that imitates a banner.
pub(super) fn notice(said: &Said, line_end: &str) -> Snippet {
    let look = look(said.level);
    let (ground, border) =
        (format!("background-color:{}", look.ground), format!("border:2px solid {}", look.accent));
    let more = [
        "display:block",
        "padding:4px 10px",
        "font-weight:700",
        ground.as_str(),
        border.as_str(),
        "color-scheme:light only",
    ];
    let text = format!(
        "\n<font color=\"{}\" face=\"Arial\" size=\"2\" lang=\"{}\" dir=\"ltr\"\nstyle=\"{}\">{}</font>",
        look.ink,
        said.tag,
        ink(look.ink, 14, &more),
        wrapped(&ascii(&format!("[{}] {}", look.sign, said.imitation)))
    );
    let pad_at = text.len();
    Snippet::new(&(text + "\n"), pad_at, " ", line_end)
}

/// What a reader sees of a snippet.
pub(super) fn seen(snippet: &Snippet) -> String {
    Html::parse(&String::from_utf8_lossy(&snippet.padded(0, 1))).display_text.trim().to_owned()
}

/// A style sheet that nothing is written before or behind our words and, when things pile up, that nothing hangs over
/// them from the root. It beats what cannot name their id.
fn without_pseudo(mark: &str, piles: bool) -> String {
    let id = format!("#{ID}{mark}").repeat(16);
    let mut heads = vec![id.clone(), format!("{id} *")];
    if piles {
        heads.extend(["html", "body"].map(|root| format!("{root}:not({id})")));
    }
    let none = "content:none!important;display:none!important";
    let mut out = String::from("<style type=\"text/css\">\n");
    for head in &heads {
        out.push_str(&format!("{head}::before,\n{head}::after{{{none}}}\n"));
    }
    for head in heads.iter().take(2) {
        out.push_str(&format!("{head}::first-line,\n{head}::first-letter{{all:unset!important}}\n"));
    }
    out.push_str("</style>");
    out
}

/// The box, the sign, and the cell that the words stand in.
fn open(said: &Said, look: &Look, lines: &mut Vec<String>) {
    let (accent, ground) = (look.accent, look.ground);
    let border = format!("border:2px solid {accent}");
    let (on_ground, on_accent) = (format!("background-color:{ground}"), format!("background-color:{accent}"));
    let scheme = "color-scheme:light only";
    let outer = ["position:relative", "z-index:2147483647", "width:auto", "margin:0 0 12px 0", "clear:both"];
    let role = if said.level == Level::Notice { "note" } else { "alert" };
    lines.push(format!("<div id=\"{ID}{}\" role=\"{role}\" lang=\"{}\" dir=\"ltr\"", said.mark, said.tag));
    let mut outer: Vec<&str> = outer.to_vec();
    outer.extend([scheme, "isolation:isolate", on_ground.as_str()]);
    lines.push(format!("style=\"{}\">", style("block", &outer)));
    lines.push(format!(
        "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" bgcolor=\"{ground}\""
    ));
    let table = [
        "width:100%",
        "border-collapse:separate",
        "border-spacing:0",
        "box-sizing:border-box",
        border.as_str(),
        on_ground.as_str(),
        scheme,
    ];
    lines.push(format!("style=\"{}\">", style("table", &table)));
    lines.push(format!("<tbody style=\"{}\">", style("table-row-group", &[])));
    lines.push(format!("<tr style=\"{}\">", style("table-row", &[])));
    let cell =
        ["vertical-align:top", "width:40px", "padding:10px 0", "text-align:center", on_accent.as_str()];
    lines.push(format!(
        "<td width=\"40\" align=\"center\" valign=\"top\" bgcolor=\"{accent}\" aria-hidden=\"true\""
    ));
    lines.push(format!("style=\"{}\">", style("table-cell", &cell)));
    lines.push("<font color=\"#ffffff\" face=\"Arial\" size=\"5\"".to_owned());
    lines.push(format!(
        "style=\"{}\">{}</font></td>",
        ink("#ffffff", 22, &["font-weight:700", on_accent.as_str()]),
        look.sign
    ));
    let cell =
        ["vertical-align:top", "width:auto", "padding:10px 14px", "text-align:left", on_ground.as_str()];
    lines.push(format!("<td align=\"left\" valign=\"top\" bgcolor=\"{ground}\""));
    lines.push(format!("style=\"{}\">", style("table-cell", &cell)));
}

fn links(said: &Said, look: &Look, lines: &mut Vec<String>) {
    for (at, (label, to)) in said.links.iter().enumerate() {
        let before = if at == 0 { "<br" } else { "&#160;&#160; <span" };
        lines.push(before.to_owned());
        lines.push(format!("style=\"{}\"{}", style("inline", &[]), if at == 0 { " />" } else { "></span>" }));
        let underlined = ["text-decoration:underline", "font-weight:700", "cursor:pointer"];
        lines.push(format!("<a href=\"{}\" target=\"_blank\"", ascii(to)));
        lines.push(format!("style=\"{}\">", ink(look.ink, 14, &underlined)));
        lines.push(format!("{}</a>", ascii(label)));
    }
}

/// Text or an attribute's value in characters that mean the same in every charset: letters, digits and a few marks;
/// everything else as a numeric reference.
pub(super) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | ',' | ':' | '/' | '?' | '-' | '(' | ')' => {
                out.push(c)
            }
            _ => {
                let _ = write!(out, "&#{};", c as u32);
            }
        }
    }
    out
}

/// Broken at blanks into lines of about 76 bytes; where there is no blank, inside a comment, which shows nothing.
fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 64);
    let mut line = 0;
    for word in text.split_inclusive([' ', ';']) {
        if line + word.len() > 400 {
            out.push_str("<!--\n-->");
            line = 3;
        }
        out.push_str(word);
        line += word.len();
        if line > 76 && out.ends_with(' ') {
            out.pop();
            out.push('\n');
            line = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_level_can_be_read() {
        for level in [Level::Notice, Level::Warning, Level::Danger] {
            let look = look(level);
            assert!(contrast(look.ink, look.ground) >= 7.0, "{level:?}");
            assert!(contrast("#ffffff", look.accent) >= 4.5, "{level:?}");
            assert!(grounds().contains(&look.ground));
        }
    }

    #[test]
    fn text_becomes_ascii_that_closes_nothing() {
        assert_eq!(ascii("a\"<b>&+~\\=é関"), "a&#34;&#60;b&#62;&#38;&#43;&#126;&#92;&#61;&#233;&#38306;");
        assert_eq!(wrapped(&"&#12354;".repeat(60)).lines().count(), 2);
    }
}
