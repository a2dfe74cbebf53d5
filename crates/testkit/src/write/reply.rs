//! Replies inside real threads: 40 from mailboxes that were broken into, 100 from their owners.

pub(super) mod quote;

use sekisho_record::{Class, Envelope};

use super::{
    Sheet, Written, people,
    template::{Slots, Template},
};
use crate::{
    chance::Chance,
    dkim::Key,
    files,
    message::{self, Builder, on_top},
    scenarios::{self, Expect, Organisation},
};
use quote::{Message, Style};

/// Monday 8 November 2021, 07:00 UTC; the hijacked replies follow within two weeks, ordinary ones lie around them.
const START: i64 = 1_636_354_800;
const DAY: u64 = 86_400;

/// A company whose people write.
#[derive(Debug, Clone, Copy, Default)]
struct Company {
    name: &'static str,
    domain: &'static str,
    /// Address of its outgoing server; empty for the receiving organisation itself.
    ip: &'static str,
    people: [(&'static str, &'static str); 4],
}

const INTERNAL: Company = Company {
    name: "internal",
    domain: people::DOMAIN,
    ip: "",
    people: [
        ("Marta Lindqvist", "marta.lindqvist"),
        ("Dieter Vogel", "dieter.vogel"),
        ("Megumi Ono", "megumi.ono"),
        ("Colm Byrne", "colm.byrne"),
    ],
};
const SISTER: Company = Company {
    name: "sister company",
    domain: "nordhavn.example",
    ip: "192.0.2.25",
    people: [
        ("Freja Holm", "freja.holm"),
        ("Anders Lund", "anders.lund"),
        ("Sakura Endo", "sakura.endo"),
        ("Liam Norton", "liam.norton"),
    ],
};
const SUPPLIER: Company = Company {
    name: "supplier",
    domain: "ferrostahl.example",
    ip: "203.0.113.40",
    people: [
        ("Katrin Meissner", "k.meissner"),
        ("Stefan Brandt", "s.brandt"),
        ("Takeshi Hara", "t.hara"),
        ("Nora Eklund", "n.eklund"),
    ],
};

/// Sites that were broken into to hold the archive.
const HOSTS: [&str; 8] = [
    "brightpath-tuition.example",
    "casadelmar-tours.example",
    "greenleaf-irrigation.test",
    "studio-okonkwo.example",
    "ayurbalance-clinic.test",
    "metrobricks.example",
    "sunrise-montessori.test",
    "palmgrove-caterers.example",
];
/// Words of the paths, as page generators make them.
const LATIN: [&str; 10] =
    ["eaque", "rerum", "sit", "quia", "dolorem", "voluptas", "nihil", "omnis", "aut", "perferendis"];

/// One reply to be made.
struct Reply<'a> {
    topic: &'a Template,
    company: Company,
    chance: Chance,
    slots: Vec<(&'static str, String)>,
    author: (String, String),
    to: people::Person,
    sent: i64,
    style: Style,
}

pub(super) fn write() -> Option<Written> {
    let key = Key::sender()?;
    let mut zone = String::from("# Companies that write to Harbour Logistics.\n");
    for company in [SISTER, SUPPLIER] {
        zone.push_str(&format!("{} TXT v=spf1 ip4:{} -all\n", company.domain, company.ip));
        zone.push_str(&format!("_dmarc.{} TXT v=DMARC1; p=quarantine\n", company.domain));
        zone.push_str(&format!("{}\n", key.record("x1", company.domain)));
    }
    zone.push_str(
        "harbour.example TXT v=spf1 ip4:203.0.113.10 -all\n_dmarc.harbour.example TXT v=DMARC1; p=reject\n",
    );
    let title = "Replies inside stolen threads, from real mailboxes, and ordinary replies beside them".into();
    let organisation = Organisation::harbour();
    let suspicious_max = [("ordinary".to_owned(), 1)].into();
    let mut out = Written {
        folder: "reply-chain",
        zone,
        sheet: Sheet { title, organisation, suspicious_max, ..Sheet::default() },
        ..Written::default()
    };
    let topics = Template::read(include_str!("texts/threads.txt"));
    let lures = Template::read(include_str!("texts/lures.txt"));
    for at in 0..40 {
        hijacked(&mut out, &key, &topics, &lures, at);
    }
    for at in 0..100 {
        ordinary(&mut out, &key, &topics, at);
    }
    Some(out)
}

