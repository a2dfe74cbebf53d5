//! From a letter to the bytes that arrive: what the program writes, what the servers add, and the papers.

use sekisho_record::Envelope;

use super::{
    people::{Cast, Client, Company, Server},
    quoted::{self, Message},
};
use crate::{
    chance::Chance,
    dkim::Key,
    message::{self, Builder, on_top},
};

/// Selector of everybody's key.
const SELECTOR: &str = "x1";
/// Address that Exchange writes for the mailbox server.
const STORE: &str = "fe80::5c1a:9f31:22d0:7be4";

/// A file: name, media type, content.
pub(super) type File = (String, &'static str, Vec<u8>);

/// Where a letter is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// At the desk.
    #[default]
    Desk,
    /// Somewhere else: the address there, hours east of Greenwich.
    Away(String, i8),
}

/// Who carries a letter to us when it is not the author's company.
#[derive(Debug, Clone)]
pub(super) struct Carrier {
    /// Its domain, which signs and stands in the reverse path.
    pub(super) domain: String,
    pub(super) ip: String,
    pub(super) mail_from: String,
    /// What stands in `To:`, when that is not the reader.
    pub(super) list: Option<(String, String)>,
}

/// A message as its author hands it in.
#[derive(Debug, Clone)]
pub(super) struct Letter<'a> {
    /// Number of the author; the mailbox that `from` names is theirs when that is empty.
    pub(super) author: usize,
    /// Another sender than the author: name and address.
    pub(super) from: Option<(String, String)>,
    pub(super) to: Vec<(String, String)>,
    pub(super) cc: Vec<(String, String)>,
    pub(super) subject: String,
    /// Subject without reply marks, as Exchange keeps it.
    pub(super) topic: String,
    pub(super) at: i64,
    pub(super) text: String,
    pub(super) language: &'a str,
    pub(super) client: Client,
    pub(super) place: Place,
    /// What is quoted, newest first.
    pub(super) quoted: Vec<Message>,
    /// Ids of the thread, oldest first; the last one is answered.
    pub(super) references: Vec<String>,
    pub(super) files: Vec<File>,
    /// Further fields.
    pub(super) fields: Vec<(String, String)>,
    pub(super) carrier: Option<Carrier>,
    /// Makes ids that differ from all others.
    pub(super) seed: u64,
}

/// What arrived.
pub(super) struct Arrived {
    pub(super) message_id: String,
    pub(super) raw: Vec<u8>,
    pub(super) envelope: Option<Envelope>,
    pub(super) at: i64,
}

/// The post office of the scenario.
pub(super) struct Post<'a> {
    pub(super) cast: &'a Cast,
    pub(super) key: &'a Key,
}

