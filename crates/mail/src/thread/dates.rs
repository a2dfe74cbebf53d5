//! Dates as mail programs write them in attribution lines and header blocks, in many languages.

use std::{ops::Range, sync::LazyLock};

use rustc_hash::FxHashMap;

/// A date found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Seconds since the epoch; UTC when no zone is written, midnight when no time is.
    pub(super) epoch: i64,
    /// A time of day is written.
    pub(super) timed: bool,
    /// Where it stands.
    pub(super) range: Range<usize>,
}

/// Bytes that are looked at.
const BYTES_MAX: usize = 512;
/// Tokens that are looked at.
const TOKENS_MAX: usize = 128;

/// Month names and their usual abbreviations; one line a month, all languages together.
const MONTHS: [&str; 12] = [
    "january jan januar jän jänner janvier janv janv enero ene janeiro gennaio gen januari stycznia styczeń sty tammikuu \
     tammikuuta tammik ledna leden led január января январь янв ocak oca ianuarie ian január",
    "february feb februar febr février févr fev febrero fevereiro febbraio februari lutego luty lut helmikuu helmikuuta \
     helmik února únor úno février февраля февраль фев февр şubat şub februarie",
    "march mar märz mär mrz mars marzo março maart mrt marca marzec maaliskuu maaliskuuta maalisk března březen bře марта \
     март мар mart martie március márc",
    "april apr avril avr abril abr aprile kwietnia kwiecień kwi huhtikuu huhtikuuta huhtik dubna duben dub апреля апрель \
     апр nisan nis aprilie április ápr",
    "may mai mayo maio mag maggio mei maj maja toukokuu toukokuuta toukok května květen kvě мая май mayıs may május máj",
    "june jun juni juin junio junho giugno giu czerwca czerwiec cze kesäkuu kesäkuuta kesäk června červen čvn июня июнь \
     июн haziran haz iunie iun június jún",
    "july jul juli juillet juil julio julho luglio lug lipca lipiec lip heinäkuu heinäkuuta heinäk července červenec čvc \
     июля июль июл temmuz tem iulie iul július júl",
    "august aug août aout agosto ago augustus augusti sierpnia sierpień sie elokuu elokuuta elok srpna srpen srp августа \
     август авг ağustos ağu augusztus",
    "september sep sept septembre septiembre setembro set settembre września wrzesień wrz syyskuu syyskuuta syysk září zář \
     сентября сентябрь сен сент eylül eyl septembrie szeptember szept",
    "october oct oktober okt octobre octubre outubro out ottobre ott października październik paź lokakuu lokakuuta lokak \
     října říjen říj октября октябрь окт ekim eki octombrie október",
    "november nov novembre noviembre novembro listopada listopad lis marraskuu marraskuuta marrask ноября ноябрь ноя нояб \
     kasım kas noiembrie",
    "december dec dezember dez décembre déc dic diciembre dezembro dicembre desember des grudnia grudzień gru joulukuu \
     joulukuuta jouluk prosince prosinec pro декабря декабрь дек aralık ara decembrie",
];
/// Weekdays and small words that stand inside dates.
const FILLERS: &str = "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat \
    sun montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so lundi mardi mercredi \
    jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim lunes martes miércoles jueves viernes sábado domingo mié \
    jue vie sáb dom segunda-feira terça-feira quarta-feira quinta-feira sexta-feira segunda terça quarta quinta sexta \
    feira seg ter qua qui sex sab lunedì martedì mercoledì giovedì venerdì sabato domenica gio maandag dinsdag woensdag \
    donderdag vrijdag zaterdag zondag ma wo vr za zo måndag tisdag onsdag torsdag fredag lördag söndag mån tis ons tors \
    fre lör sön mandag tirsdag lørdag søndag man tir tor lør søn poniedziałek wtorek środa czwartek piątek sobota \
    niedziela pon wt śr czw pt sob ndz maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai ti ke to pe la \
    su pondělí úterý středa čtvrtek pátek neděle po út st čt pá ne пн вт ср чт пт сб вс понедельник вторник среда четверг \
    пятница суббота воскресенье pazartesi salı çarşamba perşembe cuma cumartesi pazar pzt sal çar per cum cmt paz sen sel \
    rab kam jum luni marți miercuri joi vineri sâmbătă duminică at um uhr à om kl klo o v в г года году de del às a las \
    les alle ore la ora óra pukul um kell le il on am den dne dnia w dniu th st nd rd on giorno el em op";

