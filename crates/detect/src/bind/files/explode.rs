//! `file.explode`, `file.expand_archives`: the files in a file, flat and parents first.

use rustc_hash::FxHashMap;
use sekisho_mql::value::{Arena, Outcome, Value};
use sekisho_unpack::{Family, File, Kind, Relation, Tree, read::Package};

use super::{
    EvidenceHost, Subject, answer,
    made::{list, made},
    node::{Node, Origin, Shown},
    yara::Matcher,
};

/// What is missing where there are more nodes than are made.
const LIMIT: &str = "file.explode (over limit)";
/// Nodes of one file.
const NODES_MAX: usize = 5_000;
/// Files inside files.
const DEPTH_MAX: usize = 15;
/// Pages that count as pictures.
const PAGES_MAX: u32 = 3;
/// Bytes of a drawing that is drawn.
const DRAWING_BYTES_MAX: usize = 5 << 20;

/// `file.explode(file)`.
pub(in crate::bind) fn explode<'a>(
    host: &EvidenceHost<'a>,
    args: &[Value<'a>],
    arena: &'a Arena,
) -> Outcome<'a> {
    let yara = host.opened.matcher.get_or_init(|| arena.place(Matcher::new(host.shared.yara.as_ref())));
    answer(host, args, arena, |subject| {
        let (tree, inside) = (subject.tree, inside(subject.tree));
        let mut walk = Walk { arena, yara, tree, inside, nodes: Vec::new(), more: false };
        walk.file(subject.at, subject.file, &subject.file.name, Place::default());
        let shown = |node| Value::Object(arena.place(Shown::new(arena.place(node))));
        let nodes = walk.nodes.into_iter().map(shown);
        list(arena, nodes.chain(walk.more.then(|| arena.unknown(LIMIT))))
    })
}

/// What is in each file, by index.
fn inside(tree: &Tree) -> FxHashMap<usize, Vec<usize>> {
    let mut inside: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for (at, file) in tree.files.iter().enumerate() {
        if let Some(parent) = file.parent {
            inside.entry(parent).or_default().push(at);
        }
    }
    inside
}

#[derive(Clone, Copy, Default)]
struct Place {
    depth: usize,
    parent: Option<usize>,
    source: Option<&'static str>,
}

struct Walk<'a> {
    arena: &'a Arena,
    yara: &'a Matcher<'a>,
    tree: &'a Tree,
    inside: FxHashMap<usize, Vec<usize>>,
    nodes: Vec<Node<'a>>,
    /// There are more than a limit allows.
    more: bool,
}

impl<'a> Walk<'a> {
    fn push(&mut self, origin: Origin<'a>, name: &'a str, place: Place) -> Option<usize> {
        let id = self.nodes.len();
        if id >= NODES_MAX || place.depth > DEPTH_MAX {
            self.more = true;
            return None;
        }
        if let Some(parent) = place.parent.and_then(|p| self.nodes.get_mut(p)) {
            parent.children += 1;
            if let Origin::File(file) = origin {
                parent.inner = parent.inner.saturating_add(file.size);
            }
        }
        let Place { depth, parent, source } = place;
        self.nodes.push(Node { depth, id, parent, source, ..Node::new(self.arena, self.yara, origin, name) });
        Some(id)
    }

    fn file(&mut self, at: usize, file: &'a File, name: &'a str, place: Place) {
        let Some(id) = self.push(Origin::File(file), name, place) else { return };
        let next = Place { depth: place.depth + 1, parent: Some(id), source: source(file.kind) };
        let mut children: Vec<(usize, &'a File)> = Vec::new();
        for child in self.inside.remove(&at).unwrap_or_default() {
            // What nobody could open is named in its archive and is no file.
            children.extend(self.tree.files.get(child).filter(|f| !f.listed_only).map(|f| (child, f)));
        }
        self.parts(file, next, &mut children);
        self.made(file, next);
        for (child, file) in children {
            self.file(child, file, &file.name, next);
        }
    }

    /// All members of a document that is a zip; those that were opened with the document are not opened again.
    fn parts(&mut self, file: &'a File, next: Place, children: &mut Vec<(usize, &'a File)>) {
        if !is_package(file.kind) || file.listed_only {
            return;
        }
        let package: &'a Package = self.arena.keep(Package::open(&file.bytes));
        self.more |= package.more();
        for member in package.members() {
            let plain = |name: &str| name.trim_start_matches('/').to_lowercase();
            let wanted = plain(member.name);
            match children.iter().position(|(_, f)| plain(&f.name) == wanted) {
                Some(known) => {
                    let (child, file) = children.remove(known);
                    self.file(child, file, member.name, next);
                }
                None => {
                    self.push(Origin::Part(package, member.index, member.size), member.name, next);
                }
            }
        }
    }

