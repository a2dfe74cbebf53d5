//! Style sheets: rules with one simple selector (`tag`, `.class`, `#id`), the only ones that mail can rely on.

use rustc_hash::FxHashMap;

use super::{Paint, Style, starts, without_comments};
use crate::limits::{CSS_BYTES_MAX, CSS_RULES_MAX};

/// The rules of all style sheets of a document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sheet {
    /// By `tag`, `.class` or `#id`, names in lower case.
    rules: FxHashMap<String, Rule>,
    classes: bool,
    ids: bool,
    bytes: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Rule {
    plain: Style,
    important: Style,
}

impl Sheet {
    /// Adds the text of one `<style>` element.
    pub(crate) fn add(&mut self, text: &str) {
        let text = crate::domain::cut(text, CSS_BYTES_MAX.saturating_sub(self.bytes));
        self.bytes += text.len();
        // Some writers still hide sheets from browsers of 1995.
        let text = without_comments(text).replace("<!--", "").replace("-->", "");
        let mut rest = text.as_str();
        while let Some((head, after)) = rest.split_once('{') {
            let head = head.rsplit([';', '}']).next().unwrap_or(head).trim();
            rest = match head.strip_prefix('@') {
                None => {
                    let (body, after) = after.split_once('}').unwrap_or((after, ""));
                    self.add_rule(head, body);
                    after
                }
                // Enter `@media screen`, whose condition a reader always meets, and skip the others.
                Some(at) if starts(at, "media") && !at.contains('(') && !at.contains("print") => after,
                Some(_) => skip_block(after),
            };
        }
    }

    fn add_rule(&mut self, selectors: &str, body: &str) {
        let style = Style::parse(body);
        if style == Style::default() {
            return;
        }
        let important = match body.contains("!") {
            true => Style::parse(&only_important(body)),
            false => Style::default(),
        };
        for selector in selectors.split(',').map(str::trim) {
            let last = selector.rsplit([' ', '>', '+', '~']).next().unwrap_or(selector);
            let Some(key) = simple(last) else { continue };
            if self.rules.len() >= CSS_RULES_MAX && !self.rules.contains_key(&key) {
                return;
            }
            self.classes |= key.contains('.');
            self.ids |= key.contains('#');
            let rule = self.rules.entry(key).or_default();
            if last.len() == selector.len() {
                rule.plain.add(&style);
                rule.important.add(&important);
            } else {
                // Whether it applies depends on more than is looked at here: then its colours are unknown, so that
                // nothing is called unreadable because of them.
                let unknown = |paint: Option<Paint>| paint.map(|_| Paint::Unknown);
                let vague = Style {
                    color: unknown(style.color),
                    background: unknown(style.background),
                    ..Style::default()
                };
                rule.plain.add(&vague);
            }
        }
    }

    /// What the rules say about an element: plain ones (weaker than its own style), important ones (stronger).
    pub(crate) fn of(&self, tag: &str, class: Option<&str>, id: Option<&str>) -> Option<(Style, Style)> {
        if self.rules.is_empty() {
            return None;
        }
        let mut found = None;
        let mut add = |rule: Option<&Rule>| {
            if let Some(rule) = rule {
                let (plain, important) = found.get_or_insert_with(|| (Style::default(), Style::default()));
                Style::add(plain, &rule.plain);
                Style::add(important, &rule.important);
            }
        };
        add(self.rules.get("*"));
        add(self.rules.get(tag));
        let mut key = String::new();
        if let Some(class) = class.filter(|_| self.classes) {
            for name in class.split_ascii_whitespace().take(16) {
                named(&mut key, '.', name);
                add(self.rules.get(&key));
                key.insert_str(0, tag);
                add(self.rules.get(&key));
            }
        }
        if let Some(id) = id.filter(|_| self.ids) {
            named(&mut key, '#', id);
            add(self.rules.get(&key));
        }
        found
    }
}

fn named(key: &mut String, mark: char, name: &str) {
    key.clear();
    key.push(mark);
    key.push_str(name);
    key.make_ascii_lowercase();
}

/// The key of `tag`, `.class`, `tag.class`, `#id`; `None` for anything else.
fn simple(selector: &str) -> Option<String> {
    let bytes = selector.as_bytes();
    let marks = bytes.iter().filter(|byte| matches!(byte, b'.' | b'#')).count();
    let legal = selector == "*"
        || bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'#' | b'-' | b'_'));
    if selector.is_empty() || !legal || marks > 1 {
        return None;
    }
    let key = match selector.split_once('#') {
        Some((_, id)) => format!("#{id}"),
        None => selector.to_owned(),
    };
    Some(key.to_ascii_lowercase())
}

/// The declarations that say `!important`.
pub(crate) fn only_important(body: &str) -> String {
    body.split(';').filter(|declaration| declaration.contains('!')).collect::<Vec<_>>().join(";")
}

/// What follows the block whose opening brace was read.
fn skip_block(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}
