//! A private Postfix: SMTP in, one Maildir for everybody out, or LMTP to a [`Dovecot`](super::Dovecot).
//!
//! No mail leaves it but to its own domains and to where a test's own lines of configuration send it; it asks no DNS.
//! It adds no missing fields, so what is delivered is what was sent below its `Received`.
//! XCLIENT is taken from loopback, so a client can say who it claims to be.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::chown,
    path::Path,
    process::{Command, Output},
};

use serde::Deserialize;
use tempfile::TempDir;

use super::{
    Delivered, Mailbox, PATIENCE, STARTS, folder, free_port, listens, loopback, mode, process::Daemon,
    program, user, wait,
};

/// Where distributions put Postfix's daemons.
const DAEMONS: [&str; 3] = ["/usr/lib/postfix/sbin", "/usr/libexec/postfix", "/usr/lib/postfix"];
/// Folders of the queue that belong to Postfix alone; `public` and `maildrop` are entered by its group.
const QUEUE: [&str; 11] = [
    "incoming", "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "private", "saved",
    "trace",
];
/// The usual services, none in a chroot, and the log's own.
const SERVICES: &str = "postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
";

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Domains that it delivers for, every address of them; `tests.example` unless told.
    pub domains: Vec<String>,
    /// Its milter: `inet:127.0.0.1:PORT` or `unix:/path`.
    pub milter: Option<String>,
    /// Delivers there instead of into its own Maildir.
    pub lmtp: Option<SocketAddr>,
    /// More lines of `main.cf`: `name = value`. They win.
    pub main: Vec<String>,
    /// Options of the SMTP server, as `master.cf` has them: `-o name=value`.
    pub smtpd: Vec<String>,
    /// More lines of `master.cf`; for ports see [`free_port`](super::free_port).
    pub services: Vec<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            domains: vec!["tests.example".into()],
            milter: None,
            lmtp: None,
            main: Vec::new(),
            smtpd: Vec::new(),
            services: Vec::new(),
        }
    }
}

/// A message in the queue, as `postqueue -j` shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Queued {
    /// `hold`, `deferred`, `active`, `incoming`, …
    pub queue_name: String,
    /// Its name in log lines.
    pub queue_id: String,
    /// The envelope's sender.
    pub sender: String,
    /// Whom it is still for.
    pub recipients: Vec<Waiting>,
}

/// A recipient of a message in the queue.
#[derive(Debug, Clone, Deserialize)]
pub struct Waiting {
    /// The address.
    pub address: String,
    /// Why it is not delivered yet.
    #[serde(default)]
    pub delay_reason: String,
}

/// A running server and its folder; both are gone when it is dropped.
#[derive(Debug)]
pub struct Postfix {
    // First: fields are dropped in order.
    daemon: Option<Daemon>,
    folder: TempDir,
    smtp: SocketAddr,
}

