//! A rule as it was written, whatever file format it came in.

use sekisho_record::Severity;

/// A rule before compilation.
#[derive(Debug, Clone, Default)]
pub struct RuleSource {
    /// Id: the file's stem (`brand-claimed-by-stranger`), unique over everything loaded.
    pub id: String,
    /// Where it was read from, for messages.
    pub file: String,
    /// Line of `file` on which the query begins, counted from 1.
    pub line: usize,
    /// One sentence for people.
    pub title: String,
    /// The same in Japanese.
    pub title_ja: Option<String>,
    /// Longer text: what it observes, why it matters.
    pub description: String,
    /// How bad a match is by itself.
    pub severity: Severity,
    /// The query.
    pub query: String,
    /// Attack types as the field names them.
    pub attack_types: Vec<String>,
    /// ATT&CK ids or technique names.
    pub techniques: Vec<String>,
    /// What becomes of it.
    pub kind: RuleKind,
    /// Built-in facet folder (`brand`, `link`, …), empty for foreign rules.
    pub facet: String,
    /// Test cases of a page.
    pub cases: Vec<Case>,
}

/// What a rule is for. Only detections make findings; the others are checked, and run on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RuleKind {
    /// Makes a finding.
    #[default]
    Detection,
    /// Shows a value (`type: query`).
    Insight,
    /// Finds personal data on the way out.
    Dlp,
    /// Silences other rules of its feed.
    Exclusion,
    /// Acts on reports; never run here.
    Automation,
    /// Finds mail for hunting; not a verdict.
    Discovery,
}

/// One test case of a rule page.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// The rule must fire (or must stay silent).
    pub fires: bool,
    /// What it shows.
    pub title: String,
    /// The message.
    pub eml: String,
    /// What is remembered before it.
    pub history: Vec<String>,
    /// Configuration (TOML) instead of the default one.
    pub config: Option<String>,
    /// Line of the page on which the case begins.
    pub line: usize,
}
