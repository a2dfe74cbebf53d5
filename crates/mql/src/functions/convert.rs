//! The other functions: maps, first non-null, decoding, hashes.

use sha1::Digest as _;

use crate::base64::{Encodings, Options, decode, scan};
use crate::confusables;
use crate::eval::Eval;
use crate::limits::AUTOMATON_BYTES_PER_STEP;
use crate::node::Id;
use crate::scalar::plain;
use crate::typed::Builtin;
use crate::value::{Arena, Missing, Value};

impl<'a> Eval<'a, '_> {
    pub(crate) fn builtin(&mut self, function: Builtin, args: &[Id]) -> Value<'a> {
        use Builtin as B;
        let Some(&first) = args.first() else { return Value::Null };
        match function {
            B::Length => self.length(first),
            B::Coalesce => self.coalesce(args),
            B::Flatten => self.flatten(first),
            B::Keys | B::Values => self.entries(function == B::Keys, first),
            B::Concat => self.concat(args),
            B::Levenshtein | B::ILevenshtein => self.levenshtein(function, args),
            B::Count | B::ICount => self.count(function, args),
            _ => self.decoder(function, args),
        }
    }

    fn coalesce(&mut self, args: &[Id]) -> Value<'a> {
        // An unknown alternative may be the one that counts.
        for &arg in args {
            let value = self.value(arg);
            if !value.is_null() {
                return value;
            }
        }
        Value::Null
    }

    fn entries(&mut self, keys: bool, arg: Id) -> Value<'a> {
        let arena = self.arena;
        let values: Vec<Value<'a>> = match self.value(arg) {
            Value::Unknown(missing) => return Value::Unknown(missing),
            Value::Map(map) => (0..map.len())
                .filter_map(|i| map.key(i))
                .map(|key| if keys { Value::Str(key) } else { plain(map.get(key, arena)) })
                .collect(),
            Value::Json(serde_json::Value::Object(map)) if keys => {
                map.keys().map(|k| Value::Str(k)).collect()
            }
            Value::Json(serde_json::Value::Object(map)) => map.values().map(Value::json).collect(),
            _ => return Value::Null,
        };
        self.steps += values.len() as u64;
        self.list_of(&values)
    }

    /// Functions of a text and constants: remembered by the text.
    fn decoder(&mut self, function: Builtin, args: &[Id]) -> Value<'a> {
        let mut values = Vec::with_capacity(args.len());
        let mut missing = Missing::NONE;
        for &arg in args {
            let value = self.value(arg);
            if let Value::Unknown(more) = value {
                missing = missing | more;
            }
            values.push(value);
        }
        let text = match values.first() {
            Some(value) if value.is_null() => return Value::Null,
            _ if !missing.is_empty() => return Value::Unknown(missing),
            value => match value.and_then(Value::as_str) {
                Some(text) => text,
                None => return Value::Null,
            },
        };
        self.steps += (text.len() / AUTOMATON_BYTES_PER_STEP) as u64;
        if let Some(missing) = self.spent() {
            return Value::Unknown(missing);
        }
        self.memoised((u8::MAX - 2, function as usize, 0), &values, |eval, values| {
            convert(function, text, values, eval.arena)
        })
    }
}

fn convert<'a>(function: Builtin, text: &'a str, args: &[Value<'a>], arena: &'a Arena) -> Value<'a> {
    use Builtin as B;
    let made = |text: &str| Value::Str(arena.alloc_str(text));
    match function {
        B::ReplaceConfusables => match confusables::replace(text) {
            std::borrow::Cow::Borrowed(text) => Value::Str(text),
            std::borrow::Cow::Owned(text) => made(&text),
        },
        B::ParseJson => serde_json::from_str(text)
            .map_or(Value::Null, |json: serde_json::Value| Value::json(arena.keep(json))),
        B::ParseFloat => {
            let number = text.parse::<f64>().ok().filter(|f| f.is_finite());
            number.map_or(Value::Null, Value::Float)
        }
        B::ScanBase64 => {
            let found = scan(text, options(args, arena));
            let found: Vec<Value<'a>> = found.iter().map(|t| made(t)).collect();
            Value::List(crate::value::List::Values(arena.alloc_slice(&found)))
        }
        B::DecodeBase64 => decode(text, options(args, arena)).map_or(Value::Null, |t| made(&t)),
        B::DecodeHex => {
            let bytes = hex(text);
            let encodings = encodings(args.get(1), arena);
            bytes.and_then(|b| encodings.decode(&b)).map_or(Value::Null, |t| made(&t))
        }
        B::Md5 => made(&digest(&md5::Md5::digest(text.as_bytes()))),
        B::Sha1 => made(&digest(&sha1::Sha1::digest(text.as_bytes()))),
        B::Sha256 => made(&digest(&sha2::Sha256::digest(text.as_bytes()))),
        _ => Value::Null,
    }
}

/// `(text, format, ignore_padding, encodings, multiline)`.
fn options<'a>(args: &[Value<'a>], arena: &'a Arena) -> Options {
    let flag = |i: usize, default: bool| match args.get(i) {
        Some(Value::Bool(b)) => *b,
        _ => default,
    };
    Options {
        url: args.get(1).and_then(Value::as_str) == Some("url"),
        ignore_padding: flag(2, false),
        encodings: encodings(args.get(3), arena),
        multiline: flag(4, true),
    }
}

fn encodings<'a>(arg: Option<&Value<'a>>, arena: &'a Arena) -> Encodings {
    let Some(list) = arg.and_then(Value::as_list) else { return Encodings::default() };
    Encodings::from_names((0..list.len()).filter_map(|i| list.get(i, arena).as_str()))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.trim().as_bytes().as_chunks::<2>();
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let bytes = pairs.iter().map(|[a, b]| Some(digit(*a)? << 4 | digit(*b)?)).collect();
    rest.is_empty().then_some(bytes)?
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}
