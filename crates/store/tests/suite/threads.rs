//! Which thread a message belongs to, and how it is found again.

use sekisho_record::history::{Answers, Known, Lesson, Opinion, Questions, THREAD, Trait, Why};
use sekisho_store::{Retention, Store, limits, thread_messages};

use super::{DAY, T0, ask, learn, lesson, told};

fn reply(record: &str, day: i64, sender: &str, parents: &[&str]) -> Lesson {
    Lesson { parents: parents.iter().map(|p| p.to_string()).collect(), ..lesson(record, day, sender) }
}

async fn referred(store: &Store, ids: &[&str]) -> Answers {
    let message_ids = ids.iter().map(|id| id.to_string()).collect();
    ask(store, Questions { message_ids, threads: 8, thread_values: 9, ..Questions::default() }).await
}

fn messages(thread: &Known) -> u64 {
    thread_messages(thread).count
}

pub async fn a_reply_joins_its_thread(store: &Store) {
    learn(store, &[lesson("r1", 0, "a@x")]).await;
    learn(store, &[reply("r2", 1, "b@y", &["r1@a@x"]), reply("r3", 2, "a@x", &["r2@b@y", "r1@a@x"])]).await;
    // A copy of r3, as a second recipient gets it, with no references.
    let copy = Lesson { message_id: "r3@a@x".into(), ..lesson("copy", 2, "a@x") };
    learn(store, &[copy, lesson("other", 0, "z@z")]).await;
    let answers = referred(store, &["r3@a@x", "r1@a@x", "never@x"]).await;
    let found: Vec<_> = answers.matches.iter().map(|m| (m.record.as_str(), m.question)).collect();
    assert_eq!(found, [("r3", 0), ("copy", 0), ("r1", 1)]);
    assert_eq!(answers.matches[0].participants, ["a@x", "me@here.example"]);
    assert_eq!(answers.threads.len(), 1);
    assert_eq!(
        told(&answers.threads[0]),
        "participant 8/3: me@here.example 4, a@x 3, b@y 1\nsender 4/2: a@x 3, b@y 1"
    );
    let seen = thread_messages(&answers.threads[0]);
    assert_eq!((seen.count, seen.first_at, seen.last_at), (4, T0, T0 + 2 * DAY));
    // By its name, a thread is a subject like any other.
    let name = answers.threads[0].subject.clone();
    let asked = ask(store, Questions { subjects: vec![name], most: 9, ..Questions::default() }).await;
    assert_eq!(asked.subjects[0], answers.threads[0]);
    assert_eq!(messages(&referred(store, &["other@z@z"]).await.threads[0]), 1);
}

pub async fn of_several_threads_the_oldest_wins(store: &Store) {
    learn(store, &[lesson("young", 5, "a@x"), lesson("old", 0, "a@x"), lesson("middle", 3, "a@x")]).await;
    learn(store, &[reply("late", 6, "a@x", &["young@a@x"])]).await;
    learn(store, &[reply("both", 7, "b@y", &["late@a@x", "middle@a@x", "old@a@x"])]).await;
    let answers = referred(store, &["both@b@y", "old@a@x", "young@a@x"]).await;
    let thread = |record: &str| &answers.matches.iter().find(|m| m.record == record).unwrap().thread;
    assert_eq!(thread("both"), thread("old"));
    assert_ne!(thread("young"), thread("old"));
    let sizes: Vec<u64> = answers.threads.iter().map(messages).collect();
    assert_eq!(sizes, [2, 2], "the thread of the nearest reference first");
    // The order inside a batch does not matter less than between batches: a parent after its child is not known.
    learn(store, &[reply("child", 9, "b@y", &["parent@a@x"]), lesson("parent", 8, "a@x")]).await;
    let answers = referred(store, &["child@b@y", "parent@a@x"]).await;
    assert_eq!(answers.threads.len(), 2);
}

