/* mta.h - what the checks of the mail servers share
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The mail servers' own programs are asked, each question once. All that they
 * print is kept in struct mta until the end, and everything that is said to be
 * borrowed lives as long.
 */
#ifndef SDRCTL_MTA_H
#define SDRCTL_MTA_H

#include "check/check.h"

enum answer { NO, YES, PERHAPS };

/* A local part without a mailbox: asked for to see what becomes of a domain. */
#define PROBE "sdr-check"

enum { PROGRAM_SIZE = 512, VALUE_SIZE = 2048 };

/* What a program has answered, or what is in a file. */
struct reply {
    struct reply *next;
    char *question, *text; /* the lines of TEXT, each ended by a NUL */
    size_t len;
    int code;       /* the program's exit code; -1: it did not end by itself */
    bool fatal;     /* it has named a fatal error */
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

/* The program NAME, in one of the folders of PATH or where mail servers are.
 * False if there is none. */
bool
find_program(const char *name, char path[PROGRAM_SIZE]);

/* Run a PROGRAM with these arguments, ended by NULL, for so long as TIMEOUT
 * says. INPUT may be NULL. Borrowed. */
const struct reply *
ask(struct mta *mta, const char *input, const char *program, ...);

/* The same for the lines of a file; CODE is errno. */
const struct reply *
read_lines(struct mta *mta, const char *path);

void
forget_replies(struct mta *mta);

/* The line after LINE, or the first if that is NULL; NULL at the end. */
const char *
next_line(const struct reply *reply, const char *line);

/* Whether a line has this TEXT in it. */
bool
has_text(const struct reply *reply, const char *text);

/* What stands behind START in the first line that begins so, from LINE to the
 * next empty one; NULL if there is none. */
const char *
find_line(const char *line, const char *start);

/* ---- words.c ---- */

/* The words of a list, apart by blanks and commas; what stands in braces is one
 * word, without them, and "inline:{ {a=b} }" is one with them. The next one
 * into WORD, cut if it is too long; false at the end. *AT begins as the text.
 */
bool
next_word(const char **at, char *word, size_t size);

bool
has_word(const char *list, const char *wanted);

/* The value of "KEY=value" in a list, into VALUE; or "". */
void
read_equate(const char *list, const char *key, char *value, size_t size);

/* Whether DOMAIN lies below PARENT. */
bool
is_below(const char *domain, const char *parent);

/* "30", "30s", "5m", "1h": seconds. -1 if it is none. */
long
read_time(const char *text);

/* ---- domains.c ---- */

/* What the domain of an address, or a domain alone, means; NULL: nothing. */
const struct sdr_name *
name_of(const struct mta *mta, const char *address);

/* Whether it is split, or this site's routing domain. */
bool
is_own(const struct mta *mta, const char *address);

/* Whether it is another site's routing domain. */
bool
is_foreign(const struct mta *mta, const char *address);

/* Call LOOK for each domain that is split or a routing domain: SITE is NULL in
 * those of this site, else the one that has its mail rewritten to it. */
typedef void
domain_look(void *arg, const char *domain, const char *site);

void
for_each_domain(const struct sdr_config *config, domain_look *look, void *arg);

/* "example.com, of the site x": the mail server keeps its mail by a parameter.
 */
void
report_kept(struct mta *mta, const char *parameter, const char *domain,
            const char *site);

/* It relays to it by one, from anywhere. */
void
report_relayed(struct mta *mta, const char *parameter, const char *advice,
               const char *domain, const char *site);

/* No entry of this TABLE says where mail for a split domain stays. */
void
report_loops_back(struct mta *mta, const char *table, const char *domain);

/* ---- socket.c ---- */

/* Whether two paths name one file, or would if there were one. */
bool
same_path(const char *a, const char *b);

/* Whether ADDRESS, "unix:PATH", "local:PATH", "inet:HOST:PORT" or
 * "inet:PORT@HOST", is this SOCKET of sdr.conf. */
bool
is_socket(const char *address, const char *socket);

/* Whether somebody listens at SOCKET, a path or an address as above. */
bool
is_listening(const char *socket, struct sdr_error *error);

/* Whether sdr-milter listens at the SOCKET that this option of sdr.conf names,
 * and this user of a mail server may connect to it. */
void
report_socket(struct mta *mta, const char *option, const char *socket,
              const char *user);

/* "F=R" and so on: what other options make of a milter that is away or slow. */
void
report_wait(struct mta *mta, const char *subject, const char *option,
            const char *value, long seconds);

/* Which actions another milter, at "unix:PATH" or "inet:HOST:PORT", wants to
 * take: YES if it may add or delete recipients, PERHAPS with the reason. */
enum answer
edits_recipients(const char *address, unsigned timeout,
                 struct sdr_error *error);

/* ---- members of aliases: members.c ---- */

/* A milter is not shown them: who belongs to another site by the directory gets
 * the mail where the mailbox was. */
struct members {
    const char *local;   /* the domain of names without one; or NULL */
    const char *domains; /* a list of those that count; or NULL for all */
    unsigned silent;     /* the directory, so many times without an answer */
    unsigned count;
    char first[VALUE_SIZE]; /* "alice@example.com of team" */
};

/* Advice: what does route members. */
extern const char route_members[];

/* Count those in the split domains who are at another site, of an ALIAS with
 * this value. One whose own name is routed does not count: its mail does not
 * come to its members. The directory is asked, until it is silent. */
void
count_members(const struct mta *mta, struct members *members, const char *alias,
              const char *value);

/* That there are some; nothing if there are none. */
void
report_members(struct mta *mta, const char *parameter, const char *advice,
               const struct members *members);

/* What no milter is shown, apart from THESE: " and bounces", or "". Nothing if
 * no other site has mail rewritten. */
void
report_not_shown(struct mta *mta, const char *these);

/* ---- unknown = SITE: unknown.c ---- */

/* Whether unknown recipients in the split domain with this index go to another
 * site. */
bool
sends_unknown(const struct mta *mta, unsigned domain);

/* That they do, and the mail server does not verify them. */
void
report_unverified(struct mta *mta, const char *subject, const char *advice,
                  unsigned domain);

/* ---- mail servers ---- */

/* Whether mail passes sdr on its way. False, and nothing is said, if the mail
 * server is not installed. */
bool
check_postfix(struct mta *mta);

bool
check_sendmail(struct mta *mta);

bool
check_exim(struct mta *mta);

#endif
