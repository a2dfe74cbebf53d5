# Le bandeau. D'abord le risque, puis la preuve, puis la marche à suivre. Une phrase courte chacun.
level-notice = Avis
level-warning = Attention
level-danger = Danger

risk-credential_phishing = { $level ->
    [danger] Ce message cherche à voler un mot de passe.
   *[other] Ce message cherche peut-être à voler un mot de passe.
}
risk-malware = { $level ->
    [danger] Ce message apporte un logiciel malveillant.
   *[other] Ce message apporte peut-être un logiciel malveillant.
}
risk-fraud = { $level ->
    [danger] Quelqu’un se fait passer pour une autre personne pour obtenir de l’argent ou des données.
   *[other] Quelqu’un se fait peut-être passer pour une autre personne.
}
risk-callback_phishing = { $level ->
    [danger] Ce message veut vous faire appeler un escroc.
   *[other] Ce message veut peut-être vous faire appeler un escroc.
}
risk-extortion = { $level ->
    [danger] Ce message est une extorsion.
   *[other] Ce message est peut-être une extorsion.
}
risk-thread_hijack = { $level ->
    [danger] Quelqu’un abuse d’une vraie conversation.
   *[other] Quelqu’un abuse peut-être d’une vraie conversation.
}
risk-scam = { $level ->
    [danger] Ce message est une escroquerie.
   *[other] Ce message est peut-être une escroquerie.
}
risk-spam = { $level ->
    [danger] Ce message est une publicité indésirable.
   *[other] Ce message est peut-être une publicité indésirable.
}
risk-unknown = { $level ->
    [danger] Ce message est dangereux.
    [warning] Ce message est suspect.
   *[notice] L’expéditeur de ce message n’a pas pu être vérifié.
}

evidence-claims-really-through = Il se dit de « { $claims } », mais il vient de { $really } par { $through }.
evidence-claims-really = Il se dit de « { $claims } », mais il vient de { $really }.
evidence-claims-through = Il se dit de « { $claims } », mais il est passé par { $through }.
evidence-claims = Il se dit de « { $claims } », sans aucune preuve.
evidence-really-through = Il vient de { $really } par { $through }.
evidence-really = Il vient de { $really }.
evidence-through = Il est passé par { $through }.

next-leave = Ne cliquez pas, n’ouvrez rien, ne répondez pas.
next-click = Ne cliquez sur aucun lien.
next-open = N’ouvrez aucun fichier.
next-pay = Ne payez pas. Vérifiez à un numéro de téléphone que vous connaissez déjà.
next-call = N’appelez aucun de ses numéros.
next-ask = Demandez à l’expéditeur par téléphone ou par chat avant de cliquer, d’ouvrir ou de payer.
next-look = Vérifiez avant de faire ce qu’il demande.
next-nothing = Vous n’avez rien à faire.

link-report = Signaler ce message
link-details = Pourquoi cet avertissement ?
imitation = Ce qui suit a été écrit par l’expéditeur. Cela ressemble à un avertissement de notre part, mais n’en est pas un.
