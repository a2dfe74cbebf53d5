//! Tests of the facet `authentication`: whose word is believed, and what follows from it.

use sekisho_record::{Evidence, Submission};

use crate::{
    Answers, Context, Knowledge, ask, observe,
    question::{ArcAnswer, Checked, DkimAnswer, DmarcAnswer, SpfAnswer},
};

fn evidence(header: &str, context: &Context, answers: &Answers) -> Evidence {
    let raw = format!("{}\r\n\r\nbody\r\n", header.trim().replace('\n', "\r\n"));
    let message = sekisho_mail::parse(raw.as_bytes());
    observe(message, &Submission::from_bytes(raw.as_bytes()), answers, context, Knowledge::builtin())
}

fn show(evidence: &Evidence) -> String {
    let a = &evidence.authentication;
    let word = |s: &Option<String>| s.clone().unwrap_or_else(|| "-".into());
    let marks = [(a.failed, " failed"), (a.in_order, " in_order"), (a.aligned == Some(true), " aligned")];
    let marks: String = marks.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    format!(
        "{} spf={} dkim={} dmarc={} for [{}]{}",
        a.source,
        word(&a.spf),
        word(&a.dkim),
        word(&a.dmarc),
        a.domains.join(" "),
        marks
    )
}

fn believing(server: &str) -> Context {
    Context { believed: vec![server.into()], ..Context::default() }
}

fn check(context: &Context, header: &str, want: &str) {
    assert_eq!(show(&evidence(header, context, &Answers::default())), want, "{header}");
}

const RECEIVED: &str = "Received: from mail.shop.example (mail.shop.example [192.0.2.4]) by mx.corp.example with ESMTPS id 1; Tue, 1 Jul 2025 10:00:01 +0000";

#[test]
fn names_below_a_sold_domain_do_not_vouch_for_each_other() {
    let header = |signer: &str| {
        format!(
            "{RECEIVED}\nAuthentication-Results: mx.corp.example; spf=none; dkim=pass header.d={signer}; dmarc=none\nFrom: a@grill.sa.com"
        )
    };
    let context = believing("mx.corp.example");
    check(
        &context,
        &header("mail.grill.sa.com"),
        "believed spf=none dkim=pass dmarc=none for [mail.grill.sa.com] aligned",
    );
    check(&context, &header("x7.sa.com"), "believed spf=none dkim=pass dmarc=none for [x7.sa.com]");
}

#[test]
fn a_believed_server_counts_and_a_forged_one_below_does_not() {
    let real = "Authentication-Results: mx.corp.example; spf=fail smtp.mailfrom=shop.example; dkim=none; dmarc=fail (p=reject) header.from=shop.example";
    let forged = "Authentication-Results: mx.corp.example; spf=pass smtp.mailfrom=shop.example; dkim=pass header.d=shop.example; dmarc=pass header.from=shop.example";
    let context = believing("mx.corp.example");
    let from = "From: a@shop.example";
    check(
        &context,
        &format!("{RECEIVED}\n{real}\nSubject: x\n{forged}\n{from}"),
        "believed spf=fail dkim=none dmarc=fail for [] failed",
    );
    check(
        &context,
        &format!("{RECEIVED}\n{forged}\n{from}"),
        "believed spf=pass dkim=pass dmarc=pass for [shop.example] in_order aligned",
    );
    check(
        &believing("mx.other.example"),
        &format!("{RECEIVED}\n{forged}\n{from}"),
        "none spf=- dkim=- dmarc=- for []",
    );
}

#[test]
fn results_in_several_fields_of_one_run_are_read_together_and_the_upper_one_counts() {
    check(
        &believing("corp.example"),
        &format!(
            "Authentication-Results: mx.corp.example; dmarc=pass header.from=shop.example
DKIM-Filter: OpenDKIM
Authentication-Results: mx.corp.example; dkim=pass header.d=bulk.example
Authentication-Results: mx.corp.example; spf=softfail smtp.mailfrom=a@shop.example; dmarc=fail
{RECEIVED}
From: a@shop.example"
        ),
        "believed spf=softfail dkim=pass dmarc=pass for [bulk.example shop.example] aligned",
    );
}

