//! Compares believed results with a manifest: `auth_corpus CORPUS SOURCE [AUTHSERV-ID…]`. For measuring only.

use std::{collections::BTreeMap, path::Path};

use sekisho_detect::{Lists, OrgLists, Rules};
use sekisho_engine::Engine;
use sekisho_observe::Context;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let corpus = args.next().ok_or("auth_corpus CORPUS SOURCE [AUTHSERV-ID…]")?;
    let source = args.next().ok_or("auth_corpus CORPUS SOURCE [AUTHSERV-ID…]")?;
    let context = Context { believe_unnamed: true, believed: args.collect(), ..Context::default() };
    let engine = Engine::new(context, Rules::compile(Vec::new(), Lists::default(), &OrgLists::default())?);
    let manifest = std::fs::read_to_string(Path::new(&corpus).join("manifest.csv"))?;
    let mut agree: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let (mut count, mut observe_ms) = (0usize, 0.0);
    for line in manifest.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [path, _, own, _, _, _, _, _, _, _, spf, dkim, dmarc, ..] = cells.as_slice() else { continue };
        if *own != source {
            continue;
        }
        let raw = std::fs::read(Path::new(&corpus).join(path))?;
        let record = engine.scan_bytes(&raw);
        (count, observe_ms) = (count + 1, observe_ms + record.cost.observe_ms);
        let facts = &record.evidence.authentication;
        for (name, want, got) in
            [("spf", spf, &facts.spf), ("dkim", dkim, &facts.dkim), ("dmarc", dmarc, &facts.dmarc)]
        {
            let tally = agree.entry(name).or_default();
            tally.1 += 1;
            if got.as_deref().unwrap_or_default() == *want {
                tally.0 += 1;
            } else {
                println!("{path} {name}: manifest {want:?}, read {got:?}");
            }
        }
        let transit = &record.evidence.transit;
        for (name, value) in [
            ("source", facts.source.as_str()),
            ("submission", transit.submission.as_str()),
            ("sending", if transit.sending_host.is_some() { "host" } else { "none" }),
            ("aligned", facts.aligned.map_or("unknown", |a| if a { "yes" } else { "no" })),
            ("in_order", if facts.in_order { "yes" } else { "no" }),
            ("failed", if facts.failed { "yes" } else { "no" }),
            ("bulk", if transit.bulk { "yes" } else { "no" }),
        ] {
            *seen.entry(format!("{name} {value}")).or_default() += 1;
        }
        if std::env::var_os("HOSTS").is_some() {
            println!(
                "{path} {:?} {:?} {} {:?}",
                transit.sending_host, transit.origin_ip, transit.submission, transit.first_server
            );
        }
    }
    for (name, (same, all)) in agree {
        println!("{name}: {same} of {all} agree");
    }
    println!("{seen:?}\nobserve {:.3} ms a message", observe_ms / count.max(1) as f64);
    Ok(())
}
