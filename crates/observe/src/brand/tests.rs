//! Data checks and, per surface, a message that claims beside a twin that does not.

use sekisho_mail::{Domain, EmailAddress, Link, Mailbox, Url};
use sekisho_record::{
    Evidence, Submission,
    evidence::{Authentication, LinkFacts, link::Target},
};

use super::book::{Book, Hold, check};
use crate::{Context, Knowledge, View};

fn book() -> &'static Book {
    &Knowledge::builtin().brands
}

/// A domain taken apart as the parser does, for names under one-label suffixes and `co.jp`.
fn domain(name: &str) -> Domain {
    let (root, tld) = super::own::split(name);
    Domain {
        domain: name.to_owned(),
        root_domain: Some(root.to_owned()),
        sld: root.split('.').next().map(str::to_owned),
        subdomain: name
            .strip_suffix(root)
            .map(|s| s.trim_end_matches('.').to_owned())
            .filter(|s| !s.is_empty()),
        tld: Some(tld.to_owned()),
        valid: true,
        punycode: None,
    }
}

fn address(email: &str) -> EmailAddress {
    let (local, host) = email.split_once('@').unwrap_or((email, ""));
    EmailAddress { email: email.to_owned(), local_part: Some(local.to_owned()), domain: domain(host) }
}

/// `display|address|subject|body` → `brand strength surfaces…` of the claims that are at least medium.
fn claims(mail: &str) -> String {
    let evidence = evidence(mail);
    let brand = super::observe(&evidence, &view(&evidence));
    let shown = brand.claims.iter().filter(|c| c.strength != "low");
    shown
        .map(|c| format!("{} {} {}", c.brand, c.strength, c.surfaces.join("+")))
        .collect::<Vec<_>>()
        .join("; ")
}

fn evidence(mail: &str) -> Evidence {
    let mut parts = mail.splitn(4, '|').map(str::to_owned);
    let mut evidence = Evidence::default();
    evidence.model.sender.display_name = parts.next();
    evidence.model.sender.email = parts.next().map(|a| address(&a));
    evidence.model.subject.subject = parts.next();
    evidence.model.body.current_thread.text = parts.next().unwrap_or_default();
    evidence.model.recipients.to = vec![Mailbox { email: address("ken@corp.example"), ..Mailbox::default() }];
    evidence
}

fn view(_: &Evidence) -> View<'static> {
    static CONTEXT: std::sync::LazyLock<Context> = std::sync::LazyLock::new(Context::default);
    static SUBMISSION: std::sync::LazyLock<Submission<'static>> =
        std::sync::LazyLock::new(|| Submission::from_bytes(b""));
    View {
        submission: &SUBMISSION,
        fields: &[],
        auth_results: &[],
        author: None,
        authors: &[],
        sender: None,
        context: &CONTEXT,
        knowledge: Knowledge::builtin(),
    }
}

#[test]
fn every_line_of_the_files_reads() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../brands")).expect("folder") {
        let path = entry.expect("entry").path();
        if path.extension().is_some_and(|e| e == "brands") {
            let text = std::fs::read_to_string(&path).expect("text");
            assert_eq!(check(&text), [], "{}", path.display());
        }
    }
}

#[test]
fn every_brand_has_names_and_domains_and_shares_no_name() {
    let mut seen = std::collections::HashMap::new();
    let (mut head, mut keys) = (String::new(), String::new());
    let texts = super::book::FILES.concat();
    for line in texts.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).chain(["[end] x"]) {
        if line.starts_with('[') {
            let complete = keys.contains("domains") || keys.contains("tenants") || keys.contains("mailboxes");
            assert!(
                head.is_empty() || complete && (keys.contains("names") || keys.contains("weak")),
                "{head}"
            );
            (head, keys) = (line.to_owned(), String::new());
        } else if let Some((key, values)) = line.split_once(':') {
            keys.push_str(key);
            for name in values.split(',').map(str::trim).filter(|_| key == "names" || key == "weak") {
                assert_eq!(seen.insert(name.to_owned(), head.clone()), None, "{name} of {head}");
            }
        }
    }
}