#[test]
fn results_without_a_name_count_only_where_the_provider_writes_them_so() {
    let header = "Received: from AM1.prod.outlook.com (::1) by DB1.prod.outlook.com with HTTPS; Tue, 1 Jul 2025 10:00:03 +0000
Authentication-Results: spf=pass (sender IP is 192.0.2.4) smtp.mailfrom=bulk.example; dkim=pass (signature was verified) header.d=shop.example;dmarc=bestguesspass action=none header.from=shop.example;compauth=pass reason=109
Received-SPF: Pass (protection.outlook.com: domain of bulk.example designates 192.0.2.4 as permitted sender) receiver=protection.outlook.com; client-ip=192.0.2.4; helo=m1.bulk.example; pr=C
Received: from m1.bulk.example (192.0.2.4) by AM1.mail.protection.outlook.com (10.1.1.1) with Microsoft SMTP Server id 15; Tue, 1 Jul 2025 10:00:01 +0000
From: a@shop.example";
    let context = Context { believe_unnamed: true, ..Context::default() };
    let want = "believed spf=pass dkim=pass dmarc=bestguesspass for [shop.example bulk.example] aligned";
    check(&context, header, want);
    let e = evidence(header, &context, &Answers::default());
    let summary = &e.model.headers.auth_summary;
    let spf = summary.spf.as_ref().map(|s| (s.pass, s.error));
    let details = summary.spf.as_ref().and_then(|s| s.details.clone()).unwrap_or_default();
    assert_eq!(spf, Some((Some(true), false)));
    assert_eq!(details.helo.map(|h| h.domain).as_deref(), Some("m1.bulk.example"));
    assert_eq!(summary.dmarc.as_ref().and_then(|d| d.pass), Some(false));
    assert_eq!(summary.dmarc.as_ref().and_then(|d| d.received_hop), Some(1));
    check(&Context::default(), header, "none spf=- dkim=- dmarc=- for []");
}

#[test]
fn nothing_is_asked_when_a_believed_server_answered() {
    let raw = format!(
        "{RECEIVED}\r\nAuthentication-Results: mx.corp.example; spf=pass\r\nFrom: a@shop.example\r\n\r\n"
    );
    let message = sekisho_mail::parse(raw.as_bytes());
    let submission = Submission::from_bytes(raw.as_bytes());
    assert!(ask(&message, &submission, &believing("mx.corp.example")).is_empty());
    let papers = ask(&message, &submission, &Context::default()).papers.unwrap_or_default();
    assert_eq!((papers.author.as_deref(), papers.dkim, papers.arc), (Some("shop.example"), false, false));
}

fn answered(spf: &'static str, dkim: &'static str, dmarc: &'static str) -> Checked {
    Checked {
        spf: Some(SpfAnswer { verdict: spf, domain: "bounce.shop.example".into(), ..SpfAnswer::default() }),
        dkim: vec![DkimAnswer { verdict: dkim, domain: "shop.example".into(), ..DkimAnswer::default() }],
        dmarc: Some(DmarcAnswer { verdict: dmarc, domain: "shop.example".into(), policy: Some("reject") }),
        arc: None,
    }
}

#[test]
fn answers_become_facts() {
    let header = format!("{RECEIVED}\nFrom: a@shop.example");
    let look = |papers: Checked| {
        let answers = Answers { papers: Some(papers), papers_missing: None };
        show(&evidence(&header, &Context::default(), &answers))
    };
    assert_eq!(
        look(answered("pass", "pass", "pass")),
        "verified spf=pass dkim=pass dmarc=pass for [shop.example bounce.shop.example] in_order aligned"
    );
    assert_eq!(
        look(answered("softfail", "fail", "fail")),
        "verified spf=softfail dkim=fail dmarc=fail for [] failed"
    );
    assert_eq!(
        look(answered("fail", "none", "none")),
        "verified spf=fail dkim=none dmarc=none for [] failed"
    );
}

