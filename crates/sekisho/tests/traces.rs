//! Traces reach a collector: a real HTTP receiver sees the spans of a message that is judged and held, and no address.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up fails")]

mod live;

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::Duration,
};

use live::Server;
use serde_json::Value;

const RULE: &str =
    "name: Held\ntype: rule\nseverity: critical\nsource: strings.icontains(subject.subject, 'hold me')\n";
const MAIL: &str = "From: Eve <eve@client.example>\r\nTo: ann@harbour.example\r\nMessage-ID: <1@client.example>\r\n\
    Subject: hold me\r\n\r\nhello\r\n";

/// A collector that hands on the bodies of what it is sent to `/v1/traces`.
fn collector() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (got, bodies) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let got = got.clone();
            std::thread::spawn(move || take(stream.unwrap(), &got));
        }
    });
    (port, bodies)
}

fn take(mut stream: TcpStream, got: &mpsc::Sender<String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut head, mut line) = (String::new(), String::new());
        while lines.read_line(&mut line).unwrap_or(0) > 2 {
            head += &line.to_ascii_lowercase();
            line.clear();
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let Some(length) = length.and_then(|length| length.trim().parse::<usize>().ok()) else { return };
        let mut body = vec![0; length];
        lines.read_exact(&mut body).unwrap();
        assert!(head.starts_with("post /v1/traces ") && head.contains("application/json"), "{head}");
        got.send(String::from_utf8(body).unwrap()).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
    }
}

#[test]
fn a_message_is_a_trace_and_no_address_is_in_it() {
    let (port, bodies) = collector();
    let text = format!(
        "[organisation]\ndomains = ['harbour.example']\n[authentication]\nzone = 'zone.txt'\n[rules]\nbuiltin = false\n\
         folders = ['held.yml']\n[telemetry]\notlp = 'http://127.0.0.1:{port}'\n"
    );
    let server = Server::start(&text, &[("zone.txt", ""), ("held.yml", RULE)]);
    let config = std::fs::read_to_string(server.config()).unwrap();
    std::fs::write(server.config(), config.replace("[http]\n", "[http]\nholds = true\n")).unwrap();
    server.signal("-HUP");
    server.logged("configuration and rules are read again");
    let mut stream = TcpStream::connect(("127.0.0.1", server.http_port)).unwrap();
    let head = "POST /checkv2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nMilter: Yes\r\nFrom: eve@client.example\r\n\
        Rcpt: ann@harbour.example\r\nIP: 192.0.2.7\r\nHelo: client.example";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{MAIL}", MAIL.len()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.contains("\"reject\":\"discard\""), "it is held: {reply}");

    let mut spans: BTreeMap<String, Value> = BTreeMap::new();
    while !spans.contains_key("message") {
        let body = bodies.recv_timeout(Duration::from_secs(60)).unwrap();
        for word in ["@", "client.example", "harbour", "hold me", "192.0.2.7"] {
            assert!(!body.contains(word), "{word} is in {body}");
        }
        let told: Value = serde_json::from_str(&body).unwrap();
        let sent = &told["resourceSpans"][0];
        assert_eq!(sent["resource"]["attributes"][0]["value"]["stringValue"], "sekisho");
        for span in sent["scopeSpans"][0]["spans"].as_array().unwrap() {
            spans.insert(span["name"].as_str().unwrap().to_owned(), span.clone());
        }
    }
    let names: Vec<&str> = spans.keys().map(String::as_str).collect();
    assert_eq!(names, ["ask", "hold", "message", "recall", "worker"]);
    let trace = &spans["message"]["traceId"];
    assert!(server.log().contains(trace.as_str().unwrap()), "the log names it: {}", server.log());
    assert!(spans.values().all(|span| span["traceId"] == *trace));
    for (child, parent) in
        [("worker", "message"), ("hold", "message"), ("ask", "worker"), ("recall", "worker")]
    {
        assert_eq!(spans[child]["parentSpanId"], spans[parent]["spanId"], "{child}");
    }
    let said = spans["message"]["attributes"].to_string();
    assert!(said.contains("quarantine") && said.contains("malicious-is-held"), "{said}");
    assert!(server.end());
}
