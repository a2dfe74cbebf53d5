//! Parameters of the built-in functions whose types are fixed, in the same form as those of the host.

use std::sync::LazyLock;

use crate::builtin::Typing;
use crate::schema::{DefaultValue, Param, ParamType};
use crate::typed::Const;
use crate::types::Type;

/// Parameters of a typing, and whether the last is variadic.
pub(super) type Params = (Vec<Param>, bool);

fn param(name: &str, ty: Type) -> Param {
    Param { name: name.into(), ty: ParamType::Type(ty), constant: false, default: None }
}

fn pattern() -> Param {
    Param { constant: true, ..param("pattern", Type::String) }
}

fn option(name: &str, ty: Type, default: Const) -> Param {
    Param { default: Some(DefaultValue::Const(default)), ..param(name, ty) }
}

fn encodings() -> Param {
    let default = ["ascii", "utf8"].map(|name| Const::Str(name.into())).to_vec();
    Param { default: Some(DefaultValue::Array(default)), ..param("encodings", Type::String.array()) }
}

fn base64(more: Option<Param>) -> Vec<Param> {
    let mut params = vec![
        param("value", Type::String),
        option("format", Type::String, Const::Str("standard".into())),
        option("ignore_padding", Type::Bool, Const::Bool(false)),
        encodings(),
    ];
    params.extend(more);
    params
}

/// The parameters, when they do not depend on the arguments.
pub(super) fn of(typing: Typing) -> Option<&'static Params> {
    static TEXT_MANY: LazyLock<Params> =
        LazyLock::new(|| (vec![param("source", Type::String), param("value", Type::String)], true));
    static TEXT_TWO: LazyLock<Params> =
        LazyLock::new(|| (vec![param("source", Type::String), param("value", Type::String)], false));
    static REGEX_MANY: LazyLock<Params> =
        LazyLock::new(|| (vec![param("source", Type::String), pattern()], true));
    static REGEX_ONE: LazyLock<Params> =
        LazyLock::new(|| (vec![param("source", Type::String), pattern()], false));
    static TEXT_ONE: LazyLock<Params> = LazyLock::new(|| (vec![param("value", Type::String)], false));
    static SCAN: LazyLock<Params> =
        LazyLock::new(|| (base64(Some(option("multiline", Type::Bool, Const::Bool(true)))), false));
    static DECODE: LazyLock<Params> = LazyLock::new(|| (base64(None), false));
    static HEX: LazyLock<Params> = LazyLock::new(|| (vec![param("value", Type::String), encodings()], false));
    Some(match typing {
        Typing::TextTest | Typing::Concat | Typing::IpIn => &TEXT_MANY,
        Typing::TextInt => &TEXT_TWO,
        Typing::RegexTest => &REGEX_MANY,
        Typing::RegexInt | Typing::RegexExtract => &REGEX_ONE,
        Typing::TextText | Typing::ParseJson | Typing::ParseFloat => &TEXT_ONE,
        Typing::ScanBase64 => &SCAN,
        Typing::DecodeBase64 => &DECODE,
        Typing::DecodeHex => &HEX,
        _ => return None,
    })
}
