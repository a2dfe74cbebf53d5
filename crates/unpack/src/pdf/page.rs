//! Pages: their text in reading order, where pictures stand and which areas are links.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    file::Pdf,
    object::{Dict, Lexer, Obj},
    text::{Font, latin},
};
use crate::{gaps::Gaps, scan::Scan};

/// Pages whose content is read.
const PAGES_READ_MAX: usize = 200;
/// Pages counted.
const PAGES_MAX: usize = 50_000;
/// Text kept, in bytes.
const TEXT_MAX: usize = 2 << 20;
/// Streams of one page.
const PARTS_MAX: usize = 1_000;
/// Forms inside forms.
const FORMS_MAX: usize = 4;
/// Operators of one content stream.
const OPERATORS_MAX: usize = 2_000_000;

/// A rectangle: left, bottom, right, top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect(pub(super) [f64; 4]);

impl Rect {
    pub(super) fn area(self) -> f64 {
        let [l, b, r, t] = self.0;
        ((r - l).max(0.0)) * ((t - b).max(0.0))
    }

    pub(super) fn overlap(self, other: Rect) -> f64 {
        let [l, b, r, t] = self.0;
        let [l2, b2, r2, t2] = other.0;
        Rect([l.max(l2), b.max(b2), r.min(r2), t.min(t2)]).area()
    }
}

/// A page as far as it is judged.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) area: Rect,
    pub(super) links: Vec<(Rect, String)>,
    pub(super) images: Vec<Rect>,
}

#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) count: u32,
    pub(super) text: String,
    pub(super) first: Option<Page>,
}

/// Reads the page tree; what it does not reach is found by its type.
pub(super) fn read(pdf: &Pdf, scan: &mut Scan<'_>) -> Pages {
    let (mut pages, cyclic) = leaves(pdf, &mut scan.budget.gaps);
    if cyclic {
        scan.aside("the tree of pages names an object again: it was read once");
    }
    if pages.is_empty() {
        let dicts = pdf.entries.iter().filter_map(|e| e.object.dict());
        let dicts = dicts.filter(|d| d.name("Type") == "Page").map(|d| (d, None, None));
        pages = scan.most(dicts, PAGES_MAX, "pages");
    }
    let mut out = Pages { count: u32::try_from(pages.len()).unwrap_or(u32::MAX), ..Pages::default() };
    let mut reader = Reader { pdf, fonts: FxHashMap::default(), images: Vec::new(), text: String::new() };
    for (at, (page, media, resources)) in pages.iter().enumerate() {
        if at >= PAGES_READ_MAX || reader.text.len() > TEXT_MAX || !scan.budget.spend(5) {
            // Links, scripts and files are found without the pages' text.
            scan.aside(format!("the text of {at} of {} pages was read", pages.len()));
            break;
        }
        reader.images.clear();
        reader.page(page, *resources, scan);
        if at == 0 {
            let box_of = |key: &str| rect(pdf, pdf.get(page, key));
            let area = box_of("CropBox")
                .or_else(|| box_of("MediaBox"))
                .or(*media)
                .unwrap_or(Rect([0.0, 0.0, 612.0, 792.0]));
            out.first = Some(Page { area, links: links(pdf, page), images: reader.images.clone() });
        }
    }
    if reader.text.len() > TEXT_MAX {
        scan.aside(format!("text of the pages behind the first {TEXT_MAX} bytes"));
    }
    out.text = reader.text;
    out
}

type Leaf<'a> = (&'a Dict, Option<Rect>, Option<&'a Dict>);

/// The pages in order, with what they inherit; every object once, so that cycles end. And whether there was one twice.
fn leaves<'p>(pdf: &'p Pdf, gaps: &mut Gaps) -> (Vec<Leaf<'p>>, bool) {
    let (mut out, mut again) = (Vec::new(), false);
    let Some(root) = pdf.dict(&pdf.trailer, "Root") else { return (out, again) };
    let Some(top) = root.get("Pages") else { return (out, again) };
    let mut seen = FxHashSet::default();
    let mut waiting: Vec<(&Obj, Option<Rect>, Option<&Dict>)> = vec![(top, None, None)];
    while let Some((object, media, resources)) = waiting.pop() {
        if let Obj::Ref(number) = object
            && !seen.insert(*number)
        {
            again = true;
            continue;
        }
        let Some(dict) = pdf.resolve(object).dict() else { continue };
        let media = rect(pdf, pdf.get(dict, "MediaBox")).or(media);
        let resources = pdf.dict(dict, "Resources").or(resources);
        match pdf.get(dict, "Kids") {
            Obj::Array(kids) if gaps.room(out.len() + waiting.len(), PAGES_MAX, "pages") => {
                let first = kids.len().min(PAGES_MAX);
                if first < kids.len() {
                    gaps.over(PAGES_MAX, "pages");
                }
                waiting.extend(kids.iter().take(first).rev().map(|kid| (kid, media, resources)));
            }
            Obj::Array(_) => {}
            _ if gaps.room(out.len(), PAGES_MAX, "pages") => out.push((dict, media, resources)),
            _ => return (out, again),
        }
    }
    (out, again)
}

