//! Office documents on top of zip, XML and RTF.

pub(crate) mod codepage;
pub(crate) mod csv;
pub(crate) mod equation;
pub(crate) mod fields;
pub(crate) mod flat;
pub(crate) mod odf;
pub(crate) mod ole1;
pub(crate) mod ooxml;
pub(crate) mod package;
pub(crate) mod rtf;
pub(crate) mod target;
pub(crate) mod xml;
