//! The milter intake behind a real Postfix: what is delivered, byte for byte, and what the client is told.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

mod gate;

use std::{io::Write as _, sync::Arc, time::Duration};

use gate::{
    FIELD, Gate,
    ruled::{FORGED, LEFT, OURS, Ruled},
};
use sekisho_engine::gate::Gatekeeper;
use sekisho_intake::milter::{Listener, Settings, serve};
use sekisho_testkit::servers::{self, Client, Dovecot, Postfix, Reply, Setup, free_port};
use tokio::runtime::Runtime;

/// A message that says nothing of what is to be done with it.
const RAW: &[u8] = b"Subject: x\r\n\r\nbody\r\n";

/// A milter, a Postfix that asks it, and a client of that.
struct Stage {
    runtime: Option<Runtime>,
    gate: Arc<Gate>,
    postfix: Postfix,
    client: Client,
    address: String,
}

fn milter(address: &str, gatekeeper: Arc<dyn Gatekeeper>, settings: Settings) -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = runtime.block_on(Listener::bind(address, 0o666)).unwrap();
    runtime.spawn(serve(listener, gatekeeper, settings, std::future::pending()));
    runtime
}

impl Stage {
    fn new() -> Self {
        Self::with(&format!("inet:127.0.0.1:{}", free_port().unwrap()), Settings::default(), &[])
    }

    fn with(address: &str, settings: Settings, main: &[&str]) -> Self {
        let gate = Gate::new();
        Self::asking(address, gate.clone(), gate, settings, main)
    }

    /// A Postfix that asks this gatekeeper.
    fn asking(
        address: &str,
        gatekeeper: Arc<dyn Gatekeeper>,
        gate: Arc<Gate>,
        settings: Settings,
        main: &[&str],
    ) -> Self {
        let runtime = Some(milter(address, gatekeeper, settings));
        let main = main.iter().map(|line| (*line).to_owned()).collect();
        let setup = Setup { milter: Some(address.into()), main, ..Setup::default() };
        let postfix = Postfix::start(&setup).unwrap();
        let mut client = Client::connect(postfix.smtp()).unwrap();
        client.hello("client.example").unwrap();
        Self { runtime, gate, postfix, client, address: address.into() }
    }

    fn send(&mut self, to: &[&str], raw: &[u8]) -> Reply {
        self.client.send("a@client.example", to, raw).unwrap()
    }

    /// Sends a message to one recipient, and what is delivered of it.
    fn delivered(&mut self, raw: &[u8]) -> Vec<u8> {
        let before = self.postfix.mailbox().files().unwrap().len();
        let reply = self.send(&["hana@tests.example"], raw);
        assert_eq!(reply.code, 250, "{reply}");
        self.postfix.delivered(before + 1).unwrap().pop().unwrap().raw
    }
}

/// What stands above the first line of the message that begins so, and the rest.
fn apart<'a>(delivered: &'a [u8], first: &str) -> (String, &'a [u8]) {
    let at = delivered.windows(first.len()).position(|window| window == first.as_bytes()).expect(first);
    (String::from_utf8_lossy(&delivered[..at]).into_owned(), &delivered[at..])
}

/// Messages that say nothing of what is to be done with them.
const CLEAN: [&[u8]; 6] = [
    b"Subject: plain\r\n\r\nbody\r\n",
    b"Subject:no blank\r\nX-Two:  two\r\nX-Tab:\tx\r\nX-Empty:\r\nX-Blank: \r\nX-End: x \r\n\r\n.dot\r\n..\r\n\r\n\r\n",
    b"Subject: folded\r\n\tonce\r\n  and again\r\nX-Last: a\r\n \r\n b\r\n\r\nbody without an end",
    b"Subject: \xe8\x8a\xb1\xff\r\n\r\n\xe8\x8a\xb1 \xff\x80\r\n",
    b"Subject: no body\r\n\r\n",
    b"Subject: no separation\r\n",
];

