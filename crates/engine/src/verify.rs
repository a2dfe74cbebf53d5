//! Checks papers with `mail-auth` and gives plain results: SPF, DKIM, DMARC, ARC.

use std::{future::Future, time::Duration};

use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, Error, MessageAuthenticator, Parameters,
    SpfOutput, SpfResult,
    arc::ArcError,
    dkim::{Canonicalization, DkimError},
    dmarc::{Policy, verify::DmarcParameters},
    spf::verify::SpfParameters,
};
use sekisho_observe::{
    Answers,
    question::{ArcAnswer, Checked, DkimAnswer, DmarcAnswer, Papers, SpfAnswer, SpfQuestion},
};

use crate::{limits, zone::Zone};

/// Checks the papers. With a deadline, what is not known by then stays unknown and `papers_missing` says so.
pub async fn check(
    authenticator: &MessageAuthenticator,
    zone: Option<&Zone>,
    raw: &[u8],
    papers: &Papers,
    deadline: Option<Duration>,
) -> Answers {
    let Some(mut message) = AuthenticatedMessage::parse(raw) else {
        return Answers { papers: None, papers_missing: Some("failed") };
    };
    message.dkim_headers.truncate(limits::SIGNATURES_MAX);
    let desk = Desk { authenticator, zone };
    let trimmed = trimmed_copy(&message);
    let again = trimmed.as_deref().and_then(AuthenticatedMessage::parse);

    let first = async {
        tokio::join!(
            desk.spf(papers.spf.as_ref()),
            desk.dkim(papers.dkim, &message, again.as_ref()),
            desk.arc(papers.arc, &message, again.as_ref()),
        )
    };
    let started = std::time::Instant::now();
    let Some((spf, dkim, arc)) = within(deadline, first).await else {
        return Answers { papers: None, papers_missing: Some("timed_out") };
    };
    let left = deadline.map(|d| d.saturating_sub(started.elapsed()));
    let dmarc = within(left, desk.dmarc(papers, &message, spf.as_ref(), &dkim)).await;
    let missing = dmarc.is_none().then_some("timed_out");
    let checked = Checked {
        spf: spf.as_ref().zip(papers.spf.as_ref()).map(|(output, question)| spf_answer(output, question)),
        dkim: dkim.iter().map(dkim_answer).collect(),
        dmarc: dmarc.flatten(),
        arc,
    };
    Answers { papers: Some(checked), papers_missing: missing }
}

async fn within<F: Future>(deadline: Option<Duration>, work: F) -> Option<F::Output> {
    match deadline {
        Some(limit) => tokio::time::timeout(limit, work).await.ok(),
        None => Some(work.await),
    }
}

/// Where answers come from.
struct Desk<'a> {
    authenticator: &'a MessageAuthenticator,
    zone: Option<&'a Zone>,
}

impl<'a> Desk<'a> {
    fn with<P>(&self, params: P) -> Parameters<'a, P, Zone, Zone, Zone, Zone, Zone> {
        let zone = self.zone;
        Parameters {
            params,
            cache_txt: zone,
            cache_mx: zone,
            cache_ptr: zone,
            cache_ipv4: zone,
            cache_ipv6: zone,
        }
    }

    /// The reverse path's domain counts; a bounce has none, then the HELO name does (RFC 7208 §2.4).
    async fn spf(&self, question: Option<&SpfQuestion>) -> Option<SpfOutput> {
        let SpfQuestion { ip, helo, mail_from, .. } = question?;
        let params = if mail_from.is_empty() {
            SpfParameters::verify_ehlo(*ip, helo, "sekisho.invalid")
        } else {
            SpfParameters::verify_mail_from(*ip, helo, "sekisho.invalid", mail_from)
        };
        Some(self.authenticator.check_host(self.with(params)).await)
    }

    async fn dkim<'m>(
        &self,
        signed: bool,
        message: &'m AuthenticatedMessage<'m>,
        again: Option<&'m AuthenticatedMessage<'m>>,
    ) -> Vec<DkimOutput<'m>>
    where
        'a: 'm,
    {
        if !signed {
            return Vec::new();
        }
        let mut outputs = self.authenticator.verify_dkim(self.with(message)).await;
        if let Some(again) = again.filter(|_| outputs.iter().any(wants_second_look)) {
            let second = self.authenticator.verify_dkim(self.with(again)).await;
            for (output, better) in outputs.iter_mut().zip(second) {
                if wants_second_look(output) && *better.result() == DkimResult::Pass {
                    *output = better;
                }
            }
        }
        outputs
    }

    async fn arc(
        &self,
        sealed: bool,
        message: &AuthenticatedMessage<'_>,
        again: Option<&AuthenticatedMessage<'_>>,
    ) -> Option<ArcAnswer> {
        if !sealed {
            return None;
        }
        let mut output = self.authenticator.verify_arc(self.with(message)).await;
        let body_hash = DkimResult::Neutral(Error::Arc(ArcError::FailedBodyHashMatch));
        if let Some(again) = again.filter(|_| *output.result() == body_hash) {
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
        spf: Option<&SpfOutput>,
        dkim: &[DkimOutput<'_>],
    ) -> Option<DmarcAnswer> {
        let domain = papers.author.clone()?;
        let unknown = SpfOutput::new(String::new()).with_result(SpfResult::None);
        let question = papers.spf.as_ref();
        let mail_from = question.map(|q| if q.mail_from.is_empty() { &q.helo } else { &q.mail_from });
        let params = DmarcParameters {
            message,
            dkim_output: dkim,
            dkim2_output: None,
            rfc5321_mail_from_domain: mail_from
                .map_or("", |m| m.rsplit_once('@').map_or(m.as_str(), |(_, d)| d)),
            spf_output: spf.unwrap_or(&unknown),
        };
        let output = self.authenticator.verify_dmarc(self.with(params)).await;
        let verdict = match output.result() {
            DmarcResult::Pass => "pass",
            DmarcResult::Fail(_) => "fail",
            DmarcResult::TempError(_) => "temperror",
            DmarcResult::PermError(_) => "permerror",
            DmarcResult::None => "none",
        };
        let policy = match output.policy() {
            Policy::None if output.dmarc_record().is_some() => Some("none"),
            Policy::Quarantine => Some("quarantine"),
            Policy::Reject => Some("reject"),
            Policy::None | Policy::Unspecified => None,
        };
        Some(DmarcAnswer { verdict, domain, policy })
    }
}

fn spf_answer(output: &SpfOutput, question: &SpfQuestion) -> SpfAnswer {
    let verdict = match output.result() {
        SpfResult::Pass => "pass",
        SpfResult::Fail => "fail",
        SpfResult::SoftFail => "softfail",
        SpfResult::Neutral => "neutral",
        SpfResult::TempError => "temperror",
        SpfResult::PermError => "permerror",
        SpfResult::None => "none",
    };
    SpfAnswer {
        verdict,
        domain: output.domain().trim_end_matches('.').to_ascii_lowercase(),
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
fn trimmed_copy(message: &AuthenticatedMessage<'_>) -> Option<Vec<u8>> {
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
