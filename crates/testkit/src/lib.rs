//! What tests need: a signer, and later a scripted world, a message builder and the scenarios.

pub mod sign;

pub use sign::Signer;
