/* syncinfo.h - what RFC 4533 puts into controls and intermediate messages
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions that decode octets from a server. Malformed input is rejected.
 */
#ifndef SYNC_SYNCINFO_H
#define SYNC_SYNCINFO_H

#include <stdbool.h>
#include <stddef.h>

#include <ldap.h>

#include "replica/record.h"
#include "store/store.h"

/* The position in the server's changes; opaque to clients. */
struct syncinfo_cookie {
    bool given;
    size_t len;
    unsigned char octets[STORE_COOKIE_MAX];
};

/* Write the value of the Sync Request control (2.2), to be freed by
 * ber_memfree(). Returns false without memory. COOKIE may be NULL. */
bool
syncinfo_request(bool persist, const struct syncinfo_cookie *cookie,
                 struct berval *value);

enum syncinfo_change {
    SYNCINFO_PRESENT = LDAP_SYNC_PRESENT,
    SYNCINFO_ADD = LDAP_SYNC_ADD,
    SYNCINFO_MODIFY = LDAP_SYNC_MODIFY,
    SYNCINFO_DELETE = LDAP_SYNC_DELETE
};

/* Read the Sync State control (2.3) of an entry. The cookie is unchanged if the
 * control has none. Returns false if it is malformed. */
bool
syncinfo_state(const struct berval *value, enum syncinfo_change *change,
               unsigned char id[SDR_RECORD_ID_SIZE],
               struct syncinfo_cookie *cookie);

/* Read the Sync Done control (2.4). Returns false if it is malformed. */
bool
syncinfo_done(const struct berval *value, bool *refresh_deletes,
              struct syncinfo_cookie *cookie);

enum syncinfo_kind {
    SYNCINFO_NEW_COOKIE,
    SYNCINFO_REFRESH_DELETE,  /* the phase of deletions has ended */
    SYNCINFO_REFRESH_PRESENT, /* the phase of those still there has */
    SYNCINFO_IDS_PRESENT,
    SYNCINFO_IDS_DELETED
};

struct syncinfo {
    enum syncinfo_kind kind;
    bool done;     /* of REFRESH: it was the last phase */
    BerVarray ids; /* of IDS; each of SDR_RECORD_ID_SIZE octets */
};

/* Read the Sync Info message (2.5). Returns false if it is malformed; otherwise
 * INFO must be freed by syncinfo_clear(). */
bool
syncinfo_read(const struct berval *value, struct syncinfo *info,
              struct syncinfo_cookie *cookie);

void
syncinfo_clear(struct syncinfo *info);

#endif
