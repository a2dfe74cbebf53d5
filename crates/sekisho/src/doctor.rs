//! `sekisho doctor`: what stands in the way of `sekisho serve`, and what to do about it.
//!
//! Nothing is changed. Every check says what it looked at, what it found and, where that is not good, the next step.

use std::{
    fmt::Write as _,
    net::{TcpListener, TcpStream, ToSocketAddrs as _},
    path::Path,
    process::Command,
    time::Duration,
};

use anyhow::Result;
use sekisho_engine::{
    Desk,
    world::{Ask, TxtFound},
};
use serde::Serialize;

use crate::{
    cli,
    config::Config,
    memory, serve,
    words::{self, Words},
    world,
};

mod arc;
mod database;
mod ways;

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Good,
    /// It works, and could be better.
    Warning,
    /// It will not work.
    Bad,
}

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    /// What was looked at.
    check: &'static str,
    state: State,
    /// What was found.
    found: String,
    /// The next step, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// Looks, and tells in a language.
struct Doctor<'a> {
    args: &'a cli::Serve,
    words: Words,
}

/// Looks at everything; returns the exit code.
///
/// # Errors
/// When the result cannot be written.
pub(crate) fn run(args: &cli::Doctor) -> Result<u8> {
    // Programs read one language.
    let words = Words::new(&if args.json { "en".to_owned() } else { words::language() });
    let doctor = Doctor { args: &args.serve, words };
    let checks = doctor.checks();
    let worst = checks.iter().map(|check| check.state).max().unwrap_or(State::Good);
    for check in &checks {
        if args.json {
            println!("{}", serde_json::to_string(check)?);
        } else {
            print!("{}", doctor.show(check));
        }
    }
    Ok(worst as u8)
}

/// Arguments of a text.
type Told<'a> = &'a [(&'a str, &'a str)];

/// Less than this is too little for held messages to be safe.
const FREE_BYTES_MIN: u64 = 1 << 30;

