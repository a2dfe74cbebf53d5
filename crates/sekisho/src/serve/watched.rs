//! Mailboxes and folders that are watched: settings out of the configuration, and where they keep their place.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use sekisho_intake::{folder, mailbox, smtp::tls};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use super::intakes::Common;
use crate::config::{self, Config, FolderKind};

/// The folder in the data folder where watchers keep their places.
const PLACES: &str = "watched";

/// Starts to watch everything that is named.
///
/// # Errors
/// What is wrong with one of them; then none is watched.
pub(super) fn open(config: &Config, common: &Common, all: &mut JoinSet<()>) -> Result<()> {
    let data = common.data.as_path();
    let (mailboxes, folders) = settings(config, data)?;
    if !mailboxes.is_empty() || !folders.is_empty() {
        let places = data.join(PLACES);
        std::fs::create_dir_all(&places).with_context(|| places.display().to_string())?;
    }
    for settings in mailboxes {
        tracing::info!(host = settings.host, folder = settings.folder, "mailbox");
        let (gate, stop) = (Arc::clone(&common.gate), common.stop());
        all.spawn(async move { mailbox::watch(settings, gate, stop).await });
    }
    for settings in folders {
        tracing::info!(path = %settings.path.display(), kind = ?settings.kind, "folder");
        let (gate, stop) = (Arc::clone(&common.gate), common.stop());
        all.spawn(async move { folder::watch(settings, gate, stop).await });
    }
    Ok(())
}

type Settings = (Vec<mailbox::Settings>, Vec<folder::Settings>);

/// Settings of everything that is watched.
///
/// # Errors
/// What is wrong with one of them, or one is named twice.
pub(crate) fn settings(config: &Config, data: &Path) -> Result<Settings> {
    let mailboxes: Vec<_> = config.mailbox.iter().map(|one| mailbox(one, data)).collect::<Result<_>>()?;
    let folders: Vec<_> = config.folder.iter().map(|one| folder(one, data)).collect::<Result<_>>()?;
    let mut places = BTreeSet::new();
    let all = mailboxes.iter().map(|one| &one.place).chain(folders.iter().map(|one| &one.memory));
    for place in all {
        if !places.insert(place) {
            bail!("a [[mailbox]] or [[folder]] stands there twice");
        }
    }
    Ok((mailboxes, folders))
}

fn mailbox(config: &config::Mailbox, data: &Path) -> Result<mailbox::Settings> {
    let what = || format!("[[mailbox]] host = \"{}\"", config.host);
    let text = std::fs::read_to_string(&config.password_file);
    let text = text.with_context(|| format!("{}: password_file = {:?}", what(), config.password_file))?;
    let password = mailbox::Password(text.trim_end_matches(['\r', '\n']).to_owned());
    if password.0.is_empty() {
        bail!("{}: password_file = {:?} is empty", what(), config.password_file);
    }
    if !config.tls && !is_here(&config.host) {
        bail!("{}: without TLS only a server on this machine is talked to", what());
    }
    let secured = match (&config.authorities, config.tls) {
        (None, false) => mailbox::Tls::Never,
        (Some(_), false) => bail!("{}: `authorities` counts only with TLS", what()),
        (None, true) => mailbox::Tls::Always(tls::client_system()?),
        (Some(file), true) => {
            let what = || format!("{}: authorities = {file:?}", what());
            let text = std::fs::read(file).with_context(what)?;
            mailbox::Tls::Always(tls::client_verified(&text).with_context(what)?)
        }
    };
    let port = config.port.unwrap_or(if config.tls { 993 } else { 143 });
    let mut settings = mailbox::Settings::new(&config.host, port, secured, &config.user, password);
    settings.folder.clone_from(&config.folder);
    settings.report = config.report;
    settings.existing = config.existing;
    settings.move_malicious_to.clone_from(&config.move_malicious_to);
    if config.move_malicious_to.as_ref() == Some(&config.folder) {
        bail!("{}: `move_malicious_to` is the folder itself", what());
    }
    settings.place = place(data, &[&config.host, &port.to_string(), &config.user, &config.folder]);
    Ok(settings)
}

fn folder(config: &config::Folder, data: &Path) -> Result<folder::Settings> {
    let path = &config.path;
    let kind = match config.kind {
        FolderKind::Maildir => folder::Kind::Maildir,
        FolderKind::Drop => folder::Kind::Drop,
    };
    let looked = if kind == folder::Kind::Maildir { path.join("new") } else { path.clone() };
    if !looked.is_dir() {
        bail!("[[folder]] path = {path:?}: {} is no folder", looked.display());
    }
    let memory = place(data, &["folder", &path.to_string_lossy()]);
    let mut settings = folder::Settings::new(path, kind, memory);
    settings.report = config.report;
    settings.existing = config.existing;
    Ok(settings)
}

/// A host name or address of this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A file of its own for what these words name.
fn place(data: &Path, words: &[&str]) -> PathBuf {
    let mut hash = Sha256::new();
    for word in words {
        hash.update((word.len() as u64).to_le_bytes());
        hash.update(word);
    }
    let name: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    data.join(PLACES).join(format!("{name}.place"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Configuration in; what is wrong with it, or what is watched.
    fn check(text: &str) -> String {
        let made = config::parse(text).and_then(|config| settings(&config, Path::new("/data")));
        match made {
            Err(error) => format!("{error:#}"),
            Ok((mailboxes, folders)) => {
                let mailboxes =
                    mailboxes.iter().map(|m| format!("{}:{} {:?} {}", m.host, m.port, m.tls, m.folder));
                mailboxes
                    .chain(folders.iter().map(|f| format!("{:?}", f.kind)))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_mailbox_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let (secret, empty) = (folder.path().join("secret"), folder.path().join("empty"));
        std::fs::write(&secret, "word\n").unwrap();
        std::fs::write(&empty, "\n").unwrap();
        let with = |host: &str, file: &Path, more: &str| {
            format!(
                "[[mailbox]]\nhost = '{host}'\nuser = 'u'\npassword_file = '{}'\n{more}\n",
                file.display()
            )
        };
        assert_eq!(check(&with("127.0.0.1", &secret, "tls = false")), "127.0.0.1:143 Never INBOX");
        for (text, wrong) in [
            (with("mail.example", &secret, "tls = false"), "only a server on this machine"),
            (with("127.0.0.1", &empty, "tls = false"), "is empty"),
            (with("127.0.0.1", Path::new("/nowhere"), "tls = false"), "/nowhere"),
            (with("127.0.0.1", &secret, "tls = false\nmove_malicious_to = 'INBOX'"), "the folder itself"),
            (with("127.0.0.1", &secret, "tls = false\nauthorities = 'x'"), "counts only with TLS"),
            (with("127.0.0.1", &secret, "tls = false").repeat(2), "twice"),
            ("[[mailbox]]\nhost = 'a'\n".to_owned(), "user"),
        ] {
            let said = check(&text);
            assert!(said.contains(wrong), "{text}: {said}");
        }
    }

    #[test]
    fn a_folder_has_to_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            |kind: &str| format!("[[folder]]\npath = '{}'\nkind = '{kind}'\n", folder.path().display());
        assert_eq!(check(&text("drop")), "Drop");
        assert!(check(&text("maildir")).contains("new is no folder"));
        std::fs::create_dir(folder.path().join("new")).unwrap();
        assert_eq!(check(&text("maildir")), "Maildir");
        assert!(check(&text("mbox")).contains("mbox"));
    }
}
