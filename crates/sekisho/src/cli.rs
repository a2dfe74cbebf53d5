//! The command line: what can be asked, and how it is explained by `--help`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) mod banner;
pub(crate) mod held;

const EXIT_CODES: &str = "\
Exit codes:
  0  clean: nothing is suspicious
  1  the worst message is suspicious
  2  the worst message is malicious
  3  usage or input error";

/// Mail security that judges the bearer, not the papers.
#[derive(Debug, Parser)]
#[command(name = "sekisho", version, about, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge messages and say why
    #[command(after_help = concat!("\
Examples:
  sekisho scan mail.eml                          one message
  sekisho scan ~/Maildir archive.mbox            a Maildir and an mbox
  sekisho scan --json --believe mx.corp.example spool/ | jq .class
  sekisho scan --rules ./sublime-rules/detection-rules --lists ./static-files inbox/
  cat mail.eml | sekisho scan -

Exit codes:
  0  clean
  1  the worst message is suspicious
  2  the worst message is malicious
  3  usage or input error"))]
    Scan(Scan),
    /// Feed a mail archive in the order of arrival, as if it came in live, and learn from it who writes to whom
    #[command(after_help = "\
Examples:
  sekisho replay --data /var/lib/sekisho --config sekisho.toml /var/mail/archive
                                                 warm a new installation; run it again to go on where it ended
  sekisho replay --data warm/ --in-order 1.eml 2.eml 3.eml
  sekisho replay --data warm/ --json --batch 8 old.mbox | jq .class
  sekisho scan --data warm/ new.eml              judge a message with what was learnt

What arrived first is judged first: by the topmost Received field, else by Date, the mbox line or the time of the file.
Every message is judged with what the ones before it taught. One that was learnt before is skipped; so is a copy.
Judged messages are kept for `sekisho backtest`, compressed and encrypted, for as long as [store] keep_days says.

Exit codes:
  0  clean
  1  the worst message is suspicious
  2  the worst message is malicious
  3  usage or input error")]
    Replay(Replay),
    /// Find out what rules would do to the messages that are kept: would fire, would not, cannot be decided
    #[command(after_help = "\
Examples:
  sekisho backtest --data /var/lib/sekisho our-rules/new-rule.md
                                                 a rule that is being written, over everything that is kept
  sekisho backtest --data DATA --show 20 link-host-new-here
                                                 a built-in rule, and the first twenty messages it fires on
  sekisho backtest --data DATA --since 2024-01-01 --class benign --json sublime-rules/ | jq 'select(.fires > 9)'

Messages are kept by `sekisho replay` and `scan --learn`, with what the world answered about each: they are judged as
then, without a network and without what was learnt since. Give the configuration that they were judged with. What a
rule asks for that was not asked then cannot be decided; the output says what is missing.

Exit codes:
  0  no rule would fire
  1  a rule would fire
  3  usage or input error, or kept messages that cannot be read")]
    Backtest(Backtest),
    /// Remove what is too old: history, threads, kept messages
    #[command(after_help = "\
Examples:
  sekisho sweep --data /var/lib/sekisho --config sekisho.toml
  sekisho sweep --data DATA --at 2021-12-31 --json

For how long what is kept: [store] keep_days, tick_days, message_days, trait_days. `replay` and `scan --learn` sweep by
themselves, once a day of the messages' time.")]
    Sweep(Sweep),
    /// Show everything that was observed about one message, as JSON
    #[command(after_help = "Example:\n  sekisho evidence mail.eml | jq .brand")]
    Evidence(One),
    /// Explain one message to a person: who it claims to be, who sent it, what the papers prove, why this verdict
    #[command(after_help = "Examples:\n  sekisho explain mail.eml\n  sekisho explain --lang ja mail.eml")]
    Explain(Explain),
    /// Check, test, list or show rules
    Rules(Rules),
    /// Undo click-tracking and protection links, without a network
    #[command(
        after_help = "Examples:\n  sekisho links 'https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example'\n  sekisho links --json < urls.txt"
    )]
    Links(Links),
    /// Open attachments without running them: the tree of files, what was found in each, what they name
    #[command(after_help = "\
