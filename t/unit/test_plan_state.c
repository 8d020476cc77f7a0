/* test_plan_state.c - the state of a plan, whole and damaged
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "unit.h"

#include <fcntl.h>
#include <sys/file.h>

#include "plan/state.h"

#define ID   "0123456789abcdef0123456789abcdef"
#define HEAD "# sdrctl plan 1\n# id: " ID "\n"
#define LINE "2027-01-16T22:00:00Z sales hold started abc\n"

static struct {
    char folder[32], plan[64], state[80], other[64];
} names = {.folder = "/tmp/sdr-unit-XXXXXX"};

static struct sdr_error error;

/* Opened to be written, and closed. */
static enum sdr_status
open_once(size_t *count)
{
    struct state state;
    enum sdr_status status = state_open(&state, names.plan, true, &error);

    *count = state.count;
    state_close(&state);
    return status;
}

static enum sdr_status
read_once(size_t *count)
{
    struct state state;
    bool runs;
    enum sdr_status status =
        state_open_to_read(&state, names.plan, &runs, &error);

    *count = state.count;
    state_close(&state);
    return status;
}

/* The id of a plan at this path, which has no state. */
static void
id_of(const char *path, char id[PLAN_ID_SIZE])
{
    struct state state;
    bool runs;
    enum sdr_status status;

    unlink(names.state);
    status = state_open_to_read(&state, path, &runs, &error);
    unit_row(status != SDR_INVALID && strlen(state.id) == PLAN_ID_SIZE - 1,
             "%s: %s", path, state.id);
    memcpy(id, state.id, PLAN_ID_SIZE);
    state_close(&state);
}

/* ---- the content of the file ---- */

static const struct row {
    const char *name, *text;
    size_t len; /* 0: up to its NUL */
    size_t count;
    const char *reason; /* NULL: it is valid */
} rows[] = {
    {"no record", HEAD, 0, 0, NULL},
    {"two records", HEAD LINE LINE, 0, 2, NULL},
    {"without text", HEAD "T a.b_c-1 undo repeat\n", 0, 1, NULL},
    {"torn at once", HEAD LINE "2", 0, 1, NULL},
    {"torn in the middle", HEAD LINE "2027-01-16T22:00:00Z sales mo", 0, 1,
     NULL},
    {"torn before its end", HEAD LINE "T sales hold done /a", 0, 1, NULL},
    {"zeros at the end", HEAD LINE "\0\0\0", sizeof(HEAD LINE) + 2, 1, NULL},
    {"another version", "# sdrctl plan 2\n# id: " ID "\n" LINE, 0, 0,
     ":1: format 2, of another version of sdrctl; this one knows format 1"},
    {"another version, torn", "# sdrctl plan 10", 0, 0, ":1: format 10, of"},
    {"not a state", "root:x:0:0:root:/root:/bin/bash\n", 0, 0,
     ":1: not the state of a plan"},
    {"not a state, without a line", "precious", 0, 0,
     ":1: not the state of a plan"},
    {"a plan", "[wave sales]\nto = hosted\n", 0, 0,
     ":1: not the state of a plan"},
    {"zeros", "\0\0\0\0", 4, 0, ":1: not the state of a plan"},
    {"a first line with a NUL", "# sdrctl plan 1\0\n", 17, 0,
     ":1: not the state of a plan"},
    {"no id", "# sdrctl plan 1\n" LINE, 0, 0, ":2: not a line of sdrctl plan"},
    {"a short id", "# sdrctl plan 1\n# id: 0123\n" LINE, 0, 0, ":2: not a"},
    {"a long id", "# sdrctl plan 1\n# id: " ID "0\n" LINE, 0, 0, ":2: not a"},
    {"no step", HEAD LINE "T sales jump started\n" LINE, 0, 1, ":4: not a"},
    {"no event", HEAD LINE "T sales hold perhaps\n", 0, 1, ":4: not a line of"},
    {"no wave", HEAD "T -x hold done\n", 0, 0, ":3: not a line of"},
    {"half a line in the middle", HEAD LINE "T sal\n" LINE, 0, 1, ":4: not a"},
    {"an empty line", HEAD "\n" LINE, 0, 0, ":3: not a line of"},
    {"a NUL", HEAD "T sales hold done\0x\n" LINE,
     sizeof(HEAD "T sales hold done\0x\n" LINE) - 1, 0, ":3: not a line of"},
};

