//! Live mail beside rspamd: processor time per message, waiting times, rate and memory of `sekisho serve`, over HTTP and
//! over the milter protocol, on the same mail in the same run.
//!
//! Both servers run all the time and are measured in turn, a few messages each, so that a slow minute of the machine is
//! nobody's in particular. Both look up names, as their packages are set up to, at a name server of our own each that
//! answers both alike ([`names`]); or neither does. The corpus is read and never written anywhere; what a server keeps of
//! it is gone with its folder.

mod clients;
mod names;
mod servers;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use clients::{Client, Mail, Protocol};
use names::Names;
use servers::{DOMAIN, Memory, Server, found};

/// Messages that one server gets before it is the other's turn.
const TURN: usize = 50;
/// Connections of open-loop arrivals: more than can wait at 70 % load.
const ARRIVALS: usize = 64;
/// Share of the peak rate for open-loop arrivals.
const LOAD: f64 = 0.7;

/// `cargo xtask bench-live`.
#[derive(Args)]
pub(crate) struct Options {
    /// Folder of real mail (every .eml below it); without one, the scenarios
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Messages of each measurement; scenarios are repeated
    #[arg(long, default_value_t = 1_000)]
    messages: usize,
    /// The program to measure; default: a release build of it is made
    #[arg(long)]
    sekisho: Option<PathBuf>,
    /// The program to compare with; without it, only ours is measured
    #[arg(long, default_value = "/usr/bin/rspamd")]
    rspamd: PathBuf,
    /// Workers of ours, scanners of theirs; default: as many as there are processors
    #[arg(long)]
    workers: Option<usize>,
    /// Connections at a time for the peak rate
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Only this protocol
    #[arg(long)]
    protocol: Option<Protocol>,
    /// Nobody looks up names: SPF, DKIM, DMARC and ARC are off for both, and rspamd's lists of addresses and domains.
    /// Otherwise both ask a name server on loopback that knows every domain and answers at once
    #[arg(long)]
    no_dns: bool,
    /// Peak rate and load, so many times in turn; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// What was measured of one server over one protocol.
#[derive(Default)]
struct Figures {
    /// Messages one after the other: their milliseconds.
    alone: Vec<f64>,
    /// Processor milliseconds for them.
    alone_cpu: f64,
    /// Messages on many connections, and processor milliseconds for them.
    peak_cpu: (usize, f64),
    /// Messages a second at the peak, of each round.
    rates: Vec<f64>,
    /// Milliseconds at 70 % of it, of each round.
    loaded: Vec<Vec<f64>>,
    /// What became of the messages.
    answers: BTreeMap<String, u64>,
    /// Messages one after the other and at the peak, and what was looked up for them.
    asked: (usize, u64),
    /// Connections that the messages one after the other took.
    connections: u64,
    /// The most that the tree held.
    memory: Memory,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let workers = options.workers.unwrap_or(cores).max(1);
    let mail = mail(options)?;
    let program = options.sekisho.clone().map_or_else(build, Ok)?;
    let key = include_str!("../../fixtures/keys/sender.pub").trim();
    let names = || (!options.no_dns).then(|| Names::start(key)).transpose();
    let mut servers = vec![Server::sekisho(&program, workers, names()?)?];
    match found(std::slice::from_ref(&options.rspamd)) {
        Some(rspamd) => servers.push(Server::rspamd(&rspamd, workers, names()?)?),
        None => eprintln!("{} is not there: only ours is measured", options.rspamd.display()),
    }
    let bytes: usize = mail.iter().map(Vec::len).sum();
    println!(
        "{} messages, {} bytes on average; {cores} processors, {workers} workers (ours) and scanners (theirs, and one proxy \
         for the milter); DNS {}; {} rounds in turn",
        mail.len(),
        bytes / mail.len().max(1),
        if options.no_dns { "off" } else { "on" },
        options.rounds
    );
    let idle: Vec<Memory> = servers.iter().map(Server::memory).collect();
    let both = [Protocol::Http, Protocol::Milter];
    for protocol in both.into_iter().filter(|protocol| options.protocol.is_none_or(|only| only == *protocol))
    {
        let sent: Vec<Mail> = mail.iter().map(|raw| Mail::new(protocol, raw, DOMAIN)).collect();
        let mut figures: Vec<Figures> = servers.iter().map(|_| Figures::default()).collect();
        alone(&servers, protocol, &sent, &mut figures)?;
        for round in 0..options.rounds.max(1) {
            for (server, figures) in servers.iter().zip(&mut figures) {
                under_load(server, protocol, &sent, options.connections, round, figures)
                    .with_context(|| format!("{} said:\n{}", server.name, server.said()))?;
            }
        }
        table(protocol, &servers, &figures, &idle);
    }
    Ok(())
}

fn mail(options: &Options) -> Result<Vec<Vec<u8>>> {
    let Some(folder) = &options.corpus else {
        let all: Vec<Vec<u8>> = sekisho_testkit::scenarios::all().into_iter().map(|case| case.raw).collect();
        return Ok(all.iter().cycle().take(options.messages).cloned().collect());
    };
    let files = crate::tidy::files(folder, &["eml"])?;
    // Spread over the whole corpus when there is more than is asked for.
    let step = files.len().div_ceil(options.messages.max(1)).max(1);
    let mail: Result<Vec<Vec<u8>>> = files
        .iter()
        .step_by(step)
        .map(|path| std::fs::read(path).with_context(|| path.display().to_string()))
        .collect();
    if mail.as_ref().is_ok_and(Vec::is_empty) {
        bail!("{} holds no .eml", folder.display());
    }
    mail
}

/// The program, as it is shipped.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built =
        Command::new(cargo).args(["build", "--quiet", "--release", "--package", "sekisho"]).status()?;
    anyhow::ensure!(built.success(), "sekisho could not be built");
    let own = std::env::current_exe()?;
    // `target/PROFILE/xtask`
    let target = own.parent().and_then(std::path::Path::parent).context("where is the target folder?")?;
    Ok(target.join("release/sekisho"))
}

