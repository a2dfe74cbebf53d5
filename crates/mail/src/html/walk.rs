//! The one walk over the tree: what is visible, what is hidden, links, images, lines, quote containers.

mod finish;
mod look;
mod quote;

use html5ever::LocalName;

use super::css::{self, Sheet, Style};
use super::links;
use super::tag::Tag;
use super::text::TextOut;
use super::tree::{Attr, Data, NONE, NodeId, Range, Tree};
use super::{Html, Image, Line, Quote};
use crate::limits::{IMAGES_MAX, LINES_MAX, LINKS_MAX};
use crate::{Link, Url};
use look::Look;

/// Attributes that the walk reads, collected in one pass.
#[derive(Default, Clone, Copy)]
pub(crate) struct Attrs<'a> {
    pub(crate) style: Option<&'a str>,
    pub(crate) class: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) href: Option<&'a str>,
    pub(crate) src: Option<&'a str>,
    pub(crate) alt: Option<&'a str>,
    pub(crate) color: Option<&'a str>,
    pub(crate) bgcolor: Option<&'a str>,
    pub(crate) background: Option<&'a str>,
    pub(crate) width: Option<&'a str>,
    pub(crate) height: Option<&'a str>,
    pub(crate) size: Option<&'a str>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) action: Option<&'a str>,
    pub(crate) content: Option<&'a str>,
    pub(crate) http_equiv: Option<&'a str>,
    pub(crate) text: Option<&'a str>,
    pub(crate) hidden: bool,
    pub(crate) handler: bool,
}

impl<'a> Attrs<'a> {
    fn read(attrs: &'a [Attr], text: &'a str) -> Self {
        let mut out = Attrs::default();
        for attr in attrs {
            let slot = match &*attr.name {
                "style" => &mut out.style,
                "class" => &mut out.class,
                "id" => &mut out.id,
                "href" => &mut out.href,
                "src" => &mut out.src,
                "alt" => &mut out.alt,
                "color" => &mut out.color,
                "bgcolor" => &mut out.bgcolor,
                "background" => &mut out.background,
                "width" => &mut out.width,
                "height" => &mut out.height,
                "size" => &mut out.size,
                "type" => &mut out.kind,
                "action" => &mut out.action,
                "content" => &mut out.content,
                "http-equiv" => &mut out.http_equiv,
                "text" => &mut out.text,
                "hidden" => {
                    out.hidden = true;
                    continue;
                }
                name => {
                    out.handler |= name.starts_with("on") && name.len() > 4;
                    continue;
                }
            };
            *slot = Some(attr.value.of(text));
        }
        out
    }
}

/// An open element.
struct Frame {
    node: u32,
    tag: Tag,
    look: Look,
    /// Index into the links, when it is a link's element.
    link: Option<usize>,
    /// Index into the quotes, when it is a quote container.
    quote: Option<usize>,
    /// Where its text begins in the three texts.
    shown: u32,
    hidden: u32,
    inner: u32,
    /// It has a colour of its own behind it, as buttons have.
    filled: bool,
}

/// The line that is being written.
#[derive(Default)]
struct OpenLine {
    line: Option<Line>,
}

/// State of the walk.
struct Walk<'t> {
    tree: &'t Tree,
    sheet: Sheet,
    frames: Vec<Frame>,
    shown: TextOut,
    hidden: TextOut,
    html: Html,
    /// Visible anchors, as ranges of the display text.
    anchors: Vec<(u32, u32)>,
    /// Depth of links that are open.
    open_links: u32,
    line: OpenLine,
    ranges: Vec<(Range, Range)>,
}

/// Walks a tree and gives everything that is known of it.
pub(crate) fn walk(tree: Tree) -> Html {
    let mut walk = Walk {
        tree: &tree,
        sheet: sheet_of(&tree),
        frames: Vec::with_capacity(64),
        shown: TextOut::default(),
        hidden: TextOut::default(),
        html: Html::default(),
        anchors: Vec::new(),
        open_links: 0,
        line: OpenLine::default(),
        ranges: vec![(Range::default(), Range::default()); tree.nodes.len()],
    };
    walk.shown.text.reserve(tree.text.len() / 4);
    walk.html.inner_text.reserve(tree.text.len() / 3);
    walk.run();
    let (mut html, ranges) = walk.finish();
    html.tree = tree;
    for (node, (shown, inner)) in html.tree.nodes.iter_mut().zip(ranges) {
        (node.shown, node.inner) = (shown, inner);
    }
    html
}

