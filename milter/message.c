/* message.c - see message.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "message.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "say.h"

/* The longest log line. */
enum { LINE_MAX_OCTETS = 4096 };

static int
compare_mailboxes(const void *a, const void *b)
{
    const struct sdr_address *x = a;
    const struct sdr_address *y = b;
    int order = strcmp(x->folded, y->folded);

    return order != 0 ? order : strcmp(x->domain, y->domain);
}

static int
compare_recipients(const void *a, const void *b)
{
    return compare_mailboxes(&((const struct recipient *)a)->mailbox,
                             &((const struct recipient *)b)->mailbox);
}

static void
keep(void *node)
{
    (void)node;
}

static void
free_targets(struct recipient *recipient)
{
    for (unsigned i = 0; i < recipient->target_count; i++)
        free(recipient->targets[i]);
    free(recipient->targets);
    recipient->targets = NULL;
    recipient->target_count = 0;
}

static void
free_recipient(struct recipient *recipient)
{
    free_targets(recipient);
    free(recipient->line);
    free(recipient->given);
    free(recipient->resolved);
    free(recipient->address);
    free(recipient->notify);
    free(recipient->orcpt);
    free(recipient);
}

void
message_clear(struct message *message)
{
    tdestroy(message->by_mailbox, keep);
    tdestroy(message->staying, keep);
    for (unsigned i = 0; i < message->count; i++)
        free_recipient(message->recipients[i]);
    for (unsigned i = 0; i < message->refused_count; i++)
        free_recipient(message->refused[i]);
    free(message->recipients);
    free(message->refused);
    sdr_close(&message->sdr);
    *message = (struct message){0};
}

bool
message_left_to_tables(const struct message *message)
{
    return sdr_get_config(message->sdr)->milter.rewrite == SDR_TABLES_REWRITE;
}

/* Make room for one more than COUNT. */
static bool
array_grow(struct recipient ***list, unsigned count)
{
    struct recipient **grown = realloc(*list, (count + 1) * sizeof *grown);

    if (grown == NULL)
        return false;
    *list = grown;
    return true;
}

struct recipient *
message_add(struct message *message, const char *given, const char *resolved)
{
    struct recipient *recipient;

    if (!array_grow(&message->recipients, message->count))
        return NULL;
    recipient = calloc(1, sizeof *recipient);
    if (recipient == NULL)
        return NULL;
    recipient->given = strdup(given);
    recipient->resolved = resolved == NULL ? NULL : strdup(resolved);
    if (recipient->given == NULL
        || (resolved != NULL && recipient->resolved == NULL)) {
        free_recipient(recipient);
        return NULL;
    }
    message->recipients[message->count++] = recipient;
    return recipient;
}

static struct recipient *
take_last(struct message *message)
{
    struct recipient *last = message->recipients[--message->count];
    struct recipient *const *found =
        tfind(last, &message->by_mailbox, compare_recipients);

    if (found != NULL && *found == last)
        tdelete(last, &message->by_mailbox, compare_recipients);
    return last;
}

bool
message_refuse_last(struct message *message)
{
    const struct recipient *last = message->recipients[message->count - 1];
    char text[PATH_TEXT_MAX];

    if (message->mta != PATH_SENDMAIL
        || path_queued(message->mta, last->given, text)
        || !message_queued(message, last, text)) {
        free_recipient(take_last(message));
        return true;
    }
    if (!array_grow(&message->refused, message->refused_count)) {
        free_recipient(take_last(message));
        return false;
    }
    message->refused[message->refused_count++] = take_last(message);
    return true;
}

/* Sendmail reports in {rcpt_addr} what it has read, as it was written. */
bool
message_queued(const struct message *message, const struct recipient *recipient,
               char text[PATH_TEXT_MAX])
{
    return path_queued(message->mta, recipient->given, text)
           || (message->mta == PATH_SENDMAIL && recipient->resolved != NULL
               && path_queued(message->mta, recipient->resolved, text));
}

static bool
copy_targets(struct recipient *recipient, char *const *targets, unsigned count)
{
    recipient->targets = calloc(count + 1, sizeof *recipient->targets);
    if (recipient->targets == NULL)
        return false;
    for (unsigned i = 0; i < count; i++) {
        recipient->targets[i] = strdup(targets[i]);
        if (recipient->targets[i] == NULL)
            return false;
        recipient->target_count++;
    }
    return true;
}

int
verdict_priority(const struct sdr_verdict *verdict)
{
    if (verdict->mistake)
        return LOG_ERR;
    if (verdict->kind == SDR_DEFER && verdict->origin == SDR_FROM_NOWHERE)
        return LOG_WARNING;
    return LOG_INFO;
}

bool
message_decide(struct message *message, struct recipient *recipient,
               const struct sdr_verdict *verdict)
{
    char line[LINE_MAX_OCTETS];
    char *targets[SDR_SITES_MAX];

    recipient->kind = verdict->kind;
    recipient->decided = verdict->decided;
    recipient->leaves = verdict->leaves;
    recipient->priority = verdict_priority(verdict);
    for (unsigned i = 0; i < verdict->target_count; i++)
        targets[i] = (char *)(uintptr_t)verdict->targets[i].address;
    sdr_log_decision(line, sizeof line, recipient->given, verdict);
    recipient->line = strdup(line);
    if (recipient->line == NULL
        || !copy_targets(recipient, targets, verdict->target_count))
        return false;
    return !recipient->has_mailbox
           || tsearch(recipient, &message->by_mailbox, compare_recipients)
                  != NULL;
}

bool
message_decide_again(struct message *message, struct recipient *recipient)
{
    struct recipient *const *found;

    if (!recipient->has_mailbox)
        return false;
    found = tfind(recipient, &message->by_mailbox, compare_recipients);
    if (found == NULL)
        return false;
    recipient->kind = (*found)->kind;
    recipient->decided = (*found)->decided;
    recipient->leaves = (*found)->leaves;
    return copy_targets(recipient, (*found)->targets, (*found)->target_count);
}

bool
recipient_stays(const struct recipient *recipient)
{
    return recipient->kind != SDR_REDIRECT;
}

static int
compare_names(const void *a, const void *b)
{
    return strcasecmp(a, b);
}

static bool
has_bare_name(const struct recipient *recipient)
{
    return recipient->resolved != NULL
           && strchr(recipient->resolved, '@') == NULL;
}

bool
message_note_name(struct message *message, const struct recipient *recipient)
{
    return !has_bare_name(recipient) || !recipient_stays(recipient)
           || tsearch(recipient->resolved, &message->staying, compare_names)
                  != NULL;
}

bool
message_shares_name(const struct message *message,
                    const struct recipient *recipient)
{
    return has_bare_name(recipient)
           && tfind(recipient->resolved, &message->staying, compare_names)
                  != NULL;
}

bool
mailbox_set_add(struct mailbox_set *set, const struct sdr_address *mailbox,
                bool *is_new)
{
    struct sdr_address *copy;

    *is_new = !mailbox_set_has(set, mailbox);
    if (!*is_new)
        return true;
    copy = malloc(sizeof *copy);
    if (copy == NULL)
        return false;
    *copy = *mailbox;
    if (tsearch(copy, &set->root, compare_mailboxes) != NULL)
        return true;
    free(copy);
    return false;
}

bool
mailbox_set_has(const struct mailbox_set *set,
                const struct sdr_address *mailbox)
{
    return tfind(mailbox, &set->root, compare_mailboxes) != NULL;
}

void
mailbox_set_clear(struct mailbox_set *set)
{
    tdestroy(set->root, free);
    set->root = NULL;
}
