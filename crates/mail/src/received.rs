//! The way a message came: typed `Received` hops (RFC 5321 §4.4).

use serde::{Deserialize, Serialize};

use crate::{AuthResults, Domain, Ip, Signature, Span, Spf, date, limits};

/// One `Received` line taken apart. Raw texts are kept as written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Received {
    /// `from …`.
    pub source: Option<String>,
    /// `by …`.
    pub server: Option<String>,
    /// `with …`.
    pub protocol: Option<String>,
    /// `via …`.
    pub link: Option<String>,
    /// `id …`.
    pub id: Option<String>,
    /// `for …`.
    pub mailbox: Option<String>,
    /// Comments and clauses that fit nowhere else.
    pub additional: Option<String>,
    /// Seconds since the epoch, UTC.
    pub time: Option<i64>,
    /// Zone as written, `+0100`.
    pub zone_offset: Option<String>,
    /// What the peer called itself (HELO/EHLO).
    pub helo: Option<String>,
    /// The peer's name by reverse DNS, as the server recorded it.
    pub reverse_dns: Option<String>,
    /// The peer's address, as the server recorded it.
    pub ip: Option<String>,
}

/// A header field inside a hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopField {
    /// Name as written.
    pub name: String,
    /// Place among all fields of the message, counted from the top.
    pub position: i64,
    /// Unfolded value, encoded words decoded.
    pub value: String,
    /// The field in the raw message.
    #[serde(skip)]
    pub span: Span,
}

/// One `Received` line and the fields that follow it. Index 0 is closest to the sender (mql.md §3.3).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hop {
    /// Place in the chain.
    pub index: i64,
    /// The line itself; `None` for a message that no server stamped.
    pub received: Option<Received>,
    /// The fields below it up to the next `Received`.
    pub fields: Vec<HopField>,
    /// `Authentication-Results` (or `ARC-Authentication-Results`) that this hop's server wrote.
    pub authentication_results: Option<AuthResults>,
    /// `Received-SPF` that it wrote.
    pub received_spf: Option<Spf>,
    /// First `DKIM-Signature` of the hop.
    pub signature: Option<Signature>,
}

/// The words that begin a clause (RFC 5321 §4.4).
const CLAUSES: [&str; 6] = ["from", "by", "via", "with", "id", "for"];

/// Reads one unfolded `Received` value, in the style of any server. Total: what cannot be placed is `additional`.
pub fn parse(value: &str) -> Received {
    let value = value.get(..floor(value, limits::RECEIVED_BYTES_MAX)).unwrap_or_default();
    let (clauses, stamp) = split_date(value);
    let mut out = Received::default();
    if let Some(date) = stamp.and_then(date::parse) {
        (out.time, out.zone_offset) = (Some(date.seconds), date.offset);
    }
    let mut current: Option<usize> = None;
    let mut from = 0;
    for (start, word) in words(clauses) {
        let Some(clause) = CLAUSES.iter().position(|c| word.eq_ignore_ascii_case(c)) else { continue };
        if out.slot(Some(clause)).is_some() || Some(clause) == current {
            // A second `for` or `by` is part of the clause that it stands in.
            continue;
        }
        put(out.slot(current), clauses.get(from..start));
        (current, from) = (Some(clause), start + word.len());
    }
    put(out.slot(current), clauses.get(from..));
    if out.time.is_none() {
        out.date_behind_id();
    }
    if let Some(source) = out.source.clone() {
        out.peer(&source);
    }
    out
}

/// The largest character boundary that is not beyond `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

fn put(slot: &mut Option<String>, text: Option<&str>) {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return;
    }
    let text = if text.contains(['\t', '\r', '\n']) || text.contains("  ") {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        text.to_owned()
    };
    *slot = Some(text);
}

/// Words outside of comments, with their offsets.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut depth = 0usize;
    let mut start = None;
    let ends = text.char_indices().chain(std::iter::once((text.len(), ' ')));
    ends.filter_map(move |(at, c)| {
        let outside = depth == 0;
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if outside && !c.is_whitespace() && c != '(' {
            start.get_or_insert(at);
            return None;
        }
        let first = start.take()?;
        text.get(first..at).map(|word| (first, word))
    })
}

