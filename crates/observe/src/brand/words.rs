//! Words around a brand's name that make it a claim, and words that make it a topic.

/// Words of a sender's role, which stand beside a name in a display name or a local part (folded).
const ROLES: &[&str] = &[
    "access", "account", "accounts", "activation", "activity", "admin", "administrator", "advisory", "agent", "alert",
    "alerts", "app", "auto", "automated", "bank", "banking", "banque", "billing", "bonus", "business", "care", "card",
    "center", "centre", "chat", "claims", "client", "clients", "co", "com", "compte", "confirm", "confirmation",
    "contact", "corp", "corporation", "coupon", "crypto", "customer", "customers", "deals", "delivery", "department",
    "dept", "desk", "device", "direct", "do", "donotreply", "e", "ebill", "email", "express", "feedback", "files",
    "finance", "financial", "fraud", "from", "gift", "giftcard", "global", "group", "gmbh", "help", "helpdesk", "hq",
    "id", "inc", "info", "information", "invoice", "it", "kundenservice", "kundendienst", "limited", "live", "llc",
    "login", "ltd", "mail", "mailer", "member", "members", "membership", "message", "messages", "no", "noreply", "not",
    "notice", "notices", "notification", "notifications", "notify", "of", "official", "online", "order", "orders",
    "parcel", "pay", "payment", "payments", "pending", "premium", "prime", "prize", "pro", "promo", "promotion",
    "promotions", "protection", "rebate", "receipt", "recovery", "refund", "renewal", "reminder", "reply", "report",
    "reservation", "reset", "reward", "rewards", "safe", "safety", "sa", "sales", "secure", "secured", "security", "seguranca",
    "seguridad", "securite", "sicherheit", "server", "service", "services", "serviceteam", "shipment", "shipping",
    "shop", "statement", "status", "store", "subscription", "support", "suporte", "soporte", "survey", "system", "team",
    "tech", "the", "ticket", "tracking", "transaction", "transfer", "unit", "update", "updates", "upgrade", "usa", "user",
    "validation", "verification", "verify", "via", "voucher", "wallet", "warning", "web", "webmail", "winner",
    "your", "you", "atendimento", "cliente", "clientes", "cuenta", "conta", "equipe", "equipo", "gutschein", "konto",
    "kunden", "servicio", "servico", "servizio", "assistenza", "clienti", "kreditkarte", "livraison", "colis", "paket",
    "us", "uk", "de", "fr", "br", "jp", "usa", "eu", "international", "company", "2fa", "otp", "gewinnspiel", "bonuskarte",
    "loyalty", "program", "programme", "points", "nf", "fatura", "boleto", "entrega", "encomenda",
];

/// Words that join a name in host names made to be believed. Stricter than [`ROLES`].
const HOST_WORDS: &[&str] = &[
    "access", "account", "accounts", "activate", "alert", "alerts", "app", "apps", "auth", "authenticate", "bank",
    "banking", "billing", "bonus", "card", "care", "center", "centre", "check", "claim", "client", "clients", "confirm",
    "connect", "contact", "customer", "delivery", "device", "docs", "document", "email", "encrypted", "express", "gift", "help",
    "helpdesk", "home", "id", "info", "invoice", "live", "login", "logon", "mail", "mailbox", "member", "message", "my", "net",
    "noreply", "notice", "notification", "notifications", "official", "online", "order", "pay", "payment", "payments",
    "portal", "promo", "protect", "protection", "recover", "recovery", "refund", "renew", "renewal", "reset", "reward",
    "rewards", "safe", "safety", "secure", "secured", "security", "sec", "server", "service", "services", "share", "shared", "shop", "sign",
    "signin", "store", "suite", "support", "survey", "sync", "team", "teams", "track", "tracking", "unlock", "update",
    "updates", "upgrade", "us", "user", "validate", "validation", "verification", "verify", "voucher", "wallet", "web",
    "webmail", "2fa", "24", "365", "co", "com", "jp", "uk", "de", "fr", "br",
];

/// Words that say a name is written about, not written by (folded, directly after the name).
const TOPICS: &[&str] = &[
    "blog", "careers", "certified", "club", "community", "conference", "consultant", "consultants", "daily", "developer",
    "developers", "digest", "experts", "fans", "forum", "forums", "jobs", "list", "magazine", "meetup", "news",
    "newsletter", "partner", "partners", "podcast", "reseller", "sellers", "summit", "tips", "training", "tutorials",
    "user", "users", "watch", "weekly", "world", "insider", "insiders", "fan", "alumni", "foundation",
];

/// What ends a line that begins with `your`: the noun of the relation (folded).
const RELATIONS: &[&str] = &[
    "account", "accounts", "id", "wallet", "wallets", "subscription", "membership", "card", "device", "devices", "mailbox",
    "profile", "password", "login", "konto", "kundenkonto", "online", "app", "bank", "crypto", "recovery", "seed",
    "package", "parcel", "order", "delivery", "shipment", "invoice", "statement", "plan", "protection", "security",
    "email", "mail", "balance", "benefits", "points", "rewards", "antivirus", "nano", "live", "address", "tax",
];

