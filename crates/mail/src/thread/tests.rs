//! Client styles × languages, and twins that must stay whole.

use super::{HtmlView, Mark, MarkKind, signature_start, split, split_text};

/// 2024-01-05 10:30:00 UTC.
const AT: i64 = 1_704_450_600;
/// The same day at midnight.
const DAY: i64 = AT - 37_800;

/// Splits and compares the newest text, the first quoted sender (name or address), date and text.
#[track_caller]
fn check(name: &str, input: &str, current: &str, sender: &str, date: i64, text: &str) {
    let (thread, previous) = split(Some(input), None);
    assert_eq!(thread.text, current, "{name}: newest text");
    let first = previous.first().unwrap_or_else(|| panic!("{name}: nothing split off"));
    let found = first.sender.clone().unwrap_or_default();
    let shown = format!("{}|{}", found.display_name.unwrap_or_default(), found.email.email);
    assert_eq!(shown, sender, "{name}: sender of {:?}", first.preamble);
    assert_eq!(first.date, Some(date), "{name}: date of {:?}", first.preamble);
    assert_eq!(first.text, text, "{name}: quoted text");
}

#[track_caller]
fn whole(name: &str, input: &str) {
    let (thread, previous) = split(Some(input), None);
    assert_eq!(previous.len(), 0, "{name}: {:?}", previous.first().map(|p| (&p.preamble, &p.text)));
    assert_eq!(thread.text, input.trim(), "{name}");
}

const EVA: &str = "Eva Muster|eva@firm.example";

/// One-line attributions, followed by `>` quoting and, where the line alone is proof enough, by nothing.
#[test]
fn attributions() {
    let lines = [
        ("gmail en", "On Fri, Jan 5, 2024 at 10:30 AM Eva Muster <eva@firm.example> wrote:"),
        ("gmail de", "Am Fr., 5. Jan. 2024 um 10:30 Uhr schrieb Eva Muster <eva@firm.example>:"),
        ("gmail fr", "Le ven. 5 janv. 2024 à 10:30, Eva Muster <eva@firm.example> a écrit :"),
        ("gmail es", "El vie, 5 ene 2024 a las 10:30, Eva Muster (<eva@firm.example>) escribió:"),
        ("gmail pt", "Em sex., 5 de jan. de 2024 às 10:30, Eva Muster <eva@firm.example> escreveu:"),
        ("gmail it", "Il giorno ven 5 gen 2024 alle ore 10:30 Eva Muster <eva@firm.example> ha scritto:"),
        ("gmail nl", "Op vr 5 jan 2024 om 10:30 schreef Eva Muster <eva@firm.example>:"),
        ("gmail sv", "Den fre 5 jan. 2024 kl 10:30 skrev Eva Muster <eva@firm.example>:"),
        ("gmail da", "Den fre. 5. jan. 2024 kl. 10.30 skrev Eva Muster <eva@firm.example>:"),
        ("gmail no", "fre. 5. jan. 2024 kl. 10:30 skrev Eva Muster <eva@firm.example>:"),
        ("gmail pl", "pt., 5 sty 2024 o 10:30 Eva Muster <eva@firm.example> napisał(a):"),
        ("gmail fi", "pe 5. tammik. 2024 klo 10.30 Eva Muster (eva@firm.example) kirjoitti:"),
        ("gmail cs", "pá 5. 1. 2024 v 10:30 odesílatel Eva Muster <eva@firm.example> napsal:"),
        ("gmail ru", "пт, 5 янв. 2024 г. в 10:30, Eva Muster <eva@firm.example>:"),
        ("gmail tr", "Eva Muster <eva@firm.example>, 5 Oca 2024 Cum, 10:30 tarihinde şunu yazdı:"),
        ("gmail ja", "2024年1月5日(金) 10:30 Eva Muster <eva@firm.example>:"),
        ("gmail zh-cn", "Eva Muster <eva@firm.example> 于2024年1月5日周五 10:30写道："),
        ("gmail zh-tw", "Eva Muster <eva@firm.example> 於 2024年1月5日 週五 上午10:30寫道："),
        ("gmail ko", "2024년 1월 5일 (금) 오전 10:30, Eva Muster <eva@firm.example>님이 작성:"),
        ("gmail ro", "În vin., 5 ian. 2024 la 10:30, Eva Muster <eva@firm.example> a scris:"),
        ("apple en", "On 5 Jan 2024, at 10:30, Eva Muster <eva@firm.example> wrote:"),
        ("apple de", "Am 05.01.2024 um 10:30 schrieb Eva Muster <eva@firm.example>:"),
        ("apple ja", "2024/01/05 10:30、Eva Muster <eva@firm.example>のメール:"),
        ("outlook mac", "On 1/5/24, 10:30 AM, \"Eva Muster\" <eva@firm.example> wrote:"),
        ("yahoo", "On Friday, January 5, 2024, 10:30:00 AM GMT, Eva Muster <eva@firm.example> wrote:"),
        ("netease", "在 2024-01-05 10:30:00，\"Eva Muster\" <eva@firm.example> 写道："),
        ("mail.ru", "Пятница, 5 января 2024, 10:30 +00:00 от Eva Muster <eva@firm.example>:"),
        ("yandex", "05.01.2024, 10:30, \"Eva Muster\" <eva@firm.example>:"),
        ("japanese", "On 2024/01/05 10:30 に、Eva Muster <eva@firm.example> は書きました:"),
    ];
    for (name, line) in lines {
        let quoted = format!("Hello Bob\n\n{line}\n\n> quoted words\n> more words\n");
        check(name, &quoted, "Hello Bob", EVA, AT, "quoted words\nmore words");
        let flat = format!("Hello Bob\n\n{line}\n\nquoted words\n");
        check(&format!("{name} flat"), &flat, "Hello Bob", EVA, AT, "quoted words");
    }
}

