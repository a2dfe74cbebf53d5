//! Dates as mail writes them: RFC 5322, its obsolete forms, and what programs made of it.

/// A moment, and the zone it was written in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Date {
    /// Seconds since the epoch, UTC.
    pub seconds: i64,
    /// `+0100`; `None` when no zone is written (then UTC is assumed).
    pub offset: Option<String>,
}

/// What the words of a date gave so far.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: Option<u32>,
    day: Option<u32>,
    time: Option<(u32, u32, u32)>,
    pm: Option<bool>,
    zone: Option<i32>,
    numbers: Vec<i64>,
}

/// Reads a date; comments and junk are passed over. `None` when day, month or year cannot be had.
pub fn parse(text: &str) -> Option<Date> {
    let mut parts = Parts::default();
    let mut depth = 0usize;
    let mut words = 0usize;
    for piece in text.split_inclusive(['(', ')']) {
        let (words_here, bracket) = match piece.as_bytes().last() {
            Some(b'(') => (piece.get(..piece.len() - 1), 1),
            Some(b')') => (piece.get(..piece.len() - 1), -1),
            _ => (Some(piece), 0),
        };
        if depth == 0 {
            for word in
                words_here.unwrap_or_default().split(|c: char| c.is_whitespace() || c == ',' || c == ';')
            {
                words += 1;
                if words > 40 {
                    break;
                }
                parts.word(word);
            }
        }
        depth = if bracket > 0 { depth + 1 } else { depth.saturating_sub(usize::from(bracket < 0)) };
    }
    parts.finish()
}

impl Parts {
    fn word(&mut self, word: &str) {
        let word = word.trim_matches(|c: char| matches!(c, '.' | '"' | '\'' | '<' | '>'));
        let bytes = word.as_bytes();
        let Some(&first) = bytes.first() else { return };
        if self.time.is_some() && self.zone.is_none() && matches!(first, b'+' | b'-') {
            self.zone = offset(word);
            return;
        }
        if word.contains(':') {
            self.iso_or_time(word);
        } else if first.is_ascii_digit() {
            self.number(word);
        } else if let Some(month) = month(word) {
            self.month.get_or_insert(month);
        } else if matches!(word, "AM" | "PM" | "am" | "pm" | "a.m" | "p.m") {
            self.pm = Some(matches!(first, b'P' | b'p'));
        } else if self.time.is_some() && self.zone.is_none() {
            self.zone = named_zone(word);
        }
    }

    /// `12:30[:59][.123]`, with a zone or `AM` glued to it, or `2021-11-08T12:30:59Z`.
    fn iso_or_time(&mut self, word: &str) {
        let mut word = word;
        if let Some((date, time)) = word.split_once(['T', 't'])
            && date.len() >= 8
            && date.starts_with(|c: char| c.is_ascii_digit())
        {
            self.number(date);
            word = time;
        }
        let end = word.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.'))).unwrap_or(word.len());
        let (clock, rest) = word.split_at_checked(end).unwrap_or((word, ""));
        let mut fields = clock.split(':').map(|f| f.split('.').next().unwrap_or(f).parse::<u32>().ok());
        let (Some(Some(h)), Some(Some(m))) = (fields.next(), fields.next()) else { return };
        let s = fields.next().flatten().unwrap_or(0);
        if h < 25 && m < 60 && s < 62 && self.time.is_none() {
            self.time = Some((h, m, s));
        }
        if !rest.is_empty() {
            match rest.to_ascii_lowercase().as_str() {
                "am" | "pm" => self.pm = Some(rest.starts_with(['p', 'P'])),
                _ if rest.starts_with(['+', '-']) => self.zone = offset(rest),
                _ => self.zone = named_zone(rest),
            }
        }
    }

    /// A number, or numbers joined by `-`, `/` or `.` with perhaps a month's name among them.
    fn number(&mut self, word: &str) {
        let pieces: Vec<&str> = word.split(['-', '/', '.']).take(4).collect();
        if self.month.is_some()
            && self.year.is_some()
            && pieces.iter().all(|p| p.len() == 2)
            && word.contains('.')
        {
            // `10.52.37`: a clock written with dots.
            return self.iso_or_time(&word.replace('.', ":"));
        }
        if let [year, m, d] = pieces.as_slice()
            && year.len() == 4
            && let (Ok(y), Ok(m), Ok(d)) = (year.parse(), m.parse(), d.parse())
        {
            (self.year, self.month, self.day) = (Some(y), Some(m), Some(d));
            return;
        }
        let dotted = word.contains('.');
        if let [a, b, y] = pieces.as_slice()
            && let (Ok(a), Ok(b), Ok(y)) = (a.parse::<u32>(), b.parse::<u32>(), y.parse::<i64>())
        {
            let day_first = dotted || a > 12 || word.contains('-');
            let (day, month) = if day_first { (a, b) } else { (b, a) };
            (self.year, self.month, self.day) =
                (Some(full_year(y, y_len(pieces.get(2)))), Some(month), Some(day));
            return;
        }
        for piece in pieces {
            let digits = piece.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            if let Ok(n) = digits.parse::<i64>() {
                let long = digits.len() >= 3;
                if long && self.year.is_none() {
                    self.year = Some(full_year(n, digits.len()));
                } else if !long && self.numbers.len() < 4 {
                    self.numbers.push(n);
                }
            } else if let Some(m) = month(piece) {
                self.month.get_or_insert(m);
            }
        }
    }

