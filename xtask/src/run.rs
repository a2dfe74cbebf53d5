//! `make run`: judges the two founding incidents from their fixtures, then every message that is named.

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use anyhow::{Result, bail};
use sekisho_record::Class;
use sekisho_testkit::{
    scenarios::{self, Case, Scenario},
    world, write,
};

pub(crate) fn run(mail: &[PathBuf]) -> Result<()> {
    let mut missed = 0;
    for scenario in scenarios::scenarios() {
        missed += replay(&scenario)?;
    }
    worlds()?;
    if !mail.is_empty() {
        println!();
        // The binary itself, so that what is shown is what a user gets; its exit code tells the worst class.
        let status = Command::new("cargo")
            .args(["run", "--quiet", "--release", "--package", "sekisho", "--", "scan"])
            .args(mail)
            .status()?;
        if status.code() == Some(3) {
            bail!("the mail could not be judged; see above");
        }
    }
    if missed > 0 {
        bail!("{missed} messages did not get the verdict that their scenario expects");
    }
    Ok(())
}

/// The mailboxes that have a past: a line a group. What is expected of them is kept by their tests.
fn worlds() -> Result<()> {
    for world in write::worlds() {
        println!("== {}", world.title);
        // A hijacked account has to be recognised by what it does, also when the name that it claims is unknown.
        let rules = if world.learns_attacks {
            sekisho_detect::rules::builtin()?
        } else {
            world::rules_without_brand()?
        };
        print!("{}", world::replay(&world, rules)?);
    }
    Ok(())
}

/// One scenario: a line a group, then one example in full; gives the number of wrong verdicts.
fn replay(scenario: &Scenario) -> Result<usize> {
    let engine = scenario.engine(sekisho_detect::rules::builtin()?)?;
    println!("== {}", scenario.title);
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    let mut missed = 0;
    for case in &scenario.cases {
        let record = engine.scan(&case.submission());
        let group = groups.entry(case.group.as_str()).or_default();
        group.messages += 1;
        match record.verdict.class {
            Class::Benign => group.benign += 1,
            Class::Suspicious => group.suspicious += 1,
            Class::Malicious => group.malicious += 1,
        }
        let wrong = case.check(&record);
        group.right += usize::from(wrong.is_empty());
        if !wrong.is_empty() {
            missed += 1;
            if group.shown < 3 {
                group.shown += 1;
                println!("   {}: {}", case.name, wrong.join("; "));
            }
        }
        *group.open.entry(record.verdict.gaps.len()).or_default() += 1;
        if group.example.is_none() {
            group.example = example(case, &record);
        }
    }
    for (name, g) in &groups {
        println!(
            "{name:<28} {:>4} messages: {:>4} malicious {:>4} suspicious {:>4} benign   as expected: {}",
            g.messages, g.malicious, g.suspicious, g.benign, g.right
        );
        if let Some(example) = &g.example {
            println!("{example}");
        }
    }
    Ok(missed)
}

#[derive(Default)]
struct Group {
    messages: usize,
    malicious: usize,
    suspicious: usize,
    benign: usize,
    right: usize,
    shown: usize,
    open: BTreeMap<usize, usize>,
    example: Option<String>,
}

/// What the verdict names, for the first message of a group that is not benign.
fn example(case: &Case, record: &sekisho_record::Record) -> Option<String> {
    if record.verdict.class == Class::Benign {
        return None;
    }
    let evidence = &record.evidence;
    let mut line = format!("   e.g. {}:", case.name);
    if let Some(brand) = &evidence.brand.claimed {
        line.push_str(&format!(" claims {brand};"));
    }
    if let Some(esp) = &evidence.tenant.esp {
        line.push_str(&format!(
            " sent through {esp} account {};",
            evidence.tenant.account.as_deref().unwrap_or("?")
        ));
    }
    if let Some(target) = evidence.link.main.as_ref().or(evidence.link.targets.first()) {
        line.push_str(&format!(" leads to {};", target.host));
    }
    for finding in record.verdict.findings.iter().take(3) {
        line.push_str(&format!("\n        {}", finding.summary));
    }
    Some(line)
}
