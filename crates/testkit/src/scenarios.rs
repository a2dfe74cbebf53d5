//! The scenarios: committed messages, the world in which they arrive, and what must be concluded of each.
//!
//! Each lives in a folder of `scenarios/`: `expect.json` names organisation, envelopes and expectations, `zone.txt` is
//! the DNS, and the messages lie beside them. `cargo run -p sekisho-testkit --example regenerate` writes them.

use std::path::{Path, PathBuf};

use sekisho_detect::{Lists, OrgLists, RuleSource, Rules};
use sekisho_engine::Engine;
use sekisho_observe::Context;
use sekisho_record::{Class, Envelope, Record, Submission};
use serde::{Deserialize, Serialize};

use crate::write::Sheet;

/// Folders of `scenarios/`, the founding incidents first.
pub const FOLDERS: [&str; 3] = ["hijacked-mailer", "reply-chain", "nobelium"];

/// What can go wrong when a scenario is set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the scenario cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `expect.json` is not right.
    #[error("{path}: {source}")]
    Sheet {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A rule or a list is not right.
    #[error(transparent)]
    Rules(#[from] sekisho_detect::Error),
    /// The zone file is not right.
    #[error(transparent)]
    Zone(#[from] sekisho_engine::Error),
}

/// The organisation that receives the mail.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// Its mail domains.
    pub domains: Vec<String>,
    /// Partners' domains.
    pub partners: Vec<String>,
    /// People: name, address, and whether the name is worth stealing.
    pub people: Vec<(String, String, bool)>,
}

/// What must be concluded; what is absent is not looked at.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Expect {
    /// The class is this or worse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<String>,
    /// The class is this or better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<String>,
    /// There is a finding, or a gap or an undecided rule says what was missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub noticed: bool,
    /// Canonical name of the brand that is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// No brand is claimed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_brand: bool,
    /// The bulk mailer and the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantExpect>,
    /// A link leads to this host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// SPF, DKIM and DMARC pass and align, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_order: Option<bool>,
}

/// A bulk mailer's account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TenantExpect {
    /// Canonical name of the bulk mailer.
    pub esp: String,
    /// Account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What an expectation is about, in the order in which the facts are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Facet `authentication`.
    Papers,
    /// Facet `link`.
    Target,
    /// Facet `tenant`.
    Tenant,
    /// Facet `brand`.
    Brand,
    /// The verdict.
    Class,
}

/// One message of a scenario.
#[derive(Debug, Clone)]
pub struct Case {
    /// File below the scenario's folder.
    pub name: String,
    /// What is counted together.
    pub group: String,
    /// The message.
    pub raw: Vec<u8>,
    /// Its envelope.
    pub envelope: Option<Envelope>,
    /// What must come of it.
    pub expect: Expect,
}

/// One scenario.
#[derive(Debug, Default)]
pub struct Scenario {
    /// Folder name.
    pub name: String,
    /// What happened, in one line.
    pub title: String,
    /// Who receives the mail.
    pub organisation: Organisation,
    /// How many messages of a group may be suspicious although none should.
    pub suspicious_max: std::collections::BTreeMap<String, usize>,
    /// The DNS.
    pub zone: String,
    /// The messages.
    pub cases: Vec<Case>,
}

/// Every scenario whose files can be read. A test makes sure that all can.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    FOLDERS.iter().filter_map(|name| Scenario::read(name).ok()).collect()
}

/// The messages of all scenarios.
#[must_use]
pub fn all() -> Vec<Case> {
    scenarios().into_iter().flat_map(|s| s.cases).collect()
}

/// The folder that holds the scenarios.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

impl Scenario {
    /// Reads a scenario by its folder's name.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(name: &str) -> Result<Self, Error> {
        let folder = folder().join(name);
        let bytes = |file: &str| {
            let path = folder.join(file);
            std::fs::read(&path).map_err(|source| Error::Read { path, source })
        };
        let sheet: Sheet = serde_json::from_slice(&bytes("expect.json")?)
            .map_err(|source| Error::Sheet { path: folder.join("expect.json"), source })?;
        let zone = String::from_utf8_lossy(&bytes("zone.txt")?).into_owned();
        let mut cases = Vec::with_capacity(sheet.cases.len());
        for entry in sheet.cases {
            let raw = bytes(&entry.file)?;
            cases.push(Case {
                name: entry.file,
                group: entry.group,
                raw,
                envelope: entry.envelope,
                expect: entry.expect,
            });
        }
        let (title, organisation, suspicious_max) = (sheet.title, sheet.organisation, sheet.suspicious_max);
        Ok(Self { name: name.to_owned(), title, organisation, suspicious_max, zone, cases })
    }

    /// An engine that knows the organisation and looks into the scenario's zone file.
    ///
    /// # Errors
    /// When a rule or the zone file is wrong.
    pub fn engine(&self, sources: Vec<RuleSource>) -> Result<Engine, Error> {
        let organisation = &self.organisation;
        let vips = organisation.people.iter().filter(|p| p.2);
        let org = OrgLists {
            domains: organisation.domains.clone(),
            display_names: organisation.people.iter().map(|p| p.0.clone()).collect(),
            vips: vips.map(|(name, address, _)| (name.clone(), address.clone())).collect(),
        };
        let rules = Rules::compile(sources, lists(), &org)?;
        Ok(Engine::new(organisation.context(), rules).with_zone(&self.zone)?)
    }
}

