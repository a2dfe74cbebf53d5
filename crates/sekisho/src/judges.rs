//! Who judges: workers that can open no file and no socket, or this process itself.

#[cfg(unix)]
use std::ffi::OsString;

use anyhow::Result;
#[cfg(unix)]
use sekisho_engine::worker::{Pool, Recipe};
use sekisho_engine::{Desk, Engine};
use sekisho_record::{Record, Submission, Summary, Verdict, history::Lesson};

use crate::{
    cli,
    config::Config,
    explain,
    words::Words,
    world::{self, Remember},
};

/// What is wanted besides the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    /// Nothing.
    Verdict,
    /// The evidence as JSON.
    Evidence,
    /// An explanation in this language.
    Explanation(String),
}

/// What came of a message.
pub(crate) struct Judged {
    /// What was concluded.
    pub(crate) verdict: Verdict,
    /// What a list of results shows.
    pub(crate) summary: Summary,
    /// Milliseconds of processor time.
    pub(crate) cpu_ms: f64,
    /// Milliseconds of processor time and of waiting for answers.
    pub(crate) work_ms: f64,
    /// What history is to learn.
    pub(crate) lesson: Option<Lesson>,
    /// What was wanted besides.
    pub(crate) text: Option<String>,
}

/// Those who judge.
pub(crate) enum Judges {
    /// This process.
    Here(Box<Engine>),
    /// Workers.
    #[cfg(unix)]
    Apart(Box<Pool>),
}

impl Judges {
    /// As many as are wanted at the same time, who only read history where there is one.
    ///
    /// # Errors
    /// When arguments, configuration or rules are wrong, or no worker can be started.
    pub(crate) fn new(
        world: &cli::World,
        memory: &cli::Memory,
        place: cli::Place,
        count: usize,
    ) -> Result<Self> {
        let config = world::config(world)?;
        let desk = world::desk_with(&config, memory.data.as_deref(), Remember::Reads)?;
        Self::with_desk(world, &config, desk, place, count)
    }

    /// As many as are wanted at the same time, whose questions this desk answers.
    ///
    /// # Errors
    /// When rules are wrong, or no worker can be started.
    pub(crate) fn with_desk(
        world: &cli::World,
        config: &Config,
        desk: Desk,
        place: cli::Place,
        count: usize,
    ) -> Result<Self> {
        #[cfg(unix)]
        if !place.in_process {
            return Ok(Self::Apart(Box::new(pool(world, desk, count)?)));
        }
        let _ = (world, place, count);
        let rules = world::rules(config)?;
        Ok(Self::Here(Box::new(world::secluded_of(config, rules)?.with_desk(desk))))
    }

    /// Judges a message.
    pub(crate) fn judge(&self, submission: &Submission<'_>, want: &Want) -> Judged {
        match self {
            Self::Here(engine) => {
                let record = engine.scan(submission);
                let cost = record.cost;
                Judged {
                    text: render(&record, &want.word()),
                    summary: Summary::from(&record.evidence),
                    verdict: record.verdict,
                    cpu_ms: cost.cpu_ms(),
                    work_ms: cost.cpu_ms() + cost.wait_ms,
                    lesson: record.lesson,
                }
            }
            #[cfg(unix)]
            Self::Apart(pool) => {
                let judged = pool.judge(submission, &want.word());
                let cost = judged.cost;
                Judged {
                    text: judged.text,
                    summary: judged.summary,
                    verdict: judged.verdict,
                    cpu_ms: cost.cpu_ms(),
                    work_ms: cost.cpu_ms() + cost.wait_ms,
                    lesson: judged.lesson,
                }
            }
        }
    }

    /// Who answers their questions, and keeps what they learn.
    pub(crate) fn desk(&self) -> &Desk {
        match self {
            Self::Here(engine) => engine.desk(),
            #[cfg(unix)]
            Self::Apart(pool) => pool.desk(),
        }
    }
}

impl Want {
    /// As it crosses to a worker.
    fn word(&self) -> String {
        match self {
            Self::Verdict => String::new(),
            Self::Evidence => "evidence".to_owned(),
            Self::Explanation(language) => format!("explain {language}"),
        }
    }
}

/// Makes the text that is wanted; the same in a worker and here.
pub(crate) fn render(record: &Record, want: &str) -> Option<String> {
    match want.split_once(' ').unwrap_or((want, "")) {
        ("evidence", _) => serde_json::to_string_pretty(&record.evidence).ok().map(|text| text + "\n"),
        ("explain", language) => Some(explain::render(record, &Words::new(language))),
        _ => None,
    }
}

#[cfg(unix)]
fn pool(world: &cli::World, desk: Desk, count: usize) -> Result<Pool> {
    let mut arguments: Vec<OsString> = vec!["worker".into()];
    if !desk.is_closed() {
        arguments.push("--asks".into());
    }
    if desk.remembers() {
        arguments.push("--remembers".into());
    }
    arguments.extend(world_arguments(world));
    let mut recipe = Recipe::new(std::env::current_exe()?, arguments);
    recipe.loud = std::env::var_os("SEKISHO_LOG").is_some();
    Ok(Pool::start(recipe, desk, count)?)
}

/// The arguments that name the same world, without what only the parent needs.
#[cfg(unix)]
fn world_arguments(world: &cli::World) -> Vec<OsString> {
    let mut out = Vec::new();
    let mut pair = |name: &str, value: OsString| {
        // One word, so that a value that begins with a dash stays a value.
        let mut word = OsString::from(name);
        word.push("=");
        word.push(value);
        out.push(word);
    };
    world.config.iter().for_each(|path| pair("--config", path.into()));
    world.rules.iter().for_each(|path| pair("--rules", path.into()));
    world.lists.iter().for_each(|path| pair("--lists", path.into()));
    world.yara.iter().for_each(|path| pair("--yara", path.into()));
    world.believe.iter().for_each(|id| pair("--believe", id.into()));
    if world.no_builtin {
        out.push("--no-builtin".into());
    }
    if world.believe_unnamed {
        out.push("--believe-unnamed".into());
    }
    out
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn a_worker_is_given_the_same_world() {
        let given = "sekisho scan --config=-c.toml --rules a --rules b --no-builtin --lists l --yara y --believe mx --dns x";
        let cli::Command::Scan(args) = cli::Cli::parse_from(given.split(' ')).command else { unreachable!() };
        let words = world_arguments(&args.world);
        let again = ["sekisho".into(), "worker".into()].into_iter().chain(words);
        let cli::Command::Worker(worker) = cli::Cli::parse_from(again).command else { unreachable!() };
        let same = cli::World { dns: false, ..args.world };
        assert_eq!(format!("{same:?}"), format!("{:?}", worker.world));
    }
}