fn sheet_of(tree: &Tree) -> Sheet {
    let mut sheet = Sheet::default();
    for node in &tree.nodes {
        if let Data::Element { tag: Tag::Style, .. } = node.data {
            let mut child = node.first_child;
            while let Some(text) = tree.get(child) {
                if let Data::Text(range) = text.data {
                    sheet.add(range.of(&tree.text));
                }
                child = text.next;
            }
        }
    }
    sheet
}

impl<'t> Walk<'t> {
    fn run(&mut self) {
        let tree = self.tree;
        let mut id = 0;
        loop {
            let Some(node) = tree.get(id) else { return };
            let entered = match &node.data {
                Data::Document => true,
                Data::Element { name, tag, .. } => {
                    self.enter(id, name, *tag, Attrs::read(tree.attrs_of(&node.data), &tree.text));
                    true
                }
                Data::Text(range) => {
                    self.text(id, range.of(&tree.text));
                    false
                }
                Data::Comment(range) => {
                    self.comment(range.of(&tree.text));
                    false
                }
            };
            if entered && node.first_child != NONE {
                id = node.first_child;
                continue;
            }
            if !self.climb(&mut id) {
                return;
            }
        }
    }

    /// Leaves what has ended and goes to the next node; false at the end of the tree.
    fn climb(&mut self, id: &mut u32) -> bool {
        loop {
            if self.frames.last().is_some_and(|frame| frame.node == *id)
                && let Some(frame) = self.frames.pop()
            {
                self.leave(frame);
            }
            let Some(node) = self.tree.get(*id) else { return false };
            if node.next != NONE {
                *id = node.next;
                return true;
            }
            if node.parent == NONE {
                return false;
            }
            *id = node.parent;
        }
    }

    fn enter(&mut self, id: u32, name: &LocalName, tag: Tag, attrs: Attrs<'t>) {
        let parent = self.frames.last().map_or_else(Look::default, |frame| frame.look);
        let own = attrs.style.map(Style::parse);
        let sheet = self.sheet.of(name, attrs.class, attrs.id);
        let style = match (own, sheet) {
            (own, None) => own,
            (own, Some((mut plain, important))) => {
                if let Some(own) = own {
                    plain.add(&own);
                }
                plain.add(&important);
                // The element's own `!important` is stronger than that of any sheet.
                if let Some(text) = attrs.style.filter(|text| text.contains('!')) {
                    plain.add(&Style::parse(&css::only_important(text)));
                }
                Some(plain)
            }
        };
        let look = parent.of_child(tag, &attrs, style.as_ref());
        self.html.scripts += u32::from(attrs.handler);
        self.separate(tag, true);
        let mut frame = Frame {
            node: id,
            tag,
            look,
            link: None,
            quote: None,
            shown: self.shown.len(),
            hidden: self.hidden.len(),
            inner: self.html.inner_text.len() as u32,
            filled: look.background != parent.background && look.background.is_some(),
        };
        let boxed = style.is_some_and(|style| style.boxed);
        self.meet(&mut frame, &attrs, boxed);
        frame.quote = self.quote(id, tag, &attrs, style.as_ref(), frame.shown);
        self.frames.push(frame);
    }

    /// Line ends and spaces around an element.
    fn separate(&mut self, tag: Tag, opens: bool) {
        let ends = tag.line_ends();
        if ends > 0 {
            self.shown.block(ends);
            self.hidden.block(1);
            if !self.html.inner_text.ends_with(['\n', ' ']) && !self.html.inner_text.is_empty() {
                self.html.inner_text.push('\n');
            }
        } else if tag == Tag::Cell {
            self.shown.space();
            self.hidden.space();
            if !self.html.inner_text.ends_with(['\n', ' ']) && !self.html.inner_text.is_empty() {
                self.html.inner_text.push(' ');
            }
        } else if tag == Tag::Br && opens {
            self.shown.line_end();
            self.hidden.space();
            self.html.inner_text.push('\n');
        }
    }

