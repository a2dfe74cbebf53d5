//! Inert files to attach: what they are is real, what they hold is not.

/// A ZIP with one stored (not compressed) member.
#[must_use]
pub fn zip(member: &str, content: &[u8]) -> Vec<u8> {
    stored([0, 0], member, content, content)
}

/// A ZIP of one member that is not compressed, with these general purpose flags and, in place of its content, these bytes.
pub(crate) fn stored(flags: [u8; 2], member: &str, content: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let name_size = u16::try_from(member.len()).unwrap_or(u16::MAX).to_le_bytes();
    // Version 2.0, flags, stored, 2021-07-14 09:30:00.
    let common = [
        &[20, 0][..],
        &flags,
        &[0, 0, 0xc0, 0x4b, 0xee, 0x52],
        &crc.sum().to_le_bytes(),
        &size(bytes),
        &size(content),
        &name_size,
        &[0, 0],
    ]
    .concat();
    let local = [b"PK\x03\x04", common.as_slice(), member.as_bytes(), bytes].concat();
    let central = [b"PK\x01\x02\x14\x00".as_slice(), &common, &[0; 14], member.as_bytes()].concat();
    let (central_size, at) = (size(&central), size(&local));
    let end =
        [b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00".as_slice(), &central_size, &at, &[0, 0]].concat();
    [local, central, end].concat()
}

/// A PDF of one page with one line of text.
#[must_use]
pub fn pdf(line: &str) -> Vec<u8> {
    let text: String = line.chars().filter(|c| c.is_ascii() && !matches!(c, '(' | ')' | '\\')).collect();
    let stream = format!("BT /F1 12 Tf 72 760 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let start = out.len();
    out.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for offset in offsets {
        out.push_str(&format!("{offset:010} 00000 n \n"));
    }
    out.push_str(&format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    out.into_bytes()
}
