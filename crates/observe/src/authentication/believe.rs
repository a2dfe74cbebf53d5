//! What a believed server wrote: the topmost run of its `Authentication-Results`, never one further down.

use sekisho_mail::{
    AuthResults, Field, Hop,
    authres::{Dmarc, Spf},
};
use sekisho_record::Evidence;

use super::{Header, conclude::Results};
use crate::{Context, context::is_within};

/// A run of fields that one believed server wrote at one time.
#[derive(Debug, Default)]
pub(super) struct Run {
    server: Option<String>,
    results: Vec<AuthResults>,
    received_spf: Option<Spf>,
    arc: Option<String>,
    hop: Option<i64>,
}

/// Finds the run: from the topmost field of a believed server down to the first field that such a server does not
/// write there. Whoever writes a field with a believed server's name into his own message puts it below that.
pub(super) fn read(header: Header<'_>, context: &Context) -> Option<Run> {
    if context.believed.is_empty() && !context.believe_unnamed && !context.believe_topmost {
        return None;
    }
    let mut run: Option<Run> = None;
    for field in header.fields {
        if field.is("Authentication-Results") {
            let Some(results) = results_of(field, header) else { continue };
            match &mut run {
                None if is_believed(results, context) => run = Some(Run::start(results, field, header)),
                None => {}
                Some(run) if run.server == server_of(results) => run.add(results, field),
                Some(_) => break,
            }
        } else if run.is_some() && !may_stand_between(&field.name) {
            break;
        }
    }
    run.or_else(|| only_spf(header, context))
}

/// A server that writes `Received-SPF` and nothing else.
fn only_spf(header: Header<'_>, context: &Context) -> Option<Run> {
    let hop = header.hops.iter().rev().find(|hop| hop.received_spf.is_some())?;
    let spf = hop.received_spf.clone()?;
    let receiver = spf.server.as_ref().map(|s| s.ascii().to_ascii_lowercase());
    let named = receiver.as_deref().is_some_and(|r| context.believed.iter().any(|own| is_within(r, own)));
    let counts = named || context.believe_unnamed || context.believe_topmost;
    counts.then(|| Run { server: receiver, received_spf: Some(spf), hop: Some(hop.index), ..Run::default() })
}

impl Run {
    fn start(results: &AuthResults, field: &Field, header: Header<'_>) -> Self {
        let wrote = |hop: &&Hop| hop.authentication_results.as_ref().is_some_and(|r| r.span == field.span);
        let holds = |hop: &&Hop| hop.fields.iter().any(|f| f.span == field.span);
        let written_by = header.hops.iter().find(wrote);
        let stands_in = header.hops.iter().find(holds);
        let spf = |hop: Option<&Hop>| hop.and_then(|hop| hop.received_spf.clone());
        let mut run = Run {
            server: server_of(results),
            hop: written_by.or(stands_in).map(|hop| hop.index),
            received_spf: spf(stands_in).or_else(|| spf(written_by)),
            ..Run::default()
        };
        run.add(results, field);
        run
    }

    fn add(&mut self, results: &AuthResults, field: &Field) {
        if self.arc.is_none() {
            self.arc = arc_of(&field.value);
        }
        self.results.push(results.clone());
    }
}

fn is_believed(results: &AuthResults, context: &Context) -> bool {
    context.believe_topmost
        || match server_of(results) {
            Some(server) => context.believed.iter().any(|own| is_within(&server, own)),
            None => context.believe_unnamed,
        }
}

fn server_of(results: &AuthResults) -> Option<String> {
    results.server.as_ref().map(|server| server.ascii().to_ascii_lowercase()).filter(|s| !s.is_empty())
}

/// Fields that filters write between the results of one run.
fn may_stand_between(name: &str) -> bool {
    let starts = |prefix: &str| name.get(..prefix.len()).is_some_and(|n| n.eq_ignore_ascii_case(prefix));
    starts("Received-SPF") || starts("ARC-") || starts("DKIM-Filter") || starts("DMARC-Filter")
}

