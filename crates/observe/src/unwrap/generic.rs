//! Open redirects that nobody listed: a URL inside the URL, on a page that is neither a sign-in nor a share button.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{LayerKind::OpenRedirect, Step, decode, token, view::View};

/// Parameters in which sites take the address to forward to.
const NAMES: &[&str] = &[
    "url",
    "u",
    "redirect",
    "redirect_url",
    "redirecturl",
    "redir",
    "target",
    "target_url",
    "targeturl",
    "dest",
    "desturl",
    "dest_url",
    "destination",
    "goto",
    "go",
    "link",
    "r",
    "to",
    "out",
    "href",
    "adurl",
    "forward",
    "forward_url",
    "location",
    "ref_url",
    "murl",
    "lp",
    "landing",
    "landing_page",
    "jump",
    "returnurl",
    "return_url",
    "rurl",
    "rd",
    "clickurl",
    "click_url",
    "q",
    "uri",
    "page",
    "next",
    "continue",
    "service_url",
    "ds_dest_url",
    "deep_link_id",
    "mpre",
    "ued",
    "p",
    "l",
];

/// Words of a path (or host label) where such a parameter does not mean "go there now".
const NOT_A_REDIRECT: &[&str] = &[
    "login",
    "signin",
    "sign-in",
    "sign_in",
    "signup",
    "register",
    "oauth",
    "authorize",
    "sso",
    "saml",
    "adfs",
    "share",
    "sharer",
    "sharearticle",
    "intent",
    "submit",
    "oembed",
    "embed",
    "proxy",
    "image",
    "_next",
    "img",
    "thumbnail",
    "resize",
    "screenshot",
    "qr",
    "validator",
    "check",
    "save",
    "bookmark",
    "feed",
    "rss",
    "search",
    "wp-login.php",
    "translate",
    "preview",
    "whois",
    "compose",
];

/// Hosts that show, archive or describe a URL and do not forward to it.
const NOT_REDIRECTORS: &[&str] = &[
    "archive.org",
    "archive.ph",
    "w3.org",
    "wsrv.nl",
    "weserv.nl",
    "pinterest.com",
    "reddit.com",
    "tumblr.com",
    "getpocket.com",
    "t.me",
    "telegram.me",
    "whatsapp.com",
    "wa.me",
    "facebook.com",
    "twitter.com",
    "x.com",
    "linkedin.com",
    "virustotal.com",
    "urlscan.io",
    "qrserver.com",
    "ssllabs.com",
    "github.com",
    "gravatar.com",
    "login.microsoftonline.com",
    "accounts.google.com",
    "cloudinary.com",
    "imgix.net",
    "litmus.com",
];

/// What every form of a URL inside a URL begins with: written out, base64, JSON in base64, hex, scheme-relative.
static BEGINNINGS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let forms = ["http", "ahr0", "shr0", "sfru", "eyj", "687474", "=//", "=%2f", "=%25"];
    AhoCorasick::builder().ascii_case_insensitive(true).build(forms).ok()
});

/// Undoes an unlisted redirect.
pub(super) fn step(view: &View<'_>) -> Option<Step> {
    let inside = view.rest();
    if !BEGINNINGS.as_ref().is_some_and(|forms| forms.is_match(inside)) || is_known_not(view) {
        return None;
    }
    if let Some(step) = token::any_json(view) {
        return Some(step);
    }
    if let Some(target) = by_query(view) {
        return Some(redirect(view, target));
    }
    let target = decode::embedded(path_of(view)).or_else(|| token::encoded_segment(view))?;
    Some(redirect(view, target))
}

/// Path with what follows, when the path itself holds another URL.
fn path_of<'a>(view: &View<'a>) -> &'a str {
    match view.path.len() >= 8 && memchr::memmem::find(view.path.as_bytes(), b"/http").is_some() {
        true => view.rest(),
        false => "",
    }
}

fn by_query(view: &View<'_>) -> Option<String> {
    if view.query.len() < 10 {
        return None;
    }
    if decode::starts_ignoring_case(view.query, "http") {
        return decode::absolute(view.query);
    }
    let named =
        view.params().take(64).filter(|(key, _)| NAMES.iter().any(|name| name.eq_ignore_ascii_case(key)));
    named.filter_map(|(_, value)| decode::absolute(value)).next()
}

fn redirect(view: &View<'_>, target: String) -> Step {
    let leaving = ["logout", "signout", "log-out", "sign-out", "endsession", "logoff"];
    let path = view.path.to_ascii_lowercase();
    let encoder = if leaving.iter().any(|word| path.contains(word)) {
        "generic_logout_redirect"
    } else {
        "generic_desturl"
    };
    view.step(OpenRedirect, encoder, Some(target))
}

/// A share button, sign-in page, archive or image proxy.
fn is_known_not(view: &View<'_>) -> bool {
    if NOT_REDIRECTORS.iter().any(|entry| view.root == *entry || view.host == *entry) {
        return true;
    }
    let leaving = memchr::memmem::find(view.path.as_bytes(), b"logout").is_some();
    let word = |part: &str| NOT_A_REDIRECT.iter().any(|word| part.eq_ignore_ascii_case(word));
    let label = view.host.split('.').next().unwrap_or("");
    let sign_in = matches!(label, "login" | "signin" | "auth" | "accounts" | "sso" | "id");
    !leaving
        && (sign_in
            || view.segments().take(8).any(|s| word(s) || s.split(['.', '-']).next().is_some_and(word)))
}
