//! The part of `sekisho unpack` that looks into bytes, and who does it: a worker or this process.

#[cfg(unix)]
use std::{ffi::OsString, io};
use std::{path::PathBuf, time::Instant};

use anyhow::Result;
use bytes::Bytes;
use sekisho_detect::Yara;
#[cfg(unix)]
use sekisho_engine::worker::{
    Recipe,
    child::{Fault, Worker},
    serve::serve_tasks,
};
use sekisho_unpack::{Candidate, Hints, Input, Origin, Secret, Tree, Verdict, unpack};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shown::{Text, as_json};
use crate::cli;

/// What is to be done with a file.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Job {
    /// As results name the file.
    pub(super) path: String,
    /// The file's own name.
    pub(super) name: String,
    /// Passwords to try first.
    pub(super) passwords: Vec<String>,
    /// What macros see as today, in seconds since 1970.
    pub(super) date: Option<i64>,
    /// The result is wanted as JSON.
    pub(super) json: bool,
    /// The text is wanted with colours.
    pub(super) colour: bool,
    /// With the source of macros.
    pub(super) macros: bool,
    /// With the bytes of every file that was inside.
    pub(super) pieces: bool,
}

/// What came of it.
#[derive(Serialize, Deserialize)]
pub(super) struct Outcome {
    /// The verdict.
    pub(super) verdict: Verdict,
    /// For people.
    pub(super) text: String,
    /// As JSON, when that is wanted.
    pub(super) object: Option<Value>,
    /// Kilobytes of memory that it took at most, where the system tells.
    #[serde(skip)]
    pub(super) peak_kb: Option<u64>,
}

/// Gets the SHA-256 of a file that was inside, and its bytes.
type Sink<'a> = &'a mut dyn FnMut(&str, &[u8]);

/// Who opens files.
pub(super) enum Opener {
    /// This process.
    Here(Option<Box<Yara>>),
    /// A worker, started when the first file needs it and again after a fault.
    #[cfg(unix)]
    Apart(Recipe, Option<Box<Worker>>),
}

impl Opener {
    /// As the arguments want it.
    ///
    /// # Errors
    /// When YARA rules are wrong, or this program does not find itself.
    pub(super) fn new(place: cli::Place, yara: &[PathBuf]) -> Result<Self> {
        let rules = self::yara(yara)?;
        #[cfg(unix)]
        if !place.in_process {
            let mut arguments: Vec<OsString> =
                vec!["worker".into(), "--files".into(), format!("--memory={MEMORY}").into()];
            for folder in yara {
                let mut word = OsString::from("--yara=");
                word.push(folder);
                arguments.push(word);
            }
            return Ok(Self::Apart(Recipe::new(std::env::current_exe()?, arguments), None));
        }
        let _ = place;
        Ok(Self::Here(rules.map(Box::new)))
    }

    /// Opens a file; `Err` says why nobody could.
    pub(super) fn open(&mut self, job: &Job, bytes: Vec<u8>, sink: Sink<'_>) -> Result<Outcome, String> {
        match self {
            Self::Here(yara) => {
                let before = Memory::of("self");
                let (mut outcome, tree) = open(job, Bytes::from(bytes), yara.as_deref());
                outcome.peak_kb = before.peak_since();
                for (sha256, bytes) in inner(job, &tree) {
                    sink(sha256, bytes);
                }
                Ok(outcome)
            }
            #[cfg(unix)]
            Self::Apart(recipe, worker) => {
                let result = apart(recipe, worker, job, &bytes, sink);
                result.map_err(|fault| fault.detail_of("the file could not be opened"))
            }
        }
    }
}

/// Bytes of memory that a worker may take for a file: eight times the largest, and 64 MiB.
const MEMORY: u64 = (8 * 256 + 64) << 20;

