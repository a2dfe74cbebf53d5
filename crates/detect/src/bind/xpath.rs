//! `html.xpath` (mql.md §1.14): the nodes that a query selects, as objects whose texts are made when a rule reads them.

use std::cell::OnceCell;

use sekisho_mail::{Html, html::NodeRef};
use sekisho_mql::value::{Arena, List, Object, Value};
use sekisho_record::evidence::model::BodyHtml;

use super::{Show, functions::ParsedHtml, host::Shared};

/// Selects nodes in any object with HTML.
pub(super) fn xpath<'a>(shared: &Shared, args: &[Value<'a>], arena: &'a Arena) -> Value<'a> {
    let (Some(source), Some(query)) =
        (args.first().and_then(|a| a.as_object()), args.get(1).and_then(|a| a.as_str()))
    else {
        return Value::Null;
    };
    let Some(compiled) = shared.xpath(query) else { return Value::Null };
    let html: &'a Html = if let Some(body) = known::<BodyHtml>(source) {
        &body.dom
    } else if let Some(parsed) = known::<ParsedHtml>(source) {
        if compiled.needs().is_some_and(|name| !parsed.may_have(name)) {
            return Value::Object(arena.alloc(XPathResult { nodes: &[] }));
        }
        parsed.dom()
    } else if let Some(bytes) = source.bytes() {
        arena.keep(Html::parse(&String::from_utf8_lossy(bytes)))
    } else {
        return Value::Null;
    };
    let nodes: Vec<Value<'a>> = compiled
        .eval(html)
        .into_iter()
        .map(|node| Value::Object(arena.place(XPathNode::new(node, arena))))
        .collect();
    Value::Object(arena.alloc(XPathResult { nodes: arena.alloc_slice(&nodes) }))
}

fn known<'a, T: 'static>(object: &'a (dyn Object + 'a)) -> Option<&'a T> {
    object.as_any()?.downcast_ref::<T>()
}

/// What a query selects.
#[derive(Clone, Copy)]
struct XPathResult<'a> {
    nodes: &'a [Value<'a>],
}

impl Object for XPathResult<'_> {
    fn shape(&self) -> &'static str {
        "XPathResult"
    }

    fn field<'a>(&'a self, index: usize, _: &'a Arena) -> Value<'a> {
        if index == 0 { Value::List(List::Values(self.nodes)) } else { Value::Null }
    }
}

/// A selected node. Most rules only count them, and a node near the root is as long as the whole message.
struct XPathNode<'a> {
    node: NodeRef<'a>,
    arena: &'a Arena,
    raw: OnceCell<&'a str>,
    display_text: OnceCell<&'a str>,
    inner_text: OnceCell<&'a str>,
    links: OnceCell<Value<'a>>,
}

impl<'a> XPathNode<'a> {
    fn new(node: NodeRef<'a>, arena: &'a Arena) -> Self {
        Self {
            node,
            arena,
            raw: OnceCell::new(),
            display_text: OnceCell::new(),
            inner_text: OnceCell::new(),
            links: OnceCell::new(),
        }
    }

    fn raw(&self) -> &'a str {
        self.raw.get_or_init(|| self.arena.alloc_str(&self.node.raw()))
    }
}

impl Object for XPathNode<'_> {
    fn shape(&self) -> &'static str {
        "XPathNode"
    }

    fn field<'a>(&'a self, index: usize, _: &'a Arena) -> Value<'a> {
        let arena = self.arena;
        match index {
            0 => Value::Str(self.raw()),
            1 => Value::Str(self.display_text.get_or_init(|| arena.alloc_str(&self.node.display_text()))),
            2 => Value::Str(self.inner_text.get_or_init(|| arena.alloc_str(&self.node.inner_text()))),
            3 => *self.links.get_or_init(|| arena.keep(self.node.links()).show(arena)),
            _ => Value::Null,
        }
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(self.raw().as_bytes())
    }
}
