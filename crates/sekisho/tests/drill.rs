//! The lockdown drill over the console: malicious internal replies are held by two nodes that share a PostgreSQL and a
//! folder of objects; from the moment of the lockdown nobody gets one out on either node, neither by a page of the console
//! nor by a token nor by a link of a digest that was sent before. Requests are kept, two administrators lift it, it
//! expires, and the audit says all of it.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

mod live;
#[path = "../../store/tests/server/mod.rs"]
mod server;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use sekisho_intake::http::Secret;
use sekisho_store::{Key, Purpose, Ticket};
use sekisho_testkit::{
    scenarios::Scenario,
    servers::{Client, free_port},
};
use serde_json::{Value, json};

/// Replies that are held before the lockdown, and in it.
const OLD: usize = 40;
const NEW: usize = 4;
/// How long a node may take to know of a lockdown.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);
/// Tokens of the drill: who, in which role.
const PEOPLE: [(&str, &str); 4] =
    [("ann", "administrator"), ("ben", "administrator"), ("cleo", "analyst"), ("user", "recipient")];

/// A server and the ports of its console and its SMTP filter.
struct Node {
    server: live::Server,
    console: u16,
    smtp: u16,
    /// Session of the user, and the token of its forms.
    cookie: String,
    form: String,
}

/// An answer of the console.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The token of the form on the page.
    fn form(&self) -> String {
        let rest = self.body.split("name=\"form\" value=\"").nth(1);
        rest.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

impl Node {
    fn start(store: &str, scenario: &Scenario, recipients: &[String]) -> Self {
        let (console, smtp) = (free_port().unwrap(), free_port().unwrap());
        let next = next_hop();
        let mut text = format!(
            "[organisation]\nname = '{}'\ndomains = {:?}\npartners = {:?}\n[authentication]\nzone = 'zone.txt'\n\
             [serve]\nworkers = 1\ndeadline_seconds = 120\n{store}\n\
             [smtp]\nlisten = ['127.0.0.1:{smtp}']\nnext = '127.0.0.1:{next}'\n\
             [rights]\nrecipient = {{ preview = 'suspicious', request = 'malicious', release = 'malicious' }}\n\
             [console]\nlisten = ['127.0.0.1:{console}']\nurl = 'http://127.0.0.1:{console}'\n",
            scenario.organisation.name, scenario.organisation.domains, scenario.organisation.partners
        );
        for (name, role) in PEOPLE {
            let hash = String::from(Secret::of(format!("token of {name}").as_bytes()));
            text.push_str(&format!(
                "[[console.tokens]]\nname = '{name}'\nsha256 = '{hash}'\nrole = '{role}'\n"
            ));
            if role == "recipient" {
                text.push_str(&format!("addresses = {recipients:?}\n"));
            }
        }
        let server = live::Server::start(&text, &[("zone.txt", &scenario.zone)]);
        server.logged("console listens");
        let mut node = Self { server, console, smtp, cookie: String::new(), form: String::new() };
        node.log_in();
        node
    }

    fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.console)).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut out = Vec::new();
        stream.read_to_end(&mut out).unwrap();
        let out = String::from_utf8_lossy(&out).into_owned();
        let (head, body) = out.split_once("\r\n\r\n").unwrap_or((&out, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// The API as somebody.
    fn api(&self, who: &str, method: &str, path: &str, body: &Value) -> Answer {
        let token = format!("Bearer token of {who}");
        let fields = [("Authorization", &*token), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask(method, &format!("/api/v1{path}"), &fields, &body)
    }

    fn form(&self, path: &str, cookie: &str, body: &str) -> Answer {
        let fields = [("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded")];
        self.ask("POST", path, &fields, body)
    }

    /// The user logs in, and is shown a page with a form.
    fn log_in(&mut self) {
        let wrong = self.form("/login", "", "token=guess");
        assert_eq!(wrong.status, 401, "{wrong:?}");
        let entered = self.form("/login", "", "token=token+of+user");
        assert_eq!(entered.status, 303, "{entered:?}");
        let cookie = entered.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        self.cookie = cookie.split(';').next().unwrap().to_owned();
        let page = self.ask("GET", "/held", &[("Cookie", &self.cookie)], "");
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.head.contains("default-src 'none'") && page.head.contains("no-referrer"), "{page:?}");
        self.form = page.form();
    }

    /// Hands a message in; whether it was held.
    fn hands_in(&self, from: &str, to: &str, raw: &[u8]) -> bool {
        let mut client = Client::connect(SocketAddr::from(([127, 0, 0, 1], self.smtp))).unwrap();
        client.hello("mail.harbour.example").unwrap();
        let before = self.server.counted("quarantine");
        let reply = client.send(from, &[to], raw).unwrap();
        assert_eq!(reply.code, 250, "{reply}\n{}", self.server.log());
        self.server.counted("quarantine") > before
    }

    /// All held messages as the analyst sees them: record and recipient.
    fn held(&self, query: &str) -> Vec<(String, String)> {
        let answer = self.api("cleo", "GET", &format!("/held?limit=200&{query}"), &Value::Null);
        assert_eq!(answer.status, 200, "{answer:?}");
        let items = answer.json()["items"].as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        items.iter().map(|i| (text(&i["record"]), text(&i["states"][0]["recipient"]["address"]))).collect()
    }
}

/// A mail server that takes everything and keeps nothing: where mail goes on that is not held.
fn next_hop() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever hangs up ends its thread.
            std::thread::spawn(move || drop(take_all(&stream)));
        }
    });
    port
}

