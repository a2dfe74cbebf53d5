//! What the API takes and gives, as JSON and in queries.

use sekisho_record::{
    Class, Direction,
    quarantine::{Scope, State},
};
use sekisho_store::{Cursor, Filter, HeldItem, Reply};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::shapes;
use crate::{error::Error, limits};

/// What is searched for; see [`Filter`].
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HeldQuery {
    /// Its class.
    #[param(value_type = Option<shapes::Class>)]
    pub(crate) class: Option<Class>,
    /// How it stands for a recipient.
    #[param(value_type = Option<shapes::State>)]
    pub(crate) state: Option<State>,
    /// Which way it travelled.
    #[param(value_type = Option<shapes::Direction>)]
    pub(crate) direction: Option<Direction>,
    /// It arrived then or later.
    pub(crate) since: Option<i64>,
    /// It arrived before then.
    pub(crate) until: Option<i64>,
    /// Address of a recipient, or `@domain`.
    pub(crate) recipient: Option<String>,
    /// Address of the author or the reverse path, or `@domain`.
    pub(crate) sender: Option<String>,
    /// Words that stand somewhere in subject, addresses, names or summary.
    pub(crate) words: String,
    /// A rule that decided its class.
    pub(crate) rule: Option<String>,
    /// The brand that it claims to be.
    pub(crate) brand: Option<String>,
    /// Its campaign.
    pub(crate) campaign: Option<String>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// Messages of this page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<usize>,
}

impl HeldQuery {
    pub(crate) fn read(self) -> Result<(Filter, Option<Cursor>, usize), Error> {
        let after = self.after.as_deref().map(str::parse::<Cursor>).transpose()?;
        let size = self.limit.unwrap_or(limits::PAGE_MAX);
        if !(1..=limits::PAGE_MAX).contains(&size) {
            return Err(Error::Invalid(format!("limit: 1 to {}", limits::PAGE_MAX)));
        }
        let filter = Filter {
            class: self.class,
            state: self.state,
            direction: self.direction,
            since: self.since,
            until: self.until,
            recipient: self.recipient,
            sender: self.sender,
            words: self.words,
            rule: self.rule,
            brand: self.brand,
            campaign: self.campaign,
        };
        Ok((filter, after, size))
    }
}

/// A held message as JSON, without what only the store needs.
pub(crate) fn item(item: &HeldItem) -> Value {
    let mut out = serde_json::to_value(&item.held).unwrap_or_default();
    if let Some(fields) = out.as_object_mut() {
        for inner in ["key", "address", "recipients"] {
            fields.remove(inner);
        }
        fields.insert("states".to_owned(), serde_json::to_value(&item.states).unwrap_or_default());
        fields.insert("recipients_count".to_owned(), item.recipients.into());
    }
    out
}

/// In which language a person reads an explanation.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PreviewQuery {
    /// `en` or `ja`.
    pub(crate) lang: Option<String>,
}

impl PreviewQuery {
    pub(crate) fn language(&self) -> &'static str {
        crate::words::Language::asked(self.lang.as_deref(), None).tag()
    }
}

/// A request for release.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asks {
    /// For whom; a recipient with one address need not say.
    #[serde(default)]
    pub(crate) recipient: Option<String>,
    /// Why; at most 2,000 bytes.
    #[serde(default)]
    pub(crate) words: String,
}

/// A release.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Releasing {
    /// For whom; nobody named: for all that wait.
    #[serde(default)]
    pub(crate) recipients: Vec<String>,
    /// With a banner.
    #[serde(default)]
    pub(crate) banner: bool,
    /// Why, for the audit.
    #[serde(default)]
    pub(crate) reason: String,
}

/// A deletion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deleting {
    /// For whom; nobody named: for all that wait.
    #[serde(default)]
    pub(crate) recipients: Vec<String>,
    /// Why, for the audit.
    #[serde(default)]
    pub(crate) reason: String,
}

/// Which requests.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RequestQuery {
    /// Answered ones, too.
    pub(crate) all: bool,
    /// `next` of the page before.
    pub(crate) after: i64,
}

/// An answer to a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answering {
    /// `release` or `refuse`.
    pub(crate) answer: String,
    /// Released with a banner.
    #[serde(default)]
    pub(crate) banner: bool,
    /// In these words.
    #[serde(default)]
    pub(crate) words: String,
}

impl Answering {
    pub(crate) fn read(self) -> Result<(Reply, String), Error> {
        let reply = match self.answer.as_str() {
            "release" => Reply::Release { banner: self.banner },
            "refuse" => Reply::Refuse,
            _ => return Err(Error::Invalid("answer: `release` or `refuse`".to_owned())),
        };
        Ok((reply, words(self.words)?))
    }
}

/// Which lockdowns.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LockQuery {
    /// Those that have ended, too.
    pub(crate) all: bool,
    /// `next` of the page before.
    pub(crate) before: Option<i64>,
}

/// A lockdown that is ordered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Locking {
    /// What it covers.
    #[schema(value_type = shapes::Scope)]
    pub(crate) scope: Scope,
    /// Why, for whoever is refused: they read it.
    pub(crate) reason: String,
    /// The first second in which it holds no more.
    #[serde(default)]
    pub(crate) until: Option<i64>,
    /// Or for so many hours.
    #[serde(default)]
    pub(crate) hours: Option<u32>,
}

impl Locking {
    pub(crate) fn until(&self, now: i64) -> Result<Option<i64>, Error> {
        match (self.until, self.hours) {
            (Some(_), Some(_)) => Err(Error::Invalid("`until` or `hours`, not both".to_owned())),
            (None, Some(hours)) if !(1..=limits::LOCKDOWN_HOURS_MAX).contains(&hours) => {
                Err(Error::Invalid(format!("hours: 1 to {}", limits::LOCKDOWN_HOURS_MAX)))
            }
            (None, Some(hours)) => Ok(Some(now.saturating_add(i64::from(hours).saturating_mul(3_600)))),
            (until, None) => Ok(until),
        }
    }
}

/// A lift.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lifting {
    /// Why, for the audit.
    #[serde(default)]
    pub(crate) reason: String,
}

/// Which entries of the audit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// On what: a record, a lockdown.
    pub(crate) on: String,
    /// By whom.
    pub(crate) by: String,
    /// `next` of the page before.
    pub(crate) before: Option<i64>,
}

/// Words of a person, within their limit.
pub(crate) fn words(text: String) -> Result<String, Error> {
    if text.len() > limits::WORDS_BYTES_MAX {
        return Err(Error::Invalid(format!("words: at most {} bytes", limits::WORDS_BYTES_MAX)));
    }
    Ok(text)
}

/// Recipients, within their limit.
pub(crate) fn recipients(all: Vec<String>) -> Result<Vec<String>, Error> {
    if all.len() > limits::RECIPIENTS_MAX {
        return Err(Error::Invalid(format!("recipients: at most {}", limits::RECIPIENTS_MAX)));
    }
    Ok(all)
}
