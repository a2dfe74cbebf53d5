//! Groups header fields into hops and gives every verdict to the server that wrote it.

use crate::{
    AuthResults, DefectKind, Domain, Field, Hop, HopField, authres, defect::Defects, domain::Ip, limits,
    received, words,
};

/// What the trace fields of a message tell.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub(crate) hops: Vec<Hop>,
    pub(crate) auth_results: Vec<AuthResults>,
    pub(crate) domains: Vec<Domain>,
    pub(crate) ips: Vec<Ip>,
}

/// Builds the chain out of the fields, top first.
pub(crate) fn read(fields: &[Field], defects: &mut Defects) -> Chain {
    let mut chain = Chain { hops: group(fields, defects), ..Chain::default() };
    chain.attribute(fields);
    for hop in &chain.hops {
        let Some(received) = &hop.received else { continue };
        let (domains, ips) = received::hosts(received);
        for domain in domains {
            if chain.domains.len() < limits::RECEIVED_HOSTS_MAX && !chain.domains.contains(&domain) {
                chain.domains.push(domain);
            }
        }
        for ip in ips {
            if chain.ips.len() < limits::RECEIVED_HOSTS_MAX && !chain.ips.contains(&ip) {
                chain.ips.push(ip);
            }
        }
    }
    chain
}

/// One hop a `Received` line, sender first. Fields above the topmost line belong to the last hop.
fn group(fields: &[Field], defects: &mut Defects) -> Vec<Hop> {
    let total = fields.iter().filter(|f| f.is("Received")).count();
    if total > limits::HOPS_MAX {
        defects.note(DefectKind::OverLimit, None, format!("{total} Received fields over HOPS_MAX"));
    }
    let mut hops: Vec<Hop> = vec![Hop::default()];
    let mut seen = 0usize;
    for (position, field) in fields.iter().enumerate() {
        if field.is("Received") {
            seen += 1;
            // The sender's own line always counts; of too many those in the middle do not.
            if seen < limits::HOPS_MAX || seen == total {
                if hops.last().is_some_and(|h| h.received.is_some()) {
                    hops.push(Hop::default());
                }
                if let Some(hop) = hops.last_mut() {
                    hop.received = Some(received::parse(&field.value));
                }
                continue;
            }
        }
        let Some(hop) = hops.last_mut() else { continue };
        hop.fields.push(HopField {
            name: field.name.clone(),
            position: i64::try_from(position).unwrap_or(i64::MAX),
            // Damage was noted where the message itself reads the field.
            value: words::decode(&field.value, &mut Defects::default()).into_owned(),
            span: field.span,
        });
    }
    hops.reverse();
    for (index, hop) in (0i64..).zip(hops.iter_mut()) {
        hop.index = index;
    }
    hops
}

impl Chain {
    /// Reads verdicts and signatures, and finds the hop of the server that wrote each.
    fn attribute(&mut self, fields: &[Field]) {
        for at in (0..self.hops.len()).rev() {
            let positions: Vec<usize> = match self.hops.get(at) {
                Some(hop) => hop.fields.iter().filter_map(|f| usize::try_from(f.position).ok()).collect(),
                None => continue,
            };
            for field in positions.into_iter().filter_map(|p| fields.get(p)) {
                self.field(at, field);
            }
        }
    }

    fn field(&mut self, at: usize, field: &Field) {
        let arc = field.is("ARC-Authentication-Results");
        if arc || field.is("Authentication-Results") {
            if self.auth_results.len() >= limits::AUTH_RESULTS_MAX {
                return;
            }
            let results = authres::parse(field);
            self.auth_results.push(results.clone());
            let writer = self.writer(at, &results);
            let Some(hop) = self.hops.get_mut(writer) else { return };
            match &mut hop.authentication_results {
                Some(held) if held.kind == results.kind && held.server == results.server => {
                    held.join(results)
                }
                // The server's own verdict says more than the copy that it sealed for others.
                Some(held) if held.kind.starts_with("arc") && !arc => *held = results,
                Some(_) => {}
                slot => *slot = Some(results),
            }
            return;
        }
        let Some(hop) = self.hops.get_mut(at) else { return };
        if field.is("Received-SPF") {
            hop.received_spf.get_or_insert_with(|| authres::parse_received_spf(&field.value));
        } else if field.is("DKIM-Signature") {
            hop.signature.get_or_insert_with(|| authres::parse_signature(field));
        }
    }