/// Named zones, minutes east of UTC.
const ZONES: &[(&str, i32)] = &[
    ("gmt", 0),
    ("utc", 0),
    ("z", 0),
    ("wet", 0),
    ("bst", 60),
    ("cet", 60),
    ("mez", 60),
    ("west", 60),
    ("cest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("eest", 180),
    ("msk", 180),
    ("ist", 330),
    ("jst", 540),
    ("kst", 540),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
    ("brt", -180),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Month(u32),
    Filler,
    Am,
    Pm,
    Zone(i32),
    Other,
}

static WORDS: LazyLock<FxHashMap<&'static str, Word>> = LazyLock::new(|| {
    let mut words: FxHashMap<&'static str, Word> =
        FILLERS.split_whitespace().map(|w| (w, Word::Filler)).collect();
    for (number, names) in (1..).zip(MONTHS) {
        for name in names.split_whitespace() {
            words.insert(name, Word::Month(number));
        }
    }
    words.extend(ZONES.iter().map(|(name, minutes)| (*name, Word::Zone(*minutes))));
    let am = ["am", "a.m", "上午", "午前", "오전", "凌晨", "早上"];
    let pm = ["pm", "p.m", "下午", "午後", "오후", "晚上", "中午"];
    words.extend(pm.map(|w| (w, Word::Pm)));
    // "Am" opens German attributions; it counts as a.m. only behind a time.
    words.extend(am.map(|w| (w, Word::Am)));
    words
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number { value: u32, digits: usize },
    Word(Word),
    Sign(char),
}

#[derive(Debug, Clone, Copy)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
    /// White space stands before it.
    spaced: bool,
}

/// Finds the first date in a text. `month_first` decides `01/02/2024` when nothing else does.
pub(super) fn find(text: &str, month_first: bool) -> Option<Found> {
    let mut limit = text.len().min(BYTES_MAX);
    while !text.is_char_boundary(limit) {
        limit -= 1;
    }
    let tokens = tokens(text.get(..limit)?);
    let noon = tokens.iter().any(|t| matches!(t.kind, Kind::Word(Word::Pm)));
    let half = noon
        || tokens.windows(2).any(|w| {
            matches!(w, [Token { kind: Kind::Number { .. }, .. }, Token { kind: Kind::Word(Word::Am), .. }])
        });
    let (day, first, last) = (0..tokens.len()).find_map(|i| date_at(&tokens, i, month_first || half))?;
    let clock = (0..tokens.len()).find_map(|i| clock_at(&tokens, i, first, last));
    let mut epoch = day * 86_400;
    let (mut from, mut to) = (first, last);
    if let Some(clock) = &clock {
        epoch += i64::from(clock.seconds) - i64::from(clock.zone) * 60;
        (from, to) = (from.min(clock.first), to.max(clock.last));
    }
    let filler = |t: &Token| {
        matches!(
            t.kind,
            Kind::Word(Word::Filler | Word::Am | Word::Pm)
                | Kind::Sign(',' | '.' | '(' | ')' | '曜' | '日' | '、')
        )
    };
    // Weekdays and the like around it belong to it.
    while from > 0 && tokens.get(from - 1).is_some_and(filler) {
        from -= 1;
    }
    while tokens.get(to + 1).is_some_and(|t| {
        matches!(t.kind, Kind::Word(Word::Am | Word::Pm | Word::Zone(_))) || matches!(t.kind, Kind::Sign(')'))
    }) {
        to += 1;
    }
    Some(Found { epoch, timed: clock.is_some(), range: tokens.get(from)?.start..tokens.get(to)?.end })
}

fn tokens(text: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut chars = text.char_indices().peekable();
    let mut spaced = true;
    let mut lower = String::new();
    while let Some((start, c)) = chars.next() {
        if out.len() >= TOKENS_MAX {
            break;
        }
        if c.is_whitespace() || c == '\u{202f}' {
            spaced = true;
            continue;
        }
        let mut end = start + c.len_utf8();
        let kind = if let Some(digit) = c.to_digit(10) {
            let (mut value, mut digits) = (digit, 1);
            while let Some((at, d)) = chars.next_if(|(_, d)| d.is_ascii_digit()) {
                value = value.saturating_mul(10).saturating_add(d.to_digit(10).unwrap_or(0));
                (digits, end) = (digits + 1, at + 1);
            }
            Kind::Number { value, digits }
        } else if c.is_alphabetic() && !is_unit(c) {
            lower.clear();
            lower.extend(c.to_lowercase());
            while let Some((at, d)) =
                chars.next_if(|(_, d)| d.is_alphabetic() && !is_unit(*d) && is_cjk(*d) == is_cjk(c))
            {
                lower.extend(d.to_lowercase());
                end = at + d.len_utf8();
            }
            Kind::Word(word(&lower))
        } else {
            Kind::Sign(c)
        };
        out.push(Token { kind, start, end, spaced });
        spaced = false;
    }
    out
}

