//! `sekisho explain`: one message for a person. Names the risk first, then the evidence, then the next step.

use std::fmt::Write as _;

use sekisho_record::{Class, Evidence, Record, evidence::link::Target};

use crate::words::Words;

/// Links shown at most.
const LINKS_SHOWN_MAX: usize = 8;
/// Exhibits shown of one finding.
const EXHIBITS_SHOWN_MAX: usize = 6;
/// Width of the first column.
const MARGIN: usize = 18;

/// The whole explanation.
#[must_use]
pub(crate) fn render(record: &Record, words: &Words) -> String {
    let mut page = Page { out: String::new(), words };
    page.verdict(record);
    page.claims(&record.evidence);
    page.sender(&record.evidence);
    page.papers(&record.evidence);
    page.way(&record.evidence);
    page.links(&record.evidence);
    page.why(record);
    page.unknown(record);
    page.section("section-next", &[words.say(&format!("next-{}", class_key(record.verdict.class)), &[])]);
    page.out
}

/// Lower-case name of a class, as in JSON and in the catalogue.
#[must_use]
pub(crate) fn class_key(class: Class) -> &'static str {
    match class {
        Class::Benign => "benign",
        Class::Suspicious => "suspicious",
        Class::Malicious => "malicious",
    }
}

struct Page<'a> {
    out: String,
    words: &'a Words,
}

