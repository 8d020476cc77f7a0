/* test_replica_worth.c - what the answers of the local copy are worth
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/reader.h"

#include "reader.h"

#define CONF                                                                   \
    UNIT_CONF "[replica]\n"                                                    \
              "path = @REPLICA@\n"                                             \
              "unknown-max-age = 30\n"                                         \
              "known-max-age = 3600\n"
enum { CORP };

static int
make(void **state)
{
    (void)state;
    return reader_make(CONF);
}

static const struct box_entry entries[] = {
    {CORP, "alice@example.com", 'a', 1, {.owners = HOSTED}, NULL},
    {CORP, "@example.com", '*', 2, {.owners = CLOUD}, NULL},
};

enum { EXACT, WEAKER, NONE };

static const char *const asked[][SDR_KEYS_MAX] = {
    [EXACT] = {"alice@example.com"},
    [WEAKER] = {"dave@example.com", "@example.com"},
    [NONE] = {"dave@example.com"},
};

static const struct {
    const char *what;
    int64_t age; /* of the last contact, in seconds */
    uint64_t entries;
    uint32_t complete, from_a_file;
    uint32_t format;
    enum sdr_status exact, weaker, none;
    const char
        *reason; /* a part of the reason, wherever the answer is "not now" */
} worths[] = {
    {"up to date", 0, 1, 1, 0, SDR_RECORD_FORMAT, SDR_OK, SDR_OK, SDR_NOTFOUND,
     NULL},
    {"just so", 30, 1, 1, 0, SDR_RECORD_FORMAT, SDR_OK, SDR_OK, SDR_NOTFOUND,
     NULL},
    {"too old for those who are unknown", 31, 1, 1, 0, SDR_RECORD_FORMAT,
     SDR_OK, SDR_TEMPFAIL, SDR_TEMPFAIL, "last contact 31 s ago"},
    {"just so for those who are known", 3600, 1, 1, 0, SDR_RECORD_FORMAT,
     SDR_OK, SDR_TEMPFAIL, SDR_TEMPFAIL, "last contact 3600 s ago"},
    {"too old for them too", 3601, 1, 1, 0, SDR_RECORD_FORMAT, SDR_TEMPFAIL,
     SDR_TEMPFAIL, SDR_TEMPFAIL, "last contact 3601 s ago"},
    {"clocks differ a little", -60, 1, 1, 0, SDR_RECORD_FORMAT, SDR_OK, SDR_OK,
     SDR_NOTFOUND, NULL},
    {"the clock was set back", -61, 1, 1, 0, SDR_RECORD_FORMAT, SDR_OK,
     SDR_TEMPFAIL, SDR_TEMPFAIL, "last contact -61 s ago"},
    {"a file has no age", 1000000, 1, 1, 1, SDR_RECORD_FORMAT, SDR_OK, SDR_OK,
     SDR_NOTFOUND, NULL},
    {"a file from the future", -1000000, 1, 1, 1, SDR_RECORD_FORMAT, SDR_OK,
     SDR_OK, SDR_NOTFOUND, NULL},
    {"not complete", 0, 1, 0, 0, SDR_RECORD_FORMAT, SDR_TEMPFAIL, SDR_TEMPFAIL,
     SDR_TEMPFAIL, "not complete yet"},
    {"a file that is not complete", 0, 1, 0, 1, SDR_RECORD_FORMAT, SDR_TEMPFAIL,
     SDR_TEMPFAIL, SDR_TEMPFAIL, "not complete yet"},
    {"empty", 0, 0, 1, 0, SDR_RECORD_FORMAT, SDR_OK, SDR_TEMPFAIL, SDR_TEMPFAIL,
     "it is empty"},
    {"an empty file", 0, 0, 1, 1, SDR_RECORD_FORMAT, SDR_OK, SDR_TEMPFAIL,
     SDR_TEMPFAIL, "it is empty"},
    {"another version", 0, 1, 1, 0, SDR_RECORD_FORMAT + 1, SDR_TEMPFAIL,
     SDR_TEMPFAIL, SDR_TEMPFAIL, "written by another version"},
    {"another machine's", 0, 1, 1, 0, 0x01025352, SDR_TEMPFAIL, SDR_TEMPFAIL,
     SDR_TEMPFAIL, "written by another version"},
};

static void
it_is_worth_what_its_state_says(void **state)
{
    const time_t now = time(NULL);

    (void)state;
    sdr_replica_free(
        &replica); /* the format is checked when the file is opened */
    for (size_t i = 0; i < UNIT_COUNT(worths); i++) {
        const enum sdr_status expected[] = {worths[i].exact, worths[i].weaker,
                                            worths[i].none};
        struct box_content content = {
            .entries = entries,
            .count = UNIT_COUNT(entries),
            .format = worths[i].format,
            .state = {.contact = now - worths[i].age,
                      .entries = worths[i].entries,
                      .complete = worths[i].complete,
                      .from_a_file = worths[i].from_a_file}};
        struct sdr_replica *fresh = sdr_replica_new(box.config);

        box_in_child(&box, box_fill, &content);
        for (unsigned k = 0; k < UNIT_COUNT(asked); k++) {
            struct sdr_keys keys = box_keys(asked[k]);
            struct sdr_facts facts;
            struct sdr_error error = {""};
            enum sdr_status status =
                sdr_replica_lookup(fresh, CORP, &keys, now, &facts, &error);

            unit_row(status == expected[k]
                         && (status != SDR_TEMPFAIL
                             || strstr(error.text, worths[i].reason) != NULL),
                     "%s, %u: %s %s", worths[i].what, k,
                     sdr_status_name(status), error.text);
        }
        sdr_replica_free(&fresh);
    }
    unit_end();
}

/* Without a state the directory has not been read; with another fingerprint it
 * was another directory. */
static void
write_other_states(const struct box *b, void *arg)
{
    struct sdr_record_state state = {.complete = 1, .entries = 1};
    unsigned char key = CORP;
    struct box_writer writer;

    box_open(&writer, b, 1 << 20);
    box_begin(&writer);
    box_put_format(&writer, SDR_RECORD_FORMAT);
    box_put_entry(&writer, &entries[0]);
    state.contact = time(NULL);
    if (*(bool *)arg)
        box_put(&writer, writer.meta, &key, 1, &state, sizeof state);
    box_commit(&writer);
}

static void
another_configuration_is_another_copy(void **state)
{
    static const char *const reasons[] = {
        "sdr-sync has not read the directory yet",
        "written for another configuration"};

    (void)state;
    for (unsigned has_state = 0; has_state < 2; has_state++) {
        bool arg = has_state != 0;
        struct sdr_facts facts;
        struct sdr_error error;
        struct sdr_record_state known;
        struct sdr_record_status status;

        box_in_child(&box, write_other_states, &arg);
        assert_int_equal(box_ask(replica, "alice@example.com", &facts, &error),
                         SDR_TEMPFAIL);
        unit_row(strstr(error.text, reasons[has_state]) != NULL, "%s",
                 error.text);
        assert_int_equal(sdr_replica_state(replica, CORP, &known, &error),
                         SDR_TEMPFAIL);
        unit_row(strstr(error.text, reasons[has_state]) != NULL, "%s",
                 error.text);
        assert_int_equal(sdr_replica_status(replica, CORP, &status, &error),
                         SDR_TEMPFAIL);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        READER_TEST(it_is_worth_what_its_state_says),
        READER_TEST(another_configuration_is_another_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
