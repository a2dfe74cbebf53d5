//! Documents that are one XML: Flat OPC, Word 2003 XML, SpreadsheetML 2003.

use bytes::Bytes;

use super::{
    ooxml::{
        self, props,
        walk::{self, Gathered},
    },
    package::Package,
    xml,
};
use crate::{Kind, scan::Scan};

/// Reads whichever of the three it is.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let text = xml::decode(bytes);
    if scan.about.kind == Kind::FlatOpc {
        let package = Package::of_flat(&text, scan.budget);
        return ooxml::read(&package, scan);
    }
    let application = if scan.about.kind == Kind::SpreadsheetXml { "excel" } else { "word" };
    scan.facts.office.get_or_insert_default().application = application.to_owned();
    let mut all = Gathered::default();
    walk::part("", &text, false, &mut all, scan);
    props::read("properties", &text, &mut all, scan);
    ooxml::finish(&mut all, scan);
}
