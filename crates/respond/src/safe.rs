//! Text of strangers, made so that it can stand in a mail of ours.
//!
//! One line, cut; without control, direction and invisible characters; no quotation marks, which stand around it; and
//! nothing in it that a mail program would turn into a link: `https://a.example` becomes `https[:]//a[.]example`.

/// One line of visible characters, at most this many (and an ellipsis), that no program makes a link of.
pub fn line(text: &str, chars_max: usize) -> String {
    // What is left out counts, too, so that a text of nothing visible ends.
    let looked_at = text.chars().take(chars_max.saturating_mul(8)).map(plain);
    let visible = looked_at.map(|c| if c.is_whitespace() { ' ' } else { c });
    let mut chars = visible.filter(|c| !hidden(*c) && !is_quotation(*c)).peekable();
    let mut out = String::new();
    let (mut count, mut turns, mut before) = (0_usize, false, ' ');
    while let Some(c) = chars.next() {
        let after = chars.peek().copied();
        if c == ' ' && (before == ' ' || after.is_none()) {
            continue;
        }
        if count >= chars_max {
            out.push('…');
            break;
        }
        turns |= is_right_to_left(c);
        match link(before, c, after) {
            Link::Broken(c) => out.extend(['[', c, ']']),
            Link::Gone => {}
            Link::None => out.push(c),
        }
        (before, count) = (c, count + 1);
    }
    // Set apart, what runs from right to left does not turn what stands around it.
    if turns { format!("\u{2068}{out}\u{2069}") } else { out }
}

/// What becomes of a character that could make a link.
enum Link {
    /// It stands in brackets.
    Broken(char),
    /// It is left out.
    Gone,
    /// It makes none.
    None,
}

fn link(before: char, c: char, after: Option<char>) -> Link {
    let after = after.unwrap_or(' ');
    match c {
        '.' if before.is_alphanumeric() && after.is_alphanumeric() => Link::Broken(c),
        '@' if !before.is_whitespace() && after.is_alphanumeric() => Link::Broken(c),
        // A scheme: `https://`, `mailto:`, `tel:`.
        ':' if before.is_ascii_alphabetic() && !after.is_whitespace() => Link::Broken(c),
        // `\\server\share`, which some programs open.
        '\\' if before == '\\' => Link::Gone,
        _ => Link::None,
    }
}

/// Characters that look like those that make links, as these.
fn plain(c: char) -> char {
    match c {
        '\u{2024}' | '\u{fe52}' | '\u{ff0e}' | '\u{ff61}' => '.',
        '\u{fe6b}' | '\u{ff20}' => '@',
        '\u{fe55}' | '\u{ff1a}' | '\u{a789}' | '\u{2236}' => ':',
        '\u{2044}' | '\u{2215}' | '\u{ff0f}' => '/',
        '\u{fe68}' | '\u{ff3c}' => '\\',
        c => c,
    }
}

fn is_quotation(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '「' | '」' | '『' | '』' | '＂' | '\u{2033}')
}

/// Characters without ink: controls, bidirectional controls, joiners, fillers, selectors, tags, private use.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
        // Marks without end above one letter cover the lines around it.
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Text as HTML, also within the quotation marks of an attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str) -> String {
        line(text, 40)
    }

    #[test]
    fn what_would_be_a_link_is_none() {
        assert_eq!(check("see https://evil.example/x?a=b now"), "see https[:]//evil[.]example/x?a=b now");
        assert_eq!(check("www.evil.example"), "www[.]evil[.]example");
        assert_eq!(check("mailto:a@b.example"), "mailto[:]a[@]b[.]example");
        assert_eq!(check("ｗｗｗ．evil．example／x"), "ｗｗｗ[.]evil[.]example/x");
        assert_eq!(check("tel:+1234 \\\\host\\share"), "tel[:]+1234 \\host\\share");
        assert_eq!(check("Re: the bill. 12.50 at 9:30"), "Re: the bill. 12[.]50 at 9:30");
    }

    #[test]
    fn nothing_invisible_hides_a_link() {
        assert_eq!(check("evil\u{200b}.\u{200b}example https:\u{2060}//x"), "evil[.]example https[:]//x");
    }

    #[test]
    fn it_is_one_line_of_visible_characters() {
        assert_eq!(check("a\r\nBcc: x\t\t b\u{0}\u{200b}\u{202e}c"), "a Bcc: x bc");
        assert_eq!(check("say “hello” to \"me\""), "say hello to me");
        assert_eq!(check("Z\u{300}\u{301}\u{302}algo"), "Zalgo");
        assert_eq!(check(" \u{200e} "), "");
        assert_eq!(check(&"w".repeat(5_000)), format!("{}…", "w".repeat(40)));
        assert_eq!(check("بنك 1"), "\u{2068}بنك 1\u{2069}");
        assert_eq!(check("見積書の送付について。よろしく"), "見積書の送付について。よろしく");
    }

    #[test]
    fn html_is_text() {
        assert_eq!(escaped("<a href='x'>&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_is_short_and_no_link(text in "(\\PC|[a-z@.:/\\\\\u{202e}\r\n]){0,80}") {
            let out = line(&text, 30);
            prop_assert!(out.chars().count() <= 30 * 3 + 3);
            prop_assert!(!out.contains("://") && !out.contains("\\\\"));
            let turned = out.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
            prop_assert!(!turned, "{}", out);
            let chars: Vec<char> = out.chars().collect();
            let dotted = chars.windows(3).any(|w| w[0].is_alphanumeric() && w[1] == '.' && w[2].is_alphanumeric());
            prop_assert!(!dotted, "{out}");
        }
    }
}
