/* edit.c - see edit.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decide.h"
#include "say.h"
#include "told.h"

enum { QUEUE_ID_MAX = 100 };

const char *
edit_queue_id(const struct mta *mta)
{
    const char *id = macros_find(&mta->macros, "i");
    size_t len = 0;

    while (id != NULL && id[len] > ' ' && id[len] < 0x7f)
        len++;
    return len > 0 && len <= QUEUE_ID_MAX && id[len] == '\0' ? id : "NOQUEUE";
}

/* ---- the parameters of an added recipient ---- */

/* "ORCPT=rfc822;alice@example.com" for a recipient whose client gave none:
 * Postfix would invent one from the new address. RFC 3461 (4) has the encoding.
 * An address in UTF-8 stands as it is (RFC 6533, 3: Postfix up to 3.10 cannot
 * read the escapes that are allowed besides), which leaves no way to write
 * these three. False: there is none to be had. */
static bool
make_orcpt(const struct recipient *recipient, char *out, size_t size)
{
    char original[SDR_ADDRESS_MAX + 1];
    bool utf8 = false;
    int used;

    sdr_address_format(&recipient->mailbox, original, sizeof original);
    for (const char *s = original; *s != '\0'; s++)
        utf8 |= (unsigned char)*s >= 0x80;
    if (utf8 && strpbrk(original, " +=\\") != NULL)
        return false;
    used = snprintf(out, size, "ORCPT=%s;", utf8 ? "utf-8" : "rfc822");
    for (const char *s = original; *s != '\0'; s++) {
        bool plain =
            (unsigned char)*s > ' ' && *s != 0x7f && *s != '+' && *s != '=';

        if (size - (size_t)used <= sizeof "+2B")
            return false;
        used += snprintf(out + used, size - (size_t)used,
                         plain ? "%c" : "+%02X", (unsigned char)*s);
    }
    return true;
}

/* Only what the client itself sent: Sendmail drops a recipient, silently, over
 * a parameter that it does not like. */
static void
make_parameters(const struct message *message,
                const struct recipient *recipient, char *out, size_t size)
{
    char made[SDR_ADDRESS_MAX * 3 + sizeof "ORCPT=rfc822;"] = "";
    const char *orcpt = recipient->orcpt;

    if (orcpt == NULL && message->from_postfix && recipient->has_mailbox
        && make_orcpt(recipient, made, sizeof made))
        orcpt = made;
    snprintf(out, size, "%s%s%s",
             recipient->notify != NULL ? recipient->notify : "",
             recipient->notify != NULL && orcpt != NULL ? " " : "",
             orcpt != NULL ? orcpt : "");
}

/* ---- what stays, what goes, what comes ---- */

/* Leave alone what the lookup table has done already. */
static void
find_told(const struct message *message)
{
    for (unsigned i = 0; i < message->count; i++) {
        struct recipient *r = message->recipients[i];

        if (r->may_be_told && r->has_mailbox
            && told_since(&r->mailbox, message->began))
            recipient_leave(r);
    }
}

static bool
collect_kept(const struct message *message, struct mailbox_set *kept)
{
    bool is_new;

    for (unsigned i = 0; i < message->count; i++) {
        const struct recipient *r = message->recipients[i];

        if (recipient_stays(r) && r->has_mailbox
            && !mailbox_set_add(kept, &r->mailbox, &is_new))
            return false;
    }
    return true;
}

/* Delete by another text than the client's, unless one that stays has it too.
 */
static bool
delete_by(struct mta *mta, const struct message *message, const char *text)
{
    for (unsigned i = 0; i < message->count; i++) {
        const struct recipient *r = message->recipients[i];

        if (recipient_stays(r)
            && (strcmp(r->given, text) == 0
                || (r->resolved != NULL && strcmp(r->resolved, text) == 0)))
            return true;
    }
    return mta_delete_recipient(mta, text);
}

/* Delete by the client's text without its source route, "<@a,@b:", if it has
 * one: Postfix keeps that, neither more of it nor less. */
static bool
delete_without_route(struct mta *mta, const struct message *message,
                     const char *given)
{
    const char *start = given + (given[0] == '<' ? 1 : 0);
    const char *colon = start[0] == '@' ? strchr(start, ':') : NULL;
    char *path = NULL;
    bool ok;

    if (colon == NULL)
        return true;
    if (asprintf(&path, "%s%s", start == given ? "" : "<", colon + 1) < 0)
        return false;
    ok = delete_by(mta, message, path);
    free(path);
    return ok;
}

/* True if there is no difference between the texts to the MTA: Postfix and
 * Sendmail take the brackets off. To look for a recipient once more takes them
 * long: the one reads all of them again, the other rewrites the address. */
