//! `sekisho serve`: everything in one process, from one configuration.
//!
//! The parent owns sockets, DNS, history and what is held; workers read the messages. Configuration and rules are read
//! again while mail goes on (`reload.rs`): new workers are started with them, and take over when they can work.

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
    gate::{Dresses, Quarantine, Settings},
};
use sekisho_intake::http::{Hooks, Learner};
use sekisho_store::{Bytes, HeldRetention, Store};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

mod console;
mod frozen;
mod intakes;
mod learn;
mod outbox;
pub(crate) mod reload;
pub(crate) mod smtp;
mod telling;
mod traces;
mod watch_store;
pub(crate) mod watched;
pub(crate) mod way;

use intakes::Common;
use reload::{Asker, ByApi, Prepared, Reloader};
use watch_store::{Readiness, Watch};

use crate::{
    cli,
    config::{Config, LogFormat},
    judges, marks,
    memory::{Remember, desk_with, make_private},
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
    let (collect, send) = match &config.telemetry.otlp {
        Some(collector) => {
            let (collect, send) = traces::to(collector, intakes::host_name())?;
            (Some(collect), Some(send))
        }
        None => (None, None),
    };
    log(config.serve.log, collect);
    small_pages();
    many_files();
    let metrics = PrometheusBuilder::new().install_recorder().context("metrics cannot be counted")?;
    let data = data_folder(args.data.as_deref())?;
    make_private(&data).with_context(|| format!("cannot make {}", data.display()))?;
    let desk = Arc::new(desk_with(&config, Some(&data), Remember::Serves)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(hands()).enable_all().build()?;
    // Whatever changes from here on is read again.
    let generation = runtime.block_on(generation(&desk))?;
    let prepared = reload::prepare(args, &desk)?;
    let ended = runtime.block_on(async {
        let (end, ending) = watch::channel(false);
        let sending = send.map(|send| tokio::spawn(send.run(ending)));
        let ended = serve(args, prepared, (generation, data), Arc::clone(&desk), metrics).await;
        // What the last messages did is sent, too.
        end.send_replace(true);
        if let Some(sending) = sending {
            drop(sending.await);
        }
        ended
    });
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

/// Threads that carry messages between sockets and those who judge them: half as many as there are processors. Judging,
/// history and keeping have processes and threads of their own and want the others, and each thread more is one more that
/// has to be woken.
fn hands() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| processors.get().div_ceil(2))
}

/// As many open files as the system allows: every connection is one, and so is what is being held. Many systems begin with
/// 1,024 and allow much more to whoever asks. Workers inherit it, and can open none.
fn many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::debug!(%error, "open files stay limited");
    }
}

/// The configuration as a server reads it: papers are verified unless somebody says who did.
///
/// # Errors
/// When it is wrong, or names no domain.
pub(crate) fn configuration(args: &cli::Serve) -> Result<Config> {
    complete(world::config(&args.world)?)
}

