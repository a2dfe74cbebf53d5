//! Objects of PDF and the lexer that reads them, of files and of content streams alike.

use crate::{gaps::Gaps, limits::NESTING_MAX};

/// An object. What is not understood is an operator.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Obj {
    #[default]
    Null,
    Bool(bool),
    Num(f64),
    Str(Vec<u8>),
    Name(String),
    Array(Vec<Obj>),
    Dict(Dict),
    Ref(u32),
    Op(String),
}

/// A dictionary in its order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Dict(pub(super) Vec<(String, Obj)>);

impl Dict {
    pub(super) fn get(&self, key: &str) -> Option<&Obj> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    pub(super) fn name(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Obj::Name(name)) => name,
            _ => "",
        }
    }
}

impl Obj {
    pub(super) fn dict(&self) -> Option<&Dict> {
        match self {
            Obj::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Obj::Num(n) => Some(*n),
            _ => None,
        }
    }
}

/// Names that hide when their letters are written as `#xx`.
const TELLING: &[&str] = &[
    "JavaScript",
    "JS",
    "URI",
    "Launch",
    "OpenAction",
    "AA",
    "Action",
    "EmbeddedFile",
    "EmbeddedFiles",
    "ObjStm",
    "SubmitForm",
    "GoToR",
    "GoToE",
    "RichMedia",
    "XFA",
    "AcroForm",
    "Annot",
    "Link",
    "FlateDecode",
    "Filter",
    "Names",
    "Type",
    "Subtype",
    "Win",
    "ASCIIHexDecode",
    "ASCII85Decode",
];
/// Elements of one array or dictionary.
const ITEMS_MAX: usize = 1 << 20;

pub(super) struct Lexer<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
    /// A telling name whose letters were disguised.
    pub(super) disguised: Option<String>,
    /// In content streams `1 0 R` is no reference.
    pub(super) content: bool,
    /// Something nests deeper than is read.
    deep: bool,
    /// Something has more elements than are read.
    long: bool,
}

pub(super) fn blank(b: u8) -> bool {
    matches!(b, 0 | 9 | 10 | 12 | 13 | 32)
}

