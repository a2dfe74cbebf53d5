//! Streams made by hand: what Excel accepts, and what malware does to readers that are stricter than Excel.

use super::*;
use crate::xlm::dump::dump;

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = kind.to_le_bytes().to_vec();
    out.extend((data.len() as u16).to_le_bytes());
    out.extend(data);
    out
}

fn bof(version: u16, kind: u16) -> Vec<u8> {
    record(0x0809, &[version.to_le_bytes(), kind.to_le_bytes()].concat())
}

/// A formula in column A whose value was a number.
fn formula(row: u16, tokens: &[u8]) -> Vec<u8> {
    let mut data = row.to_le_bytes().to_vec();
    data.extend([0; 18]);
    data.extend((tokens.len() as u16).to_le_bytes());
    data.extend(tokens);
    record(0x0006, &data)
}

fn label(name: &[u8], flags: u16, tokens: &[u8]) -> Vec<u8> {
    let mut data = flags.to_le_bytes().to_vec();
    data.extend([0, name.len() as u8]);
    data.extend((tokens.len() as u16).to_le_bytes());
    data.extend([0; 9]);
    data.extend(name);
    data.extend(tokens);
    record(0x0018, &data)
}

/// `EXEC("x")`.
const EXEC: &[u8] = &[0x17, 1, 0, b'x', 0x41, 0x6E, 0];

/// Globals with one sheet whose offset, state and kind are given; `None`: its true offset.
fn stream(globals: &[Vec<u8>], offset: Option<u32>, hidden: u8, kind: u8, sheet: &[Vec<u8>]) -> Vec<u8> {
    let bound = |at: u32| {
        let mut data = at.to_le_bytes().to_vec();
        data.extend([hidden, kind, 1, 0, b'M']);
        record(0x0085, &data)
    };
    let size = bof(0x0600, 5).len() + bound(0).len() + globals.concat().len() + 4;
    let mut out = bof(0x0600, 5);
    out.extend(bound(offset.unwrap_or(size as u32)));
    out.extend(globals.concat());
    out.extend(record(0x000A, &[]));
    out.extend(sheet.concat());
    out.extend(record(0x000A, &[]));
    out
}

fn read(stream: &[u8]) -> String {
    dump(&read_workbook(stream, &mut Budget::new(1_000)))
}

