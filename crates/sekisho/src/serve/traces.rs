//! Traces for whoever collects them (OpenTelemetry: OTLP over HTTP, in its JSON form): one span a message, and below it
//! what it waited for.
//!
//! The engine marks what it does with `tracing` spans of one target ([`SPANS`]). A layer collects those that have ended;
//! a task sends them in batches. The id of a trace is the id of the message's record, which the log and our header field
//! name. Attributes are what the engine says there: never an address, a subject or a name.
//!
//! A collector that is away costs spans, never mail: the queue has an end, and what does not fit is counted as lost.
//!
//! JSON by hand and not the crates of OpenTelemetry: those bring a dozen others and change with every release, and what
//! is sent is one object with four levels.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use sekisho_engine::gate::SPANS;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    time::MissedTickBehavior,
};
use tracing::{
    Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, Filter},
    registry::LookupSpan,
};

/// Spans that wait to be sent; what comes beyond is lost.
const QUEUE_MAX: usize = 4096;
/// Spans of one request.
const BATCH_MAX: usize = 512;
/// How long a span waits for others to go with.
const SEND_EVERY: Duration = Duration::from_secs(2);
/// How long an answer of the collector is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A span that is open.
struct Open {
    trace: String,
    id: String,
    parent: Option<String>,
    start: SystemTime,
    attributes: Vec<Value>,
}

/// A span that has ended, in the form of OTLP.
type Ended = Value;

/// Collects spans.
pub(super) struct Traces {
    queue: mpsc::Sender<Ended>,
    ids: Ids,
}

/// Numbers that nobody else gives.
#[derive(Default)]
struct Ids {
    random: RandomState,
    count: AtomicU64,
}

impl Ids {
    /// 16 hexadecimal digits.
    fn next(&self) -> String {
        let mut hasher = self.random.build_hasher();
        hasher.write_u64(self.count.fetch_add(1, Ordering::Relaxed));
        // Zero is no id.
        format!("{:016x}", hasher.finish().max(1))
    }
}

/// A layer that collects, and what sends: for a collector's address (`http://127.0.0.1:4318`).
///
/// # Errors
/// When it is no address.
pub(super) fn to(collector: &str, node: String) -> Result<(Traces, Sender)> {
    let base = collector.trim_end_matches('/');
    if !base.starts_with("http://") && !base.starts_with("https://") {
        bail!("[telemetry] otlp = \"{collector}\": give http://HOST:4318");
    }
    // Whoever else uses it may have chosen one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(PATIENCE).build().context("[telemetry] otlp")?;
    let (queue, spans) = mpsc::channel(QUEUE_MAX);
    let traces = Traces { queue, ids: Ids::default() };
    Ok((traces, Sender { url: format!("{base}/v1/traces"), client, spans, node }))
}

/// Lets through what is a span of ours.
pub(super) struct Ours;

impl<S> Filter<S> for Ours {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        metadata.is_span() && metadata.target() == SPANS
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Traces {
    fn on_new_span(&self, given: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let above = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            extensions.get::<Open>().map(|open| (open.trace.clone(), open.id.clone()))
        });
        let mut seen = Seen::default();
        given.record(&mut seen);
        let (trace, parent) = match above {
            Some((trace, parent)) => (trace, Some(parent)),
            None => (seen.record.unwrap_or_else(|| self.ids.next() + &self.ids.next()), None),
        };
        let start = SystemTime::now();
        let open = Open { trace, id: self.ids.next(), parent, start, attributes: seen.attributes };
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut seen = Seen::default();
        values.record(&mut seen);
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            open.attributes.extend(seen.attributes);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>() else { return };
        let ended = ended(span.name(), open, SystemTime::now());
        if self.queue.try_send(ended).is_err() {
            metrics::counter!("sekisho_spans_total", "outcome" => "lost").increment(1);
        }
    }
}

fn ended(name: &str, open: Open, end: SystemTime) -> Ended {
    let nanos = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string();
    let Open { trace, id, parent, start, attributes } = open;
    // A message comes from outside (2, server); what is done with it stays inside (1).
    let kind = if parent.is_some() { 1 } else { 2 };
    json!({
        "traceId": trace, "spanId": id, "parentSpanId": parent.unwrap_or_default(), "name": name, "kind": kind,
        "startTimeUnixNano": nanos(start), "endTimeUnixNano": nanos(end), "attributes": attributes,
    })
}

