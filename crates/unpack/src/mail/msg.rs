//! Messages that Outlook saved (`.msg`, [MS-OXMSG]): a compound file with a stream for each property.

use bytes::Bytes;

use super::mapi::{self, Attachment, Message};
use crate::{
    Relation,
    ole::cfb::{Cfb, Entry},
    scan::{Child, Scan},
};

/// Attachments and recipients that are read.
const STORAGES_MAX: usize = 500;
/// Streams of an embedded object that become files.
const STREAMS_MAX: usize = 64;
/// Messages inside messages, as storages of one file.
const MESSAGES_DEEP_MAX: u32 = 8;

/// Reads the message of an open compound file.
pub(crate) fn analyse(cfb: &Cfb, scan: &mut Scan<'_>) {
    message(cfb, 0, 0, scan);
}

/// The message in a storage.
fn message(cfb: &Cfb, storage: usize, depth: u32, scan: &mut Scan<'_>) {
    let mut found = Message {
        subject: text(cfb, storage, "0037"),
        body: text(cfb, storage, "1000"),
        html: data(cfb, storage, "10130102"),
        rtf: data(cfb, storage, "10090102"),
        sender: text(cfb, storage, "5D01"),
        recipients: Vec::new(),
    };
    if found.sender.is_empty() {
        found.sender = text(cfb, storage, "0C1F");
    }
    for recipient in storages(cfb, storage, "__recip_version1.0_", "recipients", scan) {
        let smtp = text(cfb, recipient.index, "39FE");
        found.recipients.push(if smtp.is_empty() { text(cfb, recipient.index, "3003") } else { smtp });
    }
    found.give(scan);
    for attachment in storages(cfb, storage, "__attach_version1.0_", "attachments", scan) {
        let inner = cfb.child(attachment.index, "__substg1.0_3701000D");
        match inner {
            // A message or an object as a storage of its own.
            Some(inner) if inner.is_storage() && depth >= MESSAGES_DEEP_MAX => {
                scan.over(MESSAGES_DEEP_MAX as usize, "messages inside one another");
            }
            Some(inner) if inner.is_storage() => {
                if cfb.child(inner.index, "__properties_version1.0").is_some() {
                    message(cfb, inner.index, depth + 1, scan);
                } else {
                    object(cfb, inner, scan);
                }
            }
            _ => Attachment {
                long_name: text(cfb, attachment.index, "3707"),
                short_name: text(cfb, attachment.index, "3704"),
                media_type: text(cfb, attachment.index, "370E").to_lowercase(),
                data: data(cfb, attachment.index, "37010102"),
            }
            .give(scan),
        }
    }
}

/// The streams of an embedded object, as files.
fn object(cfb: &Cfb, storage: &Entry, scan: &mut Scan<'_>) {
    let streams = cfb.children(storage.index).filter(|e| e.is_stream());
    for entry in scan.most(streams, STREAMS_MAX, "streams of an embedded object") {
        let child = Child {
            name: entry.name.clone(),
            bytes: cfb.stream(entry),
            relation: Relation::Embedded,
            ..Child::default()
        };
        scan.child(child);
    }
}

fn storages<'c>(
    cfb: &'c Cfb,
    storage: usize,
    prefix: &'static str,
    what: &'static str,
    scan: &mut Scan<'_>,
) -> Vec<&'c Entry> {
    let named = move |e: &&Entry| {
        e.is_storage() && e.name.get(..prefix.len()).is_some_and(|n| n.eq_ignore_ascii_case(prefix))
    };
    scan.most(cfb.children(storage).filter(named), STORAGES_MAX, what)
}

/// A text property, in either type.
fn text(cfb: &Cfb, storage: usize, id: &str) -> String {
    let wide = data(cfb, storage, &format!("{id}001F"));
    if wide.is_empty() {
        mapi::text(&data(cfb, storage, &format!("{id}001E")), false)
    } else {
        mapi::text(&wide, true)
    }
}

fn data(cfb: &Cfb, storage: usize, property: &str) -> Bytes {
    let entry = cfb.child(storage, &format!("__substg1.0_{property}")).filter(|e| e.is_stream());
    entry.map(|e| cfb.stream(e)).unwrap_or_default()
}
