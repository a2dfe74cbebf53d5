//! Two years of the mailboxes at Harbour Logistics: threads as people write them, and stolen ones among them.
//!
//! The people and their habits stand in `texts/people.txt`, what they write in the other files there.

mod locked;
mod ordinary;
mod people;
mod post;
mod quoted;
mod small;
mod stolen;
mod topics;
mod writer;

use crate::{dkim::Key, scenarios::Organisation, world::World};
use people::Cast;
use post::Post;
use topics::Small;
use writer::{DAY, JUDGED_FROM, Writer};

/// The scenario `stolen-threads`. `None` when the test keys cannot be read.
#[must_use]
pub fn stolen_threads() -> Option<World> {
    let (cast, key) = (Cast::read(), Key::sender()?);
    let mut writer = Writer {
        cast: &cast,
        post: Post { cast: &cast, key: &key },
        threads: Vec::new(),
        mail: Vec::new(),
        further: Vec::new(),
    };
    let matters = [
        (include_str!("world/texts/en.txt"), "en"),
        (include_str!("world/texts/sv.txt"), "sv"),
        (include_str!("world/texts/ja.txt"), "ja"),
    ];
    for (text, language) in matters {
        for (at, topic) in topics::read(text, language).iter().enumerate() {
            writer.matter(topic, at);
        }
    }
    writer.beside(&Small::read(include_str!("world/texts/small.txt")));
    let returns = [
        ("en", "k.meissner@ferrostahl.example", JUDGED_FROM + 19 * DAY + 25_800),
        ("sv", "henrik.dahl@harbour.example", JUDGED_FROM + 40 * DAY + 26_100),
        ("ja", "hiroshi.kondo@harbour.example", JUDGED_FROM + 54 * DAY + 26_700),
    ];
    for (language, who, when) in returns {
        writer.back(&topics::read(back_of(language), language), who, when);
    }
    let daily = [
        (include_str!("world/texts/daily-en.txt"), "en"),
        (include_str!("world/texts/daily-sv.txt"), "sv"),
        (include_str!("world/texts/daily-ja.txt"), "ja"),
    ];
    for (text, language) in daily {
        for (at, topic) in topics::read(text, language).iter().enumerate() {
            writer.daily(topic, at);
        }
    }
    writer.steal(&Small::read(include_str!("world/texts/stolen.txt")));
    let zone = writer.post.zone(&writer.further);
    let mut organisation = Organisation::harbour();
    organisation.partners.push("nordhavn.example".into());
    for person in cast.people.iter().filter(|p| p.ours()) {
        if organisation.people.iter().all(|p| p.1 != person.address) {
            organisation.people.push((person.name.to_owned(), person.address.clone(), false));
        }
    }
    let title = "Two years of mailboxes; threads are stolen in the last three months";
    Some(World::new("stolen-threads", title, organisation, zone, writer.mail))
}

/// The threads that wait for somebody who is on holiday.
fn back_of(language: &str) -> &'static str {
    match language {
        "sv" => include_str!("world/texts/back-sv.txt"),
        "ja" => include_str!("world/texts/back-ja.txt"),
        _ => include_str!("world/texts/back-en.txt"),
    }
}
