//! Banners on some two hundred messages: put in visibly, taken out byte for byte, seen by a real browser.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod browser;
mod cases;

use sekisho_mail::{Html, Span, charset, html::NodeRef, leaf, parse};
use sekisho_policy::{
    apply,
    banner::{Advice, Banner, Carried, Dressed, Gap, Wording, carried, dress, dress_with, undress},
};
use sekisho_record::{FieldChange, Level, Threat};

/// The secret of this installation.
const KEY: &[u8] = b"a secret";

fn banner(level: Level, language: &str) -> Banner {
    Banner {
        level,
        wording: Wording {
            risk: Some(Threat::CredentialPhishing),
            claims: Some("Microsoft".into()),
            really: Some("grill.example".into()),
            through: Some("mailer.example".into()),
            advice: Advice::Leave,
        },
        language: language.into(),
        report: Some("https://sekisho.example/r?m=4f9c2&x=~1".into()),
        details: Some("https://sekisho.example/d/4f9c2".into()),
        mark: "4f9c2k7".into(),
    }
}

fn dressed(raw: &[u8], banner: &Banner) -> (Dressed, Vec<u8>) {
    let dressed = dress_with(raw, &parse(raw), banner, &[], KEY);
    let out = apply(raw, &dressed.change);
    (dressed, out)
}

/// The text of every part that is shown as the body.
fn bodies(raw: &[u8]) -> Vec<(bool, String)> {
    let structure = leaf::structure(raw, &parse(raw));
    let shown = structure.leaves.iter().filter(|leaf| leaf.shown && leaf.media_type.starts_with("text/"));
    shown
        .map(|leaf| {
            let (bytes, _) = leaf.encoding.decode(leaf.body.slice(raw));
            let text = charset::decode(&bytes, leaf.charset.as_deref()).text.into_owned();
            (leaf.media_type == "text/html", text)
        })
        .collect()
}

/// The banner's element, by its id.
fn element<'a>(node: NodeRef<'a>) -> Option<NodeRef<'a>> {
    let own = node.attribute("id") == Some("sekisho-4f9c2k7");
    if own { Some(node) } else { node.children().find_map(element) }
}

/// In every rendering: the banner is visible, whole, in no element of the message, before its own text.
fn assert_visible(name: &str, raw: &[u8]) {
    for (html, text) in bodies(raw) {
        let page = html.then(|| Html::parse(&text));
        let shown = page.as_ref().map_or(text.as_str(), |page| page.display_text.as_str());
        let at =
            |needle: &str| shown.find(needle).unwrap_or_else(|| panic!("{name}: no {needle}: {shown:?}"));
        assert!(at("Sekisho") < 60, "{name}: {shown:?}");
        assert!(shown.find("OWN").is_none_or(|own| at("grill.example") < own), "{name}: {shown:?}");
        if let Some(page) = &page {
            let found = element(page.document()).unwrap_or_else(|| panic!("{name}: no element"));
            let mut above = found.parent();
            while let Some(node) = above {
                assert!(matches!(node.name(), "html" | "body" | ""), "{name}: in {}", node.name());
                above = node.parent();
            }
            assert!(found.display_text().contains("mailer.example"), "{name}");
        }
    }
}

#[test]
fn two_hundred_messages_are_dressed_visibly_and_undressed_byte_for_byte() {
    let cases = cases::all();
    assert!(cases.len() >= 200, "{}", cases.len());
    for (n, case) in cases.iter().enumerate() {
        let level = [Level::Notice, Level::Warning, Level::Danger][n % 3];
        let banner = banner(level, ["en", "ja", "de", "fr", "es"][n % 5]);
        let (dressed, out) = dressed(&case.raw, &banner);
        let name = &case.name;
        let gaps: Vec<Gap> =
            dressed.gaps.iter().map(|(gap, _)| *gap).filter(|g| *g != Gap::Language).collect();
        assert_eq!(gaps, Vec::<Gap>::new(), "{name}");
        assert!(dressed.parts > 0 && out != case.raw, "{name}");
        assert_visible(name, &out);
        assert_eq!(cases::bare_feeds(&out), cases::bare_feeds(&case.raw), "{name}");
        assert_eq!(undress(&out).as_deref(), Some(case.raw.as_slice()), "{name}");
        // Whoever finds it on its way again replaces the banner.
        let (redressed, twice) = self::dressed(&out, &self::banner(Level::Danger, "ja"));
        assert_eq!(redressed.parts, dressed.parts, "{name}");
        assert_visible(name, &twice);
        assert_eq!(undress(&twice).as_deref(), Some(case.raw.as_slice()), "{name}");
        // A mail server puts its fields on top, and a mailbox keeps bare line feeds.
        let stored = cases::unix(
            &[b"Received: from a by b\r\n\tfor c\r\nDelivered-To: x@y.example\r\n", &out[..]].concat(),
        );
        assert_eq!(undress(&stored), Some(cases::unix(&case.raw)), "{name}");
        // And SMTP ends every message with a line end.
        if !out.ends_with(b"\n") {
            assert_eq!(
                undress(&[&out[..], b"\r\n"].concat()).as_deref(),
                Some(case.raw.as_slice()),
                "{name}"
            );
        }
    }
}

