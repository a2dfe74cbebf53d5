//! `sekisho rules`: check, test, list, show.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sekisho_detect::{Case, RuleKind, RuleSource, rules};
use sekisho_mql::{parse, print};
use serde_json::json;

use crate::{
    cli::RulesCommand,
    config::{self, Config},
    fixture, world,
};

/// The world in which cases are judged when they bring no configuration.
const CASE_CONFIG: &str = include_str!("case.toml");

/// Runs the command; `false` when something failed.
///
/// # Errors
/// When a path cannot be read or a rule does not exist.
pub(crate) fn run(command: &RulesCommand) -> Result<bool> {
    match command {
        RulesCommand::Check { paths, json } => check(paths, *json),
        RulesCommand::Test { paths, verbose } => test(paths, *verbose),
        RulesCommand::List { paths, json } => list(paths, *json),
        RulesCommand::Show { rule, paths } => show(rule, paths),
    }
}

/// The rules of the paths, or the built-in ones, and what could not be read.
fn load(paths: &[PathBuf]) -> Result<(Vec<RuleSource>, Vec<String>)> {
    if paths.is_empty() {
        return Ok((rules::builtin()?, Vec::new()));
    }
    let mut all = (Vec::new(), Vec::new());
    for path in paths {
        let (sources, errors) = rules::read_folder(path)?;
        all.0.extend(sources);
        all.1.extend(errors.iter().map(ToString::to_string));
    }
    Ok(all)
}

fn check(paths: &[PathBuf], as_json: bool) -> Result<bool> {
    let (sources, unreadable) = load(paths)?;
    for error in &unreadable {
        eprintln!("{error}");
    }
    let mut wrong = unreadable.len();
    let mut warnings = 0;
    for source in &sources {
        let checked = rules::check(source);
        let round_trip = parse(&source.query)
            .ok()
            .is_none_or(|ast| parse(&print(&ast)).is_ok_and(|again| sekisho_mql::ast::same(&again, &ast)));
        if as_json {
            let (ok, uses) = match &checked {
                Ok(rule) => (round_trip, json!(rule.uses())),
                Err(_) => (false, json!(null)),
            };
            let error = checked.as_ref().err().map(ToString::to_string);
            println!(
                "{}",
                json!({ "file": source.file, "rule": source.id, "ok": ok, "round_trip": round_trip, "error": error, "uses": uses })
            );
        }
        match checked {
            Ok(rule) => {
                let offset = u32::try_from(source.line.saturating_sub(1)).unwrap_or(0);
                for warning in &rule.warnings {
                    warnings += 1;
                    eprintln!("{}", warning.render(&source.file, offset));
                }
                if !round_trip {
                    wrong += 1;
                    eprintln!(
                        "{}: printing and parsing it again gives another rule; please report this",
                        source.file
                    );
                }
            }
            Err(error) => {
                wrong += 1;
                eprintln!("{error}");
            }
        }
    }
    if !as_json {
        println!(
            "{} rules: {} parsed, type-checked and round-tripped, {wrong} wrong, {warnings} warnings",
            sources.len() + unreadable.len(),
            sources.len() + unreadable.len() - wrong
        );
    }
    Ok(wrong == 0)
}

