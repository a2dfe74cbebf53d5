//! Learning, taking back, forgetting: the same steps on both engines, inside one transaction of theirs.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_record::history::Opinion;

use crate::{
    StoreError,
    lesson::{self, Coded, joined, split},
    limits,
    plan::{Changes, Delta, Planned, TickRow, TraitKey, Which, rank},
    store::{Forgotten, Opined},
    text::Salt,
};

/// A new row of `message`.
#[derive(Debug, Clone)]
pub(crate) struct MessageRow {
    pub(crate) record: String,
    pub(crate) at: i64,
    pub(crate) message_id: Option<i64>,
    pub(crate) subject_key: Option<i64>,
    pub(crate) thread: i64,
    pub(crate) thread_at: i64,
    pub(crate) learnt: bool,
    pub(crate) opinion: Opinion,
    pub(crate) sender: String,
    pub(crate) participants: String,
    pub(crate) lesson: Vec<u8>,
}

/// What is stored of a message and matters for taking it back.
#[derive(Debug, Clone)]
pub(crate) struct StoredRow {
    pub(crate) id: i64,
    pub(crate) thread: i64,
    pub(crate) learnt: bool,
    pub(crate) opinion: Opinion,
    pub(crate) lesson: Coded,
}

/// The same as it is read: number, thread, learnt, opinion, time, sender, participants, lesson.
pub(crate) type StoredColumns = (i64, i64, i64, i64, i64, String, String, Vec<u8>);

impl StoredRow {
    /// From its columns.
    pub(crate) fn of(columns: StoredColumns) -> Result<Self, StoreError> {
        let (id, thread, learnt, opinion, at, sender, participants, packed) = columns;
        Ok(Self {
            id,
            thread,
            learnt: learnt != 0,
            opinion: Opinion::from_number(opinion),
            lesson: lesson::unpack(&packed, at, &sender, &participants)?,
        })
    }
}

/// A stored message of the same name as it is read: alias, subject key, thread, its first time, sender, participants.
pub(crate) type NamesakeColumns = (i64, Option<i64>, i64, i64, String, String);

/// A row of `trait` after a change.
#[derive(Debug)]
pub(crate) struct CountedRow {
    pub(crate) key: TraitKey,
    pub(crate) count: i64,
    pub(crate) rank: i64,
}

/// A change of a row of `total`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TotalDelta {
    pub(crate) delta: Delta,
    pub(crate) distinct: i64,
}

/// Rows of `total` by subject and aspect.
pub(crate) type Totals = BTreeMap<(i64, i64), TotalDelta>;

/// A log entry of `opinion`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) record: &'a str,
    pub(crate) at: i64,
    pub(crate) opinion: Opinion,
    pub(crate) by: &'a str,
}

