//! Facet `link`: where the links really lead.

mod recipient;
mod target;
#[cfg(test)]
mod tests;
mod words;

use rustc_hash::FxHashMap;
use sekisho_mail::{Link, Url};
use sekisho_record::{
    Evidence,
    evidence::{LinkFacts, link::Target, model::Body},
};

use crate::{
    View, lists,
    unwrap::{Layer, LayerKind, Unwrapped, peel},
};
use recipient::Needles;

/// Every link of the body with its wrappers taken off; made once, read by several facets.
#[derive(Debug, Default)]
pub struct Resolved {
    found: Vec<Unwrapped>,
    /// One entry a link of `body.links`: its place in `found` when it is wrapped.
    by_link: Vec<Option<usize>>,
}

impl Resolved {
    /// What is under the wrappers of the link at that place of `body.links`; `None` when it has none.
    #[must_use]
    pub fn of(&self, link: usize) -> Option<&Unwrapped> {
        self.by_link.get(link).copied().flatten().and_then(|at| self.found.get(at))
    }

    /// Click trackers among all layers.
    pub fn trackers(&self) -> impl Iterator<Item = &Layer> {
        self.found.iter().flat_map(|found| &found.layers).filter(|layer| layer.kind == LayerKind::Tracker)
    }
}

/// Takes the wrappers off all links, and gives every `href_url` of the model the URL that rules expect there
/// (mql.md §3.3: after undoing known re-writers, with `rewrite` set).
pub fn resolve(body: &mut Body) -> Resolved {
    let mut resolved = Resolved::default();
    let mut seen: FxHashMap<String, Option<usize>> = FxHashMap::default();
    for link in &mut body.links {
        let place = match seen.get(&link.href_url.url) {
            Some(place) => *place,
            None => {
                let place = peel(&link.href_url).map(|found| {
                    resolved.found.push(found);
                    resolved.found.len() - 1
                });
                seen.insert(link.href_url.url.clone(), place);
                place
            }
        };
        resolved.by_link.push(place);
    }
    if resolved.found.is_empty() {
        return resolved;
    }
    let everywhere = body
        .links
        .iter_mut()
        .chain(&mut body.current_thread.links)
        .chain(body.previous_threads.iter_mut().flat_map(|thread| &mut thread.links))
        .chain(body.html.iter_mut().flat_map(|html| &mut html.links));
    for link in everywhere {
        if let Some(Some(place)) = seen.get(&link.href_url.url)
            && let Some(found) = resolved.found.get(*place)
        {
            rewrite(link, found.model_target());
        }
    }
    resolved
}

fn rewrite(link: &mut Link, target: &Url) {
    if target.rewrite.is_none() {
        return;
    }
    link.href_url = target.clone();
    if let Some(shown) = &link.display_url {
        let comparable = shown.domain.valid && link.href_url.domain.valid;
        link.mismatched = comparable.then(|| shown.domain.root() != link.href_url.domain.root());
    }
}

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>, resolved: &Resolved) -> LinkFacts {
    let links = &evidence.model.body.links;
    let newest = links.iter().any(|link| link.current && is_web(&link.href_url));
    let needles = Needles::new(evidence, view);
    let author =
        evidence.model.sender.email.as_ref().map(|email| lists::holder(&email.domain)).unwrap_or_default();
    let mut facts = LinkFacts::default();
    let mut ranked = Ranked::default();
    for (at, link) in links.iter().enumerate() {
        if newest && !link.current {
            continue;
        }
        count_scheme(&link.href_url, &mut facts);
        let found = resolved.of(at);
        if !is_web(&link.href_url) || target::is_namespace(&link.href_url) {
            continue;
        }
        let outer = found.and_then(|found| redirector_itself(found));
        for target in target::build(link, found, outer, author, &needles) {
            ranked.add(target, link);
        }
    }
    facts.main = ranked.main();
    facts.targets = ranked.targets;
    summarise(evidence, &mut facts);
    facts
}

/// The page of a redirect that only we take for one: it may as well be where the link leads, so both are targets.
fn redirector_itself(found: &Unwrapped) -> Option<&Url> {
    let unlisted =
        |layer: &Layer| layer.kind == LayerKind::OpenRedirect && layer.encoder.starts_with("generic_");
    found.layers.iter().any(unlisted).then(|| found.model_target())
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme.as_deref(), Some("http" | "https")) || (url.scheme.is_none() && url.has_host())
}

fn count_scheme(url: &Url, facts: &mut LinkFacts) {
    match url.scheme.as_deref() {
        Some("mailto") => facts.mailto += 1,
        Some("tel") => facts.tel += 1,
        _ => {}
    }
}

/// How strongly a target calls for action at its best place, and how often it is offered.
#[derive(Clone, Copy)]
struct Score {
    best: i32,
    times: i32,
}

/// Targets in order with how strongly each calls for action.
#[derive(Default)]
struct Ranked {
    targets: Vec<Target>,
    scores: Vec<Score>,
    places: FxHashMap<String, usize>,
}

impl Ranked {
    /// Adds a target, or notes that it occurs again.
    fn add(&mut self, target: Target, link: &Link) {
        let score = target::appeal(&target, link);
        if let Some(&at) = self.places.get(&target.url) {
            if let (Some(known), Some(score_of)) = (self.targets.get_mut(at), self.scores.get_mut(at)) {
                known.prominent |= target.prominent;
                known.mismatched |= target.mismatched;
                known.auxiliary &= target.auxiliary;
                score_of.best = score_of.best.max(score);
                score_of.times += 1;
            }
            return;
        }
        self.places.insert(target.url.clone(), self.targets.len());
        self.targets.push(target);
        self.scores.push(Score { best: score, times: 1 });
    }

    /// The first of those that call loudest; being offered again counts a little.
    fn main(&self) -> Option<Target> {
        let candidates = self.targets.iter().zip(&self.scores).filter(|(target, _)| !target.auxiliary);
        candidates
            .rev()
            .max_by_key(|(_, score)| score.best + score.times.min(3))
            .map(|(target, _)| target.clone())
    }
}

/// Counts and comparisons over all targets.
fn summarise(evidence: &Evidence, facts: &mut LinkFacts) {
    let vouched = &evidence.authentication.root_domains;
    let mut own = 0;
    let mut near = 0;
    for target in &facts.targets {
        facts.wrapped += i64::from(target.opaque || !target.wrappers.is_empty());
        facts.opaque += i64::from(target.opaque);
        own += usize::from(target.own);
        near += usize::from(target.own || target.opaque || vouched.contains(&target.root_domain));
        if !target.opaque && !facts.root_domains.contains(&target.root_domain) {
            facts.root_domains.push(target.root_domain.clone());
        }
    }
    facts.all_own = !facts.targets.is_empty() && own == facts.targets.len();
    facts.none_own = !facts.targets.is_empty() && near == 0;
}
