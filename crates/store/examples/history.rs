//! How learning and recalling cost with the length of history: fills a store with synthetic mail and measures on the way.
//!
//! `cargo run --release -p sekisho-store --example history -- --messages 10000000 --url sqlite:/tmp/x.db`
//!
//! Senders and correspondents are Zipf-distributed (a few write very much, most write once), two thirds of the messages
//! answer an earlier one. At 10^4, 2·10^4, 5·10^4, 10^5, … messages it prints the median and the 99th percentile of
//! one recall and one learn of the next message, as one verdict does them, and what the file takes for each message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that fails stops")]
#![allow(clippy::indexing_slicing, clippy::print_stdout, reason = "a measurement that fails stops")]

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use sekisho_record::history::{Lesson, Questions, THREAD, Tick, Trait, Window};
use sekisho_store::Store;

/// Messages learnt and asked for one measurement.
const MEASURED: u64 = 1_000;
/// Lessons of one batch while filling.
const BATCH: u64 = 2_000;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut messages, mut url) = (200_000_u64, "sqlite:/tmp/sekisho-history.db".to_owned());
    while let Some(argument) = arguments.next() {
        let value = arguments.next().expect("a value");
        match argument.as_str() {
            "--messages" => messages = value.parse().expect("a number"),
            "--url" => url = value,
            other => panic!("{other}: --messages N, --url URL"),
        }
    }
    let store = Store::open(&url).await.unwrap();
    let file = url.strip_prefix("sqlite:").map(str::to_owned);
    println!(
        "messages  learn/s  recall ms (median, p99)  learn ms (median, p99)  both (median)  bytes/message"
    );
    let (mut done, mut stop) = (0, 10_000_u64.min(messages));
    let mut world = World { seed: 42 };
    let mut filling = (Duration::ZERO, 0);
    loop {
        while done < stop {
            let batch: Vec<Lesson> = (done..(done + BATCH).min(stop)).map(|n| world.lesson(n)).collect();
            let begin = Instant::now();
            store.learn(&batch).await.unwrap();
            filling = (filling.0 + begin.elapsed(), filling.1 + batch.len());
            done += batch.len() as u64;
            let left = (messages - done) as f64 * filling.0.as_secs_f64() / filling.1 as f64;
            eprint!("\r{done} of {messages}, {:.0} min left at most   ", left / 60.0);
            let _ = std::io::stderr().flush();
        }
        eprint!("\r                                                  \r");
        let rate = filling.1 as f64 / filling.0.as_secs_f64();
        filling = (Duration::ZERO, 0);
        let (recall, learn) = measure(&store, &mut world, &mut done).await;
        let size = file.as_ref().map_or(0, |f| std::fs::metadata(f).map_or(0, |m| m.len()));
        let (a, b) = (quantiles(recall), quantiles(learn));
        println!(
            "{done:>8}  {rate:>7.0}  {:>11.2} {:>11.2}  {:>11.2} {:>10.2}  {:>13.2}  {:>13}",
            a.0,
            a.1,
            b.0,
            b.1,
            a.0 + b.0,
            size / done
        );
        if stop >= messages {
            break;
        }
        let next = match stop.to_string().as_bytes()[0] {
            b'1' => stop * 2,
            b'2' => stop / 2 * 5,
            _ => stop * 2,
        };
        stop = next.min(messages);
    }
    store.close().await;
}

async fn measure(store: &Store, world: &mut World, done: &mut u64) -> (Vec<f64>, Vec<f64>) {
    let (mut recall, mut learn) = (Vec::new(), Vec::new());
    for _ in 0..MEASURED {
        let lesson = world.lesson(*done);
        let questions = questions(&lesson);
        let begin = Instant::now();
        let answers = store.recall(&questions).await.unwrap();
        recall.push(begin.elapsed().as_secs_f64() * 1_000.0);
        std::hint::black_box(answers);
        let begin = Instant::now();
        store.learn(std::slice::from_ref(&lesson)).await.unwrap();
        learn.push(begin.elapsed().as_secs_f64() * 1_000.0);
        *done += 1;
    }
    (recall, learn)
}

