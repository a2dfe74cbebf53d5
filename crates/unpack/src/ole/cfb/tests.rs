//! Small compound files for tests of every format that lies in one, and the reader's own tests.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

/// A compound file with these streams (`Macros/VBA/dir`); storages are made as needed. Everything lies in the big table
/// unless it is small, as real writers do it.
pub(crate) fn build(streams: &[(&str, &[u8])]) -> Vec<u8> {
    Builder::new(streams).finish()
}

/// Names of the entries of a directory.
pub(crate) fn read_directory(bytes: &[u8], gaps: &mut Gaps) -> usize {
    directory::read(bytes, 9, gaps).0.len()
}

struct Node {
    name: String,
    kind: u8,
    children: Vec<usize>,
    start: u32,
    size: u64,
}

struct Builder {
    nodes: Vec<Node>,
    content: BTreeMap<usize, Vec<u8>>,
}

impl Builder {
    fn new(streams: &[(&str, &[u8])]) -> Builder {
        let root =
            Node { name: "Root Entry".into(), kind: 5, children: vec![], start: u32::MAX - 1, size: 0 };
        let mut it = Builder { nodes: vec![root], content: BTreeMap::new() };
        for (path, bytes) in streams {
            let mut at = 0;
            let parts: Vec<&str> = path.split('/').collect();
            for (n, part) in parts.iter().enumerate() {
                let last = n + 1 == parts.len();
                let known = it.nodes[at].children.iter().copied().find(|c| it.nodes[*c].name == *part);
                at = known.unwrap_or_else(|| {
                    let kind = if last { 2 } else { 1 };
                    it.nodes.push(Node {
                        name: (*part).into(),
                        kind,
                        children: vec![],
                        start: u32::MAX - 1,
                        size: 0,
                    });
                    let new = it.nodes.len() - 1;
                    it.nodes[at].children.push(new);
                    new
                });
            }
            it.content.insert(at, bytes.to_vec());
        }
        it
    }

