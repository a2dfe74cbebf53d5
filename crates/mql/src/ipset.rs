//! Sets of IP addresses from CIDR literals (`beta.ip_in` is called with thousands): merged ranges, found by halving.

use std::net::IpAddr;

/// Ranges of addresses, sorted and apart. IPv4 lives among the IPv4-mapped IPv6 addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct IpSet {
    ranges: Vec<(u128, u128)>,
}

impl IpSet {
    /// From literals; those that are neither address nor CIDR are left out.
    pub fn new<'s>(literals: impl IntoIterator<Item = &'s str>) -> IpSet {
        let mut all: Vec<(u128, u128)> = literals.into_iter().filter_map(range).collect();
        all.sort_unstable();
        let mut ranges: Vec<(u128, u128)> = Vec::with_capacity(all.len());
        for (from, to) in all {
            match ranges.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => ranges.push((from, to)),
            }
        }
        IpSet { ranges }
    }

    /// Whether the address is in the set; `None` when it is not an address.
    #[must_use]
    pub fn contains(&self, ip: &str) -> Option<bool> {
        let ip = number(ip.trim().parse().ok()?);
        let at = self.ranges.partition_point(|r| r.0 <= ip);
        Some(at.checked_sub(1).and_then(|i| self.ranges.get(i)).is_some_and(|r| ip <= r.1))
    }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

fn range(literal: &str) -> Option<(u128, u128)> {
    let (ip, bits) = match literal.split_once('/') {
        Some((ip, bits)) => (ip, Some(bits.trim().parse::<u32>().ok()?)),
        None => (literal, None),
    };
    let ip: IpAddr = ip.trim().parse().ok()?;
    let width = if ip.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(width);
    let free = width.checked_sub(bits)?;
    let mask = 1u128.checked_shl(free).map_or(u128::MAX, |m| m - 1);
    Some((number(ip) & !mask, number(ip) | mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_addresses() {
        let set = IpSet::new(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "10.1.0.0/16", "x", "1.2.3.4/33"]);
        for ip in ["10.255.0.1", "192.0.2.7", "2001:db8::1", "::ffff:10.0.0.1"] {
            assert_eq!(set.contains(ip), Some(true), "{ip}");
        }
        for ip in ["11.0.0.0", "192.0.2.8", "2001:db9::", "0.0.0.0"] {
            assert_eq!(set.contains(ip), Some(false), "{ip}");
        }
        assert_eq!(set.contains("mail.example"), None);
        assert_eq!(IpSet::new(["::/0"]).contains("1.1.1.1"), Some(true));
        assert_eq!(IpSet::new(["0.0.0.0/0"]).contains("2001:db8::"), Some(false));
    }
}