/// What follows a name at the end of a signature or opens one (folded).
const OFFICES: &[&str] = &[
    "team", "support", "support team", "security", "security team", "customer service", "customer services",
    "customer support", "customer care", "help desk", "helpdesk", "service team", "account team", "accounts team",
    "billing team", "billing", "notification", "notifications", "security center", "security department", "inc", "llc",
    "corporation", "online", "service", "services", "billing department", "fraud department", "client services",
    "member services", "account services", "account service", "admin", "administrator", "wallet team", "online banking",
];

/// Words before a name that make it the writer: the addressed person's relation, or an office (folded, with the space).
const LEADS: &[&str] = &[
    "cher client ", "chere cliente ", "chers clients ", "service client ", "l'equipe ", "equipe ", "equipo ", "el equipo de ",
    "equipo de ", "equipe do ", "equipe da ", "team ", "das team von ", "ihr team von ", "dein team von ", "estimado cliente ",
    "estimado cliente de ", "prezado cliente ", "caro cliente ", "gentile cliente ", "lieber kunde von ", "kundenservice ",
    "votre compte ", "votre espace ", "votre abonnement ", "sua conta ", "sua conta do ", "seu cartao ", "su cuenta ",
    "su cuenta de ", "tu cuenta ", "tu cuenta de ", "il tuo conto ", "il tuo account ", "ihr konto bei ", "ihr ", "ihre ",
    "ihrem ", "ihren ", "uw ", "jouw ", "din ", "ditt ", "dear ", "valued ", "welcome to ", "bienvenue chez ", "membre ",
    "dear customer of ", "servicio de ", "atendimento ", "central de atendimento ", "o seu ", "a sua ",
];

/// Words before a name that say whose it is.
const YOURS: &[&str] = &["your ", "votre ", "vos ", "seu ", "sua ", "seus ", "suas ", "su ", "sus ", "tu ", "tuo ", "tua ", "uw ", "je ", "dein ", "deine ", "ihr ", "ihre ", "ihrem ", "ihren ", "twoje ", "ditt ", "din ", "del tuo ", "the "];

/// What follows a name in Chinese, Japanese and Korean when the writer speaks as it (folded).
const CJK_AFTER: &[&str] = &[
    "アカウント", "カスタマー", "サポート", "お客様", "お客さま", "会員", "をご利用", "をいつも", "のご利用", "ご利用", "より", "事務局",
    "サービス", "セキュリティ", "センター", "株式会社", "からの", "からお知らせ", "です", "公式", "カード", "運営", "ログイン", "id", "ネット", "オンライン",
    "账户", "账号", "帐户", "安全中心", "客服", "团队", "會員", "帳號", "帳戶", "고객", "계정", "보안",
];

/// The word says a sender's role.
#[must_use]
pub fn is_role(word: &str) -> bool {
    ROLES.contains(&word) || word.bytes().all(|b| b.is_ascii_digit())
}

/// The word joins a name in an imitating host name.
#[must_use]
pub fn is_host_word(word: &str) -> bool {
    HOST_WORDS.contains(&word) || word.bytes().all(|b| b.is_ascii_digit())
}

/// The rest of a label is made of at most three host words without separators.
#[must_use]
pub fn is_host_words(rest: &str) -> bool {
    fn split(rest: &str, left: u8) -> bool {
        rest.is_empty()
            || left > 0
                && HOST_WORDS.iter().any(|w| rest.strip_prefix(w).is_some_and(|after| split(after, left - 1)))
    }
    !rest.is_empty() && rest.len() <= 32 && (rest.bytes().all(|b| b.is_ascii_digit()) || split(rest, 3))
}

/// What follows the name makes it a topic.
#[must_use]
pub fn is_topic(after: &str) -> bool {
    after.trim_start_matches([' ', '-', '\'', ':']).split([' ', ',', '.', '-', ')']).next().is_some_and(|w| TOPICS.contains(&w))
}

/// `your NAME account` and its kind.
#[must_use]
pub fn is_relation(before: &str, after: &str) -> bool {
    let noun = after.trim_start_matches([' ', '-', '®', '™', '\'']).split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    YOURS.iter().any(|y| ends_with_word(before, y)) && RELATIONS.contains(&noun)
        || before.ends_with("account with ")
        || before.ends_with("compte ") && ends_with_word(before, "votre compte ")
}

/// A greeting or an office before the name.
#[must_use]
pub fn is_led(before: &str) -> bool {
    LEADS.iter().any(|l| ends_with_word(before, l))
}

/// `NAME team` at the end of a line.
#[must_use]
pub fn is_office(after: &str) -> bool {
    let line = after.split('\n').next().unwrap_or_default();
    let line = line.trim_matches(|c: char| !c.is_alphanumeric());
    OFFICES.contains(&line)
}

/// The Chinese, Japanese or Korean words after the name make it the writer.
#[must_use]
pub fn is_cjk_phrase(after: &str) -> bool {
    let after = after.trim_start_matches([' ', '」', '】', '』', '・', '(', ')', '®', '\u{3000}']);
    CJK_AFTER.iter().any(|a| after.starts_with(a))
}

fn ends_with_word(text: &str, end: &str) -> bool {
    text.strip_suffix(end).is_some_and(|front| front.chars().next_back().is_none_or(|c| !c.is_alphanumeric()))
}
