//! What is kept of judged messages is judged again as then, without the world and whatever history has learnt since.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot run fails")]

mod schema;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

const RULES: &str = "../../rules";
const SCENARIOS: &str = "../testkit/scenarios";
const CONFIG: &str = "[organisation]\nname = 'Harbour Logistics'\ndomains = ['harbour.example']\n\
    [authentication]\nzone = 'zone.txt'\n";
/// Messages stay for as long as the tests look at them.
const KEEP: &str = "[store]\nkeep_days = { benign = 9000, suspicious = 9000, malicious = 9000 }\n";

/// An empty folder of its own for a test, with a configuration.
fn folder(name: &str, store: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("backtest-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("archive")).unwrap();
    std::fs::write(folder.join("sekisho.toml"), format!("{CONFIG}{store}")).unwrap();
    std::fs::copy(format!("{SCENARIOS}/reply-chain/zone.txt"), folder.join("zone.txt")).unwrap();
    folder
}

fn sekisho(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.current_dir(folder).args(arguments).args(["--data", "data", "--config", "sekisho.toml"]);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn objects(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The `number`th message of a conversation, on that day of January 2024.
fn mail(number: u32, day: u32) -> String {
    let (from, to) = match number % 2 {
        0 => ("Karl Berg <karl@ferrostahl.example>", "aiko@harbour.example"),
        _ => ("Aiko Tanaka <aiko@harbour.example>", "karl@ferrostahl.example"),
    };
    let parent = match number {
        0 => String::new(),
        n => format!("In-Reply-To: <m{}@ferrostahl.example>\r\n", n - 1),
    };
    format!(
        "Received: from a by mx.harbour.example; {day} Jan 2024 10:00:00 +0000\r\n\
         Date: {day} Jan 2024 09:59:58 +0000\r\nFrom: {from}\r\nTo: <{to}>\r\n\
         Subject: {}Delivery of the crane rails\r\nMessage-ID: <m{number}@ferrostahl.example>\r\n{parent}\r\n\
         The crane rails for berth {number} leave the mill on Thursday, as agreed with the harbour master.\r\n",
        if number == 0 { "" } else { "Re: " },
    )
}

/// A reply to the conversation by somebody who sits in the supplier's mailbox, seven months later.
const HIJACKED: &str = "Received: from a by mx.harbour.example; 7 Aug 2024 10:00:00 +0000\r\n\
    Date: 7 Aug 2024 09:59:58 +0000\r\nFrom: Karl Berg <karl@ferrostahl.example>\r\n\
    To: <aiko@harbour.example>\r\nSubject: Re: Delivery of the crane rails\r\n\
    Message-ID: <h@ferrostahl.example>\r\nIn-Reply-To: <m5@ferrostahl.example>\r\n\r\n\
    Hello,\r\nplease see the attached: https://files.stranger.example/doc/1234567\r\n";

/// A rule that needs history.
const OF_HISTORY: &str = "dormant-thread-new-link-host";
/// Six messages of a conversation and its theft, and messages of the scenarios, some with files.
fn archive(folder: &Path) {
    let archive = folder.join("archive");
    for number in 0..6 {
        std::fs::write(archive.join(format!("m{number}.eml")), mail(number, number + 1)).unwrap();
    }
    std::fs::write(archive.join("hijacked.eml"), HIJACKED).unwrap();
    for file in [
        "reply-chain/hijacked/001.eml",
        "reply-chain/hijacked/002.eml",
        "reply-chain/ordinary/001.eml",
        "reply-chain/ordinary/002.eml",
        "hijacked-mailer/attack/001.eml",
        "hijacked-mailer/attack/120.eml",
        "hijacked-mailer/attack/121.eml",
        "nobelium/attack/005.eml",
    ] {
        std::fs::copy(format!("{SCENARIOS}/{file}"), archive.join(file.replace('/', "-"))).unwrap();
    }
}

/// The record that a file becomes.
fn record(path: &Path) -> String {
    let raw = std::fs::read(path).unwrap();
    let mut hash = Sha256::new();
    raw.trim_ascii_end().split(|byte| *byte == b'\r').for_each(|piece| hash.update(piece));
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Records by rule.
type Sets = BTreeMap<String, BTreeSet<String>>;

/// On which records each rule fired when they were judged, and how often it could not be decided.
fn fired_then(folder: &Path, output: &Output) -> (Sets, BTreeMap<String, u64>) {
    let (mut fired, mut open) = (Sets::new(), BTreeMap::<String, u64>::new());
    for line in objects(output) {
        let record = record(&folder.join(line["path"].as_str().unwrap()));
        for finding in line["findings"].as_array().unwrap() {
            fired.entry(finding["rule"].as_str().unwrap().into()).or_default().insert(record.clone());
        }
        for rule in line["indeterminate"].as_array().unwrap() {
            *open.entry(rule["rule"].as_str().unwrap().into()).or_default() += 1;
        }
    }
    (fired, open)
}

/// On which records each rule would fire, and for how many it cannot be decided.
fn fires_now(output: &Output) -> (Sets, BTreeMap<String, u64>) {
    let (mut fired, mut open) = (Sets::new(), BTreeMap::new());
    for line in objects(output) {
        let rule = line["rule"].as_str().unwrap().to_owned();
        let shown = line["shown"].as_array().unwrap();
        assert_eq!(line["fires"], shown.len(), "{rule}");
        let records: BTreeSet<String> =
            shown.iter().map(|s| s["record"].as_str().unwrap().to_owned()).collect();
        if !records.is_empty() {
            fired.insert(rule.clone(), records);
        }
        if line["undecided"] != 0 {
            open.insert(rule, line["undecided"].as_u64().unwrap());
        }
    }
    (fired, open)
}

#[test]
fn rules_fire_on_exactly_the_messages_of_then() {
    let folder = folder("same", KEEP);
    archive(&folder);
    let then = sekisho(&folder, &["replay", "--json", "archive"]);
    assert_eq!(then.status.code(), Some(2), "{}", text(&then.stderr));
    let (fired, open) = fired_then(&folder, &then);
    let all = fired.values().flatten().collect::<BTreeSet<_>>().len();
    assert!(fired.contains_key(OF_HISTORY), "{:?}", fired.keys());
    assert!(fired[OF_HISTORY].contains(&record(&folder.join("archive/hijacked.eml"))));
    let of_files = |rule: &&String| Path::new(RULES).join(format!("attachment/{rule}.md")).exists();
    assert!(fired.keys().any(|rule| of_files(&rule)), "{:?}", fired.keys());
    // Since then history has learnt the stranger's host, and there is no DNS any more.
    let later = HIJACKED.replace("7 Aug", "8 Aug").replace("<h@", "<h2@");
    std::fs::write(folder.join("later.eml"), later).unwrap();
    let learnt = sekisho(&folder, &["scan", "--learn", "later.eml"]);
    assert!(text(&learnt.stderr).is_empty(), "{}", text(&learnt.stderr));
    std::fs::write(folder.join("zone.txt"), "").unwrap();
    let rules = std::fs::canonicalize(RULES).unwrap();
    let rules = rules.to_str().unwrap();
    let arguments = ["backtest", "--json", "--show", "1000", "--until", "2024-08-07", rules];
    let now = sekisho(&folder, &arguments);
    assert_eq!(now.status.code(), Some(1), "{}", text(&now.stderr));
    assert_eq!(fires_now(&now), (fired, open));
    assert!(text(&now.stderr).starts_with("15 kept messages"), "{}", text(&now.stderr));
    let schema: Value = serde_json::from_str(include_str!("../src/backtest.schema.json")).unwrap();
    objects(&now).iter().for_each(|line| schema::conforms(line, &schema, "$"));
    // The same in this process, and with one thread.
    let same = |more: &[&str]| sekisho(&folder, &[&arguments[..], more].concat()).stdout;
    assert_eq!(text(&same(&["--in-process"])), text(&now.stdout));
    assert_eq!(text(&same(&["--threads", "1"])), text(&now.stdout));
    assert!(all > 3, "{all} messages with findings");
    assert_eq!(objects(&now)[0]["messages"], 15);
    let author =
        objects(&now).iter().find(|o| o["rule"] == OF_HISTORY).unwrap()["shown"][0]["author"].clone();
    assert_eq!(author, "k***@ferrostahl.example");
}

#[test]
fn messages_are_chosen_by_day_and_class_and_rules_by_id_file_or_folder() {
    let folder = folder("chosen", KEEP);
    for number in 0..6 {
        std::fs::write(folder.join(format!("archive/m{number}.eml")), mail(number, number + 1)).unwrap();
    }
    std::fs::write(
        folder.join("any.yml"),
        "name: Any\ntype: rule\nseverity: low\nsource: sender.email.domain.domain == 'ferrostahl.example'\n",
    )
    .unwrap();
    let nothing = sekisho(&folder, &["backtest", "any.yml"]);
    assert_eq!(nothing.status.code(), Some(3));
    assert!(text(&nothing.stderr).contains("sekisho replay --data"), "{}", text(&nothing.stderr));
    sekisho(&folder, &["replay", "archive"]);
    let counts = |arguments: &[&str]| {
        let output = sekisho(&folder, &[&["backtest", "--json", "any.yml"], arguments].concat());
        let first = objects(&output).remove(0);
        (output.status.code(), first["fires"].as_u64().unwrap(), first["messages"].as_u64().unwrap())
    };
    assert_eq!(counts(&[]), (Some(1), 3, 6));
    assert_eq!(counts(&["--since", "2024-01-02", "--until", "2024-01-05"]), (Some(1), 2, 4));
    assert_eq!(counts(&["--until", "2024-01-01"]), (Some(1), 1, 1));
    assert_eq!(counts(&["--class", "malicious"]), (Some(0), 0, 0));
    assert_eq!(counts(&["--class", "malicious", "--class", "benign"]), (Some(1), 3, 6));
    assert_eq!(counts(&["--since", "2024-01-02", "--until", "2024-01-02"]), (Some(0), 0, 1));
    let shown = sekisho(&folder, &["backtest", "--show", "1", "any.yml"]);
    let out = text(&shown.stdout);
    assert!(out.contains("would fire             3") && out.contains("3 benign"), "{out}");
    assert_eq!(out.lines().filter(|line| line.contains("2024-01-0")).count(), 1, "{out}");
    for (rule, why) in [
        ("any-rule", "no built-in rule"),
        ("dormant-thread-short-reply-new-hots", "did you mean `dormant-thread-short-reply-new-host`?"),
        ("archive", "holds no rule"),
    ] {
        let refused = sekisho(&folder, &["backtest", rule]);
        assert_eq!(refused.status.code(), Some(3));
        assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
    }
    let refused = sekisho(&folder, &["backtest", "--since", "yesterday", "any.yml"]);
    assert!(text(&refused.stderr).contains("YYYY-MM-DD"), "{}", text(&refused.stderr));
}

#[test]
fn what_is_missing_is_named_and_damage_costs_one_message() {
    let folder = folder("damage", KEEP);
    archive(&folder);
    sekisho(&folder, &["replay", "archive"]);
    let rule = "name: A\ntype: rule\nseverity: high\nsource: |\n  length(body.links) > 0\n  \
        and any(ml.nlu_classifier(body.current_thread.text).intents, .name == 'cred_theft')\n";
    std::fs::write(folder.join("needs_nlu.yml"), rule).unwrap();
    std::fs::write(folder.join("any.yml"), "name: Any\ntype: rule\nsource: length(headers.hops) >= 0\n")
        .unwrap();
    let ask = || objects(&sekisho(&folder, &["backtest", "--json", "needs_nlu.yml", "any.yml"]));
    let before = ask();
    assert_eq!((&before[0]["messages"], &before[1]["fires"]), (&15.into(), &15.into()));
    let undecided = before[0]["undecided"].as_u64().unwrap();
    assert!(undecided > 0 && undecided < 15, "{undecided}");
    assert_eq!(before[0]["missing"][0]["what"], "ml.nlu_classifier");
    assert_eq!(before[0]["missing"][0]["messages"], undecided);
    let mut files = Vec::new();
    find(&folder.join("data/objects"), &mut files);
    files.sort();
    assert_eq!(files.len(), 15);
    // One byte is another, one is cut off, one is gone, one is somebody else's.
    let mut bytes = std::fs::read(&files[0]).unwrap();
    assert!(bytes.starts_with(b"SKO1") && !text(&bytes).contains("Subject:"));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&files[0], bytes).unwrap();
    let bytes = std::fs::read(&files[1]).unwrap();
    std::fs::write(&files[1], &bytes[..bytes.len() / 2]).unwrap();
    std::fs::remove_file(&files[2]).unwrap();
    std::fs::copy(&files[4], &files[3]).unwrap();
    let output = sekisho(&folder, &["backtest", "--json", "any.yml"]);
    assert_eq!(objects(&output)[0]["fires"], 11);
    assert_eq!(objects(&output)[0]["unread"], 4);
    let named = text(&output.stderr);
    for file in &files[..4] {
        assert!(named.contains(file.file_name().unwrap().to_str().unwrap()), "{named}");
    }
    assert!(named.contains("damaged") && named.contains("is not there"), "{named}");
    assert!(named.contains("4 could not be read"), "{named}");
    // Where nothing fires, damage is an error.
    std::fs::write(folder.join("none.yml"), "name: No\ntype: rule\nsource: length(headers.hops) < 0\n")
        .unwrap();
    assert_eq!(sekisho(&folder, &["backtest", "none.yml"]).status.code(), Some(3));
}

/// All files below a folder.
fn find(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => find(&path, out),
            path => out.push(path),
        }
    }
}

#[test]
fn the_key_is_for_its_owner_and_another_one_is_refused() {
    let folder = folder("key", KEEP);
    std::fs::write(folder.join("archive/m0.eml"), mail(0, 1)).unwrap();
    sekisho(&folder, &["replay", "archive"]);
    let key = folder.join("data/key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let first = std::fs::read(&key).unwrap();
    assert_eq!(first.len(), 32);
    std::fs::write(folder.join("archive/m1.eml"), mail(1, 2)).unwrap();
    let refused = |why: &str| {
        for arguments in [["backtest", OF_HISTORY], ["replay", "archive"]] {
            let output = sekisho(&folder, &arguments);
            let told = text(&output.stderr);
            assert!(output.status.code() == Some(3) && told.contains("data/key"), "{told}");
            assert!(
                told.contains(why) || arguments[0] == "backtest" && told.contains("No such file"),
                "{told}"
            );
        }
    };
    std::fs::write(&key, [7; 32]).unwrap();
    refused("another key");
    std::fs::write(&key, [7; 31]).unwrap();
    refused("31 bytes");
    std::fs::remove_file(&key).unwrap();
    refused("put it back");
    assert!(!key.exists(), "no new key beside the old messages");
    // With the right one it goes on: nothing was learnt and not kept meanwhile.
    std::fs::write(&key, first).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(sekisho(&folder, &["replay", "archive"]).status.code(), Some(0));
    let output = sekisho(&folder, &["backtest", "--json", OF_HISTORY]);
    assert_eq!(objects(&output)[0]["messages"], 2, "{}", text(&output.stderr));
}

#[test]
fn what_cannot_be_kept_is_learnt_and_named() {
    let folder = folder("unkept", KEEP);
    std::fs::write(folder.join("archive/m0.eml"), mail(0, 1)).unwrap();
    std::fs::write(folder.join("m1.eml"), mail(1, 2)).unwrap();
    sekisho(&folder, &["replay", "archive"]);
    // Where folders are wanted there are files.
    let objects_folder = folder.join("data/objects");
    std::fs::remove_dir_all(&objects_folder).unwrap();
    std::fs::create_dir(&objects_folder).unwrap();
    (0..=255).for_each(|n| std::fs::write(objects_folder.join(format!("{n:02x}")), "").unwrap());
    let output = sekisho(&folder, &["scan", "--learn", "m1.eml", "archive/m0.eml"]);
    let told = text(&output.stderr);
    assert!(told.contains("not kept: m1.eml") && told.contains("could not be kept"), "{told}");
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(0), 2), "{told}");
    let again = sekisho(&folder, &["replay", "m1.eml"]);
    assert!(text(&again.stderr).contains("1 of 1 messages were learnt before"), "{}", text(&again.stderr));
}

