//! All rules compiled together, and their evaluation on one message.

use crate::compile::{Builder, Spans};
use crate::eval::Eval;
use crate::explain::{Explainer, Predicate};
use crate::node::{Id, Program};
use crate::rule::Rule;
use crate::schema::Schema;
use crate::show;
use crate::truth::Truth;
use crate::value::{Arena, Host, Missing, Value};

/// Rules, compiled together: what they have in common is evaluated once a message.
pub struct RuleSet {
    program: Program,
    rules: Vec<Compiled>,
}

pub(crate) struct Compiled {
    id: Box<str>,
    pub(crate) root: Id,
    pub(crate) source: Box<str>,
    pub(crate) spans: Spans,
}

/// What a rule says about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It matches: its value is exactly true.
    Match,
    /// It does not: false, or null.
    NoMatch,
    /// Nobody can say without what is missing; [`Arena::missing_names`] gives the names: capabilities of the host,
    /// `$name` for lists that nobody configured, `budget` when the rule was too expensive on this message.
    Indeterminate(Missing),
}

impl RuleSet {
    /// Compiles checked rules, each with its id. Regular expressions are compiled when first needed.
    pub fn compile<'r>(rules: impl IntoIterator<Item = (&'r str, &'r Rule)>, schema: &Schema) -> RuleSet {
        let mut builder = Builder::new(schema);
        let mut compiled = Vec::new();
        for (id, rule) in rules {
            let (root, spans) = builder.rule(&rule.checked.root, &rule.checked.lists);
            compiled.push(Compiled { id: id.into(), root, source: rule.source.clone(), spans });
        }
        let program = builder.finish(compiled.iter().map(|rule| rule.root));
        RuleSet { program, rules: compiled }
    }

    /// How many rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// No rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The id of a rule.
    #[must_use]
    pub fn id(&self, rule: usize) -> Option<&str> {
        self.rules.get(rule).map(|r| &*r.id)
    }

    /// The source of a rule.
    #[must_use]
    pub fn source(&self, rule: usize) -> Option<&str> {
        self.rules.get(rule).map(|r| &*r.source)
    }

    /// Compiles every regular expression now, so that no message waits for it. Gives the sources of those that do not
    /// compile.
    pub fn warm_up(&self) -> Vec<&str> {
        let broken = self.program.patterns.iter().filter(|p| p.regex().is_none());
        broken.map(|p| &*p.source).collect()
    }

    /// Begins with a message. What was evaluated for one rule is remembered for the others.
    pub fn session<'a, 'h>(&'a self, host: &'h dyn Host<'a>, arena: &'a Arena) -> Session<'a, 'h> {
        Session { set: self, eval: Eval::new(&self.program, host, arena) }
    }

    /// All rules that match or are indeterminate, by index; the others do not match.
    pub fn evaluate<'a>(&'a self, host: &dyn Host<'a>, arena: &'a Arena) -> Vec<(usize, Decision)> {
        self.session(host, arena).evaluate()
    }

    /// Why a rule matches; empty when it does not.
    pub fn explain<'a>(&'a self, rule: usize, host: &dyn Host<'a>, arena: &'a Arena) -> Vec<Predicate> {
        self.session(host, arena).explain(rule)
    }

    /// The value of a query.
    pub fn evaluate_value<'a>(&'a self, rule: usize, host: &dyn Host<'a>, arena: &'a Arena) -> Value<'a> {
        self.session(host, arena).value(rule)
    }

    /// Nodes, remembered nodes, patterns and literals, for a look at how much rules share.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize, usize, usize) {
        let p = &self.program;
        (p.nodes.len(), p.slots, p.patterns.len(), p.literals.len())
    }
}

/// One message before the rules.
pub struct Session<'a, 'h> {
    set: &'a RuleSet,
    eval: Eval<'a, 'h>,
}

impl<'a> Session<'a, '_> {
    /// All rules that match or are indeterminate, by index; the others do not match.
    pub fn evaluate(&mut self) -> Vec<(usize, Decision)> {
        let all = (0..self.set.rules.len()).map(|rule| (rule, self.decide(rule)));
        all.filter(|(_, decision)| *decision != Decision::NoMatch).collect()
    }

    /// One rule.
    pub fn decide(&mut self, rule: usize) -> Decision {
        let Some(rule) = self.set.program.rules.get(rule) else { return Decision::NoMatch };
        self.eval.begin();
        let truth: Truth = self.eval.decide(rule);
        if truth.is_true() {
            Decision::Match
        } else if truth.can_be_true() {
            Decision::Indeterminate(truth.missing())
        } else {
            Decision::NoMatch
        }
    }

    /// The value of a query.
    pub fn value(&mut self, rule: usize) -> Value<'a> {
        let Some(rule) = self.set.rules.get(rule) else { return Value::Null };
        self.eval.begin();
        self.eval.value(rule.root)
    }

    /// The value of a query as text, cut to `limit` characters.
    pub fn value_text(&mut self, rule: usize, limit: usize) -> String {
        let value = self.value(rule);
        show::value(value, self.eval.arena, limit)
    }

    /// Why a rule matches; empty when it does not.
    pub fn explain(&mut self, rule: usize) -> Vec<Predicate> {
        let Some(rule) = self.set.rules.get(rule) else { return Vec::new() };
        self.eval.begin();
        Explainer::new(&mut self.eval, rule).explain()
    }

    /// Steps that the last rule took.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.eval.steps
    }
}
