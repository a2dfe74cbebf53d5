//! sekisho-observe.
