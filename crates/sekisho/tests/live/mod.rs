//! A running `sekisho serve` for tests: the real program, with a configuration and a data folder of its own.
#![allow(dead_code, reason = "every test uses some of it")]

pub(crate) mod load;
pub(crate) mod play;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sekisho_testkit::servers::free_port;
use tempfile::TempDir;

/// How long a debug build may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) folder: TempDir,
    data: PathBuf,
    pub(crate) milter_port: u16,
    pub(crate) http_port: u16,
}

impl Server {
    /// Starts it with more configuration than the places where it listens.
    pub(crate) fn start(more: &str, files: &[(&str, &str)]) -> Self {
        Self::start_in(TempDir::new().unwrap(), "data", more, files)
    }

    /// The same in this folder, with its data there.
    pub(crate) fn start_in(folder: TempDir, data: &str, more: &str, files: &[(&str, &str)]) -> Self {
        Self::start_with(folder, data, (more, ""), files)
    }

    /// The same; what milter clients hand over by HTTP is held here.
    pub(crate) fn start_holding(more: &str, files: &[(&str, &str)]) -> Self {
        Self::start_with(TempDir::new().unwrap(), "data", (more, "holds = true\n"), files)
    }

    fn start_with(folder: TempDir, data: &str, (more, http): (&str, &str), files: &[(&str, &str)]) -> Self {
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let (milter_port, http_port) = (free_port().unwrap(), free_port().unwrap());
        let text = format!(
            "{more}\n[milter]\nlisten = ['127.0.0.1:{milter_port}']\n[http]\nlisten = ['127.0.0.1:{http_port}']\n{http}"
        );
        std::fs::write(folder.path().join("sekisho.toml"), text).unwrap();
        let data = folder.path().join(data);
        let child = spawn(folder.path(), &data);
        let server = Self { child, folder, data, milter_port, http_port };
        server.wait_until_ready();
        server
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// Its process and those of its workers.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let own = self.child.id();
        let children =
            std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        // Threads of the runtime start workers, too.
        let tasks = std::fs::read_dir(format!("/proc/{own}/task")).unwrap().flatten();
        let all = tasks.map(|task| std::fs::read_to_string(task.path().join("children")).unwrap_or_default());
        let text = all.fold(children, |text, more| format!("{text} {more}"));
        let mut out: Vec<u32> = text.split_whitespace().filter_map(|id| id.parse().ok()).collect();
        out.sort_unstable();
        out.dedup();
        out.insert(0, own);
        out
    }

    /// The most memory that its process and its workers had so far, added up: MiB.
    pub(crate) fn peak_memory(&self) -> usize {
        let peak = |id: &u32| {
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:").map(str::to_owned));
            line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok()).unwrap_or(0) >> 10
        };
        self.processes().iter().map(peak).sum()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("sekisho.toml")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Kills it as a power failure of the process would (SIGKILL), and starts it again.
    pub(crate) fn kill_and_start(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(self.folder.path(), &self.data);
        self.wait_until_ready();
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Asks it to end, and waits until it has: whether it ended well.
    pub(crate) fn end(mut self) -> bool {
        self.signal("-TERM");
        self.child.wait().unwrap().success()
    }

    /// Waits until the log says so.
    pub(crate) fn logged(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(Instant::now() < end, "the log never said {text:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The answer to a GET, with its head.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http_port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut out = String::new();
        stream.read_to_string(&mut out).unwrap();
        out
    }

    /// How many messages ended with this action, by the metrics.
    pub(crate) fn counted(&self, action: &str) -> usize {
        let wanted = format!("action=\"{action}\"");
        let metrics = self.get("/metrics");
        let lines =
            metrics.lines().filter(|l| l.starts_with("sekisho_messages_total") && l.contains(&wanted));
        lines.filter_map(|line| line.rsplit(' ').next()?.trim().parse::<usize>().ok()).sum()
    }

    fn wait_until_ready(&self) {
        let end = Instant::now() + PATIENCE;
        for port in [self.milter_port, self.http_port] {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(Instant::now() < end, "it does not get ready:\n{}", self.log());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, data: &Path) -> Child {
    let log = File::options().append(true).create(true).open(folder.join("log")).unwrap();
    // A release build, for example.
    let program = std::env::var_os("SEKISHO_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_sekisho").into());
    Command::new(program)
        .arg("serve")
        .arg("--config")
        .arg(folder.join("sekisho.toml"))
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}
