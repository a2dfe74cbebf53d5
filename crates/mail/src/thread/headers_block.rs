//! Quoted header blocks (`From: … Sent: … To: … Subject: …`) and separator lines, by tables over languages.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::lines::Line;

/// What a label introduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    From = 1,
    Date = 2,
    To = 4,
    Cc = 8,
    Bcc = 16,
    Subject = 32,
    Other = 64,
}

/// Labels by kind, all languages together; lower case, without colon.
const LABELS: &[(Label, &str)] = &[
    (
        Label::From,
        "from|von|de|de la part de|expéditeur|expediteur|remitente|remetente|da|mittente|van|afzender|från|fra|od|\
         nadawca|lähettäjä|odesílatel|odosielateľ|от|от кого|отправитель|від|보낸 사람|보낸사람|보낸이|발신|kimden|\
         gönderen|发件人|發件人|寄件者|寄件人|发信人|差出人|送信者|送信元|feladó|de la|expeditor|από|từ|dari|absender",
    ),
    (
        Label::Date,
        "date|sent|sent on|sent at|date sent|gesendet|datum|gesendet am|envoyé|envoye|envoyé le|enviado|enviado el|\
         fecha|fecha de envío|data|enviada|enviada em|enviado em|inviato|data invio|verzonden|verzonden op|skickat|\
         sendt|dato|wysłano|wysłane|data wysłania|lähetetty|päivämäärä|päiväys|odesláno|odeslané|отправлено|дата|\
         дата отправки|надіслано|보낸 날짜|날짜|발송일|보낸 시간|보낸날짜|gönderildi|tarih|gönderme tarihi|发送时间|\
         日期|时间|傳送時間|寄件日期|發送時間|送信日時|日時|日付|送信日|elküldve|küldve|dátum|trimis|đã gửi|ngày|\
         dikirim|tanggal|ημερομηνία|發送日期|发送日期",
    ),
    (
        Label::To,
        "to|an|empfänger|à|a|pour|destinataire|destinataires|para|destinatario|destinatari|aan|till|til|do|odbiorca|\
         vastaanottaja|komu|pro|кому|получатель|받는 사람|받는사람|받는이|수신|kime|alıcı|收件人|收件者|宛先|送信先|\
         címzett|către|catre|tới|đến|kepada|ke|προς",
    ),
    (
        Label::Cc,
        "cc|kopie|copie|copie à|copia|kopia|kopi|kopio|копия|참조|bilgi|抄送|副本|másolat|másolatot kap|kopie (cc)|\
         с копией|ｃｃ|同报|cc:",
    ),
    (Label::Bcc, "bcc|cci|cco|ccn|密送|blindkopie|скрытая копия"),
    (
        Label::Subject,
        "subject|betreff|objet|sujet|asunto|assunto|oggetto|onderwerp|ämne|emne|temat|aihe|předmět|predmet|тема|\
         제목|konu|主题|主旨|主題|件名|標題|标题|tárgy|subiect|chủ đề|subjek|perihal|judul|θέμα",
    ),
    (
        Label::Other,
        "reply-to|reply to|importance|attachments|attachment|organization|message-id|wichtigkeit|anlagen|responder a|\
         antwort an|répondre à|pièces jointes|添付ファイル|重要度|附件|priority|priorität|importancia|rispondi a|\
         return-path|newsgroups|x-mailer|resent-from|mailed-by|in-reply-to|references|list-id|sensitivity",
    ),
];

/// What stands between the dashes of a separator line.
const SEPARATORS: &str = "original message|forwarded message|forwarded email|original mail|original email|original|\
    ursprüngliche nachricht|originalnachricht|original-nachricht|weitergeleitete nachricht|\
    ursprungliche nachricht|message d'origine|message d’origine|message original|message originel|mail original|\
    message transféré|message transfere|courriel original|mensaje original|mensaje reenviado|correo original|\
    mensagem original|mensagem encaminhada|mensagem reencaminhada|messaggio originale|messaggio inoltrato|\
    oorspronkelijk bericht|origineel bericht|doorgestuurd bericht|doorgestuurde bericht|ursprungligt meddelande|\
    originalmeddelande|vidarebefordrat meddelande|ursprungligt meddelande|oprindelig meddelelse|\
    oprindelig besked|original meddelelse|videresendt meddelelse|videresendt besked|opprinnelig melding|\
    videresendt melding|wiadomość oryginalna|oryginalna wiadomość|wiadomość przekazana|przekazana wiadomość|\
    wiadomość przekazana dalej|alkuperäinen viesti|välitetty viesti|edelleenlähetetty viesti|původní zpráva|\
    původní e-mail|přeposlaná zpráva|pôvodná správa|исходное сообщение|пересылаемое сообщение|\
    пересланное сообщение|пересылаемое письмо|оригинальное сообщение|оригінальне повідомлення|원본 메시지|원본 메일|\
    원본메시지|전달된 메시지|전달된 메일|orijinal mesaj|özgün ileti|özgün mesaj|yönlendirilmiş ileti|iletilen ileti|\
    原始邮件|原始郵件|原邮件|转发的邮件|转发邮件信息|轉寄的郵件|轉寄郵件|元のメッセージ|元のメール|転送メッセージ|\
    転送されたメッセージ|転送メール|オリジナルメッセージ|original message follows|eredeti üzenet|továbbított üzenet|\
    mesaj original|mesajul original|mesaj redirecționat|tin nhắn gốc|thư gốc|pesan asli|pesan terusan|pesan diteruskan";

