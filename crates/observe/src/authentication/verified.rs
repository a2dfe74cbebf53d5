//! Results that were looked up for this message.

use sekisho_mail::{
    Domain, Ip,
    authres::{Dmarc, Spf},
};

use super::{Header, believe, conclude::Results};
use crate::question::{Checked, DkimAnswer};

/// Takes over the answers.
pub(super) fn papers(checked: &Checked, header: Header<'_>) -> Results {
    let spf = checked.spf.as_ref().map(|answer| Spf {
        verdict: Some(answer.verdict.into()),
        client_ip: answer.ip.and_then(|ip| Ip::parse_strict(&ip.to_string())),
        designator: Some(answer.domain.clone()),
        helo: Some(Domain::parse(&answer.helo)),
        ..Spf::default()
    });
    let dmarc = checked.dmarc.as_ref().map(|answer| Dmarc {
        verdict: Some(answer.verdict.into()),
        from: Some(Domain::parse(&answer.domain)),
        policy: answer.policy.map(Into::into),
        ..Dmarc::default()
    });
    let mut dkim_domains: Vec<String> = Vec::new();
    for answer in checked.dkim.iter().filter(|a| a.verdict == "pass") {
        if !dkim_domains.contains(&answer.domain) {
            dkim_domains.push(answer.domain.clone());
        }
    }
    Results {
        source: "verified",
        spf_domain: checked.spf.as_ref().map(|answer| answer.domain.clone()),
        spf,
        dkim: Some(best(&checked.dkim).into()),
        dkim_domains,
        dmarc,
        arc: checked.arc.as_ref().map(|answer| answer.verdict.into()),
        sealers: checked.arc.as_ref().map(|answer| answer.sealers.clone()).unwrap_or_default(),
        sealed_pass: believe::first_seal_passes(header),
        hop: header.hops.last().map(|hop| hop.index),
        ..Results::default()
    }
}

/// Best verdict over all signatures.
fn best(answers: &[DkimAnswer]) -> &'static str {
    const ORDER: [&str; 5] = ["pass", "temperror", "fail", "neutral", "permerror"];
    ORDER.into_iter().find(|verdict| answers.iter().any(|a| a.verdict == *verdict)).unwrap_or("none")
}
