//! Commands of SMTP: one line becomes one [`Command`] (RFC 5321 4.1, 3030, 3207, 6531, XCLIENT and XFORWARD of Postfix).
//!
//! Paths keep the text that the peer wrote, quotes included, so that the next hop reads what we read. Only a source route,
//! which RFC 5321 says to ignore, goes. `smtp-proto` was looked at: it takes a bare LF for the end of a line, gives back
//! unquoted addresses and knows neither XCLIENT nor XFORWARD.

use crate::limits::{SMTP_ADDRESS_BYTES_MAX, SMTP_PARAMETERS_MAX};

use super::reply::Reply;

/// A command and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `EHLO`: the name.
    Ehlo(String),
    /// `HELO`: the name.
    Helo(String),
    /// `MAIL FROM`; an empty path is that of a notice.
    Mail(Path),
    /// `RCPT TO`.
    Rcpt(Path),
    /// `DATA`.
    Data,
    /// `BDAT` (RFC 3030): that many bytes follow.
    Bdat {
        /// How many.
        size: u64,
        /// They are the last of the message.
        last: bool,
    },
    /// `RSET`.
    Rset,
    /// `NOOP`.
    Noop,
    /// `QUIT`.
    Quit,
    /// `VRFY` or `EXPN`.
    Verify,
    /// `HELP`.
    Help,
    /// `STARTTLS`.
    StartTls,
    /// `XCLIENT`: names in upper case and values, decoded.
    Xclient(Vec<(String, String)>),
    /// `XFORWARD`: the same.
    Xforward(Vec<(String, String)>),
    /// What a web browser says; whoever sends it is no mail client.
    Foreign,
}

/// An address with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path {
    /// As it was written between the angle brackets, without a source route.
    pub address: String,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
}

impl Path {
    /// A path without parameters.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), parameters: Vec::new() }
    }

    /// The parameter of this name (in upper case), where it was given.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        let parameter = |parameter: &Parameter| {
            parameter.name.len() + parameter.value.as_ref().map_or(0, String::len) + size_of::<Parameter>()
        };
        self.address.len() + self.parameters.iter().map(parameter).sum::<usize>() + size_of::<Self>()
    }
}

/// A parameter of MAIL or RCPT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// In upper case.
    pub name: String,
    /// As it was written, not decoded.
    pub value: Option<String>,
}

/// Why a line is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The verb is not known.
    Unknown,
    /// The verb is known, what follows is wrong; what it should be.
    Syntax(&'static str),
    /// The address cannot be read, or is too long.
    Address,
}

impl Fault {
    /// What the peer is told.
    pub fn reply(self) -> Reply {
        match self {
            Self::Unknown => Reply::new(500, "5.5.1 Command not known"),
            Self::Syntax(usage) => Reply::new(501, format!("5.5.4 Syntax: {usage}")),
            Self::Address => Reply::new(501, "5.1.3 That is no address"),
        }
    }
}

/// Reads one line, without its line end.
///
/// # Errors
/// It is no command.
pub fn parse(line: &[u8]) -> Result<Command, Fault> {
    let text = std::str::from_utf8(line).map_err(|_| Fault::Syntax("UTF-8 only"))?;
    if text.contains(|char: char| char.is_control() && char != '\t') {
        return Err(Fault::Syntax("no control characters"));
    }
    let text = text.trim_end_matches([' ', '\t']);
    let (verb, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    let rest = rest.trim_start_matches([' ', '\t']);
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" => name(rest, "EHLO name").map(Command::Ehlo),
        "HELO" => name(rest, "HELO name").map(Command::Helo),
        "MAIL" => path(rest, "FROM:", "MAIL FROM:<address>").map(Command::Mail),
        "RCPT" => match path(rest, "TO:", "RCPT TO:<address>")? {
            path if path.address.is_empty() => Err(Fault::Address),
            path => Ok(Command::Rcpt(path)),
        },
        "DATA" => alone(rest, Command::Data, "DATA"),
        "BDAT" => bdat(rest),
        "RSET" => alone(rest, Command::Rset, "RSET"),
        "QUIT" => alone(rest, Command::Quit, "QUIT"),
        "NOOP" => Ok(Command::Noop),
        "VRFY" | "EXPN" => Ok(Command::Verify),
        "HELP" => Ok(Command::Help),
        "STARTTLS" => alone(rest, Command::StartTls, "STARTTLS"),
        "XCLIENT" => attributes(rest).map(Command::Xclient),
        "XFORWARD" => attributes(rest).map(Command::Xforward),
        "GET" | "POST" | "PUT" | "HEAD" | "CONNECT" | "OPTIONS" | "HOST:" | "USER-AGENT:"
        | "CONTENT-TYPE:" => Ok(Command::Foreign),
        _ => Err(Fault::Unknown),
    }
}

fn alone(rest: &str, command: Command, usage: &'static str) -> Result<Command, Fault> {
    if rest.is_empty() { Ok(command) } else { Err(Fault::Syntax(usage)) }
}

