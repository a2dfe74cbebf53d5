//! Trackers by the shape of their URLs: customers put them on hosts of their own.

use super::{LayerKind::Protector, LayerKind::Tracker, Step, decode, token, view::View};

/// Recognises a tracker on any host.
pub(super) fn step(view: &View<'_>) -> Option<Step> {
    by_first_segment(view).or_else(|| by_query(view)).or_else(|| token::halon(view))
}

fn by_first_segment(view: &View<'_>) -> Option<Step> {
    let mut segments = view.segments();
    let first = segments.next()?;
    let second = segments.next().unwrap_or("");
    let mailer =
        |encoder, esp, account: Option<&str>| view.tracker(encoder, esp, account.map(str::to_owned), None);
    match first {
        // zlib's first byte 0x78 makes `eA`, `eF`, `eJ` or `eN` of the token's beginning.
        "c" | "u" if second.starts_with('e') && !second.starts_with("ey") => token::mailgun(view, second),
        "c" if second.starts_with("eyJ") => token::drip(view, second),
        "c" => google_notice(view, second),
        "L0" => path_target(view, "aws_ses", "Amazon SES"),
        "CL0" => path_target(view, "aws_ses", "Amazon SES"),
        "track" if second == "click" && view.params().any(|(key, _)| key == "p") => token::mandrill(view),
        "lnk" if view.segments().count() >= 5 => token::mailjet(view),
        "2" | "2s" | "3" | "3s" if view.host.starts_with("click.") && second.contains("%2F") => {
            token::postmark(view)
        }
        "ls" | "wf" if second == "click" => sendgrid(view),
        "uni" | "ss" | "asm" => sendgrid(view),
        "f" if second == "a" && view.path.len() > 60 => Some(mailer("sparkpost", "SparkPost", None)),
        "q" if view.path.contains("~~/") => Some(mailer("sparkpost", "SparkPost", None)),
        "mk" | "tr" if second == "cl" => Some(mailer("brevo", "Brevo", None)),
        "Ctc" if view.path.len() > 60 => Some(mailer("hubspot", "HubSpot", None)),
        "e3t" | "s3t" => Some(mailer("hubspot", "HubSpot", None)),
        "events" if view.path.starts_with("/events/public/v1/encoded/track/") => {
            Some(mailer("hubspot", "HubSpot", None))
        }
        "e" if second == "c" => token::customerio(view),
        "e" if second == "er" && view.param("elq").or(view.param("elqTrackId")).is_some() => {
            Some(mailer("eloqua", "Oracle Eloqua", view.param("s")))
        }
        "e" if is_pardot(view, second) => Some(mailer("pardot", "Pardot", Some(second))),
        "lt.php" if view.param("x").or(view.param("s")).is_some() => {
            Some(mailer("activecampaign", "ActiveCampaign", None))
        }
        "pub" if second == "cc" && view.query.contains("_ri_=") => {
            Some(mailer("responsys", "Oracle Responsys", None))
        }
        "a" if second == "click" && view.query.contains("_t=") => Some(mailer("iterable", "Iterable", None)),
        "ctt" if view.query.contains("kn=") || view.query.contains("m=") => {
            Some(mailer("go_acoustic", "Acoustic", None))
        }
        "click.html" if view.param("x").is_some() => Some(mailer("getresponse", "GetResponse", None)),
        "u" if second == "nrd.php" => Some(mailer("emarsys", "Emarsys", None)),
        "r" => adobe(view),
        "fmlurlsvc" => Some(fortimail(view)),
        _ => marketing_token(view, first),
    }
}

/// `/c/…` of Google's notices carries nothing that can be read; other hosts' `/c/` is not ours to judge.
fn google_notice(view: &View<'_>, second: &str) -> Option<Step> {
    (view.host == "notifications.google.com" && !second.is_empty())
        .then(|| view.tracker("google_notifications", "", None, None))
}

fn path_target(view: &View<'_>, encoder: &'static str, esp: &'static str) -> Option<Step> {
    decode::embedded(view.rest()).map(|target| view.tracker(encoder, esp, None, Some(target)))
}

/// `/ls/click?upn=…`, `/wf/click?upn=…`, `/ss/c/…`; the account only on unsubscribe links and SendGrid's own hosts.
fn sendgrid(view: &View<'_>) -> Option<Step> {
    let known =
        view.param("upn").is_some() || view.path.starts_with("/ss/c/u") || view.param("user_id").is_some();
    let account = view.param("user_id").map(str::to_owned);
    known.then(|| view.tracker("sendgrid", "SendGrid", account, None))
}

/// `/e/ACCOUNT/page-name/TOKEN/MAIL?h=…`.
fn is_pardot(view: &View<'_>, account: &str) -> bool {
    account.len() >= 4 && account.bytes().all(|b| b.is_ascii_digit()) && view.param("h").is_some()
}

/// Adobe Campaign: `/r/?id=hHEX,HEX,HEX`, with the target as `p1` where the mail was made that way.
fn adobe(view: &View<'_>) -> Option<Step> {
    let id = view.param("id")?.strip_prefix('h')?;
    let parts = decode::percent(id);
    let shaped = parts.contains(',') && parts.bytes().all(|b| b.is_ascii_hexdigit() || b == b',');
    let target = view.param("p1").and_then(|value| decode::absolute_or_bare(value, "https"));
    shaped.then(|| view.tracker("adobe", "Adobe Campaign", None, target))
}

fn fortimail(view: &View<'_>) -> Step {
    view.step(Protector, "fortimail", view.param("url").and_then(decode::absolute))
}

/// Kit's and Sailthru's paths end in, or hold, the target in base64; Marketo's single segment begins with the account.
fn marketing_token(view: &View<'_>, first: &str) -> Option<Step> {
    if first.len() >= 40 && view.segments().nth(1).is_none_or(str::is_empty) {
        return token::marketo(view, first);
    }
    let target = token::encoded_segment(view)?;
    let kit = view.root.contains("convertkit-mail") || view.root.contains("kit-mail");
    Some(match (kit, first) {
        (true, _) => view.tracker("convertkit", "Kit", None, Some(target)),
        (false, "click") => view.tracker("sailthru", "Sailthru", None, Some(target)),
        (false, _) => view.step(Tracker, "generic_desturl", Some(target)),
    })
}

/// Salesforce Marketing Cloud's `click.HOST/?qs=HEX`, and Branch's `$desktop_url`.
fn by_query(view: &View<'_>) -> Option<Step> {
    if view.query.is_empty() {
        return None;
    }
    let label = view.host.split('.').next().unwrap_or("");
    if matches!(label, "click" | "cl" | "view")
        && let Some(token) = view.param("qs")
        && token.len() >= 40
        && token.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return Some(view.tracker("salesforce_mc", "Salesforce Marketing Cloud", None, None));
    }
    if view.query.contains("_url=") {
        let names = [
            "$desktop_url",
            "%24desktop_url",
            "$fallback_url",
            "%24fallback_url",
            "$original_url",
            "$android_url",
            "$ios_url",
        ];
        let target = names.iter().find_map(|name| view.param(name).and_then(decode::absolute));
        return target.map(|target| view.tracker("branch_io", "Branch", None, Some(target)));
    }
    None
}
