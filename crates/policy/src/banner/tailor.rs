//! Cuts a banner to one part: its patches.

use std::{borrow::Cow, cell::Cell};

use sekisho_mail::{Html, Leaf, TransferEncoding, charset, limits::TEXT_BYTES_MAX};
use sekisho_record::Patch;

use super::{
    Banner, Dressed, Gap,
    armour::{self, Armour},
    coding::{Coding, View},
    html, imitation,
    parts::{Kind, kind},
    place,
    snippet::Snippet,
    text, weave,
    words::{Said, Words, said},
};

use crate::limits::BANNER_IMITATIONS_MAX;

/// Cuts banners to parts.
pub(super) struct Tailor {
    wanted: Said,
    english: Said,
    line_end: &'static str,
    /// How many more notices the message may get.
    notices: Cell<usize>,
}

impl Tailor {
    /// For a message with this line end.
    pub(super) fn new(banner: &Banner, line_end: &'static str) -> Self {
        let (wanted, english) = (said(banner, Words::of(&banner.language)), said(banner, Words::of("en")));
        Self { wanted, english, line_end, notices: Cell::new(BANNER_IMITATIONS_MAX) }
    }

    /// The patches of a part, ascending, counted from its first encoded byte.
    pub(super) fn part(&self, encoded: &[u8], leaf: &Leaf, out: &mut Dressed) -> Result<Vec<Patch>, Gap> {
        let (bytes, _) = leaf.encoding.decode(encoded);
        let coding = Coding::of(&bytes, leaf.charset.as_deref());
        let view = coding.view(&bytes);
        let page = Page { encoded, bytes, view, leaf, coding, line_end: self.line_end };
        match kind(leaf) {
            Some(Kind::Html) => self.html(&page, out),
            _ => self.plain(&page, out),
        }
    }

    /// A part with nothing but the banner, and the boundary line behind it.
    pub(super) fn own_part(&self, boundary: &[u8]) -> Vec<u8> {
        let end = self.line_end;
        let mut out = format!(
            "Content-Type: text/html; charset=us-ascii{end}Content-Transfer-Encoding: 7bit{end}Content-Disposition: inline{end}{end}"
        )
        .into_bytes();
        out.extend(html::render(&self.wanted, &Armour::default(), end).padded(0, 1));
        out.extend_from_slice(end.as_bytes());
        out.extend_from_slice(boundary);
        out.extend_from_slice(end.as_bytes());
        out
    }

    fn plain(&self, page: &Page<'_>, out: &mut Dressed) -> Result<Vec<Patch>, Gap> {
        if let Some(gap) = armoured(&page.bytes) {
            return Err(gap);
        }
        let (mut said, mut fallback) = (&self.wanted, false);
        if page.text(&text::render(said, self.line_end), false).is_none() {
            out.gaps.push((Gap::Language, Some(page.leaf.body)));
            (said, fallback) = (&self.english, true);
        }
        let imitated = imitation::is_in(&page.decoded(&page.bytes));
        let mut places = if imitated { imitation::lines(&page.view.units) } else { Vec::new() };
        places.truncate(self.notices.get());
        let mut own = Cow::Borrowed(said);
        if imitated && places.is_empty() {
            own.to_mut().sentences.push(said.imitation.clone());
        }
        let snippet = page.text(&text::render(&own, self.line_end), fallback).ok_or(Gap::Encoding)?;
        let mut patches = vec![page.weave(page.at(0), &snippet).ok_or(Gap::Encoding)?];
        if let Some(notice) = page.text(&text::notice(said, self.line_end), fallback) {
            self.notices(page, &places, &notice, &mut patches);
        }
        out.imitations += usize::from(imitated);
        Ok(patches)
    }

    /// Adds notices behind the banner's patch, as far as none touches another.
    fn notices(&self, page: &Page<'_>, places: &[usize], notice: &Snippet, patches: &mut Vec<Patch>) {
        for place in places.iter().take(self.notices.get()) {
            let end = patches.last().map_or(0, |last| last.at + last.cut);
            if let Some(patch) = page.weave(page.at(*place), notice)
                && patch.at >= end
            {
                patches.push(patch);
                self.notices.set(self.notices.get().saturating_sub(1));
            }
        }
    }

