//! "External sender" banners that gateways put on top.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Bytes at the top of a message in which banners are looked for.
const TOP_BYTES_MAX: usize = 1_600;
/// Bytes of one banner.
const BANNER_BYTES_MAX: usize = 700;
/// Banners of one message.
const BANNERS_MAX: usize = 4;

/// Tags that make the start of a line a banner.
const TAGS: &[&str] = &[
    "[external]",
    "[external email]",
    "[ext]",
    "[extern]",
    "[externe]",
    "[external sender]",
    "[externer absender]",
    "[externo]",
    "[esterno]",
    "[外部]",
    "[外部メール]",
    "[社外]",
    "[社外メール]",
    "【外部】",
    "【社外】",
    "【外部メール】",
    "【社外メール】",
    "【外部邮件】",
    "[外部邮件]",
    "[外部郵件]",
    "external email:",
    "external:",
    "*external*",
    "**external**",
    "***external",
    "### external",
    "[[external]]",
    "<external>",
    "{external}",
];
/// Wordings that make a paragraph a banner.
const PHRASES: &[&str] = &[
    "originated from outside",
    "originates from outside",
    "originated outside",
    "came from outside",
    "comes from outside",
    "sent from outside",
    "from outside of your organization",
    "from outside your organization",
    "from outside the organization",
    "from outside of the organization",
    "from outside our organization",
    "is from an external sender",
    "from an external source",
    "external sender",
    "external email",
    "external e-mail",
    "externally originated",
    "you don't often get email from",
    "you don’t often get email from",
    "some people who received this message don't often",
    "some people who received this message don’t often",
    "this sender is not verified",
    "außerhalb ihrer organisation",
    "außerhalb der organisation",
    "außerhalb unserer organisation",
    "außerhalb des unternehmens",
    "externer absender",
    "externen absender",
    "externe e-mail",
    "sie erhalten nicht oft eine e-mail",
    "sie erhalten nicht häufig e-mails",
    "provient de l'extérieur",
    "provient de l’extérieur",
    "expéditeur externe",
    "message externe",
    "en dehors de votre organisation",
    "extérieur à votre organisation",
    "vous ne recevez pas souvent de courriers de",
    "vous n’obtenez pas souvent d’e-mail",
    "fuera de su organización",
    "fuera de la organización",
    "remitente externo",
    "correo externo",
    "no suele recibir correos electrónicos de",
    "fora da organização",
    "fora da sua organização",
    "remetente externo",
    "e-mail externo",
    "você não costuma receber emails de",
    "dall'esterno dell'organizzazione",
    "dall’esterno dell’organizzazione",
    "mittente esterno",
    "non si ricevono spesso messaggi",
    "buiten uw organisatie",
    "buiten de organisatie",
    "externe afzender",
    "u ontvangt niet vaak e-mail van",
    "utanför organisationen",
    "extern avsändare",
    "externt e-postmeddelande",
    "du får inte ofta e-post från",
    "uden for organisationen",
    "ekstern afsender",
    "utenfor organisasjonen",
    "ekstern avsender",
    "spoza organizacji",
    "nadawca zewnętrzny",
    "wiadomość zewnętrzna",
    "mimo organizaci",
    "mimo vaši organizaci",
    "externí odesílatel",
    "organisaation ulkopuolelta",
    "внешний отправитель",
    "за пределами вашей организации",
    "из внешнего источника",
    "kuruluşunuzun dışından",
    "harici gönderen",
    "社外から送信",
    "社外からのメール",
    "組織外から送信",
    "組織の外部",
    "組織外部",
    "外部から送信",
    "外部からのメール",
    "差出人は外部",
    "からメールを受け取ることは",
    "来自组织外部",
    "来自公司外部",
    "外部发件人",
    "此邮件来自外部",
    "來自組織外部",
    "此郵件來自外部",
    "외부에서 발송",
    "외부 발신자",
    "조직 외부",
];

