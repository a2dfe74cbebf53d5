//! The world as rules see it: roots of the data model, functions that are not part of the language, named lists.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};

use rustc_hash::FxHashMap;
use sekisho_mail::html::XPath;
use sekisho_mql::{
    Schema,
    value::{Arena, Host, ListData, Object, Outcome, Value},
};
use sekisho_record::Evidence;

use crate::Yara;

use super::{Show, files::Opened, functions, object};

type Root = for<'a> fn(&'a Evidence, &'a Arena) -> Value<'a>;

/// Roots by name. What no source can answer (`triage`, `external`) reads as null.
const ROOTS: &[(&str, Root)] = &[
    ("type", |e, a| object(&e.model.direction, a)),
    ("sender", |e, a| object(&e.model.sender, a)),
    ("recipients", |e, a| object(&e.model.recipients, a)),
    ("subject", |e, a| object(&e.model.subject, a)),
    ("headers", |e, a| object(&e.model.headers, a)),
    ("body", |e, a| object(&e.model.body, a)),
    ("attachments", |e, a| e.model.attachments.show(a)),
    ("mailbox", |e, a| e.model.mailbox.show(a)),
    ("identity", |e, a| object(&e.identity, a)),
    ("authentication", |e, a| object(&e.authentication, a)),
    ("transit", |e, a| object(&e.transit, a)),
    ("tenant", |e, a| object(&e.tenant, a)),
    ("link", |e, a| object(&e.link, a)),
    ("content", |e, a| object(&e.content, a)),
    ("brand", |e, a| object(&e.brand, a)),
    ("unpack", |e, a| object(&e.unpack, a)),
    ("correspondence", |e, a| object(&e.correspondence, a)),
    ("thread", |e, a| object(&e.thread, a)),
    ("behaviour", |e, a| object(&e.behaviour, a)),
    ("size", |e, _| Value::Int(e.model.size)),
    ("defects", |e, a| e.model.defects.show(a)),
];

/// A function of the host: arguments in order, defaults filled in.
pub(crate) type Function = for<'a> fn(&EvidenceHost<'a>, &[Value<'a>], &'a Arena) -> Outcome<'a>;

/// What outlives a message: the tables that the schema's indices point into, and what functions compile once.
#[derive(Default)]
pub(crate) struct Shared {
    roots: Vec<Option<Root>>,
    functions: Vec<(&'static str, Option<Function>)>,
    lists: FxHashMap<String, ListData>,
    /// Compiled XPaths; `None` for one that does not parse.
    xpaths: RwLock<FxHashMap<String, Option<Arc<XPath>>>>,
    /// YARA rules, when there are any.
    pub(crate) yara: Option<Yara>,
}

impl Shared {
    /// Tables for a schema.
    pub(crate) fn new(schema: &Schema, lists: BTreeMap<String, Vec<String>>, vips: Vec<Vip>) -> Self {
        let find = |name: &str| ROOTS.iter().find(|(n, _)| *n == name).map(|(_, f)| *f);
        let mut all: FxHashMap<String, ListData> =
            lists.into_iter().map(|(name, entries)| (name, ListData::strings(entries))).collect();
        if !vips.is_empty() {
            let objects = vips.into_iter().map(|v| Box::new(v) as Box<dyn Object + Send + Sync>).collect();
            all.insert("org_vips".into(), ListData::objects(objects));
        }
        Self {
            roots: schema.roots().iter().map(|(name, _)| find(name)).collect(),
            functions: schema.functions().iter().map(|f| functions::find(&f.name)).collect(),
            lists: all,
            xpaths: RwLock::default(),
            yara: None,
        }
    }

    /// An XPath, compiled once for all messages; `None` when it does not parse.
    pub(crate) fn xpath(&self, text: &str) -> Option<Arc<XPath>> {
        if let Some(known) = self.xpaths.read().ok().and_then(|m| m.get(text).cloned()) {
            return known;
        }
        let compiled = XPath::compile(text).ok().map(Arc::new);
        if let Ok(mut map) = self.xpaths.write() {
            map.insert(text.to_owned(), compiled.clone());
        }
        compiled
    }
}

/// One message's world.
pub(crate) struct EvidenceHost<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) shared: &'a Shared,
    /// Files that were opened for a function.
    pub(super) opened: Opened<'a>,
}

impl<'a> EvidenceHost<'a> {
    /// The world around a message.
    pub(crate) fn new(evidence: &'a Evidence, shared: &'a Shared) -> Self {
        Self { evidence, shared, opened: Opened::default() }
    }
}

impl<'a> Host<'a> for EvidenceHost<'a> {
    fn root(&self, index: usize, arena: &'a Arena) -> Value<'a> {
        match self.shared.roots.get(index) {
            Some(Some(root)) => root(self.evidence, arena),
            _ => Value::Null,
        }
    }

    fn call(&self, function: usize, args: &[Value<'a>], arena: &'a Arena) -> Outcome<'a> {
        match self.shared.functions.get(function) {
            Some((_, Some(function))) => function(self, args, arena),
            Some((name, None)) => Outcome::Missing(name),
            None => Outcome::Missing("unknown function"),
        }
    }

    fn list(&self, name: &str) -> Option<&'a ListData> {
        self.shared.lists.get(name)
    }
}

/// An entry of `$org_vips`.
#[derive(Debug, Clone)]
pub(crate) struct Vip {
    pub(crate) display_name: String,
    pub(crate) email: String,
}

impl Object for Vip {
    fn shape(&self) -> &'static str {
        "VIP"
    }

    fn field<'a>(&'a self, index: usize, _: &'a Arena) -> Value<'a> {
        match index {
            0 => Value::Str(&self.display_name),
            1 => Value::Str(&self.email),
            _ => Value::Null,
        }
    }
}
