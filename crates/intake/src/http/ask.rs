//! What rspamd's clients say about a message in header fields and query parameters.
//!
//! Envelope: `From`, `Rcpt` (or, without any, `Deliver-To`), `Helo`, `IP`, `User`. Shape of the reply: `Milter`, `Flags`,
//! `Compression`, `Content-Encoding`, `Accept-Encoding`. `Settings` and `Settings-ID` are not carried out, and the reply
//! says so: what is done with a message is said by the policy alone. `File`, `Path` and `Shm` are refused. Everything else
//! (`Hostname`, `Pass`, `MTA-Name`, `TLS-Cipher`, `Subject`, …) is known and changes nothing here: names of hosts are
//! looked up anew, and all rules always run.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use sekisho_record::Envelope;

use super::list::{bare, items};
use super::refused::Refused;
use crate::limits::{HTTP_QUEUE_ID_CHARS_MAX, HTTP_RECIPIENTS_MAX};

/// Told when a client sends settings.
pub(super) const SETTINGS_NOTE: &str = "Settings are not carried out: the policy decides";

/// A request's fields, read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ask {
    /// The envelope, if the client told any of it.
    pub(super) envelope: Option<Envelope>,
    /// What the mail server calls the message.
    pub(super) queue_id: Option<String>,
    /// The client is a milter, or hands on to one.
    pub(super) milter: bool,
    /// The client takes a new body behind the JSON.
    pub(super) body_block: bool,
    /// It sent settings.
    pub(super) settings: bool,
    /// The body is zstd.
    pub(super) inflate: bool,
    /// The reply is to be zstd.
    pub(super) deflate: bool,
    from: Option<String>,
    rcpt: Vec<String>,
    deliver_to: Option<String>,
    helo: Option<String>,
    ip: Option<IpAddr>,
    user: Option<String>,
}

impl Ask {
    /// Reads the fields of an HTTP request, then the parameters of its query, as if they were further fields.
    pub(super) fn of(headers: &HeaderMap, query: Option<&str>) -> Result<Self, Refused> {
        let mut ask = Self::default();
        for (name, value) in headers {
            ask.field(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))?;
        }
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            ask.field(&name.to_ascii_lowercase(), &value)?;
        }
        ask.finished()
    }

    /// Reads the fields of the line protocol. `spamc` names the local user in `User`, which is nobody who logged in.
    pub(super) fn of_lines(fields: &[(String, String)], spamc: bool) -> Result<Self, Refused> {
        let mut ask = Self::default();
        for (name, value) in fields {
            if !(spamc && name == "user") {
                ask.field(name, value)?;
            }
        }
        ask.finished()
    }

    /// Notes one field; its name is in lower case. Of fields that have one value the first counts.
    fn field(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        let value = value.trim();
        match name {
            "file" | "path" | "shm" | "shm-offset" | "shm-length" => return Err(Refused::Elsewhere),
            "from" => first(&mut self.from, bare(value)),
            "rcpt" => self.recipients(value)?,
            "deliver-to" => first(&mut self.deliver_to, bare(value)),
            "helo" => first(&mut self.helo, value),
            "user" => first(&mut self.user, value),
            "ip" => self.ip = self.ip.or_else(|| ip(value)),
            "queue-id" => first(&mut self.queue_id, &queue_id(value)),
            "settings" | "settings-id" => self.settings |= !value.is_empty(),
            "milter" => self.milter = true,
            "flags" => self.flags(value),
            "compression" | "content-encoding" => self.coding(value)?,
            "accept-encoding" => self.deflate |= has(value, "zstd"),
            _ => {}
        }
        Ok(())
    }

    fn recipients(&mut self, list: &str) -> Result<(), Refused> {
        self.rcpt.extend(items(list));
        if self.rcpt.len() > HTTP_RECIPIENTS_MAX { Err(Refused::Recipients) } else { Ok(()) }
    }

    fn flags(&mut self, value: &str) {
        self.milter |= has(value, "milter");
        self.body_block |= has(value, "body_block");
        self.inflate |= has(value, "zstd");
        self.deflate |= has(value, "zstd");
    }

    fn coding(&mut self, value: &str) -> Result<(), Refused> {
        match value.to_ascii_lowercase().as_str() {
            "zstd" => (self.inflate, self.deflate) = (true, true),
            "" | "identity" => {}
            _ => return Err(Refused::Coding),
        }
        Ok(())
    }

    fn finished(mut self) -> Result<Self, Refused> {
        if self.rcpt.is_empty() {
            self.rcpt.extend(self.deliver_to.take().filter(|to| !to.is_empty()));
        }
        let told = self.from.is_some() || self.helo.is_some() || self.ip.is_some();
        if told || self.user.is_some() || !self.rcpt.is_empty() {
            self.envelope = Some(Envelope {
                mail_from: self.from.take().unwrap_or_default(),
                rcpt_to: std::mem::take(&mut self.rcpt),
                helo: self.helo.take().unwrap_or_default(),
                ip: self.ip.take(),
                login: self.user.take().filter(|user| !user.is_empty()),
            });
        }
        Ok(self)
    }
}

fn first(slot: &mut Option<String>, value: &str) {
    slot.get_or_insert_with(|| value.to_owned());
}

/// Whether a comma-separated list names this, in any case, with whatever parameters.
fn has(list: &str, wanted: &str) -> bool {
    let name = |item: &str| item.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted);
    list.split(',').any(name)
}

