//! Passwords that a message or a file gives in words, in the languages that such mail is written in.
//!
//! Sure ones stand beside a word for password; guesses are tokens that stand alone, in the subject or in a file's
//! name. Only this message's own files are tried with them.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::{
    Candidate, Origin, Secret,
    limits::PASSWORDS_MAX,
    scan::{Text, TextKind},
};

/// Characters between the word and the password at most.
const REACH: usize = 40;
/// Characters of a password at most.
const TOKEN_MAX: usize = 32;
/// Tokens after a word that are tried.
const TOKENS_AFTER: usize = 6;
/// Bytes of one text that are looked at.
pub(super) const BYTES_MAX: usize = 256 << 10;

/// Words for password, lower case.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "pw",
    "pass",
    "pin",
    "code",
    "key",
    "passwort",
    "kennwort",
    "mot de passe",
    "mdp",
    "contraseña",
    "contrasena",
    "clave",
    "senha",
    "palavra-passe",
    "palavra passe",
    "parola",
    "wachtwoord",
    "hasło",
    "haslo",
    "heslo",
    "jelszó",
    "jelszo",
    "lösenord",
    "losenord",
    "adgangskode",
    "kodeord",
    "passord",
    "salasana",
    "parolă",
    "şifre",
    "sifre",
    "пароль",
    "парола",
    "пароля",
    "κωδικός",
    "κωδικος",
    "סיסמה",
    "كلمة المرور",
    "كلمة السر",
    "パスワード",
    "ﾊﾟｽﾜｰﾄﾞ",
    "解凍キー",
    "密码",
    "密碼",
    "口令",
    "비밀번호",
    "암호",
    "mật khẩu",
    "รหัสผ่าน",
    "лозинка",
    "geslo",
    "lozinka",
    "slaptažodis",
    "parool",
    "пароль:",
];

/// Words that are too common to count without a sign such as `:` right behind them.
const COMMON: [&str; 5] = ["pass", "pin", "code", "key", "clave"];

/// Words for *is*.
const COPULAS: [&str; 24] = [
    "is",
    "are",
    "ist",
    "lautet",
    "est",
    "es",
    "è",
    "é",
    "e",
    "är",
    "er",
    "jest",
    "je",
    "on",
    "este",
    "to",
    "это",
    "είναι",
    "は",
    "是",
    "为",
    "為",
    "는",
    "은",
];

/// What a file's texts give.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Beside a word for password.
    pub(crate) sure: Vec<Candidate>,
    /// Tokens that could be one.
    pub(crate) guesses: Vec<Candidate>,
    /// There are more than were kept.
    pub(crate) more: bool,
}

/// Passwords of a file's shown texts; a text whose place is `subject` counts as such.
pub(crate) fn all(texts: &[Text], origin: Origin) -> Found {
    let mut found = Found::default();
    for text in texts.iter().filter(|t| t.kind == TextKind::Shown) {
        let origin = if text.place.as_str() == "subject" { Origin::Subject } else { origin };
        found.add(&text.text, origin);
    }
    found
}

impl Found {
    fn add(&mut self, text: &str, origin: Origin) {
        let mut more = self.more;
        let mut note = |to: &mut Vec<Candidate>, password: String| {
            if to.iter().any(|c: &Candidate| c.password.reveal() == password) {
                return;
            }
            // One more than are tried: who tries them sees that there are.
            if to.len() <= PASSWORDS_MAX {
                to.push(Candidate { password: Secret::new(password), origin });
            }
            more |= to.len() > PASSWORDS_MAX;
        };
        beside_words(text).into_iter().for_each(|p| note(&mut self.sure, p));
        if origin != Origin::Sibling {
            alone(text, origin == Origin::Subject).into_iter().for_each(|p| note(&mut self.guesses, p));
        }
        self.more = more;
    }
}

/// See [`crate::hints::passwords`].
pub(crate) fn of_texts(texts: &[(Origin, &str)]) -> Vec<Candidate> {
    let mut found = Found::default();
    for (origin, text) in texts {
        found.add(text, *origin);
    }
    found.sure.extend(found.guesses);
    found.sure.truncate(PASSWORDS_MAX + 1);
    found.sure
}

