//! Pictures become files of the tree: photographs as they are, samples as a picture in shades of grey. Codes in them
//! lead where no filter of links looks.

use std::io::Cursor;

use image::{GrayImage, ImageFormat};

use super::{
    file::{Entry, Pdf},
    object::{Dict, Obj},
};
use crate::{
    Relation,
    scan::{Child, Scan},
};

/// Pictures that become files of their own.
const IMAGES_MAX: usize = 20;
/// Narrower pictures hold no code.
const SIDE_MIN: u32 = 40;
/// Wider pictures are not believed.
const SIDE_MAX: u32 = 20_000;
/// Pixels on the longer side that are kept: every second, third, … of a larger picture. Codes are large.
const SIDE_KEPT: u32 = 1_600;
/// Samples looked at in a step.
const SAMPLES_PER_STEP: u64 = 40;
/// Colours of a palette.
const COLOURS_MAX: usize = 256;

/// Hands on what shows something.
pub(super) fn take(pdf: &Pdf, scan: &mut Scan<'_>) {
    let mut count = 0;
    for entry in &pdf.entries {
        let Some(dict) = entry.object.dict().filter(|d| d.name("Subtype") == "Image") else { continue };
        let (Some(width), Some(height)) = (side(pdf, dict, "Width", "W"), side(pdf, dict, "Height", "H"))
        else {
            continue;
        };
        if count >= IMAGES_MAX {
            return scan.budget.gaps.aside(IMAGES_MAX, "pictures");
        }
        let photograph = matches!(last_filter(pdf, dict), "DCTDecode" | "DCT");
        let found = if photograph {
            pdf.data(entry, scan.budget)
                .filter(|(data, _)| data.starts_with(b"\xFF\xD8"))
                .map(|f| (f.0, "jpg"))
        } else {
            samples(pdf, entry, dict, (width, height), scan).map(|png| (png, "png"))
        };
        let Some((bytes, extension)) = found else { continue };
        count += 1;
        scan.budget.hold(bytes.len() as u64);
        scan.child(Child {
            name: format!("image_{count}.{extension}"),
            bytes: bytes.into(),
            relation: Relation::Part,
            same_depth: true,
            ..Child::default()
        });
    }
}

fn side(pdf: &Pdf, dict: &Dict, long: &str, short: &str) -> Option<u32> {
    let number = pdf.get(dict, long).number().or_else(|| pdf.get(dict, short).number())?;
    let side = number.clamp(0.0, f64::from(SIDE_MAX) + 1.0) as u32;
    (SIDE_MIN..=SIDE_MAX).contains(&side).then_some(side)
}

fn last_filter<'p>(pdf: &'p Pdf, dict: &'p Dict) -> &'p str {
    match pdf.get(dict, "Filter") {
        Obj::Name(name) => name,
        Obj::Array(items) => match items.last().map(|item| pdf.resolve(item)) {
            Some(Obj::Name(name)) => name,
            _ => "",
        },
        _ => "",
    }
}

/// What the samples of a pixel are.
enum Colour {
    Grey,
    Rgb,
    Cmyk,
    /// Shades of the palette's colours.
    Palette(Vec<u8>),
}

impl Colour {
    fn samples(&self) -> usize {
        match self {
            Colour::Grey | Colour::Palette(_) => 1,
            Colour::Rgb => 3,
            Colour::Cmyk => 4,
        }
    }

    fn read(pdf: &Pdf, space: &Obj, scan: &mut Scan<'_>) -> Option<Colour> {
        let (name, rest): (&str, &[Obj]) = match space {
            Obj::Name(name) => (name, &[]),
            Obj::Array(items) => match items.split_first() {
                Some((first, rest)) => match pdf.resolve(first) {
                    Obj::Name(name) => (name, rest),
                    _ => return None,
                },
                None => return None,
            },
            _ => return None,
        };
        match name {
            "DeviceGray" | "CalGray" | "G" => Some(Colour::Grey),
            "DeviceRGB" | "CalRGB" | "RGB" => Some(Colour::Rgb),
            "DeviceCMYK" | "CMYK" => Some(Colour::Cmyk),
            "ICCBased" => {
                let profile = pdf.resolve(rest.first()?).dict()?;
                match pdf.get(profile, "N").number().map(|n| n as i64) {
                    Some(1) => Some(Colour::Grey),
                    Some(3) => Some(Colour::Rgb),
                    Some(4) => Some(Colour::Cmyk),
                    _ => None,
                }
            }
            "Indexed" | "I" => {
                let base = Colour::read(pdf, plain(pdf.resolve(rest.first()?))?, scan)?;
                let table = match pdf.resolve(rest.get(2)?) {
                    Obj::Str(bytes) => bytes.clone(),
                    _ => pdf.data(pdf.stream_of(rest.get(2)?)?, scan.budget)?.0,
                };
                let colours = table.chunks_exact(base.samples()).take(COLOURS_MAX);
                Some(Colour::Palette(colours.map(|colour| base.shade(colour)).collect()))
            }
            _ => None,
        }
    }

