//! Tests of the facet `transit`.

use super::*;
use crate::{Answers, Context, Knowledge, observe as observe_all};
use sekisho_record::Submission;

fn transit(header: &str, context: &Context) -> Transit {
    let raw = format!("{}\r\n\r\nbody\r\n", header.trim().replace('\n', "\r\n"));
    let message = sekisho_mail::parse(raw.as_bytes());
    let submission = Submission::from_bytes(raw.as_bytes());
    observe_all(message, &submission, &Answers::default(), context, Knowledge::builtin()).transit
}

/// submission | first server | origin | sending host (registrable domain)
fn check(header: &str, want: &str) {
    check_for(&Context::default(), header, want);
}

fn check_for(context: &Context, header: &str, want: &str) {
    let t = transit(header, context);
    let show = |s: &Option<String>| s.clone().unwrap_or_else(|| "-".into());
    let got = format!(
        "{} | {} | {} | {} ({})",
        t.submission,
        show(&t.first_server),
        show(&t.origin_ip),
        show(&t.sending_host),
        show(&t.sending_root_domain)
    );
    assert_eq!(got, want, "{header}");
}

fn organisation() -> Context {
    let mut context = Context::default();
    context.organisation.domains = vec!["corp.example".into()];
    context
}

#[test]
fn the_host_that_handed_over_stands_below_the_providers_own_machines() {
    check(
        "Received: from AM0PR01.eurprd01.prod.outlook.com (::1) by DB1PR01.eurprd01.prod.outlook.com with HTTPS; Tue, 1 Jul 2025 10:00:04 +0000
Received: from DB5EUR.eop-eur01.prod.protection.outlook.com (2603:10a6:10:1::2) by AM0PR01.outlook.office365.com (2603:10a6:10:1::3) with Microsoft SMTP Server id 15.20; Tue, 1 Jul 2025 10:00:03 +0000
Received: from m12.bulk.example (198.51.100.7) by DB5EUR.mail.protection.outlook.com (10.152.1.2) with Microsoft SMTP Server id 15.20; Tue, 1 Jul 2025 10:00:02 +0000
Received: from 10.0.0.9 by bulk.example with HTTP id 77; Tue, 1 Jul 2025 10:00:00 +0000
From: a@shop.example",
        "http | bulk.example | 198.51.100.7 | m12.bulk.example (bulk.example)",
    );
    check(
        "Received: by 2002:a05:6a10:1 with SMTP id x1; Tue, 1 Jul 2025 03:00:03 -0700 (PDT)
Received: from mail-sor-f41.google.com (mail-sor-f41.google.com. [209.85.220.41]) by mx.google.com with SMTPS id y2; Tue, 1 Jul 2025 03:00:02 -0700 (PDT)
Received: by 2002:a05:6102:1 with SMTP id z3; Tue, 1 Jul 2025 03:00:01 -0700 (PDT)
From: a@gmail.com",
        "smtp | 2002:a05:6102:1 | 209.85.220.41 | mail-sor-f41.google.com (google.com)",
    );
    check(
        "Received: from EUR02.outbound.protection.outlook.com (40.107.1.2) by AM0EUR.mail.protection.outlook.com (10.1.1.1) with Microsoft SMTP Server id 15.20; Tue, 1 Jul 2025 10:00:02 +0000
Received: from PA4PR01.eurprd01.prod.outlook.com ([fe80::1]) by PA4PR01.eurprd01.prod.outlook.com ([fe80::1%5]) with mapi id 15.20; Tue, 1 Jul 2025 10:00:01 +0000
From: a@tenant.example",
        "mapi | pa4pr01.eurprd01.prod.outlook.com | 40.107.1.2 | eur02.outbound.protection.outlook.com (outlook.com)",
    );
}

#[test]
fn own_servers_are_skipped_when_reverse_dns_proves_them_and_not_for_a_name_in_a_greeting() {
    let below = "Received: from mail.other.test (mail.other.test [203.0.113.9]) by mx.corp.example with ESMTPS id 1; Tue, 1 Jul 2025 10:00:01 +0000
From: a@other.test";
    check_for(
        &organisation(),
        &format!(
            "Received: from mx.corp.example (mx.corp.example [192.0.2.1]) by box.corp.example with ESMTP id 2; Tue, 1 Jul 2025 10:00:02 +0000\n{below}"
        ),
        "smtp | mx.corp.example | 203.0.113.9 | mail.other.test (other.test)",
    );
    check_for(
        &organisation(),
        "Received: from mx.corp.example (dsl-9.pool.test [203.0.113.77]) by mx.corp.example with ESMTP id 2; Tue, 1 Jul 2025 10:00:02 +0000
From: boss@corp.example",
        "smtp | mx.corp.example | 203.0.113.77 | dsl-9.pool.test (pool.test)",
    );
}

