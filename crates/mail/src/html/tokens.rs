//! Source text → tokens → tree.

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tokenizer, TokenizerOpts};

use super::sink::Limiter;
use super::tree::Tree;

/// The tree of a source, and whether a limit was reached.
pub(crate) fn build(source: &str) -> (Tree, bool) {
    let tokenizer = Tokenizer::new(Limiter::new(source.len()), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(source));
    // The tokenizer stops after each script so that it could run; it does not.
    while let TokenizerResult::Script(_) | TokenizerResult::EncodingIndicator(_) = tokenizer.feed(&queue) {}
    tokenizer.end();
    tokenizer.sink.finish()
}
