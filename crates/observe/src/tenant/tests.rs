//! Who carried the message, told from who is said to.

use proptest::prelude::*;
use sekisho_mail::Message;
use sekisho_record::{Evidence, Submission, evidence::Tenant};

use super::{observe, table::table};
use crate::{Context, Knowledge, View, link, model, transit};

/// What the papers say, as the facet `authentication` would.
#[derive(Default)]
struct Papers {
    dkim: &'static [&'static str],
    spf: Option<&'static str>,
}

fn tenant(header: &str, papers: &Papers) -> Tenant {
    let raw = format!("{}\r\n\r\nbody\r\n", header.trim().replace('\n', "\r\n"));
    let message: Message = sekisho_mail::parse(raw.as_bytes());
    let submission = Submission::from_bytes(raw.as_bytes());
    let context = Context::default();
    let (model, rest) = model::build(message, &submission);
    let mut evidence = Evidence { model, ..Evidence::default() };
    let view = View {
        submission: &submission,
        fields: &rest.fields,
        auth_results: &rest.auth_results,
        author: rest.authors.first(),
        authors: &rest.authors,
        sender: rest.sender.as_ref(),
        context: &context,
        knowledge: Knowledge::builtin(),
    };
    evidence.transit = transit::observe(&evidence, &view);
    let facts = &mut evidence.authentication;
    facts.dkim_domains = papers.dkim.iter().map(|d| (*d).to_owned()).collect();
    facts.spf = papers.spf.map(|_| "pass".into());
    facts.spf_domain = papers.spf.map(str::to_owned);
    let resolved = link::resolve(&mut evidence.model.body);
    observe(&evidence, &view, &resolved)
}

/// `esp/account@where via claimed:… forged`
fn check(header: &str, papers: &Papers) -> String {
    let found = tenant(header, papers);
    let show = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let mut out = format!("{}/{}@{}", show(&found.esp), show(&found.account), show(&found.account_from));
    if let Some(via) = found.via {
        out = out + " " + &via;
    }
    if !found.claimed.is_empty() {
        out = out + " claimed:" + &found.claimed.join(",");
    }
    if found.forged {
        out += " forged";
    }
    assert_eq!(found.corroborated, found.esp.is_some());
    assert_eq!(found.evidence.is_empty(), found.esp.is_none());
    out
}

fn hop(host: &str) -> String {
    format!(
        "Received: from {host} ({host} [198.51.100.7]) by mx.corp.example with ESMTPS id 1; Tue, 1 Jul 2025 10:00:00 +0000"
    )
}

#[test]
fn a_mailer_is_known_by_its_infrastructure_and_its_account_by_its_marks() {
    let none = Papers::default();
    let mailgun = format!(
        "Return-Path: <bounce+0a1b2c.4f3a9d-ann=corp.example@mail.brand.example>\n{}\n\
         Received: by 5f.prod.mailgun.net with HTTP id 60e; Tue, 1 Jul 2025 09:59:58 +0000\n\
         X-Mailgun-Sid: WyJhYmMiLCAiYW5uQGNvcnAuZXhhbXBsZSIsICI0ZjNhOWQiXQ==\nFrom: Microsoft <postmaster@mail.brand.example>",
        hop("m12.mailgun.net")
    );
    assert_eq!(check(&mailgun, &none), "Mailgun/4f3a9d@return_path api claimed:Mailgun");
    let smtp = mailgun.replace("with HTTP", "with ESMTPA");
    assert_eq!(check(&smtp, &none), "Mailgun/4f3a9d@return_path smtp claimed:Mailgun");
    let ses = format!(
        "{}\nFeedback-ID: 1.us-east-1.AbCdEf123+/=:AmazonSES\nFrom: a@shop.example",
        hop("a9-1.smtp-out.amazonses.com")
    );
    let signed = Papers { dkim: &["shop.example", "amazonses.com"], spf: Some("amazonses.com") };
    assert_eq!(check(&ses, &signed), "Amazon SES/AbCdEf123+/=@header claimed:Amazon SES");
    let sendgrid = format!(
        "Return-Path: <bounces+1234567-ab12-ann=corp.example@em1.shop.example>\n{}\nX-SG-EID: x\nFrom: a@shop.example",
        hop("o1.ptr1.sendgrid.net")
    );
    assert_eq!(check(&sendgrid, &none), "SendGrid/1234567@return_path claimed:SendGrid");
    let chimp = format!("{}\nX-MC-User: 0123abc\nFrom: a@shop.example", hop("mail1.mcsv.net"));
    assert_eq!(check(&chimp, &none), "Mailchimp/0123abc@header claimed:Mailchimp");
    let klaviyo = format!("{}\nX-Kmail-Account: AbC123\nFrom: a@shop.example", hop("o9.sendgrid.net"));
    assert_eq!(
        check(&klaviyo, &Papers { dkim: &["klaviyomail.com"], spf: None }),
        "Klaviyo/AbC123@header claimed:Klaviyo"
    );
}

