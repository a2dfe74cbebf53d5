//! Dialogues: what a client says and hears, and what the next hop got.

use std::sync::Arc;

use sekisho_intake::smtp::Mode;

use crate::support::{Gate, Next, Running, settings, shown, talk};

/// What the client heard, and what the next hop got.
fn check(mode: Mode, input: &str) -> String {
    let next = Next::start();
    let service = Running::start(Arc::default(), settings(mode, next.at));
    let heard = talk(service.at, input.replace('\n', "\r\n").as_bytes());
    service.ended();
    format!("{heard}==\n{}", shown(&next.got()))
}

const HELLO: &str = "EHLO a.example\n";

#[test]
fn a_message_passes_and_the_next_hop_answers() {
    let input = "MAIL FROM:<a@a.example> BODY=8BITMIME RET=HDRS ENVID=e1 SIZE=100\nRCPT TO:<hana@b.example> NOTIFY=NEVER ORCPT=rfc822;x@y\nRCPT TO:<nobody@b.example>\nDATA\nSubject: x\n\n..dot\nbody\n.\nQUIT\n";
    insta::assert_snapshot!(check(Mode::Proxy, &format!("{HELLO}{input}")), @r"
    220 gate.example ESMTP
    250-gate.example
    250-PIPELINING
    250-SIZE 104857600
    250-8BITMIME
    250-SMTPUTF8
    250-DSN
    250-ENHANCEDSTATUSCODES
    250-CHUNKING
    250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
    250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE
    250 2.1.0 Ok
    250 2.1.0 Ok
    550 5.1.1 No such user
    354 End with <CRLF>.<CRLF>
    250 2.0.0 Ok: queued as 1
    221 2.0.0 Bye
    ==
    XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] PROTO=ESMTP HELO=a.example SOURCE=REMOTE
    MAIL FROM:<a@a.example> BODY=8BITMIME RET=HDRS ENVID=e1 SIZE=100
    RCPT TO:<hana@b.example> NOTIFY=NEVER ORCPT=rfc822;x@y
    X-Sekisho: judged
    Subject: x

    .dot
    body
    ");
}

#[test]
fn a_relay_says_that_it_was_there() {
    let input = "MAIL FROM:<>\nRCPT TO:<@x.example:hana@b.example>\nDATA\nSubject: x\n\nbody\n.\nQUIT\n";
    insta::assert_snapshot!(check(Mode::Relay, &format!("{HELLO}{input}")), @r"
    220 gate.example ESMTP
    250-gate.example
    250-PIPELINING
    250-SIZE 104857600
    250-8BITMIME
    250-SMTPUTF8
    250-DSN
    250-ENHANCEDSTATUSCODES
    250-CHUNKING
    250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
    250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE
    250 2.1.0 Ok
    250 2.1.0 Ok
    354 End with <CRLF>.<CRLF>
    250 2.0.0 Ok: queued as 1
    221 2.0.0 Bye
    ==
    XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] PROTO=ESMTP HELO=a.example SOURCE=REMOTE
    MAIL FROM:<>
    RCPT TO:<hana@b.example>
    Received: from a.example ([127.0.0.1])
    	by gate.example (Sekisho) with ESMTP id record1;
    	Wed, 18 Nov 2026 11:06:40 +0000
    X-Sekisho: judged
    Subject: x

    body
    ");
}

fn decided(decisions: &str, recipients: &str) -> String {
    let rcpt: String = recipients.split(' ').map(|to| format!("RCPT TO:<{to}@b.example>\n")).collect();
    let message = format!("MAIL FROM:<a@a.example>\n{rcpt}DATA\nX-Decide: {decisions}\n\nbody\n.\nQUIT\n");
    let said = check(Mode::Proxy, &format!("{HELLO}{message}"));
    let (heard, got) = said.split_once("==\n").unwrap();
    let answer = heard.lines().rev().nth(1).unwrap();
    let got = got.lines().filter(|line| line.starts_with("RCPT") || *line == "[BANNER]" || *line == "--");
    format!("{answer}\n{}", got.collect::<Vec<_>>().join("\n"))
}

