/* recipients.c - see recipients.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/recipients.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "array.h"
#include "decision/address.h"
#include "net/clock.h"

/* The time limit in timeouts; each recipient adds to it. */
enum { TIMEOUTS = 10, SECOND = 1000 };
/* The number of addresses tried for one domain. */
enum { ADDRESSES_MAX = 16 };
/* The recipients sent at once; and those of one message, of which a host must
 * accept 100 (RFC 5321, 4.5.3.1.8). */
enum { BATCH = 50, PER_MESSAGE = 100 };

/* ---- the recipients ---- */

const char *
recipient_domain(const struct recipient *recipient)
{
    return strrchr(recipient->address, '@') + 1;
}

static bool
find_probe(struct recipients *recipients, const char *domain, size_t *index)
{
    char address[SDR_ADDRESS_MAX + 64];
    struct recipient probe = {.result = RECIPIENT_UNTRIED};

    for (*index = 0; *index < recipients->probe_count; ++*index) {
        if (strcasecmp(recipient_domain(&recipients->probes[*index]), domain)
            == 0)
            return true;
    }
    smtp_invent(address, sizeof address, domain);
    probe.address = strdup(address);
    if (probe.address != NULL
        && sdr_array_append(&recipients->probes, &recipients->probe_count,
                            &recipients->probe_room, &probe, sizeof probe))
        return true;
    free(probe.address);
    return false;
}

bool
recipients_add(struct recipients *recipients, const char *address)
{
    struct recipient item = {.address = strdup(address)};

    if (item.address != NULL
        && find_probe(recipients, recipient_domain(&item), &item.probe)
        && sdr_array_append(&recipients->items, &recipients->count,
                            &recipients->room, &item, sizeof item))
        return true;
    free(item.address);
    return false;
}

static void
clear_items(struct recipient *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(items[i].address);
        free(items[i].reply);
    }
    free(items);
}

void
recipients_clear(struct recipients *recipients)
{
    clear_items(recipients->items, recipients->count);
    clear_items(recipients->probes, recipients->probe_count);
    *recipients = (struct recipients){.items = NULL};
}

/* ---- the recipients of one domain, which has the same hosts ---- */

struct round {
    const struct recipient_check *check;
    struct recipient *probe;
    struct recipient **queue; /* from FIRST on those without a result */
    size_t first, count;
    struct mx mx;
    uint16_t port;
    int64_t end;
    int64_t *next; /* when the next recipient may be sent */
    size_t *done;  /* recipients with a result, of all domains */
    bool ascii;    /* all addresses are */
    bool careful;  /* one command at a time */
    /* the current session */
    struct smtp *smtp;
    bool smtputf8; /* there are non-ASCII addresses, and the host supports them
                    */
    size_t batch;
    /* the current message */
    size_t taken, limit; /* of recipients, as far as it is known */
    bool full;
};

/* Nothing is to be asked any more. */
static bool
is_done(const struct round *round)
{
    return round->first == round->count
           || (round->check->stops
               && round->probe->result == RECIPIENT_ACCEPTED);
}

static void
set_result(struct recipient *item, const struct smtp_reply *reply)
{
    item->result = reply->code < 300    ? RECIPIENT_ACCEPTED
                   : reply->code >= 500 ? RECIPIENT_REJECTED
                                        : RECIPIENT_DEFERRED;
    free(item->reply);
    if (asprintf(&item->reply, "%d %s", reply->code, reply->line) < 0)
        item->reply = NULL;
}

