//! Calls of library functions: what they download, start, drop or load.

use super::{Report, rest, urls, words};
use crate::{Id, IndicatorKind, Severity, xlm::machine::event::Event};

/// What a function is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Download,
    Start,
    Folder,
    Harmless,
    Other,
}

fn use_of(dll: &str, api: &str) -> Use {
    let api = api.to_ascii_lowercase();
    let dll = dll.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|p| api.contains(p));
    if has(&[
        "urldownload",
        "internetopenurl",
        "urlopen",
        "httpopenrequest",
        "httpsendrequest",
        "internetconnect",
    ]) || dll.contains("winhttp")
        || dll.contains("urlmon") && !api.is_empty()
    {
        Use::Download
    } else if has(&["shellexecute", "winexec", "createprocess", "shell_"]) {
        Use::Start
    } else if has(&["createdirectory", "shcreatedirectory"]) {
        Use::Folder
    } else if has(&[
        "tickcount",
        "getsystemmetrics",
        "findwindow",
        "getwindow",
        "messagebox",
        "sleep",
        "getdc",
    ]) || dll.starts_with("xlcall")
    {
        Use::Harmless
    } else {
        Use::Other
    }
}

/// Whether a function takes memory (0), fills it (1) or runs it (2).
pub(super) fn memory_role(api: &str) -> Option<usize> {
    let api = api.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|p| api.contains(p));
    if has(&["virtualalloc", "heapcreate", "ntallocate", "zwallocate", "virtualprotect"]) {
        Some(0)
    } else if has(&["rtlmovememory", "rtlcopymemory", "writeprocessmemory", "ntwritevirtual", "memcpy"]) {
        Some(1)
    } else if has(&[
        "createthread",
        "createremotethread",
        "queueuserapc",
        "enumsystem",
        "enumwindows",
        "setthreadcontext",
    ]) {
        Some(2)
    } else {
        None
    }
}

/// `CALL`, or a function that was registered.
pub(super) fn call<'b>(report: &mut Report<'b, '_, 'b>, event: &'b Event) {
    let (dll, api, types) = (event.arg(0), event.arg(1), event.arg(2));
    let kind = use_of(dll, api);
    let evidence = shown(event);
    let severity =
        if kind == Use::Harmless && !report.outcome.auto { Severity::Medium } else { Severity::High };
    report.find(Id::XlmCallDll, severity, event, &evidence);
    names(report, event, dll, api);
    report.facts.types.push(types);
    let mut addressed = false;
    for arg in rest(event, 3) {
        report.decoded(event, arg);
        for url in urls(arg) {
            addressed = true;
            let place = report.place(event.pos);
            report.scan.indicate(IndicatorKind::Url, url, place.clone());
            report.facts.urls.push(url);
            // More than an address: the whole of it matters as well.
            if url.len() < arg.len() {
                report.scan.indicate(IndicatorKind::String, arg, place);
            }
        }
    }
    match kind {
        Use::Download => download(report, event, &evidence),
        Use::Start => start(report, event, addressed, &evidence),
        Use::Folder => report.facts.folders.push(event.arg(3)),
        _ => {}
    }
    if kind != Use::Start {
        for arg in rest(event, 3) {
            report.lolbin(event, arg);
        }
    }
}

/// `REGISTER`.
pub(super) fn register<'b>(report: &mut Report<'b, '_, 'b>, event: &'b Event) {
    let (dll, api, types) = (event.arg(0), event.arg(1), event.arg(2));
    let kind = use_of(dll, api);
    let severity =
        if kind == Use::Harmless && !report.outcome.auto { Severity::Medium } else { Severity::High };
    report.find(Id::XlmRegister, severity, event, &shown(event));
    names(report, event, dll, api);
    report.facts.types.push(types);
}

fn names(report: &mut Report<'_, '_, '_>, event: &Event, dll: &str, api: &str) {
    let known =
        |text: &str| !text.is_empty() && text.len() < 200 && !text.contains('?') && !text.starts_with('#');
    let place = report.place(event.pos);
    if known(dll) {
        report.scan.indicate(IndicatorKind::Dll, dll, place.clone());
    }
    if known(api) {
        report.scan.indicate(IndicatorKind::Api, api, place);
    }
}

fn shown(event: &Event) -> String {
    event.args.join(" ")
}

fn download<'b>(report: &mut Report<'b, '_, 'b>, event: &'b Event, evidence: &str) {
    report.find(Id::XlmDownload, Severity::Critical, event, evidence);
    // URLDownloadToFile(caller, address, path, …): the path stands behind the address.
    let args = rest(event, 3);
    let at = args.iter().position(|a| super::is_url(a)).unwrap_or(1);
    let Some(path) = args.get(at + 1).filter(|p| is_path(p)) else { return };
    let place = report.place(event.pos);
    report.scan.indicate(IndicatorKind::DropPath, path, place);
    report.facts.drops.push(path);
}

fn is_path(text: &str) -> bool {
    text.len() > 2
        && !text.starts_with('#')
        && text.contains(['.', '\\', '/'])
        && text.chars().any(char::is_alphabetic)
}

fn start<'b>(report: &mut Report<'b, '_, 'b>, event: &'b Event, addressed: bool, evidence: &str) {
    // ShellExecute(window, verb, file, arguments, folder, show); CreateProcess(file, command line, …).
    let api = event.arg(1).to_ascii_lowercase();
    let args = rest(event, 3);
    let part = |i: usize| args.get(i).map_or("", |a| a).trim();
    let parts: Vec<&str> =
        if api.contains("shellexecute") { vec![part(2), part(3)] } else { vec![part(0), part(1)] };
    let parts: Vec<&str> =
        parts.into_iter().filter(|p| !p.is_empty() && !p.bytes().all(|b| b.is_ascii_digit())).collect();
    let command = parts.join(" ");
    report.exec(event, if command.is_empty() { evidence } else { &command });
    if addressed && !report.scan.findings.iter().any(|f| f.id == Id::XlmDownload && f.evidence == command) {
        report.find(Id::XlmDownload, Severity::Critical, event, evidence);
    }
    if words::system_program(&command).is_none() {
        report.lolbin(event, evidence);
    }
}
