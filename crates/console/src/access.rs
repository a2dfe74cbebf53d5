//! Who comes in: tokens of the configuration, sessions of the pages, and the tokens of forms.
//!
//! * **Token.** The configuration has SHA-256 of it. Whoever sends it (`Authorization: Bearer …`, or once at the login) is
//!   the account of that name. All accounts are compared, each in full.
//! * **Session.** A cookie that says name and end, signed with the console's key together with the hash of the token: it
//!   ends when the token is taken out of the configuration or replaced, on every node.
//! * **Form.** A signature over the session, or the ticket, that the page was made for: no other page can make one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use sekisho_record::quarantine::Role;
use sekisho_store::Signing;

use crate::limits::{SECRET_BYTES_MAX, SESSION_S};

/// Somebody who may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who it is, for the audit.
    pub name: String,
    /// SHA-256 of the token.
    pub sha256: [u8; 32],
    /// In which role.
    pub role: Role,
    /// Addresses of a recipient.
    pub own: Vec<String>,
}

/// The account of a token.
pub(crate) fn by_token<'a>(accounts: &'a [Account], token: &[u8]) -> Option<&'a Account> {
    if token.is_empty() || token.len() > SECRET_BYTES_MAX {
        return None;
    }
    let given = digest(&SHA256, token);
    let mut found = None;
    for account in accounts {
        let differs = account.sha256.iter().zip(given.as_ref()).fold(0, |all, (a, b)| all | (a ^ b));
        if std::hint::black_box(differs) == 0 {
            found = Some(account);
        }
    }
    found
}

/// The token in the value of `Authorization`.
pub(crate) fn bearer(field: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = field.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

fn session_bytes(account: &Account, ends: i64) -> Vec<u8> {
    let mut bytes = b"session\0".to_vec();
    bytes.extend_from_slice(&ends.to_be_bytes());
    bytes.extend_from_slice(&account.sha256);
    bytes.extend_from_slice(account.name.as_bytes());
    bytes
}

/// The value of a new session's cookie.
pub(crate) fn session(signing: &Signing, account: &Account, now: i64) -> String {
    let ends = now.saturating_add(SESSION_S);
    let tag = signing.sign(&session_bytes(account, ends));
    let name = URL_SAFE_NO_PAD.encode(&account.name);
    format!("{ends}.{name}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// The account of a session that has not ended.
pub(crate) fn by_session<'a>(
    signing: &Signing,
    accounts: &'a [Account],
    cookie: &str,
    now: i64,
) -> Option<&'a Account> {
    if cookie.len() > SECRET_BYTES_MAX {
        return None;
    }
    let mut parts = cookie.split('.');
    let (ends, name, tag) = (parts.next()?, parts.next()?, parts.next()?);
    let ends: i64 = ends.parse().ok()?;
    let name = URL_SAFE_NO_PAD.decode(name).ok()?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    let account = accounts.iter().find(|account| account.name.as_bytes() == name)?;
    (signing.is(&session_bytes(account, ends), &tag) && now < ends).then_some(account)
}

/// The token of the forms of a page that was made for this session or ticket.
pub(crate) fn form(signing: &Signing, of: &str) -> String {
    URL_SAFE_NO_PAD.encode(signing.sign(format!("form\0{of}").as_bytes()))
}

/// Whether a form came from a page that was made for this session or ticket.
pub(crate) fn is_form(signing: &Signing, of: &str, token: &str) -> bool {
    token.len() <= SECRET_BYTES_MAX
        && URL_SAFE_NO_PAD.decode(token).is_ok_and(|tag| signing.is(format!("form\0{of}").as_bytes(), &tag))
}

#[cfg(test)]
mod tests {
    use sekisho_store::Key;

    use super::*;

    fn account(name: &str, token: &str) -> Account {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Account { name: name.into(), sha256, role: Role::Analyst, own: Vec::new() }
    }

    #[test]
    fn a_token_is_known_by_its_hash() {
        let all = [account("ann", "one"), account("ben", "two")];
        let check = |field: &[u8]| bearer(field).and_then(|t| by_token(&all, t)).map(|a| a.name.as_str());
        assert_eq!(check(b"Bearer one"), Some("ann"));
        assert_eq!(check(b"bearer  two "), Some("ben"));
        for wrong in ["Bearer on", "Bearer ", "Basic one", "one", ""] {
            assert_eq!(check(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(by_token(&[], b"one"), None);
    }

    #[test]
    fn a_session_ends_with_its_time_its_token_and_its_account() {
        let signing = Key::from_bytes(&[1; 32]).signing();
        let all = [account("ann", "one"), account("ben", "two")];
        let cookie = session(&signing, &all[0], 100);
        let check = |accounts: &[Account], cookie: &str, now| {
            by_session(&signing, accounts, cookie, now).map(|a| a.name.clone())
        };
        assert_eq!(check(&all, &cookie, 100 + SESSION_S - 1).as_deref(), Some("ann"));
        assert_eq!(check(&all, &cookie, 100 + SESSION_S), None);
        assert_eq!(check(&[account("ann", "new")], &cookie, 101), None);
        assert_eq!(check(&all[1..], &cookie, 101), None);
        let other = Key::from_bytes(&[2; 32]).signing();
        assert!(by_session(&other, &all, &cookie, 101).is_none());
        let later = cookie.replacen(&format!("{}", 100 + SESSION_S), "999999999", 1);
        assert_eq!(check(&all, &later, 101), None);
        let name = |name: &str| URL_SAFE_NO_PAD.encode(name);
        assert_eq!(check(&all, &cookie.replacen(&name("ann"), &name("ben"), 1), 101), None);
    }

    #[test]
    fn a_form_is_worth_something_for_its_page_only() {
        let signing = Key::from_bytes(&[1; 32]).signing();
        let token = form(&signing, "a");
        assert!(is_form(&signing, "a", &token));
        assert!(!is_form(&signing, "b", &token));
        assert!(!is_form(&signing, "a", ""));
    }
}