/// One writing transaction: statements without decisions. The engines differ in nothing else.
pub(crate) trait Work {
    /// Which of these records are stored.
    async fn known(&mut self, records: &[String]) -> Result<BTreeSet<String>, StoreError>;
    /// The numbers of these words; those that have none get one, as long as there is room for it.
    async fn words(&mut self, words: &[String]) -> Result<Vec<(String, i64)>, StoreError>;
    /// Message id, thread and its first time of stored messages that are learnt.
    async fn parents(&mut self, message_ids: &[i64]) -> Result<Vec<(i64, i64, i64)>, StoreError>;
    /// The newest records with this message id of this author, and the numbers of what is thought of them.
    async fn copies(&mut self, message_id: i64, sender: &str) -> Result<Vec<(String, i64)>, StoreError>;
    /// The newest learnt messages of these aliases.
    async fn namesakes(&mut self, aliases: &[i64]) -> Result<Vec<NamesakeColumns>, StoreError>;
    /// New messages; those that another node was quicker with are left out of the answer.
    async fn claim(&mut self, rows: &[MessageRow]) -> Result<Vec<(String, i64)>, StoreError>;
    /// A stored message, locked until the transaction ends.
    async fn lock(&mut self, record: &str) -> Result<Option<StoredRow>, StoreError>;
    /// Whether the message is learnt, and what is thought of it.
    async fn mark(&mut self, id: i64, learnt: bool, opinion: Opinion) -> Result<(), StoreError>;
    /// Messages and what was said about them are removed.
    async fn remove(&mut self, ids: &[i64], records: &[String]) -> Result<(), StoreError>;
    /// Appends to the log of opinions.
    async fn say(&mut self, said: Said<'_>) -> Result<(), StoreError>;
    /// Adds to counts (also negative numbers) and tells the new ones.
    async fn count(&mut self, rows: &BTreeMap<TraitKey, Delta>) -> Result<Vec<CountedRow>, StoreError>;
    /// Writes ranks.
    async fn rank(&mut self, rows: &[(TraitKey, i64)]) -> Result<(), StoreError>;
    /// Removes these traits if nothing is counted of them.
    async fn prune(&mut self, rows: &[TraitKey]) -> Result<(), StoreError>;
    /// Adds to totals (also negative numbers), then removes those that count nothing.
    async fn total(&mut self, rows: &Totals) -> Result<(), StoreError>;
    /// Adds ticks.
    async fn tick(&mut self, rows: &BTreeSet<TickRow>) -> Result<(), StoreError>;
    /// Removes ticks.
    async fn untick(&mut self, rows: &BTreeSet<TickRow>) -> Result<(), StoreError>;
    /// Adds text hashes.
    async fn shingle(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError>;
    /// Removes text hashes.
    async fn unshingle(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError>;
    /// Adds aliases.
    async fn alias(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError>;
    /// Removes aliases.
    async fn unalias(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError>;
}

/// Learns what is not learnt yet; returns how many lessons were new.
pub(crate) async fn learn<W: Work>(
    work: &mut W,
    lessons: &[Planned],
    salt: &Salt,
) -> Result<u64, StoreError> {
    let records: Vec<String> = lessons.iter().map(|l| l.record.clone()).collect();
    let mut seen = work.known(&records).await?;
    let fresh: Vec<&Planned> = lessons.iter().filter(|l| seen.insert(l.record.clone())).collect();
    if fresh.is_empty() {
        return Ok(0);
    }
    let parents: BTreeSet<i64> = fresh.iter().flat_map(|l| l.parents.iter().copied()).collect();
    let parents = work.parents(&parents.into_iter().collect::<Vec<_>>()).await?;
    let aliases: BTreeSet<i64> = fresh.iter().flat_map(|l| l.lesson.aliases.iter().copied()).collect();
    let namesakes = match aliases.is_empty() {
        true => Vec::new(),
        false => work.namesakes(&aliases.into_iter().collect::<Vec<_>>()).await?,
    };
    let mut rows = threads(&fresh, &parents, namesakes, salt);
    rows.sort_unstable_by(|a, b| a.record.cmp(&b.record));
    let ids: BTreeMap<String, i64> = work.claim(&rows).await?.into_iter().collect();
    let threads: BTreeMap<&str, i64> = rows.iter().map(|r| (r.record.as_str(), r.thread)).collect();
    let mut changes = Changes::default();
    for Planned { record, lesson, opinion, .. } in fresh {
        let record = record.as_str();
        let (Some(&id), Some(&thread)) = (ids.get(record), threads.get(record)) else { continue };
        if opinion.teaches() {
            changes.teach(lesson, id, thread, 1);
        }
        changes.ticks(lesson, id, thread, 1, Which::Lasting);
        changes.opinion(lesson, thread, *opinion, 1);
    }
    apply(work, changes).await?;
    Ok(u64::try_from(ids.len()).unwrap_or_default())
}

/// The thread of each lesson: that of its parents, stored or earlier in the batch, of several the one that began
/// first; without a known parent that of a namesake ([`Namesakes`]); else its own.
fn threads(
    fresh: &[&Planned],
    stored: &[(i64, i64, i64)],
    namesakes: Vec<NamesakeColumns>,
    salt: &Salt,
) -> Vec<MessageRow> {
    let mut known: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    let note = |known: &mut BTreeMap<i64, (i64, i64)>, id: i64, thread: (i64, i64)| {
        known.entry(id).and_modify(|best| *best = thread.min(*best)).or_insert(thread);
    };
    for &(id, thread, thread_at) in stored {
        note(&mut known, id, (thread_at, thread));
    }
    let mut namesakes = Namesakes::stored(namesakes);
    let mut rows = Vec::with_capacity(fresh.len());
    for planned in fresh {
        let Planned { record, opinion, lesson, packed, message_id, subject_key, parents } = planned;
        let parent = parents.iter().filter_map(|p| known.get(p)).min().copied();
        let found = parent.or_else(|| namesakes.thread(planned));
        let (thread_at, thread) = found.unwrap_or_else(|| (lesson.at, salt.thread(record)));
        let learnt = opinion.teaches();
        if let Some(id) = message_id.filter(|_| learnt) {
            note(&mut known, id, (thread_at, thread));
        }
        if learnt {
            namesakes.note(planned, (thread_at, thread));
        }
        rows.push(MessageRow {
            record: record.clone(),
            at: lesson.at,
            message_id: *message_id,
            subject_key: *subject_key,
            thread,
            thread_at,
            learnt,
            opinion: *opinion,
            sender: lesson.sender.clone(),
            participants: joined(&lesson.sender, &lesson.participants),
            lesson: packed.clone(),
        });
    }
    rows
}

/// Messages by their aliases, the newest [`limits::SAME_ALIAS_MAX`] of each. An alias can be copied, and mail that has
/// nothing to do with each other may bear the same: it joins a message to a thread only where the subject is the same and
/// somebody beside the author took part in both, or the author in the other's message.
struct Namesakes(BTreeMap<i64, Vec<Namesake>>);

struct Namesake {
    subject_key: Option<i64>,
    /// First time and key.
    thread: (i64, i64),
    sender: String,
    participants: Vec<String>,
}

impl Namesakes {
    /// From rows, the oldest first.
    fn stored(rows: Vec<NamesakeColumns>) -> Self {
        let mut out: BTreeMap<i64, Vec<Namesake>> = BTreeMap::new();
        for (alias, subject_key, thread, thread_at, sender, participants) in rows {
            let participants = split(&sender, &participants);
            let namesake = Namesake { subject_key, thread: (thread_at, thread), sender, participants };
            out.entry(alias).or_default().push(namesake);
        }
        Self(out)
    }

    /// Notes a message of the batch.
    fn note(&mut self, planned: &Planned, thread: (i64, i64)) {
        let Planned { lesson, subject_key, .. } = planned;
        for alias in &lesson.aliases {
            let all = self.0.entry(*alias).or_default();
            if all.len() >= limits::SAME_ALIAS_MAX {
                all.remove(0);
            }
            all.push(Namesake {
                subject_key: *subject_key,
                thread,
                sender: lesson.sender.clone(),
                participants: lesson.participants.clone(),
            });
        }
    }

    /// The thread that a message joins, of several the one that began first.
    fn thread(&self, planned: &Planned) -> Option<(i64, i64)> {
        let subject_key = planned.subject_key?;
        let lesson = &planned.lesson;
        let all = lesson.aliases.iter().filter_map(|alias| self.0.get(alias)).flatten();
        let same = all.filter(|n| n.subject_key == Some(subject_key) && n.meets(lesson));
        same.map(|n| n.thread).min()
    }
}

impl Namesake {
    fn meets(&self, lesson: &Coded) -> bool {
        let author = &lesson.sender;
        let took_part = |address: &String| *address == self.sender || self.participants.contains(address);
        (*author != self.sender && took_part(author))
            || lesson.participants.iter().any(|p| p != author && took_part(p))
    }
}

/// Takes back what the records taught, and forgets that they were there.
pub(crate) async fn forget<W: Work>(work: &mut W, records: &[String]) -> Result<Forgotten, StoreError> {
    let (mut changes, mut out) = (Changes::default(), Forgotten::default());
    let (mut ids, mut gone) = (Vec::new(), Vec::new());
    for record in records.iter().collect::<BTreeSet<_>>() {
        let Some(row) = work.lock(record).await? else {
            out.unknown += 1;
            continue;
        };
        if row.learnt {
            changes.teach(&row.lesson, row.id, row.thread, -1);
        }
        changes.ticks(&row.lesson, row.id, row.thread, -1, Which::Lasting);
        changes.opinion(&row.lesson, row.thread, row.opinion, -1);
        ids.push(row.id);
        gone.push(record.clone());
        out.forgotten += 1;
    }
    if !ids.is_empty() {
        apply(work, changes).await?;
        work.remove(&ids, &gone).await?;
    }
    Ok(out)
}

/// Notes an opinion; a malicious message is taken back, any other that was taken back is learnt again.
pub(crate) async fn opine<W: Work>(work: &mut W, said: Said<'_>) -> Result<Opined, StoreError> {
    let Some(row) = work.lock(said.record).await? else {
        return Ok(Opined::Unknown);
    };
    work.say(said).await?;
    let mut changes = Changes::default();
    changes.opinion(&row.lesson, row.thread, row.opinion, -1);
    changes.opinion(&row.lesson, row.thread, said.opinion, 1);
    let learnt = said.opinion.teaches();
    let out = match (row.learnt, learnt) {
        (true, false) => {
            changes.teach(&row.lesson, row.id, row.thread, -1);
            Opined::TakenBack
        }
        (false, true) => {
            changes.teach(&row.lesson, row.id, row.thread, 1);
            Opined::LearntAgain
        }
        _ => Opined::Noted,
    };
    apply(work, changes).await?;
    work.mark(row.id, learnt, said.opinion).await?;
    Ok(out)
}

/// Writes the changes. A trait that was swept meanwhile has nothing left to take back: the row that a negative number
/// would make is removed at once, and totals count only what really changed.
async fn apply<W: Work>(work: &mut W, changes: Changes) -> Result<(), StoreError> {
    let mut traits = changes.traits;
    traits.retain(|_, delta| delta.count != 0);
    let (mut totals, mut ranks, mut empty) = (Totals::new(), Vec::new(), Vec::new());
    if !traits.is_empty() {
        for row in work.count(&traits).await? {
            let Some(delta) = traits.get(&row.key) else { continue };
            let (before, after) = ((row.count - delta.count).max(0), row.count.max(0));
            let total = TotalDelta {
                delta: Delta { count: after - before, ..*delta },
                distinct: i64::from(after > 0) - i64::from(before > 0),
            };
            add(&mut totals, &row.key, total);
            if after == 0 {
                empty.push(row.key);
            } else if row.rank != rank(row.count) {
                ranks.push((row.key, rank(row.count)));
            }
        }
        work.prune(&empty).await?;
        work.rank(&ranks).await?;
        work.total(&totals).await?;
    }
    work.tick(&changes.ticks).await?;
    work.untick(&changes.ticks_gone).await?;
    work.shingle(&changes.shingles).await?;
    work.unshingle(&changes.shingles_gone).await?;
    work.alias(&changes.aliases).await?;
    work.unalias(&changes.aliases_gone).await
}

fn add(totals: &mut Totals, key: &TraitKey, change: TotalDelta) {
    if change.delta.count == 0 && change.distinct == 0 {
        return;
    }
    let total = totals
        .entry((key.0, key.1))
        .and_modify(|total| total.delta.merge(change.delta))
        .or_insert(TotalDelta { delta: change.delta, distinct: 0 });
    total.distinct += change.distinct;
}
