//! Reads one XML part by the names of its elements, whatever part it claims to be: texts, fields, properties, links.

use crate::{
    Derived, Id, IndicatorKind, Place, Severity,
    limits::{EVIDENCE_CHARS_MAX, TEXT_BYTES_MAX},
    office::{
        fields::{self, Fields},
        xml::{Element, Event, Reader},
    },
    scan::{Scan, TextKind, UNSEEN_CHARS, area},
};

use super::relations;

/// Colours remembered, for rules.
const COLOURS_MAX: usize = 256;
/// Strings that macros could read.
const STRINGS_MAX: usize = 4_096;
/// Bytes of one such string.
const STRING_BYTES_MAX: usize = 1 << 20;
/// Events a step of work.
const EVENTS_PER_STEP: u32 = 4;

/// What all parts of a document give together.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Strings that code can read: name and value.
    pub(crate) strings: Vec<(String, String)>,
    pub(crate) words: usize,
    pub(crate) shown: String,
    /// Binary data in the XML: name and base64.
    pub(crate) binary: Vec<(String, String)>,
    /// A field is open from part to part only by mistake; each part begins anew.
    pub(crate) slides: u32,
    pub(crate) active_x: bool,
    /// Square centimetres of the largest picture.
    pub(crate) largest: f64,
    /// White text on white, and where.
    pub(crate) unseen: Option<(Place, String)>,
}

impl Gathered {
    /// A string that code can read; it is looked through for addresses, too.
    pub(crate) fn string(&mut self, name: String, value: &str, place: &Place, scan: &mut Scan<'_>) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        if value.len() > STRING_BYTES_MAX {
            return scan.over(STRING_BYTES_MAX, "bytes of a text that macros could read");
        }
        if !scan.budget.gaps.room(self.strings.len(), STRINGS_MAX, "texts that macros could read") {
            return;
        }
        scan.text(TextKind::Meta, value, place.clone());
        self.strings.push((name, value.to_owned()));
    }
}

/// Where character data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Into {
    Nothing,
    Shown,
    Code,
    Binary,
}

struct Walk<'a, 's> {
    scan: &'a mut Scan<'s>,
    all: &'a mut Gathered,
    place: Place,
    into: Into,
    /// Text of elements that Office does not show, such as custom XML.
    loose: bool,
    shown: String,
    hidden: String,
    fallback: String,
    /// Inside the second choice of two ways to say the same.
    in_fallback: u32,
    vanish: bool,
    /// The characters are white, or hidden by their format.
    white: bool,
    /// Inside tables, shapes and shaded paragraphs, whose ground may have any colour.
    coloured: u32,
    unseen: String,
    in_picture: bool,
    fields: Fields,
    binary: (String, String),
    custom: String,
}

/// Reads a part. `loose`: its character data is not shown but may be read by code.
pub(crate) fn part(name: &str, text: &str, loose: bool, all: &mut Gathered, scan: &mut Scan<'_>) {
    let mut walk = Walk {
        scan,
        all,
        place: Place::new(name),
        into: Into::Nothing,
        loose,
        shown: String::new(),
        hidden: String::new(),
        fallback: String::new(),
        in_fallback: 0,
        vanish: false,
        white: false,
        coloured: 0,
        unseen: String::new(),
        in_picture: false,
        fields: Fields::default(),
        binary: Default::default(),
        custom: String::new(),
    };
    let mut reader = Reader::new(text);
    let mut events = 0_u32;
    while let Some(event) = reader.next() {
        events = events.wrapping_add(1);
        if events.is_multiple_of(EVENTS_PER_STEP) && !walk.scan.budget.spend(1) {
            break;
        }
        match event {
            Event::Open(element, empty) => walk.open(&element, empty),
            Event::Close(name) => walk.close(&name),
            Event::Text(text) => walk.text(&text),
        }
    }
    walk.finish();
}

