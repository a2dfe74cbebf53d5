//! Held mail from beginning to end: the real binary behind a real Postfix and Dovecot holds a message, a lockdown keeps
//! it, two administrators lift that, and what is released is delivered once, as it was sent.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot run fails")]

use std::{
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use sekisho_testkit::servers::{self, Client, Dovecot, Postfix, Setup, free_port};
use serde_json::Value;

const HELD: &[u8] =
    b"Subject:  please hold me\r\nFrom: Eve <eve@client.example>\r\nX-Odd: a\r\n\t b\r\n\r\n.dot\r\n..\r\n\xe3\x81\x82 8 bits \r\n\r\n";
const CLEAN: &[u8] = b"Subject: hello\r\nFrom: Ann <ann@client.example>\r\n\r\nbody\r\n";
const TO: &str = "hana@tests.example";

/// Everything in the feed's form, since one rule is enough.
const RULE: &str = "name: Held by the test
description: Holds what asks for it.
type: rule
severity: critical
source: |
  strings.icontains(subject.subject, 'please hold me')
";

/// A server of mail with ours beside it.
struct Stage {
    folder: tempfile::TempDir,
    milter: u16,
    server: Option<Child>,
    postfix: Postfix,
    dovecot: Dovecot,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (milter, back) = (free_port().unwrap(), free_port().unwrap());
        let zone = Path::new("../testkit/scenarios/reply-chain/zone.txt").canonicalize().unwrap();
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        std::fs::write(folder.path().join("rules/held.yml"), RULE).unwrap();
        let config = format!(
            "[organisation]\ndomains = ['tests.example']\n[authentication]\nzone = '{}'\n\
             [rules]\nbuiltin = false\nfolders = ['rules']\n[serve]\nworkers = 1\n\
             [milter]\nlisten = ['127.0.0.1:{milter}']\n[http]\nlisten = []\n[release]\nnext = '127.0.0.1:{back}'\n",
            zone.display()
        );
        std::fs::write(folder.path().join("sekisho.toml"), config).unwrap();
        let dovecot = Dovecot::start().unwrap();
        let services =
            vec![format!("127.0.0.1:{back} inet n - n - - smtpd -o receive_override_options=no_milters")];
        let milter_place = Some(format!("inet:127.0.0.1:{milter}"));
        let setup = Setup { milter: milter_place, lmtp: Some(dovecot.lmtp()), services, ..Setup::default() };
        let postfix = Postfix::start(&setup).unwrap();
        let mut stage = Self { folder, milter, server: None, postfix, dovecot };
        stage.start();
        stage
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn start(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .args(["serve", "--config", &self.path("sekisho.toml"), "--data", &self.path("data")])
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.server = Some(child);
        let said = || std::fs::read_to_string(self.path("log")).unwrap_or_default();
        servers::wait(said, || Ok(TcpStream::connect(("127.0.0.1", self.milter)).ok())).unwrap();
    }

    /// Ends the server as systemd does.
    fn stop(&mut self) {
        let Some(mut child) = self.server.take() else { return };
        let pid = rustix::process::Pid::from_child(&child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        child.wait().unwrap();
    }

    fn send(&self, from: &str, raw: &[u8]) {
        let mut client = Client::connect(self.postfix.smtp()).unwrap();
        client.hello("client.example").unwrap();
        let reply = client.send(from, &[TO], raw).unwrap();
        assert_eq!(reply.code, 250, "{reply}\n{}", std::fs::read_to_string(self.path("log")).unwrap());
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .args(arguments)
            .args(["--config", &self.path("sekisho.toml"), "--data", &self.path("data")])
            .output()
            .unwrap()
    }

    /// Exit code, and what was said on standard output and standard error.
    fn check(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    /// The lines of JSON that a command writes, which is done.
    fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn said(found: &(i32, String), code: i32, text: &str) {
    assert!(found.0 == code && found.1.contains(text), "{code} {text:?}: {found:?}");
}

#[test]
fn what_is_held_stays_through_a_lockdown_and_is_delivered_once_when_released() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    said(&stage.check(&["held", "list"]), 1, "nothing like that is held");
    stage.send("eve@client.example", HELD);
    let held = stage.json(&["held", "list"]);
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["subject"], "please hold me");
    assert_eq!((&held[0]["class"], &held[0]["states"][0]["state"]), (&"malicious".into(), &"held".into()));
    let id = held[0]["record"].as_str().unwrap();
    said(&stage.check(&["held", "list", "--sender", "@elsewhere.example"]), 1, "nothing");
    said(&stage.check(&["held", "show", id, "--raw", &stage.path("raw.eml")]), 0, TO);
    assert_eq!(std::fs::read(stage.path("raw.eml")).unwrap(), HELD);
    said(&stage.check(&["held", "show", id, "--raw", &stage.path("raw.eml")]), 3, "cannot write");

    // Nobody releases what a lockdown covers.
    let lockdown = &stage.json(&["lockdown", "order", "--reason", "drill", "--everything"])[0];
    let lock = lockdown["id"].as_str().unwrap();
    let refused = stage.check(&["held", "release", id]);
    said(&refused, 1, "(drill)");
    said(&refused, 1, &format!("sekisho lockdown lift {lock}"));
    said(&stage.check(&["lockdown", "lift", lock, "--as", "x", "--role", "analyst"]), 1, "role analyst");
    said(&stage.check(&["lockdown", "lift", lock, "--as", "a"]), 0, "second administrator");
    // Within the same second it is the same wish again; then it is refused.
    let again = || Some(stage.check(&["lockdown", "lift", lock, "--as", "a"])).filter(|found| found.0 != 0);
    said(
        &servers::wait(|| "not refused".into(), || Ok(again())).unwrap(),
        1,
        "a second administrator has to",
    );
    said(&stage.check(&["held", "release", id]), 1, "refused");
    said(&stage.check(&["lockdown", "lift", lock, "--as", "b"]), 0, "is lifted");
    said(&stage.check(&["lockdown", "list"]), 1, "no lockdown");

    said(&stage.check(&["held", "release", id, "--as", "c", "--role", "reader"]), 1, "role reader");
    said(&stage.check(&["held", "release", id, "--as", "c"]), 0, "released for 1 recipients");
    let mailbox = stage.dovecot.mailbox(TO);
    mailbox.wait(1).unwrap();
    said(&stage.check(&["held", "release", id]), 0, "released before for hana@tests.example");

    // Once: neither the second release nor another start sends it again, while other mail passes.
    stage.stop();
    stage.start();
    stage.send("ann@client.example", CLEAN);
    let mail = mailbox.wait(2).unwrap();
    stage.postfix.drained().unwrap();
    assert_eq!(mailbox.files().unwrap().len(), 2);
    let released = mail.iter().find(|mail| mail.text().contains("please hold me")).unwrap();
    let below = released.from_line("Subject:");
    assert_eq!(below.escape_ascii().to_string(), HELD.escape_ascii().to_string());
    let above = released.raw.len() - below.len();
    let above = String::from_utf8_lossy(&released.raw[..above]).into_owned();
    assert!(above.lines().all(|line| line.starts_with("Received: ") || line.starts_with('\t')), "{above}");
    assert_eq!((released.from.as_str(), released.to.as_str()), ("eve@client.example", TO));

    let audit = stage.json(&["audit"]);
    let count = |what: &str, refused: bool| {
        audit.iter().filter(|entry| entry["what"] == what && entry["refused"].is_null() != refused).count()
    };
    assert_eq!((count("lock", false), count("lift", false), count("lift", true)), (1, 2, 2), "{audit:?}");
    assert_eq!(count("release", true), 3, "{audit:?}");
}

#[test]
fn what_is_released_while_the_server_is_down_goes_out_when_it_is_up() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    stage.send("eve@client.example", HELD);
    stage.stop();
    let id = stage.json(&["held", "list"])[0]["record"].as_str().unwrap().to_owned();
    said(&stage.check(&["held", "release", &id, "--to", "ken@tests.example"]), 1, "no such thing");
    said(&stage.check(&["held", "release", &id, "--to", TO]), 0, "released for 1");
    assert!(stage.dovecot.mailbox(TO).files().unwrap().is_empty());
    stage.start();
    assert_eq!(stage.dovecot.mailbox(TO).wait(1).unwrap().len(), 1);
    said(&stage.check(&["held", "delete", &id]), 1, "released already");
}
