/* postfix.h - Postfix's configuration and tables, and the parts of their check
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * postconf(1) is asked for parameters and services, postmap(1) for what is in
 * tables, of whatever type.
 */
#ifndef SDRCTL_MTA_POSTFIX_H
#define SDRCTL_MTA_POSTFIX_H

#include "check/mta/mta.h"

enum { SERVICES_MAX = 128 };

enum turn { NO_FILTER, BEFORE, AFTER };

struct service {
    char name[160]; /* "smtp/inet" */
    char command[64];
    bool chroot;
    /* Of smtpd(8) and pickup(8): it asks sdr-milter; its mail is routed; it
     * hands mail to a content filter, or gets it back from one. */
    bool asks, routes;
    enum turn turn;
};

struct postfix {
    struct mta *mta;
    const char *folder; /* of the configuration; NULL: the usual one */
    char postconf[PROGRAM_SIZE], postmap[PROGRAM_SIZE];
    const char *main,
        *master; /* lines of "NAME = VALUE", "SERVICE/NAME = ..." */
    struct service services[SERVICES_MAX];
    unsigned count;
    bool routed;             /* by the table "route" */
    char silent[VALUE_SIZE]; /* tables that could not be asked */
};

/* ---- parameters and services: postfix_config.c ---- */

/* Ask a program of Postfix's; OTHER may be NULL. */
const struct reply *
ask_postfix(struct postfix *p, const char *program, const char *option,
            const char *argument, const char *other);

/* Read main.cf and master.cf; false, with a finding, if that fails. */
bool
read_postfix(struct postfix *p);

/* The value of a parameter, as the service has it, or main.cf if SERVICE is
 * NULL; "" if there is none. Borrowed. */
const char *
get(const struct postfix *p, const struct service *service, const char *name);

/* The next service after this one, or the first, that runs this command; NULL
 * if there is none. */
const struct service *
next_service(const struct postfix *p, const struct service *after,
             const char *command);

/* The service "NAME/unix", as transports and cleanup_service_name name it; NULL
 * if there is none. */
const struct service *
find_service(const struct postfix *p, const char *name);

/* Whether no service before this one that runs the same command has its value
 * of a parameter: by -o in master.cf there may be several. */
bool
is_new_value(const struct postfix *p, const struct service *service,
             const char *name);

/* myorigin; as Debian has it, the first line of a file. Borrowed. */
const char *
get_origin(const struct postfix *p);

/* The first split domain that local(8) delivers in; NULL if there is none. */
const char *
find_local_domain(const struct postfix *p);

/* ---- tables: postfix_query.c ---- */

/* Ask a LIST of tables, the value of a parameter, without those of sdr-milter,
 * for KEY; tables of patterns if the key is a WHOLE address only, as Postfix
 * does. YES and the value; NO; or PERHAPS if one cannot be asked, which is
 * reported once. */
enum answer
query(struct postfix *p, const char *parameter, const char *list,
      const char *key, bool whole, char value[VALUE_SIZE]);

/* Ask for an address: whole, then as "@domain". */
enum answer
query_address(struct postfix *p, const char *parameter, const char *list,
              const char *address, char value[VALUE_SIZE]);

/* The entries of all tables in LIST that can be listed. Begins with LIST,
 * the rest zero. */
struct entries {
    const char *list;
    const struct reply *reply;
    const char *line;
    char key[VALUE_SIZE];
    const char *value;
};

bool
next_entry(struct postfix *p, struct entries *entries);

/* A made-up recipient in a split domain; what becomes of him whose mailbox is
 * at another site; and what another site makes of him whose mailbox is here.
 * Begins with all zero; also those who are known to be there. */
struct probe {
    unsigned number;
    char own[SDR_ADDRESS_MAX + 1], target[SDR_ADDRESS_MAX + 1];
    char here[SDR_ADDRESS_MAX + 1];
};

bool
next_probe(const struct mta *mta, struct probe *probe);

/* ---- address classes: postfix_classes.c ---- */

/* ADDRESS_CLASS_README; in the order of trivial-rewrite(8), for a domain that
 * is in several. */