impl Walk<'_, '_> {
    fn open(&mut self, e: &Element<'_>, empty: bool) {
        match e.name() {
            b"t" | b"Data" if !empty => self.into = Into::Shown,
            b"instrText" if !empty => self.into = Into::Code,
            b"binData" if !empty => {
                self.into = Into::Binary;
                self.binary = (e.attribute("name").unwrap_or_default(), String::new());
            }
            b"fldChar" => self.field_mark(e),
            b"fldSimple" => {
                let code = e.attribute("instr").unwrap_or_default();
                self.fields.simple(&code, &self.place, self.scan);
            }
            b"r" | b"rPr" => (self.vanish, self.white) = (false, false),
            b"tbl" | b"txbxContent" | b"wsp" if !empty => self.coloured += 1,
            b"shd" | b"highlight" => self.white = false,
            b"pic" => self.in_picture = !empty,
            b"ext" if self.in_picture => {
                let size = area(e.attribute("cx").as_deref(), e.attribute("cy").as_deref());
                self.all.largest = self.all.largest.max(size);
            }
            b"vanish" => (self.vanish, self.white) = (e.on(), self.white || e.on()),
            b"webHidden" => self.vanish = e.on(),
            b"tab" => self.show("\t"),
            b"br" | b"cr" => self.show("\n"),
            b"color" | b"srgbClr" => self.colour(e),
            b"Fallback" if !empty => self.in_fallback += 1,
            b"docPr" | b"cNvPr" | b"shape" | b"rect" => self.shape(e),
            b"docVar" => self.named("Variables", e.attribute("name"), e.attribute("val")),
            b"tag" | b"alias" => self.named("ContentControls", Some("Tag".to_owned()), e.attribute("val")),
            b"helpText" | b"statusText" => {
                self.named("FormFields", Some("Help".to_owned()), e.attribute("val"))
            }
            b"default" => self.named("FormFields", Some("Default".to_owned()), e.attribute("val")),
            _ => self.link(e),
        }
    }

    /// Elements that lead out of the document or make it act.
    fn link(&mut self, e: &Element<'_>) {
        match e.name() {
            b"ddeLink" => {
                let service = e.attribute("ddeService").unwrap_or_default();
                let topic = e.attribute("ddeTopic").unwrap_or_default();
                dde_link(&service, &topic, &self.place, self.scan);
            }
            b"customUI" => {
                if let Some(macro_name) = e.attribute("onLoad") {
                    self.scan.active = true;
                    self.scan.find(Id::OoxmlCustomui, self.place.clone(), macro_name);
                }
            }
            b"ocx" => {
                self.scan.active = true;
                self.all.active_x = true;
                let class = e.attribute("classid").unwrap_or_default();
                self.scan.find(Id::Activex, self.place.clone(), class);
            }
            b"ocxPr" => self.named("Controls", e.attribute("name"), e.attribute("value")),
            b"attachedTemplate" => {
                if let Some(target) = e.attribute("val") {
                    relations::one("attachedtemplate", &target, &self.place, self.scan);
                }
            }
            b"hlink" | b"Cell" | b"hyperlink" => {
                for name in ["dest", "HRef"] {
                    if let Some(target) = e.attribute(name) {
                        relations::one("hyperlink", &target, &self.place, self.scan);
                    }
                }
            }
            b"hlinkClick" | b"hlinkHover" | b"hlinkMouseOver" => {
                if let Some(action) = e.attribute("action") {
                    self.action(&action);
                }
            }
            b"webPr" | b"dbPr" | b"textPr" => {
                for (key, value) in e.attributes() {
                    if matches!(key.as_str(), "url" | "connection" | "command" | "sourceFile") {
                        self.scan.text(TextKind::Decoded, value, self.place.clone());
                    }
                }
            }
            b"sld" => self.all.slides += 1,
            _ => {}
        }
    }

    /// What a click or the pointer over a shape of a slide does.
    fn action(&mut self, action: &str) {
        let lower = action.to_ascii_lowercase();
        self.scan.active |= lower.contains("program") || lower.contains("macro") || lower.contains("ole");
        self.scan.text(TextKind::Meta, action, self.place.clone());
    }

    fn field_mark(&mut self, e: &Element<'_>) {
        match e.attribute("fldCharType").as_deref() {
            Some("begin") => self.fields.begin(),
            Some("separate") => self.fields.separate(),
            Some("end") => self.fields.end(&self.place, self.scan),
            _ => {}
        }
    }

    fn colour(&mut self, e: &Element<'_>) {
        let colours = &mut self.scan.facts.office.get_or_insert_default().font_colors;
        let Some(value) = e.attribute("val").map(|v| v.to_ascii_uppercase()) else { return };
        self.white |= e.name() == b"color" && value == "FFFFFF";
        let is_rgb = value.len() == 6 && value.bytes().all(|b| b.is_ascii_hexdigit());
        if is_rgb && !colours.contains(&value) {
            if colours.len() < COLOURS_MAX {
                colours.push(value);
            } else {
                self.scan.budget.gaps.aside(COLOURS_MAX, "colours of text");
            }
        }
    }

