//! What a document holds where code can read it: properties, variables, texts of shapes and forms, by the paths that
//! code uses for them.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::{
    project::Project,
    value::{FORM, How, PROPERTY, Text},
};

/// Texts by their normalised paths.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    texts: Vec<(Rc<str>, Rc<Text>)>,
    by_path: FxHashMap<String, usize>,
}

/// Numbers of built-in properties.
const BUILT_IN: [(&str, &str); 14] = [
    ("1", "title"),
    ("2", "subject"),
    ("3", "author"),
    ("4", "keywords"),
    ("5", "comments"),
    ("6", "template"),
    ("7", "lastauthor"),
    ("8", "revision"),
    ("9", "appname"),
    ("18", "category"),
    ("19", "format"),
    ("20", "manager"),
    ("21", "company"),
    ("29", "hyperlinkbase"),
];

/// Other names of the same property.
const SAME: [(&str, &str); 8] = [
    ("description", "comments"),
    ("comments", "description"),
    ("creator", "author"),
    ("author", "creator"),
    ("lastmodifiedby", "lastauthor"),
    ("lastauthor", "lastmodifiedby"),
    ("application", "appname"),
    ("hyperlinkbase", "hyperlinksbase"),
];

impl Surroundings {
    pub(crate) fn new(project: &Project, strings: &[(String, String)]) -> Surroundings {
        let mut out = Surroundings::default();
        for (name, text) in project.form_strings() {
            out.add(&name, text, FORM);
        }
        for (name, text) in strings {
            out.add(name, text, PROPERTY);
        }
        out
    }

    fn add(&mut self, name: &str, text: &str, how: How) {
        let path = normal(name);
        let index = self.texts.len();
        self.texts.push((Rc::from(name), Rc::new(Text::new(text, how))));
        if how == FORM {
            // `Label1.Caption` in the form's own code, `UserForm1.Label1` for what it shows.
            if let Some((_, short)) = path.split_once('.').filter(|(_, rest)| rest.contains('.')) {
                self.by_path.entry(short.to_owned()).or_insert(index);
            }
            let shown = path.strip_suffix(".caption").or(path.strip_suffix(".text"));
            if let Some(control) = shown.filter(|c| c.contains('.')) {
                self.by_path.entry(control.to_owned()).or_insert(index);
            }
            if let Some(control) = path.strip_suffix(".text") {
                self.by_path.entry(format!("{control}.value")).or_insert(index);
            }
        }
        self.by_path.entry(path).or_insert(index);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The name and text at a path of the object model, lower case.
    pub(crate) fn at(&self, path: &str) -> Option<&(Rc<str>, Rc<Text>)> {
        if self.texts.is_empty() || path.len() > 512 {
            return None;
        }
        let path = path.replace(".controls(", ".").replace("me.", "");
        let plain = path.strip_suffix(".value").or(path.strip_suffix(".text")).unwrap_or(&path);
        let candidates = [path.as_str(), plain];
        candidates.into_iter().find_map(|path| self.suffix(path)).or_else(|| self.property(plain))
    }

    /// The longest end of the path that is known.
    fn suffix(&self, path: &str) -> Option<&(Rc<str>, Rc<Text>)> {
        let fixed = |path: &str| path.replace(')', "").replace('(', ".");
        let mut rest = path;
        loop {
            let found = self.by_path.get(rest).copied().or_else(|| self.by_path.get(&fixed(rest)).copied());
            if let Some(index) = found.or_else(|| self.numbered(rest)) {
                return self.texts.get(index);
            }
            rest = rest.split_once('.')?.1;
            // A last name alone (`text`, `value`) is nobody's.
            if !rest.contains(['.', '(']) {
                return None;
            }
        }
    }

    /// `shapes(2).alternativetext`: the second that there is.
    fn numbered(&self, path: &str) -> Option<usize> {
        let (before, rest) = path.split_once('(')?;
        let (number, after) = rest.split_once(')')?;
        let number: usize = number.parse().ok().filter(|n| *n > 0)?;
        let fits = |(name, _): &&(Rc<str>, Rc<Text>)| {
            let path = normal(name);
            let inner = path.strip_prefix(before).and_then(|r| r.strip_prefix('('));
            inner.and_then(|r| r.split_once(')')).is_some_and(|(_, end)| end == after)
        };
        let found = self.texts.iter().filter(fits).nth(number - 1)?;
        self.texts.iter().position(|t| std::ptr::eq(t, found))
    }

    /// `builtindocumentproperties(comments)` and its kin: a property by its bare name.
    fn property(&self, path: &str) -> Option<&(Rc<str>, Rc<Text>)> {
        let at = path.find("properties(").map(|at| at + "properties(".len());
        let at = at.or_else(|| path.find("properties.item(").map(|at| at + "properties.item(".len()))?;
        let name = path.get(at..)?.split(')').next()?;
        let name = BUILT_IN.iter().find(|(number, _)| *number == name).map_or(name, |(_, name)| name);
        let plain = name.replace(' ', "");
        let same = SAME.iter().filter(|(one, _)| *one == plain).map(|(_, other)| *other);
        let mut names = std::iter::once(plain.as_str()).chain(same);
        let index = names.find_map(|name| self.by_path.get(name))?;
        self.texts.get(*index)
    }
}

/// `CustomDocumentProperties("X y")` as `customdocumentproperties(xy)`.
fn normal(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '"' | ' ')).flat_map(char::to_lowercase).collect()
}
