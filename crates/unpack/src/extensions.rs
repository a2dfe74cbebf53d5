//! What extensions mean: one table of what is behind them and who runs it, and the lists behind the findings about
//! names.

use crate::{Kind, kind::Family};

/// What happens when a file of this extension is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Program,
    Script,
    Shortcut,
    Installer,
    /// Runs when another program loads it.
    Library,
    /// A disk image.
    Image,
    /// Opened by a program that runs what is in it.
    Risky,
    /// An add-in, query or notebook of Office, which runs or loads what is in it.
    AddIn,
    Office,
    Page,
    Archive,
    Document,
    Picture,
    Media,
    Other,
}

/// Who runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// Windows, when it is opened, or the program that it belongs to: it runs what is in it, or what it names.
    Opened,
    /// A command or another program that names it, so that only what brings it along has a use for it.
    Named,
    /// A program that few have, or another system.
    Elsewhere,
    Never,
}

/// The first row that has an extension holds.
const TABLE: &[(Class, Runs, &str)] = &[
    (Class::Program, Runs::Opened, "exe scr com pif cpl"),
    (Class::Script, Runs::Opened, "js jse vbs vbe wsf wsh wsc sct hta bat cmd ps1 psm1 jar msc application"),
    (Class::Script, Runs::Named, "xsl"),
    (
        Class::Script,
        Runs::Elsewhere,
        "mjs vba psd1 ps1xml psc1 jnlp py pyw sh appref-ms gadget scptd scpt command",
    ),
    (Class::Shortcut, Runs::Opened, "lnk url website scf"),
    (Class::Shortcut, Runs::Elsewhere, "desktop"),
    (Class::Installer, Runs::Opened, "msi msp msix appx"),
    (Class::Installer, Runs::Elsewhere, "mst msixbundle appxbundle appinstaller apk dmg pkg deb rpm"),
    (Class::Library, Runs::Opened, "dll ocx xll wll"),
    (Class::Library, Runs::Named, "sys drv"),
    (Class::Library, Runs::Elsewhere, "ax"),
    (Class::Image, Runs::Opened, "iso img vhd"),
    (Class::Image, Runs::Elsewhere, "vhdx udf"),
    (Class::Risky, Runs::Opened, "chm reg inf library-ms search-ms settingcontent-ms"),
    (
        Class::Risky,
        Runs::Elsewhere,
        "hlp searchconnector-ms theme themepack diagcab rdp mde mdb accde ade adp chw contact job",
    ),
    (Class::AddIn, Runs::Opened, "one iqy slk ppam xlam"),
    (Class::AddIn, Runs::Elsewhere, "onepkg oqy rqy dqy xla ppa"),
    (
        Class::Office,
        Runs::Never,
        "doc docx docm dot dotx dotm xls xlsx xlsm xlsb xlt xltx xltm xlw ppt pptx pptm pps ppsx ppsm pot potx potm \
         rtf odt ods odp pub vsd vsdx vsdm csv",
    ),
    (Class::Page, Runs::Never, "html htm shtml xhtml xht mht mhtml svg xml"),
    (
        Class::Archive,
        Runs::Never,
        "zip rar 7z tar gz tgz bz2 tbz tbz2 xz txz lzma zst cab arj ace lzh lha z uue uu xxe zipx",
    ),
    (Class::Document, Runs::Never, "pdf txt eml msg xps ics vcf log md ps"),
    (Class::Picture, Runs::Never, "jpg jpeg jpe jfif png gif bmp tif tiff webp heic heif ico"),
    (Class::Media, Runs::Never, "wav mp3 mp4 m4a avi mov mpg mpeg ogg flac wma wmv mkv"),
    // No names that files have in mail; macros give them to what they bring.
    (Class::Other, Runs::Named, "der vb"),
];

fn row(extension: &str) -> (Class, Runs) {
    let row = TABLE.iter().find(|(.., list)| listed(list, extension));
    row.map_or((Class::Other, Runs::Never), |(class, runs, _)| (*class, *runs))
}

/// Whether the extension is in the list.
pub(crate) fn listed(list: &str, extension: &str) -> bool {
    list.split_ascii_whitespace().any(|e| e == extension)
}

/// What the extension means.
pub(crate) fn class(extension: &str) -> Class {
    row(extension).0
}

/// Opening it runs what is in it, or what it names.
pub(crate) fn runs(extension: &str) -> bool {
    row(extension).1 == Runs::Opened
}

/// Whether Windows' script hosts run it.
pub(crate) fn is_script(extension: &str) -> bool {
    row(extension) == (Class::Script, Runs::Opened) && !listed("jar msc application", extension)
}

/// A macro that writes or starts it has brought something that runs; Office's own files it may write for itself.
pub(crate) fn is_payload(extension: &str) -> bool {
    let (class, runs) = row(extension);
    matches!(runs, Runs::Opened | Runs::Named) && class != Class::AddIn
}

/// Rarely sent by honest people.
pub(crate) const RARE: &str = "shtml xhtml xht mht mhtml uue uu xxe z arj ace lzh lha";

