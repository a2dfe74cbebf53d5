//! What an explanation says.

mod toy;

use sekisho_mql::{Arena, RuleSet};
use toy::{SCHEMA, World, message};

fn check(source: &str) -> String {
    let message = message();
    let world = World::new(&message);
    let rule = World::rule(source);
    let set = RuleSet::compile([("t", &rule)], &SCHEMA);
    let arena = Arena::new();
    let mut out = String::new();
    for predicate in set.explain(0, &&world, &arena) {
        out += &format!("{} = {}\n", predicate.text, predicate.value);
        for read in predicate.reads {
            out += &format!("    {}: {}\n", read.path, read.value);
        }
    }
    out
}

#[test]
fn the_predicates_that_decided_and_what_they_read() {
    insta::assert_snapshot!(
        check(
            "strings.icontains(body.text, 'account') and (sender.email == 'x' or regex.contains(sender.ip, '^10'))
             and any(body.links, .href.port == 80 and .href.host not in $friends)
             and not any(body.links, .href.host == 'evil.example') and length(body.links) > 2"
        ),
        @r#"
        strings.icontains(body.text, 'account') = true
            body.text: Dear customer, your ACCOUNT is locked. Call 555-0100 now.
        Or visit us: ключ КЛЮЧ.
        regex.contains(sender.ip, '^10') = true
            sender.ip: 10.1.2.3
        .href.port == 80 = true
            body.links[1].href.port: 80
        .href.host not in $friends = true
            body.links[1].href.host: b.example
        any(body.links, .href.host == 'evil.example') = false
            body.links: [Link, Link, Link]
        length(body.links) > 2 = true
            length(body.links): 3
            body.links: [Link, Link, Link]
        "#
    );
}

#[test]
fn picked_elements_keep_their_place() {
    insta::assert_snapshot!(
        check(
            "any(filter(body.links, .odd), .text == 'Log in')
             and any(map(body.links, .href), .port == 80)
             and any(body.links, any(.tags, . == 'two' and ..score is null))
             and any(body.links, any(.tags, not strings.icontains(..href.host, 'zzz') and . == 'two'))
             and net.profile(body.links[0].href).days < 4
             and any(body.links, .href.query['y'][0] == '1')
             and any(regex.extract(body.text, '([0-9]+)-([0-9]+)'), .groups[1] == '0100')
             and free['cards'][0]['n'] == 1
             and 2 of (1 == 1, false, sender.name != '')"
        ),
        @r#"
        .text == 'Log in' = true
            body.links[2].text: Log in
        .port == 80 = true
            body.links[1].href.port: 80
        . == 'two' = true
            body.links[2].tags[0]: two
        ..score is null = true
            body.links[2].score: null
        strings.icontains(..href.host, 'zzz') = false
            body.links[0].href.host: a.example
        . == 'two' = true
            body.links[0].tags[1]: two
        net.profile(body.links[0].href).days < 4 = true
            net.profile(…).days: 3.5
        .href.query['y'][0] == '1' = true
            body.links[0].href.query["y"][0]: 1
        .groups[1] == '0100' = true
            regex.extract(body.text, …)[0].groups[1]: 0100
        free['cards'][0]['n'] == 1 = true
            free["cards"][0]["n"]: 1
        1 == 1 = true
        sender.name != '' = true
            sender.name: Раypal Support
        "#
    );
}

#[test]
fn nothing_to_explain() {
    assert_eq!(check("sender.email == 'x'"), "");
    assert_eq!(check("body.html == 'x'"), "");
}
