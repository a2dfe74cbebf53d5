//! Takes a VBA project out of a compound file: modules with their source, forms, literals of the compiled code, and
//! whether the project is damaged, locked or stomped.
//!
//! The directory of modules (`dir`) is read record by record and never trusted: a module may stand under any of three
//! names, and code that no directory names is found by its bytes (every module begins with `Attribut`).

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use bytes::Bytes;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    forms::{self, Form},
    ovba, pcode,
};
use crate::{
    Derived, Id, Place, Severity,
    limits::MEMBER_BYTES_MAX,
    ole::{
        cfb::{Cfb, Entry, u32_at},
        codepage,
    },
    scan::Scan,
};

/// Modules of one file.
const MODULES_MAX: usize = 1_000;
/// `VBA` storages of one file.
const STORAGES_MAX: usize = 32;
/// Bytes of a damaged project's streams from which on there was something in it.
const CODE_BYTES: u64 = 1_024;

/// What a module belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ModuleKind {
    Standard,
    /// `ThisDocument`, `ThisWorkbook`, a sheet.
    Document,
    Class,
    /// The code of a UserForm.
    Form,
    #[default]
    Unknown,
}

/// A module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Module {
    pub(crate) name: String,
    /// Path of its stream.
    pub(crate) stream: String,
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "tests read it; analyses go by what procedures are called")
    )]
    pub(crate) kind: ModuleKind,
    /// The source as stored, with its `Attribute` lines.
    pub(crate) source: String,
    /// No directory names it.
    pub(crate) carved: bool,
}

impl Module {
    /// Where it is, for a person.
    pub(crate) fn place(&self) -> Place {
        Place::new(format!("VBA module \"{}\"", self.name))
    }

    /// There is more than attributes, options and comments.
    pub(crate) fn has_code(&self) -> bool {
        self.source.lines().any(|line| {
            let line = line.trim().trim_matches('\0');
            let says = |word: &str| line.get(..word.len()).is_some_and(|l| l.eq_ignore_ascii_case(word));
            !line.is_empty()
                && !line.starts_with('\'')
                && !says("attribute ")
                && !says("option ")
                && !says("rem ")
        })
    }
}

/// A VBA project.
#[derive(Debug, Clone, Default)]
pub(crate) struct Project {
    pub(crate) modules: Vec<Module>,
    pub(crate) forms: Vec<Form>,
    /// String literals of the compiled code.
    pub(crate) pcode_literals: Vec<String>,
    /// Libraries that it refers to, as stored (`*\G{…}#2.0#0#C:\…\stdole2.tlb#OLE Automation`).
    pub(crate) references: Vec<String>,
    /// Locked against viewing.
    pub(crate) protected: bool,
    /// Damaged; why.
    pub(crate) malformed: Option<&'static str>,
    /// Literals that run although no source has them.
    pub(crate) stomped: Vec<String>,
}

impl Project {
    /// Strings of forms: `UserForm1.Label1.Caption` and its text.
    pub(crate) fn form_strings(&self) -> impl Iterator<Item = (String, &str)> {
        self.forms
            .iter()
            .flat_map(|form| {
                let own = std::iter::once((format!("{}.Caption", form.name), form.caption.as_str()));
                own.chain(form.controls.iter().flat_map(move |control| {
                    let name = if control.name.is_empty() { "?" } else { &control.name };
                    let parts = [
                        ("Caption", &control.caption),
                        ("Text", &control.text),
                        ("Tag", &control.tag),
                        ("ControlTipText", &control.tip),
                    ];
                    let parts = parts.into_iter().chain(control.more.iter().map(|text| ("GroupName", text)));
                    parts.map(move |(part, text)| (format!("{}.{name}.{part}", form.name), text.as_str()))
                }))
            })
            .filter(|(_, text)| !text.is_empty())
    }

    /// What the shape of the project says by itself.
    pub(super) fn report(&self, scan: &mut Scan<'_>) {
        if let Some(why) = self.malformed {
            scan.find(Id::VbaMalformed, "", why);
        }
        if self.protected {
            scan.find(Id::VbaLocked, "", "the project is protected against viewing");
        }
        if !self.stomped.is_empty() {
            let evidence = format!("only in the compiled code: {}", self.stomped.join(" | "));
            scan.find_as(Id::VbaStomped, Severity::High, Derived::Carved, "", evidence);
        }
    }
}

