//! Cells as text: `$A$1`, `R[1]C[-2]`, and back.

use super::model::{At, Workbook};

/// Rows of a sheet.
pub(crate) const ROWS: u32 = 1 << 20;
/// Columns of a sheet.
pub(crate) const COLUMNS: u32 = 1 << 14;

/// `$A$1`.
pub(crate) fn a1(word: &str) -> Option<At> {
    let rest = word.strip_prefix('$').unwrap_or(word);
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let column = letters_of(rest.get(..letters)?)?;
    let digits = rest.get(letters..)?;
    Some((number_of(digits.strip_prefix('$').unwrap_or(digits))?, column))
}

/// `$A` of `$A:$C`.
pub(crate) fn column(word: &str) -> Option<u32> {
    letters_of(word.strip_prefix('$').unwrap_or(word))
}

/// `$1` of `$1:$3`.
pub(crate) fn row(word: &str) -> Option<u32> {
    number_of(word.strip_prefix('$').unwrap_or(word))
}

fn letters_of(letters: &str) -> Option<u32> {
    if letters.is_empty() || letters.len() > 3 || !letters.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let number = letters.bytes().fold(0u32, |n, b| n * 26 + u32::from(b.to_ascii_uppercase() - b'A') + 1);
    (number <= COLUMNS).then(|| number - 1)
}

fn number_of(digits: &str) -> Option<u32> {
    if digits.is_empty() || digits.len() > 7 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u32 = digits.parse().ok()?;
    (1..=ROWS).contains(&number).then(|| number - 1)
}

/// `R1C1`, `R[1]C[-2]`, `RC`, `R5`, `C`: first and last cell, and how many bytes of the text it takes.
pub(crate) fn r1c1(text: &str, here: At) -> Option<(At, At, usize)> {
    let (mut row, mut used) = (None, 0);
    if matches!(text.as_bytes().first(), Some(b'R' | b'r')) {
        let (value, n) = axis(text.get(1..)?, here.0, ROWS)?;
        (row, used) = (Some(value), 1 + n);
    }
    let mut column = None;
    if matches!(text.as_bytes().get(used), Some(b'C' | b'c')) {
        let (value, n) = axis(text.get(used + 1..)?, here.1, COLUMNS)?;
        (column, used) = (Some(value), used + 1 + n);
    }
    match (row, column) {
        (Some(r), Some(c)) => Some(((r, c), (r, c), used)),
        (Some(r), None) => Some(((r, 0), (r, COLUMNS - 1), used)),
        (None, Some(c)) => Some(((0, c), (ROWS - 1, c), used)),
        (None, None) => None,
    }
}

/// What stands behind `R` or `C`: nothing, a number, or an offset in brackets.
fn axis(text: &str, here: u32, size: u32) -> Option<(u32, usize)> {
    if let Some(rest) = text.strip_prefix('[') {
        let end = rest.bytes().take(12).position(|b| b == b']')?;
        let inner = rest.get(..end)?.trim();
        let offset: i64 = if inner.is_empty() { 0 } else { inner.parse().ok()? };
        let at = (i64::from(here) + offset).rem_euclid(i64::from(size));
        return Some((u32::try_from(at).ok()?, end + 2));
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Some((here, 0));
    }
    let number: u32 = text.get(..digits)?.parse().ok()?;
    (1..=size).contains(&number).then(|| (number - 1, digits))
}

/// `AB12`.
pub(crate) fn a1_text((row, column): At) -> String {
    format!("{}{}", letters(column), u64::from(row) + 1)
}

/// `AB`.
pub(crate) fn letters(column: u32) -> String {
    let mut out = Vec::new();
    let mut n = u64::from(column) + 1;
    while n > 0 {
        out.push(b'A' + ((n - 1) % 26) as u8);
        n = (n - 1) / 26;
    }
    out.reverse();
    String::from_utf8(out).unwrap_or_default()
}

impl Workbook {
    /// Index of a sheet by its name, in whatever case.
    pub(crate) fn sheet_named(&self, name: &str) -> Option<usize> {
        let same = |other: &str| {
            other.eq_ignore_ascii_case(name)
                || (!name.is_ascii() && other.len().abs_diff(name.len()) < 16)
                    && other.to_lowercase() == name.to_lowercase()
        };
        self.sheets.iter().position(|s| same(&s.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_are_read() {
        assert_eq!(a1("$A$1"), Some((0, 0)));
        assert_eq!(a1("xfd1048576"), Some((ROWS - 1, COLUMNS - 1)));
        assert_eq!((a1("XFE1"), a1("A0"), a1("A"), a1("1"), a1("AAAA1")), (None, None, None, None, None));
        assert_eq!(r1c1("R1C2", (5, 5)), Some(((0, 1), (0, 1), 4)));
        assert_eq!(r1c1("R[-1]C[2]+1", (5, 5)), Some(((4, 7), (4, 7), 9)));
        assert_eq!(r1c1("rc", (5, 6)), Some(((5, 6), (5, 6), 2)));
        assert_eq!(r1c1("C3", (5, 5)), Some(((0, 2), (ROWS - 1, 2), 2)));
        assert_eq!(r1c1("X", (0, 0)), None);
    }

    #[test]
    fn and_written() {
        assert_eq!(a1_text((0, 0)), "A1");
        assert_eq!(a1_text((11, 27)), "AB12");
        assert_eq!(letters(COLUMNS - 1), "XFD");
    }
}
