//! How judging and learning cost with the length of history: fills a store with synthetic mail and measures on the way.
//!
//! `cargo xtask bench --history MESSAGES` (`make bench` with 100,000) runs it:
//! `cargo run --release -p sekisho-store --example history -- --messages 10000000 --file /var/tmp/x.db`
//!
//! A file that is there is filled further, so that the long way to 10⁷ (some 14 GB and two hours) can be interrupted.
//! At 10⁴, 2·10⁴, 5·10⁴, 10⁵, … messages it prints, for SQLite: what one verdict's questions take (recall), what a
//! message's lesson takes when 64 are handed to the writer, as live mail does, the sum of both for the same message
//! (the goal is 2 ms at the median), what a lesson takes that is learnt alone, and the size of the file for each
//! message. Filling does not wait for the disk, measuring does as always; old rows are
//! swept once a day of the messages' time. Then, where a PostgreSQL server is installed, the
//! round trips of a verdict and of a batch, counted between the store and the server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that fails stops")]
#![allow(clippy::indexing_slicing, clippy::print_stdout, reason = "a measurement that fails stops")]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "shares a module with the tests")]

#[path = "../../tests/server/mod.rs"]
mod server;
mod world;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use sekisho_record::history::Lesson;
use sekisho_store::{Lost, Retention, Store, Writer};

