//! Redirects on Google's own hosts.

use super::{LayerKind::OpenRedirect, Step, decode, view::View};

/// `google.com` and its country domains.
pub(super) fn is_google(view: &View<'_>) -> bool {
    view.root.strip_prefix("google.").is_some_and(|tld| match tld.split_once('.') {
        Some((second, country)) => matches!(second, "co" | "com") && country.len() == 2,
        None => tld == "com" || tld.len() == 2,
    })
}

/// Undoes a redirect of a Google host.
pub(super) fn step(view: &View<'_>) -> Option<Step> {
    let param = |names: &[&str]| names.iter().find_map(|name| view.param(name).and_then(decode::absolute));
    let path = view.path;
    let (encoder, target) = if path.starts_with("/amp/") {
        ("google_amp", amp(view, "/amp/"))
    } else if path == "/travel/clk" {
        ("google_travel_redirect", param(&["pcurl"]))
    } else if path.ends_with("/aclk") {
        ("google_adservices", param(&["adurl"]))
    } else if view.host.starts_with("translate.") {
        ("google_translate_open_redirect", param(&["u"]))
    } else if matches!(path, "/url" | "/local_url" | "/imgres") || path.ends_with("/url") {
        ("google_open_redirect", param(&["q", "url", "imgrefurl"]))
    } else if path.eq_ignore_ascii_case("/accounts/logout") || path.eq_ignore_ascii_case("/logout") {
        ("generic_logout_redirect", param(&["continue"]))
    } else {
        return None;
    };
    Some(view.step(OpenRedirect, encoder, Some(target?)))
}

/// `/amp/s/HOST/PATH` is https, `/amp/HOST/PATH` is http.
fn amp(view: &View<'_>, prefix: &str) -> Option<String> {
    let rest = view.rest().strip_prefix(prefix)?;
    match rest.strip_prefix("s/") {
        Some(secure) => decode::absolute_or_bare(secure, "https"),
        None => decode::absolute_or_bare(rest, "http"),
    }
}

/// `HOST.cdn.ampproject.org/c/s/HOST/PATH`.
pub(super) fn amp_project(view: &View<'_>) -> Option<Step> {
    let target = ["/c/", "/v/", "/i/", "/r/", "/wp/", "/a/"].iter().find_map(|prefix| amp(view, prefix))?;
    Some(view.step(OpenRedirect, "google_amp_project", Some(target)))
}

/// `HOST-WITH-HYPHENS.translate.goog/PATH?_x_tr_…`: a dot is a hyphen, a hyphen is two.
pub(super) fn translate_host(view: &View<'_>) -> Option<Step> {
    let label = view.host.strip_suffix(".translate.goog")?;
    let host = label.replace("--", "\u{1}").replace('-', ".").replace('\u{1}', "-");
    let kept: Vec<&str> =
        view.query.split('&').filter(|p| !p.is_empty() && !p.starts_with("_x_tr_")).collect();
    let mut target = format!("https://{host}{}", view.path);
    if !kept.is_empty() {
        target.push('?');
        target.push_str(&kept.join("&"));
    }
    Some(view.step(OpenRedirect, "google_translate_open_redirect", Some(target)))
}

/// `adurl=`, `ds_dest_url=`, or a URL after the (second) question mark of `/ddm/…` and `/clk;…` links.
pub(super) fn doubleclick(view: &View<'_>) -> Option<Step> {
    let named = ["adurl", "ds_dest_url", "dest_url", "url", "r"];
    let target = named
        .iter()
        .find_map(|name| view.param(name).and_then(decode::absolute))
        .or_else(|| decode::embedded(view.rest()))?;
    Some(view.step(OpenRedirect, "doubleclick", Some(target)))
}

/// `…/proxy/TOKEN#https://original`.
pub(super) fn user_content(view: &View<'_>) -> Option<Step> {
    let target = decode::absolute(view.fragment)?;
    Some(view.step(OpenRedirect, "google_user_content", Some(target)))
}
