//! As much CSS as it takes to know what a reader sees: a few properties, simple selectors.

mod color;
mod sheet;
#[cfg(test)]
mod tests;

use memchr::memchr;

pub(crate) use color::{Rgb, color, is_same};
pub(crate) use sheet::{Sheet, only_important};

/// A paint: what a colour property says.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Paint {
    /// An opaque colour.
    Rgb(Rgb),
    /// Nothing is painted.
    Clear,
    /// An image, a gradient, a colour that is not understood.
    #[default]
    Unknown,
}

/// A font size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Size {
    Px(f32),
    /// Times the parent's.
    Em(f32),
}

/// What the declarations of one style say, as far as it matters here. `None` where they say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Style {
    pub(crate) display_none: Option<bool>,
    pub(crate) invisible: Option<bool>,
    pub(crate) see_through: Option<bool>,
    pub(crate) mso_hide: Option<bool>,
    pub(crate) zero_size: Option<bool>,
    pub(crate) clips: Option<bool>,
    pub(crate) off_screen: Option<bool>,
    pub(crate) clipped_away: Option<bool>,
    pub(crate) indented_away: Option<bool>,
    pub(crate) font_size: Option<Size>,
    pub(crate) bold: Option<bool>,
    pub(crate) pre: Option<bool>,
    pub(crate) color: Option<Paint>,
    pub(crate) background: Option<Paint>,
    /// Padding, border or rounded corners: how buttons are drawn.
    pub(crate) boxed: bool,
    /// A thin line above, as Outlook draws it over the header of a quoted message.
    pub(crate) rule_above: bool,
}

impl Style {
    /// What `all: initial` says: every property at its first value.
    fn initial() -> Style {
        let no = Some(false);
        Style {
            display_none: no,
            invisible: no,
            see_through: no,
            zero_size: no,
            clips: no,
            off_screen: no,
            clipped_away: no,
            indented_away: no,
            font_size: Some(Size::Px(16.0)),
            bold: no,
            pre: no,
            color: Some(Paint::Rgb([0, 0, 0])),
            background: Some(Paint::Clear),
            ..Style::default()
        }
    }

    /// Reads `name: value; …`.
    pub(crate) fn parse(text: &str) -> Style {
        let mut style = Style::default();
        if text.contains("/*") {
            style.declare_all(&without_comments(text));
        } else {
            style.declare_all(text);
        }
        style
    }

    /// Lets `other` say more: its declarations win.
    pub(crate) fn add(&mut self, other: &Style) {
        fn over<T: Copy>(mine: &mut Option<T>, other: Option<T>) {
            if other.is_some() {
                *mine = other;
            }
        }
        over(&mut self.display_none, other.display_none);
        over(&mut self.invisible, other.invisible);
        over(&mut self.see_through, other.see_through);
        over(&mut self.mso_hide, other.mso_hide);
        over(&mut self.zero_size, other.zero_size);
        over(&mut self.clips, other.clips);
        over(&mut self.off_screen, other.off_screen);
        over(&mut self.clipped_away, other.clipped_away);
        over(&mut self.indented_away, other.indented_away);
        over(&mut self.font_size, other.font_size);
        over(&mut self.bold, other.bold);
        over(&mut self.pre, other.pre);
        over(&mut self.color, other.color);
        over(&mut self.background, other.background);
        self.boxed |= other.boxed;
        self.rule_above |= other.rule_above;
    }

    /// The element and everything in it is out of sight.
    pub(crate) fn hides(&self) -> bool {
        let yes = |flag: Option<bool>| flag == Some(true);
        yes(self.display_none)
            || yes(self.see_through)
            || yes(self.mso_hide)
            || yes(self.off_screen)
            || yes(self.clipped_away)
            || (yes(self.zero_size) && yes(self.clips))
    }

    fn declare_all(&mut self, text: &str) {
        let mut rest = text;
        loop {
            let end = memchr(b';', rest.as_bytes()).unwrap_or(rest.len());
            let (declaration, tail) = rest.split_at(end);
            if let Some(colon) = memchr(b':', declaration.as_bytes()) {
                let name = declaration.get(..colon).unwrap_or_default().trim_ascii();
                let value = declaration.get(colon + 1..).unwrap_or_default().trim_ascii();
                self.declare(name, value);
            }
            match tail.get(1..) {
                Some(after) if !after.is_empty() => rest = after,
                _ => return,
            }
        }
    }

