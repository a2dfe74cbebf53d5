//! Scripts: JScript, VBScript, PowerShell, batch files, and the containers that Windows runs them from.
//!
//! Each language has a reader that undoes what its writers use to hide text ([`js`], [`vbs`], [`shell`]); `#@~^` text
//! is decoded first ([`encoded`]). What comes out goes to the string bus; findings say what the script is and does.

pub(crate) mod decode;
pub(crate) mod encoded;
pub(crate) mod js;
pub(crate) mod shell;
#[cfg(test)]
mod tests;
pub(crate) mod vbs;

use bytes::Bytes;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    Derived, Id, IndicatorKind, Kind, Relation, Severity, facts,
    scan::{Child, Scan, TextKind},
    vba,
};
use js::{Machine, What};

/// Steps of a script, however short.
const STEPS_PER_SCRIPT: u64 = 10;
/// Tokens of a script that are read in a step.
pub(crate) const TOKENS_PER_STEP: u64 = 2;

/// Scripts of a container.
const SCRIPTS_MAX: usize = 64;

/// Words by which a script is more than text for a browser.
const SYSTEM_WORDS: &[&str] = &[
    "activexobject",
    "wscript",
    "createobject",
    "getobject(",
    "powershell",
    "shell.application",
    "xmlhttp",
    "downloadstring",
    "downloadfile",
    "invoke-webrequest",
    "iex ",
    "frombase64string",
    "certutil",
    "bitsadmin",
    "mshta",
    "rundll32",
    "regsvr32",
    "start-process",
    "-encodedcommand",
    "curl ",
    "child_process",
    "schtasks",
];

/// The same for JavaScript, whose honest uses ask servers too.
const JAVASCRIPT_WORDS: &[&str] = &[
    "activexobject",
    "wscript",
    "createobject",
    "shell.application",
    "powershell",
    "adodb",
    "mshta",
    "rundll32",
    "regsvr32",
];

pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    if !scan.budget.spend(1 + bytes.len() as u64 / 256) {
        return;
    }
    let source = sekisho_mail::charset::decode(bytes, None).text.into_owned();
    let (source, was_encoded) = match encoded::decode(&source) {
        Some(plain) => (plain, true),
        None => (source, false),
    };
    let kind = match scan.about.kind {
        Kind::EncodedScript => encoded_kind(&scan.about.name, &source),
        kind => kind,
    };
    scan.active = true;
    if was_encoded {
        scan.find(Id::ScriptObf, "", "encoded with the Windows Script Encoder");
        scan.text(TextKind::Decoded, source.clone(), "decoded");
    } else {
        scan.text(TextKind::Code, source.clone(), "");
    }
    attachment(kind, &source, scan);
    match kind {
        Kind::JavaScript => javascript(&source, "", scan),
        Kind::VbScript => vbscript(&source, "", scan),
        Kind::PowerShell => powershell(&source, scan),
        Kind::Batch => batch(&source, scan),
        Kind::Wsf => container(&source, scan),
        _ => {}
    }
    scan.facts.text = Some(source);
}

/// A script alone is rare in honest mail; one without any use of the system may be a developer's.
fn attachment(kind: Kind, source: &str, scan: &mut Scan<'_>) {
    // What a script is judged by stands in its first megabyte or is found by its reader.
    let lower: String = source.chars().take(1 << 20).collect::<String>().to_ascii_lowercase();
    let words = if kind == Kind::JavaScript { JAVASCRIPT_WORDS } else { SYSTEM_WORDS };
    let system = words.iter().find(|word| lower.contains(**word));
    let common = matches!(kind, Kind::JavaScript | Kind::Batch | Kind::PowerShell);
    let severity = match (common && system.is_none(), scan.about.relation) {
        (false, _) => Id::ScriptAttachment.severity(),
        (true, Relation::Member) => Severity::Low,
        (true, _) => Severity::Medium,
    };
    let evidence =
        system.map_or_else(|| kind.name().to_owned(), |word| format!("{} with {}", kind.name(), word.trim()));
    scan.find_as(Id::ScriptAttachment, severity, Derived::Static, "", evidence);
}

/// `.vbe` or `.jse`: by name, else by how it looks.
fn encoded_kind(name: &str, source: &str) -> Kind {
    let vb = ["dim ", "sub ", "createobject", "end if", "set "];
    let lower = source.to_ascii_lowercase();
    match crate::kind::extension(name).as_str() {
        "vbe" => Kind::VbScript,
        "jse" => Kind::JavaScript,
        _ if vb.iter().any(|w| lower.contains(w)) && !lower.contains("function(") => Kind::VbScript,
        _ => Kind::JavaScript,
    }
}

