//! Limits of the language, so that no source makes the tools run out of stack, memory or time.

/// Deepest nesting of brackets, calls and prefix operators. The deepest rule of the public feed needs 13.
pub const MAX_DEPTH: u32 = 80;
/// Most tails (`is null`, `in …`) after one operand.
pub const MAX_TAILS: usize = 3;
/// Longest source in bytes.
pub const MAX_SOURCE: usize = 4 << 20;
/// Most diagnostics for one source.
pub const MAX_DIAGNOSTICS: usize = 50;
/// Most bytes of a source line that a diagnostic shows.
pub const MAX_SNIPPET: usize = 160;

/// Steps that one rule may take on one message; beyond it the rule is indeterminate (`budget`). A step is a node of a
/// rule evaluated, or a stretch of text scanned, around 10 ns.
pub const RULE_STEPS: u64 = 1_000_000;
/// Steps that all rules together may take on one message.
pub const MESSAGE_STEPS: u64 = 20_000_000;
/// Bytes that a substring search gets for one step.
pub const SEARCH_BYTES_PER_STEP: usize = 128;
/// Bytes that an automaton (regular expression, all literals at once) gets for one step.
pub const AUTOMATON_BYTES_PER_STEP: usize = 8;
/// Cells of an edit-distance table for one step.
pub const DISTANCE_CELLS_PER_STEP: usize = 8;
/// Memory of one compiled regular expression.
pub const REGEX_SIZE: usize = 64 << 20;
/// Memory of one regular expression's run-time cache.
pub const REGEX_CACHE: usize = 8 << 20;
/// Most matches that `regex.extract` returns.
pub const MAX_MATCHES: usize = 10_000;
/// Shortest run of characters that is tried as base64.
pub const MIN_BASE64: usize = 8;
/// Most texts that one `strings.scan_base64` returns.
pub const MAX_BASE64_TEXTS: usize = 1_000;
/// Shortest literal that the shared automaton looks for; shorter ones are everywhere.
pub const MIN_LITERAL: usize = 3;
/// Longest literal taken from a regular expression.
pub const MAX_LITERAL: usize = 24;
/// Most alternatives of a regular expression's required literals.
pub const MAX_ALTERNATIVES: usize = 64;
/// Most characters of a value that an explanation shows.
pub const MAX_SHOWN: usize = 200;
/// Most values that an explanation shows for one predicate.
pub const MAX_READS: usize = 32;
/// Most predicates of an explanation.
pub const MAX_PREDICATES: usize = 64;
/// Longest array whose items are made once and kept for all rules.
pub const MAX_LAID_OUT: usize = 10_000;
/// Arrays of one message of whose items something is remembered.
pub const MAX_FRAMES: usize = 256;
/// Most answers about items that are remembered for one message.
pub const MAX_CELLS: usize = 1 << 17;
/// Most answers about 64 items at once that are remembered for one message.
pub const MAX_MASKS: usize = 1 << 16;
