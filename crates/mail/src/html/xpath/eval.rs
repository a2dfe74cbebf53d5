//! Expression × tree → nodes, within a budget of steps.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use super::{Axis, Expr, Op, Step, Test};
use crate::html::tree::{Data, NONE};
use crate::html::{Html, NodeRef};
use crate::limits::{XPATH_NODES_MAX, XPATH_STEPS_MAX};

/// A node, or an attribute of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) id: u32,
    pub(super) attr: u32,
}

/// What a predicate is evaluated for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    pub(super) item: Item,
    pub(super) position: usize,
    pub(super) size: usize,
}

/// Text is borrowed from the expression or the document where it can be: a predicate is evaluated for every node.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'v> {
    Nodes(Vec<Item>),
    Text(Cow<'v, str>),
    Number(f64),
    Bool(bool),
}

impl Value<'_> {
    pub(super) fn truth(&self) -> bool {
        match self {
            Value::Nodes(nodes) => !nodes.is_empty(),
            Value::Text(text) => !text.is_empty(),
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Bool(yes) => *yes,
        }
    }
}

/// One evaluation.
pub(super) struct Eval<'a> {
    pub(super) html: &'a Html,
    /// Place of each node in document order, and the place after its last descendant.
    order: OnceCell<Vec<(u32, u32)>>,
    budget: Cell<usize>,
}

pub(super) fn select<'a>(expr: &Expr, html: &'a Html) -> Vec<NodeRef<'a>> {
    let eval = Eval { html, order: OnceCell::new(), budget: Cell::new(XPATH_STEPS_MAX) };
    let root = Context { item: Item { id: 0, attr: NONE }, position: 1, size: 1 };
    match eval.value(expr, root) {
        Value::Nodes(nodes) => nodes.iter().take(XPATH_NODES_MAX).map(|item| eval.node(*item)).collect(),
        _ => Vec::new(),
    }
}

fn order(html: &Html) -> Vec<(u32, u32)> {
    let tree = &html.tree;
    let mut out = vec![(NONE, NONE); tree.nodes.len()];
    let (mut id, mut place) = (0, 0);
    'nodes: while let Some(node) = tree.get(id) {
        if let Some(slot) = out.get_mut(id as usize) {
            slot.0 = place;
        }
        place += 1;
        if node.first_child != NONE {
            id = node.first_child;
            continue;
        }
        while let Some(node) = tree.get(id) {
            if let Some(slot) = out.get_mut(id as usize) {
                slot.1 = place;
            }
            id = if node.next != NONE { node.next } else { node.parent };
            if node.next != NONE {
                continue 'nodes;
            }
        }
        break;
    }
    out
}

impl<'a> Eval<'a> {
    /// Where a node begins and ends in document order. Most queries are one walk from the root and never ask.
    fn place(&self, id: u32) -> Option<(u32, u32)> {
        self.order.get_or_init(|| order(self.html)).get(id as usize).copied()
    }

