//! Statements that both engines spell alike, as methods of their transactions.

/// `Meta` for both engines.
macro_rules! shared_meta {
    () => {
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

/// `Objects` for both engines, except how they are held and noted.
macro_rules! shared_objects {
    () => {
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

pub(crate) use {counted, shared_meta, shared_objects, times};
