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
dnl and, if the users of this machine have their mailboxes in a split domain:
dnl
dnl     define(`SDR_LOCAL_DOMAIN', `example.com')dnl
dnl
dnl SDR_DOMAINS are the split domains and this site's routing domains. Every
dnl envelope recipient in one of them is looked up, whether a client has named it
dnl or an alias, a .forward file, a bounce. No virtusertable is needed for that;
dnl one that is there is asked afterwards. With SDR_LOCAL_DOMAIN names without a
dnl domain, as in the alias "team: alice, bob", are looked up in that one.
dnl
dnl   recipient  whether anybody knows the address; if not, it is refused.
dnl   route      where it goes to. Several targets, or a copy, go through an alias
dnl              of our own, "sdr-copy.alice.=.example.com", because a rule can
dnl              name one address alone: it is resolved by a second alias file.
dnl   transport  the next hop of a site with "delivery = route". Sendmail knows no
dnl              other port than the mailer's own: one that is not 25 has to stand
dnl              in ESMTP_MAILER_ARGS.
dnl
ifdef(`SDR_MAP_SOCKET', `', `define(`SDR_MAP_SOCKET', `/run/sdr/map.sock')')
ifdef(`SDR_DOMAINS', `', `errprint(`sendmail-sdr.m4: define SDR_DOMAINS
')m4exit(1)')
define(`_SDR_MAP_', `socket -q -T<TMPF> local:'SDR_MAP_SOCKET)
define(`_SDR_TEMPFAIL_', `"451 Temporary lookup failure, try again later"')
ifdef(`ALIAS_FILE', `', `define(`ALIAS_FILE', MAIL_SETTINGS_DIR`aliases')')
define(`ALIAS_FILE', defn(`ALIAS_FILE')`,socket:local:'SDR_MAP_SOCKET)
divert(0)dnl
LOCAL_CONFIG
C{SdrDomain}SDR_DOMAINS
Krecipient _SDR_MAP_
Kroute _SDR_MAP_
Ktransport _SDR_MAP_

LOCAL_RULE_0
# split domain routing, of envelope recipients alone
R$*	$: < $&{addr_type} > $1
R< e r > $+ < @ $={SdrDomain} . > $*	$: <?> $1 < @ $2 . > $3
R< e r > $+ < @ $={SdrDomain} > $*	$: <?> $1 < @ $2 . > $3
ifdef(`SDR_LOCAL_DOMAIN', `dnl
# a name without a domain: an alias, or a user who may have moved
R< e r > $* < @ $* > $*	$: < - > $1 < @ $2 > $3
R< e r > $+	$: < $(route $1 @ SDR_LOCAL_DOMAIN $: - $) > $1 $| SDR_LOCAL_DOMAIN
R< $* < TMPF > > $* $| $*	$#error $@ 4.3.0 $: _SDR_TEMPFAIL_
R< $+ , $+ > $+ $| $*	$#local $: sdr-copy . $3 . = . $4
R< $+ @ $+ > $+ $| $*	$@ $>Recurse $1 @ $2
R< - > $+ $| $*	$: < - > $1
')dnl
R<?> $+ < @ $+ . > $*	$: < $(recipient $1 @ $2 $: @ $) > $1 < @ $2 . > $3
R< $* < TMPF > > $*	$#error $@ 4.3.0 $: _SDR_TEMPFAIL_
R<@> $*	$#error $@ 5.1.1 $: "550 User unknown"
R< known > $+ < @ $+ . > $*	$: < $(route $1 @ $2 $: ? $) > $1 < @ $2 . > $3
R< $* < TMPF > > $*	$#error $@ 4.3.0 $: _SDR_TEMPFAIL_
R< $+ , $+ > $+ < @ $+ . > $*	$#local $: sdr-copy . $3 . = . $4
R<?> $+ < @ $+ . > $*	$: < $(transport $1 @ $2 $: $) > $1 < @ $2 . > $3
R< $+ @ $+ > $+ < @ $+ >	$@ $>Recurse $1 @ $2
R< $* < TMPF > > $*	$#error $@ 4.3.0 $: _SDR_TEMPFAIL_
R< smtp : [ $+ ] : $- > $+ < @ $+ > $*	$#esmtp $@ [ $1 ] $: $3 < @ $4 > $5
R< $* > $+	$: $2
