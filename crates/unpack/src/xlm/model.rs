//! A workbook as the Excel 4 machine needs it, whatever format it was read from: sheets of cells, names, and formulas
//! as small trees in one arena. Readers (BIFF, BIFF12, OOXML, SYLK, VBA that writes cells) fill it; the machine runs it.

use std::{collections::BTreeMap, rc::Rc};

use crate::gaps::Gaps;

/// A node of the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ExprId(pub(crate) u32);

/// Row and column, both from 0.
pub(crate) type At = (u32, u32);

/// A workbook.
#[derive(Debug, Default)]
pub(crate) struct Workbook {
    pub(crate) sheets: Vec<Sheet>,
    pub(crate) names: Vec<Name>,
    /// Trees of all formulas; children come before their parents.
    pub(crate) exprs: Vec<Expr>,
    /// Links to other programs: service and topic, and the item where there is one.
    pub(crate) dde_links: Vec<(String, String, String)>,
    /// Connections and web queries: what they load.
    pub(crate) connections: Vec<String>,
    /// Targets of hyperlinks.
    pub(crate) hyperlinks: Vec<String>,
    /// Macros that shapes and buttons start.
    pub(crate) assigned: Vec<ExprId>,
    /// Texts of drawings and text boxes: sheet index and text.
    pub(crate) drawn: Vec<(usize, String)>,
    /// Pictures there are.
    pub(crate) pictures: u32,
    /// The largest picture of each sheet that has one: sheet index and square centimetres.
    pub(crate) sized: Vec<(usize, f64)>,
    /// Fonts: colour index (0 automatic), size in twentieths of a point, name.
    pub(crate) fonts: Vec<Font>,
    /// Cell formats.
    pub(crate) styles: Vec<Style>,
    /// Palette overrides, index 8 and up, `0xRRGGBB`.
    pub(crate) palette: BTreeMap<u16, u32>,
    /// What could not be read.
    pub(crate) defects: Vec<String>,
    /// What was left out for a limit.
    pub(crate) gaps: Gaps,
}

/// What a sheet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SheetKind {
    #[default]
    Work,
    Macro,
    Chart,
    Vb,
}

/// Who sees a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum State {
    #[default]
    Visible,
    Hidden,
    VeryHidden,
}

/// A sheet.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) kind: SheetKind,
    pub(crate) state: State,
    pub(crate) cells: BTreeMap<At, Cell>,
    /// Heights in twentieths of a point, hidden rows as 0.
    pub(crate) row_heights: BTreeMap<u32, u16>,
    /// Height of all other rows, in twentieths of a point.
    pub(crate) default_row_height: Option<u16>,
    /// Widths in 1/256 of a character: first column, last column, width.
    pub(crate) column_widths: Vec<(u32, u32, u16)>,
}

/// A cell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    pub(crate) value: Value,
    pub(crate) formula: Option<ExprId>,
    /// `bx="1"`: the formula assigns to the name on its left.
    pub(crate) assigns: bool,
    /// Index into [`Workbook::styles`].
    pub(crate) style: u32,
}

/// What a cell holds, or held when it was saved.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Value {
    #[default]
    Blank,
    Number(f64),
    Text(Rc<str>),
    Bool(bool),
    Error(u8),
}

/// A defined name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Name {
    /// As stored, with whatever characters; built-in names are spelled out (`Auto_Open`).
    pub(crate) label: String,
    pub(crate) hidden: bool,
    /// Sheet that it is local to, an index into [`Workbook::sheets`].
    pub(crate) sheet: Option<usize>,
    pub(crate) formula: Option<ExprId>,
}

/// A font.
#[derive(Debug, Clone, Default)]
pub(crate) struct Font {
    pub(crate) name: String,
    pub(crate) height: u16,
    pub(crate) colour: u16,
    /// bit 0 bold, 1 italic, 2 underlined, 3 struck out.
    pub(crate) flags: u8,
}

/// A cell format.
#[derive(Debug, Clone, Default)]
pub(crate) struct Style {
    pub(crate) font: u32,
    pub(crate) format: String,
    pub(crate) fill_pattern: u8,
    pub(crate) fill_foreground: u16,
    pub(crate) fill_background: u16,
    pub(crate) horizontal: u8,
    pub(crate) vertical: u8,
    pub(crate) locked: bool,
    pub(crate) hidden: bool,
    /// Left, right, top, bottom: line style and colour.
    pub(crate) borders: [(u8, u16); 4],
}

/// A reference, already resolved against the cell that uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Range {
    /// Index into [`Workbook::sheets`]; `None` is the sheet of the formula.
    pub(crate) sheet: Option<usize>,
    pub(crate) from: At,
    /// Inclusive.
    pub(crate) to: At,
}

/// A node of a formula.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Number(f64),
    Text(Rc<str>),
    Bool(bool),
    Error(u8),
    /// An argument that was left out.
    Missing,
    Range(Range),
    /// By index into [`Workbook::names`].
    Name(u32),
    /// By label: in text formulas, or a name that the file does not define.
    NamedText(Rc<str>),
    /// `{1,2;3,4}` row by row.
    Array {
        columns: u32,
        items: Vec<ExprId>,
    },
    Unary(Unary, ExprId),
    Binary(Binary, ExprId, ExprId),
    /// A function by its number (`ftab`); numbers from 0x8000 on are commands.
    Call {
        function: u16,
        args: Vec<ExprId>,
    },
    /// A call of a macro or registered function: name, reference or label first.
    User {
        target: ExprId,
        args: Vec<ExprId>,
    },
    /// A function that the table does not know, by name.
    Unknown {
        name: Rc<str>,
        args: Vec<ExprId>,
    },
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    Plus,
    Minus,
    Percent,
}

/// Operators with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Power,
    Concat,
    Less,
    LessEqual,
    Equal,
    GreaterEqual,
    Greater,
    NotEqual,
    Intersect,
    Union,
    Span,
}

impl Workbook {
    /// Adds a node.
    pub(crate) fn push(&mut self, expr: Expr) -> ExprId {
        self.exprs.push(expr);
        ExprId(self.exprs.len() as u32 - 1)
    }

    /// A node; a wrong number reads as an error value.
    pub(crate) fn expr(&self, id: ExprId) -> &Expr {
        self.exprs.get(id.0 as usize).unwrap_or(&Expr::Error(0x2A))
    }
}
