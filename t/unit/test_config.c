/* test_config.c - sdr.conf read, and every mistake in it told
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config.h"

#include "unit.h"

/* ---- what is right ---- */

static const char full[] =
    "# a comment\n"
    "; another\n"
    "\n"
    "this-site = onprem\n"
    "recipient-delimiter = +-\n"
    "loop-limit = 7\n"
    "always-local = postmaster\n"
    "always-local = x=*\n"
    "[site onprem]\n"
    "routing-domain = onprem.%d\n"
    "owner-value = cn=here,ou=a\\2Cb,dc=example,dc=com\n"
    "strip-extension = no\n"
    "[site hosted]\n"
    "routing-domain = %d.hosted.example\n"
    "owner-value = mx1.hosted.example.net\n"
    "owner-value = mx2.hosted.example.net\n"
    "accept-domain = tenant.example.org\n"
    "accept-domain = b\xc3\xbc"
    "cher.example.\n"
    "strip-extension = YES\n"
    "verify-address = alice@example.com\n"
    "verify-address = \"a b\"@example.net\n"
    "[site cloud]\n"
    "routing-domain = cloud.%d\n"
    "delivery = route\n"
    "next-hop = mx.cloud.example.net:25\n"
    "[domain Example.COM]\n"
    "unknown = hosted\n"
    "[domain XN--mll-hoa.example]\n"
    "unknown = Pass\n"
    "[domain example.net]\n"
    "alias-of = EXAMPLE.com.\n"
    "[directory corp]\n"
    "uri = ldaps://ldap1.example.com\n"
    "uri = ldap://[::1]:1389\n"
    "uri = ldapi://%2Frun%2Fslapd%2Fldapi\n"
    "profile = sdr\n"
    "search-base = ou=\"a, b\",dc=example,dc=com\n"
    "filter = (&(objectClass=person)(!(cn=a\\28b\\29 # no comment)))\n"
    "default-owner = ONPREM\n"
    "bind = simple\n"
    "bind-dn = cn=Smith\\, John,dc=example,dc=com\n"
    "password-file = @PASSWORD_FILE@\n"
    "tls-require-cert = no\n"
    "tls-ca-file = /nonexistent\n"
    "timeout = 60\n"
    "max-connections = 64\n"
    "address-attribute = mail\n"
    "address-attribute = uid\n"
    "owner-attribute = memberOf\n"
    "routing-address-attribute = x\n"
    "hold-attribute = y\n"
    "[directory merged]\n"
    "uri = ldap://ldap.merged.example\n"
    "start-tls = yes\n"
    "tls-require-cert = no\n"
    "search-base = dc=merged\n"
    "default-owner = cloud\n"
    "[directory export]\n"
    "uri = LDIF:/srv/export.ldif\n"
    "search-base = dc=export\n"
    "default-owner = cloud\n"
    "[replica]\n"
    "path = /var/lib/sdr/replica\n"
    "unknown-max-age = 5\n"
    "known-max-age = 31536000\n"
    "max-removed = 0\n"
    "reconcile = 0\n"
    "[milter]\n"
    "socket = unix:/run/sdr/milter.sock\n"
    "socket-group = postfix\n"
    "socket-mode = 0600\n"
    "milter-route = pass\n";

static void
main_options_are_read(void **state)
{
    struct sdr_config *c = unit_config(full);

    (void)state;
    assert_string_equal(c->recipient_delimiter, "+-");
    assert_int_equal(c->loop_limit, 7);
    assert_int_equal(c->always_local.count, 2);
    assert_string_equal(c->always_local.items[1], "x=*");
    assert_string_equal(c->sites[c->this_site].name, "onprem");
    assert_string_equal(c->milter.socket, "/run/sdr/milter.sock");
    assert_string_equal(c->milter.socket_group, "postfix");
    assert_int_equal(c->milter.socket_mode, 0600);
    assert_int_equal(c->milter.route, SDR_ROUTE_PASSES);
    sdr_config_free(&c);
    assert_null(c);
    sdr_config_free(&c);
}

static void
sites_are_read(void **state)
{
    struct sdr_config *c = unit_config(full);
    const struct sdr_site *sites = c->sites;

    (void)state;
    assert_int_equal(c->site_count, 3);
    assert_string_equal(sites[0].owner_values.items[0],
                        "cn=here,ou=a\\2Cb,dc=example,dc=com");
    assert_false(sites[0].strip_extension);
    assert_int_equal(sites[0].delivery, SDR_REWRITE);
    assert_null(sites[0].next_hop);
    assert_string_equal(sites[1].name, "hosted");
    assert_int_equal(sites[1].owner_values.count, 2);
    assert_int_equal(sites[1].accept_domains.count, 2);
    assert_true(sites[1].strip_extension);
    assert_int_equal(sites[1].verify_addresses.count, 2);
    assert_string_equal(sites[1].verify_addresses.items[1],
                        "\"a b\"@example.net");
    assert_int_equal(sites[2].delivery, SDR_BY_NEXT_HOP);
    assert_string_equal(sites[2].next_hop, "mx.cloud.example.net:25");
    sdr_config_free(&c);
}

