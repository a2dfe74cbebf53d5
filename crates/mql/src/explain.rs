//! Why a rule matched: the predicates that decided it, what they read, and what stood there. A second walk over a rule
//! that is known to match.

use crate::columns::Scope;
use crate::eval::Eval;
use crate::limits::{MAX_PREDICATES, MAX_READS, MAX_SHOWN};
use crate::memory::identity;
use crate::node::{Id, Node};
use crate::ruleset::Compiled;
use crate::scalar::plain;
use crate::show;
use crate::truth::Truth;
use crate::typed::{Builtin, Span};
use crate::value::Value;

/// A predicate that decided.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Predicate {
    /// Where it stands in the rule.
    pub span: Span,
    /// Its text.
    pub text: String,
    /// Its value: `false` when it stands under a `not`.
    pub value: bool,
    /// What it read.
    pub reads: Vec<Read>,
}

/// A value that a predicate read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Read {
    /// Its place: `body.links[3].href_url.domain.root_domain`, `strings.parse_url(…).domain`.
    pub path: String,
    /// What stood there, cut.
    pub value: String,
}

/// Longest text of a predicate that is shown.
const MAX_TEXT: usize = 400;
/// Longest path of a call's argument inside a path.
const MAX_ARGUMENT: usize = 80;

pub(crate) struct Explainer<'e, 'a, 'h> {
    eval: &'e mut Eval<'a, 'h>,
    rule: &'a Compiled,
    /// The places of the loop items, outermost first; as long as the evaluator's scopes.
    places: Vec<String>,
    out: Vec<Predicate>,
}