fn rect(pdf: &Pdf, object: &Obj) -> Option<Rect> {
    let Obj::Array(items) = object else { return None };
    let number = |at: usize| items.get(at).and_then(|o| pdf.resolve(o).number());
    let (a, b, c, d) = (number(0)?, number(1)?, number(2)?, number(3)?);
    Some(Rect([a.min(c), b.min(d), a.max(c), b.max(d)]))
}

fn links(pdf: &Pdf, page: &Dict) -> Vec<(Rect, String)> {
    let Obj::Array(annots) = pdf.get(page, "Annots") else { return Vec::new() };
    let mut out = Vec::new();
    // They are judged only where there are a few; all links are listed by what they do.
    for annot in annots.iter().take(1_000) {
        let Some(annot) = pdf.resolve(annot).dict() else { continue };
        let uri = pdf.dict(annot, "A").map(|a| pdf.get(a, "URI"));
        if let (Some(Obj::Str(uri)), Some(rect)) = (uri, rect(pdf, pdf.get(annot, "Rect"))) {
            out.push((rect, latin(uri)));
        }
    }
    out
}

/// A matrix: a b c d e f.
type Matrix = [f64; 6];
const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn times(m: Matrix, n: Matrix) -> Matrix {
    let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (m, n);
    [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l]
}

/// Where the unit square comes to lie.
fn placed(m: Matrix) -> Rect {
    let [a, b, c, d, e, f] = m;
    let (xs, ys) = ([e, e + a, e + c, e + a + c], [f, f + b, f + d, f + b + d]);
    let low = |v: [f64; 4]| v.into_iter().fold(f64::INFINITY, f64::min);
    let high = |v: [f64; 4]| v.into_iter().fold(f64::NEG_INFINITY, f64::max);
    Rect([low(xs), low(ys), high(xs), high(ys)])
}

struct Reader<'p> {
    pdf: &'p Pdf,
    fonts: FxHashMap<u32, Font>,
    images: Vec<Rect>,
    text: String,
}

