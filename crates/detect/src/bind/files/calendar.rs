//! Calendars: `scan.ics`, `beta.file.parse_ics`.

use sekisho_mail::Mailbox;
use sekisho_mql::value::{Arena, Outcome, Value};
use sekisho_unpack::{
    File,
    facts::{Calendar, Component},
};

use super::{
    super::{Show, functions::html, object},
    EvidenceHost, answer,
    made::{int, list, made, pairs, text},
    node::Node,
    urls,
};

/// `Scan.ICS`.
pub(super) fn scan<'a>(node: &'a Node<'a>, file: &'a File) -> Value<'a> {
    let Some(calendar) = &file.facts.calendar else { return Value::Null };
    let arena = node.arena;
    let shown = made(
        arena,
        "Scan.ICSCalendar",
        &[
            ("calscale", text(&calendar.scale)),
            ("components", list(arena, calendar.components.iter().map(|c| component(c, arena)))),
            ("method", text(&calendar.method)),
            ("prodid", text(&calendar.product_id)),
            ("version", text(&calendar.version)),
        ],
    );
    made(
        arena,
        "Scan.ICS",
        &[
            ("calendars", list(arena, [shown])),
            ("flags", list(arena, [])),
            ("total", totals(calendar, node)),
            ("total_extracted", int(node.children)),
            ("total_files", int(node.children)),
        ],
    )
}

fn totals<'a>(calendar: &Calendar, node: &'a Node<'a>) -> Value<'a> {
    let named = |name: &str| int(calendar.components.iter().filter(|c| c.name == name).count());
    let having = |name: &str| {
        let all = calendar.components.iter().flat_map(|c| &c.properties);
        int(all.filter(|(n, _)| n == name).count())
    };
    made(
        node.arena,
        "Scan.ICSTotal",
        &[
            ("alarms", named("VALARM")),
            ("attachments", having("ATTACH")),
            ("attendees", having("ATTENDEE")),
            ("components", int(calendar.components.len())),
            ("events", named("VEVENT")),
            ("extracted_files", int(node.children)),
            ("journals", named("VJOURNAL")),
            ("organizers", having("ORGANIZER")),
            ("timezones", named("VTIMEZONE")),
            ("todos", named("VTODO")),
            ("urls", int(calendar.components.iter().map(|c| c.urls.len()).sum::<usize>())),
        ],
    )
}

fn property<'c>(component: &'c Component, name: &str) -> Option<&'c str> {
    component.properties.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

fn all<'c>(component: &'c Component, name: &'static str) -> impl Iterator<Item = &'c str> {
    component.properties.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
}

fn component<'a>(component: &'a Component, arena: &'a Arena) -> Value<'a> {
    let mut fields: Vec<(&str, Value<'a>)> = [
        ("class", "CLASS"),
        ("created", "CREATED"),
        ("description", "DESCRIPTION"),
        ("dtend", "DTEND"),
        ("dtstamp", "DTSTAMP"),
        ("dtstart", "DTSTART"),
        ("duration", "DURATION"),
        ("last_modified", "LAST-MODIFIED"),
        ("location", "LOCATION"),
        ("priority", "PRIORITY"),
        ("sequence", "SEQUENCE"),
        ("status", "STATUS"),
        ("summary", "SUMMARY"),
        ("transp", "TRANSP"),
        ("uid", "UID"),
    ]
    .into_iter()
    .map(|(field, name)| (field, Value::opt_str(property(component, name))))
    .collect();
    let person =
        |shape: &'static str| move |value: &'a str| made(arena, shape, &[("mailbox", mailbox(value, arena))]);
    let (addresses, _) = urls::sort(arena, component.urls.iter().map(String::as_str));
    fields.extend([
        ("type", Value::Str(component.name.as_str())),
        ("attachments", list(arena, all(component, "ATTACH").map(|value| attachment(value, arena)))),
        ("attendees", list(arena, all(component, "ATTENDEE").map(person("Scan.ICSAttendee")))),
        ("organizers", list(arena, all(component, "ORGANIZER").map(person("Scan.ICSOrganizer")))),
        ("urls", addresses),
    ]);
    made(arena, "Scan.ICSComponent", &fields)
}

/// `mailto:a@b.example`.
fn mailbox<'a>(value: &str, arena: &'a Arena) -> Value<'a> {
    let scheme = value.get(..7).filter(|s| s.eq_ignore_ascii_case("mailto:"));
    let address = scheme.and_then(|s| value.get(s.len()..)).unwrap_or(value).trim();
    let email = sekisho_mail::EmailAddress::parse(address);
    object(arena.keep(Mailbox { email, ..Mailbox::default() }), arena)
}

/// A file in the calendar, or the address of one.
fn attachment<'a>(value: &'a str, arena: &'a Arena) -> Value<'a> {
    let uri = value.contains(':');
    made(
        arena,
        "Scan.ICSAttachment",
        &[
            ("extracted", Value::Bool(false)),
            ("type", Value::Str(if uri { "uri" } else { "binary" })),
            ("uri", Value::opt_str(Some(value).filter(|_| uri))),
        ],
    )
}

/// `beta.file.parse_ics(file)`; null for what is no calendar.
pub(in crate::bind) fn parse_ics<'a>(
    host: &EvidenceHost<'a>,
    args: &[Value<'a>],
    arena: &'a Arena,
) -> Outcome<'a> {
    answer(host, args, arena, |subject| {
        let Some(calendar) = &subject.file.facts.calendar else { return Value::Null };
        let events = calendar.components.iter().filter(|c| c.name == "VEVENT").map(|c| event(c, arena));
        made(
            arena,
            "ICS",
            &[
                ("events", list(arena, events)),
                ("product_id", text(&calendar.product_id)),
                ("scale", text(&calendar.scale)),
            ],
        )
    })
}

fn event<'a>(event: &'a Component, arena: &'a Arena) -> Value<'a> {
    let description = property(event, "DESCRIPTION");
    let markup = property(event, "X-ALT-DESC").or(description.filter(|d| urls::is_html(d)));
    let mut links = Vec::new();
    for (_, value) in &event.properties {
        for link in urls::links(value) {
            let mail = link.href_url.scheme.as_deref() == Some("mailto");
            if !mail && !links.iter().any(|l: &sekisho_mail::Link| l.href_url == link.href_url) {
                links.push(link);
            }
        }
    }
    made(
        arena,
        "ICSEvent",
        &[
            ("links", arena.keep(links).show(arena)),
            ("raw_properties", pairs(arena, event.properties.iter().map(|(k, v)| (k.as_str(), v.as_str())))),
            ("description", Value::opt_str(description)),
            ("description_html", markup.map_or(Value::Null, |m| html(m.to_owned(), arena))),
        ],
    )
}