/// One message after the other on one connection, in turn; the first turn of each only warms up.
fn alone(servers: &[Server], protocol: Protocol, mail: &[Mail], figures: &mut [Figures]) -> Result<()> {
    let mut clients: Vec<Client> = servers.iter().map(|server| client(server, protocol)).collect();
    let warm = mail.get(..TURN.min(mail.len())).unwrap_or_default();
    for (turn, mail) in std::iter::once(warm).chain(mail.chunks(TURN)).enumerate() {
        for ((server, client), figures) in servers.iter().zip(&mut clients).zip(figures.iter_mut()) {
            let (before, asked) = (server.cpu_ms(), server.asked());
            for mail in mail {
                let start = Instant::now();
                let answer = client.send(mail).with_context(|| server.name)?;
                if turn > 0 {
                    figures.alone.push(ms(start.elapsed()));
                    *figures.answers.entry(answer).or_default() += 1;
                }
            }
            // What a server does behind its answers counts, too.
            server.rest();
            if turn > 0 {
                figures.alone_cpu += server.cpu_ms() - before;
                figures.asked.0 += mail.len();
                figures.asked.1 += server.asked() - asked;
            }
            figures.memory = figures.memory.max(server.memory());
        }
    }
    for (client, figures) in clients.iter().zip(figures) {
        figures.connections = client.connections;
    }
    Ok(())
}

/// The peak rate of this server now, and waiting times at a share of it.
fn under_load(
    server: &Server,
    protocol: Protocol,
    mail: &[Mail],
    connections: usize,
    round: usize,
    figures: &mut Figures,
) -> Result<()> {
    // All workers are there before it counts.
    drive(server, protocol, mail.get(..TURN.min(mail.len())).unwrap_or_default(), connections, None)?;
    server.rest();
    let (before, asked) = (server.cpu_ms(), server.asked());
    let start = Instant::now();
    drive(server, protocol, mail, connections, None)?;
    let rate = mail.len() as f64 / start.elapsed().as_secs_f64();
    server.rest();
    figures.peak_cpu.0 += mail.len();
    figures.peak_cpu.1 += server.cpu_ms() - before;
    figures.asked.0 += mail.len();
    figures.asked.1 += server.asked() - asked;
    figures.rates.push(rate);
    let due = arrivals(mail.len(), rate * LOAD, round);
    figures.loaded.push(drive(server, protocol, mail, ARRIVALS, Some(&due))?);
    figures.memory = figures.memory.max(server.memory());
    Ok(())
}

