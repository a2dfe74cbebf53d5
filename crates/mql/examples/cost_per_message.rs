//! What a message costs with 100 and with 1,000 rules: `cargo run --release -p sekisho-mql --example cost_per_message`.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use sekisho_mql::{Arena, Expect, Host, List, ListData, Object, Outcome, Rule, RuleSet, Schema, Value};

const SCHEMA: &str = "
    shape Link { text: string, host: string, path: string }
    shape Mail { inbound: bool, sender: string, subject: string, text: string, links: [Link] }
    root mail: Mail
    list trusted
";

struct Link {
    text: String,
    host: String,
    path: String,
}

struct Mail {
    sender: String,
    subject: String,
    text: String,
    links: Vec<Link>,
}

impl Object for Link {
    fn shape(&self) -> &'static str {
        "Link"
    }
    fn field<'a>(&'a self, index: usize, _: &'a Arena) -> Value<'a> {
        Value::Str([&self.text, &self.host, &self.path][index])
    }
}

impl sekisho_mql::Items for Mail {
    fn len(&self) -> usize {
        self.links.len()
    }
    fn get<'a>(&'a self, i: usize, _: &'a Arena) -> Value<'a> {
        self.links.get(i).map_or(Value::Null, |l| Value::Object(l))
    }
}

impl Object for Mail {
    fn shape(&self) -> &'static str {
        "Mail"
    }
    fn field<'a>(&'a self, index: usize, _: &'a Arena) -> Value<'a> {
        match index {
            0 => Value::Bool(true),
            1 => Value::Str(&self.sender),
            2 => Value::Str(&self.subject),
            3 => Value::Str(&self.text),
            _ => Value::List(List::Items(self)),
        }
    }
}

struct World<'m>(&'m Mail, &'m ListData);

impl<'a> Host<'a> for World<'a> {
    fn root(&self, _: usize, _: &'a Arena) -> Value<'a> {
        Value::Object(self.0)
    }
    fn call(&self, _: usize, _: &[Value<'a>], _: &'a Arena) -> Outcome<'a> {
        Outcome::Missing("none")
    }
    fn list(&self, _: &str) -> Option<&'a ListData> {
        Some(self.1)
    }
}

/// A fixed sequence of numbers that looks random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % sides
    }

    fn word(&mut self) -> String {
        let syllables = [
            "pay", "ver", "ment", "in", "voice", "ac", "count", "re", "set", "lo", "gin", "doc", "mi", "sto",
            "ra", "ge", "qua", "ter", "ly", "bo", "nus", "de", "li", "very", "pro", "file", "up", "date",
            "se", "cure", "ship", "ping",
        ];
        (0..2 + self.roll(2)).map(|_| syllables[self.roll(syllables.len())]).collect()
    }
}

fn rule(dice: &mut Dice, only: Option<usize>) -> String {
    let mut w = || dice.word();
    let (a, b, c, d) = (w(), w(), w(), w());
    let kind = dice.roll(5);
    match only.unwrap_or(kind) {
        0 => format!(
            "mail.inbound and strings.icontains(mail.text, '{a} {b}', '{c} {d}') and mail.sender not in $trusted"
        ),
        1 => format!(
            "mail.inbound and regex.icontains(mail.text, '{a}\\s+(?:{b}|{c})', '\\b{d}[^a-z]{{1,9}}{a}') and length(mail.links) > 0"
        ),
        2 => format!(
            "mail.inbound and any(mail.links, .host =~ '{a}.example' or strings.ilike(.path, '*/{b}*{c}*'))"
        ),
        3 => format!(
            "mail.inbound and (strings.ilike(mail.subject, '*{a}*{b}*') or regex.imatch(mail.subject, '.*{c} ?{d}.*'))
             and not (mail.sender in $trusted and strings.icontains(mail.text, '{a}'))"
        ),
        _ => format!(
            "mail.inbound and 2 of (strings.icontains(mail.text, '{a}'), regex.icontains(mail.subject, '{b}'),
             any(mail.links, strings.icontains(.text, '{c}')), any(mail.links, .host in ('{d}.example', 'x.example')))"
        ),
    }
}

fn mail(dice: &mut Dice) -> Mail {
    let text: Vec<String> = (0..450).map(|_| dice.word()).collect();
    let link = |dice: &mut Dice| Link {
        text: dice.word(),
        host: format!("{}.example", dice.word()),
        path: format!("/{}/{}", dice.word(), dice.word()),
    };
    Mail {
        sender: "someone@shop.example".into(),
        subject: format!("Your {} {} is due", dice.word(), dice.word()),
        text: text.join(" "),
        links: (0..15).map(|_| link(dice)).collect(),
    }
}

fn main() {
    let schema = Schema::parse(SCHEMA).unwrap();
    let mut dice = Dice(7);
    // One kind of rule, when its number is given.
    let only = std::env::args().nth(1).and_then(|n| n.parse().ok());
    let sources: Vec<String> = (0..1000).map(|_| rule(&mut dice, only)).collect();
    let rules: Vec<Rule> = sources.iter().map(|s| Rule::new(s, &schema, Expect::Bool).unwrap()).collect();
    let mails: Vec<Mail> = (0..50).map(|_| mail(&mut dice)).collect();
    let trusted = ListData::strings(["friend@corp.example"]);
    for count in [100, 1000] {
        let start = Instant::now();
        let set = RuleSet::compile(rules.iter().take(count).map(|r| ("r", r)), &schema);
        let compiled = start.elapsed();
        set.warm_up();
        let mut matched = 0;
        let start = Instant::now();
        for mail in &mails {
            let arena = Arena::new();
            matched += set.evaluate(&World(mail, &trusted), &arena).len();
        }
        let cost = start.elapsed() / mails.len() as u32;
        println!(
            "{count:5} rules: {cost:?} a message of {} bytes, {matched} matches, compiled in {compiled:?}, {:?}",
            mails[0].text.len(),
            set.sizes()
        );
    }
}
