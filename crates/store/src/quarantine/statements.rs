//! The statements of the quarantine: what a transaction of either engine has to offer for it.

use sekisho_record::quarantine::{AuditEntry, Effect, State};

use super::{ForRow, HeldRow};
use crate::{StoreError, store::PulseColumns, sweep::Objects};

/// A new row of `held`.
#[derive(Debug)]
pub(crate) struct NewHeld {
    pub(crate) record: String,
    pub(crate) key: String,
    pub(crate) at: i64,
    pub(crate) class: i64,
    pub(crate) direction: String,
    pub(crate) campaign: String,
    pub(crate) claimed: String,
    pub(crate) senders: String,
    pub(crate) rules: String,
    pub(crate) address: String,
    pub(crate) text: String,
    pub(crate) data: String,
    pub(crate) recipients: Vec<NewFor>,
}

/// A new row of `held_for`.
#[derive(Debug)]
pub(crate) struct NewFor {
    pub(crate) place: i64,
    pub(crate) address: String,
    pub(crate) key: String,
    pub(crate) groups: String,
}

/// A row of `lockdown` as it is read: id, kind, value, reason, by, since, until, first and second by and at, expired.
pub(crate) type LockColumns = (
    String,
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
);

/// A row of `request` as it is read: id, record, recipient, at, by, words, answer, at, by, words, held, key.
pub(crate) type RequestColumns =
    (i64, String, String, i64, String, String, i64, i64, String, String, i64, String);

/// A row of `effect` as it is read: id, key, kind, record, payload, tries, next, state, error.
pub(crate) type EffectColumns = (i64, String, String, String, String, i64, i64, i64, String);

/// What a search binds.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) class: i64,
    pub(crate) state: i64,
    pub(crate) direction: String,
    pub(crate) since: i64,
    /// Key of one recipient, walked by the index.
    pub(crate) recipient: String,
    /// Domain of recipients, with its `@`.
    pub(crate) domain: String,
    pub(crate) sender: String,
    pub(crate) rule: String,
    pub(crate) brand: String,
    pub(crate) campaign: String,
    /// JSON list.
    pub(crate) words: String,
    pub(crate) after: (i64, i64),
    pub(crate) limit: i64,
}

/// A held message as a search reads it: id, at, campaign, address, recipients, data.
pub(crate) type FoundColumns = (i64, i64, String, String, i64, String);

/// A recipient as a search reads it: held, address, groups, state, by, since.
pub(crate) type FoundForColumns = (i64, String, String, i64, String, i64);

/// A recipient who has not been told yet: held, address, state, since when.
pub(crate) type UntoldColumns = (i64, String, i64, i64);

/// One transaction: statements without decisions.
pub(crate) trait Gate: Objects {
    /// No lockdown begins or ends until this transaction ends; waits for one that is under way.
    async fn pass(&mut self) -> Result<(), StoreError>;
    /// Nobody passes until this transaction ends; waits for those that are under way.
    async fn shut(&mut self) -> Result<(), StoreError>;

    /// Record of the message with this key that was held behind that time.
    async fn same_held(&mut self, key: &str, since: i64) -> Result<Option<String>, StoreError>;
    /// A new message; `None` if its record is held already.
    async fn add_held(&mut self, row: &NewHeld) -> Result<Option<i64>, StoreError>;
    /// Its recipients.
    async fn add_recipients(&mut self, held: i64, at: i64, rows: &[NewFor]) -> Result<(), StoreError>;
    /// A held message, locked until the transaction ends.
    async fn held_row(&mut self, record: &str) -> Result<Option<HeldRow>, StoreError>;
    /// Its recipients: those with these keys, or all.
    async fn recipients(&mut self, held: i64, keys: Option<&[String]>) -> Result<Vec<ForRow>, StoreError>;
    /// How it stands with some of its recipients.
    async fn set_state(
        &mut self,
        held: i64,
        places: &[i64],
        state: State,
        by: &str,
        now: i64,
    ) -> Result<(), StoreError>;
    /// The campaign of a message.
    async fn set_campaign(&mut self, held: i64, campaign: &str) -> Result<(), StoreError>;

