//! Reading configuration, rules, lists and brands again while mail goes on.
//!
//! Whoever asks (a signal, the API, another node, `sekisho reload`): everything new is read, checked and started beside
//! the old; only then it takes over, as a whole. What is wrong is refused and the old stays. Both stand in the audit and
//! in the metrics. A change that was accepted here asks the other nodes of the same store to read their files, too: it
//! counts the generation up, which every node looks at every few seconds (`watch_store.rs`).

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use sekisho_engine::{
    Desk, Gate,
    gate::{Court, Judges},
    resolver::Answer,
    worker::{Judged, Pool},
};
use sekisho_intake::http::{self, Reloaded};
use sekisho_policy::{Policy, Wish};
use sekisho_record::{
    Submission,
    quarantine::{AuditEntry, Role, Via},
};
use sekisho_store::{Generation, Store};
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};

use super::{
    frozen::{Frozen, Hashes},
    intakes, outbox, places,
};
use crate::{
    cli,
    config::{Authentication, Config},
    judges, marks, now,
};

/// What the audit calls it, and what it is done to.
const DONE: &str = "reload";
pub(crate) const REFUSED: &str = "reload_refused";
pub(crate) const ON: &str = "configuration";
/// Characters of the reason of a refusal that the audit keeps; the log has all of it.
const WHY_MAX: usize = 2_000;

/// A court whose workers read from a copy that stays as long as they do.
struct Bench {
    pool: Pool,
    _frozen: Arc<Frozen>,
}

impl Judges for Bench {
    fn rule(&self, submission: &Submission<'_>, wish: &Wish) -> Judged {
        self.pool.rule(submission, wish)
    }

    fn present(&self) -> bool {
        self.pool.present()
    }
}

/// A configuration that can be judged by, and the court that does.
pub(super) struct Prepared {
    pub(super) config: Arc<Config>,
    pub(super) hashes: Hashes,
    pub(super) court: Court,
}

/// Reads everything and starts workers with it. Takes a second or two, on this thread.
///
/// # Errors
/// When anything of it is wrong, or no worker can be started.
pub(super) fn prepare(args: &cli::Serve, desk: &Arc<Desk>) -> Result<Prepared> {
    let frozen = Arc::new(Frozen::take(args, &copies(args)?)?);
    let config = Arc::new(frozen.config.clone());
    let policy = Policy::new(&config.policy, &config.organisation.domains)?;
    if let Some(holding) = desk.holding() {
        // What the outbox would refuse is refused now.
        let held = (holding.store().clone(), holding.bytes().clone());
        drop(outbox::Outbox::new(&config, &super::data_folder(args.data.as_deref())?, held, "")?);
    }
    let marks = marks::read(&config, Some(&super::data_folder(args.data.as_deref())?))?;
    let pool = judges::workers(&frozen.world, Arc::clone(desk), places(&config), marks);
    let pool = pool.map_err(|error| anyhow::anyhow!("{}", frozen.told(&format!("{error:#}"))))?;
    let hashes = frozen.hashes.clone();
    let court = Court { judges: Box::new(Bench { pool, _frozen: frozen }), policy };
    Ok(Prepared { config, hashes, court })
}

/// Where copies for workers may stand, the best place first.
fn copies(args: &cli::Serve) -> Result<Vec<PathBuf>> {
    let runtime = std::env::var_os("RUNTIME_DIRECTORY").filter(|path| !path.is_empty()).map(PathBuf::from);
    let data = super::data_folder(args.data.as_deref())?;
    Ok(runtime.into_iter().chain([data]).collect())
}

/// How long one message may take.
pub(super) fn deadline(config: &Config) -> Duration {
    Duration::from_secs(config.serve.deadline_seconds.max(1))
}

/// Who asks for a reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asker {
    /// SIGHUP.
    Signal,
    /// The API, by this token.
    Api(String),
    /// Another node, or the command line, by the generation.
    Node(Generation),
}

impl Asker {
    /// Who, in which role, from where, and in which words.
    fn told(&self, node: &str) -> (String, Role, Via, String) {
        match self {
            Self::Signal => ("signal".to_owned(), Role::Administrator, Via::Program, "SIGHUP".to_owned()),
            Self::Api(who) => (who.clone(), Role::Administrator, Via::Api, "POST /api/v1/reload".to_owned()),
            Self::Node(generation) => {
                let words = format!("generation {}, asked for by {}", generation.number, generation.by);
                (node.to_owned(), Role::Program, Via::Program, words)
            }
        }
    }
}

/// What counts now.
struct Current {
    hashes: Hashes,
    /// The last change of all nodes that this one has made; 0 before the first.
    generation: u64,
}

/// Reads again.
pub(super) struct Reloader {
    args: cli::Serve,
    desk: Arc<Desk>,
    gate: Arc<Gate>,
    /// What this node is called.
    node: String,
    /// As it was at the start: what it says of places and databases counts until the end.
    started: Arc<Config>,
    current: Mutex<Current>,
    /// What counts now, for whoever has a part in it.
    config: watch::Sender<Arc<Config>>,
    http: http::Live,
    /// The newest generation that was read here.
    seen: AtomicU64,
}

