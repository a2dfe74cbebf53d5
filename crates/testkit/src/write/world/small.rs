//! What arrives beside the matters: thanks, absence notes, robots, calendars, forwards, locked files, a list.

use super::{
    locked,
    people::Client,
    post::Carrier,
    topics::Small,
    writer::{DAY, END, JUDGED_FROM, START, Say, Writer, office_hours},
};
use crate::{chance::Chance, files, message, world::Kind};

/// The list's domain and the address of its server.
const LIST: (&str, &str) = ("lists.portforum.example", "198.51.100.240");
/// Robots: address, name, where a number is looked at, who sends it (a role), languages, host of the company.
const ROBOTS: [(&str, &str, &str, &str, &str); 6] = [
    (
        "service@northpier.example",
        "Northpier Service",
        "https://service.northpier.example/tickets/",
        "forwarder",
        "en sv",
    ),
    (
        "service@minato-kaiun.example",
        "港海運 受付",
        "https://service.minato-kaiun.example/tickets/",
        "minato",
        "ja",
    ),
    (
        "support@kaitolabs.example",
        "Kaito Labs Support",
        "https://support.kaitolabs.example/requests/",
        "it",
        "en ja sv",
    ),
    ("claims@sealine.example", "Sealine Claims", "https://claims.sealine.example/case/", "insurer", "en ja"),
    (
        "returns@kvarnby.example",
        "Kvarnby Returer",
        "https://portal.kvarnby.example/returns/",
        "kvarnby",
        "sv en",
    ),
    (
        "helpdesk@harbour.example",
        "Harbour Helpdesk",
        "https://help.harbour.example/ticket/",
        "internal",
        "en sv ja",
    ),
];

