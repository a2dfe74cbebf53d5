//! Where in an HTML part the page's body begins.
//!
//! The position is found the way a browser decides it (HTML §13.2.6.4.1–6): the body begins behind `<body>`, or before
//! the first thing that cannot stand in a head, whichever comes first. So no element of the message is ever around the
//! banner, whatever it leaves open. A fifth of all HTML mail has no `<body>` at all.

use memchr::{memchr, memmem};

/// Places in a page, in units of its view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    /// Where the body begins.
    pub(super) body: usize,
    /// Behind the doctype (and comments before it), before every element.
    pub(super) top: usize,
}

/// Elements of a head that have no content.
const EMPTY: [&[u8]; 5] = [b"base", b"basefont", b"bgsound", b"link", b"meta"];
/// Elements of a head whose content is text up to their end tag.
const RAW: [&[u8]; 5] = [b"title", b"style", b"script", b"noscript", b"noframes"];

/// Finds the places.
pub(super) fn find(units: &[u8]) -> Places {
    let mut at = 0;
    let mut top = None;
    loop {
        let start = at;
        at += blank(units, at);
        let rest = units.get(at..).unwrap_or_default();
        let next = match rest {
            [b'<', b'!' | b'?', ..] => declaration(units, at),
            [b'<', b'/', ..] => {
                let name = name(units, at + 2);
                let ends = [&b"body"[..], b"html", b"br"].iter().any(|tag| name.eq_ignore_ascii_case(tag));
                if ends { None } else { tag_end(units, at + 2) }
            }
            [b'<', letter, ..] if letter.is_ascii_alphabetic() => {
                top.get_or_insert(at);
                match element(units, at) {
                    Next::Head(end) => Some(end),
                    Next::Body(end) => return Places { body: end, top: top.unwrap_or(at) },
                    Next::Content => None,
                }
            }
            _ => None,
        };
        match next {
            Some(next) if next > at => at = next,
            // Blanks before the first text belong to it: they may matter in a `pre`.
            _ => {
                let body = if rest.is_empty() { start } else { at };
                return Places { body, top: top.unwrap_or(body) };
            }
        }
    }
}

/// A tag, comment or declaration.
#[derive(Debug)]
pub(super) struct Markup<'a> {
    /// The tag's name; empty for anything else.
    pub(super) name: &'a [u8],
    /// It is a start tag.
    pub(super) opens: bool,
    /// Behind it, and behind the text of an element that holds nothing else.
    pub(super) end: usize,
}

/// Elements whose content is no markup.
const TEXT: [&[u8]; 9] =
    [b"title", b"style", b"script", b"noframes", b"textarea", b"xmp", b"iframe", b"noembed", b"plaintext"];

/// What begins with the `<` at `at`; text that only looks so is one unit long. `None` where it never ends.
pub(super) fn markup(units: &[u8], at: usize) -> Option<Markup<'_>> {
    let none = |end| Some(Markup { name: &[], opens: false, end });
    match units.get(at + 1..)? {
        [b'!' | b'?', ..] => none(declaration(units, at)?),
        [b'/', letter, ..] if letter.is_ascii_alphabetic() => {
            Some(Markup { name: name(units, at + 2), opens: false, end: tag_end(units, at + 2)? })
        }
        [b'/', ..] => none(declaration(units, at)?),
        [letter, ..] if letter.is_ascii_alphabetic() => {
            let name = name(units, at + 1);
            let mut end = tag_end(units, at + 1)?;
            if TEXT.iter().any(|tag| name.eq_ignore_ascii_case(tag)) {
                end = raw_end(units, end, name)?;
            }
            Some(Markup { name, opens: true, end })
        }
        _ => none(at + 1),
    }
}

/// What a start tag does to the head.
enum Next {
    /// It belongs there; ends here.
    Head(usize),
    /// It is `<body>`; ends here.
    Body(usize),
    /// It begins the body.
    Content,
}

fn element(units: &[u8], at: usize) -> Next {
    let name = name(units, at + 1).to_ascii_lowercase();
    let Some(end) = tag_end(units, at + 1) else { return Next::Content };
    if name == b"body" {
        return Next::Body(end);
    }
    if name == b"html" || name == b"head" || EMPTY.contains(&name.as_slice()) {
        return Next::Head(end);
    }
    if RAW.contains(&name.as_slice()) {
        // Without an end tag it would swallow everything behind it.
        return raw_end(units, end, &name).map_or(Next::Content, Next::Head);
    }
    Next::Content
}

