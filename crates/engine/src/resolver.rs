//! The port through which papers are checked: live DNS, a scripted zone, or nothing.

use std::{future::Future, pin::Pin, time::Duration};

use mail_auth::{
    MessageAuthenticator,
    hickory_resolver::{
        config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
        system_conf::read_system_conf,
    },
};
use sekisho_observe::{Answers, question::Papers};

use crate::{Error, limits, verify, zone::Zone};

/// What a check gives back.
pub type Checking<'a> = Pin<Box<dyn Future<Output = Answers> + Send + 'a>>;

/// Answers questions about a message's papers.
pub trait Resolver: Send + Sync {
    /// Checks the papers within the deadline. Never fails: what could not be found out is named in the answers.
    fn check<'a>(&'a self, raw: &'a [u8], papers: &'a Papers, deadline: Duration) -> Checking<'a>;

    /// The future waits for sockets or timers, so it has to be run by a runtime.
    fn waits(&self) -> bool;
}

/// Nobody is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Resolver for Nobody {
    fn check<'a>(&'a self, _raw: &'a [u8], _papers: &'a Papers, _deadline: Duration) -> Checking<'a> {
        Box::pin(std::future::ready(Answers { papers: None, papers_missing: Some("disabled") }))
    }

    fn waits(&self) -> bool {
        false
    }
}

/// A scripted zone: answers are at hand, no socket is opened.
pub struct Scripted {
    zone: Zone,
    authenticator: MessageAuthenticator,
}

impl Scripted {
    /// Answers from this zone.
    pub fn new(zone: Zone) -> Result<Self, Error> {
        // Without name servers a name that the zone does not know cannot leave the machine.
        let config = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
        let authenticator = MessageAuthenticator::new(config, ResolverOpts::default())
            .map_err(|error| Error::Resolver(error.to_string()))?;
        Ok(Self { zone, authenticator })
    }
}

impl Resolver for Scripted {
    fn check<'a>(&'a self, raw: &'a [u8], papers: &'a Papers, _deadline: Duration) -> Checking<'a> {
        Box::pin(verify::check(&self.authenticator, Some(&self.zone), raw, papers, None))
    }

    fn waits(&self) -> bool {
        false
    }
}

/// Live DNS. Answers, also negative ones, are remembered for their time to live.
pub struct Live {
    authenticator: MessageAuthenticator,
}

impl Live {
    /// Asks the name servers that the machine is configured with.
    pub fn system() -> Result<Self, Error> {
        let (config, options) = read_system_conf().map_err(|error| Error::Resolver(error.to_string()))?;
        Self::with(config, options)
    }

    /// Asks these name servers.
    pub fn servers(addresses: &[std::net::SocketAddr]) -> Result<Self, Error> {
        let servers = addresses
            .iter()
            .map(|address| {
                let mut udp = ConnectionConfig::udp();
                let mut tcp = ConnectionConfig::tcp();
                udp.port = address.port();
                tcp.port = address.port();
                NameServerConfig::new(address.ip(), true, vec![udp, tcp])
            })
            .collect();
        Self::with(ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
    }

    fn with(config: ResolverConfig, mut options: ResolverOpts) -> Result<Self, Error> {
        options.cache_size = limits::DNS_CACHE;
        options.timeout = limits::DNS_QUERY;
        options.attempts = 2;
        let authenticator =
            MessageAuthenticator::new(config, options).map_err(|error| Error::Resolver(error.to_string()))?;
        Ok(Self { authenticator })
    }
}

impl Resolver for Live {
    fn check<'a>(&'a self, raw: &'a [u8], papers: &'a Papers, deadline: Duration) -> Checking<'a> {
        Box::pin(verify::check(&self.authenticator, None, raw, papers, Some(deadline)))
    }

    fn waits(&self) -> bool {
        true
    }
}