#[test]
fn malformed_lines_are_named() {
    let bad = check("names: early\n[No sector]\n[Fine] tech us\ncolour: red\nnames\n");
    assert_eq!(bad.iter().map(|b| b.line).collect::<Vec<_>>(), [1, 2, 4, 5]);
}

#[test]
fn a_folder_adds_brands_and_extends_known_ones() {
    let book = Book::build([
        "[Local Co-op] retail\nnames: local co-op\ndomains: coop.example\n[Local Co-op] retail\ndomains: shop.example",
    ]);
    assert_eq!(book.brands().len(), 1);
    assert!(
        book.owns(0, "mail.coop.example") && book.owns(0, "shop.example") && !book.owns(0, "notcoop.example")
    );
}

#[test]
fn tenants_and_mailboxes_are_not_the_brands_own() {
    let holds = |domain: &str| {
        book()
            .holders(domain)
            .map(|(b, h)| (book().brand(b).map_or("", |b| b.name.as_str()), h))
            .collect::<Vec<_>>()
    };
    assert_eq!(holds("contoso.sharepoint.com"), [("Microsoft", Hold::Tenants)]);
    assert_eq!(holds("gmail.com"), [("Google", Hold::Mailboxes)]);
    assert_eq!(holds("accountprotection.microsoft.com").first(), Some(&("Microsoft", Hold::Own)));
    assert!(holds("microsoft.com.evil.example").is_empty());
}

#[test]
fn names_are_claimed_by_their_surface() {
    let rows = [
        // display name
        ("Microsoft 365 Admin|a@evil.example||", "Microsoft high display_name"),
        ("Міcrоsоft|a@evil.example||", "Microsoft high display_name"),
        ("Micros0ft Support|a@evil.example||", "Microsoft high display_name"),
        ("M i c r o s o f t|a@evil.example||", "Microsoft high display_name"),
        ("三井住友カード|a@evil.example||", "SMBC Card high display_name"),
        ("えきねっと|a@evil.example||", "JR East high display_name"),
        ("Chase Alerts|a@evil.example||", "JPMorgan Chase high display_name"),
        ("Chase Miller|a@evil.example||", ""),
        ("Tim|a@evil.example||", "TIM medium display_name"),
        ("Tim Cook|a@evil.example||", ""),
        ("Microsoft News Weekly|a@blog.example||", ""),
        ("ライオン株式会社|a@lion.example||", ""),
        ("mail@ledger-clients.com via SurveyMonkey|a@evil.example||", "Ledger high display_name"),
        // address
        ("|noreply-netflix@evil.example||", "Netflix medium local_part"),
        ("|a@netfl1x.com||", "Netflix high lookalike_domain"),
        ("|a@paypal-security.com||", "PayPal medium lookalike_domain"),
        ("|a@paypal.com.evil.example||", "PayPal medium subdomain"),
        ("|a@netflix.zendesk.com||", ""),
        // subject
        ("|a@evil.example|Your PayPal account is limited|", "PayPal medium subject"),
        ("|a@evil.example|【重要】メルカリ事務局からのお知らせ|", "Mercari medium subject"),
        ("|a@evil.example|How PayPal lost the market|", ""),
        // body
        ("|a@evil.example||Netflix\nHi Ken,\nupdate your details", "Netflix medium heading"),
        ("|a@evil.example||Hi Ken,\nI watched Netflix last night and liked it", ""),
        ("|a@evil.example||Please verify your Ledger wallet now", ""),
        (
            "|a@evil.example||Hello\nyou\nshould\nsee\nto\nthis\nsoon\nThe PayPal Team",
            "PayPal medium sign_off",
        ),
        ("|a@evil.example||Hello\nask the PayPal team about it", ""),
        ("|a@evil.example||Hello\n© 2024 Apple Inc. All rights reserved", "Apple medium copyright"),
        ("|a@evil.example||Hello\n© 2001 Apple. All rights reserved", ""),
        ("Penguin Shell|a@evil.example|Penguin Shell 12|Shell. A Shell is a Shell.", ""),
        ("Outlook Team|a@evil.example||", "Microsoft high display_name"),
        ("Jira|a@evil.example||", ""),
        ("cPanel Alerts|a@evil.example||", "cPanel medium display_name"),
        ("|a@evil.example||Hello\napple pie for all", ""),
    ];
    for (mail, want) in rows {
        assert_eq!(claims(mail), want, "{mail}");
    }
}

