//! Results of single checks become the facet: who is vouched for, and whether the papers are in order.

use sekisho_mail::{
    Domain,
    authres::{Dmarc, Spf},
};
use sekisho_record::evidence::{
    Authentication,
    model::{AuthSummary, DmarcSummary, SpfSummary},
};

use super::Found;
use crate::Context;

/// Results, wherever they came from.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) source: &'static str,
    pub(super) server: Option<String>,
    pub(super) spf: Option<Spf>,
    /// The domain that SPF was checked for.
    pub(super) spf_domain: Option<String>,
    pub(super) dkim: Option<String>,
    /// d= of signatures that passed.
    pub(super) dkim_domains: Vec<String>,
    pub(super) dmarc: Option<Dmarc>,
    pub(super) arc: Option<String>,
    /// Domains of the seals, first sealer first; empty when they were not checked by us.
    pub(super) sealers: Vec<String>,
    /// The first sealer found the author domain's DMARC passing.
    pub(super) sealed_pass: bool,
    pub(super) hop: Option<i64>,
}

/// Draws the conclusions.
pub(super) fn conclude(results: Results, author: Option<&Domain>, context: &Context) -> Found {
    let spf = results.spf.as_ref().and_then(|s| s.verdict.clone());
    let dmarc = results.dmarc.as_ref().and_then(|d| d.verdict.clone());
    let passes = |verdict: &Option<String>| verdict.as_deref() == Some("pass");
    let arc_sealer = believed_sealer(&results, context);

    let mut vouched = Vouched::default();
    for domain in &results.dkim_domains {
        vouched.add(domain);
    }
    let spf_domain = results.spf_domain.clone().filter(|d| passes(&spf) && !d.is_empty());
    if let Some(domain) = &spf_domain {
        vouched.add(domain);
    }
    let sealed = arc_sealer.is_some() && results.sealed_pass;
    if let Some(author) = author.filter(|_| passes(&dmarc) || sealed) {
        vouched.add(author.ascii());
    }
    let aligned = author.map(|a| {
        let holder = crate::lists::holder(a);
        !holder.is_empty()
            && vouched.domains.iter().any(|domain| crate::lists::holder(&Domain::parse(domain)) == holder)
    });
    let in_order = passes(&spf) && passes(&results.dkim) && passes(&dmarc) && aligned == Some(true);
    let facts = Authentication {
        source: results.source.into(),
        server: results.server.clone(),
        failed: arc_sealer.is_none() && failed(&results, spf.as_deref(), dmarc.as_deref()),
        in_order,
        policy: results.dmarc.as_ref().and_then(|d| d.policy.clone()),
        aligned,
        domains: vouched.domains,
        root_domains: vouched.roots,
        dkim_domains: results.dkim_domains.clone(),
        spf_domain,
        arc_sealer,
        arc: results.arc.clone(),
        dkim: results.dkim.clone(),
        spf,
        dmarc,
    };
    Found { facts, summary: summary(results), gap: None }
}

/// Domains somebody vouches for, distinct, with their registrable domains.
#[derive(Default)]
struct Vouched {
    domains: Vec<String>,
    roots: Vec<String>,
}

impl Vouched {
    fn add(&mut self, domain: &str) {
        let domain = domain.trim_end_matches('.').to_lowercase();
        if domain.is_empty() || self.domains.contains(&domain) {
            return;
        }
        let root = Domain::parse(&domain).root_domain.unwrap_or_else(|| domain.clone());
        if !self.roots.contains(&root) {
            self.roots.push(root);
        }
        self.domains.push(domain);
    }
}

/// The chain holds and its last sealer is believed: what it forwarded counts as it was when it came to it.
fn believed_sealer(results: &Results, context: &Context) -> Option<String> {
    let last = results.sealers.last().filter(|_| results.arc.as_deref() == Some("pass"))?;
    let believed = context.believed_sealers.iter().any(|own| crate::context::is_within(last, own));
    believed.then(|| last.clone())
}

/// The owner of the author domain asked not to accept this, or SPF fails hard and no signature holds.
fn failed(results: &Results, spf: Option<&str>, dmarc: Option<&str>) -> bool {
    let strict = |word: &Option<String>| {
        word.as_deref().is_some_and(|w| matches!(w, "reject" | "quarantine" | "oreject"))
    };
    let asked = results.dmarc.as_ref().is_some_and(|d| {
        strict(&d.policy) || (d.policy.is_none() && (strict(&d.action) || strict(&d.disposition)))
    });
    (dmarc == Some("fail") && asked)
        || (spf == Some("fail") && results.dkim.as_deref() != Some("pass") && dmarc != Some("pass"))
}

fn summary(results: Results) -> AuthSummary {
    let is_error = |verdict: &str| matches!(verdict, "temperror" | "permerror");
    let hop = results.hop;
    AuthSummary {
        spf: results.spf.and_then(|details| {
            let verdict = details.verdict.clone()?;
            Some(SpfSummary {
                pass: Some(verdict == "pass"),
                error: is_error(&verdict),
                received_hop: hop,
                details: Some(details),
            })
        }),
        dmarc: results.dmarc.and_then(|details| {
            let verdict = details.verdict.clone()?;
            Some(DmarcSummary {
                pass: Some(verdict == "pass"),
                error: is_error(&verdict),
                received_hop: hop,
                details: Some(details),
            })
        }),
    }
}
