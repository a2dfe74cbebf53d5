//! Follows groups and destinations and collects what each holds.

use bytes::Bytes;

use super::{
    destination::{self, Destination, Named},
    digits::Digits,
    object::{self, Object},
    token::{Token, Tokens},
};
use crate::{
    Derived, Id, Place, Relation, Severity,
    limits::TEXT_BYTES_MAX,
    office::{
        codepage,
        fields::Fields,
        target::{self, Target},
    },
    scan::{Child, Scan, TextKind},
};

/// Groups that are remembered; deeper ones are counted only.
const DEPTH_MAX: usize = 4_096;
/// Objects that are looked into.
const OBJECTS_MAX: usize = 256;
/// Pictures that are handed on.
const PICTURES_MAX: usize = 32;
/// Bytes of a collected text.
const NAMED_BYTES_MAX: usize = 64 << 10;
/// Colours remembered, for rules.
const COLOURS_MAX: usize = 256;
/// Tokens a step of work.
const TOKENS_PER_STEP: u32 = 16;

/// A group that is open.
#[derive(Debug, Clone, Copy)]
struct Group {
    to: Destination,
    /// Where a Unicode twin of this group's text goes.
    twin: Destination,
    /// Characters that stand in for one by `\u`.
    uc: u16,
    hidden: bool,
    /// What ends with the group.
    ends_object: bool,
    ends_field: bool,
    opened: bool,
    /// `\*` was the last thing, or nothing yet.
    star: bool,
    fresh: bool,
    upr: bool,
}

const GROUND: Group = Group {
    to: Destination::Body,
    twin: Destination::Body,
    uc: 1,
    hidden: false,
    ends_object: false,
    ends_field: false,
    opened: false,
    star: false,
    fresh: true,
    upr: false,
};

/// A reader of one RTF.
pub(super) struct Reader<'a, 's> {
    scan: &'a mut Scan<'s>,
    group: Group,
    groups: Vec<Group>,
    beyond: usize,
    /// Characters of text to pass over after `\u`.
    skip: u16,
    encoding: &'static encoding_rs::Encoding,
    /// Bytes of text not decoded yet, and half a pair of `\u`.
    pending: Vec<u8>,
    high: Option<u16>,
    shown: String,
    hidden: String,
    named: Vec<String>,
    escapes: u32,
    fields: Fields,
    objects: Vec<Object>,
    finished: usize,
    /// Digits of objects that are open, the innermost last.
    hex: Vec<Digits>,
    picture: Picture,
    colour: [u8; 3],
}

/// A picture while its group is read.
#[derive(Debug, Default)]
struct Picture {
    kind: &'static str,
    digits: Digits,
    handed: usize,
}

impl<'a, 's> Reader<'a, 's> {
    pub(super) fn new(scan: &'a mut Scan<'s>) -> Reader<'a, 's> {
        Reader {
            scan,
            group: GROUND,
            groups: Vec::new(),
            beyond: 0,
            skip: 0,
            encoding: encoding_rs::WINDOWS_1252,
            pending: Vec::new(),
            high: None,
            shown: String::new(),
            hidden: String::new(),
            named: Vec::new(),
            escapes: 0,
            fields: Fields::of_rtf(),
            objects: Vec::new(),
            finished: 0,
            hex: Vec::new(),
            picture: Picture::default(),
            colour: [0; 3],
        }
    }

    /// Reads all of it, as far as the budget goes.
    pub(super) fn read(mut self, bytes: &[u8]) {
        let mut tokens = 0_u32;
        for token in Tokens::new(bytes) {
            tokens = tokens.wrapping_add(1);
            if tokens.is_multiple_of(TOKENS_PER_STEP) && !self.scan.budget.spend(1) {
                break;
            }
            self.token(token);
        }
        self.finish();
    }

    fn token(&mut self, token: Token<'_>) {
        match token {
            Token::Open => self.open(),
            Token::Close => self.close(),
            Token::Word(word, number) => self.word(word, number),
            Token::Symbol(symbol) => self.symbol(symbol),
            Token::Hex(byte) => self.quoted(byte),
            Token::Raw(raw) => self.raw(raw),
            Token::Text(text) => self.text(text),
        }
        if !matches!(token, Token::Open | Token::Symbol(b'*')) {
            self.group.star = false;
            // Line ends and blanks between a brace and its word do not count.
            let blank = matches!(token, Token::Text(t) if t.iter().all(u8::is_ascii_whitespace));
            self.group.fresh &= blank;
        }
    }

