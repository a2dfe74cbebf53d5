//! VBA projects put together from streams: what is taken out of them, and what their shape says.

use bytes::Bytes;
use proptest::prelude::*;

use super::{ovba::compress, project};
use crate::{
    Budget, Hints, Kind, Relation,
    ole::cfb::{Cfb, tests::build},
    scan::{About, Scan},
};

/// A record of `dir`.
fn record(id: u16, data: &[u8]) -> Vec<u8> {
    let size = if id == 9 { 4 } else { data.len() as u32 };
    [&id.to_le_bytes()[..], &size.to_le_bytes(), data].concat()
}

fn directory(modules: &[(&str, u32, u16)]) -> Vec<u8> {
    let mut out = record(1, &3u32.to_le_bytes());
    out.extend(record(3, &1252u16.to_le_bytes()));
    out.extend(record(9, &[1, 0, 0, 0, 2, 0]));
    out.extend(record(0x0D, b"\x09\0\0\0*\\G{0}#2.\0\0\0\0\0\0"));
    out.extend(record(0x0F, &(modules.len() as u16).to_le_bytes()));
    for (name, offset, kind) in modules {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        out.extend(record(0x19, name.as_bytes()));
        out.extend(record(0x47, &wide));
        out.extend(record(0x1A, name.as_bytes()));
        out.extend(record(0x32, &wide));
        out.extend(record(0x31, &offset.to_le_bytes()));
        out.extend(record(*kind, &[]));
        out.extend(record(0x2B, &[]));
    }
    out.extend(record(0x10, &[]));
    compress(&out)
}

const SOURCE: &[u8] = b"Attribute VB_Name = \"Module1\"\r\nSub AutoOpen()\r\n  Shell \"calc\"\r\nEnd Sub\r\n";
const PROJECT: &[u8] = b"Module=Module1\r\nDPB=\"0E0CD1ECDFF4E7F5E7F5E7\"\r\n";

/// Compiled code of a module with these literals, as 64-bit Office writes it.
fn cache(literals: &[&str]) -> Vec<u8> {
    let mut out = vec![0; 64];
    for text in literals {
        out.extend([0xB9, 0, text.len() as u8, 0]);
        out.extend(text.as_bytes());
        out.resize(out.len().next_multiple_of(2), 0);
        out.extend([0x20, 0]);
    }
    out
}

fn module(cache: &[u8], source: &[u8]) -> Vec<u8> {
    [cache, &compress(source)].concat()
}

/// Modules, forms and findings.
fn check(streams: &[(&str, &[u8])]) -> String {
    look(&build(streams))
}

fn look(bytes: &[u8]) -> String {
    let hints = Hints::default();
    let mut budget = Budget::new(bytes.len() as u64);
    let about =
        About { name: String::new(), kind: Kind::Ole, declared: None, relation: Relation::Input, depth: 0 };
    let mut scan = Scan::new(about, &hints, &mut budget);
    let Some(cfb) = Cfb::open(&Bytes::copy_from_slice(bytes)) else { return "no file".to_owned() };
    let Some(found) = project::read(&cfb, &mut scan) else { return "nothing".to_owned() };
    let mut out = Vec::new();
    for m in &found.modules {
        let carved = if m.carved { " carved" } else { "" };
        out.push(format!("{:?} {} {} bytes{carved}", m.kind, m.name, m.source.len()));
    }
    out.extend(found.form_strings().map(|(name, text)| format!("{name} = {text}")));
    out.extend(found.pcode_literals.iter().map(|text| format!("literal {text}")));
    found.report(&mut scan);
    out.extend(scan.findings.iter().map(|f| format!("{} {}", f.id.name(), f.evidence)));
    out.join("\n")
}

#[test]
fn modules_by_the_directory() {
    let dir = directory(&[("Module1", 0, 0x21)]);
    let source = compress(SOURCE);
    let streams: [(&str, &[u8]); 3] =
        [("Macros/VBA/dir", &dir), ("Macros/VBA/Other", &source), ("Macros/PROJECT", PROJECT)];
    assert_eq!(
        check(&streams),
        "Unknown Module1 72 bytes carved\nVBA-MALFORMED the project's directory names modules that are not there"
    );
    let streams: [(&str, &[u8]); 3] = [
        ("_VBA_PROJECT_CUR/VBA/dir", &dir),
        ("_VBA_PROJECT_CUR/VBA/mOdUle1", &source),
        ("_VBA_PROJECT_CUR/PROJECT", PROJECT),
    ];
    assert_eq!(check(&streams), "Standard Module1 72 bytes");
}

