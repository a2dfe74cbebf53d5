//! Unpacks single streams, whatever their method, never to more than is allowed.

use std::{
    cell::Cell,
    io::{BufRead, BufReader, Read},
};

use crate::Budget;

/// What came out of a stream.
#[derive(Debug, Default)]
pub(crate) struct Unpacked {
    pub(crate) bytes: Vec<u8>,
    /// The stream came to its own end.
    pub(crate) complete: bool,
    /// There is more than was allowed.
    pub(crate) cut: bool,
}

/// How a stream is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Stored,
    Deflate,
    Deflate64,
    Bzip2,
    /// LZMA behind zip's own four bytes.
    ZipLzma,
    /// LZMA behind the thirteen bytes of a `.lzma` file.
    Lzma,
    Xz,
    Zstd,
    Gzip,
}

impl Method {
    /// By zip's number.
    pub(crate) fn of_zip(number: u16) -> Option<Method> {
        match number {
            0 => Some(Method::Stored),
            8 => Some(Method::Deflate),
            9 => Some(Method::Deflate64),
            12 => Some(Method::Bzip2),
            14 => Some(Method::ZipLzma),
            20 | 93 => Some(Method::Zstd),
            95 => Some(Method::Xz),
            _ => None,
        }
    }

    /// Bytes that come out in a step.
    fn speed(self) -> u64 {
        match self {
            Method::Stored => 1_000,
            Method::Deflate | Method::Gzip | Method::Zstd => 64,
            Method::Deflate64 => 40,
            // What these cost is in what goes in: see `Counted`.
            Method::ZipLzma | Method::Lzma | Method::Xz | Method::Bzip2 => SPEED_REPEATED,
        }
    }
}

/// Bytes of LZMA that come out in a step.
pub(crate) const SPEED_LZMA: u64 = 20;
/// Bytes that come out in a step where they only repeat what came before.
const SPEED_REPEATED: u64 = 400;
/// Packed bytes of LZMA and bzip2 that go in in a step.
const SPEED_IN: u64 = 11;

/// Packed bytes, and how many of them were taken: zeros by the megabyte cost little, noise costs much.
struct Counted<'d> {
    data: &'d [u8],
    taken: &'d Cell<u64>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.data.read(buffer)?;
        self.taken.set(self.taken.get() + n as u64);
        Ok(n)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(self.data)
    }

    fn consume(&mut self, n: usize) {
        self.data.consume(n);
        self.taken.set(self.taken.get() + n as u64);
    }
}

/// Memory that a dictionary may take: no stream needs more, for no more than this comes out.
const DICTIONARY_MAX: u32 = crate::limits::MEMBER_BYTES_MAX as u32;

/// Unpacks `data` to at most `cap` bytes, as long as there are steps; what came out before an error is kept.
pub(crate) fn unpack(method: Method, data: &[u8], cap: u64, budget: &mut Budget) -> Unpacked {
    let taken = Cell::new(0);
    let counted = Counted { data, taken: &taken };
    let mut capped = |reader: &mut dyn Read| {
        let mut paid = 0;
        capped_by(reader, cap, budget, |n| {
            let new = taken.get() - paid;
            paid = taken.get();
            1 + n / method.speed() + new / SPEED_IN
        })
    };
    match method {
        Method::Stored => stored(data, cap),
        Method::Deflate => capped(&mut flate2::bufread::DeflateDecoder::new(data)),
        Method::Gzip => capped(&mut flate2::bufread::MultiGzDecoder::new(data)),
        Method::Deflate64 => capped(&mut deflate64::Deflate64Decoder::with_buffer(BufReader::new(data))),
        Method::Bzip2 => capped(&mut bzip2::bufread::MultiBzDecoder::new(counted)),
        Method::ZipLzma => zip_lzma(data, &taken, &mut capped),
        Method::Lzma => lzma(data, &taken, &mut capped),
        Method::Xz => {
            capped(&mut lzma_rust2::XzReader::new_mem_limit(counted, true, (DICTIONARY_MAX >> 10) + 1_024))
        }
        Method::Zstd => zstd(data, &mut capped),
    }
}

fn stored(data: &[u8], cap: u64) -> Unpacked {
    let end = usize::try_from(cap).unwrap_or(usize::MAX).min(data.len());
    Unpacked {
        bytes: data.get(..end).unwrap_or_default().to_vec(),
        complete: end == data.len(),
        cut: end < data.len(),
    }
}

/// Reads to the end, with all that this needs.
type Capped<'c> = &'c mut dyn FnMut(&mut dyn Read) -> Unpacked;

/// Two bytes of version, two of length, then five bytes of properties and the stream.
fn zip_lzma(data: &[u8], taken: &Cell<u64>, capped: Capped<'_>) -> Unpacked {
    let [_, _, length, 0, rest @ ..] = data else { return Unpacked::default() };
    let (Some(properties), Some(stream)) = (rest.get(..5), rest.get(usize::from(*length)..)) else {
        return Unpacked::default();
    };
    lzma_stream(properties, Counted { data: stream, taken }, u64::MAX, capped)
}

/// Five bytes of properties, eight of length, the stream.
fn lzma(data: &[u8], taken: &Cell<u64>, capped: Capped<'_>) -> Unpacked {
    let Some((head, stream)) = data.split_at_checked(13) else { return Unpacked::default() };
    let Some((properties, length)) = head.split_at_checked(5) else { return Unpacked::default() };
    let length = length.try_into().map_or(u64::MAX, u64::from_le_bytes);
    lzma_stream(properties, Counted { data: stream, taken }, length, capped)
}

fn lzma_stream(properties: &[u8], stream: Counted<'_>, length: u64, capped: Capped<'_>) -> Unpacked {
    let &[properties, a, b, c, d] = properties else { return Unpacked::default() };
    let dictionary = u32::from_le_bytes([a, b, c, d]).min(DICTIONARY_MAX);
    match lzma_rust2::LzmaReader::new_with_props(stream, length, properties, dictionary, None) {
        Ok(mut reader) => capped(&mut reader),
        Err(_) => Unpacked::default(),
    }
}

fn zstd(data: &[u8], capped: Capped<'_>) -> Unpacked {
    match ruzstd::decoding::StreamingDecoder::new_with_max_window_size(data, u64::from(DICTIONARY_MAX)) {
        Ok(mut reader) => capped(&mut reader),
        Err(_) => Unpacked::default(),
    }
}

/// Reads to the end, an error, or the cap, as long as there are steps; in each come out `speed` bytes.
pub(crate) fn capped(reader: impl Read, cap: u64, speed: u64, budget: &mut Budget) -> Unpacked {
    capped_by(reader, cap, budget, |n| 1 + n / speed.max(1))
}

/// As [`capped`], with what so many bytes cost.
fn capped_by(
    mut reader: impl Read,
    cap: u64,
    budget: &mut Budget,
    mut cost: impl FnMut(u64) -> u64,
) -> Unpacked {
    let mut out = Unpacked::default();
    let mut buffer = vec![0; 32 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => {
                out.complete = true;
                return out;
            }
            Ok(n) => {
                let room = usize::try_from(cap).unwrap_or(usize::MAX).saturating_sub(out.bytes.len());
                let taken = n.min(room);
                out.bytes.extend_from_slice(buffer.get(..taken).unwrap_or_default());
                if taken < n || !budget.spend(cost(n as u64)) {
                    out.cut = true;
                    return out;
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return out,
        }
    }
}
