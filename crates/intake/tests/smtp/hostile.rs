//! Peers that mean no good, or are not well: nothing is smuggled, nothing is lost, and nobody waits for ever.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use proptest::prelude::{ProptestConfig, any, proptest};
use sekisho_intake::smtp::{BareEnds, Mode};
use sekisho_testkit::servers::Client;

use crate::support::{Gate, Next, Running, settings, talk};

const BEGIN: &str = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";

/// How messages were answered, and what the next hop got.
fn smuggled(end: &str, ends: BareEnds) -> String {
    let next = Next::start();
    let mut settings = settings(Mode::Proxy, next.at);
    settings.bare_ends = ends;
    let service = Running::start(Arc::new(Gate { bare: true, ..Gate::default() }), settings);
    let second = "MAIL FROM:<evil@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nevil\r\n.\r\nQUIT\r\n";
    let heard = talk(service.at, format!("{BEGIN}A: b\r\n\r\nx{end}{second}").as_bytes());
    service.ended();
    let answers: Vec<&str> = heard
        .split("354 End with <CRLF>.<CRLF>\n")
        .skip(1)
        .map(|rest| rest.lines().next().unwrap())
        .collect();
    let got: Vec<String> =
        next.got().iter().map(|got| String::from_utf8_lossy(&got.message).into_owned()).collect();
    format!("{answers:?} {got:?}")
}

