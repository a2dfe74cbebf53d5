//! Which parts of a message get a banner, and the patch of each.

use std::borrow::Cow;

use sekisho_mail::{Html, Leaf, Message, Structure, TransferEncoding, charset, leaf, limits::TEXT_BYTES_MAX};
use sekisho_record::Patch;

use super::{
    Banner, Dressed, Gap,
    armour::{self, Armour},
    coding::Coding,
    html, place,
    snippet::Snippet,
    text, weave,
    words::{Said, Words, said},
};
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
    let tailor = Tailor {
        wanted: said(banner, Words::of(&banner.language)),
        english: said(banner, Words::of("en")),
        line_end: if apply::line_end(raw) == b"\n" { "\n" } else { "\r\n" },
    };
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
            Ok(patch) => {
                let at = patch.at + (leaf.body.start as usize).saturating_sub(structure.body);
                out.change.body.push(Patch { at, ..patch });
                out.parts += 1;
            }
            Err(gap) => out.gaps.push((gap, Some(leaf.body))),
        }
    }
    if out.parts == 0 && out.gaps.is_empty() {
        out.gaps.push((Gap::NoText, None));
    }
    out
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
fn closed(leaf: &Leaf) -> Option<Gap> {
    let smime = matches!(leaf.media_type.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime");
    if leaf.is_in("encrypted") || (smime && leaf.smime.as_deref() != Some("signed-data")) {
        return Some(Gap::Encrypted);
    }
    (smime || leaf.is_in("signed")).then_some(Gap::Signed)
}

/// What kinds of text get a banner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Html,
}

fn kind(leaf: &Leaf) -> Option<Kind> {
    match leaf.media_type.as_str() {
        "text/plain" => Some(Kind::Plain),
        "text/html" | "application/xhtml+xml" => Some(Kind::Html),
        // What mail programs show as text: a multipart without parts.
        media if media.starts_with("multipart/") => Some(Kind::Plain),
        _ => None,
    }
}

/// Cuts banners to parts.
struct Tailor {
    wanted: Said,
    english: Said,
    line_end: &'static str,
}

impl Tailor {
    /// The patch of a part, counted from its first encoded byte.
    fn part(&self, encoded: &[u8], leaf: &Leaf, out: &mut Dressed) -> Result<Patch, Gap> {
        let (bytes, _) = leaf.encoding.decode(encoded);
        let coding = Coding::of(&bytes, leaf.charset.as_deref());
        let page = Page { encoded, bytes, leaf, coding };
        match kind(leaf) {
            Some(Kind::Html) => self.html(&page, out),
            _ => self.plain(&page, out),
        }
    }

    fn plain(&self, page: &Page<'_>, out: &mut Dressed) -> Result<Patch, Gap> {
        if let Some(gap) = armoured(&page.bytes) {
            return Err(gap);
        }
        let eight = page.leaf.encoding != TransferEncoding::Identity
            || matches!(page.leaf.encoding_label.as_deref(), Some("8bit" | "binary"))
            || !page.encoded.is_ascii();
        let fits = |snippet: &Snippet| eight || snippet.padded(0, 1).is_ascii();
        let wanted = text::render(&self.wanted, self.line_end).written(|text| page.coding.write(text));
        let snippet = match wanted.filter(fits) {
            Some(snippet) => snippet,
            None => {
                out.gaps.push((Gap::Language, Some(page.leaf.body)));
                let ascii = |text: &str| {
                    text.chars().map(|c| if c.is_ascii() { c } else { plainer(c) }).collect::<String>()
                };
                let write =
                    |text: &str| page.coding.write_anyhow(&if eight { text.to_owned() } else { ascii(text) });
                text::render(&self.english, self.line_end).written(write).ok_or(Gap::Encoding)?
            }
        };
        let at = page.coding.view(&page.bytes).offset(0).min(page.bytes.len());
        page.weave(at, &snippet, self.line_end).ok_or(Gap::Encoding)
    }

    /// What a reader sees of the HTML banner.
    fn words(&self) -> String {
        let alone = html::render(&self.wanted, &Armour::default(), "\n").padded(0, 1);
        Html::parse(&String::from_utf8_lossy(&alone)).display_text.trim().to_owned()
    }

    fn html(&self, page: &Page<'_>, out: &mut Dressed) -> Result<Patch, Gap> {
        let view = page.coding.view(&page.bytes);
        let places = place::find(&view.units);
        let tree = page.tree();
        let mut armour = armour::needed(&tree);
        if page.leaf.media_type == "application/xhtml+xml" {
            // Tags that are not closed would break it.
            armour = Armour { root: None, plane: false, ..armour };
        }
        let usual = if armour.root.is_some() { places.top } else { places.body };
        let shown = Armour { root: Some(armour.root.clone().unwrap_or_default()), ..armour.clone() };
        let words = self.words();
        let mut unseen = None;
        for (unit, armour) in [(usual, &armour), (places.top, &shown), (0, &shown)] {
            let at = view.offset(unit).min(page.bytes.len());
            let snippet = html::render(&self.wanted, armour, self.line_end);
            let Some(written) = snippet.written(|text| page.coding.write(text)) else { continue };
            let Some(patch) = page.weave(at, &written, self.line_end) else { continue };
            if page.shows(at, &written, &words) {
                return Ok(patch);
            }
            unseen.get_or_insert(patch);
        }
        if unseen.is_some() {
            out.gaps.push((Gap::Hidden, Some(page.leaf.body)));
        }
        unseen.ok_or(Gap::Encoding)
    }
}

/// The nearest ASCII character.
fn plainer(c: char) -> char {
    if matches!(c, '“' | '”' | '„') { '"' } else { '?' }
}

/// A part while it is dressed.
struct Page<'a> {
    encoded: &'a [u8],
    bytes: Cow<'a, [u8]>,
    leaf: &'a Leaf,
    coding: Coding,
}

impl Page<'_> {
    fn weave(&self, at: usize, snippet: &Snippet, line_end: &str) -> Option<Patch> {
        weave::weave(self.encoded, self.leaf.encoding, at, snippet, line_end)
    }

    /// The page as it came.
    fn tree(&self) -> Html {
        let bytes = self.bytes.get(..TEXT_BYTES_MAX).unwrap_or(&self.bytes);
        Html::parse(&charset::decode(bytes, self.leaf.charset.as_deref()).text)
    }

    /// The visible text of the dressed page begins with the banner's words.
    fn shows(&self, at: usize, written: &Snippet, words: &str) -> bool {
        let (before, after) = self.bytes.split_at_checked(at).unwrap_or((&self.bytes, &[]));
        let after = after.get(..TEXT_BYTES_MAX).unwrap_or(after);
        let dressed = [before, &written.padded(0, 1), after].concat();
        let page = charset::decode(&dressed, self.leaf.charset.as_deref());
        Html::parse(&page.text).display_text.starts_with(words)
    }
}

/// OpenPGP's armour in a text: a change above it may be taken for a part of it.
fn armoured(bytes: &[u8]) -> Option<Gap> {
    let has = |line: &[u8]| {
        memchr::memmem::find_iter(bytes, line).any(|at| at == 0 || bytes.get(at - 1) == Some(&b'\n'))
    };
    if has(b"-----BEGIN PGP MESSAGE-----") {
        return Some(Gap::Encrypted);
    }
    has(b"-----BEGIN PGP SIGNED MESSAGE-----").then_some(Gap::Signed)
}
