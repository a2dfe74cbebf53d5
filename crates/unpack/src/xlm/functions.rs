//! The functions of Excel 4 formulas: number, name and how many arguments; numbers from 0x8000 on are commands.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// From which number on a function is a command.
pub(crate) const COMMAND: u16 = 0x8000;
/// A call of a user's function: its first argument says which.
pub(crate) const USER: u16 = 0x00FF;

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) number: u16,
    pub(crate) name: &'static str,
    /// Fewest and most arguments; the table leaves some open.
    pub(crate) arity: (u8, u8),
}

/// Functions that came after the table was closed: they are called by name alone.
const LATER: &[&str] = &[
    "ACOT",
    "ACOTH",
    "AGGREGATE",
    "ARABIC",
    "BASE",
    "BITAND",
    "BITLSHIFT",
    "BITOR",
    "BITRSHIFT",
    "BITXOR",
    "CEILING.MATH",
    "CONCAT",
    "COT",
    "COTH",
    "CSC",
    "DAYS",
    "DECIMAL",
    "ENCODEURL",
    "FILTERXML",
    "FLOOR.MATH",
    "FORMULATEXT",
    "IFNA",
    "IFS",
    "ISFORMULA",
    "LAMBDA",
    "LET",
    "MAXIFS",
    "MINIFS",
    "NUMBERVALUE",
    "RANDARRAY",
    "SEC",
    "SEQUENCE",
    "SHEET",
    "SHEETS",
    "SORT",
    "SWITCH",
    "TEXTAFTER",
    "TEXTBEFORE",
    "TEXTJOIN",
    "TEXTSPLIT",
    "UNICHAR",
    "UNICODE",
    "UNIQUE",
    "WEBSERVICE",
    "XLOOKUP",
    "XMATCH",
    "XOR",
];

struct Table {
    all: Vec<Function>,
    by_number: FxHashMap<u16, usize>,
    by_name: FxHashMap<&'static str, usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let all: Vec<Function> = include_str!("../../data/ftab.csv").lines().filter_map(line).collect();
    let by_number = all.iter().enumerate().map(|(i, f)| (f.number, i)).collect();
    // Of two with one name the earlier, which is the function and not the command.
    let by_name = all.iter().enumerate().rev().map(|(i, f)| (f.name, i)).collect();
    Table { all, by_number, by_name }
});

fn line(line: &'static str) -> Option<Function> {
    let mut fields = line.split(',');
    let number = u16::from_str_radix(fields.next()?.strip_prefix("0x")?, 16).ok()?;
    let _kind = fields.next()?;
    let name = fields.next()?;
    let least = fields.next()?.trim().parse().unwrap_or(1);
    let most = fields.next()?.trim().parse().unwrap_or(30);
    Some(Function { number, name, arity: (least, most) })
}

/// The function of a number.
pub(crate) fn by_number(number: u16) -> Option<Function> {
    TABLE.by_number.get(&number).and_then(|i| TABLE.all.get(*i)).copied()
}

/// The function of a name, in whatever case, with or without the prefixes that files put before later functions.
pub(crate) fn by_name(name: &str) -> Option<Function> {
    let upper = plain(name)?;
    TABLE.by_name.get(upper.as_str()).and_then(|i| TABLE.all.get(*i)).copied().filter(|f| f.number != USER)
}

/// Name of a later function that has no number.
pub(crate) fn later(name: &str) -> Option<String> {
    let upper = plain(name)?;
    let marked = upper.len() < name.len();
    (marked || LATER.binary_search(&upper.as_str()).is_ok()).then_some(upper)
}

/// Upper case without the prefixes; nothing for what is too long to be a function.
fn plain(name: &str) -> Option<String> {
    if name.len() > 64 {
        return None;
    }
    let mut upper = name.to_ascii_uppercase();
    while let Some(rest) = ["_XLFN.", "_XLWS.", "_XLL.", "_XLUDF."].iter().find_map(|p| upper.strip_prefix(p))
    {
        upper = rest.to_owned();
    }
    Some(upper)
}

/// Name of a number, for people.
pub(crate) fn name(number: u16) -> String {
    by_number(number).map_or_else(|| format!("FUNCTION{number:#06x}"), |f| f.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_meet() {
        assert_eq!(by_number(0x6E).unwrap().name, "EXEC");
        assert_eq!(by_name("exec").unwrap().number, 0x6E);
        assert_eq!(by_name("FORMULA").unwrap().number, 0x8060);
        assert_eq!(by_name("RUN").unwrap().number, 0x8011);
        assert_eq!(by_number(0x6F).unwrap().arity, (1, 1));
        assert_eq!(by_name("_xlfn.hex2dec").unwrap().number, 0x181);
        assert!(TABLE.all.len() > 860);
    }

    #[test]
    fn later_functions_have_names_only() {
        assert!(LATER.is_sorted());
        assert_eq!(later("_xlfn.CONCAT").as_deref(), Some("CONCAT"));
        assert_eq!(later("unichar").as_deref(), Some("UNICHAR"));
        assert_eq!(later("mymacro"), None);
        assert_eq!(by_name("UserDefinedFunction"), None);
        assert_eq!(name(0x7FFF), "FUNCTION0x7fff");
    }
}
