//! Where mail arrives: arrivals become submissions, decisions become replies.
//!
//! Every intake hands its arrivals to the same [`Gatekeeper`](sekisho_engine::gate::Gatekeeper) and carries out what comes
//! back in the words of its protocol. None of them looks into a message.
