//! The findings that there are: one line each, with the severity that it has unless the place says otherwise. The
//! reference is generated from this table; a rule page names each of them, or its family (`rules/attachment/`).

use serde::{Serialize, Serializer};

use crate::Severity;

macro_rules! ids {
    ($($variant:ident $name:literal $severity:ident $text:literal,)*) => {
        /// Which finding it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Id {
            $(#[doc = $text] $variant,)*
        }

        impl Id {
            /// All of them, in the order of the reference.
            pub const ALL: &'static [Id] = &[$(Id::$variant,)*];

            /// Name in rules, JSON and the reference: `XLM-DOWNLOAD`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Id::$variant => $name,)* }
            }

            /// How bad it is unless the place says otherwise.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Id::$variant => Severity::$severity,)* }
            }

            /// What it says, for a person.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Id::$variant => $text,)* }
            }
        }
    };
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

ids! {
    FmtExtMismatch "FMT-EXT-MISMATCH" Medium "the content is of a type that the name's extension does not allow",
    FmtTypeMismatch "FMT-TYPE-MISMATCH" Medium "the declared main type of an Office file contradicts its parts",
    FmtMimeMismatch "FMT-MIME-MISMATCH" Low "the declared media type is of another family than the content",
    FmtDoubleExt "FMT-DOUBLE-EXT" Medium "an active extension stands behind that of a document",
    FmtRtlo "FMT-RTLO" High "the name turns its reading direction to show another extension",
    FmtPaddedName "FMT-PADDED-NAME" High "blanks or dots push the extension out of sight",
    FmtDangerousExt "FMT-DANGEROUS-EXT" High "the extension is of a kind that runs when it is opened",
    FmtRareExt "FMT-RARE-EXT" Low "the extension is rarely sent by honest people",
    FmtPolyglot "FMT-POLYGLOT" High "the file is valid as two types at once",
    FmtOverlay "FMT-OVERLAY" Low "data follows the end of the file's own format",
    FmtInflated "FMT-INFLATED" Medium "the file is padded to be too large for scanners",
    ZipAnomaly "ZIP-ANOMALY" Medium "the archive contradicts itself",
    ArcEncrypted "ARC-ENCRYPTED" Medium "members are encrypted",
    ArcPwInBody "ARC-PW-IN-BODY" High "the message itself gives the password that opens it",
    ArcSingleOffice "ARC-SINGLE-OFFICE" Low "the only member is an Office file that can carry macros",
    ArcSingleScript "ARC-SINGLE-SCRIPT" High "the only member is a script or shortcut",
    ArcExec "ARC-EXEC" High "a member is a program",
    ArcDepth "ARC-DEPTH" Medium "archives are nested deeper than is opened",
    ArcBombRatio "ARC-BOMB-RATIO" High "it unpacks to far more than its size",
    ArcOverlap "ARC-OVERLAP" High "members share the same bytes",
    ScanIncomplete "SCAN-INCOMPLETE" Medium "a limit was reached; something was left out",
    IsoContainer "ISO-CONTAINER" Medium "a disk image, whose files lose the mark of the web",
    IsoLnkPlusDll "ISO-LNK-PLUS-DLL" Critical "a shortcut or script beside a library or program",
    IsoHiddenFile "ISO-HIDDEN-FILE" High "members carry the hidden attribute",
    IsoScript "ISO-SCRIPT" High "a script or shortcut in a disk image",
    OleAnomaly "OLE-ANOMALY" Low "the compound file contradicts itself",
    XlmSheet "XLM-SHEET" Low "an Excel 4 macro sheet",
    XlmSheetHidden "XLM-SHEET-HIDDEN" Medium "a hidden Excel 4 macro sheet",
    XlmSheetVeryhidden "XLM-SHEET-VERYHIDDEN" High "an Excel 4 macro sheet that Excel's menus do not list",
    XlmAutoexec "XLM-AUTOEXEC" Medium "an Excel 4 macro runs by itself",
    XlmNameObfusc "XLM-NAME-OBFUSC" High "the name of the entry point is disguised",
    XlmCallDll "XLM-CALL-DLL" High "an Excel 4 macro calls a function of a library",
    XlmRegister "XLM-REGISTER" High "an Excel 4 macro registers a function of a library",
    XlmDownload "XLM-DOWNLOAD" Critical "an Excel 4 macro downloads",
    XlmExec "XLM-EXEC" High "an Excel 4 macro starts a program",
    XlmLolbin "XLM-LOLBIN" High "an Excel 4 macro uses a system program to run code",
    XlmFilewrite "XLM-FILEWRITE" High "an Excel 4 macro writes a file",
    XlmSelfmod "XLM-SELFMOD" Medium "an Excel 4 macro writes cells that it then runs",
    XlmObfChar "XLM-OBF-CHAR" Medium "strings are put together from single characters",
    XlmObfFragment "XLM-OBF-FRAGMENT" High "strings are put together from fragments in cells",
    XlmObfLoop "XLM-OBF-LOOP" Medium "a loop decodes strings",
    XlmObfJumps "XLM-OBF-JUMPS" Medium "the macro jumps more than it works",
    XlmAntianalysis "XLM-ANTIANALYSIS" High "the macro stops when it is watched",
    XlmEnvkey "XLM-ENVKEY" High "the environment is the key of the decoding",
    XlmEmuLimit "XLM-EMU-LIMIT" Low "the emulation reached its limit",
    XlmEmuPartial "XLM-EMU-PARTIAL" Info "the emulation does not know every part",
    XlmMemory "XLM-MEMORY" Critical "an Excel 4 macro writes code to memory and runs it",
    VbaPresent "VBA-PRESENT" Info "VBA modules",
    VbaAutoexec "VBA-AUTOEXEC" Low "a VBA procedure runs by itself",
    VbaExec "VBA-EXEC" Medium "a VBA macro starts a program",
    VbaDownload "VBA-DOWNLOAD" High "a VBA macro downloads",
    VbaPowershell "VBA-POWERSHELL" High "a VBA macro uses PowerShell",
    VbaLolbin "VBA-LOLBIN" High "a VBA macro uses a system program to run code",
    VbaWmi "VBA-WMI" High "a VBA macro starts programs by WMI",
    VbaDeclareApi "VBA-DECLARE-API" Low "a VBA macro declares functions for memory or threads",
    VbaInject "VBA-INJECT" Critical "a VBA macro writes code to memory and runs it",
    VbaWrite "VBA-WRITE" Medium "a VBA macro writes a file that can run",
    VbaObfChr "VBA-OBF-CHR" Medium "strings are put together from character codes",
    VbaObfReverse "VBA-OBF-REVERSE" Medium "strings are stored backwards",
    VbaObfHex "VBA-OBF-HEX" Medium "strings are stored as hexadecimal digits",
    VbaObfBase64 "VBA-OBF-BASE64" Medium "strings are stored in base64",
    VbaObfXor "VBA-OBF-XOR" Medium "strings are stored under a key",
    VbaObfReplace "VBA-OBF-REPLACE" Medium "strings are stored with junk between",
    VbaObfSplit "VBA-OBF-SPLIT" Medium "strings are stored as lists of pieces",
    VbaHiddenPayload "VBA-HIDDEN-PAYLOAD" High "a property or shape holds what the macro runs",
    VbaFormStrings "VBA-FORM-STRINGS" High "a form holds what the macro runs",
    VbaBuildsXlm "VBA-BUILDS-XLM" High "a VBA macro builds an Excel 4 macro",
    VbaRunsXlm "VBA-RUNS-XLM" High "a VBA macro runs an Excel 4 macro",
    VbaStomped "VBA-STOMPED" High "the stored source is not what Office runs",
    VbaMalformed "VBA-MALFORMED" Medium "the VBA project is damaged in a way that hides it",
    VbaLocked "VBA-LOCKED" Low "the VBA project is locked against viewing",
    VbaPrivilege "VBA-PRIVILEGE" High "a VBA macro lowers security settings",
    VbaAntianalysis "VBA-ANTIANALYSIS" Medium "a VBA macro looks for a sandbox",
    VbaEmuLimit "VBA-EMU-LIMIT" Info "the evaluation of VBA reached its limit",
    OoxmlPartMismatch "OOXML-PART-MISMATCH" High "a VBA project stands under another name or type",
    DdeAuto "DDE-AUTO" High "a field starts a conversation with another program by itself",
    DdeField "DDE-FIELD" High "a field starts a conversation with another program",
    DdeCmd "DDE-CMD" Critical "a field runs a command",
    DdeObfQuote "DDE-OBF-QUOTE" High "a field's command is disguised by QUOTE",
    DdeLink "DDE-LINK" High "a workbook link to a program",
    DdeCsv "DDE-CSV" Medium "a cell of a table file starts a program",
    TplRemote "TPL-REMOTE" High "the template is loaded from elsewhere",
    OleLinkExt "OLE-LINK-EXT" High "an object is loaded from elsewhere",
    OleLinkMoniker "OLE-LINK-MONIKER" Critical "an object's link runs a handler",
    OoxmlExtFrame "OOXML-EXT-FRAME" High "a frame is loaded from elsewhere",
    OoxmlExtImage "OOXML-EXT-IMAGE" Low "a picture is loaded from elsewhere",
    UncLeak "UNC-LEAK" High "opening it sends the reader's password hash elsewhere",
    OoxmlCustomui "OOXML-CUSTOMUI" Medium "the ribbon runs a macro when it loads",
    OlePackageExec "OLE-PACKAGE-EXEC" Critical "a program, script or shortcut is embedded",
    OlePackage "OLE-PACKAGE" Info "a file is embedded",
    OleEquation "OLE-EQUATION" High "an equation object",
    OleClsidRisk "OLE-CLSID-RISK" Medium "an embedded class that was abused",
    Activex "ACTIVEX" Low "an ActiveX control",
    OleEncryptedDefault "OLE-ENCRYPTED-DEFAULT" Medium "encrypted with the password that Office tries by itself",
    OleEncrypted "OLE-ENCRYPTED" Low "an encrypted document",
    RtfObjEquation "RTF-OBJ-EQUATION" High "an equation object in RTF",
    RtfEqnOverlongFont "RTF-EQN-OVERLONG-FONT" Critical "an equation whose font name overflows",
    RtfObjOle2link "RTF-OBJ-OLE2LINK" High "a linked object in RTF",
    RtfObjPackage "RTF-OBJ-PACKAGE" High "a packaged file in RTF",
    RtfObjupdate "RTF-OBJUPDATE" Medium "the object loads without a click",
    RtfObfWhitespace "RTF-OBF-WHITESPACE" Medium "the object's digits are broken up",
    RtfObfControl "RTF-OBF-CONTROL" Medium "the object's digits are disguised by control words",
    RtfObfBin "RTF-OBF-BIN" Medium "the object's digits are disguised by raw bytes",
    RtfHeaderMalformed "RTF-HEADER-MALFORMED" Low "the header is cut to mislead scanners",
    RtfTemplateRemote "RTF-TEMPLATE-REMOTE" Critical "the template is loaded from elsewhere",
    RtfDde "RTF-DDE" High "a field in RTF starts a program",
    LnkLolbin "LNK-LOLBIN" High "a shortcut runs a system program",
    LnkDownload "LNK-DOWNLOAD" Critical "a shortcut downloads",
    LnkPaddedArgs "LNK-PADDED-ARGS" High "blanks push the arguments out of sight",
    LnkOverlay "LNK-OVERLAY" High "a shortcut with data behind its end",
    LnkEnvTarget "LNK-ENV-TARGET" Medium "the target hides behind a variable",
    LnkObfCmd "LNK-OBF-CMD" High "the command is disguised",
    LnkMinimized "LNK-MINIMIZED" Low "the window starts minimised",
    LnkIconMask "LNK-ICON-MASK" Medium "a system program under a document's icon",
    LnkArgMember "LNK-ARG-MEMBER" Critical "a shortcut that runs the file beside it",
    UrlfileRemoteExec "URLFILE-REMOTE-EXEC" High "a link file that opens something active from elsewhere",
    IqyRemote "IQY-REMOTE" High "a query that loads a table from elsewhere",
    ScriptAttachment "SCRIPT-ATTACHMENT" High "a script",
    ScriptActivex "SCRIPT-ACTIVEX" High "a script uses system objects",
    ScriptObf "SCRIPT-OBF" Medium "the script is disguised",
    HtmSmuggle "HTM-SMUGGLE" High "a page puts a file together in the browser",
    HtmSmuggleAutoclick "HTM-SMUGGLE-AUTOCLICK" High "the page saves that file without a click",
    HtmEmbedArchive "HTM-EMBED-ARCHIVE" High "an archive, program or document is hidden in the page",
    HtmObfUnescape "HTM-OBF-UNESCAPE" Medium "the page writes itself from escaped text",
    HtmObfHexesc "HTM-OBF-HEXESC" Medium "strings are hidden behind escapes",
    HtmObfEval "HTM-OBF-EVAL" Medium "the page runs decoded text",
    HtmObfJsfuck "HTM-OBF-JSFUCK" Medium "the script consists of brackets and signs",
    HtmObfAes "HTM-OBF-AES" Medium "the page decrypts itself",
    HtmRedirectObf "HTM-REDIRECT-OBF" High "the page leads elsewhere by a decoded address",
    HtmMetaRefresh "HTM-META-REFRESH" Medium "the page leads elsewhere by itself",
    HtmCredForm "HTM-CRED-FORM" High "a form sends a password elsewhere",
    HtmRcptEmbed "HTM-RCPT-EMBED" High "the recipient's address is built in",
    HtmBrandLure "HTM-BRAND-LURE" Medium "the page shows a known brand's words",
    HtmRemoteScript "HTM-REMOTE-SCRIPT" Medium "a script is loaded from elsewhere",
    LureVoicemail "LURE-VOICEMAIL" Medium "words of a voice message",
    LureFax "LURE-FAX" Medium "words of a fax",
    LureDocusign "LURE-DOCUSIGN" Medium "words of a signing service",
    LureText "LURE-TEXT" Medium "words that ask to switch protection off",
    LureImage "LURE-IMAGE" Medium "a picture is all there is to see",
    LureHiddenText "LURE-HIDDEN-TEXT" Low "text in the colour of its background",
    PdfUri "PDF-URI" Info "links",
    PdfLureLink "PDF-LURE-LINK" High "one link covers the page",
    PdfOpenaction "PDF-OPENACTION" Low "something happens when it is opened",
    PdfJs "PDF-JS" Medium "JavaScript",
    PdfLaunch "PDF-LAUNCH" Critical "a program is started",
    PdfEmbeddedFile "PDF-EMBEDDED-FILE" Medium "a file is embedded",
    PdfObfName "PDF-OBF-NAME" Medium "names are disguised",
    PdfSubmitform "PDF-SUBMITFORM" Medium "a form sends what is typed",
    PdfXfa "PDF-XFA" Low "an XFA form",
    PdfRemote "PDF-REMOTE" High "opens a document from elsewhere",
    PdfEncryptedEmptyPw "PDF-ENCRYPTED-EMPTY-PW" Info "encrypted without a password",
    OneEmbedScript "ONE-EMBED-SCRIPT" Critical "a script is embedded in a notebook",
    OneEmbedLnk "ONE-EMBED-LNK" Critical "a shortcut is embedded in a notebook",
    OneEmbedExec "ONE-EMBED-EXEC" Critical "a program is embedded in a notebook",
    OneLureButton "ONE-LURE-BUTTON" Medium "a button covers an embedded file",
    ImgQr "IMG-QR" Info "a QR code",
    PwInContent "PW-IN-CONTENT" Low "a file gives a password",
    IocUrl "IOC-URL" Info "a URL",
    IocDropPath "IOC-DROP-PATH" Info "a path that something is written to",
    IocCmd "IOC-CMD" Info "a command line",
    FamQbotXlm "FAM-QBOT-XLM" Info "built like Qbot's Excel 4 workbooks",
    FamQbotVbaXlm "FAM-QBOT-VBA-XLM" Info "built like Qbot's VBA that builds Excel 4 macros",
    FamQbot2022 "FAM-QBOT-2022" Info "built like Qbot's 2022 chains",
    FamIcedidXlm "FAM-ICEDID-XLM" Info "built like IcedID's workbooks",
    FamEmotet "FAM-EMOTET" Info "built like Emotet's documents",
    FamSquirrelwaffle "FAM-SQUIRRELWAFFLE" Info "built like Squirrelwaffle's documents",
    FamZloaderXlm "FAM-ZLOADER-XLM" Info "built like ZLoader's workbooks",
    FamNobeliumNativezone "FAM-NOBELIUM-NATIVEZONE" Info "built like Nobelium's images",
    FamHancitor "FAM-HANCITOR" Info "built like Hancitor's documents",
    FamDridex "FAM-DRIDEX" Info "built like Dridex' documents",
    FamGuloader "FAM-GULOADER" Info "built like GuLoader's documents",
}
