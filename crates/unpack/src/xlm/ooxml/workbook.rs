//! The main part: its list of sheets, defined names, connections.

use super::{
    Listed, Reading,
    xml::{Event, Xml, unescape_units, utf8},
};
use crate::xlm::{
    biff::{NAMES_MAX, SHEETS_MAX},
    model::{Name, Sheet, State},
    text::parse_formula,
};

/// Connections of a workbook.
const CONNECTIONS_MAX: usize = 256;

/// Tokens and the data behind them.
pub(super) type Tokens = (Vec<u8>, Vec<u8>);

/// Names whose formulas wait until all sheets are known.
pub(super) enum Names {
    /// With the text of the formula.
    Text(Vec<(Name, String)>),
    /// With the tokens and the data behind them.
    Tokens(Vec<Tokens>),
}

impl Reading<'_> {
    pub(super) fn workbook(&mut self, bytes: &[u8]) -> (Vec<Listed>, Names) {
        let text = utf8(bytes);
        let mut xml = Xml::new(&text);
        let (mut listed, mut names) = (Vec::new(), Vec::new());
        let mut current: Option<(Name, String)> = None;
        while let Some(event) = xml.next() {
            match event {
                Event::Open(element) => match element.name.as_ref() {
                    "sheet" if self.book.gaps.room(listed.len(), SHEETS_MAX, "sheets") => {
                        let state =
                            match element.get("state").unwrap_or_default().to_ascii_lowercase().as_str() {
                                "hidden" => State::Hidden,
                                "veryhidden" => State::VeryHidden,
                                _ => State::Visible,
                            };
                        let name = unescape_units(element.get("name").unwrap_or_default());
                        self.book.sheets.push(Sheet { name, state, ..Sheet::default() });
                        listed.push(Listed { relation: element.get("id").unwrap_or_default() });
                    }
                    "definedName" => {
                        let label = unescape_units(element.get("name").unwrap_or_default());
                        let plain = label.strip_prefix("_xlnm.").map(str::to_owned);
                        let name = Name {
                            label: plain.unwrap_or(label),
                            hidden: element.flag("hidden"),
                            sheet: element.number("localSheetId"),
                            formula: None,
                        };
                        current = Some((name, String::new()));
                    }
                    _ => {}
                },
                Event::Text(text) => {
                    if let Some((_, formula)) = &mut current {
                        formula.push_str(&text);
                    }
                }
                Event::Close(name) if name == "definedName" => {
                    if self.book.gaps.room(names.len(), NAMES_MAX, "names") {
                        names.extend(current.take());
                    }
                }
                Event::Close(_) => {}
            }
        }
        (listed, Names::Text(names))
    }

    pub(super) fn names(&mut self, names: Vec<(Name, String)>) {
        // All labels first: a formula may use a name that is defined after it.
        let mut formulas = Vec::with_capacity(names.len());
        for (name, formula) in names {
            formulas.push(formula);
            self.book.names.push(name);
        }
        for (i, formula) in formulas.iter().enumerate() {
            if !self.budget.spend(1 + formula.len() as u64 / 32) {
                break;
            }
            let sheet = self.book.names.get(i).and_then(|n| n.sheet).unwrap_or(0);
            let id = parse_formula(&unescape_units(formula.clone()), (sheet, 0, 0), false, &mut self.book);
            if let Some(name) = self.book.names.get_mut(i) {
                name.formula = id;
            }
        }
    }

    /// What tables are loaded from.
    pub(super) fn connections(&mut self, part: &str) {
        let Some(bytes) = self.parts.part(part) else { return };
        let text = utf8(&bytes);
        let mut xml = Xml::new(&text);
        while let Some(event) = xml.next() {
            let Event::Open(element) = event else { continue };
            let found = ["url", "connection", "sourceFile"].iter().filter_map(|a| element.get(a));
            for value in found.filter(|v| !v.is_empty()) {
                if self.book.gaps.room(self.book.connections.len(), CONNECTIONS_MAX, "connections") {
                    self.book.connections.push(value);
                }
            }
        }
    }
}
