//! Precedence, scopes and what is refused.

use super::parse;
use crate::ast::{ArithOp, Expr, ExprKind, InRight, Literal, Step};

/// The tree with every operator in brackets.
fn tree(source: &str) -> String {
    match parse(source) {
        Ok(expr) => show(&expr),
        Err(error) => format!("error {}:{}: {}", error.line, error.column, error.message),
    }
}

fn join(items: &[Expr], word: &str) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(word)
}

fn show(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Literal(Literal::Null) => "null".into(),
        ExprKind::Literal(Literal::Bool(b)) => b.to_string(),
        ExprKind::Literal(Literal::Int(i)) => i.to_string(),
        ExprKind::Literal(Literal::Float(f)) => format!("{f:?}"),
        ExprKind::Literal(Literal::Str { value, .. }) => format!("{value:?}"),
        ExprKind::List(name) => format!("${name}"),
        ExprKind::Root(name) => name.to_string(),
        ExprKind::Item { dots } => format!("item{dots}"),
        ExprKind::Access { base, steps } => steps.iter().fold(show(base), |out, step| match step {
            Step::Member(name) => format!("{out}→{}", name.text),
            Step::Index(index, _) => format!("{out}[{}]", show(index)),
            Step::Slice(a, b, _) => {
                let bound = |e: &Option<Box<Expr>>| e.as_deref().map(show).unwrap_or_default();
                format!("{out}[{}:{}]", bound(a), bound(b))
            }
        }),
        ExprKind::Call { name, args } => {
            let arg = |a: &crate::ast::Arg| match &a.name {
                Some(name) => format!("{}={}", name.text, show(&a.value)),
                None => show(&a.value),
            };
            format!("{}({})", name.text, args.iter().map(arg).collect::<Vec<_>>().join(" "))
        }
        ExprKind::Array(items) => format!("[{}]", join(items, " ")),
        ExprKind::Paren(inner) => format!("({})", show(inner)),
        ExprKind::Not(inner) => format!("{{not {}}}", show(inner)),
        ExprKind::Neg(inner) => format!("{{-{}}}", show(inner)),
        ExprKind::And(items) => format!("{{{}}}", join(items, " and ")),
        ExprKind::Or(items) => format!("{{{}}}", join(items, " or ")),
        ExprKind::Compare { first, rest } => {
            let tail: String = rest.iter().map(|(op, e)| format!(" {} {}", op.text(), show(e))).collect();
            format!("{{{}{tail}}}", show(first))
        }
        ExprKind::Arith { first, rest } => {
            let tail: String =
                rest.iter().map(|(op, e)| format!(" {} {}", ArithOp::text(*op), show(e))).collect();
            format!("{{{}{tail}}}", show(first))
        }
        ExprKind::In { left, negated, fold, right } => {
            let right = match right {
                InRight::Tuple(items, _) => format!("<{}>", join(items, " ")),
                InRight::Expr(right) => show(right),
            };
            let (not, fold) = (if *negated { "not " } else { "" }, if *fold { "~" } else { "" });
            format!("{{{} {not}in{fold} {right}}}", show(left))
        }
        ExprKind::IsNull { operand, negated } => {
            format!("{{{} is{} null}}", show(operand), if *negated { " not" } else { "" })
        }
        ExprKind::Of { threshold, items } => format!("{{{} of <{}>}}", show(threshold), join(items, " ")),
    }
}

#[test]
fn precedence() {
    for (source, wanted) in [
        ("not x is null", "{not {x is null}}"),
        ("not a == b", "{not {a == b}}"),
        ("a and 1 of (b, c,) or d", "{{a and {1 of <b c>}} or d}"),
        ("a or b and c or d", "{a or {b and c} or d}"),
        ("not a and not not b", "{{not a} and {not {not b}}}"),
        ("1 + 2 * 3 - 4", "{1 + {2 * 3} - 4}"),
        ("-a.b[0] * 2", "{{-a→b[0]} * 2}"),
        ("a + 1 < b <= c", "{{a + 1} < b <= c}"),
        ("a not in~ ('x',) and b", "{{a not in~ <\"x\">} and b}"),
        ("a in map(b, .c)", "{a in map(b item1→c)}"),
        ("a == b is null", "{{a == b} is null}"),
        ("a in $l.m", "{a in $l.m}"),
        ("f.g(a, k=1, ).h", "f.g(a k=1)→h"),
        ("a[1:], ", "error 1:6: expected `and`, `or` or the end of the rule, found `,`"),
        ("a[:2][x].b", "a[:2][x]→b"),
    ] {
        assert_eq!(tree(source), wanted, "{source}");
    }
}

