//! Our header fields on a message, and forgeries of them.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use sekisho_policy::{Policy, Secret, Wish, apply, fields::outward, rule, settings};
use sekisho_record::{Class, Envelope, Evidence, Verdict};

/// The header with our fields. `words`: `verified` (we looked the papers up), `outbound`, `id`.
fn check(raw: &str, words: &[&str]) -> String {
    let authserv_id = words.contains(&"id").then(|| "mx.harbour.example".to_owned());
    let written = settings::Policy { authserv_id, ..settings::Policy::default() };
    let policy = Policy::new(&written, &["harbour.example".to_owned()]).unwrap();
    let mut evidence = Evidence::default();
    let found = &mut evidence.authentication;
    found.source = if words.contains(&"verified") { "verified" } else { "believed" }.to_owned();
    (found.spf, found.spf_domain) = (Some("pass".to_owned()), Some("a.example".to_owned()));
    (found.dkim, found.dkim_domains) = (Some("pass".to_owned()), vec!["a.example".to_owned()]);
    found.dmarc = Some("fail".to_owned());
    evidence.model.direction.outbound = Some(words.contains(&"outbound"));
    let to = if words.contains(&"outbound") { "x@else.example" } else { "ann@harbour.example" };
    let envelope = Envelope { rcpt_to: vec![to.to_owned()], ..Envelope::default() };
    let verdict = Verdict {
        class: Class::Suspicious,
        score: 61,
        decided_by: vec!["reply-new-link".to_owned(), "seven-digits".to_owned()],
        ..Verdict::default()
    };
    let wish = Wish { id: "r7".to_owned(), splits: true, ..Wish::default() };
    let raw = raw.replace('\n', "\r\n");
    let ruling = rule(raw.as_bytes(), &verdict, Some(&evidence), Some(&envelope), &policy, &wish);
    String::from_utf8(apply(raw.as_bytes(), &ruling.plain)).unwrap().replace("\r\n", "\n")
}

