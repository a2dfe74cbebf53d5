//! sekisho-mail.
