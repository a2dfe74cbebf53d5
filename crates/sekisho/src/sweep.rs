//! `sekisho sweep`, and the sweeps that learning commands do by themselves: what is too old is removed.

use anyhow::{Result, bail};
use sekisho_engine::{Desk, kept::Swept};
use serde_json::json;

use crate::{
    cli, config,
    progress::day,
    world::{self, Remember},
};

/// Messages between two sweeps at least, however many days they span.
const MESSAGES_MIN: usize = 200;
/// Messages for each of which a bounded call of a sweep is due: so a call looks at several times as many rows as they
/// have added.
const MESSAGES_A_CALL: usize = 1_400;
/// Of so many of the latest messages the earliest says what day it is: some are dated wrongly, and would have everything
/// removed.
const LATEST: usize = 64;
/// Calls of one step of the command.
const CALLS: usize = 1;
const SECONDS_A_DAY: i64 = 86_400;

/// What day it is by the messages that came, and when the last sweep was.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    /// The latest times, in rising order.
    latest: Vec<i64>,
    messages: usize,
    since: usize,
    swept: Option<i64>,
}

impl Calendar {
    /// A message that arrived then.
    pub(crate) fn note(&mut self, at: i64) {
        self.messages += 1;
        self.since += 1;
        let place = self.latest.partition_point(|other| *other <= at);
        self.latest.insert(place, at);
        if self.latest.len() > LATEST {
            self.latest.remove(0);
        }
    }

    /// The time by which things are too old: a time that many messages have passed, of few messages half of them.
    fn now(&self) -> Option<i64> {
        let from_end = self.messages.div_ceil(2).min(LATEST);
        self.latest.get(self.latest.len().checked_sub(from_end)?).copied()
    }

    /// Begins a sweep when a day has passed since the last one; nobody waits for it.
    pub(crate) fn sweep(&mut self, desk: &Desk) {
        let Some(now) = self.now().filter(|_| self.since >= MESSAGES_MIN) else { return };
        let today = now.div_euclid(SECONDS_A_DAY);
        if self.swept.is_none_or(|day| day < today) {
            self.swept = Some(today);
            desk.sweep_behind(now, self.since / MESSAGES_A_CALL);
            self.since = 0;
        }
    }
}

/// The sweep at the end of a learning command. One that fails is named; what was judged and learnt stays so.
pub(crate) fn finish(calendar: &Calendar, desk: &Desk) {
    let before = desk.swept();
    let after = calendar.now().map_or(Ok(Swept::default()), |now| {
        desk.sweep_behind(now, calendar.since / MESSAGES_A_CALL);
        desk.swept()
    });
    if let Err(error) = before.and(after) {
        eprintln!("sekisho: what is too old was not removed: {error}");
    }
}

/// Runs the command.
///
/// # Errors
/// When there is nothing to sweep, or it cannot be done.
pub(crate) fn run(args: &cli::Sweep) -> Result<()> {
    let setting = cli::World { config: args.config.clone(), ..cli::World::default() };
    let config = world::config(&setting)?;
    let now = args.at.as_deref().map_or(Ok(crate::now()), |text| day("--at", text))?;
    // It may not begin a history where there is none.
    if crate::memory::history_url(&config, args.memory.data.as_deref(), Remember::Reads)?.is_none() {
        bail!("which history? give --data DIR, or `url` below [store] in the configuration");
    }
    let config = config::Config { authentication: config::Authentication::default(), ..config };
    let desk = world::desk_with(&config, args.memory.data.as_deref(), Remember::Learns)?;
    let mut all = Swept::default();
    loop {
        let swept = desk.sweep(now, CALLS)?;
        all.ticks += swept.ticks;
        all.messages += swept.messages;
        all.traits += swept.traits;
        all.objects += swept.objects;
        if !swept.more {
            break;
        }
        if !args.quiet {
            eprintln!("{}, and there is more", shown(&all));
        }
    }
    if args.json {
        println!(
            "{}",
            json!({ "ticks": all.ticks, "messages": all.messages, "traits": all.traits, "objects": all.objects })
        );
    } else {
        println!("{}", shown(&all));
    }
    Ok(())
}

fn shown(swept: &Swept) -> String {
    let Swept { ticks, messages, traits, objects, .. } = swept;
    format!("removed: {messages} messages, {traits} traits, {ticks} ticks, {objects} kept messages")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(times: impl IntoIterator<Item = i64>) -> Option<i64> {
        let mut calendar = Calendar::default();
        times.into_iter().for_each(|at| calendar.note(at));
        calendar.now()
    }

    #[test]
    fn a_few_messages_from_the_future_do_not_move_the_calendar() {
        assert_eq!(now([]), None);
        assert_eq!(now([7]), Some(7));
        assert_eq!(now([7, 2_000_000_000]), Some(2_000_000_000));
        assert_eq!(now([7, 8, 2_000_000_000]), Some(8));
        assert_eq!(now(0..1_000), Some(936));
        assert_eq!(now((0..1_000).chain([2_000_000_000; 30])), Some(966));
        assert_eq!(now((0..1_000).rev()), Some(936));
    }
}
