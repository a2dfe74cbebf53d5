//! A real Postfix before and behind us, and a real Dovecot at the end.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
};

use sekisho_intake::smtp::{Mode, client::Tls, tls};
use sekisho_testkit::servers::{Client, Delivered, Dovecot, Postfix, Setup, free_port, without};

use crate::support::{Gate, Running, settings};

/// The service between two ports of one Postfix.
struct Loop {
    postfix: Postfix,
    _service: Running,
    gate: Arc<Gate>,
}

/// Mail for `smtp` goes through us, as `option` says with `PORT` for our port, and comes back at a port of its own.
fn circle(mode: Mode, option: &str, setup: Setup, secure: Option<(String, String)>) -> Loop {
    let (listener, back) = (TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), free_port().unwrap());
    let gate = Arc::new(Gate::default());
    let mut settings = settings(mode, SocketAddr::from((Ipv4Addr::LOCALHOST, back)));
    let port = listener.local_addr().unwrap().port().to_string();
    if let Some((chain, key)) = secure {
        settings.tls = Some(tls::server(chain.as_bytes(), key.as_bytes()).unwrap());
        settings.next.tls = Tls::Required(tls::client_unverified().unwrap());
    }
    let service = Running::on(listener, Arc::clone(&gate), settings);
    let mut setup = setup;
    setup.main.push("smtpd_relay_restrictions = permit_auth_destination, reject".into());
    setup.services.push("tlsmgr unix - - n 1000? 1 tlsmgr".into());
    setup.smtpd.push(format!("-o {}", option.replace("PORT", &port)));
    setup.main.push("smtp_send_xforward_command = yes".into());
    let options = "-o content_filter= -o smtpd_proxy_filter= -o receive_override_options=no_milters";
    setup.services.push(format!("127.0.0.1:{back} inet n - n - - smtpd {options}"));
    Loop { postfix: Postfix::start(&setup).unwrap(), _service: service, gate }
}

const MAIL: &[u8] = b"Subject: =?utf-8?q?x?=\r\nx-Odd:  two  blanks\r\n\tfolded\r\n\r\n.\r\n..two dots\r\n\xe3\x81\x82 8 bits \r\n\r\n\r\n";

/// What stands above the message as it was sent: names of fields.
fn above(mail: &Delivered, sent: &[u8]) -> String {
    let at = mail.raw.len() - sent.len();
    assert_eq!(
        String::from_utf8_lossy(&mail.raw[at..]),
        String::from_utf8_lossy(sent),
        "the message was changed"
    );
    let top = String::from_utf8_lossy(&mail.raw[..at]).into_owned();
    let names =
        top.lines().filter(|line| !line.starts_with(['\t', ' '])).filter_map(|line| line.split(':').next());
    names.collect::<Vec<_>>().join(" ")
}

/// Says that it is somebody from far away.
fn stranger(postfix: &Postfix) -> Client {
    let mut client = Client::connect(postfix.smtp()).unwrap();
    client.hello("mx.tests.example").unwrap();
    let reply = client.command("XCLIENT NAME=far.example ADDR=203.0.113.9").unwrap();
    assert_eq!(reply.code, 220, "{reply}");
    client.hello("far.example").unwrap();
    client
}

#[test]
fn behind_the_queue_to_dovecot() {
    if without() {
        return;
    }
    let dovecot = Dovecot::start().unwrap();
    let setup = Setup { lmtp: Some(dovecot.lmtp()), ..Setup::default() };
    let circle = circle(Mode::Filter, "content_filter=smtp:[127.0.0.1]:PORT", setup, None);
    let mut client = stranger(&circle.postfix);
    assert_eq!(client.send("a@far.example", &["hana@tests.example"], MAIL).unwrap().code, 250);
    let mail = dovecot.mailbox("hana@tests.example").wait(1).unwrap();
    assert_eq!(above(&mail[0], MAIL), "Received Received X-Sekisho Received");
    let arrival = circle.gate.only();
    let envelope = arrival.envelope.unwrap();
    assert_eq!((envelope.ip, envelope.helo.as_str()), (Some("203.0.113.9".parse().unwrap()), "far.example"));
    assert!(arrival.queue_id.is_some_and(|id| id.len() > 5));
    // Decisions of every kind in one message.
    let mixed = b"X-Decide: hana=banner jiro=quarantine saki=redirect:box@tests.example\r\n\r\nbody\r\n";
    let to = ["hana@tests.example", "jiro@tests.example", "saki@tests.example", "goro@tests.example"];
    assert_eq!(client.send("a@far.example", &to, mixed).unwrap().code, 250);
    for (name, want) in [("hana", 2), ("box", 1), ("goro", 1)] {
        let mail = dovecot.mailbox(&format!("{name}@tests.example")).wait(want).unwrap();
        assert_eq!(mail[want - 1].text().contains("\r\n\r\n[BANNER]\r\n"), name == "hana");
    }
    circle.postfix.drained().unwrap();
    assert!(dovecot.mailbox("jiro@tests.example").all().unwrap().is_empty());
    assert!(dovecot.mailbox("saki@tests.example").all().unwrap().is_empty());
}

