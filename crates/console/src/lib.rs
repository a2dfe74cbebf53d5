//! What people see of held mail over HTTP: pages in a browser, an API for programs, and what the links in mail lead to.
//!
//! * [`pages`]: what is held, requests, lockdowns, the audit; for whoever has logged in with a token. No scripts.
//! * [`api`]: the same under `/api/v1`, for programs that send a token.
//! * [`links`]: `/t/TOKEN`, for whoever has the signed link of a banner or a digest. No login. Opening a link changes
//!   nothing, since scanners open links; pressing the button of its page does.
//!
//! All three end in [`deeds`], and these in the store, which asks rights and lockdowns in the transaction that does it:
//! no way around them is left to a page. Nothing here reads a message: workers do ([`Examiner`]).
//!
//! **Hostile clients.** Header, body, connections and times have limits, and each client a rate (`rate.rs`); a wrong token
//! costs more of it than a right one. Answers say nothing about what is not the caller's. Every page forbids scripts,
//! frames and foreign content, is not stored and tells no other site its address; every form carries a signature over the
//! session or the ticket that it was made for.
//!
//! Behind a proxy: a connection from this machine (or a Unix socket) with `X-Forwarded-For` counts as the last address
//! there.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod access;
mod api;
mod deeds;
mod error;
mod examine;
pub mod limits;
mod links;
mod pages;
mod rate;
mod server;
mod state;
mod text;
mod words;

pub use access::Account;
pub use api::description;
pub use examine::{Examined, Examiner, Look, Preview, PreviewFile, PreviewLink};
pub use server::{Listener, serve};
pub use state::{Console, Settings};