#[test]
fn what_a_change_would_break_is_left_alone_with_its_reason() {
    for (name, raw, want) in cases::left_alone() {
        let (dressed, out) = dressed(&raw, &banner(Level::Danger, "en"));
        assert_eq!(dressed.gaps.first().map(|(gap, _)| *gap), Some(want), "{name}");
        assert!(dressed.change == sekisho_record::Change::default() && out == raw, "{name}");
    }
}

#[test]
fn the_rest_of_a_message_around_a_signed_part_is_dressed() {
    let raw = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nOWN list header\r\n--m\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nsigned\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n--m--\r\n";
    let (dressed, out) = dressed(raw, &banner(Level::Danger, "en"));
    assert_eq!(dressed.parts, 1);
    assert!(dressed.gaps.iter().all(|(gap, _)| *gap == Gap::Signed) && !dressed.gaps.is_empty());
    let signed = b"--s\r\n\r\nsigned\r\n--s\r\n";
    assert!(out.windows(signed.len()).any(|window| window == signed));
    assert_eq!(undress(&out).as_deref(), Some(&raw[..]));
}

#[test]
fn other_changes_of_the_header_go_with_the_banner() {
    let raw = b"Received: a\r\nSekisho-Verdict: fine\r\nFrom: a@b.example\r\nSekisho-Banner: v=1; h=x\r\n\r\nOWN text\r\n";
    let insert = FieldChange::Insert { name: "Sekisho-Verdict".into(), value: " bad".into() };
    let remove = |name: &str| FieldChange::Remove { name: name.into(), nth: 1 };
    let others = [remove("sekisho-verdict"), insert, remove("sekisho-banner")];
    let dressed = dress_with(raw, &parse(raw), &banner(Level::Danger, "en"), &others, KEY);
    let out = apply(raw, &dressed.change);
    assert!(out.starts_with(b"Sekisho-Verdict: bad\r\nSekisho-Banner: v=1;"));
    assert_eq!(undress(&out).as_deref(), Some(&b"Received: a\r\nFrom: a@b.example\r\n\r\nOWN text\r\n"[..]));
}

/// A reply to a dressed message, as mail programs write one, in this encoding; and what is left of it.
fn reply(encoding: &str, quote: impl Fn(&str) -> String, html: bool) -> (String, String) {
    let own = if html { "<html><body><p>QUOTED</p></body></html>" } else { "QUOTED\r\nlines\r\n" };
    let kind = if html { "text/html" } else { "text/plain" };
    let raw = cases::single(kind, own, "8bit");
    let (_, out) = dressed(&raw, &banner(Level::Danger, "ja"));
    let raw = cases::single(kind, &quote(&bodies(&out)[0].1), encoding);
    let carried = carried(&raw, &parse(&raw));
    assert_eq!(carried.spans.len(), carried.change.body.len());
    (bodies(&raw)[0].1.clone(), bodies(&apply(&raw, &carried.change))[0].1.clone())
}