Examples:
  sekisho unpack invoice.xlsm                    one document
  sekisho unpack --macros mail.eml               all attachments, passwords taken from the message
  sekisho unpack --password abc321 charts.zip
  sekisho unpack --json samples/ | jq .verdict   one object a file: docs/reference/unpack.schema.json
  sekisho unpack --extract out/ charts.zip       write what was inside; nothing is written without this

Exit codes:
  0  clean
  1  the worst file is suspicious
  2  the worst file is malicious
  3  usage or input error")]
    Unpack(Unpack),
    /// Stand in the mail's way: milter, SMTP, HTTP
    #[command(after_help = "\
Examples:
  sekisho serve --domain example.com             everything on this machine, nothing else to set up
  sekisho serve --config /etc/sekisho/sekisho.toml --data /var/lib/sekisho

It listens on 127.0.0.1:11332 (milter) and 127.0.0.1:11333 and 11334 (HTTP: our API and rspamd's protocol) unless the
configuration says otherwise. For Postfix: smtpd_milters = inet:127.0.0.1:11332. Papers are verified with live DNS.

Signals: SIGHUP reads configuration, rules, lists and brands again, as `sekisho reload` and POST /api/v1/reload do; what
is wrong is refused and the old stays.
SIGTERM and SIGINT end it: messages under way are finished first.

Exit codes:
  0  ended by a signal
  3  usage or configuration error")]
    Serve(Serve),
    /// Have every running server read configuration, rules, lists and brands again, and say what came of it
    Reload(held::Reload),
    /// Look at held mail, let it go, delete it, answer who asks for it
    Held(held::Held),
    /// Take the right to release held mail away from everybody, and give it back
    Lockdown(held::Lockdown),
    /// Show who did what with held mail, and what was refused, the newest first
    Audit(held::Audit),
    /// Take our banner off a message again
    Banner(banner::Banner),
    /// Look at configuration, rules, data folder, disk, keys, ports, DNS and Postfix, and say what to do
    #[command(after_help = "\
Examples:
  sekisho doctor --config /etc/sekisho/sekisho.toml --data /var/lib/sekisho
  sekisho doctor --domain example.com --json | jq 'select(.state != \"good\")'

Exit codes:
  0  everything is good
  1  it works and could be better
  2  it will not work")]
    Doctor(Doctor),
    /// Judge messages that a parent process sends, locked in
    #[command(hide = true)]
    Worker(Worker),
}

/// `sekisho serve`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Serve {
    /// Data folder: history, held and judged messages, their key [default: STATE_DIRECTORY, else
    /// ~/.local/share/sekisho]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The world.
    #[command(flatten)]
    pub(crate) world: World,
}

/// `sekisho doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// One JSON object a check
    #[arg(long)]
    pub(crate) json: bool,
    /// As for `serve`.
    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// `sekisho worker`: what a parent starts; people have no use for it.
#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// Somebody answers questions about papers
    #[arg(long)]
    pub(crate) asks: bool,
    /// Somebody answers questions about history
    #[arg(long)]
    pub(crate) remembers: bool,
    /// Bytes of memory that messages may take
    #[arg(long, default_value_t = sekisho_engine::limits::WORKER_MEMORY, value_name = "BYTES")]
    pub(crate) memory: u64,
    /// Lock in, try what is forbidden, print what the system answers
    #[arg(long)]
    pub(crate) attempt: bool,
    /// Open files instead of judging messages
    #[arg(long)]
    pub(crate) files: bool,
    /// Put banners on instead of judging messages
    #[arg(long)]
    pub(crate) dress: bool,
    /// Judge by these rules only; may be repeated
    #[arg(long)]
    pub(crate) rule: Vec<String>,
    /// Obey messages that ask for a crash (for tests)
    #[arg(long)]
    pub(crate) misbehave: bool,
    /// The world.
    #[command(flatten)]
    pub(crate) world: World,
}

