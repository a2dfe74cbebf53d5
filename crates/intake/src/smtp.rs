//! SMTP: a content filter, and a relay in front of another server.
//!
//! ```text
//! client ──MAIL, RCPT──▶ session ──MAIL, RCPT──▶ next hop     each answer is the next hop's
//! client ──DATA … .────▶ session ──▶ gate ──▶ plan ──DATA … .──▶ next hop, one transaction for each form of the message
//!        ◀──250────────          ◀─────────────────250────────
//! ```
//!
//! [`serve`] listens. [`client`] hands messages on; it knows nothing of the gate and serves releases and notices, too.
//!
//! **Modes.** [`Mode::Proxy`] stands before the queue (Postfix `smtpd_proxy_filter`), [`Mode::Filter`] behind it (Postfix
//! `content_filter`), [`Mode::Relay`] in front of another server. All of them ask the next hop for sender and recipients
//! at once and repeat its answers, so that mail for nobody is refused where it comes from and the gate sees only
//! recipients that exist. They differ in what is usual: see [`Settings::new`]. [`Mode::Journal`] has no next hop: it takes
//! journal reports of a mail server, and its 250 says that the record of the message is durable. A report is never refused
//! for good, since it could come to nobody again: what is wrong with it is a gap of the verdict.
//!
//! Around Postfix, with our port 10025 and a second port 10026 of Postfix for what comes back:
//!
//! ```text
//! # master.cf; either of the two first options
//! smtp            inet n - y - - smtpd
//!   -o smtpd_proxy_filter=127.0.0.1:10025
//!   -o content_filter=smtp:[127.0.0.1]:10025
//! 127.0.0.1:10026 inet n - y - - smtpd
//!   -o smtpd_proxy_filter= -o content_filter= -o receive_override_options=no_milters
//!   -o mynetworks=127.0.0.0/8 -o smtpd_authorized_xforward_hosts=127.0.0.0/8
//! # main.cf, for content_filter
//! smtp_send_xforward_command = yes
//! ```
//!
//! **What 250 means.** The next hop has said 250 for all recipients that the gate lets pass, and the gate says that the
//! message is held (durable) for all others. Never less. A client that hung up while its message was judged gets nothing
//! handed on, since it will come again.
//!
//! **One answer for several recipients.** SMTP has one answer to a message. Where its recipients fare differently:
//!
//! 1. The gate defers it for one: 451 for all, and nothing is handed on.
//! 2. Otherwise each form of the message (plain, with banner, for each address of a redirection) is handed on in a
//!    transaction of its own. A form whose transaction fails keeps no other from being handed on.
//! 3. One failed for now, or nobody knows: 451. The client comes again with all recipients; those that had it are
//!    remembered ([`limits::SMTP_HANDED_MAX`](crate::limits::SMTP_HANDED_MAX)), also over the end of the process
//!    ([`Settings::journal`]), and when the same message comes again they do not get it twice.
//! 4. Otherwise one was refused for good, by the gate or by the next hop: 550, which says "for at least one recipient"
//!    where others have it. The sender is told, nobody is told twice, and who was to have it has it.
//! 5. Otherwise 250.
//!
//! When the connection breaks after the end of the message was sent and before an answer came (RFC 1047), nobody knows
//! whether the next hop has it; nor does anybody when we are killed then. It is sent again: twice is better than never.
//! Killed after that answer, we know from the journal who has it.
//!
//! **Who may say what.** XCLIENT and XFORWARD are offered to, and taken from, [`Settings::trusted`] only. A trusted peer
//! that does not say where a message came from leaves the address unknown: the peer's own would be wrong. A relay that
//! anybody may talk to needs [`Settings::domains`]: its next hop would take it for a friend.
//!
//! **Smuggling.** Only CRLF.CRLF ends a message; bare line ends are refused (or made whole, a setting); a message leaves
//! with CRLF only; what stands behind STARTTLS in the clear is thrown away; a command ended by a bare LF is refused.
//!
//! **Times.** A client that is kept waiting longer than it wants hangs up, comes again, and what was handed on meanwhile
//! comes twice. So [`client::Waits::end`] should be less than the time that the server before us waits: 100 s for a
//! proxy (`smtpd_proxy_timeout`), 600 s for others; [`Settings::new`] knows.
//!
//! **Limits.** Every number is in [`limits`](crate::limits). Messages stand in memory, within one sum for all of them; who
//! finds no room waits, and then gets 452.

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use ipnet::IpNet;
pub use rustls::ServerConfig;

use crate::{Error, limits};

pub mod client;
pub mod command;
pub mod data;
mod flight;
mod handed;
mod handover;
pub mod origin;
pub mod reply;
mod serve;
mod session;
pub mod tls;
mod trace;
mod wire;

pub use data::BareEnds;
pub use serve::serve;
pub use wire::Duplex;

