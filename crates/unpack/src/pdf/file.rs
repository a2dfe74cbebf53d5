//! A PDF file as a list of its objects, found by scanning; cross-reference tables are not needed.

use bytes::Bytes;
use memchr::memmem;
use rustc_hash::FxHashMap;

use super::{
    crypt::Crypt,
    filter,
    object::{Dict, Lexer, Obj, blank},
};
use crate::{budget::Budget, limits::MEMBER_BYTES_MAX};

/// Objects kept.
const OBJECTS_MAX: usize = 400_000;
/// References followed in a row: readers follow no more.
const HOPS_MAX: usize = 16;
/// Steps of an object.
const STEPS_PER_OBJECT: u64 = 3;
/// Object streams unpacked.
const OBJECT_STREAMS_MAX: usize = 4_000;
/// Trailers that are read: each says the same of the file or is not the last.
const TRAILERS_MAX: usize = 64;
/// Bytes of a trailer.
const TRAILER_BYTES_MAX: usize = 16 << 10;

/// An object of the file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) number: u32,
    pub(super) generation: u16,
    pub(super) object: Obj,
    /// Where its stream's bytes are.
    pub(super) stream: Option<(usize, usize)>,
    /// It was in an object stream.
    pub(super) packed: bool,
}

pub(super) struct Pdf {
    bytes: Bytes,
    pub(super) entries: Vec<Entry>,
    by_number: FxHashMap<u32, usize>,
    pub(super) trailer: Dict,
    pub(super) crypt: Option<Crypt>,
    pub(super) encrypted: bool,
    pub(super) disguised: Option<String>,
    pub(super) version: String,
    /// It has a cross-reference stream.
    pub(super) has_xref_stream: bool,
}

impl Pdf {
    pub(super) fn read(bytes: &Bytes, budget: &mut Budget) -> Pdf {
        let mut pdf = Pdf {
            bytes: bytes.clone(),
            entries: Vec::new(),
            by_number: FxHashMap::default(),
            trailer: Dict::default(),
            crypt: None,
            encrypted: false,
            disguised: None,
            version: version(bytes),
            has_xref_stream: false,
        };
        pdf.find_objects(budget);
        pdf.find_trailers(budget);
        pdf.encrypted = pdf.trailer.get("Encrypt").is_some_and(|e| *e != Obj::Null);
        if pdf.encrypted {
            pdf.crypt = Crypt::open(&pdf);
            pdf.decrypt_strings();
        }
        pdf.unpack_objects(budget);
        pdf
    }

    fn find_objects(&mut self, budget: &mut Budget) {
        let bytes = self.bytes.clone();
        let finder = memmem::Finder::new(b"obj");
        let (mut at, mut endless) = (0, false);
        while let Some(found) = finder.find(bytes.get(at..).unwrap_or_default()).map(|n| n + at) {
            at = found + 3;
            let Some((number, generation)) = heading(&bytes, found) else { continue };
            let room = budget.gaps.room(self.entries.len(), OBJECTS_MAX, "objects");
            if !room || !budget.spend(STEPS_PER_OBJECT) {
                return;
            }
            let mut lexer = Lexer::new(&bytes, at);
            let object = lexer.object(0).unwrap_or_default();
            self.disguised = self.disguised.take().or(lexer.disguised.take());
            lexer.cut(&mut budget.gaps);
            at = at.max(lexer.at);
            let stream = object.dict().and_then(|dict| stream_range(&bytes, lexer.at, dict, &mut endless));
            if let Some((_, end)) = stream {
                at = at.max(end);
            }
            self.add(Entry { number, generation, object, stream, packed: false });
        }
    }

    fn add(&mut self, entry: Entry) {
        self.by_number.insert(entry.number, self.entries.len());
        self.entries.push(entry);
    }

    fn find_trailers(&mut self, budget: &mut Budget) {
        let bytes = self.bytes.clone();
        let mut found: Vec<Dict> = Vec::new();
        for at in budget.gaps.most(memmem::find_iter(&bytes, b"trailer"), TRAILERS_MAX, "trailers") {
            let window = bytes.get(at + 7..).unwrap_or_default();
            let window = window.get(..TRAILER_BYTES_MAX).unwrap_or(window);
            if let Some(Obj::Dict(dict)) = Lexer::new(window, 0).object(0) {
                found.push(dict);
            }
        }
        for entry in &self.entries {
            if let Some(dict) = entry.object.dict()
                && dict.name("Type") == "XRef"
            {
                self.has_xref_stream = true;
                if budget.gaps.room(found.len(), 2 * TRAILERS_MAX, "cross-reference streams") {
                    found.push(dict.clone());
                }
            }
        }
        for dict in found {
            for (key, value) in dict.0 {
                if matches!(key.as_str(), "Root" | "Info" | "Encrypt" | "ID") {
                    self.trailer.0.retain(|(k, _)| *k != key);
                    self.trailer.0.push((key, value));
                }
            }
        }
        if self.trailer.get("Root").is_none() {
            let catalog =
                self.entries.iter().find(|e| e.object.dict().is_some_and(|d| d.name("Type") == "Catalog"));
            if let Some(number) = catalog.map(|e| e.number) {
                self.trailer.0.push(("Root".to_owned(), Obj::Ref(number)));
            }
        }
    }

