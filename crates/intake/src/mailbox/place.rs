//! Where a watcher is in its mailbox, kept in a file that is whole at every moment.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Everything below `next` was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// UIDVALIDITY: when it changes, UIDs begin anew.
    pub validity: u32,
    /// The first UID that was not judged.
    pub next: u32,
    /// Chance, so that nobody can guess the names of records.
    pub salt: String,
}

impl Place {
    /// Reads it; `None` when there is none yet.
    ///
    /// # Errors
    /// It cannot be read, or is something else.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes it; when this returns it survives a power failure.
    ///
    /// # Errors
    /// It cannot be written; then the one before is still there.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(self).map_err(io::Error::other)?)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

/// The name of a message's record: the same whenever these bytes come again.
pub fn name(salt: &str, raw: &[u8]) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update([0]).chain_update(raw).finalize();
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        assert_eq!(Place::read(&path).unwrap(), None);
        let place = Place { validity: 7, next: 9, salt: "s".into() };
        place.write(&path).unwrap();
        assert_eq!(Place::read(&path).unwrap(), Some(place.clone()));
        Place { next: 10, ..place }.write(&path).unwrap();
        assert_eq!(Place::read(&path).unwrap().unwrap().next, 10);
        std::fs::write(&path, b"{").unwrap();
        assert!(Place::read(&path).is_err());
    }

    #[test]
    fn a_message_has_one_name() {
        assert_eq!(name("s", b"x"), name("s", b"x"));
        assert_ne!(name("s", b"x"), name("s", b"y"));
        assert_ne!(name("s", b"x"), name("t", b"x"));
        assert_eq!(name("s", b"x").len(), 32);
    }
}
