//! A memory for what rules ask of the items of an array: what one rule read of an item is there for all others that
//! loop over the same array.

use rustc_hash::FxHashMap;

use crate::limits::{MAX_CELLS, MAX_FRAMES};
use crate::memory::{Identity, Slot, identity};
use crate::value::{List, Value};

/// No columns.
pub(crate) const NO_FRAME: u32 = u32::MAX;
/// A column that nobody filled.
const NO_CELLS: u32 = u32::MAX;
/// A page on which nobody filled a column.
const NO_PAGE: u32 = u32::MAX;
/// Columns of a page. There are thousands of columns and a rule asks for few, mostly neighbours.
const PAGE: usize = 32;
/// Cells for which there is room from the start: a common mail needs no more.
const CELLS_FIRST: usize = 2048;

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

/// The columns of one array.
struct Frame {
    len: u32,
    /// Where each [`PAGE`] of columns is among the pages.
    pages: Vec<u32>,
}

/// The columns of all arrays of a message.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    by_list: FxHashMap<Identity, u32>,
    frames: Vec<Frame>,
    /// Where each column of a page starts among the cells.
    pages: Vec<[u32; PAGE]>,
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
        self.frames.push(Frame { len, pages: Vec::new() });
        self.by_list.insert(key, frame);
        frame
    }

    #[inline]
    pub(crate) fn get(&self, scope: &Scope<'a>, column: u32) -> Slot<'a> {
        let Some(frame) = self.frames.get(scope.frame as usize) else { return Slot::Empty };
        let Some(page) = frame.pages.get(column as usize / PAGE) else { return Slot::Empty };
        match self.pages.get(*page as usize).and_then(|page| page.get(column as usize % PAGE)) {
            Some(&start) if start != NO_CELLS => {
                self.cells.get((start + scope.at) as usize).copied().unwrap_or(Slot::Empty)
            }
            _ => Slot::Empty,
        }
    }

    /// Forgets when memory is full: it only costs time.
    pub(crate) fn set(&mut self, scope: &Scope<'a>, column: u32, content: Slot<'a>) {
        let Some(frame) = self.frames.get_mut(scope.frame as usize) else { return };
        let (page, column) = (column as usize / PAGE, column as usize % PAGE);
        if frame.pages.len() <= page {
            frame.pages.resize(page + 1, NO_PAGE);
        }
        let Some(page) = frame.pages.get_mut(page) else { return };
        if *page == NO_PAGE {
            *page = self.pages.len() as u32;
            self.pages.push([NO_CELLS; PAGE]);
        }
        let page = self.pages.get_mut(*page as usize);
        let Some(start) = page.and_then(|page| page.get_mut(column)) else { return };
        if *start == NO_CELLS {
            if self.cells.capacity() == 0 {
                self.cells.reserve(CELLS_FIRST);
            }
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
