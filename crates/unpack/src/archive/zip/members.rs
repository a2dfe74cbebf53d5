//! A zip as a file of a message: its members become files of the tree.

use bytes::Bytes;
use rustc_hash::FxHashMap;

use super::{Anomaly, Encryption, Entry, ZipReader, structure::ENTRIES_MAX};
use crate::{
    Id, Kind, Secret,
    archive::{
        codec::Method,
        interest,
        output::{Member, Output, encrypted},
        passwords,
    },
    limits::{FILES_ANALYSED_MAX, PASSWORDS_MAX},
    scan::Scan,
};

/// Steps that a try costs: AES derives a key, the old cipher reads twelve bytes.
const STEPS_AES: u64 = 800;
const STEPS_OLD: u64 = 20;

pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let reader = ZipReader::open(bytes);
    let format = if scan.about.kind == Kind::Jar { "jar" } else { "zip" };
    members(&reader, format, scan);
}

/// The members of an opened zip; also of one that stands behind something else.
pub(crate) fn members(reader: &ZipReader, format: &str, scan: &mut Scan<'_>) {
    reader.report(scan);
    let mut out = Output::new(format, reader.bytes.len());
    let comment = reader.comment();
    out.facts().comment = (!comment.is_empty()).then(|| comment.to_owned());
    let password = unlock(reader, &mut out, scan);
    let files: Vec<&Entry> = reader.entries().iter().filter(|e| !e.folder).collect();
    let chosen = chosen(&files);
    let mut taken: FxHashMap<(usize, usize), u64> = FxHashMap::default();
    let mut packed = 0_u64;
    for (entry, chosen) in files.into_iter().zip(chosen) {
        let member = Member {
            path: entry.stored.clone(),
            hidden: entry.hidden,
            packed: Some(entry.data.len() as u64),
            size: entry.size,
        };
        if Method::of_zip(entry.method).is_none() {
            let text = format!("{}: {} {}", Anomaly::UnknownMethod.text(), entry.method, entry.stored);
            scan.find(Id::ZipAnomaly, "", text);
        }
        if let Some(size) = taken.get(&(entry.data.start, entry.data.end)).filter(|_| !entry.data.is_empty())
        {
            out.repeated(*size);
            out.list(scan, &member);
            continue;
        }
        // Ranges that overlap in part are taken while they are not much more than the file itself.
        packed = packed.saturating_add(entry.data.len() as u64);
        if packed / 2 > reader.bytes.len() as u64 {
            scan.budget.gaps.cut("members that overlap: more than twice the archive's bytes");
            out.list(scan, &member);
            continue;
        }
        if !chosen {
            out.pass_over();
        }
        if !chosen || !out.room(scan) {
            out.list(scan, &member);
            continue;
        }
        let cap = out.cap(scan);
        match reader.read_fully(entry, scan.budget, password.as_ref(), cap) {
            Some(read) if !read.bytes.is_empty() || entry.size == 0 => {
                taken.insert((entry.data.start, entry.data.end), read.bytes.len() as u64);
                out.add_booked(scan, member, read.bytes, read.cut);
            }
            // Without a password, a header or a method that is known something else is said.
            _ if entry.present
                && Method::of_zip(entry.method).is_some()
                && (!entry.encrypted() || password.is_some()) =>
            {
                out.unread(scan, &member);
            }
            _ => out.list(scan, &member),
        }
    }
    if reader.more() {
        scan.over(ENTRIES_MAX, "members of an archive");
    }
    out.finish(scan);
}

/// Finds the password by the smallest member and says what is encrypted.
fn unlock(reader: &ZipReader, out: &mut Output, scan: &mut Scan<'_>) -> Option<Secret> {
    let locked: Vec<&Entry> = reader.entries().iter().filter(|e| e.encrypted() && !e.folder).collect();
    if locked.is_empty() {
        return None;
    }
    out.facts().encrypted = true;
    encrypted(scan, locked.iter().map(|e| (e.stored.as_str(), e.size)));
    let readable = locked
        .iter()
        .filter(|e| Method::of_zip(e.method).is_some() && e.encryption != Encryption::Strong && e.present);
    let smallest = readable.min_by_key(|e| (e.packed == 0, e.packed));
    let found = smallest.and_then(|entry| {
        let steps = if matches!(entry.encryption, Encryption::Aes { .. }) { STEPS_AES } else { STEPS_OLD };
        let cap = out.cap(scan);
        passwords::first(scan, PASSWORDS_MAX, steps, |password, budget| {
            reader.unpack(entry, cap, Some(password), budget)
        })
    });
    match found {
        Some((candidate, _)) => {
            passwords::opened(scan, &candidate);
            Some(candidate.password)
        }
        None => {
            scan.locked = true;
            None
        }
    }
}

/// Which members are opened: all of them, or where there are too many those that can do something.
fn chosen(files: &[&Entry]) -> Vec<bool> {
    if files.len() <= FILES_ANALYSED_MAX {
        return vec![true; files.len()];
    }
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|index| files.get(*index).map(|e| interest(&e.stored)));
    let mut out = vec![false; files.len()];
    for index in order.into_iter().take(FILES_ANALYSED_MAX) {
        if let Some(chosen) = out.get_mut(index) {
            *chosen = true;
        }
    }
    out
}
