//! JavaScript as far as attackers' pages use it: tokens, a tolerant syntax tree and a small machine that folds what
//! is constant. Nothing is run: the page, the network and the clock are unknown values, and what the script would do
//! to them is an event ([`eval::Event`]).
//!
//! Conditions that are unknown take both branches; handlers that wait for a click are read last, as the user's doing.

pub(crate) mod array;
pub(crate) mod assign;
pub(crate) mod call;
pub(crate) mod eval;
pub(crate) mod global;
pub(crate) mod host;
pub(crate) mod lexer;
pub(crate) mod parser;
pub(crate) mod stmt;
pub(crate) mod string;
#[cfg(test)]
mod tests;
pub(crate) mod tree;
pub(crate) mod value;

pub(crate) use eval::{Event, Machine, Payload, What};
pub(crate) use lexer::{Kind, Lexed, lex};

use crate::{facts, gaps::Gaps};

/// What is said of a script that is too long.
pub(crate) const CUT: &str = "only the beginning of a long script was read";
/// What is said of a script that does not end.
pub(crate) const ENDLESS: &str = "a script was not followed to its end: it takes too many steps";
/// Words of one kind that are kept of a file.
/// They are for rules to look up; the bus reads the script itself.
const WORDS_MAX: usize = 20_000;

/// Adds a script's words to the facts, each once.
pub(crate) fn words(
    lexed: &Lexed<'_>,
    seen: &mut rustc_hash::FxHashSet<String>,
    out: &mut facts::Script,
    gaps: &mut Gaps,
) {
    let mut cut = out.cut;
    let mut add = |list: &mut Vec<String>, mark: char, word: &str| {
        let key = format!("{mark}{word}");
        if list.len() < WORDS_MAX {
            if seen.insert(key) {
                list.push(word.to_owned());
            }
        } else {
            cut |= !seen.contains(&key);
        }
    };
    for token in &lexed.tokens {
        match &token.kind {
            Kind::Ident(name) => add(&mut out.identifiers, 'i', name),
            Kind::Keyword(name) => add(&mut out.keywords, 'k', name),
            Kind::Str(text, _) => add(&mut out.strings, 's', text),
            Kind::Regex(body, flags) => add(&mut out.regular_expressions, 'r', &format!("/{body}/{flags}")),
            Kind::Template(pieces) => {
                pieces.iter().filter(|p| !p.0.is_empty()).for_each(|p| add(&mut out.strings, 's', &p.0));
            }
            Kind::Num(_) | Kind::Punct(_) | Kind::End => {}
        }
    }
    if cut && !out.cut {
        gaps.over(WORDS_MAX, "words of a script: not all are facts for rules");
    }
    out.cut = cut;
}
