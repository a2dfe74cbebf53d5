//! Load on a running server: clients that send numbered messages until each is accepted, and what became of them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sekisho_testkit::{
    scenarios::Scenario,
    servers::{Client, Postfix},
};
use sqlx::Row as _;

use super::Server;

/// Between two tries of a message.
const PAUSE: Duration = Duration::from_millis(50);
/// How long one message may be tried.
const PATIENCE: Duration = Duration::from_secs(120);

/// Load, and what of it was accepted: even numbers are messages to be held, odd ones to be delivered.
pub(crate) struct Load {
    harmful: Vec<u8>,
    next: AtomicUsize,
    stop: AtomicBool,
    accepted: Mutex<Vec<usize>>,
    tries: AtomicUsize,
    started: Instant,
    /// Messages a second that are begun; as many as can be, where it is 0.
    rate: f64,
}

/// What became of all messages.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    pub(crate) accepted: usize,
    pub(crate) delivered: usize,
    pub(crate) held: usize,
    /// Copies beyond the first.
    pub(crate) twice: usize,
    /// Messages that are held more than once.
    pub(crate) held_twice: usize,
    /// Accepted, and nowhere.
    pub(crate) lost: Vec<usize>,
    /// To be held, and delivered; or the other way round.
    pub(crate) astray: usize,
}

impl Load {
    /// Of the scenario that the server is set up for.
    pub(crate) fn new(scenario: &Scenario, rate: f64) -> Self {
        let harmful = scenario.cases.iter().find(|case| case.group == "Microsoft").unwrap().raw.clone();
        Self {
            harmful,
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            accepted: Mutex::default(),
            tries: AtomicUsize::new(0),
            started: Instant::now(),
            rate,
        }
    }

    /// Sends until [`stop`](Self::stop) is called; each message again until it is accepted.
    pub(crate) fn client(&self, to: SocketAddr) {
        let mut open = None;
        while !self.stop.load(Ordering::SeqCst) {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            if self.rate > 0.0 {
                let due = self.started + Duration::from_secs_f64(number as f64 / self.rate);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            let end = Instant::now() + PATIENCE;
            while self.send(&mut open, to, number) != Some(250) {
                open = None;
                assert!(Instant::now() < end, "message {number} is never accepted");
                std::thread::sleep(PAUSE);
            }
            self.accepted.lock().unwrap().push(number);
        }
    }

    /// The code of the reply; `None` when there was none. The connection is used again.
    fn send(&self, open: &mut Option<Client>, to: SocketAddr, number: usize) -> Option<u16> {
        self.tries.fetch_add(1, Ordering::Relaxed);
        let client = match open {
            Some(client) => client,
            None => {
                let mut client = Client::connect(to).ok()?;
                client.hello("client.example").ok()?;
                open.insert(client)
            }
        };
        let from = format!("n{number}@c.example");
        Some(client.send(&from, &["ann@harbour.example"], &self.message(number)).ok()?.code)
    }

    fn message(&self, number: usize) -> Vec<u8> {
        let clean: &[u8] = b"Subject: minutes\r\nFrom: a@c.example\r\n\r\nsee you\r\n";
        let body = if is_held(number) { &*self.harmful } else { clean };
        [format!("X-Number: {number}\r\n").as_bytes(), body].concat()
    }

    /// No message is begun any more.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// How many were accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.lock().unwrap().len()
    }

    /// How often a message was sent so far.
    pub(crate) fn tries(&self) -> usize {
        self.tries.load(Ordering::Relaxed)
    }

    /// Where everything is, when it is quiet.
    pub(crate) fn fate(&self, postfix: &Postfix, server: &Server) -> Fate {
        self.fate_of(postfix, server, &format!("sqlite:{}", server.data().join("history.db").display()))
    }

    /// The same with history in this database.
    pub(crate) fn fate_of(&self, postfix: &Postfix, server: &Server, url: &str) -> Fate {
        postfix.drained().unwrap();
        let accepted = self.accepted.lock().unwrap().clone();
        let delivered = delivered(postfix);
        let held = held(server, url);
        let times = |number: &usize| if is_held(*number) { held.get(number) } else { delivered.get(number) };
        let astray =
            delivered.keys().filter(|n| is_held(**n)).count() + held.keys().filter(|n| !is_held(**n)).count();
        Fate {
            accepted: accepted.len(),
            delivered: delivered.len(),
            held: held.len(),
            twice: delivered.values().map(|times| times - 1).sum(),
            held_twice: held.values().filter(|times| **times > 1).count(),
            lost: accepted.into_iter().filter(|number| times(number).is_none()).collect(),
            astray,
        }
    }
}

fn is_held(number: usize) -> bool {
    number.is_multiple_of(2)
}

/// How often each number was delivered. Messages without one are not of the load.
fn delivered(postfix: &Postfix) -> BTreeMap<usize, usize> {
    let mut out = BTreeMap::new();
    for message in postfix.mailbox().all().unwrap() {
        let text = message.text();
        let Some(rest) = text.split("X-Number: ").nth(1) else { continue };
        *out.entry(rest.split("\r\n").next().unwrap().parse().unwrap()).or_default() += 1;
    }
    out
}

/// How often each number is held, with its bytes.
fn held(server: &Server, url: &str) -> BTreeMap<usize, usize> {
    let mut out = BTreeMap::new();
    for (data, address) in held_rows(url) {
        let held: serde_json::Value = serde_json::from_str(&data).unwrap();
        let from = held["mail_from"].as_str().unwrap();
        let number = from.trim_start_matches('n').split('@').next().unwrap().parse().unwrap();
        let object = server.data().join("objects").join(&address[..2]).join(&address);
        assert!(object.metadata().unwrap().len() > 100, "the bytes of {number} are there");
        *out.entry(number).or_default() += 1;
    }
    out
}

/// The rows of what is held: its data, and the address of its bytes.
pub(crate) fn held_rows(url: &str) -> Vec<(String, String)> {
    const WANTED: &str = "SELECT data, address FROM held";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if url.starts_with("sqlite:") {
            let pool = sqlx::SqlitePool::connect(url).await.unwrap();
            let rows = sqlx::query(WANTED).fetch_all(&pool).await.unwrap();
            return rows.iter().map(|row| (row.get("data"), row.get("address"))).collect();
        }
        let pool = sqlx::PgPool::connect(url).await.unwrap();
        let rows = sqlx::query(WANTED).fetch_all(&pool).await.unwrap();
        rows.iter().map(|row| (row.get("data"), row.get("address"))).collect()
    })
}