/// Extensions under which a kind is sent by honest people. `None`: any.
pub(crate) fn allowed(kind: Kind) -> Option<&'static str> {
    use Kind as K;
    Some(match kind {
        K::Zip => {
            "zip zipx jar war ear apk xpi crx kmz epub cbz ipa nupkg vsix odt ods odp odg otf docx xlsx pptx pages \
             numbers key whl aar sketch xapk mcworld 3mf oxt msix appx msixbundle appxbundle thmx xps oxps dwfx air \
             exe ora usdz gz"
        }
        K::Jar => "jar war ear apk zip xpi aar exe",
        K::SevenZip => "7z exe cb7 001",
        K::Rar => "rar cbr exe r00 001 rev",
        K::Tar => "tar gem ova crate tgz gz bz2 xz unitypackage cbt",
        K::Gzip => "gz tgz gzip svgz emz wmz taz dia xml dmp adz",
        K::Bzip2 => "bz2 tbz tbz2 bz",
        K::Xz => "xz txz",
        K::Zstd => "zst tzst zstd",
        K::Cab => "cab msu diagcab wsp themepack onepkg xsn mslz inf",
        K::Iso => "iso img udf bin cdr mdf dmg toast",
        K::Fat | K::Vhd | K::Vhdx | K::Dmg => "img ima vhd vhdx dmg bin iso flp dsk vfd",
        K::Word => "doc dot wiz wbk",
        K::Excel => "xls xlt xla xlw xlm xlc",
        K::PowerPoint => "ppt pps pot ppa",
        K::Msg => "msg oft",
        K::Msi => "msi msp mst pcp",
        // Every package with content types looks like a document at first sight.
        K::Docx => {
            "docx docm dotx dotm zip xps oxps dwfx nupkg vsix msix msixbundle appx appxbundle 3mf vsdx vsdm thmx"
        }
        K::Ole => {
            "doc dot wiz wbk docx docm dotx dotm xls xlt xla xlw xlm xlc xlsx xlsm xlsb xltx xltm xlam ppt pps pot ppa \
             pptx pptm ppsx ppsm potx potm msg oft msi msp mst pcp vsd vss vst pub mpp one rtf"
        }
        K::Xlsx => "xlsx xlsm xltx xltm xlam",
        K::Xlsb => "xlsb xlsx",
        K::Pptx => "pptx pptm ppsx ppsm potx potm ppam sldx sldm thmx",
        K::Odf => "odt ods odp odg odf odb odc odi odm ott ots otp otg oth sxw sxc sxi sxd stw fodt",
        K::Visio => "vsdx vsdm vssx vssm vstx vstm",
        K::OleEncrypted => "docx docm dotx dotm xlsx xlsm xlsb xltx xltm xlam pptx pptm ppsx ppsm potx potm",
        K::Rtf => "rtf",
        K::Biff => "xls xlw xlm xlc xlt biff",
        K::Sylk => "slk sylk",
        K::Mhtml => "mht mhtml eml",
        K::OneNote => "one onetoc2 onepkg",
        K::Pdf => "pdf ai fdf pdfa",
        K::Lnk => "lnk",
        K::Png => "png apng",
        K::Jpeg => "jpg jpeg jpe jfif jif mpo thm",
        K::Gif => "gif",
        K::Exe => {
            "exe dll scr cpl ocx sys drv com pif ax xll wll mui efi tsp acm fon tlb node pyd winmd olb sfx rll ime"
        }
        K::Elf => "so elf bin run o ko axf appimage out",
        K::Chm => "chm",
        _ => return None,
    })
}

/// Kinds that honest programs send under a wrong name: told, no more.
pub(crate) fn sibling(kind: Kind, extension: &str) -> bool {
    use Kind as K;
    let is = |list: &str| list.split_ascii_whitespace().any(|e| e == extension);
    match kind {
        K::Html | K::Csv | K::Xml | K::Text | K::SpreadsheetXml => is("xls xlsx doc"),
        K::Rtf => is("doc docx dot"),
        K::Mhtml => is("doc xls htm html"),
        K::Word | K::Docx | K::WordXml => is("doc docx docm dot dotx dotm rtf"),
        K::Excel | K::Xlsx | K::Xlsb => is("xls xlsx xlsm xlsb xlt"),
        K::PowerPoint | K::Pptx => is("ppt pptx pps ppsx"),
        K::Png | K::Jpeg | K::Gif | K::Bmp | K::Webp | K::Tiff | K::Heif => {
            class(extension) == Class::Picture
        }
        _ => false,
    }
}

/// Families as media types name them; `None` says nothing about the content.
pub(crate) fn declared_family(media_type: &str) -> Option<&'static str> {
    let (main, sub) = media_type.split_once('/')?;
    match main {
        "image" => Some("image"),
        "audio" => Some("audio"),
        "video" => Some("video"),
        "text" => Some("text"),
        "application" => match sub {
            "pdf" => Some("pdf"),
            "zip" | "x-zip-compressed" => Some("zip"),
            "msword" | "rtf" => Some("office"),
            _ if sub.starts_with("vnd.ms-") || sub.starts_with("vnd.openxmlformats") => Some("office"),
            _ => None,
        },
        _ => None,
    }
}

/// Whether content of this kind may be declared so.
pub(crate) fn fits(kind: Kind, declared: &str) -> bool {
    use Kind as K;
    let family = kind.family();
    match declared {
        "image" => family == Family::Image || kind == K::Svg || kind == K::Pdf,
        "audio" => matches!(family, Family::Media),
        "video" => matches!(family, Family::Media | Family::Image),
        // Text is what programs declare that do not know.
        "text" => {
            matches!(family, Family::Text | Family::Page | Family::Script | Family::Mail | Family::Shortcut)
                || matches!(kind, K::Rtf | K::Sylk | K::SpreadsheetXml | K::WordXml | K::FlatOpc | K::Tnef)
        }
        "pdf" => kind == K::Pdf,
        "zip" => matches!(family, Family::Archive | Family::Office),
        "office" => {
            matches!(family, Family::Office | Family::Text | Family::Page | Family::Mail)
                || matches!(kind, K::Zip)
        }
        _ => true,
    }
}
