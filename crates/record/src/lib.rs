//! sekisho-record.
