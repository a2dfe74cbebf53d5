//! The message query language: parse, check, compile, evaluate, explain. Knows no mail: the host describes its world
//! in a [`Schema`] and hands over values.

pub mod ast;
pub mod base64;
pub mod builtin;
pub mod check;
mod columns;
mod compile;
pub mod confusables;
pub mod diagnostic;
mod distance;
mod eval;
pub mod explain;
mod functions;
pub mod glob;
pub mod ipset;
mod lexer;
pub mod limits;
mod list;
mod memory;
mod node;
mod order;
pub mod parser;
mod prefilter;
pub mod printer;
pub mod re2;
pub mod rule;
pub mod ruleset;
mod scalar;
pub mod schema;
pub mod show;
pub mod text;
mod truth;
pub mod typed;
pub mod types;
pub mod value;

pub use check::check;
pub use diagnostic::{Diagnostic, Severity};
pub use explain::{Predicate, Read};
pub use parser::parse;
pub use printer::print;
pub use rule::{Expect, Rule};
pub use ruleset::{Decision, RuleSet, Session};
pub use schema::{Schema, SchemaError};
pub use typed::{Checked, Typed, TypedKind, Uses};
pub use types::Type;
pub use value::{Arena, Host, Items, List, ListData, Map, Missing, Object, Outcome, Value};
