//! Collects visible text: white space folded, line ends where a reader sees them, invisible characters left out.

/// Line ends kept in a row: a writer may push text out of sight with many, and rules look for that.
const LINE_ENDS_MAX: u16 = 100;

/// Text under construction.
#[derive(Debug, Default)]
pub(crate) struct TextOut {
    pub(crate) text: String,
    /// Line ends that stand before the next character.
    pending: u16,
    space: bool,
}

/// What a character is to a reader.
enum Look {
    Ink,
    Space,
    Nothing,
}

impl TextOut {
    pub(crate) fn len(&self) -> u32 {
        self.text.len() as u32
    }

    /// At least this many line ends before what comes next.
    pub(crate) fn block(&mut self, line_ends: u8) {
        self.pending = self.pending.max(u16::from(line_ends));
    }

    /// One more line end (`<br>`).
    pub(crate) fn line_end(&mut self) {
        self.pending = (self.pending + 1).min(LINE_ENDS_MAX);
    }

    /// A space, unless a line end comes anyway.
    pub(crate) fn space(&mut self) {
        self.space = true;
    }

    /// The next character begins a line.
    pub(crate) fn at_line_start(&self) -> bool {
        self.pending > 0 || self.text.is_empty()
    }

    fn separate(&mut self) {
        if !self.text.is_empty() {
            if self.pending > 0 {
                self.text.extend(std::iter::repeat_n('\n', usize::from(self.pending)));
            } else if self.space && !self.text.ends_with('\n') {
                self.text.push(' ');
            }
        }
        self.pending = 0;
        self.space = false;
    }

    /// Adds the text of a node. Gives where its first visible character stands.
    pub(crate) fn push(&mut self, text: &str, pre: bool) -> Option<u32> {
        let mut first = None;
        let mut rest = text;
        while let Some(byte) = rest.as_bytes().first() {
            let taken = match byte {
                0x21..=0x7e => {
                    let end = rest.bytes().position(|b| !(0x21..=0x7e).contains(&b)).unwrap_or(rest.len());
                    self.ink(rest.get(..end).unwrap_or_default(), &mut first);
                    end
                }
                b'\n' if pre => {
                    self.line_end();
                    1
                }
                0..=0x7f => {
                    self.space |= byte.is_ascii_whitespace();
                    1
                }
                _ => {
                    let Some(c) = rest.chars().next() else { break };
                    match look(c) {
                        Look::Ink => self.ink(rest.get(..c.len_utf8()).unwrap_or_default(), &mut first),
                        Look::Space => self.space = true,
                        Look::Nothing => {}
                    }
                    c.len_utf8()
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        first
    }

    fn ink(&mut self, text: &str, first: &mut Option<u32>) {
        if self.pending > 0 || self.space {
            self.separate();
        }
        first.get_or_insert(self.text.len() as u32);
        self.text.push_str(text);
    }
}

/// Spaces of all widths become one; what has no width and no ink is left out.
fn look(c: char) -> Look {
    match c {
        '\u{a0}'
        | '\u{85}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{2800}'
        | '\u{3000}' => Look::Space,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => Look::Nothing,
        _ => Look::Ink,
    }
}

/// The text with white space folded and invisible characters left out.
pub(crate) fn fold(text: &str) -> String {
    let mut out = TextOut::default();
    out.push(text, false);
    out.text
}