/// Passwords that texts give so clearly that the giving is a finding: a sign between, and a token that is no word.
pub(crate) fn strong<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut out = Vec::new();
    for text in texts {
        for (token, clear) in near_words(text) {
            if clear && odd(&token) && !out.contains(&token) {
                out.push(token);
            }
        }
    }
    out.truncate(8);
    out
}

/// Tokens of a file name: `doc_pass_abc321.zip`.
pub(crate) fn of_name(name: &str) -> Vec<Candidate> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let tokens =
        stem.split(|c: char| !c.is_alphanumeric()).filter(|t| (3..=TOKEN_MAX).contains(&t.chars().count()));
    let candidates =
        tokens.filter(|t| odd(t)).map(|t| Candidate { password: Secret::new(t), origin: Origin::FileName });
    candidates.take(8).collect()
}

fn beside_words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut later = Vec::new();
    for (token, clear) in near_words(text) {
        let list = if clear { &mut out } else { &mut later };
        if !list.contains(&token) {
            list.push(token);
        }
    }
    later.retain(|t| !out.contains(t));
    out.extend(later);
    out
}

/// Tokens, each once for each way in which it stands.
#[derive(Default)]
struct Near(Vec<(String, bool)>);

impl Near {
    fn push(&mut self, token: &str, clear: bool) {
        if !self.0.iter().any(|(known, how)| known == token && *how == clear) {
            self.0.push((token.to_owned(), clear));
        }
    }
}

/// Tokens near each word for password, and whether a sign or *is* stands between.
fn near_words(text: &str) -> Vec<(String, bool)> {
    static FINDER: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(WORDS).ok());
    let mut end = text.len().min(BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    let lower = lower(text);
    let mut out = Near::default();
    let Some(finder) = FINDER.as_ref() else { return out.0 };
    for found in finder.find_iter(&lower) {
        let (Some(word), Some(before), Some(after)) =
            (lower.get(found.range()), text.get(..found.start()), text.get(found.end()..))
        else {
            continue;
        };
        let latin = word.is_ascii() || word.chars().any(|c| ('a'..='ÿ').contains(&c));
        if latin && before.ends_with(char::is_alphanumeric) {
            continue;
        }
        // Each stands there twice at most.
        if out.0.len() > 2 * PASSWORDS_MAX {
            break;
        }
        after_word(after, COMMON.contains(&word), &mut out);
        before_word(before, &mut out);
    }
    out.0
}

/// Lower case with the same byte offsets: characters whose lower case is of another length stay.
fn lower(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(l), None) if l.len_utf8() == c.len_utf8() => l,
                _ => c,
            }
        })
        .collect()
}

/// `: abc321`, ` is abc321`, ` zum Öffnen des Archivs - abc321`.
fn after_word(after: &str, common: bool, out: &mut Near) {
    let after = after.trim_start_matches(char::is_alphabetic);
    let reach: String = after.chars().take(REACH + TOKEN_MAX).collect();
    if common && !reach.trim_start().starts_with([':', '=', '：', '-', '–']) {
        return;
    }
    let mut clear = false;
    let mut seen = 0;
    for piece in reach.split_inclusive(|c: char| c.is_whitespace() || is_sign(c)) {
        let sign = piece.chars().next_back().filter(|c| is_sign(*c));
        let token = clean(piece.trim_end_matches(|c: char| c.is_whitespace() || is_sign(c)));
        let copula = COPULAS.contains(&token.to_lowercase().as_str());
        if !token.is_empty() && !copula {
            seen += 1;
            if (clear || odd(token)) && token.chars().count() <= TOKEN_MAX && token.chars().count() >= 2 {
                out.push(token, clear);
                // As it stands, too: a full stop may belong to it.
                let raw = piece.trim();
                if raw != token && clear {
                    out.push(raw, false);
                }
                if clear {
                    return;
                }
            }
        }
        clear |= copula || sign.is_some();
        if seen >= TOKENS_AFTER {
            return;
        }
    }
}