#[test]
fn attributions_without_address() {
    let quote = "\n> quoted words\n> more words";
    let lines = [
        ("thunderbird en", "On 05/01/2024 10:30, Eva Muster wrote:", AT),
        ("thunderbird de", "Am 05.01.2024 um 10:30 schrieb Eva Muster:", AT),
        ("thunderbird fr", "Le 05/01/2024 à 10:30, Eva Muster a écrit :", AT),
        ("thunderbird es", "El 5/1/24 a las 10:30, Eva Muster escribió:", AT),
        ("thunderbird it", "Il 05/01/2024 10:30, Eva Muster ha scritto:", AT),
        ("thunderbird nl", "Op 05-01-2024 om 10:30 schreef Eva Muster:", AT),
        ("thunderbird sv", "Den 2024-01-05 kl. 10:30, skrev Eva Muster:", AT),
        ("thunderbird pl", "W dniu 05.01.2024 o 10:30, Eva Muster pisze:", AT),
        ("thunderbird pt", "Em 05/01/2024 10:30, Eva Muster escreveu:", AT),
        ("thunderbird ja", "On 2024/01/05 10:30, Eva Muster wrote:", AT),
        ("mutt", "On Fri, Jan 05, 2024 at 10:30:00AM +0000, Eva Muster wrote:", AT),
        ("mutt zone", "On Fri, Jan 05, 2024 at 07:30:00PM +0900, Eva Muster wrote:", AT),
        ("no time", "On Fri, 5 Jan 2024, Eva Muster wrote:", DAY),
        ("notes", "Eva Muster wrote on 01/05/2024 10:30:00 AM:", AT),
    ];
    for (name, line, date) in lines {
        check(
            name,
            &format!("Hello Bob\n\n{line}{quote}"),
            "Hello Bob",
            "Eva Muster|",
            date,
            "quoted words\nmore words",
        );
    }
    let org = "ok\n\nEva Muster/FIRM@FIRM wrote on 01/05/2024 10:30:00 AM:\n\nquoted words";
    check("notes org", org, "ok", "Eva Muster/FIRM@FIRM|", AT, "quoted words");
}