fn quantiles(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// What a verdict on this message asks: sender, domain and pair with their usual values, each trait exactly, windows of
/// an hour and a day, its thread by references, subject and quoted text.
fn questions(lesson: &Lesson) -> Questions {
    let mut subjects: Vec<String> = lesson.traits.iter().map(|t| t.subject.clone()).collect();
    subjects.sort();
    subjects.dedup();
    subjects.retain(|s| s != THREAD);
    let window = |subject: &str, kind: &str, seconds: i64| Window {
        subject: subject.to_owned(),
        kind: kind.to_owned(),
        since: lesson.at - seconds,
        until: lesson.at,
    };
    let windows = lesson
        .ticks
        .iter()
        .flat_map(|t| [600, 3_600, 86_400].map(|seconds| window(&t.subject, &t.kind, seconds)))
        .collect();
    Questions {
        subjects,
        most: 8,
        exact: lesson.traits.iter().filter(|t| t.subject != THREAD).cloned().collect(),
        windows,
        message_ids: lesson.parents.clone(),
        subject_keys: vec![lesson.subject_key.clone()],
        shingles: lesson.shingles.clone(),
        threads: 3,
        thread_values: 16,
    }
}

/// Makes messages. Everything follows from the seed.
struct World {
    seed: u64,
}

impl World {
    /// splitmix64.
    fn next(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// Zipf (exponent 1) among `n`, by inversion of the continuous distribution.
    fn zipf(&mut self, n: u64) -> u64 {
        let u = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((n.max(2) as f64).powf(u) as u64).saturating_sub(1)
    }

    /// Message `n`, some seconds after the one before. New people keep coming: a sender for every ten messages.
    fn lesson(&mut self, n: u64) -> Lesson {
        let people = n / 10 + 1_000;
        let (from, to) = (self.zipf(people), self.zipf(2_000));
        let answered = (n > 0 && self.below(3) > 0).then(|| n - 1 - self.zipf(n.min(1_000_000)).min(n - 1));
        let sender = format!("person{from}@company{}.example", from / 8);
        let recipient = format!("colleague{to}@here.example");
        let (s, d) = (format!("sender:{sender}"), format!("domain:company{}.example", from / 8));
        let p = format!("pair:{recipient}|{sender}");
        let at = 1_500_000_000 + i64::try_from(n).unwrap_or_default() * 20;
        let day = at / 86_400;
        let habit = |n: u64| format!("habit{n}");
        let host = format!("www{}.example", self.zipf(50_000));
        let traits = vec![
            Trait::new(&s, "display_name", format!("Person {from}")),
            Trait::new(&s, "client", habit(from % 40)),
            Trait::new(&s, "network", habit(from % 900)),
            Trait::new(&s, "dkim", format!("company{}.example/s1", from / 8)),
            Trait::new(&s, "zone", habit(from % 12)),
            Trait::new(&s, "hour", habit(self.below(10))),
            Trait::new(&s, "language", habit(from % 4)),
            Trait::new(&s, "link_root_domain", &host),
            Trait::new(&s, "day", day.to_string()),
            Trait::new(&d, "sender", &sender),
            Trait::new(&d, "network", habit(from % 900)),
            Trait::new(&d, "link_root_domain", &host),
            Trait::new(&d, "day", day.to_string()),
            Trait::new(&p, "seen", "inbound"),
            Trait::new(&p, "day", day.to_string()),
            Trait::new("here", "link_root_domain", &host),
            Trait::new(THREAD, "link_root_domain", &host),
            Trait::new(THREAD, "client", habit(from % 40)),
        ];
        let tick = |subject: &str, kind: &str, value: &str| Tick {
            subject: subject.to_owned(),
            kind: kind.to_owned(),
            value: value.to_owned(),
            lasting: false,
        };
        Lesson {
            record: format!("{n:016x}{:010x}", self.next() >> 24),
            at,
            participants: vec![sender.clone(), recipient.clone()],
            message_id: format!("{n}@company.example"),
            parents: answered.iter().map(|n| format!("{n}@company.example")).collect(),
            subject_key: format!("subject {}", answered.unwrap_or(n)),
            shingles: (0..16).map(|_| self.next()).collect(),
            traits,
            ticks: vec![
                tick(&s, "recipient", &recipient),
                tick(&s, "thread", &n.to_string()),
                tick(&d, "skeleton", &habit(from % 77)),
            ],
            judged: vec![s, d],
            sender,
            ..Lesson::default()
        }
    }
}
