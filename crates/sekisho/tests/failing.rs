//! What a running server depends on fails: nothing is acknowledged and lost, the clause that applies is named, and
//! everything goes on when the failure is over.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, reason = "tests")]

mod live;
#[path = "../../store/tests/server/mod.rs"]
mod postgres;

use std::{
    fs,
    net::{Ipv4Addr, UdpSocket},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use live::{
    Server,
    load::{Fate, Load},
};
use sekisho_testkit::{
    scenarios::Scenario,
    servers::{self, Client, Postfix, Reply, Setup},
};
use tempfile::TempDir;

const TO: &str = "ann@harbour.example";
const CLEAN: &[u8] = b"Subject: minutes\r\nFrom: a@c.example\r\n\r\nsee you\r\n";

/// A server for the scenario's organisation, and a Postfix that hands it all mail.
struct Stage {
    server: Server,
    postfix: Postfix,
    scenario: Scenario,
}

impl Stage {
    fn new(more: &str) -> Self {
        Self::with_data(TempDir::new().unwrap(), "data", more)
    }

    fn with_data(folder: TempDir, data: &str, more: &str) -> Self {
        let scenario = Scenario::read("hijacked-mailer").unwrap();
        let zone =
            if more.contains("[authentication]") { "" } else { "[authentication]\nzone = 'zone.txt'\n" };
        let text = format!("[organisation]\ndomains = ['harbour.example']\n{zone}{more}");
        let server = Server::start_in(folder, data, &text, &[("zone.txt", &scenario.zone)]);
        let setup = Setup {
            domains: vec!["harbour.example".to_owned()],
            milter: Some(format!("inet:127.0.0.1:{}", server.milter_port)),
            main: vec!["milter_default_action = tempfail".to_owned()],
            ..Setup::default()
        };
        Self { server, postfix: Postfix::start(&setup).unwrap(), scenario }
    }

    fn send(&self, raw: &[u8]) -> Reply {
        let mut client = Client::connect(self.postfix.smtp()).unwrap();
        client.hello("client.example").unwrap();
        client.send("a@c.example", &[TO], raw).unwrap()
    }

    /// A message to be held, another one each time.
    fn harmful(&self, number: usize) -> Vec<u8> {
        let raw = &self.scenario.cases.iter().find(|case| case.group == "Microsoft").unwrap().raw;
        [format!("X-Number: {number}\r\n").as_bytes(), raw].concat()
    }

    /// Nothing can be held: that is refused for now, under a clause with this name, and clean mail passes. Then it is
    /// mended, and what comes again is held.
    fn cannot_hold(&self, mend: impl FnOnce()) {
        let reply = self.send(&self.harmful(1));
        assert_eq!(reply.code, 451, "{reply}\n{}", self.server.log());
        assert!(self.server.log().contains("quarantine-unavailable"), "{}", self.server.log());
        assert_eq!(self.send(CLEAN).code, 250, "clean mail passes");
        self.postfix.delivered(1).unwrap();
        mend();
        let begin = Instant::now();
        while self.send(&self.harmful(1)).code != 250 {
            assert!(begin.elapsed() < Duration::from_secs(30), "it does not recover:\n{}", self.server.log());
        }
        assert_eq!(self.server.counted("quarantine"), 1, "it is held");
        self.postfix.drained().unwrap();
        assert_eq!(self.postfix.mailbox().files().unwrap().len(), 1, "and not delivered");
    }
}

/// A file system of few megabytes.
struct Disk(PathBuf);

impl Disk {
    fn mount(path: &Path, megabytes: u32) -> Option<Self> {
        fs::create_dir(path).unwrap();
        let size = format!("size={megabytes}m");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(path).output();
        if !done.is_ok_and(|done| done.status.success()) {
            eprintln!("no small disk can be mounted here: not tested with a full disk");
            return None;
        }
        Some(Self(path.to_owned()))
    }

    /// Takes all the room there is.
    fn fill(&self) -> PathBuf {
        use std::io::Write as _;
        let path = self.0.join("filler");
        let mut file = fs::File::create(&path).unwrap();
        for size in [1 << 20, 4 << 10] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_defers_what_was_to_be_held() {
    if servers::without() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let Some(disk) = Disk::mount(&folder.path().join("disk"), 24) else { return };
    let stage = Stage::with_data(folder, "disk/data", "");
    let filler = disk.fill();
    stage.cannot_hold(|| fs::remove_file(&filler).unwrap());
    assert!(stage.server.end());
}

#[test]
fn an_object_store_that_is_gone_defers_what_was_to_be_held() {
    if servers::without() {
        return;
    }
    let stage = Stage::new("");
    let (objects, away) = (stage.server.data().join("objects"), stage.server.data().join("away"));
    fs::rename(&objects, &away).unwrap();
    fs::write(&objects, "no folder").unwrap();
    stage.cannot_hold(|| {
        fs::remove_file(&objects).unwrap();
        fs::rename(&away, &objects).unwrap();
    });
    assert!(stage.server.end());
}

#[test]
fn a_database_that_goes_and_comes_loses_nothing() {
    if servers::without() || postgres::without() {
        return;
    }
    let mut database = postgres::Server::start();
    let url = database.url("postgres");
    let stage = Stage::new(&format!("[store]\nurl = '{url}'\n"));
    let load = Load::new(&stage.scenario, 0.0);
    let (mut meanwhile, mut deferred) = (0, 0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| load.client(stage.postfix.smtp()));
        }
        let reached = |count: usize| {
            let end = Instant::now() + Duration::from_secs(60);
            while load.accepted() < count {
                assert!(Instant::now() < end, "{} accepted\n{}", load.accepted(), stage.server.log());
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        reached(20);
        for kill in [false, true] {
            database.down(kill);
            let before = stage.server.counted("deliver");
            let end = Instant::now() + Duration::from_secs(3);
            // All clients end up at messages that are to be held.
            while Instant::now() < end && stage.server.counted("defer") < deferred + 6 {
                std::thread::sleep(Duration::from_millis(20));
            }
            meanwhile += stage.server.counted("deliver") - before;
            deferred = stage.server.counted("defer");
            assert_eq!(stage.send(CLEAN).code, 250, "clean mail passes");
            database.up();
            reached(load.accepted() + 20);
        }
        load.stop();
    });
    let fate = load.fate_of(&stage.postfix, &stage.server, &url);
    println!("{fate:?}, deferred {deferred}, delivered while it was away {meanwhile}");
    let Fate { accepted, delivered, held, twice, held_twice, lost, astray } = fate;
    assert_eq!((twice, held_twice, lost, astray), (0, 0, Vec::new(), 0));
    // Two were sent beside the load.
    assert_eq!(accepted, delivered + held);
    assert!(deferred > 0 && stage.server.log().contains("quarantine-unavailable"));
    assert!(stage.server.end());
}

#[test]
fn silent_name_servers_cost_a_gap_and_no_mail() {
    if servers::without() {
        return;
    }
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let more = format!("[authentication]\ndns = true\ndns_servers = ['{}']\n", silent.local_addr().unwrap());
    let stage = Stage::new(&more);
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| assert_eq!(stage.send(CLEAN).code, 250));
        }
    });
    let seconds = begin.elapsed().as_secs_f64();
    println!("12 messages in {seconds:.1} s");
    assert!(seconds < 28.0, "within the deadline of a message: {seconds:.1} s");
    let all = stage.postfix.delivered(12).unwrap();
    assert_eq!(all.len(), 12);
    assert!(
        !stage.server.log().contains("fail-safe"),
        "they are judged, with a gap:\n{}",
        stage.server.log()
    );
    assert!(stage.server.end());
}

#[test]
fn a_worker_that_is_killed_costs_its_message_a_try() {
    if servers::without() {
        return;
    }
    let kills = 10;
    let stage = Stage::new("[policy]\nfail_safe = 'defer'\n");
    let load = Load::new(&stage.scenario, 0.0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| load.client(stage.postfix.smtp()));
        }
        for at in 0..kills {
            let before = load.accepted();
            while load.accepted() < before + 5 {
                std::thread::sleep(Duration::from_millis(3 + at));
            }
            let workers = &stage.server.processes()[1..];
            let Some(worker) = workers.get(at as usize % workers.len().max(1)) else { continue };
            // It may have ended meanwhile.
            let _ = Command::new("kill").args(["-9", &worker.to_string()]).status();
        }
        load.stop();
    });
    let deferred = stage.server.counted("defer");
    let fate = load.fate(&stage.postfix, &stage.server);
    println!("{fate:?}, deferred {deferred}");
    assert_eq!((fate.twice, fate.held_twice, fate.lost, fate.astray), (0, 0, Vec::new(), 0));
    assert!(deferred <= kills as usize, "each costs one message at most: {deferred}");
    assert_eq!(deferred, stage.server.log().matches("clause=\"fail-safe\"").count());
    assert!(stage.server.end());
}
