//! What those write who read the mailboxes too: answers in real threads, from the owner's mailbox or from elsewhere.

use super::{
    locked,
    people::{Client, Server},
    post::{Carrier, File, Place},
    topics::Small,
    writer::{DAY, JUDGED_FROM, Say, Thread, Writer},
};
use crate::{chance::Chance, world::Kind};

/// Workbook that fetches and runs something; inert.
const WORKBOOK: &[u8] = include_bytes!("../../../../../fixtures/files/xlm/x07_loop_decode.xlsm");
/// Notebook with a page that runs when it is clicked; inert.
const NOTEBOOK: &[u8] = include_bytes!("../../../../../fixtures/files/onenote/n01_hta.one");
/// Pages that build a file.
const PAGES: [&[u8]; 3] = [
    include_bytes!("../../../../../fixtures/files/html/h02_reversed_chunks.html"),
    include_bytes!("../../../../../fixtures/files/html/h04_data_uri.html"),
    include_bytes!("../../../../../fixtures/files/html/h05_unescape_write.html"),
];

/// Small sites that were broken into.
const SITES: [&str; 20] = [
    "oakhill-dental.example",
    "lapergola-events.example",
    "mountainview-kennels.test",
    "atelier-bruno.example",
    "tamarind-kitchen.example",
    "saltmarsh-yoga.test",
    "velo-rennes.example",
    "bluebarn-nursery.example",
    "kisumu-safaris.test",
    "hotel-miralago.example",
    "stpauls-choir.example",
    "greenacre-feeds.test",
    "costabrava-diving.example",
    "rosewood-florist.example",
    "nordic-candles.test",
    "pinecrest-storage.example",
    "delta-tutoring.example",
    "zenith-solar.test",
    "harlequin-dance.example",
    "orchard-cider.example",
];
const WORDS: [&str; 14] = [
    "eaque",
    "rerum",
    "sit",
    "quia",
    "dolorem",
    "voluptas",
    "nihil",
    "omnis",
    "aut",
    "perferendis",
    "ipsam",
    "natus",
    "quod",
    "minima",
];
/// Mailboxes elsewhere, broken into too: domain, address of its server, local part.
const ELSEWHERE: [(&str, &str, &str); 5] = [
    ("brasserie-lilla.example", "203.0.113.151", "info"),
    ("clinica-sanroque.example", "203.0.113.158", "recepcion"),
    ("midwest-gravel.example", "203.0.113.166", "dispatch"),
    ("kodama-print.example", "203.0.113.174", "orders"),
    ("arctic-kayak.example", "203.0.113.181", "booking"),
];

/// How a stolen answer begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dress {
    /// As the owner does.
    Owner,
    /// The owner's greeting, no signature.
    Greeting,
    /// Anybody's greeting.
    Anybody,
    /// Nothing.
    Bare,
}

