//! How bytes come and go: connections, codings, limits, and clients that do not behave.

use std::time::Duration;

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use sekisho_intake::http::{Hooks, Settings, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::door::{Door, Keeper, PATIENCE, crlf, hooks, rest, shown};

const MAIL: &str = "Subject: Hello\r\n\r\nbody\r\n";

fn post(fields: &str, body: &str) -> String {
    format!("POST /checkv2 HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n{body}", crlf(fields), body.len())
}

async fn with(change: impl FnOnce(&mut Settings)) -> Door {
    let mut settings = Settings::default();
    change(&mut settings);
    Door::with(settings, hooks()).await
}

/// The first line of the reply.
fn status(reply: &[u8]) -> String {
    shown(reply).lines().next().unwrap_or_default().to_owned()
}

async fn answered(stream: &mut TcpStream) -> String {
    let mut out = Vec::new();
    while !out.ends_with(b"}") {
        let mut some = [0; 4096];
        let count = tokio::time::timeout(PATIENCE, stream.read(&mut some)).await.unwrap().unwrap();
        assert!(count > 0, "{}", shown(&out));
        out.extend_from_slice(&some[..count]);
    }
    status(&out)
}

#[tokio::test]
async fn a_connection_is_kept_for_http_1_1_and_ended_for_1_0() {
    let door = Door::open().await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(post("", MAIL).as_bytes()).await.unwrap();
        assert_eq!(answered(&mut stream).await, "HTTP/1.1 200 OK");
    }
    let old = post("", MAIL).replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(status(&door.bytes(old.as_bytes()).await), "HTTP/1.0 200 OK");
}

#[tokio::test]
async fn haraka_sends_chunks() {
    let door = Door::open().await;
    let head = "POST /checkv2 HTTP/1.1\nIP: 192.0.2.1\nHelo: host.b.c\nHostname: host.b.c\nFrom: a@b.c\nRcpt: d@e.f\nRcpt: g@h.i\n\
        Queue-Id: 0F2C4A7E-1.1\nUser: me\nHost: localhost:11333\nConnection: close\nTransfer-Encoding: chunked\n\n";
    let body = "10\r\nSubject: Hello\r\n\r\n8\r\n\r\nbody\r\n\r\n0\r\n\r\n";
    assert_eq!(status(&door.bytes(format!("{}{body}", crlf(head)).as_bytes()).await), "HTTP/1.1 200 OK");
    let want = "rspamd inquiry 24 bytes, 0F2C4A7E-1.1: <a@b.c> to <d@e.f> <g@h.i> helo host.b.c ip 192.0.2.1 login me";
    assert_eq!(door.keeper.seen(), want);
}

