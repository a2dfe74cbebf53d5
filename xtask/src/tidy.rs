//! Checks what no compiler checks: every source opens with a sentence that says what it is for, files stay short enough
//! to read, links between documents lead somewhere, and every fuzz target has something to begin with.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Lines of a source file; one closed `match` or a table may need more and is named here.
const LINES_MAX: usize = 700;

pub(crate) fn run() -> Result<()> {
    let mut wrong = Vec::new();
    for path in files(Path::new("."), &["rs"])? {
        let text = std::fs::read_to_string(&path)?;
        if !text.starts_with("//!") && !text.starts_with("#!") {
            wrong.push(format!("{}: does not open with a `//!` sentence", path.display()));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            wrong
                .push(format!("{}: {lines} lines, more than {LINES_MAX}; is it two things?", path.display()));
        }
    }
    for path in files(Path::new("."), &["md"])? {
        if path.starts_with("./rules") {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        for target in links(&text) {
            let target = target.split('#').next().unwrap_or_default();
            if !target.is_empty() && !path.parent().unwrap_or(Path::new(".")).join(target).exists() {
                wrong.push(format!("{}: links to {target}, which is not there", path.display()));
            }
        }
    }
    for target in files(Path::new("fuzz/fuzz_targets"), &["rs"])? {
        let name = target.file_stem().unwrap_or_default();
        let seeds = Path::new("fuzz/seeds").join(name);
        if !seeds.read_dir().is_ok_and(|mut files| files.next().is_some()) {
            wrong.push(format!("{}: no seeds in {}", target.display(), seeds.display()));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{}", wrong.join("\n"))
}

/// Files of the repository with one of the extensions; build output and hidden folders left out.
pub(crate) fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    let mut stack = vec![folder.to_owned()];
    while let Some(folder) = stack.pop() {
        for entry in std::fs::read_dir(folder)?.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || matches!(name.as_str(), "target" | "corpus" | "artifacts") {
                continue;
            }
            if path.is_dir() {
                stack.push(path);
            } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e)) {
                out.push(path);
            }
        }
    }
    out.sort();
    Ok(out)
}

/// Relative targets of inline links.
fn links(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        rest = &rest[at + 2..];
        if let Some(end) = rest.find(')') {
            let target = &rest[..end];
            if !target.contains("://") && !target.contains(' ') && !target.starts_with('#') {
                out.push(target);
            }
        }
    }
    out
}