/// The same of one that is read already.
///
/// # Errors
/// When it names no domain.
fn complete(mut config: Config) -> Result<Config> {
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

fn log(format: LogFormat, traces: Option<traces::Traces>) {
    let mut filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .with_env_var("SEKISHO_LOG")
        .from_env_lossy();
    // The log tells what happened; how long what took is for who collects traces.
    if let Ok(quiet) = format!("{}=off", sekisho_engine::gate::SPANS).parse() {
        filter = filter.add_directive(quiet);
    }
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let log = match format {
        LogFormat::Text => log.with_filter(filter).boxed(),
        LogFormat::Json => log.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let traces = traces.map(|traces| traces.with_filter(traces::Ours));
    tracing_subscriber::registry().with(log).with(traces).init();
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

/// The newest generation of configurations that the store knows of.
async fn generation(desk: &Desk) -> Result<u64> {
    match desk.holding() {
        Some(holding) => Ok(holding.store().generation().await?.number),
        None => Ok(0),
    }
}

fn places(config: &Config) -> usize {
    let cores = || std::thread::available_parallelism().map_or(2, usize::from);
    config.serve.workers.unwrap_or_else(cores).max(1)
}

async fn serve(
    args: &cli::Serve,
    Prepared { config, hashes, court }: Prepared,
    (generation, data): (u64, PathBuf),
    desk: Arc<Desk>,
    metrics: PrometheusHandle,
) -> Result<()> {
    let deadline = reload::deadline(&config);
    let quarantine = desk.holding().map(|holding| Arc::new(holding) as Arc<dyn Quarantine>);
    if quarantine.is_none() {
        tracing::warn!("nothing is kept here, so malicious mail cannot be held: it is deferred");
    }
    let dresser = judges::dresser(marks::banner_key(&config, Some(&data))?)?;
    let dresser = Some(Arc::new(dresser) as Arc<dyn Dresses>);
    let links = telling::links(&config, &data)?;
    let settings = Settings { places: places(&config), deadline, quarantine, links, dresser };
    let gate = Arc::new(Gate::new(court, Arc::clone(&desk), settings));
    let (stopping, stopped) = watch::channel(false);
    let both = (Arc::clone(&desk), Arc::clone(&gate));
    let reloader = Reloader::new(args, (Arc::clone(&config), hashes), both, generation);
    let held = desk.holding().map(|holding| (holding.store().clone(), holding.bytes().clone()));
    let store = held.as_ref().map(|(store, _)| store.clone());
    let readiness = Readiness::default();
    let hooks = hooks(&gate, store.as_ref(), &reloader, &readiness, &metrics);
    let common =
        Common { gate: Arc::clone(&gate), stopped, http: reloader.http(), hooks, data: data.clone() };
    let mut intakes = intakes::open(&config, &common).await?;
    watched::open(&config, &common, &mut intakes)?;
    if let Some(held) = held {
        console::open(&args.world, reloader.config(), held.clone(), &common.stopped, &mut intakes).await?;
        intakes.spawn(releases(reloader.config(), data, held, common.stopped.clone()));
    }
    let watch = Watch { gate: Arc::clone(&gate), store, reloader: Arc::clone(&reloader), readiness };
    intakes.spawn(watch.run(common.stopped.clone()));
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
            _ = hup.recv() => {
                let reloader = Arc::clone(&reloader);
                drop(tokio::spawn(async move { reloader.reload(Asker::Signal).await }));
            }
            _ = sweep.tick() => {
                let retention = reloader.config().borrow().quarantine.retention();
                drop(tokio::spawn(sweep_held(Arc::clone(&desk), retention)));
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
async fn sweep_held(desk: Arc<Desk>, retention: HeldRetention) {
    let Some(holding) = desk.holding() else { return };
    for _ in 0..SWEEP_CALLS {
        match holding.store().sweep_held(now(), &retention, holding.bytes()).await {
            Ok(swept) if swept.more => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "what is held too long is not removed yet");
                return;
            }
        }
    }
}

/// What HTTP shows and asks.
fn hooks(
    gate: &Arc<Gate>,
    store: Option<&Store>,
    reloader: &Arc<Reloader>,
    readiness: &Readiness,
    metrics: &PrometheusHandle,
) -> Hooks {
    let (metrics, info, readiness) = (metrics.clone(), Arc::clone(reloader), readiness.clone());
    let opinions = store.map(|store| learn::Opinions { gate: Arc::clone(gate), store: store.clone() });
    Hooks {
        metrics: Arc::new(move || metrics.render() + &info.info()),
        ready: Arc::new(move || readiness.now()),
        learner: opinions.map(|opinions| Arc::new(opinions) as Arc<dyn Learner>),
        reloader: Some(Arc::new(ByApi(Arc::clone(reloader)))),
    }
}

/// Sends what is released and tells people, by the configuration that counts: after a reload another outbox goes on, while the one before
/// finishes what it is handing over.
async fn releases(
    mut config: watch::Receiver<Arc<Config>>,
    data: PathBuf,
    held: (Store, Bytes),
    mut stopped: watch::Receiver<bool>,
) {
    let mut all = JoinSet::new();
    loop {
        let current = Arc::clone(&config.borrow_and_update());
        let (stop, ending) = watch::channel(false);
        match outbox::Outbox::new(&current, &data, held.clone(), &intakes::host_name()) {
            Ok(outbox) => {
                if let Some(telling) = outbox.telling() {
                    all.spawn(telling::run(telling, ending.clone()));
                }
                all.spawn(outbox.run(ending));
            }
            Err(error) => tracing::error!("released mail waits: {error:#}"),
        }
        let goes_on = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => false,
            changed = config.changed() => changed.is_ok(),
        };
        stop.send_replace(true);
        if !goes_on {
            break;
        }
    }
    while all.join_next().await.is_some() {}
}

/// Tells systemd, where it started us, that everything listens.
fn ready() {
    tracing::info!("ready");
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::warn!(%error, "systemd was not told");
    }
}
