//! What files say about one another, once all are known: a shortcut beside a library, a script alone in an archive.
//!
//! Software is sent in archives too, so a program among many files weighs less than one that is nearly alone, and a
//! shortcut counts most when its command line names its neighbour.

use crate::{
    Derived, File, Finding, Hints, Id, Kind, Place, Relation, Severity,
    extensions::{Class, class, is_script, listed},
    kind::{Family, extension},
    programs::{Program, program},
};

/// Members up to which an archive is made for one purpose.
const FEW: usize = 12;
/// Members from which on an image is somebody's software.
const MANY: usize = 50;
/// Files that systems leave behind.
const LITTER: [&str; 4] = ["thumbs.db", "desktop.ini", ".ds_store", "autorun.inf"];

pub(crate) fn check(files: &mut [File], _hints: &Hints) {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); files.len()];
    for (index, file) in files.iter().enumerate() {
        if let Some(list) = file.parent.and_then(|parent| members.get_mut(parent))
            && file.relation == Relation::Member
        {
            list.push(index);
        }
    }
    let mut found: Vec<(usize, Finding)> = Vec::new();
    for (index, list) in members.into_iter().enumerate() {
        let Some(file) = files.get(index) else { continue };
        let inside: Vec<(usize, &File)> =
            list.into_iter().filter_map(|at| Some((at, files.get(at)?))).collect();
        match file.kind.family() {
            Family::DiskImage => image(index, file, &inside, &mut found),
            Family::Archive => archive(index, &inside, &mut found),
            _ => {}
        }
        shortcuts(index, &inside, &mut found);
    }
    families(files, &mut found);
    for (index, finding) in found {
        let Some(file) = files.get_mut(index) else { continue };
        // A script is one finding, whether its content or its neighbours say so: the worse of the two counts.
        let one = |id| matches!(id, Id::ScriptAttachment | Id::OleEncryptedDefault);
        let same = |f: &&mut Finding| f.id == finding.id && (f.evidence == finding.evidence || one(f.id));
        match file.findings.iter_mut().find(same) {
            Some(known) => known.severity = known.severity.max(finding.severity),
            None => file.findings.push(finding),
        }
    }
    files.iter_mut().for_each(confirm);
}

/// Files around a file up to the outermost one.
fn around<'f>(files: &'f [File], file: &File) -> impl Iterator<Item = (usize, &'f File)> {
    let mut at = file.parent;
    std::iter::from_fn(move || {
        let index = at?;
        let file = files.get(index)?;
        // Parents come before their children.
        at = file.parent.filter(|parent| *parent < index);
        Some((index, file))
    })
}

/// Chains of files that known families are built like.
fn families(files: &[File], found: &mut Vec<(usize, Finding)>) {
    for (index, file) in files.iter().enumerate() {
        let has = |file: &File, id: Id| file.findings.iter().any(|f| f.id == id);
        // A workbook that opens with Excel's own password and holds an equation.
        let equation = has(file, Id::OleEquation) || has(file, Id::RtfEqnOverlongFont);
        let locked = || around(files, file).find(|(_, f)| has(f, Id::OleEncryptedDefault));
        if equation && let Some((outer, _)) = locked() {
            found.push((
                outer,
                finding(Id::FamGuloader, Severity::Info, "an equation behind the default password".into()),
            ));
        }
        let Some(facts) = file.facts.shortcut.as_ref().filter(|_| is_shortcut(file)) else { continue };
        let line = format!(
            "{} {}",
            facts.target.as_deref().or(facts.relative_path.as_deref()).unwrap_or_default(),
            facts.arguments.as_deref().unwrap_or_default()
        );
        let line = line.to_lowercase();
        let has_word = |words: &[&str]| words.iter().any(|word| line.contains(word));
        let image = around(files, file).find(|(_, f)| f.kind.family() == Family::DiskImage);
        if let Some((outer, _)) = image
            && line.contains("rundll32")
            && has_word(&[".dll,open", ".dll, open", ".dll,start", ".dll, start"])
        {
            found.push((outer, finding(Id::FamNobeliumNativezone, Severity::Info, line.clone())));
        }
        // Out of a page or a locked archive: an image whose shortcut runs a script in a folder, or a library by a false name.
        let wrapped = around(files, file)
            .any(|(_, f)| matches!(f.kind.family(), Family::Page) || f.facts.password.is_some());
        let folder = has_word(&["cmd"]) && has_word(&["\\"]) && has_word(&[".cmd", ".bat", ".js"]);
        let library = has_word(&["regsvr32", "rundll32"])
            && has_word(&[".dat", ".txt", ".tmp", ",updt", ",drawthemeicon"]);
        if wrapped && image.is_some() && (folder || library) {
            found.push((index, finding(Id::FamQbot2022, Severity::Info, line.clone())));
        }
    }
    // What opens by itself with Office's own password was locked against scanners: content that acts confirms it.
    for (index, file) in files.iter().enumerate() {
        if !file.findings.iter().any(|f| f.id == Id::OleEncryptedDefault) {
            continue;
        }
        let inside = |f: &&File| std::ptr::eq(*f, file) || around(files, f).any(|(outer, _)| outer == index);
        let acts = |f: &Finding| f.severity >= Severity::High && f.id != Id::FmtDangerousExt;
        if files.iter().filter(inside).any(|f| f.findings.iter().any(acts)) {
            let evidence = "opened with the password that Office tries by itself".to_owned();
            found.push((index, finding(Id::OleEncryptedDefault, Severity::High, evidence)));
        }
    }
}