#[test]
fn wrapped_attributions() {
    for line in [
        "On Fri, Jan 5, 2024 at 10:30 AM Eva Muster\n<eva@firm.example> wrote:",
        "On Fri, Jan 5, 2024 at 10:30 AM Eva Muster <\neva@firm.example> wrote:",
        "On Fri, Jan 5, 2024\nat 10:30 AM Eva Muster\n<eva@firm.example> wrote:",
        "Em sex., 5 de jan. de 2024 às 10:30, Eva Muster <eva@firm.example>\nescreveu:",
        "Am Fr., 5. Jan. 2024 um 10:30 Uhr schrieb Eva Muster <\neva@firm.example>:",
    ] {
        let input = format!("Hello Bob\n{line}\n> quoted words\n> more words");
        check(line, &input, "Hello Bob", EVA, AT, "quoted words\nmore words");
    }
}

/// Header blocks: labels From, Date, To, Subject and a date as the language writes it.
#[test]
fn header_blocks() {
    let blocks = [
        (
            "outlook en",
            "From: * Sent: Friday, January 5, 2024 10:30 AM|To: Bob <bob@corp.example>|Subject: Order",
        ),
        (
            "outlook de",
            "Von: * Gesendet: Freitag, 5. Januar 2024 10:30|An: Bob <bob@corp.example>|Betreff: Order",
        ),
        (
            "outlook fr",
            "De : * Envoyé : vendredi 5 janvier 2024 10:30|À : Bob <bob@corp.example>|Objet : Order",
        ),
        (
            "outlook es",
            "De: * Enviado el: viernes, 5 de enero de 2024 10:30|Para: Bob <bob@corp.example>|Asunto: Order",
        ),
        (
            "outlook pt",
            "De: * Enviada em: sexta-feira, 5 de janeiro de 2024 10:30|Para: Bob <bob@corp.example>|Assunto: Order",
        ),
        (
            "outlook it",
            "Da: * Inviato: venerdì 5 gennaio 2024 10:30|A: Bob <bob@corp.example>|Oggetto: Order",
        ),
        (
            "outlook nl",
            "Van: * Verzonden: vrijdag 5 januari 2024 10:30|Aan: Bob <bob@corp.example>|Onderwerp: Order",
        ),
        ("outlook sv", "Från: * Skickat: den 5 januari 2024 10:30|Till: Bob <bob@corp.example>|Ämne: Order"),
        ("outlook da", "Fra: * Sendt: 5. januar 2024 10:30|Til: Bob <bob@corp.example>|Emne: Order"),
        (
            "outlook pl",
            "Od: * Wysłano: piątek, 5 stycznia 2024 10:30|Do: Bob <bob@corp.example>|Temat: Order",
        ),
        (
            "outlook cs",
            "Od: * Odesláno: pátek 5. ledna 2024 10:30|Komu: Bob <bob@corp.example>|Předmět: Order",
        ),
        (
            "outlook fi",
            "Lähettäjä: * Lähetetty: perjantai 5. tammikuuta 2024 10.30|Vastaanottaja: Bob <bob@corp.example>|Aihe: Order",
        ),
        ("outlook ru", "От: * Отправлено: 5 января 2024 г. 10:30|Кому: Bob <bob@corp.example>|Тема: Order"),
        (
            "outlook tr",
            "Kimden: * Gönderildi: 5 Ocak 2024 Cuma 10:30|Kime: Bob <bob@corp.example>|Konu: Order",
        ),
        ("outlook ja", "差出人: * 送信日時: 2024年1月5日 10:30|宛先: Bob <bob@corp.example>|件名: Order"),
        (
            "outlook zh-cn",
            "发件人: * 发送时间: 2024年1月5日 10:30|收件人: Bob <bob@corp.example>|主题: Order",
        ),
        (
            "outlook zh-tw",
            "寄件者: * 寄件日期: 2024年1月5日 上午 10:30|收件者: Bob <bob@corp.example>|主旨: Order",
        ),
        (
            "outlook ko",
            "보낸 사람: * 보낸 날짜: 2024년 1월 5일 금요일 오전 10:30|받는 사람: Bob <bob@corp.example>|제목: Order",
        ),
        ("notes", "From: * Date: 01/05/2024 10:30 AM|To: Bob <bob@corp.example>|Subject: Order"),
        (
            "bold",
            "*From:* * *Sent:* Friday, January 5, 2024 10:30 AM|*To:* Bob <bob@corp.example>|*Subject:* Order",
        ),
    ];
    for (name, block) in blocks {
        let block = block.replacen(" * ", " Eva Muster <eva@firm.example>\n", 1).replace('|', "\n");
        let input = format!("Hello Bob\n\n{block}\n\nquoted words\n");
        check(name, &input, "Hello Bob", EVA, AT, "quoted words");
        let (_, previous) = split(Some(&input), None);
        assert_eq!(previous[0].subject.subject.as_deref(), Some("Order"), "{name}");
        assert_eq!(previous[0].recipients.to[0].email.email, "bob@corp.example", "{name}");
        assert_eq!(previous[0].preamble.as_deref(), Some(block.trim()), "{name}");
        let ruled = format!("Hello Bob\n\n________________________________\n{block}\n\nquoted words\n");
        check(name, &ruled, "Hello Bob", EVA, AT, "quoted words");
    }
}

