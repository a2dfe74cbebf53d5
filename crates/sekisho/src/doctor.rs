//! `sekisho doctor`: what stands in the way of `sekisho serve`, and what to do about it.
//!
//! Nothing is changed. Every check says what it looked at, what it found and, where that is not good, the next step.

use std::{fmt::Write as _, net::TcpListener, path::Path, process::Command, time::Duration};

use anyhow::Result;
use sekisho_engine::{
    Desk,
    world::{Ask, TxtFound},
};
use serde::Serialize;

use crate::{cli, config::Config, memory, serve, world};

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

fn good(check: &'static str, found: impl Into<String>) -> Check {
    Check { check, state: State::Good, found: found.into(), advice: None }
}

fn warning(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
    Check { check, state: State::Warning, found: found.into(), advice: Some(advice.into()) }
}

fn bad(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
    Check { check, state: State::Bad, found: found.into(), advice: Some(advice.into()) }
}

/// Looks at everything; returns the exit code.
///
/// # Errors
/// When the result cannot be written.
pub(crate) fn run(args: &cli::Doctor) -> Result<u8> {
    let checks = checks(&args.serve);
    let worst = checks.iter().map(|check| check.state).max().unwrap_or(State::Good);
    for check in &checks {
        if args.json {
            println!("{}", serde_json::to_string(check)?);
        } else {
            print!("{}", show(check));
        }
    }
    Ok(worst as u8)
}

fn show(check: &Check) -> String {
    let sign = match check.state {
        State::Good => "good   ",
        State::Warning => "warning",
        State::Bad => "bad    ",
    };
    let mut out = format!("{sign}  {}: {}\n", check.check, check.found);
    if let Some(advice) = &check.advice {
        // A string takes whatever is written to it.
        let _ = writeln!(out, "         -> {advice}");
    }
    out
}

fn checks(args: &cli::Serve) -> Vec<Check> {
    let config = match serve::configuration(args) {
        Ok(config) => config,
        Err(error) => {
            let advice = "mend the file; docs/configuration.md has every key";
            return vec![bad("configuration", format!("{error:#}"), advice)];
        }
    };
    let mut out = vec![good("configuration", format!("mail of {}", config.organisation.domains.join(", ")))];
    out.push(rules(&config));
    out.extend(data(args, &config));
    out.extend(ports(&config));
    out.push(release(&config));
    out.extend(dns(&config));
    out.extend(postfix(&config));
    out
}

fn rules(config: &Config) -> Check {
    match world::rules(config) {
        Ok(rules) => good("rules", format!("{} are ready", rules.sources().len())),
        Err(error) => {
            bad("rules", format!("{error:#}"), "`sekisho rules check FOLDER` shows line and column")
        }
    }
}

/// Less than this is too little for held messages to be safe.
const FREE_BYTES_MIN: u64 = 1 << 30;

fn data(args: &cli::Serve, config: &Config) -> Vec<Check> {
    let folder = match serve::data_folder(args.data.as_deref()) {
        Ok(folder) => folder,
        Err(error) => return vec![bad("data folder", format!("{error:#}"), "name one with --data")],
    };
    let mut out = vec![writable(&folder), free(&folder)];
    if let Ok(Some(keeper)) = memory::keeper(config, Some(&folder)) {
        out.push(key(&keeper.key));
    }
    out
}

fn writable(folder: &Path) -> Check {
    let probe = folder.join(".doctor");
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&probe, b"x"));
    // What could not be written cannot be removed either.
    let _ = std::fs::remove_file(&probe);
    match written {
        Ok(()) => good("data folder", folder.display().to_string()),
        Err(error) => bad(
            "data folder",
            format!("{}: {error}", folder.display()),
            "let the user that runs sekisho write there, or name another with --data",
        ),
    }
}

fn free(folder: &Path) -> Check {
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
            let found = format!("{} MiB free", bytes >> 20);
            if bytes < FREE_BYTES_MIN {
                let advice = "make room: on a full disk mail that is to be held is deferred";
                return warning("disk", found, advice);
            }
            good("disk", found)
        }
        Err(error) => warning("disk", error.to_string(), "look at it by hand: df -h"),
    }
}

fn key(path: &Path) -> Check {
    if !path.exists() {
        return warning(
            "key",
            format!("{} is not there yet", path.display()),
            "`sekisho serve` makes it; then keep a copy apart from this machine: without it held messages are lost",
        );
    }
    match sekisho_engine::kept::check_key(path) {
        Ok(()) => good("key", path.display().to_string()),
        Err(error) => bad("key", error.to_string(), "put the right key back; it opens what is held"),
    }
}

