//! The driver: one queue for all files of a message, parents before children, encrypted files last.

use bytes::Bytes;
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use crate::{
    Budget, Candidate, File, Hints, Id, Relation, Tree, bus, dispatch,
    limits::{DEPTH_MAX, FILES_ANALYSED_MAX, FILES_LISTED_MAX, PASSWORDS_MAX},
    scan::{About, Child, Scan},
    sniff::sniff,
    verdict,
};

/// A file as it was handed in.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// Its name, decoded; empty when it has none.
    pub name: String,
    /// Its declared media type, lower case, without parameters.
    pub declared: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Opens files that came together. `origin` begins every path: `mail`, or nothing for a file from a disk.
#[must_use]
pub fn unpack(origin: &str, inputs: Vec<Input>, hints: &Hints) -> Tree {
    let total = inputs.iter().map(|i| i.bytes.len() as u64).sum();
    let mut walk = Walk {
        hints: hints.clone(),
        budget: Budget::new(total),
        files: Vec::new(),
        queue: Vec::new(),
        locked: Vec::new(),
        analysed: 0,
        sure: hints.passwords.len(),
    };
    let names = inputs.iter().flat_map(|i| bus::passwords::of_name(&i.name)).collect();
    walk.learn(Vec::new(), names);
    for input in inputs.into_iter().rev() {
        let size = input.bytes.len() as u64;
        let child = Child {
            name: input.name,
            bytes: input.bytes,
            declared: input.declared,
            size,
            ..Child::default()
        };
        walk.queue.push(Waiting { child, parent: None, prefix: origin.to_owned(), depth: 0, instead: None });
    }
    walk.run();
    walk.finish()
}

struct Waiting {
    child: Child,
    parent: Option<usize>,
    /// Path of the parent.
    prefix: String,
    depth: u32,
    /// The file that was only listed before a password opened its parent.
    instead: Option<usize>,
}

struct Walk {
    hints: Hints,
    budget: Budget,
    files: Vec<File>,
    /// A stack: children come before the next sibling.
    queue: Vec<Waiting>,
    /// Files that no password opened yet, with the number of passwords there were.
    locked: Vec<(usize, usize)>,
    analysed: usize,
    /// So many of the passwords, from the first, stood beside a word for password.
    sure: usize,
}

impl Walk {
    fn run(&mut self) {
        loop {
            while let Some(waiting) = self.queue.pop() {
                self.take(waiting);
            }
            // What other files said may open what was locked.
            let again: Vec<usize> = {
                let passwords = self.hints.passwords.len();
                let (again, rest) = self.locked.iter().partition(|(_, tried)| *tried < passwords);
                self.locked = rest;
                let again: Vec<(usize, usize)> = again;
                again.into_iter().map(|(index, _)| index).collect()
            };
            if again.is_empty() {
                return;
            }
            for index in again {
                self.analyse(index);
            }
        }
    }

    fn take(&mut self, waiting: Waiting) {
        let Waiting { child, parent, prefix, depth, instead } = waiting;
        if self.files.len() >= FILES_LISTED_MAX && instead.is_none() {
            self.budget.exhausted = true;
            return;
        }
        let shown = if child.name.is_empty() { "(no name)" } else { child.name.as_str() };
        let path = if prefix.is_empty() { shown.to_owned() } else { format!("{prefix} > {shown}") };
        let kind = sniff(&child.bytes, &child.name, child.declared.as_deref());
        let file = File {
            kind,
            path,
            parent,
            depth,
            size: if child.listed_only { child.size } else { child.bytes.len() as u64 },
            sha256: if child.listed_only { String::new() } else { hex(&Sha256::digest(&child.bytes)) },
            name: child.name,
            declared: child.declared,
            relation: child.relation,
            listed_only: child.listed_only,
            hidden: child.hidden,
            bytes: child.bytes,
            ..File::default()
        };
        let index = instead.unwrap_or(self.files.len());
        match self.files.get_mut(index) {
            Some(listed) => *listed = file,
            None => self.files.push(file),
        }
        self.analyse(index);
    }

