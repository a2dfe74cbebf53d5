//! The description of the API against the API: every place is asked, and what it answers has the described fields, no
//! fewer and no others.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::*;

/// Reads schemas of a description.
struct Description(Value);

impl Description {
    fn new() -> Self {
        Self(serde_json::from_str(&sekisho_console::description()).unwrap())
    }

    /// The schema itself, behind its name.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => self.resolved(self.0.pointer(name.strip_prefix('#').unwrap()).unwrap()),
            None => schema,
        }
    }

    /// Properties and names of those that are always there.
    fn fields(&self, schema: &Value) -> (Map<String, Value>, BTreeSet<String>) {
        let schema = self.resolved(schema);
        let names = schema["required"].as_array().into_iter().flatten();
        let mut required: BTreeSet<String> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
        let mut properties = schema["properties"].as_object().cloned().unwrap_or_default();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let (more, names) = self.fields(part);
            properties.extend(more);
            required.extend(names);
        }
        (properties, required)
    }

    /// What of this value differs from its schema; nothing when it fits.
    fn differs(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.resolved(schema);
        if let Some(kinds) = schema["oneOf"].as_array() {
            let all: Vec<_> = kinds.iter().map(|kind| self.differs(kind, value, at)).collect();
            return if all.iter().any(Vec::is_empty) { Vec::new() } else { all.concat() };
        }
        let named: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !named.is_empty() && !named.contains(&kind) {
            return vec![format!("{at}: {kind}")];
        }
        if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
            return vec![format!("{at}: {value}")];
        }
        match value {
            Value::Array(items) => {
                let each = items.iter().enumerate();
                each.flat_map(|(nth, item)| self.differs(&schema["items"], item, &format!("{at}[{nth}]")))
                    .collect()
            }
            Value::Object(fields) => self.object(schema, fields, at),
            _ => Vec::new(),
        }
    }

    fn object(&self, schema: &Value, fields: &Map<String, Value>, at: &str) -> Vec<String> {
        let (properties, required) = self.fields(schema);
        let mut out: Vec<String> = required
            .iter()
            .filter(|name| !fields.contains_key(*name))
            .map(|name| format!("{at}.{name}: missing"))
            .collect();
        for (name, value) in fields {
            let at = format!("{at}.{name}");
            match properties.get(name).or(schema.get("additionalProperties")) {
                Some(inner) => out.extend(self.differs(inner, value, &at)),
                // What has no fields at all is anything.
                None if properties.is_empty() => {}
                None => out.push(format!("{at}: not described")),
            }
        }
        out
    }

    /// How an answer differs from what is described for its place and status.
    fn check(&self, method: &str, place: &str, status: u16, answer: &Value) -> Vec<String> {
        let told = &self.0["paths"][format!("/api/v1{place}")][method.to_lowercase()]["responses"]
            [status.to_string()];
        let Some(kind) = told["content"].as_object().and_then(|content| content.values().next()) else {
            return vec![format!("{method} {place}: {status} is not described")];
        };
        self.differs(&kind["schema"], answer, &format!("{method} {place} {status}"))
    }
}

/// Method, place, what stands for the name in it, body, by whom, and the status that is meant.
type Asking = (&'static str, &'static str, &'static str, Value, &'static str, u16);

