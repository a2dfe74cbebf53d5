//! Messages as they come: newsletters, broken HTML, hostile style sheets, every transfer encoding, many charsets.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sekisho_policy::banner::Gap;

/// A message that gets a banner.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) raw: Vec<u8>,
}

/// Bare line feeds.
pub(crate) fn unix(bytes: &[u8]) -> Vec<u8> {
    let keeps = |at: &usize| !(bytes[*at] == b'\r' && bytes.get(at + 1) == Some(&b'\n'));
    (0..bytes.len()).filter(keeps).map(|at| bytes[at]).collect()
}

/// What lines end in: whether in bare line feeds, and whether some in both.
pub(crate) fn bare_feeds(bytes: &[u8]) -> (bool, bool) {
    let bare =
        (0..bytes.len()).filter(|at| bytes[*at] == b'\n' && (*at == 0 || bytes[at - 1] != b'\r')).count();
    let all = bytes.iter().filter(|byte| **byte == b'\n').count();
    (bare == all, bare > 0 && bare < all)
}

/// HTML pages; `OWN` is the first visible text of each.
pub(crate) const PAGES: [(&str, &str); 60] = [
    (
        "plain page",
        "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\"><title>News</title></head>\r\n<body>\r\n<p>OWN text</p>\r\n</body></html>\r\n",
    ),
    (
        "newsletter",
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\r\n<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><meta name=\"viewport\" content=\"width=device-width\" /><style type=\"text/css\">body{margin:0;padding:0}td{font-family:Arial}@media only screen and (max-width:600px){.w{width:100%!important}.hide{display:none!important}}</style></head>\r\n<body style=\"margin:0;padding:0;background-color:#f4f4f4\" bgcolor=\"#f4f4f4\">\r\n<div style=\"display:none;max-height:0;overflow:hidden\">preheader</div>\r\n<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr><td align=\"center\"><table class=\"w\" width=\"600\"><tr><td style=\"padding:20px;color:#333\">OWN offers of the week</td></tr><tr><td><a href=\"https://shop.example/\">Shop now</a></td></tr></table></td></tr></table>\r\n</body></html>",
    ),
    ("no body tag", "<html><head><title>x</title></head><p>OWN text</p></html>"),
    ("fragment", "<div>OWN text</div>"),
    ("text only", "OWN text &amp; more"),
    ("empty", ""),
    ("only a body", "<body></body>"),
    ("body in an unclosed object", "<object><x-junk>q8s7<body bgcolor=white><p>OWN text</p></body>"),
    ("unclosed comment behind the body", "<html><body><p>OWN text<!-- never closed"),
    ("comment with a body", "<!-- <body> -->\r\n<html><!-- a > b --><body class='a>b'>OWN text"),
    ("unclosed title", "<html><head><title>OWN title never closed<body><p>lost"),
    ("unclosed style", "<html><head><style>p{color:red}<body><p>OWN text"),
    ("style in the body", "<body><style>p{color:red}</style><p>OWN text</p>"),
    ("template first", "<template><p>no</p></template><p>OWN text</p>"),
    ("textarea first", "<textarea>OWN text <body>"),
    ("noscript head", "<html><head><noscript><style>p{}</style></noscript></head><body>OWN text"),
    ("frameset", "<html><frameset><frame src=x><noframes>OWN text</noframes></frameset></html>"),
    ("plaintext", "<plaintext>OWN text <body>"),
    ("table soup", "<table><tr><td>OWN text<table><tr><td>b</table></body></html><p>late"),
    ("select first", "<select><option>OWN text</select><body>x"),
    ("svg first", "<svg><title>OWN text</title><foreignObject><body>x"),
    ("two bodies", "<body class=a><p>OWN text</p><body class=b>"),
    ("text before the body", "OWN greeting<html><body><p>more</p>"),
    (
        "Outlook",
        "<html xmlns:v=\"urn:schemas-microsoft-com:vml\"><head><!--[if gte mso 9]><xml><o:OfficeDocumentSettings></o:OfficeDocumentSettings></xml><![endif]--><![if !mso]><link rel=stylesheet href=\"x\"><![endif]></head><body lang=JA link=blue><div class=WordSection1><p class=MsoNormal>OWN text<o:p></o:p></p></div></body></html>",
    ),
    (
        "right to left",
        "<html dir=\"rtl\" lang=\"ar\"><body dir=\"rtl\" style=\"direction:rtl;text-align:right\"><p>\u{645}\u{631}\u{62d}\u{628}\u{627} OWN text</p></body></html>",
    ),
    (
        "hides every element",
        "<html><head><style>*{display:none!important}</style></head><body><p>OWN text</p></body></html>",
    ),
    (
        "hides all in the body",
        "<html><head><style>body *{display:none!important}p.own{display:block!important}</style></head><body><p class=own>OWN text</p></body></html>",
    ),
    (
        "hides tables and divs",
        "<style>div,table,tbody,tr,td,font,b,a{display:none!important;visibility:hidden!important}</style><p>OWN text</p>",
    ),
    (
        "hides by attribute",
        "<style>[id],[role],[lang],[dir],[bgcolor],[style]{display:none!important;opacity:0!important}</style><p>OWN text</p>",
    ),
    (
        "hides the first child",
        "<style>body>:first-child,body>*:first-child{display:none!important;height:0!important}</style><p>OWN text</p>",
    ),
    (
        "white on white",
        "<style>*{color:#ffffff!important;background:#ffffff!important;-webkit-text-fill-color:#fff!important}</style><p>OWN text</p>",
    ),
    (
        "no size",
        "<style>*{font-size:0!important;line-height:0!important;max-height:0!important;overflow:hidden!important}</style><p>OWN text</p>",
    ),
    ("transparent", "<style>*{opacity:0!important}p{opacity:1}</style><p>OWN text</p>"),
    ("invisible", "<style>html,body,*{visibility:hidden!important}</style><p>OWN text</p>"),
    (
        "off the page",
        "<style>*{position:absolute!important;left:-9999px!important;top:-9999px!important}</style><p>OWN text</p>",
    ),
    (
        "shrunk",
        "<style>*{transform:scale(0)!important;clip-path:inset(100%)!important;filter:opacity(0)!important}</style><p>OWN text</p>",
    ),
    (
        "small letters",
        "<body style=\"font-size:1px;line-height:1px;color:#fff;text-indent:-9999px;letter-spacing:-1em\"><p style=\"font-size:14px;text-indent:0;color:#000;letter-spacing:0\">OWN text</p>",
    ),
    (
        "black in the dark",
        "<html><head><meta name=\"color-scheme\" content=\"light dark\"><style>:root{color-scheme:light dark}@media (prefers-color-scheme:dark){*{color:#000!important;background-color:#000!important}body{background:#000!important}}</style></head><body><p>OWN text</p></body></html>",
    ),
    (
        "animated away",
        "<style>@keyframes gone{to{opacity:0;display:none}}*{animation:gone 1ms forwards!important;transition:all 1ms!important}</style><p>OWN text</p>",
    ),
    (
        "blended",
        "<style>*{mix-blend-mode:difference!important;mask-image:linear-gradient(transparent,transparent)!important}p{color:#000}</style><p>OWN text</p>",
    ),
    ("narrow columns", "<body style=\"columns:20;width:40px\"><p>OWN text</p>"),
    ("vertical", "<html style=\"writing-mode:vertical-rl\"><body><p>OWN text</p>"),
    ("base and form", "<base href=\"https://evil.example/\"><form action=x><p>OWN text</p>"),
    (
        "overlay",
        "<style>.c{position:fixed;top:0;left:0;right:0;bottom:0;background:#fff;z-index:2147483647!important}</style><div class=c>OWN text</div>",
    ),
    (
        "overlay behind end tags",
        "</div></body></div><div style=\"position:absolute;inset:0;background:#fff;z-index:calc(2147483647)\">OWN text</div>",
    ),
    (
        "overlay in the body's place",
        "<body style=\"margin:0\"><div style=\"position:absolute;top:0;left:0;width:100%;height:100%;background:#fff;z-index:99999\">OWN text</div>",
    ),
    ("pulled up", "<div style=\"margin-top:-500px;background:#fff;height:900px\">OWN text</div>"),
    (
        "words beside",
        "<style>*::before,td:after{content:'SAFE: '!important;font-size:40px!important;color:#000!important}</style><p>OWN text</p>",
    ),
    (
        "covered by a pseudo-element",
        "<style>html::after,*:not(#a#b#c#d)::before{content:''!important;position:absolute!important;inset:0!important;background:#fff!important;z-index:2147483647!important}p{position:relative}</style><p>OWN text</p>",
    ),
    (
        "first line",
        "<style>*::first-line{color:transparent!important;font-size:1px!important}*::first-letter{font-size:0!important}</style><p>OWN text</p>",
    ),
    (
        "flex",
        "<style>body{display:flex;flex-direction:row-reverse}</style><body><div style=\"min-width:700px\">OWN text</div>",
    ),
    (
        "grid",
        "<style>html>body{display:grid;grid-template-columns:0 1fr}</style><body><p>OWN text</p><p>x</p>",
    ),
    (
        "class of the body",
        "<style>.x.y{height:0;overflow:hidden}</style><body class=\"x y\"><p style=\"position:fixed\">OWN text</p>",
    ),
    (
        "media query",
        "<style>@media screen and (min-width:1px){html body{visibility:hidden!important}p{visibility:visible!important}}</style><p>OWN text</p>",
    ),
    ("supports", "<style>@supports (display:block){:root{opacity:0.01!important}}</style><p>OWN text</p>"),
    ("layers", "<style>@layer a{body{display:none!important}}@layer b;</style><p>OWN text</p>"),
    ("escaped", "<style>b\\6f dy{d\\69splay:none!important}</style><p>OWN text</p>"),
    (
        "pulled out by the root",
        "<html style=\"margin-top:-600px\"><body style=\"position:relative;top:-600px\"><p style=\"position:relative;top:1200px\">OWN text</p>",
    ),
    (
        "replaced root",
        "<style>body{content:url(data:image/gif;base64,R0lGODlhAQABAAAAACw=)}</style><p>OWN text</p>",
    ),
    ("script", "<script>if (a<b) document.write('<body>')</script><p>OWN text</p>"),
];

