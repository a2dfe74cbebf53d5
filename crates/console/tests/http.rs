//! The console over a real socket, on SQLite: who comes in, what a link does and does not do, what a form needs, and what
//! somebody sees of other people's mail.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]
#![allow(clippy::indexing_slicing, reason = "tests")]

#[path = "http/described.rs"]
mod described;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use sekisho_console::{Account, Console, Examined, Examiner, Listener, Look, Preview, Settings, serve};
use sekisho_engine::{kept, resolver::Answer as Later};
use sekisho_record::{
    Class, Submission, Verdict,
    quarantine::{AuditEntry, Held, HeldFor, Role, State},
};
use sekisho_store::{AuditFilter, Bytes, Filter, Key, Purpose, Store, Ticket};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const NOW: i64 = 1_000_000;
const HANA: &str = "hana@here.example";
const IVO: &str = "ivo@here.example";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// Sees what it is given.
struct Sees;

impl Examiner for Sees {
    fn look(&self, content: Vec<u8>, look: Look) -> Later<'_, Result<String, String>> {
        let raw = kept::unpack(content).map(|message| String::from_utf8_lossy(message.raw()).into_owned());
        Box::pin(std::future::ready(raw.map(|raw| match look {
            Look::Message(language) => {
                let preview = Preview { text: raw, subject: "s".into(), ..Preview::default() };
                let explanation = format!("in {language}: leads to https://evil.example/x");
                let verdict = serde_json::to_value(Verdict::default()).unwrap();
                serde_json::to_string(&Examined { explanation, verdict, preview }).unwrap()
            }
            Look::Evidence => r#"{"evidence":true}"#.to_owned(),
        })))
    }
}

