# バナー。危険、根拠、次にすること、の順に、それぞれ短い一文で書く。
level-notice = お知らせ
level-warning = 注意
level-danger = 危険

risk-credential_phishing = { $level ->
    [danger] パスワードをだまし取ろうとするメールです。
   *[other] パスワードをだまし取ろうとするメールかもしれません。
}
risk-malware = { $level ->
    [danger] マルウェアを送り込もうとするメールです。
   *[other] マルウェアを送り込もうとするメールかもしれません。
}
risk-fraud = { $level ->
    [danger] 別人になりすまして金銭や情報をだまし取ろうとするメールです。
   *[other] 別人になりすましたメールかもしれません。
}
risk-callback_phishing = { $level ->
    [danger] 詐欺の電話番号にかけさせようとするメールです。
   *[other] 詐欺の電話番号にかけさせようとするメールかもしれません。
}
risk-extortion = { $level ->
    [danger] 脅して金銭を要求するメールです。
   *[other] 脅して金銭を要求するメールかもしれません。
}
risk-thread_hijack = { $level ->
    [danger] 実際のやりとりを悪用したメールです。
   *[other] 実際のやりとりを悪用したメールかもしれません。
}
risk-scam = { $level ->
    [danger] 詐欺のメールです。
   *[other] 詐欺のメールかもしれません。
}
risk-spam = { $level ->
    [danger] 迷惑メールです。
   *[other] 迷惑メールかもしれません。
}
risk-unknown = { $level ->
    [danger] 危険なメールです。
    [warning] 不審なメールです。
   *[notice] 差出人を確認できませんでした。
}

evidence-claims-really-through = 「{ $claims }」を名乗っていますが、実際は { $really } が { $through } を通じて送信しました。
evidence-claims-really = 「{ $claims }」を名乗っていますが、実際の送信元は { $really } です。
evidence-claims-through = 「{ $claims }」を名乗っていますが、{ $through } を通じて送信されました。
evidence-claims = 「{ $claims }」を名乗っていますが、裏付けがありません。
evidence-really-through = 実際は { $really } が { $through } を通じて送信しました。
evidence-really = 実際の送信元は { $really } です。
evidence-through = { $through } を通じて送信されました。

next-leave = クリックしない、開かない、返信しないでください。
next-click = リンクをクリックしないでください。
next-open = 添付ファイルを開かないでください。
next-pay = 支払わないでください。知っている電話番号で本人に確かめてください。
next-call = 書かれている番号に電話しないでください。
next-ask = クリック・開封・支払いの前に、差出人本人に電話やチャットで確かめてください。
next-look = 求められたことをする前に、もう一度確かめてください。
next-nothing = 何もする必要はありません。

link-report = このメールを報告する
link-details = 警告の理由を見る
imitation = 以下は差出人が書いた文章です。当方の警告に似せてありますが、当方の警告ではありません。
