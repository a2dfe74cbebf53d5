//! Messages about a source: where, what, and what was probably meant.

use std::fmt::Write as _;

use serde::Serialize;

use crate::ast::Span;
use crate::limits::MAX_SNIPPET;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The rule cannot run.
    Error,
    /// It runs, and something looks wrong.
    Warning,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Byte range.
    pub span: Span,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The source line, shortened around the place.
    pub snippet: String,
    /// Characters before the marked place in `snippet`.
    pub mark_start: u32,
    /// Marked characters, at least one.
    pub mark_len: u32,
}

impl Diagnostic {
    /// A message about `span` of `source`.
    #[must_use]
    pub fn new(severity: Severity, source: &str, span: Span, message: impl Into<String>) -> Self {
        let place = Place::find(source, span);
        Self {
            severity,
            message: message.into(),
            help: None,
            span,
            line: place.line,
            column: place.column,
            snippet: place.snippet,
            mark_start: place.mark_start,
            mark_len: place.mark_len,
        }
    }

    /// With advice.
    #[must_use]
    pub fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// It is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// As text for a terminal. `line_offset` is the number of lines of the file before the source.
    #[must_use]
    pub fn render(&self, file: &str, line_offset: u32) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let line = self.line.saturating_add(line_offset).to_string();
        let pad = " ".repeat(line.len());
        let gap = " ".repeat(self.mark_start as usize);
        let mark = "^".repeat(self.mark_len as usize);
        let mut out = format!(
            "{severity}: {}\n{pad}--> {file}:{line}:{}\n{pad} |\n{line} | {}\n{pad} | {gap}{mark}\n",
            self.message, self.column, self.snippet
        );
        if let Some(help) = &self.help {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{pad} = help: {help}");
        }
        out
    }
}

/// Where a span stands.
struct Place {
    line: u32,
    column: u32,
    snippet: String,
    mark_start: u32,
    mark_len: u32,
}

impl Place {
    fn find(source: &str, span: Span) -> Self {
        let start = floor(source, span.start as usize);
        let before = source.get(..start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end =
            source.get(start..).and_then(|rest| rest.find('\n')).map_or(source.len(), |at| start + at);
        let line = 1 + before.bytes().filter(|&b| b == b'\n').count();
        let column = 1 + source.get(line_start..start).map_or(0, |text| text.chars().count());
        let end = floor(source, span.end as usize).clamp(start, line_end);
        // A rule may be one line of hundreds of kilobytes: show a window.
        let from = floor(source, start.saturating_sub(MAX_SNIPPET / 2).max(line_start));
        let to = floor(source, from.saturating_add(MAX_SNIPPET).min(line_end)).max(start);
        let count = |from: usize, to: usize| source.get(from..to).map_or(0, |text| text.chars().count());
        let snippet = source.get(from..to).unwrap_or("").trim_end_matches('\r').replace('\t', " ");
        let fit = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            line: fit(line),
            column: fit(column),
            snippet,
            mark_start: fit(count(from, start)),
            mark_len: fit(count(start, end.min(to)).max(1)),
        }
    }
}

/// The nearest character boundary at or before `at`.
fn floor(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// `did you mean …?` for the nearest of `names`, when one is near.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let far = wanted.chars().count() / 3 + 1;
    let lower = wanted.to_ascii_lowercase();
    names
        .map(|name| (strsim::osa_distance(&lower, &name.to_ascii_lowercase()), name))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name.to_owned())
}
