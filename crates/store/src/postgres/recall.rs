//! What one verdict needs, on PostgreSQL: one statement, one round trip.

use sekisho_record::history::{Answers, Count, Questions};

use crate::{
    StoreError,
    lesson::HASHES_BYTES_MAX,
    limits,
    postgres::Postgres,
    recall::{Asked, MatchRow, Rows, answers, seen, why},
    text::unhex,
};

const RECALL: &str = include_str!("recall.sql");

type Row = (i64, i64, i64, String, String, String, String, i64, i64, i64, i64);

fn count(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

impl Postgres {
    /// Answers the questions.
    pub(crate) async fn recall(&self, questions: &Questions) -> Result<Answers, StoreError> {
        let asked = Asked::new(questions, &self.salt);
        let rows: Vec<Row> = sqlx::query_as(RECALL)
            .bind(&asked.subjects)
            .bind(asked.exact.iter().map(|t| t.0).collect::<Vec<_>>())
            .bind(asked.exact.iter().map(|t| t.1.as_str()).collect::<Vec<_>>())
            .bind(asked.exact.iter().map(|t| t.2.as_str()).collect::<Vec<_>>())
            .bind(asked.windows.iter().map(|w| w.0).collect::<Vec<_>>())
            .bind(asked.windows.iter().map(|w| w.1).collect::<Vec<_>>())
            .bind(asked.windows.iter().map(|w| w.2).collect::<Vec<_>>())
            .bind(asked.windows.iter().map(|w| w.3).collect::<Vec<_>>())
            .bind(count(limits::WINDOW_TICKS_MAX + 1))
            .bind(&asked.message_ids)
            .bind(&asked.subject_keys)
            .bind(&asked.shingles)
            .bind(asked.threads)
            .bind(asked.most.0)
            .bind(asked.thread_values.0)
            .bind(count(limits::ASPECTS_MAX))
            .bind(count(limits::SAME_ID_MAX))
            .bind(count(limits::SAME_SHINGLE_MAX))
            .bind(count(limits::QUOTED_MAX))
            .bind(count(limits::SAME_SUBJECT_MAX))
            .bind(asked.most.1)
            .bind(asked.thread_values.1)
            .bind(i32::try_from(HASHES_BYTES_MAX).unwrap_or(i32::MAX))
            .bind(asked.windows.iter().map(|w| w.4.as_str()).collect::<Vec<_>>())
            .bind(&asked.aliases)
            .bind(count(limits::SAME_ALIAS_MAX))
            .fetch_all(&self.pool)
            .await?;
        Ok(answers(questions, &asked, sort(rows)))
    }
}

/// Rows of the statement by their part.
fn sort(rows: Vec<Row>) -> Rows {
    let mut out = Rows::default();
    let number = |n: i64| u64::try_from(n).unwrap_or_default();
    for (part, place, thread, a, b, c, d, n1, n2, n3, n4) in rows {
        let place = usize::try_from(place - 1).unwrap_or_default();
        match part {
            1 => out.totals.push((place, (a, seen(n1, n2, n3), number(n4)))),
            2 => out.values.push((place, (a, b, seen(n1, n2, n3)))),
            3 => out.exact.push((place, seen(n1, n2, n3))),
            4 => {
                let count = Count { count: number(n1), distinct: number(n2), new: number(n3), capped: false };
                out.windows.push((place, count));
            }
            5 => out.matches.push(MatchRow {
                why: why(n1),
                question: place,
                overlap: u32::try_from(n3).unwrap_or(u32::MAX),
                record: a,
                thread,
                at: n2,
                sender: b,
                participants: c,
                hashes: unhex(&d).unwrap_or_default(),
            }),
            6 => out.thread_totals.push((thread, (a, seen(n1, n2, n3), number(n4)))),
            _ => out.thread_values.push((thread, (a, b, seen(n1, n2, n3)))),
        }
    }
    out
}
