//! The MIME tree (RFC 2046): one linear walk over the body finds where every leaf part begins and ends.
//!
//! `mail-parser` offers this too, but nests without a bound and looks for a missing boundary once a part, which is
//! quadratic; a mail filter reads hostile input. Enclosed messages stay leaves: their bytes are an attachment.

use memchr::{memchr, memmem};

use crate::{
    DefectKind, Span,
    defect::Defects,
    header::{self, Field, RawFields},
    limits,
    params::Params,
    transfer::Encoding,
};

/// What the content fields of a part say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) kind: Option<Params>,
    pub(crate) disposition: Option<Params>,
    /// `Content-Transfer-Encoding` as written.
    pub(crate) encoding: Option<String>,
    pub(crate) id: Option<String>,
    /// A second `Content-Type` stood there.
    repeated: bool,
}

/// A leaf of the tree.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) content: Content,
    pub(crate) body: Span,
    /// Where its own header begins, for a part of a multipart.
    pub(crate) head: usize,
    /// The subtypes of all multiparts around it, outermost first, each followed by a slash.
    pub(crate) above: String,
    /// The subtype of the multipart that holds it (`mixed`, `alternative`, …); empty for the whole message.
    pub(crate) parent: String,
    /// Its place in that multipart.
    pub(crate) index: usize,
}

/// A multipart that is open.
struct Frame {
    boundary: Vec<u8>,
    subtype: String,
    children: usize,
}

impl Content {
    fn take(&mut self, name: &[u8], value: &str, defects: &mut Defects) {
        if name.eq_ignore_ascii_case(b"content-type") {
            self.repeated |= self.kind.is_some();
            self.kind.get_or_insert_with(|| Params::parse(value, defects));
        } else if name.eq_ignore_ascii_case(b"content-disposition") {
            self.disposition.get_or_insert_with(|| Params::parse(value, defects));
        } else if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
            self.encoding.get_or_insert_with(|| value.trim().to_ascii_lowercase());
        } else if name.eq_ignore_ascii_case(b"content-id") {
            let id = value.trim().trim_start_matches('<').trim_end_matches('>');
            self.id.get_or_insert_with(|| id.to_owned());
        }
    }

    /// Of the message itself.
    pub(crate) fn of_message(fields: &[Field], defects: &mut Defects) -> Content {
        let mut out = Content::default();
        for field in fields {
            if field.name.len() >= 10
                && field.name.as_bytes().get(..8).is_some_and(|n| n.eq_ignore_ascii_case(b"content-"))
            {
                out.take(field.name.as_bytes(), &field.value, defects);
            }
        }
        out
    }

    /// Of a part whose header begins at `at`; gives back where its body begins.
    fn of_part(raw: &[u8], at: usize, defects: &mut Defects) -> (Content, usize) {
        let mut out = Content::default();
        let mut walk = RawFields::of_part(raw, at);
        for field in walk.by_ref() {
            if field.name.get(..8).is_some_and(|n| n.eq_ignore_ascii_case(b"content-")) {
                let value = header::unfold(field.value);
                let text = header::text(&value, None).text;
                out.take(field.name, &text, defects);
            }
        }
        if out.repeated {
            defects.note(
                DefectKind::AmbiguousStructure,
                Some(Span::new(at, walk.offset())),
                "two Content-Type in a part",
            );
        }
        (out, walk.offset())
    }

    /// The declared type, `text/plain` (in a digest `message/rfc822`) when none is declared.
    pub(crate) fn media_type(&self, parent: &str) -> &str {
        match &self.kind {
            Some(kind) if kind.value.contains('/') => &kind.value,
            _ if parent == "digest" => "message/rfc822",
            _ => "text/plain",
        }
    }

    /// The declared file name.
    pub(crate) fn name(&self) -> Option<&str> {
        let of =
            |p: &'_ Option<Params>, n: &str| p.as_ref().and_then(|p| p.get(n)).map(str::to_owned).is_some();
        let (from, name) = match (of(&self.disposition, "filename"), of(&self.kind, "name")) {
            (true, _) => (&self.disposition, "filename"),
            (false, true) => (&self.kind, "name"),
            (false, false) if of(&self.disposition, "name") => (&self.disposition, "name"),
            (false, false) => (&self.kind, "filename"),
        };
        from.as_ref()?.get(name).map(str::trim).filter(|n| !n.is_empty())
    }

    /// The transfer encoding, and whether its name is unknown.
    pub(crate) fn transfer(&self) -> (Encoding, bool) {
        match self.encoding.as_deref().map(Encoding::from_label) {
            Some(Some(encoding)) => (encoding, false),
            Some(None) => (Encoding::Identity, true),
            None => (Encoding::Identity, false),
        }
    }
}

/// The walk over one message.
struct Walk<'a, 'd> {
    raw: &'a [u8],
    stack: Vec<Frame>,
    leaves: Vec<Leaf>,
    /// Where the header of the part at hand begins.
    head: usize,
    defects: &'d mut Defects,
}

/// A boundary line.
struct Delimiter {
    /// Which open multipart it belongs to.
    frame: usize,
    closing: bool,
    /// Where the part before it ends, and the line behind it begins.
    before: usize,
    after: usize,
}

/// Finds every leaf of the message whose body begins at `body`.
pub(crate) fn leaves(raw: &[u8], body: usize, content: Content, defects: &mut Defects) -> Vec<Leaf> {
    let mut walk = Walk { raw, stack: Vec::new(), leaves: Vec::new(), head: 0, defects };
    if content.kind.as_ref().is_some_and(|k| k.ambiguous) {
        walk.defects.note(DefectKind::AmbiguousStructure, None, "a Content-Type parameter stands twice");
    }
    let mut next = walk.part(content, body);
    while let Some(delimiter) = next {
        next = walk.delimiter(delimiter);
    }
    walk.leaves
}

