divert(-1)dnl
dnl
dnl sendmail-sdr.m4 - the lookup tables of sdr-milter(8) in Sendmail
dnl SPDX-License-Identifier: BSD-2-Clause
dnl
dnl In sendmail.mc, before the MAILER lines:
dnl
dnl     define(`SDR_MAP_SOCKET', `/run/sdr/map.sock')dnl
dnl     define(`SDR_DOMAINS', `example.com onprem.example.com')dnl
dnl     include(`/usr/share/doc/sdr/examples/sendmail-sdr.m4')dnl
dnl
dnl (or `inet:8894@127.0.0.1', if map-socket is inet:127.0.0.1:8894) and, if this
dnl machine has mailboxes of a split domain:
dnl
dnl     define(`SDR_LOCAL_DOMAIN', `example.com')dnl
dnl
dnl SDR_DOMAINS are the split domains and this site's routing domains. Every
dnl envelope recipient in one of them is looked up, whether it comes from a client,
dnl an alias, a .forward file or a bounce. You need no virtusertable for that; an
dnl existing one is asked afterwards. With SDR_LOCAL_DOMAIN, names without a domain,
dnl as in the alias "team: alice, bob", are looked up in that domain. A recipient in
dnl the domains of this machine (local-host-names) that the directory does not know
dnl is then accepted if it is in the alias file. That is the first file in
dnl ALIAS_FILE; you can name another map:
dnl
dnl     define(`SDR_ALIASES', `hash -o /etc/mail/aliases')dnl
dnl
dnl Run newaliases. Without a database of the aliases, Sendmail reads the text file
dnl while it processes a message, and these rules take the names in it for recipients.
dnl
dnl   recipient  whether the directory knows the address. If not, it is rejected,
dnl              unless it is an alias, as above.
dnl   redirect   where mail for the address goes. A rule can return one address
dnl              only, so several targets, or a copy, are an alias of our own. Its
dnl              name, "sdr-copy.MAC.both=40example.com", is resolved by a second
dnl              alias file, and only if sdr-milter itself created that name. A
dnl              client that uses such a name gets "550 User unknown".
dnl   local      the same for a name without a domain. "\both" is not a copy but the
dnl              mailbox on this machine, as in a .forward file for vacation(1).
dnl   transport  the next hop of a site with "delivery = route". Sendmail uses the
dnl              port of the mailer only: a port other than 25 must be in
dnl              ESMTP_MAILER_ARGS.
dnl
dnl sdr.conf must have "rewrite = tables" in [milter]. When you upgrade sdr-milter,
dnl rebuild sendmail.cf.
dnl
ifdef(`SDR_MAP_SOCKET', `', `define(`SDR_MAP_SOCKET', `/run/sdr/map.sock')')
ifdef(`SDR_DOMAINS', `', `errprint(`sendmail-sdr.m4: define SDR_DOMAINS
')m4exit(1)')
dnl a path, or what Sendmail itself writes: inet:PORT@HOST
define(`_SDR_SOCKET_', ifelse(index(SDR_MAP_SOCKET, `inet'), 0, `', `local:')SDR_MAP_SOCKET)
define(`_SDR_MAP_', `socket -f -q -T<TMPF> '_SDR_SOCKET_)
define(`_SDR_TEMPFAIL_', `"451 Temporary lookup failure, try again later"')
ifdef(`ALIAS_FILE', `', `define(`ALIAS_FILE', MAIL_SETTINGS_DIR`aliases')')
dnl turn "/etc/mail/aliases" or "hash:/etc/mail/aliases" into the name of a map
ifdef(`SDR_ALIASES', `', `define(`SDR_ALIASES',
patsubst(patsubst(patsubst(defn(`ALIAS_FILE'), `,.*'), `^\([^:/, ]*\):', `\1 -o '), `^\([-/]\)', `implicit -o \1'))')
dnl not at the beginning of a line: Debian's parse_mc looks for file names there
ifdef(`ALIAS_FILE', `define(`ALIAS_FILE', defn(`ALIAS_FILE')`,socket:'_SDR_SOCKET_)')
divert(0)dnl
LOCAL_CONFIG
C{SdrDomain}SDR_DOMAINS
Krecipient _SDR_MAP_
Kredirect _SDR_MAP_
Klocal _SDR_MAP_
Ktransport _SDR_MAP_
ifdef(`SDR_LOCAL_DOMAIN', `dnl
Ksdr_alias patsubst(defn(`SDR_ALIASES'), `^\([a-z]+\)', `\1 -m -a<ALIAS> -T<TMPF>')
')dnl

LOCAL_RULE_0
# split domain routing, for envelope recipients only
R$*	$: < $&{addr_type} > $1
R< e r > $+ < @ $={SdrDomain} . > $*	$: <?> $1 < @ $2 . > $3
R< e r > $+ < @ $={SdrDomain} > $*	$: <?> $1 < @ $2 . > $3
# only these rules may name sdr-copy
R< e r > sdr-copy . $* < @ $=w . > $*	$#error $@ 5.1.1 $: "550 User unknown"
R< e r > $* < @ $* > $*	$: < - > $1 < @ $2 > $3
# a name without a domain: an alias, or a user who may have moved
R< e r > sdr-copy . $*	$#error $@ 5.1.1 $: "550 User unknown"
ifdef(`SDR_LOCAL_DOMAIN', `dnl
R< e r > $+	$: $| < $(local $1 @ SDR_LOCAL_DOMAIN $: - $) > $1
R$| < $* < TMPF > > $*	$#error $@ 4.3.0 $: _SDR_TEMPFAIL_
R$| < $+ @ $+ > $*	$@ $>Recurse $1 @ $2
R$| < sdr-copy . $+ > $*	$#local $: sdr-copy . $1
R$| $*	$: $1
')dnl
R<?> $+ < @ $+ . > $*	$: < $(recipient $1 @ $2 $: @ $) > $1 < @ $2 . > $3
R< $* < TMPF > > $*	$#error $@ 4.3.0 $: _SDR_TEMPFAIL_
ifdef(`SDR_LOCAL_DOMAIN', `dnl
R<@> $+ < @ $=w . > $*	$: <@> $1 < @ $2 . > $3 $| $>SdrAlias $1
R<@> $* $| $* < TMPF >	$#error $@ 4.3.0 $: _SDR_TEMPFAIL_
R<@> $* $| $+ < ALIAS >	$: <> $1
R<@> $* $| $*	$: <@> $1
')dnl
R<@> $*	$#error $@ 5.1.1 $: "550 User unknown"
R< known > $+ < @ $+ . > $*	$: < $(redirect $1 @ $2 $: ? $) > $1 < @ $2 . > $3
R< $* < TMPF > > $*	$#error $@ 4.3.0 $: _SDR_TEMPFAIL_
R< $+ @ $+ > $+ < @ $+ . > $*	$@ $>Recurse $1 @ $2
R< sdr-copy . $+ > $+ < @ $+ . > $*	$#local $: sdr-copy . $1
R<?> $+ < @ $+ . > $*	$: < $(transport $1 @ $2 $: $) > $1 < @ $2 . > $3
R< $* < TMPF > > $*	$#error $@ 4.3.0 $: _SDR_TEMPFAIL_
R< smtp : [ $+ ] : $- > $+ < @ $+ > $*	$#esmtp $@ [ $1 ] $: $3 < @ $4 > $5
R< $* > $+	$: $2
ifdef(`SDR_LOCAL_DOMAIN', `dnl

LOCAL_RULESETS
# an alias, as Sendmail itself looks it up: with the detail, with any, without
SSdrAlias
R$*	$: $(sdr_alias $1 $: - $) $| $1
R- $| $+ + $*	$: $(sdr_alias $1 + * $: - $) $| $1
R- $| $+	$: $(sdr_alias $1 $: - $) $| $1
R$* $| $*	$@ $1
')dnl
