//! Carries a change out on the bytes of a message. Milters carry it out field by field instead.
//!
//! Everything that is not changed stays byte for byte as it was: folding, case of names, line ends, even fields that no
//! standard knows. A change that does not fit the message (another message's, or one of a broken worker) changes as much
//! as fits and never more than it says.

use sekisho_record::{Change, FieldChange, Patch};

/// The message with the change carried out.
pub fn apply(raw: &[u8], change: &Change) -> Vec<u8> {
    let (head, rest) = raw.split_at(head_end(raw));
    let (gap, body) = rest.split_at(empty_line(rest));
    let added: usize = change.body.iter().map(|patch| patch.put.len()).sum();
    let mut out = Vec::with_capacity(raw.len() + added + 2048);
    header(&mut out, head, &change.fields);
    if head.is_empty() && gap.is_empty() && !out.is_empty() && !body.is_empty() {
        out.extend_from_slice(line_end(raw));
    }
    out.extend_from_slice(gap);
    patched(&mut out, body, &change.body);
    out
}

/// Where the body begins, behind the empty line.
pub fn body_start(raw: &[u8]) -> usize {
    let head = head_end(raw);
    head + empty_line(raw.get(head..).unwrap_or_default())
}

/// The line end that this message uses.
pub fn line_end(raw: &[u8]) -> &'static [u8] {
    match raw.iter().position(|byte| *byte == b'\n') {
        Some(at) if at == 0 || raw.get(at - 1) != Some(&b'\r') => b"\n",
        _ => b"\r\n",
    }
}

/// A field as it stands: its name, and all its bytes with its line end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) bytes: &'a [u8],
}

impl<'a> Field<'a> {
    /// What stands behind the colon, folded as it is.
    pub(crate) fn value(&self) -> &'a [u8] {
        let colon = self.bytes.iter().position(|byte| *byte == b':').map_or(self.bytes.len(), |at| at + 1);
        self.bytes.get(colon..).unwrap_or_default()
    }
}

/// The fields of a message as they stand.
pub(crate) fn fields(raw: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        let one = field(rest)?;
        rest = rest.get(one.bytes.len()..).unwrap_or_default();
        Some(one)
    })
}

/// Length of the header: up to the empty line, or up to the first line that is no field.
pub(crate) fn head_end(raw: &[u8]) -> usize {
    let mut at = 0;
    while let Some(field) = field(raw.get(at..).unwrap_or_default()) {
        at += field.bytes.len();
    }
    at
}

/// Length of the empty line that the rest begins with.
pub(crate) fn empty_line(rest: &[u8]) -> usize {
    if rest.starts_with(b"\r\n") { 2 } else { usize::from(rest.starts_with(b"\n")) }
}

/// The field that these bytes begin with.
pub(crate) fn field(bytes: &[u8]) -> Option<Field<'_>> {
    let mut end = 0;
    loop {
        let rest = bytes.get(end..).unwrap_or_default();
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        end += line;
        let folded = matches!(bytes.get(end), Some(b' ' | b'\t'));
        if line == 0 || !folded {
            break;
        }
    }
    let bytes = bytes.get(..end)?;
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let name = bytes.get(..colon)?.trim_ascii_end();
    let printable = !name.is_empty() && name.iter().all(|byte| (33..=126).contains(byte));
    printable.then_some(Field { name, bytes })
}

fn header(out: &mut Vec<u8>, mut head: &[u8], changes: &[FieldChange]) {
    let end = line_end(head);
    for change in changes {
        if let FieldChange::Insert { name, value } = change {
            write(out, name.as_bytes(), value, end);
        }
    }
    let mut seen: Vec<(Vec<u8>, u32)> = Vec::new();
    while let Some(field) = field(head) {
        head = head.get(field.bytes.len()..).unwrap_or_default();
        let key = field.name.to_ascii_lowercase();
        let touched = changes.iter().any(|change| changes_field(change, &key));
        let nth = if touched { count(&mut seen, key.clone()) } else { 0 };
        let change = changes.iter().find(|change| nth > 0 && changes_nth(change, &key, nth));
        match change {
            Some(FieldChange::Remove { .. }) => {}
            Some(FieldChange::Replace { value, .. }) => write(out, field.name, value, end),
            _ => out.extend_from_slice(field.bytes),
        }
    }
}

