//! The places where mail arrives: each is opened before any is served, so that a taken port ends the start and not a
//! message.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use sekisho_engine::Gate;
use sekisho_intake::{http, milter, smtp};
use tokio::{
    net::{TcpListener, UnixListener},
    sync::watch,
    task::JoinSet,
};

use super::smtp as settings;
use crate::config::{Config, Http};

/// Who may use a socket of the file system: its owner and its group, as mail servers are put into.
const SOCKET_MODE: u32 = 0o660;

/// What all intakes are given.
pub(super) struct Common {
    /// Who judges and decides.
    pub(super) gate: Arc<Gate>,
    /// True when the server is to end.
    pub(super) stopped: watch::Receiver<bool>,
    /// Settings of HTTP, which change while it is served.
    pub(super) http: http::Live,
    /// What HTTP shows and asks besides.
    pub(super) hooks: http::Hooks,
    /// The data folder.
    pub(super) data: PathBuf,
}

impl Common {
    /// Comes true when the server is to end.
    pub(super) fn stop(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopped = self.stopped.clone();
        async move {
            // Whoever would say so is gone only at the end.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    }
}

/// Opens every place that is named, then serves all of them.
///
/// # Errors
/// When a place is taken or wrong, or none is named.
pub(super) async fn open(config: &Config, common: &Common) -> Result<JoinSet<()>> {
    let mut milters = Vec::new();
    for place in &config.milter.listen {
        let address = if place.starts_with("unix:") || place.starts_with("inet:") {
            place.clone()
        } else {
            format!("inet:{place}")
        };
        let listener = milter::Listener::bind(&address, SOCKET_MODE).await;
        milters.push(listener.with_context(|| format!("[milter] listen = \"{place}\""))?);
        tracing::info!(place, "milter listens");
    }
    let mut https = Vec::new();
    for place in &config.http.listen {
        https.push(http_listener(place).await.with_context(|| format!("[http] listen = \"{place}\""))?);
        tracing::info!(place, "http listens");
    }
    let mut smtps = Vec::new();
    for place in &config.smtp.listen {
        let address = place.strip_prefix("inet:").unwrap_or(place);
        let listener = TcpListener::bind(address).await;
        let mut settings = settings::filter(&config.smtp, &config.organisation.domains)?;
        settings.journal = Some(common.data.join(journal(address)));
        smtps.push((listener.with_context(|| format!("[smtp] listen = \"{place}\""))?, settings));
        tracing::info!(place, "smtp listens");
    }
    for place in &config.journal.listen {
        let address = place.strip_prefix("inet:").unwrap_or(place);
        let listener = TcpListener::bind(address).await;
        let settings = settings::journal(&config.journal)?;
        smtps.push((listener.with_context(|| format!("[journal] listen = \"{place}\""))?, settings));
        tracing::info!(place, "journal listens");
    }
    let mut all = JoinSet::new();
    for listener in milters {
        let (gate, stop) = (Arc::clone(&common.gate), common.stop());
        all.spawn(async move { milter::serve(listener, gate, milter::Settings::default(), stop).await });
    }
    for listener in https {
        let (gate, stop) = (Arc::clone(&common.gate), common.stop());
        let (settings, hooks) = (common.http.clone(), common.hooks.clone());
        all.spawn(async move { http::serve(listener, gate, settings, hooks, stop).await });
    }
    for (listener, settings) in smtps {
        let (gate, stop) = (Arc::clone(&common.gate), common.stop());
        all.spawn(async move {
            if let Err(error) = smtp::serve(listener, gate, settings, stop).await {
                tracing::error!(%error, "smtp ended");
            }
        });
    }
    if all.is_empty() {
        bail!("nothing listens: [milter], [http], [smtp] and [journal] `listen` name no place");
    }
    Ok(all)
}

/// Name of the file in which an SMTP listener remembers who has a message whose sender was not told.
fn journal(address: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    format!("smtp-{}.journal", address.chars().map(plain).collect::<String>())
}

async fn http_listener(place: &str) -> Result<http::Listener> {
    let Some(path) = place.strip_prefix("unix:") else {
        let address = place.strip_prefix("inet:").unwrap_or(place);
        return Ok(TcpListener::bind(address).await?.into());
    };
    let path = Path::new(path);
    // A socket that somebody left behind answers nobody.
    if path.exists() && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(SOCKET_MODE))?;
    Ok(listener.into())
}

/// What the configuration says about HTTP.
pub(super) fn http_settings(config: &Http) -> http::Settings {
    http::Settings {
        holds: config.holds,
        password: config.password.clone(),
        tokens: config.tokens.clone(),
        ..http::Settings::default()
    }
}

/// What this machine calls itself.
pub(super) fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}
