//! The shape of the message: words, lines, images, hidden text, marks.

use rustc_hash::FxHashSet;
use sekisho_record::{Evidence, evidence::Content};

use super::{fold, lexicon::is_cjk};

/// Fewer words than this beside an image are almost no text.
const IMAGE_ONLY_WORDS: i64 = 15;
/// Hidden words that are no preheader any more.
const HIDDEN_WORDS: usize = 40;

/// Words; CJK characters count half.
pub(crate) fn words(text: &str) -> i64 {
    if text.is_ascii() {
        let (mut words, mut inside) = (0i64, false);
        for byte in text.bytes() {
            let word = byte.is_ascii_alphanumeric();
            words += i64::from(word && !inside);
            inside = word || (inside && byte == b'\'');
        }
        return words;
    }
    let (mut words, mut cjk, mut inside) = (0i64, 0i64, false);
    for c in text.chars() {
        if is_cjk(c) {
            cjk += 1;
            inside = false;
        } else if c.is_alphanumeric() {
            words += i64::from(!inside);
            inside = true;
        } else if c != '\'' && c != '’' {
            inside = false;
        }
    }
    words + cjk / 2
}

/// Characters that are no white space.
fn visible_chars(text: &str) -> usize {
    if text.is_ascii() {
        // `char::is_whitespace` counts the vertical tab.
        return text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != 0x0b).count();
    }
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// Fills what follows from structure.
pub(super) fn observe(content: &mut Content, evidence: &Evidence, newest: &str, folded: &str) {
    let model = &evidence.model;
    let subject = model.subject.subject.as_deref().unwrap_or_default();
    let name = model.sender.display_name.as_deref().unwrap_or_default();
    content.words = words(newest);
    content.lines = lines(newest);
    content.visible_chars = visible_chars(newest).try_into().unwrap_or(i64::MAX);
    content.attention_marks = subject.chars().chain(name.chars()).any(is_attention);
    content.shouting = shouting(model.subject.base.as_deref().unwrap_or(subject));
    content.hash_busting = hash_busting(subject, newest);
    content.quotes_thread = !model.body.previous_threads.is_empty();
    content.reply_without_thread = (model.subject.is_reply || model.subject.is_forward)
        && model.headers.in_reply_to.is_none()
        && model.headers.references.is_empty()
        && model.body.previous_threads.is_empty();
    html(content, evidence, folded);
}

fn html(content: &mut Content, evidence: &Evidence, folded: &str) {
    let Some(html) = &evidence.model.body.html else { return };
    let hidden = &html.dom.hidden_text;
    content.hidden_chars =
        hidden.chars().filter(|c| c.is_alphanumeric()).count().try_into().unwrap_or(i64::MAX);
    content.hidden_text = hides_words(hidden, folded, content.words);
    let raw = Markup::of(&html.raw);
    content.images = raw.images;
    content.form = raw.form;
    content.password_field = raw.password;
    content.script = raw.script;
    content.image_only = raw.remote_images > 0 && content.words < IMAGE_ONLY_WORDS;
}

/// What a scan of the tags finds.
#[derive(Default)]
struct Markup {
    images: i64,
    remote_images: i64,
    form: bool,
    password: bool,
    script: bool,
}

impl Markup {
    fn of(raw: &str) -> Markup {
        let mut out = Markup::default();
        let bytes = raw.as_bytes();
        for at in memchr::memchr_iter(b'<', bytes) {
            let tag = bytes.get(at + 1..(at + 1_024).min(bytes.len())).unwrap_or_default();
            if !tag.first().is_some_and(|b| matches!(b, b'i' | b'I' | b'f' | b'F' | b's' | b'S')) {
                continue;
            }
            let is = |name: &[u8]| tag.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name));
            if is(b"img") {
                out.images += 1;
                let end = memchr::memchr(b'>', tag).unwrap_or(tag.len());
                let body = tag.get(..end).unwrap_or_default();
                out.remote_images += i64::from(
                    memchr::memmem::find(body, b"http").is_some()
                        || memchr::memmem::find(body, b"HTTP").is_some(),
                );
            } else if is(b"form") {
                out.form = true;
            } else if is(b"script") {
                out.script = true;
            } else if is(b"input") {
                let end = memchr::memchr(b'>', tag).unwrap_or(tag.len());
                let body = tag.get(..end).unwrap_or_default().to_ascii_lowercase();
                out.form = true;
                out.password |= memchr::memmem::find(&body, b"password").is_some();
            }
        }
        out
    }
}

/// Hidden words that the reader would not also see: neither a preheader nor a second layout of the same text.
fn hides_words(hidden: &str, visible: &str, visible_words: i64) -> bool {
    if hidden.len() < 80 {
        return false;
    }
    let folded = fold::fold(hidden).text;
    let hidden: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2).take(2_000).collect();
    if hidden.len() < HIDDEN_WORDS || i64::try_from(hidden.len()).unwrap_or(i64::MAX) * 4 < visible_words {
        return false;
    }
    let seen: FxHashSet<&str> = visible.split(|c: char| !c.is_alphanumeric()).collect();
    let repeated = hidden.iter().filter(|word| seen.contains(**word)).count();
    repeated * 2 < hidden.len()
}

/// Lines that are not blank, greeting or signature.
fn lines(text: &str) -> i64 {
    let body = sekisho_mail::thread::signature_start(text).and_then(|at| text.get(..at)).unwrap_or(text);
    let mut count = 0;
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        // A greeting is short, comes first and ends in a comma or the like.
        let greets = count == 0 && line.len() < 60 && line.ends_with([',', '!', '，', '、', ':', '：']);
        count += i64::from(!greets);
    }
    count
}

fn is_attention(c: char) -> bool {
    matches!(c as u32, 0x2460..=0x24ff | 0x2600..=0x27bf | 0x2b50 | 0x2b55 | 0x1f000..=0x1faff | 0x203c | 0x2049 | 0x1d400..=0x1d7ff)
}

fn shouting(subject: &str) -> bool {
    let (mut upper, mut letters, mut words) = (0u32, 0u32, 0u32);
    let mut inside = false;
    for c in subject.chars() {
        if c.is_alphabetic() {
            letters += 1;
            upper += u32::from(c.is_uppercase());
            words += u32::from(!inside);
        }
        inside = c.is_alphanumeric();
    }
    letters >= 10 && words >= 2 && upper * 10 >= letters * 8
}

/// A word of letters and digits by turns, such as no person and few order numbers are.
fn is_random(word: &str) -> bool {
    if !(8..=40).contains(&word.len()) || !word.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    let class = |b: u8| match b {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        _ => 2,
    };
    let turns = word.as_bytes().windows(2).filter(|w| matches!(w, [a, b] if class(*a) != class(*b))).count();
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    turns >= 5 && digits >= 2 && digits * 3 < word.len() * 2
}

fn hash_busting(subject: &str, text: &str) -> bool {
    let busting = |text: &str| {
        text.split_whitespace()
            // The cheapest test first: hardly any word of a text passes it.
            .filter(|word| word.len() >= 8 && word.bytes().any(|b| b.is_ascii_digit()))
            .filter(|word| !word.contains(['/', '@', '=', '.']))
            .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
            .filter(|word| is_random(word))
            .take(8)
            .count()
    };
    busting(subject) > 0 || busting(text) >= 4
}
