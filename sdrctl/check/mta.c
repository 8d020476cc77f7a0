/* mta.c - sdrctl check mta: does all mail pass through sdr?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <string.h>
#include <strings.h>

#include "check/mta/mta.h"

static const struct {
    const char *name, *title;
    bool (*run)(struct mta *mta);
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

const char *
mta_names(const struct sdr_config *config, unsigned index)
{
    (void)config;
    return index < MTA_COUNT ? mtas[index].name : NULL;
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

enum check_result
check_mta(const struct check *check)
{
    struct mta mta = {.check = check,
                      .config = check->config,
                      .worst = CHECK_OK,
                      .tables =
                          check->config->milter.rewrite == SDR_TABLES_REWRITE};
    bool all = check->chosen.count == 0, any = false;

    for (int i = 0; i < MTA_COUNT; i++) {
        if (!all && !is_named(check, i))
            continue;
        mta.timeout = check->network.timeout;
        if (mtas[i].run(&mta)) {
            any = true;
            continue;
        }
        report_heading("mta: %s", mtas[i].title);
        report(&mta, all ? CHECK_OK : CHECK_WRONG, "programs", NULL,
               "not installed");
    }
    forget_replies(&mta);
    if (!any && all)
        report(&mta, CHECK_DOUBTFUL, "mta", NULL,
               "there is no mail server on this host");
    return mta.worst;
}
