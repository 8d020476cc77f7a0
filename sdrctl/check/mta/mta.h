/* mta.h - shared by the checks of all MTAs
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The check runs the MTA's own programs, each command once. struct mta keeps
 * their output until the end; borrowed strings are valid until then.
 */
#ifndef SDRCTL_MTA_H
#define SDRCTL_MTA_H

#include "check/check.h"

enum answer { NO, YES, PERHAPS };

/* A local part without a mailbox, to test how a domain is handled. */
#define PROBE "sdr-check"

enum { PROGRAM_SIZE = 512, VALUE_SIZE = 2048 };

/* The output of a program, or the content of a file. */
struct reply {
    struct reply *next;
    char *question, *text; /* TEXT holds lines, each ended by NUL */
    size_t len;
    int code;       /* exit code; -1 if killed or not started */
    bool fatal;     /* standard error has a line "fatal: " */
    char why[1024]; /* a sentence, unless CODE is 0 */
};

struct mta {
    const struct check *check;
    const struct sdr_config *config;
    enum check_result worst;
    unsigned timeout; /* seconds for each answer */
    bool tables;      /* rewrite = tables in sdr.conf */
    struct reply *replies;
};

/* Print a finding: (mta, result, subject, advice, format, ...). */
#define report(mta, ...) report_finding(&(mta)->worst, __VA_ARGS__)

/* ---- programs and files: ask.c ---- */

/* Find the program NAME in PATH or in the usual folders of MTAs. Returns false
 * if there is none. */
bool
find_program(const char *name, char path[PROGRAM_SIZE]);

/* Run PROGRAM with these arguments, ended by NULL, for at most mta->timeout.
 * INPUT is its standard input and may be NULL. The same command is run once
 * only. The reply is borrowed. */
const struct reply *
ask(struct mta *mta, const char *input, const char *program, ...);

/* Read the lines of a file. CODE is the errno. The reply is borrowed. */
const struct reply *
read_lines(struct mta *mta, const char *path);

void
forget_replies(struct mta *mta);

/* Returns the line after LINE, or the first line if LINE is NULL. NULL at the
 * end. */
const char *
next_line(const struct reply *reply, const char *line);

/* True if any line contains TEXT. */
bool
has_text(const struct reply *reply, const char *text);

/* Find the first line from LINE to the next empty one that begins with START.
 * Returns the text after START, or NULL. */
const char *
find_line(const char *line, const char *start);

/* ---- words.c ---- */

/* Copy the next word of a list to WORD, truncated if it is too long. Returns
 * false at the end. Words are separated by blanks and commas. A text in braces
 * is one word, without the braces; "inline:{ {a=b} }" is one word with them.
 * *AT is at first the list. */
bool
next_word(const char **at, char *word, size_t size);

bool
has_word(const char *list, const char *wanted);

/* Copy the value of "KEY=value" in a list to VALUE; "" if there is none. */
void
read_equate(const char *list, const char *key, char *value, size_t size);

/* True if DOMAIN is a subdomain of PARENT. */
bool
is_below(const char *domain, const char *parent);

/* Returns the seconds of "30", "30s", "5m" or "1h", or -1 if it is not a time.
 */
long
read_time(const char *text);

/* ---- domains.c ---- */

/* Look up the domain of an address, or a domain, in the configuration. Returns
 * NULL if it is unknown. */
const struct sdr_name *
name_of(const struct mta *mta, const char *address);

/* True if the domain is a split domain or this site's routing domain. */
bool
is_own(const struct mta *mta, const char *address);

/* True if the domain is another site's routing domain. */
bool
is_foreign(const struct mta *mta, const char *address);

/* Call LOOK for each split domain and each routing domain. SITE is NULL for the
 * domains of this site, else the name of the other site. Sites without delivery
 * = rewrite are left out. */
typedef void
domain_look(void *arg, const char *domain, const char *site);

void
for_each_domain(const struct sdr_config *config, domain_look *look, void *arg);

/* Report that the MTA keeps mail for the domain of another site, by this
 * parameter. */
void
report_kept(struct mta *mta, const char *parameter, const char *domain,
            const char *site);