fn word(lower: &str) -> Word {
    if let Some(word) = WORDS.get(lower) {
        return *word;
    }
    // CJK writes the half of the day without a gap before or after other words.
    let ends = |marks: &[&str]| {
        is_cjk(lower.chars().next().unwrap_or(' ')) && marks.iter().any(|m| lower.ends_with(m))
    };
    if ends(&["上午", "午前", "오전", "凌晨"]) {
        Word::Am
    } else if ends(&["下午", "午後", "오후", "晚上"]) {
        Word::Pm
    } else {
        Word::Other
    }
}

fn is_unit(c: char) -> bool {
    matches!(c, '年' | '月' | '日' | '時' | '时' | '分' | '秒' | '년' | '월' | '일' | '曜')
}

fn is_cjk(c: char) -> bool {
    c as u32 >= 0x2e80
}

fn number(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    match tokens.get(at)?.kind {
        Kind::Number { value, digits } => Some((value, digits)),
        _ => None,
    }
}

fn sign(tokens: &[Token], at: usize) -> Option<char> {
    match tokens.get(at)?.kind {
        Kind::Sign(c) => Some(c),
        _ => None,
    }
}

/// The date that begins at token `at`: its day number and the tokens it takes.
fn date_at(tokens: &[Token], at: usize, month_first: bool) -> Option<(i64, usize, usize)> {
    match tokens.get(at)?.kind {
        Kind::Number { .. } => numeric(tokens, at, month_first).or_else(|| day_first(tokens, at)),
        Kind::Word(Word::Month(month)) => {
            let mut next = at + 1;
            skip(tokens, &mut next, &['.', '-', '/']);
            let (day, digits) = number(tokens, next)?;
            if digits > 2 {
                return None;
            }
            let mut end = next + 1;
            while end < next + 4
                && matches!(tokens.get(end)?.kind, Kind::Sign(',' | '.') | Kind::Word(Word::Filler))
            {
                end += 1;
            }
            Some((days(year(tokens, end)?, month, day)?, at, end))
        }
        _ => None,
    }
}

/// `2024-01-01`, `1.1.2024`, `01/02/24`, `2024年1月1日`, `2024년 1월 1일`, `2024. 1. 1.`.
fn numeric(tokens: &[Token], at: usize, month_first: bool) -> Option<(i64, usize, usize)> {
    let (a, digits) = number(tokens, at)?;
    let separator = sign(tokens, at + 1)?;
    let (b, _) = number(tokens, at + 2)?;
    if !matches!(separator, '-' | '/' | '.' | '年' | '년') {
        return None;
    }
    let second = sign(tokens, at + 3)?;
    if second != separator && !matches!(second, '月' | '월') {
        return None;
    }
    let (c, c_digits) = number(tokens, at + 4)?;
    let mut last = at + 4;
    if matches!(sign(tokens, last + 1), Some('日' | '일')) {
        last += 1;
    }
    if digits == 4 {
        return Some((days(a, b, c)?, at, last));
    }
    if c_digits != 4 && c_digits != 2 {
        return None;
    }
    let year = if c_digits == 2 { c + 2000 } else { c };
    let swap = separator == '/' && a <= 12 && (month_first || b > 12);
    let (day, month) = if swap { (b, a) } else { (a, b) };
    Some((days(year, month, day)?, at, last))
}

/// `1 Jan 2024`, `1. Januar 2024`, `1 de enero de 2024`, `1-Jan-24`.
fn day_first(tokens: &[Token], at: usize) -> Option<(i64, usize, usize)> {
    let (day, digits) = number(tokens, at)?;
    if digits > 2 {
        return None;
    }
    let mut next = at + 1;
    while next < at + 4
        && matches!(tokens.get(next)?.kind, Kind::Sign('.' | '-' | '/') | Kind::Word(Word::Filler))
    {
        next += 1;
    }
    let Kind::Word(Word::Month(month)) = tokens.get(next)?.kind else { return None };
    let mut end = next + 1;
    while end < next + 4
        && matches!(tokens.get(end)?.kind, Kind::Sign('.' | '-' | ',' | '/') | Kind::Word(Word::Filler))
    {
        end += 1;
    }
    Some((days(year(tokens, end)?, month, day)?, at, end))
}

