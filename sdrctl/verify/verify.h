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

/* An address, its owners by the directories, and the answer of each site. */
struct mailbox {
    const char *address; /* borrowed from the batch */
    unsigned long line;  /* in the batch; 0: none */
    bool found;          /* its owners are known; else see finding */
    sdr_sites owners;
    struct answer *answers; /* by site */
    enum finding finding;
    char *reason; /* why its owners are not known; or NULL */
};

/* How a site is tested. */
struct site_run {
    bool asked;
    const char *at; /* the host given with --at; or NULL */
};

struct verify {
    struct sdr *sdr;
    const struct sdr_config *config;
    struct network network;
    unsigned rate, retries, retry_after;
    struct site_run sites[SDR_SITES_MAX];
    struct batch batch; /* the addresses */
    struct mailbox *mailboxes;
    size_t count;
    size_t counts[FINDINGS];
};

/* Look up each address of the batch. Returns false if out of memory. */
bool SDR_MUST_USE
verify_look_up(struct verify *verify);

/* Test the mailboxes at the sites, and set and count the findings. Prints
 * warnings on standard error. Returns false if out of memory. */
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

/* Prints one object per line. */
void
verify_as_json(const struct verify *verify);

#endif
