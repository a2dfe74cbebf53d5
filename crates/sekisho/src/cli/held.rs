//! The command line of held mail: what is held, lockdowns, the audit.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Level;

/// Which held mail, and who acts.
#[derive(Debug, Args, Clone)]
pub(crate) struct Actor {
    /// Data folder of `sekisho serve` [default: STATE_DIRECTORY, else ~/.local/share/sekisho]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file (TOML) of `sekisho serve`
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Who acts; the audit names it [default: the Unix user]
    #[arg(long = "as", value_name = "NAME", global = true)]
    pub(crate) name: Option<String>,
    /// In which role
    #[arg(long, value_enum, default_value_t = ActorRole::Administrator, value_name = "ROLE", global = true)]
    pub(crate) role: ActorRole,
    /// JSON: one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// A role on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ActorRole {
    /// May do everything.
    Administrator,
    /// Works on what is held; orders and lifts no lockdowns.
    Analyst,
    /// Looks, and changes nothing.
    Reader,
}

/// `sekisho held`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sekisho held list --class malicious --state requested
  sekisho held show 0198c0de-0000-7000-8000-000000000001 --raw message.eml
  sekisho held release 0198c0de-0000-7000-8000-000000000001 --to hana@example.com
  sekisho held answer 7 --refuse --words 'It is phishing: do not ask the sender either'
  sekisho held list --json --limit 1000 | jq -r .record

What is released goes out while `sekisho serve` runs, to `next` of [release] in its configuration.

Exit codes:
  0  done
  1  refused, or nothing found
  3  usage or input error")]
pub(crate) struct Held {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: HeldCommand,
    /// Who acts.
    #[command(flatten)]
    pub(crate) actor: Actor,
}

/// The commands about held mail.
#[derive(Debug, Subcommand)]
pub(crate) enum HeldCommand {
    /// List what is held, the newest first
    List(HeldList),
    /// Show everything that is known of one message: why it is held, how it stands for each recipient, who asked
    Show {
        /// Id of its record
        #[arg(value_name = "ID")]
        record: String,
        /// Write the message as it came to this new file; it may be malware. The audit notes it
        #[arg(long, value_name = "FILE")]
        raw: Option<PathBuf>,
    },
    /// Let a message go
    Release {
        /// Which
        #[command(flatten)]
        one: HeldOne,
        /// With a banner that says why it was held
        #[arg(long)]
        banner: bool,
    },
    /// End its waiting for good; its bytes go with a sweep
    Delete(HeldOne),
    /// List who asks for what, the oldest first
    Requests {
        /// Those that are answered, too
        #[arg(long)]
        all: bool,
    },
    /// Answer who asks
    Answer(HeldAnswer),
}

/// One held message, for all or some of its recipients.
#[derive(Debug, Args)]
pub(crate) struct HeldOne {
    /// Id of its record
    #[arg(value_name = "ID")]
    pub(crate) record: String,
    /// Only for these recipients [default: all that wait]
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    pub(crate) to: Vec<String>,
    /// Why, for the audit
    #[arg(long, default_value = "", value_name = "WORDS")]
    pub(crate) reason: String,
}

/// `sekisho held list`.
#[derive(Debug, Args)]
pub(crate) struct HeldList {
    /// Only of this class
    #[arg(long, value_enum, value_name = "CLASS")]
    pub(crate) class: Option<Level>,
    /// Only those that stand so for a recipient
    #[arg(long, value_enum, value_name = "STATE")]
    pub(crate) state: Option<Standing>,
    /// Only for this address, or @domain
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) recipient: Option<String>,
    /// Only from this author or reverse path, or @domain
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) sender: Option<String>,
    /// Only with all these words in subject, addresses, names or summary
    #[arg(long, default_value = "", value_name = "WORDS")]
    pub(crate) text: String,
    /// Only those that arrived on this day (YYYY-MM-DD, UTC) or later
    #[arg(long, value_name = "DAY")]
    pub(crate) since: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub(crate) limit: usize,
}

/// How it stands with a message for a recipient, on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Standing {
    /// Nobody asked for it.
    Held,
    /// Somebody asks for it.
    Requested,
    /// It was let go.
    Released,
    /// Its waiting has ended for good.
    Deleted,
}

