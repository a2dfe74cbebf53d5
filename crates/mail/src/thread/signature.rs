//! Where a signature begins.

/// Lines from the end in which a signature is looked for.
const LINES_MAX: usize = 30;
/// Bytes of a line that is looked at.
const LINE_BYTES_MAX: usize = 96;

/// Beginnings of lines that mobile clients append.
const SENT_FROM: &[&str] = &[
    "sent from my ",
    "sent from ",
    "sent via ",
    "get outlook for ",
    "von meinem ",
    "gesendet von ",
    "envoyé de ",
    "envoyé depuis ",
    "enviado desde ",
    "enviado de ",
    "enviado do ",
    "inviato da ",
    "verstuurd vanaf ",
    "verzonden vanaf ",
    "skickat från ",
    "sendt fra ",
    "wysłane z ",
    "lähetetty ",
    "odesláno z ",
    "отправлено с ",
    "отправлено из ",
    "iphoneから送信",
    "androidから送信",
    "發自我的",
    "发自我的",
    "从我的",
    "나의 iphone에서 보냄",
    "iphone'umdan gönderildi",
    "obter o outlook para ",
    "outlook für ",
    "télécharger outlook pour ",
];
/// Closings that stand alone on their line.
const CLOSINGS: &[&str] = &[
    "best regards",
    "kind regards",
    "regards",
    "warm regards",
    "with kind regards",
    "best wishes",
    "sincerely",
    "yours sincerely",
    "yours faithfully",
    "best",
    "cheers",
    "many thanks",
    "thanks and regards",
    "thanks & regards",
    "mit freundlichen grüßen",
    "mit freundlichen grüssen",
    "freundliche grüße",
    "freundliche grüsse",
    "viele grüße",
    "beste grüße",
    "liebe grüße",
    "mfg",
    "cordialement",
    "bien cordialement",
    "salutations",
    "bien à vous",
    "saludos",
    "saludos cordiales",
    "un saludo",
    "atentamente",
    "atenciosamente",
    "att",
    "cumprimentos",
    "abraços",
    "cordiali saluti",
    "distinti saluti",
    "saluti",
    "met vriendelijke groet",
    "met vriendelijke groeten",
    "groeten",
    "med vänliga hälsningar",
    "vänliga hälsningar",
    "mvh",
    "med venlig hilsen",
    "venlig hilsen",
    "med vennlig hilsen",
    "vennlig hilsen",
    "pozdrawiam",
    "z poważaniem",
    "z wyrazami szacunku",
    "s pozdravem",
    "ystävällisin terveisin",
    "с уважением",
    "saygılarımla",
    "iyi çalışmalar",
    "以上",
    "よろしくお願いいたします",
    "よろしくお願いします",
    "以上、よろしくお願いいたします",
    "此致",
    "敬礼",
    "此致敬礼",
    "顺祝商祺",
    "祝好",
    "감사합니다",
    "üdvözlettel",
    "cu stimă",
];

/// The offset at which the signature begins: `-- `, a closing, or what a mobile client appends.
pub fn signature_start(text: &str) -> Option<usize> {
    let mut found = None;
    let mut end = text.len();
    for _ in 0..LINES_MAX {
        let head = text.get(..end)?;
        let start = head.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(start..end)?;
        if begins_signature(line) {
            found = Some(start);
        }
        if start == 0 {
            break;
        }
        end = start;
    }
    found
}

fn begins_signature(line: &str) -> bool {
    let line = line.trim();
    if line == "--" || line == "—" {
        return true;
    }
    // No closing is longer, and none of a client's lines that counts.
    if line.is_empty() || line.len() > LINE_BYTES_MAX {
        return false;
    }
    if line.is_ascii() {
        let closing = line.trim_end_matches([',', '.', '!', ' ']);
        let sent_from = |start: &&str| line.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start));
        return CLOSINGS.iter().any(|known| closing.eq_ignore_ascii_case(known))
            || line.len() < 80 && SENT_FROM.iter().any(sent_from);
    }
    let lower = line.to_lowercase();
    let closing = lower.trim_end_matches([',', '.', '!', '。', '、', ' ']);
    CLOSINGS.contains(&closing) || SENT_FROM.iter().any(|start| lower.starts_with(start)) && lower.len() < 80
}
