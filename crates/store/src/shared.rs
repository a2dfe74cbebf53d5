//! Statements that both engines spell alike, as methods of their transactions.

/// Methods of `Work` with one text for both engines; `$lock` is appended where a row has to be held.
macro_rules! shared_work {
    ($lock:literal) => {
        async fn lock(&mut self, record: &str) -> Result<Option<StoredRow>, StoreError> {
            let row: Option<StoredColumns> = sqlx::query_as(concat!(
                "SELECT id, thread, learnt, opinion, at, sender, participants, lesson FROM message WHERE record = $1",
                $lock
            ))
            .bind(record)
            .fetch_optional(&mut *self.0)
            .await?;
            row.map(|(id, thread, learnt, opinion, at, sender, participants, packed)| {
                Ok(StoredRow {
                    id,
                    thread,
                    learnt: learnt != 0,
                    opinion: Opinion::from_number(opinion),
                    lesson: lesson::unpack(&packed, at, &sender, &participants)?,
                })
            })
            .transpose()
        }

        async fn copies(&mut self, message_id: i64, sender: &str) -> Result<Vec<(String, i64)>, StoreError> {
            let sql = "SELECT record, opinion FROM message WHERE message_id = $1 AND sender = $2
                 ORDER BY id DESC LIMIT $3";
            let most = i64::try_from(limits::COPIES_MAX).unwrap_or(i64::MAX);
            Ok(sqlx::query_as(sql).bind(message_id).bind(sender).bind(most).fetch_all(&mut *self.0).await?)
        }

        async fn mark(&mut self, id: i64, learnt: bool, opinion: Opinion) -> Result<(), StoreError> {
            sqlx::query("UPDATE message SET learnt = $1, opinion = $2 WHERE id = $3")
                .bind(i64::from(learnt))
                .bind(opinion.number())
                .bind(id)
                .execute(&mut *self.0)
                .await?;
            Ok(())
        }

        async fn say(&mut self, said: Said<'_>) -> Result<(), StoreError> {
            sqlx::query("INSERT INTO opinion (record, at, opinion, by_whom) VALUES ($1, $2, $3, $4)")
                .bind(said.record)
                .bind(said.at)
                .bind(said.opinion.number())
                .bind(said.by)
                .execute(&mut *self.0)
                .await?;
            Ok(())
        }
    };
}

/// Methods of `Schema` with one text for both engines.
macro_rules! shared_schema {
    () => {
        async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
            sqlx::raw_sql(sql).execute(&mut *self.0).await?;
            Ok(())
        }

        async fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError> {
            Ok(sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
                .bind(name)
                .fetch_optional(&mut *self.0)
                .await?)
        }

        async fn set_meta(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
            sqlx::query(
                "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )
            .bind(name)
            .bind(value)
            .execute(&mut *self.0)
            .await?;
            Ok(())
        }
    };
}