#[test]
fn clean_mail_is_what_it_was_below_our_fields() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    for raw in CLEAN {
        let delivered = stage.delivered(raw);
        let mut whole = raw.to_vec();
        if !whole.ends_with(b"\r\n") {
            whole.extend_from_slice(b"\r\n");
        }
        // The end of a header is told whether the message has an empty line there or not.
        let judged = stage.gate.last().raw;
        let ended = raw.windows(4).any(|four| four == b"\r\n\r\n");
        let judged = if ended { &judged[..] } else { &judged[..judged.len() - 2] };
        assert_eq!(judged.escape_ascii().to_string(), whole.escape_ascii().to_string(), "as it was judged");
        let (above, below) = apart(&delivered, "Subject:");
        assert_eq!(below.escape_ascii().to_string(), whole.escape_ascii().to_string(), "as it was delivered");
        assert!(
            above.starts_with(&format!("{FIELD}X-Second: below\r\nReceived: from client.example")),
            "{above}"
        );
        assert_eq!(above.matches("\r\nReceived:").count(), 1);
    }
}

#[test]
fn messages_of_the_scenarios_are_judged_as_they_are_delivered() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    // Some of each kind: Postfix waits for the disk at every message.
    let cases: Vec<_> = sekisho_testkit::scenarios::all().into_iter().step_by(4).collect();
    assert!(cases.len() > 50, "{} messages", cases.len());
    for case in &cases {
        let reply = stage.send(&["hana@tests.example"], &case.raw);
        assert_eq!(reply.code, 250, "{reply}");
    }
    let mut judged: Vec<_> = stage.gate.arrivals().into_iter().map(|arrival| arrival.raw).collect();
    for mail in stage.postfix.delivered(cases.len()).unwrap() {
        let at = judged.iter().position(|raw| mail.raw.ends_with(raw)).expect("it was judged as it is");
        let raw = judged.swap_remove(at);
        let above = String::from_utf8_lossy(&mail.raw[..mail.raw.len() - raw.len()]).into_owned();
        let ours = above.strip_prefix(&format!("{FIELD}X-Second: below\r\nReceived: ")).expect("our fields");
        assert!(ours.trim_end().split("\r\n").skip(1).all(|line| line.starts_with('\t')), "{ours}");
    }
    assert!(judged.is_empty());
}

#[test]
fn the_envelope_is_that_of_the_client() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::with(
        &format!("inet:127.0.0.1:{}", free_port().unwrap()),
        Settings::default(),
        &["inet_protocols = all", "mynetworks = 127.0.0.0/8, [2001:db8::]/32"],
    );
    let begun = stage.client.command("XCLIENT ADDR=IPV6:2001:db8::7 NAME=mail.client.example").unwrap();
    assert_eq!(begun.code, 220, "{begun}");
    let hello = stage.client.hello("other.example").unwrap();
    assert_eq!(hello.code, 250, "{hello}");
    stage.client.command("MAIL FROM:<\"a b\"@client.example> SIZE=20 BODY=8BITMIME RET=HDRS").unwrap();
    assert_eq!(stage.client.command("RCPT TO:<\"h>ana\"@tests.example> NOTIFY=NEVER").unwrap().code, 250);
    assert_eq!(stage.client.command("RCPT TO:<ken+list@tests.example>").unwrap().code, 250);
    assert_eq!(stage.client.data(RAW).unwrap().code, 250);
    let arrival = stage.gate.last();
    let envelope = arrival.envelope.unwrap();
    assert_eq!(envelope.mail_from, "\"a b\"@client.example");
    assert_eq!(envelope.rcpt_to, ["\"h>ana\"@tests.example", "ken+list@tests.example"]);
    assert_eq!((envelope.helo.as_str(), envelope.login), ("other.example", None));
    assert_eq!(envelope.ip.unwrap().to_string(), "2001:db8::7");
    assert_eq!((arrival.intake, arrival.splits), ("milter", true));
    assert!(stage.postfix.log().unwrap().contains(&format!("{}: client=", arrival.queue_id.unwrap())));

    let mut client = Client::connect(stage.postfix.smtp()).unwrap();
    client.hello("client.example").unwrap();
    client.command("MAIL FROM:<> SMTPUTF8").unwrap();
    assert_eq!(client.command("RCPT TO:<花@tests.example>").unwrap().code, 250);
    assert_eq!(client.data(RAW).unwrap().code, 250);
    let envelope = stage.gate.last().envelope.unwrap();
    assert_eq!((envelope.mail_from.as_str(), envelope.login), ("", None));
    assert_eq!(envelope.rcpt_to, ["花@tests.example"]);
    assert_eq!(envelope.ip.unwrap().to_string(), "127.0.0.1");
}

