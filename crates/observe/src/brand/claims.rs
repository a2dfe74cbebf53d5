//! Claims while they are collected: surfaces add points, points make a strength.

use sekisho_record::evidence::brand::Claim;

use super::book::Book;

/// Points of a surface that settles the matter alone.
pub(super) const HIGH: u8 = 8;
/// Points of a surface that makes a claim.
pub(super) const MEDIUM: u8 = 4;
/// Points of a surface that needs another beside it.
pub(super) const LOW: u8 = 2;
/// Points of a trace.
pub(super) const TRACE: u8 = 1;

/// Brands that one message can claim; more is a list of brands.
const CLAIMS_MAX: usize = 24;

/// One brand's claim so far.
#[derive(Debug)]
struct Draft {
    brand: u16,
    surfaces: Vec<(&'static str, u8)>,
    text: String,
    disguised: bool,
}

/// All claims so far.
#[derive(Debug, Default)]
pub(super) struct Claims {
    drafts: Vec<Draft>,
}

impl Claims {
    /// Notes that a surface names the brand.
    pub(super) fn add(&mut self, brand: u16, surface: &'static str, points: u8, text: &str, disguised: bool) {
        if points == 0 {
            return;
        }
        let at = match self.drafts.iter().position(|d| d.brand == brand) {
            Some(at) => at,
            None if self.drafts.len() >= CLAIMS_MAX => return,
            None => {
                let text = text.trim().chars().take(120).collect();
                self.drafts.push(Draft { brand, surfaces: Vec::new(), text, disguised: false });
                self.drafts.len() - 1
            }
        };
        let Some(draft) = self.drafts.get_mut(at) else { return };
        draft.disguised |= disguised;
        match draft.surfaces.iter_mut().find(|s| s.0 == surface) {
            Some(known) => known.1 = known.1.max(points),
            None => draft.surfaces.push((surface, points)),
        }
    }

    /// The brand is claimed on that surface with at least so many points.
    pub(super) fn at_least(&self, brand: u16, surface: &str, points: u8) -> bool {
        self.drafts
            .iter()
            .any(|d| d.brand == brand && d.surfaces.iter().any(|s| s.0 == surface && s.1 >= points))
    }

    /// Lowers every surface of the kind to at most so many points.
    pub(super) fn cap(&mut self, most: u8, surfaces: &[&str]) {
        for surface in self.drafts.iter_mut().flat_map(|d| &mut d.surfaces) {
            if surfaces.contains(&surface.0) {
                surface.1 = surface.1.min(most);
            }
        }
    }

    /// Puts the claims in order, strongest first; `most` limits a brand's points.
    pub(super) fn finish(mut self, book: &Book, most: impl Fn(u16) -> u8) -> Vec<(u16, Claim)> {
        let points =
            |d: &Draft| d.surfaces.iter().map(|s| s.1).fold(0u8, u8::saturating_add).min(most(d.brand));
        self.drafts.sort_by_key(|d| core::cmp::Reverse(points(d)));
        let claim = |d: &Draft| {
            let record = book.brand(d.brand)?;
            let strength = match points(d) {
                HIGH.. => "high",
                MEDIUM.. => "medium",
                _ => "low",
            };
            Some((
                d.brand,
                Claim {
                    brand: record.name.clone(),
                    sector: record.sector.clone(),
                    strength: strength.to_owned(),
                    surfaces: d.surfaces.iter().map(|s| s.0.to_owned()).collect(),
                    text: d.text.clone(),
                    disguised: d.disguised,
                    ..Claim::default()
                },
            ))
        };
        self.drafts.iter().filter_map(claim).collect()
    }
}
