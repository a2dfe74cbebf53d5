//! What one verdict needs, on SQLite: many small statements of one moment, each a walk down an index.
//!
//! * They run on the caller's thread ([`super::here`]): finding a row costs a microsecond or two, so what is asked is asked
//!   plainly, and most of it not at all, since most subjects of a message are new.
//! * `CROSS JOIN` keeps SQLite to the written order: from the question to the row, never the other way.
//! * `LIMIT ?1 + 0`, never `LIMIT ?1`: SQLite plans for the number in the second, and so prepares the whole statement
//!   anew each time that a number is bound.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params, Row, params};
use sekisho_record::history::{Answers, Count, Questions, Seen, Why};

use crate::{
    StoreError,
    lesson::HASHES_BYTES_MAX,
    limits,
    recall::{Asked, MatchRow, Rows, TotalRow, ValueRow, answers, best_threads, seen},
    sqlite::Sqlite,
    words::Words,
};

/// Totals of a subject, those of the aspects that were met first.
const TOTALS: &str = "SELECT aspect, count, first_at, last_at, distinct_values FROM total WHERE subject = ?1
     ORDER BY aspect LIMIT ?2 + 0";
/// All values of its aspects that have few, up to an aspect.
const FEW_VALUES: &str = "SELECT v.aspect, v.value, v.count, v.first_at, v.last_at FROM total t CROSS JOIN trait v
     WHERE t.subject = ?1 AND t.aspect <= ?2 AND t.distinct_values <= ?3 AND v.subject = ?1 AND v.aspect = t.aspect";
/// Of an aspect that has many the values with the highest ranks, and as many as are told in alphabetical order, since a
/// value that was seen once has no rank.
const BEST_VALUES: &str = "SELECT aspect, value, count, first_at, last_at FROM trait
     WHERE subject = ?1 AND aspect = ?2 AND value IN (
       SELECT value FROM (SELECT value FROM trait INDEXED BY trait_by_rank
         WHERE subject = ?1 AND aspect = ?2 AND rank > 1 ORDER BY rank DESC, value LIMIT ?3 + 0)
       UNION
       SELECT value FROM (SELECT value FROM trait
         WHERE subject = ?1 AND aspect = ?2 ORDER BY value LIMIT ?4 + 0))";
const EXACT: &str =
    "SELECT count, first_at, last_at FROM trait WHERE subject = ?1 AND aspect = ?2 AND value = ?3";
/// The newest ticks of a window.
const TICKS: &str = "SELECT value FROM tick WHERE subject = ?1 AND kind = ?2 AND at >= ?3 AND at < ?4
     ORDER BY at DESC LIMIT ?5 + 0";
const OLDER: &str = "SELECT 1 FROM trait WHERE subject = ?1 AND aspect = ?2 AND value = ?3 AND first_at < ?4";
const SHINGLE: &str = "SELECT message FROM shingle WHERE hash = ?1 ORDER BY message DESC LIMIT ?2 + 0";

/// Columns of a [`MatchRow`].
macro_rules! matching {
    ($($rest:literal),+) => {
        concat!("SELECT record, thread, at, sender, participants, substr(lesson, 1, ?2) FROM message WHERE learnt = 1 AND ",
            $($rest),+)
    };
}
const BY_ID: &str = matching!("message_id = ?1 ORDER BY id DESC LIMIT ?3 + 0");
const BY_SUBJECT: &str = matching!("subject_key = ?1 ORDER BY at DESC, id DESC LIMIT ?3 + 0");
const BY_ALIAS: &str =
    matching!("id IN (SELECT message FROM alias WHERE key = ?1 ORDER BY message DESC LIMIT ?3 + 0)");
const BY_NUMBER: &str = matching!("id = ?1 LIMIT ?3 + 0");

fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

impl Sqlite {
    /// Answers the questions, on this thread.
    pub(crate) async fn recall(&self, questions: &Questions) -> Result<Answers, StoreError> {
        let asked = Asked::new(questions, &self.salt);
        let reader = self.readers.take().await?;
        let connection = reader.connection()?;
        connection.prepare_cached("BEGIN")?.execute([])?;
        let rows = Reading { connection, words: &self.words }.everything(&asked)?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        reader.sound();
        Ok(answers(questions, &asked, rows))
    }
}

/// Rows and what they answer: the place of a question, or the key of a thread.
type Placed<P, R> = Vec<(P, R)>;