static bool
is_same_to_mta(const struct message *message, const char *given,
               const char *resolved)
{
    size_t len = strlen(given);

    if (strcmp(given, resolved) == 0)
        return true;
    if (!message->from_postfix && !message->from_sendmail)
        return false;
    if (len < 2 || given[0] != '<' || given[len - 1] != '>')
        return false;
    return strlen(resolved) == len - 2
           && strncmp(given + 1, resolved, len - 2) == 0;
}

/* The MTA finds a recipient by its text: some by the client's, some by their
 * own spelling. These are safe only if they are not the text of a recipient
 * that must stay or come. */
static bool
delete_recipient(struct mta *mta, const struct message *message,
                 const struct recipient *recipient,
                 const struct mailbox_set *kept)
{
    if (!mta_delete_recipient(mta, recipient->given))
        return false;
    if (mailbox_set_has(kept, &recipient->mailbox))
        return true;
    if (!delete_without_route(mta, message, recipient->given))
        return false;
    if (recipient->resolved == NULL
        || is_same_to_mta(message, recipient->given, recipient->resolved))
        return true;
    return delete_by(mta, message, recipient->resolved);
}

static bool
add_target(struct mta *mta, const struct message *message,
           const struct recipient *recipient, const char *target)
{
    char parameters[8192];
    char path[SDR_ADDRESS_MAX + 3];

    snprintf(path, sizeof path, "<%s>", target);
    make_parameters(message, recipient, parameters, sizeof parameters);
    return mta_add_recipient(mta, path,
                             parameters[0] == '\0' ? NULL : parameters);
}

static bool
add_targets(struct mta *mta, const struct message *message,
            const struct recipient *recipient, struct mailbox_set *present)
{
    for (unsigned i = 0; i < recipient->target_count; i++) {
        const char *target = recipient->targets[i];
        struct sdr_address mailbox;
        bool is_new = false;

        if (sdr_address_parse(&mailbox, target) != SDR_OK
            || !mailbox_set_add(present, &mailbox, &is_new))
            return false;
        if (is_new && !add_target(mta, message, recipient, target))
            return false;
    }
    return true;
}

static bool
edit_envelope(struct mta *mta, const struct message *message,
              struct mailbox_set *present)
{
    if (!collect_kept(message, present))
        return false;
    for (unsigned i = 0; i < message->count; i++) {
        const struct recipient *r = message->recipients[i];

        if (!recipient_stays(r) && !message_shares_name(message, r)
            && !delete_recipient(mta, message, r, present))
            return false;
    }
    for (unsigned i = 0; i < message->count; i++) {
        if (!add_targets(mta, message, message->recipients[i], present))
            return false;
    }
    return true;
}

static bool
add_mark(struct mta *mta, const struct sdr_config *config)
{
    char value[256];

    sdr_route_mark_format(config, time(NULL), value, sizeof value);
    return mta_add_header(mta, SDR_MARK_HEADER, value);
}

/* ---- the whole message ---- */

static void
count_leaving(const struct message *message, unsigned *leaving,
              unsigned *staying)
{
    *leaving = *staying = 0;
    for (unsigned i = 0; i < message->count; i++)
        ++*(message->recipients[i]->leaves ? leaving : staying);
}

static void
tell(const struct mta *mta, const struct message *message)
{
    for (unsigned i = 0; i < message->count; i++) {
        const struct recipient *r = message->recipients[i];

        if (r->line != NULL && r->decided)
            say(r->priority, "%s: %s", edit_queue_id(mta), r->line);
    }
}

/* True if the message must be refused as a whole. */
static bool
must_refuse(const struct mta *mta, const struct message *message,
            unsigned leaving, unsigned staying, struct sdr_reply *reply)
{
    if (message->deferred.code != NULL) {
        *reply = message->deferred;
        return true;
    }
    if (leaving == 0 || staying > 0
        || !sdr_route_guard(sdr_get_config(message->sdr), &message->marks,
                            time(NULL), reply))
        return false;
    decide_count_loop();
    say(LOG_ERR, "%s: routing loop: it left this site %u times already: %s %s",
        edit_queue_id(mta), message->marks.count, reply->code, reply->enhanced);
    return true;
}

enum mta_answer
edit_message(struct mta *mta, const struct message *message)
{
    struct mailbox_set present = {NULL};
    struct sdr_reply reply = {NULL, NULL, ""};
    size_t before = mta->told.len;
    unsigned leaving, staying;
    bool ok;

    find_told(message);
    count_leaving(message, &leaving, &staying);
    if (must_refuse(mta, message, leaving, staying, &reply))
        return mta_reply(mta, &reply);
    ok = edit_envelope(mta, message, &present);
    mailbox_set_clear(&present);
    if (ok && leaving > 0)
        ok = add_mark(mta, sdr_get_config(message->sdr));
    if (!ok) {
        packet_take_back(&mta->told, before);
        say(LOG_ERR, "%s: the MTA refused an edit of the envelope: deferred",
            edit_queue_id(mta));
        return MTA_TEMPFAIL;
    }
    tell(mta, message);
    return MTA_CONTINUE;
}