impl Reloader {
    /// Beside what has just been started; `generation` is the store's from before the files were read.
    pub(super) fn new(
        args: &cli::Serve,
        (config, hashes): (Arc<Config>, Hashes),
        (desk, gate): (Arc<Desk>, Arc<Gate>),
        generation: u64,
    ) -> Arc<Self> {
        let http = http::Live::from(intakes::http_settings(&config.http));
        Arc::new(Self {
            args: args.clone(),
            desk,
            gate,
            node: intakes::host_name(),
            started: Arc::clone(&config),
            current: Mutex::new(Current { hashes, generation }),
            config: watch::Sender::new(config),
            http,
            seen: AtomicU64::new(generation),
        })
    }

    /// The configuration that counts, and whoever waits sees each that follows it.
    pub(super) fn config(&self) -> watch::Receiver<Arc<Config>> {
        self.config.subscribe()
    }

    /// The settings of HTTP that count.
    pub(super) fn http(&self) -> http::Live {
        self.http.clone()
    }

    /// The one metric that names what counts: its value says nothing, its labels do.
    pub(super) fn info(&self) -> String {
        // A reload that is under way is told by the next who asks.
        let Ok(current) = self.current.try_lock() else { return String::new() };
        let short = |hash: &str| hash.get(..16).unwrap_or(hash).to_owned();
        format!(
            "# TYPE sekisho_configuration_info gauge\nsekisho_configuration_info{{version=\"{}\",configuration=\"{}\",\
             rules=\"{}\",generation=\"{}\"}} 1\n",
            env!("CARGO_PKG_VERSION"),
            short(&current.hashes.configuration),
            short(&current.hashes.rules),
            current.generation,
        )
    }

    /// Follows the other nodes: reads again when the store's generation is newer than what was read here.
    pub(super) fn follow(self: &Arc<Self>, generation: Generation) {
        if generation.number > self.seen.load(Ordering::SeqCst) {
            let reloader = Arc::clone(self);
            // Whoever looks goes on looking meanwhile.
            drop(tokio::spawn(async move { reloader.reload(Asker::Node(generation)).await }));
        }
    }

    /// Reads everything again. One at a time; always answers.
    pub(super) async fn reload(&self, asker: Asker) -> Reloaded {
        let mut current = self.current.lock().await;
        if let Asker::Node(generation) = &asker {
            let before = self.seen.fetch_max(generation.number, Ordering::SeqCst);
            if generation.number <= before {
                return self.unchanged(&current);
            }
        }
        let started = Instant::now();
        let before = Current { hashes: current.hashes.clone(), generation: current.generation };
        let (args, desk) = (self.args.clone(), Arc::clone(&self.desk));
        let prepared = tokio::task::spawn_blocking(move || prepare(&args, &desk)).await;
        let prepared = prepared.unwrap_or_else(|error| Err(error.into()));
        let (refused, restart) = match prepared {
            Ok(prepared) => {
                let restart = fixed(&self.started, &prepared.config);
                current.hashes = prepared.hashes;
                self.take_over(prepared.config, prepared.court).await;
                (None, restart)
            }
            Err(error) => (Some(format!("{error:#}")), Vec::new()),
        };
        current.generation = match &asker {
            Asker::Node(generation) => generation.number,
            _ if refused.is_none() => self.tell_others().await.unwrap_or(current.generation),
            _ => current.generation,
        };
        let done = Reloaded {
            refused,
            restart,
            configuration_before: before.hashes.configuration.clone(),
            rules_before: before.hashes.rules.clone(),
            ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..self.unchanged(&current)
        };
        drop(current);
        self.report(&asker, &before, &done).await;
        done
    }

    fn unchanged(&self, current: &Current) -> Reloaded {
        let Hashes { configuration, rules } = current.hashes.clone();
        Reloaded {
            generation: Some(current.generation),
            configuration_before: configuration.clone(),
            rules_before: rules.clone(),
            configuration,
            rules,
            ..Reloaded::default()
        }
    }

    /// The new counts from the next message on.
    async fn take_over(&self, config: Arc<Config>, court: Court) {
        let (gate, places, deadline) = (Arc::clone(&self.gate), places(&config), deadline(&config));
        // The old workers end when nobody needs them: not on a thread that others wait for.
        let replaced = tokio::task::spawn_blocking(move || gate.replace(court, places, deadline)).await;
        if let Err(error) = replaced {
            tracing::error!(%error, "the new configuration did not take over");
        }
        self.http.set(intakes::http_settings(&config.http));
        self.config.send_replace(config);
    }

    fn store(&self) -> Option<Store> {
        self.desk.holding().map(|holding| holding.store().clone())
    }

