//! Addresses in every notation that a browser accepts (WHATWG URL §3.5), with the disguise named.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Ip, IpTranslation};

impl Ip {
    /// Reads an address in any notation that a browser accepts for a host: besides the canonical ones also octal,
    /// hexadecimal, fewer than four parts, one integer. Brackets and the `IPv6:` tag of RFC 5321 are taken off.
    pub fn parse(text: &str) -> Option<Ip> {
        Self::parse_strict(text).or_else(|| Self::parse_disguised(text.trim()))
    }

    /// Reads an address in canonical notation only: for texts where `12` is a number and not an address.
    pub fn parse_strict(text: &str) -> Option<Ip> {
        let text = text.trim();
        let first = *text.as_bytes().first()?;
        if !first.is_ascii_hexdigit() && !matches!(first, b'[' | b':' | b'I' | b'i') {
            return None;
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let bare = match bare.get(..5) {
            Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => bare.get(5..).unwrap_or_default(),
            _ => bare,
        };
        match bare.parse::<IpAddr>().ok()? {
            IpAddr::V4(ip) => Some(Ip { ip: ip.to_string(), version: 4, translation: None }),
            IpAddr::V6(ip) => Some(Self::of_v6(ip, bare)),
        }
    }

    fn of_v6(ip: Ipv6Addr, written: &str) -> Ip {
        let Some(inner) = ip.to_ipv4_mapped() else {
            return Ip { ip: ip.to_string(), version: 6, translation: None };
        };
        let translation =
            IpTranslation { original: written.to_owned(), v4_to_v6: true, encoders: Vec::new() };
        Ip { ip: inner.to_string(), version: 4, translation: Some(translation) }
    }

    fn parse_disguised(text: &str) -> Option<Ip> {
        let numbers = text.strip_suffix('.').unwrap_or(text);
        let count = numbers.split('.').count();
        if numbers.len() > 64 || count > 4 || !numbers.as_bytes().first()?.is_ascii_digit() {
            return None;
        }
        let mut address: u64 = 0;
        let mut encoders: Vec<String> = Vec::new();
        for (index, part) in numbers.split('.').enumerate() {
            let (value, encoder) = part_value(part)?;
            if let Some(name) = encoder.filter(|name| !encoders.iter().any(|seen| seen == name)) {
                encoders.push(name.to_owned());
            }
            let last = index + 1 == count;
            let bits = if last { 8 * (5 - count) } else { 8 };
            if value >> bits != 0 {
                return None;
            }
            address = (address << bits) | value;
        }
        match count {
            1 if encoders.is_empty() => encoders.push("decimal_integer".to_owned()),
            1 | 4 => {}
            _ => encoders.push("short".to_owned()),
        }
        let ip = Ipv4Addr::from(u32::try_from(address).ok()?).to_string();
        let translation =
            (ip != text).then(|| IpTranslation { original: text.to_owned(), v4_to_v6: false, encoders });
        Some(Ip { ip, version: 4, translation })
    }
}

/// One part of a dotted address and the name of its notation when it is not decimal.
fn part_value(part: &str) -> Option<(u64, Option<&'static str>)> {
    let (digits, radix, name) = match part.as_bytes() {
        [] => return None,
        [b'0', b'x' | b'X', ..] => (part.get(2..)?, 16, Some("hex")),
        [b'0', _, ..] => (part.get(1..)?, 8, Some("octal")),
        _ => (part, 10, None),
    };
    if digits.is_empty() {
        return Some((0, name)); // `0x` alone is zero.
    }
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    // Too large for 64 bits is too large for an address.
    Some((u64::from_str_radix(digits, radix).ok()?, name))
}
