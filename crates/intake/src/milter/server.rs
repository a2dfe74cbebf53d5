//! Sockets, clocks and stopping: drives a [`Session`] for every connection.

use std::{
    io,
    ops::ControlFlow::{self, Break, Continue},
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::BytesMut;
use sekisho_engine::gate::{Arrival, Gatekeeper, Passage};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, UnixListener, UnixStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, interval_at, timeout},
};

use super::{
    Settings,
    codec::{self, command, reply},
    letter::Flight,
    session::{Session, Step},
};
use crate::limits;

/// Where mail servers connect.
#[derive(Debug)]
pub enum Listener {
    /// A port.
    Tcp(TcpListener),
    /// A socket of the file system; it goes when this goes.
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Binds `inet:HOST:PORT` or `unix:/path`; the socket gets this mode, `0o660` say. A socket that nobody listens on
    /// any more is replaced.
    pub async fn bind(address: &str, mode: u32) -> io::Result<Self> {
        if let Some(path) = address.strip_prefix("unix:") {
            return Self::unix(Path::new(path), mode).await;
        }
        let address = address.strip_prefix("inet:").unwrap_or(address);
        Ok(Self::Tcp(TcpListener::bind(address).await?))
    }

    async fn unix(path: &Path, mode: u32) -> io::Result<Self> {
        let old = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
        if old && UnixStream::connect(path).await.is_err() {
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        Ok(Self::Unix(listener, path.to_owned()))
    }

    /// The port, of one that has one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().map(|address| address.port()),
            Self::Unix(..) => None,
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Self::Unix(listener, _) => Box::new(listener.accept().await?.0),
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What all connections share.
struct Shared {
    gatekeeper: Arc<dyn Gatekeeper>,
    settings: Settings,
    flight: Arc<Flight>,
}

/// Serves mail servers until `stop` comes true. Then no connection is taken any more, those without a message end at once,
/// and messages under way get the time of the settings.
pub async fn serve(
    listener: Listener,
    gatekeeper: Arc<dyn Gatekeeper>,
    settings: Settings,
    stop: impl Future<Output = ()>,
) {
    let flight = Flight::new(settings.flight_bytes_max);
    let places = Arc::new(Semaphore::new(settings.connections_max));
    let grace = settings.stop;
    let shared = Arc::new(Shared { gatekeeper, settings, flight });
    let (ending, ended) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(done) = tasks.join_next() => report(done),
            (place, stream) = accepted => match stream {
                Ok(stream) => {
                    let connection = Connection::new(stream, Arc::clone(&shared), ended.clone());
                    tasks.spawn(async move {
                        let _place = place;
                        connection.run().await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "milter: no connection is taken");
                    tokio::time::sleep(Duration::from_millis(limits::MILTER_ACCEPT_REST_MS)).await;
                }
            }
        }
    }
    drop(listener);
    let _ = ending.send(true);
    let rest = async {
        while let Some(done) = tasks.join_next().await {
            report(done);
        }
    };
    if timeout(grace, rest).await.is_err() {
        tracing::warn!("milter: messages under way are given up");
    }
}

/// A connection that panicked took its message with it: the mail server's sender comes again.
fn report(done: Result<(), tokio::task::JoinError>) {
    if let Err(error) = done {
        tracing::error!(%error, "milter: a connection failed");
    }
}

struct Connection {
    stream: Box<dyn Stream>,
    read: BytesMut,
    session: Session,
    shared: Arc<Shared>,
    ending: watch::Receiver<bool>,
    /// When the message under way began.
    since: Option<Instant>,
}

/// How waiting for the gate ended.
enum Waited {
    Passed(Box<Passage>),
    /// The gate took too long.
    Late,
    /// The mail server does not want to know any more: it aborts, or quits.
    Unwanted,
    /// The connection is gone.
    Gone,
}

impl Connection {
    fn new(stream: Box<dyn Stream>, shared: Arc<Shared>, ending: watch::Receiver<bool>) -> Self {
        let session = Session::new(shared.settings.message_bytes_max, Arc::clone(&shared.flight));
        Self { stream, read: BytesMut::new(), session, shared, ending, since: None }
    }

    async fn run(mut self) {
        while self.turn().await.is_continue() {}
    }

