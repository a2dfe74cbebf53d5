
# What the commands around a running server say: held, lockdown, audit, reload, doctor, serve.
reload-done = { $node }: the new configuration and rules count
reload-same = { $node }: read again; nothing has changed
reload-refused = { $node }: refused, the old ones stay: { $why }
reload-restart = { $node }: these count only after a restart: { $keys }
reload-nobody = no server has answered: does `sekisho serve` run on this history? It reads its files when it starts

refused-lockdown = refused: lockdown { $id } covers it ({ $reason }); two administrators lift it, each with `sekisho lockdown lift { $id }`
refused-lockdown-until = refused: lockdown { $id } covers it until { $until } ({ $reason }); two administrators lift it, each with `sekisho lockdown lift { $id }`
refused-role = refused: the role { $role } may not do this; ask somebody whose role may
refused-state = refused: it is { $state } already; `sekisho held show ID` says by whom
refused-unknown = there is no such thing; `sekisho held list`, `held requests` and `lockdown list` show what there is
refused-same = refused: you wanted this lockdown lifted already; a second administrator has to lift it
refused-limit = refused: there are too many of them already; end some first

role-program = program
role-recipient = recipient
role-reader = reader
role-analyst = analyst
role-administrator = administrator
state-held = held
state-requested = requested
state-released = released
state-deleted = deleted
held-class-benign = benign
held-class-suspicious = suspicious
held-class-malicious = malicious

held-nothing = nothing like that is held
held-more = there is more; ask for it with --limit
held-line = { $from } to { $to }: { $subject }
held-and-more = { $first } and { $count } more
held-more-recipients = and { $count } more
held-judged = { $class }, score { $score }
held-bytes = { $bytes } bytes
held-stands = { $recipient }: { $state }, { $at }
held-stands-by = { $recipient }: { $state } by { $by }, { $at }
held-deleted = deleted for { $count } recipients; its bytes go with a sweep when nobody waits
held-released = released for { $count } recipients: `sekisho serve` hands it on
held-released-before = released for { $count } recipients: `sekisho serve` hands it on; released before for { $before }
held-no-way = this configuration names no `next` below [release]: what is released waits until there is one
held-no-requests = nobody asks for anything
held-request-refused = request { $request } is refused; the message stays held

field-record = record
field-arrived = arrived
field-class = class
field-why = why
field-rules = rules
field-claims = claims to be
field-campaign = campaign
field-from = from
field-envelope = envelope
field-subject = subject
field-size = size
field-intake = came by
field-clause = clause
field-recipient = recipient

request-line = request { $id }: { $by } asks for { $record } for { $recipient }, { $at }: { $words }
request-released = released by { $by }, { $at }: { $words }
request-refused = refused by { $by }, { $at }: { $words }
request-deleted = deleted by { $by }, { $at }: { $words }

scope-everything = everything
scope-class = class { $class }
scope-campaign = campaign { $id }
scope-group = group { $name }
scope-domain = domain { $name }
scope-records = { $count } messages
lockdown-ordered = lockdown { $id } holds: from now on nobody releases what it covers; to lift it takes two administrators
lockdown-by = ordered by { $by }, { $at }: { $reason }
lockdown-lifted = lifted by { $by }, { $at }
lockdown-ended = ended { $at }
lockdown-wanted = holds; { $by } wants it lifted, a second administrator has to
lockdown-until = holds until { $at }
lockdown-holds = holds until two administrators lift it
lockdown-none = there is no lockdown
lift-first = noted; the lockdown still holds: a second administrator has to lift it, with the same command
lift-now = lockdown { $id } is lifted
lift-over = lockdown { $id } had ended already

audit-by = { $who } ({ $role })
audit-nothing = the audit has no such entry

