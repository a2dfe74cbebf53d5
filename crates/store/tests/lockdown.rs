//! The lockdown drill: from the moment that a lockdown is ordered on one node, nobody releases on any.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

mod server;
mod suite;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sekisho_record::quarantine::{EffectState, Refused, Role, Scope, State, Via};
use sekisho_store::{
    Asked, AuditFilter, By, Bytes, Lifted, Outcome, Purpose, Released, Reply, Rights, Store, StoreError,
    Ticket, limits,
};

use suite::{
    T0,
    holding::{Objects, audit, by, generous, hold, open, reply},
};

/// Held replies of the drill.
const REPLIES: u64 = 40;
/// How long a node may take to know of a lockdown.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

/// Two nodes on one database.
struct Nodes {
    a: Store,
    b: Store,
    objects: Objects,
    _server: Option<server::Server>,
    _folder: tempfile::TempDir,
}

impl Nodes {
    async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/history.db", folder.path().display());
        Self::open(&url, None, folder).await
    }

    async fn on_postgres(settings: Option<&str>) -> Option<Self> {
        if server::without() {
            return None;
        }
        let server = server::Server::start();
        let url = server.url("postgres");
        if let Some(settings) = settings {
            server::run(&url, format!("ALTER DATABASE postgres SET {settings}")).await;
        }
        Some(Self::open(&url, Some(server), tempfile::tempdir().unwrap()).await)
    }

    async fn open(url: &str, server: Option<server::Server>, folder: tempfile::TempDir) -> Self {
        let (a, b) = (Store::open(url).await.unwrap(), Store::open(url).await.unwrap());
        Self { a, b, objects: Objects::new(), _server: server, _folder: folder }
    }
}

/// The ways by which a user lets mail go: each ends in the same call, with a different account of who came how.
#[derive(Debug, Clone, Copy)]
enum Way {
    Console,
    Token,
    DigestLink,
}

const WAYS: [Way; 3] = [Way::Console, Way::Token, Way::DigestLink];

/// The user of reply `n` tries to release it.
async fn tries(
    store: &Store,
    bytes: &Bytes,
    n: u64,
    way: Way,
    rights: &Rights,
    now: i64,
) -> Outcome<Released> {
    let own = vec![format!("user{n}@here.example")];
    let record = format!("r{n}");
    let user = By { reason: "mine", ..by(&own[0], Role::Recipient, &own, rights, now) };
    match way {
        Way::Console => store.release(&user, &record, &[], false).await.unwrap(),
        Way::Token => store.release(&By { via: Via::Api, ..user }, &record, &own, false).await.unwrap(),
        Way::DigestLink => {
            // The digest was sent long before the lockdown; its link still is worth what it says.
            let ticket =
                Ticket { what: Purpose::Confirm, record, recipient: own[0].clone(), expires_at: T0 + 9_999 };
            let token = bytes.tickets().token(&ticket).unwrap();
            let ticket = bytes.tickets().open(&token, Purpose::Confirm, now).unwrap();
            let own = vec![ticket.recipient.clone()];
            let user = By { via: Via::Digest, ..by(&ticket.recipient, Role::Recipient, &own, rights, now) };
            store.release(&user, &ticket.record, &own, false).await.unwrap()
        }
    }
}

fn locked(outcome: &Outcome<Released>) -> bool {
    matches!(outcome, Err(Refused::Lockdown { .. }))
}

