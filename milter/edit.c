/* edit.c - see edit.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "metrics.h"
#include "say.h"

enum { QUEUE_ID_MAX = 100 };

const char *
edit_queue_id(const struct mta *mta)
{
    const char *id = mta_macro(mta, "i");
    size_t len = 0;

    while (id != NULL && id[len] > ' ' && id[len] < 0x7f)
        len++;
    return len > 0 && len <= QUEUE_ID_MAX && id[len] == '\0' ? id : "NOQUEUE";
}

/* ---- the parameters of an added recipient ---- */

/* Write "ORCPT=rfc822;alice@example.com" for a recipient without the client's
 * ORCPT: Postfix would make one from the new address. Encoded as in RFC 3461
 * (4). An address in UTF-8 is not escaped (RFC 6533, 3: Postfix up to 3.10
 * cannot read the escapes that are also allowed), so it must not contain the
 * characters that need it. Returns false if the address cannot be written. */
static bool
make_orcpt(const struct recipient *recipient, char *out, size_t size)
{
    char original[SDR_ADDRESS_MAX + 1];
    bool utf8;
    int used;

    sdr_address_format(&recipient->mailbox, original, sizeof original);
    utf8 = !sdr_is_ascii(original, strlen(original));
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

/* Write the parameters that the client sent: Sendmail silently drops a
 * recipient with a parameter that it does not accept. */
static void
make_parameters(const struct message *message,
                const struct recipient *recipient, char *out, size_t size)
{
    char made[SDR_ADDRESS_MAX * 3 + sizeof "ORCPT=rfc822;"] = "";
    const char *orcpt = recipient->orcpt;

    if (orcpt == NULL && message->mta == PATH_POSTFIX && recipient->has_mailbox
        && make_orcpt(recipient, made, sizeof made))
        orcpt = made;
    snprintf(out, size, "%s%s%s",
             recipient->notify != NULL ? recipient->notify : "",
             recipient->notify != NULL && orcpt != NULL ? " " : "",
             orcpt != NULL ? orcpt : "");
}

/* ---- deleting and adding recipients ---- */

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

/* Collect the local parts of the recipients that stay, in any domain. */
static bool
collect_names(const struct message *message, struct mailbox_set *names)
{
    struct sdr_address name = {0};
    bool is_new;

    for (unsigned i = 0; i < message->count; i++) {
        const struct recipient *r = message->recipients[i];

        memcpy(name.folded, r->mailbox.folded, sizeof name.folded);
        if (recipient_stays(r) && r->has_mailbox
            && !mailbox_set_add(names, &name, &is_new))
            return false;
    }
    return true;
}

/* Delete a submitted recipient by the other texts that Postfix may have for it;
 * by the local part alone only if no recipient that stays has the same. */
static bool
delete_submitted(struct mta *mta, const struct recipient *recipient,
                 const struct mailbox_set *names)
{
    struct sdr_address name = {0};
    char text[PATH_TEXT_MAX];

    memcpy(name.folded, recipient->mailbox.folded, sizeof name.folded);
    for (unsigned i = mailbox_set_has(names, &name) ? 1 : 0;
         path_submitted(i, recipient->given, text); i++) {
        if (!mta_delete_recipient(mta, text))
            return false;
    }
    return true;
}

static bool
delete_recipient(struct mta *mta, const struct message *message,
                 const struct recipient *recipient,
                 const struct mailbox_set *names)
{
    char text[PATH_TEXT_MAX];

    return message_queued(message, recipient, text)
           && mta_delete_recipient(mta, text)
           && (message->mta != PATH_POSTFIX || message->by_smtp
               || delete_submitted(mta, recipient, names));
}

static bool
delete_recipients(struct mta *mta, const struct message *message,
                  const struct mailbox_set *kept)
{
    struct mailbox_set names = {NULL};
    bool ok = message->by_smtp || collect_names(message, &names);

    for (unsigned i = 0; ok && i < message->count; i++) {
        const struct recipient *r = message->recipients[i];

        if (!recipient_stays(r) && !message_shares_name(message, r))
            ok = delete_recipient(mta, message, r, &names);
    }
    for (unsigned i = 0; ok && i < message->refused_count; i++) {
        const struct recipient *r = message->refused[i];

        if (!mailbox_set_has(kept, &r->mailbox))
            ok = delete_recipient(mta, message, r, &names);
    }
    mailbox_set_clear(&names);
    return ok;
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
    if (!collect_kept(message, present)
        || !delete_recipients(mta, message, present))
        return false;
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

    sdr_loop_format_mark(config, time(NULL), value, sizeof value);
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

/* Log the decisions. The tables log those that are left to them. */
static void
log_decisions(const struct mta *mta, const struct message *message)
{
    if (message_left_to_tables(message))
        return;
    for (unsigned i = 0; i < message->count; i++) {
        const struct recipient *r = message->recipients[i];

        if (r->line != NULL && r->decided)
            say(r->priority, "%s: %s", edit_queue_id(mta), r->line);
    }
}

/* Returns true if the whole message must be refused, with the REPLY. */
static bool
must_refuse(const struct mta *mta, const struct message *message,
            unsigned leaving, unsigned staying, struct sdr_reply *reply)
{
    if (message->deferred.code != NULL) {
        *reply = message->deferred;
        return true;
    }
    if (leaving == 0 || staying > 0
        || !sdr_loop_limit_reached(sdr_get_config(message->sdr),
                                   &message->marks, time(NULL), reply))
        return false;
    decision_count_loop();
    say(LOG_ERR, "%s: routing loop: it left this site %u times already: %s %s",
        edit_queue_id(mta), message->marks.count, reply->code, reply->enhanced);
    return true;
}

enum mta_answer
edit_message(struct mta *mta, const struct message *message)
{
    struct mailbox_set present = {NULL};
    struct sdr_reply reply = {NULL, NULL, ""};
    unsigned leaving, staying;
    bool ok;

    count_leaving(message, &leaving, &staying);
    if (must_refuse(mta, message, leaving, staying, &reply))
        return mta_reply(mta, &reply);
    ok = message_left_to_tables(message)
         || edit_envelope(mta, message, &present);
    mailbox_set_clear(&present);
    if (ok && leaving > 0)
        ok = add_mark(mta, sdr_get_config(message->sdr));
    if (!ok) {
        mta_cancel_edits(mta);
        say(LOG_ERR,
            "%s: the mail server refused an edit of the envelope: deferred",
            edit_queue_id(mta));
        return MTA_TEMPFAIL;
    }
    log_decisions(mta, message);
    return MTA_CONTINUE;
}
