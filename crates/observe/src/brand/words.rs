//! Words around a brand's name that make it a claim, and words that make it a topic.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

type Words = LazyLock<FxHashSet<&'static str>>;

/// Words of a sender's role, which stand beside a name in a display name or a local part (folded).
const ROLES: &str = "\
    2fa access account accounts activation activity admin administrator advisory agent alert alerts app \
    assistenza atendimento auto automated bank banking banque billing boleto bonus bonuskarte br business \
    card care center centre chat claims client cliente clientes clienti clients co colis com company compte \
    confirm confirmation conta contact corp corporation coupon crypto cuenta customer customers de deals \
    delivery department dept desk device direct do donotreply e ebill email encomenda entrega equipe equipo \
    eu express fatura feedback files finance financial fr fraud from gewinnspiel gift giftcard global gmbh \
    group gutschein help helpdesk hq id inc info information international invoice it jp konto kreditkarte \
    kunden kundendienst kundenservice limited live livraison llc login loyalty ltd mail mailer member \
    members membership message messages nf no noreply not notice notices notification notifications notify \
    of official online order orders otp paket parcel pay payment payments pending points premium prime prize \
    pro program programme promo promotion promotions protection rebate receipt recovery refund reminder \
    renewal reply report reservation reset reward rewards sa safe safety sales secure secured securite \
    security seguranca seguridad server service services serviceteam servicio servico servizio shipment \
    shipping shop sicherheit soporte statement status store subscription suporte support survey system team \
    tech the ticket tracking transaction transfer uk unit update updates upgrade us usa user validation \
    verification verify via voucher wallet warning web webmail winner you your";
static ROLES_SET: Words = LazyLock::new(|| ROLES.split(' ').collect());

/// Words that join a name in host names made to be believed. Stricter than [`ROLES`].
const HOST_WORDS: &str = "\
    24 2fa 365 access account accounts activate alert alerts app apps auth authenticate bank banking billing \
    bonus br card care center centre check claim client clients co com confirm connect contact customer de \
    delivery device docs document email encrypted express fr gift help helpdesk home id info invoice jp live \
    login logon mail mailbox member message my net noreply notice notification notifications official online \
    order pay payment payments portal promo protect protection recover recovery refund renew renewal reset \
    reward rewards safe safety sec secure secured security server service services share shared shop sign \
    signin store suite support survey sync team teams track tracking uk unlock update updates upgrade us \
    user validate validation verification verify voucher wallet web webmail";
static HOST_WORDS_SET: Words = LazyLock::new(|| HOST_WORDS.split(' ').collect());

/// Words that say a name is written about, not written by (folded, directly after the name).
const TOPICS: &str = "\
    alumni blog careers certified club community conference consultant consultants daily developer \
    developers digest experts fan fans forum forums foundation insider insiders jobs list magazine meetup \
    news newsletter partner partners podcast reseller sellers summit tips training tutorials user users \
    watch weekly world";
static TOPICS_SET: Words = LazyLock::new(|| TOPICS.split(' ').collect());

/// What ends a line that begins with `your`: the noun of the relation (folded).
const RELATIONS: &str = "\
    account accounts address antivirus app balance bank benefits card crypto delivery device devices email \
    id invoice konto kundenkonto live login mail mailbox membership nano online order package parcel \
    password plan points profile protection recovery rewards security seed shipment statement subscription \
    tax wallet wallets";
static RELATIONS_SET: Words = LazyLock::new(|| RELATIONS.split(' ').collect());

/// What follows a name at the end of a signature or opens one (folded).
#[rustfmt::skip]
const OFFICES: &[&str] = &[
    "team", "support", "support team", "security", "security team", "customer service",
    "customer services", "customer support", "customer care", "help desk", "helpdesk", "service team",
    "account team", "accounts team", "billing team", "billing", "notification", "notifications",
    "security center", "security department", "inc", "llc", "corporation", "online", "service",
    "services", "billing department", "fraud department", "client services", "member services",
    "account services", "account service", "admin", "administrator", "wallet team", "online banking",
];

/// Words before a name that make it the writer: the addressed person's relation, or an office (folded, with the space).
#[rustfmt::skip]
const LEADS: &[&str] = &[
    "cher client ", "chere cliente ", "chers clients ", "service client ", "l'equipe ", "equipe ",
    "equipo ", "el equipo de ", "equipo de ", "equipe do ", "equipe da ", "team ", "das team von ",
    "ihr team von ", "dein team von ", "estimado cliente ", "estimado cliente de ", "prezado cliente ",
    "caro cliente ", "gentile cliente ", "lieber kunde von ", "kundenservice ", "votre compte ",
    "votre espace ", "votre abonnement ", "sua conta ", "sua conta do ", "seu cartao ", "su cuenta ",
    "su cuenta de ", "tu cuenta ", "tu cuenta de ", "il tuo conto ", "il tuo account ", "ihr konto bei ",
    "ihr ", "ihre ", "ihrem ", "ihren ", "uw ", "jouw ", "din ", "ditt ", "dear ", "valued ",
    "welcome to ", "bienvenue chez ", "membre ", "dear customer of ", "servicio de ", "atendimento ",
    "central de atendimento ", "o seu ", "a sua ",
];

