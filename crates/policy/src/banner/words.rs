//! What a banner says: risk, evidence, next step, in the reader's language.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use sekisho_record::{Level, Threat};
use unic_langid::LanguageIdentifier;

use super::{Advice, Banner};
use crate::limits::{BANNER_MARK_CHARS_MAX, BANNER_NAME_CHARS_MAX, BANNER_URL_BYTES_MAX};

/// The catalogues by tag; the first stands behind all others.
const CATALOGUES: [(&str, &str); 5] = [
    ("en", include_str!("../../locales/en.ftl")),
    ("ja", include_str!("../../locales/ja.ftl")),
    ("de", include_str!("../../locales/de.ftl")),
    ("fr", include_str!("../../locales/fr.ftl")),
    ("es", include_str!("../../locales/es.ftl")),
];

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<Vec<(&'static str, Bundle)>> =
    LazyLock::new(|| CATALOGUES.iter().map(|(tag, text)| (*tag, bundle(tag, text))).collect());

fn bundle(tag: &str, text: &str) -> Bundle {
    let id: LanguageIdentifier = tag.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    bundle.set_use_isolating(false);
    // A catalogue with a mistake still gives what parsed; the test below refuses mistakes.
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

/// One language's words.
#[derive(Clone, Copy)]
pub(super) struct Words {
    /// Its tag.
    pub(super) tag: &'static str,
    bundle: Option<&'static Bundle>,
}

impl Words {
    /// By a language tag (`ja`, `de-AT`); English for every other.
    pub(super) fn of(language: &str) -> Self {
        let wanted = language.get(..2).unwrap_or_default().to_ascii_lowercase();
        let found = BUNDLES.iter().find(|(tag, _)| *tag == wanted).or_else(|| BUNDLES.first());
        Self { tag: found.map_or("en", |(tag, _)| tag), bundle: found.map(|(_, bundle)| bundle) }
    }

    /// Those of all catalogues.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        BUNDLES.iter().map(|(tag, bundle)| Self { tag, bundle: Some(bundle) })
    }

    /// The text for a key; English, then the key itself, when it is not in the catalogue.
    pub(super) fn say(self, key: &str, arguments: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in arguments {
            args.set(*name, FluentValue::from(*value));
        }
        let english = BUNDLES.first().map(|(_, bundle)| bundle);
        for bundle in [self.bundle, english].into_iter().flatten() {
            if let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) {
                let mut errors = Vec::new();
                return bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
            }
        }
        key.to_owned()
    }
}

/// A banner in words.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) level: Level,
    /// Language tag.
    pub(super) tag: &'static str,
    /// The level's word.
    pub(super) head: String,
    /// Risk, evidence, next step.
    pub(super) sentences: Vec<String>,
    /// What is said of texts that imitate it.
    pub(super) imitation: String,
    /// Label and address.
    pub(super) links: Vec<(String, String)>,
    /// Letters and digits; never empty.
    pub(super) mark: String,
}

/// Puts a banner into words.
pub(super) fn said(banner: &Banner, words: Words) -> Said {
    let level = level_name(banner.level);
    let risk = format!("risk-{}", threat_name(banner.wording.risk));
    let mut sentences = vec![words.say(&risk, &[("level", level)])];
    sentences.extend(evidence(banner, words));
    sentences.push(words.say(&format!("next-{}", banner.wording.advice.name()), &[]));
    let links = [("link-report", &banner.report), ("link-details", &banner.details)];
    let links = links.into_iter().filter_map(|(key, to)| Some((words.say(key, &[]), link(to.as_deref()?)?)));
    Said {
        level: banner.level,
        tag: words.tag,
        head: words.say(&format!("level-{level}"), &[]),
        sentences,
        imitation: words.say("imitation", &[]),
        links: links.collect(),
        mark: mark(&banner.mark),
    }
}

fn evidence(banner: &Banner, words: Words) -> Option<String> {
    let wording = &banner.wording;
    let name = |name: &Option<String>| name.as_deref().map(plain).filter(|name| !name.is_empty());
    let given = [
        ("claims", name(&wording.claims)),
        ("really", name(&wording.really)),
        ("through", name(&wording.through)),
    ];
    let mut key = "evidence".to_owned();
    let mut arguments = Vec::new();
    for (part, name) in &given {
        if let Some(name) = name {
            key.push('-');
            key.push_str(part);
            arguments.push((*part, name.as_str()));
        }
    }
    (!arguments.is_empty()).then(|| words.say(&key, &arguments))
}

/// As the catalogues name it.
pub(super) fn level_name(level: Level) -> &'static str {
    match level {
        Level::Notice => "notice",
        Level::Warning => "warning",
        Level::Danger => "danger",
    }
}

fn threat_name(threat: Option<Threat>) -> &'static str {
    match threat {
        None => "unknown",
        Some(Threat::CredentialPhishing) => "credential_phishing",
        Some(Threat::Malware) => "malware",
        Some(Threat::Fraud) => "fraud",
        Some(Threat::CallbackPhishing) => "callback_phishing",
        Some(Threat::Extortion) => "extortion",
        Some(Threat::ThreadHijack) => "thread_hijack",
        Some(Threat::Scam) => "scam",
        Some(Threat::Spam) => "spam",
    }
}

