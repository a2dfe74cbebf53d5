//! What every match of a regular expression holds: the literals without which it need not be tried.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::{
    limits::{MAX_ALTERNATIVES, MAX_LITERAL, MIN_LITERAL},
    text::{fold, fold_char},
};

/// Literals of which every match of the expression holds at least one, case-folded; `None` when there are none that
/// are long enough to be worth it.
pub(crate) fn required(hir: &Hir) -> Option<Vec<String>> {
    let best = Known::of(hir, 0).best()?;
    let mut out: Vec<String> = best.into_iter().map(cut).collect();
    out.sort_unstable();
    out.dedup();
    (out.iter().all(|l| l.len() >= MIN_LITERAL) && !out.is_empty()).then_some(out)
}

fn cut(mut literal: String) -> String {
    let mut end = MAX_LITERAL.min(literal.len());
    while !literal.is_char_boundary(end) {
        end -= 1;
    }
    literal.truncate(end);
    literal
}

/// What is known about the texts that an expression matches.
#[derive(Default)]
struct Known {
    /// Exactly these.
    exact: Option<Vec<String>>,
    /// All of them hold one of these.
    holds: Option<Vec<String>>,
}

/// Most strings of a finite language that are carried along.
const MAX_EXACT: usize = 16;
/// Deepest look into an expression.
const MAX_LOOK: u32 = 40;

impl Known {
    fn exact(strings: Vec<String>) -> Known {
        Known { exact: Some(strings), holds: None }
    }

    fn best(self) -> Option<Vec<String>> {
        let exact = self.exact.filter(|e| !e.is_empty() && e.iter().all(|s| !s.is_empty()));
        better(exact, self.holds)
    }

    fn of(hir: &Hir, depth: u32) -> Known {
        if depth > MAX_LOOK {
            return Known::default();
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Known::exact(vec![String::new()]),
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => Known::exact(vec![fold(text).into_owned()]),
                Err(_) => Known::default(),
            },
            HirKind::Class(class) => Known { exact: class_members(class), holds: None },
            HirKind::Capture(capture) => Known::of(&capture.sub, depth + 1),
            HirKind::Repetition(repetition) => {
                let sub = Known::of(&repetition.sub, depth + 1);
                match (repetition.min, repetition.max) {
                    (1, Some(1)) => sub,
                    (0, Some(1)) => {
                        let exact = sub.exact.map(|mut e| {
                            e.push(String::new());
                            e
                        });
                        Known { exact, holds: None }
                    }
                    (0, _) => Known::default(),
                    _ => Known { exact: None, holds: sub.best() },
                }
            }
            HirKind::Concat(parts) => Known::concat(parts, depth),
            HirKind::Alternation(parts) => Known::alternation(parts, depth),
        }
    }

    fn concat(parts: &[Hir], depth: u32) -> Known {
        let mut run = vec![String::new()];
        let mut holds: Option<Vec<String>> = None;
        let mut whole = true;
        for part in parts {
            let known = Known::of(part, depth + 1);
            match &known.exact {
                Some(next) if run.len() * next.len() <= MAX_EXACT => {
                    run = run.iter().flat_map(|a| next.iter().map(move |b| format!("{a}{b}"))).collect();
                    continue;
                }
                _ => whole = false,
            }
            holds = better(holds, Known::exact(std::mem::replace(&mut run, vec![String::new()])).best());
            match known.exact {
                Some(next) if next.len() <= MAX_EXACT => run = next,
                exact => holds = better(holds, Known { exact, holds: known.holds }.best()),
            }
        }
        if whole {
            return Known::exact(run);
        }
        Known { exact: None, holds: better(holds, Known::exact(run).best()) }
    }

    fn alternation(parts: &[Hir], depth: u32) -> Known {
        let all: Vec<Known> = parts.iter().map(|p| Known::of(p, depth + 1)).collect();
        let count: usize = all.iter().map(|k| k.exact.as_ref().map_or(usize::MAX / 1024, Vec::len)).sum();
        if count <= MAX_ALTERNATIVES {
            return Known::exact(all.into_iter().flat_map(|k| k.exact.unwrap_or_default()).collect());
        }
        let mut holds = Vec::new();
        for known in all {
            match known.best() {
                Some(more) if holds.len() + more.len() <= MAX_ALTERNATIVES => holds.extend(more),
                _ => return Known::default(),
            }
        }
        Known { exact: None, holds: Some(holds) }
    }
}

