//! Makes the files that cannot be had from a packer: each by hand, as small as its trick allows.
#![allow(unreachable_pub, reason = "a module of tests")]

/// A zip of one member that unpacks to the zip itself (all but checksums, which nobody could get right and nobody
/// believes). The program is the known one: copies of its own text in stored blocks, and blocks that repeat what was
/// written last; here every block is five bytes, so that any four of them are repeated by the same block.
pub fn quine() -> Vec<u8> {
    const UNIT: usize = 258;
    let literal = |n: usize| {
        let n = (n as u16).to_le_bytes();
        vec![0, n[0], n[1], !n[0], !n[1]]
    };
    // Both repeat as many bytes as they go back. Two copies of ten bytes over twenty; one of 258 over 258.
    let repeat_20 = bits(&[(0b010, 3), (264, 9), (20, 5), (264, 9), (20, 5), (256, 9)], false);
    let repeat_unit = bits(&[(0b010, 3), (285, 9), (UNIT as u32, 5), (256, 9)], false);
    let repeat_last = bits(&[(0b010, 3), (285, 9), (UNIT as u32, 5), (256, 9)], true);
    let (l0, l1, l4) = (literal(0), literal(5), literal(20));
    let unit = literal(UNIT);
    let program = |prefix: &[u8], suffix: &[u8]| -> Vec<u8> {
        let (r, r4) = (&repeat_unit, &repeat_20);
        [
            unit.as_slice(),
            prefix,
            &unit, // P L
            r,
            &l1,
            r,
            &l1,
            &l1, // R, L1 R, L1 L1
            &l4,
            r,
            &l1,
            &l1,
            &l4,
            r4, // L4 [R L1 L1 L4], R4
            &l4,
            r4,
            &l4,
            r4,
            &l4,
            r4, // L4 [R4 L4 R4 L4], R4
            &l4,
            r4,
            &l0,
            &l0,
            &unit,
            r4, // L4 [R4 L0 L0 L], R4
            &l0,
            &l0,
            &unit,
            &repeat_last,
            suffix,
            &repeat_last,
        ]
        .concat()
    };
    let size = program(&[0; UNIT - 5], &[0; UNIT - 5]).len();
    let whole = size + 2 * (UNIT - 5);
    let name = b"quine.zip";
    let fields = |extra: usize| {
        let mut out = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        out.extend((size as u32).to_le_bytes());
        out.extend((whole as u32).to_le_bytes());
        out.extend((name.len() as u16).to_le_bytes());
        out.extend((extra as u16).to_le_bytes());
        out
    };
    let extra = UNIT - 5 - 30 - name.len();
    let prefix = [b"PK\x03\x04".as_slice(), &fields(extra), name, &vec![0; extra]].concat();
    let comment = UNIT - 5 - 46 - name.len() - 22;
    let mut suffix = [b"PK\x01\x02\x14\0".as_slice(), &fields(0), &[0; 14], name].concat();
    let directory = suffix.len() as u32;
    suffix.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    suffix.extend(directory.to_le_bytes());
    suffix.extend(((prefix.len() + size) as u32).to_le_bytes());
    suffix.extend((comment as u16).to_le_bytes());
    suffix.extend(vec![b' '; comment]);
    assert_eq!((prefix.len(), suffix.len()), (UNIT - 5, UNIT - 5));
    [prefix.as_slice(), &program(&prefix, &suffix), &suffix].concat()
}

/// Forty bits of a fixed-code block: `(number, 3)` header bits, `(symbol, 9)` a literal or length, `(distance, 5)`; what
/// is left of the five bytes is an empty block, the last one if told so.
fn bits(codes: &[(u32, u32)], last: bool) -> Vec<u8> {
    let turned = |value: u32, bits: u32| u64::from(value.reverse_bits() >> (32 - bits));
    let mut parts: Vec<(u64, u32)> = Vec::new();
    for (value, what) in codes {
        match (what, value) {
            (9, 256..=279) => parts.push((turned(value - 256, 7), 7)),
            (9, _) => parts.push((turned(value - 280 + 0b1100_0000, 8), 8)),
            (5, 20) => parts.extend([(turned(8, 5), 5), (3, 3)]),
            (5, _) => parts.extend([(turned(16, 5), 5), (1, 7)]),
            _ => parts.push((u64::from(*value), *what)),
        }
    }
    if parts.iter().map(|(_, bits)| bits).sum::<u32>() == 30 {
        parts.extend([(if last { 0b011 } else { 0b010 }, 3), (0, 7)]);
    }
    let (mut out, mut at) = (0_u64, 0);
    for (value, bits) in parts {
        out |= value << at;
        at += bits;
    }
    assert_eq!(at, 40);
    out.to_le_bytes()[..5].to_vec()
}

