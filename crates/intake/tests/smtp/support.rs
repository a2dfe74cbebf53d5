//! A gate that decides by a field of the message, the service in a thread of its own, and a next hop that does as it is
//! told.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use sekisho_engine::{Arrival, Gatekeeper, Passage, resolver::Answer};
use sekisho_intake::smtp::{Mode, Settings, client::Hop, serve};
use sekisho_record::{Action, Change, Decision, Decisions, FieldChange, Level, Patch};
use tokio::sync::oneshot;

/// Decides by `X-Decide: hana=quarantine jiro=reject`, names being the beginning of addresses; others get the message.
#[derive(Default)]
pub(crate) struct Gate {
    /// What arrived.
    pub(crate) seen: Mutex<Vec<Arrival>>,
    /// Nothing of ours is added.
    pub(crate) bare: bool,
    /// The gate waits for this, when there is one.
    pub(crate) wait: Option<Arc<tokio::sync::Notify>>,
    /// It has been reached.
    pub(crate) reached: Arc<tokio::sync::Notify>,
}

impl Gate {
    fn decide(&self, arrival: Arrival) -> Passage {
        let text = String::from_utf8_lossy(&arrival.raw[..arrival.raw.len().min(4_096)]).into_owned();
        let field =
            text.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix("X-Decide: "));
        let words: BTreeMap<&str, &str> =
            field.unwrap_or_default().split_whitespace().filter_map(|word| word.split_once('=')).collect();
        let mut each: Vec<Decision> = Vec::new();
        for (place, to) in arrival.envelope.as_ref().unwrap().rcpt_to.iter().enumerate() {
            let word =
                words.iter().find(|(name, _)| to.starts_with(*name)).map_or("deliver", |(_, word)| word);
            let action = action(word);
            match each.iter_mut().find(|decision| decision.action == action) {
                Some(decision) => decision.recipients.push(place as u32),
                None => each.push(Decision { action, clause: word.into(), recipients: vec![place as u32] }),
            }
        }
        let insert = |name: &str, value: &str| FieldChange::Insert { name: name.into(), value: value.into() };
        let plain = Change { fields: vec![insert("X-Sekisho", " judged")], body: Vec::new() };
        let mut bannered = plain.clone();
        bannered.body.push(Patch { at: 0, cut: 0, put: b"[BANNER]\r\n".to_vec() });
        self.seen.lock().unwrap().push(arrival);
        Passage {
            id: "record1".into(),
            decisions: Decisions { each, ..Default::default() },
            plain: if self.bare { Change::default() } else { plain },
            bannered: Some(bannered),
            ..Default::default()
        }
    }

    /// The only arrival.
    pub(crate) fn only(&self) -> Arrival {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

fn action(word: &str) -> Action {
    match word {
        "deliver" => Action::Deliver,
        "banner" => Action::Banner { level: Level::Warning },
        "quarantine" => Action::Quarantine,
        "reject" => Action::Reject { text: "Refused by policy".into() },
        "defer" => Action::Defer { text: "Come again".into() },
        other => Action::Redirect { to: other.strip_prefix("redirect:").unwrap().into() },
    }
}

impl Gatekeeper for Gate {
    fn pass(&self, arrival: Arrival) -> Answer<'_, Passage> {
        Box::pin(async move {
            self.reached.notify_one();
            if let Some(wait) = &self.wait {
                wait.notified().await;
                // A timer fires after the runtime has read all news of its sockets: a client that went is known to be gone.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            self.decide(arrival)
        })
    }
}

/// The service; it ends when this is dropped.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(gate: Arc<Gate>, settings: Settings) -> Self {
        Self::start_with(gate, settings)
    }

    pub(crate) fn start_with(gate: Arc<dyn Gatekeeper>, settings: Settings) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self::with(listener, gate, settings)
    }

    /// On a port that a mail server was told of before.
    pub(crate) fn on(listener: TcpListener, gate: Arc<Gate>, settings: Settings) -> Self {
        Self::with(listener, gate, settings)
    }

    fn with(listener: TcpListener, gate: Arc<dyn Gatekeeper>, settings: Settings) -> Self {
        listener.set_nonblocking(true).unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let work = async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let stopped = async { drop(stopped.await) };
            serve(listener, gate, settings, stopped).await.unwrap();
        };
        let thread = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(work);
        });
        Self { at, stop: Some(stop), thread: Some(thread) }
    }

    /// Tells it to end, and does not wait.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) {
        self.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Settings for a next hop on this machine.
pub(crate) fn settings(mode: Mode, next: SocketAddr) -> Settings {
    let mut settings =
        Settings::new(mode, "gate.example", Hop::new("127.0.0.1", next.port(), "gate.example"));
    settings.clients = sekisho_intake::smtp::loopback();
    settings.clock = || 1_795_000_000;
    settings.waits.stop = Duration::from_secs(20);
    settings
}

/// What a next hop got.
#[derive(Debug, Default, Clone)]
pub(crate) struct Got {
    /// Everything that was said up to DATA, but for EHLO.
    pub(crate) said: Vec<String>,
    pub(crate) message: Vec<u8>,
    /// Bytes of the message; only the first part of a large one is kept.
    pub(crate) bytes: usize,
}

/// A next hop. Of names in addresses: `nobody` does not exist, `busy` cannot now, `bad` is refused when the message has
/// come, `fickle` is put off twice when the message has come, at `leaver` the first connection ends instead of DATA, `full` for now; at `lost` it hangs up instead of an answer, at `closer` after it, at `mute` it never answers.
pub(crate) struct Next {
    pub(crate) at: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    got: Mutex<Vec<Got>>,
    more: Condvar,
    /// Lines after the first of the answer to EHLO.
    offers: Vec<String>,
    connections: Mutex<usize>,
    put_off: Mutex<usize>,
}

