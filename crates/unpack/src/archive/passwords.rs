//! Tries passwords: those that the message gives, then a few that are common. Only ever on files of this message.

use crate::{Candidate, Id, IndicatorKind, Origin, Secret, scan::Scan};

/// Passwords of those who pass samples or documents around.
const COMMON: [&str; 11] =
    ["infected", "1234", "12345", "123456", "0000", "1111", "123", "321", "777", "password", "test"];
/// The first of the years that are tried.
const FIRST_YEAR: i32 = 2021;
/// The last of them when the message has no date.
const LAST_YEAR: i32 = 2026;
/// Common passwords that are tried even when the message gives many and few may be tried.
pub(super) const COMMON_KEPT: usize = 2;

/// What is tried, in order, each once, at most `max`.
pub(crate) fn candidates(scan: &Scan<'_>, max: usize) -> Vec<Candidate> {
    let last = scan
        .hints
        .date
        .and_then(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).ok())
        .map_or(LAST_YEAR, |date| date.year().clamp(FIRST_YEAR, FIRST_YEAR + 50));
    let years = (FIRST_YEAR..=last).rev().map(|year| year.to_string());
    let common = COMMON.iter().map(|word| (*word).to_owned()).chain(years);
    let common = common.map(|word| Candidate { password: Secret::new(word), origin: Origin::Common });
    let given = scan.hints.passwords.iter().take(max.saturating_sub(COMMON_KEPT)).cloned();
    let mut out: Vec<Candidate> = Vec::new();
    for candidate in given.chain(common) {
        let known = out.iter().any(|c| c.password == candidate.password);
        if !known && !candidate.password.reveal().is_empty() && out.len() < max {
            out.push(candidate);
        }
    }
    out
}

/// The first that fits. Each try is booked with this many steps.
pub(crate) fn first<T>(
    scan: &mut Scan<'_>,
    max: usize,
    steps: u64,
    mut fits: impl FnMut(&Secret, &mut crate::Budget) -> Option<T>,
) -> Option<(Candidate, T)> {
    for candidate in candidates(scan, max) {
        if !scan.budget.spend(steps) {
            return None;
        }
        if let Some(opened) = fits(&candidate.password, scan.budget) {
            return Some((candidate, opened));
        }
    }
    untried(scan, max);
    None
}

/// No password fitted: says so when not all that the message gives were tried.
pub(crate) fn untried(scan: &mut Scan<'_>, max: usize) {
    let most = max.saturating_sub(COMMON_KEPT);
    if most > 0 && scan.hints.passwords.len() > most {
        scan.over(most, "passwords that a message gives");
    }
}

/// A password opened the file: says where it came from, never the password itself.
pub(crate) fn opened(scan: &mut Scan<'_>, candidate: &Candidate) {
    if candidate.origin != Origin::Common {
        scan.find(Id::ArcPwInBody, "", candidate.origin.name());
        scan.indicate(IndicatorKind::Password, candidate.password.reveal(), "");
    }
    scan.facts.password = Some(candidate.password.clone());
}
