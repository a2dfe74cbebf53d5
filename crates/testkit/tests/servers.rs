//! The private mail servers start, take mail, deliver it byte for byte, and are gone afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

use std::net::TcpStream;

use sekisho_testkit::servers::{self, Client, Dovecot, Postfix, Setup};

const RAW: &[u8] = b"Subject:  two blanks\r\nX-Folded: a\r\n\t b\r\n\r\n.dot\r\n..\r\nbody\r\n";

#[test]
fn postfix_delivers_into_its_own_maildir_and_shows_its_queue() {
    if servers::without() {
        return;
    }
    let mut postfix = Postfix::start(&Setup::default()).unwrap();
    let mut client = Client::connect(postfix.smtp()).unwrap();
    client.hello("client.example").unwrap();
    let to = ["hana@tests.example", "ken@tests.example"];
    assert_eq!(client.send("a@client.example", &to, RAW).unwrap().code, 250);
    let away = client.send("a@client.example", &["x@elsewhere.example"], RAW).unwrap();
    assert_eq!((away.code, away.lines[0].contains("no mail leaves the tests")), (550, true), "{away}");
    let mail = postfix.delivered(2).unwrap();
    let mut found: Vec<&str> = mail.iter().map(|one| one.to.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, to);
    assert_eq!(mail[0].from, "a@client.example");
    assert_eq!(mail[0].from_line("Subject:"), RAW);
    assert!(mail[0].raw.starts_with(b"Received: from client.example"), "{}", mail[0].text());
    assert!(postfix.logged("to=<ken@tests.example>").unwrap().contains("status=sent"));
    postfix.drained().unwrap();

    postfix.down();
    assert!(TcpStream::connect(postfix.smtp()).is_err());
    postfix.up().unwrap();
    assert_eq!(Client::connect(postfix.smtp()).unwrap().greeting.code, 220);
    let smtp = postfix.smtp();
    drop(postfix);
    assert!(TcpStream::connect(smtp).is_err());
}

#[test]
fn held_mail_is_seen_in_the_queue() {
    if servers::without() {
        return;
    }
    let main = vec!["smtpd_sender_restrictions = static:hold".to_owned()];
    let postfix = Postfix::start(&Setup { main, ..Setup::default() }).unwrap();
    let mut client = Client::connect(postfix.smtp()).unwrap();
    client.hello("client.example").unwrap();
    assert_eq!(client.send("a@client.example", &["hana@tests.example"], RAW).unwrap().code, 250);
    let queue = postfix.queue().unwrap();
    assert_eq!((queue[0].queue_name.as_str(), queue[0].sender.as_str()), ("hold", "a@client.example"));
    assert_eq!(queue[0].recipients[0].address, "hana@tests.example");
    postfix.run("postsuper", &["-H", &queue[0].queue_id]).unwrap();
    postfix.run("postqueue", &["-f"]).unwrap();
    assert_eq!(postfix.delivered(1).unwrap()[0].to, "hana@tests.example");
}

#[test]
fn dovecot_is_the_last_hop_of_postfix_and_checks_logins() {
    if servers::without() {
        return;
    }
    let dovecot = Dovecot::start().unwrap();
    let main = vec![
        "smtpd_sasl_auth_enable = yes".to_owned(),
        "smtpd_sasl_type = dovecot".to_owned(),
        format!("smtpd_sasl_path = inet:{}", dovecot.auth()),
    ];
    let setup = Setup { lmtp: Some(dovecot.lmtp()), main, ..Setup::default() };
    let postfix = Postfix::start(&setup).unwrap();
    let mut client = Client::connect(postfix.smtp()).unwrap();
    client.hello("client.example").unwrap();
    // "\0hana@tests.example\0wrong", "\0hana@tests.example\0secret"
    assert_eq!(client.command("AUTH PLAIN AGhhbmFAdGVzdHMuZXhhbXBsZQB3cm9uZw==").unwrap().code, 535);
    assert_eq!(client.command("AUTH PLAIN AGhhbmFAdGVzdHMuZXhhbXBsZQBzZWNyZXQ=").unwrap().code, 235);
    assert_eq!(client.send("a@client.example", &["hana@tests.example"], RAW).unwrap().code, 250);
    let mail = dovecot.mailbox("hana@tests.example").wait(1).unwrap();
    assert_eq!((mail[0].to.as_str(), mail[0].from.as_str()), ("hana@tests.example", "a@client.example"));
    assert_eq!(mail[0].from_line("Subject:"), RAW, "{}", mail[0].text());
    assert!(TcpStream::connect(dovecot.imap()).is_ok());
}
