//! Our tokenizer against html5ever's: the same trees.

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tokenizer, TokenizerOpts};
use proptest::prelude::*;

use super::super::{Html, sink::Limiter, tree::Tree};
use super::build;

/// What html5ever's own tokenizer gives.
fn reference(source: &str) -> Tree {
    let tokenizer = Tokenizer::new(Limiter::new(source.len()), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(source));
    while let TokenizerResult::Script(_) | TokenizerResult::EncodingIndicator(_) = tokenizer.feed(&queue) {}
    tokenizer.end();
    tokenizer.sink.finish().0
}

fn raw(tree: Tree) -> String {
    Html { tree, ..Html::default() }.document().raw()
}

fn check(source: &str) {
    assert_eq!(raw(build(source).0), raw(reference(source)), "{source:?}");
}

#[test]
fn hand_picked() {
    for source in [
        "a<b",
        "a<1",
        "a</",
        "a</>b",
        "a</1>b",
        "<",
        "<a",
        "<a b",
        "<a b='",
        "<a b='c'd=e f>g",
        "<a =b>",
        "<a/b/>c",
        "<A HREF=X Href=Y>z",
        "<p a=1>2",
        "<p a = '1'>2",
        "<p a=>2",
        "<!-->x",
        "<!--->x",
        "<!---->x",
        "<!--a--!>x",
        "<!--a--b-->x",
        "<!--a--->x",
        "<!--a",
        "<!--a--",
        "<!a>x",
        "<?a>x",
        "<!>x",
        "<![CDATA[a]]>x",
        "<svg><![CDATA[a<b]]>x",
        "&amp;&amp&ampx&notit;&notin;&#65;&#x41;&#128;&#0;&#xd800;&#;&#x;&;&x;&zwj;",
        "<a b='&amp;&ampx&amp=&copy=1&copy;'>",
        "<title>a<b>&lt;</title>c",
        "<textarea>\na</textarea>",
        "<pre>\na",
        "<style>a</style >b",
        "<style>a</stylex>b</style>c",
        "<script>a<!--<script>b</script>c--></script>d",
        "<script><!--a</script>b",
        "<script><!--<script></script></script>d",
        "<script>a</SCRIPT\n>b",
        "<plaintext>a<b>",
        "<xmp><b></xmp>c",
        "<iframe><b></iframe>c",
        "<noscript><b>c</noscript>",
        "a\r\nb\rc",
        "a\0b<b\0>c",
        "<!DOCTYPE html><p><table>",
        "<p><table>",
        "<!doctype html public \"-//W3C//DTD HTML 4.01//EN\"><p><table>",
        "<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01 Transitional//EN' 'http://www.w3.org/TR/html4/loose.dtd'><p><table>",
        "<!doctype html system \"about:legacy-compat\"><p><table>",
        "<!doctype x><p><table>",
        "<!doctype><p><table>",
        "<table>a<tr>b<td>c</table>d",
        "<b><p>x</b>y",
        "<select><option>a<option>b",
        "<math><mi>x</math>",
    ] {
        check(source);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_markup(source in "([ab1 \\n='\"/>&;#x-]|<|</|<!|<!--|-->|--!>|<\\?|&amp|&#65|&not|<a|</a>|<p|<script>|</script>|<style>|</style>|<title>|</title>|<svg>|<table>|<td>|<B b=c>|é|\\x00|\\r){0,40}") {
        check(&source);
    }
}
