//! Doors to single readers, for who needs one thing of a file and not its whole analysis.

use std::cell::RefCell;

use bytes::Bytes;
use md5::Md5;
use sha1::Sha1;
use sha2::Digest as _;

use crate::{Budget, Kind, archive::zip::ZipReader, facts, gaps::Gaps, html, script, sniff, walk::hex};

/// Members of a package that are named.
const MEMBERS_MAX: usize = 1_000;
/// Bytes of a member that tell what it is.
const HEAD_BYTES: usize = 4_096;

/// A zip whose members are read one by one, when they are asked for. All of them together have one budget.
pub struct Package {
    reader: ZipReader,
    budget: RefCell<Budget>,
}

/// A member of a [`Package`].
#[derive(Debug, Clone, Copy)]
pub struct Member<'p> {
    /// For [`Package::read`].
    pub index: usize,
    /// Its path with plain slashes.
    pub name: &'p str,
    /// Its size as declared.
    pub size: u64,
    /// Its packed size as declared.
    pub packed: u64,
}

impl Package {
    /// Opens any bytes; what is not a zip has no members.
    #[must_use]
    pub fn open(bytes: &Bytes) -> Package {
        Package { reader: ZipReader::open(bytes), budget: RefCell::new(Budget::new(bytes.len() as u64)) }
    }

    /// Its members without folders, in the order of its directory; the first thousand.
    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        let entries = self.reader.entries().iter().enumerate().filter(|(_, e)| !e.folder);
        entries.take(MEMBERS_MAX).map(|(index, e)| Member {
            index,
            name: &e.name,
            size: e.size,
            packed: e.packed,
        })
    }

    /// There are more members than [`Package::members`] names.
    #[must_use]
    pub fn more(&self) -> bool {
        let entries = self.reader.entries().iter().filter(|e| !e.folder);
        self.reader.more() || entries.count() > MEMBERS_MAX
    }

    /// The bytes of a member; none where it is encrypted, damaged or over a limit.
    pub fn read(&self, index: usize) -> Bytes {
        let entry = self.reader.entries().get(index);
        let mut budget = self.budget.borrow_mut();
        entry.and_then(|e| self.reader.read(e, &mut budget, None)).unwrap_or_default()
    }
}

/// What bytes are, as far as their beginning and their name say.
#[must_use]
pub fn kind(bytes: &[u8], name: &str) -> Kind {
    sniff::sniff(bytes.get(..HEAD_BYTES).unwrap_or(bytes), name, None)
}

/// The words of a script in JavaScript; what was left out is in [`facts::Script::cut`].
#[must_use]
pub fn javascript(source: &str) -> facts::Script {
    let mut words = facts::Script { language: "javascript".to_owned(), ..facts::Script::default() };
    let lexed = script::js::lex(source);
    script::js::words(&lexed, &mut rustc_hash::FxHashSet::default(), &mut words, &mut Gaps::default());
    words.cut |= lexed.cut;
    words
}

/// The names that an XML document uses; what was left out is in [`facts::Xml::cut`].
#[must_use]
pub fn xml(source: &str) -> facts::Xml {
    html::xml_facts(source, &mut Gaps::default())
}

/// MD5, lower-case hex.
#[must_use]
pub fn md5(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// SHA-1, lower-case hex.
#[must_use]
pub fn sha1(bytes: &[u8]) -> String {
    hex(&Sha1::digest(bytes))
}

/// SHA-256, lower-case hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&sha2::Sha256::digest(bytes))
}
