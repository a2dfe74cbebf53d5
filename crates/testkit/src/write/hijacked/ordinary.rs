//! 200 messages that the chain itself sends through the same account: news, rewards, receipts, jobs, accounts.

use sekisho_record::Class;

use super::{Delivery, Keys, MAIL, Written, expect, skin};
use crate::{
    message::Builder,
    scenarios::{self, Expect},
    write::template::{Template, fill},
};

/// 1 June 2021, 13:00 UTC, and the end of July.
const FROM: i64 = 1_622_552_400;
const UNTIL: i64 = FROM + 59 * 86_400;

pub(super) fn write(out: &mut Written, keys: &Keys) {
    let templates = Template::read(include_str!("../texts/chain.txt"));
    for at in 0..200_usize {
        let Some(template) = templates.get(at % templates.len().max(1)) else { return };
        one(out, keys, template, at);
    }
}

fn one(out: &mut Written, keys: &Keys, template: &Template, at: usize) {
    let mut delivery = Delivery::new("ordinary", at as u64, FROM, UNTIL);
    let mut chance = delivery.chance.clone();
    let day = |after: i64| {
        crate::message::date(delivery.sent + after * 86_400, 0).get(5..16).unwrap_or_default().to_owned()
    };
    let slots = vec![
        ("name", delivery.to.first().to_owned()),
        ("email", delivery.to.address()),
        ("n", chance.between(12, 48).to_string()),
        ("num", chance.digits(4)),
        ("id", chance.hex(20)),
        ("date", day(-1)),
        ("date2", day(14)),
        ("time", format!("{}:{:02} pm", chance.between(1, 8), chance.between(0, 59))),
    ];
    let line = template.one("link", &mut chance, &slots);
    // `host path :: label` in the first variant, further labels in the others.
    let full = template.all_of("link");
    let (place, first_label) =
        full.first().and_then(|l| l.split_once(" :: ")).unwrap_or(("www /", "Read more"));
    let (host, path) = place.split_once(' ').unwrap_or(("www", "/"));
    let label = if line.contains(" :: ") { first_label.to_owned() } else { line };
    let target = fill(&format!("https://{host}.embermaize.example{path}"), &slots);
    let (name, local) = sender(&template.extra);
    let page = skin::Chain {
        link: delivery.tracker.click(&target),
        home: delivery.tracker.click("https://www.embermaize.example/"),
        unsubscribe: delivery.tracker.unsubscribe(),
        pixel: delivery.tracker.pixel(),
        heading: template.one("h", &mut chance, &slots),
        paragraphs: template.every("p", &mut chance, &slots),
        button: label,
        foot: template.one("foot", &mut chance, &slots),
        marketing: !matches!(local, "orders" | "account"),
    };
    let builder = Builder::new(&chance.hex(24))
        .date(delivery.sent - 1, -5)
        .mailbox("From", name, &format!("{local}@{MAIL}"))
        .mailbox("To", delivery.to.name, &delivery.to.address())
        .mailbox("Reply-To", "", &format!("{local}@{MAIL}"))
        .subject(&template.one("subject", &mut chance, &slots))
        .field("Message-Id", &format!("<{}>", delivery.tracker.message_id))
        .field(
            "List-Unsubscribe",
            &format!(
                "<mailto:u+{}@{MAIL}?subject=unsubscribe>,\r\n <{}>",
                delivery.tracker.hash, page.unsubscribe
            ),
        )
        .field("X-Mailgun-Tag", &template.name)
        .text(&page.text())
        .html(&page.html());
    let raw = delivery.deliver(&builder.build(), keys);
    let expect = Expect {
        at_most: Some(scenarios::class_name(Class::Benign).into()),
        target: Some(format!("{host}.embermaize.example")),
        ..expect()
    };
    out.add(format!("ordinary/{:03}.eml", at + 1), "ordinary", Some(delivery.envelope()), raw, expect);
}

fn sender(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "rewards" => ("Ember & Maize Rewards", "rewards"),
        "orders" => ("Ember & Maize Orders", "orders"),
        "careers" => ("Ember & Maize Careers", "careers"),
        "account" => ("Ember & Maize", "account"),
        _ => ("Ember & Maize", "hello"),
    }
}