    fn decrypt_strings(&mut self) {
        let Some(crypt) = &self.crypt else { return };
        let own = match self.trailer.get("Encrypt") {
            Some(Obj::Ref(number)) => Some(*number),
            _ => None,
        };
        for entry in self.entries.iter_mut().filter(|e| Some(e.number) != own) {
            crypt.strings(&mut entry.object, entry.number, entry.generation);
        }
    }

    fn unpack_objects(&mut self, budget: &mut Budget) {
        let streams: Vec<usize> = (0..self.entries.len())
            .filter(|at| {
                let dict = self.entries.get(*at).and_then(|e| e.object.dict());
                dict.is_some_and(|d| d.name("Type") == "ObjStm")
            })
            .collect();
        for index in budget.gaps.most(streams, OBJECT_STREAMS_MAX, "object streams") {
            let Some(entry) = self.entries.get(index) else { continue };
            let number = |key: &str| {
                let value = entry.object.dict().and_then(|d| d.get(key)).map(|o| self.resolve(o));
                value.and_then(Obj::number).map_or(0, |n| n.max(0.0) as usize)
            };
            let (count, first) = (number("N"), number("First"));
            let Some((data, _)) = self.data(entry, budget) else { continue };
            if !budget.spend(1 + data.len() as u64 / 256) {
                return;
            }
            let mut heads = Lexer::new(&data, 0);
            heads.content = true;
            // Places that overlap would read the same bytes again and again.
            let mut room = data.len().saturating_mul(2);
            for _ in 0..count.min(data.len()) {
                let (Some(Obj::Num(number)), Some(Obj::Num(offset))) = (heads.object(0), heads.object(0))
                else {
                    break;
                };
                if heads.at > first.max(1) || !budget.gaps.room(self.entries.len(), OBJECTS_MAX, "objects") {
                    break;
                }
                if room == 0 {
                    budget.gaps.cut("objects of an object stream overlap, and not all were read");
                    break;
                }
                let start = first.saturating_add(offset.max(0.0) as usize);
                let mut lexer = Lexer::new(&data, start);
                let object = lexer.object(0).unwrap_or_default();
                room = room.saturating_sub(lexer.at.saturating_sub(start));
                self.disguised = self.disguised.take().or(lexer.disguised.take());
                lexer.cut(&mut budget.gaps);
                let number = number.max(0.0) as u32;
                // An object of the file that stands behind the stream is the newer one.
                let newer = self.by_number.get(&number).is_some_and(|at| *at > index && !self.is_packed(*at));
                let entry = Entry { number, generation: 0, object, stream: None, packed: true };
                if newer { self.entries.push(entry) } else { self.add(entry) }
            }
        }
    }

    fn is_packed(&self, at: usize) -> bool {
        self.entries.get(at).is_some_and(|e| e.packed)
    }

    pub(super) fn entry(&self, number: u32) -> Option<&Entry> {
        self.by_number.get(&number).and_then(|at| self.entries.get(*at))
    }

    /// Follows references.
    pub(super) fn resolve<'a>(&'a self, object: &'a Obj) -> &'a Obj {
        let mut at = object;
        for _ in 0..HOPS_MAX {
            match at {
                Obj::Ref(number) => match self.entry(*number) {
                    Some(entry) => at = &entry.object,
                    None => return &Obj::Null,
                },
                other => return other,
            }
        }
        &Obj::Null
    }

    pub(super) fn get<'a>(&'a self, dict: &'a Dict, key: &str) -> &'a Obj {
        dict.get(key).map_or(&Obj::Null, |o| self.resolve(o))
    }

    pub(super) fn dict<'a>(&'a self, dict: &'a Dict, key: &str) -> Option<&'a Dict> {
        self.get(dict, key).dict()
    }

    /// The entry that a reference names, when it is a stream.
    pub(super) fn stream_of(&self, object: &Obj) -> Option<&Entry> {
        match object {
            Obj::Ref(number) => self.entry(*number).filter(|e| e.stream.is_some()),
            _ => None,
        }
    }

