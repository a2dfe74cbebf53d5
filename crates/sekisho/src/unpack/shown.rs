//! What `sekisho unpack` shows of a tree: for people and as JSON. Runs where the bytes were read, in a worker.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use sekisho_detect::Yara;
use sekisho_unpack::{File, IndicatorKind, Severity, Tree, Verdict};
use serde_json::{Value, json};

use crate::explain::cut;

/// Lines of one macro's source that are shown.
const SOURCE_LINES_MAX: usize = 2_000;
/// Indicators of one kind that text output shows of a file.
const SHOWN_MAX: usize = 24;

/// One object a file (docs/reference/unpack.schema.json), but for what only the parent can measure.
pub(super) fn as_json(path: &str, tree: &Tree, yara: Option<&Yara>, cpu_ms: f64) -> Value {
    let mut indicators: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in &tree.files {
        for finding in &file.findings {
            findings.push(json!({
                "id": finding.id, "severity": finding.severity, "location": place(file, finding.location.as_str()),
                "evidence": finding.evidence, "derived": finding.derived,
            }));
        }
        for indicator in &file.indicators {
            let value = indicator.shown().into_owned();
            let values = indicators.entry(indicator.kind.name().to_owned()).or_default();
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    let files: Vec<Value> = tree
        .files
        .iter()
        .map(|f| {
            let mut file = json!({
                "path": f.path, "name": f.name, "kind": f.kind, "size": f.size, "sha256": f.sha256,
                "relation": f.relation, "listed_only": f.listed_only, "hidden": f.hidden, "facts": f.facts,
            });
            // Null: over a limit, so that nobody knows.
            if let (Some(yara), Some(file)) = (yara, file.as_object_mut()) {
                let found = yara.matches(&f.bytes).ok();
                let names = found.map(|all| all.into_iter().map(|m| m.name).collect::<Vec<_>>());
                file.insert("yara".to_owned(), json!(names));
            }
            file
        })
        .collect();
    json!({
        "path": path, "verdict": tree.verdict, "findings": findings, "indicators": indicators, "files": files,
        "cpu_ms": (cpu_ms * 1000.0).round() / 1000.0,
    })
}

/// Where something is, from the outermost file on.
fn place(file: &File, inside: &str) -> String {
    if inside.is_empty() { file.path.clone() } else { format!("{} > {inside}", file.path) }
}

/// Output for people.
pub(super) struct Text {
    /// With colours.
    pub(super) colour: bool,
}

impl Text {
    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn severity(&self, severity: Severity) -> String {
        let (word, style) = match severity {
            Severity::Critical => ("critical", AnsiColor::Red.on_default().bold()),
            Severity::High => ("high    ", AnsiColor::Red.on_default()),
            Severity::Medium => ("medium  ", AnsiColor::Yellow.on_default()),
            Severity::Low => ("low     ", AnsiColor::Cyan.on_default()),
            Severity::Info => ("info    ", Style::new().dimmed()),
        };
        self.paint(style, word)
    }

    /// The first line about a file.
    fn verdict(&self, path: &str, verdict: Verdict) -> String {
        let (word, style) = match verdict {
            Verdict::Malicious => ("malicious", AnsiColor::Red.on_default().bold()),
            Verdict::Suspicious => ("suspicious", AnsiColor::Yellow.on_default().bold()),
            Verdict::Benign => ("benign", AnsiColor::Green.on_default()),
        };
        format!("{}: {}\n", clean(path), self.paint(style, word))
    }

    /// A file that could not be opened at all, and why.
    pub(super) fn gap(&self, path: &str, severity: Severity, why: &str) -> String {
        let id = sekisho_unpack::Id::ScanIncomplete;
        format!(
            "{}    {} {}: {}\n             {}\n",
            self.verdict(path, Verdict::Suspicious),
            self.severity(severity),
            id.name(),
            id.text(),
            clean(why)
        )
    }

    /// The whole tree.
    pub(super) fn render(&self, path: &str, tree: &Tree, yara: Option<&Yara>, macros: bool) -> String {
        let mut out = self.verdict(path, tree.verdict);
        for file in &tree.files {
            self.file(file, yara, macros, &mut out);
        }
        out
    }

    fn file(&self, file: &File, yara: Option<&Yara>, macros: bool, out: &mut String) {
        let indent = "  ".repeat(file.path.matches(" > ").count().min(12) + 1);
        let name = if file.name.is_empty() { "(no name)" } else { &file.name };
        let mut notes = vec![file.kind.name().to_owned(), format!("{} bytes", file.size)];
        if file.listed_only {
            notes.push("not opened".to_owned());
        }
        if file.hidden {
            notes.push("hidden".to_owned());
        }
        let name = self.paint(Style::new().bold(), &clean(name));
        out.push_str(&format!("{indent}{name} ({})\n", notes.join(", ")));
        let mut findings: Vec<_> =
            file.findings.iter().filter(|f| !f.id.name().starts_with("IOC-")).collect();
        findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        for finding in findings {
            let at = if finding.location.as_str().is_empty() {
                String::new()
            } else {
                format!(" at {}", clean(finding.location.as_str()))
            };
            out.push_str(&format!(
                "{indent}  {} {}: {}{at}\n",
                self.severity(finding.severity),
                finding.id.name(),
                finding.id.text()
            ));
            if !finding.evidence.is_empty() {
                out.push_str(&format!("{indent}           {}\n", clean(&finding.evidence)));
            }
        }
        match yara.map(|yara| yara.matches(&file.bytes)) {
            Some(Ok(found)) => {
                for rule in found {
                    out.push_str(&format!("{indent}  yara {}\n", clean(&rule.name)));
                }
            }
            Some(Err(_)) => out.push_str(&format!("{indent}  the YARA rules reached a limit\n")),
            None => {}
        }
        self.indicators(file, &indent, out);
        if macros {
            sources(file, &indent, out);
        }
    }

    fn indicators(&self, file: &File, indent: &str, out: &mut String) {
        let mut by_kind: BTreeMap<IndicatorKind, Vec<String>> = BTreeMap::new();
        for indicator in file.indicators.iter().filter(|i| i.kind != IndicatorKind::Host) {
            by_kind.entry(indicator.kind).or_default().push(indicator.shown().into_owned());
        }
        for (kind, values) in by_kind {
            let word = kind.name();
            for value in values.iter().take(SHOWN_MAX) {
                let line = format!("{indent}  {word} {}\n", clean(value));
                out.push_str(&self.paint(Style::new().dimmed(), &line));
            }
            if values.len() > SHOWN_MAX {
                out.push_str(&format!("{indent}  … and {} more\n", values.len() - SHOWN_MAX));
            }
        }
    }
}

/// Sources of macros, and what emulated ones did.
fn sources(file: &File, indent: &str, out: &mut String) {
    for (stream, name, source) in file.facts.vba.iter().flat_map(|v| &v.modules) {
        out.push_str(&format!("{indent}  --- {} ({})\n", clean(name), clean(stream)));
        for line in source.lines().take(SOURCE_LINES_MAX) {
            out.push_str(&format!("{indent}  | {}\n", clean(line)));
        }
    }
    for (sheet, cell, what) in file.facts.office.iter().flat_map(|o| &o.events) {
        out.push_str(&format!("{indent}  {}!{}: {}\n", clean(sheet), clean(cell), clean(what)));
    }
}

/// Text of an attacker on a terminal: one line, no control or direction signs.
fn clean(text: &str) -> String {
    let safe = |c: char| {
        if c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
        {
            '\u{fffd}'
        } else {
            c
        }
    };
    cut(&text.chars().map(safe).collect::<String>(), 400)
}
