//! Questions and answers: order, bounds, windows.

use sekisho_record::history::{Lesson, Questions, Window};
use sekisho_store::Store;

use super::{DAY, T0, a_trait, ask, known, learn, lesson, tick, with_traits};

pub async fn the_most_frequent_values_come_first(store: &Store) {
    // Value v is seen v times, for 1 to 40; the names are not in the order of the counts.
    let mut lessons: Vec<Lesson> = Vec::new();
    for value in 1..=40_u32 {
        for n in 0..value {
            let name = format!("{:02}-{value}", value * 7 % 40);
            lessons
                .push(with_traits(lesson(&format!("r{value}-{n}"), 0, "a@x"), &[&format!("s:a v {name}")]));
        }
    }
    learn(store, &lessons).await;
    let told = known(store, "s:a", 5).await;
    assert_eq!(told, "v 820/40: 00-40 40, 33-39 39, 26-38 38, 19-37 37, 12-36 36");
    assert_eq!(known(store, "s:a", 0).await, "v 820/40: ");
    // Taking back changes the order.
    let best: Vec<String> = (0..35).map(|n| format!("r40-{n}")).collect();
    store.forget(&best).await.unwrap();
    let told = known(store, "s:a", 2).await;
    assert_eq!(told, "v 785/40: 33-39 39, 26-38 38");
    assert!(
        known(store, "s:a", 64).await.ends_with("02-6 6, 00-40 5, 35-5 5, 28-4 4, 21-3 3, 14-2 2, 07-1 1")
    );
}

pub async fn windows_count_what_happened(store: &Store) {
    let mut lessons = Vec::new();
    for (n, (day, value)) in
        [(0, "x"), (5, "x"), (5, "y"), (6, "z"), (6, "z"), (9, "x")].into_iter().enumerate()
    {
        let mut one = with_traits(lesson(&format!("r{n}"), day, "a@x"), &[&format!("s:a sent {value}")]);
        one.ticks = vec![tick(&format!("s:a sent {value}")), tick("s:b sent other")];
        lessons.push(one);
    }
    learn(store, &lessons).await;
    let window = |since: i64, until: i64| Window {
        subject: "s:a".into(),
        kind: "sent".into(),
        since: T0 + since * DAY,
        until: T0 + until * DAY,
    };
    let windows = vec![window(5, 7), window(0, 10), window(5, 6), window(6, 6), window(7, 5), window(9, 10)];
    let answers = ask(store, Questions { windows, ..Questions::default() }).await;
    let told: Vec<_> = answers.windows.iter().map(|w| (w.count, w.distinct, w.new)).collect();
    // y and z were never seen before day 5, x was.
    assert_eq!(told, [(4, 3, 2), (6, 3, 3), (2, 2, 1), (0, 0, 0), (0, 0, 0), (1, 1, 0)]);
    assert!(answers.windows.iter().all(|w| !w.capped));
}

pub async fn everything_in_one_batch(store: &Store) {
    let mut a = with_traits(lesson("r1", 0, "ann@x"), &["s:ann name Ann", "thread link x.example"]);
    a.subject_key = "invoice 7".into();
    a.shingles = vec![11, 12];
    a.aliases = vec!["index:1".into()];
    a.ticks = vec![tick("s:ann sent 1")];
    learn(store, &[a]).await;
    let questions = Questions {
        subjects: vec!["s:none".into(), "s:ann".into()],
        most: 3,
        exact: vec![a_trait("s:ann name Ann")],
        windows: vec![Window { subject: "s:ann".into(), kind: "sent".into(), since: T0, until: T0 + 1 }],
        message_ids: vec!["unknown@x".into(), "r1@ann@x".into()],
        aliases: vec!["index:1".into()],
        subject_keys: vec!["invoice 7".into()],
        shingles: vec![12, 13, 12],
        threads: 3,
        thread_values: 3,
    };
    let answers = ask(store, questions).await;
    let why: Vec<_> = answers.matches.iter().map(|m| (m.why, m.question, m.overlap)).collect();
    use sekisho_record::history::Why::*;
    assert_eq!(why, [(Reference, 1, 0), (Alias, 0, 0), (Quote, 0, 1), (Subject, 0, 0)]);
    assert_eq!(answers.threads.len(), 1, "all in one thread");
    assert_eq!((answers.subjects.len(), answers.subjects[1].aspects.len()), (2, 1));
    assert_eq!((answers.windows[0].count, answers.exact[0].unwrap().count), (1, 1));
    assert_eq!(answers.cut, Vec::<String>::new());
    // Nothing asked, nothing answered.
    assert_eq!(ask(store, Questions::default()).await, Default::default());
}
