//! What is printed parses to the same tree.

use proptest::prelude::*;

use super::print;
use crate::ast::{Arg, ArithOp, CmpOp, Expr, ExprKind, InRight, Literal, Name, Span, Step, same};
use crate::parser::parse;

fn at(kind: ExprKind) -> Expr {
    Expr { span: Span::default(), kind }
}

fn name(text: &str) -> Name {
    Name { text: text.into(), span: Span::default() }
}

fn paren(expr: Expr) -> Expr {
    match expr.kind {
        ExprKind::Literal(_)
        | ExprKind::List(_)
        | ExprKind::Root(_)
        | ExprKind::Item { .. }
        | ExprKind::Call { .. }
        | ExprKind::Array(_)
        | ExprKind::Paren(_)
        | ExprKind::Access { .. } => expr,
        kind => at(ExprKind::Paren(Box::new(at(kind)))),
    }
}

/// A base of an access must not be a word that the dots would join to a function's name, nor another access.
fn base(expr: Expr) -> Expr {
    match expr.kind {
        ExprKind::Access { base, .. } => *base,
        kind => paren(at(kind)),
    }
}

fn leaf() -> impl Strategy<Value = Expr> {
    prop_oneof![
        Just(ExprKind::Literal(Literal::Null)),
        any::<bool>().prop_map(|b| ExprKind::Literal(Literal::Bool(b))),
        (0..i64::MAX).prop_map(|i| ExprKind::Literal(Literal::Int(i))),
        (0.0..1e30_f64).prop_map(|f| ExprKind::Literal(Literal::Float(f))),
        "[^\0]{0,12}".prop_map(|s| ExprKind::Literal(Literal::Str { value: s.into(), raw: false })),
        "[^\r\n]{0,12}".prop_map(|s| ExprKind::Literal(Literal::Str { value: s.into(), raw: true })),
        "[a-z_]{1,4}(\\.[a-z]{1,3})?".prop_map(|s| ExprKind::List(s.into())),
        "r[a-z0-9_]{1,8}".prop_map(|s| ExprKind::Root(s.into())),
        (1..4_u32).prop_map(|dots| ExprKind::Item { dots }),
    ]
    .prop_map(at)
}

fn step(inner: impl Strategy<Value = Expr> + Clone + 'static) -> impl Strategy<Value = Step> {
    let bound = proptest::option::of(inner.clone().prop_map(Box::new));
    prop_oneof![
        prop_oneof![Just("name"), Just("in"), Just("null"), Just("_x1")].prop_map(|n| Step::Member(name(n))),
        inner.prop_map(|e| Step::Index(Box::new(e), Span::default())),
        (bound.clone(), bound).prop_map(|(a, b)| Step::Slice(a, b, Span::default())),
    ]
}

fn compare(first: Expr, op: CmpOp, second: Expr, third: Option<Expr>) -> ExprKind {
    let mut rest = vec![(op, paren(second))];
    if let Some(third) = third
        && matches!(op, CmpOp::Lt | CmpOp::Le)
    {
        rest.push((CmpOp::Le, paren(third)));
    }
    ExprKind::Compare { first: Box::new(paren(first)), rest }
}