impl Writer<'_> {
    /// All stolen answers.
    pub(super) fn steal(&mut self, small: &Small) {
        for (domain, ip, _) in ELSEWHERE {
            self.further.push((domain.to_owned(), ip.to_owned()));
        }
        let roles = ["internal", "sister", "supplier"];
        let languages = ["en", "sv", "ja", "en"];
        for at in 0..15_usize {
            self.one(
                small,
                "link",
                "hijacked: link on a broken-into site",
                roles[at % 3],
                languages[at / 3 % 4],
                at,
            );
        }
        let roles = ["supplier", "internal", "kvarnby", "sister"];
        for at in 0..7_usize {
            self.one(small, "zip", "hijacked: archive and password", roles[at % 4], languages[at % 3], at);
        }
        for at in 0..6_usize {
            self.one(small, "page", "hijacked: page as a file", roles[at % 4], languages[at % 3], at);
        }
        for at in 0..6_usize {
            self.one(
                small,
                "disc",
                "hijacked: image or notebook",
                roles[(at + 1) % 4],
                languages[at % 3],
                at,
            );
        }
        self.burst(small, "supplier", JUDGED_FROM + 35 * DAY + 33_000, 9, 0);
        self.burst(small, "sister", JUDGED_FROM + 69 * DAY + 25_500, 8, 0);
        self.burst(small, "kvarnby", JUDGED_FROM + 74 * DAY + 51_000, 7, 1);
        self.elsewhere(small);
        self.strangers(small);
        for at in 0..6_usize {
            self.one(
                small,
                "foreign",
                "hijacked: wrong language",
                roles[at % 4],
                ["sv", "ja", "en"][at % 3],
                at,
            );
        }
        for at in 0..4_usize {
            self.one(
                small,
                "money",
                "hijacked: bank details changed",
                ["supplier", "print", "kvarnby", "hoshino"][at],
                ["en", "en", "sv", "ja"][at],
                at,
            );
        }
        for at in 0..10_usize {
            let roles = ["supplier", "sister", "internal", "kvarnby", "northpier"];
            let role = if roles[at % 5] == "northpier" { "forwarder" } else { roles[at % 5] };
            self.one(small, "hard", "hijacked: hard", role, languages[at % 3], at);
        }
    }

    /// Threads of a role and language in which something was said before a time.
    fn threads_of(&self, role: &str, language: &str, before: i64) -> Vec<usize> {
        let fits = |t: &Thread| {
            self.cast.company(t.them).role == role
                && t.language == language
                && t.said.len() > 1
                && t.said.first().is_some_and(|s| s.message.sent < before)
                && !t.subject.starts_with('[')
        };
        (0..self.threads.len()).filter(|n| self.threads.get(*n).is_some_and(fits)).collect()
    }

    /// One stolen answer from the owner's mailbox.
    fn one(&mut self, small: &Small, what: &str, group: &'static str, role: &str, language: &str, at: usize) {
        let mut chance = Chance::new(group, at as u64);
        let base = JUDGED_FROM + 14 * DAY + i64::try_from(chance.between(0, 72 * 86_400)).unwrap_or(0);
        let threads = self.threads_of(role, language, base);
        let thread = threads.get(at * 5 % threads.len().max(1)).copied();
        let Some((thread, place)) = thread.and_then(|t| Some((t, self.threads.get(t)?.clone()))) else {
            return;
        };
        let mut say = Say::new(self.cast, place.them, place.us, base, group);
        say.client = self.tool(place.them, at, &mut chance);
        if say.client == Client::Bare {
            say.place = Place::Away(format!("203.0.113.{}", 190 + at % 40), [0, 3, -5, 1][at % 4]);
        }
        let dress = match (what, at % 4) {
            ("hard", _) => Dress::Owner,
            ("money", _) | (_, 0) => Dress::Greeting,
            (_, 1) => Dress::Bare,
            _ => Dress::Anybody,
        };
        if what == "hard" && at.is_multiple_of(2) {
            say.client = self.cast.person(place.them).client;
            say.place = Place::Desk;
        }
        let spoken = match (what, place.language) {
            ("foreign", "en") => ["sv", "ja"][at % 2],
            ("foreign", _) => "en",
            (_, own) => own,
        };
        let kind = if what == "foreign" { "link" } else { what };
        let link = if what == "hard" { known(&mut chance, at) } else { site(&mut chance, at) };
        let text = small.nth(kind, spoken, at / 2).0;
        let password = chance.digits(4);
        let more = [
            ("link", link),
            ("link2", site(&mut chance, at + 7)),
            ("pass", password.clone()),
            ("company", self.cast.company(place.them).name.to_owned()),
        ];
        let body = place.numbers.fill(text, &mut chance, &more);
        say.text = self.disguised(&body, &place, spoken, dress, &mut chance);
        say.files = load(what, at, &password, &mut chance);
        self.take(thread, say);
    }

    /// One account answers many threads with the same two lines, within minutes or one a day.
    fn burst(&mut self, small: &Small, role: &str, start: i64, count: usize, days: i64) {
        let mut chance = Chance::new(role, count as u64);
        let mut owned: Vec<(usize, Vec<usize>)> = Vec::new();
        for person in self.cast.people.iter().filter(|p| self.cast.company(p.number).role == role) {
            let mut threads = Vec::new();
            for language in ["en", "sv", "ja"] {
                let all = self.threads_of(role, language, start);
                threads.extend(
                    all.into_iter().filter(|t| self.threads.get(*t).is_some_and(|t| t.them == person.number)),
                );
            }
            owned.push((person.number, threads));
        }
        owned.sort_by_key(|(_, threads)| std::cmp::Reverse(threads.len()));
        let Some((person, threads)) = owned.into_iter().next() else { return };
        let group = if days == 0 { "hijacked: takeover burst" } else { "hijacked: slow takeover" };
        let client = self.tool(person, usize::from(days > 0), &mut chance);
        let (number, shape) = (count, usize::try_from(start % 17).unwrap_or(0));
        let mut at = start;
        for thread in threads.into_iter().rev().take(number) {
            let Some(place) = self.threads.get(thread).cloned() else { continue };
            let mut say = Say::new(self.cast, person, place.us, at, group);
            say.client = client;
            if client == Client::Bare {
                say.place = Place::Away("203.0.113.188".into(), 2);
            }
            let language = self.cast.person(person).languages.first().copied().unwrap_or("en");
            let link = site(&mut chance, shape);
            let more = [("link", link), ("link2", site(&mut chance, shape))];
            let body = place.numbers.fill(small.nth("link", language, shape).0, &mut chance, &more);
            say.text = self.disguised(&body, &place, language, Dress::Anybody, &mut Chance::new(role, 1));
            self.take(thread, say);
            let pause = if days == 0 { chance.between(20, 140) } else { chance.between(70_000, 100_000) };
            at += i64::try_from(pause).unwrap_or(0);
        }
    }

    /// Threads that somebody else's mailbox continues: the owner's name, another address.
    fn elsewhere(&mut self, small: &Small) {
        for at in 0..10_usize {
            let mut chance = Chance::new("elsewhere", at as u64);
            let role = ["supplier", "sister", "internal", "hoshino", "law"][at % 5];
            let language = if role == "hoshino" { "ja" } else { ["en", "sv", "en", "ja"][at % 4] };
            let base = JUDGED_FROM + 10 * DAY + i64::try_from(chance.between(0, 76 * 86_400)).unwrap_or(0);
            let threads = self.threads_of(role, language, base);
            let thread = threads.get(at * 3 % threads.len().max(1)).copied();
            let Some((thread, place)) = thread.and_then(|t| Some((t, self.threads.get(t)?.clone()))) else {
                continue;
            };
            let (domain, ip, local) = ELSEWHERE[at % ELSEWHERE.len()];
            let address = format!("{local}@{domain}");
            let name = self.cast.person(place.them).name;
            let mut say = Say::new(self.cast, place.them, place.us, base, "hijacked: from elsewhere");
            say.from = Some((name.to_owned(), address.clone()));
            say.carrier =
                Some(Carrier { domain: domain.into(), ip: ip.into(), mail_from: address, list: None });
            say.client = [Client::Bare, Client::Roundcube, Client::SmtpOutlook][at % 3];
            say.place = Place::Away(format!("203.0.113.{}", 192 + at), 1);
            say.refers = at % 3 != 1;
            let what = ["link", "zip", "link", "page"][at % 4];
            let password = chance.digits(4);
            let more = [
                ("link", site(&mut chance, at + 3)),
                ("link2", site(&mut chance, at + 5)),
                ("pass", password.clone()),
            ];
            let body = place.numbers.fill(small.nth(what, place.language, at / 2 + 1).0, &mut chance, &more);
            let dress = [Dress::Greeting, Dress::Anybody, Dress::Bare][at % 3];
            say.text = self.disguised(&body, &place, place.language, dress, &mut chance);
            say.files = load(what, at, &password, &mut chance);
            self.take(thread, say);
        }
    }

    /// Known mailboxes that were never on the thread.
    fn strangers(&mut self, small: &Small) {
        for at in 0..7_usize {
            let mut chance = Chance::new("strangers", at as u64);
            let role = ["supplier", "sister", "kvarnby"][at % 3];
            let language = ["en", "sv", "en", "ja"][at % 4];
            let base = JUDGED_FROM + 18 * DAY + i64::try_from(chance.between(0, 68 * 86_400)).unwrap_or(0);
            let other = ["sister", "kvarnby", "supplier"][at % 3];
            let threads = self.threads_of(if language == "ja" { "hoshino" } else { other }, language, base);
            let thread = threads.get(at * 4 % threads.len().max(1)).copied();
            let Some((thread, place)) = thread.and_then(|t| Some((t, self.threads.get(t)?.clone()))) else {
                continue;
            };
            let writers = self.cast.of(role, if role == "kvarnby" { "sv" } else { language });
            let Some(by) = writers.last().copied() else { continue };
            let mut say = Say::new(self.cast, by, place.us, base, "hijacked: never on the thread");
            say.client = self.tool(by, at, &mut chance);
            let what = ["link", "link", "page", "zip"][at % 4];
            let password = chance.digits(4);
            let more = [
                ("link", site(&mut chance, at + 11)),
                ("link2", site(&mut chance, at + 2)),
                ("pass", password.clone()),
            ];
            let body = place.numbers.fill(small.nth(what, place.language, at + 2).0, &mut chance, &more);
            say.text = self.disguised(&body, &place, place.language, Dress::Anybody, &mut chance);
            say.files = load(what, at, &password, &mut chance);
            self.take(thread, say);
        }
    }

    /// The program with which a mailbox is abused.
    fn tool(&self, owner: usize, at: usize, chance: &mut Chance) -> Client {
        match self.cast.company(owner).server {
            Server::Exchange => [Client::Script, Client::Script, Client::Bare, Client::Outlook][at % 4],
            _ => chance
                .pick(&[Some(Client::Bare), Some(Client::Roundcube), Some(Client::Bare)])
                .unwrap_or(Client::Bare),
        }
    }

    fn disguised(
        &self,
        body: &str,
        place: &Thread,
        language: &str,
        dress: Dress,
        chance: &mut Chance,
    ) -> String {
        let owner = self.cast.person(place.them);
        let greeting = owner.greeting(self.cast.person(place.us), language, self.cast.company(place.them));
        match dress {
            Dress::Owner => self.dressed(body, place.them, place.us, language),
            Dress::Greeting => format!("{greeting}\n\n{body}"),
            Dress::Bare => body.to_owned(),
            Dress::Anybody => {
                let hello = match language {
                    "sv" => chance.pick(&["Hej,", "God dag,", "Hej!"]),
                    "ja" => chance.pick(&["お世話になっております。", "お疲れ様です。", "こんにちは。"]),
                    _ => chance.pick(&["Hello,", "Good day,", "Hi,", "Good morning,"]),
                };
                let bye =
                    if chance.between(0, 2) == 0 { format!("\n\n{}", owner.name) } else { String::new() };
                format!("{hello}\n\n{body}{bye}")
            }
        }
    }

    fn take(&mut self, thread: usize, mut say: Say) {
        say.kind = Kind::Hijacked;
        say.joins = false;
        self.say(thread, say);
    }
}

