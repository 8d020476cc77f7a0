/* test_compiled.c - a configuration, compiled and read back
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/compiled.h"

#include <fcntl.h>

#include "decision/route.h"
#include "hash.h"
#include "replica/fingerprint.h"
#include "unit.h"

/* A configuration with a value for every field that is written. */
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
    unit_folder_make(&pair->folder);
    snprintf(pair->path, sizeof pair->path, "%s" SDR_COMPILED_SUFFIX,
             pair->folder.conf);
    unit_write(pair->folder.conf, conf, sizeof conf - 1, 0600);
    assert_int_equal(sdr_config_load(&pair->config, pair->folder.conf, NULL),
                     SDR_OK);
    pair->octets =
        sdr_compiled_write(pair->config, conf, sizeof conf - 1, &pair->len);
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

/* Read it, which must fail; returns the reason. */
static const char *
complaint(const struct pair *pair)
{
    static struct sdr_error error;
    struct sdr_config *config;

    error.text[0] = '\0';
    assert_int_equal(sdr_compiled_read(&config, pair->folder.conf, &error),
                     SDR_INVALID);
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

/* Options that the fingerprint does not cover. */
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

/* Whatever the file's times and inode number are. */
static void
the_text_decides(void **state)
{
    static const char *const other[] = {"", "nonsense\n", "# a comment\n"};
    const struct timespec times[2] = {{1, 2}, {3, 4}};
    struct sdr_config *again;
    struct pair pair;
    char text[sizeof conf];
    struct stat before;

    (void)state;
    make_pair(&pair);
    unlink(pair.folder.conf);
    unit_write(pair.folder.conf, conf, sizeof conf - 1, 0640);
    assert_int_equal(utimensat(AT_FDCWD, pair.folder.conf, times, 0), 0);
    again = read_back(&pair);
    sdr_config_free(&again);
    for (unsigned i = 0; i < UNIT_COUNT(other); i++) {
        unit_write(pair.folder.conf, other[i], strlen(other[i]), 0640);
        unit_row(strstr(complaint(&pair), "has changed") != NULL, "%s",
                 other[i]);
    }
    /* Of the same length, in the same file, with the same time. */
    memcpy(text, conf, sizeof conf);
    memcpy(strstr(text, "= 77\n"), "= 78\n", 5);
    assert_int_equal(stat(pair.folder.conf, &before), 0);
    unit_write(pair.folder.conf, text, sizeof conf - 1, 0640);
    assert_int_equal(utimensat(AT_FDCWD, pair.folder.conf, times, 0), 0);
    unit_row(strstr(complaint(&pair), "has changed") != NULL, "one octet");
    unit_write(pair.folder.conf, conf, sizeof conf - 2, 0640);
    unit_row(strstr(complaint(&pair), "has changed") != NULL, "shorter");
    remove_pair(&pair);
    unit_end();
}

static void
what_is_missing(void **state)
{
    struct sdr_config *config;
    struct sdr_error error = {""};
    struct pair pair;

    (void)state;
    make_pair(&pair);
    unlink(pair.folder.conf);
    assert_non_null(strstr(complaint(&pair), "No such file"));
    unlink(pair.path);
    assert_int_equal(sdr_compiled_read(&config, pair.folder.conf, &error),
                     SDR_NOTFOUND);
    assert_string_equal(error.text, "");
    remove_pair(&pair);
}

/* Whether these octets are accepted. */
static bool
is_believed(const struct pair *pair, const char *octets, size_t len)
{
    struct sdr_config *config;
    struct sdr_error error = {""};
    enum sdr_status status;

    unit_write(pair->path, octets, len, 0600);
    status = sdr_compiled_read(&config, pair->folder.conf, &error);
    sdr_config_free(&config);
    return status == SDR_OK;
}

static void
what_is_cut_or_longer_is_not_believed(void **state)
{
    struct pair pair;
    char *longer;

    (void)state;
    make_pair(&pair);
    longer = calloc(1, pair.len + 1);
    assert_non_null(longer);
    memcpy(longer, pair.octets, pair.len);
    assert_true(is_believed(&pair, longer, pair.len));
    for (size_t len = 0; len < pair.len; len++)
        unit_row(!is_believed(&pair, longer, len), "the first %zu octets", len);
    unit_row(!is_believed(&pair, longer, pair.len + 1), "one more");
    free(longer);
    remove_pair(&pair);
    unit_end();
}

/* ---- mutations ---- */

static uint64_t dice;

static size_t
roll(size_t limit)
{
    dice = sdr_hash(&dice, sizeof dice, 0);
    return (size_t)(dice >> 32) % limit;
}

/* One to four changes: an octet, a number, or a piece put elsewhere. */
static void
mutate(char *octets, size_t len, size_t from)
{
    static const uint32_t numbers[] = {0, 1, 2, 255, 0x7fffffff, UINT32_MAX};

    for (size_t n = 1 + roll(4); n > 0; n--) {
        size_t at = from + roll(len - from - 8), size = 1 + roll(7);

        switch (roll(3)) {
        case 0:
            octets[at] ^= (char)(1 + roll(255));
            break;
        case 1:
            memcpy(octets + at, &numbers[roll(UNIT_COUNT(numbers))], 4);
            break;
        default:
            memmove(octets + at, octets + from + roll(len - from - 8), size);
        }
    }
}

enum { MUTATIONS = 4000 };

static void
what_is_damaged_is_not_believed(void **state)
{
    struct pair pair;

    (void)state;
    make_pair(&pair);
    for (unsigned seed = 1; seed <= MUTATIONS; seed++) {
        char *octets = (char *)unit_copy(pair.octets, pair.len);

        dice = seed;
        mutate(octets, pair.len, 0);
        unit_row(memcmp(octets, pair.octets, pair.len) == 0
                     || !is_believed(&pair, octets, pair.len),
                 "mutation %u", seed);
        free(octets);
    }
    remove_pair(&pair);
    unit_end();
}

/* The header, as in compiled.c. */
enum { SUM_AT = 56, HEAD_SIZE = 64 };

static void
seal(char *octets, size_t len)
{
    uint64_t sum = 0;

    memcpy(octets + SUM_AT, &sum, sizeof sum);
    sum = sdr_hash(octets + HEAD_SIZE, len - HEAD_SIZE,
                   sdr_hash(octets, HEAD_SIZE, 0));
    memcpy(octets + SUM_AT, &sum, sizeof sum);
}

static void
ask_all(struct sdr_config *config)
{
    unsigned char digest[SDR_RECORD_FINGERPRINT];

    for (unsigned i = 0; i < config->directory_count; i++)
        assert_true(sdr_fingerprint(config, i, digest));
    for (unsigned i = 0; i < config->domain_count; i++)
        sdr_config_name(config, config->domains[i].ascii);
    sdr_config_owner(config, "b, c", 4);
    sdr_config_find_site(config, "far");
}

/* Even with the right checksum, reading stops at the end, and every number is
 * in the range of its field. */
static void
what_is_sealed_can_be_read(void **state)
{
    const size_t meaning = HEAD_SIZE + sizeof conf - 1;
    struct pair pair;
    unsigned read = 0;

    (void)state;
    make_pair(&pair);
    for (unsigned seed = 1; seed <= MUTATIONS; seed++) {
        char *octets = (char *)unit_copy(pair.octets, pair.len);
        struct sdr_config *config;
        struct sdr_error error;

        dice = seed;
        mutate(octets, pair.len, meaning);
        seal(octets, pair.len);
        unit_write(pair.path, octets, pair.len, 0600);
        if (sdr_compiled_read(&config, pair.folder.conf, &error) == SDR_OK) {
            read++;
            ask_all(config);
        }
        sdr_config_free(&config);
        free(octets);
    }
    assert_in_range(read, 1, MUTATIONS - 1); /* otherwise seal() does nothing */
    remove_pair(&pair);
}

static void
other_versions_are_not_believed(void **state)
{
    /* The magic, the versions of sdr and libidn2, the format. */
    static const size_t at[] = {0, 16, 23, 48};
    struct pair pair;

    (void)state;
    make_pair(&pair);
    for (unsigned i = 0; i < UNIT_COUNT(at); i++) {
        char *octets = (char *)unit_copy(pair.octets, pair.len);

        octets[at[i]] ^= 1;
        seal(octets, pair.len);
        unit_write(pair.path, octets, pair.len, 0600);
        unit_row(strstr(complaint(&pair), "another version") != NULL,
                 "octet %zu", at[i]);
        free(octets);
    }
    remove_pair(&pair);
    unit_end();
}

/* The owner and the mode are checked, whatever user reads the file. */
static void
who_could_write_it(void **state)
{
    struct pair pair;

    (void)state;
    make_pair(&pair);
    assert_int_equal(chmod(pair.path, 0620), 0);
    assert_non_null(strstr(complaint(&pair), "writable by nobody else"));
    assert_int_equal(chmod(pair.path, 0602), 0);
    assert_non_null(strstr(complaint(&pair), "writable by nobody else"));
    if (geteuid() == 0) {
        assert_int_equal(chmod(pair.path, 0600), 0);
        assert_int_equal(chown(pair.path, 65534, 0), 0);
        assert_non_null(strstr(complaint(&pair), "must belong to root or"));
    }
    remove_pair(&pair);
}

static void
root_believes_root_alone(void **state)
{
    struct pair pair;

    (void)state;
    if (geteuid() != 0)
        skip();
    make_pair(&pair);
    assert_int_equal(chown(pair.folder.conf, 65534, 0), 0);
    assert_int_equal(chown(pair.path, 65534, 0), 0);
    assert_non_null(strstr(complaint(&pair), "must belong to root and"));
    assert_int_equal(chown(pair.path, 0, 0), 0);
    assert_non_null(strstr(complaint(&pair), "cannot be read"));
    assert_int_equal(chown(pair.folder.conf, 0, 0), 0);
    assert_int_equal(chmod(pair.folder.path, 0770), 0);
    assert_non_null(strstr(complaint(&pair), "its folder must belong to root"));
    remove_pair(&pair);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_what_was_written),
        cmocka_unit_test(the_text_decides),
        cmocka_unit_test(what_is_missing),
        cmocka_unit_test(what_is_cut_or_longer_is_not_believed),
        cmocka_unit_test(what_is_damaged_is_not_believed),
        cmocka_unit_test(what_is_sealed_can_be_read),
        cmocka_unit_test(other_versions_are_not_believed),
        cmocka_unit_test(who_could_write_it),
        cmocka_unit_test(root_believes_root_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
