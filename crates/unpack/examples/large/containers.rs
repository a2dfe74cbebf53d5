//! Compound files, messages, notes, links, disks and PDF.

use std::io::Write as _;

use crate::{Case, SIZE, case, filled, made, noise, words};

pub fn cases() -> Vec<Case> {
    vec![
        case("streams.ole", "thousands of streams", || {
            let names: Vec<String> = (0..5_000).map(|n| format!("s{n}")).collect();
            compound(&names.iter().map(|n| (n.as_str(), noise(4_096))).collect::<Vec<_>>())
        }),
        case("text.doc", "text of a document", || compound(&[("WordDocument", words(SIZE))])),
        case("slides.ppt", "records of a presentation", || {
            let record = |kind: u16, body: &[u8]| {
                [&[0, 0], kind.to_le_bytes().as_slice(), &(body.len() as u32).to_le_bytes(), body].concat()
            };
            let one =
                [record(0x0FA8, b"click here https://a.example/1"), record(0x1011, &[0xD0; 40])].concat();
            compound(&[("PowerPoint Document", one.repeat(SIZE / one.len()))])
        }),
        case("package.doc", "an object of noise", || {
            compound(&[("\u{1}Ole10Native", noise(SIZE)), ("WordDocument", words(5_000))])
        }),
        case("cells.xls", "cells of numbers", || {
            compound(&[("Workbook", made::dense_sheet(1_380_000, 0x10))])
        }),
        case("macros.xls", "cells of a macro sheet", || {
            compound(&[("Workbook", made::dense_sheet(1_380_000, 0x40))])
        }),
        case("formulas.xls", "formulas of a macro sheet", || compound(&[("Workbook", formulas(SIZE))])),
        case("vba.bin", "modules of source", || {
            made::vba_project(&String::from_utf8_lossy(&filled(
                "Sub AutoOpen()\r\n",
                "x# = \"h\" & Chr(#) & StrReverse(\"ptth\")\r\n",
                "End Sub\r\n",
                SIZE * 8 / 10,
            )))
        }),
        case("strings.bin", "one long sum of letters", || {
            made::vba_project(&String::from_utf8_lossy(&filled(
                "Sub AutoOpen()\r\nx = \"\"",
                " & Chr(#)",
                "\r\nEnd Sub\r\n",
                SIZE * 8 / 10,
            )))
        }),
        case("message.msg", "body and attachments", || {
            let body: Vec<u8> = words(SIZE / 4).iter().flat_map(|b| [*b, 0]).collect();
            let names: Vec<String> = (0..500).map(|n| format!("__substg1.0_{n:04X}001F")).collect();
            let mut streams =
                vec![("__properties_version1.0", vec![0; 5_000]), ("__substg1.0_1000001F", body)];
            streams.extend(names.iter().map(|n| (n.as_str(), noise(20_000))));
            compound(&streams)
        }),
        case("winmail.dat", "attachments of a TNEF", || tnef(&noise(SIZE), 1)),
        case("many.dat", "many attachments of a TNEF", || tnef(b"MZ hello", 380_000)),
        case("one.one", "embedded file of a section", || onenote(&noise(SIZE), 1)),
        case("many.one", "embedded files of a section", || {
            onenote(b"WScript.Echo 1 : x = \"https://a.example/\"", 240_000)
        }),
        case("text.one", "words of a section", || onenote(&words(SIZE), 0)),
        case("padded.lnk", "a link and what is behind it", || {
            let mut out =
                vec![0x4C, 0, 0, 0, 1, 0x14, 2, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46, 0xA0, 0, 0, 0];
            out.resize(0x4C, 0);
            let arguments: Vec<u8> = "/c calc".encode_utf16().flat_map(u16::to_le_bytes).collect();
            out.extend([7, 0]);
            out.extend(arguments);
            out.extend([0; 4]);
            out.extend(noise(SIZE));
            out
        }),
        case("files.iso", "files of an ISO", || iso(10_000, 0)),
        case("deep.iso", "records of an ISO", || iso(400_000, 1)),
        case("base64.eml", "one attachment of a message", || {
            let line = [b'A'; 76];
            let mut out = b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_vec();
            while out.len() < SIZE {
                out.extend(line);
                out.extend(b"\r\n");
            }
            out
        }),
        case("parts.eml", "many parts of a message", || {
            filled(
                "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
                "--b\r\nContent-Type: text/html; name=#.html\r\n\r\n<a href=https://a#.example>x</a>\r\n",
                "--b--",
                SIZE,
            )
        }),
        case("text.eml", "the text of a message", || {
            [b"From: a@b.example\r\nSubject: x\r\n\r\n".to_vec(), words(SIZE)].concat()
        }),
        case("page.mht", "parts of a saved page", || {
            filled(
                "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n",
                "--b\r\nContent-Type: text/html\r\nContent-Location: file:///#.htm\r\n\r\n<p>hello #</p>\r\n",
                "--b--",
                SIZE,
            )
        }),
        case("objects.pdf", "small objects", || pdf("<</Type/Annot/A<</S/URI/URI(https://a#.example/x)>>>>")),
        case("pages.pdf", "pages", || pdf("<</Type/Page/Parent 2 0 R/Contents 1 0 R/Annots[1 0 R]>>")),
        case("scripts.pdf", "scripts", || pdf("<</S/JavaScript/JS(app.alert\\(unescape\\('%41'+#\\)\\);)>>")),
        case("arrays.pdf", "one long array", || {
            filled(
                "%PDF-1.7\n1 0 obj\n<</Type/Catalog/Kids[",
                "# 0 R ",
                "]>>\nendobj\ntrailer<</Root 1 0 R>>",
                SIZE,
            )
        }),
        case("streams.pdf", "packed streams", || {
            pdf_streams("/Type/XObject/Subtype/Image/Filter/FlateDecode", &deflated(&noise(40_000)), 600)
        }),
        case("content.pdf", "one long page", || {
            let text = filled("BT ", "(hello #) Tj 1 0 0 1 # 7 Td ", "ET", SIZE * 4);
            pdf_page(&deflated(&text))
        }),
        case("noise.pdf", "one stream of noise", || pdf_page(&deflated(&noise(SIZE)))),
        case("packed.pdf", "streams that unpack a hundredfold", || {
            pdf_streams(
                "/Type/ObjStm/N 99999/First 9/Filter/FlateDecode",
                &deflated(&b"1 0 2 0 3 0 ".repeat(90_000)),
                9_000,
            )
        }),
        case("open.pdf", "dictionaries that do not end", || {
            filled("%PDF-1.7\n", "# 0 obj <</A [ <</B ( ", "", SIZE)
        }),
        case("filters.pdf", "streams packed many times over", || {
            pdf_streams(
                "/Filter[/ASCIIHexDecode/ASCII85Decode/LZWDecode/RunLengthDecode/FlateDecode]",
                &noise(4_000),
                6_000,
            )
        }),
    ]
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn pdf(object: &str) -> Vec<u8> {
    let unit = format!("# 0 obj\n{object}\nendobj\n");
    filled("%PDF-1.7\n", &unit, "trailer<</Root 1 0 R>>\n%%EOF", SIZE)
}

fn pdf_streams(dictionary: &str, bytes: &[u8], count: usize) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    for n in 1..count {
        out.extend(format!("{n} 0 obj\n<<{dictionary}/Length {}>>stream\n", bytes.len()).as_bytes());
        out.extend(bytes);
        out.extend(b"\nendstream\nendobj\n");
    }
    out.extend(b"trailer<</Root 1 0 R>>\n%%EOF");
    out
}

