//! The banner: what a person reads in the message itself.
//!
//! [`dress`] says how a message is changed so that every rendering of its body begins with a banner; [`undress`] gives
//! the original back, byte for byte. Both are functions of bytes.
//!
//! * **Where** (`parts`): every `text/plain` and `text/html` part that a reader sees as the body, in any nesting. Never
//!   attachments, enclosed messages, or what a change would break; each of those is a [`Gap`] with its reason. *A sender
//!   can bring most gaps about*: whoever decides must know what happens to a message that ought to have a banner and got
//!   none.
//! * **How** (`place`, `weave`): pure insertions, in the part's own charset and transfer encoding. Only base64 may need
//!   one group of four characters replaced; the field of the banner keeps it.
//! * **Seen** (`html`, `parts`): a banner stands before everything else in the body, outside of all elements, with every
//!   property of its elements set where no style sheet can reach. The dressed part is parsed again (HTML5 rules) to see
//!   that its visible text begins with the banner.
//! * **Told apart** (`imitation`): a text of the sender that looks like a banner of ours gets a notice before it.
//! * **Kept inside** (`carried`): replies quote the banner; before they leave, [`carried`] takes it out.
//! * **Removed** (`field`, `undress`): one header field has the places of our bytes and the hash of the original.
//!   `dress` removes what it made before it returns it: a change that cannot be undone is never given out.

mod armour;
mod carried;
mod coding;
pub(crate) mod compose;
mod field;
mod html;
mod imitation;
mod parts;
mod place;
mod snippet;
mod tailor;
mod text;
mod undress;
mod weave;
mod words;

use sekisho_mail::{Message, Span};
use sekisho_record::{Change, FieldChange, Level, Patch, Threat};
use serde::{Deserialize, Serialize};

pub use carried::{Carried, carried};
pub use field::FIELD;
pub use undress::{undress, undress_own};

use crate::apply;
use field::{BodyDigest, Place, Removal, Ruler, unix};
use undress::Undressed;

/// A banner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banner {
    /// How urgent.
    pub level: Level,
    /// What it says.
    pub wording: Wording,
    /// Language tag; English where there is no catalogue for it.
    pub language: String,
    /// Where the message can be reported: `https:`, `http:` or `mailto:`; others are left out.
    pub report: Option<String>,
    /// Where more is said about it; likewise.
    pub details: Option<String>,
    /// Letters and digits that nobody can guess, new for every message: they name the banner's elements.
    pub mark: String,
}

/// What a banner says: risk, then evidence, then the next step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wording {
    /// The risk; without one the level alone says how bad it is.
    pub risk: Option<Threat>,
    /// Who it claims to be: any text, also a stranger's; it is cut and cleaned.
    pub claims: Option<String>,
    /// Who really sent it (a domain, an account).
    pub really: Option<String>,
    /// Through whom (a bulk mailer).
    pub through: Option<String>,
    /// The next step.
    pub advice: Advice,
}

/// The next step that a banner names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Advice {
    /// Do not click, open or answer.
    Leave,
    /// Do not click.
    Click,
    /// Do not open files.
    Open,
    /// Do not pay; ask on a number that you know.
    Pay,
    /// Do not call.
    Call,
    /// Ask the sender by phone or chat first.
    Ask,
    /// Look twice.
    #[default]
    Look,
    /// Nothing to do.
    Nothing,
}

/// How a message is dressed.
#[derive(Debug, Clone, Default)]
pub struct Dressed {
    /// The change; empty when nothing could be dressed. Its inserted fields end with [`FIELD`]; other fields that are
    /// inserted at the same time belong above them.
    pub change: Change,
    /// How many parts got the banner.
    pub parts: usize,
    /// How many of them have texts of the sender that imitate a banner; a notice stands before each.
    pub imitations: usize,
    /// What got none, and why.
    pub gaps: Vec<(Gap, Option<Span>)>,
}

/// Why a message or a part of it got no banner, or a lesser one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gap {
    /// Signed (S/MIME or OpenPGP): a change would break the signature.
    Signed,
    /// Encrypted.
    Encrypted,
    /// An invitation: calendars read it themselves.
    Calendar,
    /// Outlook's own format, which is shown instead of the body.
    Tnef,
    /// A delivery or disposition report: programs read it.
    Report,
    /// A DKIM signature covers only the beginning of the body (`l=`).
    PartlySigned,
    /// The header is so broken that programs disagree where the body begins, or there is none.
    Malformed,
    /// There is no text that is shown as the body, and no place for one (it stands before the files of a message that
    /// has only files).
    NoText,
    /// The transfer encoding is too broken to put something in.
    Encoding,
    /// The message hides its whole page; the banner is in it but may not be seen.
    Hidden,
    /// The part's charset has no letters for the language: the banner is in English, or has `?` in names.
    Language,
    /// More parts, bytes or patches than the limits allow.
    OverLimit,
    /// The removal of the banner would not give the original back, so nothing was changed.
    NotReversible,
}

