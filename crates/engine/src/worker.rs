//! Workers: processes that read messages and can open no file and no socket.
//!
//! A parent keeps a [`Pool`]; each worker runs [`serve`] after [`sandbox::lock_in`]. They speak [`protocol`] over the
//! worker's standard input and output, one message at a time.

pub mod child;
pub mod dress;
pub mod pool;
pub mod protocol;
pub mod sandbox;
pub mod serve;

pub use child::{Fault, Recipe};
pub use dress::{Dresser, serve_dressing};
pub use pool::Pool;
pub use protocol::Judged;
pub use serve::serve;
