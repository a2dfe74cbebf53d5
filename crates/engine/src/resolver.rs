//! The port through which the DNS is asked: live, a scripted zone, or nobody.

use std::{future::Future, pin::Pin};

use futures_util::FutureExt as _;
use mail_auth::{
    DnsError, Error as AuthError, MessageAuthenticator, Parameters, SpfResult,
    hickory_resolver::{
        TokioResolver,
        config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
        proto::{
            op::ResponseCode,
            rr::{Name, RData},
        },
        system_conf::read_system_conf,
    },
    spf::verify::SpfParameters,
};
use sekisho_observe::question::SpfQuestion;

use crate::{
    Error, limits,
    world::{SpfFound, SpfVerdict, TxtFound},
    zone::Zone,
};

mod silence;

use silence::Silence;

/// An answer that may have to be waited for.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers typed questions; it never sees a message. Never fails: what could not be found out says so. Whoever asks
/// keeps the deadline.
pub trait Resolver: Send + Sync {
    /// Checks SPF.
    fn spf<'a>(&'a self, question: &'a SpfQuestion) -> Answer<'a, SpfFound>;

    /// Looks up TXT records, one answer a name.
    fn txt<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<TxtFound>>;

    /// Tells whether names exist; `None` when that is not known.
    fn exists<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<Option<bool>>>;

    /// The futures wait for sockets or timers, so they have to be run by a runtime.
    fn waits(&self) -> bool;

    /// It answers nothing at all.
    fn off(&self) -> bool {
        false
    }

    /// It would answer, but for now there is nobody whom it could ask: what it said last means nothing.
    fn silent(&self) -> bool {
        false
    }
}

/// Nobody is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Resolver for Nobody {
    fn spf<'a>(&'a self, _question: &'a SpfQuestion) -> Answer<'a, SpfFound> {
        Box::pin(std::future::ready(SpfFound::default()))
    }

    fn txt<'a>(&'a self, _names: &'a [String]) -> Answer<'a, Vec<TxtFound>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn exists<'a>(&'a self, _names: &'a [String]) -> Answer<'a, Vec<Option<bool>>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn waits(&self) -> bool {
        false
    }

    fn off(&self) -> bool {
        true
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
        Ok(Self { zone, authenticator: offline()? })
    }
}

/// Without name servers a name that no cache knows cannot leave the machine.
pub(crate) fn offline() -> Result<MessageAuthenticator, Error> {
    let config = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
    MessageAuthenticator::new(config, ResolverOpts::default())
        .map_err(|error| Error::Resolver(error.to_string()))
}

impl Resolver for Scripted {
    fn spf<'a>(&'a self, question: &'a SpfQuestion) -> Answer<'a, SpfFound> {
        Box::pin(check_spf(&self.authenticator, Some(&self.zone), question))
    }

    fn txt<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<TxtFound>> {
        Box::pin(std::future::ready(names.iter().map(|name| self.zone.texts(name)).collect()))
    }

    fn exists<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<Option<bool>>> {
        Box::pin(std::future::ready(names.iter().map(|name| Some(self.zone.holds(name))).collect()))
    }

    fn waits(&self) -> bool {
        false
    }
}

/// Live DNS. Answers, also negative ones, are remembered for their time to live.
pub struct Live {
    authenticator: MessageAuthenticator,
    /// Remembers no answer: it finds out whether there are any.
    probe: MessageAuthenticator,
    silence: Silence,
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
        let made = |config, options| {
            MessageAuthenticator::new(config, options).map_err(|error| Error::Resolver(error.to_string()))
        };
        let mut forgetful = options.clone();
        forgetful.cache_size = 0;
        let probe = made(config.clone(), forgetful)?;
        Ok(Self { authenticator: made(config, options)?, probe, silence: Silence::default() })
    }

    /// Looks something up; `None` while no name server answers anything.
    async fn watched<T>(&self, look: impl Future<Output = T>) -> Option<T> {
        // Whatever is said of the root of all names is an answer.
        let probe = || -> Answer<'static, ()> {
            let resolver = self.probe.resolver().clone();
            Box::pin(async move { drop(live_txt(resolver, ".".to_owned()).await) })
        };
        self.silence.watch(look, probe).await
    }

    /// Asks for all names at once; the answers come in their order. What is remembered is told at once: only what has to
    /// be waited for is worth a task, which then runs where the sockets are.
    async fn all<T, F>(&self, names: &[String], ask: impl Fn(TokioResolver, String) -> F) -> Vec<Option<T>>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let mut running = tokio::task::JoinSet::new();
        let mut found: Vec<Option<T>> = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            let mut asking = Box::pin(ask(self.authenticator.resolver().clone(), name.clone()));
            found.push((&mut asking).now_or_never());
            if found.last().is_some_and(Option::is_none) {
                running.spawn(async move { (at, asking.await) });
            }
        }
        while let Some(done) = running.join_next().await {
            if let Ok((at, answer)) = done
                && let Some(slot) = found.get_mut(at)
            {
                *slot = Some(answer);
            }
        }
        found
    }
}

