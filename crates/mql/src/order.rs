//! The order in which the operands of conjunctions are evaluated: cheap ones first. Expressions have no effects, and
//! the values that a conjunction may have do not depend on the order; explanations keep the order as written.
//! Disjunctions keep theirs: an author writes the likeliest first.

use crate::node::{COLUMN, Id, Logic, NEGATED, NO_SLOT, Node, Operand, Program};
use crate::typed::Builtin;

/// Dearer than anything else: nothing is saved by telling more apart.
const MAX_COST: u64 = 1 << 40;
/// A function of the host: what guards it is asked first.
const HOST: u64 = 1 << 32;
/// The rank of whatever calls one, even where many rules share its cost. Among these the order is as written.
const LAST: u32 = 10;
/// Items of a loop over the message, and over a named list, as a guess.
const ITEMS: u64 = 8;
const ENTRIES: u64 = 1_000;

/// Lays out the operands of all conjunctions and disjunctions side by side: those of the rules first, as they are
/// evaluated.
pub(crate) fn operands(program: &mut Program, rules: &[Id]) {
    // Children have smaller numbers than what they are part of.
    let mut costs: Vec<u64> = Vec::with_capacity(program.nodes.len());
    for id in 0..program.nodes.len() as Id {
        let cost = cost(program, &costs, id).min(MAX_COST);
        costs.push(cost);
    }
    let mut operands = Vec::new();
    for &rule in rules {
        lay_out(program, &costs, rule, &mut operands);
    }
    for id in 0..program.nodes.len() as Id {
        lay_out(program, &costs, id, &mut operands);
    }
    for operand in &mut operands {
        *operand = self::operand(program, operand.id);
    }
    program.operands = operands;
    program.rules = rules.iter().map(|&id| operand(program, id)).collect();
}

/// The operands of a node, then those of its operands; nothing when they have a place already. Nodes nest no deeper
/// than a source does.
fn lay_out(program: &mut Program, costs: &[u64], id: Id, operands: &mut Vec<Operand>) {
    let order = match program.node(id) {
        Node::And(items) => {
            let mut order = program.ids(*items).to_vec();
            order.sort_by_key(|&item| rank(program, costs, item));
            order
        }
        Node::Or(items) => program.ids(*items).to_vec(),
        _ => return,
    };
    let Some(meta) = program.metas.get_mut(id as usize) else { return };
    if meta.operands.1 > 0 {
        return;
    }
    meta.operands = (operands.len() as u32, order.len() as u32);
    operands.extend(order.iter().map(|&id| operand(program, id)));
    for item in order {
        lay_out(program, costs, item, operands);
    }
}

fn operand(program: &Program, id: Id) -> Operand {
    let (first, count) = program.metas.get(id as usize).map_or((0, 0), |meta| meta.operands);
    let (count, logic) = match (u16::try_from(count), program.node(id)) {
        (Ok(count), Node::And(_)) => (count, Logic::All),
        (Ok(count), Node::Or(_)) => (count, Logic::Any),
        // Too many to be numbered here: asked for by the node.
        _ => (0, Logic::Leaf),
    };
    Operand { id, slot: truth_slot(program, id), first, count, logic }
}

/// Where the truth of an operand is remembered; a negation that is not shared is known by what it negates.
fn truth_slot(program: &Program, id: Id) -> u32 {
    match (program.slot(id), program.node(id)) {
        (NO_SLOT, Node::Not(inner)) => match program.slot(*inner) {
            slot if slot & COLUMN == 0 => slot | NEGATED,
            _ => NO_SLOT,
        },
        (slot, _) if slot & COLUMN == 0 => slot,
        _ => NO_SLOT,
    }
}

fn of(costs: &[u64], id: Id) -> u64 {
    costs.get(id as usize).copied().unwrap_or(0)
}

/// What a rule pays for a node: a part, when others use it too.
fn cost(program: &Program, costs: &[u64], id: Id) -> u64 {
    let items = match program.node(id) {
        Node::Loop { list, .. } if matches!(program.node(*list), Node::List(_)) => ENTRIES,
        _ => ITEMS,
    };
    let below: u64 = program
        .children(id)
        .into_iter()
        .map(|(child, inner)| of(costs, child).saturating_mul(if inner { items } else { 1 }))
        .fold(0, u64::saturating_add);
    let own = match program.node(id) {
        Node::Text { needles, rest, .. } => 8 + 6 * u64::from(needles.count + rest.count),
        Node::Regex { patterns, .. } => 20 + 20 * u64::from(patterns.count),
        Node::Matches { .. } => 100,
        Node::InTuple { .. } | Node::InList { .. } => 6,
        Node::InArray { .. } | Node::Loop { .. } => 20,
        Node::Call { function: Builtin::Length, .. } => 10,
        Node::Call { .. } => 60,
        Node::Host { .. } => HOST,
        Node::Null | Node::Bool(_) | Node::Int(_) | Node::Float(_) | Node::Str(_) => 0,
        _ => 2,
    };
    let whole = own.saturating_add(below);
    match program.metas.get(id as usize) {
        Some(meta) if program.slot(id) != NO_SLOT => whole / u64::from(meta.uses.max(1)) + 1,
        _ => whole,
    }
}

/// The order of magnitude of the cost: among equals the author's order is the better guess. Exceptions seldom end a
/// conjunction.
fn rank(program: &Program, costs: &[u64], id: Id) -> u32 {
    let weight = if matches!(program.node(id), Node::Not(_)) { 4 } else { 1 };
    ((of(costs, id).saturating_mul(weight) + 1).ilog2() / 2).min(LAST)
}