#[test]
fn mail_to_our_people_says_what_was_found() {
    insta::assert_snapshot!(check("From: a@a.example\n\nx", &["id", "verified"]), @"
    Sekisho-Verdict: suspicious; score=61; clause=suspicious-is-warned; id=r7;
    	rules=reply-new-link,
    	seven-digits
    Authentication-Results: mx.harbour.example;
    	spf=pass smtp.mailfrom=a.example;
    	dkim=pass header.d=a.example;
    	dmarc=fail
    From: a@a.example

    x
    ");
}

#[test]
fn papers_that_somebody_else_verified_are_not_ours_to_vouch_for() {
    assert!(!check("From: a@a.example\n\nx", &["id"]).contains("Authentication-Results"));
    assert!(!check("From: a@a.example\n\nx", &["verified"]).contains("Authentication-Results"));
}

#[test]
fn mail_that_leaves_tells_nobody_what_we_think_of_it() {
    assert_eq!(check("From: a@a.example\n\nx", &["id", "verified", "outbound"]), "From: a@a.example\n\nx");
}

#[test]
fn fields_in_our_name_are_removed_and_others_stay() {
    let raw = "Sekisho-Verdict: benign\nSEKISHO-Banner: v\n folded\nAuthentication-Results: other.example; spf=fail\n\
        authentication-results: (a (b)) \"MX.Harbour.example\"\n ; spf=pass\nX-Sekisho: theirs\n\
        Authentication-Results: mx.harbour.example.evil.example; spf=pass\nFrom: a\n\nx";
    insta::assert_snapshot!(check(raw, &["id", "outbound"]), @"
    Authentication-Results: other.example; spf=fail
    X-Sekisho: theirs
    Authentication-Results: mx.harbour.example.evil.example; spf=pass
    From: a

    x
    ");
}

/// What is left of results of somebody else, whose header begins with this.
fn left(results: &str) -> String {
    let raw = format!("{results}\nFrom: a@a.example\n\nx");
    check(&raw, &["id", "outbound"]).replace("From: a@a.example\n\nx", "")
}

#[test]
fn results_in_our_name_are_removed_however_they_are_written() {
    let own = "mx.harbour.example";
    for results in [
        format!("Authentication-Results: {own}; spf=pass"),
        format!("AUTHENTICATION-results:{own};spf=pass"),
        format!("Authentication-Results : {own}; spf=pass"),
        format!("Authentication-Results:\n {own};\n\tspf=pass\n smtp.mailfrom=a"),
        format!("Authentication-Results:\n\t\n (who) {own} ; spf=pass"),
        format!("Authentication-Results: (a (nested \\) still) comment) {own}; spf=pass"),
        format!("Authentication-Results: (folded\n comment)\n\t{own} 1; spf=pass"),
        format!("Authentication-Results: {own}(comment) 1; spf=pass"),
        format!("Authentication-Results: {own}(comment)1; spf=pass"),
        "Authentication-Results: mx.(x)harbour.example; spf=pass".to_owned(),
        "Authentication-Results: \"mx.harbour.example\"; spf=pass".to_owned(),
        "Authentication-Results: \"mx.\\harbour.example\"; spf=pass".to_owned(),
        "Authentication-Results: MX.Harbour.EXAMPLE.; spf=pass".to_owned(),
        "Authentication-Results: ; mx.harbour.example; spf=pass".to_owned(),
        "Authentication-Results: mx.harbour.example".to_owned(),
    ] {
        assert_eq!(left(&results), "", "{results}");
    }
    for results in [
        "Authentication-Results: (mx.harbour.example) other.example; spf=pass",
        "Authentication-Results: (mx.harbour.example\\) x) other.example; spf=pass",
        "Authentication-Results: mx.harbour.example.else.example; spf=pass",
        "Authentication-Results: amx.harbour.example; spf=pass",
        "Authentication-Results:\n other.example;\n\tspf=pass mx.harbour.example",
        "ARC-Authentication-Results: i=1; mx.harbour.example; spf=pass",
        "X-Authentication-Results: mx.harbour.example; spf=pass",
    ] {
        assert_eq!(left(results), format!("{results}\n"), "it is not ours to remove");
    }
}

#[test]
fn with_more_forgeries_than_are_removed_a_message_is_held() {
    let actions = |count: usize| {
        let raw = "Sekisho-Verdict: benign\r\n".repeat(count) + "From: a@a.example\r\n\r\nx";
        let policy = Policy::new(&settings::Policy::default(), &["harbour.example".to_owned()]).unwrap();
        let envelope = Envelope { rcpt_to: vec!["ann@harbour.example".to_owned()], ..Envelope::default() };
        let (verdict, evidence) = (Verdict::default(), Evidence::default());
        let ruling =
            rule(raw.as_bytes(), &verdict, Some(&evidence), Some(&envelope), &policy, &Wish::default());
        let left = String::from_utf8(apply(raw.as_bytes(), &ruling.plain)).unwrap();
        (ruling.decisions.safest().unwrap().action.name(), left.matches("Sekisho-Verdict").count())
    };
    let most = sekisho_policy::limits::FORGED_FIELDS_MAX;
    assert_eq!(actions(most), ("deliver", 1));
    assert_eq!(actions(most + 1).0, "quarantine");
}

/// What our people and what strangers get of a message of one of our people.
fn both(raw: &[u8], class: Class, to: &[&str]) -> [Vec<u8>; 2] {
    let policy = Policy::new(&settings::Policy::default(), &["harbour.example".to_owned()]).unwrap();
    let mut evidence = Evidence::default();
    evidence.model.direction.outbound = Some(true);
    evidence.authentication.source = "verified".to_owned();
    let rcpt_to = to.iter().map(|to| (*to).to_owned()).collect();
    let envelope = Envelope { rcpt_to, ..Envelope::default() };
    let verdict = Verdict { class, ..Verdict::default() };
    let wish = Wish { id: "r7".to_owned(), mark: "q7x".to_owned(), splits: true, ..Wish::default() };
    let ruling = rule(raw, &verdict, Some(&evidence), Some(&envelope), &policy, &wish);
    let strangers = (0..).zip(to).filter(|(_, to)| !to.ends_with("@harbour.example")).map(|(at, _)| at);
    assert_eq!(ruling.outside, strangers.collect::<Vec<u32>>());
    let ours = ruling.bannered.as_ref().unwrap_or(&ruling.plain);
    [apply(raw, ours), apply(raw, &outward(&ruling.plain))]
}

#[test]
fn of_mail_to_both_only_our_people_read_the_verdict() {
    let raw = b"Sekisho-Verdict: x\r\nFrom: bo@harbour.example\r\n\r\nhello\r\n";
    let [ours, strangers] = both(raw, Class::Benign, &["ann@harbour.example", "x@else.example"]);
    assert!(ours.starts_with(b"Sekisho-Verdict: benign;"));
    assert_eq!(strangers, b"From: bo@harbour.example\r\n\r\nhello\r\n");
    let [ours, strangers] = both(raw, Class::Benign, &["x@else.example"]);
    assert_eq!(ours, strangers, "there is nobody else");
    let [ours, strangers] = both(raw, Class::Suspicious, &["ann@harbour.example", "x@else.example"]);
    assert!(ours.windows(14).any(|window| window == b"Sekisho-Banner"));
    assert_eq!(strangers, b"From: bo@harbour.example\r\n\r\nhello\r\n");
}

/// A message to one of our people, in this form, with its banner.
fn bannered(kind: &str, text: &str) -> String {
    let raw = format!("From: a@a.example\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n{text}");
    let text = warned_raw(&raw).1.unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// A message of one of our people to a stranger, as it goes out.
fn sent(header: &str, text: &str) -> (String, String) {
    let raw = format!("From: bo@harbour.example\r\n{header}\r\n\r\n{text}");
    let [_, out] = both(raw.as_bytes(), Class::Benign, &["x@else.example"]);
    (raw, String::from_utf8(out).unwrap())
}

/// Replies and forwarded messages as mail programs write them: what is around the quoted text, and the text of a message
/// as it quotes it.
type Program = (&'static str, &'static str, fn(&str) -> String);

const PROGRAMS: [Program; 6] = [
    ("thunderbird", "text/plain", |text| {
        let lines: String = text.lines().map(|line| format!("> {line}\r\n")).collect();
        format!("OWN\r\n\r\nAm 01.02.26 um 10:00 schrieb A:\r\n{lines}\r\nAFTER\r\n")
    }),
    ("outlook, forwarded", "text/plain", |text| {
        format!(
            "OWN\r\n\r\n-----Original Message-----\r\nFrom: A <a@a.example>\r\nSent: Monday\r\nSubject: x\r\n\r\n{text}\r\nAFTER\r\n"
        )
    }),
    ("gmail, forwarded", "text/plain", |text| {
        format!(
            "OWN\r\n\r\n---------- Forwarded message ---------\r\nFrom: A <a@a.example>\r\n\r\n{text}AFTER\r\n"
        )
    }),
    ("gmail", "text/html", |page| {
        let page = page.replace("id=\"sekisho", "id=\"m_-77sekisho");
        format!(
            "<div dir=\"ltr\">OWN</div><br><div class=\"gmail_quote\"><blockquote class=\"gmail_quote\">{page}</blockquote></div>AFTER"
        )
    }),
    ("outlook", "text/html", |page| {
        let page = page.replace("id=\"sekisho", "id=\"x_sekisho").replace(";all:initial", "");
        format!(
            "<html><body><p class=MsoNormal>OWN</p><hr><div id=\"divRplyFwdMsg\">From: A</div><div>{page}</div>AFTER</body></html>"
        )
    }),
    ("thunderbird, html", "text/html", |page| {
        format!(
            "<html><body><p>OWN</p><div class=\"moz-cite-prefix\">A:<br></div><blockquote type=\"cite\" cite=\"mid:1@a.example\">{page}</blockquote>AFTER</body></html>"
        )
    }),
];

#[test]
fn replies_and_forwarded_mail_leave_without_the_banner() {
    for (name, kind, quote) in PROGRAMS {
        let own = if kind == "text/html" { "<p>QUOTED</p>" } else { "QUOTED\r\n" };
        let header = format!("Content-Type: {kind}; charset=utf-8");
        let (raw, out) = sent(&header, &quote(&bannered(kind, own)));
        assert!(raw.contains("Sekisho") && raw.contains("chain.example"), "{name}");
        for word in ["OWN", "QUOTED", "AFTER"] {
            assert!(out.contains(word), "{name}: {word} in {out}");
        }
        for word in ["ekisho", "chain.example", "===="] {
            assert!(!out.contains(word), "{name}: {word} in {out}");
        }
        // Nothing but the banner is gone: what is left is the beginning and the end of what was sent.
        let same = raw.bytes().zip(out.bytes()).take_while(|(a, b)| a == b).count();
        assert!(raw.ends_with(&out[same..]), "{name}: {out}");
    }
}

#[test]
fn what_quotes_no_banner_or_is_signed_keeps_every_byte() {
    for (_, kind, quote) in PROGRAMS {
        let header = format!("Content-Type: {kind}; charset=utf-8");
        let (raw, out) = sent(&header, &quote("We talked about Sekisho.\r\n==== What a day ====\r\n"));
        assert_eq!(out, raw);
        let quoted = quote(&bannered(kind, "QUOTED\r\n"));
        let (raw, out) = sent(&format!("DKIM-Signature: v=1; d=harbour.example\r\n{header}"), &quoted);
        assert_eq!(out, raw, "somebody signed it");
        let signed = format!(
            "--b\r\n{header}\r\n\r\n{quoted}\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n"
        );
        let (raw, out) = sent("MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b", &signed);
        assert_eq!(out, raw, "its writer signed it");
    }
}

#[test]
fn internal_mail_with_a_banner_of_its_own_has_only_that() {
    let quoted = PROGRAMS[0].2(&bannered("text/plain", "QUOTED\r\n"));
    let raw = format!("From: bo@harbour.example\r\n\r\n{quoted}");
    let [ours, strangers] =
        both(raw.as_bytes(), Class::Suspicious, &["ann@harbour.example", "x@else.example"]);
    let ours = String::from_utf8(ours).unwrap();
    assert_eq!(ours.matches("==== Sekisho q7x ====").count(), 1, "{ours}");
    let undressed = sekisho_policy::banner::undress(ours.as_bytes()).unwrap();
    assert_eq!(undressed, strangers);
}

#[test]
fn a_banner_is_ours_by_its_key() {
    let raw = "From: a@a.example\r\n\r\nSign in\r\n";
    let dressed = warned_raw(raw).1.unwrap();
    let own = |key: &[u8]| sekisho_policy::banner::undress_own(dressed.as_bytes(), key);
    assert_eq!(own(b"key of the installation").as_deref(), Some(raw.as_bytes()));
    assert_eq!(own(b"another"), None);
    assert_eq!(own(b""), None);
}

#[test]
fn a_banner_of_ours_that_comes_again_stays_removable() {
    let raw = "From: a@a.example\r\n\r\nSign in\r\n";
    let dressed = warned_raw(raw).1.unwrap();
    let again = |key: &[u8]| {
        let policy = Policy::new(&settings::Policy::default(), &["harbour.example".to_owned()]).unwrap();
        let wish = Wish { banner_key: Secret::new(key), ..Wish::default() };
        let evidence = Evidence::default();
        let ruling = rule(dressed.as_bytes(), &Verdict::default(), Some(&evidence), None, &policy, &wish);
        apply(dressed.as_bytes(), &ruling.plain)
    };
    let out = again(b"key of the installation");
    assert!(out.starts_with(b"Sekisho-Verdict: benign;"));
    assert_eq!(sekisho_policy::banner::undress(&out).as_deref(), Some(raw.as_bytes()));
    assert_eq!(sekisho_policy::banner::undress(&again(b"another")), None, "a stranger's field is removed");
}

/// What becomes of a suspicious message: action, and where the banner stands in its text.
fn warned(raw: &str) -> String {
    let raw = raw.replace('\n', "\r\n");
    let (action, text) = warned_raw(&raw);
    let Some(text) = text else { return format!("{action}, no banner") };
    assert_eq!(
        sekisho_policy::banner::undress(text.as_bytes()).as_deref(),
        Some(raw.as_bytes()),
        "removing banner and fields gives the original"
    );
    format!("{action}\n{}", text.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "\n"))
}

/// The same: the action, and the message with its banner if it has one.
fn warned_raw(raw: &str) -> (String, Option<String>) {
    warned_by(raw, Wish::default())
}

fn warned_by(raw: &str, wish: Wish) -> (String, Option<String>) {
    let policy = Policy::new(&settings::Policy::default(), &["harbour.example".to_owned()]).unwrap();
    let mut evidence = Evidence::default();
    evidence.brand.claimed = Some("Microsoft".to_owned());
    evidence.authentication.root_domains = vec!["chain.example".to_owned()];
    evidence.tenant.esp = Some("Mailgun".to_owned());
    let envelope = Envelope { rcpt_to: vec!["ann@harbour.example".to_owned()], ..Envelope::default() };
    let verdict = Verdict {
        class: Class::Suspicious,
        threat: Some(sekisho_record::Threat::CredentialPhishing),
        ..Verdict::default()
    };
    let banner_key = Secret::new(*b"key of the installation");
    let wish = Wish { id: "r7".to_owned(), mark: "q7x".to_owned(), splits: true, banner_key, ..wish };
    let ruling = rule(raw.as_bytes(), &verdict, Some(&evidence), Some(&envelope), &policy, &wish);
    let action = ruling.decisions.safest().unwrap().action.name();
    let dressed = ruling.bannered.map(|change| String::from_utf8(apply(raw.as_bytes(), &change)).unwrap());
    (action.to_owned(), dressed)
}

#[test]
fn suspicious_mail_says_who_it_claims_to_be_and_who_sent_it() {
    insta::assert_snapshot!(warned("From: a@a.example\n\nSign in here: https://x.example/\n"), @r#"
    banner
    ==== [!] Warning - Sekisho ====
    This message may try to steal a password.
    It claims to be from "Microsoft" but was sent by chain.example through
    Mailgun.
    Do not click its links.
    ==== Sekisho q7x ====

    Sign in here: https://x.example/
    "#);
}

#[test]
fn no_banner_is_made_for_whoever_takes_no_other_body() {
    let raw = "From: a@a.example\r\n\r\nSign in here: https://x.example/\r\n";
    for (body_stays, banner) in [(false, true), (true, false)] {
        let (action, text) = warned_by(raw, Wish { body_stays, ..Wish::default() });
        assert_eq!((action.as_str(), text.is_some()), ("banner", banner));
    }
}

#[test]
fn signed_mail_keeps_its_bytes() {
    let signed = "From: a@a.example\nMIME-Version: 1.0\n\
        Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\n\n\
        --b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n";
    assert_eq!(warned(signed), "banner, no banner");
}
