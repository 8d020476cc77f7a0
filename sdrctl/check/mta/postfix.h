/* postfix.h - Postfix's configuration and tables, and the parts of its check
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * postconf(1) prints parameters and services. postmap(1) queries lookup tables
 * of any type.
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
    /* For smtpd(8) and pickup(8): whether it calls sdr-milter, whether its mail
     * is routed, and whether it is before or after a content filter. */
    bool asks, routes;
    enum turn turn;
    bool filters; /* the action FILTER sends some of its mail to a filter */
};

struct postfix {
    struct mta *mta;
    const char *folder; /* the configuration directory; NULL: the default */
    char postconf[PROGRAM_SIZE], postmap[PROGRAM_SIZE];
    const char *main,
        *master; /* lines "NAME = VALUE", "SERVICE/NAME = VALUE" */
    struct service services[SERVICES_MAX];
    unsigned count;
    bool routed;             /* by sdr-milter's table "route" */
    char silent[VALUE_SIZE]; /* tables that could not be queried */
};

/* ---- parameters and services: postfix_config.c ---- */

/* Run a program of Postfix. OTHER may be NULL. */
const struct reply *
ask_postfix(struct postfix *p, const char *program, const char *option,
            const char *argument, const char *other);

/* Read main.cf and master.cf. Returns false, after a finding, if that fails. */
bool
read_postfix(struct postfix *p);

/* Returns the value of a parameter for a service, or of main.cf if SERVICE is
 * NULL; "" if it is not set. Borrowed. */
const char *
get(const struct postfix *p, const struct service *service, const char *name);

/* Returns the next service after AFTER, or the first if that is NULL, that runs
 * this command; NULL if there is none. */
const struct service *
next_service(const struct postfix *p, const struct service *after,
             const char *command);

/* Returns the service "NAME/unix", for a name in a transport or in
 * cleanup_service_name; NULL if there is none. */
const struct service *
find_service(const struct postfix *p, const char *name);

/* True if no earlier service that runs the same command has the same value of a
 * parameter. Services may differ by -o in master.cf. */
bool
is_new_value(const struct postfix *p, const struct service *service,
             const char *name);

/* Returns myorigin; if it is a path, as in Debian, the first line of that file.
 * Borrowed. */
const char *
get_origin(const struct postfix *p);

/* Returns the first split domain in mydestination, or NULL. */
const char *
find_local_domain(const struct postfix *p);

/* ---- tables: postfix_query.c ---- */

/* Query a LIST of tables, the value of a parameter, for KEY. The tables of
 * sdr-milter are left out. So are tables of patterns if the key is not a WHOLE
 * address, as in Postfix. Returns YES and the value, NO, or PERHAPS if a table
 * cannot be queried. That is reported once for each table. */
enum answer
query(struct postfix *p, const char *parameter, const char *list,
      const char *key, bool whole, char value[VALUE_SIZE]);

/* Query for the whole address, then for "@domain". */
enum answer
query_address(struct postfix *p, const char *parameter, const char *list,
              const char *address, char value[VALUE_SIZE]);

/* The entries of all tables in LIST that can be listed. Initialize with LIST,
 * and all else zero. */
struct entries {
    const char *list;
    const struct reply *reply;
    const char *line;
    char key[VALUE_SIZE];
    const char *value;
};

bool
next_entry(struct postfix *p, struct entries *entries);

/* Test recipients in a split domain, for each other site with delivery =
 * rewrite: an invented one, then the site's verify-addresses. OWN is the
 * address in the split domain, TARGET the same in the routing domain of the
 * other site, HERE the same in this site's routing domain. Initialize with
 * zero. */
struct probe {
    unsigned number;
    char own[SDR_ADDRESS_MAX + 1], target[SDR_ADDRESS_MAX + 1];
    char here[SDR_ADDRESS_MAX + 1];
};

bool
next_probe(const struct mta *mta, struct probe *probe);

/* ---- address classes: postfix_classes.c ---- */

/* Address classes (ADDRESS_CLASS_README), in the order in which
 * trivial-rewrite(8) looks them up, for a domain in several of them. */
enum address_class {
    LOCAL,
    ALIAS,
    VIRTUAL,
    RELAY,
    CLASS_COUNT,
    NO_CLASS,
    UNKNOWN_CLASS /* a table cannot be queried */
};

/* For each class, the parameters for its domains, the tables of valid
 * recipients, and the transport. */
extern const struct class_parameters {
    const char *domains, *recipients, *transport;
} address_classes[CLASS_COUNT];

enum address_class
find_class(struct postfix *p, const char *domain);

/* Returns a class that has the domain, too, but does not take effect because
 * KIND has it; or NO_CLASS. relay_domains may contain all of mydestination,
 * which was its default. */
enum address_class
find_other_class(struct postfix *p, const char *domain,
                 enum address_class kind);

/* True if Postfix relays to DOMAIN because a parent domain is in relay_domains.
 */
bool
relays_below(const struct postfix *p, const char *domain);

/* ---- sdr-milter's tables: postfix_socketmap.c ---- */

