//! Zip archives.
//!
//! Of what a zip says about itself nothing is trusted: the central directory is read first, then the local headers that
//! it does not name; both are members, and a difference is `ZIP-ANOMALY` ([`structure`]). Sizes are not believed; every
//! member is unpacked under a cap ([`super::codec`]), and a range of bytes is unpacked once, however many entries share
//! it.
//!
//! [`ZipReader`] serves every format that is a zip: `ZipReader::open(bytes)`, then [`ZipReader::find`] and
//! [`ZipReader::read`]. [`ZipReader::report`] writes what is odd about the structure to a scan.

mod crypt;
mod members;
mod names;
mod structure;

use std::ops::Range;

use bytes::Bytes;

pub(crate) use crypt::Encryption;
pub(crate) use members::{analyse, members};
use structure::Structure;

use super::codec::{self, Method, Unpacked};
use crate::{Budget, Derived, Id, Secret, Severity, scan::Scan};

/// A member.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its path with plain slashes: `xl/workbook.xml`.
    pub(crate) name: String,
    /// Its path as stored.
    pub(crate) stored: String,
    /// Zip's number of how it is packed (behind AES: the real one).
    pub(crate) method: u16,
    pub(crate) encryption: Encryption,
    /// As declared.
    pub(crate) crc: u32,
    /// As declared.
    pub(crate) packed: u64,
    /// As declared.
    pub(crate) size: u64,
    /// Where the local header is.
    pub(crate) header: usize,
    /// Where the packed bytes are, as far as there are any.
    pub(crate) data: Range<usize>,
    pub(crate) folder: bool,
    /// It carries the hidden attribute.
    pub(crate) hidden: bool,
    /// The central directory names it.
    pub(crate) central: bool,
    /// It has a local header.
    pub(crate) present: bool,
    /// What the local header says instead.
    other_method: Option<u16>,
}

impl Default for Entry {
    fn default() -> Entry {
        Entry {
            name: String::new(),
            stored: String::new(),
            method: 0,
            encryption: Encryption::None,
            crc: 0,
            packed: 0,
            size: 0,
            header: 0,
            data: 0..0,
            folder: false,
            hidden: false,
            central: false,
            present: false,
            other_method: None,
        }
    }
}

impl Entry {
    /// A password is needed.
    pub(crate) fn encrypted(&self) -> bool {
        self.encryption != Encryption::None
    }
}

/// What is odd about a zip's structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anomaly {
    /// The central directory is not where or not what the end record says.
    Directory,
    /// The central directory is encrypted.
    Masked,
    NoLocal,
    /// A local header that the directory does not name.
    Unnamed,
    Name,
    Method,
    Size,
    Duplicate,
    Backslash,
    /// A name that leads out of its folder.
    Escape,
    UnknownMethod,
}

impl Anomaly {
    fn text(self) -> &'static str {
        match self {
            Anomaly::Directory => "directory",
            Anomaly::Masked => "encrypted directory",
            Anomaly::NoLocal => "no local header",
            Anomaly::Unnamed => "not in the directory",
            Anomaly::Name => "two names",
            Anomaly::Method => "two methods",
            Anomaly::Size => "two sizes",
            Anomaly::Duplicate => "same name twice",
            Anomaly::Backslash => "backslash in a name",
            Anomaly::Escape => "name leads out of its folder",
            Anomaly::UnknownMethod => "unknown method",
        }
    }
}

/// An opened zip.
#[derive(Debug, Default)]
pub(crate) struct ZipReader {
    bytes: Bytes,
    structure: Structure,
}

/// What reading a member gave.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    /// All of it, and the checksum is right.
    pub(crate) whole: bool,
    /// There is more than was allowed.
    pub(crate) cut: bool,
}

impl ZipReader {
    /// Opens any bytes; what is not a zip has no entries.
    pub(crate) fn open(bytes: &Bytes) -> ZipReader {
        ZipReader { bytes: bytes.clone(), structure: structure::read(bytes) }
    }

