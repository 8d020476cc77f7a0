/* callbacks.c - see callbacks.h: libmilter's words into ours and back
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "callbacks.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libmilter/mfapi.h>

#include "clock.h"
#include "decide.h"
#include "edit.h"
#include "message.h"
#include "say.h"
#include "service.h"

/* What routing needs, and what we use if the MTA lets us. */
static const unsigned long needed_actions =
    SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_ADDHDRS;
static const unsigned long wanted_actions =
    SMFIF_ADDRCPT_PAR | SMFIF_SETSYMLIST;

/* Steps that we do not need. MAIL stays: a new message must never find the
 * recipients of one that was given up. */
static const unsigned long unwanted_steps = SMFIP_NOCONNECT | SMFIP_NOHELO
                                            | SMFIP_NODATA | SMFIP_NOEOH
                                            | SMFIP_NOBODY | SMFIP_NOUNKNOWN;

/* Steps that we never answer. To an MTA that waits for an answer libmilter
 * gives one. */
static const unsigned long silent_steps = SMFIP_NR_MAIL | SMFIP_NR_HDR;

/* Longer than RFC 3461 lets a NOTIFY or an ORCPT be. */
enum { PARAMETER_MAX = 1000 };

static bool be_verbose;

static char *
macro(SMFICTX *ctx, const char *name)
{
    return smfi_getsymval(ctx, (char *)(uintptr_t)name);
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
             unsigned long f3, unsigned long *pf0, unsigned long *pf1,
             unsigned long *pf2, unsigned long *pf3)
{
    (void)f2;
    (void)f3;
    /* Not refused: an MTA may be told to go on without a milter that is away.
     * An edit that it does not allow defers its message. */
    if ((f0 & needed_actions) != needed_actions)
        say(LOG_ERR, "the MTA refuses what routing needs (to add and delete "
                     "recipients, to add headers): mail that has to be "
                     "redirected is deferred");
    *pf0 = f0 & (needed_actions | wanted_actions);
    *pf1 = (f1 & unwanted_steps) | silent_steps;
    *pf2 = *pf3 = 0;
    if ((f0 & SMFIF_SETSYMLIST) != 0)
        smfi_setsymlist(ctx, SMFIM_ENVRCPT,
                        (char *)(uintptr_t) "i v {rcpt_mailer} {rcpt_addr}");
    return SMFIS_CONTINUE;
}

/* The message under way, made if there is none; NULL without memory. A
 * connection may end and a new one begin without a negotiation (QUIT_NC). */
static struct message *
get_message(SMFICTX *ctx)
{
    struct message *message = smfi_getpriv(ctx);

    if (message == NULL) {
        message = calloc(1, sizeof *message);
        if (message != NULL)
            message->began = sdr_clock();
        smfi_setpriv(ctx, message);
    }
    return message;
}

