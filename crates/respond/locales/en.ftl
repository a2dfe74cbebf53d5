# What people are mailed about held messages. Short: what happened, what it means, what to do.
digest-subject = { $count ->
    [one] One message is held for you
   *[other] { $count } messages are held for you
}
digest-intro = { $count ->
    [one] One new message to { $to } was stopped because it may be dangerous.
   *[other] { $count } new messages to { $to } were stopped because they may be dangerous.
}
digest-advice = You need not do anything. If you expected one of them and know its sender, you can ask for it.
digest-locked = At the moment an administrator lets nobody release held messages. You can ask all the same: your request waits until that is over.
digest-more = And { $count } more.
digest-links = Each link opens a page that asks you to confirm; opening it does nothing yet. Links work for { $count } days and only for you: do not pass them on.
automatic = This mail was written by a program. Please do not answer it; ask your mail administrators.

row-claims = Claims to be
row-from = From, as it says
row-really = Really sent by
row-why = Held because
row-since = Held since
row-asked = Your request
row-for = For
row-request = Request
row-words = In these words
link-request = Ask for this message
asked-waits = you asked for it, and it waits for an answer
no-subject = (no subject)
nobody = (nobody)
really-through = { $really }, through { $through }
really-only-through = nobody vouches for the sender; it came through { $through }
really-nobody = nobody vouches for the sender

why-credential_phishing = it tries to steal a password
why-malware = it brings harmful software
why-fraud = somebody pretends to be another person to get money or data
why-callback_phishing = it wants you to call a fraudster
why-extortion = it tries to extort money
why-thread_hijack = somebody abuses a real conversation
why-scam = it is a scam
why-spam = it is unwanted advertising
why-malicious = it is dangerous
why-suspicious = it is suspicious
why-benign = a rule of your organisation holds it
why-rule = { $why } ({ $rule })

answer-subject-released = Your request: the message was released
answer-subject-refused = Your request: the message stays held
answer-subject-deleted = Your request: the message was deleted
answer-released = The message that you asked for was released. It is on its way to your mailbox.
answer-refused = The message that you asked for stays held.
answer-deleted = The message that you asked for was deleted and cannot be released any more.
answer-care = Take care with its links and files all the same.

asked-subject = { $count ->
    [one] Somebody asks for a held message
   *[other] { $count } requests for held messages
}
asked-intro = { $count ->
    [one] Somebody asks for a held message. Look at it before you answer.
   *[other] There are { $count } new requests for held messages. Look at each before you answer.
}
asked-where = Requests are answered in the console, { $console }, or with "sekisho held requests" and "sekisho held answer".
