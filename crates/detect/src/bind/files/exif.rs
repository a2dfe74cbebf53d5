//! Metadata in the names of ExifTool: `scan.exiftool`, `beta.parse_exif`.

use sekisho_mql::value::{Arena, Outcome, Value};
use sekisho_unpack::{File, Kind, read::Package};

use super::{
    EvidenceHost, answer, flavor,
    made::{made, pairs},
    node::Node,
};

/// `Scan.ExifTool`.
pub(super) fn scan<'a>(node: &'a Node<'a>) -> Value<'a> {
    let Some(file) = node.file() else { return Value::Null };
    let fields = Fields::read(file, node.arena);
    let mut values = fields.common(node.arena);
    values.extend([
        ("command_line_arguments", fields.text("CommandLineArguments")),
        ("file_type", fields.text("FileType")),
        ("file_type_extension", fields.text("FileTypeExtension")),
        ("linearized", fields.text("Linearized")),
        ("local_base_path", fields.text("LocalBasePath")),
        ("pdf_version", fields.text("PDFVersion")),
        ("relative_path", fields.text("RelativePath")),
        ("run_window", fields.text("RunWindow")),
        ("target_file_dos_name", fields.text("TargetFileDOSName")),
        ("zip_compressed_size", fields.number("ZipCompressedSize")),
        ("zip_file_name", fields.text("ZipFileName")),
        ("zip_uncompressed_size", fields.number("ZipUncompressedSize")),
    ]);
    made(node.arena, "Scan.ExifTool", &values)
}

/// `beta.parse_exif(file)`.
pub(in crate::bind) fn parse_exif<'a>(
    host: &EvidenceHost<'a>,
    args: &[Value<'a>],
    arena: &'a Arena,
) -> Outcome<'a> {
    answer(host, args, arena, |subject| {
        let fields = Fields::read(subject.file, arena);
        let mut values = fields.common(arena);
        values.push(("author", fields.text("Author")));
        made(arena, "Exif", &values)
    })
}

/// Keys and values of a file.
struct Fields<'a>(&'a [(String, String)]);

impl<'a> Fields<'a> {
    fn read(file: &'a File, arena: &'a Arena) -> Fields<'a> {
        let mut all: Vec<(String, String)> = Vec::new();
        let mut add = |key: &str, value: String| {
            if !value.is_empty() {
                all.push((key.to_owned(), value));
            }
        };
        add("FileSize", file.size.to_string());
        if !matches!(file.kind, Kind::Unknown | Kind::Empty) {
            add("FileType", file.kind.name().to_uppercase());
            add("FileTypeExtension", file.kind.name().to_owned());
            add("MIMEType", flavor::mime(file.kind, &file.bytes).to_owned());
        }
        if let Some(image) = file.facts.image.as_ref().filter(|i| i.width > 0) {
            add("ImageWidth", image.width.to_string());
            add("ImageHeight", image.height.to_string());
            add("ImageSize", format!("{}x{}", image.width, image.height));
        }
        archive(file, &mut add);
        shortcut(file, &mut add);
        if let Some(html) = &file.facts.html {
            add("Title", html.title.clone().unwrap_or_default());
        }
        for (key, value) in &file.facts.metadata {
            add(key, value.clone());
        }
        Fields(arena.keep(all))
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    fn text(&self, key: &str) -> Value<'a> {
        Value::opt_str(self.get(key))
    }

    fn number(&self, key: &str) -> Value<'a> {
        self.get(key).and_then(|v| v.trim().parse().ok()).map_or(Value::Null, Value::Int)
    }

    /// What both shapes have.
    fn common(&self, arena: &'a Arena) -> Vec<(&'static str, Value<'a>)> {
        let pages = match self.number("PageCount") {
            Value::Null => self.number("Pages"),
            pages => pages,
        };
        vec![
            ("fields", pairs(arena, self.0.iter().map(|(k, v)| (k.as_str(), v.as_str())))),
            ("creator", self.text("Creator")),
            ("producer", self.text("Producer")),
            ("title", self.text("Title")),
            ("page_count", pages),
            ("image_height", self.number("ImageHeight")),
            ("image_width", self.number("ImageWidth")),
        ]
    }
}

/// The first member stands for the archive.
fn archive(file: &File, add: &mut impl FnMut(&str, String)) {
    match file.kind {
        Kind::Zip | Kind::Jar => {
            let package = Package::open(&file.bytes);
            if let Some(first) = package.members().next() {
                add("ZipFileName", first.name.to_owned());
                add("ZipUncompressedSize", first.size.to_string());
                add("ZipCompressedSize", first.packed.to_string());
            }
        }
        Kind::Rar | Kind::SevenZip | Kind::Gzip => {
            let first = file.facts.archive.as_ref().and_then(|a| a.paths.first());
            add("ArchivedFileName", first.cloned().unwrap_or_default());
        }
        _ => {}
    }
}

fn shortcut(file: &File, add: &mut impl FnMut(&str, String)) {
    let Some(link) = &file.facts.shortcut else { return };
    let window = match link.show_command {
        3 => "Show Maximized",
        7 => "Show Minimized No Activate",
        _ => "Normal",
    };
    add("RunWindow", window.to_owned());
    let target = link.target.as_deref().unwrap_or_default();
    add("TargetFileDOSName", target.rsplit('\\').next().unwrap_or_default().to_owned());
    for (key, value) in [
        ("LocalBasePath", &link.target),
        ("CommandLineArguments", &link.arguments),
        ("RelativePath", &link.relative_path),
        ("WorkingDirectory", &link.working_dir),
        ("IconFileName", &link.icon),
        ("Description", &link.description),
        ("MachineID", &link.machine_id),
        ("DriveType", &link.drive_type),
        ("DriveSerialNumber", &link.drive_serial_number),
        ("VolumeLabel", &link.volume_label),
    ] {
        add(key, value.clone().unwrap_or_default());
    }
}
