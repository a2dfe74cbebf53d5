//! Verdicts become decisions, by clauses; messages get our header fields and banners. Pure: data in, data out.

pub mod apply;
pub mod banner;

pub use apply::apply;
