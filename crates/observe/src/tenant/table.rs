//! The facts of `data/esp.toml`, indexed for one look-up a domain or field.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::account;

/// What kind of sender an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Sends for others.
    #[default]
    Mailer,
    /// A product that mails in its users' name.
    Service,
    /// Mailboxes or web space: known infrastructure, never named as the mailer.
    Host,
}

/// One entry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Esp {
    pub(super) name: String,
    #[serde(default)]
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) needs_header: bool,
    #[serde(default)]
    pub(super) headers: Vec<String>,
    #[serde(default)]
    pub(super) values: Vec<[String; 2]>,
    #[serde(default)]
    pub(super) dkim: Vec<String>,
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    #[serde(default)]
    pub(super) return_path: Vec<String>,
    #[serde(default)]
    pub(super) carriers: Vec<String>,
    #[serde(default)]
    pub(super) account: Vec<[String; 2]>,
}

#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    esp: Vec<Esp>,
}

/// Domain → entries that own it.
#[derive(Default)]
pub(super) struct Domains(FxHashMap<String, Vec<usize>>);

impl Domains {
    fn build(entries: &[Esp], domains: impl Fn(&Esp) -> &[String]) -> Self {
        let mut map: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for (at, esp) in entries.iter().enumerate() {
            for domain in domains(esp) {
                map.entry(domain.clone()).or_default().push(at);
            }
        }
        Self(map)
    }

    /// Entries that own the name or a domain that it lies below, the longest such domain only.
    pub(super) fn of(&self, host: &str) -> impl Iterator<Item = usize> + use<'_> {
        let mut rest = host;
        let mut found: &[usize] = &[];
        // Deeper names than this are nobody's server.
        for _ in 0..10 {
            if let Some(owners) = self.0.get(rest) {
                found = owners;
                break;
            }
            match rest.split_once('.') {
                Some((_, below)) => rest = below,
                None => break,
            }
        }
        found.iter().copied()
    }
}

/// All entries with their indexes.
#[derive(Default)]
pub(super) struct Table {
    entries: Vec<Esp>,
    pub(super) dkim: Domains,
    pub(super) hosts: Domains,
    pub(super) return_paths: Domains,
    /// Exact field names.
    fields: FxHashMap<String, Vec<usize>>,
    /// Field name prefixes.
    prefixes: Vec<(String, usize)>,
    /// Field name → glob on its value.
    values: FxHashMap<String, Vec<(String, usize)>>,
    nobody: Esp,
}

impl Default for Esp {
    fn default() -> Self {
        Esp {
            name: String::new(),
            kind: Kind::Host,
            needs_header: true,
            headers: Vec::new(),
            values: Vec::new(),
            dkim: Vec::new(),
            hosts: Vec::new(),
            return_path: Vec::new(),
            carriers: Vec::new(),
            account: Vec::new(),
        }
    }
}

impl Table {
    fn build(entries: Vec<Esp>) -> Self {
        let mut table = Table {
            dkim: Domains::build(&entries, |esp| &esp.dkim),
            hosts: Domains::build(&entries, |esp| &esp.hosts),
            return_paths: Domains::build(&entries, |esp| &esp.return_path),
            ..Table::default()
        };
        for (at, esp) in entries.iter().enumerate() {
            for name in &esp.headers {
                match name.strip_suffix('*') {
                    Some(prefix) => table.prefixes.push((prefix.to_owned(), at)),
                    None => table.fields.entry(name.clone()).or_default().push(at),
                }
            }
            for [name, glob] in &esp.values {
                table.values.entry(name.clone()).or_default().push((glob.clone(), at));
            }
        }
        table.entries = entries;
        table
    }

    /// The entry at a place that an index gave.
    pub(super) fn esp(&self, at: usize) -> &Esp {
        self.entries.get(at).unwrap_or(&self.nobody)
    }

    /// Entries whose machines this one uses.
    pub(super) fn carriers<'a>(&'a self, esp: &'a Esp) -> impl Iterator<Item = &'a Esp> {
        self.entries.iter().filter(|other| esp.carriers.contains(&other.name))
    }

    /// Entries that a header field claims.
    pub(super) fn claimed_by(&self, name: &str, value: &str) -> Vec<&Esp> {
        let first = name.as_bytes().first().map(u8::to_ascii_lowercase);
        if !matches!(first, Some(b'x' | b'f' | b'u')) || name.len() > 64 {
            return Vec::new();
        }
        let name = name.to_ascii_lowercase();
        let mut out: Vec<&Esp> = Vec::new();
        out.extend(self.fields.get(&name).into_iter().flatten().map(|at| self.esp(*at)));
        out.extend(
            self.prefixes.iter().filter(|(head, _)| name.starts_with(head)).map(|(_, at)| self.esp(*at)),
        );
        if let Some(globs) = self.values.get(&name) {
            let value = value.trim().to_lowercase();
            out.extend(
                globs.iter().filter(|(glob, _)| account::fits(glob, &value)).map(|(_, at)| self.esp(*at)),
            );
        }
        out
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> &[Esp] {
        &self.entries
    }
}

/// The shipped table. A test reads it strictly; a broken file would mean an empty table, not a crash.
pub(super) fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let file: File = toml::from_str(include_str!("../../data/esp.toml")).unwrap_or_default();
        Table::build(file.esp)
    });
    &TABLE
}
