//! Synthetic mail: everything follows from the number of a message.
//!
//! Senders and correspondents are Zipf-distributed (a few write very much, most write once), two thirds of the messages
//! answer an earlier one, a sixth of the rest comes from somebody new. A message arrives every six seconds: ten million
//! are two years, as long as messages are kept.

use sekisho_record::history::{Lesson, Questions, THREAD, Tick, Trait, Window};

/// Seconds between two messages.
pub const SECONDS: i64 = 6;
/// Text hashes of a message, as `sekisho-observe` makes them.
const SHINGLES: u64 = 16;

/// Random numbers (splitmix64).
struct Dice(u64);

/// The finish of splitmix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// Zipf (exponent 1) among `n`, by inversion of the continuous distribution.
    fn zipf(&mut self, n: u64) -> u64 {
        let u = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((n.max(2) as f64).powf(u) as u64).saturating_sub(1)
    }
}

/// Text hashes of message `n`.
fn shingles(n: u64) -> Vec<u64> {
    (0..SHINGLES).map(|i| mix(mix(n + 1).wrapping_add(i))).collect()
}

/// Message `n`, and the one that it answers. New people keep coming: a sender for every ten messages.
pub fn lesson(n: u64) -> (Lesson, Option<u64>) {
    let mut dice = Dice(mix(n));
    let people = n / 10 + 1_000;
    let (from, to) = (dice.zipf(people), dice.zipf(2_000));
    let answered = (n > 0 && dice.below(3) > 0).then(|| n - 1 - dice.zipf(n.min(1_000_000)).min(n - 1));
    let sender = format!("person{from}@company{}.example", from / 8);
    let recipient = format!("colleague{to}@here.example");
    let (s, d) = (format!("sender:{sender}"), format!("domain:company{}.example", from / 8));
    let p = format!("pair:{recipient}|{sender}");
    let at = 1_500_000_000 + i64::try_from(n).unwrap_or_default() * SECONDS;
    let day = at / 86_400;
    let habit = |n: u64| format!("habit{n}");
    let host = format!("www{}.example", dice.zipf(50_000));
    let traits = vec![
        Trait::new(&s, "display_name", format!("Person {from}")),
        Trait::new(&s, "client", habit(from % 40)),
        Trait::new(&s, "network", habit(from % 900)),
        Trait::new(&s, "dkim", format!("company{}.example/s1", from / 8)),
        Trait::new(&s, "zone", habit(from % 12)),
        Trait::new(&s, "hour", habit(dice.below(10))),
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
    let lesson = Lesson {
        record: format!("{n:016x}{:010x}", dice.next() >> 24),
        at,
        participants: vec![sender.clone(), recipient.clone()],
        message_id: format!("{n}@company.example"),
        parents: answered.iter().map(|n| format!("{n}@company.example")).collect(),
        subject_key: format!("subject {}", answered.unwrap_or(n)),
        shingles: shingles(n),
        traits,
        ticks: vec![
            tick(&s, "recipient", &recipient),
            tick(&s, "thread", &n.to_string()),
            tick(&d, "skeleton", &habit(from % 77)),
        ],
        judged: vec![s, d],
        sender,
        ..Lesson::default()
    };
    (lesson, answered)
}

/// What a verdict on this message asks: sender, domain and pair with their usual values, each trait exactly, windows of
/// ten minutes, an hour and a day, its thread by references, subject and the text that it quotes.
pub fn questions(lesson: &Lesson, answered: Option<u64>) -> Questions {
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
        aliases: Vec::new(),
        subject_keys: vec![lesson.subject_key.clone()],
        shingles: answered.map(shingles).unwrap_or_default(),
        threads: 3,
        thread_values: 16,
    }
}
