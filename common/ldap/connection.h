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

#include "config/config.h"
#include "status.h"

struct berval;
struct sdr_connection;
struct ldapmsg; /* libldap's LDAPMessage */

/* Results in pages (RFC 2696). All zero but for SIZE is a valid start; freed by
 * sdr_page_clear(). */
struct sdr_page {
    unsigned size; /* entries; a server may give fewer */
    bool deleted;  /* those that were deleted as well, MS-ADTS 3.1.1.3.4.1.14 */
    bool more;     /* result: there are more pages; search again for the next */
    bool answered; /* result: the server knows pages */
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
    const char *const *attributes; /* ended by NULL; NULL itself likewise */
    int size_limit;                /* 0: none; reaching it is no failure */
    unsigned time_limit; /* seconds for the server, likewise; 0: the timeout */
    void (*entry)(void *arg, const char *dn);
    void (*value)(void *arg, const char *attribute, const char *value,
                  size_t len);
    void (*end)(void *arg); /* of the entry */
    void *arg;
    struct sdr_page *page; /* NULL: all at once */
    /* Each entry shall also show the access of this reader to the attributes,
     * "dn:NAME" (draft-ietf-ldapext-acl-model); NULL: no reader. */
    const char *access_of;
    bool openldap; /* any other server shall refuse: see server_kind.h */
    bool may_fail; /* a refusal does not make the connection suspect */
    int code;      /* result: LDAP's, if the server has answered; else -1 */
    bool complete; /* result: all that there is was read: code 0, no reference
                      elsewhere. Then, and only then, nothing is none. */
};

/* A kind of server, see server_kind.h. */
enum sdr_server_kind {
    SDR_SERVER_OTHER,
    SDR_SERVER_PROXY,
    SDR_SERVER_OPENLDAP,
    SDR_SERVER_AD,
    SDR_SERVER_SAMBA,
    SDR_SERVER_389DS
};

/* What is known of the server at the other end; all zero at first. */
struct sdr_server_facts {
    bool known;
    enum sdr_server_kind kind;
    bool mute;         /* it does not report access, though its kind does */
    char vendor[128];  /* as it says itself, or "" */
    char schema[1024]; /* the name of the schema's entry, or "" */
    char definitions[1024]; /* where Active Directory has its own, or "" */
    int64_t must_see_until; /* so long the must-see of this connection stand */
};

/* Connect to URI, encrypt and bind as the directory's options say; the options
 * and the URI are borrowed. Returns SDR_OK and a connection to be closed; or
 * SDR_CONFIG or SDR_TEMPFAIL with the reason, as of sdr_bind(). */
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

/* What is known of the server; the caller may change it. */
struct sdr_server_facts *
sdr_connection_server(struct sdr_connection *connection);

/* The options and the URI that it was opened with; borrowed. */
const struct sdr_directory_options *
sdr_connection_directory(const struct sdr_connection *connection);

const char *
sdr_connection_uri(const struct sdr_connection *connection);

/* What is asked from now on must be answered by this time of sdr_clock(); at
 * first it is the deadline of opening. */
void
sdr_connection_set_deadline(struct sdr_connection *connection,
                            int64_t deadline);

/* As of now, the timeout of its directory. */
void
sdr_connection_renew_deadline(struct sdr_connection *connection);

int64_t
sdr_connection_deadline(const struct sdr_connection *connection);

/* True if it is lost, or was silent until a deadline: good for nothing but
 * closing. An error that the server answers does not break it. */
bool
sdr_connection_is_broken(const struct sdr_connection *connection);

/* For what uses the handle below. */
void
sdr_connection_set_broken(struct sdr_connection *connection);

/* True if the server has refused a search or a compare as if there had been no
 * bind: a proxy may have lost the server behind it. */
bool
sdr_connection_is_suspect(const struct sdr_connection *connection);

/* libldap's handle, for what there is no function for here; borrowed. Whoever
 * uses it bounds what it waits for, see sdr_ldap_deadline(). */
struct ldap *
sdr_connection_handle(struct sdr_connection *connection);

/* True if TLS encrypts it; see sdr_ldap_tls(). */
bool
sdr_connection_tls(const struct sdr_connection *connection, char *version,
                   size_t size);

/* True if the server's certificate should be renewed; see sdr_ldap_expires().
 */
bool
sdr_connection_expires(const struct sdr_connection *connection,
                       struct sdr_error *words);

/* Search. Returns SDR_OK, or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_connection_search(struct sdr_connection *connection,
                      struct sdr_search *search, struct sdr_error *error);

/* For what is received over the handle: hand the entry of one message to the
 * search's functions, with all values of attributes that come in pieces (see
 * range.h). SDR_TEMPFAIL with the reason: it is not to be used. */
enum sdr_status SDR_MUST_USE
sdr_connection_read_entry(struct sdr_connection *connection,
                          struct ldapmsg *message,
                          const struct sdr_search *search,
                          struct sdr_error *error);

struct sdr_comparison {
    const char *attribute, *value;
    int id;   /* of the operation under way */
    int code; /* result: LDAP's, whatever it is */
};

/* Compare values with those of the entry DN, all at once. Returns SDR_OK with
 * all codes; or SDR_TEMPFAIL with the reason: the connection is broken. */
enum sdr_status SDR_MUST_USE
sdr_connection_compare(struct sdr_connection *connection, const char *dn,
                       struct sdr_comparison *comparisons, unsigned count,
                       struct sdr_error *error);

#endif