#[test]
fn no_message_hides_in_another() {
    for end in ["\n.\n", "\n.\r\n", "\r.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\n\n.\r\n"] {
        let said = smuggled(end, BareEnds::Refuse);
        assert_eq!(said, r#"["550 5.6.11 The message has line ends that are not CRLF"] []"#, "{end:?}");
    }
    insta::assert_snapshot!(smuggled("\n.\r\n", BareEnds::Normalise), @r#"["250 2.0.0 Ok: queued as 1"] ["A: b\r\n\r\nx\r\n.\r\nMAIL FROM:<evil@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nevil\r\n"]"#);
    insta::assert_snapshot!(smuggled("\r\n.\r\n", BareEnds::Refuse), @r#"["250 2.0.0 Ok: queued as 1", "250 2.0.0 Ok: queued as 2"] ["A: b\r\n\r\nx\r\n", "evil\r\n"]"#);
}

#[test]
fn commands_end_with_crlf() {
    let next = Next::start();
    let service = Running::start(Arc::default(), settings(Mode::Proxy, next.at));
    insta::assert_snapshot!(talk(service.at, b"EHLO a\nNOOP\r\nGET / HTTP/1.1\r\nNOOP\r\n"), @r"
    220 gate.example ESMTP
    500 5.5.2 Lines end with CRLF
    250 2.0.0 Ok
    421 4.7.0 This is no web server
    ");
}

#[test]
fn who_errs_too_often_is_sent_away() {
    let next = Next::start();
    let service = Running::start(Arc::default(), settings(Mode::Proxy, next.at));
    let heard = talk(service.at, "FOO\r\n".repeat(1_000).as_bytes());
    assert_eq!(heard.matches("500 ").count(), 20);
    assert!(heard.ends_with("421 4.7.0 Too many errors, goodbye\n"), "{heard}");
    let heard = talk(service.at, "NOOP\r\n".repeat(1_000).as_bytes());
    assert_eq!(heard.matches("250 ").count(), 200);
    let long = format!("{}\r\nQUIT\r\n", "x".repeat(100_000));
    assert!(
        talk(service.at, long.as_bytes()).contains("500 5.5.2 Line too long\n221"),
        "the line is one error"
    );
}

#[test]
fn who_tries_names_out_is_sent_away() {
    let next = Next::start();
    let service = Running::start(Arc::default(), settings(Mode::Proxy, next.at));
    let tried = |names: usize| {
        let begin = "EHLO a\r\nMAIL FROM:<a@b>\r\n";
        let heard =
            talk(service.at, format!("{begin}{}QUIT\r\n", "RCPT TO:<nobody@d>\r\n".repeat(names)).as_bytes());
        heard.lines().last().unwrap().to_owned()
    };
    assert_eq!(tried(9_900), "221 2.0.0 Bye");
    assert_eq!(tried(10_000), "421 4.7.0 Too many errors, goodbye");
}

#[test]
fn there_are_so_many_places_and_no_more() {
    let next = Next::start();
    let mut settings = settings(Mode::Proxy, next.at);
    settings.trusted = Vec::new();
    settings.peer_connections_max = 2;
    let service = Running::start(Arc::default(), settings);
    let first = Client::connect(service.at).unwrap();
    let _second = Client::connect(service.at).unwrap();
    assert_eq!(Client::connect(service.at).unwrap().greeting.code, 421);
    drop(first);
    sekisho_testkit::servers::wait(
        || "no place was given back".into(),
        || Ok((Client::connect(service.at)?.greeting.code == 220).then_some(())),
    )
    .unwrap();
}

#[test]
fn without_a_next_hop_nothing_is_taken() {
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let service = Running::start(Arc::default(), settings(Mode::Proxy, gone));
    let heard = talk(service.at, format!("{BEGIN}QUIT\r\n").as_bytes());
    insta::assert_snapshot!(heard.lines().skip(10).collect::<Vec<_>>().join("\n"), @r"
    250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE
    451 4.4.1 The next server cannot be reached, come again
    503 5.5.1 Say MAIL first
    503 5.5.1 Say MAIL first
    221 2.0.0 Bye
    ");
}

#[test]
fn a_next_hop_that_dies_or_stalls_acknowledges_nothing() {
    let next = Next::start();
    let mut settings = settings(Mode::Proxy, next.at);
    settings.next.waits.end = Duration::from_millis(200);
    let service = Running::start(Arc::default(), settings);
    for to in ["lost", "mute"] {
        let heard = talk(
            service.at,
            format!("EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<{to}@d>\r\nDATA\r\n\r\n.\r\nQUIT\r\n").as_bytes(),
        );
        assert!(heard.contains("\n451 4.4.2 The next server did not answer, come again\n"), "{heard}");
    }
    // A next hop that takes connections and says nothing.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut settings = crate::support::settings(Mode::Proxy, silent.local_addr().unwrap());
    settings.next.waits.greeting = Duration::from_millis(200);
    let service = Running::start(Arc::default(), settings);
    assert!(talk(service.at, format!("{BEGIN}QUIT\r\n").as_bytes()).contains("\n451 4.4.2 "));
}

#[test]
fn a_client_that_stalls_is_given_up_and_nothing_is_handed_on() {
    let next = Next::start();
    let mut settings = settings(Mode::Proxy, next.at);
    settings.waits.command = Duration::from_millis(300);
    settings.waits.piece = Duration::from_millis(300);
    let service = Running::start(Arc::default(), settings);
    assert!(talk(service.at, b"EHLO a\r\n").ends_with("421 4.4.2 Nothing was said for too long\n"));
    assert!(
        talk(service.at, format!("{BEGIN}half a mess").as_bytes()).ends_with("354 End with <CRLF>.<CRLF>\n")
    );
    service.ended();
    assert!(next.got().is_empty());
}

#[test]
fn nothing_is_handed_on_for_a_client_that_went_while_its_message_was_judged() {
    let next = Next::start();
    let go = Arc::new(tokio::sync::Notify::new());
    let gate = Arc::new(Gate { wait: Some(Arc::clone(&go)), ..Gate::default() });
    let service = Running::start(Arc::clone(&gate), settings(Mode::Proxy, next.at));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let send = |stays: bool| {
        let mut stream = TcpStream::connect(service.at).unwrap();
        stream.write_all(format!("{BEGIN}\r\n.\r\n").as_bytes()).unwrap();
        runtime.block_on(gate.reached.notified());
        let stays = stays.then_some(stream);
        go.notify_one();
        stays.map(|mut stream| {
            stream.write_all(b"QUIT\r\n").unwrap();
            let mut heard = String::new();
            stream.read_to_string(&mut heard).unwrap();
            heard
        })
    };
    assert!(send(false).is_none());
    assert!(send(true).unwrap().contains("250 2.0.0 Ok: queued as 1"));
    assert_eq!(next.got().len(), 1);
}

#[test]
fn told_to_stop_it_ends_what_has_begun() {
    let next = Next::start();
    let go = Arc::new(tokio::sync::Notify::new());
    let gate = Arc::new(Gate { wait: Some(Arc::clone(&go)), ..Gate::default() });
    let mut service = Running::start(Arc::clone(&gate), settings(Mode::Proxy, next.at));
    let at = service.at;
    let mut idle = Client::connect(at).unwrap();
    let sending = std::thread::spawn(move || talk(at, format!("{BEGIN}\r\n.\r\n").as_bytes()));
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(gate.reached.notified());
    service.stop();
    assert_eq!(idle.reply().unwrap().to_string(), "421 4.3.2 The service ends, come again");
    go.notify_one();
    service.ended();
    let heard = sending.join().unwrap();
    assert!(heard.contains("250 2.0.0 Ok: queued as 1\n421 4.3.2"), "{heard}");
}

#[test]
fn mail_that_goes_in_circles_ends() {
    let next = Next::start();
    let service = Running::start(Arc::default(), settings(Mode::Proxy, next.at));
    let answer = |hops: usize| {
        let text = format!("{BEGIN}{}\r\n.\r\nQUIT\r\n", "Received: x\r\n".repeat(hops));
        talk(service.at, text.as_bytes()).lines().rev().nth(1).unwrap().to_owned()
    };
    assert_eq!(answer(101), "554 5.4.6 Too many hops, this mail goes in circles");
    assert_eq!(answer(100), "250 2.0.0 Ok: queued as 1");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever comes, the service answers or hangs up, and the next client is served.
    #[test]
    fn any_bytes_are_survived(
        lines in proptest::collection::vec(proptest::prop_oneof![
            proptest::sample::select(vec![
                &b"EHLO a\r\n"[..], b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n", b"DATA\r\n", b".\r\n", b"BDAT 5\r\n", b"BDAT 3 LAST\r\n",
                b"RSET\r\n", b"XFORWARD ADDR=1.2.3.4\r\n", b"XCLIENT NAME=x\r\n", b"\r\n.\r\n", b"HELO b\r\n", b"\n", b"STARTTLS\r\n",
            ]).prop_map(<[u8]>::to_vec),
            proptest::collection::vec(any::<u8>(), 0..40),
        ], 0..30),
    ) {
        let &(ref next, at) = shared();
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(&lines.concat()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        let heard = talk(at, b"QUIT\r\n");
        proptest::prop_assert!(heard.ends_with("221 2.0.0 Bye\n"), "{}", heard);
        proptest::prop_assert!(next.got().iter().all(|got| got.message.is_empty() || got.message.ends_with(b"\r\n")));
    }
}

use proptest::strategy::Strategy as _;

/// One service for all cases.
fn shared() -> &'static (Next, std::net::SocketAddr) {
    static SHARED: std::sync::OnceLock<(Next, std::net::SocketAddr)> = std::sync::OnceLock::new();
    SHARED.get_or_init(|| {
        let next = Next::start();
        let service = Box::leak(Box::new(Running::start(Arc::default(), settings(Mode::Proxy, next.at))));
        let at = service.at;
        (next, at)
    })
}
