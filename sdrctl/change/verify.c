/* verify.c - see verify.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/clock.h"
#include "array.h"
#include "net/mx.h"
#include "decision/route.h"
#include "net/smtp_start.h"

/* The time limit in timeouts; each recipient adds a second. */
enum { TIMEOUTS = 10, SECOND = 1000 };
/* The number of addresses tried for one domain. */
enum { ADDRESSES_MAX = 16 };

/* ---- the recipients ---- */

/* The facts after the move. */
static struct sdr_facts
facts_after(const struct plan *plan, const struct person *person)
{
    const struct sdr_facts *now = &person->facts;
    struct sdr_facts then = {.directory = now->directory,
                             .owners = (sdr_sites)1 << plan->to};

    if (now->in_split) {
        then.in_split = true;
        then.routing_wins = now->routing_wins;
        then.routing = now->routing;
    }
    if (now->has_routing && now->routing_site == plan->to) {
        then.has_routing = true;
        then.routing_site = now->routing_site;
        then.routing = now->routing;
    }
    return then;
}

static enum sdr_status
find_target(const struct plan *plan, const struct person *person, char *target,
            size_t size, struct sdr_error *error)
{
    const struct sdr_answer answer = {.status = SDR_OK,
                                      .facts = facts_after(plan, person)};
    struct sdr_question question;
    struct sdr_verdict verdict;

    if (sdr_route_begin(plan->config, person->address, &question, &verdict)
        == SDR_NOTFOUND)
        sdr_route_decide(plan->config, &question, &answer, &verdict);
    if (verdict.kind == SDR_REDIRECT && verdict.target_count == 1)
        snprintf(target, size, "%s", verdict.targets[0].address);
    else if (verdict.kind == SDR_ROUTE)
        sdr_address_format(&question.address, target, size);
    else {
        sdr_error_set(error, "mail would not go there: %s", verdict.reason);
        return SDR_INVALID;
    }
    return SDR_OK;
}

