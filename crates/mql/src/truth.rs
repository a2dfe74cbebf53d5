//! Three-valued logic (mql.md §1.6) with *unknown* on top: the set of values that an expression may still have, and
//! what is missing to tell which.

use crate::value::{Missing, Value};

/// The values that a truth may have: true, false, null. One of them when it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Truth {
    bits: u8,
    missing: Missing,
}

const T: u8 = 1;
const F: u8 = 2;
const N: u8 = 4;

impl Truth {
    /// [`Truth::bits`] of what is surely true, false, null.
    pub(crate) const IS_TRUE: u8 = T;
    pub(crate) const IS_FALSE: u8 = F;
    pub(crate) const IS_NULL: u8 = N;

    pub(crate) const TRUE: Truth = Truth { bits: T, missing: Missing::NONE };
    pub(crate) const FALSE: Truth = Truth { bits: F, missing: Missing::NONE };
    pub(crate) const NULL: Truth = Truth { bits: N, missing: Missing::NONE };

    pub(crate) fn unknown(missing: Missing) -> Truth {
        Truth { bits: T | F | N, missing }
    }

    fn new(bits: u8, missing: Missing) -> Truth {
        Truth { bits, missing: if bits.is_power_of_two() { Missing::NONE } else { missing } }
    }

    /// The set of values: [`Truth::IS_TRUE`] and so on where there is just one.
    #[inline]
    pub(crate) fn bits(self) -> u8 {
        self.bits
    }

    /// The set of the negated values.
    #[inline]
    pub(crate) fn negated(bits: u8) -> u8 {
        (bits & N) | (bits & T) << 1 | (bits & F) >> 1
    }

    pub(crate) fn is_true(self) -> bool {
        self.bits == T
    }

    pub(crate) fn is_false(self) -> bool {
        self.bits == F
    }

    pub(crate) fn can_be_true(self) -> bool {
        self.bits & T != 0
    }

    pub(crate) fn missing(self) -> Missing {
        self.missing
    }

    pub(crate) fn not(self) -> Truth {
        Truth { bits: Truth::negated(self.bits), missing: self.missing }
    }

    #[inline]
    pub(crate) fn and(self, other: Truth) -> Truth {
        if self.bits == T { other } else { self.and_any(other) }
    }

    fn and_any(self, other: Truth) -> Truth {
        let (a, b) = (self.bits, other.bits);
        let mut bits = (a & b & T) | ((a | b) & F);
        if a & N != 0 && b & (N | T) != 0 || b & N != 0 && a & T != 0 {
            bits |= N;
        }
        Truth::new(bits, self.missing | other.missing)
    }

    #[inline]
    pub(crate) fn or(self, other: Truth) -> Truth {
        if self.bits == F { other } else { self.or_any(other) }
    }

    fn or_any(self, other: Truth) -> Truth {
        self.not().and(other.not()).not()
    }

    pub(crate) fn value<'a>(self) -> Value<'a> {
        match self.bits {
            T => Value::Bool(true),
            F => Value::Bool(false),
            N => Value::Null,
            _ => Value::Unknown(self.missing),
        }
    }

    pub(crate) fn of(value: Value<'_>) -> Truth {
        match value {
            Value::Bool(b) => b.into(),
            Value::Json(serde_json::Value::Bool(b)) => (*b).into(),
            Value::Unknown(missing) => Truth::unknown(missing),
            _ => Truth::NULL,
        }
    }
}

impl From<bool> for Truth {
    fn from(b: bool) -> Truth {
        if b { Truth::TRUE } else { Truth::FALSE }
    }
}

impl From<Option<bool>> for Truth {
    fn from(b: Option<bool>) -> Truth {
        b.map_or(Truth::NULL, Truth::from)
    }
}

/// `N of (…)`: true if enough are true; else null if any is null; else false.
pub(crate) struct Count {
    threshold: u32,
    /// Surely true, possibly true, true unless null.
    sure: u32,
    possible: u32,
    unless_null: u32,
    /// Some clause is surely null; some may be.
    null: bool,
    maybe_null: bool,
    missing: Missing,
}

impl Count {
    pub(crate) fn new(threshold: u32) -> Count {
        Count {
            threshold,
            sure: 0,
            possible: 0,
            unless_null: 0,
            null: false,
            maybe_null: false,
            missing: Missing::NONE,
        }
    }

    /// Adds a clause; `true` when the others do not matter any more.
    pub(crate) fn add(&mut self, t: Truth) -> bool {
        self.sure += u32::from(t.bits == T);
        self.possible += u32::from(t.bits & T != 0);
        self.unless_null += u32::from(t.bits & F == 0 && t.bits != N);
        self.null |= t.bits == N;
        self.maybe_null |= t.bits & N != 0;
        self.missing = self.missing | t.missing;
        self.sure >= self.threshold
    }

    pub(crate) fn finish(self) -> Truth {
        if self.sure >= self.threshold {
            return Truth::TRUE;
        }
        let mut bits = 0;
        if self.possible >= self.threshold {
            bits |= T;
        }
        if !self.null && self.unless_null < self.threshold {
            bits |= F;
        }
        if self.maybe_null {
            bits |= N;
        }
        Truth::new(if bits == 0 { F } else { bits }, self.missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const U: Truth = Truth { bits: 7, missing: Missing(1) };

    fn show(t: Truth) -> char {
        match t.bits {
            T => 't',
            F => 'f',
            N => 'n',
            _ => 'u',
        }
    }

    #[test]
    fn kleene_tables() {
        let all = [Truth::TRUE, Truth::FALSE, Truth::NULL, U];
        let table = |op: fn(Truth, Truth) -> Truth| -> String {
            all.iter().flat_map(|a| all.iter().map(move |b| show(op(*a, *b)))).collect()
        };
        assert_eq!(table(Truth::and), "tfnu ffff nfnu ufuu".replace(' ', ""));
        assert_eq!(table(Truth::or), "tttt tfnu tnnu tuuu".replace(' ', ""));
        assert_eq!(all.map(|t| show(t.not())), ['f', 't', 'n', 'u']);
        // Null and unknown is null or false, so it is surely not true.
        assert!(!Truth::NULL.and(U).can_be_true());
        assert!(Truth::FALSE.and(U).missing().is_empty());
    }

    #[test]
    fn thresholds() {
        let of = |n: u32, items: &[Truth]| {
            let mut count = Count::new(n);
            for t in items {
                count.add(*t);
            }
            show(count.finish())
        };
        let (t, f, n) = (Truth::TRUE, Truth::FALSE, Truth::NULL);
        assert_eq!(of(2, &[t, t, n]), 't');
        assert_eq!(of(2, &[t, f, n]), 'n');
        assert_eq!(of(2, &[t, f, f]), 'f');
        assert_eq!(of(1, &[t, U]), 't');
        assert_eq!(of(2, &[t, U]), 'u');
        assert_eq!(of(2, &[f, n, n]), 'n');
        assert_eq!(of(2, &[f, f, U]), 'u');
    }
}
