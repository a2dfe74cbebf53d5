//! Types, names, arguments: what is accepted with which type, and what the messages say.

use crate::ast::Expr;
use crate::schema::{REGEX_MATCH, Schema};
use crate::typed::{Builtin, Checked, Const, TypedKind};
use crate::{Expect, Rule, check, parse};

const WORLD: &str = r#"
// A small world.
shape Domain { domain: string, root_domain: string, valid: bool }
shape Link { href: Domain, text: string, tags: [string], query: map<string,[string]>, j: json, size: int }
shape File { raw: bytes, name: string }
shape Page { raw: string }
shape Result { nodes: [Page], score: float }
union any_file = File | Page
root links: [Link]
root link: Link
root file: File
root subject: string
root date: datetime
root seen: bool
root count: int
list hosts
list people: [Domain]
fn html.xpath(html: any_file, xpath: const string) -> Result
fn ml.judge(text: string, mode: string = "default", subject: string = null, kinds: [string] = ["a", "b"]) -> Result
fn beta.show(value: any, names: string...) -> string
"#;

fn world() -> Schema {
    Schema::parse(WORLD).unwrap()
}

fn outcome(source: &str) -> (Option<Checked>, String) {
    let schema = world();
    let expr: Expr = match parse(source) {
        Ok(expr) => expr,
        Err(error) => return (None, error.render("rule.yml", 0)),
    };
    let found = check(source, &expr, &schema);
    let text = found.diagnostics.iter().map(|d| d.render("rule.yml", 0)).collect();
    (found.checked, text)
}

/// The type of a source, or the first lines of its messages.
fn ty(source: &str) -> String {
    let (checked, text) = outcome(source);
    match checked {
        Some(checked) => checked.root.ty.name(&world()),
        None => {
            let heads: Vec<&str> =
                text.lines().filter(|l| l.starts_with("error") || l.contains("help:")).collect();
            heads.join("\n")
        }
    }
}

#[test]
fn types() {
    for (source, wanted) in [
        ("seen and not (count > 1 or subject == 'x')", "bool"),
        ("count + 1", "int"),
        ("count * 1.0 / 2", "float"),
        ("-count % 2", "int"),
        ("link.j == 1 or link.j == 'x' or link.j != true", "bool"),
        ("subject == null", "bool"),
        ("date < date", "bool"),
        ("0 < count <= 5", "bool"),
        ("links[0].href.root_domain", "string"),
        ("link.query['k'][0]", "string"),
        ("link.j['a'][0]['b']", "json"),
        ("subject[1:3]", "string"),
        ("links[:2]", "[Link]"),
        ("[1, null, 2.5]", "[float]"),
        ("[]", "[null]"),
        ("null", "null"),
        ("subject in [] or subject in $hosts or subject in~ ('a', null)", "bool"),
        ("count in (1, 2.5)", "bool"),
        ("link.j in ('a', 1)", "bool"),
        ("subject in link.j['list']", "bool"),
        ("any(link.j['cards'], .['title'] == 'x')", "bool"),
        ("map(links, .tags)", "[[string]]"),
        ("flatten(map(links, map(.tags, .)))", "[string]"),
        ("filter($people, .valid)", "[Domain]"),
        ("distinct(links, .href.valid)", "[Link]"),
        ("distinct(link.tags)", "[string]"),
        ("sum([length(links), length(subject)])", "int"),
        ("sum(links, .size * 1.0)", "float"),
        ("ratio(links, .size > 0)", "float"),
        ("coalesce(null, 1, 2.0)", "float"),
        ("keys(link.query)", "[string]"),
        ("values(link.query)", "[[string]]"),
        ("length(link.query) is null", "bool"),
        ("link is not null", "bool"),
        ("regex.extract(subject, '(?P<a>x)')[0].named_groups['a']", "string"),
        ("strings.concat(subject, 'x', link.j)", "string"),
        ("ilike(subject, '*x*')", "bool"),
        ("beta.scan_base64(subject, ignore_padding=true, format='url')", "[string]"),
        ("html.xpath(file, '//a').nodes", "[Page]"),
        ("ml.judge(link.j['x'], subject=subject).score", "float"),
        ("beta.show(links, 'a', subject)", "string"),
        ("2 of (seen, count > 1, any(links, true))", "bool"),
        ("any(links, any(.tags, . == ..href.domain and . in map(links, .text)))", "bool"),
    ] {
        assert_eq!(ty(source), wanted, "{source}");
    }
}

