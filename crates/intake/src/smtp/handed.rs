//! Who has a message whose sender does not know it, so that they do not get it twice when it comes again.
//!
//! The next hop has taken a message for somebody, and the sender was told to come again (another recipient has to wait), or
//! was told nothing (it hung up; we were killed). A journal keeps this over the end of the process: what the next hop took
//! is written there before the sender is told, and crossed out after. It is not forced to the disk: a killed process loses
//! nothing of it, a power failure the last moments.
//!
//! What stays open is the time between the end of a message and the next hop's answer: whoever is killed then cannot know
//! (RFC 1047), and the message comes twice.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest as _, Sha256};

use super::trace::without_received;
use crate::limits::{SMTP_HANDED_MAX, SMTP_HANDED_SECONDS_MAX, SMTP_JOURNAL_ENTRIES_MAX};

/// A message for a recipient: digest of its bytes without `Received`, of its sender and of the recipient.
pub(crate) type Key = [u8; 32];

/// Bytes of an entry: what it says, when, of whom.
const ENTRY: usize = 1 + 8 + 32;
/// The next hop took it, and its sender was not told.
const TAKEN: u8 = b'+';
/// Its sender was told.
const TOLD: u8 = b'-';

/// Who has a message whose sender does not know it.
#[derive(Debug, Default)]
pub(crate) struct Handed(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Their senders come again, the oldest first.
    known: VecDeque<(i64, Key)>,
    /// Their senders are being told.
    telling: HashMap<Key, i64>,
    journal: Option<Journal>,
}

/// The file.
#[derive(Debug)]
struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes of whole entries.
    length: u64,
}

impl Handed {
    /// With a journal: what it says of the time before is known.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let known = match read(path) {
            Ok(known) => known,
            Err(error) if error.kind() == io::ErrorKind::NotFound => VecDeque::new(),
            Err(error) => return Err(error),
        };
        let mut state = State { known, ..State::default() };
        state.journal = Some(Journal::written(path, &state)?);
        Ok(Self(Mutex::new(state)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().known.is_empty()
    }

    /// The next hop has taken it for these; their sender will be told.
    pub(crate) fn taken(&self, keys: &[Key], now: i64) {
        let mut state = self.lock();
        state.telling.extend(keys.iter().map(|key| (*key, now)));
        state.write(TAKEN, keys, now);
    }

    /// Their sender was told that all is well, and does not come again.
    pub(crate) fn told(&self, keys: &[Key]) {
        let gone: HashSet<&Key> = keys.iter().collect();
        let mut state = self.lock();
        state.telling.retain(|key, _| !gone.contains(key));
        state.known.retain(|(_, key)| !gone.contains(key));
        state.write(TOLD, keys, 0);
    }

    /// Their sender was told to come again, or could not be told.
    pub(crate) fn comes_again(&self, keys: &[Key], now: i64) {
        let mut state = self.lock();
        for key in keys {
            state.telling.remove(key);
        }
        state.known.extend(keys.iter().map(|key| (now, *key)));
        let surplus = state.known.len().saturating_sub(SMTP_HANDED_MAX);
        state.known.drain(..surplus);
    }

    /// Which of these have it.
    pub(crate) fn have(&self, keys: &[Key], now: i64) -> Vec<bool> {
        let mut state = self.lock();
        let old = now.saturating_sub(i64::try_from(SMTP_HANDED_SECONDS_MAX).unwrap_or(i64::MAX));
        while state.known.front().is_some_and(|(at, _)| *at < old) {
            state.known.pop_front();
        }
        let known: HashSet<&Key> = state.known.iter().map(|(_, key)| key).collect();
        keys.iter().map(|key| known.contains(key)).collect()
    }
}

impl State {
    fn write(&mut self, what: u8, keys: &[Key], at: i64) {
        let Some(journal) = &mut self.journal else { return };
        let live = u64::try_from(ENTRY * (self.known.len() + self.telling.len())).unwrap_or(u64::MAX);
        let most = u64::try_from(ENTRY * SMTP_JOURNAL_ENTRIES_MAX).unwrap_or(u64::MAX);
        let done = if journal.length > most.max(live.saturating_mul(4)) {
            let path = journal.path.clone();
            Journal::written(&path, self).map(|new| self.journal = Some(new))
        } else {
            journal.append(&entries(what, keys.iter().map(|key| (at, key))))
        };
        if let Err(error) = done {
            tracing::warn!(%error, "smtp: it is not written down who has a message; it may come twice");
        }
    }
}

impl Journal {
    /// A new one that says what is known, in the place of the old one.
    fn written(path: &Path, state: &State) -> io::Result<Self> {
        let new = path.with_extension("new");
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        let live = state.known.iter().map(|(at, key)| (*at, key));
        let text = entries(TAKEN, live.chain(state.telling.iter().map(|(key, at)| (*at, key))));
        file.write_all(&text)?;
        fs::rename(&new, path)?;
        Ok(Self { path: path.to_owned(), file, length: text.len() as u64 })
    }

    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(text) {
            // What follows begins where the last whole entry ended.
            self.file.set_len(self.length)?;
            io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += text.len() as u64;
        Ok(())
    }
}

