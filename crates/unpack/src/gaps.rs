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
    max: usize,
    what: &'static str,
}

impl Gaps {
    /// There are more than so many: what is in the others is not known.
    pub(crate) fn over(&mut self, max: usize, what: &'static str) {
        self.add(Gap { severity: Severity::Low, max, what });
    }

    /// The same of what many honest files have much of, and others of its kind stand for.
    pub(crate) fn aside(&mut self, max: usize, what: &'static str) {
        self.add(Gap { severity: Severity::Info, max, what });
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
        let said = |gap: Gap| (gap.severity, format!("more than {} {}", gap.max, gap.what));
        std::mem::take(&mut self.0).into_iter().map(said).collect()
    }

    fn add(&mut self, gap: Gap) {
        if !self.0.contains(&gap) {
            self.0.push(gap);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_once_and_nothing_at_the_limit() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.most(0..3, 3, "numbers"), [0, 1, 2]);
        assert!(gaps.room(2, 3, "words"));
        assert_eq!(gaps, Gaps::default());
        assert_eq!(gaps.most(0..4, 3, "numbers"), [0, 1, 2]);
        assert!(!gaps.room(3, 3, "words") && !gaps.room(3, 3, "words"));
        gaps.aside(7, "pictures");
        let said: Vec<String> = gaps.take().into_iter().map(|(s, text)| format!("{s:?} {text}")).collect();
        assert_eq!(said, ["Low more than 3 numbers", "Low more than 3 words", "Info more than 7 pictures"]);
    }
}
