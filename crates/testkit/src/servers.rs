//! Real mail servers for tests: a private Postfix, Dovecot and rspamd proxy, a raw SMTP client, and the files they deliver.
//!
//! Each server has its own folder below `/tmp` with configuration, queue, log and mailboxes, listens on loopback and on
//! ports that were free, and is ended when it is dropped, also when the test process is killed. Nothing of the system's
//! configuration is read or written but `/etc/passwd`. The servers change users, so they need root.
//!
//! ```no_run
//! use sekisho_testkit::servers::{Client, Postfix, Setup};
//! # fn main() -> std::io::Result<()> {
//! let postfix = Postfix::start(&Setup { milter: Some("inet:127.0.0.1:4711".into()), ..Setup::default() })?;
//! let mut client = Client::connect(postfix.smtp())?;
//! client.hello("client.example")?;
//! let reply = client.send("a@client.example", &["hana@tests.example"], b"Subject: x\r\n\r\nbody\r\n")?;
//! assert_eq!(reply.code, 250, "{reply}");
//! let mail = postfix.delivered(1)?;
//! # Ok(())
//! # }
//! ```
//!
//! Where the programs are not installed a test fails and says so; with `SEKISHO_NO_MAIL_SERVERS` set it goes without,
//! knowingly: a test begins with `if servers::without() { return; }`.

pub mod client;
pub mod dovecot;
pub mod mailbox;
pub mod postfix;
mod process;
pub mod rspamd;

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

pub use client::{Client, Reply};
pub use dovecot::Dovecot;
pub use mailbox::{Delivered, Mailbox};
pub use postfix::{Postfix, Queued, Setup};
pub use rspamd::Proxy;

/// How long a test waits for what must happen: long, since many tests share few processors.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a file or a port.
const PAUSE: Duration = Duration::from_millis(20);
/// Ports that are tried: below those that the system gives to clients.
const PORTS: std::ops::Range<u16> = 10_240..32_000;
/// How often a server is started again with other ports, when somebody took one in between.
const STARTS: usize = 3;

/// Whether tests with mail servers are switched off. Says so, when they are.
#[must_use]
pub fn without() -> bool {
    let without = std::env::var_os("SEKISHO_NO_MAIL_SERVERS").is_some();
    if without {
        eprintln!("SEKISHO_NO_MAIL_SERVERS is set: not tested with Postfix and Dovecot");
    }
    without
}

/// A port of 127.0.0.1 that nobody listens on, and that this process was not given before.
pub fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let size = PORTS.end - PORTS.start;
    let first = std::process::id().wrapping_mul(97) % u32::from(size);
    for _ in 0..size {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + u16::try_from((first + step) % u32::from(size)).unwrap_or_default();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::other("no free port"))
}

/// Looks again and again until there is something, or [`PATIENCE`] is over: then `what` says what was missed. Looks are
/// counted, not time, so that a machine that stood still in between is no reason.
pub fn wait<T>(what: impl Fn() -> String, mut look: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        if let Some(found) = look()? {
            return Ok(found);
        }
        std::thread::sleep(PAUSE);
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, what()))
}

/// The address of a port of ours.
fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Whether somebody takes connections there.
fn listens(to: SocketAddr) -> bool {
    TcpStream::connect_timeout(&to, Duration::from_secs(5)).is_ok()
}

/// A folder that other users may enter.
fn folder(prefix: &str) -> io::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir_in("/tmp")?;
    mode(folder.path(), 0o755)?;
    Ok(folder)
}

fn mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// User and group id of a user.
fn user(name: &str) -> io::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name));
    let mut fields = line.unwrap_or_default().split(':').skip(2);
    let ids = (fields.next().and_then(|id| id.parse().ok()), fields.next().and_then(|id| id.parse().ok()));
    match ids {
        (Some(uid), Some(gid)) => Ok((uid, gid)),
        _ => Err(io::Error::other(format!("no user {name}: is the program installed?"))),
    }
}

/// A program, by the folders where distributions put it.
fn program(name: &str, folders: &[&str], package: &str) -> io::Result<PathBuf> {
    if !rustix::process::geteuid().is_root() {
        return Err(io::Error::other(format!("{name} needs root; SEKISHO_NO_MAIL_SERVERS=1 goes without")));
    }
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
    found.ok_or_else(|| {
        let text = format!(
            "{name} is not installed (apt-get install {package}); SEKISHO_NO_MAIL_SERVERS=1 goes without"
        );
        io::Error::new(io::ErrorKind::NotFound, text)
    })
}
