//! The message query language: parse, check, compile, evaluate, explain. Knows no mail: the host describes its world
//! in a [`Schema`] and hands over values.

pub mod ast;
pub mod builtin;
pub mod diagnostic;
pub mod limits;
mod list;
pub mod schema;
pub mod text;
pub mod typed;
pub mod types;
pub mod value;

pub use diagnostic::{Diagnostic, Severity};
pub use schema::{Schema, SchemaError};
pub use typed::{Checked, Typed, TypedKind, Uses};
pub use types::Type;
pub use value::{Arena, Host, Items, List, ListData, Map, Missing, Object, Outcome, Value};
