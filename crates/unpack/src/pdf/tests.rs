//! PDF by its findings.

use std::io::Write as _;

use proptest::prelude::*;

use crate::{File, Hints, Input, Tree, qr_example, unpack};

fn tree(bytes: Vec<u8>) -> Tree {
    unpack(
        "",
        vec![Input { name: "a.pdf".to_owned(), declared: None, bytes: bytes.into() }],
        &Hints::default(),
    )
}

fn told(file: &File) -> String {
    let pdf =
        file.findings.iter().filter(|f| f.id.name().starts_with("PDF-") || f.id.name().starts_with("LURE-"));
    pdf.map(|f| format!("{:?} {}", f.severity, f.id.name())).collect::<Vec<_>>().join(", ")
}

/// A file of these objects, the first the catalogue.
fn file(objects: &[&str]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    for (at, object) in objects.iter().enumerate() {
        write!(out, "{} 0 obj\n{object}\nendobj\n", at + 1).unwrap();
    }
    out.extend_from_slice(b"trailer << /Root 1 0 R >>\n%%EOF");
    out
}

fn check(objects: &[&str]) -> String {
    told(&tree(file(objects)).files[0])
}

const PAGES: &str = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";

#[test]
fn a_link_over_the_page() {
    let page = |rect: &str, url: &str| {
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Annots [<< /Subtype /Link /Rect [{rect}] /A << /S /URI /URI ({url}) >> >>] >>"
        );
        check(&["<< /Type /Catalog /Pages 2 0 R >>", PAGES, &page])
    };
    assert_eq!(page("0 0 600 800", "https://a.test/x.zip"), "Info PDF-URI, High PDF-LURE-LINK");
    assert_eq!(page("0 0 600 800", "https://bit.ly/x"), "Info PDF-URI, High PDF-LURE-LINK");
    assert_eq!(page("0 0 600 800", "https://shop.test/"), "Info PDF-URI");
    assert_eq!(page("0 0 60 80", "https://a.test/x.zip"), "Info PDF-URI");
    assert_eq!(page("0 0 60 80", "\\\\\\\\203.0.113.7\\\\share"), "High PDF-REMOTE, Info PDF-URI");
    assert_eq!(page("0 0 60 80", "\\\\\\\\10.0.0.1\\\\share"), "Low PDF-REMOTE, Info PDF-URI");
}

#[test]
fn actions() {
    let open = |action: &str| {
        let root = format!("<< /Type /Catalog /Pages 2 0 R /OpenAction {action} >>");
        check(&[&root, PAGES, "<< /Type /Page >>"])
    };
    assert_eq!(open("[3 0 R /Fit]"), "");
    assert_eq!(open("<< /S /GoTo /D [3 0 R /Fit] >>"), "");
    assert_eq!(open("<< /S /JavaScript /JS (this.print();) >>"), "Medium PDF-JS, Low PDF-OPENACTION");
    assert_eq!(
        open("<< /S /JavaScript /JS (app.launchURL\\(\"http://a.test\"\\)) >>"),
        "Medium PDF-JS, Low PDF-OPENACTION, High PDF-JS"
    );
    // A form that leads to an office's page, when somebody presses a button.
    let pressed = "<< /Type /Page /Annots [<< /A << /S /JavaScript /JS (app.launchURL\\(\"http://a.test\"\\)) >> >>] >>";
    assert_eq!(check(&["<< /Type /Catalog /Pages 2 0 R >>", PAGES, pressed]), "Medium PDF-JS");
    assert_eq!(open("<< /S /Launch /F (notes/page2.pdf) >>"), "Low PDF-LAUNCH, Low PDF-OPENACTION");
    assert_eq!(open("<< /S /Launch /F (cmd.exe) >>"), "Critical PDF-LAUNCH, Low PDF-OPENACTION");
    assert_eq!(
        open("<< /S /Launch /Win << /F (a.pdf) /P (/c calc) >> >>"),
        "Critical PDF-LAUNCH, Low PDF-OPENACTION"
    );
    assert_eq!(
        open("<< /S /J#61vaScript /J#53 (1) >>"),
        "Medium PDF-OBF-NAME, Medium PDF-JS, Low PDF-OPENACTION"
    );
    assert_eq!(open("<< /S /GoToR /F (other.pdf) >>"), "Low PDF-OPENACTION");
}