impl Reader<'_> {
    fn page(&mut self, page: &Dict, inherited: Option<&Dict>, scan: &mut Scan<'_>) {
        let resources = self.pdf.dict(page, "Resources").or(inherited).cloned().unwrap_or_default();
        let parts: Vec<Obj> = match page.get("Contents") {
            Some(Obj::Array(items)) => items.clone(),
            Some(one @ Obj::Ref(_)) => match self.pdf.resolve(one) {
                Obj::Array(items) => items.clone(),
                _ => vec![one.clone()],
            },
            _ => Vec::new(),
        };
        // Parts are one stream: an operator's operands may stand in the part before.
        let mut all = Vec::new();
        for part in scan.most(&parts, PARTS_MAX, "parts of a page") {
            if let Some(entry) = self.pdf.stream_of(part)
                && let Some((data, _)) = self.pdf.data(entry, scan.budget)
            {
                all.extend_from_slice(&data);
                all.push(b'\n');
            }
        }
        self.content(&all, &resources, IDENTITY, 0, scan);
        self.line();
    }

    fn line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn content(&mut self, data: &[u8], resources: &Dict, start: Matrix, depth: usize, scan: &mut Scan<'_>) {
        if depth > FORMS_MAX {
            return scan.budget.gaps.aside(FORMS_MAX, "forms of a page inside one another");
        }
        if !scan.budget.spend(1 + data.len() as u64 / 128) {
            return;
        }
        let mut lexer = Lexer::new(data, 0);
        lexer.content = true;
        let (mut stack, mut operands) = (Vec::new(), Vec::new());
        let (mut matrix, mut font) = (start, None);
        let mut count = 0;
        while let Some(object) = lexer.object(0) {
            count += 1;
            if count > OPERATORS_MAX {
                scan.budget.gaps.aside(OPERATORS_MAX, "operators of a page");
                break;
            }
            let Obj::Op(op) = object else {
                // No operator has more.
                if operands.len() < 64 {
                    operands.push(object);
                }
                continue;
            };
            match op.as_str() {
                // Deeper ones only place pictures.
                "q" if stack.len() < 256 => stack.push((matrix, font)),
                "Q" => (matrix, font) = stack.pop().unwrap_or((start, None)),
                "cm" => matrix = times(six(&operands), matrix),
                "Tf" => font = self.font(&operands, resources, scan),
                "Td" | "TD" | "Tm" | "T*" => self.moved(&op, &operands),
                "Tj" | "'" | "\"" | "TJ" => {
                    if op.len() == 1 {
                        self.line();
                    }
                    self.show(operands.last(), font);
                }
                "ET" => self.line(),
                "Do" => self.paint(&operands, resources, matrix, depth, scan),
                "BI" => skip_inline(&mut lexer),
                _ => {}
            }
            operands.clear();
            if self.text.len() > TEXT_MAX {
                return;
            }
        }
    }

    fn moved(&mut self, op: &str, operands: &[Obj]) {
        let down = match (op, operands) {
            ("T*" | "Tm", _) => true,
            (_, [_, Obj::Num(y)]) => *y != 0.0,
            _ => true,
        };
        if down {
            self.line();
        } else if !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
    }

    fn font(&mut self, operands: &[Obj], resources: &Dict, scan: &mut Scan<'_>) -> Option<u32> {
        let Some(Obj::Name(name)) = operands.first() else { return None };
        let Some(Obj::Ref(number)) = self.pdf.dict(resources, "Font")?.get(name) else { return None };
        if !self.fonts.contains_key(number) {
            let dict = self.pdf.entry(*number).and_then(|e| e.object.dict());
            let font = dict.map(|d| Font::read(self.pdf, d, scan)).unwrap_or_default();
            self.fonts.insert(*number, font);
        }
        Some(*number)
    }

    fn show(&mut self, what: Option<&Obj>, font: Option<u32>) {
        let font = font.and_then(|f| self.fonts.get(&f));
        let mut add = |bytes: &[u8]| match font {
            Some(font) => font.decode(bytes, &mut self.text),
            None => self.text.push_str(&latin(bytes)),
        };
        match what {
            Some(Obj::Str(bytes)) => add(bytes),
            Some(Obj::Array(items)) => {
                for item in items {
                    match item {
                        Obj::Str(bytes) => add(bytes),
                        // A wide gap is a blank.
                        Obj::Num(n) if *n < -180.0 => add(b" "),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn paint(
        &mut self,
        operands: &[Obj],
        resources: &Dict,
        matrix: Matrix,
        depth: usize,
        scan: &mut Scan<'_>,
    ) {
        let pdf = self.pdf;
        let Some(Obj::Name(name)) = operands.first() else { return };
        let Some(entry) = pdf.dict(resources, "XObject").and_then(|x| pdf.stream_of(x.get(name)?)) else {
            return;
        };
        let Some(dict) = entry.object.dict() else { return };
        match dict.name("Subtype") {
            // A page of so many pictures is judged by none.
            "Image" if self.images.len() < 1_000 => self.images.push(placed(matrix)),
            "Form" => {
                let own = pdf.dict(dict, "Resources").unwrap_or(resources);
                let inner = match pdf.get(dict, "Matrix") {
                    Obj::Array(items) => times(six(items), matrix),
                    _ => matrix,
                };
                if let Some((data, _)) = pdf.data(entry, scan.budget) {
                    self.content(&data, own, inner, depth + 1, scan);
                }
            }
            _ => {}
        }
    }
}

fn six(operands: &[Obj]) -> Matrix {
    if operands.len() < 6 {
        return IDENTITY;
    }
    std::array::from_fn(|at| operands.get(at).and_then(Obj::number).unwrap_or(0.0))
}

/// A picture in the stream itself: to `EI` between blanks.
fn skip_inline(lexer: &mut Lexer<'_>) {
    let rest = lexer.bytes.get(lexer.at..).unwrap_or_default();
    let id = memchr::memmem::find(rest, b"ID").map_or(rest.len(), |n| n + 2);
    let data = rest.get(id..).unwrap_or_default();
    let end = memchr::memmem::find_iter(data, b"EI").find(|at| {
        let edge = |n: Option<usize>| n.and_then(|n| data.get(n)).is_none_or(|b| super::object::blank(*b));
        edge(at.checked_sub(1)) && edge(Some(at + 2))
    });
    lexer.at = lexer.at.saturating_add(id).saturating_add(end.map_or(data.len(), |n| n + 2));
}
