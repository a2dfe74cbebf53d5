//! sekisho-mql.
