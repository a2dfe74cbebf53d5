# Der Banner. Zuerst die Gefahr, dann der Beleg, dann der nächste Schritt. Je ein kurzer Satz.
level-notice = Hinweis
level-warning = Warnung
level-danger = Gefahr

risk-credential_phishing = { $level ->
    [danger] Diese Nachricht will ein Passwort stehlen.
   *[other] Diese Nachricht will vielleicht ein Passwort stehlen.
}
risk-malware = { $level ->
    [danger] Diese Nachricht bringt Schadsoftware mit.
   *[other] Diese Nachricht bringt vielleicht Schadsoftware mit.
}
risk-fraud = { $level ->
    [danger] Jemand gibt sich als andere Person aus, um an Geld oder Daten zu kommen.
   *[other] Jemand gibt sich vielleicht als andere Person aus.
}
risk-callback_phishing = { $level ->
    [danger] Sie sollen die Nummer eines Betrügers anrufen.
   *[other] Sie sollen vielleicht die Nummer eines Betrügers anrufen.
}
risk-extortion = { $level ->
    [danger] Diese Nachricht ist eine Erpressung.
   *[other] Diese Nachricht ist vielleicht eine Erpressung.
}
risk-thread_hijack = { $level ->
    [danger] Jemand missbraucht ein echtes Gespräch von Ihnen.
   *[other] Jemand missbraucht vielleicht ein echtes Gespräch von Ihnen.
}
risk-scam = { $level ->
    [danger] Diese Nachricht ist Betrug.
   *[other] Diese Nachricht ist vielleicht Betrug.
}
risk-spam = { $level ->
    [danger] Diese Nachricht ist unerwünschte Werbung.
   *[other] Diese Nachricht ist vielleicht unerwünschte Werbung.
}
risk-unknown = { $level ->
    [danger] Diese Nachricht ist gefährlich.
    [warning] Diese Nachricht ist verdächtig.
   *[notice] Der Absender dieser Nachricht ließ sich nicht prüfen.
}

evidence-claims-really-through = Angeblich von „{ $claims }“, gesendet aber von { $really } über { $through }.
evidence-claims-really = Angeblich von „{ $claims }“, gesendet aber von { $really }.
evidence-claims-through = Angeblich von „{ $claims }“, gesendet aber über { $through }.
evidence-claims = Angeblich von „{ $claims }“; nichts belegt das.
evidence-really-through = Gesendet von { $really } über { $through }.
evidence-really = Gesendet von { $really }.
evidence-through = Gesendet über { $through }.

next-leave = Nichts anklicken, nichts öffnen, nicht antworten.
next-click = Klicken Sie keine Links an.
next-open = Öffnen Sie keine Anhänge.
next-pay = Zahlen Sie nicht. Fragen Sie unter einer Telefonnummer nach, die Sie schon kennen.
next-call = Rufen Sie keine der Nummern an.
next-ask = Fragen Sie den Absender per Telefon oder Chat, bevor Sie klicken, öffnen oder zahlen.
next-look = Prüfen Sie genau, bevor Sie tun, was verlangt wird.
next-nothing = Sie müssen nichts tun.

link-report = Nachricht melden
link-details = Warum diese Warnung?
imitation = Das Folgende hat der Absender geschrieben. Es sieht aus wie eine Warnung von uns, ist aber keine.