/// `Sweeping` for both engines, except how objects are held and noted.
macro_rules! shared_sweeping {
    () => {
        async fn boundary(&mut self, table: Table, from: i64) -> Result<Option<i64>, StoreError> {
            let sql = match table {
                Table::Tick => {
                    "SELECT subject FROM tick WHERE subject >= $1 ORDER BY subject LIMIT 1 OFFSET $2"
                }
                Table::Trait => {
                    "SELECT subject FROM trait WHERE subject >= $1 ORDER BY subject LIMIT 1 OFFSET $2"
                }
            };
            let rows = i64::try_from(limits::SWEEP_ROWS).unwrap_or(i64::MAX);
            Ok(sqlx::query_scalar(sql).bind(from).bind(rows).fetch_optional(&mut *self.0).await?)
        }

        async fn drop_ticks(&mut self, from: i64, to: i64, cutoff: i64) -> Result<u64, StoreError> {
            let sql = "DELETE FROM tick WHERE subject >= $1 AND subject <= $2 AND at < $3";
            let done = sqlx::query(sql).bind(from).bind(to).bind(cutoff).execute(&mut *self.0).await?;
            Ok(done.rows_affected())
        }

        async fn drop_traits(
            &mut self,
            from: i64,
            to: i64,
            cutoff: i64,
        ) -> Result<Vec<(i64, i64, i64)>, StoreError> {
            let sql = "DELETE FROM trait WHERE subject >= $1 AND subject <= $2 AND last_at < $3
                 RETURNING subject, CAST(aspect AS bigint), count";
            Ok(sqlx::query_as(sql).bind(from).bind(to).bind(cutoff).fetch_all(&mut *self.0).await?)
        }

        async fn old_messages(&mut self, cutoff: i64) -> Result<Vec<(i64, String, Vec<u8>)>, StoreError> {
            let sql = "SELECT id, record, lesson FROM message WHERE at < $1 ORDER BY at LIMIT $2";
            let rows = i64::try_from(limits::SWEEP_ROWS).unwrap_or(i64::MAX);
            Ok(sqlx::query_as(sql).bind(cutoff).bind(rows).fetch_all(&mut *self.0).await?)
        }

        async fn old_objects(&mut self, class: &str, cutoff: i64) -> Result<Vec<String>, StoreError> {
            let sql = "SELECT address FROM object WHERE class = $1 AND at < $2 ORDER BY at LIMIT $3";
            let rows = i64::try_from(limits::SWEEP_ROWS).unwrap_or(i64::MAX);
            Ok(sqlx::query_scalar(sql).bind(class).bind(cutoff).bind(rows).fetch_all(&mut *self.0).await?)
        }

        async fn drop_object(&mut self, address: &str, class: &str, cutoff: i64) -> Result<bool, StoreError> {
            let sql = "DELETE FROM object WHERE address = $1 AND class = $2 AND at < $3";
            let done = sqlx::query(sql).bind(address).bind(class).bind(cutoff).execute(&mut *self.0).await?;
            Ok(done.rows_affected() > 0)
        }

        async fn objects(
            &mut self,
            class: &str,
            at: i64,
            address: &str,
            until: i64,
        ) -> Result<Vec<(String, i64, i64)>, StoreError> {
            // The first condition is what the index is walked by, the second is exact.
            let sql = "SELECT address, at, size FROM object
                 WHERE class = $1 AND at >= $2 AND at < $4 AND (at > $2 OR address > $3)
                 ORDER BY at, address LIMIT $5";
            let rows = i64::try_from(limits::OBJECTS_PAGE_MAX).unwrap_or(i64::MAX);
            let query = sqlx::query_as(sql).bind(class).bind(at).bind(address).bind(until).bind(rows);
            Ok(query.fetch_all(&mut *self.0).await?)
        }

        async fn count_objects(&mut self, class: &str, since: i64, until: i64) -> Result<i64, StoreError> {
            let sql = "SELECT CAST(count(*) AS bigint) FROM object WHERE class = $1 AND at >= $2 AND at < $3";
            Ok(sqlx::query_scalar(sql).bind(class).bind(since).bind(until).fetch_one(&mut *self.0).await?)
        }

        async fn wanted(&mut self, address: &str) -> Result<bool, StoreError> {
            let sql = "SELECT CAST(count(*) AS bigint) FROM object WHERE address = $1";
            let rows: i64 = sqlx::query_scalar(sql).bind(address).fetch_one(&mut *self.0).await?;
            Ok(rows > 0)
        }
    };
}

/// How count and rank of a row `t` follow an upsert. Counts below eight are their own rank ([`rank`](crate::plan::rank)),
/// so that most rows are written once; others get it from [`Work::rank`](crate::work::Work::rank). The name of the
/// function is all that differs.
macro_rules! counted {
    ($max:literal) => {
        concat!(
            "count = t.count + excluded.count, rank = CASE WHEN t.count + excluded.count < 8 THEN ",
            $max,
            "(0, t.count + excluded.count) ELSE t.rank END, "
        )
    };
}

/// How the times of a row `t` follow an upsert. A message that is taken back and was the last gives the one before it
/// its place; is that gone, too, the first. The names of the two functions are all that differs.
macro_rules! times {
    ($min:literal, $max:literal) => {
        concat!(
            "first_at = CASE WHEN excluded.count > 0 THEN ",
            $min,
            "(t.first_at, excluded.first_at) ELSE t.first_at END,
             last_at = CASE WHEN excluded.count > 0 THEN ",
            $max,
            "(t.last_at, excluded.last_at)
               WHEN excluded.count = 0 OR t.last_at NOT IN (excluded.last_at, excluded.before_at) THEN t.last_at
               WHEN t.before_at NOT IN (excluded.last_at, excluded.before_at) THEN ",
            $max,
            "(t.first_at, t.before_at)
               ELSE t.first_at END,
             before_at = CASE WHEN excluded.count > 0 THEN CASE
                 WHEN excluded.last_at > t.last_at THEN ",
            $max,
            "(t.last_at, excluded.before_at)
                 WHEN excluded.last_at = t.last_at THEN ",
            $max,
            "(t.before_at, excluded.before_at)
                 ELSE ",
            $max,
            "(t.before_at, excluded.last_at) END
               WHEN excluded.count = 0 OR t.last_at NOT IN (excluded.last_at, excluded.before_at)
                 AND t.before_at NOT IN (excluded.last_at, excluded.before_at) THEN t.before_at
               ELSE t.first_at END"
        )
    };
}

pub(crate) use {counted, shared_schema, shared_sweeping, shared_work, times};
