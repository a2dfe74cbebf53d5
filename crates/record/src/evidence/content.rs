//! Facet `content`: what the message says and asks, read with lexicons of many languages.

use serde::Serialize;

/// Observed wording and shape of the newest message.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Content {
    /// Language by script and words: ISO 639-1, `None` when too short.
    pub language: Option<String>,
    /// Lures whose phrases were found, strongest first.
    pub lures: Vec<Lure>,
    /// Words (or CJK characters / 2) of the newest message.
    pub words: i64,
    /// Lines of the newest message that are not blank, greeting or signature.
    pub lines: i64,
    /// Characters that a reader sees.
    pub visible_chars: i64,
    /// Characters that are in the source and that a reader would not see.
    pub hidden_chars: i64,
    /// Hidden text looks like words put there for filters (not a preheader, not white space).
    pub hidden_text: bool,
    /// Zero-width and similar characters inside words.
    pub zero_width: i64,
    /// Letters of look-alike scripts inside Latin words.
    pub confusables: i64,
    /// One or more remote images and almost no text.
    pub image_only: bool,
    /// Number of images.
    pub images: i64,
    /// Phone numbers that the reader is asked to call, as written.
    pub phone_numbers: Vec<String>,
    /// Cryptocurrency addresses.
    pub wallets: Vec<String>,
    /// IBAN or account numbers.
    pub bank_accounts: Vec<String>,
    /// The text gives a password for an archive or document.
    pub archive_password: bool,
    /// Money amounts.
    pub amounts: i64,
    /// A greeting that names nobody (`Dear customer`) or only the recipient's address or local part.
    pub generic_greeting: bool,
    /// A recipient's address stands in the visible text.
    pub names_recipient_address: bool,
    /// Recipient's address or local part stands in the subject; a list's own tag does not count.
    pub subject_names_recipient: bool,
    /// Reply or forward prefix in the subject, no reply headers and no quoted thread.
    pub reply_without_thread: bool,
    /// There is a quoted thread.
    pub quotes_thread: bool,
    /// The author takes part in the quoted thread (as sender or recipient); unknown when the thread names people, but
    /// not the recipients of any message, and the author is not among them.
    pub quoted_includes_author: Option<bool>,
    /// A recipient takes part in the quoted thread; unknown as above.
    pub quoted_includes_recipient: Option<bool>,
    /// Registrable domains of links in the quoted thread.
    pub quoted_link_root_domains: Vec<String>,
    /// The newest message's language differs from the quoted thread's.
    pub language_differs_from_thread: bool,
    /// Form elements (input, password) in the HTML.
    pub form: bool,
    /// A password field in the HTML.
    pub password_field: bool,
    /// Script elements in the HTML.
    pub script: bool,
    /// Random words or letters appended to subject or body to defeat hashes.
    pub hash_busting: bool,
    /// Subject or display name holds an emoji, warning sign or boxed letters.
    pub attention_marks: bool,
    /// Subject is mostly capitals.
    pub shouting: bool,
    /// An unsubscribe link or words stand in the text.
    pub unsubscribe: bool,
}

/// One lure.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Lure {
    /// Name: `credentials`, `mailbox`, `voicemail`, `fax`, `esignature`, `shared_file`, `payroll`, `parcel`, `tax`,
    /// `bank`, `invoice`, `prize`, `renewal`, `refund`, `callback`, `extortion`, `advance_fee`, `bank_change`, `job`,
    /// `crypto`, `gift_card`, `subscription`, `fine`, `account_locked`, `security_alert`, `romance`, `pharma`,
    /// `loan`, `gambling`, `health`, `urgency`, `action`, `secrecy`, `favour`, `survey`, `seo`, `marketing`.
    pub name: String,
    /// Sum of the weights of the distinct phrases found, capped at 100; 30 is weak, 60 is clear.
    pub weight: i64,
    /// A phrase stands in the subject or display name.
    pub in_subject: bool,
    /// Language of the strongest phrase.
    pub language: String,
    /// The phrases found, at most five, as they stand in the lexicon.
    pub phrases: Vec<String>,
}
