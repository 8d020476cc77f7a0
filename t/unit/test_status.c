/* test_status.c - the words and exit codes of the answers, and error texts
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "status.h"

#include "unit.h"

static const struct {
    enum sdr_status status;
    const char *name;
    int exit_code;
} statuses[] = {
    {SDR_OK, "ok", 0},
    {SDR_NOTFOUND, "none", 67},
    {SDR_TEMPFAIL, "not-now", 75},
    {SDR_INVALID, "invalid", 65},
    {SDR_CONFIG, "misconfigured", 78},
};

static void
names_and_exit_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(statuses); i++) {
        const char *name = sdr_status_name(statuses[i].status);
        int exit_code = sdr_status_exit(statuses[i].status);

        unit_row(strcmp(name, statuses[i].name) == 0
                     && exit_code == statuses[i].exit_code,
                 "%s: %s, exit %d", statuses[i].name, name, exit_code);
    }
    unit_end();
}

static void
prefixes_stand_in_front(void **state)
{
    struct sdr_error error = {""};

    (void)state;
    sdr_error_set(&error, "%s is away", "ldap1");
    assert_string_equal(error.text, "ldap1 is away");
    sdr_error_prefix(&error, "[directory %s]", "corp");
    sdr_error_prefix(&error, "lookup");
    assert_string_equal(error.text, "lookup: [directory corp]: ldap1 is away");
}

static void
long_texts_are_cut(void **state)
{
    struct sdr_error error = {""};
    const size_t room = sizeof error.text;

    (void)state;
    sdr_error_set(&error, "%s", unit_repeat('x', room + 10));
    assert_int_equal(strlen(error.text), room - 1);
    sdr_error_prefix(&error, "%s", unit_repeat('y', room - 10));
    assert_int_equal(strlen(error.text), room - 1);
    assert_string_equal(error.text + room - 11, "y: xxxxxxx");
    sdr_error_prefix(&error, "%s", unit_repeat('z', room + 10));
    assert_string_equal(error.text, unit_repeat('z', room - 1));
}

static void
nobody_need_listen(void **state)
{
    (void)state;
    sdr_error_set(NULL, "%s", "lost");
    sdr_error_prefix(NULL, "%s", "lost");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_exit_codes),
        cmocka_unit_test(prefixes_stand_in_front),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(nobody_need_listen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
