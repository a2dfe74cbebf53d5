//! Real clients: rspamc, and rspamd's proxy as a milter between Postfix and us.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use sekisho_intake::http::{Secret, Settings};
use sekisho_testkit::servers::{Client, Postfix, Proxy, Setup, without};

use super::door::{Door, hooks};

const MAIL: &str = "From: a@tests.example\nSubject: Hello\nMessage-ID: <1@tests.example>\n\nbody\n";

/// Runs rspamc and gives what it prints, without times.
async fn rspamc(to: SocketAddr, arguments: &[&str], input: &str) -> String {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let input = input.to_owned();
    tokio::task::spawn_blocking(move || run(to, &arguments, &input)).await.unwrap()
}

fn run(to: SocketAddr, arguments: &[String], input: &str) -> String {
    let mut child = Command::new("rspamc")
        .args(["-h", &to.to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("rspamc is installed (apt-get install rspamd); SEKISHO_NO_MAIL_SERVERS=1 goes without");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let kept = |line: &&str| {
        !["Uptime", "X-Spam-Scan-Time", "scan_time", "Average scan time"]
            .iter()
            .any(|name| line.contains(name))
    };
    let lines: Vec<&str> =
        text.lines().filter(kept).map(|line| line.split(" seconds)").next().unwrap_or_default()).collect();
    lines.join("\n")
}

/// rspamc prints how long it took behind a bracket.
fn still(text: &str) -> String {
    let cut = |line: &str| match line.split_once(" (") {
        Some((start, _)) if line.starts_with("Results") => start.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn rspamc_scans() {
    if without() {
        return;
    }
    let door = Door::open().await;
    let banner = format!("Decide: banner\nTarget: shop.example\n{MAIL}");
    assert_snapshot!(still(&rspamc(door.address, &[], &banner).await), @r#"
    Results for file: stdin
    [Metric: default]
    Action: add header
    Spam: true
    Score: 8.57 / 15.00
    Symbol: SEKISHO_TEST_HAS_SUBJECT (8.57)[Hello]
    Message-ID: 1@tests.example
    Urls: ["shop.example"]
    "#);
    let options = [
        "-i",
        "192.0.2.1",
        "-F",
        "a@b.c",
        "-r",
        "d@e.f",
        "-r",
        "g@h.i",
        "--helo",
        "host",
        "-u",
        "me",
        "--header",
        "Queue-Id=4ABC",
        "-p",
    ];
    assert_snapshot!(still(&rspamc(door.address, &options, &format!("Decide: reject\n{MAIL}")).await), @r#"
    Results for file: stdin
    [Metric: default]
    Action: reject
    Spam: true
    Score: 16.67 / 15.00
    Symbol: SEKISHO_TEST_HAS_SUBJECT (16.67)[Hello]
    Message-ID: 1@tests.example
    Message - smtp_message: Refused by policy
    "#);
    assert_snapshot!(door.keeper.seen(), @r#"
    rspamd inquiry 109 bytes, -: no envelope
    rspamd inquiry 88 bytes, 4ABC: <a@b.c> to <d@e.f> <g@h.i> helo host ip 192.0.2.1 login me
    "#);
    let json = rspamc(door.address, &["--json"], &banner).await;
    assert!(
        json.contains("\"action\": \"add header\"") || json.contains("\"action\":\"add header\""),
        "{json}"
    );
    assert_snapshot!(rspamc(door.address, &["--mime"], &banner).await, @r#"
    Decide: banner
    Target: shop.example
    From: a@tests.example
    Subject: Hello
    Message-ID: <1@tests.example>
    X-Spam-Scanner: rspamc 3.4
    X-Spam: yes
    X-Spam-Action: add header
    X-Spam-Score: 8.57 / 15.00
    X-Spam-Level: *********
    X-Spam-Symbols: SEKISHO_TEST_HAS_SUBJECT

    body
    "#);
}

#[tokio::test]
async fn rspamc_gets_the_banner() {
    if without() {
        return;
    }
    let door = Door::open().await;
    let mail = format!("Decide: banner\nBanner: Look twice\n{MAIL}").replace('\n', "\r\n");
    // Behind a new body rspamc 3.4 prints some bytes of its own.
    let text = rspamc(door.address, &["--mime"], &mail).await.replace('\r', "");
    assert!(
        text.contains("\nX-Spam-Score: 8.57 / 15.00\n") && text.contains("\n\nLook twice\nbody"),
        "{text}"
    );
}

#[tokio::test]
async fn rspamc_sends_nothing_and_much() {
    if without() {
        return;
    }
    let door = Door::open().await;
    assert_snapshot!(still(&rspamc(door.address, &[], "").await), @r#"
    Results for file: stdin
    [Metric: default]
    Action: no action
    Spam: false
    Score: 1.20 / 15.00
    Message-ID: undef
    "#);
    let large = format!("{MAIL}{}", "x".repeat(70).repeat(75_000));
    let reply = rspamc(door.address, &[], &large).await;
    assert!(reply.contains("Action: no action"), "{reply}");
    assert!(door.keeper.seen().contains(&format!("inquiry {} bytes", large.len())));
}

#[tokio::test]
async fn rspamc_commands() {
    if without() {
        return;
    }
    let password = Some(Secret::of(b"secret"));
    let door = Door::with(Settings { password, ..Settings::default() }, hooks()).await;
    let mut out = String::new();
    for arguments in [
        &["-P", "secret", "stat"][..],
        &["-P", "secret", "uptime"],
        &["-P", "secret", "counters"],
        &["-P", "secret", "learn_spam"],
        &["-P", "secret", "learn_ham"],
        &["-P", "wrong", "learn_spam"],
        &["learn_spam"],
        &["-P", "secret", "fuzzy_add"],
    ] {
        out +=
            &format!("> {}\n{}\n", arguments.join(" "), still(&rspamc(door.address, arguments, MAIL).await));
    }
    assert_snapshot!(out.replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r#"
    > -P secret stat
    Results for command: stat
    Messages scanned: 0
    Messages learned: 0
    Connections count: 1
    Control connections count: 0
    Pools allocated: 0
    Pools freed: 0
    Bytes allocated: 0
    Memory chunks allocated: 0
    Shared chunks allocated: 0
    Chunks freed: 0
    Oversized chunks: 0
    Total learns: 0
    > -P secret uptime
    Results for command: uptime
    Rspamd version: %s
    > -P secret counters
    Results for command: counters
    Symbols cache
     -------------------------------------------------- 
    | Pri  | Symbol | Weight  |   Frequency   |  Hits   |
     -------------------------------------------------- 
    |      |        |         |   hits/min    |         |
     -------------------------------------------------- 
    > -P secret learn_spam
    Results for file: stdin
    success = true;
    filename = "stdin";
    > -P secret learn_ham
    Results for file: stdin
    success = true;
    filename = "stdin";
    > -P wrong learn_spam
    Results for file: stdin
    HTTP error: 403, Unauthorized
    > learn_spam
    Results for file: stdin
    HTTP error: 403, Unauthorized
    > -P secret fuzzy_add
    Results for file: stdin
    HTTP error: 500, invalid command
    "#);
    let known = rspamc(door.address, &["-P", "secret", "learn_spam"], "known").await;
    assert!(known.contains("already learned as spam"), "{known}");
}

/// Postfix hands every message to rspamd's proxy, which asks us.
#[tokio::test]
async fn a_milter_of_rspamd_carries_out_what_we_say() {
    if without() {
        return;
    }
    let settings = Settings { holds: true, ..Settings::default() };
    let door = Door::with(settings, hooks()).await;
    let address = door.address;
    let out = tokio::task::spawn_blocking(move || through_postfix(address)).await.unwrap();
    assert_snapshot!(out, @r#"
    deliver: 250 250 2.0.0 Ok:
    banner: 250 250 2.0.0 Ok:
    redirect: 250 250 2.0.0 Ok:
    reject: 554 554 5.7.1 Refused by policy
    quarantine: 250 250 2.0.0 Ok:
    defer: 451 451 4.7.1 Come again
    -- to hana@tests.example
    Sekisho-Verdict: score=10;
    	clause=test
    Decide: deliver
    Banner: Look twice
    From: a@client.example
    Sekisho-Old: 1
    Sekisho-Old: 2
    Sekisho-Old: 3
    Subject: deliver
    Content-Type: text/plain

    body
    -- to hana@tests.example
    Sekisho-Verdict: score=60;
    	clause=test
    Sekisho-Note: first
    Sekisho-Note: second
    Decide: banner
    Banner: Look twice
    From: a@client.example
    Sekisho-Old: 2
    Subject: banner
    Content-Type: text/plain; banner=yes
    X-Spam: Yes

    Look twice
    body
    -- to box@tests.example
    Sekisho-Verdict: score=20;
    	clause=test
    Decide: redirect
    Banner: Look twice
    From: a@client.example
    Sekisho-Old: 1
    Sekisho-Old: 2
    Sekisho-Old: 3
    Subject: redirect
    Content-Type: text/plain

    body
    "#);
    assert_snapshot!(seen(&door), @r#"
    rspamd arrival 161 bytes, ID: <a@client.example> to <hana@tests.example> helo client.example ip 192.0.2.1 login me
    rspamd arrival 159 bytes, ID: <a@client.example> to <hana@tests.example> helo client.example ip 192.0.2.1 login me
    rspamd arrival 163 bytes, ID: <a@client.example> to <hana@tests.example> helo client.example ip 192.0.2.1 login me
    rspamd arrival 159 bytes, ID: <a@client.example> to <hana@tests.example> helo client.example ip 192.0.2.1 login me
    rspamd arrival 167 bytes, ID: <a@client.example> to <hana@tests.example> helo client.example ip 192.0.2.1 login me
    rspamd arrival 157 bytes, ID: <a@client.example> to <hana@tests.example> helo client.example ip 192.0.2.1 login me
    "#);
}

/// A milter that quarantines itself has the message held in Postfix's queue.
#[tokio::test]
async fn a_milter_of_rspamd_quarantines() {
    if without() {
        return;
    }
    for (client_quarantines, code, held) in [(true, 250, 1), (false, 554, 0)] {
        let settings = Settings { client_quarantines, ..Settings::default() };
        let door = Door::with(settings, hooks()).await;
        let address = door.address;
        let found = tokio::task::spawn_blocking(move || {
            let (_proxy, postfix) = servers(address);
            let mut client = Client::connect(postfix.smtp()).unwrap();
            client.hello("client.example").unwrap();
            let reply =
                client.send("a@b.c", &["hana@tests.example"], b"Decide: quarantine\r\n\r\nx\r\n").unwrap();
            let queue = postfix.queue().unwrap();
            (reply.code, queue.iter().filter(|mail| mail.queue_name == "hold").count())
        });
        assert_eq!(found.await.unwrap(), (code, held));
        assert!(door.keeper.seen().starts_with("rspamd inquiry"));
    }
}

fn servers(judge: SocketAddr) -> (Proxy, Postfix) {
    let proxy = Proxy::start(judge).unwrap();
    let milter = Some(format!("inet:{}", proxy.milter()));
    let main = vec!["smtpd_relay_restrictions = permit_auth_destination, reject".into()];
    let postfix = Postfix::start(&Setup { milter, main, ..Setup::default() }).unwrap();
    (proxy, postfix)
}

fn through_postfix(judge: SocketAddr) -> String {
    let (_proxy, postfix) = servers(judge);
    let mut out = String::new();
    let mut client = Client::connect(postfix.smtp()).unwrap();
    client.hello("client.example").unwrap();
    client.command("XCLIENT ADDR=192.0.2.1 NAME=client.example LOGIN=me").unwrap();
    client.hello("client.example").unwrap();
    for decide in ["deliver", "banner", "redirect", "reject", "quarantine", "defer"] {
        let mail = format!(
            "Decide: {decide}\r\nBanner: Look twice\r\nFrom: a@client.example\r\nSekisho-Old: 1\r\nSekisho-Old: 2\r\nSekisho-Old: 3\r\n\
            Subject: {decide}\r\nContent-Type: text/plain\r\n\r\nbody\r\n"
        );
        let reply = client.send("a@client.example", &["hana@tests.example"], mail.as_bytes()).unwrap();
        out += &format!(
            "{decide}: {} {}\n",
            reply.code,
            reply.to_string().split(" queued as").next().unwrap_or_default()
        );
    }
    postfix.drained().unwrap();
    for mail in postfix.delivered(3).unwrap() {
        let text = String::from_utf8(mail.raw).unwrap().replace("\r\n", "\n");
        let ours = text.split_once("(UTC)\n").map_or(text.as_str(), |(_, ours)| ours);
        out += &format!("-- to {}\n{ours}", mail.to);
    }
    out
}

/// What the gatekeeper saw, without the queue's names.
fn seen(door: &Door) -> String {
    let named = |line: &str| match (line.split_once(", "), line.split_once(": ")) {
        (Some((before, _)), Some((_, after))) => format!("{before}, ID: {after}\n"),
        _ => line.to_owned(),
    };
    door.keeper.seen().lines().map(named).collect()
}