fn blank(units: &[u8], at: usize) -> usize {
    let is_blank = |unit: &&u8| matches!(unit, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
    units.get(at..).unwrap_or_default().iter().take_while(is_blank).count()
}

/// A tag's name.
fn name(units: &[u8], at: usize) -> &[u8] {
    let rest = units.get(at..).unwrap_or_default();
    let ends = |unit: &u8| matches!(unit, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/' | b'>');
    rest.get(..rest.iter().position(ends).unwrap_or(rest.len())).unwrap_or_default()
}

/// Behind the `>` of the tag whose name begins at `at`; `None` when it never ends.
pub(super) fn tag_end(units: &[u8], at: usize) -> Option<usize> {
    let mut at = at + name(units, at).len();
    // Before an attribute's value a quote is nothing special (HTML §13.2.5.32–37).
    let mut value = false;
    loop {
        match *units.get(at)? {
            b'>' => return Some(at + 1),
            quote @ (b'"' | b'\'') if value => {
                at += 1 + memchr(quote, units.get(at + 1..)?)? + 1;
                value = false;
            }
            b'=' => {
                // An attribute's name may begin with `=`, a value not.
                value = true;
                at += 1;
                at += blank(units, at);
            }
            _ if value => {
                let ends = |unit: &u8| matches!(unit, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'>');
                at += units.get(at..)?.iter().position(ends)?;
                value = false;
            }
            _ => at += 1,
        }
    }
}

/// Behind a comment, a doctype or whatever else `<!` and `<?` begin.
fn declaration(units: &[u8], at: usize) -> Option<usize> {
    let rest = units.get(at..)?;
    if let Some(text) = rest.strip_prefix(b"<!--") {
        if text.starts_with(b">") {
            return Some(at + 5);
        }
        if text.starts_with(b"->") {
            return Some(at + 6);
        }
        let usual = memmem::find(text, b"-->").map(|n| n + 3);
        let other = memmem::find(text, b"--!>").map(|n| n + 4);
        let end = [usual, other].into_iter().flatten().min()?;
        return Some(at + 4 + end);
    }
    Some(at + memchr(b'>', rest)? + 1)
}

/// Behind the end tag of a raw text element.
fn raw_end(units: &[u8], at: usize, name: &[u8]) -> Option<usize> {
    let mut from = at;
    loop {
        let found = from + memmem::find(units.get(from..)?, b"</")?;
        if self::name(units, found + 2).eq_ignore_ascii_case(name) {
            return tag_end(units, found + 2);
        }
        from = found + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `|` marks the body, `^` the top; both are taken out before.
    fn check(marked: &str) {
        let clean: String = marked.replace(['|', '^'], "");
        let places = find(clean.as_bytes());
        let body = marked.replace('^', "").find('|').unwrap();
        let top = marked.replace('|', "").find('^').unwrap_or(body);
        assert_eq!(places, Places { body, top }, "{marked}");
    }

    #[test]
    fn the_body_begins_where_a_browser_begins_it() {
        check("<!DOCTYPE html>\n^<html><head><title>a<body>b</title></head>\n<body class=x>|text");
        check("|just text");
        check("|");
        check("|  \n");
        check("  \n|x");
        check("<!-- <body> -->|text<body>");
        check("^|<p>no body</p><body>");
        check("^<html><head><style>body>a{}</style><meta charset=x>|<p>late</p></head><body>");
        check("^|<object><junk><body>text");
        check("^<body title='a>b' data=\"c>d\" e=f'>|x");
        check("^<html>|</html><body>");
        check("</p>^<body>|x");
        check("^|<title>never closed <body>");
        check("^|<body never ends");
        check("|<!--never closed <body>");
        check("^<script>if (a</b) '<body>'</script><BODY\n>|x");
        check("<?xml version='1.0'?><!DOCTYPE html>^<html xmlns='x'><body>|x");
        check("<!--[if mso]><body><![endif]-->^<body>|x");
        check("<!--> ^<body>|x");
    }
}
