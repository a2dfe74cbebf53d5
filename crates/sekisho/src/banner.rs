//! `sekisho banner`: takes our banner off a message again.
//!
//! The message is not parsed for it: one header field is read, its places are cut out, and the hash of what is left is
//! compared, so there is no worker.

use std::{
    io::{Read as _, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use sekisho_policy::{
    banner::{undress, undress_own},
    limits::BANNER_MESSAGE_BYTES_MAX,
};

use crate::{
    cli::banner::{Banner, BannerCommand, BannerOff},
    config::{self, Config},
    marks, serve,
};

/// Does it; returns the exit code.
///
/// # Errors
/// When the message or the key cannot be read, or the result not be written.
pub(crate) fn run(args: &Banner) -> Result<u8> {
    let BannerCommand::Off(args) = &args.command;
    let raw = read(&args.file)?;
    let Some(original) = off(args, &raw)? else {
        eprintln!("sekisho: {}", reason(args, &raw));
        return Ok(1);
    };
    let mut out = std::io::stdout().lock();
    out.write_all(&original).and_then(|()| out.flush()).context("the original cannot be written")?;
    Ok(0)
}

fn off(args: &BannerOff, raw: &[u8]) -> Result<Option<Vec<u8>>> {
    if args.any_key {
        return Ok(undress(raw));
    }
    let config = match &args.config {
        Some(path) => config::read(path)?,
        None => Config::default(),
    };
    let data = serve::data_folder(args.data.as_deref())?;
    let key = marks::banner_key(&config, Some(&data))?;
    if key.is_empty() {
        bail!(
            "there is no key in {}: name the data folder of `sekisho serve` with --data, or say --any-key",
            data.display()
        );
    }
    Ok(undress_own(raw, key.bytes()))
}

fn reason(args: &BannerOff, raw: &[u8]) -> &'static str {
    if !args.any_key && undress(raw).is_some() {
        return "the message has a banner that was not put in with this key (--any-key takes it off)";
    }
    "the message has no banner of ours, or was changed since it got one"
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut raw = Vec::new();
    let most = BANNER_MESSAGE_BYTES_MAX as u64 * 2;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(most + 1).read_to_end(&mut raw)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut raw))
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    if raw.len() as u64 > most {
        bail!("{} is too large for a message with a banner", path.display());
    }
    Ok(raw)
}
