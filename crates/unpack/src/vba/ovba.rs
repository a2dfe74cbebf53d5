//! The compression of VBA (MS-OVBA 2.4.1): chunks of at most 4,096 bytes, each raw or made of literals and copies.

/// Bytes of one chunk.
const CHUNK: usize = 4_096;

/// Bytes of one container that are kept.
pub(crate) const SOURCE_BYTES_MAX: usize = 8 << 20;

/// Unpacks a container. What is behind the first broken chunk is left out; `None` when it is no container at all.
pub(crate) fn decompress(bytes: &[u8], max: usize) -> Option<Vec<u8>> {
    let (1, mut rest) = bytes.split_first().map(|(first, rest)| (*first, rest))? else { return None };
    let mut out = Vec::new();
    let mut chunks = 0;
    while let Some((header, body)) = rest.split_first_chunk::<2>() {
        let header = u16::from_le_bytes(*header);
        if header >> 12 & 7 != 3 || out.len() >= max {
            break;
        }
        chunks += 1;
        let compressed = header & 0x8000 != 0;
        let size = if compressed { usize::from(header & 0x0FFF) + 1 } else { CHUNK };
        let chunk = body.get(..size).unwrap_or(body);
        let whole = if compressed {
            unpack_chunk(chunk, &mut out)
        } else {
            out.extend_from_slice(chunk);
            true
        };
        if !whole {
            break;
        }
        rest = body.get(size..).unwrap_or_default();
    }
    out.truncate(max);
    (chunks > 0).then_some(out)
}

/// Unpacks a chunk behind what came out before; `false` when it breaks off.
fn unpack_chunk(mut chunk: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    while let Some((flags, rest)) = chunk.split_first() {
        chunk = rest;
        for bit in 0..8 {
            let produced = out.len() - start;
            if chunk.is_empty() {
                return true;
            }
            if produced >= CHUNK {
                return true;
            }
            if flags >> bit & 1 == 0 {
                let Some((literal, rest)) = chunk.split_first() else { return true };
                out.push(*literal);
                chunk = rest;
                continue;
            }
            let Some((token, rest)) = chunk.split_first_chunk::<2>() else { return false };
            chunk = rest;
            if !copy(u16::from_le_bytes(*token), start, out) {
                return false;
            }
        }
    }
    true
}

/// Repeats bytes of the chunk that begins at `start`; `false` when they would lie before it.
fn copy(token: u16, start: usize, out: &mut Vec<u8>) -> bool {
    let produced = out.len() - start;
    // How many bits the offset has depends on how far it can reach.
    let bits = (usize::BITS - produced.saturating_sub(1).leading_zeros()).clamp(4, 12);
    let length = usize::from(token & (0xFFFF >> bits)) + 3;
    let offset = usize::from(token >> (16 - bits)) + 1;
    if offset > produced {
        return false;
    }
    let from = out.len() - offset;
    let length = length.min(CHUNK - produced);
    for at in from..from + length {
        let Some(byte) = out.get(at).copied() else { return false };
        out.push(byte);
    }
    true
}

/// Packs with literals only, which every reader must understand.
#[cfg(test)]
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![1];
    for chunk in bytes.chunks(3_000) {
        let body: Vec<u8> =
            chunk.chunks(8).flat_map(|group| std::iter::once(0).chain(group.iter().copied())).collect();
        out.extend((0xB000 | (body.len() as u16 - 1)).to_le_bytes());
        out.extend(body);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Option<String> {
        decompress(bytes, SOURCE_BYTES_MAX).map(|out| String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn literals_copies_and_breaks() {
        // The examples of the specification: without and with copies.
        let plain = [
            0x01, 0x19, 0xB0, 0x00, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x00, 0x69, 0x6A, 0x6B,
            0x6C, 0x6D, 0x6E, 0x6F, 0x70, 0x00, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x2E,
        ];
        assert_eq!(check(&plain).as_deref(), Some("abcdefghijklmnopqrstuv."));
        let copies = [
            0x01, 0x2F, 0xB0, 0x00, 0x23, 0x61, 0x61, 0x61, 0x62, 0x63, 0x64, 0x65, 0x82, 0x66, 0x00, 0x70,
            0x61, 0x67, 0x68, 0x69, 0x6A, 0x01, 0x38, 0x08, 0x61, 0x6B, 0x6C, 0x00, 0x30, 0x6D, 0x6E, 0x6F,
            0x70, 0x06, 0x71, 0x02, 0x70, 0x04, 0x10, 0x72, 0x73, 0x74, 0x75, 0x76, 0x10, 0x77, 0x78, 0x79,
            0x7A, 0x00, 0x3C,
        ];
        assert_eq!(
            check(&copies).as_deref(),
            Some("#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa")
        );
        let runs = [0x01, 0x03, 0xB0, 0x02, 0x61, 0x45, 0x00];
        assert_eq!(check(&runs).unwrap().len(), 73);
        // What was unpacked before a break is kept.
        let mut broken = compress(b"Sub A()");
        broken.extend([0xEE, 0xEE, 1, 2, 3]);
        assert_eq!(check(&broken).as_deref(), Some("Sub A()"));
        assert_eq!(check(&[0x01, 0x03, 0xB0, 0x01, 0x61, 0x45]).as_deref(), Some(""));
        assert_eq!(check(&[0x02, 0x03, 0xB0]), None);
        assert_eq!(check(&[]), None);
    }

    proptest::proptest! {
        #[test]
        fn anything_gives_at_most_a_chunk_for_three_bytes(bytes: Vec<u8>) {
            let mut container = vec![1, 0xFF, 0xBF];
            container.extend(&bytes);
            let out = decompress(&container, SOURCE_BYTES_MAX).unwrap();
            proptest::prop_assert!(out.len() <= CHUNK * (1 + bytes.len() / 3));
        }
    }
}