/// The built-in lists.
fn lists() -> Lists {
    let mut lists = Lists::default();
    for (name, entries) in sekisho_observe::lists::all() {
        lists.set(name, entries);
    }
    lists
}

impl Organisation {
    /// The organisation of the scenarios and of the rule pages' cases.
    #[must_use]
    pub fn harbour() -> Self {
        let person =
            |name: &str, local: &str, vip| (name.to_owned(), format!("{local}@harbour.example"), vip);
        Self {
            name: "Harbour Logistics".into(),
            domains: vec!["harbour.example".into()],
            partners: vec!["ferrostahl.example".into()],
            people: vec![
                person("Aiko Tanaka", "aiko.tanaka", true),
                person("Jonas Berg", "jonas.berg", false),
            ],
        }
    }

    /// What observation is told.
    #[must_use]
    pub fn context(&self) -> Context {
        let person = |(name, address, _): &(String, String, bool)| sekisho_observe::Person {
            name: name.clone(),
            addresses: vec![address.clone()],
        };
        Context {
            organisation: sekisho_observe::Organisation {
                names: vec![self.name.clone()],
                domains: self.domains.clone(),
                people: self.people.iter().map(person).collect(),
                vips: self.people.iter().filter(|p| p.2).map(person).collect(),
                partners: self.partners.clone(),
                ..sekisho_observe::Organisation::default()
            },
            believed: vec!["mx.harbour.example".into()],
            ..Context::default()
        }
    }
}

impl Case {
    /// The message as it was handed in.
    #[must_use]
    pub fn submission(&self) -> Submission<'_> {
        Submission { envelope: self.envelope.as_ref(), ..Submission::from_bytes(&self.raw) }
    }

    /// What is wrong with the record, for a person; empty when all is as expected.
    #[must_use]
    pub fn check(&self, record: &Record) -> Vec<String> {
        self.wrong(record).into_iter().map(|(_, text)| text).collect()
    }

    /// The same with what each is about.
    #[must_use]
    pub fn wrong(&self, record: &Record) -> Vec<(Kind, String)> {
        let (expect, evidence) = (&self.expect, &record.evidence);
        let mut out = Vec::new();
        if let Some(want) = expect.in_order.filter(|w| *w != evidence.authentication.in_order) {
            let a = &evidence.authentication;
            let found =
                format!("spf {:?} dkim {:?} dmarc {:?} aligned {:?}", a.spf, a.dkim, a.dmarc, a.aligned);
            out.push((Kind::Papers, format!("papers in order: expected {want}, found {found}")));
        }
        if let Some(host) = &expect.target {
            let hosts: Vec<&str> = evidence.link.targets.iter().map(|t| t.host.as_str()).collect();
            if !hosts.contains(&host.as_str()) {
                out.push((Kind::Target, format!("no link leads to {host}, only to {hosts:?}")));
            }
        }
        if let Some(tenant) = &expect.tenant {
            let found = &evidence.tenant;
            let account_wrong = tenant.account.is_some() && found.account != tenant.account;
            if found.esp.as_ref() != Some(&tenant.esp) || account_wrong {
                out.push((
                    Kind::Tenant,
                    format!("expected {tenant:?}, found {:?} {:?}", found.esp, found.account),
                ));
            }
        }
        let claimed = evidence.brand.claimed.as_ref();
        if expect.brand.is_some() && claimed != expect.brand.as_ref() || expect.no_brand && claimed.is_some()
        {
            out.push((Kind::Brand, format!("expected brand {:?}, found {claimed:?}", expect.brand)));
        }
        out.extend(self.wrong_class(record).map(|text| (Kind::Class, text)));
        out
    }

    fn wrong_class(&self, record: &Record) -> Option<String> {
        let (expect, verdict) = (&self.expect, &record.verdict);
        let rules: Vec<&str> = verdict.findings.iter().map(|f| f.rule.as_str()).collect();
        let found = class_name(verdict.class);
        let limit = |name: &Option<String>| name.as_deref().map(class);
        if let Some(least) = limit(&expect.at_least).filter(|least| verdict.class < *least) {
            return Some(format!("expected {} or worse, found {found} by {rules:?}", class_name(least)));
        }
        if let Some(most) = limit(&expect.at_most).filter(|most| verdict.class > *most) {
            return Some(format!("expected {} or better, found {found} by {rules:?}", class_name(most)));
        }
        let said = rules.len() + verdict.gaps.len() + verdict.indeterminate.len();
        (expect.noticed && said == 0).then(|| "no finding and no named gap".to_owned())
    }
}

/// Name of a class, as in JSON.
#[must_use]
pub fn class_name(class: Class) -> &'static str {
    match class {
        Class::Benign => "benign",
        Class::Suspicious => "suspicious",
        Class::Malicious => "malicious",
    }
}

fn class(name: &str) -> Class {
    match name {
        "malicious" => Class::Malicious,
        "suspicious" => Class::Suspicious,
        _ => Class::Benign,
    }
}
