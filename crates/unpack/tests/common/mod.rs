//! Reads `vectors.json` and compares a file's tree with what it says.
#![allow(dead_code, reason = "each test uses its part")]

use std::{collections::BTreeMap, path::PathBuf};

use bytes::Bytes;
use sekisho_unpack::{Candidate, Hints, Input, Origin, Secret, Tree, unpack};
use serde::Deserialize;

/// One line of `vectors.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Vector {
    pub(crate) path: String,
    pub(crate) carrier: String,
    pub(crate) verdict: String,
    pub(crate) must: Vec<String>,
    pub(crate) must_not: Vec<String>,
    pub(crate) iocs: BTreeMap<String, Vec<String>>,
    pub(crate) password: Option<String>,
    #[serde(default)]
    pub(crate) with_password_must: Vec<String>,
    pub(crate) day: Option<i64>,
}

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/files")
}

pub(crate) fn vectors() -> Vec<Vector> {
    let text = std::fs::read_to_string(folder().join("vectors.json")).unwrap();
    serde_json::from_str::<Vectors>(&text).unwrap().vectors
}

/// Noon of a day in November 2021, when the incidents happened.
pub(crate) fn date(day: i64) -> i64 {
    1_635_768_000 + (day - 1) * 86_400
}

pub(crate) fn open(vector: &Vector, password: Option<&str>) -> Tree {
    let path = folder().join(&vector.path);
    let bytes = Bytes::from(std::fs::read(&path).unwrap());
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let passwords =
        password.map(|p| Candidate { password: Secret::new(p), origin: Origin::Body }).into_iter().collect();
    let hints = Hints { passwords, date: Some(date(12)), ..Hints::default() };
    unpack("", vec![Input { name, declared: None, bytes }], &hints)
}

fn ids(tree: &Tree) -> Vec<&'static str> {
    tree.files.iter().flat_map(|f| &f.findings).map(|f| f.id.name()).collect()
}

/// What is wrong with a vector; empty when all is as it says.
pub(crate) fn faults(vector: &Vector) -> Vec<String> {
    let mut out = Vec::new();
    let tree = open(vector, None);
    let found = ids(&tree);
    out.extend(vector.must.iter().filter(|m| !found.contains(&m.as_str())).map(|m| format!("no {m}")));
    out.extend(vector.must_not.iter().filter(|m| found.contains(&m.as_str())).map(|m| format!("has {m}")));
    let opened = vector.password.as_deref().filter(|_| !vector.with_password_must.is_empty());
    let with_password = opened.map(|p| open(vector, Some(p)));
    if let Some(tree) = &with_password {
        let found = ids(tree);
        let missing = vector.with_password_must.iter().filter(|m| !found.contains(&m.as_str()));
        out.extend(missing.map(|m| format!("with its password: no {m}")));
    }
    let judged = with_password.as_ref().unwrap_or(&tree);
    let verdict = format!("{:?}", judged.verdict).to_lowercase();
    if verdict != vector.verdict && !(vector.verdict == "suspicious" && verdict == "malicious") {
        out.push(format!("verdict {verdict}, not {}", vector.verdict));
    }
    for (kind, values) in &vector.iocs {
        for value in values.iter().filter(|v| !named(judged, kind, v)) {
            out.push(format!("no {kind} {value}"));
        }
    }
    out
}

fn named(tree: &Tree, kind: &str, value: &str) -> bool {
    let of_kind = |k: &sekisho_unpack::IndicatorKind| k.name() == kind;
    let by_name = kind == "filename" && tree.files.iter().any(|f| f.name.ends_with(value));
    let by_hash = kind == "embedded_sha256" && tree.files.iter().any(|f| f.sha256 == value);
    by_name
        || by_hash
        || tree.files.iter().flat_map(|f| &f.indicators).any(|i| {
            of_kind(&i.kind)
                && (i.value.eq_ignore_ascii_case(value) || kind == "written" && i.value.contains(value))
        })
}