/// `abc321 is the password`: only a token that is no word.
fn before_word(before: &str, out: &mut Near) {
    let mut left = REACH;
    for piece in before.rsplit(char::is_whitespace).take(4) {
        left = left.saturating_sub(piece.chars().count() + 1);
        let token = clean(piece);
        if left == 0 || piece.ends_with(['.', '!', '?']) {
            return;
        }
        if odd(token) && token.chars().count() <= 16 {
            out.push(token, false);
        }
    }
}

fn is_sign(c: char) -> bool {
    matches!(c, ':' | '=' | '–' | '—' | '>' | '：' | '＝' | '→' | '|') || c == '-'
}

/// Without quotes, brackets and closing points.
fn clean(token: &str) -> &str {
    token
        .trim_start_matches([
            '"', '\'', '(', '[', '{', '<', '«', '“', '”', '‘', '„', '「', '『', '（', '*', '_',
        ])
        .trim_end_matches([
            '"', '\'', ')', ']', '}', '>', '»', '“', '”', '’', '」', '』', '）', '.', ',', ';', ':', '。',
            '、', '*', '_',
        ])
}

/// Not a word: a digit, or capitals inside.
fn odd(token: &str) -> bool {
    let count = token.chars().count();
    let digit = token.chars().any(|c| c.is_ascii_digit());
    let inner_capital =
        token.chars().skip(1).any(char::is_uppercase) && token.chars().any(char::is_lowercase);
    (2..=TOKEN_MAX).contains(&count)
        && (digit || inner_capital)
        && !token.contains("://")
        && !token.contains('@')
}

/// Tokens that stand alone on a line, or any token of a subject.
fn alone(text: &str, anywhere: bool) -> Vec<String> {
    let fits = |t: &&str| (3..=16).contains(&t.chars().count()) && odd(t);
    if anywhere {
        return text.split_whitespace().map(clean).filter(fits).take(8).map(str::to_owned).collect();
    }
    let lines = text.lines().take(400).map(str::trim).filter(|l| !l.contains(char::is_whitespace));
    lines.map(clean).filter(fits).take(16).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        beside_words(text).join(" ")
    }

    #[test]
    fn in_many_languages() {
        for text in [
            "The file password is: abc321",
            "Attached is the invoice (pwd: abc321).",
            "Das Passwort lautet: abc321",
            "Kennwort zum Öffnen des Archivs - abc321",
            "Le mot de passe est : abc321",
            "A senha é: abc321",
            "La contraseña del archivo es abc321",
            "Password archivio: abc321",
            "Het wachtwoord is abc321",
            "Hasło do archiwum: abc321",
            "Heslo k archivu: abc321",
            "A jelszó: abc321",
            "Lösenordet är abc321",
            "Adgangskoden er abc321",
            "Parola arhivei: abc321",
            "Arşiv şifresi: abc321",
            "Пароль к архиву: abc321",
            "パスワード：abc321",
            "解压密码: abc321",
            "압축 비밀번호: abc321",
            "abc321 is the password",
        ] {
            assert!(check(text).split(' ').any(|t| t == "abc321"), "{text}: {}", check(text));
        }
        assert_eq!(check("password: infected"), "infected");
        assert_eq!(check("pw = U4613."), "U4613 U4613.");
    }

    #[test]
    fn words_are_no_passwords() {
        assert_eq!(check("Your password was changed yesterday by an administrator."), "");
        assert_eq!(check("The password will follow in another message"), "");
        assert_eq!(check("compass reading 2021"), "");
        assert_eq!(check("see the code in the annex 12"), "");
        assert!(strong(["The password is confidential"].into_iter()).is_empty());
    }

    #[test]
    fn of_names() {
        let tokens: Vec<String> =
            of_name("doc_pass_abc321.zip").into_iter().map(|c| c.password.reveal().to_owned()).collect();
        assert_eq!(tokens, ["abc321"]);
    }
}
