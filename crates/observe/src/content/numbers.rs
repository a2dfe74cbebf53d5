//! Numbers that ask for money or a call: telephone numbers, wallets, bank accounts, amounts, passwords of archives.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use sekisho_record::evidence::Content;

use super::fold;

/// Numbers of one kind that are kept.
const NUMBERS_MAX: usize = 20;

/// Fills what the digits of the newest text say.
pub(super) fn observe(content: &mut Content, newest: &str, folded: &str) {
    content.phone_numbers = phones(newest);
    tokens(content, newest);
    content.amounts = amounts(folded);
    content.archive_password = archive_password(folded) || password_line(newest);
}

/// Words that ask for a call; folded.
const CALLS: &[&str] = &[
    "call",
    "phone",
    "dial",
    "helpline",
    "help desk",
    "helpdesk",
    "toll free",
    "toll-free",
    "contact",
    "hotline",
    "support",
    "anruf",
    "rufen",
    "telefon",
    "appel",
    "telephone",
    "llam",
    "telefono",
    "ligue",
    "ligar",
    "telefone",
    "chiam",
    "bel ",
    "bellen",
    "ring",
    "zadzwon",
    "soit",
    "zavolej",
    "звон",
    "позвон",
    "電話",
    "お電話",
    "致电",
    "致電",
    "电话",
    "전화",
    "whatsapp",
    "arayin",
    "hubungi",
];

/// Telephone numbers with a word that asks for a call nearby.
fn phones(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) =
        bytes.get(at..).and_then(|rest| rest.iter().position(u8::is_ascii_digit)).map(|p| p + at)
    {
        if out.len() >= NUMBERS_MAX {
            break;
        }
        let (end, digits, groups) = run(bytes, start);
        at = end.max(start + 1);
        if !(9..=15).contains(&digits) || !is_free(bytes, start, end) {
            continue;
        }
        let lead = start
            - bytes
                .get(start.saturating_sub(3)..start)
                .unwrap_or_default()
                .iter()
                .rev()
                .take_while(|b| matches!(b, b'+' | b'(' | b' '))
                .count();
        let opened = bytes.get(lead..start).unwrap_or_default().iter().any(|b| matches!(b, b'+' | b'('));
        if (opened || groups >= 3) && asks_to_call(text, start, end) {
            let number = text.get(lead..end).unwrap_or_default().trim().to_owned();
            if !out.contains(&number) {
                out.push(number);
            }
        }
    }
    out
}

/// The run of digits and separators at `start`: its end, its digits, its groups.
fn run(bytes: &[u8], start: usize) -> (usize, usize, usize) {
    let (mut end, mut digits, mut groups, mut gap) = (start, 0, 0, 2);
    for (index, byte) in bytes.iter().enumerate().skip(start).take(32) {
        match byte {
            b'0'..=b'9' => {
                groups += usize::from(gap > 0);
                (digits, gap, end) = (digits + 1, 0, index + 1);
            }
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' if gap < 2 => gap += 1,
            _ => break,
        }
    }
    (end, digits, groups)
}

/// Not part of a word, a date with a time, a URL or an amount.
fn is_free(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(b' ');
    let after = bytes.get(end).copied().unwrap_or(b' ');
    let run = bytes.get(start..end).unwrap_or_default();
    let slashes = run.iter().filter(|b| **b == b'/').count();
    !before.is_ascii_alphanumeric()
        && !matches!(before, b'/' | b'=' | b'#' | b'_' | b'$' | b'&' | b'-' | b'.')
        && !after.is_ascii_alphanumeric()
        && !matches!(after, b'@' | b'_' | b'/' | b':' | b'=' | b'%')
        && slashes == 0
}

fn asks_to_call(text: &str, start: usize, end: usize) -> bool {
    let (mut from, mut to) = (start.saturating_sub(90), (end + 50).min(text.len()));
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    while !text.is_char_boundary(to) {
        to += 1;
    }
    let near = fold::fold(text.get(from..to).unwrap_or_default()).text;
    CALLS.iter().any(|word| near.contains(word))
}

