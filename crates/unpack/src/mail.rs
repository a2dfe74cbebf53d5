//! Messages as files: `.eml`, what Outlook saves and sends, and pages saved as messages. Their attachments are the
//! children, their texts give passwords.

pub(crate) mod eml;
mod mapi;
pub(crate) mod mhtml;
pub(crate) mod msg;
pub(crate) mod tnef;
