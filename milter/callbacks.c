/* callbacks.c - see callbacks.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "callbacks.h"

#include <string.h>
#include <strings.h>

#include "clock.h"
#include "decide.h"
#include "edit.h"
#include "say.h"
#include "service.h"

/* Longer than RFC 3461 lets a NOTIFY or an ORCPT be. */
enum { PARAMETER_MAX = 1000 };

void
callbacks_mail(struct message *message)
{
    message_clear(message);
    message->began = sdr_clock();
}

/* Which mailbox is it? What the client said; or if that is none ("dave",
 * "<alice@example.com >") what the MTA has read in it. Returns false if the
 * MTA's own map has made another one of it: its decision, not ours. */
static bool
find_mailbox(struct recipient *recipient)
{
    struct sdr_address resolved;
    bool has_resolved =
        recipient->resolved != NULL
        && sdr_address_parse(&resolved, recipient->resolved) == SDR_OK;

    recipient->has_mailbox =
        sdr_address_parse(&recipient->mailbox, recipient->given) == SDR_OK;
    recipient->key = recipient->given;
    if (!has_resolved)
        return true;
    if (!recipient->has_mailbox) {
        recipient->mailbox = resolved;
        recipient->key = recipient->resolved;
        recipient->has_mailbox = true;
        return true;
    }
    if (sdr_address_same(&recipient->mailbox, &resolved))
        return true;
    recipient->mailbox = resolved;
    return false;
}

static bool
take_parameters(struct recipient *recipient, struct packet_strings *parameters)
{
    const char *text;

    while ((text = packet_string(parameters)) != NULL) {
        char **field = NULL;

        if (strncasecmp(text, "NOTIFY=", 7) == 0)
            field = &recipient->notify;
        else if (strncasecmp(text, "ORCPT=", 6) == 0)
            field = &recipient->orcpt;
        if (field == NULL || *field != NULL || strlen(text) > PARAMETER_MAX)
            continue;
        *field = strdup(text);
        if (*field == NULL)
            return false;
    }
    return true;
}

static void
tell_mapped(const struct mta *mta, const struct recipient *recipient)
{
    char given[1024], resolved[1024];

    sdr_log_clean(given, sizeof given, recipient->given,
                  strlen(recipient->given), "\"\\");
    sdr_log_clean(resolved, sizeof resolved, recipient->resolved,
                  strlen(recipient->resolved), "\"\\");
    say(LOG_NOTICE,
        "%s: rcpt=\"%s\" verdict=pass reason=\"the MTA has mapped it already\" "
        "mapped=\"%s\"",
        edit_queue_id(mta), given, resolved);
}

static void
ask(const struct message *message, const char *key, struct sdr_verdict *verdict)
{
    decide_about(DECIDE_MILTER, message->sdr, key, service_is_verbose(),
                 verdict);
}

/* Sendmail asks our own lookup table before it asks the milter. True if what it
 * has mapped the recipient to is what we say: then there is nothing to do, but
 * the message leaves. */
static bool
is_ours(struct message *message, struct recipient *recipient)
{
    struct sdr_verdict verdict;

    if (sdr_get_config(message->sdr)->milter.map_socket == NULL)
        return false;
    ask(message, recipient->given, &verdict);
    for (unsigned i = 0; i < verdict.target_count; i++) {
        struct sdr_address target;

        if (sdr_address_parse(&target, verdict.targets[i].address) == SDR_OK
            && sdr_address_same(&target, &recipient->mailbox)) {
            recipient->leaves = verdict.leaves;
            return true;
        }
    }
    return false;
}

/* Mail that does not come by SMTP (Postfix: no {rcpt_mailer}) must not be
 * refused at RCPT: it would be retried for ever; nor a local user of Sendmail
 * by whose name another one stays. An unknown recipient bounces by the MTA's
 * own hand, if it does not know him; one that is not sure defers the message.
 */
static enum mta_answer
refuse(struct mta *mta, struct message *message, struct recipient *recipient,
       const struct sdr_verdict *verdict)
{
    struct sdr_reply reply = verdict->reply;

    if (macros_find(&mta->macros, "{rcpt_mailer}") != NULL
        && !message_shares_name(message, recipient)) {
        say(recipient->priority, "%s: %s", edit_queue_id(mta), recipient->line);
        return mta_reply(mta, &reply);
    }
    recipient->kind = SDR_PASS;
    if (verdict->kind == SDR_DEFER) {
        message->deferred = reply;
        say(recipient->priority, "%s: %s", edit_queue_id(mta), recipient->line);
    }
    return MTA_CONTINUE;
}

static enum mta_answer
decide(struct mta *mta, struct message *message, struct recipient *recipient)
{
    struct sdr_verdict verdict;

    ask(message, recipient->key, &verdict);
    if (!message_decide(message, recipient, &verdict))
        return MTA_TEMPFAIL;
    switch (verdict.kind) {
    case SDR_PASS:
    case SDR_REDIRECT:
    case SDR_COPY:
    case SDR_ROUTE:
        return MTA_CONTINUE;
    case SDR_REJECT:
    case SDR_DEFER:
        return refuse(mta, message, recipient, &verdict);
    }
    return MTA_TEMPFAIL;
}

static enum mta_answer
take_recipient(struct mta *mta, struct message *message, const char *given,
               struct packet_strings *parameters)
{
    const char *resolved = macros_find(&mta->macros, "{rcpt_addr}");
    struct recipient *recipient;
    enum mta_answer answer;

    if (resolved != NULL && resolved[0] == '\0')
        resolved = NULL;
    recipient = message_add(message, given, resolved);
    if (recipient == NULL)
        return MTA_TEMPFAIL;
    if (!take_parameters(recipient, parameters)) {
        message_remove_last(message);
        return MTA_TEMPFAIL;
    }
    if (!find_mailbox(recipient)) {
        recipient->kind = SDR_PASS;
        if (!is_ours(message, recipient))
            tell_mapped(mta, recipient);
        return MTA_CONTINUE;
    }
    if (message_decide_again(message, recipient))
        return MTA_CONTINUE;
    answer = decide(mta, message, recipient);
    if (answer != MTA_CONTINUE)
        message_remove_last(message);
    return answer;
}

enum mta_answer
callbacks_rcpt(struct mta *mta, struct message *message, const char *given,
               struct packet_strings *parameters)
{
    const char *mailer = macros_find(&mta->macros, "{rcpt_mailer}");
    const char *version = macros_find(&mta->macros, "v");

    if (mailer != NULL && strcmp(mailer, "error") == 0)
        return MTA_CONTINUE; /* the MTA has refused it already */
    if (message->sdr == NULL)
        message->sdr = service_get();
    message->from_postfix =
        version != NULL && strncmp(version, "Postfix", 7) == 0;
    message->from_sendmail = version != NULL && strncmp(version, "8.", 2) == 0;
    return take_recipient(mta, message, given, parameters);
}

void
callbacks_header(struct message *message, const char *name, const char *value)
{
    if (message->sdr != NULL && strcasecmp(name, SDR_MARK_HEADER) == 0)
        sdr_route_mark(sdr_get_config(message->sdr), &message->marks, value);
}

enum mta_answer
callbacks_eom(struct mta *mta, struct message *message)
{
    enum mta_answer answer = MTA_CONTINUE;

    if (message->count > 0)
        answer = edit_message(mta, message);
    message_clear(message);
    return answer;
}
