//! Stream filters: what they unpack is capped, and what a broken stream gave before it broke is kept.

use std::io::Read as _;

use super::object::{Dict, Obj, blank};

/// Filters on one stream.
pub(super) const FILTERS_MAX: usize = 8;

/// Unpacks a stream; gives the data and the filter that is left when it is a picture's (`DCTDecode`, …).
pub(super) fn decode(data: &[u8], filters: &[(String, Dict)], cap: usize) -> (Vec<u8>, Option<String>) {
    let mut out = data.to_vec();
    for (name, params) in filters.iter().take(FILTERS_MAX) {
        out = match name.as_str() {
            "FlateDecode" | "Fl" => predict(inflate(&out, cap), params),
            "LZWDecode" | "LZW" => {
                let early = params.get("EarlyChange").and_then(Obj::number).unwrap_or(1.0) != 0.0;
                predict(lzw(&out, early, cap), params)
            }
            "ASCIIHexDecode" | "AHx" => ascii_hex(&out),
            "ASCII85Decode" | "A85" => ascii85(&out, cap),
            "RunLengthDecode" | "RL" => run_length(&out, cap),
            "Crypt" => out,
            other => return (out, Some(other.to_owned())),
        };
    }
    (out, None)
}

fn inflate(data: &[u8], cap: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let start = data.iter().position(|b| !blank(*b) || *b == 0).unwrap_or(0);
    let data = data.get(start..).unwrap_or_default();
    // An error ends it; what came before is kept.
    let _ = flate2::read::ZlibDecoder::new(data).take(cap as u64).read_to_end(&mut out);
    if out.is_empty() {
        let _ = flate2::read::DeflateDecoder::new(data).take(cap as u64).read_to_end(&mut out);
    }
    out
}

fn lzw(data: &[u8], early: bool, cap: usize) -> Vec<u8> {
    // Each code is the code before it and one byte; strings are read backwards along the links.
    let mut table: Vec<(u16, u8, u16)> = Vec::with_capacity(4_096);
    let reset = |table: &mut Vec<(u16, u8, u16)>| {
        table.clear();
        table.extend((0..258u16).map(|n| (u16::MAX, n as u8, 1)));
    };
    reset(&mut table);
    let (mut out, mut width, mut bits, mut held) = (Vec::new(), 9u32, 0u32, 0u32);
    let mut last: Option<u16> = None;
    for byte in data {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        if held < width {
            continue;
        }
        held -= width;
        let code = (bits >> held & ((1 << width) - 1)) as u16;
        bits &= (1 << held) - 1;
        match code {
            256 => {
                reset(&mut table);
                width = 9;
                last = None;
                continue;
            }
            257 => break,
            _ => {}
        }
        let start = out.len();
        let source = if usize::from(code) < table.len() { Some(code) } else { last };
        let Some(source) = source else { break };
        spell(&table, source, &mut out);
        let first = out.get(start).copied().unwrap_or(0);
        if usize::from(code) >= table.len() {
            out.push(first);
        }
        if let Some(last) = last
            && table.len() < 4_096
        {
            let length = table.get(usize::from(last)).map_or(1, |e| e.2.saturating_add(1));
            table.push((last, first, length));
        }
        last = Some(code);
        let size = table.len() + usize::from(early);
        width = if size >= 2_048 {
            12
        } else if size >= 1_024 {
            11
        } else if size >= 512 {
            10
        } else {
            9
        };
        if out.len() >= cap {
            out.truncate(cap);
            break;
        }
    }
    out
}

fn spell(table: &[(u16, u8, u16)], code: u16, out: &mut Vec<u8>) {
    let start = out.len();
    let mut at = code;
    while let Some((before, byte, _)) = table.get(usize::from(at)) {
        out.push(*byte);
        if *before == u16::MAX || out.len() - start > 4_096 {
            break;
        }
        at = *before;
    }
    if let Some(new) = out.get_mut(start..) {
        new.reverse();
    }
}

fn ascii_hex(data: &[u8]) -> Vec<u8> {
    let digits = data.iter().take_while(|b| **b != b'>').filter_map(|b| (*b as char).to_digit(16));
    let digits: Vec<u32> = digits.collect();
    digits.chunks(2).map(|pair| (pair.first().unwrap_or(&0) * 16 + pair.get(1).unwrap_or(&0)) as u8).collect()
}

fn ascii85(data: &[u8], cap: usize) -> Vec<u8> {
    let (mut out, mut group, mut count) = (Vec::new(), 0u32, 0u32);
    let data = data.strip_prefix(b"<~").unwrap_or(data);
    for byte in data {
        match byte {
            b'z' if count == 0 => out.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                count += 1;
                if count == 5 {
                    out.extend_from_slice(&group.to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            b'~' => break,
            _ => {}
        }
        if out.len() >= cap {
            break;
        }
    }
    if count > 1 {
        for _ in count..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        out.extend(group.to_be_bytes().iter().take(count as usize - 1));
    }
    out
}

fn run_length(data: &[u8], cap: usize) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(length) = data.get(at).copied().filter(|l| *l != 128) {
        if out.len() >= cap {
            break;
        }
        let length = usize::from(length);
        if length < 128 {
            let end = (at + 2 + length).min(data.len());
            out.extend_from_slice(data.get(at + 1..end).unwrap_or_default());
            at += length + 2;
        } else {
            let byte = data.get(at + 1).copied().unwrap_or(0);
            out.extend(std::iter::repeat_n(byte, 257 - length));
            at += 2;
        }
    }
    out
}

/// Undoes the predictors of PNG and TIFF.
fn predict(data: Vec<u8>, params: &Dict) -> Vec<u8> {
    let number = |key: &str, or: usize| {
        params.get(key).and_then(Obj::number).map_or(or, |n| n.clamp(0.0, 65_536.0) as usize)
    };
    let predictor = number("Predictor", 1);
    if predictor < 2 {
        return data;
    }
    let bits = number("Colors", 1).max(1).saturating_mul(number("BitsPerComponent", 8).max(1));
    let pixel = bits.div_ceil(8).max(1);
    let row = bits.saturating_mul(number("Columns", 1).max(1)).div_ceil(8).max(1);
    if predictor == 2 {
        let mut out = data;
        for line in out.chunks_mut(row) {
            for at in pixel..line.len() {
                let before = line.get(at - pixel).copied().unwrap_or(0);
                if let Some(byte) = line.get_mut(at) {
                    *byte = byte.wrapping_add(before);
                }
            }
        }
        return out;
    }
    png(&data, pixel, row)
}

fn png(data: &[u8], pixel: usize, row: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    for line in data.chunks(row + 1) {
        let Some((kind, bytes)) = line.split_first() else { break };
        let start = out.len();
        for (at, byte) in bytes.iter().enumerate() {
            let get = |from: usize, back: usize| {
                from.checked_sub(back).and_then(|n| out.get(n)).copied().unwrap_or(0)
            };
            let left = if at >= pixel { get(start + at, pixel) } else { 0 };
            let up = get(start + at, row);
            let corner = if at >= pixel { get(start + at, row + pixel) } else { 0 };
            let add = match kind {
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                4 => paeth(left, up, corner),
                _ => 0,
            };
            out.push(byte.wrapping_add(add));
        }
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i32::from(left), i32::from(up), i32::from(corner));
    let p = a + b - c;
    let (pa, pb, pc) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
    if pa <= pb && pa <= pc {
        left
    } else if pb <= pc {
        up
    } else {
        corner
    }
}
