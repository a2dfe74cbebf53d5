//! The one configuration file (TOML). Unknown keys are refused with the nearest name that exists.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use sekisho_engine::kept::Retention;
use serde::Deserialize;

mod arc;
mod console;
pub(crate) mod digest;
mod intakes;
mod live;
mod quarantine;
mod telemetry;
mod watched;

pub(crate) use console::{Console, ConsoleToken, Rights};
pub(crate) use intakes::{BareEnds, Journal, NextTls, Smtp, SmtpMode};
pub(crate) use live::{Http, LogFormat, Milter, Release, ReleaseTls, Serve};
pub(crate) use quarantine::Quarantine;
pub(crate) use telemetry::Telemetry;
pub(crate) use watched::{Folder, FolderKind, Mailbox};

/// The file. Everything has a default; an empty file is a valid one.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Whose mail this is.
    pub(crate) organisation: Organisation,
    /// How authentication is found out.
    pub(crate) authentication: Authentication,
    /// Which rules run.
    pub(crate) rules: Rules,
    /// Named lists.
    pub(crate) lists: Folders,
    /// Brands besides the built-in ones.
    pub(crate) brands: Brands,
    /// What is done with attachments.
    pub(crate) attachments: Attachments,
    /// Where history and judged messages are kept, and for how long.
    pub(crate) store: Store,
    /// What is done with mail.
    pub(crate) policy: sekisho_policy::settings::Policy,
    /// How live mail is judged.
    pub(crate) serve: Serve,
    /// The milter.
    pub(crate) milter: Milter,
    /// HTTP.
    pub(crate) http: Http,
    /// SMTP.
    pub(crate) smtp: Smtp,
    /// Journal reports by SMTP.
    pub(crate) journal: Journal,
    /// IMAP mailboxes that are watched.
    pub(crate) mailbox: Vec<Mailbox>,
    /// Folders that are watched.
    pub(crate) folder: Vec<Folder>,
    /// Where released mail goes.
    pub(crate) release: Release,
    /// The console.
    pub(crate) console: Console,
    /// Who may do what with held mail.
    pub(crate) rights: Rights,
    /// For how long held mail is kept.
    pub(crate) quarantine: Quarantine,
    /// Mail to people about what is held for them.
    pub(crate) digest: digest::Digest,
    /// Where traces go.
    pub(crate) telemetry: Telemetry,
    /// In whose name changed mail is sealed.
    pub(crate) arc: arc::Arc,
}

/// Where history and judged messages are kept, and for how long.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Store {
    /// Database: `postgres://USER@HOST/DATABASE` or `sqlite:FILE`. Without one, `history.db` in the data folder.
    pub(crate) url: Option<String>,
    /// Judged messages, compressed and encrypted: a folder or `s3://BUCKET/PREFIX`. Without one, `objects` in the data
    /// folder; without that, they are not kept.
    pub(crate) objects: Option<String>,
    /// File of the key that they are encrypted with. Without one, `key` in the data folder. Made when it is first needed.
    pub(crate) key: Option<PathBuf>,
    /// For how many days after their arrival judged messages are kept.
    pub(crate) keep_days: KeepDays,
    /// For how many days it is known what happened when; at least 31. Default: 35.
    pub(crate) tick_days: u32,
    /// For how many days messages and their threads are remembered. Default: 730.
    pub(crate) message_days: u32,
    /// For how many days it is remembered what was usual, after it was seen last. Default: 1825.
    pub(crate) trait_days: u32,
}

impl Default for Store {
    fn default() -> Self {
        let Retention { tick_days, message_days, trait_days, .. } = Retention::default();
        let keep_days = KeepDays::default();
        Self { url: None, objects: None, key: None, keep_days, tick_days, message_days, trait_days }
    }
}

/// For how many days judged messages are kept, by what they were judged to be; 0 keeps none.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct KeepDays {
    /// Benign ones. Default: 30.
    pub(crate) benign: u32,
    /// Suspicious ones. Default: 180.
    pub(crate) suspicious: u32,
    /// Malicious ones. Default: 365.
    pub(crate) malicious: u32,
}

impl Default for KeepDays {
    fn default() -> Self {
        Self { benign: 30, suspicious: 180, malicious: 365 }
    }
}

/// The longest window in which history counts what happened, and a day.
const TICK_DAYS_MIN: u32 = 31;

/// Attachments.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Attachments {
    /// Open them (nothing in them is ever run). Default: true.
    pub(crate) open: bool,
    /// Folders of YARA rules (.yar, .yara), whose names feed rules ask for. Without any, those rules stay undecided.
    pub(crate) yara_rules: Vec<PathBuf>,
}

impl Default for Attachments {
    fn default() -> Self {
        Self { open: true, yara_rules: Vec::new() }
    }
}

/// The organisation.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Organisation {
    /// Name as people know it; display names that claim it are looked at.
    pub(crate) name: Option<String>,
    /// Other names: trade names, abbreviations.
    pub(crate) names: Vec<String>,
    /// Domains whose mail is internal. Without any, direction is unknown.
    pub(crate) domains: Vec<String>,
    /// Host names or domains of your own mail servers, where they are not within `domains`: hops through them are
    /// inside.
    pub(crate) servers: Vec<String>,
    /// Domains of partners: sister companies, suppliers, customers whose names look-alike domains copy.
    pub(crate) partners: Vec<String>,
    /// People.
    pub(crate) people: Vec<Person>,
}

/// A person of the organisation.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    /// Name as in a display name.
    pub(crate) name: String,
    /// Address.
    pub(crate) address: String,
    /// Somebody whose name is worth stealing.
    #[serde(default)]
    pub(crate) vip: bool,
}

