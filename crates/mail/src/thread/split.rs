//! Finds the borders between messages in one pass over the lines.

use std::ops::Range;

use super::{
    Mark, Quoted, Split, attribution, banner,
    headers_block::{self, Separator},
    lines::{self, Line},
};
use crate::limits::THREADS_MAX;

/// Separates a plain text.
pub fn split_text(text: &str) -> Split {
    split_marked(text, &[])
}

/// Separates a text with known quote containers.
pub fn split_marked(text: &str, marks: &[Mark]) -> Split {
    let mut lines = lines::cut(text, marks);
    demote_lone_quotes(text, &mut lines);
    let headings = headings(text, &lines);
    assign(text, &lines, &headings)
}

/// The lines that introduce a quoted message.
#[derive(Debug, Clone, Copy)]
struct Heading {
    first: usize,
    last: usize,
    /// A line "On … somebody wrote:" and nothing else.
    attribution: bool,
}

/// A single `>` line is markdown or an old mbox's `>From`, not a quoted message, unless something announces it.
fn demote_lone_quotes(text: &str, lines: &mut [Line]) {
    // Behind a real quote a single line is the next piece of it, answered in between.
    let mut quoting = false;
    for index in 0..lines.len() {
        let Some(line) = lines.get(index) else { break };
        if line.angles == 0 || line.angles >= 3 {
            continue;
        }
        let angled = |at: Option<usize>| at.and_then(|i| lines.get(i)).is_some_and(|l| l.angles > 0);
        if quoting || angled(index.checked_sub(1)) || angled(index.checked_add(1)) {
            quoting = true;
            continue;
        }
        let above = (0..index).rev().take(3).filter_map(|i| lines.get(i)).find(|l| !l.is_blank());
        if above.is_some_and(|l| l.body(text).ends_with([':', '：'])) {
            continue;
        }
        if let Some(line) = lines.get_mut(index) {
            line.depth -= line.angles;
            line.angles = 0;
            line.body = line.start;
        }
    }
}

/// The next line that is not blank, at most four lines on.
fn next_filled(lines: &[Line], from: usize) -> Option<usize> {
    (from..from + 4).find(|&i| lines.get(i).is_some_and(|line| !line.is_blank()))
}

fn headings(text: &str, lines: &[Line]) -> Vec<Heading> {
    let mut out: Vec<Heading> = Vec::new();
    let mut index = 0;
    let mut announced = 0;
    while let Some(line) = lines.get(index) {
        if out.len() >= THREADS_MAX * 4 {
            break;
        }
        if line.reply {
            announced = 8;
        }
        if line.is_blank() {
            index += 1;
            continue;
        }
        match heading_at(text, lines, index, announced > 0) {
            Some(heading) => {
                // An attribution may reach back over lines that were passed already.
                merge(&mut out, heading, lines);
                index = heading.last + 1;
                announced = 0;
            }
            None => {
                index += 1;
                announced = usize::saturating_sub(announced, 1);
            }
        }
    }
    out
}

/// Two headings with nothing between them introduce one message (`--- On … wrote:` and a block below it).
fn merge(out: &mut Vec<Heading>, heading: Heading, lines: &[Line]) {
    if let Some(above) = out.last_mut() {
        let between = lines.get(above.last + 1..heading.first).unwrap_or_default();
        let same = lines.get(above.last).map(|l| l.depth) == lines.get(heading.first).map(|l| l.depth);
        if same && between.len() < 3 && between.iter().all(Line::is_blank) {
            above.last = heading.last;
            above.attribution &= heading.attribution;
            return;
        }
    }
    out.push(heading);
}

fn heading_at(text: &str, lines: &[Line], index: usize, announced: bool) -> Option<Heading> {
    let body = lines.get(index)?.body(text);
    if let Some(kind) = headers_block::separator(body) {
        return below_separator(text, lines, index, kind);
    }
    if headers_block::label(body).is_some()
        && let Some(block) = headers_block::block(text, lines, index)
        && block.convinces(announced)
    {
        return Some(Heading { first: index, last: block.last, attribution: false });
    }
    let depth = lines.get(index)?.depth;
    let quoted =
        next_filled(lines, index + 1).and_then(|i| lines.get(i)).is_some_and(|line| line.depth > depth);
    let first = attribution::ends_at(text, lines, index, quoted, announced)?;
    Some(Heading { first, last: index, attribution: true })
}

/// A separator, and the header block or the attribution that may follow it, perhaps one quote level deeper.
fn below_separator(text: &str, lines: &[Line], index: usize, kind: Separator) -> Option<Heading> {
    let bare =
        (kind == Separator::Words).then_some(Heading { first: index, last: index, attribution: false });
    let next = next_filled(lines, index + 1)?;
    if let Some(block) = headers_block::block(text, lines, next)
        && block.convinces(true)
    {
        return Some(Heading { first: index, last: block.last, attribution: false });
    }
    bare
}

/// A message while its ranges are collected; index 0 is the newest.
#[derive(Default)]
struct Draft {
    preamble: Option<Range<usize>>,
    text: Vec<Range<usize>>,
    level: usize,
    angles: usize,
    deeper: bool,
    attribution: bool,
}

struct Assign {
    drafts: Vec<Draft>,
    /// Whose text a line is, by quoting depth.
    owners: Vec<Option<usize>>,
    /// The message of the line before.
    last: usize,
}

