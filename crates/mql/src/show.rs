//! Values as text for people.

use std::fmt::Write as _;

use crate::value::{Arena, Value};

/// The value, cut to `limit` characters.
#[must_use]
pub fn value<'a>(value: Value<'a>, arena: &'a Arena, limit: usize) -> String {
    match value {
        Value::Str(s) => cut(s, limit),
        value => {
            let mut out = String::new();
            write(value, arena, &mut out, limit.saturating_mul(4), 0);
            cut(&out, limit)
        }
    }
}

/// A text cut to `limit` characters, with an ellipsis when something is missing.
#[must_use]
pub fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
    }
}

const DEEPEST: u32 = 8;

fn write<'a>(value: Value<'a>, arena: &'a Arena, out: &mut String, limit: usize, depth: u32) {
    if out.len() > limit || depth > DEEPEST {
        return;
    }
    let _ = match value {
        Value::Unknown(missing) => write!(out, "unknown ({})", arena.missing_names(missing).join(", ")),
        Value::Null => write!(out, "null"),
        Value::Bool(b) => write!(out, "{b}"),
        Value::Int(i) => write!(out, "{i}"),
        Value::Float(f) => write!(out, "{f}"),
        Value::Str(s) => write!(out, "{:?}", cut(s, limit)),
        Value::Bytes(b) => write!(out, "{} bytes", b.len()),
        Value::Json(json) => {
            // Only the beginning is shown; a large document is not written out for it.
            let brief = match json {
                serde_json::Value::Object(o) if o.len() > 20 => format!("{{{} members}}", o.len()),
                serde_json::Value::Array(a) if a.len() > 20 => format!("[{} items]", a.len()),
                json => json.to_string(),
            };
            write!(out, "{}", cut(&brief, limit))
        }
        Value::Object(o) => write!(out, "{}", o.shape()),
        Value::Map(m) => {
            let keys: Vec<&str> = (0..m.len().min(20)).filter_map(|i| m.key(i)).collect();
            write!(out, "{{{}}}", keys.join(", "))
        }
        Value::List(list) => {
            out.push('[');
            for i in 0..list.len() {
                if out.len() > limit {
                    break;
                }
                if i > 0 {
                    out.push_str(", ");
                }
                write(list.get(i, arena), arena, out, limit, depth + 1);
            }
            out.push(']');
            Ok(())
        }
    };
}
