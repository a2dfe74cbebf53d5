//! Wrapped links and their targets, each with a twin that must stay as it is.

use std::{fmt::Write as _, io::Write as _};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, write::DeflateEncoder, write::ZlibEncoder};
use proptest::prelude::*;
use sekisho_mail::Url;

use super::unwrap;
use crate::limits::LAYERS_MAX;

/// `encoder[!] [account] > … => target`, `!` for opaque layers.
fn check(url: &str) -> String {
    let found = unwrap(&Url::parse(url));
    let mut out = String::new();
    for layer in &found.layers {
        out += layer.encoder;
        if let Some(account) = &layer.account {
            let _ = write!(out, "[{account}]");
        }
        if layer.opaque {
            out.push('!');
        }
        out += " > ";
    }
    if found.opaque && found.layers.len() == 1 { out + "-" } else { out + &found.target.url }
}

fn b64(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn mailgun(host: &str, target: &str) -> String {
    let query = format!(
        "h=0a1b&i=20210713101112.1.ABCDEF%40{host}&l={}&r=ann%40corp.example&d=4f3a",
        percent(target)
    );
    format!("https://{host}/c/{}", URL_SAFE_NO_PAD.encode(zlib(query.as_bytes())))
}

fn percent(text: &str) -> String {
    text.replace('%', "%25")
        .replace(':', "%3A")
        .replace('/', "%2F")
        .replace('?', "%3F")
        .replace('&', "%26")
        .replace('=', "%3D")
}

fn halon(target: &str) -> String {
    let mut raw = vec![7u8; 33];
    let mut encoder = DeflateEncoder::new(&mut raw, Compression::default());
    encoder
        .write_all(format!(r#"{{"r":"ann@corp.example","m":"1f-2a","u":"{target}"}}"#).as_bytes())
        .unwrap();
    encoder.finish().unwrap();
    format!("https://links.gateway.example/{}", URL_SAFE_NO_PAD.encode(raw))
}

/// Same URL in, same URL out, no layer.
fn untouched(url: &str) {
    assert_eq!(check(url), Url::parse(url).url, "must stay as it is");
}

#[test]
fn mailgun_is_undone_on_any_host() {
    let link = mailgun("email.mail.brand.example", "https://landing.evil.example/o365?x=1");
    assert_eq!(check(&link), "mailgun[4f3a] > https://landing.evil.example/o365?x=1");
    untouched("https://email.mail.brand.example/c/eJwNotZlibAtAll");
    untouched("https://shop.example/c/electronics");
}

#[test]
fn json_tokens_give_their_target() {
    let inner = r#"{"u":1,"v":1,"url":"https:\/\/target.example\/a?b=c","id":"x"}"#;
    let outer = format!(r#"{{"s":"k","v":1,"p":{}}}"#, serde_json::to_string(inner).unwrap());
    let mandrill = format!("https://mandrillapp.com/track/click/30123456/target.example?p={}", b64(&outer));
    assert_eq!(check(&mandrill), "mandrill[30123456] > https://target.example/a?b=c");
    let cio = format!(
        "https://track.shop.example/e/c/{}/5f2e",
        b64(r#"{"email_id":"a","href":"https://t.example/p","link_id":1}"#)
    );
    assert_eq!(check(&cio), "customerio > https://t.example/p");
    let drip =
        format!("https://t.mail.example/c/{}", b64(r#"{"account_id":"987","url":"https://t.example/d"}"#));
    assert_eq!(check(&drip), "drip[987] > https://t.example/d");
    let wix = format!(
        "https://shoutout.wix.com/so/aa/c?w=SIG.{}.x",
        b64(r#"{"u":"https://t.example/w","m":"mail"}"#)
    );
    assert_eq!(check(&wix), "wix > https://t.example/w");
    let monday = format!(
        "https://trackingservice.monday.com/tracker/link?token=h.{}.s",
        b64(r#"{"originalUrl":"https://t.example/m"}"#)
    );
    assert_eq!(check(&monday), "monday_tracker > https://t.example/m");
    let substack = format!("https://substack.com/redirect/2/{}.sig", b64(r#"{"e":"https://t.example/s"}"#));
    assert_eq!(check(&substack), "substack > https://t.example/s");
    let dynamics = format!(
        "https://public-eur.mkt.dynamics.com/api/orgs/8c-1/r/tok?target={}",
        percent(r#"{"TargetUrl":"https%3A%2F%2Ft.example%2Fdyn"}"#)
    );
    assert_eq!(check(&dynamics), "microsoft_dynamics[8c-1] > https://t.example/dyn");
    untouched(&format!("https://app.example/view?state={}", b64(r#"{"nonce":"a-long-enough-value"}"#)));
}

#[test]
fn paths_that_carry_the_target() {
    for (link, text) in [
        (
            "https://abc.r.us-east-1.awstrack.me/L0/https:%2F%2Ft.example%2Fa%3Fb=c/1/0100-1/sig=4",
            "aws_ses > https://t.example/a?b=c",
        ),
        (
            "https://links.govdelivery.com/CL0/https:%2F%2Ft.example%2F/1/0101/sig",
            "govdelivery > https://t.example/",
        ),
        (
            "http://links.govdelivery.com/track?type=click&enid=Z&&&105&&&https://t.example/x",
            "govdelivery > https://t.example/x",
        ),
        ("https://click.pstmrk.it/3s/t.example%2Fa%2Fb/tk8/ABC/AQ/g/1/h", "postmark > https://t.example/a/b"),
        ("https://click.pstmrk.it/2/t.example/x/y/z", "postmark > http://t.example"),
        (
            "https://secure-web.cisco.com/1aBcD/https%3A%2F%2Ft.example%2Fp%3Fq%3D1",
            "cisco > https://t.example/p?q=1",
        ),
        ("https://www.google.com/amp/s/t.example/p?x=1", "google_amp > https://t.example/p?x=1"),
        ("https://t-example.cdn.ampproject.org/c/s/t.example/p", "google_amp_project > https://t.example/p"),
        (
            "https://my--site-t-example.translate.goog/p?a=1&_x_tr_sl=en",
            "google_translate_open_redirect > https://my-site.t.example/p?a=1",
        ),
        (
            "https://r.search.yahoo.com/_ylt=A/RV=2/RU=https%3a%2f%2ft.example%2f/RK=2/RS=x",
            "yahoo > https://t.example/",
        ),
        (
            "https://url.avanan.click/v2/___https://t.example/a?b=c___.YXAz",
            "checkpoint > https://t.example/a?b=c",
        ),
        ("https://team.cloudflareaccess.com/browser/https://t.example/a", "cloudflare > https://t.example/a"),
    ] {
        assert_eq!(check(link), text, "{link}");
    }
    untouched("https://web.archive.org/web/2020/https://t.example/a");
    untouched("https://secure-web.cisco.com/help");
}

#[test]
fn base64_segments() {
    let b = b64("https://t.example/long/path");
    assert_eq!(
        check(&format!("https://a1b2.mjt.lu/lnk/AAA/1/sig/{b}")),
        "mailjet[a1b2] > https://t.example/long/path"
    );
    assert_eq!(
        check(&format!("https://click.convertkit-mail2.com/abc/def/{b}")),
        "convertkit > https://t.example/long/path"
    );
    assert_eq!(
        check(&format!("https://link.news.example/click/123.45/{b}/6f")),
        "sailthru > https://t.example/long/path"
    );
    assert_eq!(
        check(&format!("https://www.bing.com/ck/a?!&&p=1&u=a1{b}&ntb=1")),
        "bing_open_redirect > https://t.example/long/path"
    );
    assert_eq!(
        check(&format!("https://go.site.example/away?to={b}")),
        "generic_desturl > https://t.example/long/path"
    );
    untouched("https://link.news.example/click/123.45/aHR0cNotAUrl/6f");
}

#[test]
fn link_protectors() {
    for (link, text) in [
        (
            "https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Ft.example%2Fa%3Fb%3Dc&data=05%7C02",
            "azure_safelink > https://t.example/a?b=c",
        ),
        (
            "https://urldefense.proofpoint.com/v1/url?u=https://t.example/a&k=x",
            "proofpoint > https://t.example/a",
        ),
        (
            "https://urldefense.proofpoint.com/v2/url?u=https-3A__t.example_a-3Fb-3Dc-2Dd&d=DwMF",
            "proofpoint > https://t.example/a?b=c-d",
        ),
        ("https://urldefense.com/v3/__https://t.example/a__;!!abc!x$", "proofpoint > https://t.example/a"),
        ("https://urldefense.com/v3/__https://t.example/a*b**Ac__;IyYm_w!!abc!x$", ""),
        (
            "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2ft.example%2fa&c=E",
            "barracuda > https://t.example/a",
        ),
        ("https://protect-eu.mimecast.com/s/AbC?domain=t.example", "mimecast > https://t.example"),
        ("https://protect-eu.mimecast.com/s/AbC", "mimecast! > -"),
        (
            "https://eu-west-1.protection.sophos.com/?d=t.example&u=aHR0cHM6Ly90LmV4YW1wbGUvYQ==&i=x",
            "sophos > https://t.example/a",
        ),
        (
            "https://protect2.fireeye.com/v1/url?k=1-2&q=1&e=3&u=https%3A%2F%2Ft.example%2Fa",
            "fireeye > https://t.example/a",
        ),
        (
            "https://mail.corp.example/fmlurlsvc/?fewReq=:B:x&url=https%3a%2f%2ft.example%2fa",
            "fortimail > https://t.example/a",
        ),
        ("https://shared.outlook.inky.com/link?domain=t.example&t=h.eJx", "inky > https://t.example"),
        ("https://link.edgepilot.com/s/ff5e8b5a/OiTf?u=https://t.example/", "edgepilot > https://t.example/"),
        ("https://link.edgepilot.com/s/ff5e8b5a/OiTf", "edgepilot! > -"),
        (
            "https://linklock.titanhq.com/analyse?url=https%3A%2F%2Ft.example&data=e",
            "titanhq > https://t.example",
        ),
        (
            "https://ca-1.trendmicro.com/wis/clicktime/v1/query?url=https%3a%2f%2ft.example&umid=1",
            "trend_micro > https://t.example",
        ),
        ("https://urlsand.esvalabs.com/?u=https%3A%2F%2Ft.example&e=1&h=2", "esvalabs > https://t.example"),
    ] {
        if !text.is_empty() {
            assert_eq!(check(link), text, "{link}");
        }
    }
    assert_eq!(check(&halon("https://t.example/a")), "halon > https://t.example/a");
    untouched("https://www.trendmicro.com/en_us/business.html");
    untouched("https://help.mimecast.com/page");
    untouched(&halon("javascript:alert(1)"));
    untouched(
        "https://files.example/q1bKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAq1bKAAAAAAAAAAAAAAAAAAAAAAA",
    );
}

#[test]
fn proofpoint_v3_gives_replaced_characters_back() {
    let run = URL_SAFE_NO_PAD.encode("#%%é");
    let link = format!("https://urldefense.com/v3/__https://t.example/a*b**Ac*__;{run}!!org!sig$");
    assert_eq!(check(&link), "proofpoint > https://t.example/a#b%%cé");
    assert_eq!(
        check("https://urldefense.com/v3/__https:/t.example/a__;!!org!sig$"),
        "proofpoint > https://t.example/a"
    );
    assert_eq!(check("https://urldefense.com/v3/broken"), "https://urldefense.com/v3/broken");
}

#[test]
fn redirectors_that_anybody_can_use() {
    for (link, text) in [
        (
            "https://www.google.com/url?q=https%3A%2F%2Ft.example%2Fa&sa=D",
            "google_open_redirect > https://t.example/a",
        ),
        (
            "https://www.google.co.jp/url?sa=t&url=https%3A%2F%2Ft.example%2Fa",
            "google_open_redirect > https://t.example/a",
        ),
        (
            "https://www.googleadservices.com/pagead/aclk?sa=L&adurl=https://t.example/a",
            "google_adservices > https://t.example/a",
        ),
        (
            "https://adclick.g.doubleclick.net/pcs/click?xai=A&adurl=https%3A%2F%2Ft.example",
            "doubleclick > https://t.example",
        ),
        ("https://ad.doubleclick.net/ddm/clk/1;2;x?https://t.example/a", "doubleclick > https://t.example/a"),
        (
            "https://meet.google.com/linkredirect?authuser=0&dest=https%3A%2F%2Ft.example",
            "google_meet_redirect > https://t.example",
        ),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Ft.example%2F&h=AT", "facebook > https://t.example/"),
        ("https://l.instagram.com/?u=https%3A%2F%2Ft.example&e=AT", "instagram > https://t.example"),
        (
            "https://www.linkedin.com/redir/redirect?url=https%3A%2F%2Ft.example&urlhash=a",
            "linkedin > https://t.example",
        ),
        (
            "https://www.youtube.com/redirect?event=v&q=https%3A%2F%2Ft.example",
            "youtube_redirect > https://t.example",
        ),
        ("https://href.li/?https://t.example/a?b=c", "href_li > https://t.example/a?b=c"),
        (
            "https://deref-mail.com/mail/client/x/dereferrer/?redirectUrl=https%3A%2F%2Ft.example",
            "deref_mail > https://t.example",
        ),
        (
            "https://brand.app.link/e/x?%24desktop_url=https%3A%2F%2Ft.example&b=1",
            "branch_io > https://t.example",
        ),
        ("https://indeed.com/r?target=https://t.example", "indeed_open_redirect > https://t.example"),
        (
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=1&prompt=none&redirect_uri=https://t.example",
            "microsoft_oauth_redirect > https://t.example",
        ),
        (
            "https://shop.example/logout?redirect=https%3A%2F%2Ft.example",
            "generic_logout_redirect > https://t.example",
        ),
        (
            "https://shop.example/away?goto=https%253A%252F%252Ft.example%252Fa",
            "generic_desturl > https://t.example/a",
        ),
        ("https://shop.example/away?URL=//t.example/a", "generic_desturl > https://t.example/a"),
        ("https://shop.example/x?a=1&amp;url=https://t.example/a", "generic_desturl > https://t.example/a"),
    ] {
        assert_eq!(check(link), text, "{link}");
    }
}

#[test]
fn pages_that_only_mention_a_url_stay() {
    for link in [
        "https://www.facebook.com/sharer/sharer.php?u=https%3A%2F%2Ft.example",
        "https://twitter.com/intent/tweet?url=https%3A%2F%2Ft.example",
        "https://www.linkedin.com/shareArticle?mini=true&url=https%3A%2F%2Ft.example",
        "https://accounts.google.com/ServiceLogin?continue=https://mail.google.com/",
        "https://portal.example/login?returnUrl=https%3A%2F%2Fportal.example%2Fhome",
        "https://login.microsoftonline.com/common/oauth2/authorize?client_id=1&redirect_uri=https://app.example",
        "https://validator.w3.org/check?uri=https://t.example",
        "https://www.google.com/search?q=https://t.example",
        "https://notgoogle.example/url?q=relative/path",
        "https://site.example/_next/image?url=https%3A%2F%2Ft.example%2Fa.png&w=64",
        "https://docs.example/page?ref=newsletter&url=about-us",
        "mailto:a@t.example?subject=https://t.example",
    ] {
        untouched(link);
    }
}

#[test]
fn trackers_that_keep_the_target_to_themselves_name_their_account() {
    for (link, text) in [
        ("https://u1234567.ct.sendgrid.net/ls/click?upn=abc-2B", "sendgrid[1234567]! > -"),
        ("https://url99.brand.example/ls/click?upn=u001.abc", "sendgrid! > -"),
        ("https://brand.us2.list-manage.com/track/click?u=0123abc&id=9&e=8", "mailchimp[0123abc]! > -"),
        ("https://r20.rs6.net/tn.jsp?f=001abc&c=x&ch=y", "constant_contact! > -"),
        (
            "https://click.mail.brand.example/?qs=0123456789abcdef0123456789abcdef0123456789abcdef",
            "salesforce_mc! > -",
        ),
        ("https://go.pardot.com/e/123456/page/x1/99?h=abc", "pardot[123456]! > -"),
        ("https://go.brand.example/e/123456/page/x1/99?h=abc", "pardot[123456]! > -"),
        ("https://acct.acemlnb.com/lt.php?x=3DZy", "activecampaign[acct]! > -"),
        ("https://s1234.t.en25.com/e/er?s=1234&lid=5&elq=abc", "eloqua[1234]! > -"),
        ("https://manage.kmail-lists.com/subscriptions/unsubscribe?a=AbC123&c=x", "klaviyo[AbC123]! > -"),
    ] {
        assert_eq!(check(link), text, "{link}");
    }
    let munchkin = URL_SAFE_NO_PAD.encode("012-ABC-345\0\0\x01abcdefghijklmnopqrstuvwxyz");
    assert_eq!(check(&format!("https://go.brand.example/{munchkin}")), "marketo[012-ABC-345]! > -");
    let lite = b64("a=77&c=1&b=2");
    assert_eq!(check(&format!("https://click.mlsend.com/link/c/{lite}")), "mailerlite[77]! > -");
    untouched("https://brand.example/ls/list");
    untouched("https://click.brand.example/?qs=spring-sale");
}

#[test]
fn layers_are_undone_from_outside_in() {
    let inner = mailgun("email.brand.example", "https://evil.example/x");
    let link = format!("https://eur01.safelinks.protection.outlook.com/?url={}&data=05", percent(&inner));
    assert_eq!(check(&link), "azure_safelink > mailgun[4f3a] > https://evil.example/x");
    let found = unwrap(&Url::parse(&link));
    let rewrite = found.target.rewrite.unwrap();
    assert_eq!(rewrite.encoders, ["azure_safelink", "mailgun"]);
    assert_eq!(rewrite.original.unwrap(), link);
    let opaque = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fu7.ct.sendgrid.net%2Fls%2Fclick%3Fupn%3Dx";
    assert_eq!(check(opaque), "azure_safelink > sendgrid[7]! > https://u7.ct.sendgrid.net/ls/click?upn=x");
}

#[test]
fn the_message_model_keeps_an_unlisted_redirector() {
    let model = |url: &str| unwrap(&Url::parse(url)).model_target().url.clone();
    assert_eq!(
        model("https://shop.example/away?url=https://t.example"),
        "https://shop.example/away?url=https://t.example"
    );
    let safe = "https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Fshop.example%2Faway%3Furl%3Dhttps%253A%252F%252Ft.example";
    assert_eq!(model(safe), "https://shop.example/away?url=https%3A%2F%2Ft.example");
    assert_eq!(
        unwrap(&Url::parse(safe)).model_target().rewrite.as_ref().unwrap().encoders,
        ["azure_safelink"]
    );
    assert_eq!(model("https://href.li/?https://t.example"), "https://t.example");
}

#[test]
fn bombs_are_bounded() {
    let mut url = "https://t.example/end".to_owned();
    for _ in 0..12 {
        url = format!("https://href.li/?{url}");
    }
    assert_eq!(unwrap(&Url::parse(&url)).layers.len(), LAYERS_MAX);
    let mut plain = b"l=https://t.example/".to_vec();
    plain.resize(4 << 20, b'a');
    let bomb = format!("https://email.brand.example/c/{}", URL_SAFE_NO_PAD.encode(zlib(&plain)));
    untouched(&bomb);
    untouched("https://href.li/?/relative");
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,200}") {
        let _ = unwrap(&Url::parse(&text));
        for host in ["urldefense.com/v3/__", "www.google.com/", "email.x.example/c/eJ", "x.example/track/click/", "x.translate.goog/", "click.pstmrk.it/3s/", "x.example/?url=", "bing.com/ck/a?u=a1"] {
            let _ = unwrap(&Url::parse(&format!("https://{host}{text}")));
        }
    }
}
