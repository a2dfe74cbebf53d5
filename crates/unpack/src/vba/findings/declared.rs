//! Declared functions for memory, threads and callbacks: what it takes to run code that no file holds.

use super::Seen;
use crate::{Derived, Id, IndicatorKind, Severity, scan::Scan};

/// A set of them that is whole weighs most; one alone hardly anything.
pub(super) fn report(seen: &Seen<'_>, scan: &mut Scan<'_>) {
    let (mut alloc, mut copy, mut run, mut strong) = (None, None, None, false);
    let mut names: Vec<&str> = Vec::new();
    for declare in &seen.program.declares {
        let name = declare.function.to_ascii_lowercase();
        let plain = name.trim_end_matches(['a', 'w']);
        let place = (declare.module, declare.line);
        let memory = match plain {
            "virtualalloc"
            | "virtualallocex"
            | "heapcreate"
            | "heapalloc"
            | "ntallocatevirtualmemory"
            | "virtualprotect"
            | "virtualprotectex"
            | "zwallocatevirtualmemory"
            | "globalalloc_" => {
                alloc.get_or_insert(place);
                true
            }
            "rtlmovememory"
            | "rtlcopymemory"
            | "writeprocessmemory"
            | "ntwritevirtualmemory"
            | "zwwritevirtualmemory"
            | "copymemory" => {
                copy.get_or_insert(place);
                plain != "rtlmovememory" && plain != "copymemory"
            }
            "createthread"
            | "createremotethread"
            | "queueuserapc"
            | "ntcreatethreadex"
            | "setthreadcontext"
            | "resumethread"
            | "createtimerqueuetimer"
            | "dispcallfunc"
            | "enumsystemlocales"
            | "enumsystemlanguagegroups"
            | "enumdateformats"
            | "enumresourcetypes"
            | "enumchildwindows"
            | "graystring"
            | "enumtimeformats"
            | "enumuilanguages" => {
                run.get_or_insert(place);
                strong |= plain != "enumchildwindows";
                plain != "enumchildwindows"
            }
            "callwindowproc" | "settimer" => {
                run.get_or_insert(place);
                false
            }
            _ => false,
        };
        if memory {
            names.push(&declare.function);
            scan.indicate(IndicatorKind::Api, &*declare.function, seen.place(declare.module, declare.line));
            scan.indicate(IndicatorKind::Dll, &*declare.library, seen.place(declare.module, declare.line));
        }
    }
    if names.is_empty() {
        return;
    }
    names.truncate(12);
    let names = names.join(", ");
    let (module, line) = alloc.or(copy).or(run).unwrap_or_default();
    scan.find(Id::VbaDeclareApi, seen.place(module, line), &names);
    if alloc.is_some() && copy.is_some() && run.is_some() {
        // Add-ins that catch window messages have such a set as well; they start no thread.
        let severity = if strong || seen.automatic() { Severity::Critical } else { Severity::High };
        scan.find_as(Id::VbaInject, severity, Derived::Static, seen.place(module, line), &names);
    }
}
