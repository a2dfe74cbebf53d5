//! sekisho-engine.
