//! rspamd's protocol, request by request.

use insta::assert_snapshot;
use sekisho_intake::http::{Secret, Settings};

use super::door::{Door, check, hooks, json};

const MAIL: &str = "From: a@tests.example\nSubject: Hello\nMessage-ID: <1@tests.example>\n\nbody\n";

fn mail(decide: &str) -> String {
    format!("Decide: {decide}\n{MAIL}")
}

const POST: &str = "POST /checkv2 HTTP/1.1\n";

#[tokio::test]
async fn a_message_that_is_delivered() {
    let door = Door::open().await;
    assert_snapshot!(check(&door, POST, MAIL).await, @r#"
    HTTP/1.1 200 OK
    Content-Type: application/json
    Content-Length: 0
    Connection: close

    {"is_skipped":false,"score":1.2,"required_score":15.0,"action":"no action","thresholds":{"reject":15.0,"add header":6.0},"symbols":{},"messages":{},"message-id":"1@tests.example","time_real":0,"milter":{"add_headers":{"Sekisho-Verdict":{"value":"score=10;\r\n\tclause=test","order":1}}}}
    "#);
    assert_snapshot!(door.keeper.seen(), @"rspamd inquiry 78 bytes, -: no envelope");
}

#[tokio::test]
async fn a_message_that_is_suspicious() {
    let door = Door::open().await;
    assert_snapshot!(check(&door, POST, &mail("banner")).await, @r#"
    HTTP/1.1 200 OK
    Content-Type: application/json
    Content-Length: 0
    Connection: close

    {"is_skipped":false,"score":8.57,"required_score":15.0,"action":"add header","thresholds":{"reject":15.0,"add header":6.0},"symbols":{"SEKISHO_TEST_HAS_SUBJECT":{"name":"SEKISHO_TEST_HAS_SUBJECT","score":8.57,"metric_score":6.0,"description":"It has a subject","options":["Hello"]}},"messages":{},"message-id":"1@tests.example","time_real":0,"milter":{"add_headers":{"Sekisho-Verdict":{"value":"score=60;\r\n\tclause=test","order":1}}}}
    "#);
}

#[tokio::test]
async fn decisions_in_words_of_rspamd() {
    let door = Door::open().await;
    let mut out = String::new();
    for decide in ["deliver", "banner", "redirect", "reject", "quarantine", "defer", "nothing"] {
        for head in ["", "Milter: Yes\nRcpt: <a@b.c>\n"] {
            let reply = json(&check(&door, &format!("{POST}{head}"), &mail(decide)).await);
            let milter = reply["milter"].as_object().map(|milter| {
                let rest = milter.iter().filter(|(name, _)| *name != "add_headers");
                rest.map(|(name, value)| format!(" {name}={value}")).collect::<String>()
            });
            let who = if head.is_empty() { "client" } else { "milter" };
            out += &format!(
                "{decide:10} {who}: {} {} {}{}\n",
                reply["action"],
                reply["score"],
                reply["messages"],
                milter.unwrap_or_default()
            );
        }
    }
    assert_snapshot!(out, @r#"
    deliver    client: "no action" 1.2 {}
    deliver    milter: "no action" 1.2 {}
    banner     client: "add header" 8.57 {}
    banner     milter: "add header" 8.57 {}
    redirect   client: "reject" 15.0 {}
    redirect   milter: "no action" 2.4 {} add_rcpt=["box@tests.example"] del_rcpt=["a@b.c"]
    reject     client: "reject" 16.67 {"smtp_message":"Refused by policy"}
    reject     milter: "reject" 16.67 {"smtp_message":"Refused by policy"}
    quarantine client: "reject" 18.33 {}
    quarantine milter: "reject" 18.33 {}
    defer      client: "soft reject" 0.0 {"smtp_message":"Come again"}
    defer      milter: "soft reject" 0.0 {"smtp_message":"Come again"}
    nothing    client: "no action" 0.0 {}
    nothing    milter: "no action" 0.0 {}
    "#);
}

#[tokio::test]
async fn what_milter_clients_quarantine() {
    let head = format!("{POST}Milter: Yes\n");
    let mut out = String::new();
    for (holds, client_quarantines) in [(false, false), (false, true), (true, false)] {
        let door = Door::with(Settings { holds, client_quarantines, ..Settings::default() }, hooks()).await;
        for head in [POST, &head] {
            let reply = json(&check(&door, head, &mail("quarantine")).await);
            out += &format!("{} {} {}\n", reply["action"], reply["milter"]["reject"], door.keeper.seen());
        }
    }
    assert_snapshot!(out, @r#"
    "reject" null rspamd inquiry 98 bytes, -: no envelope
    "reject" null rspamd inquiry 98 bytes, -: no envelope
    "reject" null rspamd inquiry 98 bytes, -: no envelope
    "reject" "quarantine" rspamd inquiry 98 bytes, -: no envelope
    "reject" null rspamd inquiry 98 bytes, -: no envelope
    "reject" "discard" rspamd arrival 98 bytes, -: no envelope
    "#);
}

#[tokio::test]
async fn the_envelope_comes_in_fields_and_in_the_query() {
    let door = Door::open().await;
    let fields = "FROM: <a@b.c>\nRcpt: d@e.f, \"x,y\"@e.f\nrcpt: <g@h.i>\nHelo: host.b.c\nHostname: unknown\nIp: 192.0.2.1\n\
        User: me\nQueue-Id: 4ABC\nPass: all\nSettings: {\"actions\":{}}\nMTA-Name: mx\nFilename: x.eml\n";
    let reply = check(&door, &format!("POST /CheckV2?helo=other HTTP/1.0\n{fields}"), MAIL).await;
    assert_eq!(
        json(&reply)["messages"].to_string(),
        r#"{"settings":"Settings are not carried out: the policy decides"}"#
    );
    check(&door, "POST /checkv2?ip=192.0.2.1&from=a@b.c&rcpt=d%40e.f HTTP/1.1\n", MAIL).await;
    check(&door, "POST /checkv2 HTTP/1.1\nIp: nonsense\n", MAIL).await;
    assert_snapshot!(door.keeper.seen(), @r#"
    rspamd inquiry 78 bytes, 4ABC: <a@b.c> to <d@e.f> <"x,y"@e.f> <g@h.i> helo host.b.c ip 192.0.2.1 login me
    rspamd inquiry 78 bytes, -: <a@b.c> to <d@e.f> helo  ip 192.0.2.1 login -
    rspamd inquiry 78 bytes, -: no envelope
    "#);
}

#[tokio::test]
async fn the_older_form() {
    let door = Door::open().await;
    let first = check(&door, "POST /symbols HTTP/1.0\n", &mail("banner")).await;
    assert_snapshot!(first, @r#"
    HTTP/1.0 200 OK
    Content-Type: application/json
    Content-Length: 0

    {"default":{"is_spam":true,"is_skipped":false,"score":8.57,"required_score":15.0,"action":"add header","SEKISHO_TEST_HAS_SUBJECT":{"name":"SEKISHO_TEST_HAS_SUBJECT","score":8.57,"description":"It has a subject","options":["Hello"]}},"messages":{},"message-id":"1@tests.example","time_real":0,"rmilter":{"add_headers":{"Sekisho-Verdict":{"value":"score=60;\r\n\tclause=test","order":1}}}}
    "#);
    let body = |reply: &str| json(reply)["default"].clone();
    for path in ["check", "scan", "report", "report_ifspam", "process", "Check"] {
        let reply = check(&door, &format!("POST /{path} HTTP/1.0\n"), &mail("banner")).await;
        assert_eq!(body(&reply), body(&first), "{path}");
    }
}

#[tokio::test]
async fn a_new_body_follows_for_those_who_take_it() {
    let door = Door::open().await;
    let mail = "Decide: banner\nBanner: Look twice\nSekisho-Old: 1\nSekisho-Old: 2\nSekisho-Old: 3\nContent-Type: text/plain\n\nbody\n";
    assert_snapshot!(check(&door, &format!("{POST}Flags: body_block\n"), mail).await, @r#"
    HTTP/1.1 200 OK
    Content-Type: application/json
    Message-Offset: 0
    Content-Length: 0
    Connection: close

    {"is_skipped":false,"score":8.57,"required_score":15.0,"action":"add header","thresholds":{"reject":15.0,"add header":6.0},"symbols":{"SEKISHO_TEST_HAS_SUBJECT":{"name":"SEKISHO_TEST_HAS_SUBJECT","score":8.57,"metric_score":6.0,"description":"It has a subject"}},"messages":{},"message-id":"undef","time_real":0,"milter":{"remove_headers":{"Sekisho-Old":3,"Sekisho-OlD":1,"Content-Type":1},"add_headers":{"Sekisho-Verdict":{"value":"score=60;\r\n\tclause=test","order":1},"Sekisho-Note":[{"value":"first","order":2},{"value":"second","order":3}],"Content-Type":{"value":"text/plain; banner=yes"}}}}Decide: banner
    Banner: Look twice
    Sekisho-Old: 2
    Content-Type: text/plain; banner=yes

    Look twice
    body
    "#);
    assert_snapshot!(check(&door, &format!("{POST}Flags: body_block\nMilter: 1\n"), mail).await, @r#"
    HTTP/1.1 200 OK
    Content-Type: application/json
    Message-Offset: 0
    Content-Length: 0
    Connection: close

    {"is_skipped":false,"score":8.57,"required_score":15.0,"action":"add header","thresholds":{"reject":15.0,"add header":6.0},"symbols":{"SEKISHO_TEST_HAS_SUBJECT":{"name":"SEKISHO_TEST_HAS_SUBJECT","score":8.57,"metric_score":6.0,"description":"It has a subject"}},"messages":{},"message-id":"undef","time_real":0,"milter":{"remove_headers":{"Sekisho-Old":3,"Sekisho-OlD":1,"Content-Type":1},"add_headers":{"Sekisho-Verdict":{"value":"score=60;\n\tclause=test","order":1},"Sekisho-Note":[{"value":"first","order":2},{"value":"second","order":3}],"Content-Type":{"value":"text/plain; banner=yes"}}}}Look twice
    body
    "#);
    let without = check(&door, POST, mail).await;
    assert!(
        !without.contains("Look twice\n")
            && !without.contains("banner=yes")
            && !without.contains("Message-Offset")
    );
}

#[tokio::test]
async fn the_offset_is_where_the_body_begins() {
    let door = Door::open().await;
    let request = "POST /checkv2 HTTP/1.0\r\nFlags: body_block\r\nContent-Length: 48\r\n\r\n\
        Decide: banner\r\nBanner: Look twice\r\n\r\n0123456789";
    let reply = String::from_utf8(door.bytes(request.as_bytes()).await).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let offset = head.lines().find_map(|line| line.strip_prefix("Message-Offset: ")).unwrap();
    let (json, message) = body.split_at(offset.parse().unwrap());
    serde_json::from_str::<serde_json::Value>(json).unwrap();
    assert!(
        message.starts_with("Decide: banner\r\n") && message.ends_with("\r\n\r\nLook twice\r\n0123456789"),
        "{message}"
    );
}

#[tokio::test]
async fn other_commands() {
    let door = Door::with(Settings::default(), hooks()).await;
    check(&door, POST, &mail("reject")).await;
    check(&door, POST, MAIL).await;
    for path in ["/ping", "/PING", "/healthy", "/ready", "/metrics", "/stat", "/auth", "/counters"] {
        let reply = check(&door, &format!("GET {path} HTTP/1.1\n"), "").await;
        assert!(reply.starts_with("HTTP/1.1 200 OK\n"), "{path}: {reply}");
    }
    assert_snapshot!(check(&door, "GET /ping HTTP/1.0\n", "").await, @r#"
    HTTP/1.0 200 OK
    Content-Type: text/plain
    Content-Length: 0

    pong
    "#);
    assert_snapshot!(check(&door, "GET /nothing HTTP/1.0\n", "").await, @r#"
    HTTP/1.0 500 invalid command
    Content-Type: application/json
    Content-Length: 0

    {"error":"invalid command","error_domain":"protocol-error"}
    "#);
    let history = json(&check(&door, "GET /history HTTP/1.0\n", "").await);
    assert_eq!(history["rows"][0]["action"], "no action");
    assert_eq!(history["rows"][1]["message-id"], "1@tests.example");
    let stat =
        json(&check(&door, "GET /stat HTTP/1.0\nCompression: zstd\nContent-Encoding: zstd\n", "").await);
    assert_eq!((stat["scanned"].as_u64(), stat["actions"]["reject"].as_u64()), (Some(2), Some(1)));
    let counters = json(&check(&door, "GET /counters HTTP/1.0\n", "").await);
    assert_eq!(counters[0]["symbol"], "SEKISHO_TEST_HAS_SUBJECT");
    let skipped = json(&check(&door, "POST /skip HTTP/1.0\n", MAIL).await);
    assert_eq!(
        (skipped["is_skipped"].as_bool(), skipped["action"].as_str()),
        (Some(true), Some("no action"))
    );
}

#[tokio::test]
async fn the_test_message_is_rejected_and_its_neighbour_is_not() {
    let gtube = "Subject: x\n\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n";
    let door = Door::open().await;
    assert_snapshot!(check(&door, POST, gtube).await, @r#"
    HTTP/1.1 200 OK
    Content-Type: application/json
    Content-Length: 0
    Connection: close

    {"is_skipped":true,"score":15.0,"required_score":15.0,"action":"reject","thresholds":{"reject":15.0,"add header":6.0},"symbols":{"GTUBE":{"name":"GTUBE","score":0.0,"metric_score":0.0}},"messages":{"smtp_message":"Gtube pattern"},"passthrough_module":"GTUBE","message-id":"undef","time_real":0}
    "#);
    assert_eq!(json(&check(&door, POST, &gtube.replace("C.34X", "C.35X")).await)["action"], "no action");
    let door = Door::with(Settings { gtube: false, ..Settings::default() }, hooks()).await;
    assert_eq!(json(&check(&door, POST, gtube).await)["action"], "no action");
}

#[tokio::test]
async fn files_of_the_server_are_not_read() {
    let door = Door::open().await;
    for head in [
        "POST /checkv2 HTTP/1.1\nFile: /etc/passwd\n",
        "POST /checkv2?path=/etc/passwd HTTP/1.1\n",
        "POST /symbols HTTP/1.1\nShm: x\n",
    ] {
        let reply = check(&door, head, "").await;
        assert!(reply.starts_with("HTTP/1.1 400 files and shared memory are not read"), "{reply}");
    }
    assert_eq!(door.keeper.seen(), "");
}

#[tokio::test]
async fn learning_needs_the_password() {
    let password = Some(Secret::of(b"secret"));
    let door = Door::with(Settings { password, ..Settings::default() }, hooks()).await;
    let mut out = String::new();
    for (head, body) in [
        ("", MAIL),
        ("Password: wrong\n", MAIL),
        ("Password: secret\n", MAIL),
        ("Password: secret\n", "known"),
        ("Password: secret\n", ""),
    ] {
        for path in ["learnspam", "learnham"] {
            let reply = check(&door, &format!("POST /{path} HTTP/1.0\n{head}"), body).await;
            out += &format!("{} {}\n", reply.lines().next().unwrap(), json(&reply));
        }
    }
    assert_snapshot!(out, @r#"
    HTTP/1.0 403 Unauthorized {"error":"Unauthorized"}
    HTTP/1.0 403 Unauthorized {"error":"Unauthorized"}
    HTTP/1.0 403 Unauthorized {"error":"Unauthorized"}
    HTTP/1.0 403 Unauthorized {"error":"Unauthorized"}
    HTTP/1.0 200 OK {"success":true}
    HTTP/1.0 200 OK {"success":true}
    HTTP/1.0 208 Already Reported {"error":"the message has been already learned as spam, ignore it"}
    HTTP/1.0 208 Already Reported {"error":"the message has been already learned as ham, ignore it"}
    HTTP/1.0 400 no message to learn {"error":"no message to learn"}
    HTTP/1.0 400 no message to learn {"error":"no message to learn"}
    "#);
    let stat = check(&door, "GET /stat HTTP/1.0\n", "").await;
    assert!(stat.starts_with("HTTP/1.0 403 Unauthorized"), "{stat}");
    let stat = check(&door, "GET /stat HTTP/1.0\nPassword: secret\n", "").await;
    assert_eq!(json(&stat)["learned"], 2);
}

#[tokio::test]
async fn without_a_password_this_machine_may_learn_and_pages_may_not() {
    let door = Door::with(Settings::default(), hooks()).await;
    for (head, status) in [
        ("", "200"),
        ("Origin: https://evil.example\n", "403"),
        ("User-Agent: Mozilla/5.0 (X11)\n", "403"),
        ("User-Agent: rspamc\n", "200"),
        ("X-Forwarded-For: 192.0.2.1\n", "403"),
    ] {
        let reply = check(&door, &format!("POST /learnspam HTTP/1.0\n{head}"), MAIL).await;
        assert!(reply.starts_with(&format!("HTTP/1.0 {status} ")), "{head} {reply}");
    }
    let door = Door::open().await;
    let reply = check(&door, "POST /learnspam HTTP/1.0\n", MAIL).await;
    assert!(reply.starts_with("HTTP/1.0 501 nothing is learnt here"), "{reply}");
}