static void
domains_are_read(void **state)
{
    struct sdr_config *c = unit_config(full);
    const struct sdr_domain *domains = c->domains;

    (void)state;
    assert_int_equal(c->domain_count, 3);
    assert_string_equal(domains[0].ascii, "example.com");
    assert_int_equal(domains[0].unknown, SDR_UNKNOWN_SITE);
    assert_int_equal(domains[0].unknown_site, 1);
    assert_string_equal(domains[0].routing[0], "onprem.example.com");
    assert_string_equal(domains[0].routing[1], "example.com.hosted.example");
    assert_string_equal(domains[1].ascii, "xn--mll-hoa.example");
    assert_int_equal(domains[1].unknown, SDR_UNKNOWN_PASS);
    assert_string_equal(domains[1].routing[2], "cloud.xn--mll-hoa.example");
    assert_int_equal(domains[1].canonical, 1);
    assert_int_equal(domains[2].canonical, 0);
    sdr_config_free(&c);
}

static void
directories_are_read(void **state)
{
    struct sdr_config *c = unit_config(full);
    const struct sdr_directory_options *corp = &c->directories[0];
    const struct sdr_directory_options *merged = &c->directories[1];

    (void)state;
    assert_int_equal(c->directory_count, 3);
    assert_string_equal(corp->name, "corp");
    assert_int_equal(corp->uris.count, 3);
    assert_string_equal(corp->uris.items[1], "ldap://[::1]:1389");
    assert_string_equal(corp->search_base, "ou=\"a, b\",dc=example,dc=com");
    assert_string_equal(
        corp->filter, "(&(objectClass=person)(!(cn=a\\28b\\29 # no comment)))");
    assert_int_equal(corp->default_owner, 0);
    assert_int_equal(corp->bind, SDR_BIND_SIMPLE);
    assert_string_equal(corp->bind_dn, "cn=Smith\\, John,dc=example,dc=com");
    assert_string_equal(corp->password, "secret");
    assert_false(corp->tls_require_cert);
    assert_int_equal(corp->timeout, 60);
    assert_int_equal(corp->max_connections, 64);
    assert_int_equal(corp->mapping.addresses.count, 2);
    assert_string_equal(corp->mapping.owner, "memberOf");
    assert_int_equal(merged->bind, SDR_BIND_NONE);
    assert_null(merged->password);
    assert_true(merged->start_tls);
    assert_int_equal(merged->default_owner, 2);
    assert_null(merged->ldif_path);
    assert_string_equal(c->directories[2].ldif_path, "/srv/export.ldif");
    sdr_config_free(&c);
}

static void
the_replica_is_read(void **state)
{
    struct sdr_config *c = unit_config(full);

    (void)state;
    assert_string_equal(c->replica.path, "/var/lib/sdr/replica");
    assert_int_equal(c->replica.unknown_max_age, 5);
    assert_int_equal(c->replica.known_max_age, 31536000);
    assert_int_equal(c->replica.max_removed, 0);
    assert_int_equal(c->replica.reconcile, 0);
    sdr_config_free(&c);
}

static void
what_is_not_given_has_a_default(void **state)
{
    struct sdr_config *c = unit_config("this-site = x\n"
                                       "[site x]\n"
                                       "routing-domain = mail.example.org\n"
                                       "[domain example.com]\n"
                                       "[directory d]\n"
                                       "uri = ldap://localhost\n"
                                       "search-base = dc=com\n"
                                       "default-owner = x\n");
    const struct sdr_directory_options *d = &c->directories[0];

    (void)state;
    assert_string_equal(c->recipient_delimiter, "");
    assert_int_equal(c->loop_limit, 5);
    assert_int_equal(c->always_local.count, 7);
    assert_int_equal(c->domains[0].unknown, SDR_UNKNOWN_REJECT);
    assert_string_equal(c->domains[0].routing[0], "mail.example.org");
    assert_string_equal(d->profile, "sdr");
    assert_int_equal(d->bind, SDR_BIND_NONE);
    assert_null(d->filter);
    assert_false(d->start_tls);
    assert_false(d->allow_plaintext_bind);
    assert_true(d->tls_require_cert);
    assert_string_equal(d->tls_ca_file, "/etc/ssl/certs/ca-certificates.crt");
    assert_int_equal(d->timeout, 5);
    assert_int_equal(d->max_connections, 4);
    assert_string_equal(c->milter.socket, "/var/spool/postfix/sdr/milter.sock");
    assert_null(c->milter.socket_group);
    assert_int_equal(c->milter.socket_mode, 0660);
    assert_int_equal(c->milter.route, SDR_ROUTE_REFUSED);
    assert_null(d->ldif_path);
    assert_null(c->replica.path);
    assert_int_equal(c->replica.unknown_max_age, 30);
    assert_int_equal(c->replica.known_max_age, 259200);
    assert_int_equal(c->replica.max_removed, 10);
    assert_int_equal(c->replica.reconcile, 86400);
    sdr_config_free(&c);
}

