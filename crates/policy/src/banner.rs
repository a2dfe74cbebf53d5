//! The banner: what a person reads in the message itself.
