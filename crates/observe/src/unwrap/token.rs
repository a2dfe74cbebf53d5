//! Targets that sit inside a token: compressed, signed or JSON.

use serde_json::Value;

use crate::limits::{JSON_DEPTH_MAX, SEGMENTS_MAX};

use super::{
    LayerKind::{Protector, Tracker},
    Step, decode,
    view::{View, params_of},
};

/// Mailgun: `/c/BASE64URL(zlib(query))`; the query's `l` is the target, `d` the account's key.
pub(super) fn mailgun(view: &View<'_>, token: &str) -> Option<Step> {
    let inner = decode::zlib(&decode::base64(token)?)?;
    let find = |name: &str| params_of(&inner).find(|(key, _)| *key == name).map(|(_, value)| value);
    let target = find("l").and_then(decode::absolute_or_mail)?;
    let account = find("d").map(decode::percent);
    Some(view.tracker("mailgun", "Mailgun", account, Some(target)))
}

/// Mandrill: `/track/click/UID/HOST?p=BASE64(JSON)`, where `p` of that JSON is JSON again and holds `url`.
pub(super) fn mandrill(view: &View<'_>) -> Option<Step> {
    let uid = view.segments().nth(2).map(str::to_owned);
    let outer: Option<Value> =
        view.param("p").and_then(decode::base64).and_then(|raw| serde_json::from_slice(&raw).ok());
    let inner = outer.as_ref().and_then(|json| match json.get("p") {
        Some(Value::String(text)) => serde_json::from_str::<Value>(text).ok(),
        Some(other) => Some(other.clone()),
        None => None,
    });
    let target = inner
        .or(outer)
        .as_ref()
        .and_then(|json| json.get("url"))
        .and_then(Value::as_str)
        .and_then(decode::absolute)
        .or_else(|| view.segments().nth(3).and_then(|host| decode::absolute_or_bare(host, "https")));
    Some(view.tracker("mandrill", "Mandrill", uid, target))
}

/// Postmark: `/3s/HOST%2FPATH/…`; an `s` after the version means https.
pub(super) fn postmark(view: &View<'_>) -> Option<Step> {
    let mut segments = view.segments();
    let version = segments.next()?;
    let scheme = if version.ends_with('s') { "https" } else { "http" };
    if !matches!(version.trim_end_matches('s'), "2" | "3" | "4") {
        return Some(view.tracker("postmark", "Postmark", None, None));
    }
    let target = segments.next().and_then(|segment| decode::absolute_or_bare(segment, scheme));
    Some(view.tracker("postmark", "Postmark", None, target))
}

/// Mailjet: `/lnk/CAMPAIGN/N/SIGNATURE/BASE64URL(target)`.
pub(super) fn mailjet(view: &View<'_>) -> Option<Step> {
    let target = encoded_segment(view);
    Some(view.tracker("mailjet", "Mailjet", None, target))
}

/// The path segment that is the base64 or hex form of an absolute URL.
pub(super) fn encoded_segment(view: &View<'_>) -> Option<String> {
    view.segments()
        .take(SEGMENTS_MAX)
        .find(|s| s.len() >= 12 && (decode::starts_base64_http(s) || s.starts_with("687474")))
        .and_then(decode::absolute)
}

/// Customer.io: `/e/c/BASE64(JSON with href)/SIGNATURE`.
pub(super) fn customerio(view: &View<'_>) -> Option<Step> {
    let target = view.segments().nth(2).and_then(json_of).and_then(|json| member(&json, &["href", "url"]))?;
    Some(view.tracker("customerio", "Customer.io", None, Some(target)))
}

