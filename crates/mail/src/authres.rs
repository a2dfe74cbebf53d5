//! What servers wrote about authentication: `Authentication-Results` (RFC 8601), `ARC-*` (RFC 8617),
//! `Received-SPF` (RFC 7208 §9.1), `DKIM-Signature` (RFC 6376) read as text, believed by nobody yet.

use serde::{Deserialize, Serialize};

use crate::{Domain, Field, Ip, Span, limits};

/// One `Authentication-Results` or `ARC-Authentication-Results` field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AuthResults {
    /// `authentication-results` or `arc-authentication-results`.
    #[serde(rename = "type")]
    pub kind: String,
    /// authserv-id; `None` when the writer left it out (Microsoft's do).
    pub server: Option<Domain>,
    /// ARC instance (`i=`).
    pub instance: Option<String>,
    /// SPF verdict, lower case.
    pub spf: Option<String>,
    /// Its details.
    pub spf_details: Option<Spf>,
    /// Best DKIM verdict over all signatures, lower case.
    pub dkim: Option<String>,
    /// One entry a signature.
    pub dkim_details: Vec<Signature>,
    /// DMARC verdict, lower case.
    pub dmarc: Option<String>,
    /// Its details.
    pub dmarc_details: Option<Dmarc>,
    /// Microsoft's composite verdict.
    pub compauth: Option<CompAuth>,
    /// The field in the raw message.
    #[serde(skip)]
    pub span: Span,
}

/// An SPF result (RFC 7208).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spf {
    /// Verdict, lower case.
    pub verdict: Option<String>,
    /// The peer.
    pub client_ip: Option<Ip>,
    /// The comment.
    pub description: Option<String>,
    /// `mail_from` domain or address that was checked.
    pub designator: Option<String>,
    /// HELO name.
    pub helo: Option<Domain>,
    /// Who checked.
    pub server: Option<Domain>,
}

/// A DMARC result (RFC 7489).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dmarc {
    /// Verdict, lower case.
    pub verdict: Option<String>,
    /// `action=`.
    pub action: Option<String>,
    /// `dis=`.
    pub disposition: Option<String>,
    /// `header.from`.
    pub from: Option<Domain>,
    /// `p=`.
    pub policy: Option<String>,
    /// `sp=`.
    pub sub_policy: Option<String>,
    /// Record version.
    pub version: Option<String>,
}

/// A DKIM or ARC signature, or a verdict on one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Signature {
    /// `dkim-signature`, `arc-message-signature`, `arc-seal`, or empty for a verdict.
    #[serde(rename = "type")]
    pub kind: String,
    /// `a=`.
    pub algorithm: Option<String>,
    /// `bh=`.
    pub body_hash: Option<String>,
    /// `d=`.
    pub domain: Option<String>,
    /// `h=`.
    pub headers: Option<String>,
    /// `i=` of ARC.
    pub instance: Option<String>,
    /// `s=`.
    pub selector: Option<String>,
    /// `b=`.
    pub signature: Option<String>,
    /// `v=`.
    pub version: Option<String>,
    /// The verdict on it, when read from results.
    pub verdict: Option<String>,
}

/// Microsoft's composite authentication.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CompAuth {
    /// pass, softpass, fail, none.
    pub verdict: Option<String>,
    /// Three digits.
    pub reason: Option<String>,
}

/// One piece of a results field.
#[derive(Debug, PartialEq)]
enum Token<'a> {
    Comment(&'a str),
    /// `key=value`, or a word with an empty value.
    Pair(&'a str, &'a str),
    End,
}

/// Splits a value into comments, pairs and separators.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut rest = text.get(..floor(text, limits::RECEIVED_BYTES_MAX)).unwrap_or_default();
    while let Some(c) = rest.chars().next() {
        match c {
            _ if c.is_whitespace() => rest = rest.trim_start(),
            ';' => {
                out.push(Token::End);
                rest = rest.get(1..).unwrap_or_default();
            }
            '(' => {
                let (comment, after) = comment(rest);
                out.push(Token::Comment(comment));
                rest = after;
            }
            _ => {
                let (key, value, after) = pair(rest);
                out.push(Token::Pair(key, value));
                rest = after;
            }
        }
    }
    out
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

