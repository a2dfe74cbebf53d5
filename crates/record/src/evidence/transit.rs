//! Facet `transit`: the way the message came, hop by hop.

use serde::Serialize;

/// What the `Received` chain shows. Everything below the first believed server may be forged.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Transit {
    /// Number of hops.
    pub hops: i64,
    /// How the first server got it: `http` (an API), `smtp`, `esmtpa` (with a login), `mapi`, `local`, `unknown`.
    pub submission: String,
    /// First server's name.
    pub first_server: Option<String>,
    /// Address of the peer that handed it to the first server outside private ranges.
    pub origin_ip: Option<String>,
    /// Registrable domain of the host that handed the message to the receiving side.
    pub sending_root_domain: Option<String>,
    /// HELO or reverse DNS name of that host.
    pub sending_host: Option<String>,
    /// Submitted by a mailbox user of an Exchange server (`with mapi id`) without any outside hop.
    pub exchange_internal: bool,
    /// `X-MS-Exchange-Organization-AuthAs: Internal` on mail that crossed an organisation border: forged or leaked.
    pub exchange_claims_internal: bool,
    /// Seconds from the Date field to the first hop, when both are known.
    pub date_skew_seconds: Option<i64>,
    /// A mailing list redistributed it: its marks (List-Id, List-Post, …) fit the addressees or the return path. Marks
    /// alone are no list; bulk mailers and forgers write them too.
    pub mailing_list: bool,
    /// Bulk marks: List-Unsubscribe, Precedence: bulk, Feedback-ID.
    pub bulk: bool,
    /// List-Unsubscribe exists.
    pub list_unsubscribe: bool,
    /// Auto-Submitted or an auto-reply mark.
    pub auto_submitted: bool,
    /// Delivery status notification.
    pub bounce: bool,
    /// In-Reply-To or References exist.
    pub reply_headers: bool,
    /// The conversation that Outlook's Thread-Index names, in hexadecimal digits. Whoever saw a message of a conversation
    /// can write it.
    pub conversation: Option<String>,
    /// How many replies the Thread-Index says led to this message; 0 for the first one.
    pub conversation_replies: Option<i64>,
}
