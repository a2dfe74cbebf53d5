//! Key voting: strings that are put together from `CHAR(key op constant)`, where a few key cells are used hundreds of times
//! and their values hang on the day, row heights or colours.
//!
//! Each use of a key and each character that it could stand for proposes a value for the key; all other uses judge it: the
//! results must be whole numbers, characters that can be printed, and frequent ones rather than rare ones. Nothing of the
//! environment needs to be known for that.

use rustc_hash::FxHashMap;

use super::{
    machine::value::Pos,
    model::{Binary, Expr, ExprId, Range, SheetKind, Value, Workbook},
};

/// `CHAR` in the table of functions.
const CHAR: u16 = 0x6F;
/// `FORMULA` and `FORMULA.FILL`.
const FORMULAS: [u16; 2] = [0x8060, 0x8061];
/// Fewest uses of all keys together.
const USES_MIN: usize = 16;
/// Uses of one key that judge.
const JUDGES: usize = 160;
/// Uses of one key that judge first.
const FIRST_JUDGES: usize = 12;
/// Uses of one key that propose.
const PROPOSERS: usize = 2;
/// Keys there may be.
const KEYS_MAX: usize = 512;
/// How near to a whole number a result must be.
const NEAR: f64 = 1e-6;

/// One use of a key.
#[derive(Debug, Clone, Copy)]
struct Use {
    op: Binary,
    constant: f64,
    /// The key stands on the right.
    right: bool,
    /// It is the first character of what becomes a formula: `=`.
    first: bool,
}

impl Use {
    /// What the use gives with a key.
    fn result(self, key: f64) -> f64 {
        let (a, b) = if self.right { (self.constant, key) } else { (key, self.constant) };
        match self.op {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            _ => a / b,
        }
    }

    /// The key that would give a result.
    fn key(self, result: f64) -> f64 {
        let c = self.constant;
        let key = match (self.op, self.right) {
            (Binary::Add, _) => result - c,
            (Binary::Sub, false) => result + c,
            (Binary::Sub, true) => c - result,
            (Binary::Mul, _) => result / c,
            (_, false) => result * c,
            (_, true) => c / result,
        };
        let whole = key.round();
        if (key - whole).abs() < NEAR { whole } else { key }
    }
}

/// The values of key cells, as far as they can be voted. Takes its work from `steps`.
pub(super) fn keys(book: &Workbook, steps: &mut u64) -> FxHashMap<Pos, f64> {
    let uses = collect(book, steps);
    if uses.values().map(Vec::len).sum::<usize>() < USES_MIN {
        return FxHashMap::default();
    }
    let mut out = FxHashMap::default();
    let mut sorted: Vec<_> = uses.into_iter().collect();
    sorted.sort_unstable_by_key(|(pos, _)| *pos);
    for (pos, uses) in sorted {
        let work = (uses.len().min(JUDGES) * PROPOSERS * 95 / 32) as u64;
        *steps = steps.saturating_sub(work);
        if *steps == 0 {
            break;
        }
        if let Some(key) = best(&uses) {
            out.insert(pos, key);
        }
    }
    out
}

/// The best value of one key.
fn best(uses: &[Use]) -> Option<f64> {
    let mut best: Option<(f64, f64)> = None;
    let mut tried: Vec<f64> = Vec::new();
    for proposer in uses.iter().take(PROPOSERS) {
        for target in 32..127_u32 {
            let key = proposer.key(f64::from(target));
            if !key.is_finite() || tried.iter().any(|t| (t - key).abs() < NEAR) {
                continue;
            }
            tried.push(key);
            // Most proposals are nonsense at once.
            if uses.iter().take(FIRST_JUDGES).map(|u| worth(u, key)).sum::<f64>() < 0.0 {
                continue;
            }
            let score: f64 = uses.iter().take(JUDGES).map(|u| worth(u, key)).sum();
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, key));
            }
        }
    }
    best.filter(|(score, _)| *score > 0.0).map(|(_, key)| key)
}

/// What one use says of a key.
fn worth(use_: &Use, key: f64) -> f64 {
    let result = use_.result(key);
    let whole = result.round();
    if !result.is_finite() || (result - whole).abs() > NEAR * whole.abs().max(1.0) {
        return -6.0;
    }
    if !(9.0..127.0).contains(&whole) {
        return -10.0;
    }
    let byte = whole as u8;
    if use_.first && byte == b'=' {
        return 12.0;
    }
    match byte {
        b'e' | b't' | b'a' | b'i' | b'o' | b'r' | b's' | b'n' | b'l' | b'c' => 3.0,
        b'd' | b'u' | b'm' | b'p' | b'h' | b'f' | b'x' | b'v' | b'g' => 2.4,
        b'a'..=b'z' => 1.6,
        b'"' | b',' | b'(' | b')' | b'\\' | b'.' | b'/' | b':' => 2.2,
        b'0'..=b'9' => 1.8,
        b'A' | b'C' | b'E' | b'L' | b'R' | b'U' | b'D' | b'F' | b'O' | b'S' | b'T' | b'I' | b'N' => 1.8,
        b'A'..=b'Z' => 1.2,
        b' ' | b'=' | b'-' | b'&' | b'_' | b'%' => 1.2,
        b'\t' | b'\n' | b'\r' => 0.0,
        0..=31 => -10.0,
        _ => 0.2,
    }
}