    /// Appends to the audit.
    async fn audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError>;
    /// Entries before this number, newest first.
    async fn entries(
        &mut self,
        on: &str,
        who: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<(i64, String)>, StoreError>;

    /// Lockdowns that hold at that time and may cover the record (those of other records left out); all for `None`.
    async fn locks(&mut self, record: Option<&str>, now: i64) -> Result<Vec<LockColumns>, StoreError>;
    /// One lockdown.
    async fn lock_row(&mut self, id: &str) -> Result<Option<LockColumns>, StoreError>;
    /// Lockdowns before this number, newest first, with their numbers.
    async fn lock_list(&mut self, before: i64, limit: i64) -> Result<Vec<(i64, String)>, StoreError>;
    /// A new one; false if it is there.
    async fn add_lock(&mut self, row: &LockColumns, records: &[String]) -> Result<bool, StoreError>;
    /// Records of a lockdown, some of them.
    async fn locked_records(&mut self, id: &str) -> Result<Vec<String>, StoreError>;
    /// Notes the first administrator.
    async fn lift_first(&mut self, id: &str, by: &str, now: i64) -> Result<(), StoreError>;
    /// Notes the second, and ends it.
    async fn lift_second(&mut self, id: &str, by: &str, now: i64) -> Result<(), StoreError>;
    /// Ends those whose time is over.
    async fn expire(&mut self, now: i64) -> Result<Vec<String>, StoreError>;

    /// The open request for a recipient.
    async fn open_request(&mut self, held: i64, key: &str) -> Result<Option<i64>, StoreError>;
    /// A new one.
    async fn add_request(
        &mut self,
        row: (i64, &str),
        whom: (&str, &str),
        by: &str,
        words: &str,
        now: i64,
    ) -> Result<i64, StoreError>;
    /// One request.
    async fn request_row(&mut self, id: i64) -> Result<Option<RequestColumns>, StoreError>;
    /// Answers the open requests for these recipients.
    async fn answer(
        &mut self,
        held: i64,
        keys: &[String],
        how: i64,
        by: &str,
        words: &str,
        now: i64,
    ) -> Result<(), StoreError>;
    /// Requests behind this number, oldest first.
    async fn request_list(
        &mut self,
        open: bool,
        after: i64,
        limit: i64,
    ) -> Result<Vec<RequestColumns>, StoreError>;
    /// Requests for a message.
    async fn requests_for(&mut self, record: &str, limit: i64) -> Result<Vec<RequestColumns>, StoreError>;

    /// Keys of recipients with messages of that time of which they have not been told.
    async fn untold_keys(&mut self, since: i64, before: i64, limit: i64) -> Result<Vec<String>, StoreError>;
    /// The oldest of these messages of one recipient, locked until the transaction ends.
    async fn untold(
        &mut self,
        key: &str,
        since: i64,
        before: i64,
        limit: i64,
    ) -> Result<Vec<UntoldColumns>, StoreError>;
    /// Number, record and class of these messages.
    async fn held_named(&mut self, ids: &[i64]) -> Result<Vec<(i64, String, i64)>, StoreError>;
    /// The recipient has been told of these messages.
    async fn mark_told(&mut self, key: &str, ids: &[i64]) -> Result<(), StoreError>;
    /// The oldest requests since that time, answered or not, of which nobody has been told, locked until the transaction
    /// ends.
    async fn untold_requests(
        &mut self,
        answered: bool,
        since: i64,
        limit: i64,
    ) -> Result<Vec<RequestColumns>, StoreError>;
    /// Somebody has been told of these requests, or of their answers.
    async fn mark_requests(&mut self, ids: &[i64], answered: bool) -> Result<(), StoreError>;

    /// New effects; those whose key is there are left out of the answer.
    async fn add_effects(&mut self, rows: &[(&Effect, String)]) -> Result<Vec<String>, StoreError>;
    /// Effects that are due become this node's until `lease`.
    async fn take(
        &mut self,
        now: i64,
        node: &str,
        lease: i64,
        limit: i64,
    ) -> Result<Vec<EffectColumns>, StoreError>;
    /// Whether it was still waiting.
    async fn end_effect(&mut self, key: &str, now: i64) -> Result<bool, StoreError>;
    /// The tries of an effect that this node has.
    async fn tries(&mut self, key: &str, node: &str) -> Result<Option<(i64, String)>, StoreError>;
    /// It failed: tried again at `next_at`, or given up.
    async fn put_back(
        &mut self,
        key: &str,
        tries: i64,
        next_at: i64,
        failed: bool,
        error: &str,
    ) -> Result<(), StoreError>;
    /// Failed ones, or waiting ones, behind this number.
    async fn effect_list(
        &mut self,
        state: i64,
        after: i64,
        limit: i64,
    ) -> Result<Vec<EffectColumns>, StoreError>;

    /// A value of `meta`, and how many wait, have failed, ask and hold.
    async fn pulse(&mut self, meta: &str, now: i64) -> Result<PulseColumns, StoreError>;

    /// One page of a search.
    async fn find(&mut self, wanted: &Wanted) -> Result<Vec<FoundColumns>, StoreError>;
    /// The last message that a page of that search has looked at, if it did not come to the end.
    async fn looked_at(&mut self, wanted: &Wanted) -> Result<Option<(i64, i64)>, StoreError>;
    /// One held message.
    async fn found(&mut self, record: &str) -> Result<Option<FoundColumns>, StoreError>;
    /// The first recipients of these messages, and this one.
    async fn found_for(&mut self, ids: &[i64], key: &str) -> Result<Vec<FoundForColumns>, StoreError>;

    /// Old messages of a class: those that wait, or those that nobody waits for.
    async fn old_held(&mut self, class: i64, waiting: bool, cutoff: i64) -> Result<Vec<String>, StoreError>;
    /// Removes a message with all that hangs on it.
    async fn drop_held(&mut self, held: i64) -> Result<(), StoreError>;
    /// Whether an effect waits for the record.
    async fn in_outbox(&mut self, record: &str) -> Result<bool, StoreError>;
    /// Whether a held message has these bytes.
    async fn holds(&mut self, address: &str) -> Result<bool, StoreError>;
    /// Notes of objects of a class before that time that no held message has.
    async fn orphans(&mut self, class: &str, cutoff: i64) -> Result<Vec<String>, StoreError>;
    /// Given up, and waiting again.
    async fn wake(&mut self, key: &str, now: i64) -> Result<Option<String>, StoreError>;
    /// Removes old rows of effects that were done or given up, and of the audit.
    async fn drop_old(&mut self, ended: i64, audit: i64) -> Result<u64, StoreError>;
}