/* A simple bind stays on the machine, or is encrypted, or is allowed. */
static void
passwords_may_travel(void **state)
{
    static const char *const rows[] = {
        "uri = ldap://localhost:389\n",
        "uri = ldap://127.9.9.9\n",
        "uri = ldap://[::1]\n",
        "uri = ldapi://%2Frun%2Fldapi\n",
        "uri = ldapi:///\n",
        "uri = ldaps://x.example\n",
        "uri = ldap://x.example\nstart-tls = yes\n",
        "uri = ldap://x.example\nallow-plaintext-bind = yes\n",
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_config *c;
        struct unit_lines mistakes;
        char text[1024];
        enum sdr_status status;

        snprintf(text, sizeof text,
                 "this-site = x\n[site x]\nrouting-domain = m.%%d\n"
                 "[domain b]\n[directory d]\nsearch-base = dc=b\n"
                 "default-owner = x\ntls-require-cert = no\nbind = simple\n"
                 "bind-dn = cn=r\npassword-file = @PASSWORD_FILE@\n%s",
                 rows[i]);
        status = unit_load(&c, text, &mistakes);
        unit_row(status == SDR_OK && mistakes.count == 0, "%s: %s", rows[i],
                 mistakes.text);
        sdr_config_free(&c);
    }
    unit_end();
}

static void
windows_line_ends_are_taken(void **state)
{
    char *text = unit_replace(full, "\n", "\r\n");
    struct sdr_config *c = unit_config(text);

    (void)state;
    assert_string_equal(c->recipient_delimiter, "+-");
    assert_string_equal(c->directories[0].password, "secret");
    sdr_config_free(&c);
    free(text);
}

/* The file of certificates aside, nothing in it depends
 * on the machine. */
static void
the_example_loads(void **state)
{
    const char *source = getenv("srcdir");
    char path[4096];
    char *text, *off;
    struct sdr_config *c;

    (void)state;
    assert_non_null(source);
    snprintf(path, sizeof path, "%s/doc/sdr.conf", source);
    text = unit_read(path);
    off =
        unit_replace(text, "#tls-require-cert = yes", "tls-require-cert = no");
    c = unit_config(off);
    assert_true(c->site_count > 1);
    assert_int_equal(c->directory_count, 1);
    sdr_config_free(&c);
    free(off);
    free(text);
}

/* ---- mistakes ---- */

/* Behind UNIT_CONF: line 16 and on. */
#define REPLICA "[replica]\npath = /var/lib/sdr/replica\n"
#define EXPORT  "[directory x]\nsearch-base = dc=x\ndefault-owner = cloud\n"

