//! Equations of the old equation editor (MTEF), whose font names and matrices overflow its buffers.

use memchr::memmem;

use crate::gaps::Gaps;

/// Bytes of a font name that the editor has room for.
const FONT_NAME_MAX: usize = 40;
/// Rows or columns of a matrix that the editor has room for.
const MATRIX_MAX: u8 = 31;
/// Records read: those that overflow stand at the beginning.
const RECORDS_MAX: usize = 64;
/// Equations looked for in one object.
const CANDIDATES_MAX: usize = 16;
/// Bytes of the header before the equation.
const HEADER_BYTES: usize = 28;

/// What an equation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Equation {
    /// Nothing out of the ordinary.
    Plain,
    /// A font name of so many bytes (CVE-2017-11882, CVE-2018-0802).
    LongFont(usize),
    /// A matrix that is too large (CVE-2018-0798).
    Matrix(u8, u8),
}

/// Looks for an equation anywhere in an object, even in one whose container is broken; the worst counts.
pub(crate) fn find(bytes: &[u8], gaps: &mut Gaps) -> Option<Equation> {
    let mut found = None;
    let headers = memmem::find_iter(bytes, b"\x1C\0\0\0\x02\0");
    for at in gaps.most(headers, CANDIDATES_MAX, "places that look like an equation") {
        let Some(body) = bytes.get(at + HEADER_BYTES..) else { continue };
        // Version 2 or 3; the editor looks at nothing else of the header.
        if !matches!(body, [2 | 3, ..]) {
            continue;
        }
        match records(body.get(5..).unwrap_or_default()) {
            Equation::Plain => found = found.or(Some(Equation::Plain)),
            worse => return Some(worse),
        }
    }
    let bodies = memmem::find_iter(bytes, b"\x03\x01\x01\x03");
    for at in gaps.most(bodies, CANDIDATES_MAX, "places that look like an equation") {
        match records(bytes.get(at + 5..).unwrap_or_default()) {
            Equation::Plain => {}
            worse => return Some(worse),
        }
    }
    found
}

/// Reads records until one overflows or is not understood.
fn records(mut rest: &[u8]) -> Equation {
    for _ in 0..RECORDS_MAX {
        let Some((&tag, body)) = rest.split_first() else { break };
        let skip = match tag & 0x0F {
            0 | 10..=14 => 0,
            // A line: nudge and spacing by its option bits.
            1 => usize::from(tag & 0x80 != 0) * 2 + usize::from(tag & 0x40 != 0) * 2,
            8 => {
                let name = body.get(2..).unwrap_or_default();
                let length = memchr::memchr(0, name).unwrap_or(name.len());
                if length > FONT_NAME_MAX {
                    return Equation::LongFont(length);
                }
                length + 3
            }
            5 => {
                let at = usize::from(tag & 0x80 != 0) * 2;
                if let Some([_, _, _, rows, columns]) = body.get(at..at + 5)
                    && (*rows > MATRIX_MAX || *columns > MATRIX_MAX)
                {
                    return Equation::Matrix(*rows, *columns);
                }
                break;
            }
            9 => 3,
            _ => break,
        };
        rest = body.get(skip..).unwrap_or_default();
    }
    Equation::Plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(bytes: &[u8]) -> Option<Equation> {
        find(bytes, &mut Gaps::default())
    }

    fn object(records: &[u8]) -> Vec<u8> {
        let mut out = b"\x1C\0\0\0\x02\0\x6D\xC1".to_vec();
        out.resize(HEADER_BYTES, 0);
        out.extend_from_slice(b"\x03\x01\x01\x03\x0A");
        out.extend_from_slice(records);
        out
    }

    #[test]
    fn a_font_name_that_is_too_long() {
        let long = [b"\x0A\x01\x08\x5A\x5A".as_slice(), &[b'A'; 48], b"\0"].concat();
        assert_eq!(look(&object(&long)), Some(Equation::LongFont(48)));
        let short = b"\x0A\x01\x08\x81\x00Times New Roman\0\x02\x83x\0";
        assert_eq!(look(&object(short)), Some(Equation::Plain));
        assert_eq!(look(b"no equation here, only \x03\x01 words"), None);
        assert_eq!(look(&object(b"\x0A\x01\x05\x01\x01\x01\x40\x40")), Some(Equation::Matrix(64, 64)));
    }
}
