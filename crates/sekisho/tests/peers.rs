//! Peers that stall, send much, or are many: others go on being served, nothing is acknowledged and lost, and memory has
//! its bounds. How long somebody may stall is tested with each intake (`crates/intake/tests`).
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

mod live;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use live::{Server, load::held_rows};
use sekisho_testkit::{
    scenarios::Scenario,
    servers::{self, Client, Postfix, Reply, Setup, free_port},
};

const TO: &str = "ann@harbour.example";
const CLEAN: &[u8] = b"Subject: minutes\r\nFrom: a@c.example\r\n\r\nsee you\r\n";
/// How long somebody waits for the test's server.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with all intakes: a Postfix hands mail to its milter, another one gets what its SMTP filter hands on.
struct Stage {
    server: Server,
    before: Postfix,
    behind: Postfix,
    smtp: SocketAddr,
    harmful: Vec<u8>,
}

impl Stage {
    fn new() -> Self {
        let scenario = Scenario::read("hijacked-mailer").unwrap();
        let harmful = scenario.cases.iter().find(|case| case.group == "Microsoft").unwrap().raw.clone();
        let domains = vec!["harbour.example".to_owned()];
        let behind = Postfix::start(&Setup { domains: domains.clone(), ..Setup::default() }).unwrap();
        let port = free_port().unwrap();
        let text = format!(
            "[organisation]\ndomains = ['harbour.example']\n[authentication]\nzone = 'zone.txt'\n\
             [smtp]\nlisten = ['127.0.0.1:{port}']\nnext = '{}'\n",
            behind.smtp()
        );
        let server = Server::start_holding(&text, &[("zone.txt", &scenario.zone)]);
        let milter = Some(format!("inet:127.0.0.1:{}", server.milter_port));
        let before = Postfix::start(&Setup { domains, milter, ..Setup::default() }).unwrap();
        Self { server, before, behind, smtp: SocketAddr::from(([127, 0, 0, 1], port)), harmful }
    }

