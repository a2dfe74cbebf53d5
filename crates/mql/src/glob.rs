//! Globs (`strings.like`): `*` is any run of characters, `?` exactly one; the whole text must match (mql.md §1.13).

use memchr::memmem;

use crate::text::fold;

/// A compiled glob. Matching never backtracks over a `*`.
#[derive(Debug)]
pub struct Glob {
    /// What stands between the stars; never empty.
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    text: Box<str>,
    /// It holds a `?`.
    wild: bool,
    finder: memmem::Finder<'static>,
}

impl Glob {
    /// Compiles; with `fold`, for texts that are folded.
    #[must_use]
    pub fn new(pattern: &str, folded: bool) -> Glob {
        let pattern = if folded { fold(pattern) } else { pattern.into() };
        let part = |text: &str| Part {
            text: text.into(),
            wild: text.contains('?'),
            finder: memmem::Finder::new(text.as_bytes()).into_owned(),
        };
        Glob { parts: pattern.split('*').map(part).collect() }
    }

    /// The longest text that every match holds.
    #[must_use]
    pub fn literal(&self) -> &str {
        let runs = self.parts.iter().flat_map(|p| p.text.split('?'));
        runs.max_by_key(|r| r.len()).unwrap_or("")
    }

    /// `Some(text)` when the glob is `*text*`: containment decides.
    #[must_use]
    pub fn contained(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [a, b, c] if a.text.is_empty() && c.text.is_empty() && !b.wild => Some(&b.text),
            _ => None,
        }
    }

    /// How many bytes matching a text of this length may look at.
    #[must_use]
    pub fn work(&self, len: usize) -> usize {
        let wild = self.parts.iter().filter(|p| p.wild).map(|p| p.text.len() * 8).max().unwrap_or(0);
        len.saturating_mul(4 + wild)
    }

    /// The whole of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.parts.split_first() else { return false };
        let Some(mut left) = first.prefix(text) else { return false };
        let Some((last, middle)) = rest.split_last() else { return left.is_empty() };
        for part in middle {
            match part.find(left) {
                Some(after) => left = after,
                None => return false,
            }
        }
        last.is_suffix(left)
    }
}

impl Part {
    /// What follows it at the start of `text`.
    fn prefix<'t>(&self, text: &'t str) -> Option<&'t str> {
        if !self.wild {
            return text.strip_prefix(&*self.text);
        }
        let mut rest = text.chars();
        for p in self.text.chars() {
            let c = rest.next()?;
            if p != '?' && p != c {
                return None;
            }
        }
        Some(rest.as_str())
    }

    fn is_suffix(&self, text: &str) -> bool {
        if !self.wild {
            return text.ends_with(&*self.text);
        }
        let mut rest = text.chars().rev();
        self.text.chars().rev().all(|p| rest.next().is_some_and(|c| p == '?' || p == c))
    }

    /// What follows its first occurrence.
    fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        if !self.wild {
            let at = self.finder.find(text.as_bytes())?;
            return text.get(at + self.text.len()..);
        }
        text.char_indices().map(|(at, _)| at).chain([text.len()]).find_map(|at| self.prefix(text.get(at..)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_the_whole_text() {
        let hits = [
            ("*", ""),
            ("", ""),
            ("a*", "a"),
            ("a*", "abc"),
            ("*c", "abc"),
            ("a*c", "ac"),
            ("a?c", "aéc"),
            ("*b*", "a\nbc"),
            ("a*b*c", "a--b--b--c"),
            ("*a?c*", "xxabc"),
            (r"*\x*", r"a\xb"),
            ("??", "éé"),
            ("*ab*ab", "abab"),
            ("a*?", "ab"),
        ];
        for (glob, text) in hits {
            assert!(Glob::new(glob, false).matches(text), "{glob} {text:?}");
        }
        let misses = [
            ("", "a"),
            ("a", "ab"),
            ("a*b", "ba"),
            ("?", ""),
            ("?", "ab"),
            ("*ab*ab", "ab"),
            ("ab*ba", "aba"),
            ("a*a", "a"),
            ("A", "a"),
            ("a*?", "a"),
        ];
        for (glob, text) in misses {
            assert!(!Glob::new(glob, false).matches(text), "{glob} {text:?}");
        }
        assert!(Glob::new("ÀB*", true).matches("àbc"));
        assert_eq!(Glob::new("*ab?cde*f", false).literal(), "cde");
        assert_eq!(Glob::new("*ab*", false).contained(), Some("ab"));
        assert_eq!(Glob::new("*a?*", false).contained(), None);
    }
}
