/* members.c - members of aliases who have moved to another site
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/mta.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define INCLUDE ":include:"

/* Included files may include others, or themselves: how deep, and how many
 * files are read at most. */
enum { DEPTH_MAX = 4, INCLUDED_MAX = 1000 };

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

static void
count_list(struct mta *mta, struct members *members, const char *alias,
           const char *list, unsigned depth);

/* Count the members in the file of ":include:PATH". */
static void
count_included(struct mta *mta, struct members *members, const char *alias,
               const char *path, unsigned depth)
{
    const struct reply *file = read_lines(mta, path);

    for (const char *line = NULL; (line = next_line(file, line)) != NULL;) {
        if (line[strspn(line, " \t")] != '#')
            count_list(mta, members, alias, line, depth + 1);
    }
}

static void
count_list(struct mta *mta, struct members *members, const char *alias,
           const char *list, unsigned depth)
{
    char word[VALUE_SIZE], address[VALUE_SIZE], own[VALUE_SIZE];

    /* The words after a program may be its arguments. */
    while (next_word(&list, word, sizeof word)
           && strpbrk(word, "\"|") == NULL) {
        const char *name = word + (word[0] == '\\');

        if (strncasecmp(name, INCLUDE, strlen(INCLUDE)) == 0
            && depth < DEPTH_MAX && members->included++ < INCLUDED_MAX)
            count_included(mta, members, alias, name + strlen(INCLUDE), depth);
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
count_members(struct mta *mta, struct members *members, const char *alias,
              const char *value)
{
    count_list(mta, members, alias, value, 0);
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

/* ---- aliases that only the MTA knows ---- */

void
count_stray(const struct mta *mta, struct strays *strays, const char *alias)
{
    static const char unknown[] = "no entry, unknown"; /* a verdict's reason */
    const char *at = strrchr(alias, '@');
    char address[VALUE_SIZE];
    const struct sdr_name *name;
    struct sdr_verdict verdict;

    if (at == alias || (at == NULL && strays->local == NULL))
        return;
    snprintf(address, sizeof address, "%.1000s%s%.500s", alias,
             at == NULL ? "@" : "", at == NULL ? strays->local : "");
    name = name_of(mta, address);
    if (name == NULL || name->kind != SDR_NAME_SPLIT
        || !sends_unknown(mta, name->split) || strays->silent >= SILENT_MAX)
        return;
    sdr_decide(mta->check->sdr, address, NULL, &verdict);
    strays->silent = verdict.kind == SDR_DEFER ? strays->silent + 1 : 0;
    if (verdict.kind == SDR_REDIRECT
        && strncmp(verdict.reason, unknown, strlen(unknown)) == 0
        && strays->count++ == 0)
        snprintf(strays->first, sizeof strays->first, "%.1000s", address);
}

void
report_strays(struct mta *mta, const char *parameter,
              const struct strays *strays)
{
    if (strays->count > 0)
        report(mta, CHECK_WRONG, parameter,
               "add their local parts to always-local in sdr.conf, or add them "
               "to the directory",
               "it has aliases in a split domain that are not in the directory "
               "(%u), such as %s: because of unknown = SITE, sdr sends their "
               "mail to that site",
               strays->count, strays->first);
}
