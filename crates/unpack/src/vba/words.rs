//! Words of macros that matter, each with what it does: one pass over the source, whole words only. They are facts for
//! rules and people; findings rest on what the evaluator saw, and on words only where it could see nothing.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::programs;

/// What a word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Does {
    Reads,
    Writes,
    Starts,
    Library,
    Memory,
    Loads,
    Program,
    Shell,
    Settings,
    Itself,
    Excel4,
    Watches,
    Sandbox,
    Hides,
    Stores,
    Keys,
}

impl Does {
    /// For people.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Does::Reads => "reads files",
            Does::Writes => "writes, copies or deletes files",
            Does::Starts => "may start a program",
            Does::Library => "calls functions of a library",
            Does::Memory => "may write code to memory and run it",
            Does::Loads => "may download",
            Does::Program => "a system program that can run other code",
            Does::Shell => "PowerShell",
            Does::Settings => "reads or writes settings",
            Does::Itself => "changes macros",
            Does::Excel4 => "makes or runs Excel 4 macros",
            Does::Watches => "looks at its surroundings",
            Does::Sandbox => "looks for a sandbox",
            Does::Hides => "may hide strings",
            Does::Stores => "reads strings that the document keeps elsewhere",
            Does::Keys => "presses keys or answers questions",
        }
    }
}

use Does as D;

