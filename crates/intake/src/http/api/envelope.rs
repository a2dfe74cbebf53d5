//! What a client of the API tells of the mail dialogue.

use std::net::IpAddr;

use axum::http::HeaderMap;
use sekisho_record::Envelope;
use serde::Deserialize;

use super::super::ask::{ip, queue_id};
use super::super::list::{bare, items};
use super::super::refused::Refused;
use crate::limits::HTTP_RECIPIENTS_MAX;

/// What was told; each may be left out.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Envelope)]
pub(super) struct Told {
    /// Envelope sender (RFC 5321 reverse path); empty for bounces.
    mail_from: Option<String>,
    /// Envelope recipients.
    rcpt_to: Vec<String>,
    /// What the sending server called itself.
    helo: Option<String>,
    /// Its address.
    #[schema(value_type = Option<String>)]
    ip: Option<IpAddr>,
    /// The name that it logged in with.
    login: Option<String>,
    /// What the mail server calls the message.
    queue_id: Option<String>,
}

impl Told {
    /// From header fields (`Sekisho-Mail-From`, `Sekisho-Rcpt-To`, …) and, first, from the query (`mail_from`, `rcpt_to`, …).
    pub(super) fn of(headers: &HeaderMap, query: Option<&str>) -> Result<Self, Refused> {
        let (mut by_query, mut by_header) = (Self::default(), Self::default());
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            by_query.note(&name, &value)?;
        }
        for (name, value) in headers {
            if let Some(name) = name.as_str().strip_prefix("sekisho-") {
                by_header.note(&name.replace('-', "_"), &String::from_utf8_lossy(value.as_bytes()))?;
            }
        }
        Ok(by_query.or(by_header))
    }

    /// From the JSON of a form.
    pub(super) fn of_json(json: Option<&[u8]>) -> Result<Self, Refused> {
        json.map_or(Ok(Self::default()), |json| serde_json::from_slice(json).map_err(|_| Refused::Envelope))
    }

    fn note(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        let text = || Some(value.trim().to_owned());
        match name {
            "mail_from" => self.mail_from = text(),
            "rcpt_to" => self.rcpt_to.extend(items(value)),
            "helo" => self.helo = text(),
            "ip" => self.ip = Some(ip(value).ok_or(Refused::Envelope)?),
            "login" => self.login = text(),
            "queue_id" => self.queue_id = text(),
            _ => {}
        }
        Ok(())
    }

    /// What is not told here is as told there.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            mail_from: self.mail_from.or(other.mail_from),
            rcpt_to: if self.rcpt_to.is_empty() { other.rcpt_to } else { self.rcpt_to },
            helo: self.helo.or(other.helo),
            ip: self.ip.or(other.ip),
            login: self.login.or(other.login),
            queue_id: self.queue_id.or(other.queue_id),
        }
    }

    /// The envelope, if any of it was told, and the mail server's name for the message.
    pub(super) fn envelope(self) -> Result<(Option<Envelope>, Option<String>), Refused> {
        if self.rcpt_to.len() > HTTP_RECIPIENTS_MAX {
            return Err(Refused::Recipients);
        }
        let queue_id = self.queue_id.as_deref().map(queue_id);
        let none = Self { queue_id: None, ..Self::default() };
        let told = Self { queue_id: None, ..self };
        if told == none {
            return Ok((None, queue_id));
        }
        let envelope = Envelope {
            mail_from: told.mail_from.as_deref().map(bare).unwrap_or_default().to_owned(),
            rcpt_to: told
                .rcpt_to
                .iter()
                .map(|rcpt| bare(rcpt).to_owned())
                .filter(|rcpt| !rcpt.is_empty())
                .collect(),
            helo: told.helo.unwrap_or_default(),
            ip: told.ip.map(|ip| ip.to_canonical()),
            login: told.login.filter(|login| !login.is_empty()),
        };
        Ok((Some(envelope), queue_id))
    }
}
