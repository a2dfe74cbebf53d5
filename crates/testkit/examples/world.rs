//! Writes the world `stolen-threads` to a folder, so that a person can replay it with the program:
//!
//! `cargo run -p sekisho-testkit --example world -- DIR`, then `sekisho replay --data DATA --config DIR/sekisho.toml DIR/mail`.

use std::{io, path::PathBuf};

use sekisho_testkit::{world::Kind, write::world};

fn main() -> io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("which folder? cargo run -p sekisho-testkit --example world -- DIR"));
    };
    let Some(world) = world::stolen_threads() else {
        return Err(io::Error::other("the test keys cannot be read"));
    };
    world.write(&folder)?;
    for kind in [Kind::History, Kind::Ordinary, Kind::Announced, Kind::Hijacked] {
        println!("{:>5} {}", world.count(kind), kind.word());
    }
    Ok(())
}