/// Cuts off the date behind the last semicolon that stands outside of a comment.
fn split_date(value: &str) -> (&str, Option<&str>) {
    let mut depth = 0usize;
    let mut last = None;
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => last = Some(at),
            _ => {}
        }
    }
    // A comment that does not close hides the semicolon.
    match last.or_else(|| value.rfind(';').filter(|_| depth > 0)) {
        Some(at) => (value.get(..at).unwrap_or(value), value.get(at + 1..)),
        None => (value, None),
    }
}

impl Received {
    fn slot(&mut self, clause: Option<usize>) -> &mut Option<String> {
        match clause {
            Some(0) => &mut self.source,
            Some(1) => &mut self.server,
            Some(2) => &mut self.link,
            Some(3) => &mut self.protocol,
            Some(4) => &mut self.id,
            Some(5) => &mut self.mailbox,
            _ => &mut self.additional,
        }
    }

    /// Some services leave the semicolon out: the date then stands behind the id.
    fn date_behind_id(&mut self) {
        let Some((id, rest)) = self.id.as_deref().and_then(|id| id.split_once(' ')) else { return };
        if let Some(date) = date::parse(rest) {
            (self.time, self.zone_offset) = (Some(date.seconds), date.offset);
            self.id = Some(id.to_owned());
        }
    }

    /// Reads who connected out of the `from` clause.
    fn peer(&mut self, source: &str) {
        let name = source.split([' ', '(']).next().unwrap_or_default();
        let mut helo = None;
        for comment in comments(source) {
            helo = helo.or_else(|| greeting(comment));
            if self.ip.is_none() {
                self.ip = address_in(comment);
            }
            if self.reverse_dns.is_none() {
                self.reverse_dns = name_in(comment);
            }
        }
        let literal = bracketed(name);
        let literal = literal.or_else(|| plain_ip(name));
        if self.ip.is_none() {
            self.ip = literal.clone().or_else(|| bracketed(source));
        }
        let named = literal.is_none() && !matches!(name, "" | "unknown" | "UnknownHost");
        if helo.is_some() && named && self.reverse_dns.is_none() {
            // Exim and qmail put the verified name first and the greeting into the comment.
            self.reverse_dns = Some(name.trim_end_matches('.').to_owned());
        }
        self.helo = helo.or_else(|| (!name.is_empty() && name != "unknown").then(|| name.to_owned()));
    }

    /// The host that stamped this line: the first word of `by`.
    pub fn by_host(&self) -> Option<&str> {
        self.server.as_deref().and_then(|s| s.split([' ', '(', ';']).find(|w| !w.is_empty()))
    }
}

/// Outermost comments of a clause.
fn comments(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    let mut start = 0;
    text.char_indices().filter_map(move |(at, c)| {
        match c {
            '(' => {
                depth += 1;
                if depth == 1 {
                    start = at + 1;
                }
            }
            ')' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return text.get(start..at);
                }
            }
            _ => {}
        }
        None
    })
}

/// `helo=x`, `HELO x`, `EHLO x`.
fn greeting(comment: &str) -> Option<String> {
    let at = comment.as_bytes().windows(5).position(|window| match window {
        [word @ .., b'=' | b' '] => word.eq_ignore_ascii_case(b"helo") || word.eq_ignore_ascii_case(b"ehlo"),
        _ => false,
    })?;
    let word = comment.get(at + 5..)?.split_whitespace().next()?;
    let word = word.trim_matches(|c: char| matches!(c, ')' | '(' | ',' | ';' | '<' | '>'));
    (!word.is_empty()).then(|| word.to_owned())
}

/// `[192.0.2.1]`, `[IPv6:2001:db8::1]`, with a port or a zone behind it.
fn bracketed(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('[')?;
    let (inner, _) = rest.split_once(']')?;
    plain_ip(inner)
}

fn plain_ip(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.get(..5).filter(|p| p.eq_ignore_ascii_case("ipv6:")).and(text.get(5..)).unwrap_or(text);
    let text = text.split('%').next().unwrap_or(text);
    text.parse::<std::net::IpAddr>().ok().map(|ip| ip.to_string())
}

