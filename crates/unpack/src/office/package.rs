//! A package of parts (OPC): parts by name, their content types, their relations; out of a zip or of one flat XML.
//!
//! Names are compared without case, with either slash, percent escapes undone, so that a part is found however its
//! relation spells it. Parts are read one by one when they are asked for.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use rustc_hash::FxHashMap;

use super::xml::{self, Event, Reader};
use crate::{Budget, archive::zip::ZipReader, gaps::Gaps, xlm::ooxml::Relation};

/// Parts of one package.
pub(crate) const PARTS_MAX: usize = 4_096;
/// Relations of one part.
const RELATIONS_MAX: usize = 8_192;

/// A part.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    /// Plain: `word/document.xml`.
    pub(crate) name: String,
    /// Content type, lower case; empty when none is declared.
    pub(crate) content_type: String,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// An entry of the zip.
    Zip(usize),
    /// The bytes themselves.
    Flat(Bytes),
}

impl Default for Source {
    fn default() -> Source {
        Source::Flat(Bytes::new())
    }
}

/// A package.
#[derive(Debug, Default)]
pub(crate) struct Package {
    zip: ZipReader,
    parts: Vec<Part>,
    /// Lower-case plain name to the first part of that name.
    index: FxHashMap<String, usize>,
    /// By the plain lower-case name of the part that has them.
    relations: FxHashMap<String, Vec<Relation>>,
    /// There are more parts than were taken.
    pub(crate) more: bool,
}

impl Package {
    /// Reads a zip's directory, content types and all relations.
    pub(crate) fn of_zip(bytes: &Bytes, budget: &mut Budget) -> Package {
        let zip = ZipReader::open(bytes);
        let mut package = Package { more: zip.more(), ..Package::default() };
        for (index, entry) in zip.entries().iter().enumerate().filter(|(_, e)| !e.folder) {
            package.add(&entry.name, String::new(), Source::Zip(index));
        }
        package.zip = zip;
        package.settle(budget);
        package
    }

    /// Reads one XML that holds all parts.
    pub(crate) fn of_flat(text: &str, budget: &mut Budget) -> Package {
        let mut package = Package::default();
        let mut reader = Reader::new(text);
        let (mut name, mut kind, mut begin, mut binary) =
            (String::new(), String::new(), None, None::<String>);
        while let Some(event) = reader.next() {
            match event {
                Event::Open(e, _) if e.name() == b"part" => {
                    name = e.attribute("name").unwrap_or_default();
                    kind = e.attribute("contentType").unwrap_or_default();
                }
                Event::Open(e, false) if e.name() == b"xmlData" => begin = Some(reader.position()),
                Event::Open(e, false) if e.name() == b"binaryData" => binary = Some(String::new()),
                Event::Text(t) => {
                    if let Some(binary) = &mut binary {
                        binary.extend(t.chars().filter(|c| !c.is_whitespace()));
                    }
                }
                Event::Close(end) if end == b"xmlData" => {
                    // The end tag itself is left out.
                    let inner = begin.take().and_then(|b| text.get(b..reader.position()));
                    let inner =
                        inner.and_then(|i| i.rfind('<').and_then(|at| i.get(..at))).unwrap_or_default();
                    package.add(&name, kind.clone(), Source::Flat(Bytes::copy_from_slice(inner.as_bytes())));
                }
                Event::Close(end) if end == b"binaryData" => {
                    let bytes = decode(&binary.take().unwrap_or_default());
                    budget.spend_bytes(bytes.len() as u64);
                    package.add(&name, kind.clone(), Source::Flat(bytes));
                }
                _ => {}
            }
        }
        package.settle(budget);
        package
    }

    fn add(&mut self, name: &str, content_type: String, source: Source) {
        if self.parts.len() >= PARTS_MAX {
            self.more = true;
            return;
        }
        let name = plain(name);
        self.index.entry(name.to_lowercase()).or_insert(self.parts.len());
        self.parts.push(Part { name, content_type: content_type.to_lowercase(), source });
    }

    fn settle(&mut self, budget: &mut Budget) {
        self.content_types(budget);
        let owners: Vec<(String, String)> =
            self.parts.iter().filter_map(|p| Some((p.name.clone(), owner(&p.name)?))).collect();
        for (name, owner) in owners {
            let Some(bytes) = self.find(&name).cloned().and_then(|p| self.read(&p, budget)) else { continue };
            let read = relations(&xml::decode(&bytes), &owner, &mut budget.gaps);
            self.relations.entry(owner.to_lowercase()).or_default().extend(read);
        }
    }

