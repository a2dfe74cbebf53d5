//! The milter intake and peers that are slow, broken or hostile: nothing hangs, nothing grows, and others are served.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

mod gate;

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;
use gate::Gate;
use sekisho_intake::milter::{
    Listener, Settings,
    codec::{frame, put, take},
    serve,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout},
};

/// How long something is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// A limit that a test waits out.
const SHORT: Duration = Duration::from_millis(200);

/// A running intake.
struct Intake {
    port: u16,
    gate: Arc<Gate>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

async fn intake(settings: Settings) -> Intake {
    let listener = Listener::bind("inet:127.0.0.1:0", 0).await.unwrap();
    let (port, gate) = (listener.port().unwrap(), Gate::new());
    let (stop, stopped) = oneshot::channel();
    let gatekeeper = Arc::clone(&gate);
    let stopped = async {
        let _ = stopped.await;
    };
    let served = tokio::spawn(serve(listener, gatekeeper, settings, stopped));
    Intake { port, gate, stop, served }
}

/// A peer.
struct Peer {
    stream: TcpStream,
    read: BytesMut,
}

impl Intake {
    async fn connect(&self) -> Peer {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        Peer { stream, read: BytesMut::new() }
    }

    /// A peer that has negotiated.
    async fn peer(&self) -> Peer {
        let mut peer = self.connect().await;
        peer.write(&negotiation()).await;
        assert_eq!(peer.answer().await, "O");
        peer
    }