    /// What the element is apart from its text.
    fn meet(&mut self, frame: &mut Frame, attrs: &Attrs<'t>, boxed: bool) {
        match frame.tag {
            Tag::A | Tag::Area | Tag::Vml => {
                if let Some(href) = attrs.href {
                    self.open_link(frame, href, boxed);
                }
            }
            Tag::Form => {
                self.html.forms += 1;
                if let Some(action) = attrs.action {
                    self.open_link(frame, action, false);
                }
            }
            Tag::Img => self.image(frame, attrs),
            Tag::Input | Tag::TextField => {
                let kind = attrs.kind.unwrap_or_default();
                let is = |word: &str| kind.eq_ignore_ascii_case(word);
                let filled_in = !(is("hidden") || is("submit") || is("button") || is("image") || is("reset"));
                self.html.inputs += u32::from(filled_in);
                self.html.password_inputs += u32::from(is("password"));
            }
            Tag::Script => self.html.scripts += 1,
            Tag::Frame => self.html.frames += 1,
            Tag::Base if self.html.base.is_none() => {
                self.html.base =
                    attrs.href.map(|href| href.trim().to_owned()).filter(|href| !href.is_empty());
            }
            Tag::Meta if attrs.http_equiv.is_some_and(|name| name.eq_ignore_ascii_case("refresh")) => {
                self.html.refresh = attrs.content.and_then(refresh_target);
            }
            _ => {}
        }
    }

    fn open_link(&mut self, frame: &mut Frame, href: &str, boxed: bool) {
        if self.html.links.len() >= LINKS_MAX {
            self.html.over_limit = true;
            return;
        }
        let Some(href_url) = links::target(href, self.html.base.as_deref()) else { return };
        frame.link = Some(self.html.links.len());
        self.open_links += 1;
        self.html.links.push(Link {
            href_url,
            parser: "hyperlink".to_owned(),
            visible: !frame.look.is_hidden() && frame.tag != Tag::A,
            prominent: frame.tag == Tag::Vml || (boxed && frame.filled),
            text_offset: Some(frame.shown),
            node: Some(NodeId(frame.node)),
            ..Link::default()
        });
    }

    fn image(&mut self, frame: &Frame, attrs: &Attrs<'t>) {
        let Some(src) = attrs.src else { return };
        let pixels = |value: Option<&str>| {
            value.and_then(super::css::length).map(|(number, _)| number.max(0.0) as u32)
        };
        let (width, height) = (pixels(attrs.width), pixels(attrs.height));
        let visible = !frame.look.is_hidden() && width.is_none_or(|w| w > 2) && height.is_none_or(|h| h > 2);
        let link = self.frames.iter().rev().find_map(|frame| frame.link.filter(|_| frame.tag != Tag::Form));
        if let Some(link) = link.and_then(|index| self.html.links.get_mut(index)) {
            link.visible |= visible;
            if link.image_src.is_none() {
                link.image_src = Some(crate::domain::cut(src, crate::limits::URL_BYTES_MAX).to_owned());
                link.image_alt = attrs.alt.map(str::to_owned);
                let small = width.is_some_and(|w| w < 80) || height.is_some_and(|h| h < 20);
                link.prominent |= visible && !small;
            }
        }
        if self.html.images.len() < IMAGES_MAX {
            self.html.images.push(Image {
                src: crate::domain::cut(src, crate::limits::URL_BYTES_MAX).to_owned(),
                alt: attrs.alt.map(str::to_owned),
                width,
                height,
                visible,
                linked: link.is_some(),
                text_offset: self.shown.len(),
                node: NodeId(frame.node),
            });
        }
    }

    fn text(&mut self, id: u32, text: &'t str) {
        let look = self.frames.last().map_or_else(Look::default, |frame| frame.look);
        if self.frames.last().is_some_and(|frame| matches!(frame.tag, Tag::Script | Tag::Style)) {
            return;
        }
        let inner = self.html.inner_text.len() as u32;
        self.html.inner_text.push_str(text);
        let start = self.shown.len();
        if look.unrendered {
            if self.html.title.is_none() && self.frames.last().is_some_and(|frame| frame.tag == Tag::Title) {
                self.html.title = Some(super::text::fold(text));
            }
        } else if look.is_hidden() {
            self.hidden.push(text, false);
        } else {
            let new_line = self.shown.at_line_start();
            if let Some(first) = self.shown.push(text, look.pre) {
                self.html.runs.push((first, NodeId(id)));
                self.add_to_line(first, new_line, &look);
            }
        }
        if let Some(range) = self.ranges.get_mut(id as usize) {
            *range = (
                Range { start, end: self.shown.len() },
                Range { start: inner, end: self.html.inner_text.len() as u32 },
            );
        }
    }

