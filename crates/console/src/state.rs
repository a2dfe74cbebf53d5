//! What every request is answered with.

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use sekisho_record::quarantine::Via;
use sekisho_store::{Bytes, Rights, Signing, Store, Tickets};
use tokio::sync::Semaphore;

use crate::{
    access::{self, Account},
    deeds::{Caller, Deeds, Desk},
    error::Error,
    examine::Examiner,
    limits,
    rate::Rates,
};

/// What the configuration says; replaced as a whole when it changes.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Who may come in. Without any, nobody may.
    pub accounts: Vec<Account>,
    /// Who may do what.
    pub rights: Rights,
    /// People reach it by `https`: cookies are not sent otherwise.
    pub secure: bool,
}

/// The console. Cheap to clone.
#[derive(Clone)]
pub struct Console(Arc<Inner>);

struct Inner {
    desk: Desk,
    settings: RwLock<Arc<Settings>>,
    signing: Signing,
    tickets: Tickets,
    rates: Rates,
    now: fn() -> i64,
}

impl Console {
    /// The console of a store. `now` tells the time, seconds since 1970.
    pub fn new(
        store: Store,
        bytes: Bytes,
        examiner: Arc<dyn Examiner>,
        settings: Settings,
        now: fn() -> i64,
    ) -> Self {
        let (signing, tickets) = (bytes.signing(), bytes.tickets());
        let desk = Desk { store, bytes, examiner, opened: Semaphore::new(limits::OPEN_MAX) };
        let settings = RwLock::new(Arc::new(settings));
        Self(Arc::new(Inner { desk, settings, signing, tickets, rates: Rates::default(), now }))
    }

    /// From now on by these settings: who is not in them any more is out at once.
    pub fn replace(&self, settings: Settings) {
        *self.0.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.0.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn signing(&self) -> &Signing {
        &self.0.signing
    }

    pub(crate) fn tickets(&self) -> &Tickets {
        &self.0.tickets
    }

    pub(crate) fn now(&self) -> i64 {
        (self.0.now)()
    }

    /// What this caller may do, now.
    pub(crate) fn deeds<'a>(&'a self, settings: &'a Settings, caller: &'a Caller) -> Deeds<'a> {
        Deeds { desk: &self.0.desk, rights: &settings.rights, caller, now: self.now() }
    }

    /// Counts what a client asks.
    pub(crate) fn charge(&self, ip: Option<IpAddr>, cost: u32) -> Result<(), Error> {
        match ip {
            Some(ip) if !self.0.rates.take(ip, cost, Instant::now()) => Err(Error::TooMany),
            _ => Ok(()),
        }
    }

    /// Whoever guesses has to wait, and soon may not ask any more.
    pub(crate) async fn wrong(&self, ip: Option<IpAddr>) -> Error {
        let charged = self.charge(ip, limits::WRONG_COST);
        tokio::time::sleep(std::time::Duration::from_millis(limits::REFUSED_MS)).await;
        charged.err().unwrap_or(Error::Unauthorized)
    }

    /// Who sends this token.
    pub(crate) fn by_token(&self, settings: &Settings, token: &[u8]) -> Option<Caller> {
        access::by_token(&settings.accounts, token).map(|account| caller(account, Via::Api))
    }

    /// Whose session this is.
    pub(crate) fn by_session(&self, settings: &Settings, cookie: &str) -> Option<Caller> {
        access::by_session(&self.0.signing, &settings.accounts, cookie, self.now())
            .map(|account| caller(account, Via::Console))
    }
}

fn caller(account: &Account, via: Via) -> Caller {
    Caller { who: account.name.clone(), role: account.role, via, own: account.own.clone() }
}
