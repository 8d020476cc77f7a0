/* socketmap.c - see socketmap.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "socketmap.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/clock.h"
#include "copyname.h"
#include "metrics.h"
#include "message.h"
#include "say.h"

#define NOT_FOUND "NOTFOUND "

/* Milliseconds between two log lines about the same error. */
enum { COMPLAIN_EVERY = 60000 };

struct question {
    struct sdr *sdr;
    struct socketmap_session *session;
    const char *key;
    char quoted[2 * SDR_ADDRESS_MAX + 3]; /* the key, if it needs quotes */
    struct sdr_verdict *verdict;          /* about the key */
    char *answer;
    size_t len;
    bool ordinary; /* not worth a line in the log */
};

SDR_PRINTF(2, 3)
static void
answer(struct question *question, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(question->answer + question->len,
                    SOCKETMAP_ANSWER_MAX - question->len, format, args);
    va_end(args);
    question->len += (size_t)len;
}

static void
answer_not_now(struct question *question)
{
    const struct sdr_reply *reply = &question->verdict->reply;

    answer(question, "TEMP %s %s", reply->enhanced, reply->text);
}

/* Answer with KEPT, unless it is NULL, and all targets. */
static void
answer_targets(struct question *question, const struct sdr_address *kept)
{
    const struct sdr_verdict *verdict = question->verdict;
    const char *between = "";

    answer(question, "OK ");
    if (kept != NULL) {
        answer(question, "%s@%s", kept->local, kept->domain);
        between = ", ";
    }
    for (unsigned i = 0; i < verdict->target_count; i++) {
        answer(question, "%s%s", between, verdict->targets[i].address);
        between = ", ";
    }
}

/* Answer with the address of the key, and the targets. The key's text may
 * contain more. */
static void
answer_kept(struct question *question)
{
    struct sdr_address kept;

    if (sdr_address_parse(&kept, question->key) == SDR_OK)
        answer_targets(question, &kept);
}

/* ---- the tables ---- */

/* Record an address that is settled. Both MTAs query each address in an answer
 * again. Mail sent to this site's routing domain stays here even if other sites
 * own the recipient too; otherwise two sites with the same copies would send
 * them to each other for ever. So the next query of this connection for that
 * address is answered with "not found". */
static void
note_settled(struct question *question)
{
    const struct sdr_verdict *verdict = question->verdict;

    if (verdict->settled)
        memcpy(question->session->settled, verdict->targets[0].address,
               sizeof question->session->settled);
}

/* How a table answers the verdicts for which tables differ. */
struct manner {
    void (*redirect)(struct question *question);
    void (*copy)(struct question *question);
    void (*next_hop)(struct question *question); /* with other targets */
};

static void
answer_verdict(struct question *question, const struct manner *manner)
{
    switch (question->verdict->kind) {
    case SDR_REDIRECT:
        manner->redirect(question);
        return;
    case SDR_COPY:
        manner->copy(question);
        return;
    case SDR_ROUTE:
        if (question->verdict->target_count > 0)
            manner->next_hop(question);
        return;
    case SDR_DEFER:
        answer_not_now(question);
        return;
    case SDR_PASS:
    case SDR_REJECT:
        return;
    }
}

static void
redirect_to_all(struct question *question)
{
    answer_targets(question, NULL);
    note_settled(question);
}

/* Answer for Postfix. The table "transport" has the next hop of a recipient
 * that is kept. */
static void
answer_route(struct question *question)
{
    static const struct manner manner = {redirect_to_all, answer_kept,
                                         answer_kept};

    answer_verdict(question, &manner);
}

/* Answer with TEXT for Sendmail, which replaces "%0" in an answer, and "%%" by
 * "%". */
static void
answer_for_sendmail(struct question *question, const char *text)
{
    answer(question, "OK ");
    for (; *text != '\0'; text++)
        answer(question, *text == '%' ? "%%%%" : "%c", *text);
}

/* Answer with an alias for several addresses; answer_alias() expands it. */
static void
answer_copies(struct question *question)
{
    char name[COPYNAME_MAX + 1];
    struct sdr_address mailbox;

    if (sdr_address_parse(&mailbox, question->key) == SDR_OK
        && copyname_write(&mailbox, name))
        answer(question, "OK %s", name);
    else if (!copyname_has_key())
        answer(question, "TEMP 4.3.5 Copies need key-file in sdr.conf");
    else
        answer(question, "TEMP 4.3.5 The address is too long for copies");
}

