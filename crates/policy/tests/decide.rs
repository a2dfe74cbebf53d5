//! Clauses: who gets what, and by which clause.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::fmt::Write as _;

use sekisho_policy::{Policy, Situation, decide, decide::carried_out, settings};
use sekisho_record::{Action, Class, Decisions, Envelope, Evidence, Finding, Severity, Threat, Verdict};

const DOMAINS: [&str; 1] = ["harbour.example"];

/// Policy text and a situation in words in, decisions as text out.
///
/// The words: class, `inside` (the author is one of ours), `unjudged`, `rule=ID`, `threat=fraud`, `at=SECONDS`, `whole`
/// (the intake cannot split), and the recipients.
fn check(policy: &str, words: &str) -> String {
    let written: settings::Policy = match toml::from_str(policy) {
        Ok(written) => written,
        Err(error) => return error.message().to_owned(),
    };
    let policy = match Policy::new(&written, &DOMAINS.map(str::to_owned)) {
        Ok(policy) => policy,
        Err(error) => return error.to_string(),
    };
    let (mut verdict, mut evidence) = (Verdict::default(), Evidence::default());
    let (mut judged, mut splits, mut now) = (true, true, 0);
    let mut envelope = Envelope::default();
    evidence.model.direction.inbound = Some(true);
    for word in words.split_whitespace() {
        match word.split_once('=').unwrap_or((word, "")) {
            ("benign", _) => verdict.class = Class::Benign,
            ("suspicious", _) => (verdict.class, verdict.score) = (Class::Suspicious, 60),
            ("malicious", _) => (verdict.class, verdict.score) = (Class::Malicious, 95),
            ("inside", _) => {
                evidence.model.direction.inbound = Some(false);
                evidence.model.direction.outbound = Some(true);
            }
            ("unjudged", _) => judged = false,
            ("whole", _) => splits = false,
            ("threat", _) => verdict.threat = Some(Threat::Fraud),
            ("rule", id) => verdict.findings.push(finding(id)),
            ("at", seconds) => now = seconds.parse().unwrap(),
            _ => envelope.rcpt_to.push(word.to_owned()),
        }
    }
    let situation =
        Situation { verdict: &verdict, evidence: judged.then_some(&evidence), envelope: Some(&envelope) };
    show(&carried_out(decide(&situation, &policy, now), splits), &envelope)
}

fn finding(rule: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity: Severity::High,
        summary: String::new(),
        summary_ja: None,
        attack_types: Vec::new(),
        techniques: Vec::new(),
        exhibits: Vec::new(),
    }
}

fn show(decisions: &Decisions, envelope: &Envelope) -> String {
    let mut out = format!("{:?}:", decisions.direction).to_lowercase();
    for decision in &decisions.each {
        let names = decision.recipients.iter().map(|at| envelope.rcpt_to[*at as usize].as_str());
        let who = names.collect::<Vec<_>>().join("+");
        let action = match &decision.action {
            Action::Banner { level } => format!("banner {level:?}").to_lowercase(),
            Action::Redirect { to } => format!("redirect {to}"),
            Action::Reject { text } => format!("reject \"{text}\""),
            other => other.name().to_owned(),
        };
        write!(out, " {action} [{}] {who};", decision.clause).unwrap();
    }
    out
}