static size_t
length_of(const struct row *row)
{
    return row->len > 0 ? row->len : strlen(row->text);
}

/* Whether the file has just these octets. */
static bool
file_is(const char *text, size_t len)
{
    char found[4096];
    FILE *file = fopen(names.state, "r");
    size_t count;

    assert_non_null(file);
    count = fread(found, 1, sizeof found, file);
    fclose(file);
    return count == len && memcmp(found, text, len) == 0;
}

/* A valid file keeps all lines except an incomplete one; an invalid file stays
 * as it is. */
static void
check_row(const struct row *row)
{
    size_t len = length_of(row), count, kept = len;
    enum sdr_status status;

    unit_write(names.state, row->text, len, 0600);
    status = read_once(&count);
    unit_row(status == (row->reason == NULL ? SDR_OK : SDR_INVALID)
                 && count == row->count && file_is(row->text, len),
             "%s, read: %d, %zu, %s", row->name, (int)status, count,
             error.text);
    status = open_once(&count);
    while (row->reason == NULL && row->text[kept - 1] != '\n')
        kept--;
    unit_row(status == (row->reason == NULL ? SDR_OK : SDR_INVALID)
                 && count == row->count && file_is(row->text, kept),
             "%s, opened: %d, %zu", row->name, (int)status, count);
    unit_row(
        row->reason == NULL
            || (strstr(error.text, row->reason) != NULL
                && strncmp(error.text, names.state, strlen(names.state)) == 0),
        "%s: %s", row->name, error.text);
}

static void
test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        check_row(&rows[i]);
    unit_end();
}

/* If the file ends within the first two lines, nothing was recorded. The id is
 * that of the path, as in a new file. */
static void
test_torn_head(void **unused)
{
    char id[PLAN_ID_SIZE];

    (void)unused;
    id_of(names.plan, id);
    for (size_t len = 0; len < strlen(HEAD); len++) {
        struct state state;
        enum sdr_status status;

        unit_write(names.state, HEAD, len, 0600);
        status = state_open(&state, names.plan, true, &error);
        unit_row(status == SDR_OK && strlen(state.id) == PLAN_ID_SIZE - 1
                     && strcmp(state.id, id) == 0 && state.count == 0,
                 "head of %zu octets: %s", len, error.text);
        state_close(&state);
    }
    unit_end();
}

/* Wherever the file ends, earlier lines stay, and the next one is complete. */
static void
test_torn_anywhere(void **unused)
{
    static const char text[] = HEAD LINE LINE;

    (void)unused;
    for (size_t len = strlen(HEAD); len <= strlen(text); len++) {
        size_t whole = (len - strlen(HEAD)) / strlen(LINE), count;
        struct state state;
        bool ok;

        unit_write(names.state, text, len, 0600);
        ok = state_open(&state, names.plan, true, &error) == SDR_OK
             && state.count == whole
             && state_add(&state, "it", STEP_MOVE, EVENT_DONE, "/j", &error);
        state_close(&state);
        unit_row(ok && read_once(&count) == SDR_OK && count == whole + 1,
                 "%zu octets: %s", len, error.text);
    }
    unit_end();
}

/* ---- the id ---- */

