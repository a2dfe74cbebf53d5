//! The hijacked bulk-mail account: a restaurant chain's mail through a bulk mailer, ordinary and not.

mod attack;
mod ordinary;
pub(super) mod skin;

use sekisho_record::Envelope;

use super::{Sheet, Written, people};
use crate::{
    chance::Chance,
    dkim::Key,
    message::{self, on_top},
    scenarios::{Expect, Organisation, TenantExpect},
    tracker::Tracker,
};

/// Domain that the chain sends bulk mail from.
const MAIL: &str = "mail.embermaize.example";
/// Host that counts clicks, a CNAME to the bulk mailer.
const TRACKING: &str = "email.mail.embermaize.example";
/// Account at the bulk mailer.
const ACCOUNT: &str = "c7d21e";

/// Who gets a message, when, with which ids.
struct Delivery {
    to: people::Person,
    /// Seconds since the epoch.
    sent: i64,
    tracker: Tracker,
    mail_from: String,
    server: u64,
    chance: Chance,
}

impl Delivery {
    fn new(label: &str, seed: u64, from: i64, until: i64) -> Self {
        let mut chance = Chance::new(label, seed);
        let to = chance.pick(&people::PEOPLE);
        let span = u64::try_from(until - from).unwrap_or(0);
        let sent = from + i64::try_from(chance.between(0, span)).unwrap_or(0);
        let stamp = message::stamp(sent);
        let message_id = format!("{stamp}.{}.{}@{MAIL}", chance.between(1, 9), chance.hex(16).to_uppercase());
        let tracker = Tracker {
            host: TRACKING.into(),
            message_id,
            recipient: to.address(),
            account: ACCOUNT.into(),
            hash: chance.hex(8),
        };
        let mail_from = format!("bounce+{}.{ACCOUNT}-{}={}@{MAIL}", chance.hex(6), to.local, people::DOMAIN);
        let server = chance.between(2, 40);
        Self { to, sent, tracker, mail_from, server, chance }
    }

    fn envelope(&self) -> Envelope {
        Envelope {
            mail_from: self.mail_from.clone(),
            rcpt_to: vec![self.to.address()],
            helo: format!("m{}.mailgun.net", self.server),
            ip: format!("198.51.100.{}", self.server).parse().ok(),
            login: None,
        }
    }

    /// Signs what the account handed in and adds what happened to it on its way.
    fn deliver(&mut self, raw: &[u8], keys: &Keys) -> Vec<u8> {
        let (server, address) = (self.server, self.to.address());
        let sid = crate::base64(&format!("[\"{}\", \"{address}\", \"{ACCOUNT}\"]", self.chance.hex(5)));
        let inner = on_top(
            &[format!("Received: by m{server}.mailgun.net with HTTP;\r\n {}", message::date(self.sent, 0))],
            raw,
        );
        let inner = on_top(
            &[
                format!("X-Mailgun-Sending-Ip: 198.51.100.{server}"),
                format!("X-Mailgun-Sid: {sid}"),
                format!("X-Mailgun-Variables: {{\"user_id\": \"{ACCOUNT}\"}}"),
                "X-Mailgun-Track-Clicks: yes".to_owned(),
            ],
            &inner,
        );
        let signed = keys.carrier.sign(&inner, "mailgun.org", "mg", self.sent + 1);
        let signed = keys.sender.sign(&signed, MAIL, "pic", self.sent + 1);
        let queue = self.chance.token(10);
        on_top(
            &[
                format!("Return-Path: <{}>", self.mail_from),
                format!(
                    "Received: from m{server}.mailgun.net (m{server}.mailgun.net [198.51.100.{server}])\r\n\tby mx.harbour.example (Postfix) with ESMTPS id {queue}\r\n\tfor <{address}>; {}",
                    message::date(self.sent + 4, 0)
                ),
            ],
            &signed,
        )
    }
}

struct Keys {
    sender: Key,
    carrier: Key,
}

pub(super) fn write() -> Option<Written> {
    let keys = Keys { sender: Key::sender()?, carrier: Key::carrier()? };
    let mut out = Written {
        folder: "hijacked-mailer",
        zone: zone(&keys),
        sheet: Sheet {
            title: "A restaurant chain's account at a bulk mailer sends phishing; SPF, DKIM and DMARC pass"
                .into(),
            organisation: Organisation::harbour(),
            ..Sheet::default()
        },
        ..Written::default()
    };
    attack::write(&mut out, &keys);
    ordinary::write(&mut out, &keys);
    Some(out)
}

/// What both kinds have in common: papers in order, and the account that sent them.
fn expect() -> Expect {
    Expect {
        in_order: Some(true),
        tenant: Some(TenantExpect { esp: "Mailgun".into(), account: Some(ACCOUNT.into()) }),
        ..Expect::default()
    }
}

fn zone(keys: &Keys) -> String {
    let mut out = String::from("# The chain's mail domain and the bulk mailer that sends for it.\n");
    let mut add = |line: &str| {
        out.push_str(line);
        out.push('\n');
    };
    add(&format!("{MAIL} TXT v=spf1 include:mailgun.org ~all"));
    add("embermaize.example TXT v=spf1 include:_spf.embermaize.example -all");
    add("_spf.embermaize.example TXT v=spf1 ip4:203.0.113.0/28 -all");
    add("_dmarc.embermaize.example TXT v=DMARC1; p=reject; rua=mailto:dmarc@embermaize.example");
    add("_dmarc.mail.embermaize.example TXT v=DMARC1; p=reject; rua=mailto:dmarc@embermaize.example");
    add(&format!("{MAIL} MX 10 mxa.mailgun.org"));
    add(&keys.sender.record("pic", MAIL));
    add(&keys.carrier.record("mg", "mailgun.org"));
    add("mailgun.org TXT v=spf1 ip4:198.51.100.0/26 -all");
    for server in 2..=40 {
        add(&format!("m{server}.mailgun.net A 198.51.100.{server}"));
        add(&format!("198.51.100.{server} PTR m{server}.mailgun.net"));
    }
    out
}