    /// Asks the other nodes to read their files; which generation that is.
    async fn tell_others(&self) -> Option<u64> {
        match self.store()?.next_generation(&self.node).await {
            Ok(generation) => {
                // Somebody else's in between was asked for before our files were read, perhaps: then it is followed.
                let next = generation.number.saturating_sub(1);
                let _ =
                    self.seen.compare_exchange(next, generation.number, Ordering::SeqCst, Ordering::SeqCst);
                Some(generation.number)
            }
            Err(error) => {
                tracing::warn!(%error, "other nodes of this store are not told; reload them, too");
                None
            }
        }
    }

    /// In log, metrics and audit.
    async fn report(&self, asker: &Asker, before: &Current, done: &Reloaded) {
        let outcome = if done.refused.is_some() { "refused" } else { "accepted" };
        metrics::counter!("sekisho_reloads_total", "outcome" => outcome).increment(1);
        let (who, role, via, words) = asker.told(&self.node);
        match &done.refused {
            None => tracing::info!(
                who,
                generation = done.generation,
                configuration = done.configuration,
                rules = done.rules,
                ms = done.ms,
                "configuration and rules are read again"
            ),
            Some(why) => tracing::error!(who, "the new configuration is refused, the old one stays: {why}"),
        }
        if !done.restart.is_empty() {
            tracing::warn!(keys = ?done.restart, "these have changed and count only after a restart");
        }
        let why = done.refused.as_deref().map(|why| crate::explain::cut(why, WHY_MAX));
        let entry = AuditEntry {
            id: 0,
            at: now(),
            who,
            role,
            via,
            what: if why.is_some() { REFUSED } else { DONE }.to_owned(),
            on: ON.to_owned(),
            reason: why.map_or_else(|| words.clone(), |why| format!("{words}: {why}")),
            before: state(&before.hashes, before.generation, &[], &self.node),
            after: state(
                &Hashes { configuration: done.configuration.clone(), rules: done.rules.clone() },
                done.generation.unwrap_or_default(),
                &done.restart,
                &self.node,
            ),
            refused: None,
        };
        let Some(store) = self.store() else { return };
        if let Err(error) = store.note(&entry).await {
            tracing::error!(%error, "the audit has no entry of this reload");
        }
    }
}

fn state(hashes: &Hashes, generation: u64, restart: &[String], node: &str) -> Value {
    let Hashes { configuration, rules } = hashes;
    let mut out =
        json!({ "configuration": configuration, "rules": rules, "generation": generation, "node": node });
    if let (false, Some(out)) = (restart.is_empty(), out.as_object_mut()) {
        out.insert("restart".to_owned(), json!(restart));
    }
    out
}

/// Keys that have changed since the start and count only after a restart.
fn fixed(started: &Config, now: &Config) -> Vec<String> {
    let shown = |config: &Config| {
        let Config { authentication, store, serve, milter, http, smtp, console, .. } = config;
        let Config { telemetry, digest, .. } = config;
        [
            ("[authentication] dns, dns_servers, zone, timeout_ms", {
                let Authentication { dns, dns_servers, zone, timeout_ms, .. } = authentication;
                format!("{dns:?} {dns_servers:?} {zone:?} {timeout_ms}")
            }),
            ("[store]", format!("{store:?}")),
            ("[serve] log", format!("{:?}", serve.log)),
            ("[milter] listen", format!("{:?}", milter.listen)),
            ("[http] listen", format!("{:?}", http.listen)),
            ("[smtp]", format!("{smtp:?}")),
            ("[console] listen", format!("{:?}", console.listen)),
            ("[telemetry]", format!("{telemetry:?}")),
            ("[digest] link_days", digest.link_days.to_string()),
        ]
    };
    let pairs = shown(started).into_iter().zip(shown(now));
    pairs.filter(|(before, after)| before.1 != after.1).map(|(before, _)| before.0.to_owned()).collect()
}

/// The API's way to ask.
pub(super) struct ByApi(pub(super) Arc<Reloader>);

impl http::Reloader for ByApi {
    fn reload(&self, who: String) -> Answer<'_, Reloaded> {
        Box::pin(self.0.reload(Asker::Api(who)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn what_needs_a_restart_is_named_and_the_rest_is_not() {
        let check = |text: &str| fixed(&parse("").unwrap(), &parse(text).unwrap()).join("; ");
        assert_eq!(check("[serve]\nworkers = 7\ndeadline_seconds = 9\n[release]\nnext = 'mx:25'\n"), "");
        assert_eq!(
            check("[http]\nholds = true\n[policy]\nlanguage = 'ja'\n[quarantine]\ndone_days = 9\n"),
            ""
        );
        assert_eq!(
            check("[http]\nlisten = []\n[milter]\nlisten = ['127.0.0.1:1']\n"),
            "[milter] listen; [http] listen"
        );
        assert_eq!(check("[store]\nurl = 'postgres://x'\n[serve]\nlog = 'json'\n"), "[store]; [serve] log");
        assert_eq!(
            check("[authentication]\ndns = true\nbelieve = ['mx']\n"),
            "[authentication] dns, dns_servers, zone, timeout_ms"
        );
    }
}