    fn finish(mut self) -> Option<Date> {
        let mut numbers = std::mem::take(&mut self.numbers).into_iter();
        let day = match self.day {
            Some(day) => day,
            None => u32::try_from(numbers.next()?).ok()?,
        };
        let year = match self.year {
            Some(year) => year,
            None => full_year(numbers.next()?, 2),
        };
        let month = self.month?;
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1900..=9999).contains(&year) {
            return None;
        }
        let (mut h, m, s) = self.time.unwrap_or_default();
        match self.pm {
            Some(true) if h < 12 => h += 12,
            Some(false) if h == 12 => h = 0,
            _ => {}
        }
        let local = days(year, month, day) * 86_400 + i64::from(h * 3_600 + m * 60 + s);
        let seconds = local - i64::from(self.zone.unwrap_or(0)) * 60;
        let offset = self
            .zone
            .map(|z| format!("{}{:02}{:02}", if z < 0 { '-' } else { '+' }, z.abs() / 60, z.abs() % 60));
        Some(Date { seconds, offset })
    }
}

fn y_len(piece: Option<&&str>) -> usize {
    piece.map_or(4, |p| p.len())
}

/// RFC 5322 §4.3: two digits below 50 are 20xx, other short years count from 1900.
fn full_year(year: i64, digits: usize) -> i64 {
    match (digits, year) {
        (..=2, ..50) => 2000 + year,
        // Programs of 2002 wrote `102`, and `0102`.
        (..=3, _) | (4, ..200) => 1900 + year,
        _ => year,
    }
}

/// Days since the epoch of a proleptic Gregorian date.
fn days(year: i64, month: u32, day: u32) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let month = i64::from(month);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// English month names, short or long.
fn month(word: &str) -> Option<u32> {
    const NAMES: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let head = word.get(..3)?.to_ascii_lowercase();
    let at = NAMES.iter().position(|name| *name == head)?;
    word.bytes().all(|b| b.is_ascii_alphabetic()).then(|| u32::try_from(at).unwrap_or(0) + 1)
}

/// `+0100`, `+01:00`, `+1` in minutes.
fn offset(word: &str) -> Option<i32> {
    let sign = if word.starts_with('-') { -1 } else { 1 };
    let digits: String = word.chars().filter(char::is_ascii_digit).take(6).collect();
    let n: i32 = digits.parse().ok()?;
    let minutes = match digits.len() {
        1 | 2 => n * 60,
        3 | 4 => n / 100 * 60 + n % 100,
        _ => return None,
    };
    (minutes < 24 * 60).then_some(sign * minutes)
}

/// Zone names of RFC 5322 §4.3 and of common programs, in minutes; with an offset behind it (`GMT+0200`), that.
fn named_zone(word: &str) -> Option<i32> {
    let end = word.find(['+', '-']).unwrap_or(word.len());
    let (name, rest) = word.split_at_checked(end)?;
    if !rest.is_empty() && matches!(name.to_ascii_uppercase().as_str(), "GMT" | "UTC" | "UT" | "Z") {
        return offset(rest);
    }
    Some(match name.to_ascii_uppercase().as_str() {
        "GMT" | "UT" | "UTC" | "Z" | "WET" => 0,
        "BST" | "CET" | "MEZ" | "WEST" | "MET" => 60,
        "CEST" | "MESZ" | "EET" | "SAST" | "MEST" => 120,
        "EEST" | "MSK" => 180,
        "IST" => 330,
        "HKT" | "SGT" | "AWST" => 480,
        "JST" | "KST" => 540,
        "AEST" => 600,
        "AEDT" => 660,
        "NZST" => 720,
        "NZDT" => 780,
        "EST" => -300,
        "EDT" => -240,
        "CST" => -360,
        "CDT" => -300,
        "MST" => -420,
        "MDT" => -360,
        "PST" => -480,
        "PDT" => -420,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, seconds: i64, offset: Option<&str>) {
        let date = parse(text).unwrap_or_default();
        assert_eq!((date.seconds, date.offset.as_deref()), (seconds, offset), "{text}");
    }

    #[test]
    fn dates_of_the_standard() {
        check("Thu, 01 Jan 1970 00:00:00 +0000", 0, Some("+0000"));
        check("Tue, 1 Jul 2003 10:52:37 +0200", 1_057_049_557, Some("+0200"));
        check("Tue, 1 Jul 2003 10:52:37 -0330 (NDT)", 1_057_069_357, Some("-0330"));
        check("29 Feb 2000 12:00 GMT", 951_825_600, Some("+0000"));
    }

    #[test]
    fn dates_that_programs_wrote() {
        check("Tue Jul  1 10:52:37 2003", 1_057_056_757, None);
        check("Tue, 01 Jul 03 10:52:37 EST", 1_057_074_757, Some("-0500"));
        check("01-Jul-2003 10:52:37 +0000", 1_057_056_757, Some("+0000"));
        check("2003-07-01T10:52:37Z", 1_057_056_757, Some("+0000"));
        check("2003-07-01 10:52:37+02:00", 1_057_049_557, Some("+0200"));
        check("7/1/2003 10:52:37 PM", 1_057_099_957, None);
        check("Tue, 1 Jul 2003 10:52:37 GMT+0200", 1_057_049_557, Some("+0200"));
        check("Tue, 1 Jul 2003 10:52:37 UT", 1_057_056_757, Some("+0000"));
        check("1 July 103 10:52:37 +0000", 1_057_056_757, Some("+0000"));
        check("Tue,1 Jul 2003 10.52.37 +0000", 1_057_056_757, Some("+0000"));
        check("Tue, 1 Jul 0103 10:52:37 +0000", 1_057_056_757, Some("+0000"));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "yesterday", "32 Jul 2003", "1 Foo 2003", "((((", "99999999999999999999 Jan 1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
