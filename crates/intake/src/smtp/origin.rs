//! Where a message came from, as a peer that is trusted says: XCLIENT and XFORWARD of Postfix
//! (`XCLIENT_README`, `XFORWARD_README`), read and written.

use std::net::IpAddr;

use super::command::to_xtext;

/// What is known of the client that brought the message to the first of our servers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Name of its address.
    pub name: Option<String>,
    /// Its address.
    pub addr: Option<IpAddr>,
    /// Its port.
    pub port: Option<u16>,
    /// `SMTP` or `ESMTP`.
    pub proto: Option<String>,
    /// What it called itself.
    pub helo: Option<String>,
    /// What the server before us calls the message.
    pub ident: Option<String>,
    /// `LOCAL` or `REMOTE`.
    pub source: Option<String>,
    /// The name it logged in with.
    pub login: Option<String>,
}

/// Attributes that XCLIENT may have.
pub const XCLIENT: &str = "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";
/// Attributes that XFORWARD may have.
pub const XFORWARD: &str = "NAME ADDR PORT PROTO HELO IDENT SOURCE";

impl Origin {
    /// Takes one attribute; false where its name is not known or its value cannot be read.
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        let gone = matches!(value.to_ascii_uppercase().as_str(), "[UNAVAILABLE]" | "[TEMPUNAVAIL]");
        let text = (!gone && !value.is_empty()).then(|| value.to_owned());
        match name {
            "NAME" => self.name = text,
            "ADDR" => match text.as_deref().map(address) {
                Some(None) => return false,
                read => self.addr = read.flatten(),
            },
            "PORT" => match text.map(|text| text.parse()) {
                Some(Err(_)) => return false,
                read => self.port = read.and_then(Result::ok),
            },
            "PROTO" => self.proto = text,
            "HELO" => self.helo = text,
            "IDENT" => self.ident = text,
            "SOURCE" => self.source = text,
            "LOGIN" => self.login = text,
            "DESTADDR" | "DESTPORT" => {}
            _ => return false,
        }
        true
    }

    /// The commands that tell a next hop all of this, of the attributes that it offers (names in upper case).
    pub fn xforward(&self, offered: &[String]) -> Vec<String> {
        let address = self.addr.map(|addr| match addr {
            IpAddr::V4(addr) => addr.to_string(),
            IpAddr::V6(addr) => format!("IPV6:{addr}"),
        });
        let all = [
            ("NAME", self.name.clone()),
            ("ADDR", address),
            ("PORT", self.port.map(|port| port.to_string())),
            ("PROTO", self.proto.clone()),
            ("HELO", self.helo.clone()),
            ("IDENT", self.ident.clone()),
            ("SOURCE", self.source.clone()),
        ];
        let mut commands: Vec<String> = Vec::new();
        for (name, value) in all {
            if !offered.iter().any(|offer| offer == name) {
                continue;
            }
            let value = value.map_or_else(|| "[UNAVAILABLE]".to_owned(), |value| to_xtext(&value));
            let word = format!(" {name}={value}");
            match commands.last_mut() {
                Some(command) if command.len() + word.len() <= 480 => command.push_str(&word),
                _ => commands.push(format!("XFORWARD{word}")),
            }
        }
        commands
    }
}

fn address(text: &str) -> Option<IpAddr> {
    let v6 = text.get(..5).filter(|prefix| prefix.eq_ignore_ascii_case("IPV6:")).and(text.get(5..));
    v6.unwrap_or(text).parse::<IpAddr>().ok().map(|addr| addr.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attributes: &[(&str, &str)], offered: &str) -> String {
        let mut origin = Origin::default();
        let read: Vec<bool> = attributes.iter().map(|(name, value)| origin.set(name, value)).collect();
        let offered: Vec<String> = offered.split(' ').map(str::to_owned).collect();
        let read: String = read.iter().map(|read| if *read { '+' } else { '-' }).collect();
        format!("{read} {}", origin.xforward(&offered).join(" | "))
    }

    #[test]
    fn attributes_are_read_and_told_on() {
        insta::assert_snapshot!(
            check(&[("NAME", "mx.example"), ("ADDR", "IPv6:2001:db8::1"), ("PORT", "25"), ("HELO", "a b"), ("SOURCE", "REMOTE")], XFORWARD),
            @"+++++ XFORWARD NAME=mx.example ADDR=IPV6:2001:db8::1 PORT=25 PROTO=[UNAVAILABLE] HELO=a+20b IDENT=[UNAVAILABLE] SOURCE=REMOTE"
        );
        insta::assert_snapshot!(
            check(&[("ADDR", "::ffff:192.0.2.1"), ("PROTO", "ESMTP")], "NAME ADDR PROTO"),
            @"++ XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.1 PROTO=ESMTP"
        );
        assert_eq!(check(&[("ADDR", "[UNAVAILABLE]")], "NONE"), "+ ");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(check(&[("ADDR", "x"), ("PORT", "70000"), ("WHAT", "x")], ""), "--- ");
    }

    #[test]
    fn long_attributes_take_several_commands() {
        let long = "a".repeat(250);
        let said = check(&[("NAME", &long), ("HELO", &long)], XFORWARD);
        assert!(
            said.split(" | ").count() == 2 && said.split(" | ").all(|command| command.len() < 512),
            "{said}"
        );
    }
}