/// An address on a broken-into site.
fn site(chance: &mut Chance, shape: usize) -> String {
    let host = chance.pick(&SITES);
    let mut word = || chance.pick(&WORDS);
    let (a, b, c) = (word(), word(), word());
    let digits = chance.digits(7);
    match shape % 5 {
        0 => format!("https://{host}/{a}-{b}/{c}-{digits}"),
        1 => format!("https://{host}/{a}{b}/{digits}"),
        2 => format!("https://{host}/{a}/{b}-{c}-{digits}"),
        3 => format!("https://{host}/wp-content/uploads/{a}/{digits}"),
        _ => format!("https://{host}/{a}-{b}/{digits}"),
    }
}

/// An address at a host that everybody knows.
fn known(chance: &mut Chance, at: usize) -> String {
    let token = |n: usize, chance: &mut Chance| chance.token(n).to_lowercase();
    match at % 5 {
        0 => format!("https://we.tl/t-{}", chance.token(10)),
        1 => format!("https://www.dropbox.com/s/{}/summary.zip?dl=0", token(15, chance)),
        2 => format!("https://{}-my.sharepoint.com/:u:/g/personal/{}", token(9, chance), chance.token(30)),
        3 => format!("https://drive.google.com/file/d/{}/view?usp=sharing", chance.token(33)),
        _ => {
            let host = chance.pick(&SITES);
            format!(
                "https://{host}/{}/{}",
                chance.pick(&["share", "files", "docs", "view"]),
                token(12, chance)
            )
        }
    }
}