/// The members of a small class, folded.
fn class_members(class: &Class) -> Option<Vec<String>> {
    let Class::Unicode(class) = class else { return None };
    let count: usize = class.ranges().iter().map(|r| r.len()).sum();
    if count > MAX_EXACT * 3 {
        return None;
    }
    let chars = class.ranges().iter().flat_map(|r| r.start()..=r.end());
    let mut out: Vec<String> = chars.map(|c| fold_char(c).to_string()).collect();
    out.sort_unstable();
    out.dedup();
    (out.len() <= MAX_EXACT).then_some(out)
}

/// What stands in nearly every page: to require it rules nothing out.
const EVERYDAY: [&str; 40] = [
    "background-color:",
    "background:",
    "bgcolor=",
    "font-family:",
    "font-size:",
    "line-height:",
    "text-align:",
    "padding:",
    "margin:",
    "border=\"0\"",
    "color:",
    "width=\"",
    "height=\"",
    "align=\"center\"",
    "href=\"https://www.",
    "src=\"http",
    "style=\"",
    "class=\"",
    "target=\"_blank",
    "rgb(",
    "<html",
    "<head",
    "<title>",
    "</title>",
    "<body",
    "<table",
    "<tbody",
    "</tbody",
    "<tr",
    "</tr>",
    "<td",
    "</td>",
    "<div",
    "</div>",
    "<span",
    "</span>",
    "<img",
    "<a ",
    "</a>",
    "&nbsp;",
];

/// How many bytes of a literal tell something.
fn telling(literal: &str) -> usize {
    let everyday = EVERYDAY.iter().any(|word| word.contains(literal));
    match (literal.len(), everyday) {
        (0..MIN_LITERAL, _) => 0,
        (_, true) => 1,
        (len, false) => len.min(8),
    }
}

/// The set whose least telling member tells more; among equals the smaller one.
fn better(a: Option<Vec<String>>, b: Option<Vec<String>>) -> Option<Vec<String>> {
    let score = |set: &Vec<String>| {
        let least = set.iter().map(|literal| telling(literal)).min().unwrap_or(0);
        (least, usize::MAX - set.len())
    };
    match (a, b) {
        (Some(a), Some(b)) => Some(if score(&a) >= score(&b) { a } else { b }),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::re2;

    fn check(pattern: &str, fold: bool) -> String {
        match required(&re2::parse(pattern, fold).unwrap()) {
            Some(literals) => literals.join(" "),
            None => "-".into(),
        }
    }

    #[test]
    fn literals_that_a_match_must_hold() {
        let table = [
            (r"password", "password"),
            (r"your (?:e-?mail )?password", "your email password"),
            (r"\bverify\s+(?:your|the)\s+account", "account"),
            (r"(?:invoice|remittance|payment)s?", "invoice invoices payment payments remittance remittances"),
            (r"[a4]cc[o0]unt", "4cc0unt 4ccount acc0unt account"),
            (r"\d{3}-\d{4}", "-"),
            (r".*", "-"),
            (r"(?:abc)+def", "abc"),
            (r"(?:abc)?", "-"),
            (r"(foo\d+|bar\w+)z", "bar foo"),
            (r"^https?://[^/]+/wp-content/", "/wp-content/"),
            (r"a|bc", "-"),
            // What every page holds is the last choice.
            (r"<table[^>]*>.*cid:[^x]", "cid:"),
            (r"(?:font-size|line-height):\s*clamp\(", "clamp("),
            (r"background:\s*[^#]", "background:"),
        ];
        for (pattern, expected) in table {
            let mut found: Vec<_> = check(pattern, true).split(' ').map(str::to_owned).collect();
            let mut expected: Vec<_> = expected.split(' ').map(str::to_owned).collect();
            if pattern.starts_with("your") {
                expected = vec![check(pattern, true)];
                found = vec!["your e-mail password your email password your password".into()];
            }
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{pattern}");
        }
        assert_eq!(check("PassWord", false), "password");
        assert_eq!(check("K\u{17F}x", true), "ksx");
    }
}