/// Reads all VBA projects of a file as one; `None` when there is nothing of VBA in it.
pub(crate) fn read(cfb: &Cfb, scan: &mut Scan<'_>) -> Option<Project> {
    let mut reader = Reader {
        cfb,
        project: Project::default(),
        sources: Vec::new(),
        caches: Vec::new(),
        done: FxHashSet::default(),
    };
    let storages = cfb.entries().iter().filter(|e| e.is_storage() && e.is_named("VBA")).map(|e| e.index);
    let storages = scan.most(storages, STORAGES_MAX, "VBA projects");
    let mut code_page = 1252;
    let mut broken = None;
    for storage in &storages {
        match reader.storage(*storage, scan) {
            Ok(page) => code_page = page,
            Err(why) => broken = broken.or(Some((*storage, why))),
        }
    }
    reader.carve(code_page, scan);
    let Reader { mut project, sources, caches, .. } = reader;
    project.forms = forms::all(cfb, code_page, &mut scan.budget.gaps);
    let identifiers = identifiers(cfb, &storages, scan);
    for (_, cache) in &caches {
        project.pcode_literals.extend(pcode::literals(cache, code_page, &mut scan.budget.gaps));
    }
    project.pcode_literals.sort_unstable();
    project.pcode_literals.dedup();
    let empty = !project.modules.iter().any(Module::has_code);
    project.stomped = pcode::stomped(&caches, &sources, empty, &identifiers, code_page, scan);
    project.malformed = malformed(cfb, &project, broken);
    let nothing = project.modules.is_empty() && project.forms.is_empty() && project.malformed.is_none();
    (!nothing).then_some(project)
}

/// A project is damaged when code is there that its directory does not lead to.
fn malformed(cfb: &Cfb, project: &Project, broken: Option<(usize, &'static str)>) -> Option<&'static str> {
    let (storage, why) = match broken {
        Some(broken) => broken,
        None if project.modules.iter().any(|m| !m.carved) => return None,
        None => return project.modules.iter().any(|m| m.carved).then_some("code without a project"),
    };
    // What was left empty on purpose, such as the macros of an embedded copy, hides nothing.
    let path = cfb.entries().get(storage).map_or("", |e| e.path.as_str());
    let code = project.modules.iter().any(|m| m.carved && m.stream.starts_with(path));
    let weight = cfb.children(storage).any(|e| cfb.stream(e).len() as u64 > CODE_BYTES);
    (code || weight).then_some(why)
}

fn identifiers(cfb: &Cfb, storages: &[usize], scan: &mut Scan<'_>) -> Vec<String> {
    let tables = storages.iter().filter_map(|s| cfb.child(*s, "_VBA_PROJECT"));
    tables.flat_map(|table| pcode::identifiers(&cfb.stream(table), &mut scan.budget.gaps)).collect()
}

struct Reader<'c> {
    cfb: &'c Cfb,
    project: Project,
    /// Sources as bytes, to be compared with literals.
    sources: Vec<Vec<u8>>,
    /// Compiled code by module.
    caches: Vec<(usize, Bytes)>,
    /// Containers that were read: entry and offset.
    done: FxHashSet<(usize, usize)>,
}

/// A module as `dir` describes it.
#[derive(Debug, Default)]
struct Listed {
    names: Vec<String>,
    offset: usize,
    kind: ModuleKind,
}

impl Reader<'_> {
    /// Reads the project of one `VBA` storage; gives its code page, or what is wrong with it.
    fn storage(&mut self, storage: usize, scan: &mut Scan<'_>) -> Result<u16, &'static str> {
        let cfb = self.cfb;
        let children: FxHashMap<String, &Entry> =
            cfb.children(storage).filter(|e| e.is_stream()).map(|e| (e.name.to_lowercase(), e)).collect();
        let parent = cfb.entries().get(storage).and_then(|e| e.parent);
        let text = parent.and_then(|p| cfb.child(p, "PROJECT")).map(|e| cfb.stream(e));
        let text = text.map(|bytes| codepage::decode(&bytes, 1252));
        let kinds = text.as_deref().map(kinds).unwrap_or_default();
        self.project.protected |= text.as_deref().is_some_and(protected);
        let packed = children.get("dir").map(|e| cfb.stream(e)).ok_or("the project has no directory")?;
        let dir = unpack(&packed, 0, scan).ok_or("the project's directory is not readable")?;
        let (code_page, listed, references) = directory(&dir, scan);
        self.project.references.extend(references);
        let (count, mut found) = (listed.len(), 0);
        for module in listed {
            let Some(entry) = module.names.iter().rev().find_map(|name| children.get(&name.to_lowercase()))
            else {
                continue;
            };
            found += 1;
            self.module(entry, &module, &kinds, code_page, scan);
        }
        match (&text, count) {
            (_, 0) => Err("the project's directory names no module"),
            (_, n) if found < n => Err("the project's directory names modules that are not there"),
            (None, _) => Err("the project has no PROJECT stream"),
            _ => Ok(code_page),
        }
    }

    fn module(
        &mut self,
        entry: &Entry,
        listed: &Listed,
        kinds: &FxHashMap<String, ModuleKind>,
        code_page: u16,
        scan: &mut Scan<'_>,
    ) {
        if self.project.modules.len() >= MODULES_MAX {
            scan.over(MODULES_MAX, "modules");
            return;
        }
        let stream = self.cfb.stream(entry);
        let source = unpack(&stream, listed.offset, scan);
        if source.is_some() {
            self.done.insert((entry.index, listed.offset));
        }
        let cache = stream.slice(..listed.offset.min(stream.len()));
        self.caches.push((self.project.modules.len(), cache));
        let source = source.unwrap_or_default();
        let name = listed.names.first().cloned().unwrap_or_default();
        let kind = kinds.get(&name.to_lowercase()).copied().unwrap_or(listed.kind);
        let text = codepage::decode(&source, code_page);
        self.sources.push(source);
        self.project.modules.push(Module {
            name,
            stream: entry.path.clone(),
            kind,
            source: text,
            carved: false,
        });
    }

    /// Finds code by its bytes in every stream, where no directory led to it.
    fn carve(&mut self, code_page: u16, scan: &mut Scan<'_>) {
        static BEGIN: LazyLock<Option<AhoCorasick>> =
            LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build([b"\0Attribut"]).ok());
        let Some(begin) = BEGIN.as_ref() else { return };
        for entry in self.cfb.entries().iter().filter(|e| e.is_stream() && !carries_files(&e.name)) {
            let stream = self.cfb.stream(entry);
            if !scan.budget.spend(1 + (stream.len() >> 10) as u64) {
                return;
            }
            for hit in begin.find_iter(stream.as_ref()) {
                let Some(start) = hit.start().checked_sub(3) else { continue };
                let follows = stream.get(hit.end()).is_some_and(|b| !b.eq_ignore_ascii_case(&b'e'));
                if !follows || self.done.contains(&(entry.index, start)) {
                    continue;
                }
                if self.project.modules.len() >= MODULES_MAX {
                    scan.over(MODULES_MAX, "modules");
                    return;
                }
                self.carved(entry, &stream, start, code_page, scan);
            }
        }
    }

    fn carved(&mut self, entry: &Entry, stream: &Bytes, start: usize, code_page: u16, scan: &mut Scan<'_>) {
        let Some(source) = unpack(stream, start, scan) else { return };
        let text = codepage::decode(&source, code_page);
        // The same code again, in a second copy, says nothing new.
        if self.project.modules.iter().any(|m| m.source == text) {
            return;
        }
        let name = attribute_name(&text).unwrap_or_else(|| entry.name.clone());
        self.caches.push((self.project.modules.len(), stream.slice(..start)));
        self.sources.push(source);
        let stream = entry.path.clone();
        self.project.modules.push(Module { name, stream, source: text, carved: true, ..Module::default() });
    }
}