#[test]
fn who_logged_in_is_named_and_local_mail_is_judged() {
    if servers::without() {
        return;
    }
    let dovecot = Dovecot::start().unwrap();
    let path = format!("smtpd_sasl_path = inet:{}", dovecot.auth());
    let address = format!("inet:127.0.0.1:{}", free_port().unwrap());
    let also = format!("non_smtpd_milters = {address}");
    let main = ["smtpd_sasl_auth_enable = yes", "smtpd_sasl_type = dovecot", &path, &also];
    let mut stage = Stage::with(&address, Settings::default(), &main);
    // "\0hana@tests.example\0secret"
    let said = stage.client.command("AUTH PLAIN AGhhbmFAdGVzdHMuZXhhbXBsZQBzZWNyZXQ=").unwrap();
    assert_eq!(said.code, 235, "{said}");
    stage.delivered(RAW);
    let login = |stage: &Stage| stage.gate.last().envelope.unwrap().login;
    assert_eq!(login(&stage).as_deref(), Some("hana@tests.example"));
    stage.client = Client::connect(stage.postfix.smtp()).unwrap();
    stage.client.hello("client.example").unwrap();
    stage.delivered(RAW);
    assert_eq!(login(&stage), None);

    let raw = "From: root@tests.example\nTo: hana@tests.example\nSubject: local\n\nbody\n";
    let mut sendmail = std::process::Command::new("/usr/sbin/sendmail");
    sendmail.arg("-C").arg(stage.postfix.conf()).args(["-f", "root@tests.example", "hana@tests.example"]);
    let mut sending = sendmail.stdin(std::process::Stdio::piped()).spawn().unwrap();
    sending.stdin.take().unwrap().write_all(raw.as_bytes()).unwrap();
    assert!(sending.wait().unwrap().success());
    let delivered = stage.postfix.delivered(3).unwrap().pop().unwrap();
    assert!(delivered.text().contains("\r\nSubject: local\r\n") && delivered.text().starts_with(FIELD));
    let envelope = stage.gate.last().envelope.unwrap();
    assert_eq!((envelope.mail_from.as_str(), envelope.login), ("root@tests.example", None));
}

#[test]
fn fields_go_and_change_by_their_number() {
    if servers::without() {
        return;
    }
    let raw = b"X-F: 1\r\nSubject: x\r\nx-f: 2\r\nX-F: 3\r\n y\r\nX-F: 4\r\nX-Remove: X-F\r\n\r\nbody\r\n";
    let delivered = Stage::new().delivered(raw);
    let (above, below) = apart(&delivered, "Subject:");
    assert!(above.starts_with(FIELD) && !above.contains("X-F: 1"), "{above}");
    let below = String::from_utf8_lossy(below);
    assert_eq!(
        below.to_ascii_lowercase(),
        "subject: x\r\nx-f:  changed\r\n here\r\nx-f: 4\r\nx-remove: x-f\r\n\r\nbody\r\n"
    );
}

#[test]
fn fields_in_our_name_are_removed_byte_for_byte() {
    if servers::without() {
        return;
    }
    let address = format!("inet:127.0.0.1:{}", free_port().unwrap());
    let mut stage = Stage::asking(&address, Ruled::new(), Gate::new(), Settings::default(), &[]);
    let delivered = stage.delivered(FORGED.as_bytes());
    let (above, below) = apart(&delivered, "Authentication-Results: other");
    assert!(above.starts_with(OURS) && above.matches("tests.example;").count() == 1, "{above}");
    assert_eq!(String::from_utf8_lossy(below), LEFT);
    // Postfix takes blanks before the colon away; what we read is what it removes.
    let blank = "Authentication-Results : tests.example; spf=pass\r\nSubject: x\r\n\r\nbody\r\n";
    let delivered = stage.delivered(blank.as_bytes());
    assert!(!String::from_utf8_lossy(&delivered).contains("spf=pass"), "{delivered:?}");
}

