# 人に見せる言葉。危険、根拠、次にすること、の順に書く。
class-benign = 問題なし
class-suspicious = 不審
class-malicious = 危険
threat-credential_phishing = パスワードなどをだまし取ろうとしています
threat-malware = マルウェアを送り込もうとしています
threat-fraud = なりすましによる詐欺です
threat-callback_phishing = 電話をかけさせようとしています
threat-extortion = 脅迫です
threat-thread_hijack = 実在のやりとりを悪用しています
threat-scam = 詐欺です
threat-spam = 迷惑メールです

verdict = { $class }（スコア { $score }/100）
verdict-threat = { $class }：{ $threat }（スコア { $score }/100）

section-claims = 名乗り
section-sender = 実際の送信元
section-papers = 送信認証
section-way = 経路
section-links = リンク
section-why = 理由
section-unknown = 不明な点
section-next = 次にすること

claims-brand = { $brand }（{ $surfaces }：「{ $text }」）
claims-name = 「{ $name }」<{ $address }>
claims-nobody = 差出人アドレスがありません
surface-display_name = 差出人名
surface-local_part = 差出人アドレス
surface-subdomain = 差出人アドレス
surface-subject = 件名
surface-heading = 見出し
surface-phrase = 本文
surface-sign_off = 署名
surface-copyright = 著作権表示
surface-link_text = リンクの文字
surface-image = 画像
surface-lookalike_domain = 似せたドメイン
surface-link_host = リンク先のホスト名

sender-domain = { $domain }
sender-unproven = 証明されていません。アドレス上は { $domain }
sender-tenant = { $esp } 経由、アカウント { $account }
sender-esp = { $esp } 経由
via-api = プログラム（API）から投入
via-smtp = SMTP ログインから投入
sender-forged = { $claimed } のヘッダーがありますが、そこから送られていません
reply-to = 返信先は差出人ではなく { $address }

papers-results = SPF { $spf }、DKIM { $dkim }、DMARC { $dmarc }
papers-by = { $server } による判定
papers-verified = ここで検証
papers-none = 検証されていません
papers-prove = { $domains } の仕組みを使って送られたことは証明されています。
papers-prove-not-brand = { $brand } からのメールであることは証明されていません。
papers-prove-not-person = 誰がそのアカウントを使ったかは証明されていません。
papers-prove-nothing = 何も証明されていません。

way-hop = { $from } → { $by }（{ $with }）
way-none = サーバーの記録がありません

link-direct = { $display } → { $host }
link-wrapped = { $display } → { $wrapper } → { $host }
link-opaque = { $display } → { $host }（行き先は追跡リンクに隠されています）
link-plain = （文字なし）
links-none = なし
links-more = ほか { $count } 件

why-nothing = どの規則にも当てはまりませんでした。
unknown-gap = { $facet }：{ $detail }
unknown-rules = { $count } 件の規則は判定できませんでした。足りないもの：{ $missing }

next-malicious = クリックしない、開かない、返信しない。報告し、差出人本人にはメール以外（電話やチャット）で知らせてください。
next-suspicious = クリック・開封・支払いの前に、差出人本人に電話やチャットで確かめてください。
next-benign = 何もする必要はありません。それでもおかしいと感じたら報告してください。