/// Sends every message once over so many connections: as fast as answers come, or each when it is due, whether the one
/// before was answered or not. Milliseconds of each, from the moment it was due.
fn drive(
    server: &Server,
    protocol: Protocol,
    mail: &[Mail],
    connections: usize,
    due: Option<&[Duration]>,
) -> Result<Vec<f64>> {
    let (next, times) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(mail.len())));
    let begin = Instant::now();
    let work = || -> Result<()> {
        let mut client = client(server, protocol);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(mail) = mail.get(at) else { return Ok(()) };
            let start = match due.and_then(|due| due.get(at)) {
                Some(due) => {
                    std::thread::sleep((begin + *due).saturating_duration_since(Instant::now()));
                    begin + *due
                }
                None => Instant::now(),
            };
            client.send(mail)?;
            times.lock().unwrap_or_else(PoisonError::into_inner).push(ms(start.elapsed()));
        }
    };
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..connections.max(1)).map(|_| scope.spawn(work)).collect();
        hands.into_iter().try_for_each(|hand| hand.join().unwrap_or_else(|_| bail!("a connection panicked")))
    })?;
    Ok(times.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// When messages come that come by chance, so many a second on average (a Poisson process); the same in every run.
fn arrivals(count: usize, rate: f64, round: usize) -> Vec<Duration> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ (round as u64 + 1);
    let mut at = 0.0;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let chance = ((state >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
        at -= chance.ln() / rate.max(0.1);
        Duration::from_secs_f64(at)
    };
    (0..count).map(|_| next()).collect()
}

fn client(server: &Server, protocol: Protocol) -> Client {
    Client::new(protocol, if protocol == Protocol::Http { server.http } else { server.milter })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// This share of the values is not above it.
fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).copied().unwrap_or(f64::NAN)
}

/// What a line of the table says of one server.
type Figure = fn(&Figures) -> f64;
/// What ours must not exceed, given theirs.
type Limit = fn(Option<f64>) -> Option<f64>;

/// The lines: what, of whom, and the limit (issue 5).
const LINES: [(&str, Figure, Limit); 9] = [
    ("CPU ms a message, one connection", |f| f.alone_cpu / f.alone.len().max(1) as f64, half),
    ("CPU ms a message, at the peak", |f| f.peak_cpu.1 / f.peak_cpu.0.max(1) as f64, half),
    ("p50 ms, one connection", |f| percentile(&f.alone, 50), |_| Some(3.0)),
    ("p99 ms, one connection", |f| percentile(&f.alone, 99), |_| Some(15.0)),
    ("messages/s at the peak", |f| percentile(&f.rates, 50), |_| None),
    ("p50 ms at 70 % of the peak", |f| loaded(f, 50), |_| None),
    ("p99 ms at 70 % of the peak", |f| loaded(f, 99), |_| Some(150.0)),
    ("memory MB (PSS), whole tree", |f| mb(f.memory.pss), |_| Some(150.0)),
    ("memory MB (RSS), whole tree", |f| mb(f.memory.rss), |_| None),
];

fn half(theirs: Option<f64>) -> Option<f64> {
    theirs.map(|theirs| theirs / 2.0)
}

/// The median of the rounds' percentiles.
fn loaded(figures: &Figures, percent: usize) -> f64 {
    let rounds: Vec<f64> = figures.loaded.iter().map(|times| percentile(times, percent)).collect();
    percentile(&rounds, 50)
}

/// From KiB, as 10^6 bytes.
fn mb(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}

fn table(protocol: Protocol, servers: &[Server], figures: &[Figures], idle: &[Memory]) {
    print!("\n{:<36}", protocol.name());
    servers.iter().for_each(|server| print!("{:>12}", server.name));
    println!("{:>12}", "limit");
    for (name, figure, limit) in LINES {
        print!("{name:<36}");
        let values: Vec<f64> = figures.iter().map(figure).collect();
        values.iter().for_each(|value| print!("{value:>12.2}"));
        match (values.first(), limit(values.get(1).copied())) {
            (Some(ours), Some(limit)) => {
                println!("{limit:>12.2}  {}", if *ours <= limit { "ok" } else { "OVER" });
            }
            _ => println!("{:>12}", "-"),
        }
    }
    for ((server, figures), idle) in servers.iter().zip(figures).zip(idle) {
        let answers: Vec<String> = figures.answers.iter().map(|(what, n)| format!("{n} {what}")).collect();
        println!(
            "{}: {} processes; {:.0} MB (PSS) before the first message; {} connections for {} messages one after the \
             other; {:.1} names looked up a message; answers: {}",
            server.name,
            figures.memory.processes,
            mb(idle.pss),
            figures.connections,
            figures.alone.len() + TURN.min(figures.alone.len()),
            figures.asked.1 as f64 / figures.asked.0.max(1) as f64,
            answers.join(", ")
        );
    }
}
