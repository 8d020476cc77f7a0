/* held.c - count the recipients that a wave has on hold; see run.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <sysexits.h>

#include "change/job.h"
#include "plan/journals.h"
#include "plan/run.h"
#include "print.h"

/* Count the recipients in the journals that are on hold now. If the directory
 * does not answer, count them all. */
static void
ask_directory(struct plan_run *run, struct job *job, struct held *held)
{
    job->admin = admin_new(run->config, &run->credentials);
    held->count = job->batch.count;
    held->sure = false;
    if (job->admin == NULL)
        return;
    job_find(job);
    if (job->code == EX_OK && job->mistakes == 0) {
        held->sure = true;
        held->count = 0;
        for (size_t i = 0; i < job->people.count; i++)
            held->count += job->people.items[i].facts.hold;
    }
    admin_free(&job->admin);
}

enum sdr_status
held_count(struct plan_run *run, const char *wave, size_t base,
           struct held *held, struct sdr_error *error)
{
    struct job job = {.config = run->config, .name = "plan", .code = EX_OK};
    struct wave_journals journals;
    enum sdr_status status = wave_journals_find(&journals, run->config,
                                                &run->state, wave, base, error);

    *held = (struct held){0, true};
    if (status == SDR_OK)
        status = wave_journals_held(&journals, run->config, &job.batch, error);
    if (status == SDR_OK && job.batch.count > 0)
        ask_directory(run, &job, held);
    wave_journals_clear(&journals);
    job_clear(&job);
    return status;
}

void
held_report(struct plan_run *run, const char *wave, size_t base)
{
    struct sdr_error error;
    struct held held;

    if (held_count(run, wave, base, &held, &error) != SDR_OK) {
        print_error_line(&error);
        fprintf(stderr,
                "sdrctl: the number of recipients on hold by wave %s is "
                "unknown\n",
                wave);
    } else if (held.count > 0) {
        fprintf(stderr, "sdrctl: %s%zu recipient%s on hold by wave %s\n",
                held.sure ? "" : "up to ", held.count,
                held.count == 1 ? " is" : "s are", wave);
    }
}
