//! A private Dovecot: LMTP in, IMAP out, logins for others to ask. Everybody's password is [`PASSWORD`].

use std::{fs, io, net::SocketAddr, os::unix::fs::chown, path::Path, process::Command};

use tempfile::TempDir;

use super::{Mailbox, STARTS, folder, free_port, listens, loopback, process::Daemon, program, user, wait};

/// Everybody's password.
pub const PASSWORD: &str = "secret";

/// A running server and its folder; both are gone when it is dropped.
#[derive(Debug)]
pub struct Dovecot {
    // First: fields are dropped in order.
    daemon: Daemon,
    folder: TempDir,
    lmtp: SocketAddr,
    imap: SocketAddr,
    auth: SocketAddr,
}

impl Dovecot {
    /// Starts it, and waits until it takes connections.
    pub fn start() -> io::Result<Self> {
        let mut last = io::Error::other("not started");
        for _ in 0..STARTS {
            match Self::once() {
                Ok(server) => return Ok(server),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    fn once() -> io::Result<Self> {
        let program = program("dovecot", &["/usr/sbin", "/usr/local/sbin"], "dovecot-imapd dovecot-lmtpd")?;
        let folder = folder("sekisho-dovecot")?;
        let at = folder.path();
        for name in ["run", "state", "mail"] {
            fs::create_dir(at.join(name))?;
        }
        let (uid, gid) = user("nobody")?;
        chown(at.join("mail"), Some(uid), Some(gid))?;
        let ports = (free_port()?, free_port()?, free_port()?);
        fs::write(at.join("dovecot.conf"), configuration(at, ports, (uid, gid)))?;
        let mut command = Command::new(program);
        let daemon = Daemon::start(command.arg("-F").arg("-c").arg(at.join("dovecot.conf")), true)?;
        let (lmtp, imap, auth) = (loopback(ports.0), loopback(ports.1), loopback(ports.2));
        let mut server = Self { daemon, folder, lmtp, imap, auth };
        server.ready()?;
        Ok(server)
    }

    fn ready(&mut self) -> io::Result<()> {
        let (all, log) = ([self.lmtp, self.imap, self.auth], self.folder.path().join("log"));
        let said = || fs::read_to_string(&log).unwrap_or_default();
        wait(said, || {
            if self.daemon.ended() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, format!("Dovecot ended: {}", said())));
            }
            Ok(all.iter().all(|to| listens(*to)).then_some(()))
        })
    }

    /// Where it takes mail by LMTP, for any address.
    #[must_use]
    pub fn lmtp(&self) -> SocketAddr {
        self.lmtp
    }

    /// Where mail is read by IMAP, without TLS.
    #[must_use]
    pub fn imap(&self) -> SocketAddr {
        self.imap
    }

    /// Where Postfix checks logins: `smtpd_sasl_path = inet:…`, `smtpd_sasl_type = dovecot`.
    #[must_use]
    pub fn auth(&self) -> SocketAddr {
        self.auth
    }

    /// The mailbox of an address.
    #[must_use]
    pub fn mailbox(&self, address: &str) -> Mailbox {
        Mailbox::new(&self.folder.path().join("mail").join(address))
    }

    /// What it logged.
    pub fn log(&self) -> io::Result<String> {
        fs::read_to_string(self.folder.path().join("log"))
    }
}

/// Mail comes in by LMTP with no field added but those of the delivery.
fn configuration(at: &Path, ports: (u16, u16, u16), (uid, gid): (u32, u32)) -> String {
    let (at, (lmtp, imap, auth)) = (at.display(), ports);
    format!(
        "base_dir = {at}/run
state_dir = {at}/state
log_path = {at}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Lu
mail_location = maildir:{at}/mail/%u
first_valid_uid = 1
default_vsz_limit = 0
lmtp_add_received_header = no
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={at}/mail/%u allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener {{
    port = {auth}
  }}
}}
"
    )
}
