//! The door: a server whose gatekeeper does what a message's own header says, and raw text in and out.
//!
//! `Decide:` names the action, `Banner:` the text that is put before the body, `Wait:` keeps the gatekeeper waiting until
//! the client is gone.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sekisho_engine::gate::{Arrival, Gatekeeper, Passage};
use sekisho_engine::resolver::Answer;
use sekisho_intake::http::{Hooks, Learned, Learner, Live, Settings, serve};
use sekisho_record::{
    Action, Change, Class, Decision, Decisions, Exhibit, FieldChange, Finding, Gap, Level, Patch, Severity,
    Summary, Verdict,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

/// As it looks when nothing goes on for too long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A listening server.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) keeper: Arc<Keeper>,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<()>,
}

impl Door {
    pub(crate) async fn open() -> Self {
        Self::with(Settings::default(), Hooks::default()).await
    }

    pub(crate) async fn with(settings: impl Into<Live>, hooks: Hooks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (keeper, settings) = (Arc::new(Keeper::default()), settings.into());
        let ended = async {
            let _ = stopped.await;
        };
        let served = tokio::spawn(serve(listener, keeper.clone(), settings, hooks, ended));
        Self { address, keeper, stop: Some(stop), served }
    }

    /// Sends these bytes, and reads until the server closes.
    pub(crate) async fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        rest(&mut stream).await
    }

    /// The same with text, whose lines end in LF here and in CRLF there.
    pub(crate) async fn text(&self, text: &str) -> String {
        shown(&self.bytes(crlf(text).as_bytes()).await)
    }

    /// Stops the server, and waits until it is gone.
    pub(crate) async fn close(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        tokio::time::timeout(PATIENCE, self.served).await.unwrap().unwrap();
    }
}

/// Reads to the end.
pub(crate) async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut out = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut out)).await.expect("an end of the reply").unwrap();
    out
}

pub(crate) fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// A reply without what changes from one run to the next, and with simple line ends.
pub(crate) fn shown(reply: &[u8]) -> String {
    let text = String::from_utf8_lossy(reply).replace("\r\n", "\n");
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if !line.starts_with("Date: ") {
            out.push_str(line);
        }
    }
    let changing = ["\"time_real\":", "\"unix_time\":", "\nContent-Length: ", "\nMessage-Offset: "];
    changing.into_iter().fold(out, masked)
}

/// Takes the number away that follows.
fn masked(text: String, before: &str) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(before);
        out.push('0');
        out.push_str(part.trim_start_matches(|char: char| char.is_ascii_digit() || ".e-".contains(char)));
    }
    out
}

/// A request of this head and body, closing; one reply.
pub(crate) async fn check(door: &Door, head: &str, body: &str) -> String {
    let body = crlf(body);
    let text = format!("{}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", crlf(head), body.len());
    shown(&door.bytes(text.as_bytes()).await)
}

/// The JSON of a reply.
pub(crate) fn json(reply: &str) -> serde_json::Value {
    let body = reply.split_once("\n\n").map_or(reply, |(_, body)| body);
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {reply}"))
}

/// A gatekeeper that does what the message says.
#[derive(Default)]
pub(crate) struct Keeper {
    pub(crate) arrivals: Mutex<Vec<String>>,
    /// A waiting passage began; it was given up.
    pub(crate) began: Notify,
    pub(crate) given_up: Arc<Notify>,
}

impl Keeper {
    /// What came since the last time it was asked, one line each.
    pub(crate) fn seen(&self) -> String {
        std::mem::take(&mut *self.arrivals.lock().unwrap()).join("\n")
    }
}

impl Gatekeeper for Keeper {
    fn pass(&self, arrival: Arrival) -> Answer<'_, Passage> {
        Box::pin(async move {
            let line = line(&arrival);
            self.arrivals.lock().unwrap().push(line);
            if field(&arrival.raw, "Wait").is_some() {
                struct GivenUp(Arc<Notify>);
                impl Drop for GivenUp {
                    fn drop(&mut self) {
                        self.0.notify_one();
                    }
                }
                let _given_up = GivenUp(self.given_up.clone());
                self.began.notify_one();
                std::future::pending::<()>().await;
            }
            passage(&arrival)
        })
    }
}

