/* job.h - a run of move, hold or release
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_JOB_H
#define SDRCTL_JOB_H

#include "change/admin.h"
#include "change/batch.h"
#include "change/change.h"
#include "net/network.h"
#include "change/entry.h"
#include "change/change_plan.h"
#include "change/verify.h"
#include "change/options.h"

struct job {
    const struct sdr_config *config;
    const char *name; /* of the command */
    struct change_plan plan;
    const char *to, *from, *file, *filter;
    struct writer writer;
    struct network network;
    bool skip_done, verify;
    bool ignores_mistakes; /* does not report or count them */
    /* results */
    struct admin *admin;
    struct batch batch;
    struct people people;
    struct changes changes;
    struct verification verification; /* of entries that can be changed */
    size_t mistakes, skipped;
    int code; /* the exit code; EX_OK while the run continues */
};

/* Read the addresses from the command line or the batch. Errors are reported
 * and counted. */
void
job_read(struct job *job, int count, char **addresses);

/* Find all entries. All errors are reported, and counted as mistakes or in
 * job->code. */
void
job_find(struct job *job);

/* Find all entries and plan a change for each. All errors are reported; with
 * any, job->code is not EX_OK. */
void
job_plan(struct job *job);

void
job_clear(struct job *job);

#endif