#[test]
fn accounts_of_the_others() {
    for (fields, dkim, want) in [
        (
            "X-Roving-Id: 1101234567890.1234\n",
            "auth.ccsend.com",
            "Constant Contact/1101234567890@header claimed:Constant Contact",
        ),
        ("X-Mandrill-User: md_30123456\n", "mandrillapp.com", "Mandrill/md_30123456@header claimed:Mandrill"),
        (
            "X-MSFBL: abc=|eyJjdXN0b21lcl9pZCI6IjMxNCIsInIiOiJhIn0=\n",
            "sparkpostmail.com",
            "SparkPost/314@header",
        ),
        (
            "DKIM-Signature: v=1; a=rsa-sha256; s=hs1-778899; d=hubspotemail.net\n",
            "hubspotemail.net",
            "HubSpot/778899@dkim",
        ),
        ("", "proj-4.firebaseapp.com", "Firebase/proj-4@dkim"),
        ("X-Zendesk-From-Account-Id: 8f1\n", "zendesk.com", "Zendesk/8f1@header claimed:Zendesk"),
        ("X-Accountcode: USDHS\n", "public.govdelivery.com", "GovDelivery/USDHS@header claimed:GovDelivery"),
        (
            "X-PM-Message-Id: 5\nFeedback-ID: s987-_:s987:a1:postmark\n",
            "pm.mtasv.net",
            "Postmark/1@header claimed:Postmark",
        ),
    ] {
        let dkim: &'static [&'static str] = Vec::leak(vec![dkim]);
        assert_eq!(check(&format!("{fields}From: a@shop.example"), &Papers { dkim, spf: None }), want);
    }
}

#[test]
fn a_claim_alone_attributes_nothing() {
    let claim = "X-SG-EID: abc\nX-SG-ID: def\nFrom: a@shop.example";
    assert_eq!(check(claim, &Papers::default()), "-/-@- claimed:SendGrid");
    // A dedicated address with the customer's own name: unknown, so nothing contradicts the claim.
    let own_name = format!("{}\n{claim}", hop("o1.mail.shop.example"));
    assert_eq!(check(&own_name, &Papers::default()), "-/-@- claimed:SendGrid");
    let forged = format!("{}\n{claim}", hop("mail-1.google.com"));
    assert_eq!(check(&forged, &Papers::default()), "-/-@- claimed:SendGrid forged");
    // A forwarder keeps old fields, and old hops with them.
    let forwarded = format!(
        "{}\nReceived: from o1.ptr1.sendgrid.net (o1.ptr1.sendgrid.net [198.51.100.9]) by mx.google.com with ESMTPS id 2; Tue, 1 Jul 2025 09:59:00 +0000\n{claim}",
        hop("mail-1.google.com")
    );
    assert_eq!(check(&forwarded, &Papers::default()), "-/-@- claimed:SendGrid");
    // So does a list; to write that one is a list is not enough.
    let listed = format!("{}\nList-Id: <l.lists.example>\n{claim}", hop("mail-1.google.com"));
    assert_eq!(check(&listed, &Papers::default()), "-/-@- claimed:SendGrid forged");
    let posted = format!("{listed}\nTo: l@lists.example");
    assert_eq!(check(&posted, &Papers::default()), "-/-@- claimed:SendGrid");
}

#[test]
fn ordinary_mail_has_no_mailer() {
    let gmail = format!("{}\nFrom: a@gmail.com", hop("mail-sor-f41.google.com"));
    assert_eq!(check(&gmail, &Papers { dkim: &["gmail.com"], spf: Some("gmail.com") }), "-/-@-");
    assert_eq!(
        check(&format!("{}\nFrom: a@corp.example", hop("notmailgun.net")), &Papers::default()),
        "-/-@-"
    );
    assert_eq!(check("From: a@mailgun.net", &Papers::default()), "-/-@-");
}

#[test]
fn the_table_is_complete_and_consistent() {
    let entries = table().entries();
    assert!(entries.len() >= 60);
    let mut names: Vec<_> = entries.iter().map(|esp| &esp.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), entries.len());
    for esp in entries {
        assert!(esp.carriers.iter().all(|c| names.contains(&c)), "{}: unknown carrier", esp.name);
        assert!(!esp.dkim.is_empty() || !esp.hosts.is_empty(), "{}: no infrastructure", esp.name);
        let fields = esp.headers.iter().chain(esp.dkim.iter()).chain(esp.hosts.iter());
        assert!(fields.clone().all(|f| *f == f.to_lowercase()), "{}: capitals", esp.name);
    }
}

proptest! {
    #[test]
    fn nothing_panics(value in "\\PC{0,200}") {
        let _ = tenant(
            &format!("X-MSFBL: {value}\nX-Mailgun-Variables: {value}\nFeedback-ID: {value}\nReturn-Path: <{value}>\nFrom: {value}"),
            &Papers { dkim: &["sparkpostmail.com", "mailgun.org", "amazonses.com"], spf: None },
        );
    }
}
