//! Archives other than zip: 7z, RAR, tar, cabinets, and single packed streams.
//!
//! The formats are read by crates that take any bytes; here are the caps, the passwords and what becomes of members.

use std::io::Cursor;

use bytes::Bytes;

use super::{
    cab_bounds,
    codec::{self, Method, SPEED_LZMA, Unpacked, capped},
    keys,
    output::{Member, Output, encrypted},
    passwords,
};
use crate::{
    Id, Kind, Secret,
    limits::{FILES_LISTED_MAX, KEY_STEPS_MAX, MEMBER_BYTES_MAX, SEVEN_MEMORY_MAX, SLOW_PASSWORDS_MAX},
    scan::Scan,
};

/// Steps of a try whose key derivation is slow.
const STEPS_SLOW: u64 = 30_000;
/// Headers of an older RAR archive that are read behind a password: each may ask for a key of its own.
const LOCKED_HEADERS_MAX: u64 = 200;
const MEMBERS: &str = "members of an archive";
/// Bytes that are copied in a step.
const SPEED_STORED: u64 = 1_000;
/// Bytes of a RAR archive that are unpacked in a step.
const SPEED_RAR: u64 = 50;
/// Bytes of a cabinet that are unpacked in a step.
const SPEED_CAB: u64 = 50;

/// A packed stream of one file.
pub(crate) fn stream(bytes: &Bytes, scan: &mut Scan<'_>) {
    let method = match scan.about.kind {
        Kind::Gzip => Method::Gzip,
        Kind::Bzip2 => Method::Bzip2,
        Kind::Xz => Method::Xz,
        Kind::Zstd => Method::Zstd,
        _ => Method::Lzma,
    };
    let mut out = Output::new(scan.about.kind.name(), bytes.len());
    let Unpacked { bytes: unpacked, cut, complete } =
        codec::unpack(method, bytes, out.cap(scan), scan.budget);
    let base = scan.about.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let path = match base.rsplit_once('.') {
        Some((stem, "tgz" | "tbz" | "tbz2" | "txz" | "tzst")) => format!("{stem}.tar"),
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => "unpacked".to_owned(),
    };
    // A gzip file ends with the size of what is in it.
    let size = bytes.last_chunk::<4>().filter(|_| method == Method::Gzip);
    let size = size.map_or(0, |size| u32::from_le_bytes(*size).into());
    let member = Member { path, packed: Some(bytes.len() as u64), size, ..Member::default() };
    if unpacked.is_empty() && complete {
        out.list(scan, &member);
    } else if unpacked.is_empty() {
        out.unread(scan, &member);
    } else {
        out.add(scan, member, unpacked.into(), cut);
    }
    out.finish(scan);
}

/// A tape archive.
pub(crate) fn tar(bytes: &Bytes, scan: &mut Scan<'_>) {
    let mut out = Output::new("tar", bytes.len());
    let mut archive = tar::Archive::new(Cursor::new(bytes));
    if let Ok(entries) = archive.entries() {
        for (at, entry) in entries.map_while(Result::ok).enumerate() {
            if at >= FILES_LISTED_MAX {
                scan.over(FILES_LISTED_MAX, MEMBERS);
                break;
            }
            let size = entry.size();
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let member = Member { path, size, ..Member::default() };
            if !entry.header().entry_type().is_file() {
                continue;
            }
            if !out.room(scan) {
                out.list(scan, &member);
                continue;
            }
            let Unpacked { bytes, cut, .. } = capped(entry, out.cap(scan), SPEED_STORED, scan.budget);
            out.add(scan, member, bytes.into(), cut);
        }
    }
    out.finish(scan);
}

/// A cabinet.
pub(crate) fn cab(bytes: &Bytes, scan: &mut Scan<'_>) {
    let mut out = Output::new("cab", bytes.len());
    if let Ok(mut cabinet) = cab::Cabinet::new(Cursor::new(bytes)) {
        let files = cabinet.folder_entries().flat_map(|folder| {
            let mut before = 0_u64;
            folder.file_entries().map(move |f| {
                let (size, start) = (u64::from(f.uncompressed_size()), before);
                before = before.saturating_add(size);
                (f.name().to_owned(), size, f.is_hidden(), start)
            })
        });
        let files: Vec<(String, u64, bool, u64)> = scan.most(files, FILES_LISTED_MAX, MEMBERS);
        let outside = cab_bounds::outside(bytes);
        for (path, size, hidden, before) in files {
            let member = Member { path: path.clone(), size, hidden, ..Member::default() };
            // Each file is read from the start of its folder, which costs what is before it.
            let paid = scan.budget.spend(before / SPEED_CAB + 100) && out.room(scan);
            let readable = paid && !outside.has(&path);
            match readable.then(|| cabinet.read_file(&path)) {
                Some(Ok(reader)) => {
                    let Unpacked { bytes, cut, .. } = capped(reader, out.cap(scan), SPEED_CAB, scan.budget);
                    out.add(scan, member, bytes.into(), cut);
                }
                _ if paid => out.unread(scan, &member),
                _ => out.list(scan, &member),
            }
        }
    }
    out.finish(scan);
}