#[test]
fn separators() {
    let block = "From: Eva Muster <eva@firm.example>\nDate: Fri, 5 Jan 2024 10:30:00 +0000\nSubject: Order\nTo: <bob@corp.example>";
    for line in [
        "-----Original Message-----",
        "---------- Forwarded message ---------",
        "-------- Original Message --------",
        "-------- Original message --------",
        "-------- Weitergeleitete Nachricht --------",
        "-----Ursprüngliche Nachricht-----",
        "-----Message d'origine-----",
        "---------- Mensaje reenviado ---------",
        "-----Mensagem original-----",
        "-------- Messaggio originale --------",
        "-----Oorspronkelijk bericht-----",
        "-----Ursprungligt meddelande-----",
        "-----Oryginalna wiadomość-----",
        "-----元のメッセージ-----",
        "-----Original Message-----",
        "------------------ 原始邮件 ------------------",
        "---------- 轉寄的郵件 ---------",
        "Begin forwarded message:",
        "Anfang der weitergeleiteten Nachricht:",
        "Début du message réexpédié :",
        "----- Forwarded by Eva Muster/FIRM on 01/05/2024 10:30 AM -----",
        "--- On Fri, 1/5/24, Eva Muster <eva@firm.example> wrote:",
    ] {
        let input = format!("see below\n\n{line}\n\n{block}\n\n\nquoted words\n");
        check(line, &input, "see below", EVA, AT, "quoted words");
    }
    let apple =
        format!("fyi\n\nBegin forwarded message:\n\n> {}\n> \n> quoted words", block.replace('\n', "\n> "));
    check("apple forward", &apple, "fyi", EVA, AT, "quoted words");
    let qq = "你好\n\n------------------ 原始邮件 ------------------\n发件人: \"Eva Muster\" <eva@firm.example>;\n\
              发送时间: 2024年1月5日(星期五) 上午10:30\n收件人: \"Bob\" <bob@corp.example>;\n主题: 订单\n\nquoted words";
    check("qq", qq, "你好", EVA, AT, "quoted words");
    let samsung = "ok\n\nSent from my Galaxy\n\n-------- Original message --------\nFrom: Eva Muster <eva@firm.example> \n\
                   Date: 1/5/24 10:30 AM (GMT+00:00) \nTo: bob@corp.example \nSubject: Order \n\nquoted words";
    check("samsung", samsung, "ok\n\nSent from my Galaxy", EVA, AT, "quoted words");
    let groupwise = "ok\n\n>>> Eva Muster <eva@firm.example> 1/5/2024 10:30 AM >>>\nquoted words";
    check("groupwise", groupwise, "ok", EVA, AT, "quoted words");
}

