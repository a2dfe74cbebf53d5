//! A folder into which files are dropped: judged ones go to `done/`, others to `failed/`, each with JSON beside it.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sekisho_engine::Passage;
use serde_json::{Value, json};

use super::{Work, apart, read};
use crate::limits;

/// Names of those who still write.
const UNFINISHED: [&str; 3] = [".part", ".tmp", ".swp"];

/// Looks once at all files.
pub(super) async fn look(work: &Work) -> io::Result<()> {
    let settings = &work.settings;
    let (path, settle) = (settings.path.clone(), settings.settle);
    let files = apart(move || settled(&path, settle)).await?;
    for file in files {
        if work.is_over() {
            return Ok(());
        }
        let (path, max) = (file.clone(), settings.message_bytes_max);
        match apart(move || read(&path, max)).await {
            Ok(Ok(raw)) => {
                let passage = work.judged(raw, "").await?;
                away(&settings.path, &file, "done", verdict(&file, &passage)).await?;
            }
            Ok(Err(why)) => failed(&settings.path, &file, &why).await?,
            // Somebody took it away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => failed(&settings.path, &file, &error.to_string()).await?,
        }
    }
    Ok(())
}

/// Files that nobody writes any more, at most [`limits::FOLDER_BATCH_MAX`].
fn settled(path: &Path, settle: Duration) -> io::Result<Vec<PathBuf>> {
    let now = SystemTime::now();
    let mut out = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || UNFINISHED.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        // Not that of what a link names.
        let Ok(found) = entry.metadata() else { continue };
        let still = found.modified().ok().and_then(|at| now.duration_since(at).ok());
        if found.is_file() && still.is_some_and(|still| still >= settle) {
            out.push(entry.path());
        }
        if out.len() >= limits::FOLDER_BATCH_MAX {
            break;
        }
    }
    out.sort();
    Ok(out)
}

fn verdict(file: &Path, passage: &Passage) -> Value {
    json!({
        "file": file.file_name().map(|name| name.to_string_lossy()),
        "record": passage.id,
        "verdict": passage.verdict,
        "summary": passage.summary,
    })
}

async fn failed(folder: &Path, file: &Path, why: &str) -> io::Result<()> {
    tracing::warn!(file = %file.display(), why, "a file cannot be judged");
    metrics::counter!("sekisho_folder_failed_total").increment(1);
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    away(folder, file, "failed", json!({ "file": name, "error": why })).await
}

/// Writes the JSON, then moves the file: who finds a file there finds its JSON.
async fn away(folder: &Path, file: &Path, to: &'static str, about: Value) -> io::Result<()> {
    let (folder, file) = (folder.join(to), file.to_owned());
    apart(move || {
        fs::create_dir_all(&folder)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = free(&folder, &name);
        let beside = with_end(&target, ".json");
        let mut written = File::create(with_end(&target, ".json.part"))?;
        written.write_all(format!("{about:#}\n").as_bytes())?;
        written.sync_all()?;
        fs::rename(with_end(&target, ".json.part"), beside)?;
        fs::rename(&file, &target)
    })
    .await
}

/// A name that is not taken.
fn free(folder: &Path, name: &str) -> PathBuf {
    let plain = folder.join(name);
    let numbered = (1..limits::FOLDER_SAME_NAME_MAX).map(|n| folder.join(format!("{n}-{name}")));
    std::iter::once(plain.clone()).chain(numbered).find(|path| !path.exists()).unwrap_or(plain)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
