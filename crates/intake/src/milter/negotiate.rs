//! What both sides can do, and what is agreed on.

use super::codec::{Fault, command, frame, number, reply};

/// The version that we speak, that of sendmail 8.14 and later.
const VERSION: u32 = 6;
/// The oldest that still makes sense: with body, header fields and their changes.
const VERSION_MIN: u32 = 2;

/// Bits of actions.
pub mod action {
    /// Add header fields.
    pub const ADD_HEADERS: u32 = 0x01;
    /// Replace the body.
    pub const CHANGE_BODY: u32 = 0x02;
    /// Add recipients.
    pub const ADD_RCPT: u32 = 0x04;
    /// Delete recipients.
    pub const DELETE_RCPT: u32 = 0x08;
    /// Change and delete header fields.
    pub const CHANGE_HEADERS: u32 = 0x10;
    /// Say which macros are wanted.
    pub const SET_MACROS: u32 = 0x100;
    /// All that a message may need.
    pub const NEEDED: u32 = ADD_HEADERS | CHANGE_BODY | ADD_RCPT | DELETE_RCPT | CHANGE_HEADERS;

    /// Their names, for the log.
    pub fn names(bits: u32) -> String {
        let all = [
            (ADD_HEADERS, "add header fields"),
            (CHANGE_BODY, "replace the body"),
            (ADD_RCPT, "add recipients"),
            (DELETE_RCPT, "delete recipients"),
            (CHANGE_HEADERS, "change header fields"),
        ];
        let named: Vec<&str> = all.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect();
        named.join(", ")
    }
}

/// Bits of the protocol.
pub mod protocol {
    /// Commands that the mail server does not know are not passed on.
    pub const NO_UNKNOWN: u32 = 0x100;
    /// `SKIP` is understood.
    pub const SKIP: u32 = 0x400;
    /// Header fields come and go with their leading blanks.
    pub const LEADING_BLANKS: u32 = 0x10_0000;
    /// No reply to a header field.
    pub const QUIET_HEADER: u32 = 0x80;
    /// No reply to `CONNECT`.
    pub const QUIET_CONNECT: u32 = 0x1000;
    /// No reply to `HELO`.
    pub const QUIET_HELO: u32 = 0x2000;
    /// No reply to `MAIL`.
    pub const QUIET_MAIL: u32 = 0x4000;
    /// No reply to `RCPT`.
    pub const QUIET_RCPT: u32 = 0x8000;
    /// No reply to `DATA`.
    pub const QUIET_DATA: u32 = 0x1_0000;
    /// No reply to an unknown command.
    pub const QUIET_UNKNOWN: u32 = 0x2_0000;
    /// No reply to the end of the header.
    pub const QUIET_HEADER_END: u32 = 0x4_0000;
    /// No reply to a piece of the body.
    pub const QUIET_BODY: u32 = 0x8_0000;
    /// All that we understand.
    pub const WANTED: u32 = NO_UNKNOWN
        | SKIP
        | LEADING_BLANKS
        | QUIET_HEADER
        | QUIET_CONNECT
        | QUIET_HELO
        | QUIET_MAIL
        | QUIET_RCPT
        | QUIET_DATA
        | QUIET_UNKNOWN
        | QUIET_HEADER_END
        | QUIET_BODY;
}

/// Macros that are wanted, by stage: the client's address, the login, the queue's name for the message.
const MACROS: [(u32, &str); 5] = [(0, "{client_addr}"), (2, "{auth_authen}"), (3, "i"), (4, "i"), (5, "i")];

/// What was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreed {
    /// Version of the protocol.
    pub version: u32,
    /// Actions that may be asked for.
    pub actions: u32,
    /// How the protocol is spoken.
    pub protocol: u32,
}

impl Agreed {
    /// Reads what the mail server offers; what is agreed on, and our reply.
    pub fn negotiate(data: &[u8]) -> Result<(Self, Vec<u8>), Fault> {
        let (version, rest) = number(data)?;
        let (actions, rest) = number(rest)?;
        let (protocol, _) = number(rest)?;
        if version < VERSION_MIN {
            return Err(Fault::Version);
        }
        let agreed = Self {
            version: version.min(VERSION),
            actions: actions & (action::NEEDED | action::SET_MACROS),
            protocol: protocol & protocol::WANTED,
        };
        Ok((agreed, agreed.reply()))
    }