/// A 7z archive. Without a password its names may be unknown.
pub(crate) fn seven(bytes: &Bytes, scan: &mut Scan<'_>) {
    let mut out = Output::new("7z", bytes.len());
    let plain = sevenz(bytes, "", 0, &mut out, scan);
    if let Err(Locked { names, steps }) = plain {
        out.facts().encrypted = true;
        encrypted(scan, names.iter().map(|(name, size)| (name.as_str(), *size)));
        let steps = steps.max(keys::of_seven_header(bytes)).max(STEPS_SLOW);
        let tries = if affordable(steps, scan) { SLOW_PASSWORDS_MAX } else { 0 };
        let (all, mut opened) = (passwords::candidates(scan, tries), false);
        for candidate in all {
            if !scan.budget.spend(steps) {
                break;
            }
            if sevenz(bytes, candidate.password.reveal(), steps, &mut out, scan).is_ok() {
                passwords::opened(scan, &candidate);
                opened = true;
                break;
            }
        }
        if !opened {
            scan.locked = true;
            passwords::untried(scan, tries);
            for (path, size) in names {
                out.list(scan, &Member { path, size, ..Member::default() });
            }
        }
    }
    out.finish(scan);
}

/// Whether a password's keys may be made; says so when not.
fn affordable(steps: u64, scan: &mut Scan<'_>) -> bool {
    if steps > KEY_STEPS_MAX {
        scan.find(Id::ScanIncomplete, "", "its passwords take too long to try");
    }
    steps <= KEY_STEPS_MAX
}

/// An archive that the password does not open.
#[derive(Default)]
struct Locked {
    /// Names and sizes, as far as they are known.
    names: Vec<(String, u64)>,
    /// Steps of the keys of what is in it, as far as they are known.
    steps: u64,
}

/// Reads all members; `paid` are the steps that the password's keys were booked with.
fn sevenz(
    bytes: &Bytes,
    password: &str,
    paid: u64,
    out: &mut Output,
    scan: &mut Scan<'_>,
) -> Result<(), Locked> {
    use sevenz_rust2::{Archive, ArchiveReader, Error, Password};
    let secret = Password::from(password);
    let mut source = Cursor::new(bytes);
    let wrong = |e: &Error| {
        matches!(e, Error::PasswordRequired | Error::MaybeBadPassword(_))
            || !password.is_empty() && !matches!(e, Error::UnsupportedCompressionMethod(_))
    };
    let archive = match Archive::read(&mut source, &secret) {
        Ok(archive) => archive,
        Err(e) if wrong(&e) => return Err(Locked::default()),
        Err(_) => return Ok(()),
    };
    let files = archive.files.iter().filter(|f| !f.is_directory());
    let names = files.map(|f| (f.name().to_owned(), f.size()));
    let names: Vec<(String, u64)> = scan.most(names, FILES_LISTED_MAX, MEMBERS);
    let steps = keys::of_seven(&archive);
    // Keys that show only behind a password.
    if !password.is_empty() && steps > paid && !(affordable(steps, scan) && scan.budget.spend(steps - paid)) {
        return Err(Locked { names, steps });
    }
    let memory = archive.blocks.iter().flat_map(|b| &b.coders).map(memory_of).max().unwrap_or(0);
    if memory > SEVEN_MEMORY_MAX {
        scan.find(Id::ScanIncomplete, "", format!("the archive asks for {memory} bytes of memory"));
        for (path, size) in names {
            out.list(scan, &Member { path, size, ..Member::default() });
        }
        return Ok(());
    }
    let speed = seven_speed(&archive);
    let mut stopped = false;
    let mut reader = ArchiveReader::from_archive(archive, Cursor::new(bytes), secret);
    reader.set_thread_count(1);
    let mut got: Vec<(Member, Unpacked)> = Vec::new();
    let (cap, mut left) = (scan.budget.out_bytes_left(), scan.budget.held_left());
    let result = reader.for_each_entries(|entry, reader| {
        if entry.is_directory() {
            return Ok(true);
        }
        let attributes = entry.windows_attributes();
        let member = Member {
            path: entry.name().to_owned(),
            size: entry.size(),
            hidden: attributes & 2 != 0,
            packed: None,
        };
        let unpacked = capped(reader, cap.min(left), speed, scan.budget);
        left = left.saturating_sub(unpacked.bytes.len() as u64);
        let whole = unpacked.complete;
        stopped = unpacked.cut || left == 0 || got.len() + 1 >= FILES_LISTED_MAX;
        got.push((member, unpacked));
        if stopped {
            // Other blocks would have to be begun.
            return Err(Error::Other("enough".into()));
        }
        // A member that breaks off ends its block; what follows cannot be read.
        Ok(whole)
    });
    let broken = got.last().is_some_and(|(_, u)| !u.complete && !u.cut);
    match result {
        Err(e) if !stopped && wrong(&e) => return Err(Locked { names, steps }),
        Ok(()) if broken && !password.is_empty() => return Err(Locked { names, steps }),
        _ => {}
    }
    let read = got.len();
    for (member, unpacked) in got {
        out.add(scan, member, unpacked.bytes.into(), unpacked.cut);
    }
    for (path, size) in names.into_iter().skip(read) {
        out.list(scan, &Member { path, size, ..Member::default() });
    }
    Ok(())
}