#[test]
fn damaged_and_locked_projects() {
    let source = compress(SOURCE);
    assert_eq!(
        check(&[("VBA/Module1", &source), ("PROJECT", PROJECT)]),
        "Unknown Module1 72 bytes carved\nVBA-MALFORMED the project has no directory"
    );
    let hidden = [&[9; 5000][..], &source].concat();
    assert_eq!(
        check(&[("Data", &hidden)]),
        "Unknown Module1 72 bytes carved\nVBA-MALFORMED code without a project"
    );
    // An embedded copy whose macros were left out hides nothing.
    assert_eq!(check(&[("MBD01/VBA/dir", b""), ("MBD01/VBA/Sheet1", b"")]), "nothing");
    let dir = directory(&[("Module1", 0, 0x21)]);
    let locked = b"Module=Module1\r\nDPB=\"zz\"\r\n";
    assert_eq!(
        check(&[("VBA/dir", &dir), ("VBA/Module1", &source), ("PROJECT", locked)]),
        "Standard Module1 72 bytes\nVBA-LOCKED the project is protected against viewing"
    );
}

#[test]
fn stomped_source() {
    let run = |literals: &[&str], source: &[u8]| {
        let cache = cache(literals);
        let dir = directory(&[("Module1", cache.len() as u32, 0x21)]);
        check(&[("VBA/dir", &dir), ("VBA/Module1", &module(&cache, source)), ("PROJECT", PROJECT)])
    };
    assert_eq!(
        run(&["http://evil.example/a.exe", "Hello"], SOURCE),
        "Standard Module1 72 bytes\nliteral Hello\nliteral http://evil.example/a.exe\nVBA-STOMPED only in the compiled code: http://evil.example/a.exe"
    );
    // What the source says, or what says nothing, is no sign.
    let honest = b"Attribute VB_Name = \"Module1\"\r\nx = \"say \"\"C:\\a.exe\"\"\"\r\n";
    assert!(!run(&["say \"C:\\a.exe\"", "some words"], honest).contains("STOMPED"));
}

#[test]
fn strings_of_forms() {
    // A label with a caption and a text box, with name, tag and tip, as the forms designer writes them.
    let site = |name: &str, tag: &str, tip: &str, id: u8, size: u8, class: u8| {
        let mut body = 0b1000_1010_0111u32.to_le_bytes().to_vec();
        let count = |s: &str| (s.len() as u32 | 0x8000_0000).to_le_bytes();
        body.extend(count(name));
        body.extend(count(tag));
        body.extend([id, 0, 0, 0]);
        body.extend([size, 0, 0, 0]);
        body.extend([class, 0, 0, 0]);
        body.extend(count(tip));
        for text in [name, tag, tip] {
            body.extend(text.as_bytes());
            body.resize(body.len().next_multiple_of(4), 0);
        }
        [&[0, 0, body.len() as u8, 0][..], &body].concat()
    };
    let label = {
        let mut body = [&8u32.to_le_bytes()[..], &(0x8000_0005u32).to_le_bytes(), b"calc!"].concat();
        body.resize(body.len().next_multiple_of(4), 0);
        [&[0, 2, body.len() as u8, 0][..], &body].concat()
    };
    let text_box = {
        let wide: Vec<u8> = "héllo".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut body = [&(1u64 << 22).to_le_bytes()[..], &10u32.to_le_bytes(), &wide].concat();
        body.resize(body.len().next_multiple_of(4), 0);
        [&[0, 2, body.len() as u8, 0][..], &body].concat()
    };
    let mut f = vec![0, 4, 4, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1];
    f.extend(site("Label1", "mshta", "", 1, label.len() as u8, 21));
    f.extend(site("Box", "", "tip", 2, text_box.len() as u8, 23));
    let o = [label, text_box].concat();
    let frame = b"Begin {x} UserForm1\r\n   Caption         =   \"My \"\"form\"\"\"\r\nEnd\r\n";
    let streams: [(&str, &[u8]); 3] =
        [("UserForm1/f", &f), ("UserForm1/o", &o), ("UserForm1/\u{3}VBFrame", frame)];
    assert_eq!(
        check(&streams),
        "UserForm1.Caption = My \"form\"\nUserForm1.Label1.Caption = calc!\nUserForm1.Label1.Tag = mshta\nUserForm1.Box.Text = héllo\nUserForm1.Box.ControlTipText = tip"
    );
    // A broken form still gives its strings.
    assert_eq!(
        check(&[("F/f", b"\0\x04"), ("F/o", b"\x01\x02http://e.example\0ab\0")]),
        "F.?.Text = http://e.example"
    );
}

fn whole() -> Vec<u8> {
    let cache = cache(&["http://evil.example/a.exe"]);
    let dir = directory(&[("Module1", cache.len() as u32, 0x21), ("Form1", 0, 0x22)]);
    build(&[
        ("VBA/dir", &dir),
        ("VBA/Module1", &module(&cache, SOURCE)),
        ("VBA/Form1", &compress(SOURCE)),
        ("PROJECT", PROJECT),
        ("Form1/f", &[0, 4, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4, 0, 0, 0, 0, 0]),
        ("Form1/o", &[0, 2, 4, 0, 0, 0, 0, 0]),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_change_is_read(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30)) {
        let mut bytes = whole();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        look(&bytes);
    }
}
