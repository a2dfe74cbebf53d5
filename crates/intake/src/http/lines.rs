//! The line protocol of spamc (`CHECK SPAMC/1.5`) and of rspamd's older clients, Exim among them (`CHECK RSPAMC/1.3`): a
//! word, fields, an empty line, the message; one request a connection.
//!
//! | word | reply to spamc |
//! |---|---|
//! | `PING` | `PONG` |
//! | `CHECK` | whether it is spam, and its score |
//! | `SYMBOLS` | and the names of its symbols |
//! | `REPORT`, `REPORT_IFSPAM` | and a line for each symbol |
//! | `PROCESS`, `HEADERS` | and the message, or its header, changed as the policy says, marked `X-Spam-Flag`, `X-Spam-Status` |
//! | `SKIP` | none |
//!
//! A client of SpamAssassin takes a score above the threshold for spam. The threshold is therefore that of `add header`,
//! where it is `reject`'s in all other forms. A deferred message is `EX_TEMPFAIL`. rspamd's older clients get the same reply
//! to every word: score, action, symbols. `TELL` and compressed messages are refused.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use sekisho_policy::apply;
use sekisho_record::{Change, FieldChange};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::time::{timeout, timeout_at};

use super::ask::Ask;
use super::body::Held;
use super::refused::Refused;
use super::rspamd::outcome::{MARK, REJECT};
use super::rspamd::reply::Answer;
use super::rspamd::scan;
use super::state::Shared;
use super::stream::Stream;
use crate::limits::{HTTP_FIELDS_MAX, HTTP_HEADER_BYTES_MAX};

/// A request without its message.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    word: String,
    spamc: bool,
    fields: Vec<(String, String)>,
}

/// Serves one connection.
pub(super) async fn attend(stream: Stream, shared: &Arc<Shared>) {
    let mut stream = BufReader::new(stream);
    let read = timeout(shared.settings().header_time(), head(&mut stream)).await;
    let reply = match read {
        Ok(Some(head)) => {
            let spamc = head.spamc;
            reply(&mut stream, shared, &head).await.unwrap_or_else(|why| refusal(why, spamc))
        }
        Ok(None) => refusal(Refused::Incomplete, true),
        Err(_) => refusal(Refused::Slow, true),
    };
    let _ = stream.write_all(&reply).await;
    let _ = stream.shutdown().await;
}

async fn head(stream: &mut BufReader<Stream>) -> Option<Head> {
    let mut lines = stream.take(HTTP_HEADER_BYTES_MAX as u64);
    let (mut text, mut count) = (Vec::new(), 0);
    loop {
        let before = text.len();
        lines.read_until(b'\n', &mut text).await.ok()?;
        let line = text.get(before..)?;
        if !line.ends_with(b"\n") {
            return None;
        }
        if line.trim_ascii().is_empty() {
            return parsed(&text);
        }
        count += 1;
        if count > HTTP_FIELDS_MAX {
            return None;
        }
    }
}

/// Reads the lines of a request. Names of fields in lower case; lines without a colon are left out.
fn parsed(text: &[u8]) -> Option<Head> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    let (word, version) = lines.next()?.trim_end().split_once(' ')?;
    let spamc = version.get(..6).is_some_and(|name| name.eq_ignore_ascii_case("spamc/"));
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    Some(Head { word: word.to_ascii_uppercase(), spamc, fields: lines.filter_map(field).collect() })
}

impl Head {
    fn length(&self) -> Option<usize> {
        let (_, value) = self.fields.iter().find(|(name, _)| name == "content-length")?;
        value.parse().ok()
    }

    fn compressed(&self) -> bool {
        self.fields.iter().any(|(name, _)| name == "compress")
    }
}

async fn reply(
    stream: &mut BufReader<Stream>,
    shared: &Arc<Shared>,
    head: &Head,
) -> Result<Vec<u8>, Refused> {
    match (head.spamc, head.word.as_str()) {
        (true, "PING") => return Ok(b"SPAMD/1.5 0 PONG\r\n".to_vec()),
        (false, "PING") => return Ok(b"RSPAMD/1.3 0 PONG\r\n".to_vec()),
        (_, "SKIP") => return Ok(Vec::new()),
        (_, "CHECK" | "SYMBOLS" | "REPORT" | "REPORT_IFSPAM" | "PROCESS" | "HEADERS") => {}
        _ => return Err(Refused::Word),
    }
    if head.compressed() {
        return Err(Refused::Coding);
    }
    let since = Instant::now();
    let mut ask = Ask::of_lines(&head.fields, head.spamc)?;
    ask.body_block = head.word == "PROCESS";
    let held = message(stream, shared, head.length()).await?;
    let came = scan::judge(shared, held, &ask).await?;
    let answer = came.answer(shared, &ask, since);
    Ok(if head.spamc { for_spamc(&answer, &head.word, came.raw()) } else { for_rspamc(&answer) })
}

