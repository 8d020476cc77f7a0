/* test_ldif_when.c - a directory that is a file: when it is read
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldif.h"

static void
write_dave(void)
{
    write_file(DAVE, strlen(DAVE), 0);
}

static void
write_alice_and_dave(void)
{
    write_file(ALICE DAVE, strlen(ALICE DAVE), 0);
}

static void
write_rubbish(void)
{
    write_file("rubbish\n", 8, 0);
}

static void
replace_by_old_dave(void)
{
    char saved[sizeof path], other[128];

    memcpy(saved, path, sizeof saved);
    snprintf(other, sizeof other, "%s.new", path);
    memcpy(path, other, sizeof path);
    write_file(DAVE, strlen(DAVE), 3600);
    memcpy(path, saved, sizeof path);
    assert_int_equal(rename(other, path), 0);
}

static void
remove_it(void)
{
    assert_int_equal(unlink(path), 0);
}

static void
make_space(void)
{
    now.store_status = SDR_OK;
}

static void
touch_and_go_on(void)
{
    write_alice_and_dave();
    now.while_reading = write_dave;
}

static void
test_rereading(void **state)
{
    static const struct {
        const char *what;
        void (*while_reading)(void);
        unsigned refreshes;
        const char *taken, *complaint;
    } rows[] = {
        {"nothing happens", NULL, 1, TAKEN, ""},
        {"changed", write_alice_and_dave, 2, TAKEN "uid=dave,dc=com|dave\n",
         ""},
        {"changed, and again a second later", touch_and_go_on, 2,
         "uid=dave,dc=com|dave\n", ""},
        {"replaced by one that is older", replace_by_old_dave, 2,
         "uid=dave,dc=com|dave\n", ""},
        {"broken", write_rubbish, 1, TAKEN, ":1: \"rubbish\" does not begin"},
        {"removed", remove_it, 1, TAKEN, ": No such file"},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        memset(&now, 0, sizeof now);
        write_file(ALICE, strlen(ALICE), 60);
        now.while_reading = rows[i].while_reading;
        now.sleeps = 2; /* first the file must stay unchanged */
        run(8, "");
        unit_row(
            now.refreshes == rows[i].refreshes
                && strcmp(now.taken, rows[i].taken) == 0
                && strstr(now.complaint, rows[i].complaint) != NULL
                && (rows[i].complaint[0] != '\0' || now.complaint[0] == '\0'),
            "%s: read %u, complaint \"%s\", taken %s", rows[i].what,
            now.refreshes, now.complaint, now.taken);
        unlink(path);
    }
    unit_end();
}

static void
test_fixing_it_ends_the_complaint(void **state)
{
    (void)state;
    memset(&now, 0, sizeof now);
    write_rubbish();
    now.while_reading = write_alice_and_dave;
    now.sleeps = 2;
    run(8, "");
    assert_int_equal(now.refreshes, 1);
    assert_string_equal(now.complaint, "");
    unlink(path);
}

static void
test_store_is_tried_again(void **state)
{
    (void)state;
    memset(&now, 0, sizeof now);
    write_file(ALICE, strlen(ALICE), 60);
    now.store_status = SDR_TEMPFAIL;
    now.while_reading = make_space;
    now.sleeps = 2;
    run(8, "");
    assert_int_equal(now.refreshes, 1);
    assert_string_equal(now.complaint, "");
    unlink(path);
}

/* Rewritten before each look, for ever. */
static void
keep_writing(void)
{
    static bool more;

    more = !more;
    (more ? write_alice_and_dave : write_dave)();
    now.while_reading = keep_writing;
}

static void
test_once_ends(void **state)
{
    (void)state;
    memset(&now, 0, sizeof now);
    write_file(ALICE, strlen(ALICE), 0);
    assert_int_equal(run(0, ""), SDR_OK);

    memset(&now, 0, sizeof now);
    keep_writing();
    assert_int_equal(run(0, ""), SDR_TEMPFAIL);
    assert_non_null(strstr(now.complaint, "still being written"));
    assert_int_equal(now.refreshes, 0);

    memset(&now, 0, sizeof now);
    now.store_status = SDR_TEMPFAIL;
    write_file(ALICE, strlen(ALICE), 60);
    assert_int_equal(run(0, ""), SDR_TEMPFAIL);
    assert_string_equal(now.complaint, "no space left");

    unlink(path);
    assert_int_equal(run(0, ""), SDR_CONFIG);
}

static void
test_what_is_no_file(void **state)
{
    (void)state;
    memset(&now, 0, sizeof now);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(run(0, ""), SDR_CONFIG);
    rmdir(path);
    assert_int_equal(mkfifo(path, 0644), 0);
    assert_int_equal(run(0, ""), SDR_CONFIG);
    unlink(path);
    write_file("", 0, 60);
    assert_int_equal(truncate(path, 2147483648), 0);
    assert_int_equal(run(0, ""), SDR_CONFIG);
    assert_non_null(strstr(now.complaint, "longer than"));
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rereading),
        cmocka_unit_test(test_fixing_it_ends_the_complaint),
        cmocka_unit_test(test_store_is_tried_again),
        cmocka_unit_test(test_once_ends),
        cmocka_unit_test(test_what_is_no_file),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
