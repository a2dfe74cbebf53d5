//! The links of a banner: signed, for one record, and for one recipient where the message has one.

use sekisho_policy::Wish;
use sekisho_store::{ANYBODY, Purpose, Ticket, Tickets};

use super::Arrival;

/// Makes the links of banners.
#[derive(Debug, Clone)]
pub struct Links {
    tickets: Tickets,
    url: String,
    seconds: i64,
}

impl Links {
    /// Links `{url}/t/{token}` that live for so many days.
    pub fn new(tickets: Tickets, url: &str, days: u32) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self { tickets, url, seconds: i64::from(days) * 86_400 }
    }

    /// Fills in where a banner's links lead. A banner that several people read is for nobody in particular.
    pub fn put(&self, wish: &mut Wish, recipients: &[String]) {
        let recipient = match recipients {
            [one] => one.as_str(),
            _ => ANYBODY,
        };
        wish.report = self.link(Purpose::Report, wish, recipient);
        wish.details = self.link(Purpose::Details, wish, recipient);
    }

    /// The same for what arrives. An inquiry has no record, so nothing could be said about it later.
    pub(super) fn put_for(&self, wish: &mut Wish, arrival: &Arrival) {
        if !arrival.inquiry {
            let recipients = arrival.envelope.as_ref().map(|envelope| envelope.rcpt_to.as_slice());
            self.put(wish, recipients.unwrap_or_default());
        }
    }

    fn link(&self, what: Purpose, wish: &Wish, recipient: &str) -> Option<String> {
        let (record, recipient) = (wish.id.clone(), recipient.to_owned());
        let expires_at = wish.now.saturating_add(self.seconds);
        let token = self.tickets.token(&Ticket { what, record, recipient, expires_at })?;
        Some(format!("{}/t/{token}", self.url))
    }
}

#[cfg(test)]
mod tests {
    use sekisho_store::Key;

    use super::*;

    fn check(recipients: &[&str], inquiry: bool) -> Vec<Option<Ticket>> {
        let tickets = Key::from_bytes(&[1; 32]).tickets();
        let mut wish = Wish { id: "r1".into(), now: 100, ..Wish::default() };
        let rcpt_to = recipients.iter().map(|one| (*one).to_owned()).collect();
        let envelope = Some(sekisho_record::Envelope { rcpt_to, ..Default::default() });
        let links = Links::new(tickets.clone(), "https://mail.example/", 30);
        links.put_for(&mut wish, &Arrival { envelope, inquiry, ..Arrival::default() });
        let open = |(url, what): (Option<String>, _)| {
            let url = url?;
            let token = url.strip_prefix("https://mail.example/t/")?.to_owned();
            tickets.open(&token, what, 100 + 30 * 86_400 - 1).ok()
        };
        [(wish.report, Purpose::Report), (wish.details, Purpose::Details)].into_iter().map(open).collect()
    }

    #[test]
    fn a_link_is_for_the_one_recipient_or_for_nobody_in_particular() {
        let ticket = |what, recipient: &str| {
            let (record, recipient) = ("r1".to_owned(), recipient.to_owned());
            Some(Ticket { what, record, recipient, expires_at: 100 + 30 * 86_400 })
        };
        let both =
            |recipient: &str| vec![ticket(Purpose::Report, recipient), ticket(Purpose::Details, recipient)];
        assert_eq!(check(&["a@here.example"], false), both("a@here.example"));
        assert_eq!(check(&["a@here.example", "b@here.example"], false), both(ANYBODY));
        assert_eq!(check(&[], false), both(ANYBODY));
        assert_eq!(check(&["a@here.example"], true), [None, None]);
    }
}
