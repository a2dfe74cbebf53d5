//! A workbook as text for people and for tests: sheets, names, formulas as Excel would write them.

use std::fmt::Write;

use super::{
    functions,
    model::{Binary, Expr, ExprId, Range, State, Unary, Value, Workbook},
    reference::{COLUMNS, ROWS, a1_text, letters},
};

/// Characters of a formula that are shown at most.
const FORMULA_MAX: usize = 8 << 10;
/// Bytes of a workbook that are shown at most, but for the end of the last formula.
const BOOK_MAX: usize = 64 << 10;

/// Names that are shown at most.
const NAMES_MAX: usize = 500;

/// What is still to be written.
enum Piece {
    Tree(ExprId),
    Text(&'static str),
}

/// A formula as text, without the `=`. Long ones are cut.
pub(crate) fn formula(book: &Workbook, id: ExprId) -> String {
    let mut out = String::new();
    let mut todo = vec![Piece::Tree(id)];
    while let Some(piece) = todo.pop() {
        if out.len() > FORMULA_MAX {
            out.push('…');
            break;
        }
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Tree(id) => node(book, id, &mut out, &mut todo),
        }
    }
    out
}

/// Writes the start of a node and leaves the rest to do.
fn node(book: &Workbook, id: ExprId, out: &mut String, todo: &mut Vec<Piece>) {
    match book.expr(id) {
        Expr::Number(n) => _ = write!(out, "{n}"),
        Expr::Text(text) => _ = write!(out, "\"{}\"", text.replace('"', "\"\"")),
        Expr::Bool(b) => out.push_str(if *b { "TRUE" } else { "FALSE" }),
        Expr::Error(code) => out.push_str(error(*code)),
        Expr::Missing => {}
        Expr::Range(range) => out.push_str(&range_text(book, range)),
        Expr::Name(i) => match book.names.get(*i as usize) {
            Some(name) => out.push_str(&name.label),
            None => _ = write!(out, "name{i}"),
        },
        Expr::NamedText(label) => out.push_str(label),
        Expr::Array { columns, items } => {
            out.push('{');
            todo.push(Piece::Text("}"));
            for (i, item) in items.iter().enumerate().rev() {
                todo.push(Piece::Tree(*item));
                if i > 0 {
                    let new_row = (i as u32).is_multiple_of((*columns).max(1));
                    todo.push(Piece::Text(if new_row { ";" } else { "," }));
                }
            }
        }
        Expr::Unary(Unary::Percent, of) => todo.extend([Piece::Text("%"), Piece::Tree(*of)]),
        Expr::Unary(op, of) => {
            out.push(if *op == Unary::Minus { '-' } else { '+' });
            todo.push(Piece::Tree(*of));
        }
        Expr::Binary(op, left, right) => {
            let bracket =
                |id: &ExprId| matches!(book.expr(*id), Expr::Binary(inner, ..) if loose(*inner) < loose(*op));
            wrapped(*right, bracket(right) || same_rank(book, *right, *op), todo);
            todo.push(Piece::Text(sign(*op)));
            wrapped(*left, bracket(left), todo);
        }
        Expr::Call { function, args } => {
            out.push_str(&functions::name(*function));
            arguments(args, todo);
        }
        Expr::User { target, args } => {
            arguments(args, todo);
            todo.push(Piece::Tree(*target));
        }
        Expr::Unknown { name, args } => {
            out.push_str(name);
            arguments(args, todo);
        }
    }
}

fn wrapped(id: ExprId, brackets: bool, todo: &mut Vec<Piece>) {
    if brackets {
        todo.extend([Piece::Text(")"), Piece::Tree(id), Piece::Text("(")]);
    } else {
        todo.push(Piece::Tree(id));
    }
}

/// An operand on the right that binds only as tightly as its operator needs brackets.
fn same_rank(book: &Workbook, right: ExprId, op: Binary) -> bool {
    matches!(book.expr(right), Expr::Binary(inner, ..) if loose(*inner) == loose(op))
}

fn arguments(args: &[ExprId], todo: &mut Vec<Piece>) {
    todo.push(Piece::Text(")"));
    for (i, arg) in args.iter().enumerate().rev() {
        todo.push(Piece::Tree(*arg));
        if i > 0 {
            todo.push(Piece::Text(","));
        }
    }
    todo.push(Piece::Text("("));
}

