//! What a worker sees in a message that is kept: the port by which the program looks, and the preview.
//!
//! The console never reads a message. It hands what is kept to whoever can ([`Examiner`]: the program's workers, which
//! judge it again with the answers of then) and shows the text that comes back. A preview is text only: what a reader would
//! see, nothing loaded, no HTML, links that nobody can follow by mistake.

use sekisho_engine::resolver::Answer;
use serde::{Deserialize, Serialize};

use crate::{limits, text};

/// What is wanted of a kept message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// [`Examined`], as JSON, its explanation in this language (`en`, `ja`).
    Message(&'static str),
    /// The evidence, as JSON.
    Evidence,
}

/// Whoever looks into kept messages.
pub trait Examiner: Send + Sync {
    /// Looks into a kept message (`sekisho_engine::kept`), and returns the JSON that is wanted.
    ///
    /// # Errors
    /// In words for the log.
    fn look(&self, content: Vec<u8>, look: Look) -> Answer<'_, Result<String, String>>;
}

/// What was seen. Texts are those of strangers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Examined {
    /// For a person: what it is, who it claims to be, who really sent it, why that was concluded.
    pub explanation: String,
    /// The verdict as it is today (`docs/reference/scan.schema.json` describes its parts).
    #[schema(value_type = crate::api::shapes::Verdict)]
    pub verdict: serde_json::Value,
    /// What a reader would see.
    pub preview: Preview,
}

/// A message as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Preview {
    /// Author: name and address.
    pub from: String,
    /// To and Cc.
    pub to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// Date of the header, seconds since 1970.
    pub date: Option<i64>,
    /// Its text.
    pub text: String,
    /// More was there than is shown.
    pub cut: bool,
    /// Its links: what is shown, and where they lead.
    pub links: Vec<PreviewLink>,
    /// Its files.
    pub files: Vec<PreviewFile>,
}

/// A link that nobody can follow by mistake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PreviewLink {
    /// What it shows.
    pub shown: String,
    /// Where it leads.
    pub to: String,
}

/// A file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PreviewFile {
    /// Its name.
    pub name: String,
    /// What it is by its bytes.
    pub kind: String,
    /// Bytes.
    pub size: u64,
}

impl Examined {
    /// Reads what a worker wrote, and makes it safe to show: a worker has read hostile bytes.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let Self { explanation, verdict, preview } = serde_json::from_str(json).ok()?;
        let explanation = text::lines(&text::defanged(&explanation), limits::PREVIEW_TEXT_BYTES_MAX);
        Some(Self { explanation, verdict, preview: preview.safe() })
    }
}

impl Preview {
    fn safe(self) -> Self {
        let line = |one: &str| text::line(&text::defanged(one), limits::PREVIEW_LINE_BYTES_MAX);
        let cut = self.cut
            || self.text.len() > limits::PREVIEW_TEXT_BYTES_MAX
            || self.links.len() > limits::PREVIEW_LINKS_MAX
            || self.files.len() > limits::PREVIEW_FILES_MAX
            || self.to.len() > limits::PREVIEW_PEOPLE_MAX;
        // Cut before anything is made of it, and again behind: changing links makes a text longer.
        let body = text::cut(&self.text, limits::PREVIEW_TEXT_BYTES_MAX);
        let link = |one: &PreviewLink| PreviewLink { shown: line(&one.shown), to: line(&one.to) };
        let file =
            |one: &PreviewFile| PreviewFile { name: line(&one.name), kind: line(&one.kind), size: one.size };
        Self {
            from: line(&self.from),
            to: self.to.iter().take(limits::PREVIEW_PEOPLE_MAX).map(|one| line(one)).collect(),
            subject: line(&self.subject),
            date: self.date,
            text: text::lines(&text::defanged(body), limits::PREVIEW_TEXT_BYTES_MAX),
            cut,
            links: self.links.iter().take(limits::PREVIEW_LINKS_MAX).map(link).collect(),
            files: self.files.iter().take(limits::PREVIEW_FILES_MAX).map(file).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_says_is_made_safe() {
        let preview = Preview {
            text: format!("go to https://a.example/\u{202e}x\u{1b}[0m{}", "y".repeat(100_000)),
            links: vec![
                PreviewLink { shown: "http://b.example".into(), to: "https://c.example/d".into() };
                150
            ],
            subject: "a\r\nb".into(),
            ..Preview::default()
        };
        let said =
            Examined { explanation: "leads to http://e.example".into(), preview, ..Examined::default() };
        let got = Examined::read(&serde_json::to_string(&said).unwrap()).unwrap();
        assert_eq!(got.explanation, "leads to hxxp://e[.]example");
        assert!(got.preview.text.starts_with("go to hxxps://a[.]example/x[0my") && got.preview.cut);
        assert_eq!(got.preview.links.len(), 100);
        assert_eq!(got.preview.links[0].shown, "hxxp://b[.]example");
        assert_eq!(got.preview.subject, "a  b");
        assert!(Examined::read("no JSON").is_none());
    }
}
