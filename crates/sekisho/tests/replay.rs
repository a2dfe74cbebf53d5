//! An archive is fed in the order of arrival, learnt once however often, and changes what is seen in later mail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot run fails")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const CONFIG: &str = "[organisation]\ndomains = ['harbour.example']\n";

/// An empty folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("replay-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("sekisho.toml"), CONFIG).unwrap();
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.current_dir(folder).args(arguments).args(["--data", "data", "--config", "sekisho.toml"]);
    command
}

fn sekisho(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The paths of the judged messages in the order of the output.
fn paths(output: &Output) -> Vec<String> {
    let path = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["path"].as_str().unwrap().to_owned()
    };
    text(&output.stdout).lines().map(path).collect()
}

/// A message of a conversation: the `number`th, on that day of January 2024.
fn mail(number: u32, day: u32) -> String {
    let (from, to) = match number % 2 {
        0 => ("Karl Berg <karl@ferrostahl.example>", "aiko@harbour.example"),
        _ => ("Aiko Tanaka <aiko@harbour.example>", "karl@ferrostahl.example"),
    };
    let parent = match number {
        0 => String::new(),
        n => format!("In-Reply-To: <m{}@ferrostahl.example>\r\n", n - 1),
    };
    format!(
        "Received: from a by mx.harbour.example; {day} Jan 2024 10:00:00 +0000\r\n\
         Date: {day} Jan 2024 09:59:58 +0000\r\nFrom: {from}\r\nTo: <{to}>\r\n\
         Subject: {}Delivery of the crane rails\r\nMessage-ID: <m{number}@ferrostahl.example>\r\n{parent}\r\n\
         The crane rails for berth {number} leave the mill on Thursday, as agreed with the harbour master.\r\n",
        if number == 0 { "" } else { "Re: " },
    )
}

/// Six messages: the even ones in an mbox, the odd ones in a Maildir, both from the last to the first.
fn archive(folder: &Path) {
    let cur = folder.join("archive/maildir/cur");
    std::fs::create_dir_all(&cur).unwrap();
    let mut mbox = String::new();
    for number in (0..6).rev() {
        let mail = mail(number, number + 1);
        if number % 2 == 0 {
            mbox.push_str(&format!("From x Mon Jan  1 00:00:00 2024\n{}\n", mail.replace("\r\n", "\n")));
        } else {
            std::fs::write(cur.join(format!("{}.M1P1.host:2,S", 9 - number)), mail).unwrap();
        }
    }
    std::fs::write(folder.join("archive/old.mbox"), mbox).unwrap();
}

const REPLAY: [&str; 3] = ["replay", "--json", "archive"];

#[test]
fn an_archive_is_fed_in_the_order_of_arrival_and_learnt_once() {
    let folder = folder("order");
    archive(&folder);
    let first = sekisho(&folder, &REPLAY);
    let ends =
        ["old.mbox#3", "8.M1P1.host:2,S", "old.mbox#2", "6.M1P1.host:2,S", "old.mbox#1", "4.M1P1.host:2,S"];
    let found = paths(&first);
    assert!(found.len() == 6 && found.iter().zip(ends).all(|(path, end)| path.ends_with(end)), "{found:?}");
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    // The second run skips all, also when the messages stand in other files.
    std::fs::write(folder.join("archive/copy.eml"), mail(3, 4)).unwrap();
    let second = sekisho(&folder, &REPLAY);
    assert!(paths(&second).is_empty());
    assert!(text(&second.stderr).contains("6 of 6 messages were learnt before"), "{}", text(&second.stderr));
    assert!(text(&second.stderr).contains("1 messages are copies"), "{}", text(&second.stderr));
}