#[test]
fn states_and_kinds_are_masked_and_mistrusted() {
    let sheet = [bof(0x0600, 0x40), formula(0, EXEC)];
    insta::assert_snapshot!(read(&stream(&[], None, 0xFE, 0, &sheet)), @r#"
    sheet "M" Macro very hidden
      A1 =EXEC("x") [0]
    "#);
    let work = [bof(0x0600, 0x10), formula(0, EXEC)];
    insta::assert_snapshot!(read(&stream(&[], None, 0, 0, &work)), @r#"
    sheet "M" Work
      A1 [0]
    "#);
}

#[test]
fn sheets_that_are_elsewhere_are_found() {
    let sheet = [bof(0x0600, 0x40), formula(0, EXEC)];
    insta::assert_snapshot!(read(&stream(&[], Some(0x7FFF_FFFF), 1, 1, &sheet)), @r#"
    sheet "M" Macro hidden
      A1 =EXEC("x") [0]
    "#);
    let bare = [&bof(0x0600, 0x40)[..], &formula(2, EXEC)].concat();
    insta::assert_snapshot!(read(&bare), @r#"
    sheet "Sheet1" Macro
      A3 =EXEC("x") [0]
    "#);
}

#[test]
fn names_keep_their_numbers_and_their_letters() {
    let reference = [0x3A, 0, 0, 4, 0, 0, 0xC0];
    let globals = [
        record(0x01AE, &[1, 0, 1, 4]),
        record(0x0017, &[1, 0, 0, 0, 0, 0, 0, 0]),
        record(0x0018, &[1, 0]),
        label(&[1], 0x21, &reference),
        label(b"\x01x", 0x20, &reference),
        label(b"later", 0, &[0x23, 2, 0, 0, 0]),
    ];
    let sheet = [bof(0x0600, 0x40), formula(0, &[0x23, 4, 0, 0, 0, 0x42, 1, 0xFF, 0])];
    insta::assert_snapshot!(read(&stream(&globals, None, 0, 1, &sheet)), @r#"
    name 
    name Auto_Open (hidden) =M!A5
    name Auto_Openx =M!A5
    name later =Auto_Open
    sheet "M" Macro
      A1 =later() [0]
    "#);
}

#[test]
fn strings_go_on_in_the_next_record() {
    let mut table = vec![2, 0, 0, 0, 2, 0, 0, 0];
    table.extend([5, 0, 0, b'a', b'b']);
    let globals = [
        record(0x00FC, &table),
        record(0x003C, &[1, b'c', 0, b'd', 0, b'e', 0, 1, 0, 8, 1, 0, b'z', 9, 9, 9, 9]),
    ];
    let cell = |row: u8, index: u8| record(0x00FD, &[row, 0, 0, 0, 0, 0, index, 0, 0, 0]);
    insta::assert_snapshot!(read(&stream(&globals, None, 0, 0, &[bof(0x0600, 0x10), cell(0, 0), cell(1, 1), cell(2, 7)])), @r#"
    sheet "M" Work
      A1 ["abcde"]
      A2 ["z"]
    "#);
}

#[test]
fn formulas_that_stand_elsewhere_move() {
    // The cell above, plus a number.
    let shared =
        [&[0u8, 0, 9, 0, 0, 0, 0, 2, 9, 0][..], &[0x4C, 0xFF, 0xFF, 0, 0xC0, 0x1E, 7, 0, 0x03]].concat();
    let pointing = [0x01, 1, 0, 0, 0xFC];
    let sheet = [
        bof(0x0600, 0x40),
        formula(1, &pointing),
        record(0x04BC, &shared),
        formula(2, &pointing),
        formula(3, &[0x01, 99, 0, 0, 0]),
    ];
    insta::assert_snapshot!(read(&stream(&[], None, 0, 1, &sheet)), @r#"
    sheet "M" Macro
      A2 =A1+7 [0]
      A3 =A2+7 [0]
      A4 [0]
    "#);
}

#[test]
fn tokens_of_all_kinds() {
    let sheet = [
        bof(0x0600, 0x40),
        // Junk in the bits of a column that mean nothing.
        formula(0, &[0x44, 1, 0, 2, 0x3D]),
        formula(1, &[0x1E, 5, 0, 0x19, 0x10, 0, 0]),
        formula(2, &[0x16, 0x1D, 1, 0x1C, 0x2A, 0x42, 3, 0x60, 0x80]),
        // Operands are missing; a token is unknown.
        formula(3, &[0x03]),
        formula(4, &[0x1E, 1, 0, 0x7F]),
        // Choose, with its table of jumps, and a union in brackets.
        formula(5, &[0x1E, 1, 0, 0x19, 4, 1, 0, 1, 2, 3, 4, 0x17, 2, 0, b'n', b'o', 0x42, 2, 100, 0]),
        // A number of arguments that there are not.
        formula(6, &[0x17, 0, 0, 0x42, 0x7F, 0x6E, 0]),
    ];
    insta::assert_snapshot!(read(&stream(&[], None, 0, 1, &sheet)), @r#"
    sheet "M" Macro
      A1 =C2 [0]
      A2 =SUM(5) [0]
      A3 =FORMULA(,TRUE,#N/A) [0]
      A4 =+ [0]
      A5 =1 [0]
      A6 =CHOOSE(1,"no") [0]
      A7 =EXEC("") [0]
    "#);
}

#[test]
fn an_array_stands_behind_its_tokens() {
    let mut array = formula(0, &[0x60, 0, 0, 0, 0, 0, 0, 0]);
    array.extend([1, 0, 0, 2, 2, 0, 0, b'h', b'i', 4, 1, 0, 0, 0, 0, 0, 0, 0]);
    let size = (array.len() - 4) as u16;
    array[2..4].copy_from_slice(&size.to_le_bytes());
    insta::assert_snapshot!(read(&stream(&[], None, 0, 1, &[bof(0x0600, 0x40), array])), @r#"
    sheet "M" Macro
      A1 ={"hi",TRUE} [0]
    "#);
}

#[test]
fn links_texts_and_connections() {
    let path = b"cmd\x03/c calc";
    let mut book = vec![0, 0, path.len() as u8, 0, 0];
    book.extend(path);
    let item = record(0x0023, &[0, 0, 0, 0, 0, 0, 2, 0, b'A', b'0']);
    let globals = [record(0x01AE, &book), item, record(0x00CD, b"\x12\0\0URL;http://q.test/x")];
    let mut drawing = vec![0; 18];
    drawing[10] = 3;
    let sheet = [
        bof(0x0600, 0x10),
        record(0x01B6, &drawing),
        record(0x003C, &[0, b'A', b'B']),
        record(0x003C, &[1, 0x16, 0x04]),
        record(0x003C, &[0; 8]),
    ];
    insta::assert_snapshot!(read(&stream(&globals, None, 0, 0, &sheet)), @r#"
    sheet "M" Work
      drawn "ABЖ"
    link cmd|/c calc!A0
    connection URL;http://q.test/x
    "#);
}

#[test]
fn excel_5_is_read_too() {
    let mut bound = vec![0, 0, 0, 0, 1, 1];
    bound.extend([2, 0xCC, 0x31]);
    let globals =
        [bof(0x0500, 5), record(0x0042, &[0xE3, 4]), record(0x0085, &bound), record(0x000A, &[])].concat();
    let tokens = [0x17, 1, 0xC0, 0x44, 4, 0xC0, 2, 0x08];
    let sheet = [bof(0x0500, 0x40), formula(0, &tokens), record(0x000A, &[])].concat();
    insta::assert_snapshot!(read(&[globals, sheet].concat()), @r#"
    sheet "М1" Macro hidden
      A1 ="А"&C5 [0]
    "#);
}

#[test]
fn what_is_large_stays_in_bounds() {
    // More cells than anyone looks at, and a formula that points at one of its own size again and again.
    let mut sheet = vec![bof(0x0600, 0x10)];
    for row in 0..11_000u32 {
        let mut data = (row as u16).to_le_bytes().to_vec();
        data.extend([0, 0]);
        data.extend([0, 0, 1, 0, 0, 0].repeat(20));
        data.extend([19, 0]);
        sheet.push(record(0x00BD, &data));
    }
    let book = read_workbook(&stream(&[], None, 0, 0, &sheet), &mut Budget::new(1 << 24));
    assert_eq!(book.sheets[0].cells.len(), crate::limits::PLAIN_CELLS_MAX);
    let mut shared = vec![0, 0, 0xFF, 0xFF, 0, 0, 0, 0];
    let tokens = [0x16, 0x15, 0x15, 0x15].repeat(2_000);
    shared.extend((tokens.len() as u16).to_le_bytes());
    shared.extend(tokens);
    let mut sheet = vec![bof(0x0600, 0x40), formula(0, &[0x01, 0, 0, 0, 0]), record(0x04BC, &shared)];
    sheet.extend((1..60_000).map(|row| formula(row, &[0x01, 0, 0, 0, 0])));
    let mut budget = Budget::new(1 << 22);
    let book = read_workbook(&stream(&[], None, 0, 1, &sheet), &mut budget);
    assert!(book.exprs.len() <= ptg::EXPRS_MAX + 2_000);
}

#[test]
fn nothing_and_noise_are_survived() {
    for bytes in [&b""[..], b"\x09", b"\x09\x08\xFF\xFF", b"\x09\x08\x04\x00\x00\x06\x05\x00"] {
        read(bytes);
    }
}