/// A text part or a whole message's body: its content fields and bytes.
fn part(kind: &str, charset: &str, bytes: &[u8], encoding: &str) -> Vec<u8> {
    let (label, body) = match encoding {
        "qp" => ("quoted-printable", quoted(bytes)),
        "base64" => ("base64", lines(&STANDARD.encode(bytes), 76)),
        "base64-57" => ("base64", lines(&STANDARD.encode(bytes), 58)),
        "base64-one" => ("base64", STANDARD.encode(bytes).into_bytes()),
        other => (other, bytes.to_vec()),
    };
    let head =
        format!("Content-Type: {kind}; charset={charset}\r\nContent-Transfer-Encoding: {label}\r\n\r\n");
    [head.as_bytes(), &body].concat()
}

fn lines(text: &str, length: usize) -> Vec<u8> {
    text.as_bytes().chunks(length).flat_map(|line| [line, b"\r\n"].concat()).collect()
}

fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut column = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'\r' && bytes.get(at + 1) == Some(&b'\n')
            || *byte == b'\n' && at > 0 && bytes[at - 1] == b'\r'
        {
            out.push(*byte);
            column = 0;
            continue;
        }
        if column > 70 {
            out.extend(b"=\r\n");
            column = 0;
        }
        match byte {
            b'!'..=b'<' | b'>'..=b'~' | b' ' => out.push(*byte),
            _ => out.extend(format!("={byte:02X}").as_bytes()),
        }
        column += 3;
    }
    out
}