    fn open(&mut self) {
        self.flush();
        self.skip = 0;
        if self.groups.len() >= DEPTH_MAX {
            self.beyond = self.beyond.saturating_add(1);
            return self.scan.over(DEPTH_MAX, "groups inside one another");
        }
        if let (Destination::Object, Some(hex)) = (self.group.to, self.hex.last_mut()) {
            hex.control();
        }
        self.groups.push(self.group);
        let outer = self.group;
        self.group = Group {
            ends_object: false,
            ends_field: false,
            opened: false,
            star: false,
            fresh: true,
            upr: false,
            ..outer
        };
        if outer.upr {
            // Of the two twins only the one in Unicode counts.
            self.group.twin = outer.to;
            self.group.to = Destination::Skip;
        }
    }

    fn close(&mut self) {
        self.flush();
        self.skip = 0;
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let ended = self.group;
        let Some(outer) = self.groups.pop() else { return };
        self.group = outer;
        self.group.fresh = false;
        self.ended(ended);
    }

    /// What ends with a group.
    fn ended(&mut self, ended: Group) {
        if ended.opened {
            match ended.to {
                Destination::Object | Destination::Store => self.end_digits(ended.to),
                Destination::Picture => self.end_picture(),
                Destination::Named(what) => self.end_named(what),
                Destination::Code => self.fields.separate(),
                _ => {}
            }
        }
        if ended.ends_object
            && let Some(object) = self.objects.pop()
        {
            self.end_object(object);
        }
        if ended.ends_field {
            self.fields.end(&Place::new("field"), self.scan);
        }
    }

    fn end_object(&mut self, object: Object) {
        self.finished += 1;
        if self.finished > OBJECTS_MAX {
            self.scan.over(OBJECTS_MAX, "objects");
        } else {
            object::finish(object, self.finished, self.scan);
        }
    }