#[test]
fn under_an_unknown_suffix_the_parent_tells_owners_apart() {
    let hop = |from: &str| {
        format!(
            "Received: from {from} ({from} [203.0.113.9]) by mx1.red.co.invalid with ESMTPS id 1; Tue, 1 Jul 2025 10:00:01 +0000\nFrom: a@b.test"
        )
    };
    let handed_over = |from: &str| transit(&hop(from), &Context::default()).sending_host;
    assert_eq!(handed_over("mail.blue.co.invalid").as_deref(), Some("mail.blue.co.invalid"));
    assert_eq!(handed_over("mx2.red.co.invalid"), None);
}

#[test]
fn a_login_is_not_a_foreign_server() {
    check(
        "Received: from [192.0.2.14] by smtp.corp.example with ESMTPSA; Tue, 1 Jul 2025 10:00:00 +0000
From: a@corp.example",
        "esmtpa | smtp.corp.example | 192.0.2.14 | - (-)",
    );
    check(
        "Received: from PC ([203.0.113.5]) by mail.shop.test with MailEnable ESMTPA; Tue, 1 Jul 2025 10:00:00 +0000
From: a@shop.test",
        "esmtpa | mail.shop.test | 203.0.113.5 | - (-)",
    );
    check(
        "Received: by web7.host.test (Postfix, from userid 33) id AB12; Tue, 1 Jul 2025 10:00:00 +0000
From: a@host.test",
        "local | web7.host.test | - | - (-)",
    );
}

#[test]
fn exchange_marks_hold_inside_and_are_a_claim_from_outside() {
    let inside = "Received: from EX1.corp.example (10.0.0.5) by EX1.corp.example (10.0.0.5) with mapi id 15.1; Tue, 1 Jul 2025 10:00:00 +0000
X-MS-Exchange-Organization-AuthAs: Internal
From: a@corp.example";
    let t = transit(inside, &organisation());
    assert!(t.exchange_internal && !t.exchange_claims_internal);
    let outside = format!(
        "Received: from mail.other.test (mail.other.test [203.0.113.9]) by mx.corp.example with ESMTPS id 1; Tue, 1 Jul 2025 10:00:09 +0000\n{inside}"
    );
    let t = transit(&outside, &organisation());
    assert!(!t.exchange_internal && t.exchange_claims_internal);
}

#[test]
fn marks_of_lists_bulk_and_machines_are_read() {
    let marks = |header: &str| {
        let t = transit(header, &Context::default());
        (t.mailing_list, t.bulk, t.auto_submitted, t.bounce)
    };
    assert_eq!(marks("From: a@b.test\nPrecedence: bulk\nAuto-Submitted: no"), (false, true, false, false));
    assert_eq!(marks("From: a@b.test\nAuto-Submitted: auto-replied"), (false, false, true, false));
    let report = "From: a@b.test\nContent-Type: multipart/report; report-type=delivery-status; boundary=x";
    assert_eq!(marks(report), (false, false, false, true));
    assert_eq!(marks("From: a@b.test\nSubject: list, bulk, auto"), (false, false, false, false));
}

#[test]
fn a_list_is_one_that_redistributed_the_message() {
    let list = |header: &str| transit(header, &Context::default()).mailing_list;
    let post = "From: a@b.test\nList-Id: \"Users\" <users.lists.test>\nList-Post: <mailto:users@lists.test>";
    assert!(list(&format!("{post}\nTo: c@d.test, users@lists.test")));
    assert!(!list(&format!("{post}\nTo: c@d.test")));
    assert!(list(&format!("{post}\nTo: c@d.test\nSender: users-bounces@lists.test")));
    assert!(!list("From: a@b.test\nTo: users@lists.test\nSender: users-bounces@lists.test"));
    // The address of a list is written where the list itself is said to be the reader.
    assert!(!list(&format!("{post}\nTo: users@lists.test\nDelivered-To: users@lists.test")));
    // An id alone that is the posting address.
    assert!(list("From: a@b.test\nTo: users@lists.test\nList-Id: <users.lists.test>"));
    // Bulk mailers and forgers: an id of their own and the reader's address.
    assert!(!list("From: a@b.test\nTo: c@d.test\nList-Id: <17.xt.local>"));
    assert!(!list("From: a@b.test\nTo: c@d.test\nList-Id: <news.b.test>\nReturn-Path: <bounce@b.test>"));
    assert!(list(
        "From: a@b.test\nTo: c@d.test\nMailing-List: contact u-help@e.test; run by ezmlm\nReturn-Path: <u-return-1-c=d.test@e.test>"
    ));
}

#[test]
fn private_addresses_in_any_writing_are_not_public() {
    let public = |ip: &str| ip.parse().map(is_public).unwrap_or_default();
    for ip in
        ["10.1.2.3", "100.64.0.1", "::1", "fd00::1", "2002:a05:6a10::1", "2002:c0a8:1::", "::ffff:10.0.0.1"]
    {
        assert!(!public(ip), "{ip}");
    }
    for ip in ["198.51.100.1", "100.128.0.1", "2a00:1450::1", "2002:c633:6401::1"] {
        assert!(public(ip), "{ip}");
    }
}