    /// A stream's bytes, unpacked, and the picture's filter that is left.
    pub(super) fn data(&self, entry: &Entry, budget: &mut Budget) -> Option<(Vec<u8>, Option<String>)> {
        let (start, end) = entry.stream?;
        let dict = entry.object.dict()?;
        let raw = self.bytes.get(start..end)?;
        let filters = self.filters(dict);
        let cap = MEMBER_BYTES_MAX.min(budget.out_bytes_left()) as usize;
        if cap == 0 || !budget.spend(1 + raw.len() as u64 / 512) {
            return None;
        }
        let plain = matches!(dict.name("Type"), "XRef") || filters.iter().any(|f| f.0 == "Crypt");
        let opened =
            self.crypt.as_ref().filter(|_| !plain).map(|c| c.stream(raw, entry.number, entry.generation));
        let (out, left) = filter::decode(opened.as_deref().unwrap_or(raw), &filters, cap);
        if out.len() >= cap {
            budget.gaps.cut("only the beginning of a stream was unpacked");
        }
        if filters.len() > filter::FILTERS_MAX {
            budget.gaps.over(filter::FILTERS_MAX, "filters of a stream");
        }
        budget.spend_bytes(out.len() as u64);
        Some((out, left))
    }

    fn filters(&self, dict: &Dict) -> Vec<(String, Dict)> {
        let list = |long: &str, short: &str| {
            let value = match self.get(dict, long) {
                Obj::Null => self.get(dict, short),
                found => found,
            };
            match value {
                Obj::Array(items) => items.iter().map(|i| self.resolve(i)).collect(),
                Obj::Null => Vec::new(),
                one => vec![one],
            }
        };
        let params = list("DecodeParms", "DP");
        let names = list("Filter", "F").into_iter().enumerate();
        names
            .filter_map(|(at, name)| match name {
                Obj::Name(name) => {
                    Some((name.clone(), params.get(at).and_then(|p| p.dict()).cloned().unwrap_or_default()))
                }
                _ => None,
            })
            .collect()
    }
}

fn version(bytes: &[u8]) -> String {
    let head = bytes.get(..1_040.min(bytes.len())).unwrap_or_default();
    let at = memmem::find(head, b"%PDF-").map_or(0, |n| n + 5);
    let text =
        head.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit() || **b == b'.').take(4);
    text.map(|b| *b as char).collect()
}

/// The two numbers before `obj`.
fn heading(bytes: &[u8], at: usize) -> Option<(u32, u16)> {
    let before = bytes.get(at.saturating_sub(32)..at)?;
    let back = |from: usize, fits: fn(u8) -> bool| {
        let part = before.get(..from).unwrap_or_default();
        from - part.iter().rev().take_while(|b| fits(**b)).count()
    };
    let digit = |b: u8| b.is_ascii_digit();
    let generation_end = back(before.len(), blank);
    let generation_start = back(generation_end, digit);
    let number_end = back(generation_start, blank);
    let number_start = back(number_end, digit);
    if generation_start == generation_end || number_end == generation_start || number_start == number_end {
        return None;
    }
    let text = |from: usize, to: usize| std::str::from_utf8(before.get(from..to)?).ok();
    let number = text(number_start, number_end)?.parse().ok()?;
    Some((number, text(generation_start, generation_end)?.parse().unwrap_or(0)))
}

/// Where the bytes of a stream are: by its length when `endstream` stands there, else by looking for it. `endless`
/// says that there is none any more, so that it is not looked for again.
fn stream_range(bytes: &[u8], at: usize, dict: &Dict, endless: &mut bool) -> Option<(usize, usize)> {
    let mut lexer = Lexer::new(bytes, at);
    lexer.skip();
    if bytes.get(lexer.at..lexer.at + 6)? != b"stream" {
        return None;
    }
    let mut start = lexer.at + 6;
    start += match (bytes.get(start), bytes.get(start + 1)) {
        (Some(b'\r'), Some(b'\n')) => 2,
        (Some(b'\r' | b'\n'), _) => 1,
        _ => 0,
    };
    if let Some(Obj::Num(length)) = dict.get("Length") {
        let end = start.saturating_add(length.max(0.0) as usize);
        let behind = bytes.get(end..end.saturating_add(16).min(bytes.len())).unwrap_or_default();
        if memmem::find(behind, b"endstream").is_some_and(|n| n <= 4) {
            return Some((start, end));
        }
    }
    let rest = bytes.get(start..).unwrap_or_default();
    let end = if *endless { None } else { memmem::find(rest, b"endstream") };
    *endless |= end.is_none();
    let length = end.or_else(|| memmem::find(rest, b"endobj")).unwrap_or(rest.len());
    Some((start, start + length))
}
