//! The catalogue of words for people, English and Japanese (Fluent).

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

const ENGLISH: &str = concat!(include_str!("../locales/en.ftl"), include_str!("../locales/en.server.ftl"));
const JAPANESE: &str = concat!(include_str!("../locales/ja.ftl"), include_str!("../locales/ja.server.ftl"));

/// A language's words, with English behind them for what is not translated.
pub(crate) struct Words {
    bundles: Vec<FluentBundle<FluentResource>>,
}

impl Words {
    /// Words of a language by its tag (`ja`, `ja_JP.UTF-8`, `en-GB`); English for every other.
    #[must_use]
    pub(crate) fn new(language: &str) -> Self {
        let mut bundles = Vec::new();
        if language.to_ascii_lowercase().starts_with("ja") {
            bundles.push(bundle("ja", JAPANESE));
        }
        bundles.push(bundle("en", ENGLISH));
        Self { bundles }
    }

    /// The reader's language is Japanese.
    #[must_use]
    pub(crate) fn japanese(&self) -> bool {
        self.bundles.len() > 1
    }

    /// The text for a key; the key itself when it is not in the catalogue.
    #[must_use]
    pub(crate) fn say(&self, key: &str, arguments: &[(&str, &str)]) -> String {
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

/// The language that the environment asks for.
#[must_use]
pub(crate) fn language() -> String {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
        .unwrap_or_default()
}

fn bundle(language: &str, text: &str) -> FluentBundle<FluentResource> {
    let id: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new(vec![id]);
    bundle.set_use_isolating(false);
    // A catalogue with a mistake still gives what parsed; the test below refuses mistakes.
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<&str> {
        let mut keys: Vec<&str> = text
            .lines()
            .filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|l| l.split_once(" = ").map(|(k, _)| k))
            .collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn both_catalogues_are_whole_and_parse() {
        assert_eq!(keys(ENGLISH), keys(JAPANESE));
        for text in [ENGLISH, JAPANESE] {
            assert!(FluentResource::try_new(text.to_owned()).is_ok());
        }
    }

    #[test]
    fn words_fall_back_to_english_and_then_to_the_key() {
        assert_eq!(Words::new("ja_JP.UTF-8").say("class-malicious", &[]), "危険");
        assert_eq!(Words::new("fr").say("class-malicious", &[]), "MALICIOUS");
        assert_eq!(Words::new("en").say("no-such-key", &[]), "no-such-key");
    }
}