    /// All members, folders too; those of the central directory come first.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.structure.entries
    }

    /// A member's bytes, as many as the limits allow; `None` when there are none or the password is wrong.
    pub(crate) fn read(
        &self,
        entry: &Entry,
        budget: &mut Budget,
        password: Option<&Secret>,
    ) -> Option<Bytes> {
        let cap = budget.out_bytes_left();
        self.read_fully(entry, budget, password, cap).map(|read| read.bytes)
    }

    /// As [`ZipReader::read`], to at most `cap` bytes, with how it went.
    pub(crate) fn read_fully(
        &self,
        entry: &Entry,
        budget: &mut Budget,
        password: Option<&Secret>,
        cap: u64,
    ) -> Option<Read> {
        // Work is booked whether something comes out or not: many broken members cost as much as whole ones.
        if !budget.spend(1 + entry.data.len() as u64 / 500) {
            return None;
        }
        let read = self.unpack(entry, cap, password, budget)?;
        budget.spend_bytes(read.bytes.len() as u64);
        budget.exhausted |= read.cut;
        Some(read)
    }

    /// Bytes of the file that belong to the archive: before and behind them is something else.
    pub(crate) fn range(&self) -> Range<usize> {
        self.structure.range.clone()
    }

    /// The archive's comment.
    pub(crate) fn comment(&self) -> &str {
        &self.structure.comment
    }

    /// There are more members than [`ZipReader::entries`] has.
    pub(crate) fn more(&self) -> bool {
        self.structure.more
    }

    /// Writes what is odd about the structure.
    pub(crate) fn report(&self, scan: &mut Scan<'_>) {
        for (anomaly, evidence) in &self.structure.anomalies {
            // Old zippers of Java and Windows write backslashes.
            let severity = match anomaly {
                Anomaly::Backslash => Severity::Low,
                _ => Id::ZipAnomaly.severity(),
            };
            let text = format!("{}: {evidence}", anomaly.text());
            scan.find_as(Id::ZipAnomaly, severity, Derived::Static, "", text);
        }
        if let Some((name, count)) = &self.structure.overlap {
            scan.find(Id::ArcOverlap, "", format!("{count} members, first {name}"));
        }
    }

    /// Unpacks without booking.
    fn unpack(
        &self,
        entry: &Entry,
        cap: u64,
        password: Option<&Secret>,
        budget: &mut Budget,
    ) -> Option<Read> {
        let data = self.bytes.get(entry.data.clone())?;
        if !entry.present || entry.folder {
            return None;
        }
        if !entry.encrypted() {
            if entry.method == 0 && data.len() as u64 <= cap {
                let whole = crc(data) == entry.crc;
                return Some(Read { bytes: self.bytes.slice(entry.data.clone()), whole, cut: false });
            }
            return self.decode(entry, data, cap, budget);
        }
        let password = password?.reveal();
        if let Some(read) = self.decrypted(entry, data, cap, password.as_bytes(), budget) {
            return Some(read);
        }
        // Old zippers encrypt with the bytes of the Windows code page.
        let (narrow, _, lossy) = encoding_rs::WINDOWS_1252.encode(password);
        (!lossy && !password.is_ascii()).then(|| self.decrypted(entry, data, cap, &narrow, budget)).flatten()
    }

    /// With a password, whose rightness the checksum proves.
    fn decrypted(
        &self,
        entry: &Entry,
        data: &[u8],
        cap: u64,
        password: &[u8],
        budget: &mut Budget,
    ) -> Option<Read> {
        let plain = crypt::decrypt(entry.encryption, data, password)?;
        let read = self.decode(entry, &plain, cap, budget)?;
        let proven = matches!(entry.encryption, Encryption::Aes { .. }) || read.whole || read.cut;
        proven.then_some(read)
    }

    fn decode(&self, entry: &Entry, data: &[u8], cap: u64, budget: &mut Budget) -> Option<Read> {
        let unchecked = matches!(entry.encryption, Encryption::Aes { crc: false, .. });
        let read = |unpacked: Unpacked| {
            let whole = unpacked.complete && (unchecked || crc(&unpacked.bytes) == entry.crc);
            Read { whole, cut: unpacked.cut, bytes: unpacked.bytes.into() }
        };
        let first = Method::of_zip(entry.method).map(|method| read(codec::unpack(method, data, cap, budget)));
        let good = |r: &Read| r.whole || r.cut;
        if first.as_ref().is_some_and(good) {
            return first;
        }
        // Packed bytes beyond those declared, or a method that only the local header tells.
        let beyond = self.bytes.get(entry.data.start..).filter(|_| !entry.encrypted() && entry.method == 8);
        let beyond = beyond
            .filter(|more| more.len() > data.len() && first.as_ref().is_some_and(|r| !r.whole))
            .map(|more| read(codec::unpack(Method::Deflate, more, cap, budget)));
        let second = beyond.filter(good).or_else(|| {
            let method = entry.other_method.and_then(Method::of_zip)?;
            Some(read(codec::unpack(method, data, cap, budget))).filter(good)
        });
        second.or(first)
    }
}

/// Zip's checksum.
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
