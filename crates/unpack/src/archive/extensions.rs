//! What extensions mean: the lists behind the findings about names.

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
    Office,
    Page,
    Archive,
    Document,
    Picture,
    Media,
    Other,
}

const CLASSES: &[(Class, &str)] = &[
    (Class::Program, "exe scr com pif cpl"),
    (
        Class::Script,
        "js jse mjs vbs vbe vba wsf wsh wsc sct hta bat cmd ps1 psm1 psd1 ps1xml psc1 xsl jar jnlp py pyw sh msc \
         application appref-ms gadget scptd scpt command",
    ),
    (Class::Shortcut, "lnk url website scf pif desktop"),
    (Class::Installer, "msi msp mst msix msixbundle appx appxbundle appinstaller apk dmg pkg deb rpm"),
    (Class::Library, "dll ocx xll wll sys drv ax cpl"),
    (Class::Image, "iso img vhd vhdx udf"),
    (
        Class::Risky,
        "one onepkg chm hlp reg inf library-ms search-ms searchconnector-ms settingcontent-ms theme themepack \
         diagcab iqy oqy rqy dqy slk ppam xlam xla ppa wll rdp mde mdb accde ade adp chw contact job",
    ),
    (
        Class::Office,
        "doc docx docm dot dotx dotm xls xlsx xlsm xlsb xlt xltx xltm xlw ppt pptx pptm pps ppsx ppsm pot potx potm \
         rtf odt ods odp pub vsd vsdx vsdm csv",
    ),
    (Class::Page, "html htm shtml xhtml xht mht mhtml svg xml"),
    (
        Class::Archive,
        "zip rar 7z tar gz tgz bz2 tbz tbz2 xz txz lzma zst cab arj ace lzh lha z uue uu xxe zipx",
    ),
    (Class::Document, "pdf txt eml msg xps ics vcf log md ps"),
    (Class::Picture, "jpg jpeg jpe jfif png gif bmp tif tiff webp heic heif ico"),
    (Class::Media, "wav mp3 mp4 m4a avi mov mpg mpeg ogg flac wma wmv mkv"),
];

/// What the extension means.
pub(crate) fn class(extension: &str) -> Class {
    let of = |(_, list): &&(Class, &str)| list.split_ascii_whitespace().any(|e| e == extension);
    CLASSES.iter().find(of).map_or(Class::Other, |(class, _)| *class)
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
