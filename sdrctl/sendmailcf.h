/* sendmailcf.h - sendmail.cf, as far as sdr is concerned
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_SENDMAILCF_H
#define SDRCTL_SENDMAILCF_H

#include "mta.h"

enum { FILTERS_MAX = 32, DAEMONS_MAX = 32 };

/* "Xname, S=unix:/path, F=T, T=C:5s;R:30s" */
struct filter {
    char name[64];
    const char *equates;
};

struct sendmailcf {
    char *text; /* its lines, each ended by a NUL */
    size_t len;
    unsigned filter_count;
    struct filter filters[FILTERS_MAX];
    unsigned daemon_count;
    const char *daemons[DAEMONS_MAX]; /* DaemonPortOptions */
    bool relays_subdomains;           /* of what is in class R */
    bool asks_route;                  /* a rule does, the map "route" */
};

/* Read the file at PATH. Returns SDR_OK and something to be freed; SDR_NOTFOUND
 * if there is none; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sendmailcf_read(struct sendmailcf *cf, const char *path,
                struct sdr_error *error);

void
sendmailcf_free(struct sendmailcf *cf);

/* The value of "O NAME=value"; "" if there is none. Borrowed. */
const char *
sendmailcf_option(const struct sendmailcf *cf, const char *name);

/* The macro of this one letter, "DSvalue"; "" if there is none. Borrowed. */
const char *
sendmailcf_macro(const struct sendmailcf *cf, char name);

/* Whether there is a map of that name. */
bool
sendmailcf_has_map(const struct sendmailcf *cf, const char *name);

/* The path of the UNIX socket that a socket map asks, into PATH; "" if there is
 * no such map. */
void
sendmailcf_socket_map(const struct sendmailcf *cf, const char *name, char *path,
                      size_t size);

/* That of a socket map among the alias files. */
void
sendmailcf_socket_aliases(const struct sendmailcf *cf, char *path, size_t size);

/* Whether DOMAIN is in the class; PERHAPS if that cannot be told from files.
 * With SUBDOMAINS a domain above it is enough. */
enum answer
sendmailcf_in_class(const struct sendmailcf *cf, const char *class,
                    const char *domain, bool subdomains);

/* The value of "KEY=value" among those of a list apart by commas, into VALUE;
 * "" if there is none. */
void
sendmailcf_equate(const char *list, const char *key, char *value, size_t size);

#endif
