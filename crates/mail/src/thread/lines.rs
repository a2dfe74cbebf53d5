//! Lines with their quoting depth.

use super::{Mark, MarkKind};

/// Lines that are looked at; the text behind them belongs to the message of the last one.
const LINES_MAX: usize = 200_000;
/// Quoting deeper than this counts as this deep.
const DEPTH_MAX: usize = 50;

/// One line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// First byte.
    pub(super) start: usize,
    /// First byte after the quote marks and white space.
    pub(super) body: usize,
    /// One past the last byte that is not white space.
    pub(super) end: usize,
    /// First byte of the next line.
    pub(super) next: usize,
    /// Quoting depth: `>` marks and containers.
    pub(super) depth: usize,
    /// `>` marks alone.
    pub(super) angles: usize,
    /// A reply container opens here.
    pub(super) reply: bool,
    /// The body is indented.
    pub(super) indented: bool,
}

impl Line {
    /// The line without quote marks and surrounding white space.
    pub(super) fn body<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.body..self.end).unwrap_or_default()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.body >= self.end
    }
}

/// Counts `>` marks at the start of a line; gives their number and the byte behind them. `> > >` counts as three.
pub(super) fn angles(line: &str, limit: usize) -> (usize, usize) {
    let mut count = 0;
    let mut at = 0;
    let mut spaces = 0;
    for (index, byte) in line.bytes().enumerate() {
        match byte {
            b'>' if count < limit => {
                count += 1;
                spaces = 0;
                at = index + 1;
            }
            b' ' if spaces == 0 => spaces += 1,
            _ => break,
        }
    }
    (count, at)
}

/// Cuts a text into lines.
pub(super) fn cut(text: &str, marks: &[Mark]) -> Vec<Line> {
    let mut lines = Vec::with_capacity(text.len() / 40 + 1);
    let mut marks = marks.iter().peekable();
    let mut container = 0usize;
    let mut start = 0;
    while start < text.len() && lines.len() < LINES_MAX {
        let rest = text.get(start..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        let next = (start + length + 1).min(text.len());
        let line = rest.get(..length).unwrap_or_default();
        let mut reply = false;
        // A mark counts for the line whose first visible character stands at or behind it.
        let visible = start + (line.len() - line.trim_start().len());
        while let Some(mark) = marks.next_if(|mark| mark.offset <= visible) {
            match mark.kind {
                MarkKind::Reply => reply = true,
                MarkKind::QuoteStart => container = (container + 1).min(DEPTH_MAX),
                MarkKind::QuoteEnd => container = container.saturating_sub(1),
            }
        }
        // GroupWise: `>>> Name <a@b> 1/5/2024 10:30 AM >>>` introduces, it does not quote.
        let groupwise = line.starts_with(">>> ") && line.trim_end().ends_with(">>>");
        let (count, at) = if groupwise { (0, 0) } else { angles(line, DEPTH_MAX) };
        let behind = line.get(at..).unwrap_or_default();
        let body = behind.trim_start();
        let indent = behind.len() - body.len();
        let body_start = start + at + indent;
        lines.push(Line {
            start,
            body: body_start,
            end: body_start + body.trim_end().len(),
            next,
            depth: count + container,
            angles: count,
            reply,
            indented: indent > usize::from(count > 0),
        });
        start = next;
    }
    lines
}
