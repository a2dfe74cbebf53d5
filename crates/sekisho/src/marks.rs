//! What this installation's own changes are known by: the secret of its banners, and the key of its seals.
//!
//! Workers get the first and never the second, see `crates/engine/src/seal.rs`.

use std::{io::Read as _, path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use sekisho_engine::{Marks, Sealer};
use sekisho_policy::Secret;
use sekisho_store::Key;

use crate::{config::Config, memory};

/// Bytes of a file with a private key; one of RSA with 16 384 bits has 13 000.
const KEY_BYTES_MAX: u64 = 64 << 10;

/// What the configuration and the data folder say.
///
/// # Errors
/// When a key cannot be read, or is none.
pub(crate) fn read(config: &Config, data: Option<&Path>) -> Result<Marks> {
    Ok(Marks { banner_key: banner_key(config, data)?, sealer: sealer(config)?.map(Arc::new) })
}

/// The secret of banners, derived from the key file; empty while there is none.
///
/// # Errors
/// When the file cannot be used.
pub(crate) fn banner_key(config: &Config, data: Option<&Path>) -> Result<Secret> {
    let keeper = memory::keeper(config, data)?.filter(|keeper| keeper.key.exists());
    let Some(keeper) = keeper else { return Ok(Secret::default()) };
    Ok(Secret::new(Key::read(&keeper.key)?.banners()))
}

/// Who seals; `None` when nobody is configured.
///
/// # Errors
/// When only a part is configured, or the key cannot be used.
pub(crate) fn sealer(config: &Config) -> Result<Option<Sealer>> {
    let arc = &config.arc;
    let (domain, selector, key) = match (&arc.domain, &arc.selector, &arc.key) {
        (Some(domain), Some(selector), Some(key)) => (domain, selector, key),
        (None, None, None) => return Ok(None),
        _ => bail!("[arc] needs `domain`, `selector` and `key`, or none of them"),
    };
    let pem = private(key).with_context(|| format!("[arc] key = \"{}\"", key.display()))?;
    Ok(Some(Sealer::new(domain, selector, &pem).with_context(|| format!("{}", key.display()))?))
}

/// A file that nobody else may read.
fn private(path: &Path) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            bail!("others may read it (mode {mode:o}); chmod 600 it");
        }
    }
    let mut bytes = Vec::new();
    file.take(KEY_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
