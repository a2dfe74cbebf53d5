//! Mass mail in the name of a government agency through a bulk mailer: the papers are the mailer's, the name is not.

use sekisho_record::{Class, Envelope};

use super::{
    Sheet, Written, people,
    template::{Template, escape},
};
use crate::{
    chance::Chance,
    dkim::Key,
    message::{self, Builder, on_top},
    scenarios::{self, Expect, Organisation, TenantExpect},
};

/// 25 May 2021, 12:00 UTC.
const START: i64 = 1_621_944_000;
/// Account at the bulk mailer.
const ACCOUNT: &str = "1134872065511";

pub(super) fn write() -> Option<Written> {
    let key = Key::carrier()?;
    let zone = format!(
        "# The bulk mailer's domains, and the agency's, which never sends through it.\n\
         in.constantcontact.com TXT v=spf1 ip4:198.51.100.128/28 -all\n\
         {}\n\
         _dmarc.constantcontact.com TXT v=DMARC1; p=reject\n\
         ccm31.constantcontact.com A 198.51.100.131\n\
         198.51.100.131 PTR ccm31.constantcontact.com\n\
         northaid.example TXT v=spf1 ip4:203.0.113.64/28 -all\n\
         _dmarc.northaid.example TXT v=DMARC1; p=none; rua=mailto:dmarc@northaid.example\n",
        key.record("ctct1", "auth.ccsend.com")
    );
    let title =
        "A government agency's name on mass mail: the bulk mailer's papers, and a link to a disc image"
            .into();
    let organisation = Organisation::harbour();
    let mut out = Written {
        folder: "nobelium",
        zone,
        sheet: Sheet { title, organisation, ..Sheet::default() },
        ..Written::default()
    };
    let templates = Template::read(include_str!("texts/nobelium.txt"));
    for at in 0..5 {
        let template = templates.get(at % templates.len().max(1)).cloned().unwrap_or_default();
        one(&mut out, &key, &template, at);
    }
    Some(out)
}

fn one(out: &mut Written, key: &Key, template: &Template, at: usize) {
    let mut chance = Chance::new("nobelium", at as u64);
    let to = chance.pick(&people::PEOPLE);
    let sent = START + i64::try_from(chance.between(0, 20_000)).unwrap_or(0);
    let bounce = format!("A{}_{}_{}@in.constantcontact.com", chance.token(22), ACCOUNT, chance.digits(7));
    let link = format!(
        "https://r20.rs6.example/tn.jsp?f=001{}&c={}&ch={}",
        chance.token(40),
        chance.token(24),
        chance.token(24)
    );
    let heading = template.one("h", &mut chance, &[]);
    let paragraph = template.one("p", &mut chance, &[]);
    let button = template.one("button", &mut chance, &[]);
    let html = format!(
        "<html><body><table width=\"600\" align=\"center\"><tr><td><img src=\"https://files.ctctcdn.example/northaid/seal.png\" alt=\"Northern Aid Agency\" width=\"220\"></td></tr>\n\
         <tr><td><h1>{}</h1>\n<p>{}</p>\n<p><a href=\"{link}\" style=\"background:#002f6c;color:#ffffff;padding:12px 20px\">{}</a></p></td></tr>\n\
         <tr><td style=\"font-size:10px\">Northern Aid Agency, 1300 Meridian Avenue, Washington<br>Sent by ashainfo@northaid.example in collaboration with Constant Contact</td></tr></table></body></html>\n",
        escape(&heading),
        escape(&paragraph),
        escape(&button)
    );
    let mut builder = Builder::new(&chance.hex(20))
        .date(sent, -4)
        .mailbox("From", "Northern Aid Agency", "ashainfo@northaid.example")
        .mailbox("Reply-To", "", "mhillary@northaid.example")
        .field("To", &to.address())
        .subject(&template.one("subject", &mut chance, &[]))
        .field(
            "Message-ID",
            &format!("<{}.{ACCOUNT}.{}@scheduler.constantcontact.com>", chance.digits(13), chance.digits(8)),
        )
        .field("X-Mailer", "Roving Constant Contact 2012 (http://www.constantcontact.com)")
        .field("X-Roving-Id", &format!("{ACCOUNT}.{}", chance.digits(4)))
        .field("X-Roving-CampaignId", &chance.hex(32))
        .field("X-Campaign-Activity-ID", &chance.hex(32))
        .text(&format!("{heading}\n\n{paragraph}\n\n{button}: {link}\n"))
        .html(&html);
    if at == 4 {
        // The earlier wave: a page whose script would write the disc image. It writes six letters.
        let page = "<html><body><script>\nvar d = atob('SU5FUlQK');\nvar b = new Blob([d], {type: 'application/octet-stream'});\nvar a = document.createElement('a'); a.href = URL.createObjectURL(b); a.download = 'attachment.img'; a.click();\n</script></body></html>\n";
        builder = builder.attach("NAA-Reporting-Form.html", "text/html", page.as_bytes().to_vec());
    }
    let signed = key.sign(&builder.build(), "auth.ccsend.com", "ctct1", sent);
    let raw = on_top(
        &[
            format!("Return-Path: <{bounce}>"),
            format!(
                "Received: from ccm31.constantcontact.com (ccm31.constantcontact.com [198.51.100.131])\r\n\tby mx.harbour.example (Postfix) with ESMTPS id {}\r\n\tfor <{}>; {}",
                chance.token(10),
                to.address(),
                message::date(sent + 3, 0)
            ),
        ],
        &signed,
    );
    let envelope = Envelope {
        mail_from: bounce,
        rcpt_to: vec![to.address()],
        helo: "ccm31.constantcontact.com".into(),
        ip: "198.51.100.131".parse().ok(),
        login: None,
    };
    let expect = Expect {
        at_least: Some(scenarios::class_name(Class::Suspicious).into()),
        in_order: Some(false),
        tenant: Some(TenantExpect { esp: "Constant Contact".into(), account: None }),
        ..Expect::default()
    };
    out.add(format!("attack/{:03}.eml", at + 1), "agency", Some(envelope), raw, expect);
}
