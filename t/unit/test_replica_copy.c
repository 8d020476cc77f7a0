/* test_replica_copy.c - what a copy of a directory means for mail, in words
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica_copy.h"

#include "box.h"

static struct box box;

static int
make(void **state)
{
    (void)state;
    box = box_make(UNIT_CONF "[directory file]\n"
                             "uri = ldif:/nonexistent\n"
                             "default-owner = onprem\n"
                             "[replica]\n"
                             "path = @REPLICA@\n");
    return 0;
}

static int
clean_up(void **state)
{
    (void)state;
    box_remove(&box);
    return 0;
}

enum { SERVERS, A_FILE, DAY = 86400 };

/* unknown-max-age is 30, known-max-age 3 days. */
static const struct {
    unsigned directory;
    struct sdr_record_state state; /* its contact is an age */
    enum copy_quality quality;
    const char *meaning;
} rows[] = {
    {SERVERS,
     {.contact = 30, .entries = 1, .complete = 1},
     COPY_FRESH,
     "all recipients are routed from the replica"},
    {SERVERS,
     {.contact = 31, .entries = 1, .complete = 1},
     COPY_STALE,
     "known recipients are routed for another 2 days 23 h; unknown ones are "
     "looked up in the directory, or deferred if no server answers"},
    {SERVERS,
     {.contact = 3 * DAY, .entries = 1, .complete = 1},
     COPY_STALE,
     "known recipients are routed for another 0 s; unknown ones are looked up "
     "in the directory, or deferred if no server answers"},
    {SERVERS,
     {.contact = 3 * DAY + 1, .entries = 1, .complete = 1},
     COPY_EXPIRED,
     "all recipients are looked up in the directory, or deferred if no server "
     "answers"},
    {SERVERS,
     {.contact = -DAY, .entries = 1, .complete = 1},
     COPY_STALE,
     "known recipients are routed for another 4 days; unknown ones are looked "
     "up in the directory, or deferred if no server answers"},
    {SERVERS,
     {.contact = 0, .entries = 1},
     COPY_INCOMPLETE,
     "all recipients are looked up in the directory, or deferred if no server "
     "answers"},
    {A_FILE,
     {.contact = 100 * DAY, .entries = 1, .complete = 1, .from_a_file = 1},
     COPY_FRESH,
     "all recipients are routed from the replica"},
    {A_FILE,
     {.contact = 0, .complete = 1, .from_a_file = 1},
     COPY_STALE,
     "known recipients are routed; unknown ones are deferred"},
    {A_FILE,
     {.contact = 0, .entries = 1, .from_a_file = 1},
     COPY_INCOMPLETE,
     "all recipients are deferred"},
};

static void
a_copy_is_put_into_words(void **state)
{
    struct sdr_replica *replica = sdr_replica_new(box.config);
    const time_t now = time(NULL);

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct box_content content = {.format = SDR_RECORD_FORMAT,
                                      .state = rows[i].state};
        struct copy copy;
        char meaning[256];

        content.state.contact = now - rows[i].state.contact;
        box_in_child(&box, box_fill, &content);
        copy_read(&copy, box.config, replica, rows[i].directory, now);
        copy_meaning(&copy, meaning, sizeof meaning);
        unit_row(copy.quality == rows[i].quality
                     && strcmp(meaning, rows[i].meaning) == 0
                     && copy.age == rows[i].state.contact,
                 "%zu: %s, %s", i, copy_quality_name(copy.quality), meaning);
    }
    sdr_replica_free(&replica);
    unit_end();
}

static void
none_is_put_into_words(void **state)
{
    struct sdr_replica *replica = sdr_replica_new(box.config);
    struct copy copy;
    char meaning[256];

    (void)state;
    copy_read(&copy, box.config, replica, A_FILE, time(NULL));
    copy_meaning(&copy, meaning, sizeof meaning);
    assert_int_equal(copy.quality, COPY_NONE);
    assert_non_null(strstr(copy.reason.text, "No such file"));
    assert_string_equal(meaning, "all recipients are deferred");
    sdr_replica_free(&replica);
}

static const struct {
    int64_t seconds;
    const char *text;
} durations[] = {
    {0, "0 s"},
    {59, "59 s"},
    {60, "1 min"},
    {3599, "59 min"},
    {3600, "1 h"},
    {3660, "1 h 1 min"},
    {86399, "23 h 59 min"},
    {86400, "1 day"},
    {90000, "1 day 1 h"},
    {172800, "2 days"},
    {259199, "2 days 23 h"},
    {-5, "-5 s"},
};

static void
durations_are_for_humans(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(durations); i++) {
        char text[64];

        copy_duration(durations[i].seconds, text, sizeof text);
        unit_row(strcmp(text, durations[i].text) == 0, "%s: %s",
                 durations[i].text, text);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_copy_is_put_into_words, make,
                                        clean_up),
        cmocka_unit_test_setup_teardown(none_is_put_into_words, make, clean_up),
        cmocka_unit_test(durations_are_for_humans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
