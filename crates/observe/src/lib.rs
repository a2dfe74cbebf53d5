//! A message and the world's answers become evidence: one file a facet, each a pure function.
//!
//! [`ask`] says what has to be looked up, [`observe`] turns message and answers into [`Evidence`]. Facets run in a
//! fixed order and each sees what the ones before it found.

pub mod attachment;
pub mod authentication;
pub mod brand;
pub mod content;
pub mod context;
pub mod fold;
pub mod history;
pub mod identity;
pub mod knowledge;
pub mod limits;
pub mod link;
pub mod lists;
pub mod model;
mod phrases;
pub mod question;
pub mod tenant;
pub mod transit;
pub mod unwrap;

use sekisho_mail::{AuthResults, Field, Mailbox, Message};
use sekisho_record::{Evidence, Submission};

pub use context::{Context, Organisation, Person};
pub use knowledge::Knowledge;
pub use question::{Answers, Questions};

/// What a facet sees beside the evidence so far.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The bytes and the envelope.
    pub submission: &'a Submission<'a>,
    /// All header fields, top first.
    pub fields: &'a [Field],
    /// `Authentication-Results` and their ARC copies, top first, whoever wrote them.
    pub auth_results: &'a [AuthResults],
    /// First mailbox of `From`, with the address that its display name shows.
    pub author: Option<&'a Mailbox>,
    /// All mailboxes of `From`.
    pub authors: &'a [Mailbox],
    /// `Sender`.
    pub sender: Option<&'a Mailbox>,
    /// The organisation.
    pub context: &'a Context,
    /// Static knowledge.
    pub knowledge: &'a Knowledge,
}

impl<'a> View<'a> {
    /// Values of the fields of that name, top first; case ignored.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.fields.iter().filter(move |f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.as_str())
    }

    /// Value of the topmost field of that name.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.values(name).next()
    }

    /// A field of that name exists.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The fields of a mailing list name this address as the list's own (`List-Post`, `List-Id` with a dot for the at
    /// sign, and what older list managers write).
    pub fn is_list_address(&self, address: &str) -> bool {
        const FIELDS: &[&str] = &["list-post", "list-id", "x-beenthere", "mailing-list"];
        if !address.contains('@') {
            return false;
        }
        let (address, id) = (address.to_lowercase(), address.to_lowercase().replacen('@', ".", 1));
        self.fields
            .iter()
            .filter(|field| FIELDS.iter().any(|name| field.name.eq_ignore_ascii_case(name)))
            .any(|field| {
                let value = field.value.to_lowercase();
                let mut words =
                    value.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ';' | ',' | ':'));
                words.any(|word| word == address || word == id)
            })
    }
}

/// Says what has to be looked up before this message can be observed.
pub fn ask(message: &Message, submission: &Submission<'_>, context: &Context) -> Questions {
    Questions { papers: authentication::ask(message, submission, context) }
}

/// Turns a message and the answers into evidence. Pure: same arguments, same evidence.
pub fn observe(
    message: Message,
    submission: &Submission<'_>,
    answers: &Answers,
    context: &Context,
    knowledge: &Knowledge,
) -> Evidence {
    let (model, rest) = model::build(message, submission);
    let view = View {
        submission,
        fields: &rest.fields,
        auth_results: &rest.auth_results,
        author: rest.authors.first(),
        authors: &rest.authors,
        sender: rest.sender.as_ref(),
        context,
        knowledge,
    };
    let mut evidence = Evidence { model, ..Evidence::default() };
    let resolved = link::resolve(&mut evidence.model.body);
    let found = authentication::observe(&evidence, &view, answers);
    evidence.gaps.extend(found.gap);
    evidence.authentication = found.facts;
    evidence.model.headers.auth_summary = found.summary;
    evidence.transit = transit::observe(&evidence, &view);
    evidence.model.direction = model::direction(&evidence, &view);
    evidence.model.mailbox = model::mailbox(&evidence, &view);
    evidence.tenant = tenant::observe(&evidence, &view, &resolved);
    evidence.link = link::observe(&evidence, &view, &resolved);
    brand::mark_lookalikes(&view.knowledge.brands, &mut evidence.link);
    evidence.brand = brand::observe(&evidence, &view);
    evidence.identity = identity::observe(&evidence, &view);
    evidence.content = content::observe(&evidence, &view);
    let (unpack, gap) = attachment::observe(&evidence, &view);
    evidence.unpack = unpack;
    evidence.gaps.extend(gap);
    evidence.thread = history::alone(&evidence);
    evidence
}
