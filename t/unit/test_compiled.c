/* test_compiled.c - a configuration, compiled and read back
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/compiled.h"

#include "decision/route.h"
#include "replica/fingerprint.h"
#include "unit.h"

/* Something of everything that is written. */
static const char conf[] = "this-site = hosted\n"
                           "recipient-delimiter = +-\n"
                           "loop-limit = 7\n"
                           "always-local = root\n"
                           "always-local = x*\n"
                           "[site onprem]\n"
                           "routing-domain = onprem.%d\n"
                           "owner-value = a\n"
                           "owner-value = cn=b\\, c,dc=x\n"
                           "strip-extension = yes\n"
                           "[site hosted]\n"
                           "routing-domain = hosted.%d\n"
                           "accept-domain = tenant.example.org\n"
                           "[site far]\n"
                           "routing-domain = far.%d\n"
                           "delivery = route\n"
                           "next-hop = mx.example.org:25\n"
                           "[domain example.com]\n"
                           "unknown = far\n"
                           "[domain example.org]\n"
                           "[domain example.net]\n"
                           "alias-of = example.org\n"
                           "[directory corp]\n"
                           "uri = ldap://127.0.0.1:1\n"
                           "search-base = dc=example,dc=com\n"
                           "filter = (objectClass=person)\n"
                           "default-owner = far\n"
                           "hold-attribute = h\n"
                           "hold-value = yes\n"
                           "catch-all = all\n"
                           "[directory file]\n"
                           "uri = ldif:/a/b\n"
                           "profile = exchange\n"
                           "default-owner = onprem\n"
                           "[replica]\n"
                           "path = /a/replica\n"
                           "known-max-age = 77\n"
                           "unknown-max-age = 5\n";

/* A configuration in a folder, and its compiled form beside it. */
struct pair {
    struct unit_folder folder;
    char path[128];
    struct sdr_config *config;
    char *octets;
    size_t len;
};

static void
make_pair(struct pair *pair)
{
    struct stat source;

    unit_folder_make(&pair->folder);
    snprintf(pair->path, sizeof pair->path, "%s" SDR_COMPILED_SUFFIX,
             pair->folder.conf);
    unit_write(pair->folder.conf, conf, sizeof conf - 1, 0600);
    assert_int_equal(sdr_config_load(&pair->config, pair->folder.conf, NULL),
                     SDR_OK);
    assert_int_equal(stat(pair->folder.conf, &source), 0);
    pair->octets = sdr_compiled_write(pair->config, &source, &pair->len);
    assert_non_null(pair->octets);
    unit_write(pair->path, pair->octets, pair->len, 0600);
}

static void
remove_pair(struct pair *pair)
{
    sdr_config_free(&pair->config);
    free(pair->octets);
    unlink(pair->path);
    unit_folder_remove(&pair->folder);
}

/* Reads it, which must fail; returns why. */
static const char *
complaint(const struct pair *pair)
{
    static struct sdr_error error;
    struct sdr_config *config;

    error.text[0] = '\0';
    assert_int_equal(sdr_compiled_read(&config, pair->folder.conf, &error),
                     SDR_NOTFOUND);
    assert_null(config);
    return error.text;
}

static struct sdr_config *
read_back(const struct pair *pair)
{
    struct sdr_config *config;
    struct sdr_error error = {""};

    if (sdr_compiled_read(&config, pair->folder.conf, &error) != SDR_OK)
        fail_msg("%s", error.text);
    return config;
}

static bool
same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_site(const struct sdr_site *a, const struct sdr_site *b)
{
    return same_text(a->name, b->name) && a->delivery == b->delivery
           && same_text(a->next_hop, b->next_hop)
           && a->strip_extension == b->strip_extension;
}

static bool
same_domain(const struct sdr_domain *a, const struct sdr_domain *b,
            unsigned sites)
{
    for (unsigned i = 0; a->routing != NULL && i < sites; i++) {
        if (b->routing == NULL || strcmp(a->routing[i], b->routing[i]) != 0)
            return false;
    }
    return same_text(a->name, b->name) && strcmp(a->ascii, b->ascii) == 0
           && a->unknown == b->unknown && a->unknown_site == b->unknown_site
           && a->canonical == b->canonical
           && (a->routing == NULL) == (b->routing == NULL);
}

