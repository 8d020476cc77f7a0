/* test_config.c - sdr.conf, read
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/config.h"

#include "unit.h"

/* ---- valid configurations ---- */

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
    "must-see = Alice@Example.COM  HOSTED\n"
    "must-see = \"a b\"@example.com\n"
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
    "map-socket = unix:/run/sdr/map.sock\n"
    "socket-group = postfix\n"
    "socket-mode = 0600\n"
    "milter-route = pass\n"
    "rewrite = tables\n"
    "metrics-file = /srv/sdr-milter.prom\n";

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
    assert_string_equal(c->milter.map_socket, "/run/sdr/map.sock");
    assert_string_equal(c->milter.socket_group, "postfix");
    assert_int_equal(c->milter.socket_mode, 0600);
    assert_int_equal(c->milter.route, SDR_ROUTE_PASSES);
    assert_int_equal(c->milter.rewrite, SDR_TABLES_REWRITE);
    assert_string_equal(c->milter.metrics_file, "/srv/sdr-milter.prom");
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
    assert_int_equal(corp->must_see_count, 2);
    assert_string_equal(corp->must_see[0].address.folded, "alice");
    assert_true(corp->must_see[0].has_site);
    assert_string_equal(c->sites[corp->must_see[0].site].name, "hosted");
    assert_string_equal(corp->must_see[1].address.folded, "a b");
    assert_false(corp->must_see[1].has_site);
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
    assert_int_equal(c->always_local.count, 6);
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
    assert_int_equal(d->max_connections, 16);
    assert_string_equal(c->milter.socket, "/var/spool/postfix/sdr/milter.sock");
    assert_null(c->milter.map_socket);
    assert_null(c->milter.socket_group);
    assert_int_equal(c->milter.socket_mode, 0660);
    assert_int_equal(c->milter.route, SDR_ROUTE_REFUSED);
    assert_int_equal(c->milter.rewrite, SDR_MILTER_REWRITES);
    assert_null(d->ldif_path);
    assert_null(c->replica.path);
    assert_int_equal(c->replica.unknown_max_age, 30);
    assert_int_equal(c->replica.known_max_age, 259200);
    assert_int_equal(c->replica.max_removed, 10);
    assert_int_equal(c->replica.reconcile, 86400);
    sdr_config_free(&c);
}

/* A simple bind is local, or encrypted, or explicitly allowed. */
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

/* Only the file of certificates depends on the machine. */
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

/* ---- look-ups in a configuration ---- */

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
        {"cn=here,ou=a\\,b,dc=example,dc=com", 33, ONPREM},
        {"CN=here, OU=a\\,B, DC=example, DC=com", 36, ONPREM},
        {"cn=h\\65re,ou=a\\2Cb,dc=example,dc=com", 36, ONPREM},
        {"cn=here,ou=a,b,dc=example,dc=com", 32, 0},
        {"cn=here,ou=a\\, b,dc=example,dc=com", 34, 0},
        {"cn=here,ou=a\\2", 14, 0},
        {"cn=here\\,ou=a\\2Cb,dc=example,dc=com", 35, 0},
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
        cmocka_unit_test(names_mean_what_was_written),
        cmocka_unit_test(owner_values_mean_sites),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
