//! Nothing that a message can contain stops it from being learnt, and nothing grows without bounds.

use sekisho_record::history::{Questions, Trait, Window};
use sekisho_store::{Store, StoreError, limits};

use super::{DAY, T0, a_trait, ask, counts, known, learn, lesson, tick, with_traits};

pub async fn too_much_is_cut_and_told(store: &Store) {
    let mut a = lesson("r1", 0, "a@x");
    a.traits = (0..400).map(|n| Trait::new("s:a", format!("aspect{n:03}"), "v")).collect();
    a.ticks = (0..400).map(|n| tick(&format!("s:a k {n}"))).collect();
    a.shingles = (0..400).collect();
    a.participants = (0..400).map(|n| format!("{n}@x")).collect();
    let learnt = store.learn(&[a]).await.unwrap();
    assert_eq!(learnt.new, 1);
    assert_eq!(learnt.cut, ["PARTICIPANTS_MAX", "SHINGLES_MAX", "TICKS_MAX", "TRAITS_MAX"]);
    let questions = Questions {
        subjects: vec!["s:a".into(); 100],
        most: 1_000,
        shingles: (0..1_000).collect(),
        message_ids: (0..1_000).map(|n| n.to_string()).collect(),
        threads: 1_000,
        ..Questions::default()
    };
    let answers = ask(store, questions).await;
    assert_eq!(answers.subjects.len(), limits::SUBJECTS_MAX);
    assert_eq!(answers.subjects[0].aspects.len(), limits::ASPECTS_MAX);
    assert_eq!(
        answers.cut,
        ["ASKED_SHINGLES_MAX", "ASPECTS_MAX", "MESSAGE_IDS_MAX", "SUBJECTS_MAX", "THREADS_MAX", "VALUES_MAX"]
    );
    let busy: Vec<_> = (0..2_100)
        .map(|n| {
            let mut one = lesson(&format!("b{n}"), 0, "a@x");
            one.ticks = vec![tick(&format!("s:busy sent {}", n % 10))];
            one
        })
        .collect();
    store.learn(&busy).await.unwrap();
    let window = Window { subject: "s:busy".into(), kind: "sent".into(), since: T0, until: T0 + DAY };
    let count = ask(store, Questions { windows: vec![window], ..Questions::default() }).await.windows[0];
    assert!(count.capped && count.count == limits::WINDOW_TICKS_MAX as u64 && count.distinct == 10);
    // Facets make kinds as they need them, one for each conversation: there is no end of them.
    let kinds: Vec<_> = (0..limits::WORDS_MAX + 1_000)
        .map(|n| {
            let mut one = lesson(&format!("k{n}"), 0, "a@x");
            one.ticks = vec![tick(&format!("s:kinds answered/{n} v"))];
            one
        })
        .collect();
    learn(store, &kinds).await;
    let windows = [0, limits::WORDS_MAX + 999]
        .map(|n| Window {
            subject: "s:kinds".into(),
            kind: format!("answered/{n}"),
            since: T0,
            until: T0 + DAY,
        })
        .to_vec();
    let counts = ask(store, Questions { windows, ..Questions::default() }).await.windows;
    assert!(counts.iter().all(|count| (count.count, count.new) == (1, 1)), "{counts:?}");
    let nameless = store.learn(&[lesson("", 0, "a@x")]).await;
    assert!(matches!(nameless, Err(StoreError::Limit(_))));
}

pub async fn hostile_texts_are_only_texts(store: &Store) {
    let long = "長".repeat(5_000);
    let texts = [
        "'; DROP TABLE trait; --",
        "a\0b",
        "$1 ?1 :x {}",
        "\u{202e}\u{feff}\r\n\t\"\\",
        "",
        long.as_str(),
        "[1,2]",
        "thread:zzzz",
    ];
    for (n, text) in texts.iter().enumerate() {
        let mut one = lesson(&format!("r{n}{text}"), 0, text);
        one.participants = vec![format!("{text}\n{text}")];
        one.traits = vec![Trait::new(*text, *text, *text)];
        one.ticks = vec![super::Tick { kind: text.to_string(), ..tick(&format!("s k {text}")) }];
        one.message_id = text.to_string();
        one.subject_key = text.to_string();
        one.parents = vec![text.to_string()];
        one.aliases = vec![text.to_string()];
        one.judged = vec![text.to_string()];
        one.at = if n == 0 { i64::MIN } else { i64::MAX };
        learn(store, &[one.clone()]).await;
        let questions = Questions {
            subjects: vec![text.to_string()],
            most: 3,
            exact: vec![Trait::new(*text, *text, *text)],
            windows: vec![Window {
                kind: text.to_string(),
                subject: "s".into(),
                since: i64::MIN,
                until: i64::MAX,
            }],
            message_ids: vec![text.to_string()],
            subject_keys: vec![text.to_string()],
            threads: 2,
            thread_values: 2,
            ..Questions::default()
        };
        let answers = ask(store, questions).await;
        assert_eq!(answers.exact[0].map(|s| s.count), Some(1), "{text:?}");
        assert_eq!(answers.subjects[0].aspects[0].total.count, 1, "{text:?}");
    }
    // Long texts that differ only at their end stay different.
    let (a, b) = (format!("{long}a"), format!("{long}b"));
    learn(store, &[with_traits(lesson("long", 0, "a@x"), &[&format!("s:l v {a}")])]).await;
    assert_eq!(counts(store, &[&format!("s:l v {a}"), &format!("s:l v {b}")]).await, [1, 0]);
    assert!(known(store, "s:l", 1).await.len() < 300);
    assert_eq!(a_trait("a b c d").value, "c d");
}
