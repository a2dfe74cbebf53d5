//! sekisho-detect.
