//! Signed links: whoever has one may open one page about one held message for one recipient, until it expires.
//!
//! A token is base64url text of: a version, what it is for, when it expires, the record, the recipient, and HMAC-SHA256
//! over all of that under a key that is derived from the key file. So it cannot be guessed, changed, or used for another
//! purpose, and nothing has to be stored for it. It is no secret what it says: whoever reads the link sees record and
//! recipient. A token gives no right beyond that of its recipient: what it leads to ends in
//! [`Store::request_release`](crate::Store::request_release) or [`Store::release`](crate::Store::release), which ask
//! rights and lockdowns each time.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;

use crate::limits;

/// The recipient of a ticket that is for nobody in particular: whoever has the link sees what everybody may see of the
/// record, and acts for no recipient. It is no address, so it never is one of [`By::own`](crate::By::own).
pub const ANYBODY: &str = "";

/// Version of the form.
const VERSION: u8 = 1;
/// Bytes of the authentication at the end.
const TAG_BYTES: usize = 32;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To report a message.
    Report,
    /// To see why it was held or marked.
    Details,
    /// To ask for its release: leads to a page that asks for confirmation.
    Request,
    /// To confirm that, or a release.
    Confirm,
}

impl Purpose {
    fn number(self) -> u8 {
        match self {
            Self::Report => 1,
            Self::Details => 2,
            Self::Request => 3,
            Self::Confirm => 4,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        [Self::Report, Self::Details, Self::Request, Self::Confirm].into_iter().find(|p| p.number() == number)
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// What it is for.
    pub what: Purpose,
    /// The record.
    pub record: String,
    /// For which recipient, or [`ANYBODY`].
    pub recipient: String,
    /// The first second in which it is worth nothing any more, since 1970.
    pub expires_at: i64,
}

/// Why a token is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Void {
    /// It was not made with this key, or was changed, or is no token at all.
    Forged,
    /// It is for something else.
    Purpose,
    /// It has expired.
    Expired,
}

/// The key of all tickets. Cheap to clone.
#[derive(Clone)]
pub struct Tickets(hmac::Key);

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tickets(…)")
    }
}