fn line(arrival: &Arrival) -> String {
    let envelope = arrival.envelope.as_ref().map_or("no envelope".to_owned(), |envelope| {
        let ip = envelope.ip.map_or("-".into(), |ip| ip.to_string());
        let login = envelope.login.as_deref().unwrap_or("-");
        format!(
            "<{}> to <{}> helo {} ip {ip} login {login}",
            envelope.mail_from,
            envelope.rcpt_to.join("> <"),
            envelope.helo
        )
    });
    let queue_id = arrival.queue_id.as_deref().unwrap_or("-");
    let inquiry = if arrival.inquiry { "inquiry" } else { "arrival" };
    format!("{} {inquiry} {} bytes, {queue_id}: {envelope}", arrival.intake, arrival.raw.len())
}

fn field(raw: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let head = text.split("\r\n\r\n").next()?;
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}

fn passage(arrival: &Arrival) -> Passage {
    let raw = &arrival.raw;
    let decide = field(raw, "Decide").unwrap_or_default();
    let (score, action) = match decide.as_str() {
        "banner" => (60, Action::Banner { level: Level::Warning }),
        "redirect" => (20, Action::Redirect { to: "box@tests.example".into() }),
        "quarantine" => (95, Action::Quarantine),
        "reject" => (90, Action::Reject { text: "Refused by policy".into() }),
        "defer" => (0, Action::Defer { text: "Come again".into() }),
        "nothing" => return Passage::default(),
        _ => (10, Action::Deliver),
    };
    let insert = |value: &str| FieldChange::Insert { name: "Sekisho-Verdict".into(), value: value.into() };
    let plain = vec![insert(&format!(" score={score};\r\n\tclause=test"))];
    let mut changed = plain.clone();
    let mut body = Vec::new();
    if let Some(text) = field(raw, "Banner") {
        let note = |value: &str| FieldChange::Insert { name: "Sekisho-Note".into(), value: value.into() };
        changed.extend([note(" first"), note(" second")]);
        changed.push(FieldChange::Remove { name: "Sekisho-Old".into(), nth: 1 });
        changed.push(FieldChange::Remove { name: "Sekisho-Old".into(), nth: 3 });
        changed.push(FieldChange::Replace {
            name: "Content-Type".into(),
            nth: 1,
            value: " text/plain; banner=yes".into(),
        });
        body.push(Patch { at: 0, cut: 0, put: format!("{text}\r\n").into_bytes() });
    }
    let recipients = arrival.envelope.iter().flat_map(|envelope| 0..envelope.rcpt_to.len() as u32).collect();
    Passage {
        id: "test-id".into(),
        verdict: verdict(score, raw),
        summary: summary(raw),
        decisions: Decisions {
            each: vec![Decision { action, clause: "test".into(), recipients }],
            ..Decisions::default()
        },
        plain: Change { fields: plain, body: Vec::new() },
        bannered: (decide == "banner" && !arrival.body_stays).then_some(Change { fields: changed, body }),
        cpu_ms: 1.5,
        ..Passage::default()
    }
}

fn summary(raw: &[u8]) -> Summary {
    let targets = field(raw, "Target").into_iter().collect();
    Summary { message_id: field(raw, "Message-ID"), targets, ..Summary::default() }
}

fn verdict(score: u8, raw: &[u8]) -> Verdict {
    let exhibit = Exhibit {
        path: "subject.subject".into(),
        value: field(raw, "Subject").unwrap_or_default(),
        span: None,
        predicate: "subject.subject != null".into(),
    };
    let finding = Finding {
        rule: "test/has-subject".into(),
        severity: Severity::Medium,
        summary: "It has a subject".into(),
        summary_ja: None,
        attack_types: vec!["Spam".into()],
        techniques: Vec::new(),
        exhibits: vec![exhibit],
    };
    Verdict {
        class: if score >= 85 {
            Class::Malicious
        } else if score >= 50 {
            Class::Suspicious
        } else {
            Class::Benign
        },
        score,
        findings: if score >= 50 { vec![finding] } else { Vec::new() },
        gaps: vec![Gap { facet: "thread".into(), reason: "no_history".into(), detail: "no history".into() }],
        ..Verdict::default()
    }
}

/// Learns what does not say `known`.
pub(crate) struct Pupil;

impl Learner for Pupil {
    fn learn(&self, raw: Arc<[u8]>, _spam: bool) -> Answer<'_, Learned> {
        let known = String::from_utf8_lossy(&raw).contains("known");
        Box::pin(async move { if known { Learned::Already } else { Learned::Done } })
    }
}

/// Hooks with a learner and a metric.
pub(crate) fn hooks() -> Hooks {
    Hooks {
        metrics: Arc::new(|| "sekisho_up 1\n".into()),
        learner: Some(Arc::new(Pupil)),
        ..Hooks::default()
    }
}
