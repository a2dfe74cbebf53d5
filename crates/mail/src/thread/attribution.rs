//! Attribution lines (`On … X wrote:`) by tables over languages.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;

use super::{dates, lines::Line, mailbox};

/// Verbs; matched at word borders in scripts that have them.
const VERBS: &[&str] = &[
    "wrote",
    "writes",
    "schrieb",
    "geschrieben",
    "a écrit",
    "a ecrit",
    "écrit",
    "escribió",
    "escribio",
    "escribiste",
    "escreveu",
    "ha scritto",
    "scrisse",
    "scritto",
    "schreef",
    "het volgende geschreven",
    "skrev",
    "napisał(a)",
    "napisał",
    "napisała",
    "napisal",
    "pisze",
    "kirjoitti",
    "napsal(a)",
    "napsal",
    "napsala",
    "napísal",
    "написал(а)",
    "написал",
    "написала",
    "писал",
    "пишет",
    "пише",
    "написав",
    "yazdı",
    "yazmış",
    "şunu yazdı",
    "ezt írta",
    "írta",
    "a scris",
    "đã viết",
    "menulis",
    "έγραψε",
    "write",
];
/// Verbs of scripts without word borders; they may end the line without a colon.
const VERBS_CJK: &[&str] = &[
    "写道",
    "寫道",
    "写到",
    "写了",
    "書きました",
    "書いた",
    "のメール",
    "のメッセージ",
    "님이 작성",
    "작성",
    "님이 쓴 글",
    "썼습니다",
    "번에 쓴",
];
/// First words of attributions.
const STARTS: &[&str] = &[
    "on",
    "am",
    "le",
    "el",
    "em",
    "il",
    "op",
    "den",
    "dnia",
    "w",
    "dne",
    "în",
    "pada",
    "vào",
    "в",
    "at",
    "in",
    "at",
    "på",
    "a",
    "no",
    "om",
    "o",
    "---",
    "em:",
    "in data",
    "di",
    "az",
    "στις",
    "quoting",
    "quotation",
];
/// Lines that one attribution may take.
const LINES_MAX: usize = 4;
/// Bytes that one attribution may take.
const BYTES_MAX: usize = 420;

/// Whether an attribution ends on line `last`; gives its first line. `quoted`: quoted text follows; `announced`: a
/// reply container opened just above.
pub(super) fn ends_at(
    text: &str,
    lines: &[Line],
    last: usize,
    quoted: bool,
    announced: bool,
) -> Option<usize> {
    let line = lines.get(last)?;
    let body = line.body(text);
    if body.is_empty() || body.len() > BYTES_MAX || !ends_like(body) {
        return None;
    }
    if body.starts_with(">>> ") && body.ends_with(">>>") && body.contains('@') {
        return Some(last);
    }
    let (mut best, mut alone) = (None, None);
    for back in 0..LINES_MAX {
        let Some(first) = last.checked_sub(back) else { break };
        let Some(head) = lines.get(first) else { break };
        if head.is_blank() || head.depth != line.depth || line.end - head.start > BYTES_MAX {
            break;
        }
        let joined = joined(text, lines, first..last + 1);
        let starts = starts_like(&joined);
        if !starts && back > 0 {
            continue;
        }
        let evidence = Evidence::of(&joined);
        let added = head.next.saturating_sub(head.body);
        let dated_here = evidence.date.as_ref().is_some_and(|date| date.range.start < added);
        if starts && evidence.convinces(quoted, announced, true) && (best.is_none() || dated_here) {
            best = Some(first);
        }
        if back == 0 && best.is_none() && evidence.convinces(quoted, announced, false) {
            alone = Some(last);
        }
    }
    best.or(alone)
}

fn joined(text: &str, lines: &[Line], range: Range<usize>) -> String {
    let mut out = String::new();
    for line in lines.get(range).unwrap_or_default() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(line.body(text));
    }
    out
}

fn ends_like(body: &str) -> bool {
    let body = body.trim_end_matches(['*', '_', ' ']);
    body.ends_with([':', '：'])
        || body.ends_with(">>>")
        || body.ends_with("wrote")
        || !body.is_ascii()
            && VERBS_CJK.iter().any(|verb| body.trim_end_matches(['。', '.', '…', '，', ',']).ends_with(verb))
}

fn starts_like(joined: &str) -> bool {
    let joined = joined.trim_start_matches(['*', '_', ' ', '-', '>']);
    let Some(first) = joined.chars().next() else { return false };
    if first.is_ascii_digit() || first == '在' {
        return true;
    }
    let word =
        joined.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or_default().to_lowercase();
    STARTS.contains(&word.as_str()) || dates::is_weekday(word.trim_end_matches('.'))
}

/// What an attribution line would have.
struct Evidence {
    verb: bool,
    cjk: bool,
    address: bool,
    /// The address stands in angle brackets right before the colon.
    closing: bool,
    date: Option<dates::Found>,
}

impl Evidence {
    fn of(joined: &str) -> Evidence {
        let lower = joined.to_lowercase();
        let core = joined.trim_end_matches([':', '：', ' ', '*', '_', '。']);
        let cjk = !lower.is_ascii() && VERBS_CJK.iter().any(|verb| lower.contains(verb));
        Evidence {
            verb: cjk || verb(&lower).is_some(),
            cjk,
            address: mailbox::contains_address(joined),
            closing: core.ends_with('>') && mailbox::contains_address(joined),
            date: dates::find(joined, false),
        }
    }

