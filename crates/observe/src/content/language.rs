//! The language of a text: by script, and for Latin script by a vote of its most frequent words.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// Frequent words, folded, by language. A word that several languages share counts less.
const WORDS: &[(&str, &str)] = &[
    (
        "en",
        "the and to of you your is for this that with have are we be will from our not please has it on by as if or",
    ),
    (
        "de",
        "der die und das sie ist nicht mit ein zu den auf fur von im sich eine bitte wir ihre ihr haben werden dem dass auch kann oder sind",
    ),
    (
        "fr",
        "le la les des est et vous pour une dans que nous votre vos pas sur avec par sont ce qui du au aux cette bonjour merci afin",
    ),
    (
        "es",
        "el la los las de que en su para con una por es del se no usted le sus esta como mas gracias hemos nuestro ha este cuenta",
    ),
    (
        "pt",
        "o os as de que em para com uma nao por do da seu sua voce se no na mais esta sao foi pelo ao dos das ou clique conta",
    ),
    (
        "it",
        "il di che la per un una non con del della le si sono questo gentile cliente nel dei alla suo tuo ha grazie per e da come",
    ),
    (
        "nl",
        "de het een van en is niet u uw op voor met dat te zijn wij deze om aan naar ook kunt wordt bij onze heeft door",
    ),
    (
        "sv",
        "och att det som en ar for pa med av inte ditt din du har vi till kan eller om den fran er ni hej",
    ),
    (
        "da",
        "og at det er en til af for ikke du din dit med har vi kan som den pa fra dig jeg om hej venligst eller",
    ),
    (
        "no",
        "og at det er en til av for ikke du din ditt med har vi kan som den pa fra deg jeg om hei eller vennligst",
    ),
    (
        "fi",
        "ja on ei se etta voit sinun tai olet kun jos tama hei kiitos meidan ole myos sinulle mukaan kanssa tilisi",
    ),
    (
        "pl",
        "i w na z do nie sie jest to ze przez od dla oraz prosze twoje konto panstwa jak po lub zostal masz tej",
    ),
    (
        "cs",
        "a v na je se ze do pro za jsme vas vase si by jako nebo pri dekujeme dobry den ktery bude byl vam",
    ),
    (
        "hu",
        "a az es hogy nem egy is van ez az on kerjuk vagy meg mar csak koszonjuk kell ha fiok tisztelt szamla",
    ),
    (
        "ro",
        "si in de la cu nu este pentru ati va o pe din sa ca sunt dumneavoastra contul prin mai fost aceasta",
    ),
    (
        "tr",
        "ve bir bu icin ile da de olarak sayin lutfen olan daha size hesabiniz degil gibi sizin veya kadar",
    ),
    (
        "id",
        "dan yang di anda untuk dengan ini dari tidak akun kami ke pada akan adalah atau silakan telah bisa",
    ),
    ("vi", "va cua ban la co khong cho cac duoc trong toi tai khoan voi nay de vui long mot da chung"),
];
/// Words of a text that vote.
const WORDS_MAX: usize = 400;

static TABLE: LazyLock<FxHashMap<&'static str, Vec<usize>>> = LazyLock::new(|| {
    let mut table: FxHashMap<&'static str, Vec<usize>> = FxHashMap::default();
    for (index, (_, words)) in WORDS.iter().enumerate() {
        for word in words.split(' ') {
            let languages = table.entry(word).or_default();
            if !languages.contains(&index) {
                languages.push(index);
            }
        }
    }
    table
});

#[derive(Default)]
struct Scripts {
    latin: u32,
    kana: u32,
    han: u32,
    hangul: u32,
    cyrillic: u32,
    ukrainian: u32,
    greek: u32,
    arabic: u32,
    hebrew: u32,
    thai: u32,
}

/// The language of a folded text; `None` when it is too short.
pub(super) fn of(folded: &str) -> Option<String> {
    if folded.is_ascii() {
        return vote(folded);
    }
    let scripts = scripts(folded);
    // Characters of CJK scripts carry more than letters: they count threefold against Latin product names and URLs.
    let cjk = scripts.kana + scripts.han + scripts.hangul;
    if cjk >= 6 && cjk * 3 > scripts.latin {
        let name = if scripts.hangul * 2 > cjk {
            "ko"
        } else if scripts.kana * 8 > cjk {
            "ja"
        } else {
            "zh"
        };
        return Some(name.to_owned());
    }
    let others = [
        (scripts.cyrillic, if scripts.ukrainian * 40 > scripts.cyrillic { "uk" } else { "ru" }),
        (scripts.greek, "el"),
        (scripts.arabic, "ar"),
        (scripts.hebrew, "he"),
        (scripts.thai, "th"),
    ];
    if let Some((_, name)) = others.iter().filter(|(count, _)| *count > 12 && *count > scripts.latin).max() {
        return Some((*name).to_owned());
    }
    vote(folded)
}

fn scripts(text: &str) -> Scripts {
    let mut out = Scripts::default();
    for c in text.chars().take(6_000) {
        match c as u32 {
            0x61..=0x7a => out.latin += 1,
            0..=0x36f => {}
            0x370..=0x3ff => out.greek += 1,
            0x400..=0x52f => {
                out.cyrillic += 1;
                out.ukrainian += u32::from(matches!(c, 'і' | 'ї' | 'є' | 'ґ'));
            }
            0x590..=0x5ff => out.hebrew += 1,
            0x600..=0x6ff => out.arabic += 1,
            0xe00..=0xe7f => out.thai += 1,
            0x3040..=0x30ff => out.kana += 1,
            0x3400..=0x9fff => out.han += 1,
            0xac00..=0xd7ff => out.hangul += 1,
            _ => {}
        }
    }
    out
}

fn vote(text: &str) -> Option<String> {
    let mut votes = [0u32; WORDS.len()];
    let (mut hits, mut words) = (0u32, 0u32);
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).take(WORDS_MAX) {
        words += 1;
        let Some(languages) = TABLE.get(word) else { continue };
        hits += 1;
        let share = 60 / u32::try_from(languages.len()).unwrap_or(60);
        for language in languages {
            if let Some(slot) = votes.get_mut(*language) {
                *slot += share;
            }
        }
    }
    if words < 4 || hits < 2 || hits * 20 < words {
        return None;
    }
    let mut order: Vec<(u32, usize)> = votes.iter().copied().zip(0..).collect();
    order.sort_by_key(|(votes, index)| (std::cmp::Reverse(*votes), *index));
    let (best, index) = *order.first()?;
    (best >= 60).then(|| WORDS.get(index).map(|(name, _)| (*name).to_owned()))?
}