impl Page<'_> {
    fn say(&self, key: &str, arguments: &[(&str, &str)]) -> String {
        self.words.say(key, arguments)
    }

    /// One section: its name once, then its lines.
    fn section(&mut self, key: &str, lines: &[String]) {
        let name = self.say(key, &[]);
        for (i, line) in lines.iter().enumerate() {
            let head = if i == 0 { name.as_str() } else { "" };
            let pad = MARGIN.saturating_sub(width(head));
            let _ = writeln!(self.out, "{head}{:pad$}{line}", "");
        }
    }

    fn verdict(&mut self, record: &Record) {
        let verdict = &record.verdict;
        let class = self.say(&format!("class-{}", class_key(verdict.class)), &[]);
        let score = verdict.score.to_string();
        let line = match verdict.threat {
            Some(threat) => {
                let key = serde_json::to_value(threat).ok().and_then(|v| v.as_str().map(str::to_owned));
                let threat = self.say(&format!("threat-{}", key.unwrap_or_default()), &[]);
                self.say("verdict-threat", &[("class", &class), ("threat", &threat), ("score", &score)])
            }
            None => self.say("verdict", &[("class", &class), ("score", &score)]),
        };
        let _ = writeln!(self.out, "{line}\n");
    }

    fn claims(&mut self, evidence: &Evidence) {
        let sender = &evidence.model.sender;
        let mut lines = Vec::new();
        match &sender.email {
            Some(email) => lines.push(self.say(
                "claims-name",
                &[("name", sender.display_name.as_deref().unwrap_or("")), ("address", &email.email)],
            )),
            None => lines.push(self.say("claims-nobody", &[])),
        }
        for claim in evidence.brand.claims.iter().filter(|c| c.strength != "low").take(3) {
            let surfaces: Vec<String> =
                claim.surfaces.iter().map(|s| self.say(&format!("surface-{s}"), &[])).collect();
            lines.push(self.say(
                "claims-brand",
                &[
                    ("brand", &claim.brand),
                    ("surfaces", &surfaces.join(", ")),
                    ("text", &cut(&claim.text, 60)),
                ],
            ));
        }
        self.section("section-claims", &lines);
    }

    fn sender(&mut self, evidence: &Evidence) {
        let papers = &evidence.authentication;
        let mut lines = Vec::new();
        if papers.domains.is_empty() {
            let domain = evidence.model.sender.email.as_ref().map_or("", |e| e.domain.domain.as_str());
            lines.push(self.say("sender-unproven", &[("domain", domain)]));
        } else {
            lines.push(self.say("sender-domain", &[("domain", &papers.domains.join(", "))]));
        }
        let tenant = &evidence.tenant;
        if let Some(esp) = &tenant.esp {
            lines.push(match &tenant.account {
                Some(account) => self.say("sender-tenant", &[("esp", esp), ("account", account)]),
                None => self.say("sender-esp", &[("esp", esp)]),
            });
            if let Some(via) = tenant.via.as_deref().filter(|v| matches!(*v, "api" | "smtp")) {
                lines.push(self.say(&format!("via-{via}"), &[]));
            }
        }
        if tenant.forged {
            lines.push(self.say("sender-forged", &[("claimed", &tenant.claimed.join(", "))]));
        }
        if let Some(address) = &evidence.identity.reply_to {
            lines.push(self.say("reply-to", &[("address", address)]));
        }
        self.section("section-sender", &lines);
    }

    fn papers(&mut self, evidence: &Evidence) {
        let papers = &evidence.authentication;
        let mut lines = Vec::new();
        let or_none = |v: &Option<String>| v.clone().unwrap_or_else(|| "–".to_owned());
        if papers.source == "none" {
            lines.push(self.say("papers-none", &[]));
        } else {
            let results = self.say(
                "papers-results",
                &[
                    ("spf", &or_none(&papers.spf)),
                    ("dkim", &or_none(&papers.dkim)),
                    ("dmarc", &or_none(&papers.dmarc)),
                ],
            );
            let by = match &papers.server {
                Some(server) => self.say("papers-by", &[("server", server)]),
                None if papers.source == "verified" => self.say("papers-verified", &[]),
                None => String::new(),
            };
            lines.push(if by.is_empty() { results } else { format!("{results} ({by})") });
        }
        if papers.domains.is_empty() {
            lines.push(self.say("papers-prove-nothing", &[]));
        } else {
            lines.push(self.say("papers-prove", &[("domains", &papers.root_domains.join(", "))]));
            match evidence.brand.claimed.as_ref().filter(|_| !evidence.brand.sender_owns) {
                Some(brand) => lines.push(self.say("papers-prove-not-brand", &[("brand", brand)])),
                None => lines.push(self.say("papers-prove-not-person", &[])),
            }
        }
        self.section("section-papers", &lines);
    }

    fn way(&mut self, evidence: &Evidence) {
        let mut lines = Vec::new();
        for received in evidence.model.headers.hops.iter().filter_map(|h| h.received.as_ref()) {
            let from = received.helo.as_deref().or(received.source.as_deref()).unwrap_or("–");
            let by = received.server.as_deref().unwrap_or("–");
            let with = received.protocol.as_deref().or(received.link.as_deref()).unwrap_or("–");
            lines.push(
                self.say(
                    "way-hop",
                    &[("from", &cut(from, 60)), ("by", &cut(by, 60)), ("with", &cut(with, 24))],
                ),
            );
        }
        if lines.is_empty() {
            lines.push(self.say("way-none", &[]));
        }
        self.section("section-way", &lines);
    }

    fn links(&mut self, evidence: &Evidence) {
        let targets = &evidence.link.targets;
        let mut lines: Vec<String> = targets.iter().take(LINKS_SHOWN_MAX).map(|t| self.link(t)).collect();
        if targets.len() > LINKS_SHOWN_MAX {
            lines.push(self.say("links-more", &[("count", &(targets.len() - LINKS_SHOWN_MAX).to_string())]));
        }
        if lines.is_empty() {
            lines.push(self.say("links-none", &[]));
        }
        self.section("section-links", &lines);
    }

    fn link(&self, target: &Target) -> String {
        let display = match target.display.as_deref().map(str::trim).filter(|d| !d.is_empty()) {
            Some(display) => {
                format!("\"{}\"", cut(&display.split_whitespace().collect::<Vec<_>>().join(" "), 50))
            }
            None => self.say("link-plain", &[]),
        };
        let host = [("display", display.as_str()), ("host", &target.host)];
        match &target.wrapper_host {
            _ if target.opaque => self.say("link-opaque", &host),
            Some(wrapper) => self.say("link-wrapped", &[host[0], ("wrapper", wrapper), host[1]]),
            None => self.say("link-direct", &host),
        }
    }

    fn why(&mut self, record: &Record) {
        let mut lines = Vec::new();
        for finding in &record.verdict.findings {
            let severity = format!("{:?}", finding.severity).to_lowercase();
            let translated = finding.summary_ja.as_ref().filter(|_| self.words.japanese());
            let summary = translated.unwrap_or(&finding.summary);
            lines.push(format!("{severity:<8} {summary} [{}]", finding.rule));
            for exhibit in finding.exhibits.iter().take(EXHIBITS_SHOWN_MAX) {
                lines.push(format!("         {} = {}", exhibit.path, cut(&exhibit.value, 80)));
            }
        }
        if lines.is_empty() {
            lines.push(self.say("why-nothing", &[]));
        }
        self.section("section-why", &lines);
    }

    fn unknown(&mut self, record: &Record) {
        let verdict = &record.verdict;
        let mut lines: Vec<String> = verdict
            .gaps
            .iter()
            .map(|g| self.say("unknown-gap", &[("facet", &g.facet), ("detail", &g.detail)]))
            .collect();
        if !verdict.indeterminate.is_empty() {
            let mut missing: Vec<&str> =
                verdict.indeterminate.iter().flat_map(|i| i.missing.iter().map(String::as_str)).collect();
            missing.sort_unstable();
            missing.dedup();
            let count = verdict.indeterminate.len().to_string();
            lines.push(self.say("unknown-rules", &[("count", &count), ("missing", &missing.join(", "))]));
        }
        if !lines.is_empty() {
            self.section("section-unknown", &lines);
        }
    }
}

/// Text of one line, made safe for a terminal: control characters could repaint what stands above.
#[must_use]
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.chars().count() <= chars_max {
        return clean;
    }
    let mut short: String = clean.chars().take(chars_max.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// The beginning of a text, cut at a boundary of characters.
#[must_use]
pub(crate) fn bytes(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}

/// Columns that a text takes in a terminal: wide East Asian characters take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}') { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(cut("a\u{1b}[2Jb", 80), "a [2Jb");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(width("理由a"), 5);
    }
}