/// Bytes that come out in a step, by the slowest of the methods.
fn seven_speed(archive: &sevenz_rust2::Archive) -> u64 {
    use sevenz_rust2::EncoderMethod as E;
    let coders = archive.blocks.iter().flat_map(|b| &b.coders);
    let speed = |id: &[u8]| match id {
        E::ID_COPY => SPEED_STORED,
        E::ID_PPMD => 5,
        E::ID_BZIP2 => 15,
        E::ID_DEFLATE => 50,
        _ => SPEED_LZMA,
    };
    coders.map(|c| speed(c.encoder_method_id())).min().unwrap_or(SPEED_STORED)
}

/// Bytes that a coder's own properties make its decoder take.
fn memory_of(coder: &sevenz_rust2::Coder) -> u64 {
    match (coder.encoder_method_id(), coder.properties()) {
        // LZMA and PPMd.
        ([3, 1, 1] | [3, 4, 1], [_, size @ ..]) => {
            size.first_chunk().map_or(0, |s| u32::from_le_bytes(*s).into())
        }
        // LZMA2: two bits of mantissa.
        ([0x21], [bits, ..]) => (2 | u64::from(bits & 1)) << (u32::from(bits & 0x3F) / 2 + 11),
        _ => 0,
    }
}

/// A RAR archive of any age.
pub(crate) fn rar(bytes: &Bytes, scan: &mut Scan<'_>) {
    let mut out = Output::new("rar", bytes.len());
    let limits = || {
        rars::ArchiveReadOptions::new()
            .with_max_header_count(FILES_LISTED_MAX as u64 * 4)
            .with_max_header_bytes(16 << 20)
            .with_max_member_output_bytes(MEMBER_BYTES_MAX)
            .with_rar50_dictionary_size_limit(MEMBER_BYTES_MAX)
            .with_rar50_buffered_decode_limit(MEMBER_BYTES_MAX)
            .with_max_reader_workspace_bytes(MEMBER_BYTES_MAX * 4)
    };
    let lock = keys::Lock::read(bytes);
    let opened = |password: Option<&Secret>| {
        let mut options = limits();
        if password.is_some() && lock.is_none() {
            options = options.with_max_header_count(LOCKED_HEADERS_MAX);
        }
        options.password = password.map(|p| p.reveal().as_bytes());
        rars::ArchiveReader::read_with_options(bytes, options).ok()
    };
    let mut found = None;
    let mut archive = opened(None);
    // An archive that is opened with its password has made its keys.
    let steps = archive.as_ref().map(keys::of_rar).unwrap_or_default();
    let locked = archive.as_ref().is_none_or(|a| a.members().any(|m| m.meta.is_encrypted));
    // Without a password only an archive whose names are encrypted cannot be listed: its first block says so.
    if locked && (archive.is_some() || names_encrypted(bytes)) {
        out.facts().encrypted = true;
        let names: Vec<(String, u64)> = archive
            .iter()
            .flat_map(rars::Archive::members)
            .filter(|m| m.meta.is_encrypted)
            .take(8)
            .map(|m| (m.meta.name_lossy(), m.meta.unpacked_size))
            .collect();
        encrypted(scan, names.iter().map(|(name, size)| (name.as_str(), *size)));
        let smallest = archive.as_ref().and_then(|archive| {
            let members = archive.members().enumerate();
            let locked = members.filter(|(_, m)| m.meta.is_encrypted && !m.meta.is_directory);
            locked.min_by_key(|(_, m)| m.meta.packed_size).map(|(at, _)| at)
        });
        let price = match (smallest, &lock) {
            // A solid archive is read from its start.
            (Some(at), _) if archive.as_ref().is_some_and(rars::Archive::is_solid) => {
                steps.iter().take(at + 1).sum()
            }
            (Some(at), _) => steps.get(at).copied().unwrap_or(0),
            (None, Some(lock)) => lock.steps(),
            (None, None) => 0,
        };
        let tries = if affordable(price, scan) { SLOW_PASSWORDS_MAX } else { 0 };
        let (plain, mut dear) = (archive.take(), false);
        let fitting = passwords::first(scan, tries, price.max(STEPS_SLOW), |password, budget| {
            let mut options = limits();
            options.password = Some(password.reveal().as_bytes());
            if let Some(plain) = &plain {
                return plain.read_member_at_with_options(smallest.unwrap_or(0), options).ok().map(|_| None);
            }
            if let Some(lock) = &lock {
                let inside = lock.inside(bytes, password.reveal().as_bytes(), FILES_LISTED_MAX * 4)?;
                dear = inside > budget.steps_left() / 2 || !budget.spend(inside);
                if dear {
                    return None;
                }
            }
            let archive = opened(Some(password))?;
            archive.read_member_at_with_options(0, options).ok().map(|_| Some(archive))
        });
        if dear {
            scan.find(Id::ScanIncomplete, "", "the keys of its files take too long to make");
        }
        archive = plain;
        found = fitting.map(|(candidate, opened)| {
            archive = opened.or(archive.take());
            candidate
        });
        match &found {
            Some(candidate) => passwords::opened(scan, candidate),
            None => scan.locked = true,
        }
    }
    let password = found.map(|c| c.password);
    if archive.is_none() && !scan.locked {
        scan.left_out("the archive is damaged, or has more members than are listed");
    }
    let (mut before, mut keys_before) = (0_u64, 0_u64);
    for (at, info) in archive.iter().flat_map(|a| a.members().enumerate()) {
        if at >= FILES_LISTED_MAX {
            scan.over(FILES_LISTED_MAX, MEMBERS);
            break;
        }
        if info.meta.is_directory {
            continue;
        }
        let member = Member {
            path: info.meta.name_lossy(),
            hidden: info.meta.file_attr & 2 != 0 && info.meta.host_os.is_some_and(|os| os == 0 || os == 2),
            packed: Some(info.meta.packed_size),
            size: info.meta.unpacked_size,
        };
        // Members of a solid archive are read from its start each time, which costs what is before them.
        let size = member.size.min(MEMBER_BYTES_MAX);
        let cost = if info.is_solid() { before.saturating_add(size) } else { size };
        before = before.saturating_add(size);
        let own = steps.get(at).copied().filter(|_| password.is_some()).unwrap_or(0);
        let keys = if info.is_solid() { keys_before.saturating_add(own) } else { own };
        keys_before = keys_before.saturating_add(own);
        let work = (cost + info.meta.packed_size / 4) / SPEED_RAR + 200;
        let paid = scan.budget.spend(work.saturating_add(keys));
        let readable = paid && !info.meta.is_redirection && (!info.meta.is_encrypted || password.is_some());
        let mut options = limits().with_max_member_output_bytes(out.cap(scan));
        options.password = password.as_ref().map(|p| p.reveal().as_bytes());
        let readable = readable && out.room(scan);
        let read = archive
            .as_ref()
            .filter(|_| readable)
            .and_then(|archive| archive.read_member_at_with_options(at, options).ok().flatten());
        match read {
            Some(bytes) => out.add(scan, member, bytes.into(), false),
            None if readable && member.size > 0 => out.unread(scan, &member),
            None => out.list(scan, &member),
        }
    }
    out.finish(scan);
}

