//! Limits of the language, so that no source makes the tools run out of stack, memory or time.

/// Deepest nesting of brackets, calls and prefix operators. The feed's deepest rule needs 27.
pub const MAX_DEPTH: u32 = 80;
/// Most tails (`is null`, `in …`) after one operand.
pub const MAX_TAILS: usize = 3;
/// Longest source in bytes.
pub const MAX_SOURCE: usize = 4 << 20;
/// Most diagnostics for one source.
pub const MAX_DIAGNOSTICS: usize = 50;
/// Most bytes of a source line that a diagnostic shows.
pub const MAX_SNIPPET: usize = 160;