/// The field as the parser read it; `None` for one beyond the parser's limit.
fn results_of<'a>(field: &Field, header: Header<'a>) -> Option<&'a AuthResults> {
    header.auth_results.iter().find(|r| r.span == field.span)
}

/// `arc=` of a field; the message data model has no place for it.
fn arc_of(value: &str) -> Option<String> {
    let methods = value.split(';').map(str::trim_start);
    let verdict =
        methods.filter_map(|m| m.get(..4).filter(|n| n.eq_ignore_ascii_case("arc=")).and(m.get(4..)));
    let word =
        |text: &str| text.split(|c: char| !c.is_ascii_alphabetic()).next().map(str::to_ascii_lowercase);
    verdict.filter_map(word).next().filter(|word| !word.is_empty())
}

/// The first sealer of the chain (`i=1`) found the author domain's DMARC passing.
pub(super) fn first_seal_passes(header: Header<'_>) -> bool {
    let is_first =
        |r: &&AuthResults| r.kind.starts_with("arc") && r.instance.as_deref().map(str::trim) == Some("1");
    header.auth_results.iter().find(is_first).is_some_and(|r| r.dmarc.as_deref() == Some("pass"))
}

/// The facts of a run. Where two fields speak about one method, the upper one counts.
pub(super) fn papers(run: Run, evidence: &Evidence) -> Results {
    let spf = spf_of(&run);
    let dkim = run.results.iter().find_map(|r| r.dkim.clone());
    let mut dkim_domains: Vec<String> = Vec::new();
    let signatures = run.results.iter().flat_map(|r| &r.dkim_details);
    for signature in signatures.filter(|s| s.verdict.as_deref() == Some("pass")) {
        let domain = signature.domain.as_deref().unwrap_or_default();
        let domain = domain.rsplit_once('@').map_or(domain, |(_, d)| d).to_lowercase();
        if !domain.is_empty() && !dkim_domains.contains(&domain) {
            dkim_domains.push(domain);
        }
    }
    Results {
        source: "believed",
        spf_domain: spf.as_ref().and_then(|spf| spf_domain(spf, evidence)),
        spf,
        dkim,
        dkim_domains,
        dmarc: dmarc_of(&run),
        server: run.server,
        arc: run.arc,
        hop: run.hop,
        ..Results::default()
    }
}

/// From `Authentication-Results`, with what only `Received-SPF` says added.
fn spf_of(run: &Run) -> Option<Spf> {
    let written = run.results.iter().find(|r| r.spf.is_some());
    let Some(written) = written else { return run.received_spf.clone() };
    let mut spf = written.spf_details.clone().unwrap_or_default();
    spf.verdict = written.spf.as_deref().map(|v| if v == "hardfail" { "fail" } else { v }.to_owned());
    if let Some(more) = &run.received_spf {
        spf.client_ip = spf.client_ip.or_else(|| more.client_ip.clone());
        spf.description = spf.description.or_else(|| more.description.clone());
        spf.designator = spf.designator.or_else(|| more.designator.clone());
        spf.helo = spf.helo.or_else(|| more.helo.clone());
        spf.server = spf.server.or_else(|| more.server.clone());
    }
    Some(spf)
}

fn dmarc_of(run: &Run) -> Option<Dmarc> {
    let written = run.results.iter().find(|r| r.dmarc.is_some())?;
    let mut dmarc = written.dmarc_details.clone().unwrap_or_default();
    dmarc.verdict = written.dmarc.clone();
    Some(dmarc)
}

/// The domain SPF was checked for: as written, else the reverse path's, else the HELO name.
fn spf_domain(spf: &Spf, evidence: &Evidence) -> Option<String> {
    let written = spf.designator.as_deref().map(|d| d.rsplit_once('@').map_or(d, |(_, domain)| domain));
    let return_path = evidence.model.headers.return_path.as_ref().map(|r| r.domain.ascii());
    let helo = spf.helo.as_ref().map(|h| h.ascii());
    let found = [written, return_path, helo].into_iter().flatten().find(|d| !d.is_empty());
    found.map(|d| d.trim_end_matches('.').to_lowercase())
}
