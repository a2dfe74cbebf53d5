//! HTTP as its clients see it: raw requests against a listening server, and real clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

mod api;
mod clients;
mod door;
mod lines;
mod load;
mod peers;
mod rspamd;
