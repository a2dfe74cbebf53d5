//! Accounts at bulk mailers: what they send by themselves, and the first message that speaks as somebody else.

mod mailers;

use super::{
    hijacked::skin::Phish,
    people::{COMPANY, PEOPLE, Person},
    template::{Slots, Template, escape, fill},
};
use crate::{
    chance::Chance,
    message::{self, Builder},
    scenarios::Organisation,
    world::{Arrival, Kind, World},
};
use mailers::{Keys, Letter};

/// Monday 1 March 2021, and the end of the year's mail.
const FROM: i64 = 1_614_556_800;
const DAYS: u64 = 250;
/// When somebody else takes the accounts.
const TAKEN: i64 = FROM + 255 * 86_400;

/// A bulk mailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mailer {
    Mailgun,
    SendGrid,
    Mailchimp,
}

/// One account.
struct Tenant {
    name: &'static str,
    /// Its site; mail comes from `mail.` below it.
    site: &'static str,
    mailer: Mailer,
    account: &'static str,
    /// Local part of the usual sender.
    local: &'static str,
    messages: u64,
    /// Hours east of Greenwich, and the hour of day at which it usually sends.
    zone: i8,
    hour: i64,
    colour: &'static str,
    imprint: &'static str,
    /// Values of `{dish}` and the like.
    things: [(&'static str, [&'static str; 4]); 1],
    texts: &'static str,
}

const TENANTS: [Tenant; 7] = [
    Tenant {
        name: "Ember & Maize",
        site: "embermaize.example",
        mailer: Mailer::Mailgun,
        account: "c7d21e",
        local: "hello",
        messages: 500,
        zone: -5,
        hour: 15,
        colour: "#7a2e12",
        imprint: "Ember & Maize Inc., 410 Harbor Street, Springfield",
        things: [("thing", [""; 4])],
        texts: include_str!("texts/chain.txt"),
    },
    Tenant {
        name: "Trattoria Lupo",
        site: "lupo-quay.example",
        mailer: Mailer::Mailchimp,
        account: "4f2b9c81d07e5a6633aa10c2e",
        local: "ciao",
        messages: 60,
        zone: 1,
        hour: 10,
        colour: "#1d5c3a",
        imprint: "Trattoria Lupo, 12 Quay Street",
        things: [(
            "dish",
            ["wild garlic ravioli", "braised octopus", "pumpkin gnocchi", "boar with juniper"],
        )],
        texts: include_str!("tenants/lupo.txt"),
    },
    Tenant {
        name: "Brightwater School",
        site: "brightwater-school.example",
        mailer: Mailer::Mailgun,
        account: "9ab04f",
        local: "news",
        messages: 80,
        zone: 0,
        hour: 14,
        colour: "#234a8c",
        imprint: "Brightwater School, Mill Lane",
        things: [("thing", [""; 4])],
        texts: include_str!("tenants/school.txt"),
    },
    Tenant {
        name: "Kvist & Co",
        site: "kvist-co.example",
        mailer: Mailer::SendGrid,
        account: "7731904",
        local: "kundklubb",
        messages: 100,
        zone: 1,
        hour: 7,
        colour: "#5b7f5b",
        imprint: "Kvist & Co, Storgatan 8",
        things: [("thing", ["lampor av näver", "krukor i lergods", "filtar av ull", "ljusstakar i smide"])],
        texts: include_str!("tenants/kvist.txt"),
    },
    Tenant {
        name: "Harbour Rowing Club",
        site: "pier9-rowing.example",
        mailer: Mailer::Mailchimp,
        account: "b81c0d66e2f94a1f0c77de915",
        local: "office",
        messages: 50,
        zone: 0,
        hour: 18,
        colour: "#14375e",
        imprint: "Harbour Rowing Club, Pier 9",
        things: [("thing", [""; 4])],
        texts: include_str!("tenants/rowing.txt"),
    },
    Tenant {
        name: "山吹書店",
        site: "yamabuki-books.example",
        mailer: Mailer::Mailgun,
        account: "31ffe8",
        local: "info",
        messages: 80,
        zone: 9,
        hour: 11,
        colour: "#b8860b",
        imprint: "山吹書店 本通り3-8",
        things: [("thing", [""; 4])],
        texts: include_str!("tenants/yamabuki.txt"),
    },
    Tenant {
        name: "Lantern Theatre",
        site: "lantern-theatre.example",
        mailer: Mailer::SendGrid,
        account: "5580217",
        local: "programme",
        messages: 60,
        zone: 1,
        hour: 12,
        colour: "#3b1f47",
        imprint: "Lantern Theatre, Old Tram Depot",
        things: [("play", ["The Long Ferry", "Otto and the Queen", "Salt", "Nine Doors"])],
        texts: include_str!("tenants/theatre.txt"),
    },
];

/// Sign-in and malware pages.
const PAGES: [&str; 6] = [
    "https://fieldstone-growers.example/wp-includes/office/index.php",
    "https://northgate-realty.example/.well-known/owa/",
    "https://blueheron-kayaks.example/assets/js/login.html",
    "https://tilersguild.example/new/auth/",
    "https://secure-track.parcelhub.test/r/",
    "https://casa-nogal.example/img/vm/",
];

