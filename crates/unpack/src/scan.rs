//! What an analyser is given and what it writes to: the one door between the formats and the tree.

use bytes::Bytes;

use crate::{
    Budget, Derived, Facts, Finding, Hints, Id, Indicator, IndicatorKind, Kind, Place, Relation, Severity,
    limits::{EVIDENCE_CHARS_MAX, FINDINGS_MAX, INDICATOR_CHARS_MAX, INDICATORS_MAX, TEXT_BYTES_MAX},
};

/// What a text is, and so what is looked for in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TextKind {
    /// What a person sees: lures are looked for, passwords, URLs.
    Shown,
    /// Source of a script or macro: URLs, paths, commands.
    Code,
    /// A string that was decoded, or an argument of an emulated call: everything, and it counts most.
    Decoded,
    /// Properties, names, comments.
    Meta,
}

/// A text of the file for the string bus: every analyser hands over what it decoded, one scanner reads all.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) kind: TextKind,
    pub(crate) text: String,
    pub(crate) place: Place,
    pub(crate) derived: Derived,
}

/// A file inside the file.
#[derive(Debug, Default)]
pub(crate) struct Child {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
    pub(crate) relation: Relation,
    /// Declared media type.
    pub(crate) declared: Option<String>,
    /// Size as declared, for a member that is only listed.
    pub(crate) size: u64,
    /// It is only listed (encrypted, over a limit, unknown method); `bytes` is empty.
    pub(crate) listed_only: bool,
    /// It carries the hidden attribute.
    pub(crate) hidden: bool,
    /// It is inside its parent's own format (a stream of a document) and does not make the nesting deeper.
    pub(crate) same_depth: bool,
}

/// The file that is analysed, as far as it was known before.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) declared: Option<String>,
    pub(crate) relation: Relation,
    pub(crate) depth: u32,
}

/// What an enclosed message says about the files in it, where nothing better is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    pub(crate) recipients: Vec<String>,
    pub(crate) sender_domain: Option<String>,
    pub(crate) date: Option<i64>,
}

/// What a document looks like: a hint beside something that acts, and nothing without.
#[derive(Debug, Clone, Default)]
pub(crate) struct Looks {
    /// A large picture is nearly all there is to see; which, in words.
    pub(crate) picture_only: Option<String>,
    /// Text that nobody sees, and where it stands.
    pub(crate) unseen: Option<(Place, String)>,
}

/// Square centimetres from which on a picture is large: forty words take about 32, so that it has three fifths.
pub(crate) const PICTURE_LARGE: f64 = 50.0;
/// Words beside a picture that is nearly all there is to see: fewer.
pub(crate) const PICTURE_WORDS: usize = 40;
/// Cells beside such a picture: fewer.
pub(crate) const PICTURE_CELLS: usize = 12;
/// Characters of unseen text from which on it hides something.
pub(crate) const UNSEEN_CHARS: usize = 32;

/// Square centimetres of a picture, whose sides Office gives in 1/360,000 of a centimetre.
pub(crate) fn area(width: Option<&str>, height: Option<&str>) -> f64 {
    let side =
        |text: Option<&str>| text.and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0).max(0.0) / 360_000.0;
    side(width) * side(height)
}

/// One file's analysis.
pub(crate) struct Scan<'s> {
    pub(crate) hints: &'s Hints,
    pub(crate) budget: &'s mut Budget,
    pub(crate) about: About,
    pub(crate) facts: Facts,
    pub(crate) findings: Vec<Finding>,
    pub(crate) indicators: Vec<Indicator>,
    pub(crate) texts: Vec<Text>,
    pub(crate) children: Vec<Child>,
    /// It is encrypted and no password fitted so far: the driver comes back once all other files were read.
    pub(crate) locked: bool,
    /// Macros, objects or links that act: lures count only beside them.
    pub(crate) active: bool,
    pub(crate) looks: Looks,
    /// The file is a message.
    pub(crate) around: Option<Around>,
    text_bytes: usize,
}