    /// What Sublime's scanners make of the file beside what is in it: scripts, texts, pictures.
    fn made(&mut self, file: &'a File, next: Place) {
        if let Some(html) = &file.facts.html {
            for (at, (language, kind, text)) in html.scripts.iter().enumerate() {
                let name = self.arena.alloc_str(&format!("script_{at}"));
                let kind = script_kind(language.as_deref(), kind.as_deref());
                self.push(Origin::Script(text, kind), name, next);
            }
        }
        if let Some(pdf) = &file.facts.pdf {
            for page in 0..pdf.pages.min(PAGES_MAX) {
                let name = self.arena.alloc_str(&format!("pdf_2_png_{page}"));
                self.push(Origin::Picture, name, next);
            }
        }
        if matches!(file.kind, Kind::Pdf | Kind::Docx | Kind::Pptx)
            && let Some(text) = file.facts.text.as_deref().filter(|t| !t.trim().is_empty())
        {
            self.push(Origin::Text(text), "text", next);
        }
        if matches!(file.kind, Kind::Svg | Kind::Heif) && file.bytes.len() <= DRAWING_BYTES_MAX {
            let name = if file.kind == Kind::Svg { "transcode_svg_2_png" } else { "transcode_heif_2_png" };
            self.push(Origin::Picture, name, next);
        }
    }
}

/// A document that is a zip.
pub(super) fn is_package(kind: Kind) -> bool {
    matches!(kind, Kind::Docx | Kind::Xlsx | Kind::Xlsb | Kind::Pptx | Kind::Visio | Kind::Odf)
}

/// What a script element holds: JavaScript unless it says otherwise.
fn script_kind(language: Option<&str>, kind: Option<&str>) -> Kind {
    let says = format!("{} {}", language.unwrap_or_default(), kind.unwrap_or_default()).to_lowercase();
    if says.contains("vbs") {
        Kind::VbScript
    } else if says.trim().is_empty()
        || says.contains("javascript")
        || says.contains("ecma")
        || says.contains("module")
    {
        Kind::JavaScript
    } else {
        Kind::Text
    }
}

/// The scanner that takes files out of this kind.
fn source(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Zip | Kind::Jar => "ScanZip",
        kind if is_package(kind) => "ScanZip",
        Kind::Rar => "ScanRar",
        Kind::Tar => "ScanTar",
        Kind::Gzip => "ScanGzip",
        Kind::Bzip2 => "ScanBzip2",
        Kind::Xz | Kind::Lzma => "ScanLzma",
        Kind::SevenZip | Kind::Cab | Kind::Iso | Kind::Arj | Kind::Lzh => "ScanLibarchive",
        Kind::Html | Kind::Hta => "ScanHtml",
        Kind::Svg | Kind::Xml => "ScanXml",
        Kind::Pdf => "ScanPdf",
        Kind::Rtf => "ScanRtf",
        Kind::OneNote => "ScanOnenote",
        Kind::Ics => "ScanIcs",
        Kind::Eml | Kind::Msg => "ScanEmail",
        Kind::Tnef => "ScanTnef",
        Kind::Mhtml => "ScanMhtml",
        Kind::OleEncrypted => "ScanEncryptedDoc",
        kind if kind.family() == Family::Office => "ScanOle",
        _ => return None,
    })
}

/// `file.expand_archives(file, max_depth)`: the files in archives, and in archives in them.
pub(in crate::bind) fn expand_archives<'a>(
    host: &EvidenceHost<'a>,
    args: &[Value<'a>],
    arena: &'a Arena,
) -> Outcome<'a> {
    let max_depth = match args.get(1) {
        Some(Value::Int(depth)) => usize::try_from(*depth).unwrap_or(0),
        _ => 5,
    };
    answer(host, args, arena, |Subject { tree, at, .. }| {
        let inside = inside(tree);
        let mut files = Vec::new();
        let mut stack = vec![(at, 0)];
        while let Some((at, depth)) = stack.pop() {
            let Some(file) = tree.files.get(at) else { continue };
            if depth > 0 {
                files.push(expanded(file, arena));
            }
            if depth < max_depth && matches!(file.kind.family(), Family::Archive | Family::DiskImage) {
                let members = inside.get(&at).into_iter().flatten().rev();
                let members =
                    members.filter(|m| tree.files.get(**m).is_some_and(|f| f.relation == Relation::Member));
                stack.extend(members.map(|m| (*m, depth + 1)));
            }
        }
        made(arena, "ExpandResult", &[("files", list(arena, files))])
    })
}

fn expanded<'a>(file: &'a File, arena: &'a Arena) -> Value<'a> {
    let kind = if file.listed_only { "unknown" } else { super::flavor::file_type(file.kind) };
    made(
        arena,
        "ExpandedFile",
        &[
            ("file_name", Value::Str(&file.name)),
            ("file_type", Value::Str(kind)),
            ("file_extension", Value::Str(arena.alloc_str(&file.extension()))),
        ],
    )
}
