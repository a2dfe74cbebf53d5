# The banner. First the risk, then the evidence, then the next step. One short sentence each.
level-notice = Notice
level-warning = Warning
level-danger = Danger

risk-credential_phishing = { $level ->
    [danger] This message tries to steal a password.
   *[other] This message may try to steal a password.
}
risk-malware = { $level ->
    [danger] This message brings harmful software.
   *[other] This message may bring harmful software.
}
risk-fraud = { $level ->
    [danger] Somebody pretends to be another person to get money or data.
   *[other] Somebody may pretend to be another person to get money or data.
}
risk-callback_phishing = { $level ->
    [danger] This message wants you to call a fraudster.
   *[other] This message may want you to call a fraudster.
}
risk-extortion = { $level ->
    [danger] This message tries to extort money.
   *[other] This message may try to extort money.
}
risk-thread_hijack = { $level ->
    [danger] Somebody abuses a real conversation of yours.
   *[other] Somebody may be abusing a real conversation of yours.
}
risk-scam = { $level ->
    [danger] This message is a scam.
   *[other] This message may be a scam.
}
risk-spam = { $level ->
    [danger] This message is unwanted advertising.
   *[other] This message may be unwanted advertising.
}
risk-unknown = { $level ->
    [danger] This message is dangerous.
    [warning] This message is suspicious.
   *[notice] The sender of this message could not be checked.
}

evidence-claims-really-through = It claims to be from "{ $claims }" but was sent by { $really } through { $through }.
evidence-claims-really = It claims to be from "{ $claims }" but was sent by { $really }.
evidence-claims-through = It claims to be from "{ $claims }" but was sent through { $through }.
evidence-claims = It claims to be from "{ $claims }", which nothing proves.
evidence-really-through = It was sent by { $really } through { $through }.
evidence-really = It was sent by { $really }.
evidence-through = It was sent through { $through }.

next-leave = Do not click, open or answer anything.
next-click = Do not click its links.
next-open = Do not open its files.
next-pay = Do not pay. Ask on a phone number that you already know.
next-call = Do not call its numbers.
next-ask = Ask the sender by phone or chat before you click, open or pay.
next-look = Look twice before you do what it asks.
next-nothing = You need not do anything.

link-report = Report this message
link-details = Why this warning?
imitation = The sender wrote what follows. It looks like a warning of ours and is not.
