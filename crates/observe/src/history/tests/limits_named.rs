//! Every list that is cut at a limit says so in a gap: at the limit silent, one over it named.

use sekisho_record::evidence::attachment::Named;
use sekisho_record::history::Answers as Recalled;
use sekisho_record::history::{Aspect, Known, Match, Seen, THREAD_SENDER, Valued, Why};

use super::*;

/// The limits that the gap names.
fn named(evidence: &Evidence) -> String {
    let gap = evidence.gaps.iter().find(|gap| (&*gap.facet, &*gap.reason) == ("history", "over_limit"));
    gap.map_or_else(String::new, |gap| {
        gap.detail.rsplit_once(": ").unwrap().1.trim_end_matches('.').to_owned()
    })
}

/// What is named of a message that nobody remembers.
#[track_caller]
fn check(evidence: &dyn Fn(usize) -> Evidence, most: usize, limit: &str) {
    let world = World::new();
    for (count, want) in [(most, ""), (most + 1, limit)] {
        let mut evidence = evidence(count);
        let words = Words::of(&evidence, &world.context);
        remembered(&mut evidence, Ok(&Recalled::default()), &words, &world.context, NOW);
        assert_eq!(named(&evidence), want, "{count}");
    }
}

fn of(raw: &str) -> Evidence {
    World::new().evidence(raw)
}

fn simple(text: &str) -> String {
    mail("ann@steel.example", "jonas@corp.example", "z", "", OUTLOOK, text)
}

/// `0` to `count`, each as text, joined.
fn join(count: usize, one: impl Fn(usize) -> String, between: &str) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(between)
}

#[test]
fn recipients_and_pairs() {
    let to = |count: usize, host: &str| {
        of(&mail(
            "ann@steel.example",
            &join(count, |n| format!("p{n}@{host}"), ", "),
            "z",
            "",
            OUTLOOK,
            "Hi.",
        ))
    };
    check(&|n| to(n, "elsewhere.example"), limits::HISTORY_RECIPIENTS_MAX, "HISTORY_RECIPIENTS_MAX");
    check(&|n| to(n, "corp.example"), limits::HISTORY_PAIRS_MAX, "HISTORY_PAIRS_MAX");
}

#[test]
fn links_and_their_shapes() {
    let links = |n: usize| of(&simple(&join(n, |n| format!("https://host{n}.test/a"), "\n")));
    check(&links, limits::HISTORY_LINKS_MAX, "HISTORY_LINKS_MAX");
    let shapes =
        |n: usize| of(&simple(&join(n, |n| format!("https://one.test/a/1234567{}", "8".repeat(n)), "\n")));
    check(&shapes, limits::HISTORY_SKELETONS_MAX, "HISTORY_SKELETONS_MAX");
    let in_files = |n: usize| {
        let mut evidence = of(&simple("Hi."));
        evidence.unpack.indicators = (0..n)
            .map(|n| Named {
                kind: "url".into(),
                value: format!("https://one.test/{n}"),
                ..Default::default()
            })
            .collect();
        evidence
    };
    check(&in_files, limits::HISTORY_FILE_URLS_MAX, "HISTORY_FILE_URLS_MAX");
}

#[test]
fn files_and_their_kinds() {
    let files = |n: usize, name: &dyn Fn(usize) -> String| {
        let part = |n: usize| {
            format!(
                "--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"{}\"\n\nfile {n}\n",
                name(n)
            )
        };
        let body =
            format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n{}--b--\n", join(n, part, ""));
        of(&simple("").replacen("\n\n", &format!("\n{body}"), 1))
    };
    check(&|n| files(n, &|_| "a.txt".into()), limits::HISTORY_FILES_MAX, "HISTORY_FILES_MAX");
    let kinds = |n: usize| files(n, &|n| format!("a.x{n}"));
    let world = World::new();
    for (count, want) in [(0, false), (1, true)] {
        let mut evidence = kinds(limits::HISTORY_KINDS_MAX + count);
        let words = Words::of(&evidence, &world.context);
        remembered(&mut evidence, Ok(&Recalled::default()), &words, &world.context, NOW);
        assert_eq!(named(&evidence).contains("HISTORY_KINDS_MAX"), want, "{}", named(&evidence));
    }
}

#[test]
fn parents_and_quotations() {
    let parents = |n: usize| {
        let ids = join(n, |n| format!("<i{n}@x>"), " ");
        of(&simple("Hi.").replacen("Date:", &format!("References: {ids}\nDate:"), 1))
    };
    check(&parents, limits::HISTORY_PARENTS_MAX, "HISTORY_PARENTS_MAX");
    let quoted = |n: usize| {
        let mut evidence = of(&simple("Hi."));
        evidence.model.body.previous_threads = vec![sekisho_mail::PreviousThread::default(); n];
        evidence
    };
    check(&quoted, limits::HISTORY_QUOTED_MAX, "HISTORY_QUOTED_MAX");
    let long = |n: usize| {
        let mut evidence = of(&simple("Hi."));
        evidence.model.body.current_thread.text = "x".repeat(n);
        evidence
    };
    check(&long, limits::HISTORY_TEXT_BYTES_MAX, "HISTORY_TEXT_BYTES_MAX");
}

#[test]
fn lists_of_the_thread() {
    let valued = |n: usize| Valued {
        value: format!("v{n:03}.test"),
        seen: Seen { count: 1, first_at: 1, last_at: 1 },
    };
    let aspect = |name: &str, distinct: usize, told: usize| Aspect {
        name: name.into(),
        total: Seen { count: 1, first_at: 1, last_at: 1 },
        distinct: distinct as u64,
        values: (0..told).map(valued).collect(),
    };
    let answers = |participants: usize, aspects: Vec<Aspect>| Recalled {
        matches: vec![Match {
            why: Why::Reference,
            question: 0,
            overlap: 0,
            record: "r".into(),
            thread: "thread:1".into(),
            at: NOW - DAY,
            sender: "ann@steel.example".into(),
            participants: (0..participants).map(|n| format!("p{n}@x.example")).collect(),
        }],
        threads: vec![Known { subject: "thread:1".into(), aspects }],
        ..Recalled::default()
    };
    let world = World::new();
    let check = |answers: Recalled, want: &str| {
        let mut evidence = of(&simple("Hi."));
        let words = Words::of(&evidence, &world.context);
        remembered(&mut evidence, Ok(&answers), &words, &world.context, NOW);
        assert_eq!(named(&evidence), want);
    };
    let list = limits::HISTORY_LIST_MAX;
    check(answers(list, vec![]), "");
    check(answers(list + 1, vec![]), "HISTORY_LIST_MAX");
    check(answers(0, vec![aspect(words::LINK, list, list)]), "");
    check(answers(0, vec![aspect(words::LINK, list + 1, list + 1)]), "HISTORY_LIST_MAX");
    let told = usize::from(limits::HISTORY_THREAD_VALUES_MAX);
    check(answers(0, vec![aspect(THREAD_SENDER, told, told)]), "");
    check(answers(0, vec![aspect(THREAD_SENDER, told + 1, told)]), "HISTORY_THREAD_VALUES_MAX");
    // What the store cut stands beside it.
    let cut = Recalled { cut: vec!["WINDOWS_MAX".into()], ..answers(list + 1, vec![]) };
    check(cut, "HISTORY_LIST_MAX, WINDOWS_MAX");
}
