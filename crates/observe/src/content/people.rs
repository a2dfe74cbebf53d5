//! Who is addressed, and whether author and recipients take part in the quoted thread.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use sekisho_mail::{Mailbox, PreviousThread};
use sekisho_record::{Evidence, evidence::Content};

use super::{fold, language};
use crate::View;

/// Recipients that are looked for in the text.
const RECIPIENTS_MAX: usize = 10;
/// Domains of quoted links that are kept.
const DOMAINS_MAX: usize = 100;
/// Words below which a language is a guess.
const LANGUAGE_WORDS: i64 = 8;

/// Greetings that name nobody; folded.
const GENERIC: &[&str] = &[
    "dear customer",
    "dear client",
    "dear user",
    "dear member",
    "dear valued",
    "dear account",
    "dear sir",
    "dear madam",
    "dear email user",
    "dear webmail",
    "dear mailbox",
    "dear friend",
    "dear beneficiary",
    "dear winner",
    "dear subscriber",
    "dear cardholder",
    "dear card holder",
    "dear taxpayer",
    "dear employee",
    "dear beloved",
    "dear lucky",
    "dear email owner",
    "dear owner",
    "dear recipient",
    "dear colleague",
    "dear staff",
    "dear consumer",
    "dear shopper",
    "dear policyholder",
    "dear trader",
    "dear investor",
    "dear wallet",
    "dear amazon",
    "dear paypal",
    "dear netflix",
    "dear apple",
    "hello customer",
    "hello user",
    "hello dear",
    "hello friend",
    "hello member",
    "hello valued",
    "hi user",
    "hi customer",
    "hi dear",
    "good day",
    "greetings to you",
    "attention:",
    "attn:",
    "attention beneficiary",
    "attention user",
    "valued customer",
    "valued client",
    "sehr geehrter kunde",
    "sehr geehrte kundin",
    "sehr geehrte kunden",
    "sehr geehrte damen",
    "sehr geehrte damen und herren",
    "lieber kunde",
    "liebe kundin",
    "lieber nutzer",
    "hallo kunde",
    "guten tag,",
    "sehr geehrter nutzer",
    "cher client",
    "chere cliente",
    "cher(e) client",
    "chers clients",
    "cher utilisateur",
    "madame, monsieur",
    "madame,monsieur",
    "cher abonne",
    "bonjour cher client",
    "estimado cliente",
    "estimada cliente",
    "estimado/a cliente",
    "estimado usuario",
    "querido cliente",
    "apreciado cliente",
    "estimado(a) cliente",
    "estimados senores",
    "estimado contribuyente",
    "prezado cliente",
    "prezada cliente",
    "prezado(a)",
    "caro cliente",
    "cara cliente",
    "caro(a)",
    "prezado usuario",
    "prezado contribuinte",
    "prezado condutor",
    "prezados",
    "ola cliente",
    "estimado(a)",
    "caro utilizador",
    "ola, cliente",
    "gentile cliente",
    "gentile utente",
    "caro utente",
    "egregio cliente",
    "spettabile cliente",
    "beste klant",
    "geachte klant",
    "geachte heer",
    "geachte mevrouw",
    "geachte gebruiker",
    "beste gebruiker",
    "geachte relatie",
    "basta kund",
    "kara kund",
    "hej kund",
    "kaere kunde",
    "kjaere kunde",
    "hyva asiakas",
    "arvoisa asiakas",
    "drogi kliencie",
    "szanowny kliencie",
    "szanowni panstwo",
    "szanowny uzytkowniku",
    "drogi uzytkowniku",
    "vazeny zakazniku",
    "vazeny kliente",
    "tisztelt ugyfelunk",
    "stimate client",
    "sayin musteri",
    "degerli musteri",
    "уважаемый клиент",
    "уважаемый пользователь",
    "уважаемые клиенты",
    "уважаемый абонент",
    "お客様",
    "お客さま",
    "お客様各位",
    "ご利用者様",
    "会員様",
    "カード会員様",
    "会員の皆様",
    "いつもご利用いただき",
    "尊敬的客户",
    "尊敬的用户",
    "亲爱的用户",
    "亲爱的客户",
    "尊敬的会员",
    "親愛的客戶",
    "親愛的用戶",
    "尊敬的客戶",
    "고객님",
    "친애하는 고객",
    "pelanggan yang terhormat",
    "kinh gui quy khach",
    "quy khach hang",
];
/// Words that open a greeting; folded.
const OPENERS: &[&str] = &[
    "dear",
    "hello",
    "hi",
    "hey",
    "hallo",
    "guten tag",
    "bonjour",
    "hola",
    "ola",
    "oi",
    "ciao",
    "salve",
    "buongiorno",
    "beste",
    "hej",
    "hei",
    "witaj",
    "dobry den",
    "sehr geehrter",
    "cher",
    "estimado",
    "prezado",
    "prezado(a)",
    "caro",
    "gentile",
    "merhaba",
    "sayin",
    "уважаемый",
    "здравствуйте",
    "привет",
    "attention",
    "attn",
    "good morning",
    "good afternoon",
    "greetings",
    "drogi",
    "geachte",
];

