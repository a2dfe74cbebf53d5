//! The QR code of the tests, here and in `detect`, which includes this file: `https://a.example/q`, version 2-Q.

/// `1` is dark.
const MODULES: [&str; 25] = [
    "1111111010111111101111111",
    "1000001000000111001000001",
    "1011101011000010001011101",
    "1011101011101011001011101",
    "1011101001010101101011101",
    "1000001011001111001000001",
    "1111111010101010101111111",
    "0000000010011011000000000",
    "0101011111101001111101101",
    "0001110110101100111100001",
    "0000001001111110010010011",
    "1111000101000111001110000",
    "0001111111010010011001011",
    "0110010110100100011101101",
    "1010101111000000001110101",
    "0101100100001011100010010",
    "1100111010101101111111100",
    "0000000011110011100011001",
    "1111111010110011101011011",
    "1000001011001010100011101",
    "1011101001000010111111011",
    "1011101010001110000111100",
    "1011101001011100010110101",
    "1000001011010011101001000",
    "1111111001011101101100011",
];
/// Modules of the light zone around it.
const QUIET: u32 = 4;

/// Pixels of a side, `scale` for a module.
pub(crate) const fn side(scale: u32) -> u32 {
    (MODULES.len() as u32 + 2 * QUIET) * scale
}

/// Whether the pixel is dark.
pub(crate) fn dark(x: u32, y: u32, scale: u32) -> bool {
    let module = |pixel: u32| (pixel / scale).wrapping_sub(QUIET) as usize;
    MODULES.get(module(y)).and_then(|row| row.as_bytes().get(module(x))) == Some(&b'1')
}