/// Wallets and IBANs among the words.
fn tokens(content: &mut Content, text: &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        if length == 0 {
            at += 1;
            continue;
        }
        let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(b' ');
        let after = bytes.get(at + length).copied().unwrap_or(b' ');
        let alone = !matches!(before, b'/' | b'=' | b'-' | b'_' | b'%' | b'&' | b'@' | b'.' | b'+' | 0x80..)
            && !matches!(after, b'=' | b'/' | b'-' | b'_' | b'@' | b'+' | 0x80..);
        if alone {
            let word = text.get(at..at + length).unwrap_or_default();
            if length >= 26 && content.wallets.len() < NUMBERS_MAX && is_wallet(word) {
                push(&mut content.wallets, word.to_owned());
            } else if length >= 4
                && content.bank_accounts.len() < NUMBERS_MAX
                && let Some(iban) = iban(rest)
            {
                push(&mut content.bank_accounts, iban);
            }
        }
        at += length;
    }
}

fn push(list: &mut Vec<String>, value: String) {
    if !list.contains(&value) {
        list.push(value);
    }
}

/// A cryptocurrency address by its form.
fn is_wallet(word: &str) -> bool {
    let base58 =
        |w: &str| w.bytes().all(|b| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l'));
    let mixed = |w: &str| {
        let has = |f: fn(&u8) -> bool| w.bytes().filter(f).count() >= 3;
        has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
    };
    let length = word.len();
    let lower = || {
        word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            || word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    match word.as_bytes() {
        [b'b' | b'B', b'c' | b'C', b'1', ..] => (length == 42 || length == 62) && lower(),
        [b'l', b't', b'c', b'1', ..] => (43..=63).contains(&length) && lower(),
        [b'0', b'x', hex @ ..] => length == 42 && hex.iter().all(u8::is_ascii_hexdigit),
        [b'1' | b'3', ..] => (26..=35).contains(&length) && base58(word) && mixed(word),
        [b'T', ..] => length == 34 && base58(word) && mixed(word),
        [b'L' | b'M', ..] => (33..=34).contains(&length) && base58(word) && mixed(word),
        [b'4' | b'8', ..] => length == 95 && base58(word) && mixed(word),
        _ => false,
    }
}

/// Length of an IBAN by country.
fn iban_length(country: &[u8]) -> Option<usize> {
    Some(match country {
        b"NO" => 15,
        b"BE" => 16,
        b"DK" | b"FI" | b"NL" | b"FO" | b"GL" => 18,
        b"MK" | b"SI" => 19,
        b"AT" | b"BA" | b"EE" | b"KZ" | b"LT" | b"LU" | b"XK" => 20,
        b"CH" | b"HR" | b"LI" | b"LV" => 21,
        b"BG" | b"BH" | b"DE" | b"GB" | b"GE" | b"IE" | b"ME" | b"RS" => 22,
        b"AE" | b"GI" | b"IL" => 23,
        b"AD" | b"CZ" | b"ES" | b"MD" | b"PK" | b"RO" | b"SA" | b"SE" | b"SK" | b"TN" => 24,
        b"PT" => 25,
        b"IS" | b"TR" => 26,
        b"FR" | b"GR" | b"IT" | b"MC" | b"SM" => 27,
        b"AL" | b"AZ" | b"CY" | b"DO" | b"GT" | b"HU" | b"LB" | b"PL" => 28,
        b"BR" | b"PS" | b"QA" | b"UA" => 29,
        b"JO" | b"KW" | b"MU" => 30,
        b"MT" | b"SC" => 31,
        _ => return None,
    })
}

/// The IBAN at the start of the bytes, written together or in groups; its checksum must hold.
fn iban(rest: &[u8]) -> Option<String> {
    let length = iban_length(rest.get(..2)?)?;
    if !rest.get(2..4)?.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut digits = String::with_capacity(length);
    for byte in rest.iter().take(length + 10) {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' => digits.push(char::from(*byte)),
            b' ' | b'-' => {}
            _ => break,
        }
        if digits.len() == length {
            break;
        }
    }
    if digits.len() != length {
        return None;
    }
    let turned = digits.bytes().skip(4).chain(digits.bytes().take(4));
    let rest = turned.fold(0u32, |sum, b| match b {
        b'0'..=b'9' => (sum * 10 + u32::from(b - b'0')) % 97,
        _ => (sum * 100 + u32::from(b - b'A') + 10) % 97,
    });
    (rest == 1).then_some(digits)
}

/// Money amounts: a currency sign or code beside digits.
fn amounts(folded: &str) -> i64 {
    const CODES: &[&str] =
        &["usd", "eur", "euro", "euros", "gbp", "jpy", "dollars", "reais", "円", "zl", "kr", "chf", "元"];
    let mut count = 0;
    let mut previous = ' ';
    for (at, byte) in folded.bytes().enumerate() {
        let c = match byte {
            0x80..=0xbf => continue,
            0xc0.. => folded.get(at..).and_then(|t| t.chars().next()).unwrap_or(' '),
            ascii => char::from(ascii),
        };
        let sign = matches!(c, '$' | '€' | '£' | '¥' | '₹' | '₽' | '₺' | '₩' | '￥');
        if sign {
            let next = folded.get(at + c.len_utf8()..).and_then(|t| t.trim_start().chars().next());
            count += i64::from(previous.is_ascii_digit() || next.is_some_and(|n| n.is_ascii_digit()));
        } else if previous.is_ascii_digit() && c.is_alphabetic() {
            let rest = folded.get(at..).unwrap_or_default().trim_start();
            let code = CODES.iter().find(|code| rest.starts_with(**code));
            count += i64::from(code.is_some_and(|code| {
                !rest
                    .get(code.len()..)
                    .and_then(|t| t.chars().next())
                    .is_some_and(|n| n.is_ascii_alphanumeric())
            }));
        }
        if c != ' ' {
            previous = c;
        }
    }
    count
}

/// Words for a password; folded.
const PASSWORDS: &[&str] = &[
    "password",
    "passwort",
    "kennwort",
    "passcode",
    "mot de passe",
    "contrasena",
    "clave",
    "senha",
    "parola",
    "wachtwoord",
    "losenord",
    "adgangskode",
    "passord",
    "haslo",
    "heslo",
    "salasana",
    "пароль",
    "パスワード",
    "密码",
    "密碼",
    "비밀번호",
    "sifre",
    "jelszo",
    "pass",
    "pwd",
    "access code",
    "codigo de acesso",
    "解压码",
    "解凍キー",
];
/// Words for what it opens; folded.
const OPENED: &[&str] = &[
    "zip",
    "rar",
    "7z",
    "archive",
    "attach",
    "document",
    "file",
    "anhang",
    "anlage",
    "datei",
    "dokument",
    "piece jointe",
    "fichier",
    "archivo",
    "adjunt",
    "anexo",
    "arquivo",
    "allegat",
    "bijlage",
    "bestand",
    "bilaga",
    "bifogad",
    "vedhaeft",
    "vedlegg",
    "zalacznik",
    "plik",
    "priloha",
    "soubor",
    "liite",
    "вложен",
    "архив",
    "файл",
    "添付",
    "ファイル",
    "資料",
    "附件",
    "文件",
    "解压",
    "첨부",
    "파일",
    "ek dosya",
    "dosya",
    "pdf",
    "iso",
    "unpack",
    "extract",
];
/// Places of one such word that are looked at.
const OCCURRENCES_MAX: u8 = 6;
/// Bytes around a password in which what it opens is looked for.
const NEAR: usize = 220;

/// The text gives a password, and something that it opens is named nearby.
fn archive_password(folded: &str) -> bool {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(PASSWORDS).ok());
    let Some(words) = WORDS.as_ref() else { return false };
    let mut looked = [0u8; PASSWORDS.len()];
    words.find_overlapping_iter(folded).any(|found| {
        let Some(count) = looked.get_mut(found.pattern().as_usize()) else { return false };
        *count = count.saturating_add(1);
        *count <= OCCURRENCES_MAX
            && gives_value(folded.get(found.end()..).unwrap_or_default())
            && opens_something(folded, found.start())
    })
}

