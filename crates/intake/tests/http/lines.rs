//! The line protocol of spamc and of rspamd's older clients.

use insta::assert_snapshot;

use super::door::{Door, crlf, shown};

const MAIL: &str = "Subject: Hello\nMessage-ID: <1@tests.example>\n\nbody\n";

async fn check(door: &Door, first: &str, body: &str) -> String {
    let body = crlf(body);
    let text = format!("{}\r\nContent-length: {}\r\n\r\n{body}", crlf(first), body.len());
    shown(&door.bytes(text.as_bytes()).await)
}

#[tokio::test]
async fn spamc() {
    let door = Door::open().await;
    let banner = format!("Decide: banner\nBanner: Look twice\n{MAIL}");
    let mut out = String::new();
    for word in ["PING", "CHECK", "SYMBOLS", "REPORT", "REPORT_IFSPAM", "PROCESS", "HEADERS", "TELL", "SKIP"]
    {
        for mail in [MAIL, &banner] {
            out += &format!(
                "> {word}\n{}\n",
                check(&door, &format!("{word} SPAMC/1.5\nUser: root"), mail).await
            );
        }
    }
    assert_snapshot!(out, @r#"
    > PING
    SPAMD/1.5 0 PONG

    > PING
    SPAMD/1.5 0 PONG

    > CHECK
    SPAMD/1.1 0 EX_OK
    Content-length: 0
    Spam: False ; 1.20 / 6.00


    > CHECK
    SPAMD/1.1 0 EX_OK
    Content-length: 0
    Spam: True ; 8.57 / 6.00


    > SYMBOLS
    SPAMD/1.1 0 EX_OK
    Content-length: 0
    Spam: False ; 1.20 / 6.00


    > SYMBOLS
    SPAMD/1.1 0 EX_OK
    Content-length: 24
    Spam: True ; 8.57 / 6.00

    SEKISHO_TEST_HAS_SUBJECT
    > REPORT
    SPAMD/1.1 0 EX_OK
    Content-length: 33
    Spam: False ; 1.20 / 6.00

    Action: no action, score 1.20


    > REPORT
    SPAMD/1.1 0 EX_OK
    Content-length: 84
    Spam: True ; 8.57 / 6.00

    Action: add header, score 8.57

     8.57 SEKISHO_TEST_HAS_SUBJECT: It has a subject

    > REPORT_IFSPAM
    SPAMD/1.1 0 EX_OK
    Content-length: 0
    Spam: False ; 1.20 / 6.00


    > REPORT_IFSPAM
    SPAMD/1.1 0 EX_OK
    Content-length: 84
    Spam: True ; 8.57 / 6.00

    Action: add header, score 8.57

     8.57 SEKISHO_TEST_HAS_SUBJECT: It has a subject

    > PROCESS
    SPAMD/1.1 0 EX_OK
    Content-length: 149
    Spam: False ; 1.20 / 6.00

    X-Spam-Status: No, score=1.20 required=6.00 tests=
    Sekisho-Verdict: score=10;
    	clause=test
    Subject: Hello
    Message-ID: <1@tests.example>

    body

    > PROCESS
    SPAMD/1.1 0 EX_OK
    Content-length: 283
    Spam: True ; 8.57 / 6.00

    X-Spam-Flag: YES
    X-Spam-Status: Yes, score=8.57 required=6.00 tests=SEKISHO_TEST_HAS_SUBJECT
    Sekisho-Verdict: score=60;
    	clause=test
    Sekisho-Note: first
    Sekisho-Note: second
    Decide: banner
    Banner: Look twice
    Subject: Hello
    Message-ID: <1@tests.example>

    Look twice
    body

    > HEADERS
    SPAMD/1.1 0 EX_OK
    Content-length: 143
    Spam: False ; 1.20 / 6.00

    X-Spam-Status: No, score=1.20 required=6.00 tests=
    Sekisho-Verdict: score=10;
    	clause=test
    Subject: Hello
    Message-ID: <1@tests.example>


    > HEADERS
    SPAMD/1.1 0 EX_OK
    Content-length: 222
    Spam: True ; 8.57 / 6.00

    X-Spam-Flag: YES
    X-Spam-Status: Yes, score=8.57 required=6.00 tests=SEKISHO_TEST_HAS_SUBJECT
    Sekisho-Verdict: score=60;
    	clause=test
    Decide: banner
    Banner: Look twice
    Subject: Hello
    Message-ID: <1@tests.example>


    > TELL
    SPAMD/1.1 64 EX_USAGE

    unknown command

    > TELL
    SPAMD/1.1 64 EX_USAGE

    unknown command

    > SKIP

    > SKIP
    "#);
    assert!(
        door.keeper
            .seen()
            .lines()
            .all(|line| line.starts_with("rspamd inquiry") && line.ends_with("-: no envelope"))
    );
}

#[tokio::test]
async fn spamc_is_told_to_come_again() {
    let door = Door::open().await;
    assert_snapshot!(check(&door, "CHECK SPAMC/1.5", &format!("Decide: defer\n{MAIL}")).await, @"SPAMD/1.1 75 EX_TEMPFAIL");
    assert_snapshot!(check(&door, "CHECK SPAMC/1.5\nCompress: zlib", MAIL).await, @r#"
    SPAMD/1.1 64 EX_USAGE

    unknown content coding: zstd is understood
    "#);
}

#[tokio::test]
async fn exim() {
    let door = Door::open().await;
    let head = "CHECK RSPAMC/1.3\nQueue-Id: 1abc-0002\nFrom: <a@b.c>\nRecipient-Number: 2\nRcpt: <d@e.f>\nRcpt: <g@h.i>\n\
        Helo: host.b.c\nHostname: host.b.c\nIP: 192.0.2.1\nUser: me";
    let reply = check(&door, head, &format!("Decide: reject\n{MAIL}")).await;
    assert_snapshot!(reply, @r#"
    RSPAMD/1.3 0 EX_OK
    Metric: default; True; 16.67 / 15.00 / 0.0
    Action: reject
    Symbol: SEKISHO_TEST_HAS_SUBJECT(16.67)
    Message: Refused by policy
    Message-ID: 1@tests.example
    "#);
    assert_snapshot!(door.keeper.seen(), @"rspamd inquiry 71 bytes, 1abc-0002: <a@b.c> to <d@e.f> <g@h.i> helo host.b.c ip 192.0.2.1 login me");
}

#[tokio::test]
async fn a_message_without_length_goes_to_the_end() {
    let door = Door::open().await;
    let mut stream = tokio::net::TcpStream::connect(door.address).await.unwrap();
    let (mut read, mut write) = stream.split();
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    write.write_all(format!("CHECK SPAMC/1.2\r\n\r\n{}", crlf(MAIL)).as_bytes()).await.unwrap();
    write.shutdown().await.unwrap();
    let mut reply = String::new();
    read.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("SPAMD/1.1 0 EX_OK\r\n"), "{reply}");
    assert_eq!(door.keeper.seen(), format!("rspamd inquiry {} bytes, -: no envelope", crlf(MAIL).len()));
}