/// The words beside the [`programs`]. Those with a dot or blank are looked for as they stand.
const WORDS: &[(&str, Does)] = &[
    ("For Binary", D::Reads),
    ("Open", D::Reads),
    ("OpenTextFile", D::Reads),
    ("LoadFromFile", D::Reads),
    ("For Output", D::Writes),
    ("For Append", D::Writes),
    ("For Random", D::Writes),
    ("Put", D::Writes),
    ("Print #", D::Writes),
    ("Write #", D::Writes),
    ("FileCopy", D::Writes),
    ("CopyFile", D::Writes),
    ("MoveFile", D::Writes),
    ("Kill", D::Writes),
    ("CreateTextFile", D::Writes),
    ("ADODB.Stream", D::Writes),
    ("WriteText", D::Writes),
    ("SaveToFile", D::Writes),
    ("SaveAs", D::Writes),
    ("MkDir", D::Writes),
    ("RmDir", D::Writes),
    ("SetAttr", D::Writes),
    ("DeleteFile", D::Writes),
    ("Scripting.FileSystemObject", D::Writes),
    ("Shell", D::Starts),
    ("WScript.Shell", D::Starts),
    ("ShellExecute", D::Starts),
    ("ShellExecuteA", D::Starts),
    ("ShellExecuteW", D::Starts),
    ("ShellExecuteEx", D::Starts),
    ("Shell.Application", D::Starts),
    ("ShellBrowserWindow", D::Starts),
    ("ShellWindows", D::Starts),
    ("9BA05972-F6A8-11CF-A442-00A0C90A8F39", D::Starts),
    ("C08AFD90-F2A1-11D1-8455-00A0C91F3880", D::Starts),
    ("72C24DD5-D70A-438B-8A42-98424B88AFB8", D::Starts),
    ("F935DC22-1CF0-11D0-ADB9-00C04FD58A0B", D::Starts),
    ("13709620-C279-11CE-A49E-444553540000", D::Starts),
    ("FollowHyperlink", D::Starts),
    ("vbHide", D::Starts),
    ("InvokeVerb", D::Starts),
    ("InvokeVerbEx", D::Starts),
    ("ControlPanelItem", D::Starts),
    ("winmgmts", D::Starts),
    ("Win32_Process", D::Starts),
    ("Win32_ProcessStartup", D::Starts),
    ("Schedule.Service", D::Starts),
    ("MacScript", D::Starts),
    ("AppleScriptTask", D::Starts),
    ("popen", D::Starts),
    ("WinExec", D::Starts),
    ("CreateProcessA", D::Starts),
    ("CreateProcessW", D::Starts),
    ("WshShell", D::Starts),
    ("RegisterXLL", D::Starts),
    ("GetObject", D::Starts),
    ("CreateObject", D::Starts),
    ("New-Object", D::Shell),
    ("Lib", D::Library),
    ("LoadLibrary", D::Library),
    ("LoadLibraryA", D::Library),
    ("GetProcAddress", D::Library),
    ("DispCallFunc", D::Library),
    ("CallWindowProcA", D::Memory),
    ("CallWindowProcW", D::Memory),
    ("CallWindowProc", D::Memory),
    ("VirtualAlloc", D::Memory),
    ("VirtualAllocEx", D::Memory),
    ("VirtualProtect", D::Memory),
    ("VirtualProtectEx", D::Memory),
    ("RtlMoveMemory", D::Memory),
    ("RtlCopyMemory", D::Memory),
    ("WriteProcessMemory", D::Memory),
    ("NtWriteVirtualMemory", D::Memory),
    ("NtAllocateVirtualMemory", D::Memory),
    ("CreateThread", D::Memory),
    ("CreateRemoteThread", D::Memory),
    ("QueueUserAPC", D::Memory),
    ("SetThreadContext", D::Memory),
    ("ResumeThread", D::Memory),
    ("HeapCreate", D::Memory),
    ("HeapAlloc", D::Memory),
    ("SetTimer", D::Memory),
    ("EnumSystemLocalesA", D::Memory),
    ("EnumSystemLanguageGroupsA", D::Memory),
    ("EnumDateFormatsA", D::Memory),
    ("EnumWindows", D::Memory),
    ("EnumChildWindows", D::Memory),
    ("EnumResourceTypesA", D::Memory),
    ("CreateTimerQueueTimer", D::Memory),
    ("GrayStringA", D::Memory),
    ("URLDownloadToFile", D::Loads),
    ("URLDownloadToFileA", D::Loads),
    ("URLDownloadToFileW", D::Loads),
    ("URLDownloadToCacheFileA", D::Loads),
    ("URLOpenBlockingStreamA", D::Loads),
    ("InternetOpenA", D::Loads),
    ("InternetOpenUrlA", D::Loads),
    ("InternetReadFile", D::Loads),
    ("WinHttp.WinHttpRequest.5.1", D::Loads),
    ("WinHttp.WinHttpRequest", D::Loads),
    ("WinHttpRequest", D::Loads),
    ("Msxml2.XMLHTTP", D::Loads),
    ("MSXML2.ServerXMLHTTP", D::Loads),
    ("Microsoft.XMLHTTP", D::Loads),
    ("XMLHTTP60", D::Loads),
    ("ServerXMLHTTP60", D::Loads),
    ("Net.WebClient", D::Loads),
    ("DownloadFile", D::Loads),
    ("DownloadString", D::Loads),
    ("DownloadData", D::Loads),
    ("Invoke-WebRequest", D::Loads),
    ("Start-BitsTransfer", D::Loads),
    ("InternetExplorer.Application", D::Loads),
    ("bitsadmin", D::Loads),
    ("User-Agent", D::Loads),
    ("responseBody", D::Loads),
    ("wscript.exe", D::Program),
    ("cmd.exe", D::Program),
    ("cmd /c", D::Program),
    ("powershell", D::Shell),
    ("pwsh", D::Shell),
    ("-EncodedCommand", D::Shell),
    ("-enc", D::Shell),
    ("-nop", D::Shell),
    ("-noni", D::Shell),
    ("-w hidden", D::Shell),
    ("-WindowStyle", D::Shell),
    ("-ep bypass", D::Shell),
    ("-ExecutionPolicy", D::Shell),
    ("Invoke-Expression", D::Shell),
    ("iex", D::Shell),
    ("FromBase64String", D::Shell),
    ("Reflection.Assembly", D::Shell),
    ("-bxor", D::Shell),
    ("-join", D::Shell),
    ("RegRead", D::Settings),
    ("RegWrite", D::Settings),
    ("RegSetValueExA", D::Settings),
    ("RegOpenKeyExA", D::Settings),
    ("VBAWarnings", D::Settings),
    ("AccessVBOM", D::Settings),
    ("ProtectedView", D::Settings),
    ("DisableInternetFilesInPV", D::Settings),
    ("DisableAttachmentsInPV", D::Settings),
    ("DisableUnsafeLocationsInPV", D::Settings),
    ("blockcontentexecutionfrominternet", D::Settings),
    ("AutomationSecurity", D::Settings),
    ("DisplayAlerts", D::Keys),
    ("SendKeys", D::Keys),
    ("AppActivate", D::Keys),
    ("VBProject", D::Itself),
    ("VBComponents", D::Itself),
    ("CodeModule", D::Itself),
    ("AddFromString", D::Itself),
    ("InsertLines", D::Itself),
    ("DeleteLines", D::Itself),
    ("ScriptControl", D::Itself),
    ("MSScriptControl.ScriptControl", D::Itself),
    ("ExecuteGlobal", D::Itself),
    ("ExecuteExcel4Macro", D::Excel4),
    ("Excel4MacroSheets", D::Excel4),
    ("Excel4IntlMacroSheets", D::Excel4),
    ("xlExcel4MacroSheet", D::Excel4),
    ("xlSheetVeryHidden", D::Excel4),
    ("Environ", D::Watches),
    ("ComputerName", D::Watches),
    ("Win32_ComputerSystem", D::Watches),
    ("Win32_BIOS", D::Watches),
    ("OperatingSystem", D::Watches),
    ("LanguageDesignation", D::Watches),
    ("Win32_OperatingSystem", D::Watches),
    ("MouseAvailable", D::Watches),
    ("CanPlaySounds", D::Watches),
    ("RecentFiles.Count", D::Sandbox),
    ("Tasks.Count", D::Sandbox),
    ("Tasks.Exists", D::Sandbox),
    ("GetTickCount", D::Watches),
    ("System.Country", D::Sandbox),
    ("HorizontalResolution", D::Watches),
    ("VBOX", D::Sandbox),
    ("VirtualBox", D::Sandbox),
    ("VMware", D::Sandbox),
    ("vmtools", D::Sandbox),
    ("QEMU", D::Sandbox),
    ("Sandboxie", D::Sandbox),
    ("SbieDll", D::Sandbox),
    ("sbiedll.dll", D::Sandbox),
    ("Wireshark", D::Sandbox),
    ("procmon", D::Sandbox),
    ("processhacker", D::Sandbox),
    ("fiddler", D::Sandbox),
    ("vmsrvc", D::Sandbox),
    ("vboxservice", D::Sandbox),
    ("vboxtray", D::Sandbox),
    ("joebox", D::Sandbox),
    ("anubis", D::Sandbox),
    ("ollydbg", D::Sandbox),
    ("maxmind.com", D::Sandbox),
    ("wine_get_unix_file_name", D::Sandbox),
    ("Chr", D::Hides),
    ("ChrW", D::Hides),
    ("ChrB", D::Hides),
    ("Asc", D::Hides),
    ("AscW", D::Hides),
    ("StrReverse", D::Hides),
    ("Xor", D::Hides),
    ("CallByName", D::Hides),
    ("StrConv", D::Hides),
    ("bin.base64", D::Hides),
    ("bin.hex", D::Hides),
    ("nodeTypedValue", D::Hides),
    ("Eval", D::Hides),
    (".Variables", D::Stores),
    ("CustomDocumentProperties", D::Stores),
    ("BuiltInDocumentProperties", D::Stores),
    ("BuiltinDocumentProperties", D::Stores),
    ("AlternativeText", D::Stores),
    ("ControlTipText", D::Stores),
    ("customXmlParts", D::Stores),
    (".Tag", D::Stores),
    (".GroupName", D::Stores),
];