    /// Takes from the budget; false when it is used up.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(steps));
        left > 0
    }

    fn node(&self, item: Item) -> NodeRef<'a> {
        match item.attr {
            NONE => NodeRef::of(self.html, item.id),
            attr => NodeRef::of_attr(self.html, item.id, attr),
        }
    }

    pub(super) fn name(&self, item: Item) -> &'a str {
        self.node(item).name()
    }

    pub(super) fn value<'v>(&self, expr: &'v Expr, context: Context) -> Value<'v>
    where
        'a: 'v,
    {
        if !self.spend(1) {
            return Value::Nodes(Vec::new());
        }
        match expr {
            Expr::Literal(text) => Value::Text(Cow::Borrowed(text)),
            Expr::Number(number) => Value::Number(*number),
            Expr::Negative(inner) => Value::Number(-self.number(&self.value(inner, context))),
            Expr::Call(function, arguments) => function.call(self, arguments, context),
            Expr::Binary(op, left, right) => self.binary(*op, left, right, context),
            Expr::Union(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    if let Value::Nodes(mut nodes) = self.value(part, context) {
                        all.append(&mut nodes);
                    }
                }
                self.sort(&mut all);
                Value::Nodes(all)
            }
            Expr::Path { absolute, steps } => {
                let start = if *absolute { Item { id: 0, attr: NONE } } else { context.item };
                Value::Nodes(self.steps(&[start], steps))
            }
            Expr::Filter { base, predicates, steps } => match self.value(base, context) {
                Value::Nodes(mut nodes) => {
                    for predicate in predicates {
                        nodes = self.filter(nodes, predicate);
                    }
                    Value::Nodes(self.steps(&nodes, steps))
                }
                other => other,
            },
        }
    }

    fn steps(&self, start: &[Item], steps: &[Step]) -> Vec<Item> {
        let mut index = 0;
        let mut found: Option<Vec<Item>> = None;
        while let Some(step) = steps.get(index) {
            // `//x` is one walk over the descendants, unless a predicate counts places among siblings.
            let merged = steps.get(index + 1).filter(|next| {
                step.axis == Axis::DescendantOrSelf
                    && step.test == Test::Node
                    && step.predicates.is_empty()
                    && next.axis == Axis::Child
                    && !next.predicates.iter().any(counts_places)
            });
            let nodes = found.as_deref().unwrap_or(start);
            found = Some(match merged {
                Some(next) => self.step(nodes, Axis::Descendant, next),
                None => self.step(nodes, step.axis, step),
            });
            index += if merged.is_some() { 2 } else { 1 };
        }
        found.unwrap_or_else(|| start.to_vec())
    }

    fn step(&self, nodes: &[Item], axis: Axis, step: &Step) -> Vec<Item> {
        let mut all = Vec::new();
        let down = matches!(axis, Axis::Descendant | Axis::DescendantOrSelf);
        let mergeable = down && !step.predicates.iter().any(counts_places);
        let mut covered = 0;
        for item in nodes {
            // Descendants of a node whose ancestor was here already have been found.
            if mergeable && item.attr == NONE && nodes.len() > 1 {
                let (start, end) = self.place(item.id).unwrap_or((0, 0));
                if start < covered {
                    continue;
                }
                covered = end;
            }
            let mut found = self.axis(*item, axis, &step.test);
            for predicate in &step.predicates {
                found = self.filter(found, predicate);
            }
            if all.is_empty() {
                all = found;
            } else {
                all.append(&mut found);
            }
            if !self.spend(1) {
                break;
            }
        }
        if nodes.len() > 1 || is_backward(axis) {
            self.sort(&mut all);
        }
        all
    }

    fn sort(&self, items: &mut Vec<Item>) {
        self.spend(items.len());
        let key =
            |item: &Item| (self.place(item.id).map_or(NONE, |(place, _)| place), item.attr.wrapping_add(1));
        items.sort_unstable_by_key(key);
        items.dedup();
    }

    fn filter(&self, items: Vec<Item>, predicate: &Expr) -> Vec<Item> {
        if !may_be_number(predicate) {
            let mut items = items;
            items.retain(|&item| self.holds(predicate, Context { item, position: 1, size: 1 }));
            return items;
        }
        let size = items.len();
        let keep = |(index, item): (usize, Item)| {
            let context = Context { item, position: index + 1, size };
            let kept = match self.value(predicate, context) {
                Value::Number(number) => number == context.position as f64,
                other => other.truth(),
            };
            kept.then_some(item)
        };
        items.into_iter().enumerate().filter_map(keep).collect()
    }

    /// Nodes of an axis that pass the test, nearest first.
    fn axis(&self, item: Item, axis: Axis, test: &Test) -> Vec<Item> {
        let mut out = Vec::new();
        let tree = &self.html.tree;
        if item.attr != NONE
            && !matches!(axis, Axis::Itself | Axis::Parent | Axis::Ancestor | Axis::AncestorOrSelf)
        {
            return out;
        }
        let Some(node) = tree.get(item.id) else { return out };
        let next = |id: u32| tree.get(id).map_or(NONE, |node| node.next);
        let previous = |id: u32| tree.get(id).map_or(NONE, |node| node.previous);
        let parent = |id: u32| tree.get(id).map_or(NONE, |node| node.parent);
        let above = if item.attr == NONE { node.parent } else { item.id };
        match axis {
            Axis::Itself => {
                if item.attr != NONE {
                    out.extend((*test == Test::Node).then_some(item));
                } else {
                    self.admit(item.id, test, &mut out);
                }
            }
            Axis::Parent => self.admit(above, test, &mut out),
            Axis::Ancestor => self.chain(above, parent, test, &mut out),
            Axis::AncestorOrSelf => self.chain(item.id, parent, test, &mut out),
            Axis::Child => self.chain(node.first_child, next, test, &mut out),
            Axis::FollowingSibling => self.chain(node.next, next, test, &mut out),
            Axis::PrecedingSibling => self.chain(node.previous, previous, test, &mut out),
            Axis::Descendant => self.chain(
                tree.following(item.id, item.id, false).unwrap_or(NONE),
                |id| tree.following(id, item.id, false).unwrap_or(NONE),
                test,
                &mut out,
            ),
            Axis::DescendantOrSelf => {
                self.chain(item.id, |id| tree.following(id, item.id, false).unwrap_or(NONE), test, &mut out);
            }
            Axis::Following => self.chain(
                tree.following(item.id, 0, true).unwrap_or(NONE),
                |id| tree.following(id, 0, false).unwrap_or(NONE),
                test,
                &mut out,
            ),
            Axis::Preceding => self.preceding(item.id, test, &mut out),
            Axis::Attribute => self.attributes(item.id, &node.data, test, &mut out),
        }
        out
    }

    fn chain(&self, start: u32, next: impl Fn(u32) -> u32, test: &Test, out: &mut Vec<Item>) {
        let mut id = start;
        while id != NONE && self.spend(1) {
            self.admit(id, test, out);
            id = next(id);
        }
    }

    fn preceding(&self, id: u32, test: &Test, out: &mut Vec<Item>) {
        let (place, _) = self.place(id).unwrap_or((0, 0));
        let mut at = Some(0);
        while let Some(candidate) = at.filter(|_| self.spend(1)) {
            match self.place(candidate) {
                Some((start, _)) if start >= place => break,
                Some((_, end)) if end <= place => self.admit(candidate, test, out),
                _ => {}
            }
            at = self.html.tree.following(candidate, 0, false);
        }
        out.reverse();
    }

    fn attributes(&self, id: u32, data: &Data, test: &Test, out: &mut Vec<Item>) {
        let Data::Element { attrs, .. } = data else { return };
        for (attr, index) in self.html.tree.attrs_of(data).iter().zip(attrs.start..) {
            let admitted = match test {
                Test::Any | Test::Node => true,
                Test::Name(name) => attr.name == *name,
                Test::Text | Test::Comment => false,
            };
            if admitted {
                out.push(Item { id, attr: index });
            }
        }
    }

    fn admit(&self, id: u32, test: &Test, out: &mut Vec<Item>) {
        let Some(node) = self.html.tree.get(id) else { return };
        let admitted = match (test, &node.data) {
            (Test::Node, _) | (Test::Any, Data::Element { .. }) => true,
            (Test::Name(name), Data::Element { name: own, .. }) => own == name,
            (Test::Text, Data::Text(_)) | (Test::Comment, Data::Comment(_)) => true,
            _ => false,
        };
        if admitted {
            out.push(Item { id, attr: NONE });
        }
    }

    pub(super) fn string<'v>(&self, value: Value<'v>) -> Cow<'v, str>
    where
        'a: 'v,
    {
        match value {
            Value::Text(text) => text,
            Value::Bool(yes) => yes.to_string().into(),
            Value::Number(number) => number.to_string().into(),
            Value::Nodes(nodes) => nodes.first().map_or(Cow::Borrowed(""), |item| self.text_of(*item)),
        }
    }

    /// A node's string value costs what it is long.
    pub(super) fn text_of(&self, item: Item) -> Cow<'a, str> {
        let leaf = self.html.tree.get(item.id).is_none_or(|node| node.first_child == NONE);
        if item.attr == NONE {
            let nodes = match leaf {
                true => 1,
                false => self.place(item.id).map_or(0, |(start, end)| end.saturating_sub(start) as usize),
            };
            if !self.spend(nodes) {
                return Cow::Borrowed("");
            }
        }
        let text = self.node(item).text_content();
        self.spend(text.len() / 64);
        text
    }

    pub(super) fn number(&self, value: &Value<'_>) -> f64 {
        let of = |text: &str| text.trim().parse().unwrap_or(f64::NAN);
        match value {
            Value::Number(number) => *number,
            Value::Bool(yes) => f64::from(u8::from(*yes)),
            Value::Text(text) => of(text),
            Value::Nodes(nodes) => nodes.first().map_or(f64::NAN, |item| of(&self.text_of(*item))),
        }
    }

    fn binary(&self, op: Op, left: &Expr, right: &Expr, context: Context) -> Value<'static> {
        let left = self.value(left, context);
        match op {
            Op::Or if left.truth() => return Value::Bool(true),
            Op::And if !left.truth() => return Value::Bool(false),
            _ => {}
        }
        let right = self.value(right, context);
        let number = || (self.number(&left), self.number(&right));
        match op {
            Op::Or | Op::And => Value::Bool(right.truth()),
            Op::Add => Value::Number(number().0 + number().1),
            Op::Sub => Value::Number(number().0 - number().1),
            Op::Mul => Value::Number(number().0 * number().1),
            Op::Div => Value::Number(number().0 / number().1),
            Op::Mod => Value::Number(number().0 % number().1),
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                Value::Bool(self.compare(op, &left, &right))
            }
        }
    }

    /// With nodes, any of them may fulfil the comparison (XPath 1.0 §3.4).
    fn compare(&self, op: Op, left: &Value<'_>, right: &Value<'_>) -> bool {
        match (left, right) {
            (Value::Bool(_), _) | (_, Value::Bool(_)) if matches!(op, Op::Eq | Op::Ne) => {
                (left.truth() == right.truth()) == (op == Op::Eq)
            }
            (Value::Nodes(nodes), other) => nodes
                .iter()
                .any(|item| self.spend(1) && self.compare(op, &Value::Text(self.text_of(*item)), other)),
            (other, Value::Nodes(nodes)) => nodes
                .iter()
                .any(|item| self.spend(1) && self.compare(op, other, &Value::Text(self.text_of(*item)))),
            (Value::Text(one), Value::Text(two)) if matches!(op, Op::Eq | Op::Ne) => {
                (one == two) == (op == Op::Eq)
            }
            _ => {
                let (one, two) = (self.number(left), self.number(right));
                match op {
                    Op::Eq => one == two,
                    Op::Ne => one != two,
                    Op::Lt => one < two,
                    Op::Le => one <= two,
                    Op::Gt => one > two,
                    _ => one >= two,
                }
            }
        }
    }
}