/// All uses of all keys in the formulas of macro sheets.
fn collect(book: &Workbook, steps: &mut u64) -> FxHashMap<Pos, Vec<Use>> {
    let mut uses: FxHashMap<Pos, Vec<Use>> = FxHashMap::default();
    for (index, sheet) in book.sheets.iter().enumerate().filter(|(_, s)| s.kind == SheetKind::Macro) {
        for formula in sheet.cells.values().filter_map(|c| c.formula) {
            walk(book, index as u32, formula, &mut uses, steps);
            if *steps == 0 {
                return uses;
            }
        }
    }
    uses
}

fn walk(book: &Workbook, sheet: u32, formula: ExprId, uses: &mut FxHashMap<Pos, Vec<Use>>, steps: &mut u64) {
    let mut todo = vec![(formula, false)];
    let mut nodes = 0_u64;
    while let Some((id, first)) = todo.pop() {
        nodes += 1;
        if nodes / 16 > *steps {
            break;
        }
        // Children come before their parents; a tree that says otherwise is damaged.
        let mut push = |child: ExprId, first: bool| {
            if child.0 < id.0 {
                todo.push((child, first));
            }
        };
        match book.expr(id) {
            Expr::Call { function: CHAR, args } => {
                if let Some((pos, found)) = args.first().and_then(|arg| key_use(book, sheet, *arg, first)) {
                    let full = uses.len() >= KEYS_MAX && !uses.contains_key(&pos);
                    if !full {
                        uses.entry(pos).or_default().push(found);
                    }
                }
            }
            Expr::Call { function, args } if FORMULAS.contains(function) => {
                for (i, arg) in args.iter().enumerate() {
                    push(*arg, i == 0);
                }
            }
            Expr::Call { args, .. } | Expr::User { args, .. } | Expr::Unknown { args, .. } => {
                args.iter().for_each(|arg| push(*arg, false));
            }
            Expr::Binary(op, a, b) => {
                push(*b, false);
                push(*a, first && *op == Binary::Concat);
            }
            Expr::Unary(_, a) => push(*a, false),
            _ => {}
        }
    }
    *steps = steps.saturating_sub(nodes / 16 + 1);
}

/// What a side of the operator is.
enum Side {
    Constant(f64),
    Key(Pos),
}

fn key_use(book: &Workbook, sheet: u32, arg: ExprId, first: bool) -> Option<(Pos, Use)> {
    let Expr::Binary(op @ (Binary::Add | Binary::Sub | Binary::Mul | Binary::Div), a, b) = book.expr(arg)
    else {
        return None;
    };
    match (side(book, sheet, *a)?, side(book, sheet, *b)?) {
        (Side::Key(pos), Side::Constant(constant)) => {
            Some((pos, Use { op: *op, constant, right: false, first }))
        }
        (Side::Constant(constant), Side::Key(pos)) => {
            Some((pos, Use { op: *op, constant, right: true, first }))
        }
        _ => None,
    }
}

fn side(book: &Workbook, sheet: u32, id: ExprId) -> Option<Side> {
    match book.expr(id) {
        Expr::Number(n) => Some(Side::Constant(*n)),
        Expr::Unary(super::model::Unary::Minus, a) => match book.expr(*a) {
            Expr::Number(n) => Some(Side::Constant(-n)),
            _ => None,
        },
        Expr::Range(Range { sheet: other, from, to }) if from == to => {
            let at = other.map_or(sheet, |s| s as u32);
            let cell = book.sheets.get(at as usize)?.cells.get(from);
            Some(match cell.map(|c| (&c.value, c.formula)) {
                Some((Value::Number(n), None)) => Side::Constant(*n),
                _ => Side::Key(Pos { sheet: at, row: from.0, column: from.1 }),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses of one key that write a text, with all four operators in turn.
    fn uses(text: &str, key: f64) -> Vec<Use> {
        let ops = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div];
        text.bytes()
            .zip(ops.iter().cycle())
            .map(|(byte, op)| {
                let target = f64::from(byte);
                let constant = match op {
                    Binary::Add => target - key,
                    Binary::Sub => key - target,
                    Binary::Mul => target / key,
                    _ => key / target,
                };
                Use { op: *op, constant, right: false, first: false }
            })
            .collect()
    }

    #[test]
    fn keys_are_found_from_their_uses() {
        for key in [-22.0, 217.0, 3.0, 99.5] {
            assert_eq!(best(&uses("=CALL(\"urlmon\",\"URLDownloadToFileA\",\"JJCCJJ\",0)", key)), Some(key));
        }
    }

    #[test]
    fn what_is_no_text_has_no_key() {
        let noise: Vec<Use> = (0..40)
            .map(|i| Use { op: Binary::Mul, constant: f64::from(i) * 1.7 + 0.1, right: false, first: false })
            .collect();
        assert_eq!(best(&noise), None);
    }
}
