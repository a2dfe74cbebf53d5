//! How names and local parts are read.

use sekisho_mail::{Domain, EmailAddress, Mailbox};
use sekisho_record::Submission;

use super::names;
use crate::{
    Answers, Context, Knowledge,
    context::{Organisation, Person},
};

fn mailbox(name: &str, email: &str) -> Mailbox {
    let (local, host) = email.split_once('@').unwrap_or_default();
    let root = names::root(host);
    let domain = Domain {
        domain: host.to_owned(),
        root_domain: Some(root.to_owned()),
        sld: root.split('.').next().map(str::to_owned),
        ..Domain::default()
    };
    let email = EmailAddress { email: email.to_owned(), local_part: Some(local.to_owned()), domain };
    Mailbox { display_name: Some(name.to_owned()), email, embedded: None }
}

#[test]
fn local_parts_of_programs_and_machines() {
    for local in ["postmaster", "www-data", "root", "admin2", "Mailer-Daemon".to_lowercase().as_str()] {
        assert!(names::is_technical(local), "{local}");
    }
    for local in ["anna", "rooter", "postmasters-club"] {
        assert!(!names::is_technical(local), "{local}");
    }
    for local in ["x7k2m9q4t1", "a3f9c2e17b40d6", "qwrtzpsdfg", "no-reply-k3j9x2m4"] {
        assert!(names::is_random(local), "{local}");
    }
    for local in
        ["john.smith1984", "info2024", "newsletter", "bounce+a3f9c2e17b40d6", "christoph", "k.schwarz"]
    {
        assert!(!names::is_random(local), "{local}");
    }
}

#[test]
fn addresses_and_domains_in_display_names() {
    let shown = |name: &str| names::shown_address(name).map(|a| a.email).unwrap_or_default();
    assert_eq!(shown("boss (ceo@corp.example.com) via x"), "ceo@corp.example.com");
    assert_eq!(shown("team @ work"), "");
    let domain = |name: &str| names::shown_domain(name).unwrap_or_default();
    assert_eq!(domain("amazon.co.jp"), "amazon.co.jp");
    assert_eq!(domain("support - mybank.com"), "mybank.com");
    assert_eq!(domain("j. r. smith, ph.d."), "");
    assert_eq!(domain("node.js weekly"), "");
}

#[test]
fn people_by_name_and_not_by_their_own_address() {
    let people = [Person { name: "Ken Ito".into(), addresses: vec!["ken@corp.example".into()] }];
    assert!(names::is_person("ken ito", &people, "ceo@evil.example"));
    assert!(names::is_person("ito, ken (ceo)", &people, "ceo@evil.example"));
    assert!(!names::is_person("ken ito", &people, "ken@corp.example"));
    assert!(!names::is_person("ken", &people, "ceo@evil.example"));
    assert!(!names::is_person("ken sato", &people, "ceo@evil.example"));
}

#[test]
fn the_recipients_own_organisation() {
    let organisation = Organisation {
        names: vec!["Acme".into()],
        domains: vec!["acme.example".into()],
        ..Organisation::default()
    };
    let none = Organisation::default();
    let to = mailbox("", "anna@contoso.example");
    let claims =
        |name: &str, org: &Organisation, root: &str| names::claims_organisation(name, org, &[&to], root);
    assert!(claims("acme hr", &organisation, "evil.example"));
    assert!(!claims("acme hr", &organisation, "acme.example"));
    assert!(!claims("acmeology", &organisation, "evil.example"));
    assert!(claims("contoso it desk", &none, "evil.example"));
    assert!(!claims("contoso it desk", &none, "contoso.example"));
}

#[test]
fn one_shared_word_is_no_claim() {
    let organisation = Organisation {
        names: vec!["Harbour Logistics".into()],
        domains: vec!["harbour.example".into()],
        ..Organisation::default()
    };
    let to = mailbox("", "anna@harbour.example");
    let claims = |name: &str| names::claims_organisation(name, &organisation, &[&to], "evil.example");
    for name in [
        "harbour",
        "harbour it",
        "harbour help desk",
        "harbour logistics letters",
        "mail harbour.example",
        "harbour 情報システム",
        "payroll (harbour)",
    ] {
        assert!(claims(name), "{name}");
    }
    for name in ["harbour letters", "old harbour fish market", "harbour 文学"] {
        assert!(!claims(name), "{name}");
    }
}

#[test]
fn a_name_made_of_the_recipient() {
    let to = mailbox("Anna Berg", "anna.berg@contoso.example");
    for name in ["anna berg", "anna.berg", "anna.berg@contoso.example files"] {
        assert!(names::is_recipient(name, &to), "{name}");
    }
    assert!(!names::is_recipient("anna", &to));
}

#[test]
fn domains_that_imitate_a_partner() {
    let organisation = Organisation { partners: vec!["northwind.example".into()], ..Organisation::default() };
    let kind = |host: &str| {
        let root = names::root(host);
        let domain = Domain {
            domain: host.to_owned(),
            root_domain: Some(root.to_owned()),
            sld: root.split('.').next().map(str::to_owned),
            subdomain: host
                .strip_suffix(root)
                .map(|s| s.trim_end_matches('.').to_owned())
                .filter(|s| !s.is_empty()),
            ..Domain::default()
        };
        names::imitated_partner(&domain, &organisation).map_or("", |f| f.1)
    };
    assert_eq!(kind("n0rthwind.example"), "confusable");
    assert_eq!(kind("northwnd.example"), "typo");
    assert_eq!(kind("northwind-billing.example"), "combo");
    assert_eq!(kind("northwind.test"), "tld");
    assert_eq!(kind("northwind.evil.test"), "subdomain");
    assert_eq!(kind("mail.northwind.example"), "");
    assert_eq!(kind("southwind.example"), "");
}

#[test]
fn a_list_that_rewrites_the_author_is_no_letter_to_oneself() {
    let own = |from: &str, fields: &str| {
        let raw = format!("From: {from}\r\nTo: sailors@lists.example\r\nSubject: x\r\n{fields}\r\nhello\r\n");
        let submission = Submission::from_bytes(raw.as_bytes());
        let message = sekisho_mail::parse(raw.as_bytes());
        crate::observe(message, &submission, &Answers::default(), &Context::default(), &Knowledge::default())
            .identity
            .sender_is_recipient
    };
    let via = "Eva Muster via sailors <sailors@lists.example>";
    assert!(!own(via, "List-Post: <mailto:sailors@lists.example>\r\n"));
    assert!(!own(via, "List-Id: <sailors.lists.example>\r\n"));
    assert!(own(via, ""));
    assert!(own(via, "List-Id: <others.lists.example>\r\n"));
    assert!(own("Eva Muster <sailors@lists.example>", "List-Id: <sailors.lists.example>\r\n"));
}