/// Reads the message: so many bytes, or up to the end of the connection.
async fn message(
    stream: &mut BufReader<Stream>,
    shared: &Shared,
    length: Option<usize>,
) -> Result<Held, Refused> {
    let mut held = shared.hold();
    let end = tokio::time::Instant::now() + shared.settings().body_time();
    let mut buffer = vec![0; 64 << 10];
    if length.is_some_and(|length| length > shared.settings().body_bytes_max) {
        return Err(Refused::TooLong);
    }
    loop {
        let left =
            length.map_or(buffer.len(), |length| length.saturating_sub(held.bytes.len())).min(buffer.len());
        let Some(space) = buffer.get_mut(..left).filter(|space| !space.is_empty()) else { return Ok(held) };
        let read = timeout_at(end, timeout(shared.settings().idle_time(), stream.read(space))).await;
        let read = read.ok().and_then(Result::ok).ok_or(Refused::Slow)?;
        match read.map_err(|_| Refused::Incomplete)? {
            0 if length.is_some() => return Err(Refused::Incomplete),
            0 => return Ok(held),
            count => held.add(buffer.get(..count).unwrap_or_default())?,
        }
    }
}

fn refusal(why: Refused, spamc: bool) -> Vec<u8> {
    let (code, name) = match why {
        Refused::Busy | Refused::Failed | Refused::Slow => (75, "EX_TEMPFAIL"),
        Refused::Word | Refused::Coding | Refused::Elsewhere => (64, "EX_USAGE"),
        _ => (65, "EX_DATAERR"),
    };
    let who = if spamc { "SPAMD/1.1" } else { "RSPAMD/1.3" };
    format!("{who} {code} {name}\r\n\r\n{why}\r\n").into_bytes()
}

fn for_rspamc(answer: &Answer<'_>) -> Vec<u8> {
    let outcome = &answer.outcome;
    let spam = if outcome.spam() { "True" } else { "False" };
    let mut out = String::from("RSPAMD/1.3 0 EX_OK\r\n");
    let _ = write!(out, "Metric: default; {spam}; {:.2} / {REJECT:.2} / 0.0\r\n", outcome.score);
    let _ = write!(out, "Action: {}\r\n", outcome.action);
    for symbol in &answer.symbols {
        let _ = write!(out, "Symbol: {}({:.2})\r\n", symbol.name, symbol.score);
    }
    if let Some(text) = outcome.text {
        let _ = write!(out, "Message: {}\r\n", line(text));
    }
    let _ = write!(out, "Message-ID: {}\r\n", line(answer.message_id()));
    out.into_bytes()
}

fn for_spamc(answer: &Answer<'_>, word: &str, raw: &[u8]) -> Vec<u8> {
    let outcome = &answer.outcome;
    if outcome.action == "soft reject" {
        return b"SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n".to_vec();
    }
    let spam = outcome.spam();
    let body = match word {
        "SYMBOLS" => names(answer, ",").into_bytes(),
        "REPORT" => report(answer).into_bytes(),
        "REPORT_IFSPAM" if spam => report(answer).into_bytes(),
        "PROCESS" => marked(answer, raw),
        "HEADERS" => {
            let message = marked(answer, raw);
            message.get(..apply::body_start(&message)).unwrap_or_default().to_vec()
        }
        _ => Vec::new(),
    };
    let says = if spam { "True" } else { "False" };
    let length = body.len();
    let head = format!(
        "SPAMD/1.1 0 EX_OK\r\nContent-length: {length}\r\nSpam: {says} ; {:.2} / {MARK:.2}\r\n\r\n",
        outcome.score
    );
    [head.as_bytes(), &body].concat()
}

fn names(answer: &Answer<'_>, between: &str) -> String {
    let names: Vec<&str> = answer.symbols.iter().map(|symbol| symbol.name.as_str()).collect();
    names.join(between)
}

fn report(answer: &Answer<'_>) -> String {
    let mut out = format!("Action: {}, score {:.2}\r\n\r\n", answer.outcome.action, answer.outcome.score);
    for symbol in &answer.symbols {
        let _ = write!(out, "{:5.2} {}: {}\r\n", symbol.score, symbol.name, line(&symbol.description));
    }
    out
}

/// The message as the policy changes it, and marked as filters that read spamc's output look for.
fn marked(answer: &Answer<'_>, raw: &[u8]) -> Vec<u8> {
    let outcome = &answer.outcome;
    let yes = if outcome.spam() { "Yes" } else { "No" };
    let status =
        format!(" {yes}, score={:.2} required={MARK:.2} tests={}", outcome.score, names(answer, ",\r\n\t"));
    let mut change = Change::default();
    if outcome.spam() {
        change.fields.push(FieldChange::Insert { name: "X-Spam-Flag".into(), value: " YES".into() });
    }
    change.fields.push(FieldChange::Insert { name: "X-Spam-Status".into(), value: status });
    if let Some(ours) = &outcome.change {
        change.fields.extend(ours.fields.iter().cloned());
        change.body.clone_from(&ours.body);
    }
    apply::apply(raw, &change)
}

/// Text of a message or of the policy as one line.
fn line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_word_and_fields() {
        let head =
            parsed(b"CHECK SPAMC/1.5\r\nContent-length: 12\r\nUser: root\r\nno field\r\n\r\n").unwrap();
        assert_eq!(head.word, "CHECK");
        assert!(head.spamc);
        assert_eq!(head.length(), Some(12));
        assert_eq!(head.fields.len(), 2);
        assert!(!parsed(b"check RSPAMC/1.3\n\n").unwrap().spamc);
        assert_eq!(parsed(b"CHECK\r\n\r\n"), None);
        assert_eq!(parsed(b""), None);
    }

    proptest::proptest! {
        #[test]
        fn any_lines_are_read(text in "[A-Z :/\r\n\té-]{0,80}") {
            let _ = parsed(text.as_bytes());
        }
    }
}
