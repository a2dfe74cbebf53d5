//! How text looks in an element: what it inherits, what it changes.

use super::Attrs;
use crate::html::css::{Paint, Rgb, Size, Style, color, is_same};
use crate::html::tag::Tag;

/// Text smaller than this cannot be read.
const FONT_PX_MIN: f32 = 1.9;

/// The inherited look of text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// The element or one that it lies in is taken off the page.
    pub(crate) gone: bool,
    /// Its text is no part of the page at all (`<title>`).
    pub(crate) unrendered: bool,
    /// `visibility`, which children may change.
    invisible: bool,
    /// Moved out of its box by `text-indent`, which children may change.
    indented_away: bool,
    pub(crate) font_px: f32,
    pub(crate) bold: bool,
    pub(crate) pre: bool,
    pub(crate) heading: u8,
    /// `None` when it cannot be known.
    color: Option<Rgb>,
    transparent: bool,
    pub(crate) background: Option<Rgb>,
}

impl Default for Look {
    fn default() -> Self {
        Look {
            gone: false,
            unrendered: false,
            invisible: false,
            indented_away: false,
            font_px: 16.0,
            bold: false,
            pre: false,
            heading: 0,
            color: Some([0, 0, 0]),
            transparent: false,
            background: Some([255, 255, 255]),
        }
    }
}

impl Look {
    /// A reader cannot see text here.
    pub(crate) fn is_hidden(&self) -> bool {
        self.gone
            || self.unrendered
            || self.invisible
            || self.indented_away
            || self.transparent
            || self.font_px < FONT_PX_MIN
            || self.color.zip(self.background).is_some_and(|(text, ground)| is_same(text, ground))
    }

    /// The look in a child element.
    pub(crate) fn of_child(&self, tag: Tag, attrs: &Attrs<'_>, style: Option<&Style>) -> Look {
        let mut look = *self;
        look.by_tag(tag, attrs);
        look.gone |= attrs.hidden;
        if let Some(value) = attrs.bgcolor {
            look.set_background(color(value));
        }
        if attrs.background.is_some_and(|image| !image.is_empty()) {
            look.background = None;
        }
        if let Some(style) = style {
            look.by_style(style, self.font_px);
        }
        look
    }

    fn by_tag(&mut self, tag: Tag, attrs: &Attrs<'_>) {
        self.unrendered |= tag.is_unrendered();
        match tag {
            Tag::Heading(level) => {
                self.heading = level;
                self.bold = true;
                let sizes = [32.0, 24.0, 18.7, 16.0, 13.3, 10.7];
                self.font_px = sizes.get(usize::from(level) - 1).copied().unwrap_or(16.0);
            }
            Tag::B => self.bold = true,
            Tag::Small => self.font_px *= 0.83,
            Tag::Pre => self.pre = true,
            Tag::A if attrs.href.is_some() => self.set_color(Paint::Rgb([0, 0, 238])),
            Tag::Body => {
                if let Some(value) = attrs.text {
                    self.set_color(color(value));
                }
            }
            Tag::Font => {
                if let Some(value) = attrs.color {
                    self.set_color(color(value));
                }
                let size = attrs.size.and_then(|size| size.trim().parse::<i8>().ok().map(|n| (n, size)));
                if let Some((number, written)) = size {
                    let relative = written.trim().starts_with(['+', '-']);
                    let step = if relative { 3 + number.clamp(-7, 7) } else { number };
                    let sizes = [10.0, 13.0, 16.0, 18.0, 24.0, 32.0, 48.0];
                    self.font_px = sizes.get((step.clamp(1, 7) - 1) as usize).copied().unwrap_or(16.0);
                }
            }
            Tag::Cell | Tag::Table | Tag::Div => {
                // HTML of 1997: a cell of no width.
                self.gone |= tag == Tag::Div && attrs.height == Some("0") && attrs.width == Some("0");
            }
            _ => {}
        }
    }

    fn by_style(&mut self, style: &Style, parent_font_px: f32) {
        self.gone |= style.hides();
        self.invisible = style.invisible.unwrap_or(self.invisible);
        self.indented_away = style.indented_away.unwrap_or(self.indented_away);
        self.bold = style.bold.unwrap_or(self.bold);
        self.pre = style.pre.unwrap_or(self.pre);
        match style.font_size {
            Some(Size::Px(size)) => self.font_px = size,
            Some(Size::Em(times)) => self.font_px = parent_font_px * times,
            None => {}
        }
        if let Some(paint) = style.color {
            self.set_color(paint);
        }
        if let Some(paint) = style.background {
            self.set_background(paint);
        }
    }

    fn set_color(&mut self, paint: Paint) {
        (self.color, self.transparent) = match paint {
            Paint::Rgb(rgb) => (Some(rgb), false),
            Paint::Clear => (None, true),
            Paint::Unknown => (None, false),
        };
    }

    fn set_background(&mut self, paint: Paint) {
        match paint {
            Paint::Rgb(rgb) => self.background = Some(rgb),
            Paint::Clear => {}
            Paint::Unknown => self.background = None,
        }
    }
}