/// The file that comes along, for the kinds that bring one.
fn load(what: &str, at: usize, password: &str, chance: &mut Chance) -> Vec<File> {
    let number = chance.digits(5);
    match what {
        "zip" => {
            let member = format!("doc_{number}.xlsm");
            let name =
                [format!("charts_{number}.zip"), format!("papers-{number}.zip"), format!("{number}.zip")]
                    [at % 3]
                    .clone();
            vec![(name, "application/zip", locked::zip(&member, WORKBOOK, password))]
        }
        "page" => vec![(
            format!("{}_{number}.html", ["confirmation", "statement", "form"][at % 3]),
            "text/html",
            PAGES[at % 3].to_vec(),
        )],
        "disc" if at.is_multiple_of(2) => {
            vec![(format!("notes_{number}.one"), "application/octet-stream", NOTEBOOK.to_vec())]
        }
        "disc" => vec![(format!("drawings_{number}.iso"), "application/octet-stream", image(WORKBOOK))],
        _ => Vec::new(),
    }
}

/// A disc image (ECMA-119) with one file.
fn image(content: &[u8]) -> Vec<u8> {
    let both = |n: u32| [n.to_le_bytes(), n.to_be_bytes()].concat();
    let record = |name: &[u8], sector: u32, size: usize, flags: u8| {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let pad = usize::from(name.len().is_multiple_of(2));
        let length = (33 + name.len() + pad) as u8;
        let mut out = vec![length, 0];
        out.extend(both(sector));
        out.extend(both(size));
        out.extend([121, 7, 14, 9, 30, 0, 0, flags, 0, 0, 1, 0, 0, 1, name.len() as u8]);
        out.extend(name);
        out.extend(vec![0; pad]);
        out
    };
    let mut out = vec![0_u8; 20 * 2_048];
    let root = record(&[0], 19, 2_048, 2);
    let mut head = [b"\x01CD001\x01\x00".as_slice(), &[b' '; 64], &[0; 8]].concat();
    head.extend(both(20 + 40));
    head.resize(120, 0);
    head.extend([1, 0, 0, 1, 1, 0, 0, 1, 0, 8, 8, 0]);
    head.resize(156, 0);
    head.extend(&root);
    let end = b"\xffCD001\x01";
    let entries =
        [root.clone(), record(&[1], 19, 2_048, 2), record(b"DRAWINGS.XLSM;1", 20, content.len(), 0)].concat();
    for (sector, bytes) in [(16, head.as_slice()), (17, end), (19, &entries)] {
        if let Some(place) = out.get_mut(sector * 2_048..sector * 2_048 + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
    out.extend(content);
    let rest = out.len().next_multiple_of(2_048);
    out.resize(rest, 0);
    out
}
