//! What every engine must do, said once. [`check`] is the one door: it gets fresh stores from the engine under test.

mod bounds;
pub mod holding;
mod learning;
mod locking;
mod nodes;
mod opinions;
mod recalling;
mod sweeping;
mod telling;
mod threads;

use std::{future::Future, pin::Pin};

use sekisho_record::history::{Answers, Lesson, Questions, Seen, Tick, Trait};
use sekisho_store::Store;

/// Gives a new, empty store each time.
pub type Fresh<'a> = dyn Fn() -> Pin<Box<dyn Future<Output = Store>>> + 'a;

/// A day in seconds.
pub const DAY: i64 = 86_400;
/// The time at which the cases begin.
pub const T0: i64 = 1_637_000_000;

/// Runs every case, each on a store of its own, and looks afterwards whether what is stored fits together.
pub async fn check(fresh: &Fresh<'_>) {
    macro_rules! cases {
        ($($name:path),* $(,)?) => {$(
            let store = fresh().await;
            // Each on the heap: all of them in one future fill the stack of a thread.
            Box::pin($name(&store)).await;
            let wrong = Box::pin(store.check()).await.unwrap().wrong;
            assert!(wrong.is_empty(), "{} leaves {wrong:?}", stringify!($name));
            store.close().await;
        )*};
    }
    cases![
        learning::a_lesson_is_recalled,
        learning::a_record_teaches_once,
        learning::a_large_batch_counts_right,
        learning::taking_back_leaves_nothing,
        learning::times_go_back_too,
        opinions::malicious_is_taken_back_and_learnt_again,
        opinions::opinions_are_counted,
        opinions::a_message_in_hand_is_found,
        recalling::the_most_frequent_values_come_first,
        recalling::windows_count_what_happened,
        recalling::everything_in_one_batch,
        threads::a_reply_joins_its_thread,
        threads::of_several_threads_the_oldest_wins,
        threads::quoted_text_finds_the_message,
        threads::threads_remember,
        threads::an_alias_finds_the_conversation,
        threads::an_alias_joins_what_belongs_together,
        threads::a_copied_alias_joins_no_crowd,
        bounds::too_much_is_cut_and_told,
        bounds::hostile_texts_are_only_texts,
        sweeping::what_is_old_goes,
        sweeping::objects_go_by_class,
        sweeping::objects_are_listed,
        holding::a_message_is_held_once,
        holding::of_many_who_hold_the_same_one_does,
        holding::what_cannot_be_held_is_refused_whole,
        holding::what_is_held_is_found,
        holding::requests_wait_and_are_answered,
        holding::a_release_is_written_once,
        locking::lockdowns_cover_what_they_name,
        locking::two_administrators_lift_and_time_ends,
        locking::the_outbox_gives_out_at_least_once,
        locking::a_lockdown_keeps_back_what_is_in_the_outbox,
        locking::what_was_held_too_long_goes,
        nodes::everybody_who_asks_gets_a_generation_of_their_own,
        nodes::the_pulse_counts_what_waits,
        telling::everybody_is_told_once,
        telling::of_many_who_tell_the_same_one_does,
        telling::requests_and_their_answers_are_told_once,
    ];
}

/// A message from `sender` at day `day`.
pub fn lesson(record: &str, day: i64, sender: &str) -> Lesson {
    Lesson {
        record: record.to_owned(),
        at: T0 + day * DAY,
        sender: sender.to_owned(),
        participants: vec![sender.to_owned(), "me@here.example".to_owned()],
        message_id: format!("{record}@{sender}"),
        ..Lesson::default()
    }
}

/// The same with traits `subject aspect value`, one a line.
pub fn with_traits(mut lesson: Lesson, traits: &[&str]) -> Lesson {
    lesson.traits = traits.iter().map(|t| a_trait(t)).collect();
    lesson
}

/// `subject aspect value`.
pub fn a_trait(text: &str) -> Trait {
    let mut words = text.splitn(3, ' ');
    let mut next = || words.next().unwrap_or_default().to_owned();
    Trait { subject: next(), aspect: next(), value: next() }
}

/// `subject kind value`.
pub fn tick(text: &str) -> Tick {
    let Trait { subject, aspect, value } = a_trait(text);
    Tick { subject, kind: aspect, value, lasting: false }
}

/// How often each exact trait was seen.
pub async fn counts(store: &Store, traits: &[&str]) -> Vec<u64> {
    let exact = traits.iter().map(|t| a_trait(t)).collect();
    let answers = ask(store, Questions { exact, ..Questions::default() }).await;
    answers.exact.into_iter().map(|s| s.map_or(0, |s: Seen| s.count)).collect()
}

/// Asks.
pub async fn ask(store: &Store, questions: Questions) -> Answers {
    store.recall(&questions).await.unwrap()
}

/// What is known of a subject, as text: `aspect total/distinct: value count, …`.
pub async fn known(store: &Store, subject: &str, most: u16) -> String {
    let questions = Questions { subjects: vec![subject.to_owned()], most, ..Questions::default() };
    let answers = ask(store, questions).await;
    told(&answers.subjects[0])
}

/// What is known, as text.
pub fn told(known: &sekisho_record::history::Known) -> String {
    let lines = known.aspects.iter().map(|a| {
        let values: Vec<String> = a.values.iter().map(|v| format!("{} {}", v.value, v.seen.count)).collect();
        format!("{} {}/{}: {}", a.name, a.total.count, a.distinct, values.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Learns, and expects all of it to be new.
pub async fn learn(store: &Store, lessons: &[Lesson]) {
    let learnt = store.learn(lessons).await.unwrap();
    assert_eq!((learnt.new, learnt.known, learnt.cut), (lessons.len() as u64, 0, vec![]));
}