/// Words before a name that say whose it is.
#[rustfmt::skip]
const YOURS: &[&str] = &[
    "your ", "votre ", "vos ", "seu ", "sua ", "seus ", "suas ", "su ", "sus ", "tu ", "tuo ", "tua ",
    "uw ", "je ", "dein ", "deine ", "ihr ", "ihre ", "ihrem ", "ihren ", "twoje ", "ditt ", "din ",
    "del tuo ", "the ",
];

/// What follows a name in Chinese, Japanese and Korean when the writer speaks as it (folded).
#[rustfmt::skip]
const CJK_AFTER: &[&str] = &[
    "アカウント", "カスタマー", "サポート", "お客様", "お客さま", "会員", "をご利用", "をいつも", "のご利用", "ご利用", "より", "事務局", "サービス",
    "セキュリティ", "センター", "株式会社", "からの", "からお知らせ", "です", "公式", "カード", "運営", "ログイン", "id", "ネット", "オンライン",
    "账户", "账号", "帐户", "安全中心", "客服", "团队", "會員", "帳號", "帳戶", "고객", "계정", "보안",
];

/// The word says a sender's role.
#[must_use]
pub(super) fn is_role(word: &str) -> bool {
    ROLES_SET.contains(word) || word.bytes().all(|b| b.is_ascii_digit())
}

/// The word joins a name in an imitating host name.
#[must_use]
pub(super) fn is_host_word(word: &str) -> bool {
    HOST_WORDS_SET.contains(word) || word.bytes().all(|b| b.is_ascii_digit())
}

/// The rest of a label is made of at most three host words without separators.
#[must_use]
pub(super) fn is_host_words(rest: &str) -> bool {
    fn split(rest: &str, left: u8) -> bool {
        rest.is_empty()
            || left > 0
                && HOST_WORDS
                    .split(' ')
                    .any(|w| rest.strip_prefix(w).is_some_and(|after| split(after, left - 1)))
    }
    !rest.is_empty() && rest.len() <= 32 && (rest.bytes().all(|b| b.is_ascii_digit()) || split(rest, 3))
}

/// What follows the name makes it a topic.
#[must_use]
pub(super) fn is_topic(after: &str) -> bool {
    after
        .trim_start_matches([' ', '-', '\'', ':'])
        .split([' ', ',', '.', '-', ')'])
        .next()
        .is_some_and(|w| TOPICS_SET.contains(w))
}

/// `your NAME account` and its kind.
#[must_use]
pub(super) fn is_relation(before: &str, after: &str) -> bool {
    let noun = after
        .trim_start_matches([' ', '-', '®', '™', '\''])
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    YOURS.iter().any(|y| ends_with_word(before, y)) && RELATIONS_SET.contains(noun)
        || before.ends_with("account with ")
        || before.ends_with("compte ") && ends_with_word(before, "votre compte ")
}

/// A greeting or an office before the name.
#[must_use]
pub(super) fn is_led(before: &str) -> bool {
    LEADS.iter().any(|l| ends_with_word(before, l))
}

/// `NAME team` at the end of a line.
#[must_use]
pub(super) fn is_office(after: &str) -> bool {
    let line = after.split('\n').next().unwrap_or_default();
    let line = line.trim_matches(|c: char| !c.is_alphanumeric());
    OFFICES.contains(&line)
}

/// The Chinese, Japanese or Korean words after the name make it the writer.
#[must_use]
pub(super) fn is_cjk_phrase(after: &str) -> bool {
    let after = after.trim_start_matches([' ', '」', '】', '』', '・', '(', ')', '®', '\u{3000}']);
    CJK_AFTER.iter().any(|a| after.starts_with(a))
}

fn ends_with_word(text: &str, end: &str) -> bool {
    text.strip_suffix(end).is_some_and(|front| front.chars().next_back().is_none_or(|c| !c.is_alphanumeric()))
}

/// Networks, channels and stores whose names stand in everybody's footer.
#[rustfmt::skip]
const BADGES: &[&str] = &[
    "youtube", "google play", "googleplay", "app store", "appstore", "itunes", "google", "facebook",
    "instagram", "whatsapp", "spotify", "wordpress", "google calendar", "outlook", "icloud", "gmail",
    "apple music",
];

/// The name is a badge.
#[must_use]
pub(super) fn is_badge(name: &str) -> bool {
    BADGES.contains(&name)
}

/// What follows the name is a company's form or kind.
#[must_use]
pub(super) fn is_company(after: &str) -> bool {
    let word = after.trim_start_matches([' ', ',', '®', '™']).split(|c: char| !c.is_alphanumeric()).next();
    let forms = [
        "inc",
        "incorporated",
        "llc",
        "ltd",
        "limited",
        "corp",
        "corporation",
        "gmbh",
        "ag",
        "sa",
        "sas",
        "spa",
        "bv",
        "nv",
        "ab",
        "plc",
        "co",
        "company",
        "bank",
        "group",
        "international",
        "holdings",
        "technologies",
        "株式会社",
    ];
    word.is_some_and(|w| forms.contains(&w))
}