/* Refuse a next hop with other targets. Sendmail's queue has the addresses that
 * an alias expands to. One that is kept and has a next hop would be copied
 * again. */
static void
refuse_next_hop(struct question *question)
{
    answer(question, "TEMP 4.3.5 A next hop and other targets");
}

static void
redirect_to_one(struct question *question)
{
    const struct sdr_verdict *verdict = question->verdict;

    if (verdict->target_count > 1 && verdict->settled) {
        refuse_next_hop(question);
    } else if (verdict->target_count > 1) {
        answer_copies(question);
    } else {
        answer_for_sendmail(question, verdict->targets[0].address);
        note_settled(question);
    }
}

/* Like answer_route(), for Sendmail, whose rules accept one address only. */
static void
answer_redirect(struct question *question)
{
    static const struct manner manner = {redirect_to_one, answer_copies,
                                         refuse_next_hop};

    answer_verdict(question, &manner);
}

/* Like answer_redirect(), for a name without a domain. "\both" in the .forward
 * of both means the mailbox on this machine; mail from another site must not be
 * copied to that site again. */
static void
answer_local(struct question *question)
{
    const char *name = question->key + (question->key[0] == '"');

    if (question->verdict->kind != SDR_COPY || name[0] != '\\')
        answer_redirect(question);
}

/* Answer with HOST:PORT in Postfix's form: in brackets, without an MX look-up.
 * An IPv6 address has brackets already. */
static void
answer_transport(struct question *question)
{
    const char *hop = question->verdict->next_hop;
    const char *port;

    switch (question->verdict->kind) {
    case SDR_ROUTE:
        port = strrchr(hop, ':');
        answer(question, hop[0] == '[' ? "OK smtp:%.*s%s" : "OK smtp:[%.*s]%s",
               (int)(port - hop), hop, port);
        return;
    case SDR_DEFER:
        answer_not_now(question);
        return;
    case SDR_PASS:
    case SDR_REDIRECT:
    case SDR_COPY:
    case SDR_REJECT:
        return;
    }
}

static void
answer_known(struct question *question)
{
    answer(question, "OK known");
    question->ordinary = true;
}

static void
answer_recipient(struct question *question)
{
    switch (question->verdict->kind) {
    case SDR_PASS:
        if (question->verdict->decided)
            answer_known(question);
        return;
    case SDR_REDIRECT:
    case SDR_COPY:
    case SDR_ROUTE:
        answer_known(question);
        return;
    case SDR_DEFER:
        answer_not_now(question);
        return;
    case SDR_REJECT:
        answer(question, NOT_FOUND); /* logged: it is refused */
        return;
    }
}

/* Find the key's address in this site's routing domain. Returns false if it is
 * not in a split domain. */
static bool
find_home(const struct question *question, struct sdr_address *home)
{
    const struct sdr_config *config = sdr_get_config(question->sdr);
    const struct sdr_name *name;

    if (sdr_address_parse(home, question->key) != SDR_OK)
        return false;
    name = sdr_config_name(config, home->domain);
    if (name == NULL || name->kind != SDR_NAME_SPLIT)
        return false;
    memcpy(home->domain,
           config->domains[name->split].routing[config->this_site],
           sizeof home->domain);
    return true;
}

/* Expand an alias. A recipient that stays is replaced by its address in this
 * site's routing domain, for which the table "redirect" makes no more copies.
 */
static void
answer_alias(struct question *question)
{
    struct sdr_address home;

    switch (question->verdict->kind) {
    case SDR_REDIRECT:
        answer_targets(question, NULL);
        return;
    case SDR_ROUTE:
        refuse_next_hop(question);
        return;
    case SDR_COPY:
    case SDR_PASS:
        if (find_home(question, &home))
            answer_targets(question, &home);
        return;
    case SDR_DEFER:
        answer_not_now(question);
        return;
    case SDR_REJECT:
        return;
    }
}

/* ---- addresses that are never answered ---- */

/* Returns true if the local part could be a program, a file or a list in a
 * file, when Sendmail expands an alias or another MTA reads a table. Quotes,
 * blanks and the like in front of it are no protection: the next program may
 * remove them. */