/// `sekisho held answer`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("reply").required(true))]
pub(crate) struct HeldAnswer {
    /// Number of the request
    #[arg(value_name = "REQUEST")]
    pub(crate) request: i64,
    /// Release the message for whom it is asked
    #[arg(long, group = "reply")]
    pub(crate) release: bool,
    /// Keep it
    #[arg(long, group = "reply")]
    pub(crate) refuse: bool,
    /// Release it with a banner that says why it was held
    #[arg(long, requires = "release")]
    pub(crate) banner: bool,
    /// Words for whoever asked
    #[arg(long, default_value = "", value_name = "WORDS")]
    pub(crate) words: String,
}

/// `sekisho lockdown`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sekisho lockdown order --reason 'Incident 42: stolen mailboxes' --class malicious
  sekisho lockdown order --reason drill --everything --hours 2
  sekisho lockdown order --reason 'Forensics' --record ID1 ID2 --until 2026-12-01T08:00:00+09:00
  sekisho lockdown lift L0123456789abcdef --as hana      and then a second one: --as ken

Exit codes:
  0  done
  1  refused, or nothing found
  3  usage or input error")]
pub(crate) struct Lockdown {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: LockdownCommand,
    /// Who acts.
    #[command(flatten)]
    pub(crate) actor: Actor,
}

/// The commands about lockdowns.
#[derive(Debug, Subcommand)]
pub(crate) enum LockdownCommand {
    /// From now on nobody releases what it covers, on any node
    Order(Order),
    /// List the lockdowns that hold
    List {
        /// Those that have ended, too
        #[arg(long)]
        all: bool,
    },
    /// Lift a lockdown; it takes two administrators, one after the other
    Lift {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// Why, for the audit
        #[arg(long, default_value = "", value_name = "WORDS")]
        reason: String,
    },
}

/// `sekisho lockdown order`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("scope").required(true))]
pub(crate) struct Order {
    /// Why; whoever is refused is told
    #[arg(long, value_name = "WORDS")]
    pub(crate) reason: String,
    /// All that is held and will be held
    #[arg(long, group = "scope")]
    pub(crate) everything: bool,
    /// Messages of this class
    #[arg(long, value_enum, group = "scope", value_name = "CLASS")]
    pub(crate) class: Option<Level>,
    /// Messages for recipients of this group of the configuration
    #[arg(long, group = "scope", value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// Messages for recipients of this domain
    #[arg(long, group = "scope", value_name = "DOMAIN")]
    pub(crate) domain: Option<String>,
    /// Messages of this campaign
    #[arg(long, group = "scope", value_name = "ID")]
    pub(crate) campaign: Option<String>,
    /// These messages
    #[arg(long, group = "scope", value_name = "ID", num_args = 1..)]
    pub(crate) record: Vec<String>,
    /// It ends by itself then (RFC 3339) [default: it holds until it is lifted]
    #[arg(long, value_name = "TIME", conflicts_with = "hours")]
    pub(crate) until: Option<String>,
    /// It ends by itself after so many hours
    #[arg(long, value_name = "N")]
    pub(crate) hours: Option<u32>,
}

/// `sekisho audit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sekisho audit --since 2026-11-01
  sekisho audit --on L0123456789abcdef --json | jq .who

Exit codes:
  0  done
  1  nothing found
  3  usage or input error")]
pub(crate) struct Audit {
    /// Only what was done on this day (YYYY-MM-DD, UTC) or later
    #[arg(long, value_name = "DAY")]
    pub(crate) since: Option<String>,
    /// Only what was done on this record, lockdown or effect
    #[arg(long, default_value = "", value_name = "ID")]
    pub(crate) on: String,
    /// Only what was done by this person
    #[arg(long, default_value = "", value_name = "NAME")]
    pub(crate) by: String,
    /// At most so many, the newest
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    pub(crate) limit: usize,
    /// Which history.
    #[command(flatten)]
    pub(crate) actor: Actor,
}

/// `sekisho reload`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sekisho reload --config /etc/sekisho/sekisho.toml --data /var/lib/sekisho
  sekisho reload --json | jq .after

Every `sekisho serve` on the same history (data folder, or PostgreSQL) reads its own files. What is wrong is refused, and
the old stays; the audit notes both.

Exit codes:
  0  done
  1  refused, or no server answered
  3  usage or input error")]
pub(crate) struct Reload {
    /// For how many seconds answers are waited for
    #[arg(long, default_value_t = 60, value_name = "N")]
    pub(crate) wait: u64,
    /// Which history, and who asks.
    #[command(flatten)]
    pub(crate) actor: Actor,
}
