//! A mail archive as a list of places in the order of arrival.
//!
//! A first pass reads every file once and keeps, for each message, where it is, when it arrived and which record it
//! becomes: some fifty bytes. A message itself is read when it is its turn.

mod mbox;
pub(crate) mod stamp;

use std::{
    collections::HashSet,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

pub(crate) use mbox::{MESSAGE_BYTES_MAX, Mbox};

/// Where a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    file: u32,
    /// Number in its mbox, from 1; 0 for a file of its own.
    number: u32,
    offset: u64,
    length: u64,
    /// When it arrived, seconds since 1970.
    pub(crate) at: i64,
    /// Which record it becomes.
    pub(crate) record: stamp::Record,
}

/// An archive.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    files: Vec<PathBuf>,
    /// The messages, in the order of the arguments, or of arrival after [`sort`](Self::sort).
    pub(crate) places: Vec<Place>,
    /// Files that could not be read, and why.
    pub(crate) failed: Vec<String>,
    /// Messages that are the same as others, byte for byte; they are listed once.
    pub(crate) copies: usize,
    known: HashSet<stamp::Record>,
}

/// A message that was read again.
pub(crate) struct Read {
    /// How to name it to a person.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) raw: Vec<u8>,
}

impl Archive {
    /// Finds all messages of these files. `seen` is called with the bytes that were read since it was called last.
    pub(crate) fn index(files: Vec<PathBuf>, now: i64, seen: &mut dyn FnMut(u64)) -> Self {
        let mut archive = Self { files, ..Self::default() };
        for index in 0..archive.files.len() {
            let Some(path) = archive.files.get(index).cloned() else { break };
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            if let Err(error) = archive.index_file(number, &path, now, seen) {
                archive.failed.push(format!("{error:#}"));
            }
        }
        archive.known = HashSet::new();
        archive
    }

    /// In the order of arrival; what arrived in the same second stays in the order of the arguments.
    pub(crate) fn sort(&mut self) {
        self.places.sort_by_key(|place| place.at);
    }

    /// Reads one message.
    ///
    /// # Errors
    /// When its file is gone or has changed.
    pub(crate) fn read(&self, place: &Place) -> Result<Read> {
        let path = self.path(place);
        let raw = self.bytes(place).with_context(|| format!("cannot read {path}"))?;
        if stamp::record(&raw) != place.record {
            bail!("{path} has changed since the archive was looked through; replay it again");
        }
        Ok(Read { path, raw })
    }

    /// How to name a message to a person.
    pub(crate) fn path(&self, place: &Place) -> String {
        let file = self.file(place).display();
        if place.number == 0 { file.to_string() } else { format!("{file}#{}", place.number) }
    }

    fn file(&self, place: &Place) -> &Path {
        usize::try_from(place.file)
            .ok()
            .and_then(|i| self.files.get(i))
            .map_or(Path::new(""), PathBuf::as_path)
    }

    fn bytes(&self, place: &Place) -> Result<Vec<u8>> {
        let mut file = File::open(self.file(place))?;
        if place.number == 0 {
            return whole(file);
        }
        file.seek(SeekFrom::Start(place.offset))?;
        let part = BufReader::new(file.take(place.length));
        match Mbox::new(part, place.offset).next() {
            Some(message) => Ok(message?.raw),
            None => bail!("it has become shorter"),
        }
    }

