//! Programs that Windows brings along and that run, start or fetch what their arguments name: one table for command
//! lines, macros, shortcuts, fields and links.

/// What a program is dangerous for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Danger {
    /// Its arguments are commands.
    Shell,
    /// As [`Danger::Shell`], in PowerShell's language.
    PowerShell,
    /// Runs the script, library or project that its arguments name.
    Code,
    /// Starts another program, so that the one that wanted it does not show.
    Starts,
    /// Fetches a file.
    Fetches,
    /// Opens or copies what its arguments name, for honest macros and shortcuts as well.
    Serves,
    /// Changes settings.
    Settings,
}

/// A program of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Program {
    /// Lower case, without extension.
    pub(crate) name: &'static str,
    pub(crate) danger: Danger,
    /// A word of texts as well: it needs an extension, a path or a switch to count.
    pub(crate) common: bool,
}

impl Program {
    /// Its arguments decide which code runs or what comes to the computer.
    pub(crate) fn runs_code(&self) -> bool {
        self.danger != Danger::Settings
    }

    /// As [`Program::runs_code`], and honest macros have hardly a use for it.
    pub(crate) fn tells(&self) -> bool {
        self.runs_code() && self.danger != Danger::Serves
    }
}

const fn named(name: &'static str, danger: Danger) -> Program {
    Program { name, danger, common: false }
}

const fn word(name: &'static str, danger: Danger) -> Program {
    Program { name, danger, common: true }
}

use Danger::{Code, Fetches, PowerShell, Serves, Settings, Shell, Starts};

/// All of them.
pub(crate) const PROGRAMS: [Program; 40] = [
    word("bash", Shell),
    word("cmd", Shell),
    word("wsl", Shell),
    named("powershell", PowerShell),
    named("pwsh", PowerShell),
    named("cmstp", Code),
    word("control", Code),
    named("cscript", Code),
    word("hh", Code),
    named("ieexec", Code),
    named("installutil", Code),
    named("mavinject", Code),
    named("msbuild", Code),
    named("msdt", Code),
    named("mshta", Code),
    named("msiexec", Code),
    named("odbcconf", Code),
    named("presentationhost", Code),
    named("regasm", Code),
    named("regsvcs", Code),
    named("regsvr32", Code),
    named("rundll32", Code),
    named("scriptrunner", Code),
    named("syncappvpublishingserver", Code),
    named("wscript", Code),
    named("xwizard", Code),
    named("conhost", Starts),
    named("forfiles", Starts),
    named("pcalua", Starts),
    named("schtasks", Starts),
    named("winrs", Starts),
    named("wmic", Starts),
    named("bitsadmin", Fetches),
    named("certutil", Fetches),
    word("curl", Fetches),
    named("desktopimgdownldr", Fetches),
    word("finger", Fetches),
    word("explorer", Serves),
    word("ftp", Serves),
    word("reg", Settings),
];

/// Those of a kind, to look for them all at once.
pub(crate) fn of(kind: fn(&Program) -> bool) -> Vec<&'static Program> {
    PROGRAMS.iter().filter(|program| kind(program)).collect()
}

/// The program of this name: lower case, without path and extension.
pub(crate) fn program(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_once() {
        for (at, program) in PROGRAMS.iter().enumerate() {
            let first = PROGRAMS.iter().position(|other| other.name == program.name);
            assert_eq!(first, Some(at), "{}", program.name);
        }
    }

    #[test]
    fn what_honest_macros_use_tells_nothing() {
        let tells = |name| program(name).is_some_and(Program::tells);
        assert!(tells("certutil") && tells("cmd"));
        assert!(!tells("explorer") && !tells("reg") && !tells("notepad"));
    }
}
