//! What is known of each formula before it runs: which kinds of functions are in it, how many characters and fragments it
//! joins. One pass over the arena, children before parents; nodes that macros add are looked at when they come.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::codes as c;
use crate::xlm::model::{Binary, Expr, ExprId, Workbook};

/// Changes something or calls something.
pub(super) const EFFECT: u16 = 1;
/// Ends the macro: `HALT`, `CLOSE`, `QUIT`.
pub(super) const STOPS: u16 = 1 << 1;
/// Jumps: `GOTO`, `RUN`, `ON.TIME`, a user's function.
pub(super) const JUMPS: u16 = 1 << 2;
/// Opens a loop.
pub(super) const LOOP: u16 = 1 << 3;
/// `NEXT`.
pub(super) const NEXT: u16 = 1 << 4;
/// `IF` with a condition alone.
pub(super) const BLOCK_IF: u16 = 1 << 5;
pub(super) const ELSE: u16 = 1 << 6;
pub(super) const ELSE_IF: u16 = 1 << 7;
pub(super) const END_IF: u16 = 1 << 8;
/// Looks at the program around it: `GET.WORKSPACE` and its kin.
pub(super) const LOOKS: u16 = 1 << 9;

/// No symbol.
pub(super) const NO_SYMBOL: u32 = u32::MAX;

/// About one node and all below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Info {
    pub(super) flags: u16,
    /// `CHAR` calls.
    pub(super) chars: u16,
    /// References to cells with a short text.
    pub(super) fragments: u16,
    /// `FORMULA` terms joined by comparisons.
    pub(super) terms: u16,
    /// The name, for nodes that are one.
    pub(super) symbol: u32,
    /// Number of a function that is stored by name, else 0.
    pub(super) code: u16,
}

/// Names, without regard to case, as numbers.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    by_name: FxHashMap<Rc<str>, u32>,
    pub(super) names: Vec<Rc<str>>,
}

impl Symbols {
    pub(super) fn of(&mut self, name: &str) -> u32 {
        let lower = name.to_lowercase();
        if let Some(known) = self.by_name.get(lower.as_str()) {
            return *known;
        }
        let symbol = u32::try_from(self.names.len()).unwrap_or(NO_SYMBOL);
        self.by_name.insert(lower.into(), symbol);
        self.names.push(name.into());
        symbol
    }
}

/// Texts of cells up to this length are fragments.
const FRAGMENT_CHARS: usize = 4;

/// Brings `infos` up to the end of the arena.
pub(super) fn extend(infos: &mut Vec<Info>, symbols: &mut Symbols, book: &Workbook) {
    let start = infos.len();
    infos.reserve(book.exprs.len().saturating_sub(start));
    for expr in book.exprs.iter().skip(start) {
        let info = of(expr, infos, symbols, book);
        infos.push(info);
    }
}

fn of(expr: &Expr, infos: &[Info], symbols: &mut Symbols, book: &Workbook) -> Info {
    let mut info = Info { flags: 0, chars: 0, fragments: 0, terms: 0, symbol: NO_SYMBOL, code: 0 };
    let children: &[ExprId] = match expr {
        Expr::Name(index) => {
            let label = book.names.get(*index as usize).map_or("", |n| n.label.as_str());
            info.symbol = symbols.of(label);
            &[]
        }
        Expr::NamedText(name) => {
            info.symbol = symbols.of(name);
            &[]
        }
        Expr::Range(range) => {
            info.fragments = u16::from(is_fragment(range, book));
            &[]
        }
        Expr::Unary(_, a) => std::slice::from_ref(a),
        Expr::Binary(op, a, b) => {
            join(&mut info, *a, infos);
            join(&mut info, *b, infos);
            if matches!(op, Binary::Equal) {
                let terms = |id: &ExprId| infos.get(id.0 as usize).map_or(0, |i| i.terms);
                info.terms = terms(a).saturating_add(terms(b));
            }
            return info;
        }
        Expr::Array { items, .. } => items,
        Expr::Call { function, args } => {
            own(&mut info, *function, args.len());
            args
        }
        Expr::User { target, args } => {
            info.flags = EFFECT | JUMPS;
            join(&mut info, *target, infos);
            args
        }
        Expr::Unknown { name, args } => {
            info.symbol = symbols.of(name);
            match c::named(name) {
                Some(code) => {
                    info.code = code;
                    own(&mut info, code, args.len());
                }
                None => info.flags = EFFECT | JUMPS,
            }
            args
        }
        _ => &[],
    };
    for child in children {
        join(&mut info, *child, infos);
    }
    info
}

