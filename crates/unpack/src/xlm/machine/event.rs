//! What a macro did, as it did it: the only thing that findings are made from beside the file's own facts.

use std::rc::Rc;

use super::value::Pos;
use crate::Derived;

/// Where a value comes from, besides the file: bits.
pub(in crate::xlm) type Taint = u8;
/// The clock.
pub(in crate::xlm) const CLOCK: Taint = 1;
/// How a cell looks: `GET.CELL`.
pub(in crate::xlm) const LOOK: Taint = 1 << 1;
/// The program around it: `GET.WORKSPACE` and its kin.
pub(in crate::xlm) const SPACE: Taint = 1 << 2;
/// What a library, a program or a file answered.
pub(in crate::xlm) const OUTSIDE: Taint = 1 << 3;
/// Chance.
pub(in crate::xlm) const CHANCE: Taint = 1 << 4;
/// A key that was voted.
pub(in crate::xlm) const KEY: Taint = 1 << 5;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::xlm) enum Act {
    /// A function of a library: library, function, types, then its arguments.
    Call,
    /// `REGISTER`: library, function, types, alias.
    Register,
    /// A program: its command line.
    Exec,
    /// A conversation with another program: service, topic or command.
    Dde,
    /// A file that was written: path, content.
    Wrote,
    /// A file that was saved, copied or opened: path.
    Saved,
    /// A cell was written: target, text.
    Formula,
    /// A cell that the macro wrote was run.
    RanWritten,
    /// A message: text.
    Said,
    /// The macro would end where it is watched: the condition.
    Watched,
    /// Keys of the environment decode characters.
    EnvKey,
    /// A loop decodes characters.
    DecodeLoop,
    /// More jumps than work.
    Jumps,
    /// A sheet was hidden or deleted.
    Hid,
    /// Keys that were pressed.
    Keys,
    /// A function that the machine does not know: name.
    Unknown,
}

/// One thing that was done.
#[derive(Debug, Clone)]
pub(in crate::xlm) struct Event {
    pub(in crate::xlm) pos: Pos,
    pub(in crate::xlm) act: Act,
    pub(in crate::xlm) args: Vec<Rc<str>>,
    pub(in crate::xlm) derived: Derived,
    /// It was reached from an entry point.
    pub(in crate::xlm) reached: bool,
}

impl Event {
    pub(in crate::xlm) fn arg(&self, index: usize) -> &str {
        self.args.get(index).map_or("", |a| a)
    }
}