impl Postfix {
    /// Starts one, and waits until it takes connections.
    pub fn start(setup: &Setup) -> io::Result<Self> {
        let mut last = io::Error::other("not started");
        for _ in 0..STARTS {
            match Self::once(setup) {
                Ok(server) => return Ok(server),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    fn once(setup: &Setup) -> io::Result<Self> {
        let master = program("master", &DAEMONS, "postfix")?;
        let folder = folder("sekisho-postfix")?;
        let smtp = loopback(free_port()?);
        prepare(folder.path(), setup, smtp, master.parent().unwrap_or(Path::new("/")))?;
        let mut server = Self { daemon: None, folder, smtp };
        server.up()?;
        Ok(server)
    }

    /// Starts it again after [`down`](Self::down), and waits until it takes connections.
    pub fn up(&mut self) -> io::Result<()> {
        let mut command = Command::new(program("master", &DAEMONS, "postfix")?);
        let mut daemon = Daemon::start(command.arg("-c").arg(self.conf()), false)?;
        let said = || self.log().unwrap_or_default();
        wait(said, || {
            if daemon.ended() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, format!("Postfix ended: {}", said())));
            }
            Ok(listens(self.smtp).then_some(()))
        })?;
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Ends it; what is in its queue stays.
    pub fn down(&mut self) {
        self.daemon = None;
    }

    /// Where it takes mail.
    #[must_use]
    pub fn smtp(&self) -> SocketAddr {
        self.smtp
    }

    /// The folder of its configuration, for programs that take `-c`.
    #[must_use]
    pub fn conf(&self) -> std::path::PathBuf {
        self.folder.path().join("conf")
    }

    /// Where it delivers, everybody's mail, unless it is set up with LMTP.
    #[must_use]
    pub fn mailbox(&self) -> Mailbox {
        Mailbox::new(&self.folder.path().join("mail/all"))
    }

    /// What it delivered, once there are this many; the error shows the log.
    pub fn delivered(&self, count: usize) -> io::Result<Vec<Delivered>> {
        self.mailbox().wait(count).map_err(|error| self.explained(&error))
    }

    /// What it logged.
    pub fn log(&self) -> io::Result<String> {
        fs::read_to_string(self.folder.path().join("log/mail"))
    }

    /// The first line of the log with this text, once there is one; the error shows the log.
    pub fn logged(&self, text: &str) -> io::Result<String> {
        wait(
            || format!("{text:?} is not in the log"),
            || Ok(self.log()?.lines().find(|line| line.contains(text)).map(str::to_owned)),
        )
        .map_err(|error| self.explained(&error))
    }

    fn explained(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{error}\n{}", self.log().unwrap_or_default()))
    }

    /// What is in its queue.
    pub fn queue(&self) -> io::Result<Vec<Queued>> {
        let shown = self.run("postqueue", &["-j"])?;
        let text = String::from_utf8_lossy(&shown.stdout);
        text.lines().map(|line| serde_json::from_str(line).map_err(io::Error::other)).collect()
    }

    /// Waits until its queue is empty.
    pub fn drained(&self) -> io::Result<()> {
        let what = || "the queue does not empty".to_owned();
        wait(what, || Ok(self.queue()?.is_empty().then_some(()))).map_err(|error| self.explained(&error))
    }

    /// Runs one of Postfix's programs (`postqueue`, `postsuper`, `postcat`) for this server.
    pub fn run(&self, name: &str, arguments: &[&str]) -> io::Result<Output> {
        let path = program(name, &["/usr/sbin", "/usr/local/sbin"], "postfix")?;
        let done = Command::new(path).arg("-c").arg(self.conf()).args(arguments).output()?;
        if done.status.success() {
            return Ok(done);
        }
        Err(io::Error::other(format!("{name}: {}", String::from_utf8_lossy(&done.stderr))))
    }
}

/// Folders with the owners that Postfix wants, and its configuration.
fn prepare(at: &Path, setup: &Setup, smtp: SocketAddr, daemons: &Path) -> io::Result<()> {
    let (owner, nobody) = (user("postfix")?, user("nobody")?);
    for name in ["conf", "queue", "queue/pid", "queue/public", "queue/maildrop", "data", "mail", "log"] {
        fs::create_dir(at.join(name))?;
    }
    for name in QUEUE {
        let folder = at.join("queue").join(name);
        fs::create_dir(&folder)?;
        chown(&folder, Some(owner.0), None)?;
        mode(&folder, 0o700)?;
    }
    let group = group("postdrop")?;
    for (name, bits) in [("public", 0o2710), ("maildrop", 0o1730)] {
        let folder = at.join("queue").join(name);
        chown(&folder, Some(owner.0), Some(group))?;
        mode(&folder, bits)?;
    }
    chown(at.join("data"), Some(owner.0), None)?;
    chown(at.join("mail"), Some(nobody.0), Some(nobody.1))?;
    settled(&at.join("conf/main.cf"), &main_cf(at, setup, nobody, daemons))?;
    settled(&at.join("conf/master.cf"), &master_cf(setup, smtp))
}

/// Postfix waits two seconds for a file of configuration that was written just now; this one was written long ago.
fn settled(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)?;
    fs::File::options().write(true).open(path)?.set_modified(std::time::SystemTime::now() - PATIENCE)
}

fn group(name: &str) -> io::Result<u32> {
    let groups = fs::read_to_string("/etc/group")?;
    let line = groups.lines().find(|line| line.split(':').next() == Some(name));
    let id = line.and_then(|line| line.split(':').nth(2)).and_then(|id| id.parse().ok());
    id.ok_or_else(|| io::Error::other(format!("no group {name}: is Postfix installed?")))
}

fn main_cf(at: &Path, setup: &Setup, (uid, gid): (u32, u32), daemons: &Path) -> String {
    let (at, daemons, domains) = (at.display(), daemons.display(), setup.domains.join(", "));
    let mut text = format!(
        "compatibility_level = 3.6
queue_directory = {at}/queue
data_directory = {at}/data
daemon_directory = {daemons}
command_directory = /usr/sbin
shlib_directory = /usr/lib/postfix
meta_directory = {at}/conf
mail_owner = postfix
setgid_group = postdrop
maillog_file = {at}/log/mail
maillog_file_prefixes = /tmp
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.tests.example
mydestination =
mynetworks = 127.0.0.0/8
local_header_rewrite_clients =
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions =
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_authorized_xforward_hosts = 127.0.0.0/8
smtpd_error_sleep_time = 0
smtpd_recipient_limit = 20000
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 2000
smtputf8_autodetect_classes = sendmail, verify
message_size_limit = 300000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
in_flow_delay = 0
queue_run_delay = 1
minimal_backoff_time = 1
maximal_backoff_time = 2
default_transport = error:5.1.2 no mail leaves the tests
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {at}/mail
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"
    );
    if let Some(to) = setup.lmtp {
        text.push_str(&format!("virtual_transport = lmtp:inet:{to}\n"));
    }
    if let Some(milter) = &setup.milter {
        text.push_str(&format!(
            "smtpd_milters = {milter}\nnon_smtpd_milters =\nmilter_default_action = tempfail\n"
        ));
    }
    for line in &setup.main {
        text.push_str(&format!("{line}\n"));
    }
    text
}

fn master_cf(setup: &Setup, smtp: SocketAddr) -> String {
    let mut text = format!("{smtp} inet n - n - - smtpd\n");
    for option in &setup.smtpd {
        text.push_str(&format!("  {option}\n"));
    }
    text.push_str(SERVICES);
    for line in &setup.services {
        text.push_str(&format!("{line}\n"));
    }
    text
}