enum sdr_status
verification_add(struct verification *verification, const struct plan *plan,
                 const struct person *person, struct sdr_error *error)
{
    char target[SDR_ADDRESS_MAX + 1];
    struct verify_item item = {.person = person, .result = VERIFY_UNTRIED};
    enum sdr_status status =
        find_target(plan, person, target, sizeof target, error);

    if (status != SDR_OK)
        return status;
    item.target = strdup(target);
    if (item.target != NULL
        && sdr_array_append(&verification->items, &verification->count,
                            &verification->room, &item, sizeof item))
        return SDR_OK;
    free(item.target);
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

void
verification_clear(struct verification *verification)
{
    for (size_t i = 0; i < verification->count; i++) {
        free(verification->items[i].target);
        free(verification->items[i].reply);
    }
    free(verification->items);
    *verification = (struct verification){NULL, 0, 0};
}

/* ---- the recipients of one domain, which has the same hosts ---- */

struct round {
    struct verification *verification;
    const struct network *network;
    const char *domain;
    struct mx mx;
    uint16_t port;
    int64_t end;
    bool tried_unknown, accepts_anybody;
    /* the current session */
    struct smtp *smtp;
    bool smtputf8; /* there are non-ASCII addresses, and the host supports them
                    */
};

static const char *
domain_of(const char *address)
{
    return strrchr(address, '@') + 1;
}

/* The next recipient of this domain without a result, from *I on; or NULL. */
static struct verify_item *
next_item(const struct round *round, size_t *i)
{
    const struct verification *verification = round->verification;

    for (; *i < verification->count; ++*i) {
        struct verify_item *item = &verification->items[*i];

        if (item->result == VERIFY_UNTRIED
            && strcasecmp(domain_of(item->target), round->domain) == 0)
            return item;
    }
    return NULL;
}

static size_t
count_left(const struct round *round)
{
    size_t left = 0;

    for (size_t i = 0; next_item(round, &i) != NULL; i++)
        left++;
    return left;
}

static bool
are_ascii(const struct round *round)
{
    const struct verify_item *item;

    for (size_t i = 0; (item = next_item(round, &i)) != NULL; i++) {
        if (!sdr_is_ascii(item->target, strlen(item->target)))
            return false;
    }
    return true;
}

static void
set_reply(struct verify_item *item, const struct smtp_reply *reply)
{
    item->result = reply->code < 300    ? VERIFY_ACCEPTED
                   : reply->code >= 500 ? VERIFY_REJECTED
                                        : VERIFY_DEFERRED;
    if (asprintf(&item->reply, "%d %s", reply->code, reply->line) < 0)
        item->reply = NULL;
}

/* ---- an SMTP session; SDR_TEMPFAIL ends it ---- */

static enum sdr_status
give_up(const struct smtp_reply *reply, const char *what,
        struct sdr_error *error)
{
    sdr_error_set(error, "%s: %d %s", what, reply->code, reply->line);
    return SDR_TEMPFAIL;
}

static enum sdr_status
begin_transaction(struct round *round, struct sdr_error *error)
{
    struct smtp_reply reply;

    if (smtp_command(round->smtp, &reply, error, "MAIL FROM:<>%s",
                     round->smtputf8 ? " SMTPUTF8" : "")
        != SDR_OK)
        return SDR_TEMPFAIL;
    return reply.code < 300 ? SDR_OK : give_up(&reply, "MAIL FROM:<>", error);
}

static enum sdr_status
begin_another(struct round *round, struct sdr_error *error)
{
    struct smtp_reply reply;

    if (smtp_command(round->smtp, &reply, error, "RSET") != SDR_OK)
        return SDR_TEMPFAIL;
    return begin_transaction(round, error);
}

/* Too many recipients for one message (RFC 5321, 4.5.3.1.10). */
static bool
is_full(const struct smtp_reply *reply, size_t taken)
{
    return taken > 0 && (reply->code == 452 || reply->code == 552);
}

static enum sdr_status
send_recipient(struct round *round, struct verify_item *item, size_t *taken,
               struct sdr_error *error)
{
    struct smtp_reply reply = {
        .code = 553,
        .line =
            "non-ASCII addresses are not supported (SMTPUTF8 is not offered)"};

    if (sdr_clock() >= round->end) {
        sdr_error_set(error, "timed out");
        return SDR_TEMPFAIL;
    }
    if (round->smtputf8 || sdr_is_ascii(item->target, strlen(item->target))) {
        if (smtp_command(round->smtp, &reply, error, "RCPT TO:<%s>",
                         item->target)
            != SDR_OK)
            return SDR_TEMPFAIL;
        if (reply.code == 421)
            return give_up(&reply, item->target, error);
        if (is_full(&reply, *taken)) {
            *taken = 0;
            return begin_another(round, error);
        }
    }
    set_reply(item, &reply);
    *taken += item->result == VERIFY_ACCEPTED;
    return SDR_OK;
}

/* Try an invented recipient. If the host accepts it, it accepts any. */
static void
send_unknown(struct round *round)
{
    char nobody[SDR_ADDRESS_MAX + 64];
    struct smtp_reply reply;

    smtp_invent(nobody, sizeof nobody, round->domain);
    if (begin_another(round, NULL) != SDR_OK
        || smtp_command(round->smtp, &reply, NULL, "RCPT TO:<%s>", nobody)
               != SDR_OK)
        return;
    round->tried_unknown = true;
    round->accepts_anybody = reply.code < 300;
}

static enum sdr_status
send_recipients(struct round *round, struct sdr_error *error)
{
    enum sdr_status status = begin_transaction(round, error);
    struct smtp_reply reply;
    struct verify_item *item;
    size_t taken = 0;

    for (size_t i = 0;
         status == SDR_OK && (item = next_item(round, &i)) != NULL;)
        status = send_recipient(round, item, &taken, error);
    if (status == SDR_OK && !round->tried_unknown)
        send_unknown(round);
    if (status == SDR_OK
        && smtp_command(round->smtp, &reply, NULL, "RSET") == SDR_OK
        && smtp_command(round->smtp, &reply, NULL, "QUIT") == SDR_OK)
        return SDR_OK;
    return status; /* an error at the end does not matter */
}

static enum sdr_status
run_session(struct round *round, const struct smtp_host *host,
            struct sdr_error *error)
{
    struct smtp_start start;
    enum sdr_status status = smtp_connect(&round->smtp, host, error);

    if (status != SDR_OK)
        return status;
    status = smtp_begin(&round->smtp, host, &start, error);
    round->smtputf8 = start.last.smtputf8 && !are_ascii(round);
    if (status == SDR_NOTFOUND)
        status = give_up(&start.last, "the site refuses this host", error);
    if (status == SDR_OK)
        status = send_recipients(round, error);
    smtp_close(&round->smtp);
    return status;
}

/* ---- its hosts ---- */

static void
report_no_host(const struct round *round, struct sdr_error *error)
{
    bool local = round->mx.count > 0 && round->mx.usable == 0;

    sdr_error_set(error, "mail for %s %s; see sdrctl check dns", round->domain,
                  local ? "is routed to this host" : "has no usable host");
}

/* SDR_OK if it gave an answer for a recipient; SDR_NOTFOUND: no route to it;
 * SDR_TEMPFAIL with the reason. */
static enum sdr_status
try_address(struct round *round, const struct mx_host *host, unsigned index,
            struct sdr_error *error)
{
    size_t left = count_left(round);
    struct smtp_host to;

    if (!network_host(round->network, host, index, round->port, &to))
        return SDR_NOTFOUND;
    if (run_session(round, &to, error) == SDR_OK || count_left(round) < left)
        return SDR_OK;
    sdr_error_prefix(error, "%s", host->name);
    return SDR_TEMPFAIL;
}

/* Try the hosts in order, until one gives an answer. */
static enum sdr_status
try_hosts(struct round *round, struct sdr_error *error)
{
    unsigned tried = 0;

    report_no_host(round, error);
    for (unsigned i = 0; i < round->mx.usable; i++) {
        const struct mx_host *host = &round->mx.hosts[i];

        for (unsigned j = 0; j < host->addresses.count && tried < ADDRESSES_MAX;
             j++) {
            enum sdr_status status;

            if (sdr_clock() >= round->end)
                return SDR_TEMPFAIL;
            status = try_address(round, host, j, error);
            if (status == SDR_OK)
                return SDR_OK;
            tried += status == SDR_TEMPFAIL;
        }
    }
    return SDR_TEMPFAIL;
}

static enum sdr_status
run_round(struct round *round, const struct sdr_site *site,
          struct sdr_error *error)
{
    enum sdr_status status = SDR_OK;

    network_find(round->network, site, round->domain, &round->mx, &round->port);
    while (status == SDR_OK && count_left(round) > 0)
        status = try_hosts(round, error);
    return status;
}

/* ---- all ---- */

static struct verify_item *
next_untried(struct verification *verification)
{
    for (size_t i = 0; i < verification->count; i++) {
        if (verification->items[i].result == VERIFY_UNTRIED)
            return &verification->items[i];
    }
    return NULL;
}

enum sdr_status
verify_all(struct verification *verification, const struct sdr_site *site,
           struct network *network, void (*catch_all)(void *, const char *),
           void *arg, struct sdr_error *error)
{
    int64_t most =
        TIMEOUTS * (int64_t)network->timeout + (int64_t)verification->count;
    int64_t end = sdr_clock() + most * SECOND;
    enum sdr_status status = SDR_OK;
    const struct verify_item *item;

    while (status == SDR_OK && (item = next_untried(verification)) != NULL) {
        struct round round = {.verification = verification,
                              .network = network,
                              .domain = domain_of(item->target),
                              .end = end};

        status = run_round(&round, site, error);
        if (round.accepts_anybody)
            catch_all(arg, round.domain);
    }
    return status;
}
