/* map.c - see map.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "map.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "decide.h"
#include "message.h"
#include "say.h"
#include "told.h"

/* What Sendmail is to take for a user of its own where an address has several
 * targets: "sdr-copy.alice.=.example.com". */
#define COPY_PREFIX    "sdr-copy."
#define COPY_SEPARATOR ".=."

#define NOT_FOUND "NOTFOUND "

struct question {
    struct sdr *sdr;
    struct map_session *session;
    const char *key;
    struct sdr_verdict verdict; /* about the key */
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
                    MAP_ANSWER_MAX - question->len, format, args);
    va_end(args);
    question->len += (size_t)len;
}

static void
answer_not_now(struct question *question)
{
    const struct sdr_reply *reply = &question->verdict.reply;

    answer(question, "TEMP %s %s", reply->enhanced, reply->text);
}

/* KEPT, unless NULL, and all targets. Of those that a milter would add, or
 * decide once more, it is noted that they are told. */
static void
answer_targets(struct question *question, const struct sdr_address *kept)
{
    const struct sdr_verdict *verdict = &question->verdict;
    const char *between = "";
    struct sdr_address mailbox;

    answer(question, "OK ");
    if (kept != NULL) {
        answer(question, "%s@%s", kept->local, kept->domain);
        between = ", ";
    }
    for (unsigned i = 0; i < verdict->target_count; i++) {
        answer(question, "%s%s", between, verdict->targets[i].address);
        between = ", ";
    }
    if ((kept != NULL || verdict->settled)
        && sdr_address_parse(&mailbox, question->key) == SDR_OK)
        told_note(&mailbox);
}

/* The key's own address, and not its text, in which there may be more. */
static void
answer_kept(struct question *question)
{
    struct sdr_address kept;

    if (sdr_address_parse(&kept, question->key) == SDR_OK)
        answer_targets(question, &kept);
}

/* ---- the tables ---- */

/* Both MTAs ask once more about each address that they are given. What was sent
 * to this site's routing domain stays here though other sites own it too: or
 * two sites that both deliver to both would send copies to each other for ever.
 * So the next such question of this connection is answered with "nothing to do"
 * if it is about that address. */
static void
answer_route(struct question *question)
{
    const struct sdr_verdict *verdict = &question->verdict;

    switch (verdict->kind) {
    case SDR_REDIRECT:
        answer_targets(question, NULL);
        if (verdict->settled)
            memcpy(question->session->settled, verdict->targets[0].address,
                   sizeof question->session->settled);
        return;
    case SDR_COPY:
        answer_kept(question);
        return;
    case SDR_ROUTE: /* by the table "transport", what is kept */
        if (verdict->target_count > 0)
            answer_kept(question);
        return;
    case SDR_DEFER:
        answer_not_now(question);
        return;
    case SDR_PASS:
    case SDR_REJECT:
        return;
    }
}

/* HOST:PORT as Postfix has it: in brackets, without a look at its MX. An IPv6
 * address is in brackets already. */
static void
answer_transport(struct question *question)
{
    const char *hop = question->verdict.next_hop;
    const char *port;

    switch (question->verdict.kind) {
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
    switch (question->verdict.kind) {
    case SDR_PASS:
        if (question->verdict.decided)
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
        answer(question, NOT_FOUND); /* said, for it is refused */
        return;
    }
}

/* The key's address in this site's routing domain. False if it is not in a
 * split domain. */
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

/* The recipient himself goes to this site's routing domain: of what is sent
 * there the table "route" makes no copies again. */
static void
answer_alias(struct question *question)
{
    struct sdr_address home;

    if (!find_home(question, &home))
        return;
    switch (question->verdict.kind) {
    case SDR_REDIRECT:
        answer_targets(question, NULL);
        return;
    case SDR_COPY:
    case SDR_PASS:
    case SDR_REJECT: /* nobody knows him there either: so Sendmail will say */
        answer_targets(question, &home);
        return;
    case SDR_ROUTE:
        answer(question, "TEMP 4.3.5 A next hop and other targets");
        return;
    case SDR_DEFER:
        answer_not_now(question);
        return;
    }
}

/* ---- which of them, and about whom ---- */

/* "sdr-copy.alice.=.example.com" is alice@example.com. False for every other
 * user. */
static bool
read_copy(const char *user, char *key, size_t size)
{
    const char *local = user + sizeof COPY_PREFIX - 1;
    const char *separator = NULL;

    if (strncasecmp(user, COPY_PREFIX, sizeof COPY_PREFIX - 1) != 0)
        return false;
    for (const char *s = local; (s = strstr(s, COPY_SEPARATOR)) != NULL; s++)
        separator = s;
    if (separator == NULL)
        return false;
    return snprintf(key, size, "%.*s@%s", (int)(separator - local), local,
                    separator + sizeof COPY_SEPARATOR - 1)
           < (int)size;
}

static bool
is_alias_table(const char *name)
{
    return strncmp(name, "Alias", 5) == 0 && isdigit((unsigned char)name[5])
           && name[6] == '\0';
}

static void
decide(struct question *question, bool verbose)
{
    decide_about(DECIDE_MAP, question->sdr, question->key, verbose,
                 &question->verdict);
}

/* True if the last answer to this question, on this connection, has settled the
 * key. */
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
    bool settles; /* what it has told it may be asked at once */
} tables[] = {
    {"route", answer_route, true},
    {"transport", answer_transport, false},
    {"recipient", answer_recipient, false},
};

static void
tell(const struct question *question, const char *table)
{
    char line[4096];

    if (question->len == 0 || question->ordinary)
        return;
    sdr_log_decision(line, sizeof line, question->key, &question->verdict);
    say(verdict_priority(&question->verdict), "map %s: %s", table, line);
}

static void
ask_table(struct question *question, const char *name, bool verbose)
{
    for (unsigned i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (strcmp(name, tables[i].name) != 0)
            continue;
        if (tables[i].settles && is_settled(question))
            return;
        decide(question, verbose);
        tables[i].answer(question);
        tell(question, name);
        return;
    }
    answer(question, "PERM there is no such table");
}

static void
ask_alias(struct question *question, const char *name, bool verbose)
{
    char key[2 * SDR_ADDRESS_MAX];

    if (!read_copy(question->key, key, sizeof key))
        return;
    question->key = key;
    decide(question, verbose);
    answer_alias(question);
    tell(question, name);
}

size_t
map_answer(struct sdr *sdr, struct map_session *session, bool verbose,
           const char *text, size_t len, char *out)
{
    struct question question = {.sdr = sdr, .session = session, .answer = out};
    const char *blank = memchr(text, ' ', len);
    char name[16];

    if (blank == NULL || strlen(text) != len
        || (size_t)(blank - text) >= sizeof name)
        return (size_t)snprintf(out, MAP_ANSWER_MAX, "PERM no question");
    snprintf(name, sizeof name, "%.*s", (int)(blank - text), text);
    question.key = blank + 1;
    if (is_alias_table(name))
        ask_alias(&question, name, verbose);
    else
        ask_table(&question, name, verbose);
    if (question.len == 0)
        answer(&question, NOT_FOUND);
    return question.len;
}
