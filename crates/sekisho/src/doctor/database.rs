//! The database: whether it can be reached and written, and whose schema it has. Nothing of it is changed.

use std::path::Path;

use sekisho_store::{Looked, StoreError, look};

use super::{Check, Doctor, State};
use crate::{
    config::Config,
    memory::{Remember, history_url},
};

const CHECK: &str = "database";

impl Doctor<'_> {
    pub(super) fn database(&self, config: &Config, folder: &Path) -> Option<Check> {
        // Where the folder cannot be made its own check says so.
        let url = history_url(config, Some(folder), Remember::Serves).ok()??;
        // What else a URL says may be a password.
        let place = url.strip_prefix("sqlite:").unwrap_or("PostgreSQL");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let looked = runtime.block_on(look(&url));
        let why = looked.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let Looked { found, known } = *looked.as_ref().unwrap_or(&Looked { found: 0, known: 0 });
        let (found, known) = (found.to_string(), known.to_string());
        let told = [("place", place), ("why", &why), ("found", &found), ("known", &known)];
        Some(match &looked {
            Ok(Looked { found: 0, .. }) => self.good(CHECK, "doctor-database-new", &told),
            Ok(Looked { found, known }) if found < known => self.good(CHECK, "doctor-database-older", &told),
            Ok(_) => self.good(CHECK, "doctor-database", &told),
            Err(error) => self.not_good(State::Bad, CHECK, wrong(error), &told),
        })
    }
}

/// The words for what is wrong.
fn wrong(error: &StoreError) -> &'static str {
    match error {
        StoreError::Newer { .. } => "doctor-database-newer",
        StoreError::Corrupt(_) => "doctor-database-strange",
        StoreError::Gone(_) | StoreError::Busy(_) => "doctor-database-away",
        StoreError::Refused(_) | StoreError::Full(_) => "doctor-database-closed",
        StoreError::Url(_) | StoreError::Key(_) | StoreError::Limit(_) => "doctor-database-wrong",
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use sekisho_store::Store;

    use super::*;
    use crate::{cli, config::parse, words::Words};

    /// What is said of the database of a folder, or of this URL.
    fn check(folder: &Path, url: Option<&str>, language: &str) -> String {
        let arguments = ["sekisho", "doctor", "--domain", "a.example"];
        let cli::Command::Doctor(args) = cli::Cli::parse_from(arguments).command else { unreachable!() };
        let doctor = Doctor { args: &args.serve, words: Words::new(language) };
        let mut config = parse("").unwrap();
        config.store.url = url.map(str::to_owned);
        doctor.show(&doctor.database(&config, folder).unwrap()).replace(folder.to_str().unwrap(), "DATA")
    }

    fn block<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    async fn run(file: &Path, sql: &'static str) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }

    #[test]
    fn a_sound_one_is_told_from_none_and_from_a_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.db");
        let said = || check(folder.path(), None, "en");
        assert!(said().starts_with("good     database: DATA/history.db"), "{}", said());
        assert!(!file.exists(), "nothing is made");
        drop(block(Store::open(&format!("sqlite:{}", file.display()))).unwrap());
        insta::assert_snapshot!(said(), @"good     database: DATA/history.db answers (schema 4)");
        block(run(&file, "UPDATE meta SET value = '3' WHERE name = 'version'"));
        assert!(said().starts_with("good") && said().contains('3'), "{}", said());
        block(run(&file, "UPDATE meta SET value = '99' WHERE name = 'version'"));
        insta::assert_snapshot!(said(), @"
        bad      database: DATA/history.db: the database has schema 99, this version knows 4 at most: use the newer version
                 -> start the version that has changed it; this one does not touch it
        ");
    }

    #[test]
    fn what_is_not_ours_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.db");
        block(run(&file, "CREATE TABLE songs (name text)"));
        insta::assert_snapshot!(check(folder.path(), None, "en"), @"
        bad      database: DATA/history.db: the store is damaged: the file is the database of another program
                 -> name another data folder or [store] `url`; or put a sound copy of the database back
        ");
        let japanese = check(folder.path(), None, "ja");
        assert!(japanese.contains("問題") && japanese.contains("-> 別のデータフォルダー"), "{japanese}");
        std::fs::write(
            &file,
            "no database at all, but long enough to have a head of one hundred bytes\n".repeat(9),
        )
        .unwrap();
        let said = check(folder.path(), None, "en");
        assert!(said.starts_with("bad") && said.contains("not a database"), "{said}");
    }

    #[test]
    fn a_server_that_is_away_is_named_without_its_password() {
        let folder = tempfile::tempdir().unwrap();
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("postgres://sekisho:hush@127.0.0.1:{port}/mail");
        let said = check(folder.path(), Some(&url), "en");
        assert!(said.starts_with("bad      database: PostgreSQL: the store cannot be reached"), "{said}");
        assert!(said.contains("-> start it") && !said.contains("hush"), "{said}");
        assert!(check(folder.path(), Some("mysql://x"), "en").starts_with("bad"));
    }

    #[test]
    fn every_case_has_its_words_in_both_languages() {
        let source = include_str!("database.rs").split("#[cfg(test)]").next().unwrap();
        for key in source.split('"').filter(|text| text.starts_with("doctor-")) {
            for words in [Words::new("en"), Words::new("ja")] {
                assert_ne!(words.say(key, &[]), key);
                let bad = source.contains(&format!("=> \"{key}\""));
                assert!(!bad || words.say(&format!("{key}-advice"), &[]) != format!("{key}-advice"), "{key}");
            }
        }
    }
}