#[test]
fn a_believed_sealer_makes_up_for_what_forwarding_broke() {
    let header = "ARC-Seal: i=1; cv=none; d=lists.example; s=s; b=x
ARC-Message-Signature: i=1; d=lists.example; s=s; b=x
ARC-Authentication-Results: i=1; lists.example; dmarc=pass header.from=shop.example
From: a@shop.example";
    let sealed = Checked {
        arc: Some(ArcAnswer { verdict: "pass", sealers: vec!["lists.example".into()] }),
        ..answered("none", "fail", "fail")
    };
    let answers = Answers { papers: Some(sealed), papers_missing: None };
    let context = Context { believed_sealers: vec!["lists.example".into()], ..Context::default() };
    assert_eq!(
        show(&evidence(header, &context, &answers)),
        "verified spf=none dkim=fail dmarc=fail for [shop.example] aligned"
    );
    assert_eq!(
        show(&evidence(header, &Context::default(), &answers)),
        "verified spf=none dkim=fail dmarc=fail for [] failed"
    );
}

#[test]
fn what_was_not_found_out_is_a_gap_with_its_reason() {
    let look = |answers: Answers| {
        let e = evidence("From: a@shop.example", &Context::default(), &answers);
        let gaps: Vec<String> = e.gaps.iter().map(|g| format!("{}: {}", g.facet, g.reason)).collect();
        gaps.join(", ")
    };
    assert_eq!(look(Answers::default()), "authentication: not_configured");
    assert_eq!(
        look(Answers { papers: None, papers_missing: Some("timed_out") }),
        "authentication: timed_out"
    );
    assert_eq!(look(Answers { papers: Some(answered("pass", "pass", "pass")), papers_missing: None }), "");
}

/// inbound internal outbound
fn direction(header: &str, spf: &'static str) -> String {
    let mut context = Context::default();
    context.organisation.domains = vec!["corp.example".into()];
    let spf = SpfAnswer { verdict: spf, domain: "corp.example".into(), ..SpfAnswer::default() };
    let answers =
        Answers { papers: Some(Checked { spf: Some(spf), ..Checked::default() }), papers_missing: None };
    let t = evidence(header, &context, &answers).model.direction;
    format!("{:?} {:?} {:?}", t.inbound, t.internal, t.outbound).replace("Some(", "").replace(')', "")
}

#[test]
fn direction_needs_proof_for_inside_and_a_configured_organisation() {
    let (from, to) = ("From: a@corp.example", "To: b@corp.example");
    assert_eq!(direction("From: a@x.example\nTo: b@corp.example", "none"), "true false false");
    assert_eq!(direction(&format!("{from}\n{to}"), "pass"), "false true false");
    // Own domain in From without proof comes from outside.
    assert_eq!(direction(&format!("{from}\n{to}"), "fail"), "true false false");
    assert_eq!(direction(&format!("{from}\nTo: c@x.example"), "pass"), "false false true");
    // A blind copy names nobody inside and is here all the same.
    assert_eq!(direction("From: a@x.example\nTo: c@y.example", "none"), "true false false");
    let unconfigured = evidence(&format!("{from}\n{to}"), &Context::default(), &Answers::default());
    assert_eq!(unconfigured.model.direction.inbound, None);
    // Never left the organisation's own servers, and began with a login.
    let walked = "Received: from smtp.corp.example (10.0.0.3) by box.corp.example with ESMTP; Tue, 1 Jul 2025 10:00:01 +0000
Received: from [192.0.2.9] by smtp.corp.example with ESMTPSA; Tue, 1 Jul 2025 10:00:00 +0000";
    assert_eq!(direction(&format!("{walked}\n{from}\n{to}"), "none"), "false true false");
    let came = walked.replace("(10.0.0.3)", "(dsl.pool.test [203.0.113.7])");
    assert_eq!(direction(&format!("{came}\n{from}\n{to}"), "none"), "true false false");
}
