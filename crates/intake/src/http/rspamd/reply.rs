//! A passage as the JSON of `/checkv2` and of the older commands.

use sekisho_engine::gate::Passage;
use sekisho_record::{Change, Envelope, FieldChange};
use serde_json::{Map, Value, json};

use super::super::ask::{Ask, SETTINGS_NOTE};
use super::outcome::{MARK, Outcome, REJECT};
use super::symbols::{Symbol, symbols};

/// Which form a reply has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Form {
    /// `/checkv2`.
    Newer,
    /// `/check`, `/symbols`, `/scan`, `/report`, …: symbols are members of the metric.
    Older,
}

/// Everything that a reply is made of.
#[derive(Debug)]
pub(in super::super) struct Answer<'a> {
    pub(in super::super) passage: &'a Passage,
    pub(in super::super) outcome: Outcome<'a>,
    pub(in super::super) symbols: Vec<Symbol>,
    /// What was asked.
    pub(in super::super) ask: &'a Ask,
    /// Seconds that it took.
    pub(in super::super) seconds: f64,
    /// It was not judged.
    pub(in super::super) skipped: bool,
    /// Who decided instead.
    pub(in super::super) passthrough: Option<&'static str>,
}

impl<'a> Answer<'a> {
    pub(in super::super) fn new(
        passage: &'a Passage,
        outcome: Outcome<'a>,
        ask: &'a Ask,
        seconds: f64,
    ) -> Self {
        let symbols = symbols(&passage.verdict, outcome.score);
        Self { passage, outcome, symbols, ask, seconds, skipped: false, passthrough: None }
    }

    /// The reply as JSON.
    pub(in super::super) fn said(&self, form: Form) -> Value {
        match form {
            Form::Newer => self.newer(),
            Form::Older => self.older(),
        }
    }

    fn newer(&self) -> Value {
        let mut out = Map::new();
        self.metric(&mut out);
        out.insert("thresholds".into(), json!({ "reject": REJECT, "add header": MARK }));
        let symbols = self.symbols.iter().map(|symbol| (symbol.name.clone(), of_symbol(symbol, true)));
        out.insert("symbols".into(), Value::Object(symbols.collect()));
        self.rest(&mut out, "milter");
        Value::Object(out)
    }

    fn older(&self) -> Value {
        let mut metric = Map::new();
        metric.insert("is_spam".into(), self.outcome.spam().into());
        self.metric(&mut metric);
        metric.extend(self.symbols.iter().map(|symbol| (symbol.name.clone(), of_symbol(symbol, false))));
        let mut out = Map::new();
        out.insert("default".into(), Value::Object(metric));
        self.rest(&mut out, "rmilter");
        Value::Object(out)
    }

    /// Message-ID without angle brackets; `undef` without one.
    pub(in super::super) fn message_id(&self) -> &str {
        let id = self.passage.summary.message_id.as_deref().map(super::super::list::bare);
        id.filter(|id| !id.is_empty()).unwrap_or("undef")
    }

    fn metric(&self, out: &mut Map<String, Value>) {
        out.insert("is_skipped".into(), self.skipped.into());
        out.insert("score".into(), self.outcome.score.into());
        out.insert("required_score".into(), REJECT.into());
        out.insert("action".into(), self.outcome.action.into());
    }

    fn rest(&self, out: &mut Map<String, Value>, milter: &str) {
        out.insert("messages".into(), self.messages());
        if let Some(module) = self.passthrough {
            out.insert("passthrough_module".into(), module.into());
        }
        let summary = &self.passage.summary;
        if !summary.targets.is_empty() {
            out.insert("urls".into(), summary.targets.clone().into());
        }
        out.insert("message-id".into(), self.message_id().into());
        out.insert("time_real".into(), ((self.seconds * 1e6).round() / 1e6).into());
        let block = milter_block(&self.outcome, self.ask);
        if !block.is_empty() {
            out.insert(milter.into(), Value::Object(block));
        }
    }

    fn messages(&self) -> Value {
        let mut out = Map::new();
        if let Some(text) = self.outcome.text {
            out.insert("smtp_message".into(), text.into());
        }
        if self.ask.settings {
            out.insert("settings".into(), SETTINGS_NOTE.into());
        }
        Value::Object(out)
    }
}