impl Assign {
    fn level(&self, owner: Option<usize>) -> usize {
        owner.and_then(|index| self.drafts.get(index)).map_or(0, |draft| draft.level)
    }

    /// A message below `depth`'s owner.
    fn create(&mut self, level: usize, angles: usize) -> usize {
        if self.drafts.len() > THREADS_MAX {
            return self.last;
        }
        self.drafts.push(Draft { level, angles, ..Draft::default() });
        self.drafts.len() - 1
    }

    fn heading(&mut self, lines: &[Line], heading: Heading) {
        let line = |index: usize| lines.get(index).copied();
        let Some(last) = line(heading.last) else { return };
        let base = line(heading.first).map_or(0, |l| l.depth);
        let below = next_filled(lines, heading.last + 1).and_then(line);
        let deeper = below.filter(|l| l.depth > base);
        self.pad(base);
        let above = self.owners.iter().take(base + 1).rev().find_map(|o| *o);
        let target = deeper.map_or(base.max(last.depth), |l| l.depth);
        let angles = deeper.map_or(last.angles, |l| l.angles);
        let level = self.level(above) + 1;
        let draft = self.create(level, angles);
        self.owners.truncate(base + usize::from(target > base));
        self.pad(target);
        self.set(target, draft);
        let start = line(heading.first).map_or(0, |l| l.start);
        if let Some(entry) = self.drafts.get_mut(draft) {
            entry.preamble.get_or_insert(start..last.next);
            entry.deeper = target > base;
            entry.attribution = heading.attribution;
        }
        self.last = draft;
    }

    fn pad(&mut self, depth: usize) {
        while self.owners.len() <= depth {
            self.owners.push(None);
        }
    }

    fn set(&mut self, depth: usize, draft: usize) {
        if let Some(owner) = self.owners.get_mut(depth) {
            *owner = Some(draft);
        }
    }

    fn line(&mut self, line: &Line) {
        let draft = if line.is_blank() { self.last } else { self.owner(line) };
        self.last = draft;
        if let Some(entry) = self.drafts.get_mut(draft) {
            match entry.text.last_mut() {
                Some(range) if range.end == line.start => range.end = line.next,
                _ => entry.text.push(line.start..line.next),
            }
        }
    }

    fn owner(&mut self, line: &Line) -> usize {
        self.pad(line.depth);
        if let Some(Some(draft)) = self.owners.get(line.depth) {
            return *draft;
        }
        let (distance, above) = (1..=line.depth)
            .find_map(|up| self.owners.get(line.depth - up)?.map(|o| (up, o)))
            .unwrap_or((1, 0));
        let level = self.level(Some(above)) + distance;
        let draft = self.create(level, line.angles);
        self.set(line.depth, draft);
        draft
    }
}

fn assign(text: &str, lines: &[Line], headings: &[Heading]) -> Split {
    let mut state = Assign { drafts: vec![Draft::default()], owners: vec![Some(0)], last: 0 };
    let mut headings = headings.iter().peekable();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        if let Some(heading) = headings.next_if(|heading| heading.first <= index) {
            state.heading(lines, *heading);
            index = heading.last + 1;
            continue;
        }
        state.line(line);
        index += 1;
    }
    let rest = lines.last().map_or(0, |line| line.next);
    if rest < text.len()
        && let Some(draft) = state.drafts.get_mut(state.last)
    {
        draft.text.push(rest..text.len());
    }
    finish(text, state.drafts)
}

fn filled(text: &str, ranges: &[Range<usize>]) -> bool {
    ranges.iter().any(|range| text.get(range.clone()).is_some_and(|part| !part.trim().is_empty()))
}

fn finish(text: &str, drafts: Vec<Draft>) -> Split {
    let mut drafts = drafts.into_iter();
    let mut current = drafts.next().unwrap_or_default();
    let mut rest: Vec<Draft> =
        drafts.filter(|draft| draft.preamble.is_some() || filled(text, &draft.text)).collect();
    rest.sort_by_key(|draft| draft.level);
    // Quote marks around everything do not make a quoted message: somebody wrote it now.
    if !filled(text, &current.text) && rest.first().is_some_and(|first| first.preamble.is_none()) {
        current = rest.remove(0);
    }
    // An attribution with no quote marks below it does not either when nothing else is left: what follows is what the
    // reader sees as the message. The line stays as the head of a quoted message without text.
    if !filled(text, &current.text)
        && let Some(first) = rest.first_mut()
        && first.attribution
        && first.angles == 0
        && !first.deeper
    {
        current.text.append(&mut first.text);
    }
    let (banners, current_text) = banner::cut(text, current.text);
    let quoted: Vec<Quoted> = rest
        .into_iter()
        .take(THREADS_MAX)
        .map(|draft| {
            let (banners, ranges) =
                if draft.angles == 0 { banner::cut(text, draft.text) } else { (Vec::new(), draft.text) };
            Quoted {
                preamble: draft.preamble,
                text: ranges,
                banners,
                level: draft.level,
                angles: draft.angles,
            }
        })
        .collect();
    let preamble = quoted.first().and_then(|quoted| quoted.preamble.clone());
    Split { current: current_text, preamble, banners, quoted }
}
