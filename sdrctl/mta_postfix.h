/* mta_postfix.h - the parts of the check of Postfix
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_MTA_POSTFIX_H
#define SDRCTL_MTA_POSTFIX_H

#include "check.h"
#include "postconf.h"

/* A parameter of Postfix that lists tables, with regard to those that
 * sdr-milter answers at map-socket. */
struct tables {
    bool ours;         /* it asks the one that belongs there */
    bool proxy;        /* by way of proxymap(8) */
    bool others;       /* there are tables of somebody else's as well */
    char misnamed[64]; /* the name of one that does not belong there; or "" */
    char astray[512];  /* asked for at another socket, as written; or "" */
    const struct service *blind; /* this one does not see the socket; or NULL */
};

/* The tables of one of the parameters that ours belong into. Any other one is
 * somebody else's. */
void
read_tables(const struct check *check, const struct postconf *postconf,
            const char *parameter, struct tables *tables);

/* Add what one WORD of the parameter is. */
void
read_table(const struct check *check, const struct postconf *postconf,
           const char *parameter, const char *word, struct tables *tables);

/* map-socket as it is best written in main.cf: below the queue directory, if it
 * lies there. */
const char *
map_socket_in_postfix(const struct check *check,
                      const struct postconf *postconf);

/* Whether Postfix means to route by the table "route". */
bool
is_routed_by_table(const struct check *check, const struct postconf *postconf);

/* Whether ADDRESS, "unix:sdr/milter.sock", leads to the path SOCKET, for a
 * service that may be confined to the queue directory. If it would without the
 * jail alone, *JAIL is true as well. */
bool
leads_to(const struct postconf *postconf, const char *address,
         const char *socket, bool chroot, bool *jail);

/* Whether a list has this word. */
bool
has_word(const char *list, const char *wanted);

/* Which of the lookup tables are asked, and whether they can be. */
void
look_at_postfix_tables(const struct check *check,
                       const struct postconf *postconf,
                       enum sdr_finding *worst);

/* Whether it is asked for the next hops of sites. */
void
look_at_postfix_next_hops(const struct check *check,
                          const struct postconf *postconf,
                          enum sdr_finding *worst);

/* Whether sdr-milter is asked for all mail, last, and waited for. True if it is
 * asked by the milter protocol at all. */
bool
look_at_postfix_milters(const struct check *check,
                        const struct postconf *postconf,
                        enum sdr_finding *worst);

/* Whether Postfix takes mail in our domains, and leaves the rest to sdr, which
 * it asks as a MILTER or not. */
void
look_at_postfix_domains(const struct check *check,
                        const struct postconf *postconf,
                        enum sdr_finding *worst, bool milter);

#endif
