//! What makes a text telling: a command that runs code, an address, the name of a class or function that acts.

use std::{borrow::Cow, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};

use super::text::{base64, plain_text};
use crate::{
    extensions,
    programs::{self, Danger, Program},
};

/// Programs that are started for what they show.
const HARMLESS: [&str; 16] = [
    "explorer",
    "notepad",
    "calc",
    "write",
    "wordpad",
    "mspaint",
    "winword",
    "excel",
    "powerpnt",
    "outlook",
    "msaccess",
    "acrord32",
    "acrobat",
    "snippingtool",
    "osk",
    "iexplore",
];

/// What loads something, in a command.
const LOADS: [&str; 14] = [
    "downloadfile",
    "downloadstring",
    "downloaddata",
    "invoke-webrequest",
    "net.webclient",
    "start-bitstransfer",
    "invoke-restmethod",
    "iwr ",
    "irm ",
    "-urlcache",
    "/transfer",
    "curl ",
    "wget ",
    "openread(",
];

/// Classes and functions that act: nobody hides their names without a reason.
const ACTORS: [&str; 22] = [
    "wscript.shell",
    "shell.application",
    "scripting.filesystemobject",
    "adodb.stream",
    "msxml2.xmlhttp",
    "msxml2.serverxmlhttp",
    "microsoft.xmlhttp",
    "winhttp.winhttprequest",
    "win32_process",
    "winmgmts:",
    "urldownloadtofile",
    "shellexecute",
    "urlmon",
    "virtualalloc",
    "createthread",
    "writeprocessmemory",
    "frombase64string",
    "invoke-expression",
    "downloadstring",
    "downloadfile",
    "javascript:",
    "schedule.service",
];

fn finder<'w>(words: impl IntoIterator<Item = &'w &'static str>) -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(words)
        .ok()
}

static PROGRAMS: LazyLock<Vec<&Program>> = LazyLock::new(|| programs::of(Program::tells));
static PROGRAM: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| finder(PROGRAMS.iter().map(|program| &program.name)));
static ACTOR: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| finder(&ACTORS));

/// What a command line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Command {
    pub(crate) powershell: bool,
    /// A system program that runs other code.
    pub(crate) lolbin: Option<&'static str>,
    pub(crate) loads: bool,
}

impl Command {
    pub(crate) fn acts(self) -> bool {
        self.powershell || self.lolbin.is_some()
    }
}

/// Reads a command line. `started`: it is one for sure, so that a bare name counts.
pub(crate) fn command(text: &str, started: bool) -> Command {
    let mut out = Command::default();
    let Some(finder) = PROGRAM.as_ref() else { return out };
    let plain: Cow<'_, str> = if text.contains(['^', '`']) {
        Cow::Owned(text.replace(['^', '`'], ""))
    } else {
        Cow::Borrowed(text)
    };
    for found in finder.find_iter(plain.as_ref()).take(64) {
        let Some(program) = PROGRAMS.get(found.pattern().as_usize()) else { continue };
        let before = plain.get(..found.start()).unwrap_or_default();
        let after = plain.get(found.end()..).unwrap_or_default();
        if in_word(before.chars().next_back(), true) || in_word(after.chars().next(), false) {
            continue;
        }
        let rest = after.strip_prefix(".exe").or(after.strip_prefix(".EXE")).unwrap_or(after);
        let rest = rest.trim_start_matches(['"', '\'']);
        let argued = rest.starts_with([' ', '\t', ',', '/']) && switched(rest);
        let first = before.trim_matches([' ', '"', '\'']).is_empty() || before.ends_with('\\');
        let counts =
            if program.common { argued && (started || first) || started && first } else { argued || started };
        if !counts {
            continue;
        }
        match program.danger {
            Danger::PowerShell => out.powershell = true,
            _ => out.lolbin = out.lolbin.or(Some(program.name)),
        }
    }
    if out.acts() {
        let lower = plain.to_ascii_lowercase();
        out.loads = LOADS.iter().any(|word| lower.contains(word))
            && (lower.contains("://") || lower.contains("http") || out.powershell);
    }
    out
}

fn in_word(c: Option<char>, before: bool) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-' || before && c == '.')
}

/// Arguments that are no prose.
fn switched(rest: &str) -> bool {
    let first = rest.trim_start_matches([' ', '\t', '"', '\'']);
    first.starts_with(['/', '-', '%', '\\', '.', ','])
        || first.contains("://")
        || first.contains(['\\', '.', '/'])
}