impl Doctor<'_> {
    fn good(&self, check: &'static str, key: &str, told: Told<'_>) -> Check {
        Check { check, state: State::Good, found: self.words.say(key, told), advice: None }
    }

    /// What is not good has a next step: the text of the key with `-advice`.
    fn not_good(&self, state: State, check: &'static str, key: &str, told: Told<'_>) -> Check {
        let advice = Some(self.words.say(&format!("{key}-advice"), told));
        Check { check, state, found: self.words.say(key, told), advice }
    }

    fn warning(&self, check: &'static str, key: &str, told: Told<'_>) -> Check {
        self.not_good(State::Warning, check, key, told)
    }

    fn bad(&self, check: &'static str, key: &str, told: Told<'_>) -> Check {
        self.not_good(State::Bad, check, key, told)
    }

    fn show(&self, check: &Check) -> String {
        let sign = match check.state {
            State::Good => "doctor-sign-good",
            State::Warning => "doctor-sign-warning",
            State::Bad => "doctor-sign-bad",
        };
        let name = self.words.say(&format!("doctor-check-{}", check.check.replace(' ', "-")), &[]);
        let mut out = format!("{}  {name}: {}\n", self.words.say(sign, &[]), check.found);
        if let Some(advice) = &check.advice {
            // A string takes whatever is written to it.
            let _ = writeln!(out, "         -> {advice}");
        }
        out
    }

    fn checks(&self) -> Vec<Check> {
        let config = match serve::configuration(self.args) {
            Ok(config) => config,
            Err(error) => {
                let why = format!("{error:#}");
                return vec![self.bad("configuration", "doctor-configuration-wrong", &[("why", &why)])];
            }
        };
        let domains = config.organisation.domains.join(", ");
        let mut out = vec![self.good("configuration", "doctor-configuration", &[("domains", &domains)])];
        out.push(self.rules(&config));
        out.extend(self.data(&config));
        out.extend(self.ports(&config));
        out.extend(self.certificates(&config));
        out.extend(self.watched(&config));
        out.push(self.release(&config));
        out.extend(self.dns(&config));
        out.extend(self.arc(&config));
        out.extend(self.postfix(&config));
        out
    }

    fn rules(&self, config: &Config) -> Check {
        match world::rules(config) {
            Ok(rules) => self.good("rules", "doctor-rules", &[("count", &rules.sources().len().to_string())]),
            Err(error) => self.bad("rules", "doctor-rules-wrong", &[("why", &format!("{error:#}"))]),
        }
    }

    fn data(&self, config: &Config) -> Vec<Check> {
        let folder = match serve::data_folder(self.args.data.as_deref()) {
            Ok(folder) => folder,
            Err(error) => {
                return vec![self.bad("data folder", "doctor-data-none", &[("why", &format!("{error:#}"))])];
            }
        };
        let mut out = vec![self.writable(&folder), self.free(&folder)];
        match memory::keeper(config, Some(&folder)) {
            Ok(Some(keeper)) => out.push(self.key(&keeper.key)),
            Ok(None) => {}
            Err(error) => out.push(self.bad("key", "doctor-key-wrong", &[("why", &format!("{error:#}"))])),
        }
        out.extend(self.database(config, &folder));
        out
    }

    fn writable(&self, folder: &Path) -> Check {
        let probe = folder.join(".doctor");
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&probe, b"x"));
        // What could not be written cannot be removed either.
        let _ = std::fs::remove_file(&probe);
        let shown = folder.display().to_string();
        match written {
            Ok(()) => self.good("data folder", "doctor-data", &[("folder", &shown)]),
            Err(error) => {
                let why = error.to_string();
                self.bad("data folder", "doctor-data-closed", &[("folder", &shown), ("why", &why)])
            }
        }
    }

    fn free(&self, folder: &Path) -> Check {
        match rustix::fs::statvfs(folder) {
            Ok(disk) => {
                let bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
                let free = (bytes >> 20).to_string();
                let told = [("mib", free.as_str())];
                if bytes < FREE_BYTES_MIN {
                    return self.warning("disk", "doctor-disk-full", &told);
                }
                self.good("disk", "doctor-disk", &told)
            }
            Err(error) => self.warning("disk", "doctor-disk-unknown", &[("why", &error.to_string())]),
        }
    }

    fn key(&self, path: &Path) -> Check {
        let file = path.display().to_string();
        if !path.exists() {
            return self.warning("key", "doctor-key-none", &[("file", &file)]);
        }
        match sekisho_engine::kept::check_key(path) {
            Ok(()) => self.good("key", "doctor-key", &[("file", &file)]),
            Err(error) => self.bad("key", "doctor-key-wrong", &[("why", &error.to_string())]),
        }
    }

    fn ports(&self, config: &Config) -> Vec<Check> {
        let places = [
            ("milter", &config.milter.listen),
            ("http", &config.http.listen),
            ("smtp", &config.smtp.listen),
            ("journal", &config.journal.listen),
        ];
        let mut out = Vec::new();
        for (check, listen) in places {
            for place in listen.iter().filter(|place| !place.starts_with("unix:")) {
                let address = place.strip_prefix("inet:").unwrap_or(place);
                let told = [("address", address), ("section", check)];
                out.push(match TcpListener::bind(address) {
                    Ok(_) => self.good(check, "doctor-port", &told),
                    Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                        self.warning(check, "doctor-port-taken", &told)
                    }
                    Err(error) => {
                        let why = error.to_string();
                        let [address, section] = told;
                        self.bad(check, "doctor-port-wrong", &[address, section, ("why", &why)])
                    }
                });
            }
        }
        out
    }

    /// Whether what is released can go out.
    fn release(&self, config: &Config) -> Check {
        let (host, port) = match serve::way::next(config) {
            Err(error) => {
                return self.bad("release", "doctor-release-wrong", &[("why", &format!("{error:#}"))]);
            }
            Ok(None) => return self.warning("release", "doctor-release-none", &[]),
            Ok(Some(next)) => next,
        };
        let place = format!("{host}:{port}");
        match connected(&host, port) {
            Ok(()) => self.good("release", "doctor-release", &[("place", &place)]),
            Err(error) => {
                let why = error.to_string();
                self.warning("release", "doctor-release-away", &[("place", &place), ("why", &why)])
            }
        }
    }

    fn dns(&self, config: &Config) -> Vec<Check> {
        let desk = match world::desk(config) {
            Ok(desk) => desk.with_deadline(PATIENCE),
            Err(error) => {
                return vec![self.bad("dns", "doctor-dns-wrong", &[("why", &format!("{error:#}"))])];
            }
        };
        if desk.is_closed() {
            return vec![self.good("dns", "doctor-dns-off", &[])];
        }
        config.organisation.domains.iter().take(5).map(|domain| self.policy_of(&desk, domain)).collect()
    }

    /// Whether a domain protects its own name: a name server that answers is seen by the way.
    fn policy_of(&self, desk: &Desk, domain: &str) -> Check {
        let ask = Ask { txt: vec![format!("_dmarc.{domain}.")], ..Ask::default() };
        let mut left = PATIENCE;
        let answered = desk.answer_blocking(&ask, &mut left);
        let told = [("domain", domain)];
        match answered.txt.into_iter().next() {
            Some(TxtFound::Records(texts)) => match texts.iter().find(|text| text.starts_with("v=DMARC1")) {
                Some(text) if text.contains("p=reject") || text.contains("p=quarantine") => {
                    self.good("dns", "doctor-dmarc", &told)
                }
                Some(_) => self.warning("dns", "doctor-dmarc-weak", &told),
                None => self.warning("dns", "doctor-dmarc-none", &told),
            },
            Some(TxtFound::Absent(_)) => self.warning("dns", "doctor-dmarc-none", &told),
            Some(TxtFound::Failed(why)) => {
                self.bad("dns", "doctor-dns-failed", &[("domain", domain), ("why", &why)])
            }
            None => self.bad("dns", "doctor-dns-silent", &[]),
        }
    }

    /// Whether this machine's Postfix hands us its mail.
    fn postfix(&self, config: &Config) -> Option<Check> {
        let output = Command::new("postconf").args(["-h", "smtpd_milters"]).output().ok()?;
        let set = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let port = |place: &String| place.rsplit(':').next().map(str::to_owned);
        let ours: Vec<String> = config.milter.listen.iter().filter_map(port).collect();
        let place = config.milter.listen.first()?;
        let told = [("set", set.as_str()), ("place", place.as_str())];
        if ours.iter().any(|port| set.contains(port.as_str())) {
            return Some(self.good("postfix", "doctor-postfix", &told));
        }
        let key = if set.is_empty() { "doctor-postfix-empty" } else { "doctor-postfix-other" };
        Some(self.warning("postfix", key, &told))
    }
}

