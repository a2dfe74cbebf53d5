//! Whether a reply has anything to say: words that are left when greetings, names, thanks and the handing over of
//! something are taken away. `Please find the documents you asked for here` fits every thread; `the drawings of bay 4`
//! fits one.

use std::{cell::OnceCell, sync::LazyLock};

use rustc_hash::FxHashSet;
use sekisho_mail::Mailbox;
use sekisho_record::Evidence;

use super::shingles;
use crate::limits;

/// Letters of a Latin word from which on it can be the name of a matter: `PO`, `BOM`.
const LETTERS_MIN: usize = 2;

/// Stems of words that say nothing of the matter.
static HANDOVER: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    let lines = include_str!("../../data/handover.txt").lines().filter(|line| !line.starts_with('#'));
    let words = lines.flat_map(str::split_whitespace);
    words.flat_map(|word| shingles::stems(word, 1, usize::MAX)).collect()
});

/// The word says nothing of the matter.
pub(super) fn is_handover(stem: &str) -> bool {
    HANDOVER.contains(stem)
}

/// A message that claims to be a reply, and what is worked out about it once.
pub(super) struct Reply<'a> {
    evidence: &'a Evidence,
    /// Its own text without closing and names.
    body: String,
    names: OnceCell<FxHashSet<String>>,
}

