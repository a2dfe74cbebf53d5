//! Windows paths that something may be written to or run from: `C:\Datop\besta.ocx`, `%APPDATA%\x.dll`, `..\x.ocx`.

/// Paths of one text at most.
const PATHS_MAX: usize = 128;
/// Bytes of a path at most.
const PATH_BYTES_MAX: usize = 260;

/// Calls for each path that ends in a file name; `false` when there are more than are read.
pub(super) fn each(text: &str, call: &mut impl FnMut(&str)) -> bool {
    let mut left = PATHS_MAX;
    let mut from = 0;
    while let Some(back) = text.get(from..).and_then(|rest| rest.find('\\')) {
        let at = from + back;
        let next = match start(text, at) {
            Some(start) => {
                let end = end(text, start);
                if let Some(path) = text.get(start..end).and_then(tidy) {
                    if left == 0 {
                        return false;
                    }
                    left -= 1;
                    call(path);
                }
                end.max(at + 1)
            }
            None => at + 1,
        };
        from = next;
    }
    true
}

/// Where the path begins whose first backslash stands at `at`.
fn start(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    if before.ends_with(':') {
        let drive = before.get(..at - 1)?.chars().next_back()?;
        let alone = before.get(..at - 2).is_none_or(|b| !b.ends_with(|c: char| c.is_ascii_alphanumeric()));
        return (drive.is_ascii_alphabetic() && alone).then_some(at - 2);
    }
    if let Some(inner) = before.strip_suffix('%') {
        let open = inner.rfind('%')?;
        let name = inner.get(open + 1..)?;
        let word = !name.is_empty()
            && name.len() <= 32
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        return word.then_some(open);
    }
    before.ends_with("..").then(|| at - 2)
}

/// Where it ends: at a quote, a sign that no path has, or a blank after the extension.
fn end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let mut end = 0;
    let mut dotted = false;
    for (at, c) in rest.char_indices() {
        let stops = matches!(c, '"' | '\'' | '<' | '>' | '|' | '*' | '?' | ',' | ';' | '&' | '`' | ')' | '(')
            || c.is_control()
            || (c == ':' && at > 1)
            || (c.is_whitespace() && dotted);
        if stops || at > PATH_BYTES_MAX {
            break;
        }
        dotted = if c == '\\' { false } else { dotted || (c == '.' && at > 2) };
        end = at + c.len_utf8();
    }
    start + end
}

/// A path whose last part has an extension.
fn tidy(path: &str) -> Option<&str> {
    let path = path.trim_end_matches(['.', ' ', '\\']);
    let last = path.rsplit('\\').next()?;
    let (stem, extension) = last.rsplit_once('.')?;
    let plain = (1..=5).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric());
    (!stem.is_empty() && plain && path.contains('\\') && !of_the_system(path)).then_some(path)
}

/// Where Windows and its programs live: nothing is dropped there, things are run from there.
fn of_the_system(path: &str) -> bool {
    const FOLDERS: [&str; 6] = [
        "c:\\windows\\system32\\",
        "c:\\windows\\syswow64\\",
        "%windir%\\",
        "%systemroot%\\",
        "c:\\program files\\",
        "c:\\program files (x86)\\",
    ];
    let lower = path.to_ascii_lowercase();
    FOLDERS.iter().any(|folder| lower.starts_with(folder))
}