    /// Alternative texts and titles.
    fn shape(&mut self, e: &Element<'_>) {
        let name = e.attribute("name").or_else(|| e.attribute("id")).unwrap_or_default();
        for (key, what) in [("descr", "AlternativeText"), ("alt", "AlternativeText"), ("title", "Title")] {
            if let Some(text) = e.attribute(key) {
                self.all.string(format!("Shapes(\"{name}\").{what}"), &text, &self.place, self.scan);
            }
        }
    }

    fn named(&mut self, list: &str, name: Option<String>, value: Option<String>) {
        let name = format!("{list}(\"{}\")", name.unwrap_or_default());
        self.all.string(name, &value.unwrap_or_default(), &self.place, self.scan);
    }

    fn close(&mut self, name: &[u8]) {
        match name {
            b"t" | b"instrText" | b"Data" => self.into = Into::Nothing,
            b"binData" => {
                self.into = Into::Nothing;
                self.all.binary.push(std::mem::take(&mut self.binary));
            }
            b"p" | b"Row" | b"comment" => self.show("\n"),
            b"tc" | b"Cell" => self.show("\t"),
            b"r" => (self.vanish, self.white) = (false, false),
            b"tbl" | b"txbxContent" | b"wsp" => self.coloured = self.coloured.saturating_sub(1),
            b"pic" => self.in_picture = false,
            b"Fallback" => self.in_fallback = self.in_fallback.saturating_sub(1),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match self.into {
            Into::Shown => self.show(text),
            Into::Code => self.fields.code(text),
            Into::Binary => self.binary.1.push_str(text),
            Into::Nothing
                if self.loose
                    && !text.trim().is_empty()
                    && self.custom.len() + text.len() > STRING_BYTES_MAX =>
            {
                self.scan.over(STRING_BYTES_MAX, "bytes of custom data");
            }
            Into::Nothing if self.loose && !text.trim().is_empty() => {
                self.custom.push_str(text.trim());
                self.custom.push('\n');
            }
            _ => {}
        }
    }

    fn show(&mut self, text: &str) {
        let to = if self.vanish {
            &mut self.hidden
        } else if self.in_fallback > 0 {
            &mut self.fallback
        } else {
            &mut self.shown
        };
        if to.len() + text.len() <= TEXT_BYTES_MAX {
            to.push_str(text);
        } else {
            self.scan.over(TEXT_BYTES_MAX, "bytes of text of a part");
        }
        let unseen = self.white && self.coloured == 0 && self.in_fallback == 0;
        // Enough for an excerpt.
        if unseen && self.unseen.len() < EVIDENCE_CHARS_MAX * 4 {
            self.unseen.push_str(text);
        }
    }

    fn finish(self) {
        let Walk { scan, all, place, mut fields, shown, hidden, fallback, custom, binary, unseen, .. } = self;
        fields.finish(&place, scan);
        if !binary.1.is_empty() {
            all.binary.push(binary);
        }
        let unseen = unseen.trim();
        if unseen.chars().count() >= UNSEEN_CHARS && all.unseen.is_none() {
            all.unseen = Some((place.clone(), unseen.to_owned()));
        }
        all.words += shown.split_whitespace().count();
        // The bus has all of it; this is what rules see as the document's text.
        if all.shown.len() + shown.len() <= TEXT_BYTES_MAX {
            all.shown.push_str(&shown);
        }
        if !custom.is_empty() {
            all.string("CustomXMLParts".to_owned(), &custom, &place, scan);
        }
        scan.text(TextKind::Shown, hidden, place.then("hidden text"));
        if fallback != shown {
            scan.text(TextKind::Shown, fallback, place.clone());
        }
        scan.text(TextKind::Shown, shown, place);
    }
}

/// A workbook's link to a program.
pub(crate) fn dde_link(service: &str, topic: &str, place: &Place, scan: &mut Scan<'_>) {
    let line = format!("{service} {topic}");
    let line = line.trim();
    let command = fields::is_command(line);
    let office = fields::is_office(service) && !command;
    // Tables of rates and prices are linked to a data service so.
    let severity = match (office, command) {
        (true, _) => Severity::Info,
        (false, true) => Id::DdeLink.severity(),
        (false, false) => Severity::Medium,
    };
    scan.find_as(Id::DdeLink, severity, Derived::Static, place.clone(), line);
    if !office {
        scan.active = true;
        scan.indicate(IndicatorKind::String, line, place.clone());
    }
    if command {
        fields::dde_command(line, place, scan);
    }
}
