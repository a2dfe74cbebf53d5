//! A source on its way to a checked rule in one step.

use crate::ast::Expr;
use crate::check::{check, require_bool};
use crate::diagnostic::Diagnostic;
use crate::parser::parse;
use crate::schema::Schema;
use crate::typed::{Checked, Uses};

/// What a source may evaluate to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// A truth value: rules, exclusions, automations.
    Bool,
    /// Anything: queries, whose value is shown.
    Any,
}

/// A checked source.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The source.
    pub source: Box<str>,
    /// As written.
    pub ast: Expr,
    /// Resolved and typed.
    pub checked: Checked,
    /// What looks wrong without being an error.
    pub warnings: Vec<Diagnostic>,
}

impl Rule {
    /// Parses and checks.
    ///
    /// # Errors
    /// All errors found, with the warnings, in source order.
    pub fn new(source: &str, schema: &Schema, expect: Expect) -> Result<Self, Vec<Diagnostic>> {
        let ast = parse(source).map_err(|error| vec![*error])?;
        let outcome = check(source, &ast, schema);
        let mut diagnostics = outcome.diagnostics;
        let Some(checked) = outcome.checked else { return Err(diagnostics) };
        let wrong = (expect == Expect::Bool).then(|| require_bool(source, &checked, schema)).flatten();
        if let Some(wrong) = wrong {
            diagnostics.push(wrong);
            return Err(diagnostics);
        }
        Ok(Self { source: source.into(), ast, checked, warnings: diagnostics })
    }

    /// Which functions, lists and roots it uses.
    #[must_use]
    pub fn uses(&self) -> &Uses {
        &self.checked.uses
    }
}
