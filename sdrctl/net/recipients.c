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
#include "net/recipient_session.h"

/* The time limit of one run, in timeouts. Each recipient adds to it. */
enum { TIMEOUTS = 10, SECOND = 1000 };
/* The maximum number of addresses tried for one domain. */
enum { ADDRESSES_MAX = 16 };

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

/* ---- the hosts of a domain ---- */

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

/* Test the recipients at one address of a host. Returns SDR_OK if any recipient
 * got a result; SDR_NOTFOUND if there is no route; or SDR_TEMPFAIL with the
 * reason. */
static enum sdr_status
try_address(struct round *round, const struct mx_host *host, unsigned index,
            struct sdr_error *error)
{
    size_t first = round->first;
    struct smtp_host to;

    if (!network_host(round->check->network, host, index, round->port, &to))
        return SDR_NOTFOUND;
    if (round_run_session(round, &to, error) == SDR_OK || round->first > first)
        return SDR_OK;
    round->careful |= round->batch > 1; /* PIPELINING may not work */
    sdr_error_prefix(error, "%s", host->name);
    return SDR_TEMPFAIL;
}

/* Try the hosts in order, until one gives a result. */
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
    while (status == SDR_OK && !round_is_done(round))
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

/* Test the untried recipients of one domain. ROUND is reused. */
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
    if (!round->check->stops) /* it must not delay the others */
        add_to_queue(round, round->probe);
    return round_is_done(round) ? SDR_OK : run_round(round, error);
}

/* Test all untried recipients. Sets the error to the first reason. */
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

/* Set deferred recipients to untried. Returns the number of untried ones. */
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
        done =
            recipients->count - try_again(recipients->items, recipients->count);
        (void)try_again(recipients->probes, recipients->probe_count);
        if (check->waits != NULL)
            check->waits(check->arg);
        (void)poll(NULL, 0, (int)check->retry_after * SECOND);
        status = check_once(&round, recipients, error);
    }
    free(round.queue);
    return status;
}
