//! What relations to the outside do.

use crate::{
    Derived, Id, IndicatorKind, Place, Severity,
    office::{
        fields,
        package::{Package, last},
        target::{self, Target},
    },
    scan::{Scan, TextKind},
};

/// Relations to the outside that are judged.
const EXTERNAL_MAX: usize = 16_384;

/// Judges all relations of a package.
pub(super) fn check(package: &Package, scan: &mut Scan<'_>) {
    let mut left = EXTERNAL_MAX;
    for (of, relation) in package.all_relations() {
        let kind = last(&relation.kind);
        // A template is never inside; without the mark Word takes it for an address all the same.
        let outside = relation.external || kind == "attachedtemplate";
        if !outside || relation.target.is_empty() {
            continue;
        }
        if left == 0 {
            return scan.over(EXTERNAL_MAX, "relations to the outside");
        }
        left -= 1;
        let shown = relation.kind.rsplit('/').next().unwrap_or_default().to_owned();
        let office = scan.facts.office.get_or_insert_default();
        office.relationships.push((shown, relation.target.clone()));
        let place =
            Place::new(format!("{} relation {}", if of.is_empty() { "package" } else { of }, relation.id));
        one(&kind, &relation.target, &place, scan);
    }
}

/// Judges one relation by the last step of its type, lower case.
pub(super) fn one(kind: &str, raw: &str, place: &Place, scan: &mut Scan<'_>) {
    let target = Target::of(raw);
    match kind {
        "hyperlink" => hyperlink(&target, place, scan),
        "attachedtemplate" => load(Id::TplRemote, &target, place, scan),
        "oleobject" | "package" | "control" | "activexcontrolbinary" | "transform" | "attachedschema" => {
            load(Id::OleLinkExt, &target, place, scan);
        }
        // A master document shows its chapters as links until somebody opens them.
        "subdocument" if !target.blatant() && !target.moniker => {
            let severity = if target.remote() { Severity::Medium } else { Severity::Info };
            scan.find_as(Id::OoxmlExtFrame, severity, Derived::Static, place.clone(), &target.text);
            scan.text(TextKind::Decoded, target.text.clone(), place.clone());
        }
        "frame" | "subdocument" | "afchunk" => load(Id::OoxmlExtFrame, &target, place, scan),
        "image" | "video" | "audio" | "media" => load(Id::OoxmlExtImage, &target, place, scan),
        _ => other(&target, place, scan),
    }
}

fn load(id: Id, target: &Target, place: &Place, scan: &mut Scan<'_>) {
    // `mhtml:http://…!x-usc:http://…` names its addresses in pieces.
    for piece in target.text.split('!').filter_map(|p| p.find("http").and_then(|at| p.get(at..))) {
        if target.moniker {
            scan.indicate(IndicatorKind::Url, piece, place.clone());
        }
    }
    fields::external(id, target, place, scan);
}

/// A click is needed: an address like any other, unless a program of the system handles it.
fn hyperlink(target: &Target, place: &Place, scan: &mut Scan<'_>) {
    let lower = target.text.to_ascii_lowercase();
    if target.moniker && !lower.contains(".htm") {
        // What was copied from a web page: Office does not follow it.
        let page = lower.starts_with("javascript:");
        let severity = if page { Severity::Info } else { Severity::High };
        scan.find_as(Id::OleLinkMoniker, severity, Derived::Static, place.clone(), &target.text);
    }
    scan.text(TextKind::Shown, target.text.clone(), place.clone());
}

/// Links between workbooks, data of form letters and the like: only a share on the open network is of note.
fn other(target: &Target, place: &Place, scan: &mut Scan<'_>) {
    if target.unc && target.blatant() && !target.intranet() {
        return target::note(target, place, scan);
    }
    scan.text(TextKind::Meta, target.text.clone(), place.clone());
}