impl Walk<'_, '_> {
    /// Takes in one part; gives back the delimiter that ends it or that begins its first child.
    fn part(&mut self, content: Content, body: usize) -> Option<Delimiter> {
        let multipart = content.kind.as_ref().filter(|k| k.major() == "multipart");
        if let Some(kind) = multipart {
            match kind.get("boundary").map(str::trim_end).filter(|b| !b.is_empty()) {
                Some(boundary) if self.stack.len() < limits::DEPTH_MAX => {
                    let boundary = boundary.as_bytes().to_vec();
                    let subtype = kind.value.split('/').nth(1).unwrap_or_default().to_owned();
                    return self.open(Frame { boundary, subtype, children: 0 }, content, body);
                }
                Some(_) => self.defects.note(DefectKind::OverLimit, None, "DEPTH_MAX of nested multiparts"),
                None => {
                    self.defects.note(DefectKind::AmbiguousStructure, None, "a multipart without a boundary")
                }
            }
        }
        let next = self.find(body);
        self.leaf(content, body, &next);
        next
    }

    fn open(&mut self, frame: Frame, content: Content, body: usize) -> Option<Delimiter> {
        self.stack.push(frame);
        let next = self.find(body);
        let own = self.stack.len() - 1;
        if next.as_ref().is_none_or(|d| d.frame != own || d.closing) {
            // Its boundary never stands there: what it holds is shown as text by mail programs.
            self.defects.note(DefectKind::UnclosedMultipart, None, "a multipart without parts");
            self.stack.pop();
            let content = Content { kind: None, ..content };
            self.leaf(content, body, &next);
            if next.as_ref().is_some_and(|d| d.frame == own) {
                return next.and_then(|d| self.find(d.after));
            }
        }
        next
    }

    fn leaf(&mut self, content: Content, body: usize, next: &Option<Delimiter>) {
        let end = next.as_ref().map_or(self.raw.len(), |d| d.before.max(body));
        if self.leaves.len() >= limits::PARTS_MAX {
            if self.leaves.len() == limits::PARTS_MAX {
                self.defects.note(DefectKind::OverLimit, None, "PARTS_MAX");
            }
            return;
        }
        let (parent, index) = match self.stack.last() {
            Some(frame) => (frame.subtype.clone(), frame.children.saturating_sub(1)),
            None => (String::new(), 0),
        };
        let above = self.stack.iter().flat_map(|frame| [frame.subtype.as_str(), "/"]).collect();
        self.leaves.push(Leaf { content, body: Span::new(body, end), head: self.head, above, parent, index });
    }

    /// Acts on a delimiter; gives back the next one.
    fn delimiter(&mut self, found: Delimiter) -> Option<Delimiter> {
        if self.stack.len() > found.frame + 1 {
            self.defects.note(
                DefectKind::UnclosedMultipart,
                None,
                "a multipart inside another was not closed",
            );
            self.stack.truncate(found.frame + 1);
        }
        if found.closing {
            self.stack.truncate(found.frame);
            // The epilogue belongs to nobody.
            return self.find(found.after);
        }
        if self.leaves.len() >= limits::PARTS_MAX {
            self.defects.note(DefectKind::OverLimit, None, "PARTS_MAX");
            return None;
        }
        if let Some(frame) = self.stack.last_mut() {
            frame.children += 1;
        }
        self.head = found.after;
        let (content, body) = Content::of_part(self.raw, found.after, self.defects);
        if content.kind.as_ref().is_some_and(|k| k.ambiguous) {
            self.defects.note(DefectKind::AmbiguousStructure, None, "a Content-Type parameter stands twice");
        }
        self.part(content, body)
    }

    /// The next line at or behind `from` that is a delimiter of an open multipart.
    fn find(&mut self, from: usize) -> Option<Delimiter> {
        if self.stack.is_empty() {
            return None;
        }
        let mut at = from;
        // A delimiter may stand at once, when the part has no body.
        let mut line = if self.raw.get(from..)?.starts_with(b"--") { Some(from) } else { None };
        loop {
            let start = match line.take() {
                Some(start) => start,
                None => memmem::find(self.raw.get(at..)?, b"\n--")
                    .map(|n| at + n + 1)
                    .or_else(|| self.unclosed())?,
            };
            let rest = self.raw.get(start..)?;
            let end = memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
            if let Some((frame, closing)) = self.matches(rest.get(2..end).unwrap_or_default()) {
                let before = match self.raw.get(..start) {
                    Some([.., b'\r', b'\n']) => start - 2,
                    Some([.., b'\n']) => start - 1,
                    _ => start,
                };
                return Some(Delimiter { frame, closing, before, after: start + end });
            }
            // The line end is looked at again: it may begin the next delimiter.
            at = start + end.saturating_sub(1).max(1);
        }
    }

    fn unclosed(&mut self) -> Option<usize> {
        self.defects.note(DefectKind::UnclosedMultipart, None, "the message ends inside a multipart");
        None
    }

    /// Which open multipart a line (behind its two hyphens) delimits, innermost first.
    fn matches(&self, line: &[u8]) -> Option<(usize, bool)> {
        self.stack.iter().enumerate().rev().find_map(|(n, frame)| {
            let rest = line.strip_prefix(frame.boundary.as_slice())?;
            if rest.starts_with(b"--") {
                return Some((n, true));
            }
            rest.trim_ascii().is_empty().then_some((n, false))
        })
    }
}
