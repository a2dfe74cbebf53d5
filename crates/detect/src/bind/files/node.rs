//! A node of `file.explode`: a file of the tree, or one that only rules see and that is made when they read it.

use std::cell::OnceCell;

use bytes::Bytes;
use sekisho_mql::value::{Arena, Object, Value};
use sekisho_unpack::{
    File, Kind,
    read::{self, Package},
};

use super::{flavor, made, scan, yara::Matcher};

/// Where a node's content comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// The tree.
    File(&'a File),
    /// A member of a document that is a zip, by its index and declared size.
    Part(&'a Package, usize, u64),
    /// A script of a page.
    Script(&'a str, Kind),
    /// The text of a document.
    Text(&'a str),
    /// A page or drawing as a picture. Nothing here can draw.
    Picture,
}

/// A node.
pub(super) struct Node<'a> {
    pub(super) arena: &'a Arena,
    pub(super) yara: &'a Matcher<'a>,
    pub(super) origin: Origin<'a>,
    pub(super) name: &'a str,
    pub(super) depth: usize,
    pub(super) id: usize,
    pub(super) parent: Option<usize>,
    /// What took it out of its parent.
    pub(super) source: Option<&'static str>,
    /// Files that were taken out of it.
    pub(super) children: usize,
    /// Bytes of these files.
    pub(super) inner: u64,
    pub(super) file: OnceCell<Option<&'a File>>,
}

impl<'a> Node<'a> {
    pub(super) fn new(arena: &'a Arena, yara: &'a Matcher<'a>, origin: Origin<'a>, name: &'a str) -> Self {
        Node {
            arena,
            yara,
            origin,
            name,
            depth: 0,
            id: 0,
            parent: None,
            source: None,
            children: 0,
            inner: 0,
            file: OnceCell::new(),
        }
    }

    /// The file, with its bytes.
    pub(super) fn file(&self) -> Option<&'a File> {
        *self.file.get_or_init(|| match self.origin {
            Origin::File(file) => Some(file),
            Origin::Picture => None,
            Origin::Part(package, index, _) => {
                let bytes = package.read(index);
                let kind = read::kind(&bytes, self.name);
                Some(self.keep(bytes, kind))
            }
            Origin::Script(text, kind) => Some(self.keep(Bytes::copy_from_slice(text.as_bytes()), kind)),
            Origin::Text(text) => Some(self.keep(Bytes::copy_from_slice(text.as_bytes()), Kind::Text)),
        })
    }

    fn keep(&self, bytes: Bytes, kind: Kind) -> &'a File {
        let mut file =
            File { name: self.name.to_owned(), kind, size: bytes.len() as u64, bytes, ..File::default() };
        if kind == Kind::JavaScript
            && let Ok(source) = std::str::from_utf8(&file.bytes)
        {
            file.facts.script = Some(read::javascript(source));
        }
        self.arena.keep(file)
    }

    /// What it is by its bytes.
    pub(super) fn kind(&self) -> Kind {
        match self.origin {
            Origin::Picture => Kind::Png,
            _ => self.file().map_or(Kind::Unknown, |f| f.kind),
        }
    }

    /// Its bytes.
    pub(super) fn content(&self) -> &'a [u8] {
        self.file().map_or(&[], |f| &f.bytes)
    }

    fn size(&self) -> Value<'static> {
        match self.origin {
            Origin::Part(_, _, size) => made::int(size),
            Origin::Picture => Value::Null,
            _ => made::int(self.content().len()),
        }
    }

    fn number(&self, n: usize) -> Value<'a> {
        Value::Str(self.arena.alloc_str(&n.to_string()))
    }

    fn extension(&self) -> Value<'a> {
        let base = self.name.rsplit(['/', '\\']).next().unwrap_or_default();
        let extension = base.rsplit_once('.').map_or("", |(_, e)| e);
        Value::Str(self.arena.alloc_str(&extension.to_lowercase()))
    }
}

/// A node as rules see it.
pub(super) struct Shown<'a> {
    node: &'a Node<'a>,
    flavors: OnceCell<Value<'a>>,
    scan: OnceCell<Value<'a>>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(node: &'a Node<'a>) -> Self {
        Shown { node, flavors: OnceCell::new(), scan: OnceCell::new() }
    }
}

impl Object for Shown<'_> {
    fn shape(&self) -> &'static str {
        "ExplodeNode"
    }

    /// In the order of the schema; a test compares.
    fn field<'a>(&'a self, index: usize, _: &'a Arena) -> Value<'a> {
        let node = self.node;
        match index {
            0 => made::int(node.depth),
            1 => node.extension(),
            2 => Value::Str(node.name),
            3 => *self.flavors.get_or_init(|| flavor::flavors(node)),
            4 => node.number(node.id),
            5 => node.parent.map_or(Value::Null, |p| node.number(p)),
            6 => *self.scan.get_or_init(|| scan::scan(node)),
            7 => node.size(),
            8 => Value::opt_str(node.source),
            _ => Value::Null,
        }
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(self.node.content())
    }
}
