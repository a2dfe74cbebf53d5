//! Aspects have numbers: there are some dozens of them, and they stand in every row.
//!
//! A number is given once and never changes. This process keeps the ones that it has met; a word that it has not met is
//! asked for every time, so that one that another node has just added is known everywhere.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{PoisonError, RwLock},
};

use sekisho_record::history::Lesson;

use crate::limits;

/// The number of [`sekisho_record::history::THREAD_SENDER`], as the schema gives it.
pub(crate) const SENDER: i64 = 1;
/// The number of [`sekisho_record::history::THREAD_PARTICIPANT`].
pub(crate) const PARTICIPANT: i64 = 2;
/// The number of [`sekisho_record::history::OPINION`].
pub(crate) const OPINION: i64 = 3;

/// The numbers that this process has met.
#[derive(Debug, Default)]
pub(crate) struct Words(RwLock<Met>);

#[derive(Debug, Default)]
struct Met {
    numbers: HashMap<String, i64>,
    names: HashMap<i64, String>,
}

impl Words {
    /// The number of a word.
    pub(crate) fn number(&self, word: &str) -> Option<i64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).numbers.get(word).copied()
    }

    /// The word of a number.
    pub(crate) fn name(&self, number: i64) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).names.get(&number).cloned()
    }

    /// Words of these lessons that have not been met, as many as there may be.
    pub(crate) fn missing(&self, lessons: &[Lesson]) -> Vec<String> {
        let known = &self.0.read().unwrap_or_else(PoisonError::into_inner).numbers;
        if known.len() >= limits::WORDS_MAX {
            return Vec::new();
        }
        let all = lessons.iter().flat_map(|lesson| &lesson.traits).map(|t| &t.aspect);
        let missing: BTreeSet<&String> = all.filter(|word| !known.contains_key(*word)).collect();
        missing.into_iter().take(limits::WORDS_MAX).cloned().collect()
    }

    /// Notes numbers that the database has given.
    pub(crate) fn note(&self, numbers: Vec<(String, i64)>) {
        if numbers.is_empty() {
            return;
        }
        let mut met = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (word, number) in numbers {
            met.names.insert(number, word.clone());
            met.numbers.insert(word, number);
        }
    }

    #[cfg(test)]
    pub(crate) fn of(numbers: &[(&str, i64)]) -> Self {
        let words = Self::default();
        words.note(numbers.iter().map(|(word, number)| ((*word).to_owned(), *number)).collect());
        words
    }
}
