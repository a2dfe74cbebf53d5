//! Who judges: workers that can open no file and no socket, or this process itself.

#[cfg(unix)]
use std::{ffi::OsString, sync::Arc};

use anyhow::Result;
use sekisho_engine::{
    Answering, Desk, Engine, Exchange, Nobody,
    kept::{Keep, Message, Unkept},
};
#[cfg(unix)]
use sekisho_engine::{
    Marks,
    worker::{Dresser, Pool, Recipe},
};
#[cfg(unix)]
use sekisho_policy::Secret;
use sekisho_record::{Record, Submission, Summary, Verdict, history::Lesson};

use crate::{
    backtest, cli,
    config::Config,
    explain, preview,
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
    /// What the console shows, explained in this language, as JSON.
    Console(String),
    /// Who wrote it and about what, masked, when a rule fired.
    Listing,
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
    /// What is to be kept of it, or why it cannot be.
    pub(crate) keep: Result<Option<Keep>, Unkept>,
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
            return Ok(Self::Apart(Box::new(pool(desk_arguments(&desk), world, desk, count)?)));
        }
        let _ = (world, place, count);
        let rules = world::rules(config)?;
        Ok(Self::Here(Box::new(world::secluded_of(config, rules)?.with_desk(desk))))
    }

    /// Those who judge kept messages again, by these rules only.
    ///
    /// # Errors
    /// When rules are wrong, or no worker can be started.
    pub(crate) fn again(
        world: &cli::World,
        names: &[String],
        place: cli::Place,
        count: usize,
    ) -> Result<Self> {
        #[cfg(unix)]
        if !place.in_process {
            let mut arguments: Vec<OsString> = vec!["worker".into(), "--asks".into(), "--remembers".into()];
            arguments.extend(names.iter().map(|name| OsString::from(format!("--rule={name}"))));
            let desk = Desk::new(Box::new(Nobody), std::time::Duration::ZERO);
            return Ok(Self::Apart(Box::new(pool(arguments, world, desk, count)?)));
        }
        let _ = (place, count);
        Ok(Self::Here(Box::new(world::again(world, names)?)))
    }

    /// Judges a message, and packs what is to be kept of it.
    pub(crate) fn judge(&self, submission: &Submission<'_>, want: &Want) -> Judged {
        let (mut judged, asked) = self.judge_by(submission, want, self.desk());
        // A message that nobody could judge comes again.
        if let Some(lesson) = &judged.lesson {
            judged.keep = self.desk().pack(submission, &judged.verdict, &asked, lesson.at);
        }
        judged
    }

    /// Judges a kept message as then.
    pub(crate) fn judge_again(&self, message: &Message, want: &Want) -> Judged {
        self.judge_by(&message.submission(), want, &message.answers()).0
    }

    fn judge_by(
        &self,
        submission: &Submission<'_>,
        want: &Want,
        by: &dyn Answering,
    ) -> (Judged, Vec<Exchange>) {
        match self {
            Self::Here(engine) => {
                let (record, asked) = engine.scan_by(submission, by);
                let cost = record.cost;
                let judged = Judged {
                    text: render(&record, &want.word()),
                    summary: Summary::from(&record.evidence),
                    verdict: record.verdict,
                    cpu_ms: cost.cpu_ms(),
                    work_ms: cost.cpu_ms() + cost.wait_ms,
                    lesson: record.lesson,
                    keep: Ok(None),
                };
                (judged, asked)
            }
            #[cfg(unix)]
            Self::Apart(pool) => {
                let judged = pool.judge_by(submission, &want.word(), by);
                let (cost, asked) = (judged.cost, judged.asked);
                let judged = Judged {
                    text: judged.text,
                    summary: judged.summary,
                    verdict: judged.verdict,
                    cpu_ms: cost.cpu_ms(),
                    work_ms: cost.cpu_ms() + cost.wait_ms,
                    lesson: judged.lesson,
                    keep: Ok(None),
                };
                (judged, asked)
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
            Self::Console(language) => format!("console {language}"),
            Self::Listing => "list".to_owned(),
        }
    }
}

/// Makes the text that is wanted; the same in a worker and here.
pub(crate) fn render(record: &Record, want: &str) -> Option<String> {
    match want.split_once(' ').unwrap_or((want, "")) {
        ("evidence", _) => serde_json::to_string_pretty(&record.evidence).ok().map(|text| text + "\n"),
        ("console", language) => preview::render(record, language),
        ("explain", language) => Some(explain::render(record, &Words::new(language))),
        ("list", _) if !record.verdict.findings.is_empty() => Some(backtest::listing(record)),
        _ => None,
    }
}

/// Workers whose questions a desk answers that others use, too, and who decide.
///
/// # Errors
/// When rules are wrong, or no worker can be started.
#[cfg(unix)]
pub(crate) fn workers(world: &cli::World, desk: Arc<Desk>, count: usize, marks: Marks) -> Result<Pool> {
    let recipe = Recipe { marks, ..recipe(desk_arguments(&desk), world)? };
    Ok(Pool::start(recipe, desk, count)?)
}

/// Workers that put banners on, in the name of this key.
///
/// # Errors
/// When this program does not find itself.
#[cfg(unix)]
pub(crate) fn dresser(banner_key: Secret) -> Result<Dresser> {
    let mut recipe = Recipe::of_this_program(vec!["worker".into(), "--dress".into()])?;
    recipe.loud = std::env::var_os("SEKISHO_LOG").is_some();
    recipe.marks.banner_key = banner_key;
    Ok(Dresser::new(recipe))
}

#[cfg(unix)]
fn pool(
    arguments: Vec<OsString>,
    world: &cli::World,
    desk: impl Into<Arc<Desk>>,
    count: usize,
) -> Result<Pool> {
    Ok(Pool::start(recipe(arguments, world)?, desk, count)?)
}

#[cfg(unix)]
fn recipe(mut arguments: Vec<OsString>, world: &cli::World) -> Result<Recipe> {
    arguments.extend(world_arguments(world));
    let mut recipe = Recipe::of_this_program(arguments)?;
    recipe.loud = std::env::var_os("SEKISHO_LOG").is_some();
    Ok(recipe)
}

/// What a worker is told about the desk.
#[cfg(unix)]
fn desk_arguments(desk: &Desk) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["worker".into()];
    if !desk.is_closed() {
        arguments.push("--asks".into());
    }
    if desk.remembers() {
        arguments.push("--remembers".into());
    }
    arguments
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
    world.domain.iter().for_each(|domain| pair("--domain", domain.into()));
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
        let given = "sekisho scan --config=-c.toml --domain d.example --rules a --rules b --no-builtin --lists l --yara y --believe mx --dns x";
        let cli::Command::Scan(args) = cli::Cli::parse_from(given.split(' ')).command else { unreachable!() };
        let words = world_arguments(&args.world);
        let again = ["sekisho".into(), "worker".into()].into_iter().chain(words);
        let cli::Command::Worker(worker) = cli::Cli::parse_from(again).command else { unreachable!() };
        let same = cli::World { dns: false, ..args.world };
        assert_eq!(format!("{same:?}"), format!("{:?}", worker.world));
    }
}
