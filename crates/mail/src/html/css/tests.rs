//! Colours and declarations.

use super::{Paint, Size, Style, color};

#[test]
fn colours() {
    let table = [
        ("#fff", Paint::Rgb([255, 255, 255])),
        ("#0A1b2C", Paint::Rgb([10, 27, 44])),
        ("ffffff", Paint::Rgb([255, 255, 255])),
        ("White !important", Paint::Rgb([255, 255, 255])),
        ("rgb(1, 2,3)", Paint::Rgb([1, 2, 3])),
        ("rgb(1 2 3 / 0)", Paint::Clear),
        ("rgba(1,2,3,.5)", Paint::Unknown),
        ("transparent", Paint::Clear),
        ("var(--x)", Paint::Unknown),
        ("", Paint::Unknown),
    ];
    for (text, want) in table {
        assert_eq!(color(text), want, "{text}");
    }
}

#[test]
fn declarations() {
    let style = Style::parse("FONT: bold 12pt/1.5 Arial; background: url(x.png) #fff; color : red");
    assert_eq!(style.font_size, Some(Size::Px(16.0)));
    assert_eq!(style.bold, Some(true));
    assert_eq!(style.background, Some(Paint::Unknown));
    assert_eq!(style.color, Some(Paint::Rgb([255, 0, 0])));
    assert!(!style.hides());
}
