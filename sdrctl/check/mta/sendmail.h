/* sendmail.h - Sendmail's configuration and classes, and the parts of its check
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The check reads options, milters and maps in sendmail.cf. It runs Sendmail
 * for the content of classes, whether mail for a domain is accepted (-bt), and
 * where addresses go (-bv).
 */
#ifndef SDRCTL_MTA_SENDMAIL_H
#define SDRCTL_MTA_SENDMAIL_H

#include "check/mta/mta.h"

struct sendmail {
    struct mta *mta;
    const char *path; /* path of sendmail.cf */
    const struct reply *cf;
    char program[PROGRAM_SIZE];
    bool routed;            /* sendmail.cf has the rules of sendmail-sdr.m4 */
    char filter[64];        /* the name of the filter sdr-milter; or "" */
    const char *equates;    /* "S=unix:/path, F=T, T=C:5s;R:30s" */
    char store[256];        /* the host for mail that stays here */
    struct members members; /* of aliases and the virtusertable */
    struct strays strays;   /* aliases that only Sendmail knows */
    unsigned count;         /* virtusertable entries in our domains */
    char first[VALUE_SIZE]; /* the first of these */
};

/* ---- sendmail_cf.c ---- */

/* Returns the next line after LINE, or the first if that is NULL, that begins
 * with START; NULL at the end. */
const char *
find_cf_line(const struct sendmail *sm, const char *line, const char *start);

/* Returns the last value of "O NAME=value"; "" if there is none. Borrowed. */
const char *
get_cf_option(const struct sendmail *sm, const char *name);

/* Read the type of a map and its PATH, or "inet:PORT@HOST". Returns false if
 * there is no such map. */
bool
read_sendmail_map(const struct sendmail *sm, const char *name, char type[64],
                  char path[512]);

/* Read the next entry of AliasFile: its type, or "", and its path, as above.
 * *AT is at first the value. Returns false at the end. */
bool
next_alias_file(const char **at, char type[64], char path[512]);

/* Run Sendmail with this configuration. INPUT and ARGUMENT may be NULL. */
const struct reply *
ask_sendmail(const struct sendmail *sm, const char *input, const char *option,
             const char *argument);

/* True if a class contains the domain. */
bool
is_in_class(const struct sendmail *sm, const char *class, const char *domain);

/* ---- sendmail_filter.c ---- */

/* Find the filter of sdr-milter, and set FILTER and EQUATES. */
void
find_sendmail_filter(struct sendmail *sm);

/* Check that mail passes sdr-milter, and that it is deferred if sdr-milter does
 * not answer. */
void
look_at_sendmail_filter(const struct sendmail *sm);

/* Check that sdr-milter listens at PATH and that Sendmail can connect to it. */
void
look_at_sendmail_socket(const struct sendmail *sm, const char *subject,
                        const char *path);

/* ---- sendmail_tables.c ---- */

/* Check that Sendmail queries the lookup tables if, and only if, sdr.conf has
 * rewrite = tables. */
void
look_at_sendmail_tables(struct sendmail *sm);

/* ---- sendmail_domains.c ---- */

/* Check that Sendmail accepts mail for a domain of this site and leaves it to
 * sdr, and that it sends mail for other sites to them. */
void
look_at_sendmail_domain(void *arg, const char *domain, const char *site);

/* ---- sendmail_aliases.c ---- */

/* Check the targets of the virtusertable and aliases. */
void
look_at_sendmail_aliases(struct sendmail *sm);

#endif
