//! A small world for the evaluator's tests: a schema, and a host that reads JSON.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used, clippy::panic)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use sekisho_mql::{
    Arena, Decision, Expect, Host, Items, List, ListData, Map, Object, Outcome, Rule, RuleSet, Schema, Type,
    Value,
};
use serde_json::{Value as Json, json};

pub static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    Schema::parse(
        r#"
        shape Url { url: string, host: string, port: int, query: map<string,[string]> }
        shape Link { text: string, href: Url, score: float, tags: [string], odd: bool }
        shape Sender { name: string, email: string, known: bool, ip: string }
        shape Body { text: string, html: string, links: [Link] }
        shape Profile { days: float, prevalence: string, links: [Link] }
        shape Vip { name: string }
        root sender: Sender
        root body: Body
        root type: Body
        root nums: [int]
        root nothing: [int]
        root words: [string]
        root nested: [[string]]
        root free: json
        list friends
        list absent
        list vips: [Vip]
        fn ml.topic(text: string) -> [string]
        fn net.profile(url: Url) -> Profile
        fn net.failed() -> [string]
        fn text.twice(text: string, times: int = 2) -> string
        "#,
    )
    .unwrap()
});

pub struct World {
    roots: Vec<Json>,
    lists: BTreeMap<String, ListData>,
    pub calls: RefCell<Vec<String>>,
}

/// The message that most tests look at.
pub fn message() -> Json {
    json!({
        "sender": {"name": "Раypal Support", "email": "a@b.example", "known": null, "ip": "10.1.2.3"},
        "body": {
            "text": "Dear customer, your ACCOUNT is locked. Call 555-0100 now.\nOr visit us: ключ КЛЮЧ.",
            "html": null,
            "links": [
                {"text": "Help", "href": {"url": "https://a.example/x?y=1", "host": "a.example", "port": 443,
                    "query": {"y": ["1"], "z": []}}, "score": 0.5, "tags": ["one", "two"], "odd": false},
                {"text": null, "href": {"url": "http://b.example:80/", "host": "b.example", "port": 80, "query": {}},
                    "score": 1.5, "tags": [], "odd": null},
                {"text": "Log in", "href": {"url": "https://a.example/login", "host": "a.example", "port": null},
                    "score": null, "tags": ["two"], "odd": true},
            ],
        },
        "type": null,
        "nums": [1, 2, 3, 4],
        "nothing": [],
        "words": ["Alpha", "beta", null, "beta"],
        "nested": [["a", "b"], [], ["c"]],
        "free": {"cards": [{"n": 1}, {"n": "x"}], "s": "text", "i": 7, "b": true, "nil": null},
    })
}

impl World {
    pub fn new(message: &Json) -> World {
        let roots = SCHEMA.roots().iter().map(|(name, _)| message[&**name].clone()).collect();
        struct Vip(String);
        impl Object for Vip {
            fn shape(&self) -> &'static str {
                "Vip"
            }
            fn field<'a>(&'a self, _: usize, _: &'a Arena) -> Value<'a> {
                Value::Str(&self.0)
            }
        }
        let vips: Vec<Box<dyn Object + Send + Sync>> =
            vec![Box::new(Vip("Ada".into())), Box::new(Vip("Bob".into()))];
        let lists = BTreeMap::from([
            ("friends".to_owned(), ListData::strings(["A.example", "c.example"])),
            ("vips".to_owned(), ListData::objects(vips)),
        ]);
        World { roots, lists, calls: RefCell::default() }
    }

    pub fn rule(source: &str) -> Rule {
        match Rule::new(source, &SCHEMA, Expect::Any) {
            Ok(rule) => rule,
            Err(errors) => panic!("{source}\n{errors:#?}"),
        }
    }

    /// The value as text.
    pub fn value(&self, source: &str) -> String {
        let rule = World::rule(source);
        let set = RuleSet::compile([("t", &rule)], &SCHEMA);
        let arena = Arena::new();
        set.session(&self, &arena).value_text(0, 500)
    }

    /// `match`, `no match`, or what is missing.
    pub fn decision(&self, source: &str) -> String {
        let rule = World::rule(source);
        let set = RuleSet::compile([("t", &rule)], &SCHEMA);
        let arena = Arena::new();
        match set.session(&self, &arena).decide(0) {
            Decision::Match => "match".into(),
            Decision::NoMatch => "no match".into(),
            Decision::Indeterminate(missing) => arena.missing_names(missing).join(" "),
        }
    }
}

