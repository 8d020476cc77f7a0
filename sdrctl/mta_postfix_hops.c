/* mta_postfix_hops.c - sdrctl check mta: Postfix and "delivery = route"
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mta.h"
#include "mta_postfix.h"
#include "program.h"

struct visit {
    const struct check *check;
    const struct postconf *postconf;
    enum sdr_finding *worst;
};

static const char maps[] = "transport_maps";

/* Whether TABLE has each address in DOMAIN; only such tables are asked as can
 * be told by one. */
static bool
has_everybody(const struct visit *visit, const char *table, const char *domain)
{
    const char *folder = visit->postconf->folder;
    char program[PROGRAM_PATH_SIZE], key[512], *answer = NULL;
    const char *usual[] = {program, "-q", key, table, NULL};
    const char *own[] = {program, "-c", folder, "-q", key, table, NULL};
    struct sdr_error error = {""};
    bool found;

    if ((strncmp(table, "static:", 7) != 0 && strncmp(table, "regexp:", 7) != 0
         && strncmp(table, "pcre:", 5) != 0)
        || !program_find("postmap", program))
        return false;
    snprintf(key, sizeof key, "sdrctl-made-this-up@%s", domain);
    found = program_run(folder != NULL ? own : usual, visit->postconf->timeout,
                        &answer, &error)
                == SDR_OK
            && answer[0] != '\0';
    free(answer);
    return found;
}

/* Postfix looks for a whole address in all tables, before it looks for the
 * domain in any: so only a table of patterns can come first. */
static void
look_at_order(const struct visit *visit, const char *domain)
{
    const char *list = postconf_get(visit->postconf, NULL, maps);
    struct tables tables = {0};
    char word[512];

    while (next_word(&list, word, sizeof word)) {
        read_table(visit->check, visit->postconf, maps, word, &tables);
        if (tables.ours)
            return;
        if (has_everybody(visit, word, domain)) {
            tell_finding(visit->worst, SDR_DOUBTFUL, maps,
                         "list sdr-milter's table before it",
                         "%s comes before sdr-milter's table and knows all "
                         "of %s: no next hop of a site is used",
                         word, domain);
            return;
        }
    }
}

void
look_at_postfix_next_hops(const struct check *check,
                          const struct postconf *postconf,
                          enum sdr_finding *worst)
{
    const struct visit visit = {check, postconf, worst};
    const struct sdr_config *config = check->config;
    struct tables tables;
    char advice[256];

    if (!has_next_hop(config))
        return;
    read_tables(check, postconf, maps, &tables);
    snprintf(advice, sizeof advice,
             "transport_maps = socketmap:unix:%s:transport, and then others",
             map_socket_in_postfix(check, postconf));
    for (unsigned i = 0; tables.ours && i < config->domain_count; i++)
        look_at_order(&visit, config->domains[i].ascii);
    if (!tables.ours && tables.astray[0] == '\0')
        tell_finding(worst, tables.others ? SDR_DOUBTFUL : SDR_WRONG, maps,
                     advice,
                     "it does not ask sdr-milter's table: mail for sites with "
                     "delivery = route stays here%s",
                     tables.others ? ", unless another table there has their "
                                     "people"
                                   : "");
}