impl Post<'_> {
    /// The DNS of everybody who writes.
    pub(super) fn zone(&self, further: &[(String, String)]) -> String {
        let mut out = String::from("# Everybody who writes to Harbour Logistics.\n");
        let own = ("harbour.example".to_owned(), "203.0.113.10".to_owned());
        let companies = self.cast.companies.iter().filter(|c| !c.ip.is_empty());
        let companies = companies.map(|c| (c.domain.to_owned(), c.ip.to_owned()));
        for (at, (domain, ip)) in
            [own].into_iter().chain(companies).chain(further.iter().cloned()).enumerate()
        {
            let policy = ["reject", "quarantine", "none"][at % 3];
            out.push_str(&format!("{domain} TXT v=spf1 ip4:{ip} -all\n{domain} MX 10 mx.{domain}\n"));
            out.push_str(&format!("_dmarc.{domain} TXT v=DMARC1; p={policy}\n"));
            out.push_str(&format!("{}\n", self.key.record(SELECTOR, &domain)));
            out.push_str(&format!("out.{domain} A {ip}\n{ip} PTR out.{domain}\n"));
        }
        out
    }

    /// Writes and carries a letter.
    pub(super) fn send(&self, letter: &Letter<'_>) -> Arrived {
        let mut chance = Chance::new("letter", letter.seed);
        let company = self.cast.company(letter.author);
        let from = letter.from.clone().unwrap_or_else(|| self.cast.person(letter.author).mailbox());
        let domain = from.1.split('@').nth(1).unwrap_or_default().to_owned();
        let message_id = message_id(letter, &domain, &mut chance);
        let raw = write(letter, &from, &message_id, &mut chance, self.cast.person(letter.author).zone());
        let ours = from.1.ends_with("@harbour.example") && letter.carrier.is_none();
        if ours {
            return Arrived {
                message_id,
                raw: inside(&raw, company, letter),
                envelope: None,
                at: letter.at + 1,
            };
        }
        let carrier = letter.carrier.clone().unwrap_or_else(|| Carrier {
            domain: domain.clone(),
            ip: company.ip.to_owned(),
            mail_from: from.1.clone(),
            list: None,
        });
        let inner = self.handed_in(&raw, company, letter, &domain, &mut chance);
        let signed = self.key.sign(&inner, &carrier.domain, SELECTOR, letter.at + 1);
        let recipients: Vec<String> = letter
            .to
            .iter()
            .chain(&letter.cc)
            .map(|m| m.1.clone())
            .filter(|a| a.ends_with("@harbour.example"))
            .collect();
        let at = letter.at + 2 + i64::try_from(chance.between(0, 6)).unwrap_or(0);
        let (out, ip, queue) = (&carrier.domain, &carrier.ip, chance.token(10));
        let whom = match recipients.as_slice() {
            [one] => format!("\n\tfor <{one}>").replace('\n', "\r\n"),
            _ => String::new(),
        };
        let border = format!(
            "Received: from out.{out} (out.{out} [{ip}])\r\n\tby mx.harbour.example (Postfix) with ESMTPS id {queue}{whom};\r\n\t{}",
            message::date(at, 0)
        );
        let raw = on_top(&[format!("Return-Path: <{}>", carrier.mail_from), border], &signed);
        let envelope = Envelope {
            mail_from: carrier.mail_from.clone(),
            rcpt_to: recipients,
            helo: format!("out.{out}"),
            ip: carrier.ip.parse().ok(),
            login: None,
        };
        Arrived { message_id, raw, envelope: Some(envelope), at }
    }

    /// What the sender's own server writes on top.
    fn handed_in(
        &self,
        raw: &[u8],
        company: &Company,
        letter: &Letter<'_>,
        domain: &str,
        chance: &mut Chance,
    ) -> Vec<u8> {
        let when = message::date(letter.at, 0);
        if letter.carrier.as_ref().is_some_and(|c| c.domain != domain) || letter.client == Client::Robot {
            let id = chance.token(12);
            return on_top(
                &[format!("Received: by app.{domain} (Postfix, from userid 1001)\r\n\tid {id}; {when}")],
                raw,
            );
        }
        match company.server {
            Server::Exchange if letter.client != Client::Bare => on_top(&[mapi(domain, &when)], raw),
            Server::Web => on_top(&[format!("Received: by out.{domain} with HTTP; {when}")], raw),
            _ => {
                let (host, address) = match &letter.place {
                    Place::Desk => self.cast.person(letter.author).desk(),
                    Place::Away(ip, _) => (format!("[{ip}]"), ip.clone()),
                };
                let id = chance.token(10);
                let field = format!(
                    "Received: from {host} (unknown [{address}])\r\n\tby out.{domain} (Postfix) with ESMTPSA id {id};\r\n\t{when}"
                );
                on_top(&[field], raw)
            }
        }
    }
}

fn mapi(domain: &str, when: &str) -> String {
    format!(
        "Received: from EXCH02.{domain} ([{STORE}]) by\r\n EXCH02.{domain} ([{STORE}%11]) with mapi id\r\n 15.01.2308.020; {when}"
    )
}

/// The way inside one Exchange.
fn inside(raw: &[u8], company: &Company, letter: &Letter<'_>) -> Vec<u8> {
    let domain = company.domain;
    let relay = format!(
        "Received: from EXCH02.{domain} (10.20.1.12) by EXCH01.{domain}\r\n (10.20.1.11) with Microsoft SMTP Server (version=TLS1_2,\r\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.1.2308.20; {}",
        message::date(letter.at + 1, 0)
    );
    on_top(&[relay, mapi(domain, &message::date(letter.at, 0))], raw)
}

