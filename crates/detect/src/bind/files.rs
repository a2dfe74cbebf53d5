//! Functions that look into files (mql.md §2.4): what `unpack` found in a file, in the shapes that public rules read.
//!
//! The attachments of the message are open already, with the passwords that its texts give; any other file is opened
//! once, when a rule asks. Nothing else is computed until a rule reads it.

mod calendar;
mod exif;
mod explode;
mod flavor;
mod made;
mod message;
mod node;
mod office;
mod oletools;
mod scan;
mod strings;
#[cfg(test)]
mod tests;
mod urls;
mod yara;

use std::cell::{OnceCell, RefCell};

use bytes::Bytes;
use rustc_hash::FxHashMap;
use sekisho_mail::Attachment;
use sekisho_mql::value::{Arena, Outcome, Value};
use sekisho_unpack::{File, Hints, Input, Tree, unpack};

use super::host::EvidenceHost;
pub(super) use calendar::parse_ics;
pub(super) use exif::parse_exif;
pub(super) use explode::{expand_archives, explode};
pub(super) use message::parse_eml;
pub(super) use oletools::oletools;
pub(super) use urls::scan_qr;

/// The capability that fields need which only a text recogniser could fill.
const OCR: &str = "beta.ocr";

/// What is missing where the configuration leaves attachments closed.
const CLOSED: &str = "unpack";

/// Files that were opened for a function, by where their bytes are.
#[derive(Default)]
pub(super) struct Opened<'a> {
    trees: RefCell<FxHashMap<(usize, usize), &'a Tree>>,
    /// One for all files: what YARA rules may look at is limited by the message.
    matcher: OnceCell<&'a yara::Matcher<'a>>,
}

/// A file that a function was given, in the tree that it is in.
#[derive(Clone, Copy)]
struct Subject<'a> {
    tree: &'a Tree,
    file: &'a File,
    /// Index of the file in the tree.
    at: usize,
}

/// The file that a function was given; `None` where the argument has no bytes.
fn subject<'a>(host: &EvidenceHost<'a>, args: &[Value<'a>], arena: &'a Arena) -> Option<Subject<'a>> {
    let object = args.first()?.as_object()?;
    let attachment = object.as_any().and_then(|any| any.downcast_ref::<Attachment>());
    if let Some(found) = attachment.and_then(|a| of_message(host, a)) {
        return Some(found);
    }
    let bytes = object.bytes()?;
    let key = (bytes.as_ptr().addr(), bytes.len());
    let known = host.opened.trees.borrow().get(&key).copied();
    let tree = match known {
        Some(tree) => tree,
        None => {
            let input = match attachment {
                Some(a) => Input {
                    name: a.file_name.clone().unwrap_or_default(),
                    declared: a.content_type.clone(),
                    bytes: a.raw.clone(),
                },
                None => Input { bytes: Bytes::copy_from_slice(bytes), ..Input::default() },
            };
            let tree: &'a Tree = arena.keep(unpack("", vec![input], &Hints::default()));
            host.opened.trees.borrow_mut().insert(key, tree);
            tree
        }
    };
    Some(Subject { tree, file: tree.files.first()?, at: 0 })
}

/// The attachment's place in the tree of the message: its own files come in the order of the attachments; those of
/// enclosed messages are told by name and content.
fn of_message<'a>(host: &EvidenceHost<'a>, attachment: &Attachment) -> Option<Subject<'a>> {
    let tree = &host.evidence.unpack.tree;
    let index = host.evidence.model.attachments.iter().position(|a| std::ptr::eq(a, attachment));
    let name = attachment.file_name.as_deref().unwrap_or_default();
    let fits = |file: &File| !file.listed_only && file.name == name && file.sha256 == attachment.sha256;
    let mut roots = tree.files.iter().enumerate().filter(|(_, f)| f.parent.is_none());
    let root = index.and_then(|index| roots.nth(index)).filter(|(_, file)| fits(file));
    let (at, file) = root.or_else(|| tree.files.iter().enumerate().find(|(_, f)| fits(f)))?;
    Some(Subject { tree, file, at })
}

/// What a function says of a file, or null where it was given none. Where files stay closed, nobody can say.
fn answer<'a>(
    host: &EvidenceHost<'a>,
    args: &[Value<'a>],
    arena: &'a Arena,
    f: impl FnOnce(Subject<'a>) -> Value<'a>,
) -> Outcome<'a> {
    if host.evidence.unpack.read_message.is_none() {
        return Outcome::Missing(CLOSED);
    }
    Outcome::Value(subject(host, args, arena).map_or(Value::Null, f))
}
