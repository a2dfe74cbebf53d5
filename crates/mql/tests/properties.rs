//! Generated rules on generated messages: no panic, and no decision that depends on what is unknown or on what was
//! evaluated before.

mod toy;

use proptest::prelude::*;
use sekisho_mql::{Arena, Decision, Rule, RuleSet};
use serde_json::{Value as Json, json};
use toy::{SCHEMA, World, message};

#[derive(Clone, Copy, PartialEq)]
enum Scope {
    Top,
    Link,
    Word,
}

fn pick(all: &'static [&'static str]) -> BoxedStrategy<String> {
    proptest::sample::select(all).prop_map(str::to_owned).boxed()
}

fn text(depth: u32, scope: Scope) -> BoxedStrategy<String> {
    let leaf = match scope {
        Scope::Top => {
            pick(&["sender.name", "body.text", "body.html", "'a'", "''", "\"É\"", "null", "words[0]"])
        }
        Scope::Link => pick(&[".text", ".href.host", ".href.url", "body.text", "'a'", ".tags[0]"]),
        Scope::Word => pick(&[".", "sender.name", "'a'", "body.html"]),
    };
    if depth == 0 {
        return leaf;
    }
    let inner = || text(depth - 1, scope);
    prop_oneof![
        3 => leaf,
        1 => (inner(), inner()).prop_map(|(a, b)| format!("strings.concat({a}, {b})")),
        1 => inner().prop_map(|a| format!("strings.replace_confusables({a})")),
        1 => (inner(), 0..5i64, 0..5i64).prop_map(|(a, i, j)| format!("strings.concat({a}, 'x')[{i}:{j}]")),
        1 => inner().prop_map(|a| format!("regex.extract({a}, '(?P<x>[a-m])(z)?')[0].named_groups['x']")),
        1 => inner().prop_map(|a| format!("text.twice({a})")),
        1 => inner().prop_map(|a| format!("ml.topic({a})[0]")),
    ]
    .boxed()
}

