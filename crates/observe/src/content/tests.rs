//! What fires, beside a twin that stays silent.

use sekisho_mail::Message;
use sekisho_record::{Submission, evidence::Content};

use super::{fold, language, lexicon};
use crate::{Answers, Context, Knowledge};

fn message(subject: &str, text: &str) -> Message {
    let (current_thread, previous_threads) = sekisho_mail::thread::split(Some(text), None);
    let subject = sekisho_mail::subject::parse(Some(subject));
    Message { subject, current_thread, previous_threads, ..Message::default() }
}

fn content(message: Message) -> Content {
    let submission = Submission::from_bytes(b"");
    crate::observe(message, &submission, &Answers::default(), &Context::default(), &Knowledge::default())
        .content
}

#[track_caller]
fn lure(subject: &str, text: &str) -> Vec<(String, i64)> {
    let found = content(message(subject, text));
    found.lures.into_iter().filter(|l| l.weight >= 60).map(|l| (l.name, l.weight)).collect()
}

#[test]
fn files_are_well_formed_and_full() {
    for (name, phrases) in lexicon::check_files() {
        assert!(phrases >= 30, "{name}: {phrases}");
    }
}

#[test]
fn lures_fire_in_many_languages() {
    for (name, text) in [
        ("credentials", "Please VERIFY your   account to avoid closure"),
        ("credentials", "Ihr Passwort läuft ab"),
        ("credentials", "【重要】ご本人様確認のお願い"),
        ("bank_change", "Please hold the payment,\n our usual account cannot be used"),
        (
            "bank_change",
            "our account with them was since Monday under audit? No: account is frozen, so no invoice",
        ),
        ("bank_change", "pay into these new bank details from now on"),
        ("bank_change", "The remittance instructions have been amended."),
        ("bank_change", "Updated payment details: GB29 NWBK 6016"),
        ("bank_change", "Überweisen Sie den offenen Betrag bitte ab sofort dorthin"),
        ("bank_change", "abbiamo cambiato banca"),
        ("bank_change", "nouvel IBAN : FR7630006"),
        ("mailbox", "You have 6 pending incoming messages"),
        ("tax", "Há irregularidades no seu CPF junto à Receita Federal"),
        ("fine", "Sua CNH será suspensa"),
        ("parcel", "Votre colis est en attente de livraison"),
        ("prize", "Congratulations! You have been selected"),
        ("prize", "恭喜您中奖"),
        ("extortion", "I recorded you through your webcam"),
        ("advance_fee", "as the next of kin to my late client"),
        ("bank_change", "Please note that our bank details have changed"),
        ("callback", "If you did not authorize this charge, call us"),
        ("crypto", "Enter your recovery phrase"),
        ("account_locked", "Twoje konto zostało zablokowane"),
    ] {
        assert!(
            lure("", text).iter().any(|(found, _)| found == name),
            "{name}: {text}: {:?}",
            lure("", text)
        );
    }
}

#[test]
fn ordinary_words_stay_silent() {
    for text in [
        "Could you verify the patch on your account of the test machine? I will push it on Monday.",
        "The mailbox driver locks the queue before the interrupt handler runs.",
        "We selected the parser that you recommended; congratulations on the release.",
        "Das Konto haben wir im Bericht erwähnt, Grüße aus Köln",
        "来週の会議の資料を送ります。よろしくお願いします。",
    ] {
        assert_eq!(lure("", text), [], "{text}");
    }
}

/// A phrase with gaps needs all its parts, each near enough.
#[test]
fn a_change_of_bank_needs_all_its_parts() {
    let bank = |text: &str| lure("", text).iter().any(|(name, _)| name == "bank_change");
    let far = "and so on and on ".repeat(12);
    for text in [
        "Please hold the payment until Monday.".to_owned(),
        format!("Please hold the payment {far} account"),
        "Please hold the payment in the subaccount".to_owned(),
        "My account was closed for the weekend.".to_owned(),
        "You can use these details as an example.".to_owned(),
        "The payment details have not been changed.".to_owned(),
        "Updated details: see page GB2".to_owned(),
        "Bitte überweisen Sie den Betrag wie bisher.".to_owned(),
    ] {
        assert!(!bank(&text), "{text}");
    }
    // The first words of the chain need not be the right ones.
    assert!(bank("use the account details below"));
    assert!(bank("the account manager left; your account is closed, send payments elsewhere"));
}