    /// The hop whose server wrote the results: the one they stand in, or (Exchange, ARC seals) the one below.
    fn writer(&self, at: usize, results: &AuthResults) -> usize {
        let Some(server) = &results.server else { return at };
        let candidates = [Some(at), at.checked_sub(1), Some(at + 1)];
        let by = |n: &usize| self.hops.get(*n).and_then(|h| h.received.as_ref()).and_then(|r| r.by_host());
        let same_host = |n: &usize| by(n).is_some_and(|host| same_host(server, host));
        let same_owner = |n: &usize| {
            let root = by(n).and_then(|host| Domain::parse(host).root_domain);
            root.is_some() && root == server.root_domain
        };
        let nearest = |fits: &dyn Fn(&usize) -> bool| candidates.iter().flatten().copied().find(|n| fits(n));
        nearest(&same_host).or_else(|| nearest(&same_owner)).unwrap_or(at)
    }
}

/// The same name, or one below the other.
fn same_host(server: &Domain, host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let name = server.domain.as_str();
    host == name
        || host.strip_suffix(name).is_some_and(|h| h.ends_with('.'))
        || name.strip_suffix(host.as_str()).is_some_and(|n| n.ends_with('.') && host.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header;

    /// One line a hop: index, `by`, fields, who wrote its results.
    fn check(header: &str, want: &str) {
        let (fields, _) = header::read(header.as_bytes(), &mut Defects::default());
        let chain = read(&fields, &mut Defects::default());
        let lines = chain.hops.iter().map(|h| {
            let by = h.received.as_ref().and_then(|r| r.by_host()).unwrap_or("-");
            let names: Vec<_> = h.fields.iter().map(|f| format!("{}@{}", f.name, f.position)).collect();
            let verdict = h.authentication_results.as_ref().and_then(|r| r.spf.clone()).unwrap_or_default();
            format!("{} {by} [{}] {verdict}", h.index, names.join(" ")).trim_end().to_owned()
        });
        assert_eq!(lines.collect::<Vec<_>>().join("\n"), want);
    }

    #[test]
    fn index_zero_is_the_sender() {
        check(
            "X-Top: 1\nReceived: from b by c.example; x\nX-Mid: 1\nReceived: from a by b.example; x\nFrom: a@x.example\nSubject: s\n\n",
            "0 b.example [From@4 Subject@5]\n1 c.example [X-Top@0 X-Mid@2]",
        );
        check("From: a@x.example\n\n", "0 - [From@0]");
    }

    #[test]
    fn results_go_to_their_writer() {
        // Below the server's own line (Google), and above it (Exchange).
        check(
            "Received: by 2002:a05:1 with SMTP id 1; x\nReceived: from a by mx.g.example with ESMTP; x\nAuthentication-Results: mx.g.example; spf=pass\nFrom: a\n\n",
            "0 mx.g.example [Authentication-Results@2 From@3] pass\n1 2002:a05:1 []",
        );
        check(
            "Received: from edge by box.corp.example; x\nAuthentication-Results: edge.corp.example; spf=fail\nReceived: from a by edge.corp.example; x\nFrom: a\n\n",
            "0 edge.corp.example [From@3] fail\n1 box.corp.example [Authentication-Results@1]",
        );
        check(
            "Received: from edge by box.corp.example; x\nAuthentication-Results: spf=fail\nReceived: from a by edge.corp.example; x\nFrom: a\n\n",
            "0 edge.corp.example [From@3]\n1 box.corp.example [Authentication-Results@1] fail",
        );
    }

    #[test]
    fn domains_and_addresses_stand_once() {
        let header = "Received: from m.x.example (m.x.example [192.0.2.1]) by mx.y.example; x\nReceived: from [192.0.2.1] by m.x.example; x\n\n";
        let (fields, _) = header::read(header.as_bytes(), &mut Defects::default());
        let chain = read(&fields, &mut Defects::default());
        let names: Vec<_> = chain.domains.iter().map(|d| d.domain.as_str()).collect();
        assert_eq!(names, ["m.x.example", "mx.y.example"]);
        assert_eq!(chain.ips.len(), 1);
    }
}
