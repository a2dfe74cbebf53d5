//! Strings and names of compiled VBA, without taking it apart, and whether the stored source is what runs.
//!
//! Office runs the compiled code when its version fits, so a document can show harmless source beside it ("stomping").
//! A literal operand is an opcode word, a length and the bytes; the opcode differs between versions, and the one that
//! gives most literals is right. A project counts as stomped only when a string that matters (an address, a path, a
//! known object or function) is in the compiled code and in no source, or when no source has code at all while the
//! compiled code names several functions that act.

use bytes::Bytes;
use rustc_hash::FxHashSet;

use crate::{
    gaps::Gaps,
    ole::{cfb::u16_at, codepage},
    scan::Scan,
};

/// Opcodes of a string literal: 64-bit VBA7, 32-bit VBA6/7, VBA5, VBA3.
const OPCODES: [u8; 4] = [0xB9, 0xB6, 0xAE, 0xAD];
/// Characters that a literal has at least.
const LITERAL_MIN: usize = 3;
/// And at most.
const LITERAL_MAX: usize = 2_048;
/// Literals of one module.
const LITERALS_MAX: usize = 4_096;
/// Names of one project.
const NAMES_MAX: usize = 65_536;
/// Characters of a literal whose absence counts.
const TELLING_MIN: usize = 6;
/// Compiled code of a project that is more than the frame of empty modules.
const CODE_BYTES: usize = 1_024;
/// Names that act, for a project without source.
const CALLS_MIN: usize = 3;
/// Missing strings that are shown; one is enough for the finding.
const SHOWN_MAX: usize = 8;

/// What a telling literal holds, lower case.
const TELLING: [&str; 36] = [
    "://",
    ".exe",
    ".dll",
    ".vbs",
    ".js",
    ".ps1",
    ".bat",
    ".cmd",
    ".hta",
    ".ocx",
    ".scr",
    ":\\",
    "\\\\",
    "powershell",
    "cmd /c",
    "cmd.exe",
    "mshta",
    "rundll32",
    "regsvr32",
    "certutil",
    "bitsadmin",
    "wscript.",
    "shell.application",
    "msxml2.",
    "winhttp.",
    "microsoft.xmlhttp",
    "adodb.stream",
    "scripting.filesystem",
    "winmgmts",
    "urlmon",
    "urldownload",
    "kernel32",
    "shell32",
    "virtualalloc",
    "createobject",
    "internetexplorer.application",
];

/// Functions that act, lower case.
const CALLS: [&str; 18] = [
    "shell",
    "createobject",
    "getobject",
    "shellexecute",
    "urldownloadtofile",
    "urldownloadtofilea",
    "virtualalloc",
    "callwindowproc",
    "rtlmovememory",
    "createthread",
    "environ",
    "savetofile",
    "exec",
    "callbyname",
    "executeexcel4macro",
    "responsebody",
    "createtextfile",
    "win32_process",
];

/// The literals of a module's compiled code.
pub(crate) fn literals(cache: &[u8], code_page: u16, gaps: &mut Gaps) -> Vec<String> {
    raw_literals(cache, gaps).into_iter().map(|bytes| codepage::decode(bytes, code_page)).collect()
}

fn raw_literals<'c>(cache: &'c [u8], gaps: &mut Gaps) -> Vec<&'c [u8]> {
    let all = OPCODES.iter().map(|opcode| literals_of(cache, *opcode));
    gaps.most(all.max_by_key(Vec::len).unwrap_or_default(), LITERALS_MAX, "literals of a compiled module")
}

fn literals_of(cache: &[u8], opcode: u8) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut next = 0;
    for at in memchr::memchr_iter(opcode, cache) {
        if at < next || cache.get(at + 1) != Some(&0) {
            continue;
        }
        let Some(length) = u16_at(cache, at + 2).map(usize::from) else { break };
        if !(LITERAL_MIN..LITERAL_MAX).contains(&length) {
            continue;
        }
        let Some(bytes) = cache.get(at + 4..at + 4 + length) else { continue };
        let printable = bytes.iter().filter(|b| matches!(b, b' '..=b'~' | b'\t' | 0xA0..)).count();
        if printable * 100 >= length * 95 {
            out.push(bytes);
            next = at + 4 + length;
        }
        if out.len() > LITERALS_MAX {
            break;
        }
    }
    out
}

/// The names in `_VBA_PROJECT`: a length, a type, the characters.
pub(crate) fn identifiers(table: &[u8], gaps: &mut Gaps) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some([length, _kind]) = table.get(at..at + 2) {
        let name = table.get(at + 2..at + 2 + usize::from(*length)).unwrap_or_default();
        let starts = name.first().is_some_and(u8::is_ascii_alphabetic);
        if (3..=64).contains(length) && starts && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        {
            if !gaps.room(out.len(), NAMES_MAX, "names of compiled code") {
                break;
            }
            out.push(String::from_utf8_lossy(name).into_owned());
            at += 2 + name.len();
        } else {
            at += 1;
        }
    }
    out
}

/// What the compiled code does and no source says; empty when the project is not stomped.
pub(super) fn stomped(
    caches: &[(usize, Bytes)],
    sources: &[Vec<u8>],
    empty: bool,
    identifiers: &[String],
    code_page: u16,
    scan: &mut Scan<'_>,
) -> Vec<String> {
    let stored: usize = sources.iter().map(Vec::len).sum();
    let mut out: Vec<String> = Vec::new();
    for (_, cache) in caches {
        let mut checked = FxHashSet::default();
        for literal in raw_literals(cache, &mut scan.budget.gaps) {
            let done = out.len() >= SHOWN_MAX;
            if done || literal.len() < TELLING_MIN || !telling(literal) || !checked.insert(literal) {
                continue;
            }
            if !scan.budget.spend(1 + (stored >> 10) as u64) {
                return out;
            }
            let quoted = String::from_utf8_lossy(literal).replace('"', "\"\"");
            let said = |source: &Vec<u8>| {
                memchr::memmem::find(source, literal).is_some()
                    || memchr::memmem::find(source, quoted.as_bytes()).is_some()
            };
            let text = codepage::decode(literal, code_page);
            if !out.contains(&text) && !sources.iter().any(said) {
                out.push(text);
            }
        }
    }
    let compiled: usize = caches.iter().map(|(_, cache)| cache.len()).sum();
    if out.is_empty() && empty && compiled > CODE_BYTES {
        let mut calls: Vec<String> = identifiers
            .iter()
            .filter(|name| CALLS.contains(&name.to_lowercase().as_str()))
            .cloned()
            .collect();
        calls.sort_unstable();
        calls.dedup();
        if calls.len() >= CALLS_MIN {
            return calls;
        }
    }
    out
}

fn telling(literal: &[u8]) -> bool {
    let lower = String::from_utf8_lossy(literal).to_lowercase();
    TELLING.iter().any(|word| lower.contains(word))
}
