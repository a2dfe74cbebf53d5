//! Words of command lines and paths: system programs that run other code, extensions that run, addresses.

use crate::{
    extensions,
    programs::{Danger, PROGRAMS, Program},
};

/// The first system program that a text runs.
pub(in crate::xlm) fn system_program(text: &str) -> Option<&'static str> {
    let plain = without_carets(text).to_ascii_lowercase();
    let mut found: Option<(usize, &'static str)> = None;
    for program in PROGRAMS.iter().filter(|program| program.danger != Danger::Serves) {
        let mut places = plain.match_indices(program.name).map(|(at, _)| at);
        let at = places.find(|at| is_word(&plain, *at, program));
        if let Some(at) = at
            && found.is_none_or(|(first, _)| at < first)
        {
            found = Some((at, program.name));
        }
    }
    found.map(|(_, program)| program)
}

/// Whether a word stands by itself, with or without `.exe` and with something to do.
fn is_word(text: &str, at: usize, program: &Program) -> bool {
    let before = text.get(..at).and_then(|t| t.chars().next_back());
    let rest = text.get(at + program.name.len()..).unwrap_or("");
    let rest = rest.strip_prefix(".exe").unwrap_or(rest);
    let after = rest.chars().next();
    let apart =
        |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.'));
    let sure = !program.common || {
        let rest = rest.trim_start_matches(['"', '\'']).trim_start();
        let first = rest.split_whitespace().next().unwrap_or_default();
        rest.starts_with(['/', '-'])
            || program.danger == Danger::Fetches && first.contains(['.', '/'])
            || program.danger == Danger::Settings && (rest.starts_with("add ") || rest.starts_with("export "))
            || before == Some('\\')
    };
    apart(before) && apart(after) && sure
}

/// Without the signs that the command line leaves out.
pub(in crate::xlm) fn without_carets(text: &str) -> String {
    text.chars().filter(|c| *c != '^').collect()
}

/// Whether a path's extension runs.
pub(super) fn runs(path: &str) -> bool {
    let name = path.rsplit(['\\', '/']).next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e).trim().to_ascii_lowercase();
    // Add-ins run when Excel starts; what is loaded by a command is called anything.
    extensions::is_payload(&extension) || matches!(extension.as_str(), "xla" | "xlam" | "tmp")
}

/// Whether a text starts as an address.
pub(in crate::xlm) fn is_url(text: &str) -> bool {
    let lower: String = text.chars().take(8).collect::<String>().to_ascii_lowercase();
    ["http://", "https://", "ftp://"].iter().any(|scheme| lower.starts_with(scheme))
}

/// The addresses in a text.
pub(in crate::xlm) fn urls(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("://").filter_map(move |(at, _)| {
        let scheme = text.get(..at)?;
        let start = scheme
            .rfind(|c: char| !c.is_ascii_alphabetic())
            .map_or(0, |i| i + scheme.get(i..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8));
        let from = text.get(start..)?;
        let end = from
            .find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '`'))
            .unwrap_or(from.len());
        let url = from.get(..end)?;
        // What is not known shows as a question mark; an address without a host is none.
        let host = url.get(at - start + 3..)?;
        (is_url(url) && host.len() > 3 && !host.starts_with('?')).then_some(url)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_words() {
        assert_eq!(system_program("C:\\Windows\\System32\\rundll32.exe x,y"), Some("rundll32"));
        assert_eq!(system_program("cmd /c m^sh^ta http://x"), Some("cmd"));
        assert_eq!(system_program("m^sh^ta http://x"), Some("mshta"));
        for text in ["Region report", "regards", "the cmd key", "notepad.exe", "register-form", "my-curly"] {
            assert_eq!(system_program(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_end_at_blanks_and_quotes() {
        let text = "mshta \"http://a.test/x.hta\" then https://b.test/y z://q";
        assert_eq!(urls(text).collect::<Vec<_>>(), ["http://a.test/x.hta", "https://b.test/y"]);
    }
}