/// The comment that `text` begins with; one that does not close goes to the end.
fn comment(text: &str) -> (&str, &str) {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return (text.get(1..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
                }
            }
            _ => {}
        }
    }
    (text.get(1..).unwrap_or_default(), "")
}

/// `key = "value"` and its like.
fn pair(text: &str) -> (&str, &str, &str) {
    let key_end =
        text.find(|c: char| c.is_whitespace() || matches!(c, '=' | ';' | '(')).unwrap_or(text.len());
    let (key, rest) = text.split_at_checked(key_end.max(1)).unwrap_or((text, ""));
    let Some(value) = rest.trim_start().strip_prefix('=') else { return (key, "", rest) };
    let value = value.trim_start();
    if let Some(inner) = value.strip_prefix('"') {
        let end = inner.find('"').unwrap_or(inner.len());
        let (value, rest) = inner.split_at_checked(end).unwrap_or((inner, ""));
        return (key, value, rest.get(1..).unwrap_or_default());
    }
    let end = value.find(|c: char| c.is_whitespace() || matches!(c, ';' | '(')).unwrap_or(value.len());
    let (value, rest) = value.split_at_checked(end).unwrap_or((value, ""));
    (key, value, rest)
}

/// Methods whose name begins a new verdict, whether or not a semicolon stands before it.
const METHODS: [&str; 12] = [
    "spf",
    "dkim",
    "dmarc",
    "compauth",
    "arc",
    "auth",
    "iprev",
    "dkim-adsp",
    "dkim-atps",
    "domainkeys",
    "sender-id",
    "bimi",
];

/// One verdict while it is read.
#[derive(Default)]
struct Verdict<'a> {
    method: String,
    result: String,
    comments: Vec<&'a str>,
    properties: Vec<(String, &'a str)>,
}

impl<'a> Verdict<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.properties.iter().find(|(n, _)| n == name).map(|(_, v)| *v)?;
        (!found.is_empty() && !found.eq_ignore_ascii_case("none")).then_some(found)
    }

    /// `p=reject` inside a comment.
    fn in_comment(&self, name: &str) -> Option<&'a str> {
        let mut words = self.comments.iter().flat_map(|c| c.split(|c: char| c.is_whitespace() || c == ','));
        words.find_map(|word| {
            word.split_once('=').filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
        })
    }
}

/// Reads an `Authentication-Results` or `ARC-Authentication-Results` field.
pub fn parse(field: &Field) -> AuthResults {
    let mut out =
        AuthResults { kind: field.name.to_ascii_lowercase(), span: field.span, ..AuthResults::default() };
    let tokens = tokens(&field.value);
    let mut verdict: Option<Verdict<'_>> = None;
    let mut count = 0usize;
    for (at, token) in tokens.into_iter().enumerate() {
        match token {
            Token::End => {}
            Token::Comment(text) => {
                if let Some(verdict) = &mut verdict {
                    verdict.comments.push(text);
                }
            }
            Token::Pair(key, "") => {
                // Only at the head is a bare word the server; Microsoft writes host names in between, too.
                let head = verdict.is_none() && out.server.is_none();
                if head && (at == 0 || out.instance.is_some()) && !key.chars().all(|c| c.is_ascii_digit()) {
                    out.server = Some(Domain::parse(key));
                }
            }
            Token::Pair(key, value) => {
                let name = key.split('/').next().unwrap_or(key).to_ascii_lowercase();
                if METHODS.contains(&name.as_str()) {
                    count += 1;
                    if count > limits::AUTH_RESULTS_MAX {
                        break;
                    }
                    out.settle(verdict.take());
                    let result = value.to_ascii_lowercase();
                    verdict = Some(Verdict { method: name, result, ..Verdict::default() });
                } else if let Some(verdict) = &mut verdict {
                    verdict.properties.push((name, value));
                } else if name == "i" {
                    out.instance = Some(value.to_owned());
                }
            }
        }
    }
    out.settle(verdict);
    out
}