/// Where we stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Before the queue of a server that hands us what a client says while the client waits.
    Proxy,
    /// Behind the queue of a server, which takes the message back.
    Filter,
    /// In front of another server.
    Relay,
    /// Journal reports come in, and nothing goes out.
    Journal,
}

/// How long the server waits.
#[derive(Debug, Clone)]
pub struct Waits {
    /// For the next command: 5 minutes (RFC 5321 4.5.3.2.7).
    pub command: Duration,
    /// For the next piece of a message.
    pub piece: Duration,
    /// For a whole message, from DATA to its end.
    pub message: Duration,
    /// For the peer to read an answer.
    pub write: Duration,
    /// For TLS to begin.
    pub tls: Duration,
    /// For room in memory.
    pub flight: Duration,
    /// For the gate.
    pub gate: Duration,
    /// For messages under way after the service was told to stop.
    pub stop: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            command: seconds(limits::SMTP_COMMAND_SECONDS_MAX),
            piece: seconds(limits::SMTP_PIECE_SECONDS_MAX),
            message: seconds(limits::SMTP_MESSAGE_SECONDS_MAX),
            write: seconds(limits::SMTP_WRITE_SECONDS_MAX),
            tls: seconds(limits::SMTP_TLS_SECONDS_MAX),
            flight: Duration::from_millis(limits::SMTP_FLIGHT_WAIT_MS_MAX),
            gate: seconds(limits::SMTP_GATE_SECONDS_MAX),
            stop: seconds(limits::SMTP_STOP_SECONDS_MAX),
        }
    }
}

/// How the service works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where we stand.
    pub mode: Mode,
    /// What we call ourselves, in the greeting and in `Received`.
    pub name: String,
    /// Where messages go.
    pub next: client::Hop,
    /// Who may talk to us; empty: anybody.
    pub clients: Vec<IpNet>,
    /// Whose XCLIENT and XFORWARD are believed.
    pub trusted: Vec<IpNet>,
    /// Domains whose mail is taken, in lower case, from whoever is not trusted; empty: all. A name that begins with a dot
    /// means the names below it.
    pub domains: Vec<String>,
    /// Addresses that take journal reports, in lower case; empty: all. Only for [`Mode::Journal`].
    pub reports_to: Vec<String>,
    /// Certificate and key for STARTTLS; without them it is not offered.
    pub tls: Option<Arc<ServerConfig>>,
    /// Nothing is taken without TLS.
    pub tls_required: bool,
    /// What is done with bare line ends.
    pub bare_ends: BareEnds,
    /// A field `Received` is added (RFC 5321 4.4).
    pub received: bool,
    /// Bytes of a message.
    pub message_bytes_max: usize,
    /// Bytes of all messages in memory; at least twice as much.
    pub flight_bytes_max: usize,
    /// Recipients of a message.
    pub recipients_max: usize,
    /// Connections at one time.
    pub connections_max: usize,
    /// Connections of one address (of IPv6: of its /64) at one time.
    pub peer_connections_max: usize,
    /// Commands that were refused for what they are, after which a connection ends.
    pub errors_max: u32,
    /// File that remembers over the end of the process who has a message whose sender was not told; without one, that ends
    /// with the process. No two services may share one.
    pub journal: Option<PathBuf>,
    /// How long is waited.
    pub waits: Waits,
    /// What time it is, seconds since 1970.
    pub clock: fn() -> i64,
}

