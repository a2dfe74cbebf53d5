//! The policy as it is asked for every message: clauses checked once when the configuration is read.

use std::collections::{BTreeMap, HashSet};

use sekisho_record::{Action, Class, Direction, Level, Threat};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    Error, limits,
    settings::{self, Do, FailSafe},
};

/// What a sending server reads when a clause gives no text of its own.
const REJECTED: &str = "message refused by policy";
const DEFERRED: &str = "message cannot be accepted now, please try again later";

/// Everything that deciding needs to know of the configuration.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Language of banners.
    pub language: String,
    /// The authserv-id under which we write.
    pub authserv_id: Option<String>,
    /// Domains whose mail is internal, lower case.
    pub(crate) domains: Vec<String>,
    /// The clauses, the built-in ones last.
    pub(crate) clauses: Vec<Clause>,
    /// Groups of recipients by name.
    groups: BTreeMap<String, Recipients>,
}

impl Default for Policy {
    fn default() -> Self {
        let clauses = builtin(FailSafe::default()).to_vec();
        let (authserv_id, domains, groups) = (None, Vec::new(), BTreeMap::new());
        Self { language: "en".to_owned(), authserv_id, domains, clauses, groups }
    }
}

/// A clause, ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    pub(crate) name: String,
    pub(crate) action: Action,
    pub(crate) class: Vec<Class>,
    pub(crate) threat: Vec<Threat>,
    pub(crate) score_min: u8,
    pub(crate) direction: Vec<Direction>,
    pub(crate) rules: Vec<String>,
    /// `None`: everybody.
    pub(crate) recipients: Option<Recipients>,
    pub(crate) judged: Option<bool>,
    /// Seconds since 1970.
    pub(crate) until: Option<i64>,
}

/// Addresses and domains, lower case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recipients {
    addresses: HashSet<String>,
    domains: HashSet<String>,
}

impl Recipients {
    fn add(&mut self, one: &str) -> bool {
        let one = one.trim().to_lowercase();
        match one.rsplit_once('@') {
            Some(("", domain)) if !domain.is_empty() => self.domains.insert(domain.to_owned()),
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() => self.addresses.insert(one),
            _ => return false,
        };
        true
    }

    /// Whether a recipient is among them; `address` in lower case.
    pub(crate) fn hold(&self, address: &str) -> bool {
        self.addresses.contains(address)
            || address.rsplit_once('@').is_some_and(|(_, domain)| self.domains.contains(domain))
    }
}

