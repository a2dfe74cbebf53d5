//! The worker's side: locks itself in, then judges one message after the other until its input ends.

use std::{fs::File, io, os::fd::AsFd, time::Duration};

use sekisho_record::{Record, Submission};

use crate::{
    Error, Judge,
    journal::Opened,
    limits,
    worker::{
        protocol::{self, Judged, Kind},
        sandbox,
    },
    world::Answered,
};

/// What the program that runs the worker adds to it.
pub struct Extras<'a> {
    /// Makes the text that a parent wants besides the verdict.
    pub render: &'a dyn Fn(&Record, &str) -> Option<String>,
    /// Sees the bytes before they are judged; tests misbehave here.
    pub before: &'a dyn Fn(&[u8]),
    /// Bytes of memory that may be taken beyond what is held when the work begins.
    pub memory: u64,
}

/// Locks this process in and serves until its input ends.
///
/// # Errors
/// When the lock cannot be closed, or the parent is gone or speaks nonsense.
pub fn serve(judge: &Judge, extras: &Extras<'_>) -> Result<(), Error> {
    let mut line = Line::open().map_err(lost)?;
    // Whatever is built at its first use is built now, while files may still be read.
    let warm = Submission::from_bytes(b"From: a@a.example\r\nSubject: a\r\n\r\nhttps://a.example/\r\n");
    drop(judge.open(warm).close());
    line.lock_in(extras.memory)?;
    while let Some(kind) = line.read(limits::FRAME_TO_WORKER_MAX).map_err(lost)? {
        if kind != Kind::Submission {
            return Err(lost(io::ErrorKind::InvalidData.into()));
        }
        // The message stays in a buffer of its own while answers are read into the other.
        let content = std::mem::take(&mut line.content);
        let judged = one(judge, extras, &content, &mut line)?;
        protocol::done(&mut line.frame, &judged).map_err(lost)?;
        line.send().map_err(lost)?;
        line.content = content;
        line.rest();
    }
    Ok(())
}

/// Does a task with hostile bytes: gets what is to be done, the bytes, and where to hand pieces of the result; returns
/// the result.
pub type Task<'a> = &'a dyn Fn(&[u8], &[u8], &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<Vec<u8>>;

/// Locks this process in and does one task after the other until its input ends. `memory` as in [`Extras`].
///
/// # Errors
/// When the lock cannot be closed, or the parent is gone or speaks nonsense.
pub fn serve_tasks(task: Task<'_>, memory: u64) -> Result<(), Error> {
    let mut line = Line::open().map_err(lost)?;
    line.lock_in(memory)?;
    while let Some(kind) = line.read(limits::FRAME_OF_TASK_MAX).map_err(lost)? {
        let content = std::mem::take(&mut line.content);
        let (what, bytes) = match (kind, protocol::parts(&content)) {
            (Kind::Task, Some(parts)) => parts,
            _ => return Err(lost(io::ErrorKind::InvalidData.into())),
        };
        let result = task(what, bytes, &mut |piece| line.say(Kind::Piece, piece)).map_err(lost)?;
        let used = cpu_seconds().to_le_bytes();
        line.say(Kind::Done, &[used.as_slice(), &result].concat()).map_err(lost)?;
        line.content = content;
        line.rest();
    }
    Ok(())
}

/// Tells the parent why this worker cannot work.
pub fn refuse(why: &str) {
    if let Ok(mut line) = Line::open() {
        // A parent that is gone needs no reason.
        let _ = line.say(Kind::Refused, why.as_bytes());
    }
}

fn one(judge: &Judge, extras: &Extras<'_>, content: &[u8], line: &mut Line) -> Result<Judged, Error> {
    let received = protocol::received(content).ok_or_else(|| lost(io::ErrorKind::InvalidData.into()))?;
    (extras.before)(received.raw);
    let opened = Opened::new(&received.submission());
    let submission = opened.submission(&received.submission());
    let mut case = judge.open(submission);
    while let Some(ask) = case.ask() {
        protocol::value(&mut line.frame, Kind::Ask, &ask).map_err(lost)?;
        line.send().map_err(lost)?;
        let kind = line.read(limits::FRAME_TO_WORKER_MAX).map_err(lost)?;
        let answered = protocol::of_value::<Answered>(&line.content).filter(|_| kind == Some(Kind::Answers));
        case.answer(answered.ok_or_else(|| lost(io::ErrorKind::InvalidData.into()))?);
    }
    let record = case.close();
    let text = if received.want.is_empty() { None } else { (extras.render)(&record, &received.want) };
    let ruling = received.wish.as_ref().map(|wish| {
        let mut ruling = judge.rule(&submission, &record, wish);
        judge.seal(&submission, &record, wish, &mut ruling, &mut |bytes| line.signature(bytes));
        ruling
    });
    Ok(Judged { cpu_seconds: cpu_seconds(), ..Judged::of(opened.noted(record), text, ruling) })
}

fn lost(error: io::Error) -> Error {
    Error::Worker(format!("the worker lost its parent: {error}"))
}

fn cpu_seconds() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).map_or(0, |time| time.as_secs())
}

/// The line to the parent. Standard output itself would cut frames at line ends.
struct Line {
    from: File,
    to: File,
    frame: Vec<u8>,
    content: Vec<u8>,
}

impl Line {
    fn open() -> io::Result<Self> {
        Ok(Self {
            from: File::from(io::stdin().as_fd().try_clone_to_owned()?),
            to: File::from(io::stdout().as_fd().try_clone_to_owned()?),
            frame: Vec::new(),
            content: Vec::new(),
        })
    }

    fn lock_in(&mut self, memory: u64) -> Result<(), Error> {
        if let Err(error) = sandbox::lock_in(memory) {
            self.say(Kind::Refused, error.to_string().as_bytes()).map_err(lost)?;
            return Err(error);
        }
        self.say(Kind::Ready, &cpu_seconds().to_le_bytes()).map_err(lost)
    }

    fn read(&mut self, max: usize) -> io::Result<Option<Kind>> {
        protocol::read(&mut self.from, &mut self.content, max)
    }

    fn send(&mut self) -> io::Result<()> {
        protocol::write(&mut self.to, &self.frame)
    }

    fn say(&mut self, kind: Kind, content: &[u8]) -> io::Result<()> {
        protocol::begin(&mut self.frame, kind);
        self.frame.extend_from_slice(content);
        protocol::finish(&mut self.frame)?;
        self.send()
    }

    /// Asks for a signature.
    fn signature(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.say(Kind::Sign, bytes).ok()?;
        let kind = self.read(limits::FRAME_TO_WORKER_MAX).ok()?;
        (kind == Some(Kind::Signature) && !self.content.is_empty()).then(|| self.content.clone())
    }

    /// Gives back what one large message needed.
    fn rest(&mut self) {
        self.frame.clear();
        self.frame.shrink_to(limits::BUFFER_KEPT);
        self.content.clear();
        self.content.shrink_to(limits::BUFFER_KEPT);
    }
}
