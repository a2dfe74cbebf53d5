//! Much of everything: recipients, bytes, messages at one time.

use std::{sync::Arc, time::Duration};

use sekisho_intake::smtp::Mode;
use sekisho_testkit::servers::Client;

use crate::support::{Gate, Next, Running, settings, talk};

fn begun(service: &Running, to: &str) -> Client {
    let mut client = Client::connect(service.at).unwrap();
    client.hello("a").unwrap();
    for line in ["MAIL FROM:<a@b>", &format!("RCPT TO:<{to}>"), "DATA"] {
        let reply = client.command(line).unwrap();
        assert!(reply.code < 400, "{reply}");
    }
    client
}

#[test]
fn ten_thousand_recipients() {
    let next = Next::start();
    let service = Running::start(Arc::default(), settings(Mode::Relay, next.at));
    let to: Vec<String> = (0..10_000).map(|at| format!("r{at}@b.example")).collect();
    let mut to: Vec<&str> = to.iter().map(String::as_str).collect();
    let mut client = Client::connect(service.at).unwrap();
    client.hello("a").unwrap();
    assert_eq!(client.send("a@b", &to, b"X-Decide: r1=banner\r\n\r\nbody\r\n").unwrap().code, 250);
    let got = next.wait(2);
    let counts: Vec<usize> =
        got.iter().map(|got| got.said.iter().filter(|said| said.starts_with("RCPT")).count()).collect();
    assert_eq!(counts, [8_889, 1_111]);
    to.push("one@too.many");
    assert!(
        client.send("a@b", &to, b"\r\n").unwrap().to_string().starts_with("452 4.5.3 Too many recipients")
    );
}

/// Peak memory of this process, MiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok()).unwrap_or(0) >> 10
}

#[test]
fn a_message_of_100_mb_takes_what_the_limit_says() {
    let next = Next::start();
    let service = Running::start(Arc::default(), settings(Mode::Relay, next.at));
    let before = peak();
    let mut client = begun(&service, "hana@b");
    let line = format!("{}\r\n", "x".repeat(998));
    let piece = line.repeat(100);
    client.write(b"Subject: x\r\n\r\n").unwrap();
    for _ in 0..1_000 {
        client.write(piece.as_bytes()).unwrap();
    }
    client.write(b".\r\n").unwrap();
    assert_eq!(client.reply().unwrap().to_string(), "250 2.0.0 Ok: queued as 1");
    let got = next.wait(1);
    assert!(got[0].bytes > 100_000_014 && got[0].bytes < 100_000_400, "{}", got[0].bytes);
    let (after, limit) = (peak(), (2 * sekisho_intake::limits::SMTP_MESSAGE_BYTES_MAX) >> 20);
    assert!(after - before < limit + 40, "{before} MiB before, {after} MiB after");
}

#[test]
fn a_message_that_is_too_large_is_refused_and_the_next_one_passes() {
    let next = Next::start();
    let mut settings = settings(Mode::Relay, next.at);
    settings.message_bytes_max = 100_000;
    let service = Running::start(Arc::default(), settings);
    let mut client = begun(&service, "hana@b");
    client.write("x\r\n".repeat(40_000).as_bytes()).unwrap();
    client.write(b".\r\n").unwrap();
    assert_eq!(client.reply().unwrap().to_string(), "552 5.3.4 The message is too large");
    assert_eq!(client.send("a@b", &["hana@b"], b"\r\nsmall\r\n").unwrap().code, 250);
    let heard =
        talk(service.at, b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 100001 LAST\r\nNOOP\r\n");
    assert!(heard.ends_with("552 5.3.4 The message is too large\n"), "{heard}");
}

#[test]
fn who_finds_no_room_comes_again() {
    let next = Next::start();
    let go = Arc::new(tokio::sync::Notify::new());
    let gate = Arc::new(Gate { wait: Some(Arc::clone(&go)), ..Gate::default() });
    let mut settings = settings(Mode::Relay, next.at);
    settings.message_bytes_max = 1 << 20;
    settings.flight_bytes_max = 2 << 20;
    settings.waits.flight = Duration::from_millis(200);
    let service = Running::start(Arc::clone(&gate), settings);
    let large = "x\r\n".repeat(300_000);
    let mut first = begun(&service, "hana@b");
    first.write(large.as_bytes()).unwrap();
    first.write(b".\r\n").unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(gate.reached.notified());
    let mut second = Client::connect(service.at).unwrap();
    second.hello("a").unwrap();
    let reply = second.send("a@b", &["hana@b"], b"\r\n").unwrap();
    assert_eq!(reply.to_string(), "452 4.3.1 No room just now, come again");
    go.notify_one();
    assert_eq!(first.reply().unwrap().code, 250);
    go.notify_one();
    second.command("RSET").unwrap();
    assert_eq!(second.send("a@b", &["hana@b"], b"\r\n").unwrap().code, 250);
}
