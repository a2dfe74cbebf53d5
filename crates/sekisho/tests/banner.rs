//! Banners from a real worker: sealed with a key that it does not have, and taken off at the command line.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use sekisho_detect::{Lists, OrgLists, Rules};
use sekisho_engine::{
    Desk, Engine, Marks, Scripted, Sealer, Zone, apply,
    worker::{Dresser, Pool, Recipe},
};
use sekisho_observe::Context;
use sekisho_policy::{Secret, Wish, neutral};
use sekisho_record::{Envelope, FieldChange, Level, Submission};
use sekisho_store::Key;
use sekisho_testkit::Signer;

const SEKISHO: &str = env!("CARGO_BIN_EXE_sekisho");
const PEM: &str = include_str!("../../../fixtures/keys/carrier.pem");
const CONFIG: &str = "[organisation]\ndomains = ['harbour.example']\n[policy]\nauthserv_id = 'mx.harbour.example'\n\
    [[policy.clauses]]\nname = 'all'\ndo = 'banner'\n";

fn zone() -> String {
    let key = include_str!("../../../fixtures/keys/carrier.pub").trim();
    let own = format!("arc1._domainkey.harbour.example TXT v=DKIM1; k=rsa; p={key}\n");
    own + &Signer::new("shop.example").zone()
}

fn message() -> Vec<u8> {
    let raw =
        "From: <a@shop.example>\r\nTo: <ann@harbour.example>\r\nSubject: Order\r\n\r\nIt is on its way.\r\n";
    Signer::new("shop.example").sign(raw.as_bytes()).unwrap()
}

/// A message, and the same with the banner that a worker puts in, in the name of the data folder's key.
fn bannered(folder: &Path) -> [Vec<u8>; 2] {
    std::fs::write(folder.join("sekisho.toml"), CONFIG).unwrap();
    let config = format!("--config={}", folder.join("sekisho.toml").display());
    let sealer = Sealer::new("harbour.example", "arc1", PEM.as_bytes()).unwrap();
    let banner_key = Secret::new(Key::create(&folder.join("key")).unwrap().banners());
    let marks = Marks { banner_key, sealer: Some(Arc::new(sealer)) };
    let arguments = ["worker".into(), "--asks".into(), config.into()].to_vec();
    let recipe = Recipe { marks, ..Recipe::new(SEKISHO.into(), arguments) };
    let resolver = Scripted::new(Zone::parse(&zone()).unwrap()).unwrap();
    let pool = Pool::start(recipe, Desk::new(Box::new(resolver), Duration::from_secs(5)), 1).unwrap();
    let envelope = Envelope { rcpt_to: vec!["ann@harbour.example".into()], ..Envelope::default() };
    let raw = message();
    let submission = Submission { envelope: Some(&envelope), ..Submission::from_bytes(&raw) };
    let wish = Wish { id: "r7".into(), mark: "q7x".into(), splits: true, ..Wish::default() };
    let ruling = pool.rule(&submission, &wish).ruling.unwrap();
    let out = apply(&raw, &ruling.bannered.unwrap());
    [raw, out]
}

fn off(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(SEKISHO);
    command.args(["banner", "off"]).args(arguments).arg("-");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_banner_is_sealed_and_comes_off_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let [raw, out] = bannered(folder.path());
    let text = String::from_utf8_lossy(&out).into_owned();
    assert!(text.starts_with("ARC-Seal: i=1;") && text.contains("==== Sekisho q7x ===="), "{text}");
    let rules = Rules::compile(Vec::new(), Lists::default(), &OrgLists::default()).unwrap();
    let engine = Engine::new(Context::default(), rules).with_zone(&zone()).unwrap();
    let arc = |raw: &[u8]| engine.scan_bytes(raw).evidence.authentication.arc;
    assert_eq!(arc(&out).as_deref(), Some("pass"));

    let data = folder.path().to_str().unwrap();
    let done = off(&["--data", data], &out);
    assert_eq!((done.status.code(), &done.stdout), (Some(0), &raw));
    assert_eq!(off(&["--any-key"], &out).stdout, raw);
    let file = folder.path().join("mail.eml");
    std::fs::write(&file, &out).unwrap();
    let named = Command::new(SEKISHO).args(["banner", "off", "--data", data]).arg(&file).output().unwrap();
    assert_eq!(named.stdout, raw);

    let plain = off(&["--data", data], &raw);
    assert_eq!((plain.status.code(), plain.stdout.is_empty()), (Some(1), true));
    let changed = text.replace("on its way", "on its Way");
    assert_eq!(off(&["--any-key"], changed.as_bytes()).status.code(), Some(1));

    let other = tempfile::tempdir().unwrap();
    let nothing = off(&["--data", other.path().to_str().unwrap()], &out);
    assert_eq!((nothing.status.code(), nothing.stdout.is_empty()), (Some(3), true));
    Key::create(&other.path().join("key")).unwrap();
    let strange = off(&["--data", other.path().to_str().unwrap()], &out);
    assert_eq!((strange.status.code(), strange.stdout.is_empty()), (Some(1), true));
    assert!(String::from_utf8_lossy(&strange.stderr).contains("--any-key"));
}

