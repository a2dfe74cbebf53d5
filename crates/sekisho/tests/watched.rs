//! Mailboxes and folders that the real program watches: a Dovecot, a Maildir, a folder into which files are dropped.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod live;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use live::Server;
use sekisho_testkit::{
    scenarios::Scenario,
    servers::{self, Client, Dovecot, dovecot::PASSWORD},
};
use sqlx::Row as _;

const TO: &str = "hana@harbour.example";

/// How many messages are remembered.
fn remembered(server: &Server) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = format!("sqlite:{}", server.data().join("history.db").display());
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::query("SELECT count(*) AS n FROM message").fetch_one(&pool).await.unwrap().get("n")
    })
}

/// Waits until this many are remembered.
fn wait_for(server: &Server, count: i64) {
    let what = || format!("{} instead of {count} are remembered\n{}", remembered(server), server.log());
    servers::wait(what, || Ok((remembered(server) >= count).then_some(()))).unwrap();
    assert_eq!(remembered(server), count);
}

fn ordinary(number: usize) -> Vec<u8> {
    format!("From: Ann <ann@c.example>\r\nTo: {TO}\r\nSubject: minutes {number}\r\nMessage-ID: <{number}@c.example>\r\n\r\nsee you\r\n")
        .into_bytes()
}

fn harmful(scenario: &Scenario) -> Vec<u8> {
    scenario.cases.iter().find(|case| case.group == "Microsoft").unwrap().raw.clone()
}

/// A Dovecot and us at one of its mailboxes.
struct Watched {
    dovecot: Dovecot,
    server: Server,
    scenario: Scenario,
}

impl Watched {
    fn start(more: &str) -> Option<Self> {
        if servers::without() {
            return None;
        }
        let scenario = Scenario::read("hijacked-mailer").unwrap();
        let dovecot = Dovecot::start().unwrap();
        deliver(&dovecot, b"Subject: was there before\r\n\r\nx\r\n");
        let text = format!(
            "[organisation]\ndomains = ['harbour.example']\n[authentication]\nzone = 'zone.txt'\n\
             [[mailbox]]\nhost = '127.0.0.1'\nport = {}\ntls = false\nuser = '{TO}'\npassword_file = 'secret'\n{more}",
            dovecot.imap().port()
        );
        let files = [("zone.txt", scenario.zone.as_str()), ("secret", PASSWORD)];
        let server = Server::start(&text, &files);
        server.logged("mailbox is watched");
        Some(Self { dovecot, server, scenario })
    }

    /// Messages of a folder of the mailbox: their file names.
    fn files(&self, folder: &str) -> Vec<String> {
        let top = self.dovecot.mailbox(TO).files().unwrap();
        let maildir = top.first().unwrap().parent().unwrap().parent().unwrap().to_owned();
        let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        if folder.is_empty() {
            return top.into_iter().map(name).collect();
        }
        let moved = servers::Mailbox::new(&maildir.join(format!(".{folder}")));
        moved.files().unwrap().into_iter().map(name).collect()
    }
}

fn deliver(dovecot: &Dovecot, raw: &[u8]) {
    let mut client = Client::connect(dovecot.lmtp()).unwrap();
    assert_eq!(client.command("LHLO client.example").unwrap().code, 250);
    assert_eq!(client.send("a@c.example", &[TO], raw).unwrap().code, 250);
}

#[test]
fn a_mailbox_wakes_us_and_what_is_malicious_is_moved() {
    let Some(watched) = Watched::start("move_malicious_to = 'Malicious'\n") else { return };
    let Watched { dovecot, server, scenario } = &watched;
    assert_eq!(remembered(server), 0, "what was there before is left alone");
    let started = Instant::now();
    deliver(dovecot, &ordinary(1));
    wait_for(server, 1);
    let waited = started.elapsed();
    println!("judged {} ms after its delivery", waited.as_millis());
    assert!(waited < Duration::from_secs(20), "IDLE wakes us, not the next look in minutes: {waited:?}");
    deliver(dovecot, &harmful(scenario));
    // The copy is there before the original is expunged.
    let moved = || watched.files("Malicious").len() == 1 && watched.files("").len() == 2;
    let what = || format!("it is not moved\n{}", server.log());
    servers::wait(what, || Ok(moved().then_some(()))).unwrap();
    let unread = |name: &String| !name.rsplit(',').next().unwrap_or_default().contains('S');
    assert!(watched.files("").iter().all(unread), "{:?}", watched.files(""));
    wait_for(server, 2);
    assert!(watched.server.end());
}

#[test]
fn what_is_malicious_and_stays_gets_a_keyword() {
    let Some(watched) = Watched::start("") else { return };
    deliver(&watched.dovecot, &harmful(&watched.scenario));
    // Dovecot writes a Maildir's keywords as letters behind the flags.
    let marked = |name: &String| name.rsplit(",").next().is_some_and(|flags| flags.contains('a'));
    let what = || format!("no keyword: {:?}\n{}", watched.files(""), watched.server.log());
    servers::wait(what, || Ok(watched.files("").iter().any(marked).then_some(()))).unwrap();
    assert!(watched.server.end());
}