fn loose(op: Binary) -> u8 {
    match op {
        Binary::Span => 9,
        Binary::Intersect => 8,
        Binary::Union => 7,
        Binary::Power => 5,
        Binary::Mul | Binary::Div => 4,
        Binary::Add | Binary::Sub => 3,
        Binary::Concat => 2,
        _ => 1,
    }
}

fn sign(op: Binary) -> &'static str {
    match op {
        Binary::Add => "+",
        Binary::Sub => "-",
        Binary::Mul => "*",
        Binary::Div => "/",
        Binary::Power => "^",
        Binary::Concat => "&",
        Binary::Less => "<",
        Binary::LessEqual => "<=",
        Binary::Equal => "=",
        Binary::GreaterEqual => ">=",
        Binary::Greater => ">",
        Binary::NotEqual => "<>",
        Binary::Intersect => " ",
        Binary::Union => ",",
        Binary::Span => ":",
    }
}

/// Text of an error value.
pub(crate) fn error(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    }
}

/// `Sheet!A1:B2`.
pub(crate) fn range_text(book: &Workbook, range: &Range) -> String {
    let mut out = String::new();
    if let Some(index) = range.sheet {
        match book.sheets.get(index) {
            Some(sheet) if sheet.name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
                out.push_str(&sheet.name)
            }
            Some(sheet) => _ = write!(out, "'{}'", sheet.name.replace('\'', "''")),
            None => _ = write!(out, "sheet{index}"),
        }
        out.push('!');
    }
    let ((r1, c1), (r2, c2)) = (range.from, range.to);
    if range.from == range.to {
        out.push_str(&a1_text(range.from));
    } else if r1 == 0 && r2 == ROWS - 1 {
        _ = write!(out, "{}:{}", letters(c1), letters(c2));
    } else if c1 == 0 && c2 == COLUMNS - 1 {
        _ = write!(out, "{}:{}", u64::from(r1) + 1, u64::from(r2) + 1);
    } else {
        _ = write!(out, "{}:{}", a1_text(range.from), a1_text(range.to));
    }
    out
}

/// The whole workbook.
pub(crate) fn dump(book: &Workbook) -> String {
    let mut out = String::new();
    for name in book.names.iter().take(NAMES_MAX) {
        let of =
            name.sheet.and_then(|i| book.sheets.get(i)).map(|s| format!("{}!", s.name)).unwrap_or_default();
        let hidden = if name.hidden { " (hidden)" } else { "" };
        let value = name.formula.map(|f| format!(" ={}", shown(&formula(book, f)))).unwrap_or_default();
        _ = writeln!(out, "name {of}{}{hidden}{value}", name.label.escape_debug());
    }
    for (index, sheet) in book.sheets.iter().enumerate() {
        _ = writeln!(out, "sheet {:?} {:?}{}", sheet.name, sheet.kind, state(sheet.state));
        for (at, cell) in &sheet.cells {
            if out.len() > BOOK_MAX {
                out.push_str("  …\n");
                break;
            }
            if cell.formula.is_none() && cell.value == Value::Blank {
                continue;
            }
            _ = write!(out, "  {}", a1_text(*at));
            if let Some(id) = cell.formula {
                _ = write!(out, " {}{}", if cell.assigns { ":=" } else { "=" }, shown(&formula(book, id)));
            }
            match &cell.value {
                Value::Blank => {}
                Value::Number(n) => _ = write!(out, " [{n}]"),
                Value::Text(t) => _ = write!(out, " [{t:?}]"),
                Value::Bool(b) => _ = write!(out, " [{b}]"),
                Value::Error(e) => _ = write!(out, " [{}]", error(*e)),
            }
            out.push('\n');
        }
        for (_, text) in book.drawn.iter().filter(|(of, _)| *of == index) {
            _ = writeln!(out, "  drawn {text:?}");
        }
    }
    for (service, topic, item) in &book.dde_links {
        _ = writeln!(out, "link {service}|{topic}!{item}");
    }
    for connection in &book.connections {
        _ = writeln!(out, "connection {connection}");
    }
    for defect in &book.defects {
        _ = writeln!(out, "defect {defect}");
    }
    out
}

/// Control characters do nothing to the terminal.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

fn state(state: State) -> &'static str {
    match state {
        State::Visible => "",
        State::Hidden => " hidden",
        State::VeryHidden => " very hidden",
    }
}
