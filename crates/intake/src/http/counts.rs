//! What `/stat`, `/auth`, `/counters` and `/history` tell: counts since the start of this listener, and the newest messages.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::rspamd::outcome::REJECT;
use super::rspamd::reply::Answer;
use super::state::now;
use crate::limits::{COUNTERS_MAX, HISTORY_MAX, HISTORY_RECIPIENTS_MAX, SCAN_TIMES_MAX};

/// The order in which rspamd tells its actions.
const ACTIONS: [&str; 6] =
    ["reject", "soft reject", "rewrite subject", "add header", "greylist", "no action"];

/// Counts of one listener.
pub(super) struct Counts {
    started: i64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    scanned: u64,
    learned: u64,
    connections: u64,
    actions: [u64; ACTIONS.len()],
    seconds: VecDeque<f64>,
    symbols: BTreeMap<String, Counter>,
    history: VecDeque<Value>,
}

#[derive(Default)]
struct Counter {
    hits: u64,
    weight: f64,
}

impl Counts {
    pub(super) fn new(started: i64) -> Self {
        Self { started, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn connected(&self) {
        self.lock().connections += 1;
    }

    pub(super) fn learned(&self) {
        self.lock().learned += 1;
    }

    /// Counts one answer.
    pub(super) fn answered(&self, answer: &Answer<'_>, size: usize) {
        let row = row(answer, size);
        let mut inner = self.lock();
        inner.scanned += 1;
        let action = ACTIONS.iter().position(|action| *action == answer.outcome.action);
        if let Some(count) = action.and_then(|at| inner.actions.get_mut(at)) {
            *count += 1;
        }
        for symbol in &answer.symbols {
            if inner.symbols.len() < COUNTERS_MAX || inner.symbols.contains_key(&symbol.name) {
                let counter = inner.symbols.entry(symbol.name.clone()).or_default();
                counter.hits += 1;
                counter.weight = symbol.weight;
            }
        }
        newest(&mut inner.seconds, answer.seconds, SCAN_TIMES_MAX);
        newest(&mut inner.history, row, HISTORY_MAX);
    }

    /// `/stat`.
    pub(super) fn stat(&self) -> Value {
        let inner = self.lock();
        let actions: Map<String, Value> = ACTIONS
            .iter()
            .zip(inner.actions)
            .map(|(action, count)| ((*action).to_owned(), count.into()))
            .collect();
        json!({
            "version": VERSION, "config_id": "", "uptime": self.uptime(), "read_only": false,
            "scanned": inner.scanned, "learned": inner.learned, "actions": actions,
            "scan_times": inner.seconds, "spam_count": inner.spam(), "ham_count": inner.action("no action"),
            "connections": inner.connections, "control_connections": 0,
            "pools_allocated": 0, "pools_freed": 0, "bytes_allocated": 0, "chunks_allocated": 0,
            "shared_chunks_allocated": 0, "chunks_freed": 0, "chunks_oversized": 0, "fragmented": 0,
            "total_learns": inner.learned, "statfiles": [],
        })
    }

    /// `/auth`.
    pub(super) fn auth(&self) -> Value {
        let inner = self.lock();
        json!({
            "version": VERSION, "auth": "ok", "uptime": self.uptime(),
            "clean": inner.action("no action"), "probable": inner.action("add header"),
            "greylist": inner.action("greylist"), "reject": inner.action("reject"),
            "soft_reject": inner.action("soft reject"), "scanned": inner.scanned, "learned": inner.learned,
            "read_only": false, "config_id": "",
        })
    }

    /// `/counters`.
    pub(super) fn counters(&self) -> Value {
        let minutes = (self.uptime() as f64 / 60.0).max(1.0);
        let row = |(name, counter): (&String, &Counter)| {
            json!({
                "symbol": name, "weight": counter.weight, "hits": counter.hits,
                "frequency": counter.hits as f64 / minutes, "time": 0.0,
            })
        };
        self.lock().symbols.iter().map(row).collect()
    }

    /// `/history`, newest first.
    pub(super) fn history(&self) -> Value {
        json!({ "version": 2, "rows": self.lock().history.iter().rev().collect::<Vec<_>>() })
    }

    fn uptime(&self) -> i64 {
        now().saturating_sub(self.started).max(0)
    }
}

/// What `/stat` and `/auth` call the version of the server.
pub(super) const VERSION: &str = concat!("sekisho-", env!("CARGO_PKG_VERSION"));

impl Inner {
    fn action(&self, name: &str) -> u64 {
        let found = ACTIONS.iter().zip(self.actions).find(|(action, _)| **action == name);
        found.map_or(0, |(_, count)| count)
    }

    fn spam(&self) -> u64 {
        self.action("reject") + self.action("add header")
    }
}

fn newest<T>(list: &mut VecDeque<T>, item: T, max: usize) {
    if list.len() >= max {
        list.pop_front();
    }
    list.push_back(item);
}

fn row(answer: &Answer<'_>, size: usize) -> Value {
    let envelope = answer.ask.envelope.as_ref();
    let unknown =
        |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or_else(|| "unknown".into());
    let symbol = |symbol: &super::rspamd::symbols::Symbol| {
        let value = json!({ "name": symbol.name, "score": symbol.score, "options": symbol.options });
        (symbol.name.clone(), value)
    };
    json!({
        "unix_time": now(), "message-id": answer.message_id(), "size": size,
        "ip": unknown(envelope.and_then(|e| e.ip).map(|ip| ip.to_string())),
        "user": unknown(envelope.and_then(|e| e.login.clone())),
        "sender_smtp": unknown(envelope.map(|e| e.mail_from.clone())),
        "rcpt_smtp": envelope.map(|e| e.rcpt_to.iter().take(HISTORY_RECIPIENTS_MAX).collect::<Vec<_>>()).unwrap_or_default(),
        "is_skipped": answer.skipped, "score": answer.outcome.score, "required_score": REJECT,
        "action": answer.outcome.action, "time_real": answer.seconds,
        "symbols": answer.symbols.iter().map(symbol).collect::<Map<_, _>>(),
    })
}
