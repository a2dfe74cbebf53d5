//! Writes a world to a folder, so that a person can replay it with the program:
//!
//! `cargo run -p sekisho-testkit --example world -- DIR [NAME]`, then
//! `sekisho replay --config DIR/sekisho.toml --data DATA DIR/mail`. NAME is `stolen-threads` unless it is given.

use std::{io, path::PathBuf};

use sekisho_testkit::{world::Kind, write};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        return Err(io::Error::other("which folder? cargo run -p sekisho-testkit --example world -- DIR"));
    };
    let name = arguments.next().unwrap_or_else(|| "stolen-threads".into());
    let Some(world) = write::worlds().into_iter().find(|world| name == world.name) else {
        return Err(io::Error::other(format!("there is no world {}", name.display())));
    };
    world.write(&folder)?;
    for kind in [Kind::History, Kind::Ordinary, Kind::Announced, Kind::Hijacked] {
        println!("{:>5} {}", world.count(kind), kind.word());
    }
    Ok(())
}