#[cfg(unix)]
fn apart(
    recipe: &Recipe,
    kept: &mut Option<Box<Worker>>,
    job: &Job,
    bytes: &[u8],
    sink: Sink<'_>,
) -> Result<Outcome, Fault> {
    let nonsense = || Fault::Failed("the worker spoke nonsense".to_owned());
    let what = serde_json::to_vec(job).map_err(|error| Fault::Failed(error.to_string()))?;
    let mut worker = match kept.take() {
        Some(worker) => worker,
        None => Box::new(Worker::start(recipe)?),
    };
    let before = Memory::of(&worker.id().to_string());
    let mut understood = true;
    let result = worker.task(&what, bytes, &mut |piece| {
        let parts = piece.split_at_checked(SHA256_CHARS);
        match parts.and_then(|(name, bytes)| Some((std::str::from_utf8(name).ok()?, bytes))) {
            Some((name, bytes)) => sink(name, bytes),
            None => understood = false,
        }
    })?;
    let mut outcome: Outcome = serde_json::from_slice(&result).map_err(|_| nonsense())?;
    if !understood {
        return Err(nonsense());
    }
    outcome.peak_kb = before.peak_since();
    *kept = Some(worker);
    Ok(outcome)
}

/// `sekisho worker --files`: opens what the parent sends until its input ends.
///
/// # Errors
/// When this process cannot be locked in, or its parent is gone.
#[cfg(unix)]
pub(crate) fn serve(memory: u64, folders: &[PathBuf], before: &dyn Fn(&[u8])) -> Result<()> {
    let yara = self::yara(folders)?;
    let task = |what: &[u8], bytes: &[u8], piece: &mut dyn FnMut(&[u8]) -> io::Result<()>| {
        before(bytes);
        let job: Job = serde_json::from_slice(what)?;
        let (outcome, tree) = open(&job, Bytes::copy_from_slice(bytes), yara.as_ref());
        for (sha256, bytes) in inner(&job, &tree) {
            piece(&[sha256.as_bytes(), bytes].concat())?;
        }
        Ok(serde_json::to_vec(&outcome)?)
    };
    Ok(serve_tasks(&task, memory)?)
}

const SHA256_CHARS: usize = 64;

/// The files that were inside, when they are wanted.
fn inner<'a>(job: &Job, tree: &'a Tree) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    let files = if job.pieces { tree.files.as_slice() } else { &[] };
    let opened = files.iter().filter(|f| f.parent.is_some() && !f.listed_only && !f.bytes.is_empty());
    opened.map(|f| (f.sha256.as_str(), f.bytes.as_ref()))
}

/// The YARA rules, when folders are named.
fn yara(folders: &[PathBuf]) -> Result<Option<Yara>> {
    if folders.is_empty() {
        return Ok(None);
    }
    Ok(Some(Yara::read(folders)?))
}

/// Does the work.
fn open(job: &Job, bytes: Bytes, yara: Option<&Yara>) -> (Outcome, Tree) {
    let passwords = job.passwords.iter();
    let passwords =
        passwords.map(|p| Candidate { password: Secret::new(p.as_str()), origin: Origin::Body }).collect();
    let hints = Hints { passwords, date: job.date, ..Hints::default() };
    let start = Instant::now();
    let tree = unpack("", vec![Input { name: job.name.clone(), declared: None, bytes }], &hints);
    // One thread that never waits: the time on the clock is processor time.
    let cpu_ms = start.elapsed().as_secs_f64() * 1000.0;
    let (text, object) = if job.json {
        (String::new(), Some(as_json(&job.path, &tree, yara, cpu_ms)))
    } else {
        (Text { colour: job.colour }.render(&job.path, &tree, yara, job.macros), None)
    };
    (Outcome { verdict: tree.verdict, text, object, peak_kb: None }, tree)
}

/// Memory of a process before the work.
struct Memory {
    process: String,
    before: Option<u64>,
}

impl Memory {
    /// Reads what a process holds, and lets its peak begin anew; where the system cannot, that of its whole life stays.
    fn of(process: &str) -> Self {
        let before = kilobytes(process, "VmRSS:");
        let _ = std::fs::write(format!("/proc/{process}/clear_refs"), "5");
        Self { process: process.to_owned(), before }
    }

    /// Kilobytes by which the peak was above what was held before.
    fn peak_since(&self) -> Option<u64> {
        let peak = kilobytes(&self.process, "VmHWM:")?;
        Some(peak.saturating_sub(self.before?))
    }
}

/// Kilobytes of a process by their name in `/proc/PID/status`; `None` where there is no such file.
fn kilobytes(process: &str, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|l| l.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
