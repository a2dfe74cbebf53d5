//! The Windows Script Encoder (`#@~^…^#~@`): a substitution by three alphabets that take turns.

/// For each character from tab and blank to 0x7F its three stand-ins.
const STAND_INS: [[u8; 3]; 97] = [
    *b"d7i",
    *b"P~,",
    *b"\"Ze",
    *b"JEr",
    *b"a:[",
    *b"^yf",
    *b"]Yu",
    *b"['L",
    *b"BvE",
    *b"`cv",
    *b"#b*",
    *b"eMC",
    *b"_Q3",
    *b"~SB",
    *b"OR ",
    *b"R c",
    *b"z&J",
    *b"!TZ",
    *b"Fq8",
    *b" +y",
    *b"&f2",
    *b"c*W",
    *b"*Xl",
    *b"v\x7F+",
    *b"G{F",
    *b"%0R",
    *b",1O",
    *b")l=",
    *b"iIp",
    *b"???",
    *b"'x{",
    *b"???",
    *b"g_Q",
    *b"???",
    *b"b)z",
    *b"A$~",
    *b"Z/;",
    *b"f9G",
    *b"23A",
    *b"sow",
    *b"M!V",
    *b"Cu_",
    *b"q(&",
    *b"9Bx",
    *b"|Fn",
    *b"SJd",
    *b"H\\t",
    *b"1Hg",
    *b"r6}",
    *b"nKh",
    *b"p}5",
    *b"I]\"",
    *b"?jU",
    *b"KP:",
    *b"ji`",
    *b".#j",
    *b"\x7F\tq",
    *b"(po",
    *b"5eI",
    *b"}t\\",
    *b"$,]",
    *b"-w'",
    *b"TDY",
    *b"7?%",
    *b"{m|",
    *b"=|#",
    *b"lCm",
    *b"48(",
    *b"m^1",
    *b"N[9",
    *b"+n\x7F",
    *b"0W6",
    *b"oLT",
    *b"t44",
    *b"krb",
    *b"L%N",
    *b"3V0",
    *b"Vs^",
    *b":hs",
    *b"xU\t",
    *b"WGK",
    *b"w2a",
    *b";5$",
    *b"D.M",
    *b"/dk",
    *b"YOD",
    *b"E;!",
    *b"\\-7",
    *b"hAS",
    *b"6aX",
    *b"XzH",
    *b"y\".",
    *b"\t`P",
    *b"uk-",
    *b"8N)",
    *b"U=?",
    *b"Qg/",
];

/// Which alphabet is whose turn.
const TURNS: [u8; 64] = [
    1, 2, 0, 1, 2, 0, 2, 0, 0, 2, 0, 2, 1, 0, 2, 0, 1, 0, 2, 0, 1, 1, 2, 0, 0, 2, 1, 0, 2, 0, 0, 2, 1, 1, 0,
    2, 0, 2, 0, 1, 0, 1, 1, 2, 0, 1, 0, 2, 1, 0, 2, 0, 1, 1, 2, 0, 0, 1, 1, 2, 0, 1, 0, 2,
];

/// All encoded blocks of a text decoded in their places; `None` when there is none.
pub(crate) fn decode(text: &str) -> Option<String> {
    text.find("#@~^")?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, block)) = rest.split_once("#@~^") {
        out.push_str(before);
        // Six digits of length and `==`; the same of a checksum before the end mark.
        let body = block.get(8..).unwrap_or_default();
        let end = body.find("^#~@").unwrap_or(body.len());
        let checked = body.get(..end).unwrap_or_default();
        out.push_str(&plain(checked.get(..checked.len().saturating_sub(8)).unwrap_or(checked)));
        rest = body.get(end..).map_or("", |r| r.strip_prefix("^#~@").unwrap_or(r));
    }
    out.push_str(rest);
    Some(out)
}

fn plain(text: &str) -> String {
    let table = table();
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut turn = 0usize;
    while let Some(c) = chars.next() {
        let alphabet = TURNS.get(turn % 64).copied().unwrap_or(0);
        turn += 1;
        if c == '@' {
            match chars.next() {
                Some('#') => out.push('\r'),
                Some('&') => out.push('\n'),
                Some('!') => out.push('<'),
                Some('*') => out.push('>'),
                Some('$') => out.push('@'),
                Some(other) => out.push(other),
                None => {}
            }
            continue;
        }
        let known = u8::try_from(u32::from(c))
            .ok()
            .and_then(|b| table.get(usize::from(alphabet))?.get(usize::from(b)));
        match known {
            Some(0) | None => out.push(c),
            Some(byte) => out.push(char::from(*byte)),
        }
    }
    out
}

fn table() -> [[u8; 128]; 3] {
    let mut out = [[0; 128]; 3];
    for (character, stand_ins) in (31u8..).zip(STAND_INS) {
        for (alphabet, byte) in out.iter_mut().zip(stand_ins) {
            // `<`, `>` and `@` have no stand-ins: they are escaped.
            if !matches!(character, b'<' | b'>' | b'@')
                && let Some(slot) = alphabet.get_mut(usize::from(byte))
            {
                *slot = if character == 31 { 9 } else { character };
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same tables the other way round.
    fn encode(text: &str) -> String {
        let mut out = "#@~^AAAAAA==".to_owned();
        for (turn, c) in text.chars().enumerate() {
            match c {
                '<' => out.push_str("@!"),
                '>' => out.push_str("@*"),
                '@' => out.push_str("@$"),
                '\n' => out.push_str("@&"),
                c if (' '..'\x7f').contains(&c) => {
                    let stand_ins = STAND_INS[c as usize - 31];
                    out.push(stand_ins[usize::from(TURNS[turn % 64])] as char);
                }
                c => out.push(c),
            }
        }
        out + "AAAAAA==^#~@"
    }

    #[test]
    fn every_alphabet_is_a_permutation() {
        for at in 0..3 {
            let mut seen: Vec<u8> = STAND_INS.iter().map(|s| s[at]).collect();
            seen.sort_unstable();
            let doubles: Vec<u8> =
                seen.windows(2).filter(|w| w[0] == w[1] && w[0] != b'?').map(|w| w[0]).collect();
            assert!(doubles.is_empty(), "alphabet {at}: {doubles:?}");
        }
    }

    #[test]
    fn decodes_in_place() {
        let source = "var s = new ActiveXObject(\"WScript.Shell\");\ns.Run('x?y~ <b> ^S');";
        assert_eq!(decode(&format!("a {} b", encode(source))), Some(format!("a {source} b")));
        assert_eq!(decode("plain"), None);
        assert_eq!(decode("#@~^"), Some(String::new()));
    }
}
