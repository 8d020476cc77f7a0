/* recipients.c - see recipients.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "recipients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "metrics.h"
#include "edit.h"
#include "log.h"
#include "say.h"
#include "configuration.h"

/* Longer than RFC 3461 allows for NOTIFY or ORCPT. */
enum { PARAMETER_MAX = 1000 };

void
recipients_negotiate(bool may_edit, bool may_mark)
{
    struct sdr *sdr = configuration_get();
    bool edits = sdr_get_config(sdr)->milter.rewrite == SDR_MILTER_REWRITES;

    sdr_close(&sdr);
    if ((edits && !may_edit) || !may_mark)
        say(LOG_ERR,
            "the mail server refuses what routing needs (to add and delete "
            "recipients, to add headers): mail that has to be "
            "redirected is deferred");
}

void
recipients_begin(struct message *message)
{
    message_clear(message);
}

/* Use the MTA's reading: the client's text is not an address, or means
 * something else to this MTA. */
static void
take_resolved(struct recipient *recipient, const struct sdr_address *resolved)
{
    recipient->mailbox = *resolved;
    recipient->has_mailbox = true;
    recipient->key = recipient->resolved;
}

/* Handle a recipient that neither we nor the MTA's macro can resolve to a
 * mailbox. The domain of the MTA's reading decides; if it has none (a local
 * user of Sendmail), the client's text does. */
static void
take_unreadable(struct recipient *recipient)
{
    char domain[SDR_DOMAIN_MAX + 1];

    recipient->has_mailbox =
        sdr_address_parse(&recipient->mailbox, recipient->given) == SDR_OK;
    if (recipient->resolved != NULL
        && sdr_address_find_domain(domain, recipient->resolved) == SDR_OK) {
        recipient->has_mailbox = false;
        recipient->key = recipient->resolved;
    }
}

/* Find the mailbox. If the client's text is a path of RFC 5321, it is that:
 * every MTA reads it alike. Otherwise ("dave", "<alice@example.com >") it is
 * what the MTA has read. Returns false if a map of the MTA has made another
 * mailbox of it: that is the MTA's decision, not ours. */
static bool
find_mailbox(struct recipient *recipient)
{
    struct sdr_address resolved;
    bool has_resolved =
        recipient->resolved != NULL
        && sdr_address_parse(&resolved, recipient->resolved) == SDR_OK;

    recipient->has_mailbox =
        sdr_address_parse_path(&recipient->mailbox, recipient->given) == SDR_OK;
    recipient->key = recipient->given;
    if (recipient->has_mailbox && !has_resolved)
        return true;
    if (!recipient->has_mailbox && !has_resolved) {
        take_unreadable(recipient);
        return true;
    }
    if (!recipient->has_mailbox
        || sdr_address_is_route(&recipient->mailbox, &resolved)) {
        take_resolved(recipient, &resolved);
        return true;
    }
    if (sdr_address_same(&recipient->mailbox, &resolved))
        return true;
    recipient->mailbox = resolved;
    return false;
}

void
recipients_parameter(struct rcpt_parameters *parameters, const char *text)
{
    const char **field = NULL;

    if (strncasecmp(text, "NOTIFY=", 7) == 0)
        field = &parameters->notify;
    else if (strncasecmp(text, "ORCPT=", 6) == 0)
        field = &parameters->orcpt;
    if (field != NULL && *field == NULL && strlen(text) <= PARAMETER_MAX)
        *field = text;
}

/* Returns false without memory. */
static bool
copy_text(char **copy, const char *text)
{
    if (text != NULL)
        *copy = strdup(text);
    return (text == NULL) == (*copy == NULL);
}

static bool
copy_parameters(struct recipient *recipient,
                const struct rcpt_parameters *parameters)
{
    return copy_text(&recipient->notify, parameters->notify)
           && copy_text(&recipient->orcpt, parameters->orcpt);
}

