//! The places where mail arrives: each is opened before any is served, so that a taken port ends the start and not a
//! message.

use std::{os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use metrics_exporter_prometheus::PrometheusHandle;
use sekisho_engine::Gate;
use sekisho_intake::{http, milter, smtp};
use tokio::{
    net::{TcpListener, UnixListener},
    sync::watch,
    task::JoinSet,
};

use crate::config::{Config, Http, Smtp, SmtpMode};

/// Who may use a socket of the file system: its owner and its group, as mail servers are put into.
const SOCKET_MODE: u32 = 0o660;

/// What all intakes are given.
pub(super) struct Common {
    /// Who judges and decides.
    pub(super) gate: Arc<Gate>,
    /// True when the server is to end.
    pub(super) stopped: watch::Receiver<bool>,
    /// What is counted.
    pub(super) metrics: PrometheusHandle,
}

impl Common {
    /// Comes true when the server is to end.
    fn stop(&self) -> impl Future<Output = ()> + Send + 'static {
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
        let settings = smtp_settings(&config.smtp, &config.organisation.domains)?;
        smtps.push((listener.with_context(|| format!("[smtp] listen = \"{place}\""))?, settings));
        tracing::info!(place, "smtp listens");
    }
    let mut all = JoinSet::new();
    for listener in milters {
        let (gate, stop) = (Arc::clone(&common.gate), common.stop());
        all.spawn(async move { milter::serve(listener, gate, milter::Settings::default(), stop).await });
    }
    for listener in https {
        let (gate, stop) = (Arc::clone(&common.gate), common.stop());
        let (settings, hooks) = (http_settings(&config.http), hooks(&common.metrics));
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
        bail!("nothing listens: [milter], [http] and [smtp] `listen` name no place");
    }
    Ok(all)
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

fn http_settings(config: &Http) -> http::Settings {
    http::Settings {
        holds: config.holds,
        password: config.password.clone(),
        tokens: config.tokens.clone(),
        ..http::Settings::default()
    }
}

fn hooks(metrics: &PrometheusHandle) -> http::Hooks {
    let metrics = metrics.clone();
    http::Hooks { metrics: Arc::new(move || metrics.render()), ..http::Hooks::default() }
}

fn smtp_settings(config: &Smtp, domains: &[String]) -> Result<smtp::Settings> {
    let next = config.next.as_deref().context("[smtp] needs `next`: where mail goes on, HOST:PORT")?;
    let (host, port) = next.rsplit_once(':').context("[smtp] `next` is HOST:PORT")?;
    let port = port.parse().with_context(|| format!("[smtp] next = \"{next}\""))?;
    let name = host_name();
    let hop = smtp::client::Hop::new(host.trim_matches(['[', ']']), port, &*name);
    let mode = match config.mode {
        SmtpMode::Filter => smtp::Mode::Filter,
        SmtpMode::Proxy => smtp::Mode::Proxy,
        SmtpMode::Relay => smtp::Mode::Relay,
    };
    let mut settings = smtp::Settings::new(mode, name, hop);
    let networks = |key: &str, written: &[String]| -> Result<Vec<_>> {
        let one = |text: &String| text.parse().with_context(|| format!("[smtp] {key}: \"{text}\""));
        written.iter().map(one).collect()
    };
    if !config.clients.is_empty() {
        settings.clients = networks("clients", &config.clients)?;
    }
    if !config.trusted.is_empty() {
        settings.trusted = networks("trusted", &config.trusted)?;
    }
    if mode == smtp::Mode::Relay {
        // A relay takes mail from strangers, for our people only.
        settings.domains = domains.iter().map(|domain| domain.to_lowercase()).collect();
    }
    settings.check()?;
    Ok(settings)
}

/// What this machine calls itself.
pub(super) fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}
