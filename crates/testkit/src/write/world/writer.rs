//! Threads as they grow: who said what when, and the letter that the next answer becomes.

use super::{
    people::{Cast, Client},
    post::{Carrier, File, Letter, Place, Post},
    quoted::Message,
    topics::Numbers,
};
use crate::{
    chance::Chance,
    files,
    world::{Arrival, Kind},
};

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;
/// Monday 4 November 2019, when the history begins.
pub(super) const START: i64 = 1_572_825_600;
/// Wednesday 1 September 2021: from here on every message is judged.
pub(super) const JUDGED_FROM: i64 = 1_630_454_400;
/// Tuesday 30 November 2021.
pub(super) const END: i64 = 1_638_230_400;

/// A thread.
#[derive(Debug, Clone)]
pub(super) struct Thread {
    pub(super) language: &'static str,
    pub(super) subject: String,
    pub(super) us: usize,
    pub(super) them: usize,
    pub(super) numbers: Numbers,
    pub(super) said: Vec<Said>,
}

/// One message of a thread.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) by: usize,
    pub(super) to: usize,
    pub(super) id: String,
    pub(super) message: Message,
}

/// What is said next. [`Say::new`] is an ordinary answer.
#[derive(Debug, Clone)]
pub(super) struct Say {
    pub(super) by: usize,
    pub(super) to: usize,
    pub(super) cc: Vec<usize>,
    pub(super) at: i64,
    /// With greeting and signature.
    pub(super) text: String,
    pub(super) client: Client,
    pub(super) place: Place,
    pub(super) files: Vec<File>,
    pub(super) group: &'static str,
    pub(super) kind: Kind,
    /// Another sender than the author.
    pub(super) from: Option<(String, String)>,
    pub(super) carrier: Option<Carrier>,
    /// In place of the reply mark and the subject.
    pub(super) subject: Option<String>,
    pub(super) fields: Vec<(String, String)>,
    /// What is answered is quoted below.
    pub(super) quotes: bool,
    /// What is answered is referred to.
    pub(super) refers: bool,
    /// Later answers refer to it.
    pub(super) joins: bool,
}

impl Say {
    pub(super) fn new(cast: &Cast, by: usize, to: usize, at: i64, group: &'static str) -> Self {
        let kind = if at >= JUDGED_FROM { Kind::Ordinary } else { Kind::History };
        Self {
            by,
            to,
            cc: Vec::new(),
            at,
            text: String::new(),
            client: cast.person(by).client,
            place: Place::Desk,
            files: Vec::new(),
            group,
            kind,
            from: None,
            carrier: None,
            subject: None,
            fields: Vec::new(),
            quotes: true,
            refers: true,
            joins: true,
        }
    }
}

/// Writes the scenario.
pub(super) struct Writer<'a> {
    pub(super) cast: &'a Cast,
    pub(super) post: Post<'a>,
    pub(super) threads: Vec<Thread>,
    pub(super) mail: Vec<Arrival>,
    /// Senders beyond the cast: domain and address of the server.
    pub(super) further: Vec<(String, String)>,
}

impl Writer<'_> {
    /// Begins a thread; nothing is said yet.
    pub(super) fn open(
        &mut self,
        language: &'static str,
        subject: &str,
        us: usize,
        them: usize,
        chance: &mut Chance,
    ) -> usize {
        let numbers = Numbers::new(chance);
        let subject = numbers.fill(subject, chance, &[]);
        self.threads.push(Thread { language, subject, us, them, numbers, said: Vec::new() });
        self.threads.len() - 1
    }

    /// A body with the writer's greeting and signature.
    pub(super) fn dressed(&self, body: &str, by: usize, to: usize, language: &str) -> String {
        let (author, reader, company) = (self.cast.person(by), self.cast.person(to), self.cast.company(by));
        format!(
            "{}\n\n{body}\n\n{}",
            author.greeting(reader, language, company),
            author.signature(language, company)
        )
    }

    /// Sends it, with what was said before its time below.
    pub(super) fn say(&mut self, thread: usize, say: Say) {
        let Some(place) = self.threads.get(thread) else { return };
        let before: Vec<&Said> = place.said.iter().filter(|s| s.message.sent < say.at).collect();
        let quoted =
            if say.quotes { before.iter().rev().map(|s| s.message.clone()).collect() } else { Vec::new() };
        let references: Vec<String> =
            if say.refers { before.iter().map(|s| s.id.clone()).collect() } else { Vec::new() };
        let mark = match (say.client, place.language) {
            (Client::Outlook | Client::SmtpOutlook, "sv") => "SV: ",
            (Client::Outlook | Client::SmtpOutlook | Client::Script, _) => "RE: ",
            _ => "Re: ",
        };
        let subject = match &say.subject {
            Some(subject) => subject.clone(),
            None if before.is_empty() => place.subject.clone(),
            None => format!("{mark}{}", place.subject),
        };
        let mailbox = |n: usize| self.cast.person(n).mailbox();
        let letter = Letter {
            author: say.by,
            from: say.from.clone(),
            to: vec![mailbox(say.to)],
            cc: say.cc.iter().map(|n| mailbox(*n)).collect(),
            subject,
            topic: place.subject.clone(),
            at: say.at,
            text: say.text.clone(),
            language: place.language,
            client: say.client,
            place: say.place.clone(),
            quoted,
            references,
            files: say.files.clone(),
            fields: say.fields.clone(),
            carrier: say.carrier.clone(),
            seed: self.mail.len() as u64,
        };
        let arrived = self.post.send(&letter);
        let message = Message {
            from: say.from.unwrap_or_else(|| mailbox(say.by)),
            to: mailbox(say.to),
            sent: say.at,
            subject: letter.subject.clone(),
            text: letter.text.clone(),
        };
        let language = place.language;
        self.mail.push(Arrival {
            name: String::new(),
            at: arrived.at,
            group: say.group,
            kind: say.kind,
            language,
            raw: arrived.raw,
            envelope: arrived.envelope,
        });
        if let Some(place) = self.threads.get_mut(thread).filter(|_| say.joins) {
            place.said.push(Said { by: say.by, to: say.to, id: arrived.message_id, message });
            place.said.sort_by_key(|s| s.message.sent);
        }
    }
}

/// The same or an earlier working day, in the person's working hours.
pub(super) fn office_hours(at: i64, zone: i8) -> i64 {
    let east = i64::from(zone) * 3_600;
    let day = (at + east).div_euclid(DAY);
    // 1 January 1970 was a Thursday.
    let back = match (day + 3).rem_euclid(7) {
        5 => 1,
        6 => 2,
        _ => 0,
    };
    (day - back) * DAY - east + 8 * 3_600 + at.rem_euclid(9 * 3_600)
}

/// A file of the kind that its name says; what it holds is harmless.
pub(super) fn file(name: &str, content: &str) -> File {
    let bytes = content.as_bytes();
    match name.rsplit('.').next().unwrap_or_default() {
        "zip" => (name.to_owned(), "application/zip", files::zip("picture-1.txt", bytes)),
        "xlsx" => (
            name.to_owned(),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            files::zip("xl/workbook.xml", format!("<workbook><!-- {content} --></workbook>").as_bytes()),
        ),
        "docx" => (
            name.to_owned(),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            files::zip("word/document.xml", format!("<document><!-- {content} --></document>").as_bytes()),
        ),
        _ => (name.to_owned(), "application/pdf", files::pdf(content)),
    }
}
