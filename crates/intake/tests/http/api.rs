//! Our own API.

use std::sync::Arc;

use insta::assert_snapshot;
use sekisho_engine::resolver::Answer;
use sekisho_intake::http::{Hooks, Live, Reloaded, Reloader, Secret, Settings, Token, description};

use super::door::{Door, check, hooks, json};

const MAIL: &str = "Subject: Hello\nMessage-ID: <1@tests.example>\n\nbody\n";
const SCAN: &str = "POST /api/v1/scan HTTP/1.1\n";

#[tokio::test]
async fn a_message_is_judged() {
    let door = Door::open().await;
    let mail = format!("Decide: banner\nBanner: Look twice\n{MAIL}");
    let reply = check(&door, &format!("{SCAN}Content-Type: message/rfc822\n"), &mail).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\nContent-Type: application/json\n"), "{reply}");
    assert_snapshot!(serde_json::to_string_pretty(&json(&reply)).unwrap(), @r#"
    {
      "id": "test-id",
      "class": "suspicious",
      "threat": null,
      "score": 60,
      "message_id": "<1@tests.example>",
      "direction": "inbound",
      "decisions": [
        {
          "action": "banner",
          "level": "warning",
          "to": null,
          "text": null,
          "clause": "test",
          "recipients": []
        }
      ],
      "decided_by": [],
      "findings": [
        {
          "rule": "test/has-subject",
          "severity": "medium",
          "summary": "It has a subject",
          "summary_ja": null,
          "attack_types": [
            "Spam"
          ],
          "techniques": [],
          "exhibits": [
            {
              "path": "subject.subject",
              "value": "Hello",
              "span": null,
              "predicate": "subject.subject != null"
            }
          ]
        }
      ],
      "gaps": [
        {
          "facet": "thread",
          "reason": "no_history",
          "detail": "no history"
        }
      ],
      "indeterminate": [],
      "changes": {
        "plain": {
          "fields": [
            {
              "change": "insert",
              "name": "Sekisho-Verdict",
              "nth": null,
              "value": " score=60;\r\n\tclause=test"
            }
          ],
          "body": []
        },
        "bannered": {
          "fields": [
            {
              "change": "insert",
              "name": "Sekisho-Verdict",
              "nth": null,
              "value": " score=60;\r\n\tclause=test"
            },
            {
              "change": "insert",
              "name": "Sekisho-Note",
              "nth": null,
              "value": " first"
            },
            {
              "change": "insert",
              "name": "Sekisho-Note",
              "nth": null,
              "value": " second"
            },
            {
              "change": "remove",
              "name": "Sekisho-Old",
              "nth": 1,
              "value": null
            },
            {
              "change": "remove",
              "name": "Sekisho-Old",
              "nth": 3,
              "value": null
            },
            {
              "change": "replace",
              "name": "Content-Type",
              "nth": 1,
              "value": " text/plain; banner=yes"
            }
          ],
          "body": [
            {
              "at": 0,
              "cut": 0,
              "put": "TG9vayB0d2ljZQ0K"
            }
          ]
        }
      },
      "cpu_ms": 1.5
    }
    "#);
    assert_snapshot!(door.keeper.seen(), @"http inquiry 91 bytes, -: no envelope");
}

#[tokio::test]
async fn the_envelope_is_told_in_three_ways() {
    let door = Door::open().await;
    let fields = "Sekisho-Mail-From: <a@b.c>\nSekisho-Rcpt-To: <d@e.f>, g@h.i\nsekisho-rcpt-to: j@k.l\nSekisho-Ip: 192.0.2.1\n\
        Sekisho-Helo: host.b.c\nSekisho-Login: me\nSekisho-Queue-Id: 4ABC\n";
    check(&door, &format!("{SCAN}{fields}"), MAIL).await;
    check(&door, &format!("POST /api/v1/scan?rcpt_to=x@y.z&helo=q HTTP/1.1\n{fields}"), MAIL).await;
    let form = |envelope: &str| {
        format!(
            "--b\nContent-Disposition: form-data; name=envelope\nContent-Type: application/json\n\n{envelope}\n\
            --b\nContent-Disposition: form-data; name=\"message\"; filename=\"x.eml\"\n\n{MAIL}\n--b--\n"
        )
    };
    let kind = "Content-Type: multipart/form-data; boundary=b\n";
    let envelope = r#"{"mail_from": "", "rcpt_to": ["x@y.z"], "ip": "2001:db8::1"}"#;
    check(&door, &format!("{SCAN}{kind}"), &form(envelope)).await;
    check(&door, &format!("{SCAN}{kind}{fields}"), &form("{\"helo\": \"q\"}")).await;
    assert_snapshot!(door.keeper.seen(), @r#"
    http inquiry 55 bytes, 4ABC: <a@b.c> to <d@e.f> <g@h.i> <j@k.l> helo host.b.c ip 192.0.2.1 login me
    http inquiry 55 bytes, 4ABC: <a@b.c> to <x@y.z> helo q ip 192.0.2.1 login me
    http inquiry 55 bytes, -: <> to <x@y.z> helo  ip 2001:db8::1 login -
    http inquiry 55 bytes, 4ABC: <a@b.c> to <d@e.f> <g@h.i> <j@k.l> helo q ip 192.0.2.1 login me
    "#);

    let mut out = String::new();
    for head in [
        format!("{SCAN}Sekisho-Ip: nonsense\n"),
        format!("{SCAN}{kind}"),
        format!("{SCAN}Content-Encoding: br\n"),
    ] {
        out += &json(&check(&door, &head, &form("{\"unknown\": 1}")).await).to_string();
        out.push('\n');
    }
    out += &json(&check(&door, &format!("{SCAN}{kind}"), "--b--\n").await).to_string();
    assert_snapshot!(out, @r#"
    {"type":"about:blank","title":"Bad Request","status":400,"code":"bad_envelope","detail":"the envelope cannot be read"}
    {"type":"about:blank","title":"Bad Request","status":400,"code":"bad_envelope","detail":"the envelope cannot be read"}
    {"type":"about:blank","title":"Unsupported Media Type","status":415,"code":"unknown_coding","detail":"unknown content coding: zstd is understood"}
    {"type":"about:blank","title":"Bad Request","status":400,"code":"bad_form","detail":"no part \"message\" in the form"}
    "#);
    assert_eq!(door.keeper.seen(), "");
}

#[tokio::test]
async fn tokens() {
    let tokens = vec![Token { name: "ci".into(), sha256: Secret::of(b"abc") }];
    let door = Door::with(Settings { tokens, ..Settings::default() }, hooks()).await;
    let mut out = String::new();
    for head in
        ["", "Authorization: Bearer wrong\n", "Authorization: Basic abc\n", "Authorization: bearer abc\n"]
    {
        for path in ["POST /api/v1/scan", "GET /metrics", "GET /api/v1/health"] {
            let reply = check(&door, &format!("{path} HTTP/1.1\n{head}"), MAIL).await;
            out += &format!("{path} {head:?} {}\n", reply.lines().next().unwrap());
        }
    }
    assert_snapshot!(out, @r#"
    POST /api/v1/scan "" HTTP/1.1 401 Unauthorized
    GET /metrics "" HTTP/1.1 403 Unauthorized
    GET /api/v1/health "" HTTP/1.1 200 OK
    POST /api/v1/scan "Authorization: Bearer wrong\n" HTTP/1.1 401 Unauthorized
    GET /metrics "Authorization: Bearer wrong\n" HTTP/1.1 403 Unauthorized
    GET /api/v1/health "Authorization: Bearer wrong\n" HTTP/1.1 200 OK
    POST /api/v1/scan "Authorization: Basic abc\n" HTTP/1.1 401 Unauthorized
    GET /metrics "Authorization: Basic abc\n" HTTP/1.1 403 Unauthorized
    GET /api/v1/health "Authorization: Basic abc\n" HTTP/1.1 200 OK
    POST /api/v1/scan "Authorization: bearer abc\n" HTTP/1.1 200 OK
    GET /metrics "Authorization: bearer abc\n" HTTP/1.1 200 OK
    GET /api/v1/health "Authorization: bearer abc\n" HTTP/1.1 200 OK
    "#);
    assert_snapshot!(check(&door, SCAN, MAIL).await, @r#"
    HTTP/1.1 401 Unauthorized
    Content-Type: application/problem+json
    Www-Authenticate: Bearer
    Content-Length: 0
    Connection: close

    {"type":"about:blank","title":"Unauthorized","status":401,"code":"unauthorized"}
    "#);
}

#[tokio::test]
async fn without_tokens_this_machine_may() {
    let door = Door::with(Settings::default(), hooks()).await;
    for (head, status) in [("", "200"), ("Origin: null\n", "401"), ("Forwarded: for=192.0.2.1\n", "401")] {
        let reply = check(&door, &format!("{SCAN}{head}"), MAIL).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {reply}");
    }
    let metrics = check(&door, "GET /metrics HTTP/1.1\n", "").await;
    assert!(metrics.ends_with("\n\nsekisho_up 1\n"), "{metrics}");
}

#[tokio::test]
async fn health_and_errors() {
    let ready = Arc::new(|| Err("the store is away".to_owned()));
    let door = Door::with(Settings::default(), Hooks { ready, ..Hooks::default() }).await;
    let mut out = String::new();
    for head in [
        "GET /api/v1/health",
        "GET /api/v1/ready",
        "GET /healthz",
        "GET /readyz",
        "GET /ready",
        "GET /api/v1/scan",
        "GET /api/v1/nothing",
        "GET /api/",
    ] {
        let reply = check(&door, &format!("{head} HTTP/1.1\n"), "").await;
        let kind = reply.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap_or_default();
        let body = reply
            .split_once("\n\n")
            .map_or("", |(_, body)| body)
            .replace(env!("CARGO_PKG_VERSION"), "VERSION");
        out += &format!("{head}: {kind} {body}\n");
    }
    assert_snapshot!(out, @r#"
    GET /api/v1/health: application/json {"status":"ok","version":"VERSION"}
    GET /api/v1/ready: application/problem+json {"type":"about:blank","title":"Service Unavailable","status":503,"code":"not_ready","detail":"the store is away"}
    GET /healthz: text/plain; charset=utf-8 ok

    GET /readyz: text/plain; charset=utf-8 not ready: the store is away

    GET /ready: application/json {"error":"the store is away"}
    GET /api/v1/scan: application/problem+json {"type":"about:blank","title":"Method Not Allowed","status":405,"code":"method_not_allowed"}
    GET /api/v1/nothing: application/problem+json {"type":"about:blank","title":"Not Found","status":404,"code":"not_found"}
    GET /api/: application/json {"error":"invalid command","error_domain":"protocol-error"}
    "#);
}

/// Refuses what "broken" asks for.
struct Reads;

impl Reloader for Reads {
    fn reload(&self, who: String) -> Answer<'_, Reloaded> {
        let refused = (who == "broken").then(|| "sekisho.toml: line 2: unknown field".to_owned());
        let restart = vec![format!("asked by {who}")];
        let done = Reloaded { refused, generation: Some(7), restart, ms: 1, ..Reloaded::default() };
        Box::pin(std::future::ready(done))
    }
}

#[tokio::test]
async fn a_reload_is_asked_for_with_a_token() {
    let token = |name: &str| Token { name: name.into(), sha256: Secret::of(name.as_bytes()) };
    let settings =
        Live::from(Settings { tokens: vec![token("ops"), token("broken")], ..Settings::default() });
    let hooks = Hooks { reloader: Some(Arc::new(Reads)), ..Hooks::default() };
    let door = Door::with(settings.clone(), hooks).await;
    let ask = async |head: &str| {
        let reply = check(&door, &format!("POST /api/v1/reload HTTP/1.1\n{head}"), "").await;
        let (head, body) = reply.split_once("\n\n").unwrap_or_default();
        format!("{} {body}\n", head.lines().next().unwrap_or_default())
    };
    let mut out = ask("").await + &ask("Authorization: Bearer ops\n").await;
    out += &ask("Authorization: Bearer broken\n").await;
    settings.set(Settings { tokens: vec![token("broken")], ..Settings::default() });
    out += &ask("Authorization: Bearer ops\n").await;
    assert_snapshot!(out, @r#"
    HTTP/1.1 401 Unauthorized {"type":"about:blank","title":"Unauthorized","status":401,"code":"unauthorized"}
    HTTP/1.1 200 OK {"generation":7,"configuration":"","rules":"","configuration_before":"","rules_before":"","restart":["asked by ops"],"ms":1}
    HTTP/1.1 422 Unprocessable Entity {"refused":"sekisho.toml: line 2: unknown field","generation":7,"configuration":"","rules":"","configuration_before":"","rules_before":"","restart":["asked by broken"],"ms":1}
    HTTP/1.1 401 Unauthorized {"type":"about:blank","title":"Unauthorized","status":401,"code":"unauthorized"}
    "#);
    let none = Door::open().await;
    let reply = check(&none, "POST /api/v1/reload HTTP/1.1\n", "").await;
    assert!(reply.starts_with("HTTP/1.1 501"), "{reply}");
}

#[tokio::test]
async fn the_description_is_as_it_is_checked_in() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/openapi.json");
    let known = std::fs::read_to_string(path).unwrap();
    assert!(known == description(), "docs/api/openapi.json differs: run `cargo xtask gen`");
    let door = Door::open().await;
    let served = json(&check(&door, "GET /api/v1/openapi.json HTTP/1.1\n", "").await);
    assert_eq!(served, serde_json::from_str::<serde_json::Value>(&known).unwrap());
    assert_eq!(served["openapi"], "3.1.0");
}