impl<'a> Host<'a> for &'a World {
    fn root(&self, index: usize, arena: &'a Arena) -> Value<'a> {
        view(&self.roots[index], &SCHEMA.roots()[index].1, arena)
    }

    fn call(&self, function: usize, args: &[Value<'a>], arena: &'a Arena) -> Outcome<'a> {
        let function = &SCHEMA.functions()[function];
        self.calls.borrow_mut().push(function.name.to_string());
        match (&*function.name, args) {
            ("ml.topic", _) => Outcome::Missing("nlu"),
            ("net.failed", _) => Outcome::Value(Value::Null),
            ("net.profile", [Value::Object(url)]) => {
                let host = url.field(1, arena).as_str();
                let json: &Json = match host {
                    Some("a.example") => arena.keep(json!({"days": 3.5, "prevalence": "new", "links": []})),
                    _ => return Outcome::Missing("history"),
                };
                let shape = SCHEMA.shape_id("Profile").unwrap();
                Outcome::Value(view(json, leak_type(Type::Shape(shape)), arena))
            }
            ("text.twice", [text, Value::Int(n)]) => {
                let text = text.as_str().unwrap_or("").repeat(*n as usize);
                Outcome::Value(Value::Str(arena.alloc_str(&text)))
            }
            _ => Outcome::Value(Value::Null),
        }
    }

    fn list(&self, name: &str) -> Option<&'a ListData> {
        self.lists.get(name)
    }
}

fn leak_type(ty: Type) -> &'static Type {
    Box::leak(Box::new(ty))
}

/// JSON as the schema types it; `{"unknown": "x"}` is unknown.
pub fn view<'a>(json: &'a Json, ty: &'static Type, arena: &'a Arena) -> Value<'a> {
    if let Some(name) = json.get("unknown").and_then(Json::as_str) {
        return arena.unknown(name);
    }
    match (ty, json) {
        (_, Json::Null) => Value::Null,
        (Type::Json, json) => Value::Json(json),
        (Type::Array(of), Json::Array(items)) => Value::List(List::Items(arena.alloc(Array { items, of }))),
        (Type::Map(of), Json::Object(_)) => Value::Map(arena.alloc(Dict { json, of })),
        (Type::Shape(id), Json::Object(_)) => {
            let shape = SCHEMA.shape(*id).unwrap();
            Value::Object(arena.alloc(Thing { json, shape }))
        }
        (Type::Float, json) => json.as_f64().map_or(Value::Null, Value::Float),
        (_, json) => Value::json(json),
    }
}

#[derive(Clone, Copy)]
struct Thing<'a> {
    json: &'a Json,
    shape: &'static sekisho_mql::schema::Shape,
}

impl Object for Thing<'_> {
    fn shape(&self) -> &'static str {
        &self.shape.name
    }
    fn identity(&self) -> usize {
        std::ptr::from_ref(self.json) as usize
    }
    fn field<'a>(&'a self, index: usize, arena: &'a Arena) -> Value<'a> {
        let (name, ty) = &self.shape.fields[index];
        self.json.get(&**name).map_or(Value::Null, |json| view(json, ty, arena))
    }
}

#[derive(Clone, Copy)]
struct Array<'a> {
    items: &'a [Json],
    of: &'static Type,
}

impl Items for Array<'_> {
    fn len(&self) -> usize {
        self.items.len()
    }
    fn get<'a>(&'a self, i: usize, arena: &'a Arena) -> Value<'a> {
        self.items.get(i).map_or(Value::Null, |json| view(json, self.of, arena))
    }
}

#[derive(Clone, Copy)]
struct Dict<'a> {
    json: &'a Json,
    of: &'static Type,
}

impl Map for Dict<'_> {
    fn len(&self) -> usize {
        self.json.as_object().unwrap().len()
    }
    fn key(&self, i: usize) -> Option<&str> {
        self.json.as_object().unwrap().keys().nth(i).map(String::as_str)
    }
    fn get<'a>(&'a self, name: &str, arena: &'a Arena) -> Value<'a> {
        self.json.get(name).map_or(Value::Null, |json| view(json, self.of, arena))
    }
}
