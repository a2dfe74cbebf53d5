//! Journal reports sent to the real program: what is enclosed is judged and recorded, nothing is held or refused for good.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod live;

use std::net::SocketAddr;

use live::{Server, play};
use sekisho_record::{Envelope, Submission};
use sekisho_testkit::{
    scenarios::{Case, Scenario},
    servers::{Client, Reply, free_port},
};
use sqlx::Row as _;

/// A report of Exchange around a message.
fn report(envelope: &Envelope, raw: &[u8]) -> Vec<u8> {
    let to: String = envelope.rcpt_to.iter().map(|to| format!("To: {to}\r\n")).collect();
    let head = format!(
        "Received: from EX1.harbour.example by EX1.harbour.example; Mon, 5 Jan 2026 10:00:00 +0000\r\n\
         From: Microsoft Exchange <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@harbour.example>\r\n\
         To: journal@harbour.example\r\nSubject: Journal\r\nX-MS-Journal-Report:\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"report_1\"\r\n\r\n\
         --report_1\r\nContent-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
         Sender: {}\r\nSubject: x\r\nMessage-Id: <x@y.example>\r\n{to}\r\n\
         --report_1\r\nContent-Type: message/rfc822\r\n\r\n",
        envelope.mail_from
    );
    [head.as_bytes(), raw, b"\r\n--report_1--\r\n"].concat()
}

struct Journal {
    server: Server,
    at: SocketAddr,
    scenario: Scenario,
}

impl Journal {
    fn start(more: &str) -> Self {
        let scenario = Scenario::read("hijacked-mailer").unwrap();
        let port = free_port().unwrap();
        let text = format!(
            "[organisation]\ndomains = ['harbour.example']\n[authentication]\nzone = 'zone.txt'\n\
             [journal]\nlisten = ['127.0.0.1:{port}']\naddresses = ['Journal@harbour.example']\n{more}"
        );
        let server = Server::start(&text, &[("zone.txt", &scenario.zone)]);
        Self { server, at: SocketAddr::from(([127, 0, 0, 1], port)), scenario }
    }

    fn case(&self, group: &str) -> &Case {
        self.scenario.cases.iter().find(|case| case.group == group).unwrap()
    }

    fn send(&self, raw: &[u8]) -> Reply {
        let mut client = Client::connect(self.at).unwrap();
        client.hello("ex1.harbour.example").unwrap();
        client.send("", &["journal@harbour.example"], raw).unwrap()
    }

    /// How many messages of this class came by this intake.
    fn counted(&self, class: &str) -> usize {
        let metrics = self.server.get("/metrics");
        let wanted = |line: &&str| {
            line.starts_with("sekisho_messages_total")
                && line.contains("intake=\"journal\"")
                && line.contains(&format!("class=\"{class}\""))
        };
        metrics.lines().filter(wanted).filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
    }

    /// What is remembered: messages learnt from, kept, and held.
    fn remembered(&self) -> [i64; 3] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = format!("sqlite:{}", self.server.data().join("history.db").display());
            let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
            let sql = "SELECT (SELECT count(*) FROM message) AS learnt, (SELECT count(*) FROM object) AS kept, \
                 (SELECT count(*) FROM held) AS held";
            let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
            [row.get("learnt"), row.get("kept"), row.get("held")]
        })
    }
}

#[test]
fn the_enclosed_message_is_judged_and_recorded_before_the_answer() {
    let mut journal = Journal::start("");
    for (group, class) in [("Microsoft", "malicious"), ("ordinary", "benign")] {
        let case = journal.case(group);
        let envelope = play::envelope(case, "harbour.example");
        let reply = journal.send(&report(&envelope, &case.raw));
        assert_eq!(reply.code, 250, "{reply}\n{}", journal.server.log());
        assert_eq!(journal.counted(class), 1, "{}", journal.server.log());
    }
    assert_eq!(journal.remembered(), [2, 2, 0], "both are kept, none is held: they were delivered already");
    journal.server.logged("a malicious message was delivered already");
    assert!(
        journal.server.get("/metrics").contains("sekisho_delivered_malicious_total{intake=\"journal\"} 1")
    );
    // What was acknowledged survives.
    let case = journal.case("USAA");
    let sent = report(&play::envelope(case, "harbour.example"), &case.raw);
    assert_eq!(journal.send(&sent).code, 250);
    journal.server.kill_and_start();
    assert_eq!(journal.remembered(), [3, 3, 0]);
    assert!(journal.server.end());
}

#[test]
fn what_is_no_report_is_judged_as_it_came() {
    let journal = Journal::start("");
    let case = journal.case("Microsoft");
    let envelope = play::envelope(case, "harbour.example");
    let whole = String::from_utf8(report(&envelope, &case.raw)).unwrap();
    let tnef = whole.replacen("message/rfc822", "application/ms-tnef", 1);
    for raw in [&case.raw[..], tnef.as_bytes(), b"Subject: x\n\nbare line ends\n", b""] {
        let reply = journal.send(raw);
        assert_eq!(reply.code, 250, "{reply}\n{}", journal.server.log());
    }
    assert_eq!(journal.remembered()[2], 0);
    assert!(journal.server.log().contains("gaps=1"), "{}", journal.server.log());
    assert!(journal.server.end());
}

#[test]
fn reports_are_taken_for_the_journal_mailbox_from_named_servers_only() {
    let journal = Journal::start("");
    let mut client = Client::connect(journal.at).unwrap();
    client.hello("ex1.harbour.example").unwrap();
    let reply = client.send("", &["ann@harbour.example"], b"x\r\n").unwrap();
    assert_eq!(reply.code, 550, "{reply}");
    assert!(journal.server.end());
    let journal = Journal::start("clients = ['192.0.2.0/24']\n");
    assert_eq!(Client::connect(journal.at).unwrap().greeting.code, 554);
    assert!(journal.server.end());
}

#[test]
fn a_report_gives_the_verdict_of_its_message_and_the_direction_of_its_envelope() {
    let scenario = Scenario::read("reply-chain").unwrap();
    let engine = scenario.engine(sekisho_detect::rules::builtin().unwrap()).unwrap();
    let mut directions = std::collections::BTreeSet::new();
    for case in scenario.cases.iter().step_by(12) {
        let Envelope { mail_from, rcpt_to, .. } = play::envelope(case, "harbour.example");
        let envelope = Envelope { mail_from, rcpt_to, ..Envelope::default() };
        let plain = Submission { envelope: Some(&envelope), ..Submission::from_bytes(&case.raw) };
        let reported = report(&envelope, &case.raw);
        let reported = Submission { journal: true, ..Submission::from_bytes(&reported) };
        let (plain, reported) = (engine.scan(&plain), engine.scan(&reported));
        assert_eq!(plain.verdict, reported.verdict, "{}", case.name);
        assert_eq!(plain.envelope, reported.envelope, "{}", case.name);
        let (one, other) = (plain.evidence.model.direction, reported.evidence.model.direction);
        assert_eq!(format!("{one:?}"), format!("{other:?}"), "{}", case.name);
        directions.insert(format!("{one:?}"));
    }
    println!("{directions:?}");
}
