/* commands.h - the commands that change a directory, also as steps of a plan
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_COMMANDS_H
#define SDRCTL_COMMANDS_H

#include "change/change_plan.h"
#include "decision/sdr.h"

struct change_command {
    enum change_kind kind;
    const char *name;   /* move, hold or release */
    const char *origin; /* the step of a plan, for the journal; NULL: none */
    bool brief;         /* print counts, not each change */
};

/* As command_move() and the like. */
int
change_command(struct sdr *sdr, const struct change_command *command, int argc,
               char **argv);

/* As command_undo(). ORIGIN and BRIEF as above. */
int
undo_command(struct sdr *sdr, const char *origin, bool brief, int argc,
             char **argv);

#endif
