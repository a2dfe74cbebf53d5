//! What the doctor looks at of the ways in besides their ports.

use std::path::Path;

use super::{Check, Doctor, connected};
use crate::{config::Config, serve};

impl Doctor<'_> {
    /// Whether the SMTP listeners have certificates that can be used.
    pub(super) fn certificates(&self, config: &Config) -> Vec<Check> {
        let (smtp, journal) = (&config.smtp, &config.journal);
        let sections = [
            ("smtp", &smtp.listen, &smtp.certificate, &smtp.key),
            ("journal", &journal.listen, &journal.certificate, &journal.key),
        ];
        let used = sections.into_iter().filter(|(_, listen, ..)| !listen.is_empty());
        let check = |(section, _, certificate, key): (&str, _, &Option<_>, &Option<_>)| {
            let found = serve::smtp::certified(section, certificate.as_deref(), key.as_deref());
            match found {
                Ok(Some(_)) => self.good("certificate", "doctor-certificate", &[("section", section)]),
                Ok(None) => self.good("certificate", "doctor-certificate-none", &[("section", section)]),
                Err(error) => {
                    let why = format!("{error:#}");
                    self.bad("certificate", "doctor-certificate-wrong", &[("why", &why)])
                }
            }
        };
        used.map(check).collect()
    }

    /// Whether what is to be watched can be.
    pub(super) fn watched(&self, config: &Config) -> Vec<Check> {
        let (mailboxes, folders) = match serve::watched::settings(config, Path::new("")) {
            Ok(settings) => settings,
            Err(error) => {
                let why = format!("{error:#}");
                return vec![self.bad("mailbox", "doctor-mailbox-wrong", &[("why", &why)])];
            }
        };
        let mailboxes = mailboxes.iter().map(|mailbox| {
            let place = format!("{}:{}", mailbox.host, mailbox.port);
            match connected(&mailbox.host, mailbox.port) {
                Ok(()) => self.good("mailbox", "doctor-mailbox", &[("place", &place)]),
                Err(error) => {
                    let why = error.to_string();
                    self.warning("mailbox", "doctor-mailbox-away", &[("place", &place), ("why", &why)])
                }
            }
        });
        let folders = folders.iter().map(|folder| {
            self.good("folder", "doctor-folder", &[("place", &folder.path.display().to_string())])
        });
        mailboxes.chain(folders).collect()
    }
}