/// An address as mail servers write it: `192.0.2.1`, `[192.0.2.1]`, `IPv6:2001:db8::1`; as rspamd's proxy does: with a port,
/// `192.0.2.1:25`, `[2001:db8::1]:25`.
pub(super) fn ip(value: &str) -> Option<IpAddr> {
    let value = value.trim();
    if let Ok(address) = value.parse::<SocketAddr>() {
        return Some(address.ip().to_canonical());
    }
    let value = value.trim_start_matches('[').trim_end_matches(']');
    let prefixed = value.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("ipv6:"));
    let value = if prefixed { value.get(5..)? } else { value };
    value.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// A name for logs: printable, and not long.
pub(super) fn queue_id(value: &str) -> String {
    value.chars().filter(|char| !char.is_control()).take(HTTP_QUEUE_ID_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fields: &[(&str, &str)], query: &str) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name = axum::http::HeaderName::try_from(*name).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        match Ask::of(&headers, Some(query)) {
            Err(refused) => format!("{refused:?}"),
            Ok(ask) => {
                let envelope = ask.envelope.map_or("-".into(), |e| {
                    let ip = e.ip.map_or("-".into(), |ip| ip.to_string());
                    format!(
                        "<{}> <{}> helo={} ip={ip} login={:?}",
                        e.mail_from,
                        e.rcpt_to.join("> <"),
                        e.helo,
                        e.login
                    )
                });
                let flags = [
                    (ask.milter, " milter"),
                    (ask.body_block, " body"),
                    (ask.settings, " settings"),
                    (ask.inflate, " inflate"),
                    (ask.deflate, " deflate"),
                ];
                let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
                format!("{envelope}{flags}")
            }
        }
    }

    #[test]
    fn fields_are_an_envelope() {
        let fields = [
            ("From", "<a@b.c>"),
            ("Rcpt", "<d@e.f>, g@h.i"),
            ("RCPT", "\"j,k\"@l.m"),
            ("Helo", "x.y"),
            ("Ip", "[192.0.2.1]"),
            ("User", "me"),
        ];
        assert_eq!(
            check(&fields, ""),
            r#"<a@b.c> <d@e.f> <g@h.i> <"j,k"@l.m> helo=x.y ip=192.0.2.1 login=Some("me")"#
        );
        assert_eq!(check(&[("Subject", "x"), ("Pass", "all"), ("Hostname", "h")], ""), "-");
        assert_eq!(check(&[("From", "<>")], ""), "<> <> helo= ip=- login=None");
        assert_eq!(check(&[("IP", "nonsense")], ""), "-");
        assert_eq!(check(&[("ip", "::ffff:192.0.2.1")], ""), "<> <> helo= ip=192.0.2.1 login=None");
        assert_eq!(check(&[("Deliver-To", "<box@e.f>")], ""), "<> <box@e.f> helo= ip=- login=None");
        assert_eq!(
            check(&[("Deliver-To", "box@e.f"), ("Rcpt", "d@e.f")], ""),
            "<> <d@e.f> helo= ip=- login=None"
        );
    }

    #[test]
    fn addresses_are_read_as_they_are_written() {
        let read = |text: &str| ip(text).map_or("-".into(), |ip| ip.to_string());
        let four = ["192.0.2.1", " [192.0.2.1]", "192.0.2.1:25", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:25"];
        assert!(four.iter().all(|text| read(text) == "192.0.2.1"));
        let six =
            ["2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:25", "IPv6:2001:db8::7", "[ipv6:2001:DB8::7]"];
        assert!(six.iter().all(|text| read(text) == "2001:db8::7"));
        let none = ["", "unknown", "192.0.2.1:", "192.0.2", "/var/run/socket", "IPv6:é", "192.0.2.1:99999"];
        assert!(none.iter().all(|text| read(text) == "-"));
    }

    #[test]
    fn parameters_of_the_query_are_fields() {
        assert_eq!(
            check(&[], "IP=192.0.2.1&from=a%40b.c&rcpt=d@e.f&rcpt=g@h.i"),
            "<a@b.c> <d@e.f> <g@h.i> helo= ip=192.0.2.1 login=None"
        );
        assert_eq!(check(&[("From", "a@b.c")], "from=x@y.z"), "<a@b.c> <> helo= ip=- login=None");
        assert_eq!(check(&[], "file=/etc/passwd"), "Elsewhere");
    }

    #[test]
    fn flags_shape_the_reply() {
        assert_eq!(check(&[("Flags", "pass_all, body_block,new")], ""), "- body");
        assert_eq!(check(&[("Flags", "milter"), ("Settings-ID", "x")], ""), "- milter settings");
        assert_eq!(check(&[("Milter", "Yes")], ""), "- milter");
        assert_eq!(check(&[("Compression", "zstd")], ""), "- inflate deflate");
        assert_eq!(check(&[("Accept-Encoding", "gzip, zstd;q=0.5")], ""), "- deflate");
        assert_eq!(check(&[("Content-Encoding", "gzip")], ""), "Coding");
        assert_eq!(check(&[("Shm", "/x")], ""), "Elsewhere");
    }

    #[test]
    fn no_recipient_is_lost() {
        let many = "a@b.c,".repeat(HTTP_RECIPIENTS_MAX);
        assert_eq!(check(&[("Rcpt", &many), ("Rcpt", "d@e.f")], ""), "Recipients");
        assert!(check(&[("Rcpt", &many)], "").ends_with("<a@b.c> helo= ip=- login=None"));
    }
}
