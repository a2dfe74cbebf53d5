//! VBScript: strings that are put together from pieces, characters and reversals, followed through variables.

use rustc_hash::FxHashMap;

use crate::{budget::Budget, limits::NESTING_MAX};

/// Bytes that one string may grow to.
const TEXT_MAX: usize = 1 << 20;
/// Strings kept.
const STRINGS_MAX: usize = 10_000;
/// Objects kept.
const OBJECTS_MAX: usize = 256;
/// Text that executes text.
const EXECUTE_DEPTH: usize = 4;

#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) decoded: Vec<String>,
    pub(crate) strings: Vec<String>,
    pub(crate) objects: Vec<String>,
    pub(crate) hidden: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(f64),
    Sign(char),
    Line,
}

/// A value, and how many pieces it was put together from.
#[derive(Debug, Clone)]
struct Value(String, u32);

struct Reader<'b> {
    tokens: Vec<Token>,
    at: usize,
    variables: FxHashMap<String, Value>,
    found: Found,
    budget: &'b mut Budget,
}

pub(crate) fn read(source: &str, budget: &mut Budget) -> Found {
    let mut reader = Reader {
        tokens: Vec::new(),
        at: 0,
        variables: FxHashMap::default(),
        found: Found::default(),
        budget,
    };
    reader.run(source, 0);
    reader.found
}

fn tokens(source: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | ':' => out.push(Token::Line),
            '_' if matches!(chars.peek(), Some('\r' | '\n')) => {
                chars.next_if_eq(&'\r');
                chars.next_if_eq(&'\n');
            }
            '\'' => while chars.next_if(|c| *c != '\n').is_some() {},
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' if chars.next_if_eq(&'"').is_some() => text.push('"'),
                        '"' | '\n' => break,
                        other => text.push(other),
                    }
                }
                out.push(Token::Text(text));
            }
            '&' if matches!(chars.peek(), Some('h' | 'H')) => {
                chars.next();
                let mut digits = String::new();
                while let Some(d) = chars.next_if(char::is_ascii_hexdigit) {
                    digits.push(d);
                }
                chars.next_if_eq(&'&');
                match u32::from_str_radix(&digits, 16) {
                    Ok(n) => out.push(Token::Number(f64::from(n))),
                    Err(_) => out.push(Token::Sign('&')),
                }
            }
            c if c.is_ascii_digit() => {
                let mut digits = String::from(c);
                while let Some(d) = chars.next_if(|c| c.is_ascii_digit() || *c == '.') {
                    digits.push(d);
                }
                out.push(Token::Number(digits.parse().unwrap_or(0.0)));
            }
            c if c.is_alphabetic() || c == '_' => {
                let mut word = String::from(c);
                while let Some(d) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(d);
                }
                out.push(Token::Word(word.to_lowercase()));
            }
            c if c.is_whitespace() => {}
            other => out.push(Token::Sign(other)),
        }
    }
    out.push(Token::Line);
    out
}