/// An extension that runs says little while its content is what people send; content that acts confirms it.
fn confirm(file: &mut File) {
    let acts = file.findings.iter().any(|f| f.severity >= Severity::High && f.id != Id::FmtDangerousExt);
    let dangerous = file.findings.iter_mut().find(|f| f.id == Id::FmtDangerousExt);
    if let Some(dangerous) = dangerous.filter(|_| acts) {
        dangerous.severity = Severity::High;
    }
}

fn finding(id: Id, severity: Severity, evidence: String) -> Finding {
    let evidence = evidence.chars().take(crate::limits::EVIDENCE_CHARS_MAX).collect();
    Finding { id, severity, location: Place::WHOLE, evidence, derived: Derived::Static }
}

fn base(file: &File) -> &str {
    file.name.rsplit(['/', '\\']).next().unwrap_or_default()
}

fn litter(file: &File) -> bool {
    let name = base(file).to_lowercase();
    LITTER.contains(&name.as_str())
        || name.starts_with("._")
        || ["__macosx/", "system volume information/", "$recycle.bin/"]
            .iter()
            .any(|folder| file.name.to_lowercase().starts_with(folder))
}

fn of_class(file: &File) -> Class {
    class(&extension(base(file)))
}

fn is_program(file: &File) -> bool {
    matches!(of_class(file), Class::Program | Class::Library | Class::Installer)
        || matches!(file.kind.family(), Family::Program) && file.kind != Kind::Chm
}

/// Windows loads or runs it.
fn is_windows_program(file: &File) -> bool {
    matches!(file.kind, Kind::Exe | Kind::Msi)
        || file.listed_only && matches!(of_class(file), Class::Program | Class::Library)
        || listed("exe dll scr com pif cpl ocx xll msi", &extension(base(file)))
}

fn is_shortcut(file: &File) -> bool {
    file.kind == Kind::Lnk || listed("lnk", &extension(base(file)))
}

fn acts(file: &File) -> bool {
    is_script(&extension(base(file)))
        || matches!(of_class(file), Class::Shortcut)
        || matches!(file.kind, Kind::Lnk | Kind::UrlFile | Kind::Hta | Kind::EncodedScript | Kind::Wsf)
}

/// A link to a web page, as makers of software put on their discs.
fn plain_link(file: &File) -> bool {
    let worse = |f: &Finding| f.severity >= Severity::High && f.id != Id::FmtDangerousExt;
    file.kind == Kind::UrlFile && !file.findings.iter().any(worse)
}

fn names<'f>(files: impl Iterator<Item = &'f File>) -> String {
    files.take(6).map(base).collect::<Vec<_>>().join(", ")
}

fn archive(index: usize, inside: &[(usize, &File)], found: &mut Vec<(usize, Finding)>) {
    let members: Vec<&File> = inside.iter().map(|(_, f)| *f).filter(|f| !litter(f)).collect();
    if let [only] = members.as_slice() {
        if acts(only) {
            found.push((index, finding(Id::ArcSingleScript, Severity::High, base(only).to_owned())));
        } else if carries_macros(only) {
            let active = only.listed_only
                || only.findings.iter().any(|f| {
                    ["VBA-", "XLM-", "DDE-", "TPL-"].iter().any(|family| f.id.name().starts_with(family))
                });
            let severity = if active { Severity::Low } else { Severity::Info };
            found.push((index, finding(Id::ArcSingleOffice, severity, base(only).to_owned())));
        }
    }
    let programs = || members.iter().copied().filter(|f| is_program(f));
    if programs().next().is_some() {
        // Nobody starts a library by a click, and among many files a program is software.
        let starts = members.iter().any(|f| is_windows_program(f) && of_class(f) != Class::Library);
        let severity = if starts && members.len() <= MANY { Severity::High } else { Severity::Medium };
        found.push((index, finding(Id::ArcExec, severity, names(programs()))));
    }
    // Among many files a script is part of a program or of a web page.
    let page = members.iter().any(|f| listed("css html htm json ts md c h py", &extension(base(f))));
    for (at, file) in inside {
        let extension = extension(base(file));
        if is_script(&extension) && members.len() <= FEW && !(page && listed("js bat cmd ps1", &extension)) {
            found.push((*at, finding(Id::ScriptAttachment, Severity::High, base(file).to_owned())));
        }
    }
}