#[test]
fn disguises_are_folded() {
    let folded = |text: &str| fold::fold(text).text;
    assert_eq!(folded("Vеrify\u{200b} yоur Accоunt"), "verify your account");
    assert_eq!(folded("ＶＥＲＩＦＹ"), "verify");
    assert_eq!(folded("𝐕𝐞𝐫𝐢𝐟𝐲"), "verify");
    assert_eq!(folded("Grüße,\u{a0}\n\t Łódź"), "grusse, lodz");
    assert_eq!(folded("привет"), "привет");
    assert_eq!(fold::fold("pa\u{200b}ss").zero_width, 1);
    assert_eq!(fold::fold("аррle").confusables, 3);
    assert_eq!(fold::fold("привет мир").confusables, 0);
}

#[test]
fn a_word_must_end_where_the_phrase_ends() {
    assert!(lure("", "the unpaid tolls").is_empty());
    assert!(!lure("", "the unpaid toll").is_empty());
}

#[test]
fn languages() {
    for (expected, text) in [
        ("en", "Please have a look at the document and tell me if this is all you need"),
        ("de", "Bitte sehen Sie sich die Datei an und sagen Sie mir, ob das für Sie so ist"),
        ("fr", "Nous vous prions de bien vouloir regarder le document pour votre dossier"),
        ("pt", "Você precisa atualizar seus dados para que sua conta não seja bloqueada"),
        ("es", "Por favor revise el documento que le enviamos para su cuenta"),
        ("ja", "資料をご確認ください。よろしくお願いいたします。"),
        ("zh", "请查看附件中的文件并尽快回复我们，谢谢。"),
        ("ru", "Пожалуйста, посмотрите документ во вложении"),
        ("ko", "첨부된 문서를 확인해 주세요"),
        ("nl", "Bekijk het document dat wij u hebben gestuurd en laat ons weten of het zo is"),
        ("pl", "Proszę o sprawdzenie dokumentu, który jest w załączniku, i odpowiedź do jutra"),
    ] {
        assert_eq!(language::of(&fold::fold(text).text).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(language::of("ok"), None);
}

#[test]
fn numbers() {
    let found = content(message(
        "",
        "Call our helpline +1 (888) 555-0142 now. Order 123456789012 of 2024-01-05 10:30.",
    ));
    assert_eq!(found.phone_numbers, ["+1 (888) 555-0142"]);
    let found = content(message("", "Our office moved. The part number is +1 888 555 0142."));
    assert_eq!(found.phone_numbers, Vec::<String>::new());
    let found = content(message("", "Send to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq within 48 hours"));
    assert_eq!(found.wallets.len(), 1);
    let found = content(message(
        "",
        "IBAN: DE89 3704 0044 0532 0130 00, not DE88370400440532013000. $500 and 20 EUR",
    ));
    assert_eq!((found.bank_accounts, found.amounts), (vec!["DE89370400440532013000".to_owned()], 2));
}

#[test]
fn archive_passwords() {
    for text in [
        "Please see the attached archive. Password: 7741",
        "添付ファイルのパスワードは「3312」です",
        "Das Passwort für die Datei ist: 9981",
        "The documents are packed, password: infected",
        "See the attached file.\nArchive password: \"summer\"\nRegards",
        "Datei im Anhang.\nKennwort: Sonne.\nGruß",
    ] {
        assert!(content(message("", text)).archive_password, "{text}");
    }
    for text in [
        "Reset your password: follow the steps in 3 days",
        "The file is attached. We changed the password policy.",
        "See the attached file.\nPassword: required\nRegards",
        "The file is attached. Forgot your password: click below to reset",
        "Password: summer",
    ] {
        assert!(!content(message("", text)).archive_password, "{text}");
    }
}

#[test]
fn greetings_and_recipients() {
    let to = |text: &str, subject: &str| {
        let mut message = message(subject, text);
        message.to = vec![sekisho_mail::Mailbox {
            email: sekisho_mail::EmailAddress::parse("bob.smith@corp.example"),
            ..Default::default()
        }];
        content(message)
    };
    assert!(to("Dear customer,\nplease", "").generic_greeting);
    assert!(to("Dear bob.smith,\nplease", "").generic_greeting);
    assert!(to("Hello bob.smith@corp.example\nplease", "").names_recipient_address);
    assert!(to("x", "bob.smith@corp.example has 3 messages").subject_names_recipient);
    let fine = to("Dear Bob,\nsee you on Monday", "Monday");
    assert!(!fine.generic_greeting && !fine.names_recipient_address && !fine.subject_names_recipient);
}

#[test]
fn replies_and_their_people() {
    assert!(content(message("Re: order", "see link")).reply_without_thread);
    let mut known = message(
        "Re: order",
        "ok\n\nOn Fri, Jan 5, 2024 at 10:30 AM Eva Muster <eva@firm.example> wrote:\n> hello\n> there",
    );
    let eva = sekisho_mail::Mailbox {
        email: sekisho_mail::EmailAddress::parse("eva@firm.example"),
        ..Default::default()
    };
    known.authors = vec![eva.clone()];
    known.author = Some(eva);
    let found = content(known);
    assert!(!found.reply_without_thread && found.quotes_thread);
    assert_eq!((found.quoted_includes_author, found.quoted_includes_recipient), (Some(true), None));
}

#[test]
fn a_quote_that_names_only_its_sender_tells_nothing_about_others() {
    let found = |quote: &str| {
        let mut message = message("Re: order", &format!("ok\n\n{quote}\n\nhello\nthere"));
        let bob = sekisho_mail::Mailbox {
            email: sekisho_mail::EmailAddress::parse("bob@corp.example"),
            ..Default::default()
        };
        message.authors = vec![bob.clone()];
        message.author = Some(bob);
        content(message).quoted_includes_author
    };
    assert_eq!(found("On Fri, Jan 5, 2024 at 10:30 AM Eva Muster <eva@firm.example> wrote:"), None);
    let block =
        "From: Eva Muster <eva@firm.example>\nSent: Friday, January 5, 2024 10:30 AM\nSubject: order\nTo: ";
    assert_eq!(found(&format!("{block}Ann <ann@firm.example>")), Some(false));
    assert_eq!(found(&format!("{block}Bob <bob@corp.example>")), Some(true));
}

#[test]
fn a_lists_tag_is_no_name_of_the_recipient() {
    let to_list = |fields: &str, subject: &str| {
        let raw = format!(
            "From: Eva <eva@firm.example>\r\nTo: sailors@lists.example\r\nSubject: {subject}\r\n{fields}\r\nhello\r\n"
        );
        let submission = Submission::from_bytes(raw.as_bytes());
        let message = sekisho_mail::parse(raw.as_bytes());
        crate::observe(message, &submission, &Answers::default(), &Context::default(), &Knowledge::default())
            .content
            .subject_names_recipient
    };
    for fields in [
        "List-Post: <mailto:sailors@lists.example>\r\n",
        "List-Id: Those who sail <sailors.lists.example>\r\n",
        "Mailing-List: contact sailors-help@lists.example; run by ezmlm\r\nX-BeenThere: sailors@lists.example\r\n",
    ] {
        assert!(!to_list(fields, "[sailors] Meeting"), "{fields}");
        assert!(to_list(fields, "[sailors] sailors: your mailbox"), "{fields}");
    }
    assert!(to_list("", "[sailors] Meeting"));
    assert!(to_list("List-Id: <others.lists.example>\r\n", "[sailors] Meeting"));
}

#[test]
fn marks_in_the_subject() {
    assert!(content(message("⚠ Account notice", "x")).attention_marks);
    assert!(content(message("YOUR ACCOUNT IS CLOSED", "x")).shouting);
    assert!(content(message("Notice x7Kd92mQ4zR1", "x")).hash_busting);
    let plain = content(message("Meeting on Monday, order AB12345678", "x"));
    assert!(!plain.attention_marks && !plain.shouting && !plain.hash_busting);
}
