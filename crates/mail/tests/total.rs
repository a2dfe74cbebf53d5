//! Parsing is total: any bytes give a message, quickly.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use sekisho_mail::{DefectKind, parse};

const SAMPLE: &[u8] = b"Received: from m.x.example (m.x.example [192.0.2.1]) by mx.y.example (Postfix) with ESMTP id 1 for <a@y.example>; Tue, 1 Jul 2003 10:52:37 +0200 (CEST)\r\n\
Authentication-Results: mx.y.example; spf=pass smtp.mailfrom=x.example; dkim=pass header.d=x.example; dmarc=pass (p=NONE) header.from=x.example\r\n\
DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s1; h=From:To; bh=aa=; b=bb=\r\n\
From: =?iso-2022-jp?B?GyRCJCIbKEI=?= \"x (y\" <a@x.example>, Group: b@x.example;\r\n\
To: undisclosed-recipients:;\r\nSubject: Re: [x] =?utf-8?Q?=E3=81?= =?utf-8?Q?=82?=\r\nDate: Tue, 1 Jul 2003 10:52:37 GMT\r\n\
Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; charset=shift_jis\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=82=A0 https://x.example/=\r\n\r\n--c\r\nContent-Type: text/html; charset=utf-7\r\n\r\n<a href=https://x.example>x</a>\r\n--c--\r\n--b\r\nContent-Type: message/rfc822; name*0*=utf-8''%41; name*1=b\r\n\r\nFrom: c@x.example\r\n\r\nhi\r\n--b\r\nContent-Disposition: attachment; filename=\"a.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--b--\r\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        parse(&bytes);
    }

    #[test]
    fn mutated_messages(edits in proptest::collection::vec((0usize..SAMPLE.len(), any::<u8>(), 0usize..4), 1..24)) {
        let mut raw = SAMPLE.to_vec();
        for (at, byte, how) in edits {
            let at = at % raw.len().max(1);
            match how {
                0 => raw[at] = byte,
                1 => raw.insert(at, byte),
                2 => { raw.remove(at); }
                _ => raw.truncate(at.max(200)),
            }
        }
        let message = parse(&raw);
        for field in &message.fields {
            prop_assert!(field.span.end as usize <= raw.len());
        }
        for attachment in &message.attachments {
            prop_assert_eq!(attachment.size as usize, attachment.raw.len());
        }
    }

    #[test]
    fn strange_text_in_fields(value in "\\PC{0,200}", name in "(From|To|Subject|Date|Received|Authentication-Results|Content-Type|References)") {
        parse(format!("{name}: {value}\r\n\r\nx").as_bytes());
    }
}

#[test]
fn the_sample_is_read_whole() {
    let message = parse(SAMPLE);
    assert_eq!(message.authors.len(), 2);
    assert_eq!(message.subject.base.as_deref(), Some("あ"));
    assert_eq!(message.plain.as_ref().map(|p| p.raw.trim()), Some("あ https://x.example/"));
    assert_eq!(message.attachments.len(), 2);
    let types: Vec<_> =
        message.attachments.iter().map(|a| (a.file_type.as_str(), a.file_name.as_deref())).collect();
    assert_eq!(types, [("unknown", Some("Ab")), ("zip", Some("a.zip"))]);
    assert!(!message.to[0].email.domain.valid && message.to[0].email.email.is_empty());
    assert_eq!(message.defects, []);
}

/// One megabyte of every piece stays far from a second even in a debug build's tenfold time.
#[test]
fn hostile_repetition_is_linear() {
    let nested = |n: usize| {
        let open: String =
            (0..n).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")).collect();
        format!("From: a@x.example\n{open}")
    };
    let in_body = "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n";
    let inputs = [
        format!("{in_body}{}", "--b\nContent-Type: multipart/mixed; boundary=zzz\n\n".repeat(20_000)),
        format!("{in_body}{}", "--b\nContent-Type: message/rfc822\n\n".repeat(28_000)),
        format!("From: a@x.example\n{}", "Content-Type: message/rfc822\n\n".repeat(32_000)),
        format!("{in_body}{}", "--b\n\n".repeat(200_000)),
        format!("{in_body}{}", "--".repeat(500_000)),
        format!("{in_body}{}", "\n--".repeat(330_000)),
        nested(25_000),
        format!("From: {}", "(".repeat(1_000_000)),
        format!("To: {}\n\n", "a@b.example,".repeat(80_000)),
        format!("Subject: {}\n\n", "=?a?b?".repeat(160_000)),
        format!("References: {}\n\n", "<a@b>".repeat(200_000)),
        format!("Received: {}\n\n", "from (".repeat(160_000)),
        "Received: from a by b; x\n".repeat(40_000),
        "Authentication-Results: x.example; spf=pass\n".repeat(22_000),
        format!("Content-Type: {}\n\n", ";a=b".repeat(250_000)),
        "a:b\n".repeat(250_000),
    ];
    for input in inputs {
        let start = Instant::now();
        parse(input.as_bytes());
        let spent = start.elapsed();
        let head: String = input.chars().take(80).collect();
        assert!(spent < Duration::from_secs(8), "{spent:?} for {head:?}");
    }
}

#[test]
fn limits_are_named() {
    let over = |raw: String| parse(raw.as_bytes()).defects.iter().any(|d| d.kind == DefectKind::OverLimit);
    assert!(over(format!("From: a@x.example\n{}\n", "A: b\n".repeat(5_000))));
    assert!(over(format!(
        "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n{}",
        "--b\n\nx\n".repeat(3_000)
    )));
    assert!(!over("From: a@x.example\n\nx".to_owned()));
}