/// The address that a comment records.
fn address_in(comment: &str) -> Option<String> {
    bracketed(comment).or_else(|| {
        let mut words =
            comment.split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '=')).take(32);
        words.find_map(|word| plain_ip(word.rsplit('@').next().unwrap_or(word)))
    })
}

/// The name by reverse DNS that a comment records: `mail.x.example [192.0.2.1]`, `IDENT:u@mail.x.example [..]`.
fn name_in(comment: &str) -> Option<String> {
    let (before, _) = comment.split_once('[')?;
    let word = before.split_whitespace().last()?;
    let host = word.rsplit('@').next().unwrap_or(word).trim_end_matches('.');
    let fits = host.contains('.') && !host.contains('=') && !host.eq_ignore_ascii_case("unknown");
    (fits && plain_ip(host).is_none()).then(|| host.to_owned())
}

/// Names and addresses of one line: those of the peer, then the server's.
pub(crate) fn hosts(received: &Received) -> (Vec<Domain>, Vec<Ip>) {
    let (mut domains, mut ips) = (Vec::new(), Vec::new());
    let mut name = |text: Option<&str>| {
        let text = text.unwrap_or_default().trim_matches(|c: char| matches!(c, '[' | ']' | '<' | '>' | ','));
        if text.is_empty() {
            return;
        }
        match plain_ip(text) {
            Some(ip) => ips.extend(Ip::parse(&ip)),
            // The same name mostly stands in several places of one line.
            None if text.contains('.') && !domains.iter().any(|d: &Domain| d.domain == text) => {
                domains.push(Domain::parse(text));
            }
            None => {}
        }
    };
    name(received.helo.as_deref());
    name(received.source.as_deref().and_then(|s| s.split([' ', '(']).next()));
    name(received.reverse_dns.as_deref());
    name(received.by_host());
    ips.extend(received.ip.as_deref().and_then(Ip::parse));
    if let Some(server) = &received.server {
        ips.extend(comments(server).filter_map(address_in).filter_map(|ip| Ip::parse(&ip)));
    }
    (domains, ips)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// helo | reverse dns | ip | by | with | id | for | time
    fn check(value: &str, want: &str) {
        let r = parse(value);
        let show = |s: &Option<String>| s.clone().unwrap_or_else(|| "-".to_owned());
        let got = [
            show(&r.helo),
            show(&r.reverse_dns),
            show(&r.ip),
            r.by_host().unwrap_or("-").to_owned(),
            show(&r.protocol),
            show(&r.id),
            show(&r.mailbox),
            r.time.map_or("-".to_owned(), |t| t.to_string()),
        ];
        assert_eq!(got.join(" | "), want, "{value}");
    }

    const DATE: &str = "Tue, 1 Jul 2003 10:52:37 +0000";

    #[test]
    fn postfix_and_sendmail() {
        check(
            &format!(
                "from m.x.example (mail.x.example [192.0.2.1]) by mx.y.example (Postfix) with ESMTPS id 4F1 for <a@y.example>; {DATE} (UTC)"
            ),
            "m.x.example | mail.x.example | 192.0.2.1 | mx.y.example | ESMTPS | 4F1 | <a@y.example> | 1057056757",
        );
        check(
            &format!(
                "from pc (unknown [IPv6:2001:db8::1]) (using TLSv1.3 with cipher X (256/256 bits)) (No client certificate requested) by mx.y.example (Postfix) with ESMTPSA id 1; {DATE}"
            ),
            "pc | - | 2001:db8::1 | mx.y.example | ESMTPSA | 1 | - | 1057056757",
        );
        check(
            &format!(
                "from pc (IDENT:u@h.x.example [192.0.2.1] (may be forged)) by mx (8.9.3/8.9.3) with SMTP id KAA1; {DATE}"
            ),
            "pc | h.x.example | 192.0.2.1 | mx | SMTP | KAA1 | - | 1057056757",
        );
        check(
            &format!("by mx.y.example (Postfix, from userid 33) id 77; {DATE}"),
            "- | - | - | mx.y.example | - | 77 | - | 1057056757",
        );
    }

    #[test]
    fn exim_and_qmail() {
        check(
            &format!(
                "from mail.x.example ([192.0.2.1]:4711 helo=pc.x.example) by mx.y.example with esmtps (TLS1.2) (Exim 4.94) (envelope-from <a@x.example>) id 1a-b; {DATE}"
            ),
            "pc.x.example | mail.x.example | 192.0.2.1 | mx.y.example | esmtps (TLS1.2) (Exim 4.94) (envelope-from <a@x.example>) | 1a-b | - | 1057056757",
        );
        check(
            &format!("from [192.0.2.1] (helo=pc) by mx.y.example with smtp id 1; {DATE}"),
            "pc | - | 192.0.2.1 | mx.y.example | smtp | 1 | - | 1057056757",
        );
        check(
            &format!("from unknown (HELO pc.x.example) (192.0.2.1) by mx.y.example with SMTP; {DATE}"),
            "pc.x.example | - | 192.0.2.1 | mx.y.example | SMTP | - | - | 1057056757",
        );
        check(
            &format!("from mail.x.example (HELO pc) (u@192.0.2.1) by mx.y.example with SMTP; {DATE}"),
            "pc | mail.x.example | 192.0.2.1 | mx.y.example | SMTP | - | - | 1057056757",
        );
        let r = parse(&format!("(qmail 4711 invoked by uid 33); {DATE}"));
        assert_eq!(r.additional.as_deref(), Some("(qmail 4711 invoked by uid 33)"));
    }

    #[test]
    fn exchange_and_its_cloud() {
        check(
            &format!(
                "from A.corp.example (2001:db8::5) by B.corp.example (2001:db8::6) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.20.1.1 via Frontend Transport; {DATE}"
            ),
            "A.corp.example | - | 2001:db8::5 | B.corp.example | Microsoft SMTP Server (version=TLS1_2, cipher=X) | 15.20.1.1 | - | 1057056757",
        );
        check(
            &format!(
                "from A.corp.example ([fe80::1%5]) by A.corp.example ([fe80::1%5]) with mapi id 15.1.2; {DATE}"
            ),
            "A.corp.example | - | fe80::1 | A.corp.example | mapi | 15.1.2 | - | 1057056757",
        );
    }

    #[test]
    fn bulk_mailers_and_webmail() {
        check(
            &format!(
                "from mail-x.google.example (mail-x.google.example. [192.0.2.1]) by mx.google.com with SMTPS id k1 for <a@y.example> (Google Transport Security); {DATE}"
            ),
            "mail-x.google.example | mail-x.google.example | 192.0.2.1 | mx.google.com | SMTPS | k1 | <a@y.example> (Google Transport Security) | 1057056757",
        );
        check(
            &format!("by 2002:a05:1:2 with SMTP id k1; {DATE}"),
            "- | - | - | 2002:a05:1:2 | SMTP | k1 | - | 1057056757",
        );
        check(
            &format!("by m12.mailgun.net with HTTP; {DATE}"),
            "- | - | - | m12.mailgun.net | HTTP | - | - | 1057056757",
        );
        check(
            &format!(
                "from pc.x.example (h.x.example [192.0.2.1]) by smtp-out.mailgun.example with SMTP id 60d; {DATE}"
            ),
            "pc.x.example | h.x.example | 192.0.2.1 | smtp-out.mailgun.example | SMTP | 60d | - | 1057056757",
        );
        check(
            &format!("from MTUw (unknown) by geopod-1 (SG) with HTTP id q1; {DATE}"),
            "MTUw | - | - | geopod-1 | HTTP | q1 | - | 1057056757",
        );
        // Without the semicolon, and with the address outside of a comment.
        check(
            &format!("from host [192.0.2.1] by geopod-1 (SG) with HTTP id q1 {DATE}"),
            "host | - | 192.0.2.1 | geopod-1 | HTTP | q1 | - | 1057056757",
        );
    }

    #[test]
    fn junk_stays_text() {
        check("", "- | - | - | - | - | - | - | -");
        check("(((", "- | - | - | - | - | - | - | -");
        check(
            "from from by by by",
            "by | - | - | by | - | - | - | -".replace("by | - | - | by", "from | - | - | by").as_str(),
        );
    }
}
