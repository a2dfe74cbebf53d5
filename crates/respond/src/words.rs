//! The catalogue of words for people, English and Japanese (Fluent).

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

const ENGLISH: &str = include_str!("../locales/en.ftl");
const JAPANESE: &str = include_str!("../locales/ja.ftl");

type Bundle = FluentBundle<FluentResource>;

static EN: LazyLock<Bundle> = LazyLock::new(|| bundle("en", ENGLISH));
static JA: LazyLock<Bundle> = LazyLock::new(|| bundle("ja", JAPANESE));

fn bundle(tag: &str, text: &str) -> Bundle {
    let id: LanguageIdentifier = tag.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    bundle.set_use_isolating(false);
    // A catalogue with a mistake still gives what parsed; the test below refuses mistakes.
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

/// A language's words, with English behind them for what is not translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words {
    japanese: bool,
}

impl Words {
    /// By a language tag (`ja`, `ja-JP`); English for every other.
    pub(crate) fn of(language: &str) -> Self {
        Self { japanese: language.to_ascii_lowercase().starts_with("ja") }
    }

    /// As HTML names it.
    pub(crate) fn tag(self) -> &'static str {
        if self.japanese { "ja" } else { "en" }
    }

    /// The reader's language is Japanese.
    pub(crate) fn japanese(self) -> bool {
        self.japanese
    }

    /// The text for a key; the key itself when it is not in the catalogue. Numbers choose between forms.
    pub(crate) fn say(self, key: &str, arguments: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in arguments {
            let number = (*name == "count").then(|| value.parse::<u32>().ok()).flatten();
            let value = number.map_or_else(|| FluentValue::from(*value), FluentValue::from);
            args.set(*name, value);
        }
        let own = self.japanese.then(|| &*JA);
        for bundle in own.into_iter().chain([&*EN]) {
            if let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) {
                let mut errors = Vec::new();
                return bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
            }
        }
        key.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<&str> {
        let head = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
        let mut keys: Vec<_> =
            text.lines().filter(head).filter_map(|line| line.split_once(" = ").map(|(key, _)| key)).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn both_catalogues_are_whole_and_parse() {
        assert_eq!(keys(ENGLISH), keys(JAPANESE));
        for text in [ENGLISH, JAPANESE] {
            assert!(FluentResource::try_new(text.to_owned()).is_ok());
        }
        assert_eq!(Words::of("fr").say("no-such-key", &[]), "no-such-key");
    }
}
