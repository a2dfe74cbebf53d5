//! What the configuration says about telling people of what is held for them.

use anyhow::{Context as _, Result, bail};
use sekisho_record::Class;
use sekisho_respond::{Every, Settings, limits, owns, schedule::time_of_day};
use serde::Deserialize;

use super::Config;

/// Mail to people about what is held for them, and about their requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Digest {
    /// People are told. Default: where `url` of [console] and `next` of [release] say how.
    pub(crate) enabled: Option<bool>,
    /// How often: `day`, `hour`, `week`, hours (`4h`), or `immediately`. Default: day.
    pub(crate) every: String,
    /// At what time of day by this machine's clock (TZ) periods begin. Default: 07:00.
    pub(crate) at: String,
    /// People are told of messages up to this class: benign, suspicious, malicious. Default: malicious.
    pub(crate) up_to: Class,
    /// Messages named in one mail, at most 200; the rest is counted. Default: 50.
    pub(crate) lines: usize,
    /// Our address. Default: postmaster of the first domain.
    pub(crate) from: Option<String>,
    /// Language: en or ja. Default: that of the banners, else en.
    pub(crate) language: Option<String>,
    /// Addresses that are told of new requests.
    pub(crate) notify: Vec<String>,
    /// Days after which links in mail (also those of banners) are worth nothing. Default: 30.
    pub(crate) link_days: u32,
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            enabled: None,
            every: "day".to_owned(),
            at: "07:00".to_owned(),
            up_to: Class::Malicious,
            lines: limits::LINES,
            from: None,
            language: None,
            notify: Vec::new(),
            link_days: 30,
        }
    }
}

impl Digest {
    /// Looks for what cannot be meant.
    ///
    /// # Errors
    /// What is wrong, and with which key.
    pub(super) fn check(&self) -> Result<()> {
        if Every::read(&self.every).is_none() {
            bail!(
                "digest.every = \"{}\" is none of immediately, hour, day, week, and hours like 4h",
                self.every
            );
        }
        if time_of_day(&self.at).is_none() {
            bail!("digest.at = \"{}\" is no time of day like 07:00", self.at);
        }
        if !(1..=limits::LINES_MAX).contains(&self.lines) {
            bail!("digest.lines = {} is not between 1 and {}", self.lines, limits::LINES_MAX);
        }
        if !(1..=limits::LINK_DAYS_MAX).contains(&self.link_days) {
            bail!("digest.link_days = {} is not between 1 and {}", self.link_days, limits::LINK_DAYS_MAX);
        }
        if self.language.as_deref().is_some_and(|language| !["en", "ja"].contains(&language)) {
            bail!("digest.language is en or ja");
        }
        if self.notify.len() > limits::NOTIFY_MAX {
            bail!("digest.notify names more than {} addresses", limits::NOTIFY_MAX);
        }
        Ok(())
    }
}

/// How people are told; `None` when they are not.
///
/// # Errors
/// When it is turned on and something is missing, or an address is not the organisation's.
pub(crate) fn settings(config: &Config) -> Result<Option<Settings>> {
    let digest = &config.digest;
    let (url, next) = (config.console.url.clone(), config.release.next.as_ref());
    let url = match (url, digest.enabled) {
        (_, Some(false)) => return Ok(None),
        (Some(url), _) if next.is_some() => url,
        (_, None) => return Ok(None),
        (None, Some(true)) => bail!("[digest] links to the console: [console] needs `url`"),
        (Some(_), Some(true)) => bail!("[digest] goes out through the mail server: [release] needs `next`"),
    };
    let domains = config.organisation.domains.clone();
    let first = domains.first().context("[digest] needs the organisation's domains")?;
    let from = digest.from.clone().unwrap_or_else(|| format!("postmaster@{first}"));
    for (key, address) in digest.notify.iter().map(|one| ("notify", one)).chain([("from", &from)]) {
        if !owns(&domains, address) {
            bail!("digest.{key}: \"{address}\" is no address of the organisation's domains");
        }
    }
    let banners = config.policy.language.as_deref().filter(|language| *language == "ja");
    let language = digest.language.as_deref().or(banners).unwrap_or("en").to_owned();
    Ok(Some(Settings {
        every: Every::read(&digest.every).context("digest.every")?,
        at: time_of_day(&digest.at).context("digest.at")?,
        up_to: digest.up_to,
        lines: digest.lines,
        from,
        language,
        domains,
        notify: digest.notify.clone(),
        url,
        link_days: digest.link_days,
        rights: config.rights.table(),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    const WHOLE: &str = "[organisation]\ndomains = ['a.example']\n[console]\nurl = 'https://q.a.example'\n\
        [release]\nnext = '127.0.0.1:10026'\n";

    fn check(text: &str) -> String {
        match parse(text).and_then(|config| settings(&config)) {
            Ok(Some(settings)) => format!("{} {:?} {}", settings.from, settings.every, settings.language),
            Ok(None) => "off".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn people_are_told_where_there_is_a_way() {
        assert_eq!(check(WHOLE), "postmaster@a.example Hours(24) en");
        assert_eq!(check(""), "off");
        assert_eq!(check(&WHOLE.replace("[release]\nnext = '127.0.0.1:10026'\n", "")), "off");
        assert_eq!(check(&format!("{WHOLE}[digest]\nenabled = false\n")), "off");
        assert!(check("[digest]\nenabled = true\n").contains("[console] needs `url`"));
        let japanese = format!("{WHOLE}[policy]\nlanguage = 'ja'\n[digest]\nevery = 'immediately'\n");
        assert_eq!(check(&japanese), "postmaster@a.example Immediately ja");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let with = |line: &str| check(&format!("{WHOLE}[digest]\n{line}\n"));
        assert!(with("every = 'daily'").contains("none of"));
        assert!(with("at = '7'").contains("no time of day"));
        assert!(with("lines = 0").contains("between 1 and"));
        assert!(with("link_days = 400").contains("between 1 and"));
        assert!(with("language = 'de'").contains("en or ja"));
        assert!(with("notify = ['soc@elsewhere.example']").contains("no address of the organisation"));
        assert!(with("from = 'x'").contains("no address of the organisation"));
        assert_eq!(with("notify = ['soc@mail.a.example']"), "postmaster@a.example Hours(24) en");
        assert!(with("ever = 'day'").contains("did you mean `every`?"));
    }
}
