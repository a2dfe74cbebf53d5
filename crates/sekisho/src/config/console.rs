//! What the configuration says about the console, and who may do what with held mail.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use sekisho_intake::http::Secret;
use sekisho_record::{
    Class,
    quarantine::{Deed, Role},
};
use serde::Deserialize;

/// The console: pages for people, the API of the quarantine, and what the links in mail lead to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Console {
    /// Where it listens: `HOST:PORT`, or the path of a socket; none: off. Default: 127.0.0.1:11335 as soon as there is a
    /// token or a `url`.
    pub(crate) listen: Option<Vec<String>>,
    /// Where people reach it, for links in mail: `https://quarantine.example.com`. Without one, mail gets no links.
    pub(crate) url: Option<String>,
    /// Who may come in: `{ name = "ann", sha256 = "…", role = "administrator" }`. Without any, nobody may.
    pub(crate) tokens: Vec<ConsoleToken>,
}

/// Somebody who may come in. The token itself is nowhere.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsoleToken {
    /// Who it is: the audit names it, and two administrators are two names.
    pub(crate) name: String,
    /// SHA-256 (hexadecimal) of the token.
    pub(crate) sha256: Secret,
    /// `administrator`, `analyst`, `reader`, or `recipient`.
    pub(crate) role: Role,
    /// The addresses of a recipient, who sees and asks for what is held for these only.
    #[serde(default)]
    pub(crate) addresses: Vec<String>,
}

/// Who may do what with held mail: a role that is named here may do what it says and nothing else, up to that class;
/// the others what they may by default. `analyst = { preview = "malicious", release = "suspicious" }`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rights {
    /// Somebody for whom mail is held. Default: preview and release what is suspicious, request anything.
    pub(crate) recipient: Option<BTreeMap<Deed, Class>>,
    /// Default: preview.
    pub(crate) reader: Option<BTreeMap<Deed, Class>>,
    /// Default: preview, request, answer, release, delete.
    pub(crate) analyst: Option<BTreeMap<Deed, Class>>,
    /// Default: all of these, and ordering (`lock`) and lifting (`lift`) lockdowns.
    pub(crate) administrator: Option<BTreeMap<Deed, Class>>,
}

impl Rights {
    /// The table as the store asks it.
    pub(crate) fn table(&self) -> sekisho_store::Rights {
        let mut table = sekisho_store::Rights::default();
        let rows = [
            (Role::Recipient, &self.recipient),
            (Role::Reader, &self.reader),
            (Role::Analyst, &self.analyst),
            (Role::Administrator, &self.administrator),
        ];
        table.0.extend(rows.into_iter().filter_map(|(role, row)| Some((role, row.clone()?))));
        table
    }
}

impl Console {
    /// Looks for what cannot be meant.
    ///
    /// # Errors
    /// What is wrong, and with which key.
    pub(super) fn check(&self) -> Result<()> {
        if let Some(url) = &self.url {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '?' | '#');
            if !rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain) && !rest.ends_with('/')) {
                bail!(
                    "console.url = \"{url}\": give it as https://quarantine.example.com, without a / at the end"
                );
            }
        }
        let mut names = std::collections::BTreeSet::new();
        for ConsoleToken { name, role, addresses, .. } in &self.tokens {
            if name.trim().is_empty() || name.trim() != name {
                bail!("console.tokens: a token needs a name, which the audit will tell: name = \"ann\"");
            }
            if !names.insert(name.to_lowercase()) {
                bail!("console.tokens: two tokens are called `{name}`; two people need two names");
            }
            match role {
                Role::Program => bail!("console.tokens: `{name}`: nobody has the role `program`"),
                Role::Recipient if addresses.is_empty() => {
                    bail!("console.tokens: `{name}` is a recipient and needs `addresses = [\"…\"]`")
                }
                Role::Recipient => {}
                _ if !addresses.is_empty() => {
                    bail!("console.tokens: `{name}`: only the role `recipient` has `addresses`")
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn check(text: &str) -> String {
        parse(text).map_or_else(|error| error.to_string(), |_| "right".to_owned())
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let tokens = |all: &[(&str, &str, &str)]| -> String {
            let one = |(name, role, more): &(&str, &str, &str)| {
                format!("[[console.tokens]]\nname = '{name}'\nsha256 = '{hash}'\nrole = '{role}'\n{more}\n")
            };
            check(&all.iter().map(one).collect::<String>())
        };
        assert_eq!(tokens(&[("ann", "administrator", ""), ("ben", "reader", "")]), "right");
        assert!(tokens(&[("ann", "reader", ""), ("Ann", "reader", "")]).contains("two tokens are called"));
        assert!(tokens(&[("ann", "program", "")]).contains("nobody has the role"));
        assert!(tokens(&[("ann", "recipient", "")]).contains("needs `addresses"));
        assert_eq!(tokens(&[("ann", "recipient", "addresses = ['a@b.example']")]), "right");
        assert!(tokens(&[("ann", "analyst", "addresses = ['a@b.example']")]).contains("only the role"));
        assert!(tokens(&[("", "reader", "")]).contains("needs a name"));
        assert_eq!(check("[console]\nurl = 'https://q.example'\n"), "right");
        for url in ["q.example", "https://q.example/", "https://", "https://q.example/\"x"] {
            assert!(check(&format!("[console]\nurl = '{url}'\n")).contains("without a /"), "{url}");
        }
    }

    #[test]
    fn a_role_that_is_named_may_do_what_is_said_and_the_others_what_they_may_by_default() {
        let text = "[rights]\nanalyst = { preview = 'malicious', release = 'suspicious' }\n";
        let table = parse(text).unwrap().rights.table();
        assert!(table.allows(Role::Analyst, Deed::Release, Class::Suspicious));
        assert!(!table.allows(Role::Analyst, Deed::Release, Class::Malicious));
        assert!(!table.allows(Role::Analyst, Deed::Delete, Class::Benign));
        assert!(table.allows(Role::Administrator, Deed::Release, Class::Malicious));
        assert_eq!(parse("").unwrap().rights.table(), sekisho_store::Rights::default());
        assert!(check("[rights]\nanalist = {}\n").contains("did you mean `analyst`?"));
        assert!(check("[rights]\nanalyst = { destroy = 'benign' }\n").contains("destroy"));
    }
}
