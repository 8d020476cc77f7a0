/* test_report_course.c - how many lived at a site before each step
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "report/course.h"

#include "unit.h"

enum { STEPS_MAX = 6 };

/* 10 are at site 0 now, and 3 at site 1. */
static const struct {
    const char *name;
    struct course_step steps[STEPS_MAX]; /* those at time 0 do not count */
    size_t count;                        /* of them, once they are sorted */
    int64_t before[2][STEPS_MAX];        /* by site, before each, and now */
} rows[] = {
    {"none", {{0}}, 0, {{10}, {3}}},
    {"one move", {{5, 0, -2}, {5, 1, 2}}, 2, {{12, 10, 10}, {1, 1, 3}}},
    {"in any order",
     {{9, 0, 4}, {1, 0, -1}, {1, 1, 3}},
     3,
     {{7, 6, 6, 10}, {0, 0, 3, 3}}},
    {"one moment", {{4, 1, 1}, {4, 1, 1}, {4, 1, -1}}, 1, {{10, 10}, {2, 3}}},
    {"to and fro", {{4, 1, 1}, {4, 1, -1}, {6, 0, 1}}, 1, {{9, 10}, {3, 3}}},
    {"never less than none",
     {{4, 1, 9}, {6, 1, -2}},
     2,
     {{10, 10, 10}, {0, 5, 3}}},
};

static void
the_course_is_found_by_going_back(void **state)
{
    static const int64_t now[2] = {10, 3};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct course course = {0};

        for (size_t s = 0; s < STEPS_MAX && rows[i].steps[s].when != 0; s++)
            assert_true(course_add(&course, rows[i].steps[s].when,
                                   rows[i].steps[s].site,
                                   rows[i].steps[s].delta));
        course_sort(&course);
        unit_row(course.count == rows[i].count, "%s: %zu steps", rows[i].name,
                 course.count);
        for (unsigned site = 0; site < 2; site++) {
            for (size_t s = 0; s <= course.count; s++) {
                int64_t before = course_before(&course, site, s, now[site]);

                unit_row(before == rows[i].before[site][s],
                         "%s: site %u, step %zu: %lld", rows[i].name, site, s,
                         (long long)before);
            }
        }
        course_clear(&course);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_course_is_found_by_going_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
