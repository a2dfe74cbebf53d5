//! The two servers that are compared, each with a folder and ports of its own, and what their processes cost.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::names::Names;

/// Until a server that does not listen is given up: rspamd compiles its expressions first.
const START: Duration = Duration::from_secs(180);
/// Until a server that never rests is measured as it is.
const REST_MAX: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// The organisation's domain.
pub(super) const DOMAIN: &str = "recipient.example";
/// The user that Debian's rspamd runs as.
const RSPAMD_USER: &str = "_rspamd";

/// Modules of rspamd that ask the DNS.
const ASKING_NAMES: [&str; 9] =
    ["arc", "asn", "dkim", "dmarc", "hfilter", "rbl", "spf", "surbl", "whitelist"];
/// Those that ask other servers, or need some besides.
const ASKING_OTHERS: [&str; 5] = ["dkim_signing", "fuzzy_check", "greylist", "mx_check", "url_redirector"];

/// A running server. Dropping it ends it and removes its folder.
pub(super) struct Server {
    /// For the table.
    pub(super) name: &'static str,
    /// Where it takes HTTP.
    pub(super) http: SocketAddr,
    /// Where it takes the milter protocol.
    pub(super) milter: SocketAddr,
    child: Child,
    folder: TempDir,
    names: Option<Names>,
}

/// Memory of a tree of processes in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Memory {
    /// Each page counts once, shared ones by their share.
    pub(super) pss: u64,
    /// Each process counts all its pages.
    pub(super) rss: u64,
    /// Processes.
    pub(super) processes: u64,
}