/// A field of so many bytes, folded.
fn long_field(bytes: usize) -> String {
    let mut field = String::from("X-Long: begin");
    while field.len() < bytes {
        field.push_str(&format!("\r\n {:060}", field.len()));
    }
    field
}

#[test]
fn a_body_of_four_megabytes_is_replaced() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    let head = format!("Subject: x\r\nX-Do: banner\r\n{}\r\n\r\n", long_field(50_000));
    let raw = format!("{head}{}", "<p>text</p>\r\n".repeat(300_000));
    let delivered = stage.delivered(raw.as_bytes());
    let judged = stage.gate.last().raw;
    assert!(*judged == *raw.as_bytes(), "{} bytes instead of {}", judged.len(), raw.len());
    let (_, below) = apart(&delivered, "Subject:");
    let mut want = head.into_bytes();
    want.extend_from_slice(&gate::banner_body());
    assert!(below == want, "{} bytes instead of {}", below.len(), want.len());
}

/// With any milter, Postfix keeps 60,000 bytes of a field and no more.
#[test]
fn of_a_field_of_eighty_kilobytes_what_is_judged_is_delivered() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    let raw = format!("Subject: x\r\n{}\r\nX-Last: y\r\n\r\nbody\r\n", long_field(80_000));
    let delivered = stage.delivered(raw.as_bytes());
    let judged = stage.gate.last().raw;
    assert!(apart(&delivered, "Subject:").1 == &judged[..]);
    let same = judged.iter().zip(raw.as_bytes()).take_while(|(one, other)| one == other).count();
    assert!((60_000..62_000).contains(&same), "{same}");
    assert!(judged.ends_with(b"\r\nX-Last: y\r\n\r\nbody\r\n"));
}

#[test]
fn refusals_are_told_and_held_mail_is_accepted_and_goes_to_nobody() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    let mut said = |wish: &str| {
        let raw = format!("Subject: x\r\nX-Do: {wish}\r\n\r\nbody\r\n");
        stage.send(&["hana@tests.example", "ken@tests.example"], raw.as_bytes()).to_string()
    };
    assert_eq!(said("reject Refused, 100%"), "550 5.7.1 Refused, 100");
    assert_eq!(said("defer Come again"), "451 4.7.1 Come again");
    // The real gate holds it for those who are refused; one that does not is not believed for everybody.
    assert_eq!(said("deliver; reject Not for everybody"), "451 4.7.1 Please try again later");
    assert_eq!(said("reject Not you; reject Nor you"), "550 5.7.1 Not you");
    assert!(said("hold").starts_with("250 2.0.0 Ok"));
    assert!(said("redirect desk@tests.example").starts_with("250 2.0.0 Ok"));
    assert!(said("deliver; hold").starts_with("250 2.0.0 Ok"));
    // The last two are delivered, once each, and nothing else is on its way.
    let mut to: Vec<String> = stage.postfix.delivered(2).unwrap().into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["desk@tests.example", "hana@tests.example"]);
    stage.postfix.drained().unwrap();
    assert_eq!(stage.postfix.mailbox().files().unwrap().len(), 2);
    assert_eq!(stage.gate.arrivals().len(), 7);
}

#[test]
fn several_messages_on_one_connection_and_one_taken_back() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    for at in 1..=3 {
        let raw = format!("Subject: {at}\r\n\r\nbody {at}\r\n");
        let delivered = stage.delivered(raw.as_bytes());
        assert_eq!(apart(&delivered, "Subject:").1, raw.as_bytes());
        stage.client.command("MAIL FROM:<gone@client.example>").unwrap();
        stage.client.command("RCPT TO:<ken@tests.example>").unwrap();
        assert_eq!(stage.client.command("RSET").unwrap().code, 250);
    }
    let from: Vec<String> =
        stage.gate.arrivals().into_iter().map(|arrival| arrival.envelope.unwrap().mail_from).collect();
    assert_eq!(from, ["a@client.example"; 3]);
}

