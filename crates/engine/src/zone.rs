//! A scripted zone: the DNS of tests and of offline replays, read from a text file (docs/zone-file.md).

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Instant,
};

use mail_auth::{
    DnsError, DnssecStatus, Error as AuthError, MX, RecordSet, ResolverCache, Txt,
    common::{parse::TxtRecordParser, verify::DomainKey},
    dkim::Atps,
    dmarc::Dmarc,
    hickory_resolver::proto::op::ResponseCode,
    spf::Spf,
};

use crate::{Error, limits, world::TxtFound};

/// What a name answers that a zone file marks as broken.
const FAILURE: &str = "scripted failure";

/// A zone. Names that it does not hold do not exist.
#[derive(Default)]
pub struct Zone {
    txt: HashMap<Box<str>, Txt>,
    mx: HashMap<Box<str>, RecordSet<MX>>,
    ipv4: HashMap<Box<str>, RecordSet<Ipv4Addr>>,
    ipv6: HashMap<Box<str>, RecordSet<Ipv6Addr>>,
    ptr: HashMap<IpAddr, RecordSet<Box<str>>>,
    /// TXT records as they were written, for whoever reads them elsewhere.
    texts: HashMap<Box<str>, TxtFound>,
    /// Some SPF record asks whether a name exists, so an unknown name must not be answered by an empty set.
    asks_existence: bool,
}

/// Records of one name as they were written.
#[derive(Default)]
struct Name {
    txt: Vec<String>,
    mx: Vec<(u16, Box<str>)>,
    ipv4: Vec<Ipv4Addr>,
    ipv6: Vec<Ipv6Addr>,
    ptr: Vec<Box<str>>,
    alias: Option<Box<str>>,
    broken: bool,
}

impl Zone {
    /// Reads a zone file. An error names the line.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > limits::ZONE_BYTES_MAX {
            return Err(Error::Zone { line: 0, detail: "the file is larger than 16 MiB".into() });
        }
        let mut names: HashMap<Box<str>, Name> = HashMap::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with([';', '#']) {
                continue;
            }
            read_line(line, &mut names).map_err(|detail| Error::Zone { line: at + 1, detail })?;
        }
        Ok(Self::build(&names))
    }

    /// TXT records of a name with its final dot.
    pub(crate) fn texts(&self, name: &str) -> TxtFound {
        self.texts.get(name).cloned().unwrap_or(TxtFound::Absent(true))
    }

    /// The zone holds records of that name (with its final dot).
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.texts.contains_key(name)
    }

    fn build(names: &HashMap<Box<str>, Name>) -> Self {
        let mut zone = Self::default();
        for (name, own) in names {
            let found = follow(names, own);
            if let Some(ip) = name.parse::<IpAddr>().ok().filter(|_| !found.ptr.is_empty()) {
                zone.ptr.insert(ip, set(&found.ptr));
                continue;
            }
            let fqdn: Box<str> = format!("{name}.").into();
            if found.broken {
                let failure = AuthError::Dns(DnsError::Resolver(FAILURE.into()));
                zone.texts.insert(fqdn.clone(), TxtFound::Failed(FAILURE.into()));
                zone.txt.insert(fqdn, Txt::Error(failure));
                continue;
            }
            zone.asks_existence |= found.txt.iter().any(|t| t.contains("exists:"));
            // A name that holds other records exists; it has no text.
            let texts = if found.txt.is_empty() {
                TxtFound::Absent(false)
            } else {
                TxtFound::Records(found.txt.clone())
            };
            zone.texts.insert(fqdn.clone(), texts);
            if !found.txt.is_empty() {
                zone.txt.insert(fqdn.clone(), text_record(name, &found.txt));
            }
            if !found.mx.is_empty() {
                zone.mx.insert(fqdn.clone(), exchanges(&found.mx));
            }
            if !found.ipv4.is_empty() {
                zone.ipv4.insert(fqdn.clone(), set(&found.ipv4));
            }
            if !found.ipv6.is_empty() {
                zone.ipv6.insert(fqdn, set(&found.ipv6));
            }
        }
        zone
    }
}

/// Follows aliases to the name that holds the records.
fn follow<'a>(names: &'a HashMap<Box<str>, Name>, mut name: &'a Name) -> &'a Name {
    for _ in 0..limits::ALIASES_MAX {
        match name.alias.as_ref().and_then(|alias| names.get(alias)) {
            Some(next) => name = next,
            None => break,
        }
    }
    name
}

