//! Two changes of a body, one after the other, as one.

use sekisho_record::Patch;

/// A stretch of a body under construction.
#[derive(Debug, Clone)]
enum Piece {
    /// Bytes of the first body.
    Kept { start: usize, end: usize },
    /// New bytes.
    New(Vec<u8>),
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Kept { start, end } => end - start,
            Self::New(bytes) => bytes.len(),
        }
    }

    /// The stretch cut in two behind `at` bytes.
    fn split(self, at: usize) -> (Self, Self) {
        match self {
            Self::Kept { start, end } => {
                let middle = (start + at).min(end);
                (Self::Kept { start, end: middle }, Self::Kept { start: middle, end })
            }
            Self::New(mut bytes) => {
                let tail = bytes.split_off(at.min(bytes.len()));
                (Self::New(bytes), Self::New(tail))
            }
        }
    }
}

/// The patches that do to a body of `length` bytes what `first` and then `second` do.
pub(crate) fn composed(length: usize, first: &[Patch], second: &[Patch]) -> Vec<Patch> {
    let whole = vec![Piece::Kept { start: 0, end: length }];
    let pieces = patched(patched(whole, first), second);
    let mut out: Vec<Patch> = Vec::new();
    let mut done = 0;
    let mut put = Vec::new();
    for piece in pieces.into_iter().chain([Piece::Kept { start: length, end: length }]) {
        match piece {
            Piece::New(bytes) => put.extend(bytes),
            Piece::Kept { start, end } => {
                if start > done || !put.is_empty() {
                    out.push(Patch { at: done, cut: start - done, put: std::mem::take(&mut put) });
                }
                done = end;
            }
        }
    }
    out
}

fn patched(pieces: Vec<Piece>, patches: &[Patch]) -> Vec<Piece> {
    let mut out = Vec::with_capacity(pieces.len() + patches.len() * 2);
    let mut rest = pieces.into_iter().rev().collect::<Vec<_>>();
    let mut at = 0;
    for patch in patches {
        take(&mut rest, patch.at.saturating_sub(at), &mut out);
        out.push(Piece::New(patch.put.clone()));
        take(&mut rest, patch.cut, &mut Vec::new());
        at = patch.at + patch.cut;
    }
    out.extend(rest.into_iter().rev());
    out
}

/// Moves the next `length` bytes from the (reversed) rest.
fn take(rest: &mut Vec<Piece>, mut length: usize, to: &mut Vec<Piece>) {
    while length > 0 {
        let Some(piece) = rest.pop() else { return };
        if piece.len() <= length {
            length -= piece.len();
            to.push(piece);
        } else {
            let (head, tail) = piece.split(length);
            to.push(head);
            rest.push(tail);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::patched as apply;

    fn check(body: &str, first: &[(usize, usize, &str)], second: &[(usize, usize, &str)]) {
        let patches = |list: &[(usize, usize, &str)]| -> Vec<Patch> {
            list.iter().map(|(at, cut, put)| Patch { at: *at, cut: *cut, put: (*put).into() }).collect()
        };
        let (first, second) = (patches(first), patches(second));
        let (mut middle, mut want, mut got) = (Vec::new(), Vec::new(), Vec::new());
        apply(&mut middle, body.as_bytes(), &first);
        apply(&mut want, &middle, &second);
        apply(&mut got, body.as_bytes(), &composed(body.len(), &first, &second));
        assert_eq!(String::from_utf8(got), String::from_utf8(want));
    }

    #[test]
    fn two_changes_become_one() {
        check("0123456789", &[(2, 3, ""), (7, 0, "new")], &[(1, 0, "a"), (3, 4, "bb"), (10, 0, "end")]);
        check("0123456789", &[(0, 5, "xx")], &[(0, 2, "y")]);
        check("", &[(0, 0, "x")], &[(0, 1, "")]);
        check("abc", &[], &[(3, 0, "d")]);
    }
}
