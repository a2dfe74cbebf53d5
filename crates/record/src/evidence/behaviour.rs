//! Facet `behaviour`: what an account does within minutes, hours and days, against its own past and against others.

use serde::Serialize;

use super::correspondence::Deviation;

/// What was counted before this message, this message included.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Behaviour {
    /// History was asked; when false, all else here says nothing (a gap tells why).
    pub known: bool,
    /// The author's address.
    pub sender: Pace,
    /// The bulk-mail account that sent it, if any.
    pub tenant: Option<TenantPace>,
    /// Accounts that sent the same link skeleton within a day, and within an hour; this one included.
    pub skeleton_senders_day: u64,
    /// The same within an hour.
    pub skeleton_senders_hour: u64,
    /// Registrable domains to which links of this skeleton led within a day; this message's included.
    pub skeleton_hosts_day: u64,
    /// Accounts that sent the same text within a day; this one included.
    pub text_senders_day: u64,
    /// Accounts that sent the same file within a day; this one included.
    pub file_senders_day: u64,
}

/// How fast an account works. Ten minutes, an hour and a day, this message included.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Pace {
    /// Different conversations answered within ten minutes.
    pub threads_10_minutes: u64,
    /// Within an hour.
    pub threads_hour: u64,
    /// Within a day.
    pub threads_day: u64,
    /// Of the conversations answered within a day, those that had slept for more than 30 days.
    pub dormant_threads_day: u64,
    /// Recipients that were never written to before, within an hour.
    pub new_recipients_hour: u64,
    /// Within a day.
    pub new_recipients_day: u64,
    /// Messages within an hour.
    pub messages_hour: u64,
    /// Within a day.
    pub messages_day: u64,
    /// Messages on an ordinary active day of the last month; 0 when there is no such day.
    pub usual_messages_day: f64,
    /// Messages within a day with the same link skeleton.
    pub same_skeleton_day: u64,
    /// Messages within a day with the same text.
    pub same_text_day: u64,
    /// Messages within a day with the same file.
    pub same_file_day: u64,
    /// Links of the same shape that it sent in seven days, with this one.
    pub same_skeleton_week: u64,
    /// Messages of the same text that it sent in seven days, with this one.
    pub same_text_week: u64,
}

/// A bulk-mail account against its own past.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct TenantPace {
    /// The account, as the facet `tenant` names it.
    pub key: String,
    /// Messages of it seen before.
    pub messages: u64,
    /// Days since its first.
    pub known_days: Option<f64>,
    /// Messages of it within an hour, this one included.
    pub messages_hour: u64,
    /// Within a day.
    pub messages_day: u64,
    /// Messages on an ordinary active day of the last month; 0 when there is no such day.
    pub usual_messages_day: f64,
    /// What is unlike it: author names, brands claimed, link targets, the way it was submitted, no unsubscribe header,
    /// hours.
    pub deviations: Vec<Deviation>,
}