/* Leave out of the queue those of the last COUNT that have a result. */
static void
shorten_queue(struct round *round, size_t count)
{
    size_t end = round->first + count, to = end;

    for (size_t i = end; i > round->first; i--) {
        if (round->queue[i - 1]->result == RECIPIENT_UNTRIED)
            round->queue[--to] = round->queue[i - 1];
        else if (round->queue[i - 1] != round->probe)
            ++*round->done;
    }
    round->first = to;
    if (round->check->progress != NULL)
        round->check->progress(round->check->arg, *round->done);
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
begin_message(struct round *round, struct sdr_error *error)
{
    struct smtp_reply reply;

    round->taken = 0;
    round->full = false;
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
    return begin_message(round, error);
}

/* Too many recipients for one message (RFC 5321, 4.5.3.1.10). */
static bool
is_full(const struct round *round, const struct smtp_reply *reply)
{
    return round->taken > 0 && (reply->code == 452 || reply->code == 552);
}

static enum sdr_status
read_result(struct round *round, struct recipient *item,
            struct sdr_error *error)
{
    struct smtp_reply reply;

    if (smtp_read(round->smtp, &reply, error) != SDR_OK)
        return SDR_TEMPFAIL;
    if (reply.code == 421)
        return give_up(&reply, item->address, error);
    if (is_full(round, &reply)) {
        round->full = true;
        round->limit = round->taken;
        return SDR_OK;
    }
    set_result(item, &reply);
    round->taken += item->result == RECIPIENT_ACCEPTED;
    return SDR_OK;
}

/* True if nothing in the address could be read as another command or
 * parameter. */
static bool
is_path(const char *address)
{
    struct sdr_address parsed;
    char text[SDR_ADDRESS_MAX + 3];

    snprintf(text, sizeof text, "<%s>", address);
    return sdr_address_parse_path(&parsed, text) == SDR_OK
           && parsed.local[0] != '\0'
           && strpbrk(strrchr(address, '@'), "<> ") == NULL
           && strncmp(parsed.local, address, strlen(parsed.local)) == 0;
}

/* Queue the command; one that cannot be sent is rejected. */
static enum sdr_status
send_recipient(struct round *round, struct recipient *item,
               struct sdr_error *error)
{
    struct smtp_reply reply = {.code = 553};

    if (!is_path(item->address))
        snprintf(reply.line, sizeof reply.line,
                 "the address cannot be written in SMTP");
    else if (!round->smtputf8
             && !sdr_is_ascii(item->address, strlen(item->address)))
        snprintf(reply.line, sizeof reply.line,
                 "non-ASCII addresses are not supported (SMTPUTF8 is not "
                 "offered)");
    else
        return smtp_queue(round->smtp, error, "RCPT TO:<%s>", item->address);
    set_result(item, &reply);
    return SDR_OK;
}

static size_t
batch_size(const struct round *round)
{
    size_t left = round->count - round->first, size = round->batch;
    size_t rate = round->check->rate;

    if (round->queue[round->first] == round->probe && round->check->stops)
        return 1;
    if (rate > 0 && size > rate)
        size = rate;
    if (round->limit > round->taken && size > round->limit - round->taken)
        size = round->limit - round->taken;
    return size < left ? size : left;
}

/* Wait until COUNT recipients may be sent. SDR_TEMPFAIL: not in time. */
static enum sdr_status
wait_for_rate(struct round *round, size_t count, struct sdr_error *error)
{
    int64_t now = sdr_clock();

    if (now >= round->end || *round->next >= round->end) {
        sdr_error_set(error, "timed out");
        return SDR_TEMPFAIL;
    }
    if (round->check->rate == 0)
        return SDR_OK;
    if (*round->next > now)
        (void)poll(NULL, 0, (int)(*round->next - now));
    else
        *round->next = now;
    *round->next += (int64_t)(count * SECOND / round->check->rate);
    return SDR_OK;
}

static enum sdr_status
send_batch(struct round *round, struct sdr_error *error)
{
    struct recipient **items = round->queue + round->first;
    size_t count = batch_size(round);
    enum sdr_status status = wait_for_rate(round, count, error);

    for (size_t i = 0; status == SDR_OK && i < count; i++)
        status = send_recipient(round, items[i], error);
    if (status == SDR_OK)
        status = smtp_flush(round->smtp, error);
    for (size_t i = 0; status == SDR_OK && i < count; i++) {
        if (items[i]->result == RECIPIENT_UNTRIED)
            status = read_result(round, items[i], error);
    }
    shorten_queue(round, count);
    return status;
}

static enum sdr_status
send_recipients(struct round *round, struct sdr_error *error)
{
    enum sdr_status status = begin_message(round, error);
    struct smtp_reply reply;

    while (status == SDR_OK && !is_done(round)) {
        if (round->full || round->taken >= PER_MESSAGE)
            status = begin_another(round, error);
        if (status == SDR_OK)
            status = send_batch(round, error);
    }
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

    round->batch = 0;
    if (status != SDR_OK)
        return status;
    status = smtp_begin(&round->smtp, host, &start, error);
    round->smtputf8 = start.last.smtputf8 && !round->ascii;
    round->batch = start.last.pipelining && !round->careful ? BATCH : 1;
    round->limit = 0;
    if (status == SDR_NOTFOUND)
        status = give_up(&start.last, "the site refuses this host", error);
    if (status == SDR_OK) {
        smtp_set_end(round->smtp, round->end);
        status = send_recipients(round, error);
    }
    smtp_close(&round->smtp);
    return status;
}

/* ---- its hosts ---- */

static void
report_no_host(const struct round *round, struct sdr_error *error)
{
    bool local = round->mx.count > 0 && round->mx.usable == 0;

    if (round->check->host != NULL)
        sdr_error_set(error, "%s has no usable address", round->check->host);
    else
        sdr_error_set(error, "mail for %s %s; see sdrctl check dns",
                      recipient_domain(round->probe),
                      local ? "is routed to this host" : "has no usable host");
}

/* SDR_OK if it gave an answer for a recipient; SDR_NOTFOUND: no route to it;
 * SDR_TEMPFAIL with the reason. */
static enum sdr_status
try_address(struct round *round, const struct mx_host *host, unsigned index,
            struct sdr_error *error)
{
    size_t first = round->first;
    struct smtp_host to;

    if (!network_host(round->check->network, host, index, round->port, &to))
        return SDR_NOTFOUND;
    if (run_session(round, &to, error) == SDR_OK || round->first > first)
        return SDR_OK;
    round->careful |= round->batch > 1; /* perhaps it cannot do PIPELINING */
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

static void
set_reason(struct round *round, const struct sdr_error *error)
{
    for (size_t i = round->first; i < round->count; i++) {
        free(round->queue[i]->reply);
        round->queue[i]->reply = strdup(error->text);
    }
}

static enum sdr_status
run_round(struct round *round, struct sdr_error *error)
{
    const struct recipient_check *check = round->check;
    enum sdr_status status = SDR_OK;

    if (check->host != NULL)
        network_find_host(check->network, check->host, &round->mx,
                          &round->port);
    else
        network_find(check->network, check->site,
                     recipient_domain(round->probe), &round->mx, &round->port);
    while (status == SDR_OK && !is_done(round))
        status = try_hosts(round, error);
    if (status != SDR_OK)
        set_reason(round, error);
    return status;
}

/* ---- all ---- */

static void
add_to_queue(struct round *round, struct recipient *item)
{
    if (item->result != RECIPIENT_UNTRIED)
        return;
    round->queue[round->count++] = item;
    round->ascii &= sdr_is_ascii(item->address, strlen(item->address));
}

/* Try those of one domain that are untried. ROUND is reused. */
static enum sdr_status
check_domain(struct round *round, struct recipients *recipients, size_t probe,
             struct sdr_error *error)
{
    round->probe = &recipients->probes[probe];
    round->first = round->count = 0;
    round->ascii = true;
    round->careful = false;
    if (round->check->stops)
        add_to_queue(round, round->probe);
    for (size_t i = 0; i < recipients->count; i++) {
        if (recipients->items[i].probe == probe)
            add_to_queue(round, &recipients->items[i]);
    }
    if (!round->check->stops) /* it must not stand in the way of others */
        add_to_queue(round, round->probe);
    return is_done(round) ? SDR_OK : run_round(round, error);
}

/* Try those that are untried. The first reason counts. */
static enum sdr_status
check_once(struct round *round, struct recipients *recipients,
           struct sdr_error *error)
{
    const struct recipient_check *check = round->check;
    int64_t each = check->each + (check->rate > 0 ? 1 : 0);
    int64_t seconds = TIMEOUTS * (int64_t)check->network->timeout
                      + each * (int64_t)(recipients->count - *round->done);
    enum sdr_status status = SDR_OK;

    round->end = sdr_clock() + seconds * SECOND;
    for (size_t i = 0; i < recipients->probe_count; i++) {
        struct sdr_error reason = {""};

        if (check_domain(round, recipients, i, &reason) == SDR_OK)
            continue;
        if (status == SDR_OK && error != NULL)
            *error = reason;
        status = SDR_TEMPFAIL;
    }
    return status;
}

/* Those temporarily refused are untried again. The number of untried ones. */
static size_t
try_again(struct recipient *items, size_t count)
{
    size_t untried = 0;

    for (size_t i = 0; i < count; i++) {
        if (items[i].result == RECIPIENT_DEFERRED)
            items[i].result = RECIPIENT_UNTRIED;
        untried += items[i].result == RECIPIENT_UNTRIED;
    }
    return untried;
}

static bool
is_unsure(const struct recipients *recipients)
{
    for (size_t i = 0; i < recipients->count; i++) {
        const struct recipient *item = &recipients->items[i];
        const struct recipient *probe = &recipients->probes[item->probe];

        if ((item->result != RECIPIENT_ACCEPTED
             && item->result != RECIPIENT_REJECTED
             && probe->result != RECIPIENT_ACCEPTED)
            || probe->result == RECIPIENT_UNTRIED
            || probe->result == RECIPIENT_DEFERRED)
            return true;
    }
    return false;
}

enum sdr_status
recipients_check(const struct recipient_check *check,
                 struct recipients *recipients, struct sdr_error *error)
{
    int64_t next = 0;
    size_t done = 0;
    struct round round = {.check = check, .next = &next, .done = &done};
    enum sdr_status status;

    round.queue = calloc(recipients->count + 1, sizeof(struct recipient *));
    if (round.queue == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    status = check_once(&round, recipients, error);
    for (unsigned i = 0; i < check->retries && is_unsure(recipients); i++) {
        (void)poll(NULL, 0, (int)check->retry_after * SECOND);
        done =
            recipients->count - try_again(recipients->items, recipients->count);
        (void)try_again(recipients->probes, recipients->probe_count);
        status = check_once(&round, recipients, error);
    }
    free(round.queue);
    return status;
}