fn tree() -> impl Strategy<Value = Expr> {
    let cmp = prop_oneof![Just(CmpOp::Eq), Just(CmpOp::NeFold), Just(CmpOp::Lt), Just(CmpOp::Ge)];
    let arith = prop_oneof![Just((ArithOp::Add, ArithOp::Sub)), Just((ArithOp::Mul, ArithOp::Rem))];
    leaf().prop_recursive(5, 60, 5, move |inner| {
        let many = proptest::collection::vec(inner.clone(), 2..5);
        let some = proptest::collection::vec(inner.clone(), 1..4);
        let steps = proptest::collection::vec(step(inner.clone()), 1..4);
        let one = inner.clone();
        prop_oneof![
            (one.clone(), steps).prop_map(|(e, steps)| ExprKind::Access { base: Box::new(base(e)), steps }),
            (some.clone(), any::<bool>()).prop_map(|(items, keyword)| {
                let last = items.len() - 1;
                let arg = |(i, value)| Arg { name: (keyword && i == last).then(|| name("key")), value };
                ExprKind::Call {
                    name: name("strings.f"),
                    args: items.into_iter().enumerate().map(arg).collect(),
                }
            }),
            some.clone().prop_map(ExprKind::Array),
            one.clone().prop_map(|e| ExprKind::Paren(Box::new(e))),
            one.clone().prop_map(|e| ExprKind::Not(Box::new(paren(e)))),
            one.clone().prop_map(|e| ExprKind::Neg(Box::new(paren(e)))),
            many.clone().prop_map(|items| ExprKind::And(items.into_iter().map(paren).collect())),
            many.clone().prop_map(|items| ExprKind::Or(items.into_iter().map(paren).collect())),
            (one.clone(), cmp.clone(), one.clone(), proptest::option::of(one.clone()))
                .prop_map(|(a, op, b, c)| compare(a, op, b, c)),
            (one.clone(), arith.clone(), one.clone(), one.clone()).prop_map(|(a, (x, y), b, c)| {
                ExprKind::Arith { first: Box::new(paren(a)), rest: vec![(x, paren(b)), (y, paren(c))] }
            }),
            (one.clone(), any::<(bool, bool)>(), some.clone()).prop_map(|(left, (negated, fold), items)| {
                let right = InRight::Tuple(items, Span::default());
                ExprKind::In { left: Box::new(paren(left)), negated, fold, right }
            }),
            (one.clone(), any::<bool>())
                .prop_map(|(e, negated)| { ExprKind::IsNull { operand: Box::new(paren(e)), negated } }),
            (1..3_i64, some).prop_map(|(n, items)| {
                ExprKind::Of { threshold: Box::new(at(ExprKind::Literal(Literal::Int(n)))), items }
            }),
        ]
        .prop_map(at)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn printed_trees_parse_to_themselves(expr in tree()) {
        let text = print(&expr);
        match parse(&text) {
            Ok(again) => prop_assert!(same(&expr, &again), "{text}"),
            Err(error) => prop_assert!(false, "{}", error.render("printed", 0)),
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,60}") {
        if let Ok(expr) = parse(&text) {
            prop_assert!(parse(&print(&expr)).is_ok_and(|again| same(&expr, &again)), "{text}");
        }
    }

    #[test]
    fn any_words_are_parsed_or_refused(words in proptest::collection::vec(
        prop_oneof![
            Just("a"), Just("."), Just(".."), Just("in"), Just("in~"), Just("not"), Just("is"), Just("null"), Just("("),
            Just(")"), Just("["), Just("]"), Just(","), Just(":"), Just("="), Just("=="), Just("<"), Just("-"), Just("+"),
            Just("1"), Just("'s'"), Just("$l"), Just("of"), Just("and"), Just("or"), Just("f("), Just(" "), Just("\n"),
        ], 0..30)
    ) {
        let text = words.concat();
        if let Ok(expr) = parse(&text) {
            prop_assert!(parse(&print(&expr)).is_ok_and(|again| same(&expr, &again)), "{text}");
        }
    }
}

#[test]
fn layout() {
    let source = "type.inbound and any(body.links, .href_url.domain.root_domain in $free_file_hosts and \
                  (strings.icontains(.display_text, 'download', 'it''s here') or .display_text =~ \"a\\u{200B}b\")) \
                  and sender.email.domain.root_domain not in ('a.example',)";
    let printed = parse(source).map(|expr| print(&expr)).unwrap_or_default();
    insta::assert_snapshot!(printed, @r#"
    type.inbound
    and any(
      body.links,
      .href_url.domain.root_domain in $free_file_hosts
      and (strings.icontains(.display_text, 'download', 'it''s here') or .display_text =~ "a\u{200B}b")
    )
    and sender.email.domain.root_domain not in ('a.example')
    "#);
}
