//! Where messages come from: files, folders, mbox files, Maildirs and standard input.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use sekisho_record::Submission;
use walkdir::WalkDir;

use crate::archive::{MESSAGE_BYTES_MAX, Mbox};

/// One message and how to name it to a person.
pub(crate) struct Item {
    /// Path as given, `mbox#3` for the third message of an mbox, `-` for standard input.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) raw: Vec<u8>,
}

impl Item {
    /// As it is handed in, without a record of its own; `now` is when it arrived unless it tells.
    pub(crate) fn submission(&self, now: i64) -> Submission<'_> {
        Submission { now, ..Submission::from_bytes(&self.raw) }
    }
}

/// The files that the arguments name, folders walked in the order of their names.
///
/// # Errors
/// When an argument does not exist; the message says which.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" || path.is_file() {
            out.push(path.clone());
        } else if path.is_dir() {
            let walk =
                WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|e| !is_hidden(e.path()));
            for entry in walk {
                let entry = entry.with_context(|| format!("cannot read below {}", path.display()))?;
                if entry.file_type().is_file() && looks_like_mail(entry.path()) {
                    out.push(entry.into_path());
                }
            }
        } else {
            bail!(
                "{} does not exist; give a file, a folder, an mbox, a Maildir, or - for standard input",
                path.display()
            );
        }
    }
    Ok(out)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with('.') && n.len() > 1 && n != "..")
}

/// In a folder: everything that may be a message. Maildir files have no extension; their folder tells.
fn looks_like_mail(path: &Path) -> bool {
    let parent = path.parent().and_then(Path::file_name).and_then(|n| n.to_str()).unwrap_or("");
    if matches!(parent, "cur" | "new") {
        return true;
    }
    if parent == "tmp" {
        return false;
    }
    match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("eml" | "mbox" | "msg822" | "mbx" | "txt" | "mail") | None => true,
        Some(other) => other.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// Calls `each` with every message of a file.
///
/// # Errors
/// When the file cannot be read, or `each` fails.
pub(crate) fn read(path: &Path, each: &mut dyn FnMut(Item) -> Result<()>) -> Result<()> {
    let name = path.display().to_string();
    if path.as_os_str() == "-" {
        let mut raw = Vec::new();
        std::io::stdin()
            .lock()
            .take(MESSAGE_BYTES_MAX as u64)
            .read_to_end(&mut raw)
            .context("cannot read standard input")?;
        return each(Item { path: name, raw });
    }
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    let mut head = [0u8; 5];
    let mut reader = BufReader::new(file);
    let got = reader.read(&mut head).with_context(|| format!("cannot read {name}"))?;
    let start = head.get(..got).unwrap_or_default();
    if start == b"From " {
        let chained = BufReader::new(std::io::Cursor::new(start.to_vec()).chain(reader));
        for (i, message) in Mbox::new(chained, 0).enumerate() {
            let message = message.with_context(|| format!("cannot read {name} to its end"))?;
            each(Item { path: format!("{name}#{}", i + 1), raw: message.raw })?;
        }
        return Ok(());
    }
    let mut raw = start.to_vec();
    reader
        .take(MESSAGE_BYTES_MAX as u64)
        .read_to_end(&mut raw)
        .with_context(|| format!("cannot read {name}"))?;
    each(Item { path: name, raw })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_offer_what_may_be_mail() {
        for (path, yes) in [
            ("a/x.eml", true),
            ("a/x.png", false),
            ("a/cur/1700000.M1P2.host:2,S", true),
            ("a/tmp/1700000.M1P2.host", false),
            ("a/00042.5b2765c42b7648d41c93b9b27140b23a", false),
            ("a/12.", true),
            ("inbox", true),
        ] {
            assert_eq!(looks_like_mail(Path::new(path)), yes, "{path}");
        }
    }
}