#[test]
fn replies_do_not_carry_a_banner_away() {
    let prefixed = |text: &str| {
        let lines: String = text.lines().map(|line| format!("> {line}\r\n")).collect();
        format!("Thanks!\r\n\r\nOn Monday you wrote:\r\n{lines}")
    };
    let gmail = |page: &str| {
        format!(
            "<div>Thanks!</div><blockquote>{}</blockquote>",
            page.replace("id=\"sekisho", "id=\"m_123sekisho")
        )
    };
    let bare = |page: &str| {
        format!(
            "<div>Thanks!</div>{}",
            page.replace("id=\"sekisho-4f9c2k7\"", "").replace(";all:initial", "")
        )
    };
    let plain = |text: &str| text.to_owned();
    for encoding in ["8bit", "qp", "base64", "base64-one"] {
        for (html, quote) in [
            (false, &prefixed as &dyn Fn(&str) -> String),
            (true, &gmail),
            (true, &bare),
            (false, &plain),
            (true, &plain),
        ] {
            let (before, after) = reply(encoding, quote, html);
            assert!(before.contains("Sekisho") && before.contains("grill.example"));
            for gone in ["Sekisho", "sekisho-4f9c2k7", "grill.example", "===="] {
                assert!(!after.contains(gone), "{encoding}: {gone} in {after}");
            }
            assert!(
                after.contains("QUOTED") && after.contains("Thanks!") == before.contains("Thanks!"),
                "{after}"
            );
        }
    }
    let raw = cases::single("text/plain", "We use Sekisho.\r\n====\r\n", "8bit");
    assert_eq!(carried(&raw, &parse(&raw)), Carried::default());
}

/// What stands between the banner and `mark` in the text that a reader sees; how many imitations were told apart.
fn imitated(content: &str, mark: &str) -> (usize, bool) {
    let raw = format!("From: a@b.example\r\nMIME-Version: 1.0\r\n{content}");
    let (dressed, out) = dressed(raw.as_bytes(), &banner(Level::Warning, "en"));
    assert_eq!(undress(&out).as_deref(), Some(raw.as_bytes()), "{content}");
    let (html, text) = bodies(&out).remove(0);
    let shown = if html { Html::parse(&text).display_text } else { text };
    let shown: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let before = shown.split_once(mark).unwrap_or_else(|| panic!("{content}: no {mark} in {shown}")).0;
    (dressed.imitations, before.trim_end().ends_with("looks like a warning of ours and is not."))
}

#[test]
fn imitations_of_a_banner_get_a_notice_directly_before_them() {
    let text = "Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n";
    let page = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p>";
    let check = |content: String, mark: &str| assert_eq!(imitated(&content, mark), (1, true), "{content}");
    check(format!("{text}==== [i] Notice - Sekisho ====\r\nchecked\r\n"), "==== [i] Notice");
    check(format!("{text}> Sekisho 危険 checked\r\n"), "> Sekisho");
    check(format!("{page}<div id=sekisho-1><b>Notice</b> · Sekisho</div>checked"), "Notice ·");
    check(format!("{page}<table><tr><td>!</td><td>SEKISHO: Gefahr</td></tr></table>"), "SEKISHO:");
    check(format!("{page}<p>Sekisho-Banner: v=1"), "Sekisho-Banner");
    let base64 = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        "<p>Hello</p><p>Sekisho, danger</p>",
    );
    check(
        format!("Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64}\r\n"),
        "Sekisho, danger",
    );
}

#[test]
fn imitations_that_no_search_finds_are_told_in_the_banner() {
    let page = "Content-Type: text/html; charset=utf-8\r\n\r\n";
    for imitation in ["<p>S&#101;kisho danger", "<p>S<b>ekisho</b> danger", "<textarea>Sekisho danger"] {
        let raw = format!("From: a@b.example\r\n{page}{imitation}");
        let (dressed, out) = dressed(raw.as_bytes(), &banner(Level::Warning, "en"));
        let shown = Html::parse(&bodies(&out)[0].1).display_text;
        let told =
            shown.find("looks like a warning of ours").unwrap_or_else(|| panic!("{imitation}: {shown}"));
        assert!(dressed.imitations == 1 && told < shown.find("Report this").unwrap(), "{shown}");
    }
}

#[test]
fn what_is_no_imitation_gets_no_notice() {
    for content in [
        "\r\nWe use Sekisho and like it.\r\n",
        "\r\nDanger ahead!\r\n",
        "Content-Type: text/html\r\n\r\n<p>Sekisho</p><p style='display:none'>danger</p>",
    ] {
        let raw = format!("From: a@b.example\r\n{content}");
        let (dressed, out) = dressed(raw.as_bytes(), &banner(Level::Warning, "en"));
        assert!(dressed.imitations == 0 && !bodies(&out)[0].1.contains("looks like"), "{content}");
    }
}