impl<'a> Reply<'a> {
    fn new(label: &str, topics: &'a [Template], topic: usize, at: usize) -> Option<Self> {
        let topic = topics.get(topic % topics.len().max(1))?;
        let mut chance = Chance::new(label, at as u64);
        let company = [INTERNAL, SISTER, SUPPLIER].into_iter().cycle().nth(at).unwrap_or(INTERNAL);
        let by_language = match topic.language.as_str() {
            "ja" => company.people.get(2),
            "sv" => company.people.get([0, 3][at % 2]),
            _ => company.people.get(at % 4),
        };
        let (name, local) = by_language.copied().unwrap_or_default();
        let to = match topic.language.as_str() {
            "ja" => chance.pick(&[people::PEOPLE[0], people::PEOPLE[7], people::PEOPLE[22]]),
            "sv" => chance.pick(&[people::PEOPLE[1], people::PEOPLE[9], people::PEOPLE[34]]),
            _ => chance.pick(&people::PEOPLE),
        };
        let to = if to.local == local { people::PEOPLE[1] } else { to };
        let sent = office_hours(START + i64::try_from(chance.between(0, 12 * DAY)).unwrap_or(0));
        let style = if company.name == "supplier" {
            [Style::Gmail, Style::Notes, Style::Outlook][at / 3 % 3]
        } else {
            Style::Outlook
        };
        let slots = vec![("num", chance.digits(4)), ("num7", chance.digits(7)), ("pass", chance.digits(4))];
        let author = (name.to_owned(), format!("{local}@{}", company.domain));
        Some(Self { topic, company, chance, slots, author, to, sent, style })
    }

    /// The thread below, newest first: our answer, and the message that began it.
    fn thread(&mut self) -> Vec<Message> {
        let dormant = if self.topic.name == "dormant" { 700 * DAY } else { 0 };
        let gap = self.chance.between(0, 3 * DAY);
        let answered = office_hours(self.sent - i64::try_from(gap + DAY + dormant).unwrap_or(0));
        let began = office_hours(answered - i64::try_from(self.chance.between(DAY, 3 * DAY)).unwrap_or(0));
        let us = (self.to.name.to_owned(), self.to.address());
        let them = self.author.clone();
        let text = |key: &str, from: &str, to: &str, chance: &mut Chance| {
            let mut slots = self.slots.clone();
            slots.extend([("from", first(from)), ("to", first(to))]);
            self.topic.one(key, chance, &slots).replace("\\n", "\n")
        };
        let mut chance = self.chance.clone();
        let middle = text("mid", &them.0, &us.0, &mut chance);
        let origin = text("orig", &them.0, &us.0, &mut chance);
        let subject = self.subject();
        vec![
            Message {
                from: us.clone(),
                to: them.clone(),
                sent: answered,
                subject: subject.clone(),
                text: middle,
            },
            Message { from: them, to: us, sent: began, subject, text: origin },
        ]
    }

    /// Subject without a prefix.
    fn subject(&self) -> String {
        let subject = self.topic.one("subject", &mut self.chance.clone(), &self.slots);
        let bare = ["RE: ", "Re: ", "SV: "].iter().find_map(|p| subject.strip_prefix(p)).unwrap_or(&subject);
        bare.to_owned()
    }

    fn message_id(&mut self) -> String {
        match self.style {
            Style::Outlook => format!("{}@EXCH02.{}", self.chance.hex(32), self.company.domain),
            Style::Gmail => format!("CA{}@mail.{}", self.chance.token(46), self.company.domain),
            Style::Notes => format!(
                "OF{}.{}-ONC1258{}@{}",
                self.chance.token(8),
                self.chance.token(8),
                self.chance.digits(3),
                self.company.domain
            ),
        }
    }