    fn add_to_line(&mut self, first: u32, new_line: bool, look: &Look) {
        if new_line {
            self.end_line();
        }
        let end = self.shown.len();
        let line =
            self.line.line.get_or_insert(Line { start: first, end, font_px: 0.0, bold: false, heading: 0 });
        line.end = end;
        line.font_px = line.font_px.max(look.font_px);
        line.bold |= look.bold;
        line.heading = line.heading.max(look.heading);
    }

    fn end_line(&mut self) {
        if let Some(line) = self.line.line.take()
            && self.html.lines.len() < LINES_MAX
            && (self.html.lines.len() < 12 || line.heading > 0)
        {
            self.html.lines.push(line);
        }
    }

    fn comment(&mut self, text: &'t str) {
        if !super::css::starts(text, "[if ") {
            return;
        }
        self.html.conditional_comments += 1;
        self.vml_link(text);
    }

    fn leave(&mut self, frame: Frame) {
        let shown = self.shown.len();
        if let Some(range) = self.ranges.get_mut(frame.node as usize) {
            *range = (
                Range { start: frame.shown, end: shown },
                Range { start: frame.inner, end: self.html.inner_text.len() as u32 },
            );
        }
        if let Some(index) = frame.link {
            self.open_links -= 1;
            self.close_link(&frame, index, shown);
        }
        if let Some(quote) = frame.quote.and_then(|index| self.html.quotes.get_mut(index)) {
            quote.end = shown;
        }
        self.separate(frame.tag, false);
    }

    fn close_link(&mut self, frame: &Frame, index: usize, shown: u32) {
        if frame.tag == Tag::Form {
            return;
        }
        let seen = Range { start: frame.shown, end: shown }.of(&self.shown.text);
        let text = match seen.trim().is_empty() {
            false => seen,
            true => Range { start: frame.hidden, end: self.hidden.len() }.of(&self.hidden.text),
        };
        let Some(link) = self.html.links.get_mut(index) else { return };
        let lead = seen.len() - seen.trim_start().len();
        if !seen.trim().is_empty() {
            link.visible = true;
            link.text_offset = Some(frame.shown + lead as u32);
            self.anchors.push((frame.shown, shown));
        }
        links::set_display(link, &one_line(text));
        // A cell, button or box with a colour of its own that holds nothing but this link.
        if !link.prominent && link.visible && seen.trim().len() <= 80 {
            link.prominent = frame.filled
                || self.frames.iter().rev().take(4).any(|outer| {
                    outer.tag == Tag::Button
                        || (outer.filled && outer.shown == frame.shown && outer.tag != Tag::Body)
                });
        }
    }
}

/// `0; url=https://…`.
fn refresh_target(content: &str) -> Option<Url> {
    let (_, target) = content.split_once([';', ','])?;
    let target = target.trim();
    let target = match target.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => {
            target.get(3..).unwrap_or_default().trim_start().trim_start_matches('=')
        }
        _ => target,
    };
    Some(Url::parse(target.trim().trim_matches(['\'', '"'])))
}

fn one_line(text: &str) -> std::borrow::Cow<'_, str> {
    let text = text.trim();
    match text.contains('\n') {
        true => text.split_whitespace().collect::<Vec<_>>().join(" ").into(),
        false => text.into(),
    }
}

/// The quote that an element begins, if any, is added by [`quote`]; the rest of the state by [`finish`].
impl Walk<'_> {
    fn push_quote(&mut self, quote: Quote) -> Option<usize> {
        (self.html.quotes.len() < crate::limits::QUOTES_MAX).then(|| {
            self.html.quotes.push(quote);
            self.html.quotes.len() - 1
        })
    }
}