/// A zip whose directory names the same packed megabytes again and again.
pub fn overlapping(entries: u16) -> Vec<u8> {
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &vec![b'a'; 4 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    let mut out = Vec::new();
    let fields = |crc: u32| {
        let mut f = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        f.extend(crc.to_le_bytes());
        f.extend((packed.len() as u32).to_le_bytes());
        f.extend((4_u32 << 20).to_le_bytes());
        f.extend([4, 0, 0, 0]);
        f
    };
    out.extend(b"PK\x03\x04");
    out.extend(fields(0));
    out.extend(b"0000");
    out.extend(&packed);
    let start = out.len() as u32;
    for n in 0..entries {
        out.extend(b"PK\x01\x02\x14\0");
        out.extend(fields(0));
        out.extend([0; 14]);
        out.extend(format!("{n:04}").as_bytes());
    }
    let size = out.len() as u32 - start;
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(entries.to_le_bytes());
    out.extend(entries.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

const SECTOR: usize = 512;

/// An entry of a compound file's directory.
fn entry(name: &str, kind: u8, links: [u32; 3], start: u32, size: u32) -> Vec<u8> {
    let mut out: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = (out.len() + 2) as u16;
    out.resize(64, 0);
    out.extend(length.to_le_bytes());
    out.extend([kind, 1]);
    for link in links {
        out.extend(link.to_le_bytes());
    }
    out.resize(116, 0);
    out.extend(start.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.resize(128, 0);
    out
}

/// Header, the sectors, and one sector of allocation table as sector 0.
fn compound(table: &[u32], sectors: &[u8]) -> Vec<u8> {
    let mut out = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    out.resize(24, 0);
    for number in [0x3E_u16, 3, 0xFFFE, 9, 6] {
        out.extend(number.to_le_bytes());
    }
    out.resize(44, 0);
    for number in [1_u32, 1, 0, 4096, 0xFFFF_FFFE, 0, 0xFFFF_FFFE, 0, 0] {
        out.extend(number.to_le_bytes());
    }
    out.resize(SECTOR, 0xFF);
    let mut table: Vec<u8> = table.iter().flat_map(|n| n.to_le_bytes()).collect();
    table.resize(SECTOR, 0xFF);
    out.extend(table);
    out.extend(sectors);
    out
}

/// Directory and streams whose chains and links lead back to themselves, and sizes of gigabytes.
pub fn cyclic_compound() -> Vec<u8> {
    let directory = [
        entry("Root Entry", 5, [0, 0, 1], 2, u32::MAX),
        entry("WordDocument", 2, [1, 2, 3], 2, u32::MAX),
        entry("Macros", 1, [1, 3, 2], 0, 0),
        entry("VBA", 1, [2, 1, 0], 2, u32::MAX),
    ]
    .concat();
    // The directory's chain comes back to the directory, the stream's to the stream.
    compound(&[0xFFFF_FFFD, 1, 3, 2], &[directory, vec![b'A'; 2 * SECTOR]].concat())
}

/// A VBA project of one module.
pub fn vba_project(source: &str) -> Vec<u8> {
    let mut dir = Vec::new();
    let mut record = |id: u16, data: &[u8]| {
        dir.extend(id.to_le_bytes());
        dir.extend((data.len() as u32).to_le_bytes());
        dir.extend(data);
    };
    record(0x0003, &1252_u16.to_le_bytes());
    record(0x000F, &1_u16.to_le_bytes());
    record(0x0019, b"M");
    record(0x001A, b"M");
    record(0x0032, &[b'M', 0]);
    record(0x0031, &[0; 4]);
    record(0x0021, &[]);
    record(0x002B, &[]);
    record(0x0010, &[]);
    let streams =
        [("dir", packed(&dir)), ("M", packed(source.as_bytes())), ("_VBA_PROJECT", vec![0xCC; 4_096])];
    let mut table = vec![0xFFFF_FFFD, 2, 0xFFFF_FFFE];
    let mut directory = vec![entry("Root Entry", 5, [u32::MAX, u32::MAX, 1], 0xFFFF_FFFE, 0)];
    directory.push(entry("VBA", 1, [u32::MAX, u32::MAX, 2], 0, 0));
    let mut data = Vec::new();
    for (n, (name, bytes)) in streams.iter().enumerate() {
        // Streams of 4,096 bytes and more have sectors of their own.
        let size = bytes.len().max(4_096).next_multiple_of(SECTOR);
        let next = if n + 1 < streams.len() { n as u32 + 3 } else { u32::MAX };
        directory.push(entry(name, 2, [u32::MAX, next, u32::MAX], table.len() as u32, size as u32));
        let (first, count) = (table.len(), size / SECTOR);
        table.extend((first + 1..first + count).map(|s| s as u32));
        table.push(0xFFFF_FFFE);
        data.extend(bytes);
        data.resize(data.len().next_multiple_of(SECTOR), 0);
        data.resize(data.len() + size - bytes.len().next_multiple_of(SECTOR), 0);
    }
    let mut sectors: Vec<u8> = directory.concat();
    sectors.resize(2 * SECTOR, 0);
    sectors.extend(data);
    compound(&table, &sectors)
}

/// VBA's container, of literals alone.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![1];
    for chunk in bytes.chunks(3_200) {
        let body: Vec<u8> = chunk.chunks(8).flat_map(|c| [&[0], c].concat()).collect();
        out.extend((0xB000 | (body.len() as u16 - 1)).to_le_bytes());
        out.extend(body);
    }
    out
}

/// Pages, lengths, tables and object streams that name themselves.
pub fn cyclic_pdf() -> Vec<u8> {
    b"%PDF-1.7
1 0 obj <</Type/Catalog/Pages 2 0 R/Names 1 0 R/AcroForm 1 0 R/Outlines 1 0 R/OpenAction 6 0 R>> endobj
2 0 obj <</Type/Pages/Kids[2 0 R 3 0 R 2 0 R]/Parent 3 0 R/Count 99999999/Resources 2 0 R>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/Kids[3 0 R]/Contents[3 0 R 4 0 R]/Annots 3 0 R/Resources<</XObject<</X 4 0 R>>>>>> endobj
4 0 obj <</Type/XObject/Subtype/Form/Length 4 0 R/Resources<</XObject<</X 4 0 R>>>>>> stream
/X Do /X Do
endstream endobj
5 0 obj <</Type/ObjStm/N 99999/First 8/Extends 5 0 R/Length 5 0 R/Filter[/FlateDecode/FlateDecode 5 0 R]>> stream
5 0 6 0 7 0
endstream endobj
6 0 obj <</S/JavaScript/JS 6 0 R/Next 6 0 R>> endobj
7 0 obj 7 0 R endobj
8 0 obj 9 0 R endobj
9 0 obj 8 0 R endobj
xref
0 1
trailer <</Root 1 0 R/Prev 0/Size 8 0 R/XRefStm 9/Encrypt 8 0 R>>
startxref
9
%%EOF"
    .to_vec()
}

/// A picture of this size, in black.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1A\n".to_vec();
    let mut chunk = |kind: &[u8], data: &[u8]| {
        out.extend((data.len() as u32).to_be_bytes());
        let body = [kind, data].concat();
        let mut crc = flate2::Crc::new();
        crc.update(&body);
        out.extend(body);
        out.extend(crc.sum().to_be_bytes());
    };
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([8, 2, 0, 0, 0]);
    chunk(b"IHDR", &head);
    let mut data = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let rows = height.min(5_000);
    for _ in 0..rows {
        std::io::Write::write_all(&mut data, &vec![0; 1 + 3 * width as usize]).unwrap();
    }
    chunk(b"IDAT", &data.finish().unwrap());
    chunk(b"IEND", &[]);
    out
}

/// A worksheet stream of numbers; `kind` 0x10 is a worksheet, 0x40 a macro sheet.
pub fn dense_sheet(cells: u32, kind: u16) -> Vec<u8> {
    let mut out = Vec::new();
    let mut record = |id: u16, data: &[u8]| {
        out.extend(id.to_le_bytes());
        out.extend((data.len() as u16).to_le_bytes());
        out.extend(data);
    };
    let mut bof = [0x0600_u16, kind, 0, 0].map(u16::to_le_bytes).concat();
    bof.resize(16, 0);
    record(0x0809, &bof);
    for n in 0..cells {
        let mut data = ((n / 250) as u16).to_le_bytes().to_vec();
        data.extend(((n % 250) as u16).to_le_bytes());
        data.extend([0, 0]);
        data.extend(f64::from(n).to_le_bytes());
        record(0x0203, &data);
    }
    record(0x000A, &[]);
    out
}

/// The parts of a workbook of one sheet.
pub fn workbook_parts(sheet: &str) -> [(&'static str, &[u8]); 5] {
    [
        ("[Content_Types].xml", b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Override PartName='/xl/workbook.xml' ContentType='application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml'/></Types>"),
        ("_rels/.rels", b"<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='r1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument' Target='xl/workbook.xml'/></Relationships>"),
        ("xl/workbook.xml", b"<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'><sheets><sheet name='A' sheetId='1' r:id='r1'/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", b"<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='r1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet' Target='worksheets/sheet1.xml'/></Relationships>"),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ]
}