/* UNIT_CONF has 15 lines and ends in [directory corp]. */
static const struct {
    const char *more;       /* what stands behind it */
    const char *mistake[3]; /* parts of the lines told, that many exactly */
} rows[] = {
    /* syntax */
    {"nonsense\n", {":16: Equal sign is missing"}},
    {"= x\n", {":16: Property name is missing"}},
    {"[broken\n", {":16: No closing bracket"}},
    {"[site x] y\n", {":16: No closing bracket"}},
    {"\n\nnonsense\n= x\n", {":18: ", ":19: "}},
    {"filter =\n", {":16: filter: no value"}},
    {"/* no comment here\n", {":16: Equal sign is missing"}},
    /* names */
    {"bogus = 1\n", {":16: bogus: there is no such option in [directory]"}},
    {"uris = x\n", {":16: uris: there is no such option in [directory]"}},
    {"this-site = onprem\n", {":16: this-site: there is no such option"}},
    {"[milter]\nsocket-mod = 1\n", {":17: socket-mod: there is no such"}},
    {"[bogus]\n", {"[bogus]: there is no such section"}},
    {"[site]\n", {"[site]: there is no such section"}},
    {"[milter x]\n", {"[milter x]: there is no such section"}},
    {"[sites x]\n", {"[sites x]: there is no such section"}},
    {"[site a b]\nrouting-domain = ab.%d\n", {"[site a b]: a name without"}},
    {"[site a;b]\nrouting-domain = ab.%d\n", {"[site a;b]: a name without"}},
    {"[site a%b]\nrouting-domain = ab.%d\n", {"[site a%b]: a name without"}},
    {"[domain x y]\n", {"[domain x y]: no domain name"}},
    {"[domain [192.0.2.1]\n", {"no domain name"}},
    /* values */
    {"timeout = 0\n", {":16: timeout: \"0\" is no number from 1 to 60"}},
    {"timeout = 61\n", {":16: timeout: \"61\" is no number"}},
    {"timeout = -1\n", {":16: timeout: \"-1\" is no number"}},
    {"timeout = 5s\n", {":16: timeout: \"5s\" is no number"}},
    {"timeout = 99999999999999999999\n", {":16: timeout: "}},
    {"max-connections = 65\n", {":16: max-connections: \"65\" is no number"}},
    {"start-tls = maybe\n", {":16: start-tls: \"maybe\" is not no or yes"}},
    {"bind = kerberos\n", {":16: bind: \"kerberos\" is not none or simple or"}},
    {"profile = bogus\n", {":16: profile: there is no \"bogus\", only"}},
    {"filter = a=b\n", {":16: filter: \"a=b\" is not in parentheses"}},
    {"[site hosted]\ndelivery = fly\n",
     {":17: delivery: \"fly\" is not rewrite or route"}},
    {"[milter]\nsocket-mode = 0888\n", {":17: socket-mode: \"0888\" is no"}},
    {"[milter]\nsocket-mode = 1777\n", {":17: socket-mode: \"1777\" is no"}},
    {"[milter]\nsocket = inet:8891@localhost\n", {":17: socket: \"inet:"}},
    {"[milter]\nsocket = unix:sdr.sock\n", {":17: socket: \"sdr.sock\""}},
    {"[milter]\nmilter-route = x\n", {":17: milter-route: \"x\" is not"}},
    /* given twice, merged sections included */
    {"timeout = 5\ntimeout = 5\n", {":17: timeout: given twice"}},
    {"default-owner = cloud\n", {":16: default-owner: given twice"}},
    {"[site hosted]\nrouting-domain = x.%d\n",
     {":17: routing-domain: given twice"}},
    /* missing */
    {"[site x]\n", {"[site x]: routing-domain is missing"}},
    {"[directory x]\nuri = ldap://localhost\ndefault-owner = cloud\n",
     {"[directory x]: search-base is missing"}},
    {"[directory x]\nsearch-base = dc=x\n",
     {"[directory x]: uri is missing",
      "[directory x]: default-owner is missing"}},
    /* sites that are none */
    {"[domain x.org]\nunknown = bogus\n",
     {":17: unknown: there is no [site bogus]"}},
    {"[directory x]\nuri = ldap://localhost\nsearch-base = dc=x\n"
     "default-owner = bogus\n",
     {":19: default-owner: there is no [site bogus]"}},
    /* sites against each other */
    {"[site x]\nrouting-domain = x.%d\nowner-value = a\nowner-value = HOSTED\n",
     {":19: owner-value: \"HOSTED\" means another site already"}},
    {"[site x]\nrouting-domain = x.%d\nowner-value = MX.hosted.example.net\n",
     {":18: owner-value: \"MX.hosted"}},
    {"[site x]\nrouting-domain = hosted.%d\n",
     {":17: hosted.example.com: this name means two things: hosted and x"}},
    {"[site x]\nrouting-domain = example.com\n",
     {":17: example.com: this name means two things"}},
    {"[site x]\nrouting-domain = tenant.example.org\n",
     {"tenant.example.org: this name means two things"}},
    {"[site x]\nrouting-domain = x.example.org\n[domain example.org]\n",
     {":17: x.example.org: this name means two things: x and x"}},
    {"[domain hosted.example.com]\n",
     {":6: hosted.example.com: this name means two things"}},
    {"[site x]\nrouting-domain = x.%d\naccept-domain = example.com\n",
     {":18: example.com: this name means two things"}},
    {"[site x]\nrouting-domain = %s.%d\n",
     {":17: routing-domain: \"%s.%d\" gives no domain name for example.com"}},
    {"[site x]\nrouting-domain = x..%d\n", {":17: routing-domain: \"x..%d\""}},
    {"[site x]\nrouting-domain = [192.0.2.1]\n", {":17: routing-domain: "}},
    {"[site x]\nrouting-domain = x.%d\naccept-domain = a.b\n"
     "accept-domain = a b\n",
     {":19: accept-domain: \"a b\" is no domain name"}},
    /* next hops */
    /* mailboxes to try */
    {"[site x]\nrouting-domain = x.%d\nverify-address = a@example.com\n"
     "verify-address = a@x.example.com\n",
     {":19: verify-address: \"a@x.example.com\" is no address in a split"}},
    {"[site x]\nrouting-domain = x.%d\nverify-address = example.com\n",
     {":18: verify-address: \"example.com\" is no address"}},
    {"[site x]\nrouting-domain = x.%d\nverify-address = <>\n",
     {":18: verify-address: \"<>\" is no address"}},
    {"[site x]\nrouting-domain = x.%d\nverify-address = a@tenant.example.org\n",
     {":18: verify-address: \"a@tenant.example.org\" is no address"}},
    {"[site x]\nrouting-domain = x.%d\nverify-address = "
     "jos\xc3\xa9@example.com\n",
     {":18: verify-address: "}},
    {"[site hosted]\ndelivery = route\n",
     {":17: delivery: route needs a next-hop"}},
    {"[site hosted]\nnext-hop = x:25\n",
     {":17: next-hop: only with delivery = route"}},
    {"[site hosted]\ndelivery = route\nnext-hop = x 25\n",
     {":18: next-hop: \"x 25\" is no host:port"}},
    {"[site onprem]\ndelivery = route\nnext-hop = x:25\n",
     {":17: delivery: route makes no sense for this-site"}},
    /* aliases */
    {"[domain x.org]\nalias-of = bogus.org\n",
     {":17: alias-of: there is no [domain bogus.org]"}},
    {"[domain x.org]\nalias-of = x.org\n",
     {":17: alias-of: there is no [domain x.org] that is no alias itself"}},
    {"[domain x.org]\nalias-of = example.com\n[domain y.org]\nalias-of = "
     "x.org\n",
     {":19: alias-of: there is no [domain x.org] that is no alias itself"}},
    {"[domain x.org]\nunknown = pass\nalias-of = example.com\n",
     {":17: unknown: an alias follows the domain it stands for"}},
    /* servers */
    {"uri = ldap1.example.com\n", {":16: uri: \"ldap1.example.com\" is not"}},
    {"uri = ldap://localhost\nuri = http://x\n", {":17: uri: \"http://x\""}},
    {"uri = ldap:///\n", {":16: uri: \"ldap:///\" is not"}},
    {"uri = ldaps:///\n", {":16: uri: \"ldaps:///\" is not"}},
    {"uri = cldap://x\n", {":16: uri: \"cldap://x\" is not"}},
    {"uri = pldap://x\n", {":16: uri: \"pldap://x\" is not"}},
    {"uri = ldap://x/dc=x\n", {":16: uri: \"ldap://x/dc=x\" is not"}},
    {"start-tls = yes\ntls-require-cert = no\nuri = ldapi://%2Fx\n",
     {":18: uri: \"ldapi://%2Fx\": start-tls is for ldap://"}},
    {"uri = ldaps://x\ntls-ca-file = /nonexistent\n",
     {":17: tls-ca-file: /nonexistent: No such file"}},
    {"uri = ldaps://x\ntls-ca-file = @PASSWORD_FILE@\n"
     "tls-cert-file = @PASSWORD_FILE@\n",
     {":18: tls-cert-file and tls-key-file: one needs the other"}},
    {"uri = ldaps://x\ntls-require-cert = no\n"
     "tls-key-file = /nonexistent\n",
     {":18: tls-cert-file and tls-key-file: one needs the other",
      ":18: tls-key-file: /nonexistent: No such file"}},
    {"tls-min-version = 1.1\n",
     {":16: tls-min-version: \"1.1\" is not 1.2 or 1.3"}},
    {"uri = ldap://x:99999\n", {":16: uri: \"ldap://x:99999\" is not"}},
    {"uri = ldap://x/?mail\n", {":16: uri: \"ldap://x/?mail\" is not"}},
    {"uri = ldap://x/??sub?(a=b)\n",
     {":16: uri: \"ldap://x/??sub?(a=b)\" is not"}},
    /* passwords */
    {"bind = simple\n",
     {":16: bind: simple needs bind-dn", ":16: bind: simple needs password-"}},
    {"bind = simple\nbind-dn = cn=x\n", {":16: bind: simple needs"}},
    {"bind = none\nbind-dn = cn=x\n",
     {":17: bind-dn: only with bind = simple"}},
    {"password-file = @PASSWORD_FILE@\n",
     {":16: password-file: only with bind = simple"}},
    {"bind = external\nbind-dn = cn=x\n",
     {":17: bind-dn: only with bind = simple"}},
    {"bind = gssapi\n", {":16: bind: gssapi needs keytab-file"}},
    {"bind = gssapi\nkeytab-file = /nonexistent\n",
     {":17: keytab-file: /nonexistent: No such file"}},
    {"keytab-file = @PASSWORD_FILE@\nprincipal = x\n",
     {":16: keytab-file: only with bind = gssapi",
      ":17: principal: only with bind = gssapi"}},
    {"bind = simple\nbind-dn = cn=x\npassword-file = /nonexistent\n",
     {":18: password-file: /nonexistent: No such file"}},
    {"bind = simple\nbind-dn = cn=x\npassword-file = /dev/null\n",
     {":18: password-file: /dev/null: not a regular file"}},
    {"bind = simple\nbind-dn = cn=x\npassword-file = @PASSWORD_FILE@\n"
     "uri = ldap://x.example\n",
     {":19: uri: \"ldap://x.example\" would carry the password unencrypted"}},
    {"bind = simple\nbind-dn = cn=x\npassword-file = @PASSWORD_FILE@\n"
     "uri = ldap://127.0.0.1.example\n",
     {":19: uri: \"ldap://127.0.0.1.example\" would carry the password"}},
    {"bind = simple\nbind-dn = cn=x\npassword-file = @PASSWORD_FILE@\n"
     "uri = pldap://x.example\n",
     {":19: uri: "}},
    /* the replica */
    {"[replica]\npath = replica\n",
     {":17: path: \"replica\" does not begin with /"}},
    {"[replica]\npath = /a\npath = /b\n", {":18: path: given twice"}},
    {"[replica]\nunknown-max-age = 4\n",
     {":17: unknown-max-age: \"4\" is no number from 5 to 86400"}},
    {"[replica]\nunknown-max-age = 86401\n", {":17: unknown-max-age: "}},
    {"[replica]\nknown-max-age = 59\n",
     {":17: known-max-age: \"59\" is no number from 60 to 31536000"}},
    {"[replica]\nknown-max-age = 31536001\n", {":17: known-max-age: "}},
    {"[replica]\nmax-removed = 101\n",
     {":17: max-removed: \"101\" is no number from 0 to 100"}},
    {"[replica]\nmax-removed = 10%\n", {":17: max-removed: \"10%\" is no"}},
    {"[replica]\nreconcile = 31536001\n",
     {":17: reconcile: \"31536001\" is no number from 0 to 31536000"}},
    {"[replica]\nmax-age = 1\n", {":17: max-age: there is no such option"}},
    {"[replica x]\n", {"[replica x]: there is no such section"}},
    /* files in place of servers */
    {EXPORT "uri = ldif:/x\n",
     {":19: uri: ldif: needs a [replica] with a path"}},
    {EXPORT "uri = ldif:/x\n[replica]\nreconcile = 0\n",
     {":19: uri: ldif: needs a [replica] with a path"}},
    {REPLICA EXPORT "uri = ldif:x\n",
     {":21: uri: \"ldif:x\" is not ldif:/PATH"}},
    {REPLICA EXPORT "uri = ldif:\n", {":21: uri: \"ldif:\" is not ldif:/PA"}},
    {REPLICA EXPORT "uri = ldif:/x\nuri = ldap://localhost\n",
     {":21: uri: an ldif: stands alone"}},
    {REPLICA EXPORT "uri = ldap://localhost\nuri = ldif:/x\n",
     {":22: uri: \"ldif:/x\" is not ldap://HOST"}},
    {REPLICA EXPORT "uri = ldif:/x\nfilter = (a=b)\n",
     {":22: filter: not with ldif:"}},
};

