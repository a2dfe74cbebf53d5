//! The parent's side of one worker: starts it, talks to it against a clock, and tells how it ended.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::process::ExitStatusExt as _,
    },
    path::PathBuf,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::Signal,
};
use sekisho_policy::Wish;
use sekisho_record::{Submission, history::Lesson};

use crate::{
    gate::SPANS,
    limits,
    seal::Marks,
    worker::protocol::{self, HEAD, Judged, Kind},
    world::{Answering, Ask, Exchange},
};

/// How to start a worker, and what one message may cost it.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The program: as a rule this one.
    pub program: PathBuf,
    /// What it is called in the list of processes, where that is not the program's path.
    pub name: Option<OsString>,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Wall time for one message, without waiting for answers.
    pub deadline: Duration,
    /// Pass on what workers write to their standard error.
    pub loud: bool,
    /// What their changes are known by.
    pub marks: Marks,
}

impl Recipe {
    /// A recipe with the usual limits.
    pub fn new(program: PathBuf, arguments: Vec<OsString>) -> Self {
        let (deadline, marks) = (limits::WORKER_DEADLINE, Marks::default());
        Self { program, name: None, arguments, deadline, loud: false, marks }
    }

    /// The program that this process runs, also when its file was replaced meanwhile: an upgrade must not mix a parent
    /// with workers of another version.
    ///
    /// # Errors
    /// When the system does not say what this process runs.
    pub fn of_this_program(arguments: Vec<OsString>) -> io::Result<Self> {
        let running = PathBuf::from("/proc/self/exe");
        if cfg!(target_os = "linux") && running.exists() {
            return Ok(Self { name: std::env::args_os().next(), ..Self::new(running, arguments) });
        }
        Ok(Self::new(std::env::current_exe()?, arguments))
    }
}

/// Why a worker gave no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It was not done in time.
    TimedOut,
    /// It took more memory or processor time than it may.
    OverLimit(&'static str),
    /// It crashed, could not be started, or spoke nonsense.
    Failed(String),
    /// It says itself that it cannot work: configuration or rules are wrong.
    Refused(String),
}

impl Fault {
    /// The reason that a gap names.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::OverLimit(_) => "over_limit",
            Self::Failed(_) | Self::Refused(_) => "failed",
        }
    }

    /// For a person.
    pub fn detail(&self) -> String {
        self.detail_of("the message could not be judged")
    }

    /// For a person, where something else was to be done, which `failed` says.
    pub fn detail_of(&self, failed: &str) -> String {
        match self {
            Self::TimedOut => format!("{failed} in time"),
            Self::OverLimit(what) => format!("{failed} within the limit of {what}"),
            Self::Failed(why) => format!("{failed}: {why}"),
            Self::Refused(why) => why.clone(),
        }
    }
}

/// A running worker. Dropping it ends it.
pub struct Worker {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    errors: Option<ChildStderr>,
    loud: bool,
    marks: Marks,
    deadline: Duration,
    frame: Vec<u8>,
    got: Vec<u8>,
    /// What was read behind a piece: the next frame's beginning.
    ahead: Vec<u8>,
    chunk: Box<[u8]>,
    /// The end of what it wrote to its standard error.
    said: Vec<u8>,
    /// Processor seconds after which the kernel stops it.
    cpu_limit: u64,
}

/// Bytes that are read at once: what a pipe holds.
const CHUNK: usize = 64 << 10;
/// Standard error of a worker whose program was out of memory says so in these words.
const OUT_OF_MEMORY: &str = "memory allocation of";

