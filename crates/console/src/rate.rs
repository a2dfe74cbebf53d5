//! How often a client may ask: a bucket of requests for each address, which fills again with time.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::limits::{BURST_MAX, CLIENTS_MAX, RATE};

/// The buckets of all clients. Somebody with many addresses has many; an IPv6 network of 64 bits counts as one.
#[derive(Default)]
pub(crate) struct Rates(Mutex<HashMap<IpAddr, Bucket>>);

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn filled(self, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left + since * f64::from(RATE)).min(f64::from(BURST_MAX))
    }
}

/// Whom an address stands for.
fn client(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

impl Rates {
    /// Takes this much of a client's bucket; whether there was so much in it.
    pub(crate) fn take(&self, ip: IpAddr, cost: u32, now: Instant) -> bool {
        let ip = client(ip);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = all.get(&ip).map_or(f64::from(BURST_MAX), |bucket| bucket.filled(now));
        if all.len() >= CLIENTS_MAX && !all.contains_key(&ip) {
            make_room(&mut all, now);
        }
        let enough = left >= f64::from(cost);
        // What was wrong is taken even where there was too little: whoever guesses waits longer.
        all.insert(ip, Bucket { left: (left - f64::from(cost)).max(0.0), at: now });
        enough
    }
}

/// Forgets clients whose bucket is full again, or else those with the fullest.
fn make_room(all: &mut HashMap<IpAddr, Bucket>, now: Instant) {
    all.retain(|_, bucket| bucket.filled(now) < f64::from(BURST_MAX));
    if all.len() >= CLIENTS_MAX {
        let fullest = all.iter().max_by(|a, b| a.1.filled(now).total_cmp(&b.1.filled(now)));
        if let Some(ip) = fullest.map(|(ip, _)| *ip) {
            all.remove(&ip);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::WRONG_COST;

    #[test]
    fn who_guesses_is_stopped_and_may_come_again_later() {
        let (rates, now) = (Rates::default(), Instant::now());
        let (bad, good): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let tries = (0..100).filter(|_| rates.take(bad, WRONG_COST, now)).count();
        assert_eq!(tries, 20);
        assert!(!rates.take(bad, 1, now));
        assert!(rates.take(good, 1, now), "another one does not suffer");
        assert!(rates.take(bad, 1, now + Duration::from_secs(1)));
    }

    #[test]
    fn a_network_of_64_bits_is_one_client_and_the_table_is_bounded() {
        let (rates, now) = (Rates::default(), Instant::now());
        for n in 0..20_u16 {
            let ip = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, n, 0, 0, n);
            assert!(rates.take(ip.into(), WRONG_COST, now));
        }
        assert!(!rates.take("2001:db8:0:1::ffff".parse().unwrap(), 1, now));
        assert!(rates.take("2001:db8:0:2::1".parse().unwrap(), 1, now));
        for n in 0..30_000_u32 {
            rates.take(IpAddr::V4(n.into()), 1, now);
        }
        assert!(rates.0.lock().unwrap().len() <= CLIENTS_MAX);
    }
}