/// Separators that stand without dashes and need a header block below.
const BARE_SEPARATORS: &str = "begin forwarded message|anfang der weitergeleiteten nachricht|\
    beginn der weitergeleiteten nachricht|début du message réexpédié|début du message transféré|\
    inicio del mensaje reenviado|início da mensagem encaminhada|início da mensagem reencaminhada|\
    inizio messaggio inoltrato|begin doorgestuurd bericht|vidarebefordrat brev|start på videresendt besked|\
    videresendt melding|początek przekazywanej wiadomości|początek wiadomości przekazanej dalej|\
    välitetty viesti alkaa|začátek přeposlané zprávy|начало переадресованного сообщения|\
    转发的邮件|下面是被转发的邮件|下面是被轉寄的郵件|以下は転送されたメッセージです|転送されたメッセージ|전달된 메시지 시작|\
    전달된 메시지|iletilen ileti başlangıcı|başlangıç iletilen ileti|továbbított levél kezdete|original message|\
    forwarded message";

/// Beginnings of what Notes puts between its dashes.
const FORWARDED_BY: &[&str] = &[
    "forwarded by ",
    "weitergeleitet von ",
    "transféré par ",
    "réexpédié par ",
    "reenviado por ",
    "remitido por ",
    "encaminhado por ",
    "inoltrato da ",
    "doorgestuurd door ",
    "vidarebefordrat av ",
    "przekazane przez ",
    "転送者: ",
    "forwarded message from ",
    "original message from ",
];

static LABEL_MAP: LazyLock<FxHashMap<&'static str, Label>> = LazyLock::new(|| {
    LABELS.iter().flat_map(|(label, names)| names.split('|').map(|name| (name.trim(), *label))).collect()
});
static SEPARATOR_SET: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| SEPARATORS.split('|').map(str::trim).collect());
static BARE_SET: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| BARE_SEPARATORS.split('|').map(str::trim).collect());

/// The longest label, in bytes, with decoration.
const LABEL_BYTES_MAX: usize = 56;
/// Lines that one header block may take.
const BLOCK_LINES_MAX: usize = 60;

/// What kind of separator a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// Says that a message follows.
    Words,
    /// Says so only together with a header block below it.
    Hint,
}

/// A label at the start of a line and the value after its colon.
pub(super) fn label(line: &str) -> Option<(Label, &str)> {
    let line = line.trim_start_matches(is_decoration);
    let head = line.as_bytes().get(..line.len().min(LABEL_BYTES_MAX))?;
    let colon = memchr::memchr(b':', head);
    let wide = memchr::memchr(0xEF, head).and_then(|_| head.windows(3).position(|w| w == "：".as_bytes()));
    let (end, width) = match (colon, wide) {
        (Some(a), Some(b)) if b < a => (b, 3),
        (Some(a), _) => (a, 1),
        (None, Some(b)) => (b, 3),
        (None, None) => return None,
    };
    let name = line.get(..end)?.trim_matches(is_decoration);
    if name.is_empty() || name.len() > 40 {
        return None;
    }
    let found = if name.is_ascii() {
        let mut lower = [0u8; 40];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        LABEL_MAP.get(std::str::from_utf8(lower).ok()?).copied()
    } else {
        LABEL_MAP.get(squeeze(&name.to_lowercase()).as_str()).copied()
    };
    Some((found?, line.get(end + width..)?.trim_matches(is_decoration)))
}

/// Notes and Japanese mailers pad labels with spaces inside.
fn squeeze(name: &str) -> String {
    if name.chars().any(|c| c == '\u{3000}') { name.replace('\u{3000}', "") } else { name.to_owned() }
}

fn is_decoration(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '*' | '|' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
}

