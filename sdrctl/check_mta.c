/* check_mta.c - sdrctl check mta: does mail pass sdr on its way?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <string.h>
#include <strings.h>

#include "mta.h"

static const struct {
    const char *name, *title;
    enum sdr_finding (*run)(const struct check *check, bool *found);
} mtas[] = {
    {"postfix", "Postfix", check_postfix},
    {"sendmail", "Sendmail", check_sendmail},
    {"exim", "Exim", check_exim},
};
enum { MTA_COUNT = sizeof mtas / sizeof mtas[0] };

static int
find_mta(const char *name)
{
    for (int i = 0; i < MTA_COUNT; i++) {
        if (strcasecmp(mtas[i].name, name) == 0)
            return i;
    }
    return -1;
}

bool
are_mtas(const struct check *check)
{
    for (int i = 0; i < check->chosen.count; i++) {
        if (find_mta(check->chosen.names[i]) < 0)
            return false;
    }
    return true;
}

static bool
is_named(const struct check *check, int mta)
{
    for (int i = 0; i < check->chosen.count; i++) {
        if (find_mta(check->chosen.names[i]) == mta)
            return true;
    }
    return false;
}

static enum sdr_finding
check_one(const struct check *check, int mta, bool *found)
{
    enum sdr_finding worst = mtas[mta].run(check, found);

    if (*found)
        return worst;
    tell_heading("mta: %s", mtas[mta].title);
    tell_finding(&worst, is_named(check, mta) ? SDR_WRONG : SDR_FINE,
                 "programs", NULL, "not installed");
    return worst;
}

enum sdr_finding
check_mta(const struct check *check)
{
    enum sdr_finding worst = SDR_FINE;
    bool any = false;

    for (int i = 0; i < MTA_COUNT; i++) {
        bool found = false;

        if (check->chosen.count > 0 && !is_named(check, i))
            continue;
        worsen(&worst, check_one(check, i, &found));
        any |= found;
    }
    if (!any && check->chosen.count == 0)
        tell_finding(&worst, SDR_DOUBTFUL, "mta", NULL,
                     "there is no mail server on this host");
    return worst;
}