fn join(info: &mut Info, child: ExprId, infos: &[Info]) {
    if let Some(other) = infos.get(child.0 as usize) {
        info.flags |= other.flags;
        info.chars = info.chars.saturating_add(other.chars);
        info.fragments = info.fragments.saturating_add(other.fragments);
    }
}

fn is_fragment(range: &crate::xlm::model::Range, book: &Workbook) -> bool {
    // A reference without a sheet is to the sheet of its formula, which the node does not know: any macro sheet will do.
    let short = |sheet: &crate::xlm::model::Sheet| {
        sheet.cells.get(&range.from).is_some_and(|cell| match &cell.value {
            crate::xlm::model::Value::Text(t) => {
                t.len() <= FRAGMENT_CHARS * 4 && t.chars().count() <= FRAGMENT_CHARS
            }
            _ => false,
        })
    };
    range.from == range.to
        && match range.sheet {
            Some(index) => book.sheets.get(index).is_some_and(short),
            None => book.sheets.iter().filter(|s| s.kind == crate::xlm::model::SheetKind::Macro).any(short),
        }
}

fn own(info: &mut Info, code: u16, arguments: usize) {
    info.chars = u16::from(matches!(code, c::CHAR | c::UNICHAR));
    info.terms = u16::from(matches!(code, c::FORMULA | c::FORMULA_FILL | c::FORMULA_ARRAY));
    info.flags = match code {
        c::HALT | c::CLOSE | c::CLOSE_ALL | c::FILE_CLOSE | c::QUIT => STOPS | EFFECT,
        c::RETURN | c::ERROR => EFFECT,
        c::GOTO | c::RUN | c::ON_TIME | c::FORMULA_GOTO => JUMPS | EFFECT,
        c::ON_WINDOW | c::ON_SHEET | c::ON_KEY | c::ON_DATA | c::ON_RECALC => JUMPS | EFFECT,
        c::ON_DOUBLECLICK | c::ON_ENTRY | c::EVALUATE => JUMPS | EFFECT,
        c::WHILE | c::FOR | c::FOR_CELL => LOOP | EFFECT,
        c::NEXT => NEXT | EFFECT,
        c::BREAK => EFFECT,
        c::IF if arguments == 1 => BLOCK_IF | EFFECT,
        c::ELSE => ELSE | EFFECT,
        c::ELSE_IF => ELSE_IF | EFFECT,
        c::END_IF => END_IF | EFFECT,
        c::GET_WORKSPACE | c::GET_WINDOW | c::GET_DOCUMENT => LOOKS,
        c::CALL | c::REGISTER | c::REGISTER_ID | c::EXEC | c::EXECUTE | c::INITIATE | c::POKE => EFFECT,
        c::SET_NAME | c::DEFINE_NAME | c::SET_VALUE | c::FORMULA | c::FORMULA_FILL | c::FORMULA_ARRAY => {
            EFFECT
        }
        c::FOPEN | c::FWRITE | c::FWRITELN | c::FCLOSE | c::SAVE_AS | c::SAVE_COPY_AS | c::OPEN => EFFECT,
        c::FILE_DELETE | c::SEND_KEYS | c::ALERT | c::APP_ACTIVATE | c::SEND_MAIL | c::CREATE_DIRECTORY => {
            EFFECT
        }
        c::WORKBOOK_HIDE | c::WORKBOOK_DELETE | c::SELECT | c::INSERT_OBJECT | c::VBA_INSERT_FILE => EFFECT,
        c::ARGUMENT | c::REQUEST | c::TERMINATE | c::OPEN_TEXT | c::HYPERLINK => EFFECT,
        _ => 0,
    };
}
