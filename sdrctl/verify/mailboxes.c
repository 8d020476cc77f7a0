/* mailboxes.c - look up the addresses in the directories
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdlib.h>
#include <string.h>

#include "site_recipient.h"
#include "verify/verify.h"

/* Set the finding of an address whose owners are not known. Returns false if
 * out of memory. */
static bool
set_unknown_owner(struct mailbox *mailbox, enum finding finding,
                  const char *reason)
{
    mailbox->finding = finding;
    mailbox->reason = strdup(reason);
    return mailbox->reason != NULL;
}

static bool
set_recipients(const struct verify *verify, struct mailbox *mailbox,
               const struct sdr_facts *facts)
{
    const struct sdr_config *config = verify->config;
    char text[SDR_ADDRESS_MAX + 1];

    mailbox->found = true;
    mailbox->owners = facts->owners;
    mailbox->answers = calloc(config->site_count, sizeof *mailbox->answers);
    if (mailbox->answers == NULL)
        return false;
    for (unsigned i = 0; i < config->site_count; i++) {
        struct answer *answer = &mailbox->answers[i];

        if (!verify->sites[i].asked
            || site_recipient(config, mailbox->address, facts, i, text, NULL)
                   != SDR_OK)
            continue;
        answer->recipient = strdup(text);
        if (answer->recipient == NULL)
            return false;
    }
    return true;
}

static bool
look_up(const struct verify *verify, struct mailbox *mailbox)
{
    struct sdr_question question;
    struct sdr_answer answer;
    struct sdr_verdict verdict;

    if (sdr_look_up(verify->sdr, mailbox->address, &question, &answer, &verdict)
        == SDR_OK)
        return set_unknown_owner(mailbox, FINDING_NO_ENTRY,
                                 "not an address in a split domain");
    sdr_route_decide(verify->config, &question, &answer, &verdict);
    if (answer.status == SDR_NOTFOUND)
        return set_unknown_owner(mailbox, FINDING_NO_ENTRY,
                                 "no entry with this address");
    if (answer.status != SDR_OK || verdict.mistake)
        return set_unknown_owner(mailbox, FINDING_UNKNOWN, verdict.reason);
    if (verdict.target_count > 0 && verdict.targets[0].site == SDR_NO_SITE)
        return set_unknown_owner(mailbox, FINDING_UNPROVEN, verdict.reason);
    return set_recipients(verify, mailbox, &answer.facts);
}

bool
verify_look_up(struct verify *verify)
{
    verify->mailboxes = calloc(verify->batch.count + 1, sizeof(struct mailbox));
    if (verify->mailboxes == NULL)
        return false;
    for (; verify->count < verify->batch.count; verify->count++) {
        struct mailbox *mailbox = &verify->mailboxes[verify->count];

        mailbox->address = verify->batch.items[verify->count].address;
        mailbox->line = verify->batch.items[verify->count].line;
        if (!look_up(verify, mailbox)) {
            verify->count++; /* it may own memory */
            return false;
        }
    }
    return true;
}

void
verify_clear(struct verify *verify)
{
    for (size_t i = 0; i < verify->count; i++) {
        struct mailbox *mailbox = &verify->mailboxes[i];

        for (unsigned s = 0;
             mailbox->answers != NULL && s < verify->config->site_count; s++) {
            free(mailbox->answers[s].recipient);
            free(mailbox->answers[s].reply);
        }
        free(mailbox->answers);
        free(mailbox->reason);
    }
    free(verify->mailboxes);
    verify->mailboxes = NULL;
    verify->count = 0;
}
