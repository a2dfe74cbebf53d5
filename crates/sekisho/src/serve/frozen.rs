//! What is judged by, frozen: configuration, rules, lists, brands and YARA rules as they were when they were read.
//!
//! A worker is started again whenever one has failed, hours after the configuration was read. It must not pick up files
//! that somebody is in the middle of changing, nor ones that would be refused. So everything that workers read is copied
//! into a folder that only this process's user can read, and workers are given that. The copy also makes sure that
//! what is hashed for the audit is what is judged by. Secrets of the configuration (database, tokens) are left out of it.
//!
//! A copy goes when nobody judges by it any more. What a killed process left behind goes at the next start: each copy is
//! locked by the process that uses it.

use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};
use toml::{Table, Value};

use crate::{cli, config::Config, serve, world};

/// Files that a configuration may name in all: the public feed has some thousand.
const FILES_MAX: usize = 50_000;
/// Bytes of all of them: some hundred megabytes of lists.
const BYTES_MAX: u64 = 512 << 20;
/// Folders may nest this deep, as where they are read.
const DEPTH_MAX: usize = 8;
/// Sections that workers have no use for. Their secrets stay with the parent.
const PARENT_ONLY: [&str; 7] = ["store", "http", "smtp", "milter", "release", "telemetry", "arc"];

/// Names of what is judged by: SHA-256, hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Hashes {
    /// Of the configuration file and the arguments.
    pub(super) configuration: String,
    /// Of rules, lists, brands and YARA rules, and of the program that brings the built-in ones.
    pub(super) rules: String,
}

/// A frozen configuration.
pub(super) struct Frozen {
    /// The configuration, with its paths as the administrator wrote them.
    pub(super) config: Config,
    /// What it is called.
    pub(super) hashes: Hashes,
    /// The arguments for workers.
    pub(super) world: cli::World,
    /// Copies, and of what.
    copies: Vec<(PathBuf, PathBuf)>,
    _folder: Folder,
}

impl Frozen {
    /// Reads everything that the arguments and the configuration name, and copies it below the first of these places that
    /// can be written to.
    ///
    /// # Errors
    /// When the configuration is wrong, something that it names cannot be read, or nothing can be written.
    pub(super) fn take(args: &cli::Serve, places: &[PathBuf]) -> Result<Self> {
        let text = match &args.world.config {
            Some(path) => {
                fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
            }
            None => String::new(),
        };
        let config = serve::complete(world::config_of(&args.world, &text)?)?;
        let mut unwritten = None;
        for place in places {
            match Self::below(args, &text, &config, place) {
                Ok(frozen) => return Ok(frozen),
                Err(Trouble::Read(error)) => return Err(error),
                Err(Trouble::Write(error)) => {
                    tracing::debug!(place = %place.display(), %error, "nothing can be kept there");
                    unwritten = Some(error);
                }
            }
        }
        let error = unwritten.unwrap_or_else(|| io::ErrorKind::NotFound.into());
        Err(error).context("what is judged by can be copied nowhere: not below the data folder, either")
    }

    fn below(args: &cli::Serve, text: &str, config: &Config, place: &Path) -> Result<Self, Trouble> {
        let folder = Folder::new(place).map_err(Trouble::Write)?;
        let mut copying = Copying::new(&folder.path);
        let rules = copying.all("rules", &config.rules.folders, &["md", "yml", "yaml"])?;
        let lists = copying.all("lists", &config.lists.folders, &[])?;
        let yara = copying.all("yara", &config.attachments.yara_rules, &["yar", "yara"])?;
        let brands: Vec<PathBuf> = config.brands.folder.iter().cloned().collect();
        let brands = copying.all("brands", &brands, &["brands"])?;
        let table = thinned(text, [("rules", rules), ("lists", lists), ("yara", yara), ("brands", brands)])
            .map_err(Trouble::Read)?;
        let file = folder.path.join("sekisho.toml");
        write(&file, table.as_bytes()).map_err(Trouble::Write)?;
        let world = cli::World {
            config: Some(file),
            domain: args.world.domain.clone(),
            believe: args.world.believe.clone(),
            no_builtin: args.world.no_builtin,
            believe_unnamed: args.world.believe_unnamed,
            ..cli::World::default()
        };
        let configuration = hex(&Sha256::digest(format!("{text}\n{:?}", args.world)));
        let hashes = Hashes { configuration, rules: hex(&copying.digest.finalize()) };
        Ok(Self { config: config.clone(), hashes, world, copies: copying.copies, _folder: folder })
    }

    /// A text of a worker with the names of the files as the administrator knows them.
    pub(super) fn told(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (copy, original) in &self.copies {
            text = text.replace(&*copy.to_string_lossy(), &original.to_string_lossy());
        }
        text
    }
}

/// What went wrong: with the administrator's files, or with the copy.
enum Trouble {
    Read(anyhow::Error),
    Write(io::Error),
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self::Read(error)
    }
}

/// Files on their way into the copy.
struct Copying<'a> {
    folder: &'a Path,
    files: usize,
    bytes: u64,
    digest: Sha256,
    copies: Vec<(PathBuf, PathBuf)>,
}

