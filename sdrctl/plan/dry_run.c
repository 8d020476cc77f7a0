/* dry_run.c - sdrctl plan --dry-run; see run.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <sysexits.h>

#include "plan/run.h"

static void
print_wave(struct plan_run *run, const struct wave *wave)
{
    printf("wave %s: %zu mailbox%s to %s", wave->name, wave->count,
           wave->count == 1 ? "" : "es", wave->to_text);
    if (wave->start_text != NULL)
        printf(", at %s", wave->start_text);
    putchar('\n');
    for (unsigned step = 0; step < STEPS; step++) {
        if (wave_has(wave, (enum step)step))
            step_print(run, wave, (enum step)step);
    }
}

int
plan_dry_run(struct plan_run *run)
{
    int code;

    for (unsigned i = 0; i < run->plan.count; i++)
        print_wave(run, &run->plan.waves[i]);
    fflush(stdout);
    code = plan_check_begun(run);
    return code == EX_OK ? plan_look_up(run, NULL) : code;
}
