/* mta.c - see mta.h and mta_state.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "protocol/mta_state.h"

#include <stdio.h>

#include "protocol/constants.h"

const char *
mta_macro(const struct mta *mta, const char *name)
{
    return macros_find(&mta->macros, name);
}

enum mta_answer
mta_reply(struct mta *mta, const struct sdr_reply *reply)
{
    char text[MTA_REPLY_MAX], line[16 + MTA_REPLY_MAX];

    mta_reply_text(reply, text);
    snprintf(line, sizeof line, "%s %s %s", reply->code, reply->enhanced, text);
    packet_write(&mta->replies, SMFIR_REPLYCODE, line, NULL);
    return MTA_REPLIED;
}

static bool
edit(struct mta *mta, uint32_t action, char command, const char *first,
     const char *second)
{
    if ((mta->actions & action) == 0 || first[0] == '\0')
        return false;
    packet_write(&mta->replies, command, first, second);
    return !mta->replies.lost;
}

bool
mta_add_recipient(struct mta *mta, const char *path, const char *parameters)
{
    return edit(mta, SMFIF_ADDRCPT_PAR, SMFIR_ADDRCPT_PAR, path, parameters)
           || edit(mta, SMFIF_ADDRCPT, SMFIR_ADDRCPT, path, NULL);
}

bool
mta_delete_recipient(struct mta *mta, const char *text)
{
    return edit(mta, SMFIF_DELRCPT, SMFIR_DELRCPT, text, NULL);
}

bool
mta_add_header(struct mta *mta, const char *name, const char *value)
{
    return edit(mta, SMFIF_ADDHDRS, SMFIR_ADDHEADER, name, value);
}

void
mta_cancel_edits(struct mta *mta)
{
    packet_take_back(&mta->replies, mta->edits_start);
}
