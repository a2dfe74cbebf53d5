//! Named lists (`$free_email_providers`): looked up by hash, exact or with case folded, and looped over in order.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashSet;

use crate::text::fold;
use crate::value::{Arena, Items, List, Object, Value};

/// The contents of a list.
pub struct ListData {
    items: Entries,
    exact: FxHashSet<Arc<str>>,
    folded: OnceLock<FxHashSet<Arc<str>>>,
}

enum Entries {
    Strings(Vec<Arc<str>>),
    Objects(Vec<Box<dyn Object + Send + Sync>>),
}

impl ListData {
    /// A list of strings, in order; repetitions stay for loops.
    pub fn strings<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> ListData {
        let items: Vec<Arc<str>> = items.into_iter().map(|s| Arc::from(s.as_ref())).collect();
        let exact = items.iter().cloned().collect();
        ListData { items: Entries::Strings(items), exact, folded: OnceLock::new() }
    }

    /// A list of objects, such as `$org_vips`.
    pub fn objects(items: Vec<Box<dyn Object + Send + Sync>>) -> ListData {
        ListData { items: Entries::Objects(items), exact: FxHashSet::default(), folded: OnceLock::new() }
    }

    /// Exactly this string is in it.
    pub fn contains(&self, text: &str) -> bool {
        self.exact.contains(text)
    }

    /// It is in it when case does not count.
    pub fn contains_folded(&self, text: &str) -> bool {
        let folded = self.folded.get_or_init(|| {
            let fold_one = |s: &Arc<str>| match fold(s) {
                std::borrow::Cow::Borrowed(_) => s.clone(),
                std::borrow::Cow::Owned(s) => Arc::from(s),
            };
            self.exact.iter().map(fold_one).collect()
        });
        folded.contains(&*fold(text))
    }

    /// As a value to loop over.
    pub fn as_value(&self) -> Value<'_> {
        Value::List(List::Items(self))
    }
}

impl Items for ListData {
    fn len(&self) -> usize {
        match &self.items {
            Entries::Strings(v) => v.len(),
            Entries::Objects(v) => v.len(),
        }
    }

    fn get<'a>(&'a self, i: usize, _: &'a Arena) -> Value<'a> {
        match &self.items {
            Entries::Strings(v) => v.get(i).map_or(Value::Null, |s| Value::Str(s)),
            Entries::Objects(v) => v.get(i).map_or(Value::Null, |o| Value::Object(&**o)),
        }
    }
}
