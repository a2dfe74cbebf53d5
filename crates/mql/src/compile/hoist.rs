//! What an inner loop would ask again for each of its items, though it reads only the items of the loops around it, is
//! moved one loop out: `any(body.links, any(.words, strings.icontains(..href_url.url, .)))` reads the URL once a link.

use super::Builder;
use crate::node::{Id, Node};
use crate::typed::Span;

impl Builder<'_> {
    /// The node as it reads one loop further out, when it does not read the innermost item.
    pub(super) fn moved_out(&mut self, node: &Node, span: Span) -> Option<Node> {
        let (mut outer, mut here) = (false, false);
        self.over(node, |builder, child| {
            match builder.program.node(child) {
                Node::Item(n) if *n > 0 => outer = true,
                Node::Outer(_) => outer = true,
                _ => here |= builder.program.metas.get(child as usize).is_none_or(|m| m.depth > 0),
            }
            child
        })?;
        if !outer || here {
            return None;
        }
        self.over(node, |builder, child| match *builder.program.node(child) {
            Node::Item(n) => builder.add_here(Node::Item(n.saturating_sub(1)), span),
            Node::Outer(inner) => inner,
            _ => child,
        })
    }

    /// The same node over other children; `None` for a loop, whose body is in a scope of its own, and for what has no
    /// children.
    fn over(&mut self, node: &Node, mut child: impl FnMut(&mut Self, Id) -> Id) -> Option<Node> {
        let mut node = *node;
        let list = match &mut node {
            Node::Field { base: x, .. }
            | Node::JsonText(x)
            | Node::Not(x)
            | Node::Neg(x)
            | Node::IsNull(x)
            | Node::InList { left: x, .. }
            | Node::Regex { source: x, .. }
            | Node::Matches { source: x, .. } => {
                *x = child(self, *x);
                None
            }
            Node::Index { base: x, index: y }
            | Node::Compare { left: x, right: y, .. }
            | Node::Arith { left: x, right: y, .. }
            | Node::InArray { left: x, right: y, .. } => {
                (*x, *y) = (child(self, *x), child(self, *y));
                None
            }
            Node::Slice { base, from, to, .. } => {
                *base = child(self, *base);
                [from, to].into_iter().flatten().for_each(|x| *x = child(self, *x));
                None
            }
            Node::InTuple { left: x, rest, .. }
            | Node::IpIn { ip: x, rest, .. }
            | Node::Text { source: x, rest, .. } => {
                *x = child(self, *x);
                Some(rest)
            }
            Node::Array(items) | Node::And(items) | Node::Or(items) | Node::Of { items, .. } => Some(items),
            Node::Call { args, .. } | Node::Host { args, .. } => Some(args),
            Node::Null
            | Node::Bool(_)
            | Node::Int(_)
            | Node::Float(_)
            | Node::Str(_)
            | Node::Root(_)
            | Node::Item(_)
            | Node::Outer(_)
            | Node::List(_)
            | Node::Loop { .. } => return None,
        };
        if let Some(list) = list {
            let old = self.program.ids(*list).to_vec();
            let new: Vec<Id> = old.into_iter().map(|x| child(self, x)).collect();
            *list = self.list_of(&new);
        }
        Some(node)
    }
}
