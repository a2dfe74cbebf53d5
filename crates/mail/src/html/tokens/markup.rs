//! Comments, document types, CDATA.

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Doctype, Token, TokenSink};
use memchr::memchr;
use memchr::memmem;

use super::Tokenizer;

impl Tokenizer<'_> {
    /// `<!…` or `<?…`.
    pub(super) fn declaration(&mut self) {
        let rest = self.rest();
        let is = |word: &str| {
            let head = rest.as_bytes().get(2..2 + word.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
        };
        if rest.starts_with("<!--") {
            self.comment();
        } else if rest.starts_with("<!") && is("doctype") {
            self.doctype();
        } else if rest.starts_with("<![CDATA[")
            && self.sink.adjusted_current_node_present_but_not_in_html_namespace()
        {
            self.at += 9;
            let length = memmem::find(self.rest().as_bytes(), b"]]>");
            let end = self.at + length.unwrap_or(self.rest().len());
            let text = self.slice(self.at, end);
            self.send(Token::CharacterTokens(StrTendril::from_slice(text)));
            self.at = (end + 3).min(self.text.len());
        } else {
            self.bogus_comment(if rest.starts_with("<!") { 2 } else { 1 });
        }
    }

    /// Up to the next `>`, whatever it is.
    pub(super) fn bogus_comment(&mut self, skip: usize) {
        let start = self.at + skip;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let length = memchr(b'>', rest).unwrap_or(rest.len());
        self.send_comment(start, start + length);
        self.at = (start + length + 1).min(self.text.len());
    }

    fn comment(&mut self) {
        let start = self.at + 4;
        let rest = self.slice(start, self.text.len());
        for (early, length) in [(">", 1), ("->", 2)] {
            if rest.starts_with(early) {
                self.send_comment(start, start);
                self.at = start + length;
                return;
            }
        }
        let mut from = start;
        while let Some(found) = memmem::find(self.text.as_bytes().get(from..).unwrap_or_default(), b"--") {
            let at = from + found;
            match (self.byte(at + 2), self.byte(at + 3)) {
                (Some(b'>'), _) => {
                    self.send_comment(start, at);
                    self.at = at + 3;
                    return;
                }
                (Some(b'!'), Some(b'>')) => {
                    self.send_comment(start, at);
                    self.at = at + 4;
                    return;
                }
                _ => from = at + 1,
            }
        }
        let kept = ["--!", "--", "-"].iter().find_map(|tail| rest.strip_suffix(tail)).unwrap_or(rest);
        self.send_comment(start, start + kept.len());
        self.at = self.text.len();
    }

    fn send_comment(&self, start: usize, end: usize) {
        let text = self.slice(start, end);
        let text = match memchr(0, text.as_bytes()) {
            Some(_) => StrTendril::from_slice(&text.replace('\0', "\u{fffd}")),
            None => StrTendril::from_slice(text),
        };
        self.send(Token::CommentToken(text));
    }

    /// The document type decides only whether a table may stand in a paragraph.
    fn doctype(&mut self) {
        self.at += 9;
        let rest = self.rest();
        let end = memchr(b'>', rest.as_bytes());
        let inside = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.at += end.map_or(rest.len(), |end| end + 1);
        let inside = inside.trim_ascii();
        let name_end = inside.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inside.len());
        let (name, ids) = inside.split_at(name_end);
        let mut doctype = Doctype {
            name: (!name.is_empty()).then(|| StrTendril::from_slice(&name.to_ascii_lowercase())),
            force_quirks: name.is_empty() || end.is_none(),
            ..Doctype::default()
        };
        let ids = ids.trim_ascii();
        let keyword = ids.as_bytes().get(..6).unwrap_or_default();
        let mut strings = ids.get(6..).unwrap_or_default();
        if keyword.eq_ignore_ascii_case(b"public") {
            doctype.public_id = quoted(&mut strings);
            doctype.system_id = quoted(&mut strings);
            doctype.force_quirks |= doctype.public_id.is_none();
        } else if keyword.eq_ignore_ascii_case(b"system") {
            doctype.system_id = quoted(&mut strings);
            doctype.force_quirks |= doctype.system_id.is_none();
        } else if !ids.is_empty() {
            doctype.force_quirks = true;
        }
        self.send(Token::DoctypeToken(doctype));
    }
}

/// Takes a quoted string off the front.
fn quoted(text: &mut &str) -> Option<StrTendril> {
    let trimmed = text.trim_ascii_start();
    let quote = trimmed.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = trimmed.get(1..)?;
    let end = inside.find(quote)?;
    *text = inside.get(end + 1..).unwrap_or_default();
    inside.get(..end).map(StrTendril::from_slice)
}
