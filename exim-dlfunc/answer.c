/* answer.c - see answer.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "answer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "decision/address.h"

SDR_PRINTF(3, 4)
static void
append(char *out, size_t size, const char *format, ...)
{
    size_t used = strlen(out);
    va_list args;

    va_start(args, format);
    vsnprintf(out + used, size - used, format, args);
    va_end(args);
}

void
answer_recipient(char out[ANSWER_RECIPIENT_SIZE], const char *given)
{
    const char *at = strrchr(given, '@');

    if (at == NULL || at == given || given[0] == '<'
        || strlen(given) > SDR_ADDRESS_MAX
        || !sdr_address_requote(given, (size_t)(at - given), out,
                                ANSWER_RECIPIENT_SIZE - strlen(at)))
        snprintf(out, ANSWER_RECIPIENT_SIZE, "%s", given);
    else
        strcat(out, at);
}

static void
append_item(char *out, size_t size, const char *separator, const char *item)
{
    append(out, size, "%s%s", out[0] == '\0' ? "" : separator, item);
}

static void
append_address(char *out, size_t size, const char *address)
{
    append(out, size, "%s<%s>", out[0] == '\0' ? "" : ", ", address);
}

void
answer_refusal(char *out, size_t size, const struct sdr_reply *reply)
{
    snprintf(out, size, ":%s: %s %s %s",
             reply->code[0] == '5' ? "fail" : "defer", reply->code,
             reply->enhanced, reply->text);
}

/* The recipient itself, which stays here beside the targets. */
static void
keep(char *out, size_t size, const char *recipient)
{
    char text[SDR_ADDRESS_MAX + 1];
    struct sdr_address address;

    if (sdr_address_parse(&address, recipient) != SDR_OK)
        return; /* then the verdict is pass */
    sdr_address_format(&address, text, sizeof text);
    append_address(out, size, text);
}

static void
append_targets(char *out, size_t size, const struct sdr_verdict *verdict)
{
    for (unsigned i = 0; i < verdict->target_count; i++)
        append_address(out, size, verdict->targets[i].address);
}

void
answer_route(char *out, size_t size, const char *recipient,
             const struct sdr_verdict *verdict)
{
    out[0] = '\0';
    switch (verdict->kind) {
    case SDR_PASS:
        return;
    case SDR_ROUTE:
    case SDR_COPY:
        if (verdict->target_count > 0) /* else it is for another router */
            keep(out, size, recipient);
        append_targets(out, size, verdict);
        return;
    case SDR_REDIRECT:
        append_targets(out, size, verdict);
        return;
    case SDR_REJECT:
    case SDR_DEFER:
        answer_refusal(out, size, &verdict->reply);
        return;
    }
}

void
answer_verify(char *out, size_t size, const char *recipient,
              const struct sdr_verdict *verdict)
{
    out[0] = '\0';
    if (verdict->kind != SDR_COPY && verdict->kind != SDR_ROUTE)
        answer_route(out, size, recipient, verdict);
}

bool
answer_route_leaves(const struct sdr_verdict *verdict)
{
    for (unsigned i = 0; i < verdict->target_count; i++) {
        if (verdict->targets[i].site != verdict->config->this_site)
            return true;
    }
    return false;
}

void
answer_next_hop(char *out, size_t size, const struct sdr_verdict *verdict)
{
    out[0] = '\0';
    /* "<;": a list in which the colon of host:port is not a separator. A blank
     * would end it. */
    if (verdict->kind == SDR_ROUTE)
        append(out, size, "<;%s", verdict->next_hop);
}

void
answer_owner(char *out, size_t size, const struct sdr_verdict *verdict)
{
    const struct sdr_config *config = verdict->config;

    out[0] = '\0';
    if (verdict->reply.code != NULL) {
        answer_refusal(out, size, &verdict->reply);
        return;
    }
    if (!verdict->decided)
        return;
    if (verdict->kind == SDR_PASS || verdict->kind == SDR_COPY)
        append_item(out, size, ",", config->sites[config->this_site].name);
    for (unsigned i = 0; i < config->site_count; i++) {
        if (i != config->this_site && (verdict->sites & (sdr_sites)1 << i) != 0)
            append_item(out, size, ",", config->sites[i].name);
    }
}
