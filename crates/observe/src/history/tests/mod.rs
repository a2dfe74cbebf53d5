//! Facts of history: mail in the order of arrival goes in, what is said of the last one comes out.

mod limits_named;
mod memory;

use memory::Memory;
use sekisho_record::{
    Class, Evidence, Submission, Verdict,
    history::{THREAD, Trait},
};

use super::{Words, behaviour::skeleton, lesson, questions, remembered, shingles, thread, words};
use crate::{Answers, Context, Knowledge, limits, observe};

const DAY: i64 = 86_400;
/// 2021-11-09 09:00 UTC.
const NOW: i64 = 1_636_448_400;

struct World {
    memory: Memory,
    context: Context,
    learnt: usize,
}

impl World {
    fn new() -> Self {
        let mut context = Context { believe_topmost: true, ..Context::default() };
        context.organisation.domains = vec!["corp.example".into()];
        Self { memory: Memory::default(), context, learnt: 0 }
    }

    fn evidence(&self, raw: &str) -> Evidence {
        let raw = raw.replace('\n', "\r\n");
        let message = sekisho_mail::parse(raw.as_bytes());
        let submission = Submission::from_bytes(raw.as_bytes());
        observe(message, &submission, &Answers::default(), &self.context, Knowledge::builtin())
    }

    /// What is remembered about a message.
    fn look(&self, raw: &str, at: i64) -> Evidence {
        let mut evidence = self.evidence(raw);
        let words = Words::of(&evidence, &self.context);
        let asked = questions(&evidence, &words, at);
        let answers = self.memory.recall(&asked);
        remembered(&mut evidence, Ok(&answers), &words, &self.context, at);
        evidence
    }

    fn learn_as(&mut self, raw: &str, at: i64, class: Class) -> Evidence {
        let evidence = self.look(raw, at);
        self.learnt += 1;
        let verdict = Verdict { class, ..Verdict::default() };
        let taught = lesson(
            &evidence,
            &verdict,
            &format!("r{}", self.learnt),
            Words::of(&evidence, &self.context),
            at,
        );
        self.memory.learn(taught);
        evidence
    }

    fn learn(&mut self, raw: &str, at: i64) -> Evidence {
        self.learn_as(raw, at, Class::Benign)
    }
}

/// A message of a supplier, on the way in unless the author is ours.
fn mail(from: &str, to: &str, id: &str, parent: &str, client: &str, text: &str) -> String {
    let domain = from.split_once('@').unwrap().1;
    let parent = if parent.is_empty() { String::new() } else { format!("In-Reply-To: <{parent}@x>\n") };
    format!(
        "Authentication-Results: mx.corp.example; spf=pass smtp.mailfrom={domain}; dkim=pass header.d={domain}; \
         dmarc=pass header.from={domain}\nReceived: from mail.{domain} (mail.{domain} [192.0.2.7]) by mx.corp.example \
         with ESMTPS id 1\nFrom: Ann Smith <{from}>\nTo: {to}\nSubject: RE: Forklift lease contract\n\
         Message-ID: <{id}@x>\n{parent}X-Mailer: {client}\nDate: Tue, 09 Nov 2021 09:00:00 +0100\n\n{text}\n"
    )
}

const OUTLOOK: &str = "Microsoft Outlook 16.0";
const ORDER: &str = "Hello Jonas,\n\nwe would like to extend nine forklift trucks and return two of them.\n\
                     Could you tell me which batteries are due?\n";

/// A supplier who has written for months, the last time 214 days ago.
fn supplier() -> World {
    let mut world = World::new();
    for i in 0..60 {
        let other =
            mail("x@other.example", "jonas@corp.example", &format!("o{i}"), "", OUTLOOK, "Nothing of note.");
        world.learn(&other, NOW - 400 * DAY);
    }
    for i in 0..9 {
        let at = NOW - (223 - i) * DAY;
        world.learn(
            &mail("ann@steel.example", "jonas@corp.example", &format!("m{i}"), "", OUTLOOK, ORDER),
            at,
        );
    }
    world
}