impl<'a> Copying<'a> {
    fn new(folder: &'a Path) -> Self {
        let mut digest = Sha256::new();
        digest.update(env!("CARGO_PKG_VERSION"));
        Self { folder, files: 0, bytes: 0, digest, copies: Vec::new() }
    }

    /// Copies folders (or files) of a kind: files that end so, or of the folder itself when nothing is said. Returns the
    /// copies.
    fn all(&mut self, kind: &str, sources: &[PathBuf], endings: &[&str]) -> Result<Vec<PathBuf>, Trouble> {
        let mut out = Vec::new();
        for (at, source) in sources.iter().enumerate() {
            let named = source.file_name().unwrap_or_else(|| std::ffi::OsStr::new(kind));
            let copy = self.folder.join(format!("{kind}-{at}")).join(named);
            let unread =
                |error| anyhow::Error::new(error).context(format!("cannot read {}", source.display()));
            let whole = fs::metadata(source).map_err(unread)?.is_dir();
            private(if whole { &copy } else { copy.parent().unwrap_or(self.folder) })
                .map_err(Trouble::Write)?;
            let mut found = Vec::new();
            let depth = if endings.is_empty() { DEPTH_MAX - 1 } else { 0 };
            walk(source, depth, &mut found).map_err(unread)?;
            found.retain(|file| file == source || endings.is_empty() || ends(file, endings));
            found.sort();
            for file in &found {
                let rest = file.strip_prefix(source).unwrap_or(Path::new(""));
                let to = if rest.as_os_str().is_empty() { copy.clone() } else { copy.join(rest) };
                self.one(kind, file, rest, &to)?;
            }
            self.copies.push((copy.clone(), source.clone()));
            out.push(copy);
        }
        Ok(out)
    }

    fn one(&mut self, kind: &str, file: &Path, rest: &Path, to: &Path) -> Result<(), Trouble> {
        self.files += 1;
        if self.files > FILES_MAX {
            return Err(anyhow::anyhow!("the configuration names more than {FILES_MAX} files").into());
        }
        let unread = || format!("cannot read {}", file.display());
        let left = BYTES_MAX.saturating_sub(self.bytes);
        let mut content = Vec::new();
        let read = File::open(file).and_then(|open| open.take(left + 1).read_to_end(&mut content));
        let length = read.with_context(unread)? as u64;
        if length > left {
            return Err(anyhow::anyhow!("rules and lists are larger than {} MiB", BYTES_MAX >> 20).into());
        }
        self.bytes += length;
        let name = format!("{kind}\0{}\0{length}\0", rest.display());
        self.digest.update(name);
        self.digest.update(&content);
        if let Some(folder) = to.parent() {
            private(folder).map_err(Trouble::Write)?;
        }
        write(to, &content).map_err(Trouble::Write)
    }
}

/// Files below a folder; hidden ones are left out, as where they are read.
fn walk(path: &Path, depth: usize, out: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        out.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && (depth < DEPTH_MAX - 1 || !entry.path().is_dir()) {
            walk(&entry.path(), depth + 1, out)?;
        }
    }
    Ok(())
}

fn ends(file: &Path, endings: &[&str]) -> bool {
    file.extension().and_then(|e| e.to_str()).is_some_and(|e| endings.contains(&e))
}