impl AuthResults {
    fn settle(&mut self, verdict: Option<Verdict<'_>>) {
        let Some(v) = verdict else { return };
        match v.method.as_str() {
            "spf" if self.spf.is_none() => {
                self.spf_details = Some(spf_details(&v));
                self.spf = Some(v.result);
            }
            "dkim" => {
                let better = self.dkim.as_deref().is_none_or(|old| rank(&v.result) < rank(old));
                self.dkim_details.push(dkim_details(&v));
                if better {
                    self.dkim = Some(v.result);
                }
            }
            "dmarc" if self.dmarc.is_none() => {
                self.dmarc_details = Some(dmarc_details(&v));
                self.dmarc = Some(v.result);
            }
            "compauth" if self.compauth.is_none() => {
                let reason = v.get("reason").map(str::to_owned);
                self.compauth = Some(CompAuth { verdict: Some(v.result), reason });
            }
            _ => {}
        }
    }

    /// Takes over the verdicts that a second field of the same server adds.
    pub(crate) fn join(&mut self, other: AuthResults) {
        if self.spf.is_none() {
            (self.spf, self.spf_details) = (other.spf, other.spf_details);
        }
        if self.dkim.as_deref().map_or(usize::MAX, rank) > other.dkim.as_deref().map_or(usize::MAX, rank) {
            self.dkim = other.dkim;
        }
        self.dkim_details.extend(other.dkim_details);
        if self.dmarc.is_none() {
            (self.dmarc, self.dmarc_details) = (other.dmarc, other.dmarc_details);
        }
        self.compauth = self.compauth.take().or(other.compauth);
    }
}

/// Of several signatures the best verdict counts.
fn rank(verdict: &str) -> usize {
    const ORDER: [&str; 7] = ["pass", "policy", "neutral", "fail", "temperror", "permerror", "none"];
    ORDER.iter().position(|v| *v == verdict).unwrap_or(ORDER.len())
}

fn spf_details(v: &Verdict<'_>) -> Spf {
    let description = v.comments.first().map(|c| (*c).to_owned());
    let comment = v.comments.first().copied().unwrap_or_default();
    let mail_from = v.get("smtp.mailfrom").or_else(|| v.get("smtp.mail")).or_else(|| v.get("envelope-from"));
    Spf {
        verdict: Some(v.result.clone()),
        client_ip: v
            .get("smtp.remote-ip")
            .or_else(|| v.get("smtp.client-ip"))
            .and_then(Ip::parse_strict)
            .or_else(|| ip_in(comment)),
        designator: mail_from.or_else(|| domain_of(comment)).map(address_text),
        helo: v.get("smtp.helo").map(Domain::parse),
        server: server_in(comment),
        description,
    }
}

fn address_text(text: &str) -> String {
    text.trim_matches(|c: char| matches!(c, '<' | '>' | '"')).to_lowercase()
}

/// `domain of a@x.example designates …`.
fn domain_of(comment: &str) -> Option<&str> {
    let (_, rest) = comment.split_once("domain of ")?;
    let rest = rest.strip_prefix("transitioning ").unwrap_or(rest);
    rest.split_whitespace().next()
}

/// `mx.example: domain of …`.
fn server_in(comment: &str) -> Option<Domain> {
    let (head, _) = comment.split_once(": ")?;
    (head.contains('.') && !head.contains(' ')).then(|| Domain::parse(head))
}

/// The first address among the words of a comment.
fn ip_in(comment: &str) -> Option<Ip> {
    let words =
        comment.split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | ',' | ';' | '='));
    let mut words =
        words.map(|w| w.trim_end_matches('.')).filter(|w| w.contains('.') || w.contains(':')).take(64);
    words.find_map(|w| w.parse::<std::net::IpAddr>().ok()).and_then(|ip| Ip::parse_strict(&ip.to_string()))
}

