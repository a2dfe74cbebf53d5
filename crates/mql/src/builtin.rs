//! The functions that the language brings along: names, parameters and typing rules.

use crate::types::Type;

/// How a built-in function's arguments and result are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    /// `(array, bool) → bool`: any, all.
    Predicate,
    /// `(array, bool) → array`.
    Filter,
    /// `(array, T) → [T]`.
    Map,
    /// `(array[, scalar]) → array`.
    Distinct,
    /// `(array[, number]) → number`.
    Sum,
    /// `(array, bool) → float`.
    Ratio,
    /// `(string | array | map | json) → int`.
    Length,
    /// `(T, T, …) → T`.
    Coalesce,
    /// `(array) → [leaf]`.
    Flatten,
    /// `(map | json) → [string]`.
    Keys,
    /// `(map | json) → [value]`.
    Values,
    /// `(string, string, …) → bool`, at least one needle.
    TextTest,
    /// The same with constant regular expressions.
    RegexTest,
    /// `(string, string, …) → string`.
    Concat,
    /// `(string, string) → int`.
    TextInt,
    /// `(string, const regex) → int`.
    RegexInt,
    /// `(string, const regex) → [RegexMatch]`.
    RegexExtract,
    /// `(string) → string`.
    TextText,
    /// `(string) → json`.
    ParseJson,
    /// `(string) → float`.
    ParseFloat,
    /// `(string, format, ignore_padding, encodings, multiline) → [string]`.
    ScanBase64,
    /// `(string, format, ignore_padding, encodings) → string`.
    DecodeBase64,
    /// `(string, encodings) → string`.
    DecodeHex,
    /// `(string, string, …) → bool`.
    IpIn,
}

macro_rules! builtins {
    ($($id:ident $typing:ident $first:literal $(, $alias:literal)* ;)*) => {
        /// A built-in function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Builtin { $(#[doc = concat!("`", $first, "`")] $id,)* }

        impl Builtin {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$id,)*];

            /// By name or alias.
            #[must_use]
            pub fn find(name: &str) -> Option<Self> {
                match name { $($first $(| $alias)* => Some(Self::$id),)* _ => None }
            }

            /// Its canonical name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$id => $first,)* }
            }

            /// How it is typed.
            #[must_use]
            pub fn typing(self) -> Typing {
                match self { $(Self::$id => Typing::$typing,)* }
            }
        }

        /// Every name and alias, for suggestions.
        pub const NAMES: &[&str] = &[$($first, $($alias,)*)*];
    };
}

builtins! {
    Any Predicate "any";
    All Predicate "all";
    Filter Filter "filter";
    Map Map "map";
    Distinct Distinct "distinct";
    Sum Sum "sum";
    Ratio Ratio "ratio";
    Length Length "length";
    Coalesce Coalesce "coalesce";
    Flatten Flatten "flatten";
    Keys Keys "keys";
    Values Values "values";
    Contains TextTest "strings.contains";
    IContains TextTest "strings.icontains";
    StartsWith TextTest "strings.starts_with";
    IStartsWith TextTest "strings.istarts_with";
    EndsWith TextTest "strings.ends_with";
    IEndsWith TextTest "strings.iends_with";
    Like TextTest "strings.like", "like";
    ILike TextTest "strings.ilike", "ilike";
    Concat Concat "strings.concat";
    Levenshtein TextInt "strings.levenshtein";
    ILevenshtein TextInt "strings.ilevenshtein";
    Count TextInt "strings.count";
    ICount TextInt "strings.icount";
    ReplaceConfusables TextText "strings.replace_confusables";
    ParseJson ParseJson "strings.parse_json";
    ParseFloat ParseFloat "strings.parse_float";
    ScanBase64 ScanBase64 "strings.scan_base64", "beta.scan_base64";
    DecodeBase64 DecodeBase64 "strings.decode_base64";
    DecodeHex DecodeHex "strings.decode_hex";
    RegexContains RegexTest "regex.contains";
    RegexIContains RegexTest "regex.icontains";
    RegexMatch RegexTest "regex.match";
    RegexIMatch RegexTest "regex.imatch";
    RegexExtract RegexExtract "regex.extract";
    RegexIExtract RegexExtract "regex.iextract";
    RegexCount RegexInt "regex.count";
    RegexICount RegexInt "regex.icount";
    Md5 TextText "hash.md5";
    Sha1 TextText "hash.sha1";
    Sha256 TextText "hash.sha256";
    IpIn IpIn "beta.ip_in";
}

impl Builtin {
    /// Its arguments after the first are evaluated once an element, in a new scope.
    #[must_use]
    pub fn is_loop(self) -> bool {
        matches!(
            self.typing(),
            Typing::Predicate | Typing::Filter | Typing::Map | Typing::Distinct | Typing::Sum | Typing::Ratio
        )
    }

    /// Its arguments after the first are regular expressions.
    #[must_use]
    pub fn takes_regex(self) -> bool {
        matches!(self.typing(), Typing::RegexTest | Typing::RegexInt | Typing::RegexExtract)
    }
}

impl Typing {
    /// Fewest and most arguments by position; `None` is any number.
    #[must_use]
    pub fn arity(self) -> (usize, Option<usize>) {
        match self {
            Self::Predicate | Self::Filter | Self::Map | Self::Ratio | Self::TextInt => (2, Some(2)),
            Self::RegexInt | Self::RegexExtract => (2, Some(2)),
            Self::Distinct | Self::Sum => (1, Some(2)),
            Self::Length | Self::Flatten | Self::Keys | Self::Values => (1, Some(1)),
            Self::TextText | Self::ParseJson | Self::ParseFloat => (1, Some(1)),
            Self::Coalesce | Self::TextTest | Self::RegexTest | Self::Concat | Self::IpIn => (2, None),
            Self::ScanBase64 => (1, Some(5)),
            Self::DecodeBase64 => (1, Some(4)),
            Self::DecodeHex => (1, Some(2)),
        }
    }

    /// Result type, when it does not depend on the arguments.
    #[must_use]
    pub fn fixed_result(self) -> Option<Type> {
        Some(match self {
            Self::Predicate | Self::TextTest | Self::RegexTest | Self::IpIn => Type::Bool,
            Self::Ratio | Self::ParseFloat => Type::Float,
            Self::Length | Self::TextInt | Self::RegexInt => Type::Int,
            Self::Keys | Self::ScanBase64 => Type::String.array(),
            Self::Concat | Self::TextText | Self::DecodeBase64 | Self::DecodeHex => Type::String,
            Self::ParseJson => Type::Json,
            _ => return None,
        })
    }
}
