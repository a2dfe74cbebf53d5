//! Facet `brand`: which brands the message claims to be, and whether its papers and links are theirs.

use serde::Serialize;

/// Brand claims by text.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Brand {
    /// Every brand claimed, strongest first.
    pub claims: Vec<Claim>,
    /// The strongest claim's canonical name, when it is at least medium.
    pub claimed: Option<String>,
    /// The authenticated sender is (a domain of) a claimed brand.
    pub sender_owns: bool,
    /// A link's target lies in a claimed brand's domain.
    pub links_own: bool,
    /// At least one prominent or main link leads outside the claimed brand.
    pub links_leave: bool,
    /// Any known brand whose domain authenticates the sender.
    pub sender_brand: Option<String>,
}

/// One claim.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Claim {
    /// Canonical name.
    pub brand: String,
    /// Sector: tech, finance, crypto, logistics, government, telecom, retail, …
    pub sector: String,
    /// high, medium, low.
    pub strength: String,
    /// Where it claims: `display_name`, `local_part`, `subdomain`, `subject`, `heading`, `phrase`, `sign_off`,
    /// `copyright`, `link_text`, `image`, `lookalike_domain`, `link_host`.
    pub surfaces: Vec<String>,
    /// The text that claims, as written, first surface.
    pub text: String,
    /// The name was disguised (confusables, leetspeak, spaces, a typo).
    pub disguised: bool,
    /// The authenticated sender is this brand.
    pub sender_owns: bool,
    /// The From domain, authenticated or not, is this brand's.
    pub author_owns: bool,
    /// Some link target is this brand's.
    pub links_own: bool,
    /// Every http(s) target is this brand's.
    pub links_all_own: bool,
}
