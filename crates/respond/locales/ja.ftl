# 保留したメールについて人に送るメール。何が起きたか、どういう意味か、何をすればよいかを短く書く。
digest-subject = メール { $count } 件を保留しています
digest-intro = { $to } 宛の新しいメール { $count } 件は、危険な可能性があるため配信を止めています。
digest-advice = 何もする必要はありません。待っていたメールがあり、差出人を知っている場合は、配信を依頼できます。
digest-locked = 現在、管理者の指示により、保留中のメールは誰も解放できません。依頼は受け付けており、制限が終わるまで順番に保管されます。
digest-more = ほかに { $count } 件あります。
digest-links = リンクを開くと確認のページが表示されます。開いただけでは何も起きません。リンクの有効期間は { $count } 日で、ご本人専用です。転送しないでください。
automatic = このメールは自動で作成されています。返信しないで、メール管理者にお尋ねください。

row-claims = 名乗っている相手
row-from = 差出人の表示
row-really = 実際の送信元
row-why = 保留した理由
row-since = 保留した日時
row-asked = 依頼の状況
row-for = 宛先
row-request = 依頼
row-words = コメント
link-request = このメールの配信を依頼する
asked-waits = 依頼済みです。回答をお待ちください
no-subject = （件名なし）
nobody = （差出人なし）
really-through = { $really }（{ $through } 経由）
really-only-through = 送信元は証明されていません（{ $through } 経由）
really-nobody = 送信元は証明されていません

why-credential_phishing = パスワードをだまし取ろうとしています
why-malware = マルウェアを送り込もうとしています
why-fraud = 別人になりすまして金銭や情報をだまし取ろうとしています
why-callback_phishing = 詐欺の電話番号にかけさせようとしています
why-extortion = 脅して金銭を要求しています
why-thread_hijack = 実際のやりとりを悪用しています
why-scam = 詐欺のメールです
why-spam = 迷惑メールです
why-malicious = 危険なメールです
why-suspicious = 不審なメールです
why-benign = 組織の規則により保留しています
why-rule = { $why }（{ $rule }）

answer-subject-released = ご依頼のメールを解放しました
answer-subject-refused = ご依頼のメールは保留のままです
answer-subject-deleted = ご依頼のメールは削除されました
answer-released = ご依頼のメールを解放しました。まもなくメールボックスに届きます。
answer-refused = ご依頼のメールは保留のままにします。
answer-deleted = ご依頼のメールは削除されました。もう解放できません。
answer-care = 届いた後も、リンクや添付ファイルには注意してください。

asked-subject = 保留メールの配信依頼が { $count } 件あります
asked-intro = 保留中のメールに新しい配信依頼が { $count } 件あります。回答する前に内容を確認してください。
asked-where = 依頼にはコンソール { $console }、または「sekisho held requests」「sekisho held answer」で回答できます。