/// Streams that carry whole files, which are read as files of their own.
fn carries_files(name: &str) -> bool {
    const NAMES: [&str; 5] = ["Package", "CONTENTS", "\u{1}Ole10Native", "EncryptedPackage", "EmbeddedOdf"];
    NAMES.iter().any(|n| n.eq_ignore_ascii_case(name))
}

/// Unpacks a container inside a stream, within the budget.
fn unpack(stream: &[u8], offset: usize, scan: &mut Scan<'_>) -> Option<Vec<u8>> {
    let left = usize::try_from(scan.budget.out_bytes_left().min(MEMBER_BYTES_MAX)).unwrap_or(usize::MAX);
    let out = ovba::decompress(stream.get(offset..)?, left.min(ovba::SOURCE_BYTES_MAX))?;
    if out.len() >= left.min(ovba::SOURCE_BYTES_MAX) {
        scan.left_out(format!("a module of more than {} bytes", out.len()));
    }
    scan.budget.spend_bytes(out.len() as u64);
    scan.budget.spend(1 + (out.len() >> 8) as u64).then_some(out)
}

/// `Attribute VB_Name = "Module1"`.
fn attribute_name(source: &str) -> Option<String> {
    let line = source.lines().take(8).find(|line| line.contains("VB_Name"))?;
    line.split('"').nth(1).map(str::to_owned)
}