fn multipart(subtype: &str, boundary: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = format!("Content-Type: multipart/{subtype}; boundary=\"{boundary}\"\r\n\r\n").into_bytes();
    for part in parts {
        out.extend(format!("--{boundary}\r\n").as_bytes());
        out.extend(part);
        out.extend(b"\r\n");
    }
    out.extend(format!("--{boundary}--\r\n").as_bytes());
    out
}

fn message(content: &[u8]) -> Vec<u8> {
    let head = "Received: from mx.example by in.example; Mon, 1 Jan 2024 10:00:00 +0000\r\nFrom: \"Microsoft\" <news@grill.example>\r\nTo: me@home.example\r\nSubject: test\r\nMIME-Version: 1.0\r\n";
    [head.as_bytes(), content].concat()
}

fn html(page: &str, encoding: &str) -> Vec<u8> {
    part("text/html", "utf-8", page.as_bytes(), encoding)
}

fn plain(text: &str) -> Vec<u8> {
    part("text/plain", "utf-8", text.as_bytes(), "8bit")
}

/// A message of one part.
pub(crate) fn single(kind: &str, text: &str, encoding: &str) -> Vec<u8> {
    message(&part(kind, "utf-8", text.as_bytes(), encoding))
}

/// All messages that get a banner.
pub(crate) fn all() -> Vec<Case> {
    let mut out = Vec::new();
    let mut add = |name: String, content: Vec<u8>| out.push(Case { name, raw: message(&content) });
    for (at, (name, page)) in PAGES.iter().enumerate() {
        for encoding in ["8bit", "qp", "base64", ["base64-57", "base64-one"][at % 2]] {
            add(format!("{name}, {encoding}"), html(page, encoding));
        }
    }
    structures(&mut add);
    charsets(&mut add);
    texts(&mut add);
    let bare: Vec<Case> = out
        .iter()
        .step_by(7)
        .map(|case| Case { name: format!("{}, bare LF", case.name), raw: unix(&case.raw) })
        .collect();
    out.extend(bare);
    out
}