/// The configuration for workers: without what they have no use for, and with the copies instead of the files.
fn thinned(text: &str, copies: [(&str, Vec<PathBuf>); 4]) -> Result<String> {
    let mut table: Table = toml::from_str(text)?;
    for section in PARENT_ONLY {
        table.remove(section);
    }
    if let Some(console) = table.get_mut("console").and_then(Value::as_table_mut) {
        console.remove("tokens");
    }
    for (kind, paths) in copies {
        let paths: Vec<Value> =
            paths.iter().map(|path| Value::String(path.to_string_lossy().into_owned())).collect();
        let (section, key) = match kind {
            "yara" => ("attachments", "yara_rules"),
            "brands" => ("brands", "folder"),
            other => (other, "folders"),
        };
        let value = match kind {
            "brands" => paths.into_iter().next(),
            _ => Some(Value::Array(paths)),
        };
        let Some(value) = value else { continue };
        let Value::Table(section) = table.entry(section).or_insert_with(|| Value::Table(Table::new())) else {
            bail!("[{section}] is no table");
        };
        section.insert(key.to_owned(), value);
    }
    Ok(toml::to_string(&table)?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // A string takes whatever is written to it.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A folder for its owner only.
fn private(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(path)
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)
}

/// The folder of a copy. Gone with this; locked until then.
struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    fn new(place: &Path) -> io::Result<Self> {
        let all = place.join("loaded");
        private(&all)?;
        // Nobody removes what is not locked yet.
        let guard = File::open(&all)?;
        flock(&guard, FlockOperation::LockExclusive)?;
        remove_left(&all)?;
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let path = all.join(format!("{}-{since}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&path)?;
        let lock = File::open(&path)?;
        flock(&lock, FlockOperation::LockExclusive)?;
        Ok(Self { path, _lock: lock })
    }
}

/// Removes copies whose process is gone.
fn remove_left(all: &Path) -> io::Result<()> {
    for entry in fs::read_dir(all)?.flatten() {
        let free = File::open(entry.path())
            .is_ok_and(|folder| flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok());
        if free {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "a copy stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    /// A configuration with rules and lists, and the arguments that name it.
    fn stage(text: &str) -> (tempfile::TempDir, cli::Serve) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["rules/link", "rules/.git", "lists/deeper", "data"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(at("rules/link/one.yml"), "name: One\ntype: rule\nsource: 'true'\n").unwrap();
        fs::write(at("rules/.git/two.yml"), "not a rule").unwrap();
        fs::write(at("rules/README.txt"), "no rule").unwrap();
        fs::write(at("lists/hosts.txt"), "a.example\n").unwrap();
        fs::write(at("lists/deeper/no.txt"), "b.example\n").unwrap();
        fs::write(at("sekisho.toml"), text).unwrap();
        let words = ["sekisho", "serve", "--config", at("sekisho.toml").to_str().unwrap()].map(str::to_owned);
        let cli::Command::Serve(args) = cli::Cli::parse_from(words).command else { unreachable!() };
        (folder, args)
    }

    const TEXT: &str = "[organisation]\ndomains = ['a.example']\n[rules]\nfolders = ['rules']\n[lists]\nfolders = ['lists']\n\
        [store]\nurl = 'postgres://sekisho:secret@db/sekisho'\n[policy]\nlanguage = 'ja'\n";

    fn files(folder: &Path) -> Vec<String> {
        let mut out = Vec::new();
        walk(folder, 0, &mut out).unwrap();
        let shown = |path: &PathBuf| {
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            name.split_once('/').map_or(name.clone(), |(_, rest)| rest.to_owned())
        };
        let mut out: Vec<String> = out.iter().map(shown).collect();
        out.sort();
        out
    }

    #[test]
    fn a_copy_holds_what_workers_read_and_no_secret() {
        let (folder, args) = stage(TEXT);
        let data = folder.path().join("data");
        let frozen = Frozen::take(&args, std::slice::from_ref(&data)).unwrap();
        let loaded = data.join("loaded");
        assert_eq!(
            files(&loaded),
            ["lists-0/lists/hosts.txt", "rules-0/rules/link/one.yml", "sekisho.toml"],
            "as it is read: nothing hidden, no other files, lists from one folder"
        );
        let text = fs::read_to_string(frozen.world.config.as_ref().unwrap()).unwrap();
        assert!(!text.contains("secret") && text.contains("language = \"ja\""), "{text}");
        let again = world::config(&frozen.world).unwrap();
        assert_eq!(again.rules.folders.len(), 1);
        assert_eq!(world::read_rules(&again.rules.folders[0]).unwrap().len(), 1);
        let told = frozen.told(&format!("{}/link/one.yml:1: wrong", again.rules.folders[0].display()));
        assert_eq!(told, format!("{}/rules/link/one.yml:1: wrong", folder.path().display()));
        drop(frozen);
        assert_eq!(files(&loaded), [""; 0], "it goes with its last user");
    }

    #[test]
    fn hashes_follow_what_is_judged_by() {
        let (folder, args) = stage(TEXT);
        let data = [folder.path().join("data")];
        let hashes = || Frozen::take(&args, &data).unwrap().hashes;
        let first = hashes();
        assert_eq!(first, hashes());
        fs::write(folder.path().join("rules/README.txt"), "another text").unwrap();
        assert_eq!(first, hashes(), "no rule is in it");
        fs::write(folder.path().join("lists/hosts.txt"), "c.example\n").unwrap();
        let second = hashes();
        assert!(first.configuration == second.configuration && first.rules != second.rules);
        fs::write(folder.path().join("sekisho.toml"), TEXT.replace("'ja'", "'de'")).unwrap();
        let third = hashes();
        assert!(second.configuration != third.configuration && second.rules == third.rules);
    }

    #[test]
    fn what_a_killed_process_left_goes_and_what_is_used_stays() {
        let (folder, args) = stage(TEXT);
        let data = folder.path().join("data");
        let used = Frozen::take(&args, std::slice::from_ref(&data)).unwrap();
        let left = data.join("loaded/1-1");
        fs::create_dir(&left).unwrap();
        let other = Frozen::take(&args, std::slice::from_ref(&data)).unwrap();
        assert!(!left.exists());
        assert!(
            used.world.config.as_ref().unwrap().exists() && other.world.config.as_ref().unwrap().exists()
        );
        // A place that cannot be written to is passed over; what cannot be read is the administrator's business.
        let nowhere = folder.path().join("sekisho.toml");
        assert!(Frozen::take(&args, &[nowhere.clone(), data.clone()]).is_ok());
        assert!(Frozen::take(&args, &[nowhere]).is_err());
        fs::remove_dir_all(folder.path().join("rules")).unwrap();
        let error = format!("{:#}", Frozen::take(&args, &[data]).err().unwrap());
        assert!(error.starts_with("cannot read ") && error.contains("/rules"), "{error}");
    }
}
