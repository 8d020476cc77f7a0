# recipes.sh - what an administrator does who follows doc/install.md or README.md, for the files "setup" of the worlds
# SPDX-License-Identifier: BSD-2-Clause
#
# The lines come out of these documents; nothing of them is written down here twice.

# install_md HEADING LINE, readme HEADING LINE: the first block of code in doc/install.md, in README.md, after a line that
# matches LINE in the section whose heading matches HEADING (regular expressions of awk)
install_md() {
	block_of /root/install.md "$@"
}

readme() {
	block_of /root/README.md "$@"
}

# block_of FILE HEADING LINE
block_of() {
	local file=$1
	shift
	awk -v heading="$1" -v line="$2" '
		/^#/ && !/^#[^# ]/ { inside = ($0 ~ heading) }
		!inside && !found { next }
		!found { if ($0 ~ line && !/^    /) found = 1; next }
		/^    / { print substr($0, 5); block = 1; next }
		block && /^$/ { print; next }
		block { exit }
		END { exit !block }
	' "$file" || { echo "$file has no block after /$2/ in /$1/" >&2; return 1; }
}

# Lines of main.cf from standard input, entered one by one: the last one of a name counts.
main_cf() {
	local line
	sed -e '/^ *#/d' -e '/^ *$/d' | while read -r line; do
		postconf -e "$line"
	done
}

# A block that says "# and in FILE:  LINE" means another file.
other_file() {
	sed -n 's/^# *and in \([^ ]*\): *\(.*\)$/\1 \2/p' | while read -r file text; do
		printf '%s\n' "$text" >>"$file"
	done
}

# --- sdr.conf ---

# sdr_conf: doc/install.md, step 4, with the file people.ldif as the directory and a replica of it
sdr_conf() {
	mkdir -p /etc/sdr
	install_md '4. /etc/sdr/sdr.conf' 'into ./etc/sdr/sdr.conf' | file_as_directory >/etc/sdr/sdr.conf
}