/* True if line NUMBER, from 0, of the lines contains the part. */
static bool
line_has(const struct unit_lines *lines, unsigned number, const char *part)
{
    const char *line = lines->text;
    const char *hit;

    for (; number > 0 && line != NULL; number--) {
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    hit = line == NULL ? NULL : strstr(line, part);
    return hit != NULL && hit < line + strcspn(line, "\n");
}

/* True if one of the lines does, and it names the file. */
static bool
is_told(const struct unit_lines *lines, const char *part)
{
    for (unsigned i = 0; i < lines->count; i++) {
        if (line_has(lines, i, part) && line_has(lines, i, "/sdr.conf:"))
            return true;
    }
    return false;
}

static void
mistakes_are_told_with_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_config *c = NULL;
        struct unit_lines mistakes;
        char text[2048];
        enum sdr_status status;
        unsigned n = 0;

        snprintf(text, sizeof text, "%s%s", UNIT_CONF, rows[i].more);
        status = unit_load(&c, text, &mistakes);
        for (; n < UNIT_COUNT(rows[i].mistake) && rows[i].mistake[n]; n++)
            unit_row(is_told(&mistakes, rows[i].mistake[n]),
                     "%s: not told: %s, but %s", rows[i].more,
                     rows[i].mistake[n], mistakes.text);
        unit_row(status == SDR_CONFIG && c == NULL && mistakes.count == n,
                 "%s: %s, %u lines: %s", rows[i].more, sdr_status_name(status),
                 mistakes.count, mistakes.text);
        sdr_config_free(&c);
    }
    unit_end();
}

