//! Link protectors and search redirectors with an encoding of their own.

use super::{
    LayerKind::{OpenRedirect, Protector},
    Step, decode,
    view::View,
};

/// URL Defense versions 1 to 3.
pub(super) fn proofpoint(view: &View<'_>) -> Option<Step> {
    let rest = view.rest();
    let target = if let Some(tail) = rest.strip_prefix("/v3/__") {
        proofpoint_v3(tail)
    } else if rest.starts_with("/v2/") {
        // The escape signs are replaced so that gateways in between leave them alone.
        let value = view.param("u")?.replace('-', "%").replace('_', "/");
        decode::absolute(&unescape_ampersand(&decode::percent(&value)))
    } else if rest.starts_with("/v1/") {
        view.param("u").and_then(|value| decode::absolute(&unescape_ampersand(&decode::percent(value))))
    } else {
        return None;
    };
    Some(view.step(Protector, "proofpoint", target))
}

fn unescape_ampersand(text: &str) -> String {
    text.replace("&amp;", "&")
}

/// `URL__;BASE64!!…`: each `*` stands for one character of the base64 text, `**X` for a run of them.
fn proofpoint_v3(tail: &str) -> Option<String> {
    let (written, after) = tail.split_once("__;")?;
    let replaced = after.split('!').next().unwrap_or("");
    let replaced = decode::base64_text(replaced).unwrap_or_default();
    let mut taken = replaced.chars();
    let mut out = String::with_capacity(written.len());
    let mut chars = written.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '*' {
            out.push(c);
        } else if chars.peek() == Some(&'*') {
            chars.next();
            let run = chars.next().map_or(0, run_length);
            out.extend(taken.by_ref().take(run));
        } else {
            out.push(taken.next().unwrap_or('*'));
        }
    }
    // Some gateways on the way fold the double slash.
    decode::absolute(&out)
}

/// `A` is a run of two, and so on through the URL-safe base64 alphabet.
fn run_length(c: char) -> usize {
    let place = match c {
        'A'..='Z' => u32::from(c) - u32::from('A'),
        'a'..='z' => u32::from(c) - u32::from('a') + 26,
        '0'..='9' => u32::from(c) - u32::from('0') + 52,
        '-' => 62,
        '_' => 63,
        _ => return 0,
    };
    usize::try_from(place + 2).unwrap_or(0)
}

/// `u=` holds the URL in base64, `d=` its domain.
pub(super) fn sophos(view: &View<'_>) -> Option<Step> {
    let whole = view.param("u").and_then(|value| decode::absolute(value).or_else(|| hidden(value)));
    let target = whole.or_else(|| view.param("d").and_then(|value| decode::absolute_or_bare(value, "https")));
    Some(view.step(Protector, "sophos", Some(target?)))
}

fn hidden(value: &str) -> Option<String> {
    decode::base64_text(value).and_then(|text| decode::absolute(&text))
}

/// `?domain=HOST&t=TOKEN`, or the URL itself.
pub(super) fn inky(view: &View<'_>) -> Option<Step> {
    let target = view
        .param("url")
        .and_then(decode::absolute)
        .or_else(|| view.param("domain").and_then(|value| decode::absolute_or_bare(value, "https")));
    Some(view.step(Protector, "inky", target))
}

/// `/v2/___URL___.TOKEN`.
pub(super) fn checkpoint(view: &View<'_>) -> Option<Step> {
    let inner = view.rest().split_once("/___").map(|(_, tail)| tail.split("___").next().unwrap_or(tail));
    let target = match inner {
        Some(inner) => decode::absolute(inner),
        None => view.param("o").or_else(|| view.param("url")).and_then(decode::absolute),
    };
    Some(view.step(Protector, "checkpoint", target))
}

/// `u=a1` and base64.
pub(super) fn bing(view: &View<'_>) -> Option<Step> {
    let value = view.param("u")?;
    let target = value.strip_prefix("a1").and_then(hidden).or_else(|| decode::absolute(value))?;
    Some(view.step(OpenRedirect, "bing_open_redirect", Some(target)))
}

/// `prompt=none` without a session sends the visitor on to `redirect_uri` at once.
pub(super) fn microsoft_oauth(view: &View<'_>) -> Option<Step> {
    let silent = view.param("prompt").is_some_and(|value| value.eq_ignore_ascii_case("none"));
    let authorize = view.path.ends_with("/authorize");
    if !(authorize && silent) {
        return None;
    }
    let target = view.param("redirect_uri").and_then(decode::absolute)?;
    Some(view.step(OpenRedirect, "microsoft_oauth_redirect", Some(target)))
}

/// `…/RU=URL/RK=…`, and the old `/*URL` and `/**URL`.
pub(super) fn yahoo(view: &View<'_>) -> Option<Step> {
    let ru = view.segments().find_map(|segment| segment.strip_prefix("RU=")).and_then(decode::absolute);
    let target = ru.or_else(|| {
        let starred = view.rest().split_once("/*").map(|(_, tail)| tail.trim_start_matches('*'))?;
        decode::absolute(starred)
    })?;
    Some(view.step(OpenRedirect, "yahoo", Some(target)))
}
