//! A mail of ours: plain text and HTML, and fields that say that a program wrote it.

use mail_builder::{
    MessageBuilder,
    headers::{address::Address, date::Date, message_id::MessageId, raw::Raw},
};
use sha2::{Digest as _, Sha256};

use crate::{
    page::{self, Block},
    words::Words,
};

/// A mail that is ready to go out, under the null reverse path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// For whom.
    pub to: String,
    /// Its bytes, all ASCII unless an address is not.
    pub bytes: Vec<u8>,
}

/// What a mail is made of.
pub(crate) struct Draft<'a> {
    /// Key of its effect: the same key is the same mail.
    pub(crate) key: &'a str,
    /// Our address.
    pub(crate) from: &'a str,
    /// For whom.
    pub(crate) to: &'a str,
    /// What it is about, one line of ours.
    pub(crate) subject: String,
    /// When its effect was written.
    pub(crate) at: i64,
    /// What it says.
    pub(crate) blocks: Vec<Block>,
    /// In which language.
    pub(crate) words: Words,
}

impl Draft<'_> {
    /// The mail.
    pub(crate) fn letter(&self) -> Letter {
        let domain = self.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let hash = Sha256::digest(format!("{} {}", self.key, self.at));
        let id: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let message = MessageBuilder::new()
            .from(Address::new_address(Some("Sekisho"), self.from))
            .to(Address::new_address(None::<&str>, self.to))
            .subject(self.subject.as_str())
            .date(Date::new(self.at))
            .message_id(MessageId::new(format!("{id}@{domain}")))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
            .header("List-Id", Raw::new(format!("Sekisho <held.sekisho.{domain}>")))
            .text_body(page::text(&self.blocks))
            .html_body(page::html(&self.subject, &self.blocks, self.words));
        // Writing into memory does not fail.
        Letter { to: self.to.to_owned(), bytes: message.write_to_vec().unwrap_or_default() }
    }
}
