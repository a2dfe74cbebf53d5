//! The watcher: looks, hands in, notes the place, waits; begins again when the connection ends.

use std::{future::Future, io, sync::Arc, time::Duration};

use sekisho_engine::{Arrival, Gatekeeper, case::masked};
use sekisho_record::Class;
use tokio::time::timeout;

use super::{
    Place, Settings, name,
    session::{Found, Session, Trouble},
};
use crate::limits;

/// Watches until `stop` is ready. A message that is being judged then is judged to its end.
pub async fn watch(settings: Settings, gate: Arc<dyn Gatekeeper>, stop: impl Future<Output = ()>) {
    let settings = Arc::new(settings);
    let mut stop = std::pin::pin!(stop);
    let mut pause = limits::IMAP_PAUSE_SECONDS_MIN;
    loop {
        let (stopping, stopped) = tokio::sync::watch::channel(false);
        let watcher = Watcher { settings: Arc::clone(&settings), gate: Arc::clone(&gate), stopped };
        // In a task of its own: a panic of the library ends a connection, and not the watching.
        let mut task = tokio::spawn(watcher.run());
        let ended = tokio::select! {
            ended = &mut task => ended,
            () = &mut stop => {
                let _ = stopping.send(true);
                // It has no more to say.
                let _ = timeout(Duration::from_secs(limits::IMAP_STOP_SECONDS_MAX), task).await;
                return;
            }
        };
        let (worked, why) = match ended {
            Ok(Ended { worked, trouble }) => (worked, trouble.to_string()),
            Err(error) => (false, error.to_string()),
        };
        if worked {
            pause = limits::IMAP_PAUSE_SECONDS_MIN;
        }
        metrics::counter!("sekisho_mailbox_troubles_total").increment(1);
        tracing::warn!(
            host = settings.host,
            user = %masked(&settings.user),
            folder = settings.folder,
            why,
            again_seconds = pause,
            "mailbox"
        );
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(pause)) => {}
            () = &mut stop => return,
        }
        pause = (pause * 2).min(limits::IMAP_PAUSE_SECONDS_MAX);
    }
}

/// How a connection ended.
struct Ended {
    /// It looked through the folder before.
    worked: bool,
    trouble: Trouble,
}

struct Watcher {
    settings: Arc<Settings>,
    gate: Arc<dyn Gatekeeper>,
    stopped: tokio::sync::watch::Receiver<bool>,
}

impl Watcher {
    async fn run(mut self) -> Ended {
        let mut worked = false;
        let Err(trouble) = self.watched(&mut worked).await else {
            let trouble = Trouble::Other("the service ends".into());
            return Ended { worked, trouble };
        };
        Ended { worked, trouble }
    }

    async fn watched(&mut self, worked: &mut bool) -> Result<(), Trouble> {
        let mut stopped = self.stopped.clone();
        let open = Session::open(&self.settings);
        let mut session = tokio::select! {
            session = open => session?,
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
        };
        let mut place = self.begin(&session)?;
        loop {
            while self.some(&mut session, &mut place).await? {
                if *self.stopped.borrow() {
                    session.close().await;
                    return Ok(());
                }
            }
            if !*worked {
                *worked = true;
                tracing::info!(
                    host = self.settings.host,
                    folder = self.settings.folder,
                    "mailbox is watched"
                );
            }
            session = tokio::select! {
                session = session.wait(&self.settings) => session?,
                _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
            };
        }
    }

    /// Where to begin in the folder as it is now.
    fn begin(&self, session: &Session) -> Result<Place, Trouble> {
        let path = &self.settings.place;
        let place = match Place::read(path)? {
            Some(place) if place.validity == session.validity => return Ok(place),
            Some(place) => {
                tracing::warn!(
                    folder = self.settings.folder,
                    "UIDVALIDITY changed: what is there is judged again"
                );
                Place { validity: session.validity, next: 1, salt: place.salt }
            }
            None => {
                let next = if self.settings.existing { Some(1) } else { session.next };
                let next = next.ok_or_else(|| Trouble::Other("the server has no UIDNEXT".into()))?;
                Place { validity: session.validity, next, salt: uuid::Uuid::new_v4().simple().to_string() }
            }
        };
        place.write(path)?;
        Ok(place)
    }

    /// Judges some that are new; whether there were any.
    async fn some(&mut self, session: &mut Session, place: &mut Place) -> Result<bool, Trouble> {
        let uids = session.from(place.next).await?;
        for uid in &uids {
            if *self.stopped.borrow() {
                return Ok(true);
            }
            if let Some(found) = session.look(*uid).await? {
                self.one(session, place, *uid, &found).await?;
            }
            place.next = uid.saturating_add(1);
            place.write(&self.settings.place)?;
        }
        Ok(!uids.is_empty())
    }

    async fn one(
        &self,
        session: &mut Session,
        place: &Place,
        uid: u32,
        found: &Found,
    ) -> Result<(), Trouble> {
        let settings = &self.settings;
        if found.size.is_none_or(|size| size > settings.message_bytes_max) {
            tracing::error!(
                uid,
                size = found.size,
                folder = settings.folder,
                "a message is too large: not judged"
            );
            metrics::counter!("sekisho_mailbox_too_large_total").increment(1);
            return Ok(());
        }
        let Some(raw) = session.read(uid).await? else { return Ok(()) };
        let arrival = Arrival {
            record: Some(name(&place.salt, &raw)),
            raw: raw.into(),
            intake: "mailbox",
            queue_id: Some(uid.to_string()),
            at: found.at.unwrap_or_else(settings.clock),
            delivered: true,
            journal: settings.report,
            ..Arrival::default()
        };
        let passage = self.gate.pass(arrival).await;
        if !passage.recorded {
            return Err(io::Error::other("a message could not be recorded").into());
        }
        if passage.verdict.class == Class::Malicious {
            self.put_away(session, uid).await?;
        }
        Ok(())
    }

    /// Moves or marks a malicious message. A server that refuses does not keep the next messages from being judged.
    async fn put_away(&self, session: &mut Session, uid: u32) -> Result<(), Trouble> {
        let done = match &self.settings.move_malicious_to {
            Some(folder) => session.move_to(uid, folder).await,
            None => session.mark(uid).await,
        };
        match done {
            Err(Trouble::Imap(
                error @ (async_imap::error::Error::No(_) | async_imap::error::Error::Bad(_)),
            )) => {
                tracing::error!(uid, %error, folder = self.settings.folder, "a malicious message stays where it is");
                metrics::counter!("sekisho_mailbox_not_moved_total").increment(1);
                Ok(())
            }
            done => done,
        }
    }
}
