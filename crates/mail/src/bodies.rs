//! Joins the bodies: the tree of the HTML, the newest message apart from what it quotes, and the links of each.

use rustc_hash::FxHashSet;

use crate::{
    Html, Link, Message, PreviousThread, Thread,
    html::{Quote, QuoteKind},
    limits,
    thread::{self, Mark, MarkKind, Place, Split},
    urlfind,
};

/// Fills `dom`, the threads and every list of links from the decoded bodies.
pub(crate) fn read(message: &mut Message) {
    message.dom = message.html.as_ref().map(|html| Html::parse(&html.raw));
    let plain = message.plain.as_ref().map(|p| p.raw.as_str()).unwrap_or_default();
    let shown = message.dom.as_ref().filter(|dom| !dom.display_text.trim().is_empty());
    let (text, marks) = match shown {
        Some(dom) => (dom.display_text.as_str(), marks(&dom.quotes)),
        None => (plain, Vec::new()),
    };
    let split = thread::split_marked(text, &marks);
    let (mut current, mut previous) = thread::build(text, &split);
    let mut links = Links::default();
    for link in message.dom.iter().flat_map(|dom| &dom.links) {
        let place = link.text_offset.map_or(Place::Current, |at| split.locate(at as usize));
        links.add(link.clone(), place, &mut current, &mut previous);
    }
    let own = shown.is_none().then_some(&split);
    links.add_plain(plain, own, &mut current, &mut previous);
    message.links = links.all;
    message.current_thread = current;
    message.previous_threads = previous;
}

/// Where quote containers stand in the display text.
fn marks(quotes: &[Quote]) -> Vec<Mark> {
    let mut out = Vec::with_capacity(quotes.len());
    for quote in quotes {
        let (start, end) = (quote.start as usize, quote.end as usize);
        let mut mark = |offset, kind| out.push(Mark { offset, kind });
        match quote.kind {
            QuoteKind::Cite => {
                mark(start, MarkKind::QuoteStart);
                mark(end, MarkKind::QuoteEnd);
            }
            // Newsletters and people quote books with it.
            QuoteKind::Blockquote => {}
            _ => mark(start, MarkKind::Reply),
        }
    }
    out.sort_by_key(|mark| mark.offset);
    out
}

/// Links as they are collected; one that opens and shows the same twice is listed once.
#[derive(Default)]
struct Links {
    all: Vec<Link>,
    seen: FxHashSet<(String, Option<String>)>,
    targets: FxHashSet<String>,
}

impl Links {
    fn add(&mut self, mut link: Link, place: Place, current: &mut Thread, previous: &mut [PreviousThread]) {
        // An address that somebody only wrote down (in a signature, a quoted header) opens nothing.
        let address = link.parser == "plain" && link.href_url.scheme.as_deref() == Some("mailto");
        if address || self.all.len() >= limits::LINKS_MAX {
            return;
        }
        link.current = place == Place::Current;
        let mine = match place {
            Place::Current => Some(&mut current.links),
            Place::Banner(index) => current.banners.get_mut(index).map(|b| &mut b.links),
            Place::Quoted(index) => previous.get_mut(index).map(|p| &mut p.links),
        };
        let shown = link.display_text.clone().or_else(|| link.display_url.as_ref().map(|u| u.url.clone()));
        let key = (link.href_url.url.clone(), shown);
        self.targets.insert(link.href_url.url.clone());
        if self.seen.insert(key) {
            if let Some(list) = mine {
                list.push(link.clone());
            }
            self.all.push(link);
            return;
        }
        // Seen before: it may still be new to its thread, and the newest message counts more than the quoted ones.
        let same = |l: &&mut Link| l.href_url.url == link.href_url.url && l.display_text == link.display_text;
        if let Some(list) = mine
            && !list.iter_mut().any(|l| same(&l))
        {
            list.push(link.clone());
        }
        if link.current
            && let Some(known) = self.all.iter_mut().find(same)
        {
            known.current = true;
        }
    }

    /// URLs of the plain body that the HTML does not have. `own` is the split of that text, when it was split.
    fn add_plain(
        &mut self,
        text: &str,
        own: Option<&Split>,
        current: &mut Thread,
        previous: &mut [PreviousThread],
    ) {
        let mut late: Option<Split> = None;
        for found in urlfind::find(text) {
            if own.is_none() && self.targets.contains(&found.url.url) {
                continue;
            }
            let split = match own {
                Some(split) => split,
                None => late.get_or_insert_with(|| thread::split_text(text)),
            };
            let place = match split.locate(found.range.start) {
                // The two bodies are split apart from each other: only the newest message is known to be the same.
                Place::Quoted(index) if own.is_none() && index >= previous.len() => Place::Quoted(usize::MAX),
                Place::Banner(_) if own.is_none() => Place::Banner(usize::MAX),
                place => place,
            };
            let link = Link {
                href_url: found.url,
                parser: "plain".to_owned(),
                visible: own.is_some(),
                ..Link::default()
            };
            self.add(link, place, current, previous);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;

    /// The URLs of all links, those of the newest message, and those of the first quoted one.
    fn check(body: &str, all: &[&str], current: &[&str], quoted: &[&str]) {
        let message = parse(format!("From: a@x.example\r\n{body}").as_bytes());
        let urls = |links: &[crate::Link]| links.iter().map(|l| l.href_url.url.clone()).collect::<Vec<_>>();
        assert_eq!(urls(&message.links), all);
        assert_eq!(urls(&message.current_thread.links), current);
        assert_eq!(message.previous_threads.first().map(|p| urls(&p.links)).unwrap_or_default(), quoted);
        let marked: Vec<_> =
            message.links.iter().filter(|l| l.current).map(|l| l.href_url.url.as_str()).collect();
        assert_eq!(marked, current);
    }

    #[test]
    fn plain_links_belong_to_their_message() {
        check(
            "\r\nSee https://new.example/a\r\n\r\nOn Mon, 1 Jan 2024 at 10:00, Bob <b@y.example> wrote:\r\n> Look at https://old.example/b\r\n",
            &["https://new.example/a", "https://old.example/b"],
            &["https://new.example/a"],
            &["https://old.example/b"],
        );
    }

    #[test]
    fn html_links_belong_to_their_message_and_stand_once() {
        check(
            "Content-Type: text/html\r\n\r\n<p><a href=\"https://new.example/a\">press</a> <a href=\"https://new.example/a\">press</a></p><div class=gmail_quote><div class=gmail_attr>On Mon, 1 Jan 2024 at 10:00, Bob &lt;b@y.example&gt; wrote:<br></div><blockquote class=gmail_quote><a href=\"https://old.example/b\">here</a></blockquote></div>",
            &["https://new.example/a", "https://old.example/b"],
            &["https://new.example/a"],
            &["https://old.example/b"],
        );
    }

    #[test]
    fn the_plain_alternative_adds_only_what_the_html_lacks() {
        check(
            "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nhttps://same.example/ https://only.example/\r\n--b\r\nContent-Type: text/html\r\n\r\n<a href=\"https://same.example/\">x</a>\r\n--b--\r\n",
            &["https://same.example/", "https://only.example/"],
            &["https://same.example/", "https://only.example/"],
            &[],
        );
    }
}