    fn declare(&mut self, name: &str, value: &str) {
        let Some(first) = name.as_bytes().first() else { return };
        let is = |word: &str| name.eq_ignore_ascii_case(word);
        match first | 0x20 {
            b'a' if is("all") && starts(value, "initial") => *self = Style::initial(),
            b'b' if is("background") || is("background-color") => {
                self.background = Some(color::background(value))
            }
            b'b' if is("background-image") && !starts(value, "none") => {
                self.background = Some(Paint::Unknown)
            }
            b'b' if is("border-radius") => self.boxed = true,
            b'b' if is("border") => self.boxed |= !starts(value, "0") && !starts(value, "none"),
            b'b' if is("border-top") => self.rule_above = starts(value, "solid") || starts(value, "1"),
            b'c' if is("color") => self.color = Some(color(value)),
            b'c' if is("clip") => self.clipped_away = Some(is_empty_rect(value)),
            b'c' if is("clip-path") => {
                self.clipped_away = Some(starts(value, "inset(100%") || starts(value, "circle(0"));
            }
            b'd' if is("display") => self.display_none = Some(starts(value, "none")),
            b'f' if is("font-size") => self.font_size = font_size(value),
            b'f' if is("font-weight") => self.bold = Some(is_bold(value)),
            b'f' if is("font") => self.declare_font(value),
            b'h' if is("height") => self.declare_extent(value),
            b'l' if is("left") => self.declare_place(value),
            b'm' if is("max-height") || is("max-width") => self.declare_extent(value),
            b'm' if is("mso-hide") => self.mso_hide = Some(starts(value, "all")),
            b'm' if is("margin-left") || is("margin-top") => self.declare_place(value),
            b'o' if is("opacity") => self.see_through = length(value).map(|(number, _)| number < 0.06),
            b'o' if is("overflow") => self.clips = Some(starts(value, "hidden") || starts(value, "clip")),
            b'p' if is("padding") => self.boxed |= !starts(value, "0"),
            b't' if is("text-indent") => {
                self.indented_away = length(value).map(|(number, _)| number < -500.0)
            }
            b't' if is("top") => self.declare_place(value),
            b't' if is("transform") => self.clipped_away = Some(starts(value, "scale(0)")),
            b'v' if is("visibility") => {
                self.invisible = Some(starts(value, "hidden") || starts(value, "collapse"));
            }
            b'w' if is("width") => self.declare_extent(value),
            b'w' if is("white-space") => self.pre = Some(starts(value, "pre")),
            _ => {}
        }
    }

    fn declare_extent(&mut self, value: &str) {
        if let Some((number, _)) = length(value) {
            let zero = number < 0.5;
            self.zero_size = Some(zero || self.zero_size == Some(true));
        }
    }

    fn declare_place(&mut self, value: &str) {
        if let Some((number, unit)) = length(value) {
            let far = number <= -500.0 || (number <= -50.0 && matches!(unit, b'e' | b'v' | b'r'));
            self.off_screen = Some(far || self.off_screen == Some(true));
        }
    }

    /// `font: bold 12px/1.5 Arial`.
    fn declare_font(&mut self, value: &str) {
        for word in value.split_ascii_whitespace().take(5) {
            if is_bold(word) {
                self.bold = Some(true);
            } else if word.as_bytes().first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
                let size = word.split('/').next().unwrap_or(word);
                if size.parse::<u16>().is_ok_and(|weight| weight >= 100 && weight % 100 == 0) {
                    continue;
                }
                self.font_size = font_size(size);
                return;
            }
        }
    }
}

/// A number and the first letter of its unit (0 without one).
pub(crate) fn length(value: &str) -> Option<(f32, u8)> {
    let end = value
        .bytes()
        .position(|byte| !(byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+')))
        .unwrap_or(value.len());
    let number: f32 = value.get(..end)?.parse().ok()?;
    let unit = value.as_bytes().get(end).copied().unwrap_or(0).to_ascii_lowercase();
    let unit = if unit.is_ascii_alphabetic() || unit == b'%' { unit } else { 0 };
    Some((number, if starts(value.get(end..).unwrap_or_default(), "pt") { b'P' } else { unit }))
}

fn font_size(value: &str) -> Option<Size> {
    match length(value) {
        Some((number, b'e')) => Some(Size::Em(number)),
        Some((number, b'%')) => Some(Size::Em(number / 100.0)),
        Some((number, b'P')) => Some(Size::Px(number * 4.0 / 3.0)),
        Some((number, b'r' | b'v')) => Some(Size::Px(number * 16.0)),
        Some((number, _)) => Some(Size::Px(number)),
        None if starts(value, "xx-small") => Some(Size::Px(9.0)),
        None if starts(value, "x-small") => Some(Size::Px(10.0)),
        None if starts(value, "small") => Some(Size::Px(13.0)),
        None if starts(value, "medium") => Some(Size::Px(16.0)),
        None if starts(value, "large") => Some(Size::Px(18.0)),
        None if starts(value, "x-large") => Some(Size::Px(24.0)),
        None if starts(value, "xx-large") => Some(Size::Px(32.0)),
        None => None,
    }
}

fn is_bold(value: &str) -> bool {
    starts(value, "bold") || matches!(value.get(..3), Some("600" | "700" | "800" | "900"))
}

/// `rect(0,0,0,0)`, `rect(0 0 0 0)`, also with `px` or `1px`.
fn is_empty_rect(value: &str) -> bool {
    starts(value, "rect(")
        && value
            .get(5..)
            .unwrap_or_default()
            .split([',', ' ', ')'])
            .filter(|part| !part.is_empty())
            .all(|part| length(part).is_some_and(|(number, _)| number <= 1.0))
}

/// Begins with this word, in any case. `!important` and the like may follow.
pub(crate) fn starts(value: &str, word: &str) -> bool {
    value.as_bytes().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// Takes `/* … */` out.
pub(crate) fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}