/* Use the client's text if the address can be found in it: Postfix's reading is
 * case-folded. *SAME is false if that address is another mailbox than the
 * MTA's; routes through other hosts have been handled. Returns false without
 * memory. */
static bool
find_address(struct recipient *recipient, bool *same)
{
    char text[PATH_TEXT_MAX];
    struct sdr_address address;

    if (!recipient->has_mailbox || recipient->key != recipient->resolved
        || sdr_address_parse_path(&address, recipient->given) == SDR_OK
        || !path_address(recipient->given, text)
        || sdr_address_parse(&address, text) != SDR_OK)
        return true;
    *same = sdr_address_same(&address, &recipient->mailbox);
    if (!*same && sdr_address_parse_path(&address, text) != SDR_OK) {
        *same = true; /* this MTA may read it so */
        return true;
    }
    recipient->address = strdup(text);
    if (*same) {
        recipient->key = recipient->address;
        recipient->mailbox = address;
    }
    return recipient->address != NULL;
}

/* Handle an address that the MTA has read as another mailbox. Returns true if
 * the MTA has decided. Sendmail's tables are asked first: if they are ours,
 * they have mapped the client's address, and that is judged. Postfix has not
 * mapped it yet, only parsed it: "example.com!alice@onprem.test". */
static bool
is_mapped(const struct message *message, struct recipient *recipient)
{
    if (message_left_to_tables(message) && message->mta != PATH_POSTFIX) {
        recipient->key =
            recipient->address != NULL ? recipient->address : recipient->given;
        return sdr_address_parse(&recipient->mailbox, recipient->key) != SDR_OK;
    }
    recipient->key = recipient->resolved;
    return message->mta != PATH_POSTFIX;
}

/* Returns true if a text is certain to delete the recipient, and its targets
 * are not made from Postfix's case-folded reading. */
static bool
is_certain(const struct message *message, const struct recipient *recipient)
{
    char text[PATH_TEXT_MAX];

    return message_queued(message, recipient, text)
           && (message->mta != PATH_POSTFIX
               || recipient->key != recipient->resolved);
}

static void
log_mapped(const struct mta *mta, const struct recipient *recipient)
{
    char given[1024], resolved[1024];

    sdr_log_clean(given, sizeof given, recipient->given,
                  strlen(recipient->given), "\"\\");
    sdr_log_clean(resolved, sizeof resolved, recipient->resolved,
                  strlen(recipient->resolved), "\"\\");
    say(LOG_NOTICE,
        "%s: rcpt=\"%s\" verdict=pass reason=\"the mail server has mapped it "
        "already\" "
        "mapped=\"%s\"",
        edit_queue_id(mta), given, resolved);
}

/* Refuse the recipient at RCPT, where that is possible. Mail not received by
 * SMTP (Postfix: no {rcpt_mailer}) would be retried for ever; a local user of
 * Sendmail must not be refused while another recipient of that name stays. In
 * these cases the MTA bounces a recipient that is unknown to it, and a deferred
 * recipient defers the message. */
