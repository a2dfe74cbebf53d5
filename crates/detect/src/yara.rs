//! YARA rules over the files that were opened: compiled once from the folders that the configuration names, matched
//! against a file when a rule of ours reads `scan.yara`.
//!
//! The modules `math`, `string` and `hash` can be imported. `time` cannot: a file is judged the same today and
//! tomorrow. Nothing is included from outside the folder: each file stands for itself, and names of rules may repeat in
//! different files.

use std::{path::Path, time::Duration};

use boreal::{
    MetadataValue, Scanner,
    compiler::{CompilerBuilder, CompilerParams},
    module::{Hash, Math, String_},
    scanner::{ScanError, ScanParams},
};

use crate::{
    Error,
    limits::{
        YARA_FILE_BYTES_MAX, YARA_MATCHES_MAX, YARA_PLACES_MAX, YARA_RULE_BYTES_MAX, YARA_STEPS_MAX,
        YARA_TIME_MAX,
    },
    rules,
};

/// YARA rules, ready to match.
pub struct Yara {
    scanner: Scanner,
    /// Times that a file is gone over.
    passes: u64,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YaraMatch {
    /// Its name.
    pub name: String,
    /// Its metadata; the last value of a name counts.
    pub meta: Vec<(String, String)>,
}

/// Nobody knows which rules match a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It is larger than the limits allow, or more rules match: the same each time.
    OverLimit,
    /// It took longer than [`YARA_TIME_MAX`]: on a faster machine it may not.
    OutOfTime,
}

