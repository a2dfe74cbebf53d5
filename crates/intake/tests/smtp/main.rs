//! The SMTP service as a client and a next hop see it: text in, text out, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod client;
mod dialogue;
mod hostile;
mod large;
mod ruled;
mod servers;
mod support;
mod tls;
