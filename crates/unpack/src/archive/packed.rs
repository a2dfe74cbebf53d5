//! Archives other than zip: 7z, RAR, tar, cabinets, and single packed streams.
//!
//! The formats are read by crates that take any bytes; here are the caps, the passwords and what becomes of members.

use std::io::Cursor;

use bytes::Bytes;

use super::{
    codec::{self, Method, SPEED_LZMA, Unpacked, capped},
    output::{Member, Output, encrypted},
    passwords,
};
use crate::{
    Id, Kind, Secret,
    limits::{FILES_LISTED_MAX, MEMBER_BYTES_MAX, SLOW_PASSWORDS_MAX},
    scan::Scan,
};

/// Steps of a try whose key derivation is slow.
const STEPS_SLOW: u64 = 30_000;
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
    let Unpacked { bytes: unpacked, cut, .. } = codec::unpack(method, bytes, out.cap(scan), scan.budget);
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
    if unpacked.is_empty() {
        out.list(scan, &member);
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
        for entry in entries.map_while(Result::ok).take(FILES_LISTED_MAX) {
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
        let files: Vec<(String, u64, bool, u64)> = cabinet
            .folder_entries()
            .flat_map(|folder| {
                let mut before = 0_u64;
                folder.file_entries().map(move |f| {
                    let (size, start) = (u64::from(f.uncompressed_size()), before);
                    before = before.saturating_add(size);
                    (f.name().to_owned(), size, f.is_hidden(), start)
                })
            })
            .take(FILES_LISTED_MAX)
            .collect();
        for (path, size, hidden, before) in files {
            let member = Member { path: path.clone(), size, hidden, ..Member::default() };
            // Each file is read from the start of its folder, which costs what is before it.
            let paid = scan.budget.spend(before / SPEED_CAB + 100) && out.room(scan);
            match paid.then(|| cabinet.read_file(&path)) {
                Some(Ok(reader)) => {
                    let Unpacked { bytes, cut, .. } = capped(reader, out.cap(scan), SPEED_CAB, scan.budget);
                    out.add(scan, member, bytes.into(), cut);
                }
                _ => out.list(scan, &member),
            }
        }
    }
    out.finish(scan);
}

/// A 7z archive. Without a password its names may be unknown.
pub(crate) fn seven(bytes: &Bytes, scan: &mut Scan<'_>) {
    let mut out = Output::new("7z", bytes.len());
    let plain = sevenz(bytes, "", &mut out, scan);
    if let Err(names) = plain {
        out.facts().encrypted = true;
        encrypted(scan, names.iter().map(|(name, size)| (name.as_str(), *size)));
        let (all, mut opened) = (passwords::candidates(scan, SLOW_PASSWORDS_MAX), false);
        for candidate in all {
            if !scan.budget.spend(STEPS_SLOW) {
                break;
            }
            if sevenz(bytes, candidate.password.reveal(), &mut out, scan).is_ok() {
                passwords::opened(scan, &candidate);
                opened = true;
                break;
            }
        }
        if !opened {
            scan.locked = true;
            for (path, size) in names {
                out.list(scan, &Member { path, size, ..Member::default() });
            }
        }
    }
    out.finish(scan);
}

/// Reads all members, or gives the names as far as they are known when the password is wrong.
fn sevenz(
    bytes: &Bytes,
    password: &str,
    out: &mut Output,
    scan: &mut Scan<'_>,
) -> Result<(), Vec<(String, u64)>> {
    use sevenz_rust2::{Archive, ArchiveReader, Error, Password};
    let secret = Password::from(password);
    let mut source = Cursor::new(bytes);
    let wrong = |e: &Error| {
        matches!(e, Error::PasswordRequired | Error::MaybeBadPassword(_))
            || !password.is_empty() && !matches!(e, Error::UnsupportedCompressionMethod(_))
    };
    let archive = match Archive::read(&mut source, &secret) {
        Ok(archive) => archive,
        Err(e) if wrong(&e) => return Err(Vec::new()),
        Err(_) => return Ok(()),
    };
    let names: Vec<(String, u64)> = archive
        .files
        .iter()
        .filter(|f| !f.is_directory())
        .take(FILES_LISTED_MAX)
        .map(|f| (f.name().to_owned(), f.size()))
        .collect();
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
        stopped = unpacked.cut || left == 0 || got.len() >= FILES_LISTED_MAX;
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
        Err(e) if !stopped && wrong(&e) => return Err(names),
        Ok(()) if broken && !password.is_empty() => return Err(names),
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
    let opened = |password: Option<&Secret>| {
        let mut options = limits();
        options.password = password.map(|p| p.reveal().as_bytes());
        rars::ArchiveReader::read_with_options(bytes, options).ok()
    };
    let mut found = None;
    let mut archive = opened(None);
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
        found = passwords::first(scan, SLOW_PASSWORDS_MAX, STEPS_SLOW, |password, _| {
            let archive = opened(Some(password))?;
            let at = smallest.unwrap_or(0);
            let mut options = limits();
            options.password = Some(password.reveal().as_bytes());
            archive.read_member_at_with_options(at, options).ok().map(|_| archive)
        })
        .map(|(candidate, opened)| {
            archive = Some(opened);
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
    let mut before = 0_u64;
    for (at, info) in archive.iter().flat_map(|a| a.members().enumerate()).take(FILES_LISTED_MAX) {
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
        let paid = scan.budget.spend((cost + info.meta.packed_size / 4) / SPEED_RAR + 200);
        let readable = paid && !info.meta.is_redirection && (!info.meta.is_encrypted || password.is_some());
        let mut options = limits().with_max_member_output_bytes(out.cap(scan));
        options.password = password.as_ref().map(|p| p.reveal().as_bytes());
        let read = archive
            .as_ref()
            .filter(|_| readable && out.room(scan))
            .and_then(|archive| archive.read_member_at_with_options(at, options).ok().flatten());
        match read {
            Some(bytes) => out.add(scan, member, bytes.into(), false),
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
