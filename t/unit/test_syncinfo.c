/* test_syncinfo.c - what RFC 4533 puts into controls and messages
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/syncinfo.h"

#include "unit.h"

#define ID "0123456789abcdef"

/* Octets without the final NUL. */
/* clang-format off */
#define OCTETS(text) {sizeof(text) - 1, (char *)(uintptr_t)(text)}
/* clang-format on */

/* The value in a buffer of exactly its size: a sanitizer finds any read beyond
 * it. */
static struct berval
copy(struct berval value)
{
    struct berval own = {value.bv_len, malloc(value.bv_len + 1)};

    assert_non_null(own.bv_val);
    own.bv_val = realloc(own.bv_val, value.bv_len > 0 ? value.bv_len : 1);
    assert_non_null(own.bv_val);
    memcpy(own.bv_val, value.bv_val, value.bv_len);
    return own;
}

static bool
has(const struct syncinfo_cookie *cookie, const char *text)
{
    if (text == NULL)
        return !cookie->given;
    return cookie->given && cookie->len == strlen(text)
           && memcmp(cookie->octets, text, cookie->len) == 0;
}

/* ---- Sync State ---- */

static const struct {
    const char *name;
    struct berval value;
    int change; /* -1: malformed */
    const char *cookie;
} states[] = {
    {"present", OCTETS("\x30\x15\x0a\x01\x00\x04\x10" ID), SYNCINFO_PRESENT,
     NULL},
    {"add", OCTETS("\x30\x15\x0a\x01\x01\x04\x10" ID), SYNCINFO_ADD, NULL},
    {"modify", OCTETS("\x30\x15\x0a\x01\x02\x04\x10" ID), SYNCINFO_MODIFY,
     NULL},
    {"delete", OCTETS("\x30\x15\x0a\x01\x03\x04\x10" ID), SYNCINFO_DELETE,
     NULL},
    {"cookie", OCTETS("\x30\x18\x0a\x01\x01\x04\x10" ID "\x04\x01x"),
     SYNCINFO_ADD, "x"},
    {"empty cookie", OCTETS("\x30\x17\x0a\x01\x01\x04\x10" ID "\x04\x00"),
     SYNCINFO_ADD, ""},
    {"long form", OCTETS("\x30\x81\x15\x0a\x01\x01\x04\x10" ID), SYNCINFO_ADD,
     NULL},
    {"nothing", OCTETS(""), -1, NULL},
    {"no sequence", OCTETS("\x04\x10" ID), -1, NULL},
    {"empty sequence", OCTETS("\x30\x00"), -1, NULL},
    {"no id", OCTETS("\x30\x03\x0a\x01\x01"), -1, NULL},
    {"state 4", OCTETS("\x30\x15\x0a\x01\x04\x04\x10" ID), -1, NULL},
    {"state -1", OCTETS("\x30\x15\x0a\x01\xff\x04\x10" ID), -1, NULL},
    {"huge state", OCTETS("\x30\x1d\x0a\x09\1\1\1\1\1\1\1\1\1\x04\x10" ID), -1,
     NULL},
    {"id too short",
     OCTETS("\x30\x14\x0a\x01\x01\x04\x0f"
            "0123456789abcde"),
     -1, NULL},
    {"id too long", OCTETS("\x30\x16\x0a\x01\x01\x04\x11" ID "x"), -1, NULL},
    {"cut",
     OCTETS("\x30\x15\x0a\x01\x01\x04\x10"
            "0123"),
     -1, NULL},
    {"endless", OCTETS("\x30\x84\xff\xff\xff\xff\x0a\x01\x01"), -1, NULL},
    {"indefinite", OCTETS("\x30\x80\x0a\x01\x01\x04\x10" ID "\0\0"), -1, NULL},
};

static void
states_of_entries(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < UNIT_COUNT(states); i++) {
        struct berval value = copy(states[i].value);
        struct syncinfo_cookie cookie = {.given = false};
        unsigned char id[SDR_RECORD_ID_SIZE] = {0};
        enum syncinfo_change change = SYNCINFO_PRESENT;
        bool ok = syncinfo_state(&value, &change, id, &cookie);

        if (states[i].change < 0)
            unit_row(!ok, "%s: taken", states[i].name);
        else
            unit_row(ok && (int)change == states[i].change
                         && memcmp(id, ID, sizeof id) == 0
                         && has(&cookie, states[i].cookie),
                     "%s: %d", states[i].name, (int)change);
        free(value.bv_val);
    }
    unit_end();
}

/* ---- Sync Done ---- */