#[test]
fn files_inside() {
    let with = |name: &str, data: &str| {
        let stream = format!("<< /Type /EmbeddedFile /Length {} >>\nstream\n{data}\nendstream", data.len());
        let spec = format!("<< /Type /Filespec /UF ({name}) /EF << /F 5 0 R >> >>");
        let tree =
            tree(file(&["<< /Type /Catalog /Pages 2 0 R >>", PAGES, "<< /Type /Page >>", &spec, &stream]));
        format!("{}: {}", told(&tree.files[0]), tree.files[1].name)
    };
    assert_eq!(with("invoice.xml", "<?xml version='1.0'?><a/>"), "Low PDF-EMBEDDED-FILE: invoice.xml");
    assert_eq!(with("run.js", "var a = 1"), "High PDF-EMBEDDED-FILE: run.js");
    assert_eq!(with("a.exe", "MZ"), "High PDF-EMBEDDED-FILE: a.exe");
    // Tagged files carry pages, portfolios carry archives.
    assert_eq!(with("formula.html", "<html><p>x"), "Medium PDF-EMBEDDED-FILE: formula.html");
    // The packets of a form are the form.
    let packet = "<< /Type /EmbeddedFile /Length 10 >>\nstream\n<html><p>x\nendstream";
    let form = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /XFA [(template) 4 0 R] >> >>";
    assert_eq!(check(&[form, PAGES, "<< /Type /Page >>", packet]), "Low PDF-XFA");
}

#[test]
fn text_is_read_through_fonts_and_filters() {
    let cmap = "1 beginbfrange <0001> <0003> <0041> endbfrange";
    let cmap = format!("<< /Length {} >>\nstream\n{cmap}\nendstream", cmap.len());
    let content = "q BT /F1 9 Tf 0 700 Td <000100020003> Tj 0 -20 Td [<0001> -300 <0002>] TJ ET Q";
    let hex: String = content.bytes().map(|b| format!("{b:02x}")).collect();
    let content = format!("<< /Length {} /Filter /AHx >>\nstream\n{hex}>\nendstream", hex.len() + 1);
    let tree = tree(file(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R 2 0 R] /Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Page /Contents 6 0 R >>",
        "<< /Type /Font /Subtype /Type0 /ToUnicode 5 0 R >>",
        &cmap,
        &content,
    ]));
    let facts = &tree.files[0].facts;
    assert_eq!(facts.text.as_deref().map(str::trim), Some("ABC\nAB"));
    let pdf = facts.pdf.as_ref().unwrap();
    assert_eq!((pdf.pages, pdf.object_types.as_str()), (1, "Catalog|Pages|Page|Font"));
}

#[test]
fn filters_undo_what_writers_do() {
    use super::{filter::decode, object::Dict};
    let one = |name: &str, data: &[u8]| decode(data, &[(name.to_owned(), Dict::default())], 1_000).0;
    assert_eq!(one("A85", b"87cURD]i,\"Ebo80~>"), b"Hello World!");
    assert_eq!(one("RL", b"\x02abc\xfed\x80zz"), b"abcddd");
    assert_eq!(one("AHx", b"48 65 6c6C 6f>"), b"Hello");
    // The example of ISO 32000-1, 7.4.4.2.
    assert_eq!(one("LZW", b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01"), [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
}

#[test]
fn twenty_megabytes_are_quick_and_cycles_end() {
    let mut big =
        file(&["<< /Type /Catalog /Pages 2 0 R >>", "<< /Kids [2 0 R 3 0 R] /Parent 2 0 R >>", "3 0 R"]);
    big.extend_from_slice(b"9 0 obj << /Length 20000000 >> stream\n");
    big.resize(big.len() + 20_000_000, b'o');
    big.extend_from_slice(b"\nendstream endobj");
    let start = std::time::Instant::now();
    tree(big);
    assert!(start.elapsed().as_secs() < 5);
    // Many streams without an end are not each looked for to the end of the file.
    let many: String = (0..20_000).map(|n| format!("{n} 0 obj << /Length 9 >> stream\nx endobj\n")).collect();
    tree(format!("%PDF-1.4\n{many}").into_bytes());
    assert!(start.elapsed().as_secs() < 20);
}

fn samples() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/files/pdf");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|p| std::fs::read(p).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_are_read(which in 0usize..4, edits in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..30),
        cut in any::<u16>()) {
        let all = samples();
        let mut bytes = all[which % all.len()].clone();
        for (at, byte) in edits {
            let at = at as usize % bytes.len();
            bytes[at] = byte;
        }
        let keep = bytes.len() - (cut as usize % (bytes.len() / 2));
        bytes.truncate(keep);
        tree(bytes);
    }
}

const SIDE: usize = qr_example::side(4) as usize;

fn dark(x: usize, y: usize) -> bool {
    qr_example::dark(x as u32, y as u32, 4)
}

