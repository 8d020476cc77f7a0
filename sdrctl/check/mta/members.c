/* members.c - members of aliases who have moved to another site
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/mta.h"

#include <stdio.h>
#include <string.h>

/* After so many lookups in a row without an answer, stop querying the
 * directory: each may wait for the whole timeout. */
enum { SILENT_MAX = 3 };

const char route_members[] =
    "set rewrite = tables in sdr.conf, see sdr-milter(8); or write members at "
    "other sites with the routing domain of their site";

/* True if NAME is in a split domain that counts and its mail leaves for another
 * site. Writes its full ADDRESS. */
static bool
has_moved(const struct mta *mta, struct members *members, const char *name,
          char address[VALUE_SIZE])
{
    const char *domain = strrchr(name, '@');
    const struct sdr_name *found;
    struct sdr_verdict verdict;

    if (domain == NULL && members->local == NULL)
        return false;
    domain = domain == NULL ? members->local : domain + 1;
    snprintf(address, VALUE_SIZE, "%.*s@%s", (int)strcspn(name, "@"), name,
             domain);
    found = name_of(mta, address);
    if (members->silent >= SILENT_MAX || found == NULL
        || found->kind != SDR_NAME_SPLIT
        || (members->domains != NULL && !has_word(members->domains, domain)))
        return false;
    sdr_decide(mta->check->sdr, address, NULL, &verdict);
    members->silent = verdict.kind == SDR_DEFER ? members->silent + 1 : 0;
    return verdict.leaves
           && (verdict.kind == SDR_REDIRECT || verdict.kind == SDR_COPY);
}

void
count_members(const struct mta *mta, struct members *members, const char *alias,
              const char *value)
{
    char word[VALUE_SIZE], address[VALUE_SIZE], own[VALUE_SIZE];

    /* The words after a program may be its arguments. */
    while (next_word(&value, word, sizeof word)
           && strpbrk(word, "\"|") == NULL) {
        const char *name = word + (word[0] == '\\');

        if (strpbrk(name, "/:") != NULL
            || !has_moved(mta, members, name, address))
            continue;
        if (has_moved(mta, members, alias, own))
            return;
        if (members->count++ == 0)
            snprintf(members->first, sizeof members->first, "%.1000s of %.250s",
                     address, alias);
    }
}

void
report_members(struct mta *mta, const char *parameter, const char *advice,
               const struct members *members)
{
    if (members->count > 0)
        report(mta, CHECK_WRONG, parameter, advice,
               "aliases have members who are at another site now (%u), such as "
               "%s: their mail is not routed and goes to their old mailboxes",
               members->count, members->first);
}

void
report_not_shown(struct mta *mta, bool bounces)
{
    const struct sdr_config *config = mta->config;
    bool rewrites = false;

    for (unsigned i = 0; i < config->site_count; i++)
        rewrites |=
            i != config->this_site && config->sites[i].delivery == SDR_REWRITE;
    if (rewrites)
        report(mta, CHECK_DOUBTFUL, "rewrite",
               "set rewrite = tables in sdr.conf",
               "milter: sdr-milter does not route %smail for members of "
               "aliases and .forward targets: if the recipient has moved, it "
               "goes to the old mailbox",
               bounces ? "bounces, or " : "");
}
