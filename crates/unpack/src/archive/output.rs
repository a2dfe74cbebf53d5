//! What every archive does with its members: books them, makes files of them, and notices when there is too much.

use bytes::Bytes;

use crate::{
    Id, Relation, facts,
    limits::{
        BOMB_MEMBER_BYTES, BOMB_MEMBER_RATIO, BOMB_TOTAL_BYTES, BOMB_TOTAL_RATIO, FILES_ANALYSED_MAX,
        FILES_LISTED_MAX,
    },
    scan::{Child, Scan},
};

/// What is said of a member, or the rest of one, that did not come out.
const UNREAD: &str = "what is packed is damaged, or asks for more memory or room than there is";

/// An archive's members as they come out.
pub(crate) struct Output {
    archive: facts::Archive,
    /// Bytes of the archive itself.
    input: u64,
    /// Bytes that came out, or would have come out again.
    out: u64,
    opened: usize,
    left_out: bool,
}

/// A member.
#[derive(Debug, Default)]
pub(crate) struct Member {
    /// Its path as stored.
    pub(crate) path: String,
    pub(crate) hidden: bool,
    /// Bytes that it takes in the archive, when they are its own.
    pub(crate) packed: Option<u64>,
    /// As declared.
    pub(crate) size: u64,
}

impl Output {
    pub(crate) fn new(format: &str, input: usize) -> Output {
        Output {
            archive: facts::Archive { format: format.to_owned(), ..facts::Archive::default() },
            input: input as u64,
            out: 0,
            opened: 0,
            left_out: false,
        }
    }

    /// The facts, for what only the format knows.
    pub(crate) fn facts(&mut self) -> &mut facts::Archive {
        &mut self.archive
    }

    /// Bytes that the next member may have.
    pub(crate) fn cap(&self, scan: &Scan<'_>) -> u64 {
        scan.budget.out_bytes_left().min(scan.budget.held_left())
    }

    /// Whether another member may be unpacked; when not it is listed, and the limit is noted.
    pub(crate) fn room(&mut self, scan: &Scan<'_>) -> bool {
        let room = self.opened < FILES_ANALYSED_MAX && scan.budget.held_left() > 0;
        self.left_out |= !room;
        room
    }

    /// A member is only listed, as others are more telling and not all can be opened.
    pub(crate) fn pass_over(&mut self) {
        self.left_out = true;
    }

    /// A member that was unpacked. `cut`: there was more of it. The bytes must not be booked yet.
    pub(crate) fn add(&mut self, scan: &mut Scan<'_>, member: Member, bytes: Bytes, cut: bool) {
        scan.budget.spend_bytes(bytes.len() as u64);
        self.add_booked(scan, member, bytes, cut);
    }

    /// As [`Output::add`], for bytes that are booked already.
    pub(crate) fn add_booked(&mut self, scan: &mut Scan<'_>, member: Member, bytes: Bytes, cut: bool) {
        let size = bytes.len() as u64;
        self.out = self.out.saturating_add(size);
        self.opened += 1;
        let declared = if cut { size.max(member.size) } else { size };
        if let Some(packed) = member.packed
            && size > BOMB_MEMBER_BYTES
            && declared > packed.saturating_mul(BOMB_MEMBER_RATIO)
        {
            let text = format!("{}: {size} bytes from {packed}", member.path);
            scan.find(Id::ArcBombRatio, "", text);
        }
        scan.budget.hold(size);
        if cut {
            // Of what was not unpacked the size is known only by word.
            self.out = self.out.saturating_add(member.size.saturating_sub(size));
            let text = format!("{}: more than {size} bytes", member.path);
            scan.find(Id::ScanIncomplete, "", text);
        }
        if self.enter(scan, &member) {
            self.archive.extracted += 1;
            scan.child(Child {
                name: shown(&member.path),
                size,
                bytes,
                relation: Relation::Member,
                hidden: member.hidden,
                ..Child::default()
            });
        }
    }

    /// A member that is only named.
    pub(crate) fn list(&mut self, scan: &mut Scan<'_>, member: &Member) {
        if scan.budget.held_left() == 0 {
            self.out = self.out.saturating_add(member.size);
        }
        if self.enter(scan, member) {
            scan.child(Child {
                name: shown(&member.path),
                size: member.size,
                relation: Relation::Member,
                listed_only: true,
                hidden: member.hidden,
                ..Child::default()
            });
        }
    }

    /// A member of which nothing came out, though it should have: only its name is known.
    pub(crate) fn unread(&mut self, scan: &mut Scan<'_>, member: &Member) {
        scan.budget.gaps.cut(UNREAD);
        self.list(scan, member);
    }

    /// Bytes that a reader would get once more for what is unpacked once here.
    pub(crate) fn repeated(&mut self, bytes: u64) {
        self.out = self.out.saturating_add(bytes);
    }

    fn enter(&mut self, scan: &Scan<'_>, member: &Member) -> bool {
        self.archive.total += 1;
        let room = scan.children.len() < FILES_LISTED_MAX;
        self.left_out |= !room;
        if room {
            self.archive.paths.push(member.path.clone());
        }
        room
    }

    /// The rules about the whole, and the facts.
    pub(crate) fn finish(self, scan: &mut Scan<'_>) {
        let (all, input) = scan.budget.bytes();
        let bomb =
            |out: u64, from: u64| out >= BOMB_TOTAL_BYTES && out >= from.saturating_mul(BOMB_TOTAL_RATIO);
        if bomb(self.out, self.input) || bomb(all, input) && self.out > 0 {
            let text = format!("{} bytes from {}", self.out, self.input);
            scan.find(Id::ArcBombRatio, "", text);
        }
        if self.left_out {
            scan.find(
                Id::ScanIncomplete,
                "",
                format!("{} of {} members opened", self.opened, self.archive.total),
            );
        }
        scan.facts.archive = Some(self.archive);
    }
}

/// A path as names are shown: plain slashes.
fn shown(path: &str) -> String {
    path.replace('\\', "/").trim_start_matches("./").to_owned()
}

/// Members are encrypted: says so and names them.
pub(crate) fn encrypted<'m>(scan: &mut Scan<'_>, members: impl Iterator<Item = (&'m str, u64)>) {
    let names: Vec<String> = members.take(8).map(|(name, size)| format!("{name} ({size} bytes)")).collect();
    let text = if names.is_empty() { "names are encrypted too".to_owned() } else { names.join(", ") };
    scan.find(Id::ArcEncrypted, "", text);
}