/// Whether a line separates messages.
pub(super) fn separator(line: &str) -> Option<Separator> {
    let line = line.trim();
    let first = line.chars().next()?;
    let ruled = |c: char| matches!(c, '-' | '_' | '=' | '—' | '–' | '－' | '*' | '+' | '~');
    if line.len() > 160 {
        return (line.len() < 400 && line.bytes().all(|b| b == b'_')).then_some(Separator::Hint);
    }
    if ruled(first) {
        let core = line.trim_matches(|c: char| ruled(c) || c.is_whitespace() || c == '<' || c == '>');
        if core.is_empty() {
            return (line.chars().count() >= 10).then_some(Separator::Hint);
        }
        let rule = line.chars().take_while(|c| ruled(*c) || *c == ' ').count();
        let core = core.to_lowercase();
        let core = core.trim_end_matches([':', '：', ' ']);
        if rule >= 2 && (SEPARATOR_SET.contains(core) || FORWARDED_BY.iter().any(|by| core.starts_with(by))) {
            return Some(Separator::Words);
        }
        return None;
    }
    if line.len() > 80 || first.is_ascii_digit() || !line.ends_with([':', '：', '。']) {
        return None;
    }
    let core = line.trim_end_matches([':', '：', ' ', '\u{a0}', '。']);
    BARE_SET.contains(core.to_lowercase().as_str()).then_some(Separator::Hint)
}

/// A header block that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Its last line.
    pub(super) last: usize,
    /// Its label kinds as bits.
    kinds: u8,
    /// Some address stands in it.
    address: bool,
    /// Its date line holds digits.
    dated: bool,
}

impl Block {
    fn has(&self, label: Label) -> bool {
        self.kinds & label as u8 != 0
    }

    /// Good enough; `announced` when a separator or a container stands right above it.
    pub(super) fn convinces(&self, announced: bool) -> bool {
        let rest = self.has(Label::Date) || self.has(Label::To) || self.has(Label::Subject);
        if announced {
            return rest && (self.has(Label::From) || (self.has(Label::Date) && self.has(Label::Subject)));
        }
        self.has(Label::From)
            && self.has(Label::Date)
            && self.dated
            && self.has(Label::To)
            && (self.has(Label::Subject) || self.address)
    }
}

/// Reads the header block that starts at line `first`.
pub(super) fn block(text: &str, lines: &[Line], first: usize) -> Option<Block> {
    let mut found = Block { last: first, kinds: 0, address: false, dated: false };
    let mut previous: Option<(Label, bool)> = None;
    let mut blank = 0;
    let depth = lines.get(first)?.depth;
    for (index, line) in lines.iter().enumerate().skip(first).take(BLOCK_LINES_MAX) {
        if line.depth != depth {
            break;
        }
        let body = line.body(text);
        if body.is_empty() {
            blank += 1;
            // HTML tables and double-spaced texts put one empty line between fields.
            if blank > 2 {
                break;
            }
            continue;
        }
        match label(body) {
            Some((kind, value)) if kind == Label::Other || found.kinds & kind as u8 == 0 => {
                found.kinds |= kind as u8;
                previous = Some((kind, value.is_empty()));
                found.note(kind, value);
            }
            Some(_) => break,
            None => match previous {
                Some((kind, empty)) if blank == 0 && continues(text, lines, index, kind, empty) => {
                    found.note(kind, body);
                    previous = Some((kind, false));
                }
                _ => break,
            },
        }
        blank = 0;
        found.last = index;
    }
    (found.kinds != 0).then_some(found)
}

impl Block {
    fn note(&mut self, kind: Label, value: &str) {
        self.address |= value.contains('@');
        self.dated |= kind == Label::Date && value.bytes().any(|b| b.is_ascii_digit());
    }
}

/// Whether an unlabelled line belongs to the field above it: its value, or the rest of a long list.
fn continues(text: &str, lines: &[Line], index: usize, kind: Label, empty: bool) -> bool {
    let (Some(line), Some(above)) = (lines.get(index), index.checked_sub(1).and_then(|i| lines.get(i)))
    else {
        return false;
    };
    let body = line.body(text);
    if empty {
        return kind != Label::Subject || body.len() < 200;
    }
    let above = above.body(text);
    match kind {
        Label::To | Label::Cc | Label::Bcc => {
            above.ends_with([',', ';'])
                || body.starts_with('<')
                || (body.contains('@') && body.len() < 200 && body.contains(['<', ';', ',']))
        }
        Label::From => body.starts_with('<') || body.starts_with("[mailto:"),
        Label::Subject | Label::Date | Label::Other => line.indented && body.len() < 120,
    }
}

/// The fields of a block, values of several lines joined.
pub(super) fn fields<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<(Label, String)> {
    let mut out: Vec<(Label, String)> = Vec::new();
    for line in lines {
        let body = line.trim();
        if body.is_empty() {
            continue;
        }
        match label(body) {
            Some((kind, value)) => out.push((kind, value.to_owned())),
            None => {
                if let Some((_, value)) = out.last_mut() {
                    if !value.is_empty() {
                        value.push(' ');
                    }
                    value.push_str(body);
                }
            }
        }
    }
    out
}
