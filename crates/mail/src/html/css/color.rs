//! Colours as mail writes them: hexadecimal, `rgb()`, the names that occur.

use super::{Paint, starts};

/// Red, green, blue.
pub(crate) type Rgb = [u8; 3];

/// How far two colours may differ in each part and still be the same to an eye.
const SAME_COLOUR_MAX: u8 = 12;

/// Text of the one on the other cannot be read.
pub(crate) fn is_same(one: Rgb, other: Rgb) -> bool {
    one.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= SAME_COLOUR_MAX)
}

/// What `background` says: a colour somewhere in it, unless there is an image too.
pub(crate) fn background(value: &str) -> Paint {
    if value.contains('(') && (contains(value, b"url(") || contains(value, b"gradient(")) {
        return Paint::Unknown;
    }
    match color(value) {
        Paint::Unknown => {
            let found = value.split_ascii_whitespace().map(color).find(|paint| *paint != Paint::Unknown);
            found.unwrap_or(if starts(value, "none") { Paint::Clear } else { Paint::Unknown })
        }
        paint => paint,
    }
}

fn contains(value: &str, word: &[u8]) -> bool {
    value.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// A colour as CSS or an HTML attribute writes it.
pub(crate) fn color(value: &str) -> Paint {
    let value = value.trim_ascii();
    let end = value.find('!').unwrap_or(value.len());
    let value = value.get(..end).unwrap_or(value).trim_ascii_end();
    if let Some(digits) = value.strip_prefix('#') {
        return hex(digits);
    }
    if starts(value, "rgb") {
        return value.split_once('(').map_or(Paint::Unknown, |(_, parts)| function(parts));
    }
    if value.is_empty() || value.len() > 14 {
        return Paint::Unknown;
    }
    match named(value) {
        Some(rgb) => Paint::Rgb(rgb),
        None if value.eq_ignore_ascii_case("transparent") => Paint::Clear,
        // Attributes may leave the `#` out.
        None if matches!(value.len(), 3 | 6) => hex(value),
        None => Paint::Unknown,
    }
}

fn hex(digits: &str) -> Paint {
    let digits = digits.split([' ', ';']).next().unwrap_or_default();
    let Ok(number) = u32::from_str_radix(digits, 16) else { return Paint::Unknown };
    let byte = |shift: u32| (number >> shift & 0xff) as u8;
    let half = |shift: u32| (number >> shift & 0xf) as u8 * 17;
    match digits.len() {
        3 => Paint::Rgb([half(8), half(4), half(0)]),
        4 => with_alpha([half(12), half(8), half(4)], f32::from(half(0)) / 255.0),
        6 => Paint::Rgb([byte(16), byte(8), byte(0)]),
        8 => with_alpha([byte(24), byte(16), byte(8)], f32::from(byte(0)) / 255.0),
        _ => Paint::Unknown,
    }
}

/// The inside of `rgb(…)` or `rgba(…)`.
fn function(parts: &str) -> Paint {
    let mut numbers = [0.0_f32, 0.0, 0.0, 1.0];
    let mut count = 0;
    let inside = parts.split(')').next().unwrap_or_default();
    for part in inside.split([',', ' ', '/']).filter(|part| !part.is_empty()) {
        let percent = part.ends_with('%');
        let Ok(number) = part.trim_end_matches('%').parse::<f32>() else { return Paint::Unknown };
        let Some(slot) = numbers.get_mut(count) else { return Paint::Unknown };
        *slot = match (percent, count) {
            (true, 3) => number / 100.0,
            (true, _) => number * 2.55,
            _ => number,
        };
        count += 1;
    }
    if count < 3 {
        return Paint::Unknown;
    }
    let [red, green, blue, alpha] = numbers;
    with_alpha([red as u8, green as u8, blue as u8], alpha)
}

/// A colour that lets others through is not known; one that is hardly there is nothing.
fn with_alpha(rgb: Rgb, alpha: f32) -> Paint {
    match alpha {
        _ if alpha < 0.06 => Paint::Clear,
        _ if alpha > 0.9 => Paint::Rgb(rgb),
        _ => Paint::Unknown,
    }
}

fn named(value: &str) -> Option<Rgb> {
    let mut lower = [0_u8; 14];
    let name = lower.get_mut(..value.len())?;
    name.copy_from_slice(value.as_bytes());
    name.make_ascii_lowercase();
    Some(match &*name {
        b"white" => [255, 255, 255],
        b"black" => [0, 0, 0],
        b"red" => [255, 0, 0],
        b"green" => [0, 128, 0],
        b"blue" => [0, 0, 255],
        b"yellow" => [255, 255, 0],
        b"gray" | b"grey" => [128, 128, 128],
        b"silver" => [192, 192, 192],
        b"navy" => [0, 0, 128],
        b"maroon" => [128, 0, 0],
        b"purple" => [128, 0, 128],
        b"teal" => [0, 128, 128],
        b"olive" => [128, 128, 0],
        b"lime" => [0, 255, 0],
        b"aqua" | b"cyan" => [0, 255, 255],
        b"fuchsia" | b"magenta" => [255, 0, 255],
        b"orange" => [255, 165, 0],
        b"whitesmoke" => [245, 245, 245],
        b"snow" => [255, 250, 250],
        b"ivory" => [255, 255, 240],
        b"ghostwhite" => [248, 248, 255],
        b"floralwhite" => [255, 250, 240],
        b"azure" => [240, 255, 255],
        b"lightgray" | b"lightgrey" => [211, 211, 211],
        b"darkgray" | b"darkgrey" => [169, 169, 169],
        b"gainsboro" => [220, 220, 220],
        b"dimgray" | b"dimgrey" => [105, 105, 105],
        b"darkblue" => [0, 0, 139],
        b"darkred" => [139, 0, 0],
        b"darkgreen" => [0, 100, 0],
        b"windowtext" => [0, 0, 0],
        _ => return None,
    })
}
