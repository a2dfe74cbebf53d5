
# サーバーまわりのコマンドの言葉: held, lockdown, audit, reload, doctor, serve
reload-done = { $node }：新しい設定とルールが有効になりました
reload-same = { $node }：読み直しました。変更はありません
reload-refused = { $node }：拒否しました。これまでの設定のままです：{ $why }
reload-restart = { $node }：次の設定は再起動後に有効になります：{ $keys }
reload-nobody = 応答したサーバーがありません。この履歴で `sekisho serve` は動いていますか。起動時には設定を読みます

refused-lockdown = 拒否：ロックダウン { $id } の対象です（{ $reason }）。解除には管理者二人が必要です。それぞれ `sekisho lockdown lift { $id }` を実行してください
refused-lockdown-until = 拒否：ロックダウン { $id } の対象です。{ $until } まで続きます（{ $reason }）。解除には管理者二人が必要です。それぞれ `sekisho lockdown lift { $id }` を実行してください
refused-role = 拒否：役割「{ $role }」にはできません。権限のある人に頼んでください
refused-state = 拒否：すでに{ $state }です。`sekisho held show ID` で誰がしたか分かります
refused-unknown = 見つかりません。`sekisho held list`、`held requests`、`lockdown list` で一覧を見られます
refused-same = 拒否：あなたの解除の希望はすでに記録されています。もう一人の管理者が解除してください
refused-limit = 拒否：数が多すぎます。先にいくつか終わらせてください

role-program = プログラム
role-recipient = 受信者
role-reader = 閲覧者
role-analyst = 担当者
role-administrator = 管理者
state-held = 保留中
state-requested = 解放の依頼あり
state-released = 解放済み
state-deleted = 削除済み
held-class-benign = 問題なし
held-class-suspicious = 不審
held-class-malicious = 危険

held-nothing = 該当する保留メールはありません
held-more = 続きがあります。--limit を増やしてください
held-line = { $from } → { $to }：{ $subject }
held-and-more = { $first } ほか { $count } 人
held-more-recipients = ほか { $count } 人
held-judged = { $class }（スコア { $score }）
held-bytes = { $bytes } バイト
held-stands = { $recipient }：{ $state }（{ $at }）
held-stands-by = { $recipient }：{ $state }（{ $by }、{ $at }）
held-deleted = { $count } 人分を削除しました。待つ人がいなくなれば、内容は次の掃除で消えます
held-released = { $count } 人分を解放しました。`sekisho serve` が配送します
held-released-before = { $count } 人分を解放しました。`sekisho serve` が配送します。解放済みだった宛先：{ $before }
held-no-way = この設定の [release] に `next` がありません。設定されるまで、解放したメールは待ちます
held-no-requests = 依頼はありません
held-request-refused = 依頼 { $request } を断りました。メールは保留のままです

field-record = 記録
field-arrived = 到着
field-class = 判定
field-why = 理由
field-rules = ルール
field-claims = 名乗り
field-campaign = 攻撃活動
field-from = 差出人
field-envelope = 封筒送信元
field-subject = 件名
field-size = 大きさ
field-intake = 受け口
field-clause = 適用条項
field-recipient = 宛先

request-line = 依頼 { $id }：{ $by } が { $recipient } 宛ての { $record } の解放を依頼（{ $at }）：{ $words }
request-released = { $by } が解放（{ $at }）：{ $words }
request-refused = { $by } が拒否（{ $at }）：{ $words }
request-deleted = { $by } が削除（{ $at }）：{ $words }

scope-everything = すべて
scope-class = 判定「{ $class }」
scope-campaign = 攻撃活動 { $id }
scope-group = グループ { $name }
scope-domain = ドメイン { $name }
scope-records = メール { $count } 通
lockdown-ordered = ロックダウン { $id } を開始しました。対象のメールは誰も解放できません。解除には管理者二人が必要です
lockdown-by = { $by } が指示（{ $at }）：{ $reason }
lockdown-lifted = { $by } が解除（{ $at }）
lockdown-ended = { $at } に終了
lockdown-wanted = 継続中。{ $by } が解除を希望しています。もう一人の管理者が必要です
lockdown-until = { $at } まで継続
lockdown-holds = 管理者二人が解除するまで継続
lockdown-none = ロックダウンはありません
lift-first = 記録しました。ロックダウンは続いています。もう一人の管理者が同じコマンドで解除してください
lift-now = ロックダウン { $id } を解除しました
lift-over = ロックダウン { $id } はすでに終わっていました

audit-by = { $who }（{ $role }）
audit-nothing = 監査記録に該当する項目はありません