    /// The shade of a pixel: 0 is black.
    fn shade(&self, samples: &[u8]) -> u8 {
        match (self, samples) {
            (Colour::Palette(shades), [index, ..]) => shades.get(usize::from(*index)).copied().unwrap_or(255),
            (_, [r, g, b]) => luma(*r, *g, *b),
            (_, [c, m, y, k]) => {
                let light = |ink: u8| (u16::from(255 - ink) * u16::from(255 - *k) / 255) as u8;
                luma(light(*c), light(*m), light(*y))
            }
            (_, [grey, ..]) => *grey,
            (_, []) => 255,
        }
    }
}

/// A palette's colours are no palette again.
fn plain(space: &Obj) -> Option<&Obj> {
    let indexed = |o: &Obj| matches!(o, Obj::Name(n) if n == "Indexed" || n == "I");
    match space {
        Obj::Array(items) if items.first().is_some_and(indexed) => None,
        other => Some(other),
    }
}

fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1_000) as u8
}

/// A picture whose samples stand in the file, packed or not, as a PNG.
fn samples(
    pdf: &Pdf,
    entry: &Entry,
    dict: &Dict,
    (width, height): (u32, u32),
    scan: &mut Scan<'_>,
) -> Option<Vec<u8>> {
    let of = |long: &str, short: &str| match pdf.get(dict, long) {
        Obj::Null => pdf.get(dict, short),
        found => found,
    };
    let mask = matches!(of("ImageMask", "IM"), Obj::Bool(true));
    let bits = if mask { 1 } else { of("BitsPerComponent", "BPC").number().unwrap_or(8.0) as usize };
    let colour = if mask { Colour::Grey } else { Colour::read(pdf, of("ColorSpace", "CS"), scan)? };
    if !matches!(bits, 1 | 2 | 4 | 8 | 16)
        || !scan.budget.spend(u64::from(width) * u64::from(height) / SAMPLES_PER_STEP)
    {
        return None;
    }
    let (data, None) = pdf.data(entry, scan.budget)? else { return None };
    let inverted = match of("Decode", "D") {
        Obj::Array(range) => pdf.resolve(range.first()?).number().is_some_and(|first| first > 0.0),
        _ => false,
    };
    let row = (width as usize).checked_mul(colour.samples())?.checked_mul(bits)?.div_ceil(8);
    // Not half of it is there: it is no picture of that size.
    if data.len() < row.checked_mul(height as usize)? / 2 {
        return None;
    }
    let step = width.max(height).div_ceil(SIDE_KEPT);
    let wanted = colour.samples();
    let mut pixel = [0u8; 4];
    let picture = GrayImage::from_fn(width / step, height / step, |x, y| {
        let line = row * (y * step) as usize;
        let first = (x * step) as usize * wanted;
        for (n, sample) in pixel.iter_mut().take(wanted).enumerate() {
            let sample_at = sample_of(&data, line, first + n, bits, !matches!(colour, Colour::Palette(_)));
            *sample = if inverted { 255 - sample_at } else { sample_at };
        }
        image::Luma([colour.shade(pixel.get(..wanted).unwrap_or_default())])
    });
    let mut out = Vec::new();
    picture.write_to(&mut Cursor::new(&mut out), ImageFormat::Png).ok()?;
    Some(out)
}

/// One sample; stretched to eight bits when it is a shade and no index. What is missing is white.
fn sample_of(data: &[u8], line: usize, number: usize, bits: usize, shade: bool) -> u8 {
    match bits {
        8 => data.get(line + number).copied().unwrap_or(255),
        16 => data.get(line + number * 2).copied().unwrap_or(255),
        _ => {
            let bit = number * bits;
            let byte = data.get(line + bit / 8).copied().unwrap_or(255);
            let most = (1u8 << bits) - 1;
            let value = byte >> (8 - bits - bit % 8) & most;
            if shade { value * (255 / most) } else { value }
        }
    }
}