impl Resolver for Live {
    fn spf<'a>(&'a self, question: &'a SpfQuestion) -> Answer<'a, SpfFound> {
        Box::pin(async move {
            let unknown = || SpfFound { verdict: SpfVerdict::TempError, domain: String::new() };
            self.watched(check_spf(&self.authenticator, None, question)).await.unwrap_or_else(unknown)
        })
    }

    fn txt<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<TxtFound>> {
        Box::pin(async move {
            if names.is_empty() {
                return Vec::new();
            }
            let lost = || TxtFound::Failed("the look-up was given up".into());
            let found = self.watched(self.all(names, live_txt)).await;
            let found = found.unwrap_or_else(|| names.iter().map(|_| None).collect());
            found.into_iter().map(|found| found.unwrap_or_else(lost)).collect()
        })
    }

    fn exists<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<Option<bool>>> {
        Box::pin(async move {
            if names.is_empty() {
                return Vec::new();
            }
            let found = self.watched(self.all(names, live_exists)).await;
            let none = || vec![None; names.len()];
            found.map_or_else(none, |found| found.into_iter().map(Option::flatten).collect())
        })
    }

    fn waits(&self) -> bool {
        true
    }

    fn silent(&self) -> bool {
        self.silence.lasts()
    }
}

async fn live_txt(resolver: TokioResolver, name: String) -> TxtFound {
    let lookup = match Name::from_str_relaxed::<&str>(&name) {
        Ok(name) => resolver.txt_lookup(name).await,
        Err(error) => return TxtFound::Failed(error.to_string()),
    };
    match lookup {
        Ok(lookup) => {
            let texts = lookup.answers().iter().filter_map(|record| match &record.data {
                RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
                _ => None,
            });
            TxtFound::Records(texts.collect())
        }
        Err(error) => match AuthError::from(error) {
            AuthError::Dns(DnsError::RecordNotFound(code)) => {
                TxtFound::Absent(code == ResponseCode::NXDomain)
            }
            AuthError::Dns(DnsError::Resolver(why)) => TxtFound::Failed(why),
            other => TxtFound::Failed(other.to_string()),
        },
    }
}

async fn live_exists(resolver: TokioResolver, name: String) -> Option<bool> {
    let name = Name::from_str_relaxed::<&str>(&name).ok()?;
    match resolver.ipv4_lookup(name).await.map_err(AuthError::from) {
        Ok(_) => Some(true),
        Err(AuthError::Dns(DnsError::RecordNotFound(code))) => Some(code != ResponseCode::NXDomain),
        Err(_) => None,
    }
}

/// The reverse path's domain counts; a bounce has none, then the HELO name does (RFC 7208 §2.4).
async fn check_spf(
    authenticator: &MessageAuthenticator,
    zone: Option<&Zone>,
    question: &SpfQuestion,
) -> SpfFound {
    let SpfQuestion { ip, helo, mail_from, .. } = question;
    let params = if mail_from.is_empty() {
        SpfParameters::verify_ehlo(*ip, helo, "sekisho.invalid")
    } else {
        SpfParameters::verify_mail_from(*ip, helo, "sekisho.invalid", mail_from)
    };
    let params = Parameters {
        params,
        cache_txt: zone,
        cache_mx: zone,
        cache_ptr: zone,
        cache_ipv4: zone,
        cache_ipv6: zone,
    };
    let output = authenticator.check_host(params).await;
    let verdict = match output.result() {
        SpfResult::Pass => SpfVerdict::Pass,
        SpfResult::Fail => SpfVerdict::Fail,
        SpfResult::SoftFail => SpfVerdict::SoftFail,
        SpfResult::Neutral => SpfVerdict::Neutral,
        SpfResult::TempError => SpfVerdict::TempError,
        SpfResult::PermError => SpfVerdict::PermError,
        SpfResult::None => SpfVerdict::None,
    };
    SpfFound { verdict, domain: output.domain().trim_end_matches('.').to_ascii_lowercase() }
}
