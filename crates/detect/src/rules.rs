//! A compiled set of rules with the lists and people that they refer to: built once, shared by all messages.

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use sekisho_mql::{Expect, Rule, RuleSet, Schema};

use crate::{
    Error, Lists, Yara,
    bind::host::{Shared, Vip},
    feed, page,
    rule::{RuleKind, RuleSource},
};

/// The world of the rules: data model, facets, functions, lists.
pub const SCHEMA_TEXT: &str = include_str!("model.schema");

/// Bytes of one rule file at most.
const RULE_BYTES_MAX: u64 = 4 << 20;

/// The parsed schema.
///
/// # Panics
/// Never: the text is part of the program and a test parses it.
pub fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| match Schema::parse(SCHEMA_TEXT) {
        Ok(schema) => schema,
        // An empty world: every rule is then refused with a message that says which name is unknown.
        Err(_) => Schema::parse("").unwrap_or_else(|_| unreachable!("an empty schema parses")),
    });
    &SCHEMA
}

/// Parses and type-checks one rule.
///
/// # Errors
/// [`Error::Query`] with every diagnostic rendered.
pub fn check(source: &RuleSource) -> Result<Rule, Error> {
    let expect = if source.kind == RuleKind::Insight { Expect::Any } else { Expect::Bool };
    Rule::new(&source.query, schema(), expect).map_err(|diagnostics| {
        let offset = u32::try_from(source.line.saturating_sub(1)).unwrap_or(0);
        let rendered: Vec<String> = diagnostics.iter().map(|d| d.render(&source.file, offset)).collect();
        Error::Query { rendered: rendered.join("\n") }
    })
}

/// Reads one rule file; `None` when it is no rule.
///
/// # Errors
/// When it cannot be read or is not what it should be.
pub fn read_file(path: &Path) -> Result<Option<RuleSource>, Error> {
    let fail = |source| Error::Read { path: path.to_owned(), source };
    let name = path.display().to_string();
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    if !matches!(extension, "yml" | "yaml" | "md") {
        return Ok(None);
    }
    if std::fs::metadata(path).map_err(fail)?.len() > RULE_BYTES_MAX {
        return Err(Error::Format {
            file: name,
            line: 1,
            message: format!("larger than {RULE_BYTES_MAX} bytes"),
        });
    }
    let text = std::fs::read_to_string(path).map_err(fail)?;
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    match extension {
        "yml" | "yaml" => feed::parse(&name, &text),
        "md" if text.starts_with("---\n") => {
            let facet = path.parent().and_then(Path::file_name).and_then(|f| f.to_str()).unwrap_or_default();
            page::parse(&name, stem, facet, &text).map(Some)
        }
        _ => Ok(None),
    }
}

/// Reads every rule below a folder (or one file), in the order of their paths. Files that are wrong come as errors
/// beside the rules, so that one broken file does not hide the others.
///
/// # Errors
/// When the path itself cannot be read.
pub fn read_folder(path: &Path) -> Result<(Vec<RuleSource>, Vec<Error>), Error> {
    let mut files = Vec::new();
    walk(path, 0, &mut files)?;
    files.sort();
    let mut rules = Vec::new();
    let mut errors = Vec::new();
    for file in files {
        match read_file(&file) {
            Ok(rule) => rules.extend(rule),
            Err(error) => errors.push(error),
        }
    }
    Ok((rules, errors))
}

/// Folders may nest this deep.
const DEPTH_MAX: usize = 8;

