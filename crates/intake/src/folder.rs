//! Folders that are watched: a Maildir whose messages are judged once, or a folder into which somebody drops files.
//!
//! They are looked at again and again ([`Settings::poll`]) rather than waited on: that works on every file system, also on
//! those of a network, and misses nothing that came while nobody looked.
//!
//! * **Maildir.** Files of `new` and `cur`, each once by its unique name; a name is remembered in a file of ours when its
//!   record is durable, nothing in the Maildir is changed. What lies there at the first start is left alone, unless
//!   [`Settings::existing`].
//! * **Drop.** Every file of the folder that has not changed for [`Settings::settle`]; names that begin with a dot or end
//!   with `.part` or `.tmp` are somebody's who still writes. A judged file is moved to `done/` and its verdict lies beside
//!   it as `NAME.json`; a file that cannot be judged is moved to `failed/`, and the JSON says why.
//!
//! A record is named by what the message is, so whoever is killed in between and judges a file again has it learnt once. A
//! file whose record is not durable stays where it is and is tried again.

use std::{future::Future, io, path::PathBuf, sync::Arc, time::Duration};

use sekisho_engine::{Arrival, Gatekeeper, Passage};

use crate::{limits, mailbox};

mod drop;
mod maildir;

/// What kind of folder it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Maildir.
    Maildir,
    /// A folder of files, one message each.
    Drop,
}

/// Which folder, and what is done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder.
    pub path: PathBuf,
    /// What kind it is.
    pub kind: Kind,
    /// Its messages are journal reports.
    pub report: bool,
    /// What is in a Maildir at the first start is judged, too.
    pub existing: bool,
    /// The file in which is kept what was judged; its folder exists.
    pub memory: PathBuf,
    /// Bytes of a file.
    pub message_bytes_max: u64,
    /// How often it is looked.
    pub poll: Duration,
    /// For how long a dropped file must not have changed.
    pub settle: Duration,
    /// What time it is, seconds since 1970.
    pub clock: fn() -> i64,
}

impl Settings {
    /// A folder with the usual limits.
    pub fn new(path: impl Into<PathBuf>, kind: Kind, memory: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            kind,
            report: false,
            existing: false,
            memory: memory.into(),
            message_bytes_max: limits::FOLDER_FILE_BYTES_MAX,
            poll: Duration::from_secs(limits::FOLDER_POLL_SECONDS),
            settle: Duration::from_secs(limits::FOLDER_SETTLE_SECONDS),
            clock: crate::now,
        }
    }
}

/// Watches until `stop` is ready. A file that is being judged then is judged to its end.
pub async fn watch(settings: Settings, gate: Arc<dyn Gatekeeper>, stop: impl Future<Output = ()>) {
    let (stopping, stopped) = tokio::sync::watch::channel(false);
    let mut task = tokio::spawn(looked(Arc::new(settings), gate, stopped));
    tokio::select! {
        _ = &mut task => {}
        () = stop => {
            let _ = stopping.send(true);
            // It has no result.
            let _ = task.await;
        }
    }
}

async fn looked(
    settings: Arc<Settings>,
    gate: Arc<dyn Gatekeeper>,
    mut stopped: tokio::sync::watch::Receiver<bool>,
) {
    let work = Work { settings: Arc::clone(&settings), gate, stopped: stopped.clone() };
    let mut memory = None;
    let mut quiet = false;
    loop {
        let looked = match settings.kind {
            Kind::Maildir => maildir::look(&work, &mut memory).await,
            Kind::Drop => drop::look(&work).await,
        };
        match looked {
            Ok(()) => quiet = false,
            // The same every second would fill the log.
            Err(error) if quiet => tracing::debug!(%error, folder = %settings.path.display(), "folder"),
            Err(error) => {
                tracing::error!(%error, folder = %settings.path.display(), "folder");
                metrics::counter!("sekisho_folder_troubles_total").increment(1);
                quiet = true;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(settings.poll) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// What looking needs.
struct Work {
    settings: Arc<Settings>,
    gate: Arc<dyn Gatekeeper>,
    stopped: tokio::sync::watch::Receiver<bool>,
}

impl Work {
    fn is_over(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Has a message judged; an error when its record is not durable.
    async fn judged(&self, raw: Vec<u8>, salt: &str) -> io::Result<Passage> {
        let arrival = Arrival {
            record: Some(mailbox::name(salt, &raw)),
            raw: raw.into(),
            intake: "folder",
            at: (self.settings.clock)(),
            delivered: true,
            journal: self.settings.report,
            ..Arrival::default()
        };
        let passage = self.gate.pass(arrival).await;
        if passage.recorded {
            return Ok(passage);
        }
        Err(io::Error::other("a message could not be recorded; it is tried again"))
    }
}

/// The bytes of a file within the limit; in words why not.
fn read(path: &std::path::Path, max: u64) -> io::Result<Result<Vec<u8>, String>> {
    use std::io::Read as _;
    let mut raw = Vec::new();
    std::fs::File::open(path)?.take(max.saturating_add(1)).read_to_end(&mut raw)?;
    if raw.len() as u64 > max {
        return Ok(Err(format!("it is larger than {max} bytes")));
    }
    Ok(Ok(raw))
}

/// Does something with files beside the threads that serve others.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
