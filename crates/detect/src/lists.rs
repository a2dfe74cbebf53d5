//! Named lists that rules refer to as `$name`, read from a folder in the public feed's formats.
//!
//! A folder holds `NAME.txt` (one entry a line, `#` comments) and `NAME.csv` (column `entry`, or the last column). A
//! `manifest.json` beside them may map identifiers to files. A list that nobody configured is *unknown*, not empty.

use std::{collections::BTreeMap, path::Path};

use crate::Error;

/// Entries of one list at most; the rest is refused with an error, not cut.
const ENTRIES_MAX: usize = 5_000_000;

/// Lists by identifier, each an ordered list of entries.
#[derive(Debug, Default, Clone)]
pub struct Lists {
    /// Identifier without `$` → entries.
    pub by_name: BTreeMap<String, Vec<String>>,
}

#[derive(serde::Deserialize)]
struct Manifest {
    lists: Vec<ManifestEntry>,
}

#[derive(serde::Deserialize)]
struct ManifestEntry {
    /// Absent for lists that their owner keeps elsewhere (a download, a service).
    file: Option<String>,
    identifier: String,
    #[serde(default)]
    headers: Vec<String>,
}

impl Lists {
    /// Adds or replaces a list.
    pub fn set(&mut self, name: &str, entries: Vec<String>) {
        self.by_name.insert(name.to_owned(), entries);
    }

    /// Reads every list of a folder. Files that the manifest names and that are not there stay unknown.
    ///
    /// # Errors
    /// When the folder or a list in it cannot be read, or a list is too long.
    pub fn read_folder(&mut self, folder: &Path) -> Result<usize, Error> {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
        };
        let manifest = folder.join("manifest.json");
        let mut entries: Vec<ManifestEntry> = Vec::new();
        if manifest.exists() {
            let text = read(&manifest)?;
            let parsed: Manifest = serde_json::from_str(&text).map_err(|e| Error::Format {
                file: manifest.display().to_string(),
                line: e.line(),
                message: format!("not a list manifest: {e}"),
            })?;
            entries = parsed.lists;
        } else {
            let dir = std::fs::read_dir(folder)
                .map_err(|source| Error::Read { path: folder.to_owned(), source })?;
            for item in dir.flatten() {
                let path = item.path();
                let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
                if let (true, Some(stem)) =
                    (matches!(extension, "txt" | "csv"), path.file_stem().and_then(|s| s.to_str()))
                {
                    entries.push(ManifestEntry {
                        file: Some(item.file_name().to_string_lossy().into_owned()),
                        identifier: stem.to_owned(),
                        headers: vec!["entry".into()],
                    });
                }
            }
        }
        let mut count = 0;
        for entry in entries {
            // A manifest is part of a checkout that somebody else wrote: it may name files of this folder only.
            let Some(name) = entry.file else { continue };
            let file = Path::new(&name);
            if file.components().count() != 1 || !folder.join(file).is_file() {
                continue;
            }
            let text = read(&folder.join(file))?;
            let list = if name.ends_with(".csv") { csv(&text, &entry.headers) } else { lines(&text) };
            if list.len() > ENTRIES_MAX {
                return Err(Error::Format {
                    file: name,
                    line: ENTRIES_MAX,
                    message: format!("a list has at most {ENTRIES_MAX} entries; split it"),
                });
            }
            self.by_name.insert(entry.identifier, list);
            count += 1;
        }
        Ok(count)
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned).collect()
}

fn csv(text: &str, headers: &[String]) -> Vec<String> {
    let column = headers.iter().position(|h| h == "entry").unwrap_or(headers.len().saturating_sub(1));
    let has_header = text.lines().next().is_some_and(|l| l.split(',').any(|c| c.trim() == "entry"));
    text.lines()
        .skip(usize::from(has_header))
        .filter_map(|l| l.split(',').nth(column))
        .map(|c| c.trim().trim_matches('"').to_owned())
        .filter(|c| !c.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_both_forms() {
        assert_eq!(lines("a\n# c\n\n b \n"), ["a", "b"]);
        assert_eq!(
            csv("1,google.com\n2,a.example\n", &["x".into(), "entry".into()]),
            ["google.com", "a.example"]
        );
        assert_eq!(csv("entry\na\n", &["entry".into()]), ["a"]);
    }
}