/// The scenario `other-voices`. `None` when the test keys cannot be read.
#[must_use]
pub fn other_voices() -> Option<World> {
    let keys = Keys::read()?;
    let mut mail = Vec::new();
    for tenant in &TENANTS {
        let templates = Template::read(tenant.texts);
        for at in 0..tenant.messages {
            mail.push(ordinary(tenant, &keys, &templates, at));
        }
        mail.extend(voices(tenant, &keys));
    }
    let organisation = Organisation::harbour();
    let title = "Accounts at bulk mailers send what they always send, then speak as somebody else once";
    let world = World::new("other-voices", title, organisation, mailers::zone(&TENANTS, &keys), mail);
    Some(World { learns_attacks: false, ..world })
}

impl Tenant {
    fn slots(&self, to: Person, sent: i64, chance: &mut Chance) -> Vec<(&'static str, String)> {
        let day =
            |after: i64| message::date(sent + after * 86_400, 0).get(5..16).unwrap_or_default().to_owned();
        let (thing, values) = self.things[0];
        vec![
            ("name", to.first().to_owned()),
            ("email", to.address()),
            ("org", COMPANY.to_owned()),
            ("n", chance.between(12, 48).to_string()),
            ("num", chance.digits(4)),
            ("id", chance.hex(20)),
            ("date", day(2)),
            ("date2", day(14)),
            ("time", format!("{}:{:02}", chance.between(10, 18), chance.between(0, 59))),
            ("colleague", "Robin Sayer".to_owned()),
            (thing, chance.pick(&values).to_owned()),
        ]
    }

    fn language(&self) -> &'static str {
        match self.zone {
            9 => "ja",
            _ if self.local == "kundklubb" => "sv",
            _ => "en",
        }
    }
}

/// A campaign or a notice of the account's own.
fn ordinary(tenant: &Tenant, keys: &Keys, templates: &[Template], at: u64) -> Arrival {
    let mut chance = Chance::new(tenant.site, at);
    let to = chance.pick(&PEOPLE);
    // In the order of sending, a little uneven, around the usual hour.
    let day = i64::try_from(at * DAYS / tenant.messages + chance.between(0, 1)).unwrap_or(0);
    let hour = tenant.hour - i64::from(tenant.zone) + i64::try_from(chance.between(0, 2)).unwrap_or(0);
    let sent = FROM + day * 86_400 + hour * 3_600 + i64::try_from(chance.between(0, 3_599)).unwrap_or(0);
    let slots = tenant.slots(to, sent, &mut chance);
    // Some kinds of message come only later in the year.
    let known = (templates.len() as u64 * (at + tenant.messages / 3) / tenant.messages)
        .clamp(2, templates.len() as u64);
    let template = templates
        .get(usize::try_from(chance.between(0, known.saturating_sub(1))).unwrap_or(0))
        .cloned()
        .unwrap_or_default();
    let line = template.one("link", &mut chance, &slots);
    let full = template.all_of("link");
    let (place, first) = full.first().and_then(|l| l.split_once(" :: ")).unwrap_or(("www /", "Read more"));
    let (host, path) = place.split_once(' ').unwrap_or(("www", "/"));
    let label = if line.contains(" :: ") { first.to_owned() } else { line };
    let name = match template.extra.as_str() {
        "" | "-" => tenant.name.to_owned(),
        "hello" | "account" => tenant.name.to_owned(),
        "rewards" => format!("{} Rewards", tenant.name),
        "orders" => format!("{} Orders", tenant.name),
        "careers" => format!("{} Careers", tenant.name),
        _ => sender(tenant, &template),
    };
    let local = match template.extra.as_str() {
        kind @ ("rewards" | "orders" | "careers" | "account") => kind,
        _ => tenant.local,
    };
    let mut letter = Letter::new(tenant, to, sent, chance.clone());
    let target = fill(&format!("https://{host}.{}{path}", tenant.site), &slots);
    let link = letter.click(&target);
    let home = letter.click(&format!("https://www.{}/", tenant.site));
    let unsubscribe = letter.unsubscribe();
    let paragraphs = template.every("p", &mut chance, &slots);
    let heading = template.one("h", &mut chance, &slots);
    let foot = template.one("foot", &mut chance, &slots);
    let body: String = paragraphs.iter().map(|p| format!("<p>{}</p>\n", escape(p))).collect();
    let colour = tenant.colour;
    let html = format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{0}</title></head>\n<body style=\"margin:0;background:#f4f4f2\">\n<table width=\"600\" align=\"center\" bgcolor=\"#ffffff\">\n\
         <tr><td style=\"padding:18px\"><a href=\"{home}\"><img src=\"https://img.{1}/logo.png\" alt=\"{0}\" width=\"160\"></a></td></tr>\n\
         <tr><td style=\"padding:18px;font-family:Georgia\"><h1 style=\"color:{colour}\">{2}</h1>\n{body}<p><a href=\"{link}\" style=\"background:{colour};color:#ffffff;padding:12px 26px\">{3}</a></p></td></tr>\n\
         <tr><td style=\"padding:18px;font-size:11px\">{4}<br>{5}. <a href=\"{unsubscribe}\">Unsubscribe</a></td></tr></table>\n<img src=\"{6}\" width=\"1\" height=\"1\" alt=\"\">\n</body></html>\n",
        escape(tenant.name),
        tenant.site,
        escape(&heading),
        escape(&label),
        escape(&foot),
        escape(tenant.imprint),
        letter.pixel(),
    );
    let text = format!(
        "{heading}\n\n{}\n\n{label}:\n{link}\n\n--\n{foot}\n{}\n{unsubscribe}\n",
        paragraphs.join("\n\n"),
        tenant.imprint
    );
    let builder = letter
        .head(&name, local, &template.one("subject", &mut chance, &slots), tenant.zone)
        .field("List-Unsubscribe", &letter.list_unsubscribe())
        .text(&text)
        .html(&html);
    letter.arrive(builder, keys, tenant.name, Kind::Ordinary, tenant.language())
}

