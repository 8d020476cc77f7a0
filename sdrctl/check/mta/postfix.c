/* postfix.c - sdrctl check mta: Postfix, its parameters and tables
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct reply *
ask_postfix(struct postfix *p, const char *program, const char *option,
            const char *argument, const char *other)
{
    return p->folder == NULL
               ? ask(p->mta, NULL, program, option, argument, other, NULL)
               : ask(p->mta, NULL, program, "-c", p->folder, option, argument,
                     other, NULL);
}

/* ---- parameters and services ---- */

const char *
get(const struct postfix *p, const struct service *service, const char *name)
{
    const char *value = NULL;
    char key[256];

    if (service != NULL) {
        snprintf(key, sizeof key, "%s/%s =", service->name, name);
        value = find_line(p->master, key);
    }
    if (value == NULL) {
        snprintf(key, sizeof key, "%s =", name);
        value = find_line(p->main, key);
    }
    return value == NULL ? "" : value + strspn(value, " ");
}

const struct service *
next_service(const struct postfix *p, const struct service *after,
             const char *command)
{
    const struct service *end = p->services + p->count;

    for (const struct service *s = after == NULL ? p->services : after + 1;
         s < end; s++) {
        if (strcmp(s->command, command) == 0)
            return s;
    }
    return NULL;
}

const struct service *
find_service(const struct postfix *p, const char *name)
{
    char full[160];

    snprintf(full, sizeof full, "%s/unix", name);
    for (unsigned i = 0; i < p->count; i++) {
        if (strcmp(p->services[i].name, full) == 0)
            return &p->services[i];
    }
    return NULL;
}

bool
is_new_value(const struct postfix *p, const struct service *service,
             const char *name)
{
    const char *value = get(p, service, name);

    for (const struct service *s = NULL;
         (s = next_service(p, s, service->command)) != service;) {
        if (strcmp(get(p, s, name), value) == 0)
            return false;
    }
    return true;
}

const char *
get_origin(const struct postfix *p)
{
    const char *origin = get(p, NULL, "myorigin");

    return origin[0] == '/' ? read_lines(p->mta, origin)->text : origin;
}

/* "smtp inet n - y - - smtpd -o ..." */
static void
read_services(struct postfix *p, const struct reply *master)
{
    /* If master.cf does not say, smtpd was confined before this level. */
    bool jailed = strtod(get(p, NULL, "compatibility_level"), NULL) < 1;

    for (const char *line = NULL;
         p->count < SERVICES_MAX && (line = next_line(master, line)) != NULL;) {
        struct service *service = &p->services[p->count];
        char name[128], type[16], chroot[4];

        if (sscanf(line, "%127s %15s %*s %*s %3s %*s %*s %63s", name, type,
                   chroot, service->command)
            != 4)
            continue;
        snprintf(service->name, sizeof service->name, "%s/%s", name, type);
        service->chroot = chroot[0] == 'y' || (chroot[0] == '-' && jailed);
        p->count++;
    }
}

static bool
read_configuration(struct postfix *p)
{
    const char *options[] = {"-x", "-Px", "-M"};
    const struct reply *replies[3];

    for (unsigned i = 0; i < 3; i++) {
        replies[i] = ask_postfix(p, p->postconf, options[i], NULL, NULL);
        if (replies[i]->code != 0) {
            report(p->mta, CHECK_UNREACHABLE, "postconf", NULL, "%s",
                   replies[i]->why);
            return false;
        }
    }
    p->main = replies[0]->text;
    p->master = replies[1]->text;
    read_services(p, replies[2]);
    return true;
}

/* ---- tables ---- */

static bool
has_type(const char *table, const char *types)
{
    char type[32];

    snprintf(type, sizeof type, "%.*s", (int)strcspn(table, ":"), table);
    return strchr(table, ':') != NULL && has_word(types, type);
}

/* proxymap(8) answers for the same table, if Postfix runs. */
static const char *
without_proxy(const char *table)
{
    return strncmp(table, "proxy:", 6) == 0 ? table + 6 : table;
}

/* Once of the same: it is not asked again. */
static void
report_silent(struct postfix *p, const char *parameter, const char *table,
              const char *why)
{
    size_t len = strlen(p->silent);

    snprintf(p->silent + len, sizeof p->silent - len, "\n%s\n", table);
    report(p->mta, CHECK_DOUBTFUL, parameter,
           "see that root can ask it by postmap -q",
           "%s cannot be asked, so that it is not known what it does to "
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
    /* Types whose keys are patterns, or that Postfix takes for such. */
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

/* ---- all of it ---- */

/* Which sockets are needed depends on who is asked. */
static void
look(struct postfix *p)
{
    struct tables tables;

    read_tables(p, "virtual_alias_maps", get(p, NULL, "virtual_alias_maps"),
                &tables);
    p->routed = p->mta->tables && (tables.ours || tables.astray[0] != '\0');
    if (look_at_services(p) || !p->routed)
        report_socket(p->mta, "socket", p->mta->config->milter.socket,
                      get(p, NULL, "mail_owner"));
    look_at_tables(p);
    look_at_domains(p);
    look_at_rewrites(p);
    look_at_copies(p);
    look_at_transports(p);
    look_at_aliases(p);
    look_at_verification(p);
}

bool
check_postfix(struct mta *mta)
{
    const char *folder = mta->check->postfix_config;
    struct postfix p = {.mta = mta, .folder = folder};

    if (!find_program("postconf", p.postconf)
        || !find_program("postmap", p.postmap))
        return false;
    report_heading("mta: Postfix%s%s", folder != NULL ? ", " : "",
                   folder != NULL ? folder : "");
    if (read_configuration(&p))
        look(&p);
    return true;
}
