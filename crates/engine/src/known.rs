//! The records that are known about one message, as a cache for `mail-auth`, and a note of those that were missed.

use std::{
    borrow::Borrow,
    cell::{Cell, RefCell},
    collections::HashMap,
    hash::{Hash, Hasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Instant,
};

use mail_auth::{
    DnsError, DnssecStatus, Error as AuthError, MX, RecordSet, ResolverCache, Txt,
    hickory_resolver::proto::op::ResponseCode,
};

use crate::{
    limits,
    world::{Ask, TxtFound},
    zone::text_record,
};

/// Answers so far. What it does not hold counts as absent and is noted, so that one pass names all that it misses.
#[derive(Default)]
pub(crate) struct Known {
    txt: HashMap<String, Txt>,
    exists: HashMap<String, Option<bool>>,
    missed: RefCell<Ask>,
    absent: Cell<bool>,
    given_up: bool,
}

impl Known {
    /// Begins another pass. When nothing more will be answered, what is missed counts as a failure of the server.
    pub(crate) fn start(&mut self, given_up: bool) {
        self.missed.take();
        self.absent.set(false);
        self.given_up = given_up;
    }

    /// What the pass missed.
    pub(crate) fn missed(&self) -> Ask {
        self.missed.take()
    }

    /// The pass asked whether a name exists, and it does not.
    pub(crate) fn met_absent_name(&self) -> bool {
        self.absent.get()
    }

    /// Takes answers, which come in the order of the questions.
    pub(crate) fn learn(&mut self, asked: &Ask, txt: Vec<TxtFound>, exists: &[Option<bool>]) {
        let mut answers = txt.into_iter();
        for name in &asked.txt {
            let found = answers.next().unwrap_or_else(|| TxtFound::Failed("no answer".into()));
            let known = match found {
                TxtFound::Records(texts) => text_record(name.trim_end_matches('.'), &texts),
                TxtFound::Absent(true) => absent(ResponseCode::NXDomain),
                TxtFound::Absent(false) => absent(ResponseCode::NoError),
                TxtFound::Failed(why) => Txt::Error(AuthError::Dns(DnsError::Resolver(why))),
            };
            self.txt.insert(name.clone(), known);
        }
        for (at, name) in asked.exists.iter().enumerate() {
            self.exists.insert(name.clone(), exists.get(at).copied().flatten());
        }
    }

    fn note(&self, list: impl Fn(&mut Ask) -> &mut Vec<String>, name: String) {
        let mut missed = self.missed.borrow_mut();
        let list = list(&mut missed);
        if list.len() < limits::LOOKUPS_MAX && !list.contains(&name) {
            list.push(name);
        }
    }
}

fn absent(code: ResponseCode) -> Txt {
    Txt::Error(AuthError::Dns(DnsError::RecordNotFound(code)))
}

/// Reads the name out of a key of which only `Hash` is known: text hashes as its bytes and one end mark.
#[derive(Default)]
struct Spelling(Vec<u8>);

impl Hasher for Spelling {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn spelled<Q: Hash + ?Sized>(name: &Q) -> String {
    let mut spelling = Spelling::default();
    name.hash(&mut spelling);
    if spelling.0.last() == Some(&0xff) {
        spelling.0.pop();
    }
    String::from_utf8_lossy(&spelling.0).to_ascii_lowercase()
}

impl ResolverCache<Box<str>, Txt> for Known {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let name = spelled(name);
        if let Some(found) = self.txt.get(&name) {
            return Some(found.clone());
        }
        // Where a signer wants reports of failures is nothing that we use.
        if name.starts_with("_report._domainkey.") {
            return Some(absent(ResponseCode::NXDomain));
        }
        self.note(|ask| &mut ask.txt, name);
        Some(if self.given_up {
            Txt::Error(AuthError::Dns(DnsError::Resolver("no answer in time".into())))
        } else {
            absent(ResponseCode::NXDomain)
        })
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

fn nothing<T>() -> RecordSet<T> {
    RecordSet { rrset: Arc::new([]), dnssec_status: DnssecStatus::Indeterminate }
}

impl ResolverCache<Box<str>, RecordSet<Ipv4Addr>> for Known {
    /// DMARC asks for addresses only to learn whether the name exists.
    fn get<Q>(&self, name: &Q) -> Option<RecordSet<Ipv4Addr>>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut name = spelled(name);
        if !name.ends_with('.') {
            name.push('.');
        }
        match self.exists.get(&name) {
            Some(Some(false)) => self.absent.set(true),
            Some(_) => {}
            None => self.note(|ask| &mut ask.exists, name),
        }
        Some(nothing())
    }

    fn remove<Q>(&self, _name: &Q) -> Option<RecordSet<Ipv4Addr>>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _key: Box<str>, _value: RecordSet<Ipv4Addr>, _valid_until: Instant) {}
}

/// Only SPF asks for these, and SPF is not checked here.
macro_rules! never_asked {
    ($key:ty, $item:ty) => {
        impl ResolverCache<$key, RecordSet<$item>> for Known {
            fn get<Q>(&self, _name: &Q) -> Option<RecordSet<$item>>
            where
                $key: Borrow<Q>,
                Q: Hash + Eq + ?Sized,
            {
                Some(nothing())
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

never_asked!(Box<str>, MX);
never_asked!(Box<str>, Ipv6Addr);
never_asked!(IpAddr, Box<str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn text(known: &Known, name: &str) -> String {
        match ResolverCache::<Box<str>, Txt>::get::<str>(known, name) {
            Some(Txt::Error(error)) => error.to_string(),
            Some(_) => "a record".to_owned(),
            None => "nothing".to_owned(),
        }
    }

    #[test]
    fn what_is_missed_is_noted_once_in_lower_case_and_known_after_the_answer() {
        let mut known = Known::default();
        known.start(false);
        for name in ["K._domainkey.Shop.example.", "k._domainkey.shop.example.", "_dmarc.shop.example."] {
            assert_eq!(text(&known, name), "DNS record not found: Non-Existent Domain");
        }
        let missed = known.missed();
        assert_eq!(missed.txt, ["k._domainkey.shop.example.", "_dmarc.shop.example."]);
        let answers = vec![TxtFound::Absent(false), TxtFound::Records(vec!["v=DMARC1; p=none".into()])];
        known.learn(&missed, answers, &[]);
        known.start(false);
        assert_eq!(text(&known, "K._domainkey.Shop.example."), "DNS record not found: No Error");
        assert_eq!(text(&known, "_dmarc.shop.example."), "a record");
        assert!(known.missed().is_empty());
    }

    #[test]
    fn an_answer_that_is_not_given_is_a_failure_and_so_is_everything_after_giving_up() {
        let mut known = Known::default();
        let asked = Ask { txt: vec!["_dmarc.a.example.".into()], ..Ask::default() };
        known.learn(&asked, Vec::new(), &[]);
        assert_eq!(text(&known, "_dmarc.a.example."), "DNS resolution error: no answer");
        known.start(true);
        assert_eq!(text(&known, "_dmarc.b.example."), "DNS resolution error: no answer in time");
    }
}