struct Stage {
    store: Store,
    bytes: Bytes,
    console: Console,
    at: SocketAddr,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn account(name: &str, role: Role, own: &[&str]) -> Account {
    let hash = ring::digest::digest(&ring::digest::SHA256, format!("token of {name}").as_bytes());
    let own = own.iter().map(|&one| one.to_owned()).collect();
    Account { name: name.into(), sha256: hash.as_ref().try_into().unwrap(), role, own }
}

fn settings() -> Settings {
    let accounts = vec![
        account("ann", Role::Administrator, &[]),
        account("rita", Role::Reader, &[]),
        account("hana", Role::Recipient, &[HANA]),
    ];
    Settings { accounts, ..Settings::default() }
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}/x.db", folder.path().display())).await.unwrap();
        let objects = folder.path().join("objects");
        let key = Key::from_bytes(&[1; 32]);
        let bytes = Bytes::open(objects.to_str().unwrap(), &BTreeMap::new(), key).unwrap();
        let console = Console::new(store.clone(), bytes.clone(), Arc::new(Sees), settings(), || NOW);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(serve(Listener::Tcp(listener), console.clone(), std::future::pending()));
        let stage = Self { store, bytes, console, at, _folder: folder };
        stage.hold("r1", Class::Malicious, &[HANA, IVO]).await;
        stage.hold("r2", Class::Suspicious, &[HANA]).await;
        stage.hold("r3", Class::Suspicious, &[IVO]).await;
        stage
    }

    async fn hold(&self, record: &str, class: Class, to: &[&str]) {
        let raw = format!("Subject: {record}\r\n\r\n<b>go</b> to http://evil.example/{record}\r\n");
        let submission = Submission { record, ..Submission::from_bytes(raw.as_bytes()) };
        let packed = kept::pack(&submission, &Verdict::default(), false, &[]).unwrap();
        let recipient = |one: &&str| HeldFor { address: (*one).to_owned(), groups: Vec::new() };
        let held = Held {
            record: record.into(),
            key: record.into(),
            at: NOW - 60,
            class,
            subject: format!("<script>{record}</script>"),
            author: "eve@client.example".into(),
            summary: "claims to be somebody else".into(),
            recipients: to.iter().map(recipient).collect(),
            ..Held::default()
        };
        self.store.hold(&self.bytes, &held, &self.bytes.seal(&packed).unwrap()).await.unwrap();
    }

    async fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
        for (name, value) in fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        // A server that has answered may close before it has read everything.
        let _ = stream.write_all(text.as_bytes()).await;
        let mut out = Vec::new();
        let _ = stream.read_to_end(&mut out).await;
        let out = String::from_utf8_lossy(&out).into_owned();
        let (head, body) = out.split_once("\r\n\r\n").unwrap_or((&out, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    async fn api(&self, who: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let token = format!("Bearer token of {who}");
        let fields = [("Authorization", &*token), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.ask(method, &format!("/api/v1{path}"), &fields, &body).await;
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
    }

    async fn get(&self, who: &str, path: &str) -> (u16, Value) {
        self.api(who, "GET", path, &Value::Null).await
    }

    async fn form(&self, path: &str, cookie: &str, body: &str) -> Answer {
        self.ask("POST", path, &[("Cookie", cookie), FORM], body).await
    }

    fn link(&self, what: Purpose, record: &str, expires_at: i64) -> String {
        let ticket = Ticket { what, record: record.into(), recipient: HANA.into(), expires_at };
        format!("/t/{}", self.bytes.tickets().token(&ticket).unwrap())
    }

    /// Opens a link and presses its button; what the page says then.
    async fn press(&self, link: &str) -> String {
        let page = self.ask("GET", link, &[], "").await.body;
        self.form(link, "", &format!("form={}&words=why+not", token(&page))).await.body
    }

    /// What the audit says of a record, oldest first.
    async fn noted(&self, on: &str) -> Vec<String> {
        let filter = AuditFilter { on: on.into(), who: String::new() };
        let all = self.store.audit(&filter, None).await.unwrap();
        let one = |entry: &AuditEntry| {
            let refused = if entry.refused.is_some() { " refused" } else { "" };
            format!("{} by {}{refused}", entry.what, entry.who)
        };
        all.iter().rev().map(one).collect()
    }
}

fn token(page: &str) -> &str {
    let rest = page.split("name=\"form\" value=\"").nth(1).unwrap_or_else(|| panic!("{page}"));
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn without_a_token_nobody_comes_in() {
    let stage = Stage::new().await;
    for path in ["/me", "/held", "/held/r1", "/held/r1/raw", "/requests", "/lockdowns", "/audit"] {
        let (status, told) = stage.get("nobody", path).await;
        assert_eq!((status, told["code"].as_str()), (401, Some("unauthorized")), "{path}");
        assert!(told["next"].as_str().unwrap().contains("Bearer"), "{told}");
    }
    assert_eq!(stage.get("ann", "/me").await.1["role"], "administrator");
    for path in ["/held", "/held/r1", "/requests", "/lockdowns", "/audit", "/held/r1/raw"] {
        let answer = stage.ask("GET", path, &[], "").await;
        assert!(answer.status == 303 && answer.head.contains("location: /login"), "{path}: {}", answer.head);
    }
    // A token that is taken out of the configuration is out at once.
    stage.console.replace(Settings::default());
    assert_eq!(stage.get("ann", "/me").await.0, 401);
}

#[tokio::test]
async fn a_recipient_sees_the_own_mail_and_nobody_elses() {
    let stage = Stage::new().await;
    let list = stage.get("hana", "/held").await.1;
    let items = list["items"].as_array().unwrap();
    let records: Vec<&str> = items.iter().map(|item| item["record"].as_str().unwrap()).collect();
    assert_eq!(records, ["r2", "r1"]);
    assert!(!list.to_string().contains(IVO), "{list}");
    assert!(!stage.get("hana", "/held/r1").await.1.to_string().contains(IVO));
    assert_eq!(stage.get("hana", "/held/r3").await.0, 404);
    assert_eq!(stage.get("hana", &format!("/held?recipient={IVO}")).await.0, 404);
    for path in ["/requests", "/lockdowns", "/audit"] {
        assert_eq!(stage.get("hana", path).await.0, 403, "{path}");
    }
    // Looking into what is malicious is not for recipients; looking into what is suspicious is.
    assert_eq!(stage.get("hana", "/held/r1/preview").await.0, 403);
    let (status, seen) = stage.get("hana", "/held/r2/preview?lang=ja").await;
    assert_eq!(
        (status, seen["explanation"].as_str()),
        (200, Some("in ja: leads to hxxps://evil[.]example/x"))
    );
    assert!(seen["preview"]["text"].as_str().unwrap().contains("hxxp://evil[.]example/r2"), "{seen}");
    let other = json!({ "recipients": [IVO] });
    assert_eq!(stage.api("hana", "POST", "/held/r3/release", &other).await.0, 404);
    assert_eq!(stage.api("hana", "POST", "/held/r2/release", &json!({})).await.0, 200);
    assert_eq!(stage.api("rita", "POST", "/held/r3/release", &json!({})).await.1["code"], "role");
    assert_eq!(stage.get("ann", "/held/r1/evidence").await.1["evidence"], true);
}

#[tokio::test]
async fn opening_a_link_changes_nothing_and_pressing_its_button_does() {
    let stage = Stage::new().await;
    let before = stage.noted("r1").await;
    let purposes = [Purpose::Report, Purpose::Details, Purpose::Request, Purpose::Confirm];
    let [report, details, request, confirm] = purposes.map(|what| stage.link(what, "r1", NOW + 1));
    for link in [&report, &details, &request, &confirm] {
        let page = stage.ask("GET", link, &[("Accept-Language", "ja")], "").await;
        assert!(page.status == 200 && page.body.contains("lang=\"ja\""), "{}", page.body);
        assert!(!page.body.contains("<script"), "{}", page.body);
        assert!(page.head.contains("referrer-policy: no-referrer") && page.head.contains("no-store"));
        // A form of another page, or of none.
        assert_eq!(stage.form(link, "", "form=x").await.status, 403);
        assert_eq!(stage.form(link, "", "").await.status, 403);
    }
    assert_eq!(stage.noted("r1").await, before, "nothing is done by looking");
    assert!(stage.press(&report).await.contains("it is reported"));
    assert!(stage.press(&report).await.contains("You reported it before"));
    let shown = stage.press(&details).await;
    assert!(shown.contains("leads to hxxps://evil[.]example/x") && !shown.contains("to hxxp://"), "{shown}");
    assert!(stage.press(&request).await.contains("You have asked for it"));
    // It is malicious: its recipient may not release it, so the button asks, and it was asked before.
    assert!(stage.press(&confirm).await.contains("your request waits"));
    let mut wanted = before;
    wanted.extend(["report", "details", "request"].map(|what| format!("{what} by {HANA}")));
    wanted.push(format!("release by {HANA} refused"));
    assert_eq!(stage.noted("r1").await, wanted);
    assert!(stage.press(&stage.link(Purpose::Confirm, "r2", NOW + 1)).await.contains("on its way"));
    let released = Filter { state: Some(State::Released), ..Filter::default() };
    assert_eq!(stage.store.held(&released, None, 10).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_link_that_is_worth_nothing_says_only_that() {
    let stage = Stage::new().await;
    let expired = stage.ask("GET", &stage.link(Purpose::Request, "r1", NOW), &[], "").await;
    assert!(expired.status == 410 && !expired.body.contains("r1"), "{}", expired.body);
    let good = stage.link(Purpose::Request, "r1", NOW + 1);
    for link in [format!("{good}x"), "/t/AAAA".to_owned(), format!("/t/{}", "A".repeat(2_000))] {
        let page = stage.ask("GET", &link, &[], "").await;
        assert!(page.status == 404 && page.body.contains("leads nowhere"), "{}", page.body);
        assert_eq!(stage.form(&link, "", "form=x").await.status, 404);
    }
    // A record that is not held looks like one that is.
    let unknown = stage.link(Purpose::Details, "r9", NOW + 1);
    assert_eq!(stage.ask("GET", &unknown, &[], "").await.status, 200);
    // Whoever goes on guessing is stopped, and nobody else is.
    let mut last = 0;
    for _ in 0..30 {
        last = stage.ask("GET", "/t/AAAA", &[("X-Forwarded-For", "192.0.2.9")], "").await.status;
    }
    assert_eq!(last, 429);
    assert_eq!(stage.ask("GET", &good, &[("X-Forwarded-For", "192.0.2.10")], "").await.status, 200);
}

#[tokio::test]
async fn a_person_logs_in_looks_and_acts_and_no_other_site_does() {
    let stage = Stage::new().await;
    assert_eq!(stage.form("/login", "", "token=guess").await.status, 401);
    let entered = stage.form("/login", "", "token=token+of+ann").await;
    let cookie = entered.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let get = async |path: &str| stage.ask("GET", path, &[("Cookie", cookie)], "").await;
    for path in ["/held", "/held/r1", "/held/r1/preview", "/requests", "/lockdowns", "/audit"] {
        let page = get(path).await;
        assert!(page.status == 200 && !page.body.contains("<script"), "{path}: {} {}", page.head, page.body);
    }
    assert!(get("/held/r1/raw").await.head.contains("attachment"));
    assert_eq!(get("/held/r9").await.status, 404);
    let page = get("/held/r1").await.body;
    let form = token(&page);
    let order = |form: &str| format!("form={form}&of=everything&value=&hours=1&words=drill");
    assert_eq!(stage.form("/lockdowns", cookie, &order("x")).await.status, 403);
    let fields = [("Cookie", cookie), FORM, ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(stage.ask("POST", "/lockdowns", &fields, &order(form)).await.status, 403);
    assert_eq!(stage.form("/lockdowns", cookie, &order(form)).await.status, 303);
    let release = format!("form={form}&deed=release&recipient=&words=");
    let refused = stage.form("/held/r2", cookie, &release).await;
    assert!(refused.status == 423 && refused.body.contains("drill"), "{}", refused.body);
    assert!(get("/held").await.body.contains("holds for: everything (drill)"));
    // A session does not open the API, so no form of another site gets there either.
    assert_eq!(stage.ask("GET", "/api/v1/held", &[("Cookie", cookie)], "").await.status, 401);
    assert_eq!(stage.form("/logout", cookie, &format!("form={form}")).await.status, 303);
}

#[tokio::test]
async fn what_cannot_be_understood_or_is_too_much_is_refused() {
    let stage = Stage::new().await;
    let everything = json!({ "of": "everything" });
    let wrong = [
        ("POST", "/lockdowns", json!({ "scope": everything, "reason": "" })),
        ("POST", "/lockdowns", json!({ "scope": { "of": "planet" }, "reason": "x" })),
        ("POST", "/lockdowns", json!({ "scope": everything, "reason": "x", "hours": 0 })),
        ("POST", "/lockdowns", json!({ "scope": everything, "reason": "x", "until": 5 })),
        ("POST", "/held/r1/release", json!({ "to": "x" })),
        ("POST", "/held/r1/request", json!({})),
        ("GET", "/held?limit=1000", Value::Null),
        ("GET", "/held?klass=x", Value::Null),
        ("GET", "/held?after=x", Value::Null),
    ];
    for (method, path, body) in &wrong {
        let (status, told) = stage.api("ann", method, path, body).await;
        assert_eq!((status, told["code"].as_str()), (400, Some("invalid")), "{path} {body}: {told}");
    }
    let fields = [("Authorization", "Bearer token of ann")];
    let untyped = stage.ask("POST", "/api/v1/held/r1/release", &fields, "{}").await;
    assert_eq!(untyped.status, 400, "not JSON by its type");
    let long = format!("token={}", "x".repeat(300_000));
    assert_eq!(stage.ask("POST", "/login", &[FORM], &long).await.status, 413);
    let many: Vec<String> = (0..200).map(|n| format!("X-{n}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "y")).collect();
    assert_eq!(stage.ask("GET", "/login", &many, "").await.status, 431);
    assert_eq!(stage.get("ann", "/nowhere").await.0, 404);
    assert_eq!(stage.api("ann", "PUT", "/lockdowns", &Value::Null).await.0, 405);
}
