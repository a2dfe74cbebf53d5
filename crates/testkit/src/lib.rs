//! sekisho-testkit.
