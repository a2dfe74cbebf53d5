//! One object of an RTF: what its bytes are and what it does when the document opens.

use bytes::Bytes;
use memchr::memmem;

use super::digits::Digits;
use crate::{
    Derived, Id, IndicatorKind, Place, Relation, Severity,
    gaps::Gaps,
    office::{
        equation::{self, Equation},
        fields,
        ole1::{self, Carried},
        target::{self, Target},
    },
    scan::{Child, Scan},
};

/// CLSIDs as they stand in a compound file or a moniker.
const EQUATION_3: &[u8] = b"\x02\xCE\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46";
const EQUATION_2: &[u8] = b"\x01\xCE\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46";
const MATH_TYPE: &[u8] = b"\x03\xCE\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46";
const STD_LINK: &[u8] = b"\0\x03\0\0\0\0\0\0\xC0\0\0\0\0\0\0\x46";
const URL_MONIKER: &[u8] = b"\xE0\xC9\xEA\x79\xF9\xBA\xCE\x11\x8C\x82\0\xAA\0\x4B\xA9\x0B";
const FILE_MONIKER: &[u8] = b"\x03\x03\0\0\0\0\0\0\xC0\0\0\0\0\0\0\x46";
const CFB: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// Addresses read out of one object.
const TARGETS_MAX: usize = 16;
/// Bytes of an address. Where a longer one leads stands at its beginning.
const TARGET_BYTES_MAX: usize = 4_096;

/// An object while its group is read.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// What `\objclass` says.
    pub(super) class: String,
    /// It is loaded anew when the document opens.
    pub(super) update: bool,
    /// Its link is followed by itself.
    pub(super) linked: bool,
    /// A control of its own.
    pub(super) control: bool,
    /// The digits of each `\objdata`.
    pub(super) data: Vec<Digits>,
}

/// Findings of an object.
pub(super) fn finish(object: Object, number: usize, scan: &mut Scan<'_>) {
    let place = Place::new(format!("object {number}"));
    scan.active = true;
    if object.update {
        scan.find(Id::RtfObjupdate, place.clone(), object.class.trim());
    }
    if object.control {
        scan.find(Id::Activex, place.clone(), object.class.trim());
    }
    let by_itself = object.update || object.linked;
    for digits in object.data {
        disguises(&digits, &place, scan);
        let bytes = digits.into_bytes();
        scan.budget.spend_bytes(bytes.len() as u64);
        if bytes.is_empty() || !scan.budget.spend(1 + bytes.len() as u64 / 256) {
            continue;
        }
        if !content(&bytes, &object.class, by_itself, &place, scan) {
            // One digit more or less than Word counted: everything stands half a byte off.
            content(&shifted(&bytes), &object.class, by_itself, &place, scan);
        }
    }
}

fn disguises(digits: &Digits, place: &Place, scan: &mut Scan<'_>) {
    if digits.broken_up() {
        scan.find(Id::RtfObfWhitespace, place.clone(), "digits in pieces of irregular length");
    }
    if digits.controls > 0 {
        let text = format!("{} controls between the digits", digits.controls);
        scan.find(Id::RtfObfControl, place.clone(), text);
    }
    if digits.raw > 0 && digits.has_digits() {
        scan.find(Id::RtfObfBin, place.clone(), format!("{} raw bytes among digits", digits.raw));
    }
}

/// Says what the object is; `false` when its bytes make no sense.
fn content(bytes: &[u8], declared: &str, update: bool, place: &Place, scan: &mut Scan<'_>) -> bool {
    let ole1 = ole1::parse(bytes);
    let class = ole1.map(|o| lower(o.class)).unwrap_or_default();
    let declared = declared.trim().to_ascii_lowercase();
    let compound = memmem::find(bytes, CFB);
    // Behind the object stands what was shown of it last: it is no part of the compound file.
    let native = ole1.map(|o| o.native);
    let whole = native.filter(|n| compound.is_none() || n.starts_with(CFB));
    let body = whole.or(compound.and_then(|at| bytes.get(at..))).or(native).unwrap_or(bytes);
    let named = |name: &str| class.contains(name) || declared.contains(name);
    let mut known = equation(bytes, named("equation"), named("equation.dsmt"), place, scan);
    if named("ole2link") || memmem::find(bytes, STD_LINK).is_some() && compound.is_some() || moniker(bytes) {
        known = true;
        link(bytes, update, place, scan);
    }
    if let Some(linked) = ole1.filter(|o| o.linked) {
        known = true;
        linked_file(&linked, place, scan);
    }
    let package = (named("package") || compound.is_none()).then(|| ole1::package(body, false)).flatten();
    if let Some(package) = package.filter(|p| compound.is_none() || !p.data.is_empty()) {
        packaged(&package, place, scan);
        return true;
    }
    if named("package") && compound.is_none() {
        scan.find(Id::RtfObjPackage, place.clone(), "a package that is damaged");
    }
    if compound.is_some() || sniffable(body) {
        hand_over(body, &class, place, scan);
        return true;
    }
    known || ole1.is_some_and(|o| o.class.iter().all(|b| b.is_ascii_graphic() || *b == b' '))
}

