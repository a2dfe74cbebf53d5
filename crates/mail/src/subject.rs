//! The subject without its reply and forward prefixes.

use serde::{Deserialize, Serialize};

use crate::limits;

/// A decoded subject.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Subject {
    /// As decoded; `None` when there is no Subject field, `Some("")` when it is empty.
    pub subject: Option<String>,
    /// Without prefixes and leading `[tags]`.
    pub base: Option<String>,
    /// A reply prefix stands in it (`RE:`, `AW:`, `SV:`, `回复:`, …).
    pub is_reply: bool,
    /// A forward prefix stands in it.
    pub is_forward: bool,
    /// An automatic reply's prefix stands in it.
    pub is_auto_reply: bool,
    /// Leading `[tags]`.
    pub tags: Vec<String>,
}

/// What a prefix says.
#[derive(Clone, Copy, PartialEq)]
enum Prefix {
    Reply,
    Forward,
    /// `VS:` is a reply in Finnish and a forward in Danish and Norwegian.
    Either,
    Auto,
}

/// Lower-case words that stand before a colon, whatever the case they were written in.
const PREFIXES: &[(&str, Prefix)] = &[
    ("re", Prefix::Reply),
    ("aw", Prefix::Reply),
    ("antw", Prefix::Reply),
    ("antwort", Prefix::Reply),
    ("antwoord", Prefix::Reply),
    ("sv", Prefix::Reply),
    ("svar", Prefix::Reply),
    ("vs", Prefix::Either),
    ("res", Prefix::Reply),
    ("resp", Prefix::Reply),
    ("rif", Prefix::Reply),
    ("odp", Prefix::Reply),
    ("ynt", Prefix::Reply),
    ("cevap", Prefix::Reply),
    ("vá", Prefix::Reply),
    ("atb", Prefix::Reply),
    ("ats", Prefix::Reply),
    ("hl", Prefix::Reply),
    ("bls", Prefix::Reply),
    ("réf", Prefix::Reply),
    ("ref", Prefix::Reply),
    ("rép", Prefix::Reply),
    ("απ", Prefix::Reply),
    ("σχετ", Prefix::Reply),
    ("ответ", Prefix::Reply),
    ("отв", Prefix::Reply),
    ("на", Prefix::Reply),
    ("відп", Prefix::Reply),
    ("回复", Prefix::Reply),
    ("答复", Prefix::Reply),
    ("回覆", Prefix::Reply),
    ("答覆", Prefix::Reply),
    ("回信", Prefix::Reply),
    ("返信", Prefix::Reply),
    ("답장", Prefix::Reply),
    ("회신", Prefix::Reply),
    ("trả lời", Prefix::Reply),
    ("ตอบ", Prefix::Reply),
    ("رد", Prefix::Reply),
    ("תגובה", Prefix::Reply),
    ("השב", Prefix::Reply),
    ("fw", Prefix::Forward),
    ("fwd", Prefix::Forward),
    ("wg", Prefix::Forward),
    ("wtr", Prefix::Forward),
    ("tr", Prefix::Forward),
    ("rv", Prefix::Forward),
    ("renv", Prefix::Forward),
    ("enc", Prefix::Forward),
    ("pd", Prefix::Forward),
    ("vb", Prefix::Forward),
    ("vl", Prefix::Forward),
    ("vidarebefordrat", Prefix::Forward),
    ("doorst", Prefix::Forward),
    ("inoltro", Prefix::Forward),
    ("továbbítás", Prefix::Forward),
    ("prz", Prefix::Forward),
    ("přeposláno", Prefix::Forward),
    ("ilt", Prefix::Forward),
    ("i̇lt", Prefix::Forward),
    ("İlt", Prefix::Forward),
    ("πρθ", Prefix::Forward),
    ("προωθ", Prefix::Forward),
    ("пересл", Prefix::Forward),
    ("转发", Prefix::Forward),
    ("轉寄", Prefix::Forward),
    ("轉發", Prefix::Forward),
    ("転送", Prefix::Forward),
    ("전달", Prefix::Forward),
    ("chuyển tiếp", Prefix::Forward),
    ("ส่งต่อ", Prefix::Forward),
    ("إعادة توجيه", Prefix::Forward),
    ("הועבר", Prefix::Forward),
    ("automatic reply", Prefix::Auto),
    ("auto reply", Prefix::Auto),
    ("auto-reply", Prefix::Auto),
    ("autoreply", Prefix::Auto),
    ("auto response", Prefix::Auto),
    ("autoresponse", Prefix::Auto),
    ("auto", Prefix::Auto),
    ("out of office", Prefix::Auto),
    ("out of the office", Prefix::Auto),
    ("out of office autoreply", Prefix::Auto),
    ("out of office reply", Prefix::Auto),
    ("abwesenheitsnotiz", Prefix::Auto),
    ("abwesend", Prefix::Auto),
    ("automatische antwort", Prefix::Auto),
    ("automatisch antwoord", Prefix::Auto),
    ("automatisch beantwoorden", Prefix::Auto),
    ("réponse automatique", Prefix::Auto),
    ("reponse automatique", Prefix::Auto),
    ("respuesta automática", Prefix::Auto),
    ("respuesta automatica", Prefix::Auto),
    ("resposta automática", Prefix::Auto),
    ("resposta automatica", Prefix::Auto),
    ("risposta automatica", Prefix::Auto),
    ("autosvar", Prefix::Auto),
    ("automatiskt svar", Prefix::Auto),
    ("automatisk svar", Prefix::Auto),
    ("automaattinen vastaus", Prefix::Auto),
    ("autom. odpowiedź", Prefix::Auto),
    ("automatyczna odpowiedź", Prefix::Auto),
    ("odpowiedź automatyczna", Prefix::Auto),
    ("automatická odpověď", Prefix::Auto),
    ("otomatik yanıt", Prefix::Auto),
    ("автоответ", Prefix::Auto),
    ("автоматический ответ", Prefix::Auto),
    ("自動応答", Prefix::Auto),
    ("自動返信", Prefix::Auto),
    ("不在通知", Prefix::Auto),
    ("自动答复", Prefix::Auto),
    ("自动回复", Prefix::Auto),
    ("自動回覆", Prefix::Auto),
    ("자동 회신", Prefix::Auto),
];