#[test]
fn a_field_that_somebody_else_wrote_takes_nothing_away() {
    let raw = b"From: a@b.example\r\n\r\nOWN text\r\n";
    let theirs = dress_with(raw, &parse(raw), &banner(Level::Notice, "en"), &[], b"their secret");
    let theirs = apply(raw, &theirs.change);
    let (again, out) = dressed(&theirs, &banner(Level::Danger, "en"));
    assert_eq!((again.parts, again.imitations), (1, 1));
    assert_eq!(undress(&out), Some(theirs.clone()));
    assert_eq!(bodies(&out)[0].1.matches("Sekisho ====").count(), 2);
    // Without a key our own is no better.
    let plain = dress(&theirs, &parse(&theirs), &banner(Level::Danger, "en"));
    assert_eq!(plain.imitations, 1);
}

#[test]
fn what_a_sender_can_break_does_not_keep_the_banner_away() {
    let junk = "!".repeat(200_000);
    for content in [
        format!(
            "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGJv{junk}ZH{junk}k+T1dO\r\n"
        ),
        "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGJvZH\rk+T1dO\r\n".to_owned(),
        "Content-Type: text/html\r\n\r\n<html>\r\r<p>OWN".to_owned(),
        "Content-Type: text/html\n\n<html>\r\r<p>OWN\n".to_owned(),
        format!("Content-Type: text/html\r\n\r\n{}", "<p>Sekisho danger OWN</p>".repeat(5_000)),
        format!("Content-Type: text/html\r\n\r\n{}OWN", "<div>".repeat(5_000)),
    ] {
        let line_end = if content.contains("\r\n") { "\r\n" } else { "\n" };
        let raw = format!("From: a@b.example{line_end}{content}").into_bytes();
        let (dressed, out) = dressed(&raw, &banner(Level::Danger, "en"));
        let name = content.get(..80).unwrap_or(&content);
        assert_eq!((dressed.parts, dressed.gaps.len()), (1, 0), "{name}");
        assert_visible(name, &out);
        assert!(undress(&out) == Some(raw), "{name}");
    }
}

#[test]
fn a_changed_message_is_not_undressed() {
    let raw = b"From: a@b.example\r\nSubject: x\r\n\r\nOWN text\r\n";
    let (_, out) = dressed(raw, &banner(Level::Danger, "en"));
    assert_eq!(undress(&out).as_deref(), Some(&raw[..]));
    let tampered = String::from_utf8(out).unwrap().replace("OWN text", "Own text");
    assert_eq!(undress(tampered.as_bytes()), None);
    assert_eq!(undress(raw), None);
}

#[test]
fn attachments_and_enclosed_messages_stay_as_they_are() {
    let raw = cases::with_attachments();
    let (dressed, out) = dressed(&raw, &banner(Level::Warning, "ja"));
    assert_eq!(dressed.parts, 2);
    let text = String::from_utf8(out).unwrap();
    for part in [
        "\r\n\r\nnotes, not a body\r\n",
        "\r\n\r\nSubject: enclosed\r\n\r\nenclosed body\r\n",
        "\r\n\r\n<p>page as a file</p>\r\n",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn the_change_speaks_the_readers_language_where_it_can() {
    let check = |head: &str, body: &str| {
        let raw = format!("From: a@b.example\r\n{head}\r\n{body}");
        let (dressed, out) = dressed(raw.as_bytes(), &banner(Level::Danger, "ja"));
        let language = dressed.gaps.iter().any(|(gap, _): &(Gap, Option<Span>)| *gap == Gap::Language);
        (bodies(&out)[0].1.contains("名乗って"), language)
    };
    assert_eq!(
        check("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n", "OWN"),
        (true, false)
    );
    assert_eq!(check("Content-Type: text/plain; charset=iso-2022-jp\r\n", "OWN"), (true, false));
    assert_eq!(
        check(
            "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n",
            "OWN"
        ),
        (false, true)
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_come_back_or_a_reason_is_named(
        pieces in proptest::collection::vec(proptest::sample::select(cases::PIECES.to_vec()), 0..40),
        noise in proptest::collection::vec(proptest::num::u8::ANY, 0..40),
    ) {
        let mut raw: Vec<u8> = pieces.concat().into_bytes();
        raw.extend(noise);
        let (dressed, out) = dressed(&raw, &banner(Level::Danger, "ja"));
        if dressed.parts == 0 {
            proptest::prop_assert!(!dressed.gaps.is_empty());
            proptest::prop_assert_eq!(out, raw);
        } else {
            proptest::prop_assert_eq!(undress(&out), Some(raw));
        }
    }
}
