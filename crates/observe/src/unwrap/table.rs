//! Known hosts and where each keeps its target: one row a host and path.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::{LayerKind, Step, decode, google, protect, token, view::View};

/// Where a wrapper keeps its target.
#[derive(Clone, Copy)]
enum How {
    /// In the first of these parameters that has one (`|` between names).
    Param(&'static str),
    /// As [`How::Param`]; nothing is wrapped when no parameter has one, even if the path fits.
    ParamOrOpaque(&'static str),
    /// In whichever parameter holds an absolute URL.
    AnyParam,
    /// The whole query.
    Query,
    /// Written into the path, after a slash.
    Path,
    /// Not in the URL.
    Opaque,
    /// A domain alone, in this parameter.
    Domain(&'static str),
    /// Its own decoder.
    Own(fn(&View<'_>) -> Option<Step>),
}

struct Row {
    path: &'static str,
    how: How,
    kind: LayerKind,
    encoder: &'static str,
    esp: &'static str,
    account: Account,
}

/// Where a tracker's URL carries the account.
#[derive(Clone, Copy)]
enum Account {
    None,
    /// In this parameter.
    Param(&'static str),
    /// The first label of the host.
    Label,
    /// This path segment, counted from 0.
    Segment(usize),
}

use Account as A;
use How::{AnyParam, Domain, Opaque, Own, Param, ParamOrOpaque, Path, Query};
use LayerKind::{OpenRedirect, Protector, Tracker};

const fn protector(path: &'static str, how: How, encoder: &'static str) -> Row {
    Row { path, how, kind: Protector, encoder, esp: "", account: A::None }
}

const fn redirect(path: &'static str, how: How, encoder: &'static str) -> Row {
    Row { path, how, kind: OpenRedirect, encoder, esp: "", account: A::None }
}

const fn mailer(path: &'static str, how: How, encoder: &'static str, esp: &'static str, account: A) -> Row {
    Row { path, how, kind: Tracker, encoder, esp, account }
}

/// Host (itself or anything below it) and what its URLs look like. The first row whose path fits and that yields
/// something wins, longer hosts before shorter ones.
const ROWS: &[(&str, Row)] = &[
    // Link protectors of mail gateways.
    ("safelinks.protection.outlook.com", protector("", Param("url"), "azure_safelink")),
    ("safelinks.protection.office365.us", protector("", Param("url"), "azure_safelink")),
    ("safelinks.protection.partner.outlook.cn", protector("", Param("url"), "azure_safelink")),
    ("safelink.emails.azure.net", protector("/redirect", Param("destination"), "azure_safelink")),
    (
        "statics.teams.cdn.office.net",
        protector("/evergreen-assets/safelinks/", Param("url"), "azure_safelink"),
    ),
    ("urldefense.com", protector("", Own(protect::proofpoint), "proofpoint")),
    ("urldefense.us", protector("", Own(protect::proofpoint), "proofpoint")),
    ("urldefense.proofpoint.com", protector("", Own(protect::proofpoint), "proofpoint")),
    ("linkprotect.cudasvc.com", protector("/url", ParamOrOpaque("a"), "barracuda")),
    ("secure-web.cisco.com", protector("", Path, "cisco")),
    ("mimecast.com", protector("/s/", Domain("domain"), "mimecast")),
    ("mimecastprotect.com", protector("/s/", Domain("domain"), "mimecast")),
    ("trendmicro.com", protector("/wis/clicktime/", ParamOrOpaque("url"), "trend_micro")),
    ("trendmicro.com", protector("", Param("url"), "trend_micro")),
    ("protection.sophos.com", protector("", Own(protect::sophos), "sophos")),
    ("fireeye.com", protector("/v1/url", ParamOrOpaque("u"), "fireeye")),
    ("fireeye.com", protector("/url", ParamOrOpaque("u"), "fireeye")),
    ("inky.com", protector("/link", Own(protect::inky), "inky")),
    ("link.edgepilot.com", protector("/s/", ParamOrOpaque("u"), "edgepilot")),
    ("cloudflareaccess.com", protector("/browser/", Path, "cloudflare")),
    ("linklock.titanhq.com", protector("", ParamOrOpaque("url"), "titanhq")),
    ("urlsand.esvalabs.com", protector("", ParamOrOpaque("u"), "esvalabs")),
    ("urlsand.com", protector("", ParamOrOpaque("u"), "esvalabs")),
    ("avanan.click", protector("", Own(protect::checkpoint), "checkpoint")),
    ("url-protection.com", protector("", Own(protect::checkpoint), "checkpoint")),
    ("protect.checkpoint.com", protector("", Own(protect::checkpoint), "checkpoint")),
    ("hornetsecurity.com", protector("", Param("url|u"), "hornetsecurity")),
    ("clicktime.symantec.com", protector("", ParamOrOpaque("u"), "symantec")),
    ("clicktime.cloud.postoffice.net", protector("", ParamOrOpaque("u"), "symantec")),
    ("sublime.security", protector("", Param("url|u"), "sublime")),
    ("securence.com", protector("", AnyParam, "securence")),
    ("topsec.com", protector("", AnyParam, "topsec")),
    // Bulk mailers whose links tell the target.
    ("awstrack.me", mailer("/L0/", Path, "aws_ses", "Amazon SES", A::None)),
    ("awstrack.me", mailer("", Opaque, "aws_ses", "Amazon SES", A::None)),
    ("govdelivery.com", mailer("/CL0/", Path, "govdelivery", "GovDelivery", A::None)),
    ("govdelivery.com", mailer("/track", Own(token::govdelivery), "govdelivery", "GovDelivery", A::None)),
    ("pstmrk.it", mailer("/", Own(token::postmark), "postmark", "Postmark", A::None)),
    ("mjt.lu", mailer("/lnk/", Own(token::mailjet), "mailjet", "Mailjet", A::Label)),
    ("squarespace-mail.com", mailer("/r", ParamOrOpaque("u"), "squarespace", "Squarespace", A::Param("w"))),
    ("shoutout.wix.com", mailer("/so/", Own(token::wix), "wix", "Wix", A::None)),
    (
        "trackingservice.monday.com",
        mailer("/tracker/link", Own(token::monday), "monday_tracker", "monday.com", A::None),
    ),
    ("mailtrack.io", mailer("/trace/link/", ParamOrOpaque("url"), "mailtrack", "", A::None)),
    ("t.yesware.com", mailer("/tt/", Own(token::yesware), "yesware", "Yesware", A::None)),
    (
        "dynamics.com",
        mailer("/", Own(token::dynamics), "microsoft_dynamics", "Microsoft Dynamics", A::Segment(2)),
    ),
    ("substack.com", mailer("/redirect/", Own(token::substack), "substack", "Substack", A::None)),
    ("azurecomm.net", mailer("", AnyParam, "azurecomm", "Azure Communication Services", A::None)),
    ("vtiger.com", mailer("", AnyParam, "vtiger", "Vtiger", A::Label)),
    ("exclaimer.net", mailer("", AnyParam, "exclaimer", "", A::None)),
    ("go-acoustic.com", mailer("", AnyParam, "go_acoustic", "Acoustic", A::None)),
    ("messagegears.net", mailer("", AnyParam, "messagegears", "MessageGears", A::None)),
    // Bulk mailers whose links do not tell it.
    ("ct.sendgrid.net", mailer("", Own(token::sendgrid_host), "sendgrid", "SendGrid", A::None)),
    ("rs6.net", mailer("/", Opaque, "constant_contact", "Constant Contact", A::Param("llr"))),
    ("list-manage.com", mailer("/", Opaque, "mailchimp", "Mailchimp", A::Param("u"))),
    ("list-manage1.com", mailer("/", Opaque, "mailchimp", "Mailchimp", A::Param("u"))),
    ("list-manage2.com", mailer("/", Opaque, "mailchimp", "Mailchimp", A::Param("u"))),
    ("eepurl.com", mailer("/", Opaque, "mailchimp", "Mailchimp", A::None)),
    ("hubspotlinks.com", mailer("/", Opaque, "hubspot", "HubSpot", A::None)),
    ("hubspotlinksstarter.com", mailer("/", Opaque, "hubspot", "HubSpot", A::None)),
    ("hubspotlinksfree.com", mailer("/", Opaque, "hubspot", "HubSpot", A::None)),
    ("hs-sales-engage.com", mailer("/", Opaque, "hubspot", "HubSpot", A::None)),
    ("klclick.com", mailer("/", Opaque, "klaviyo", "Klaviyo", A::None)),
    ("klclick1.com", mailer("/", Opaque, "klaviyo", "Klaviyo", A::None)),
    ("klclick2.com", mailer("/", Opaque, "klaviyo", "Klaviyo", A::None)),
    ("klclick3.com", mailer("/", Opaque, "klaviyo", "Klaviyo", A::None)),
    ("kmail-lists.com", mailer("/", Opaque, "klaviyo", "Klaviyo", A::Param("a"))),
    ("acemlna.com", mailer("/", Opaque, "activecampaign", "ActiveCampaign", A::Label)),
    ("acemlnb.com", mailer("/", Opaque, "activecampaign", "ActiveCampaign", A::Label)),
    ("acemlnc.com", mailer("/", Opaque, "activecampaign", "ActiveCampaign", A::Label)),
    ("acemlnd.com", mailer("/", Opaque, "activecampaign", "ActiveCampaign", A::Label)),
    ("activehosted.com", mailer("/proc.php", Opaque, "activecampaign", "ActiveCampaign", A::Label)),
    ("emlnk.com", mailer("/", Opaque, "activecampaign", "ActiveCampaign", A::Label)),
    ("emlnk1.com", mailer("/", Opaque, "activecampaign", "ActiveCampaign", A::Label)),
    ("emlnk9.com", mailer("/", Opaque, "activecampaign", "ActiveCampaign", A::Label)),
    ("exct.net", mailer("/", Opaque, "salesforce_mc", "Salesforce Marketing Cloud", A::None)),
    ("exacttarget.com", mailer("/", Opaque, "salesforce_mc", "Salesforce Marketing Cloud", A::None)),
    ("customeriomail.com", mailer("/e/", Own(token::customerio), "customerio", "Customer.io", A::None)),
    ("customeriomail.com", mailer("/", Opaque, "customerio", "Customer.io", A::None)),
    ("go.pardot.com", mailer("/e/", Opaque, "pardot", "Pardot", A::Segment(1))),
    ("sendibt2.com", mailer("/", Opaque, "brevo", "Brevo", A::Label)),
    ("sendibt3.com", mailer("/", Opaque, "brevo", "Brevo", A::Label)),
    ("sendibm1.com", mailer("/", Opaque, "brevo", "Brevo", A::Label)),
    ("sendibm2.com", mailer("/", Opaque, "brevo", "Brevo", A::Label)),
    ("sendibm3.com", mailer("/", Opaque, "brevo", "Brevo", A::Label)),
    ("sendibw.com", mailer("/", Opaque, "brevo", "Brevo", A::Label)),
    ("r.mailin.fr", mailer("/", Opaque, "brevo", "Brevo", A::None)),
    ("go.sparkpostmail.com", mailer("/", Opaque, "sparkpost", "SparkPost", A::None)),
    ("go.sparkpostmail1.com", mailer("/", Opaque, "sparkpost", "SparkPost", A::None)),
    ("spgo.io", mailer("/", Opaque, "sparkpost", "SparkPost", A::None)),
    ("t.en25.com", mailer("/e/", Opaque, "eloqua", "Oracle Eloqua", A::Param("s"))),
    ("mlsend.com", mailer("/link/", Own(token::mailerlite), "mailerlite", "MailerLite", A::None)),
    ("mlsend2.com", mailer("/link/", Own(token::mailerlite), "mailerlite", "MailerLite", A::None)),
    ("mlsend3.com", mailer("/link/", Own(token::mailerlite), "mailerlite", "MailerLite", A::None)),
    ("clicks.mlsend.com", mailer("/", Opaque, "mailerlite", "MailerLite", A::None)),
    ("mailersend.net", mailer("/", Opaque, "mailersend", "MailerSend", A::None)),
    ("maillist-manage.com", mailer("/click", Opaque, "zoho", "Zoho Campaigns", A::None)),
    ("maillist-manage.eu", mailer("/click", Opaque, "zoho", "Zoho Campaigns", A::None)),
    ("maillist-manage.in", mailer("/click", Opaque, "zoho", "Zoho Campaigns", A::None)),
    ("clicks.aweber.com", mailer("/y/ct/", Opaque, "aweber", "AWeber", A::None)),
    ("click.icptrack.com", mailer("/icp/", Opaque, "icontact", "iContact", A::Param("act"))),
    ("cts.vresp.com", mailer("/", Opaque, "verticalresponse", "VerticalResponse", A::None)),
    ("infusionsoft.com", mailer("/app/linkClick/", Opaque, "keap", "Keap", A::Label)),
    ("infusion-links.com", mailer("/", Opaque, "keap", "Keap", A::None)),
    ("keap-link001.com", mailer("/", Opaque, "keap", "Keap", A::None)),
    ("soundestlink.com", mailer("/", Opaque, "omnisend", "Omnisend", A::None)),
    ("omnisendlink.com", mailer("/", Opaque, "omnisend", "Omnisend", A::None)),
    ("links.iterable.com", mailer("/", Opaque, "iterable", "Iterable", A::None)),
    ("createsend.com", mailer("/t/", Opaque, "campaign_monitor", "Campaign Monitor", A::Label)),
    ("createsend1.com", mailer("/t/", Opaque, "campaign_monitor", "Campaign Monitor", A::Label)),
    ("cmail19.com", mailer("/t/", Opaque, "campaign_monitor", "Campaign Monitor", A::Label)),
    ("cmail20.com", mailer("/t/", Opaque, "campaign_monitor", "Campaign Monitor", A::Label)),
    ("mktoweb.com", mailer("/", Opaque, "marketo", "Marketo", A::None)),
    ("notifications.google.com", mailer("/g/", Opaque, "google_notifications", "", A::None)),
    ("notifications.googleapis.com", mailer("/", Opaque, "google_notifications", "", A::None)),
    ("c.gle", mailer("/", Opaque, "google_notifications", "", A::None)),
    ("monkeytracking.com", mailer("/", Opaque, "surveymonkey", "SurveyMonkey", A::None)),
    ("smtp2go.net", mailer("/", Opaque, "smtp2go", "SMTP2GO", A::None)),
    ("tracking.elasticemail.com", mailer("/", Opaque, "elasticemail", "Elastic Email", A::None)),
    // Redirectors that anybody can use.
    ("translate.goog", redirect("", Own(google::translate_host), "google_translate_open_redirect")),
    ("ampproject.org", redirect("/", Own(google::amp_project), "google_amp_project")),
    ("googleadservices.com", redirect("/pagead/", Param("adurl|url"), "google_adservices")),
    ("googlesyndication.com", redirect("/", Param("adurl|redirecturl"), "google_adservices")),
    ("doubleclick.net", redirect("/", Own(google::doubleclick), "doubleclick")),
    ("googletagmanager.com", redirect("/", Param("url|redirect"), "google_tag_manager")),
    ("tagmanager.google.com", redirect("/", Param("url|redirect"), "google_tag_manager")),
    ("googleusercontent.com", redirect("/", Own(google::user_content), "google_user_content")),
    ("meet.google.com", redirect("/linkredirect", Param("dest"), "google_meet_redirect")),
    ("accounts.youtube.com", redirect("/accounts/SetSID", Param("continue"), "youtube_set_sid")),
    ("youtube.com", redirect("/redirect", Param("q"), "youtube_redirect")),
    ("youtube.com", redirect("/logout", Param("continue"), "generic_logout_redirect")),
    ("bing.com", redirect("/ck/a", Own(protect::bing), "bing_open_redirect")),
    ("bing.com", redirect("/acl", Own(protect::bing), "bing_open_redirect")),
    ("bing.com", redirect("/newtabredir", Param("url"), "bing_open_redirect")),
    ("login.microsoftonline.com", redirect("/", Own(protect::microsoft_oauth), "microsoft_oauth_redirect")),
    ("go.microsoft.com", redirect("/fwlink", Opaque, "microsoft")),
    ("r.search.yahoo.com", redirect("/", Own(protect::yahoo), "yahoo")),
    ("search.yahoo.com", redirect("/", Own(protect::yahoo), "yahoo")),
    ("yahoo.com", redirect("/", Own(protect::yahoo), "yahoo")),
    ("l.facebook.com", redirect("/l.php", Param("u"), "facebook")),
    ("lm.facebook.com", redirect("/l.php", Param("u"), "facebook")),
    ("facebook.com", redirect("/l.php", Param("u"), "facebook")),
    ("facebook.com", redirect("/flx/warn", Param("u"), "facebook")),
    ("l.messenger.com", redirect("/", Param("u"), "facebook")),
    ("l.wl.co", redirect("/", Param("u"), "facebook")),
    ("l.instagram.com", redirect("/", Param("u"), "instagram")),
    ("l.threads.com", redirect("/", Param("u"), "instagram")),
    ("l.threads.net", redirect("/", Param("u"), "instagram")),
    ("linkedin.com", redirect("/redir/", Param("url"), "linkedin")),
    ("linkedin.com", redirect("/safety/go", Param("url"), "linkedin")),
    ("linkedin.com", redirect("/comm/", Param("url|redirect"), "linkedin")),
    ("linkedin.com", redirect("/slink", Opaque, "linkedin")),
    ("twitter.com", redirect("/i/redirect", Param("url"), "twitter")),
    ("slack-redir.net", redirect("/link", Param("url"), "slack")),
    ("steamcommunity.com", redirect("/linkfilter", Param("url|u"), "steam")),
    ("vk.com", redirect("/away", Param("to"), "vk")),
    ("duckduckgo.com", redirect("/l/", Param("uddg"), "duckduckgo")),
    ("disq.us", redirect("/url", Param("url"), "disqus")),
    ("out.reddit.com", redirect("/", Param("url"), "reddit")),
    ("link.zhihu.com", redirect("/", Param("target"), "zhihu")),
    ("indeed.com", redirect("/r", Param("target"), "indeed_open_redirect")),
    ("snapchat.com", redirect("/web_redirect", AnyParam, "snapchat")),
    ("tiktok.com", redirect("/link/v2", Param("target"), "tiktok")),
    ("exactag.com", redirect("/", AnyParam, "exactag")),
    ("ppcprotect.com", redirect("/", AnyParam, "ppcprotect")),
    ("pylonlinks.com", redirect("/", AnyParam, "pylonlinks")),
    ("appspot.com", redirect("/", AnyParam, "appspot")),
    ("href.li", redirect("/", Query, "href_li")),
    ("anonym.to", redirect("/", Query, "anonymizer")),
    ("nullrefer.com", redirect("/", Query, "anonymizer")),
    ("dereferer.org", redirect("/", Query, "anonymizer")),
    ("deref-mail.com", redirect("/", Param("redirectUrl"), "deref_mail")),
    ("deref-gmx.net", redirect("/", Param("redirectUrl"), "deref_mail")),
    ("deref-gmx.com", redirect("/", Param("redirectUrl"), "deref_mail")),
    ("deref-web.de", redirect("/", Param("redirectUrl"), "deref_mail")),
    ("deref-1und1.de", redirect("/", Param("redirectUrl"), "deref_mail")),
];

static BY_HOST: LazyLock<FxHashMap<&'static str, Vec<&'static Row>>> = LazyLock::new(|| {
    let mut map: FxHashMap<&'static str, Vec<&'static Row>> = FxHashMap::default();
    for (host, row) in ROWS {
        map.entry(host).or_default().push(row);
    }
    map
});

/// Undoes a wrapper of a known host.
pub(super) fn step(view: &View<'_>) -> Option<Step> {
    if google::is_google(view) {
        return google::step(view).or_else(|| by_host(view));
    }
    by_host(view)
}

fn by_host(view: &View<'_>) -> Option<Step> {
    let mut host = view.host;
    // Six labels deep is deeper than any entry lies.
    for _ in 0..6 {
        if let Some(rows) = BY_HOST.get(host)
            && let Some(step) = rows.iter().find_map(|row| apply(row, view))
        {
            return Some(step);
        }
        host = host.split_once('.')?.1;
    }
    None
}

/// The row's decoder, when the path fits.
fn apply(row: &Row, view: &View<'_>) -> Option<Step> {
    if !decode::starts_ignoring_case(view.path, row.path) {
        return None;
    }
    let target = match row.how {
        Own(decoder) => {
            let mut step = decoder(view)?;
            step.layer.account = step.layer.account.or_else(|| account(row, view));
            return Some(step);
        }
        Opaque => None,
        ParamOrOpaque(names) => first_param(view, names),
        Param(names) => Some(first_param(view, names)?),
        AnyParam => Some(any_param(view)?),
        Query => Some(decode::absolute(view.query)?),
        Path => Some(decode::embedded(view.rest())?),
        Domain(name) => view.param(name).and_then(|value| decode::absolute_or_bare(value, "https")),
    };
    if row.kind == Tracker {
        return Some(view.tracker(row.encoder, row.esp, account(row, view), target));
    }
    Some(view.step(row.kind, row.encoder, target))
}

fn first_param(view: &View<'_>, names: &str) -> Option<String> {
    names.split('|').find_map(|name| view.param(name).and_then(decode::absolute))
}

/// The first absolute URL among the parameters' values.
pub(super) fn any_param(view: &View<'_>) -> Option<String> {
    view.params().take(64).find_map(|(_, value)| decode::absolute(value))
}

fn account(row: &Row, view: &View<'_>) -> Option<String> {
    let id = match row.account {
        A::None => return None,
        A::Param(name) => decode::percent(view.param(name)?),
        A::Label => {
            let label = view.host.split('.').next()?;
            let below = view.host.len() > view.root.len();
            (below && !matches!(label, "www" | "click" | "lt" | "links" | "r" | "t"))
                .then(|| label.to_owned())?
        }
        A::Segment(index) => view.segments().nth(index)?.to_owned(),
    };
    (!id.is_empty()).then_some(id)
}
