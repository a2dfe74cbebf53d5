//! Colours by number: the palette that workbooks have unless they change it.

/// Colours 8 to 63, `0xRRGGBB`.
pub(crate) const DEFAULT: [u32; 56] = [
    0x000000, 0xFFFFFF, 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFF00, 0xFF00FF, 0x00FFFF, 0x800000, 0x008000,
    0x000080, 0x808000, 0x800080, 0x008080, 0xC0C0C0, 0x808080, 0x9999FF, 0x993366, 0xFFFFCC, 0xCCFFFF,
    0x660066, 0xFF8080, 0x0066CC, 0xCCCCFF, 0x000080, 0xFF00FF, 0xFFFF00, 0x00FFFF, 0x800080, 0x800000,
    0x008080, 0x0000FF, 0x00CCFF, 0xCCFFFF, 0xCCFFCC, 0xFFFF99, 0x99CCFF, 0xFF99CC, 0xCC99FF, 0xFFCC99,
    0x3366FF, 0x33CCCC, 0x99CC00, 0xFFCC00, 0xFF9900, 0xFF6600, 0x666699, 0x969696, 0x003366, 0x339966,
    0x003300, 0x333300, 0x993300, 0x993366, 0x333399, 0x333333,
];

/// Colours of the theme that Office has unless the file changes it.
const THEME: [u32; 10] =
    [0xFFFFFF, 0x000000, 0xEEECE1, 0x1F497D, 0x4F81BD, 0xC0504D, 0x9BBB59, 0x8064A2, 0x4BACC6, 0xF79646];

/// Number of the palette's nearest colour.
pub(crate) fn nearest(rgb: u32) -> u16 {
    let part = |value: u32, shift: u32| (value >> shift & 0xFF) as i32;
    let distance =
        |other: u32| -> i32 { [16, 8, 0].iter().map(|s| (part(rgb, *s) - part(other, *s)).pow(2)).sum() };
    (8u16..).zip(DEFAULT).min_by_key(|(_, other)| distance(*other)).map_or(0, |(number, _)| number)
}

/// A number as stored: the first eight repeat, those from 64 on are the system's.
pub(crate) fn indexed(number: u32) -> u16 {
    match number {
        0..8 => number as u16 + 8,
        8..64 => number as u16,
        _ => 0,
    }
}

/// A colour of the theme.
pub(crate) fn theme(number: u32) -> u16 {
    usize::try_from(number).ok().and_then(|i| THEME.get(i)).map_or(0, |rgb| nearest(*rgb))
}