    fn convinces(&self, quoted: bool, announced: bool, start: bool) -> bool {
        let timed = self.date.as_ref().is_some_and(|date| date.timed);
        if self.verb {
            let dated = self.date.is_some();
            return self.address || timed || quoted || (announced && (dated || start)) || (self.cjk && dated);
        }
        (self.closing && timed) || ((quoted || announced) && self.date.is_some() && (timed || self.address))
    }
}

static VERB_FORMS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(VERBS).ok());

/// The first verb of the table in a lower-case text, at word borders.
fn verb(lower: &str) -> Option<Range<usize>> {
    let border = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    let found = VERB_FORMS.as_ref()?.find_overlapping_iter(lower).filter(|found| {
        border(lower.get(..found.start()).and_then(|t| t.chars().next_back()))
            && border(lower.get(found.end()..).and_then(|t| t.chars().next()))
    });
    found.min_by_key(|found| (found.pattern(), found.start())).map(|found| found.range())
}

/// Words around the name that are not part of it.
const CONNECTORS: &[&str] = &[
    "on",
    "at",
    "am",
    "pm",
    "um",
    "uhr",
    "le",
    "à",
    "o",
    "klo",
    "kl",
    "om",
    "op",
    "el",
    "em",
    "il",
    "in",
    "data",
    "den",
    "dnia",
    "w",
    "dniu",
    "dne",
    "odesílatel",
    "użytkownik",
    "user",
    "от",
    "в",
    "de",
    "del",
    "alle",
    "ore",
    "giorno",
    "le",
    "às",
    "as",
    "tarihinde",
    "於",
    "于",
    "に、",
    "に",
    "님이",
    "在",
    "the",
    "following",
    "folgendes",
    "het",
    "volgende",
    "kello",
    "a",
    "las",
    "la",
    "ob",
    "ha",
    "pada",
    "pukul",
    "tanggal",
    "vào",
    "lúc",
    "ezt",
    "időpont",
    "şunu",
    "message",
    "nachricht",
    "by",
    "von",
    "от:",
    "g",
    "г",
    "h",
    "hrs",
    "est",
    "pst",
    "cet",
    "gmt",
    "utc",
];

/// The name and address of who is quoted, as text for [`mailbox::parse`], and the date.
pub(super) fn take_apart(joined: &str) -> (Option<String>, Option<i64>) {
    let core =
        joined.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '>' | '-' | ':' | '：'));
    let core = if joined.trim_end().ends_with(">:") || core.rfind('<') > core.rfind('>') {
        format!("{core}>")
    } else {
        core.to_owned()
    };
    let date = dates::find(&core, false);
    let mut pieces: Vec<&str> = match &date {
        Some(found) => vec![
            core.get(..found.range.start).unwrap_or_default(),
            core.get(found.range.end..).unwrap_or_default(),
        ],
        None => vec![&core],
    };
    pieces = pieces.into_iter().flat_map(split_verbs).collect();
    // The piece with the address, else the longest.
    let best = pieces
        .iter()
        .map(|piece| trim_connectors(piece))
        .filter(|piece| !piece.is_empty())
        .max_by_key(|piece| (mailbox::contains_address(piece), piece.len()));
    (best.map(str::to_owned), date.map(|found| found.epoch))
}

/// Cuts a piece at its verb.
fn split_verbs(piece: &str) -> Vec<&str> {
    let lower = piece.to_lowercase();
    let cjk = || VERBS_CJK.iter().find_map(|verb| lower.find(verb).map(|at| at..at + verb.len()));
    // Lower-casing may move bytes; then the piece stays whole.
    match verb(&lower).or_else(cjk) {
        Some(range) if lower.len() == piece.len() => {
            vec![piece.get(..range.start).unwrap_or_default(), piece.get(range.end..).unwrap_or_default()]
        }
        _ => vec![piece],
    }
}

fn trim_connectors(piece: &str) -> &str {
    let junk = |c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | ':' | '、' | '，' | '-' | '.' | '*' | '：' | '/')
    };
    let mut piece = piece.trim_matches(junk);
    loop {
        let head = piece.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or_default();
        if head.len() == piece.len() && !CONNECTORS.contains(&head.to_lowercase().as_str()) {
            break;
        }
        if !CONNECTORS.contains(&head.trim_end_matches('.').to_lowercase().as_str()) {
            break;
        }
        piece = piece.get(head.len()..).unwrap_or_default().trim_matches(junk);
        if piece.is_empty() {
            return piece;
        }
    }
    loop {
        let tail = piece.rsplit(|c: char| c.is_whitespace() || c == ',').next().unwrap_or_default();
        if tail.is_empty() || !CONNECTORS.contains(&tail.trim_end_matches('.').to_lowercase().as_str()) {
            break;
        }
        piece = piece.get(..piece.len() - tail.len()).unwrap_or_default().trim_matches(junk);
        if piece.is_empty() {
            return piece;
        }
    }
    // CJK particles stick to the name.
    for particle in ["さんは", "様は", "님이", "于", "は", "在", "님", "さん", "の"] {
        piece = piece.strip_suffix(particle).unwrap_or(piece).trim_matches(junk);
    }
    for particle in ["に、", "に", "在", "于"] {
        piece = piece.strip_prefix(particle).unwrap_or(piece).trim_matches(junk);
    }
    piece
}
