//! Pictures: size, camera data, a hash that survives rescaling, and what their QR codes say.
//!
//! A picture is decoded only when its header promises a size that is worth it and that the budget allows: what a
//! picture unpacks to has nothing to do with its bytes.

mod codes;

use std::io::Cursor;

use bytes::Bytes;
use image::{DynamicImage, GrayImage, ImageDecoder as _, ImageReader, Limits};

use crate::{
    Derived, Id, IndicatorKind, Severity, facts,
    scan::{Scan, TextKind},
};

/// Bytes that a picture is decoded to at most, beside [`DECODE_RATIO`] times its own.
const DECODE_BYTES_MAX: u64 = 36 << 20;
/// See [`DECODE_BYTES_MAX`].
const DECODE_RATIO: u64 = 3;
/// Pixels on the shorter side that a QR code needs.
const SIDE_MIN: u32 = 42;
/// Pixels on the longer side that codes are looked for in; larger pictures are scaled down first.
const SIDE_SCANNED: u32 = 1_600;
/// Pixels decoded in a step.
const PIXELS_PER_STEP: u64 = 40;
/// Packed bytes decoded in a step, beside its pixels.
const BYTES_PER_STEP: u64 = 50;
/// Pixels searched for codes, dark on light and light on dark, in a step.
const SCANNED_PER_STEP: u64 = 10;
const NOT_DECODED: &str = "the picture was not decoded: other pictures took all the time";
const NOT_SEARCHED: &str = "no codes were looked for: other pictures took all the time";
/// Metadata fields kept, for rules.
const FIELDS_MAX: usize = 128;
/// Characters of a metadata value kept, for rules.
const VALUE_CHARS_MAX: usize = 512;

/// Reads a picture.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    metadata(bytes, scan);
    let mut found = facts::Image::default();
    let Some((width, height, unpacked)) = dimensions(bytes) else {
        scan.facts.image = Some(found);
        return;
    };
    (found.width, found.height) = (width, height);
    let pixels = u64::from(width) * u64::from(height);
    let packed = bytes.len() as u64;
    let worth = width.min(height) >= SIDE_MIN;
    if worth && unpacked > room(bytes) {
        let text = format!("{width} × {height} pixels are more than are decoded");
        scan.find_as(Id::ScanIncomplete, Severity::Low, Derived::Static, "", text);
    } else if worth && !scan.budget.spend_on_picture(pixels / PIXELS_PER_STEP + packed / BYTES_PER_STEP) {
        scan.left_out(NOT_DECODED);
    } else if worth && let Some(picture) = decode(bytes) {
        read(&picture, &mut found, scan);
    }
    scan.facts.image = Some(found);
}

fn reader(bytes: &[u8]) -> Option<ImageReader<Cursor<&[u8]>>> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(room(bytes).saturating_mul(2));
    reader.limits(limits);
    Some(reader)
}

/// Memory that the decoded picture may take.
fn room(bytes: &[u8]) -> u64 {
    DECODE_BYTES_MAX.saturating_add(DECODE_RATIO.saturating_mul(bytes.len() as u64))
}

/// Width, height, and the bytes that it would be decoded to.
fn dimensions(bytes: &[u8]) -> Option<(u32, u32, u64)> {
    let decoder = reader(bytes)?.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    Some((width, height, decoder.total_bytes()))
}

fn decode(bytes: &[u8]) -> Option<DynamicImage> {
    reader(bytes)?.decode().ok()
}

fn read(picture: &DynamicImage, found: &mut facts::Image, scan: &mut Scan<'_>) {
    let longer = picture.width().max(picture.height());
    let grey = if longer > SIDE_SCANNED {
        let scaled =
            |side: u32| (u64::from(side) * u64::from(SIDE_SCANNED) / u64::from(longer)).max(1) as u32;
        let small = (scaled(picture.width()), scaled(picture.height()));
        image::imageops::thumbnail(&grey(picture), small.0, small.1)
    } else {
        grey(picture)
    };
    found.dhash = Some(dhash(&grey));
    let cost = u64::from(grey.width()) * u64::from(grey.height()) / SCANNED_PER_STEP;
    if !scan.budget.spend_on_picture(cost) {
        scan.left_out(NOT_SEARCHED);
        return;
    }
    for code in codes::read(&grey, &mut scan.budget.gaps) {
        scan.find(Id::ImgQr, "", &code);
        if code.contains("://") {
            scan.indicate(IndicatorKind::Url, &code, "QR code");
        }
        scan.text(TextKind::Decoded, code.clone(), "QR code");
        found.qr.push(code);
    }
}

/// The picture in grey (ITU-R BT.709), whatever shines through it. In whole numbers: the library's own way rounds each
/// pixel as a fraction.
fn grey(picture: &DynamicImage) -> GrayImage {
    let weigh = |[red, green, blue]: [u8; 3]| {
        ((u32::from(red) * 2126 + u32::from(green) * 7152 + u32::from(blue) * 722 + 5000) / 10_000) as u8
    };
    let (width, height) = (picture.width(), picture.height());
    let pixels: Vec<u8> = match picture {
        DynamicImage::ImageRgb8(rgb) => rgb.as_raw().as_chunks().0.iter().map(|rgb| weigh(*rgb)).collect(),
        DynamicImage::ImageRgba8(rgba) => rgba
            .as_raw()
            .as_chunks()
            .0
            .iter()
            .map(|[red, green, blue, _]| weigh([*red, *green, *blue]))
            .collect(),
        _ => return picture.to_luma8(),
    };
    GrayImage::from_raw(width, height, pixels).unwrap_or_else(|| picture.to_luma8())
}