fn carries_macros(file: &File) -> bool {
    use Kind as K;
    let by_kind = matches!(
        file.kind,
        K::Word
            | K::Excel
            | K::PowerPoint
            | K::Ole
            | K::OleEncrypted
            | K::Docx
            | K::Xlsx
            | K::Xlsb
            | K::Pptx
            | K::Biff
            | K::Sylk
            | K::WordXml
            | K::FlatOpc
            | K::SpreadsheetXml
            | K::ActiveMime
            | K::Rtf
    );
    by_kind || file.listed_only && of_class(file) == Class::Office
}

fn image(index: usize, file: &File, inside: &[(usize, &File)], found: &mut Vec<(usize, Finding)>) {
    found.push((index, finding(Id::IsoContainer, Severity::Medium, file.kind.name().to_owned())));
    let members: Vec<&File> = inside.iter().map(|(_, f)| *f).filter(|f| !litter(f)).collect();
    let hidden = || members.iter().copied().filter(|f| f.hidden);
    if hidden().next().is_some() {
        // A hidden text hides nothing that runs, unless something beside it does.
        let harmless = |f: &File| matches!(f.kind.family(), Family::Text | Family::Image | Family::Media);
        let only_data = hidden().all(harmless) && !members.iter().any(|f| acts(f) || is_program(f));
        let severity = if only_data { Severity::Medium } else { Severity::High };
        found.push((index, finding(Id::IsoHiddenFile, severity, names(hidden()))));
    }
    let active = || members.iter().copied().filter(|f| acts(f) && !plain_link(f));
    if active().next().is_some() {
        let severity = if members.len() > MANY { Severity::Medium } else { Severity::High };
        found.push((index, finding(Id::IsoScript, severity, names(active()))));
    }
    let programs = || members.iter().copied().filter(|f| is_program(f));
    if programs().next().is_some() {
        let severity = if members.len() > FEW { Severity::Medium } else { Severity::High };
        found.push((index, finding(Id::ArcExec, severity, names(programs()))));
    }
    let beside = members.len() <= FEW || hidden().any(is_program);
    if beside && active().next().is_some() && programs().any(is_windows_program) {
        let text = format!("{} beside {}", names(active()), names(programs()));
        found.push((index, finding(Id::IsoLnkPlusDll, Severity::Critical, text)));
    }
}

