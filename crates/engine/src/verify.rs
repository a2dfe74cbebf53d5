//! Examines papers with `mail-auth`: DKIM, ARC and DMARC of a message, with exactly the records that were asked for.
//!
//! Checking goes on with what is known; what is missed is noted, asked for, and the checks run again. So the names
//! that are looked up are those that the checks really use, and nothing here waits.

use std::cell::OnceCell;

use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, Error, MessageAuthenticator, Parameters,
    SpfOutput, SpfResult,
    arc::ArcError,
    common::verify::VerifySignature as _,
    dkim::{Canonicalization, DkimError},
    dmarc::{Policy, verify::DmarcParameters},
};
use sekisho_observe::{
    Answers,
    question::{ArcAnswer, Checked, DkimAnswer, DmarcAnswer, Papers, SpfAnswer, SpfQuestion},
};

use crate::{
    known::Known,
    limits,
    world::{Answered, Ask, Missing, SpfFound, SpfVerdict, ready},
};

/// The papers of one message while they are examined.
pub struct Examination<'a> {
    papers: Papers,
    message: AuthenticatedMessage<'a>,
    /// See [`trimmed_copy`].
    trimmed: Option<Vec<u8>>,
    known: Known,
    spf: Option<SpfFound>,
    asked: Ask,
    rounds: usize,
    missing: Option<Missing>,
}

/// What comes next.
pub enum Step {
    /// Answer this, then examine again.
    Ask(Ask),
    /// All is known that can be.
    Done(Answers),
}

impl<'a> Examination<'a> {
    /// Begins; `None` when the bytes have no header.
    pub fn new(raw: &'a [u8], papers: Papers) -> Option<Self> {
        let mut message = AuthenticatedMessage::parse(raw)?;
        message.dkim_headers.truncate(limits::SIGNATURES_MAX);
        let trimmed = trimmed_copy(&message);
        Some(Self {
            papers,
            message,
            trimmed,
            known: Known::default(),
            spf: None,
            asked: Ask::default(),
            rounds: 0,
            missing: None,
        })
    }

    /// Examines as far as the answers reach.
    pub fn examine(&mut self, authenticator: &MessageAuthenticator) -> Step {
        if let (Some(why), 0..=1) = (self.missing, self.rounds) {
            return Step::Done(Answers { papers: None, papers_missing: Some(why.reason()) });
        }
        if self.rounds >= limits::ROUNDS_MAX && self.missing.is_none() {
            self.missing = Some(Missing::Failed);
        }
        let given_up = self.missing.is_some();
        self.known.start(given_up);
        let Some(mut checked) = ready(self.check(authenticator)) else {
            return Step::Done(Answers { papers: None, papers_missing: Some("failed") });
        };
        let mut ask = self.known.missed();
        if self.rounds == 0 {
            ask.spf.clone_from(&self.papers.spf);
            self.add_seals(&mut ask);
        }
        if ask.is_empty() || given_up {
            if given_up {
                checked.dmarc = None;
            }
            return Step::Done(Answers {
                papers: Some(checked),
                papers_missing: self.missing.map(Missing::reason),
            });
        }
        self.rounds += 1;
        self.asked.clone_from(&ask);
        Step::Ask(ask)
    }

    /// Takes the answers to the questions of the last step.
    pub fn answer(&mut self, answered: Answered) {
        self.missing = answered.missing;
        if answered.missing.is_some() {
            return;
        }
        if self.asked.spf.is_some() {
            self.spf = answered.spf;
        }
        self.known.learn(&self.asked, answered.txt, &answered.exists);
    }

    /// A chain is checked from its last seal on and ends at the first key that is missing: ask for all at once.
    fn add_seals(&self, ask: &mut Ask) {
        if !self.papers.arc {
            return;
        }
        for seal in self.message.as_headers.iter().take(limits::SEALS_MAX) {
            let name = seal.header.domain_key().to_ascii_lowercase();
            if !ask.txt.contains(&name) {
                ask.txt.push(name);
            }
        }
    }

