//! What each bulk mailer adds: envelope, fields, tracked links, signatures, and the DNS of it.

use sekisho_record::Envelope;

use super::{Mailer, Tenant};
use crate::{
    chance::Chance,
    dkim::Key,
    message::{self, Builder, on_top},
    tracker::Tracker,
    world::{Arrival, Kind},
    write::people::{DOMAIN, Person},
};

/// Signs for the account's domain and for the mailer's.
pub(super) struct Keys {
    sender: Key,
    carrier: Key,
}

impl Keys {
    pub(super) fn read() -> Option<Self> {
        Some(Self { sender: Key::sender()?, carrier: Key::carrier()? })
    }
}

/// One message of an account.
pub(super) struct Letter<'a> {
    tenant: &'a Tenant,
    to: Person,
    sent: i64,
    chance: Chance,
    message_id: String,
    tracker: Tracker,
    server: u64,
    campaign: String,
}

impl<'a> Letter<'a> {
    pub(super) fn new(tenant: &'a Tenant, to: Person, sent: i64, mut chance: Chance) -> Self {
        let mail = format!("mail.{}", tenant.site);
        let message_id = match tenant.mailer {
            Mailer::Mailgun => format!(
                "{}.{}.{}@{mail}",
                message::stamp(sent),
                chance.between(1, 9),
                chance.hex(16).to_uppercase()
            ),
            Mailer::SendGrid => format!("{}@geopod-ismtpd-{}-0", chance.token(22), chance.between(1, 6)),
            Mailer::Mailchimp => {
                format!(
                    "{}.{}.{}@mail{}.suw11.mcdlv.net",
                    tenant.account,
                    chance.hex(10),
                    message::stamp(sent),
                    chance.between(1, 9)
                )
            }
        };
        let tracker = Tracker {
            host: format!("email.{mail}"),
            message_id: message_id.clone(),
            recipient: to.address(),
            account: tenant.account.to_owned(),
            hash: chance.hex(8),
        };
        let (server, campaign) = (chance.between(2, 20), chance.hex(10));
        Self { tenant, to, sent, chance, message_id, tracker, server, campaign }
    }

    /// A link that counts clicks.
    pub(super) fn click(&mut self, target: &str) -> String {
        let site = self.tenant.site;
        match self.tenant.mailer {
            Mailer::Mailgun => self.tracker.click(target),
            Mailer::SendGrid => {
                let token: String = (0..6).map(|_| self.chance.token(30)).collect();
                format!("https://url{}.{site}/ls/click?upn={token}", 1000 + site.len())
            }
            Mailer::Mailchimp => {
                format!(
                    "https://{}&id={}&e={}",
                    self.managed("track/click"),
                    self.chance.hex(10),
                    self.tracker.hash
                )
            }
        }
    }

    fn managed(&self, what: &str) -> String {
        let (label, _) = self.tenant.site.split_once('.').unwrap_or((self.tenant.site, ""));
        format!("{label}.us{}.list-manage.com/{what}?u={}", 4 + label.len() % 9, self.tenant.account)
    }

    pub(super) fn unsubscribe(&self) -> String {
        match self.tenant.mailer {
            Mailer::Mailgun => self.tracker.unsubscribe(),
            Mailer::SendGrid => format!(
                "https://url{}.{}/wf/unsubscribe?upn={}",
                1000 + self.tenant.site.len(),
                self.tenant.site,
                self.campaign
            ),
            Mailer::Mailchimp => format!("https://{}&id={}", self.managed("unsubscribe"), self.campaign),
        }
    }

    pub(super) fn pixel(&self) -> String {
        match self.tenant.mailer {
            Mailer::Mailgun => self.tracker.pixel(),
            Mailer::SendGrid => format!(
                "https://url{}.{}/wf/open?upn={}",
                1000 + self.tenant.site.len(),
                self.tenant.site,
                self.campaign
            ),
            Mailer::Mailchimp => format!("https://{}&id={}", self.managed("track/open.php"), self.campaign),
        }
    }

    /// The value of List-Unsubscribe, by the account's habit.
    pub(super) fn list_unsubscribe(&self) -> String {
        let link = self.unsubscribe();
        if self.tenant.messages.is_multiple_of(100) {
            return format!(
                "<mailto:u+{}@mail.{}?subject=unsubscribe>,\r\n <{link}>",
                self.tracker.hash, self.tenant.site
            );
        }
        format!("<{link}>")
    }

    /// From, to, subject, date, id.
    pub(super) fn head(&self, name: &str, local: &str, subject: &str, zone: i8) -> Builder {
        let mail = format!("mail.{}", self.tenant.site);
        Builder::new(&format!("=_{}", self.tracker.hash))
            .date(self.sent - 1, zone)
            .mailbox("From", name, &format!("{local}@{mail}"))
            .mailbox("To", self.to.name, &self.to.address())
            .subject(subject)
            .field("Message-ID", &format!("<{}>", self.message_id))
    }

    fn envelope(&self) -> Envelope {
        let (to, account, site) = (self.to.local, self.tenant.account, self.tenant.site);
        let n = self.server;
        let (mail_from, helo) = match self.tenant.mailer {
            Mailer::Mailgun => (
                format!("bounce+{}.{account}-{to}={DOMAIN}@mail.{site}", &self.campaign[..6]),
                format!("m{n}.mailgun.net"),
            ),
            Mailer::SendGrid => (
                format!(
                    "bounces+{account}-{}-{to}={DOMAIN}@em{}.{site}",
                    &self.campaign[..4],
                    1000 + site.len()
                ),
                format!("o{n}.ptr{n}.sendgrid.net"),
            ),
            Mailer::Mailchimp => (
                format!("bounce-mc.us9_{account}.{}-{}@mail{n}.suw11.mcdlv.net", 1000 + n, self.tracker.hash),
                format!("mail{n}.suw11.mcdlv.net"),
            ),
        };
        let ip = format!("{}.{n}", network(self.tenant.mailer)).parse().ok();
        Envelope { mail_from, rcpt_to: vec![self.to.address()], helo, ip, login: None }
    }