#[test]
fn a_slow_gate_is_waited_for_as_long_as_it_is_told() {
    if servers::without() {
        return;
    }
    let patient = ["milter_content_timeout = 5s"];
    let address = || format!("inet:127.0.0.1:{}", free_port().unwrap());
    let raw = b"Subject: x\r\nX-Wait: 12\r\n\r\nbody\r\n";
    let settings = Settings { progress: Duration::from_secs(2), ..Settings::default() };
    let mut stage = Stage::with(&address(), settings, &patient);
    let mut silent = {
        let settings = Settings { progress: Duration::from_secs(100), ..Settings::default() };
        Stage::with(&address(), settings, &patient)
    };
    let other = std::thread::spawn(move || silent.send(&["hana@tests.example"], raw));
    stage.delivered(raw);
    assert_eq!(other.join().unwrap().code, 451, "without a sign of life Postfix does not wait");
}

#[test]
fn a_milter_that_dies_within_a_message_loses_nothing() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    let raw = b"Subject: x\r\nX-Wait: 100\r\n\r\nbody\r\n";
    let (smtp, gate) = (stage.postfix.smtp(), Arc::clone(&stage.gate));
    let waiting = std::thread::spawn(move || {
        let mut client = Client::connect(smtp).unwrap();
        client.hello("client.example").unwrap();
        client.send("a@client.example", &["hana@tests.example"], raw).unwrap()
    });
    servers::wait(|| "no arrival".into(), || Ok((!gate.arrivals().is_empty()).then_some(()))).unwrap();
    stage.runtime.take().unwrap().shutdown_timeout(Duration::from_secs(10));
    assert_eq!(waiting.join().unwrap().code, 451);
    assert_eq!(
        stage.send(&["hana@tests.example"], b"Subject: x\r\n\r\nbody\r\n").code,
        451,
        "nobody answers"
    );
    stage.postfix.drained().unwrap();

    stage.runtime = Some(milter(&stage.address, stage.gate.clone(), Settings::default()));
    let mut client = Client::connect(smtp).unwrap();
    client.hello("client.example").unwrap();
    let again =
        client.send("a@client.example", &["hana@tests.example"], b"Subject: x\r\n\r\nagain\r\n").unwrap();
    assert_eq!(again.code, 250, "{again}");
    stage.postfix.delivered(1).unwrap();
    stage.postfix.drained().unwrap();
    assert_eq!(stage.postfix.mailbox().files().unwrap().len(), 1);
}

#[test]
fn postfix_asks_over_a_unix_socket() {
    use std::os::unix::fs::PermissionsExt as _;
    if servers::without() {
        return;
    }
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("milter");
    let mut stage = Stage::with(&format!("unix:{}", path.display()), Settings::default(), &[]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
    stage.delivered(b"Subject: x\r\n\r\nbody\r\n");
    assert_eq!(stage.gate.arrivals().len(), 1);
}

#[test]
fn ten_thousand_recipients_are_held_and_one_more_is_refused() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    let names: Vec<String> = (0..10_001).map(|at| format!("u{at}@tests.example")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let raw = b"Subject: x\r\nX-Do: hold\r\n\r\nbody\r\n";
    assert_eq!(stage.send(&all[..10_000], raw).code, 250);
    assert_eq!(stage.gate.last().envelope.unwrap().rcpt_to.len(), 10_000);
    // Postfix looks through all of them for each that goes.
    let raw = b"Subject: x\r\nX-Do: deliver; deliver; hold\r\n\r\nbody\r\n";
    assert_eq!(stage.send(&all[..500], raw).code, 250);
    let to: Vec<String> = stage.postfix.delivered(2).unwrap().into_iter().map(|mail| mail.to).collect();
    assert!(to.contains(&names[0]) && to.contains(&names[1]), "{to:?}");
    let refused = stage.send(&all, raw);
    assert_eq!(refused.to_string(), "452 4.5.3 Too many recipients");
    stage.postfix.drained().unwrap();
    assert_eq!(stage.postfix.mailbox().files().unwrap().len(), 2);
}
