//! People are told of what is held for them: who writes the effects, by which clock, with which links.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};
use chrono::{Local, Offset as _, TimeZone as _};
use sekisho_engine::gate::Links;
use sekisho_respond::{Clock, Telling};
use sekisho_store::{Key, Store, StoreError, Tickets};
use tokio::{sync::watch, time::MissedTickBehavior};

use crate::{
    config::{Config, digest},
    memory, now,
};

/// How often it is looked whether somebody is to be told of something.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often those who answer requests are told of new ones: many of a short time in one mail.
const REQUESTS_EVERY: Duration = Duration::from_secs(30);

/// The time, by the clock of this machine.
pub(super) fn clock() -> Clock {
    let now = now();
    let ahead =
        Local.timestamp_opt(now, 0).earliest().map_or(0, |time| time.offset().fix().local_minus_utc());
    Clock { now, ahead }
}

/// The key that links are signed with; `None` where nothing is kept.
fn tickets(config: &Config, data: &Path) -> Result<Option<Tickets>> {
    let Some(keeper) = memory::keeper(config, Some(data))? else { return Ok(None) };
    let key = Key::read(&keeper.key).with_context(|| keeper.key.display().to_string())?;
    Ok(Some(key.tickets()))
}

/// The links of banners; `None` where there is nothing for them to lead to.
///
/// # Errors
/// When the key cannot be read.
pub(super) fn links(config: &Config, data: &Path) -> Result<Option<Links>> {
    let Some(url) = &config.console.url else { return Ok(None) };
    let tickets = tickets(config, data)?;
    Ok(tickets.map(|tickets| Links::new(tickets, url, config.digest.link_days)))
}

/// Who tells people; `None` when nobody is told.
///
/// # Errors
/// When the configuration is wrong, or the key cannot be read.
pub(super) fn telling(config: &Config, data: &Path, store: &Store) -> Result<Option<Telling>> {
    let Some(settings) = digest::settings(config)? else { return Ok(None) };
    let tickets = tickets(config, data)?.context("[digest] needs a key for its links")?;
    Ok(Some(Telling::new(settings, store.clone(), tickets)))
}

/// Writes what people are to be told into the outbox until the server is to end.
pub(super) async fn run(telling: Telling, mut stopped: watch::Receiver<bool>) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut requests = tokio::time::interval(REQUESTS_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    requests.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Whoever would say so is gone only at the end.
    let stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
    tokio::pin!(stop);
    loop {
        let told = tokio::select! {
            () = &mut stop => return,
            _ = look.tick() => looked(&telling).await,
            _ = requests.tick() => telling.requests(now()).await,
        };
        if let Err(error) = told {
            tracing::warn!(%error, "people are not told yet of what is held");
        }
    }
}

async fn looked(telling: &Telling) -> Result<usize, StoreError> {
    let told = telling.digests(clock()).await?;
    Ok(told + telling.answers(now()).await?)
}
