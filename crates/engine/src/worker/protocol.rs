//! What crosses between a parent and its worker: frames of a kind, a length and bytes, and what is in them.
//!
//! `kind u8 · length u32 LE · bytes`. Neither side trusts a length: it is compared with a limit before anything is
//! read or kept. What has a structure is MessagePack with names: less to read and write than JSON, bytes as they are, and
//! what one side does not know is passed over as well. The rows of history, of which there are many, go by their places.

use std::{
    borrow::Cow,
    io::{self, Read, Write},
};

use sekisho_policy::{Ruling, Wish};
use sekisho_record::{Cost, Envelope, Gap, Record, Submission, Summary, Verdict, history::Lesson};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{limits, world::Exchange};

/// Kinds of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// To the worker: a message.
    Submission = 1,
    /// To the worker: answers to what it asked.
    Answers = 2,
    /// To the worker: another task than a message, see [`task`].
    Task = 3,
    /// To the worker: the signature that it asked for; empty when there is none.
    Signature = 4,
    /// From the worker: it is locked in and waits for messages.
    Ready = 17,
    /// From the worker: it cannot work, for the reason that the text gives.
    Refused = 18,
    /// From the worker: questions.
    Ask = 19,
    /// From the worker: the result.
    Done = 20,
    /// From the worker: a part of the result of a task, before the result itself.
    Piece = 21,
    /// From the worker: what is to be signed, see [`Sealer::sign`](crate::seal::Sealer::sign).
    Sign = 22,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        use Kind::{Answers, Ask, Done, Piece, Ready, Refused, Sign, Signature, Submission, Task};
        [Submission, Answers, Task, Signature, Ready, Refused, Ask, Done, Piece, Sign]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// Bytes before the content of a frame.
pub const HEAD: usize = 5;

/// Kind and length of a frame; `None` when they are nonsense or the frame is larger than `max`.
pub fn head(bytes: [u8; HEAD], max: usize) -> Option<(Kind, usize)> {
    let [kind, length @ ..] = bytes;
    let length = usize::try_from(u32::from_le_bytes(length)).ok().filter(|length| *length <= max)?;
    Some((Kind::of(kind)?, length))
}

/// Begins a frame in an empty buffer; [`finish`] writes its length.
pub fn begin(frame: &mut Vec<u8>, kind: Kind) {
    frame.clear();
    frame.extend_from_slice(&[kind as u8, 0, 0, 0, 0]);
}

/// Writes the length of a frame into its head.
///
/// # Errors
/// When it is longer than a length can say.
pub fn finish(frame: &mut [u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len().saturating_sub(HEAD)).map_err(io::Error::other)?;
    if let Some(place) = frame.get_mut(1..HEAD) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

/// A frame whose content is a value.
///
/// # Errors
/// When it is longer than a length can say.
pub fn value(frame: &mut Vec<u8>, kind: Kind, content: &impl Serialize) -> io::Result<()> {
    begin(frame, kind);
    append(frame, content)?;
    finish(frame)
}

fn append(frame: &mut Vec<u8>, content: &impl Serialize) -> io::Result<()> {
    rmp_serde::encode::write_named(frame, content).map_err(io::Error::other)
}

/// Reads a frame into `content`; `None` at the end of the stream.
///
/// # Errors
/// When the stream ends inside of a frame, or it is no frame, or one larger than `max`.
pub fn read(from: &mut impl Read, content: &mut Vec<u8>, max: usize) -> io::Result<Option<Kind>> {
    let mut bytes = [0u8; HEAD];
    let got = from.read(&mut bytes)?;
    if got == 0 {
        return Ok(None);
    }
    if let Some(rest) = bytes.get_mut(got..) {
        from.read_exact(rest)?;
    }
    let (kind, length) = head(bytes, max).ok_or(io::ErrorKind::InvalidData)?;
    content.clear();
    // A length alone buys no more memory than this; the rest grows as it arrives.
    content.reserve(length.min(limits::BUFFER_KEPT));
    let got = from.take(length as u64).read_to_end(content)?;
    if got < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(kind))
}

/// Writes a whole frame and sends it off.
///
/// # Errors
/// When the other side is gone.
pub fn write(to: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    to.write_all(frame)?;
    to.flush()
}