/// How `raw`, which was parsed to `message`, is changed so that it carries the banner. Total: what cannot be dressed is
/// named among the gaps. The mark must be new for every message; everything else is the same for the same arguments.
///
/// A banner that the message carries already is taken for an imitation; [`dress_with`] can tell.
pub fn dress(raw: &[u8], message: &Message, banner: &Banner) -> Dressed {
    dress_with(raw, message, banner, &[], b"")
}

/// The same together with other changes of the header, which are part of the change that is given back (if there is
/// one). What they remove or replace stays so when the banner is removed: it never was the sender's to say.
///
/// With a key, a secret of the installation, a message that already has a banner which was put in with that key gets the
/// new one instead. Without it nothing is taken off: anybody can write a field that says what we should remove, and
/// people must read what was judged.
pub fn dress_with(
    raw: &[u8],
    message: &Message,
    banner: &Banner,
    fields: &[FieldChange],
    key: &[u8],
) -> Dressed {
    let old = undress::own(raw, key);
    let (added, changed): (Vec<_>, Vec<_>) =
        fields.iter().cloned().partition(|field| matches!(field, FieldChange::Insert { .. }));
    let changed = without_old(changed, old.as_ref());
    let body = old.map(|old| old.body).unwrap_or_default();
    // What is left when our banner is removed again.
    let target = apply(raw, &Change { fields: changed.clone(), body: body.clone() });
    let again = (target != raw).then(|| sekisho_mail::header_only(&target));
    let mut dressed = parts::dress(&target, again.as_ref().unwrap_or(message), banner);
    let patches = std::mem::take(&mut dressed.change.body);
    if patches.is_empty() {
        return Dressed { change: Change::default(), ..dressed };
    }
    let sealed = removal(&target, &patches, banner).write(key).ok_or(Gap::OverLimit).and_then(|value| {
        let own = FieldChange::Insert { name: FIELD.to_owned(), value };
        let fields = added.into_iter().chain([own]).chain(changed).collect();
        let length = raw.len() - apply::body_start(raw).min(raw.len());
        let change = Change { fields, body: compose::composed(length, &body, &patches) };
        let back = undress(&apply(raw, &change));
        if back.as_ref() == Some(&target) { Ok(change) } else { Err(Gap::NotReversible) }
    });
    match sealed {
        Ok(change) => Dressed { change, ..dressed },
        Err(gap) => {
            dressed.gaps.push((gap, None));
            Dressed { parts: 0, change: Change::default(), ..dressed }
        }
    }
}

/// Changes of fields, and the removal of what belongs to an old banner of ours.
fn without_old(mut changed: Vec<FieldChange>, old: Option<&Undressed>) -> Vec<FieldChange> {
    let Some(old) = old else { return changed };
    for name in std::iter::once(FIELD).chain(old.removal.inserted.iter().map(String::as_str)) {
        let known = |change: &FieldChange| matches!(change, FieldChange::Remove { name: other, nth: 1 } if other.eq_ignore_ascii_case(name));
        if !changed.iter().any(known) {
            changed.push(FieldChange::Remove { name: name.to_owned(), nth: 1 });
        }
    }
    changed
}

/// What the field says of these patches of a message.
fn removal(raw: &[u8], patches: &[Patch], banner: &Banner) -> Removal {
    let body = raw.get(apply::body_start(raw)..).unwrap_or_default();
    let head = raw.get(..apply::head_end(raw)).unwrap_or_default();
    Removal {
        mark: words::mark(&banner.mark),
        hash: BodyDigest::new(&unix(body)).with(&unix(head)),
        places: places(body, patches),
        former: Vec::new(),
        inserted: Vec::new(),
    }
}

/// Where the patches' bytes stand in the patched body.
fn places(body: &[u8], patches: &[Patch]) -> Vec<Place> {
    let mut out = Vec::new();
    apply::patched(&mut out, body, patches);
    let mut ruler = Ruler::new(&out);
    let (mut added, mut cut) = (0, 0);
    let place = |patch: &Patch| {
        let at = patch.at + added - cut;
        added += patch.put.len();
        cut += patch.cut;
        let start = ruler.unix_of(at);
        let length = ruler.unix_of(at + patch.put.len()) - start;
        let replaced = body.get(patch.at..patch.at + patch.cut).unwrap_or_default();
        Place { at: start, length, replaced: unix(replaced) }
    };
    patches.iter().map(place).collect()
}
