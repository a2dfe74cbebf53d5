//! `sekisho serve`: everything in one process, from one configuration.
//!
//! The parent owns sockets, DNS, history and what is held; workers read the messages. A signal reads the configuration
//! again: new workers are started with it, and take over when they can work. What was wrong is refused and told.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sekisho_engine::{
    Desk, Gate,
    gate::{Court, Quarantine, Settings},
};
use sekisho_policy::Policy;
use sekisho_store::HeldRetention;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tracing_subscriber::EnvFilter;

mod intakes;
pub(crate) mod outbox;

use intakes::Common;

use crate::{
    cli,
    config::{Config, LogFormat},
    judges,
    memory::{Remember, desk_with},
    now, world,
};

/// How often what is too old is looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
/// Calls of one sweep of what is held; what is left is for the next.
const SWEEP_CALLS: usize = 20;
/// How often the metrics of the last minutes are condensed.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Serves until a signal ends it.
///
/// # Errors
/// When the configuration is wrong, a place to listen is taken, or the data folder cannot be used.
pub(crate) fn run(args: &cli::Serve) -> Result<()> {
    let config = configuration(args)?;
    log(config.serve.log);
    small_pages();
    let metrics = PrometheusBuilder::new().install_recorder().context("metrics cannot be counted")?;
    let data = data_folder(args.data.as_deref())?;
    let desk = Arc::new(desk_with(&config, Some(&data), Remember::Serves)?);
    let court = court(args, &config, &desk)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(serve(args, &config, court, Arc::clone(&desk), metrics));
    // The desk has a runtime of its own, which must not end inside of another.
    drop(runtime);
    drop(desk);
    ended
}

/// Memory in small pages: with huge ones each of the many threads, which come and go with the load, takes megabytes
/// that it does not fill. Measured, with two workers: 200 MB with them, 106 to 137 MB without. Workers inherit it.
fn small_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "huge pages stay");
    }
}

/// The configuration as a server reads it: papers are verified unless somebody says who did.
///
/// # Errors
/// When it is wrong, or names no domain.
pub(crate) fn configuration(args: &cli::Serve) -> Result<Config> {
    let mut config = world::config(&args.world)?;
    let authentication = &mut config.authentication;
    if authentication.dns.is_none() && authentication.zone.is_none() {
        authentication.dns = Some(true);
    }
    if config.organisation.domains.is_empty() {
        bail!(
            "whose mail is it? name the organisation's domains: --domain example.com, or `domains` in [organisation]"
        );
    }
    Ok(config)
}

fn log(format: LogFormat) {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .with_env_var("SEKISHO_LOG")
        .from_env_lossy();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Where everything is kept.
///
/// # Errors
/// When there is no such place.
pub(crate) fn data_folder(named: Option<&Path>) -> Result<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named
        .map(Path::to_owned)
        .or_else(|| of("STATE_DIRECTORY"))
        .or_else(|| of("XDG_DATA_HOME").map(|home| home.join("sekisho")))
        .or_else(|| of("HOME").map(|home| home.join(".local/share/sekisho")))
        .context("there is no place for history and held messages: name a folder with --data")
}

/// Workers with the configuration as it is now, and its policy.
fn court(args: &cli::Serve, config: &Config, desk: &Arc<Desk>) -> Result<Court> {
    let policy = Policy::new(&config.policy, &config.organisation.domains)?;
    let pool = judges::workers(&args.world, Arc::clone(desk), places(config))?;
    Ok(Court { judges: Box::new(pool), policy })
}

fn places(config: &Config) -> usize {
    let cores = || std::thread::available_parallelism().map_or(2, usize::from);
    config.serve.workers.unwrap_or_else(cores).max(1)
}

async fn serve(
    args: &cli::Serve,
    config: &Config,
    court: Court,
    desk: Arc<Desk>,
    metrics: PrometheusHandle,
) -> Result<()> {
    let deadline = Duration::from_secs(config.serve.deadline_seconds.max(1));
    let quarantine = desk.holding().map(|holding| Arc::new(holding) as Arc<dyn Quarantine>);
    if quarantine.is_none() {
        tracing::warn!("nothing is kept here, so malicious mail cannot be held: it is deferred");
    }
    let settings = Settings { places: places(config), deadline, quarantine };
    let gate = Arc::new(Gate::new(court, Arc::clone(&desk), settings));
    let (stopping, stopped) = watch::channel(false);
    let common = Common { gate: Arc::clone(&gate), stopped, metrics: metrics.clone() };
    let mut intakes = intakes::open(config, &common).await?;
    if let Some(holding) = desk.holding() {
        let (store, bytes) = (holding.store().clone(), holding.bytes().clone());
        let outbox = outbox::Outbox::new(config, store, bytes, &intakes::host_name())?;
        intakes.spawn(outbox.run(common.stopped.clone()));
    }
    ready();
    let [mut term, mut int, mut hup] =
        [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()]
            .map(signal)
            .into_iter()
            .collect::<std::io::Result<Vec<_>>>()?
            .try_into()
            .map_err(|_| anyhow::anyhow!("signals cannot be caught"))?;
    let mut sweep = tokio::time::interval(SWEEP_EVERY);
    let mut upkeep = tokio::time::interval(UPKEEP_EVERY);
    loop {
        tokio::select! {
            _ = term.recv() => break,
            _ = int.recv() => break,
            _ = hup.recv() => reload(args, &desk, &gate).await,
            _ = sweep.tick() => {
                drop(tokio::spawn(sweep_held(Arc::clone(&desk))));
                let desk = Arc::clone(&desk);
                // It goes on behind; what it did is told by the next.
                drop(tokio::task::spawn_blocking(move || desk.sweep_behind(now(), 1)));
            }
            _ = upkeep.tick() => metrics.run_upkeep(),
        }
    }
    tracing::info!("ending: messages under way are finished");
    stopping.send_replace(true);
    while intakes.join_next().await.is_some() {}
    gate.close().await;
    Ok(())
}

/// Removes what has been held too long, and notes which lockdowns have ended.
async fn sweep_held(desk: Arc<Desk>) {
    let Some(holding) = desk.holding() else { return };
    for _ in 0..SWEEP_CALLS {
        match holding.store().sweep_held(now(), &HeldRetention::default(), holding.bytes()).await {
            Ok(swept) if swept.more => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "what is held too long is not removed yet");
                return;
            }
        }
    }
}

/// Judges by the configuration as it is now, if it can be judged by.
async fn reload(args: &cli::Serve, desk: &Arc<Desk>, gate: &Arc<Gate>) {
    let started = std::time::Instant::now();
    let new = configuration(args).and_then(|config| {
        // Starting workers takes a second or two, in which mail is judged by the old ones.
        tokio::task::block_in_place(|| court(args, &config, desk))
    });
    match new {
        Ok(court) => {
            gate.replace(court);
            tracing::info!(
                ms = started.elapsed().as_secs_f64() * 1000.0,
                "configuration and rules are read again"
            );
        }
        Err(error) => tracing::error!("the new configuration is refused, the old one stays: {error:#}"),
    }
}

/// Tells systemd, where it started us, that everything listens.
fn ready() {
    tracing::info!("ready");
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::warn!(%error, "systemd was not told");
    }
}