/// How long an answer of the network is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether somebody takes connections there, soon.
fn connected(host: &str, port: u16) -> std::io::Result<()> {
    let mut last = std::io::ErrorKind::NotFound.into();
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    /// Arguments in, the lines of these checks out.
    fn check(arguments: &[&str], named: &str) -> String {
        let arguments = ["sekisho", "doctor"].iter().chain(arguments);
        let cli::Command::Doctor(args) = cli::Cli::parse_from(arguments).command else { unreachable!() };
        let doctor = Doctor { args: &args.serve, words: Words::new("en") };
        doctor.checks().iter().filter(|check| check.check == named).map(|check| doctor.show(check)).collect()
    }

    #[test]
    fn what_is_missing_is_named_with_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_str().unwrap();
        insta::assert_snapshot!(check(&["--data", data], "configuration"), @"
        bad      configuration: whose mail is it? name the organisation's domains: --domain example.com, or `domains` in [organisation]
                 -> mend the file; docs/configuration.md has every key
        ");
        let ours = ["--data", data, "--domain", "a.example"];
        assert!(check(&ours, "data folder").starts_with("good"));
        assert!(check(&ours, "key").starts_with("warning"), "it is made at the first start");
        std::fs::write(folder.path().join("key"), b"short").unwrap();
        assert!(check(&ours, "key").starts_with("bad"));
        let file = folder.path().join("key/data");
        assert!(
            check(&["--data", file.to_str().unwrap(), "--domain", "a.example"], "data folder")
                .starts_with("bad")
        );
    }

    #[test]
    fn a_taken_port_is_told_from_a_free_one() {
        let folder = tempfile::tempdir().unwrap();
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = taken.local_addr().unwrap().to_string();
        let file = folder.path().join("sekisho.toml");
        let text = format!(
            "[organisation]\ndomains = ['a.example']\n[milter]\nlisten = ['{place}']\n[http]\nlisten = []\n"
        );
        std::fs::write(&file, text).unwrap();
        let arguments = ["--data", folder.path().to_str().unwrap(), "--config", file.to_str().unwrap()];
        assert!(check(&arguments, "milter").starts_with(&format!("warning  milter: {place} is taken")));
        drop(taken);
        assert!(check(&arguments, "milter").starts_with(&format!("good     milter: {place} is free")));
        assert_eq!(check(&arguments, "http"), "");
    }

    /// Every text of a check has its words in both languages, and whatever is not good has a next step.
    #[test]
    fn whatever_is_not_good_has_a_next_step() {
        let source = include_str!("doctor.rs").split("#[cfg(test)]").next().unwrap();
        let (english, japanese) = (Words::new("en"), Words::new("ja"));
        let said = |words: &Words, key: &str| words.say(key, &[]) != key;
        let mut keys = 0;
        for key in source.split('"').filter(|text| text.starts_with("doctor-") && !text.contains('{')) {
            keys += 1;
            assert!(said(&english, key) && said(&japanese, key), "{key}");
        }
        for call in ["self.warning(", "self.bad("] {
            for rest in source.split(call).skip(1) {
                let statement = rest.split([';', '\n']).next().unwrap_or_default();
                let key = statement.split('"').find(|text| text.starts_with("doctor-"));
                // Of Postfix the key is chosen between two.
                for key in key.map_or(vec!["doctor-postfix-empty", "doctor-postfix-other"], |key| vec![key]) {
                    let advice = format!("{key}-advice");
                    assert!(said(&english, &advice) && said(&japanese, &advice), "{advice}");
                }
            }
        }
        assert!(keys > 20, "{keys} calls were found");
    }

    #[test]
    fn a_mail_server_that_is_away_and_one_that_is_not_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sekisho.toml");
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = server.local_addr().unwrap().to_string();
        let look = |release: &str| {
            let text = format!("[organisation]\ndomains = ['a.example']\n{release}");
            std::fs::write(&file, text).unwrap();
            let arguments = ["--data", folder.path().to_str().unwrap(), "--config", file.to_str().unwrap()];
            check(&arguments, "release").replace(&place, "PLACE")
        };
        let named = format!("[release]\nnext = '{place}'\n");
        let mut out = look("") + &look(&named) + &look("[release]\nnext = 'nowhere'\n");
        drop(server);
        out += &look(&named);
        insta::assert_snapshot!(out, @"
        warning  release: nothing says where released mail goes: it waits
                 -> name a port of the mail server without milter: `next = \"127.0.0.1:10026\"` below [release]
        good     release: PLACE takes mail
        bad      release: [release] `next` is HOST:PORT
                 -> name a port of the mail server without milter: `next = \"127.0.0.1:10026\"` below [release]
        warning  release: PLACE: Connection refused (os error 111)
                 -> start the mail server, or mend `next` below [release]; what is released waits until then
        ");
    }
}