/* Texts that do not begin like UNIT_CONF. */
static void
whole_files_are_judged(void **state)
{
    static const struct {
        const char *text, *mistake;
    } files[] = {
        {"", "this-site is missing"},
        {"", "there is no [domain ...]"},
        {"", "there is no [directory ...]"},
        {"this-site = x\n", ":1: this-site: there is no [site x]"},
        {"bogus = 1\nthis-site = x\n", ":1: bogus: there is no such option"},
        {"nonsense\n", ":1: Equal sign is missing"},
        {"loop-limit = 0\n", ":1: loop-limit: \"0\" is no number"},
        {"loop-limit = 51\n", ":1: loop-limit: \"51\" is no number"},
        {"this-site = a\nthis-site = b\n", ":2: this-site: given twice"},
        {"\xef\xbb\xbfthis-site = x\n", ":1: begins with a byte order mark"},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(files); i++) {
        struct sdr_config *c;
        struct unit_lines mistakes;
        enum sdr_status status = unit_load(&c, files[i].text, &mistakes);

        unit_row(status == SDR_CONFIG && is_told(&mistakes, files[i].mistake),
                 "%s: %s, %s", files[i].text, sdr_status_name(status),
                 mistakes.text);
        sdr_config_free(&c);
    }
    unit_end();
}

static void
all_mistakes_are_told_at_once(void **state)
{
    static const char *const told[] = {
        ":1: this-site: there is no [site bogus]",
        ":2: loop-limit: ",
        ":3: bogus: there is no such option",
        ":5: routing-domain: ",
        ":6: delivery: ",
        ":8: unknown: there is no [site y]",
        ":10: uri: ",
        ":11: default-owner: there is no [site z]",
        ":12: bind: simple needs bind-dn",
        ":12: bind: simple needs password-file",
        "search-base is missing",
        ":14: socket: ",
        "[what]: there is no such section",
    };
    struct sdr_config *c;
    struct unit_lines mistakes;

    (void)state;
    assert_int_equal(unit_load(&c,
                               "this-site = bogus\n"
                               "loop-limit = x\n"
                               "bogus = 1\n"
                               "[site a]\n"
                               "routing-domain = %%\n"
                               "delivery = fly\n"
                               "[domain b]\n"
                               "unknown = y\n"
                               "[directory d]\n"
                               "uri = x\n"
                               "default-owner = z\n"
                               "bind = simple\n"
                               "[milter]\n"
                               "socket = x\n"
                               "[what]\n",
                               &mistakes),
                     SDR_CONFIG);
    for (size_t i = 0; i < UNIT_COUNT(told); i++)
        unit_row(is_told(&mistakes, told[i]), "not told: %s", told[i]);
    unit_row(mistakes.count == UNIT_COUNT(told), "%s", mistakes.text);
    unit_end();
}

static void
more_sites_than_bits_are_a_mistake(void **state)
{
    struct sdr_config *c;
    struct unit_lines mistakes;
    char text[8192] = UNIT_CONF;

    (void)state;
    for (int i = 4; i <= SDR_SITES_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "[site s%d]\nrouting-domain = s%d.%%d\n", i, i);
    assert_int_equal(unit_load(&c, text, &mistakes), SDR_OK);
    sdr_config_free(&c);
    strcat(text, "[site last]\nrouting-domain = last.%d\n");
    assert_int_equal(unit_load(&c, text, &mistakes), SDR_CONFIG);
    assert_true(is_told(&mistakes, "more than 32 sites"));
}