static void
test_id(void **unused)
{
    static const struct {
        const char *a, *b;
        bool same;
    } id_rows[] = {
        {"/root/plan", "/root/plan", true},
        {"/root/plan", "/root/plan2", false},
        {"/root/plan", "/root/Plan", false},
        {"/a", "/b", false},
    };

    (void)unused;
    for (size_t i = 0; i < UNIT_COUNT(id_rows); i++) {
        char a[PLAN_ID_SIZE], b[PLAN_ID_SIZE];

        id_of(id_rows[i].a, a);
        id_of(id_rows[i].b, b);
        unit_row((strcmp(a, b) == 0) == id_rows[i].same, "%s, %s", id_rows[i].a,
                 id_rows[i].b);
    }
    unit_end();
}

/* A new file has it; the file of a plan that was renamed keeps its own. */
static void
test_id_in_file(void **unused)
{
    char id[PLAN_ID_SIZE];
    struct state state;
    size_t count;

    (void)unused;
    unlink(names.state);
    id_of(names.plan, id);
    assert_int_equal(open_once(&count), SDR_OK);
    assert_int_equal(state_open(&state, names.plan, false, &error), SDR_OK);
    assert_string_equal(state.id, id);
    state_close(&state);
    unit_write(names.state, HEAD LINE, strlen(HEAD LINE), 0600);
    assert_int_equal(state_open(&state, names.plan, false, &error), SDR_OK);
    assert_string_equal(state.id, ID);
    state_close(&state);
}

/* ---- what is written is read ---- */

static void
test_records(void **unused)
{
    struct state state, again;
    bool runs;

    (void)unused;
    unlink(names.state);
    assert_int_equal(state_open(&state, names.plan, false, &error),
                     SDR_NOTFOUND);
    state_close(&state);
    assert_int_equal(state_open(&state, names.plan, true, &error), SDR_OK);
    for (int step = 0; step < ALL_STEPS; step++) {
        for (int event = 0; event < EVENTS; event++)
            assert_true(state_add(
                &state, "a-wave.1", (enum step)step, (enum event)event,
                event % 2 == 0 ? "" : "a text, \xC3\xA9", &error));
    }
    assert_int_equal(state_open_to_read(&again, names.plan, &runs, &error),
                     SDR_OK);
    assert_true(runs);
    assert_string_equal(again.id, state.id);
    assert_int_equal(again.count, state.count);
    for (size_t i = 0; i < state.count; i++) {
        const struct record *one = &state.records[i],
                            *other = &again.records[i];

        unit_row(one->step == other->step && one->event == other->event
                     && strcmp(one->text, other->text) == 0
                     && strcmp(one->wave, other->wave) == 0
                     && strcmp(one->time, other->time) == 0,
                 "%s", other->text);
    }
    state_close(&again);
    state_close(&state);
    unit_end();
}

static void
test_lock(void **unused)
{
    struct state state, other;
    bool runs;

    (void)unused;
    unlink(names.state);
    assert_int_equal(state_open(&state, names.plan, true, &error), SDR_OK);
    assert_int_equal(state_open(&other, names.plan, true, &error),
                     SDR_TEMPFAIL);
    assert_non_null(strstr(error.text, "another process works on this plan"));
    state_close(&other);
    state_close(&state);
    assert_int_equal(state_open_to_read(&state, names.plan, &runs, &error),
                     SDR_OK);
    assert_false(runs);
    assert_int_equal(state_open(&other, names.plan, true, &error),
                     SDR_TEMPFAIL);
    state_close(&other);
    state_unlock(&state);
    assert_int_equal(state_open(&other, names.plan, true, &error), SDR_OK);
    state_close(&other);
    state_close(&state);
}

/* ---- whose file it is ---- */

static void
nothing(void)
{
}

static void
open_to_group(void)
{
    assert_int_equal(chmod(names.state, 0660), 0);
}

static void
open_to_world(void)
{
    assert_int_equal(chmod(names.state, 0606), 0);
}

static void
give_away(void)
{
    assert_int_equal(chown(names.state, 65534, 65534), 0);
}

static void
open_folder(void)
{
    assert_int_equal(chmod(names.folder, 0777), 0);
}

static void
link_it(void)
{
    assert_int_equal(link(names.state, names.other), 0);
}