/* A parameter, the table of sdr-milter that belongs there, the daemons that
 * query it, and the mail that is deferred if it does not answer. */
enum { CHECKED_COUNT = 5, SLOT_COUNT };

extern const struct slot {
    const char *parameter, *table, *commands, *mail;
} slots[SLOT_COUNT];

/* Write map-socket as it should be in main.cf: relative to the queue directory
 * if it is below it. */
void
write_map_socket(const struct postfix *p, char *out, size_t size);

/* What a parameter that lists tables says about those of sdr-milter. */
struct tables {
    bool ours;         /* it has the table that belongs there */
    bool proxy;        /* it is queried through proxymap(8) */
    bool others;       /* it has tables that are not sdr-milter's */
    char misnamed[64]; /* another of its tables; or "" */
    char astray[512];  /* that table at another socket, as written; or "" */
    const struct service *blind; /* does not see the socket; or NULL */
};

void
read_tables(const struct postfix *p, const char *parameter, const char *list,
            struct tables *tables);

/* True if WORD in the value of the parameter is a table of sdr-milter. */
bool
is_of_sdr(const struct postfix *p, const char *parameter, const char *word);

/* True if ADDRESS, "unix:sdr/milter.sock", is the path SOCKET for a service
 * that may run chrooted in the queue directory. *JAIL is set if it is so only
 * without the chroot. */
bool
leads_to(const struct postfix *p, const char *address, const char *socket,
         bool chroot, bool *jail);

/* ---- postfix_tables.c ---- */

/* Check which tables of sdr-milter are queried, and whether they can be. */
void
look_at_tables(struct postfix *p);

/* ---- postfix_milters.c ---- */

/* True if sdr-milter is in the LIST of milters of a service. */
bool
asks_milter(const struct postfix *p, const struct service *service,
            const char *list);

/* What a list of milters says about sdr-milter. */
struct milters {
    bool ours, last; /* it is in the list; it is the last one */
    bool jail;       /* by a path that the chrooted service does not see */
    char words[VALUE_SIZE]; /* its entry, as written */
};

void
read_milters(const struct postfix *p, const struct service *service,
             const char *list, struct milters *milters);

/* Check that sdr-milter is the last of the LIST, which has it, and that Postfix
 * finds it and waits for it. Check whether the others may edit recipients.
 * WHERE is the subject of the findings. */
void
report_milters(struct postfix *p, const struct service *service,
               const char *list, const struct milters *milters,
               const char *where);

/* ---- postfix_services.c ---- */

/* Check that all mail is routed once, whichever service receives it. Returns
 * true if any service calls sdr-milter as a milter. */
bool
look_at_services(struct postfix *p);

/* True if only this host can connect to a service. */
bool
is_loopback(const struct postfix *p, const struct service *service);

/* ---- postfix_domains.c ---- */

/* Check that Postfix accepts mail for the domains of this site and leaves the
 * others to sdr. */
void
look_at_domains(struct postfix *p);

/* ---- postfix_transports.c ---- */

/* Check that Postfix sends mail for other sites to them. */
void
look_at_transports(struct postfix *p);

/* ---- postfix_rewrites.c ---- */

/* Check whether anything else changes a recipient, before or after sdr. */
void
look_at_rewrites(struct postfix *p);

/* Check whether an SMTP client changes recipients at other sites. Returns true
 * after a finding. */
bool
look_at_generic(struct postfix *p, const struct service *client);

/* ---- actions of access tables and checks: postfix_actions.c ---- */

/* The parameters that list tables with actions, such as header_checks, and the
 * COMMAND that uses each. Restriction classes count too. Initialize with zero.
 */
struct checks {
    unsigned number;
    const char *command, *classes;
    char parameter[128];
};

bool
next_checks(const struct postfix *p, struct checks *checks);

/* An action and its argument, "REDIRECT" and "alice@example.com". Any two words
 * of an entry are passed. Returns true to end. */
typedef bool
action_look(struct postfix *p, const char *parameter, const char *action,
            const char *argument, void *arg);

/* Call LOOK for the actions in all tables of LIST, the value of the parameter.
 * Returns true if LOOK did. */
bool
for_each_action(struct postfix *p, const char *parameter, const char *list,
                action_look *look, void *arg);

/* True if the action FILTER sends mail of this service to a content filter. */
bool
is_filtered_by_action(struct postfix *p, const struct service *service);

/* Report actions FILTER in LIST that are no content filters. */
void
look_at_filters(struct postfix *p, const char *parameter, const char *list);

/* ---- postfix_copies.c ---- */

/* Check for mail that is not routed: copies that Postfix adds, actions of
 * tables, and members of aliases. */
void
look_at_copies(struct postfix *p);

void
look_at_aliases(struct postfix *p);

/* ---- postfix_unknown.c ---- */

/* Check that Postfix rejects unknown recipients, and that no table maps another
 * domain to a split domain. */
void
look_at_unknown(struct postfix *p);

/* ---- postfix_verify.c ---- */

/* Check that Postfix verifies recipients in domains whose unknown recipients go
 * to another site. */
void
look_at_verification(struct postfix *p);

#endif