/// The id that the program or its server makes.
fn message_id(letter: &Letter<'_>, domain: &str, chance: &mut Chance) -> String {
    let uuid = |chance: &mut Chance| [8, 4, 4, 4, 12].map(|n| chance.hex(n)).join("-");
    match letter.client {
        Client::Outlook | Client::Script => format!("{}@EXCH02.{domain}", chance.hex(32)),
        Client::SmtpOutlook => {
            format!("{}01d7{}${}${}@{domain}", chance.hex(4), chance.hex(4), chance.hex(8), chance.hex(8))
        }
        Client::Thunderbird => format!("{}@{domain}", uuid(chance)),
        Client::Apple | Client::Iphone => format!("{}@{domain}", uuid(chance).to_uppercase()),
        Client::Becky => format!(
            "{}.{}.{}@{domain}",
            message::stamp(letter.at),
            chance.hex(4).to_uppercase(),
            chance.hex(8).to_uppercase()
        ),
        Client::Notes => format!(
            "OF{}.{}-ONC1258{}.00{}@{domain}",
            chance.token(8),
            chance.token(8),
            chance.digits(3),
            chance.hex(6).to_uppercase()
        ),
        Client::Roundcube => format!("{}@{domain}", chance.hex(32)),
        Client::Gmail => format!("CA{}@mail.{domain}", chance.token(46)),
        Client::Bare => format!("{}.{}@{domain}", chance.digits(10), chance.hex(6)),
        Client::Robot => format!("{}.{}.app@{domain}", chance.digits(6), chance.digits(5)),
    }
}

/// Fields by which a program can be known, beyond the id.
fn marks(letter: &Letter<'_>, builder: Builder, chance: &mut Chance) -> Builder {
    let language = letter.language;
    match letter.client {
        Client::Outlook => {
            let mut builder = builder.field("Thread-Topic", &message::words(&letter.topic));
            builder = builder.field("Thread-Index", &thread_index(letter, chance));
            builder = builder.field(
                "Accept-Language",
                &format!("{}, en-US", [language, "en-GB"][usize::from(language == "en")]),
            );
            if let Place::Away(ip, _) = &letter.place {
                builder = builder.field("x-originating-ip", &format!("[{ip}]"));
            }
            builder.field("X-MS-Has-Attach", if letter.files.is_empty() { "" } else { "yes" })
        }
        Client::SmtpOutlook => builder
            .field("X-Mailer", "Microsoft Outlook 16.0")
            .field("Thread-Index", &thread_index(letter, chance))
            .field("Content-Language", if language == "en" { "en-gb" } else { language }),
        Client::Thunderbird => builder
            .field(
                "User-Agent",
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:78.0)\r\n Gecko/20100101 Thunderbird/78.13.0",
            )
            .field("Content-Language", language),
        Client::Apple => builder.field("X-Mailer", "Apple Mail (2.3654.120.0.1.13)"),
        Client::Iphone => builder.field("X-Mailer", "iPhone Mail (18G82)"),
        Client::Becky => builder.field("X-Mailer", "Becky! ver. 2.81.04 [ja]"),
        Client::Notes => builder.field("X-Mailer", "IBM Notes Release 9.0.1FP10 September 23, 2017"),
        Client::Roundcube => builder.field("User-Agent", "Roundcube Webmail/1.4.11"),
        Client::Gmail | Client::Script | Client::Bare | Client::Robot => builder,
    }
}

fn boundary(client: Client, chance: &mut Chance) -> String {
    match client {
        Client::Outlook | Client::Script => format!("_000_{}", chance.hex(20)),
        Client::SmtpOutlook => format!("----=_NextPart_000_{}", chance.hex(8).to_uppercase()),
        Client::Thunderbird => format!("------------{}", chance.hex(24).to_uppercase()),
        Client::Apple | Client::Iphone => format!("Apple-Mail={}", chance.hex(16).to_uppercase()),
        Client::Gmail => format!("000000000000{}", chance.hex(16)),
        _ => format!("=_{}", chance.hex(24)),
    }
}