impl Advice {
    fn name(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Click => "click",
            Self::Open => "open",
            Self::Pay => "pay",
            Self::Call => "call",
            Self::Ask => "ask",
            Self::Look => "look",
            Self::Nothing => "nothing",
        }
    }
}

/// A name that a stranger chose: one line of visible characters, cut; nothing in it can turn or hide what stands
/// around it. A name of letters that run from right to left is set apart (U+2068, U+2069).
fn plain(name: &str) -> String {
    let mut out = String::new();
    let mut blank = false;
    let mut turns = false;
    for c in name.chars().take(BANNER_NAME_CHARS_MAX * 8) {
        if c.is_whitespace() {
            blank = !out.is_empty();
            continue;
        }
        if c.is_control() || is_invisible(c) || matches!(c, '“' | '”' | '"' | '「' | '」' | '«' | '»' | '„')
        {
            continue;
        }
        if std::mem::take(&mut blank) {
            out.push(' ');
        }
        turns |= matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}');
        out.push(c);
        if out.chars().count() >= BANNER_NAME_CHARS_MAX {
            out.push('…');
            break;
        }
    }
    if turns { format!("\u{2068}{out}\u{2069}") } else { out }
}

/// Characters without ink: bidirectional controls, joiners, fillers, selectors, tags, private use.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}'
        | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

/// An address of ours, if it is one that a link may have: `https:`, `http:` or `mailto:`, ASCII without blanks.
fn link(to: &str) -> Option<String> {
    let to = to.trim();
    let scheme = to.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let fits = to.len() <= BANNER_URL_BYTES_MAX && to.bytes().all(|byte| byte.is_ascii_graphic());
    (fits && matches!(scheme.as_str(), "https" | "http" | "mailto")).then(|| to.to_owned())
}

/// A mark as banners carry it: letters and digits, never empty.
pub(super) fn mark(mark: &str) -> String {
    let clean = mark.chars().filter(char::is_ascii_alphanumeric);
    let clean: String = clean.take(BANNER_MARK_CHARS_MAX).collect();
    if clean.is_empty() { "0".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::banner::Wording;

    fn keys(text: &str) -> Vec<&str> {
        let head = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
        let mut keys: Vec<_> =
            text.lines().filter(head).filter_map(|line| line.split_once(" = ").map(|(key, _)| key)).collect();
        keys.sort_unstable();
        keys
    }

    fn check(language: &str, level: Level, wording: Wording) -> String {
        let banner = Banner {
            level,
            wording,
            language: language.into(),
            report: Some("https://sekisho.example/r".into()),
            details: Some("javascript:alert(1)".into()),
            mark: "4f9c-2".into(),
        };
        let said = said(&banner, Words::of(language));
        format!("{} [{}] {} {:?} {}", said.tag, said.head, said.sentences.join(" "), said.links, said.mark)
    }

    #[test]
    fn all_catalogues_are_whole_and_parse() {
        for (tag, text) in CATALOGUES {
            assert!(FluentResource::try_new(text.to_owned()).is_ok(), "{tag}");
            assert_eq!(keys(text), keys(CATALOGUES[0].1), "{tag}");
        }
    }

    #[test]
    fn risk_evidence_and_next_step_stand_in_this_order() {
        let wording = Wording {
            risk: Some(Threat::CredentialPhishing),
            claims: Some("Microsoft".into()),
            really: Some("grill.example".into()),
            through: Some("mailer.example".into()),
            advice: Advice::Leave,
        };
        insta::assert_snapshot!(check("en-GB", Level::Danger, wording.clone()), @r#"en [Danger] This message tries to steal a password. It claims to be from "Microsoft" but was sent by grill.example through mailer.example. Do not click, open or answer anything. [("Report this message", "https://sekisho.example/r")] 4f9c2"#);
        insta::assert_snapshot!(check("ja_JP", Level::Warning, wording), @r#"ja [注意] パスワードをだまし取ろうとするメールかもしれません。 「Microsoft」を名乗っていますが、実際は grill.example が mailer.example を通じて送信しました。 クリックしない、開かない、返信しないでください。 [("このメールを報告する", "https://sekisho.example/r")] 4f9c2"#);
        insta::assert_snapshot!(check("pt", Level::Notice, Wording::default()), @r#"en [Notice] The sender of this message could not be checked. Look twice before you do what it asks. [("Report this message", "https://sekisho.example/r")] 4f9c2"#);
    }

    #[test]
    fn a_strangers_name_cannot_turn_hide_or_fill_the_banner() {
        assert_eq!(plain("Bank\u{202e}knaB\r\n\t of  x\u{200b}\u{7}"), "BankknaB of x");
        assert_eq!(plain("a” and is safe. “"), "a and is safe.");
        assert_eq!(plain(&"w".repeat(5_000)).chars().count(), BANNER_NAME_CHARS_MAX + 1);
        assert_eq!(plain("بنك"), "\u{2068}بنك\u{2069}");
    }
}
