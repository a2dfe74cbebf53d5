//! `/checkv2` and its older forms: a request becomes an arrival, its passage a reply.

use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use sekisho_engine::gate::Passage;
use sekisho_policy::apply;
use sekisho_record::{Action, Change, Decision, Decisions, FieldChange, Verdict};

use super::super::ask::Ask;
use super::super::body::{Held, deflated};
use super::super::refused::Refused;
use super::super::state::{About, Judged, Shared};
use super::outcome::{Client, Outcome};
use super::reply::{Answer, Form};
use super::symbols::Symbol;

/// The test message of <https://spamassassin.apache.org/gtube/>, with rspamd's and SpamAssassin's marks.
const GTUBE: &[u8] = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

/// What a message came to, before it is said in one of the forms.
pub(in super::super) enum Came {
    Judged(Judged),
    Gtube(Held, Passage),
}

impl Came {
    pub(in super::super) fn raw(&self) -> &[u8] {
        match self {
            Self::Judged(judged) => &judged.raw,
            Self::Gtube(held, _) => &held.bytes,
        }
    }

    /// The answer for whoever asked, and counts it.
    pub(in super::super) fn answer<'a>(
        &'a self,
        shared: &Shared,
        ask: &'a Ask,
        since: Instant,
    ) -> Answer<'a> {
        let seconds = since.elapsed().as_secs_f64();
        let client = Client {
            milter: ask.milter,
            body: ask.body_block,
            // As it was when the message was judged: settings may have changed since.
            held: matches!(self, Self::Judged(judged) if !judged.inquiry),
            quarantines: shared.settings().client_quarantines,
        };
        let answer = match self {
            Self::Judged(Judged { passage, .. }) => {
                Answer::new(passage, Outcome::of(passage, client), ask, seconds)
            }
            Self::Gtube(_, passage) => {
                let mut answer = Answer::new(passage, Outcome::of(passage, client), ask, seconds);
                (answer.skipped, answer.passthrough) = (true, Some("GTUBE"));
                answer.symbols = vec![Symbol { name: "GTUBE".into(), ..Symbol::default() }];
                answer
            }
        };
        shared.counts.answered(&answer, self.raw().len());
        let (id, action, score) = (&answer.passage.id, answer.outcome.action, answer.outcome.score);
        tracing::debug!(id, action, score, seconds, queue_id = ask.queue_id, "answered in words of rspamd");
        answer
    }
}

/// Has one message judged, unless it is the test message.
pub(in super::super) async fn judge(shared: &Shared, held: Held, ask: &Ask) -> Result<Came, Refused> {
    if shared.settings().gtube && memchr::memmem::find(&held.bytes, GTUBE).is_some() {
        return Ok(Came::Gtube(held, decided(Action::Reject { text: "Gtube pattern".into() })));
    }
    let about = About {
        intake: "rspamd",
        envelope: ask.envelope.clone(),
        queue_id: ask.queue_id.clone(),
        inquiry: !(shared.settings().holds && ask.milter),
        body_stays: !ask.body_block,
    };
    Ok(Came::Judged(shared.judge(held, about).await?))
}

/// A passage that needed no judge.
fn decided(action: Action) -> Passage {
    let each = vec![Decision { action, clause: String::new(), recipients: Vec::new() }];
    let verdict = Verdict::default();
    Passage { verdict, decisions: Decisions { each, ..Decisions::default() }, ..Passage::default() }
}

/// Scans the message of a request.
pub(super) async fn scan(shared: &Shared, request: Request, form: Form) -> Result<Response, Refused> {
    let since = Instant::now();
    let (parts, body) = request.into_parts();
    let ask = Ask::of(&parts.headers, parts.uri.query())?;
    let mut held = shared.hold().read(body, &shared.settings()).await?;
    if ask.inflate {
        held = held.inflated().await?;
    }
    let came = judge(shared, held, &ask).await?;
    let answer = came.answer(shared, &ask, since);
    let json = answer.said(form).to_string();
    let block = answer.outcome.change.as_ref().filter(|change| ask.body_block && !change.body.is_empty());
    let block = block.map(|change| rewritten(came.raw(), change, ask.milter));
    Ok(written(json, block, ask.deflate).await)
}

/// `/skip`: a reply like the others, of a message that nobody looked at.
pub(super) fn skip(request: Request) -> Result<Response, Refused> {
    let ask = Ask::of(request.headers(), request.uri().query())?;
    let passage = decided(Action::Deliver);
    let mut answer = Answer::new(&passage, Outcome::of(&passage, Client::default()), &ask, 0.0);
    answer.skipped = true;
    Ok(super::ok(&answer.said(Form::Newer)))
}

/// The message with its new body, for a client that takes it. Of the fields those are changed that describe the body;
/// those that are added stand in the reply. A milter gets the body alone.
fn rewritten(raw: &[u8], change: &Change, milter: bool) -> Vec<u8> {
    let describes = |field: &&FieldChange| !matches!(field, FieldChange::Insert { .. });
    let fields = change.fields.iter().filter(describes).cloned().collect();
    let mut message = apply::apply(raw, &Change { fields, body: change.body.clone() });
    if milter {
        message.drain(..apply::body_start(&message).min(message.len()));
    }
    message
}

/// JSON, and behind it the new body.
async fn written(json: String, block: Option<Vec<u8>>, deflate: bool) -> Response {
    let offset = json.len();
    let mut bytes = json.into_bytes();
    bytes.extend(block.as_deref().unwrap_or_default());
    if deflate {
        bytes = deflated(bytes).await;
    }
    let mut response = Body::from(bytes).into_response();
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if block.is_some() {
        fields.insert(HeaderName::from_static("message-offset"), HeaderValue::from(offset));
    }
    if deflate {
        fields.insert(HeaderName::from_static("compression"), HeaderValue::from_static("zstd"));
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"));
    }
    response
}
