/* verify.h - a run of sdrctl verify
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_VERIFY_VERIFY_H
#define SDRCTL_VERIFY_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "change/batch.h"
#include "decision/sdr.h"
#include "net/network.h"
#include "verify/judge.h"

/* An address, what the directories say about it, and the answer of each site.
 */
struct mailbox {
    const char *address; /* of the batch */
    unsigned long line;  /* there; 0: none */
    bool found;          /* its owners are known; else FINDING says why not */
    sdr_sites owners;
    struct answer *answers; /* by site */
    enum finding finding;
    char *reason; /* what the directories say is wrong; or NULL */
};

/* What a site's answers are worth. */
struct site_run {
    bool asked;
    const char *at; /* the host to ask; NULL: its own */
};

struct verify {
    struct sdr *sdr;
    const struct sdr_config *config;
    struct network network;
    unsigned rate, retries, retry_after;
    struct site_run sites[SDR_SITES_MAX];
    struct batch batch; /* of addresses */
    struct mailbox *mailboxes;
    size_t count;
    size_t counts[FINDINGS];
};

/* Look up each address of the batch. False without memory. */
bool SDR_MUST_USE
verify_look_up(struct verify *verify);

/* Ask the sites, judge and count. Warnings are printed on standard error. False
 * without memory. */
bool SDR_MUST_USE
verify_ask(struct verify *verify);

/* Free the mailboxes. */
void
verify_clear(struct verify *verify);

/* ---- output formats ---- */

void
verify_as_text(const struct verify *verify);

void
verify_as_csv(const struct verify *verify);

/* One object per line. */
void
verify_as_json(const struct verify *verify);

#endif