impl Writer<'_> {
    /// All of it.
    pub(super) fn beside(&mut self, small: &Small) {
        let matters = self.threads.len();
        for thread in 0..matters {
            self.follow(small, thread);
        }
        for robot in 0..ROBOTS.len() {
            self.robots(small, robot);
        }
        self.sealed(small);
        self.list(small);
        self.bank(small);
    }

    /// What follows the last message of a matter.
    fn follow(&mut self, small: &Small, thread: usize) {
        let Some(place) = self.threads.get(thread).cloned() else { return };
        let Some(last) = place.said.last().cloned() else { return };
        let mut chance = Chance::new("follow", thread as u64);
        let (by, to, language) = (last.to, last.by, place.language);
        let mut after =
            |low: u64, high: u64| last.message.sent + i64::try_from(chance.between(low, high)).unwrap_or(0);
        let at = after(1_200, 14_000);
        match thread % 8 {
            1 | 5 => {
                let mut say = Say::new(self.cast, by, to, at, "one-word thanks");
                say.text = small.nth("thanks", language, thread / 4).0.to_owned();
                self.say(thread, say);
            }
            2 => {
                let at = after(2, 40);
                self.absent(small, thread, by, to, at);
            }
            3 | 7 => {
                let Some(new) = self.cast.mate(by, language, &[by, to], &mut chance) else { return };
                let mut say = Say::new(self.cast, by, new, at, "forwarded to somebody new");
                if !self.cast.person(by).ours() {
                    // Their colleague is no business of ours; the new one is a colleague of the reader.
                    let Some(new) = self.cast.mate(to, language, &[by, to], &mut chance) else { return };
                    say.to = new;
                }
                let first = self.cast.person(say.to).first();
                say.text = small.nth("forward", language, thread / 4).0.replace("{To}", first);
                say.text = format!("{}\n\n{first}", say.text).trim_end_matches(first).trim_end().to_owned();
                say.subject =
                    Some(format!("{}: {}", if language == "sv" { "VB" } else { "FW" }, place.subject));
                say.joins = false;
                self.say(thread, say);
            }
            6 => {
                let mut say = Say::new(self.cast, by, to, at, "calendar answer");
                let word = small.nth("calendar", language, thread / 8).0;
                let topic = place.subject.clone();
                say.subject = Some(format!("{word}: {topic}"));
                say.quotes = false;
                say.refers = false;
                say.joins = false;
                let ics = format!(
                    "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:{}\r\nDTSTAMP:{}Z\r\nSUMMARY:{topic}\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                    chance.hex(40),
                    message::stamp(at),
                    self.cast.person(by).address
                );
                say.files = vec![(
                    "invite.ics".into(),
                    "text/calendar; charset=utf-8; method=REPLY",
                    ics.into_bytes(),
                )];
                self.say(thread, say);
            }
            _ => {}
        }
    }

    /// An absence note.
    fn absent(&mut self, small: &Small, thread: usize, by: usize, to: usize, at: i64) {
        let Some(place) = self.threads.get(thread) else { return };
        let (language, topic) = (place.language, place.subject.clone());
        let mut chance = Chance::new("absent", thread as u64);
        let mut say = Say::new(self.cast, by, to, at, "absence note");
        let mate = self.cast.mate(by, language, &[by, to], &mut chance).unwrap_or(by);
        let until = message::date(at + 9 * DAY, 0);
        let date = until.get(5..11).unwrap_or_default().trim().to_owned();
        say.text = small
            .nth("auto", language, thread / 8)
            .0
            .replace("{date}", &date)
            .replace("{mateaddress}", &self.cast.person(mate).address)
            .replace("{mate}", self.cast.person(mate).name);
        let word = match language {
            "sv" => "Autosvar",
            "ja" => "自動応答",
            _ => "Automatic reply",
        };
        say.subject = Some(format!("{word}: {topic}"));
        say.fields = vec![
            ("Auto-Submitted".into(), "auto-replied".into()),
            ("X-Auto-Response-Suppress".into(), "All".into()),
        ];
        say.quotes = false;
        say.joins = false;
        self.say(thread, say);
    }

    /// A robot's notes over the two years, and its answers in the matters of its company.
    fn robots(&mut self, small: &Small, robot: usize) {
        let (address, name, link, role, languages) = ROBOTS[robot];
        let threads: Vec<usize> = (0..self.threads.len())
            .filter(|t| {
                let place = &self.threads[*t];
                self.cast.company(place.them).role == role && languages.contains(place.language)
            })
            .collect();
        for (count, thread) in threads.into_iter().enumerate() {
            let Some(place) = self.threads.get(thread).cloned() else { continue };
            let Some(asked) = place.said.iter().rev().find(|s| s.by == place.us).cloned() else { continue };
            let mut chance = Chance::new("robot", (thread * 31 + robot) as u64);
            let minutes = i64::try_from(chance.between(1, 90)).unwrap_or(1);
            let mut say =
                Say::new(self.cast, place.them, place.us, asked.message.sent + 60 * minutes, "robot answers");
            let number = chance.digits(7);
            say.from = Some((name.to_owned(), address.to_owned()));
            say.client = Client::Robot;
            let agent = self.cast.person(place.them).name;
            say.text = small
                .nth("robot", place.language, count)
                .0
                .replace("{num7}", &number)
                .replace("{robot}", link)
                .replace("{agent}", agent)
                .replace("\\n", "\n");
            say.subject = Some(format!("[#{number}] {}", place.subject));
            say.fields = vec![("Auto-Submitted".into(), "auto-generated".into())];
            say.quotes = count % 2 == 0;
            say.joins = false;
            self.say(thread, say);
        }
    }

    /// Locked files and, minutes later, their passwords, as some houses demand.
    fn sealed(&mut self, small: &Small) {
        let senders = [
            ("en", "grace.whitfield@harbour.example", "priya.raman@harbour.example"),
            ("en", "j.ellery@brightwater-school.example", "sofie.janssen@harbour.example"),
            ("en", "duffy@adebayo-lindgren.example", "samuel.okafor@harbour.example"),
            ("sv", "ingrid.solberg@harbour.example", "marta.lindqvist@harbour.example"),
            ("sv", "lena@northpier.example", "emil.sandberg@harbour.example"),
            ("ja", "kawamura.y@hoshino-trading.example", "aiko.tanaka@harbour.example"),
            ("ja", "tishii@nordlease.example", "kenji.murata@harbour.example"),
            ("ja", "k.nishino@minato-kaiun.example", "megumi.ono@harbour.example"),
        ];
        let find =
            |address: &str| self.cast.people.iter().find(|p| p.address == address).map_or(0, |p| p.number);
        let pairs = senders.map(|(l, by, to)| (l, find(by), find(to)));
        let mut nth = std::collections::BTreeMap::new();
        for (language, by, to) in pairs {
            let at = nth.entry(language).or_insert(0_usize);
            let (text, after) = small.nth("sealed", language, *at);
            *at += 1;
            for round in 0..4_i64 {
                let mut chance = Chance::new(text, round.unsigned_abs());
                let base = if round < 2 {
                    START + (140 + 260 * round) * DAY
                } else {
                    JUDGED_FROM + (12 + 31 * (round - 2)) * DAY
                };
                let moment = base + i64::try_from(chance.between(0, 900_000)).unwrap_or(0);
                let moment = office_hours(moment, self.cast.person(by).zone());
                let subject = match language {
                    "sv" => "Låst fil",
                    "ja" => "ファイル送付の件",
                    _ => "Protected file",
                };
                let thread =
                    self.open(language, &format!("{subject} {}", chance.digits(4)), to, by, &mut chance);
                let password = format!("{}{}", chance.token(6), chance.digits(3));
                let mut say = Say::new(self.cast, by, to, moment, "locked file");
                say.text = self.dressed(&text.replace("\\n", "\n"), by, to, language);
                let name = format!("{}_{}.zip", ["table", "tender", "papers"][*at % 3], chance.digits(4));
                let content = files::pdf(&format!("Table {}", chance.digits(6)));
                say.files = vec![(name, "application/zip", locked::zip("table.pdf", &content, &password))];
                self.say(thread, say);
                let wait = i64::try_from(chance.between(60, 700)).unwrap_or(60);
                let mut say = Say::new(self.cast, by, to, moment + wait, "password for a file");
                say.text =
                    self.dressed(&after.replace("\\n", "\n").replace("{pass}", &password), by, to, language);
                say.quotes = round % 2 == 1;
                self.say(thread, say);
            }
        }
    }

    /// A mailing list of the trade, in three languages, to three of us.
    fn list(&mut self, small: &Small) {
        self.further.push((LIST.0.to_owned(), LIST.1.to_owned()));
        let address = format!("berthtalk@{}", LIST.0);
        for language in ["en", "sv", "ja"] {
            let count = small.of("list", language).len();
            let roles = ["supplier", "forwarder", "sister", "hoshino", "lease", "it"];
            let writers: Vec<usize> =
                roles.iter().filter_map(|r| self.cast.of(r, language).last().copied()).collect();
            let readers = self.cast.of("internal", language);
            let mut chance = Chance::new("list", count as u64);
            let mut thread = 0;
            for at in 0..count {
                let by = writers[at % writers.len().max(1)];
                let to = readers[at % readers.len().min(3)];
                if at % 3 == 0 {
                    let subject = small
                        .nth("list", language, at)
                        .0
                        .chars()
                        .take_while(|c| !".。、?".contains(*c))
                        .take(38)
                        .collect::<String>();
                    thread = self.open(language, &format!("[berthtalk] {subject}"), to, by, &mut chance);
                }
                // The first third belongs to the past.
                let early = at * 3 < count;
                let span = if early { JUDGED_FROM - START - 60 * DAY } else { END - JUDGED_FROM - 12 * DAY };
                let of =
                    i64::try_from(if early { at * 3 + 1 } else { (at * 3).saturating_sub(count) / 2 + 1 })
                        .unwrap_or(1);
                let parts = i64::try_from(count + 2).unwrap_or(2);
                let moment = if early { START + 40 * DAY } else { JUDGED_FROM + 5 * DAY } + span * of / parts;
                let moment = office_hours(moment, self.cast.person(by).zone());
                let mut say = Say::new(self.cast, by, to, moment, "mailing list");
                let mut body = small.nth("list", language, at).0.replace("\\n", "\n");
                body = format!(
                    "{body}\n\n{}\n\n_______________________________________________\nBerthtalk mailing list\nhttps://{}/listinfo/berthtalk",
                    self.cast.person(by).first(),
                    LIST.0
                );
                say.text = body.replace("{num}", &chance.digits(4));
                let author = self.cast.person(by).mailbox();
                let role = self.cast.company(by).role;
                if !["supplier", "hoshino", "lease"].contains(&role) {
                    say.from = Some((format!("{} via Berthtalk", author.0), address.clone()));
                    say.fields.push(("Reply-To".into(), message::mailbox(&author.0, &author.1)));
                }
                say.carrier = Some(Carrier {
                    domain: LIST.0.into(),
                    ip: LIST.1.into(),
                    mail_from: format!(
                        "berthtalk-bounces+{}@{}",
                        self.cast.person(to).address.replace('@', "="),
                        LIST.0
                    ),
                    list: Some(("Berthtalk".into(), address.clone())),
                });
                say.fields.extend([
                    ("List-Id".to_owned(), format!("Berthtalk <berthtalk.{}>", LIST.0)),
                    ("List-Post".to_owned(), format!("<mailto:{address}>")),
                    ("List-Unsubscribe".to_owned(), format!("<https://{}/options/berthtalk>", LIST.0)),
                    ("Precedence".to_owned(), "list".to_owned()),
                ]);
                self.say(thread, say);
            }
        }
    }

    /// New bank details, announced as it should be done.
    fn bank(&mut self, small: &Small) {
        for (language, role) in [("en", "supplier"), ("en", "print"), ("sv", "kvarnby"), ("ja", "hoshino")] {
            let found = self.threads.iter().position(|t| {
                t.language == language
                    && self.cast.company(t.them).role == role
                    && t.said.last().is_some_and(|s| s.message.sent > JUDGED_FROM)
            });
            let Some((thread, place)) = found.and_then(|t| Some((t, self.threads.get(t)?.clone()))) else {
                continue;
            };
            let at = place.said.last().map_or(END, |s| s.message.sent) + 2 * DAY;
            let mut chance = Chance::new(role, 5);
            let mut say =
                Say::new(self.cast, place.them, place.us, office_hours(at, 1), "bank details announced");
            say.kind = Kind::Announced;
            let nth = usize::from(role == "print");
            let body = place.numbers.fill(small.nth("bank", language, nth).0, &mut chance, &[]);
            say.text = self.dressed(&body, place.them, place.us, language);
            self.say(thread, say);
        }
    }
}