pub async fn quoted_text_finds_the_message(store: &Store) {
    let mut lessons = Vec::new();
    for n in 0..60_u64 {
        let mut one = lesson(&format!("r{n:02}"), n as i64, "a@x");
        // 1 is a disclaimer that all of them have.
        one.shingles = vec![1, 100 + n, 200 + n, 300 + n];
        one.subject_key = if n % 2 == 0 { "order".into() } else { String::new() };
        lessons.push(one);
    }
    learn(store, &lessons).await;
    let questions = Questions {
        shingles: vec![1, 100, 200, 300, 105, 205],
        subject_keys: vec!["order".into()],
        threads: 2,
        thread_values: 1,
        ..Questions::default()
    };
    let answers = ask(store, questions).await;
    let found: Vec<_> = answers.matches.iter().map(|m| (m.record.as_str(), m.overlap)).take(3).collect();
    assert_eq!(found, [("r00", 4), ("r05", 3), ("r59", 1)], "old and well quoted before new and boilerplate");
    assert_eq!(answers.threads[0].subject, answers.matches[0].thread);
    assert_eq!(answers.threads.len(), 2);
    let subjects: Vec<_> =
        answers.matches.iter().filter(|m| m.overlap == 0).map(|m| m.record.as_str()).collect();
    assert_eq!(subjects.len(), 8, "the newest of a frequent subject only");
    assert_eq!(subjects[0], "r58");
}

pub async fn threads_remember(store: &Store) {
    let mut first = lesson("r1", 0, "a@x");
    first.traits = vec![Trait::new(THREAD, "link", "x.example")];
    let mut second = reply("r2", 200, "evil@z", &["r1@a@x"]);
    second.traits = vec![Trait::new(THREAD, "link", "evil.example")];
    learn(store, &[first, second]).await;
    let thread = told(&referred(store, &["r1@a@x"]).await.threads[0]);
    assert!(thread.starts_with("link 2/2: evil.example 1, x.example 1\n"), "{thread}");
    store.forget(&["r2".into()]).await.unwrap();
    let thread = referred(store, &["r1@a@x"]).await.threads.remove(0);
    let text = "link 1/1: x.example 1\nparticipant 2/2: a@x 1, me@here.example 1\nsender 1/1: a@x 1";
    assert_eq!(told(&thread), text);
    assert_eq!(thread_messages(&thread).last_at, T0, "silent since then");
}

/// A message with a conversation's other name, and a subject; participants are the sender, `me@here.example` and more.
fn named(record: &str, day: i64, sender: &str, alias: &str, subject: &str) -> Lesson {
    Lesson { aliases: vec![alias.to_owned()], subject_key: subject.to_owned(), ..lesson(record, day, sender) }
}

async fn by_alias(store: &Store, alias: &str) -> Answers {
    let aliases = vec![alias.to_owned()];
    ask(store, Questions { aliases, threads: 8, thread_values: 9, ..Questions::default() }).await
}

fn records(answers: &Answers) -> Vec<&str> {
    answers.matches.iter().map(|m| m.record.as_str()).collect()
}

pub async fn an_alias_finds_the_conversation(store: &Store) {
    learn(
        store,
        &[named("r1", 0, "a@x", "index:1", "lease of trucks"), named("r2", 0, "z@z", "index:2", "other")],
    )
    .await;
    let answers = by_alias(store, "index:1").await;
    assert_eq!((records(&answers), answers.matches[0].why), (vec!["r1"], Why::Alias));
    assert_eq!(answers.threads.len(), 1);
    assert_eq!(records(&by_alias(store, "index:3").await), Vec::<&str>::new());
    // Behind a reference, before a quotation.
    let mut quoted = lesson("r3", 1, "q@q");
    quoted.shingles = vec![1, 2, 3];
    learn(store, &[quoted]).await;
    let questions = Questions {
        message_ids: vec!["r2@z@z".into()],
        aliases: vec!["index:none".into(), "index:1".into()],
        shingles: vec![1, 2, 3],
        ..Questions::default()
    };
    let answers = ask(store, questions).await;
    let found: Vec<_> = answers.matches.iter().map(|m| (m.why, m.question)).collect();
    assert_eq!(found, [(Why::Reference, 0), (Why::Alias, 1), (Why::Quote, 0)]);
    // Gone with its message, and back with it.
    store.opine("r1", Opinion::Malicious, "ann", T0).await.unwrap();
    assert_eq!(by_alias(store, "index:1").await.matches, []);
    store.opine("r1", Opinion::FalsePositive, "ann", T0).await.unwrap();
    assert_eq!(records(&by_alias(store, "index:1").await), ["r1"]);
    store.forget(&["r1".into()]).await.unwrap();
    assert_eq!(by_alias(store, "index:1").await.matches, []);
    let retention = Retention { message_days: 40, ..Retention::default() };
    assert_eq!(store.sweep(T0 + 90 * DAY, &retention, None).await.unwrap().messages, 2);
    assert_eq!(by_alias(store, "index:2").await.matches, []);
}