fn number(depth: u32, scope: Scope) -> BoxedStrategy<String> {
    let leaf = pick(match scope {
        Scope::Link => &["0", "1.5", ".href.port", ".score", "nums[0]"],
        _ => {
            &["0", "1", "2.5", "nums[1]", "nums[99]", "length(nums)", "net.profile(body.links[0].href).days"]
        }
    });
    if depth == 0 {
        return leaf;
    }
    let inner = || number(depth - 1, scope);
    prop_oneof![
        2 => leaf,
        1 => (inner(), pick(&["+", "-", "*", "/", "%"]), inner()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        1 => text(depth - 1, scope).prop_map(|a| format!("length({a})")),
        1 => text(depth - 1, scope).prop_map(|a| format!("strings.icount({a}, 'a')")),
        1 => (text(0, scope), text(0, scope)).prop_map(|(a, b)| format!("strings.ilevenshtein({a}, {b})")),
        1 => boolean(depth - 1, Scope::Link).prop_map(|p| format!("length(filter(body.links, {p}))")),
        1 => boolean(depth - 1, Scope::Word).prop_map(|p| format!("ratio(words, {p})")),
        1 => number(depth - 1, Scope::Link).prop_map(|p| format!("sum(body.links, {p})")),
    ]
    .boxed()
}

fn boolean(depth: u32, scope: Scope) -> BoxedStrategy<String> {
    let leaf = pick(match scope {
        Scope::Link => &["true", ".odd", "sender.known", ".text is null"],
        _ => &["true", "false", "sender.known", "body.html is not null", "'x' in $absent"],
    });
    if depth == 0 {
        return leaf;
    }
    let inner = || boolean(depth - 1, scope);
    let word = || text(depth - 1, scope);
    prop_oneof![
        2 => leaf,
        2 => proptest::collection::vec(inner(), 2..4).prop_map(|v| format!("({})", v.join(" and "))),
        2 => proptest::collection::vec(inner(), 2..4).prop_map(|v| format!("({})", v.join(" or "))),
        2 => inner().prop_map(|a| format!("(not {a})")),
        1 => proptest::collection::vec(inner(), 2..4).prop_map(|v| format!("(2 of ({}))", v.join(", "))),
        1 => (word(), pick(&["==", "!=", "=~", "!~", "<"]), word()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        1 => (number(depth - 1, scope), pick(&["==", "<", ">="]), number(depth - 1, scope))
            .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        1 => (word(), word()).prop_map(|(a, b)| format!("({a} in~ ('a', {b}))")),
        1 => word().prop_map(|a| format!("({a} not in words)")),
        1 => word().prop_map(|a| format!("({a} in $friends)")),
        1 => (word(), word()).prop_map(|(a, b)| format!("strings.icontains({a}, 'account', {b})")),
        1 => word().prop_map(|a| format!("strings.ilike({a}, '*a?c*', 'x*')")),
        1 => word().prop_map(|a| format!("regex.icontains({a}, 'acc[o0]unt', '[0-9]{{3}}')")),
        1 => (inner(), leaf_bool()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
        2 => boolean(depth - 1, Scope::Link).prop_map(|p| format!("any(body.links, {p})")),
        1 => boolean(depth - 1, Scope::Word).prop_map(|p| format!("all(distinct(words), {p})")),
        1 => (boolean(depth - 1, Scope::Link), boolean(depth - 1, Scope::Word))
            .prop_map(|(f, p)| format!("any(map(filter(body.links, {f}), .text), {p})")),
    ]
    .boxed()
}

fn leaf_bool() -> BoxedStrategy<String> {
    pick(&["true", "false", "sender.known"])
}

fn value() -> BoxedStrategy<Json> {
    prop_oneof![
        Just(Json::Null),
        Just(json!("account É 555")),
        "\\PC{0,20}".prop_map(|s| json!(s)),
        any::<i64>().prop_map(|i| json!(i)),
        any::<bool>().prop_map(|b| json!(b)),
        Just(json!({"unknown": "x"})),
    ]
    .boxed()
}

fn a_message() -> BoxedStrategy<Json> {
    (value(), value(), value(), proptest::collection::vec((value(), value()), 0..4))
        .prop_map(|(a, b, c, links)| {
            let mut message = message();
            let text = |v: &Json| if v.is_string() || v.is_object() { v.clone() } else { Json::Null };
            message["sender"]["name"] = text(&a);
            message["body"]["text"] = text(&b);
            message["words"] = json!([text(&c), text(&a), "beta"]);
            let link = |(t, p): &(Json, Json)| {
                let port = if p.is_i64() { p.clone() } else { Json::Null };
                json!({"text": text(t), "href": {"host": text(p), "url": text(t), "port": port}, "odd": null})
            };
            message["body"]["links"] = links.iter().map(link).collect();
            message
        })
        .boxed()
}

fn decide(set: &RuleSet, world: &World) -> Vec<Decision> {
    let arena = Arena::new();
    let mut session = set.session(&world, &arena);
    (0..set.len()).map(|rule| session.decide(rule)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_rule_on_any_message(
        sources in proptest::collection::vec(boolean(3, Scope::Top), 1..6), message in a_message(),
    ) {
        let rules: Vec<Rule> = sources.iter().map(|s| World::rule(s)).collect();
        let set = RuleSet::compile(rules.iter().map(|r| ("r", r)), &SCHEMA);
        let world = World::new(&message);
        let together = decide(&set, &world);
        for (i, rule) in rules.iter().enumerate() {
            // Alone as together with others.
            let alone = RuleSet::compile([("r", rule)], &SCHEMA);
            let arena = Arena::new();
            let host = &world;
            let mut session = alone.session(&host, &arena);
            let decision = session.decide(0);
            prop_assert_eq!(kind(decision), kind(together[i]), "{}", sources[i]);
            // The value agrees, and matches explain themselves.
            let text = session.value_text(0, 50);
            prop_assert_eq!(text == "true", decision == Decision::Match, "{} {}", sources[i], text);
            session.explain(0);
        }
    }

    /// What is decided while something is unknown stays decided whatever it turns out to be.
    #[test]
    fn a_decision_does_not_depend_on_the_unknown(source in boolean(3, Scope::Top), mut message in a_message()) {
        let rule = World::rule(&source);
        let set = RuleSet::compile([("r", &rule)], &SCHEMA);
        message["sender"]["known"] = json!({"unknown": "history"});
        let before = decide(&set, &World::new(&message))[0];
        for known in [json!(true), json!(false), Json::Null] {
            message["sender"]["known"] = known;
            let after = decide(&set, &World::new(&message))[0];
            if !matches!(before, Decision::Indeterminate(_)) {
                prop_assert_eq!(kind(before), kind(after), "{}", source);
            }
        }
    }
}

fn kind(decision: Decision) -> u8 {
    match decision {
        Decision::Match => 1,
        Decision::NoMatch => 0,
        Decision::Indeterminate(_) => 2,
    }
}
