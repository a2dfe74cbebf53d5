//! Opinions: appended, counted, and what they do to a lesson.

use sekisho_record::history::{Opinion, Questions, Tick, Window};
use sekisho_store::{Opined, Store};

use super::{DAY, T0, ask, counts, known, learn, lesson, tick, with_traits};

pub async fn malicious_is_taken_back_and_learnt_again(store: &Store) {
    let mut a = with_traits(lesson("r1", 0, "a@x"), &["s:a link evil.example"]);
    a.ticks = vec![tick("s:a passing 1"), Tick { lasting: true, ..tick("s:a lasting 1") }];
    a.shingles = vec![5];
    learn(store, &[a.clone()]).await;
    let sent = Questions {
        windows: ["passing", "lasting"]
            .map(|kind| Window { subject: "s:a".into(), kind: kind.into(), since: T0 - DAY, until: T0 + DAY })
            .to_vec(),
        shingles: vec![5],
        ..Questions::default()
    };
    let seen = |answers: sekisho_record::history::Answers| {
        (answers.windows[0].count, answers.windows[1].count, answers.matches.len())
    };
    assert_eq!(seen(ask(store, sent.clone()).await), (1, 1, 1));
    assert_eq!(store.opine("r1", Opinion::Malicious, "ann", T0 + 9).await.unwrap(), Opined::TakenBack);
    assert_eq!(counts(store, &["s:a link evil.example"]).await, [0]);
    assert_eq!(seen(ask(store, sent.clone()).await), (0, 1, 0), "what happened lasts");
    // Delivered once more: the record is known, nothing is learnt.
    assert_eq!(store.learn(&[a]).await.unwrap().new, 0);
    assert_eq!(store.opine("r1", Opinion::Malicious, "bob", T0 + 10).await.unwrap(), Opined::Noted);
    assert_eq!(store.opine("r1", Opinion::FalsePositive, "bob", T0 + 11).await.unwrap(), Opined::LearntAgain);
    assert_eq!(counts(store, &["s:a link evil.example"]).await, [1]);
    assert_eq!(seen(ask(store, sent).await), (1, 1, 1));
    assert_eq!(store.opine("nobody", Opinion::Benign, "bob", T0).await.unwrap(), Opined::Unknown);
}

pub async fn opinions_are_counted(store: &Store) {
    let of = |record: &str, opinion| {
        let mut one = with_traits(lesson(record, 0, "a@x"), &["s:a seen yes"]);
        one.judged = vec!["s:a".into(), "d:x".into(), "s:a".into()];
        one.opinion = opinion;
        one
    };
    let lessons = [
        of("r1", Opinion::Unknown),
        of("r2", Opinion::Benign),
        of("r3", Opinion::Spam),
        of("r4", Opinion::Malicious),
        of("r5", Opinion::Malicious),
    ];
    learn(store, &lessons).await;
    assert_eq!(
        known(store, "s:a", 9).await,
        "opinion 4/3: malicious 2, benign 1, spam 1\nseen 3/1: yes 3",
        "nothing is learnt of a malicious message but that"
    );
    store.opine("r1", Opinion::Spam, "ann", T0).await.unwrap();
    store.opine("r5", Opinion::FalsePositive, "ann", T0).await.unwrap();
    store.opine("r2", Opinion::Unknown, "ann", T0).await.unwrap();
    let now = "opinion 4/3: spam 2, false_positive 1, malicious 1\nseen 4/1: yes 4";
    assert_eq!(known(store, "s:a", 9).await, now);
    assert_eq!(known(store, "d:x", 9).await, now.lines().next().unwrap());
    store.forget(&["r1".into(), "r2".into(), "r3".into(), "r4".into(), "r5".into()]).await.unwrap();
    assert_eq!(known(store, "s:a", 9).await, "");
}

pub async fn a_message_in_hand_is_found(store: &Store) {
    let of = |record: &str, id: &str, sender: &str| {
        let mut one = lesson(record, 0, sender);
        one.message_id = id.to_owned();
        one
    };
    let mut held = of("r3", "m1@a", "a@x");
    held.opinion = Opinion::Malicious;
    learn(store, &[of("r1", "m1@a", "a@x"), of("r2", "m2@a", "a@x"), held, of("r4", "m1@a", "b@x")]).await;
    let found = async |id: &str, sender: &str| {
        let all = store.records_of(id, sender).await.unwrap();
        let line = |(record, opinion): &(String, Opinion)| format!("{record} {}", opinion.name());
        all.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(found("m1@a", "a@x").await, ["r3 malicious", "r1 unknown"], "also what taught nothing");
    assert_eq!(found("m1@a", "b@x").await, ["r4 unknown"], "an id can be copied: the author counts, too");
    assert_eq!(found("m9@a", "a@x").await, [""; 0]);
    assert_eq!(found("", "a@x").await, [""; 0]);
    let many: Vec<_> = (0..40).map(|n| of(&format!("s{n}"), "m5@a", "a@x")).collect();
    learn(store, &many).await;
    assert_eq!(found("m5@a", "a@x").await.len(), sekisho_store::limits::COPIES_MAX);
}