/// Fills what names and addresses say.
pub(super) fn observe(
    content: &mut Content,
    evidence: &Evidence,
    view: &View<'_>,
    newest: &str,
    folded: &str,
) {
    let model = &evidence.model;
    let recipients: Vec<&Mailbox> = model
        .recipients
        .to
        .iter()
        .chain(&model.recipients.cc)
        .filter(|m| m.email.email.contains('@'))
        .take(RECIPIENTS_MAX)
        .collect();
    let subject = fold::fold(model.subject.subject.as_deref().unwrap_or_default()).text;
    content.generic_greeting = generic_greeting(newest, &recipients);
    content.names_recipient_address = memchr::memchr(b'@', folded.as_bytes()).is_some()
        && recipients.iter().any(|r| folded.contains(r.email.email.as_str()));
    content.subject_names_recipient = recipients.iter().any(|r| {
        // A list's tag is the list's name: `[users] Meeting` to users@lists.example.
        let tag = r.email.local_part.as_deref().map(|local| format!("[{local}]")).unwrap_or_default();
        if subject.contains(&tag) && view.is_list_address(&r.email.email) {
            return names(&subject.replace(&tag, " "), r);
        }
        names(&subject, r)
    });
    threads(content, evidence, view);
}

/// The subject holds the address or a local part that is no everyday word.
fn names(subject: &str, recipient: &Mailbox) -> bool {
    let local = recipient.email.local_part.as_deref().unwrap_or_default();
    const COMMON: &[&str] = &[
        "sales",
        "support",
        "admin",
        "office",
        "contact",
        "service",
        "billing",
        "accounts",
        "postmaster",
        "mailbox",
        "security",
        "webmaster",
        "newsletter",
        "information",
        "invoice",
        "orders",
    ];
    subject.contains(recipient.email.email.as_str())
        || (local.len() >= 5
            && !COMMON.contains(&local)
            && subject
                .split(|c: char| {
                    c.is_whitespace() || matches!(c, ',' | ':' | '!' | '?' | '[' | ']' | '(' | ')')
                })
                .any(|word| word == local))
}

fn generic_greeting(newest: &str, recipients: &[&Mailbox]) -> bool {
    let mut lines = newest.lines().map(str::trim).filter(|line| !line.is_empty()).take(4);
    lines.any(|line| {
        let head: String = line.chars().take(120).collect();
        let line = fold::fold(&head).text;
        let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
        opens_generically(line) || greets_address(line, recipients)
    })
}

/// The line opens with one of the greetings that name nobody.
fn opens_generically(line: &str) -> bool {
    static BY_HEAD: LazyLock<FxHashMap<&'static [u8], Vec<&'static str>>> = LazyLock::new(|| {
        let mut map: FxHashMap<&'static [u8], Vec<&'static str>> = FxHashMap::default();
        for greeting in GENERIC {
            map.entry(greeting.as_bytes().get(..4).unwrap_or_default()).or_default().push(greeting);
        }
        map
    });
    let head = line.as_bytes().get(..4).and_then(|head| BY_HEAD.get(head));
    head.is_some_and(|greetings| greetings.iter().any(|greeting| line.starts_with(greeting)))
}

/// `Dear bob.smith@corp.example,` or `Hello bob_smith77`.
fn greets_address(line: &str, recipients: &[&Mailbox]) -> bool {
    let rest = OPENERS.iter().find_map(|opener| line.strip_prefix(opener)).unwrap_or(line);
    let rest = rest.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | '!' | ':' | '.' | ';' | '"' | '\'' | '*')
    });
    recipients.iter().any(|recipient| {
        let local = recipient.email.local_part.as_deref().unwrap_or_default();
        rest == recipient.email.email
            || (rest.len() < line.len()
                && rest == local
                && local.contains(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | '-')))
    })
}

fn threads(content: &mut Content, evidence: &Evidence, view: &View<'_>) {
    let model = &evidence.model;
    let previous = &model.body.previous_threads;
    let Some(first) = previous.first() else { return };
    if previous.iter().any(|thread| people(thread).next().is_some()) {
        let mut authors = view.authors.iter();
        let mut recipients = model.recipients.to.iter().chain(&model.recipients.cc);
        let part = |who: &Mailbox| previous.iter().flat_map(people).any(|other| same(who, other));
        // A quote that names nobody but its sender does not say who else took part.
        let told = previous.iter().any(|thread| !thread.recipients.to.is_empty());
        let known = |found: bool| (found || told).then_some(found);
        content.quoted_includes_author = known(authors.any(part));
        content.quoted_includes_recipient = known(recipients.by_ref().take(100).any(part));
    }
    for link in previous.iter().flat_map(|thread| &thread.links) {
        let domain = &link.href_url.domain;
        let root = domain.root_domain.as_deref().unwrap_or(&domain.domain);
        if !root.is_empty()
            && content.quoted_link_root_domains.len() < DOMAINS_MAX
            && !content.quoted_link_root_domains.iter().any(|seen| seen == root)
        {
            content.quoted_link_root_domains.push(root.to_owned());
        }
    }
    if content.words >= LANGUAGE_WORDS && content.language.is_some() {
        let head: String = first.text.chars().take(4_000).collect();
        if super::shape::words(&head) >= LANGUAGE_WORDS {
            let theirs = language::of(&fold::fold(&head).text);
            content.language_differs_from_thread = theirs.is_some() && theirs != content.language;
        }
    }
}

/// Everybody whom a quoted message names.
fn people(thread: &PreviousThread) -> impl Iterator<Item = &Mailbox> {
    let lists = [&thread.recipients.to, &thread.recipients.cc, &thread.recipients.bcc];
    thread.sender.iter().chain(lists.into_iter().flatten())
}

/// The same person, by address or by the name shown.
fn same(a: &Mailbox, b: &Mailbox) -> bool {
    if !a.email.email.is_empty() && a.email.email == b.email.email {
        return true;
    }
    let key = |mailbox: &Mailbox| {
        let name = fold::fold(mailbox.display_name.as_deref().unwrap_or_default()).text;
        let mut parts: Vec<String> =
            name.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()).map(str::to_owned).collect();
        // `Muster, Eva` is `Eva Muster`.
        parts.sort_unstable();
        parts
    };
    let left = key(a);
    left.iter().map(String::len).sum::<usize>() >= 5 && left == key(b)
}
