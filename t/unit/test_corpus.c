/* test_corpus.c - every case of t/corpus, decided
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * t/corpus/README says what the files hold. Here a directory is asked by
 * showing each of its entries to the reader of entries.
 */
#include "decision/profile.h"
#include "decision/route.h"

#include <dirent.h>
#include <stdio.h>

#include <ldap.h>
#include <ldif.h>

#include "unit.h"

enum { TEXT_MAX = 4096 };

/* Values one after the other; "dn" begins an entry. */
struct value {
    char *attribute, *text;
    size_t len;
};

struct world {
    const char *name;
    struct sdr_config *config;
    struct value *values;
    size_t value_count;
    unsigned cases;
};

/* One case: the expected or the real result, as lines of the file. */
struct lines {
    char text[TEXT_MAX];
};

SDR_PRINTF(2, 3)
static void
add(struct lines *lines, const char *format, ...)
{
    size_t used = strlen(lines->text);
    va_list args;

    va_start(args, format);
    vsnprintf(lines->text + used, sizeof lines->text - used, format, args);
    va_end(args);
    assert_true(strlen(lines->text) < sizeof lines->text - 1);
}

static char *
read_in(const char *world, const char *file)
{
    char path[TEXT_MAX];

    snprintf(path, sizeof path, "%s/t/corpus/%s/%s", getenv("srcdir"), world,
             file);
    return unit_read(path);
}

/* ---- LDIF, by libldap's own reader ---- */

static void
add_value(struct world *world, char *line)
{
    struct berval attribute, value;
    struct value *v;
    int is_new = 0;

    world->values = realloc(world->values,
                            (world->value_count + 1) * sizeof *world->values);
    assert_non_null(world->values);
    if (ldif_parse_line2(line, &attribute, &value, &is_new) != 0)
        fail_msg("%s: no LDIF: %s", world->name, line);
    v = &world->values[world->value_count++];
    v->attribute = strndup(attribute.bv_val, attribute.bv_len);
    v->text = malloc(value.bv_len + 1);
    v->len = value.bv_len;
    assert_true(v->attribute != NULL && v->text != NULL);
    memcpy(v->text, value.bv_val, value.bv_len);
    v->text[v->len] = '\0';
    if (is_new)
        ber_memfree(value.bv_val);
}

static void
read_ldif(struct world *world)
{
    char *text = read_in(world->name, "directory.ldif");
    LDIFFP *file = ldif_open_mem(text, strlen(text), "r");
    unsigned long line_number = 0;
    char *record = NULL;
    int size = 0;

    assert_non_null(file);
    while (ldif_read_record(file, &line_number, &record, &size) == 1) {
        char *next = record;
        char *line;

        while ((line = ldif_getline(&next)) != NULL)
            add_value(world, line);
    }
    ber_memfree(record);
    ldif_close(file);
    free(text);
}

static void
free_values(struct world *world)
{
    for (size_t i = 0; i < world->value_count; i++) {
        free(world->values[i].attribute);
        free(world->values[i].text);
    }
    free(world->values);
}

/* ---- the directory's answer ---- */

static void
look_up(const struct world *world, const struct sdr_keys *keys,
        struct sdr_answer *answer)
{
    struct sdr_reader reader;
    bool found = false;

    memset(answer, 0, sizeof *answer);
    answer->origin = SDR_FROM_DIRECTORY;
    for (size_t i = 0; i < world->value_count; i++) {
        const struct value *v = &world->values[i];
        bool last =
            i + 1 == world->value_count || strcmp(v[1].attribute, "dn") == 0;

        if (strcmp(v->attribute, "dn") == 0)
            sdr_reader_begin(&reader, world->config, keys, 0, v->text);
        else
            sdr_reader_value(&reader, v->attribute, v->text, v->len);
        if (last)
            sdr_reader_end(&reader, &answer->facts, &found);
    }
    answer->status = found ? SDR_OK : SDR_NOTFOUND;
}

/* ---- one case ---- */

/* Replace each \xNN in TEXT by the octet, in place. */
static void
unescape(char *text)
{
    char *out = text;

    for (const char *s = text; *s != '\0';) {
        char digits[3] = {0};
        char *end = digits;
        unsigned long octet = 0;

        if (s[0] == '\\' && s[1] == 'x') {
            strncpy(digits, s + 2, 2);
            octet = strtoul(digits, &end, 16);
        }
        *out++ = end == digits + 2 ? (char)octet : *s;
        s += end == digits + 2 ? 4 : 1;
    }
    *out = '\0';
}

