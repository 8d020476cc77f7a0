/* test_ldif_write.c - a file that somebody else replaces at the same time
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "unit.h"

#include <unistd.h>

#include "change/ldif_write.h"

static struct {
    char folder[32], link[64], a[64], b[64], away[64];
} names = {.folder = "/tmp/sdr-unit-XXXXXX"};

static void
put(const char *path)
{
    unit_write(path, "old\n", 4, 0600);
}

static bool
has(const char *path, const char *wanted)
{
    char *text = access(path, F_OK) == 0 ? unit_read(path) : NULL;
    bool same = text != NULL && strcmp(text, wanted) == 0;

    free(text);
    return same;
}

static void
point_link_to(const char *path)
{
    unlink(names.link);
    assert_int_equal(symlink(path, names.link), 0);
}

/* ---- what another program does while the file is locked ---- */

static void
nothing(void)
{
}

static void
edit(void)
{
    unit_write(names.a, "edited\n", 7, 0600);
}

/* As editors do that keep a backup. */
static void
replace(void)
{
    assert_int_equal(rename(names.a, names.away), 0);
    put(names.a);
}

static void
take_away(void)
{
    assert_int_equal(rename(names.a, names.away), 0);
}

static void
point_elsewhere(void)
{
    point_link_to(names.b);
}

static void
put_file_for_link(void)
{
    unlink(names.link);
    put(names.link);
}

/* As a program does that is still writing. */
static FILE *unfinished;

static void
begin_to_write(void)
{
    unfinished = fopen(names.a, "a");
    assert_non_null(unfinished);
}

static const struct row {
    const char *name;
    void (*other)(void);
    bool replaced;
} rows[] = {
    {"nothing", nothing, true},
    {"edits it in place", edit, false},
    {"begins to write it", begin_to_write, false},
    {"replaces it", replace, false},
    {"takes it away", take_away, false},
    {"points the link to another file", point_elsewhere, false},
    {"replaces the link by a file", put_file_for_link, false},
};

static void
test_others(void **state)
{
    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        struct locked_file file;
        struct sdr_error error = {""};
        enum sdr_status status;

        put(names.a);
        put(names.b);
        put(names.away);
        point_link_to(names.a);
        assert_int_equal(locked_file_open(&file, names.link, &error), SDR_OK);
        rows[i].other();
        status = locked_file_replace(&file, "new\n", 4, &error);
        locked_file_close(&file);
        if (unfinished != NULL)
            fclose(unfinished);
        unfinished = NULL;
        unit_row(
            (status == SDR_OK) == rows[i].replaced
                && has(names.link, "new\n") == rows[i].replaced
                && has(names.b, "old\n")
                && has(names.a, "new\n") == rows[i].replaced
                && (rows[i].replaced || strstr(error.text, names.link) != NULL),
            "%s: %s", rows[i].name, error.text);
    }
    unit_end();
}

static int
set_up(void **state)
{
    (void)state;
    if (mkdtemp(names.folder) == NULL)
        return -1;
    snprintf(names.link, sizeof names.link, "%s/link", names.folder);
    snprintf(names.a, sizeof names.a, "%s/a", names.folder);
    snprintf(names.b, sizeof names.b, "%s/b", names.folder);
    snprintf(names.away, sizeof names.away, "%s/away", names.folder);
    return 0;
}

/* The folder has no other file in it. */
static int
clear_up(void **state)
{
    (void)state;
    unlink(names.link);
    unlink(names.a);
    unlink(names.b);
    unlink(names.away);
    return rmdir(names.folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_others)};

    return cmocka_run_group_tests(tests, set_up, clear_up);
}
