/* connection.h - one LDAP connection that never waits beyond its deadline
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Hides libldap and its traps: one URI per handle; every option set on the
 * handle, so that no ldap.conf counts; connect, TLS handshake, bind and search
 * each bounded; referrals never chased. A connection is used by one thread at a
 * time. After anything but SDR_OK it is good for nothing but closing.
 */
#ifndef SDR_CONNECTION_H
#define SDR_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "status.h"

struct berval;
struct sdr_connection;

/* Results in pages (RFC 2696). All zero but for SIZE is a valid start; freed by
 * sdr_page_clear(). */
struct sdr_page {
    unsigned size; /* entries; a server may give fewer */
    bool deleted;  /* those that were deleted as well, MS-ADTS 3.1.1.3.4.1.14 */
    bool more;     /* result: there are more pages; search again for the next */
    struct berval *cookie;
};

void
sdr_page_clear(struct sdr_page *page);

/* What a search hands on, in order: each entry, then its values. Functions that
 * are NULL have nothing to do. */
struct sdr_search {
    const char *base; /* NULL: below the search base; else this entry alone, */
    bool below;       /* or with what is below it */
    const char *filter;            /* NULL: there was no memory for it */
    const char *const *attributes; /* ended by NULL */
    int size_limit;                /* 0: none; reaching it is no failure */
    unsigned time_limit; /* seconds for the server, likewise; 0: the timeout */
    void (*entry)(void *arg, const char *dn);
    void (*value)(void *arg, const char *attribute, const char *value,
                  size_t len);
    void (*end)(void *arg); /* of the entry */
    void *arg;
    struct sdr_page *page; /* NULL: all at once */
    bool complete; /* result: all that there is was read: code 0, no reference
                      elsewhere. Then, and only then, nothing is none. */
};

/* Connect to URI, encrypt and bind as the directory's options say. Returns
 * SDR_OK and a connection to be closed; or SDR_CONFIG or SDR_TEMPFAIL with the
 * reason, as of sdr_bind(). */
enum sdr_status SDR_MUST_USE
sdr_connection_open(struct sdr_connection **connection,
                    const struct sdr_directory_options *directory,
                    const char *uri, int64_t deadline, struct sdr_error *error);

/* Close politely and set the pointer to NULL; NULL is fine. */
void
sdr_connection_close(struct sdr_connection **connection);

/* Free it in a process that did not open it, without a word to the server. */
void
sdr_connection_abandon(struct sdr_connection **connection);

/* libldap's handle, for what there is no function for here; borrowed. Whoever
 * uses it bounds what it waits for, see sdr_handle_deadline(). */
struct ldap *
sdr_connection_handle(struct sdr_connection *connection);

/* True if TLS encrypts it; see sdr_handle_tls(). */
bool
sdr_connection_tls(const struct sdr_connection *connection, char *version,
                   size_t size);

/* Search. Returns SDR_OK; or SDR_TEMPFAIL with the reason
 * and *broken set if the connection is lost or silent, rather than answered by
 * an error. */
enum sdr_status SDR_MUST_USE
sdr_connection_search(struct sdr_connection *connection,
                      struct sdr_search *search, int64_t deadline, bool *broken,
                      struct sdr_error *error);

struct sdr_comparison {
    const char *attribute, *value;
    int id;   /* of the operation under way */
    int code; /* result: LDAP's, whatever it is */
};

/* Compare values with those of the entry DN, all at once. Returns SDR_OK with
 * all codes; or SDR_TEMPFAIL with the reason: the connection is lost or silent.
 */
enum sdr_status SDR_MUST_USE
sdr_connection_compare(struct sdr_connection *connection, const char *dn,
                       struct sdr_comparison *comparisons, unsigned count,
                       int64_t deadline, struct sdr_error *error);

#endif