/// The words and, behind them, the system's programs whose names are no words of other uses.
static ALL: LazyLock<Vec<(&'static str, Does)>> = LazyLock::new(|| {
    let of_hosts = |name: &str| name == "wscript" || WORDS.iter().any(|(word, _)| *word == name);
    let programs = programs::of(|p| !p.common && p.tells()).into_iter().map(|program| program.name);
    let programs = programs.filter(|name| !of_hosts(name)).map(|name| (name, D::Program));
    WORDS.iter().copied().chain(programs).collect()
});

/// Each word that a source holds, once, in the order of the table: word, what it does, where it first stands.
pub(crate) fn find(source: &str) -> Vec<(&'static str, Does, usize)> {
    static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let words = ALL.iter().map(|(word, _)| word);
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(words)
            .ok()
    });
    let Some(finder) = FINDER.as_ref() else { return Vec::new() };
    let mut first = vec![usize::MAX; ALL.len()];
    for found in finder.find_iter(source) {
        let index = found.pattern().as_usize();
        let Some(slot) = first.get_mut(index) else { continue };
        if *slot == usize::MAX && whole(source, found.start(), found.end()) {
            *slot = found.start();
        }
    }
    let there = ALL.iter().zip(first).filter(|(_, at)| *at != usize::MAX);
    there.map(|((word, does), at)| (*word, *does, at)).collect()
}