fn skip(tokens: &[Token], at: &mut usize, signs: &[char]) {
    while sign(tokens, *at).is_some_and(|c| signs.contains(&c)) {
        *at += 1;
    }
}

fn year(tokens: &[Token], at: usize) -> Option<u32> {
    // `Jan 1 10:00` has no year.
    if sign(tokens, at + 1) == Some(':') {
        return None;
    }
    match number(tokens, at)? {
        (value, 4) => Some(value),
        (value, 2) => Some(value + 2000),
        _ => None,
    }
}

struct Clock {
    seconds: u32,
    zone: i32,
    first: usize,
    last: usize,
}

/// A time of day at token `at`, near the date that spans `first..=last`.
fn clock_at(tokens: &[Token], at: usize, first: usize, last: usize) -> Option<Clock> {
    if (first..=last).contains(&at) || at > last + 12 || at + 12 < first {
        return None;
    }
    let (mut hour, digits) = number(tokens, at)?;
    let separator = match tokens.get(at + 1)?.kind {
        Kind::Sign(c @ (':' | '：' | '.' | '時' | '时')) => c,
        Kind::Word(Word::Other) if !tokens.get(at + 1)?.spaced => 'h',
        _ => return None,
    };
    let (minute, minute_digits) = number(tokens, at + 2)?;
    if digits > 2 || minute_digits != 2 || hour > 24 || minute > 59 || tokens.get(at + 2)?.spaced {
        return None;
    }
    let mut end = at + 2;
    let mut second = 0;
    if sign(tokens, end + 1) == Some(separator)
        && let Some((value, 2)) = number(tokens, end + 2)
    {
        (second, end) = (value.min(59), end + 2);
    }
    let before = at.checked_sub(1).and_then(|i| tokens.get(i)).map(|t| t.kind);
    let after = tokens.get(end + 1).map(|t| t.kind);
    if matches!(after, Some(Kind::Word(Word::Am | Word::Pm))) {
        end += 1;
    }
    let is = |word| after == Some(Kind::Word(word)) || before == Some(Kind::Word(word));
    if is(Word::Pm) && hour < 12 {
        hour += 12;
    } else if after == Some(Kind::Word(Word::Am)) && hour == 12 {
        hour = 0;
    }
    let (zone, last) = zone_at(tokens, end);
    Some(Clock { seconds: hour * 3600 + minute * 60 + second, zone, first: at, last })
}

/// The zone behind token `end`: minutes east, and its last token.
fn zone_at(tokens: &[Token], end: usize) -> (i32, usize) {
    let mut at = end + 1;
    let mut found = (0, end);
    if sign(tokens, at) == Some('(') {
        at += 1;
    }
    if let Some(Token { kind: Kind::Word(Word::Zone(minutes)), .. }) = tokens.get(at) {
        found = (*minutes, at);
        at += 1;
    }
    let east = match sign(tokens, at) {
        Some('+') => 1,
        Some('-' | '−') => -1,
        _ => return found,
    };
    match (number(tokens, at + 1), sign(tokens, at + 2), number(tokens, at + 3)) {
        (Some((hours, 1 | 2)), Some(':'), Some((minutes, 2))) if hours < 15 => {
            (east * (hours as i32 * 60 + minutes as i32), at + 3)
        }
        (Some((value, 4)), ..) if value < 1500 => {
            (east * (value as i32 / 100 * 60 + value as i32 % 100), at + 1)
        }
        (Some((hours, 1 | 2)), ..) if hours < 15 && found.1 != end => (east * hours as i32 * 60, at + 1),
        _ => found,
    }
}

/// Days since 1970-01-01 of a civil date, if there is such a day.
fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    if !(1970..=2100).contains(&year) {
        return None;
    }
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date =
        time::Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    Some(i64::from(date.to_julian_day()) - 2_440_588)
}

/// Whether a lower-case word is a weekday or a small word that stands in dates.
pub(super) fn is_weekday(lower: &str) -> bool {
    matches!(WORDS.get(lower), Some(Word::Filler))
}
