//! What a file is, by its bytes; names only decide what the bytes leave open.

use serde::{Serialize, Serializer};

macro_rules! kinds {
    ($first:ident $first_name:literal $first_family:ident, $($variant:ident $name:literal $family:ident,)*) => {
        /// What a file is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum Kind {
            #[default]
            $first,
            $($variant,)*
        }

        impl Kind {
            /// Usual extension, or the name where there is none.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { Kind::$first => $first_name, $(Kind::$variant => $name,)* }
            }

            /// What it is used for.
            #[must_use]
            pub fn family(self) -> Family {
                match self { Kind::$first => Family::$first_family, $(Kind::$variant => Family::$family,)* }
            }
        }
    };
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What kinds are used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Family {
    Other,
    Text,
    Archive,
    DiskImage,
    Office,
    Mail,
    Program,
    Page,
    Script,
    Shortcut,
    Document,
    Image,
    Media,
}

kinds! {
    Empty "empty" Other,
    Unknown "unknown" Other,
    Text "txt" Text,
    Zip "zip" Archive,
    Jar "jar" Archive,
    SevenZip "7z" Archive,
    Rar "rar" Archive,
    Tar "tar" Archive,
    Gzip "gz" Archive,
    Bzip2 "bz2" Archive,
    Xz "xz" Archive,
    Lzma "lzma" Archive,
    Zstd "zst" Archive,
    Compress "Z" Archive,
    Cab "cab" Archive,
    Arj "arj" Archive,
    Ace "ace" Archive,
    Lzh "lzh" Archive,
    Iso "iso" DiskImage,
    Fat "img" DiskImage,
    Vhd "vhd" DiskImage,
    Vhdx "vhdx" DiskImage,
    Dmg "dmg" DiskImage,
    Word "doc" Office,
    Excel "xls" Office,
    PowerPoint "ppt" Office,
    OleEncrypted "ooxml-encrypted" Office,
    Msg "msg" Mail,
    Msi "msi" Program,
    Ole "ole" Office,
    Docx "docx" Office,
    Xlsx "xlsx" Office,
    Xlsb "xlsb" Office,
    Pptx "pptx" Office,
    Visio "vsdx" Office,
    Odf "odf" Office,
    WordXml "word-xml" Office,
    FlatOpc "flat-opc" Office,
    SpreadsheetXml "spreadsheet-xml" Office,
    Biff "biff" Office,
    Sylk "slk" Office,
    Rtf "rtf" Office,
    Mhtml "mht" Page,
    ActiveMime "activemime" Office,
    Csv "csv" Text,
    Html "html" Page,
    Svg "svg" Page,
    Xml "xml" Text,
    Hta "hta" Script,
    JavaScript "js" Script,
    VbScript "vbs" Script,
    PowerShell "ps1" Script,
    Batch "bat" Script,
    Wsf "wsf" Script,
    EncodedScript "jse" Script,
    Lnk "lnk" Shortcut,
    UrlFile "url" Shortcut,
    Iqy "iqy" Shortcut,
    LibraryMs "library-ms" Shortcut,
    OneNote "one" Office,
    Pdf "pdf" Document,
    Eml "eml" Mail,
    Tnef "tnef" Mail,
    Ics "ics" Text,
    Vcf "vcf" Text,
    Png "png" Image,
    Jpeg "jpg" Image,
    Gif "gif" Image,
    Bmp "bmp" Image,
    Webp "webp" Image,
    Tiff "tif" Image,
    Heif "heif" Image,
    Ico "ico" Image,
    Audio "audio" Media,
    Video "video" Media,
    Font "font" Media,
    Exe "exe" Program,
    Elf "elf" Program,
    MachO "macho" Program,
    Chm "chm" Program,
    Wasm "wasm" Program,
}

/// Extension of a name, lower case, without the dot; empty when there is none.
pub(crate) fn extension(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    match last.rsplit_once('.') {
        Some((_, extension)) if extension.chars().count() <= 16 => extension.trim().to_lowercase(),
        _ => String::new(),
    }
}
