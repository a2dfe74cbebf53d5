//! The kept messages, read object by object in the order of their arrival, a page of notes at a time.

use std::collections::{BTreeMap, VecDeque};

use sekisho_record::Class;
use sekisho_store::{Bytes, Kept, Key, Span, Store};
use tokio::runtime::Runtime;

use super::{
    Keeper, Message, class_name,
    keeping::{kept, unfit},
    unpack_all,
};
use crate::Error;

/// Kept messages and the key that opens them.
pub struct Shelf {
    store: Store,
    bytes: Bytes,
    runtime: Runtime,
}

/// Which messages are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of these classes, as they were judged.
    pub classes: Vec<Class>,
    /// First second of their arrival.
    pub since: i64,
    /// First second that counts no more.
    pub until: i64,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            classes: vec![Class::Benign, Class::Suspicious, Class::Malicious],
            since: i64::MIN,
            until: i64::MAX,
        }
    }
}

/// The note of an object of kept messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What they were judged to be.
    pub class: Class,
    /// When the last of them arrived.
    pub at: i64,
    /// Address of its object.
    pub address: String,
}

impl Shelf {
    /// Opens what is kept beside the history that a URL names.
    ///
    /// # Errors
    /// When the store cannot be opened, or the key is missing or another one.
    pub fn open(url: &str, keeper: &Keeper) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| Error::Kept(error.to_string()))?;
        let key = Key::read(&keeper.key).map_err(kept)?;
        let (store, bytes) = runtime.block_on(async {
            let store = Store::open(url).await.map_err(|error| Error::History(error.to_string()))?;
            let bytes = Bytes::open(&keeper.objects, &BTreeMap::new(), key).map_err(kept)?;
            store.fits(&bytes).await.map_err(|error| unfit(error, &keeper.key))?;
            Ok::<_, Error>((store, bytes))
        })?;
        Ok(Self { store, bytes, runtime })
    }

    /// How many objects the wanted messages are in.
    ///
    /// # Errors
    /// When the store does not say.
    pub fn count(&self, wanted: &Wanted) -> Result<u64, Error> {
        let mut all = 0;
        for class in &wanted.classes {
            all += self.runtime.block_on(self.store.count_objects(span(wanted, *class))).map_err(kept)?;
        }
        Ok(all)
    }

    /// The objects of the wanted messages in the order of their arrival.
    pub fn entries<'a>(&'a self, wanted: &'a Wanted) -> Entries<'a> {
        let line = |class: &Class| Line { class: *class, page: VecDeque::new(), last: None, ended: false };
        Entries { shelf: self, wanted, lines: wanted.classes.iter().map(line).collect() }
    }

    /// Reads the messages of an object.
    ///
    /// # Errors
    /// What is wrong with its object, in words.
    pub fn read(&self, address: &str) -> Result<Vec<Message>, String> {
        match self.runtime.block_on(self.bytes.get(address)) {
            Ok(Some(content)) => unpack_all(content).map_err(|why| format!("object {address}: {why}")),
            Ok(None) => Err(format!("object {address} is not there")),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn span(wanted: &Wanted, class: Class) -> Span<'static> {
    Span { class: class_name(class), since: wanted.since, until: wanted.until }
}

/// Notes of kept messages; see [`Shelf::entries`].
pub struct Entries<'a> {
    shelf: &'a Shelf,
    wanted: &'a Wanted,
    lines: Vec<Line>,
}

/// The notes of one class.
struct Line {
    class: Class,
    page: VecDeque<Kept>,
    /// The last note of the page before.
    last: Option<Kept>,
    ended: bool,
}

impl Line {
    fn fill(&mut self, shelf: &Shelf, wanted: &Wanted) -> Result<(), Error> {
        if self.ended || !self.page.is_empty() {
            return Ok(());
        }
        let page = shelf.store.objects(span(wanted, self.class), self.last.as_ref());
        self.page = shelf.runtime.block_on(page).map_err(kept)?.into();
        self.ended = self.page.is_empty();
        self.last = self.page.back().cloned();
        Ok(())
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        for line in &mut self.lines {
            if let Err(error) = line.fill(self.shelf, self.wanted) {
                line.ended = true;
                return Some(Err(error));
            }
        }
        let first = self.lines.iter_mut().filter(|line| !line.page.is_empty());
        let line = first.min_by_key(|line| line.page.front().map(|kept| kept.at))?;
        let Kept { address, at, .. } = line.page.pop_front()?;
        Some(Ok(Entry { class: line.class, at, address }))
    }
}
