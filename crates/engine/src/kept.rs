//! What is kept of a judged message, so that it can be judged again exactly as then: without a network, and without what
//! history has learnt since.
//!
//! A kept message is `SKM2`, the length of a head, the head (MessagePack with names; behind `SKM1`, as it was written
//! before, JSON), and the message as it came. The head says which record it is, when it arrived, its envelope, what it was
//! judged to be, and everything that was asked of the world for it, with the answers. It is an object of its own, or it
//! lies in a bundle with others of its class that arrived in the same minute: `SKMB`, then each with its length before
//! it. Making a file costs more than a small message. [`keeping`] writes such objects behind a [`Desk`](crate::Desk),
//! [`Shelf`] reads them.

mod answers;
mod keeping;
mod shelf;

use std::borrow::Cow;

use sekisho_record::{Class, Envelope, Submission, Verdict};
use serde::{Deserialize, Serialize};

pub use answers::Recorded;
pub use keeping::{Keep, Keeper, Keeping, Unkept};
pub use sekisho_store::{Retention, Swept};
pub use shelf::{Entry, Shelf, Wanted};

use crate::{limits, world::Exchange};

/// First bytes of a kept message: what it is and in which form.
const MAGIC: &[u8; 4] = b"SKM2";
/// The same with a head of JSON, as long as anything written so may be kept.
const MAGIC_JSON: &[u8; 4] = b"SKM1";
/// First bytes of a bundle of them.
const BUNDLE: &[u8; 4] = b"SKMB";

/// What is kept beside the message itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Head<'a> {
    /// Id of its record.
    pub record: Cow<'a, str>,
    /// When it arrived, as whoever took it in said; see [`Submission::at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    /// See [`Submission::now`].
    #[serde(default)]
    pub now: i64,
    /// See [`Submission::journal`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub journal: bool,
    /// Its envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<Cow<'a, Envelope>>,
    /// What it was judged to be.
    #[serde(default)]
    pub class: Class,
    /// How probably harmful it was judged to be, 0–100.
    #[serde(default)]
    pub score: u8,
    /// Papers could be asked about; else nobody was there to ask.
    #[serde(default)]
    pub asks: bool,
    /// What was asked of the world and answered, round by round.
    #[serde(default)]
    pub asked: Cow<'a, [Exchange]>,
}

/// A kept message, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What is kept beside it.
    pub head: Head<'static>,
    content: Vec<u8>,
    start: usize,
}

impl Message {
    /// The message as it came.
    pub fn raw(&self) -> &[u8] {
        self.content.get(self.start..).unwrap_or_default()
    }

    /// The submission as it was judged then, under no name: it teaches nothing.
    pub fn submission(&self) -> Submission<'_> {
        let Head { at, now, envelope, journal, .. } = &self.head;
        Submission {
            raw: self.raw(),
            envelope: envelope.as_deref(),
            record: "",
            at: *at,
            now: *now,
            cut: false,
            journal: *journal,
        }
    }

    /// Who answers what is asked about it now: what was answered then.
    pub fn answers(&self) -> Recorded<'_> {
        Recorded::new(&self.head)
    }
}

/// The bytes of an object.
///
/// # Errors
/// In words, when the head is over its limit.
pub fn pack(
    submission: &Submission<'_>,
    verdict: &Verdict,
    asks: bool,
    asked: &[Exchange],
) -> Result<Vec<u8>, String> {
    let head = Head {
        record: submission.record.into(),
        at: submission.at,
        now: submission.now,
        journal: submission.journal,
        envelope: submission.envelope.map(Cow::Borrowed),
        class: verdict.class,
        score: verdict.score,
        asks,
        asked: asked.into(),
    };
    let mut out = Vec::with_capacity(submission.raw.len() + (16 << 10));
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[0; 4]);
    rmp_serde::encode::write_named(&mut out, &head).map_err(|error| error.to_string())?;
    let length = out.len().saturating_sub(START);
    if length > limits::KEPT_HEAD_MAX {
        return Err(format!("{length} bytes of questions and answers, more than {}", limits::KEPT_HEAD_MAX));
    }
    let length = u32::try_from(length).map_err(|error| error.to_string())?;
    if let Some(place) = out.get_mut(MAGIC.len()..START) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    out.extend_from_slice(submission.raw);
    Ok(out)
}

/// Where the head begins.
const START: usize = MAGIC.len() + 4;

