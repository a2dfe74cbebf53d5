//! What a page's style does to its root, and what a banner needs against it.
//!
//! No style sheet reaches the banner's own elements, but one can hide the page that they stand on, lay something over
//! them, or write something beside them. Rather too often than too seldom something is found here: what is done about
//! it changes little of the page.

use sekisho_mail::{Html, html::NodeRef};

/// What stands around a banner besides the page as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Armour {
    /// The page's `html` and `body` may be out of sight: their own styles without what hides, to which what
    /// shows them is added.
    pub(super) root: Option<(String, String)>,
    /// Something may be laid over the banner: the page is put on a plane of its own.
    pub(super) plane: bool,
    /// Something may be written beside the banner's words (`::before`).
    pub(super) pseudo: bool,
}

/// What a style sheet says about the roots and about everything.
#[derive(Debug, Default)]
struct Found {
    root: bool,
    plane: bool,
    pseudo: bool,
}

/// Looks at all style of a page.
pub(super) fn needed(page: &Html) -> Armour {
    let mut found = Found::default();
    let (mut styles, mut names) = ([String::new(), String::new()], String::new());
    let mut sheets = Vec::new();
    let mut open = vec![page.document()];
    while let Some(node) = open.pop() {
        open.extend(node.children());
        let style = node.attribute("style").unwrap_or_default();
        let root = match node.name() {
            "html" => Some(0),
            "body" => Some(1),
            "style" => {
                sheets.push(node.children().map(NodeRef::raw).collect::<String>());
                None
            }
            _ => None,
        };
        if !style.is_empty() {
            let clean = unescaped(style);
            found.plane |= piles(&clean);
            found.root |= root.is_some() && hides(&clean);
        }
        if let Some(slot) = root.and_then(|at| styles.get_mut(at)) {
            *slot = style.to_owned();
            for name in ["class", "id"] {
                names.push(' ');
                names.push_str(&node.attribute(name).unwrap_or_default().to_ascii_lowercase());
            }
        }
    }
    for sheet in sheets {
        found.sheet(&unescaped(&sheet), &names);
    }
    let [html, body] = styles.map(|style| harmless(&style));
    Armour { root: found.root.then_some((html, body)), plane: found.plane, pseudo: found.pseudo }
}

impl Found {
    /// Walks the blocks of a sheet, those in `@media` and the like too.
    fn sheet(&mut self, sheet: &str, names: &str) {
        self.plane |= piles(sheet);
        let mut rest = sheet;
        while let Some(at) = rest.find(['{', '}', ';']) {
            let (text, tail) = rest.split_at(at);
            rest = tail.get(1..).unwrap_or_default();
            if !tail.starts_with('{') {
                continue;
            }
            let end = rest.find(['{', '}']).unwrap_or(rest.len());
            let declarations = rest.get(..end).unwrap_or_default();
            for selector in split(text.trim(), |c| c == ',') {
                self.pseudo |=
                    ["before", "after", "first-l", "marker"].iter().any(|word| selector.contains(word));
                self.root |= is_root(selector, names) && hides(declarations);
            }
        }
    }
}

/// Lower case, without comments, with escapes (`\6f`) resolved.
fn unescaped(style: &str) -> String {
    let mut out = String::with_capacity(style.len());
    let mut rest = style;
    while let Some(at) = rest.find(['\\', '/']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        if let Some(comment) = tail.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
            continue;
        }
        let next = tail.get(1..).unwrap_or_default();
        if tail.starts_with('/') {
            out.push('/');
            rest = next;
            continue;
        }
        let digits = next.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        let (code, after) = next.split_at(digits);
        match u32::from_str_radix(code, 16).ok().and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = after.strip_prefix([' ', '\n', '\t']).unwrap_or(after);
            }
            None => rest = next,
        }
    }
    out.push_str(rest);
    out.make_ascii_lowercase();
    out
}