static const struct {
    const char *name;
    struct berval value;
    int deletes; /* -1: malformed */
    const char *cookie;
} ends[] = {
    {"empty", OCTETS("\x30\x00"), false, NULL},
    {"cookie", OCTETS("\x30\x03\x04\x01x"), false, "x"},
    {"deletes", OCTETS("\x30\x03\x01\x01\xff"), true, NULL},
    {"does not", OCTETS("\x30\x03\x01\x01\x00"), false, NULL},
    {"both", OCTETS("\x30\x06\x04\x01x\x01\x01\x01"), true, "x"},
    {"nothing", OCTETS(""), -1, NULL},
    {"garbage", OCTETS("garbage"), -1, NULL},
    {"cut", OCTETS("\x30\x06\x04\x01x"), -1, NULL},
    {"cut cookie", OCTETS("\x30\x03\x04\x05x"), -1, NULL},
    {"cut boolean", OCTETS("\x30\x05\x04\x01x\x01\x01"), -1, NULL},
    {"one octet", OCTETS("\x30\x01\x04"), -1, NULL},
};

static void
ends_of_searches(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < UNIT_COUNT(ends); i++) {
        struct berval value = copy(ends[i].value);
        struct syncinfo_cookie cookie = {.given = false};
        bool deletes = true;
        bool ok = syncinfo_done(&value, &deletes, &cookie);

        if (ends[i].deletes < 0)
            unit_row(!ok, "%s: taken", ends[i].name);
        else
            unit_row(ok && (int)deletes == ends[i].deletes
                         && has(&cookie, ends[i].cookie),
                     "%s", ends[i].name);
        free(value.bv_val);
    }
    unit_end();
}

/* ---- Sync Info ---- */

static const struct {
    const char *name;
    struct berval value;
    int kind; /* -1: malformed */
    bool done;
    unsigned ids;
    const char *cookie;
} infos[] = {
    {"new cookie", OCTETS("\x80\x01x"), SYNCINFO_NEW_COOKIE, false, 0, "x"},
    {"delete", OCTETS("\xa1\x00"), SYNCINFO_REFRESH_DELETE, true, 0, NULL},
    {"delete, cookie", OCTETS("\xa1\x03\x04\x01x"), SYNCINFO_REFRESH_DELETE,
     true, 0, "x"},
    {"delete, more comes", OCTETS("\xa1\x03\x01\x01\x00"),
     SYNCINFO_REFRESH_DELETE, false, 0, NULL},
    {"present", OCTETS("\xa2\x06\x04\x01x\x01\x01\xff"),
     SYNCINFO_REFRESH_PRESENT, true, 0, "x"},
    {"present, more comes", OCTETS("\xa2\x03\x01\x01\x00"),
     SYNCINFO_REFRESH_PRESENT, false, 0, NULL},
    {"nobody", OCTETS("\xa3\x02\x31\x00"), SYNCINFO_IDS_PRESENT, false, 0,
     NULL},
    {"one", OCTETS("\xa3\x14\x31\x12\x04\x10" ID), SYNCINFO_IDS_PRESENT, false,
     1, NULL},
    {"two, cookie",
     OCTETS("\xa3\x29\x04\x01x\x31\x24\x04\x10" ID "\x04\x10" ID),
     SYNCINFO_IDS_PRESENT, false, 2, "x"},
    {"one deleted", OCTETS("\xa3\x17\x01\x01\xff\x31\x12\x04\x10" ID),
     SYNCINFO_IDS_DELETED, false, 1, NULL},
    {"one not deleted", OCTETS("\xa3\x17\x01\x01\x00\x31\x12\x04\x10" ID),
     SYNCINFO_IDS_PRESENT, false, 1, NULL},
    {"nothing", OCTETS(""), -1, false, 0, NULL},
    {"unknown", OCTETS("\xa4\x00"), -1, false, 0, NULL},
    {"garbage", OCTETS("garbage"), -1, false, 0, NULL},
    {"cut", OCTETS("\xa1\x20\x04\x01x"), -1, false, 0, NULL},
    {"cut cookie", OCTETS("\xa1\x03\x04\x05x"), -1, false, 0, NULL},
    {"cut boolean", OCTETS("\xa2\x02\x01\x01"), -1, false, 0, NULL},
    {"cut new cookie", OCTETS("\x80\x05x"), -1, false, 0, NULL},
    {"no ids", OCTETS("\xa3\x00"), -1, false, 0, NULL},
    {"short id", OCTETS("\xa3\x05\x31\x03\x04\x01x"), -1, false, 0, NULL},
    {"short second id", OCTETS("\xa3\x17\x31\x15\x04\x10" ID "\x04\x01x"), -1,
     false, 0, NULL},
    {"cut id", OCTETS("\xa3\x06\x31\x04\x04\x10xx"), -1, false, 0, NULL},
    {"no boolean", OCTETS("\xa3\x17\x02\x01\xff\x31\x12\x04\x10" ID), -1, false,
     0, NULL},
    {"endless ids", OCTETS("\xa3\x84\x7f\xff\xff\xff\x31\x84\x7f\xff\xff\x00"),
     -1, false, 0, NULL},
};