/// What a span says of itself.
#[derive(Default)]
struct Seen {
    /// The id of a record, which names the trace.
    record: Option<String>,
    attributes: Vec<Value>,
}

impl Seen {
    fn note(&mut self, field: &Field, value: Value) {
        self.attributes.push(json!({ "key": format!("sekisho.{}", field.name()), "value": value }));
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_id = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if field.name() == "id" && is_id(value) {
            self.record = Some(value.to_owned());
        }
        self.note(field, json!({ "stringValue": value }));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.note(field, json!({ "intValue": value.to_string() }));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.note(field, json!({ "intValue": value.to_string() }));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.note(field, json!({ "boolValue": value }));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.note(field, json!({ "stringValue": format!("{value:?}") }));
    }
}

/// Sends spans.
pub(super) struct Sender {
    url: String,
    client: reqwest::Client,
    spans: mpsc::Receiver<Ended>,
    node: String,
}

impl Sender {
    /// Sends until the server is to end, and then what is left.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut send = tokio::time::interval(SEND_EVERY);
        send.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Whoever would say so is gone only at the end.
        let stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
        tokio::pin!(stop);
        let mut away = false;
        loop {
            let ends = tokio::select! {
                () = &mut stop => true,
                _ = send.tick() => false,
            };
            let mut batch = Vec::new();
            while let Ok(span) = self.spans.try_recv() {
                batch.push(span);
                if batch.len() == BATCH_MAX {
                    self.send(std::mem::take(&mut batch), &mut away).await;
                }
            }
            self.send(batch, &mut away).await;
            if ends {
                return;
            }
        }
    }

    async fn send(&self, batch: Vec<Ended>, away: &mut bool) {
        if batch.is_empty() {
            return;
        }
        let count = batch.len() as u64;
        let body = body(&self.node, batch).to_string();
        let request = self.client.post(&self.url).header("content-type", "application/json").body(body);
        let failed = match request.send().await {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        let outcome = if failed.is_none() { "sent" } else { "lost" };
        metrics::counter!("sekisho_spans_total", "outcome" => outcome).increment(count);
        match failed {
            // Said once, not for every batch.
            Some(why) if !*away => {
                tracing::warn!(url = self.url, why, "the collector of traces takes nothing")
            }
            None if *away => tracing::info!(url = self.url, "the collector of traces is back"),
            _ => {}
        }
        *away = outcome == "lost";
    }
}

/// A request of OTLP.
fn body(node: &str, spans: Vec<Ended>) -> Value {
    let said = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let version = env!("CARGO_PKG_VERSION");
    let resource =
        [said("service.name", "sekisho"), said("service.version", version), said("host.name", node)];
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "sekisho", "version": version }, "spans": spans }],
    }] })
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn spans_below_one_another_are_one_trace_under_the_name_of_the_record() {
        let (traces, mut sender) = to("http://127.0.0.1:4318/", "mx1".to_owned()).unwrap();
        assert_eq!(sender.url, "http://127.0.0.1:4318/v1/traces");
        let subscriber = tracing_subscriber::registry().with(traces.with_filter(Ours));
        tracing::subscriber::with_default(subscriber, || {
            let id = "0198c0de000070008000000000000001";
            let message = tracing::info_span!(target: SPANS, "message", id, action = tracing::field::Empty);
            message.in_scope(|| drop(tracing::info_span!(target: SPANS, "recall", count = 3_u64).entered()));
            message.record("action", "quarantine");
            drop(tracing::info_span!("somebody else's").entered());
        });
        let (recall, message) = (sender.spans.try_recv().unwrap(), sender.spans.try_recv().unwrap());
        assert!(sender.spans.try_recv().is_err(), "nothing but ours");
        assert_eq!(message["traceId"], "0198c0de000070008000000000000001");
        assert_eq!((&recall["traceId"], &recall["parentSpanId"]), (&message["traceId"], &message["spanId"]));
        assert_eq!(message["attributes"][1]["value"]["stringValue"], "quarantine");
        assert_eq!(recall["attributes"][0], json!({ "key": "sekisho.count", "value": { "intValue": "3" } }));
        assert_eq!((&message["kind"], &recall["kind"]), (&json!(2), &json!(1)));
    }

    #[test]
    fn a_collector_is_named_by_its_address() {
        assert!(to("127.0.0.1:4318", String::new()).is_err());
    }
}
