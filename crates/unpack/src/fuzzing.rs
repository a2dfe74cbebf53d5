//! Doors for the fuzzer only: one format's analyser on any bytes, without the sniffing and unpacking before it.

use bytes::Bytes;

use crate::{
    Budget, Hints, Kind, Relation, bus, dispatch,
    scan::{About, Scan},
};

/// Reads bytes as a file of this kind, then the texts that came out.
pub fn analyse(kind: Kind, bytes: &[u8]) {
    let hints = Hints { date: Some(1_636_700_000), ..Hints::default() };
    let mut budget = Budget::new(bytes.len() as u64);
    let about = About {
        name: format!("a.{}", kind.name()),
        kind,
        declared: None,
        relation: Relation::Input,
        depth: 0,
    };
    let mut scan = Scan::new(about, &hints, &mut budget);
    dispatch::names(&mut scan, false);
    dispatch::content(&Bytes::copy_from_slice(bytes), &mut scan);
    bus::run(&mut scan);
}