impl Server {
    /// `sekisho serve` with its built-in rules, history and quarantine in a folder of its own; names are
    /// looked up there, or not at all.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn sekisho(program: &Path, workers: usize, names: Option<Names>) -> Result<Self> {
        let [milter, http] = ports()?;
        let folder = tempfile::Builder::new().prefix("sekisho-bench-").tempdir()?;
        let file = folder.path().join("sekisho.toml");
        let asks = match &names {
            Some(names) => format!("dns_servers = [\"{}\"]", names.at),
            None => "dns = false".to_owned(),
        };
        fs::write(
            &file,
            format!(
                "[authentication]\n{asks}\n[serve]\nworkers = {workers}\n[milter]\nlisten = [\"{milter}\"]\n\
                 [http]\nlisten = [\"{http}\"]\n"
            ),
        )?;
        let mut command = Command::new(program);
        command.args(["serve", "--domain", DOMAIN, "--data"]).arg(folder.path().join("data"));
        command.arg("--config").arg(&file);
        Self::start("sekisho", command, folder, http, milter, names)
    }

    /// rspamd with the rules, scores and log of its package, without what asks Redis or others (and the DNS, where no names
    /// are looked up), and without controller: so many scanners, and one proxy for the milter protocol, as the package has it.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn rspamd(program: &Path, workers: usize, names: Option<Names>) -> Result<Self> {
        let [milter, http] = ports()?;
        let folder = tempfile::Builder::new().prefix("sekisho-bench-").tempdir()?;
        let file = folder.path().join("rspamd.conf");
        fs::write(&file, configuration(folder.path(), http, milter, workers))?;
        fs::write(folder.path().join("options.inc"), options(folder.path(), names.as_ref()))?;
        fs::write(folder.path().join("asking.inc"), silenced(names.is_some()))?;
        let mut command = Command::new(program);
        command.arg("--no-fork").arg("--config").arg(&file);
        for name in ["DBDIR", "RUNDIR", "LOGDIR"] {
            command.arg(format!("--var={name}={}", folder.path().display()));
        }
        if rustix::process::geteuid().is_root() {
            // It refuses to work as root.
            command.args(["--user", RSPAMD_USER, "--group", RSPAMD_USER]);
            let owned = Command::new("chown").arg(RSPAMD_USER).arg(folder.path()).status()?;
            anyhow::ensure!(owned.success(), "there is no user {RSPAMD_USER}: is rspamd installed?");
        }
        Self::start("rspamd", command, folder, http, milter, names)
    }

    fn start(
        name: &'static str,
        mut command: Command,
        folder: TempDir,
        http: SocketAddr,
        milter: SocketAddr,
        names: Option<Names>,
    ) -> Result<Self> {
        let output = fs::File::create(folder.path().join("output"))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
        let mut server = Self { name, http, milter, child, folder, names };
        let begin = Instant::now();
        while [http, milter].iter().any(|place| TcpStream::connect(place).is_err()) {
            if server.child.try_wait()?.is_some() || begin.elapsed() > START {
                bail!("{name} does not listen:\n{}", server.said());
            }
            std::thread::sleep(PAUSE);
        }
        server.settle();
        Ok(server)
    }

    /// How many questions it has asked its name server.
    pub(super) fn asked(&self) -> u64 {
        self.names.as_ref().map_or(0, Names::asked)
    }

    /// What it wrote.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).unwrap_or_default()
    }

    /// Waits until it does nothing for as long as messages may gather to be remembered.
    pub(super) fn rest(&self) {
        let begin = Instant::now();
        let mut quiet = 0;
        while quiet < 4 && begin.elapsed() < REST_MAX {
            let before = self.cpu_ms();
            std::thread::sleep(PAUSE);
            quiet = if self.cpu_ms() > before { 0 } else { quiet + 1 };
        }
    }

    /// Waits until it does nothing any more: what it compiles behind must not count for the messages.
    fn settle(&self) {
        let begin = Instant::now();
        let mut quiet = 0;
        while quiet < 20 && begin.elapsed() < START {
            let before = self.cpu_ms();
            std::thread::sleep(PAUSE);
            quiet = if self.cpu_ms() - before < 10.0 { quiet + 1 } else { 0 };
        }
    }

    /// Milliseconds of processor time of the whole tree so far, with those of its processes that ended.
    pub(super) fn cpu_ms(&self) -> f64 {
        let ticks = rustix::param::clock_ticks_per_second().max(1) as f64;
        let used: u64 = self.tree().iter().filter_map(|pid| stat(*pid)).map(|(_, used)| used).sum();
        used as f64 * 1000.0 / ticks
    }

    /// What its processes hold now.
    pub(super) fn memory(&self) -> Memory {
        let mut memory = Memory::default();
        for pid in self.tree() {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            let of = |name: &str| -> u64 {
                let line = text.lines().find_map(|line| line.strip_prefix(name));
                line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
            };
            memory.pss += of("Pss:");
            memory.rss += of("Rss:");
            memory.processes += 1;
        }
        memory
    }

    /// Its processes: the first and all that come of it.
    fn tree(&self) -> Vec<u32> {
        let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
        let all: Vec<(u32, u32)> = numbers
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .filter_map(|pid| Some((pid, stat(pid)?.0)))
            .collect();
        let mut tree = vec![self.child.id()];
        let mut at = 0;
        while let Some(parent) = tree.get(at).copied() {
            tree.extend(all.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
            at += 1;
        }
        tree
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let begin = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begin.elapsed() > Duration::from_secs(10) {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// Parent and ticks of processor time of a process, with those of children that it waited for (proc(5)).
fn stat(pid: u32) -> Option<(u32, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, also parentheses.
    let fields: Vec<&str> = text.get(text.rfind(')')? + 2..)?.split(' ').collect();
    let ticks = fields.get(11..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Some((fields.get(1)?.parse().ok()?, ticks))
}

/// Two ports of loopback that nobody listens on.
fn ports() -> Result<[SocketAddr; 2]> {
    let [a, b] = [0, 0].map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
    Ok([a?.local_addr()?, b?.local_addr()?])
}

/// A program that is there.
pub(super) fn found(places: &[PathBuf]) -> Option<PathBuf> {
    places.iter().find(|place| place.exists()).cloned()
}

fn configuration(folder: &Path, http: SocketAddr, milter: SocketAddr, workers: usize) -> String {
    let folder = folder.display();
    format!(
        r#"options {{
    pidfile = "{folder}/pid";
    .include "$CONFDIR/options.inc"
    .include(priority=10,duplicate=merge) "{folder}/options.inc"
}}
logging {{ type = "file"; filename = "{folder}/log"; .include "$CONFDIR/logging.inc" }}
worker "normal" {{ bind_socket = "{http}"; mime = true; count = {workers}; }}
worker "rspamd_proxy" {{
    bind_socket = "{milter}";
    milter = yes;
    timeout = 120s;
    upstream "local" {{ default = yes; hosts = "{http}"; }}
    count = 1;
}}
.include "$CONFDIR/cgp.inc"
.include "$CONFDIR/common.conf"
.include(priority=10,duplicate=merge) "{folder}/asking.inc"
"#
    )
}

/// Its modules that ask other machines are off, as ours are: with a DNS that never answers they would only wait.
fn silenced(names: bool) -> String {
    let asking = ASKING_NAMES.into_iter().filter(|_| !names).chain(ASKING_OTHERS);
    asking.map(|module| format!("{module} {{ enabled = false; }}\n")).collect()
}

fn options(folder: &Path, names: Option<&Names>) -> String {
    let dns = match names {
        Some(names) => format!("dns {{ nameserver = [\"{}\"]; }}", names.at),
        None => "dns { nameserver = [\"127.0.0.1:9\"]; timeout = 0.001s; retransmits = 1; sockets = 1; }"
            .to_owned(),
    };
    format!("{dns}\ncontrol_socket = \"{}/control mode=0600\";\n", folder.display())
}
