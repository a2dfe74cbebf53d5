//! What judging costs: `feed_cost RULES LISTS CORPUS [MAILS] [REPEATS]`, where RULES is `builtin` or a folder of rules.
//! Prints the time a mail on the clock, the best of some repeats, and a digest of all verdicts, so that a faster evaluator can be
//! told from another one. For measuring only.
//!
//! With `FRESH` in the environment every repeat observes the mail anew before it is judged, as in a running program: what
//! rules read is then as near or far as it is there. `SKEW` prints the costliest mails and what share of the whole the
//! costliest hundredths take.

use std::{
    hash::{DefaultHasher, Hasher},
    path::Path,
    time::Instant,
};

use sekisho_detect::{Lists, OrgLists, RuleSource, Rules, judge, rules};
use sekisho_engine::Engine;
use sekisho_observe::Context;
use sekisho_record::Evidence;

/// As in the program.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [rules, lists, corpus, rest @ ..] = args.as_slice() else {
        return Err("feed_cost RULES LISTS CORPUS [MAILS] [REPEATS]".into());
    };
    let number = |n: usize, default: usize| rest.get(n).and_then(|v| v.parse().ok()).unwrap_or(default);
    let (mails, repeats) = (number(0, 400), number(1, 5));
    let rules = compile(rules, lists)?;
    let fresh = std::env::var_os("FRESH").is_some();
    let all = observe(Path::new(corpus), mails)?;
    let mut costs = Vec::new();
    let mut digest = DefaultHasher::new();
    let (mut findings, mut indeterminate) = (0, 0);
    for (path, raw, evidence) in &all {
        let verdict = judge(evidence, &rules);
        findings += verdict.findings.len();
        indeterminate += verdict.indeterminate.len();
        let text = serde_json::to_string(&verdict)?;
        if std::env::var_os("VERDICTS").is_some() {
            println!("{path} {text}");
        }
        digest.write(text.as_bytes());
        if !fresh {
            let best =
                (0..repeats).map(|_| time(|| drop(judge(evidence, &rules)))).fold(f64::INFINITY, f64::min);
            costs.push((best, path, raw.len()));
        }
    }
    if fresh {
        costs.extend(all.iter().map(|(path, raw, _)| (f64::INFINITY, path, raw.len())));
        let observer = observer()?;
        for _ in 0..repeats {
            for ((_, raw, _), cost) in all.iter().zip(&mut costs) {
                let evidence = inbound(&observer, raw);
                cost.0 = cost.0.min(time(|| drop(judge(&evidence, &rules))));
            }
        }
    }
    costs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let sum: f64 = costs.iter().map(|c| c.0).sum();
    let mean = sum / costs.len().max(1) as f64;
    if std::env::var_os("SKEW").is_some() {
        for (cost, path, bytes) in costs.iter().rev().take(40) {
            println!("{cost:9.3} ms {bytes:>9} bytes {path}");
        }
        for part in [1, 2, 5, 10, 25, 50] {
            let count = costs.len() * part / 100;
            let share: f64 = costs.iter().rev().take(count).map(|c| c.0).sum();
            println!("costliest {part:>2} %: {:.1} % of the cost", 100.0 * share / sum);
        }
    }
    let at = |part: usize| costs.get(costs.len().saturating_sub(1) * part / 100).map_or(0.0, |c| c.0);
    println!(
        "{} rules, {} mails: mean {mean:.3} ms, p50 {:.3}, p90 {:.3}, p99 {:.3}; {findings} findings, \
         {indeterminate} indeterminate, digest {:016x}",
        rules.sources().len(),
        all.len(),
        at(50),
        at(90),
        at(99),
        digest.finish()
    );
    Ok(())
}

fn time(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64() * 1000.0
}

fn compile(folder: &str, lists_folder: &str) -> Result<Rules, Failure> {
    let (sources, errors): (Vec<RuleSource>, _) = match folder {
        "builtin" => (rules::builtin()?, Vec::new()),
        folder => rules::read_folder(Path::new(folder))?,
    };
    let (good, bad): (Vec<_>, Vec<_>) = sources.into_iter().partition(|s| rules::check(s).is_ok());
    let mut lists = Lists::default();
    let count = lists.read_folder(Path::new(lists_folder))?;
    eprintln!("{} rules, {} refused, {} unreadable, {count} lists", good.len(), bad.len(), errors.len());
    Ok(Rules::compile(good, lists, &OrgLists::default())?)
}

fn observer() -> Result<Engine, Failure> {
    let context = Context { believe_unnamed: true, ..Context::default() };
    Ok(Engine::new(context, Rules::compile(Vec::new(), Lists::default(), &OrgLists::default())?))
}

fn inbound(engine: &Engine, raw: &[u8]) -> Evidence {
    let mut evidence = engine.scan_bytes(raw).evidence;
    // Nearly every rule of a feed begins with this, and the costly mail is the one that comes in.
    evidence.model.direction.inbound = Some(true);
    evidence
}

/// Evidence of mails spread over the corpus.
fn observe(corpus: &Path, mails: usize) -> Result<Vec<(String, Vec<u8>, Evidence)>, Failure> {
    let engine = observer()?;
    let manifest = std::fs::read_to_string(corpus.join("manifest.csv"))?;
    let paths: Vec<&str> = manifest.lines().skip(1).filter_map(|l| l.split(',').next()).collect();
    let step = (paths.len() / mails.max(1)).max(1);
    let mut all = Vec::new();
    for path in paths.iter().step_by(step).take(mails) {
        let raw = std::fs::read(corpus.join(path))?;
        let evidence = inbound(&engine, &raw);
        all.push(((*path).to_owned(), raw, evidence));
    }
    Ok(all)
}
