//! The way back into the mail server: for released mail, and for mail of ours.

use std::{fmt, time::Duration};

use anyhow::{Context as _, Result, bail};
use sekisho_intake::smtp::{
    client::{Client, Hop, Letter, Login, Outcome, Tls, Waits},
    command::{Parameter, Path},
    tls,
};
use sekisho_store::StoreError;

use crate::config::{Config, Release, ReleaseTls};

/// How long handing over one message may take: less than the lease.
pub(super) const HAND_OVER_MAX: Duration = Duration::from_secs(100);
/// How long an answer of the next hop is waited for.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Bytes of a file with a password.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// Why something did not go out.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may go another time.
    Later(String),
    /// It never will.
    Never(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Later(why) | Self::Never(why) => f.write_str(why),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Later(error.to_string())
    }
}

/// Where released mail goes on; `None` when the configuration does not say.
///
/// # Errors
/// When what it says is no place.
pub(crate) fn next(config: &Config) -> Result<Option<(String, u16)>> {
    let Some(next) = config.release.next.as_deref() else { return Ok(None) };
    let (host, port) = next.rsplit_once(':').context("[release] `next` is HOST:PORT")?;
    let port = port.parse().with_context(|| format!("[release] next = \"{next}\""))?;
    Ok(Some((host.trim_matches(['[', ']']).to_owned(), port)))
}

/// The way out, as the configuration says; `None` when it says none. `name` is what we call ourselves.
///
/// # Errors
/// When it is no place, or a file cannot be read.
pub(super) fn way(config: &Config, name: &str) -> Result<Option<Client>> {
    let Some((host, port)) = next(config)? else { return Ok(None) };
    let mut hop = Hop::new(host, port, name);
    hop.waits = Waits {
        greeting: ANSWER_MAX,
        command: ANSWER_MAX,
        data: ANSWER_MAX,
        block: ANSWER_MAX,
        end: HAND_OVER_MAX,
        ..hop.waits
    };
    hop.tls = tls(&config.release)?;
    hop.login = login(&config.release)?;
    Ok(Some(Client::new(hop)))
}

fn tls(release: &Release) -> Result<Tls> {
    match (release.tls, &release.ca) {
        (ReleaseTls::Never, Some(_)) => bail!("[release] `ca` belongs to tls = \"starttls\""),
        (ReleaseTls::Never, None) => Ok(Tls::Never),
        (ReleaseTls::Starttls, None) => Ok(Tls::Required(tls::client_system()?)),
        (ReleaseTls::Starttls, Some(path)) => {
            let read = std::fs::read(path).with_context(|| format!("[release] ca: {}", path.display()))?;
            let config = tls::client_verified(&read);
            Ok(Tls::Required(config.with_context(|| format!("[release] ca: {}", path.display()))?))
        }
    }
}

fn login(release: &Release) -> Result<Option<Login>> {
    let (user, path) = match (&release.user, &release.password_file) {
        (None, None) => return Ok(None),
        (Some(user), Some(path)) if !user.is_empty() && !user.contains('\0') => (user.clone(), path),
        _ => bail!("[release] `user` and `password_file` belong together"),
    };
    let wrong = || format!("[release] password_file: {}", path.display());
    if std::fs::metadata(path).with_context(wrong)?.len() > PASSWORD_BYTES_MAX {
        bail!("{}: that is no password", wrong());
    }
    let text = std::fs::read_to_string(path).with_context(wrong)?;
    let password = text.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() || password.contains('\0') {
        bail!("{}: that is no password", wrong());
    }
    Ok(Some(Login { user, password }))
}

/// Hands one message over, for one recipient.
///
/// # Errors
/// When the next hop did not take it.
pub(super) async fn send(client: &Client, from: &str, to: &str, raw: &[u8]) -> Result<(), Failure> {
    let (from, to) = (path(from, to, raw), [Path::new(to)]);
    let letter = Letter { from: &from, to: &to, message: raw, origin: None };
    match client.send(&letter).await.pop() {
        Some(Outcome::Accepted(_)) => Ok(()),
        Some(Outcome::Refused(reply)) => Err(Failure::Never(format!("refused for good: {reply}"))),
        Some(Outcome::Later(reply)) => Err(Failure::Later(format!("refused for now: {reply}"))),
        Some(Outcome::Unknown(trouble)) => {
            Err(Failure::Later(format!("nobody knows whether it arrived: it {trouble}")))
        }
        None => Err(Failure::Later("the next hop was not asked".to_owned())),
    }
}

/// The reverse path with what the next hop has to know of the message (RFC 6152, RFC 6531).
fn path(from: &str, to: &str, raw: &[u8]) -> Path {
    let mut path = Path::new(from);
    if !from.is_ascii() || !to.is_ascii() {
        path.parameters.push(Parameter { name: "SMTPUTF8".to_owned(), value: None });
    }
    if !raw.is_ascii() {
        let value = Some("8BITMIME".to_owned());
        path.parameters.push(Parameter { name: "BODY".to_owned(), value });
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(more: &str, password: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, password).unwrap();
        let text = more.replace("FILE", path.to_str().unwrap());
        let config = crate::config::parse(&format!("[release]\nnext = 'mail.example:587'\n{text}")).unwrap();
        match way(&config, "here.example") {
            Ok(Some(client)) => format!("{:?} {:?}", client.hop().tls, client.hop().login),
            Ok(None) => "none".to_owned(),
            Err(error) => format!("{error:#}").replace(folder.path().to_str().unwrap(), ""),
        }
    }

    #[test]
    fn the_way_is_as_the_configuration_says() {
        assert_eq!(check("", ""), "Never None");
        assert_eq!(check("user = 'u'\npassword_file = 'FILE'\n", "secret\n"), "Never Some(Login(…))");
        assert_eq!(check("user = 'u'\n", ""), "[release] `user` and `password_file` belong together");
        assert_eq!(
            check("user = 'u'\npassword_file = 'FILE'\n", "\n"),
            "[release] password_file: /password: that is no password"
        );
        assert_eq!(check("ca = 'FILE'\n", ""), "[release] `ca` belongs to tls = \"starttls\"");
        assert!(check("tls = 'starttls'\nca = 'FILE'\n", "").contains("no certificate authority"));
    }
}