#[test]
fn a_mailbox_is_gone_on_with_where_we_were() {
    let Some(mut watched) = Watched::start("") else { return };
    let mut sent = 0;
    for _ in 0..4 {
        for _ in 0..6 {
            sent += 1;
            deliver(&watched.dovecot, &ordinary(sent));
        }
        // Somewhere among them.
        watched.server.kill_and_start();
    }
    let all = i64::try_from(sent).unwrap();
    wait_for(&watched.server, all);
    // Dovecot forgets what it called them.
    let top = watched.dovecot.mailbox(TO).files().unwrap();
    let maildir = top.first().unwrap().parent().unwrap().parent().unwrap();
    for entry in fs::read_dir(maildir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("dovecot") && entry.file_type().unwrap().is_file()
        {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    watched.server.kill_and_start();
    watched.server.logged("UIDVALIDITY changed");
    deliver(&watched.dovecot, &ordinary(sent + 1));
    // Now that which was there before us counts, too.
    wait_for(&watched.server, all + 2);
    assert!(watched.server.end());
}

/// A server at a folder, and the folder.
fn at_folder(kind: &str, prepare: impl Fn(&Path)) -> (Server, PathBuf, tempfile::TempDir) {
    let scenario = Scenario::read("hijacked-mailer").unwrap();
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let text = format!(
        "[organisation]\ndomains = ['harbour.example']\n[authentication]\nzone = 'zone.txt'\n\
         [[folder]]\npath = '{}'\nkind = '{kind}'\n",
        folder.path().display()
    );
    let server = Server::start(&text, &[("zone.txt", &scenario.zone)]);
    (server, folder.path().to_owned(), folder)
}

#[test]
fn dropped_files_are_judged_and_put_away() {
    let scenario = Scenario::read("hijacked-mailer").unwrap();
    let (mut server, folder, _kept) = at_folder("drop", |_| ());
    fs::write(folder.join("bad.eml"), harmful(&scenario)).unwrap();
    fs::write(folder.join("good.eml"), ordinary(1)).unwrap();
    fs::write(folder.join("half.eml.part"), b"Subject: half").unwrap();
    fs::write(folder.join(".hidden"), b"Subject: hidden").unwrap();
    let there = |name: &str| folder.join(name).exists();
    let what = || format!("they are not put away\n{}", server.log());
    servers::wait(what, || Ok((there("done/bad.eml") && there("done/good.eml")).then_some(()))).unwrap();
    let verdict: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("done/bad.eml.json")).unwrap()).unwrap();
    assert_eq!(verdict["verdict"]["class"], "malicious", "{verdict:#}");
    assert!(verdict["verdict"]["findings"].as_array().is_some_and(|all| !all.is_empty()));
    assert!(there("half.eml.part") && there(".hidden") && !there("bad.eml"));
    assert_eq!(fs::read(folder.join("done/good.eml")).unwrap(), ordinary(1));
    // The same name again, over a kill.
    fs::write(folder.join("good.eml"), ordinary(2)).unwrap();
    server.kill_and_start();
    let what = || format!("it is not put away\n{}", server.log());
    servers::wait(what, || Ok(there("done/1-good.eml").then_some(()))).unwrap();
    wait_for(&server, 3);
    assert!(server.end());
}

#[test]
fn a_maildir_is_judged_once_and_left_alone() {
    let (mut server, folder, _kept) = at_folder("maildir", |path| {
        for part in ["new", "cur", "tmp"] {
            fs::create_dir(path.join(part)).unwrap();
        }
        fs::write(path.join("cur/1.before:2,S"), ordinary(0)).unwrap();
    });
    server.logged("folder");
    let deliver = |number: usize| {
        let name = format!("{}.mail", 10 + number);
        fs::write(folder.join("tmp").join(&name), ordinary(number)).unwrap();
        fs::rename(folder.join("tmp").join(&name), folder.join("new").join(&name)).unwrap();
    };
    // The first look has seen what was there before.
    let place = server.data().join("watched");
    let what = || format!("it does not look\n{}", server.log());
    let noted = || {
        fs::read_dir(&place)
            .is_ok_and(|mut all| all.any(|e| e.unwrap().path().extension().is_some_and(|e| e == "place")))
    };
    servers::wait(what, || Ok(noted().then_some(()))).unwrap();
    deliver(1);
    deliver(2);
    wait_for(&server, 2);
    // It is read by somebody; its name changes, and it stays the same message.
    fs::rename(folder.join("new/11.mail"), folder.join("cur/11.mail:2,S")).unwrap();
    deliver(3);
    server.kill_and_start();
    wait_for(&server, 3);
    assert!(folder.join("cur/11.mail:2,S").exists() && folder.join("new/13.mail").exists());
    assert!(server.end());
}