/// 127.0.0.0/8 and ::1.
pub fn loopback() -> Vec<IpNet> {
    ["127.0.0.0/8", "::1/128"].iter().filter_map(|net| net.parse().ok()).collect()
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl Settings {
    /// What is usual for this mode. A proxy and a filter talk to this machine only. A filter and a relay add `Received`,
    /// a proxy does not: the server around it does.
    pub fn new(mode: Mode, name: impl Into<String>, mut next: client::Hop) -> Self {
        if mode == Mode::Proxy {
            next.waits.end = next.waits.end.min(Duration::from_secs(limits::SMTP_PROXY_SECONDS_MAX));
        }
        Self {
            mode,
            name: name.into(),
            next,
            clients: if mode == Mode::Relay { Vec::new() } else { loopback() },
            trusted: loopback(),
            domains: Vec::new(),
            reports_to: Vec::new(),
            tls: None,
            tls_required: false,
            bare_ends: BareEnds::Refuse,
            received: mode != Mode::Proxy,
            message_bytes_max: limits::SMTP_MESSAGE_BYTES_MAX,
            flight_bytes_max: limits::SMTP_FLIGHT_BYTES_MAX,
            recipients_max: limits::SMTP_RECIPIENTS_MAX,
            connections_max: limits::SMTP_CONNECTIONS_MAX,
            peer_connections_max: limits::SMTP_PEER_CONNECTIONS_MAX,
            errors_max: limits::SMTP_ERRORS_MAX,
            journal: None,
            waits: Waits::default(),
            clock: now,
        }
    }

    /// A listener for journal reports to these addresses, which talks to this machine only until it is told whom to talk
    /// to. What sends reports is no stranger, so line ends are made whole.
    pub fn reports(name: impl Into<String>, addresses: &[String]) -> Self {
        let nowhere = client::Hop::new("", 0, "");
        Self {
            reports_to: addresses.iter().map(|address| address.to_lowercase()).collect(),
            trusted: Vec::new(),
            received: false,
            bare_ends: BareEnds::Normalise,
            ..Self::new(Mode::Journal, name, nowhere)
        }
    }

    /// Says what is wrong with them.
    ///
    /// # Errors
    /// They contradict each other, or make an open relay.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |what: &str| Err(Error::Smtp(what.to_owned()));
        let open = self.clients.is_empty() || self.clients.iter().any(|net| net.prefix_len() == 0);
        if open && self.mode == Mode::Journal {
            return wrong("anybody could send it journal reports: name the mail servers that do");
        }
        if open && self.domains.is_empty() {
            return wrong("anybody may talk to it, so it needs the domains that it takes mail for");
        }
        if self.trusted.iter().any(|net| net.prefix_len() == 0) {
            return wrong("everybody would be trusted");
        }
        if self.tls_required && self.tls.is_none() {
            return wrong("TLS is required, but there is no certificate");
        }
        if self.flight_bytes_max / 2 < self.message_bytes_max {
            return wrong("the memory for all messages is less than twice that of one");
        }
        if self.name.is_empty() || self.name.contains(|char: char| !char.is_ascii_graphic()) {
            return wrong("the name of this server is no name");
        }
        Ok(())
    }

    fn is_trusted(&self, peer: IpAddr) -> bool {
        contains(&self.trusted, peer)
    }

    /// Nothing is handed on.
    fn keeps(&self) -> bool {
        self.mode == Mode::Journal
    }

    fn may_talk(&self, peer: IpAddr) -> bool {
        self.clients.is_empty() || contains(&self.clients, peer)
    }

    /// Mail for this address is taken from a peer that is not trusted.
    fn takes(&self, address: &str) -> bool {
        if self.keeps() {
            let address = address.to_lowercase();
            return self.reports_to.is_empty() || self.reports_to.contains(&address);
        }
        let Some((_, domain)) = address.rsplit_once('@') else {
            return self.domains.is_empty() || address.eq_ignore_ascii_case("postmaster");
        };
        let domain = domain.trim_end_matches('.').to_lowercase();
        let below = |name: &String| {
            if name.starts_with('.') { domain.ends_with(name.as_str()) } else { domain == *name }
        };
        self.domains.is_empty() || self.domains.iter().any(below)
    }
}

fn contains(nets: &[IpNet], peer: IpAddr) -> bool {
    let peer = peer.to_canonical();
    nets.iter().any(|net| net.contains(&peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(mode: Mode) -> Settings {
        Settings::new(mode, "mx.example", client::Hop::new("127.0.0.1", 25, "mx.example"))
    }

    #[test]
    fn an_open_relay_is_refused() {
        let check = |change: fn(&mut Settings)| {
            let mut settings = settings(Mode::Relay);
            change(&mut settings);
            settings.check().map_err(|error| error.to_string()).err().unwrap_or_default()
        };
        assert!(check(|_| {}).contains("domains"));
        assert_eq!(check(|settings| settings.domains = vec!["example.org".into()]), "");
        assert_eq!(check(|settings| settings.clients = loopback()), "");
        assert!(check(|settings| settings.clients = vec!["::/0".parse().unwrap()]).contains("domains"));
        let all = |settings: &mut Settings| {
            settings.domains = vec!["x".into()];
            settings.trusted = vec!["0.0.0.0/0".parse().unwrap()];
        };
        assert!(check(all).contains("trusted"));
    }

    #[test]
    fn mail_is_taken_for_our_domains() {
        let mut settings = settings(Mode::Relay);
        assert!(settings.takes("a@anywhere.example"));
        settings.domains = vec!["example.org".into(), ".example.net".into()];
        for address in ["a@EXAMPLE.org", "a@b.example.net", "Postmaster", "a@example.org."] {
            assert!(settings.takes(address), "{address}");
        }
        for address in
            ["a@example.net", "a@notexample.org", "a@b.example.org", "root", "a@example.org@evil.example"]
        {
            assert!(!settings.takes(address), "{address}");
        }
    }

    #[test]
    fn peers_are_known_by_their_networks() {
        let settings = settings(Mode::Filter);
        assert!(settings.is_trusted("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!settings.is_trusted("192.0.2.1".parse().unwrap()));
        assert!(!settings.may_talk("192.0.2.1".parse().unwrap()));
    }
}
