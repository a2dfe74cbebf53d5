//! Why a request is refused, in words that the client may read; each protocol says it in its own form.

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// Longer than the limit, as it came or inflated.
    #[error("the message is too long")]
    TooLong,
    /// It did not come in time.
    #[error("the message did not come in time")]
    Slow,
    /// The limit of what is held at a time is reached.
    #[error("too many messages at a time, try again later")]
    Busy,
    /// The connection ended, or its transfer coding is broken.
    #[error("the message is incomplete")]
    Incomplete,
    /// It cannot be inflated.
    #[error("the compressed message cannot be inflated")]
    Compressed,
    /// A content coding that is not known.
    #[error("unknown content coding: zstd is understood")]
    Coding,
    /// `File`, `Path`, `Shm`: a client names a file that the server should open.
    #[error("files and shared memory are not read: send the message")]
    Elsewhere,
    /// Too many recipients.
    #[error("too many recipients")]
    Recipients,
    /// The envelope cannot be read.
    #[error("the envelope cannot be read")]
    Envelope,
    /// The parts of a form cannot be told apart, or there is no message among them.
    #[error("no part \"message\" in the form")]
    Form,
    /// A word of the line protocol that is not known.
    #[error("unknown command")]
    Word,
    /// Nobody judged it.
    #[error("the message could not be judged, try again later")]
    Failed,
}

impl Refused {
    /// HTTP status.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::TooLong => 413,
            Self::Slow => 408,
            Self::Busy => 503,
            Self::Coding => 415,
            Self::Incomplete | Self::Compressed | Self::Elsewhere => 400,
            Self::Recipients | Self::Envelope | Self::Form | Self::Word => 400,
            Self::Failed => 500,
        }
    }

    /// A word for programs.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Slow => "too_slow",
            Self::Busy => "busy",
            Self::Incomplete => "incomplete",
            Self::Compressed => "cannot_inflate",
            Self::Coding => "unknown_coding",
            Self::Elsewhere => "not_here",
            Self::Recipients => "too_many_recipients",
            Self::Envelope => "bad_envelope",
            Self::Form => "bad_form",
            Self::Word => "unknown_command",
            Self::Failed => "failed",
        }
    }
}