fn is_backward(axis: Axis) -> bool {
    matches!(axis, Axis::Ancestor | Axis::AncestorOrSelf | Axis::Preceding | Axis::PrecedingSibling)
}

/// A predicate that depends on the place among the nodes of its step.
fn counts_places(predicate: &Expr) -> bool {
    use super::functions::Function;
    match predicate {
        Expr::Number(_) | Expr::Negative(_) => true,
        Expr::Call(Function::Last | Function::Position, _) => true,
        // A function or sum that gives a number is a place too.
        Expr::Call(function, arguments) => {
            matches!(
                function,
                Function::Count
                    | Function::Number
                    | Function::Sum
                    | Function::Floor
                    | Function::Ceiling
                    | Function::Round
                    | Function::StringLength
            ) || arguments.iter().any(counts_places)
        }
        Expr::Binary(op, left, right) => {
            matches!(op, Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Mod)
                || mentions_place(left)
                || mentions_place(right)
        }
        _ => false,
    }
}

/// A predicate that is a number, or asks for places: the nodes beside a node decide about it too.
fn may_be_number(predicate: &Expr) -> bool {
    counts_places(predicate) || mentions_place(predicate)
}

fn mentions_place(expr: &Expr) -> bool {
    use super::functions::Function;
    match expr {
        Expr::Call(Function::Last | Function::Position, _) => true,
        Expr::Call(_, arguments) => arguments.iter().any(mentions_place),
        Expr::Binary(_, left, right) => mentions_place(left) || mentions_place(right),
        Expr::Negative(inner) => mentions_place(inner),
        _ => false,
    }
}
