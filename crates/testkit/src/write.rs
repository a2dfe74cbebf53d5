//! Writes the scenarios: templates and seeds become messages, zone files and expectations. Deterministic; the result is
//! committed under `scenarios/` and a test compares.

mod hijacked;
mod nobelium;
mod reply;

pub mod people;
pub mod template;
pub mod tenants;
pub mod world;

use sekisho_record::Envelope;
use serde::Serialize;

use crate::scenarios::{Expect, Organisation};

/// A scenario as it is written to its folder.
#[derive(Debug, Default)]
pub struct Written {
    /// Folder name.
    pub folder: &'static str,
    /// Zone file.
    pub zone: String,
    /// Messages and expectations.
    pub sheet: Sheet,
    /// Bytes of the messages, in the order of the sheet's cases.
    pub mail: Vec<Vec<u8>>,
}

/// `expect.json`.
#[derive(Debug, Default, Serialize, serde::Deserialize)]
pub struct Sheet {
    /// What happened, in one line.
    pub title: String,
    /// The organisation that receives the mail.
    pub organisation: Organisation,
    /// How many messages of a group may be more than benign: false positives that are put up with.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub suspicious_max: std::collections::BTreeMap<String, usize>,
    /// One entry a message.
    pub cases: Vec<Entry>,
}

/// One message of the sheet.
#[derive(Debug, Default, Serialize, serde::Deserialize)]
pub struct Entry {
    /// File below the scenario's folder.
    pub file: String,
    /// What is counted together.
    pub group: String,
    /// The envelope; `None` for mail that was taken from a mailbox.
    pub envelope: Option<Envelope>,
    /// What must come of it.
    pub expect: Expect,
}

/// Every scenario, written anew. `None` when the test keys cannot be read.
#[must_use]
pub fn all() -> Option<Vec<Written>> {
    Some(vec![hijacked::write()?, reply::write()?, nobelium::write()?])
}

/// Every world that is replayed with its past.
#[must_use]
pub fn worlds() -> Vec<crate::world::World> {
    world::stolen_threads().into_iter().chain(tenants::other_voices()).collect()
}

impl Written {
    fn add(&mut self, file: String, group: &str, envelope: Option<Envelope>, raw: Vec<u8>, expect: Expect) {
        self.mail.push(raw);
        self.sheet.cases.push(Entry { file, group: group.to_owned(), envelope, expect });
    }

    /// Every file of the folder: path below it and bytes.
    #[must_use]
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut sheet = serde_json::to_vec_pretty(&self.sheet).unwrap_or_default();
        sheet.push(b'\n');
        let mut out =
            vec![("expect.json".to_owned(), sheet), ("zone.txt".to_owned(), self.zone.clone().into_bytes())];
        out.extend(self.sheet.cases.iter().zip(&self.mail).map(|(c, m)| (c.file.clone(), m.clone())));
        out
    }
}
