//! Small text files that open something elsewhere: `.url`, `.iqy`, `.library-ms`, `.search-ms`.

use bytes::Bytes;

use crate::{
    Derived, Id, IndicatorKind, Kind, Severity, facts,
    scan::{Scan, TextKind},
};

/// Bytes that are read.
const BYTES_MAX: usize = 256 << 10;

/// Lines of an internet shortcut.
const LINES_MAX: usize = 2_000;
/// Locations of a library.
const LOCATIONS_MAX: usize = 64;

/// Extensions of targets that act when they are opened.
const ACTIVE: [&str; 30] = [
    "exe",
    "scr",
    "com",
    "pif",
    "cpl",
    "msi",
    "hta",
    "js",
    "jse",
    "vbs",
    "vbe",
    "wsf",
    "wsh",
    "sct",
    "bat",
    "cmd",
    "ps1",
    "lnk",
    "url",
    "jar",
    "dll",
    "zip",
    "iso",
    "img",
    "vhd",
    "one",
    "chm",
    "xll",
    "appinstaller",
    "msix",
];

/// Reads one.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let head = bytes.get(..BYTES_MAX).unwrap_or(bytes);
    if head.len() < bytes.len() {
        scan.left_out(format!("{} bytes, of which {BYTES_MAX} were read", bytes.len()));
    }
    let text = sekisho_mail::charset::decode(head, None).text.into_owned();
    match scan.about.kind {
        Kind::UrlFile => internet_shortcut(&text, scan),
        Kind::Iqy => query(&text, scan),
        _ => library(&text, scan),
    }
}

/// `[InternetShortcut]` with `URL=`, `IconFile=`, `WorkingDirectory=`.
fn internet_shortcut(text: &str, scan: &mut Scan<'_>) {
    let mut found = facts::Shortcut { show_command: 1, ..facts::Shortcut::default() };
    for line in scan.most(text.lines(), LINES_MAX, "lines of a shortcut") {
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "url" => {
                note(value, "URL", scan);
                found.target = Some(value.to_owned());
            }
            "iconfile" => {
                if remote(value) {
                    scan.find(Id::UncLeak, "IconFile", value);
                    scan.indicate(IndicatorKind::Url, value, "IconFile");
                }
                found.icon = Some(value.to_owned());
            }
            "workingdirectory" => {
                if remote(value) {
                    scan.find(Id::UrlfileRemoteExec, "WorkingDirectory", value);
                    scan.indicate(IndicatorKind::Url, value, "WorkingDirectory");
                    scan.active = true;
                }
                found.working_dir = Some(value.to_owned());
            }
            _ => {}
        }
    }
    scan.facts.shortcut = Some(found);
}

/// A target: remote and active is the finding, an ordinary page is a fact.
fn note(value: &str, place: &str, scan: &mut Scan<'_>) {
    scan.indicate(IndicatorKind::Url, value, place);
    scan.find_as(Id::IocUrl, Severity::Info, Derived::Static, place, value);
    let lower = value.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or_default();
    let active =
        ACTIVE.iter().any(|e| path.rsplit(['/', '\\']).next().is_some_and(|n| n.ends_with(&format!(".{e}"))));
    let handler = ["search-ms:", "ms-msdt:", "search:", "mhtml:", "ms-officecmd:", "ms-search:"];
    if remote(value) || handler.iter().any(|h| lower.starts_with(h)) || active && lower.starts_with("http") {
        scan.find(Id::UrlfileRemoteExec, place, value);
        scan.active = true;
    }
}

/// Another machine's file system: `file://host/…`, UNC, WebDAV.
fn remote(value: &str) -> bool {
    let lower = value.trim().trim_matches('"').to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("file:") {
        let slashes = rest.bytes().take_while(|b| matches!(b, b'/' | b'\\')).count();
        let host = rest.get(slashes..).unwrap_or_default();
        // `file:///C:/…` is this machine; `file://host/…` and `file://///host/…` are not.
        let local =
            host.as_bytes().get(1) == Some(&b':') || host.starts_with("localhost") || host.starts_with('%');
        return slashes >= 2 && !local && !host.is_empty();
    }
    lower.starts_with("\\\\") && !lower.starts_with("\\\\?\\") && !lower.starts_with("\\\\.\\")
}

/// `WEB`, a version, then the address.
fn query(text: &str, scan: &mut Scan<'_>) {
    let address = text.lines().map(str::trim).find(|l| l.contains("://") || l.starts_with("\\\\"));
    if let Some(address) = address {
        scan.find(Id::IqyRemote, "", address);
        scan.find_as(Id::IocUrl, Severity::Info, Derived::Static, "", address);
        scan.indicate(IndicatorKind::Url, address, "");
        scan.active = true;
    }
}

/// `<url>…</url>` of a library or a saved search.
fn library(text: &str, scan: &mut Scan<'_>) {
    let mut rest = text;
    let mut count = 0;
    while let Some((_, after)) = rest.split_once("<url>").or_else(|| rest.split_once("<location path=\"")) {
        if !scan.budget.gaps.room(count, LOCATIONS_MAX, "locations of a library") {
            break;
        }
        count += 1;
        let end = after.find(['<', '"']).unwrap_or(after.len());
        let value = after.get(..end).unwrap_or_default().trim();
        let web = value.to_ascii_lowercase().starts_with("http");
        scan.indicate(IndicatorKind::Url, value, "url");
        if remote(value) || web {
            scan.find(Id::UrlfileRemoteExec, "url", value);
            scan.active = true;
        }
        rest = after.get(end..).unwrap_or_default();
    }
    scan.text(TextKind::Meta, text, "");
}

#[cfg(test)]
mod tests {
    use crate::{Hints, Input, unpack};

    fn check(name: &str, text: &str) -> String {
        let input = Input { name: name.into(), declared: None, bytes: text.as_bytes().to_vec().into() };
        let tree = unpack("", vec![input], &Hints::default());
        let ids = tree.files.iter().flat_map(|f| &f.findings).map(|f| f.id.name());
        ids.filter(|id| matches!(*id, "URLFILE-REMOTE-EXEC" | "UNC-LEAK" | "IQY-REMOTE"))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn remote_targets_and_plain_pages() {
        let url = |target: &str| check("a.url", &format!("[InternetShortcut]\r\nURL={target}\r\n"));
        assert_eq!(url("https://www.example.com/"), "");
        assert_eq!(url("https://www.example.com/setup.exe"), "URLFILE-REMOTE-EXEC");
        assert_eq!(url("file:///C:/Users/a/report.html"), "");
        assert_eq!(url("file://203.0.113.9/share/a.html"), "URLFILE-REMOTE-EXEC");
        assert_eq!(url(r"\\203.0.113.9@80\share\a"), "URLFILE-REMOTE-EXEC");
        let icon = "[InternetShortcut]\nURL=https://www.example.com/\nIconFile=\\\\203.0.113.9\\x.ico\n";
        assert_eq!(check("a.url", icon), "UNC-LEAK");
        assert_eq!(check("a.iqy", "WEB\n1\nhttps://a.example/q\n"), "IQY-REMOTE");
        assert_eq!(check("a.iqy", "WEB\n1\n"), "");
        let library = "<libraryDescription><url>\\\\203.0.113.9\\share</url></libraryDescription>";
        assert_eq!(check("a.library-ms", library), "URLFILE-REMOTE-EXEC");
    }
}