fn read_line(line: &str, names: &mut HashMap<Box<str>, Name>) -> Result<(), String> {
    let (name, rest) = line.split_once(char::is_whitespace).ok_or("expected `name TYPE value`")?;
    let (kind, value) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    let value = value.trim();
    let entry = names.entry(normal(name)).or_default();
    match kind.to_ascii_uppercase().as_str() {
        "TXT" => entry.txt.push(unquote(value)),
        "A" => entry.ipv4.push(value.parse().map_err(|_| format!("`{value}` is no IPv4 address"))?),
        "AAAA" => entry.ipv6.push(value.parse().map_err(|_| format!("`{value}` is no IPv6 address"))?),
        "MX" => {
            let (preference, host) = value.split_once(char::is_whitespace).ok_or("expected `10 host`")?;
            let preference =
                preference.parse().map_err(|_| format!("`{preference}` is no preference (0 to 65535)"))?;
            entry.mx.push((preference, format!("{}.", normal(host)).into()));
        }
        "PTR" => entry.ptr.push(format!("{}.", normal(value)).into()),
        "CNAME" => entry.alias = Some(normal(value)),
        "FAIL" => entry.broken = true,
        other => {
            return Err(format!("`{other}` is no type of a zone file: TXT, A, AAAA, MX, PTR, CNAME or FAIL"));
        }
    }
    Ok(())
}

fn normal(name: &str) -> Box<str> {
    name.trim().trim_end_matches('.').to_ascii_lowercase().into()
}

/// `"one" "two"` becomes `onetwo`; text without quotes stays as it is.
fn unquote(value: &str) -> String {
    if !value.starts_with('"') {
        return value.to_owned();
    }
    value.split('"').skip(1).step_by(2).collect()
}

fn set<T: Clone>(items: &[T]) -> RecordSet<T> {
    RecordSet { rrset: items.into(), dnssec_status: DnssecStatus::Indeterminate }
}

fn exchanges(records: &[(u16, Box<str>)]) -> RecordSet<MX> {
    let mut sorted = records.to_vec();
    sorted.sort_by_key(|(preference, _)| *preference);
    let all: Vec<MX> =
        sorted.into_iter().map(|(preference, host)| MX { exchanges: Box::new([host]), preference }).collect();
    set(&all)
}

/// What kind of text a name holds is told by its labels, as in the protocols that look there.
pub(crate) fn text_record(name: &str, texts: &[String]) -> Txt {
    fn first<T: TxtRecordParser + Into<Txt>>(texts: &[String]) -> Txt {
        let mut result = Err(AuthError::Dns(DnsError::InvalidRecordType));
        for text in texts {
            result = T::parse(text.as_bytes());
            if result.is_ok() {
                break;
            }
        }
        result.into()
    }
    if name.contains("._domainkey.") {
        first::<DomainKey>(texts)
    } else if name.starts_with("_dmarc.") {
        first::<Dmarc>(texts)
    } else if name.contains("._atps.") {
        first::<Atps>(texts)
    } else {
        first::<Spf>(texts)
    }
}

impl ResolverCache<Box<str>, Txt> for Zone {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let absent = || Txt::Error(AuthError::Dns(DnsError::RecordNotFound(ResponseCode::NXDomain)));
        Some(self.txt.get(name).cloned().unwrap_or_else(absent))
    }

    fn remove<Q>(&self, _name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _key: Box<str>, _value: Txt, _valid_until: Instant) {}
}

/// Look-ups that end in an empty set for names that the zone does not hold.
macro_rules! answer_from {
    ($field:ident, $key:ty, $item:ty, $empty:expr) => {
        impl ResolverCache<$key, RecordSet<$item>> for Zone {
            fn get<Q>(&self, name: &Q) -> Option<RecordSet<$item>>
            where
                $key: Borrow<Q>,
                Q: Hash + Eq + ?Sized,
            {
                let empty: fn(&Zone) -> bool = $empty;
                let absent = || RecordSet { rrset: Arc::new([]), dnssec_status: DnssecStatus::Indeterminate };
                self.$field.get(name).cloned().or_else(|| empty(self).then(absent))
            }

            fn remove<Q>(&self, _name: &Q) -> Option<RecordSet<$item>>
            where
                $key: Borrow<Q>,
                Q: Hash + Eq + ?Sized,
            {
                None
            }

            fn insert(&self, _key: $key, _value: RecordSet<$item>, _valid_until: Instant) {}
        }
    };
}

answer_from!(mx, Box<str>, MX, |_| true);
answer_from!(ptr, IpAddr, Box<str>, |_| true);
answer_from!(ipv4, Box<str>, Ipv4Addr, |zone| !zone.asks_existence);
answer_from!(ipv6, Box<str>, Ipv6Addr, |zone| !zone.asks_existence);

#[cfg(test)]
mod tests {
    use super::{Zone, unquote};

    #[test]
    fn an_error_names_line_and_reason() {
        let error = Zone::parse("# ok\na.example A 192.0.2.1\nb.example AX 1").err().map(|e| e.to_string());
        insta::assert_snapshot!(
            error.unwrap_or_default(),
            @"zone file, line 3: `AX` is no type of a zone file: TXT, A, AAAA, MX, PTR, CNAME or FAIL"
        );
        assert!(
            Zone::parse("; comment\n\na.example. MX 10 mx.a.example\n192.0.2.1 PTR mx.a.example").is_ok()
        );
    }

    #[test]
    fn quoted_strings_of_one_record_are_joined() {
        assert_eq!(unquote(r#""v=DKIM1; p=AB" "CD""#), "v=DKIM1; p=ABCD");
        assert_eq!(unquote("v=spf1 -all"), "v=spf1 -all");
    }
}