/// Splits outside of parentheses and brackets.
fn split(text: &str, at: fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |c: char| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        depth <= 0 && at(c)
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

/// The selector may mean `html` or `body`, which have these classes and ids.
fn is_root(selector: &str, names: &str) -> bool {
    let combinator = |c: char| c.is_whitespace() || matches!(c, '>' | '+' | '~');
    let Some(last) = split(selector, combinator).last() else { return false };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let tag = last.get(..last.find(|c| !is_name(c)).unwrap_or(last.len())).unwrap_or_default();
    match last.chars().next() {
        _ if !tag.is_empty() => matches!(tag, "html" | "body") || last.contains('|'),
        Some('.' | '#') => {
            let name = last.get(1..).unwrap_or_default();
            let name = name.get(..name.find(|c| !is_name(c)).unwrap_or(name.len())).unwrap_or_default();
            names.split_ascii_whitespace().any(|known| known == name)
        }
        _ => true,
    }
}

/// Declarations that can take an element with all that is in it out of sight.
fn hides(declarations: &str) -> bool {
    declarations.split(';').filter_map(|declaration| declaration.split_once(':')).any(|(name, value)| {
        let name = name.trim().trim_start_matches("-webkit-").trim_start_matches("-moz-");
        let value = value.split('!').next().unwrap_or(value).trim();
        let is = |words: &[&str]| words.contains(&value);
        let zero = is(&["0", "0px", "auto", "initial", "unset", "none", "normal", "inherit"]);
        match name {
            "display" => !is(&["block", "inherit", "initial", "inline", "table", "flow-root"]),
            "visibility" => !is(&["visible", "inherit"]),
            "opacity" | "zoom" => !is(&["1", "1.0", "100%", "normal"]),
            "position" => !is(&["static", "relative", "inherit"]),
            "transform" | "translate" | "scale" | "rotate" | "filter" | "clip" | "clip-path" | "mask"
            | "mask-image" | "left" | "top" | "right" | "bottom" | "inset" | "animation"
            | "animation-name" | "columns" | "column-count" | "column-width" | "contain"
            | "content-visibility" | "content" | "mix-blend-mode" | "perspective" | "float" | "all" => !zero,
            "writing-mode" => value != "horizontal-tb",
            "width" | "height" | "max-width" | "max-height" => is_narrow(value),
            name if name.starts_with("margin") => value.contains('-') || value.contains('('),
            _ => false,
        }
    })
}

/// The declarations of a style that hide nothing.
fn harmless(style: &str) -> String {
    let kept = style.split(';').map(str::trim).filter(|one| !one.is_empty() && !hides(&unescaped(one)));
    kept.collect::<Vec<_>>().join(";")
}

/// A length that leaves no room for a banner.
fn is_narrow(value: &str) -> bool {
    let end = value.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    let Ok(number) = number.parse::<f64>() else { return value.contains('(') };
    let least = match unit.trim() {
        "%" | "vw" | "vh" => 50.0,
        "em" | "rem" | "ex" | "ch" | "in" | "cm" => 20.0,
        _ => 300.0,
    };
    number < least
}

/// Declarations that pile up as high as banners do.
fn piles(style: &str) -> bool {
    style.match_indices("z-index").any(|(at, name)| {
        let rest = style.get(at + name.len()..).unwrap_or_default();
        let value = rest.split([';', '}']).next().unwrap_or_default().trim_start_matches([':', ' ']).trim();
        let digits = value.bytes().take_while(u8::is_ascii_digit).count();
        digits >= 9
            || !value
                .split('!')
                .next()
                .unwrap_or_default()
                .trim()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            || (digits > 0 && value.as_bytes().get(digits) == Some(&b'e'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page: &str) -> (bool, bool, bool) {
        let armour = needed(&Html::parse(page));
        (armour.root.is_some(), armour.plane, armour.pseudo)
    }

    #[test]
    fn what_hides_the_page_is_found_and_what_newsletters_do_is_not() {
        for style in [
            "*{display:none!important}",
            "html>body{visibility:hidden}",
            "@media (min-width:1px){body{opacity:0}}",
            "b\\6f dy{transform:scale(0)}",
            "body/**/{position:absolute;left:-9999px}",
            ".gone{max-height:0}",
            ":not(x){margin:-900px 0 0}",
            "html,\nbody.x{filter:blur(9px)}",
            "[lang]{animation:away 1s}",
            "#top{width:1px}",
        ] {
            assert_eq!(
                check(&format!("<style>{style}</style><body class=gone id=top>x")),
                (true, false, false),
                "{style}"
            );
        }
        for style in [
            "body{margin:0;padding:0;width:100%!important;min-width:100%;height:100%}",
            "p{display:none}",
            ".gone{max-height:0}",
            "@media (max-width:600px){.hide{display:none!important}table{width:100%}}",
            "*{box-sizing:border-box;line-height:inherit}",
            "body{max-width:640px;margin:0 auto;display:block}",
        ] {
            assert_eq!(check(&format!("<style>{style}</style><body>x")), (false, false, false), "{style}");
        }
        assert!(check("<body style='width:1px'>x").0);
        assert!(!check("<body style='width:600px'><p style='display:none'>x").0);
    }

    #[test]
    fn piles_and_words_beside_are_found() {
        assert_eq!(check("<style>.a{z-index:2147483647}</style>x"), (false, true, false));
        assert_eq!(check("<p style='z-index:calc(2147483646 + 1)'>x"), (false, true, false));
        assert_eq!(check("<p style='z-index:1e10'>x"), (false, true, false));
        assert_eq!(check("<p style='z-index:9999 !important'>x"), (false, false, false));
        assert_eq!(check("<style>td::before{content:'x'}</style>x"), (false, false, true));
    }

    #[test]
    fn the_roots_keep_their_own_style() {
        let armour = needed(&Html::parse("<html style='color:red'><body style='opacity:0; margin:0'>x"));
        assert_eq!(armour.root, Some(("color:red".to_owned(), "margin:0".to_owned())));
    }
}
