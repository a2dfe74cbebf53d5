//! A change of a message as the milter protocol asks for it: field by field, and the body in pieces.
//!
//! Fields that change or go are named first, by their number from below, so that no number is another field's after a
//! removal; then new ones are put on top, the last first. Lines of a value are divided by LF, as the protocol wants.

use sekisho_record::{Change, FieldChange, Patch};

use super::{
    codec::{put, reply},
    negotiate::action,
};
use crate::limits;

/// Actions that a mail server must allow for this.
pub fn needs(change: &Change) -> u32 {
    let field = |bits, field: &FieldChange| match field {
        FieldChange::Insert { .. } => bits | action::ADD_HEADERS,
        FieldChange::Remove { .. } | FieldChange::Replace { .. } => bits | action::CHANGE_HEADERS,
    };
    let body = if change.body.is_empty() { 0 } else { action::CHANGE_BODY };
    change.fields.iter().fold(body, field)
}

/// It can be said in the protocol, and each field stays one field.
pub fn sound(change: &Change) -> bool {
    change.fields.iter().all(|field| match field {
        FieldChange::Insert { name, value } => named(name) && folded(value),
        FieldChange::Remove { name, nth } => named(name) && *nth > 0,
        FieldChange::Replace { name, nth, value } => named(name) && *nth > 0 && folded(value),
    })
}

/// A field's name (RFC 5322 2.2).
fn named(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| (33..=126).contains(&byte) && byte != b':')
}

/// A value whose further lines begin with a blank, and which the protocol does not take for a removal.
fn folded(value: &str) -> bool {
    let lines = value.split("\r\n");
    !value.is_empty()
        && !value.contains('\0')
        && lines.clone().all(|line| !line.contains(['\r', '\n']))
        && lines.skip(1).all(|line| line.starts_with([' ', '\t']))
}

/// Appends the frames that ask for a change. `blanks`: values go with their leading blank; else the mail server writes
/// one itself.
pub fn ask(out: &mut Vec<u8>, change: &Change, body: &[u8], blanks: bool) {
    let mut changed: Vec<(u32, &str, &str)> = change.fields.iter().filter_map(changed).collect();
    changed.sort_by_key(|(nth, _, _)| std::cmp::Reverse(*nth));
    for (nth, name, value) in changed {
        field(out, reply::CHANGE_HEADER, nth, name, value, blanks);
    }
    for one in change.fields.iter().rev() {
        if let FieldChange::Insert { name, value } = one {
            field(out, reply::INSERT_HEADER, 0, name, value, blanks);
        }
    }
    if !change.body.is_empty() {
        replace(out, body, &change.body);
    }
}

/// Of a field that changes or goes: its number, its name and its new value.
fn changed(field: &FieldChange) -> Option<(u32, &str, &str)> {
    match field {
        FieldChange::Insert { .. } => None,
        FieldChange::Remove { name, nth } => Some((*nth, name, "")),
        FieldChange::Replace { name, nth, value } => Some((*nth, name, value)),
    }
}

fn field(out: &mut Vec<u8>, letter: u8, place: u32, name: &str, value: &str, blanks: bool) {
    let value = if blanks { value } else { value.strip_prefix(' ').unwrap_or(value) };
    let value = value.replace("\r\n", "\n");
    put(out, letter, &[&place.to_be_bytes(), name.as_bytes(), b"\0", value.as_bytes(), b"\0"]);
}

/// The new body in pieces. Patches that do not fit the body change nothing, as where messages are changed as a whole.
fn replace(out: &mut Vec<u8>, body: &[u8], patches: &[Patch]) {
    let mut pieces = Pieces { out, open: None, written: false };
    let mut done = 0;
    for patch in patches {
        let Some(kept) = body.get(done..patch.at) else { continue };
        pieces.write(kept);
        pieces.write(&patch.put);
        done = patch.at.saturating_add(patch.cut).min(body.len());
    }
    pieces.write(body.get(done..).unwrap_or_default());
    pieces.end();
}

/// Fills frames one after the other, without a copy of the whole.
struct Pieces<'a> {
    out: &'a mut Vec<u8>,
    /// Where the frame begins that is being filled.
    open: Option<usize>,
    written: bool,
}

