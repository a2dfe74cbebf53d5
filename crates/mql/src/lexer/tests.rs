//! Corner cases of the lexical grammar.

use super::{Kind, lex};

fn kinds(source: &str) -> String {
    match lex(source) {
        Ok(tokens) => {
            let one = |kind: &Kind, text: &str| match kind {
                Kind::Str { value, raw: true } => format!("raw<{value}>"),
                Kind::Str { value, raw: false } => format!("str<{}>", value.escape_debug()),
                Kind::Float(value) => format!("float {value}"),
                Kind::Int(value) => format!("int {value}"),
                Kind::Dots(n) => format!("dots{n}"),
                Kind::InFold => "IN~".to_owned(),
                Kind::List => format!("list {text}"),
                Kind::End => String::new(),
                Kind::Word | Kind::Sign(_) => text.to_owned(),
            };
            let shown: Vec<String> = tokens.iter().map(|t| one(&t.kind, t.span.text(source))).collect();
            shown.join(" ").trim_end().to_owned()
        }
        Err(error) => format!("error at {}..{}: {}", error.span.start, error.span.end, error.message),
    }
}

#[test]
fn raw_strings_know_only_the_doubled_quote() {
    assert_eq!(kinds(r"'\'"), r"raw<\>");
    assert_eq!(kinds(r"'it''s'"), "raw<it's>");
    assert_eq!(kinds("''"), "raw<>");
    assert_eq!(kinds("''''"), "raw<'>");
    assert_eq!(kinds(r"'\d+\.' 'a'"), r"raw<\d+\.> raw<a>");
    assert_eq!(kinds("'a\nb'"), "error at 0..2: string is not closed");
    assert_eq!(kinds("'a''"), "error at 0..4: string is not closed");
}

#[test]
fn escaped_strings_know_seven_escapes() {
    assert_eq!(kinds(r#""a\"b\\\n\r\t\'""#), r#"str<a\"b\\\n\r\t\'>"#);
    assert_eq!(kinds(r#""\u{200F}\u{41}""#), r"str<\u{200f}A>");
    assert_eq!(kinds(r#""\u{0001F600}""#), "str<😀>");
    for wrong in
        [r#""\*""#, r#""\d""#, r#""\u{4}""#, r#""\u{110000}""#, r#""\u{D800}""#, r#""\u{00}""#, r#""\u{41""#]
    {
        assert!(kinds(wrong).starts_with("error"), "{wrong}");
    }
    assert_eq!(kinds("\"日本\\d\""), r"error at 7..9: unknown escape `\d`");
    assert_eq!(kinds("\"a\nb\""), "error at 0..2: string is not closed");
}

#[test]
fn dots_join_and_in_fold_is_one_token() {
    assert_eq!(kinds("...field"), "dots3 field");
    assert_eq!(kinds(". in~ x"), "dots1 IN~ x");
    assert_eq!(kinds("in ~ x"), "error at 3..4: unexpected `~`");
    assert_eq!(kinds("inn x not in~(y)"), "inn x not IN~ ( y )");
    assert_eq!(kinds("a=~b !~ c"), "a =~ b !~ c");
}

#[test]
fn lists_hold_inner_dots_only() {
    assert_eq!(kinds("$a.b."), "list $a.b dots1");
    assert_eq!(kinds("$org_vips,"), "list $org_vips ,");
    assert_eq!(kinds("$1"), "error at 0..1: `$` must be followed by the name of a list");
}

#[test]
fn numbers_have_no_exponent_and_no_loose_dot() {
    assert_eq!(kinds("1 1.5 0.0"), "int 1 float 1.5 float 0");
    assert_eq!(kinds("1."), "int 1 dots1");
    assert_eq!(kinds(".5"), "dots1 int 5");
    assert_eq!(kinds("1e5"), "error at 0..2: a number cannot run into a name");
    assert_eq!(kinds("9223372036854775808"), "error at 0..19: number is too large");
}

#[test]
fn comments_end_with_the_line_and_not_in_strings() {
    assert_eq!(kinds("a // b \" c\n/ d // e"), "a / d");
    assert_eq!(kinds("'http://x'"), "raw<http://x>");
    assert_eq!(kinds("a && b"), "error at 2..3: unexpected `&`");
    assert_eq!(kinds("a\u{a0}b"), "error at 1..3: unexpected character U+00A0");
}
