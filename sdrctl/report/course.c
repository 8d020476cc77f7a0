/* course.c - see course.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "report/course.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"

bool
course_add(struct course *course, time_t when, unsigned site, int64_t delta)
{
    const struct course_step step = {when, site, delta};

    return sdr_array_append(&course->steps, &course->count, &course->room,
                            &step, sizeof step);
}

static int
compare_steps(const void *a, const void *b)
{
    const struct course_step *x = a, *y = b;

    if (x->when != y->when)
        return x->when < y->when ? -1 : 1;
    return (x->site > y->site) - (x->site < y->site);
}

void
course_sort(struct course *course)
{
    size_t kept = 0;

    if (course->count > 0)
        qsort(course->steps, course->count, sizeof *course->steps,
              compare_steps);
    for (size_t i = 0; i < course->count;) {
        struct course_step step = course->steps[i++];

        while (i < course->count
               && compare_steps(&step, &course->steps[i]) == 0)
            step.delta += course->steps[i++].delta;
        if (step.delta != 0)
            course->steps[kept++] = step;
    }
    course->count = kept;
}

int64_t
course_before(const struct course *course, unsigned site, size_t step,
              int64_t now)
{
    for (size_t i = step; i < course->count; i++) {
        if (course->steps[i].site == site)
            now -= course->steps[i].delta;
    }
    return now < 0 ? 0 : now;
}

void
course_clear(struct course *course)
{
    free(course->steps);
    memset(course, 0, sizeof *course);
}
