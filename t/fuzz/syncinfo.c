/* syncinfo.c - fuzz target: controls and messages of syncrepl (RFC 4533)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each input is read as each of the three: state, done, info.
 */
#include "source/syncinfo.h"

#include "fuzz.h"

static void
begin(struct syncinfo_cookie *cookie)
{
    cookie->given = false;
    cookie->len = 0;
}

/* The cookie of a server can be sent back to it. */
static void
check_cookie(const struct syncinfo_cookie *cookie)
{
    struct berval request = {0, NULL};

    FUZZ_RULE(cookie->len <= sizeof cookie->octets);
    FUZZ_RULE(cookie->given || cookie->len == 0);
    FUZZ_RULE(syncinfo_request(true, cookie, &request));
    FUZZ_RULE(request.bv_len > cookie->len);
    ber_memfree(request.bv_val);
}

static void
check_state(const struct berval *value, struct syncinfo_cookie *cookie)
{
    unsigned char id[SDR_RECORD_ID_SIZE];
    enum syncinfo_change change;

    begin(cookie);
    if (!syncinfo_state(value, &change, id, cookie))
        return;
    FUZZ_RULE(change == SYNCINFO_PRESENT || change == SYNCINFO_ADD
              || change == SYNCINFO_MODIFY || change == SYNCINFO_DELETE);
    FUZZ_RULE(value->bv_len >= sizeof id);
    check_cookie(cookie);
}

static void
check_done(const struct berval *value, struct syncinfo_cookie *cookie)
{
    bool deletes;

    begin(cookie);
    if (syncinfo_done(value, &deletes, cookie))
        check_cookie(cookie);
}

static void
check_info(const struct berval *value, struct syncinfo_cookie *cookie)
{
    struct syncinfo info;
    size_t count = 0;

    begin(cookie);
    if (!syncinfo_read(value, &info, cookie)) {
        FUZZ_RULE(info.ids == NULL);
        return;
    }
    for (; info.ids != NULL && info.ids[count].bv_val != NULL; count++)
        FUZZ_RULE(info.ids[count].bv_len == SDR_RECORD_ID_SIZE);
    FUZZ_RULE(count * SDR_RECORD_ID_SIZE <= value->bv_len);
    FUZZ_RULE(count == 0 || info.kind == SYNCINFO_IDS_PRESENT
              || info.kind == SYNCINFO_IDS_DELETED);
    FUZZ_RULE(info.kind != SYNCINFO_NEW_COOKIE || cookie->given);
    check_cookie(cookie);
    syncinfo_clear(&info);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct syncinfo_cookie cookie; /* large */
    struct berval value = {size, fuzz_copy(data, size)};

    check_state(&value, &cookie);
    check_done(&value, &cookie);
    check_info(&value, &cookie);
    free(value.bv_val);
    return 0;
}
