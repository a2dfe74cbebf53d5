//! The inert documents of `fixtures/files`: each is found to be what `vectors.json` says, and nothing that it must not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod common;

/// Vectors that are not reached yet, with what is missing. Empty when all are; a vector here that passes fails the test.
const NOT_REACHED: &[&str] = &[
    // Its password is right, but its package and its key description begin at the same sector, and no block of the file
    // decrypts to the beginning of a zip.
    "enc/e02_password_1234.docx",
];

#[test]
fn every_document_is_found_to_be_what_it_is() {
    let mut wrong = Vec::new();
    for vector in common::vectors() {
        let faults = common::faults(&vector);
        let expected = NOT_REACHED.contains(&vector.path.as_str());
        match (faults.is_empty(), expected) {
            (true, true) => wrong.push(format!("{}: passes, take it off the list", vector.path)),
            (false, false) => wrong.push(format!("{}: {}", vector.path, faults.join("; "))),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
