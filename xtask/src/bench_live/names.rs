//! The name server of a bench in which both servers look up names, as they do wherever they run: on loopback, without
//! waiting, the same answers for both.
//!
//! * A name below `_domainkey` has a key of 2048 bits, the same everywhere. No signature of the corpus holds with it, but
//!   where the hash of the body does, both servers do the whole sum to find that out.
//! * `_dmarc` of every domain has a policy of `none`; every other name that is asked for text allows the client by SPF.
//! * Nothing else exists: no address, no mail server, and nobody stands on any list, as is so for most mail.
//!
//! A server that remembers answers asks for each name once in five minutes, one that does not asks for each message.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context as _, Result};
use hickory_resolver::proto::{
    op::{Message, MessageType, OpCode, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{SOA, TXT},
    },
};

/// How long answers may be remembered, those that say no as well: what many domains give for their keys.
const LIVES_SECONDS: u32 = 300;
/// Between two looks whether the bench is over.
const PAUSE: Duration = Duration::from_millis(100);
/// The most bytes of a question over UDP that anybody sends.
const QUESTION_BYTES_MAX: usize = 4_096;
/// A string of a TXT record (RFC 1035 §3.3.14).
const STRING_BYTES_MAX: usize = 255;

/// A running name server.
pub(super) struct Names {
    /// Where it is asked.
    pub(super) at: SocketAddr,
    asked: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Names {
    /// Starts one, with a public key for all signatures (base64 of its SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// When no port of loopback can be had.
    pub(super) fn start(key: &str) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for a name server")?;
        socket.set_read_timeout(Some(PAUSE))?;
        let (at, over) = (socket.local_addr()?, Arc::new(AtomicBool::new(false)));
        let asked = Arc::default();
        let key = format!("v=DKIM1; k=rsa; p={key}");
        let thread = std::thread::spawn({
            let (over, asked) = (Arc::clone(&over), Arc::clone(&asked));
            move || answer(&socket, &key, &over, &asked)
        });
        Ok(Self { at, asked, over, thread: Some(thread) })
    }

    /// How many questions were answered.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has no result.
            let _ = thread.join();
        }
    }
}

fn answer(socket: &UdpSocket, key: &str, over: &AtomicBool, asked: &AtomicU64) {
    let mut bytes = [0; QUESTION_BYTES_MAX];
    while !over.load(Ordering::Relaxed) {
        let Ok((count, from)) = socket.recv_from(&mut bytes) else { continue };
        let Some(question) = bytes.get(..count).and_then(|bytes| Message::from_vec(bytes).ok()) else {
            continue;
        };
        asked.fetch_add(1, Ordering::Relaxed);
        if let Ok(reply) = reply(&question, key).to_vec() {
            // Whoever does not read it asks again.
            let _ = socket.send_to(&reply, from);
        }
    }
}

fn reply(question: &Message, key: &str) -> Message {
    let mut reply = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    reply.metadata.recursion_desired = question.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    let Some(query) = question.queries.first() else { return reply };
    reply.add_query(query.clone());
    let name = query.name();
    match text(&name.to_ascii().to_ascii_lowercase(), key) {
        Some(text) if query.query_type() == RecordType::TXT => {
            let strings = text.as_bytes().chunks(STRING_BYTES_MAX);
            let strings = strings.map(|part| String::from_utf8_lossy(part).into_owned()).collect();
            reply.add_answer(Record::from_rdata(name.clone(), LIVES_SECONDS, RData::TXT(TXT::new(strings))));
        }
        _ => {
            reply.metadata.response_code = ResponseCode::NXDomain;
            let lives = i32::try_from(LIVES_SECONDS).unwrap_or(i32::MAX);
            let soa = SOA::new(Name::root(), Name::root(), 1, lives, lives, lives, LIVES_SECONDS);
            reply.add_authority(Record::from_rdata(Name::root(), LIVES_SECONDS, RData::SOA(soa)));
        }
    }
    reply
}

/// The text below a name. Lists of addresses and domains have none: theirs are asked for addresses.
fn text(name: &str, key: &str) -> Option<String> {
    if name.contains("._domainkey.") {
        return Some(key.to_owned());
    }
    if name.starts_with("_dmarc.") {
        return Some("v=DMARC1; p=none".to_owned());
    }
    let plain = !name.contains("._") && !name.starts_with('_') && !name.contains(".asn");
    plain.then(|| "v=spf1 ip4:198.51.100.0/24 ~all".to_owned())
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::op::Query;

    use super::*;

    /// A question over the socket; the answer in a line.
    fn check(names: &Names, kind: RecordType, name: &str) -> String {
        let mut question = Message::query();
        question.add_query(Query::query(name.parse().unwrap(), kind));
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.send_to(&question.to_vec().unwrap(), names.at).unwrap();
        let mut bytes = [0; QUESTION_BYTES_MAX];
        let count = socket.recv(&mut bytes).unwrap();
        let reply = Message::from_vec(&bytes[..count]).unwrap();
        assert_eq!((reply.metadata.id, &reply.queries), (question.metadata.id, &question.queries));
        let answers = reply.answers.iter().map(|record| record.data.to_string());
        format!("{} {}", reply.metadata.response_code, answers.collect::<String>())
    }

    #[test]
    fn every_domain_has_papers_and_nothing_else() {
        let names = Names::start(&"k".repeat(300)).unwrap();
        let key = check(&names, RecordType::TXT, "s1._domainkey.shop.example.");
        assert_eq!(key, format!("No Error v=DKIM1; k=rsa; p={}", "k".repeat(300)));
        let dmarc = check(&names, RecordType::TXT, "_dmarc.Shop.example.");
        assert_eq!(dmarc, "No Error v=DMARC1; p=none");
        let spf = check(&names, RecordType::TXT, "shop.example.");
        assert_eq!(spf, "No Error v=spf1 ip4:198.51.100.0/24 ~all");
        for (kind, name) in [
            (RecordType::A, "shop.example."),
            (RecordType::A, "7.100.51.198.zen.list.example."),
            (RecordType::MX, "shop.example."),
            (RecordType::TXT, "_adsp._other.shop.example."),
        ] {
            assert_eq!(check(&names, kind, name), "Non-Existent Domain ", "{kind} {name}");
        }
        assert_eq!(names.asked(), 7);
    }
}
