/* test_fingerprint.c - which changes of the configuration void a copy
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/fingerprint.h"

#include "unit.h"

#define CORP   0
#define MERGED 1

/* The options that the changes below concern; the rest is in UNIT_CONF. */
static const char conf[] = UNIT_CONF "filter = (objectClass=person)\n"
                                     "bind = none\n"
                                     "timeout = 5\n"
                                     "[directory merged]\n"
                                     "uri = ldap://localhost:2\n"
                                     "search-base = dc=merged\n"
                                     "default-owner = cloud\n"
                                     "[replica]\n"
                                     "path = /a\n";

/* A change: WORD becomes BY. The copies that become invalid. */
static const struct {
    const char *word, *by;
    bool corp, merged;
} rows[] = {
    /* no effect on a copy */
    {"recipient-delimiter = +\n", "", false, false},
    {"recipient-delimiter = +\n", "recipient-delimiter = -\n", false, false},
    {"this-site = onprem\n", "this-site = cloud\n", false, false},
    {"this-site = onprem\n", "this-site = onprem\nloop-limit = 7\n", false,
     false},
    {"path = /a\n", "path = /b\nmax-removed = 1\n", false, false},
    {"[site cloud]\n", "[site cloud]\nstrip-extension = yes\n", false, false},
    {"[site cloud]\n", "[site cloud]\ndelivery = route\nnext-hop = x:1\n",
     false, false},
    {"[domain example.com]\n", "[domain example.com]\nunknown = pass\n", false,
     false},
    /* how the servers are queried */
    {"ldap://localhost:2", "ldaps://x\ntls-require-cert = no", false, false},
    {"timeout = 5\n", "timeout = 6\n", false, false},
    {"bind = none\n", "bind = external\n", false, false},
    {"timeout = 5\n", "max-connections = 1\n", false, false},
    /* sites and split domains: all copies */
    {"[site cloud]\n", "[site cloud]\nowner-value = x\n", true, true},
    {"owner-value = mx.hosted.example.net\n", "", true, true},
    {"accept-domain = tenant.example.org\n", "", true, true},
    {"accept-domain = tenant", "accept-domain = other", true, true},
    {"cloud.%d", "clouds.%d", true, true},
    {"[site cloud]\n", "[site more]\nrouting-domain = more.%d\n[site cloud]\n",
     true, true},
    {"[domain example.com]\n", "[domain example.com]\n[domain x.org]\n", true,
     true},
    {"[domain example.com]\n",
     "[domain example.com]\n[domain x.org]\nalias-of = example.com\n", true,
     true},
    {"[domain example.com]\n", "[domain example.net]\n", true, true},
    /* what defines one directory */
    {"dc=example,dc=com", "dc=example,dc=org", true, false},
    {"dc=merged", "dc=merger", false, true},
    {"(objectClass=person)", "(objectClass=*)", true, false},
    {"filter = (objectClass=person)\n", "", true, false},
    {"[directory merged]\n", "[directory other]\n", false, true},
    {"timeout = 5\n", "profile = laser\n", true, false},
    {"timeout = 5\n", "profile = exchange\n", true, false},
    {"timeout = 5\n", "address-attribute = mail\n", true, false},
    {"timeout = 5\n", "owner-attribute = memberOf\n", true, false},
    {"timeout = 5\n", "routing-address-attribute = x\n", true, false},
    {"timeout = 5\n", "hold-attribute = x\n", true, false},
    {"timeout = 5\n", "hold-value = x\n", true, false},
    {"timeout = 5\n", "catch-all = x\n", true, false},
    {"timeout = 5\n", "outside-target = redirect\n", true, false},
    {"timeout = 5\n", "outside-target = defer\n", false, false},
    {"default-owner = cloud\n", "default-owner = hosted\n", false, true},
    /* the order of directories: every key contains an index */
    {"[directory corp]\n",
     "[directory new]\nuri = ldap://localhost\nsearch-base = dc=new\n"
     "default-owner = cloud\n[directory corp]\n",
     true, true},
};

static void
digest_of(const char *text, unsigned directory,
          unsigned char digest[SDR_RECORD_FINGERPRINT])
{
    struct sdr_config *config = unit_config(text);

    assert_true(sdr_fingerprint(config, directory, digest));
    sdr_config_free(&config);
}

static bool
differ(const char *a, const char *b, unsigned directory)
{
    unsigned char x[SDR_RECORD_FINGERPRINT], y[SDR_RECORD_FINGERPRINT];

    digest_of(a, directory, x);
    digest_of(b, directory, y);
    return memcmp(x, y, sizeof x) != 0;
}

static void
what_a_copy_depends_on_changes_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *changed = unit_replace(conf, rows[i].word, rows[i].by);
        bool corp, merged;

        assert_string_not_equal(changed, conf);
        corp = differ(conf, changed, CORP);
        merged = differ(conf, changed, MERGED);
        unit_row(corp == rows[i].corp && merged == rows[i].merged,
                 "%s -> %s: corp %d, merged %d", rows[i].word, rows[i].by, corp,
                 merged);
        free(changed);
    }
    unit_end();
}

static void
the_same_text_has_the_same(void **state)
{
    (void)state;
    assert_false(differ(conf, conf, CORP));
    assert_false(differ(conf, conf, MERGED));
}

/* The options of two directories are swapped. */
static void
directories_differ(void **state)
{
    unsigned char corp[SDR_RECORD_FINGERPRINT], merged[SDR_RECORD_FINGERPRINT];

    (void)state;
    digest_of(conf, CORP, corp);
    digest_of(conf, MERGED, merged);
    assert_memory_not_equal(corp, merged, sizeof corp);
}

/* The boundary between two texts matters. */
static void
texts_do_not_run_into_each_other(void **state)
{
    char *a = unit_replace(conf, "timeout = 5\n",
                           "address-attribute = a\naddress-attribute = b\n");
    char *b = unit_replace(conf, "timeout = 5\n", "address-attribute = a1b\n");
    char *c = unit_replace(conf, "timeout = 5\n",
                           "address-attribute = b\naddress-attribute = a\n");

    (void)state;
    assert_true(differ(a, b, CORP));
    assert_true(differ(a, c, CORP));
    free(a);
    free(b);
    free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_copy_depends_on_changes_it),
        cmocka_unit_test(the_same_text_has_the_same),
        cmocka_unit_test(directories_differ),
        cmocka_unit_test(texts_do_not_run_into_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
