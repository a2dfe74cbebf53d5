//! Functions of the language and of the browser that turn one text into another, and those that act.

use base64::Engine as _;

use super::{
    Machine, What,
    value::{Text, Value, int32},
};
use crate::script::decode;

/// Bytes of all decoded texts that are kept.
const DECODED_BYTES_MAX: usize = 4 << 20;
/// Decoded texts that are kept.
const DECODED_MAX: usize = 512;
/// Characters of one of them.
const DECODED_ONE_MAX: usize = 1 << 20;

impl Machine<'_> {
    /// A call of something named: `atob(…)`, `document.write(…)`, `$.ajax(…)`.
    pub(crate) fn host_call(&mut self, path: &str, args: Vec<Value>) -> Value {
        if let Some((path, args)) = self.borrowed(path, &args) {
            return self.host_call(&path, args);
        }
        let first = args.first().cloned().unwrap_or(Value::Undef);
        if let Some(value) = self.language(path, &first, &args) {
            return value;
        }
        let last = path.rsplit('.').next().unwrap_or_default();
        if let Some(object) = path.strip_prefix("com:") {
            return self.com_call(object, last, &args);
        }
        match (path, last) {
            ("eval" | "execScript", _) => {
                if let Value::Str(text) = &first {
                    self.run_text(&text.clone());
                }
                Value::Unknown
            }
            ("Function", _) => self.construct(&Value::Host("Function".into()), args),
            (
                _,
                "setTimeout" | "setInterval" | "requestAnimationFrame" | "setImmediate" | "queueMicrotask",
            ) => {
                match &first {
                    Value::Str(text) => self.run_text(&text.clone()),
                    function => {
                        self.call(&function.clone(), Value::Undef, Vec::new());
                    }
                }
                Value::Num(1.0)
            }
            (_, "write" | "writeln") if path.starts_with("document") => {
                for arg in &args {
                    if let Some(text) = self.text(arg) {
                        self.write(&text);
                    }
                }
                Value::Undef
            }
            _ => self.browser(path, last, args),
        }
    }

    /// `String.fromCharCode.apply(null, list)`, `.call(null, …)`: the function and its arguments.
    fn borrowed(&mut self, path: &str, args: &[Value]) -> Option<(String, Vec<Value>)> {
        if let Some(path) = path.strip_suffix(".apply") {
            let list = match args.get(1) {
                Some(Value::Array(id)) => self.items(*id).to_vec(),
                _ => Vec::new(),
            };
            return self.cells(list.len()).then(|| (path.to_owned(), list));
        }
        let path = path.strip_suffix(".call").filter(|p| !p.contains("prototype"))?;
        Some((path.to_owned(), args.get(1..).unwrap_or_default().to_vec()))
    }

    /// What is the same everywhere; `None` when it is something else.
    fn language(&mut self, path: &str, first: &Value, args: &[Value]) -> Option<Value> {
        Some(match path {
            "atob" => self.decode_text(first, decode::base64),
            "btoa" => match self.text(first).and_then(|t| t.bytes()) {
                Some(bytes) => Value::text(&base64::engine::general_purpose::STANDARD.encode(bytes)),
                None => Value::Unknown,
            },
            "unescape" | "decodeURIComponent" | "decodeURI" => self.unescape(first, path == "unescape"),
            "encodeURIComponent" | "encodeURI" | "escape" => first.clone(),
            "String.fromCharCode" | "String.fromCodePoint" => self.codes_text(args),
            "String" | "Object" => match self.text(first) {
                Some(text) => Value::Str(text),
                None => Value::Unknown,
            },
            "String.raw" => first.clone(),
            "Number" | "parseFloat" => self.number(first).map_or(Value::Unknown, Value::Num),
            "parseInt" => self.parse_int(first, args.get(1)),
            "Boolean" => first.truth().map_or(Value::Unknown, Value::Bool),
            "isNaN" => self.number(first).map_or(Value::Unknown, |n| Value::Bool(n.is_nan())),
            "RegExp" => match (first, args.get(1)) {
                (Value::Str(body), flags) => {
                    let flags = match flags {
                        Some(Value::Str(flags)) => flags.string(),
                        _ => String::new(),
                    };
                    Value::Regex(body.string().into(), flags.into())
                }
                (other, _) => other.clone(),
            },
            "Array.isArray" => Value::Bool(matches!(first, Value::Array(_))),
            "Array.of" | "Array" => self.array(args.to_vec()),
            "Array.from" | "Uint8Array.from" | "Buffer.from" | "Array.prototype.slice.call" => {
                self.array_from(first, args.get(1))
            }
            "Object.keys" | "Object.values" | "Object.entries" => self.object_list(first, path),
            "JSON.parse" => match self.text(first) {
                Some(text) if text.units.len() < 4 << 20 => {
                    let parsed = serde_json::from_str::<serde_json::Value>(&text.string());
                    parsed.map_or(Value::Unknown, |v| self.json(&v, 0))
                }
                _ => Value::Unknown,
            },
            _ if path.starts_with("Math.") => self.math(path, first, args),
            _ => return None,
        })
    }

    fn decode_text(&mut self, value: &Value, how: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Value {
        let Some(text) = self.text(value) else { return Value::Unknown };
        let Some(bytes) = text.bytes().and_then(|b| how(&b)) else { return Value::Unknown };
        if bytes.is_empty() {
            return Value::text("");
        }
        self.payload(&bytes, false);
        if let Ok(plain) = std::str::from_utf8(&bytes) {
            self.note(plain);
        }
        self.string(bytes.into_iter().map(u16::from).collect(), true)
    }

    fn unescape(&mut self, value: &Value, wide: bool) -> Value {
        let Some(text) = self.text(value) else { return Value::Unknown };
        let percent = text.units.iter().filter(|u| **u == u16::from(b'%')).count();
        if percent == 0 {
            return Value::Str(text);
        }
        let units = decode::percent(&text.units, wide);
        let plain = String::from_utf16_lossy(&units);
        // A few escapes are how query strings are; most of the text is how pages hide.
        let hidden = percent * 9 > text.units.len();
        if hidden {
            self.note(&plain);
        }
        self.string(units, hidden || text.decoded)
    }

    fn codes_text(&mut self, args: &[Value]) -> Value {
        let mut out = Vec::with_capacity(args.len().min(1 << 20));
        for arg in args {
            match (arg, self.number(arg)) {
                (Value::Array(id), _) => {
                    let items = self.items(*id).iter().filter_map(|v| self.number(v));
                    out.extend(items.map(|n| int32(n) as u16));
                }
                (_, Some(n)) if n > 65_535.0 => {
                    let c = char::from_u32(n as u32).unwrap_or(char::REPLACEMENT_CHARACTER);
                    out.extend_from_slice(c.encode_utf16(&mut [0; 2]));
                }
                (_, Some(n)) => out.push(int32(n) as u16),
                _ => return Value::Unknown,
            }
        }
        self.string(out, true)
    }

    fn parse_int(&mut self, value: &Value, radix: Option<&Value>) -> Value {
        let Some(text) = self.text(value) else { return Value::Unknown };
        let plain: String = text.string().trim().chars().take(40).collect();
        let (negative, digits) = match plain.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
        };
        let mut radix =
            radix.and_then(|r| self.number(r)).filter(|r| (2.0..=36.0).contains(r)).unwrap_or(0.0) as u32;
        let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
        let digits = if radix == 0 || radix == 16 { hex.unwrap_or(digits) } else { digits };
        if radix == 0 {
            radix = if hex.is_some() { 16 } else { 10 };
        }
        let (mut out, mut any) = (0.0, false);
        for digit in digits.chars().map_while(|c| c.to_digit(radix)) {
            out = out * f64::from(radix) + f64::from(digit);
            any = true;
        }
        match any {
            false => Value::Num(f64::NAN),
            true => Value::Num(if negative { -out } else { out }),
        }
    }

    fn array_from(&mut self, from: &Value, map: Option<&Value>) -> Value {
        let items = match from {
            Value::Array(id) => self.items(*id).to_vec(),
            Value::Str(text) if self.cells(text.units.len().saturating_mul(8)) => {
                text.units.iter().map(|u| Value::Str(Text::of(vec![*u], text.decoded))).collect()
            }
            Value::Obj(id) => match self.prop(*id, "length") {
                Some(Value::Num(n)) => vec![Value::Undef; (*n).clamp(0.0, 65_536.0) as usize],
                _ => return Value::Unknown,
            },
            _ => return Value::Unknown,
        };
        let made = self.array(items);
        match (map, &made) {
            (Some(function @ (Value::Func(_) | Value::Host(_))), Value::Array(id)) => {
                let mapped = self.array_method(*id, &"map".into(), std::slice::from_ref(function));
                self.offer(&mapped);
                mapped
            }
            _ => made,
        }
    }

    fn object_list(&mut self, from: &Value, path: &str) -> Value {
        let Value::Obj(id) = from else { return Value::Unknown };
        let props = self.objects.get(*id).map(|o| o.props.clone()).unwrap_or_default();
        self.cells(props.len() * 8);
        let mut items = Vec::new();
        for (key, value) in props {
            items.push(match path {
                "Object.keys" => Value::text(&key),
                "Object.values" => value,
                _ => self.array(vec![Value::text(&key), value]),
            });
        }
        self.array(items)
    }

    fn json(&mut self, value: &serde_json::Value, depth: usize) -> Value {
        use serde_json::Value as J;
        if depth > crate::limits::NESTING_MAX {
            return Value::Unknown;
        }
        match value {
            J::Null => Value::Null,
            J::Bool(b) => Value::Bool(*b),
            J::Number(n) => n.as_f64().map_or(Value::Unknown, Value::Num),
            J::String(text) => Value::text(text),
            J::Array(items) => {
                let items = items.iter().map(|i| self.json(i, depth + 1)).collect();
                self.array(items)
            }
            J::Object(map) => {
                let id = self.object("");
                for (key, value) in map {
                    let value = self.json(value, depth + 1);
                    if let Some(object) = self.objects.get_mut(id) {
                        object.props.insert(key.as_str().into(), value);
                    }
                }
                Value::Obj(id)
            }
        }
    }

    fn math(&mut self, path: &str, first: &Value, args: &[Value]) -> Value {
        let Some(n) = self.number(first) else { return Value::Unknown };
        let second = args.get(1).and_then(|v| self.number(v));
        Value::Num(match (path, second) {
            ("Math.floor", _) => n.floor(),
            ("Math.ceil", _) => n.ceil(),
            ("Math.round", _) => (n + 0.5).floor(),
            ("Math.trunc", _) => n.trunc(),
            ("Math.abs", _) => n.abs(),
            ("Math.sqrt", _) => n.sqrt(),
            ("Math.pow", Some(m)) => n.powf(m),
            ("Math.min", Some(m)) => n.min(m),
            ("Math.max", Some(m)) => n.max(m),
            _ => return Value::Unknown,
        })
    }

    /// Text for the bus: what was decoded and can be read.
    pub(crate) fn note(&mut self, text: &str) {
        let readable = text.chars().take(4_096).filter(|c| !c.is_control() || c.is_whitespace()).count();
        let all = text.chars().take(4_096).count();
        if text.len() < 4 || readable * 10 < all * 9 {
            return;
        }
        let bytes: usize = self.decoded.iter().map(String::len).sum();
        if self.gaps.room(bytes, DECODED_BYTES_MAX, "bytes of decoded text")
            && self.gaps.room(self.decoded.len(), DECODED_MAX, "decoded texts")
        {
            if text.len() > DECODED_ONE_MAX {
                self.gaps.over(DECODED_ONE_MAX, "characters of a decoded text");
            }
            self.decoded.push(text.chars().take(DECODED_ONE_MAX).collect());
        }
    }

    /// A call that asks a server or hands functions on.
    fn browser(&mut self, path: &str, last: &str, args: Vec<Value>) -> Value {
        let address = |m: &mut Self, value: &Value, what: What| {
            if let Value::Str(text) = value {
                m.data_url(text);
                m.event(what, &text.string(), text.decoded);
            }
        };
        let first = args.first().cloned().unwrap_or(Value::Undef);
        match last {
            "fetch" | "sendBeacon" | "post" | "get" | "getJSON" | "getScript" => {
                address(self, &first, What::Request);
                let response = self.object("response");
                self.defer_now(&args);
                return Value::Obj(response);
            }
            "ajax" => {
                if let Value::Obj(id) = &first {
                    let url = self.prop(*id, "url").cloned().unwrap_or(Value::Undef);
                    address(self, &url, What::Request);
                    let props: Vec<Value> = self
                        .objects
                        .get(*id)
                        .map(|o| o.props.values().cloned().collect())
                        .unwrap_or_default();
                    self.defer_now(&props);
                }
            }
            "importScripts" => address(self, &first, What::Load),
            "assign" | "replace" if path.contains("location") => {
                if let Value::Str(text) = &first {
                    self.go(&text.clone(), false);
                }
            }
            "open" if path == "open" => address(self, &first, What::Location),
            "CreateObject" | "GetObject" => return self.com(&first),
            "decrypt" => self.event(What::Decrypt, path, true),
            _ => return self.page_call(path, last, args),
        }
        Value::Unknown
    }

    /// Functions that something unknown calls by itself.
    pub(crate) fn defer_now(&mut self, args: &[Value]) {
        for arg in args {
            if let Value::Func(_) = arg {
                self.call(&arg.clone(), Value::Undef, vec![Value::Unknown, Value::Unknown]);
            }
        }
    }
}