fn structures(add: &mut impl FnMut(String, Vec<u8>)) {
    let page = PAGES[1].1;
    let both = || multipart("alternative", "a", &[plain("OWN text\r\n"), html(page, "qp")]);
    let file = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n".to_vec();
    let image = b"Content-Type: image/png\r\nContent-ID: <i>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0=\r\n".to_vec();
    add("alternative".into(), both());
    add("mixed with a file".into(), multipart("mixed", "m", &[both(), file.clone()]));
    add("file first".into(), multipart("mixed", "m", &[file.clone(), both()]));
    let related = multipart("related", "r", &[html(page, "base64"), image]);
    add("related".into(), related.clone());
    add("related in alternative".into(), multipart("alternative", "a", &[plain("OWN"), related.clone()]));
    add("only files".into(), multipart("mixed", "m", &[file.clone(), file.clone()]));
    let deep = multipart("mixed", "m", &[multipart("alternative", "a", &[plain("OWN"), related]), file]);
    add("three levels".into(), deep);
    add(
        "several bodies".into(),
        multipart("mixed", "m", &[plain("OWN one"), html("<p>OWN two", "base64"), plain("OWN three")]),
    );
    add("preamble".into(), [b"Content-Type: multipart/mixed; boundary=m\r\n\r\nThis is MIME.\r\n--m\r\n\r\nOWN no fields\r\n--m--\r\nepilogue".to_vec()].concat());
    add(
        "not closed".into(),
        b"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/html\r\n\r\n<p>OWN text"
            .to_vec(),
    );
    add(
        "no parts".into(),
        b"Content-Type: multipart/mixed; boundary=m\r\n\r\nOWN text that is shown".to_vec(),
    );
    add("part without body".into(), b"Content-Type: multipart/alternative; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\n--m\r\nContent-Type: text/html\r\n\r\n\r\n--m--\r\n".to_vec());
    add(
        "boundary with blanks".into(),
        b"Content-Type: multipart/mixed;\r\n\tboundary=\"m m\"\r\n\r\n--m m  \r\n\r\nOWN\r\n--m m--".to_vec(),
    );
}

