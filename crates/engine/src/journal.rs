//! Journal reports: the enclosed message is judged, with the envelope that the report tells.
//!
//! A submission whose bytes are a report ([`Submission::journal`]) is opened by whoever reads bytes, a worker as a rule;
//! its parent never does. What is wrong with a report is a gap of the verdict (facet `journal`), and what cannot be opened
//! is judged as it came: nothing is lost.

use sekisho_mail::journal::{self, Enclosed, Fault, Report};
use sekisho_record::{Envelope, Gap, Record, Submission};

/// What is judged of a submission.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// The envelope of a report.
    envelope: Option<Envelope>,
    enclosed: Enclosed,
    gaps: Vec<Gap>,
}

impl Opened {
    /// Opens a submission if it is a report.
    pub(crate) fn new(submission: &Submission<'_>) -> Self {
        if !submission.journal {
            return Self::default();
        }
        let report = journal::read(submission.raw);
        let gaps = report.faults.iter().map(|fault| gap(*fault)).collect();
        Self { envelope: envelope(&report), enclosed: report.enclosed, gaps }
    }

    /// The submission that is judged in place of the one that it was made of.
    pub(crate) fn submission<'a>(&'a self, outer: &Submission<'a>) -> Submission<'a> {
        let raw = match &self.enclosed {
            Enclosed::Nowhere => outer.raw,
            Enclosed::Within(span) => span.slice(outer.raw),
            Enclosed::Decoded(bytes) => bytes,
        };
        // The envelope of the report itself says who runs the journal.
        let envelope = if outer.journal { self.envelope.as_ref() } else { outer.envelope };
        Submission { raw, envelope, journal: false, ..*outer }
    }

    /// Notes what was wrong.
    pub(crate) fn noted(&self, mut record: Record) -> Record {
        record.verdict.gaps.extend(self.gaps.iter().cloned());
        record
    }
}

fn envelope(report: &Report) -> Option<Envelope> {
    let rcpt_to = report.addresses();
    let told = report.sender.is_some() || !rcpt_to.is_empty();
    told.then(|| Envelope {
        mail_from: report.sender.clone().unwrap_or_default(),
        rcpt_to,
        ..Envelope::default()
    })
}

fn gap(fault: Fault) -> Gap {
    let detail = match fault {
        Fault::NoReport => "this is no journal report; it was judged as it came",
        Fault::NoMessage => "the journal report encloses no message; it was judged as it came",
        Fault::Tnef => "the journal report encloses its message as TNEF; it was judged as it came",
        Fault::NoSender => "the journal report names no sender",
        Fault::NoRecipients => "the journal report names no recipients",
        Fault::OverLimit => "the journal report is longer than what is read of it",
        Fault::SeveralMessages => "the journal report encloses several messages; the first was judged",
    };
    let reason = if fault == Fault::OverLimit { "over_limit" } else { "failed" };
    Gap { facet: "journal".into(), reason: reason.into(), detail: format!("{}: {detail}", fault.word()) }
}