#[test]
fn scopes_and_words_after_a_dot() {
    for (source, wanted) in [
        (".", "item1"),
        ("..field", "item2→field"),
        ("... == .", "{item3 == item1}"),
        (".in in (.not)", "{item1→in in <item1→not>}"),
        (". in ('a')", "{item1 in <\"a\">}"),
        (".[\"key\"].x", "item1[\"key\"]→x"),
        ("body . html . raw", "body→html→raw"),
    ] {
        assert_eq!(tree(source), wanted, "{source}");
    }
}

fn message(source: &str) -> String {
    parse(source).map_or_else(|error| error.render("rule.yml", 0), |_| "no error".to_owned())
}

#[test]
fn errors_show_the_place() {
    insta::assert_snapshot!(message("type.inbound\nand any of (a, b)"), @r"
    error: `any of` is not part of the language
     --> rule.yml:2:5
      |
    2 | and any of (a, b)
      |     ^^^
      = help: there are no `any of`, `all of`, `none of`: write `1 of (…)`, `a and b`, `not (a or b)`
    ");
    insta::assert_snapshot!(message("any(body.links,\n  .visible"), @r"
    error: `(` is not closed
     --> rule.yml:1:4
      |
    1 | any(body.links,
      |    ^
      = help: add `)`
    ");
    insta::assert_snapshot!(message("1 < x > 3"), @r"
    error: comparisons cannot be chained like this
     --> rule.yml:1:7
      |
    1 | 1 < x > 3
      |       ^
      = help: only `<` and `<=` chain, as in `1 < x <= 5`; use brackets or `and`
    ");
    insta::assert_snapshot!(message("subject.subject = 'x'"), @r"
    error: expected `and`, `or` or the end of the rule, found `=`
     --> rule.yml:1:17
      |
    1 | subject.subject = 'x'
      |                 ^
      = help: write `==` to compare
    ");
    insta::assert_snapshot!(message("a and"), @r"
    error: expected a value, found the end of the rule
     --> rule.yml:1:6
      |
    1 | a and
      |      ^
    ");
}

#[test]
fn a_long_line_is_shown_around_the_place() {
    let source = format!("f({}, !)", "'10.0.0.0/8', ".repeat(4000));
    let text = message(&source);
    assert!(text.contains("unexpected `!`"), "{text}");
    assert!(text.len() < 700, "{}", text.len());
}

#[test]
fn refused() {
    for source in [
        "",
        "and",
        "a b",
        "x in ()",
        "1 of ()",
        "f(k=1, 2)",
        "a is",
        "a is not b",
        "[1",
        "a[",
        "a[]",
        "(",
        "..  x",
        "a in",
        "x is null is null is null is null",
        "in",
        "$",
    ] {
        assert!(parse(source).is_err(), "{source}");
    }
}

#[test]
fn nesting_is_limited_and_length_is_not() {
    for open in ["(", "not ", "-", "[", "f(", "a[", "1 of (1 + 2 * 3 == -f("] {
        assert!(tree(&open.repeat(100_000)).contains("nested deeper"), "{open}");
    }
    let deep = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&deep(60)).is_ok());
    let wide = format!("f({})", "'10.0.0.0/8', ".repeat(100_000));
    assert!(parse(&wide).is_ok());
    assert!(parse(&format!("a{}", " and a".repeat(100_000))).is_ok());
    assert!(parse(&format!("a{}", " + a".repeat(100_000))).is_ok());
    assert!(parse(&format!("a{}", ".a".repeat(100_000))).is_ok());
}