fn of_symbol(symbol: &Symbol, weight: bool) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), symbol.name.clone().into());
    out.insert("score".into(), symbol.score.into());
    if weight {
        out.insert("metric_score".into(), symbol.weight.into());
    }
    if !symbol.description.is_empty() {
        out.insert("description".into(), symbol.description.clone().into());
    }
    if !symbol.options.is_empty() {
        out.insert("options".into(), symbol.options.clone().into());
    }
    Value::Object(out)
}

/// What a milter does with the message.
fn milter_block(outcome: &Outcome<'_>, ask: &Ask) -> Map<String, Value> {
    let mut out = Map::new();
    if let Some(change) = &outcome.change {
        fields(&mut out, change, ask.milter);
    }
    if let (Some(to), Some(envelope)) = (outcome.redirect, &ask.envelope) {
        redirect(&mut out, to, envelope);
    }
    if let Some(instead) = outcome.instead {
        out.insert("reject".into(), instead.into());
    }
    out
}

fn redirect(out: &mut Map<String, Value>, to: &str, envelope: &Envelope) {
    out.insert("add_rcpt".into(), json!([to]));
    let others = envelope.rcpt_to.iter().filter(|rcpt| !rcpt.eq_ignore_ascii_case(to));
    out.insert("del_rcpt".into(), others.map(String::as_str).collect());
}

/// Fields to remove, by their number, the last first, so that no number changes on the way; then fields to add, with their
/// place counted from the top.
fn fields(out: &mut Map<String, Value>, change: &Change, milter: bool) {
    let (mut add, mut remove) = (Map::new(), Vec::new());
    let mut order = 0_u32;
    for field in &change.fields {
        match field {
            FieldChange::Insert { name, value } => {
                order += 1;
                push(&mut add, name, json!({ "value": shown(value, milter), "order": order }));
            }
            FieldChange::Remove { name, nth } => remove.push((name, *nth)),
            FieldChange::Replace { name, nth, value } => {
                remove.push((name, *nth));
                push(&mut add, name, json!({ "value": shown(value, milter) }));
            }
        }
    }
    for (name, map) in [("remove_headers", removed(remove)), ("add_headers", add)] {
        if !map.is_empty() {
            out.insert(name.into(), Value::Object(map));
        }
    }
}

/// Each field to remove by a name of its own: rspamd 3 does not read the lists of numbers that rspamd 4 writes, but both
/// read names without case, so that several fields of one name are told apart by theirs.
fn removed(mut fields: Vec<(&String, u32)>) -> Map<String, Value> {
    fields.sort_by_key(|(_, nth)| std::cmp::Reverse(*nth));
    let mut out = Map::new();
    for (name, nth) in fields {
        let mut spelt = name.clone();
        let mut spelling = 0_u32;
        while out.contains_key(&spelt) {
            spelling += 1;
            spelt = respelt(name, spelling);
        }
        out.insert(spelt, nth.into());
    }
    out
}

/// The name with the case of those letters changed that the bits of the number say, from its end.
fn respelt(name: &str, spelling: u32) -> String {
    let letters = name.chars().filter(char::is_ascii_alphabetic).count();
    let mut left = letters as u32;
    let turn = |char: char| {
        if !char.is_ascii_alphabetic() {
            return char;
        }
        left -= 1;
        let turned = spelling.checked_shr(left).unwrap_or(0) & 1 == 1;
        let other =
            if char.is_ascii_lowercase() { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() };
        if turned { other } else { char }
    };
    name.chars().map(turn).collect()
}

/// Several values of one name are a list.
fn push(map: &mut Map<String, Value>, name: &str, value: Value) {
    match map.get_mut(name) {
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
        None => {
            map.insert(name.into(), value);
        }
    }
}

/// Clients write the blank behind the colon themselves. Milters get lines that end in LF.
fn shown(value: &str, milter: bool) -> String {
    let value = value.strip_prefix(' ').unwrap_or(value);
    if milter { value.replace("\r\n", "\n") } else { value.to_owned() }
}