fn take_all(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).split(b'\n');
    stream.write_all(b"220 here\r\n")?;
    while let Some(line) = lines.next() {
        let line = line?.to_ascii_uppercase();
        if line.starts_with(b"DATA") {
            stream.write_all(b"354 go on\r\n")?;
            lines.by_ref().take_while(|line| line.as_ref().is_ok_and(|line| line != b".\r")).for_each(drop);
        }
        stream.write_all(if line.starts_with(b"QUIT") { b"221 bye\r\n" } else { b"250 taken\r\n" })?;
    }
    Ok(())
}

/// The ways by which a user gets mail out.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Page,
    Token,
    Link,
}

const WAYS: [Way; 3] = [Way::Page, Way::Token, Way::Link];

/// The stage: two nodes or one, the key of their links, and what the user tried in vain.
struct Stage<'a> {
    nodes: &'a [Node],
    key: Key,
    refused: std::cell::Cell<usize>,
}

impl Stage<'_> {
    /// The user of a held message tries to get it; whether it was released.
    fn tries(&self, node: &Node, (record, to): &(String, String), way: Way) -> bool {
        let released = match way {
            Way::Page => {
                let body = format!(
                    "form={}&deed=release&recipient={}&words=mine",
                    node.form,
                    to.replace('@', "%40")
                );
                let answer = node.form(&format!("/held/{record}"), &node.cookie, &body);
                assert!([303, 423].contains(&answer.status), "{answer:?}");
                answer.status == 303
            }
            Way::Token => {
                let body = json!({ "recipients": [to], "reason": "mine" });
                let answer = node.api("user", "POST", &format!("/held/{record}/release"), &body);
                assert!([200, 423].contains(&answer.status), "{answer:?}");
                if answer.status == 423 {
                    assert_eq!(answer.json()["code"], "lockdown");
                }
                answer.status == 200
            }
            Way::Link => {
                let ticket = Ticket {
                    what: Purpose::Confirm,
                    record: record.clone(),
                    recipient: to.clone(),
                    expires_at: i64::MAX,
                };
                let path = format!("/t/{}", self.key.tickets().token(&ticket).unwrap());
                let page = node.ask("GET", &path, &[], "");
                assert_eq!(page.status, 200, "{page:?}");
                let answer = node.form(&path, "", &format!("form={}&words=mine", page.form()));
                assert_eq!(answer.status, 200, "{answer:?}");
                let released = answer.body.contains("on its way");
                assert!(released || answer.body.contains("nobody can release it"), "{answer:?}");
                released
            }
        };
        if !released {
            self.refused.set(self.refused.get() + 1);
        }
        released
    }
}

/// Replies out of stolen threads, each to another colleague, until so many are held. Tells how many were handed in.
fn hold(nodes: &[Node], scenario: &Scenario, recipients: &[String], count: usize) -> usize {
    let domain = format!("@{}", scenario.organisation.domains[0]);
    let replies: Vec<(String, &[u8])> = scenario
        .cases
        .iter()
        .filter(|case| case.group == "hijacked, internal")
        .filter_map(|case| {
            let from = sekisho_mail::parse(&case.raw).author?.email.email;
            from.ends_with(&domain).then_some((from, &*case.raw))
        })
        .collect();
    assert!(!replies.is_empty());
    let (mut held, mut sent) = (0, 0);
    for (n, to) in recipients.iter().enumerate() {
        if held == count {
            break;
        }
        let (from, raw) = &replies[n % replies.len()];
        // Each is a message of its own.
        let raw = [format!("X-Drill: {to}\r\n").as_bytes(), raw].concat();
        held += usize::from(nodes[n % nodes.len()].hands_in(from, to, &raw));
        sent += 1;
    }
    assert_eq!(held, count, "of {sent}");
    sent
}