    fn reply(self) -> Vec<u8> {
        let mut data = Vec::new();
        for number in [self.version, self.actions, self.protocol] {
            data.extend_from_slice(&number.to_be_bytes());
        }
        if self.may(action::SET_MACROS) {
            for (stage, names) in MACROS {
                data.extend_from_slice(&stage.to_be_bytes());
                data.extend_from_slice(names.as_bytes());
                data.push(0);
            }
        }
        frame(reply::NEGOTIATE, &[&data])
    }

    /// All of these actions may be asked for.
    pub fn may(self, actions: u32) -> bool {
        self.actions & actions == actions
    }

    /// Needed actions that were not offered.
    pub fn lacks(self) -> u32 {
        action::NEEDED & !self.actions
    }

    /// Each recipient can be treated apart.
    pub fn splits(self) -> bool {
        self.may(action::ADD_RCPT | action::DELETE_RCPT)
    }

    /// Header fields come and go with their leading blanks.
    pub fn leading_blanks(self) -> bool {
        self.protocol & protocol::LEADING_BLANKS != 0
    }

    /// `SKIP` may be said.
    pub fn skips(self) -> bool {
        self.protocol & protocol::SKIP != 0
    }

    /// The mail server waits for a reply to this command.
    pub fn waits(self, letter: u8) -> bool {
        let quiet = match letter {
            command::CONNECT => protocol::QUIET_CONNECT,
            command::HELO => protocol::QUIET_HELO,
            command::MAIL => protocol::QUIET_MAIL,
            command::RCPT => protocol::QUIET_RCPT,
            command::DATA => protocol::QUIET_DATA,
            command::HEADER => protocol::QUIET_HEADER,
            command::HEADER_END => protocol::QUIET_HEADER_END,
            command::BODY => protocol::QUIET_BODY,
            command::UNKNOWN => protocol::QUIET_UNKNOWN,
            _ => return false,
        };
        self.protocol & quiet == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: u32, actions: u32, protocol: u32) -> String {
        let data: Vec<u8> = [version, actions, protocol].iter().flat_map(|n| n.to_be_bytes()).collect();
        match Agreed::negotiate(&data) {
            Ok((agreed, reply)) => format!(
                "version {}, actions {:#x}, protocol {:#x}; lacks: {}; {} bytes",
                agreed.version,
                agreed.actions,
                agreed.protocol,
                action::names(agreed.lacks()),
                reply.len()
            ),
            Err(fault) => fault.says().to_owned(),
        }
    }

    #[test]
    fn nothing_is_agreed_on_that_was_not_offered() {
        assert_eq!(
            check(6, 0x1ff, 0x1f_ffff),
            "version 6, actions 0x11f, protocol 0x1ff580; lacks: ; 71 bytes"
        );
        assert_eq!(
            check(2, 0x1d, 0x7f),
            "version 2, actions 0x1d, protocol 0x0; lacks: replace the body; 17 bytes"
        );
        assert_eq!(
            check(9, 0, 0),
            "version 6, actions 0x0, protocol 0x0; lacks: add header fields, replace the body, \
             add recipients, delete recipients, change header fields; 17 bytes"
        );
        assert_eq!(check(1, 0x1ff, 0), "a version of the protocol before 2");
        assert_eq!(Agreed::negotiate(b"\0\0\0\x06").unwrap_err(), Fault::Malformed);
    }

    #[test]
    fn replies_are_due_where_nobody_agreed_to_none() {
        let old = Agreed::default();
        let new = Agreed { protocol: protocol::WANTED, ..old };
        for letter in [b'C', b'H', b'M', b'R', b'T', b'L', b'N', b'B', b'U'] {
            assert!(old.waits(letter) && !new.waits(letter));
        }
        assert!(!old.waits(command::MACROS) && !old.waits(command::ABORT));
    }
}