impl Policy {
    /// Checks what is written.
    ///
    /// # Errors
    /// [`Error::Clause`] names the clause and what is wrong with it, [`Error::Setting`] another key.
    pub fn new(written: &settings::Policy, domains: &[String]) -> Result<Self, Error> {
        let language = written.language.clone().unwrap_or_else(|| "en".to_owned());
        if !LANGUAGES.contains(&language.as_str()) {
            let known = LANGUAGES.join(", ");
            return Err(Error::Setting(format!("policy.language = \"{language}\" is none of {known}")));
        }
        if written.clauses.len() > limits::CLAUSES_MAX {
            return Err(Error::Setting(format!("more than {} clauses", limits::CLAUSES_MAX)));
        }
        let mut names = HashSet::new();
        let mut clauses = Vec::new();
        for one in &written.clauses {
            let wrong = |what: String| Error::Clause { name: one.name.clone(), what };
            if one.name.is_empty() || !one.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                return Err(wrong("a name is letters, digits and hyphens".to_owned()));
            }
            if BUILTIN.contains(&one.name.as_str()) || !names.insert(one.name.clone()) {
                return Err(wrong("the name is taken".to_owned()));
            }
            clauses.push(clause(one, &written.groups).map_err(wrong)?);
        }
        clauses.extend(builtin(written.fail_safe));
        let authserv_id = written.authserv_id.clone();
        if authserv_id
            .as_ref()
            .is_some_and(|id| id.is_empty() || !id.bytes().all(|b| b.is_ascii_graphic() && b != b';'))
        {
            return Err(Error::Setting("policy.authserv_id is no host name".to_owned()));
        }
        let domains = domains.iter().map(|domain| domain.to_lowercase()).collect();
        let mut groups = BTreeMap::new();
        for (name, members) in &written.groups {
            let members = recipients(members, &BTreeMap::new())
                .map_err(|what| Error::Setting(format!("policy.groups.{name}: {what}")))?;
            groups.insert(name.clone(), members.unwrap_or_default());
        }
        Ok(Self { language, authserv_id, domains, clauses, groups })
    }

    /// Names of the groups that a recipient belongs to.
    pub fn groups_of(&self, address: &str) -> Vec<String> {
        let address = address.to_lowercase();
        let in_it = |(_, members): &(&String, &Recipients)| members.hold(&address);
        self.groups.iter().filter(in_it).map(|(name, _)| name.clone()).collect()
    }

    /// The domain of an address is one of the organisation's, or within one.
    pub(crate) fn owns(&self, address: &str) -> bool {
        let Some((_, domain)) = address.rsplit_once('@') else { return false };
        let domain = domain.to_lowercase();
        self.domains.iter().any(|own| {
            domain.strip_suffix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

/// Languages that banners are written in.
pub const LANGUAGES: [&str; 5] = ["en", "ja", "de", "fr", "es"];

/// The clause of a message that could not be judged.
pub const FAIL_SAFE: &str = "fail-safe";
const MALICIOUS: &str = "malicious-is-held";
const SUSPICIOUS: &str = "suspicious-is-warned";
/// The clause of everything else.
pub const REST: &str = "rest-is-delivered";
const BUILTIN: [&str; 4] = [FAIL_SAFE, MALICIOUS, SUSPICIOUS, REST];

fn builtin(fail_safe: FailSafe) -> [Clause; 4] {
    let one = |name: &str, action| Clause {
        name: name.to_owned(),
        action,
        class: Vec::new(),
        threat: Vec::new(),
        score_min: 0,
        direction: Vec::new(),
        rules: Vec::new(),
        recipients: None,
        judged: Some(true),
        until: None,
    };
    let unjudged = match fail_safe {
        FailSafe::Deliver => Action::Deliver,
        FailSafe::Banner => Action::Banner { level: Level::Notice },
        FailSafe::Defer => Action::Defer { text: DEFERRED.to_owned() },
    };
    let to_our_people = vec![Direction::Inbound, Direction::Internal];
    [
        Clause { judged: Some(false), ..one(FAIL_SAFE, unjudged) },
        Clause { class: vec![Class::Malicious], ..one(MALICIOUS, Action::Quarantine) },
        Clause {
            class: vec![Class::Suspicious],
            direction: to_our_people,
            ..one(SUSPICIOUS, Action::Banner { level: Level::Warning })
        },
        Clause { judged: None, ..one(REST, Action::Deliver) },
    ]
}

fn clause(one: &settings::Clause, groups: &BTreeMap<String, Vec<String>>) -> Result<Clause, String> {
    let until = one.until.as_deref().map(|text| {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(OffsetDateTime::unix_timestamp)
            .map_err(|error| format!("until = \"{text}\": {error}; write it as 2027-01-31T12:00:00Z"))
    });
    Ok(Clause {
        name: one.name.clone(),
        action: action(one)?,
        class: one.class.clone(),
        threat: one.threat.clone(),
        score_min: one.score_min.unwrap_or(0),
        direction: one.direction.clone(),
        rules: one.rules.clone(),
        recipients: recipients(&one.recipients, groups)?,
        judged: Some(one.judged),
        until: until.transpose()?,
    })
}

fn action(one: &settings::Clause) -> Result<Action, String> {
    let Do::Redirect = one.action else {
        if one.to.is_some() {
            return Err("`to` belongs to `do = \"redirect\"`".to_owned());
        }
        return other_action(one);
    };
    let to = one.to.clone().unwrap_or_default();
    if !Recipients::default().add(&to) || to.starts_with('@') || to.bytes().any(|b| b <= b' ' || b == b'<') {
        return Err("`do = \"redirect\"` needs an address in `to`".to_owned());
    }
    Ok(Action::Redirect { to })
}

fn other_action(one: &settings::Clause) -> Result<Action, String> {
    if one.level.is_some() && one.action != Do::Banner {
        return Err("`level` belongs to `do = \"banner\"`".to_owned());
    }
    let replies = matches!(one.action, Do::Reject | Do::Defer);
    if one.text.is_some() && !replies {
        return Err("`text` belongs to `do = \"reject\"` and `do = \"defer\"`".to_owned());
    }
    let text = |usual: &str| one.text.clone().unwrap_or_else(|| usual.to_owned());
    let printable =
        |text: &str| text.len() <= limits::REPLY_TEXT_MAX && text.bytes().all(|b| (32..127).contains(&b));
    if one.text.as_deref().is_some_and(|text| !printable(text)) {
        return Err(format!("`text` is one line of ASCII, at most {} characters", limits::REPLY_TEXT_MAX));
    }
    Ok(match one.action {
        Do::Deliver | Do::Redirect => Action::Deliver,
        Do::Banner => Action::Banner { level: one.level.unwrap_or(Level::Warning) },
        Do::Quarantine => Action::Quarantine,
        Do::Reject => Action::Reject { text: text(REJECTED) },
        Do::Defer => Action::Defer { text: text(DEFERRED) },
    })
}

fn recipients(
    written: &[String],
    groups: &BTreeMap<String, Vec<String>>,
) -> Result<Option<Recipients>, String> {
    if written.is_empty() {
        return Ok(None);
    }
    let mut out = Recipients::default();
    for one in written {
        let members = match one.strip_prefix("group:") {
            Some(name) => groups.get(name).ok_or_else(|| {
                let known: Vec<&str> = groups.keys().map(String::as_str).collect();
                format!("there is no group `{name}`; there are: {}", known.join(", "))
            })?,
            None => std::slice::from_ref(one),
        };
        for member in members {
            if !out.add(member) {
                return Err(format!("`{member}` is neither an address nor @domain nor group:NAME"));
            }
        }
    }
    Ok(Some(out))
}
