//! Statements of the quarantine that both engines spell alike, as methods of their transactions.

/// Methods of `Gate` with one text for both engines. `$lock` holds a row, `$find` is the function that looks for a text in
/// another, `$open` and `$close` make rows `w` of a JSON list, `$skip` leaves out what others hold.
macro_rules! shared_gate {
    ($lock:literal, $skip:literal, $find:literal, $open:literal, $close:literal) => {
        async fn same_held(&mut self, key: &str, since: i64) -> Result<Option<String>, StoreError> {
            let sql = "SELECT record FROM held WHERE key = $1 AND at > $2 ORDER BY at LIMIT 1";
            Ok(sqlx::query_scalar(sql).bind(key).bind(since).fetch_optional(&mut *self.0).await?)
        }

        async fn add_held(&mut self, row: &NewHeld) -> Result<Option<i64>, StoreError> {
            let sql = "INSERT INTO held (record, key, at, class, direction, campaign, claimed, senders, rules, address, \
                       recipients, waiting, text, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13) \
                       ON CONFLICT (record) DO NOTHING RETURNING id";
            let count = i64::try_from(row.recipients.len()).unwrap_or(i64::MAX);
            let query = sqlx::query_scalar(sql).bind(&row.record).bind(&row.key).bind(row.at).bind(row.class);
            let query = query.bind(&row.direction).bind(&row.campaign).bind(&row.claimed).bind(&row.senders);
            let query = query.bind(&row.rules).bind(&row.address).bind(count).bind(&row.text).bind(&row.data);
            Ok(query.fetch_optional(&mut *self.0).await?)
        }

        async fn held_row(&mut self, record: &str) -> Result<Option<HeldRow>, StoreError> {
            let sql = concat!("SELECT id, class, campaign, address, data FROM held WHERE record = $1", $lock);
            let row: Option<(i64, i64, String, String, String)> =
                sqlx::query_as(sql).bind(record).fetch_optional(&mut *self.0).await?;
            row.map(|(id, number, campaign, address, data)| {
                let (record, class) = (record.to_owned(), quarantine::class(number)?);
                Ok(HeldRow { id, record, class, campaign, address, data })
            })
            .transpose()
        }

        async fn recipients(&mut self, held: i64, keys: Option<&[String]>) -> Result<Vec<ForRow>, StoreError> {
            let sql = concat!(
                "SELECT place, address, key, groups, state FROM held_for WHERE held = $1
                 AND ($2 = 0 OR key IN (SELECT w.value FROM ", $open, "$3", $close, ")) ORDER BY place"
            );
            let query = sqlx::query_as(sql).bind(held).bind(i64::from(keys.is_some()));
            let rows: Vec<(i64, String, String, String, i64)> =
                query.bind(quarantine::to_json(keys.unwrap_or_default())?).fetch_all(&mut *self.0).await?;
            rows.into_iter()
                .map(|(place, address, key, groups, number)| {
                    let (groups, state) = (quarantine::unlines(&groups), quarantine::state(number)?);
                    Ok(ForRow { place, address, key, groups, state })
                })
                .collect()
        }

        async fn set_state(
            &mut self,
            held: i64,
            places: &[i64],
            state: State,
            by: &str,
            now: i64,
        ) -> Result<(), StoreError> {
            let places: Vec<String> = places.iter().map(ToString::to_string).collect();
            let sql = concat!(
                "UPDATE held_for SET state = $3, by_whom = $4, since = $5
                 WHERE held = $1 AND place IN (SELECT CAST(w.value AS bigint) FROM ", $open, "$2", $close, ")"
            );
            let query = sqlx::query(sql).bind(held).bind(quarantine::to_json(&places)?);
            let query = query.bind(quarantine::state_number(state)).bind(by).bind(now);
            query.execute(&mut *self.0).await?;
            let sql = "UPDATE held SET waiting = (SELECT count(*) FROM held_for WHERE held = $1 AND state < 2) WHERE id = $1";
            sqlx::query(sql).bind(held).execute(&mut *self.0).await?;
            Ok(())
        }

        async fn set_campaign(&mut self, held: i64, campaign: &str) -> Result<(), StoreError> {
            let sql = "UPDATE held SET campaign = $2 WHERE id = $1";
            sqlx::query(sql).bind(held).bind(campaign).execute(&mut *self.0).await?;
            Ok(())
        }

        async fn audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
            let sql = "INSERT INTO audit (at, who, what, on_what, refused, data) VALUES ($1, $2, $3, $4, $5, $6)";
            let query = sqlx::query(sql).bind(entry.at).bind(&entry.who).bind(&entry.what).bind(&entry.on);
            let query = query.bind(i64::from(entry.refused.is_some())).bind(quarantine::to_json(entry)?);
            query.execute(&mut *self.0).await?;
            Ok(())
        }

        async fn entries(
            &mut self,
            on: &str,
            who: &str,
            before: i64,
            limit: i64,
        ) -> Result<Vec<(i64, String)>, StoreError> {
            let sql = "SELECT id, data FROM audit WHERE id < $3 AND ($1 = '' OR on_what = $1)
                 AND ($2 = '' OR who = $2) ORDER BY id DESC LIMIT $4";
            let query = sqlx::query_as(sql).bind(on).bind(who).bind(before).bind(limit);
            Ok(query.fetch_all(&mut *self.0).await?)
        }

        async fn locks(&mut self, record: Option<&str>, now: i64) -> Result<Vec<LockColumns>, StoreError> {
            let sql = "SELECT id, kind, value, reason, by_whom, since, until, first_by, first_at, second_by, second_at,
                 expired FROM lockdown l WHERE open = 1 AND (until IS NULL OR until > $1)
                 AND ($2 = 0 OR kind <> 'records'
                   OR EXISTS (SELECT 1 FROM lockdown_record r WHERE r.record = $3 AND r.lockdown = l.id))
                 ORDER BY number";
            let query = sqlx::query_as(sql).bind(now).bind(i64::from(record.is_some()));
            Ok(query.bind(record.unwrap_or_default()).fetch_all(&mut *self.0).await?)
        }

        async fn lock_row(&mut self, id: &str) -> Result<Option<LockColumns>, StoreError> {
            let sql = "SELECT id, kind, value, reason, by_whom, since, until, first_by, first_at, second_by, second_at,
                 expired FROM lockdown WHERE id = $1";
            Ok(sqlx::query_as(sql).bind(id).fetch_optional(&mut *self.0).await?)
        }

        async fn lock_list(&mut self, before: i64, limit: i64) -> Result<Vec<(i64, String)>, StoreError> {
            let sql = "SELECT number, id FROM lockdown WHERE number < $1 ORDER BY number DESC LIMIT $2";
            Ok(sqlx::query_as(sql).bind(before).bind(limit).fetch_all(&mut *self.0).await?)
        }

        async fn add_lock(&mut self, row: &LockColumns, records: &[String]) -> Result<bool, StoreError> {
            let sql = "INSERT INTO lockdown (id, number, kind, value, reason, by_whom, since, until, open)
                 VALUES ($1, (SELECT coalesce(max(number), 0) + 1 FROM lockdown), $2, $3, $4, $5, $6, $7, 1)
                 ON CONFLICT (id) DO NOTHING";
            let query = sqlx::query(sql).bind(&row.0).bind(&row.1).bind(&row.2).bind(&row.3);
            let done = query.bind(&row.4).bind(row.5).bind(row.6).execute(&mut *self.0).await?;
            let sql = concat!(
                "INSERT INTO lockdown_record (record, lockdown) SELECT w.value, $2 FROM ", $open, "$1", $close,
                " WHERE true ON CONFLICT (record, lockdown) DO NOTHING"
            );
            let query = sqlx::query(sql).bind(quarantine::to_json(records)?);
            query.bind(&row.0).execute(&mut *self.0).await?;
            Ok(done.rows_affected() > 0)
        }

        async fn locked_records(&mut self, id: &str) -> Result<Vec<String>, StoreError> {
            let sql = "SELECT record FROM lockdown_record WHERE lockdown = $1 ORDER BY record LIMIT $2";
            let limit = i64::try_from(limits::LOCKED_RECORDS_MAX).unwrap_or(i64::MAX);
            Ok(sqlx::query_scalar(sql).bind(id).bind(limit).fetch_all(&mut *self.0).await?)
        }

        async fn lift_first(&mut self, id: &str, by: &str, now: i64) -> Result<(), StoreError> {
            let sql = "UPDATE lockdown SET first_by = $2, first_at = $3 WHERE id = $1";
            sqlx::query(sql).bind(id).bind(by).bind(now).execute(&mut *self.0).await?;
            Ok(())
        }

        async fn lift_second(&mut self, id: &str, by: &str, now: i64) -> Result<(), StoreError> {
            let sql = "UPDATE lockdown SET second_by = $2, second_at = $3, open = 0 WHERE id = $1";
            sqlx::query(sql).bind(id).bind(by).bind(now).execute(&mut *self.0).await?;
            Ok(())
        }

        async fn expire(&mut self, now: i64) -> Result<Vec<String>, StoreError> {
            let sql = "UPDATE lockdown SET expired = $1, open = 0 WHERE open = 1 AND until <= $1 RETURNING id";
            Ok(sqlx::query_scalar(sql).bind(now).fetch_all(&mut *self.0).await?)
        }

        async fn open_request(&mut self, held: i64, key: &str) -> Result<Option<i64>, StoreError> {
            let sql = "SELECT id FROM request WHERE held = $1 AND key = $2 AND answer = 0 LIMIT 1";
            Ok(sqlx::query_scalar(sql).bind(held).bind(key).fetch_optional(&mut *self.0).await?)
        }

        async fn add_request(
            &mut self,
            (held, record): (i64, &str),
            (recipient, key): (&str, &str),
            by: &str,
            words: &str,
            now: i64,
        ) -> Result<i64, StoreError> {
            let sql = "INSERT INTO request (held, record, recipient, key, at, by_whom, words, answer, answer_at, answer_by,
                 answer_words) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, '', '') RETURNING id";
            let query = sqlx::query_scalar(sql).bind(held).bind(record).bind(recipient).bind(key);
            Ok(query.bind(now).bind(by).bind(words).fetch_one(&mut *self.0).await?)
        }

        async fn request_row(&mut self, id: i64) -> Result<Option<RequestColumns>, StoreError> {
            let sql = "SELECT id, record, recipient, at, by_whom, words, answer, answer_at, answer_by, answer_words, held,
                 key FROM request WHERE id = $1";
            Ok(sqlx::query_as(sql).bind(id).fetch_optional(&mut *self.0).await?)
        }

        async fn answer(
            &mut self,
            held: i64,
            keys: &[String],
            how: i64,
            by: &str,
            words: &str,
            now: i64,
        ) -> Result<(), StoreError> {
            let sql = concat!(
                "UPDATE request SET answer = $3, answer_by = $4, answer_words = $5, answer_at = $6
                 WHERE held = $1 AND answer = 0 AND key IN (SELECT w.value FROM ", $open, "$2", $close, ")"
            );
            let query = sqlx::query(sql).bind(held).bind(quarantine::to_json(keys)?).bind(how);
            query.bind(by).bind(words).bind(now).execute(&mut *self.0).await?;
            Ok(())
        }

        async fn request_list(&mut self, open: bool, after: i64, limit: i64) -> Result<Vec<RequestColumns>, StoreError> {
            let sql = match open {
                true => "SELECT id, record, recipient, at, by_whom, words, answer, answer_at, answer_by, answer_words, held,
                     key FROM request WHERE answer = 0 AND id > $1 ORDER BY id LIMIT $2",
                false => "SELECT id, record, recipient, at, by_whom, words, answer, answer_at, answer_by, answer_words, held,
                     key FROM request WHERE id > $1 ORDER BY id LIMIT $2",
            };
            Ok(sqlx::query_as(sql).bind(after).bind(limit).fetch_all(&mut *self.0).await?)
        }

        async fn requests_for(&mut self, record: &str, limit: i64) -> Result<Vec<RequestColumns>, StoreError> {
            let sql = "SELECT id, record, recipient, at, by_whom, words, answer, answer_at, answer_by, answer_words, held,
                 key FROM request WHERE held = (SELECT id FROM held WHERE record = $1) ORDER BY id LIMIT $2";
            Ok(sqlx::query_as(sql).bind(record).bind(limit).fetch_all(&mut *self.0).await?)
        }

        async fn take(
            &mut self,
            now: i64,
            node: &str,
            lease: i64,
            limit: i64,
        ) -> Result<Vec<EffectColumns>, StoreError> {
            let sql = concat!(
                "UPDATE effect SET node = $2, next_at = $3 WHERE id IN (
                   SELECT id FROM effect WHERE state = 0 AND next_at <= $1 ORDER BY next_at, id LIMIT $4", $skip, ")
                 RETURNING id, key, kind, record, payload, tries, next_at, state, error"
            );
            let query = sqlx::query_as(sql).bind(now).bind(node).bind(lease).bind(limit);
            Ok(query.fetch_all(&mut *self.0).await?)
        }

        async fn end_effect(&mut self, key: &str, now: i64) -> Result<bool, StoreError> {
            let sql = "UPDATE effect SET state = 1, at = $2 WHERE key = $1 AND state <> 1";
            Ok(sqlx::query(sql).bind(key).bind(now).execute(&mut *self.0).await?.rows_affected() > 0)
        }

        async fn tries(&mut self, key: &str, node: &str) -> Result<Option<(i64, String)>, StoreError> {
            let sql = concat!("SELECT tries, record FROM effect WHERE key = $1 AND node = $2 AND state = 0", $lock);
            Ok(sqlx::query_as(sql).bind(key).bind(node).fetch_optional(&mut *self.0).await?)
        }

        async fn put_back(
            &mut self,
            key: &str,
            tries: i64,
            next_at: i64,
            failed: bool,
            error: &str,
        ) -> Result<(), StoreError> {
            let sql = "UPDATE effect SET tries = $2, next_at = $3, at = CASE WHEN $4 = 2 THEN $3 ELSE at END, state = $4,
                 error = $5, node = '' WHERE key = $1 AND state = 0";
            let query = sqlx::query(sql).bind(key).bind(tries).bind(next_at).bind(if failed { 2_i64 } else { 0 });
            query.bind(error).execute(&mut *self.0).await?;
            Ok(())
        }

        async fn effect_list(&mut self, state: i64, after: i64, limit: i64) -> Result<Vec<EffectColumns>, StoreError> {
            let sql = "SELECT id, key, kind, record, payload, tries, next_at, state, error FROM effect
                 WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3";
            Ok(sqlx::query_as(sql).bind(state).bind(after).bind(limit).fetch_all(&mut *self.0).await?)
        }

        async fn pulse(&mut self, meta: &str, now: i64) -> Result<PulseColumns, StoreError> {
            let sql = "SELECT (SELECT value FROM meta WHERE name = $1),
                 (SELECT count(*) FROM effect WHERE state = 0), (SELECT count(*) FROM effect WHERE state = 2),
                 (SELECT count(*) FROM request WHERE answer = 0),
                 (SELECT count(*) FROM lockdown WHERE open = 1 AND (until IS NULL OR until > $2))";
            Ok(sqlx::query_as(sql).bind(meta).bind(now).fetch_one(&mut *self.0).await?)
        }

        async fn untold_keys(&mut self, since: i64, before: i64, limit: i64) -> Result<Vec<String>, StoreError> {
            let sql = "SELECT DISTINCT key FROM held_for WHERE told = 0 AND at >= $1 AND at < $2 LIMIT $3";
            Ok(sqlx::query_scalar(sql).bind(since).bind(before).bind(limit).fetch_all(&mut *self.0).await?)
        }

        async fn untold(
            &mut self,
            key: &str,
            since: i64,
            before: i64,
            limit: i64,
        ) -> Result<Vec<UntoldColumns>, StoreError> {
            let sql = concat!(
                "SELECT held, address, state, at FROM held_for WHERE key = $1 AND told = 0 AND at >= $2 AND at < $3
                 ORDER BY at, held, place LIMIT $4", $lock
            );
            let query = sqlx::query_as(sql).bind(key).bind(since).bind(before).bind(limit);
            Ok(query.fetch_all(&mut *self.0).await?)
        }

        async fn held_named(&mut self, ids: &[i64]) -> Result<Vec<(i64, String, i64)>, StoreError> {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let sql = concat!(
                "SELECT id, record, class FROM held
                 WHERE id IN (SELECT CAST(w.value AS bigint) FROM ", $open, "$1", $close, ")"
            );
            Ok(sqlx::query_as(sql).bind(quarantine::to_json(&ids)?).fetch_all(&mut *self.0).await?)
        }

        async fn mark_told(&mut self, key: &str, ids: &[i64]) -> Result<(), StoreError> {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let sql = concat!(
                "UPDATE held_for SET told = 1 WHERE key = $1 AND told = 0
                 AND held IN (SELECT CAST(w.value AS bigint) FROM ", $open, "$2", $close, ")"
            );
            sqlx::query(sql).bind(key).bind(quarantine::to_json(&ids)?).execute(&mut *self.0).await?;
            Ok(())
        }

        async fn untold_requests(
            &mut self,
            answered: bool,
            since: i64,
            limit: i64,
        ) -> Result<Vec<RequestColumns>, StoreError> {
            let sql = match answered {
                true => concat!("SELECT id, record, recipient, at, by_whom, words, answer, answer_at, answer_by, answer_words,
                     held, key FROM request WHERE told < 2 AND answer > 0 AND answer_at >= $1 ORDER BY id LIMIT $2", $lock),
                false => concat!("SELECT id, record, recipient, at, by_whom, words, answer, answer_at, answer_by, answer_words,
                     held, key FROM request WHERE told = 0 AND answer = 0 AND at >= $1 ORDER BY id LIMIT $2", $lock),
            };
            Ok(sqlx::query_as(sql).bind(since).bind(limit).fetch_all(&mut *self.0).await?)
        }

        async fn mark_requests(&mut self, ids: &[i64], answered: bool) -> Result<(), StoreError> {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let sql = concat!(
                "UPDATE request SET told = $2 WHERE told < $2
                 AND id IN (SELECT CAST(w.value AS bigint) FROM ", $open, "$1", $close, ")"
            );
            let query = sqlx::query(sql).bind(quarantine::to_json(&ids)?);
            query.bind(if answered { 2_i64 } else { 1 }).execute(&mut *self.0).await?;
            Ok(())
        }

        async fn find(&mut self, wanted: &Wanted) -> Result<Vec<FoundColumns>, StoreError> {
            let sql = search::sql(wanted, $find, $open, $close);
            let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(wanted.class).bind(&wanted.direction);
            let query = query.bind(&wanted.sender).bind(&wanted.rule).bind(&wanted.brand).bind(&wanted.campaign);
            let query = query.bind(&wanted.words).bind(wanted.state).bind(&wanted.recipient).bind(&wanted.domain);
            let query = query.bind(wanted.limit).bind(wanted.since).bind(wanted.after.0).bind(wanted.after.1);
            let rows = i64::try_from(limits::HELD_LOOKED_AT).unwrap_or(i64::MAX);
            Ok(query.bind(rows).fetch_all(&mut *self.0).await?)
        }

        async fn looked_at(&mut self, wanted: &Wanted) -> Result<Option<(i64, i64)>, StoreError> {
            let sql = match wanted.recipient.is_empty() {
                true => "SELECT at, id FROM held WHERE $5 = '' AND at >= $1 AND (at, id) < ($2, $3)
                     ORDER BY at DESC, id DESC LIMIT 1 OFFSET $4",
                false => "SELECT DISTINCT at, held FROM held_for WHERE key = $5 AND at >= $1 AND (at, held) < ($2, $3)
                     ORDER BY at DESC, held DESC LIMIT 1 OFFSET $4",
            };
            let last = i64::try_from(limits::HELD_LOOKED_AT).unwrap_or(i64::MAX) - 1;
            let query = sqlx::query_as(sql).bind(wanted.since).bind(wanted.after.0).bind(wanted.after.1).bind(last);
            Ok(query.bind(&wanted.recipient).fetch_optional(&mut *self.0).await?)
        }

        async fn found(&mut self, record: &str) -> Result<Option<FoundColumns>, StoreError> {
            let sql = "SELECT id, at, campaign, address, recipients, data FROM held WHERE record = $1";
            Ok(sqlx::query_as(sql).bind(record).fetch_optional(&mut *self.0).await?)
        }

        async fn found_for(&mut self, ids: &[i64], key: &str) -> Result<Vec<FoundForColumns>, StoreError> {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let told = i64::try_from(limits::RECIPIENTS_TOLD).unwrap_or(i64::MAX);
            let sql = concat!(
                "SELECT held, address, groups, state, by_whom, since FROM held_for
                 WHERE held IN (SELECT CAST(w.value AS bigint) FROM ", $open, "$1", $close, ")
                 AND (place < $2 OR $3 <> '' AND key = $3) ORDER BY held, place"
            );
            let query = sqlx::query_as(sql).bind(quarantine::to_json(&ids)?).bind(told).bind(key);
            Ok(query.fetch_all(&mut *self.0).await?)
        }

        async fn old_held(&mut self, class: i64, waiting: bool, cutoff: i64) -> Result<Vec<String>, StoreError> {
            let sql = "SELECT record FROM held WHERE class = $1 AND at < $2 AND (waiting > 0) = ($3 = 1)
                 AND NOT EXISTS (SELECT 1 FROM effect e WHERE e.record = held.record AND e.state = 0)
                 ORDER BY at LIMIT $4";
            let rows = i64::try_from(limits::SWEEP_ROWS).unwrap_or(i64::MAX);
            let query = sqlx::query_scalar(sql).bind(class).bind(cutoff).bind(i64::from(waiting)).bind(rows);
            Ok(query.fetch_all(&mut *self.0).await?)
        }

        async fn drop_held(&mut self, held: i64) -> Result<(), StoreError> {
            for sql in [
                "DELETE FROM held_for WHERE held = $1",
                "DELETE FROM request WHERE held = $1",
                "DELETE FROM held WHERE id = $1",
            ] {
                sqlx::query(sql).bind(held).execute(&mut *self.0).await?;
            }
            Ok(())
        }

        async fn in_outbox(&mut self, record: &str) -> Result<bool, StoreError> {
            let sql = "SELECT id FROM effect WHERE record = $1 AND state = 0 LIMIT 1";
            let row: Option<i64> = sqlx::query_scalar(sql).bind(record).fetch_optional(&mut *self.0).await?;
            Ok(row.is_some())
        }

        async fn holds(&mut self, address: &str) -> Result<bool, StoreError> {
            let sql = "SELECT id FROM held WHERE address = $1 LIMIT 1";
            let row: Option<i64> = sqlx::query_scalar(sql).bind(address).fetch_optional(&mut *self.0).await?;
            Ok(row.is_some())
        }

        async fn orphans(&mut self, class: &str, cutoff: i64) -> Result<Vec<String>, StoreError> {
            let sql = "SELECT address FROM object WHERE class = $1 AND at < $2
                 AND NOT EXISTS (SELECT 1 FROM held h WHERE h.address = object.address) ORDER BY at LIMIT $3";
            let rows = i64::try_from(limits::SWEEP_ROWS).unwrap_or(i64::MAX);
            Ok(sqlx::query_scalar(sql).bind(class).bind(cutoff).bind(rows).fetch_all(&mut *self.0).await?)
        }

        async fn wake(&mut self, key: &str, now: i64) -> Result<Option<String>, StoreError> {
            let sql = "UPDATE effect SET state = 0, tries = 0, next_at = $2, node = '' WHERE key = $1 AND state = 2
                 RETURNING record";
            Ok(sqlx::query_scalar(sql).bind(key).bind(now).fetch_optional(&mut *self.0).await?)
        }

        async fn drop_old(&mut self, ended: i64, audit: i64) -> Result<u64, StoreError> {
            let mut gone = 0;
            for (sql, cutoff) in [
                ("DELETE FROM effect WHERE id IN (SELECT id FROM effect WHERE state = 1 AND at < $1 LIMIT $2)", ended),
                ("DELETE FROM effect WHERE id IN (SELECT id FROM effect WHERE state = 2 AND at < $1 LIMIT $2)", audit),
                ("DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2)", audit),
            ] {
                let rows = i64::try_from(limits::SWEEP_ROWS).unwrap_or(i64::MAX);
                gone += sqlx::query(sql).bind(cutoff).bind(rows).execute(&mut *self.0).await?.rows_affected();
            }
            Ok(gone)
        }
    };
}

pub(crate) use shared_gate;