#[test]
fn mistakes() {
    for (source, wanted) in [
        ("subject", "string"),
        (
            "seen and subject",
            "error: `and` needs bool, this is string\n  = help: write `… is not null`, or compare it",
        ),
        ("not link.j", "error: `not` needs bool, this is json\n  = help: compare it, as in `x == true`"),
        ("subject == 1", "error: `==` cannot compare string with int"),
        (
            "links == links",
            "error: `==` cannot compare [Link] with [Link]\n  = help: look into an array with `in` or `any(…, …)`",
        ),
        ("count =~ 'x'", "error: `=~` cannot compare int with string"),
        ("seen < seen", "error: `<` cannot compare bool with bool"),
        (
            "subject + 'x'",
            "error: `+` needs numbers, this is string\n  = help: join strings with `strings.concat(a, b)`\nerror: `+` needs numbers, this is string\n  = help: join strings with `strings.concat(a, b)`",
        ),
        (
            "links is null",
            "error: an array cannot be tested for null\n  = help: an absent array is empty: write `length(…) == 0`",
        ),
        ("links in $hosts", "error: `in` looks for a string or a number, this is [Link]"),
        ("subject in $people", "error: `in` looks for string in an array of Domain"),
        (
            "subject in ($hosts)",
            "error: `in` looks for string, this is [string]\n  = help: write `in …` without brackets",
        ),
        (
            "subject in subject",
            "error: right of `in` stands an array, this is string\n  = help: write `(…)` around it for one value",
        ),
        ("count in~ ('x')", "error: `in~` needs string, this is int"),
        ("[1, 'a']", "error: elements of an array have one type: string after int"),
        ("3 of (seen, seen)", "error: `3 of` has 2 clauses, so the number is 1 to 2"),
        ("0 of (seen)", "error: `0 of` has 1 clauses, so the number is 1 to 1"),
        ("count of (seen)", "error: before `of` stands a whole number\n  = help: as in `2 of (a, b, c)`"),
        (
            "links.text == 'x'",
            "error: [Link] has no members, so no `text`\n  = help: loop over it, as in `any(…, .text …)`, or take one, as in `[0]`",
        ),
        ("link.j.key == 1", "error: json has no members, so no `key`\n  = help: write `[\"key\"]`"),
        ("subject[0] == 'x'", "error: string cannot be indexed\n  = help: a part of a string is `[from:to]`"),
        ("links['x'].text == 'x'", "error: index of [Link] is int, this is string"),
        (
            ". == 1",
            "error: `.` stands outside of any loop\n  = help: only the arguments after the first of any, all, filter, map, distinct, sum and ratio are in the loop",
        ),
        (
            "any(links, any(...tags, true))",
            "error: `...` needs 3 loops around it, there is 1\n  = help: only the arguments after the first of any, all, filter, map, distinct, sum and ratio are in the loop",
        ),
        (
            "any(links, text == 'x')",
            "error: unknown name `text`\n  = help: did you mean `.text`, the member of the loop's item?",
        ),
        ("subjct == 'x'", "error: unknown name `subjct`\n  = help: did you mean `subject`?"),
        ("any(subject, true)", "error: `any` loops over an array, this is string"),
        (
            "any(link.query, true)",
            "error: `any` loops over an array, this is map<string,[string]>\n  = help: loop over `keys(…)` or `values(…)`",
        ),
        ("any(links)", "error: `any` takes 2 arguments, found 1"),
        ("any(links, x=seen)", "error: `any` has no argument names"),
        ("sum(links)", "error: `sum` adds numbers, these are Link"),
        ("length(count) > 1", "error: int has no length"),
        ("coalesce(seen, 'x')", "error: arguments of `coalesce` have one type: string after bool"),
        (
            "contains(subject, 'x')",
            "error: unknown function `contains`\n  = help: did you mean `strings.contains`?",
        ),
        (
            "strings.icontain(subject, 'x')",
            "error: unknown function `strings.icontain`\n  = help: did you mean `strings.icontains`?",
        ),
        ("strings.contains(subject)", "error: `strings.contains` takes at least 2 arguments, found 1"),
        ("strings.contains(count, 'x')", "error: `source` of `strings.contains` is string, this is int"),
        ("regex.contains(subject, subject)", "error: `pattern` of `regex.contains` must be a constant"),
        ("regex.contains(subject, 'a(')", "error: not a regular expression: unclosed group"),
        ("html.xpath(file, subject)", "error: `xpath` of `html.xpath` must be a constant"),
        ("html.xpath(link, '//a')", "error: `html` of `html.xpath` is File or Page, this is Link"),
        (
            "ml.judge(subject, mdoe='x')",
            "error: `ml.judge` has no argument `mdoe`\n  = help: did you mean `mode`?",
        ),
        ("ml.judge(subject, mode='x', mode='y')", "error: argument `mode` is given twice"),
        ("ml.judge()", "error: `ml.judge` takes 1 to 4 arguments, found 0"),
        ("ml.judge(subject, 'a', 'b', ['c'], 'd')", "error: `ml.judge` takes 1 to 4 arguments, found 5"),
    ] {
        assert_eq!(ty(source), wanted, "{source}");
    }
}

