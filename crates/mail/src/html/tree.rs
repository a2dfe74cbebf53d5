//! The arena: nodes as indices, all text in one buffer. Nothing here recurses, so no depth can overflow a stack.

use std::sync::OnceLock;

use html5ever::LocalName;
use rustc_hash::FxHashSet;

use super::tag::Tag;
use crate::limits::HTML_NODES_MAX;

/// Index of a node in its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// The index that no node has.
pub(crate) const NONE: u32 = u32::MAX;

/// Bytes `start..end` of one of the tree's buffers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Range {
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    Document,
    Comment(Range),
    Text(Range),
    Element { name: LocalName, tag: Tag, attrs: Range },
}

/// A node and its neighbours.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) parent: u32,
    pub(crate) first_child: u32,
    pub(crate) last_child: u32,
    pub(crate) previous: u32,
    pub(crate) next: u32,
    pub(crate) depth: u32,
    /// What the node shows, in `display_text`; filled by the walk.
    pub(crate) shown: Range,
    /// Its text, in `inner_text`; filled by the walk.
    pub(crate) inner: Range,
    pub(crate) data: Data,
}

/// An attribute; its value is in the text buffer.
#[derive(Debug, Clone)]
pub(crate) struct Attr {
    pub(crate) name: LocalName,
    pub(crate) value: Range,
}

/// The tree of an HTML document. Node 0 is the document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    pub(crate) attrs: Vec<Attr>,
    pub(crate) text: String,
    /// Names of its elements, once a query asked for them.
    names: OnceLock<FxHashSet<LocalName>>,
}

impl Tree {
    pub(crate) fn get(&self, id: u32) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize)
    }

    /// There is an element of this name. For trees that are complete.
    pub(crate) fn has(&self, name: &LocalName) -> bool {
        let names = || {
            let name = |node: &Node| match &node.data {
                Data::Element { name, .. } => Some(name.clone()),
                _ => None,
            };
            self.nodes.iter().filter_map(name).collect()
        };
        self.names.get_or_init(names).contains(name)
    }

    pub(crate) fn push(&mut self, data: Data) -> u32 {
        let id = self.nodes.len() as u32;
        // The last doubling would go far beyond the most nodes that there can be.
        if self.nodes.len() == self.nodes.capacity() && self.nodes.len() > HTML_NODES_MAX / 2 {
            self.nodes.reserve_exact((HTML_NODES_MAX + 1).saturating_sub(self.nodes.len()).max(64));
        }
        self.nodes.push(Node {
            parent: NONE,
            first_child: NONE,
            last_child: NONE,
            previous: NONE,
            next: NONE,
            depth: 0,
            shown: Range::default(),
            inner: Range::default(),
            data,
        });
        id
    }

    /// Puts text into the buffer.
    pub(crate) fn store(&mut self, text: &str) -> Range {
        let start = self.text.len() as u32;
        self.text.push_str(text);
        Range { start, end: self.text.len() as u32 }
    }

    /// Attributes of an element.
    pub(crate) fn attrs_of(&self, data: &Data) -> &[Attr] {
        match data {
            Data::Element { attrs, .. } => {
                self.attrs.get(attrs.start as usize..attrs.end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    pub(crate) fn depth(&self, id: u32) -> u32 {
        self.get(id).map_or(0, |node| node.depth)
    }

    /// Appends a node, or puts it before `before`.
    pub(crate) fn insert(&mut self, parent: u32, before: u32, id: u32) {
        self.detach(id);
        let depth = self.depth(parent) + 1;
        let previous = match self.get(before) {
            Some(sibling) => sibling.previous,
            None => self.get(parent).map_or(NONE, |node| node.last_child),
        };
        if let Some(node) = self.get_mut(id) {
            (node.parent, node.previous, node.next, node.depth) = (parent, previous, before, depth);
        }
        match self.get_mut(previous) {
            Some(sibling) => sibling.next = id,
            None => {
                if let Some(node) = self.get_mut(parent) {
                    node.first_child = id;
                }
            }
        }
        match self.get_mut(before) {
            Some(sibling) => sibling.previous = id,
            None => {
                if let Some(node) = self.get_mut(parent) {
                    node.last_child = id;
                }
            }
        }
    }

    /// Takes a node out of its parent.
    pub(crate) fn detach(&mut self, id: u32) {
        let Some(node) = self.get_mut(id) else { return };
        let (parent, previous, next) = (node.parent, node.previous, node.next);
        (node.parent, node.previous, node.next) = (NONE, NONE, NONE);
        if parent == NONE {
            return;
        }
        match self.get_mut(previous) {
            Some(sibling) => sibling.next = next,
            None => {
                if let Some(node) = self.get_mut(parent) {
                    node.first_child = next;
                }
            }
        }
        match self.get_mut(next) {
            Some(sibling) => sibling.previous = previous,
            None => {
                if let Some(node) = self.get_mut(parent) {
                    node.last_child = previous;
                }
            }
        }
    }

    /// Adds text where an element would be inserted. Text joins the text before it only when that is the newest in
    /// the buffer: joining others would copy, again and again where a writer alternates between two places.
    pub(crate) fn insert_text(&mut self, parent: u32, before: u32, text: &str) {
        let previous = match self.get(before) {
            Some(sibling) => sibling.previous,
            None => self.get(parent).map_or(NONE, |node| node.last_child),
        };
        let end = self.text.len() as u32;
        let stored = self.store(text);
        if let Some(Node { data: Data::Text(range), .. }) = self.get_mut(previous)
            && range.end == end
        {
            range.end = stored.end;
            return;
        }
        let id = self.push(Data::Text(stored));
        self.insert(parent, before, id);
    }

    /// The node after `id` in document order that lies within `root`, without the children of `id` when `skip`.
    pub(crate) fn following(&self, id: u32, root: u32, skip: bool) -> Option<u32> {
        let mut node = self.get(id)?;
        if !skip && node.first_child != NONE {
            return Some(node.first_child);
        }
        let mut id = id;
        while id != root {
            if node.next != NONE {
                return Some(node.next);
            }
            id = node.parent;
            node = self.get(id)?;
        }
        None
    }
}
