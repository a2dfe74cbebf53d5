//! Every Rust type that rules see, field by field, in the order of `model.schema`.

use sekisho_mail::{
    Attachment, AuthResults, Banner, BodyText, CompAuth, Defect, Dmarc, Domain, EmailAddress, Hop, HopField,
    Ip, IpTranslation, Link, Mailbox, PreviousThread, Received, Rewrite, Signature, Spf, Subject, Thread,
    ThreadRecipients, Url,
};
use sekisho_mql::value::Value;
use sekisho_record::evidence::{
    Authentication, Brand, Content, Identity, LinkFacts, Tenant, Transit, Unpack,
    attachment::{Found, Named, Opened},
    brand::Claim,
    content::Lure,
    link::Target,
    model::{
        AuthSummary, Body, BodyHtml, DmarcSummary, Headers, MailboxExtended, MessageType, Recipients, Sender,
        SpfSummary,
    },
};

use super::{Show, object, shape};

/// A member of `Received` that the model shows as an object with one member `raw`.
macro_rules! raw_member {
    ($name:ident, $shape:literal, $field:ident) => {
        #[derive(Clone, Copy)]
        struct $name<'e>(&'e Received);
        impl sekisho_mql::value::Object for $name<'_> {
            fn shape(&self) -> &'static str {
                $shape
            }
            fn field<'a>(&'a self, index: usize, arena: &'a sekisho_mql::value::Arena) -> Value<'a> {
                if index == 0 { self.0.$field.show(arena) } else { Value::Null }
            }
            fn identity(&self) -> usize {
                std::ptr::from_ref(self.0).addr()
            }
        }
    };
}

raw_member!(By, "ReceivedBy", server);
raw_member!(From, "ReceivedFrom", source);
raw_member!(With, "ReceivedWith", protocol);
raw_member!(Via, "ReceivedVia", link);
raw_member!(Id, "ReceivedID", id);
raw_member!(For, "ReceivedFor", mailbox);
raw_member!(Additional, "ReceivedAdditional", additional);