/// The content of a submission frame before the message's bytes.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Head<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    envelope: Option<Envelope>,
    #[serde(default, skip_serializing_if = "str::is_empty", borrow)]
    record: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    #[serde(default)]
    now: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    journal: bool,
    /// What is wanted besides the verdict, in the words of the program that started the worker.
    #[serde(default, skip_serializing_if = "str::is_empty", borrow)]
    want: Cow<'a, str>,
    /// What deciding needs, where a decision is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wish: Option<Wish>,
}

/// A submission frame: length of the head, head, message.
///
/// # Errors
/// When it is longer than a length can say.
pub fn submission(
    frame: &mut Vec<u8>,
    submission: &Submission<'_>,
    want: &str,
    wish: Option<&Wish>,
) -> io::Result<()> {
    begin(frame, Kind::Submission);
    frame.extend_from_slice(&[0; 4]);
    let head = Head {
        envelope: submission.envelope.cloned(),
        record: submission.record.into(),
        at: submission.at,
        now: submission.now,
        cut: submission.cut,
        journal: submission.journal,
        want: want.into(),
        wish: wish.cloned(),
    };
    append(frame, &head)?;
    close_part(frame)?;
    frame.extend_from_slice(submission.raw);
    finish(frame)
}

/// A frame of two parts, of which the worker's program knows what they mean: what is to be done, and the bytes with
/// which.
///
/// # Errors
/// When it is longer than a length can say.
pub fn task(frame: &mut Vec<u8>, what: &[u8], content: &[u8]) -> io::Result<()> {
    begin(frame, Kind::Task);
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(what);
    close_part(frame)?;
    frame.extend_from_slice(content);
    finish(frame)
}

/// Writes the length of what follows the head of a frame so far.
fn close_part(frame: &mut [u8]) -> io::Result<()> {
    let start = HEAD + 4;
    let length = u32::try_from(frame.len().saturating_sub(start)).map_err(io::Error::other)?;
    if let Some(place) = frame.get_mut(HEAD..start) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

/// The content of a submission frame, read.
pub struct Received<'a> {
    /// The envelope.
    pub envelope: Option<Envelope>,
    /// See [`Submission::record`].
    pub record: String,
    /// See [`Submission::at`].
    pub at: Option<i64>,
    /// See [`Submission::now`].
    pub now: i64,
    /// See [`Submission::cut`].
    pub cut: bool,
    /// See [`Submission::journal`].
    pub journal: bool,
    /// What is wanted besides the verdict.
    pub want: String,
    /// What deciding needs, where a decision is wanted.
    pub wish: Option<Wish>,
    /// The message.
    pub raw: &'a [u8],
}

/// Reads the content of a submission frame.
pub fn received(content: &[u8]) -> Option<Received<'_>> {
    let (head, raw) = parts(content)?;
    let head: Head<'_> = rmp_serde::from_slice(head).ok()?;
    let (record, want) = (head.record.to_string(), head.want.to_string());
    let Head { envelope, at, now, cut, journal, wish, .. } = head;
    Some(Received { envelope, record, at, now, cut, journal, want, wish, raw })
}

impl Received<'_> {
    /// The submission as the parent has it.
    pub fn submission(&self) -> Submission<'_> {
        let Self { envelope, record, at, now, cut, journal, raw, .. } = self;
        let (envelope, at, now) = (envelope.as_ref(), *at, *now);
        Submission { raw, envelope, record, at, now, cut: *cut, journal: *journal }
    }
}

/// Splits content into a part whose length it begins with, and the rest.
pub fn parts(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = content.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// What a worker gives back for a message.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// What was concluded.
    pub verdict: Verdict,
    /// What it cost.
    pub cost: Cost,
    /// What a list of results shows.
    pub summary: Summary,
    /// What history is to learn from the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<Lesson>,
    /// What was decided, where that was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<Ruling>,
    /// Processor seconds that the worker has used so far.
    #[serde(default)]
    pub cpu_seconds: u64,
    /// What was wanted besides, as text.
    #[serde(skip)]
    pub text: Option<String>,
    /// What was asked of the world for it and answered, as its parent noted it.
    #[serde(skip)]
    pub asked: Vec<Exchange>,
}