static bool
is_command(const char *local)
{
    static const char include[] = ":include:";

    while (*local != '\0'
           && (*local == 0x7f || (unsigned char)*local <= ' '
               || strchr("\"\\()<>,;", *local) != NULL))
        local++;
    return *local == '|' || *local == '/'
           || strncasecmp(local, include, sizeof include - 1) == 0;
}

/* Reject the recipient if it, or any of its targets, could be such a command.
 */
static void
reject_commands(struct question *question)
{
    struct sdr_verdict *verdict = question->verdict;
    struct sdr_address key;
    bool found = sdr_address_parse(&key, question->key) == SDR_OK
                 && is_command(key.local);

    for (unsigned i = 0; i < verdict->target_count; i++)
        found |= is_command(verdict->targets[i].address);
    if (!found || !verdict->decided)
        return;
    verdict->kind = SDR_REJECT;
    verdict->target_count = 0;
    verdict->reply = (struct sdr_reply){"553", "5.1.3", "Bad mailbox"};
    snprintf(verdict->reason, sizeof verdict->reason,
             "a mail server could take the local part for a program or a file");
}

/* Returns true, with an answer, if the tables do not rewrite. The answer is
 * temporary because Sendmail treats a permanent error as "not found", and would
 * keep the mail here. */
static bool
refuse_to_rewrite(struct question *question)
{
    static _Atomic int64_t next;
    int64_t now, due;

    if (sdr_get_config(question->sdr)->milter.rewrite == SDR_TABLES_REWRITE)
        return false;
    answer(question, "TEMP 4.3.5 rewrite = tables is not in sdr.conf");
    now = sdr_clock();
    due = atomic_load(&next);
    if (now >= due
        && atomic_compare_exchange_strong(&next, &due, now + COMPLAIN_EVERY))
        say(LOG_ERR, "map-socket: the mail server asks a table that rewrites, "
                     "and mail is deferred, because [milter] does not say "
                     "rewrite = tables");
    return true;
}

/* ---- queries ---- */

static bool
is_alias_table(const char *name)
{
    return strncmp(name, "Alias", 5) == 0 && isdigit((unsigned char)name[5])
           && name[6] == '\0';
}

/* Returns false, with an answer, without memory. */
static bool
decide(struct question *question, bool verbose)
{
    question->verdict =
        decision_make(DECISION_MAP, question->sdr, question->key, verbose);
    if (question->verdict != NULL)
        reject_commands(question);
    else
        answer(question, "TEMP 4.3.0 Out of memory");
    return question->verdict != NULL;
}

/* Returns true if the last answer on this connection has settled the key. */
static bool
is_settled(struct question *question)
{
    struct sdr_address settled, key;
    bool is =
        question->session->settled[0] != '\0'
        && sdr_address_parse(&settled, question->session->settled) == SDR_OK
        && sdr_address_parse(&key, question->key) == SDR_OK
        && sdr_address_same(&settled, &key);

    question->session->settled[0] = '\0';
    return is;
}

static const struct table {
    const char *name;
    void (*answer)(struct question *question);
    bool rewrites;  /* its own answer may be queried next */
    bool next_hops; /* answers next hops only */
} tables[] = {
    {"route", answer_route, true, false},
    {"redirect", answer_redirect, true, false},
    {"local", answer_local, true, false},
    {"transport", answer_transport, false, true},
    {"recipient", answer_recipient, false, false},
};

static void
log_answer(const struct question *question, const char *table)
{
    char line[4096];

    if (question->len == 0 || question->ordinary)
        return;
    sdr_log_decision(line, sizeof line, question->key, question->verdict);
    say(verdict_priority(question->verdict), "map %s: %s", table, line);
}

static void
ask_table(struct question *question, const char *name, bool verbose)
{
    for (unsigned i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (strcmp(name, tables[i].name) != 0)
            continue;
        if (tables[i].rewrites && is_settled(question))
            return;
        if (tables[i].next_hops
            && !sdr_config_has_next_hop(sdr_get_config(question->sdr)))
            return;
        if (question->key[0] == '@') /* Postfix, for the whole domain */
            return;
        if (!decide(question, verbose)
            || (tables[i].rewrites && question->verdict->decided
                && refuse_to_rewrite(question)))
            return;
        tables[i].answer(question);
        log_answer(question, name);
        return;
    }
    answer(question, "PERM there is no such table");
}

