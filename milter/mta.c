/* mta.c - see mta.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "mta.h"

#include <stdio.h>

#include <libmilter/mfapi.h>

/* Both MTAs read the reply as a format. */
enum mta_answer
mta_reply(struct mta *mta, const struct sdr_reply *reply)
{
    char text[16 + 2 * sizeof reply->text];
    size_t n =
        (size_t)snprintf(text, 16, "%s %s ", reply->code, reply->enhanced);

    for (const char *s = reply->text; *s != '\0'; s++) {
        if (*s == '%')
            text[n++] = '%';
        text[n++] = *s;
    }
    text[n] = '\0';
    packet_write(&mta->told, SMFIR_REPLYCODE, text, NULL);
    return MTA_TOLD;
}

static bool
edit(struct mta *mta, unsigned long action, char command, const char *first,
     const char *second)
{
    if ((mta->actions & action) == 0 || first[0] == '\0')
        return false;
    packet_write(&mta->told, command, first, second);
    return !mta->told.lost;
}

/* Better to lose the parameters than the mail. */
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
