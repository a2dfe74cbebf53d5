//! What the labels of a journal report mean, in the languages of mail servers.

/// What a line of a report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// Who sent it.
    Sender,
    /// In whose name.
    OnBehalfOf,
    /// Its id.
    MessageId,
    /// For whom it is, in any field or in none.
    Recipient,
    /// Known, and nothing that is kept.
    Aside,
}

/// Labels in lower case: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian, Japanese, Chinese,
/// Korean.
const SENDER: &[&str] = &[
    "sender",
    "from",
    "absender",
    "von",
    "expéditeur",
    "de",
    "remitente",
    "mittente",
    "da",
    "remetente",
    "afzender",
    "van",
    "nadawca",
    "od",
    "отправитель",
    "от",
    "送信者",
    "差出人",
    "发件人",
    "寄件者",
    "보낸 사람",
];
const ON_BEHALF_OF: &[&str] = &[
    "on-behalf-of",
    "on behalf of",
    "im auftrag von",
    "de la part de",
    "pour le compte de",
    "en nombre de",
    "per conto di",
    "em nome de",
    "namens",
    "w imieniu",
    "от имени",
    "代理送信元",
    "代理",
    "代表",
    "代理人",
    "대신",
];
const MESSAGE_ID: &[&str] = &[
    "message-id",
    "message id",
    "messageid",
    "nachrichten-id",
    "id du message",
    "id de message",
    "id. de mensaje",
    "id de mensaje",
    "id messaggio",
    "id da mensagem",
    "bericht-id",
    "identyfikator wiadomości",
    "код сообщения",
    "ид сообщения",
    "メッセージ id",
    "メッセージid",
    "邮件 id",
    "消息 id",
    "郵件識別碼",
    "訊息識別碼",
    "메시지 id",
];
const RECIPIENT: &[&str] = &[
    "to",
    "cc",
    "bcc",
    "recipient",
    "recipients",
    "an",
    "empfänger",
    "à",
    "cci",
    "destinataire",
    "destinataires",
    "para",
    "cco",
    "destinatario",
    "destinatarios",
    "a",
    "ccn",
    "destinatari",
    "destinatário",
    "destinatários",
    "aan",
    "geadresseerde",
    "geadresseerden",
    "do",
    "dw",
    "udw",
    "adresat",
    "adresaci",
    "кому",
    "копия",
    "скрытая копия",
    "ск",
    "получатель",
    "получатели",
    "宛先",
    "受信者",
    "収件人",
    "收件人",
    "抄送",
    "密送",
    "密件抄送",
    "副本",
    "密件副本",
    "받는 사람",
    "참조",
    "숨은 참조",
];
const ASIDE: &[&str] = &[
    "subject",
    "betreff",
    "objet",
    "asunto",
    "oggetto",
    "assunto",
    "onderwerp",
    "temat",
    "тема",
    "件名",
    "主题",
    "主旨",
    "제목",
    "label",
    "sentutc",
    "receivedutc",
];

impl Label {
    /// What this label says; `None` when it is not known.
    pub(super) fn of(label: &str) -> Option<Self> {
        let label = label.to_lowercase();
        let all = [
            (SENDER, Self::Sender),
            (ON_BEHALF_OF, Self::OnBehalfOf),
            (MESSAGE_ID, Self::MessageId),
            (RECIPIENT, Self::Recipient),
            (ASIDE, Self::Aside),
        ];
        all.into_iter().find(|(words, _)| words.contains(&label.as_str())).map(|(_, meaning)| meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_means_two_things() {
        let all: Vec<&str> = [SENDER, ON_BEHALF_OF, MESSAGE_ID, RECIPIENT, ASIDE].concat();
        let mut once = all.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(all.len(), once.len());
        assert!(all.iter().all(|word| word.to_lowercase() == **word));
        assert_eq!(Label::of("BCC"), Some(Label::Recipient));
        assert_eq!(Label::of("Policy"), None);
    }
}