fn charsets(add: &mut impl FnMut(String, Vec<u8>)) {
    let text = "OWN テスト text 関所";
    let page = format!("<html><head><title>{text}</title></head><body>{text}</body></html>");
    let wide = |text: &str, big: bool, mark: bool| -> Vec<u8> {
        let unit = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        let mark = if mark { Some(0xFEFF) } else { None };
        mark.into_iter().chain(text.encode_utf16()).flat_map(unit).collect()
    };
    let jis = |text: &str| encoding_rs::ISO_2022_JP.encode(text).0.into_owned();
    for (kind, text) in [("text/plain", text), ("text/html", page.as_str())] {
        for encoding in ["8bit", "qp", "base64"] {
            add(format!("iso-2022-jp {kind} {encoding}"), part(kind, "iso-2022-jp", &jis(text), encoding));
            add(
                format!("shift_jis {kind} {encoding}"),
                part(kind, "Shift_JIS", &encoding_rs::SHIFT_JIS.encode(text).0, encoding),
            );
            add(
                format!("euc-jp {kind} {encoding}"),
                part(kind, "euc-jp", &encoding_rs::EUC_JP.encode(text).0, encoding),
            );
            add(
                format!("gb18030 {kind} {encoding}"),
                part(kind, "gb18030", &encoding_rs::GB18030.encode(text).0, encoding),
            );
        }
        for encoding in ["qp", "base64"] {
            add(
                format!("utf-16 marked {kind} {encoding}"),
                part(kind, "utf-16", &wide(text, false, true), encoding),
            );
            add(
                format!("utf-16le {kind} {encoding}"),
                part(kind, "utf-16le", &wide(text, false, false), encoding),
            );
            add(
                format!("utf-16be {kind} {encoding}"),
                part(kind, "utf-16be", &wide(text, true, true), encoding),
            );
        }
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        add(format!("utf-8 marked {kind}"), part(kind, "utf-8", &marked, "base64"));
        add(format!("no such charset {kind}"), part(kind, "x-unknown", b"OWN text", "7bit"));
    }
    add("utf-7".into(), part("text/html", "utf-7", b"<html><body>OWN +MG4- text</body></html>", "7bit"));
    add("utf-7 tags shifted".into(), part("text/html", "utf-7", b"+ADw-p+AD4-OWN text", "7bit"));
    add("latin".into(), part("text/plain", "iso-8859-1", b"OWN caf\xe9", "8bit"));
    add("xhtml".into(), part("application/xhtml+xml", "utf-8", b"<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><body><p>OWN text</p></body></html>", "8bit"));
}

