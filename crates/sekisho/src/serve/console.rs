//! The console in a running server: where it listens, who may come in, and who looks into kept messages for it.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use sekisho_console::{Account, Console, Examiner, Listener, Look, Settings};
use sekisho_engine::{kept, resolver::Answer};
use sekisho_intake::http::Secret;
use sekisho_store::{Bytes, Store};
use tokio::{
    net::{TcpListener, UnixListener},
    sync::watch,
    task::JoinSet,
};

use crate::{
    cli,
    config::Config,
    judges::{Judges, Want},
    now,
};

/// Where it listens when the configuration does not say.
const USUAL: &str = "127.0.0.1:11335";
/// Who may use a socket of the file system: its owner and its group, as a proxy is put into.
const SOCKET_MODE: u32 = 0o660;
/// How long a worker looks into messages for people before it is replaced by one with the rules of then.
const WORKER_AGE: Duration = Duration::from_secs(600);
/// How often it is seen whether anybody needs that worker.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long nobody needs it before it is ended.
const WORKER_REST: Duration = Duration::from_secs(300);

/// What the configuration says about who may come in and what they may do.
fn settings(config: &Config) -> Settings {
    let account = |token: &crate::config::ConsoleToken| Account {
        name: token.name.clone(),
        sha256: hash(&token.sha256),
        role: token.role,
        own: token.addresses.clone(),
    };
    Settings {
        accounts: config.console.tokens.iter().map(account).collect(),
        rights: config.rights.table(),
        secure: config.console.url.as_deref().is_some_and(|url| url.starts_with("https://")),
    }
}

/// The bytes of a hash that the configuration has in digits.
fn hash(secret: &Secret) -> [u8; 32] {
    let digits = String::from(secret.clone());
    let mut out = [0; 32];
    for (at, byte) in out.iter_mut().enumerate() {
        let pair = digits.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        *byte = pair.unwrap_or_default();
    }
    out
}

/// Where it listens: nowhere by default as long as nobody may come in and no link leads here.
fn places(config: &Config) -> Vec<String> {
    let console = &config.console;
    match &console.listen {
        Some(listen) => listen.clone(),
        None if console.tokens.is_empty() && console.url.is_none() => Vec::new(),
        None => vec![USUAL.to_owned()],
    }
}

/// Opens every place and serves until the server ends.
///
/// # Errors
/// When a place is taken or wrong.
pub(super) async fn open(
    world: &cli::World,
    mut config: watch::Receiver<Arc<Config>>,
    (store, bytes): (Store, Bytes),
    stopped: &watch::Receiver<bool>,
    all: &mut JoinSet<()>,
) -> Result<()> {
    let now_is = Arc::clone(&config.borrow_and_update());
    let looker = Arc::new(Looker { world: world.clone(), worker: Arc::default() });
    let console = Console::new(store, bytes, Arc::clone(&looker) as _, settings(&now_is), now);
    let mut listeners = Vec::new();
    for place in places(&now_is) {
        listeners.push(listener(&place).await.with_context(|| format!("[console] listen = \"{place}\""))?);
        tracing::info!(place, accounts = now_is.console.tokens.len(), "console listens");
    }
    if listeners.is_empty() {
        return Ok(());
    }
    all.spawn(looker.tidy(stopped.clone()));
    all.spawn(follow(config, console.clone(), stopped.clone()));
    for listener in listeners {
        all.spawn(sekisho_console::serve(listener, console.clone(), stop(stopped.clone())));
    }
    Ok(())
}

/// Who may come in is who the configuration that counts says.
async fn follow(mut config: watch::Receiver<Arc<Config>>, console: Console, stopped: watch::Receiver<bool>) {
    let stop = stop(stopped);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            changed = config.changed() => match changed {
                Ok(()) => console.replace(settings(&config.borrow_and_update())),
                Err(_) => break,
            },
        }
    }
}

/// Comes true when the server is to end.
async fn stop(mut stopped: watch::Receiver<bool>) {
    // Whoever would say so is gone only at the end.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn listener(place: &str) -> Result<Listener> {
    let path = place.strip_prefix("unix:").or_else(|| Some(place).filter(|place| place.starts_with('/')));
    let Some(path) = path.map(Path::new) else {
        let address = place.strip_prefix("inet:").unwrap_or(place);
        return Ok(Listener::Tcp(TcpListener::bind(address).await?));
    };
    // A socket that somebody left behind answers nobody.
    if path.exists() && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(SOCKET_MODE))?;
    Ok(Listener::Unix(listener))
}

/// Looks into kept messages with one worker of its own, so that nobody's mail waits for a person who looks.
struct Looker {
    world: cli::World,
    worker: Arc<Mutex<Option<Running>>>,
}

/// That worker, since when it runs, and when it was used last.
struct Running {
    judges: Judges,
    since: Instant,
    used: Instant,
}

impl Looker {
    /// Ends the worker when nobody has needed it for a while.
    async fn tidy(self: Arc<Self>, stopped: watch::Receiver<bool>) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        let stop = stop(stopped);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                _ = every.tick() => {
                    // Whoever holds it uses it.
                    if let Ok(mut worker) = self.worker.try_lock() {
                        worker.take_if(|worker| worker.used.elapsed() > WORKER_REST);
                    }
                }
            }
        }
        self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Examiner for Looker {
    fn look(&self, content: Vec<u8>, look: Look) -> Answer<'_, Result<String, String>> {
        let (world, worker) = (self.world.clone(), Arc::clone(&self.worker));
        Box::pin(async move {
            let looked = tokio::task::spawn_blocking(move || looked(&world, &worker, content, look));
            looked.await.map_err(|error| error.to_string())?
        })
    }
}

/// Judges it again, as it was answered then, and returns the text that was wanted.
fn looked(
    world: &cli::World,
    worker: &Mutex<Option<Running>>,
    content: Vec<u8>,
    look: Look,
) -> Result<String, String> {
    let message = kept::unpack(content)?;
    let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
    worker.take_if(|worker| worker.since.elapsed() > WORKER_AGE);
    let running = match worker.take() {
        Some(running) => running,
        None => {
            let judges = Judges::again(world, &[], cli::Place::default(), 1).map_err(|e| format!("{e:#}"))?;
            Running { judges, since: Instant::now(), used: Instant::now() }
        }
    };
    let running = worker.insert(Running { used: Instant::now(), ..running });
    let want = match look {
        Look::Message(language) => Want::Console(language.to_owned()),
        Look::Evidence => Want::Evidence,
    };
    let judged = running.judges.judge_again(&message, &want);
    let why = || judged.verdict.gaps.iter().find(|gap| gap.facet == "engine").map(|gap| gap.detail.clone());
    judged.text.ok_or_else(|| why().unwrap_or_else(|| "the worker gave no text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_when_somebody_may_come_in_or_a_link_leads_here() {
        let check = |text: &str| places(&crate::config::parse(text).unwrap());
        assert!(check("").is_empty());
        assert_eq!(check("[console]\nurl = 'https://q.example'\n"), [USUAL]);
        assert!(check("[console]\nurl = 'https://q.example'\nlisten = []\n").is_empty());
        assert_eq!(check("[console]\nlisten = ['127.0.0.1:1']\n"), ["127.0.0.1:1"]);
    }

    #[test]
    fn a_hash_is_the_bytes_of_its_digits() {
        let secret = Secret::of(b"abc");
        assert_eq!(hash(&secret)[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
