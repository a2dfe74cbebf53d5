//! A real PostgreSQL server for tests: started in a temporary folder on a unix socket, killed and restarted at will.
//!
//! The server refuses to run as root; then it runs as `postgres` or `nobody`. Where no server can be started the test
//! fails: set `SEKISHO_NO_POSTGRES` to go without, knowingly.

pub mod proxy;

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// A server and its folder; both are gone when it is dropped.
pub struct Server {
    folder: TempDir,
    user: Option<(u32, u32)>,
    child: Option<Child>,
}

/// Whether tests with PostgreSQL are switched off.
pub fn without() -> bool {
    let without = std::env::var_os("SEKISHO_NO_POSTGRES").is_some();
    if without {
        eprintln!("SEKISHO_NO_POSTGRES is set: not tested on PostgreSQL");
    }
    without
}

impl Server {
    /// Makes and starts a server.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("sekisho-pg").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let user = rustix::process::geteuid().is_root().then(unprivileged);
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let mut server = Self { folder, user, child: None };
        let made = server
            .command("initdb")
            .args(["-A", "trust", "-U", "sekisho", "-E", "UTF8", "--no-sync", "--no-instructions", "-D"])
            .arg(server.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server.up();
        server
    }

    /// Starts the server (again) and waits until it answers.
    pub fn up(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let child = self
            .command("postgres")
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.folder.path())
            // A killed process loses nothing that the system has taken; only a power failure would.
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let begin = Instant::now();
        while !self.answers() {
            if begin.elapsed() > Duration::from_secs(60) {
                panic!("{}", fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// `postmaster.pid` says `ready` once connections are taken.
    fn answers(&self) -> bool {
        fs::read_to_string(self.data().join("postmaster.pid"))
            .is_ok_and(|text| text.lines().last().is_some_and(|line| line.trim() == "ready"))
    }

    /// Ends the server: politely (`-INT`, which breaks all connections), or as `kill -9` does.
    pub fn down(&mut self, kill: bool) {
        let Some(mut child) = self.child.take() else { return };
        let pid = rustix::process::Pid::from_child(&child);
        if kill {
            child.kill().unwrap();
        } else {
            rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        }
        child.wait().unwrap();
        if kill {
            self.wait_for_orphans();
            // It still says `ready`, of the dead one.
            fs::remove_file(self.data().join("postmaster.pid")).unwrap();
        }
    }

    /// Processes of a killed postmaster notice it and end; a new one must not begin before.
    fn wait_for_orphans(&self) {
        let begin = Instant::now();
        let name = self.data().display().to_string();
        while begin.elapsed() < Duration::from_secs(30) {
            let alive = fs::read_dir("/proc").unwrap().flatten().any(|entry| {
                fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.display().to_string() == name)
            });
            if !alive {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("processes of the killed server do not end");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder of the socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://sekisho@localhost/{database}?host={}", self.folder.path().display())
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &self.child {
            let pid = rustix::process::Pid::from_child(child);
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }
}

/// User and group of somebody who is not root.
fn unprivileged() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| {
            let line = users.lines().find(|l| l.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        .expect("a user `postgres` or `nobody`, since the server does not run as root")
}

/// Whether a server can be started here.
pub fn installed() -> bool {
    find("initdb").is_some()
}

/// A program of PostgreSQL.
fn program(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| {
        panic!("{name} is not installed (apt-get install postgresql); SEKISHO_NO_POSTGRES=1 goes without")
    })
}

/// On the path, or where Debian puts it.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|e| e.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.into_iter().map(|f| f.join(name)).find(|p| p.exists())
}

/// Makes a database.
pub async fn create(admin: &str, name: &str) {
    run(admin, format!("CREATE DATABASE {name}")).await;
}

/// Runs a statement.
pub async fn run(url: &str, sql: String) {
    use sqlx::{Connection as _, Executor as _};
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

/// A file system of few megabytes, where the machine lets us make one (root outside of a container).
pub struct SmallDisk(pub PathBuf);

impl SmallDisk {
    /// Mounts it at a new folder that belongs to the server's user.
    pub fn mount(server: &Server, megabytes: u32) -> Option<Self> {
        let path = server.folder().join("small");
        fs::create_dir(&path).unwrap();
        let size = format!("size={megabytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "none"]).arg(&path);
        if !mount.output().is_ok_and(|done| done.status.success()) {
            eprintln!("no small disk can be mounted here");
            return None;
        }
        let (uid, gid) = server.user?;
        chown(&path, Some(uid), Some(gid)).unwrap();
        Some(Self(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
