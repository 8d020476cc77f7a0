/* callbacks.c - see callbacks.h: libmilter's words into ours and back
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "callbacks.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libmilter/mfapi.h>

#include "edit.h"
#include "message.h"
#include "say.h"
#include "service.h"

/* What the MTA must let us do, and what we use if it lets us. */
static const unsigned long needed_actions =
    SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_ADDHDRS;
static const unsigned long wanted_actions =
    SMFIF_ADDRCPT_PAR | SMFIF_SETSYMLIST;

/* Steps that we do not need. MAIL stays: a new message must never find the
 * recipients of one that was given up. It and the headers need no answer. */
static const unsigned long unwanted_steps =
    SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NODATA | SMFIP_NOEOH | SMFIP_NOBODY
    | SMFIP_NOUNKNOWN | SMFIP_NR_MAIL | SMFIP_NR_HDR;

/* One connection of the MTA, which carries many messages. */
struct session {
    struct message message;
    unsigned long steps; /* granted */
    bool with_parameters;
};

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
    struct session *session;

    (void)f2;
    (void)f3;
    if ((f0 & needed_actions) != needed_actions) {
        say(LOG_ERR, "the MTA lets milters not add and delete recipients and "
                     "add headers: refused to work for it");
        return SMFIS_REJECT;
    }
    session = calloc(1, sizeof *session);
    if (session == NULL || smfi_setpriv(ctx, session) != MI_SUCCESS) {
        free(session);
        return SMFIS_REJECT;
    }
    *pf0 = needed_actions | (f0 & wanted_actions);
    *pf1 = f1 & unwanted_steps;
    *pf2 = *pf3 = 0;
    session->steps = *pf1;
    session->with_parameters = (f0 & SMFIF_ADDRCPT_PAR) != 0;
    if ((f0 & SMFIF_SETSYMLIST) != 0)
        smfi_setsymlist(ctx, SMFIM_ENVRCPT,
                        (char *)(uintptr_t) "i v {rcpt_mailer} {rcpt_addr}");
    return SMFIS_CONTINUE;
}

static sfsistat
on_envfrom(SMFICTX *ctx, char **argv)
{
    struct session *session = smfi_getpriv(ctx);

    (void)argv;
    if (session == NULL)
        return SMFIS_TEMPFAIL;
    message_clear(&session->message);
    return (session->steps & SMFIP_NR_MAIL) != 0 ? SMFIS_NOREPLY
                                                 : SMFIS_CONTINUE;
}

/* Which mailbox is it? Returns false if the MTA's own map has made another one
 * of it: its decision, not ours. */
static bool
find_mailbox(struct recipient *recipient)
{
    struct sdr_address resolved;
    bool has_resolved =
        recipient->resolved != NULL
        && sdr_address_parse(&resolved, recipient->resolved) == SDR_OK;

    recipient->has_mailbox =
        sdr_address_parse(&recipient->mailbox, recipient->given) == SDR_OK;
    if (!has_resolved)
        return true;
    if (!recipient->has_mailbox) {
        recipient->mailbox = resolved;
        recipient->has_mailbox = true;
        return true;
    }
    if (sdr_address_same(&recipient->mailbox, &resolved))
        return true;
    recipient->mailbox = resolved;
    return false;
}

/* The text that the decision is about: the client's, unless it has no domain
 * and the MTA gave it one. */
static const char *
key_of(const struct recipient *recipient)
{
    if (strchr(recipient->given, '@') == NULL && recipient->resolved != NULL)
        return recipient->resolved;
    return recipient->given;
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
        if (field == NULL || *field != NULL)
            continue;
        *field = strdup(*arg);
        if (*field == NULL)
            return false;
    }
    return true;
}

static void
leave_alone(SMFICTX *ctx, struct recipient *recipient)
{
    char given[1024], resolved[1024];

    recipient->kind = SDR_PASS;
    sdr_log_clean(given, sizeof given, recipient->given,
                  strlen(recipient->given), "\"\\");
    sdr_log_clean(resolved, sizeof resolved, recipient->resolved,
                  strlen(recipient->resolved), "\"\\");
    say(LOG_NOTICE,
        "%s: rcpt=\"%s\" verdict=pass reason=\"the MTA has mapped it already\" "
        "mapped=\"%s\"",
        edit_queue_id(ctx), given, resolved);
}

/* Mail that does not come by SMTP (Postfix: no {rcpt_mailer}) must not be
 * refused at RCPT: it would be retried for ever. An unknown recipient bounces
 * by the MTA's own hand; one that is not sure defers the message. */
static sfsistat
refuse(SMFICTX *ctx, struct message *message, struct recipient *recipient,
       const struct sdr_verdict *verdict)
{
    struct sdr_reply reply = verdict->reply;

    if (macro(ctx, "{rcpt_mailer}") != NULL) {
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
    int debug = LOG_DEBUG;
    struct sdr_trace trace = {say_line, &debug};
    struct sdr_verdict verdict;

    sdr_decide(message->sdr, key_of(recipient), be_verbose ? &trace : NULL,
               &verdict);
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
    struct recipient *recipient =
        message_add(message, argv[0], macro(ctx, "{rcpt_addr}"));
    sfsistat status;

    if (recipient == NULL)
        return SMFIS_TEMPFAIL;
    if (!take_parameters(recipient, argv)) {
        message_remove_last(message);
        return SMFIS_TEMPFAIL;
    }
    if (!find_mailbox(recipient)) {
        leave_alone(ctx, recipient);
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
    struct session *session = smfi_getpriv(ctx);
    const char *mailer = macro(ctx, "{rcpt_mailer}");
    const char *version = macro(ctx, "v");
    struct message *message;

    if (session == NULL)
        return SMFIS_TEMPFAIL;
    if (mailer != NULL && strcmp(mailer, "error") == 0)
        return SMFIS_CONTINUE; /* the MTA has refused it already */
    message = &session->message;
    if (message->sdr == NULL)
        message->sdr = service_get();
    message->from_postfix =
        version != NULL && strncmp(version, "Postfix", 7) == 0;
    return take_recipient(ctx, message, argv);
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
    struct session *session = smfi_getpriv(ctx);

    if (session == NULL)
        return SMFIS_TEMPFAIL;
    if (session->message.sdr != NULL && strcasecmp(name, SDR_MARK_HEADER) == 0)
        sdr_route_mark(sdr_get_config(session->message.sdr),
                       &session->message.marks, value);
    return (session->steps & SMFIP_NR_HDR) != 0 ? SMFIS_NOREPLY
                                                : SMFIS_CONTINUE;
}

static sfsistat
on_eom(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);
    sfsistat status = SMFIS_CONTINUE;

    if (session == NULL)
        return SMFIS_TEMPFAIL;
    if (session->message.count > 0)
        status = edit_message(ctx, &session->message, session->with_parameters);
    message_clear(&session->message);
    return status;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);

    if (session != NULL)
        message_clear(&session->message);
    return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);

    if (session != NULL) {
        message_clear(&session->message);
        free(session);
        smfi_setpriv(ctx, NULL);
    }
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
