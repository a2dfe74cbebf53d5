//! Words of lures in pages and PDFs: voice messages, faxes, signing services, brands. They count beside what acts.

use crate::{Id, Kind, kind::Family, scan::Scan};

const VOICE: &[&str] = &[
    "voice message",
    "voicemail",
    "voice mail",
    "missed call",
    "audio message",
    "sprachnachricht",
    "verpasster anruf",
    "message vocal",
    "messagerie vocale",
    "appel manqué",
    "mensaje de voz",
    "llamada perdida",
    "messaggio vocale",
    "chiamata persa",
    "mensagem de voz",
    "correio de voz",
    "voicebericht",
    "gemiste oproep",
    "wiadomość głosowa",
    "poczta głosowa",
    "röstmeddelande",
    "hlasová zpráva",
    "голосовое сообщение",
    "sesli mesaj",
    "音声メッセージ",
    "ボイスメール",
    "语音留言",
    "语音邮件",
    "음성 메시지",
    "vm_",
    "vm-",
    "voicenote",
];
const FAX: &[&str] = &[
    "efax",
    "e-fax",
    "fax message",
    "fax document",
    "incoming fax",
    "received a fax",
    "new fax",
    "faxnachricht",
    "fax eingegangen",
    "télécopie",
    "fax recibido",
    "fax ricevuto",
    "faxbericht",
    "otrzymano faks",
    "факс",
    "ファックス受信",
    "scanned document from",
    "传真",
];
const SIGN: &[&str] = &[
    "docusign",
    "docu-sign",
    "adobe sign",
    "adobesign",
    "hellosign",
    "pandadoc",
    "document is ready to sign",
    "review and sign",
    "sign the document",
    "signnow",
    "dokument unterschreiben",
    "signer le document",
    "firmar el documento",
    "署名してください",
];
const BRANDS: &[&str] = &[
    "adobe",
    "microsoft",
    "office 365",
    "office365",
    "outlook",
    "onedrive",
    "sharepoint",
    "wetransfer",
    "dropbox",
    "google drive",
    "google docs",
    "dhl",
    "fedex",
    "paypal",
    "webmail",
    "roundcube",
    "zimbra",
    "excel online",
    "icloud",
    "netflix",
    "docusign",
    "linkedin",
    "facebook",
    "amazon",
    "coinbase",
    "wells fargo",
    "bank of america",
];
const ASKS: &[&str] = &[
    "sign in to your account",
    "sign in to continue",
    "sign in to view",
    "enter your password",
    "confirm your password",
    "verify your identity",
    "session has expired",
    "login to view",
    "log in to view",
    "download will start",
    "click here if your download",
    "protected document",
    "secured document",
    "passwort eingeben",
    "anmelden um",
    "saisissez votre mot de passe",
    "introduzca su contraseña",
    "inserisci la password",
    "パスワードを入力",
];

/// What lures say, when the file acts.
pub(crate) fn check(scan: &mut Scan<'_>, title: &str, body: &str) {
    if !scan.active {
        return;
    }
    let name = scan.about.name.to_lowercase();
    let title = title.to_lowercase();
    // A lure stands where a page begins; further below such words are a text's subject.
    let body: String = body.chars().take(20_000).collect::<String>().to_lowercase();
    let head = [title.as_str(), name.as_str()];
    let first = |words: &[&'static str], body: &str| {
        words.iter().find(|w| head.iter().any(|h| starts_word(h, w)) || starts_word(body, w)).copied()
    };
    for (id, words) in [(Id::LureVoicemail, VOICE), (Id::LureFax, FAX), (Id::LureDocusign, SIGN)] {
        // In a long text such words are a subject, not a lure.
        let shown = if body.len() < 3_000 { body.as_str() } else { "" };
        if let Some(word) = first(words, shown) {
            scan.find(id, "", word);
        }
    }
    let page = matches!(scan.about.kind.family(), Family::Page) || scan.about.kind == Kind::Hta;
    let brand = BRANDS.iter().find(|b| starts_word(&title, b));
    let asks = ASKS.iter().find(|a| body.contains(**a));
    if page && let Some(word) = brand.or(asks) {
        scan.find(Id::HtmBrandLure, "", *word);
    }
}

/// The phrase at the beginning of a word.
fn starts_word(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        text.get(..at)
            .and_then(|b| b.chars().next_back())
            .is_none_or(|c| !c.is_alphanumeric() || c as u32 > 0x2fff)
    })
}