/// `sekisho unpack`.
#[derive(Debug, Args)]
pub(crate) struct Unpack {
    /// Files or folders, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) paths: Vec<PathBuf>,
    /// One JSON object a file
    #[arg(long)]
    pub(crate) json: bool,
    /// Show the source of macros and scripts, and what emulated macros did
    #[arg(long, short)]
    pub(crate) macros: bool,
    /// A password to try first; may be repeated
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) password: Vec<String>,
    /// The day that macros see as today (YYYY-MM-DD) [default: the message's date; none for other files]
    #[arg(long, value_name = "DAY")]
    pub(crate) date: Option<String>,
    /// Write every file that was inside to this folder, named by its SHA-256; they may be malware
    #[arg(long, value_name = "DIR")]
    pub(crate) extract: Option<PathBuf>,
    /// Match YARA rules (.yar, .yara) against every file; a folder or a file, may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) yara: Vec<PathBuf>,
    /// No progress on standard error
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Where it is done.
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Options that name the world in which messages are judged.
#[derive(Debug, Args, Clone, Default)]
pub(crate) struct World {
    /// Configuration file (TOML): the organisation's domains, people and partners; see docs/configuration.md
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A domain of the organisation, besides those of the configuration; may be repeated
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Vec<String>,
    /// More rules: a folder of our pages (.md) or of the public feed's files (.yml); may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Vec<PathBuf>,
    /// Leave the built-in rules out
    #[arg(long)]
    pub(crate) no_builtin: bool,
    /// Named lists for rules, in the public feed's formats; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) lists: Vec<PathBuf>,
    /// YARA rules (.yar, .yara) that rules ask for; a folder or a file, may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) yara: Vec<PathBuf>,
    /// Believe authentication results that this server wrote (its authserv-id); may be repeated
    #[arg(long, value_name = "AUTHSERV-ID")]
    pub(crate) believe: Vec<String>,
    /// Believe the topmost results without an authserv-id (Microsoft 365 writes them so)
    #[arg(long)]
    pub(crate) believe_unnamed: bool,
    /// Verify SPF, DKIM, DMARC and ARC with live DNS
    #[arg(long, conflicts_with = "zone")]
    pub(crate) dns: bool,
    /// Verify them with a scripted zone file instead of DNS; see docs/zone-file.md
    #[arg(long, value_name = "FILE")]
    pub(crate) zone: Option<PathBuf>,
}

/// `sekisho scan`.
#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Files, folders, mbox files, Maildirs, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// One JSON object a line, as docs/reference/scan.schema.json describes
    #[arg(long)]
    pub(crate) json: bool,
    /// Show only messages that are at least this bad
    #[arg(long, value_enum, default_value_t = Level::Benign, value_name = "CLASS")]
    pub(crate) at_least: Level,
    /// No progress on standard error
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Messages judged at the same time [default: one a core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Show on standard error what the workers' boundary costs
    #[arg(long)]
    pub(crate) timings: bool,
    /// Learn from the messages, too; `sekisho replay` does so in the order of arrival
    #[arg(long)]
    pub(crate) learn: bool,
    /// What is remembered.
    #[command(flatten)]
    pub(crate) memory: Memory,
    /// Where messages are read.
    #[command(flatten)]
    pub(crate) place: Place,
    /// The world.
    #[command(flatten)]
    pub(crate) world: World,
}

/// `sekisho replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Files, folders, mbox files or Maildirs
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Keep the order of the arguments instead of the order of arrival
    #[arg(long)]
    pub(crate) in_order: bool,
    /// Messages judged at the same time; those of one batch do not see what the others of it teach
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) batch: usize,
    /// One JSON object a line, as docs/reference/scan.schema.json describes
    #[arg(long)]
    pub(crate) json: bool,
    /// Show only messages that are at least this bad
    #[arg(long, value_enum, default_value_t = Level::Benign, value_name = "CLASS")]
    pub(crate) at_least: Level,
    /// Progress on standard error although it is no terminal
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) progress: bool,
    /// No progress and no counts on standard error
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// What is remembered.
    #[command(flatten)]
    pub(crate) memory: Memory,
    /// Where messages are read.
    #[command(flatten)]
    pub(crate) place: Place,
    /// The world.
    #[command(flatten)]
    pub(crate) world: World,
}

