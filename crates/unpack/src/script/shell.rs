//! Command lines of PowerShell and of batch files: encoded commands, pieces, variables with offsets.

use rustc_hash::FxHashMap;

use super::decode;
use crate::gaps::Gaps;

/// Decoders inside decoders.
const ROUNDS_MAX: usize = 4;
/// Encoded commands of one text.
const COMMANDS_MAX: usize = 64;
/// Literals of one text that are tried.
const LITERALS_MAX: usize = 4_096;
/// Bytes that one literal is unpacked to.
const UNPACKED_MAX: u64 = 4 << 20;
/// Variables of a batch file.
const VARIABLES_MAX: usize = 10_000;
/// Bytes that a batch file's expansion may make.
const EXPANDED_MAX: usize = 4 << 20;

/// What came out, and how it was hidden.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) decoded: Vec<String>,
    pub(crate) hidden: Option<&'static str>,
}

/// Undoes encoded commands, base64 literals, pieces joined by `+`, and back-ticks.
pub(crate) fn powershell(source: &str, gaps: &mut Gaps) -> Found {
    let mut found = Found::default();
    let mut waiting = vec![source.to_owned()];
    for round in 0.. {
        if !gaps.room(round, ROUNDS_MAX, "encoded commands inside one another") {
            break;
        }
        let mut next = Vec::new();
        for text in waiting {
            for inner in encoded_commands(&text, gaps).into_iter().chain(base64_literals(&text, gaps)) {
                found.hidden = Some("a command in base64");
                next.push(inner);
            }
            let ticks = text.bytes().filter(|b| *b == b'`').count();
            let folded = fold(&text.replace('`', ""));
            if ticks >= 4 {
                found.hidden = found.hidden.or(Some("words broken up by back-ticks"));
            }
            if folded != text {
                found.decoded.push(folded);
            }
        }
        found.decoded.extend(next.iter().cloned());
        if next.is_empty() {
            break;
        }
        waiting = next;
    }
    found
}

/// `-enc <base64>`: UTF-16 by convention.
pub(crate) fn encoded_commands(text: &str, gaps: &mut Gaps) -> Vec<String> {
    let mut out = Vec::new();
    let mut words = text.split([' ', '\t', '\r', '\n', '"', '\'', ',']).filter(|w| !w.is_empty()).peekable();
    while let Some(word) = words.next() {
        let switch = word.trim_start_matches(['-', '/', '\u{2013}']).to_ascii_lowercase();
        let is = switch.len() < word.len() && !switch.is_empty() && "encodedcommand".starts_with(&switch)
            || switch == "ec";
        if let Some(data) = words.peek().filter(|d| is && d.len() >= 16) {
            if !gaps.room(out.len(), COMMANDS_MAX, "encoded commands") {
                break;
            }
            out.extend(utf16(data));
        }
    }
    out
}

fn utf16(data: &str) -> Option<String> {
    let bytes = decode::base64(data.as_bytes())?;
    let odd = bytes.iter().skip(1).step_by(2).filter(|b| **b == 0).count();
    if odd * 3 < bytes.len() {
        return readable(&bytes);
    }
    let units = bytes.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u));
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

fn readable(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let fine = text.chars().filter(|c| !c.is_control() || c.is_whitespace()).count();
    (fine * 20 >= text.chars().count() * 19).then(|| text.to_owned())
}

/// Quoted base64 that reads as text, unpacked when it was.
fn base64_literals(text: &str, gaps: &mut Gaps) -> Vec<String> {
    use std::io::Read as _;
    let mut out = Vec::new();
    let digits = |p: &&str| p.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    let pieces = text.split(['"', '\'']).filter(|p| p.len() >= 24).filter(digits);
    for piece in gaps.most(pieces, LITERALS_MAX, "literals that may be encoded") {
        let Some(bytes) = decode::base64(piece.as_bytes()) else { continue };
        let mut plain = Vec::new();
        let packed = if bytes.starts_with(b"\x1f\x8b") {
            flate2::read::GzDecoder::new(bytes.as_slice()).take(UNPACKED_MAX).read_to_end(&mut plain).is_ok()
        } else {
            let mut reader = flate2::read::DeflateDecoder::new(bytes.as_slice()).take(UNPACKED_MAX);
            reader.read_to_end(&mut plain).is_ok() && plain.len() > 16
        };
        out.extend(readable(&bytes).or_else(|| utf16(piece)));
        if packed {
            if plain.len() as u64 >= UNPACKED_MAX {
                gaps.over(UNPACKED_MAX as usize, "bytes of an unpacked literal");
            }
            out.extend(readable(&plain));
        }
    }
    out
}

