//! Which parts of a message get a banner.

use sekisho_mail::{Leaf, Message, Structure, leaf};
use sekisho_record::Patch;

use super::{Banner, Dressed, Gap, tailor::Tailor};
use crate::{
    apply,
    limits::{BANNER_MESSAGE_BYTES_MAX, BANNER_PARTS_MAX},
};

/// The patches of the body, and what was left out; no header fields yet.
pub(super) fn dress(raw: &[u8], message: &Message, banner: &Banner) -> Dressed {
    let mut out = Dressed::default();
    let structure = leaf::structure(raw, message);
    if let Some(gap) = untouchable(raw, message, &structure) {
        out.gaps.push((gap, None));
        return out;
    }
    let line_end = if apply::line_end(raw) == b"\n" { "\n" } else { "\r\n" };
    let tailor = Tailor::new(banner, line_end);
    for leaf in &structure.leaves {
        if let Some(gap) = closed(leaf) {
            out.gaps.push((gap, Some(leaf.body)));
            continue;
        }
        if !leaf.shown || kind(leaf).is_none() {
            continue;
        }
        if out.parts >= BANNER_PARTS_MAX {
            out.gaps.push((Gap::OverLimit, Some(leaf.body)));
            break;
        }
        match tailor.part(leaf.body.slice(raw), leaf, &mut out) {
            Ok(patches) => {
                let start = (leaf.body.start as usize).saturating_sub(structure.body);
                let moved = patches.into_iter().map(|patch| Patch { at: patch.at + start, ..patch });
                out.change.body.extend(moved);
                out.parts += 1;
            }
            Err(gap) => out.gaps.push((gap, Some(leaf.body))),
        }
    }
    if out.parts == 0 && out.gaps.is_empty() {
        match own_part(raw, &structure, &tailor) {
            Some(patch) => {
                out.change.body.push(patch);
                out.parts = 1;
            }
            None => out.gaps.push((Gap::NoText, None)),
        }
    }
    out
}

/// A part of our own, before all others of a message of files.
fn own_part(raw: &[u8], structure: &Structure, tailor: &Tailor) -> Option<Patch> {
    let first = structure.leaves.first().filter(|leaf| leaf.above == "mixed/")?;
    let at = first.head.start as usize;
    // The line that the first part begins with.
    let line = raw.get(..at)?.strip_suffix(b"\n")?;
    let line = line.get(memchr::memrchr(b'\n', line).map_or(0, |end| end + 1)..)?.trim_ascii_end();
    let put = tailor.own_part(line.starts_with(b"--").then_some(line)?);
    Some(Patch { at: at.checked_sub(structure.body)?, cut: 0, put })
}

/// Why nothing of the message may be changed.
fn untouchable(raw: &[u8], message: &Message, structure: &Structure) -> Option<Gap> {
    if raw.len() > BANNER_MESSAGE_BYTES_MAX {
        return Some(Gap::OverLimit);
    }
    let body = apply::body_start(raw);
    let ended = matches!(raw.get(..body), Some([.., b'\n', b'\n'] | [.., b'\n', b'\r', b'\n']));
    if message.fields.is_empty() || structure.head != 0 || structure.body != body || !ended {
        return Some(Gap::Malformed);
    }
    let partly = |value: &str| {
        value.split(';').any(|tag| {
            tag.trim_start().starts_with(['l', 'L'])
                && tag.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("l"))
        })
    };
    if message.fields_named("DKIM-Signature").any(|field| partly(&field.value)) {
        return Some(Gap::PartlySigned);
    }
    let any = |wanted: fn(&Leaf) -> bool| structure.leaves.iter().any(wanted);
    if any(|leaf| leaf.media_type == "text/calendar" && (leaf.above.is_empty() || leaf.is_in("alternative")))
    {
        return Some(Gap::Calendar);
    }
    if any(|leaf| matches!(leaf.media_type.as_str(), "application/ms-tnef" | "application/vnd.ms-tnef")) {
        return Some(Gap::Tnef);
    }
    any(|leaf| leaf.above.starts_with("report/")).then_some(Gap::Report)
}

/// Why a leaf may not be changed.
pub(super) fn closed(leaf: &Leaf) -> Option<Gap> {
    let smime = matches!(leaf.media_type.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime");
    if leaf.is_in("encrypted") || (smime && leaf.smime.as_deref() != Some("signed-data")) {
        return Some(Gap::Encrypted);
    }
    (smime || leaf.is_in("signed")).then_some(Gap::Signed)
}

/// What kinds of text get a banner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `text/plain`, or what programs take for it.
    Plain,
    /// HTML.
    Html,
}

pub(super) fn kind(leaf: &Leaf) -> Option<Kind> {
    match leaf.media_type.as_str() {
        "text/plain" => Some(Kind::Plain),
        "text/html" | "application/xhtml+xml" => Some(Kind::Html),
        // What mail programs show as text: a multipart without parts.
        media if media.starts_with("multipart/") => Some(Kind::Plain),
        _ => None,
    }
}
