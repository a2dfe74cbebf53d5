//! The founding incidents, sent by real clients on every way on which mail gets to us: what becomes of each message.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Instant,
};

use sekisho_policy::banner::undress;
use sekisho_record::Envelope;
use sekisho_testkit::{
    scenarios::{Case, Scenario},
    servers::{self, Client, Delivered, Dovecot, Postfix, Proxy, Setup, free_port},
};

use super::Server;

/// How a Postfix hands mail to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By the milter protocol.
    Milter,
    /// By SMTP behind its queue; mail comes back at a port of its own and goes on to a Dovecot.
    ContentFilter,
    /// By SMTP before its queue, while the client waits; mail comes back at a port of its own and goes on to a Dovecot.
    BeforeQueue,
    /// To a milter of rspamd, which asks us by rspamd's protocol.
    Rspamd,
}

/// Our server, a Postfix, and what else stands around them.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) postfix: Postfix,
    dovecot: Option<Dovecot>,
    _proxy: Option<Proxy>,
    way: Way,
}

impl Stage {
    /// A server for the organisation of a scenario, and a Postfix that hands it all mail.
    pub(crate) fn new(scenario: &Scenario, way: Way) -> Self {
        let (ours, back) = (free_port().unwrap(), free_port().unwrap());
        let mode = if way == Way::BeforeQueue { "proxy" } else { "filter" };
        let by_smtp = matches!(way, Way::ContentFilter | Way::BeforeQueue);
        let smtp =
            format!("[smtp]\nlisten = ['127.0.0.1:{ours}']\nnext = '127.0.0.1:{back}'\nmode = '{mode}'\n");
        let organisation = &scenario.organisation;
        let text = format!(
            "[organisation]\nname = '{}'\ndomains = {:?}\npartners = {:?}\n[authentication]\nzone = 'zone.txt'\n{}",
            organisation.name,
            organisation.domains,
            organisation.partners,
            if by_smtp { &smtp } else { "" },
        );
        let server = Server::start_holding(&text, &[("zone.txt", &scenario.zone)]);
        let dovecot = by_smtp.then(|| Dovecot::start().unwrap());
        let proxy = (way == Way::Rspamd)
            .then(|| Proxy::start(SocketAddr::from(([127, 0, 0, 1], server.http_port))).unwrap());
        let mut setup = setup(&organisation.domains);
        setup.lmtp = dovecot.as_ref().map(Dovecot::lmtp);
        match way {
            Way::Milter => setup.milter = Some(format!("inet:127.0.0.1:{}", server.milter_port)),
            Way::Rspamd => setup.milter = proxy.as_ref().map(|proxy| format!("inet:{}", proxy.milter())),
            Way::ContentFilter => setup.smtpd.push(format!("-o content_filter=smtp:[127.0.0.1]:{ours}")),
            Way::BeforeQueue => setup.smtpd.push(format!("-o smtpd_proxy_filter=127.0.0.1:{ours}")),
        }
        if by_smtp {
            let options = "-o content_filter= -o smtpd_proxy_filter= -o receive_override_options=no_milters";
            setup.services.push(format!("127.0.0.1:{back} inet n - n - - smtpd {options}"));
        }
        let postfix = Postfix::start(&setup).unwrap();
        Self { server, postfix, dovecot, _proxy: proxy, way }
    }

    /// Everything that was delivered to these recipients.
    fn files(&self, to: &[String]) -> Vec<PathBuf> {
        let Some(dovecot) = &self.dovecot else { return self.postfix.mailbox().files().unwrap() };
        to.iter().flat_map(|to| dovecot.mailbox(&to.to_lowercase()).files().unwrap()).collect()
    }

