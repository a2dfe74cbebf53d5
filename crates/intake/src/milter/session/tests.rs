//! Dialogues: frames in, what is said and judged out, as text.

use bytes::{Bytes, BytesMut};
use sekisho_record::{Action, Change, Decision, Decisions, FieldChange, Level, Patch};

use super::*;
use crate::milter::codec::take;

const OFFER: (u32, u32, u32) = (6, 0x1ff, 0x1f_ffff);

fn session() -> Session {
    Session::new(1_000, Flight::new(1 << 20))
}

fn offer((version, actions, protocol): (u32, u32, u32)) -> Vec<u8> {
    [version, actions, protocol].iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Frames as text: the letter, then the data.
fn frames(bytes: &[u8]) -> String {
    let mut read = BytesMut::from(bytes);
    let mut out = Vec::new();
    while let Ok(Some(frame)) = take(&mut read) {
        out.push(format!("{}{}", char::from(frame.command), frame.data.escape_ascii()));
    }
    out.join(" ")
}

/// One frame, and what it leads to.
fn step(session: &mut Session, letter: u8, data: &[u8]) -> String {
    match session.step(&Frame { command: letter, data: Bytes::copy_from_slice(data) }) {
        Ok(Step::Quiet) => "-".into(),
        Ok(Step::Say(bytes)) => frames(&bytes),
        Ok(Step::Judge) => {
            let arrival = session.arrival(7);
            let envelope = arrival.envelope.unwrap_or_default();
            format!(
                "judge {} <{}> to {:?} helo {:?} ip {:?} login {:?} queue {:?} splits {}",
                arrival.raw.escape_ascii(),
                envelope.mail_from,
                envelope.rcpt_to,
                envelope.helo,
                envelope.ip,
                envelope.login,
                arrival.queue_id,
                arrival.splits
            )
        }
        Ok(Step::End) => "end".into(),
        Err(fault) => format!("fault: {}", fault.says()),
    }
}

/// A dialogue after the negotiation.
fn check(offered: (u32, u32, u32), dialogue: &[(u8, &[u8])]) -> String {
    let mut session = session();
    step(&mut session, b'O', &offer(offered));
    dialogue.iter().map(|(letter, data)| step(&mut session, *letter, data) + "\n").collect()
}

const MESSAGE: [(u8, &[u8]); 12] = [
    (b'D', b"C{client_addr}\x00192.0.2.7\0"),
    (b'C', b"mail.example\x004\x30\x39192.0.2.7\0"),
    (b'H', b"client.example\0"),
    (b'D', b"M{auth_authen}\0hana\0"),
    (b'M', b"<a@b.example>\0SIZE=3\0"),
    (b'R', b"<hana@tests.example>\0NOTIFY=NEVER\0"),
    (b'R', b"<ken@tests.example>\0"),
    (b'T', b""),
    (b'L', b"Subject\0  x\n\ty\0"),
    (b'N', b""),
    (b'B', b"body\r\n"),
    (b'D', b"Ei\x004XQ\0"),
];

#[test]
fn a_message_is_put_together_without_a_word() {
    let mut dialogue = MESSAGE.to_vec();
    dialogue.push((b'E', b""));
    insta::assert_snapshot!(check(OFFER, &dialogue), @r#"
    -
    -
    -
    -
    -
    -
    -
    -
    -
    -
    -
    -
    judge Subject:  x\r\n\ty\r\n\r\nbody\r\n <a@b.example> to ["hana@tests.example", "ken@tests.example"] helo "client.example" ip Some(192.0.2.7) login Some("hana") queue Some("4XQ") splits true
    "#);
}

#[test]
fn an_old_mail_server_gets_its_replies_and_one_blank_back() {
    let dialogue: &[(u8, &[u8])] = &[
        (b'C', b"mail.example\x006\x30\x39IPv6:2001:db8::1\0"),
        (b'H', b"x\0"),
        (b'M', b"<>\0"),
        (b'R', b"<hana@tests.example>\0"),
        (b'L', b"Subject\0x\0"),
        (b'U', b"WHAT\0"),
        (b'B', b"no end of the header"),
        (b'E', b", and a last piece"),
    ];
    insta::assert_snapshot!(check((2, 0x3, 0), dialogue), @r#"
    c
    c
    c
    c
    c
    c
    c
    judge Subject: x\r\n\r\nno end of the header, and a last piece <> to ["hana@tests.example"] helo "x" ip Some(2001:db8::1) login None queue None splits false
    "#);
}

#[test]
fn what_is_over_the_limit_is_skipped_where_that_is_understood() {
    let long = [b'x'; 2_000];
    let dialogue: &[(u8, &[u8])] = &[(b'M', b"<>\0"), (b'B', &long[..990]), (b'B', &long), (b'B', b"more")];
    assert_eq!(check((6, 0x1ff, 0x400), dialogue), "c\nc\ns\ns\n");
    assert_eq!(check((6, 0x1ff, 0), dialogue), "c\nc\nc\nc\n");
    assert_eq!(check(OFFER, dialogue), "-\n-\n-\n-\n");
}

#[test]
fn nothing_of_a_message_is_left_to_the_next_one() {
    let dialogue: &[(u8, &[u8])] = &[
        (b'D', b"M{auth_authen}\0hana\0"),
        (b'M', b"<a@b.example>\0"),
        (b'R', b"<hana@tests.example>\0"),
        (b'L', b"Subject\0 first\0"),
        (b'A', b""),
        (b'M', b"<c@d.example>\0"),
        (b'E', b"second"),
        (b'A', b""),
        (b'K', b""),
        (b'C', b"other.example\0U"),
        (b'M', b"<e@f.example>\0"),
        (b'E', b"third"),
        (b'Q', b""),
    ];
    insta::assert_snapshot!(check(OFFER, dialogue), @r#"
    -
    -
    -
    -
    -
    -
    judge \r\nsecond <c@d.example> to [] helo "" ip None login None queue None splits true
    -
    -
    -
    -
    judge \r\nthird <e@f.example> to [] helo "" ip None login None queue None splits true
    end
    "#);
}

#[test]
fn the_client_is_who_the_macro_names_if_the_command_does_not_and_nobody_on_the_same_machine() {
    let ip = |connect: &[u8]| {
        let dialogue: &[(u8, &[u8])] =
            &[(b'D', b"C{client_addr}\x00192.0.2.9\0"), (b'C', connect), (b'M', b"<>\0"), (b'E', b"")];
        let said = check(OFFER, dialogue);
        said.split(" ip ").nth(1).unwrap().split(" login").next().unwrap().to_owned()
    };
    assert_eq!(ip(b"mail.example\x004\x30\x39192.0.2.7\0"), "Some(192.0.2.7)");
    assert_eq!(ip(b"unknown\0U"), "Some(192.0.2.9)");
    assert_eq!(ip(b"localhost\0L\0\0/run/socket\0"), "None");
}

#[test]
fn commands_out_of_order_are_faults() {
    let order = "fault: a command out of order\n";
    for letter in [b'R', b'L', b'N', b'B', b'E', b'O'] {
        assert_eq!(check(OFFER, &[(letter, &offer(OFFER))]), order, "{}", char::from(letter));
    }
    assert_eq!(check(OFFER, &[(b'M', b"<>\0"), (b'N', b""), (b'L', b"A\0b\0")]), format!("-\n-\n{order}"));
    assert_eq!(
        check(OFFER, &[(b'M', b"<>\0"), (b'E', b""), (b'B', b"late")]).lines().last(),
        Some(order.trim())
    );
    assert_eq!(check(OFFER, &[(b'Z', b"")]), "fault: a command that the protocol does not have\n");
    assert_eq!(check(OFFER, &[(b'D', b"")]), "fault: a command whose data is malformed\n");
    for letter in [b'C', b'D', b'M', b'E'] {
        assert_eq!(step(&mut session(), letter, b"x"), order.trim(), "before the negotiation");
    }
}

fn insert(name: &str, value: &str) -> FieldChange {
    FieldChange::Insert { name: name.into(), value: value.into() }
}

/// What the gate says, for the recipients at these places.
fn passage(each: &[(Action, &[u32])]) -> Passage {
    let decision = |(action, recipients): &(Action, &[u32])| Decision {
        action: action.clone(),
        clause: "test".into(),
        recipients: recipients.to_vec(),
    };
    let body = vec![Patch { at: 0, cut: 0, put: b"banner\r\n".to_vec() }];
    Passage {
        decisions: Decisions { each: each.iter().map(decision).collect(), ..Decisions::default() },
        plain: Change { fields: vec![insert("X-S", " plain")], body: Vec::new() },
        bannered: Some(Change { fields: vec![insert("X-S", " banner")], body }),
        ..Passage::default()
    }
}

/// The answer to the message above.
fn answer_with(offered: (u32, u32, u32), utf8: bool, last: &[u8], passage: &Passage) -> String {
    let mut session = session();
    step(&mut session, b'O', &offer(offered));
    for (letter, data) in MESSAGE {
        let data = if letter == b'M' && utf8 { b"<a@b.example>\0SMTPUTF8\0" } else { data };
        step(&mut session, letter, data);
    }
    assert!(step(&mut session, b'E', last).starts_with("judge"));
    let said = frames(&session.conclude(passage));
    assert!(session.idle() && session.queue_id() == "-");
    said
}

fn answer(each: &[(Action, &[u32])]) -> String {
    answer_with(OFFER, false, b"", &passage(each))
}

fn redirect(to: &str) -> Action {
    Action::Redirect { to: to.into() }
}

fn reject(text: &str) -> Action {
    Action::Reject { text: text.into() }
}

fn defer(text: &str) -> Action {
    Action::Defer { text: text.into() }
}

const BANNER: Action = Action::Banner { level: Level::Warning };

#[test]
fn decisions_for_all_become_one_answer() {
    let all: &[u32] = &[0, 1];
    assert_eq!(answer(&[(Action::Deliver, all)]), r"i\x00\x00\x00\x00X-S\x00 plain\x00 a");
    assert_eq!(answer(&[(BANNER, all)]), r"i\x00\x00\x00\x00X-S\x00 banner\x00 bbanner\r\nbody\r\n a");
    assert_eq!(answer(&[(Action::Quarantine, all)]), "d");
    assert_eq!(answer(&[(reject("Phishing"), all)]), r"y550 5.7.1 Phishing\x00");
    assert_eq!(answer(&[(defer("Later"), all)]), r"y451 4.7.1 Later\x00");
    assert_eq!(
        answer(&[(redirect("desk@tests.example"), all)]),
        r"-<hana@tests.example>\x00 -<ken@tests.example>\x00 +<desk@tests.example>\x00 i\x00\x00\x00\x00X-S\x00 plain\x00 a"
    );
}

#[test]
fn recipients_are_split_where_that_loses_nothing() {
    let held = (Action::Quarantine, &[1][..]);
    assert_eq!(
        answer(&[(Action::Deliver, &[0]), held.clone()]),
        r"-<ken@tests.example>\x00 i\x00\x00\x00\x00X-S\x00 plain\x00 a"
    );
    assert_eq!(
        answer(&[(BANNER, &[0]), (redirect("hana@tests.example"), &[1])]),
        r"-<ken@tests.example>\x00 i\x00\x00\x00\x00X-S\x00 banner\x00 bbanner\r\nbody\r\n a"
    );
    // The gate holds what is refused for some; should it ever not, nobody loses anything.
    let later = r"y451 4.7.1 Please try again later\x00";
    assert_eq!(answer(&[(reject("No"), &[0]), held.clone()]), later);
    assert_eq!(answer(&[(Action::Deliver, &[0]), (reject("No"), &[1])]), later);
    assert_eq!(answer(&[(reject("No"), &[0]), (reject("Nor you"), &[1])]), r"y550 5.7.1 No\x00");
    assert_eq!(answer(&[(reject("No"), &[0]), (defer("Later"), &[1])]), r"y451 4.7.1 Later\x00");
    // A recipient whom no decision names, and one that the message does not have.
    assert_eq!(
        answer(&[(Action::Quarantine, &[0, 7]), (Action::Deliver, &[])]),
        "d",
        "the safest of what was decided"
    );
}

#[test]
fn strangers_do_not_read_what_we_think() {
    let mut passage = passage(&[(Action::Deliver, &[0]), (BANNER, &[1])]);
    let verdict = insert("Sekisho-Verdict", " benign");
    passage.plain.fields.push(verdict.clone());
    passage.bannered.as_mut().unwrap().fields.push(verdict);
    let said = |passage: &Passage| answer_with(OFFER, false, b"", passage);
    assert!(said(&passage).contains("Sekisho-Verdict"), "all are ours");
    passage.outside = vec![0];
    let mixed = said(&passage);
    assert!(
        !mixed.contains("Sekisho-Verdict") && mixed.contains("bbanner") && mixed.contains("X-S"),
        "{mixed}"
    );
    passage.decisions.each[0].action = Action::Quarantine;
    assert!(said(&passage).contains("Sekisho-Verdict"), "the stranger does not get it");
}

#[test]
fn a_quoted_banner_stays_where_no_body_can_be_changed() {
    let mut passage = passage(&[(Action::Deliver, &[0, 1])]);
    passage.plain.body = vec![Patch { at: 0, cut: 4, put: Vec::new() }];
    assert_eq!(answer_with(OFFER, false, b"", &passage), r"i\x00\x00\x00\x00X-S\x00 plain\x00 b\r\n a");
    let fields = r"i\x00\x00\x00\x00X-S\x00 plain\x00 a";
    assert_eq!(answer_with((6, 0x1d, 0x1f_ffff), false, b"", &passage), fields);
    assert_eq!(answer_with(OFFER, false, &[b'x'; 2_000], &passage), fields, "too large");
}

#[test]
fn redirection_keeps_who_is_there_already() {
    assert_eq!(
        answer(&[(redirect("ken@tests.example"), &[0]), (Action::Quarantine, &[1])]),
        r"-<hana@tests.example>\x00 -<ken@tests.example>\x00 +<ken@tests.example>\x00 i\x00\x00\x00\x00X-S\x00 plain\x00 a"
    );
    let own = [(redirect("hana@tests.example"), &[0][..]), (Action::Deliver, &[1])];
    assert_eq!(answer(&own), r"i\x00\x00\x00\x00X-S\x00 plain\x00 a");
}

#[test]
fn what_was_not_offered_is_put_off_and_never_dropped() {
    let later = r"y451 4.7.1 Please try again later\x00";
    let all: &[u32] = &[0, 1];
    let with =
        |actions, each: &[(Action, &[u32])]| answer_with((6, actions, 0x1f_ffff), false, b"", &passage(each));
    assert_eq!(with(0x1d, &[(BANNER, all)]), later, "no body can be replaced");
    assert!(with(0x1d, &[(Action::Deliver, all)]).ends_with(" a"));
    assert_eq!(with(0x12, &[(Action::Deliver, all)]), later, "no field can be added");
    assert_eq!(with(0x17, &[(redirect("desk@tests.example"), all)]), later, "nobody can be deleted");
    assert_eq!(with(0x00, &[(Action::Quarantine, all)]), "d");
    // Without splitting, the safest holds for everybody.
    assert_eq!(with(0x13, &[(Action::Deliver, &[0]), (Action::Quarantine, &[1])]), "d");
}

#[test]
fn what_cannot_be_said_is_put_off() {
    let later = r"y451 4.7.1 Please try again later\x00";
    assert_eq!(answer(&[]), later);
    let mut broken = passage(&[(Action::Deliver, &[0, 1])]);
    broken.plain.fields = vec![insert("X-S", " a\r\nBcc: x")];
    assert_eq!(answer_with(OFFER, false, b"", &broken), later);
    assert_eq!(answer(&[(redirect("x>\r\n"), &[0, 1])]), later);
}

#[test]
fn a_message_that_is_cut_is_not_held_or_bannered_in_part() {
    let all: &[u32] = &[0, 1];
    let long = [b'x'; 2_000];
    let large = |action| answer_with(OFFER, false, &long, &passage(&[(action, all)]));
    assert_eq!(large(Action::Deliver), r"i\x00\x00\x00\x00X-S\x00 plain\x00 a");
    assert_eq!(large(BANNER), r"y552 5.3.4 The message is too large\x00");
    assert_eq!(large(Action::Quarantine), r"y552 5.3.4 The message is too large\x00");
    assert_eq!(large(reject("No")), r"y550 5.7.1 No\x00");
    let cut = |body: &[u8]| {
        let mut session = session();
        step(&mut session, b'O', &offer(OFFER));
        step(&mut session, b'M', b"<>\0");
        session.step(&Frame { command: b'E', data: Bytes::copy_from_slice(body) }).unwrap();
        session.arrival(7).cut
    };
    assert!(cut(&long) && !cut(b"short"), "of a part nothing is held");
}

#[test]
fn public_texts_are_one_line_that_the_client_can_read() {
    let said = |utf8, text: &str| answer_with(OFFER, utf8, b"", &passage(&[(reject(text), &[0, 1])]));
    assert_eq!(said(false, "a\r\n250 b\0 50%\tc"), r"y550 5.7.1 a 250 b 50 c\x00");
    assert_eq!(said(false, "拒否"), r"y550 5.7.1 Message refused\x00");
    assert_eq!(said(true, "拒否"), r"y550 5.7.1 \xe6\x8b\x92\xe5\x90\xa6\x00");
    assert_eq!(said(false, " \n"), r"y550 5.7.1 Message refused\x00");
    assert_eq!(said(true, &"拒".repeat(200)).matches("\\x8b").count(), limits::MILTER_TEXT_BYTES_MAX / 3);
}

#[test]
fn too_many_recipients_and_no_room_are_said_without_asking_the_gate() {
    let mut one = session();
    step(&mut one, b'O', &offer(OFFER));
    step(&mut one, b'M', b"<>\0");
    for _ in 0..=limits::MILTER_RECIPIENTS_MAX {
        step(&mut one, b'R', b"<a@b.example>\0");
    }
    assert_eq!(step(&mut one, b'E', b""), r"y452 4.5.3 Too many recipients\x00");
    let flight = Flight::new(10);
    let mut one = Session::new(1_000, Arc::clone(&flight));
    step(&mut one, b'O', &offer(OFFER));
    step(&mut one, b'M', b"<>\0");
    assert_eq!(step(&mut one, b'E', b"0123456789"), r"y451 4.3.2 Please try again later\x00");
    step(&mut one, b'M', b"<>\0");
    assert!(step(&mut one, b'E', b"0123").starts_with("judge"));
    assert_eq!(flight.held(), 8);
    one.conclude(&Passage::default());
    assert_eq!(flight.held(), 0);
}

proptest::proptest! {
    /// Any frames, in any order: no panic, and never an answer where none is due.
    #[test]
    fn any_frames_are_answered_or_refused(
        offered: (u32, u32, u32),
        dialogue in proptest::collection::vec(
            (
                proptest::sample::select(b"OCDHMRTLNBEAQKUZ".to_vec()),
                proptest::collection::vec(proptest::sample::select(b"\0<>a@.i{}4\n\r: \xff".to_vec()), 0..24),
            ),
            0..24,
        ),
    ) {
        let mut session = session();
        step(&mut session, b'O', &offer(offered));
        for (letter, data) in dialogue {
            let said = step(&mut session, letter, &data);
            if said.starts_with("judge") {
                let passage = passage(&[(BANNER, &[0]), (redirect("x@y.example"), &[1]), (Action::Deliver, &[2])]);
                proptest::prop_assert!(!session.conclude(&passage).is_empty());
            }
        }
    }

    /// Any bytes through both layers.
    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..256)) {
        let mut session = session();
        let mut read = BytesMut::from(&bytes[..]);
        while let Ok(Some(frame)) = take(&mut read) {
            if session.step(&frame).is_err() {
                break;
            }
        }
    }
}