/// Reads the bytes of an object.
///
/// # Errors
/// What is wrong with them, in words.
pub fn unpack(content: Vec<u8>) -> Result<Message, String> {
    let packed = content.strip_prefix(MAGIC).map(|rest| (rest, true));
    let json = || content.strip_prefix(MAGIC_JSON).map(|rest| (rest, false));
    let Some((rest, is_packed)) = packed.or_else(json) else {
        return Err("is no kept message, or one of a newer version".to_owned());
    };
    let head = rest.split_first_chunk::<4>().and_then(|(length, rest)| {
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        rest.get(..length).filter(|_| length <= limits::KEPT_HEAD_MAX)
    });
    let Some(head) = head else { return Err("is cut off".to_owned()) };
    let start = START + head.len();
    let head: Result<Head<'static>, String> = match is_packed {
        true => rmp_serde::from_slice(head).map_err(|error| error.to_string()),
        false => serde_json::from_slice(head).map_err(|error| error.to_string()),
    };
    let head = head.map_err(|error| format!("cannot be read: {error}"))?;
    Ok(Message { head, content, start })
}

/// The bytes of a bundle.
fn bundle(all: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(BUNDLE.len() + all.iter().map(|one| 4 + one.len()).sum::<usize>());
    out.extend_from_slice(BUNDLE);
    for one in all {
        // What is bundled is far smaller than a length can say: `BUNDLE_BYTES_MAX`.
        out.extend_from_slice(&u32::try_from(one.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(one);
    }
    out
}

/// Reads the messages of an object: one, or those of a bundle in their order.
///
/// # Errors
/// What is wrong with it, in words.
pub fn unpack_all(content: Vec<u8>) -> Result<Vec<Message>, String> {
    let Some(mut rest) = content.strip_prefix(BUNDLE) else { return Ok(vec![unpack(content)?]) };
    let mut all = Vec::new();
    while !rest.is_empty() {
        let one = rest.split_first_chunk::<4>().and_then(|(length, behind)| {
            behind.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
        });
        let Some((one, behind)) = one else { return Err("is cut off".to_owned()) };
        all.push(unpack(one.to_vec())?);
        rest = behind;
    }
    Ok(all)
}

/// Whether a key file can be used.
///
/// # Errors
/// What is wrong with it.
pub fn check_key(path: &std::path::Path) -> Result<(), crate::Error> {
    sekisho_store::Key::read(path).map(|_| ()).map_err(|error| crate::Error::Kept(error.to_string()))
}

/// The name of a class, as objects are kept under it.
pub fn class_name(class: Class) -> &'static str {
    match class {
        Class::Benign => "benign",
        Class::Suspicious => "suspicious",
        Class::Malicious => "malicious",
    }
}

#[cfg(test)]
mod tests {
    use sekisho_detect::{Lists, OrgLists, RuleSource, Rules};
    use sekisho_observe::Context;
    use sekisho_record::history::{Answers, Aspect, Known, Lesson, Opinion, Questions, Seen, Valued};

    use super::*;
    use crate::{
        Desk, Engine, Error, History, Nobody,
        resolver::Answer,
        world::{Answered, Ask, Missing},
    };

    #[test]
    fn a_kept_message_comes_out_as_it_went_in() {
        let envelope = Envelope { mail_from: "a@b.example".into(), ..Envelope::default() };
        let raw = b"From: a@b.example\r\n\r\n{}SKM1";
        let submission = Submission {
            envelope: Some(&envelope),
            record: "r1",
            at: Some(-5),
            now: 7,
            journal: true,
            ..Submission::from_bytes(raw)
        };
        let verdict = Verdict { class: Class::Malicious, score: 86, ..Verdict::default() };
        let ask = Ask { txt: vec!["k._domainkey.b.example.".into()], ..Ask::default() };
        let asked = [Exchange { ask, answered: Answered::default() }];
        let packed = pack(&submission, &verdict, true, &asked).unwrap();
        assert_eq!(packed, pack(&submission, &verdict, true, &asked).unwrap(), "the same bytes each time");
        let message = unpack(packed).unwrap();
        assert_eq!(message.raw(), raw);
        assert_eq!(
            (&*message.head.record, message.head.class, message.head.score),
            ("r1", Class::Malicious, 86)
        );
        assert_eq!(&*message.head.asked, &asked);
        let again = message.submission();
        assert!(again.journal);
        assert_eq!((again.envelope, again.at, again.now, again.record), (Some(&envelope), Some(-5), 7, ""));
    }

    #[test]
    fn a_message_that_was_kept_with_a_head_of_json_is_read() {
        let ask = Ask { txt: vec!["k._domainkey.b.example.".into()], ..Ask::default() };
        let answered = Answered { history: Some(Ok(Answers::default())), ..Answered::default() };
        let asked = vec![Exchange { ask, answered }];
        let head = Head { record: "r1".into(), now: 7, asked: asked.into(), ..Head::default() };
        let json = serde_json::to_vec(&head).unwrap();
        let length = u32::try_from(json.len()).unwrap().to_le_bytes();
        let message = unpack([b"SKM1", length.as_slice(), &json, b"raw"].concat()).unwrap();
        assert_eq!((&message.head, message.raw()), (&head, b"raw".as_slice()));
    }

    #[test]
    fn what_was_kept_with_the_names_of_all_fields_is_read() {
        let seen = Seen { count: 3, first_at: 1, last_at: 9 };
        let valued = Valued { value: "pdf".into(), seen };
        let aspect = Aspect { name: "kind".into(), total: seen, distinct: 1, values: vec![valued] };
        let known = Known { subject: "sender:a".into(), aspects: vec![aspect] };
        let answers = Answers { subjects: vec![known], exact: vec![None, Some(seen)], ..Answers::default() };
        let (mut named, mut placed) = (Vec::new(), Vec::new());
        rmp_serde::encode::write_named(&mut named, &serde_json::to_value(&answers).unwrap()).unwrap();
        rmp_serde::encode::write_named(&mut placed, &answers).unwrap();
        assert_eq!(rmp_serde::from_slice::<Answers>(&named).unwrap(), answers);
        assert_eq!(rmp_serde::from_slice::<Answers>(&placed).unwrap(), answers);
        assert!(placed.len() * 2 < named.len(), "{} of {} bytes", placed.len(), named.len());
    }

    #[test]
    fn what_is_no_kept_message_is_named() {
        let whole = pack(&Submission::from_bytes(b"x"), &Verdict::default(), false, &[]).unwrap();
        assert!(unpack(b"From: a\r\n\r\n".to_vec()).unwrap_err().contains("no kept message"));
        assert!(unpack(whole[..20].to_vec()).unwrap_err().contains("cut off"));
        assert!(unpack(b"SKM1\xff\xff\xff\xff{}".to_vec()).unwrap_err().contains("cut off"));
        assert!(unpack(b"SKM1\x02\0\0\0[]".to_vec()).unwrap_err().contains("cannot be read"));
        assert!(unpack(b"SKM2\x01\0\0\0\xc1".to_vec()).unwrap_err().contains("cannot be read"));
        assert!(unpack(whole).unwrap().raw() == b"x");
    }

    #[test]
    fn a_bundle_holds_messages_in_their_order() {
        let one = |raw: &[u8]| pack(&Submission::from_bytes(raw), &Verdict::default(), false, &[]).unwrap();
        let raws = |all: Vec<Message>| all.iter().map(|m| m.raw().to_vec()).collect::<Vec<_>>();
        let both = bundle(&[&one(b"x"), &one(b"SKMB")]);
        assert_eq!(raws(unpack_all(both.clone()).unwrap()), [b"x".to_vec(), b"SKMB".to_vec()]);
        assert_eq!(raws(unpack_all(one(b"y")).unwrap()), [b"y".to_vec()], "one alone is no bundle");
        assert!(unpack_all(bundle(&[])).unwrap().is_empty());
        for end in BUNDLE.len() + 1..both.len() {
            let cut = unpack_all(both[..end].to_vec());
            assert!(cut.is_err() || cut.is_ok_and(|all| all.len() == 1), "cut at {end}");
        }
        assert!(unpack_all(b"SKMB\xff\xff\xff\xffSKM1".to_vec()).unwrap_err().contains("cut off"));
    }

    /// A history that knows nobody.
    struct Empty;

    impl History for Empty {
        fn recall<'a>(&'a self, _: &'a Questions) -> Answer<'a, Result<Answers, Missing>> {
            Box::pin(std::future::ready(Ok(Answers::default())))
        }
        fn learn<'a>(&'a self, _: &'a [Lesson]) -> Answer<'a, Result<(), Error>> {
            Box::pin(std::future::ready(Ok(())))
        }
        fn opine<'a>(&'a self, _: &'a str, _: Opinion, _: &'a str, _: i64) -> Answer<'a, Result<(), Error>> {
            Box::pin(std::future::ready(Ok(())))
        }
        fn learnt<'a>(&'a self, records: &'a [String]) -> Answer<'a, Result<Vec<bool>, Error>> {
            Box::pin(std::future::ready(Ok(vec![false; records.len()])))
        }
        fn waits(&self) -> bool {
            false
        }
    }

    fn engine() -> Engine {
        let rule = |(id, query): (&str, &str)| RuleSource {
            id: id.into(),
            query: query.into(),
            severity: sekisho_record::Severity::Low,
            ..RuleSource::default()
        };
        let rules = [
            ("sender", "correspondence.sender.inbound == 0"),
            ("thread", "thread.claims_reply and not thread.found"),
            ("pace", "behaviour.sender.messages_day == 1"),
            ("subject", "strings.icontains(subject.subject, 'rails')"),
        ];
        let sources = rules.into_iter().map(rule).collect();
        let rules = Rules::compile(sources, Lists::default(), &OrgLists::default()).unwrap();
        let desk = Desk::new(Box::new(Nobody), std::time::Duration::ZERO).with_history(Box::new(Empty));
        Engine::new(Context::default(), rules).with_desk(desk)
    }

    const MAIL: &[u8] = b"From: ann@a.example\r\nTo: bob@b.example\r\nSubject: Re: rails\r\n\
        In-Reply-To: <m@b.example>\r\n\r\nhello https://c.example/x\r\n";

    fn submission() -> Submission<'static> {
        Submission { record: "r1", at: Some(1_700_000_000), ..Submission::from_bytes(MAIL) }
    }

    /// Which rules fire on a kept message, which cannot be decided, and what history says of a gap.
    fn again(asked: Vec<Exchange>) -> String {
        let submission = submission();
        let engine = engine();
        let (record, then) = engine.scan_by(&submission, engine.desk());
        let asked = if asked.is_empty() { then } else { asked };
        let message = unpack(pack(&submission, &record.verdict, false, &asked).unwrap()).unwrap();
        let (record, _) = engine.again().scan_by(&message.submission(), &message.answers());
        let mut fired: Vec<&str> = record.verdict.findings.iter().map(|f| f.rule.as_str()).collect();
        fired.sort_unstable();
        let open = record.verdict.indeterminate.iter();
        let open: Vec<String> = open.map(|i| format!("{}?{}", i.rule, i.missing.join(","))).collect();
        let gaps = record.verdict.gaps.iter().filter(|gap| gap.facet == "history");
        let gaps: Vec<String> = gaps.map(|gap| format!("{}: {}", gap.reason, gap.detail)).collect();
        assert!(record.lesson.is_none(), "what is judged again teaches nothing");
        format!("{} | {} | {}", fired.join(" "), open.join(" "), gaps.join(" "))
    }

    /// What was asked then, changed.
    fn asked(change: impl Fn(&mut Questions)) -> Vec<Exchange> {
        let submission = submission();
        let engine = engine();
        let (_, mut asked) = engine.scan_by(&submission, engine.desk());
        asked.iter_mut().filter_map(|e| e.ask.history.as_mut()).for_each(change);
        asked
    }

    #[test]
    fn what_was_not_asked_then_leaves_undecided_what_needs_it_and_nothing_else() {
        let kept = "What was kept does not answer all that is asked now";
        assert_eq!(again(Vec::new()), "pace sender subject thread |  | ");
        assert_eq!(
            again(asked(|q| q.windows.clear())),
            format!("sender subject thread | pace?history | not_kept: {kept}: behaviour.")
        );
        assert_eq!(
            again(asked(|q| q.message_ids.clear())),
            format!("sender subject | thread?history pace?history | not_kept: {kept}: thread, behaviour.")
        );
        let none = again(vec![Exchange::default()]);
        assert!(
            none.starts_with("subject | sender?history thread?history pace?history | not_kept: "),
            "{none}"
        );
    }

    #[test]
    fn a_head_over_its_limit_is_refused() {
        let ask = Ask { txt: vec!["x".repeat(limits::KEPT_HEAD_MAX)], ..Ask::default() };
        let asked = [Exchange { ask, answered: Answered::default() }];
        let error = pack(&Submission::from_bytes(b"x"), &Verdict::default(), true, &asked).unwrap_err();
        assert!(error.contains("more than"), "{error}");
    }
}