fn pdf_page(packed: &[u8]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<<>>>>endobj\n".to_vec();
    out.extend(format!("4 0 obj<</Filter/FlateDecode/Length {}>>stream\n", packed.len()).as_bytes());
    out.extend(packed);
    out.extend(b"\nendstream\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF");
    out
}

/// A compound file with large sectors; its streams in a list to the right.
pub fn compound(streams: &[(&str, Vec<u8>)]) -> Vec<u8> {
    const SECTOR: usize = 4_096;
    const END: u32 = 0xFFFF_FFFE;
    let entry = |name: &str, kind: u8, links: [u32; 3], start: u32, size: usize| {
        let mut out: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = (out.len() + 2) as u16;
        out.resize(64, 0);
        out.extend(length.to_le_bytes());
        out.extend([kind, 1]);
        out.extend(links.iter().flat_map(|l| l.to_le_bytes()));
        out.resize(116, 0);
        out.extend(start.to_le_bytes());
        out.extend((size as u64).to_le_bytes());
        out
    };
    let directory_sectors = (128 * (streams.len() + 1)).div_ceil(SECTOR);
    let data_sectors: usize = streams.iter().map(|(_, b)| b.len().max(4_096).div_ceil(SECTOR)).sum();
    let table_sectors = (directory_sectors + data_sectors).div_ceil(SECTOR / 4 - 1);
    let mut table = vec![0xFFFF_FFFD_u32; table_sectors];
    let chain = |table: &mut Vec<u32>, count: usize| {
        let first = table.len();
        table.extend((first + 1..first + count).map(|n| n as u32));
        table.push(END);
        first as u32
    };
    let directory_start = chain(&mut table, directory_sectors);
    let mut directory = entry("Root Entry", 5, [u32::MAX, u32::MAX, 1], END, 0);
    let mut data = Vec::new();
    for (n, (name, bytes)) in streams.iter().enumerate() {
        let size = bytes.len().max(4_096);
        let start = chain(&mut table, size.div_ceil(SECTOR));
        let next = if n + 1 < streams.len() { n as u32 + 2 } else { u32::MAX };
        directory.extend(entry(name, 2, [u32::MAX, next, u32::MAX], start, size));
        data.extend(bytes);
        data.resize(data.len() + size - bytes.len(), 0);
        data.resize(data.len().next_multiple_of(SECTOR), 0);
    }
    directory.resize(directory_sectors * SECTOR, 0);
    let mut out = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    out.resize(24, 0);
    out.extend([0x3E_u16, 4, 0xFFFE, 12, 6].iter().flat_map(|n| n.to_le_bytes()));
    out.resize(40, 0);
    let head = [directory_sectors as u32, table_sectors as u32, directory_start, 0, 4_096, END, 0, END, 0];
    out.extend(head.iter().flat_map(|n| n.to_le_bytes()));
    out.extend((0..table_sectors.min(109) as u32).flat_map(u32::to_le_bytes));
    out.resize(512, 0xFF);
    out.resize(SECTOR, 0);
    let mut table: Vec<u8> = table.iter().flat_map(|n| n.to_le_bytes()).collect();
    table.resize(table_sectors * SECTOR, 0xFF);
    [out, table, directory, data].concat()
}