impl Next {
    pub(crate) fn start() -> Self {
        Self::offering(&[
            "PIPELINING",
            "8BITMIME",
            "SMTPUTF8",
            "DSN",
            "SIZE 200000000",
            "XFORWARD NAME ADDR PROTO HELO SOURCE",
        ])
    }

    pub(crate) fn offering(offers: &[&str]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let offers = offers.iter().map(|offer| (*offer).to_owned()).collect();
        let state = Arc::new(State { offers, ..Default::default() });
        let ours = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *ours.connections.lock().unwrap() += 1;
                let state = Arc::clone(&ours);
                std::thread::spawn(move || state.talk(stream));
            }
        });
        Self { at, state }
    }

    /// What it got so far.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.state.got.lock().unwrap().clone()
    }

    /// The same, once there are so many.
    pub(crate) fn wait(&self, count: usize) -> Vec<Got> {
        let got = self.state.got.lock().unwrap();
        let enough = |got: &mut Vec<Got>| got.len() < count;
        let (got, timeout) =
            self.state.more.wait_timeout_while(got, Duration::from_secs(60), enough).unwrap();
        assert!(!timeout.timed_out(), "{} messages instead of {count}", got.len());
        got.clone()
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        *self.state.connections.lock().unwrap()
    }
}

impl State {
    fn talk(&self, stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut read = BufReader::new(stream.try_clone().ok()?);
        let mut write = stream;
        write.write_all(b"220 next.example\r\n").ok()?;
        let mut got = Got::default();
        loop {
            let mut line = String::new();
            read.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let line = line.trim_end().to_owned();
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let reply = match verb.as_str() {
                "EHLO" => self.hello(),
                "RSET" => {
                    got = Got::default();
                    "250 2.0.0 Ok".into()
                }
                "QUIT" => {
                    let _ = write.write_all(b"221 2.0.0 Bye\r\n");
                    return None;
                }
                "DATA" if got.said.join(" ").contains("leaver") && *self.connections.lock().unwrap() == 1 => {
                    return None;
                }
                "DATA" => {
                    write.write_all(b"354 Go on\r\n").ok()?;
                    (got.message, got.bytes) = data(&mut read)?;
                    let closes = got.said.iter().any(|said| said.contains("closer"));
                    let reply = self.end(&mut got)?;
                    if closes {
                        write.write_all(format!("{reply}\r\n").as_bytes()).ok()?;
                        return None;
                    }
                    reply
                }
                _ => {
                    let reply = answer(&line);
                    if reply.starts_with('2') {
                        got.said.push(line);
                    }
                    reply
                }
            };
            write.write_all(format!("{reply}\r\n").as_bytes()).ok()?;
        }
    }

    fn hello(&self) -> String {
        if self.offers.is_empty() {
            return "250 next.example".into();
        }
        let mut lines = vec!["next.example".to_owned()];
        lines.extend(self.offers.iter().cloned());
        let last = lines.len() - 1;
        let line = |(at, line): (usize, &String)| format!("250{}{line}", if at == last { ' ' } else { '-' });
        lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
    }

    fn end(&self, got: &mut Got) -> Option<String> {
        let said = got.said.join(" ");
        if said.contains("lost") {
            return None;
        }
        if said.contains("mute") {
            std::thread::sleep(Duration::from_secs(600));
        }
        if said.contains("full") {
            *got = Got::default();
            return Some("452 4.2.2 Full".into());
        }
        if said.contains("fickle") {
            let mut put_off = self.put_off.lock().unwrap();
            *put_off += 1;
            if *put_off <= 2 {
                *got = Got::default();
                return Some("451 4.3.0 Fickle".into());
            }
        }
        if said.contains("bad") {
            *got = Got::default();
            return Some("554 5.6.0 Bad".into());
        }
        let mut all = self.got.lock().unwrap();
        all.push(std::mem::take(got));
        self.more.notify_all();
        Some(format!("250 2.0.0 Ok: queued as {}", all.len()))
    }
}

fn answer(line: &str) -> String {
    if line.contains("nobody") {
        "550 5.1.1 No such user".into()
    } else if line.contains("busy") {
        "450 4.2.0 Not now".into()
    } else if line.contains("unwelcome") {
        "550 5.7.1 Sender unwelcome".into()
    } else {
        "250 2.1.0 Ok".into()
    }
}

fn data(read: &mut BufReader<TcpStream>) -> Option<(Vec<u8>, usize)> {
    let (mut message, mut bytes, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        read.read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
        assert!(line.ends_with(b"\r\n") && !line[..line.len() - 2].contains(&b'\r'), "a bare end of line");
        if line == b".\r\n" {
            return Some((message, bytes));
        }
        let text = line.strip_prefix(b".").unwrap_or(&line);
        bytes += text.len();
        if message.len() < 1 << 20 {
            message.extend_from_slice(text);
        }
    }
}

/// Writes everything at once and reads until the service hangs up.
pub(crate) fn talk(at: SocketAddr, input: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut writing = stream.try_clone().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(writing.write_all(&input)));
    let mut out = Vec::new();
    stream.read_to_end(&mut out).unwrap();
    writer.join().unwrap();
    String::from_utf8(out).unwrap().replace('\r', "")
}

/// What a next hop got, as text.
pub(crate) fn shown(got: &[Got]) -> String {
    let one = |got: &Got| {
        format!("{}\n{}", got.said.join("\n"), String::from_utf8_lossy(&got.message).replace('\r', ""))
    };
    got.iter().map(one).collect::<Vec<_>>().join("--\n")
}