static unsigned
count_ids(const struct syncinfo *info)
{
    unsigned count = 0;

    while (info->ids != NULL && info->ids[count].bv_val != NULL)
        count++;
    return count;
}

static void
information(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < UNIT_COUNT(infos); i++) {
        struct berval value = copy(infos[i].value);
        struct syncinfo_cookie cookie = {.given = false};
        struct syncinfo info;
        bool ok = syncinfo_read(&value, &info, &cookie);

        if (infos[i].kind < 0)
            unit_row(!ok, "%s: taken", infos[i].name);
        else
            unit_row(ok && (int)info.kind == infos[i].kind
                         && info.done == infos[i].done
                         && count_ids(&info) == infos[i].ids
                         && has(&cookie, infos[i].cookie),
                     "%s", infos[i].name);
        if (ok)
            syncinfo_clear(&info);
        free(value.bv_val);
    }
    unit_end();
}

/* ---- any octets ---- */

static void
read_as_all(struct berval value)
{
    struct berval own = copy(value);
    struct syncinfo_cookie cookie = {.given = false};
    unsigned char id[SDR_RECORD_ID_SIZE];
    enum syncinfo_change change;
    struct syncinfo info;
    bool deletes;

    (void)syncinfo_state(&own, &change, id, &cookie);
    (void)syncinfo_done(&own, &deletes, &cookie);
    if (syncinfo_read(&own, &info, &cookie))
        syncinfo_clear(&info);
    assert_true(cookie.len <= sizeof cookie.octets);
    free(own.bv_val);
}

/* Truncated at each octet, and with each octet changed. */
static void
spoil(struct berval value)
{
    struct berval own = copy(value);

    for (ber_len_t len = 0; len <= value.bv_len; len++)
        read_as_all((struct berval){len, value.bv_val});
    for (ber_len_t i = 0; i < value.bv_len; i++) {
        for (int c = 0; c < 256; c++) {
            own.bv_val[i] = (char)c;
            read_as_all(own);
        }
        own.bv_val[i] = value.bv_val[i];
    }
    free(own.bv_val);
}

static void
spoilt_octets_stay_within_bounds(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < UNIT_COUNT(states); i++)
        spoil(states[i].value);
    for (size_t i = 0; i < UNIT_COUNT(ends); i++)
        spoil(ends[i].value);
    for (size_t i = 0; i < UNIT_COUNT(infos); i++)
        spoil(infos[i].value);
}

/* ---- cookies ---- */

/* A new cookie of this many octets. */
static bool
takes_cookie(size_t len)
{
    struct syncinfo_cookie cookie = {.given = false};
    struct berval value = {len + 4, malloc(len + 4)};
    struct syncinfo info;
    bool ok;

    assert_non_null(value.bv_val);
    memset(value.bv_val, 'x', value.bv_len);
    value.bv_val[0] = (char)0x80;
    value.bv_val[1] = (char)0x82;
    value.bv_val[2] = (char)(len >> 8);
    value.bv_val[3] = (char)(len & 0xff);
    ok = syncinfo_read(&value, &info, &cookie);
    free(value.bv_val);
    if (ok)
        assert_int_equal(cookie.len, len);
    return ok && cookie.given;
}

static void
longest_cookie(void **unused)
{
    (void)unused;
    assert_true(takes_cookie(STORE_COOKIE_MAX));
    assert_false(takes_cookie(STORE_COOKIE_MAX + 1));
}

static const struct {
    bool persist;
    const char *cookie;
    struct berval value;
} requests[] = {
    {false, NULL, OCTETS("\x30\x03\x0a\x01\x01")},
    {true, NULL, OCTETS("\x30\x03\x0a\x01\x03")},
    {true, "", OCTETS("\x30\x03\x0a\x01\x03")},
    {true, "xy", OCTETS("\x30\x07\x0a\x01\x03\x04\x02xy")},
};

static void
requests_to_servers(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < UNIT_COUNT(requests); i++) {
        const struct berval *wanted = &requests[i].value;
        struct syncinfo_cookie cookie = {.given = false};
        struct berval value = {0, NULL};

        if (requests[i].cookie != NULL) {
            cookie.len = strlen(requests[i].cookie);
            memcpy(cookie.octets, requests[i].cookie, cookie.len);
        }
        assert_true(syncinfo_request(
            requests[i].persist, requests[i].cookie != NULL ? &cookie : NULL,
            &value));
        unit_row(value.bv_len == wanted->bv_len
                     && memcmp(value.bv_val, wanted->bv_val, value.bv_len) == 0,
                 "request %zu", i);
        ber_memfree(value.bv_val);
    }
    unit_end();
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_of_entries),
        cmocka_unit_test(ends_of_searches),
        cmocka_unit_test(information),
        cmocka_unit_test(spoilt_octets_stay_within_bounds),
        cmocka_unit_test(longest_cookie),
        cmocka_unit_test(requests_to_servers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