    /// Signed, carried and handed over.
    pub(super) fn arrive(
        mut self,
        builder: Builder,
        keys: &Keys,
        group: &'static str,
        kind: Kind,
        language: &'static str,
    ) -> Arrival {
        let (account, mail) = (self.tenant.account, format!("mail.{}", self.tenant.site));
        let envelope = self.envelope();
        let when = message::date(self.sent, 0);
        let (n, helo) = (self.server, envelope.helo.clone());
        let (fields, domain, selector) = match self.tenant.mailer {
            Mailer::Mailgun => (
                vec![
                    format!("X-Mailgun-Sending-Ip: 198.51.100.{n}"),
                    format!("X-Mailgun-Variables: {{\"user_id\": \"{account}\"}}"),
                    "X-Mailgun-Track-Clicks: yes".to_owned(),
                    format!("Received: by {helo} with HTTP;\r\n {when}"),
                ],
                "mailgun.org",
                "mg",
            ),
            Mailer::SendGrid => (
                vec![
                    format!("X-SG-EID:\r\n {}{}", self.chance.token(40), self.chance.token(40)),
                    format!("X-Entity-ID: {account}"),
                    format!(
                        "Received: from MTI{account} (unknown)\r\n\tby geopod-ismtpd-3-0 (SG) with HTTP\r\n\tid {}; {when}",
                        self.chance.token(22)
                    ),
                ],
                "sendgrid.info",
                "smtpapi",
            ),
            Mailer::Mailchimp => (
                vec![
                    format!("X-MC-User: {account}"),
                    format!("X-Campaign: mailchimp{account}.{}", self.campaign),
                    format!(
                        "Feedback-ID: 771{}:771{}.{}:us9:mc",
                        account.len(),
                        account.len(),
                        self.campaign
                    ),
                    format!(
                        "Received: from localhost (localhost [127.0.0.1])\r\n\tby {helo} (Mailchimp) with ESMTP id {}; {when}",
                        self.chance.token(12)
                    ),
                ],
                "mailchimpapp.net",
                "k2",
            ),
        };
        let inner = on_top(&fields, &builder.build());
        let signed = keys.carrier.sign(&inner, domain, selector, self.sent + 1);
        let signed = keys.sender.sign(&signed, &mail, "pic", self.sent + 1);
        let at = self.sent + 4;
        let border = format!(
            "Received: from {helo} ({helo} [{}.{n}])\r\n\tby mx.harbour.example (Postfix) with ESMTPS id {}\r\n\tfor <{}>; {}",
            network(self.tenant.mailer),
            self.chance.token(10),
            self.to.address(),
            message::date(at, 0)
        );
        let raw = on_top(&[format!("Return-Path: <{}>", envelope.mail_from), border], &signed);
        Arrival { name: String::new(), at, group, kind, language, raw, envelope: Some(envelope) }
    }
}

fn network(mailer: Mailer) -> &'static str {
    match mailer {
        Mailer::Mailgun => "198.51.100",
        Mailer::SendGrid => "192.0.2",
        Mailer::Mailchimp => "203.0.113",
    }
}

/// The DNS of accounts and mailers.
pub(super) fn zone(tenants: &[Tenant], keys: &Keys) -> String {
    let mut out = String::from("# Accounts at bulk mailers, and the mailers.\n");
    for (domain, selector, network) in [
        ("mailgun.org", "mg", "198.51.100"),
        ("sendgrid.info", "smtpapi", "192.0.2"),
        ("mailchimpapp.net", "k2", "203.0.113"),
    ] {
        out.push_str(&format!(
            "{domain} TXT v=spf1 ip4:{network}.0/27 -all\n{}\n",
            keys.carrier.record(selector, domain)
        ));
    }
    for n in 2..=20 {
        for (host, network) in [
            (format!("m{n}.mailgun.net"), "198.51.100"),
            (format!("o{n}.ptr{n}.sendgrid.net"), "192.0.2"),
            (format!("mail{n}.suw11.mcdlv.net"), "203.0.113"),
        ] {
            out.push_str(&format!("{host} A {network}.{n}\n{network}.{n} PTR {host}\n"));
        }
        out.push_str(&format!("mail{n}.suw11.mcdlv.net TXT v=spf1 ip4:203.0.113.0/27 -all\n"));
    }
    for tenant in tenants {
        let site = tenant.site;
        let include = match tenant.mailer {
            Mailer::Mailgun => "mailgun.org",
            Mailer::SendGrid => "sendgrid.info",
            Mailer::Mailchimp => "mailchimpapp.net",
        };
        out.push_str(&format!(
            "mail.{site} TXT v=spf1 include:{include} ~all\nem{}.{site} TXT v=spf1 include:{include} ~all\n",
            1000 + site.len()
        ));
        out.push_str(&format!(
            "_dmarc.{site} TXT v=DMARC1; p=reject\n{}\n",
            keys.sender.record("pic", &format!("mail.{site}"))
        ));
    }
    out
}
