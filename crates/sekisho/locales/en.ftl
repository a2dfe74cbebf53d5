# Words for people. Name the risk, then the evidence, then the next step.
class-benign = benign
class-suspicious = SUSPICIOUS
class-malicious = MALICIOUS
threat-credential_phishing = asks for credentials
threat-malware = brings malware
threat-fraud = fraud by impersonation
threat-callback_phishing = wants you to call a number
threat-extortion = extortion
threat-thread_hijack = abuses a real conversation
threat-scam = scam
threat-spam = unwanted mail

verdict = { $class } (score { $score } of 100)
verdict-threat = { $class }: { $threat } (score { $score } of 100)

section-claims = Claims to be
section-sender = Really sent by
section-papers = Papers
section-way = Way
section-links = Links
section-why = Why
section-unknown = Not known
section-next = Next step

claims-brand = { $brand } (in { $surfaces }: "{ $text }")
claims-name = "{ $name }" <{ $address }>
claims-nobody = nobody: there is no author address
surface-display_name = the sender's name
surface-local_part = the sender's address
surface-subdomain = the sender's address
surface-subject = the subject
surface-heading = the heading
surface-phrase = the text
surface-sign_off = the signature
surface-copyright = the copyright line
surface-link_text = a link's text
surface-image = an image
surface-lookalike_domain = a look-alike domain
surface-link_host = a link's host

sender-domain = { $domain }
sender-unproven = nobody has proved it; the address says { $domain }
sender-tenant = through { $esp }, account { $account }
sender-esp = through { $esp }
via-api = handed over by programme (API)
via-smtp = handed over by SMTP login
sender-forged = carries headers of { $claimed }, but did not come from there
reply-to = answers go to { $address }, not to the author

papers-results = SPF { $spf }, DKIM { $dkim }, DMARC { $dmarc }
papers-by = as { $server } found
papers-verified = verified here
papers-none = nobody checked them
papers-prove = They prove that the mail was sent with the means of { $domains }.
papers-prove-not-brand = They do not prove that it is from { $brand }.
papers-prove-not-person = They do not prove who was using the account.
papers-prove-nothing = They prove nothing.

way-hop = { $from } → { $by } ({ $with })
way-none = no server has stamped it

link-direct = { $display } → { $host }
link-wrapped = { $display } → { $wrapper } → { $host }
link-opaque = { $display } → { $host } (the tracker hides where it leads)
link-plain = (no text)
links-none = none
links-more = and { $count } more

why-nothing = No rule found anything.
unknown-gap = { $facet }: { $detail }
unknown-rules = { $count } rules could not be decided; missing: { $missing }

next-malicious = Do not click, open or answer. Report it, and warn the apparent sender by phone or chat, not by mail.
next-suspicious = Ask the apparent sender by phone or chat before you click, open or pay anything.
next-benign = Nothing to do. If it still looks wrong to you, report it.
