//! What a banner costs: `banner_cost [FILE.eml]` dresses a message (a newsletter of 20 kB without one) again and again,
//! prints microseconds, and writes the dressed message to standard output when a file was named.

use std::{hint::black_box, io::Write as _, time::Instant};

use sekisho_policy::{
    apply,
    banner::{Advice, Banner, Wording, dress, undress},
};
use sekisho_record::{Level, Threat};

const ROUNDS: u32 = 200;

fn main() -> std::io::Result<()> {
    let file = std::env::args().nth(1);
    let raw = match &file {
        Some(file) => std::fs::read(file)?,
        None => newsletter(),
    };
    let banner = Banner {
        level: Level::Danger,
        wording: Wording {
            risk: Some(Threat::CredentialPhishing),
            claims: Some("Microsoft".to_owned()),
            really: Some("grill.example".to_owned()),
            through: Some("mailer.example".to_owned()),
            advice: Advice::Leave,
        },
        language: std::env::var("LANG").unwrap_or_default(),
        report: Some("https://sekisho.example/report/4f9c2k7".to_owned()),
        details: Some("https://sekisho.example/details/4f9c2k7".to_owned()),
        mark: "4f9c2k7".to_owned(),
    };
    let message = sekisho_mail::parse(&raw);
    let dressed = dress(&raw, &message, &banner);
    let out = apply(&raw, &dressed.change);
    let micros = |work: &dyn Fn()| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| work());
        start.elapsed().as_micros() / u128::from(ROUNDS)
    };
    let parsed = micros(&|| drop(black_box(sekisho_mail::parse(&raw))));
    let put_in = micros(&|| drop(black_box(dress(&raw, &message, &banner))));
    let taken_out = micros(&|| drop(black_box(undress(&out))));
    eprintln!(
        "{} bytes, {} parts dressed, {} bytes added, gaps {:?}",
        raw.len(),
        dressed.parts,
        out.len().saturating_sub(raw.len()),
        dressed.gaps
    );
    eprintln!("parse {parsed} us, dress {put_in} us, undress {taken_out} us");
    if file.is_some() { std::io::stdout().write_all(&out) } else { Ok(()) }
}

fn newsletter() -> Vec<u8> {
    let row = "<tr><td style=\"padding:12px 20px;font-family:Arial;color:#333333\"><a href=\"https://shop.example/p?i=1\">\
        An offer of the week</a> and some words about it that a reader may like.</td></tr>\r\n";
    format!(
        "From: news@grill.example\r\nSubject: news\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nOffers of the week\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\
         \r\n<!DOCTYPE html><html><head><style>body{{margin:0;padding:0}}td{{font-size:14px}}</style></head><body>\
         <table width=\"100%\">{}</table></body></html>\r\n--b--\r\n",
        row.repeat(100)
    )
    .into_bytes()
}
