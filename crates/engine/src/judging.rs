//! The seam to judgement.

pub use sekisho_detect::{Rules, judge};
