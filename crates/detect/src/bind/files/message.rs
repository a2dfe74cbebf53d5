//! `file.parse_eml`: an enclosed message as a data model of its own.

use sekisho_mql::value::{Arena, List, Outcome, Value};
use sekisho_record::evidence::Model;
use sekisho_unpack::Kind;

use super::{
    super::{object, shape},
    CLOSED, EvidenceHost, Subject, subject,
};

shape!(Model, "MessageDataModel" {
    _errors = |_it, _arena| Value::List(List::Values(&[])), _meta = |_it, _arena| Value::Null, attachments,
    body = |it, arena| object(&it.body, arena), external = |_it, _arena| Value::Null,
    headers = |it, arena| object(&it.headers, arena), mailbox,
    recipients = |it, arena| object(&it.recipients, arena), sender = |it, arena| object(&it.sender, arena),
    subject = |it, arena| object(&it.subject, arena), type = |it, arena| object(&it.direction, arena),
});

/// `file.parse_eml(attachment)`; null for what is no message.
pub(in crate::bind) fn parse_eml<'a>(
    host: &EvidenceHost<'a>,
    args: &[Value<'a>],
    arena: &'a Arena,
) -> Outcome<'a> {
    let Some(read) = host.evidence.unpack.read_message else { return Outcome::Missing(CLOSED) };
    let Some(Subject { file, .. }) = subject(host, args, arena) else { return Outcome::Value(Value::Null) };
    let declared = file.declared.as_deref().is_some_and(|t| matches!(t, "message/rfc822" | "message/global"));
    let readable = matches!(file.kind, Kind::Eml | Kind::Text | Kind::Unknown | Kind::Mhtml | Kind::Html);
    let message = file.kind == Kind::Eml || ((declared || file.extension() == "eml") && readable);
    if !message {
        return Outcome::Value(Value::Null);
    }
    Outcome::Value(object(arena.keep(read(&file.bytes)), arena))
}
