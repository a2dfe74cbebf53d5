//! Packages made by hand: whatever prefixes, names and forms Excel takes.

use super::*;
use crate::xlm::dump::dump;

/// A package of parts by name; relations are given as id, kind, target.
struct Made {
    parts: Vec<(&'static str, String)>,
    relations: Vec<(&'static str, &'static str, &'static str, &'static str)>,
}

impl Parts for Made {
    fn part(&mut self, name: &str) -> Option<Bytes> {
        self.parts.iter().find(|p| p.0 == name).map(|p| p.1.clone().into())
    }

    fn relations(&mut self, of: &str) -> Vec<Relation> {
        let of_part = self.relations.iter().filter(|r| r.0 == of);
        of_part
            .map(|r| Relation {
                id: r.1.to_owned(),
                kind: format!("http://x/relationships/{}", r.2),
                target: r.3.to_owned(),
                external: r.3.contains("://"),
            })
            .collect()
    }
}

/// A workbook with one macro sheet.
fn macro_book(sheet: &str) -> Made {
    Made {
        parts: vec![
            ("w", "<x:workbook xmlns:x='u'><x:sheets><x:sheet name='M&amp;1' state='veryHidden' r:id='a'/></x:sheets><x:definedNames><x:definedName name='_xlnm.Auto_Open' hidden='1'>'M&amp;1'!$A$2</x:definedName></x:definedNames></x:workbook>".to_owned()),
            ("s", sheet.to_owned()),
            ("t", "<sst><si><r><t>EX</t></r><r><rPr/><t>EC</t></r><rPh><t>no</t></rPh></si><si><t xml:space='preserve'> a_x000A_b</t></si></sst>".to_owned()),
        ],
        relations: vec![
            ("", "m", "officeDocument", "w"),
            ("w", "a", "xlMacrosheet", "s"),
            ("w", "b", "sharedStrings", "t"),
        ],
    }
}

fn read(mut made: Made) -> String {
    dump(&read_workbook(&mut made, &mut Budget::new(1_000)).unwrap().book)
}

#[test]
fn cells_of_all_forms() {
    let sheet = "<xm:macrosheet xmlns:xm='u'><sheetData><row r='2'><c r='A2' t='s'><v>0</v></c><c t='s'><v>1</v></c>\
        <c t='inlineStr'><is><r><t>in</t></r><r><t>line</t></r></is></c><c t='b'><v>1</v></c><c t='e'><v>#REF!</v></c>\
        <c><v>1.5E2</v></c><c t='str'><f>CHAR(<![CDATA[65&\"x\"]]>)&amp;\"&lt;\"&#x26;B2</f><v>A</v></c></row>\
        <row><c><f bx='1'>u=1</f></c></row><row r='9'><c><v>1</v></c><c r='A9'><v>2</v></c></row></sheetData>";
    insta::assert_snapshot!(read(macro_book(sheet)), @r#"
    name Auto_Open (hidden) ='M&1'!A2
    sheet "M&1" Macro very hidden
      A2 ["EXEC"]
      B2 [" a\nb"]
      C2 ["inline"]
      D2 [true]
      E2 [#REF!]
      F2 [150]
      G2 =CHAR(65&"x")&"<"&B2 ["A"]
      A3 :=u=1
      A9 [2]
    "#);
}

#[test]
fn shared_formulas_move() {
    let sheet = "<worksheet><row r='1'><c r='B1'><f t='shared' ref='B1:C3' si='0'>A1+$A$1+A$1+$A1+Z!A1</f></c>\
        <c r='C1'><f t='shared' si='0'/></c></row><row><c r='B2'><f t='shared' si='0'/></c><c r='B3'><f t='shared' si='5'/></c></row></worksheet>";
    insta::assert_snapshot!(read(macro_book(sheet)), @r#"
    name Auto_Open (hidden) ='M&1'!A2
    sheet "M&1" Macro very hidden
      B1 =A1+A1+A1+A1+#REF!
      C1 =B1+A1+B1+A1+#REF!
      B2 =A2+A1+A1+A2+#REF!
    "#);
}

#[test]
fn looks_are_read() {
    let mut made = macro_book(
        "<macrosheet><sheetFormatPr defaultRowHeight='15'/><cols><col min='1' max='2' width='10.5'/></cols>\
        <row r='1' ht='30.75'><c r='A1' s='1'/></row><row r='2' hidden='1'/></macrosheet>",
    );
    made.relations.push(("w", "c", "styles", "y"));
    made.parts.push(("y", "<styleSheet><numFmts><numFmt numFmtId='170' formatCode='0.0'/></numFmts><fonts><font/><font><b/><sz val='14'/><color rgb='FFFE0000'/><name val='Arial'/></font></fonts><fills><fill/><fill><patternFill patternType='solid'><fgColor indexed='13'/></patternFill></fill></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf/><xf numFmtId='170' fontId='1' fillId='1' borderId='0'><alignment horizontal='center' vertical='top'/><protection locked='0'/></xf></cellXfs><dxfs><dxf><font/></dxf></dxfs></styleSheet>".to_owned()));
    let book = read_workbook(&mut made, &mut Budget::new(1_000)).unwrap().book;
    let style = &book.styles[1];
    assert_eq!((style.format.as_str(), style.fill_pattern, style.fill_foreground), ("0.0", 1, 13));
    assert_eq!((style.horizontal, style.vertical, style.locked), (2, 0, false));
    let font = &book.fonts[style.font as usize];
    assert_eq!((font.name.as_str(), font.height, font.colour, font.flags), ("Arial", 280, 10, 1));
    let sheet = &book.sheets[0];
    assert_eq!((sheet.default_row_height, sheet.row_heights[&0], sheet.row_heights[&1]), (Some(300), 615, 0));
    assert_eq!(sheet.column_widths, [(0, 1, 2688)]);
    assert_eq!(sheet.cells[&(0, 0)].style, 1);
    assert_eq!(book.fonts.len(), 2);
}

#[test]
fn drawings_speak_and_start_macros() {
    let mut made = macro_book("<macrosheet/>");
    made.relations.push(("s", "d", "drawing", "d"));
    made.relations.push(("s", "h", "hyperlink", "http://h.test/x"));
    made.parts.push(("d", "<wsDr><sp macro='[0]!Go'><txBody><a:p><a:r><a:t>Enable</a:t></a:r><a:r><a:t> Content</a:t></a:r></a:p></txBody></sp><pic macro=''/></wsDr>".to_owned()));
    let book = read_workbook(&mut made, &mut Budget::new(1_000)).unwrap().book;
    assert_eq!(book.drawn, [(0, "Enable Content".to_owned())]);
    assert_eq!((book.pictures, book.assigned.len()), (1, 1));
    assert_eq!(book.hyperlinks, ["http://h.test/x"]);
}

#[test]
fn utf_16_and_broken_parts_are_read_as_far_as_they_go() {
    let mut made = macro_book("<macrosheet><row><c><f>HALT()</f></c><c><f>RETURN(</c></row><row><c><f>A1");
    assert!(read(macro_book("")).contains("sheet"));
    insta::assert_snapshot!(dump(&read_workbook(&mut made, &mut Budget::new(1_000)).unwrap().book), @r#"
    name Auto_Open (hidden) ='M&1'!A2
    sheet "M&1" Macro very hidden
      A1 =HALT()
      B1 =RETURN()
    "#);
    let utf16: Vec<u8> = "\u{FEFF}<a b='&#65;&quot;'/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let text = xml::utf8(&utf16);
    let Some(xml::Event::Open(element)) = xml::Xml::new(&text).next() else { panic!("no element") };
    assert_eq!((element.name.as_ref(), element.get("b").as_deref()), ("a", Some("A\"")));
}

#[test]
fn sheets_that_are_large_stay_in_bounds() {
    let row = format!("<row>{}</row>", "<c><v>1</v></c>".repeat(100));
    let mut made = macro_book(&format!("<worksheet>{}", row.repeat(1_900)));
    assert_eq!(cells(&mut made), 190_000);
    // Without a macro sheet only what there is to see is read.
    let mut made = macro_book(&format!("<worksheet>{}", row.repeat(2_200)));
    made.relations[1].2 = "worksheet";
    assert_eq!(cells(&mut made), crate::limits::PLAIN_CELLS_MAX);
}

fn cells(made: &mut Made) -> usize {
    read_workbook(made, &mut Budget::new(1 << 24)).unwrap().book.sheets[0].cells.len()
}
