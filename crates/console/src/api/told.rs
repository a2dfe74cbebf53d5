//! What the API answers: the frames around the record's nouns, whose fields `shapes` describes.

use std::collections::BTreeMap;

use sekisho_record::{
    Class,
    quarantine::{AuditEntry, Deed, Lockdown, Request, Role},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::shapes;

/// A token, and what it may do.
#[derive(Serialize, ToSchema)]
pub(super) struct Me {
    /// Whose it is, for the audit.
    pub(super) name: String,
    /// Its role.
    #[schema(value_type = shapes::Role)]
    pub(super) role: Role,
    /// The own addresses of a recipient.
    pub(super) addresses: Vec<String>,
    /// What the role may do, and up to which class; `null` when nothing.
    #[schema(required, value_type = Option<BTreeMap<shapes::Deed, shapes::Class>>)]
    pub(super) may: Option<BTreeMap<Deed, Class>>,
}

/// Some of the held messages.
#[derive(Serialize, ToSchema)]
pub(super) struct HeldPage {
    /// What was found; may be few, or none, though there is more.
    #[schema(value_type = Vec<shapes::Held>)]
    pub(super) items: Vec<Value>,
    /// For the next call, as `after`; `null` is the end.
    #[schema(required)]
    pub(super) next: Option<String>,
}

/// A request that waits.
#[derive(Serialize, ToSchema)]
pub(super) struct Requested {
    /// The record.
    pub(super) record: String,
    /// Number of the request.
    pub(super) request: i64,
    /// It did not wait before.
    pub(super) new: bool,
    /// The lockdown that covers the message: as long as it holds nobody can release it.
    #[schema(required, value_type = Option<shapes::Lockdown>)]
    pub(super) lockdown: Option<Lockdown>,
}

/// A message that is let go.
#[derive(Serialize, ToSchema)]
pub(super) struct Released {
    /// The record.
    pub(super) record: String,
    /// What is to be sent, one for each recipient.
    pub(super) queued: Vec<String>,
    /// Recipients for whom it had been released before.
    pub(super) already: Vec<String>,
}

/// A message whose waiting has ended.
#[derive(Serialize, ToSchema)]
pub(super) struct Deleted {
    /// The record.
    pub(super) record: String,
    /// For how many recipients.
    pub(super) deleted: u64,
}

/// Some of the requests.
#[derive(Serialize, ToSchema)]
pub(super) struct RequestPage {
    /// Oldest first.
    #[schema(value_type = Vec<shapes::Request>)]
    pub(super) items: Vec<Request>,
    /// For the next call, as `after`; `null` is the end.
    #[schema(required)]
    pub(super) next: Option<i64>,
}

/// A request that was answered.
#[derive(Serialize, ToSchema)]
pub(super) struct AnsweredNow {
    /// Number of the request.
    pub(super) request: i64,
    /// What is to be sent.
    pub(super) queued: Vec<String>,
    /// Recipients for whom it had been released before.
    pub(super) already: Vec<String>,
}

/// Some of the lockdowns.
#[derive(Serialize, ToSchema)]
pub(super) struct LockdownPage {
    /// Newest first.
    #[schema(value_type = Vec<shapes::Lockdown>)]
    pub(super) items: Vec<Lockdown>,
    /// For the next call, as `before`; `null` is the end.
    #[schema(required)]
    pub(super) next: Option<i64>,
}

/// How far the lifting of a lockdown is.
#[derive(Serialize, ToSchema)]
pub(super) struct Lifted {
    /// Its id.
    pub(super) lockdown: String,
    /// How far.
    pub(super) lift: Lift,
    /// What has to happen now.
    #[schema(required)]
    pub(super) next: Option<&'static str>,
}

/// How far.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LiftWord)]
pub(super) enum Lift {
    /// One administrator wants it; a second one has to.
    First,
    /// It is lifted.
    Lifted,
    /// It had ended already.
    Over,
}

/// Some of the audit.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditPage {
    /// Newest first.
    #[schema(value_type = Vec<shapes::AuditEntry>)]
    pub(super) items: Vec<AuditEntry>,
    /// For the next call, as `before`; `null` is the end.
    #[schema(required)]
    pub(super) next: Option<i64>,
}