impl Pieces<'_> {
    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let begin = self.begin();
            let room = limits::MILTER_PIECE_BYTES_MAX.saturating_sub(self.out.len() - begin - 5);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.out.extend_from_slice(now);
            if now.len() == room {
                self.close();
            }
            bytes = later;
        }
    }

    fn begin(&mut self) -> usize {
        self.written = true;
        *self.open.get_or_insert_with(|| {
            let begin = self.out.len();
            put(self.out, reply::BODY, &[]);
            begin
        })
    }

    /// Writes the length of the frame that was filled.
    fn close(&mut self) {
        let Some(begin) = self.open.take() else { return };
        let length = u32::try_from(self.out.len().saturating_sub(begin + 4)).unwrap_or(u32::MAX);
        if let Some(place) = self.out.get_mut(begin..begin + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }

    /// A body that becomes empty is said, too.
    fn end(mut self) {
        if !self.written {
            self.begin();
        }
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::milter::codec::take;

    fn insert(name: &str, value: &str) -> FieldChange {
        FieldChange::Insert { name: name.into(), value: value.into() }
    }

    /// The frames that are asked for, one a line.
    fn check(change: &Change, body: &[u8], blanks: bool) -> String {
        let mut out = Vec::new();
        ask(&mut out, change, body, blanks);
        let mut read = BytesMut::from(&out[..]);
        let mut text = String::new();
        while let Some(frame) = take(&mut read).unwrap() {
            let (letter, data) = (char::from(frame.command), frame.data.escape_ascii().to_string());
            let short: String = data.chars().take(60).collect();
            let more = if data.len() > 60 { format!("… ({})", frame.data.len()) } else { String::new() };
            text.push_str(&format!("{letter} {short}{more}\n"));
        }
        assert!(read.is_empty());
        text
    }

    #[test]
    fn fields_change_from_below_and_new_ones_stand_in_their_order() {
        let fields = vec![
            insert("New", " first,\r\n\tsecond"),
            insert("Also", " x"),
            FieldChange::Remove { name: "X-A".into(), nth: 2 },
            FieldChange::Replace { name: "X-A".into(), nth: 3, value: " three".into() },
        ];
        let change = Change { fields, body: Vec::new() };
        assert!(sound(&change));
        assert_eq!(needs(&change), action::ADD_HEADERS | action::CHANGE_HEADERS);
        insta::assert_snapshot!(check(&change, b"body", true), @r"
        m \x00\x00\x00\x03X-A\x00 three\x00
        m \x00\x00\x00\x02X-A\x00\x00
        i \x00\x00\x00\x00Also\x00 x\x00
        i \x00\x00\x00\x00New\x00 first,\n\tsecond\x00
        ");
        insta::assert_snapshot!(check(&change, b"body", false), @r"
        m \x00\x00\x00\x03X-A\x00three\x00
        m \x00\x00\x00\x02X-A\x00\x00
        i \x00\x00\x00\x00Also\x00x\x00
        i \x00\x00\x00\x00New\x00first,\n\tsecond\x00
        ");
    }

    #[test]
    fn the_body_comes_in_pieces_of_the_largest_size() {
        let patch = |at, cut, put: &[u8]| Patch { at, cut, put: put.to_vec() };
        let change = |body: Vec<Patch>| Change { fields: Vec::new(), body };
        let one = change(vec![patch(2, 2, b"xx"), patch(3, 1, b"never"), patch(8, 9, b"end")]);
        assert_eq!(needs(&one), action::CHANGE_BODY);
        assert_eq!(check(&one, b"0123456789", true), "b 01xx4567end\n");
        assert_eq!(check(&change(vec![patch(0, 10, b"")]), b"0123456789", true), "b \n");
        let large = change(vec![patch(1, 0, &[b'x'; 150_000])]);
        insta::assert_snapshot!(check(&large, b"ab", true), @r"
        b axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (65535)
        b xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (65535)
        b xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (18932)
        ");
        let full = change(vec![patch(0, 0, &[b'x'; limits::MILTER_PIECE_BYTES_MAX])]);
        assert_eq!(check(&full, b"", true).lines().count(), 1);
    }

    #[test]
    fn no_change_asks_for_nothing() {
        assert_eq!(check(&Change::default(), b"body", true), "");
        assert_eq!(needs(&Change::default()), 0);
    }

    #[test]
    fn a_value_that_would_be_two_fields_is_not_sound() {
        let one = |field| sound(&Change { fields: vec![field], body: Vec::new() });
        assert!(one(insert("X-A", " b\r\n\tc")));
        for value in [" b\r\nBcc: x", " b\nc", " b\rc", " b\0", ""] {
            assert!(!one(insert("X-A", value)), "{value:?}");
        }
        for name in ["", "X A", "X:", "Xé"] {
            assert!(!one(insert(name, " b")), "{name:?}");
        }
        assert!(!one(FieldChange::Remove { name: "X".into(), nth: 0 }));
    }
}