fn dkim_details(v: &Verdict<'_>) -> Signature {
    let own = |name: &str| v.get(name).map(str::to_owned);
    let signer = v.get("header.d").or_else(|| v.get("header.i")).or_else(|| v.get("header.from"));
    let domain = signer.map(|d| d.rsplit('@').next().unwrap_or(d).to_lowercase());
    Signature {
        domain,
        selector: own("header.s"),
        signature: own("header.b"),
        algorithm: own("header.a"),
        verdict: Some(v.result.clone()),
        ..Signature::default()
    }
}

fn dmarc_details(v: &Verdict<'_>) -> Dmarc {
    let read = |name: &str| {
        let property =
            v.properties.iter().find(|(n, _)| n == name || n.strip_prefix("policy.") == Some(name));
        let text = property.map(|(_, value)| *value).or_else(|| v.in_comment(name))?;
        (!text.is_empty()).then(|| text.to_lowercase())
    };
    Dmarc {
        verdict: Some(v.result.clone()),
        action: read("action"),
        disposition: read("dis"),
        from: v.get("header.from").map(|d| Domain::parse(d.rsplit('@').next().unwrap_or(d))),
        policy: read("p"),
        sub_policy: read("sp"),
        version: read("v"),
    }
}

/// Reads a `Received-SPF` value (RFC 7208 §9.1).
pub fn parse_received_spf(value: &str) -> Spf {
    let mut out = Spf::default();
    let mut envelope = None;
    for token in tokens(value) {
        match token {
            Token::Pair(word, "") if out.verdict.is_none() => out.verdict = Some(word.to_ascii_lowercase()),
            Token::Comment(text) if out.description.is_none() => {
                out.client_ip = ip_in(text);
                out.server = server_in(text);
                envelope = domain_of(text);
                out.description = Some(text.to_owned());
            }
            Token::Pair(key, value) if !value.is_empty() => match key.to_ascii_lowercase().as_str() {
                "client-ip" | "ip" => out.client_ip = Ip::parse_strict(value).or(out.client_ip.take()),
                "envelope-from" => envelope = Some(value),
                "helo" => out.helo = Some(Domain::parse(value)),
                "receiver" => out.server = Some(Domain::parse(value)),
                _ => {}
            },
            _ => {}
        }
    }
    out.designator = envelope.map(address_text).filter(|e| !e.is_empty());
    out
}

