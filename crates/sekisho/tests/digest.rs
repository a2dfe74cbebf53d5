//! People are told: the real binary behind a real Postfix and Dovecot mails one digest of what it holds, whatever is
//! killed in between, hands requests and answers on, and releases with a banner that comes off again. All of it goes
//! back through a port that takes mail over TLS and from those who log in only.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot run fails")]

use std::{
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use sekisho_policy::banner::undress;
use sekisho_record::quarantine::{Deed, Effect, EffectState, Role, Via};
use sekisho_store::{By, Key, Purpose, Rights, Store, Ticket};
use sekisho_testkit::servers::{self, Client, Delivered, Dovecot, Postfix, Setup, free_port};

const TO: &str = "hana@tests.example";
const SOC: &str = "soc@tests.example";
const FIRST: &[u8] = b"Subject: please hold me \xe2\x80\xae\xe2\x80\xac https://evil.example/x\r\n\
From: \"Bank\" <eve@client.example>\r\n\r\nfirst\r\n";
const SECOND: &[u8] = b"Subject: please hold me, too\r\nFrom: Eve <eve@client.example>\r\n\
Content-Type: text/html\r\n\r\n<html><body><p>second</p></body></html>\r\n";
const CLEAN: &[u8] = b"Subject: hello\r\nFrom: Ann <ann@client.example>\r\n\r\nbody\r\n";

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
    runtime: tokio::runtime::Runtime,
    config: String,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (milter, back) = (free_port().unwrap(), free_port().unwrap());
        let zone = Path::new("../testkit/scenarios/reply-chain/zone.txt").canonicalize().unwrap();
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        std::fs::write(folder.path().join("rules/held.yml"), RULE).unwrap();
        let dovecot = Dovecot::start().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).unwrap();
        let chain = folder.path().join("chain.pem");
        std::fs::write(&chain, made.signing_key.serialize_pem() + &made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("password"), "secret\n").unwrap();
        let config = format!(
            "[organisation]\ndomains = ['tests.example']\n[authentication]\nzone = '{}'\n\
             [rules]\nbuiltin = false\nfolders = ['rules']\n[serve]\nworkers = 1\n\
             [milter]\nlisten = ['127.0.0.1:{milter}']\n[http]\nlisten = []\n\
             [console]\nlisten = []\nurl = 'https://q.tests.example'\n[release]\nnext = 'localhost:{back}'\n\
             tls = 'starttls'\nca = 'ca.pem'\nuser = 'sekisho@tests.example'\npassword_file = 'password'\n",
            zone.display()
        );
        let services = [
            format!("127.0.0.1:{back} inet n - n - - smtpd -o receive_override_options=no_milters").as_str(),
            "  -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes",
            "  -o smtpd_client_restrictions=permit_sasl_authenticated,reject",
            "tlsmgr unix - - n 1000? 1 tlsmgr",
        ]
        .map(str::to_owned)
        .to_vec();
        let main = vec![
            format!("smtpd_tls_chain_files = {}", chain.display()),
            "smtpd_sasl_type = dovecot".to_owned(),
            format!("smtpd_sasl_path = inet:{}", dovecot.auth()),
        ];
        let milter_place = Some(format!("inet:127.0.0.1:{milter}"));
        let setup =
            Setup { milter: milter_place, lmtp: Some(dovecot.lmtp()), services, main, ..Setup::default() };
        let postfix = Postfix::start(&setup).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { folder, milter, server: None, postfix, dovecot, runtime, config }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Starts the server with this added to its configuration.
    fn start(&mut self, more: &str) {
        std::fs::write(self.path("sekisho.toml"), format!("{}{more}", self.config)).unwrap();
        let log = std::fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .args(["serve", "--config", &self.path("sekisho.toml"), "--data", &self.path("data")])
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.server = Some(child);
        servers::wait(|| self.log(), || Ok(TcpStream::connect(("127.0.0.1", self.milter)).ok())).unwrap();
    }

    /// Kills the server where it stands.
    fn kill(&mut self) {
        if let Some(mut child) = self.server.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    fn send(&self, from: &str, raw: &[u8]) {
        let mut client = Client::connect(self.postfix.smtp()).unwrap();
        client.hello("client.example").unwrap();
        let reply = client.send(from, &[TO], raw).unwrap();
        assert_eq!(reply.code, 250, "{reply}\n{}", self.log());
    }

    fn check(&self, arguments: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .args(arguments)
            .args(["--config", &self.path("sekisho.toml"), "--data", &self.path("data")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn store(&self) -> Store {
        let url = format!("sqlite:{}", self.path("data/history.db"));
        self.runtime.block_on(Store::open(&url)).unwrap()
    }

    fn digests(&self, store: &Store, state: EffectState) -> Vec<Effect> {
        let all = self.runtime.block_on(store.effects(state, 0)).unwrap();
        all.into_iter().map(|(_, effect)| effect).filter(|effect| effect.kind == "digest").collect()
    }

    /// The first message for somebody with this in its subject, once it is there.
    fn mail(&self, to: &str, subject: &str) -> Delivered {
        let mailbox = self.dovecot.mailbox(to);
        let look = || {
            let all: Vec<_> = mailbox.files()?.iter().map(std::fs::read).collect::<Result<_, _>>()?;
            let all = all.iter().map(|stored| Delivered::read(stored));
            Ok(all.into_iter().find(|mail| {
                let found = sekisho_mail::parse(&mail.raw).subject.subject;
                found.is_some_and(|found| found.contains(subject))
            }))
        };
        servers::wait(|| format!("no {subject:?} for {to}:\n{}", self.log()), look).unwrap()
    }
}

/// What the links of a digest say.
fn tickets(stage: &Stage, mail: &Delivered) -> Vec<Ticket> {
    let tickets = Key::read(Path::new(&stage.path("data/key"))).unwrap().tickets();
    let message = sekisho_mail::parse(&mail.raw);
    let text = message.plain.as_ref().unwrap().raw.clone();
    assert!(!text.contains("https://evil") && text.contains("https[:]//evil[.]example/x"), "{text}");
    let links = text.split("https://q.tests.example/t/").skip(1);
    let token = |rest: &str| rest.split_whitespace().next().unwrap_or_default().to_owned();
    links.map(|rest| tickets.open(&token(rest), Purpose::Request, 0).unwrap()).collect()
}

#[test]
fn one_digest_goes_out_and_answers_come_back() {
    if servers::without() {
        return;
    }
    let mut stage = Stage::new();
    stage.start("[digest]\nenabled = false\n");
    stage.send("eve@client.example", FIRST);
    stage.send("eve@client.example", SECOND);
    stage.kill();

    // The mail server is away, so the digest waits in the outbox; then our server is killed.
    stage.postfix.down();
    let on = format!("[digest]\nevery = 'immediately'\nnotify = ['{SOC}']\n");
    stage.start(&on);
    let store = stage.store();
    let tried = || {
        let all = stage.digests(&store, EffectState::Waiting);
        Ok(all.first().is_some_and(|effect| effect.tries > 0).then_some(all.len()))
    };
    assert_eq!(servers::wait(|| stage.log(), tried).unwrap(), 1, "one for both messages");
    stage.kill();
    stage.postfix.up().unwrap();
    stage.start(&on);
    let digest = stage.mail(TO, "2 messages are held for you");
    assert_eq!((digest.from.as_str(), digest.to.as_str()), ("", TO));
    assert!(digest.text().contains("Auto-Submitted: auto-generated\r\n"), "{}", digest.text());
    let tickets = tickets(&stage, &digest);
    assert_eq!(tickets.len(), 2);
    assert!(tickets.iter().all(|ticket| ticket.recipient == TO), "{tickets:?}");
    assert_ne!(tickets[0].record, tickets[1].record);

    // What its links do: ask. Those who answer are told, and so is who asked.
    let (rights, own) = (Rights::default(), [TO.to_owned()]);
    assert!(rights.allows(Role::Recipient, Deed::Request, sekisho_record::Class::Malicious));
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let by = By {
        who: TO,
        role: Role::Recipient,
        via: Via::Digest,
        own: &own,
        rights: &rights,
        now: i64::try_from(now).unwrap(),
        reason: "",
    };
    let ask = |ticket: &Ticket| {
        let asked = store.request_release(&by, &ticket.record, &ticket.recipient, "I wait for it");
        stage.runtime.block_on(asked).unwrap().unwrap();
    };
    tickets.iter().for_each(ask);
    let asked = stage.mail(SOC, "2 requests for held messages");
    assert!(asked.text().contains("I wait for it"));
    stage.check(&["held", "answer", "1", "--refuse", "--words", "It is phishing"]);
    stage.check(&["held", "answer", "2", "--release", "--banner"]);
    assert!(stage.mail(TO, "the message stays held").text().contains("It is phishing"));
    stage.mail(TO, "the message was released");

    // What is released with a banner warns, and gives back what was sent.
    let released = stage.mail(TO, "please hold me, too");
    assert_eq!(released.from, "eve@client.example");
    let text = released.text();
    assert!(text.contains("Sekisho-Banner:") && text.contains("https://q.tests.example/t/"), "{text}");
    assert!(undress(&released.raw).unwrap().ends_with(SECOND), "{text}");

    // Nobody is told a second time, neither by another start nor by other mail.
    stage.kill();
    stage.start(&on);
    stage.send("ann@client.example", CLEAN);
    stage.mail(TO, "hello");
    stage.postfix.drained().unwrap();
    let all = stage.dovecot.mailbox(TO).files().unwrap();
    assert_eq!(all.len(), 5, "a digest, two answers, what was released, and other mail");
    assert!(stage.digests(&store, EffectState::Waiting).is_empty());
    assert_eq!(stage.digests(&store, EffectState::Done).len(), 1);
}
