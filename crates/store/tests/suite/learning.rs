//! Learning and taking back: counted once, taken back exactly.

use sekisho_record::history::{Lesson, Questions};
use sekisho_store::Store;

use super::{DAY, T0, a_trait, ask, counts, known, learn, lesson, tick, with_traits};

pub async fn a_lesson_is_recalled(store: &Store) {
    let a = with_traits(lesson("r1", 0, "ann@x.example"), &["s:ann name Ann Smith", "s:ann link x.example"]);
    let b = with_traits(lesson("r2", 3, "ann@x.example"), &["s:ann name Ann Smith", "s:ann link y.example"]);
    learn(store, &[a, b]).await;
    assert_eq!(
        known(store, "s:ann", 5).await,
        "link 2/2: y.example 1, x.example 1\nname 2/1: Ann Smith 2",
        "the newer of two equals first"
    );
    let questions = Questions {
        exact: vec![a_trait("s:ann name Ann Smith"), a_trait("s:ann name Bob")],
        ..Questions::default()
    };
    let answers = ask(store, questions).await;
    let seen = answers.exact[0].unwrap();
    assert_eq!((seen.count, seen.first_at, seen.last_at), (2, T0, T0 + 3 * DAY));
    assert_eq!(answers.exact[1], None);
    assert_eq!(known(store, "s:nobody", 5).await, "");
}

pub async fn a_record_teaches_once(store: &Store) {
    let a = with_traits(lesson("r1", 0, "a@x"), &["s:a seen yes"]);
    learn(store, std::slice::from_ref(&a)).await;
    for _ in 0..3 {
        let again = store.learn(&[a.clone(), a.clone()]).await.unwrap();
        assert_eq!((again.new, again.known), (0, 2));
    }
    // Twice in one batch, and with other content: the first counts.
    let b = with_traits(lesson("r2", 1, "a@x"), &["s:a seen yes"]);
    let other = with_traits(lesson("r2", 1, "a@x"), &["s:a seen never"]);
    assert_eq!(store.learn(&[b, other, a]).await.unwrap().new, 1);
    assert_eq!(counts(store, &["s:a seen yes", "s:a seen never"]).await, [2, 0]);
    // An earlier message moves the first time, not the last.
    learn(store, &[with_traits(lesson("r0", -5, "a@x"), &["s:a seen yes"])]).await;
    let exact = vec![a_trait("s:a seen yes")];
    let seen = ask(store, Questions { exact, ..Questions::default() }).await.exact[0].unwrap();
    assert_eq!((seen.count, seen.first_at, seen.last_at), (3, T0 - 5 * DAY, T0 + DAY));
}

pub async fn a_large_batch_counts_right(store: &Store) {
    let many: Vec<Lesson> = (0..3_000)
        .map(|n| {
            let mut one = lesson(&format!("r{n:05}"), n % 50, "a@x");
            one.traits = vec![
                a_trait(&format!("s:big mod7 {}", n % 7)),
                a_trait(&format!("s:big each {n}")),
                a_trait("s:big all yes"),
            ];
            one.ticks = vec![tick(&format!("s:big sent {n}"))];
            one.shingles = vec![n as u64, 7_000];
            one
        })
        .collect();
    learn(store, &many).await;
    assert_eq!(counts(store, &["s:big mod7 0", "s:big mod7 6", "s:big all yes"]).await, [429, 428, 3_000]);
    let text = known(store, "s:big", 2).await;
    assert!(text.starts_with("all 3000/1: yes 3000\neach 3000/3000: "), "{text}");
    assert!(text.ends_with("mod7 3000/7: 0 429, 1 429"), "{text}");
    let half: Vec<String> = many.iter().step_by(2).map(|l| l.record.clone()).collect();
    let gone = store.forget(&half).await.unwrap();
    assert_eq!((gone.forgotten, gone.unknown), (1_500, 0));
    let text = known(store, "s:big", 1).await;
    assert!(text.starts_with("all 1500/1: yes 1500\neach 1500/1500: "), "{text}");
    assert_eq!(store.check().await.unwrap().ticks, 1_500);
}

pub async fn taking_back_leaves_nothing(store: &Store) {
    let mut a =
        with_traits(lesson("r1", 0, "a@x"), &["s:a link evil.example", "s:a link x.example", "thread k v"]);
    a.ticks = vec![tick("s:a sent one"), tick("thread sent one")];
    a.shingles = vec![1, 2, 3, u64::MAX];
    a.judged = vec!["s:a".into()];
    let mut twin = with_traits(lesson("r2", 1, "a@x"), &["s:a link x.example"]);
    twin.shingles = vec![1];
    learn(store, &[a.clone(), twin]).await;
    let gone = store.forget(&["r1".into(), "r1".into(), "never".into()]).await.unwrap();
    assert_eq!((gone.forgotten, gone.unknown), (1, 1));
    assert_eq!(known(store, "s:a", 9).await, "link 1/1: x.example 1");
    let questions =
        Questions { message_ids: vec!["r1@a@x".into()], shingles: vec![2], ..Questions::default() };
    assert_eq!(ask(store, questions).await.matches, []);
    // Forgotten is forgotten: it can be learnt like a new one, and taken back again.
    learn(store, &[a]).await;
    assert_eq!(known(store, "s:a", 9).await, "link 3/2: x.example 2, evil.example 1");
    store.forget(&["r1".into(), "r2".into()]).await.unwrap();
    let left = store.check().await.unwrap();
    assert_eq!((left.messages, left.traits, left.counted, left.ticks), (0, 0, 0, 0));
}

pub async fn times_go_back_too(store: &Store) {
    let seen = async |text: &str| {
        let questions =
            Questions { exact: vec![a_trait(text)], subjects: vec!["s:a".into()], ..Questions::default() };
        let answers = ask(store, questions).await;
        let (seen, total) = (answers.exact[0].unwrap(), answers.subjects[0].aspects[0].total);
        assert_eq!((seen.first_at, seen.last_at), (total.first_at, total.last_at));
        ((seen.first_at - T0) / DAY, (seen.last_at - T0) / DAY)
    };
    let on = |day: i64| with_traits(lesson(&format!("r{day}"), day, "a@x"), &["s:a seen yes"]);
    // In batches and alone, in order and not.
    learn(store, &[on(1), on(7), on(3)]).await;
    learn(store, &[on(5)]).await;
    assert_eq!(seen("s:a seen yes").await, (1, 7));
    store.forget(&["r7".into()]).await.unwrap();
    assert_eq!(seen("s:a seen yes").await, (1, 5));
    learn(store, &[on(9)]).await;
    store.forget(&["r3".into()]).await.unwrap();
    assert_eq!(seen("s:a seen yes").await, (1, 9));
    learn(store, &[on(11)]).await;
    // Two at once is further than is remembered: the first time is the least that is certain.
    store.forget(&["r9".into(), "r11".into()]).await.unwrap();
    assert_eq!(seen("s:a seen yes").await, (1, 1));
    learn(store, &[on(4)]).await;
    assert_eq!(seen("s:a seen yes").await, (1, 4));
}