fn name(rest: &str, usage: &'static str) -> Result<String, Fault> {
    let name = rest.split([' ', '\t']).next().unwrap_or_default();
    if name.is_empty() || name.len() > 255 { Err(Fault::Syntax(usage)) } else { Ok(name.to_owned()) }
}

fn bdat(rest: &str) -> Result<Command, Fault> {
    const FAULT: Fault = Fault::Syntax("BDAT size [LAST]");
    let mut words = rest.split_ascii_whitespace();
    let size = words.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())).ok_or(FAULT)?;
    let size = size.parse().map_err(|_| FAULT)?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return Err(FAULT),
    };
    if words.next().is_some() { Err(FAULT) } else { Ok(Command::Bdat { size, last }) }
}

fn path(rest: &str, keyword: &str, usage: &'static str) -> Result<Path, Fault> {
    let fault = Fault::Syntax(usage);
    let (word, rest) = rest.split_at_checked(keyword.len()).ok_or(fault)?;
    if !word.eq_ignore_ascii_case(keyword) {
        return Err(fault);
    }
    let rest = rest.trim_start_matches([' ', '\t']).strip_prefix('<').ok_or(fault)?;
    let (address, rest) = bracketed(rest).ok_or(Fault::Address)?;
    if !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return Err(fault);
    }
    let words = rest.split_ascii_whitespace();
    let parameters: Option<Vec<_>> = words.take(SMTP_PARAMETERS_MAX + 1).map(parameter).collect();
    match parameters {
        Some(parameters) if parameters.len() <= SMTP_PARAMETERS_MAX => Ok(Path { address, parameters }),
        _ => Err(fault),
    }
}

/// The address up to its closing bracket, which is not in a quoted local part, and what stands behind it.
fn bracketed(text: &str) -> Option<(String, &str)> {
    let text = unrouted(text)?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => {
                let (address, rest) = (text.get(..at)?, text.get(at + 1..)?);
                return is_address(address).then(|| (address.to_owned(), rest));
            }
            _ => {}
        }
    }
    None
}

/// Without `@one,@two:`.
fn unrouted(text: &str) -> Option<&str> {
    if !text.starts_with('@') {
        return Some(text);
    }
    let (route, rest) = text.split_once(':')?;
    let host = |host: &str| host.strip_prefix('@').is_some_and(is_domain);
    route.split(',').all(host).then_some(rest)
}

/// Empty, a local part, or a local part with a domain. Local parts may be odd: the server that they belong to decides.
fn is_address(address: &str) -> bool {
    if address.is_empty() {
        return true;
    }
    let (local, domain) = match address.rsplit_once('@') {
        Some((local, domain)) => (local, Some(domain)),
        None => (address, None),
    };
    address.len() <= SMTP_ADDRESS_BYTES_MAX && is_local(local) && domain.is_none_or(is_domain)
}

fn is_local(local: &str) -> bool {
    if let Some(inner) = local.strip_prefix('"') {
        return inner.strip_suffix('"').is_some_and(is_quoted);
    }
    let odd = |char: char| char.is_control() || char.is_whitespace() || "\"()<>[]:;,\\@".contains(char);
    !local.is_empty() && !local.contains(odd)
}

fn is_quoted(inner: &str) -> bool {
    let mut escaped = false;
    for char in inner.chars() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return false,
            _ if char.is_control() => return false,
            _ => {}
        }
    }
    !escaped
}

fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[') {
        let inner = literal.strip_suffix(']').unwrap_or_default();
        return !inner.is_empty()
            && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-".contains(&byte));
    }
    let plain = |char: char| char.is_ascii_alphanumeric() || ".-_".contains(char) || is_letter(char);
    !domain.is_empty() && domain.len() <= 255 && domain.chars().all(plain)
}

/// Beyond ASCII, and neither blank nor control character.
fn is_letter(char: char) -> bool {
    !char.is_ascii() && !char.is_control() && !char.is_whitespace()
}

fn parameter(word: &str) -> Option<Parameter> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    let known = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let printable = |char: char| char.is_ascii_graphic() || is_letter(char);
    let valued = value.is_none_or(|value| !value.is_empty() && value.chars().all(printable));
    (known && valued).then(|| Parameter { name: name.to_ascii_uppercase(), value: value.map(str::to_owned) })
}

fn attributes(rest: &str) -> Result<Vec<(String, String)>, Fault> {
    const FAULT: Fault = Fault::Syntax("NAME=value …");
    let attribute = |word: &str| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_ascii_uppercase(), from_xtext(value)?))
    };
    let words = rest.split_ascii_whitespace().take(SMTP_PARAMETERS_MAX + 1);
    let attributes: Option<Vec<_>> = words.map(attribute).collect();
    let fits = |list: &Vec<_>| !list.is_empty() && list.len() <= SMTP_PARAMETERS_MAX;
    attributes.filter(fits).ok_or(FAULT)
}

