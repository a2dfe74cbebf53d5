//! Undoes what disguises a command line without changing it: carets and back-ticks between letters, `%VAR:~n,m%` of
//! well-known variables, disarmed schemes.

/// Values of variables that are the same on every machine and are cut letters out of.
const VARIABLES: [(&str, &str); 9] = [
    ("comspec", r"C:\Windows\system32\cmd.exe"),
    ("systemroot", r"C:\Windows"),
    ("windir", r"C:\Windows"),
    ("programfiles", r"C:\Program Files"),
    ("programdata", r"C:\ProgramData"),
    ("allusersprofile", r"C:\ProgramData"),
    ("public", r"C:\Users\Public"),
    ("os", "Windows_NT"),
    ("pathext", ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC"),
];

/// The text without its disguises; `None` when it has none.
pub(crate) fn undo(text: &str) -> Option<String> {
    let carets = between_letters(text, b'^');
    let ticks = between_letters(text, b'`');
    let cuts = text.contains(":~");
    if !carets && !ticks && !cuts {
        return None;
    }
    let mut out: String = text.chars().filter(|c| !(carets && *c == '^' || ticks && *c == '`')).collect();
    if cuts {
        out = cut_variables(&out);
    }
    Some(out)
}

/// The sign stands between two letters or signs of an address, at least twice: nobody writes so by accident.
fn between_letters(text: &str, sign: u8) -> bool {
    let bytes = text.as_bytes();
    let odd = |at: usize| {
        let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(b' ');
        let after = bytes.get(at + 1).copied().unwrap_or(b' ');
        (before.is_ascii_alphanumeric() || b":/.\\".contains(&before))
            && (after.is_ascii_alphanumeric() || b":/.\\".contains(&after))
    };
    memchr::memchr_iter(sign, bytes).filter(|at| odd(*at)).take(2).count() == 2
}

/// `%comspec:~-3%` and the like.
fn cut_variables(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('%') {
        out.push_str(rest.get(..open).unwrap_or_default());
        let inner = rest.get(open + 1..).unwrap_or_default();
        let close = inner.bytes().take(64).position(|b| b == b'%');
        match close.and_then(|close| Some((close, cut(inner.get(..close)?)?))) {
            Some((close, value)) => {
                out.push_str(&value);
                rest = inner.get(close + 1..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `name:~from,length` of a known variable.
fn cut(expression: &str) -> Option<String> {
    let (name, range) = expression.split_once(":~")?;
    let value = VARIABLES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?.1;
    let (from, length) = match range.split_once(',') {
        Some((from, length)) => (from.parse::<i64>().ok()?, Some(length.parse::<i64>().ok()?)),
        None => (range.parse::<i64>().ok()?, None),
    };
    let size = value.len() as i64;
    let from = if from < 0 { (size + from).max(0) } else { from.min(size) };
    let to = match length {
        None => size,
        Some(n) if n < 0 => (size + n).max(from),
        Some(n) => from.saturating_add(n).min(size),
    };
    value.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?).map(str::to_owned)
}