/// Shortcuts whose command line names a file beside them.
fn shortcuts(index: usize, inside: &[(usize, &File)], found: &mut Vec<(usize, Finding)>) {
    for (at, link) in inside.iter().filter(|(_, f)| is_shortcut(f)) {
        let Some(facts) = &link.facts.shortcut else { continue };
        let target =
            facts.target.as_deref().or(facts.relative_path.as_deref()).unwrap_or_default().to_lowercase();
        let arguments = facts.arguments.as_deref().unwrap_or_default().to_lowercase();
        let target_name = target.rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = target_name.rsplit_once('.').map_or(target_name, |(stem, _)| stem);
        let runner = program(stem).is_some_and(Program::runs_code);
        let named = inside.iter().map(|(_, f)| *f).find(|other| {
            let name = base(other).to_lowercase();
            let harmless =
                matches!(of_class(other), Class::Document | Class::Picture | Class::Media | Class::Page);
            name.len() >= 4 && !is_shortcut(other) && {
                let by_runner = runner && arguments.contains(&name) && !(harmless && stem == "explorer");
                by_runner || target_name == name && !harmless
            }
        });
        let Some(named) = named else { continue };
        let text = format!("{} runs {}", base(link), base(named));
        // A shortcut to the program beside it is how some software is sent, if the program is not hidden.
        let direct = !runner && !named.hidden;
        let severity = if direct { Severity::High } else { Severity::Critical };
        found.push((*at, finding(Id::LnkArgMember, severity, text.clone())));
        if is_windows_program(named) && !direct {
            found.push((index, finding(Id::IsoLnkPlusDll, Severity::Critical, text)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Facts, Secret, facts};

    fn file(kind: Kind, parent: Option<usize>, ids: &[Id]) -> File {
        let findings = ids.iter().map(|id| finding(*id, id.severity(), String::new())).collect();
        File { kind, parent, findings, relation: Relation::Member, ..File::default() }
    }

    fn shortcut(parent: usize, target: &str, arguments: &str) -> File {
        let shortcut = facts::Shortcut {
            target: Some(target.to_owned()),
            arguments: Some(arguments.to_owned()),
            ..facts::Shortcut::default()
        };
        let facts = Facts { shortcut: Some(shortcut), ..Facts::default() };
        File { facts, ..file(Kind::Lnk, Some(parent), &[]) }
    }

    fn told(mut files: Vec<File>) -> String {
        check(&mut files, &Hints::default());
        let all = files.iter().flat_map(|f| &f.findings);
        let families = all.filter(|f| f.id.name().starts_with("FAM-") || f.id == Id::OleEncryptedDefault);
        families.map(|f| format!("{:?} {}", f.severity, f.id.name())).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_default_password_counts_beside_what_acts() {
        let locked = || file(Kind::OleEncrypted, None, &[Id::OleEncryptedDefault]);
        assert_eq!(told(vec![locked()]), "Medium OLE-ENCRYPTED-DEFAULT");
        assert_eq!(
            told(vec![locked(), file(Kind::Xlsx, Some(0), &[Id::XlmSheet])]),
            "Medium OLE-ENCRYPTED-DEFAULT"
        );
        let inside = file(Kind::Xlsx, Some(0), &[]);
        let equation = file(Kind::Ole, Some(1), &[Id::OleEquation]);
        assert_eq!(told(vec![locked(), inside, equation]), "High OLE-ENCRYPTED-DEFAULT, Info FAM-GULOADER");
        // An equation in a document that is open.
        assert_eq!(told(vec![file(Kind::Xlsx, None, &[]), file(Kind::Ole, Some(0), &[Id::OleEquation])]), "");
    }

    #[test]
    fn discs_of_software() {
        let named = |name: &str, kind| File { name: name.to_owned(), ..file(kind, Some(0), &[]) };
        let image = |inside: Vec<File>| {
            let mut files = vec![file(Kind::Iso, None, &[])];
            files.extend(inside);
            check(&mut files, &Hints::default());
            let ids = files[0].findings.iter().filter(|f| f.id.name().starts_with("ISO-"));
            ids.map(|f| format!("{:?} {}", f.severity, f.id.name())).collect::<Vec<_>>().join(", ")
        };
        let setup = || named("setup.exe", Kind::Exe);
        assert_eq!(image(vec![setup(), named("support.url", Kind::UrlFile)]), "Medium ISO-CONTAINER");
        let both = "Medium ISO-CONTAINER, High ISO-SCRIPT, Critical ISO-LNK-PLUS-DLL";
        assert_eq!(image(vec![setup(), named("Reports.lnk", Kind::Lnk)]), both);
        let mut away = named("a.url", Kind::UrlFile);
        away.findings.push(finding(Id::UrlfileRemoteExec, Severity::High, String::new()));
        assert_eq!(image(vec![setup(), away]), both);
        let hidden = |name: &str, kind| File { hidden: true, ..named(name, kind) };
        let told = "Medium ISO-CONTAINER, Medium ISO-HIDDEN-FILE";
        assert_eq!(image(vec![hidden("notes.txt", Kind::Text), named("b.pdf", Kind::Pdf)]), told);
        let told = "Medium ISO-CONTAINER, High ISO-HIDDEN-FILE";
        assert_eq!(image(vec![hidden("a.dll", Kind::Exe), named("b.pdf", Kind::Pdf)]), told);
    }

    #[test]
    fn chains_of_families() {
        let image = |parent| file(Kind::Iso, parent, &[]);
        let open =
            |line: &str| told(vec![image(None), shortcut(0, r"C:\Windows\System32\rundll32.exe", line)]);
        assert_eq!(open("Documents.dll,Open"), "Info FAM-NOBELIUM-NATIVEZONE");
        assert_eq!(open("shell32.dll,Control_RunDLL"), "");
        let chain = |outer: File, line: &str| {
            told(vec![outer, image(Some(0)), shortcut(1, r"C:\Windows\System32\cmd.exe", line)])
        };
        let page = || file(Kind::Html, None, &[]);
        let mut locked = file(Kind::Zip, None, &[]);
        locked.facts.password = Some(Secret::new("x"));
        assert_eq!(chain(page(), r"/c judicature\parked.cmd reg"), "Info FAM-QBOT-2022");
        assert_eq!(chain(locked, "/c regsvr32 a.dat"), "Info FAM-QBOT-2022");
        assert_eq!(chain(file(Kind::Zip, None, &[]), r"/c judicature\parked.cmd reg"), "");
        assert_eq!(chain(page(), "/k"), "");
    }
}
