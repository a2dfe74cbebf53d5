//! UserForms (MS-OFORMS): names, captions, texts, tags and tips of controls, where macros like to keep their strings.
//!
//! A form is a storage with the streams `f` (what is on the form) and `o` (one control behind the other); the caption
//! stands in `\x03VBFrame`. Frames and pages are storages of the same shape inside it; code reaches their controls by
//! the form's name, so they are listed with it.

mod layout;

use bytes::Bytes;

use layout::{Block, Slot};
use rustc_hash::FxHashSet;

use crate::{
    gaps::Gaps,
    ole::cfb::{Cfb, Entry, u16_at, u32_at},
};

/// Forms of one file.
const FORMS_MAX: usize = 256;
/// Controls of one form.
const CONTROLS_MAX: usize = 4_096;
/// Frames inside one another.
const FRAMES_MAX: usize = 8;
/// Characters of a printable run that counts as a string where the structure is broken.
const RUN_MIN: usize = 4;

/// A form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) name: String,
    pub(crate) caption: String,
    pub(crate) controls: Vec<Control>,
}

/// A control.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Control {
    pub(crate) name: String,
    /// `Label`, `TextBox`, …; empty when it is not known.
    pub(crate) kind: &'static str,
    pub(crate) caption: String,
    /// What a text box, list or check box holds.
    pub(crate) text: String,
    pub(crate) tag: String,
    pub(crate) tip: String,
    /// `GroupName`, and the ranges that a list is bound to.
    pub(crate) more: Vec<String>,
}

/// The forms of a file.
pub(crate) fn all(cfb: &Cfb, code_page: u16, gaps: &mut Gaps) -> Vec<Form> {
    let storages = storages(cfb);
    let mut out = Vec::new();
    let known: FxHashSet<usize> = storages.iter().map(|(storage, _)| *storage).collect();
    for (storage, entry) in &storages {
        if entry.parent.is_some_and(|parent| known.contains(&parent)) {
            continue;
        }
        if !gaps.room(out.len(), FORMS_MAX, "forms") {
            break;
        }
        let mut form = Form { name: entry.name.clone(), ..Form::default() };
        collect(cfb, *storage, &mut form, 0, gaps);
        if let Some(frame) = cfb.child(*storage, "\u{3}VBFrame") {
            let text = crate::ole::codepage::decode(&cfb.stream(frame), code_page);
            if let Some(caption) = frame_value(&text, "Caption") {
                form.caption = caption;
            }
            if let Some(tag) = frame_value(&text, "Tag") {
                let control = Control { name: form.name.clone(), kind: "Form", tag, ..Control::default() };
                form.controls.push(control);
            }
        }
        out.push(form);
    }
    out
}

/// Storages that hold `f` and `o`, by index.
fn storages(cfb: &Cfb) -> Vec<(usize, &Entry)> {
    let named = |name: &str| -> Vec<usize> {
        let streams = cfb.entries().iter().filter(|e| e.is_stream() && e.is_named(name));
        streams.filter_map(|e| e.parent).collect()
    };
    let with_o: FxHashSet<usize> = named("o").into_iter().collect();
    let both = named("f").into_iter().filter(|parent| with_o.contains(parent));
    both.filter_map(|parent| Some((parent, cfb.entries().get(parent)?))).collect()
}

fn collect(cfb: &Cfb, storage: usize, form: &mut Form, depth: usize, gaps: &mut Gaps) {
    let read = |name| cfb.child(storage, name).map_or_else(Bytes::new, |entry| cfb.stream(entry));
    let (f, o) = (read("f"), read("o"));
    let before = form.controls.len();
    let sites = parse_form(&f, form, gaps).unwrap_or_default();
    let mut at = 0usize;
    for site in sites {
        if !gaps.room(form.controls.len(), CONTROLS_MAX, "controls of a form") {
            return;
        }
        let end = at.saturating_add(site.size).min(o.len());
        let mut control = site.control;
        if site.streamed {
            parse_control(o.get(at..end).unwrap_or_default(), site.class, &mut control);
            at = end;
        }
        form.controls.push(control);
        if !site.streamed {
            // A frame's storage is named by its number: `i07`.
            let name = if site.id < 10 { format!("i0{}", site.id) } else { format!("i{}", site.id) };
            if let Some(inner) = cfb.child(storage, &name)
                && gaps.room(depth, FRAMES_MAX, "frames of a form inside one another")
            {
                collect(cfb, inner.index, form, depth + 1, gaps);
            }
        }
    }
    if form.controls.len() == before && !o.is_empty() {
        // The structure is broken: what can be read is better than nothing.
        for text in gaps.most(runs(&o), CONTROLS_MAX, "texts of a form") {
            form.controls.push(Control { text, ..Control::default() });
        }
    }
}

#[derive(Debug, Default)]
struct Site {
    control: Control,
    id: u32,
    class: u16,
    size: usize,
    streamed: bool,
}