async fn drill(nodes: &Nodes) {
    let Nodes { a, b, objects, .. } = nodes;
    let rights = generous();
    let now = T0 + 500;
    for n in 0..REPLIES {
        hold(a, objects, &reply(n)).await;
    }
    // Without a lockdown each way works, so what is refused below is refused by the lockdown.
    for (n, way) in WAYS.into_iter().enumerate() {
        assert!(tries(b, &objects.bytes, n as u64, way, &rights, now).await.is_ok(), "{way:?}");
    }
    // On node B a user tries again and again, while node A orders the lockdown.
    let ordered = Arc::new(std::sync::Mutex::new(None::<Instant>));
    let (allowed, mut several) = tokio::sync::watch::channel(0);
    let trying = tokio::spawn({
        let (b, ordered, rights, bytes) =
            (b.clone(), Arc::clone(&ordered), rights.clone(), objects.bytes.clone());
        async move {
            // It is released already, and saying so again is an answer that a lockdown turns into a refusal.
            loop {
                let begun = Instant::now();
                let outcome = tries(&b, &bytes, 0, Way::Console, &rights, now).await;
                if locked(&outcome) {
                    return Instant::now();
                }
                let after = ordered.lock().unwrap().is_some_and(|at| begun > at);
                assert!(!after, "released by a call that began after the lockdown was ordered");
                allowed.send_modify(|count| *count += 1);
            }
        }
    });
    several.wait_for(|count| *count >= 5).await.unwrap();
    let ann = By { reason: "a stolen mailbox", ..by("ann", Role::Administrator, &[], &rights, now) };
    let lockdown = a.lock(&ann, &Scope::Everything, Some(now + 3_600)).await.unwrap().unwrap();
    let at = Instant::now();
    *ordered.lock().unwrap() = Some(at);
    let refused = trying.await.unwrap();
    let mut longest = refused.saturating_duration_since(at);
    // Old ones, in every way, on both nodes.
    for n in 3..REPLIES {
        let way = WAYS[n as usize % 3];
        let store = if n % 2 == 0 { a } else { b };
        let begun = Instant::now();
        let outcome = tries(store, &objects.bytes, n, way, &rights, now + 1).await;
        assert!(locked(&outcome), "{n} {way:?} {outcome:?}");
        longest = longest.max(begun.elapsed());
    }
    // New ones.
    for n in REPLIES..REPLIES + 6 {
        hold(b, objects, &reply(n)).await;
        for store in [a, b] {
            let outcome = tries(store, &objects.bytes, n, WAYS[n as usize % 3], &rights, now + 2).await;
            assert!(locked(&outcome), "{n} {outcome:?}");
        }
    }
    println!("longest time from the lockdown on one node to a refusal on the other: {longest:?}");
    assert!(longest < KNOWN_WITHIN, "{longest:?}");
    // Nobody else may either, and people may still ask.
    for role in [Role::Analyst, Role::Administrator] {
        let outcome = a.release(&by("x", role, &[], &rights, now), "r9", &[], false).await.unwrap();
        assert!(locked(&outcome), "{role:?}");
    }
    for n in 3..REPLIES {
        let own = vec![format!("user{n}@here.example")];
        let user = By { via: Via::Digest, ..by(&own[0], Role::Recipient, &own, &rights, now + 3) };
        let asked = b.request_release(&user, &format!("r{n}"), &own[0], "please").await.unwrap();
        assert!(matches!(asked, Ok(Asked::New(_))), "{asked:?}");
    }
    assert_eq!(a.requests(true, 0).await.unwrap().len() as u64, REPLIES - 3);
    let first = a.requests(true, 0).await.unwrap().remove(0);
    let analyst = by("eve", Role::Analyst, &[], &rights, now + 4);
    let answered =
        b.answer_request(&analyst, first.id, Reply::Release { banner: true }, "fine").await.unwrap();
    assert!(locked(&answered), "answering is no way around it");
    assert_eq!(a.requests(true, 0).await.unwrap().len() as u64, REPLIES - 3, "and the request is kept");
    lifted(nodes, &rights, &lockdown.id, now).await;
    complete(nodes, &lockdown.id).await;
}

/// Two administrators, of whom one comes twice; then everything works again, and requests are answered.
async fn lifted(Nodes { a, b, objects, .. }: &Nodes, rights: &Rights, id: &str, now: i64) {
    let admin = |who, at| By { reason: "over", ..by(who, Role::Administrator, &[], rights, at) };
    assert_eq!(b.lift(&admin("ann", now + 10), id).await.unwrap(), Ok(Lifted::First));
    assert_eq!(a.lift(&admin("ann", now + 11), id).await.unwrap(), Err(Refused::Same));
    assert!(locked(&tries(b, &objects.bytes, 5, Way::Token, rights, now + 12).await));
    assert_eq!(a.lift(&admin("bob", now + 13), id).await.unwrap(), Ok(Lifted::Now));
    for (n, store) in [(5, a), (6, b)] {
        assert!(tries(store, &objects.bytes, n, Way::DigestLink, rights, now + 14).await.is_ok(), "{n}");
    }
    assert_eq!(a.requests(true, 0).await.unwrap().len() as u64, REPLIES - 5, "releasing answers");
    let again = a.lock(&admin("bob", now + 20), &Scope::Everything, Some(now + 30)).await.unwrap().unwrap();
    assert!(locked(&tries(b, &objects.bytes, 7, Way::Console, rights, now + 29).await));
    assert!(tries(b, &objects.bytes, 7, Way::Console, rights, now + 30).await.is_ok(), "{}", again.id);
}

