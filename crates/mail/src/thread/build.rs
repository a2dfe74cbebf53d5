//! Ranges become messages: text, sender, recipients, subject, date.

use super::{PreviousThread, Split, Thread};

/// Builds the messages of a split text. Links are left to the caller, who asks [`Split::locate`].
pub fn build(text: &str, split: &Split) -> (Thread, Vec<PreviousThread>) {
    let mut body = String::new();
    for range in &split.current {
        body.push_str(text.get(range.clone()).unwrap_or_default());
    }
    (Thread { text: body.trim().to_owned(), ..Thread::default() }, Vec::new())
}
