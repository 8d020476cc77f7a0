/* sendmail_aliases.c - sdrctl check mta: recipients that Sendmail maps
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/sendmail.h"

#include <stdio.h>
#include <string.h>

/* True if Sendmail maps addresses in this domain and sdr routes it. */
static bool
is_mapped(const struct sendmail *sm, const char *address)
{
    const char *at = strrchr(address, '@');
    const char *domain = at == NULL ? address : at + 1;

    return is_own(sm->mta, domain)
           && (is_in_class(sm, "w", domain)
               || is_in_class(sm, "VirtHost", domain));
}

typedef void
entry_look(struct sendmail *sm, const char *key, const char *value);

/* Call LOOK for each entry that makemap(8) lists. Returns false if it fails. */
static bool
for_each_entry(struct sendmail *sm, const char *type, const char *path,
               entry_look *look)
{
    char program[PROGRAM_SIZE], key[VALUE_SIZE];
    const struct reply *reply;

    if (!find_program("makemap", program))
        return false;
    reply = ask(sm->mta, NULL, program, "-C", sm->path, "-u", type, path, NULL);
    for (const char *line = NULL; (line = next_line(reply, line)) != NULL;) {
        const char *tab = strchr(line, '\t');

        if (tab == NULL)
            continue;
        snprintf(key, sizeof key, "%.*s", (int)(tab - line), line);
        look(sm, key, tab + 1);
    }
    return reply->code == 0;
}

static void
look_at_alias(struct sendmail *sm, const char *key, const char *value)
{
    if (!sm->routed)
        count_members(sm->mta, &sm->members, key, value);
    count_stray(sm->mta, &sm->strays, key);
}

/* Check an entry that maps a whole domain to one that sdr routes:
 * "@example.org %1@example.com", or "example.org example.com" in the
 * domaintable. */
static void
look_at_mapped_domain(struct sendmail *sm, const char *map, const char *key,
                      const char *value)
{
    if (sm->routed || is_own(sm->mta, key) || !is_own(sm->mta, value))
        return;
    report(sm->mta, CHECK_WRONG, map,
           "add the domain to sdr.conf, with alias-of, and to Sendmail where "
           "the split domain is, and remove the entry; or set rewrite = tables "
           "in sdr.conf",
           "it maps %s to %s: sdr-milter does not route recipients that "
           "Sendmail maps: if they have moved, mail goes to their old "
           "mailboxes",
           key, value);
}

static void
look_at_domaintable(struct sendmail *sm, const char *key, const char *value)
{
    look_at_mapped_domain(sm, "domaintable", key, value);
}

/* Check an entry of the virtusertable. sdr-milter leaves alone the recipients
 * that it maps. The lookup tables are queried first, but do not answer for
 * recipients that stay here. */
static void
look_at_virtuser(struct sendmail *sm, const char *key, const char *value)
{
    if (strncmp(value, "error:", 6) == 0)
        return;
    if (key[0] == '@' && value[0] == '%' && !is_own(sm->mta, key))
        look_at_mapped_domain(sm, "virtusertable", key, value);
    else if (!sm->routed && !is_mapped(sm, key))
        look_at_alias(sm, key, value);
    else if (!sm->routed && sm->count++ == 0)
        snprintf(sm->first, sizeof sm->first, "%.1000s for %.500s", value, key);
    else if (sm->routed && key[0] == '@' && strchr("@%", value[0]) == NULL
             && is_mapped(sm, key))
        report(sm->mta, CHECK_DOUBTFUL, "virtusertable",
               "move the catch-all to the directory, see sdr.conf(5)",
               "%s for %s: this address gets the mail of all recipients who "
               "stay here and have no entry of their own",
               value, key);
}

/* Report that the virtusertable cannot be listed. */
static void
report_silent(void *arg, const char *domain, const char *site)
{
    const struct sendmail *sm = arg;

    if (site == NULL && is_mapped(sm, domain))
        report(sm->mta, CHECK_DOUBTFUL, "virtusertable",
               "do not use it for this domain",
               "%s: sdrctl cannot list this table, and sdr-milter does not "
               "route the recipients that it maps",
               domain);
}

static void
look_at_virtusertable(struct sendmail *sm)
{
    static const char subject[] = "virtusertable";
    char type[64], path[512];

    if (find_cf_line(sm, NULL, "Kvirtuser ") == NULL)
        return;
    if ((!read_sendmail_map(sm, "virtuser", type, path)
         || !for_each_entry(sm, type, path, look_at_virtuser))
        && !sm->routed)
        for_each_domain(sm->mta->config, report_silent, sm);
    if (sm->count > 0)
        report(sm->mta, CHECK_WRONG, subject,
               "remove them, because the directory says where a mailbox is; or "
               "set rewrite = tables in sdr.conf",
               "it has entries in domains that sdr routes (%u), such as %s: "
               "sdr-milter does not route recipients that Sendmail maps: if "
               "they have moved, mail goes to their old mailboxes",
               sm->count, sm->first);
    report_members(sm->mta, subject, route_members, &sm->members);
}

static void
look_at_aliases(struct sendmail *sm)
{
    const char *at = get_cf_option(sm, "AliasFile");
    char type[64], path[512];

    sm->members.count = 0;
    while (next_alias_file(&at, type, path)) {
        if (path[0] != '\0' && strcmp(type, "socket") != 0)
            for_each_entry(sm, type[0] == '\0' ? "hash" : type, path,
                           look_at_alias);
    }
    report_members(sm->mta, "AliasFile", route_members, &sm->members);
    report_strays(sm->mta, "AliasFile", &sm->strays);
}

void
look_at_sendmail_aliases(struct sendmail *sm)
{
    const struct sdr_config *config = sm->mta->config;
    char type[64], path[512];

    for (unsigned i = 0; i < config->domain_count; i++) {
        if (sm->members.local == NULL
            && is_in_class(sm, "w", config->domains[i].ascii))
            sm->members.local = config->domains[i].ascii;
    }
    if (!sm->routed)
        report_not_shown(sm->mta, true);
    sm->strays.local = sm->members.local;
    look_at_virtusertable(sm);
    if (read_sendmail_map(sm, "domaintable", type, path))
        for_each_entry(sm, type, path, look_at_domaintable);
    look_at_aliases(sm);
}