/// An equation by class, by CLSID, by the name of its stream or by its records. MathType's objects have the same names
/// but another class; they open another program.
fn equation(bytes: &[u8], named: bool, math_type: bool, place: &Place, scan: &mut Scan<'_>) -> bool {
    let holds = |id: &[u8]| memmem::find(bytes, id).is_some();
    let clsid = holds(EQUATION_3) || holds(EQUATION_2);
    let other = math_type || !clsid && holds(MATH_TYPE);
    let records = equation::find(bytes, &mut scan.budget.gaps);
    let overflows = matches!(records, Some(Equation::LongFont(_) | Equation::Matrix(..)));
    if !(overflows || clsid || !other && (named || records.is_some() || stream_named(bytes))) {
        return false;
    }
    let why = if named { "class name" } else { "class id, stream or records" };
    scan.find(Id::RtfObjEquation, place.clone(), why);
    match records {
        Some(Equation::LongFont(length)) => {
            scan.find(Id::RtfEqnOverlongFont, place.clone(), format!("font name of {length} bytes"));
        }
        Some(Equation::Matrix(rows, columns)) => {
            scan.find(Id::RtfEqnOverlongFont, place.clone(), format!("matrix of {rows} by {columns}"));
        }
        _ => {}
    }
    true
}

/// `Equation Native` in UTF-16, in any case.
fn stream_named(bytes: &[u8]) -> bool {
    const NAME: &[u8] = b"equation native";
    memchr::memchr2_iter(b'e', b'E', bytes).any(|at| {
        let Some(found) = bytes.get(at..at + NAME.len() * 2) else { return false };
        found
            .chunks_exact(2)
            .zip(NAME)
            .all(|(unit, want)| matches!(unit, [low, 0] if low.eq_ignore_ascii_case(want)))
    })
}

fn moniker(bytes: &[u8]) -> bool {
    memmem::find(bytes, URL_MONIKER).is_some()
}

/// A link that the document follows by itself.
fn link(bytes: &[u8], update: bool, place: &Place, scan: &mut Scan<'_>) {
    let targets = targets(bytes, &mut scan.budget.gaps);
    let remote = targets.iter().any(|t| (t.remote() || t.moniker) && !t.intranet());
    let evidence = targets.first().map(|t| t.text.clone()).unwrap_or_default();
    let usual = Id::RtfObjOle2link.severity();
    let severity = if remote && update { Severity::Critical } else { usual };
    scan.find_as(Id::RtfObjOle2link, severity, Derived::Static, place.clone(), evidence);
    for target in &targets {
        if target.moniker {
            scan.find(Id::OleLinkMoniker, place.clone(), &target.text);
        }
        target::note(target, place, scan);
        if target.web {
            scan.indicate(IndicatorKind::Url, &target.text, place.clone());
        }
    }
}

/// Addresses and paths of the monikers.
fn targets(bytes: &[u8], gaps: &mut Gaps) -> Vec<Target> {
    let urls = gaps.most(memmem::find_iter(bytes, URL_MONIKER), TARGETS_MAX, "addresses of an object");
    let files = gaps.most(memmem::find_iter(bytes, FILE_MONIKER), TARGETS_MAX, "paths of an object");
    let after = |at: usize, n: usize| bytes.get(at + n..).unwrap_or_default();
    let urls = urls.into_iter().filter_map(|at| {
        let rest = after(at, URL_MONIKER.len());
        let size = usize::try_from(u32::from_le_bytes(rest.get(..4)?.try_into().ok()?)).ok()?;
        let text = rest.get(4..).unwrap_or_default();
        Some(utf16(text.get(..size.min(TARGET_BYTES_MAX)).unwrap_or(text)))
    });
    let files = files.into_iter().filter_map(|at| {
        let rest = after(at, FILE_MONIKER.len());
        let size = usize::try_from(u32::from_le_bytes(rest.get(2..6)?.try_into().ok()?)).ok()?;
        let text = rest.get(6..).unwrap_or_default();
        let text = text.get(..size.min(TARGET_BYTES_MAX)).unwrap_or_default();
        let text = text.split(|b| *b == 0).next().unwrap_or_default();
        Some(String::from_utf8_lossy(text).into_owned())
    });
    urls.chain(files).filter(|t| !t.is_empty()).map(|t| Target::of(&t)).collect()
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u)).take_while(|u| *u != 0);
    char::decode_utf16(units.take(TARGET_BYTES_MAX)).map_while(Result::ok).collect()
}

/// A link of OLE 1: its topic is a file.
fn linked_file(object: &ole1::Ole1<'_>, place: &Place, scan: &mut Scan<'_>) {
    let target = Target::of(&String::from_utf8_lossy(object.topic));
    fields::external(Id::OleLinkExt, &target, place, scan);
}

fn packaged(package: &ole1::Package<'_>, place: &Place, scan: &mut Scan<'_>) {
    let carried = ole1::carry(package, place, scan);
    let severity = if carried == Carried::Harmless { Severity::Low } else { Id::RtfObjPackage.severity() };
    scan.find_as(Id::RtfObjPackage, severity, Derived::Static, place.clone(), &package.label);
}

/// The bytes begin like a format that another analyser reads.
fn sniffable(bytes: &[u8]) -> bool {
    [b"PK\x03\x04".as_slice(), b"MZ", b"{\\rt", b"%PDF-", b"\x4C\0\0\0\x01\x14\x02\0"]
        .iter()
        .any(|magic| bytes.starts_with(magic))
}

fn hand_over(body: &[u8], class: &str, place: &Place, scan: &mut Scan<'_>) {
    let name = if class.is_empty() { place.to_string() } else { format!("{place} {class}") };
    scan.child(Child {
        name,
        bytes: Bytes::copy_from_slice(body),
        relation: Relation::Embedded,
        same_depth: true,
        ..Child::default()
    });
}

fn lower(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_ascii_lowercase()
}

/// All bytes, half a byte later.
fn shifted(bytes: &[u8]) -> Vec<u8> {
    bytes.windows(2).map(|pair| if let [a, b] = pair { a << 4 | b >> 4 } else { 0 }).collect()
}
