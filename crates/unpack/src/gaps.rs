//! What was left out of a file for a limit: each kind once, in words, for a finding (`SCAN-INCOMPLETE`).
//!
//! Readers that have a scan or a budget note it there; those that have neither give their [`Gaps`] back with what they
//! read. A limit that loses nothing that matters (an excerpt, a colour) notes nothing.

use crate::Severity;

/// What was left out so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Gaps(Vec<Gap>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    severity: Severity,
    max: Option<usize>,
    what: &'static str,
}

impl Gaps {
    /// There are more than so many: what is in the others is not known.
    pub(crate) fn over(&mut self, max: usize, what: &'static str) {
        self.add(Gap { severity: Severity::Low, max: Some(max), what });
    }

    /// The same of what many honest files have much of, and others of its kind stand for.
    pub(crate) fn aside(&mut self, max: usize, what: &'static str) {
        self.add(Gap { severity: Severity::Info, max: Some(max), what });
    }

    /// Something was cut where a budget ended, and not at a number of its own.
    pub(crate) fn cut(&mut self, what: &'static str) {
        self.add(Gap { severity: Severity::Low, max: None, what });
    }

    /// Whether there is room for one more; that there is none is noted.
    #[must_use]
    pub(crate) fn room(&mut self, count: usize, max: usize, what: &'static str) -> bool {
        if count >= max {
            self.over(max, what);
        }
        count < max
    }

    /// The first ones; that there are more is noted.
    pub(crate) fn most<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        max: usize,
        what: &'static str,
    ) -> Vec<T> {
        let mut items = items.into_iter();
        let out = items.by_ref().take(max).collect();
        if items.next().is_some() {
            self.over(max, what);
        }
        out
    }

    /// Takes over what another reader noted.
    pub(crate) fn extend(&mut self, other: &Gaps) {
        other.0.iter().for_each(|gap| self.add(*gap));
    }

    /// Severity and words of each, and forgets them.
    pub(crate) fn take(&mut self) -> Vec<(Severity, String)> {
        let said = |Gap { severity, max, what }| match max {
            Some(max) => (severity, format!("more than {max} {what}")),
            None => (severity, what.to_owned()),
        };
        std::mem::take(&mut self.0).into_iter().map(said).collect()
    }

    fn add(&mut self, gap: Gap) {
        if !self.0.contains(&gap) {
            self.0.push(gap);
        }
    }
}

#[cfg(test)]
mod tests;