    fn end_digits(&mut self, to: Destination) {
        let Some(digits) = self.hex.pop() else { return };
        if to == Destination::Object {
            match self.objects.last_mut() {
                Some(object) => object.data.push(digits),
                None => self.end_object(Object { data: vec![digits], ..Object::default() }),
            }
            return;
        }
        let bytes = digits.into_bytes();
        if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
            self.hand_on("datastore".to_owned(), bytes);
        }
    }

    fn end_picture(&mut self) {
        let digits = std::mem::take(&mut self.picture.digits);
        self.scan.facts.office.get_or_insert_default().images += 1;
        let bytes = digits.into_bytes();
        if self.picture.kind.is_empty() || bytes.is_empty() {
            return;
        }
        if self.picture.handed >= PICTURES_MAX {
            return self.scan.budget.gaps.aside(PICTURES_MAX, "pictures");
        }
        self.picture.handed += 1;
        let name = format!("picture{}.{}", self.picture.handed, self.picture.kind);
        self.hand_on(name, bytes);
    }

    fn hand_on(&mut self, name: String, bytes: Vec<u8>) {
        self.scan.budget.spend_bytes(bytes.len() as u64);
        self.scan.child(Child {
            name,
            bytes: Bytes::from(bytes),
            relation: Relation::Part,
            same_depth: true,
            ..Child::default()
        });
    }

    fn end_named(&mut self, what: Named) {
        let text = self.named.pop().unwrap_or_default();
        let escapes = std::mem::take(&mut self.escapes);
        let text = text.trim().to_owned();
        if text.is_empty() {
            return;
        }
        let office = self.scan.facts.office.get_or_insert_default();
        match what {
            Named::ObjectClass => {
                if let Some(object) = self.objects.last_mut() {
                    object.class = text;
                }
                return;
            }
            Named::Template | Named::Source => return self.template(what, &text, escapes),
            Named::Title => office.title = Some(text.clone()),
            Named::Subject => office.subject = Some(text.clone()),
            Named::Author => office.author = Some(text.clone()),
            Named::Operator => office.last_modified_by = Some(text.clone()),
            Named::Keywords => office.keywords = Some(text.clone()),
            Named::Comment => office.comments = Some(text.clone()),
            Named::Category => office.category = Some(text.clone()),
            Named::Meta => {}
        }
        self.scan.text(TextKind::Meta, text, "properties");
    }

    /// The template, or the source of a form letter: only one from elsewhere is of interest.
    fn template(&mut self, what: Named, text: &str, escapes: u32) {
        let target = Target::of(text);
        if !target.remote() && !target.moniker {
            return self.scan.text(TextKind::Meta, text, "template");
        }
        let place = Place::new(if what == Named::Template { "template" } else { "mail merge" });
        target::note(&target, &place, self.scan);
        let relation = (place.to_string(), target.text.clone());
        self.scan.facts.office.get_or_insert_default().relationships.push(relation);
        let severity = match what {
            Named::Template if target.intranet() || target.own(self.scan) => Severity::Low,
            Named::Template if target.web || target.moniker => Severity::Critical,
            Named::Template => Severity::High,
            _ => Severity::Info,
        };
        self.scan.active |= severity > Severity::Low;
        if what == Named::Template {
            self.scan.find_as(Id::RtfTemplateRemote, severity, Derived::Static, place.clone(), &target.text);
        }
        if escapes >= 4 {
            self.scan.find(Id::RtfObfControl, place, format!("{escapes} escaped characters of an address"));
        }
    }

    fn symbol(&mut self, symbol: u8) {
        if self.skipped() {
            return;
        }
        match symbol {
            b'*' if self.group.fresh => self.group.star = true,
            b'\\' | b'{' | b'}' => self.plain(&[symbol]),
            b'~' => self.plain(b" "),
            b'_' => self.plain(b"-"),
            b'\r' | b'\n' => self.plain(b"\n"),
            _ => {
                if let (Destination::Object, Some(hex)) = (self.group.to, self.hex.last_mut()) {
                    hex.control();
                }
            }
        }
    }

    /// One character that stands in for a `\u`.
    fn skipped(&mut self) -> bool {
        let skipped = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        skipped
    }

    fn quoted(&mut self, byte: Option<u8>) {
        if self.skipped() {
            return;
        }
        match (self.group.to, self.hex.last_mut()) {
            (Destination::Object | Destination::Store, Some(hex)) => hex.quote(),
            _ => {
                if let Some(byte) = byte {
                    self.plain(&[byte]);
                }
            }
        }
    }

    fn raw(&mut self, raw: &[u8]) {
        match (self.group.to, self.hex.last_mut()) {
            (Destination::Object | Destination::Store, Some(hex)) => hex.raw(raw),
            (Destination::Picture, _) => self.picture.digits.raw(raw),
            _ => {}
        }
    }

    fn text(&mut self, text: &[u8]) {
        match (self.group.to, self.hex.last_mut()) {
            (Destination::Object | Destination::Store, Some(hex)) => return hex.text(text),
            (Destination::Picture, _) => return self.picture.digits.text(text),
            (Destination::Skip | Destination::Quiet, _) => return,
            (Destination::Colours, _) => return self.colours(text),
            _ => {}
        }
        let mut rest = text;
        while self.skip > 0 && !rest.is_empty() {
            if !matches!(rest.first(), Some(b'\r' | b'\n')) {
                self.skip -= 1;
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        if rest.iter().any(|b| !matches!(b, b'\r' | b'\n')) {
            self.high = None;
        }
        for line in rest.split(|b| matches!(b, b'\r' | b'\n')) {
            self.plain(line);
        }
    }

    /// Bytes of text in the code page.
    fn plain(&mut self, bytes: &[u8]) {
        let text = matches!(self.group.to, Destination::Body | Destination::Code | Destination::Named(_));
        if text && self.scan.budget.gaps.room(self.pending.len(), TEXT_BYTES_MAX, "bytes of text") {
            self.pending.extend_from_slice(bytes);
        }
    }

    /// Decodes what waits.
    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let text = self.encoding.decode_without_bom_handling(&pending).0;
        self.put(&text);
        self.pending = pending;
        self.pending.clear();
    }

    /// Puts text where the group's text goes.
    fn put(&mut self, text: &str) {
        let (to, max) = match self.group.to {
            Destination::Code => return self.fields.code(text),
            Destination::Named(_) => match self.named.last_mut() {
                Some(named) => (named, NAMED_BYTES_MAX),
                None => return,
            },
            Destination::Body if self.group.hidden => (&mut self.hidden, TEXT_BYTES_MAX),
            Destination::Body => (&mut self.shown, TEXT_BYTES_MAX),
            _ => return,
        };
        if to.len() + text.len() <= max {
            to.push_str(text);
        } else {
            self.scan.over(max, "bytes of text");
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i32>) {
        if word != b"u" {
            self.flush();
            self.high = None;
        }
        if self.skipped() && word != b"u" {
            return;
        }
        if self.group.to == Destination::Skip {
            if word == b"ud" && self.groups.last().is_some_and(|g| g.upr) {
                self.group.to = self.group.twin;
            }
            return;
        }
        if let Some(to) = destination::of(word) {
            return self.enter(to);
        }
        if self.group.to == Destination::Object {
            self.count_control();
        }
        if self.group.star && self.group.fresh && !acts(word) {
            // An unknown destination: Word passes over it.
            let in_object = self.group.to == Destination::Object;
            self.group.to = if in_object { Destination::Skip } else { Destination::Quiet };
            return;
        }
        self.act(word, number);
    }

    fn count_control(&mut self) {
        if let Some(hex) = self.hex.last_mut() {
            hex.control();
        }
    }

    /// A word that opens a destination.
    fn enter(&mut self, to: Destination) {
        let in_object = self.group.to == Destination::Object;
        if in_object {
            self.count_control();
        }
        if self.group.opened {
            let before = Group { ends_object: false, ends_field: false, ..self.group };
            self.ended(before);
        }
        // Inside an object's digits all other texts are passed over.
        self.group.to = if in_object && to != Destination::Object { Destination::Skip } else { to };
        self.group.opened = self.group.to == to;
        if !self.group.opened {
            return;
        }
        match to {
            Destination::Object | Destination::Store => self.hex.push(Digits::default()),
            Destination::Picture => {
                self.picture = Picture { handed: self.picture.handed, ..Picture::default() }
            }
            Destination::Named(_) => {
                self.named.push(String::new());
                self.escapes = 0;
            }
            Destination::Code if !self.fields.open() => {
                self.fields.begin();
                self.group.ends_field = true;
            }
            _ => {}
        }
    }

    /// A word that is no destination.
    fn act(&mut self, word: &[u8], number: Option<i32>) {
        match word {
            b"u" => self.unicode(number.unwrap_or(0)),
            b"uc" => self.group.uc = u16::try_from(number.unwrap_or(1)).unwrap_or(0),
            b"upr" => self.group.upr = true,
            b"ansicpg" => {
                self.encoding = codepage::encoding(number.and_then(|n| u32::try_from(n).ok()).unwrap_or(0))
            }
            b"mac" => self.encoding = codepage::encoding(10_000),
            b"v" => self.group.hidden = number != Some(0),
            b"plain" => self.group.hidden = false,
            b"par" | b"line" | b"row" | b"page" | b"sect" | b"cell" | b"nestcell" => self.put("\n"),
            b"tab" => self.put("\t"),
            b"emdash" | b"endash" => self.put("-"),
            b"lquote" | b"rquote" => self.put("'"),
            b"ldblquote" | b"rdblquote" => self.put("\""),
            b"field" => {
                self.fields.begin();
                self.group.ends_field = true;
            }
            b"object" => {
                self.objects.push(Object::default());
                self.group.ends_object = true;
            }
            b"objupdate" | b"objautlink" | b"objocx" | b"objhtml" => self.object_word(word),
            b"pngblip" => self.picture.kind = "png",
            b"jpegblip" => self.picture.kind = "jpg",
            b"red" => self.colour_part(0, number),
            b"green" => self.colour_part(1, number),
            b"blue" => self.colour_part(2, number),
            _ => {}
        }
    }

    fn object_word(&mut self, word: &[u8]) {
        let Some(object) = self.objects.last_mut() else { return };
        match word {
            b"objupdate" => object.update = true,
            b"objautlink" => object.linked = true,
            _ => object.control = true,
        }
    }

    fn unicode(&mut self, number: i32) {
        self.flush();
        self.escapes += 1;
        let unit = (number & 0xFFFF) as u16;
        self.skip = self.group.uc;
        let high = self.high.take();
        match unit {
            0xD800..=0xDBFF => self.high = Some(unit),
            _ => {
                let units = high.into_iter().chain([unit]);
                let text: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')).collect();
                self.put(&text);
            }
        }
    }

    fn colour_part(&mut self, part: usize, number: Option<i32>) {
        if let (Destination::Colours, Some(to)) = (self.group.to, self.colour.get_mut(part)) {
            *to = u8::try_from(number.unwrap_or(0).clamp(0, 255)).unwrap_or(0);
        }
    }

    fn colours(&mut self, text: &[u8]) {
        let office = self.scan.facts.office.get_or_insert_default();
        for _ in memchr::memchr_iter(b';', text) {
            let [r, g, b] = std::mem::take(&mut self.colour);
            let colour = format!("{r:02X}{g:02X}{b:02X}");
            if office.font_colors.contains(&colour) {
                continue;
            }
            if office.font_colors.len() < COLOURS_MAX {
                office.font_colors.push(colour);
            } else {
                self.scan.budget.gaps.aside(COLOURS_MAX, "colours of text");
            }
        }
    }

    /// The file is over: whatever is still open counts as ended.
    fn finish(mut self) {
        self.beyond = 0;
        while !self.groups.is_empty() {
            self.close();
        }
        let ended = self.group;
        self.flush();
        self.ended(ended);
        self.fields.finish(&Place::new("field"), self.scan);
        let words = self.shown.split_whitespace().count();
        self.scan.facts.office.get_or_insert_default().words = u32::try_from(words).unwrap_or(u32::MAX);
        self.scan.facts.text = Some(self.shown.clone());
        self.scan.text(TextKind::Shown, self.shown, "text");
        self.scan.text(TextKind::Shown, self.hidden, "hidden text");
    }
}

/// Words that act even where a destination is expected.
fn acts(word: &[u8]) -> bool {
    matches!(word, b"u" | b"uc" | b"upr" | b"field" | b"object" | b"ud")
}
