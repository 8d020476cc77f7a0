divert(-1)dnl
dnl
dnl sendmail-sdr.m4 - the lookup tables of sdr-milter(8) in Sendmail
dnl SPDX-License-Identifier: BSD-2-Clause
dnl
dnl In sendmail.mc, before the MAILER lines:
dnl
dnl    define(`SDR_MAP_SOCKET', `/run/sdr/map.sock')dnl
dnl    include(`/usr/share/doc/sdr/examples/sendmail-sdr.m4')dnl
dnl
dnl Every envelope recipient is looked up, whether a client has named it or an
dnl alias, a .forward file, a bounce. It needs no virtusertable, and is asked
dnl before one that is there.
dnl
dnl route      where an address goes to. Several targets, or copies, go through an
dnl alias of our own, "sdr-copy.alice.=.example.com", because a rule can
dnl name one address alone: that is what the second alias file is for.
dnl transport  the next hop of a site with "delivery = route". Sendmail knows no
dnl other port than the mailer's own, so a port that is not 25 has to
dnl stand in ESMTP_MAILER_ARGS.
dnl
ifdef(`SDR_MAP_SOCKET', `', `define(`SDR_MAP_SOCKET', `/run/sdr/map.sock')')
define(`_SDR_MAP_', `socket -T<TMPF> local:'SDR_MAP_SOCKET)
ifdef(`ALIAS_FILE', `', `define(`ALIAS_FILE', MAIL_SETTINGS_DIR`aliases')')
define(`ALIAS_FILE', defn(`ALIAS_FILE')`,socket:local:'SDR_MAP_SOCKET)
divert(0)dnl
LOCAL_CONFIG
Kroute _SDR_MAP_
Ktransport _SDR_MAP_

LOCAL_RULE_0
# split domain routing: envelope recipients alone
R$*			$: < $&{addr_type} > $1
R< e r > $+ < @ $+ . > $*	$: < $(route $1 @ $2 $: $) > $1 < @ $2 . > $3
R< e r > $*		$: $1
R< e s > $*		$: $1
R< h r > $*		$: $1
R< h s > $*		$: $1
R< $* < TMPF > > $*	$#error $@ 4.3.0 $: "451 Temporary lookup failure, try again later"
R< $+ , $+ > $+ < @ $+ . > $*	$#local $: sdr-copy . $3 . = . $4
R< $+ > $+ < @ $+ >	$@ $>Recurse $1
R< > $+ < @ $+ . > $*	$: < $(transport $1 @ $2 $: $) > $1 < @ $2 . > $3
R< $* < TMPF > > $*	$#error $@ 4.3.0 $: "451 Temporary lookup failure, try again later"
R< smtp : [ $+ ] : $- > $+ < @ $+ > $*	$#esmtp $@ [ $1 ] $: $3 < @ $4 > $5
R< $* > $+		$: $2
