//! Configuration and rules are read again while mail goes on: by signal, API and other nodes; a broken change is refused,
//! and a worker that is started in between judges by what was loaded, not by what stands in the files.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

mod live;
#[path = "../../store/tests/server/mod.rs"]
mod server;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use live::Server;
use serde_json::Value;

const TEXT: &str = "[organisation]\ndomains = ['harbour.example']\n[authentication]\nzone = 'zone.txt'\n\
    [rules]\nbuiltin = false\nfolders = ['says.yml']\n";
const PATIENCE: Duration = Duration::from_secs(60);

/// A rule that fires on a word of the subject.
fn rule(word: &str) -> String {
    format!(
        "name: Says {word}\ntype: rule\nseverity: low\nsource: strings.icontains(subject.subject, '{word}')\n"
    )
}

fn start(more: &str) -> Server {
    Server::start(&format!("{TEXT}{more}"), &[("zone.txt", ""), ("says.yml", &rule("first"))])
}

/// A request, and the answer's status and body.
fn ask(server: &Server, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", server.http_port)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut out = String::new();
    stream.read_to_string(&mut out).unwrap();
    let (head, body) = out.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn reload(server: &Server) -> (u16, Value) {
    let (status, body) = ask(server, "POST /api/v1/reload HTTP/1.1", "");
    (status, serde_json::from_str(&body).unwrap())
}

/// Whether the rule fires on its word: rules are told apart by the word that they look for.
fn fires(server: &Server, word: &str) -> bool {
    let mail =
        format!("From: a@c.example\r\nTo: ann@harbour.example\r\nSubject: it says {word}\r\n\r\nhello\r\n");
    let (status, body) = ask(server, "POST /api/v1/scan HTTP/1.1\r\nContent-Type: message/rfc822", &mail);
    assert_eq!(status, 200, "{body}");
    let scanned: Value = serde_json::from_str(&body).unwrap();
    assert!(scanned["gaps"].as_array().unwrap().iter().all(|gap| gap["facet"] != "engine"), "{body}");
    scanned["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == "says")
}

fn write_rule(server: &Server, text: &str) {
    std::fs::write(server.folder.path().join("says.yml"), text).unwrap();
}

fn set(server: &Server, from: &str, to: &str) {
    let text = std::fs::read_to_string(server.config()).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(server.config(), text.replace(from, to)).unwrap();
}

/// Kills the workers of a server; how many there were.
fn kill_workers(server: &Server) -> usize {
    let folder = server.folder.path().to_str().unwrap().to_owned();
    let mut count = 0;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        let mut words = line.split('\0');
        if words.nth(1) == Some("worker") && line.contains(&folder) {
            let pid: i32 = entry.file_name().to_str().unwrap().parse().unwrap();
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            // One that still dies would be given a message.
            let state = || std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            wait(
                "it is dead",
                || !matches!(state().rsplit(") ").next(), Some(s) if !s.is_empty() && !s.starts_with('Z')),
            );
            count += 1;
        }
    }
    count
}

fn sekisho(server: &Server, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    let command = command.env("LC_ALL", "C").args(arguments).arg("--config").arg(server.config());
    command.arg("--data").arg(server.data()).output().unwrap()
}

/// The audit about configurations, the oldest first: what, who, and the generation.
fn audit(server: &Server) -> String {
    let output = sekisho(server, &["audit", "--json", "--on", "configuration"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| {
            let entry: Value = serde_json::from_str(line).unwrap();
            let changed = if entry["before"]["rules"] == entry["after"]["rules"] { "same" } else { "other" };
            let word = |value: &Value| value.as_str().unwrap().to_owned();
            format!(
                "{} by {}, {changed} rules, {}",
                word(&entry["what"]),
                word(&entry["who"]),
                entry["after"]["generation"]
            )
        })
        .collect();
    lines.reverse();
    lines.join("\n")
}

fn wait(what: &str, mut until: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !until() {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
    started.elapsed()
}

#[test]
fn what_is_loaded_counts_until_what_is_right_is_read() {
    let server = start("");
    assert!(fires(&server, "first"));
    assert_eq!(ask(&server, "GET /healthz HTTP/1.1", "").0, 200);
    wait("ready", || ask(&server, "GET /readyz HTTP/1.1", "").0 == 200);

    // A rule in the middle of being changed, and workers that fail at that moment.
    write_rule(&server, "name: Broken\ntype: rule\nsource: strings.(\n");
    assert!(kill_workers(&server) > 0);
    assert!(fires(&server, "first"), "a worker that is started now judges by what was loaded");
    let (status, refused) = reload(&server);
    let why = refused["refused"].as_str().unwrap();
    let file = server.folder.path().join("says.yml");
    assert!(
        status == 422 && why.contains(file.to_str().unwrap()),
        "it names the administrator's file: {why}"
    );
    assert_eq!(refused["rules"], refused["rules_before"]);
    assert!(fires(&server, "first"), "the old stays");

    write_rule(&server, &rule("second"));
    assert!(fires(&server, "first") && !fires(&server, "second"), "nobody has asked for it yet");
    let (status, done) = reload(&server);
    assert_eq!((status, &done["refused"], &done["generation"]), (200, &Value::Null, &1.into()), "{done}");
    assert_ne!(done["rules"], done["rules_before"]);
    assert_eq!(done["configuration"], done["configuration_before"]);
    assert!(fires(&server, "second") && !fires(&server, "first"));
    assert!(kill_workers(&server) > 0);
    assert!(fires(&server, "second"));

    write_rule(&server, &rule("third"));
    server.signal("-HUP");
    wait("the signal is heard", || fires(&server, "third"));
    let entries = || audit(&server);
    wait("three entries", || entries().lines().count() == 3);
    insta::assert_snapshot!(entries(), @r"
    reload_refused by this machine, same rules, 0
    reload by this machine, other rules, 1
    reload by signal, other rules, 2
    ");
    let metrics = server.get("/metrics");
    assert!(metrics.contains("sekisho_reloads_total{outcome=\"accepted\"} 2"), "{metrics}");
    assert!(metrics.contains("sekisho_reloads_total{outcome=\"refused\"} 1"), "{metrics}");
    assert!(metrics.contains("generation=\"2\"} 1"), "{metrics}");
    let known = include_str!("../../../docs/metrics.md");
    for line in metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(known.contains(&format!("| `{name}` |")), "docs/metrics.md does not know {name}");
    }
    let loaded = std::fs::read_dir(server.data().join("loaded")).unwrap().count();
    assert_eq!(loaded, 1, "copies go when nobody judges by them");
    assert!(server.end());
}

#[test]
fn what_can_change_does_and_what_cannot_is_told() {
    let server = start("[serve]\nworkers = 1\n");
    let places = |metrics: &str, count: usize| metrics.contains(&format!("\nsekisho_places {count}\n"));
    wait("one place", || places(&server.get("/metrics"), 1));
    let hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    set(&server, "workers = 1", "workers = 3\nlog = 'json'");
    set(&server, "[http]\n", &format!("[http]\ntokens = [{{ name = 'ops', sha256 = '{hash}' }}]\n"));
    set(&server, "[milter]\n", "[release]\nnext = '127.0.0.1:1'\n[milter]\n");
    let (status, done) = reload(&server);
    assert_eq!((status, &done["restart"]), (200, &serde_json::json!(["[serve] log"])), "{done}");
    assert_eq!(ask(&server, "POST /api/v1/reload HTTP/1.1", "").0, 401, "a token is asked for now");
    let with = "POST /api/v1/reload HTTP/1.1\r\nAuthorization: Bearer secret";
    assert_eq!(ask(&server, with, "").0, 200);
    let metrics = || ask(&server, "GET /metrics HTTP/1.1\r\nAuthorization: Bearer secret", "").1;
    wait("three places", || places(&metrics(), 3));
    assert!(audit(&server).ends_with("reload by ops, same rules, 2"), "{}", audit(&server));
    // What the outbox would refuse is refused here.
    set(&server, "next = '127.0.0.1:1'", "next = 'nowhere'");
    let (status, body) = ask(&server, with, "");
    assert!(status == 422 && body.contains("[release]"), "{body}");
    assert!(server.end());
}

#[test]
fn every_node_of_a_database_follows() {
    if server::without() {
        return;
    }
    let mut database = server::Server::start();
    let shared = tempfile::tempdir().unwrap();
    let at = |name: &str| shared.path().join(name).to_str().unwrap().to_owned();
    let more = format!(
        "[store]\nurl = '{}'\nobjects = '{}'\nkey = '{}'\n",
        database.url("postgres"),
        at("objects"),
        at("key")
    );
    let (a, b) = (start(&more), start(&more));
    for node in [&a, &b] {
        wait("ready", || ask(node, "GET /readyz HTTP/1.1", "").0 == 200);
        write_rule(node, &rule("second"));
    }
    // How soon the other node follows: `watch_store.rs` tests what that depends on. Here: it does, and not before.
    assert!(fires(&b, "first") && !fires(&b, "second"), "nobody has asked for it yet");
    assert!(!b.log().contains("generation=1"));
    let (status, done) = reload(&a);
    assert_eq!((status, &done["generation"]), (200, &1.into()), "{done}");
    let took = wait("the other node follows", || fires(&b, "second"));
    eprintln!("the other node judged by its new rules after {} ms", took.as_millis());
    b.logged("generation=1");

    // One node's files are broken: it keeps the old, the other one changes.
    write_rule(&a, &rule("third"));
    write_rule(&b, "name: Broken\ntype: rule\nsource: strings.(\n");
    let output = sekisho(&a, &["reload", "--as", "aiko"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the new configuration and rules count") && said.contains("refused, the old ones stay"),
        "{said}"
    );
    assert!(fires(&a, "third") && fires(&b, "second"));
    let all = audit(&a);
    assert_eq!(all.lines().count(), 4, "{all}");
    assert!(all.lines().filter(|line| line.starts_with("reload_refused")).count() == 1, "{all}");

    // Ready is who has its store.
    database.down(false);
    wait("not ready", || {
        ask(&a, "GET /readyz HTTP/1.1", "") == (503, "not ready: the store does not answer\n".into())
    });
    assert_eq!(ask(&a, "GET /healthz HTTP/1.1", "").0, 200);
    assert!(fires(&a, "third"), "messages are judged meanwhile");
    database.up();
    wait("ready again", || ask(&a, "GET /readyz HTTP/1.1", "").0 == 200);
    assert!(a.get("/metrics").contains("sekisho_store_errors_total{kind=\"gone\"}"));
}

#[test]
fn an_opinion_reaches_the_record_of_the_message() {
    let server = start("");
    set(&server, "[http]\n", "[http]\nholds = true\n");
    assert_eq!(reload(&server).0, 200);
    let mail = |id: &str| {
        format!(
            "From: Ann <a@c.example>\r\nTo: ann@harbour.example\r\nMessage-ID: <{id}@c.example>\r\nSubject: first\r\n\r\nhello\r\n"
        )
    };
    let learn = |path: &str, id: &str| {
        let (status, body) = ask(&server, &format!("POST {path} HTTP/1.1"), &mail(id));
        format!("{status} {body}")
    };
    let from = "POST /checkv2 HTTP/1.1\r\nMilter: Yes\r\nFrom: a@c.example\r\nRcpt: ann@harbour.example";
    assert_eq!(ask(&server, from, &mail("known")).0, 200);
    wait("it is learnt", || learn("/learnspam", "known").starts_with("200"));
    let out = [
        learn("/learnspam", "known"),
        learn("/learnham", "known"),
        learn("/learnham", "known"),
        learn("/learnspam", "never"),
    ];
    insta::assert_snapshot!(out.join("\n"), @r#"
    208 {"error":"the message has been already learned as spam, ignore it"}
    200 {"success":true}
    208 {"error":"the message has been already learned as ham, ignore it"}
    422 {"error":"no such message was judged here, or it is forgotten"}
    "#);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let said: Vec<i64> = runtime.block_on(async {
        let url = format!("sqlite:{}", server.data().join("history.db").display());
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::query_scalar("SELECT opinion FROM opinion ORDER BY rowid").fetch_all(&pool).await.unwrap()
    });
    let of = |opinion: sekisho_record::history::Opinion| opinion.number();
    use sekisho_record::history::Opinion::{Benign, Spam};
    assert_eq!(said, [of(Spam), of(Benign)]);
}

/// What a test may assume of the copies: they are below the data folder.
#[test]
fn copies_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = start("");
    let mut folders = vec![server.data().join("loaded")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o077;
        assert_eq!(mode(&folder), 0, "{}", folder.display());
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                assert_eq!(mode(&entry.path()), 0);
                files += 1;
            }
        }
    }
    assert_eq!(files, 2, "the configuration for workers, and a rule");
}