file_as_directory() {
	awk '
		/^\[/ { directory = /^\[directory/ }
		/^\[directory/ { print; print "uri = ldif:/etc/sdr/people.ldif"; print "default-owner = onprem"; print "" }
		!directory { print }
		END { print "\n[replica]\npath = /var/lib/sdr/replica" }
	'
}

# sdr_option SECTION LINE: one more line there
sdr_option() {
	awk -v section="[$1]" -v line="$2" '
		{ print }
		$0 == section { print line; found = 1 }
		END { if (!found) print "\n" section "\n" line }
	' /etc/sdr/sdr.conf >/etc/sdr/new
	cat /etc/sdr/new >/etc/sdr/sdr.conf
	rm /etc/sdr/new
}

# rewrite milter|tables: doc/install.md, "Who rewrites"
rewrite() {
	[ "$1" = milter ] || install_md 'Who rewrites' 'Choose one' | awk '/^# or/ { tables = 1 } tables && /=/' |
		while read -r line; do
			sdr_option milter "$line"
		done
}

# --- Postfix ---

# postfix_relay milter|tables, postfix_lmtp milter|tables: doc/install.md, step 6, for mailboxes on another machine
# and on this one
postfix_relay() {
	postfix_block "$1" 'another machine'
}

postfix_lmtp() {
	postfix_block "$1" 'this machine'
	dovecot_lmtp
}

postfix_block() {
	rewrite "$1"
	postfix_both
	install_md '6. Postfix' "rewrite = $1.*$2" >/root/block
	main_cf </root/block
	other_file </root/block
	touch /etc/postfix/virtual
	for file in virtual transport; do
		[ ! -e /etc/postfix/$file ] || postmap /etc/postfix/$file
	done
}

postfix_both() {
	install_md '6. Postfix' 'In every set-up' | main_cf
}

# The mailboxes of Dovecot are those of the accounts of this machine. "Give them a mailbox": who is always here.
dovecot_lmtp() {
	for user in postmaster abuse mailer-daemon; do
		useradd --create-home $user
	done
	# Debian's 2.4 sets auth_username_format for lmtp alone.
	case $(dovecot --version) in
	2.3.*)
		printf '%s\n' 'mail_location = maildir:~/Maildir' 'auth_username_format = %Ln' ;;
	*)
		printf '%s\n' 'mail_driver = maildir' 'mail_path = ~/Maildir' 'mail_inbox_path = ~/Maildir' \
			'protocol lmtp {' '  auth_username_format = %{user | username | lower}' '}' ;;
	esac >/etc/dovecot/local.conf
	cat >>/etc/dovecot/local.conf <<-'EOT'
		service lmtp {
		  unix_listener /var/spool/postfix/private/dovecot-lmtp {
		    user = postfix
		    group = postfix
		    mode = 0600
		  }
		}
		protocol lmtp {
		  postmaster_address = postmaster@example.com
		}
	EOT
}

# postfix_mydestination: example.com is one of the domains of Debian's own configuration.
# With the milter, "people who have moved must stay in the map": robert, who has no account, by an alias.
# With the tables, local_recipient_maps has the table recipient, and what it had before for the other domains.
postfix_mydestination() {
	printf '%s\n' 'robert: alice' 'abuse: postmaster' 'mailer-daemon: postmaster' >>/etc/aliases
	newaliases
	rewrite "$1"
	postfix_both
	postconf -e "mydestination = example.com, $(postconf -hx mydestination)"
	postconf -e 'relay_domains = onprem.example.com'
	[ "$1" = tables ] || return 0
	touch /etc/postfix/virtual
	postmap /etc/postfix/virtual
	install_md '6. Postfix' 'rewrite = tables.*this machine' >/root/block
	grep -E '^(virtual_alias_maps|relay_recipient_maps)' /root/block | main_cf
	postconf -e "$(sed -n 's/^virtual_mailbox_maps/local_recipient_maps/p' /root/block), $(postconf -h local_recipient_maps)"
}

# --- Exim ---

# exim_split, exim_unsplit: doc/install.md, step 8, for Debian's split and unsplit configuration
exim_split() {
	exim_answer use_split_config true
	install_md '8. Exim' '[*][*]split[*][*]' | sh -e
	exim_both
}

exim_unsplit() {
	exim_answer use_split_config false
	install_md '8. Exim' '[*][*]unsplit[*][*]' | sh -e
	exim_both
}

# Step 4: no section [milter]. Step 9: Exim reads the replica as its own user.
exim_both() {
	sed -i '/^\[milter\]/,/^\[replica\]/{/^\[replica\]/!d}' /etc/sdr/sdr.conf
	usermod -a -G sdr Debian-exim
}

# exim_answer NAME VALUE: what debconf asks
exim_answer() {
	sed -i "s#^dc_$1=.*#dc_$1='$2'#" /etc/exim4/update-exim4.conf.conf
}

# exim_answers: lines of update-exim4.conf.conf on standard input
exim_answers() {
	while read -r line; do
		sed -i "/^${line%%=*}=/d" /etc/exim4/update-exim4.conf.conf
		echo "$line" >>/etc/exim4/update-exim4.conf.conf
	done
}

# exim_here, exim_hubbed: the mailboxes are on this machine, on another one
exim_here() {
	install_md '8. Exim' 'on this machine' | exim_answers
	echo 'robert: alice' >>/etc/aliases
}

exim_hubbed() {
	install_md '8. Exim' '[*][*]on another machine' | exim_answers
	install_md '8. Exim' 'and in ./etc/exim4/hubbed_hosts' >>/etc/exim4/hubbed_hosts
}

exim_smarthost() {
	exim_answer eximconfig_configtype smarthost
	exim_answer smarthost smarthost.example.com
}

# --- Sendmail ---

# sendmail_relay, sendmail_here: doc/install.md, step 7, for mailboxes on another machine and on this one
sendmail_relay() {
	install_md '7. Sendmail' 'In every set-up' | before_mailers
	install_md '7. Sendmail' 'on another machine' | before_mailers
	install_md '7. Sendmail' 'and in ./etc/mail/mailertable' >>/etc/mail/mailertable
	sendmail_both
	makemap hash /etc/mail/mailertable </etc/mail/mailertable
}

sendmail_here() {
	install_md '7. Sendmail' 'In every set-up' | before_mailers
	printf 'example.com\nonprem.example.com\n' >>/etc/mail/local-host-names
	echo 'robert: alice' >>/etc/mail/aliases
	sendmail_both
}

# Debian's Sendmail listens on the loopback interface alone, and lets nobody send more than ten messages a
# minute: an administrator has changed that. It does not care how busy a machine is that runs tests;
# nor does sendmail(1), which would leave mail in its own queue for twenty minutes.
sendmail_listens() {
	printf 'define(`%s'\'', `999'\'')dnl\n' confQUEUE_LA confREFUSE_LA confDELAY_LA >/root/busy
	before_mailers </root/busy
	sed -i -e '/^OSTYPE/r /root/busy' /etc/mail/submit.mc
	sed -i -e '/^DAEMON_OPTIONS/s/Port=smtp, Addr=127.0.0.1/Port=smtp/' /etc/mail/sendmail.mc
	printf '%s:203.0.113.1\t0\n' GreetPause ClientRate ClientConn >>/etc/mail/access
}

# doc/install.md, step 2: the place of the socket.
sendmail_both() {
	sendmail_listens
	install_md '2. The socket' '[*][*]Sendmail' >/root/milter
	awk '/^\[milter\]/ { system("cat /root/milter; echo"); skip = 1; next } /^\[/ { skip = 0 } !skip' \
		/etc/sdr/sdr.conf >/etc/sdr/new
	cat /etc/sdr/new >/etc/sdr/sdr.conf
	rm /etc/sdr/new
}

# sendmail_tables: the look-up tables; sendmail_tables here: with mailboxes on this machine
sendmail_tables() {
	sdr_option milter 'map-socket = unix:/run/sdr/map.sock'
	sdr_option milter 'rewrite = tables'
	install_md '7. Sendmail' 'rewrite = tables.*add' >/root/tables
	grep -v '^include' /root/tables | before_mailers
	[ "${1-}" != here ] || install_md '7. Sendmail' 'before the .include' | before_mailers
	grep '^include' /root/tables | before_mailers
}

# before_mailers: standard input goes into sendmail.mc, above the MAILER lines
before_mailers() {
	cat >/root/lines
	awk '/^MAILER_DEFINITIONS/ { system("cat /root/lines") } { print }' /etc/mail/sendmail.mc >/root/mc
	cat /root/mc >/etc/mail/sendmail.mc
}

# Debian's init script calls make once more, with the Makefile that the first one has made.
sendmail_make() {
	newaliases
	make -C /etc/mail
	make -C /etc/mail
}

# sendmail_run_as_user: doc/install.md, step 2, with Debian's user
sendmail_run_as_user() {
	echo 'define(`confRUN_AS_USER'\'', `smmta'\'')dnl' | before_mailers
	sdr_option milter 'socket-group = smmta'
	mkdir -p /etc/systemd/system/sdr-milter.service.d
	install_md '2. The socket' 'systemctl edit' >/etc/systemd/system/sdr-milter.service.d/override.conf
}

# --- README.md: the shortest set-up of each, and nothing else ---

readme_postfix() {
	readme_sdr_conf Postfix
	readme Postfix 'main[.]cf' | main_cf
	readme Postfix 'etc/postfix/transport' >>/etc/postfix/transport
	postmap /etc/postfix/transport
}

readme_sendmail() {
	readme_sdr_conf Sendmail
	sendmail_listens
	readme Sendmail 'MAILER' | before_mailers
	readme Sendmail 'mailertable' >>/etc/mail/mailertable
	makemap hash /etc/mail/mailertable </etc/mail/mailertable
	sendmail_make
}

readme_exim() {
	readme_sdr_conf
	readme Exim 'exim4-daemon-heavy' | sh -e
	readme Exim 'update-exim4.conf.conf' | exim_answers
	readme Exim 'etc/exim4/hubbed_hosts' >>/etc/exim4/hubbed_hosts
	usermod -a -G sdr Debian-exim
}

# readme_sdr_conf [MTA]: step 3, and the lines that the MTA needs
readme_sdr_conf() {
	readme '3. /etc/sdr/sdr.conf' '3. /etc/sdr/sdr.conf' | sh -e
	{
		readme '3. /etc/sdr/sdr.conf' 'in ./etc/sdr/sdr.conf'
		[ $# -eq 0 ] || readme "$1" 'Append to ./etc/sdr/sdr.conf'
	} | file_as_directory >/etc/sdr/sdr.conf
}

# --- what else administrators write ---

# again PORT: an smtpd at 127.0.0.1 where a filter gives mail back, as doc/install.md says
again() {
	local port=127.0.0.1:$1
	postconf -M "$port/inet=$port inet n - y - - smtpd"
	shift
	local option
	for option in smtpd_milters= smtpd_proxy_filter= content_filter= "$@"; do
		postconf -P "$port/inet/$option"
	done
}

# virtual_table: /etc/postfix/virtual is asked, after the table of sdr-milter if there is one
virtual_table() {
	case $(postconf -h virtual_alias_maps) in
	*socketmap:*) ;;
	*) postconf -e 'virtual_alias_maps = hash:/etc/postfix/virtual' ;;
	esac
}