pub async fn an_alias_joins_what_belongs_together(store: &Store) {
    let first = named("r1", 0, "a@x", "index:1", "lease of trucks");
    // Another subject; nobody in common; no subject; another name.
    let subject = named("r2", 1, "a@x", "index:1", "your invoice");
    let victims = Lesson {
        participants: vec!["a@x".into(), "you@there.example".into()],
        ..named("r3", 1, "a@x", "index:1", "lease of trucks")
    };
    let nameless = named("r4", 1, "a@x", "index:1", "");
    let other = named("r5", 1, "a@x", "index:4", "lease of trucks");
    let joins = named("r6", 2, "b@y", "index:1", "lease of trucks");
    // In batches and alone.
    learn(store, &[first, subject]).await;
    for one in [victims, nameless, other] {
        learn(store, &[one]).await;
    }
    learn(store, &[joins, named("r7", 3, "me@here.example", "index:1", "lease of trucks")]).await;
    let ids = ["r1@a@x", "r2@a@x", "r3@a@x", "r4@a@x", "r5@a@x", "r6@b@y", "r7@me@here.example"];
    let answers = referred(store, &ids).await;
    let thread = |record: &str| &answers.matches.iter().find(|m| m.record == record).unwrap().thread;
    assert_eq!([thread("r6"), thread("r7")], [thread("r1"); 2]);
    let threads: std::collections::BTreeSet<_> = answers.matches.iter().map(|m| &m.thread).collect();
    assert_eq!(threads.len(), 5, "four stay apart");
    // A known parent is nearer than a name.
    let answer =
        Lesson { parents: vec!["r5@a@x".into()], ..named("r8", 4, "b@y", "index:1", "lease of trucks") };
    learn(store, &[answer]).await;
    let answers = referred(store, &["r8@b@y", "r5@a@x"]).await;
    assert_eq!(answers.matches[0].thread, answers.matches[1].thread);
}

pub async fn a_copied_alias_joins_no_crowd(store: &Store) {
    learn(store, &[named("first", 0, "a@x", "index:1", "lease of trucks")]).await;
    let spam: Vec<Lesson> = (0..300)
        .map(|n| Lesson {
            participants: vec!["spam@s".into(), format!("{n}@here.example")],
            ..named(&format!("s{n:03}"), 1, "spam@s", "index:1", "lease of trucks")
        })
        .collect();
    learn(store, &spam).await;
    let answers = by_alias(store, "index:1").await;
    assert_eq!(records(&answers), ["s299", "s298", "s297", "s296"], "the newest");
    assert_eq!(answers.threads.len(), limits::SAME_ALIAS_MAX, "each by itself");
    assert!(answers.threads.iter().all(|thread| messages(thread) == 1));
    let mut many = named("many", 2, "a@x", "index:1", "");
    many.aliases = (0..10).map(|n| format!("index:{n}")).collect();
    assert_eq!(store.learn(&[many]).await.unwrap().cut, ["ALIASES_MAX"]);
    let aliases = (0..10).map(|n| format!("index:{n}")).collect();
    assert_eq!(ask(store, Questions { aliases, ..Questions::default() }).await.cut, ["ALIASES_MAX"]);
}
