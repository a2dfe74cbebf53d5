//! A private rspamd proxy: a milter towards a mail server, a client of rspamd's protocol towards whoever judges.

use std::{
    fs, io,
    net::SocketAddr,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{STARTS, folder, free_port, listens, loopback, process::Daemon, program, wait};

/// Where distributions put rspamd.
const PROGRAMS: [&str; 2] = ["/usr/bin", "/usr/local/bin"];

/// A running proxy and its folder; both are gone when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    // First: fields are dropped in order.
    daemon: Option<Daemon>,
    folder: TempDir,
    milter: SocketAddr,
}

impl Proxy {
    /// Starts one that asks this server about every message, and waits until it takes connections.
    pub fn start(upstream: SocketAddr) -> io::Result<Self> {
        let mut last = io::Error::other("not started");
        for _ in 0..STARTS {
            match Self::once(upstream) {
                Ok(proxy) => return Ok(proxy),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn once(upstream: SocketAddr) -> io::Result<Self> {
        let rspamd = program("rspamd", &PROGRAMS, "rspamd")?;
        let folder = folder("sekisho-rspamd-")?;
        let milter = loopback(free_port()?);
        let path = folder.path();
        let here = path.display();
        let file = path.join("rspamd.conf");
        fs::write(&file, configuration(&here.to_string(), milter, upstream))?;
        let output = fs::File::create(path.join("output"))?;
        let mut command = Command::new(rspamd);
        // As root, with its own folder: it needs no other rights, and no user of its own.
        command.args(["--no-fork", "--insecure", "--config"]).arg(&file);
        command.stdout(Stdio::from(output.try_clone()?)).stderr(Stdio::from(output));
        let mut proxy = Self { daemon: Some(Daemon::start(&mut command, true)?), folder, milter };
        wait(
            || "rspamd did not start".into(),
            || {
                if proxy.daemon.as_mut().is_some_and(Daemon::ended) {
                    return Err(io::Error::other(format!("rspamd ended:\n{}", proxy.log())));
                }
                Ok(listens(milter).then_some(()))
            },
        )?;
        Ok(proxy)
    }

    /// Where it takes milter connections.
    #[must_use]
    pub fn milter(&self) -> SocketAddr {
        self.milter
    }

    /// What it wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        format!("{}{}", read("output"), read("log"))
    }
}

fn configuration(folder: &str, milter: SocketAddr, upstream: SocketAddr) -> String {
    format!(
        r#"options {{
    pidfile = "{folder}/pid";
    filters = "";
    control_socket = "{folder}/control mode=0600";
    rrd = "{folder}/rrd";
    dns {{ nameserver = "127.0.0.1:1"; timeout = 0.1s; retransmits = 1; }}
}}
logging {{ type = "file"; filename = "{folder}/log"; level = "info"; }}
worker "rspamd_proxy" {{
    bind_socket = "{milter}";
    milter = yes;
    timeout = 60s;
    upstream "judge" {{ default = yes; hosts = "{upstream}"; }}
    count = 1;
}}
"#
    )
}
