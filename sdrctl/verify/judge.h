/* judge.h - findings about a mailbox, from the replies of the sites
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The functions do no I/O.
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

/* The reply of a site for a mailbox. */
struct answer {
    enum answer_kind kind;
    bool loops;         /* the reply says that the mail loops */
    sdr_sites forwards; /* the sites to which the mail is sent, by the reply */
    char *recipient;    /* the address at the site; NULL: none */
    char *reply;        /* the reply, or why there is none; NULL: not asked */
};

/* In order of precedence: the first that applies is the finding. */
enum finding {
    FINDING_LOOP,     /* an owner sends the mail back */
    FINDING_LOST,     /* an owner rejects it */
    FINDING_NOWHERE,  /* all sites reject it */
    FINDING_DOUBLE,   /* a site that is not an owner accepts it */
    FINDING_NO_ENTRY, /* no directory has the address */
    FINDING_UNKNOWN,  /* there was no final answer */
    FINDING_UNPROVEN, /* a site's answer proves nothing */
    FINDING_UNASKED,  /* an owner was not asked */
    FINDING_OK
};
enum { FINDINGS = FINDING_OK + 1 };

extern const struct finding_text {
    const char *name;  /* in all formats */
    const char *words; /* for the summary */
    bool is_wrong;     /* it must be corrected */
} finding_texts[FINDINGS];

/* "accepted", "rejected", ... */
const char *
answer_name(enum answer_kind kind);

/* Set loops and forwards from the reply of the site with this index. */
void
judge_reply(const struct sdr_config *config, unsigned site,
            struct answer *answer);

/* Returns the finding about a mailbox with these owners, from the answers of
 * all COUNT sites. */
enum finding
judge(sdr_sites owners, const struct answer *answers, unsigned count);

/* Write the reason: the answers that led to the finding. TEXT is truncated to
 * SIZE. */
void
judge_reason(const struct sdr_config *config, sdr_sites owners,
             const struct answer *answers, enum finding finding, char *text,
             size_t size);

#endif