/* Report that the MTA relays mail for it from any client, by this parameter. */
void
report_relayed(struct mta *mta, const char *parameter, const char *advice,
               const char *domain, const char *site);

/* Report that no entry of TABLE gives the host with the mailboxes of a split
 * domain. */
void
report_loops_back(struct mta *mta, const char *table, const char *domain);

/* ---- socket.c ---- */

/* True if both paths are equal or name the same file. */
bool
same_path(const char *a, const char *b);

/* True if ADDRESS, "unix:PATH", "local:PATH", "inet:HOST:PORT" or
 * "inet:PORT@HOST", is this SOCKET of sdr.conf. */
bool
is_socket(const char *address, const char *socket);

/* True if a process listens at SOCKET, a path or an address as above. */
bool
is_listening(const char *socket, struct sdr_error *error);

/* Check that sdr-milter listens at the SOCKET that this option of sdr.conf
 * names, and that this user of the MTA may connect to it. */
void
report_socket(struct mta *mta, const char *option, const char *socket,
              const char *user);

/* Report a timeout of the MTA that is not longer than the longest lookup. VALUE
 * is the option as written, SECONDS its value, or negative if unknown. */
void
report_wait(struct mta *mta, const char *subject, const char *option,
            const char *value, long seconds);

/* Negotiate with another milter, at "unix:PATH" or "inet:HOST:PORT". Returns
 * YES if it may add or delete recipients, NO if not, or PERHAPS with the
 * reason. */
enum answer
edits_recipients(const char *address, unsigned timeout,
                 struct sdr_error *error);

/* ---- members of aliases: members.c ---- */

/* Members of aliases whose mailbox is at another site. A milter does not see
 * them, so their mail stays at the old mailbox. */
struct members {
    const char *local;   /* the domain of unqualified names; or NULL */
    const char *domains; /* the list of domains that count; or NULL for all */
    unsigned silent;     /* consecutive lookups without an answer */
    unsigned included;   /* files read */
    unsigned count;
    char first[VALUE_SIZE]; /* "alice@example.com of team" */
};

/* Advice on how to route members of aliases. */
extern const char route_members[];

/* Count the members of ALIAS, listed in VALUE, that are in a split domain and
 * at another site. If the alias itself is routed, none count, because its mail
 * does not reach the members. Stops querying the directory after several
 * lookups without an answer. */
void
count_members(struct mta *mta, struct members *members, const char *alias,
              const char *value);

/* Report the members counted, if any. */
void
report_members(struct mta *mta, const char *parameter, const char *advice,
               const struct members *members);

/* Report that a milter does not see members of aliases and .forward targets,
 * nor bounces if BOUNCES is true. Reports nothing if no other site has
 * delivery = rewrite. */
void
report_not_shown(struct mta *mta, bool bounces);

/* Aliases in a split domain that only the MTA knows. With unknown = SITE, sdr
 * sends their mail to that site before the MTA looks them up. */
struct strays {
    const char *local; /* the domain of unqualified aliases; or NULL */
    unsigned silent;   /* consecutive lookups without an answer */
    unsigned count;
    char first[VALUE_SIZE];
};

/* Count ALIAS if it is such an alias. */
void
count_stray(const struct mta *mta, struct strays *strays, const char *alias);

/* Report the aliases counted, if any. */
void
report_strays(struct mta *mta, const char *parameter,
              const struct strays *strays);

/* ---- the option unknown: unknown.c ---- */

/* True if an address, or a domain, is this site's and has unknown = reject. */
bool
rejects_unknown(const struct mta *mta, const char *address);

/* True if unknown recipients in the split domain with this index go to another
 * site. */
bool
sends_unknown(const struct mta *mta, unsigned domain);

/* Report that they do and that the MTA does not verify them. */
void
report_unverified(struct mta *mta, const char *subject, const char *advice,
                  unsigned domain);

/* ---- mail servers ---- */

/* Check one MTA. Returns false, without a finding, if it is not installed. */
bool
check_postfix(struct mta *mta);

bool
check_sendmail(struct mta *mta);

bool
check_exim(struct mta *mta);

#endif
