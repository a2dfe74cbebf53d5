//! The policy's fields through the SMTP filter: forgeries go, strangers get a form of their own.

use sekisho_intake::smtp::Mode;

#[path = "../gate/ruled.rs"]
mod gate;

use gate::{FORGED, LEFT, OURS, Ruled};

use crate::support::{Next, Running, settings, talk};

/// What the next hop got of a message for these recipients: whom it was for, and its bytes.
fn handed(to: &str, message: &str) -> Vec<(String, String)> {
    let next = Next::start();
    let service = Running::start_with(Ruled::new(), settings(Mode::Proxy, next.at));
    let rcpt: String = to.split(' ').map(|to| format!("RCPT TO:<{to}>\r\n")).collect();
    let input = format!("EHLO a.example\r\nMAIL FROM:<a@a.example>\r\n{rcpt}DATA\r\n{message}.\r\nQUIT\r\n");
    talk(service.at, input.as_bytes());
    service.ended();
    let whom = |said: &[String]| {
        let to = said.iter().filter_map(|line| line.strip_prefix("RCPT TO:"));
        to.map(|to| to.split_once('>').unwrap().0.trim_start_matches('<')).collect::<Vec<_>>().join(" ")
    };
    next.got().iter().map(|got| (whom(&got.said), String::from_utf8(got.message.clone()).unwrap())).collect()
}

#[test]
fn fields_in_our_name_are_removed_byte_for_byte() {
    assert_eq!(
        handed("hana@tests.example", FORGED),
        [("hana@tests.example".into(), format!("{OURS}{LEFT}"))]
    );
}

#[test]
fn strangers_get_mail_of_our_people_without_our_fields() {
    let message = format!("X-Inside: yes\r\n{FORGED}");
    let left = format!("X-Inside: yes\r\n{LEFT}");
    let stranger = || ("x@else.example".to_owned(), left.clone());
    assert_eq!(handed("x@else.example", &message), [stranger()]);
    let ours = ("hana@tests.example ken@sub.tests.example".to_owned(), format!("{OURS}{left}"));
    assert_eq!(
        handed("hana@tests.example x@else.example ken@sub.tests.example", &message),
        [ours, stranger()]
    );
    // Mail of others is judged for whoever it is for.
    assert!(handed("hana@tests.example x@else.example", FORGED)[0].1.starts_with(OURS));
}