    /// The finished message.
    fn build(&mut self, text: &str, file: Option<&str>, key: &Key) -> Vec<u8> {
        let thread = self.thread();
        let language = self.topic.language.clone();
        let prefix = if language == "sv" { "SV: " } else { "RE: " };
        let subject = format!("{prefix}{}", self.subject());
        let parent = format!("{}@EXCH01.{}", self.chance.hex(32), people::DOMAIN);
        let root = format!("{}@EXCH02.{}", self.chance.hex(32), self.company.domain);
        let hours = if language == "ja" { 9 } else { 1 };
        let message_id = self.message_id();
        let mut builder = Builder::new(&format!("_000_{}", self.chance.hex(20)))
            .mailbox("From", &self.author.0, &self.author.1)
            .mailbox("To", self.to.name, &self.to.address())
            .subject(&subject)
            .date(self.sent, hours)
            .field("Message-ID", &format!("<{message_id}>"))
            .field("In-Reply-To", &format!("<{parent}>"))
            .field("References", &format!("<{root}>\r\n <{parent}>"));
        if self.style == Style::Outlook {
            builder = builder
                .field("Thread-Topic", &message::words(&self.subject()))
                .field("Thread-Index", &thread_index(&thread, self.sent, &mut self.chance))
                .field("Accept-Language", &format!("{language}, en-US"))
                .field("X-MS-Has-Attach", if file.is_some() { "yes" } else { "" });
        }
        if self.company.name == "internal" {
            builder = builder
                .field("X-MS-Exchange-Organization-AuthAs", "Internal")
                .field("X-MS-Exchange-Organization-AuthMechanism", "04")
                .field("X-MS-Exchange-Organization-AuthSource", "EXCH02.harbour.example")
                .field("X-MS-Exchange-Organization-MessageDirectionality", "Originating");
        }
        builder = builder.text(&quote::text(text, &thread, self.style, &language));
        if self.style != Style::Notes {
            builder = builder.html(&quote::html(text, &thread, self.style, &language));
        }
        if let Some(name) = file {
            builder = attach(builder, name, &self.slots);
        }
        self.deliver(&builder.build(), key)
    }

    /// The way to us: inside one Exchange, or across the border with papers.
    fn deliver(&mut self, raw: &[u8], key: &Key) -> Vec<u8> {
        let domain = self.company.domain;
        let id = self.chance.token(10);
        let at = |after: i64| message::date(self.sent + after, 0);
        let mapi = format!(
            "Received: from EXCH02.{domain} ([fe80::5c1a:9f31:22d0:7be4]) by\r\n EXCH02.{domain} ([fe80::5c1a:9f31:22d0:7be4%11]) with mapi id\r\n 15.01.2308.020; {}",
            at(0)
        );
        if self.company.name == "internal" {
            let relay = format!(
                "Received: from EXCH02.{domain} (10.20.1.12) by EXCH01.{domain}\r\n (10.20.1.11) with Microsoft SMTP Server (version=TLS1_2,\r\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.1.2308.20; {}",
                at(1)
            );
            return on_top(&[relay, mapi], raw);
        }
        let inner = match self.style {
            Style::Outlook => on_top(&[mapi], raw),
            _ => {
                let desk = format!(
                    "Received: from desk-{}.{domain} ([10.8.{}.{}])\r\n by out.{domain} with ESMTPSA id {}; {}",
                    self.chance.hex(4),
                    self.chance.between(0, 9),
                    self.chance.between(2, 250),
                    self.chance.token(10),
                    message::date(self.sent, 0)
                );
                on_top(&[desk], raw)
            }
        };
        let signed = key.sign(&inner, domain, "x1", self.sent + 1);
        let (ip, address) = (self.company.ip, self.to.address());
        let border = format!(
            "Received: from out.{domain} (out.{domain} [{ip}])\r\n\tby mx.harbour.example (Postfix) with ESMTPS id {id}\r\n\tfor <{address}>; {}",
            message::date(self.sent + 3, 0)
        );
        on_top(&[format!("Return-Path: <{}>", self.author.1), border], &signed)
    }

    fn envelope(&self) -> Option<Envelope> {
        (self.company.name != "internal").then(|| Envelope {
            mail_from: self.author.1.clone(),
            rcpt_to: vec![self.to.address()],
            helo: format!("out.{}", self.company.domain),
            ip: self.company.ip.parse().ok(),
            login: None,
        })
    }

    fn expect(&self) -> Expect {
        Expect { in_order: (self.company.name != "internal").then_some(true), ..Expect::default() }
    }
}

/// Two short lines and a link, written by whoever holds the mailbox now.
fn hijacked(out: &mut Written, key: &Key, topics: &[Template], lures: &[Template], at: usize) {
    let Some(mut reply) = Reply::new("hijacked", topics, at * 7 + at / 20, at) else { return };
    let fitting: Vec<&Template> = lures.iter().filter(|l| l.language == reply.topic.language).collect();
    let Some(lure) = fitting.get(at / 3 % fitting.len().max(1)) else { return };
    let slots = reply.slots.clone();
    let chance = &mut reply.chance;
    let mut host = String::new();
    let mut link = |chance: &mut Chance| {
        host = chance.pick(&HOSTS).to_owned();
        let path = format!("{}-{}/{}-", chance.pick(&LATIN), chance.pick(&LATIN), chance.pick(&LATIN));
        format!("https://{host}/{path}{}{}", chance.digits(7), if lure.name == "zip" { ".zip" } else { "" })
    };
    let mut text = format!(
        "{}\n\n{}\n\n{}",
        lure.one("line", chance, &slots),
        lure.one("ask", chance, &slots),
        link(chance)
    );
    if lure.name == "two" {
        text.push_str(&format!("\n{}", link(chance)));
    }
    let raw = reply.build(&text, None, key);
    let expect = Expect { noticed: true, target: Some(host), ..reply.expect() };
    let group = format!("hijacked, {}", reply.company.name);
    out.add(format!("hijacked/{:03}.eml", at + 1), &group, reply.envelope(), raw, expect);
}

