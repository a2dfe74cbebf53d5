//! `sekisho worker`: what a parent process starts to have messages read. See ARCHITECTURE.md, "Processes".

use anyhow::Result;
use sekisho_engine::worker::{sandbox, serve, serve::Extras, serve_dressing};

use crate::{cli, judges, unpack, world};

/// Serves until standard input ends.
///
/// # Errors
/// When this process cannot be locked in, or its parent is gone.
pub(crate) fn run(args: &cli::Worker) -> Result<()> {
    // It was started by what it runs, not by its name; lists of processes show this.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_name(c"sekisho-worker");
    if args.attempt {
        sandbox::lock_in(args.memory)?;
        for (what, answer) in sandbox::attempts() {
            println!("{what}: {answer}");
        }
        return Ok(());
    }
    let before: &dyn Fn(&[u8]) = if args.misbehave { &misbehave } else { &|_| {} };
    if args.files {
        return unpack::serve(args.memory, &args.world.yara, before);
    }
    if args.dress {
        return Ok(serve_dressing(args.memory, before)?);
    }
    let engine = match args.rule.as_slice() {
        [] => world::secluded(&args.world),
        names => world::again(&args.world, names),
    };
    let engine = match engine {
        Ok(engine) => engine,
        Err(error) => {
            // The parent tells the person.
            serve::refuse(&format!("{error:#}"));
            return Ok(());
        }
    };
    let judge = engine.into_judge().asking(args.asks).remembering(args.remembers);
    serve(&judge, &Extras { render: &judges::render, before, memory: args.memory })?;
    Ok(())
}

/// Does what the first line of a message asks for: tests see whether the parent survives it.
fn misbehave(raw: &[u8]) {
    let line = raw.split(|byte| *byte == b'\r').next().unwrap_or_default();
    match line {
        b"X-Misbehave: abort" => std::process::abort(),
        b"X-Misbehave: exit" => std::process::exit(0),
        b"X-Misbehave: loop" => loop {
            std::hint::spin_loop();
        },
        b"X-Misbehave: allocate" => {
            let mut kept = Vec::new();
            loop {
                kept.push(vec![1u8; 16 << 20]);
                std::hint::black_box(&kept);
            }
        }
        b"X-Misbehave: nonsense" => println!("this is no frame"),
        b"X-Misbehave: deep" => {
            std::hint::black_box(dig(1));
        }
        _ => {}
    }
}

/// Fills the stack.
#[allow(unconditional_recursion, reason = "a stack that overflows is what the test wants")]
fn dig(depth: u64) -> u64 {
    let block = std::hint::black_box([depth; 512]);
    dig(depth + 1) + block.iter().sum::<u64>()
}
