//! A memory for what rules ask of the items of an array: what one rule read of an item is there for all others that
//! loop over the same array.

use rustc_hash::FxHashMap;

use crate::eval::{Identity, Slot, identity};
use crate::limits::{MAX_CELLS, MAX_FRAMES};
use crate::value::{List, Value};

/// No columns.
pub(crate) const NO_FRAME: u32 = u32::MAX;
/// A column that nobody filled.
const NO_CELLS: u32 = u32::MAX;

/// An item of a loop.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) item: Value<'a>,
    /// The columns of its array, or [`NO_FRAME`].
    pub(crate) frame: u32,
    /// Its position.
    pub(crate) at: u32,
}

impl<'a> Scope<'a> {
    /// An item of which nothing is remembered.
    pub(crate) fn bare(item: Value<'a>) -> Scope<'a> {
        Scope { item, frame: NO_FRAME, at: 0 }
    }
}

/// The columns of one array: where each starts among the cells.
struct Frame {
    len: u32,
    starts: Vec<u32>,
}

/// The columns of all arrays of a message.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    by_list: FxHashMap<Identity, u32>,
    frames: Vec<Frame>,
    cells: Vec<Slot<'a>>,
}

impl<'a> Columns<'a> {
    /// The columns of an array that lives as long as the message is judged.
    pub(crate) fn frame(&mut self, list: List<'a>) -> u32 {
        if matches!(list, List::Items(_)) || list.is_empty() {
            return NO_FRAME;
        }
        let key = identity(&Value::List(list));
        if let Some(&frame) = self.by_list.get(&key) {
            return frame;
        }
        if self.frames.len() >= MAX_FRAMES {
            return NO_FRAME;
        }
        let Ok(len) = u32::try_from(list.len()) else { return NO_FRAME };
        let frame = self.frames.len() as u32;
        self.frames.push(Frame { len, starts: Vec::new() });
        self.by_list.insert(key, frame);
        frame
    }

    #[inline]
    pub(crate) fn get(&self, scope: &Scope<'a>, column: u32) -> Slot<'a> {
        let start = self.frames.get(scope.frame as usize).and_then(|f| f.starts.get(column as usize));
        match start {
            Some(&start) if start != NO_CELLS => {
                self.cells.get((start + scope.at) as usize).copied().unwrap_or(Slot::Empty)
            }
            _ => Slot::Empty,
        }
    }

    /// Forgets when memory is full: it only costs time.
    pub(crate) fn set(&mut self, scope: &Scope<'a>, column: u32, content: Slot<'a>) {
        let Some(frame) = self.frames.get_mut(scope.frame as usize) else { return };
        let column = column as usize;
        if frame.starts.len() <= column {
            frame.starts.resize(column + 1, NO_CELLS);
        }
        let Some(start) = frame.starts.get_mut(column) else { return };
        if *start == NO_CELLS {
            let next = self.cells.len();
            let end = next + frame.len as usize;
            if end > MAX_CELLS {
                return;
            }
            *start = next as u32;
            self.cells.resize(end, Slot::Empty);
        }
        if let Some(cell) = self.cells.get_mut((*start + scope.at) as usize) {
            *cell = content;
        }
    }
}
