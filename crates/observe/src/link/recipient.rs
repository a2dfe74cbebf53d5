//! Recipients' addresses inside URLs, plain, percent-encoded or in base64.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use memchr::memmem;
use sekisho_mail::EmailAddress;
use sekisho_record::Evidence;

use crate::{View, limits::RECIPIENTS_MAX};

/// What to look for, made once a message.
pub(super) struct Needles {
    /// Lower case: `ann@corp.example`, `ann%40corp.example`.
    plain: Vec<Vec<u8>>,
    /// Base64 in both alphabets and all three alignments, without the characters that depend on the neighbours.
    encoded: Vec<Vec<u8>>,
}

impl Needles {
    pub(super) fn new(evidence: &Evidence, view: &View<'_>) -> Self {
        let model = &evidence.model;
        let people = &model.recipients;
        let boxes = people.to.iter().chain(&people.cc).chain(&people.bcc).map(|mailbox| &mailbox.email);
        let mut addresses: Vec<String> = boxes
            .chain(&model.headers.delivered_to)
            .filter(|email| is_address(email))
            .map(|email| email.email.clone())
            .collect();
        if let Some(envelope) = view.submission.envelope {
            addresses.extend(envelope.rcpt_to.iter().map(|address| address.to_lowercase()));
        }
        addresses.sort_unstable();
        addresses.dedup();
        addresses.truncate(RECIPIENTS_MAX);
        let mut needles = Needles { plain: Vec::new(), encoded: Vec::new() };
        for address in &addresses {
            needles.plain.push(address.replace('@', "%40").into_bytes());
            needles.plain.push(address.clone().into_bytes());
            for shift in 0..3 {
                needles.add_encoded(address, shift);
            }
        }
        needles
    }

    fn add_encoded(&mut self, address: &str, shift: usize) {
        let mut bytes = vec![0u8; shift];
        bytes.extend_from_slice(address.as_bytes());
        let text = STANDARD_NO_PAD.encode(&bytes);
        // Characters that mix in bits of what stands before or after the address.
        let start = [0, 2, 3].get(shift).copied().unwrap_or(0);
        let end = text.len() - usize::from(!bytes.len().is_multiple_of(3));
        let Some(core) = text.get(start..end) else { return };
        if core.len() < 8 {
            return;
        }
        let other = core.replace('+', "-").replace('/', "_");
        if other != core {
            self.encoded.push(other.into_bytes());
        }
        self.encoded.push(core.as_bytes().to_vec());
    }

    /// The URL names one of them.
    pub(super) fn in_url(&self, url: &str) -> bool {
        if self.plain.is_empty() {
            return false;
        }
        let at_sign = url.contains('@') || url.contains("%40");
        if at_sign {
            let folded = url.to_ascii_lowercase();
            if self.plain.iter().any(|needle| memmem::find(folded.as_bytes(), needle).is_some()) {
                return true;
            }
        }
        self.encoded.iter().any(|needle| memmem::find(url.as_bytes(), needle).is_some())
    }
}

fn is_address(email: &EmailAddress) -> bool {
    email.email.len() >= 6 && email.email.contains('@') && email.domain.valid
}
