/* report_course.h - how many live at each site, over time
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Steps come from whoever knows them; how many there were before is found by
 * going back from how many there are.
 */
#ifndef SDRCTL_REPORT_COURSE_H
#define SDRCTL_REPORT_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config.h"
#include "sdrctl.h"

/* At that time a site got so many more, or lost them. */
struct course_step {
    time_t when;
    unsigned site;
    int64_t delta;
};

/* All zero is a valid start. */
struct course {
    struct course_step *steps; /* in any order, until they are sorted */
    size_t count, room;
};

/* False without memory. */
bool
course_add(struct course *course, time_t when, unsigned site, int64_t delta);

/* In the order of time; those of one moment and site become one, and those that
 * change nothing go. */
void
course_sort(struct course *course);

/* How many lived at SITE before step number STEP if there are NOW of them after
 * the last one; never less than none. */
int64_t
course_before(const struct course *course, unsigned site, size_t step,
              int64_t now);

void
course_clear(struct course *course);

/* Add the changes of owner attributes in the chosen directories that the
 * journals in FOLDER tell of; there need not be any. Returns false with the
 * reason if one could not be read. */
bool
course_read(struct course *course, const struct sdr_config *config,
            const struct chosen *chosen, const char *folder,
            struct sdr_error *error);

#endif
