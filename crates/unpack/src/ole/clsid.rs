//! Classes of objects that documents were used to attack with.

use crate::Severity;

/// A class and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Risk {
    pub(crate) name: &'static str,
    pub(crate) severity: Severity,
    /// The equation editor.
    pub(crate) equation: bool,
}

use Severity::{High, Medium};

const CLASSES: [(&str, &str, Severity); 37] = [
    ("0002CE01-0000-0000-C000-000000000046", "Equation 2.0", High),
    ("0002CE02-0000-0000-C000-000000000046", "Equation 3.0", High),
    ("0002CE03-0000-0000-C000-000000000046", "MathType equation", Medium),
    ("00021700-0000-0000-C000-000000000046", "Equation 2.0", High),
    ("00000300-0000-0000-C000-000000000046", "OLE2Link", Medium),
    ("79EAC9E0-BAF9-11CE-8C82-00AA004BA90B", "URL moniker", High),
    ("00000309-0000-0000-C000-000000000046", "composite moniker", Medium),
    ("06290BD2-48AA-11D2-8432-006008C3FBFC", "scriptlet factory", High),
    ("06290BD3-48AA-11D2-8432-006008C3FBFC", "scriptlet file", High),
    ("ECABB0BD-7F19-11D2-978E-0000F8757E2A", "script moniker", High),
    ("ECABB0C6-7F19-11D2-978E-0000F8757E2A", "new moniker", High),
    ("ECABB0C7-7F19-11D2-978E-0000F8757E2A", "SOAP moniker", High),
    ("ECABAFC6-7F19-11D2-978E-0000F8757E2A", "new moniker", High),
    ("25336920-03F9-11CF-8FD0-00AA00686F13", "HTML document", High),
    ("3050F4D8-98B5-11CF-BB82-00AA00BDCE0B", "HTML application", High),
    ("88D96A0C-F192-11D4-A65F-0040963251E5", "MSXML SAX reader", High),
    ("88D96A05-F192-11D4-A65F-0040963251E5", "MSXML document", Medium),
    ("88D969C5-F192-11D4-A65F-0040963251E5", "MSXML document", Medium),
    ("F6D90F11-9C73-11D3-B32E-00C04F990BB4", "MSXML document", Medium),
    ("C08AFD90-F2A1-11D1-8455-00A0C91F3880", "ShellBrowserWindow", High),
    ("9BA05972-F6A8-11CF-A442-00A0C90A8F39", "ShellWindows", High),
    ("8856F961-340A-11D0-A96B-00C04FD705A2", "web browser", Medium),
    ("EAB22AC3-30C1-11CF-A7EB-0000C05BAE0B", "web browser", Medium),
    ("00021401-0000-0000-C000-000000000046", "shell link", High),
    ("D27CDB6E-AE6D-11CF-96B8-444553540000", "Flash", High),
    ("D27CDB70-AE6D-11CF-96B8-444553540000", "Flash", High),
    ("233C1507-6A77-46A4-9443-F871F945D258", "Shockwave", Medium),
    ("05741520-C4EB-440A-AC3F-9643BBC9F847", "otkloadr", High),
    ("A08A033D-1A75-4AB6-A166-EAD02F547959", "otkloadr", High),
    ("44F9A03B-A3EC-4F3B-9364-08E0007F21DF", "TaskSymbol", Medium),
    ("996BF5E0-8044-4650-ADEB-0B013914E99C", "list view", Medium),
    ("BDD1F04B-858B-11D1-B16A-00C0F0283628", "list view", Medium),
    ("C74190B6-8589-11D1-B16A-00C0F0283628", "tree view", Medium),
    ("9181DC5F-E07D-418A-ACA6-8EEA1ECB8E9E", "tree view", Medium),
    ("1EFB6596-857C-11D1-B16A-00C0F0283628", "tab strip", Medium),
    ("24B224E0-9545-4A2F-ABD5-86AA8A849385", "tab strip", Medium),
    ("66833FE6-8583-11D1-B16A-00C0F0283628", "tool bar", Medium),
];

/// What is known of a class, written as `0002CE02-0000-…`.
pub(crate) fn risk(clsid: &str) -> Option<Risk> {
    // Buttons and fields of HTML forms have neighbouring numbers.
    if clsid.starts_with("5512D11") && clsid.ends_with("-5CC6-11CF-8D67-00AA00BDCE1D") {
        return Some(Risk { name: "HTML form control", severity: Medium, equation: false });
    }
    let (_, name, severity) = CLASSES.iter().find(|(known, ..)| *known == clsid)?;
    Some(Risk { name, severity: *severity, equation: name.starts_with("Equation") })
}