    async fn check(&self, authenticator: &MessageAuthenticator) -> Checked {
        let desk = Bench { authenticator, known: &self.known };
        let store = OnceCell::new();
        let again =
            || store.get_or_init(|| self.trimmed.as_deref().and_then(AuthenticatedMessage::parse)).as_ref();
        let dkim = desk.dkim(self.papers.dkim, &self.message, again).await;
        let arc = desk.arc(self.papers.arc, &self.message, again).await;
        let dmarc = desk.dmarc(&self.papers, &self.message, self.spf.as_ref(), &dkim).await;
        let spf = self.spf.as_ref().zip(self.papers.spf.as_ref());
        Checked {
            spf: spf.map(|(found, question)| spf_answer(found, question)),
            dkim: dkim.iter().map(dkim_answer).collect(),
            dmarc,
            arc,
        }
    }
}

/// Checks with what is known.
struct Bench<'a> {
    authenticator: &'a MessageAuthenticator,
    known: &'a Known,
}

impl<'a> Bench<'a> {
    fn with<P>(&self, params: P) -> Parameters<'a, P, Known, Known, Known, Known, Known> {
        let known = Some(self.known);
        Parameters {
            params,
            cache_txt: known,
            cache_mx: known,
            cache_ptr: known,
            cache_ipv4: known,
            cache_ipv6: known,
        }
    }

    async fn dkim<'m>(
        &self,
        signed: bool,
        message: &'m AuthenticatedMessage<'m>,
        again: impl Fn() -> Option<&'m AuthenticatedMessage<'m>>,
    ) -> Vec<DkimOutput<'m>>
    where
        'a: 'm,
    {
        if !signed {
            return Vec::new();
        }
        let mut outputs = self.authenticator.verify_dkim(self.with(message)).await;
        if outputs.iter().any(wants_second_look)
            && let Some(again) = again()
        {
            let second = self.authenticator.verify_dkim(self.with(again)).await;
            for (output, better) in outputs.iter_mut().zip(second) {
                if wants_second_look(output) && *better.result() == DkimResult::Pass {
                    *output = better;
                }
            }
        }
        outputs
    }

    async fn arc<'m>(
        &self,
        sealed: bool,
        message: &'m AuthenticatedMessage<'m>,
        again: impl Fn() -> Option<&'m AuthenticatedMessage<'m>>,
    ) -> Option<ArcAnswer>
    where
        'a: 'm,
    {
        if !sealed {
            return None;
        }
        let mut output = self.authenticator.verify_arc(self.with(message)).await;
        let body_hash = DkimResult::Neutral(Error::Arc(ArcError::FailedBodyHashMatch));
        if *output.result() == body_hash
            && let Some(again) = again()
        {
            let second = self.authenticator.verify_arc(self.with(again)).await;
            if *second.result() == DkimResult::Pass {
                output = second;
            }
        }
        let verdict = match output.result() {
            DkimResult::Pass => "pass",
            DkimResult::None => "none",
            DkimResult::TempError(_) => "temperror",
            _ => "fail",
        };
        let sealers = output.sets().iter().map(|set| set.seal.header.d.to_ascii_lowercase()).collect();
        Some(ArcAnswer { verdict, sealers })
    }

    async fn dmarc(
        &self,
        papers: &Papers,
        message: &AuthenticatedMessage<'_>,
        spf: Option<&SpfFound>,
        dkim: &[DkimOutput<'_>],
    ) -> Option<DmarcAnswer> {
        let domain = papers.author.clone()?;
        let found = SpfOutput::new(spf.map(|s| s.domain.clone()).unwrap_or_default())
            .with_result(spf.map_or(SpfResult::None, |s| spf_result(s.verdict)));
        let question = papers.spf.as_ref();
        let mail_from = question.map(|q| if q.mail_from.is_empty() { &q.helo } else { &q.mail_from });
        let params = DmarcParameters {
            message,
            dkim_output: dkim,
            dkim2_output: None,
            rfc5321_mail_from_domain: mail_from
                .map_or("", |m| m.rsplit_once('@').map_or(m.as_str(), |(_, d)| d)),
            spf_output: &found,
        };
        let output = self.authenticator.verify_dmarc(self.with(params)).await;
        let verdict = match output.result() {
            DmarcResult::Pass => "pass",
            DmarcResult::Fail(_) => "fail",
            DmarcResult::TempError(_) => "temperror",
            DmarcResult::PermError(_) => "permerror",
            DmarcResult::None => "none",
        };
        let mut policy = output.policy();
        // A cache cannot say that a name does not exist, so `np` (RFC 9989 §4.7) is applied here.
        if let Some(record) = output.dmarc_record().filter(|_| self.known.met_absent_name()) {
            policy = match (record.np, record.t) {
                (Policy::Reject, true) => Policy::Quarantine,
                (Policy::Quarantine, true) => Policy::None,
                (policy, _) => policy,
            };
        }
        let policy = match policy {
            Policy::None if output.dmarc_record().is_some() => Some("none"),
            Policy::Quarantine => Some("quarantine"),
            Policy::Reject => Some("reject"),
            Policy::None | Policy::Unspecified => None,
        };
        Some(DmarcAnswer { verdict, domain, policy })
    }
}