impl<'a> Reply<'a> {
    /// Of a message and its own text without signature.
    pub(super) fn new(evidence: &'a Evidence, own: &str) -> Self {
        Self { evidence, body: body(own), names: OnceCell::new() }
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    /// Stems of the names and addresses of author and recipients.
    pub(super) fn names(&self) -> &FxHashSet<String> {
        self.names.get_or_init(|| names(self.evidence))
    }

    /// Different words of its own text that say what it is about.
    pub(super) fn own_matter(&self) -> Option<u64> {
        let own = shingles::stems(&self.body, LETTERS_MIN, limits::HISTORY_WORDS_MAX * 4);
        let own = own.iter().filter(|stem| !stem.chars().any(char::is_numeric) && !is_handover(stem));
        u64::try_from(own.filter(|stem| !self.names().contains(*stem)).count()).ok()
    }
}

/// How a letter closes; what stands below is who wrote it. No thanks: people thank in the middle, too.
const CLOSINGS: &[&str] = &[
    "regards",
    "best regards",
    "kind regards",
    "sincerely",
    "yours",
    "mit freundlichen grüßen",
    "viele grüße",
    "beste grüße",
    "grüße",
    "gruß",
    "cordialement",
    "bien à vous",
    "saludos",
    "un saludo",
    "atentamente",
    "cumprimentos",
    "atenciosamente",
    "cordiali saluti",
    "saluti",
    "groeten",
    "met vriendelijke groet",
    "vänliga hälsningar",
    "med vänlig hälsning",
    "med vänliga hälsningar",
    "hälsningar",
    "mvh",
    "venlig hilsen",
    "med venlig hilsen",
    "vennlig hilsen",
    "hilsen",
    "pozdrawiam",
    "z poważaniem",
    "よろしくお願い",
    "宜しくお願い",
    "何卒よろしく",
    "以上、よろしく",
    "以上、宜しく",
    "敬具",
    "此致",
    "祝好",
];
/// Characters of a line that can be a closing.
const CLOSING_CHARS_MAX: usize = 32;
/// What stands behind a Japanese name.
const HONORIFICS: &[&str] = &["さん", "様", "さま", "殿", "先生"];

/// The text without what stands below the closing, and without lines that only name somebody in Japanese: `新井様`,
/// `お世話になっております。星野商事の川村です。`.
fn body(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    // `お世話になっております。星野商事の川村です。`: who writes stands right behind the greeting.
    let mut greeted = false;
    for (at, line) in text.lines().enumerate() {
        // `星野 直樹` at the end is a signature.
        if at > 0 && std::ptr::eq(line, last) && is_name(&line.trim().replace([' ', '\u{3000}'], "")) {
            break;
        }
        let line = line.trim();
        let low = line.trim_end_matches(['.', ',', '!', '、', '。']).to_lowercase();
        let short = low.chars().count() <= CLOSING_CHARS_MAX;
        let closes = |closing: &str| low == closing || !closing.is_ascii() && low.starts_with(closing);
        if at > 0 && short && CLOSINGS.iter().any(|closing| closes(closing)) {
            break;
        }
        for sentence in line.split_inclusive('。').filter(|sentence| !sentence.trim().is_empty()) {
            if !(addresses(sentence) || greeted && introduces(sentence)) {
                out.push_str(sentence);
            }
            greeted = sentence.contains("疲れ") || sentence.contains("世話");
        }
        out.push('\n');
    }
    out
}

/// One to four kanji: as long as a Japanese name is.
fn is_name(name: &str) -> bool {
    let han = name.chars().all(|c| crate::fold::is_cjk(c) && !('\u{3040}'..='\u{30ff}').contains(&c));
    han && (1..=4).contains(&name.chars().count())
}

/// `田中様`
fn addresses(sentence: &str) -> bool {
    let sentence = sentence.trim().trim_end_matches('。');
    HONORIFICS.iter().any(|h| sentence.strip_suffix(h).is_some_and(is_name))
}

/// `小野です。`, `Ferrostahlの松井です。`; behind anything but a greeting, `クレーンの図面です。` is built alike.
fn introduces(sentence: &str) -> bool {
    let sentence = sentence.trim().trim_end_matches('。');
    let named = sentence.strip_suffix("です").or_else(|| sentence.strip_suffix("でございます"));
    named.is_some_and(|named| is_name(named.rsplit_once('の').map_or(named, |(_, name)| name)))
}

fn names(evidence: &Evidence) -> FxHashSet<String> {
    let recipients = &evidence.model.recipients;
    let named = recipients.to.iter().chain(&recipients.cc).take(limits::HISTORY_RECIPIENTS_MAX);
    let of = |mailbox: &Mailbox| {
        let name = mailbox.display_name.as_deref().unwrap_or_default();
        format!("{name} {}", mailbox.email.email.replace(['@', '.', '_', '-'], " "))
    };
    let sender = &evidence.model.sender;
    let author = sender.email.as_ref().map(|e| e.email.replace(['@', '.', '_', '-'], " "));
    let author =
        format!("{} {}", sender.display_name.as_deref().unwrap_or_default(), author.unwrap_or_default());
    let all = named.map(of).chain([author]);
    all.flat_map(|text| shingles::stems(&text, LETTERS_MIN, usize::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use sekisho_record::Submission;

    use crate::{Answers, Context, Knowledge, observe};

    fn check(text: &str) -> Option<u64> {
        let raw = format!(
            "From: Marta Lindqvist <marta@x.example>\r\nTo: Jonas Berg <jonas.berg@y.example>\r\n\
             Subject: Re: berth 4\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\r\nMarta\r\n"
        );
        let message = sekisho_mail::parse(raw.as_bytes());
        let submission = Submission::from_bytes(raw.as_bytes());
        let evidence =
            observe(message, &submission, &Answers::default(), &Context::default(), Knowledge::builtin());
        assert!(crate::history::words::claims_reply(&evidence));
        super::Reply::new(&evidence, super::shingles::own(&evidence).0).own_matter()
    }

    #[test]
    fn handing_over_says_nothing() {
        for text in [
            "Hello Jonas,\r\n\r\nplease find the documents you asked for here: https://x.test/a/1234567",
            "Hi Jonas,\r\n\r\nthe attached archive holds the invoice copies. Password: 7029",
            "Hej Jonas,\r\n\r\nhär är dokumentet du bad om.",
            "Anbei die besprochenen Unterlagen.",
            "Voici les documents demandés.",
            "Adjunto el documento. Contraseña: 70655",
            "In allegato il documento.",
            "お世話になっております。添付資料をご確認ください。",
            "村田さん\r\n\r\nお疲れ様です。田中です。\r\n\r\n前回は別の版をお送りしてしまいました。\r\n\r\n以上、よろしくお願いします。\r\n営業部",
            "Hello Jonas,\r\n\r\nplease see the attached file.\r\n\r\nBest regards\r\nLukas Amsel\r\nQuality, Ferrostahl",
        ] {
            assert_eq!(check(text), Some(0), "{text}");
        }
    }

    #[test]
    fn a_matter_has_a_name() {
        for text in [
            "Hello Jonas,\r\n\r\nthe drawings of the crane are here: https://x.test/a/1234567",
            "Coverage report attached.",
            "Hej Jonas, kranritningarna kommer i morgon.",
            "Restaurant for Thursday: https://x.test/a",
            "クレーンの図面を送ります。",
            "お世話になっております。川村です。\r\nクレーンの図面です。",
            "Hi Jonas,\r\n\r\nThanks!\r\n\r\nThe drawings of the crane are here: https://x.test/a/1234567",
        ] {
            assert!(check(text) > Some(0), "{text}");
        }
    }
}
