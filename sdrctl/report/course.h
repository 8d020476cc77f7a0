/* course.h - the number of recipients of each site over time
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Steps come from the journals. Earlier numbers are calculated backwards from
 * the current ones.
 */
#ifndef SDRCTL_REPORT_COURSE_H
#define SDRCTL_REPORT_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "chosen.h"

/* A change in the number of recipients of a site. */
struct course_step {
    time_t when;
    unsigned site;
    int64_t delta;
};

/* All zero is a valid start. */
struct course {
    struct course_step *steps; /* unsorted until course_sort() */
    size_t count, room;
};

/* Add a step. Returns false if out of memory. */
bool
course_add(struct course *course, time_t when, unsigned site, int64_t delta);

/* Sort by time, merge steps of the same time and site, and drop steps that
 * change nothing. */
void
course_sort(struct course *course);

/* Returns the number of recipients of SITE before step number STEP, if there
 * are NOW after the last one. Never negative. */
int64_t
course_before(const struct course *course, unsigned site, size_t step,
              int64_t now);

void
course_clear(struct course *course);

/* Add the changes of owner attributes in the chosen directories from the
 * journals in FOLDER, if there are any. Returns false with the reason if one
 * cannot be read. */
bool
course_read(struct course *course, const struct sdr_config *config,
            const struct chosen *chosen, const char *folder,
            struct sdr_error *error);

#endif