    fn content_types(&mut self, budget: &mut Budget) {
        let Some(bytes) = self.find("[Content_Types].xml").cloned().and_then(|p| self.read(&p, budget))
        else {
            return;
        };
        let text = xml::decode(&bytes);
        let (mut defaults, mut overrides) = (FxHashMap::default(), FxHashMap::default());
        let mut reader = Reader::new(&text);
        while let Some(event) = reader.next() {
            let Event::Open(e, _) = event else { continue };
            let (to, key) = match e.name() {
                b"Default" => (&mut defaults, e.attribute("Extension")),
                b"Override" => (&mut overrides, e.attribute("PartName").map(|n| plain(&n))),
                _ => continue,
            };
            if let (Some(key), Some(kind)) = (key, e.attribute("ContentType")) {
                to.entry(key.to_lowercase()).or_insert(kind.to_lowercase());
            }
        }
        for part in self.parts.iter_mut().filter(|p| p.content_type.is_empty()) {
            let name = part.name.to_lowercase();
            let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
            let kind = overrides.get(&name).or_else(|| defaults.get(extension));
            part.content_type = kind.cloned().unwrap_or_default();
        }
    }

    /// All parts, also those of the same name and those that nothing refers to.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The part of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Part> {
        self.parts.get(*self.index.get(&plain(name).to_lowercase())?)
    }

    /// A part's bytes, as many as the limits allow.
    pub(crate) fn read(&self, part: &Part, budget: &mut Budget) -> Option<Bytes> {
        match &part.source {
            Source::Flat(bytes) => Some(bytes.clone()),
            Source::Zip(index) => self.zip.read(self.zip.entries().get(*index)?, budget, None),
        }
    }

    /// Bytes that a part takes in the zip.
    pub(crate) fn packed_size(&self, part: &Part) -> Option<u64> {
        match &part.source {
            Source::Flat(_) => None,
            Source::Zip(index) => self.zip.entries().get(*index).map(|e| e.data.len() as u64),
        }
    }

    /// Relations of a part, of the package for an empty name.
    pub(crate) fn relations(&self, of: &str) -> &[Relation] {
        self.relations.get(&plain(of).to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// All relations with the part that has them, in a fixed order.
    pub(crate) fn all_relations(&self) -> Vec<(&str, &Relation)> {
        let mut out: Vec<(&str, &Relation)> =
            self.relations.iter().flat_map(|(of, all)| all.iter().map(move |r| (of.as_str(), r))).collect();
        out.sort_by(|a, b| (a.0, &a.1.id, &a.1.target).cmp(&(b.0, &b.1.id, &b.1.target)));
        out
    }

    /// The part that the package is about.
    pub(crate) fn main(&self) -> Option<&Part> {
        let main = self.relations("").iter().find(|r| last(&r.kind) == "officedocument" && !r.external);
        main.and_then(|r| self.find(&r.target))
    }

    /// The zip around it.
    pub(crate) fn zip(&self) -> &ZipReader {
        &self.zip
    }

    /// Types of the relations that lead to each part, last step of the URI, lower case.
    pub(crate) fn ways(&self) -> FxHashMap<String, Vec<String>> {
        let mut out: FxHashMap<String, Vec<String>> = FxHashMap::default();
        for relation in self.relations.values().flatten().filter(|r| !r.external) {
            out.entry(relation.target.to_lowercase()).or_default().push(last(&relation.kind));
        }
        out
    }
}

/// The last step of a relation's type, lower case.
pub(crate) fn last(kind: &str) -> String {
    kind.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

/// The part whose relations a part holds: `word/_rels/document.xml.rels` is about `word/document.xml`.
fn owner(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let at = lower.rfind("_rels/").filter(|at| *at == 0 || lower.as_bytes().get(at - 1) == Some(&b'/'))?;
    let stem = name.get(at + 6..)?;
    let stem = stem.get(..stem.len().checked_sub(5)?).filter(|_| lower.ends_with(".rels"))?;
    Some(format!("{}{stem}", name.get(..at)?))
}

fn relations(text: &str, owner: &str, gaps: &mut Gaps) -> Vec<Relation> {
    let mut out = Vec::new();
    let mut reader = Reader::new(text);
    while let Some(event) = reader.next() {
        let Event::Open(e, _) = event else { continue };
        if e.name() != b"Relationship" {
            continue;
        }
        if !gaps.room(out.len(), RELATIONS_MAX, "relations of a part") {
            break;
        }
        let target = e.attribute("Target").unwrap_or_default();
        let external = e.attribute("TargetMode").is_some_and(|m| m.eq_ignore_ascii_case("external"));
        out.push(Relation {
            id: e.attribute("Id").unwrap_or_default(),
            kind: e.attribute("Type").unwrap_or_default(),
            target: if external { target } else { resolve(owner, &target) },
            external,
        });
    }
    out
}

/// A target against the part that has the relation.
pub(crate) fn resolve(owner: &str, target: &str) -> String {
    let target = target.split('#').next().unwrap_or_default().replace('\\', "/");
    if target.starts_with('/') {
        return plain(&target);
    }
    let folder = owner.rsplit_once('/').map_or("", |(folder, _)| folder);
    plain(&format!("{folder}/{target}"))
}

/// A part's name with plain slashes, percent escapes undone, dots resolved, no slash in front.
pub(crate) fn plain(name: &str) -> String {
    let name = unescape(&name.replace('\\', "/"));
    let mut steps: Vec<&str> = Vec::new();
    for step in name.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

fn unescape(name: &str) -> String {
    if !name.contains('%') {
        return name.to_owned();
    }
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = match after {
            [a, b, ..] if byte == b'%' => char::from(*a).to_digit(16).zip(char::from(*b).to_digit(16)),
            _ => None,
        };
        if let Some((high, low)) = code {
            out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push(byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Base64 with or without blanks and padding; as far as it goes.
pub(crate) fn decode(text: &str) -> Bytes {
    let clean: Vec<u8> = text
        .bytes()
        .take_while(|b| *b != b'=')
        .filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        .collect();
    let whole = if clean.len() % 4 == 1 { clean.len() - 1 } else { clean.len() };
    let config = STANDARD_NO_PAD.decode(clean.get(..whole).unwrap_or_default());
    let lax = || {
        // The last digits carry bits that they should not: they are left out.
        let four = whole - whole % 4;
        STANDARD_NO_PAD.decode(clean.get(..four).unwrap_or_default()).unwrap_or_default()
    };
    Bytes::from(config.unwrap_or_else(|_| lax()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(plain(r"\xl\worksheets/..//Sheet%31.xml"), "xl/Sheet1.xml");
        assert_eq!(plain("/xl/%zz/./a"), "xl/%zz/a");
        assert_eq!(resolve("word/document.xml", "../custom/item.xml"), "custom/item.xml");
        assert_eq!(resolve("word/document.xml", "/xl/a.bin"), "xl/a.bin");
        assert_eq!(resolve("", r"xl\workbook.xml"), "xl/workbook.xml");
        assert_eq!(owner("word/_rels/document.xml.rels").as_deref(), Some("word/document.xml"));
        assert_eq!(owner("_rels/.rels").as_deref(), Some(""));
        assert_eq!(owner("word/_rels/x.xml"), None);
        assert_eq!(owner("my_rels/x.rels"), None);
        assert_eq!(&decode("SGk=\r\nx")[..], b"Hi\x00".get(..2).unwrap());
    }

    #[test]
    fn flat_packages() {
        let text = r#"<?xml version="1.0"?><pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">
            <pkg:part pkg:name="/_rels/.rels" pkg:contentType="application/vnd.openxmlformats-package.relationships+xml">
            <pkg:xmlData><Relationships><Relationship Id="r" Type="x/officeDocument" Target="word/document.xml"/>
            </Relationships></pkg:xmlData></pkg:part>
            <pkg:part pkg:name="/word/document.xml" pkg:contentType="Main+xml"><pkg:xmlData><w:a>x</w:a></pkg:xmlData></pkg:part>
            <pkg:part pkg:name="/word/a.bin"><pkg:binaryData>SGVs
            bG8=</pkg:binaryData></pkg:part></pkg:package>"#;
        let mut budget = Budget::new(1);
        let package = Package::of_flat(text, &mut budget);
        let main = package.main().cloned().unwrap();
        assert_eq!((main.name.as_str(), main.content_type.as_str()), ("word/document.xml", "main+xml"));
        assert_eq!(&package.read(&main, &mut budget).unwrap()[..], b"<w:a>x</w:a>");
        let bin = package.find(r"\WORD\A.BIN").cloned().unwrap();
        assert_eq!(&package.read(&bin, &mut budget).unwrap()[..], b"Hello");
    }
}
