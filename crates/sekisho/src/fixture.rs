//! Attachments in the cases of rule pages: a line `{{file: xlm/x01_plain_visible.xls}}` of a message stands for the
//! base64 of that file of the repository's `fixtures/files/` folder, so that a page stays readable.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Where the files are, below the repository's root.
const FOLDER: &str = "fixtures/files";
/// Columns of a line of base64.
const COLUMNS: usize = 76;

/// The message with each such line replaced. `page` is the rule page that the message is from; the folder is looked
/// for above it, then above the current folder.
///
/// # Errors
/// When there is no such folder or file, or the path leads out of the folder.
pub(crate) fn fill(message: &str, page: &Path) -> Result<String> {
    let mut out = String::with_capacity(message.len());
    for line in message.lines() {
        match line.strip_prefix("{{file:").and_then(|rest| rest.strip_suffix("}}")) {
            Some(name) => encode(&read(name.trim(), page)?, &mut out),
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    Ok(out)
}

fn read(name: &str, page: &Path) -> Result<Vec<u8>> {
    let path = Path::new(name);
    if name.is_empty() || !path.components().all(|c| matches!(c, Component::Normal(_))) {
        bail!("`{{{{file: {name}}}}}`: the path is relative to {FOLDER}/ and does not leave it");
    }
    let folder = folder(page).with_context(|| {
        format!(
            "`{{{{file: {name}}}}}`: there is no folder {FOLDER}/ above {} or the current folder",
            page.display()
        )
    })?;
    let full = folder.join(path);
    std::fs::read(&full).with_context(|| format!("`{{{{file: {name}}}}}`: {} cannot be read", full.display()))
}

fn folder(page: &Path) -> Option<PathBuf> {
    let page = page.canonicalize().ok();
    let here = std::env::current_dir().ok();
    page.iter()
        .chain(here.iter())
        .flat_map(|start| start.ancestors())
        .map(|above| above.join(FOLDER))
        .find(|f| f.is_dir())
}

fn encode(bytes: &[u8], out: &mut String) {
    for line in STANDARD.encode(bytes).as_bytes().chunks(COLUMNS) {
        out.extend(line.iter().map(|b| char::from(*b)));
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str) -> String {
        fill(message, Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_or_else(|e| format!("{e:#}"))
    }

    #[test]
    fn a_line_becomes_the_file() {
        let out = check("a\n{{file: benign/b_site.url}}\n--b\n");
        let (first, rest) = out.split_once('\n').unwrap();
        let body = rest.strip_suffix("--b\n").unwrap();
        assert_eq!(first, "a");
        assert!(body.lines().all(|l| l.len() <= COLUMNS));
        assert!(STANDARD.decode(body.replace('\n', "")).unwrap().starts_with(b"[Int"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(check("{{file: ../keys/x}}").contains("does not leave it"));
        assert!(check("{{file: /etc/hostname}}").contains("does not leave it"));
        assert!(check("{{file: xlm/none.xls}}").contains("none.xls cannot be read"));
        assert_eq!(check("see {{file: x}}\n"), "see {{file: x}}\n");
    }
}
