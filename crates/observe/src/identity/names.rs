//! How names and local parts are built.

use sekisho_mail::{Domain, EmailAddress, Mailbox};

use crate::{
    context::{Organisation, Person, is_within},
    fold::{fold, one_edit, skeleton},
    lists,
};

/// Mailboxes that programs and administrators use (RFC 2142 and habit).
const TECHNICAL: &[&str] = &[
    "postmaster",
    "mailer-daemon",
    "mailerdaemon",
    "root",
    "abuse",
    "hostmaster",
    "webmaster",
    "www-data",
    "www",
    "apache",
    "nginx",
    "nobody",
    "daemon",
    "administrator",
    "sysadmin",
    "cpanel",
    "plesk",
    "mailman",
    "wordpress",
    "admin",
    "smtp",
    "mail",
    "ftp",
    "bounce",
    "bounces",
    "server",
    "system",
    "oracle",
    "tomcat",
    "httpd",
    "anonymous",
    "cron",
    "default",
];

/// The local part is a technical mailbox.
pub(super) fn is_technical(local: &str) -> bool {
    let base = local.split('+').next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit());
    TECHNICAL.contains(&base)
}

/// The local part was made by a machine: long hexadecimal, or letters and digits that nobody can say.
pub(super) fn is_random(local: &str) -> bool {
    // Bounce and reply addresses carry ids behind a plus or an equals sign; that is bookkeeping.
    let base = local.split(['+', '=']).next().unwrap_or_default();
    base.split(['.', '-', '_']).any(is_random_word)
}

fn is_random_word(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if digits + letters != bytes.len() || letters == 0 {
        return false;
    }
    let hex = bytes.len() >= 12 && digits >= 3 && bytes.iter().all(u8::is_ascii_hexdigit) && letters >= 2;
    let vowels = bytes.iter().filter(|b| b"aeiouyAEIOUY".contains(b)).count();
    let unspeakable = letters >= 7 && vowels * 7 < letters;
    // Digits between letters, more than once: `x7k2m9q4`.
    let turns =
        bytes.windows(2).filter(|w| matches!(w, [a, b] if a.is_ascii_digit() != b.is_ascii_digit())).count();
    let mixed = bytes.len() >= 8 && digits >= 2 && turns >= 3;
    hex || mixed || (bytes.len() >= 9 && unspeakable)
}

/// An address inside a folded display name.
pub(super) fn shown_address(folded: &str) -> Option<EmailAddress> {
    let word = folded
        .split(|c: char| {
            c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '"' | '\'' | ',' | ';' | '[' | ']')
        })
        .find(|w| w.contains('@'))?
        .trim_matches(|c: char| !c.is_alphanumeric());
    let (local, domain) = word.split_once('@')?;
    if local.is_empty() || !is_domain(domain) {
        return None;
    }
    Some(EmailAddress {
        email: word.to_owned(),
        local_part: Some(local.to_owned()),
        domain: Domain {
            domain: domain.to_owned(),
            root_domain: Some(root(domain).to_owned()),
            ..Domain::default()
        },
    })
}

/// A domain name inside a folded display name.
pub(super) fn shown_domain(folded: &str) -> Option<String> {
    folded
        .split(|c: char| {
            c.is_whitespace()
                || matches!(c, '<' | '>' | '(' | ')' | '"' | '\'' | ',' | ';' | '[' | ']' | '|' | '/')
        })
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()))
        .find(|w| is_domain(w))
        .map(str::to_owned)
}

/// Looks like a host name under a top-level domain that people register, so that `e.leclerc` and `node.js` are none.
fn is_domain(word: &str) -> bool {
    let Some((front, tld)) = word.rsplit_once('.') else { return false };
    let label = |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let common = matches!(
        tld,
        "com"
            | "net"
            | "org"
            | "info"
            | "biz"
            | "io"
            | "app"
            | "dev"
            | "online"
            | "shop"
            | "site"
            | "xyz"
            | "top"
            | "club"
            | "store"
            | "live"
            | "cloud"
            | "gov"
            | "edu"
            | "co"
            | "me"
            | "tv"
            | "us"
            | "eu"
            | "uk"
            | "de"
            | "fr"
            | "jp"
            | "br"
            | "it"
            | "es"
            | "nl"
            | "be"
            | "ch"
            | "at"
            | "pl"
            | "ru"
            | "cn"
            | "in"
            | "au"
            | "ca"
            | "mx"
            | "se"
            | "no"
            | "dk"
            | "fi"
            | "pt"
            | "cz"
            | "gr"
            | "tr"
            | "za"
            | "kr"
            | "tw"
            | "hk"
            | "sg"
            | "my"
            | "id"
            | "th"
            | "vn"
            | "ph"
            | "nz"
            | "ie"
            | "ar"
            | "cl"
            | "pe"
            | "cc"
            | "tech"
            | "vip"
            | "icu"
            | "pro"
            | "space"
            | "website"
            | "email"
    );
    // Two letters before the dot and one after are initials, not hosts.
    common
        && word.len() <= 253
        && front.len() >= 2
        && front.split('.').all(label)
        && front.bytes().any(|b| b.is_ascii_alphabetic())
}