/// Drip: `/c/BASE64(JSON with url and account_id)`.
pub(super) fn drip(view: &View<'_>, token: &str) -> Option<Step> {
    let json = json_of(token)?;
    let target = member(&json, &["url", "href"])?;
    let account = json.get("account_id").and_then(|id| match id {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    Some(view.tracker("drip", "Drip", account, Some(target)))
}

/// Wix: the parameter `w` is a signed token whose JSON names the target `u`.
pub(super) fn wix(view: &View<'_>) -> Option<Step> {
    let target = view.param("w").and_then(|token| signed(token, &["u", "url"]));
    Some(view.tracker("wix", "Wix", None, target))
}

/// monday.com: a signed token that holds the target.
pub(super) fn monday(view: &View<'_>) -> Option<Step> {
    let target = view.param("token").and_then(|token| signed(token, &["originalUrl", "url", "link"]));
    Some(view.tracker("monday_tracker", "monday.com", None, target))
}

/// Substack: `/redirect/2/TOKEN` with the target as `e`.
pub(super) fn substack(view: &View<'_>) -> Option<Step> {
    let target = view.segments().nth(2).and_then(|token| signed(token, &["e", "url"]));
    Some(view.tracker("substack", "Substack", None, target))
}

/// Yesware: the target follows two path segments, written out or percent-encoded.
pub(super) fn yesware(view: &View<'_>) -> Option<Step> {
    let target = decode::embedded(view.rest())
        .or_else(|| view.segments().last().and_then(|segment| decode::absolute_or_bare(segment, "https")));
    Some(view.tracker("yesware", "Yesware", None, target))
}

/// GovDelivery's old form: `/track?type=click&…&&&URL`.
pub(super) fn govdelivery(view: &View<'_>) -> Option<Step> {
    let tail = view.query.rsplit_once("&&&").map(|(_, tail)| tail);
    let target =
        tail.and_then(decode::absolute).or_else(|| view.param("destination").and_then(decode::absolute));
    Some(view.tracker("govdelivery", "GovDelivery", None, target))
}

/// Dynamics 365 Marketing: `/api/orgs/ID/r/TOKEN?target={"TargetUrl":"…"}`.
pub(super) fn dynamics(view: &View<'_>) -> Option<Step> {
    if !view.path.starts_with("/api/orgs/") {
        return None;
    }
    let json =
        view.param("target").map(decode::percent).and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let target = json.and_then(|json| member(&json, &["TargetUrl", "targetUrl"]));
    Some(view.tracker("microsoft_dynamics", "Microsoft Dynamics", None, target))
}

/// SendGrid's own tracking host names the account: `u12345.ct.sendgrid.net`.
pub(super) fn sendgrid_host(view: &View<'_>) -> Option<Step> {
    let label = view.host.split('.').next().unwrap_or("");
    let digits =
        label.strip_prefix('u').filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
    Some(view.tracker("sendgrid", "SendGrid", digits.map(str::to_owned), None))
}

/// MailerLite: the token is a query in base64 whose `a` is the account.
pub(super) fn mailerlite(view: &View<'_>) -> Option<Step> {
    let inner = view.segments().last().and_then(decode::base64_text).unwrap_or_default();
    let account = params_of(&inner).find(|(key, _)| *key == "a").map(|(_, value)| value.to_owned());
    Some(view.tracker("mailerlite", "MailerLite", account, None))
}

/// Marketo: the token begins with the account's Munchkin id, `123-ABC-456`, in base64.
pub(super) fn marketo(view: &View<'_>, token: &str) -> Option<Step> {
    let id =
        decode::base64_text(token.get(..16)?.get(..15)?).or_else(|| decode::base64_text(token.get(..16)?))?;
    let id = id.get(..11)?;
    let mut parts = id.split('-');
    let digits =
        |part: Option<&str>| part.is_some_and(|p| p.len() == 3 && p.bytes().all(|b| b.is_ascii_digit()));
    let first = digits(parts.next());
    let letters = parts.next().is_some_and(|p| p.len() == 3 && p.bytes().all(|b| b.is_ascii_uppercase()));
    (first && letters && digits(parts.next()) && parts.next().is_none())
        .then(|| view.tracker("marketo", "Marketo", Some(id.to_owned()), None))
}

/// Halon: base64url of a key id (1 byte), an HMAC (32 bytes) and raw-deflate JSON `{r, m, u}`.
pub(super) fn halon(view: &View<'_>) -> Option<Step> {
    let last = view.segments().last().unwrap_or("");
    let in_query = view.params().take(8).map(|(key, value)| if value.is_empty() { key } else { value });
    let token = std::iter::once(last).chain(in_query).find(|token| halon_shaped(token))?;
    let raw = decode::base64(token)?;
    let json: Value = serde_json::from_str(&decode::deflate(raw.get(33..)?)?).ok()?;
    let target = json.get("u").and_then(Value::as_str).and_then(decode::absolute)?;
    Some(view.step(Protector, "halon", Some(target)))
}

/// Long enough, base64url only, and a last deflate block where the data begins: byte 33 stands at
/// the 44th character, so most other tokens are told apart without decoding them.
fn halon_shaped(token: &str) -> bool {
    let bytes = token.as_bytes();
    let Some(pair) = bytes.get(44..46) else { return false };
    let six = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    };
    let [high, low] = pair else { return false };
    let (Some(high), Some(low)) = (six(*high), six(*low)) else { return false };
    let first = (high << 2) | (low >> 4);
    let last_block = first & 1 == 1 && (first >> 1) & 3 != 3;
    bytes.len() >= 72 && last_block && bytes.iter().all(|b| six(*b).is_some() || *b == b'=')
}

/// Any tracker whose URL carries `eyJ…` JSON (or a JWT) with the target in it.
pub(super) fn any_json(view: &View<'_>) -> Option<Step> {
    let values = view.params().take(32).map(|(_, value)| value);
    let target = view
        .segments()
        .take(SEGMENTS_MAX)
        .chain(values)
        .filter(|token| token.len() >= 24 && token.starts_with("eyJ"))
        .find_map(|token| signed(token, &["url", "href", "u", "target", "link", "originalUrl", "e"]))?;
    Some(view.step(Tracker, "generic_desturl", Some(target)))
}

/// A member of whichever dot-separated part of a token is JSON.
fn signed(token: &str, names: &[&str]) -> Option<String> {
    token.split('.').take(4).filter_map(json_of).find_map(|json| member(&json, names))
}

/// A JSON object in base64.
fn json_of(token: &str) -> Option<Value> {
    let raw = decode::base64(token)?;
    (raw.first() == Some(&b'{')).then(|| serde_json::from_slice(&raw).ok()).flatten()
}

/// The first of these members, at any shallow depth, that is an absolute URL.
fn member(json: &Value, names: &[&str]) -> Option<String> {
    member_in(json, names, JSON_DEPTH_MAX)
}

fn member_in(json: &Value, names: &[&str], depth: u8) -> Option<String> {
    let object = json.as_object()?;
    let named =
        names.iter().find_map(|name| object.get(*name).and_then(Value::as_str).and_then(decode::absolute));
    if named.is_some() || depth == 0 {
        return named;
    }
    object.values().find_map(|value| member_in(value, names, depth - 1))
}