shape!(Domain, "Domain" {
    domain, punycode, root_domain, sld, subdomain, tld, valid, error = |_it, _arena| Value::Null,
});
shape!(Ip, "IP" { ip, translation, version });
shape!(IpTranslation, "IPTranslation" { original, v4_to_v6, encoders });
shape!(Url, "URL" {
    domain = |it, arena| if it.domain.domain.is_empty() { Value::Null } else { object(&it.domain, arena) },
    fragment, ip, password, path, port, query_params, query_params_decoded, rewrite, scheme, url, username,
});
shape!(Rewrite, "RewriteDetails" { encoders, original });
shape!(EmailAddress, "EmailAddress" {
    domain = |it, arena| object(&it.domain, arena), email, local_part,
});
shape!(Mailbox, "Mailbox" { display_name, email, embedded });
shape!(MailboxExtended, "MailboxExtended" { display_name, email, first_name, last_name });
shape!(Link, "Link" {
    display_text, display_url, href_url, mismatched, parser, visible, image_src, image_alt, current, prominent,
});
shape!(Attachment, "Attachment" {
    content_id, content_transfer_encoding, content_type, file_extension, file_name, file_type, md5,
    raw = |it, _arena| Value::Bytes(&it.raw), sha1, sha256, size, content_disposition,
} bytes raw);
shape!(AuthResults, "AuthResults" {
    compauth, dkim, dkim_details, dmarc, dmarc_details, instance, server, spf, spf_details,
    type = |it, _arena| Value::Str(&it.kind),
});
shape!(CompAuth, "CompAuth" { reason, verdict });
shape!(Dmarc, "DMARC" { action, disposition, from, policy, sub_policy, verdict, version });
shape!(Spf, "SPF" { client_ip, description, designator, helo, server, verdict });
shape!(Signature, "Signature" {
    algorithm, body_hash, domain, headers, instance, selector, signature,
    type = |it, _arena| Value::Str(&it.kind), version, verdict,
});
shape!(Hop, "Hop" { authentication_results, fields, index, received, received_spf, signature });
shape!(HopField, "HopField" { name, position, value });
shape!(Received, "Received" {
    additional = |it, arena| Value::Object(arena.alloc(Additional(it))),
    id = |it, arena| Value::Object(arena.alloc(Id(it))),
    link = |it, arena| Value::Object(arena.alloc(Via(it))),
    mailbox = |it, arena| Value::Object(arena.alloc(For(it))),
    protocol = |it, arena| Value::Object(arena.alloc(With(it))),
    server = |it, arena| Value::Object(arena.alloc(By(it))),
    source = |it, arena| Value::Object(arena.alloc(From(it))),
    time, zone_offset, helo, reverse_dns, ip,
});
shape!(Subject, "Subject" { base, is_forward, is_reply, subject, tags, is_auto_reply });
shape!(Thread, "Thread" { banners, links, preamble, text });
shape!(PreviousThread, "PreviousThread" {
    banners, date, index, links, preamble, recipients, sender, subject, text,
});
shape!(ThreadRecipients, "ThreadRecipients" { bcc, cc, to });
shape!(Banner, "Banner" { links, text });
shape!(BodyText, "Plain" {
    charset, content_transfer_encoding, links = |_it, _arena| Value::List(sekisho_mql::value::List::Values(&[])), raw,
} bytes raw);
shape!(BodyHtml, "BodyHTML" {
    charset, content_transfer_encoding,
    display_text = |it, _arena| Value::Str(&it.dom.display_text),
    inner_text = |it, _arena| Value::Str(&it.dom.inner_text),
    links, raw, hidden_text = |it, _arena| Value::Str(&it.dom.hidden_text),
} bytes raw);
shape!(Body, "Body" { current_thread, html, ips, links, plain, previous_threads });
shape!(MessageType, "MessageType" { inbound, internal, outbound });
shape!(Recipients, "Recipients" { bcc, cc, to });
shape!(Sender, "SenderMailbox" {
    decoders = |_it, _arena| Value::List(sekisho_mql::value::List::Values(&[])), display_name, email,
});
shape!(AuthSummary, "AuthSummary" { dmarc, spf });
shape!(DmarcSummary, "DMARCSummary" { details, error, pass, received_hop });
shape!(SpfSummary, "SPFSummary" { details, error, pass, received_hop });
shape!(Defect, "Defect" {
    kind = |it, arena| Value::Str(arena.alloc_str(&crate::name_of(&it.kind))), detail,
});
shape!(Headers, "Headers" {
    auth_summary, date, date_original_offset, delivered_to, domains,
    from = |_it, _arena| Value::Null,
    hops, in_reply_to, ips, mailer, message_id, references, reply_to, return_path, x_authenticated_domain,
    x_authenticated_sender, x_client_ip, x_originating_ip, x_secure_server_account, x_sender,
});