fn drill(nodes: &[Node], key: &Path, scenario: &Scenario, recipients: &[String]) {
    let stage = Stage { nodes, key: Key::read(key).unwrap(), refused: std::cell::Cell::new(0) };
    let (a, b) = (&nodes[0], &nodes[nodes.len() - 1]);
    let none = Value::Null;
    let used = hold(nodes, scenario, recipients, OLD);
    let old = b.held("direction=internal");
    assert_eq!(old.len(), OLD, "every node sees what all hold");
    assert_eq!(a.held("class=malicious").len(), OLD);
    println!("{OLD} malicious internal replies are held, of {used}");

    // Without a lockdown each way works, so what is refused below is refused by the lockdown.
    for (n, way) in WAYS.into_iter().enumerate() {
        assert!(stage.tries(&nodes[n % nodes.len()], &old[n], way), "{way:?}");
    }
    assert_eq!(stage.refused.get(), 0);

    // Users try on while it is ordered: when does the last one get something out?
    let ordered = Instant::now();
    let last = std::thread::scope(|scope| {
        let tokens: Vec<_> = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| {
                let some: Vec<_> = old[3..].iter().skip(at * 15).take(15).collect();
                scope.spawn(move || {
                    let (mut released, mut refused) = (None, 0);
                    for (record, to) in some {
                        let body = json!({ "recipients": [to], "reason": "mine" });
                        match node.api("user", "POST", &format!("/held/{record}/release"), &body).status {
                            200 => released = Some(ordered.elapsed()),
                            423 => refused += 1,
                            other => panic!("{other}"),
                        }
                    }
                    (released, refused)
                })
            })
            .collect();
        let order = json!({ "scope": { "of": "everything" }, "reason": "stolen mailboxes" });
        let answer = a.api("ann", "POST", "/lockdowns", &order);
        assert_eq!(answer.status, 201, "{answer:?}");
        let ends: Vec<_> = tokens.into_iter().map(|token| token.join().unwrap()).collect();
        stage.refused.set(ends.iter().map(|(_, refused)| refused).sum());
        ends.into_iter().filter_map(|(released, _)| released).max()
    });
    println!("lockdown: the last release succeeded {last:?} after it was ordered");
    assert!(last.is_none_or(|last| last < KNOWN_WITHIN), "{last:?}");
    let lockdown =
        a.api("ann", "GET", "/lockdowns", &none).json()["items"][0]["id"].as_str().unwrap().to_owned();

    // Old and new, each way, on each node: all refused.
    hold(nodes, scenario, &recipients[used..], NEW);
    let all = a.held("direction=internal");
    assert_eq!(all.len(), OLD + NEW);
    let released: Vec<_> = a.held("state=released");
    let waiting: Vec<_> = all.iter().filter(|one| !released.contains(one)).collect();
    assert!(waiting.len() >= NEW + 3, "{} wait", waiting.len());
    let begun = Instant::now();
    for one in &waiting {
        for node in nodes {
            for way in WAYS {
                assert!(!stage.tries(node, one, way), "{way:?} let {one:?} out");
            }
        }
    }
    println!(
        "{} tries to get {} messages out were refused, {:?}",
        stage.refused.get(),
        waiting.len(),
        begun.elapsed()
    );

    // Requests are kept; nobody can grant one; only two administrators lift it.
    let requests = b.api("cleo", "GET", "/requests", &none).json();
    let requests = requests["items"].as_array().unwrap();
    assert_eq!(requests.len(), waiting.len(), "every message has its request");
    let grant = json!({ "answer": "release", "words": "known" });
    let answer = b.api("cleo", "POST", &format!("/requests/{}/answer", requests[0]["id"]), &grant);
    assert_eq!((answer.status, answer.json()["code"].clone()), (423, json!("lockdown")));
    let mut refused = stage.refused.get() + 1;
    let lift = |node: &Node, who: &str| {
        let answer =
            node.api(who, "POST", &format!("/lockdowns/{lockdown}/lift"), &json!({ "reason": "over" }));
        let told = answer.json();
        let word = if answer.status == 200 { &told["lift"] } else { &told["code"] };
        (answer.status, word.as_str().unwrap().to_owned())
    };
    assert_eq!(lift(a, "cleo"), (403, "role".into()));
    assert_eq!(lift(b, "user"), (403, "role".into()));
    assert_eq!(lift(b, "ann"), (200, "first".into()));
    // The same call in the same second is the same call.
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(lift(a, "ann"), (409, "same_administrator".into()));
    refused += 3;
    assert!(!stage.tries(b, waiting[0], Way::Token), "one administrator is not enough");
    refused += 1;
    let lifted = Instant::now();
    assert_eq!(lift(a, "ben"), (200, "lifted".into()));
    assert!(stage.tries(b, waiting[0], Way::Token), "it is lifted on every node");
    println!("lifted: released on the other node {:?} after the second administrator", lifted.elapsed());

    // One that expires by itself.
    let until = i64::try_from(now()).unwrap() + 4;
    let order =
        json!({ "scope": { "of": "domain", "name": "harbour.example" }, "reason": "short", "until": until });
    assert_eq!(b.api("ben", "POST", "/lockdowns", &order).status, 201);
    assert!(!stage.tries(a, waiting[1], Way::Page), "the short one holds");
    refused += 1;
    while !stage.tries(a, waiting[1], Way::Token) {
        refused += 1;
        assert!(now() < u64::try_from(until).unwrap() + 5, "it does not expire");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(now() >= u64::try_from(until).unwrap(), "not before its end");

    audited(a, refused, &lockdown);
    for node in nodes {
        assert!(!node.server.log().contains("ERROR"), "{}", node.server.log());
    }
}

