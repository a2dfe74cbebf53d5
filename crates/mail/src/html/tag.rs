//! Element names that mean something to a reader of mail, as one byte.

/// What an element is to the walk. Everything else is [`Tag::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tag {
    #[default]
    Other,
    A,
    Area,
    B,
    Base,
    Block,
    Blockquote,
    Body,
    Br,
    Button,
    Cell,
    Div,
    Font,
    Form,
    Frame,
    Head,
    Heading(u8),
    Hr,
    Img,
    Input,
    Link,
    Meta,
    NotShown,
    Paragraph,
    Pre,
    Row,
    Script,
    Small,
    Style,
    Table,
    TextField,
    Title,
    Vml,
}

impl Tag {
    pub(crate) fn of(name: &str) -> Tag {
        match name {
            "a" => Tag::A,
            "area" => Tag::Area,
            "b" | "strong" => Tag::B,
            "base" => Tag::Base,
            "blockquote" => Tag::Blockquote,
            "body" => Tag::Body,
            "br" => Tag::Br,
            "button" => Tag::Button,
            "td" | "th" => Tag::Cell,
            "div" => Tag::Div,
            "font" => Tag::Font,
            "form" => Tag::Form,
            "iframe" | "frame" | "object" | "embed" => Tag::Frame,
            "head" => Tag::Head,
            "h1" => Tag::Heading(1),
            "h2" => Tag::Heading(2),
            "h3" => Tag::Heading(3),
            "h4" => Tag::Heading(4),
            "h5" => Tag::Heading(5),
            "h6" => Tag::Heading(6),
            "hr" => Tag::Hr,
            "img" | "image" => Tag::Img,
            "input" => Tag::Input,
            "link" => Tag::Link,
            "meta" => Tag::Meta,
            "noframes" | "noembed" | "datalist" | "template" | "rp" => Tag::NotShown,
            "p" | "ul" | "ol" | "dl" => Tag::Paragraph,
            "pre" | "xmp" | "listing" | "plaintext" => Tag::Pre,
            "tr" => Tag::Row,
            "script" => Tag::Script,
            "small" | "sup" | "sub" => Tag::Small,
            "style" => Tag::Style,
            "table" => Tag::Table,
            "textarea" => Tag::TextField,
            "title" => Tag::Title,
            "address" | "article" | "aside" | "caption" | "center" | "dd" | "details" | "dir" | "dt"
            | "fieldset" | "figcaption" | "figure" | "footer" | "header" | "hgroup" | "html" | "legend"
            | "li" | "main" | "menu" | "nav" | "option" | "section" | "select" | "summary" | "tbody"
            | "tfoot" | "thead" => Tag::Block,
            _ if name.starts_with("v:") => Tag::Vml,
            _ => Tag::Other,
        }
    }

    /// How many line ends stand before and after it: 0 inline, 1 a new line, 2 a paragraph.
    pub(crate) fn line_ends(self) -> u8 {
        match self {
            Tag::Block | Tag::Body | Tag::Div | Tag::Form | Tag::Hr | Tag::Row | Tag::Table | Tag::Title => 1,
            Tag::Blockquote | Tag::Heading(_) | Tag::Paragraph | Tag::Pre => 2,
            _ => 0,
        }
    }

    /// Its text is never on the page.
    pub(crate) fn is_unrendered(self) -> bool {
        matches!(self, Tag::Head | Tag::NotShown | Tag::Script | Tag::Style | Tag::Title | Tag::Frame)
    }
}