    fn html(&self, page: &Page<'_>, out: &mut Dressed) -> Result<Vec<Patch>, Gap> {
        let tree = Html::parse(&page.decoded(&page.bytes));
        if !imitation::is_in(&tree.display_text) {
            return self.banner(page, &tree, &self.wanted, out);
        }
        out.imitations += 1;
        let notice = html::notice(&self.wanted, self.line_end);
        let written = page.written(&notice).ok_or(Gap::Encoding)?;
        let mut patches = self.banner(page, &tree, &self.wanted, &mut Dressed::default())?;
        let places = imitation::texts(&page.view.units);
        self.notices(page, &places, &written, &mut patches);
        // Where the notice is not seen (the imitation is written so that no search finds it), the banner tells.
        let dressed = page.patched(&patches);
        let shown = Html::parse(&page.decoded(&dressed)).display_text;
        if patches.len() > 1 && shown.contains(&html::seen(&notice)) {
            return Ok(patches);
        }
        let mut told = self.wanted.clone();
        told.sentences.push(told.imitation.clone());
        self.banner(page, &tree, &told, out)
    }

    /// The banner in a page.
    fn banner(
        &self,
        page: &Page<'_>,
        tree: &Html,
        said: &Said,
        out: &mut Dressed,
    ) -> Result<Vec<Patch>, Gap> {
        let places = place::find(&page.view.units);
        let mut armour = armour::needed(tree);
        if page.leaf.media_type == "application/xhtml+xml" {
            // Tags that are not closed would break it.
            armour = Armour { root: None, plane: false, ..armour };
        }
        let usual = if armour.root.is_some() { places.top } else { places.body };
        let shown = Armour { root: Some(armour.root.clone().unwrap_or_default()), ..armour.clone() };
        let words = html::seen(&html::render(said, &Armour::default(), "\n"));
        let mut unseen = None;
        for (unit, armour) in [(usual, &armour), (places.top, &shown), (0, &shown)] {
            let Some(written) = page.written(&html::render(said, armour, self.line_end)) else { continue };
            let Some(patch) = page.weave(page.at(unit), &written) else { continue };
            if page.begins_with(page.at(unit), &written, &words) {
                return Ok(vec![patch]);
            }
            unseen.get_or_insert(patch);
        }
        if unseen.is_some() {
            out.gaps.push((Gap::Hidden, Some(page.leaf.body)));
        }
        unseen.map(|patch| vec![patch]).ok_or(Gap::Encoding)
    }
}

/// A part while it is dressed.
struct Page<'a> {
    encoded: &'a [u8],
    bytes: Cow<'a, [u8]>,
    view: View,
    leaf: &'a Leaf,
    coding: Coding,
    line_end: &'static str,
}

impl Page<'_> {
    /// Where a unit stands in the decoded bytes.
    fn at(&self, unit: usize) -> usize {
        self.view.offset(unit).min(self.bytes.len())
    }

    fn weave(&self, at: usize, snippet: &Snippet) -> Option<Patch> {
        weave::weave(self.encoded, self.leaf.encoding, at, snippet, self.line_end)
    }

    /// A snippet in the part's charset.
    fn written(&self, snippet: &Snippet) -> Option<Snippet> {
        snippet.written(|text| self.coding.write(text))
    }

    /// The same for plain text, which must not bring eight-bit bytes into a part of seven; with `anyhow` with other
    /// characters where the charset lacks some.
    fn text(&self, snippet: &Snippet, anyhow: bool) -> Option<Snippet> {
        let eight = self.leaf.encoding != TransferEncoding::Identity
            || matches!(self.leaf.encoding_label.as_deref(), Some("8bit" | "binary"))
            || !self.encoded.is_ascii();
        if anyhow {
            let ascii =
                |text: &str| text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect::<String>();
            return snippet.written(|text| {
                self.coding.write_anyhow(&if eight { text.to_owned() } else { ascii(text) })
            });
        }
        self.written(snippet).filter(|snippet| eight || snippet.padded(0, 1).is_ascii())
    }

    /// As a reader's program decodes it.
    fn decoded<'b>(&self, bytes: &'b [u8]) -> Cow<'b, str> {
        let bytes = bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes);
        charset::decode(bytes, self.leaf.charset.as_deref()).text
    }

    /// The decoded bytes with patches.
    fn patched(&self, patches: &[Patch]) -> Vec<u8> {
        let mut encoded = Vec::new();
        crate::apply::patched(&mut encoded, self.encoded, patches);
        self.leaf.encoding.decode(&encoded).0.into_owned()
    }

    /// The visible text of the page begins with these words when the snippet stands there.
    fn begins_with(&self, at: usize, written: &Snippet, words: &str) -> bool {
        let (before, after) = self.bytes.split_at_checked(at).unwrap_or((&self.bytes, &[]));
        let dressed = [before, &written.padded(0, 1), after].concat();
        Html::parse(&self.decoded(&dressed)).display_text.starts_with(words)
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
