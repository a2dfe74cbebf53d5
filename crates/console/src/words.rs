//! The catalogue of words for people, English and Japanese (Fluent), and whose language it is.

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

const ENGLISH: &str = include_str!("../locales/en.ftl");
const JAPANESE: &str = include_str!("../locales/ja.ftl");

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Japanese,
}

impl Language {
    /// By a tag: `ja`, `ja-JP`, `en-GB`.
    fn of(tag: &str) -> Option<Self> {
        match tag.split(['-', '_']).next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "ja" => Some(Self::Japanese),
            _ => None,
        }
    }

    /// What a reader asks for: `lang` of the query, else what the browser prefers (RFC 9110 §12.5.4), else English.
    pub(crate) fn asked(query: Option<&str>, accept: Option<&str>) -> Self {
        if let Some(language) = query.and_then(Self::of) {
            return language;
        }
        let one = |entry: &str| {
            let (tag, parameters) = entry.split_once(';').unwrap_or((entry, ""));
            let quality = parameters.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok());
            Some((quality.unwrap_or(1.0), Self::of(tag.trim())?))
        };
        let mut best = (0.0, Self::English);
        // The first of those that are wanted most.
        for (quality, language) in accept.unwrap_or_default().split(',').take(20).filter_map(one) {
            if quality > best.0 {
                best = (quality, language);
            }
        }
        best.1
    }

    /// Its tag.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::English => Self::Japanese,
            Self::Japanese => Self::English,
        }
    }
}

/// A language's words, with English behind them.
pub(crate) struct Words {
    bundles: Vec<FluentBundle<FluentResource>>,
}

impl Words {
    /// Words of a language.
    pub(crate) fn new(language: Language) -> Self {
        let mut bundles = Vec::new();
        if language == Language::Japanese {
            bundles.push(bundle("ja", JAPANESE));
        }
        bundles.push(bundle("en", ENGLISH));
        Self { bundles }
    }

    /// The text for a key; the key itself when it is not in the catalogue.
    pub(crate) fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// The same with one value in it.
    pub(crate) fn say_of(&self, key: &str, name: &str, value: &str) -> String {
        self.say_with(key, &[(name, value)])
    }

    /// The same with values in it.
    pub(crate) fn say_with(&self, key: &str, arguments: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in arguments {
            args.set(*name, FluentValue::from(*value));
        }
        for bundle in &self.bundles {
            if let Some(pattern) = bundle.get_message(key).and_then(|m| m.value()) {
                let mut errors = Vec::new();
                return bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
            }
        }
        key.to_owned()
    }
}

fn bundle(language: &str, text: &str) -> FluentBundle<FluentResource> {
    let id: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    bundle.set_use_isolating(false);
    // A catalogue with a mistake still gives what parsed; the test below refuses mistakes.
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(text: &str) -> BTreeSet<&str> {
        text.lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split_once(" = ").map(|(key, _)| key))
            .collect()
    }

    #[test]
    fn both_catalogues_are_whole_and_parse() {
        assert_eq!(keys(ENGLISH), keys(JAPANESE));
        for text in [ENGLISH, JAPANESE] {
            assert!(FluentResource::try_new(text.to_owned()).is_ok());
        }
    }

    /// Every key that pages and code ask for stands in the catalogue, and the catalogue has no other.
    #[test]
    fn every_key_that_is_asked_for_is_there() {
        let mut texts = String::new();
        let mut read = |folder: &str| {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    texts.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        };
        ["src", "src/pages", "templates"].into_iter().for_each(&mut read);
        let known = keys(ENGLISH);
        let mut asked: BTreeSet<&str> = BTreeSet::new();
        for part in texts.split("say").skip(1) {
            let part = part.trim_start_matches("_of").trim_start_matches("_with");
            let Some(key) = part.strip_prefix("(\"").and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            asked.insert(key);
        }
        let missing: Vec<&&str> = asked.difference(&known).collect();
        assert!(missing.is_empty() && asked.len() > 50, "{missing:?}");
        // Keys that are put together name their beginning in the code; others stand in lists.
        let built = ["class-", "state-", "role-", "ticket-", "deed-", "no-", "scope-", "done-"];
        let named = |key: &str| texts.contains(&format!("\"{key}\""));
        let unused: Vec<&&str> = known
            .iter()
            .filter(|key| !built.iter().any(|start| key.starts_with(start)) && !named(key))
            .collect();
        assert!(unused.is_empty(), "{unused:?}");
    }

    #[test]
    fn the_language_is_that_of_the_query_then_what_the_browser_wants_most() {
        let check = |query, accept| Language::asked(query, accept).tag();
        assert_eq!(check(None, None), "en");
        assert_eq!(check(None, Some("ja")), "ja");
        assert_eq!(check(None, Some("fr, ja-JP;q=0.8, en;q=0.7")), "ja");
        assert_eq!(check(None, Some("fr, ja;q=0.6, en;q=0.7")), "en");
        assert_eq!(check(Some("en"), Some("ja")), "en");
        assert_eq!(check(Some("xx"), Some("ja")), "ja");
        assert_eq!(check(None, Some("ja;q=x, de")), "ja");
    }
}