doctor-sign-good = good   {""}
doctor-sign-warning = warning
doctor-sign-bad = bad    {""}
doctor-check-configuration = configuration
doctor-check-rules = rules
doctor-check-data-folder = data folder
doctor-check-disk = disk
doctor-check-key = key
doctor-check-milter = milter
doctor-check-http = http
doctor-check-smtp = smtp
doctor-check-journal = journal
doctor-check-certificate = certificate
doctor-check-mailbox = mailbox
doctor-check-folder = folder
doctor-check-release = release
doctor-check-dns = dns
doctor-check-postfix = postfix
doctor-configuration = mail of { $domains }
doctor-configuration-wrong = { $why }
doctor-configuration-wrong-advice = mend the file; docs/configuration.md has every key
doctor-rules = { $count } are ready
doctor-rules-wrong = { $why }
doctor-rules-wrong-advice = `sekisho rules check FOLDER` shows line and column
doctor-data = { $folder }
doctor-data-none = { $why }
doctor-data-none-advice = name one with --data
doctor-data-closed = { $folder }: { $why }
doctor-data-closed-advice = let the user that runs sekisho write there, or name another with --data
doctor-disk = { $mib } MiB free
doctor-disk-full = { $mib } MiB free
doctor-disk-full-advice = make room: on a full disk mail that is to be held is deferred
doctor-disk-unknown = { $why }
doctor-disk-unknown-advice = look at it by hand: df -h
doctor-key = { $file }
doctor-key-none = { $file } is not there yet
doctor-key-none-advice = `sekisho serve` makes it; then keep a copy apart from this machine: without it held messages are lost
doctor-key-wrong = { $why }
doctor-key-wrong-advice = put the right key back; it opens what is held
doctor-port = { $address } is free
doctor-port-taken = { $address } is taken
doctor-port-taken-advice = fine if that is sekisho itself; else stop the other program (rspamd?) or choose another `listen`
doctor-port-wrong = { $address }: { $why }
doctor-port-wrong-advice = mend `listen` in [{ $section }]
doctor-certificate = [{ $section }] offers STARTTLS
doctor-certificate-none = [{ $section }] has none: STARTTLS is not offered
doctor-certificate-wrong = { $why }
doctor-certificate-wrong-advice = PEM files that belong together and that the user of sekisho can read
doctor-mailbox = { $place } answers
doctor-mailbox-away = { $place }: { $why }
doctor-mailbox-away-advice = mend `host` or `port` in [[mailbox]]; it is tried again and again
doctor-mailbox-wrong = { $why }
doctor-mailbox-wrong-advice = mend [[mailbox]] or [[folder]]
doctor-folder = { $place }
doctor-release = { $place } takes mail
doctor-release-none = nothing says where released mail goes: it waits
doctor-release-none-advice = name a port of the mail server without milter: `next = "127.0.0.1:10026"` below [release]
doctor-release-wrong = { $why }
doctor-release-wrong-advice = name a port of the mail server without milter: `next = "127.0.0.1:10026"` below [release]
doctor-release-away = { $place }: { $why }
doctor-release-away-advice = start the mail server, or mend `next` below [release]; what is released waits until then
doctor-dns-wrong = { $why }
doctor-dns-wrong-advice = look at /etc/resolv.conf
doctor-dns-off = off: a believed server verifies the papers
doctor-dmarc = { $domain } has a DMARC policy
doctor-dmarc-weak = { $domain } has a DMARC record that asks for nothing
doctor-dmarc-weak-advice = p=quarantine or p=reject keeps others from writing in your name
doctor-dmarc-none = { $domain } has no DMARC record
doctor-dmarc-none-advice = publish one at _dmarc.{ $domain }
doctor-dns-failed = { $domain }: { $why }
doctor-dns-failed-advice = look at /etc/resolv.conf and the name server
doctor-dns-silent = no name server answered in 5 s
doctor-dns-silent-advice = look at /etc/resolv.conf and the firewall (port 53)
doctor-postfix = smtpd_milters = { $set }
doctor-postfix-empty = smtpd_milters is empty
doctor-postfix-empty-advice = postconf -e 'smtpd_milters = inet:{ $place }' && postfix reload
doctor-postfix-other = smtpd_milters = { $set }
doctor-postfix-other-advice = postconf -e 'smtpd_milters = inet:{ $place }' && postfix reload
doctor-check-arc = arc
doctor-arc = { $name } has the key
doctor-arc-wrong = { $why }
doctor-arc-wrong-advice = mend [arc]; docs/banners.md has an example
doctor-arc-unverified = nothing is sealed: papers are not verified here
doctor-arc-unverified-advice = set `dns = true` below [authentication], or take [arc] out
doctor-arc-other = { $name } has another key
doctor-arc-other-advice = publish "{ $record }"; docs/banners.md says where an RSA key is found
doctor-arc-none = { $name } has no TXT record
doctor-arc-none-advice = publish "{ $record }"; docs/banners.md says where an RSA key is found
doctor-arc-failed = { $name }: { $why }
doctor-arc-failed-advice = look at the name server