fn test(paths: &[PathBuf], verbose: bool) -> Result<bool> {
    let (sources, unreadable) = load(paths)?;
    for error in &unreadable {
        eprintln!("{error}");
    }
    let default = config::parse(CASE_CONFIG)?;
    let (mut passed, mut failed) = (0usize, unreadable.len());
    for source in &sources {
        for case in &source.cases {
            match run_case(source, case, &default) {
                Ok(None) => passed += 1,
                Ok(Some(why)) => {
                    failed += 1;
                    println!("{}:{}: {why}", source.file, case.line);
                }
                Err(error) => {
                    failed += 1;
                    println!("{}:{}: {error:#}", source.file, case.line);
                }
            }
            if verbose {
                println!("{}  {} {}", source.id, if case.fires { "fires: " } else { "silent:" }, case.title);
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

/// Why a case failed; `None` when it did not.
fn run_case(source: &RuleSource, case: &Case, default: &Config) -> Result<Option<String>> {
    let config = match &case.config {
        Some(text) => config::parse(text)?,
        None => default.clone(),
    };
    let rules = world::compile(vec![RuleSource { cases: Vec::new(), ..source.clone() }], &config)?;
    let engine = world::engine_of(&config, rules)?;
    let raw = fixture::fill(&case.eml, Path::new(&source.file))?.replace('\n', "\r\n");
    let record = match case.history.as_slice() {
        [] => engine.scan_bytes(raw.as_bytes()),
        told => engine.scan_scripted(raw.as_bytes(), &told.join("\n")).map_err(anyhow::Error::msg)?,
    };
    let fired = record.verdict.findings.iter().any(|f| f.rule == source.id);
    if let Some(open) = record.verdict.indeterminate.iter().find(|i| i.rule == source.id) {
        return Ok(Some(format!("`{}` is indeterminate; missing: {}", case.title, open.missing.join(", "))));
    }
    Ok(match (case.fires, fired) {
        (true, false) => Some(format!("does not fire: {}", case.title)),
        (false, true) => Some(format!("fires and should be silent: {}", case.title)),
        _ => None,
    })
}

fn list(paths: &[PathBuf], as_json: bool) -> Result<bool> {
    let (sources, unreadable) = load(paths)?;
    for error in &unreadable {
        eprintln!("{error}");
    }
    for rule in &sources {
        let severity = format!("{:?}", rule.severity).to_lowercase();
        if as_json {
            println!(
                "{}",
                json!({ "rule": rule.id, "facet": rule.facet, "severity": severity, "title": rule.title,
                        "attack_types": rule.attack_types, "techniques": rule.techniques, "file": rule.file,
                        "cases": rule.cases.len() })
            );
        } else {
            println!("{severity:<14} {:<52} {}", rule.id, rule.title);
        }
    }
    Ok(unreadable.is_empty())
}

fn show(wanted: &str, paths: &[PathBuf]) -> Result<bool> {
    let mut sources = rules::builtin()?;
    if Path::new(wanted).is_file() {
        sources = load(&[PathBuf::from(wanted)])?.0;
    } else if !paths.is_empty() {
        sources.extend(load(paths)?.0);
    }
    let stem = Path::new(wanted).file_stem().and_then(|s| s.to_str()).unwrap_or(wanted);
    let Some(rule) = sources.iter().find(|r| r.id == wanted || r.id == stem) else {
        let near = sources.iter().map(|r| (strsim::damerau_levenshtein(&r.id, wanted), &r.id)).min();
        let help = near.map(|(_, id)| format!("; did you mean `{id}`?")).unwrap_or_default();
        bail!("there is no rule `{wanted}`{help}");
    };
    println!("{}\n\n{}\n", rule.title, rule.description);
    println!("rule      {} ({:?})", rule.id, rule.kind);
    println!("severity  {:?}", rule.severity);
    println!("file      {}", rule.file);
    println!("attack    {}", rule.attack_types.join(", "));
    println!("technique {}", rule.techniques.join(", "));
    match rules::check(rule) {
        Ok(checked) => {
            let uses = checked.uses();
            println!("reads     {}", uses.roots.iter().cloned().collect::<Vec<_>>().join(", "));
            println!("functions {}", uses.functions.iter().cloned().collect::<Vec<_>>().join(", "));
            println!(
                "lists     {}",
                uses.lists.iter().map(|l| format!("${l}")).collect::<Vec<_>>().join(", ")
            );
        }
        Err(error) => println!("{error}"),
    }
    println!("\n{}", rule.query.trim_end());
    for case in &rule.cases {
        println!("{} {}", if case.fires { "fires: " } else { "silent:" }, case.title);
    }
    Ok(rule.kind != RuleKind::Automation)
}
