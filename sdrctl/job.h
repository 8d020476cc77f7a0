/* job.h - a run of move, hold or release: who is asked for, what comes of it
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_JOB_H
#define SDRCTL_JOB_H

#include "admin.h"
#include "batch.h"
#include "change.h"
#include "network.h"
#include "person.h"
#include "plan.h"
#include "verify.h"
#include "writer.h"

struct job {
    const struct sdr_config *config;
    const char *name; /* of the command */
    struct plan plan;
    const char *to, *from, *file, *filter;
    struct writer writer;
    struct network network;
    bool skip_done, verify;
    /* what comes of it */
    struct admin *admin;
    struct batch batch;
    struct people people;
    struct changes changes;
    struct verification verification; /* of those that can be changed */
    size_t mistakes, skipped;
    int code; /* EX_OK while it may go on */
};

/* Read who is asked for: addresses of the command line, or the batch. Mistakes
 * are told and counted. */
void
job_read(struct job *job, int count, char **addresses);

/* Find everybody and make a change of each. All mistakes are told; if there is
 * one, job->code says so. */
void
job_judge(struct job *job);

void
job_clear(struct job *job);

#endif