/// Messages asked for and learnt for one measurement: whole batches.
const MEASURED: u64 = 16 * LIVE;
/// Lessons of one batch of live mail.
const LIVE: u64 = 64;
/// Messages whose lesson is learnt alone.
const ALONE: u64 = 200;
/// Lessons of one batch while filling.
const BATCH: u64 = 2_000;
/// Messages that PostgreSQL gets.
const POSTGRES_MAX: u64 = 20_000;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut messages, mut file) = (100_000_u64, None);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().expect("a value");
        match argument.as_str() {
            "--messages" => messages = value.parse().expect("a number"),
            "--file" => file = Some(PathBuf::from(value)),
            other => {
                panic!("{other}: --messages N, --file FILE (it is left there; an old one is filled further)")
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    sqlite(&file.unwrap_or_else(|| folder.path().join("history.db")), messages).await;
    if server::installed() && !server::without() {
        postgres(messages.min(POSTGRES_MAX)).await;
    } else {
        println!("no PostgreSQL server is installed here: round trips are not counted");
    }
}

async fn sqlite(file: &Path, messages: u64) {
    let store = Store::open(&format!("sqlite:{}", file.display())).await.unwrap();
    println!(
        "History in SQLite; milliseconds: median and 99th percentile of wall time, mean of processor time"
    );
    println!(
        "{:>9} {:>8}   {:^13}  {:^15}  {:^13}  {:^15}  {:^10}  {:>9}",
        "messages",
        "learn/s",
        "recall",
        "learn, by 64",
        "sum, by 64",
        "learn, alone",
        "CPU of sum",
        "B/message"
    );
    let mut done = stored(&store).await;
    let mut stop = if done > 0 { messages } else { 10_000_u64.min(messages) };
    let begin = Instant::now();
    loop {
        let rate = fill(&store, &mut done, stop, messages).await;
        let (cost, cpu) = measure(&store, &mut done).await;
        let size = std::fs::metadata(file).map_or(0, |m| m.len()) / done;
        let [recall, live, sum, alone] = cost.map(|(median, p99)| format!("{median:.2} {p99:>7.2}"));
        println!(
            "{done:>9} {rate:>8.0}   {recall:>13}  {live:>15}  {sum:>13}  {alone:>15}  {cpu:>10.2}  {size:>9}"
        );
        if done >= messages {
            break;
        }
        let next = if stop.to_string().starts_with('2') { stop / 2 * 5 } else { stop * 2 };
        stop = next.min(messages);
    }
    println!("{:.0} s in all", begin.elapsed().as_secs_f64());
    store.close().await;
}

/// How many messages a file has from an earlier run: they were learnt in the order of their numbers.
async fn stored(store: &Store) -> u64 {
    let (mut known, mut unknown) = (0, 1 << 40);
    while known + 1 < unknown {
        let middle = u64::midpoint(known, unknown);
        let record = world::lesson(middle - 1).0.record;
        if store.knows(&[record]).await.unwrap() == [true] { known = middle } else { unknown = middle }
    }
    known
}

/// Learns up to message `stop` and sweeps as the days pass; tells lessons learnt a second.
async fn fill(store: &Store, done: &mut u64, stop: u64, messages: u64) -> f64 {
    let (first, mut spent) = (*done, Duration::ZERO);
    store.filling(true).await.unwrap();
    while *done < stop {
        let batch: Vec<Lesson> = (*done..(*done + BATCH).min(stop)).map(|n| world::lesson(n).0).collect();
        let begin = Instant::now();
        store.learn(&batch).await.unwrap();
        let day = |at: i64| at / 86_400;
        let (from, to) = (batch[0].at, batch[batch.len() - 1].at);
        if day(from) != day(to) {
            store.sweep(to, &Retention::default(), None).await.unwrap();
        }
        spent += begin.elapsed();
        *done += batch.len() as u64;
        let left = (messages - *done) as f64 * spent.as_secs_f64() / (*done - first) as f64;
        eprint!("\r{done} of {messages}, {:.0} min left at this pace   ", left / 60.0);
        let _ = std::io::stderr().flush();
    }
    eprint!("\r                                                  \r");
    store.filling(false).await.unwrap();
    (*done - first) as f64 / spent.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// Recall, learn in live batches, both for the same message, learn alone: median and 99th percentile in milliseconds;
/// and the processor time of recall and learning by 64, which a busy machine does not change.
async fn measure(store: &Store, done: &mut u64) -> ([(f64, f64); 4], f64) {
    let (mut recall, mut live, mut sum, mut alone) = (vec![], vec![], vec![], vec![]);
    let (mut cpu, writer) = (0.0, Writer::start(store.clone()));
    for _ in 0..MEASURED / LIVE {
        let (mut batch, mut asked) = (Vec::new(), Vec::new());
        for _ in 0..LIVE {
            let (lesson, answered) = world::lesson(*done);
            let questions = world::questions(&lesson, answered);
            let (begin, before) = (Instant::now(), cpu_ms());
            std::hint::black_box(store.recall(&questions).await.unwrap());
            asked.push(ms(begin));
            cpu += cpu_ms() - before;
            batch.push(lesson);
            *done += 1;
        }
        let (begin, before) = (Instant::now(), cpu_ms());
        for lesson in batch {
            writer.learn(lesson).await.unwrap();
        }
        writer.flush().await.unwrap();
        let each = ms(begin) / LIVE as f64;
        cpu += cpu_ms() - before;
        live.push(each);
        sum.extend(asked.iter().map(|asked| asked + each));
        recall.extend(asked);
    }
    for _ in 0..ALONE {
        let (lesson, _) = world::lesson(*done);
        let begin = Instant::now();
        store.learn(std::slice::from_ref(&lesson)).await.unwrap();
        alone.push(ms(begin));
        *done += 1;
    }
    assert_eq!(writer.close().await, Lost::default());
    ([recall, live, sum, alone].map(quantiles), cpu / MEASURED as f64)
}

fn ms(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1_000.0
}

/// Processor time of this process.
fn cpu_ms() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

fn quantiles(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

async fn postgres(messages: u64) {
    let server = server::Server::start();
    let (port, turns, _) = server::proxy::start(server.folder().join(".s.PGSQL.5432")).await;
    let store = Store::open(&format!("postgres://sekisho@127.0.0.1:{port}/postgres")).await.unwrap();
    let mut done = 0;
    while done < messages {
        let batch: Vec<Lesson> = (done..(done + BATCH).min(messages)).map(|n| world::lesson(n).0).collect();
        store.learn(&batch).await.unwrap();
        done += batch.len() as u64;
    }
    let (mut times, mut trips) = (Vec::new(), Vec::new());
    for _ in 0..500 {
        let (lesson, answered) = world::lesson(done);
        let questions = world::questions(&lesson, answered);
        let (begin, before) = (Instant::now(), turns.load(Ordering::SeqCst));
        std::hint::black_box(store.recall(&questions).await.unwrap());
        times.push(ms(begin));
        trips.push((turns.load(Ordering::SeqCst) - before) as f64);
        done += 1;
    }
    let batch: Vec<Lesson> = (done..done + LIVE).map(|n| world::lesson(n).0).collect();
    let (begin, before) = (Instant::now(), turns.load(Ordering::SeqCst));
    store.learn(&batch).await.unwrap();
    let (each, learning) = (ms(begin) / LIVE as f64, turns.load(Ordering::SeqCst) - before);
    let (recall, trips) = (quantiles(times), quantiles(trips).0);
    println!(
        "History in PostgreSQL, {done} messages: recall {:.2} {:.2} ms, {trips} round trip; learn, by 64, {each:.2} ms a \
         message, {learning} round trips a batch",
        recall.0, recall.1
    );
    store.close().await;
}