/// The stream `f`: the form's own caption and its sites.
fn parse_form(f: &[u8], form: &mut Form, gaps: &mut Gaps) -> Option<Vec<Site>> {
    let own = usize::from(u16_at(f, 2)?) + 4;
    let block = layout::read(f.get(..own.min(f.len()))?, &layout::FORM)?;
    for (_, caption) in &block.texts {
        if form.caption.is_empty() {
            form.caption.clone_from(caption);
        }
    }
    let mut at = own;
    if block.number(Slot::Icon).is_some() {
        at = skip_picture(f, at)?;
    }
    if block.number(Slot::Font).is_some() {
        at = skip_font(f, at)?;
    }
    if block.number(Slot::Picture).is_some() {
        at = skip_picture(f, at)?;
    }
    // The table of classes is left out when a flag says so.
    if block.number(Slot::Flags).is_none_or(|flags| flags & 0x8000 == 0) {
        let classes = u16_at(f, at)?;
        at += 2;
        for _ in 0..classes {
            at = at.checked_add(4 + usize::from(u16_at(f, at.checked_add(2)?)?))?;
        }
    }
    let count = u32_at(f, at)? as usize;
    let start = at.checked_add(8)?;
    let end = skip_depths(f, start, count)?;
    Some(sites(f, end.saturating_sub(start).next_multiple_of(4).saturating_add(start), count, gaps))
}

/// Pairs of depth and type; a set top bit means that a count stands before the type.
fn skip_depths(f: &[u8], mut at: usize, count: usize) -> Option<usize> {
    let mut sites = 0usize;
    while sites < count {
        let second = *f.get(at.checked_add(1)?)?;
        if second & 0x80 == 0 {
            sites += 1;
            at += 2;
        } else {
            sites += usize::from(second & 0x7F).max(1);
            at += 3;
        }
    }
    Some(at)
}

fn sites(f: &[u8], mut at: usize, count: usize, gaps: &mut Gaps) -> Vec<Site> {
    let mut out = Vec::new();
    while out.len() < count {
        let Some(size) = u16_at(f, at.saturating_add(2)) else { break };
        if !gaps.room(out.len(), CONTROLS_MAX, "controls of a form") {
            break;
        }
        let end = at.saturating_add(4 + usize::from(size)).min(f.len());
        let Some(block) = f.get(at..end).and_then(|bytes| layout::read(bytes, &layout::SITE)) else { break };
        let class = block.number(Slot::Class).unwrap_or(0) as u16;
        let mut site = Site {
            id: block.number(Slot::Id).unwrap_or(0),
            class,
            size: block.number(Slot::Size).unwrap_or(0) as usize,
            // Absent flags have the value 0x33.
            streamed: block.number(Slot::Flags).unwrap_or(0x33) & 0x10 != 0,
            control: Control { kind: kind(class), ..Control::default() },
        };
        fill(&mut site.control, block);
        out.push(site);
        at = end;
    }
    out
}

fn fill(control: &mut Control, block: Block) {
    for (slot, text) in block.texts {
        match slot {
            Slot::Name => control.name = text,
            Slot::Tag => control.tag = text,
            Slot::Tip => control.tip = text,
            Slot::Caption => control.caption = text,
            Slot::Value => control.text = text,
            Slot::More => control.more.push(text),
            _ => {}
        }
    }
}

/// A control's bytes in the stream `o`.
fn parse_control(bytes: &[u8], class: u16, control: &mut Control) {
    let layout = match class {
        17 => &layout::BUTTON,
        21 => &layout::LABEL,
        15 | 23..=28 => &layout::MORPH,
        _ => {
            control.more.extend(runs(bytes));
            return;
        }
    };
    let own = bytes.get(..4 + usize::from(u16_at(bytes, 2).unwrap_or(0))).unwrap_or(bytes);
    match layout::read(own, layout) {
        Some(block) => fill(control, block),
        None => control.more.extend(runs(bytes)),
    }
}

fn kind(class: u16) -> &'static str {
    match class {
        7 => "Form",
        12 => "Image",
        14 => "Frame",
        16 => "SpinButton",
        17 => "CommandButton",
        18 => "TabStrip",
        21 => "Label",
        23 => "TextBox",
        24 => "ListBox",
        25 => "ComboBox",
        26 => "CheckBox",
        27 => "OptionButton",
        28 => "ToggleButton",
        47 => "ScrollBar",
        57 => "MultiPage",
        _ => "",
    }
}

/// A class and a picture: 16 bytes, a mark, a size, the picture.
fn skip_picture(f: &[u8], at: usize) -> Option<usize> {
    let size = u32_at(f, at.checked_add(20)?)? as usize;
    at.checked_add(24)?.checked_add(size).filter(|end| *end <= f.len())
}

/// A class and a font: one of two shapes.
fn skip_font(f: &[u8], at: usize) -> Option<usize> {
    let body = at.checked_add(16)?;
    // The first byte of the class tells a standard font from text properties.
    match f.get(at)? {
        0x03 => body.checked_add(11 + usize::from(*f.get(body.checked_add(10)?)?)),
        _ => body.checked_add(4 + usize::from(u16_at(f, body.checked_add(2)?)?)),
    }
}

/// Readable runs of one-byte characters.
fn runs(bytes: &[u8]) -> impl Iterator<Item = String> {
    let pieces = bytes.split(|b| !matches!(b, b' '..=b'~'));
    pieces.filter(|run| run.len() >= RUN_MIN).map(|run| String::from_utf8_lossy(run).into_owned())
}

/// `   Caption         =   "text"` of a frame's description.
fn frame_value(frame: &str, key: &str) -> Option<String> {
    frame.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let value = value.trim().strip_prefix('"')?;
        let value = value.rsplit_once('"').map_or(value, |(value, _)| value);
        name.trim().eq_ignore_ascii_case(key).then(|| value.replace("\"\"", "\""))
    })
}