/// All phrases in one pass. ASCII is compared in any case; other letters have to be lower case already.
static WORDINGS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| automaton(|_| true));
/// Those that text of ASCII can hold: half of them, whose table is small enough to stay near.
static ASCII_WORDINGS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| automaton(str::is_ascii));

fn automaton(which: fn(&str) -> bool) -> Option<AhoCorasick> {
    let phrases = PHRASES.iter().filter(|phrase| which(phrase));
    AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(phrases).ok()
}

/// The paragraph holds one of the phrases.
fn warns(part: &str) -> bool {
    let holds = |automaton: &Option<AhoCorasick>, part: &str| {
        automaton.as_ref().is_some_and(|automaton| automaton.is_match(part))
    };
    if part.is_ascii() { holds(&ASCII_WORDINGS, part) } else { holds(&WORDINGS, &part.to_lowercase()) }
}

/// Cuts banners off the top of a message: their ranges, and what is left of its text.
pub(super) fn cut(text: &str, mut ranges: Vec<Range<usize>>) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let mut banners = Vec::new();
    let Some(first) = ranges.first().cloned() else { return (banners, ranges) };
    let Some(body) = text.get(first.clone()) else { return (banners, ranges) };
    let mut at = 0;
    let mut left: Vec<Range<usize>> = Vec::new();
    let mut kept = 0;
    while at < body.len().min(TOP_BYTES_MAX) && banners.len() < BANNERS_MAX {
        let paragraph = paragraph(body, at);
        let part = body.get(paragraph.clone()).unwrap_or_default();
        if let Some(length) = banner_length(part) {
            if kept < paragraph.start {
                left.push(first.start + kept..first.start + paragraph.start);
            }
            let end = paragraph.start + length;
            banners.push(first.start + paragraph.start..first.start + end);
            (kept, at) = (end, end.max(at + 1));
            while !body.is_char_boundary(at) {
                at += 1;
            }
        } else {
            at = paragraph.end.max(at + 1);
            while !body.is_char_boundary(at) {
                at += 1;
            }
        }
    }
    if banners.is_empty() {
        return (banners, ranges);
    }
    if kept < body.len() {
        left.push(first.start + kept..first.end);
    }
    ranges.splice(0..1, left);
    (banners, ranges)
}

/// The paragraph at or behind `at`: up to an empty line.
fn paragraph(body: &str, at: usize) -> Range<usize> {
    let rest = body.get(at..).unwrap_or_default();
    let start = at + (rest.len() - rest.trim_start().len());
    let mut end = start;
    for line in body.get(start..).unwrap_or_default().split_inclusive('\n') {
        if line.trim().is_empty() || end - start > BANNER_BYTES_MAX {
            break;
        }
        end += line.len();
    }
    start..end
}

/// How many bytes of a paragraph are a banner.
fn banner_length(part: &str) -> Option<usize> {
    if part.is_empty() {
        return None;
    }
    let line = part.split_inclusive('\n').next().unwrap_or(part);
    if part.len() <= BANNER_BYTES_MAX && warns(part) {
        return Some(upto_phrase_end(part));
    }
    // Every tag opens with a bracket or a mark, or is the word itself.
    if !line.trim_start().starts_with(['[', '【', '*', '#', '<', '{', 'e', 'E']) {
        return None;
    }
    let lower = line.to_lowercase();
    let lower = lower.trim();
    let tag = TAGS.iter().find(|tag| lower.starts_with(**tag))?;
    // `[EXTERNAL] Hello Bob, …`: only the tag goes.
    Some(if line.trim().len() <= tag.len() + 4 { line.len() } else { tag.len().min(part.len()) })
        .filter(|length| part.is_char_boundary(*length))
}

/// A paragraph that goes on in ordinary words behind a rule line ends the banner there.
fn upto_phrase_end(part: &str) -> usize {
    let mut end = 0;
    for line in part.split_inclusive('\n') {
        let mark = line.trim();
        if end > 0 && mark.len() >= 5 && mark.chars().all(|c| matches!(c, '-' | '_' | '=' | '*' | '─')) {
            return end + line.len();
        }
        end += line.len();
    }
    end
}