#[test]
fn table_cells_on_own_lines() {
    let input = "ok\n\n-------- Original Message --------\nSubject:\nOrder\nDate:\nFri, 5 Jan 2024 10:30:00 +0000\nFrom:\n\
                 Eva Muster <eva@firm.example>\nTo:\nbob@corp.example\n\nquoted words";
    check("thunderbird forward", input, "ok", EVA, AT, "quoted words");
}

#[test]
fn chains_are_newest_first() {
    let input = "three\n\nFrom: B <b@x.example>\nSent: Friday, January 5, 2024 10:30 AM\nTo: A <a@x.example>\nSubject: s\n\n\
                 two\n\nOn Thu, Jan 4, 2024 at 10:30 AM A <a@x.example> wrote:\n> one\n>\n> On Wed, Jan 3, 2024 at 10:30 AM \
                 Z <z@x.example> wrote:\n>> zero\n>> end\n";
    let (thread, previous) = split(Some(input), None);
    let texts: Vec<_> = previous.iter().map(|p| (p.text.as_str(), p.index)).collect();
    assert_eq!(thread.text, "three");
    assert_eq!(texts, [("two", 0), ("one", 1), ("zero\nend", 2)]);
    assert_eq!(previous[2].sender.clone().unwrap().email.email, "z@x.example");
    assert_eq!(thread.preamble, previous[0].preamble);
}

#[test]
fn inline_replies_belong_to_the_newest_message() {
    let input = "Hi\n\nOn 05/01/2024 10:30, Eva wrote:\n> first question\n> it is long\n\nanswer one\n\n> second\n\nanswer two";
    let (thread, previous) = split(Some(input), None);
    assert_eq!(thread.text, "Hi\n\nanswer one\n\nanswer two");
    assert_eq!(previous.len(), 1);
    assert_eq!(previous[0].text, "first question\nit is long\n\nsecond");
}

#[test]
fn quotes_without_attribution() {
    let (thread, previous) = split(Some("> one\n> two\n\nreply\n"), None);
    assert_eq!((thread.text.as_str(), previous[0].text.as_str()), ("reply", "one\ntwo"));
    let (_, previous) = split(Some("reply\n\n>> older\n>> still\n> newer\n> yes"), None);
    assert_eq!(previous.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(), ["newer\nyes", "older\nstill"]);
}

#[test]
fn all_quoted_text_is_somebodys_own() {
    whole("nothing but quotes", "> verify your account\n> now");
}

#[test]
fn an_attribution_alone_does_not_empty_the_newest_message() {
    let head = "On Fri, Jan 5, 2024 at 10:30 AM Eva Muster <eva@firm.example> wrote:";
    check("nothing above", &format!("{head}\n\nopen this\nnow"), "open this\nnow", EVA, AT, "");
    check(
        "older thread below",
        &format!("\n{head}\nopen this\n\n> older\n> words"),
        "open this",
        EVA,
        AT,
        "",
    );
    check("words above", &format!("ok\n\n{head}\n\nquoted"), "ok", EVA, AT, "quoted");
    check("marked", &format!("{head}\n> quoted\n> words"), "", EVA, AT, "quoted\nwords");
}

#[test]
fn html_containers() {
    let text = "Sure\n\nEva schrieb (5.1.2024):\nquoted words\nmy answer\n";
    let at = |needle: &str| text.find(needle).unwrap();
    let marks = [
        Mark { offset: at("Eva"), kind: MarkKind::Reply },
        Mark { offset: at("quoted"), kind: MarkKind::QuoteStart },
        Mark { offset: at("my answer"), kind: MarkKind::QuoteEnd },
    ];
    let (thread, previous) = split(None, Some(&HtmlView { text, marks: &marks }));
    assert_eq!(thread.text, "Sure\n\nmy answer");
    assert_eq!(previous[0].text, "quoted words");
    assert_eq!(previous[0].preamble.as_deref(), Some("Eva schrieb (5.1.2024):"));
}

