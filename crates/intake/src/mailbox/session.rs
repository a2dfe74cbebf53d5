//! One connection to the server: the few commands that a watcher needs, each within its time.

use std::{fmt, time::Duration};

use async_imap::{
    Client,
    types::{Fetch, UnsolicitedResponse},
};
use futures_util::TryStreamExt as _;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{KEYWORD, Settings, Tls};
use crate::limits;

/// Why a connection came to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The network.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// What the server said, or did not.
    #[error("{0}")]
    Imap(#[from] async_imap::error::Error),
    /// It took too long.
    #[error("{0} took too long")]
    TimedOut(&'static str),
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// What a connection runs over.
pub(super) trait Stream: AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send> Stream for T {}

/// A connection with a folder that is selected.
pub(super) struct Session {
    imap: async_imap::Session<Box<dyn Stream>>,
    pub(super) validity: u32,
    pub(super) next: Option<u32>,
    idles: bool,
    moves: bool,
    expunges: bool,
}

/// A message of the folder.
pub(super) struct Found {
    pub(super) size: Option<u32>,
    /// When the server got it, seconds since 1970.
    pub(super) at: Option<i64>,
}

/// Waits for a command.
async fn within<T, E: Into<Trouble>>(
    what: &'static str,
    seconds: u64,
    command: impl Future<Output = Result<T, E>>,
) -> Result<T, Trouble> {
    timeout(Duration::from_secs(seconds), command)
        .await
        .map_err(|_| Trouble::TimedOut(what))?
        .map_err(Into::into)
}

const COMMAND: u64 = limits::IMAP_COMMAND_SECONDS_MAX;

async fn connected(settings: &Settings) -> Result<Box<dyn Stream>, Trouble> {
    let place = (settings.host.as_str(), settings.port);
    let stream = within("connecting", limits::IMAP_CONNECT_SECONDS_MAX, TcpStream::connect(place)).await?;
    let Tls::Always(config) = &settings.tls else { return Ok(Box::new(stream)) };
    let name = ServerName::try_from(settings.host.clone());
    let name = name.map_err(|error| Trouble::Other(error.to_string()))?;
    let begin = TlsConnector::from(std::sync::Arc::clone(config)).connect(name, stream);
    Ok(Box::new(within("TLS", limits::IMAP_CONNECT_SECONDS_MAX, begin).await?))
}

impl Session {
    /// Connects, logs in and selects the folder.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Trouble> {
        let mut client = Client::new(connected(settings).await?);
        let greeting = within("the greeting", COMMAND, client.read_response()).await?;
        greeting.ok_or_else(|| Trouble::Other("no greeting".into()))?;
        let login =
            async { client.login(&settings.user, &settings.password.0).await.map_err(|(error, _)| error) };
        let mut imap = within("the login", COMMAND, login).await?;
        let can = within("CAPABILITY", COMMAND, imap.capabilities()).await?;
        let has = |name: &str| can.has_str(name);
        let (idles, moves, expunges) = (has("IDLE"), has("MOVE"), has("UIDPLUS"));
        let folder = within("SELECT", COMMAND, imap.select(&settings.folder)).await?;
        let validity = folder.uid_validity;
        let validity = validity.ok_or_else(|| Trouble::Other("the server has no UIDVALIDITY".into()))?;
        Ok(Self { imap, validity, next: folder.uid_next, idles, moves, expunges })
    }

    /// UIDs from this one on, in their order, at most [`limits::IMAP_BATCH_MAX`].
    pub(super) async fn from(&mut self, next: u32) -> Result<Vec<u32>, Trouble> {
        // What was said until now is seen by this search.
        self.news();
        let search = self.imap.uid_search(format!("UID {next}:*"));
        let found = within("SEARCH", COMMAND, search).await?;
        // The last message is always in it, also when it is older.
        let mut uids: Vec<u32> = found.into_iter().filter(|uid| *uid >= next).collect();
        uids.sort_unstable();
        uids.truncate(limits::IMAP_BATCH_MAX);
        Ok(uids)
    }

    /// Size and time of a message; `None` when it is gone.
    pub(super) async fn look(&mut self, uid: u32) -> Result<Option<Found>, Trouble> {
        let found = self.fetch(uid, "(UID RFC822.SIZE INTERNALDATE)", COMMAND).await?;
        Ok(found
            .map(|fetch| Found { size: fetch.size, at: fetch.internal_date().map(|date| date.timestamp()) }))
    }

    /// The bytes of a message, which stays unread; `None` when it is gone.
    pub(super) async fn read(&mut self, uid: u32) -> Result<Option<Vec<u8>>, Trouble> {
        let found = self.fetch(uid, "(UID BODY.PEEK[])", limits::IMAP_MESSAGE_SECONDS_MAX).await?;
        Ok(found.and_then(|fetch| fetch.body().map(<[u8]>::to_vec)))
    }

    async fn fetch(&mut self, uid: u32, what: &str, seconds: u64) -> Result<Option<Fetch>, Trouble> {
        let all = async {
            let mut answers = Box::pin(self.imap.uid_fetch(uid.to_string(), what).await?);
            let mut found = None;
            // Flags, of this message and of others, may be told in between.
            while let Some(fetch) = answers.try_next().await? {
                let told = fetch.size.is_some() || fetch.body().is_some();
                if fetch.uid == Some(uid) && told {
                    found = Some(fetch);
                }
            }
            Ok::<_, async_imap::error::Error>(found)
        };
        within("FETCH", seconds, all).await
    }

    /// Moves a message, to a folder that is made where it is missing.
    pub(super) async fn move_to(&mut self, uid: u32, folder: &str) -> Result<(), Trouble> {
        match self.moved(uid, folder).await {
            Err(Trouble::Imap(async_imap::error::Error::No(_))) => {
                within("CREATE", COMMAND, self.imap.create(folder)).await?;
                self.moved(uid, folder).await
            }
            done => done,
        }
    }

    async fn moved(&mut self, uid: u32, folder: &str) -> Result<(), Trouble> {
        let set = uid.to_string();
        if self.moves {
            return within("MOVE", COMMAND, self.imap.uid_mv(&set, folder)).await;
        }
        within("COPY", COMMAND, self.imap.uid_copy(&set, folder)).await?;
        self.flag(uid, "\\Deleted").await?;
        // A plain EXPUNGE would remove what others have marked.
        if self.expunges {
            let expunge = async {
                let gone = self.imap.uid_expunge(&set).await?;
                gone.try_collect::<Vec<_>>().await.map(|_| ())
            };
            within("EXPUNGE", COMMAND, expunge).await?;
        }
        Ok(())
    }

    /// Marks a message as malicious.
    pub(super) async fn mark(&mut self, uid: u32) -> Result<(), Trouble> {
        self.flag(uid, KEYWORD).await
    }

    async fn flag(&mut self, uid: u32, flag: &str) -> Result<(), Trouble> {
        let store = async {
            let told = self.imap.uid_store(uid.to_string(), format!("+FLAGS.SILENT ({flag})")).await?;
            told.try_collect::<Vec<_>>().await.map(|_| ())
        };
        within("STORE", COMMAND, store).await
    }

    /// Whether the server said since the last search that something came.
    fn news(&mut self) -> bool {
        let mut came = false;
        while let Ok(said) = self.imap.unsolicited_responses.try_recv() {
            came |= matches!(said, UnsolicitedResponse::Exists(_) | UnsolicitedResponse::Recent(_));
        }
        came
    }

    /// Waits until the server says that something changed, or the time is over.
    pub(super) async fn wait(mut self, settings: &Settings) -> Result<Self, Trouble> {
        if self.news() {
            return Ok(self);
        }
        if !self.idles {
            tokio::time::sleep(settings.poll).await;
            within("NOOP", COMMAND, self.imap.noop()).await?;
            return Ok(self);
        }
        let mut idle = self.imap.idle();
        within("IDLE", COMMAND, idle.init()).await?;
        {
            let (said, _stop) = idle.wait_with_timeout(settings.idle);
            // Keep-alives of the server begin the library's time anew; this one ends.
            match timeout(settings.idle, said).await {
                Ok(said) => drop(said?),
                Err(_) => tracing::debug!("imap: nothing was said"),
            }
        }
        let imap = within("DONE", COMMAND, idle.done()).await?;
        Ok(Self { imap, ..self })
    }

    /// Says goodbye.
    pub(super) async fn close(mut self) {
        // Who is gone needs no goodbye.
        let _ = timeout(Duration::from_secs(limits::IMAP_GOODBYE_SECONDS_MAX), self.imap.logout()).await;
    }
}
