//! QR codes of a grey picture, dark on light and light on dark.
//!
//! The library reads them; what it does to every pixel is done here, for both ways in one pass: dark is what is darker
//! than its neighbours in its line and the library's own formula, so the same codes are found. Where no line crosses the
//! squares that every code has in three corners (ISO/IEC 18004, 6.3.3: one, one, three, one, one), nothing is searched;
//! every second line is enough to see that, since the middle of a square is three dots high.

use image::GrayImage;

use crate::gaps::Gaps;

/// Codes of one picture that are read.
const CODES_MAX: usize = 8;
/// Corners of a code that have a square; a line crosses each of them.
const SQUARES: usize = 3;
/// Runs of one colour in which a line crosses a square.
const RUNS: [usize; 5] = [1, 1, 3, 1, 1];

/// What the codes of a picture say.
pub(super) fn read(grey: &GrayImage, gaps: &mut Gaps) -> Vec<String> {
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    if !parted(grey.as_raw(), width, 2).iter().any(|marks| has_squares(marks, width)) {
        return Vec::new();
    }
    let [dark, light] = parted(grey.as_raw(), width, 1);
    let found = search(&dark, (width, height), gaps);
    // White on black is read by telephones and by few libraries.
    if found.is_empty() { search(&light, (width, height), gaps) } else { found }
}

fn search(marks: &[bool], (width, height): (usize, usize), gaps: &mut Gaps) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    if !has_squares(marks, width) {
        return out;
    }
    let marked = |x: usize, y: usize| marks.get(y * width + x).copied().unwrap_or(false);
    let mut prepared = rqrr::PreparedImage::prepare_from_bitmap(width, height, marked);
    for grid in prepared.detect_grids() {
        if let Ok((_, text)) = grid.decode()
            && !out.contains(&text)
        {
            if !gaps.room(out.len(), CODES_MAX, "codes in a picture") {
                break;
            }
            out.push(text);
        }
    }
    out
}

/// A moving average of one direction, `width / 8` pixels wide.
#[derive(Clone, Copy)]
struct Average {
    now: u64,
    /// 2^40 × (`wide` - 1) / `wide`, rounded up: a product and a shift give what is left of any number below 2^24 when
    /// the `wide`th part of it is taken away, rounded down.
    kept: u64,
}

impl Average {
    fn new(width: usize) -> Self {
        let wide = wide(width);
        Self { now: 0, kept: ((wide - 1) << 40).div_ceil(wide) }
    }

    #[inline]
    fn next(&mut self, pixel: u8) -> u32 {
        // Never above 255 × `wide`, and no picture that comes here is wider than 1,600.
        self.now = ((self.now * self.kept) >> 40) + u64::from(pixel);
        self.now as u32
    }
}

/// Pixels of a moving average.
fn wide(width: usize) -> u64 {
    (width / 8).max(1) as u64
}

/// Which pixels are darker than what is around them, and which are lighter, in every `step`th line.
fn parted(raw: &[u8], width: usize, step: usize) -> [Vec<bool>; 2] {
    let size = raw.len() / step + width;
    let mut out = [Vec::with_capacity(size), Vec::with_capacity(size)];
    if width == 0 {
        return out;
    }
    // Each line is passed in both directions; the directions change places in the next.
    let [mut v, mut u, mut v_light, mut u_light] = [Average::new(width); 4];
    let [mut sums, mut sums_light] = [vec![0u32; width], vec![0u32; width]];
    let unit = 200 * wide(width) as u32;
    for (y, line) in raw.chunks_exact(width).step_by(step).enumerate() {
        sums.fill(0);
        sums_light.fill(0);
        for x in 0..width {
            let (a, b) = if y % 2 == 0 { (width - 1 - x, x) } else { (x, width - 1 - x) };
            let (Some(&pixel_a), Some(&pixel_b)) = (line.get(a), line.get(b)) else { continue };
            let (dark_a, dark_b) = (v.next(pixel_a), u.next(pixel_b));
            let (light_a, light_b) = (v_light.next(255 - pixel_a), u_light.next(255 - pixel_b));
            add(&mut sums, a, dark_a);
            add(&mut sums, b, dark_b);
            add(&mut sums_light, a, light_a);
            add(&mut sums_light, b, light_b);
        }
        // `value < sum * 95 / unit` without the division.
        let below = |value: u8, sum: u32| (u32::from(value) + 1) * unit <= sum * 95;
        out[0].extend(line.iter().zip(&sums).map(|(&pixel, &sum)| below(pixel, sum)));
        out[1].extend(line.iter().zip(&sums_light).map(|(&pixel, &sum)| below(255 - pixel, sum)));
    }
    out
}

