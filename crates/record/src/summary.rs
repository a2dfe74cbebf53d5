//! The few facts of the evidence that a list of results shows: small enough to cross from a worker with every verdict.

use serde::{Deserialize, Serialize};

use crate::Evidence;

/// What one line about a message names beside its verdict.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Message-ID.
    pub message_id: Option<String>,
    /// Address of the author (From).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// Display name of the author.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub author_name: String,
    /// Subject, decoded; its first 500 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Brands that the message claims to be, strongest first, weak claims left out.
    pub brands: Vec<String>,
    /// The brand of the strongest claim, when it is at least medium.
    pub claimed: Option<String>,
    /// The domain that a passing check vouches for, the first of them: who really sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub really: Option<String>,
    /// The bulk mailer that carried it.
    pub tenant: Option<Through>,
    /// Registrable domains that the links lead to.
    pub targets: Vec<String>,
}

/// A bulk mailer and the account of its that was used.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Through {
    /// Canonical name of the bulk mailer.
    pub esp: String,
    /// Account id at it.
    pub account: Option<String>,
    /// `api`, `smtp` or unknown.
    pub via: Option<String>,
}

impl From<&Evidence> for Summary {
    fn from(evidence: &Evidence) -> Self {
        let claims = evidence.brand.claims.iter().filter(|c| c.strength != "low");
        let (tenant, sender) = (&evidence.tenant, &evidence.model.sender);
        Self {
            message_id: evidence.model.headers.message_id.clone(),
            author: sender.email.as_ref().map(|email| email.email.clone()).unwrap_or_default(),
            author_name: sender.display_name.clone().unwrap_or_default(),
            subject: evidence.model.subject.subject.iter().flat_map(|s| s.chars()).take(500).collect(),
            brands: claims.map(|c| c.brand.clone()).collect(),
            claimed: evidence.brand.claimed.clone(),
            really: evidence.authentication.root_domains.first().cloned(),
            tenant: tenant.esp.as_ref().map(|esp| Through {
                esp: esp.clone(),
                account: tenant.account.clone(),
                via: tenant.via.clone(),
            }),
            targets: evidence.link.root_domains.clone(),
        }
    }
}