/// The registrable part of a name that was found in text.
pub(super) fn root(domain: &str) -> &str {
    crate::brand::registrable(domain)
}

/// The name is one of the people's, and the address none of theirs.
pub(super) fn is_person(folded: &str, people: &[Person], address: &str) -> bool {
    let shown = words(folded);
    if shown.len() < 2 {
        return false;
    }
    people.iter().any(|person| {
        let theirs = words(&fold(&person.name).text);
        theirs.len() >= 2
            && (shown == theirs
                || theirs.iter().all(|w| shown.contains(w)) && shown.len() <= theirs.len() + 1)
            && !person.addresses.iter().any(|a| a.eq_ignore_ascii_case(address))
    })
}

/// Words of a name in alphabetical order, so that `Ito, Ken` is `Ken Ito`; what stands in brackets is left out.
fn words(folded: &str) -> Vec<String> {
    let plain = folded.split(['(', '[', '<', '|']).next().unwrap_or_default();
    let split = plain.split(|c: char| !c.is_alphanumeric());
    let mut words: Vec<String> = split
        .filter(|w| w.chars().count() > 1 || !w.is_ascii() && !w.is_empty())
        .map(str::to_owned)
        .collect();
    words.sort();
    words.dedup();
    words
}

/// The display name is the recipient's name, local part or address.
pub(super) fn is_recipient(folded: &str, recipient: &Mailbox) -> bool {
    let shown = folded.trim();
    let local = recipient.email.local_part.as_deref().unwrap_or_default();
    let name = recipient.display_name.as_deref().map(|n| fold(n).text).unwrap_or_default();
    let name = name.trim();
    !recipient.email.email.is_empty() && shown.contains(&recipient.email.email)
        || local.len() >= 4 && shown == local.to_lowercase()
        || name.chars().count() >= 4 && shown == name
}

/// What an organisation's own name stands beside when somebody writes as it: departments, duties, legal forms; folded.
const ROLES: &[&str] = &[
    "account",
    "accounting",
    "accounts",
    "admin",
    "administration",
    "administrator",
    "ag",
    "alert",
    "alerts",
    "assistance",
    "assistenza",
    "auth",
    "benefits",
    "billing",
    "board",
    "buchhaltung",
    "cio",
    "ceo",
    "cfo",
    "co",
    "company",
    "compliance",
    "corp",
    "corporation",
    "department",
    "dept",
    "desk",
    "direction",
    "director",
    "docs",
    "document",
    "documents",
    "e-mail",
    "email",
    "employee",
    "equipe",
    "equipo",
    "exchange",
    "fax",
    "finance",
    "gmbh",
    "group",
    "help",
    "helpdesk",
    "hr",
    "human",
    "inc",
    "info",
    "it",
    "kk",
    "legal",
    "llc",
    "ltd",
    "mail",
    "mailbox",
    "mailer",
    "management",
    "manager",
    "message",
    "messages",
    "notice",
    "notification",
    "notifications",
    "office",
    "payroll",
    "personal",
    "personnel",
    "portal",
    "postmaster",
    "procurement",
    "purchasing",
    "quarantine",
    "quota",
    "reception",
    "reply",
    "resources",
    "sa",
    "scan",
    "scanner",
    "secretary",
    "secure",
    "security",
    "server",
    "service",
    "servicedesk",
    "services",
    "servizio",
    "sharepoint",
    "soporte",
    "staff",
    "suporte",
    "support",
    "system",
    "systems",
    "team",
    "verification",
    "voice",
    "voicemail",
    "webmail",
];
/// The same where words have no spaces between them.
const ROLES_CJK: &[&str] = &[
    "サポート",
    "システム",
    "情報",
    "メール",
    "総務",
    "人事",
    "経理",
    "事務局",
    "窓口",
    "管理",
    "セキュリティ",
    "チーム",
    "株式会社",
    "部",
    "课",
    "部门",
    "管理员",
    "财务",
    "公司",
    "团队",
    "邮箱",
    "관리",
    "지원",
];