    /// Waits until as many messages are being judged.
    async fn judging(&self, count: usize) {
        let begin = Instant::now();
        while self.gate.judging() != count {
            assert!(begin.elapsed() < PATIENCE, "{} are being judged", self.gate.judging());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Peer {
    async fn write(&mut self, bytes: &[u8]) {
        timeout(PATIENCE, self.stream.write_all(bytes)).await.unwrap().unwrap();
    }

    /// The next answer: its letter, `end` if there is none any more.
    async fn answer(&mut self) -> String {
        loop {
            if let Some(frame) = take(&mut self.read).unwrap() {
                return char::from(frame.command).to_string();
            }
            // Whoever is ended with something unread is reset.
            if timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await.expect("no answer").unwrap_or(0)
                == 0
            {
                return "end".into();
            }
        }
    }

    /// All answers up to the one that ends a message, or up to the end.
    async fn answers(&mut self) -> String {
        let mut all = String::new();
        loop {
            let one = self.answer().await;
            all.push_str(&one);
            if matches!(one.as_str(), "a" | "d" | "y" | "end") {
                return all;
            }
        }
    }
}

fn negotiation() -> Vec<u8> {
    frame(b'O', &[b"\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"])
}

/// A message with these fields, up to its last frame.
fn begun(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = frame(b'C', &[b"mail.example\x004\x30\x39192.0.2.7\0"]);
    put(&mut out, b'M', &[b"<a@client.example>\0"]);
    put(&mut out, b'R', &[b"<hana@tests.example>\0"]);
    for (name, value) in fields {
        put(&mut out, b'L', &[name.as_bytes(), b"\0 ", value.as_bytes(), b"\0"]);
    }
    put(&mut out, b'N', &[]);
    put(&mut out, b'B', &[b"body\r\n"]);
    out
}

/// The whole of it.
fn message(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = begun(fields);
    put(&mut out, b'E', &[]);
    out
}

fn short() -> Settings {
    Settings { idle: 5 * SHORT, piece: 5 * SHORT, ..Settings::default() }
}

#[tokio::test]
async fn bytes_that_come_one_by_one_are_the_same_message() {
    let intake = intake(Settings::default()).await;
    let mut peer = intake.connect().await;
    for byte in [negotiation(), message(&[("Subject", "x")])].concat() {
        peer.write(&[byte]).await;
    }
    assert_eq!(peer.answers().await, "Oiia");
    assert_eq!(&*intake.gate.last().raw, b"Subject: x\r\n\r\nbody\r\n");
}

#[tokio::test]
async fn whoever_is_silent_or_stops_in_a_frame_is_ended() {
    let intake = intake(short()).await;
    let mut silent = intake.connect().await;
    let mut stalled = intake.connect().await;
    stalled.write(b"\0\0\0\x0dO\0\0").await;
    let mut within = intake.peer().await;
    within.write(&begun(&[])).await;
    for peer in [&mut silent, &mut stalled, &mut within] {
        assert_eq!(peer.answer().await, "end");
    }
    // Whoever speaks in time is not.
    let mut peer = intake.peer().await;
    peer.write(&message(&[])).await;
    assert_eq!(peer.answers().await, "iia");
    assert_eq!(intake.gate.arrivals().len(), 1);
}

#[tokio::test]
async fn nonsense_is_ended_at_once() {
    let intake = intake(Settings::default()).await;
    let nonsense: [&[u8]; 6] = [
        b"\xff\xff\xff\xffO",
        b"\0\0\0\0",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0\0\0\x01M",
        b"\0\0\0\x01Z",
        b"\0\0\0\x05O\0\0\0\x06",
    ];
    for bytes in nonsense {
        let mut peer = intake.connect().await;
        peer.write(bytes).await;
        assert_eq!(peer.answer().await, "end", "{}", bytes.escape_ascii());
    }
    let mut twice = intake.peer().await;
    twice.write(&negotiation()).await;
    assert_eq!(twice.answer().await, "end");
    assert!(intake.gate.arrivals().is_empty());
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_ended() {
    // So many answers of four megabytes fit into no buffer.
    let intake = intake(Settings { piece: 5 * SHORT, connections_max: 1, ..Settings::default() }).await;
    let mut deaf = intake.peer().await;
    deaf.write(&message(&[("X-Do", "banner")]).repeat(20)).await;
    // There is one place; the next gets it when the first is gone.
    let mut next = intake.peer().await;
    next.write(&message(&[])).await;
    assert_eq!(next.answers().await, "iia");
    assert!(intake.gate.arrivals().len() < 21);
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_a_place() {
    let intake = intake(Settings { connections_max: 2, ..Settings::default() }).await;
    let first = intake.peer().await;
    let _second = intake.peer().await;
    let mut third = intake.connect().await;
    third.write(&negotiation()).await;
    assert!(timeout(SHORT, third.answer()).await.is_err(), "there are two already");
    drop(first);
    assert_eq!(third.answer().await, "O");
}

#[tokio::test]
async fn messages_of_one_connection_are_answered_in_their_order() {
    let intake = intake(Settings::default()).await;
    let mut peer = intake.peer().await;
    let wishes = ["X-Do hold", "X-Do reject no", "X-Wait 0.2", "X-Do hold"];
    let all: Vec<u8> = wishes.iter().flat_map(|wish| message(&[wish.split_once(' ').unwrap()])).collect();
    peer.write(&all).await;
    let mut said = Vec::new();
    for _ in wishes {
        said.push(peer.answers().await);
    }
    assert_eq!(said, ["d", "y", "iia", "d"]);
}

#[tokio::test]
async fn a_message_that_is_given_up_is_not_judged_to_its_end() {
    let intake = intake(Settings::default()).await;
    let mut peer = intake.peer().await;
    let slow = message(&[("X-Wait", "1000")]);
    peer.write(&slow).await;
    intake.judging(1).await;
    peer.write(&frame(b'A', &[])).await;
    intake.judging(0).await;
    peer.write(&message(&[("X-Do", "hold")])).await;
    assert_eq!(peer.answers().await, "d", "the connection goes on");
    peer.write(&slow).await;
    intake.judging(1).await;
    drop(peer);
    intake.judging(0).await;
}

#[tokio::test]
async fn while_the_gate_takes_its_time_the_peer_is_told() {
    let progress = Duration::from_millis(50);
    let intake = intake(Settings { progress, ..Settings::default() }).await;
    let mut peer = intake.peer().await;
    peer.write(&message(&[("X-Wait", "2")])).await;
    let said = peer.answers().await;
    assert!(said.starts_with("ppp") && said.ends_with("piia"), "{said}");
}

#[tokio::test]
async fn a_gate_that_never_answers_or_fails_defers_the_message() {
    let intake = intake(Settings { gate: SHORT, ..Settings::default() }).await;
    let mut peer = intake.peer().await;
    peer.write(&message(&[("X-Wait", "1000")])).await;
    assert_eq!(peer.answers().await, "y");
    peer.write(&message(&[("X-Panic", "now")])).await;
    assert_eq!(peer.answers().await, "end", "and the mail server defers it");
    let mut next = intake.peer().await;
    next.write(&message(&[])).await;
    assert_eq!(next.answers().await, "iia");
}

#[tokio::test]
async fn what_is_over_the_limit_is_judged_by_its_beginning() {
    let intake = intake(Settings { message_bytes_max: 30, ..Settings::default() }).await;
    let mut peer = intake.peer().await;
    let mut large = begun(&[("Subject", "x")]);
    put(&mut large, b'B', &[&[b'x'; 65_535]]);
    put(&mut large, b'E', &[]);
    peer.write(&large).await;
    assert_eq!(peer.answers().await, "iia");
    let arrival = intake.gate.last();
    assert_eq!(&*arrival.raw, b"Subject: x\r\n\r\nbody\r\nxxxxxxxxxx");
    assert!(arrival.cut && !arrival.inquiry);
}

#[tokio::test]
async fn one_message_that_takes_all_the_room_does_not_stop_the_others() {
    let intake = intake(Settings { flight_bytes_max: 1_000, ..Settings::default() }).await;
    let mut large = intake.peer().await;
    let mut half = begun(&[]);
    put(&mut half, b'B', &[&[b'x'; 480]]);
    large.write(&half).await;
    large.write(&frame(b'E', &[])).await;
    assert_eq!(large.answers().await, "iia");
    put(&mut half, b'B', &[&[b'x'; 480]]);
    put(&mut half, b'E', &[]);
    large.write(&half).await;
    assert_eq!(large.answers().await, "y", "no room");
    let mut small = intake.peer().await;
    small.write(&message(&[])).await;
    assert_eq!(small.answers().await, "iia", "the room was given back");
    assert_eq!(intake.gate.arrivals().len(), 2);
}

#[tokio::test]
async fn a_flood_of_small_frames_ends() {
    let intake = intake(Settings::default()).await;
    let mut peer = intake.peer().await;
    let mut flood = frame(b'M', &[b"<>\0"]);
    for _ in 0..100_000 {
        put(&mut flood, b'D', &[b"Ri\x00ABC\0"]);
        put(&mut flood, b'R', &[b"<hana@tests.example>\0"]);
        put(&mut flood, b'L', &[b"A\0b\0"]);
    }
    put(&mut flood, b'E', &[]);
    peer.write(&flood).await;
    assert_eq!(peer.answers().await, "y", "too many recipients");
    assert!(intake.gate.arrivals().is_empty());
}

#[tokio::test]
async fn stopping_ends_who_is_idle_and_waits_for_messages_under_way() {
    let intake = intake(Settings::default()).await;
    let (mut idle, mut within, mut waiting) = (intake.peer().await, intake.peer().await, intake.peer().await);
    within.write(&begun(&[])).await;
    waiting.write(&message(&[("X-Wait", "0.3")])).await;
    intake.judging(1).await;
    intake.stop.send(()).unwrap();
    assert_eq!(idle.answer().await, "end");
    assert_eq!(waiting.answers().await, "iia");
    assert_eq!(waiting.answer().await, "end");
    within.write(&frame(b'E', &[])).await;
    assert_eq!(within.answers().await, "iia");
    assert_eq!(within.answer().await, "end");
    timeout(PATIENCE, intake.served).await.unwrap().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", intake.port)).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let intake = intake(Settings { stop: SHORT, ..Settings::default() }).await;
    let mut waiting = intake.peer().await;
    waiting.write(&message(&[("X-Wait", "1000")])).await;
    intake.judging(1).await;
    intake.stop.send(()).unwrap();
    timeout(PATIENCE, intake.served).await.unwrap().unwrap();
    assert_eq!(waiting.answers().await, "end");
    assert_eq!(intake.gate.judging(), 0);
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_is_replaced_and_one_in_use_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("milter");
    let address = format!("unix:{}", path.display());
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let first = Listener::bind(&address, 0o600).await.unwrap();
    assert!(Listener::bind(&address, 0o600).await.is_err());
    assert!(path.exists());
    drop(first);
    assert!(!path.exists());
    std::fs::write(&path, "a file of somebody's").unwrap();
    assert!(Listener::bind(&address, 0o600).await.is_err());
    assert!(path.exists());
}
