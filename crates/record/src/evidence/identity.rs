//! Facet `identity`: who the message says it is from, and how that name is built.

use sekisho_mail::EmailAddress;
use serde::Serialize;

/// The author's self-presentation.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Identity {
    /// An address that the display name shows.
    pub display_address: Option<EmailAddress>,
    /// It shows one, and its registrable domain is not the author's.
    pub display_address_differs: bool,
    /// A domain name (not an address) that the display name shows, registrable form, when it is not the author's.
    pub display_domain: Option<String>,
    /// The display name names a recipient's own organisation (a configured name, or its domain's label alone or beside
    /// a role) while the author is not of it.
    pub display_claims_recipient_org: bool,
    /// The display name is the local part, name or address of a recipient.
    pub display_is_recipient: bool,
    /// The display name equals that of a person of the organisation or a VIP whose address this is not.
    pub display_is_colleague: bool,
    /// The same for a configured VIP.
    pub display_is_vip: bool,
    /// Technical mailbox: postmaster, mailer-daemon, root, abuse, hostmaster, www-data, …
    pub technical_mailbox: bool,
    /// Machine-made local part: long, with digits and no vowels, or random hex.
    pub random_local_part: bool,
    /// Author domain is a free-mail provider.
    pub freemail: bool,
    /// Reply-To exists and its registrable domain is not the author's.
    pub reply_to_differs: bool,
    /// Reply-To is at a free-mail provider and the author is not.
    pub reply_to_freemail: bool,
    /// First Reply-To address, when it differs.
    pub reply_to: Option<String>,
    /// Display name holds letters of several scripts in one word, zero-width or tag characters, or small capitals.
    pub display_disguised: bool,
    /// Display name with disguises undone, lower case.
    pub display_folded: Option<String>,
    /// Author is also a recipient (or the only recipient); not where a mailing list wrote its address over the author's.
    pub sender_is_recipient: bool,
    /// Recipients are hidden: none, an invalid one, or `undisclosed recipients`.
    pub recipients_hidden: bool,
    /// Author domain imitates a brand's, a partner's or the organisation's: see `lookalike_kind`.
    pub lookalike_of: Option<String>,
    /// confusable, typo, combo (brand plus words), subdomain (brand as a label of another's domain), tld.
    pub lookalike_kind: Option<String>,
    /// Author address lies in a domain of the organisation.
    pub author_is_org: Option<bool>,
}