/// A PDF with one picture of these samples, packed.
fn with_picture(dict: &str, samples: &[u8], more: &[&str]) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(samples).unwrap();
    let packed = packed.finish().unwrap();
    let mut out = file(&["<< /Type /Catalog /Pages 2 0 R >>", PAGES, "<< /Type /Page >>"]);
    for (n, object) in more.iter().enumerate() {
        write!(out, "\n{} 0 obj\n{object}\nendobj\n", n + 5).unwrap();
    }
    let head = format!(
        "\n4 0 obj\n<< /Subtype /Image /Width {SIDE} /Height {SIDE} /Filter /FlateDecode /Length {} {dict} >>\nstream\n",
        packed.len()
    );
    out.extend(head.as_bytes());
    out.extend(packed);
    out.extend(b"\nendstream\nendobj\n");
    out
}

fn codes(bytes: Vec<u8>) -> Vec<String> {
    let tree = tree(bytes);
    tree.files.iter().filter_map(|f| f.facts.image.as_ref()).flat_map(|i| i.qr.clone()).collect()
}

#[test]
fn codes_in_pictures_of_samples() {
    let pixels = || (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| dark(x, y)));
    let bits = |set: bool| -> Vec<u8> {
        let row = |y: usize| {
            let mut row = vec![0u8; SIDE.div_ceil(8)];
            (0..SIDE).filter(|x| dark(*x, y) == set).for_each(|x| row[x / 8] |= 0x80 >> (x % 8));
            row
        };
        (0..SIDE).flat_map(row).collect()
    };
    let grey: Vec<u8> = pixels().map(|d| if d { 20 } else { 240 }).collect();
    let rgb: Vec<u8> = pixels().flat_map(|d| if d { [10, 20, 90] } else { [250, 250, 230] }).collect();
    let index: Vec<u8> = pixels().map(u8::from).collect();
    let found = ["https://a.example/q"];
    assert_eq!(codes(with_picture("/ColorSpace /DeviceGray /BitsPerComponent 8", &grey, &[])), found);
    assert_eq!(codes(with_picture("/ColorSpace /DeviceRGB /BitsPerComponent 8", &rgb, &[])), found);
    let icc = "/ColorSpace [/ICCBased 5 0 R] /BitsPerComponent 8";
    assert_eq!(codes(with_picture(icc, &rgb, &["<< /N 3 >>"])), found);
    let palette = "/ColorSpace [/Indexed /DeviceRGB 1 <FFFFFF000000>] /BitsPerComponent";
    assert_eq!(codes(with_picture(&format!("{palette} 8"), &index, &[])), found);
    assert_eq!(codes(with_picture(&format!("{palette} 1"), &bits(true), &[])), found);
    assert_eq!(codes(with_picture("/ColorSpace /DeviceGray /BitsPerComponent 1", &bits(false), &[])), found);
    let decode = "/ColorSpace /DeviceGray /BitsPerComponent 1 /Decode [1 0]";
    assert_eq!(codes(with_picture(decode, &bits(true), &[])), found);
    assert_eq!(codes(with_picture("/ImageMask true", &bits(false), &[])), found);
    // With the predictor that packers of pictures use.
    let rows: Vec<u8> = grey.chunks(SIDE).flat_map(|row| [&[0][..], row].concat()).collect();
    let predicted = format!(
        "/ColorSpace /DeviceGray /BitsPerComponent 8 /DecodeParms << /Predictor 15 /Columns {SIDE} >>"
    );
    assert_eq!(codes(with_picture(&predicted, &rows, &[])), found);
    // No code, or no such colours.
    let none: [&str; 0] = [];
    assert_eq!(
        codes(with_picture("/ColorSpace /DeviceGray /BitsPerComponent 8", &vec![200; SIDE * SIDE], &[])),
        none
    );
    assert_eq!(codes(with_picture("/ColorSpace /Pattern /BitsPerComponent 8", &grey, &[])), none);
    assert_eq!(codes(with_picture("/ColorSpace [/Indexed [/Indexed 0 0 0] 1 <00>]", &grey, &[])), none);
    assert_eq!(codes(with_picture("/ColorSpace /DeviceRGB /BitsPerComponent 8", &grey[..99], &[])), none);
}

#[test]
fn codes_in_photographs() {
    let picture = image::GrayImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
        image::Luma([if dark(x as usize, y as usize) { 0 } else { 255 }])
    });
    let mut jpeg = Vec::new();
    picture.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).unwrap();
    let mut out = file(&["<< /Type /Catalog /Pages 2 0 R >>", PAGES, "<< /Type /Page >>"]);
    let dict =
        format!("/Subtype /Image /Width {SIDE} /Height {SIDE} /Filter [/DCTDecode] /Length {}", jpeg.len());
    out.extend(format!("\n4 0 obj\n<< {dict} >>\nstream\n").as_bytes());
    out.extend(jpeg);
    out.extend(b"\nendstream\nendobj\n");
    assert_eq!(codes(out), ["https://a.example/q"]);
}
