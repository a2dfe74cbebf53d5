//! Any bytes as lines of SMTP, as a message on the wire and as replies: each is read within its limits, and a message that
//! leaves is one message for whoever reads it next.
#![no_main]
use sekisho_intake::smtp::{
    BareEnds, command,
    data::{Stuffer, Unstuffer},
    origin::{Origin, XFORWARD},
    reply::Assembler,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut replies = Assembler::default();
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(Some(reply)) = replies.line(line) {
            let mut out = Vec::new();
            reply.repeated().write(&mut out);
            assert!(out.ends_with(b"\r\n") && !out.starts_with(b"421"));
        }
        match command::parse(line) {
            Ok(command::Command::Mail(path) | command::Command::Rcpt(path)) => {
                assert!(!path.address.contains(['\r', '\n']));
            }
            Ok(command::Command::Xforward(attributes)) => {
                let mut origin = Origin::default();
                let _ = attributes.iter().all(|(name, value)| origin.set(name, value));
                let offered: Vec<String> = XFORWARD.split(' ').map(str::to_owned).collect();
                assert!(origin.xforward(&offered).iter().all(|command| !command.contains(['\r', '\n'])));
            }
            _ => {}
        }
    }
    let mut message = Vec::new();
    Unstuffer::new(BareEnds::Normalise).read(data, &mut message);
    let (mut stuffer, mut wire) = (Stuffer::default(), Vec::new());
    data.chunks(7).for_each(|piece| stuffer.write(piece, &mut wire));
    stuffer.finish(&mut wire);
    let (mut unstuffer, mut again) = (Unstuffer::new(BareEnds::Refuse), Vec::new());
    assert_eq!(unstuffer.read(&wire, &mut again), Some(wire.len()));
    assert!(!unstuffer.bare());
});
