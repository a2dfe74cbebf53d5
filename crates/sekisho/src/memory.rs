//! What is remembered and kept: where it is, for how long, and who may write there.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use sekisho_engine::{
    Desk, Keeper,
    kept::{Retention, class_name},
};
use sekisho_record::Class;

use crate::{
    config::{Config, KeepDays},
    world,
};

/// What a command does with history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remember {
    /// It reads what there is.
    Reads,
    /// It learns, and makes an empty history where there is none.
    Learns,
    /// It learns, and holds messages whatever else is kept.
    Serves,
}

/// Who answers questions: a resolver, and history where one is named. Who learns keeps what is judged, too.
///
/// # Errors
/// As [`world::desk`], and when history cannot be opened. Who only reads goes on while a server is away.
pub(crate) fn desk_with(config: &Config, data: Option<&Path>, remember: Remember) -> Result<Desk> {
    let desk = world::desk(config)?;
    let Some(url) = history_url(config, data, remember)? else { return Ok(desk) };
    if remember == Remember::Reads {
        let (desk, away) = desk.remembering_later(&url)?;
        if let Some(why) = away {
            eprintln!("sekisho: history cannot be asked now: {why}; judging goes on without it until it can");
        }
        return Ok(desk);
    }
    let desk = desk.remembering(&url)?.with_retention(retention(config));
    let KeepDays { benign, suspicious, malicious } = config.store.keep_days;
    let none = [benign, suspicious, malicious] == [0; 3];
    match keeper(config, data)? {
        // Whoever keeps nothing and kept nothing needs no key.
        Some(keeper) if !none || remember == Remember::Serves || keeper.key.exists() => {
            Ok(desk.with_keeper(&keeper)?)
        }
        _ => Ok(desk),
    }
}

/// For how long what is kept.
pub(crate) fn retention(config: &Config) -> Retention {
    let store = &config.store;
    let KeepDays { benign, suspicious, malicious } = store.keep_days;
    let days = [(Class::Benign, benign), (Class::Suspicious, suspicious), (Class::Malicious, malicious)];
    Retention {
        tick_days: store.tick_days,
        message_days: store.message_days,
        trait_days: store.trait_days,
        object_days: days.into_iter().map(|(class, days)| (class_name(class).to_owned(), days)).collect(),
    }
}

/// Where judged messages are kept: where the configuration says, else in the data folder; `None` when nobody named
/// either.
///
/// # Errors
/// When there is a place for them and none for their key.
pub(crate) fn keeper(config: &Config, data: Option<&Path>) -> Result<Option<Keeper>> {
    let store = &config.store;
    let in_data = |name: &str| Some(data?.join(name));
    let objects = store.objects.clone();
    let objects = objects.or_else(|| Some(in_data("objects")?.to_string_lossy().into_owned()));
    let Some(objects) = objects else { return Ok(None) };
    let Some(key) = store.key.clone().or_else(|| in_data("key")) else {
        bail!("store.objects needs a key file: set store.key, or give a data folder with --data");
    };
    Ok(Some(Keeper { objects, key }))
}

/// Where history is: where the configuration says, else in the data folder; `None` when nobody named either.
///
/// # Errors
/// When a folder holds no history and is only to be read, or cannot be made.
pub(crate) fn history_url(
    config: &Config,
    data: Option<&Path>,
    remember: Remember,
) -> Result<Option<String>> {
    if let Some(url) = &config.store.url {
        return Ok(Some(url.clone()));
    }
    let Some(folder) = data else { return Ok(None) };
    let file = folder.join("history.db");
    if !file.is_file() {
        if remember == Remember::Reads {
            bail!(
                "{} holds no history; `sekisho replay --data {} ARCHIVE` makes one",
                folder.display(),
                folder.display()
            );
        }
        make_private(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    Ok(Some(sqlite_url(&file)))
}

/// A folder for its owner only: it will say who writes to whom.
pub(crate) fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// The URL of a file: what a URL would read otherwise is escaped.
fn sqlite_url(file: &Path) -> String {
    let path = file.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite:{path}")
}