/// Totals and frequent values.
type Known<P> = (Placed<P, TotalRow>, Placed<P, ValueRow>);

/// Reads what is asked for, in one transaction.
struct Reading<'a> {
    connection: &'a Connection,
    /// Aspects that this process has read before.
    words: &'a Words,
}

impl Reading<'_> {
    fn everything(&self, asked: &Asked) -> Result<Rows, StoreError> {
        let mut rows = Rows { matches: self.matches(asked)?, ..Rows::default() };
        rows.exact = self.exact(asked)?;
        rows.windows = self.windows(asked)?;
        (rows.totals, rows.values) = self.known(asked.subjects.iter().copied().enumerate(), asked.most)?;
        let threads = best_threads(&rows.matches, asked.threads).into_iter().map(|thread| (thread, thread));
        (rows.thread_totals, rows.thread_values) = self.known(threads, asked.thread_values)?;
        Ok(rows)
    }

    fn prepared(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    /// Totals and frequent values of subjects, each with its place.
    fn known<P: Copy>(
        &self,
        subjects: impl Iterator<Item = (P, i64)>,
        (look_at, told): (i64, i64),
    ) -> Result<Known<P>, StoreError> {
        let (mut totals, mut values) = (Vec::new(), Vec::new());
        let (mut all, mut few) = (self.prepared(TOTALS)?, self.prepared(FEW_VALUES)?);
        for (place, subject) in subjects {
            let (mut last, mut some, mut many) = (None, false, Vec::new());
            let mut rows = all.query([subject, limit(limits::ASPECTS_MAX)])?;
            while let Some(row) = rows.next()? {
                let (aspect, distinct): (i64, i64) = (row.get(0)?, row.get(4)?);
                if distinct > look_at {
                    many.push(aspect)
                } else {
                    some = true
                }
                last = Some(aspect);
                let Some(name) = self.name(aspect)? else { continue };
                let seen = seen(row.get(1)?, row.get(2)?, row.get(3)?);
                totals.push((place, (name, seen, u64::try_from(distinct).unwrap_or_default())));
            }
            let Some(last) = last.filter(|_| told > 0) else { continue };
            if some {
                self.values(&mut few, [subject, last, look_at], place, &mut values)?;
            }
            for aspect in many {
                let mut best = self.prepared(BEST_VALUES)?;
                self.values(&mut best, [subject, aspect, look_at, told], place, &mut values)?;
            }
        }
        Ok((totals, values))
    }

    fn values<P: Copy>(
        &self,
        statement: &mut CachedStatement<'_>,
        of: impl Params,
        place: P,
        out: &mut Placed<P, ValueRow>,
    ) -> Result<(), StoreError> {
        let mut rows = statement.query(of)?;
        while let Some(row) = rows.next()? {
            if let Some(name) = self.name(row.get(0)?)? {
                out.push((place, (name, row.get(1)?, seen(row.get(2)?, row.get(3)?, row.get(4)?))));
            }
        }
        Ok(())
    }

    fn exact(&self, asked: &Asked) -> Result<Placed<usize, Seen>, StoreError> {
        let mut statement = self.prepared(EXACT)?;
        let mut out = Vec::new();
        for (place, (subject, aspect, value)) in asked.exact.iter().enumerate() {
            let Some(aspect) = self.number(aspect)? else { continue };
            let row = |row: &Row<'_>| Ok(seen(row.get(0)?, row.get(1)?, row.get(2)?));
            if let Some(seen) = statement.query_row(params![subject, aspect, value], row).optional()? {
                out.push((place, seen));
            }
        }
        Ok(out)
    }

    fn windows(&self, asked: &Asked) -> Result<Placed<usize, Count>, StoreError> {
        let mut statement = self.prepared(TICKS)?;
        let mut out = Vec::new();
        for (place, (subject, kind, since, until, name)) in asked.windows.iter().enumerate() {
            let of = [*subject, *kind, *since, *until, limit(limits::WINDOW_TICKS_MAX + 1)];
            let mut values: HashMap<String, u64> = HashMap::new();
            let mut rows = statement.query(of)?;
            while let Some(row) = rows.next()? {
                let value = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                match values.get_mut(value) {
                    Some(count) => *count += 1,
                    None => drop(values.insert(value.to_owned(), 1)),
                }
            }
            if values.is_empty() {
                continue;
            }
            let (count, distinct) = (values.values().sum(), values.len() as u64);
            let new = match self.number(name)? {
                Some(aspect) => self.newer(*subject, aspect, *since, values.keys())?,
                None => distinct,
            };
            out.push((place, Count { count, distinct, new, capped: false }));
        }
        Ok(out)
    }

    /// How many of these values the subject did not have before that time.
    fn newer<'v>(
        &self,
        subject: i64,
        aspect: i64,
        since: i64,
        values: impl Iterator<Item = &'v String>,
    ) -> Result<u64, StoreError> {
        let mut older = self.prepared(OLDER)?;
        let mut new = 0;
        for value in values {
            new += u64::from(!older.exists(params![subject, aspect, value, since])?);
        }
        Ok(new)
    }

    fn matches(&self, asked: &Asked) -> Result<Vec<MatchRow>, StoreError> {
        let mut out = Vec::new();
        let mut all = |why, sql, keys: &[i64], most| -> Result<(), StoreError> {
            if keys.is_empty() {
                return Ok(());
            }
            let mut statement = self.prepared(sql)?;
            for (question, key) in keys.iter().enumerate() {
                self.matching(&mut statement, [*key, 0, limit(most)], (why, question, 0), &mut out)?;
            }
            Ok(())
        };
        all(Why::Reference, BY_ID, &asked.message_ids, limits::SAME_ID_MAX)?;
        all(Why::Subject, BY_SUBJECT, &asked.subject_keys, limits::SAME_SUBJECT_MAX)?;
        all(Why::Alias, BY_ALIAS, &asked.aliases, limits::SAME_ALIAS_MAX)?;
        let mut statement = self.prepared(BY_NUMBER)?;
        for (message, overlap) in self.quoted(asked)? {
            let of = [message, limit(HASHES_BYTES_MAX), 1];
            self.matching(&mut statement, of, (Why::Quote, 0, overlap), &mut out)?;
        }
        Ok(out)
    }

    fn matching(
        &self,
        statement: &mut CachedStatement<'_>,
        of: [i64; 3],
        (why, question, overlap): (Why, usize, u32),
        out: &mut Vec<MatchRow>,
    ) -> Result<(), StoreError> {
        let mut rows = statement.query(of)?;
        while let Some(row) = rows.next()? {
            let (record, thread, at) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (sender, participants, hashes) = (row.get(3)?, row.get(4)?, row.get(5)?);
            out.push(MatchRow { why, question, overlap, record, thread, at, sender, participants, hashes });
        }
        Ok(())
    }

    /// Messages that share most text hashes with what is asked, and how many.
    fn quoted(&self, asked: &Asked) -> Result<Vec<(i64, u32)>, StoreError> {
        let mut shared: BTreeMap<i64, u32> = BTreeMap::new();
        let mut statement = self.prepared(SHINGLE)?;
        for hash in &asked.shingles {
            let mut rows = statement.query([*hash, limit(limits::SAME_SHINGLE_MAX)])?;
            while let Some(row) = rows.next()? {
                *shared.entry(row.get(0)?).or_default() += 1;
            }
        }
        let mut best: Vec<(i64, u32)> = shared.into_iter().collect();
        best.sort_unstable_by_key(|(message, overlap)| std::cmp::Reverse((*overlap, *message)));
        best.truncate(limits::QUOTED_MAX);
        Ok(best)
    }

    /// The aspect of a number.
    fn name(&self, number: i64) -> Result<Option<String>, StoreError> {
        if let Some(name) = self.words.name(number) {
            return Ok(Some(name));
        }
        let sql = "SELECT name FROM word WHERE id = ?1";
        let found: Option<String> = self.prepared(sql)?.query_row([number], |row| row.get(0)).optional()?;
        self.words.note(found.iter().map(|name| (name.clone(), number)).collect());
        Ok(found)
    }

    /// The number of an aspect; one that another process has just given, too.
    fn number(&self, name: &str) -> Result<Option<i64>, StoreError> {
        if let Some(number) = self.words.number(name) {
            return Ok(Some(number));
        }
        let sql = "SELECT id FROM word WHERE name = ?1";
        let found = self.prepared(sql)?.query_row([name], |row| row.get(0)).optional()?;
        self.words.note(found.iter().map(|number| (name.to_owned(), *number)).collect());
        Ok(found)
    }
}