/// The audit has everything: what was held, every release, every request, every refusal, who locked and who lifted.
fn audited(node: &Node, refused: usize, lockdown: &str) {
    let (mut entries, mut before) = (Vec::new(), String::new());
    loop {
        let page = node.api("ann", "GET", &format!("/audit?{before}"), &Value::Null).json();
        entries.extend(page["items"].as_array().unwrap().clone());
        if page["next"].is_null() {
            break;
        }
        before = format!("before={}", page["next"]);
    }
    let count = |what: &str, was_refused: bool| {
        let of = entries.iter().filter(|entry| entry["what"] == what);
        of.filter(|entry| entry["refused"].is_null() != was_refused).count()
    };
    assert_eq!(count("hold", false), OLD + NEW);
    assert_eq!(count("release", false), node.held("state=released").len());
    let said: usize = ["release", "answer", "lift"].iter().map(|what| count(what, true)).sum();
    assert_eq!(said, refused, "every refusal is noted once");
    let lifts: Vec<_> = entries.iter().filter(|e| e["on"] == lockdown && e["refused"].is_null()).collect();
    let lifts: Vec<_> = lifts.iter().rev().map(|e| (e["what"].as_str(), e["who"].as_str())).collect();
    assert_eq!(
        lifts,
        [(Some("lock"), Some("ann")), (Some("lift"), Some("ann")), (Some("lift"), Some("ben"))]
    );
    println!("{} entries in the audit, {said} of them refusals", entries.len());
}

fn now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// Everybody at the organisation who gets one.
fn people(scenario: &Scenario) -> Vec<String> {
    (0..160).map(|n| format!("user{n}@{}", scenario.organisation.domains[0])).collect()
}

#[test]
fn two_nodes_let_nothing_out_from_the_lockdown_on() {
    if server::without() {
        return;
    }
    let postgres = server::Server::start();
    let folder = tempfile::tempdir().unwrap();
    let scenario = Scenario::read("reply-chain").unwrap();
    let (objects, key) = (folder.path().join("objects"), folder.path().join("key"));
    let store = format!(
        "[store]\nurl = '{}'\nobjects = '{}'\nkey = '{}'\n",
        postgres.url("postgres"),
        objects.display(),
        key.display()
    );
    let people = people(&scenario);
    let nodes = [0, 1].map(|_| Node::start(&store, &scenario, &people));
    drill(&nodes, &key, &scenario, &people);
}

#[test]
fn one_node_on_sqlite_lets_nothing_out_either() {
    let scenario = Scenario::read("reply-chain").unwrap();
    let people = people(&scenario);
    let nodes = [Node::start("", &scenario, &people)];
    let key = nodes[0].server.data().join("key");
    drill(&nodes, &key, &scenario, &people);
}