/// `: 1234`, `is 1234`, `は「1234」`: a value that looks chosen follows.
fn gives_value(after: &str) -> bool {
    const LINKS: &[&str] =
        &[":", "=", "：", "is", "ist", "est", "es", "e", "jest", "är", "er", "は", "是", "为", "為", "-"];
    let after = after.trim_start();
    // `password for the file: 1234`.
    let late = || {
        let colon = after
            .char_indices()
            .take(40)
            .take_while(|(_, c)| !matches!(c, '.' | ',' | ';' | '?'))
            .find(|(_, c)| matches!(c, ':' | '：'))?;
        after.get(colon.0..)
    };
    let direct = LINKS.iter().find_map(|link| after.strip_prefix(link));
    let Some(rest) = direct.or_else(late) else { return false };
    let rest = rest.trim_start_matches([' ', ':', '：', '"', '\'', '「', '【', '*', '=']);
    let value = rest
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '」' | '】' | '*' | ','))
        .next()
        .unwrap_or_default();
    let value = value.trim_end_matches(['.', '\'', '。']);
    (3..=24).contains(&value.len())
        && value.bytes().any(|b| b.is_ascii_digit())
        && value.is_ascii()
        && !value.contains("://")
}

/// Lines that are looked at for a password without digits, and the bytes that such a line has at most.
const PASSWORD_LINES_MAX: usize = 400;
const PASSWORD_LINE_BYTES: usize = 160;