fn write(out: &mut Vec<u8>, name: &[u8], value: &str, end: &[u8]) {
    out.extend_from_slice(name);
    out.push(b':');
    for (at, line) in value.split("\r\n").enumerate() {
        if at > 0 {
            out.extend_from_slice(end);
        }
        out.extend_from_slice(line.as_bytes());
    }
    out.extend_from_slice(end);
}

/// Counts a name; only names that a change mentions are counted, so there are few.
fn count(seen: &mut Vec<(Vec<u8>, u32)>, key: Vec<u8>) -> u32 {
    if let Some((_, count)) = seen.iter_mut().find(|(name, _)| *name == key) {
        *count += 1;
        return *count;
    }
    seen.push((key, 1));
    1
}

fn target(change: &FieldChange) -> Option<(&str, u32)> {
    match change {
        FieldChange::Insert { .. } => None,
        FieldChange::Remove { name, nth } | FieldChange::Replace { name, nth, .. } => Some((name, *nth)),
    }
}

fn changes_field(change: &FieldChange, key: &[u8]) -> bool {
    target(change).is_some_and(|(name, _)| name.as_bytes().eq_ignore_ascii_case(key))
}

fn changes_nth(change: &FieldChange, key: &[u8], nth: u32) -> bool {
    changes_field(change, key) && target(change).is_some_and(|(_, wanted)| wanted == nth)
}

/// The body with its patches.
pub fn patched(out: &mut Vec<u8>, body: &[u8], patches: &[Patch]) {
    let mut done = 0;
    for patch in patches {
        let Some(kept) = body.get(done..patch.at) else { continue };
        out.extend_from_slice(kept);
        out.extend_from_slice(&patch.put);
        done = patch.at.saturating_add(patch.cut).min(body.len());
    }
    out.extend_from_slice(body.get(done..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(name: &str, value: &str) -> FieldChange {
        FieldChange::Insert { name: name.into(), value: value.into() }
    }

    fn check(raw: &str, fields: Vec<FieldChange>, body: Vec<Patch>) -> String {
        String::from_utf8(apply(raw.as_bytes(), &Change { fields, body })).unwrap()
    }

    #[test]
    fn no_change_changes_no_byte() {
        for raw in
            ["", "\r\n", "a", "From: a\r\n\r\nx", "From: a", "no header\r\nx: y\r\n", "A : b\n\tc\n\nx\n"]
        {
            assert_eq!(check(raw, Vec::new(), Vec::new()), raw);
        }
    }

    #[test]
    fn fields_are_added_on_top_changed_and_removed_by_their_number() {
        let raw = "X-A: 1\r\nFrom: a\r\nx-a: 2\r\n folded\r\nX-A: 3\r\n\r\nbody";
        let fields = vec![
            insert("New", " first,\r\n\tsecond"),
            insert("Also", " x"),
            FieldChange::Remove { name: "x-A".into(), nth: 2 },
            FieldChange::Replace { name: "X-A".into(), nth: 3, value: " three".into() },
        ];
        let want = "New: first,\r\n\tsecond\r\nAlso: x\r\nX-A: 1\r\nFrom: a\r\nX-A: three\r\n\r\nbody";
        assert_eq!(check(raw, fields, Vec::new()), want);
    }

    #[test]
    fn line_ends_are_those_of_the_message() {
        assert_eq!(
            check("From: a\n\nx", vec![insert("N", " 1,\r\n 2")], Vec::new()),
            "N: 1,\n 2\nFrom: a\n\nx"
        );
    }

    #[test]
    fn a_message_without_header_gets_one_apart_from_its_body() {
        assert_eq!(check("no header", vec![insert("N", " 1")], Vec::new()), "N: 1\r\n\r\nno header");
        assert_eq!(check("", vec![insert("N", " 1")], Vec::new()), "N: 1\r\n");
    }

    #[test]
    fn patches_that_do_not_fit_change_nothing_else() {
        let patch = |at, cut, put: &str| Patch { at, cut, put: put.into() };
        let raw = "A: b\r\n\r\n0123456789";
        let body = vec![patch(2, 2, "xx"), patch(3, 1, "never"), patch(8, 9, "end"), patch(99, 1, "never")];
        assert_eq!(check(raw, Vec::new(), body), "A: b\r\n\r\n01xx4567end");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_stay_as_they_are(raw in proptest::collection::vec(proptest::sample::select(b"aA:\r\n \t\0\xff".to_vec()), 0..64)) {
            proptest::prop_assert_eq!(apply(&raw, &Change::default()), raw);
        }
    }
}
