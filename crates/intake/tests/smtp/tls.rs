//! STARTTLS on both sides, with certificates made here.

use std::sync::Arc;

use sekisho_intake::smtp::{
    Mode,
    client::{Client, Hop, Letter, Tls},
    command::Path,
    tls,
};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio_rustls::TlsConnector;

use crate::support::{Gate, Next, Running, settings};

/// Certificate and key as PEM.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// A service with this certificate, or none.
fn secure(certificate: Option<&(String, String)>, next: &Next) -> Running {
    let mut settings = settings(Mode::Relay, next.at);
    settings.tls = certificate.map(|(chain, key)| tls::server(chain.as_bytes(), key.as_bytes()).unwrap());
    settings.tls_required = settings.tls.is_some();
    Running::start(Arc::new(Gate::default()), settings)
}

async fn sent(service: &Running, tls: Tls) -> String {
    let mut hop = Hop::new("localhost", service.at.port(), "client.example");
    hop.tls = tls;
    let letter =
        Letter { from: &Path::new("a@b"), to: &[Path::new("c@d")], message: b"\r\nx\r\n", origin: None };
    format!("{:?}", Client::new(hop).send(&letter).await[0])
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_speak_tls() {
    let (next, ours, other) = (Next::start(), certificate(), certificate());
    let service = secure(Some(&ours), &next);
    let verified = |with: &(String, String)| tls::client_verified(with.0.as_bytes()).unwrap();
    let said = [
        sent(&service, Tls::Required(verified(&ours))).await,
        sent(&service, Tls::Offered(tls::client_unverified().unwrap())).await,
        sent(&service, Tls::Required(verified(&other))).await,
        sent(&service, Tls::Never).await,
        sent(&secure(None, &next), Tls::Required(verified(&ours))).await,
        sent(&secure(None, &next), Tls::Offered(verified(&ours))).await,
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    Accepted(Reply { code: 250, lines: ["2.0.0 Ok: queued as 1"] })
    Accepted(Reply { code: 250, lines: ["2.0.0 Ok: queued as 2"] })
    Later(Reply { code: 451, lines: ["4.7.5 The next server cannot be reached safely, come again"] })
    Refused(Reply { code: 530, lines: ["5.7.0 Say STARTTLS first"] })
    Later(Reply { code: 451, lines: ["4.7.5 The next server cannot be reached safely, come again"] })
    Accepted(Reply { code: 250, lines: ["2.0.0 Ok: queued as 3"] })
    "#);
    let with: Vec<bool> = next
        .got()
        .iter()
        .map(|got| String::from_utf8_lossy(&got.message).contains("with ESMTPS id"))
        .collect();
    assert_eq!(with, [true, true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_in_the_clear_is_forgotten() {
    let (next, ours) = (Next::start(), certificate());
    let service = secure(Some(&ours), &next);
    let mut stream = BufReader::new(tokio::net::TcpStream::connect(service.at).await.unwrap());
    stream.write_all(b"EHLO a\r\nSTARTTLS\r\nMAIL FROM:<evil@b>\r\n").await.unwrap();
    let mut line = String::new();
    while !line.starts_with("220 2.0.0") {
        line.clear();
        assert!(stream.read_line(&mut line).await.unwrap() > 0);
    }
    let connector = TlsConnector::from(tls::client_verified(ours.0.as_bytes()).unwrap());
    let stream = connector.connect("localhost".try_into().unwrap(), stream.into_inner()).await.unwrap();
    let mut stream = BufReader::new(stream);
    // Neither the name nor the sender that were said before count.
    stream.write_all(b"RCPT TO:<c@d>\r\nMAIL FROM:<a@b>\r\nSTARTTLS\r\nQUIT\r\n").await.unwrap();
    let mut lines = stream.lines();
    let mut heard = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        heard.push(line);
    }
    assert_eq!(
        heard,
        ["503 5.5.1 Say MAIL first", "503 5.5.1 Say EHLO first", "502 5.5.1 Not offered", "221 2.0.0 Bye"]
    );
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    let (one, two) = (certificate(), certificate());
    assert!(tls::server(one.0.as_bytes(), two.1.as_bytes()).is_err());
    assert!(tls::server(b"x", one.1.as_bytes()).is_err());
    assert!(tls::client_verified(b"").is_err());
}