#[test]
fn messages_have_place_and_advice() {
    insta::assert_snapshot!(outcome("seen\nand any(links,\n        .href.root_domian == 'x' and .siez > 1)").1, @r"
    error: unknown member `root_domian` of Domain
     --> rule.yml:3:15
      |
    3 |         .href.root_domian == 'x' and .siez > 1)
      |               ^^^^^^^^^^^
      = help: did you mean `root_domain`?
    error: unknown member `siez` of Link
     --> rule.yml:3:39
      |
    3 |         .href.root_domian == 'x' and .siez > 1)
      |                                       ^^^^
      = help: did you mean `size`?
    ");
    insta::assert_snapshot!(outcome("subject == null and subject in $hotss").1, @r"
    warning: `==` with null is never true
     --> rule.yml:1:12
      |
    1 | subject == null and subject in $hotss
      |            ^^^^
      = help: write `is null`
    warning: unknown list `$hotss`; it is taken as a list of strings
     --> rule.yml:1:32
      |
    1 | subject == null and subject in $hotss
      |                                ^^^^^^
      = help: did you mean `$hosts`?
    ");
}

#[test]
fn a_rule_is_bool_and_a_query_is_anything() {
    let schema = world();
    let wrong = Rule::new("map(links, .text)", &schema, Expect::Bool).unwrap_err();
    assert_eq!(wrong.first().unwrap().message, "a rule must be bool, this is [string]");
    assert!(Rule::new("map(links, .text)", &schema, Expect::Any).is_ok());
    let rule = Rule::new("any(links, .text in $hosts) and regex.match(subject, 'x')", &schema, Expect::Bool)
        .unwrap();
    let uses = serde_json::to_string(rule.uses()).unwrap();
    assert_eq!(uses, r#"{"functions":["any","regex.match"],"lists":["hosts"],"roots":["links","subject"]}"#);
}

#[test]
fn names_are_resolved_and_defaults_filled_in() {
    let checked = outcome("any(links, ml.judge(.text, subject='s').score > 0.5)").0.unwrap();
    let TypedKind::Builtin { function: Builtin::Any, args } = &checked.root.kind else {
        panic!("{checked:?}")
    };
    assert!(matches!(args[0].kind, TypedKind::Root(0)));
    let TypedKind::Compare { first, .. } = &args[1].kind else { panic!("{args:?}") };
    let TypedKind::Field { base, field: 1, .. } = &first.kind else { panic!("{first:?}") };
    let TypedKind::Host { function: 1, args } = &base.kind else { panic!("{base:?}") };
    let TypedKind::Field { base: item, field: 1, .. } = &args[0].kind else { panic!("{args:?}") };
    assert!(matches!(item.kind, TypedKind::Item(0)));
    assert_eq!(args[1].const_str(), Some("default"));
    assert_eq!(args[2].const_str(), Some("s"));
    assert!(matches!(&args[3].kind, TypedKind::Array(items) if items.len() == 2));

    let checked = outcome("strings.scan_base64(subject)").0.unwrap();
    let TypedKind::Builtin { args, .. } = &checked.root.kind else { panic!("{checked:?}") };
    assert_eq!(args.len(), 5);
    assert!(matches!(args[4].kind, TypedKind::Const(Const::Bool(true))));

    // JSON is unwrapped where text is needed, and left alone where it is compared.
    let checked = outcome("strings.contains(link.j, 'x')").0.unwrap();
    let TypedKind::Builtin { args, .. } = &checked.root.kind else { panic!("{checked:?}") };
    assert!(matches!(args[0].kind, TypedKind::JsonText(_)));
    let checked = outcome("link.j == 'x'").0.unwrap();
    assert!(
        matches!(&checked.root.kind, TypedKind::Compare { first, .. } if matches!(first.kind, TypedKind::Field { .. }))
    );
}

#[test]
fn the_schema_says_what_is_wrong_with_it() {
    assert_eq!(world().shape(REGEX_MATCH).unwrap().fields[2].0.as_ref(), "named_groups");
    for (text, wanted) in [
        ("root a: Nothing", "schema line 1: unknown type `Nothing`"),
        ("root a: int\nroot a: int", "schema line 2: root `a` is declared twice"),
        ("shape A { a: int, a: int }", "schema line 1: field `a` of `A` is declared twice"),
        ("shape A { a int }", "schema line 1: expected `:`"),
        ("fn any(a: int) -> int", "schema line 1: `any` is a function of the language"),
        (
            "fn f(a: int..., b: int) -> int",
            "schema line 1: expected `,` or `)`; only the last parameter is variadic",
        ),
        ("hello", "schema line 1: expected shape, union, root, list or fn, found `hello`"),
        ("\nroot a: int ; x", "schema line 2: unexpected `;`"),
    ] {
        assert_eq!(Schema::parse(text).unwrap_err().to_string(), wanted, "{text}");
    }
}

#[test]
fn the_deepest_tree_fits_a_small_stack() {
    let open = "1 of (not (count + 2 * 3 < -any(links, .j in [";
    for n in 1..40 {
        let _ = outcome(&open.repeat(n));
    }
    let nested = format!("{}seen{}", "not (seen and 1 of (seen or ".repeat(24), "))".repeat(24));
    let wide = std::thread::Builder::new().stack_size(1 << 20);
    let handle = wide.spawn(move || ty(&nested)).unwrap();
    assert_eq!(handle.join().unwrap(), "bool");
}
