/* postfix_socketmap.c - sdrctl check mta: sdr-milter's tables in main.cf
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>

#include "net/inet.h"

const struct slot slots[] = {
    {"virtual_alias_maps", "route", "cleanup smtpd", "all mail"},
    {"relay_recipient_maps", "recipient", "smtpd", "mail for relay_domains"},
    {"virtual_mailbox_maps", "recipient", "smtpd",
     "mail for virtual_mailbox_domains"},
    {"local_recipient_maps", "recipient", "smtpd", "mail for mydestination"},
    {"transport_maps", "transport", "trivial-rewrite", "all mail"},
    /* By default it has the value of virtual_alias_maps. */
    {"virtual_alias_domains", "route", "trivial-rewrite", "all mail"},
};

static const struct slot *
find_slot(const char *parameter)
{
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        if (strcmp(slots[i].parameter, parameter) == 0)
            return &slots[i];
    }
    return NULL;
}

/* ---- sockets ---- */

bool
leads_to(const struct postfix *p, const char *address, const char *socket,
         bool chroot, bool *jail)
{
    const char *path = strchr(address, ':');
    char whole[1024];

    if (sdr_is_inet(socket))
        return is_socket(address, socket);
    if (path == NULL || strchr("ul", address[0]) == NULL)
        return false;
    path++;
    snprintf(whole, sizeof whole, "unix:%s/%s", get(p, NULL, "queue_directory"),
             path + strspn(path, "/"));
    if ((chroot || path[0] != '/') && is_socket(whole, socket))
        return true;
    *jail = chroot && is_socket(address, socket);
    return path[0] == '/' && is_socket(address, socket);
}

void
write_map_socket(const struct postfix *p, char *out, size_t size)
{
    const char *socket = p->mta->config->milter.map_socket;
    const char *queue = get(p, NULL, "queue_directory");
    size_t len = strlen(queue);

    if (socket == NULL)
        socket = "sdr/map.sock";
    else if (strncmp(socket, queue, len) == 0 && socket[len] == '/')
        socket += len + 1;
    if (!sdr_is_inet(socket))
        snprintf(out, size, "unix:%s", socket);
    else if (strchr(socket, ':') == strrchr(socket, ':')) /* the port alone */
        snprintf(out, size, "inet:127.0.0.1%s", strchr(socket, ':'));
    else
        snprintf(out, size, "%s", socket);
}

/* True if ADDRESS is map-socket for one of the services that query the table.
 * *BLIND is set to one that does not find it there, or to NULL. */
static bool
is_map_socket(const struct postfix *p, const struct slot *slot,
              const char *address, const struct service **blind)
{
    const char *socket = p->mta->config->milter.map_socket;
    bool ours = false;

    *blind = NULL;
    for (unsigned i = 0; socket != NULL && i < p->count; i++) {
        const struct service *service = &p->services[i];
        bool jail = false, led;

        if (!has_word(slot->commands, service->command))
            continue;
        led = leads_to(p, address, socket, service->chroot, &jail);
        ours |= led;
        if (!led || jail)
            *blind = service;
    }
    return ours;
}

/* True if sdr.conf has no map-socket and a process listens at ADDRESS: another
 * program's table. */
static bool
is_answered(const struct postfix *p, const char *address)
{
    const char *path = strchr(address, ':') + 1;
    struct sdr_error error;
    char whole[1024];

    if (path[0] == '/' || sdr_is_inet(address))
        snprintf(whole, sizeof whole, "%s", address);
    else
        snprintf(whole, sizeof whole, "unix:%s/%s",
                 get(p, NULL, "queue_directory"), path);
    return p->mta->config->milter.map_socket == NULL
           && is_listening(whole, &error);
}

/* ---- lists of tables ---- */

/* Add one WORD of the parameter: "socketmap:unix:PATH:NAME",
 * "socketmap:inet:HOST:PORT:NAME", or another table. */
static void
read_table(const struct postfix *p, const struct slot *slot, const char *word,
           struct tables *tables)
{
    bool proxy = strncmp(word, "proxy:", 6) == 0;
    const char *table = proxy ? word + 6 : word;
    const struct service *blind = NULL;
    char address[512] = "", *name = NULL;
    bool fits;

    if (slot != NULL
        && (strncmp(table, "socketmap:unix:", 15) == 0
            || strncmp(table, "socketmap:inet:", 15) == 0)) {
        snprintf(address, sizeof address, "%s", table + 10);
        name = strrchr(address, ':');
    }
    if (name == NULL || name == address + 4) {
        tables->others |= strpbrk(word, ":/") != NULL;
        return;
    }
    *name++ = '\0';
    fits = strcmp(name, slot->table) == 0;
    if (is_map_socket(p, slot, address, &blind)) {
        tables->ours |= fits;
        tables->proxy |= fits && proxy;
        tables->blind = proxy ? tables->blind : blind;
        if (!fits)
            snprintf(tables->misnamed, sizeof tables->misnamed, "%s", name);
    } else if (fits && !is_answered(p, address)) {
        snprintf(tables->astray, sizeof tables->astray, "%s", word);
    } else {
        tables->others = true;
    }
}

void
read_tables(const struct postfix *p, const char *parameter, const char *list,
            struct tables *tables)
{
    char word[VALUE_SIZE];

    memset(tables, 0, sizeof *tables);
    while (next_word(&list, word, sizeof word))
        read_table(p, find_slot(parameter), word, tables);
    if (tables->ours && tables->astray[0] != '\0') {
        tables->astray[0] =
            '\0'; /* another program's table has the same name */
        tables->others = true;
    }
}

bool
is_of_sdr(const struct postfix *p, const char *parameter, const char *word)
{
    struct tables tables = {0};

    read_table(p, find_slot(parameter), word, &tables);
    return tables.ours || tables.misnamed[0] != '\0'
           || tables.astray[0] != '\0';
}
