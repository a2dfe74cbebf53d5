//! Field codes of Word: `DDEAUTO`, `QUOTE`, `SET`, `INCLUDEPICTURE` and their kin, out of a document or an RTF.
//!
//! A reader tells [`Fields`] where a field begins, what its instruction says and where it ends. What a nested field
//! yields is put into its parent's instruction, as Word does it, so that a command that is put together from `QUOTE`
//! numbers or from variables is judged as a whole.

use crate::{
    Derived, Id, IndicatorKind, Place, Severity,
    gaps::Gaps,
    limits::NESTING_MAX,
    office::target::{self, Target},
    programs::{Program, program},
    scan::{Scan, TextKind},
};

/// Bytes of one instruction.
const CODE_BYTES_MAX: usize = 16 << 10;
/// Bytes that nested fields may put into their parents, all together.
const INSERTED_BYTES_MAX: usize = 1 << 20;
/// Variables remembered.
const VARIABLES_MAX: usize = 128;
/// Fields judged.
const FIELDS_MAX: usize = 65_536;
/// Numbers in a `QUOTE` from which on it spells something.
const QUOTE_NUMBERS_MIN: usize = 4;

/// Fields that are open.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    stack: Vec<Open>,
    /// Fields that are open beyond the limit.
    beyond: usize,
    variables: Vec<(String, String)>,
    inserted: usize,
    judged: usize,
    /// The file is an RTF, whose findings have names of their own.
    rtf: bool,
    gaps: Gaps,
}

#[derive(Debug, Default)]
struct Open {
    code: String,
    /// After its separator: what it showed last.
    in_result: bool,
    /// What `QUOTE` numbers inside it spelled.
    spelled: Option<String>,
}

impl Fields {
    /// Of an RTF.
    pub(crate) fn of_rtf() -> Fields {
        Fields { rtf: true, ..Fields::default() }
    }

    /// Some field is open.
    pub(crate) fn open(&self) -> bool {
        !self.stack.is_empty()
    }

    /// Text here belongs to an instruction and is not shown.
    pub(crate) fn in_code(&self) -> bool {
        self.stack.last().is_some_and(|field| !field.in_result)
    }

    /// A field begins.
    pub(crate) fn begin(&mut self) {
        if self.stack.len() >= NESTING_MAX {
            self.beyond = self.beyond.saturating_add(1);
            self.gaps.over(NESTING_MAX, "fields inside one another");
        } else {
            self.stack.push(Open::default());
        }
    }

    /// A piece of the instruction.
    pub(crate) fn code(&mut self, text: &str) {
        if let Some(field) = self.stack.last_mut()
            && self.beyond == 0
            && !field.in_result
        {
            push(&mut field.code, text, &mut self.gaps);
        }
    }

    /// The instruction is over; what it showed last follows.
    pub(crate) fn separate(&mut self) {
        if let Some(field) = self.stack.last_mut()
            && self.beyond == 0
        {
            field.in_result = true;
        }
    }

    /// The field ends: it is judged, and what it yields becomes part of the field around it.
    pub(crate) fn end(&mut self, place: &Place, scan: &mut Scan<'_>) {
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let Some(field) = self.stack.pop() else { return };
        self.judged += 1;
        self.settle(scan);
        if self.judged > FIELDS_MAX {
            return scan.over(FIELDS_MAX, "fields");
        }
        if !scan.budget.spend(1 + field.code.len() as u64 / 512) {
            return;
        }
        let args = words(&field.code);
        let value = self.value(&args);
        let numbers = is(&args, "QUOTE") && args.len() > QUOTE_NUMBERS_MIN;
        judge(&field, &args, self.rtf, place, scan);
        let spelled = if numbers { Some(value.clone()) } else { field.spelled };
        if let Some(parent) = self.stack.last_mut() {
            // What a result shows is no part of the instruction.
            if !parent.in_result
                && self.gaps.room(self.inserted, INSERTED_BYTES_MAX, "bytes that fields put into fields")
            {
                self.inserted += value.len();
                push(&mut parent.code, &value, &mut self.gaps);
                parent.spelled = parent.spelled.take().or(spelled);
            }
        }
    }