#[test]
fn the_order_of_the_arguments_can_be_kept_and_standard_input_is_refused() {
    // Names, dates and arguments are in three different orders; each run begins with an empty history.
    for (name, order, want) in [
        ("in-order", &["--in-order"][..], ["b.eml", "c.eml", "a.eml"]),
        ("by-date", &[], ["c.eml", "a.eml", "b.eml"]),
    ] {
        let folder = folder(name);
        for (file, number) in [("c.eml", 0), ("a.eml", 1), ("b.eml", 2)] {
            std::fs::write(folder.join(file), mail(number, number + 1)).unwrap();
        }
        let arguments =
            ["replay", "--json", "--batch", "3"].iter().chain(order).chain(&["b.eml", "c.eml", "a.eml"]);
        let output = sekisho(&folder, &arguments.copied().collect::<Vec<_>>());
        assert_eq!(paths(&output), want, "{}", text(&output.stderr));
    }
    let folder = folder("standard-input");
    let output = sekisho(&folder, &["replay", "-"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("standard input"), "{}", text(&output.stderr));
}

#[test]
fn what_was_printed_before_a_kill_was_learnt_and_the_rest_comes_again() {
    let folder = folder("kill");
    let cur = folder.join("archive/cur");
    std::fs::create_dir_all(&cur).unwrap();
    for number in 0..60 {
        std::fs::write(cur.join(format!("{number}.a.host")), mail(number, number / 4 + 1)).unwrap();
    }
    let mut child = command(&folder, &REPLAY).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut before = Vec::new();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    before.push(lines.next().unwrap().unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    before.extend(lines.map_while(Result::ok));
    // The last line may be cut off.
    let path = |line: &String| {
        Some(serde_json::from_str::<serde_json::Value>(line).ok()?["path"].as_str()?.to_owned())
    };
    let before: Vec<String> = before.iter().filter_map(path).collect();
    let rest = paths(&sekisho(&folder, &REPLAY));
    assert!(!rest.is_empty() && rest.len() < 60, "{} of 60 came again", rest.len());
    assert!(before.iter().all(|path| !rest.contains(path)), "what was printed had not been learnt");
    assert!(paths(&sekisho(&folder, &REPLAY)).is_empty());
}

/// A reply to the conversation by somebody who sits in the supplier's mailbox, seven months later.
const HIJACKED: &str = "Received: from a by mx.harbour.example; 7 Aug 2024 10:00:00 +0000\r\n\
    Date: 7 Aug 2024 09:59:58 +0000\r\nFrom: Karl Berg <karl@ferrostahl.example>\r\n\
    To: <aiko@harbour.example>\r\nSubject: Re: Delivery of the crane rails\r\n\
    Message-ID: <h@ferrostahl.example>\r\nIn-Reply-To: <m5@ferrostahl.example>\r\n\r\n\
    Hello,\r\nplease see the attached: https://files.stranger.example/doc/1234567\r\n";

fn evidence(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_sekisho"))
        .current_dir(folder)
        .args(["evidence", "--config", "sekisho.toml", "h.eml"])
        .args(arguments)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
}

#[test]
fn a_reply_is_measured_against_its_thread_when_history_is_warm() {
    let folder = folder("hijacked");
    archive(&folder);
    std::fs::write(folder.join("h.eml"), HIJACKED).unwrap();
    let cold = evidence(&folder, &[]);
    assert_eq!(cold["correspondence"]["known"], false);
    assert!(!cold["gaps"].to_string().contains("history"), "no store, no gap: {}", cold["gaps"]);
    // A folder without history is named instead of being taken for an empty one.
    let refused = sekisho(&folder, &["scan", "h.eml"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("sekisho replay --data"), "{}", text(&refused.stderr));
    assert_eq!(sekisho(&folder, &REPLAY).status.code(), Some(0));
    let warm = evidence(&folder, &["--data", "data"]);
    assert_eq!(warm["correspondence"]["known"], true, "{}", warm["gaps"]);
    assert_eq!(warm["correspondence"]["sender"]["inbound"], 3, "{}", warm["correspondence"]);
    let thread = &warm["thread"];
    assert_eq!((&thread["found"], &thread["messages"]), (&true.into(), &6.into()), "{thread}");
    assert_eq!(thread["dormant_days"], 214.0, "{thread}");
    assert_eq!(thread["new_link_root_domains"], serde_json::json!(["stranger.example"]), "{thread}");
    let same = evidence(&folder, &["--data", "data", "--in-process"]);
    assert_eq!(warm, same, "a worker and this process see the same history");
    // Reading did not learn.
    assert_eq!(paths(&sekisho(&folder, &["replay", "--json", "h.eml"])).len(), 1);
    assert!(paths(&sekisho(&folder, &["replay", "--json", "h.eml"])).is_empty());
}