/// Joins `'a'+'b'` and `"a"+"b"`, and writes `[char]104` out.
fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '"', '[']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        if let Some((c, behind)) = char_cast(after) {
            out.push('\'');
            out.push(c);
            out.push('\'');
            rest = behind;
            continue;
        }
        let mut chars = after.chars();
        out.extend(chars.next());
        rest = chars.as_str();
    }
    out.push_str(rest);
    for (from, to) in [("' + '", ""), ("'+'", ""), ("\" + \"", ""), ("\"+\"", "")] {
        out = out.replace(from, to);
    }
    out
}

fn char_cast(text: &str) -> Option<(char, &str)> {
    let name = text.get(..6)?;
    if !name.eq_ignore_ascii_case("[char]") {
        return None;
    }
    let rest = text.get(6..)?.trim_start_matches(['(', ' ']);
    let digits = rest.bytes().take(7).take_while(u8::is_ascii_digit).count();
    let c = char::from_u32(rest.get(..digits)?.parse().ok()?)?;
    Some((c, rest.get(digits..)?))
}

/// Expands `set` variables and `%NAME:~start,length%`, and takes carets out.
pub(crate) fn batch(source: &str, gaps: &mut Gaps) -> Found {
    let mut found = Found::default();
    let mut variables: FxHashMap<String, String> = FxHashMap::default();
    let (mut out, mut cuts) = (String::new(), 0);
    for line in source.lines() {
        let line: String = line.replace('^', "");
        let line = expand(&line, &variables, &mut cuts);
        let lower = line.trim_start().trim_start_matches('@').to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("set ") {
            let kept = line.get(line.len() - rest.len()..).unwrap_or_default().trim_matches('"');
            if let Some((name, value)) = kept.trim_start().split_once('=')
                && gaps.room(variables.len(), VARIABLES_MAX, "variables")
            {
                variables.insert(
                    name.trim_matches('"').to_ascii_lowercase(),
                    value.trim_end_matches('"').to_owned(),
                );
            }
        }
        out.push_str(&line);
        out.push('\n');
        if out.len() > EXPANDED_MAX {
            gaps.over(EXPANDED_MAX, "bytes of expanded commands");
            break;
        }
    }
    let carets = source.bytes().filter(|b| *b == b'^').count();
    if cuts >= 5 {
        found.hidden = Some("commands are cut out of variables");
    } else if carets >= 10 && carets * 20 > source.len() {
        found.hidden = Some("words broken up by carets");
    }
    let inner = powershell(&out, gaps);
    found.hidden = found.hidden.or(inner.hidden);
    found.decoded.extend(inner.decoded);
    if out.trim() != source.trim() {
        found.decoded.push(out);
    }
    found
}

fn expand(line: &str, variables: &FxHashMap<String, String>, cuts: &mut u32) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        rest = after;
        let Some((name, behind)) = after.split_once('%') else {
            out.push('%');
            break;
        };
        let (key, slice) = name.split_once(":~").map_or((name, None), |(k, s)| (k, Some(s)));
        let Some(value) = variables.get(&key.to_ascii_lowercase()).filter(|_| out.len() < EXPANDED_MAX)
        else {
            out.push('%');
            continue;
        };
        match slice {
            Some(slice) => {
                *cuts += 1;
                out.push_str(&cut(value, slice));
            }
            None => out.push_str(value),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// `start,length`; below zero counts from the end.
fn cut(value: &str, slice: &str) -> String {
    // Windows has no longer ones.
    let chars: Vec<char> = value.chars().take(1 << 16).collect();
    let size = chars.len() as i64;
    let mut numbers = slice.split(',').map(|n| n.trim().parse::<i64>().unwrap_or(0));
    let place = |n: i64| if n < 0 { size.saturating_add(n).max(0) } else { n.min(size) };
    let start = place(numbers.next().unwrap_or(0));
    let end = match numbers.next() {
        Some(length) if length < 0 => size.saturating_add(length).max(start),
        Some(length) => start.saturating_add(length).min(size),
        None => size,
    };
    chars.get(start as usize..end as usize).unwrap_or_default().iter().collect()
}
