/* mx.c - see mx.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/mx.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

/* ---- order and choice ---- */

static int
compare(const void *a, const void *b)
{
    const struct mx_host *x = a, *y = b;

    return (x->preference > y->preference) - (x->preference < y->preference);
}

/* Remove duplicates. The hosts are sorted, so the first one of a name has the
 * best preference. */
static void
drop_doubles(struct mx *mx)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < mx->count; i++) {
        unsigned j = 0;

        while (j < kept
               && strcasecmp(mx->hosts[i].name, mx->hosts[j].name) != 0)
            j++;
        if (j < kept)
            continue;
        if (i != kept)
            mx->hosts[kept] = mx->hosts[i];
        kept++;
    }
    mx->count = kept;
}

static void
shuffle(struct mx_host *hosts, unsigned count, unsigned (*chance)(unsigned))
{
    for (unsigned i = count; i > 1; i--) {
        unsigned j = chance(i);
        struct mx_host other = hosts[i - 1];

        hosts[i - 1] = hosts[j];
        hosts[j] = other;
    }
}

void
mx_order(struct mx *mx, unsigned (*chance)(unsigned below))
{
    unsigned end;

    qsort(mx->hosts, mx->count, sizeof mx->hosts[0], compare);
    drop_doubles(mx);
    for (unsigned i = 0; i < mx->count; i = end) {
        for (end = i + 1; end < mx->count; end++) {
            if (mx->hosts[end].preference != mx->hosts[i].preference)
                break;
        }
        shuffle(&mx->hosts[i], end - i, chance);
    }
}

void
mx_choose(struct mx *mx)
{
    unsigned limit = 0;
    bool local = false;

    for (unsigned i = 0; i < mx->count && !local; i++) {
        local = mx->hosts[i].local;
        limit = mx->hosts[i].preference;
    }
    mx->usable = 0;
    while (mx->usable < mx->count
           && (!local || mx->hosts[mx->usable].preference < limit))
        mx->usable++;
}

/* ---- queries ---- */

static unsigned
chance_of_kernel(unsigned below)
{
    unsigned value = 0;

    (void)!getrandom(&value, sizeof value, 0);
    return value % below;
}

static void
set_addresses(struct mx_host *host, const struct dns_answer *answer,
              const struct local_addresses *local)
{
    host->status = answer->status;
    host->reason = answer->reason;
    host->addresses = answer->addresses;
    memcpy(host->alias, answer->alias, sizeof host->alias);
    for (unsigned i = 0; i < host->addresses.count; i++)
        host->local |=
            local_addresses_has(local, &host->addresses.items[i].address);
}

static void
add_hosts(struct mx *mx, const struct dns_answer *answer)
{
    mx->kind = MX_NAMED;
    for (unsigned i = 0; i < answer->host_count; i++) {
        struct mx_host *host = &mx->hosts[mx->count];

        if (strcmp(answer->hosts[i].name, ".") == 0) {
            mx->stray_null = true;
            continue;
        }
        host->preference = answer->hosts[i].preference;
        memcpy(host->name, answer->hosts[i].name, sizeof host->name);
        mx->count++;
    }
    if (mx->count > 0)
        return;
    mx->kind = MX_NULL;
    mx->stray_null = false;
}

/* Use DOMAIN itself as the only host, if it has an address. */
static void
set_implicit(struct mx *mx, const struct dns_answer *answer,
             const struct local_addresses *local, const char *domain)
{
    mx->kind = MX_NOWHERE;
    mx->status = answer->status;
    mx->reason = answer->reason;
    if (answer->status != DNS_FOUND)
        return;
    mx->kind = MX_IMPLICIT;
    mx->count = 1;
    snprintf(mx->hosts[0].name, sizeof mx->hosts[0].name, "%s", domain);
    set_addresses(&mx->hosts[0], answer, local);
}

void
mx_find(struct mx *mx, struct dns *dns, const struct local_addresses *local,
        const char *domain)
{
    struct dns_answer answer;

    memset(mx, 0, sizeof *mx);
    dns_query_mx(dns, domain, &answer);
    mx->status = answer.status;
    mx->reason = answer.reason;
    mx->secure = answer.secure;
    mx->ttl = answer.ttl;
    memcpy(mx->alias, answer.alias, sizeof mx->alias);
    mx->kind = MX_NOWHERE;
    if (answer.status == DNS_FOUND) {
        add_hosts(mx, &answer);
    } else if (answer.status == DNS_NO_RECORD) {
        dns_query_addresses(dns, domain, &answer);
        set_implicit(mx, &answer, local, domain);
    }
    for (unsigned i = 0; mx->kind == MX_NAMED && i < mx->count; i++) {
        dns_query_addresses(dns, mx->hosts[i].name, &answer);
        set_addresses(&mx->hosts[i], &answer, local);
    }
    mx_order(mx, chance_of_kernel);
    mx_choose(mx);
}

void
mx_find_host(struct mx *mx, struct dns *dns,
             const struct local_addresses *local, const char *name)
{
    struct dns_answer answer = {.status = DNS_FOUND};

    memset(mx, 0, sizeof *mx);
    if (parse_address(name, &answer.addresses.items[0].address)) {
        answer.addresses.count = 1;
        answer.addresses.items[0].len =
            answer.addresses.items[0].address.ss_family == AF_INET
                ? sizeof(struct sockaddr_in)
                : sizeof(struct sockaddr_in6);
    } else {
        dns_query_addresses(dns, name, &answer);
    }
    set_implicit(mx, &answer, local, name);
    mx_choose(mx);
}
