//! What a file's format says about it, for rules (`file.explode` and its kin) and for people.

use serde::Serialize;

/// Facts by format; what the file is not stays empty.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Facts {
    /// Archives of every kind.
    pub archive: Option<Archive>,
    /// HTML, SVG and XHTML.
    pub html: Option<Html>,
    /// Scripts, alone or in a page.
    pub script: Option<Script>,
    /// Shell links.
    pub shortcut: Option<Shortcut>,
    /// PDF.
    pub pdf: Option<Pdf>,
    /// Office documents, old and new.
    pub office: Option<Office>,
    /// VBA projects.
    pub vba: Option<Vba>,
    /// Calendars.
    pub calendar: Option<Calendar>,
    /// Pictures.
    pub image: Option<Image>,
    /// XML and SVG.
    pub xml: Option<Xml>,
    /// Metadata as key and value, in the names that ExifTool uses.
    pub metadata: Vec<(String, String)>,
    /// The text that a person would read in it.
    pub text: Option<String>,
    /// The password that opened it (never serialised).
    #[serde(skip)]
    pub password: Option<crate::Secret>,
}

/// An archive or disk image.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Archive {
    /// `zip`, `rar`, `7z`, …
    pub format: String,
    /// Paths of all members, as stored.
    pub paths: Vec<String>,
    /// Members that were opened.
    pub extracted: u64,
    /// Members there are.
    pub total: u64,
    /// Some member is encrypted.
    pub encrypted: bool,
    /// Operating system of the writer, when stored (RAR).
    pub host_os: Option<String>,
    /// The comment, when there is one.
    pub comment: Option<String>,
}

/// A page.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Html {
    /// Title.
    pub title: Option<String>,
    /// Targets of links.
    pub hyperlinks: Vec<String>,
    /// Inline scripts: language, type, text.
    pub scripts: Vec<(Option<String>, Option<String>, String)>,
}

/// A script's words.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Script {
    /// `javascript`, `vbscript`, `powershell`, `batch`.
    pub language: String,
    /// Names, each once.
    pub identifiers: Vec<String>,
    /// String literals, each once, unescaped.
    pub strings: Vec<String>,
    /// Keywords, each once.
    pub keywords: Vec<String>,
    /// Regular expressions, each once.
    pub regular_expressions: Vec<String>,
    /// There are more of some than are listed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// A shell link.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Shortcut {
    /// The target as it resolves.
    pub target: Option<String>,
    /// Arguments.
    pub arguments: Option<String>,
    /// Relative path.
    pub relative_path: Option<String>,
    /// Working folder.
    pub working_dir: Option<String>,
    /// Where its icon comes from.
    pub icon: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Name of the machine that made it.
    pub machine_id: Option<String>,
    /// Its network card.
    pub mac: Option<String>,
    /// Serial number of the drive, hexadecimal.
    pub drive_serial_number: Option<String>,
    /// `fixed`, `removable`, …
    pub drive_type: Option<String>,
    /// Label of the drive.
    pub volume_label: Option<String>,
    /// 1 normal, 3 maximised, 7 minimised.
    pub show_command: u32,
}

/// A PDF.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Pdf {
    /// Targets of links and actions.
    pub urls: Vec<String>,
    /// Pages.
    pub pages: u32,
    /// `type|type|…` of the objects in file order; empty from 200 objects on.
    pub object_types: String,
    /// Version.
    pub version: String,
    /// It is encrypted.
    pub encrypted: bool,
}

/// An Office document.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Office {
    /// `word`, `excel`, `powerpoint`.
    pub application: String,
    /// It is encrypted.
    pub encrypted: bool,
    /// Relations to the outside: relation type (last part), target.
    pub relationships: Vec<(String, String)>,
    /// Author.
    pub author: Option<String>,
    /// Who saved it last.
    pub last_modified_by: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Subject.
    pub subject: Option<String>,
    /// Keywords.
    pub keywords: Option<String>,
    /// Comments.
    pub comments: Option<String>,
    /// Category.
    pub category: Option<String>,
    /// When it was made, seconds since the epoch.
    pub created: Option<i64>,
    /// When it was saved, seconds since the epoch.
    pub modified: Option<i64>,
    /// Revision.
    pub revision: Option<i64>,
    /// Pictures in it.
    pub images: u32,
    /// Words in it.
    pub words: u32,
    /// Slides.
    pub slides: u32,
    /// Font colours, `RRGGBB`.
    pub font_colors: Vec<String>,
    /// Flash objects.
    pub flash_objects: u32,
    /// It has an ObjectPool.
    pub object_pool: bool,
    /// Excel 4 macro sheets: name and state.
    pub macro_sheets: Vec<(String, String)>,
    /// Names and cells of a workbook with macro sheets, formulas as text; the beginning of it.
    pub macro_listing: Option<String>,
    /// What emulation saw: sheet, cell, what was done.
    pub events: Vec<(String, String, String)>,
}

/// A VBA project.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Vba {
    /// Modules: stream, name, source.
    pub modules: Vec<(String, String, String)>,
    /// Procedures that run by themselves.
    pub autoexec: Vec<String>,
    /// Suspicious words: word and what it does.
    pub suspicious: Vec<(String, String)>,
    /// Addresses and file names in the source and in what it decodes to.
    pub indicators: Vec<String>,
    /// Strings that were decoded: how and to what.
    pub decoded: Vec<(String, String)>,
    /// Strings of forms.
    pub form_strings: Vec<String>,
}

/// A calendar (RFC 5545).
#[derive(Debug, Default, Clone, Serialize)]
pub struct Calendar {
    /// PRODID.
    pub product_id: Option<String>,
    /// METHOD.
    pub method: Option<String>,
    /// VERSION.
    pub version: Option<String>,
    /// CALSCALE.
    pub scale: Option<String>,
    /// Components in order.
    pub components: Vec<Component>,
}

/// A component of a calendar.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Component {
    /// `VEVENT`, `VTODO`, …
    pub name: String,
    /// All properties as written, unfolded: name and value.
    pub properties: Vec<(String, String)>,
    /// URLs of all properties.
    pub urls: Vec<String>,
}

/// A picture.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Image {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What its QR codes say.
    pub qr: Vec<String>,
    /// Difference hash of nine by eight grey pixels, hexadecimal.
    pub dhash: Option<String>,
    /// Where the format ends, for JPEG and GIF.
    pub trailer_index: Option<u64>,
}

/// XML.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Xml {
    /// Names of elements, each once.
    pub tags: Vec<String>,
    /// Namespaces, each once.
    pub namespaces: Vec<String>,
    /// There are more of some, or longer ones, than are listed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Document type.
    pub doc_type: Option<String>,
    /// Version.
    pub version: Option<String>,
}
