//! The command line of banners.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `sekisho banner`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sekisho banner off --data /var/lib/sekisho mail.eml > original.eml
                                                 without banner, our fields and our seal: byte for byte as it came
  sekisho banner off --any-key mail.eml          a banner of another installation, or of one whose key is lost
  ssh mx cat mail.eml | sekisho banner off - | dkimverify

Exit codes:
  0  the original is on standard output
  1  the message has no banner of ours, or was changed since: nothing is written
  3  usage or input error")]
pub(crate) struct Banner {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: BannerCommand,
}

/// The commands about banners.
#[derive(Debug, Subcommand)]
pub(crate) enum BannerCommand {
    /// Take our banner off a message and print the original
    Off(BannerOff),
}

/// `sekisho banner off`.
#[derive(Debug, Args)]
pub(crate) struct BannerOff {
    /// The message, or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Data folder of `sekisho serve`, which has the key that our banners are known by [default: STATE_DIRECTORY, else
    /// ~/.local/share/sekisho]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file (TOML) of `sekisho serve`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Believe a banner whoever put it in: what is printed then is what the message itself says was the original
    #[arg(long)]
    pub(crate) any_key: bool,
}
