//! Any bytes as a mail server's side of the milter protocol: every frame is answered or ends the connection, what is judged
//! stays within the limits, all that is said are whole frames, and the room that a message took is given back.
#![no_main]
use bytes::BytesMut;
use sekisho_engine::gate::Passage;
use sekisho_intake::milter::{
    codec::take,
    letter::Flight,
    session::{Session, Step},
};
use sekisho_record::{Action, Change, Decision, Decisions, FieldChange, Level, Patch};

const BYTES_MAX: usize = 4_096;

/// What the gate says about the message of this number.
fn passage(number: usize) -> Passage {
    let actions = [
        Action::Deliver,
        Action::Banner { level: Level::Warning },
        Action::Redirect { to: "desk@tests.example".into() },
        Action::Quarantine,
        Action::Reject { text: "no\r\n250 yes".into() },
        Action::Defer { text: "100%".into() },
    ];
    let decision = |at: usize| Decision {
        action: actions[(number + at * number / actions.len()) % actions.len()].clone(),
        clause: String::new(),
        recipients: vec![at as u32],
    };
    let insert = FieldChange::Insert { name: "X-S".into(), value: " a,\r\n\tb".into() };
    let remove = FieldChange::Remove { name: "Subject".into(), nth: 1 };
    let body = vec![Patch { at: 1, cut: 2, put: vec![b'x'; 70_000] }];
    Passage {
        decisions: Decisions { each: (0..3).map(decision).collect(), ..Decisions::default() },
        plain: Change { fields: vec![insert.clone(), remove], body: Vec::new() },
        bannered: Some(Change { fields: vec![insert], body }),
        ..Passage::default()
    }
}

/// All that is said are whole frames, and a reply is one line.
fn whole(said: &[u8]) {
    let mut said = BytesMut::from(said);
    while let Some(frame) = take(&mut said).expect("our own frames") {
        let text = frame.data.strip_suffix(b"\0").unwrap_or(&frame.data);
        assert!(frame.command != b'y' || !text.iter().any(|byte| byte.is_ascii_control()));
    }
    assert!(said.is_empty());
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let flight = Flight::new(3 * BYTES_MAX);
    let mut session = Session::new(BYTES_MAX, flight.clone());
    let (mut read, mut judged) = (BytesMut::new(), 0);
    'all: for piece in data.chunks(97) {
        read.extend_from_slice(piece);
        loop {
            let step = match take(&mut read) {
                Ok(None) => break,
                Ok(Some(frame)) => session.step(&frame),
                Err(fault) => Err(fault),
            };
            match step {
                Ok(Step::Quiet) => {}
                Ok(Step::Say(said)) => whole(&said),
                Ok(Step::Judge) => {
                    judged += 1;
                    let arrival = session.arrival(0);
                    assert!(arrival.raw.len() <= BYTES_MAX + 2);
                    assert!(arrival.envelope.is_some());
                    let said = session.conclude(&passage(judged));
                    assert!(!said.is_empty() && session.idle());
                    whole(&said);
                }
                Ok(Step::End) | Err(_) => break 'all,
            }
        }
    }
    drop(session);
    assert_eq!(flight.held(), 0);
});
