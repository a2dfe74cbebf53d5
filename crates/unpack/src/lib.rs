//! Files inside files, opened without being run: a tree of files with what each one is, what was found in it and which
//! addresses, paths and commands it names.
//!
//! [`unpack`] is total: any bytes give a [`Tree`], every input has a limit ([`limits`]), and a limit that was reached is
//! a finding (`SCAN-INCOMPLETE`, `ARC-DEPTH`, …), never silence. It is pure: the same bytes and the same [`Hints`] give
//! the same tree; the clock, where a macro asks for it, is the message's date. Findings, severities and limits follow
//! the tables that `docs/reference/findings.md` is generated from.

mod archive;
mod budget;
mod bus;
mod calendar;
mod dispatch;
mod entities;
mod extensions;
pub mod facts;
mod finding;
#[doc(hidden)]
pub mod fuzzing;
mod gaps;
pub mod hints;
mod html;
mod ids;
mod image;
mod indicator;
mod kind;
pub mod limits;
mod lnk;
mod mail;
mod office;
mod ole;
mod onenote;
mod pdf;
mod place;
mod programs;
#[cfg(test)]
mod qr_example;
pub mod read;
mod scan;
mod script;
mod shortcut;
mod sniff;
mod tree;
mod vba;
mod verdict;
mod walk;
mod xlm;

pub use budget::Budget;
pub use facts::Facts;
pub use finding::{Derived, Finding, Severity};
pub use hints::{Candidate, Hints, Origin, Secret};
pub use ids::Id;
pub use indicator::{Indicator, IndicatorKind};
pub use kind::{Family, Kind};
pub use place::Place;
pub use tree::{File, Relation, Tree};
pub use verdict::Verdict;
pub use walk::{Input, unpack};