#[test]
fn before_the_queue() {
    if without() {
        return;
    }
    let circle = circle(Mode::Proxy, "smtpd_proxy_filter=127.0.0.1:PORT", Setup::default(), None);
    let mut client = stranger(&circle.postfix);
    assert_eq!(client.send("a@far.example", &["hana@tests.example"], MAIL).unwrap().code, 250);
    assert_eq!(above(&circle.postfix.delivered(1).unwrap()[0], MAIL), "Received X-Sekisho Received");
    let envelope = circle.gate.only().envelope.unwrap();
    assert_eq!((envelope.ip, envelope.helo.as_str()), (Some("203.0.113.9".parse().unwrap()), "far.example"));
    // The second Postfix was told, too.
    assert!(
        circle
            .postfix
            .log()
            .unwrap()
            .lines()
            .any(|line| line.contains("client=far.example[203.0.113.9]") && line.contains("orig_")),
        "{}",
        circle.postfix.log().unwrap()
    );
    for (decision, want) in [
        ("reject", "550 5.7.1 Refused by policy"),
        ("defer", "451 4.7.1 Come again"),
        ("quarantine", "250 2.0.0 Ok"),
    ] {
        let mail = format!("X-Decide: hana={decision}\r\n\r\nx\r\n");
        assert_eq!(
            client.send("a@far.example", &["hana@tests.example"], mail.as_bytes()).unwrap().to_string(),
            want
        );
    }
    circle.postfix.drained().unwrap();
    assert_eq!(circle.postfix.mailbox().files().unwrap().len(), 1);
}

#[test]
fn in_front_of_another_server() {
    if without() {
        return;
    }
    let postfix = Postfix::start(&Setup::default()).unwrap();
    let service = Running::start(Arc::default(), settings(Mode::Relay, postfix.smtp()));
    let mut client = Client::connect(service.at).unwrap();
    client.hello("far.example").unwrap();
    let refused = client.send("a@far.example", &["x@elsewhere.example.", "x@tests.example"], MAIL).unwrap();
    assert!(refused.code == 250 || refused.code >= 500, "{refused}");
    for line in [
        "MAIL FROM:<\u{95a2}@far.example> BODY=8BITMIME SMTPUTF8 RET=HDRS",
        "RCPT TO:<\u{6240}@tests.example> NOTIFY=NEVER",
    ] {
        assert_eq!(client.command(line).unwrap().code, 250);
    }
    assert_eq!(client.data(MAIL).unwrap().code, 250);
    let mail = postfix.delivered(1).unwrap().pop().unwrap();
    assert_eq!(above(&mail, MAIL), "Received Received X-Sekisho");
    assert!(mail.text().contains("with UTF8SMTP id record1"), "{}", mail.text());
    // Many, at once.
    let piped: String = (0..50)
        .map(|at| format!("MAIL FROM:<a@b.example>\r\nRCPT TO:<p{at}@tests.example>\r\nDATA\r\n"))
        .collect();
    for (at, begun) in piped.split_inclusive("DATA\r\n").enumerate() {
        client.write(begun.as_bytes()).unwrap();
        let codes: Vec<u16> = (0..3).map(|_| client.reply().unwrap().code).collect();
        assert_eq!(codes, [250, 250, 354]);
        client.write(format!("Subject: {at}\r\n\r\n.\r\n").as_bytes()).unwrap();
        assert_eq!(client.reply().unwrap().code, 250);
    }
    assert!(postfix.delivered(51).unwrap().len() >= 51);
}

#[test]
fn a_queue_keeps_what_we_do_not_take() {
    if without() {
        return;
    }
    // Nobody listens where we hand on, so we take nothing.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
    let port = listener.local_addr().unwrap().port();
    let _service = Running::on(listener, Arc::default(), settings(Mode::Filter, nobody));
    let setup =
        Setup { smtpd: vec![format!("-o content_filter=smtp:[127.0.0.1]:{port}")], ..Setup::default() };
    let postfix = Postfix::start(&setup).unwrap();
    let mut client = Client::connect(postfix.smtp()).unwrap();
    client.hello("far.example").unwrap();
    assert_eq!(client.send("a@far.example", &["hana@tests.example"], MAIL).unwrap().code, 250);
    postfix.logged("451 4.4.1 The next server cannot be reached, come again").unwrap();
    assert_eq!(postfix.queue().unwrap().len(), 1);
}

#[test]
fn with_tls_on_all_ways() {
    if without() {
        return;
    }
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let folder = std::env::temp_dir().join(format!("sekisho-smtp-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("pem"), format!("{key}{chain}")).unwrap();
    let main = vec![
        format!("smtpd_tls_chain_files = {}", folder.join("pem").display()),
        "smtpd_tls_security_level = may".into(),
        "smtp_tls_security_level = encrypt".into(),
        "smtpd_tls_received_header = yes".into(),
    ];
    let setup = Setup { main, ..Setup::default() };
    let circle = circle(Mode::Filter, "content_filter=smtp:[127.0.0.1]:PORT", setup, Some((chain, key)));
    let mut client = Client::connect(circle.postfix.smtp()).unwrap();
    client.hello("far.example").unwrap();
    assert_eq!(client.send("a@far.example", &["hana@tests.example"], MAIL).unwrap().code, 250);
    let mail = circle.postfix.delivered(1).unwrap().pop().unwrap().text();
    assert_eq!(mail.matches("with ESMTPS").count(), 2, "{mail}");
    std::fs::remove_dir_all(&folder).unwrap();
}