fn texts(add: &mut impl FnMut(String, Vec<u8>)) {
    add("no content fields".into(), b"\r\nOWN text\r\n".to_vec());
    add("no last line end".into(), b"\r\nOWN text".to_vec());
    add("empty body".into(), b"\r\n".to_vec());
    add("blank lines".into(), b"\r\n\r\n\r\n\r\n".to_vec());
    add("long line".into(), plain(&format!("OWN {}", "word ".repeat(5_000))));
    add(
        "long HTML line".into(),
        html(&format!("<html><body>OWN {}</body></html>", "<b>x</b>".repeat(900)), "8bit"),
    );
    add(
        "flowed".into(),
        b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nOWN text \r\nflows \r\n> quoted\r\n"
            .to_vec(),
    );
    add(
        "empty base64".into(),
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_vec(),
    );
    add(
        "empty base64 line".into(),
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n\r\n".to_vec(),
    );
    add(
        "joined base64".into(),
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nT1dOIA==\r\ndGV4dA==\r\n"
            .to_vec(),
    );
    add(
        "broken base64".into(),
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGJvZHk+!T1dO\r\nIHRleHQ\r\n"
            .to_vec(),
    );
    add("broken quoted-printable".into(), b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<body a=x>OWN 100 =% =\r\n=e3=81=82 = \r\nend=".to_vec());
    add("soft break before the place".into(), b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><body bg=3D=\r\n\"x\">=\r\nOWN text".to_vec());
    add("uuencode".into(), b"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a.txt\r\n#3U=.\r\n`\r\nend\r\n".to_vec());
    add(
        "unknown encoding".into(),
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: x-own\r\n\r\n<p>OWN text".to_vec(),
    );
    add(
        "binary".into(),
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: binary\r\n\r\n<p>OWN \0 text\n\r\r\n"
            .to_vec(),
    );
    add("bare CR".into(), b"Content-Type: text/html\r\n\r\n<body>\rOWN text\r\r\n\r".to_vec());
    add("quotes a PGP line".into(), b"\r\nOWN text\r\n> -----BEGIN PGP MESSAGE-----\r\n".to_vec());
}

/// Messages that are left alone.
pub(crate) fn left_alone() -> Vec<(&'static str, Vec<u8>, Gap)> {
    let signed = multipart(
        "signed; protocol=\"application/pkcs7-signature\"",
        "s",
        &[plain("x"), b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nx".to_vec()],
    );
    let encrypted = multipart(
        "encrypted; protocol=\"application/pgp-encrypted\"",
        "e",
        &[
            b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1".to_vec(),
            b"Content-Type: application/octet-stream\r\n\r\nx".to_vec(),
        ],
    );
    let invitation = multipart(
        "alternative",
        "a",
        &[plain("x"), b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR".to_vec()],
    );
    let report = multipart(
        "report; report-type=delivery-status",
        "r",
        &[plain("x"), b"Content-Type: message/delivery-status\r\n\r\nAction: failed".to_vec()],
    );
    let tnef = multipart(
        "mixed",
        "m",
        &[plain("x"), b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nx".to_vec()],
    );
    vec![
        ("S/MIME signed", message(&signed), Gap::Signed),
        (
            "S/MIME opaque",
            message(
                b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\r\nMIIB",
            ),
            Gap::Signed,
        ),
        (
            "S/MIME encrypted",
            message(b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIIB"),
            Gap::Encrypted,
        ),
        ("PGP encrypted", message(&encrypted), Gap::Encrypted),
        (
            "inline PGP",
            message(b"\r\n-----BEGIN PGP MESSAGE-----\r\nx\r\n-----END PGP MESSAGE-----\r\n"),
            Gap::Encrypted,
        ),
        ("inline PGP signed", message(b"\r\nhi\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nx\r\n"), Gap::Signed),
        ("invitation", message(&invitation), Gap::Calendar),
        (
            "calendar alone",
            message(b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR"),
            Gap::Calendar,
        ),
        ("report", message(&report), Gap::Report),
        ("TNEF", message(&tnef), Gap::Tnef),
        (
            "DKIM over a part",
            message(b"DKIM-Signature: v=1; a=rsa-sha256; d=x.example;\r\n\tl=120; bh=x; b=y\r\n\r\nx"),
            Gap::PartlySigned,
        ),
        ("only an image", message(b"Content-Type: image/png\r\n\r\nx"), Gap::NoText),
        ("no header", b"no header\r\n\r\nx".to_vec(), Gap::Malformed),
        ("no body", b"From: a@b.example\r\n".to_vec(), Gap::Malformed),
        ("nothing", Vec::new(), Gap::Malformed),
        (
            "mbox separator",
            b"From a@b.example Mon Jan  1 10:00:00 2024\r\nFrom: a@b.example\r\n\r\nx".to_vec(),
            Gap::Malformed,
        ),
    ]
}

/// Two bodies, and three texts that are none.
pub(crate) fn with_attachments() -> Vec<u8> {
    let alternative = multipart("alternative", "a", &[plain("OWN"), html("<p>OWN", "8bit")]);
    let notes = b"Content-Type: text/plain; name=notes.txt\r\n\r\nnotes, not a body".to_vec();
    let page =
        b"Content-Type: text/html\r\nContent-Disposition: attachment\r\n\r\n<p>page as a file</p>".to_vec();
    let enclosed = b"Content-Type: message/rfc822\r\n\r\nSubject: enclosed\r\n\r\nenclosed body".to_vec();
    message(&multipart("mixed", "m", &[alternative, notes, page, enclosed]))
}

/// Pieces of messages, for messages that nobody would write.
pub(crate) const PIECES: [&str; 30] = [
    "From: a@b.example\r\n",
    "Subject: x\n",
    "Content-Type: text/html\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type: text/plain; charset=utf-16\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: quoted-printable\n",
    "\r\n",
    "\n",
    "\r\n--b\r\n",
    "\n--b--\n",
    "<html>",
    "<body a='",
    ">",
    "<!--",
    "-->",
    "<title>",
    "</title>",
    "PGJvZHk+T1dO",
    "=\r\n",
    "=3D",
    "=",
    "\u{e9}",
    "\r",
    "Sekisho-Banner: v=1; p=0+5\r\n",
    "Content-Type: text/html; charset=iso-2022-jp\r\n",
    "\u{1b}$B",
    "\u{1b}(B",
    "text ",
    "<style>*{display:none!important}</style>",
];