/// Every attempt has its entry, in order, with who, how and why not.
async fn complete(Nodes { a, .. }: &Nodes, id: &str) {
    let mut all = Vec::new();
    loop {
        let before = all.last().map(|entry: &sekisho_record::quarantine::AuditEntry| entry.id);
        let page = a.audit(&AuditFilter::default(), before).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= limits::LIST_PAGE_MAX);
        all.extend(page);
    }
    all.reverse();
    assert!(all.windows(2).all(|two| two[0].id < two[1].id));
    let lock = all.iter().position(|e| e.what == "lock" && e.on == id).unwrap();
    let lift =
        all.iter().position(|e| e.what == "lift" && e.on == id && e.after.get("second").is_some()).unwrap();
    assert!(lock < lift);
    let between = &all[lock..lift];
    assert!(
        between.iter().all(|e| e.what != "release" || e.refused.is_some()),
        "nothing was released in between"
    );
    for n in 3..REPLIES + 6 {
        let record = format!("r{n}");
        let refused = between.iter().filter(|e| e.on == record && matches!(&e.refused, Some(Refused::Lockdown { id: of, reason, .. }) if of == id && reason == "a stolen mailbox"));
        let count = refused.count();
        assert!(count >= 1, "{record} has no entry");
        let held = all.iter().filter(|e| e.on == record && e.what == "hold").count();
        let asked = all.iter().filter(|e| e.on == record && e.what == "request").count();
        assert_eq!((held, asked as u64), (1, u64::from(n < REPLIES)), "{record}");
    }
    let digest = between.iter().filter(|e| e.via == Via::Digest && e.refused.is_some()).count();
    let api = between.iter().filter(|e| e.via == Via::Api && e.refused.is_some()).count();
    assert!(digest >= 12 && api >= 12, "{digest} {api}");
    insta::assert_snapshot!(audit(a, id).await, @r#"
    ann Administrator lock null → {"scope":{"of":"everything"},"until":1637004100}
    ann Administrator lift null → {"first":"ann"}
    ann Administrator lift null → null refused {"because":"same"}
    bob Administrator lift {"first":"ann"} → {"second":"bob"}
    "#);
}

#[tokio::test]
async fn the_drill_on_sqlite() {
    drill(&Nodes::on_sqlite().await).await;
}

#[tokio::test]
async fn the_drill_on_postgres() {
    if let Some(nodes) = Nodes::on_postgres(None).await {
        drill(&nodes).await;
    }
}

