//! The SMTP intakes: settings out of the configuration, and what is wrong with them in words for whoever wrote it.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use sekisho_intake::smtp::{
    self, BareEnds, Mode,
    client::{Hop, Tls},
    tls,
};

use super::intakes::host_name;
use crate::config::{self, Journal, NextTls, Smtp, SmtpMode};

/// The certificate and the key of a server that offers STARTTLS.
type Certified = Option<Arc<smtp::ServerConfig>>;

/// Settings of the content filter or relay.
///
/// # Errors
/// What is wrong, by the key that says so.
pub(crate) fn filter(config: &Smtp, domains: &[String]) -> Result<smtp::Settings> {
    let next = config.next.as_deref().context("[smtp] needs `next`: where mail goes on, HOST:PORT")?;
    let (host, port) = next.rsplit_once(':').context("[smtp] `next` is HOST:PORT")?;
    let port = port.parse().with_context(|| format!("[smtp] next = \"{next}\""))?;
    let name = host_name();
    let mut hop = Hop::new(host.trim_matches(['[', ']']), port, &*name);
    hop.tls = towards(config)?;
    let mode = match config.mode {
        SmtpMode::Filter => Mode::Filter,
        SmtpMode::Proxy => Mode::Proxy,
        SmtpMode::Relay => Mode::Relay,
    };
    let mut settings = smtp::Settings::new(mode, name, hop);
    if !config.clients.is_empty() {
        settings.clients = networks("[smtp] clients", &config.clients)?;
    }
    if !config.trusted.is_empty() {
        settings.trusted = networks("[smtp] trusted", &config.trusted)?;
    }
    if mode == Mode::Relay {
        // A relay takes mail from strangers, for our people only.
        settings.domains = domains.iter().map(|domain| domain.to_lowercase()).collect();
    }
    settings.tls = certified("smtp", config.certificate.as_deref(), config.key.as_deref())?;
    settings.tls_required = config.tls_required;
    settings.bare_ends = match config.bare_ends {
        config::BareEnds::Refuse => BareEnds::Refuse,
        config::BareEnds::Normalise => BareEnds::Normalise,
    };
    settings.check()?;
    Ok(settings)
}

/// Settings of the listener for journal reports.
///
/// # Errors
/// What is wrong, by the key that says so.
pub(crate) fn journal(config: &Journal) -> Result<smtp::Settings> {
    let name = host_name();
    let mut settings = smtp::Settings::reports(name, &config.addresses);
    if !config.clients.is_empty() {
        settings.clients = networks("[journal] clients", &config.clients)?;
    }
    settings.tls = certified("journal", config.certificate.as_deref(), config.key.as_deref())?;
    settings.tls_required = config.tls_required;
    settings.check()?;
    Ok(settings)
}

/// Certificate and key of a section.
///
/// # Errors
/// When one of them is missing, or they cannot be used.
pub(crate) fn certified(section: &str, certificate: Option<&Path>, key: Option<&Path>) -> Result<Certified> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(_), None) => bail!("[{section}] has a `certificate` and no `key`"),
        (None, Some(_)) => bail!("[{section}] has a `key` and no `certificate`"),
        (Some(certificate), Some(key)) => {
            let files = || format!("[{section}] certificate = {certificate:?}, key = {key:?}");
            tls::server_files(certificate, key).map(Some).with_context(files)
        }
    }
}

fn towards(config: &Smtp) -> Result<Tls> {
    if config.next_authorities.is_some() && config.next_tls != NextTls::Required {
        bail!("[smtp] `next_authorities` counts only with next_tls = \"required\"");
    }
    Ok(match (config.next_tls, &config.next_authorities) {
        (NextTls::Never, _) => Tls::Never,
        (NextTls::Offered, _) => Tls::Offered(tls::client_unverified()?),
        (NextTls::Required, None) => Tls::Required(tls::client_system()?),
        (NextTls::Required, Some(file)) => {
            let what = || format!("[smtp] next_authorities = {file:?}");
            let text = std::fs::read(file).with_context(what)?;
            Tls::Required(tls::client_verified(&text).with_context(what)?)
        }
    })
}

fn networks<T: std::str::FromStr>(key: &str, written: &[String]) -> Result<Vec<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let one = |text: &String| {
        text.parse().with_context(|| format!("{key}: \"{text}\" is no network (192.0.2.0/24, ::1/128)"))
    };
    written.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Configuration in; what is wrong with it, or what came of it.
    fn check(text: &str) -> String {
        let config = match config::parse(text) {
            Ok(config) => config,
            Err(error) => return error.to_string(),
        };
        let ours = ["a.example".to_owned()];
        let made = if config.journal.listen.is_empty() {
            filter(&config.smtp, &ours)
        } else {
            journal(&config.journal)
        };
        match made {
            Ok(settings) => format!(
                "{:?} next {:?} tls {} required {} ends {:?}",
                settings.mode,
                settings.next.tls,
                settings.tls.is_some(),
                settings.tls_required,
                settings.bare_ends
            ),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn tls_and_line_ends_are_set() {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["mx.example".to_owned()]).unwrap();
        let place = |name: &str| folder.path().join(name).display().to_string();
        let (chain, key, other) = (place("chain.pem"), place("key.pem"), place("other.pem"));
        std::fs::write(&chain, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let another = rcgen::generate_simple_self_signed(vec!["x.example".to_owned()]).unwrap();
        std::fs::write(&other, another.signing_key.serialize_pem()).unwrap();
        let with = |more: &str| check(&format!("[smtp]\nnext = 'mx.example:25'\n{more}"));
        let pair = |key: &str| format!("certificate = '{chain}'\nkey = '{key}'\n");
        assert_eq!(with(""), "Filter next Never tls false required false ends Refuse");
        assert_eq!(
            with(&format!(
                "{}tls_required = true\nnext_tls = 'offered'\nbare_ends = 'normalise'",
                pair(&key)
            )),
            "Filter next Offered tls true required true ends Normalise"
        );
        let required = format!("next_tls = 'required'\nnext_authorities = '{chain}'\n");
        assert_eq!(with(&required), "Filter next Required tls false required false ends Refuse");
        for (text, wrong) in [
            (format!("certificate = '{chain}'"), "no `key`"),
            (format!("key = '{key}'"), "no `certificate`"),
            (pair(&other), "[smtp] certificate = "),
            (pair("/nowhere"), "/nowhere"),
            ("tls_required = true".to_owned(), "there is no certificate"),
            ("next_tls = 'sometimes'".to_owned(), "sometimes"),
            (format!("next_tls = 'offered'\nnext_authorities = '{chain}'"), "counts only with"),
            (format!("next_tls = 'required'\nnext_authorities = '{key}'"), "next_authorities = "),
            ("clients = ['here']".to_owned(), "[smtp] clients: \"here\" is no network"),
        ] {
            let said = with(&text);
            assert!(said.contains(wrong), "{text}: {said}");
        }
    }

    #[test]
    fn a_journal_needs_servers_that_are_named() {
        let with = |more: &str| check(&format!("[journal]\nlisten = ['127.0.0.1:0']\n{more}"));
        assert!(with("").starts_with("Journal"));
        assert!(with("clients = ['192.0.2.0/24']\naddresses = ['journal@a.example']").starts_with("Journal"));
        assert!(
            with("clients = ['0.0.0.0/0']").contains("mail servers"),
            "{}",
            with("clients = ['0.0.0.0/0']")
        );
    }
}