impl Reader<'_> {
    fn run(&mut self, source: &str, depth: usize) {
        if !self.budget.gaps.room(depth, EXECUTE_DEPTH + 1, "scripts that execute one another")
            || !self.budget.spend(1 + source.len() as u64 / 16)
        {
            return;
        }
        let outer = (std::mem::replace(&mut self.tokens, tokens(source)), std::mem::replace(&mut self.at, 0));
        while self.at < self.tokens.len() {
            let before = self.at;
            self.statement(depth);
            if self.at == before {
                self.at += 1;
            }
            if !self.budget.spend(1) {
                break;
            }
        }
        (self.tokens, self.at) = outer;
    }

    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    fn is(&self, sign: char) -> bool {
        self.peek(0) == Some(&Token::Sign(sign))
    }

    /// `name = value`, or expressions wherever they stand.
    fn statement(&mut self, depth: usize) {
        if let (Some(Token::Word(name)), Some(Token::Sign('='))) = (self.peek(0), self.peek(1)) {
            let name = name.clone();
            self.at += 2;
            if let Some(value) = self.expression(0) {
                self.note(&value);
                self.variables.insert(name, value);
            } else {
                self.variables.remove(&name);
            }
            return;
        }
        match self.peek(0) {
            Some(Token::Word(word)) if matches!(word.as_str(), "execute" | "executeglobal" | "eval") => {
                self.at += 1;
                if let Some(value) = self.expression(0) {
                    self.note(&value);
                    if value.1 > 1 {
                        self.found.hidden = true;
                        self.run(&value.0.clone(), depth + 1);
                    }
                }
            }
            Some(Token::Word(_) | Token::Text(_)) => {
                if let Some(value) = self.expression(0) {
                    self.note(&value);
                }
            }
            _ => self.at += 1,
        }
    }

    fn note(&mut self, Value(text, pieces): &Value) {
        // Those that stand in the source as they are, the bus finds there.
        let gaps = &mut self.budget.gaps;
        if text.len() >= 3
            && gaps.room(
                self.found.strings.len(),
                STRINGS_MAX,
                "texts of a script: not all are facts for rules",
            )
        {
            self.found.strings.push(text.clone());
        }
        if *pieces > 1
            && text.len() >= 4
            && self.budget.gaps.room(
                self.found.decoded.len(),
                STRINGS_MAX,
                "texts that a script puts together",
            )
        {
            self.found.decoded.push(text.clone());
            // A few pieces are how strings are written; many small ones hide them.
            self.found.hidden |= *pieces >= 8 && text.len() < *pieces as usize * 6;
        }
    }

    fn expression(&mut self, depth: usize) -> Option<Value> {
        if !self.budget.gaps.room(depth, NESTING_MAX + 1, "brackets inside one another") {
            return None;
        }
        let mut left = self.term(depth);
        while self.is('&') || self.is('+') {
            self.at += 1;
            let right = self.term(depth);
            left = match (left, right) {
                (Some(Value(mut a, n)), Some(Value(b, m))) if a.len() + b.len() <= TEXT_MAX => {
                    a.push_str(&b);
                    Some(Value(a, n.saturating_add(m)))
                }
                (Some(kept), None) | (None, Some(kept)) => Some(kept),
                (Some(_), Some(_)) => {
                    self.budget.gaps.over(TEXT_MAX, "bytes of a text that a script puts together");
                    None
                }
                (None, None) => None,
            };
        }
        left
    }

    fn term(&mut self, depth: usize) -> Option<Value> {
        let token = self.peek(0).cloned()?;
        match token {
            Token::Text(text) => {
                self.at += 1;
                Some(Value(text, 1))
            }
            Token::Number(n) => {
                self.at += 1;
                Some(Value(n.to_string(), 1))
            }
            Token::Sign('(') => {
                self.at += 1;
                let inner = self.expression(depth + 1);
                self.at += usize::from(self.is(')'));
                inner
            }
            Token::Word(word) => {
                self.at += 1;
                self.word(&word, depth)
            }
            _ => None,
        }
    }

    /// A variable or a call; members (`a.b`) give nothing but their arguments.
    fn word(&mut self, word: &str, depth: usize) -> Option<Value> {
        let mut name = word.to_owned();
        while self.is('.') {
            self.at += 1;
            if let Some(Token::Word(member)) = self.peek(0) {
                name = member.clone();
                self.at += 1;
            }
        }
        if self.is('(') {
            let args = self.arguments(depth);
            return self.call(&name, &args);
        }
        if let Some(Token::Text(_)) = self.peek(0) {
            // A call without brackets: its first argument.
            let value = self.expression(depth + 1)?;
            self.note(&value);
            return None;
        }
        self.variables.get(&name).cloned()
    }

    fn arguments(&mut self, depth: usize) -> Vec<Option<Value>> {
        self.at += 1;
        let mut out = Vec::new();
        while self.at < self.tokens.len() && !self.is(')') && self.peek(0) != Some(&Token::Line) {
            let before = self.at;
            let value = self.expression(depth + 1);
            if let Some(value) = &value {
                self.note(value);
            }
            out.push(value);
            if self.is(',') || self.at == before {
                self.at += 1;
            }
        }
        self.at += usize::from(self.is(')'));
        out
    }

    fn call(&mut self, name: &str, args: &[Option<Value>]) -> Option<Value> {
        let text = |at: usize| args.get(at).and_then(Option::as_ref);
        match name {
            "chr" | "chrw" | "chrb" => {
                let code: f64 = text(0)?.0.parse().ok()?;
                Some(Value(char::from_u32(code as u32)?.to_string(), 1))
            }
            "strreverse" => {
                let value = text(0)?;
                self.found.hidden |= value.0.len() >= 6;
                Some(Value(value.0.chars().rev().collect(), value.1.saturating_add(1)))
            }
            "replace" => {
                let (value, junk, with) = (text(0)?, text(1)?, text(2).map_or("", |v| v.0.as_str()));
                let large = value.0.len().saturating_mul(with.len().max(1)) > TEXT_MAX;
                if large {
                    self.budget.gaps.over(TEXT_MAX, "bytes of a text that a script puts together");
                }
                if junk.0.is_empty() || large {
                    return Some(value.clone());
                }
                Some(Value(value.0.replace(&junk.0, with), value.1.saturating_add(1)))
            }
            "createobject" | "getobject" => {
                let object = text(0).map_or("an unknown object", |v| v.0.as_str()).to_owned();
                self.found.hidden |= text(0).is_some_and(|v| v.1 > 2);
                if !self.found.objects.contains(&object)
                    && self.budget.gaps.room(self.found.objects.len(), OBJECTS_MAX, "objects of a script")
                {
                    self.found.objects.push(object);
                }
                None
            }
            "lcase" => Some(Value(text(0)?.0.to_lowercase(), text(0)?.1)),
            "ucase" => Some(Value(text(0)?.0.to_uppercase(), text(0)?.1)),
            "trim" | "cstr" => text(0).cloned(),
            "asc" | "ascw" => Some(Value(u32::from(text(0)?.0.chars().next()?).to_string(), 1)),
            _ => None,
        }
    }
}
