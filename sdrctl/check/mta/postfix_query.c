/* postfix_query.c - sdrctl check mta: queries of Postfix's tables
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>

static bool
has_type(const char *table, const char *types)
{
    char type[32];

    snprintf(type, sizeof type, "%.*s", (int)strcspn(table, ":"), table);
    return strchr(table, ':') != NULL && has_word(types, type);
}

/* Strip "proxy:": proxymap(8) answers from the same table, but only while
 * Postfix runs. */
static const char *
without_proxy(const char *table)
{
    return strncmp(table, "proxy:", 6) == 0 ? table + 6 : table;
}

/* Report a table that does not answer. It is not queried again. */
static void
report_silent(struct postfix *p, const char *parameter, const char *table,
              const char *why)
{
    size_t len = strlen(p->silent);

    snprintf(p->silent + len, sizeof p->silent - len, "\n%s\n", table);
    report(p->mta, CHECK_DOUBTFUL, parameter,
           "make sure that root can query it with postmap -q",
           "sdrctl cannot query %s and does not know how it changes "
           "recipients: %s",
           table, why);
}

static bool
is_silent(const struct postfix *p, const char *table)
{
    char line[VALUE_SIZE + 2];

    snprintf(line, sizeof line, "\n%.*s\n", VALUE_SIZE - 1, table);
    return strstr(p->silent, line) != NULL;
}

enum answer
query(struct postfix *p, const char *parameter, const char *list,
      const char *key, bool whole, char value[VALUE_SIZE])
{
    /* Types that are not queried with partial keys. */
    static const char patterns[] = "regexp pcre cidr tcp socketmap randmap "
                                   "fail";
    char word[VALUE_SIZE];

    while (next_word(&list, word, sizeof word)) {
        const char *table = without_proxy(word);
        const struct reply *reply;

        if (is_of_sdr(p, parameter, word)
            || (!whole && has_type(table, patterns)))
            continue;
        if (is_silent(p, table))
            return PERHAPS;
        reply = ask_postfix(p, p->postmap, "-q", key, table);
        if (reply->code == 0) {
            snprintf(value, VALUE_SIZE, "%s", reply->text);
            return YES;
        }
        if (reply->code == 1 && reply->len == 0 && !reply->fatal)
            continue;
        report_silent(p, parameter, table, reply->why);
        return PERHAPS;
    }
    return NO;
}

enum answer
query_address(struct postfix *p, const char *parameter, const char *list,
              const char *address, char value[VALUE_SIZE])
{
    enum answer answer = query(p, parameter, list, address, true, value);

    return answer != NO
               ? answer
               : query(p, parameter, list, strrchr(address, '@'), false, value);
}

bool
next_entry(struct postfix *p, struct entries *entries)
{
    static const char listable[] = "hash btree lmdb dbm sdbm texthash inline";
    char word[VALUE_SIZE];

    for (;;) {
        if (entries->reply != NULL)
            entries->line = next_line(entries->reply, entries->line);
        if (entries->line != NULL) {
            const char *tab = strchr(entries->line, '\t');

            if (tab == NULL)
                continue;
            snprintf(entries->key, sizeof entries->key, "%.*s",
                     (int)(tab - entries->line), entries->line);
            entries->value = tab + 1;
            return true;
        }
        entries->reply = NULL;
        if (!next_word(&entries->list, word, sizeof word))
            return false;
        if (has_type(without_proxy(word), listable))
            entries->reply =
                ask_postfix(p, p->postmap, "-s", without_proxy(word), NULL);
    }
}

bool
next_probe(const struct mta *mta, struct probe *probe)
{
    const struct sdr_config *config = mta->config;
    unsigned number = 0;

    for (unsigned s = 0; s < config->site_count; s++) {
        const struct sdr_list *known = &config->sites[s].verify_addresses;

        if (s == config->this_site || config->sites[s].delivery != SDR_REWRITE)
            continue;
        for (unsigned i = 0; i < config->domain_count + known->count; i++) {
            bool made_up = i < config->domain_count;
            const char *person =
                made_up ? PROBE : known->items[i - config->domain_count];
            const struct sdr_name *name =
                name_of(mta, made_up ? config->domains[i].ascii : person);
            int len = (int)strcspn(person, "@");

            if (number++ < probe->number || name == NULL
                || name->kind != SDR_NAME_SPLIT)
                continue;
            probe->number = number;
            snprintf(probe->own, sizeof probe->own, "%.*s@%s", len, person,
                     name->domain);
            snprintf(probe->target, sizeof probe->target, "%.*s@%s", len,
                     person, config->domains[name->split].routing[s]);
            snprintf(probe->here, sizeof probe->here, "%.*s@%s", len, person,
                     config->domains[name->split].routing[config->this_site]);
            return true;
        }
    }
    return false;
}