static enum mta_answer
refuse(struct mta *mta, struct message *message, struct recipient *recipient,
       const struct sdr_verdict *verdict)
{
    struct sdr_reply reply = verdict->reply;

    if (message->by_smtp && !message_shares_name(message, recipient)) {
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

static void
refuse_spelling(const struct message *message, struct sdr_verdict *verdict,
                const char *reason)
{
    static const struct sdr_reply bad = {"553", "5.1.3",
                                         "Bad recipient address syntax"};
    static const struct sdr_reply later = {"451", "4.1.3",
                                           "Bad recipient address syntax"};

    verdict->kind = message->by_smtp ? SDR_REJECT : SDR_DEFER;
    verdict->reply = message->by_smtp ? bad : later;
    verdict->target_count = 0;
    verdict->sites = 0;
    verdict->leaves = false;
    snprintf(verdict->reason, sizeof verdict->reason, "%s", reason);
}

/* Refuse a recipient that must be deleted if no text is certain to do so, or
 * that would get a copy at an address made from Postfix's case-folded reading.
 */
static void
judge_spelling(const struct message *message, const struct recipient *recipient,
               struct sdr_verdict *verdict)
{
    bool deletes = verdict->kind == SDR_REDIRECT
                   && !message_shares_name(message, recipient);
    bool folds = verdict->target_count > 0
                 && !sdr_is_ascii(recipient->key, strlen(recipient->key));

    if (!recipient->is_certain && (deletes || folds))
        refuse_spelling(message, verdict,
                        "has moved, but the mail server may have another "
                        "spelling to delete");
}

/* Returns true if Postfix queries its tables for this recipient. It does so
 * before it finds another mailbox in a local part of its own domains, as in
 * alice%example.com@localhost. It also queries what it reads in a text without
 * a domain, or with one domain only. */
static bool
is_asked(const struct message *message, const struct recipient *recipient)
{
    const char *given = recipient->given, *at = strchr(given, '@');
    struct sdr_address address;

    if (message->mta != PATH_POSTFIX)
        return true;
    if (sdr_address_parse_path(&address, given) == SDR_OK)
        return recipient->key != recipient->resolved;
    return at == NULL
           || (strchr(at + 1, '@') == NULL && strpbrk(given, "%!") == NULL);
}

/* Refuse a recipient that would leave if the tables are not queried for it. */
static void
judge_reading(const struct message *message, const struct recipient *recipient,
              struct sdr_verdict *verdict)
{
    bool leads = verdict->target_count > 0 || verdict->kind == SDR_ROUTE;

    if (leads && !is_asked(message, recipient))
        refuse_spelling(message, verdict,
                        "has moved, but the mail server asks its tables about "
                        "another spelling");
}

static bool
is_unknown(const struct sdr_verdict *verdict)
{
    return verdict->kind == SDR_REJECT
           && strcmp(verdict->reply.enhanced, "5.1.1") == 0;
}

/* Returns true for an unknown recipient that is left to the MTA's recipient
 * table, since it may be an alias that only the MTA knows. */
static bool
is_for_the_tables(const struct message *message,
                  const struct sdr_verdict *verdict)
{
    return message_left_to_tables(message) && is_unknown(verdict);
}

/* Leave a recipient to the MTA: a map has made this mailbox, or the client
 * named it by a route through other hosts, which looks the same. A recipient
 * that the directory does not know is refused in either case. */
static enum mta_answer
leave_mapped(struct mta *mta, struct message *message,
             struct recipient *recipient, struct sdr_verdict *verdict)
{
    if (!is_unknown(verdict) || message_left_to_tables(message)) {
        log_mapped(mta, recipient);
        return MTA_CONTINUE;
    }
    if (!message_decide(message, recipient, verdict))
        return MTA_TEMPFAIL;
    return refuse(mta, message, recipient, verdict);
}

/* Keep a local user of Sendmail, without an edit. Sendmail identifies it by the
 * name alone: dave+x@onprem.example.com and dave+x@example.com are the same
 * recipient, and after one is deleted the other cannot be added. */
static void
keep_local_user(const struct message *message,
                const struct recipient *recipient, struct sdr_verdict *verdict)
{
    if (message->mta != PATH_SENDMAIL || recipient->resolved == NULL
        || strchr(recipient->resolved, '@') != NULL || !verdict->settled
        || verdict->kind != SDR_REDIRECT)
        return;
    verdict->target_count--;
    memmove(verdict->targets, verdict->targets + 1,
            verdict->target_count * sizeof verdict->targets[0]);
    verdict->kind = verdict->target_count > 0 ? SDR_COPY : SDR_PASS;
}

static enum mta_answer
carry_out(struct mta *mta, struct message *message, struct recipient *recipient,
          struct sdr_verdict *verdict)
{
    if (!message_left_to_tables(message)) {
        keep_local_user(message, recipient, verdict);
        judge_spelling(message, recipient, verdict);
    } else {
        judge_reading(message, recipient, verdict);
    }
    if (!message_decide(message, recipient, verdict))
        return MTA_TEMPFAIL;
    switch (verdict->kind) {
    case SDR_PASS:
    case SDR_REDIRECT:
    case SDR_COPY:
    case SDR_ROUTE:
        return MTA_CONTINUE;
    case SDR_REJECT:
    case SDR_DEFER:
        if (is_for_the_tables(message, verdict))
            return MTA_CONTINUE;
        return refuse(mta, message, recipient, verdict);
    }
    return MTA_TEMPFAIL;
}

/* Decide, and do with the verdict what THEN does. */
static enum mta_answer
decide(struct mta *mta, struct message *message, struct recipient *recipient,
       enum mta_answer (*then)(struct mta *mta, struct message *message,
                               struct recipient *recipient,
                               struct sdr_verdict *verdict))
{
    struct sdr_verdict *verdict =
        decision_make(DECISION_MILTER, message->sdr, recipient->key,
                      configuration_is_verbose());
    enum mta_answer answer = MTA_TEMPFAIL;

    if (verdict != NULL)
        answer = then(mta, message, recipient, verdict);
    free(verdict);
    return answer;
}

static enum mta_answer
judge(struct mta *mta, struct message *message, struct recipient *recipient)
{
    bool same = find_mailbox(recipient);

    if (same && !find_address(recipient, &same))
        return MTA_TEMPFAIL;
    if (!same && is_mapped(message, recipient))
        return decide(mta, message, recipient, leave_mapped);
    recipient->is_certain = is_certain(message, recipient);
    if (recipient->is_certain && message_decide_again(message, recipient))
        return MTA_CONTINUE;
    return decide(mta, message, recipient, carry_out);
}

static enum mta_answer
take_recipient(struct mta *mta, struct message *message, const char *given,
               const struct rcpt_parameters *parameters)
{
    const char *resolved = mta_macro(mta, "{rcpt_addr}");
    struct recipient *recipient;
    enum mta_answer answer = MTA_TEMPFAIL;

    if (resolved != NULL && resolved[0] == '\0')
        resolved = NULL;
    recipient = message_add(message, given, resolved);
    if (recipient == NULL)
        return MTA_TEMPFAIL;
    if (copy_parameters(recipient, parameters))
        answer = judge(mta, message, recipient);
    if (answer == MTA_CONTINUE && !message_note_name(message, recipient))
        answer = MTA_TEMPFAIL;
    if (answer != MTA_CONTINUE && !message_refuse_last(message))
        return MTA_TEMPFAIL;
    return answer;
}

enum mta_answer
recipients_add(struct mta *mta, struct message *message, const char *given,
               const struct rcpt_parameters *parameters)
{
    const char *mailer = mta_macro(mta, "{rcpt_mailer}");

    if (mailer != NULL && strcmp(mailer, "error") == 0)
        return MTA_CONTINUE; /* refused by the MTA already */
    if (message->sdr == NULL)
        message->sdr = configuration_get();
    message->mta = path_mta_of(mta_macro(mta, "v"));
    message->by_smtp = mailer != NULL;
    return take_recipient(mta, message, given, parameters);
}

void
recipients_header(struct message *message, const char *name, const char *value)
{
    if (message->sdr != NULL && strcasecmp(name, SDR_MARK_HEADER) == 0)
        sdr_loop_add_mark(sdr_get_config(message->sdr), &message->marks, value);
}

enum mta_answer
recipients_end(struct mta *mta, struct message *message)
{
    enum mta_answer answer = MTA_CONTINUE;

    if (message->count > 0)
        answer = edit_message(mta, message);
    message_clear(message);
    return answer;
}
