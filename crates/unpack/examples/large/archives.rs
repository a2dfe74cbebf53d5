//! Archives: many members, one member, members in members, and each packer.

use std::io::Write as _;

use zip::{AesMode, CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{Case, SIZE, case, filled, made, noise, words};

pub fn cases() -> Vec<Case> {
    use CompressionMethod as M;
    let macros = || made::vba_project("Sub AutoOpen()\r\nDo\r\nx = x & Chr(65)\r\nLoop\r\nEnd Sub\r\n");
    vec![
        case("one.zip", "one member, stored", || zipped(&[("a.bin", noise(SIZE))], M::Stored)),
        case("text.zip", "one text, deflated", || zipped(&[("a.txt", words(SIZE * 3 / 2))], M::Deflated)),
        case("bzip2.zip", "one text, bzip2", || zipped(&[("a.txt", words(SIZE * 3 / 2))], M::Bzip2)),
        case("xz.zip", "one text, xz", || zipped(&[("a.txt", words(SIZE / 3))], M::Xz)),
        case("empty.zip", "empty members", || many(240_000, Vec::new())),
        case("small.zip", "members of 60 bytes", || {
            many(130_000, b"var a = 'https://a.example/1'; eval(a + unescape('%41'))".to_vec())
        }),
        case("files.zip", "members of 64 kB", || many(380, noise(65_000))),
        case("macros.zip", "endless macros", move || many(2_400, macros())),
        case("scripts.zip", "endless scripts of 60 kB", || {
            many(400, filled("while(1){a=1}", "var a#='x'+String.fromCharCode(#%90);", "", 60_000))
        }),
        case("zips.zip", "zips in zips in zips", || {
            let inner = many(60, zipped(&[("a.txt", words(700))], M::Deflated));
            many(380, inner)
        }),
        case("crypt.zip", "encrypted members, many passwords", || {
            let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
            for n in 0..500 {
                let options = SimpleFileOptions::default()
                    .compression_method(M::Stored)
                    .with_aes_encryption(AesMode::Aes256, "none of them");
                writer.start_file(format!("{n}.txt"), options).unwrap();
                writer.write_all(&noise(50_000)).unwrap();
            }
            writer.finish().unwrap().into_inner()
        }),
        case("twice.zip", "local headers that no directory names", || {
            zipped(&[("a.txt", b"a".to_vec())], M::Stored).repeat(SIZE / 110)
        }),
        case("one.gz", "noise", || gz(&noise(SIZE))),
        case("text.gz", "text", || gz(&words(SIZE * 3 / 2))),
        case("members.gz", "many members", || gz(b"hello").repeat(SIZE / 25)),
        case("files.tar.gz", "files of 512 bytes", || gz(&tar(70_000, &noise(512)))),
        case("files.tar", "empty files", || tar(48_000, b"")),
        case("text.tar.bz2", "text", || bz(&tar(1, &words(SIZE * 3 / 2)))),
        case("noise.bz2", "noise", || bz(&noise(SIZE))),
        case("text.tar.xz", "text", || xz(&tar(1, &words(SIZE / 9))).repeat(14)),
        case("noise.xz", "noise", || xz(&noise(SIZE / 9)).repeat(9)),
        case("text.lzma", "text", || {
            let options = lzma_rust2::LzmaOptions::with_preset(0);
            let mut writer = lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
            writer.write_all(&words(SIZE / 3)).unwrap();
            writer.finish().unwrap()
        }),
        case("text.tar.zst", "text", || zst(&tar(1, &words(SIZE * 3 / 2)))),
        case("noise.zst", "noise", || zst(&noise(SIZE))),
        case("copy.7z", "one file, stored", || seven(&noise(SIZE), &[0], &[], 1, SIZE)),
        case("text.7z", "one text, LZMA", || {
            let text = words(SIZE / 3);
            let (packed, props) = lzma(&text);
            seven(&packed, &[3, 1, 1], &props, 1, text.len())
        }),
        case("files.7z", "many files, LZMA", || {
            let text = words(SIZE / 3);
            let (packed, props) = lzma(&text);
            seven(&packed, &[3, 1, 1], &props, 50_000, text.len())
        }),
        case("one.cab", "one file, MSZIP", || cab(1, &words(SIZE * 3 / 2))),
        case("files.cab", "many files, MSZIP", || cab(3_000, &words(12_000))),
        case("one.rar", "one file, stored", || rar(1, &noise(SIZE))),
        case("files.rar", "many files, stored", || rar(400_000, b"MZ hello hello")),
    ]
}

pub fn zipped(members: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(method);
        let fast = matches!(method, CompressionMethod::Deflated | CompressionMethod::Bzip2);
        writer.start_file(*name, options.compression_level(fast.then_some(1))).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A zip of many copies, stored.
pub fn many(count: usize, bytes: Vec<u8>) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let extension = match bytes.as_slice() {
        [b'P', b'K', ..] => "zip",
        [0xD0, ..] => "doc",
        [b'v' | b'w', ..] => "js",
        _ => "txt",
    };
    for n in 0..count {
        writer.start_file(format!("{n}.{extension}"), options).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn bz(bytes: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0)).unwrap();
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn tar(count: usize, bytes: &[u8]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for n in 0..count {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        out.append_data(&mut header, format!("{n}.txt"), bytes).unwrap();
    }
    out.into_inner().unwrap()
}

fn lzma(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let options = lzma_rust2::LzmaOptions::with_preset(0);
    let mut writer = lzma_rust2::LzmaWriter::new_no_header(Vec::new(), &options, false).unwrap();
    let props = [&[writer.props()], options.dict_size.to_le_bytes().as_slice()].concat();
    writer.write_all(bytes).unwrap();
    (writer.finish().unwrap(), props)
}

/// A number as 7z writes it, always nine bytes long.
fn number(n: usize) -> Vec<u8> {
    [&[0xFF], (n as u64).to_le_bytes().as_slice()].concat()
}

/// A 7z of one folder with one coder.
fn seven(packed: &[u8], method: &[u8], props: &[u8], files: usize, unpacked: usize) -> Vec<u8> {
    let mut header = vec![1, 4, 6];
    header.extend([number(0), number(1)].concat());
    header.push(9);
    header.extend(number(packed.len()));
    header.extend([0, 7, 0x0B]);
    header.extend(number(1));
    header.push(0);
    header.extend(number(1));
    header.push(method.len() as u8 | if props.is_empty() { 0 } else { 0x20 });
    header.extend(method);
    if !props.is_empty() {
        header.extend(number(props.len()));
        header.extend(props);
    }
    header.push(0x0C);
    header.extend(number(unpacked));
    header.extend([0, 8, 0x0D]);
    header.extend(number(files));
    let each = unpacked / files;
    if files > 1 {
        header.push(9);
        for _ in 1..files {
            header.extend(number(each));
        }
    }
    header.extend([0, 0, 5]);
    header.extend(number(files));
    let names: Vec<u8> = (0..files)
        .flat_map(|n| format!("{n}.txt\0").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
        .collect();
    header.push(0x11);
    header.extend(number(names.len() + 1));
    header.push(0);
    header.extend(names);
    header.extend([0, 0]);
    let crc = |bytes: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum().to_le_bytes()
    };
    let start =
        [(packed.len() as u64).to_le_bytes().as_slice(), &(header.len() as u64).to_le_bytes(), &crc(&header)]
            .concat();
    [b"7z\xBC\xAF\x27\x1C\0\x04".as_slice(), &crc(&start), &start, packed, &header].concat()
}

fn cab(count: usize, bytes: &[u8]) -> Vec<u8> {
    let mut builder = cab::CabinetBuilder::new();
    let folder = builder.add_folder(cab::CompressionType::MsZip);
    for n in 0..count {
        folder.add_file(format!("{n}.txt"));
    }
    let mut writer = builder.build(std::io::Cursor::new(Vec::new())).unwrap();
    while let Some(mut file) = writer.next_file().unwrap() {
        file.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// RAR 4, nothing packed.
fn rar(count: usize, bytes: &[u8]) -> Vec<u8> {
    let sum = |bytes: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    };
    let content = sum(bytes);
    let mut out = b"Rar!\x1A\x07\0".to_vec();
    let mut block = |body: Vec<u8>, data: &[u8]| {
        out.extend((sum(&body) as u16).to_le_bytes());
        out.extend(body);
        out.extend(data);
    };
    block(vec![0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0], &[]);
    for n in 0..count {
        let name = format!("{n}.txt");
        let mut body = vec![0x74, 0, 0x80];
        body.extend((32 + name.len() as u16).to_le_bytes());
        body.extend((bytes.len() as u32).to_le_bytes());
        body.extend((bytes.len() as u32).to_le_bytes());
        body.push(2);
        body.extend(content.to_le_bytes());
        body.extend([0, 0, 0, 0x50, 29, 0x30]);
        body.extend((name.len() as u16).to_le_bytes());
        body.extend([0x20, 0, 0, 0]);
        body.extend(name.as_bytes());
        block(body, bytes);
    }
    block(vec![0x7B, 0, 0x40, 7, 0], &[]);
    out
}