impl<'e, 'a, 'h> Explainer<'e, 'a, 'h> {
    pub(crate) fn new(eval: &'e mut Eval<'a, 'h>, rule: &'a Compiled) -> Explainer<'e, 'a, 'h> {
        Explainer { eval, rule, places: Vec::new(), out: Vec::new() }
    }

    pub(crate) fn explain(mut self) -> Vec<Predicate> {
        self.walk(self.rule.root, true);
        self.out
    }

    /// Collects what made `id` true (or false, under `not`).
    fn walk(&mut self, id: Id, wanted: bool) {
        if self.out.len() >= MAX_PREDICATES || !is(self.eval.truth(id), wanted) {
            return;
        }
        let program = self.eval.program;
        match program.node(id) {
            Node::Bool(_) => {}
            Node::Outer(inner) => self.outside(|e| e.walk(*inner, wanted)),
            // `not in`, `is not null`: one predicate as it is written.
            Node::Not(inner) if self.span(id) == self.span(*inner) => self.leaf(id, wanted),
            Node::Not(inner) => self.walk(*inner, !wanted),
            Node::And(items) if wanted => program.ids(*items).iter().for_each(|&item| self.walk(item, true)),
            Node::And(items) => self.first(program.ids(*items), false),
            Node::Or(items) | Node::Of { items, .. } => {
                program.ids(*items).iter().for_each(|&item| self.walk(item, wanted));
            }
            Node::Loop { function: Builtin::Any, list, body: Some(body) } if wanted => {
                self.element(id, *list, *body, true);
            }
            Node::Loop { function: Builtin::All, list, body: Some(body) } if !wanted => {
                self.element(id, *list, *body, false);
            }
            _ => self.leaf(id, wanted),
        }
    }

    /// The first item with that value is enough.
    fn first(&mut self, items: &[Id], wanted: bool) {
        for &item in items {
            if is(self.eval.truth(item), wanted) {
                return self.walk(item, wanted);
            }
        }
    }

    /// The element of a loop that decided it.
    fn element(&mut self, id: Id, list: Id, body: Id, wanted: bool) {
        let Some(items) = self.eval.value(list).as_list() else { return };
        for i in 0..items.len() {
            let item = plain(items.get(i, self.eval.arena));
            self.eval.scopes.push(Scope::bare(item));
            if is(self.eval.truth(body), wanted) {
                self.eval.scopes.pop();
                let place = self.element_place(list, i);
                self.eval.scopes.push(Scope::bare(item));
                self.places.push(place);
                let before = self.out.len();
                self.walk(body, wanted);
                self.places.pop();
                self.eval.scopes.pop();
                if self.out.len() == before {
                    // A body without predicates, such as `any(x, true)`.
                    self.leaf(id, wanted);
                }
                return;
            }
            self.eval.scopes.pop();
        }
    }

    /// Looks at something that reads no item of the innermost loop.
    fn outside<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        let (scope, place) = (self.eval.scopes.pop(), self.places.pop());
        let result = look(self);
        self.eval.scopes.extend(scope);
        self.places.extend(place);
        result
    }

    fn span(&self, id: Id) -> Span {
        self.rule.spans.get(&id).copied().unwrap_or_default()
    }

    fn leaf(&mut self, id: Id, value: bool) {
        let span = self.span(id);
        let mut reads = Vec::new();
        self.reads(id, &mut reads);
        let text = show::cut(span.text(&self.rule.source), MAX_TEXT);
        let predicate = Predicate { span, text, value, reads };
        if !self.out.contains(&predicate) {
            self.out.push(predicate);
        }
    }

    /// What an expression reads: the longest access paths in it, and the calls between.
    fn reads(&mut self, id: Id, reads: &mut Vec<Read>) {
        if reads.len() >= MAX_READS {
            return;
        }
        let program = self.eval.program;
        match program.node(id) {
            Node::Null | Node::Bool(_) | Node::Int(_) | Node::Float(_) | Node::Str(_) | Node::List(_) => {}
            Node::JsonText(inner) => self.reads(*inner, reads),
            Node::Outer(inner) => self.outside(|e| e.reads(*inner, reads)),
            Node::Root(_) | Node::Item(_) | Node::Field { .. } | Node::Index { .. } | Node::Slice { .. } => {
                self.read(id, reads);
            }
            Node::Host { .. } | Node::Matches { .. } => self.read(id, reads),
            Node::Loop { list, .. } => {
                if !is_logic(program.node(id)) {
                    self.read(id, reads);
                }
                self.reads(*list, reads);
            }
            node => {
                if matches!(node, Node::Call { .. }) {
                    self.read(id, reads);
                }
                program.children(id).into_iter().for_each(|(child, _)| self.reads(child, reads));
            }
        }
    }

    fn read(&mut self, id: Id, reads: &mut Vec<Read>) {
        let path = self.path(id);
        if reads.iter().any(|r| r.path == path) {
            return;
        }
        let value = self.eval.value(id);
        reads.push(Read { path, value: show::value(value, self.eval.arena, MAX_SHOWN) });
    }

    /// The place of an expression's value.
    fn path(&mut self, id: Id) -> String {
        let program = self.eval.program;
        match program.node(id) {
            Node::Root(root) => program.roots.get(*root as usize).map_or("", |n| n).to_owned(),
            Node::Item(n) => {
                let at = self.places.len().checked_sub(1 + *n as usize);
                at.and_then(|at| self.places.get(at))
                    .map_or_else(|| ".".repeat(*n as usize + 1), Clone::clone)
            }
            Node::Field { base, name, .. } => {
                let base = self.path(*base);
                format!("{base}.{}", program.names.get(*name as usize).map_or("", |n| n))
            }
            Node::Index { base, index } => {
                let base = self.path(*base);
                match self.eval.value(*index) {
                    Value::Str(s) => format!("{base}[{s:?}]"),
                    index => format!("{base}[{}]", show::value(index, self.eval.arena, 20)),
                }
            }
            Node::Slice { base, .. } => format!("{}[:]", self.path(*base)),
            Node::JsonText(inner) => self.path(*inner),
            Node::Outer(inner) => self.outside(|e| e.path(*inner)),
            Node::List(list) => format!("${}", program.lists.get(*list as usize).map_or("", |n| n)),
            Node::Str(s) => format!("{:?}", show::cut(program.words(*s), 40)),
            Node::Int(i) => i.to_string(),
            Node::Bool(b) => b.to_string(),
            Node::Host { function, args } => {
                let name = program.functions.get(*function as usize).map_or("", |f| &f.name);
                format!("{name}({})", if args.is_empty() { "" } else { "…" })
            }
            Node::Loop { function, list, .. } => {
                let list = self.path(*list);
                format!("{}({list}, …)", function.name())
            }
            Node::Matches { extract, source, .. } => {
                let source = self.path(*source);
                format!("regex.{}({source}, …)", if *extract { "extract" } else { "count" })
            }
            Node::Call { function, args } => {
                let args: Vec<String> = program.ids(*args).iter().map(|&a| self.path(a)).collect();
                format!("{}({})", function.name(), show::cut(&args.join(", "), MAX_ARGUMENT))
            }
            _ => "…".to_owned(),
        }
    }

    /// The place of the item at `i` of an array: where it came from, if the array was picked from another.
    fn element_place(&mut self, list: Id, i: usize) -> String {
        let program = self.eval.program;
        match program.node(list) {
            Node::Loop { function: Builtin::Filter | Builtin::Distinct, list: from, .. } => {
                match self.origin(list, *from, i) {
                    Some(origin) => self.element_place(*from, origin),
                    None => format!("{}[{i}]", self.path(list)),
                }
            }
            Node::Loop { function: Builtin::Map, list: from, body: Some(body) } => {
                let item = self.eval.value(*from).as_list().map(|l| l.get(i, self.eval.arena));
                let place = self.element_place(*from, i);
                self.places.push(place);
                self.eval.scopes.push(Scope::bare(item.map_or(Value::Null, plain)));
                let path = self.path(*body);
                self.eval.scopes.pop();
                self.places.pop();
                path
            }
            _ => format!("{}[{i}]", self.path(list)),
        }
    }

    /// Where in `from` the item at `i` of `list` came from. Equal items before it count.
    fn origin(&mut self, list: Id, from: Id, i: usize) -> Option<usize> {
        let arena = self.eval.arena;
        let (kept, all) = (self.eval.value(list).as_list()?, self.eval.value(from).as_list()?);
        let wanted = identity(&kept.get(i, arena));
        let before = (0..i).filter(|&j| identity(&kept.get(j, arena)) == wanted).count();
        (0..all.len()).filter(|&j| identity(&plain(all.get(j, arena))) == wanted).nth(before)
    }
}

fn is(truth: Truth, wanted: bool) -> bool {
    if wanted { truth.is_true() } else { truth.is_false() }
}

fn is_logic(node: &Node) -> bool {
    matches!(node, Node::Loop { function: Builtin::Any | Builtin::All, .. })
}
