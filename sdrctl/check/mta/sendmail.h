/* sendmail.h - Sendmail's configuration and classes, and the parts of its check
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Options, milters and maps are read in sendmail.cf. Sendmail itself is asked
 * what is in its classes, whether it takes mail for a domain (-bt), and where
 * addresses go (-bv).
 */
#ifndef SDRCTL_MTA_SENDMAIL_H
#define SDRCTL_MTA_SENDMAIL_H

#include "check/mta/mta.h"

struct sendmail {
    struct mta *mta;
    const char *path; /* of sendmail.cf */
    const struct reply *cf;
    char program[PROGRAM_SIZE];
    bool routed;            /* the rules of sendmail-sdr.m4 are there */
    char filter[64];        /* sdr-milter, as it is called; or "" */
    const char *equates;    /* "S=unix:/path, F=T, T=C:5s;R:30s" */
    char store[256];        /* the host where mail goes that stays here */
    struct members members; /* of aliases, and of the virtusertable */
    unsigned count;         /* its entries in our own domains */
    char first[VALUE_SIZE]; /* one of these */
};

/* ---- sendmail_cf.c ---- */

/* The line after this one, or the first, that begins so; NULL at the end. */
const char *
find_cf_line(const struct sendmail *sm, const char *line, const char *start);

/* The value of "O NAME=value", the last one; "" if there is none. Borrowed. */
const char *
get_cf_option(const struct sendmail *sm, const char *name);

/* The type of a map and its PATH, or "inet:PORT@HOST". False if there is no
 * such map. */
bool
read_sendmail_map(const struct sendmail *sm, const char *name, char type[64],
                  char path[512]);

/* The next one of AliasFile, of which *AT begins as the value: its type, "" if
 * none is given, and its path, as above. */
bool
next_alias_file(const char **at, char type[64], char path[512]);

/* ARGUMENT may be NULL. */
const struct reply *
ask_sendmail(const struct sendmail *sm, const char *input, const char *option,
             const char *argument);

/* Whether a class has a domain. */
bool
is_in_class(const struct sendmail *sm, const char *class, const char *domain);

/* ---- sendmail_filter.c ---- */

/* Fill FILTER and EQUATES. */
void
find_sendmail_filter(struct sendmail *sm);

/* Whether mail passes sdr-milter, and what becomes of it without an answer. */
void
look_at_sendmail_filter(const struct sendmail *sm);

/* Whether sdr-milter listens at PATH, where Sendmail gets to. */
void
look_at_sendmail_socket(const struct sendmail *sm, const char *subject,
                        const char *path);

/* ---- sendmail_tables.c ---- */

/* Whether the lookup tables are asked if, and only if, they are to be. */
void
look_at_sendmail_tables(struct sendmail *sm);

/* ---- sendmail_domains.c ---- */

/* Whether Sendmail takes mail for a domain of this site, leaves it to sdr, and
 * sends mail for other sites to them. */
void
look_at_sendmail_domain(void *arg, const char *domain, const char *site);

/* ---- sendmail_aliases.c ---- */

/* Whom the virtusertable and aliases lead to. */
void
look_at_sendmail_aliases(struct sendmail *sm);

#endif