    /// Finds the messages of one file.
    fn index_file(&mut self, number: u32, path: &Path, now: i64, seen: &mut dyn FnMut(u64)) -> Result<()> {
        let name = path.display();
        let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        let metadata = file.metadata().with_context(|| format!("cannot read {name}"))?;
        // Without a stamp of its own: when the file was written, as its Maildir name or the file system tells.
        let written = || {
            let modified = metadata.modified().ok()?;
            let seconds = modified.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
            maildir_time(path)
                .or_else(|| i64::try_from(seconds).ok())
                .filter(|at| stamp::is_possible(*at, now))
        };
        let mut reader = BufReader::with_capacity(256 << 10, file);
        let start = reader.fill_buf().with_context(|| format!("cannot read {name}"))?;
        if !start.starts_with(b"From ") {
            let raw = whole(reader).with_context(|| format!("cannot read {name}"))?;
            let at = stamp::arrival(&raw, now).or_else(written).unwrap_or(now);
            self.add(Place {
                file: number,
                number: 0,
                offset: 0,
                length: 0,
                at,
                record: stamp::record(&raw),
            });
            seen(metadata.len());
            return Ok(());
        }
        for (i, message) in Mbox::new(reader, 0).enumerate() {
            let message = message.with_context(|| format!("cannot read {name} to its end"))?;
            seen(message.length);
            let noted = || mbox::time(&message.from_line).filter(|at| stamp::is_possible(*at, now));
            let at = stamp::arrival(&message.raw, now).or_else(noted).or_else(written).unwrap_or(now);
            self.add(Place {
                file: number,
                number: u32::try_from(i + 1).unwrap_or(u32::MAX),
                offset: message.offset,
                length: message.length,
                at,
                record: stamp::record(&message.raw),
            });
        }
        Ok(())
    }

    fn add(&mut self, place: Place) {
        if self.known.insert(place.record) {
            self.places.push(place);
        } else {
            self.copies += 1;
        }
    }
}

/// All bytes of a file of one message, as far as anybody looks at them.
fn whole(file: impl std::io::Read) -> Result<Vec<u8>> {
    let mut raw = Vec::new();
    file.take(MESSAGE_BYTES_MAX as u64).read_to_end(&mut raw)?;
    Ok(raw)
}

/// A Maildir file's name begins with the second of its delivery.
fn maildir_time(path: &Path) -> Option<i64> {
    let parent = path.parent()?.file_name()?;
    let (seconds, _) = path.file_name()?.to_str()?.split_once('.')?;
    if parent == "cur" || parent == "new" { seconds.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn mail(day: u32, text: &str) -> String {
        format!("Date: {day} Jan 2024 00:00:00 +0000\r\nSubject: {text}\r\n\r\n{text}\r\n")
    }

    /// The messages in the order of arrival: the ends of their names.
    fn order(folder: &Path, files: &[&str]) -> (Vec<String>, Archive) {
        let files = files.iter().map(|name| folder.join(name)).collect();
        let mut archive = Archive::index(files, NOW, &mut |_| {});
        archive.sort();
        let name = |place: &Place| archive.path(place).rsplit('/').next().unwrap_or_default().to_owned();
        (archive.places.iter().map(name).collect(), archive)
    }

    #[test]
    fn messages_of_all_forms_come_in_the_order_of_arrival_and_copies_once() {
        let folder = std::env::temp_dir().join(format!("sekisho-archive-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("cur")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        let quoted = mail(4, "four").replace("\r\n", "\n");
        write(
            "a.mbox",
            &format!(
                "From x Mon Jan  1 00:00:00 2024\n{quoted}\nFrom x Tue Jan  2 00:00:00 2024\nSubject: no date\n\ntwo\n"
            ),
        );
        write("b.eml", &mail(3, "three"));
        write("cur/1704067201.M1.host:2,S", "Subject: only its name tells\n\none\n");
        write("copy.eml", &mail(4, "four"));
        let files = ["a.mbox", "b.eml", "cur/1704067201.M1.host:2,S", "copy.eml", "gone.eml"];
        let (names, archive) = order(&folder, &files);
        assert_eq!(names, ["1704067201.M1.host:2,S", "a.mbox#2", "b.eml", "a.mbox#1"]);
        assert_eq!((archive.copies, archive.failed.len()), (1, 1));
        assert!(archive.failed[0].contains("gone.eml"));
        let read = archive.read(&archive.places[3]).unwrap();
        assert_eq!(String::from_utf8(read.raw).unwrap().trim_end(), quoted.trim_end());
        // A file that is changed meanwhile is not taken for what it was.
        write("b.eml", &mail(3, "other"));
        assert!(archive.read(&archive.places[2]).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