impl<'s> Scan<'s> {
    pub(crate) fn new(about: About, hints: &'s Hints, budget: &'s mut Budget) -> Scan<'s> {
        Scan {
            hints,
            budget,
            about,
            facts: Facts::default(),
            findings: Vec::new(),
            indicators: Vec::new(),
            texts: Vec::new(),
            children: Vec::new(),
            locked: false,
            active: false,
            looks: Looks::default(),
            around: None,
            text_bytes: 0,
        }
    }

    /// A finding of its usual severity. `evidence` is decoded text; it is cut and its control characters are removed.
    pub(crate) fn find(&mut self, id: Id, place: impl Into<Place>, evidence: impl AsRef<str>) {
        self.find_as(id, id.severity(), Derived::Static, place, evidence);
    }

    /// A finding in full.
    pub(crate) fn find_as(
        &mut self,
        id: Id,
        severity: Severity,
        derived: Derived,
        place: impl Into<Place>,
        evidence: impl AsRef<str>,
    ) {
        let evidence = shown(evidence.as_ref(), EVIDENCE_CHARS_MAX);
        let location = place.into();
        let known =
            self.findings.iter().any(|f| f.id == id && f.evidence == evidence && f.location == location);
        if known {
            return;
        }
        // That there are more is said, too.
        if self.findings.len() >= FINDINGS_MAX {
            if self.findings.len() == FINDINGS_MAX {
                self.findings.push(Finding {
                    id: Id::ScanIncomplete,
                    severity: Severity::Info,
                    location: Place::WHOLE,
                    evidence: format!("more than {FINDINGS_MAX} findings"),
                    derived: Derived::Static,
                });
            }
            return;
        }
        self.findings.push(Finding { id, severity, location, evidence, derived });
    }

    /// Something of the file was left out for a limit: what is in it is not known.
    pub(crate) fn left_out(&mut self, what: impl AsRef<str>) {
        self.find_as(Id::ScanIncomplete, Severity::Low, Derived::Static, "", what);
    }

    /// Something was left out that many honest files have much of, and that others of its kind stand for.
    pub(crate) fn aside(&mut self, what: impl AsRef<str>) {
        self.find_as(Id::ScanIncomplete, Severity::Info, Derived::Static, "", what);
    }

    /// There are more than so many of something in the file: what is in the others is not known.
    pub(crate) fn over(&mut self, max: usize, what: &'static str) {
        self.budget.gaps.over(max, what);
    }

    /// The first ones of something; that there are more is said.
    pub(crate) fn most<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        max: usize,
        what: &'static str,
    ) -> Vec<T> {
        self.budget.gaps.most(items, max, what)
    }

    /// Makes findings of what was left out. There are few kinds, so that no other finding keeps one away.
    pub(crate) fn settle(&mut self) {
        for (severity, evidence) in self.budget.gaps.take() {
            let known = self.findings.iter().any(|f| f.id == Id::ScanIncomplete && f.evidence == evidence);
            if !known {
                let (id, location) = (Id::ScanIncomplete, Place::WHOLE);
                self.findings.push(Finding { id, severity, location, evidence, derived: Derived::Static });
            }
        }
    }

    /// Whether this was found in the file.
    pub(crate) fn has(&self, id: Id) -> bool {
        self.findings.iter().any(|f| f.id == id)
    }

    /// An indicator; each value once.
    pub(crate) fn indicate(&mut self, kind: IndicatorKind, value: impl AsRef<str>, place: impl Into<Place>) {
        let value = shown(value.as_ref(), INDICATOR_CHARS_MAX);
        let known = self.indicators.iter().any(|i| i.kind == kind && i.value == value);
        if value.is_empty() || known {
            return;
        }
        if self.indicators.len() >= INDICATORS_MAX {
            self.aside(format!("more than {INDICATORS_MAX} indicators"));
            return;
        }
        self.indicators.push(Indicator { kind, value, location: place.into() });
    }

    /// Hands a text to the string bus, as far as there is room.
    pub(crate) fn text(&mut self, kind: TextKind, text: impl Into<String>, place: impl Into<Place>) {
        self.text_as(kind, Derived::Static, text, place);
    }

    /// See [`Scan::text`].
    pub(crate) fn text_as(
        &mut self,
        kind: TextKind,
        derived: Derived,
        text: impl Into<String>,
        place: impl Into<Place>,
    ) {
        let mut text = text.into();
        let room = TEXT_BYTES_MAX.saturating_sub(self.text_bytes);
        if text.len() > room {
            self.budget.exhausted = true;
            let mut end = room;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        if !text.is_empty() {
            self.text_bytes += text.len();
            self.texts.push(Text { kind, text, place: place.into(), derived });
        }
    }

    /// A file inside this one.
    pub(crate) fn child(&mut self, child: Child) {
        self.children.push(child);
    }
}

/// One line without control characters, at most `max` characters.
fn shown(text: &str, max: usize) -> String {
    let mut out: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(max).collect::<String>();
    out.truncate(out.trim_end().len());
    out
}
