//! The dependencies between our crates are those that ARCHITECTURE.md allows.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// These may depend on everything.
const FREE: [&str; 3] = ["sekisho", "testkit", "xtask"];

type Edges = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The ```edges block: `crate: dependency dependency`.
fn allowed(text: &str) -> Edges {
    let block = text.split("```edges\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let line = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        Some((name.trim().to_owned(), rest.split_whitespace().map(str::to_owned).collect()))
    };
    block.lines().filter_map(line).collect()
}

/// Names below `[dependencies]` and its target-specific kin that begin with `sekisho-`, without the prefix.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut out = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section == "dependencies" || section.ends_with(".dependencies");
            if let Some(name) = section.strip_prefix("dependencies.sekisho-") {
                out.insert(name.to_owned());
            }
        } else if let Some(name) = line.strip_prefix("sekisho-").filter(|_| inside) {
            out.insert(name.split(['.', '=', ' ']).next().unwrap_or_default().to_owned());
        }
    }
    out
}

/// What is not allowed, for a person.
fn violations(allowed: &Edges, found: &Edges) -> Vec<String> {
    let mut out = Vec::new();
    for (name, needs) in found.iter().filter(|(name, _)| !FREE.contains(&name.as_str())) {
        let Some(may) = allowed.get(name) else {
            out.push(format!("{name} is no line of the edges block"));
            continue;
        };
        out.extend(
            needs.difference(may).map(|need| format!("{name} depends on {need}, which is not allowed")),
        );
    }
    out
}

#[test]
fn crates_depend_only_on_what_the_architecture_allows() {
    let allowed = allowed(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    assert!(allowed.len() >= 10, "no edges block in ARCHITECTURE.md");
    let found: Edges = fs::read_dir(root().join("crates"))
        .unwrap()
        .filter_map(|entry| {
            let folder = entry.unwrap().path();
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
            Some((folder.file_name()?.to_string_lossy().into_owned(), dependencies(&manifest)))
        })
        .collect();
    assert!(
        found.contains_key("mail") && found["observe"].contains("mail"),
        "the manifests were not read: {found:?}"
    );
    let wrong = violations(&allowed, &found);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_extra_edge_is_named_and_one_of_a_test_is_not() {
    let allowed = allowed("```edges\nmail:\nobserve: mail record\n```\n");
    let edges = |name: &str, manifest: &str| Edges::from([(name.to_owned(), dependencies(manifest))]);
    let extra = edges("mail", "[dependencies]\nsekisho-record.workspace = true\n");
    assert_eq!(violations(&allowed, &extra), ["mail depends on record, which is not allowed"]);
    let table = edges("mail", "[dependencies.sekisho-mql]\npath = \"../mql\"\n");
    assert_eq!(violations(&allowed, &table), ["mail depends on mql, which is not allowed"]);
    let test_only =
        edges("mail", "[dependencies]\nurl = \"2\"\n[dev-dependencies]\nsekisho-record.workspace = true\n");
    assert!(violations(&allowed, &test_only).is_empty());
    assert!(
        violations(&allowed, &edges("observe", "[dependencies]\nsekisho-mail = { path = \"../mail\" }\n"))
            .is_empty()
    );
    assert_eq!(violations(&allowed, &edges("new", "")), ["new is no line of the edges block"]);
}