/// One door: the facts in one text.
fn check(evidence: &Evidence) -> String {
    let (c, t, b) = (&evidence.correspondence, &evidence.thread, &evidence.behaviour);
    let changed: Vec<&str> = c.deviations.iter().map(|d| d.aspect.as_str()).collect();
    format!(
        "sender {} in {} {} | pair {} | differs [{}]\nthread {} {:.0} took_part {} new [{}] here [{}] changed [{}] \
         takes_up {:?}\npace {}/{}/{} dormant {} first {} text {}",
        c.sender.inbound,
        c.sender.prevalence,
        c.sender.solicited.map_or("?", |s| if s { "solicited" } else { "unsolicited" }),
        c.pair.inbound,
        changed.join(" "),
        if t.found { &t.by } else { "none" },
        t.dormant_days.unwrap_or(-1.0),
        t.sender_took_part,
        t.new_link_root_domains.join(" "),
        t.link_root_domains_new_here.join(" "),
        t.sender_changed.join(" "),
        t.takes_up,
        b.sender.threads_10_minutes,
        b.sender.threads_hour,
        b.sender.threads_day,
        b.sender.dormant_threads_day,
        b.sender.new_recipients_day,
        b.sender.same_text_day,
    )
}

const LURE: &str =
    "Good day,\n\nplease review the attached documents here:\nhttps://evil.test/aut-sit/quia-5512093\n";