/// The display name presents the owner of a domain by its label: nothing stands beside it, or a role does, or it is the
/// whole domain. One word shared with a stranger's own name (`Harbour Letters`) is no claim.
fn presents_label(folded: &str, label: &str, domain: &str) -> bool {
    if !holds_word(folded, label) {
        return false;
    }
    let mut others = folded
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| {
            !word.is_empty() && !label.split(|c: char| !c.is_alphanumeric()).any(|part| part == *word)
        })
        .filter(|word| *word != label)
        .peekable();
    others.peek().is_none()
        || holds_word(folded, domain)
        || others.any(|word| {
            ROLES.contains(&word) || !word.is_ascii() && ROLES_CJK.iter().any(|role| word.contains(role))
        })
}

/// The display name holds the name of the organisation, or presents the label of a recipient's domain, while the
/// author's registrable domain (`root`) is neither the organisation's nor that recipient's.
pub(super) fn claims_organisation(
    folded: &str,
    organisation: &Organisation,
    recipients: &[&Mailbox],
    root: &str,
) -> bool {
    if root.is_empty() || organisation.owns(root) {
        return false;
    }
    let holds = |name: &str| {
        let name = fold(name).text;
        name.chars().count() >= 3 && holds_word(folded, name.trim())
    };
    if organisation.names.iter().any(|n| holds(n)) {
        return true;
    }
    let presented = |domain: &str| {
        let label = crate::brand::label_of(domain);
        label.len() >= 4 && presents_label(folded, &fold(label).text, domain)
    };
    if organisation.domains.iter().any(|domain| presented(domain)) {
        return true;
    }
    recipients.iter().any(|r| {
        let domain = &r.email.domain;
        let theirs = domain.root_domain.as_deref().unwrap_or_default();
        let sld = domain.sld.as_deref().unwrap_or_default();
        sld.len() >= 4
            && theirs != root
            && !lists::contains("free_email_providers", theirs)
            && !matches!(sld, "yahoo" | "hotmail" | "outlook" | "live" | "gmx" | "gmail" | "mail")
            && presents_label(folded, &fold(sld).text, theirs)
            && !root.contains(sld)
    })
}

/// `word` stands in `text` with no letter or digit beside it.
fn holds_word(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, found)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|t| t.chars().next());
            let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() || crate::fold::is_cjk(c));
            free(before) && free(after)
        })
}

/// The domain imitates the organisation's or a partner's: whose, and how.
pub(super) fn imitated_partner(
    domain: &Domain,
    organisation: &Organisation,
) -> Option<(String, &'static str)> {
    let real = organisation.domains.iter().chain(&organisation.partners);
    imitated_domain(domain, real.map(String::as_str))
}

/// Which of these registrable domains the domain imitates, and how: `confusable`, `tld`, `typo`, `combo`, `subdomain`.
pub(crate) fn imitated_domain<'a>(
    domain: &Domain,
    real: impl Iterator<Item = &'a str>,
) -> Option<(String, &'static str)> {
    let root = domain.root_domain.as_deref()?;
    let sld = domain.sld.as_deref()?;
    let written = fold(sld).text;
    for real in real {
        let own = crate::brand::label_of(real);
        if own.len() < 4 || is_within(root, real) || is_within(real, root) {
            continue;
        }
        let kind = if written == own && sld != own || written != own && skeleton(&written) == skeleton(own) {
            "confusable"
        } else if written == own {
            "tld"
        } else if own.len() >= 6 && one_edit(&written, own) {
            "typo"
        } else if own.len() >= 5 && written.split('-').any(|p| p == own) {
            "combo"
        } else if own.len() >= 5
            && domain.subdomain.as_deref().is_some_and(|s| s.split('.').any(|l| l == own) || s.contains(real))
        {
            "subdomain"
        } else {
            continue;
        };
        return Some((real.to_owned(), kind));
    }
    None
}