fn askings() -> Vec<Asking> {
    let everything = json!({ "of": "everything" });
    let get = |place, name, who, status| ("GET", place, name, Value::Null, who, status);
    let post = |place, name, body, who, status| ("POST", place, name, body, who, status);
    vec![
        get("/openapi.json", "", "nobody", 200),
        get("/me", "", "hana", 200),
        get("/me", "", "nobody", 401),
        get("/held", "", "ann", 200),
        get("/held?limit=0", "", "ann", 400),
        get("/held?recipient=x@y.example", "", "hana", 404),
        get("/held/{record}/preview", "r2", "ann", 200),
        get("/held/{record}/preview", "r1", "hana", 403),
        get("/held/{record}/evidence", "r2", "ann", 200),
        post("/held/{record}/request", "r1", json!({ "recipient": HANA, "words": "please" }), "ann", 200),
        post("/held/{record}/request", "r1", json!({ "recipient": HANA, "word": "" }), "ann", 400),
        post(
            "/held/{record}/request",
            "r1",
            json!({ "recipient": HANA, "words": "x".repeat(300_000) }),
            "ann",
            413,
        ),
        get("/requests", "", "ann", 200),
        get("/requests", "", "hana", 403),
        get("/requests?all=maybe", "", "ann", 400),
        post("/requests/{id}/answer", "one", json!({ "answer": "refuse" }), "ann", 404),
        post("/lockdowns", "", json!({ "scope": everything, "reason": "drill", "hours": 1 }), "ann", 201),
        post("/lockdowns", "", json!({ "scope": everything, "reason": "drill" }), "rita", 403),
        get("/lockdowns", "", "ann", 200),
        get("/held/{record}", "r1", "ann", 200),
        get("/held/{record}", "r9", "ann", 404),
        post("/held/{record}/release", "r2", json!({}), "ann", 423),
        post("/lockdowns/{id}/lift", "LOCK", json!({ "reason": "over" }), "ann", 200),
        get("/lockdowns?all=true", "", "ann", 200),
        post("/lockdowns/{id}/lift", "LOCK", json!({}), "ann", 200),
        post("/lockdowns/{id}/lift", "LOCK", json!({}), "ben", 200),
        post("/requests/{id}/answer", "1", json!({ "answer": "release", "words": "it is fine" }), "ann", 200),
        post("/requests/{id}/answer", "1", json!({ "answer": "refuse" }), "ann", 409),
        get("/requests?all=true", "", "ann", 200),
        post("/held/{record}/release", "r2", json!({ "recipients": [HANA] }), "ann", 200),
        post("/held/{record}/delete", "r3", json!({ "reason": "spam" }), "ann", 200),
        post("/held/{record}/release", "r3", json!({}), "ann", 409),
        post("/held/{record}/delete", "r1", json!({}), "rita", 403),
        get("/held/{record}", "r2", "hana", 200),
        get("/held", "", "hana", 200),
        get("/audit", "", "ann", 200),
        get("/audit?before=x", "", "ann", 400),
    ]
}

#[tokio::test]
async fn every_answer_has_the_described_fields() {
    let stage = Stage::new().await;
    let mut accounts = settings();
    accounts.accounts.push(account("ben", Role::Administrator, &[]));
    stage.console.replace(accounts);
    let description = Description::new();
    let (mut lock, mut asked) = (String::new(), BTreeSet::new());
    for (method, place, name, body, who, wanted) in askings() {
        let name = if name == "LOCK" { lock.as_str() } else { name };
        let path = place.replace("{record}", name).replace("{id}", name);
        let (status, answer) = stage.api(who, method, &path, &body).await;
        assert_eq!(status, wanted, "{method} {path} {answer}");
        let place = place.split('?').next().unwrap();
        assert_eq!(description.check(method, place, status, &answer), [""; 0], "{answer}");
        if status == 201 {
            lock = answer["id"].as_str().unwrap().to_owned();
        }
        if status < 300 {
            asked.insert(format!("{} /api/v1{place}", method.to_lowercase()));
        }
    }
    let raw = stage.ask("GET", "/api/v1/held/r1/raw", &[("Authorization", "Bearer token of ann")], "").await;
    assert!(raw.status == 200 && raw.head.contains("content-type: application/octet-stream"), "{}", raw.head);
    asked.insert("get /api/v1/held/{record}/raw".to_owned());
    let mut described = BTreeSet::new();
    for (path, methods) in description.0["paths"].as_object().unwrap() {
        described.extend(methods.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
    }
    assert_eq!(asked, described, "every place was asked");
}

#[test]
fn an_answer_that_differs_in_one_field_is_noticed() {
    let description = Description::new();
    let check = |answer: &Value| description.check("POST", "/held/{record}/delete", 200, answer);
    assert_eq!(check(&json!({ "record": "r1", "deleted": 1 })), [""; 0]);
    assert!(check(&json!({ "record": "r1" }))[0].ends_with(".deleted: missing"));
    assert!(check(&json!({ "record": "r1", "deleted": 1, "more": 1 }))[0].ends_with(".more: not described"));
    assert!(check(&json!({ "record": "r1", "deleted": "1" }))[0].ends_with(".deleted: string"));
    assert_eq!(description.check("POST", "/held/{record}/delete", 418, &Value::Null).len(), 1);
}

#[test]
fn only_the_description_needs_no_token() {
    let Description(told) = Description::new();
    assert_eq!(told["openapi"], "3.1.0");
    assert_eq!(told["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    assert_eq!(told["security"], json!([{ "token": [] }]));
    for (path, methods) in told["paths"].as_object().unwrap() {
        for (method, place) in methods.as_object().unwrap() {
            let open = place["security"] == json!([{}]);
            assert_eq!(open, path == "/api/v1/openapi.json", "{method} {path}");
            assert_eq!(open, place["responses"]["401"].is_null(), "{method} {path}");
        }
    }
}

#[test]
fn the_description_is_as_it_is_checked_in() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/console.json");
    let known = std::fs::read_to_string(path).unwrap();
    assert!(known == sekisho_console::description(), "docs/api/console.json differs: run `cargo xtask gen`");
}