pub(crate) fn walk(path: &Path, depth: usize, out: &mut Vec<std::path::PathBuf>) -> Result<(), Error> {
    if !path.is_dir() {
        out.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    for entry in entries.flatten() {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && depth < DEPTH_MAX {
            walk(&entry.path(), depth + 1, out)?;
        }
    }
    Ok(())
}

/// The rules that ship with the program.
///
/// # Errors
/// Never for a released program: a test loads them.
pub fn builtin() -> Result<Vec<RuleSource>, Error> {
    BUILTIN
        .iter()
        .map(|(facet, id, text)| page::parse(&format!("rules/{facet}/{id}.md"), id, facet, text))
        .collect()
}

include!(concat!(env!("OUT_DIR"), "/builtin_rules.rs"));

/// What rules know about the organisation.
#[derive(Debug, Clone, Default)]
pub struct OrgLists {
    /// Its domains.
    pub domains: Vec<String>,
    /// Display names of its people.
    pub display_names: Vec<String>,
    /// Display name and address of its VIPs.
    pub vips: Vec<(String, String)>,
}

/// Rules ready to judge.
pub struct Rules {
    pub(crate) sources: Vec<RuleSource>,
    pub(crate) set: RuleSet,
    pub(crate) shared: Shared,
}

impl Rules {
    /// Compiles detections; other kinds of rules are passed over.
    ///
    /// # Errors
    /// The first rule that does not check, or two rules with one id.
    pub fn compile(sources: Vec<RuleSource>, lists: Lists, organisation: &OrgLists) -> Result<Self, Error> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        let mut kept = Vec::new();
        let mut checked = Vec::new();
        for source in sources {
            if source.kind != RuleKind::Detection {
                continue;
            }
            if let Some(first) = files.insert(source.id.clone(), source.file.clone()) {
                return Err(Error::Duplicate { id: source.id, first, second: source.file });
            }
            checked.push((source.id.clone(), check(&source)?));
            kept.push(source);
        }
        let mut by_name = lists.by_name;
        if !organisation.domains.is_empty() {
            let labels =
                organisation.domains.iter().filter_map(|d| sekisho_mail::Domain::parse(d).sld).collect();
            by_name.insert("org_slds".into(), labels);
            by_name.insert("org_domains".into(), organisation.domains.clone());
        }
        if !organisation.display_names.is_empty() {
            by_name.insert("org_display_names".into(), organisation.display_names.clone());
        }
        let vips = organisation
            .vips
            .iter()
            .map(|(name, email)| Vip { display_name: name.clone(), email: email.clone() })
            .collect();
        let shared = Shared::new(schema(), by_name, vips);
        let set = RuleSet::compile(checked.iter().map(|(id, rule)| (id.as_str(), rule)), schema());
        Ok(Self { set, sources: kept, shared })
    }

    /// YARA rules that `scan.yara` of a file tells; without any nobody can say which match.
    #[must_use]
    pub fn with_yara(mut self, yara: Yara) -> Self {
        self.shared.yara = Some(yara);
        self
    }

    /// The rules as they were written, in the order of compilation.
    #[must_use]
    pub fn sources(&self) -> &[RuleSource] {
        &self.sources
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::{Shape, shapes};

    #[test]
    fn every_built_in_page_is_read_and_checked() {
        let sources = builtin().unwrap();
        assert!(sources.len() >= 60, "{} built-in rules", sources.len());
        for source in &sources {
            check(source).unwrap();
        }
    }

    /// Nothing that is found in a file is without a page: alone, with others, or as one of a family.
    #[test]
    fn every_finding_of_a_file_has_a_page() {
        const FAMILIES: [&str; 1] = ["FAM-"];
        let pages = builtin().unwrap();
        let named = |text: String| pages.iter().any(|page| page.query.contains(&text));
        let family = |id: &str| {
            let prefix = FAMILIES.iter().find(|prefix| id.starts_with(**prefix));
            prefix.is_some_and(|prefix| named(format!("strings.istarts_with(.id, \"{prefix}\")")))
        };
        let ids = sekisho_unpack::Id::ALL.iter().map(|id| id.name());
        let without: Vec<&str> = ids.filter(|id| !named(format!("\"{id}\"")) && !family(id)).collect();
        assert!(without.is_empty(), "no page in rules/attachment names {}", without.join(", "));
        assert!(!named("\"LNK-MINIMISED\"".to_owned()) && !family("LNK-MINIMIZED"));
    }

    /// The binding reads fields by their place: the order of the Rust lists is the order of the schema.
    #[test]
    fn the_binding_names_fields_in_the_order_of_the_schema() {
        fn compare<T: Shape>() {
            let id = schema().shape_id(T::NAME).unwrap_or_else(|| panic!("no shape {}", T::NAME));
            let declared: Vec<&str> = schema().shape(id).unwrap().fields.iter().map(|(n, _)| &**n).collect();
            let bound: Vec<&str> = T::FIELDS.iter().map(|(n, _)| *n).collect();
            assert_eq!(bound, declared, "{}", T::NAME);
        }
        shapes::each_bound!(compare);
    }
}