/// The records of `dir`: code page, modules, references. Unknown records are skipped, broken sizes end the record and
/// the next module is looked for.
fn directory(dir: &[u8], scan: &mut Scan<'_>) -> (u16, Vec<Listed>, Vec<String>) {
    let (mut code_page, mut modules, mut references): (u16, Vec<Listed>, Vec<String>) =
        (1252, vec![], vec![]);
    let mut rest = dir;
    while let Some((id, size, data)) = record(rest) {
        let Some(data) = data else {
            let next = memchr::memmem::find(rest.get(2..).unwrap_or_default(), &[0x19, 0x00]);
            rest = next.and_then(|at| rest.get(at + 2..)).unwrap_or_default();
            continue;
        };
        let full = modules.len() >= MODULES_MAX;
        match (id, modules.last_mut()) {
            (0x0003, _) => code_page = crate::ole::cfb::u16_at(data, 0).unwrap_or(code_page),
            (0x000D | 0x000E | 0x0033, _) => references.extend(reference(data, code_page)),
            (0x0019, _) if full => scan.over(MODULES_MAX, "modules"),
            (0x0019, _) => {
                modules.push(Listed { names: vec![codepage::decode(data, code_page)], ..Listed::default() });
            }
            (0x001A, Some(module)) => module.names.push(codepage::decode(data, code_page)),
            (0x0032, Some(module)) => module.names.push(codepage::decode(data, 1200)),
            (0x0047, Some(module)) => {
                module.names.insert(1.min(module.names.len()), codepage::decode(data, 1200))
            }
            (0x0031, Some(module)) => module.offset = u32_at(data, 0).unwrap_or(0) as usize,
            (0x0021, Some(module)) => module.kind = ModuleKind::Standard,
            (0x0022, Some(module)) => module.kind = ModuleKind::Class,
            _ => {}
        }
        rest = rest.get(6 + size..).unwrap_or_default();
    }
    (code_page, modules, references)
}

/// A record: its id, size and data; no data when the size is beyond what is left.
fn record(rest: &[u8]) -> Option<(u16, usize, Option<&[u8]>)> {
    let id = crate::ole::cfb::u16_at(rest, 0)?;
    let mut size = u32_at(rest, 2)? as usize;
    if id == 0x0009 {
        // The version's size field does not count all of it.
        size = 6;
    }
    Some((id, size, rest.get(6..)?.get(..size)))
}

/// The library of a reference: a length and its text.
fn reference(data: &[u8], code_page: u16) -> Option<String> {
    // REFERENCEORIGINAL is the text itself, the others begin with a length.
    let text =
        if data.starts_with(b"*\\") { data } else { data.get(4..)?.get(..u32_at(data, 0)? as usize)? };
    Some(codepage::decode(text, code_page))
}

/// What the PROJECT stream says that modules are.
fn kinds(project: &str) -> FxHashMap<String, ModuleKind> {
    let mut out = FxHashMap::default();
    // Which kind a module is says no more than its name; those behind these lines count as of no kind.
    for line in project.lines().take(MODULES_MAX * 4) {
        let Some((key, value)) = line.split_once('=') else { continue };
        let kind = match key.to_ascii_lowercase().as_str() {
            "document" => ModuleKind::Document,
            "module" => ModuleKind::Standard,
            "class" => ModuleKind::Class,
            "baseclass" => ModuleKind::Form,
            _ => continue,
        };
        let name = value.split_once('/').map_or(value, |(name, _)| name).trim().to_lowercase();
        // A form is listed as a class too by some writers.
        let slot = out.entry(name).or_insert(kind);
        if kind == ModuleKind::Form {
            *slot = kind;
        }
    }
    out
}

/// The project cannot be viewed: a password is set, or the value that would say so is not valid.
fn protected(project: &str) -> bool {
    let value = |key: &str| {
        let line = project.lines().find(|line| line.starts_with(key))?;
        line.split('"').nth(1)
    };
    let Some(password) = value("DPB=") else { return false };
    let state = value("CMG=").and_then(decrypt).is_some_and(|data| data.iter().any(|b| *b != 0));
    match decrypt(password) {
        None => true,
        Some(data) => state && data.len() > 1,
    }
}

/// Data encryption of MS-OVBA 2.4.3.
fn decrypt(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex.chars().map_while(|c| c.to_digit(16)).map(|d| d as u8).collect();
    let bytes: Vec<u8> = digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect();
    let (seed, version, key) = (*bytes.first()?, *bytes.get(1)?, *bytes.get(2)?);
    if version ^ seed != 2 {
        return None;
    }
    let (mut plain, mut last, mut before) = (key ^ seed, key, version);
    let mut out = Vec::new();
    for byte in bytes.get(3..)? {
        plain = byte ^ before.wrapping_add(plain);
        (before, last) = (last, *byte);
        out.push(plain);
    }
    let ignored = usize::from(seed & 6) / 2;
    let length = u32_at(&out, ignored)? as usize;
    Some(out.get(ignored + 4..)?.get(..length)?.to_vec())
}
