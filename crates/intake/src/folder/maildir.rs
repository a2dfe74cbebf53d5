//! A Maildir: every message is judged once, by its unique name, and stays as it is.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
};

use super::{Work, apart, read};
use crate::limits;

/// Unique names that were judged, and the file in which they stand, one a line below the salt.
pub(super) struct Memory {
    salt: String,
    seen: BTreeSet<String>,
    path: PathBuf,
    file: File,
}

/// Looks once at all messages.
pub(super) async fn look(work: &Work, memory: &mut Option<Memory>) -> io::Result<()> {
    let settings = &work.settings;
    let path = settings.path.clone();
    let files = apart(move || messages(&path)).await?;
    let memory = match memory {
        Some(memory) => memory,
        None => {
            let (at, known) = (settings.memory.clone(), (!settings.existing).then(|| names(&files)));
            memory.insert(apart(move || Memory::open(&at, known)).await?)
        }
    };
    memory.forget(&names(&files))?;
    for file in files {
        let name = unique(&file);
        if work.is_over() {
            return Ok(());
        }
        if memory.seen.contains(&name) {
            continue;
        }
        let (path, max) = (file.clone(), settings.message_bytes_max);
        match apart(move || read(&path, max)).await {
            Ok(Ok(raw)) => drop(work.judged(raw, &memory.salt).await?),
            Ok(Err(why)) => {
                tracing::error!(file = %file.display(), why, "a message is not judged");
                metrics::counter!("sekisho_folder_failed_total").increment(1);
            }
            // Its flags changed meanwhile, and with them its name: next time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        }
        memory.note(name)?;
    }
    Ok(())
}

/// Files of `new` and `cur`, in the order of their names, which begin with the time.
fn messages(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for part in ["new", "cur"] {
        for entry in fs::read_dir(path.join(part))? {
            let entry = entry?;
            let plain = entry.metadata().is_ok_and(|found| found.is_file());
            if plain && !entry.file_name().to_string_lossy().starts_with('.') {
                out.push(entry.path());
            }
            if out.len() > limits::FOLDER_FILES_MAX {
                return Err(io::Error::other(format!("more than {} messages", limits::FOLDER_FILES_MAX)));
            }
        }
    }
    out.sort_by_key(|path| unique(path));
    Ok(out)
}

/// The name without flags.
fn unique(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split(':').next().unwrap_or_default().replace('\n', " ")
}

fn names(files: &[PathBuf]) -> BTreeSet<String> {
    files.iter().map(|file| unique(file)).collect()
}

impl Memory {
    /// Reads it; where there is none yet, these names count as judged.
    fn open(path: &Path, known: Option<BTreeSet<String>>) -> io::Result<Self> {
        let (salt, seen) = match File::open(path) {
            Ok(file) => {
                let mut lines = BufReader::new(file).lines();
                let salt = lines.next().transpose()?.unwrap_or_default();
                (salt, lines.collect::<io::Result<_>>()?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (uuid::Uuid::new_v4().simple().to_string(), known.unwrap_or_default())
            }
            Err(error) => return Err(error),
        };
        let file = rewritten(path, &salt, &seen)?;
        Ok(Self { salt, seen, path: path.to_owned(), file })
    }

    /// Notes a message; when this returns it survives a power failure.
    fn note(&mut self, name: String) -> io::Result<()> {
        self.file.write_all(format!("{name}\n").as_bytes())?;
        self.file.sync_data()?;
        self.seen.insert(name);
        Ok(())
    }

    /// Forgets who is gone, when that is most of them.
    fn forget(&mut self, there: &BTreeSet<String>) -> io::Result<()> {
        if self.seen.len() < limits::FOLDER_FORGET_MIN || self.seen.len() < 2 * there.len() {
            return Ok(());
        }
        self.seen.retain(|name| there.contains(name));
        self.file = rewritten(&self.path, &self.salt, &self.seen)?;
        Ok(())
    }
}

/// Writes the file anew, whole at every moment; open for more lines.
fn rewritten(path: &Path, salt: &str, seen: &BTreeSet<String>) -> io::Result<File> {
    let beside = path.with_extension("new");
    let mut text = format!("{salt}\n");
    seen.iter().for_each(|name| text.extend([name, "\n"]));
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::options().append(true).open(path)
}
