//! The client by itself: outcomes for each recipient, connections used again, hops of every kind.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::Duration,
};

use sekisho_intake::smtp::{
    client::{Client, Hop, Letter, Login, Outcome},
    command::{Parameter, Path},
};

use crate::support::{Next, shown};

fn client(next: SocketAddr) -> Client {
    Client::new(Hop::new("127.0.0.1", next.port(), "us.example"))
}

async fn send(client: &Client, from: &str, to: &[&str], message: &str) -> String {
    let to: Vec<Path> = to.iter().map(|to| Path::new(*to)).collect();
    let letter = Letter { from: &Path::new(from), to: &to, message: message.as_bytes(), origin: None };
    let outcomes = client.send(&letter).await;
    let one = |outcome: &Outcome| match outcome {
        Outcome::Accepted(reply) => format!("accepted {reply}"),
        Outcome::Refused(reply) => format!("refused {reply}"),
        Outcome::Later(reply) => format!("later {reply}"),
        Outcome::Unknown(trouble) => format!("unknown: {trouble}"),
    };
    outcomes.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn each_recipient_has_an_outcome() {
    let next = Next::start();
    let client = client(next.at);
    let mut all = Vec::new();
    for to in [
        &["hana@b", "nobody@b", "busy@b", "jiro@b"][..],
        &["nobody@b"],
        &["full@b"],
        &["bad@b", "busy@b"],
        &["lost@b"],
        &["hana@b"],
    ] {
        all.push(send(&client, "a@b", to, "A: b\r\n\r\n.x").await);
    }
    all.push(send(&client, "unwelcome@b", &["hana@b"], "").await);
    insta::assert_snapshot!(all.join("\n--\n"), @r"
    accepted 250 2.0.0 Ok: queued as 1
    refused 550 5.1.1 No such user
    later 450 4.2.0 Not now
    accepted 250 2.0.0 Ok: queued as 1
    --
    refused 550 5.1.1 No such user
    --
    later 452 4.2.2 Full
    --
    refused 554 5.6.0 Bad
    later 450 4.2.0 Not now
    --
    unknown: hung up
    --
    accepted 250 2.0.0 Ok: queued as 2
    --
    refused 550 5.7.1 Sender unwelcome
    ");
    insta::assert_snapshot!(shown(&next.got()), @r"
    MAIL FROM:<a@b> SIZE=10
    RCPT TO:<hana@b>
    RCPT TO:<jiro@b>
    A: b

    .x
    --
    MAIL FROM:<a@b> SIZE=10
    RCPT TO:<hana@b>
    A: b

    .x
    ");
    assert_eq!(next.connections(), 2, "one was lost");
}

#[tokio::test]
async fn a_connection_that_is_gone_is_replaced() {
    let next = Next::start();
    let client = client(next.at);
    for _ in 0..3 {
        assert!(send(&client, "a@b", &["closer@b"], "x").await.starts_with("accepted"));
    }
    assert_eq!((next.connections(), next.got().len()), (3, 3));
    for _ in 0..3 {
        assert!(send(&client, "a@b", &["hana@b"], "x").await.starts_with("accepted"));
    }
    assert_eq!((next.connections(), next.got().len()), (4, 6));
}

#[tokio::test]
async fn what_could_be_another_command_is_not_sent() {
    let next = Next::start();
    let client = client(next.at);
    for address in ["a@b>\r\nRCPT TO:<evil@b", "a@b> NOTIFY=NEVER", "a\n@b", "a b@c"] {
        assert_eq!(
            send(&client, "a@b", &[address], "x").await,
            "refused 501 5.1.3 An address cannot be written"
        );
    }
    let mut from = Path::new("a@b");
    from.parameters.push(Parameter { name: "ENVID".into(), value: Some("x\r\nDATA".into()) });
    let letter = Letter { from: &from, to: &[Path::new("a@b")], message: b"", origin: None };
    assert!(matches!(client.send(&letter).await[..], [Outcome::Refused(_)]));
    assert_eq!(next.connections(), 0);
}

#[tokio::test]
async fn what_a_hop_does_not_offer_is_not_used() {
    let next = Next::offering(&[]);
    let client = client(next.at);
    let parameter = |name: &str, value: &str| Parameter { name: name.into(), value: Some(value.into()) };
    let mut from = Path::new("a@b");
    from.parameters = vec![parameter("BODY", "8BITMIME"), parameter("RET", "FULL"), parameter("SIZE", "3")];
    let mut to = Path::new("hana@b");
    to.parameters = vec![parameter("NOTIFY", "NEVER")];
    let letter = Letter { from: &from, to: &[to], message: b"\xe9", origin: Some(&Default::default()) };
    assert!(client.send(&letter).await[0].is_accepted());
    assert_eq!(next.got()[0].said, ["MAIL FROM:<a@b>", "RCPT TO:<hana@b>"]);
}

/// A hop that says these lines, one after each line that it hears.
fn scripted(lines: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut write = stream.try_clone().unwrap();
            let mut heard = BufReader::new(stream).lines();
            for line in lines {
                let _ = write.write_all(format!("{line}\r\n").as_bytes());
                if heard.next().is_none() {
                    break;
                }
            }
        }
    });
    at
}

