//! Edit distance in code points: Myers' bit-parallel column, one step a code point of the longer text.

/// Bits of a column: the shorter text has at most so many code points, else the table is filled cell by cell.
const COLUMN_BITS: usize = 64;

/// The Levenshtein distance of two texts in code points.
pub(crate) fn levenshtein(a: &str, b: &str) -> usize {
    if a == b {
        return 0;
    }
    let (count_a, count_b) = (a.chars().count(), b.chars().count());
    let ((short, length), (long, other)) =
        if count_a <= count_b { ((a, count_a), (b, count_b)) } else { ((b, count_b), (a, count_a)) };
    match length {
        0 => other,
        1..=COLUMN_BITS => column(short, length, long),
        _ => strsim::levenshtein(a, b),
    }
}

/// Where each code point stands in the shorter text, one bit a place.
struct Places {
    ascii: [u64; 128],
    others: Vec<(char, u64)>,
}

impl Places {
    fn of(text: &str) -> Places {
        let mut places = Places { ascii: [0; 128], others: Vec::new() };
        for (at, c) in text.chars().enumerate() {
            let bit = 1 << at;
            match places.ascii.get_mut(c as usize) {
                Some(bits) => *bits |= bit,
                None => match places.others.iter_mut().find(|(other, _)| *other == c) {
                    Some((_, bits)) => *bits |= bit,
                    None => places.others.push((c, bit)),
                },
            }
        }
        places
    }

    fn get(&self, c: char) -> u64 {
        match self.ascii.get(c as usize) {
            Some(bits) => *bits,
            None => self.others.iter().find(|(other, _)| *other == c).map_or(0, |(_, bits)| *bits),
        }
    }
}

/// A column of the table as differences of neighbours: a bit in `up` is +1, in `down` is −1. Its last cell is counted.
fn column(short: &str, length: usize, long: &str) -> usize {
    let places = Places::of(short);
    let last = 1u64 << (length - 1);
    let (mut up, mut down, mut distance) = (u64::MAX, 0u64, length);
    for c in long.chars() {
        let same = places.get(c);
        let vertical = same | down;
        let horizontal = ((same & up).wrapping_add(up) ^ up) | same;
        let mut right_up = down | !(horizontal | up);
        let mut right_down = up & horizontal;
        if right_up & last != 0 {
            distance += 1;
        } else if right_down & last != 0 {
            distance -= 1;
        }
        right_up = right_up << 1 | 1;
        right_down <<= 1;
        up = right_down | !(vertical | right_up);
        down = right_up & vertical;
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_table_says() {
        let texts = [
            "",
            "a",
            "docusign",
            "docuslgn",
            "DocuSign",
            "review now",
            "Review\u{34F} Now",
            "été",
            "ete",
            "日本語の件名",
            "日本の件名語",
            "a somewhat longer text that has a little more than sixty-four code points in all",
            "another longer text that has somewhat more than sixty-four code points, too, to fill the table",
            "exactly sixty-four code points are in this text, no more no less",
        ];
        for a in texts {
            for b in texts {
                assert_eq!(levenshtein(a, b), strsim::levenshtein(a, b), "{a} {b}");
            }
        }
        assert_eq!(texts[13].chars().count(), 64);
    }
}