/// 64 comparisons of neighbours in nine by eight grey pixels; pictures at a distance of at most eight bits look alike.
fn dhash(grey: &GrayImage) -> String {
    let small = image::imageops::thumbnail(grey, 9, 8);
    let mut hash = 0u64;
    for row in small.as_raw().chunks_exact(9) {
        for pair in row.windows(2) {
            let brighter = matches!(pair, [left, right] if left > right);
            hash = hash << 1 | u64::from(brighter);
        }
    }
    format!("{hash:016x}")
}

/// Exif fields by the names that ExifTool uses.
fn metadata(bytes: &[u8], scan: &mut Scan<'_>) {
    let Ok(exif) = exif::Reader::new().read_from_container(&mut Cursor::new(bytes)) else { return };
    for field in scan.most(exif.fields(), FIELDS_MAX, "fields of a picture's metadata") {
        let name = match field.tag {
            exif::Tag::Model => "Model".to_owned(),
            tag => tag.to_string(),
        };
        let value = field.display_value().to_string();
        if value.chars().nth(VALUE_CHARS_MAX).is_some() {
            scan.budget.gaps.aside(VALUE_CHARS_MAX, "characters of a picture's metadata");
        }
        let value: String = value.chars().take(VALUE_CHARS_MAX).collect();
        scan.facts.metadata.push((name, value.trim_matches('"').to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hints, Input, qr_example, unpack};

    fn png(size: u32, paint: impl Fn(u32, u32) -> u8) -> Vec<u8> {
        let mut out = Vec::new();
        let picture = GrayImage::from_fn(size, size, |x, y| image::Luma([paint(x, y)]));
        picture.write_to(&mut Cursor::new(&mut out), image::ImageFormat::Png).unwrap();
        out
    }

    fn check(bytes: Vec<u8>) -> (facts::Image, Vec<&'static str>) {
        let input = Input { name: "a.png".into(), declared: None, bytes: bytes.into() };
        let mut tree = unpack("", vec![input], &Hints::default());
        let ids = tree.files.iter().flat_map(|f| &f.findings).map(|f| f.id.name()).collect();
        (tree.files.remove(0).facts.image.unwrap(), ids)
    }

    #[test]
    fn alike_after_rescaling() {
        let slope = |size: u32| png(size, move |x, y| ((x * 160 / size) + (y * 60 / size)) as u8);
        let stripes = png(90, |x, _| if x / 10 % 2 == 0 { 250 } else { 5 });
        assert_eq!(check(slope(90)).0.dhash, check(slope(270)).0.dhash);
        assert_ne!(check(slope(90)).0.dhash, check(stripes).0.dhash);
    }

    #[test]
    fn grey_is_what_the_library_makes_of_it() {
        let colour = |x: u32, y: u32| [(x * 7) as u8, (y * 11) as u8, ((x + y) * 3) as u8];
        let rgb = image::RgbImage::from_fn(60, 50, |x, y| image::Rgb(colour(x, y)));
        let rgba = image::RgbaImage::from_fn(60, 50, |x, y| {
            let [red, green, blue] = colour(x, y);
            image::Rgba([red, green, blue, x as u8])
        });
        for picture in [DynamicImage::from(rgb), DynamicImage::from(rgba)] {
            let (ours, theirs) = (grey(&picture), picture.to_luma8());
            let far = |(a, b): (&u8, &u8)| a.abs_diff(*b) > 1;
            assert!(!ours.as_raw().iter().zip(theirs.as_raw()).any(far));
        }
    }

    fn code(dark: u8, light: u8) -> Vec<u8> {
        png(qr_example::side(6), |x, y| if qr_example::dark(x, y, 6) { dark } else { light })
    }

    #[test]
    fn codes_are_read_also_inverted() {
        for picture in [code(0, 255), code(255, 0), code(60, 200)] {
            let (found, ids) = check(picture);
            assert_eq!(found.qr, ["https://a.example/q"]);
            assert_eq!(ids, ["IMG-QR", "IOC-URL"]);
        }
        assert!(check(code(128, 128)).1.is_empty());
    }

    #[test]
    fn damaged_pictures_and_bombs_end() {
        let picture = code(0, 255);
        for cut in (0..picture.len()).step_by(7).skip(2) {
            check(picture[..cut].to_vec());
        }
        // A header that promises sixty thousand by sixty thousand pixels.
        let mut bomb = b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
        bomb.extend([0x60, 0xEA, 0, 0, 0x60, 0xEA, 0, 0, 1, 0, 24, 0]);
        bomb.resize(60, 0);
        assert_eq!(check(bomb).1, ["FMT-EXT-MISMATCH", "SCAN-INCOMPLETE"]);
    }
}
