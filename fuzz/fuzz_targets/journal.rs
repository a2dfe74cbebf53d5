//! Any bytes as a journal report: what is read stays within its limits, addresses are addresses, the enclosed message lies
//! within the bytes, and a message that is no report says nothing.
#![no_main]
use sekisho_mail::{
    journal::{Enclosed, Fault, read},
    limits,
};

fn address(text: &str) {
    assert!(text.contains('@') && text.len() <= limits::JOURNAL_ADDRESS_BYTES_MAX, "{text:?}");
    assert!(!text.chars().any(|c| c.is_whitespace() || c.is_control()), "{text:?}");
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let report = read(data);
    assert!(report.recipients.len() <= limits::JOURNAL_RECIPIENTS_MAX);
    for one in &report.recipients {
        address(&one.address);
        one.through.iter().for_each(|through| address(through));
    }
    report.sender.iter().chain(&report.on_behalf_of).for_each(|text| address(text));
    let addresses = report.addresses();
    assert_eq!(addresses.is_empty(), report.recipients.is_empty());
    assert!(addresses.len() <= report.recipients.len());
    assert!(report.faults.is_sorted());
    match &report.enclosed {
        Enclosed::Nowhere => {
            let known = [Fault::NoReport, Fault::NoMessage, Fault::Tnef];
            assert!(report.faults.iter().any(|fault| known.contains(fault)), "{:?}", report.faults);
        }
        Enclosed::Within(span) => assert!(span.slice(data).len() <= data.len()),
        Enclosed::Decoded(bytes) => assert!(bytes.len() <= data.len().saturating_mul(2)),
    }
    if report.faults.contains(&Fault::NoReport) {
        assert!(report.sender.is_none() && report.recipients.is_empty());
    }
});