impl Tickets {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// The token of a ticket: letters, digits, `-` and `_`, at most [`limits::TOKEN_BYTES_MAX`] of them; `None` when its
    /// texts are too long for that.
    pub fn token(&self, ticket: &Ticket) -> Option<String> {
        let mut bytes = vec![VERSION, ticket.what.number()];
        bytes.extend_from_slice(&ticket.expires_at.to_be_bytes());
        for text in [&ticket.record, &ticket.recipient] {
            bytes.extend_from_slice(&u16::try_from(text.len()).ok()?.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        let tag = hmac::sign(&self.0, &bytes);
        bytes.extend_from_slice(tag.as_ref());
        let token = URL_SAFE_NO_PAD.encode(bytes);
        (token.len() <= limits::TOKEN_BYTES_MAX).then_some(token)
    }

    /// What a token says, if it is worth something for this at that time. Takes the same time whatever is wrong with its
    /// authentication, and reads nothing that is not authenticated.
    ///
    /// # Errors
    /// Why it is worth nothing.
    pub fn open(&self, token: &str, what: Purpose, now: i64) -> Result<Ticket, Void> {
        if token.len() > limits::TOKEN_BYTES_MAX {
            return Err(Void::Forged);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Void::Forged)?;
        let at = bytes.len().checked_sub(TAG_BYTES).ok_or(Void::Forged)?;
        let (said, tag) = bytes.split_at_checked(at).ok_or(Void::Forged)?;
        hmac::verify(&self.0, said, tag).map_err(|_| Void::Forged)?;
        let ticket = read(said).ok_or(Void::Forged)?;
        if ticket.what != what {
            return Err(Void::Purpose);
        }
        if now >= ticket.expires_at {
            return Err(Void::Expired);
        }
        Ok(ticket)
    }
}

fn read(said: &[u8]) -> Option<Ticket> {
    let ([VERSION, what], rest) = said.split_first_chunk::<2>()? else { return None };
    let (expires_at, rest) = rest.split_first_chunk::<8>()?;
    let (record, rest) = text(rest)?;
    let (recipient, rest) = text(rest)?;
    let (what, expires_at) = (Purpose::from_number(*what)?, i64::from_be_bytes(*expires_at));
    rest.is_empty().then_some(Ticket { what, record, recipient, expires_at })
}

fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((String::from_utf8(text.to_vec()).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Key;

    const ALL: [Purpose; 4] = [Purpose::Report, Purpose::Details, Purpose::Request, Purpose::Confirm];

    fn tickets(secret: u8) -> Tickets {
        Key::from_bytes(&[secret; 32]).tickets()
    }

    fn ticket() -> Ticket {
        Ticket {
            what: Purpose::Request,
            record: "r-1".into(),
            recipient: "me@here.example".into(),
            expires_at: 100,
        }
    }

    #[test]
    fn a_ticket_comes_back_until_it_expires_and_for_its_purpose_only() {
        let token = tickets(1).token(&ticket()).unwrap();
        let check = |secret: u8, what, now| tickets(secret).open(&token, what, now);
        assert_eq!(check(1, Purpose::Request, 99), Ok(ticket()));
        assert_eq!(check(1, Purpose::Request, 100), Err(Void::Expired));
        assert_eq!(check(1, Purpose::Confirm, 99), Err(Void::Purpose));
        assert_eq!(check(2, Purpose::Request, 99), Err(Void::Forged));
        assert!(token.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'), "{token}");
        assert!(token.len() < 120, "{token}");
    }

    #[test]
    fn what_is_too_long_gets_no_token_and_no_look() {
        let long = Ticket { recipient: "x".repeat(limits::TOKEN_BYTES_MAX), ..ticket() };
        assert_eq!(tickets(1).token(&long), None);
        assert_eq!(tickets(1).token(&Ticket { record: "x".repeat(70_000), ..ticket() }), None);
        let token = "A".repeat(1 << 20);
        assert_eq!(tickets(1).open(&token, Purpose::Request, 0), Err(Void::Forged));
        // Two recipients, one token: the lengths are authenticated, too.
        let ab = Ticket { record: "ab".into(), recipient: "c".into(), ..ticket() };
        let a = Ticket { record: "a".into(), recipient: "bc".into(), ..ticket() };
        assert_ne!(tickets(1).token(&ab), tickets(1).token(&a));
    }

    proptest! {
        #[test]
        fn any_ticket_comes_back(
            what in proptest::sample::select(ALL.to_vec()),
            record in ".{0,60}",
            recipient in ".{0,60}",
            expires_at: i64,
        ) {
            let ticket = Ticket { what, record, recipient, expires_at };
            let token = tickets(1).token(&ticket).unwrap();
            prop_assert_eq!(tickets(1).open(&token, what, i64::MIN), if expires_at == i64::MIN { Err(Void::Expired) } else { Ok(ticket) });
        }

        #[test]
        fn no_changed_token_is_worth_anything(at in 0_usize..100, to in "[A-Za-z0-9_=-]", cut in 0_usize..110) {
            let token = tickets(1).token(&ticket()).unwrap();
            let mut changed = token.clone();
            if at < token.len() {
                changed.replace_range(at..=at, &to);
            }
            if changed != token {
                for what in ALL {
                    prop_assert_eq!(tickets(1).open(&changed, what, 0), Err(Void::Forged));
                }
            }
            if cut < token.len() {
                prop_assert_eq!(tickets(1).open(&token[..cut], Purpose::Request, 0), Err(Void::Forged));
            }
            let longer = format!("{token}{to}");
            prop_assert_eq!(tickets(1).open(&longer, Purpose::Request, 0), Err(Void::Forged));
        }

        #[test]
        fn any_text_is_refused(token in "\\PC{0,200}") {
            prop_assert_eq!(tickets(1).open(&token, Purpose::Request, 0), Err(Void::Forged));
        }
    }
}