/// The first block of the newer format is that of encryption, or the main block of the older says so.
fn names_encrypted(bytes: &[u8]) -> bool {
    match bytes {
        [b'R', b'a', b'r', b'!', 0x1A, 7, 1, 0, _, _, _, _, _, kind, ..] => *kind == 4,
        [b'R', b'a', b'r', b'!', 0x1A, 7, 0, _, _, 0x73, low, ..] => low & 0x80 != 0,
        _ => false,
    }
}

/// Formats that are rare enough to be only named.
pub(crate) fn named_only(bytes: &Bytes, scan: &mut Scan<'_>) {
    let out = Output::new(scan.about.kind.name(), bytes.len());
    out.finish(scan);
    scan.find(Id::ScanIncomplete, "", format!("{} is not unpacked", scan.about.kind.name()));
}

#[cfg(test)]
mod tests {
    use crate::{Hints, Input, unpack};

    /// Every byte of a cabinet is changed; the files of a whole one are all read.
    #[test]
    fn damaged_cabinets_end() {
        for name in ["mszip.cab", "stored.cab"] {
            let path = format!("{}/../../fixtures/archives/{name}", env!("CARGO_MANIFEST_DIR"));
            let whole = std::fs::read(path).unwrap();
            let open = |bytes: Vec<u8>| {
                let input = Input { name: "a.cab".into(), declared: None, bytes: bytes.into() };
                unpack("", vec![input], &Hints::default())
            };
            assert!(open(whole.clone()).files.iter().all(|f| !f.listed_only), "{name}");
            for at in 0..whole.len().min(200) {
                for value in [0, 1, 0x7F, 0xFF] {
                    let mut bytes = whole.clone();
                    bytes[at] = value;
                    open(bytes);
                }
            }
        }
    }

