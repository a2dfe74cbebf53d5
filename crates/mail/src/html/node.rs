//! A node of the tree, as XPath results and the quote splitter use it.

use std::borrow::Cow;

use super::Html;
use super::links::links_in_text;
use super::text::fold;
use super::tree::{Attr, Data, NONE, Node, NodeId};
use crate::Link;
use crate::domain::cut;
use crate::limits::OUTER_HTML_BYTES_MAX;

/// A node, or one attribute of an element.
#[derive(Debug, Clone, Copy)]
pub struct NodeRef<'a> {
    html: &'a Html,
    id: u32,
    attr: Option<u32>,
}

impl PartialEq for NodeRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.attr == other.attr && std::ptr::eq(self.html, other.html)
    }
}

impl<'a> NodeRef<'a> {
    pub(crate) fn of(html: &'a Html, id: u32) -> Self {
        NodeRef { html, id, attr: None }
    }

    pub(crate) fn of_attr(html: &'a Html, id: u32, attr: u32) -> Self {
        NodeRef { html, id, attr: Some(attr) }
    }

    fn node(self) -> Option<&'a Node> {
        self.html.tree.get(self.id)
    }

    fn attr(self) -> Option<&'a Attr> {
        self.html.tree.attrs.get(self.attr? as usize)
    }

    /// Its id.
    pub fn id(self) -> NodeId {
        NodeId(self.id)
    }

    /// Element or attribute name, lower case; empty for text and comments.
    pub fn name(self) -> &'a str {
        match (self.attr(), self.node()) {
            (Some(attr), _) => &attr.name,
            (None, Some(Node { data: Data::Element { name, .. }, .. })) => name,
            _ => "",
        }
    }

    /// Value of an attribute.
    pub fn attribute(self, name: &str) -> Option<&'a str> {
        let attrs = self.html.tree.attrs_of(&self.node()?.data);
        attrs.iter().find(|attr| &*attr.name == name).map(|attr| attr.value.of(&self.html.tree.text))
    }

    /// The parent; for an attribute its element.
    pub fn parent(self) -> Option<NodeRef<'a>> {
        match self.attr {
            Some(_) => Some(Self::of(self.html, self.id)),
            None => {
                self.node().map(|node| node.parent).filter(|id| *id != NONE).map(|id| Self::of(self.html, id))
            }
        }
    }

    /// Children, in order.
    pub fn children(self) -> impl Iterator<Item = NodeRef<'a>> {
        let first = self.node().filter(|_| self.attr.is_none()).map_or(NONE, |node| node.first_child);
        let html = self.html;
        std::iter::successors(html.tree.get(first).map(|_| first), move |id| {
            html.tree.get(*id).map(|node| node.next).filter(|next| *next != NONE)
        })
        .map(move |id| Self::of(html, id))
    }

    /// Where its text stands in [`Html::display_text`].
    pub fn shown(self) -> (u32, u32) {
        self.node().map_or((0, 0), |node| (node.shown.start, node.shown.end))
    }

    /// Outer HTML for elements, the value for attributes, `<!--…-->` for comments, text for text.
    pub fn raw(self) -> String {
        if let Some(attr) = self.attr() {
            return attr.value.of(&self.html.tree.text).to_owned();
        }
        match self.node().map(|node| &node.data) {
            Some(Data::Text(range)) => range.of(&self.html.tree.text).to_owned(),
            _ => self.serialise(),
        }
    }

    /// What a reader sees of it; for what is never on the page (`<title>`, `<script>`) its text.
    pub fn display_text(self) -> String {
        if let Some(attr) = self.attr() {
            return attr.value.of(&self.html.tree.text).to_owned();
        }
        let Some(node) = self.node() else { return String::new() };
        if self.is_unrendered() {
            return fold(&self.inner_text());
        }
        node.shown.of(&self.html.display_text).trim().to_owned()
    }

    /// Its text without tags, hidden text included.
    pub fn inner_text(self) -> String {
        if let Some(attr) = self.attr() {
            return attr.value.of(&self.html.tree.text).to_owned();
        }
        let Some(node) = self.node() else { return String::new() };
        if self.is_unrendered() {
            return self.text_content().into_owned();
        }
        node.inner.of(&self.html.inner_text).to_owned()
    }

    /// All text nodes in it, joined: XPath's string value. Borrowed when it is one piece.
    pub(crate) fn text_content(self) -> Cow<'a, str> {
        let tree = &self.html.tree;
        if let Some(attr) = self.attr() {
            return Cow::Borrowed(attr.value.of(&tree.text));
        }
        let mut out = Cow::Borrowed("");
        let mut next = Some(self.id);
        while let Some(id) = next {
            match tree.get(id).map(|node| &node.data) {
                Some(Data::Text(range)) => out += range.of(&tree.text),
                Some(Data::Comment(range)) if id == self.id => out += range.of(&tree.text),
                _ => {}
            }
            next = tree.following(id, self.id, false);
        }
        out
    }

    /// Links in the node: those of [`Html::links`] whose element lies within it, and URLs in its own text.
    pub fn links(self) -> Vec<Link> {
        let Some(node) = self.node() else { return Vec::new() };
        let own_text = self.attr.is_some() || !matches!(node.data, Data::Element { .. } | Data::Document);
        if own_text || self.is_unrendered() {
            return links_in_text(&self.raw());
        }
        let inside = |link: &&Link| match link.node {
            Some(id) => self.contains(id),
            None => link.text_offset.is_some_and(|at| (node.shown.start..node.shown.end).contains(&at)),
        };
        self.html.links.iter().filter(inside).cloned().collect()
    }

    /// `id` is this node or lies in it.
    pub fn contains(self, id: NodeId) -> bool {
        let mut at = id.0;
        while at != NONE {
            if at == self.id {
                return true;
            }
            at = self.html.tree.get(at).map_or(NONE, |node| node.parent);
        }
        false
    }

    fn is_unrendered(self) -> bool {
        let mut at = self.id;
        while let Some(node) = self.html.tree.get(at) {
            if matches!(node.data, Data::Element { tag, .. } if tag.is_unrendered()) {
                return true;
            }
            at = node.parent;
        }
        false
    }

    /// HTML serialisation (HTML §13.3), cut at [`OUTER_HTML_BYTES_MAX`].
    fn serialise(self) -> String {
        let mut out = String::new();
        let mut id = self.id;
        loop {
            self.open(id, &mut out);
            if out.len() > OUTER_HTML_BYTES_MAX {
                return cut(&out, OUTER_HTML_BYTES_MAX).to_owned();
            }
            let Some(node) = self.html.tree.get(id) else { return out };
            if node.first_child != NONE {
                id = node.first_child;
                continue;
            }
            loop {
                self.close(id, &mut out);
                let Some(node) = self.html.tree.get(id).filter(|_| id != self.id) else { return out };
                if node.next != NONE {
                    id = node.next;
                    break;
                }
                id = node.parent;
            }
        }
    }

    fn open(self, id: u32, out: &mut String) {
        let tree = &self.html.tree;
        let Some(node) = tree.get(id) else { return };
        match &node.data {
            Data::Document => {}
            Data::Comment(range) => {
                out.push_str("<!--");
                out.push_str(range.of(&tree.text));
                out.push_str("-->");
            }
            Data::Text(range) => {
                let parent = tree.get(node.parent).map(|node| &node.data);
                let raw = matches!(parent, Some(Data::Element { tag, .. })
                    if matches!(tag, super::tag::Tag::Script | super::tag::Tag::Style | super::tag::Tag::NotShown));
                escape(range.of(&tree.text), raw, false, out);
            }
            Data::Element { name, .. } => {
                out.push('<');
                out.push_str(name);
                for attr in tree.attrs_of(&node.data) {
                    out.push(' ');
                    out.push_str(&attr.name);
                    out.push_str("=\"");
                    escape(attr.value.of(&tree.text), false, true, out);
                    out.push('"');
                }
                out.push('>');
            }
        }
    }

    fn close(self, id: u32, out: &mut String) {
        let Some(Node { data: Data::Element { name, .. }, .. }) = self.html.tree.get(id) else { return };
        let void = matches!(
            &**name,
            "area"
                | "base"
                | "br"
                | "col"
                | "embed"
                | "hr"
                | "img"
                | "input"
                | "link"
                | "meta"
                | "source"
                | "track"
                | "wbr"
        );
        if !void {
            out.push_str("</");
            out.push_str(name);
            out.push('>');
        }
    }
}

fn escape(text: &str, raw: bool, attribute: bool, out: &mut String) {
    if raw {
        return out.push_str(text);
    }
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\u{a0}']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let mut chars = after.chars();
        match chars.next() {
            Some('&') => out.push_str("&amp;"),
            Some('\u{a0}') => out.push_str("&nbsp;"),
            Some('"') if attribute => out.push_str("&quot;"),
            Some('<') if !attribute => out.push_str("&lt;"),
            Some('>') if !attribute => out.push_str("&gt;"),
            Some(other) => out.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}