doctor-sign-good = 良好
doctor-sign-warning = 注意
doctor-sign-bad = 問題
doctor-check-configuration = 設定
doctor-check-rules = ルール
doctor-check-data-folder = データフォルダー
doctor-check-disk = ディスク
doctor-check-key = 鍵
doctor-check-milter = milter
doctor-check-http = http
doctor-check-smtp = smtp
doctor-check-journal = ジャーナル
doctor-check-certificate = 証明書
doctor-check-mailbox = メールボックス
doctor-check-folder = フォルダー
doctor-check-release = 解放先
doctor-check-dns = dns
doctor-check-postfix = postfix
doctor-configuration = { $domains } のメール
doctor-configuration-wrong = { $why }
doctor-configuration-wrong-advice = 設定ファイルを直してください。キーの一覧は docs/configuration.md にあります
doctor-rules = { $count } 件のルールが使えます
doctor-rules-wrong = { $why }
doctor-rules-wrong-advice = `sekisho rules check フォルダー` で行と桁が分かります
doctor-data = { $folder }
doctor-data-none = { $why }
doctor-data-none-advice = --data で指定してください
doctor-data-closed = { $folder }：{ $why }
doctor-data-closed-advice = sekisho を動かすユーザーが書き込めるようにするか、--data で別のフォルダーを指定してください
doctor-disk = 空き { $mib } MiB
doctor-disk-full = 空き { $mib } MiB
doctor-disk-full-advice = 空きを増やしてください。満杯になると、保留すべきメールは一時拒否されます
doctor-disk-unknown = { $why }
doctor-disk-unknown-advice = df -h で確認してください
doctor-key = { $file }
doctor-key-none = { $file } はまだありません
doctor-key-none-advice = `sekisho serve` が作ります。その後、別の機械に写しを保管してください。失うと保留したメールは開けません
doctor-key-wrong = { $why }
doctor-key-wrong-advice = 正しい鍵を戻してください。保留したメールを開く鍵です
doctor-port = { $address } は空いています
doctor-port-taken = { $address } は使用中です
doctor-port-taken-advice = sekisho 自身なら問題ありません。ほかのプログラム（rspamd など）なら止めるか、別の `listen` にしてください
doctor-port-wrong = { $address }：{ $why }
doctor-port-wrong-advice = [{ $section }] の `listen` を直してください
doctor-certificate = [{ $section }] は STARTTLS を提供します
doctor-certificate-none = [{ $section }] に証明書がないため、STARTTLS を提供しません
doctor-certificate-wrong = { $why }
doctor-certificate-wrong-advice = 対になる PEM ファイルで、sekisho のユーザーが読めるものにしてください
doctor-mailbox = { $place } は応答しています
doctor-mailbox-away = { $place }：{ $why }
doctor-mailbox-away-advice = [[mailbox]] の `host` か `port` を直してください。接続は繰り返し試みます
doctor-mailbox-wrong = { $why }
doctor-mailbox-wrong-advice = [[mailbox]] か [[folder]] を直してください
doctor-folder = { $place }
doctor-release = { $place } はメールを受け付けます
doctor-release-none = 解放したメールの送り先がありません。メールは待ちます
doctor-release-none-advice = milter を通らないメールサーバーのポートを書いてください：[release] に `next = "127.0.0.1:10026"`
doctor-release-wrong = { $why }
doctor-release-wrong-advice = milter を通らないメールサーバーのポートを書いてください：[release] に `next = "127.0.0.1:10026"`
doctor-release-away = { $place }：{ $why }
doctor-release-away-advice = メールサーバーを起動するか、[release] の `next` を直してください。それまで解放したメールは待ちます
doctor-dns-wrong = { $why }
doctor-dns-wrong-advice = /etc/resolv.conf を確認してください
doctor-dns-off = 使いません。信頼するサーバーが送信認証を検証します
doctor-dmarc = { $domain } には DMARC の方針があります
doctor-dmarc-weak = { $domain } の DMARC は何も求めていません
doctor-dmarc-weak-advice = p=quarantine か p=reject にすると、あなたの名前を使うなりすましを防げます
doctor-dmarc-none = { $domain } には DMARC がありません
doctor-dmarc-none-advice = _dmarc.{ $domain } に公開してください
doctor-dns-failed = { $domain }：{ $why }
doctor-dns-failed-advice = /etc/resolv.conf とネームサーバーを確認してください
doctor-dns-silent = 5 秒以内に応答したネームサーバーがありません
doctor-dns-silent-advice = /etc/resolv.conf とファイアウォール（ポート 53）を確認してください
doctor-postfix = smtpd_milters = { $set }
doctor-postfix-empty = smtpd_milters は空です
doctor-postfix-empty-advice = postconf -e 'smtpd_milters = inet:{ $place }' && postfix reload
doctor-postfix-other = smtpd_milters = { $set }
doctor-postfix-other-advice = postconf -e 'smtpd_milters = inet:{ $place }' && postfix reload
doctor-check-arc = ARC
doctor-arc = { $name } に鍵があります
doctor-arc-wrong = { $why }
doctor-arc-wrong-advice = [arc] を直してください。例は docs/banners.md にあります
doctor-arc-unverified = ここでは送信者認証を検証しないため、封印しません
doctor-arc-unverified-advice = [authentication] に `dns = true` を書くか、[arc] を消してください
doctor-arc-other = { $name } には別の鍵があります
doctor-arc-other-advice = "{ $record }" を公開してください。RSA 鍵の取り出し方は docs/banners.md にあります
doctor-arc-none = { $name } に TXT レコードがありません
doctor-arc-none-advice = "{ $record }" を公開してください。RSA 鍵の取り出し方は docs/banners.md にあります
doctor-arc-failed = { $name }: { $why }
doctor-arc-failed-advice = ネームサーバーを確認してください