    /// A file of 16 bytes by 7-Zip, its header open; the byte at [`DICTIONARY`] says how large the dictionary is.
    const ARCHIVE: [u8; 134] = [
        0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0x00, 0x04, 0xC0, 0x85, 0x22, 0xF4, 0x14, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x52, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x73, 0x9E, 0xEA, 0xA9, 0x01, 0x00,
        0x0F, 0x58, 0x35, 0x4F, 0x2D, 0x73, 0x75, 0x62, 0x6C, 0x69, 0x6D, 0x65, 0x2D, 0x79, 0x61, 0x72, 0x61,
        0x00, 0x01, 0x04, 0x06, 0x00, 0x01, 0x09, 0x14, 0x00, 0x07, 0x0B, 0x01, 0x00, 0x01, 0x21, 0x21, 0x01,
        0x00, 0x0C, 0x10, 0x00, 0x08, 0x0A, 0x01, 0xB2, 0x87, 0x79, 0xC4, 0x00, 0x00, 0x05, 0x01, 0x19, 0x0C,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x11, 0x0D, 0x00, 0x74, 0x00,
        0x2E, 0x00, 0x74, 0x00, 0x78, 0x00, 0x74, 0x00, 0x00, 0x00, 0x14, 0x0A, 0x01, 0x00, 0xEE, 0xC7, 0x9B,
        0x1B, 0x54, 0x7A, 0xDD, 0x01, 0x15, 0x06, 0x01, 0x00, 0x20, 0x80, 0xA4, 0x81, 0x00, 0x00,
    ];
    const DICTIONARY: usize = 0x44;

    fn check(dictionary: u8) -> String {
        let mut bytes = ARCHIVE.to_vec();
        bytes[DICTIONARY] = dictionary;
        for (sum_at, range) in [(28, 0x34..0x86), (8, 12..32)] {
            let mut sum = flate2::Crc::new();
            sum.update(&bytes[range]);
            bytes[sum_at..sum_at + 4].copy_from_slice(&sum.sum().to_le_bytes());
        }
        let input = Input { name: "a.7z".into(), declared: None, bytes: bytes.into() };
        let tree = unpack("", vec![input], &Hints::default());
        let evidence = tree.files[0].findings.iter().map(|f| f.evidence.as_str());
        let inside = tree.files[1..].iter().map(|f| if f.listed_only { "listed" } else { "opened" });
        inside.chain(evidence).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn memory_for_a_dictionary_has_a_limit() {
        assert_eq!(check(0), "opened");
        // 64 MiB, 96 MiB, 4 GiB.
        assert_eq!(check(28), "opened");
        assert_eq!(check(29), "listed, the archive asks for 100663296 bytes of memory");
        assert_eq!(check(40), "listed, the archive asks for 4294967296 bytes of memory");
    }
}