/// A reply that goes on with the matter.
fn ordinary(out: &mut Written, key: &Key, topics: &[Template], at: usize) {
    let Some(mut reply) = Reply::new("ordinary reply", topics, at / 5, at) else { return };
    let answers = reply.topic.every("ok", &mut reply.chance.clone(), &reply.slots);
    let answer = answers.get(at % 5).cloned().unwrap_or_default().replace("\\n", "\n");
    let (body, file) = answer.split_once("@file ").map_or((answer.as_str(), None), |(b, f)| (b, Some(f)));
    let (hello, bye) = match reply.topic.language.as_str() {
        "sv" => (format!("Hej {},", reply.to.first()), "Vänliga hälsningar"),
        "ja" => (format!("{}様", reply.to.name), "よろしくお願いいたします。"),
        _ => (
            reply.chance.pick(&["Hi", "Hello", "Dear"]).to_owned() + " " + reply.to.first() + ",",
            "Best regards",
        ),
    };
    let phone = ["iPhone", "telefon"].iter().any(|p| body.contains(p));
    let text =
        if phone { body.to_owned() } else { format!("{hello}\n\n{body}\n\n{bye}\n{}", reply.author.0) };
    let raw = reply.build(&text, file, key);
    let expect = Expect { at_most: Some(scenarios::class_name(Class::Suspicious).into()), ..reply.expect() };
    out.add(format!("ordinary/{:03}.eml", at + 1), "ordinary", reply.envelope(), raw, expect);
}

/// The same or an earlier day, not a weekend, between 7 and 16 h UTC.
fn office_hours(seconds: i64) -> i64 {
    let day = seconds.div_euclid(86_400);
    // 1 January 1970 was a Thursday.
    let back = match (day + 3).rem_euclid(7) {
        5 => 1,
        6 => 2,
        _ => 0,
    };
    (day - back) * 86_400 + 7 * 3_600 + seconds.rem_euclid(9 * 3_600)
}

fn first(name: &str) -> String {
    name.split(' ').next().unwrap_or_default().to_owned()
}

/// A small inert file of the kind that the name says.
fn attach(builder: Builder, name: &str, slots: &Slots) -> Builder {
    let label = format!("Document {}", slots.first().map_or("", |(_, v)| v.as_str()));
    match name.rsplit('.').next().unwrap_or_default() {
        "pdf" => builder.attach(name, "application/pdf", files::pdf(&label)),
        "zip" => builder.attach(name, "application/zip", files::zip("picture-1.txt", label.as_bytes())),
        "xlsx" => builder.attach(
            name,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            files::zip("xl/workbook.xml", b"<workbook/>"),
        ),
        _ => builder.attach(
            name,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            files::zip("word/document.xml", b"<document/>"),
        ),
    }
}

/// Outlook's conversation index: 22 bytes for the first message, 5 more for each answer ([MS-OXOMSG] §2.2.1.3).
fn thread_index(thread: &[Message], sent: i64, chance: &mut Chance) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let began = thread.last().map_or(sent, |m| m.sent);
    // FILETIME counts 100 ns since 1601; the index keeps its upper 48 bits, the first byte being 1.
    let filetime = |t: i64| u64::try_from(t + 11_644_473_600).unwrap_or(0) * 10_000_000;
    let mut bytes = filetime(began).to_be_bytes().get(..6).unwrap_or_default().to_vec();
    bytes.extend((0..16).map(|_| chance.between(0, 255) as u8));
    for moment in thread.iter().rev().skip(1).map(|m| m.sent).chain([sent]) {
        let difference = filetime(moment).saturating_sub(filetime(began));
        // Under 1.7 years the difference is kept in units of 2^18, else of 2^23.
        let (flag, shift) = if difference >> 49 == 0 { (0, 18) } else { (1 << 31, 23) };
        let kept = (difference >> shift) & 0x7fff_ffff;
        bytes.extend((flag | kept).to_be_bytes().get(4..).unwrap_or_default());
        bytes.push(chance.between(0, 255) as u8);
    }
    STANDARD.encode(bytes)
}
