//! In which order the items of a conjunction or disjunction are evaluated: plain comparisons first, then the others as
//! they are written.
//!
//! The result does not depend on the order (the tables of three-valued logic are symmetric), the cost does: many rules
//! fail on some plain comparison that stands behind a loop over all links. Among what is dear the writer's order stays:
//! guards are written before what they guard, and how dear a loop is only the message knows.

use crate::node::{Id, Meta, NO_SLOT, Node, Program};

/// What costs at most so many steps goes first.
const CHEAP: u32 = 10;
/// Items that an array of a message is taken to have.
const LOOP_ITEMS: u32 = 12;
/// Steps that a function of the host is taken to need: it may parse a text.
const HOST_COST: u32 = 60;
/// Steps that a regular expression is taken to need; its literals rule most of them out.
const REGEX_COST: u32 = 12;
/// Steps of other functions of the language.
const CALL_COST: u32 = 10;

/// Gives every conjunction and disjunction its order of evaluation.
pub(crate) fn plan(program: &mut Program) {
    let mut costs: Vec<u32> = Vec::with_capacity(program.nodes.len());
    // Children are made before their parents, so their costs are known.
    for (node, meta) in program.nodes.iter().zip(&mut program.metas) {
        let of = |id: &Id| costs.get(*id as usize).copied().unwrap_or(1);
        let whole = estimate(node, &of);
        if let Node::And(items) | Node::Or(items) = node {
            let mut sorted = items.clone();
            sorted.sort_by_key(|id| of(id) > CHEAP);
            if sorted != *items {
                meta.order = u32::try_from(program.orders.len()).unwrap_or(NO_SLOT);
                program.orders.push(sorted);
            }
        }
        costs.push(shared(whole, meta));
    }
}

/// What is remembered for all rules costs each of them its share.
fn shared(cost: u32, meta: &Meta) -> u32 {
    if meta.slot == NO_SLOT { cost } else { cost / meta.uses.max(1) + 1 }
}

fn estimate(node: &Node, of: &impl Fn(&Id) -> u32) -> u32 {
    let sum = |ids: &[Id]| ids.iter().map(of).fold(0u32, u32::saturating_add);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    match node {
        Node::Null | Node::Bool(_) | Node::Int(_) | Node::Float(_) | Node::Str(_) | Node::Item(_) => 0,
        Node::Root(_) | Node::List(_) => 1,
        Node::Field { base: x, .. } | Node::JsonText(x) | Node::Not(x) | Node::Neg(x) | Node::IsNull(x) => {
            of(x).saturating_add(1)
        }
        Node::Index { base, index } => sum(&[*base, *index]).saturating_add(2),
        Node::Slice { base, .. } => of(base).saturating_add(4),
        Node::Array(items) | Node::And(items) | Node::Or(items) | Node::Of { items, .. } => {
            sum(items).saturating_add(1)
        }
        Node::Compare { left, right, .. } | Node::Arith { left, right, .. } => {
            sum(&[*left, *right]).saturating_add(1)
        }
        Node::InTuple { left, rest, .. } => of(left).saturating_add(sum(rest)).saturating_add(2),
        Node::InList { left, .. } => of(left).saturating_add(3),
        Node::InArray { left, right, .. } => sum(&[*left, *right]).saturating_add(LOOP_ITEMS),
        Node::Loop { list, body, .. } => {
            let each = body.as_ref().map_or(1, of).saturating_add(1);
            of(list).saturating_add(each.saturating_mul(LOOP_ITEMS))
        }
        Node::Text { source, needles, rest, .. } => {
            let dear = sum(rest).saturating_add(count(rest.len()).saturating_mul(CALL_COST));
            of(source).saturating_add(dear).saturating_add(count(needles.len()).saturating_mul(2))
        }
        Node::Regex { source, patterns } => {
            of(source).saturating_add(count(patterns.len()).saturating_mul(REGEX_COST))
        }
        Node::Matches { source, .. } => of(source).saturating_add(REGEX_COST * 4),
        Node::IpIn { ip, rest, .. } => of(ip).saturating_add(sum(rest)).saturating_add(5),
        Node::Call { args, .. } => sum(args).saturating_add(CALL_COST),
        Node::Host { args, .. } => sum(args).saturating_add(HOST_COST),
    }
}