#[test]
fn what_is_kept_goes_by_class_and_age_and_zero_days_keep_nothing() {
    let keep =
        "[store]\nobjects = 'elsewhere'\nkeep_days = { benign = 10, suspicious = 0, malicious = 400 }\n";
    let folder = folder("retention", keep);
    archive(&folder);
    let replayed = sekisho(&folder, &["replay", "--json", "archive"]);
    let then = objects(&replayed);
    let of = |class: &str| then.iter().filter(|line| line["class"] == class).count() as u64;
    assert!(of("benign") > 5 && of("malicious") > 3, "{then:?}");
    let kept = |class: &str| {
        let rule = ["backtest", "--json", "--class", class, OF_HISTORY];
        objects(&sekisho(&folder, &rule))[0]["messages"].as_u64().unwrap()
    };
    assert_eq!(kept("suspicious"), 0);
    let sweep = |day: &str| {
        let output = sekisho(&folder, &["sweep", "--json", "--at", day]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        objects(&output)[0]["objects"].as_u64().unwrap()
    };
    // The replay itself swept by the time of half its messages.
    let (benign, malicious) = (kept("benign"), kept("malicious"));
    assert!(benign > 0 && malicious > 0);
    assert_eq!(sweep("2024-01-08"), benign + malicious - kept("benign") - kept("malicious"));
    let benign = kept("benign");
    assert!(benign > 3, "the conversation of that month is still there");
    assert_eq!(sweep("2024-02-08"), benign);
    assert_eq!((kept("benign"), kept("malicious") > 0), (0, true));
    sweep("2030-01-01");
    assert_eq!(kept("malicious"), 0);
    let mut files = Vec::new();
    find(&folder.join("elsewhere"), &mut files);
    assert!(files.is_empty(), "{files:?}");
    assert!(!folder.join("data/objects").exists() && folder.join("data/key").exists());
}