#[tokio::test]
async fn rspamc_4_compresses_both_ways() {
    let door = Door::open().await;
    let mail = format!("Decide: banner\r\nBanner: Look twice\r\n{MAIL}");
    let packed = compress_to_vec(mail.as_bytes(), CompressionLevel::Fastest);
    let head = format!(
        "POST /checkv2 HTTP/1.0\nContent-Length: {}\nFilename: x.eml\nUser-Agent: rspamc\nFlags: body_block\n\
        Accept: application/msgpack\nCompression: zstd\nContent-Encoding: zstd\nConnection: close\n\n",
        packed.len()
    );
    let reply = door.bytes(&[crlf(&head).as_bytes(), &packed].concat()).await;
    let end = memchr::memmem::find(&reply, b"\r\n\r\n").unwrap() + 4;
    let (head, body) = reply.split_at(end);
    let head = String::from_utf8_lossy(head);
    assert!(
        head.contains("\r\nCompression: zstd\r\n") && head.contains("\r\nContent-Encoding: zstd\r\n"),
        "{head}"
    );
    let mut text = String::new();
    std::io::Read::read_to_string(&mut StreamingDecoder::new(body).unwrap(), &mut text).unwrap();
    let offset = head.lines().find_map(|line| line.strip_prefix("Message-Offset: ")).unwrap();
    let (json, message) = text.split_at(offset.parse().unwrap());
    assert!(json.contains(r#""action":"add header""#), "{json}");
    assert!(message.ends_with("\r\n\r\nLook twice\r\nbody\r\n"), "{message}");
    assert!(door.keeper.seen().starts_with(&format!("rspamd inquiry {} bytes", mail.len())));
}

#[tokio::test]
async fn an_empty_message_is_a_message() {
    let door = Door::open().await;
    for request in [
        "GET /checkv2 HTTP/1.0\r\n\r\n",
        "POST /checkv2 HTTP/1.0\r\nCompression: zstd\r\nContent-Length: 0\r\n\r\n",
    ] {
        assert_eq!(status(&door.bytes(request.as_bytes()).await), "HTTP/1.0 200 OK");
        assert_eq!(door.keeper.seen(), "rspamd inquiry 0 bytes, -: no envelope");
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused() {
    let door = with(|settings| settings.body_bytes_max = 1_000).await;
    let long = "x".repeat(1_001);
    assert_eq!(status(&door.bytes(post("", &long).as_bytes()).await), "HTTP/1.1 413 the message is too long");
    let chunked =
        format!("POST /check HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{long}\r\n0\r\n\r\n");
    assert_eq!(status(&door.bytes(chunked.as_bytes()).await), "HTTP/1.1 413 the message is too long");
    let bomb = compress_to_vec(&vec![0; 10 << 20][..], CompressionLevel::Fastest);
    assert!(bomb.len() < 1_000);
    let head =
        format!("POST /checkv2 HTTP/1.0\r\nCompression: zstd\r\nContent-Length: {}\r\n\r\n", bomb.len());
    let reply = door.bytes(&[head.as_bytes(), &bomb].concat()).await;
    assert_eq!(status(&reply), "HTTP/1.0 413 the message is too long");
    let lines = door.bytes(b"CHECK SPAMC/1.5\r\nContent-length: 1001\r\n\r\n").await;
    assert_eq!(status(&lines), "SPAMD/1.1 65 EX_DATAERR");
    let api = door
        .bytes(format!("POST /api/v1/scan HTTP/1.0\r\nContent-Length: 1001\r\n\r\n{long}").as_bytes())
        .await;
    assert!(shown(&api).contains(r#""code":"too_long""#), "{}", shown(&api));
    assert_eq!(door.keeper.seen(), "");
    let fits = format!(
        "{}Connection: close\r\n\r\n{}",
        "POST /checkv2 HTTP/1.0\r\nContent-Length: 1000\r\n",
        &long[1..]
    );
    assert_eq!(status(&door.bytes(fits.as_bytes()).await), "HTTP/1.0 200 OK");
}

#[tokio::test]
async fn headers_have_limits() {
    let door = Door::open().await;
    let many = post(&"Rcpt: someone@tests.example\n".repeat(10_000), MAIL).replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(status(&door.bytes(many.as_bytes()).await), "HTTP/1.0 200 OK");
    for fields in ["A: b\n".repeat(11_000), format!("A: {}\n", "b".repeat(1_100_000))] {
        let request = post(&fields, MAIL);
        assert_eq!(
            status(&door.bytes(request.as_bytes()).await),
            "HTTP/1.1 431 Request Header Fields Too Large"
        );
    }
    let lines = format!("CHECK SPAMC/1.5\r\n{}", "A: b\r\n".repeat(11_000));
    assert_eq!(status(&door.bytes(lines.as_bytes()).await), "SPAMD/1.1 65 EX_DATAERR");
}

#[tokio::test]
async fn nonsense_is_refused() {
    let door = Door::open().await;
    for request in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
    {
        assert_eq!(status(&door.bytes(request).await), "HTTP/1.1 400 Bad Request");
    }
}

#[tokio::test]
async fn slow_clients_are_not_waited_for() {
    let door = with(|settings| settings.header_ms_max = 100).await;
    for part in ["", "PO", "POST /checkv2 HTTP/1.1\r\nA:"] {
        assert_eq!(shown(&door.bytes(part.as_bytes()).await), "", "{part}");
    }
    assert_eq!(status(&door.bytes(b"CHECK SPAMC/1.5\r\nA:").await), "SPAMD/1.1 75 EX_TEMPFAIL");
    let part = "POST /checkv2 HTTP/1.0\r\nContent-Length: 100\r\n\r\nhalf";
    for change in [
        |settings: &mut Settings| settings.idle_ms_max = 100,
        |settings: &mut Settings| settings.body_ms_max = 100,
    ] {
        let door = with(change).await;
        let reply = door.bytes(part.as_bytes()).await;
        assert_eq!(status(&reply), "HTTP/1.0 408 the message did not come in time");
        let reply = door.bytes(b"CHECK SPAMC/1.5\r\nContent-length: 100\r\n\r\nhalf").await;
        assert_eq!(status(&reply), "SPAMD/1.1 75 EX_TEMPFAIL");
        assert_eq!(door.keeper.seen(), "");
    }
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off() {
    let door = with(|settings| (settings.idle_ms_max, settings.connections_max) = (300, 1)).await;
    let mail = format!("Decide: banner\r\nBanner: x\r\n\r\n{}", "x".repeat(40 << 20));
    let mut stuck = TcpStream::connect(door.address).await.unwrap();
    stuck.write_all(post("Flags: body_block\n", &mail).as_bytes()).await.unwrap();
    // There is one place, and it is free when the first client is gone.
    assert_eq!(status(&door.bytes(post("Connection: close\n", MAIL).as_bytes()).await), "HTTP/1.1 200 OK");
    let mut got = Vec::new();
    let _ = stuck.read_to_end(&mut got).await;
    assert!(got.len() < mail.len(), "{} of {}", got.len(), mail.len());
}

#[tokio::test]
async fn messages_together_have_a_limit() {
    let door = with(|settings| settings.bodies_bytes_max = 10 << 10).await;
    let mut first = TcpStream::connect(door.address).await.unwrap();
    first.write_all(post("", &format!("Wait: 1\r\n\r\n{}", "x".repeat(8_000))).as_bytes()).await.unwrap();
    door.keeper.began.notified().await;
    let second = post("", &"x".repeat(4_000)).replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(
        status(&door.bytes(second.as_bytes()).await),
        "HTTP/1.0 503 too many messages at a time, try again later"
    );
    drop(first);
    door.keeper.given_up.notified().await;
    // The first is given back as soon as its connection is gone, which is just now.
    let mut reply = String::new();
    for _ in 0..1_000 {
        reply = status(&door.bytes(second.as_bytes()).await);
        if reply.contains("200") {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(reply, "HTTP/1.0 200 OK");
}

#[tokio::test]
async fn an_inquiry_ends_with_its_client_and_an_arrival_does_not() {
    for (fields, ends) in [("", true), ("Milter: 1\n", false)] {
        let door = with(|settings| settings.holds = true).await;
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        stream.write_all(post(fields, "Wait: 1\r\n\r\n").as_bytes()).await.unwrap();
        door.keeper.began.notified().await;
        drop(stream);
        let given_up = tokio::time::timeout(
            if ends { PATIENCE } else { Duration::from_millis(300) },
            door.keeper.given_up.notified(),
        );
        assert_eq!(given_up.await.is_ok(), ends, "{fields}");
    }
}

#[tokio::test]
async fn a_server_that_stops_answers_what_was_asked() {
    let door = Door::open().await;
    let mut idle = TcpStream::connect(door.address).await.unwrap();
    idle.write_all(post("", MAIL).as_bytes()).await.unwrap();
    assert_eq!(answered(&mut idle).await, "HTTP/1.1 200 OK");
    let mut silent = TcpStream::connect(door.address).await.unwrap();
    let mut half = TcpStream::connect(door.address).await.unwrap();
    let request = post("", MAIL);
    let (first, second) = request.split_at(request.len() - 3);
    half.write_all(first.as_bytes()).await.unwrap();
    // One request more: the connections before it were accepted.
    door.text("GET /ping HTTP/1.0\n\n").await;
    let address = door.address;
    let closed = tokio::spawn(door.close());
    assert_eq!(rest(&mut idle).await, b"");
    assert_eq!(rest(&mut silent).await, b"");
    half.write_all(second.as_bytes()).await.unwrap();
    assert_eq!(status(&rest(&mut half).await), "HTTP/1.1 200 OK");
    closed.await.unwrap();
    TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn a_unix_socket_is_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let keeper = std::sync::Arc::new(Keeper::default());
    let served =
        tokio::spawn(serve(listener, keeper, Settings::default(), Hooks::default(), std::future::pending()));
    for request in ["GET /stat HTTP/1.0\r\n\r\n", "PING SPAMC/1.2\r\n\r\n"] {
        let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await.unwrap();
        assert!(
            ["HTTP/1.0 200 OK", "SPAMD/1.5 0 PONG"].contains(&status(&reply).as_str()),
            "{}",
            shown(&reply)
        );
    }
    served.abort();
}