/// Eight tasks release while a lockdown is ordered: what is released, was before the lockdown in the audit; whatever
/// began after it was ordered is refused; and effects are what the audit says.
async fn race(nodes: Nodes) {
    let rights = Arc::new(generous());
    let (tasks, each) = (8_u64, 12_u64);
    let begun = Instant::now();
    for n in 0..tasks * each {
        hold(&nodes.a, &nodes.objects, &reply(n)).await;
    }
    println!("{:?} for holding one, one after the other", begun.elapsed() / (tasks * each) as u32);
    let (ordered, released) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut all = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let store = if task % 2 == 0 { nodes.a.clone() } else { nodes.b.clone() };
        let (rights, ordered, released) = (Arc::clone(&rights), Arc::clone(&ordered), Arc::clone(&released));
        let bytes = nodes.objects.bytes.clone();
        all.spawn(async move {
            for n in task * each..(task + 1) * each {
                let after = ordered.load(Ordering::SeqCst);
                let outcome = tries(&store, &bytes, n, Way::Console, &rights, T0 + 500).await;
                assert!(outcome.is_ok() || locked(&outcome), "{outcome:?}");
                assert!(!after || outcome.is_err(), "{n} was released after the lockdown was ordered");
                released.fetch_add(u64::from(outcome.is_ok()), Ordering::SeqCst);
            }
        });
    }
    // In the middle of it.
    while released.load(Ordering::SeqCst) < tasks * each / 4 {
        tokio::task::yield_now().await;
    }
    let ann = By { reason: "race", ..by("ann", Role::Administrator, &[], &rights, T0 + 500) };
    let lockdown = nodes.a.lock(&ann, &Scope::Everything, None).await.unwrap().unwrap();
    ordered.store(true, Ordering::SeqCst);
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    let released = released.load(Ordering::SeqCst);
    assert!(released < tasks * each, "the lockdown came too late to race");
    let entries = nodes.b.audit(&AuditFilter::default(), None).await.unwrap();
    let lock = entries.iter().find(|e| e.on == lockdown.id).unwrap().id;
    let (mut before, mut refused) = (0, 0);
    for entry in entries.iter().filter(|e| e.what == "release") {
        assert_eq!(entry.refused.is_none(), entry.id < lock, "{entry:?}");
        before += u64::from(entry.refused.is_none());
        refused += u64::from(entry.refused.is_some());
    }
    assert_eq!((before, before + refused), (released, tasks * each));
    assert_eq!(nodes.a.effects(EffectState::Waiting, 0).await.unwrap().len() as u64, released);
    let mut states = 0;
    for n in 0..tasks * each {
        let item = nodes.b.held_record(&format!("r{n}")).await.unwrap().unwrap();
        states += u64::from(item.states[0].state == State::Released);
    }
    assert_eq!(states, released);
    println!("{released} of {} releases were committed before the lockdown", tasks * each);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn releases_race_a_lockdown_on_sqlite() {
    race(Nodes::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn releases_race_a_lockdown_on_postgres() {
    if let Some(nodes) = Nodes::on_postgres(None).await {
        race(nodes).await;
    }
}

/// A transaction that reads from a moment before it waited would not see the lockdown that it has waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn releases_race_a_lockdown_whatever_the_server_is_set_to() {
    let setting = Some("default_transaction_isolation TO 'repeatable read'");
    if let Some(nodes) = Nodes::on_postgres(setting).await {
        race(nodes).await;
    }
}

/// A node that froze in the middle of a release does not keep a lockdown waiting.
#[tokio::test]
async fn a_frozen_node_does_not_stop_a_lockdown() {
    use sqlx::{Connection as _, Executor as _};
    let Some(nodes) = Nodes::on_postgres(None).await else { return };
    let url = nodes._server.as_ref().unwrap().url("postgres");
    let mut frozen = sqlx::PgConnection::connect(&url).await.unwrap();
    let lock = i64::from_be_bytes(*b"sekishoL");
    let idle = limits::PASS_IDLE_MS_MAX;
    let sql = format!(
        "BEGIN; SELECT set_config('idle_in_transaction_session_timeout', '{idle}', true);
         SELECT pg_advisory_xact_lock_shared({lock})"
    );
    frozen.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.unwrap();
    let rights = Rights::default();
    let begun = Instant::now();
    let ann = By { reason: "frozen", ..by("ann", Role::Administrator, &[], &rights, T0) };
    nodes.a.lock(&ann, &Scope::Everything, None).await.unwrap().unwrap();
    let waited = begun.elapsed();
    assert!(waited < Duration::from_millis(u64::from(idle) + 5_000), "{waited:?}");
    println!("a lockdown waited {waited:?} for a frozen node");
}

/// What a holder process does; started and killed by the tests below. It holds one message after the other and says
/// which are held.
#[tokio::test]
#[ignore = "a process that the other tests start and kill"]
async fn holder() {
    let Ok(url) = std::env::var("HOLDER_URL") else { return };
    let bytes = open(std::path::Path::new(&std::env::var("HOLDER_OBJECTS").unwrap()));
    let from: u64 = std::env::var("HOLDER_FROM").unwrap().parse().unwrap();
    let store = Store::open(&url).await.unwrap();
    for n in from.. {
        let held = reply(n);
        let sealed = bytes.seal(format!("message of {}", held.key).as_bytes()).unwrap();
        while let Err(error) = store.hold(&bytes, &held, &sealed).await {
            assert!(matches!(error, StoreError::Gone(_) | StoreError::Busy(_)), "{error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("\nheld {n}");
    }
}

/// A holder and what it says.
struct Holder {
    child: std::process::Child,
    lines: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
}

impl Holder {
    fn start(url: &str, objects: &Objects, from: u64) -> Self {
        use std::io::BufRead as _;
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["holder", "--exact", "--ignored", "--nocapture"])
            .env("HOLDER_URL", url)
            .env("HOLDER_OBJECTS", objects.folder.path())
            .env("HOLDER_FROM", from.to_string())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next message that is held; `None` when it was killed.
    fn said(&mut self) -> Option<u64> {
        self.lines.by_ref().find_map(|line| line.unwrap().strip_prefix("held ").map(|n| n.parse().unwrap()))
    }

    /// Waits for so many more.
    fn wait(&mut self, count: u64) {
        for _ in 0..count {
            self.said().expect("the holder goes on");
        }
    }

    /// Kills it and tells the last that it said.
    fn kill(mut self) -> Option<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.said()).last()
    }
}

/// Everything from `from` to the newest is held whole and once, all that was said is there, and nothing is left over
/// behind a sweep; tells the number behind the newest, and how many objects were left over.
async fn whole(store: &Store, objects: &Objects, from: u64, said: Option<u64>) -> (u64, u64) {
    // The sweep waits for a commit that is under way on the server.
    let swept = store.sweep_held(T0 + 200_000, &Default::default(), &objects.bytes).await.unwrap();
    assert_eq!(swept.held, 0, "{swept:?}");
    let page = store.held(&Default::default(), None, 1).await.unwrap();
    let newest: u64 = page.items[0].held.record[1..].parse().unwrap();
    assert!(said.is_none_or(|said| newest >= said), "{said:?} was said to be held, {newest} is");
    for n in from..=newest {
        let item = store.held_record(&format!("r{n}")).await.unwrap().expect("held one after the other");
        assert_eq!(item.states.len(), 1);
        let found = objects.bytes.get(&item.held.address).await.unwrap().expect("its bytes are there");
        assert_eq!(found, format!("message of k{n}").as_bytes());
        assert_eq!(audit(store, &format!("r{n}")).await.lines().count(), 1, "once");
    }
    assert_eq!(objects.count() as u64, newest + 1, "nothing is left over");
    assert_eq!(store.check().await.unwrap().wrong, Vec::<String>::new());
    (newest + 1, swept.orphans)
}

/// Holders are killed at moments that differ by some hundreds of microseconds; whatever is held is whole, whatever was
/// said to be held is held, and what is left over goes with a sweep.
async fn killed_holders(url: &str) {
    let objects = Objects::new();
    let store = Store::open(url).await.unwrap();
    let (mut from, mut halves) = (0, 0);
    for round in 0..20_u64 {
        let mut holder = Holder::start(url, &objects, from);
        holder.wait(3);
        std::thread::sleep(Duration::from_micros(round * 437));
        let said = holder.kill();
        let (next, over) = whole(&store, &objects, from, said).await;
        assert!(over <= 1 && next >= from + 3);
        (from, halves) = (next, halves + over);
    }
    println!("{from} messages held by 20 killed processes, {halves} kills left an object over");
    store.close().await;
}

#[tokio::test]
async fn a_killed_server_holds_what_it_said_and_nothing_twice() {
    if server::without() {
        return;
    }
    let mut server = server::Server::start();
    let url = server.url("postgres");
    let objects = Objects::new();
    let mut holder = Holder::start(&url, &objects, 0);
    for _ in 0..3 {
        holder.wait(10);
        server.down(true);
        server.up();
    }
    holder.wait(10);
    let said = holder.kill();
    let store = Store::open(&url).await.unwrap();
    let (next, over) = whole(&store, &objects, 0, said).await;
    assert!(next >= 40 && over <= 1, "{next} {over}");
}

#[tokio::test]
async fn a_killed_holder_leaves_nothing_half_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    killed_holders(&format!("sqlite:{}/history.db", folder.path().display())).await;
}

#[tokio::test]
async fn a_killed_holder_leaves_nothing_half_on_postgres() {
    if server::without() {
        return;
    }
    let server = server::Server::start();
    killed_holders(&server.url("postgres")).await;
}
