//! Which analyser reads which kind; one line a format.

use bytes::Bytes;

use crate::{
    Derived, File, Finding, Hints, Id, Kind, Place, archive, calendar, entities, html, image, lnk, mail,
    office, ole, onenote, pdf,
    scan::{Scan, TextKind},
    script, shortcut, xlm,
};

/// A finding about the file as a whole.
pub(crate) fn whole(id: Id, evidence: &str) -> Finding {
    Finding {
        id,
        severity: id.severity(),
        location: Place::WHOLE,
        evidence: evidence.to_owned(),
        derived: Derived::Static,
    }
}

/// What the name says, and how it fits the content.
pub(crate) fn names(scan: &mut Scan<'_>, listed_only: bool) {
    archive::name::check(scan, listed_only);
}

/// What the content says.
pub(crate) fn content(bytes: &Bytes, scan: &mut Scan<'_>) {
    use Kind as K;
    archive::shape::check(bytes, scan);
    if matches!(
        scan.about.kind,
        K::Html | K::Svg | K::Hta | K::Xml | K::WordXml | K::FlatOpc | K::SpreadsheetXml
    ) {
        entities::check(bytes, Place::WHOLE, scan);
    }
    match scan.about.kind {
        K::Zip | K::Jar => archive::zip::analyse(bytes, scan),
        K::Docx | K::Xlsx | K::Xlsb | K::Pptx | K::Visio => office::ooxml::analyse(bytes, scan),
        K::Odf => office::odf::analyse(bytes, scan),
        K::WordXml | K::FlatOpc | K::SpreadsheetXml => office::flat::analyse(bytes, scan),
        K::Csv => office::csv::analyse(bytes, scan),
        K::Rtf => office::rtf::analyse(bytes, scan),
        K::SevenZip => archive::packed::seven(bytes, scan),
        K::Rar => archive::packed::rar(bytes, scan),
        K::Tar => archive::packed::tar(bytes, scan),
        K::Cab => archive::packed::cab(bytes, scan),
        K::Gzip | K::Bzip2 | K::Xz | K::Lzma | K::Zstd => archive::packed::stream(bytes, scan),
        K::Iso | K::Fat | K::Vhd | K::Vhdx => archive::disk::analyse(bytes, scan),
        K::Compress | K::Arj | K::Ace | K::Lzh => archive::packed::named_only(bytes, scan),
        K::Ole => ole::analyse(bytes, scan),
        K::Biff => xlm::analyse_bare(bytes, scan),
        K::Sylk => xlm::analyse_sylk(bytes, scan),
        K::Html | K::Svg | K::Hta => html::analyse(bytes, scan),
        K::Lnk => lnk::analyse(bytes, scan),
        K::UrlFile | K::Iqy | K::LibraryMs => shortcut::analyse(bytes, scan),
        K::OneNote => onenote::analyse(bytes, scan),
        K::Png | K::Jpeg | K::Gif | K::Bmp | K::Webp | K::Tiff | K::Heif => image::analyse(bytes, scan),
        K::JavaScript | K::VbScript | K::PowerShell | K::Batch | K::Wsf | K::EncodedScript => {
            script::analyse(bytes, scan);
        }
        K::Pdf => pdf::analyse(bytes, scan),
        K::Tnef => mail::tnef::analyse(bytes, scan),
        K::Mhtml => mail::mhtml::analyse(bytes, scan),
        K::ActiveMime => mail::mhtml::active_mime(bytes, scan),
        K::Ics | K::Vcf => calendar::analyse(bytes, scan),
        K::Eml => mail::eml::analyse(bytes, scan),
        K::Text | K::Xml => text(bytes, scan),
        _ => {}
    }
}

/// A text without a format of its own.
fn text(bytes: &Bytes, scan: &mut Scan<'_>) {
    scan.text(TextKind::Shown, sekisho_mail::charset::decode(bytes, None).text.into_owned(), "");
}

/// What files say about one another once all are known: a shortcut beside a library, a script alone in an archive.
pub(crate) fn relations(files: &mut [File], hints: &Hints) {
    archive::relations::check(files, hints);
}