/* What the fingerprint does not see. */
static void
expect_same_options(const struct sdr_config *a, const struct sdr_config *b)
{
    assert_int_equal(a->this_site, b->this_site);
    assert_string_equal(a->recipient_delimiter, b->recipient_delimiter);
    assert_int_equal(a->loop_limit, b->loop_limit);
    assert_int_equal(a->always_local.count, b->always_local.count);
    for (unsigned i = 0; i < a->always_local.count; i++)
        assert_string_equal(a->always_local.items[i], b->always_local.items[i]);
    assert_string_equal(a->replica.path, b->replica.path);
    assert_int_equal(a->replica.known_max_age, b->replica.known_max_age);
    assert_int_equal(a->replica.unknown_max_age, b->replica.unknown_max_age);
    for (unsigned i = 0; i < a->site_count; i++)
        unit_row(same_site(&a->sites[i], &b->sites[i]), "site %u", i);
    for (unsigned i = 0; i < a->domain_count; i++)
        unit_row(same_domain(&a->domains[i], &b->domains[i], a->site_count),
                 "domain %u", i);
    unit_end();
}

static void
expect_same_directory(const struct sdr_config *a, const struct sdr_config *b,
                      unsigned index)
{
    unsigned char x[SDR_RECORD_FINGERPRINT], y[SDR_RECORD_FINGERPRINT];

    assert_true(sdr_fingerprint(a, index, x) && sdr_fingerprint(b, index, y));
    assert_memory_equal(x, y, sizeof x);
    assert_true(same_text(a->directories[index].ldif_path,
                          b->directories[index].ldif_path));
    assert_ptr_equal(b->directories[index].config, b);
    assert_int_equal(b->directories[index].index, index);
}

static void
what_is_read_is_what_was_written(void **state)
{
    struct pair pair;
    struct sdr_config *again;

    (void)state;
    make_pair(&pair);
    again = read_back(&pair);
    assert_true(again->is_compiled);
    assert_false(pair.config->is_compiled);
    assert_string_equal(again->path, pair.folder.conf);
    assert_int_equal(again->site_count, pair.config->site_count);
    assert_int_equal(again->domain_count, pair.config->domain_count);
    assert_int_equal(again->name_count, pair.config->name_count);
    assert_int_equal(again->directory_count, pair.config->directory_count);
    expect_same_options(pair.config, again);
    for (unsigned i = 0; i < again->directory_count; i++)
        expect_same_directory(pair.config, again, i);
    sdr_config_free(&again);
    remove_pair(&pair);
}

/* The file is another, whatever has changed. */
static void
what_is_older_does_not_count(void **state)
{
    struct pair pair;

    (void)state;
    make_pair(&pair);
    unit_write(pair.folder.conf, conf, sizeof conf - 1, 0600);
    assert_non_null(strstr(complaint(&pair), "older than the file"));
    unlink(pair.folder.conf);
    assert_non_null(strstr(complaint(&pair), "No such file"));
    unlink(pair.path);
    assert_non_null(strstr(complaint(&pair), "No such file"));
    remove_pair(&pair);
}

static void
what_is_damaged_does_not_count(void **state)
{
    struct pair pair;

    (void)state;
    make_pair(&pair);
    for (size_t len = 0; len < pair.len; len++) {
        unit_write(pair.path, pair.octets, len, 0600);
        unit_row(complaint(&pair)[0] != '\0', "the first %zu octets", len);
    }
    pair.octets[0] ^= 1;
    unit_write(pair.path, pair.octets, pair.len, 0600);
    unit_row(strstr(complaint(&pair), "another version") != NULL, "magic");
    pair.octets[0] ^= 1;
    /* It is read to its end and no further, whatever stands in it. */
    for (size_t i = 0; i < pair.len; i++) {
        struct sdr_config *config;
        struct sdr_error error;

        pair.octets[i] ^= (char)0xff;
        unit_write(pair.path, pair.octets, pair.len, 0600);
        if (sdr_compiled_read(&config, pair.folder.conf, &error) == SDR_OK)
            sdr_config_free(&config);
        pair.octets[i] ^= (char)0xff;
    }
    remove_pair(&pair);
    unit_end();
}

static void
root_believes_root_alone(void **state)
{
    struct pair pair;

    (void)state;
    if (geteuid() != 0)
        skip();
    make_pair(&pair);
    assert_int_equal(chmod(pair.path, 0620), 0);
    assert_non_null(strstr(complaint(&pair), "must belong to root"));
    assert_int_equal(chmod(pair.path, 0600), 0);
    assert_int_equal(chown(pair.path, 65534, 0), 0);
    assert_non_null(strstr(complaint(&pair), "must belong to root"));
    assert_int_equal(chown(pair.path, 0, 0), 0);
    assert_int_equal(chmod(pair.folder.path, 0770), 0);
    assert_non_null(strstr(complaint(&pair), "its folder must belong to root"));
    remove_pair(&pair);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_what_was_written),
        cmocka_unit_test(what_is_older_does_not_count),
        cmocka_unit_test(what_is_damaged_does_not_count),
        cmocka_unit_test(root_believes_root_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