static void
point_to_it(void)
{
    assert_int_equal(rename(names.state, names.other), 0);
    assert_int_equal(symlink(names.other, names.state), 0);
}

static void
put_folder(void)
{
    assert_int_equal(unlink(names.state), 0);
    assert_int_equal(mkdir(names.state, 0700), 0);
}

static void
put_fifo(void)
{
    assert_int_equal(unlink(names.state), 0);
    assert_int_equal(mkfifo(names.state, 0600), 0);
}

static void
forbid_reading(void)
{
    assert_int_equal(chmod(names.state, 0200), 0);
}

enum { ROOT_ALONE = 1, NOT_ROOT = 2 };

static const struct owner_row {
    const char *name;
    void (*change)(void);
    enum sdr_status wanted;
    const char *reason;
    int who;
} owner_rows[] = {
    {"ours", nothing, SDR_OK, "", 0},
    {"its group may write", open_to_group, SDR_CONFIG,
     ".state: mode 0660 lets others", 0},
    {"the world may write", open_to_world, SDR_CONFIG,
     ".state: mode 0606 lets others", 0},
    {"somebody else's", give_away, SDR_CONFIG, ".state: belongs to ",
     ROOT_ALONE},
    {"a folder for all", open_folder, SDR_CONFIG, ": mode 0777 lets others", 0},
    {"a second name", link_it, SDR_CONFIG, ".state: has 2 hard links", 0},
    {"a symbolic link", point_to_it, SDR_CONFIG,
     ".state: symbolic links are not followed", 0},
    {"a folder", put_folder, SDR_TEMPFAIL, ".state: Is a directory", 0},
    {"a FIFO", put_fifo, SDR_CONFIG, ".state: not a regular file", 0},
    {"unreadable", forbid_reading, SDR_TEMPFAIL, ".state: Permission denied",
     NOT_ROOT},
};

static void
restore_owner(void)
{
    assert_int_equal(chmod(names.folder, 0700), 0);
    rmdir(names.state);
    unlink(names.state);
    unlink(names.other);
}

static void
test_owners(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(owner_rows); i++) {
        const struct owner_row *row = &owner_rows[i];
        enum sdr_status status;
        size_t count;

        if (row->who == (geteuid() == 0 ? NOT_ROOT : ROOT_ALONE))
            continue;
        unit_write(names.state, HEAD LINE, strlen(HEAD LINE), 0600);
        row->change();
        error.text[0] = '\0';
        status = open_once(&count);
        unit_row(status == row->wanted && strstr(error.text, row->reason),
                 "%s: %d, %s", row->name, (int)status, error.text);
        if (row->wanted != SDR_OK)
            unit_row(read_once(&count) != SDR_OK, "%s: read", row->name);
        restore_owner();
    }
    unit_end();
}

/* ---- names ---- */

static void
test_names(void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } name_rows[] = {
        {"a", true},    {"sales-2.b_c", true}, {"-a", false},
        {"", false},    {"a b", false},        {"a/b", false},
        {"a\n", false}, {"\xC3\xA9", false},   {"#", false},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(name_rows); i++)
        unit_row(is_wave_name(name_rows[i].name) == name_rows[i].valid, "%s",
                 name_rows[i].name);
    unit_row(is_wave_name(unit_repeat('a', WAVE_NAME_MAX)), "the longest");
    unit_row(!is_wave_name(unit_repeat('a', WAVE_NAME_MAX + 1)), "too long");
    unit_end();
}

static int
set_up(void **state)
{
    (void)state;
    if (mkdtemp(names.folder) == NULL)
        return -1;
    snprintf(names.plan, sizeof names.plan, "%s/plan", names.folder);
    snprintf(names.state, sizeof names.state, "%s.state", names.plan);
    snprintf(names.other, sizeof names.other, "%s/other", names.folder);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    unlink(names.state);
    return rmdir(names.folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_torn_head),
        cmocka_unit_test(test_torn_anywhere),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_id_in_file),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
