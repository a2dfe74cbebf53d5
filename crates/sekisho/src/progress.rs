//! How far a long command is, and how long it will still take.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Time between two lines of progress where no terminal shows a bar.
const BEAT: Duration = Duration::from_secs(5);

/// The second at which a day begins that a person named.
///
/// # Errors
/// When it is none; `option` names where it was given.
pub(crate) fn day(option: &str, text: &str) -> anyhow::Result<i64> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    // The reason is said once: the error's own source repeats it.
    let day = time::Date::parse(text, &format)
        .map_err(|why| anyhow::anyhow!("{option} {text}: give a day as YYYY-MM-DD: {why}"))?;
    Ok(day.midnight().assume_utc().unix_timestamp())
}

/// Tells how far it is: a bar on a terminal, lines elsewhere when they are asked for.
pub(crate) struct Progress {
    bar: ProgressBar,
    unit: Unit,
    /// Lines instead of the bar: when it began, and when the last one was written.
    lines: Option<(Instant, Instant)>,
}

/// What is counted.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// Bytes that are looked through.
    Bytes,
    /// Messages that are judged.
    Messages,
    /// Objects of kept messages that are read.
    Objects,
}

impl Unit {
    /// A number of it, for a person.
    fn show(self, count: u64) -> String {
        match self {
            Self::Bytes => format!("{} looked through", indicatif::DecimalBytes(count)),
            Self::Messages => format!("{count} messages"),
            Self::Objects => format!("{count} objects"),
        }
    }

    /// How a bar shows it.
    fn template(self) -> &'static str {
        match self {
            Self::Bytes => "{bar:30} {bytes}/{total_bytes} looked through, {bytes_per_sec}, {eta} left",
            Self::Messages => "{bar:30} {pos}/{len} messages, {per_sec}, {eta} left",
            Self::Objects => "{bar:30} {pos}/{len} objects, {per_sec}, {eta} left",
        }
    }
}

impl Progress {
    /// Nothing is done of `all` that there is. `quiet` shows nothing, `lines` shows lines where there is no terminal.
    pub(crate) fn new(quiet: bool, lines: bool, all: u64, unit: Unit) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let shown = terminal && !quiet;
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style =
            ProgressStyle::with_template(unit.template()).unwrap_or_else(|_| ProgressStyle::default_bar());
        let now = Instant::now();
        let lines = (lines && !terminal).then_some((now, now));
        Self { bar: ProgressBar::with_draw_target(Some(all), target).with_style(style), unit, lines }
    }

    /// So much more is done.
    pub(crate) fn advance(&mut self, by: u64) {
        self.bar.inc(by);
        let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let Some((since, last)) = &mut self.lines else { return };
        if last.elapsed() < BEAT && done < all {
            return;
        }
        *last = Instant::now();
        let rest = since.elapsed().as_secs_f64() * all.saturating_sub(done) as f64 / done.max(1) as f64;
        let rest = indicatif::HumanDuration(Duration::from_secs_f64(rest.min(1e9)));
        eprintln!("{} of {}, {rest} left", self.unit.show(done), self.unit.show(all));
    }

    /// The bar goes.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
