//! A Maildir that a server delivers to, and messages as they were handed to it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Fields that the delivery agent writes at the very top, which the message did not have on its way.
const OF_DELIVERY: [&str; 3] = ["return-path", "x-original-to", "delivered-to"];

/// A delivered message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// `Return-Path`, without angle brackets.
    pub from: String,
    /// Whom it was delivered to.
    pub to: String,
    /// The message as the mail server had it, with CRLF line ends, without the fields that the delivery agent wrote.
    pub raw: Vec<u8>,
}

impl Delivered {
    /// Of a delivered file.
    #[must_use]
    pub fn read(stored: &[u8]) -> Self {
        let mut out = Self::default();
        let mut rest = stored;
        while let Some(line) = rest.split_inclusive(|byte| *byte == b'\n').next() {
            let text = String::from_utf8_lossy(line);
            let Some((name, value)) = text.split_once(':') else { break };
            if !OF_DELIVERY.contains(&name.to_ascii_lowercase().as_str()) {
                break;
            }
            match name.to_ascii_lowercase().as_str() {
                "return-path" => value.trim().trim_matches(['<', '>']).clone_into(&mut out.from),
                "delivered-to" => value.trim().clone_into(&mut out.to),
                _ => {}
            }
            rest = rest.get(line.len()..).unwrap_or_default();
        }
        out.raw = with_crlf(rest);
        out
    }

    /// The message as text; what is no UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// What the client sent, if this begins with fields that servers put on top: everything from the first place where
    /// a line begins with `first` (`Subject:`).
    #[must_use]
    pub fn from_line(&self, first: &str) -> &[u8] {
        let mut at = 0;
        for line in self.raw.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(first.as_bytes()) {
                break;
            }
            at += line.len();
        }
        self.raw.get(at..).unwrap_or_default()
    }
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for byte in bytes {
        if *byte == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

/// A Maildir.
#[derive(Debug, Clone)]
pub struct Mailbox {
    folder: PathBuf,
}

impl Mailbox {
    /// The Maildir in this folder, which need not exist yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Paths of its messages, the oldest first.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for part in ["new", "cur"] {
            let entries = match fs::read_dir(self.folder.join(part)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                found.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        found.sort();
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    /// Its messages, the oldest first.
    pub fn all(&self) -> io::Result<Vec<Delivered>> {
        self.files()?.iter().map(|path| fs::read(path).map(|stored| Delivered::read(&stored))).collect()
    }

    /// Its messages, once there are this many.
    pub fn wait(&self, count: usize) -> io::Result<Vec<Delivered>> {
        let what = || format!("{} messages instead of {count}", self.files().map_or(0, |files| files.len()));
        super::wait(what, || Ok((self.files()?.len() >= count).then_some(())))?;
        self.all()
    }
}
