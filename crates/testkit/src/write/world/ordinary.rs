//! The life of the mailboxes: matters that begin, go on, sleep and wake, as their owners write.

use super::{
    people::Client,
    post::Place,
    topics::{Topic, Turn},
    writer::{DAY, END, JUDGED_FROM, START, Say, Writer, file, office_hours},
};
use crate::{chance::Chance, world::Kind};

/// Days for which threads sleep before their owners wake them.
const DORMANT: [i64; 9] = [690, 150, 410, 240, 560, 320, 620, 200, 480];
/// Mobile and hotel networks.
const NETWORKS: [(&str, i8); 6] = [
    ("198.51.100.201", 1),
    ("198.51.100.207", -4),
    ("198.51.100.213", 8),
    ("198.51.100.219", 2),
    ("198.51.100.226", 0),
    ("198.51.100.233", 9),
];

/// What a kind is called in the results.
pub(super) fn group(kind: &str) -> &'static str {
    match kind {
        "old" => "long dormant, resumed",
        "share" => "first-time file share",
        "ticket" => "ticket link",
        "phone" => "new phone",
        "net" => "other network",
        "cc" => "colleague added",
        "sub" => "substitute",
        "file" => "attached file",
        "lang" => "other language",
        "thanks" => "one-word thanks",
        "bank" => "bank details announced",
        _ => "goes on",
    }
}

