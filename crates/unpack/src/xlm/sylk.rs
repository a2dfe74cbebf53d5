//! SYLK: tables as lines of text, which Excel opens with macros and without any protected view.
//!
//! A line is a type and fields behind semicolons. `O;E` makes the sheet a macro sheet, `NN` defines a name, `C` a
//! cell whose place goes on from line to line; `;;` is a semicolon, escape sequences give the other characters.

use encoding_rs::WINDOWS_1252;

use super::{
    model::{At, Cell, Name, Sheet, SheetKind, Value, Workbook},
    ptg::EXPRS_MAX,
    reference::{COLUMNS, ROWS},
    text::parse_formula,
};
use crate::{Budget, limits::CELLS_MAX};

/// Names that are read at most.
const NAMES_MAX: usize = 1 << 14;

/// Reads a SYLK file.
pub(crate) fn read_workbook(bytes: &[u8], budget: &mut Budget) -> Workbook {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    };
    let mut book = Workbook::default();
    book.sheets.push(Sheet { name: "Sheet1".to_owned(), ..Sheet::default() });
    let mut at = (0, 0);
    for line in text.split(['\r', '\n']).filter(|l| !l.is_empty()) {
        if !budget.spend(2 + line.len() as u64 / 64)
            || !book.gaps.room(book.exprs.len(), EXPRS_MAX, "parts of formulas")
        {
            break;
        }
        let fields = fields(line);
        let Some((kind, fields)) = fields.split_first() else { continue };
        match kind.as_str() {
            "O" => options(fields, &mut book),
            "NN" => name(fields, &mut book),
            "C" => cell(fields, &mut at, &mut book),
            "F" => move_to(fields, &mut at),
            "E" => break,
            _ => {}
        }
    }
    book
}

/// Fields of a line, unescaped.
fn fields(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(field) = out.last_mut() else { break };
        match c {
            ';' if chars.next_if_eq(&';').is_some() => field.push(';'),
            ';' => out.push(String::new()),
            '\x1B' => {
                let first = chars.next();
                match first {
                    // Two characters that give half a byte each.
                    Some(high @ ' '..='/') => {
                        let low = chars.next().unwrap_or('0');
                        let byte = (high as u8) << 4 | low as u8 & 0x0F;
                        field.push_str(&WINDOWS_1252.decode_without_bom_handling(&[byte]).0);
                    }
                    // An accent or a letter of the Teletex alphabet: its base letter is near enough.
                    Some('N') => {
                        let sign = chars.next();
                        if matches!(sign, Some('A'..='O')) {
                            field.extend(chars.next());
                        }
                    }
                    Some(':') => field.push('\n'),
                    Some(other) => field.push(other),
                    None => {}
                }
            }
            c => field.push(c),
        }
    }
    out
}

fn options(fields: &[String], book: &mut Workbook) {
    if fields.iter().any(|f| f == "E")
        && let Some(sheet) = book.sheets.first_mut()
    {
        sheet.kind = SheetKind::Macro;
        sheet.name = "Macro1".to_owned();
    }
}

fn value_of(fields: &[String], letter: char) -> Option<&str> {
    fields.iter().find_map(|f| f.strip_prefix(letter))
}

fn name(fields: &[String], book: &mut Workbook) {
    let Some(label) = value_of(fields, 'N') else { return };
    if !book.gaps.room(book.names.len(), NAMES_MAX, "names") {
        return;
    }
    let formula = value_of(fields, 'E').and_then(|text| parse_formula(text, (0, 0, 0), true, book));
    // `F` says that it is a macro's name and says nothing that matters here.
    book.names.push(Name { label: label.to_owned(), formula, ..Name::default() });
}

fn move_to(fields: &[String], at: &mut At) {
    let number = |letter| {
        value_of(fields, letter).and_then(|t| t.trim().parse::<u32>().ok()).and_then(|n| n.checked_sub(1))
    };
    at.0 = number('Y').filter(|r| *r < ROWS).unwrap_or(at.0);
    at.1 = number('X').filter(|c| *c < COLUMNS).unwrap_or(at.1);
}

fn cell(fields: &[String], at: &mut At, book: &mut Workbook) {
    move_to(fields, at);
    let formula = value_of(fields, 'E').and_then(|text| parse_formula(text, (0, at.0, at.1), true, book));
    let value = value_of(fields, 'K').map(constant).unwrap_or_default();
    let Some(sheet) = book.sheets.first_mut() else { return };
    let says = formula.is_some() || value != Value::Blank;
    if says && book.gaps.room(sheet.cells.len(), CELLS_MAX, "cells") {
        sheet.cells.insert(*at, Cell { value, formula, ..Cell::default() });
    }
}

fn constant(text: &str) -> Value {
    if let Some(quoted) = text.strip_prefix('"') {
        return Value::Text(quoted.strip_suffix('"').unwrap_or(quoted).into());
    }
    match text.trim() {
        "TRUE" => Value::Bool(true),
        "FALSE" => Value::Bool(false),
        "#NULL!" => Value::Error(0x00),
        "#DIV/0!" => Value::Error(0x07),
        "#VALUE!" => Value::Error(0x0F),
        "#REF!" => Value::Error(0x17),
        "#NAME?" => Value::Error(0x1D),
        "#NUM!" => Value::Error(0x24),
        "#N/A" => Value::Error(0x2A),
        number => number.parse().map_or_else(|_| Value::Text(text.into()), Value::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xlm::dump::dump;

    fn read(text: &str) -> String {
        dump(&read_workbook(text.as_bytes(), &mut Budget::new(1_000)))
    }

    #[test]
    fn macros_are_read() {
        insta::assert_snapshot!(read(
            "ID;P\nO;E\nNN;NAuto_open;ER1C1;KOut Flank;F\nC;X1;Y1;K0;EEXEC(\"a;;\x1B&2\")\nC;Y2;ER[-1]C&RC[1]\nF;X3\nC;K\"x\"\nE\nC;K1"
        ), @r#"
        name Auto_open =A1
        sheet "Macro1" Macro
          A1 =EXEC("a;b") [0]
          A2 =A1&B2
          C2 ["x"]
        "#);
    }

    #[test]
    fn tables_are_tables() {
        insta::assert_snapshot!(read("ID;PWXL\r\nC;Y1;X1;K\"Sum\"\r\nC;X2;K1.5\r\nC;X3;KTRUE\r\nE\r\n"), @r#"
        sheet "Sheet1" Work
          A1 ["Sum"]
          B1 [1.5]
          C1 [true]
        "#);
    }

    proptest::proptest! {
        #[test]
        fn anything_is_survived(text in "(ID|C|O|NN|F|;|X|Y|K|E|R1C1|\x1B|N|\"|=|[0-9]|\\PC|\n){0,40}") {
            read(&text);
        }
    }
}
