//! The functions that the language brings along.

mod convert;
mod loops;
mod patterns;
mod strings;
