/* connection.h - one LDAP connection that never waits beyond its deadline
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Hides libldap and its pitfalls: one URI per handle; every option set on the
 * handle, so that ldap.conf has no effect; connect, TLS handshake, bind and
 * search each bounded; referrals never chased. Only one thread may use a
 * connection at a time.
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

/* Paged results (RFC 2696). All zero except SIZE is the initial state; release
 * with sdr_page_clear(). */
struct sdr_page {
    unsigned size; /* entries; a server may return fewer */
    bool deleted;  /* also deleted entries, MS-ADTS 3.1.1.3.4.1.14 */
    bool more;     /* result: there are more pages; search again */
    bool answered; /* result: the server supports paged results */
    struct berval *cookie;
};

void
sdr_page_clear(struct sdr_page *page);

/* A search. Its functions are called for each entry, then for each value, then
 * for the end of the entry. They may be NULL. */
struct sdr_search {
    const char *base;   /* NULL: below the search base; otherwise this entry,
                           alone */
    bool below;         /* or with the entries below it */
    const char *filter; /* NULL: no memory; the search fails */
    const char *const *attributes; /* ends with NULL; NULL itself: no memory */
    int size_limit;                /* 0: none; reaching it is not an error */
    unsigned time_limit; /* the server's, seconds, likewise; 0: the timeout */
    void (*entry)(void *arg, const char *dn);
    void (*value)(void *arg, const char *attribute, const char *value,
                  size_t len);
    void (*end)(void *arg); /* of the entry */
    void *arg;
    struct sdr_page *page; /* NULL: all at once */
    /* Also return, with each entry, the access of this identity, "dn:NAME", to
     * the attributes (draft-ietf-ldapext-acl-model); NULL: do not. */
    const char *access_of;
    bool openldap; /* other servers must refuse: see server_kind.h */
    bool may_fail; /* a refusal does not make the connection suspect */
    int code;      /* result: LDAP result code; -1 without a response */
    bool complete; /* result: everything was read: code 0, no reference
                      elsewhere. Only then does no entry mean that there is
                      none. */
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

/* What is known about the server; all zero at first. */
struct sdr_server_facts {
    bool known;
    enum sdr_server_kind kind;
    bool mute;              /* does not report access, although its kind does */
    char vendor[128];       /* vendorName, or "" */
    char schema[1024];      /* DN of the subschema entry, or "" */
    char definitions[1024]; /* AD's schemaNamingContext, or "" */
    int64_t must_see_until; /* expiry of the connection's must-see proof */
};

/* Connect to URI, encrypt and bind as the directory's options say. DIRECTORY
 * and URI are borrowed. Returns SDR_OK and a connection to be closed; or
 * SDR_CONFIG or SDR_TEMPFAIL with the reason, as sdr_bind(). */
enum sdr_status SDR_MUST_USE
sdr_connection_open(struct sdr_connection **connection,
                    const struct sdr_directory_options *directory,
                    const char *uri, int64_t deadline, struct sdr_error *error);

/* Unbind, close and set the pointer to NULL. Does nothing if it is NULL. */
void
sdr_connection_close(struct sdr_connection **connection);

/* Free the connection in a process that did not open it. Sends nothing to the
 * server. */
void
sdr_connection_abandon(struct sdr_connection **connection);

/* Returns the facts about the server, borrowed; the caller may change them. */
struct sdr_server_facts *
sdr_connection_server(struct sdr_connection *connection);

/* Return the options and the URI that the connection was opened with; borrowed.
 */
const struct sdr_directory_options *
sdr_connection_directory(const struct sdr_connection *connection);

const char *
sdr_connection_uri(const struct sdr_connection *connection);

/* Set the time of sdr_clock() by which later operations must finish. Initially
 * it is the deadline of sdr_connection_open(). */
void
sdr_connection_set_deadline(struct sdr_connection *connection,
                            int64_t deadline);

/* Set the deadline to now plus the timeout of the directory. */
void
sdr_connection_renew_deadline(struct sdr_connection *connection);

int64_t
sdr_connection_deadline(const struct sdr_connection *connection);

/* Returns true if the connection was lost, or silent until a deadline: then it
 * can only be closed. An error that the server returns does not break it. */
bool
sdr_connection_is_broken(const struct sdr_connection *connection);

/* For callers that use libldap's handle. */
void
sdr_connection_set_broken(struct sdr_connection *connection);

/* Returns true if the server refused a search or a compare as if there had been
 * no bind, or OpenLDAP is unavailable: a proxy may have lost its connection
 * to the server behind it. */
bool
sdr_connection_is_suspect(const struct sdr_connection *connection);

/* Returns libldap's handle, borrowed, for operations that this module does not
 * offer. The caller must bound its waits, see sdr_ldap_deadline(). */
struct ldap *
sdr_connection_handle(struct sdr_connection *connection);

/* Returns true if TLS encrypts the connection; see sdr_ldap_tls(). */
bool
sdr_connection_tls(const struct sdr_connection *connection, char *version,
                   size_t size);

/* Returns true if the server's certificate should be renewed; see
 * sdr_ldap_expires(). */
bool
sdr_connection_expires(const struct sdr_connection *connection,
                       struct sdr_error *words);

/* Search. Returns SDR_OK, or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_connection_search(struct sdr_connection *connection,
                      struct sdr_search *search, struct sdr_error *error);

/* Pass the entry in a message that was received over the handle to the search's
 * functions, with all values of ranged attributes (see range.h). Returns
 * SDR_OK; or SDR_TEMPFAIL with the reason: the entry must not be used. */
enum sdr_status SDR_MUST_USE
sdr_connection_read_entry(struct sdr_connection *connection,
                          struct ldapmsg *message,
                          const struct sdr_search *search,
                          struct sdr_error *error);

struct sdr_comparison {
    const char *attribute, *value;
    int id;   /* message ID */
    int code; /* result: LDAP result code */
};

/* Compare values with those of the entry DN; all requests are sent at once.
 * Returns SDR_OK with all result codes; or SDR_TEMPFAIL with the reason: the
 * connection is broken. */
enum sdr_status SDR_MUST_USE
sdr_connection_compare(struct sdr_connection *connection, const char *dn,
                       struct sdr_comparison *comparisons, unsigned count,
                       struct sdr_error *error);

#endif