    /// A field whose instruction is in one piece.
    pub(crate) fn simple(&mut self, code: &str, place: &Place, scan: &mut Scan<'_>) {
        self.begin();
        self.code(code);
        self.end(place, scan);
    }

    /// The document is over; fields that were never closed are judged.
    pub(crate) fn finish(&mut self, place: &Place, scan: &mut Scan<'_>) {
        self.beyond = 0;
        while self.open() {
            self.end(place, scan);
        }
        self.settle(scan);
    }

    fn settle(&mut self, scan: &mut Scan<'_>) {
        scan.budget.gaps.extend(&std::mem::take(&mut self.gaps));
    }

    /// What the field yields for the field around it.
    fn value(&mut self, args: &[String]) -> String {
        let Some(name) = args.first() else { return String::new() };
        match name.to_ascii_uppercase().as_str() {
            "QUOTE" => quote(args.get(1..).unwrap_or_default()),
            "SET" => {
                if let [_, variable, value, ..] = args
                    && self.gaps.room(self.variables.len(), VARIABLES_MAX, "variables of fields")
                {
                    self.variables.push((variable.to_lowercase(), value.clone()));
                }
                String::new()
            }
            "REF" => args.get(1).and_then(|name| self.variable(name)).unwrap_or_default(),
            _ => self.variable(name).unwrap_or_default(),
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        let name = name.to_lowercase();
        self.variables.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }
}

fn push(to: &mut String, text: &str, gaps: &mut Gaps) {
    let mut end = text.len().min(CODE_BYTES_MAX.saturating_sub(to.len()));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end < text.len() {
        gaps.over(CODE_BYTES_MAX, "bytes of a field");
    }
    to.push_str(text.get(..end).unwrap_or_default());
}

fn is(args: &[String], name: &str) -> bool {
    args.first().is_some_and(|first| first.eq_ignore_ascii_case(name))
}

/// What `QUOTE` yields: `68 68 69` are characters, anything else is text.
fn quote(args: &[String]) -> String {
    let numbers: Option<String> = args
        .iter()
        .filter(|a| !a.starts_with('\\'))
        .map(|a| a.parse::<u32>().ok().and_then(char::from_u32))
        .collect();
    match numbers {
        Some(text) if !text.is_empty() => text,
        _ => args.iter().filter(|a| !a.starts_with('\\')).map(String::as_str).collect::<Vec<_>>().join(" "),
    }
}

/// Splits an instruction as Word does: blanks part words, quotes join them, `\\` and `\"` stand for themselves.
fn words(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    let mut begun = false;
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some('\\' | '"')) => {
                word.extend(chars.next());
                begun = true;
            }
            '"' | '\u{201C}' | '\u{201D}' => {
                quoted = !quoted;
                begun = true;
            }
            c if !quoted && (c.is_whitespace() || c.is_control()) => {
                if begun {
                    out.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        out.push(word);
    }
    out
}

/// Findings of one field.
fn judge(field: &Open, args: &[String], rtf: bool, place: &Place, scan: &mut Scan<'_>) {
    let Some(name) = args.first().map(|n| n.to_ascii_uppercase()) else { return };
    let operands = args.get(1..).unwrap_or_default();
    disguise(field, &name, operands, place, scan);
    match name.as_str() {
        "DDEAUTO" | "DDE" => dde(&name, operands, rtf, place, scan),
        "INCLUDEPICTURE" | "IMPORT" => linked(Id::OoxmlExtImage, operands, place, scan),
        "INCLUDETEXT" | "INCLUDE" | "RD" => linked(Id::OleLinkExt, operands, place, scan),
        "LINK" => linked(Id::OleLinkExt, operands.get(1..).unwrap_or_default(), place, scan),
        "HYPERLINK" => {
            for target in operands.iter().filter(|o| !o.starts_with('\\')).take(1) {
                scan.text(TextKind::Shown, target.clone(), place.clone());
            }
        }
        _ => {}
    }
}

/// A `QUOTE` of numbers that spells words, here or in what became part of this field.
fn disguise(field: &Open, name: &str, operands: &[String], place: &Place, scan: &mut Scan<'_>) {
    let numbers = operands.iter().filter(|o| o.parse::<u32>().is_ok()).count();
    let text = match &field.spelled {
        Some(text) if name.starts_with("DDE") => text.clone(),
        _ if name == "QUOTE" && numbers >= QUOTE_NUMBERS_MIN => quote(operands),
        _ => return,
    };
    let letters = text.chars().filter(|c| c.is_ascii_graphic()).count();
    if letters < QUOTE_NUMBERS_MIN || letters * 2 < text.chars().count() {
        return;
    }
    scan.active = true;
    scan.find_as(Id::DdeObfQuote, Id::DdeObfQuote.severity(), Derived::Static, place.clone(), &text);
    scan.indicate(IndicatorKind::String, text.trim(), place.clone());
    scan.text(TextKind::Decoded, text, place.clone());
}

fn dde(name: &str, operands: &[String], rtf: bool, place: &Place, scan: &mut Scan<'_>) {
    let line = operands.join(" ");
    let command = is_command(&line);
    let office = operands.first().is_some_and(|service| is_office(service)) && !command;
    let id = match (rtf, name) {
        (true, _) => Id::RtfDde,
        (false, "DDEAUTO") => Id::DdeAuto,
        _ => Id::DdeField,
    };
    let severity = if office { Severity::Info } else { id.severity() };
    scan.active |= !office;
    scan.find_as(id, severity, Derived::Static, place.clone(), format!("{name} {line}"));
    if command {
        dde_command(&line, place, scan);
    }
}

/// A conversation that starts a program.
pub(crate) fn dde_command(line: &str, place: &Place, scan: &mut Scan<'_>) {
    scan.active = true;
    scan.find(Id::DdeCmd, place.clone(), line);
    scan.indicate(IndicatorKind::Cmdline, line, place.clone());
    scan.text(TextKind::Decoded, line, place.clone());
}

/// A service of Office itself.
pub(crate) fn is_office(service: &str) -> bool {
    let service = service.trim_matches(['"', ' ']).to_ascii_lowercase();
    let program = service.split('.').next().unwrap_or_default();
    matches!(
        program,
        "excel" | "winword" | "word" | "msaccess" | "access" | "powerpnt" | "powerpoint" | "soffice"
    )
}

/// The line names a program: the service itself, or anything in the topic that only programs are called.
pub(crate) fn is_command(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let service = lower.split_whitespace().next().unwrap_or_default();
    let service = service.trim_matches('"').rsplit(['\\', '/']).next().unwrap_or_default();
    let service = service.strip_suffix(".exe").unwrap_or(service);
    if program(service).is_some_and(Program::runs_code)
        || matches!(service, "calc" | "notepad" | "command" | "sh" | "msexcel")
    {
        return true;
    }
    let apart = |c: char| c.is_whitespace() || "\"'\\/|!&(),;=".contains(c);
    lower.split(apart).any(|word| {
        let named = word.strip_suffix(".exe").or_else(|| word.strip_suffix(".com"));
        named.is_some_and(|p| !p.is_empty() && !is_office(p) && !p.contains('.'))
            || program(word).is_some_and(|p| p.runs_code() && !p.common)
    })
}

/// A field that loads something: only what is not of this computer counts.
fn linked(id: Id, operands: &[String], place: &Place, scan: &mut Scan<'_>) {
    let Some(first) = operands.iter().find(|o| !o.starts_with('\\') || o.starts_with("\\\\")) else { return };
    let target = Target::of(first);
    external(id, &target, place, scan);
}

/// Something that the document loads from elsewhere when it is opened or updated.
pub(crate) fn external(id: Id, target: &Target, place: &Place, scan: &mut Scan<'_>) {
    if target.moniker {
        scan.active = true;
        scan.find(Id::OleLinkMoniker, place.clone(), &target.text);
    }
    if !target.remote() {
        return;
    }
    target::note(target, place, scan);
    let severity = match id {
        Id::OoxmlExtImage if target.unc && !target.intranet() => Severity::Medium,
        Id::OoxmlExtImage => id.severity(),
        _ => target::severity(target, id, scan),
    };
    scan.active |= severity >= Severity::Medium;
    scan.find_as(id, severity, Derived::Static, place.clone(), &target.text);
}