/// `sekisho backtest`.
#[derive(Debug, Args)]
pub(crate) struct Backtest {
    /// Rule files (our pages or the public feed's files), folders of them, or ids of built-in rules
    #[arg(required = true, value_name = "RULE")]
    pub(crate) rules: Vec<String>,
    /// Only messages that arrived on this day (YYYY-MM-DD, UTC) or later
    #[arg(long, value_name = "DAY")]
    pub(crate) since: Option<String>,
    /// Only messages that arrived on this day or earlier
    #[arg(long, value_name = "DAY")]
    pub(crate) until: Option<String>,
    /// Only messages that were judged so; may be repeated
    #[arg(long, value_enum, value_name = "CLASS")]
    pub(crate) class: Vec<Level>,
    /// One JSON object a rule, as docs/reference/backtest.schema.json describes
    #[arg(long)]
    pub(crate) json: bool,
    /// List the first N messages on which each rule would fire: record, day, author, subject, and what they were judged
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) show: usize,
    /// Messages judged at the same time [default: one a core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Progress on standard error although it is no terminal
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) progress: bool,
    /// No progress on standard error
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Configuration file (TOML), the one that the messages were judged with
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Named lists for rules, in the public feed's formats; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) lists: Vec<PathBuf>,
    /// YARA rules (.yar, .yara) that rules ask for; a folder or a file, may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) yara: Vec<PathBuf>,
    /// Believe authentication results that this server wrote (its authserv-id); may be repeated
    #[arg(long, value_name = "AUTHSERV-ID")]
    pub(crate) believe: Vec<String>,
    /// Believe the topmost results without an authserv-id
    #[arg(long)]
    pub(crate) believe_unnamed: bool,
    /// What is remembered.
    #[command(flatten)]
    pub(crate) memory: Memory,
    /// Where messages are read.
    #[command(flatten)]
    pub(crate) place: Place,
}

/// `sekisho sweep`.
#[derive(Debug, Args)]
pub(crate) struct Sweep {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The day (YYYY-MM-DD) from which age is counted [default: today]
    #[arg(long, value_name = "DAY")]
    pub(crate) at: Option<String>,
    /// Counts as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress on standard error
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// What is remembered.
    #[command(flatten)]
    pub(crate) memory: Memory,
}

/// What is remembered.
#[derive(Debug, Args, Clone, Default)]
pub(crate) struct Memory {
    /// Data folder: judge with the history in it (history.db, unless the configuration names a database)
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Where the bytes of messages are read.
#[derive(Debug, Args, Clone, Copy, Default)]
pub(crate) struct Place {
    /// Read messages in this process instead of in workers that can open no file and no socket (for debugging)
    #[arg(long)]
    pub(crate) in_process: bool,
}

/// A class on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Level {
    /// Everything.
    Benign,
    /// Suspicious and malicious.
    Suspicious,
    /// Malicious only.
    Malicious,
}

/// A command about one message.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// The message; - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What is remembered.
    #[command(flatten)]
    pub(crate) memory: Memory,
    /// Where the message is read.
    #[command(flatten)]
    pub(crate) place: Place,
    /// The world.
    #[command(flatten)]
    pub(crate) world: World,
}

/// `sekisho explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The message; - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Language: en or ja [default: from LANG]
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) lang: Option<String>,
    /// What is remembered.
    #[command(flatten)]
    pub(crate) memory: Memory,
    /// Where the message is read.
    #[command(flatten)]
    pub(crate) place: Place,
    /// The world.
    #[command(flatten)]
    pub(crate) world: World,
}

/// `sekisho rules`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sekisho rules check ./sublime-rules            parse, type-check and round-trip every rule file
  sekisho rules test rules                       run the cases of our rule pages
  sekisho rules list --json
  sekisho rules show brand-claimed-by-stranger")]
pub(crate) struct Rules {
    /// What to do with them.
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

/// The commands about rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Parse, type-check and round-trip rule files; exit code 3 when one is wrong
    Check {
        /// Files or folders [default: the built-in rules]
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// One JSON object a file
        #[arg(long)]
        json: bool,
    },
    /// Run the cases of rule pages; exit code 3 when one fails
    Test {
        /// Files or folders [default: the built-in rules]
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Show what every case gave, not only failures
        #[arg(long, short)]
        verbose: bool,
    },
    /// List rules with severity and title
    List {
        /// Files or folders [default: the built-in rules]
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// One JSON object a rule
        #[arg(long)]
        json: bool,
    },
    /// Show one rule: its page, what it reads, the functions and lists it uses
    Show {
        /// Rule id, or a file
        #[arg(value_name = "RULE")]
        rule: String,
        /// Folders to look in besides the built-in rules
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
}

/// `sekisho links`.
#[derive(Debug, Args)]
pub(crate) struct Links {
    /// URLs; without any they are read from standard input, one a line
    #[arg(value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// One JSON object a URL
    #[arg(long)]
    pub(crate) json: bool,
}