/* Read the address that our alias stands for. Returns false if it is not our
 * alias. */
static bool
read_alias(const char *name, char key[SDR_ADDRESS_MAX + 1])
{
    struct sdr_address mailbox;

    if (!copyname_read(name, &mailbox))
        return false;
    sdr_address_format(&mailbox, key, SDR_ADDRESS_MAX + 1);
    return true;
}

static void
ask_alias(struct question *question, const char *name, bool verbose)
{
    char key[SDR_ADDRESS_MAX + 1];

    if (!read_alias(question->key, key) || refuse_to_rewrite(question))
        return;
    question->key = key;
    if (!decide(question, verbose))
        return;
    answer_alias(question);
    log_answer(question, name);
}

/* Returns true if the quotes in the key are part of the quoting. Postfix
 * queries "\"bob\""@example.com and then "bob"@example.com, the same unquoted:
 * the remaining quotes belong to the name. */
static bool
is_quoted(const struct question *question, const char *key, size_t len)
{
    return memchr(key, '"', len) != NULL
           && strcmp(question->session->asked, question->quoted) != 0;
}

/* Read the key. Postfix queries "r\\obert"@example.com, and if that is not
 * found r\obert@example.com, the same unquoted: mail_addr_find(3). Nothing in
 * the unquoted form is special. */
static void
read_key(struct question *question, const char *key)
{
    const char *at = strrchr(key, '@');
    size_t len = at == NULL ? 0 : (size_t)(at - key);

    question->key = key;
    if (len == 0 || strlen(key) > SDR_ADDRESS_MAX || key[0] == '<'
        || key[0] == '@'
        || !sdr_address_quote(key, len, question->quoted,
                              sizeof question->quoted - strlen(at)))
        return;
    strcat(question->quoted, at);
    if (!is_quoted(question, key, len))
        question->key = question->quoted;
}

/* Returns true for the tables of Sendmail, which parses its addresses again: a
 * backslash that is quoted each time would double each time. */
static bool
is_of_sendmail(const char *table)
{
    return strcmp(table, "redirect") == 0 || strcmp(table, "local") == 0;
}

/* Parse the query; NAME is the name of the table. Returns false if it is not
 * valid. */
static bool
read_question(struct question *question, const char *text, size_t len,
              char *name, size_t size)
{
    const char *blank = memchr(text, ' ', len);

    if (blank == NULL || strlen(text) != len || (size_t)(blank - text) >= size)
        return false;
    snprintf(name, size, "%.*s", (int)(blank - text), text);
    question->key = blank + 1;
    if (!is_of_sendmail(name) && !is_alias_table(name))
        read_key(question, blank + 1);
    return true;
}

size_t
socketmap_answer(struct sdr *sdr, struct socketmap_session *session,
                 bool verbose, const char *text, size_t len, char *out)
{
    struct question question = {.sdr = sdr, .session = session, .answer = out};
    char name[16];

    if (!read_question(&question, text, len, name, sizeof name))
        return (size_t)snprintf(out, SOCKETMAP_ANSWER_MAX, "PERM no question");
    snprintf(session->asked, sizeof session->asked, "%s", question.key);
    if (is_alias_table(name))
        ask_alias(&question, name, verbose);
    else
        ask_table(&question, name, verbose);
    free(question.verdict);
    if (question.len == 0)
        answer(&question, NOT_FOUND);
    return question.len;
}

bool
socketmap_needs_directory(struct sdr *sdr, struct socketmap_session *session,
                          const char *text, size_t len)
{
    struct question question = {.sdr = sdr, .session = session};
    char name[16], key[SDR_ADDRESS_MAX + 1];

    if (!read_question(&question, text, len, name, sizeof name))
        return false;
    if (is_alias_table(name))
        return read_alias(question.key, key) && sdr_needs_directory(sdr, key);
    for (unsigned i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (strcmp(name, tables[i].name) == 0)
            return (!tables[i].next_hops
                    || sdr_config_has_next_hop(sdr_get_config(sdr)))
                   && sdr_needs_directory(sdr, question.key);
    }
    return false;
}
