//! Documents of Office since 2007, and RTF.

use zip::CompressionMethod as M;

use crate::{Case, SIZE, archives::zipped, case, filled, made, noise, texts, words};

pub fn cases() -> Vec<Case> {
    let w = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'";
    let document =
        move |unit: &str| filled(&format!("<w:document {w}><w:body>"), unit, "</w:body></w:document>", SIZE);
    vec![
        case("text.docx", "a long text, stored", move || {
            docx(
                "word/document.xml",
                document("<w:p><w:r><w:t>hello # https://a.example/#</w:t></w:r></w:p>"),
            )
        }),
        case("fields.docx", "fields, stored", move || {
            docx(
                "word/document.xml",
                document(
                    "<w:p><w:fldSimple w:instr='DDEAUTO c:\\\\a # \"x\"'/><w:r><w:instrText>QUOTE # 65 66</w:instrText></w:r></w:p>",
                ),
            )
        }),
        case("deep.docx", "elements in elements, stored", move || {
            docx("word/document.xml", document("<w:p>"))
        }),
        case("packed.docx", "a very long text, deflated", move || {
            zipped(
                &types("word/document.xml", filled("<w:document>", "<w:t>#</w:t>", "", SIZE * 8)),
                M::Deflated,
            )
        }),
        case("rels.docx", "relations, stored", || {
            docx(
                "word/_rels/document.xml.rels",
                filled(
                    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>",
                    "<Relationship Id='r#' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate' Target='http://a#.example/t.dotm' TargetMode='External'/>",
                    "</Relationships>",
                    SIZE,
                ),
            )
        }),
        case("types.docx", "content types, stored", || {
            let types = filled(
                "<Types>",
                "<Override PartName='/word/d#.xml' ContentType='application/vnd.ms-word.document.macroEnabled.main+xml'/>",
                "</Types>",
                SIZE,
            );
            zipped(
                &[("[Content_Types].xml", types), ("word/document.xml", b"<w:document/>".to_vec())],
                M::Stored,
            )
        }),
        case("parts.docx", "many parts", || {
            let names: Vec<String> = (0..100_000).map(|n| format!("word/embeddings/o{n}.bin")).collect();
            let mut parts = types("word/document.xml", b"<w:document/>".to_vec());
            parts.extend(names.iter().map(|n| (n.as_str(), noise(100))));
            zipped(&parts, M::Stored)
        }),
        case("pictures.docx", "pictures", || {
            let names: Vec<String> = (0..64).map(|n| format!("word/media/i{n}.jpg")).collect();
            let mut parts = types("word/document.xml", b"<w:document/>".to_vec());
            let picture = texts::picture(1_200, 900, false);
            parts.extend(names.iter().map(|n| (n.as_str(), picture.clone())));
            zipped(&parts, M::Stored)
        }),
        case("macros.docm", "a project of source", || {
            let source =
                filled("Sub AutoOpen()\r\n", "x = x & Chr(# Xor 7)\r\n", "End Sub\r\n", SIZE * 8 / 10);
            let mut parts = types("word/document.xml", b"<w:document/>".to_vec());
            parts.push(("word/vbaProject.bin", made::vba_project(&String::from_utf8_lossy(&source))));
            zipped(&parts, M::Stored)
        }),
        case("cells.xlsx", "cells, stored", || {
            book(
                "xl/worksheets/sheet1.xml",
                filled(
                    "<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>",
                    "<row r='#'><c r='A#'><f>A#&amp;\"x\"</f><v>#</v></c></row>",
                    "</sheetData></worksheet>",
                    SIZE,
                ),
            )
        }),
        case("strings.xlsx", "shared strings, stored", || {
            book(
                "xl/sharedStrings.xml",
                filled(
                    "<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>",
                    "<si><t>https://a#.example/</t></si>",
                    "</sst>",
                    SIZE,
                ),
            )
        }),
        case("names.xlsx", "defined names, stored", || {
            book(
                "xl/workbook.xml",
                filled(
                    "<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><definedNames>",
                    "<definedName name='n#'>Sheet1!$A$#</definedName>",
                    "</definedNames></workbook>",
                    SIZE,
                ),
            )
        }),
        case("macros.xlsm", "a macro sheet, stored", || {
            let sheet = filled(
                "<xm:macrosheet xmlns:xm='http://schemas.microsoft.com/office/excel/2006/main' xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>",
                "<row r='#'><c r='A#'><f>CHAR(#)&amp;FORMULA(\"=A\"&amp;#,B#)</f></c></row>",
                "</sheetData></xm:macrosheet>",
                SIZE,
            );
            book("xl/macrosheets/sheet1.xml", sheet)
        }),
        case("cells.xlsb", "records, stored", || {
            let mut sheet = vec![0x81, 1, 0, 0x91, 1, 0];
            let mut n = 0_u32;
            while sheet.len() < SIZE {
                sheet.extend([0, 17]);
                sheet.extend(n.to_le_bytes());
                sheet.extend([0; 13]);
                sheet.extend([5, 16, 0, 0, 0, 0, 0, 0, 0, 0]);
                sheet.extend(f64::from(n).to_le_bytes());
                n += 1;
            }
            let parts = vec![
                ("[Content_Types].xml", b"<Types><Override PartName='/xl/workbook.bin' ContentType='application/vnd.ms-excel.sheet.binary.macroEnabled.main'/></Types>".to_vec()),
                ("xl/workbook.bin", vec![0x83, 1, 0, 0x84, 1, 0]),
                ("xl/worksheets/sheet1.bin", sheet.clone()),
                ("xl/macrosheets/sheet1.bin", sheet),
            ];
            let mut out = zipped(&parts, M::Stored);
            out.truncate(SIZE * 2);
            out
        }),
        case("slides.pptx", "slides, stored", || {
            docx(
                "ppt/slides/slide1.xml",
                filled(
                    "<p:sld>",
                    "<a:t>click # https://a.example/#</a:t><a:hlinkClick r:id='r#'/>",
                    "</p:sld>",
                    SIZE,
                ),
            )
        }),
        case("text.odt", "a long text, stored", || {
            zipped(
                &[
                    ("mimetype", b"application/vnd.oasis.opendocument.text".to_vec()),
                    (
                        "content.xml",
                        filled(
                            "<office:document-content>",
                            "<text:p>hello <text:a xlink:href='https://a#.example/'>#</text:a></text:p>",
                            "</office:document-content>",
                            SIZE,
                        ),
                    ),
                ],
                M::Stored,
            )
        }),
        case("flat.xml", "a workbook in one XML", || {
            filled(
                "<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet><Table>",
                "<Row><Cell ss:Formula='=A#'><Data>#</Data></Cell></Row>",
                "</Table></Worksheet></Workbook>",
                SIZE,
            )
        }),
        case("object.rtf", "an object in hex digits", || {
            let digits: Vec<u8> =
                noise(SIZE / 2).iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect();
            [
                b"{\\rtf1{\\object\\objemb{\\*\\objdata 01050000020000000b0000005061636b61676500".as_slice(),
                &digits,
                b"}}}",
            ]
            .concat()
        }),
        case("objects.rtf", "many objects", || {
            filled(
                "{\\rtf1",
                "{\\object\\objupdate{\\*\\objclass E#}{\\*\\objdata 0105000002000000}}",
                "}",
                SIZE,
            )
        }),
        case("broken.rtf", "digits between groups", || {
            filled("{\\rtf1{\\object{\\*\\objdata 01", "{\\x 0}5\\'3f{}", "}}}", SIZE)
        }),
        case("words.rtf", "control words", || filled("{\\rtf1", "\\b#\\i\\u-#?", "}", SIZE)),
        case("text.rtf", "text", || [b"{\\rtf1 ".to_vec(), words(SIZE), b"}".to_vec()].concat()),
        case("groups.rtf", "groups that do not end", || filled("{\\rtf1", "{\\*\\a{", "", SIZE)),
        case("fields.rtf", "fields", || {
            filled(
                "{\\rtf1",
                "{\\field{\\*\\fldinst HYPERLINK \"https://a#.example/\"}{\\fldrslt x}}",
                "}",
                SIZE,
            )
        }),
        case("bin.rtf", "binary data", || {
            [format!("{{\\rtf1{{\\pict\\bin{} ", SIZE).into_bytes(), noise(SIZE), b"}}".to_vec()].concat()
        }),
    ]
}