enum address_class {
    LOCAL,
    ALIAS,
    VIRTUAL,
    RELAY,
    CLASS_COUNT,
    NO_CLASS,
    UNKNOWN_CLASS /* a table cannot be asked */
};

/* The parameters that have the domains, the tables of those recipients that
 * Postfix takes mail for, and the transport. */
extern const struct class_parameters {
    const char *domains, *recipients, *transport;
} address_classes[CLASS_COUNT];

enum address_class
find_class(struct postfix *p, const char *domain);

/* Whether Postfix relays to DOMAIN as it does to one above it. */
bool
relays_below(const struct postfix *p, const char *domain);

/* ---- sdr-milter's tables: postfix_socketmap.c ---- */

/* The table that belongs into a parameter, the programs that ask it, and what
 * waits if they get no answer. */
enum { CHECKED_COUNT = 5, SLOT_COUNT };

extern const struct slot {
    const char *parameter, *table, *commands, *mail;
} slots[SLOT_COUNT];

/* map-socket as it is best written in main.cf: below the queue directory, if it
 * lies there. */
void
write_map_socket(const struct postfix *p, char *out, size_t size);

/* A parameter that lists tables, with regard to those of sdr-milter. */
struct tables {
    bool ours;         /* it asks the one that belongs there */
    bool proxy;        /* by way of proxymap(8) */
    bool others;       /* there are tables of somebody else's as well */
    char misnamed[64]; /* the name of one that does not belong there; or "" */
    char astray[512];  /* asked for at another socket, as written; or "" */
    const struct service *blind; /* this one does not see the socket; or NULL */
};

void
read_tables(const struct postfix *p, const char *parameter, const char *list,
            struct tables *tables);

/* Whether one WORD of the parameter is a table of sdr-milter. */
bool
is_of_sdr(const struct postfix *p, const char *parameter, const char *word);

/* Whether ADDRESS, "unix:sdr/milter.sock", leads to the path SOCKET, for a
 * service that may be confined to the queue directory. If it would without the
 * jail alone, *JAIL is true as well. */
bool
leads_to(const struct postfix *p, const char *address, const char *socket,
         bool chroot, bool *jail);

/* ---- postfix_tables.c ---- */

/* Which of the tables are asked, and whether they can be. */
void
look_at_tables(struct postfix *p);

/* ---- postfix_milters.c ---- */

/* Whether sdr-milter is in the LIST of milters of a service. */
bool
asks_milter(const struct postfix *p, const struct service *service,
            const char *list);

/* A list of milters, with regard to sdr-milter. */
struct milters {
    bool ours, last;        /* it is in it, and the last one */
    bool jail;              /* by a path that the service does not see */
    char words[VALUE_SIZE]; /* as it is written */
};

void
read_milters(const struct postfix *p, const struct service *service,
             const char *list, struct milters *milters);

/* Whether sdr-milter, which is among them, is the last, is found and waited
 * for, and what the others may do. WHERE they are listed. */
void
report_milters(struct postfix *p, const struct service *service,
               const char *list, const struct milters *milters,
               const char *where);

/* ---- postfix_services.c ---- */

/* Whether all mail passes sdr, once, whichever service it comes in by. True if
 * sdr-milter is asked by the milter protocol at all. */
bool
look_at_services(struct postfix *p);

/* ---- postfix_domains.c ---- */

/* Whether Postfix takes mail in our domains, and leaves the rest to sdr. */
void
look_at_domains(struct postfix *p);

/* ---- postfix_transports.c ---- */

/* Whether Postfix sends mail for other sites to them. */
void
look_at_transports(struct postfix *p);

/* ---- postfix_rewrites.c ---- */

/* Whether anything else changes a recipient, before sdr or after it. */
void
look_at_rewrites(struct postfix *p);

/* Whether a client of SMTP changes those at other sites. True if something was
 * reported. */
bool
look_at_generic(struct postfix *p, const struct service *client);

/* ---- postfix_copies.c ---- */

/* What is not routed: copies that Postfix adds, where actions of tables lead,
 * and members of aliases. */
void
look_at_copies(struct postfix *p);

void
look_at_aliases(struct postfix *p);

/* ---- postfix_verify.c ---- */

/* Whether it verifies recipients where unknown ones go to another site. */
void
look_at_verification(struct postfix *p);

#endif
