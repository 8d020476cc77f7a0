/* recipient_session.c - see recipient_session.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/recipient_session.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decision/address.h"
#include "net/clock.h"

enum { SECOND = 1000 };
/* The recipients sent at once, and those in one message. A host must accept at
 * least 100 (RFC 5321, 4.5.3.1.8). */
enum { BATCH = 50, PER_MESSAGE = 100 };

/* ---- the queue ---- */

bool
round_is_done(const struct round *round)
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

/* Remove those of the next COUNT recipients that have a result from the queue.
 */
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

/* ---- an SMTP session; it ends if a function returns SDR_TEMPFAIL ---- */

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

/* True if the host refuses more recipients in one message (RFC 5321,
 * 4.5.3.1.10). */
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

/* True if the address is a valid path and cannot be read as another command or
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

/* Queue RCPT TO. An address that cannot be sent is set to rejected. */
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

/* Wait until the rate permits COUNT recipients. Returns SDR_TEMPFAIL if the
 * time limit is reached. */
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

    while (status == SDR_OK && !round_is_done(round)) {
        if (round->full || round->taken >= PER_MESSAGE)
            status = begin_another(round, error);
        if (status == SDR_OK)
            status = send_batch(round, error);
    }
    if (status == SDR_OK
        && smtp_command(round->smtp, &reply, NULL, "RSET") == SDR_OK
        && smtp_command(round->smtp, &reply, NULL, "QUIT") == SDR_OK)
        return SDR_OK;
    return status; /* an error in RSET or QUIT does not matter */
}

enum sdr_status
round_run_session(struct round *round, const struct smtp_host *host,
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