fn spf_result(verdict: SpfVerdict) -> SpfResult {
    match verdict {
        SpfVerdict::Pass => SpfResult::Pass,
        SpfVerdict::Fail => SpfResult::Fail,
        SpfVerdict::SoftFail => SpfResult::SoftFail,
        SpfVerdict::Neutral => SpfResult::Neutral,
        SpfVerdict::TempError => SpfResult::TempError,
        SpfVerdict::PermError => SpfResult::PermError,
        SpfVerdict::None => SpfResult::None,
    }
}

fn spf_answer(found: &SpfFound, question: &SpfQuestion) -> SpfAnswer {
    SpfAnswer {
        verdict: found.verdict.word(),
        domain: found.domain.clone(),
        ip: Some(question.ip),
        helo: question.helo.clone(),
        from_envelope: question.from_envelope,
    }
}

/// `mail-auth` calls a body that was changed "neutral"; everybody else, and RFC 8601 §2.7.1, calls it a failure.
fn dkim_answer(output: &DkimOutput<'_>) -> DkimAnswer {
    let (verdict, reason) = match output.result() {
        DkimResult::Pass => ("pass", String::new()),
        DkimResult::None => ("none", String::new()),
        DkimResult::Neutral(e @ Error::Dkim(DkimError::FailedBodyHashMatch)) => ("fail", e.to_string()),
        DkimResult::Neutral(e) => ("neutral", e.to_string()),
        DkimResult::Fail(e) => ("fail", e.to_string()),
        DkimResult::PermError(e) => ("permerror", e.to_string()),
        DkimResult::TempError(e) => ("temperror", e.to_string()),
    };
    let signature = output.signature();
    DkimAnswer {
        verdict,
        domain: signature.map(|s| s.d.to_ascii_lowercase()).unwrap_or_default(),
        selector: signature.map(|s| s.s.clone()).unwrap_or_default(),
        reason,
    }
}

/// The body hash differs and the signature hashes the relaxed body as a whole, see [`trimmed_copy`].
fn wants_second_look(output: &DkimOutput<'_>) -> bool {
    matches!(output.result(), DkimResult::Neutral(Error::Dkim(DkimError::FailedBodyHashMatch)))
        && output.signature().is_some_and(|s| s.cb == Canonicalization::Relaxed && s.l == 0)
}

/// A copy of the message without the white-space-only lines at its end, when it ends in such lines.
///
/// RFC 6376 §3.4.4: the relaxed form reduces white space at line ends first and drops empty lines at the end after
/// that, so a last line of blanks counts for nothing. mail-auth 0.13.3 keeps it as an empty line and so finds another
/// body hash: a false failure on good mail. Under the relaxed form copy and original are the same body.
pub(crate) fn trimmed_copy(message: &AuthenticatedMessage<'_>) -> Option<Vec<u8>> {
    let raw = message.raw_message;
    let start = message.body_offset as usize;
    let body = raw.get(start..)?;
    let text_end = body.iter().rposition(|b| !b.is_ascii_whitespace()).map_or(0, |at| at + 1);
    let rest = body.get(text_end..)?;
    // Blanks right behind the last text belong to its line; what follows its line end is what may go.
    let line_end = rest.iter().position(|&b| b == b'\n').map_or(rest.len(), |at| at + 1);
    let tail = if text_end == 0 { rest } else { rest.get(line_end..)? };
    if !tail.iter().any(|b| matches!(b, b' ' | b'\t')) {
        return None;
    }
    raw.get(..raw.len() - tail.len()).map(<[u8]>::to_vec)
}