/// A message that nobody could judge has its banner from a worker that does nothing else.
#[test]
fn a_late_banner_is_known_by_the_key_and_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let keys = [&folder, &other].map(|data| Key::create(&data.path().join("key")).unwrap());
    let sealer = Sealer::new("harbour.example", "arc1", PEM.as_bytes()).unwrap();
    let banner_key = Secret::new(keys[0].banners());
    let marks = Marks { banner_key, sealer: Some(Arc::new(sealer)) };
    let arguments = ["worker", "--dress"].map(Into::into).to_vec();
    let dresser = Dresser::new(Recipe { marks, ..Recipe::new(SEKISHO.into(), arguments) });
    let banner = neutral(Level::Notice, "en", &Wish { mark: "4f9c".into(), ..Wish::default() });
    let field = FieldChange::Insert { name: "Sekisho-Verdict".into(), value: " unjudged".into() };
    let raw = message();
    let out = apply(&raw, &dresser.dress(&raw, &banner, &[field]).unwrap().unwrap());
    let text = String::from_utf8_lossy(&out).into_owned();
    assert!(text.contains("==== Sekisho 4f9c ====") && !text.contains("ARC-"), "{text}");

    let done = off(&["--data", folder.path().to_str().unwrap()], &out);
    assert_eq!((done.status.code(), &done.stdout), (Some(0), &raw));
    let strange = off(&["--data", other.path().to_str().unwrap()], &out);
    assert_eq!((strange.status.code(), strange.stdout.is_empty()), (Some(1), true));
    assert!(String::from_utf8_lossy(&strange.stderr).contains("--any-key"));
}

#[test]
fn the_doctor_compares_the_key_with_its_record() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("arc.pem"), PEM).unwrap();
    let config = format!(
        "[organisation]\ndomains = ['harbour.example']\n[authentication]\nzone = '{}'\n[arc]\n",
        path("zone")
    );
    let whole = format!("domain = 'harbour.example'\nselector = 'arc1'\nkey = '{}'\n", path("arc.pem"));
    let check = |arc: &str, zone: &str, mode: u32| {
        std::fs::set_permissions(path("arc.pem"), std::fs::Permissions::from_mode(mode)).unwrap();
        std::fs::write(path("zone"), zone).unwrap();
        std::fs::write(path("sekisho.toml"), format!("{config}{arc}")).unwrap();
        let arguments = ["doctor", "--data", &path("data"), "--config", &path("sekisho.toml")];
        let output = Command::new(SEKISHO).args(arguments).env("LC_ALL", "C").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().find(|line| line.contains(" arc: ")).unwrap_or_default().to_owned()
    };
    assert!(check(&whole, &zone(), 0o600).starts_with("good"));
    let other = zone().replace("AQAB\n", "AQAD\n");
    let bad = |line: String, why: &str| assert!(line.starts_with("bad") && line.contains(why), "{line}");
    bad(check(&whole, &other, 0o600), "another key");
    bad(check(&whole, &zone().replace("k=rsa", "k=ed25519"), 0o600), "another key");
    bad(check(&whole, "x.example A 192.0.2.1\n", 0o600), "no TXT record");
    bad(check(&whole, &zone(), 0o644), "others may read it");
    bad(check("domain = 'harbour.example'\n", &zone(), 0o600), "or none of them");
    assert_eq!(check("", &zone(), 0o600), "");
}