/// JavaScript outside of a page: words, what it decodes, what it does.
pub(crate) fn javascript(source: &str, place: &str, scan: &mut Scan<'_>) {
    let lexed = js::lex(source);
    let mut words = scan.facts.script.take().unwrap_or_default();
    words.language = "javascript".to_owned();
    js::words(&lexed, &mut FxHashSet::default(), &mut words, &mut scan.budget.gaps);
    scan.facts.script = Some(words);
    let hidden = source.len() >= 80 && lexed.escaped_bytes >= 24 && lexed.escaped_bytes * 5 > source.len();
    // Reading it again as a tree and running what is constant costs by its tokens.
    let room = scan.budget.spend(STEPS_PER_SCRIPT + lexed.tokens.len() as u64 / TOKENS_PER_STEP);
    drop(lexed);
    if !room {
        return;
    }
    let page = FxHashMap::default();
    let mut machine = Machine::new(&page, scan.budget.take_emulation());
    machine.script(source);
    machine.finish();
    let left = if machine.grace || machine.deep { 0 } else { machine.ticks / js::eval::TICKS_PER_STEP };
    scan.budget.return_emulation(left);
    if machine.grace || machine.deep {
        scan.aside(js::ENDLESS);
    }
    if machine.cut {
        scan.left_out(js::CUT);
    }
    scan.budget.gaps.extend(&machine.gaps);
    for text in &machine.decoded {
        scan.text_as(TextKind::Decoded, Derived::Emulated, text.clone(), place);
    }
    report(&machine, place, scan);
    if hidden
        || machine.events.iter().any(|e| e.decoded && matches!(e.what, What::Eval | What::Com | What::Run))
    {
        scan.find(Id::ScriptObf, place, "text that is decoded before it is used");
    }
    for (at, payload) in std::mem::take(&mut machine.payloads).into_iter().filter(|p| p.file).enumerate() {
        scan.budget.spend_bytes(payload.bytes.len() as u64);
        let name = format!("decoded_{at}");
        scan.child(Child {
            name,
            bytes: payload.bytes.into(),
            relation: Relation::Decoded,
            ..Child::default()
        });
    }
}

fn report(machine: &Machine<'_>, place: &str, scan: &mut Scan<'_>) {
    for event in &machine.events {
        match event.what {
            What::Com => scan.find(Id::ScriptActivex, place, &event.text),
            What::Run => {
                scan.find_as(
                    Id::ScriptActivex,
                    Severity::High,
                    Derived::Emulated,
                    place,
                    format!("runs {}", event.text),
                );
                scan.indicate(IndicatorKind::Cmdline, &event.text, place);
            }
            What::Drop => scan.indicate(IndicatorKind::DropPath, &event.text, place),
            What::Request | What::Location | What::Load => {}
            _ => continue,
        }
        scan.text_as(TextKind::Decoded, Derived::Emulated, event.text.clone(), place);
    }
}

/// VBScript: constant strings are put together, executed text is read again, loops and functions are run on paper.
pub(crate) fn vbscript(source: &str, place: &str, scan: &mut Scan<'_>) {
    let found = vbs::read(source, scan.budget);
    for object in &found.objects {
        scan.find(Id::ScriptActivex, place, object);
    }
    if found.hidden {
        scan.find(Id::ScriptObf, place, "strings are put together from characters, pieces or backwards");
    }
    let run = vba::script(source, scan);
    if !run.whole {
        scan.aside(js::ENDLESS);
    }
    let mut seen = FxHashSet::default();
    for text in found.decoded.iter().chain(&run.texts).filter(|text| seen.insert(text.as_str())) {
        scan.text_as(TextKind::Decoded, Derived::Emulated, text.clone(), place);
    }
    let mut words = scan.facts.script.take().unwrap_or_default();
    if words.language.is_empty() {
        words.language = "vbscript".to_owned();
    }
    words.strings.extend(found.strings);
    scan.facts.script = Some(words);
}

fn powershell(source: &str, scan: &mut Scan<'_>) {
    let found = shell::powershell(source, &mut scan.budget.gaps);
    scan.facts.script = Some(facts::Script { language: "powershell".to_owned(), ..facts::Script::default() });
    told(found, scan);
}

fn batch(source: &str, scan: &mut Scan<'_>) {
    let found = shell::batch(source, &mut scan.budget.gaps);
    scan.facts.script = Some(facts::Script { language: "batch".to_owned(), ..facts::Script::default() });
    told(found, scan);
}

fn told(found: shell::Found, scan: &mut Scan<'_>) {
    if let Some(how) = found.hidden {
        scan.find(Id::ScriptObf, "", how);
    }
    for text in found.decoded {
        scan.text(TextKind::Decoded, text, "decoded");
    }
}

/// `.wsf`, `.sct`: XML around scripts.
fn container(source: &str, scan: &mut Scan<'_>) {
    let mut rest = source;
    let mut count = 0;
    while let Some(at) = find_tag(rest) {
        rest = rest.get(at..).unwrap_or_default();
        let Some((tag, behind)) = rest.split_once('>') else { break };
        if !scan.budget.gaps.room(count, SCRIPTS_MAX, "scripts in one file") {
            break;
        }
        let end = behind.to_ascii_lowercase().find("</script").unwrap_or(behind.len());
        let body = behind.get(..end).unwrap_or_default();
        let body = body.trim().trim_start_matches("<![CDATA[").trim_end_matches("]]>");
        count += 1;
        let place = format!("script {count}");
        let plain = encoded::decode(body);
        let body = plain.as_deref().unwrap_or(body);
        if tag.to_ascii_lowercase().contains("vb") {
            vbscript(body, &place, scan);
        } else {
            javascript(body, &place, scan);
        }
        rest = behind.get(end..).unwrap_or_default();
    }
}

fn find_tag(text: &str) -> Option<usize> {
    text.match_indices('<').map(|(at, _)| at).find(|at| {
        text.get(*at + 1..*at + 7).is_some_and(|name| name.eq_ignore_ascii_case("script"))
            && text.as_bytes().get(*at + 7).is_some_and(|b| b.is_ascii_whitespace() || *b == b'>')
    })
}