#[tokio::test]
async fn hops_of_every_kind() {
    let mut all = Vec::new();
    for lines in [
        &["220 x", "500 what", "250 x", "250 ok", "250 ok", "354 go", "250 taken", "221 bye"][..],
        &["554 no"],
        &["220 x", "421 later"],
        &["220 x", "500 what", "500 what"],
        &["HTTP/1.1 400 Bad Request"],
        &["220 x", "250 x", "250 ok", "250 ok", "250 what"],
        &["220 x", "250 x", "250 ok", "421 bye"],
        &["220 x", "250 x", "250 ok", "250-a\r\n251 b"],
    ] {
        let mut hop = Hop::new("127.0.0.1", scripted(lines).port(), "us.example");
        hop.waits.greeting = Duration::from_secs(5);
        all.push(send(&Client::new(hop), "a@b", &["c@d"], "x").await);
    }
    insta::assert_snapshot!(all.join("\n"), @r"
    accepted 250 taken
    later 451 4.4.1 The next server cannot be reached, come again
    later 451 4.4.1 The next server cannot be reached, come again
    later 451 4.4.1 The next server cannot be reached, come again
    later 451 4.4.2 The next server did not answer, come again
    later 451 4.4.2 The next server did not answer, come again
    later 421 bye
    later 451 4.4.2 The next server did not answer, come again
    ");
}

/// What a hop that offers this makes of a name and a password, and what it hears after EHLO.
async fn logged_in(host: &str, lines: &'static [&'static str]) -> String {
    let (heard, at) = listening(lines);
    let mut hop = Hop::new(host, at.port(), "us.example");
    hop.waits.greeting = Duration::from_secs(5);
    hop.login = Some(Login { user: "sekisho".into(), password: "sécret".into() });
    let came = send(&Client::new(hop), "a@b", &["c@d"], "x").await;
    let heard: Vec<String> = heard.lock().unwrap().iter().skip(1).take(3).cloned().collect();
    format!("{came} | {}", heard.join(" ")).trim_end().to_owned()
}

/// A [`scripted`] hop, and what it hears.
fn listening(lines: &'static [&'static str]) -> (Arc<Mutex<Vec<String>>>, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (at, all) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let noted = Arc::clone(&all);
    std::thread::spawn(move || {
        let Some(stream) = listener.incoming().flatten().next() else { return };
        let mut write = stream.try_clone().unwrap();
        let mut heard = BufReader::new(stream).lines();
        for line in lines {
            let _ = write.write_all(format!("{line}\r\n").as_bytes());
            let Some(Ok(line)) = heard.next() else { break };
            noted.lock().unwrap().push(line);
        }
    });
    (all, at)
}

#[tokio::test]
async fn it_says_who_it_is_where_nobody_listens() {
    let mut all = Vec::new();
    let plain =
        &["220 x", "250-x\r\n250 AUTH LOGIN PLAIN", "235 in", "250 ok", "250 ok", "354 go", "250 taken"];
    let login =
        &["220 x", "250-x\r\n250 AUTH LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 in", "250 ok"];
    let wrong = &["220 x", "250-x\r\n250 AUTH PLAIN", "535 5.7.8 wrong", "221 bye"];
    let none = &["220 x", "250 x", "221 bye"];
    for lines in [&plain[..], login, wrong, none] {
        all.push(logged_in("127.0.0.1", lines).await);
    }
    // The same place by a name that could be anywhere.
    all.push(logged_in("127.1", plain).await);
    insta::assert_snapshot!(all.join("\n"), @r"
    accepted 250 taken | AUTH PLAIN AHNla2lzaG8Ac8OpY3JldA== MAIL FROM:<a@b> RCPT TO:<c@d>
    later 451 4.4.2 The next server did not answer, come again | AUTH LOGIN c2VraXNobw== c8OpY3JldA==
    later 451 4.4.1 The next server cannot be reached, come again | AUTH PLAIN AHNla2lzaG8Ac8OpY3JldA==
    later 451 4.4.1 The next server cannot be reached, come again |
    later 451 4.4.1 The next server cannot be reached, come again |
    ");
    let login = Login { user: "sekisho".into(), password: "secret".into() };
    assert_eq!(format!("{login:?}"), "Login(…)");
}