/// Where authentication results come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Authentication {
    /// authserv-ids that are believed (RFC 8601): your own receiving servers.
    pub(crate) believe: Vec<String>,
    /// Believe the topmost results without an authserv-id (Microsoft 365).
    pub(crate) believe_unnamed: bool,
    /// Domains whose ARC seals are believed (RFC 8617): mailing lists and forwarders that tell the truth.
    pub(crate) believe_sealers: Vec<String>,
    /// Verify with live DNS what no believed server wrote. Default: `serve` does, everything else does not.
    pub(crate) dns: Option<bool>,
    /// Name servers that are asked instead of those that the machine is configured with: `127.0.0.1:53`.
    pub(crate) dns_servers: Vec<SocketAddr>,
    /// Verify with a scripted zone file.
    pub(crate) zone: Option<PathBuf>,
    /// Milliseconds that all look-ups of one message may take.
    pub(crate) timeout_ms: u64,
}

impl Default for Authentication {
    fn default() -> Self {
        Self {
            believe: Vec::new(),
            believe_unnamed: false,
            believe_sealers: Vec::new(),
            dns: None,
            dns_servers: Vec::new(),
            zone: None,
            timeout_ms: 5_000,
        }
    }
}

/// Rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rules {
    /// Run the built-in rules.
    pub(crate) builtin: bool,
    /// Folders of rule pages or feed files.
    pub(crate) folders: Vec<PathBuf>,
    /// Rule ids that never run.
    pub(crate) disabled: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { builtin: true, folders: Vec::new(), disabled: Vec::new() }
    }
}

/// Folders.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Folders {
    /// Folders that are read.
    pub(crate) folders: Vec<PathBuf>,
}

/// Brands of the organisation's own.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Brands {
    /// A folder of `.brands` files that is read besides the built-in ones.
    pub(crate) folder: Option<PathBuf>,
}

/// Reads a configuration file. Relative paths in it are relative to it.
///
/// # Errors
/// When it cannot be read or is not right; the message names line, key and nearest known key.
pub(crate) fn read(path: &Path) -> Result<Config> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    read_text(path, &text)
}

/// The same where the text of the file is known.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_text(path: &Path, text: &str) -> Result<Config> {
    let mut config = parse(text).with_context(|| path.display().to_string())?;
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    let absolute = |p: &mut PathBuf| *p = base.join(&*p);
    config.rules.folders.iter_mut().for_each(absolute);
    config.lists.folders.iter_mut().for_each(absolute);
    config.attachments.yara_rules.iter_mut().for_each(absolute);
    config.brands.folder.iter_mut().for_each(absolute);
    config.authentication.zone.iter_mut().for_each(absolute);
    config.store.key.iter_mut().for_each(absolute);
    config.release.ca.iter_mut().chain(&mut config.release.password_file).for_each(absolute);
    config.smtp.absolute(&base);
    config.journal.absolute(&base);
    config.mailbox.iter_mut().for_each(|mailbox| mailbox.absolute(&base));
    config.folder.iter_mut().for_each(|folder| folder.absolute(&base));
    if let Some(folder) = config.store.objects.as_mut().filter(|place| !place.contains("://")) {
        *folder = base.join(&*folder).to_string_lossy().into_owned();
    }
    Ok(config)
}

/// Reads configuration text.
///
/// # Errors
/// As [`read`].
pub(crate) fn parse(text: &str) -> Result<Config> {
    match toml::from_str::<Config>(text) {
        Ok(config) if config.store.tick_days < TICK_DAYS_MIN => {
            bail!("store.tick_days = {} is less than {TICK_DAYS_MIN}", config.store.tick_days)
        }
        Ok(config) => {
            config.console.check()?;
            config.digest.check()?;
            Ok(config)
        }
        Err(error) => bail!("{}{}", error.to_string().trim_end(), suggestion(error.message())),
    }
}

/// serde names the unknown key and all known ones; a person wants the nearest.
fn suggestion(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let Some(unknown) = names.next().filter(|_| message.starts_with("unknown field")) else {
        return String::new();
    };
    names
        .map(|known| (strsim::damerau_levenshtein(unknown, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().div_ceil(2))
        .map(|(_, known)| format!("\nhelp: did you mean `{known}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_valid_and_the_builtin_rules_run() {
        let config = parse("").unwrap();
        assert!(config.rules.builtin && config.organisation.domains.is_empty());
    }

    #[test]
    fn servers_and_sealers_reach_observation() {
        let text = "[organisation]\nservers = ['MX.hoster.example']\n[authentication]\nbelieve_sealers = ['Lists.example']\n";
        let context = crate::world::context(&parse(text).unwrap());
        assert_eq!(context.organisation.hosts, ["mx.hoster.example"]);
        assert_eq!(context.believed_sealers, ["lists.example"]);
    }

    #[test]
    fn what_is_kept_is_kept_for_as_long_as_is_said() {
        let keep = |text: &str| crate::memory::retention(&parse(text).unwrap()).object_days;
        let days = |text: &str| keep(text).into_values().collect::<Vec<_>>();
        assert_eq!(days(""), [30, 365, 180], "benign, malicious, suspicious");
        assert_eq!(days("[store]\nkeep_days = { benign = 0 }\n"), [0, 365, 180]);
        let error = parse("[store]\ntick_days = 7\n").unwrap_err().to_string();
        assert!(error.contains("less than 31"), "{error}");
        let error = parse("[store.keep_days]\nharmless = 3\n").unwrap_err().to_string();
        assert!(error.contains("unknown field"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_one() {
        let error = parse("[organisation]\ndomain = ['a.example']\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.ends_with("help: did you mean `domains`?"), "{error}");
        let error = parse("[organization]\n").unwrap_err().to_string();
        assert!(error.ends_with("help: did you mean `organisation`?"), "{error}");
    }
}
