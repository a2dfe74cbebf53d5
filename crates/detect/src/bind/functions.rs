//! Functions of the host.
