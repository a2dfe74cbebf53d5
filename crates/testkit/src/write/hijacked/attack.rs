//! 105 messages in Microsoft's name, 14 in a bank's, 2 voicemail notices with an attachment.

use sekisho_record::Class;

use super::{Delivery, Keys, MAIL, Written, expect, skin};
use crate::{
    chance::Chance,
    files,
    message::Builder,
    scenarios::{self, Expect},
    tracker::percent,
    write::{
        people::{COMPANY, PEOPLE},
        template::{Slots, Template},
    },
};

/// Tuesday 13 July 2021, 06:00 UTC, and three days later.
const FROM: i64 = 1_626_156_000;
const UNTIL: i64 = FROM + 3 * 86_400 - 14_400;

/// Fake sign-in pages for Microsoft: broken-into small sites and names made for the purpose.
const MICROSOFT_PAGES: [&str; 9] = [
    "https://fieldstone-growers.example/wp-includes/office/index.php",
    "https://portal-signin.mail-retention.test/o365/",
    "https://northgate-realty.example/.well-known/owa/",
    "https://secure.docs-exchange-review.test/common/oauth2/authorize",
    "https://blueheron-kayaks.example/assets/js/ms/login.html",
    "https://login-validate.cloudinbox.test/session",
    "https://stjude-parish-hall.example/gallery/2021/off/",
    "https://quota-center.mailstore-upgrade.test/storage/verify",
    "https://tilersguild.example/new/auth/sharepoint",
];
const USAA_PAGES: [&str; 3] = [
    "https://member-logon.veteran-portal.test/inet/ent_logon/Logon",
    "https://ridgeway-dental.example/images/usaa/",
    "https://secure.myaccount-review.test/inet/wc/unlock",
];

pub(super) fn write(out: &mut Written, keys: &Keys) {
    let microsoft = Template::read(include_str!("../texts/microsoft.txt"));
    let usaa = Template::read(include_str!("../texts/usaa.txt"));
    let english: Vec<_> = microsoft.iter().filter(|t| t.language == "en").cloned().collect();
    let others: Vec<_> = microsoft.iter().filter(|t| t.language != "en").cloned().collect();
    // The three days in the order of sending: one in four of Microsoft's is in another language.
    for at in 0..105_u64 {
        let pool = if at % 4 == 3 { &others } else { &english };
        let template = nth(pool, if at % 4 == 3 { at / 4 } else { at });
        credential(out, keys, &template, at, "Microsoft");
    }
    for at in 0..14 {
        credential(out, keys, &nth(&usaa, at), 200 + at, "USAA");
    }
    for at in 0..2 {
        voicemail(out, keys, at);
    }
}

fn nth(templates: &[Template], at: u64) -> Template {
    let count = templates.len().max(1);
    templates.get(usize::try_from(at).unwrap_or(0) % count).cloned().unwrap_or_default()
}

fn number(out: &Written) -> String {
    format!("attack/{:03}.eml", out.mail.len() + 1)
}

/// A notice with a button that leads to a fake sign-in page.
fn credential(out: &mut Written, keys: &Keys, template: &Template, seed: u64, brand: &str) {
    let mut delivery = Delivery::new("attack", seed, FROM, UNTIL);
    let mut chance = delivery.chance.clone();
    let slots = slots(&delivery, &mut chance);
    let page = if brand == "USAA" { chance.pick(&USAA_PAGES) } else { chance.pick(&MICROSOFT_PAGES) };
    let target = with_recipient(page, &slots, &mut chance);
    let host = page.split('/').nth(2).unwrap_or_default().to_owned();
    let skin = skin::Phish {
        brand,
        link: delivery.tracker.click(&target),
        pixel: delivery.tracker.pixel(),
        preheader: template.one("preheader", &mut chance, &slots),
        heading: template.one("h", &mut chance, &slots),
        paragraphs: template.every("p", &mut chance, &slots),
        button: template.one("button", &mut chance, &slots),
        foot: template.one("foot", &mut chance, &slots),
        style: chance.between(0, 3),
    };
    let name = if brand == "USAA" {
        "USAA"
    } else {
        chance.pick(&["Microsoft", "Microsoft", "Microsoft", "Microsoft 365", "Microsoft Office"])
    };
    let subject = template.one("subject", &mut chance, &slots);
    let mut builder = head(&delivery, name, &subject, &mut chance).html(&skin.html());
    if chance.between(0, 1) == 0 {
        builder = builder.text(&skin.text());
    }
    let raw = delivery.deliver(&builder.build(), keys);
    let expect = Expect {
        at_least: Some(scenarios::class_name(Class::Suspicious).into()),
        brand: Some(brand.into()),
        target: Some(host),
        ..expect()
    };
    out.add(number(out), brand, Some(delivery.envelope()), raw, expect);
}