/* A key of the replica has one octet for the directory. */
static void
more_directories_than_an_octet_knows_have_no_replica(void **state)
{
    struct sdr_config *c;
    struct unit_lines mistakes;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    fputs(UNIT_CONF, out);
    for (int i = 2; i <= 256; i++)
        fprintf(out,
                "[directory d%d]\nuri = ldap://localhost\n"
                "search-base = dc=x\ndefault-owner = cloud\n",
                i);
    fputs(REPLICA, out);
    fflush(out);
    assert_int_equal(unit_load(&c, text, &mistakes), SDR_OK);
    sdr_config_free(&c);
    fputs(EXPORT "uri = ldap://localhost\n", out);
    fclose(out);
    assert_int_equal(unit_load(&c, text, &mistakes), SDR_CONFIG);
    assert_true(is_told(&mistakes, "path: a replica of more than 256"));
    free(text);
}

/* libini_config refuses some files without a word: octets that are no UTF-8,
 * and section names that are no plain ASCII. */
static void
what_the_parser_cannot_take_is_told(void **state)
{
    static const char *const texts[] = {
        "# caf\xe9\n", "filter = (cn=caf\xe9)\n", "[site caf\xe9]\n",
        "[site x\x01]\n", "[domain m\xc3\xbcll.example]\n"};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct sdr_config *c;
        struct unit_lines mistakes;
        char text[1024];
        enum sdr_status status;

        snprintf(text, sizeof text, "%s%s", UNIT_CONF, texts[i]);
        status = unit_load(&c, text, &mistakes);
        unit_row(status == SDR_CONFIG && is_told(&mistakes, "/sdr.conf"),
                 "%s: %s, %s", texts[i], sdr_status_name(status),
                 mistakes.text);
        sdr_config_free(&c);
    }
    unit_end();
}

/* ---- files ---- */

/* Loads PATH, which must not; returns what was told. */
static const char *
complaint(const char *path)
{
    static struct unit_lines mistakes;
    struct sdr_trace trace = {unit_add_line, &mistakes};
    struct sdr_config *c;

    memset(&mistakes, 0, sizeof mistakes);
    assert_int_equal(sdr_config_load(&c, path, &trace), SDR_CONFIG);
    assert_null(c);
    assert_int_equal(mistakes.count, 1);
    return mistakes.text;
}

static void
what_is_no_file_is_told(void **state)
{
    struct unit_folder folder;

    (void)state;
    unit_folder_make(&folder);
    assert_non_null(strstr(complaint(folder.conf), "No such file"));
    assert_non_null(strstr(complaint(folder.path), "not a regular file"));
    assert_non_null(strstr(complaint("/dev/null"), "not a regular file"));
    assert_int_equal(mkfifo(folder.conf, 0600), 0);
    assert_non_null(strstr(complaint(folder.conf), "not a regular file"));
    unit_folder_remove(&folder);
}

static void
what_is_no_text_is_told(void **state)
{
    static const char nul[] = UNIT_CONF "# a\0b\n";
    struct unit_folder folder;
    char *big;

    (void)state;
    unit_folder_make(&folder);
    unit_write(folder.conf, nul, sizeof nul - 1, 0600);
    assert_non_null(strstr(complaint(folder.conf), "holds a NUL"));
    big = malloc((1 << 20) + 1);
    assert_non_null(big);
    memset(big, '\n', (1 << 20) + 1);
    unit_write(folder.conf, big, (1 << 20) + 1, 0600);
    assert_non_null(strstr(complaint(folder.conf), "longer than"));
    free(big);
    unit_folder_remove(&folder);
}

static void
nobody_need_listen(void **state)
{
    struct sdr_config *c;

    (void)state;
    assert_int_equal(sdr_config_load(&c, "/nonexistent", NULL), SDR_CONFIG);
    assert_null(c);
}

static const char bound[] = UNIT_CONF "bind = simple\n"
                                      "bind-dn = cn=x\n"
                                      "password-file = @PASSWORD_FILE@\n";

/* Loads a configuration whose password file has this text and mode. */
static enum sdr_status
load_with_password(const char *password, mode_t mode, struct sdr_config **c,
                   struct unit_lines *mistakes)
{
    return unit_load_with(c, bound, password, mode, mistakes);
}

static void
passwords_are_the_first_line(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *password; /* NULL: a mistake */
        const char *mistake;
    } files[] = {
        {"secret\n", 0600, "secret", NULL},
        {"secret", 0640, "secret", NULL},
        {"secret\r\n", 0400, "secret", NULL},
        {" two words \n", 0600, " two words ", NULL},
        {"secret\nsecond line\n", 0600, "secret", NULL},
        {"", 0600, NULL, ":18: password-file: "},
        {"\nsecret\n", 0600, NULL, ": no password"},
        {"secret\n", 0644, NULL, "a secret, yet its mode 0644"},
        {"secret\n", 0604, NULL, "a secret, yet its mode 0604"},
        {"secret\n", 0620, NULL, "a secret, yet its mode 0620"},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(files); i++) {
        struct sdr_config *c;
        struct unit_lines mistakes;
        enum sdr_status status =
            load_with_password(files[i].text, files[i].mode, &c, &mistakes);
        bool ok =
            files[i].password == NULL
                ? status == SDR_CONFIG && is_told(&mistakes, files[i].mistake)
                : status == SDR_OK
                      && strcmp(c->directories[0].password, files[i].password)
                             == 0;

        unit_row(ok, "%s, mode %o: %s, %s", files[i].text,
                 (unsigned)files[i].mode, sdr_status_name(status),
                 mistakes.text);
        sdr_config_free(&c);
    }
    unit_end();
}

