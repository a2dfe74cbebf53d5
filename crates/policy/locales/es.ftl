# El aviso. Primero el riesgo, luego la prueba, luego qué hacer. Una frase corta cada uno.
level-notice = Aviso
level-warning = Atención
level-danger = Peligro

risk-credential_phishing = { $level ->
    [danger] Este mensaje intenta robar una contraseña.
   *[other] Este mensaje quizá intenta robar una contraseña.
}
risk-malware = { $level ->
    [danger] Este mensaje trae software dañino.
   *[other] Este mensaje quizá trae software dañino.
}
risk-fraud = { $level ->
    [danger] Alguien se hace pasar por otra persona para obtener dinero o datos.
   *[other] Alguien quizá se hace pasar por otra persona.
}
risk-callback_phishing = { $level ->
    [danger] Este mensaje quiere que llame a un estafador.
   *[other] Este mensaje quizá quiere que llame a un estafador.
}
risk-extortion = { $level ->
    [danger] Este mensaje es una extorsión.
   *[other] Este mensaje quizá es una extorsión.
}
risk-thread_hijack = { $level ->
    [danger] Alguien abusa de una conversación real.
   *[other] Alguien quizá abusa de una conversación real.
}
risk-scam = { $level ->
    [danger] Este mensaje es una estafa.
   *[other] Este mensaje quizá es una estafa.
}
risk-spam = { $level ->
    [danger] Este mensaje es publicidad no deseada.
   *[other] Este mensaje quizá es publicidad no deseada.
}
risk-unknown = { $level ->
    [danger] Este mensaje es peligroso.
    [warning] Este mensaje es sospechoso.
   *[notice] No se pudo comprobar el remitente de este mensaje.
}

evidence-claims-really-through = Dice ser de «{ $claims }», pero lo envió { $really } por { $through }.
evidence-claims-really = Dice ser de «{ $claims }», pero lo envió { $really }.
evidence-claims-through = Dice ser de «{ $claims }», pero se envió por { $through }.
evidence-claims = Dice ser de «{ $claims }», y nada lo prueba.
evidence-really-through = Lo envió { $really } por { $through }.
evidence-really = Lo envió { $really }.
evidence-through = Se envió por { $through }.

next-leave = No haga clic, no abra nada, no responda.
next-click = No haga clic en sus enlaces.
next-open = No abra sus archivos.
next-pay = No pague. Pregunte en un número de teléfono que ya conozca.
next-call = No llame a sus números.
next-ask = Pregunte al remitente por teléfono o chat antes de hacer clic, abrir o pagar.
next-look = Compruébelo antes de hacer lo que pide.
next-nothing = No tiene que hacer nada.

link-report = Denunciar este mensaje
link-details = ¿Por qué este aviso?
imitation = Lo que sigue lo escribió el remitente. Parece un aviso nuestro y no lo es.