#[test]
fn without_clauses_malicious_mail_is_held_whichever_way_it_travels() {
    let all = |class: &str| {
        [
            check("", &format!("{class} a@harbour.example")),
            check("", &format!("inside {class} a@harbour.example")),
            check("", &format!("inside {class} x@else.example")),
        ]
        .join("\n")
    };
    insta::assert_snapshot!(all("malicious"), @"
    inbound: quarantine [malicious-is-held] a@harbour.example;
    internal: quarantine [malicious-is-held] a@harbour.example;
    outbound: quarantine [malicious-is-held] x@else.example;
    ");
    insta::assert_snapshot!(all("suspicious"), @"
    inbound: banner warning [suspicious-is-warned] a@harbour.example;
    internal: banner warning [suspicious-is-warned] a@harbour.example;
    outbound: deliver [rest-is-delivered] x@else.example;
    ");
    insta::assert_snapshot!(all("benign"), @"
    inbound: deliver [rest-is-delivered] a@harbour.example;
    internal: deliver [rest-is-delivered] a@harbour.example;
    outbound: deliver [rest-is-delivered] x@else.example;
    ");
}

#[test]
fn a_message_to_inside_and_outside_is_decided_for_each() {
    insta::assert_snapshot!(
        check("", "inside suspicious a@harbour.example x@else.example b@post.harbour.example"),
        @"internal: banner warning [suspicious-is-warned] a@harbour.example+b@post.harbour.example; deliver [rest-is-delivered] x@else.example;"
    );
    insta::assert_snapshot!(
        check("", "inside suspicious whole a@harbour.example x@else.example"),
        @"internal: banner warning [suspicious-is-warned] a@harbour.example+x@else.example;"
    );
    assert!(check("", "suspicious x@notharbour.example").starts_with("inbound: banner"));
}

const CLAUSES: &str = r#"
fail_safe = "defer"
[groups]
board = ["Ceo@harbour.example", "@finance.harbour.example"]
[[clauses]]
name = "board"
recipients = ["group:board"]
class = ["suspicious", "malicious"]
do = "quarantine"
[[clauses]]
name = "bank"
rules = ["bank-*"]
threat = ["fraud"]
score_min = 61
do = "redirect"
to = "soc@harbour.example"
[[clauses]]
name = "worst"
class = ["malicious"]
direction = ["inbound"]
until = "2027-01-31T12:00:00Z"
do = "reject"
text = "not today"
"#;

#[test]
fn the_first_clause_whose_conditions_all_hold_decides() {
    let check = |words: &str| check(CLAUSES, words);
    let out = [
        check("suspicious ceo@harbour.example a@harbour.example y@finance.harbour.example"),
        check("malicious threat=fraud rule=bank-change a@harbour.example"),
        check("suspicious threat=fraud rule=bank-change a@harbour.example"),
        check("malicious threat=fraud rule=a-bank-change a@harbour.example"),
        check("malicious rule=bank-change a@harbour.example"),
        check("malicious a@harbour.example at=1801396800"),
        check("inside malicious a@harbour.example"),
        check("benign ceo@harbour.example"),
    ];
    insta::assert_snapshot!(out.join("\n"), @r#"
    inbound: quarantine [board] ceo@harbour.example+y@finance.harbour.example; banner warning [suspicious-is-warned] a@harbour.example;
    inbound: redirect soc@harbour.example [bank] a@harbour.example;
    inbound: banner warning [suspicious-is-warned] a@harbour.example;
    inbound: reject "not today" [worst] a@harbour.example;
    inbound: reject "not today" [worst] a@harbour.example;
    inbound: quarantine [malicious-is-held] a@harbour.example;
    internal: quarantine [malicious-is-held] a@harbour.example;
    inbound: deliver [rest-is-delivered] ceo@harbour.example;
    "#);
}

#[test]
fn a_refusal_for_some_holds_theirs_and_a_message_that_comes_again_comes_for_all() {
    let some = |words: &str| check(CLAUSES, words);
    insta::assert_snapshot!(
        some("malicious ceo@harbour.example a@harbour.example"),
        @"inbound: quarantine [board] ceo@harbour.example; quarantine [worst] a@harbour.example;"
    );
    let refused = "[[clauses]]\nname = 'one'\nrecipients = ['a@harbour.example']\ndo = 'reject'\ntext = 'no'\n[[clauses]]\nname = 'two'\ndo = 'reject'\ntext = 'nor you'\n";
    insta::assert_snapshot!(
        check(refused, "benign a@harbour.example b@harbour.example"),
        @r#"inbound: reject "no" [one] a@harbour.example+b@harbour.example;"#
    );
    let some = refused.replace(
        "[[clauses]]\nname = 'two'",
        "[[clauses]]\nname = 'two'\nrecipients = ['b@harbour.example']",
    );
    insta::assert_snapshot!(
        [check(&some, "benign a@harbour.example c@harbour.example"), check(&some, "whole benign a@harbour.example c@harbour.example")].join("\n"),
        @"
    inbound: quarantine [one] a@harbour.example; deliver [rest-is-delivered] c@harbour.example;
    inbound: quarantine [one] a@harbour.example+c@harbour.example;
    "
    );
    let defer = "[[clauses]]\nname = 'later'\nrecipients = ['a@harbour.example']\ndo = 'defer'\n";
    insta::assert_snapshot!(
        check(defer, "benign b@harbour.example a@harbour.example"),
        @"inbound: defer [later] b@harbour.example+a@harbour.example;"
    );
}

#[test]
fn who_could_not_be_judged_gets_the_fail_safe_and_no_other_clause() {
    insta::assert_snapshot!(check("", "unjudged suspicious a@harbour.example"), @"inbound: banner notice [fail-safe] a@harbour.example;");
    insta::assert_snapshot!(check(CLAUSES, "unjudged suspicious ceo@harbour.example"), @"inbound: defer [fail-safe] ceo@harbour.example;");
    let held = "fail_safe = 'deliver'\n[[clauses]]\nname = 'unread'\njudged = false\ndo = 'quarantine'\n";
    insta::assert_snapshot!(check(held, "unjudged a@harbour.example"), @"inbound: quarantine [unread] a@harbour.example;");
    insta::assert_snapshot!(check(held, "benign a@harbour.example"), @"inbound: deliver [rest-is-delivered] a@harbour.example;");
}

#[test]
fn what_is_wrong_with_a_policy_is_named() {
    let clause = |rest: &str| check(&format!("[[clauses]]\nname = 'c'\n{rest}"), "benign a@b.example");
    let out = [
        check("language = 'tlh'", ""),
        check("authserv_id = 'a b'", ""),
        clause("do = 'redirect'"),
        clause("do = 'deliver'\nto = 'a@b.example'"),
        clause("do = 'deliver'\nlevel = 'danger'"),
        clause("do = 'reject'\ntext = \"a\\r\\nb\""),
        clause("do = 'deliver'\nrecipients = ['group:nobody']"),
        clause("do = 'deliver'\nrecipients = ['somebody']"),
        clause("do = 'deliver'\nuntil = 'tomorrow'"),
        clause("do = 'drop'"),
        check("[[clauses]]\nname = 'fail-safe'\ndo = 'deliver'", ""),
    ];
    insta::assert_snapshot!(out.join("\n"), @r#"
    policy.language = "tlh" is none of en, ja, de, fr, es
    policy.authserv_id is no host name
    policy.clauses, `c`: `do = "redirect"` needs an address in `to`
    policy.clauses, `c`: `to` belongs to `do = "redirect"`
    policy.clauses, `c`: `level` belongs to `do = "banner"`
    policy.clauses, `c`: `text` is one line of ASCII, at most 400 characters
    policy.clauses, `c`: there is no group `nobody`; there are: 
    policy.clauses, `c`: `somebody` is neither an address nor @domain nor group:NAME
    policy.clauses, `c`: until = "tomorrow": the 'year' component could not be parsed; write it as 2027-01-31T12:00:00Z
    unknown variant `drop`, expected one of `deliver`, `banner`, `quarantine`, `redirect`, `reject`, `defer`
    policy.clauses, `fail-safe`: the name is taken
    "#);
}

#[test]
fn ten_thousand_recipients_are_decided_at_once() {
    let many: String = (0..10_000).map(|i| format!("u{i}@harbour.example ")).collect();
    let started = std::time::Instant::now();
    let out = check(CLAUSES, &format!("suspicious ceo@harbour.example {many}"));
    assert!(out.contains("u9999@harbour.example") && out.contains("[board] ceo@harbour.example;"));
    assert!(started.elapsed().as_secs() < 2, "{:?}", started.elapsed());
}
