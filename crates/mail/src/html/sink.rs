//! Builds the arena from html5ever's tree builder, with bounds on nodes and depth.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{EndTag, StartTag, Token, TokenSink, TokenSinkResult};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, ExpandedName, LocalName, QualName};

use super::tag::Tag;
use super::tree::{Attr, Data, NONE, Range, Tree};
use crate::limits::{HTML_ATTRIBUTES_MAX, HTML_DEPTH_MAX, HTML_NODES_MAX};

/// An element under construction: html5ever asks for names far more often than for anything else.
#[derive(Debug)]
pub(crate) struct Element {
    id: u32,
    name: QualName,
}

pub(crate) type Handle = Rc<Element>;

/// Takes nodes from the tree builder.
pub(crate) struct Sink {
    tree: RefCell<Tree>,
    document: Handle,
    /// Depth of the node that was inserted last.
    depth: Cell<u32>,
}

impl Sink {
    fn new(bytes: usize) -> Sink {
        let mut tree = Tree::default();
        tree.nodes.reserve((bytes / 24).min(HTML_NODES_MAX));
        tree.attrs.reserve(bytes / 48);
        tree.text.reserve(bytes);
        let id = tree.push(Data::Document);
        let name = QualName::new(None, html5ever::ns!(), LocalName::default());
        Sink { tree: RefCell::new(tree), document: Rc::new(Element { id, name }), depth: Cell::new(0) }
    }

    fn is_full(&self) -> bool {
        self.tree.borrow().nodes.len() >= HTML_NODES_MAX
    }

    fn insert(&self, parent: u32, before: u32, child: NodeOrText<Handle>) {
        let mut tree = self.tree.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) => tree.insert(parent, before, node.id),
            NodeOrText::AppendText(text) => tree.insert_text(parent, before, &text),
        }
        self.depth.set(tree.depth(parent) + 1);
    }

    /// A node that is no element; the tree builder only hands it back.
    fn leaf(&self, data: Data) -> Handle {
        let id = self.tree.borrow_mut().push(data);
        Rc::new(Element { id, name: self.document.name.clone() })
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Tree;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Tree {
        self.tree.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        self.document.clone()
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Handle {
        let mut tree = self.tree.borrow_mut();
        let start = tree.attrs.len() as u32;
        for Attribute { name, value } in attributes.into_iter().take(HTML_ATTRIBUTES_MAX) {
            let value = tree.store(&value);
            tree.attrs.push(Attr { name: name.local, value });
        }
        let attrs = Range { start, end: tree.attrs.len() as u32 };
        let tag = Tag::of(&name.local);
        let id = tree.push(Data::Element { name: name.local.clone(), tag, attrs });
        Rc::new(Element { id, name })
    }

    fn create_comment(&self, text: StrTendril) -> Handle {
        let range = self.tree.borrow_mut().store(&text);
        self.leaf(Data::Comment(range))
    }

    fn create_pi(&self, target: StrTendril, _: StrTendril) -> Handle {
        self.create_comment(target)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.insert(parent.id, NONE, child);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        let parent = self.tree.borrow().get(element.id).map_or(NONE, |node| node.parent);
        match parent {
            NONE => self.insert(previous.id, NONE, child),
            _ => self.insert(parent, element.id, child),
        }
    }

    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        let parent = self.tree.borrow().get(sibling.id).map_or(NONE, |node| node.parent);
        self.insert(parent, sibling.id, child);
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Handle) -> Handle {
        target.clone()
    }

    fn same_node(&self, x: &Handle, y: &Handle) -> bool {
        x.id == y.id
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn add_attrs_if_missing(&self, target: &Handle, attributes: Vec<Attribute>) {
        let mut tree = self.tree.borrow_mut();
        let Some(node) = tree.get(target.id) else { return };
        let mut all = tree.attrs_of(&node.data).to_vec();
        let before = all.len();
        for Attribute { name, value } in attributes {
            if all.len() < HTML_ATTRIBUTES_MAX && !all.iter().any(|attr| attr.name == name.local) {
                let value = tree.store(&value);
                all.push(Attr { name: name.local, value });
            }
        }
        if all.len() == before {
            return;
        }
        let start = tree.attrs.len() as u32;
        tree.attrs.append(&mut all);
        let range = Range { start, end: tree.attrs.len() as u32 };
        if let Some(Data::Element { attrs, .. }) =
            tree.nodes.get_mut(target.id as usize).map(|node| &mut node.data)
        {
            *attrs = range;
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.tree.borrow_mut().detach(target.id);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let mut tree = self.tree.borrow_mut();
        while let Some(child) = tree.get(node.id).map(|node| node.first_child).filter(|child| *child != NONE)
        {
            tree.insert(new_parent.id, NONE, child);
        }
    }

    fn allow_declarative_shadow_roots(&self, _: &Handle) -> bool {
        false
    }
}

/// Stands before the tree builder and keeps from it what would make it slow: its work on a tag grows with the depth
/// of the tree, so start tags over the limit (and their end tags) are dropped, and everything once the tree is full.
pub(crate) struct Limiter {
    builder: TreeBuilder<Handle, Sink>,
    dropped: RefCell<Vec<(LocalName, u32)>>,
    over_limit: Cell<bool>,
}

impl Limiter {
    /// For a source of about this many bytes.
    pub(crate) fn new(bytes: usize) -> Limiter {
        let options = TreeBuilderOpts { drop_doctype: true, scripting_enabled: false, ..Default::default() };
        Limiter {
            builder: TreeBuilder::new(Sink::new(bytes), options),
            dropped: RefCell::default(),
            over_limit: Cell::new(false),
        }
    }

    /// Nothing more goes in.
    pub(crate) fn is_full(&self) -> bool {
        let full = self.builder.sink.is_full();
        if full {
            self.over_limit.set(true);
        }
        full
    }

    /// The tree, and whether something was dropped.
    pub(crate) fn finish(self) -> (Tree, bool) {
        (self.builder.sink.finish(), self.over_limit.get())
    }

    fn drops(&self, token: &Token) -> bool {
        if self.is_full() {
            return !matches!(token, Token::EOFToken);
        }
        let Token::TagToken(tag) = token else { return false };
        let depth = &self.builder.sink.depth;
        match tag.kind {
            StartTag if depth.get() as usize >= HTML_DEPTH_MAX => {
                self.over_limit.set(true);
                let mut dropped = self.dropped.borrow_mut();
                let room = dropped.len() < 64;
                match dropped.iter_mut().find(|(name, _)| *name == tag.name) {
                    Some((_, count)) => *count += 1,
                    // Names beyond the first few are not counted: the list must stay short.
                    None if room => dropped.push((tag.name.clone(), 1)),
                    None => {}
                }
                true
            }
            StartTag => false,
            EndTag => {
                // An end tag may close nothing, or much: the next insertion tells the real depth.
                depth.set(depth.get().saturating_sub(1));
                let mut dropped = self.dropped.borrow_mut();
                match dropped.iter_mut().find(|(name, count)| *name == tag.name && *count > 0) {
                    Some((_, count)) => {
                        *count -= 1;
                        depth.set(depth.get() + 1);
                        true
                    }
                    None => false,
                }
            }
        }
    }
}

impl TokenSink for Limiter {
    type Handle = Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Handle> {
        if self.drops(&token) {
            return TokenSinkResult::Continue;
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}
