//! Pages, scripts, calendars, texts and pictures.

use std::io::Cursor;

use crate::{Case, SIZE, case, filled, noise, words};

pub fn cases() -> Vec<Case> {
    let page = |unit: &'static str| move || filled("<html><body>", unit, "</body></html>", SIZE);
    let script = |unit: &'static str| move || filled("", unit, "", SIZE);
    vec![
        case("links.html", "links", page("<p>Dear # <a href='https://a#.example/x?y=#'>sign in</a></p>")),
        case("deep.html", "elements in elements", page("<div><b><table>")),
        case("forms.html", "forms", page("<form action='https://a#.example'><input type=password name=p#>")),
        case(
            "scripts.html",
            "many scripts",
            page(
                "<script>var a#=unescape('%41%42')+atob('aHR0cHM6Ly9hLmV4YW1wbGU=');document.write(a#)</script>",
            ),
        ),
        case("styles.html", "style rules", || {
            filled("<style>", ".c#{display:none;background:url(https://a#.example)}", "</style>", SIZE)
        }),
        case("entities.html", "entities", page("&amp;&#x41;&zwnj;")),
        case("comments.html", "comments", page("<!-- # --><!")),
        case("data.html", "one data URI", || {
            [
                b"<html><a href='data:application/zip;base64,".to_vec(),
                vec![b'A'; SIZE],
                b"'>x</a></html>".to_vec(),
            ]
            .concat()
        }),
        case(
            "pieces.html",
            "many data URIs",
            page("<img src='data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'>"),
        ),
        case("smuggle.html", "a file in a script", || {
            let text = "QUJD".repeat(SIZE / 4);
            format!("<html><script>var b=atob('{text}');var a=new Uint8Array(b.length);for(var i=0;i<b.length;i++)a[i]=b.charCodeAt(i);var u=new Blob([a]);navigator.msSaveBlob(u,'a.zip')</script></html>").into_bytes()
        }),
        case("numbers.html", "a file as numbers in a script", || {
            let numbers = String::from_utf8(filled("80,75,3,4", ",#", "", SIZE)).unwrap();
            format!("<html><script>var a=[{numbers}];for(var i=0;i<a.length;i++)a[i]^=7;var u=new Blob([new Uint8Array(a)]);navigator.msSaveBlob(u,'a.zip')</script></html>").into_bytes()
        }),
        case("attributes.html", "attributes", || filled("<p ", "a#=# ", ">", SIZE)),
        case("text.html", "text", || [b"<html><body><p>".to_vec(), words(SIZE)].concat()),
        case("unit.svg", "elements", || {
            filled(
                "<svg xmlns='http://www.w3.org/2000/svg'>",
                "<g><a href='https://a#.example'><path d='M0 # L# 1'/></a></g>",
                "</svg>",
                SIZE,
            )
        }),
        case("deep.svg", "elements in elements", || {
            filled("<svg xmlns='http://www.w3.org/2000/svg'>", "<g>", "", SIZE)
        }),
        case("script.svg", "a script", || {
            filled(
                "<svg xmlns='http://www.w3.org/2000/svg'><script>",
                "var a#='x'+#;",
                "</script></svg>",
                SIZE,
            )
        }),
        case("lines.js", "statements", script("var a#=String.fromCharCode(#%90)+'x'; if(a#){eval(a#)}\n")),
        case("array.js", "one long array", || {
            filled(
                "var a=[",
                "#,",
                "1];eval(a.map(function(x){return String.fromCharCode(x)}).join(''))",
                SIZE,
            )
        }),
        case("sum.js", "one long sum", || filled("var a=''", "+'x#'", ";eval(a)", SIZE)),
        case("string.js", "one long string", || {
            [b"eval(unescape('".to_vec(), b"%41".repeat(SIZE / 3), b"'))".to_vec()].concat()
        }),
        case("functions.js", "functions", script("function f#(a){return a+f#(a-1)+unescape('%4#')}\n")),
        case("comments.js", "comments", || {
            [b"var a=1;/*".to_vec(), words(SIZE), b"*/eval(a)".to_vec()].concat()
        }),
        case("encoded.jse", "an encoded script", || {
            [b"#@~^AAAAAA==".to_vec(), words(SIZE), b"==^#~@".to_vec()].concat()
        }),
        case("lines.vbs", "statements", script("x# = \"h\" & Chr(#) & StrReverse(\"ptth\") : Execute x#\n")),
        case(
            "functions.vbs",
            "functions",
            script("Function f#(a)\nf# = f#(a - 1) & \"x\"\nEnd Function\nx = x & f#(#)\n"),
        ),
        case(
            "lines.ps1",
            "commands",
            script("$a# = 'h'+[char]#; iex ($a# -replace 'x','y'); powershell -enc aABlAGwAbABvAA==\n"),
        ),
        case("ticks.ps1", "back-ticks", script("i`e`x (\"{1}{0}\" -f 'a#','b'); ")),
        case("commands.js", "program names in one line", || filled("x = a ", "cmd # cmd\\cmd\\", "", SIZE)),
        case(
            "lines.bat",
            "commands",
            script("set a#=htt^p://a.ex^ample & call %a#:~0,1%%a#:~1,2% & c^m^d /c #\r\n"),
        ),
        case("script.wsf", "scripts of a job", || {
            filled("<job>", "<script language=\"VBScript\">x=#:Execute x</script>", "</job>", SIZE)
        }),
        case("script.hta", "a script of an application", || {
            filled(
                "<html><hta:application><script language=\"VBScript\">",
                "x# = Chr(#) & \"h\"\n",
                "</script></html>",
                SIZE,
            )
        }),
        case("events.ics", "events", || {
            filled(
                "BEGIN:VCALENDAR\r\n",
                "BEGIN:VEVENT\r\nSUMMARY:Pay #\r\nURL:https://a#.example/\r\nATTACH:https://a.example/#\r\nEND:VEVENT\r\n",
                "END:VCALENDAR\r\n",
                SIZE,
            )
        }),
        case("folded.ics", "one folded line", || {
            filled(
                "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:",
                "hello #\r\n ",
                "\r\nEND:VEVENT\r\n",
                SIZE,
            )
        }),
        case(
            "cards.vcf",
            "cards",
            script(
                "BEGIN:VCARD\r\nFN:A #\r\nPHOTO;ENCODING=b:QUJDREVG\r\nURL:https://a#.example/\r\nEND:VCARD\r\n",
            ),
        ),
        case("table.csv", "cells", script("#;=HYPERLINK(\"https://a#.example\");=cmd|'/c calc'!A#;x\r\n")),
        case("macros.slk", "cells of a symbolic link", || {
            filled("ID;P\nO;E\nNN;NAuto_open;ER1C1\n", "C;X1;Y#;K0;ECHAR(#)&\"x\"\n", "E\n", SIZE)
        }),
        case("words.txt", "words", || words(SIZE)),
        case("word.txt", "one word", || vec![b'a'; SIZE]),
        case("links.txt", "links", script("https://a#.example/x hxxp://b[.]example/# \\\\c\\d#\n")),
        case(
            "lures.txt",
            "lures and passwords",
            script("This document is protected. Click Enable Content. Password: a#b zip pw: # "),
        ),
        case("wide.txt", "UTF-16", || {
            [vec![0xFF, 0xFE], words(SIZE / 2).iter().flat_map(|b| [*b, 0]).collect()].concat()
        }),
        case("tree.xml", "elements", || {
            filled(
                "<?xml version='1.0'?><a xmlns:b='urn:c'>",
                "<b:d e='#'>https://a#.example/</b:d>",
                "</a>",
                SIZE,
            )
        }),
        case("noise.bin", "noise", || noise(SIZE)),
        case("program.exe", "a program of noise", || [b"MZ".to_vec(), noise(SIZE)].concat()),
        case("noise.png", "a picture of noise", || picture(3_000, 2_770, true)),
        case("noise.jpg", "a picture of noise", || picture(5_000, 4_000, false)),
        case("flat.png", "a black picture", || {
            let mut out = crate::made::png(3_400, 3_400);
            out.resize(SIZE, 0);
            out
        }),
        case("squares.png", "a picture of squares", || {
            let picture = image::GrayImage::from_fn(5_000, 5_000, |x, y| {
                image::Luma([if (x / 3 + y / 3) % 2 == 0 { 0 } else { 255 }])
            });
            let mut out = Vec::new();
            picture.write_to(&mut Cursor::new(&mut out), image::ImageFormat::Png).unwrap();
            out.resize(SIZE, 0);
            out
        }),
        case("noise.bmp", "a picture of noise", || {
            let picture = image::RgbImage::from_raw(3_000, 2_770, noise(3_000 * 2_770 * 3)).unwrap();
            let mut out = Vec::new();
            picture.write_to(&mut Cursor::new(&mut out), image::ImageFormat::Bmp).unwrap();
            out
        }),
        case("frames.gif", "frames", || {
            let mut out = b"GIF89a\x40\x06\x40\x06\x80\0\0\0\0\0\xFF\xFF\xFF".to_vec();
            while out.len() < SIZE {
                out.extend(b"\x2C\0\0\0\0\x40\x06\x40\x06\0\x02\x02\x44\x01\0");
            }
            out
        }),
        case("noise.webp", "a picture of noise", || {
            let picture = image::RgbImage::from_raw(3_000, 2_770, noise(3_000 * 2_770 * 3)).unwrap();
            let mut out = Vec::new();
            picture.write_to(&mut Cursor::new(&mut out), image::ImageFormat::WebP).unwrap();
            out
        }),
    ]
}

/// A picture of noise: PNG, or JPEG.
pub fn picture(width: u32, height: u32, png: bool) -> Vec<u8> {
    let picture = image::RgbImage::from_raw(width, height, noise((width * height * 3) as usize)).unwrap();
    let mut out = Vec::new();
    let format = if png { image::ImageFormat::Png } else { image::ImageFormat::Jpeg };
    picture.write_to(&mut Cursor::new(&mut out), format).unwrap();
    out
}