static sfsistat
on_envfrom(SMFICTX *ctx, char **argv)
{
    struct message *message = get_message(ctx);

    (void)argv;
    if (message != NULL) {
        message_clear(message);
        message->began = sdr_clock();
    }
    return SMFIS_NOREPLY;
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
take_parameters(struct recipient *recipient, char **argv)
{
    for (char **arg = argv + 1; *arg != NULL; arg++) {
        char **field = NULL;

        if (strncasecmp(*arg, "NOTIFY=", 7) == 0)
            field = &recipient->notify;
        else if (strncasecmp(*arg, "ORCPT=", 6) == 0)
            field = &recipient->orcpt;
        if (field == NULL || *field != NULL || strlen(*arg) > PARAMETER_MAX)
            continue;
        *field = strdup(*arg);
        if (*field == NULL)
            return false;
    }
    return true;
}

static void
tell_mapped(SMFICTX *ctx, const struct recipient *recipient)
{
    char given[1024], resolved[1024];

    sdr_log_clean(given, sizeof given, recipient->given,
                  strlen(recipient->given), "\"\\");
    sdr_log_clean(resolved, sizeof resolved, recipient->resolved,
                  strlen(recipient->resolved), "\"\\");
    say(LOG_NOTICE,
        "%s: rcpt=\"%s\" verdict=pass reason=\"the MTA has mapped it already\" "
        "mapped=\"%s\"",
        edit_queue_id(ctx), given, resolved);
}

/* Ask for the verdict.
 * libmilter starts a thread for a peer if it knows of no idle one. Peers that
 * speak in the same moment are all left to the same idle one, and then wait for
 * each other's answers: one after the other from a directory that is silent. A
 * new peer makes it count again. */
static void
ask(const struct message *message, const char *key, struct sdr_verdict *verdict)
{
    service_wake();
    decide_about(DECIDE_MILTER, message->sdr, key, be_verbose, verdict);
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
static sfsistat
refuse(SMFICTX *ctx, struct message *message, struct recipient *recipient,
       const struct sdr_verdict *verdict)
{
    struct sdr_reply reply = verdict->reply;

    if (macro(ctx, "{rcpt_mailer}") != NULL
        && !message_shares_name(message, recipient)) {
        say(recipient->priority, "%s: %s", edit_queue_id(ctx), recipient->line);
        return edit_reply(ctx, &reply);
    }
    recipient->kind = SDR_PASS;
    if (verdict->kind == SDR_DEFER) {
        message->deferred = reply;
        say(recipient->priority, "%s: %s", edit_queue_id(ctx), recipient->line);
    }
    return SMFIS_CONTINUE;
}

static sfsistat
decide(SMFICTX *ctx, struct message *message, struct recipient *recipient)
{
    struct sdr_verdict verdict;

    ask(message, recipient->key, &verdict);
    if (!message_decide(message, recipient, &verdict))
        return SMFIS_TEMPFAIL;
    switch (verdict.kind) {
    case SDR_PASS:
    case SDR_REDIRECT:
    case SDR_COPY:
    case SDR_ROUTE:
        return SMFIS_CONTINUE;
    case SDR_REJECT:
    case SDR_DEFER:
        return refuse(ctx, message, recipient, &verdict);
    }
    return SMFIS_TEMPFAIL;
}

static sfsistat
take_recipient(SMFICTX *ctx, struct message *message, char **argv)
{
    const char *resolved = macro(ctx, "{rcpt_addr}");
    struct recipient *recipient;
    sfsistat status;

    if (resolved != NULL && resolved[0] == '\0')
        resolved = NULL;
    recipient = message_add(message, argv[0], resolved);
    if (recipient == NULL)
        return SMFIS_TEMPFAIL;
    if (!take_parameters(recipient, argv)) {
        message_remove_last(message);
        return SMFIS_TEMPFAIL;
    }
    if (!find_mailbox(recipient)) {
        recipient->kind = SDR_PASS;
        if (!is_ours(message, recipient))
            tell_mapped(ctx, recipient);
        return SMFIS_CONTINUE;
    }
    if (message_decide_again(message, recipient))
        return SMFIS_CONTINUE;
    status = decide(ctx, message, recipient);
    if (status != SMFIS_CONTINUE)
        message_remove_last(message);
    return status;
}

static sfsistat
on_envrcpt(SMFICTX *ctx, char **argv)
{
    struct message *message = get_message(ctx);
    const char *mailer = macro(ctx, "{rcpt_mailer}");
    const char *version = macro(ctx, "v");

    if (message == NULL)
        return SMFIS_TEMPFAIL;
    if (mailer != NULL && strcmp(mailer, "error") == 0)
        return SMFIS_CONTINUE; /* the MTA has refused it already */
    if (message->sdr == NULL)
        message->sdr = service_get();
    message->from_postfix =
        version != NULL && strncmp(version, "Postfix", 7) == 0;
    return take_recipient(ctx, message, argv);
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
    struct message *message = smfi_getpriv(ctx);

    if (message != NULL && message->sdr != NULL
        && strcasecmp(name, SDR_MARK_HEADER) == 0)
        sdr_route_mark(sdr_get_config(message->sdr), &message->marks, value);
    return SMFIS_NOREPLY;
}

static sfsistat
on_eom(SMFICTX *ctx)
{
    struct message *message = smfi_getpriv(ctx);
    sfsistat status = SMFIS_CONTINUE;

    if (message == NULL)
        return SMFIS_TEMPFAIL;
    if (message->count > 0)
        status = edit_message(ctx, message);
    message_clear(message);
    return status;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
    struct message *message = smfi_getpriv(ctx);

    if (message != NULL)
        message_clear(message);
    return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
    on_abort(ctx);
    free(smfi_getpriv(ctx));
    smfi_setpriv(ctx, NULL);
    return SMFIS_CONTINUE;
}

bool
callbacks_register(bool verbose)
{
    struct smfiDesc description = {
        .xxfi_name = (char *)(uintptr_t) "sdr-milter",
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = needed_actions | wanted_actions,
        .xxfi_envfrom = on_envfrom,
        .xxfi_envrcpt = on_envrcpt,
        .xxfi_header = on_header,
        .xxfi_eom = on_eom,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };

    be_verbose = verbose;
    return smfi_register(description) == MI_SUCCESS;
}