impl Yara {
    /// Reads every `.yar` and `.yara` file below the folders (or single files), in the order of their paths.
    ///
    /// # Errors
    /// When a folder cannot be read, holds no rule file, or a rule is wrong; the message names file and line.
    pub fn read(paths: &[impl AsRef<Path>]) -> Result<Self, Error> {
        let mut sources = Vec::new();
        for path in paths {
            let mut files = Vec::new();
            let missing = |source| Error::Read { path: path.as_ref().to_owned(), source };
            std::fs::metadata(path).map_err(missing)?;
            rules::walk(path.as_ref(), 0, &mut files)?;
            files.retain(|f| f.extension().is_some_and(|e| e == "yar" || e == "yara"));
            files.sort();
            if files.is_empty() {
                return Err(Error::Empty { path: path.as_ref().to_owned(), wanted: ".yar or .yara file" });
            }
            for file in files {
                let name = file.display().to_string();
                let fail = |source| Error::Read { path: file.clone(), source };
                if std::fs::metadata(&file).map_err(fail)?.len() > YARA_RULE_BYTES_MAX {
                    let message = format!("larger than {YARA_RULE_BYTES_MAX} bytes");
                    return Err(Error::Format { file: name, line: 1, message });
                }
                // Rules may be in any charset: what is not UTF-8 stands in comments and metadata.
                let bytes = std::fs::read(&file).map_err(fail)?;
                sources.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        Self::compile(&sources)
    }

    /// Compiles rule files, given as name and text.
    ///
    /// # Errors
    /// The first rule that is wrong, with file and line.
    pub fn compile(sources: &[(String, String)]) -> Result<Self, Error> {
        Self::compile_for(sources, YARA_TIME_MAX)
    }

    fn compile_for(sources: &[(String, String)], time: Duration) -> Result<Self, Error> {
        let modules = CompilerBuilder::default().add_module(Math).add_module(String_).add_module(Hash);
        let mut compiler = modules.build();
        compiler.set_params(CompilerParams::default().disable_includes(true).compute_statistics(true));
        let mut passes = 1;
        for (name, text) in sources {
            let added = compiler.add_rules_str_in_namespace(text, name).map_err(|error| {
                // `mem:LINE:COLUMN: error: …`: the compiler does not know the name of what it was given.
                let rendered = error.to_string();
                let rest = rendered.strip_prefix("mem:").unwrap_or(&rendered);
                Error::Yara { rendered: format!("{name}:{rest}") }
            })?;
            // The others are looked for together.
            let strings = added.statistics().flat_map(|rule| &rule.strings);
            passes += strings.filter(|string| string.matching_algo == "Raw").count() as u64;
        }
        let mut scanner = compiler.finalize();
        scanner.set_scan_params(
            ScanParams::default()
                .timeout_duration(Some(time))
                .string_max_nb_matches(YARA_PLACES_MAX)
                .match_max_length(0),
        );
        Ok(Yara { scanner, passes })
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scanner.rules().count()
    }

    /// No rule at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rules that match, private ones left out, in the order of the files.
    ///
    /// # Errors
    /// When a limit was reached.
    pub fn matches(&self, bytes: &[u8]) -> Result<Vec<YaraMatch>, Stopped> {
        let steps = self.passes.saturating_mul(bytes.len() as u64);
        if bytes.len() > YARA_FILE_BYTES_MAX || steps > YARA_STEPS_MAX {
            return Err(Stopped::OverLimit);
        }
        let result = self.scanner.scan_mem(bytes).map_err(|(error, _)| match error {
            ScanError::Timeout => Stopped::OutOfTime,
            _ => Stopped::OverLimit,
        })?;
        // A part of them would be a wrong answer, not a short one.
        if result.rules.len() > YARA_MATCHES_MAX {
            return Err(Stopped::OverLimit);
        }
        Ok(result
            .rules
            .iter()
            .map(|rule| {
                let mut meta: Vec<(String, String)> = Vec::new();
                for entry in rule.metadatas {
                    let name = self.scanner.get_string_symbol(entry.name).to_owned();
                    meta.retain(|(known, _)| *known != name);
                    meta.push((name, self.value(entry.value)));
                }
                YaraMatch { name: rule.name.to_owned(), meta }
            })
            .collect())
    }

    fn value(&self, value: MetadataValue) -> String {
        match value {
            MetadataValue::Bytes(bytes) => {
                String::from_utf8_lossy(self.scanner.get_bytes_symbol(bytes)).into_owned()
            }
            MetadataValue::Integer(number) => number.to_string(),
            MetadataValue::Boolean(flag) => flag.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<Yara, Error> {
        Yara::compile(&[("rules/a.yar".to_owned(), text.to_owned())])
    }

    fn names(text: &str, bytes: &[u8]) -> Vec<String> {
        compile(text).unwrap().matches(bytes).unwrap().into_iter().map(|m| m.name).collect()
    }

    const PAIR: &str = r#"
        private rule head { strings: $a = "%PDF-" condition: $a at 0 }
        rule lure { meta: author = "x" level = 3 sure = true level = 4 strings: $a = /view\s+document/i condition: head and $a }
    "#;

    #[test]
    fn a_rule_matches_or_not_and_private_ones_are_not_told() {
        assert_eq!(names(PAIR, b"%PDF-1.7 View  Document"), ["lure"]);
        assert!(names(PAIR, b"%PDF-1.7 View Invoice").is_empty());
        assert!(names(PAIR, b"").is_empty());
        let found = compile(PAIR).unwrap().matches(b"%PDF-1.7 View  Document").unwrap();
        let meta = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(found[0].meta, [meta("author", "x"), meta("sure", "true"), meta("level", "4")]);
    }

    #[test]
    fn modules_that_depend_on_nothing_outside_the_file() {
        let rule = r#"import "hash" import "math" import "string" rule a { condition:
            hash.md5(0, filesize) == "900150983cd24fb0d6963f7d28e17f72" and math.entropy(0, filesize) > 1.5
            and string.length("ab") == 2 }"#;
        assert_eq!(names(rule, b"abc"), ["a"]);
        assert!(compile("import \"time\" rule a { condition: time.now() > 1 }").is_err());
    }

    #[test]
    fn a_wrong_rule_is_named_with_file_and_line() {
        let error = compile("rule a {\n  condition: $b\n}").err().unwrap().to_string();
        assert!(error.starts_with("rules/a.yar:2:"), "{error}");
        let error = compile("include \"/etc/passwd\"").err().unwrap().to_string();
        assert!(error.starts_with("rules/a.yar:1:"), "{error}");
        let error = compile("rule a { condition: ").err().unwrap().to_string();
        assert!(error.starts_with("rules/a.yar:1:"), "{error}");
    }

    #[test]
    fn two_files_may_use_one_name() {
        let rule = |word: &str| format!("rule a {{ strings: $a = \"{word}\" condition: $a }}");
        let both = [("x.yar".to_owned(), rule("one")), ("y.yar".to_owned(), rule("two"))];
        let yara = Yara::compile(&both).unwrap();
        assert_eq!((yara.len(), yara.matches(b"one two").unwrap().len()), (2, 2));
    }

    #[test]
    fn a_rule_that_does_not_end_is_over_the_limit() {
        let rule =
            "rule a { condition: for all i in (0..filesize) : (for all j in (0..filesize) : (i + j >= 0)) }";
        let source = [("a.yar".to_owned(), rule.to_owned())];
        let yara = Yara::compile_for(&source, Duration::from_millis(50)).unwrap();
        assert_eq!(yara.matches(&[0; 200_000]), Err(Stopped::OutOfTime));
        assert_eq!(yara.matches(&[0; 9]).map(|found| found.len()), Ok(1));
    }

    #[test]
    fn what_is_too_large_is_over_the_limit() {
        assert_eq!(
            compile(PAIR).unwrap().matches(&vec![0; YARA_FILE_BYTES_MAX + 1]),
            Err(Stopped::OverLimit)
        );
        let rules = |count: usize| {
            (0..count).map(|i| format!("rule r{i} {{ condition: true }}\n")).collect::<String>()
        };
        assert_eq!(names(&rules(YARA_MATCHES_MAX), b"x").len(), YARA_MATCHES_MAX);
        assert_eq!(compile(&rules(YARA_MATCHES_MAX + 1)).unwrap().matches(b"x"), Err(Stopped::OverLimit));
    }

    /// Strings without fixed bytes are looked for one by one: the more there are, the smaller files may be.
    #[test]
    fn a_file_is_gone_over_so_many_times() {
        let rule = |strings: usize| {
            let strings: String =
                (0..strings).map(|i| format!("$a{i} = /[\\x01-\\xff]{{{},}}/ ", i + 1)).collect();
            format!("rule a {{ strings: {strings} condition: any of them }}")
        };
        let (few, many) = (compile(&rule(1)).unwrap(), compile(&rule(300)).unwrap());
        assert_eq!((few.passes, many.passes), (2, 301));
        let at = (YARA_STEPS_MAX / many.passes) as usize;
        let bytes = vec![0; at + 1];
        assert_eq!(many.matches(&bytes), Err(Stopped::OverLimit));
        assert_eq!(many.matches(&bytes[..at]), Ok(Vec::new()));
        assert_eq!(few.matches(&bytes), Ok(Vec::new()));
    }
}