fn head(delivery: &Delivery, name: &str, subject: &str, chance: &mut Chance) -> Builder {
    Builder::new(&chance.hex(24))
        .date(delivery.sent - 1, 0)
        .mailbox("From", name, &format!("postmaster@{MAIL}"))
        .field("To", &delivery.to.address())
        .subject(subject)
        .field("Message-Id", &format!("<{}>", delivery.tracker.message_id))
}

/// Some pages are told whose password they should ask for.
fn with_recipient(page: &str, slots: &Slots, chance: &mut Chance) -> String {
    let email = slots.iter().find(|(k, _)| *k == "email").map(|(_, v)| v.as_str()).unwrap_or_default();
    match chance.between(0, 3) {
        0 => format!("{page}?e={}", percent(email)),
        1 => format!("{page}#{}", crate::base64(email)),
        2 => format!("{page}?id={}", chance.hex(12)),
        _ => page.to_owned(),
    }
}

fn slots(delivery: &Delivery, chance: &mut Chance) -> Vec<(&'static str, String)> {
    let day = |after: i64| {
        crate::message::date(delivery.sent + after * 86_400, 0).get(5..16).unwrap_or_default().to_owned()
    };
    let colleague = PEOPLE
        .iter()
        .cycle()
        .nth(usize::try_from(chance.between(0, 60)).unwrap_or(0))
        .copied()
        .unwrap_or_default();
    let colleague = if colleague.local == delivery.to.local { "Robin Sayer" } else { colleague.name };
    vec![
        ("name", delivery.to.first().to_owned()),
        ("email", delivery.to.address()),
        ("org", COMPANY.to_owned()),
        ("colleague", colleague.to_owned()),
        ("n", chance.between(3, 28).to_string()),
        ("num", chance.digits(4)),
        ("id", chance.token(9)),
        ("date", day(0)),
        ("date2", day(3)),
        ("time", format!("{:02}:{:02}", chance.between(7, 18), chance.between(0, 59))),
    ]
}

/// A notice whose "recording" is not audio. What it holds is inert.
fn voicemail(out: &mut Written, keys: &Keys, seed: u64) {
    let mut delivery = Delivery::new("voicemail", seed, FROM, UNTIL);
    let mut chance = delivery.chance.clone();
    let (seconds, last) = (chance.between(19, 48), chance.digits(4));
    let subject = format!("New voice message from +1 (XXX) 555-{last} ({seconds} sec)");
    let text = format!(
        "You have a new voice message.\n\nCaller:   +1 (XXX) 555-{last}\nMailbox:  {}\nDuration: 00:00:{seconds}\nReceived: {}\n\n\
         The recording is attached. Open it to listen to the message.\n\nVM Caller ID Service\n",
        delivery.to.address(),
        crate::message::date(delivery.sent, 0),
    );
    let builder = head(&delivery, "VM Caller ID", &subject, &mut chance).text(&text);
    let builder = if seed == 0 {
        let page = "<html><head><title>Voice message</title></head><body><!-- INERT test file -->INERT</body></html>\n";
        builder.attach(&format!("VM_{last}_00{seconds}.wav.html"), "audio/x-wav", page.as_bytes().to_vec())
    } else {
        let member = format!("VoiceMsg_{last}.mp3.exe");
        builder.attach(
            &format!("VoiceMsg_{last}_00{seconds}.mp3.zip"),
            "audio/mpeg",
            files::zip(&member, b"INERT\r\n"),
        )
    };
    let raw = delivery.deliver(&builder.build(), keys);
    let expect = Expect {
        at_least: Some(scenarios::class_name(Class::Suspicious).into()),
        no_brand: true,
        ..expect()
    };
    out.add(number(out), "voicemail", Some(delivery.envelope()), raw, expect);
}