    fn finish(mut self) -> Vec<u8> {
        const END: u32 = 0xFFFF_FFFE;
        let (mut mini, mut mini_fat) = (Vec::new(), Vec::new());
        let (mut sectors, mut fat): (Vec<u8>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut put = |bytes: &[u8]| -> u32 {
            if bytes.is_empty() {
                return END;
            }
            let start = fat.len() as u32;
            let n = bytes.len().div_ceil(512) as u32;
            sectors.extend_from_slice(bytes);
            sectors.resize(sectors.len().next_multiple_of(512), 0);
            fat.extend((1..=n).map(|i| if i == n { END } else { start + i }));
            start
        };
        for (node, bytes) in &self.content {
            self.nodes[*node].size = bytes.len() as u64;
            if bytes.len() >= 4096 {
                self.nodes[*node].start = put(bytes);
            } else if !bytes.is_empty() {
                let start = mini_fat.len() as u32;
                let n = bytes.len().div_ceil(64) as u32;
                mini.extend_from_slice(bytes);
                mini.resize(mini.len().next_multiple_of(64), 0);
                mini_fat.extend((1..=n).map(|i| if i == n { END } else { start + i }));
                self.nodes[*node].start = start;
            }
        }
        self.nodes[0].size = mini.len() as u64;
        self.nodes[0].start = put(&mini);
        let mini_bytes: Vec<u8> = mini_fat.iter().flat_map(|n: &u32| n.to_le_bytes()).collect();
        let mini_count = mini_bytes.len().div_ceil(512) as u32;
        let mini_start = put(&mini_bytes);
        let directory = put(&self.directory());
        let fat_count = (fat.len() + 1).div_ceil(127) as u32;
        let fat_start = fat.len() as u32;
        fat.extend((0..fat_count).map(|_| 0xFFFF_FFFD));
        fat.resize(fat.len().next_multiple_of(128), FREE);
        sectors.extend(fat.iter().flat_map(|n| n.to_le_bytes()));

        let mut out = MAGIC.to_vec();
        out.resize(512, 0);
        let mut set = |at: usize, value: u32| out[at..at + 4].copy_from_slice(&value.to_le_bytes());
        set(0x18, 0x0003_003E);
        set(0x1C, 0x0009_FFFE);
        set(0x20, 6);
        set(0x2C, fat_count);
        set(0x30, directory);
        set(0x38, 4096);
        set(0x3C, mini_start);
        set(0x40, mini_count);
        set(0x44, END);
        for slot in 0..109 {
            set(0x4C + slot * 4, if (slot as u32) < fat_count { fat_start + slot as u32 } else { FREE });
        }
        out.extend(sectors);
        out
    }

    fn directory(&self) -> Vec<u8> {
        let mut right = BTreeMap::new();
        for node in &self.nodes {
            for pair in node.children.windows(2) {
                right.insert(pair[0], pair[1] as u32);
            }
        }
        let mut out = Vec::new();
        for (id, node) in self.nodes.iter().enumerate() {
            let mut entry = [0u8; 128];
            let name: Vec<u8> = node.name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            entry[..name.len()].copy_from_slice(&name);
            entry[0x40..0x42].copy_from_slice(&(name.len() as u16 + 2).to_le_bytes());
            entry[0x42] = node.kind;
            let mut set = |at: usize, value: u32| entry[at..at + 4].copy_from_slice(&value.to_le_bytes());
            set(0x44, FREE);
            set(0x48, right.get(&id).copied().unwrap_or(FREE));
            set(0x4C, node.children.first().map_or(FREE, |c| *c as u32));
            set(0x74, node.start);
            set(0x78, node.size as u32);
            out.extend(entry);
        }
        out
    }
}

/// Entries with sizes and first bytes, then what is wrong.
fn check(bytes: Vec<u8>) -> String {
    let Some(cfb) = Cfb::open(&Bytes::from(bytes)) else { return "none".to_owned() };
    let mut out = Vec::new();
    for entry in cfb.entries() {
        let stream = cfb.stream(entry);
        let mark = if entry.orphan { " orphan" } else { "" };
        out.push(format!(
            "{}{} {}{mark}",
            entry.path,
            if entry.is_storage() { "/" } else { "" },
            stream.len()
        ));
    }
    out.extend(cfb.anomalies().iter().map(|a| format!("! {a}")));
    if cfb.overlay().iter().any(|b| *b != 0) {
        out.push(format!("+ {}", cfb.overlay().len()));
    }
    out.join("\n")
}

fn sample() -> Vec<u8> {
    build(&[("Workbook", &[7; 5000]), ("M/VBA/dir", b"small"), ("M/PROJECT", &[1; 100])])
}

#[test]
fn reads_the_tree_and_the_streams() {
    assert_eq!(check(sample()), "/ 0\nWorkbook 5000\nM/ 0\nM/VBA/ 0\nM/VBA/dir 5\nM/PROJECT 100");
    let cfb = Cfb::open(&Bytes::from(sample())).unwrap();
    assert_eq!(cfb.find_stream("m/vba/DIR").unwrap(), "small");
    assert_eq!(cfb.stream(cfb.find("wORKBOOK").unwrap()), vec![7; 5000]);
    assert_eq!(check(b"PK".to_vec()), "none");
}

#[test]
fn broken_files_give_what_there_is() {
    let whole = sample();
    // A wrong number of allocation sectors, a missing last half sector, data behind the end.
    let mut wrong = whole.clone();
    wrong[0x2C] = 9;
    assert!(check(wrong).contains("M/VBA/dir 5"));
    assert!(check(whole[..whole.len() - 200].to_vec()).contains("Workbook 5000"));
    let mut longer = whole.clone();
    longer.extend([b'x'; 700]);
    assert!(check(longer).ends_with("+ 700"));
    // A size beyond the file.
    let at = whole
        .windows(16)
        .position(|w| w == "Workbook".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
        .unwrap();
    let mut large = whole.clone();
    large[at + 0x7B] = 0x7F;
    assert!(check(large).contains("Workbook 5120"));
    // Nothing leads to the entry, or it leads to itself.
    let root = at - 128;
    let mut orphan = whole.clone();
    orphan[root + 0x4C..root + 0x50].copy_from_slice(&[0xFF; 4]);
    assert!(check(orphan).contains("Workbook 5000 orphan"));
    let mut cycle = whole;
    cycle[at + 0x48..at + 0x4C].copy_from_slice(&1u32.to_le_bytes());
    assert!(check(cycle).contains("! the directory has a cycle"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_change_is_read_within_bounds(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40), cut in any::<prop::sample::Index>()) {
        let mut bytes = sample();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(cut.index(bytes.len() + 1).max(512));
        let size = bytes.len();
        if let Some(cfb) = Cfb::open(&Bytes::from(bytes)) {
            let shown: usize = cfb.entries().iter().map(|e| cfb.stream(e).len()).sum();
            prop_assert!(shown <= size * SHOWN_RATIO + SHOWN_BASE);
        }
    }
}