/* To root, a file or folder that others may write is no authority. */
static void
root_believes_only_root(void **state)
{
    static const struct {
        uid_t owner;
        mode_t file, folder;
        const char *mistake;
    } files[] = {
        {0, 0620, 0755, "must belong to root and be writable by nobody else"},
        {0, 0602, 0755, "must belong to root and be writable by nobody else"},
        {1, 0600, 0755, "must belong to root and be writable by nobody else"},
        {0, 0644, 0775, "its folder must belong to root"},
        {0, 0644, 0777, "its folder must belong to root"},
        {0, 0644, 01777, "its folder must belong to root"},
    };
    struct unit_folder folder;

    (void)state;
    if (geteuid() != 0)
        return;
    unit_folder_make(&folder);
    for (size_t i = 0; i < UNIT_COUNT(files); i++) {
        const char *told;

        unit_write(folder.conf, UNIT_CONF, sizeof UNIT_CONF - 1, 0600);
        assert_int_equal(chown(folder.conf, files[i].owner, 0), 0);
        assert_int_equal(chmod(folder.conf, files[i].file), 0);
        assert_int_equal(chmod(folder.path, files[i].folder), 0);
        told = complaint(folder.conf);
        unit_row(strstr(told, files[i].mistake) != NULL, "%o in %o: %s",
                 (unsigned)files[i].file, (unsigned)files[i].folder, told);
    }
    unit_folder_remove(&folder);
    unit_end();
}

/* ---- what is asked of a configuration ---- */

static void
names_mean_what_was_written(void **state)
{
    static const struct {
        const char *domain;
        bool known;
        enum sdr_name_kind kind;
        unsigned site, split;
    } names[] = {
        {"example.com", true, SDR_NAME_SPLIT, 0, 0},
        {"xn--mll-hoa.example", true, SDR_NAME_SPLIT, 0, 1},
        {"example.net", true, SDR_NAME_SPLIT, 0, 0},
        {"onprem.example.com", true, SDR_NAME_ROUTING, 0, 0},
        {"onprem.xn--mll-hoa.example", true, SDR_NAME_ROUTING, 0, 1},
        {"example.com.hosted.example", true, SDR_NAME_ROUTING, 1, 0},
        {"cloud.example.com", true, SDR_NAME_ROUTING, 2, 0},
        {"tenant.example.org", true, SDR_NAME_ACCEPT, 1, 0},
        {"xn--bcher-kva.example", true, SDR_NAME_ACCEPT, 1, 0},
        {"onprem.example.net", false, 0, 0, 0}, /* an alias has none */
        {"sub.example.com", false, 0, 0, 0},
        {"com", false, 0, 0, 0},
        {"", false, 0, 0, 0},
    };
    struct sdr_config *c = unit_config(full);

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        const struct sdr_name *n = sdr_config_name(c, names[i].domain);
        bool ok = (n != NULL) == names[i].known;

        if (ok && n != NULL)
            ok = n->kind == names[i].kind
                 && (n->kind == SDR_NAME_SPLIT || n->site == names[i].site)
                 && (n->kind == SDR_NAME_ACCEPT || n->split == names[i].split);
        unit_row(ok, "%s", names[i].domain);
    }
    sdr_config_free(&c);
    unit_end();
}

static void
owner_values_mean_sites(void **state)
{
    static const struct {
        const char *value;
        size_t len;
        sdr_sites sites;
    } values[] = {
        {"onprem", 6, ONPREM},
        {"OnPrem", 6, ONPREM},
        {"mx2.hosted.EXAMPLE.net", 22, HOSTED},
        {"cn=HERE,ou=a\\2cb,dc=example,dc=com", 34, ONPREM},
        {"onprem and more", 6, ONPREM},
        {"onpre", 5, 0},
        {"onprem\0", 7, 0},
        {"", 0, 0},
        {"nowhere", 7, 0},
    };
    struct sdr_config *c = unit_config(full);

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(values); i++) {
        sdr_sites sites = sdr_config_owner(c, values[i].value, values[i].len);

        unit_row(sites == values[i].sites, "%s: %u", values[i].value, sites);
    }
    sdr_config_free(&c);
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(main_options_are_read),
        cmocka_unit_test(sites_are_read),
        cmocka_unit_test(domains_are_read),
        cmocka_unit_test(directories_are_read),
        cmocka_unit_test(the_replica_is_read),
        cmocka_unit_test(what_is_not_given_has_a_default),
        cmocka_unit_test(passwords_may_travel),
        cmocka_unit_test(windows_line_ends_are_taken),
        cmocka_unit_test(the_example_loads),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(whole_files_are_judged),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(more_sites_than_bits_are_a_mistake),
        cmocka_unit_test(more_directories_than_an_octet_knows_have_no_replica),
        cmocka_unit_test(what_the_parser_cannot_take_is_told),
        cmocka_unit_test(what_is_no_file_is_told),
        cmocka_unit_test(what_is_no_text_is_told),
        cmocka_unit_test(nobody_need_listen),
        cmocka_unit_test(passwords_are_the_first_line),
        cmocka_unit_test(root_believes_only_root),
        cmocka_unit_test(names_mean_what_was_written),
        cmocka_unit_test(owner_values_mean_sites),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