fn write(
    letter: &Letter<'_>,
    from: &(String, String),
    message_id: &str,
    chance: &mut Chance,
    zone: i8,
) -> Vec<u8> {
    let list = |people: &[(String, String)]| {
        people.iter().map(|(n, a)| message::mailbox(n, a)).collect::<Vec<_>>().join(",\r\n ")
    };
    let zone = match letter.place {
        Place::Away(_, hours) => hours,
        Place::Desk => zone + i8::from(zone == 1 && summer(letter.at)),
    };
    let mut builder = Builder::new(&boundary(letter.client, chance)).mailbox("From", &from.0, &from.1).field(
        "To",
        &letter
            .carrier
            .as_ref()
            .and_then(|c| c.list.clone())
            .map_or_else(|| list(&letter.to), |to| list(&[to])),
    );
    if !letter.cc.is_empty() {
        builder = builder.field("CC", &list(&letter.cc));
    }
    builder = builder
        .subject(&letter.subject)
        .date(letter.at, zone)
        .field("Message-ID", &format!("<{message_id}>"));
    if let Some(parent) = letter.references.last() {
        let all: Vec<String> =
            letter.references.iter().rev().take(8).rev().map(|id| format!("<{id}>")).collect();
        builder =
            builder.field("In-Reply-To", &format!("<{parent}>")).field("References", &all.join("\r\n "));
    }
    builder = marks(letter, builder, chance);
    let ours = from.1.ends_with("@harbour.example") && letter.carrier.is_none();
    if ours {
        builder = builder
            .field("X-MS-Exchange-Organization-AuthAs", "Internal")
            .field("X-MS-Exchange-Organization-AuthMechanism", "04")
            .field("X-MS-Exchange-Organization-AuthSource", "EXCH02.harbour.example")
            .field("X-MS-Exchange-Organization-MessageDirectionality", "Originating");
    }
    for (name, value) in &letter.fields {
        builder = builder.field(name, value);
    }
    let plain_only = matches!(letter.client, Client::Becky | Client::Roundcube | Client::Robot)
        || letter.client == Client::Iphone && chance.between(0, 1) == 0;
    if letter.client != Client::Script {
        builder = builder.text(&quoted::text(&letter.text, &letter.quoted, letter.client, letter.language));
    }
    if !plain_only {
        builder = builder.html(&quoted::html(&letter.text, &letter.quoted, letter.client, letter.language));
    }
    for (name, media, bytes) in &letter.files {
        builder = builder.attach(name, media, bytes.clone());
    }
    builder.build()
}

/// The clocks are an hour ahead, roughly.
fn summer(at: i64) -> bool {
    (90..300).contains(&(at.rem_euclid(31_556_952) / 86_400))
}

/// Outlook's conversation index ([MS-OXOMSG] §2.2.1.3), with the topic as its GUID.
fn thread_index(letter: &Letter<'_>, chance: &mut Chance) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let began = letter.quoted.last().map_or(letter.at, |m| m.sent);
    let filetime = |t: i64| u64::try_from(t + 11_644_473_600).unwrap_or(0) * 10_000_000;
    let mut bytes = filetime(began).to_be_bytes().get(..6).unwrap_or_default().to_vec();
    let mut guid = Chance::new(&letter.topic, 1);
    bytes.extend((0..16).map(|_| guid.between(0, 255) as u8));
    for _ in 0..letter.references.len().min(20) {
        let difference = filetime(letter.at).saturating_sub(filetime(began));
        let (flag, shift) = if difference >> 49 == 0 { (0, 18) } else { (1 << 31, 23) };
        bytes.extend(
            (flag | ((difference >> shift) & 0x7fff_ffff)).to_be_bytes().get(4..).unwrap_or_default(),
        );
        bytes.push(chance.between(0, 255) as u8);
    }
    STANDARD.encode(bytes)
}