#[test]
fn who_owns_papers_and_links_is_told_per_claim() {
    let mut evidence = evidence("PayPal|service@paypal.com|Receipt|");
    evidence.link = LinkFacts { targets: vec![target("www.paypal.com")], ..LinkFacts::default() };
    let own = super::observe(&evidence, &view(&evidence));
    assert!(!own.sender_owns && own.links_own && !own.links_leave, "nothing vouches for it yet: {own:?}");
    assert!(own.claims[0].author_owns && own.claims[0].links_all_own);
    evidence.authentication =
        Authentication { dkim_domains: vec!["paypal.com".into()], ..Authentication::default() };
    assert!(super::observe(&evidence, &view(&evidence)).sender_owns);
    evidence.link.targets.push(Target { prominent: true, ..target("evil.example") });
    assert!(super::observe(&evidence, &view(&evidence)).links_leave);
}

fn target(host: &str) -> Target {
    Target { host: host.to_owned(), root_domain: super::registrable(host).to_owned(), ..Target::default() }
}

#[test]
fn a_shown_address_of_a_brand_that_opens_elsewhere_claims_it() {
    let url = |host: &str| Url { url: format!("https://{host}/"), domain: domain(host), ..Url::default() };
    let mut evidence = evidence("|a@evil.example||");
    let link = Link {
        display_url: Some(url("www.netflix.com")),
        href_url: url("evil.example"),
        mismatched: Some(true),
        visible: true,
        ..Link::default()
    };
    evidence.model.body.current_thread.links = vec![link];
    let brand = super::observe(&evidence, &view(&evidence));
    assert_eq!(brand.claimed.as_deref(), Some("Netflix"));
    evidence.model.body.current_thread.links[0].href_url = url("netflix.com");
    assert_eq!(super::observe(&evidence, &view(&evidence)).claimed, None);
}

#[test]
fn hosts_that_imitate_are_told_from_hosts_that_are_alike_by_chance() {
    let rows = [
        ("paypa1.com", "PayPal confusable"),
        ("rnicrosoft.com", "Microsoft confusable"),
        ("microsoft-login.com", "Microsoft combo"),
        ("secure-chase-verify.com", "JPMorgan Chase combo"),
        ("trustwalletsupport.com", "Trust Wallet combo"),
        ("netflixx.com", "Netflix typo"),
        ("paypal.com.evil.example", "PayPal subdomain"),
        ("microsoft.xyz", "Microsoft tld"),
        ("paypal.com", ""),
        ("mail.paypal.co.uk", ""),
        ("chase-farm.example", ""),
        ("lidls.example", ""),
        ("revolt.example", ""),
        ("applepie.example", ""),
        ("amazonasreisen.example", ""),
    ];
    for (host, want) in rows {
        let (root, tld) = super::own::split(host);
        let found = super::lookalike(book(), host, root, tld);
        let name = |b| book().brand(b).map_or("", |b| b.name.as_str());
        let shown = found.map(|f| format!("{} {}", name(f.brand), f.kind)).unwrap_or_default();
        assert_eq!(shown, want, "{host}");
    }
}

#[test]
fn slugs_are_letters_and_digits() {
    assert_eq!(super::slug("Trust Wallet"), "trustwallet");
    assert_eq!(super::slug("AT&T"), "att");
    assert_eq!(super::slug("Itaú"), "itau");
}

proptest::proptest! {
    #[test]
    fn any_text_is_observed(text in "\\PC{0,200}", body in "\\PC{0,400}", mail in "[a-z0-9.@-]{0,40}") {
        let evidence = evidence(&format!("{text}|{mail}|{text}|{body}"));
        let _ = super::observe(&evidence, &view(&evidence));
    }

    #[test]
    fn any_host_is_looked_at(host in "[a-z0-9.\\-\u{430}-\u{440}]{0,80}") {
        let (root, tld) = super::own::split(&host);
        let _ = super::lookalike(book(), &host, root, tld);
    }
}