    fn http(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.server.http_port))
    }

    /// The answer to a message that a milter client hands over by rspamd's protocol.
    fn ask(&self, fields: &str, raw: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.http()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST /checkv2 HTTP/1.1\r\nFrom: <a@c.example>\r\nMilter: Yes\r\nConnection: close\r\n{fields}Content-Length: {}\r\n\r\n",
            raw.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // Whoever refuses it does not read it all.
        let _ = stream.write_all(raw);
        let mut out = Vec::new();
        let _ = stream.read_to_end(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Everybody is served, soon.
    fn serves(&self) {
        let begin = Instant::now();
        assert_eq!(send(self.before.smtp(), &[TO], CLEAN).code, 250);
        assert_eq!(send(self.smtp, &[TO], CLEAN).code, 250);
        assert!(self.ask("Rcpt: <ann@harbour.example>\r\n", CLEAN).contains("no action"));
        let took = begin.elapsed();
        println!("served by all intakes in {took:.1?}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

fn send(to: SocketAddr, recipients: &[&str], raw: &[u8]) -> Reply {
    let mut client = Client::connect(to).unwrap();
    client.hello("client.example").unwrap();
    client.send("a@c.example", recipients, raw).unwrap()
}

/// A connection on which something was begun.
fn begun(to: SocketAddr, said: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(said).unwrap();
    stream
}

#[test]
fn whoever_stalls_keeps_nobody_else_waiting() {
    if servers::without() {
        return;
    }
    let stage = Stage::new();
    let data =
        b"EHLO a\r\nMAIL FROM:<a@c.example>\r\nRCPT TO:<ann@harbour.example>\r\nDATA\r\nSubject: half a";
    // A milter that negotiates, names a client and begins a frame: version 6, all actions, no steps left out.
    let milter = b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\0\0\0\0\0\xff\xffM<a@";
    let post =
        b"POST /checkv2 HTTP/1.1\r\nRcpt: <ann@harbour.example>\r\nContent-Length: 100000\r\n\r\nSubject";
    let head = b"POST /checkv2 HTTP/1.1\r\nRc";
    let milter_to = SocketAddr::from(([127, 0, 0, 1], stage.server.milter_port));
    let mut stalled = Vec::new();
    for _ in 0..40 {
        stalled.push(begun(stage.smtp, data));
        stalled.push(begun(milter_to, milter));
        stalled.push(begun(stage.http(), post));
        stalled.push(begun(stage.http(), head));
    }
    for byte in b"pt: <somebody@harb" {
        for stream in stalled.iter_mut().skip(3).step_by(4) {
            stream.write_all(&[*byte]).unwrap();
        }
        if *byte == b's' {
            stage.serves();
        }
    }
    stage.serves();
    let begin = Instant::now();
    drop(stalled);
    assert!(stage.server.end(), "it ends");
    println!("ended in {:.1?}", begin.elapsed());
    assert_eq!(stage.behind.delivered(2).unwrap().len(), 2, "of those who stalled nothing is handed on");
}

/// A message with an attached file of so many bytes.
fn large(bytes: usize) -> Vec<u8> {
    let head = "Subject: large\r\nFrom: a@c.example\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n\
                Content-Disposition: attachment; filename=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let line = format!("{}\r\n", "QUJD".repeat(19));
    let mut out = head.as_bytes().to_vec();
    while out.len() < bytes {
        out.extend_from_slice(line.as_bytes());
    }
    out
}

#[test]
fn a_message_of_100_mb_is_judged_or_refused_and_memory_has_its_bounds() {
    if servers::without() {
        return;
    }
    let stage = Stage::new();
    let (fits, too_large) = (large(100_000_000), large(110_000_000));
    let log = |told: &str| stage.server.log().matches(told).count();
    let timed = |what: &str, done: &mut dyn FnMut() -> String| {
        let begin = Instant::now();
        let said = done();
        let took = begin.elapsed();
        println!("{what}: {took:.1?}, {} MiB at most so far: {said}", stage.server.peak_memory());
        // A debug build on a machine that does much else.
        assert!(took < Duration::from_secs(100), "{what}: {took:?}");
        said
    };
    // The milter: Postfix takes what is larger than we judge, and keeps it whole.
    assert!(
        timed("milter, 110 MB", &mut || send(stage.before.smtp(), &[TO], &too_large).to_string())
            .starts_with("250")
    );
    assert_eq!(log("too many bytes, the beginning is judged"), 1);
    let all = stage.before.delivered(1).unwrap();
    assert!(all[0].raw.ends_with(&too_large), "it is delivered whole");
    assert!(timed("SMTP, 100 MB", &mut || send(stage.smtp, &[TO], &fits).to_string()).starts_with("250"));
    let said = timed("SMTP, 110 MB", &mut || send(stage.smtp, &[TO], &too_large).to_string());
    assert!(said.starts_with("552 5.3.4"), "{said}");
    stage.behind.drained().unwrap();
    assert_eq!(stage.behind.delivered(1).unwrap().len(), 1);
    let rcpt = "Rcpt: <ann@harbour.example>\r\n";
    let first = |said: String| said.lines().next().unwrap_or_default().to_owned();
    assert!(timed("HTTP, 100 MB", &mut || first(stage.ask(rcpt, &fits))).contains(" 200 "));
    let said = timed("HTTP, 110 MB", &mut || first(stage.ask(rcpt, &too_large)));
    assert!(said.is_empty() || said.contains(" 413 "), "{said}");
    assert!(stage.server.peak_memory() < 2_500, "{} MiB", stage.server.peak_memory());
    stage.serves();
    assert!(stage.server.end());
}

#[test]
fn ten_thousand_recipients_are_held_once_each() {
    if servers::without() {
        return;
    }
    let stage = Stage::new();
    let addresses: Vec<String> = (0..10_000).map(|at| format!("person{at}@harbour.example")).collect();
    let recipients: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let numbered = |way: &str| [format!("X-Way: {way}\r\n").as_bytes(), &stage.harmful].concat();
    let timed = |what: &str, done: &mut dyn FnMut() -> String| {
        let begin = Instant::now();
        let said = done();
        println!("{what}: {:.1?}", begin.elapsed());
        assert!(begin.elapsed() < Duration::from_secs(100), "{what}: {:?}", begin.elapsed());
        said
    };
    let said =
        timed("milter", &mut || send(stage.before.smtp(), &recipients, &numbered("milter")).to_string());
    assert!(said.starts_with("250"), "{said}");
    let said = timed("SMTP", &mut || send(stage.smtp, &recipients, &numbered("smtp")).to_string());
    assert!(said.starts_with("250"), "{said}");
    // As Postfix hands a message on: in pieces of 50.
    timed("SMTP in pieces", &mut || {
        let mut client = Client::connect(stage.smtp).unwrap();
        client.hello("client.example").unwrap();
        for piece in recipients.chunks(50).take(20) {
            assert_eq!(client.send("a@c.example", piece, &numbered("pieces")).unwrap().code, 250);
        }
        String::new()
    });
    let fields: String = recipients.iter().map(|to| format!("Rcpt: <{to}>\r\n")).collect();
    let said = timed("HTTP", &mut || stage.ask(&fields, &numbered("http")));
    assert!(said.contains(" 200 ") && said.contains("discard"), "{}", said.get(..500).unwrap_or(&said));
    let url = format!("sqlite:{}", stage.server.data().join("history.db").display());
    assert_eq!(held_rows(&url).len(), 3 + 20);
    assert_eq!(held_for(&url), 3 * 10_000 + 20 * 50);
    stage.before.drained().unwrap();
    stage.behind.drained().unwrap();
    assert!(
        stage.before.mailbox().files().unwrap().is_empty()
            && stage.behind.mailbox().files().unwrap().is_empty()
    );
    assert!(stage.server.end());
}

/// For how many recipients messages are held.
fn held_for(url: &str) -> usize {
    use sqlx::Row as _;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = sqlx::SqlitePool::connect(url).await.unwrap();
        let row = sqlx::query("SELECT count(*) AS n FROM held_for").fetch_one(&pool).await.unwrap();
        usize::try_from(row.get::<i64, _>("n")).unwrap()
    })
}

#[test]
fn too_many_connections_wait_or_are_told_to_come_again() {
    if servers::without() {
        return;
    }
    let stage = Stage::new();
    let greeting = |stream: &mut TcpStream| {
        let mut said = [0; 4];
        stream.read_exact(&mut said).unwrap();
        String::from_utf8_lossy(&said).into_owned()
    };
    let mut many: Vec<TcpStream> = (0..500).map(|_| begun(stage.smtp, b"")).collect();
    assert!(many.iter_mut().all(|stream| greeting(stream) == "220 "));
    assert_eq!(greeting(&mut begun(stage.smtp, b"")), "421 ", "one too many");
    let milter_to = SocketAddr::from(([127, 0, 0, 1], stage.server.milter_port));
    let milters: Vec<TcpStream> = (0..500).map(|_| begun(milter_to, b"")).collect();
    let sender = std::thread::scope(|scope| {
        // Postfix waits for its place.
        let sender = scope.spawn(|| send(stage.before.smtp(), &[TO], CLEAN));
        while !stage.before.log().unwrap().contains("connect from") {
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(milters);
        sender.join().unwrap()
    });
    assert_eq!(sender.code, 250, "{sender}");
    drop(many.pop());
    drop(many);
    stage.serves();
    assert!(stage.server.end());
}
