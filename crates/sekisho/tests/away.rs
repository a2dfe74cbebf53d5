//! A PostgreSQL server of history that is away costs a gap, and is asked as soon as it is there.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

#[path = "../../store/tests/server/mod.rs"]
mod server;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use sekisho_engine::{Desk, Nobody, world::Ask};
use sekisho_record::history::Questions;
use serde_json::Value;

const MAIL: &str = "Received: from a by mx.harbour.example; 1 Jan 2024 10:00:00 +0000\r\n\
    Date: 1 Jan 2024 09:59:58 +0000\r\nFrom: Karl Berg <karl@ferrostahl.example>\r\n\
    To: <aiko@harbour.example>\r\nSubject: Crane rails\r\nMessage-ID: <m@ferrostahl.example>\r\n\r\nhello\r\n";

fn folder(url: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("away");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("m.eml"), MAIL).unwrap();
    let config = format!("[organisation]\ndomains = ['harbour.example']\n[store]\nurl = '{url}'\n");
    std::fs::write(folder.join("sekisho.toml"), config).unwrap();
    folder
}

fn sekisho(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.current_dir(folder).args(arguments).args(["--config", "sekisho.toml", "m.eml"]).output().unwrap()
}

fn gap(output: &Output) -> Option<String> {
    let told = String::from_utf8_lossy(&output.stderr);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
    let gaps = verdict["gaps"].as_array().unwrap();
    let gap = gaps.iter().find(|gap| gap["facet"] == "history")?;
    Some(gap["reason"].as_str().unwrap().to_owned())
}

#[test]
fn a_server_that_is_away_is_a_gap_and_is_asked_when_it_is_back() {
    if server::without() {
        return;
    }
    let mut server = server::Server::start();
    let url = server.url("postgres");
    let folder = folder(&url);
    assert_eq!(gap(&sekisho(&folder, &["scan", "--json"])), None, "it is there");
    server.down(false);
    for command in [&["scan", "--json"][..], &["evidence"]] {
        let output = sekisho(&folder, command);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(gap(&output).as_deref(), Some("failed"), "{command:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("history cannot be asked now") && !told.contains("postgres://"), "{told}");
    }
    let explained = sekisho(&folder, &["explain", "--lang", "en"]);
    assert_eq!(explained.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&explained.stdout).contains("not known"));
    // Who learns needs it.
    for command in [&["replay", "--data", "data"][..], &["scan", "--learn", "--data", "data"]] {
        let output = sekisho(&folder, command);
        assert_eq!(output.status.code(), Some(3), "{command:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be reached"));
    }
    comes_back(&mut server, &url);
    assert_eq!(gap(&sekisho(&folder, &["scan", "--json"])), None, "it is back");
    // A wrong name is a mistake and no gap.
    std::fs::write(folder.join("sekisho.toml"), format!("[store]\nurl = '{}'\n", server.url("nothing")))
        .unwrap();
    assert_eq!(sekisho(&folder, &["scan", "--json"]).status.code(), Some(3));
}

/// A desk that was opened while the server was away answers once it is there.
fn comes_back(server: &mut server::Server, url: &str) {
    let desk = Desk::new(Box::new(Nobody), Duration::ZERO);
    let (desk, away) = desk.remembering_later(url).unwrap();
    assert!(away.is_some());
    let ask = Ask { history: Some(Questions::default()), ..Ask::default() };
    let asked = || desk.answer_blocking(&ask, &mut Duration::from_secs(1)).history.unwrap();
    let begin = Instant::now();
    assert!(asked().is_err() && begin.elapsed() < Duration::from_millis(100), "nobody waits for it");
    server.up();
    let begin = Instant::now();
    while asked().is_err() {
        assert!(begin.elapsed() < Duration::from_secs(20), "it is not asked");
        std::thread::sleep(Duration::from_millis(100));
    }
}