/// The words behind the language in a block's head.
fn sender(tenant: &Tenant, template: &Template) -> String {
    let head = format!("= {} {} ", template.name, template.language);
    let found = tenant.texts.lines().find_map(|l| l.strip_prefix(&head));
    found.unwrap_or(tenant.name).to_owned()
}

/// The same account in other hands: each of these is judged as if it were the first.
fn voices(tenant: &Tenant, keys: &Keys) -> Vec<Arrival> {
    let read = |text: &str| Template::read(text);
    let voices = read(include_str!("tenants/voices.txt"));
    let microsoft: Vec<Template> =
        read(include_str!("texts/microsoft.txt")).into_iter().filter(|t| t.language == "en").collect();
    let bank = read(include_str!("texts/usaa.txt"));
    let mut out = Vec::new();
    for (at, brand) in ["Microsoft", "USAA", "parcel", "voicemail", "person"].into_iter().enumerate() {
        let mut chance = Chance::new(brand, tenant.account.len() as u64 * 31 + tenant.messages);
        let to = chance.pick(&PEOPLE);
        let sent =
            TAKEN + i64::try_from(chance.between(0, 60_000)).unwrap_or(0) + i64::try_from(at).unwrap_or(0);
        let mut slots = tenant.slots(to, sent, &mut chance);
        let template = match brand {
            "Microsoft" => chance.pick(&microsoft),
            "USAA" => chance.pick(&bank),
            other => voices.iter().find(|t| t.name == other).cloned().unwrap_or_default(),
        };
        let name = match brand {
            "Microsoft" => chance.pick(&["Microsoft", "Microsoft 365"]).to_owned(),
            "USAA" => "USAA".to_owned(),
            _ => template.one("name", &mut chance, &slots),
        };
        slots.push(("sender", name.clone()));
        let group = match brand {
            "Microsoft" => "speaks as Microsoft",
            "USAA" => "speaks as a bank",
            "parcel" => "speaks as a parcel service",
            "voicemail" => "speaks as a voicemail system",
            _ => "speaks as a person",
        };
        out.push(voice(tenant, keys, &template, (to, sent), &slots, (&name, brand, group), chance));
    }
    out
}

fn voice(
    tenant: &Tenant,
    keys: &Keys,
    template: &Template,
    (to, sent): (Person, i64),
    slots: &Slots,
    (name, brand, group): (&str, &str, &'static str),
    mut chance: Chance,
) -> Arrival {
    let mut letter = Letter::new(tenant, to, sent, chance.clone());
    let page = format!("{}?{}", chance.pick(&PAGES), chance.hex(10));
    let link = letter.click(&page);
    let paragraphs = template.every("p", &mut chance, slots);
    let button = template.one("button", &mut chance, slots);
    let foot = template.one("foot", &mut chance, slots);
    let subject = template.one("subject", &mut chance, slots);
    let local = if tenant.mailer == Mailer::Mailgun { "postmaster" } else { tenant.local };
    let head = |letter: &Letter<'_>, chance: &mut Chance| -> Builder {
        let builder = letter.head(name, local, &subject, 0);
        // Mailchimp adds it to everything; elsewhere a script leaves it out.
        if tenant.mailer == Mailer::Mailchimp || chance.between(0, 3) == 0 {
            return builder.field("List-Unsubscribe", &letter.list_unsubscribe());
        }
        builder
    };
    let builder = head(&letter, &mut chance);
    let builder = if brand == "person" {
        let text = format!("Hi {},\n\n{}\n\n{link}\n\n{name}\n", to.first(), paragraphs.join("\n\n"));
        builder.text(&text)
    } else {
        let skin = Phish {
            brand: if brand == "USAA" || brand == "Microsoft" { brand } else { "" },
            link,
            pixel: letter.pixel(),
            preheader: template.one("preheader", &mut chance, slots),
            heading: template.one("h", &mut chance, slots),
            paragraphs,
            button,
            foot,
            style: chance.between(0, 3),
        };
        builder.html(&skin.html())
    };
    letter.arrive(builder, keys, group, Kind::Hijacked, tenant.language())
}