/// A program that only shows something; nothing else in the command.
pub(crate) fn harmless(text: &str) -> bool {
    let text = text.trim().trim_start_matches('"');
    let end = text.find([' ', '"', ',']).unwrap_or(text.len());
    let first = text.get(..end).unwrap_or_default();
    let name = first.rsplit(['\\', '/']).next().unwrap_or(first).to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    let rest = text.get(end..).unwrap_or_default();
    let shows = HARMLESS.contains(&name) || text.starts_with("mailto:") || is_web(text);
    let more = command(rest, false).acts() || rest.contains("&&") || name == "explorer" && is_active(rest);
    shows && !more
}

fn is_web(text: &str) -> bool {
    text.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("http://"))
        || text.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://"))
}

/// Whether a text that is handed to something unknown is run by it.
pub(crate) fn runs(text: &str) -> bool {
    command(text, false).acts() || is_active(text.split(' ').next().unwrap_or(text))
}

/// A path to a file that runs.
pub(crate) fn is_active(path: &str) -> bool {
    let path = path.trim().trim_matches(['"', '\'']);
    let Some((before, extension)) = path.rsplit_once('.') else { return false };
    let extension = extension.trim_end().to_ascii_lowercase();
    !before.is_empty() && extensions::is_payload(&extension)
}

/// The word that makes a text telling: the host of an address, a program, the name of a class that acts.
pub(crate) fn telling(text: &str) -> Option<&str> {
    if let Some(found) = ACTOR.as_ref().and_then(|f| f.find(text)) {
        return text.get(found.range());
    }
    if let Some(host) = host(text) {
        return Some(host);
    }
    if command(text, false).acts() {
        let found = PROGRAM.as_ref().and_then(|f| f.find(text))?;
        return text.get(found.range());
    }
    None
}

/// The host of the first address.
pub(crate) fn host(text: &str) -> Option<&str> {
    let at = memchr::memmem::find(text.as_bytes(), b"://")?;
    let before = text.get(..at)?;
    let scheme = ["http", "https", "ftp", "file"].iter().any(|s| {
        before.len() >= s.len()
            && before.get(before.len() - s.len()..).is_some_and(|b| b.eq_ignore_ascii_case(s))
    });
    let rest = text.get(at + 3..)?;
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':')))
        .unwrap_or(rest.len());
    rest.get(..end).filter(|host| scheme && host.len() >= 4)
}

/// What PowerShell would decode: the argument of `-EncodedCommand`, or of `FromBase64String`.
pub(crate) fn encoded(text: &str) -> Option<String> {
    let is_digit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let bytes = text.as_bytes();
    let (mut at, mut runs) = (0, 0);
    while at < bytes.len() && runs < 256 {
        let length = bytes.get(at..)?.iter().take_while(|b| is_digit(**b)).count();
        if length >= 24 {
            runs += 1;
            let decoded = text.get(at..at + length).and_then(base64).and_then(|b| plain_text(&b));
            if decoded.is_some() {
                return decoded;
            }
        }
        at += length + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_prose() {
        assert!(command("powershell -w hidden -c x", true).powershell);
        assert!(command("cmd /c echo x", true).lolbin.is_some());
        assert_eq!(command(r"C:\Windows\System32\REGSVR32.exe /s a.dll", false).lolbin, Some("regsvr32"));
        assert!(command("p^ow^ersh^ell -enc AA", false).powershell);
        assert!(!command("Please control the wmic of your bash, cmd or curl", false).acts());
        assert!(!command("cmdlet.exe and regsvr32x", true).acts());
        assert!(harmless("explorer.exe C:\\Reports") && harmless("notepad \"C:\\a.txt\""));
        assert!(!harmless("explorer C:\\x\\a.vbs") && !harmless("cmd /c notepad"));
    }

    #[test]
    fn what_is_telling() {
        assert_eq!(telling("get http://evil.example/x"), Some("evil.example"));
        assert_eq!(telling("WScript.Shell"), Some("WScript.Shell"));
        assert_eq!(telling("Dear Sir, the report is ready."), None);
        assert!(is_active("C:\\Users\\Public\\a.exe") && !is_active("C:\\report.csv") && !is_active("exe"));
    }
}