    /// What came of the message that was sent as the next one: `malicious held`, `benign delivered` and the like.
    fn outcome(&self, case: &Case, envelope: &Envelope, so_far: &mut SoFar) -> String {
        let what = || format!("{}: neither held nor delivered\n{}", case.name, self.server.log());
        let new = servers::wait(what, || {
            if self.server.counted("quarantine") > so_far.held {
                return Ok(Some(None));
            }
            let files = self.files(&envelope.rcpt_to);
            let new: Vec<PathBuf> = files.into_iter().filter(|file| !so_far.seen.contains(file)).collect();
            Ok((new.len() >= envelope.rcpt_to.len()).then_some(Some(new)))
        });
        let Some(new) = new.unwrap() else {
            so_far.held += 1;
            return "malicious held".to_owned();
        };
        assert_eq!(new.len(), envelope.rcpt_to.len(), "{}: one file for each recipient", case.name);
        let mut all = BTreeSet::new();
        for file in new {
            all.insert(outcome(&self.delivered(&file), case));
            so_far.seen.insert(file);
        }
        all.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// A delivered file, without what somebody else adds below the top.
    fn delivered(&self, file: &Path) -> Delivered {
        let mut delivered = Delivered::read(&std::fs::read(file).unwrap());
        if self.way == Way::Rspamd {
            // rspamd's milter marks by itself whatever gets a banner.
            let mark = b"X-Spam: Yes\r\n";
            if let Some(at) = delivered.raw.windows(mark.len()).position(|bytes| bytes == mark) {
                delivered.raw.drain(at..at + mark.len());
            }
        }
        delivered
    }
}

#[derive(Default)]
struct SoFar {
    held: usize,
    seen: BTreeSet<PathBuf>,
}

/// A Postfix that keeps every field, and relays nothing.
pub(crate) fn setup(domains: &[String]) -> Setup {
    let main = [
        "message_drop_headers =",
        "smtp_send_xforward_command = yes",
        "smtpd_authorized_xclient_hosts = 127.0.0.0/8",
        "smtpd_relay_restrictions = permit_auth_destination, reject",
        "smtpd_recipient_restrictions = permit_auth_destination, reject",
    ];
    Setup { domains: domains.to_vec(), main: main.map(str::to_owned).to_vec(), ..Setup::default() }
}

/// The envelope of a case; one that was read from a mailbox gets one from its header.
pub(crate) fn envelope(case: &Case, domain: &str) -> Envelope {
    if let Some(envelope) = &case.envelope {
        return envelope.clone();
    }
    let message = sekisho_mail::parse(&case.raw);
    let address = |mailbox: &sekisho_mail::Mailbox| Some(mailbox.email.email.clone());
    let ours = |to: &String| to.ends_with(&format!("@{domain}"));
    let rcpt_to = message.to.iter().chain(&message.cc).filter_map(address).find(ours);
    Envelope {
        mail_from: message.author.as_ref().and_then(address).unwrap_or_default(),
        rcpt_to: vec![rcpt_to.unwrap_or_else(|| format!("somebody@{domain}"))],
        helo: "mail.example".to_owned(),
        ..Envelope::default()
    }
}

/// Sends a case as its sender did.
pub(crate) fn send(to: SocketAddr, case: &Case, envelope: &Envelope) -> servers::Reply {
    sent(to, case, envelope).unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

/// The same; whoever has logs shows them when no answer comes.
fn sent(to: SocketAddr, case: &Case, envelope: &Envelope) -> std::io::Result<servers::Reply> {
    let mut client = Client::connect(to)?;
    if let Some(ip) = envelope.ip {
        client.hello("client.example")?;
        let reply = client.command(&format!("XCLIENT NAME=[UNAVAILABLE] ADDR={ip}"))?;
        assert_eq!(reply.code, 220, "{reply}");
    }
    client.hello(&envelope.helo)?;
    let to: Vec<&str> = envelope.rcpt_to.iter().map(String::as_str).collect();
    client.send(&envelope.mail_from, &to, &case.raw)
}

/// What became of a delivered message, by its class: `benign delivered` and the like.
pub(crate) fn outcome(delivered: &Delivered, case: &Case) -> String {
    let message = sekisho_mail::parse(&delivered.raw);
    let field =
        |name: &str| message.fields.iter().find(|field| field.is(name)).map(|field| field.value.clone());
    let verdict = field("Sekisho-Verdict").unwrap_or_else(|| panic!("{}: no verdict", case.name));
    let class = verdict.split(';').next().unwrap_or_default().to_owned();
    if field("Sekisho-Banner").is_none() {
        // Below our field and those of the servers everything is as it was sent.
        assert!(delivered.raw.ends_with(&case.raw), "{} was changed:\n{}", case.name, delivered.text());
        return format!("{class} delivered");
    }
    let original =
        undress(&delivered.raw).unwrap_or_else(|| panic!("{}: the banner cannot be removed", case.name));
    assert!(original.ends_with(&case.raw), "{}: without the banner it is not what was sent", case.name);
    let plain = message.plain.as_ref().map(|text| text.raw.as_str());
    let page = message.dom.as_ref().map(|page| page.display_text.as_str());
    for (part, text) in [("text", plain), ("HTML", page)] {
        let Some(text) = text else { continue };
        let shown = text.trim_start().chars().take(200).collect::<String>();
        assert!(shown.contains("Warning"), "{}: {part} does not begin with the banner: {shown}", case.name);
    }
    format!("{class} warned")
}

/// How many messages of which group had which outcome.
#[derive(Default)]
pub(crate) struct Played(pub(crate) BTreeMap<String, usize>);

impl Played {
    pub(crate) fn add(&mut self, group: &str, result: &str) {
        *self.0.entry(format!("{group}: {result}")).or_default() += 1;
    }

    /// Of groups that begin so, and outcomes that end so.
    pub(crate) fn count(&self, group: &str, outcome: &str) -> usize {
        let wanted = |what: &String| what.starts_with(group) && what.ends_with(outcome);
        self.0.iter().filter(|(what, _)| wanted(what)).map(|(_, count)| count).sum()
    }
}

impl std::fmt::Display for Played {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(what, count)| writeln!(f, "{count:>4} {what}"))
    }
}