fn delimiter(b: u8) -> bool {
    matches!(b, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'b> Lexer<'b> {
    pub(super) fn new(bytes: &'b [u8], at: usize) -> Lexer<'b> {
        Lexer { bytes, at, disguised: None, content: false, deep: false, long: false }
    }

    /// Notes what was left out.
    pub(super) fn cut(&self, gaps: &mut Gaps) {
        if self.deep {
            gaps.over(NESTING_MAX, "arrays and dictionaries inside one another");
        }
        if self.long {
            gaps.over(ITEMS_MAX, "elements of an array or dictionary");
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn skip(&mut self) {
        while let Some(b) = self.peek() {
            if b == b'%' {
                while self.peek().is_some_and(|b| b != b'\n' && b != b'\r') {
                    self.at += 1;
                }
            } else if blank(b) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn starts(&self, text: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(text))
    }

    /// The next object; `None` at the end.
    pub(super) fn object(&mut self, depth: usize) -> Option<Obj> {
        self.skip();
        let b = self.peek()?;
        if depth > NESTING_MAX {
            self.deep = true;
            self.at += 1;
            return Some(Obj::Null);
        }
        Some(match b {
            b'/' => self.name(),
            b'(' => self.literal(),
            b'<' if self.starts(b"<<") => {
                self.at += 2;
                self.dictionary(depth)
            }
            b'<' => self.hex(),
            b'[' => {
                self.at += 1;
                self.array(depth)
            }
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.number(),
            b'>' if self.starts(b">>") => {
                self.at += 2;
                Obj::Op(">>".to_owned())
            }
            _ if delimiter(b) => {
                self.at += 1;
                Obj::Op((b as char).to_string())
            }
            _ => self.keyword(),
        })
    }

    fn keyword(&mut self) -> Obj {
        let start = self.at;
        while self.peek().is_some_and(|b| !blank(b) && !delimiter(b)) {
            self.at += 1;
        }
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        match word {
            b"true" => Obj::Bool(true),
            b"false" => Obj::Bool(false),
            b"null" => Obj::Null,
            _ => Obj::Op(String::from_utf8_lossy(word.get(..32).unwrap_or(word)).into_owned()),
        }
    }

    fn plain_number(&mut self) -> f64 {
        let start = self.at;
        while self.peek().is_some_and(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.')) {
            self.at += 1;
        }
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).unwrap_or(0.0)
    }

    /// A number, or a reference when `0 R` follows.
    fn number(&mut self) -> Obj {
        let first = self.plain_number();
        if self.content || first < 0.0 || first.fract() != 0.0 || first > f64::from(u32::MAX) {
            return Obj::Num(first);
        }
        let back = self.at;
        self.skip();
        if self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.plain_number();
            self.skip();
            let ends = self.bytes.get(self.at + 1).is_none_or(|b| blank(*b) || delimiter(*b));
            if self.peek() == Some(b'R') && ends {
                self.at += 1;
                return Obj::Ref(first as u32);
            }
        }
        self.at = back;
        Obj::Num(first)
    }

    fn name(&mut self) -> Obj {
        self.at += 1;
        let (mut out, mut letters) = (Vec::new(), false);
        while let Some(b) = self.peek().filter(|b| !blank(*b) && !delimiter(*b)) {
            let digit = |at: usize| self.bytes.get(at).and_then(|b| (*b as char).to_digit(16));
            if b == b'#'
                && let (Some(high), Some(low)) = (digit(self.at + 1), digit(self.at + 2))
            {
                let byte = (high * 16 + low) as u8;
                letters |= byte.is_ascii_alphanumeric();
                out.push(byte);
                self.at += 3;
                continue;
            }
            out.push(b);
            self.at += 1;
        }
        let name = String::from_utf8_lossy(&out).into_owned();
        if letters && TELLING.contains(&name.as_str()) && self.disguised.is_none() {
            self.disguised = Some(name.clone());
        }
        Obj::Name(name)
    }

    fn literal(&mut self) -> Obj {
        self.at += 1;
        let (mut out, mut open) = (Vec::new(), 1u32);
        while let Some(b) = self.peek() {
            self.at += 1;
            match b {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escape(&mut out);
                    continue;
                }
                _ => {}
            }
            out.push(b);
        }
        Obj::Str(out)
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(b) = self.peek() else { return };
        self.at += 1;
        out.push(match b {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'\r' => {
                self.at += usize::from(self.peek() == Some(b'\n'));
                return;
            }
            b'\n' => return,
            b'0'..=b'7' => {
                let mut value = u32::from(b - b'0');
                for _ in 0..2 {
                    let Some(digit) = self.peek().filter(|b| (b'0'..=b'7').contains(b)) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                value as u8
            }
            other => other,
        });
    }

    fn hex(&mut self) -> Obj {
        self.at += 1;
        let (mut out, mut half) = (Vec::new(), None);
        while let Some(b) = self.peek() {
            self.at += 1;
            if b == b'>' {
                break;
            }
            let Some(digit) = (b as char).to_digit(16) else { continue };
            match half.take() {
                None => half = Some(digit),
                Some(high) => out.push((high * 16 + digit) as u8),
            }
        }
        if let Some(high) = half {
            out.push((high * 16) as u8);
        }
        Obj::Str(out)
    }

    fn array(&mut self, depth: usize) -> Obj {
        let mut out = Vec::new();
        while out.len() < ITEMS_MAX {
            match self.object(depth + 1) {
                None => break,
                Some(Obj::Op(op)) if op == "]" => break,
                Some(Obj::Op(op)) if matches!(op.as_str(), "endobj" | "stream" | ">>") => {
                    self.at = self.at.saturating_sub(op.len());
                    break;
                }
                Some(other) => out.push(other),
            }
        }
        self.long |= out.len() >= ITEMS_MAX;
        Obj::Array(out)
    }

    fn dictionary(&mut self, depth: usize) -> Obj {
        let mut out = Vec::new();
        while out.len() < ITEMS_MAX {
            match self.object(depth + 1) {
                None => break,
                Some(Obj::Op(op)) if op == ">>" => break,
                Some(Obj::Op(op)) if matches!(op.as_str(), "endobj" | "stream") => {
                    self.at = self.at.saturating_sub(op.len());
                    break;
                }
                Some(Obj::Name(key)) => {
                    let before = self.at;
                    match self.object(depth + 1) {
                        Some(Obj::Op(op)) if op == ">>" || op == "endobj" => self.at = before,
                        Some(value) => out.push((key, value)),
                        None => break,
                    }
                }
                Some(_) => {}
            }
        }
        self.long |= out.len() >= ITEMS_MAX;
        Obj::Dict(Dict(out))
    }
}