impl Judged {
    /// The result of a record of this process.
    pub fn of(record: Record, text: Option<String>, ruling: Option<Ruling>) -> Self {
        let summary = Summary::from(&record.evidence);
        let Record { verdict, cost, lesson, .. } = record;
        Self { verdict, cost, summary, lesson, ruling, cpu_seconds: 0, text, asked: Vec::new() }
    }

    /// The result of a message that no worker could judge. A person has to look: nobody else did.
    pub fn not_judged(reason: &str, detail: String) -> Self {
        let gap = Gap { facet: "engine".into(), reason: reason.into(), detail };
        let verdict = Verdict {
            class: sekisho_record::Class::Suspicious,
            score: NOT_JUDGED_SCORE,
            gaps: vec![gap],
            ..Verdict::default()
        };
        Self { verdict, ..Self::default() }
    }

    /// It is what [`not_judged`](Self::not_judged) makes.
    pub fn nobody_judged(&self) -> bool {
        self.verdict.gaps.iter().any(|gap| gap.facet == "engine")
    }
}

/// Nothing is known about such a message, for or against it.
const NOT_JUDGED_SCORE: u8 = 50;

/// A result frame: length of the value, the value, the text.
///
/// # Errors
/// When it is longer than a length can say.
pub fn done(frame: &mut Vec<u8>, judged: &Judged) -> io::Result<()> {
    begin(frame, Kind::Done);
    frame.extend_from_slice(&[0; 4]);
    append(frame, judged)?;
    close_part(frame)?;
    if let Some(text) = &judged.text {
        frame.extend_from_slice(text.as_bytes());
    }
    finish(frame)
}

/// Reads the content of a result frame.
pub fn judged(content: &[u8], wanted: bool) -> Option<Judged> {
    let (value, text) = parts(content)?;
    let mut judged: Judged = rmp_serde::from_slice(value).ok()?;
    judged.text = if wanted { Some(std::str::from_utf8(text).ok()?.to_owned()) } else { None };
    Some(judged)
}

/// Reads content that is a value; `None` when it is none of that type.
pub fn of_value<T: DeserializeOwned>(content: &[u8]) -> Option<T> {
    rmp_serde::from_slice(content).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submission_comes_out_as_it_went_in() {
        let envelope = Envelope { mail_from: "a@b.example".into(), ..Envelope::default() };
        let mut frame = Vec::new();
        let sent = Submission {
            raw: b"From: a\r\n\r\nx\n{}",
            envelope: Some(&envelope),
            record: "r1",
            at: Some(-5),
            now: 7,
            cut: true,
            journal: true,
        };
        let wish = Wish { id: "r1".into(), now: 9, ..Wish::default() };
        submission(&mut frame, &sent, "evidence", Some(&wish)).unwrap();
        let mut content = Vec::new();
        let kind = read(&mut frame.as_slice(), &mut content, 1000).unwrap();
        let got = received(&content).unwrap();
        assert_eq!(kind, Some(Kind::Submission));
        assert_eq!(
            (got.submission().envelope, got.want.as_str(), got.raw),
            (Some(&envelope), "evidence", sent.raw)
        );
        assert_eq!((got.record.as_str(), got.at, got.now, got.cut), ("r1", Some(-5), 7, true));
        assert_eq!(got.wish, Some(wish));
        assert!(got.journal);
    }

    #[test]
    fn lengths_are_not_trusted() {
        let mut content = Vec::new();
        let too_long = [1, 0xff, 0xff, 0xff, 0xff, 0];
        assert!(read(&mut too_long.as_slice(), &mut content, 1000).is_err());
        let cut_off = [1, 9, 0, 0, 0, b'x'];
        assert!(read(&mut cut_off.as_slice(), &mut content, 1000).is_err());
        let no_kind = [99, 0, 0, 0, 0];
        assert!(read(&mut no_kind.as_slice(), &mut content, 1000).is_err());
        assert!(read(&mut [].as_slice(), &mut content, 1000).unwrap().is_none());
        assert!(received(&[0xff, 0xff, 0xff, 0x7f, b'{']).is_none());
        assert!(judged(&[2, 0, 0, 0, b'{', b'}'], false).is_none());
    }
}