/* The verdict, in the form of a case's lines. */
static void
describe(const struct sdr_verdict *v, struct lines *lines)
{
    add(lines, "    verdict %s\n", sdr_verdict_name(v->kind));
    for (unsigned i = 0; i < v->config->site_count; i++) {
        if ((v->sites & (sdr_sites)1 << i) != 0)
            add(lines, "    site %s\n", v->config->sites[i].name);
    }
    for (unsigned i = 0; i < v->target_count; i++)
        add(lines, "    to %s\n", v->targets[i].address);
    if (v->reply.code != NULL)
        add(lines, "    reply %s %s\n", v->reply.code, v->reply.enhanced);
    if (v->next_hop != NULL)
        add(lines, "    next-hop %s\n", v->next_hop);
}

static void
run_case(struct world *world, char *recipient, struct lines *expected)
{
    struct sdr_question question;
    struct sdr_verdict verdict;
    struct lines got = {""};

    unescape(recipient);
    unescape(expected->text);
    if (sdr_route_begin(world->config, recipient, &question, &verdict)
        != SDR_OK) {
        struct sdr_answer answer;

        look_up(world, &question.keys, &answer);
        sdr_route_decide(world->config, &question, &answer, &verdict);
    }
    describe(&verdict, &got);
    if (!unit_row(strcmp(got.text, expected->text) == 0,
                  "t/corpus/%s/cases: %s", world->name, recipient))
        print_error("expected:\n%sgot (%s):\n%s", expected->text,
                    verdict.reason, got.text);
    world->cases++;
}

/* ---- a file of cases ---- */

/* Check the case that ends here, if any. */
static void
end_case(struct world *world, char *recipient, struct lines *expected)
{
    if (recipient[0] == '\0' && expected->text[0] == '\0')
        return;
    if (recipient[0] == '\0' || expected->text[0] == '\0')
        fail_msg("t/corpus/%s/cases: half a case: %s%s", world->name, recipient,
                 expected->text);
    run_case(world, recipient, expected);
    recipient[0] = '\0';
    expected->text[0] = '\0';
}

static void
read_cases(struct world *world)
{
    char *text = read_in(world->name, "cases");
    char recipient[TEXT_MAX] = "";
    struct lines expected = {""};
    char *rest = text;
    char *line;

    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] == '#')
            continue;
        if (strncmp(line, "    ", 4) == 0) {
            add(&expected, "%s\n", line);
            continue;
        }
        end_case(world, recipient, &expected);
        snprintf(recipient, sizeof recipient, "%s", line);
    }
    end_case(world, recipient, &expected);
    free(text);
}

static void
run_world(const char *name)
{
    struct world world = {.name = name};
    char *conf = read_in(name, "sdr.conf");

    world.config = unit_config(conf);
    assert_int_equal(world.config->directory_count, 1);
    read_ldif(&world);
    read_cases(&world);
    print_message("%s: %u cases\n", name, world.cases);
    if (world.cases == 0)
        fail_msg("%s: no cases", name);
    free_values(&world);
    sdr_config_free(&world.config);
    free(conf);
}

/* ---- all worlds ---- */

static int
is_world(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "README") != 0;
}

static void
every_case_is_decided(void **state)
{
    struct dirent **names;
    char path[TEXT_MAX];
    int count;

    (void)state;
    assert_non_null(getenv("srcdir"));
    snprintf(path, sizeof path, "%s/t/corpus", getenv("srcdir"));
    count = scandir(path, &names, is_world, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        run_world(names[i]->d_name);
        free(names[i]);
    }
    free(names);
    unit_end();
}

/* Check the syntax of the file, so that a case cannot pass by mistake. */
static void
escapes_are_octets(void **state)
{
    char text[] = "a\\x00b";
    char other[] = "\\x22\\xC3\\xb6\\x5Cx41\\xZZ\\x1\\y";

    (void)state;
    unescape(text);
    assert_string_equal(text, "a");
    unescape(other);
    assert_string_equal(other, "\"\xc3\xb6\\x41\\xZZ\\x1\\y");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_octets),
        cmocka_unit_test(every_case_is_decided),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