/// Single letters count only as Italian programs write them: one capital.
const CAPITALS: &[(&str, Prefix)] = &[("R", Prefix::Reply), ("I", Prefix::Forward)];

/// Takes a decoded subject apart; `None` when there is no Subject field.
pub fn parse(subject: Option<&str>) -> Subject {
    let Some(text) = subject else { return Subject::default() };
    let mut out = Subject { subject: Some(text.to_owned()), ..Subject::default() };
    let mut rest = text.trim();
    for _ in 0..limits::SUBJECT_PREFIXES_MAX {
        if let Some((tag, after)) = tag(rest) {
            out.tags.push(tag.to_owned());
            rest = after;
        } else if let Some((prefix, after)) = prefix(rest) {
            out.is_reply |= matches!(prefix, Prefix::Reply | Prefix::Either);
            out.is_forward |= matches!(prefix, Prefix::Forward | Prefix::Either);
            out.is_auto_reply |= prefix == Prefix::Auto;
            rest = after;
        } else {
            break;
        }
    }
    out.base = Some(rest.to_owned());
    out
}

/// A leading `[tag]`; a pair of brackets around the whole subject is text.
fn tag(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let head = inner.char_indices().take(64).find(|(_, c)| *c == ']' || *c == '[')?;
    let (tag, rest) = inner.split_at_checked(head.0)?;
    let rest = rest.strip_prefix(']')?.trim_start();
    (!tag.trim().is_empty() && !rest.is_empty()).then(|| (tag.trim(), rest))
}

/// A leading prefix with its colon, counters between them (`Re[2]:`, `Re (3):`, `Re^2:`) passed over.
fn prefix(text: &str) -> Option<(Prefix, &str)> {
    let (at, colon) = text.char_indices().take(40).find(|(_, c)| matches!(c, ':' | '：' | '︰'))?;
    let word = text.get(..at)?.trim_end();
    let word = counter(word).trim_end();
    let rest = text.get(at + colon.len_utf8()..)?.trim_start();
    let lower = word.to_lowercase();
    let found = CAPITALS
        .iter()
        .find(|(name, _)| *name == word)
        .or_else(|| PREFIXES.iter().find(|(name, _)| *name == lower))?;
    Some((found.1, rest))
}

fn counter(word: &str) -> &str {
    let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    for (open, close) in [("[", "]"), ("(", ")"), ("^", ""), ("*", ""), ("_", "")] {
        if let Some((head, number)) = word.strip_suffix(close).and_then(|w| w.rsplit_once(open))
            && is_number(number)
        {
            return head;
        }
    }
    // `Re2:`, but not a word that only ends in digits: the head must be short.
    let head = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if head.len() <= 3 { head } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(subject: &str, base: &str, flags: &str, tags: &[&str]) {
        let s = parse(Some(subject));
        let got: String = [(s.is_reply, 'r'), (s.is_forward, 'f'), (s.is_auto_reply, 'a')]
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, c)| *c)
            .collect();
        assert_eq!((s.base.as_deref(), got.as_str()), (Some(base), flags), "{subject}");
        assert_eq!(s.tags, tags, "{subject}");
    }

    #[test]
    fn prefixes_of_many_languages() {
        for word in [
            "Re", "RE", "AW", "Antw", "SV", "RES", "Rif", "ODP", "YNT", "ΑΠ", "回复", "答复", "回覆", "返信",
            "R",
        ] {
            check(&format!("{word}: lunch"), "lunch", "r", &[]);
        }
        for word in ["FW", "Fwd", "WG", "TR", "RV", "ENC", "PD", "转发", "轉寄", "転送", "I"] {
            check(&format!("{word}: lunch"), "lunch", "f", &[]);
        }
        for word in [
            "Automatic reply",
            "Abwesenheitsnotiz",
            "自動応答",
            "Réponse automatique",
            "Respuesta automática",
        ] {
            check(&format!("{word}: lunch"), "lunch", "a", &[]);
        }
        check("VS: lounas", "lounas", "rf", &[]);
    }

    #[test]
    fn prefixes_stack() {
        check("Re: Fwd: [EXT] Re[2]: AW：lunch", "lunch", "rf", &["EXT"]);
        check("[list] [x] Re: lunch", "lunch", "r", &["list", "x"]);
        check("Re:Re:Re: ", "", "r", &[]);
        check("RE (3): a", "a", "r", &[]);
        check("Re^2: a", "a", "r", &[]);
        check("Re : a", "a", "r", &[]);
    }

    #[test]
    fn ordinary_words_are_no_prefix() {
        for text in
            ["Reminder: lunch", "i: think", "r: x", "Report 2: x", "[whole]", "Re lunch", "12:30 lunch", ""]
        {
            check(text, text, "", &[]);
        }
        assert_eq!(parse(None), Subject::default());
        assert_eq!(parse(Some("")).subject.as_deref(), Some(""));
    }
}