/// No letter stands right before or behind, where the word itself begins or ends with one.
fn whole(source: &str, start: usize, end: usize) -> bool {
    let bytes = source.as_bytes();
    let letter = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at)).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80)
    };
    let before = letter(start.checked_sub(1)) && letter(Some(start));
    let after = letter(Some(end)) && letter(end.checked_sub(1));
    !before && !after
}

/// Procedures that the host starts by itself, lower case.
const AUTOEXEC: [&str; 26] = [
    "autoexec",
    "autoopen",
    "autoclose",
    "autoexit",
    "autonew",
    "auto_open",
    "auto_close",
    "auto_exec",
    "auto_activate",
    "auto_deactivate",
    "document_open",
    "document_close",
    "document_new",
    "document_beforeclose",
    "document_beforesave",
    "documentopen",
    "documentchange",
    "documentbeforeclose",
    "newdocument",
    "document_documentopened",
    "document_contentcontrolonenter",
    "document_xmlafterinsert",
    "autoopen_",
    "auto_ouvrir",
    "documentbeforesave",
    "workbookopen",
];

/// What events of controls end with that fire without a click.
const EVENTS: [&str; 22] = [
    "_painted",
    "_painting",
    "_gotfocus",
    "_lostfocus",
    "_layout",
    "_resize",
    "_mousemove",
    "_mouseenter",
    "_mouseleave",
    "_mousehover",
    "_connecting",
    "_connected",
    "_statustextchange",
    "_navigatecomplete2",
    "_beforenavigate2",
    "_documentcomplete",
    "_downloadbegin",
    "_downloadcomplete",
    "_progresschange",
    "_titlechange",
    "_followhyperlink",
    "_onconnecting",
];

/// Whether the host starts a procedure of this name by itself.
pub(crate) fn autoexec(name: &str) -> bool {
    const BOOK: [&str; 16] = [
        "open",
        "activate",
        "beforeclose",
        "beforesave",
        "aftersave",
        "deactivate",
        "windowactivate",
        "windowdeactivate",
        "sheetactivate",
        "sheetcalculate",
        "sheetchange",
        "sheetselectionchange",
        "windowresize",
        "newsheet",
        "sheetdeactivate",
        "beforeprint",
    ];
    let name = name.to_lowercase();
    if AUTOEXEC.contains(&name.as_str()) {
        return true;
    }
    let event =
        |prefix: &str, events: &[&str]| name.strip_prefix(prefix).is_some_and(|e| events.contains(&e));
    event("workbook_", &BOOK)
        || event("app_", &["workbookopen", "documentopen", "documentchange"])
        || event("worksheet_", &["activate", "calculate", "change", "selectionchange", "deactivate"])
        || name.starts_with("onslideshow")
        || name.starts_with("slideshow")
        || name == "onload"
        || !name.starts_with("userform_") && EVENTS.iter().any(|e| name.len() > e.len() && name.ends_with(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_only() {
        let words = |source| find(source).iter().map(|(word, ..)| *word).collect::<Vec<_>>().join(" ");
        assert_eq!(
            words("x = Shell(y)\nCreateObject(\"wscript.shell\")"),
            "Shell WScript.Shell CreateObject"
        );
        assert_eq!(words("Shelly = Computershell & Openly & Chrome"), "");
    }

    #[test]
    fn who_starts_what() {
        for name in ["AutoOpen", "Workbook_Open", "InkPicture1_Painted", "Auto_Close", "Document_Open"] {
            assert!(autoexec(name), "{name}");
        }
        for name in ["InsertDate", "CommandButton1_Click", "UserForm_Resize", "OpenDocument", "Autofit"] {
            assert!(!autoexec(name), "{name}");
        }
    }
}
