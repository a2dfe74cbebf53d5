//! Generators and tidy checks.
fn main() {}
