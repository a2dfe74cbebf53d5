//! Messages of an mbox file one after the other, with their places in it, holding no more than one of them.

use std::io::{self, BufRead, Read as _};

/// Bytes of one message that are kept; a longer one is cut, and the parser says so.
pub(crate) const MESSAGE_BYTES_MAX: usize = sekisho_mail::limits::MESSAGE_BYTES_MAX + 1;
/// Bytes of a line that are looked at together; a longer line is read in pieces.
const LINE_BYTES: u64 = 64 << 10;

/// A message of an mbox.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// Where its `From ` line begins.
    pub(crate) offset: u64,
    /// Bytes of the file that it takes, the `From ` line included.
    pub(crate) length: u64,
    /// Its `From ` line.
    pub(crate) from_line: String,
    /// Its bytes, unquoted.
    pub(crate) raw: Vec<u8>,
}

/// Reads an mbox: every line that begins with `From ` begins a message; one `>` is taken off where `From ` follows
/// (mboxrd). What comes before the first such line is no message.
pub(crate) struct Mbox<R> {
    reader: R,
    offset: u64,
    /// The message that is being read.
    current: Option<Message>,
    line: Vec<u8>,
}

impl<R: BufRead> Mbox<R> {
    /// Reads from here, which is at this place of the file.
    pub(crate) fn new(reader: R, offset: u64) -> Self {
        Self { reader, offset, current: None, line: Vec::new() }
    }

    /// Reads up to the end of the next line, or of a piece of it; `false` at the end.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let got = (&mut self.reader).take(LINE_BYTES).read_until(b'\n', &mut self.line)?;
        Ok(got > 0)
    }
}

impl<R: BufRead> Iterator for Mbox<R> {
    type Item = io::Result<Message>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line_start = true;
        loop {
            match self.read_line() {
                Ok(true) => {}
                Ok(false) => return self.current.take().map(Ok),
                Err(error) => {
                    self.current = None;
                    return Some(Err(error));
                }
            }
            let (start, length) = (self.offset, self.line.len() as u64);
            self.offset += length;
            let begins = line_start && self.line.starts_with(b"From ");
            let quoted = line_start && is_quoted(&self.line);
            line_start = self.line.ends_with(b"\n");
            if begins {
                let from_line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
                let new = Message { offset: start, length, from_line, raw: Vec::new() };
                // The rest of a very long line of this kind belongs to the message; nobody writes one.
                if let Some(done) = self.current.replace(new) {
                    return Some(Ok(done));
                }
            } else if let Some(current) = &mut self.current {
                current.length += length;
                let room = MESSAGE_BYTES_MAX.saturating_sub(current.raw.len());
                let line = self.line.get(usize::from(quoted)..).unwrap_or_default();
                current.raw.extend_from_slice(line.get(..room).unwrap_or(line));
            }
        }
    }
}

/// One or more `>`, then `From `.
fn is_quoted(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|byte| **byte == b'>').count();
    marks > 0 && line.get(marks..).is_some_and(|rest| rest.starts_with(b"From "))
}

/// The time in a `From ` line, seconds since 1970: `From a@b Mon Jan  1 00:00:00 2024`. There is no zone; it is taken
/// as UTC.
pub(crate) fn time(from_line: &str) -> Option<i64> {
    let words: Vec<&str> = from_line.split_whitespace().collect();
    let clock = words.iter().position(|word| word.matches(':').count() >= 1 && word.starts_with(digit))?;
    let (month, day) = (words.get(clock.checked_sub(2)?)?, words.get(clock.checked_sub(1)?)?);
    // A zone name may stand before the year.
    let year = words.get(clock + 1..)?.iter().find(|word| word.len() == 4 && word.starts_with(digit))?;
    let date = sekisho_mail::date::parse(&format!("{day} {month} {year} {} +0000", words.get(clock)?))?;
    Some(date.seconds)
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use mail_parser::mailbox::mbox::MessageIterator;

    use super::*;

    const TWO: &str = "junk\nFrom god@heaven.af.mil Sat Jan  3 01:05:34 1996\nSubject: a\n\n>From hello\n>>From world\n> From\n>F\n\nFrom b@c Tue Jul 23 19:39:23 2002\r\nSubject: b\r\n\r\nlast, no line end";

    #[test]
    fn messages_are_those_that_mail_parser_finds_and_places_lead_back_to_them() {
        let found: Vec<Message> = Mbox::new(TWO.as_bytes(), 0).map(Result::unwrap).collect();
        let other: Vec<Vec<u8>> =
            MessageIterator::new(TWO.as_bytes()).map(|m| m.unwrap().unwrap_contents()).collect();
        assert_eq!(found.iter().map(|m| m.raw.clone()).collect::<Vec<_>>(), other);
        for message in &found {
            let end = (message.offset + message.length) as usize;
            let range = TWO.get(message.offset as usize..end).unwrap();
            let again = Mbox::new(range.as_bytes(), message.offset).next().unwrap().unwrap();
            assert_eq!(&again, message);
        }
    }

    #[test]
    fn a_line_without_end_is_read_in_pieces_and_hides_no_beginning() {
        let long =
            format!("From a b\nSubject: x\n\n{}From no beginning\n\nFrom b c\n\ny\n", "z".repeat(70_000));
        let found: Vec<Message> = Mbox::new(long.as_bytes(), 0).map(Result::unwrap).collect();
        assert_eq!(found.len(), 2);
        assert!(found[0].raw.ends_with(b"zFrom no beginning\n\n"));
        // A piece that ends exactly before `From ` does not make it a line of its own.
        let exact = format!("From a b\n\n{}From x\n", "z".repeat(64 << 10));
        assert_eq!(Mbox::new(exact.as_bytes(), 0).count(), 1);
    }

    #[test]
    fn the_time_of_a_from_line_is_read() {
        for (line, at) in [
            ("From god@heaven.af.mil Sat Jan  3 01:05:34 1996", Some(820_631_134)),
            ("From a@b Tue Jul 23 19:39:23 EST 2002", Some(1_027_453_163)),
            ("From - Mon Jan 15 15:30:00 2018", Some(1_516_030_200)),
            ("From a@b", None),
            ("From a@b 12:00", None),
        ] {
            assert_eq!(time(line), at, "{line}");
        }
    }
}