#[inline]
fn add(sums: &mut [u32], at: usize, more: u32) {
    if let Some(sum) = sums.get_mut(at) {
        *sum += more;
    }
}

/// Lines cross what may be the squares of a code, as the library sees it, as often as a code has squares.
fn has_squares(marks: &[bool], width: usize) -> bool {
    let mut found = 0;
    for line in marks.chunks_exact(width.max(1)) {
        let mut runs = [0usize; 5];
        let mut complete = 0;
        for run in line.chunk_by(|a, b| a == b) {
            runs = [runs[1], runs[2], runs[3], runs[4], run.len()];
            complete += 1;
            if run.first() == Some(&true) && complete >= RUNS.len() && is_square(&runs) {
                found += 1;
                if found == SQUARES {
                    return true;
                }
            }
        }
    }
    false
}

fn is_square(runs: &[usize; 5]) -> bool {
    let average = (runs[0] + runs[1] + runs[3] + runs[4]) / 4;
    let most = average * 3 / 4;
    runs.iter().zip(RUNS).all(|(run, parts)| run.abs_diff(parts * average) <= most)
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// The library's way with every pixel.
    fn by_the_library(grey: &GrayImage, inverted: bool) -> Vec<String> {
        let pixel = |x: usize, y: usize| {
            let Luma([value]) = *grey.get_pixel(x as u32, y as u32);
            if inverted { 255 - value } else { value }
        };
        let (width, height) = (grey.width() as usize, grey.height() as usize);
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
        let marked = |x, y| prepared.get_pixel_at(x, y) != 0;
        let marks: Vec<bool> =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| marked(x, y)).collect();
        assert_eq!(parted(grey.as_raw(), width, 1)[usize::from(inverted)], marks);
        let read = prepared.detect_grids().into_iter().filter_map(|grid| grid.decode().ok());
        read.map(|(_, text)| text).collect()
    }

    /// A code on a slope of grey with some noise.
    fn picture(width: u32, height: u32, at: u32, scale: u32, dark: u8) -> GrayImage {
        let mut noise = 7u32;
        let side = crate::qr_example::side(scale);
        GrayImage::from_fn(width, height, |x, y| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let inside = x >= at && y >= at && x - at < side && y - at < side;
            let light = 200 + (x * 40 / width) as u8 + (noise >> 29) as u8;
            let is_dark = inside && crate::qr_example::dark(x - at, y - at, scale);
            Luma([if is_dark { dark + (noise >> 29) as u8 } else { light }])
        })
    }

    #[test]
    fn the_library_would_find_the_same() {
        let mut read_some = 0;
        for (width, height) in [(300, 260), (301, 299), (640, 400), (1_600, 333)] {
            for (dark, scale) in [(0, 6), (90, 6), (170, 6), (0, 4), (0, 3), (0, 2), (0, 1), (90, 1)] {
                let grey = picture(width, height, 20, scale, dark);
                let found = read(&grey, &mut Gaps::default());
                let theirs = by_the_library(&grey, false);
                read_some += found.len();
                assert_eq!(found, if theirs.is_empty() { by_the_library(&grey, true) } else { theirs });
            }
        }
        assert!(read_some >= 8, "{read_some}");
    }

    #[test]
    fn pixels_are_parted_as_the_library_does() {
        for (width, height) in [(1, 9), (7, 3), (8, 8), (63, 20), (1_600, 12)] {
            let mut state = width * 31 + height;
            let noise = GrayImage::from_fn(width, height, |_, _| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Luma([(state >> 24) as u8])
            });
            for inverted in [false, true] {
                by_the_library(&noise, inverted);
            }
        }
    }

    #[test]
    fn a_square_is_crossed_in_five_runs() {
        let line = |runs: &[usize]| -> Vec<bool> {
            runs.iter().enumerate().flat_map(|(at, run)| vec![at % 2 == 0; *run]).collect()
        };
        let three = |line: Vec<bool>| has_squares(&line.repeat(3), line.len());
        assert!(three(line(&[2, 2, 6, 2, 2])));
        assert!(three(line(&[2, 2, 6, 2, 2, 9])));
        assert!(!three(line(&[2, 2, 2, 2, 2])));
        assert!(!has_squares(&line(&[2, 2, 6, 2, 2]).repeat(2), 14), "two lines of three");
    }
}