/// What is sent of a scenario: all of it, or every fifth message of each group, since there are many ways and CI has little
/// time. `SEKISHO_WHOLE=1` is the long run.
pub(crate) fn some(scenario: &Scenario, whole: bool) -> Vec<&Case> {
    let whole = whole || std::env::var_os("SEKISHO_WHOLE").is_some();
    let mut of_group: BTreeMap<String, usize> = BTreeMap::new();
    let wanted = |case: &&Case| {
        let count = of_group.entry(case.group.clone()).or_default();
        *count += 1;
        whole || *count % 5 == 1
    };
    scenario.cases.iter().filter(wanted).collect()
}

/// Sends a scenario, one message after the other.
fn play(scenario: &Scenario, way: Way) -> Played {
    let cases = some(scenario, way == Way::Milter);
    let domain = scenario.organisation.domains[0].clone();
    let stage = Stage::new(scenario, way);
    let (mut played, mut so_far, started) = (Played::default(), SoFar::default(), Instant::now());
    for case in &cases {
        let envelope = envelope(case, &domain);
        let log = || format!("{}\n{}", stage.server.log(), stage.postfix.log().unwrap());
        let reply = sent(stage.postfix.smtp(), case, &envelope)
            .unwrap_or_else(|error| panic!("{}: {error}\n{}", case.name, log()));
        assert_eq!(reply.code, 250, "{}: {reply}\n{}", case.name, log());
        played.add(&case.group, &stage.outcome(case, &envelope, &mut so_far));
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{} by {way:?}, {} messages in {seconds:.1} s:\n{played}", scenario.name, cases.len());
    stage.postfix.drained().unwrap();
    assert_eq!(played.count("", ""), cases.len(), "every message has one outcome");
    assert_eq!(stage.server.counted("quarantine"), so_far.held, "nothing is held later");
    assert!(!stage.server.log().contains("ERROR"), "{}", stage.server.log());
    assert!(stage.server.end(), "it ends well");
    played
}

/// What must come of the account that was taken over: every harmful message is held or warned about, every ordinary one
/// arrives as it was sent.
pub(crate) fn hijacked(way: Way) {
    if servers::without() {
        return;
    }
    let scenario = Scenario::read("hijacked-mailer").unwrap();
    let played = play(&scenario, way);
    let ordinary = played.count("ordinary", "");
    assert_eq!(played.count("ordinary", "benign delivered"), ordinary, "{played}");
    let harmful = played.count("", "") - ordinary;
    assert_eq!(played.count("", "held") + played.count("", "suspicious warned"), harmful, "{played}");
    assert!(ordinary >= 40 && harmful >= 24, "{played}");
}

/// What must come of replies in stolen threads: nine of ten are caught, nothing ordinary is held.
pub(crate) fn replies(way: Way) {
    if servers::without() {
        return;
    }
    let scenario = Scenario::read("reply-chain").unwrap();
    let played = play(&scenario, way);
    assert_eq!(played.count("ordinary", "held"), 0, "{played}");
    let (all, caught) = (played.count("hijacked", ""), ["held", "suspicious warned"]);
    let caught: usize = caught.iter().map(|end| played.count("hijacked", end)).sum();
    assert!(all >= 8 && caught * 10 >= all * 9, "{played}");
}
