//! Inputs that are large or made to be slow, for measuring how cost grows.

/// Name and bytes of every input.
pub(crate) fn inputs() -> Vec<(String, Vec<u8>)> {
    let mut out: Vec<(String, Vec<u8>)> = Vec::new();
    let mib = 1usize << 20;
    for size in [1, 4, 16, 50] {
        out.push((format!("text {size} MiB"), message("text/plain", &words(size * mib))));
        out.push((format!("html {size} MiB"), message("text/html", &paragraphs(size * mib))));
        out.push((format!("attachment {size} MiB"), attachment(size * mib)));
    }
    let html = |body: String| message("text/html", &body);
    out.push(("nested div".into(), html("<div>".repeat(mib / 5))));
    out.push(("unclosed b and font".into(), html("<b><font><i>x".repeat(mib / 13))));
    out.push(("misnested tables".into(), html("<table><b><tr><i>".repeat(mib / 17))));
    out.push((
        "links".into(),
        html("<a href=\"https://a.example/x?u=https%3A%2F%2Fb.example\">go</a>".repeat(mib / 64)),
    ));
    out.push(("one long attribute".into(), html(format!("<a href=\"{}\">x</a>", "a".repeat(mib)))));
    out.push(("entities".into(), html("&amp;&#x41;&zwnj;".repeat(mib / 17))));
    out.push((
        "style rules".into(),
        html(format!("<style>{}</style>", ".a1{display:none}".repeat(mib / 17))),
    ));
    out.push((
        "quote levels".into(),
        message(
            "text/plain",
            &(0..1000).map(|i| format!("{} line\n", ">".repeat(i % 500))).collect::<String>().repeat(4),
        ),
    ));
    out.push((
        "attribution lines".into(),
        message("text/plain", &"On Mon, 1 Jan 2024 at 10:00, A <a@b.example> wrote:\n> x\n".repeat(mib / 58)),
    ));
    out.push((
        "header blocks".into(),
        message(
            "text/plain",
            &"From: a@b.example\nSent: Monday\nTo: c@d.example\nSubject: x\n\nhi\n".repeat(mib / 62),
        ),
    ));
    out.push(("urls in text".into(), message("text/plain", &"https://a.example/1234567 ".repeat(mib / 26))));
    out.push(("one word".into(), message("text/plain", &"a".repeat(mib))));
    out.push(("zero width".into(), message("text/plain", &"a\u{200b}".repeat(mib / 4))));
    let text = |body: String| message("text/plain", &body);
    out.push(("brand names".into(), text("paypal microsoft, amazon ".repeat(mib / 25))));
    out.push(("phrases".into(), text("verify your account your password expires ".repeat(mib / 42))));
    out.push(("passwords".into(), text("password: 1 zip pass pwd: file1 ".repeat(mib / 32))));
    out.push(("telephone numbers".into(), text("call +1 (800) 555-0100 now ".repeat(mib / 27))));
    out.push(("accounts".into(), text("DE89370400440532013000 GB82WEST12345698765432 $5 ".repeat(mib / 49))));
    out.push(("points".into(), text("a.b@c.d".repeat(mib / 7))));
    out.push(("brackets".into(), text("a[.](.)".repeat(mib / 7))));
    out.push(("greetings".into(), text("Dear customer\n\n".repeat(mib / 15))));
    out.push(("disguised letters".into(), text("раураl ".repeat(mib / 12))));
    out.push(("Japanese".into(), text("お客様のアカウントを確認してください。".repeat(mib / 57))));
    out.push((
        "images".into(),
        html("<img src=\"http://a.example/x.gif\" alt=\"PayPal logo\">".repeat(mib / 54)),
    ));
    out.push(("inputs".into(), html("<input type=password>".repeat(mib / 21))));
    out.push(("angle brackets".into(), html("<i".repeat(mib / 2))));
    out.push(("hosts that look alike".into(), html(hosts(mib / 60))));
    out.push(("base64 recipients".into(), html(recipients(mib / 90))));
    out.push(("attachments".into(), attachments(8_000)));
    out.push((
        "one subject".into(),
        fields(&format!("Subject: {}\r\n", "re: fwd: paypal ".repeat(mib / 16))),
    ));
    out.push((
        "one name".into(),
        fields(&format!("From: {} <a@b.example>\r\n", "p a y p a l ".repeat(mib / 12))),
    ));
    out.push(("received".into(), fields(&"Received: from a.example (b [192.0.2.1]) by c.example with ESMTP id 1; Mon, 1 Jan 2024 10:00:00 +0000\r\n".repeat(mib / 104))));
    out.push(("authentication results".into(), fields(&"Authentication-Results: mx.example; spf=pass smtp.mailfrom=a.example; dkim=pass header.d=b.example\r\n".repeat(mib / 100))));
    out.push(("one address field".into(), fields(&format!("To: {}\r\n", "a@b.example, ".repeat(mib / 13)))));
    out.push(("open brackets in address".into(), fields(&format!("To: {}\r\n", "(<\"".repeat(mib / 3)))));
    out.push((
        "encoded words".into(),
        fields(&format!("Subject: {}\r\n", "=?iso-2022-jp?B?GyRCJCIbKEI=?= ".repeat(mib / 31))),
    ));
    out.push(("multiparts".into(), multiparts(20_000)));
    out.push(("nested multiparts".into(), nested(2_000)));
    out
}

fn message(kind: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "From: \"A\" <a@b.example>\r\nTo: c@d.example\r\nSubject: growth\r\nMIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

fn fields(more: &str) -> Vec<u8> {
    format!("From: a@b.example\r\n{more}Subject: x\r\n\r\nhello\r\n").into_bytes()
}

fn words(size: usize) -> String {
    let line = "The quarterly figures of the harbour are attached, please verify your account by Friday.\r\n";
    line.repeat(size / line.len())
}

fn paragraphs(size: usize) -> String {
    let line = "<p class=\"t\"><span style=\"color:#333\">Dear customer,</span> please <a href=\"https://a.example/1\">sign in</a></p>\n";
    line.repeat(size / line.len())
}

fn attachment(size: usize) -> Vec<u8> {
    let line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n";
    let head = "From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\n";
    [head.as_bytes(), line.repeat(size / line.len()).as_bytes()].concat()
}

/// Links to many hosts, each a little like a brand's.
fn hosts(count: usize) -> String {
    (0..count)
        .map(|i| format!("<a href=\"https://secure-paypa1-{i}.pages-{i}.example/login\">go</a>"))
        .collect()
}

fn recipients(count: usize) -> String {
    (0..count)
        .map(|i| {
            format!("<a href=\"https://a{i}.example/x?u=Y0BkLmV4YW1wbGU{i}&v=c%40d.example\">sign in</a>")
        })
        .collect()
}

fn attachments(count: usize) -> Vec<u8> {
    let mut out = String::from(
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
    );
    for i in 0..count {
        out.push_str(&format!("--b\r\nContent-Type: application/zip; name=a{i}.zip\r\nContent-Disposition: attachment\r\n\r\nPK\r\n"));
    }
    out.into_bytes()
}

fn multiparts(parts: usize) -> Vec<u8> {
    let mut out = String::from(
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
    );
    for _ in 0..parts {
        out.push_str("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n");
    }
    out.into_bytes()
}

fn nested(depth: usize) -> Vec<u8> {
    let mut out = String::from("From: a@b.example\r\nMIME-Version: 1.0\r\n");
    for i in 0..depth {
        out.push_str(&format!("Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n"));
    }
    out.into_bytes()
}
