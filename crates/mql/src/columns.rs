//! A memory for what rules ask of the items of an array: what one rule read of an item is there for all others that
//! loop over the same array.

use rustc_hash::FxHashMap;

use crate::limits::{MAX_CELLS, MAX_FRAMES, MAX_MASKS};
use crate::masks::{CHUNK, Masks};
use crate::memory::{Identity, Slot, identity};
use crate::value::{List, Value};

/// No columns.
pub(crate) const NO_FRAME: u32 = u32::MAX;
/// A column that nobody filled.
const NO_CELLS: u32 = u32::MAX;
/// A page on which nobody filled a column.
const NO_PAGE: u32 = u32::MAX;
/// Columns of a page. There are thousands of columns and a rule asks for few, mostly neighbours.
const PAGE: usize = 16;
/// Pages and masks for which there is room from the start, so that they are not moved as they grow.
const PAGES_FIRST: usize = 128;
const MASKS_FIRST: usize = 1024;
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

/// Where what is remembered for a node starts: what it is known to be true of among the masks, all else it may be
/// among the cells.
#[derive(Clone, Copy)]
struct Column {
    masks: u32,
    cells: u32,
}

const UNFILLED: Column = Column { masks: NO_CELLS, cells: NO_CELLS };

/// The columns of all arrays of a message.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    by_list: FxHashMap<Identity, u32>,
    /// The array that was asked for last: rules loop over the same few.
    last: Option<(Identity, u32)>,
    frames: Vec<Frame>,
    pages: Vec<[Column; PAGE]>,
    masks: Vec<Masks>,
    cells: Vec<Slot<'a>>,
}

impl<'a> Columns<'a> {
    /// The columns of an array that lives as long as the message is judged.
    pub(crate) fn frame(&mut self, list: List<'a>) -> u32 {
        if matches!(list, List::Items(_)) || list.is_empty() {
            return NO_FRAME;
        }
        let key = identity(&Value::List(list));
        if let Some((last, frame)) = self.last
            && last == key
        {
            return frame;
        }
        let frame = self.frame_of(key, list.len());
        self.last = Some((key, frame));
        frame
    }

    fn frame_of(&mut self, key: Identity, len: usize) -> u32 {
        if let Some(&frame) = self.by_list.get(&key) {
            return frame;
        }
        if self.frames.len() >= MAX_FRAMES {
            return NO_FRAME;
        }
        let Ok(len) = u32::try_from(len) else { return NO_FRAME };
        if self.frames.is_empty() {
            self.pages.reserve(PAGES_FIRST);
            self.masks.reserve(MASKS_FIRST);
        }
        let frame = self.frames.len() as u32;
        self.frames.push(Frame { len, pages: Vec::new() });
        self.by_list.insert(key, frame);
        frame
    }

    #[inline]
    fn column(&self, frame: u32, column: u32) -> Column {
        let page = self.frames.get(frame as usize).and_then(|f| f.pages.get(column as usize / PAGE));
        let page = page.and_then(|page| self.pages.get(*page as usize));
        page.and_then(|page| page.get(column as usize % PAGE)).copied().unwrap_or(UNFILLED)
    }

    /// The place of a column, with room for it.
    fn column_mut(&mut self, frame: u32, column: u32) -> Option<(&mut Column, usize)> {
        let frame = self.frames.get_mut(frame as usize)?;
        let (page, column) = (column as usize / PAGE, column as usize % PAGE);
        if frame.pages.len() <= page {
            frame.pages.resize(page + 1, NO_PAGE);
        }
        let page = frame.pages.get_mut(page)?;
        if *page == NO_PAGE {
            *page = self.pages.len() as u32;
            self.pages.push([UNFILLED; PAGE]);
        }
        let column = self.pages.get_mut(*page as usize)?.get_mut(column)?;
        Some((column, frame.len as usize))
    }

    /// What is known about the items of a chunk.
    #[inline]
    pub(crate) fn masks(&self, frame: u32, column: u32, chunk: usize) -> Masks {
        match self.column(frame, column).masks {
            NO_CELLS => Masks::default(),
            start => self.masks.get(start as usize + chunk).copied().unwrap_or_default(),
        }
    }

    /// Forgets when memory is full, as [`Columns::set`] does.
    pub(crate) fn add_masks(&mut self, frame: u32, column: u32, chunk: usize, more: Masks) {
        let next = self.masks.len() as u32;
        let Some((column, len)) = self.column_mut(frame, column) else { return };
        let mut start = column.masks;
        if start == NO_CELLS {
            let end = next as usize + len.div_ceil(CHUNK);
            if end > MAX_MASKS {
                return;
            }
            start = next;
            column.masks = start;
            self.masks.resize(end, Masks::default());
        }
        if let Some(masks) = self.masks.get_mut(start as usize + chunk) {
            masks.join(more);
        }
    }

    #[inline]
    pub(crate) fn get(&self, scope: &Scope<'a>, column: u32) -> Slot<'a> {
        let column = self.column(scope.frame, column);
        if column.masks != NO_CELLS {
            let (chunk, bit) = (scope.at as usize / CHUNK, 1 << (scope.at as usize % CHUNK));
            let known = self.masks.get(column.masks as usize + chunk).and_then(|masks| masks.truth(bit));
            if let Some(truth) = known {
                return Slot::Truth(truth);
            }
        }
        match column.cells {
            NO_CELLS => Slot::Empty,
            start => self.cells.get((start + scope.at) as usize).copied().unwrap_or(Slot::Empty),
        }
    }

    /// The value of an item in a column, when it is there.
    #[inline]
    pub(crate) fn cell(&self, frame: u32, column: u32, at: u32) -> Slot<'a> {
        match self.column(frame, column).cells {
            NO_CELLS => Slot::Empty,
            start => self.cells.get((start + at) as usize).copied().unwrap_or(Slot::Empty),
        }
    }

    /// Forgets when memory is full: it only costs time.
    pub(crate) fn set(&mut self, scope: &Scope<'a>, column: u32, content: Slot<'a>) {
        if let Slot::Truth(truth) = content
            && truth.bits().is_power_of_two()
        {
            let mut masks = Masks::default();
            masks.put(1 << (scope.at as usize % CHUNK), truth);
            return self.add_masks(scope.frame, column, scope.at as usize / CHUNK, masks);
        }
        let next = self.cells.len() as u32;
        let Some((column, len)) = self.column_mut(scope.frame, column) else { return };
        let mut start = column.cells;
        if start == NO_CELLS {
            let end = next as usize + len;
            if end > MAX_CELLS {
                return;
            }
            start = next;
            column.cells = start;
            if self.cells.capacity() == 0 {
                self.cells.reserve(CELLS_FIRST);
            }
            self.cells.resize(end, Slot::Empty);
        }
        if let Some(cell) = self.cells.get_mut((start + scope.at) as usize) {
            *cell = content;
        }
    }
}