shape!(Identity, "Identity" {
    display_address, display_address_differs, display_domain, display_claims_recipient_org, display_is_recipient,
    display_is_colleague, display_is_vip, technical_mailbox, random_local_part, freemail, reply_to_differs,
    reply_to_freemail, reply_to, display_disguised, display_folded, sender_is_recipient, recipients_hidden,
    lookalike_of, lookalike_kind, author_is_org,
});
shape!(Authentication, "Authentication" {
    source, server, spf, dkim, dmarc, arc, policy, aligned, domains, root_domains, dkim_domains, spf_domain, failed,
    in_order, arc_sealer,
});
shape!(Transit, "Transit" {
    hops, submission, first_server, origin_ip, sending_root_domain, sending_host, exchange_internal,
    exchange_claims_internal, date_skew_seconds, mailing_list, bulk, list_unsubscribe, auto_submitted, bounce,
    reply_headers, conversation, conversation_replies,
});
shape!(Tenant, "Tenant" {
    esp, account, account_from, corroborated, evidence, via, claimed, forged, customer_domain,
});
shape!(LinkFacts, "LinkFacts" {
    targets, root_domains, main, wrapped, opaque, all_own, none_own, mailto, tel,
});
shape!(Target, "Target" {
    url, host, root_domain, display, wrappers, wrapper_host, opaque, account, esp, own, ip_host, shortener, free_host,
    punycode, suspicious_tld, contains_recipient, seven_digits, download, userinfo, mismatched, lookalike_of,
    random_host, prominent, open_redirect, auxiliary,
});
shape!(Content, "Content" {
    language, lures, words, lines, visible_chars, hidden_chars, hidden_text, zero_width, confusables, image_only,
    images, phone_numbers, wallets, bank_accounts, archive_password, amounts, generic_greeting,
    names_recipient_address, subject_names_recipient, reply_without_thread, quotes_thread, quoted_includes_author,
    quoted_includes_recipient, quoted_link_root_domains, language_differs_from_thread, form, password_field, script,
    hash_busting, attention_marks, shouting, unsubscribe,
});
shape!(Lure, "Lure" { name, weight, in_subject, language, phrases });
shape!(Brand, "Brand" { claims, claimed, sender_owns, links_own, links_leave, sender_brand });
shape!(Claim, "Claim" {
    brand, sector, strength, surfaces, text, disguised, sender_owns, author_owns, links_own, links_all_own,
});
shape!(Unpack, "Unpack" { verdict, files, findings, indicators });
shape!(Opened, "UnpackFile" {
    name, extension, kind, declared, path, relation, depth, size, sha256, listed_only, hidden, findings, text,
});
shape!(Found, "UnpackFinding" { id, severity, location, evidence, derived, kind, file });
shape!(Named, "UnpackIndicator" { kind, value, path });

/// Calls a generic function with every bound type.
#[cfg(test)]
macro_rules! each_bound {
    ($f:ident) => {{
        use sekisho_mail as m;
        use sekisho_record::evidence as e;
        $f::<m::Domain>();
        $f::<m::Ip>();
        $f::<m::IpTranslation>();
        $f::<m::Url>();
        $f::<m::Rewrite>();
        $f::<m::EmailAddress>();
        $f::<m::Mailbox>();
        $f::<m::Link>();
        $f::<m::Attachment>();
        $f::<m::AuthResults>();
        $f::<m::CompAuth>();
        $f::<m::Dmarc>();
        $f::<m::Spf>();
        $f::<m::Signature>();
        $f::<m::Hop>();
        $f::<m::HopField>();
        $f::<m::Received>();
        $f::<m::Subject>();
        $f::<m::Thread>();
        $f::<m::PreviousThread>();
        $f::<m::ThreadRecipients>();
        $f::<m::Banner>();
        $f::<m::BodyText>();
        $f::<m::Defect>();
        $f::<e::model::BodyHtml>();
        $f::<e::model::Body>();
        $f::<e::model::MessageType>();
        $f::<e::model::Recipients>();
        $f::<e::model::Sender>();
        $f::<e::model::AuthSummary>();
        $f::<e::model::DmarcSummary>();
        $f::<e::model::SpfSummary>();
        $f::<e::model::Headers>();
        $f::<e::model::MailboxExtended>();
        $f::<e::Identity>();
        $f::<e::Authentication>();
        $f::<e::Transit>();
        $f::<e::Tenant>();
        $f::<e::LinkFacts>();
        $f::<e::link::Target>();
        $f::<e::Content>();
        $f::<e::content::Lure>();
        $f::<e::Brand>();
        $f::<e::brand::Claim>();
        $f::<e::Unpack>();
        $f::<e::attachment::Opened>();
        $f::<e::attachment::Found>();
        $f::<e::attachment::Named>();
        $f::<e::Correspondence>();
        $f::<e::correspondence::Standing>();
        $f::<e::correspondence::Opinions>();
        $f::<e::correspondence::Deviation>();
        $f::<e::Thread>();
        $f::<e::Behaviour>();
        $f::<e::behaviour::Pace>();
        $f::<e::behaviour::TenantPace>();
    }};
}
#[cfg(test)]
pub(crate) use each_bound;