/// A line ends in `password: infected`: one word alone behind the colon. Without digits only its place shows that it is
/// a value, so the line's end is asked for, and what it opens within three lines.
fn password_line(newest: &str) -> bool {
    let lines: Vec<&str> =
        newest.lines().filter(|line| !line.trim().is_empty()).take(PASSWORD_LINES_MAX).collect();
    lines.iter().enumerate().any(|(at, line)| {
        if line.len() > PASSWORD_LINE_BYTES || !line.contains([':', '：', '=']) {
            return false;
        }
        let Some((head, value)) = line.trim().rsplit_once([':', '：', '=']) else { return false };
        if !is_bare_value(value) {
            return false;
        }
        let head = super::fold::fold(head).text;
        let head = head.trim_end();
        PASSWORDS.iter().any(|word| {
            head.strip_suffix(word).is_some_and(|rest| !rest.ends_with(|c: char| c.is_ascii_alphanumeric()))
        }) && {
            let near = lines.get(at.saturating_sub(3)..(at + 4).min(lines.len())).unwrap_or_default();
            let near = super::fold::fold(&near.join(" ")).text;
            OPENED.iter().any(|word| near.contains(word))
        }
    })
}

/// One word that may be a password, and none of those that forms write there.
fn is_bare_value(value: &str) -> bool {
    const NONE: &[&str] = &[
        "required",
        "optional",
        "none",
        "reset",
        "below",
        "here",
        "hidden",
        "forgotten",
        "forgot",
        "expired",
        "changed",
        "unchanged",
        "yes",
        "no",
        "null",
        "secret",
        "encrypted",
        "protected",
        "password",
        "n/a",
    ];
    let value = value.trim().trim_matches(['"', '\'', '「', '」', '【', '】', '*', '.', '。', '“', '”']);
    (4..=24).contains(&value.len())
        && value.is_ascii()
        && value.bytes().all(|b| b.is_ascii_graphic())
        && value.bytes().filter(u8::is_ascii_alphanumeric).count() * 2 > value.len()
        && !value.contains("//")
        && !NONE.iter().any(|none| value.eq_ignore_ascii_case(none))
}

fn opens_something(folded: &str, at: usize) -> bool {
    let (mut from, mut to) = (at.saturating_sub(NEAR), (at + NEAR).min(folded.len()));
    while !folded.is_char_boundary(from) {
        from -= 1;
    }
    while !folded.is_char_boundary(to) {
        to += 1;
    }
    let near = folded.get(from..to).unwrap_or_default();
    OPENED.iter().any(|word| near.contains(word))
}