#[test]
fn twins_stay_whole() {
    whole("prose labels", "Tickets From: London To: Paris, Date: any Subject: to change.\nBook now.");
    whole("route", "Flight details\nFrom: London\nTo: Paris\nDate: 5 January 2024\n\nHave a nice trip");
    whole("prose wrote", "On Monday he wrote: hello\nand that was it.");
    whole("prose colon", "In her 2020 article she wrote:\n\nthe thing is big");
    whole("markdown", "Notes:\n\nsome words\n\n> a single quoted line\n\nmore words");
    whole("mbox", "Dear all,\n\n>From now on we meet at ten.\n\nBye");
    whole(
        "footer",
        "text\n\n_______________________________________________\nlist mailing list\nlist@lists.example",
    );
    whole("signature", "text\n\n-- \nEva Muster\nFirm");
    whole("form", "Please fill in:\nFrom:\nTo:\nSubject:\nThanks");
    whole("rule", "One\n\n----------------------------------------\n\nTwo");
}

#[test]
fn banners_are_cut() {
    for banner in [
        "CAUTION: This email originated from outside of the organization. Do not click links.",
        "[EXTERNAL]",
        "ACHTUNG: Diese E-Mail kommt von außerhalb der Organisation.",
        "Ce message provient de l'extérieur de l'entreprise.",
        "Remitente externo. Tenga cuidado.",
        "ATENÇÃO: e-mail externo, não clique em links.",
        "Dit bericht komt van buiten de organisatie.",
        "【社外メール】",
        "このメールは社外から送信されています。",
        "此邮件来自外部，请勿点击链接。",
    ] {
        let (thread, _) = split(Some(&format!("{banner}\n\nDear Bob,\nhello")), None);
        assert_eq!(thread.text, "Dear Bob,\nhello", "{banner}");
        assert_eq!(thread.banners[0].text, banner);
    }
    let (thread, _) = split(Some("[EXTERNAL] Hello Bob"), None);
    assert_eq!((thread.text.as_str(), thread.banners.len()), ("Hello Bob", 1));
    let (thread, _) = split(Some("The caution sign is outside.\n\nBye"), None);
    assert_eq!(thread.banners.len(), 0);
}

#[test]
fn signatures() {
    let at = |text: &str| signature_start(text).map(|at| text[at..].to_owned());
    assert_eq!(at("hello\n-- \nEva").as_deref(), Some("-- \nEva"));
    assert_eq!(at("hello\n\nBest regards,\nEva").as_deref(), Some("Best regards,\nEva"));
    assert_eq!(at("hello\n\nMit freundlichen Grüßen\nEva").as_deref(), Some("Mit freundlichen Grüßen\nEva"));
    assert_eq!(at("hello\n\nMED VÄNLIGA HÄLSNINGAR!\nEva").as_deref(), Some("MED VÄNLIGA HÄLSNINGAR!\nEva"));
    assert_eq!(at("hello\n\nKIND REGARDS. ,\nEva").as_deref(), Some("KIND REGARDS. ,\nEva"));
    assert_eq!(at("hello\n\nKind regards from\nEva"), None);
    assert_eq!(at("hello\nSent from my iPhone").as_deref(), Some("Sent from my iPhone"));
    assert_eq!(at("my best regards to her were not sent from here"), None);
}

#[test]
fn hostile_input_is_cheap() {
    let started = std::time::Instant::now();
    for unit in [
        "From: a\n",
        "> ",
        ">\n",
        "On 1/1/2024 10:00 wrote:\n",
        "a\n> b\n> c\n",
        "-----Original Message-----\n",
        "To: <a@b>,\n",
        "Sent:\n\n\n",
    ] {
        let text = unit.repeat(200_000 / unit.len());
        let split = split_text(&text);
        assert!(split.quoted.len() <= crate::limits::THREADS_MAX);
        let _ = super::build(&text, &split);
    }
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

proptest::proptest! {
    #[test]
    fn any_text_is_split(text in "([ -~]|\\n|> |From: |Date: 1/1/24|：|写道|\\PC){0,200}") {
        let split = split_text(&text);
        let _ = super::build(&text, &split);
        for range in split.current.iter().chain(split.quoted.iter().flat_map(|q| &q.text)) {
            proptest::prop_assert!(text.get(range.clone()).is_some());
        }
    }
}