impl Writer<'_> {
    /// One matter from its beginning to its end.
    pub(super) fn matter(&mut self, topic: &Topic, at: usize) {
        let mut chance = Chance::new(topic.subject, at as u64);
        let Some((us, them)) = self.pair(topic.role, topic.language, &mut chance) else { return };
        let thread = self.open(topic.language, topic.subject, us, them, &mut chance);
        let wakes = topic.turns.iter().position(|t| t.kind == "old");
        let first = wakes
            .or_else(|| topic.turns.iter().position(|t| !t.kind.is_empty()))
            .unwrap_or(topic.turns.len());
        let mut gap =
            |low: u64, high: u64| i64::try_from(chance.between(low * 3_600, high * 3_600)).unwrap_or(0);
        let mut moment = JUDGED_FROM + gap(0, 58 * 24);
        let awake = moment;
        let slow = at % 3 == 1;
        let mut times: Vec<i64> = Vec::new();
        for back in 0..first {
            moment -= match (back, wakes) {
                (0, Some(_)) => (DORMANT[at % DORMANT.len()] * DAY).min(moment - START - 20 * DAY),
                _ if slow => gap(9 * 24, 44 * 24),
                _ => gap(14, 90),
            };
            times.insert(0, moment);
        }
        let mut moment = awake;
        for _ in first..topic.turns.len() {
            times.push(moment);
            moment = (moment + gap(9, 80)).min(END - DAY);
        }
        let mut last = 0;
        for (turn, moment) in topic.turns.iter().zip(times) {
            let by = if turn.ours { us } else { them };
            let moment = office_hours(moment, self.cast.person(by).zone()).max(last + 600);
            last = moment;
            self.turn(thread, turn, moment);
        }
    }

    /// Who of us and who of them.
    pub(super) fn pair(&self, role: &str, language: &str, chance: &mut Chance) -> Option<(usize, usize)> {
        let ours = self.cast.of("internal", language);
        let main: Vec<usize> = ours
            .iter()
            .copied()
            .filter(|n| self.cast.person(*n).languages.first() == Some(&language))
            .collect();
        let us = chance.pick(if main.is_empty() { &ours } else { &main });
        let others: Vec<usize> = self.cast.of(role, language).into_iter().filter(|n| *n != us).collect();
        let first = *others.first()?;
        Some((us, if chance.between(0, 9) < 6 && role != "internal" { first } else { chance.pick(&others) }))
    }

    /// One message of a matter.
    fn turn(&mut self, thread: usize, turn: &Turn, at: i64) {
        let mut chance = Chance::new(turn.text, at.unsigned_abs());
        let Some(place) = self.threads.get(thread).cloned() else { return };
        let (author, reader) = if turn.ours { (place.us, place.them) } else { (place.them, place.us) };
        let mut say = Say::new(self.cast, author, reader, at, group(turn.kind));
        let body = place.numbers.fill(turn.text, &mut chance, &[]);
        match turn.kind {
            "phone" => {
                say.client = Client::Iphone;
                say.place = Place::Away(
                    NETWORKS[usize::try_from(chance.between(0, 1)).unwrap_or(0)].0.into(),
                    self.cast.person(author).zone(),
                );
            }
            "net" => {
                let (ip, zone) = chance.pick(&NETWORKS);
                say.place = Place::Away(ip.into(), zone);
            }
            "cc" => say.cc.extend(self.cast.mate(author, place.language, &[author, reader], &mut chance)),
            "sub" => {
                if let Some(mate) = self.cast.mate(author, place.language, &[author, reader], &mut chance) {
                    say.by = mate;
                    say.client = self.cast.person(mate).client;
                    say.cc.push(author);
                }
            }
            "bank" => say.kind = Kind::Announced,
            _ => {}
        }
        if !turn.file.is_empty() {
            let name = place.numbers.fill(turn.file, &mut chance, &[]);
            let content = format!("Document {} of {at}", chance.digits(6));
            say.files.push(file(&name, &content));
        }
        say.text = match turn.kind {
            "thanks" => body,
            "phone" => {
                let mark = match place.language {
                    "sv" => "Skickat från min iPhone",
                    "ja" => "iPhoneから送信",
                    _ => "Sent from my iPhone",
                };
                if chance.between(0, 2) == 0 { body } else { format!("{body}\n\n{mark}") }
            }
            "lang" => {
                let (own, company) = (self.cast.person(say.by), self.cast.company(say.by));
                format!("{body}\n\n{}", own.signature("en", company))
            }
            _ => self.dressed(&body, say.by, say.to, place.language),
        };
        self.say(thread, say);
    }

    /// A short exchange somewhere in the two years.
    pub(super) fn daily(&mut self, topic: &Topic, at: usize) {
        let mut chance = Chance::new(topic.subject, at as u64);
        let Some((us, them)) = self.pair(topic.role, topic.language, &mut chance) else { return };
        let thread = self.open(topic.language, topic.subject, us, them, &mut chance);
        let span = u64::try_from(END - START - 20 * DAY).unwrap_or(0);
        let mut moment = START + i64::try_from(chance.between(0, span)).unwrap_or(0);
        let mut last = 0;
        for turn in &topic.turns {
            let by = if turn.ours { us } else { them };
            last = office_hours(moment, self.cast.person(by).zone()).max(last + 900);
            moment = moment.max(last) + i64::try_from(chance.between(3_600, 170_000)).unwrap_or(0);
            self.turn(thread, turn, last);
        }
    }

    /// Somebody comes back and answers ten threads within twenty minutes, each in its own words.
    pub(super) fn back(&mut self, topics: &[Topic], who: &str, returns: i64) {
        let Some(person) = self.cast.people.iter().find(|p| p.address == who).map(|p| p.number) else {
            return;
        };
        let ours = self.cast.person(person).ours();
        let mut now = returns;
        for (at, topic) in topics.iter().enumerate() {
            let mut chance = Chance::new(topic.subject, at as u64);
            let roles =
                ["sister", "kvarnby", "hoshino", "forwarder", "minato", "lease", "insurer", "internal"];
            let role = (0..roles.len())
                .map(|n| roles[(at + n) % roles.len()])
                .find(|r| self.cast.of(r, topic.language).iter().any(|n| *n != person))
                .unwrap_or("internal");
            let (us, them) = if ours {
                let others = self.cast.of(role, topic.language);
                let other = others.into_iter().find(|n| *n != person).unwrap_or(0);
                (person, other)
            } else {
                (chance.pick(&self.cast.of("internal", topic.language)), person)
            };
            let thread = self.open(topic.language, topic.subject, us, them, &mut chance);
            let asked = returns - DAY * i64::try_from(24 + at * at * 2).unwrap_or(24);
            let mut last = asked;
            for (number, turn) in topic.turns.iter().enumerate() {
                let moment = if number < 2 {
                    office_hours(last + 18_000, self.cast.person(us).zone()).max(last + 900)
                } else {
                    now += i64::try_from(chance.between(70, 150)).unwrap_or(100);
                    now
                };
                last = moment;
                let mut turn = *turn;
                turn.ours = if number == 2 { ours } else { turn.ours };
                let before = self.mail.len();
                self.turn(thread, &turn, moment);
                if number == 2
                    && let Some(mail) = self.mail.get_mut(before)
                {
                    mail.group = "back from holiday";
                }
            }
        }
    }
}