    /// One frame and its answer.
    async fn turn(&mut self) -> ControlFlow<()> {
        let step = match codec::take(&mut self.read) {
            Ok(None) => return self.fill().await,
            Ok(Some(frame)) => self.session.step(&frame),
            Err(fault) => Err(fault),
        };
        self.since = if self.session.idle() { None } else { self.since.or_else(|| Some(Instant::now())) };
        match step {
            Ok(Step::Quiet) => Continue(()),
            Ok(Step::Say(bytes)) => self.say(&bytes).await,
            Ok(Step::Judge) => self.judge().await,
            Ok(Step::End) => Break(()),
            Err(fault) => {
                let queue_id = self.session.queue_id();
                tracing::warn!(queue_id, "milter: {}; the connection is closed", fault.says());
                Break(())
            }
        }
    }

    /// Reads some more.
    async fn fill(&mut self) -> ControlFlow<()> {
        let settings = &self.shared.settings;
        let begun = if self.read.is_empty() { settings.idle } else { settings.piece };
        let since = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        let message = Duration::from_secs(limits::MILTER_MESSAGE_SECONDS_MAX).saturating_sub(since);
        let wait = begun.min(message);
        let idle = self.session.idle();
        let missing =
            codec::missing(&self.read).clamp(limits::MILTER_READ_BYTES_MIN, limits::MILTER_READ_BYTES_MAX);
        self.read.reserve(missing);
        let read = tokio::select! {
            biased;
            _ = self.ending.wait_for(|ending| *ending), if idle => return Break(()),
            read = timeout(wait, self.stream.read_buf(&mut self.read)) => read,
        };
        match read {
            Ok(Ok(bytes)) if bytes > 0 => return Continue(()),
            Ok(_) if idle => tracing::debug!("milter: the mail server is gone"),
            Ok(_) => tracing::warn!(queue_id = self.session.queue_id(), "milter: gone within a message"),
            Err(_) => tracing::warn!(queue_id = self.session.queue_id(), "milter: the mail server is silent"),
        }
        Break(())
    }

    /// Sends; each piece has to be taken in time.
    async fn say(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        for piece in bytes.chunks(limits::MILTER_READ_BYTES_MAX) {
            if !matches!(timeout(self.shared.settings.piece, self.stream.write_all(piece)).await, Ok(Ok(())))
            {
                tracing::warn!(queue_id = self.session.queue_id(), "milter: the answer is not read");
                return Break(());
            }
        }
        Continue(())
    }

    /// Has the message judged, and says what became of it.
    async fn judge(&mut self) -> ControlFlow<()> {
        let arrival = self.session.arrival((self.shared.settings.clock)());
        let said = match self.wait(arrival).await {
            Waited::Passed(passage) => self.session.conclude(&passage),
            Waited::Late => self.session.give_up("the gate takes too long"),
            Waited::Unwanted => return Continue(()),
            Waited::Gone => return Break(()),
        };
        self.since = None;
        self.say(&said).await
    }

    /// Waits for the gate, tells the mail server so, and looks whether it still wants to know.
    async fn wait(&mut self, arrival: Arrival) -> Waited {
        let shared = Arc::clone(&self.shared);
        let settings = &shared.settings;
        let mut passage = shared.gatekeeper.pass(arrival);
        let mut progress = interval_at(Instant::now() + settings.progress, settings.progress);
        let mut late = std::pin::pin!(tokio::time::sleep(settings.gate));
        loop {
            let room = self.read.len() < limits::MILTER_READ_BYTES_MAX;
            self.read.reserve(limits::MILTER_READ_BYTES_MIN);
            tokio::select! {
                biased;
                passage = &mut passage => return Waited::Passed(Box::new(passage)),
                () = &mut late => return Waited::Late,
                _ = progress.tick() => {
                    if self.say(&codec::frame(reply::PROGRESS, &[])).await.is_break() {
                        return Waited::Gone;
                    }
                }
                read = self.stream.read_buf(&mut self.read), if room => match read {
                    Ok(bytes) if bytes > 0 => {}
                    _ => {
                        tracing::warn!(queue_id = self.session.queue_id(), "milter: gone before the answer");
                        return Waited::Gone;
                    }
                }
            }
            if matches!(codec::peek(&self.read), Some(command::ABORT | command::QUIT | command::QUIT_NEW)) {
                return Waited::Unwanted;
            }
        }
    }
}