fn entries<'a>(what: u8, keys: impl Iterator<Item = (i64, &'a Key)>) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, key) in keys {
        out.push(what);
        out.extend_from_slice(&at.to_le_bytes());
        out.extend_from_slice(key);
    }
    out
}

/// Whose senders were not told, by a journal; of one that is no journal, or damaged, what comes before.
fn read(path: &Path) -> io::Result<VecDeque<(i64, Key)>> {
    let mut text = Vec::new();
    // Twice what it may have, and what one message may add.
    let most = 4 * ENTRY * (SMTP_JOURNAL_ENTRIES_MAX + SMTP_HANDED_MAX);
    File::open(path)?.take(most as u64).read_to_end(&mut text)?;
    let mut open: HashMap<Key, i64> = HashMap::new();
    for entry in text.chunks_exact(ENTRY) {
        let (Some((what, rest)), Some(key)) = (entry.split_first(), entry.last_chunk::<32>()) else { break };
        match (*what, rest.first_chunk::<8>()) {
            (TAKEN, Some(at)) => drop(open.insert(*key, i64::from_le_bytes(*at))),
            (TOLD, _) => drop(open.remove(key)),
            _ => break,
        }
    }
    let mut known: Vec<(i64, Key)> = open.into_iter().map(|(key, at)| (at, key)).collect();
    known.sort_unstable();
    let surplus = known.len().saturating_sub(SMTP_HANDED_MAX);
    Ok(known.into_iter().skip(surplus).collect())
}

/// The keys of a message for its recipients.
pub(crate) fn keys<'a>(raw: &[u8], from: &str, to: impl Iterator<Item = &'a str>) -> Vec<Key> {
    let mut message = Sha256::new();
    without_received(raw, |piece| message.update(piece));
    let message = message.finalize();
    to.map(|to| {
        let mut key = Sha256::new();
        key.update(message);
        key.update(from.len().to_le_bytes());
        key.update(from);
        key.update(to);
        key.finalize().into()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two(raw: &str) -> Vec<Key> {
        keys(raw.as_bytes(), "a@b", ["c@d", "e@f"].into_iter())
    }

    #[test]
    fn the_same_message_is_known_again_by_another_way() {
        let handed = Handed::default();
        let first = two("Received: one\r\n\tfolded\r\nFrom: a\r\n\r\nReceived: x\r\n");
        handed.comes_again(&first[..1], 100);
        let again = two("received: two\r\nReceived: one\r\nFrom: a\r\n\r\nReceived: x\r\n");
        assert_eq!(handed.have(&again, 200), [true, false]);
        assert_eq!(handed.have(&two("From: a\r\n\r\nReceived: y\r\n"), 200), [false, false]);
        assert_eq!(handed.have(&again, 100 + 6 * 24 * 3600), [false, false]);
        assert!(handed.is_empty());
        handed.comes_again(&first, 100);
        handed.told(&first);
        assert!(handed.is_empty());
        handed.comes_again(&vec![first[0]; SMTP_HANDED_MAX + 5], 1);
        assert_eq!(handed.lock().known.len(), SMTP_HANDED_MAX);
    }

    #[test]
    fn what_nobody_was_told_outlives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handed");
        let [told, untold, again] = ["one", "two", "three"].map(two);
        {
            let handed = Handed::open(&path).unwrap();
            handed.taken(&told, 100);
            handed.told(&told);
            handed.taken(&untold[..1], 101);
            assert!(handed.is_empty(), "the same message from somebody else is not the same again");
            handed.taken(&again, 102);
            handed.comes_again(&again, 102);
        }
        // Killed within an entry.
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"+12").unwrap();
        for _ in 0..2 {
            let handed = Handed::open(&path).unwrap();
            assert_eq!(handed.have(&told, 200), [false, false]);
            assert_eq!(handed.have(&untold, 200), [true, false]);
            assert_eq!(handed.have(&again, 200), [true, true]);
        }
        Handed::open(&path).unwrap().told(&again);
        assert_eq!(Handed::open(&path).unwrap().have(&again, 200), [false, false]);
        fs::write(&path, vec![b'x'; 1000]).unwrap();
        assert!(Handed::open(&path).unwrap().is_empty(), "nonsense says nothing");
    }

    #[test]
    fn the_journal_does_not_grow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handed");
        let handed = Handed::open(&path).unwrap();
        let open = two("open");
        handed.taken(&open, 1);
        let many = vec![two("x")[0]; 1_000];
        for _ in 0..SMTP_JOURNAL_ENTRIES_MAX / 1_000 {
            handed.taken(&many, 2);
            handed.told(&many);
        }
        let most = ENTRY * (SMTP_JOURNAL_ENTRIES_MAX + 2_000);
        assert!(fs::metadata(&path).unwrap().len() <= most as u64);
        drop(handed);
        assert_eq!(Handed::open(&path).unwrap().have(&open, 2), [true, true]);
    }
}
