/* judge.h - what the sites' answers say about a mailbox
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions.
 */
#ifndef SDRCTL_VERIFY_JUDGE_H
#define SDRCTL_VERIFY_JUDGE_H

#include <stdbool.h>

#include "config/config.h"

enum answer_kind {
    ANSWER_NOT_ASKED,
    ANSWER_ACCEPTED,
    ANSWER_REJECTED,
    ANSWER_DEFERRED,
    ANSWER_NONE,  /* no reply */
    ANSWER_ANY,   /* the site accepts any recipient */
    ANSWER_ROUTES /* accepted, by a site that accepts mail for other sites */
};

/* What a site says about a mailbox. */
struct answer {
    enum answer_kind kind;
    bool loops;         /* the reply says that the mail loops */
    sdr_sites forwards; /* the sites that the mail is sent to, by the reply */
    char *recipient;    /* as written to the site; NULL: none */
    char *reply;        /* or why there is none; NULL: not asked */
};

/* In this order: the first that is true counts. */
enum finding {
    FINDING_LOOP,     /* an owner sends the mail back */
    FINDING_LOST,     /* an owner rejects it */
    FINDING_NOWHERE,  /* all sites reject it */
    FINDING_DOUBLE,   /* a site that is no owner accepts it */
    FINDING_NO_ENTRY, /* no directory has it */
    FINDING_UNKNOWN,  /* there was no final answer */
    FINDING_UNPROVEN, /* the answer of a site proves nothing */
    FINDING_UNASKED,  /* an owner was not asked */
    FINDING_OK
};
enum { FINDINGS = FINDING_OK + 1 };

extern const struct finding_text {
    const char *name;  /* in all formats */
    const char *words; /* for the summary */
    bool is_wrong;     /* somebody must correct it */
} finding_texts[FINDINGS];

/* "accepted", "rejected", ... */
const char *
answer_name(enum answer_kind kind);

/* Set loops and forwards by the reply of the site with this index. */
void
judge_reply(const struct sdr_config *config, unsigned site,
            struct answer *answer);

/* Judge a mailbox with these owners by the answers of all COUNT sites. */
enum finding
judge(sdr_sites owners, const struct answer *answers, unsigned count);

/* Write why: the answers that led to the finding. TEXT is cut if SIZE is too
 * small. */
void
judge_reason(const struct sdr_config *config, sdr_sites owners,
             const struct answer *answers, enum finding finding, char *text,
             size_t size);

#endif