    fn analyse(&mut self, index: usize) {
        let Some(file) = self.files.get(index) else { return };
        let (bytes, path, depth) = (file.bytes.clone(), file.path.clone(), file.depth);
        let about = About {
            name: file.name.clone(),
            kind: file.kind,
            declared: file.declared.clone(),
            relation: file.relation,
            depth,
        };
        let tried = self.hints.passwords.len();
        let mut scan = Scan::new(about, &self.hints, &mut self.budget);
        dispatch::names(&mut scan, file.listed_only);
        if !file.listed_only {
            if self.analysed >= FILES_ANALYSED_MAX {
                scan.budget.exhausted = true;
            } else {
                self.analysed += 1;
                dispatch::content(&bytes, &mut scan);
                bus::run(&mut scan);
            }
        }
        scan.settle();
        let found = bus::found_passwords(&scan);
        let Scan { about, facts, findings, indicators, children, locked, around, .. } = scan;
        if locked {
            self.locked.push((index, tried));
        }
        if let Some(file) = self.files.get_mut(index) {
            // An analyser knows better than the first look (which OLE, which OOXML).
            file.kind = about.kind;
            file.facts = facts;
            file.findings = findings;
            file.indicators = indicators;
        }
        if let Some(around) = around {
            self.hints.date = self.hints.date.or(around.date);
            self.hints.sender_domain = self.hints.sender_domain.take().or(around.sender_domain);
            if self.hints.recipients.is_empty() {
                self.hints.recipients = around.recipients;
            }
        }
        let names = children.iter().flat_map(|child| bus::passwords::of_name(&child.name));
        let guesses: Vec<_> = found.guesses.into_iter().chain(names).collect();
        self.learn(found.sure, guesses);
        self.enter(index, &path, depth, children);
    }

    /// Passwords that turned up: sure ones are tried before guesses.
    fn learn(&mut self, sure: Vec<Candidate>, guesses: Vec<Candidate>) {
        for (candidate, is_sure) in
            sure.into_iter().map(|c| (c, true)).chain(guesses.into_iter().map(|c| (c, false)))
        {
            let known = self.hints.passwords.iter().any(|c| c.password == candidate.password);
            // One more than are tried: a file that stays locked says that there are.
            if known || self.hints.passwords.len() > PASSWORDS_MAX {
                continue;
            }
            let at = if is_sure { self.sure } else { self.hints.passwords.len() };
            self.sure += usize::from(is_sure);
            self.hints.passwords.insert(at.min(self.hints.passwords.len()), candidate);
        }
    }

    /// Queues children; those that would be too deep are listed only.
    fn enter(&mut self, index: usize, path: &str, depth: u32, children: Vec<Child>) {
        let mut too_deep = false;
        let listed: Vec<usize> = (index + 1..self.files.len())
            .filter(|at| self.files.get(*at).is_some_and(|f| f.parent == Some(index) && f.listed_only))
            .collect();
        let mut again: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for at in listed {
            let name = self.files.get(at).map(|f| f.name.clone()).unwrap_or_default();
            again.entry(name).or_default().push(at);
        }
        for mut child in children.into_iter().rev() {
            let inner = if child.same_depth { depth } else { depth + 1 };
            // The outermost file counts too. The first container that is too many is still opened, so that its names are
            // known; containers in it are not.
            let nested = inner >= DEPTH_MAX && !child.listed_only && nests(&child);
            too_deep |= nested;
            if nested && inner > DEPTH_MAX {
                child.size = child.bytes.len() as u64;
                child.bytes = Bytes::new();
                child.listed_only = true;
            }
            // Members that are known from before a password was found keep their places.
            let instead = again.get_mut(&child.name).and_then(Vec::pop);
            if instead.is_some() && child.listed_only {
                continue;
            }
            self.queue.push(Waiting {
                child,
                parent: Some(index),
                prefix: path.to_owned(),
                depth: inner,
                instead,
            });
        }
        if too_deep && let Some(file) = self.files.get_mut(index) {
            file.findings.push(dispatch::whole(Id::ArcDepth, &format!("more than {DEPTH_MAX} containers")));
        }
    }

    fn finish(mut self) -> Tree {
        dispatch::relations(&mut self.files, &self.hints);
        let mut left_out = self.budget.exhausted;
        for file in &self.files {
            left_out &= !file.findings.iter().any(|f| f.id == Id::ScanIncomplete);
        }
        if left_out && let Some(file) = self.files.first_mut() {
            file.findings
                .push(dispatch::whole(Id::ScanIncomplete, "a limit of the whole message was reached"));
        }
        let verdict = verdict::of(self.files.iter().flat_map(|f| &f.findings));
        Tree { files: self.files, verdict }
    }
}

/// A container again: what is not one may be read at any depth.
fn nests(child: &Child) -> bool {
    use crate::kind::Family;
    let kind = sniff(&child.bytes, &child.name, child.declared.as_deref());
    child.relation != Relation::Part
        && matches!(kind.family(), Family::Archive | Family::DiskImage | Family::Mail)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