#[test]
fn a_dormant_thread_resumes_on_another_machine() {
    let world = supplier();
    let stolen = mail("ann@steel.example", "jonas@corp.example", "z1", "m8", "PHPMailer 6.1", LURE);
    insta::assert_snapshot!(check(&world.look(&stolen, NOW)), @r"
    sender 9 in uncommon unsolicited | pair 9 | differs [client greeting]
    thread reference 215 took_part true new [evil.test] here [evil.test] changed [client greeting] takes_up None
    pace 1/1/1 dormant 1 first 0 text 1
    ");
}

#[test]
fn words_names_and_looks_of_a_thread_stand_in_lines_and_once_stood_in_rows() {
    let taught = |split: bool| {
        let mut world = World::new();
        let first = mail("ann@steel.example", "jonas@corp.example", "m8", "", OUTLOOK, ORDER);
        let evidence = world.evidence(&first);
        let words = Words::of(&evidence, &world.context);
        let mut taught = lesson(&evidence, &Verdict::default(), "r1", words, NOW - DAY);
        let of_thread: Vec<(String, String)> = taught
            .traits
            .iter()
            .filter(|t| {
                t.subject == THREAD && [words::WORD, thread::NAME, thread::LOOKS].contains(&&*t.aspect)
            })
            .map(|t| (t.aspect.clone(), t.value.replace(thread::TAB, " | ")))
            .collect();
        if split {
            taught.traits = taught.traits.into_iter().flat_map(rows).collect();
        }
        world.memory.learn(taught);
        let text = "Hello Jonas,\n\nthe batteries of two forklift trucks are due in March.\n";
        let honest = mail("ann@steel.example", "jonas@corp.example", "z1", "m8", OUTLOOK, text);
        let stolen = mail("ann@steel.example", "jonas@corp.example", "z1", "m8", "PHPMailer 6.1", LURE);
        let other = mail("office@parcels.example", "jonas@corp.example", "z1", "m8", OUTLOOK, text);
        let looks = [honest, stolen, other].map(|raw| world.look(&raw, NOW).thread);
        let told = looks.map(|t| format!("{:?} {:?} {:?}", t.takes_up, t.sender_changed, t.imitates));
        (of_thread, told)
    };
    let (lines, told) = taught(false);
    let lines: Vec<String> = lines.iter().map(|(aspect, line)| format!("{aspect}: {line}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    name: ann@steel.example ann smith
    word: batter forkli extend return trucks could hello jonas which would
    looks: ann@steel.example | client microsoft outlook | signature none | network steel.example | message_id_shape x@x | time_zone +0100 | greeting hello
    ");
    insta::assert_snapshot!(told.join("\n"), @r#"
    Some(0.75) [] None
    None ["client", "greeting"] None
    Some(0.75) [] Some("ann@steel.example")
    "#);
    assert_eq!(taught(true).1, told, "as lessons were written before");
}

#[test]
fn nobody_speaks_for_another_by_white_space_in_an_address() {
    let world = World::new();
    let taught = |address: &str| -> Vec<String> {
        let raw = mail("ann@steel.example", "jonas@corp.example", "m1", "", OUTLOOK, ORDER);
        let mut evidence = world.evidence(&raw);
        evidence.model.sender.email.as_mut().unwrap().email = address.into();
        let words = Words::of(&evidence, &world.context);
        let traits = lesson(&evidence, &Verdict::default(), "r1", words, NOW).traits.into_iter();
        let of_thread = traits.filter(|t| t.subject == THREAD);
        of_thread.map(|t| t.aspect).filter(|a| [thread::NAME, thread::LOOKS].contains(&a.as_str())).collect()
    };
    assert_eq!(taught("ann@steel.example.evil.test"), [thread::NAME, thread::LOOKS]);
    for address in ["ann@steel.example\t@evil.test", "ann@steel.example @evil.test"] {
        assert!(taught(address).is_empty(), "{address:?}");
    }
}

/// The rows that stood for a line once.
fn rows(line: Trait) -> Vec<Trait> {
    let row = |aspect: &str, value: String| Trait::new(THREAD, aspect, value);
    let Trait { subject, aspect, value } = &line;
    match aspect.as_str() {
        words::WORD => value.split(' ').map(|word| row(aspect, word.into())).collect(),
        thread::NAME if subject == THREAD => {
            value.split(thread::TAB).map(|name| row(aspect, name.into())).collect()
        }
        thread::LOOKS => {
            let (author, looks) = value.split_once(thread::TAB).unwrap();
            let looks = looks.split(thread::TAB).filter_map(|look| look.split_once(' '));
            looks.map(|(aspect, value)| row(aspect, format!("{author} {value}"))).collect()
        }
        _ => vec![line],
    }
}

#[test]
fn many_words_stand_in_lines_that_the_store_keeps_whole() {
    let world = World::new();
    let text = (0..30).map(|n| format!("reference{n} 1234567890{n:06} ")).collect::<String>();
    let evidence = world.evidence(&mail("a@steel.example", "j@corp.example", "m1", "", OUTLOOK, &text));
    let words = Words::of(&evidence, &world.context);
    let taught = lesson(&evidence, &Verdict::default(), "r1", words, NOW);
    let lines: Vec<&String> =
        taught.traits.iter().filter(|t| t.aspect == words::WORD).map(|t| &t.value).collect();
    assert!(lines.len() > 1 && lines.iter().all(|line| line.len() <= limits::HISTORY_LINE_BYTES_MAX));
    let all: Vec<&str> = lines.iter().flat_map(|line| line.split(' ')).collect();
    assert_eq!(all.len(), limits::HISTORY_WORDS_MAX, "{all:?}");
}

#[test]
fn a_dormant_thread_resumes_as_it_was() {
    let world = supplier();
    let text = "Hello Jonas,\n\nthe batteries of two forklift trucks are due in March.\n";
    let honest = mail("ann@steel.example", "jonas@corp.example", "z1", "m8", OUTLOOK, text);
    insta::assert_snapshot!(check(&world.look(&honest, NOW)), @r"
    sender 9 in uncommon unsolicited | pair 9 | differs []
    thread reference 215 took_part true new [] here [] changed [] takes_up Some(0.75)
    pace 1/1/1 dormant 1 first 0 text 1
    ");
}

#[test]
fn a_quotation_finds_the_thread_without_headers() {
    let world = supplier();
    let quoted: String = ORDER.lines().map(|line| format!("> {line}\n")).collect();
    let with = |quote: &str| {
        let text = format!("{LURE}\nOn Tue, Nov 9, 2021 Ann Smith <ann@steel.example> wrote:\n{quote}");
        mail("bob@stranger.example", "jonas@corp.example", "z", "", OUTLOOK, &text)
            .replace("RE: Forklift lease contract", "Re: Something else")
    };
    let found = world.look(&with(&quoted), NOW).thread;
    assert_eq!((found.by.as_str(), found.sender_took_part), ("quote", false));
    let other =
        world.look(&with("> we met at the fair and talked about nothing in particular\n"), NOW).thread;
    assert!(!other.found && other.parent_unknown, "{other:?}");
}

/// A Thread-Index: the time, the conversation, five bytes for each reply.
fn index(conversation: u8, replies: usize) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let mut bytes = vec![1, 0xd7, 0xd5, 0x40, 0x8c, 0xd8];
    bytes.extend([conversation; 16]);
    bytes.extend(std::iter::repeat_n(7, 5 * replies));
    STANDARD.encode(bytes)
}

#[test]
fn a_thread_index_finds_the_thread_without_references() {
    let mut world = supplier();
    let from = |from: &str, to: &str, id: &str, subject: &str, index: &str| {
        let index = format!("Subject: {subject}\nThread-Index: {index}");
        mail(from, to, id, "", OUTLOOK, ORDER).replace("Subject: RE: Forklift lease contract", &index)
    };
    let ours = from("jonas@corp.example", "mia@corp.example", "first", "The new hall", &index(5, 0));
    world.learn(&ours, NOW - 90 * DAY);
    let found = |sender: &str, to: &str, subject: &str, index: &str| {
        let thread = world.look(&from(sender, to, "z", subject, index), NOW).thread;
        format!("{} {}", if thread.found { &thread.by } else { "none" }, thread.messages)
    };
    let (mia, stranger) = ("mia@corp.example", "eve@stranger.example");
    assert_eq!(found(mia, "jonas@corp.example", "RE: Something else", &index(5, 1)), "index 1");
    assert_eq!(found(stranger, "jonas@corp.example", "Something else", &index(5, 2)), "index 1");
    // Another conversation; a beginning; 21 bytes; no base64; nobody who was there before.
    for wrong in [index(6, 1), index(5, 0), index(5, 0)[..28].to_owned(), index(5, 1).replace("BQUF", "*QUF")]
    {
        assert_eq!(found(stranger, "jonas@corp.example", "Something else", &wrong), "none 0", "{wrong}");
    }
    assert_eq!(found(stranger, "leo@corp.example", "RE: Something else", &index(5, 1)), "none 0");
    assert_eq!(found("jonas@corp.example", "leo@corp.example", "RE: Something else", &index(5, 1)), "none 0");
    let transit = world.evidence(&from(stranger, mia, "z", "x", &index(5, 3))).transit;
    assert_eq!((transit.conversation, transit.conversation_replies), (Some("05".repeat(16)), Some(3)));
}

/// Sixteen hashes are learnt: half of a message is found, also between other text, a stranger's text never.
#[test]
fn half_a_quotation_is_enough() {
    let words = |from: usize, to: usize| (from..to).map(|n| format!("word{n} ")).collect::<String>();
    for length in [12, 40, 300, 3_000] {
        let learnt = shingles::shingles(&words(0, length), limits::HISTORY_SHINGLES_MAX);
        let overlap = |quoted: &str| {
            let asked = shingles::shingles(quoted, limits::HISTORY_ASKED_SHINGLES_MAX);
            asked.iter().filter(|hash| learnt.contains(hash)).count()
        };
        assert_eq!(overlap(&words(0, length)), learnt.len());
        assert!(overlap(&words(0, length / 2 + 3)) >= 3, "first half of {length}");
        assert!(overlap(&words(length / 2 - 3, length)) >= 3, "second half of {length}");
        let between = format!("{}{}", words(9_000, 9_000 + length / 2), words(0, length * 3 / 4 + 1));
        assert!(overlap(&between) >= 3, "three quarters of {length} behind other text");
        assert_eq!(overlap(&words(5_000, 5_000 + length)), 0);
    }
}

#[test]
fn who_looks_like_a_participant_is_named() {
    let world = supplier();
    let imitates = |from: &str, name: &str| {
        let mail = mail(from, "jonas@corp.example", "z1", "m8", OUTLOOK, ORDER).replace("Ann Smith", name);
        let thread = world.look(&mail, NOW).thread;
        thread.imitates.map(|address| format!("{address} by {}", thread.imitates_by))
    };
    assert_eq!(imitates("ann@steel.example", "Ann Smith"), None);
    let name = imitates("office@parcels.example", "Smith, Ann");
    assert_eq!(name.as_deref(), Some("ann@steel.example by name"));
    assert_eq!(imitates("office@parcels.example", "Bob Jones"), None);
    // One word is no full name.
    assert_eq!(imitates("office@parcels.example", "Ann"), None);
    let domain = imitates("bob@steel-invoices.example", "Bob Jones");
    assert_eq!(domain.as_deref(), Some("ann@steel.example by domain"));
}

#[test]
fn a_burst_counts_on_after_it_was_recognised() {
    let mut world = supplier();
    for i in 0..8 {
        let mail = mail(
            "ann@steel.example",
            "jonas@corp.example",
            &format!("b{i}"),
            &format!("p{i}"),
            OUTLOOK,
            LURE,
        );
        world.learn_as(&mail, NOW - 500 + i * 60, Class::Malicious);
    }
    let last = mail("ann@steel.example", "jonas@corp.example", "b9", "p9", OUTLOOK, LURE);
    insta::assert_snapshot!(check(&world.look(&last, NOW)), @r"
    sender 9 in uncommon unsolicited | pair 9 | differs [greeting]
    thread subject 215 took_part true new [evil.test] here [evil.test] changed [greeting] takes_up None
    pace 9/9/9 dormant 9 first 0 text 9
    ");
    // The same thread again is no further thread, and nothing was learnt of the host.
    let again = mail("ann@steel.example", "jonas@corp.example", "b9", "p7", OUTLOOK, LURE);
    let again = world.look(&again, NOW);
    assert_eq!(again.behaviour.sender.threads_10_minutes, 8);
    assert_eq!(again.thread.link_root_domains_new_here, ["evil.test"]);
    assert_eq!(again.correspondence.sender.opinions.malicious, 8);
}

#[test]
fn who_was_written_to_is_solicited_and_nobody_when_we_are_unknown() {
    let mut world = supplier();
    let ours = mail("jonas@corp.example", "ann@steel.example", "out", "", OUTLOOK, ORDER);
    let theirs = mail("ann@steel.example", "jonas@corp.example", "in", "", OUTLOOK, ORDER);
    assert_eq!(world.look(&theirs, NOW).correspondence.sender.solicited, Some(false));
    world.learn(&ours, NOW - DAY);
    let known = world.look(&theirs, NOW).correspondence;
    assert_eq!((known.sender.solicited, known.pair.outbound, known.pair.inbound), (Some(true), 1, 9));
    // From the other end.
    let pair = world.look(&ours, NOW).correspondence.pair;
    assert_eq!(
        (pair.outbound, pair.inbound, pair.key.as_str()),
        (9, 1, "jonas@corp.example|ann@steel.example")
    );
    world.context.organisation.domains.clear();
    assert_eq!(world.look(&theirs, NOW).correspondence.sender.solicited, None);
}

#[test]
fn without_answers_there_is_a_gap_and_no_claim() {
    let world = supplier();
    let raw = mail("ann@steel.example", "jonas@corp.example", "z", "m8", OUTLOOK, LURE);
    let mut evidence = world.evidence(&raw);
    let words = Words::of(&evidence, &world.context);
    remembered(&mut evidence, Err("timed_out"), &words, &world.context, NOW);
    assert!(!evidence.correspondence.known && !evidence.thread.known && evidence.thread.claims_reply);
    assert_eq!(
        evidence.gaps.last().map(|g| (g.facet.as_str(), g.reason.as_str())),
        Some(("history", "timed_out"))
    );
}

#[test]
fn the_largest_message_stays_within_what_the_store_takes() {
    let mut world = World::new();
    world.context.organisation.domains.clear();
    let to: Vec<String> = (0..500).map(|i| format!("p{i}@d{i}.example")).collect();
    let ids: Vec<String> = (0..500).map(|i| format!("<i{i}@x>")).collect();
    let mut text: String =
        (0..500).map(|i| format!("https://host{i}.test/a/b/c/{i:07}\nwords{i} about thing{i}\n")).collect();
    for i in 0..40 {
        text += &format!("\nOn Tue, Nov 9, 2021 A <a{i}@x.example> wrote:\n");
        text += &(0..200).map(|j| format!("> quoted{i} text{j} is long\n")).collect::<String>();
    }
    let raw = mail("ann@steel.example", &to.join(", "), "z", "m", OUTLOOK, &text)
        .replace("In-Reply-To", &format!("References: {}\nIn-Reply-To", ids.join(" ")));
    let evidence = world.evidence(&raw);
    let q = questions(&evidence, &Words::of(&evidence, &world.context), NOW);
    // crates/store/src/limits.rs
    assert!(q.subjects.len() <= 64 && q.exact.len() <= 512 && q.windows.len() <= 64, "{q:?}");
    assert!(q.message_ids.len() <= 64 && q.subject_keys.len() <= 4 && q.shingles.len() <= 256);
    let words = Words::of(&evidence, &world.context);
    let taught = lesson(&evidence, &Verdict::default(), "r", words, NOW);
    assert!(taught.traits.len() <= 256, "{}", taught.traits.len());
    assert!(taught.ticks.len() <= 128 && taught.shingles.len() <= 64 && taught.judged.len() <= 16);
    assert!(taught.participants.len() <= 64 && taught.parents.len() <= 64);
    assert!(taught.traits.iter().all(|t| t.value.len() <= 240 && t.subject.len() <= 240));
    assert_eq!(taught.shingles.len(), limits::HISTORY_SHINGLES_MAX);
}

#[test]
fn shapes_of_links_and_ids() {
    assert_eq!(skeleton("https://a.test/aut-sit/quia-5512093").as_deref(), Some("/a-a/a-9{7}"));
    assert_eq!(skeleton("https://a.test/docs/readme"), None);
    assert_eq!(skeleton("https://a.test"), None);
    assert_eq!(words::id_of("<a@b>"), "a@b");
    assert_eq!(
        shingles::telling("the 4410 forklifts 見積書のバッテリー of", 9),
        ["バッテリ", "forkli", "見積", "4410"]
    );
    let fingerprint = |text: &str| shingles::Prints::of(text, 1).fingerprint;
    assert_eq!(fingerprint("Hi Bo,\nplease see the 12"), None);
    assert_eq!(
        fingerprint("Hi Bo,\nplease see the new papers 12"),
        fingerprint("Hello Eva,\n\nPlease see the new papers 77.")
    );
}