fn types(name: &str, bytes: Vec<u8>) -> Vec<(&str, Vec<u8>)> {
    vec![
        (
            "[Content_Types].xml",
            b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>".to_vec(),
        ),
        (name, bytes),
    ]
}

fn docx(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    let mut parts = types(name, bytes);
    if name != "word/document.xml" {
        parts.push(("word/document.xml", b"<w:document/>".to_vec()));
    }
    zipped(&parts, M::Stored)
}

/// A workbook of one sheet in which a part is another one.
fn book(name: &'static str, bytes: Vec<u8>) -> Vec<u8> {
    let folder = if name.contains("macrosheets") { "macrosheets" } else { "worksheets" };
    let mut parts: Vec<(&str, Vec<u8>)> = Vec::new();
    for (part, content) in made::workbook_parts("<worksheet/>") {
        let part = if part.ends_with("sheet1.xml") && folder == "macrosheets" {
            "xl/macrosheets/sheet1.xml"
        } else {
            part
        };
        let text = String::from_utf8_lossy(content).replace("worksheets/", &format!("{folder}/"));
        let text = if folder == "macrosheets" {
            text.replace("relationships/worksheet'", "relationships/xlMacrosheet'")
        } else {
            text
        };
        if part != name {
            parts.push((part, text.into_bytes()));
        }
    }
    parts.push((name, bytes));
    zipped(&parts, M::Stored)
}