/// Reads the tags of a `DKIM-Signature`, `ARC-Message-Signature` or `ARC-Seal` field.
pub fn parse_signature(field: &Field) -> Signature {
    let mut out = Signature { kind: field.name.to_ascii_lowercase(), ..Signature::default() };
    for tag in field.value.split(';').take(64) {
        let Some((name, value)) = tag.split_once('=') else { continue };
        let value = || Some(value.split_whitespace().collect::<String>()).filter(|v| !v.is_empty());
        match name.trim() {
            "a" => out.algorithm = value(),
            "bh" => out.body_hash = value(),
            "d" => out.domain = value().map(|d| d.to_lowercase()),
            "h" => out.headers = value(),
            "i" => out.instance = value(),
            "s" => out.selector = value(),
            "b" => out.signature = value(),
            "v" => out.version = value(),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: &str) -> Field {
        Field { name: name.into(), value: value.into(), span: Span::default(), value_span: Span::default() }
    }

    /// server | spf ip designator | dkim domain,… | dmarc from policy action | compauth reason
    fn check(value: &str, want: &str) {
        let r = parse(&field("Authentication-Results", value));
        let show = |s: Option<&str>| s.unwrap_or("-").to_owned();
        let spf = r.spf_details.clone().unwrap_or_default();
        let dmarc = r.dmarc_details.clone().unwrap_or_default();
        let compauth = r.compauth.clone().unwrap_or_default();
        let signers: Vec<_> = r.dkim_details.iter().map(|d| show(d.domain.as_deref())).collect();
        let got = format!(
            "{} | {} {} {} | {} {} | {} {} {} {} | {} {}",
            show(r.server.as_ref().map(|s| s.domain.as_str())),
            show(r.spf.as_deref()),
            show(spf.client_ip.as_ref().map(|i| i.ip.as_str())),
            show(spf.designator.as_deref()),
            show(r.dkim.as_deref()),
            signers.join(","),
            show(r.dmarc.as_deref()),
            show(dmarc.from.as_ref().map(|d| d.domain.as_str())),
            show(dmarc.policy.as_deref()),
            show(dmarc.action.as_deref()),
            show(compauth.verdict.as_deref()),
            show(compauth.reason.as_deref()),
        );
        assert_eq!(got, want, "{value}");
    }

    #[test]
    fn results_of_the_standard() {
        check("mx.y.example; none", "mx.y.example | - - - | -  | - - - - | - -");
        check(
            "mx.y.example 1; spf=pass smtp.mailfrom=a@x.example; dkim=fail reason=\"bad; sig\" header.d=x.example; dkim=pass header.i=@y.example header.s=s1",
            "mx.y.example | pass - a@x.example | pass x.example,y.example | - - - - | - -",
        );
        check(
            "mx.google.com; dkim=pass header.i=@x.example header.s=k1 header.b=AbC; spf=pass (google.com: domain of b@x.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=b@x.example; dmarc=pass (p=REJECT sp=NONE dis=NONE) header.from=x.example",
            "mx.google.com | pass 192.0.2.1 b@x.example | pass x.example | pass x.example reject - | - -",
        );
    }

    #[test]
    fn microsoft_leaves_the_server_out() {
        check(
            "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x.example; dkim=pass (signature was verified) header.d=x.example;dmarc=pass action=none header.from=x.example;compauth=pass reason=100",
            "- | pass 192.0.2.1 x.example | pass x.example | pass x.example - none | pass 100",
        );
        check(
            "spf=none (sender IP is 192.0.2.1) smtp.mailfrom=x.example; y.example; dkim=none (message not signed) header.d=none;y.example; dmarc=bestguesspass action=none header.from=x.example;",
            "- | none 192.0.2.1 x.example | none - | bestguesspass x.example - none | - -",
        );
    }

    #[test]
    fn arc_has_an_instance() {
        let r = parse(&field(
            "ARC-Authentication-Results",
            "i=2; mx.y.example; spf=fail smtp.mailfrom=x.example",
        ));
        assert_eq!(r.instance.as_deref(), Some("2"));
        assert_eq!(r.server.map(|s| s.domain).as_deref(), Some("mx.y.example"));
        assert_eq!(r.spf.as_deref(), Some("fail"));
    }

    #[test]
    fn received_spf_and_signatures() {
        let spf = parse_received_spf(
            "Pass (mx.y.example: domain of x.example designates 192.0.2.1 as permitted sender) receiver=mx.y.example; client-ip=192.0.2.1; helo=m.x.example; pr=C",
        );
        assert_eq!(spf.verdict.as_deref(), Some("pass"));
        assert_eq!(spf.client_ip.map(|i| i.ip).as_deref(), Some("192.0.2.1"));
        assert_eq!(spf.designator.as_deref(), Some("x.example"));
        assert_eq!(spf.helo.map(|d| d.domain).as_deref(), Some("m.x.example"));
        let s = parse_signature(&field(
            "DKIM-Signature",
            "v=1; a=rsa-sha256; d=X.example; s=k1; h=From: To;\tb=ab\t cd=; bh=ef=",
        ));
        assert_eq!((s.domain.as_deref(), s.signature.as_deref()), (Some("x.example"), Some("abcd=")));
        assert_eq!((s.headers.as_deref(), s.body_hash.as_deref()), (Some("From:To"), Some("ef=")));
    }

    #[test]
    fn junk_gives_nothing() {
        for value in ["", ";;;", "((((", "=", "= = =", "dkim", "\"", "spf=("] {
            let r = parse(&field("Authentication-Results", value));
            assert_eq!(r.dkim, None);
        }
    }
}
