//! Worlds: whole mailboxes in the order of arrival, replayed through the engine, which learns as it goes.
//!
//! A [`Scenario`](crate::scenarios::Scenario) judges single messages without a past; a world has one. [`replay`] is the
//! one way through it, for tests and for `make run`.

use std::{collections::BTreeMap, fmt, path::Path};

use sekisho_detect::RuleSource;
use sekisho_engine::{Desk, Scripted, Zone};
use sekisho_record::{Class, Envelope, Record, Submission, Verdict};

use crate::scenarios::{Error, Organisation, Scenario};

/// Nobody waits here, so a busy machine must not change what is found.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// What a message is to the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It is learnt; its verdict is counted, but nothing is expected of it.
    History,
    /// Its owner wrote it: not malicious, and hardly ever suspicious.
    Ordinary,
    /// Its owner announces what impostors announce too: suspicious at most.
    Announced,
    /// Somebody else wrote it: at least suspicious.
    Hijacked,
}

/// One message that arrives.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// File name, in the order of arrival.
    pub name: String,
    /// When it arrives, seconds since 1970.
    pub at: i64,
    /// What is counted together.
    pub group: &'static str,
    /// What it is to the scenario.
    pub kind: Kind,
    /// Language of its thread.
    pub language: &'static str,
    /// The message.
    pub raw: Vec<u8>,
    /// Its envelope; `None` for mail that never left the organisation's servers, and for what it sends.
    pub envelope: Option<Envelope>,
}

/// Mailboxes over a long time.
#[derive(Debug, Clone)]
pub struct World {
    /// Its name.
    pub name: &'static str,
    /// What happens, in one line.
    pub title: &'static str,
    /// Who receives the mail.
    pub organisation: Organisation,
    /// The DNS.
    pub zone: String,
    /// The messages in the order of arrival.
    pub mail: Vec<Arrival>,
    /// What is hijacked is learnt too, as it is in life. Otherwise each such message is judged as if it were the first.
    pub learns_attacks: bool,
}

impl World {
    /// Puts the messages in order and names them.
    #[must_use]
    pub fn new(
        name: &'static str,
        title: &'static str,
        organisation: Organisation,
        zone: String,
        mut mail: Vec<Arrival>,
    ) -> Self {
        mail.sort_by_key(|m| m.at);
        for (at, message) in mail.iter_mut().enumerate() {
            let kind = message.kind.word();
            message.name = format!("{:04}-{kind}-{}.eml", at + 1, message.language);
        }
        Self { name, title, organisation, zone, mail, learns_attacks: true }
    }

    /// Messages of a kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.mail.iter().filter(|m| m.kind == kind).count()
    }

    /// Writes every message as a file that `sekisho replay` reads (the topmost fields say what the envelope said; it lies
    /// in `envelopes/` as well), the DNS and a configuration, so that a person can replay it with the program.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        let mail = folder.join("mail");
        let envelopes = folder.join("envelopes");
        std::fs::create_dir_all(&mail)?;
        std::fs::create_dir_all(&envelopes)?;
        for message in &self.mail {
            std::fs::write(mail.join(&message.name), &message.raw)?;
            if let Some(envelope) = &message.envelope {
                let json = serde_json::to_vec_pretty(envelope)?;
                std::fs::write(envelopes.join(message.name.replace(".eml", ".json")), json)?;
            }
        }
        std::fs::write(folder.join("zone.txt"), &self.zone)?;
        std::fs::write(folder.join("sekisho.toml"), self.configuration())
    }

    /// What the program has to be told.
    fn configuration(&self) -> String {
        let organisation = &self.organisation;
        let mut out = format!(
            "[organisation]\nname = {:?}\ndomains = {:?}\npartners = {:?}\n",
            organisation.name, organisation.domains, organisation.partners
        );
        for (name, address, vip) in &organisation.people {
            out.push_str(&format!(
                "\n[[organisation.people]]\nname = {name:?}\naddress = {address:?}\nvip = {vip}\n"
            ));
        }
        out.push_str("\n[authentication]\nbelieve = [\"mx.harbour.example\"]\nzone = \"zone.txt\"\n");
        out
    }
}

impl Kind {
    /// One word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Ordinary => "ordinary",
            Self::Announced => "announced",
            Self::Hijacked => "hijacked",
        }
    }
}

/// What was concluded of one message.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Index into [`World::mail`].
    pub at: usize,
    /// The class.
    pub class: Class,
    /// It is part of a takeover that was recognised ([`takeover`]).
    pub takeover: bool,
    /// Rules that fired, worst first.
    pub rules: Vec<String>,
}

/// Verdicts of one group.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Messages.
    pub messages: usize,
    /// Of these benign.
    pub benign: usize,
    /// Of these suspicious.
    pub suspicious: usize,
    /// Of these malicious.
    pub malicious: usize,
    /// Malicious or part of a recognised takeover.
    pub recognised: usize,
    /// At least suspicious, by language, with how many there are.
    pub languages: BTreeMap<&'static str, (usize, usize)>,
    /// Which rules fired, how often.
    pub rules: BTreeMap<String, usize>,
}

/// What a replay found.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Groups by kind and name.
    pub groups: BTreeMap<(Kind, &'static str), Tally>,
    /// The messages, in order.
    pub judged: Vec<Judged>,
}