/// Decodes xtext (RFC 3461 4); control characters are no text.
pub fn from_xtext(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'+' {
            let digits = [bytes.next()?, bytes.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            let upper = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
            out.push(u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(upper))?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok().filter(|text| !text.contains(char::is_control))
}

/// Encodes as xtext. Text beyond ASCII is encoded byte by byte.
pub fn to_xtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' if byte != b'+' && byte != b'=' => out.push(char::from(byte)),
            _ => out.push_str(&format!("+{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> String {
        match parse(line.as_bytes()) {
            Ok(Command::Mail(path) | Command::Rcpt(path)) => {
                let mut out = format!("<{}>", path.address);
                for Parameter { name, value } in path.parameters {
                    out += &value.map_or(format!(" {name}"), |value| format!(" {name}={value}"));
                }
                out
            }
            Ok(other) => format!("{other:?}"),
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn paths_keep_their_text() {
        for (line, want) in [
            ("MAIL FROM:<>", "<>"),
            ("mail from: <a@b.example> size=10 BODY=8BITMIME", "<a@b.example> SIZE=10 BODY=8BITMIME"),
            (r#"RCPT TO:<"a> \"@b c"@d.example> NOTIFY=NEVER"#, r#"<"a> \"@b c"@d.example> NOTIFY=NEVER"#),
            ("RCPT TO:<@one.example,@two.example:a@b.example>", "<a@b.example>"),
            ("RCPT TO:<Postmaster>", "<Postmaster>"),
            ("RCPT TO:<a@[IPv6:2001:db8::1]>", "<a@[IPv6:2001:db8::1]>"),
            ("RCPT TO:<関所@例え.example>", "<関所@例え.example>"),
            ("RCPT TO:<a..b.@x>", "<a..b.@x>"),
            ("MAIL FROM:<a@b>\tSMTPUTF8 ", "<a@b> SMTPUTF8"),
        ] {
            assert_eq!(check(line), want, "{line}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for line in [
            "MAIL",
            "MAIL FROM:",
            "MAIL FROM:a@b",
            "MAIL FROM:<a@b",
            "MAIL FROM:<a b@c>",
            "MAIL FROM:<a@b>x",
            "RCPT TO:<>",
            "RCPT TO:<a@>",
            "RCPT TO:<@b>",
            r#"RCPT TO:<"a@b>"#,
            r#"RCPT TO:<"a"b"@c>"#,
            "RCPT TO:<a@b> =x",
            "RCPT TO:<a@b> NOTIFY=",
            "RCPT TO:<a@b\u{7}>",
            "RCPT TO:<@one,two:a@b>",
            "RCPT TO:<a@[]>",
            "MAIL FROM:<a@b\u{a0}c>",
        ] {
            let said = check(line);
            assert!(said.starts_with("Syntax") || said == "Address", "{line}: {said}");
        }
        let many = format!("MAIL FROM:<a@b>{}", " A".repeat(SMTP_PARAMETERS_MAX + 1));
        assert!(check(&many).starts_with("Syntax"));
        assert_eq!(check(&format!("RCPT TO:<{}@b>", "a".repeat(SMTP_ADDRESS_BYTES_MAX))), "Address");
    }

    #[test]
    fn verbs() {
        for (line, want) in [
            ("EHLO mx.example", r#"Ehlo("mx.example")"#),
            ("HELO", r#"Syntax("HELO name")"#),
            ("DATA x", r#"Syntax("DATA")"#),
            ("BDAT 10 last", "Bdat { size: 10, last: true }"),
            ("BDAT +1", r#"Syntax("BDAT size [LAST]")"#),
            ("BDAT 99999999999999999999", r#"Syntax("BDAT size [LAST]")"#),
            ("NOOP whatever", "Noop"),
            ("POST / HTTP/1.1", "Foreign"),
            (
                "XFORWARD NAME=a+2Bb ADDR=[UNAVAILABLE]",
                r#"Xforward([("NAME", "a+b"), ("ADDR", "[UNAVAILABLE]")])"#,
            ),
            ("XFORWARD NAME=a+0D", r#"Syntax("NAME=value …")"#),
            ("XFORWARD NAME=a+2", r#"Syntax("NAME=value …")"#),
            ("XCLIENT", r#"Syntax("NAME=value …")"#),
            ("", "Unknown"),
            ("TURN", "Unknown"),
        ] {
            assert_eq!(check(line), want, "{line}");
        }
    }

    #[test]
    fn xtext_there_and_back() {
        for text in ["", "a b+c=d", "関所"] {
            assert_eq!(from_xtext(&to_xtext(text)).as_deref(), Some(text));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_a_command_or_a_fault(line in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
            let _ = parse(&line);
        }

        #[test]
        fn what_is_read_as_a_path_can_be_written_again(text in "[a@<>\" :,.\\\\\\[\\]é=]{0,16}") {
            if let Ok(Command::Mail(path)) = parse(format!("MAIL FROM:<{text}").as_bytes()) {
                let again = parse(format!("MAIL FROM:<{}>", path.address).as_bytes());
                proptest::prop_assert_eq!(again, Ok(Command::Mail(Path::new(path.address))));
            }
        }
    }
}