impl Worker {
    /// Starts a worker and waits until it is locked in.
    ///
    /// # Errors
    /// When it cannot be started, refuses, or does not get ready in time.
    pub fn start(recipe: &Recipe) -> Result<Self, Fault> {
        let failed = |error: io::Error| Fault::Failed(format!("a worker could not be started: {error}"));
        let mut command = Command::new(&recipe.program);
        if let Some(name) = &recipe.name {
            std::os::unix::process::CommandExt::arg0(&mut command, name);
        }
        command.args(&recipe.arguments).env_clear();
        // Nothing of the environment concerns a worker, except what it is to log.
        command.envs(std::env::var_os("SEKISHO_LOG").map(|value| ("SEKISHO_LOG", value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let (Some(to), Some(from), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        let mut worker = Self {
            child,
            to,
            from,
            errors: Some(errors),
            loud: recipe.loud,
            marks: recipe.marks.clone(),
            deadline: recipe.deadline,
            frame: Vec::new(),
            got: Vec::new(),
            ahead: Vec::new(),
            chunk: vec![0; CHUNK].into_boxed_slice(),
            said: Vec::new(),
            cpu_limit: 0,
        };
        for end in [worker.to.as_fd(), worker.from.as_fd()] {
            rustix::io::ioctl_fionbio(end, true).map_err(|error| failed(error.into()))?;
        }
        if let Some(errors) = &worker.errors {
            rustix::io::ioctl_fionbio(errors, true).map_err(|error| failed(error.into()))?;
        }
        let ready = worker.receive(Instant::now() + limits::WORKER_START);
        match ready.map_err(|fault| worker.autopsy(fault))? {
            (Kind::Ready, content) => {
                let used = content.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
                worker.limit_cpu(used);
                Ok(worker)
            }
            (Kind::Refused, content) => Err(Fault::Refused(String::from_utf8_lossy(&content).into_owned())),
            _ => Err(nonsense()),
        }
    }

    /// It still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Process id, for tests and logs.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has a message judged and, where there is a wish, decided about. After a fault this worker is of no more use.
    ///
    /// # Errors
    /// When the worker does not give a result within its limits.
    pub fn judge(
        &mut self,
        submission: &Submission<'_>,
        want: &str,
        wish: Option<&Wish>,
        by: &dyn Answering,
    ) -> Result<Judged, Fault> {
        self.dialogue(submission, want, wish, by).map_err(|fault| self.autopsy(fault))
    }

    /// Has a task done; `piece` gets the parts of the result that come before it. After a fault this worker is of no
    /// more use.
    ///
    /// # Errors
    /// When the worker does not give a result within its limits.
    pub fn task(
        &mut self,
        what: &[u8],
        content: &[u8],
        piece: &mut dyn FnMut(&[u8]),
    ) -> Result<Vec<u8>, Fault> {
        self.task_dialogue(what, content, piece).map_err(|fault| self.autopsy(fault))
    }

    fn task_dialogue(
        &mut self,
        what: &[u8],
        content: &[u8],
        piece: &mut dyn FnMut(&[u8]),
    ) -> Result<Vec<u8>, Fault> {
        protocol::task(&mut self.frame, what, content).map_err(|error| Fault::Failed(error.to_string()))?;
        let end = Instant::now() + self.deadline;
        self.send(end)?;
        for _ in 0..=limits::PIECES_MAX {
            match self.receive(end)? {
                (Kind::Piece, content) => piece(&content),
                (Kind::Done, content) => {
                    let (used, result) = content.split_first_chunk::<8>().ok_or_else(nonsense)?;
                    self.limit_cpu(u64::from_le_bytes(*used));
                    let result = result.to_vec();
                    self.rest(content);
                    return Ok(result);
                }
                _ => return Err(nonsense()),
            }
        }
        Err(nonsense())
    }

    fn dialogue(
        &mut self,
        submission: &Submission<'_>,
        want: &str,
        wish: Option<&Wish>,
        by: &dyn Answering,
    ) -> Result<Judged, Fault> {
        let unsendable = |error: io::Error| Fault::Failed(error.to_string());
        // The parser looks at no more than this.
        let most = submission.raw.len().min(sekisho_mail::limits::MESSAGE_BYTES_MAX + 1);
        let cut = Submission { raw: submission.raw.get(..most).unwrap_or_default(), ..*submission };
        let wish = wish.map(|wish| self.marks.wish(wish));
        protocol::submission(&mut self.frame, &cut, want, wish.as_ref()).map_err(unsendable)?;
        let mut end = Instant::now() + self.deadline;
        let mut left = by.patience();
        let mut asked = Vec::new();
        self.send(end)?;
        // Rounds about papers, one about history, signatures, the result.
        let mut seals = if wish.is_some() { limits::SEALS_ASKED_MAX } else { 0 };
        for _ in 0..=limits::ROUNDS_MAX + 1 + limits::SEALS_ASKED_MAX {
            match self.receive(end)? {
                (Kind::Done, content) => {
                    let mut judged = protocol::judged(&content, !want.is_empty()).ok_or_else(nonsense)?;
                    judged.asked = asked;
                    judged.lesson = judged.lesson.take().and_then(|lesson| signed(lesson, submission));
                    self.limit_cpu(judged.cpu_seconds);
                    self.rest(content);
                    return Ok(judged);
                }
                (Kind::Ask, content) => {
                    let ask = protocol::of_value::<Ask>(&content).ok_or_else(nonsense)?;
                    let before = Instant::now();
                    let asking = asking(&ask).entered();
                    let answered = by.answer(&ask, &mut left);
                    drop(asking);
                    end += before.elapsed();
                    protocol::value(&mut self.frame, Kind::Answers, &answered).map_err(unsendable)?;
                    asked.push(Exchange { ask, answered });
                    self.send(end)?;
                }
                (Kind::Sign, content) if seals > 0 => {
                    seals -= 1;
                    let signature = self.marks.sign(&content).unwrap_or_default();
                    protocol::begin(&mut self.frame, Kind::Signature);
                    self.frame.extend_from_slice(&signature);
                    protocol::finish(&mut self.frame).map_err(unsendable)?;
                    self.send(end)?;
                }
                _ => return Err(nonsense()),
            }
        }
        Err(nonsense())
    }

    /// Sends the frame. A worker that does not read cannot hold the parent up longer than the deadline.
    fn send(&mut self, end: Instant) -> Result<(), Fault> {
        let mut sent = 0;
        while let Some(rest) = self.frame.get(sent..).filter(|rest| !rest.is_empty()) {
            match self.to.write(rest) {
                Ok(0) => return Err(gone()),
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(false, end)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(gone()),
            }
        }
        Ok(())
    }

    /// Waits for one frame and nothing behind it, unless it is a piece: the sides speak in turn.
    fn receive(&mut self, end: Instant) -> Result<(Kind, Vec<u8>), Fault> {
        self.got.clear();
        self.got.append(&mut self.ahead);
        loop {
            if let Some(bytes) = self.got.first_chunk::<HEAD>() {
                let (kind, length) =
                    protocol::head(*bytes, limits::FRAME_FROM_WORKER_MAX).ok_or_else(nonsense)?;
                if self.got.len() > HEAD + length {
                    if kind != Kind::Piece {
                        return Err(nonsense());
                    }
                    self.ahead = self.got.split_off(HEAD + length);
                }
                if self.got.len() == HEAD + length {
                    let mut content = std::mem::take(&mut self.got);
                    content.drain(..HEAD);
                    return Ok((kind, content));
                }
            }
            match self.from.read(&mut self.chunk) {
                Ok(0) => return Err(gone()),
                Ok(count) => self.got.extend_from_slice(self.chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(true, end)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(gone()),
            }
        }
    }

    /// Waits until the worker can be read (or written to), and reads its standard error meanwhile.
    fn wait(&mut self, to_read: bool, end: Instant) -> Result<(), Fault> {
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::TimedOut);
            }
            let line: BorrowedFd<'_> = if to_read { self.from.as_fd() } else { self.to.as_fd() };
            let wanted = if to_read { PollFlags::IN } else { PollFlags::OUT };
            let mut ends = [PollFd::from_borrowed_fd(line, wanted), PollFd::from_borrowed_fd(line, wanted)];
            let watched = match &self.errors {
                Some(errors) => {
                    ends[1] = PollFd::new(errors, PollFlags::IN);
                    2
                }
                None => 1,
            };
            let patience =
                Timespec { tv_sec: left.as_secs().min(3600) as i64, tv_nsec: left.subsec_nanos().into() };
            match poll(ends.get_mut(..watched).unwrap_or_default(), Some(&patience)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(Fault::Failed(error.to_string())),
            }
            let (on_line, on_errors) =
                (!ends[0].revents().is_empty(), watched == 2 && !ends[1].revents().is_empty());
            if on_errors {
                self.listen();
            }
            if on_line {
                return Ok(());
            }
        }
    }

    /// Reads what there is of the worker's standard error.
    fn listen(&mut self) {
        let Some(errors) = &mut self.errors else { return };
        let mut bytes = [0u8; 4096];
        loop {
            match errors.read(&mut bytes) {
                Ok(count @ 1..) => {
                    let new = bytes.get(..count).unwrap_or_default();
                    if self.loud {
                        // Whoever closed our standard error does not want it.
                        let _ = io::stderr().write_all(new);
                    }
                    self.said.extend_from_slice(new);
                    let old = self.said.len().saturating_sub(limits::WORKER_STDERR_KEPT);
                    self.said.drain(..old);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => {
                    self.errors = None;
                    return;
                }
            }
        }
    }

    /// Ends the worker and, where it ended by itself, finds out of what.
    fn autopsy(&mut self, fault: Fault) -> Fault {
        // A process that is ending already keeps the status it ends with.
        let _ = self.child.kill();
        let status = self.child.wait();
        self.listen();
        let said = String::from_utf8_lossy(&self.said).into_owned();
        tracing::debug!(?fault, ?status, said, "a worker was ended");
        match (fault, status) {
            (Fault::Failed(why), Ok(status)) if why == GONE => cause(status, &said),
            (fault, _) => fault,
        }
    }

    /// Gives the next message the same processor time as the first. What the worker says it has used can only be too
    /// little, to its own harm, or too much, and then the deadline ends it.
    fn limit_cpu(&mut self, used: u64) {
        let limit = used.saturating_add(limits::WORKER_CPU_SECONDS);
        if limit <= self.cpu_limit {
            return;
        }
        self.cpu_limit = limit;
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
            let maximum = getrlimit(Resource::Cpu).maximum;
            let limit = Rlimit { current: Some(limit), maximum };
            let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
            if let Err(error) = prlimit(pid, Resource::Cpu, limit) {
                tracing::debug!(%error, "processor time of a worker is not limited");
            }
        }
    }

    /// Gives back what one large message needed.
    fn rest(&mut self, mut content: Vec<u8>) {
        content.clear();
        content.shrink_to(limits::BUFFER_KEPT);
        self.got = content;
        self.frame.clear();
        self.frame.shrink_to(limits::BUFFER_KEPT);
    }
}

/// What is waited for.
fn asking(ask: &Ask) -> tracing::Span {
    match ask.history {
        Some(_) => tracing::info_span!(target: SPANS, "recall"),
        None => {
            let names = ask.txt.len() + ask.exists.len() + usize::from(ask.spf.is_some());
            tracing::info_span!(target: SPANS, "ask", names)
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Stands for a worker that ended by itself until the autopsy tells why.
const GONE: &str = "the worker is gone";

/// A lesson under the name and the time that its submission was given, whatever the worker wrote there: it may teach
/// for no other message.
fn signed(lesson: Lesson, submission: &Submission<'_>) -> Option<Lesson> {
    let record = submission.record.to_owned();
    let at = submission.at.unwrap_or(lesson.at);
    (!record.is_empty()).then_some(Lesson { record, at, ..lesson })
}

fn gone() -> Fault {
    Fault::Failed(GONE.to_owned())
}

fn nonsense() -> Fault {
    Fault::Failed("the worker spoke nonsense".to_owned())
}

fn cause(status: ExitStatus, said: &str) -> Fault {
    match status.signal() {
        Some(signal) if signal == Signal::XCPU.as_raw() => Fault::OverLimit("processor time"),
        Some(_) if said.contains(OUT_OF_MEMORY) => Fault::OverLimit("memory"),
        Some(signal) => Fault::Failed(format!("the worker crashed (signal {signal})")),
        None => Fault::Failed(format!("the worker ended ({status})")),
    }
}