/// The verdict says that a mailbox or a thread is in other hands: a takeover rule of `rules/behaviour/` fired, or the
/// threat is that of a stolen thread.
#[must_use]
pub fn takeover(verdict: &Verdict) -> bool {
    verdict.class > Class::Benign && verdict.findings.iter().any(|f| f.rule.contains("takeover"))
}

/// The built-in rules without those of `rules/brand` and without every other that reads the facet `brand`: what is left
/// has to go by behaviour.
///
/// # Errors
/// Never for a released program: a test loads the rules.
pub fn rules_without_brand() -> Result<Vec<RuleSource>, Error> {
    let mut rules = sekisho_detect::rules::builtin()?;
    rules.retain(|rule| rule.facet != "brand" && !reads(&rule.query, "brand."));
    Ok(rules)
}

/// The query reads this facet, not one whose name only ends so.
fn reads(query: &str, facet: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    query.match_indices(facet).any(|(at, _)| {
        let before = query.get(..at).and_then(|front| front.chars().next_back());
        !before.is_some_and(part)
    })
}

/// Replays a world through the engine with a store of its own, in the order of arrival, learning as it goes.
///
/// # Errors
/// When a rule or the zone is wrong, or the store does not work.
pub fn replay(world: &World, sources: Vec<RuleSource>) -> Result<Outcome, Error> {
    let scenario = Scenario {
        organisation: world.organisation.clone(),
        zone: world.zone.clone(),
        ..Scenario::default()
    };
    let folder = tempfile::tempdir().map_err(|source| Error::Read { path: std::env::temp_dir(), source })?;
    let url = format!("sqlite:{}", folder.path().join("history.db").display());
    let zone = Zone::parse(&world.zone)?;
    let desk = Desk::new(Box::new(Scripted::new(zone)?), PATIENCE).remembering(&url)?;
    let engine = scenario.engine(sources)?.with_desk(desk.with_history_deadline(PATIENCE));
    let mut outcome = Outcome::default();
    for (at, message) in world.mail.iter().enumerate() {
        let submission = Submission {
            envelope: message.envelope.as_ref(),
            record: &message.name,
            at: Some(message.at),
            now: message.at,
            ..Submission::from_bytes(&message.raw)
        };
        let mut record = engine.scan(&submission);
        let lesson = record.lesson.take().filter(|_| world.learns_attacks || message.kind != Kind::Hijacked);
        engine.learn(lesson.into_iter().collect())?;
        outcome.add(message, at, &record);
    }
    Ok(outcome)
}

impl Outcome {
    fn add(&mut self, message: &Arrival, at: usize, record: &Record) {
        let verdict = &record.verdict;
        let judged = Judged {
            at,
            class: verdict.class,
            takeover: takeover(verdict),
            rules: verdict.findings.iter().map(|f| f.rule.clone()).collect(),
        };
        let tally = self.groups.entry((message.kind, message.group)).or_default();
        tally.messages += 1;
        match verdict.class {
            Class::Benign => tally.benign += 1,
            Class::Suspicious => tally.suspicious += 1,
            Class::Malicious => tally.malicious += 1,
        }
        tally.recognised += usize::from(judged.class == Class::Malicious || judged.takeover);
        let language = tally.languages.entry(message.language).or_default();
        language.0 += usize::from(judged.class > Class::Benign);
        language.1 += 1;
        for rule in &judged.rules {
            *tally.rules.entry(rule.clone()).or_default() += 1;
        }
        self.judged.push(judged);
    }

    /// All groups of a kind together.
    #[must_use]
    pub fn all(&self, kind: Kind) -> Tally {
        let mut sum = Tally::default();
        for tally in self.groups.iter().filter(|((k, _), _)| *k == kind).map(|(_, t)| t) {
            sum.messages += tally.messages;
            sum.benign += tally.benign;
            sum.suspicious += tally.suspicious;
            sum.malicious += tally.malicious;
            sum.recognised += tally.recognised;
            for (language, (noticed, all)) in &tally.languages {
                let both = sum.languages.entry(language).or_default();
                both.0 += noticed;
                both.1 += all;
            }
            for (rule, count) in &tally.rules {
                *sum.rules.entry(rule.clone()).or_default() += count;
            }
        }
        sum
    }

    /// Verdicts that a person would question: hijacked ones that passed and ordinary ones that did not, a line each.
    #[must_use]
    pub fn wrong(&self, world: &World) -> Vec<String> {
        let line = |judged: &Judged| {
            let message = world.mail.get(judged.at)?;
            let wrong = match message.kind {
                Kind::Hijacked => {
                    judged.class == Class::Benign || !(judged.takeover || judged.class == Class::Malicious)
                }
                Kind::Ordinary => judged.class > Class::Benign,
                Kind::Announced => judged.class > Class::Suspicious,
                Kind::History => false,
            };
            wrong.then(|| {
                format!("{} ({}): {:?} by {:?}", message.name, message.group, judged.class, judged.rules)
            })
        };
        self.judged.iter().filter_map(line).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>4} messages: {:>4} malicious {:>4} suspicious {:>4} benign {:>4} recognised  ",
            self.messages, self.malicious, self.suspicious, self.benign, self.recognised
        )?;
        for (language, (noticed, all)) in &self.languages {
            write!(f, " {language} {noticed}/{all}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((kind, name), tally) in &self.groups {
            writeln!(f, "{:<10}{name:<38}{tally}", kind.word())?;
        }
        Ok(())
    }
}
