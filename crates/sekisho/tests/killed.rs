//! The server is killed again and again under load: what a client was told is accepted is delivered or held, once.
//!
//! `SEKISHO_KILLS=200 cargo nextest run -p sekisho --test killed` is the long run; without it there are 20 kills.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod live;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use live::Server;
use sekisho_testkit::{
    scenarios::Scenario,
    servers::{self, Client, Postfix, Setup},
};
use sqlx::Row as _;

/// Clients that send at the same time.
const CLIENTS: usize = 4;

/// What was accepted: number of the message, and whether it is one to be held.
type Accepted = Arc<Mutex<Vec<(usize, bool)>>>;

/// Sends messages until told to stop; each again until it is accepted.
fn client(to: SocketAddr, harmful: &[u8], next: &AtomicUsize, stop: &AtomicBool, accepted: &Accepted) {
    while !stop.load(Ordering::SeqCst) {
        let number = next.fetch_add(1, Ordering::SeqCst);
        let held = number.is_multiple_of(2);
        let body: &[u8] =
            if held { harmful } else { b"Subject: minutes\r\nFrom: a@c.example\r\n\r\nsee you\r\n" };
        let raw = [format!("X-Number: {number}\r\n").as_bytes(), body].concat();
        let end = Instant::now() + Duration::from_secs(120);
        while send(to, &raw) != Some(250) {
            assert!(Instant::now() < end, "message {number} is never accepted");
            std::thread::sleep(Duration::from_millis(50));
        }
        accepted.lock().unwrap().push((number, held));
    }
}

/// The code of the reply; `None` when there was none.
fn send(to: SocketAddr, raw: &[u8]) -> Option<u16> {
    let mut client = Client::connect(to).ok()?;
    client.hello("client.example").ok()?;
    Some(client.send("a@c.example", &["ann@harbour.example"], raw).ok()?.code)
}

/// How often each key is held.
fn held(server: &Server) -> Vec<(String, i64)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = format!("sqlite:{}", server.data().join("history.db").display());
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        let rows =
            sqlx::query("SELECT hex(key) AS k, count(*) AS n FROM held GROUP BY key").fetch_all(&pool).await;
        rows.unwrap().iter().map(|row| (row.get("k"), row.get("n"))).collect()
    })
}

#[test]
fn whatever_was_accepted_is_delivered_or_held_once_however_often_the_server_is_killed() {
    if servers::without() {
        return;
    }
    let kills: usize = std::env::var("SEKISHO_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let scenario = Scenario::read("hijacked-mailer").unwrap();
    let harmful = scenario.cases.iter().find(|case| case.group == "Microsoft").unwrap().raw.clone();
    let text = "[organisation]\ndomains = ['harbour.example']\n[authentication]\nzone = 'zone.txt'\n";
    let mut server = Server::start(text, &[("zone.txt", &scenario.zone)]);
    let setup = Setup {
        domains: vec!["harbour.example".to_owned()],
        milter: Some(format!("inet:127.0.0.1:{}", server.milter_port)),
        main: vec!["milter_default_action = tempfail".to_owned()],
        ..Setup::default()
    };
    let postfix = Postfix::start(&setup).unwrap();
    let (next, stop, accepted) = (AtomicUsize::new(0), AtomicBool::new(false), Accepted::default());
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| client(postfix.smtp(), &harmful, &next, &stop, &accepted));
        }
        for kill in 0..kills {
            // Any moment of a message's way is hit sooner or later.
            std::thread::sleep(Duration::from_millis(150 + (kill as u64 * 97) % 400));
            server.kill_and_start();
        }
        stop.store(true, Ordering::SeqCst);
    });
    let seconds = started.elapsed().as_secs_f64();
    postfix.drained().unwrap();
    let accepted = accepted.lock().unwrap().clone();
    let (to_hold, to_deliver): (Vec<_>, Vec<_>) = accepted.iter().partition(|(_, held)| *held);
    let mut delivered: BTreeMap<usize, usize> = BTreeMap::new();
    for message in postfix.mailbox().all().unwrap() {
        let text = message.text();
        let number = text.split("X-Number: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
        *delivered.entry(number).or_default() += 1;
    }
    let held = held(&server);
    println!(
        "{} accepted in {seconds:.0} s over {kills} kills: {} delivered, {} held",
        accepted.len(),
        delivered.len(),
        held.len()
    );
    assert!(accepted.len() > 2 * kills, "there was load");
    let numbers: Vec<usize> = delivered.keys().copied().collect();
    let mut wanted: Vec<usize> = to_deliver.iter().map(|(number, _)| *number).collect();
    wanted.sort_unstable();
    assert_eq!(numbers, wanted, "what was accepted to be delivered is there, and nothing else");
    assert!(delivered.values().all(|times| *times == 1), "nothing is delivered twice");
    assert_eq!(held.len(), to_hold.len(), "what was accepted to be held is held");
    assert!(held.iter().all(|(_, times)| *times == 1), "nothing is held twice");
}
