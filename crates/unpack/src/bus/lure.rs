//! Words that ask a person to switch protection off: they count only beside something that protection would stop.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use unicode_normalization::UnicodeNormalization;

use crate::{
    Derived, Id, Severity,
    scan::{Scan, Text, TextKind},
};

/// Score from which on the words are a lure.
const SCORE: u32 = 3;
/// Bytes of shown text that are looked at.
pub(super) const BYTES_MAX: usize = 1 << 20;

/// Phrases that ask for it by name, folded: two points each.
const CORE: &[&str] = &[
    "enable editing",
    "enable content",
    "enable macros",
    "enable macro",
    "click on the yellow bar",
    "document is protected",
    "workbook is protected",
    "file is protected",
    "protected document",
    "previewing is not available for protected documents",
    "preview is not available",
    "created in an earlier version of microsoft office",
    "created in earlier version of microsoft",
    "created in an online version of microsoft",
    "created in online version",
    "created in a desktop version",
    "created on an ios device",
    "created in a newer version of microsoft",
    "created in a previous version of microsoft",
    "encrypted by docusign",
    "encrypted by microsoft office",
    "encrypted document",
    "to decrypt this document",
    "to decode this document",
    "decryption of the document",
    "to view this content",
    "compatibility mode",
    "secured with rsa",
    "secured with sha",
    "click unblock",
    "double click the icon",
    "double click on the icon",
    "double click icon",
    "double click the image",
    "double click to view",
    "protected by docusign",
    "protected by microsoft",
    // German, French, Italian, Spanish, Portuguese, Dutch, Polish, Czech, Swedish.
    "bearbeitung aktivieren",
    "inhalt aktivieren",
    "inhalte aktivieren",
    "makros aktivieren",
    "geschutztes dokument",
    "dokument ist geschutzt",
    "activer la modification",
    "activer le contenu",
    "activer les macros",
    "document protege",
    "abilita modifica",
    "abilita contenuto",
    "attiva macro",
    "documento protetto",
    "habilitar edicion",
    "habilitar contenido",
    "habilitar macros",
    "documento protegido",
    "habilitar edicao",
    "habilitar conteudo",
    "bewerken inschakelen",
    "inhoud inschakelen",
    "beveiligd document",
    "włacz edycje",
    "włacz zawartosc",
    "dokument chroniony",
    "povolit upravy",
    "povolit obsah",
    "chraneny dokument",
    "aktivera redigering",
    "aktivera innehall",
    "skyddat dokument",
    // Russian, Ukrainian, Turkish, Japanese, Chinese, Korean.
    "разрешить редактирование",
    "включить содержимое",
    "документ защищен",
    "дозволити редагування",
    "увімкнути вміст",
    "duzenlemeyi etkinlestir",
    "icerigi etkinlestir",
    "belge korumalı",
    "編集を有効にする",
    "コンテンツの有効化",
    "保護されたドキュメント",
    "启用编辑",
    "启用内容",
    "文档受保护",
    "편집 사용",
    "콘텐츠 사용",
    "보호된 문서",
];

/// Phrases that stand beside: one point each.
const SUPPORT: &[&str] = &[
    "protected view",
    "icon to view",
    "icon to open",
    "image to view",
    "to view document",
    "yellow bar above",
    "yellow bar",
    "docusign",
    "mcafee secure",
    "norton secure",
    "microsoft office",
    "office 365",
    "steps to follow",
    "follow these steps",
    "please follow the steps",
    "cannot be opened in mobile",
    "can not be viewed on mobile",
    "not supported on mobile",
    "to view the document",
    "to view the content",
    "click the button",
    "step 1",
    "step 2",
    "安全警告",
    "geschutzte ansicht",
    "vue protegee",
    "visualizzazione protetta",
    "vista protegida",
    "保護ビュー",
];

/// Finds the lure of a file's shown texts.
pub(super) fn find(texts: &[Text], scan: &mut Scan<'_>) {
    if !scan.active {
        return;
    }
    look(scan);
    let shown = texts.iter().filter(|t| t.kind == TextKind::Shown);
    let mut folded = String::new();
    for text in shown {
        fold_into(&text.text, &mut folded);
        folded.push('\n');
        if folded.len() > BYTES_MAX {
            break;
        }
    }
    let hits = phrases(&folded);
    let core = hits.iter().filter(|hit| hit.1).count() as u32;
    if core > 0 && 2 * core + (hits.len() as u32 - core) >= SCORE {
        let words: Vec<&str> = hits.iter().map(|hit| hit.0).collect();
        scan.find(Id::LureText, "", words.join(", "));
    }
}

/// What the document looks like, beside macros.
fn look(scan: &mut Scan<'_>) {
    let excel4 = scan.has(Id::XlmSheet) || scan.has(Id::VbaBuildsXlm);
    let macros = excel4 || scan.has(Id::VbaPresent);
    let looks = std::mem::take(&mut scan.looks);
    if let Some(what) = looks.picture_only.filter(|_| macros) {
        let severity = if excel4 { Severity::High } else { Id::LureImage.severity() };
        scan.find_as(Id::LureImage, severity, Derived::Static, "", what);
    }
    if let Some((place, text)) = looks.unseen.filter(|_| macros) {
        scan.find(Id::LureHiddenText, place, text);
    }
}

/// The phrases of a folded text, each once, and whether they are core.
fn phrases(folded: &str) -> Vec<(&'static str, bool)> {
    static FINDER: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::new(CORE.iter().chain(SUPPORT)).ok());
    let mut hits: Vec<(&'static str, bool)> = Vec::new();
    let Some(finder) = FINDER.as_ref() else { return hits };
    for found in finder.find_overlapping_iter(folded) {
        let at = found.pattern().as_usize();
        let hit = match CORE.get(at) {
            Some(phrase) => (*phrase, true),
            None => match SUPPORT.get(at - CORE.len()) {
                Some(phrase) => (*phrase, false),
                None => continue,
            },
        };
        if !hits.contains(&hit) {
            hits.push(hit);
        }
    }
    hits
}

/// Lower case, compatibility forms, no diacritics, no invisible signs, one blank between words; letters that stand
/// apart (`e n a b l e`) are put together.
fn fold_into(text: &str, out: &mut String) {
    let start = out.len();
    let mut single = 0_u32;
    for c in text.chars().flat_map(char::to_lowercase).nfkd() {
        if out.len() - start > BYTES_MAX {
            return;
        }
        if invisible(c) || is_mark(c) {
            continue;
        }
        if c.is_whitespace() {
            if !out.ends_with([' ', '\n']) {
                out.push(' ');
            }
            continue;
        }
        // Jamo of a decomposed Hangul syllable and Japanese voice marks must come together again: see `recompose`.
        let alone = out.ends_with(' ') || out.len() == start;
        single = if alone && c.is_alphabetic() {
            single + 1
        } else if alone {
            0
        } else {
            single
        };
        if !alone && c.is_alphanumeric() {
            single = 0;
        }
        if single >= 6 && out.ends_with(' ') {
            out.pop();
        }
        out.push(c);
    }
    let tail: String = out.get(start..).unwrap_or_default().nfc().collect();
    out.truncate(start);
    out.push_str(&tail);
}

fn invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{202a}'..='\u{202e}')
}

/// Combining marks of Latin, Greek and Cyrillic letters; those of Japanese (voicing) stay.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}
