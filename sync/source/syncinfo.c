/* syncinfo.c - see syncinfo.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/syncinfo.h"

#include <string.h>

bool
syncinfo_request(bool persist, const struct syncinfo_cookie *cookie,
                 struct berval *value)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    int mode = persist ? LDAP_SYNC_REFRESH_AND_PERSIST : LDAP_SYNC_REFRESH_ONLY;
    bool ok = ber != NULL;

    if (ok && cookie != NULL && cookie->len > 0)
        ok = ber_printf(ber, "{eo}", mode, cookie->octets,
                        (ber_len_t)cookie->len)
             != -1;
    else if (ok)
        ok = ber_printf(ber, "{e}", mode) != -1;
    ok = ok && ber_flatten2(ber, value, 1) == 0;
    ber_free(ber, 1);
    return ok;
}

/* Begin to read a borrowed value. Returns NULL if it is empty: liblber would
 * dereference a null pointer. */
static BerElement *
begin(const struct berval *value)
{
    struct berval copy = {value->bv_len, value->bv_val};

    return value->bv_len == 0 ? NULL : ber_init(&copy);
}

/* Read the next tag. Returns false if the data is truncated. */
static bool
peek(BerElement *ber, ber_tag_t *tag)
{
    ber_len_t len, left = 0;

    *tag = ber_peek_tag(ber, &len);
    return *tag != LBER_DEFAULT
           || (ber_get_option(ber, LBER_OPT_BER_REMAINING_BYTES, &left)
                   == LBER_OPT_SUCCESS
               && left == 0);
}

/* Read the cookie if it is next. */
static bool
take_cookie(BerElement *ber, ber_tag_t wanted, struct syncinfo_cookie *cookie)
{
    struct berval octets;
    ber_tag_t tag;

    if (!peek(ber, &tag))
        return false;
    if (tag != wanted)
        return true;
    if (ber_scanf(ber, "m", &octets) == LBER_ERROR
        || octets.bv_len > sizeof cookie->octets)
        return false;
    memcpy(cookie->octets, octets.bv_val, octets.bv_len);
    cookie->len = octets.bv_len;
    cookie->given = true;
    return true;
}

/* Read the Boolean if it is next; otherwise *OUT is unchanged. */
static bool
take_boolean(BerElement *ber, bool *out)
{
    ber_int_t number = 0;
    ber_tag_t tag;

    if (!peek(ber, &tag))
        return false;
    if (tag != LBER_BOOLEAN)
        return true;
    if (ber_scanf(ber, "b", &number) == LBER_ERROR)
        return false;
    *out = number != 0;
    return true;
}

static bool
read_state(BerElement *ber, enum syncinfo_change *change, unsigned char *id,
           struct syncinfo_cookie *cookie)
{
    struct berval uuid;
    ber_int_t number = -1;

    if (ber_scanf(ber, "{em", &number, &uuid) == LBER_ERROR || number < 0
        || number > SYNCINFO_DELETE || uuid.bv_len != SDR_RECORD_ID_SIZE)
        return false;
    *change = (enum syncinfo_change)number;
    memcpy(id, uuid.bv_val, SDR_RECORD_ID_SIZE);
    return take_cookie(ber, LDAP_TAG_SYNC_COOKIE, cookie);
}

bool
syncinfo_state(const struct berval *value, enum syncinfo_change *change,
               unsigned char id[SDR_RECORD_ID_SIZE],
               struct syncinfo_cookie *cookie)
{
    BerElement *ber = begin(value);
    bool ok = ber != NULL && read_state(ber, change, id, cookie);

    ber_free(ber, 1);
    return ok;
}

bool
syncinfo_done(const struct berval *value, bool *refresh_deletes,
              struct syncinfo_cookie *cookie)
{
    BerElement *ber = begin(value);
    bool ok = ber != NULL && ber_scanf(ber, "{") != LBER_ERROR
              && take_cookie(ber, LDAP_TAG_SYNC_COOKIE, cookie);

    *refresh_deletes = false;
    ok = ok && take_boolean(ber, refresh_deletes);
    ber_free(ber, 1);
    return ok;
}

static bool
are_ids(BerVarray ids)
{
    for (size_t i = 0; ids != NULL && ids[i].bv_val != NULL; i++) {
        if (ids[i].bv_len != SDR_RECORD_ID_SIZE)
            return false;
    }
    return true;
}

static bool
read_phase(BerElement *ber, enum syncinfo_kind kind, struct syncinfo *info,
           struct syncinfo_cookie *cookie)
{
    info->kind = kind;
    info->done = true;
    return ber_scanf(ber, "{") != LBER_ERROR
           && take_cookie(ber, LDAP_TAG_SYNC_COOKIE, cookie)
           && take_boolean(ber, &info->done);
}

static bool
read_ids(BerElement *ber, struct syncinfo *info, struct syncinfo_cookie *cookie)
{
    bool deleted = false;

    if (ber_scanf(ber, "{") == LBER_ERROR
        || !take_cookie(ber, LDAP_TAG_SYNC_COOKIE, cookie)
        || !take_boolean(ber, &deleted)
        || ber_scanf(ber, "[W]", &info->ids) == LBER_ERROR)
        return false;
    info->kind = deleted ? SYNCINFO_IDS_DELETED : SYNCINFO_IDS_PRESENT;
    return are_ids(info->ids);
}

static bool
read_info(BerElement *ber, struct syncinfo *info,
          struct syncinfo_cookie *cookie)
{
    ber_len_t len;

    switch (ber_peek_tag(ber, &len)) {
    case LDAP_TAG_SYNC_NEW_COOKIE:
        info->kind = SYNCINFO_NEW_COOKIE;
        return take_cookie(ber, LDAP_TAG_SYNC_NEW_COOKIE, cookie);
    case LDAP_TAG_SYNC_REFRESH_DELETE:
        return read_phase(ber, SYNCINFO_REFRESH_DELETE, info, cookie);
    case LDAP_TAG_SYNC_REFRESH_PRESENT:
        return read_phase(ber, SYNCINFO_REFRESH_PRESENT, info, cookie);
    case LDAP_TAG_SYNC_ID_SET:
        return read_ids(ber, info, cookie);
    default:
        return false;
    }
}

bool
syncinfo_read(const struct berval *value, struct syncinfo *info,
              struct syncinfo_cookie *cookie)
{
    BerElement *ber = begin(value);
    bool ok;

    memset(info, 0, sizeof *info);
    ok = ber != NULL && read_info(ber, info, cookie);
    ber_free(ber, 1);
    if (!ok)
        syncinfo_clear(info);
    return ok;
}

void
syncinfo_clear(struct syncinfo *info)
{
    ber_bvarray_free(info->ids);
    info->ids = NULL;
}