/// A macro sheet of formulas `=CHAR(65)&"x"`.
fn formulas(size: usize) -> Vec<u8> {
    let mut out = made::dense_sheet(0, 0x40);
    out.truncate(out.len() - 4);
    let tokens = [0x1E, 65, 0, 0x41, 0x6F, 0, 0x17, 1, 0, b'x', 0x08];
    let mut n = 0_u32;
    while out.len() < size {
        let mut data = ((n / 250) as u16).to_le_bytes().to_vec();
        data.extend(((n % 250) as u16).to_le_bytes());
        data.extend([0; 16]);
        data.extend((tokens.len() as u16).to_le_bytes());
        data.extend(tokens);
        out.extend([6, 0]);
        out.extend((data.len() as u16).to_le_bytes());
        out.extend(data);
        n += 1;
    }
    out.extend([0x0A, 0, 0, 0]);
    out
}

fn tnef(bytes: &[u8], count: usize) -> Vec<u8> {
    let mut out = vec![0x78, 0x9F, 0x3E, 0x22, 1, 0];
    let mut attribute = |id: u32, data: &[u8]| {
        out.push(2);
        out.extend(id.to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out.extend([0, 0]);
    };
    for _ in 0..count {
        attribute(0x0006_9002, &[0; 14]);
        attribute(0x0001_8010, b"a.txt\0");
        attribute(0x0006_800F, bytes);
    }
    out
}

fn onenote(bytes: &[u8], count: usize) -> Vec<u8> {
    let mut out =
        vec![0xE4, 0x52, 0x5C, 0x7B, 0x8C, 0xD8, 0xA7, 0x4D, 0xAE, 0xB1, 0x53, 0x78, 0xD0, 0x29, 0x96, 0xD3];
    out.resize(1_024, 0);
    if count == 0 {
        out.extend(bytes.iter().flat_map(|b| [*b, 0]).take(SIZE));
    }
    for _ in 0..count {
        out.extend([
            0xE7, 0x16, 0xE3, 0xBD, 0x65, 0x26, 0x11, 0x45, 0xA4, 0xC4, 0x8D, 0x4D, 0x0B, 0x7A, 0x9E, 0xAC,
        ]);
        out.extend((bytes.len() as u64).to_le_bytes());
        out.extend([0; 12]);
        out.extend(bytes);
    }
    out
}

/// An image whose top folder has this many files; `deep`: each is a folder that is the same folder.
fn iso(count: usize, deep: u8) -> Vec<u8> {
    let mut folder = Vec::new();
    for n in 0..count {
        let name = format!("{n:06}.TXT;1");
        let mut record = vec![(33 + name.len()).next_multiple_of(2) as u8, 0];
        let start = if deep == 1 { 18 + n as u32 } else { 2_000 + n as u32 };
        record.extend(start.to_le_bytes());
        record.extend(start.to_be_bytes());
        record.extend(2_048_u32.to_le_bytes());
        record.extend(2_048_u32.to_be_bytes());
        record.extend([0; 7]);
        record.extend([2 * deep, 0, 0, 1, 0, 0, 1, name.len() as u8]);
        record.extend(name.as_bytes());
        record.resize(record.len().next_multiple_of(2), 0);
        if folder.len() % 2_048 + record.len() > 2_048 {
            folder.resize(folder.len().next_multiple_of(2_048), 0);
        }
        folder.extend(record);
    }
    folder.resize(folder.len().next_multiple_of(2_048), 0);
    let mut out = vec![0; 16 * 2_048];
    let mut descriptor = b"\x01CD001\x01".to_vec();
    descriptor.resize(158, b' ');
    descriptor.extend(18_u32.to_le_bytes());
    descriptor.extend(18_u32.to_be_bytes());
    descriptor.extend((folder.len() as u32).to_le_bytes());
    descriptor.resize(2_048, 0);
    out.extend(descriptor);
    let mut end = b"\xFFCD001\x01".to_vec();
    end.resize(2_048, 0);
    out.extend(end);
    out.extend(folder);
    let rest = SIZE.saturating_sub(out.len());
    out.extend(noise(rest));
    out
}
