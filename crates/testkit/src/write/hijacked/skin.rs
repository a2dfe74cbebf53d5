//! How the pages look: four skins for the impostor, one for the chain.

use crate::write::template::escape;

/// A page in somebody else's name.
pub(in crate::write) struct Phish<'a> {
    pub(in crate::write) brand: &'a str,
    pub(in crate::write) link: String,
    pub(in crate::write) pixel: String,
    pub(in crate::write) preheader: String,
    pub(in crate::write) heading: String,
    pub(in crate::write) paragraphs: Vec<String>,
    pub(in crate::write) button: String,
    pub(in crate::write) foot: String,
    pub(in crate::write) style: u64,
}

/// The four squares, as cells of a table.
const SQUARES: &str = "<table cellspacing=\"1\" cellpadding=\"0\" style=\"display:inline-table\"><tr><td bgcolor=\"#f25022\" width=\"9\" height=\"9\"></td><td bgcolor=\"#7fba00\" width=\"9\" height=\"9\"></td></tr><tr><td bgcolor=\"#00a4ef\" width=\"9\" height=\"9\"></td><td bgcolor=\"#ffb900\" width=\"9\" height=\"9\"></td></tr></table>";

impl Phish<'_> {
    pub(in crate::write) fn html(&self) -> String {
        let paragraphs: String = self.paragraphs.iter().map(|p| format!("<p>{}</p>\n", escape(p))).collect();
        let (heading, button, foot) = (escape(&self.heading), escape(&self.button), escape(&self.foot));
        let (link, pixel, preheader) = (&self.link, &self.pixel, escape(&self.preheader));
        let logo = self.logo();
        let body = match self.style {
            0 => format!(
                "<table width=\"100%\" bgcolor=\"#f2f2f2\"><tr><td align=\"center\"><table width=\"560\" bgcolor=\"#ffffff\" cellpadding=\"24\">\n<tr><td>{logo}</td></tr>\n<tr><td><h2 style=\"font-weight:300\">{heading}</h2>\n{paragraphs}\
                 <p><a href=\"{link}\" style=\"background:#0067b8;color:#ffffff;padding:10px 22px;text-decoration:none\">{button}</a></p></td></tr>\n\
                 <tr><td style=\"font-size:11px;color:#666666\">{foot}</td></tr></table></td></tr></table>"
            ),
            1 => format!(
                "<div style=\"font-family:Segoe UI,Arial;font-size:14px;color:#262626;max-width:600px\">\n<div>{logo}</div>\n<div style=\"font-size:21px;color:#0078d4\">{heading}</div>\n{paragraphs}\
                 <div style=\"margin:24px 0\"><a href=\"{link}\" style=\"color:#0078d4;font-weight:bold\">{button}</a></div>\n<hr>\n<div style=\"font-size:11px\">{foot}</div></div>"
            ),
            2 => format!(
                "<center>\n<div style=\"border-top:4px solid #d83b01;width:520px;text-align:left;padding:18px\">\n<b style=\"font-size:18px\">{heading}</b>\n{paragraphs}\
                 <table><tr><td bgcolor=\"#d83b01\" style=\"padding:9px 18px\"><a href=\"{link}\" style=\"color:#ffffff;text-decoration:none\">{button}</a></td></tr></table>\n\
                 <p style=\"color:#888888;font-size:11px\">{logo} {foot}</p></div></center>"
            ),
            _ => format!(
                "{logo}\n<h3>{heading}</h3>\n{paragraphs}<p><a href=\"{link}\">{button}</a></p>\n<p><small>{foot}</small></p>"
            ),
        };
        format!(
            "<html><head><meta charset=\"utf-8\"></head>\n<body>\n<div style=\"display:none;max-height:0;overflow:hidden\">{preheader}</div>\n{body}\n<img src=\"{pixel}\" width=\"1\" height=\"1\" alt=\"\">\n</body></html>\n"
        )
    }

    fn logo(&self) -> String {
        if self.brand == "USAA" {
            return match self.style % 2 {
                0 => {
                    "<img src=\"https://static.member-assets.test/usaa-eagle.png\" alt=\"USAA\" width=\"60\">"
                        .into()
                }
                _ => "<div style=\"background:#12395b;color:#ffffff;padding:8px;font-size:20px\">USAA</div>"
                    .into(),
            };
        }
        match self.style % 3 {
            0 => format!("{SQUARES} <span style=\"font-size:17px;color:#737373\">Microsoft</span>"),
            1 => "<img src=\"https://static.mail-assets.test/logo_ms.png\" alt=\"Microsoft\" width=\"108\">"
                .into(),
            _ => "<b style=\"color:#d83b01\">Microsoft Office 365</b>".into(),
        }
    }

    pub(in crate::write) fn text(&self) -> String {
        format!(
            "{}\n\n{}\n\n{}: {}\n\n{}\n",
            self.heading,
            self.paragraphs.join("\n\n"),
            self.button,
            self.link,
            self.foot
        )
    }
}

/// A page of the chain's own.
pub(super) struct Chain {
    pub(super) link: String,
    pub(super) home: String,
    pub(super) unsubscribe: String,
    pub(super) pixel: String,
    pub(super) heading: String,
    pub(super) paragraphs: Vec<String>,
    pub(super) button: String,
    pub(super) foot: String,
    pub(super) marketing: bool,
}

/// Where the company lives.
const IMPRINT: &str = "Ember & Maize Inc., 410 Harbor Street, Springfield";

impl Chain {
    pub(super) fn html(&self) -> String {
        let paragraphs: String = self
            .paragraphs
            .iter()
            .map(|p| format!("<p style=\"line-height:1.5\">{}</p>\n", escape(p)))
            .collect();
        let banner = if self.marketing {
            "<tr><td><img src=\"https://img.embermaize.example/hero/summer.jpg\" width=\"600\" alt=\"A bowl with grilled corn\"></td></tr>\n"
        } else {
            ""
        };
        format!(
            "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Ember &amp; Maize</title></head>\n<body style=\"margin:0;background:#f7f1e8\">\n\
             <table width=\"600\" align=\"center\" bgcolor=\"#ffffff\">\n<tr><td style=\"padding:18px\"><a href=\"{}\"><img src=\"https://img.embermaize.example/logo.png\" alt=\"Ember &amp; Maize\" width=\"160\"></a></td></tr>\n{banner}\
             <tr><td style=\"padding:18px;font-family:Georgia\"><h1 style=\"color:#7a2e12\">{}</h1>\n{paragraphs}\
             <p><a href=\"{}\" style=\"background:#7a2e12;color:#ffffff;padding:12px 26px;border-radius:4px;text-decoration:none\">{}</a></p></td></tr>\n\
             <tr><td style=\"padding:18px;font-size:11px;color:#555555\">{}<br>{}. <a href=\"{}\">Unsubscribe</a></td></tr>\n</table>\n<img src=\"{}\" width=\"1\" height=\"1\" alt=\"\">\n</body></html>\n",
            self.home,
            escape(&self.heading),
            self.link,
            escape(&self.button),
            escape(&self.foot),
            escape(IMPRINT),
            self.unsubscribe,
            self.pixel,
        )
    }

    pub(super) fn text(&self) -> String {
        format!(
            "EMBER & MAIZE\n\n{}\n\n{}\n\n{}:\n{}\n\n--\n{}\n{IMPRINT}\nUnsubscribe: {}\n",
            self.heading,
            self.paragraphs.join("\n\n"),
            self.button,
            self.link,
            self.foot,
            self.unsubscribe
        )
    }
}