fn ports(config: &Config) -> Vec<Check> {
    let places =
        [("milter", &config.milter.listen), ("http", &config.http.listen), ("smtp", &config.smtp.listen)];
    let mut out = Vec::new();
    for (check, listen) in places {
        for place in listen.iter().filter(|place| !place.starts_with("unix:")) {
            let address = place.strip_prefix("inet:").unwrap_or(place);
            out.push(match TcpListener::bind(address) {
                Ok(_) => good(check, format!("{address} is free")),
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => warning(
                    check,
                    format!("{address} is taken"),
                    "fine if that is sekisho itself; else stop the other program (rspamd?) or choose another `listen`",
                ),
                Err(error) => bad(check, format!("{address}: {error}"), format!("mend `listen` in [{check}]")),
            });
        }
    }
    out
}

/// Whether what is released can go out.
fn release(config: &Config) -> Check {
    let advice = "a port of the mail server without milter: `next = \"127.0.0.1:10026\"` below [release]";
    match serve::outbox::next(config) {
        Err(error) => bad("release", format!("{error:#}"), advice),
        Ok(None) => warning("release", "nothing says where released mail goes: it waits", advice),
        Ok(Some((host, port))) => match std::net::TcpStream::connect((host.as_str(), port)) {
            Ok(_) => good("release", format!("{host}:{port} takes mail")),
            Err(error) => warning(
                "release",
                format!("{host}:{port}: {error}"),
                "start the mail server, or mend `next` below [release]; what is released waits until then",
            ),
        },
    }
}

fn dns(config: &Config) -> Vec<Check> {
    let desk = match world::desk(config) {
        Ok(desk) => desk.with_deadline(Duration::from_secs(5)),
        Err(error) => return vec![bad("dns", format!("{error:#}"), "look at /etc/resolv.conf")],
    };
    if desk.is_closed() {
        return vec![good("dns", "off: a believed server verifies the papers")];
    }
    config.organisation.domains.iter().take(5).map(|domain| policy_of(&desk, domain)).collect()
}

/// Whether a domain protects its own name: a name server that answers is seen by the way.
fn policy_of(desk: &Desk, domain: &str) -> Check {
    let ask = Ask { txt: vec![format!("_dmarc.{domain}.")], ..Ask::default() };
    let answered = desk.answer_blocking(&ask, &mut Duration::from_secs(5));
    match answered.txt.into_iter().next() {
        Some(TxtFound::Records(texts)) => match texts.iter().find(|text| text.starts_with("v=DMARC1")) {
            Some(text) if text.contains("p=reject") || text.contains("p=quarantine") => {
                good("dns", format!("{domain} has a DMARC policy"))
            }
            Some(_) => warning(
                "dns",
                format!("{domain} has a DMARC record that asks for nothing"),
                "p=quarantine or p=reject keeps others from writing in your name",
            ),
            None => no_policy(domain),
        },
        Some(TxtFound::Absent(_)) => no_policy(domain),
        Some(TxtFound::Failed(why)) => {
            bad("dns", format!("{domain}: {why}"), "look at /etc/resolv.conf and the name server")
        }
        None => bad(
            "dns",
            "no name server answered in 5 s",
            "look at /etc/resolv.conf and the firewall (port 53)",
        ),
    }
}

fn no_policy(domain: &str) -> Check {
    warning("dns", format!("{domain} has no DMARC record"), format!("publish one at _dmarc.{domain}"))
}

/// Whether this machine's Postfix hands us its mail.
fn postfix(config: &Config) -> Option<Check> {
    let output = Command::new("postconf").args(["-h", "smtpd_milters"]).output().ok()?;
    let set = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let port = |place: &String| place.rsplit(':').next().map(str::to_owned);
    let ours: Vec<String> = config.milter.listen.iter().filter_map(port).collect();
    if ours.iter().any(|port| set.contains(port.as_str())) {
        return Some(good("postfix", format!("smtpd_milters = {set}")));
    }
    let place = config.milter.listen.first()?;
    let found =
        if set.is_empty() { "smtpd_milters is empty".to_owned() } else { format!("smtpd_milters = {set}") };
    let advice = format!("postconf -e 'smtpd_milters = inet:{place}' && postfix reload");
    Some(warning("postfix", found, advice))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    /// Arguments in, the lines of these checks out.
    fn check(arguments: &[&str], named: &str) -> String {
        let arguments = ["sekisho", "doctor"].iter().chain(arguments);
        let cli::Command::Doctor(args) = cli::Cli::parse_from(arguments).command else { unreachable!() };
        checks(&args.serve).iter().filter(|check| check.check == named).map(show).collect()
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
}
