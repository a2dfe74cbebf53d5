//! Checks a folder of rule files against a schema: `feed SCHEMA DIR…`. Prints how many sources parse, round-trip and
//! type-check, per folder, and every error.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sekisho_mql::{Diagnostic, Expect, Rule, Schema, ast, parse, print};

#[derive(Default)]
struct Count {
    files: usize,
    parsed: usize,
    round: usize,
    checked: usize,
    warnings: usize,
    time: Duration,
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(schema) = args.next() else {
        eprintln!("usage: feed SCHEMA DIR…");
        return ExitCode::from(2);
    };
    let schema = std::fs::read_to_string(&schema).map_err(|e| e.to_string());
    let schema = schema.and_then(|text| Schema::parse(&text).map_err(|e| e.to_string()));
    let schema = match schema {
        Ok(schema) => schema,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let mut total = Count::default();
    for dir in args {
        let mut files = Vec::new();
        walk(Path::new(&dir), &mut files);
        files.sort();
        let mut count = Count::default();
        for file in files {
            one(&file, &schema, &mut count);
        }
        show(&dir, &count);
        total.files += count.files;
        total.parsed += count.parsed;
        total.round += count.round;
        total.checked += count.checked;
        total.warnings += count.warnings;
        total.time += count.time;
    }
    show("total", &total);
    if total.checked == total.files { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(name: &str, count: &Count) {
    println!(
        "{name}: {} sources, {} parsed, {} round-tripped, {} type-checked, {} warnings, {:?}",
        count.files, count.parsed, count.round, count.checked, count.warnings, count.time
    );
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
            files.push(path);
        }
    }
}

fn one(file: &Path, schema: &Schema, count: &mut Count) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let Ok(yaml) = serde_yaml_ng::from_str::<serde_yaml_ng::Value>(&text) else {
        println!("{}: not YAML", file.display());
        count.files += 1;
        return;
    };
    let source = match yaml.get("source") {
        Some(serde_yaml_ng::Value::String(source)) => source.clone(),
        Some(serde_yaml_ng::Value::Bool(value)) => value.to_string(),
        _ => return,
    };
    let query = yaml.get("type").and_then(|t| t.as_str()) == Some("query");
    count.files += 1;
    let name = file.display().to_string();
    let start = Instant::now();
    let ast = parse(&source);
    let rule = Rule::new(&source, schema, if query { Expect::Any } else { Expect::Bool });
    count.time += start.elapsed();
    let report = |diagnostics: &[Diagnostic]| {
        for diagnostic in diagnostics {
            println!("{}", diagnostic.render(&name, 0));
        }
    };
    if let Ok(ast) = ast {
        count.parsed += 1;
        let printed = print(&ast);
        match parse(&printed) {
            Ok(again) if ast::same(&ast, &again) => count.round += 1,
            Ok(_) => println!("{name}: printed source has another tree"),
            Err(error) => println!("{name}: printed source is wrong\n{}", error.render("printed", 0)),
        }
    }
    match rule {
        Ok(rule) => {
            count.checked += 1;
            count.warnings += rule.warnings.len();
            report(&rule.warnings);
        }
        Err(diagnostics) => report(&diagnostics),
    }
}