#[test]
fn each_recipient_gets_what_was_decided() {
    let all = [
        decided("", "hana jiro"),
        decided("hana=banner", "hana jiro saki"),
        decided("hana=quarantine", "hana"),
        decided("hana=quarantine", "hana jiro"),
        decided("hana=reject", "hana"),
        decided("hana=reject", "hana jiro"),
        decided("hana=defer jiro=quarantine", "hana jiro saki"),
        decided("hana=redirect:box@c.example jiro=redirect:box@c.example", "hana jiro saki"),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @r"
    250 2.0.0 Ok: queued as 1
    RCPT TO:<hana@b.example>
    RCPT TO:<jiro@b.example>

    250 2.0.0 Ok
    RCPT TO:<hana@b.example>
    [BANNER]
    --
    RCPT TO:<jiro@b.example>
    RCPT TO:<saki@b.example>

    250 2.0.0 Ok


    250 2.0.0 Ok
    RCPT TO:<jiro@b.example>

    550 5.7.1 Refused by policy


    550 5.7.1 For at least one recipient: Refused by policy
    RCPT TO:<jiro@b.example>

    451 4.7.1 Come again


    250 2.0.0 Ok
    RCPT TO:<box@c.example>
    --
    RCPT TO:<saki@b.example>
    ");
}

#[test]
fn parts_that_fail_do_not_keep_others_from_their_mail() {
    let all = [
        decided("full=banner", "hana full"),
        decided("bad=banner", "hana bad"),
        decided("lost=banner", "hana lost"),
        decided("bad=banner lost=redirect:lost@c.example", "bad lost hana"),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @r"
    452 4.2.2 Full
    RCPT TO:<hana@b.example>

    554 5.6.0 For at least one recipient: Bad
    RCPT TO:<hana@b.example>

    451 4.4.2 The next server did not answer, come again
    RCPT TO:<hana@b.example>

    451 4.4.2 The next server did not answer, come again
    RCPT TO:<hana@b.example>
    ");
}

#[test]
fn who_had_it_does_not_get_it_twice_when_the_client_comes_again() {
    let next = Next::start();
    let service = Running::start(Arc::default(), settings(Mode::Proxy, next.at));
    let message = |trace: &str, to: &str| {
        let text = format!(
            "{HELLO}MAIL FROM:<a@a.example>\nRCPT TO:<hana@b.example>\nRCPT TO:<{to}>\nDATA\nReceived: {trace}\nX-Decide: full=banner saki=banner\n\nbody\n.\nQUIT\n"
        );
        let heard = talk(service.at, text.replace('\n', "\r\n").as_bytes());
        heard.lines().rev().nth(1).unwrap().to_owned()
    };
    assert_eq!(message("one", "full@b.example"), "452 4.2.2 Full");
    assert_eq!(message("two", "full@b.example"), "452 4.2.2 Full");
    assert_eq!(next.wait(1).len(), 1, "hana has it");
    // Another way to the same recipient, and now it goes well: only who is new gets it.
    assert_eq!(message("three", "saki@b.example"), "250 2.0.0 Ok: queued as 2");
    assert_eq!(next.wait(2)[1].said.last().unwrap(), "RCPT TO:<saki@b.example>");
    // That was the end of it: the same message once more is a new one.
    assert_eq!(message("four", "saki@b.example"), "250 2.0.0 Ok");
    assert_eq!(next.wait(4).len(), 4);
}

#[test]
fn commands_out_of_turn_are_refused() {
    let input = "MAIL FROM:<a@b>\nEHLO\nEHLO a.example\nRCPT TO:<a@b>\nDATA\nMAIL FROM:<a@b>\nMAIL FROM:<a@b>\nDATA\nRSET\nSTARTTLS\nMAIL FROM:<a@b> SIZE=999999999999\nMAIL FROM:<a@b> FOO=1\nMAIL FROM:<\u{e9}@b>\nMAIL FROM:<unwelcome@b>\nVRFY a\nNOOP\nHELP\nTURN\nHELO a\nQUIT\n";
    insta::assert_snapshot!(check(Mode::Filter, input), @r"
    220 gate.example ESMTP
    503 5.5.1 Say EHLO first
    501 5.5.4 Syntax: EHLO name
    250-gate.example
    250-PIPELINING
    250-SIZE 104857600
    250-8BITMIME
    250-SMTPUTF8
    250-DSN
    250-ENHANCEDSTATUSCODES
    250-CHUNKING
    250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
    250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE
    503 5.5.1 Say MAIL first
    503 5.5.1 Say MAIL first
    250 2.1.0 Ok
    503 5.5.1 A message has begun
    554 5.5.1 No valid recipients
    250 2.0.0 Ok
    502 5.5.1 Not offered
    552 5.3.4 The message is too large
    555 5.5.4 Parameter not known
    553 5.6.7 An address beyond ASCII needs SMTPUTF8
    550 5.7.1 Sender unwelcome
    252 2.5.2 Send some mail, I shall try
    250 2.0.0 Ok
    214 2.0.0 See RFC 5321
    500 5.5.1 Command not known
    250 gate.example
    221 2.0.0 Bye
    ==
    ");
}

#[test]
fn messages_come_in_pieces() {
    let input = "EHLO a.example\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nBDAT 6\nA: b\nBDAT 2\n\nRCPT TO:<e@f>\nBDAT 5 LAST\n.xy\nMAIL FROM:<a@b>\nBDAT 3 LAST\nx\nRCPT TO:<c@d>\nBDAT 2 LAST\n\nQUIT\n";
    insta::assert_snapshot!(check(Mode::Proxy, input), @r"
    220 gate.example ESMTP
    250-gate.example
    250-PIPELINING
    250-SIZE 104857600
    250-8BITMIME
    250-SMTPUTF8
    250-DSN
    250-ENHANCEDSTATUSCODES
    250-CHUNKING
    250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
    250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE
    250 2.1.0 Ok
    250 2.1.0 Ok
    250 2.0.0 6 bytes
    250 2.0.0 2 bytes
    503 5.5.1 A message is coming by BDAT
    250 2.0.0 Ok: queued as 1
    250 2.1.0 Ok
    554 5.5.1 No valid recipients
    250 2.1.0 Ok
    250 2.0.0 Ok: queued as 2
    221 2.0.0 Bye
    ==
    XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] PROTO=ESMTP HELO=a.example SOURCE=REMOTE
    MAIL FROM:<a@b>
    RCPT TO:<c@d>
    X-Sekisho: judged
    A: b

    .xy
    --
    XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] PROTO=ESMTP HELO=a.example SOURCE=REMOTE
    MAIL FROM:<a@b>
    RCPT TO:<c@d>
    X-Sekisho: judged
    ");
}

#[test]
fn addresses_beyond_ascii_need_their_extension() {
    let input = "EHLO a.example\nMAIL FROM:<\u{95a2}@b.example> SMTPUTF8\nRCPT TO:<\u{6240}@\u{4f8b}.example>\nDATA\nSubject: \u{95a2}\u{6240}\n\nx\n.\nQUIT\n";
    insta::assert_snapshot!(check(Mode::Relay, input), @r"
    220 gate.example ESMTP
    250-gate.example
    250-PIPELINING
    250-SIZE 104857600
    250-8BITMIME
    250-SMTPUTF8
    250-DSN
    250-ENHANCEDSTATUSCODES
    250-CHUNKING
    250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
    250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE
    250 2.1.0 Ok
    250 2.1.0 Ok
    354 End with <CRLF>.<CRLF>
    250 2.0.0 Ok: queued as 1
    221 2.0.0 Bye
    ==
    XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] PROTO=ESMTP HELO=a.example SOURCE=REMOTE
    MAIL FROM:<関@b.example> SMTPUTF8
    RCPT TO:<所@例.example>
    Received: from a.example ([127.0.0.1])
    	by gate.example (Sekisho) with UTF8SMTP id record1;
    	Wed, 18 Nov 2026 11:06:40 +0000
    X-Sekisho: judged
    Subject: 関所

    x
    ");
    let next = Next::offering(&["PIPELINING"]);
    let service = Running::start(Arc::default(), settings(Mode::Relay, next.at));
    let heard = talk(service.at, input.replace('\n', "\r\n").as_bytes());
    assert!(heard.contains("550 5.6.7 The next server takes no internationalised addresses"), "{heard}");
}

#[test]
fn what_trusted_peers_say_of_the_client_is_believed_and_told_on() {
    let gate = Arc::new(Gate::default());
    let next = Next::start();
    let service = Running::start(Arc::clone(&gate), settings(Mode::Filter, next.at));
    let input = "EHLO mx.example\nXFORWARD NAME=far.example ADDR=203.0.113.9 PROTO=ESMTP HELO=far\nXFORWARD IDENT=4F SOURCE=REMOTE\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\n\n.\nQUIT\n";
    talk(service.at, input.replace('\n', "\r\n").as_bytes());
    let arrival = gate.only();
    let envelope = arrival.envelope.unwrap();
    assert_eq!((envelope.ip, envelope.helo.as_str()), (Some("203.0.113.9".parse().unwrap()), "far"));
    assert_eq!(arrival.queue_id.as_deref(), Some("4F"));
    assert_eq!(
        next.got()[0].said[0],
        "XFORWARD NAME=far.example ADDR=203.0.113.9 PROTO=ESMTP HELO=far SOURCE=REMOTE"
    );
}

#[test]
fn a_login_comes_by_xclient_and_a_silent_peer_is_not_the_sender() {
    let gate = Arc::new(Gate::default());
    let next = Next::start();
    let service = Running::start(Arc::clone(&gate), settings(Mode::Relay, next.at));
    let message = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n\r\n.\r\nQUIT\r\n";
    talk(
        service.at,
        format!("EHLO mx.example\r\nXCLIENT ADDR=IPV6:2001:db8::9 LOGIN=hana\r\nEHLO pc\r\n{message}")
            .as_bytes(),
    );
    talk(service.at, format!("EHLO mx.example\r\n{message}").as_bytes());
    let seen = gate.seen.lock().unwrap();
    let envelope = |at: usize| seen[at].envelope.clone().unwrap();
    assert_eq!(
        (envelope(0).ip, envelope(0).login),
        (Some("2001:db8::9".parse().unwrap()), Some("hana".into()))
    );
    assert_eq!((envelope(0).helo, envelope(1).ip), ("pc".into(), None));
}

#[test]
fn peers_that_are_not_trusted_say_nothing_of_others() {
    let gate = Arc::new(Gate::default());
    let next = Next::start();
    let mut settings = settings(Mode::Relay, next.at);
    settings.trusted = Vec::new();
    settings.domains = vec!["b.example".into()];
    let service = Running::start(Arc::clone(&gate), settings);
    let input = "EHLO mx.example\nXFORWARD ADDR=203.0.113.9\nXCLIENT ADDR=203.0.113.9\nMAIL FROM:<a@b.example>\nRCPT TO:<c@elsewhere.example>\nRCPT TO:<c@b.example>\nDATA\n\n.\nQUIT\n";
    insta::assert_snapshot!(talk(service.at, input.replace('\n', "\r\n").as_bytes()), @r"
    220 gate.example ESMTP
    250-gate.example
    250-PIPELINING
    250-SIZE 104857600
    250-8BITMIME
    250-SMTPUTF8
    250-DSN
    250-ENHANCEDSTATUSCODES
    250 CHUNKING
    550 5.7.0 Not from you
    550 5.7.0 Not from you
    250 2.1.0 Ok
    550 5.7.1 No mail for this address here
    250 2.1.0 Ok
    354 End with <CRLF>.<CRLF>
    250 2.0.0 Ok: queued as 1
    221 2.0.0 Bye
    ");
    assert_eq!(gate.only().envelope.unwrap().ip, Some("127.0.0.1".parse().unwrap()));
}

#[test]
fn a_next_hop_that_went_meanwhile_is_asked_again() {
    let next = Next::start();
    let service = Running::start(Arc::default(), settings(Mode::Proxy, next.at));
    let input = "EHLO a\nMAIL FROM:<a@b>\nRCPT TO:<leaver@d>\nDATA\n\n.\nQUIT\n";
    let heard = talk(service.at, input.replace('\n', "\r\n").as_bytes());
    assert!(heard.contains("250 2.0.0 Ok: queued as 1\n"), "{heard}");
    assert_eq!((next.connections(), next.got().len()), (2, 1));
}

#[test]
fn who_speaks_for_a_stranger_may_not_relay() {
    let next = Next::start();
    let mut settings = settings(Mode::Relay, next.at);
    settings.domains = vec!["b.example".into()];
    let service = Running::start(Arc::default(), settings);
    let said = |before: &str| {
        let text = format!("EHLO a\n{before}MAIL FROM:<a@b>\nRCPT TO:<c@elsewhere.example>\nQUIT\n");
        let heard = talk(service.at, text.replace('\n', "\r\n").as_bytes());
        heard.lines().rev().nth(1).unwrap().to_owned()
    };
    assert_eq!(said(""), "250 2.1.0 Ok");
    assert_eq!(said("XCLIENT ADDR=203.0.113.9\nEHLO a\n"), "550 5.7.1 No mail for this address here");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]

    /// Whatever is decided for whom and however the next hop behaves: a client that comes again until it is told
    /// something final gets the message once to everybody who was to have it and whom the next hop took.
    #[test]
    fn nothing_is_lost_and_nothing_comes_twice(
        people in proptest::collection::btree_map(
            proptest::sample::select(vec!["hana", "jiro", "saki", "fickle1", "fickle2", "bad1", "busy1", "nobody1"]),
            proptest::sample::select(vec!["deliver", "banner", "quarantine", "reject"]),
            1..7,
        ),
    ) {
        let next = Next::start();
        let service = Running::start(Arc::default(), settings(Mode::Proxy, next.at));
        let rcpt: String = people.keys().map(|to| format!("RCPT TO:<{to}@b.example>\n")).collect();
        let decisions: String = people.iter().map(|(to, what)| format!(" {to}={what}")).collect();
        let text = format!("EHLO a\nMAIL FROM:<a@b>\n{rcpt}DATA\nX-Decide:{decisions}\n\nx\n.\nQUIT\n");
        let mut answer = String::new();
        for _ in 0..6 {
            let heard = talk(service.at, text.replace('\n', "\r\n").as_bytes());
            answer = heard.lines().rev().nth(1).unwrap_or_default().to_owned();
            if !answer.starts_with('4') {
                break;
            }
        }
        let got: Vec<String> = next.got().iter().flat_map(|got| got.said.clone()).collect();
        let mut refused = false;
        for (to, what) in &people {
            let times = got.iter().filter(|said| said.contains(&format!("RCPT TO:<{to}@"))).count();
            // Who shares a transaction with a message that is refused when it has come does not get it either.
            let shares = people.iter().any(|(other, with)| other.starts_with("bad") && with == what);
            let taken = !to.starts_with("bad") && !to.starts_with("busy") && !to.starts_with("nobody") && !shares;
            let wanted = matches!(*what, "deliver" | "banner");
            refused |= *what == "reject" || (wanted && shares);
            proptest::prop_assert_eq!(times, usize::from(wanted && taken), "{} of {:?}: {}", to, people, answer);
        }
        let asked = people.keys().any(|to| !to.starts_with("busy") && !to.starts_with("nobody"));
        proptest::prop_assert_eq!(answer.starts_with('2'), asked && !refused_counts(&people, refused), "{:?}: {}", people, answer);
    }
}

/// Somebody whom the next hop took at RCPT is refused.
fn refused_counts(people: &std::collections::BTreeMap<&str, &str>, refused: bool) -> bool {
    let there = |to: &str| !to.starts_with("busy") && !to.starts_with("nobody");
    refused
        && people.iter().any(|(to, what)| {
            there(to) && (*what == "reject" || to.starts_with("bad") && matches!(*what, "deliver" | "banner"))
        })
}
